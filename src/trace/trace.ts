/**
 * What a run recorded: plain numbers, no model. Query, key and value are kept; everything square is recomputed, exactly,
 * when it is looked at, so that memory stays linear in the length of the text.
 */
import { derivedStages, type Edit, linearStages, type Probe, type StageName } from '../attention/index.ts';
import {
  type Architecture,
  decoderInput,
  decoderText,
  type Encoding,
  type LogitRows,
  type Model,
  type RunOptions,
  type Tokenizer,
} from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import type { Stage } from './stage.ts';

export interface Trace {
  readonly model: { readonly name: string; readonly fingerprint: string; readonly architecture: Architecture };
  readonly ids: Int32Array;
  /** What the decoder of an encoder-decoder read; null where there is none. */
  readonly decoderIds: Int32Array | null;
  /** Tokens, words and notices of the text; null where the run was given ids alone. */
  readonly encoding: Encoding | null;
  /** Likewise of the decoder's text, its start token first; null where it was given ids or nothing. */
  readonly decoderEncoding: Encoding | null;
  /** What was interfered with; none in a plain run. */
  readonly edits: readonly Edit[];
  /**
   * `embeddings`, `layers.N.{input, query, key, value, attentionOutput, output}`, with heads `logits` and `classes`, and
   * what position adds to the scores: `relativeBias` [head, 2n − 1] by distance key − query from −(n − 1) on, or
   * `layers.N.positionKey` and `.positionQuery` [head, distance, size].
   */
  readonly recorded: ReadonlyMap<StageName, Stage>;
}

/** What a run reads: a text or token ids. */
export type TraceInput = (
  | {
      readonly text: string;
      /** The text holds its special tokens written out, as a chat template writes them: none are put around it. */
      readonly asWritten?: boolean;
    }
  | { readonly ids: ArrayLike<number> }
) & {
  /** What the decoder of an encoder-decoder reads, as a text: its start token and the text's, without an end token. */
  readonly decoder?: string;
  /** Or as ids, the start token among them; unless given that alone, and of a classifier the text, one token behind. */
  readonly decoderIds?: ArrayLike<number>;
  /** Interventions, made as the stages are computed. */
  readonly edits?: readonly Edit[];
  /** false: the trace holds no logits and none are computed, which saves length × vocabulary; `logitRows` reads out those that are asked for. */
  readonly logits?: boolean;
};

/** Runs the model over a text or over token ids, keeping every linear stage. Throws what Tokenizer.encode and Model.run throw, and `noTokenizer`. */
export async function recordTrace(
  model: Model,
  input: TraceInput,
  options: Pick<RunOptions, 'onLayer'> = {},
): Promise<Trace> {
  const [trace] = await recordTraces(model, [input], options);
  return trace!;
}

/** Runs the model over several texts side by side; each trace is the one that the text has alone, to rounding. Throws what recordTrace throws. */
export async function recordTraces(
  model: Model,
  inputs: readonly TraceInput[],
  { onLayer }: Pick<RunOptions, 'onLayer'> = {},
): Promise<Trace[]> {
  const { name, fingerprint, architecture } = model;
  const runs = inputs.map((input) => {
    const { encoding, decoderEncoding, ids, decoderIds } = readInput(model, input);
    const pending: Promise<[StageName, Stage]>[] = [];
    const probe: Probe = (stage, shape, values) => pending.push(values.then((data) => [stage, { shape, data }]));
    const edits = input.edits ?? [];
    const logits: LogitRows = input.logits === false ? 'none' : 'all';
    const run = { ids, probe, edits, logits, ...(decoderIds && { decoderIds }) };
    return { encoding, decoderEncoding, ids, decoderIds, edits, pending, run };
  });
  // Once a layer, however many texts go through it.
  await model.runBatch(runs.map(({ run }, i) => (onLayer && i === 0 ? { ...run, onLayer } : run)));
  return Promise.all(
    runs.map(async ({ encoding, decoderEncoding, ids, decoderIds, edits, pending }) => ({
      model: { name, fingerprint, architecture },
      ids,
      decoderIds,
      encoding,
      decoderEncoding,
      edits,
      recorded: new Map(await Promise.all(pending)),
    })),
  );
}

