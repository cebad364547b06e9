/** A trace as a file: safetensors, npz, JSON or Parquet, by the stages' names. See docs/formats.md. */
import { type Encoding, type Model, writeNpz, writeSafetensors } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { packEdits } from './editTables.ts';
import { knownElsewhere, namedStages, type StageNames } from './names.ts';
import { writeParquet } from './parquet.ts';
import type { Stage } from './stage.ts';
import { stages, traceStages } from './stages.ts';
import type { Trace } from './trace.ts';

export type TraceFormat = 'safetensors' | 'npz' | 'json' | 'parquet';

/**
 * The bytes of a file with the stages named (`all`: every one), text, tokens, spans, edits and the model's name and
 * fingerprint. safetensors, npz and JSON also carry the token ids, and `readSavedRun` reads them back. With `names` the stages go by
 * those that others know, in their shapes (see `namedStages`), in safetensors and npz alone.
 * Throws `noStage`, `noNames` where a stage has none, and `namesNotInFormat`.
 */
export async function saveTrace(
  trace: Trace,
  model: Model,
  options: {
    readonly stages: 'all' | readonly string[];
    readonly format: TraceFormat;
    readonly names?: StageNames;
  },
): Promise<Uint8Array> {
  const { format, names: convention = 'siseon' } = options;
  if (convention !== 'siseon' && (format === 'json' || format === 'parquet'))
    throw new SiseonError({
      code: 'namesNotInFormat',
      kind: 'usage',
      what: `${format} has the stages by Siseon's own names`,
      expected: 'safetensors or npz',
      got: `${format} with the names of ${convention}`,
      next: 'Save as .npz or .safetensors, or leave the names as they are.',
    });
  const every = convention === 'siseon' ? traceStages(trace) : knownElsewhere(trace, convention);
  const chosen = await stages(trace, model, options.stages === 'all' ? every : options.stages);
  if (format === 'parquet') return writeParquet(trace, chosen, textsOf(describe(trace, trace.edits)));
  if (format === 'json') {
    const json = {
      ...describe(trace, trace.edits),
      ids: [...trace.ids],
      ...(trace.decoderIds && { decoderIds: [...trace.decoderIds] }),
      stages: Object.fromEntries(
        [...chosen].map(([name, stage]) => [name, { shape: stage.shape, data: jsonNumbers(stage) }]),
      ),
    };
    return new TextEncoder().encode(JSON.stringify(json));
  }
  const { edits, tables } = packEdits(trace.edits);
  const description = describe(trace, edits);
  const arrays = [
    ...namedStages(trace, chosen, convention),
    { name: 'ids', shape: [trace.ids.length], data: trace.ids },
    ...(trace.decoderIds ? [{ name: 'decoderIds', shape: [trace.decoderIds.length], data: trace.decoderIds }] : []),
    ...tables,
  ];
  if (format === 'safetensors') return writeSafetensors(arrays, textsOf(description));
  const named = (name: string, encoding: Encoding | null) =>
    encoding ? [{ name, shape: [encoding.tokens.length], data: encoding.tokens.map(({ piece }) => piece) }] : [];
  return writeNpz([
    ...arrays,
    ...named('tokens', trace.encoding),
    ...named('decoderTokens', trace.decoderEncoding),
    { name: 'description', shape: [1], data: [JSON.stringify(description)] },
  ]);
}

/** For formats whose metadata is text by name. */
const textsOf = (description: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(description).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );

/** JSON has no −∞: masked cells are null, as the format's description says. */
const jsonNumbers = ({ data }: Stage): (number | null)[] =>
  Array.from(data, (number) => (number === -Infinity ? null : number));

function describe({ model, encoding, decoderEncoding }: Trace, edits: readonly unknown[]): Record<string, unknown> {
  return {
    model: model.name,
    fingerprint: model.fingerprint,
    ...(edits.length > 0 && { edits }),
    ...(encoding && textOf(encoding)),
    ...(decoderEncoding && { decoder: textOf(decoderEncoding) }),
  };
}

const textOf = ({ text, tokens, words }: Encoding): Record<string, unknown> => ({
  text,
  tokens: tokens.map(({ piece, start, end, word, special }) => ({ piece, start, end, word, special })),
  words: words.map(({ text: own, start, end }) => ({ text: own, start, end })),
});
