/** Heads taken away: what that moves proves what they were for. */
import type { AblateEdit, Edit } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { attentionStages, recordTrace, recordTraces, type Trace } from '../trace/index.ts';
import { inRange } from './cells.ts';
import { logitsAt, type Target, targetOf } from './target.ts';

export interface HeadPlace {
  readonly layer: number;
  readonly head: number;
}

/** How a head's mixture is replaced: by zeros, by its mean over texts (all positions), or by its mixture on another text, position by position. */
export type Ablation =
  | { readonly by: 'zero' }
  | { readonly by: 'mean'; readonly texts: readonly ArrayLike<number>[] }
  | { readonly by: 'resample'; readonly from: ArrayLike<number> };

/**
 * Ablations of heads as plain data, ready to run on a text of so many tokens. Mean: a run for each text, once for all
 * heads. Throws `layerOutOfRange`, `headOutOfRange`, `tooFewTexts`, and `differentLengths` where the other text is shorter.
 */
export async function ablations(
  model: Model,
  heads: readonly HeadPlace[],
  ablation: Ablation,
  length: number,
): Promise<AblateEdit[]> {
  const { layerCount, headCount, headSize } = model.architecture;
  for (const { layer, head } of heads) {
    inRange('layer', layer, layerCount);
    inRange('head', head, headCount);
  }
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
  if (ablation.by === 'resample' && ablation.from.length < length)
    throw differentLengths(length, ablation.from.length, 'Take another text that is at least as long.');
  const layers = [...new Set(heads.map(({ layer }) => layer))];
  const vectors = new Map<string, number[][]>();
  for (const ids of texts) {
    const trace = await recordTrace(model, { ids });
    for (const layer of layers) {
      const { data } = (await attentionStages(trace, layer)).mixed;
      for (const { head } of heads.filter((place) => place.layer === layer)) {
        const own = vectors.get(`${layer} ${head}`) ?? [];
        for (let i = 0; i < ids.length; i++)
          own.push([...data.subarray((head * ids.length + i) * headSize, (head * ids.length + i + 1) * headSize)]);
        vectors.set(`${layer} ${head}`, own);
      }
    }
  }
  return heads.map(({ layer, head }): AblateEdit => {
    const own = vectors.get(`${layer} ${head}`)!;
    if (ablation.by === 'resample')
      return { kind: 'ablate', layer, head, by: 'resample', vectors: own.slice(0, length) };
    const vector = Array.from({ length: headSize }, (_, c) => own.reduce((sum, one) => sum + one[c]!, 0) / own.length);
    return { kind: 'ablate', layer, head, by: 'mean', vector };
  });
}

export const differentLengths = (one: number, other: number, next: string): SiseonError =>
  new SiseonError({
    code: 'differentLengths',
    kind: 'usage',
    what: 'the two runs have different lengths',
    expected: `${one} tokens`,
    got: `${other}`,
    next,
    details: { lengths: [one, other] },
  });

/** All heads of a model, by layer. */
export const allHeads = ({ architecture: { layerCount, headCount } }: Model): HeadPlace[] =>
  Array.from({ length: layerCount * headCount }, (_, h) => ({ layer: Math.floor(h / headCount), head: h % headCount }));

export interface HeadEffect extends HeadPlace {
  /** The target with this head ablated, and how far that is from the plain run (negative: the head spoke for it). */
  readonly value: number;
  readonly effect: number;
}

/** Runs side by side in one batch. */
const side = 12;

/**
 * Every head ablated in its turn: how the target moves. Cost: a run a head, and for a mean a run a text.
 * Throws what `ablations` throws, `noLogits`, `tokenOutOfRange`.
 */
export async function ablationSweep(
  trace: Trace,
  model: Model,
  target: Target,
  ablation: Ablation = { by: 'zero' },
): Promise<{ readonly plain: number; readonly heads: readonly HeadEffect[] }> {
  const plain = targetOf(logitsAt(trace, target.position), target);
  const edits = await ablations(model, allHeads(model), ablation, trace.ids.length);
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

/** The target in many edited runs of a trace's text, its own edits made too. */
export async function targetsUnder(
  trace: Trace,
  model: Model,
  target: Target,
  edits: readonly (readonly Edit[])[],
): Promise<number[]> {
  const values: number[] = [];
  for (let first = 0; first < edits.length; first += side) {
    const runs = edits.slice(first, first + side).map((own) => ({ ids: trace.ids, edits: [...trace.edits, ...own] }));
    for (const run of await recordTraces(model, runs)) values.push(targetOf(logitsAt(run, target.position), target));
  }
  return values;
}
