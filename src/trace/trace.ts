/**
 * What a run recorded: plain numbers, no model. Query, key and value are kept; everything square is recomputed, exactly,
 * when it is looked at, so that memory stays linear in the length of the text.
 */
import {
  attention,
  type LayerStage,
  type LinearStage,
  layerStage,
  linearStages,
  type StageName,
  stageNames,
} from '../attention/index.ts';
import type { Architecture, Encoding, Model } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';

/** Numbers of one stage with their shape. */
export interface Stage {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface Trace {
  readonly model: { readonly name: string; readonly fingerprint: string; readonly architecture: Architecture };
  readonly ids: Int32Array;
  /** Tokens, words and notices of the text; null where the run was given ids alone. */
  readonly encoding: Encoding | null;
  /** `embeddings`, `layers.N.{input, query, key, value, attentionOutput, output}` and, with a head, `logits`. */
  readonly recorded: ReadonlyMap<StageName, Stage>;
}

/** Runs the model over a text or over token ids, keeping every linear stage. Throws what Tokenizer.encode and Model.run throw, and `noTokenizer`. */
export async function recordTrace(
  model: Model,
  input: { readonly text: string } | { readonly ids: ArrayLike<number> },
): Promise<Trace> {
  if ('text' in input && !model.tokenizer)
    throw new SiseonError({
      code: 'noTokenizer',
      kind: 'usage',
      what: `${model.name} has no tokenizer.json, so it cannot read text`,
      next: 'Give token ids instead (--ids 1,2,3).',
    });
  const encoding = 'text' in input ? model.tokenizer!.encode(input.text) : null;
  const ids = encoding?.ids ?? Int32Array.from((input as { ids: ArrayLike<number> }).ids);
  const pending: Promise<[StageName, Stage]>[] = [];
  await model.run(ids, (name, shape, values) => pending.push(values.then((data) => [name, { shape, data }])));
  return {
    model: { name: model.name, fingerprint: model.fingerprint, architecture: model.architecture },
    ids,
    encoding,
    recorded: new Map(await Promise.all(pending)),
  };
}

/** A linear stage as it was recorded. Throws `noStage` where the trace does not hold it. */
export function recordedStage(trace: Trace, name: StageName): Stage {
  const stage = trace.recorded.get(name);
  if (stage) return stage;
  throw noStage(trace, name);
}

const noStage = (trace: Trace, name: string): SiseonError => {
  const { layerCount, head } = trace.model.architecture;
  return new SiseonError({
    code: 'noStage',
    kind: 'usage',
    what: `the trace has no stage "${name}"`,
    expected: `embeddings, layers.0 to layers.${layerCount - 1} with ${stageNames(1, false)
      .slice(1)
      .map((stage) => stage.split('.').at(-1))
      .join(', ')}${head ? ', or logits' : ''}`,
    details: { name },
  });
};

/** The multiplier of q · k in this trace's model. */
export const scaleOf = (trace: Trace): number => 1 / Math.sqrt(trace.model.architecture.headSize);

/** All heads of one layer: scores, maskedScores and weights [head, query, key], mixed [head, query, headSize]. */
export async function attentionStages(
  trace: Trace,
  layer: number,
): Promise<Record<'scores' | 'maskedScores' | 'weights' | 'mixed', Stage>> {
  const operand = (stage: LayerStage): { shape: number[]; data: Float32Array } => {
    const { shape, data } = recordedStage(trace, layerStage(layer, stage));
    return { shape: [1, ...shape], data };
  };
  const result = await attention({
    query: operand('query'),
    key: operand('key'),
    value: operand('value'),
    causal: trace.model.architecture.causal,
    scale: scaleOf(trace),
    keep: ['scores', 'maskedScores', 'weights'],
  });
  const withoutBatch = (stage: { shape: readonly number[]; data: Float32Array }): Stage => ({
    shape: stage.shape.slice(1),
    data: stage.data,
  });
  return {
    scores: withoutBatch(result.scores!),
    maskedScores: withoutBatch(result.maskedScores!),
    weights: withoutBatch(result.weights!),
    mixed: withoutBatch(result.output),
  };
}

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

/** Each head's part of a layer's output: headOutput [head, query, hidden] = mixed · W_O of that head, without the projection's bias. */
export async function headOutput(trace: Trace, model: Model, layer: number): Promise<Stage> {
  sameModel(trace, model);
  const { mixed } = await attentionStages(trace, layer);
  const [heads = 0, queries = 0, size = 0] = mixed.shape;
  const { data: weight, shape } = model.parameters.get(`layers.${layer}.attentionOutput.weight`)!;
  const [hidden = 0, inputs = 0] = shape;
  const data = new Float32Array(heads * queries * hidden);
  for (let h = 0; h < heads; h++)
    for (let i = 0; i < queries; i++)
      for (let d = 0; d < hidden; d++) {
        let sum = 0;
        for (let c = 0; c < size; c++)
          sum += mixed.data[(h * queries + i) * size + c]! * weight[d * inputs + h * size + c]!;
        data[(h * queries + i) * hidden + d] = sum;
      }
  return { shape: [heads, queries, hidden], data };
}

/** Names of every stage that can be had from this trace (headOutput with its model). */
export const traceStages = (trace: Trace): StageName[] =>
  stageNames(trace.model.architecture.layerCount, trace.recorded.has('logits'));

/** Stages by name, recorded or recomputed; those of one layer are computed once. Throws `noStage`. */
export async function stages(trace: Trace, model: Model, names: readonly string[]): Promise<Map<StageName, Stage>> {
  const known = new Set<string>(traceStages(trace));
  const result = new Map<StageName, Stage>();
  const byLayer = new Map<number, ReturnType<typeof attentionStages>>();
  for (const name of names) {
    if (!known.has(name)) throw noStage(trace, name);
    const [, layerText, stage] = name.split('.');
    const layer = Number(layerText);
    if (stage === undefined || (linearStages as readonly string[]).includes(stage as LinearStage)) {
      result.set(name as StageName, recordedStage(trace, name as StageName));
    } else if (stage === 'headOutput') {
      result.set(name as StageName, await headOutput(trace, model, layer));
    } else {
      if (!byLayer.has(layer)) byLayer.set(layer, attentionStages(trace, layer));
      result.set(
        name as StageName,
        (await byLayer.get(layer)!)[stage as 'scores' | 'maskedScores' | 'weights' | 'mixed'],
      );
    }
  }
  return result;
}