/** What the model reads of an input. Throws what Tokenizer.encode throws, `noTokenizer`, `noDecoder`, `textOrIds` and `idOutOfRange`. */
export function readInput(
  model: Model,
  input: TraceInput,
): Pick<Trace, 'ids' | 'decoderIds' | 'encoding' | 'decoderEncoding'> {
  const { architecture: a } = model;
  const { text, ids: givenIds } = textOrIds(input);
  const { decoder, decoderIds } = input;
  const encoding = text === null ? null : tokenizerOf(model).encode(text, input as { readonly asWritten?: boolean });
  const ids = encoding?.ids ?? idsOf(givenIds, a.vocabularySize);
  if (!a.encoder && (decoder !== undefined || decoderIds !== undefined))
    throw new SiseonError({
      code: 'noDecoder',
      kind: 'usage',
      what: `${model.name} has one stack, and so no decoder that reads a text of its own`,
      expected: 'an encoder-decoder',
      next: 'Leave the decoder’s text out.',
      details: { name: model.name },
    });
  if (decoder !== undefined && decoderIds !== undefined)
    throw new SiseonError({
      code: 'textOrIds',
      kind: 'usage',
      what: 'the decoder reads a text or token ids',
      expected: 'one of the two',
    });
  if (decoder !== undefined && typeof decoder !== 'string')
    throw new SiseonError({
      code: 'textOrIds',
      kind: 'usage',
      what: 'decoder is what the decoder reads',
      expected: 'a text',
      got: JSON.stringify(decoder) ?? typeof decoder,
      next: 'Give token ids as decoderIds.',
    });
  const decoderEncoding = decoder === undefined ? null : decoderText(tokenizerOf(model), a, decoder);
  if (!a.encoder) return { encoding, decoderEncoding, ids, decoderIds: null };
  const own = decoderEncoding?.ids ?? idsOf(decoderIds ?? decoderInput(a, ids), a.vocabularySize);
  return { encoding, decoderEncoding, ids, decoderIds: own };
}

/** Which of the two an input gives: exactly one. Programs in JavaScript may give anything. Throws `textOrIds`. */
function textOrIds(input: unknown): { readonly text: string | null; readonly ids: ArrayLike<unknown> } {
  const given = (input ?? {}) as { readonly text?: unknown; readonly ids?: unknown };
  const { text, ids } = given;
  const isList = typeof ids === 'object' && ids !== null && Number.isInteger((ids as { length?: unknown }).length);
  if (typeof text === 'string' && ids === undefined) return { text, ids: [] };
  if (text === undefined && isList) return { text: null, ids: ids as ArrayLike<unknown> };
  const named = Object.keys(given).map(
    (key) => `${key}: ${JSON.stringify(given[key as keyof typeof given]) ?? 'undefined'}`,
  );
  throw new SiseonError({
    code: 'textOrIds',
    kind: 'usage',
    what: 'a run reads a text or token ids',
    expected: 'either text, a string, or ids, a list of whole numbers',
    got: named.length === 0 ? 'neither' : named.join(', ').slice(0, 80),
  });
}

/** Token ids as they are given, none rounded or read out of something else. Throws `idOutOfRange`. */
function idsOf(given: ArrayLike<unknown>, vocabularySize: number): Int32Array {
  const ids = Array.from(given);
  const wrong = ids.findIndex((id) => !Number.isInteger(id) || Math.abs(id as number) > 0x7fffffff);
  if (wrong < 0) return Int32Array.from(ids as number[]);
  const bad = ids[wrong];
  throw new SiseonError({
    code: 'idOutOfRange',
    kind: 'usage',
    what: 'a token id is not in the vocabulary',
    expected: `0 to ${vocabularySize - 1}`,
    got: typeof bad === 'string' ? JSON.stringify(bad) : String(bad),
  });
}

function tokenizerOf({ name, tokenizer }: Model): Tokenizer {
  if (tokenizer) return tokenizer;
  throw new SiseonError({
    code: 'noTokenizer',
    kind: 'usage',
    what: `${name} has no tokenizer.json, so it cannot read text`,
    next: 'Take a model with a tokenizer, or give token ids where that can be done (siseon trace --ids 1,2,3).',
  });
}

/** A linear stage as it was recorded. Throws `noStage` where the trace does not hold it. */
export function recordedStage(trace: Trace, name: StageName): Stage {
  const stage = trace.recorded.get(name);
  if (stage) return stage;
  throw noStage(trace, name);
}

/** What says which model, and so which stages there can be. */
export interface OfModel {
  readonly model: { readonly architecture: Architecture };
}

export const noStage = (trace: OfModel, name: string): SiseonError => {
  const { layerCount, head, encoder } = trace.model.architecture;
  const stagesOfALayer = [...linearStages, ...derivedStages].join(', ');
  return new SiseonError({
    code: 'noStage',
    kind: 'usage',
    what: `the trace has no stage "${name}"`,
    expected: encoder
      ? `encoder.embeddings, encoder.layers.0 to ${encoder.layerCount - 1}, decoder.embeddings, decoder.layers.0 to ${layerCount - 1} (and their cross), each with ${stagesOfALayer}${head ? ', or logits' : ''}`
      : `embeddings, layers.0 to layers.${layerCount - 1} with ${stagesOfALayer}${head ? ', or logits' : ''}`,
    details: { name },
  });
};

/** Refuses a model that did not make this trace: its parameters would give other numbers. Throws `anotherModel`. */
export function sameModel(trace: Trace, model: Model): void {
  if (trace.model.fingerprint === model.fingerprint) return;
  throw new SiseonError({
    code: 'anotherModel',
    kind: 'usage',
    what: 'the trace was recorded with another model',
    expected: `${trace.model.name} (${trace.model.fingerprint})`,
    got: `${model.name} (${model.fingerprint})`,
  });
}
