/** Heads taken away: what that moves proves what they were for. */
import { type AblateEdit, attentionPlace, type Edit, type StageName } from '../attention/index.ts';
import { type Model, positionsAt } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { mixtures, readInput, recordTrace, type Trace, type TraceInput } from '../trace/index.ts';
import { differentLengths } from './pairing.ts';
import { allHeads, type HeadPlace, headIn } from './places.ts';
import { enoughFor, type Followed, followed, readAgain, scoresOfRun, targetOf } from './target.ts';

/** A text, or its token ids; of an encoder-decoder with what its decoder reads. */
export type MeasuredText = ArrayLike<number> | TraceInput;

/**
 * As a run reads it. A decoder of which nothing is said reads the same text behind its first token, one place late, as in
 * its training (Lewis et al. 2020), as far as it can read.
 */
export function inputOf(model: Model, text: MeasuredText): TraceInput {
  const input = 'ids' in text || 'text' in text ? text : { ids: text };
  const { encoder, decoderStart, positionCount } = model.architecture;
  if (!encoder || input.decoder !== undefined || input.decoderIds) return input;
  const { ids } = readInput(model, input);
  const late = ids.subarray(0, Math.min(ids.length, positionCount) - 1);
  return { ...input, decoderIds: [decoderStart ?? 0, ...late] };
}

/** How a head's mixture is replaced: by zeros, by its mean over texts (all positions), or by its mixture on another text, position by position. */
export type Ablation =
  | { readonly by: 'zero' }
  | { readonly by: 'mean'; readonly texts: readonly MeasuredText[] }
  | { readonly by: 'resample'; readonly from: MeasuredText };

/**
 * Ablations of heads as plain data, ready to run on a text of so many tokens (of an encoder-decoder: in its encoder, and
 * in its decoder). Mean: a run for each text, once for all heads.
 * Throws `layerOutOfRange`, `headOutOfRange`, `tooFewTexts`, and `differentLengths` where the other text is shorter.
 */
export async function ablations(
  model: Model,
  heads: readonly HeadPlace[],
  ablation: Ablation,
  length: number,
  decoderLength?: number,
): Promise<AblateEdit[]> {
  for (const place of heads) headIn({ model }, place);
  if (ablation.by === 'zero') return heads.map(({ layer, head }) => ({ kind: 'ablate', layer, head, by: 'zero' }));
  const texts = ablation.by === 'mean' ? ablation.texts : [ablation.from];
  if (texts.length === 0)
    throw new SiseonError({
      code: 'tooFewTexts',
      kind: 'usage',
      what: 'a mean needs texts to be taken over',
      expected: 'at least one',
      got: 'none',
    });
  const places = [...new Set(heads.map(({ layer }) => layer))];
  const sums = new Map(heads.map((head) => [head, { sum: [] as number[], count: 0 }]));
  const rows = new Map<HeadPlace, number[][]>();
  for (const text of texts) {
    const trace = await recordTrace(model, { ...inputOf(model, text), logits: false });
    for (const layer of places) {
      const { shape, data } = await mixtures(trace, layer);
      const [, positions = 0, size = 0] = shape;
      const wanted = positionsAt(`${attentionPlace(layer)}.mixed`, {
        ids: length,
        decoderIds: decoderLength ?? length,
      });
      if (ablation.by === 'resample' && positions < wanted)
        throw differentLengths(wanted, positions, 'Take another text that is at least as long.');
      for (const place of heads.filter((one) => one.layer === layer)) {
        const row = (i: number): number[] => [
          ...data.subarray((place.head * positions + i) * size, (place.head * positions + i + 1) * size),
        ];
        if (ablation.by === 'resample')
          rows.set(
            place,
            Array.from({ length: wanted }, (_, i) => row(i)),
          );
        else addRows(sums.get(place)!, row, positions, size);
      }
    }
  }
  return heads.map((place): AblateEdit => {
    const { layer, head } = place;
    if (ablation.by === 'resample') return { kind: 'ablate', layer, head, by: 'resample', vectors: rows.get(place)! };
    const { sum, count } = sums.get(place)!;
    return { kind: 'ablate', layer, head, by: 'mean', vector: sum.map((number) => number / count) };
  });
}

function addRows(
  into: { sum: number[]; count: number },
  row: (position: number) => readonly number[],
  positions: number,
  size: number,
): void {
  if (into.sum.length === 0) into.sum = new Array<number>(size).fill(0);
  for (let i = 0; i < positions; i++) for (const [c, number] of row(i).entries()) into.sum[c]! += number;
  into.count += positions;
}

export interface HeadEffect extends HeadPlace {
  /** The target with this head ablated, and how far that is from the plain run (negative: the head spoke for it). */
  readonly value: number;
  readonly effect: number;
}

/**
 * Every head, or each of those named, ablated in its turn: how the target moves. Cost: a run a head, and for a mean a run a text.
 * Throws what `ablations` throws, `noLogits`, `noLabels`, `tokenOutOfRange`.
 */
export async function ablationSweep(
  trace: Trace,
  model: Model,
  target: Followed,
  ablation: Ablation = { by: 'zero' },
  heads: readonly HeadPlace[] = allHeads(model),
): Promise<{ readonly plain: number; readonly heads: readonly HeadEffect[] }> {
  const plain = await followed(trace, model, target);
  const edits = await ablations(model, heads, ablation, trace.ids.length, trace.decoderIds?.length);
  const values = await targetsUnder(
    trace,
    model,
    target,
    edits.map((edit) => [edit]),
  );
  return {
    plain,
    heads: edits.map(({ layer, head }, n) => ({ layer, head, value: values[n]!, effect: values[n]! - plain })),
  };
}

/** Texts of one batch: as many as make up 512 tokens, 12 at most; longer ones run alone. */
export const atOnce = (length: number): number => Math.max(1, Math.min(12, Math.floor(512 / length)));

/** The target in many edited runs of a trace's text, its own edits made too. No stage is read but the target's scores. */
export async function targetsUnder(
  trace: Trace,
  model: Model,
  target: Followed,
  edits: readonly (readonly Edit[])[],
): Promise<number[]> {
  const values: number[] = [];
  const side = atOnce(trace.ids.length);
  for (let first = 0; first < edits.length; first += side) {
    const runs = edits.slice(first, first + side).map((own) => ({
      ...readAgain(trace),
      edits: [...trace.edits, ...own],
      ...enoughFor(target),
    }));
    for (const result of await model.runBatch(runs))
      values.push(targetOf(scoresOfRun(result, model, target), target, model.architecture));
  }
  return values;
}

/** One stage in several edited runs of a trace's text; nothing else of them is read. */
export async function stagesUnder(
  trace: Trace,
  model: Model,
  stage: StageName,
  edits: readonly Trace['edits'][],
): Promise<Float32Array[]> {
  const found: Promise<Float32Array>[] = [];
  await model.runBatch(
    edits.map((own, n) => ({
      ...readAgain(trace),
      edits: [...trace.edits, ...own],
      logits: 'none',
      wanted: (name: StageName) => name === stage,
      probe: (name: StageName, _: readonly number[], values: Promise<Float32Array>) => {
        if (name === stage) found[n] = values;
      },
    })),
  );
  return Promise.all(found);
}
