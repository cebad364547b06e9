/** Interventions in a running model: a stage's numbers put in place before anything later is computed. */
import {
  type AttentionPlace,
  attentionPlace,
  type Edit,
  headedStages,
  isCrossed,
  isSquare,
  layerStage,
  outsideLayers,
  putsOf,
  type StageName,
} from '../attention/index.ts';
import type { Operations, Tensor } from '../tensor/index.ts';
import type { Architecture, Stack } from './architecture.ts';

/** x = x · factor + add, at `count` numbers of a row from column `start` on. */
export interface Change {
  readonly position: number;
  readonly start: number;
  readonly count: number;
  readonly factor: number;
  readonly add?: readonly number[];
}

/** How many positions a run reads: of the only stack or the encoder, and of a decoder behind it. */
export interface RunLengths {
  readonly ids: number;
  readonly decoderIds?: number;
}

/** The stack that computes a stage, or a place of attention. */
export const stackAt = (name: string, a: Architecture): Stack => (name.startsWith('encoder.') ? a.encoder! : a);

/** Positions of a stage's rows: of cross-attention, keys and values are the encoder's. */
export function positionsAt(name: string, { ids, decoderIds }: RunLengths): number {
  if (name === 'logits' || name === 'classes') return decoderIds ?? ids;
  return name.startsWith('decoder.') && !/\.cross\.(key|value)$/.test(name) ? decoderIds! : ids;
}

/** Rows of a stage: its positions, but of a text that is classified as a whole one. */
export const rowsAt = (name: string, a: Architecture, lengths: RunLengths): number =>
  name === 'classes' && a.classifier?.of !== 'tokens' ? 1 : positionsAt(name, lengths);

/** Numbers of a stage at a position, of one head where it has heads; of squares see `keysAt`. */
export function widthOf(stage: string, name: string, a: Architecture): number {
  if (stage === 'logits') return a.vocabularySize;
  if (stage === 'classes') return a.classifier!.labels.length;
  const { headSize, hiddenSize } = stackAt(name, a);
  return (headedStages as readonly string[]).includes(stage) && stage !== 'headOutput' ? headSize : hiddenSize;
}

/** Positions of the keys at a place of attention. */
export const keysAt = (place: AttentionPlace, lengths: RunLengths): number =>
  isCrossed(place) ? lengths.ids : positionsAt(place, lengths);

/** The changes that edits make to one stage of a run, which lies (position, head · width); of head outputs, of one head. */
export function changesOf(edits: readonly Edit[], name: StageName, a: Architecture, lengths: RunLengths): Change[] {
  const [, place, stage = name] = /^(.*layers\.\d+(?:\.cross)?)\.(\w+)$/.exec(name) ?? [];
  const length = rowsAt(name, a, lengths);
  return edits.flatMap((edit): Change[] => {
    if (isSquare(edit)) return [];
    const own = edit.layer === undefined ? undefined : attentionPlace(edit.layer);
    if (own !== place) return [];
    if (edit.kind === 'ablate') {
      if (stage !== 'mixed') return [];
      const { headSize } = stackAt(name, a);
      const [start, count] = [edit.head * headSize, headSize];
      return positionsOf(length).map((position) => ({
        position,
        start,
        count,
        factor: 0,
        ...(edit.by !== 'zero' && { add: edit.by === 'mean' ? edit.vector : edit.vectors[position]! }),
      }));
    }
    if (edit.stage !== (outsideLayers(edit.stage) ? name : stage)) return [];
    const count = widthOf(edit.stage, name, a);
    const start = edit.head === undefined || edit.stage === 'headOutput' ? 0 : edit.head * count;
    if (edit.kind === 'scale')
      return positionsOf(length, edit.position).map((position) => ({ position, start, count, factor: edit.factor }));
    return putsOf(edit).map(({ position, vector }) => ({ position, start, count, factor: 0, add: vector }));
  });
}

/** Changes of one head's outputs. */
export const headOutputChanges = (
  edits: readonly Edit[],
  { place, head }: { readonly place: AttentionPlace; readonly head: number },
  a: Architecture,
  lengths: RunLengths,
): Change[] =>
  changesOf(
    edits.filter((edit) => 'stage' in edit && edit.head === head),
    layerStage(place, 'headOutput'),
    a,
    lengths,
  );

const positionsOf = (length: number, position?: number): number[] =>
  position === undefined ? Array.from({ length }, (_, i) => i) : [position];

/** A stage (rows, width) with its changes made, in their order; positions of the text begin at row `first`. */
export function changed(o: Operations, x: Tensor, changes: readonly Change[], first: number): Tensor {
  if (changes.length === 0) return x;
  const width = x.shape[1]!;
  const keep = new Float32Array(x.storage.length).fill(1);
  const put = new Float32Array(x.storage.length);
  for (const change of changes) applyChange(change, (first + change.position) * width, keep, put);
  return o.add(o.multiply(x, o.constant(x.shape, keep)), o.constant(x.shape, put));
}

function applyChange({ start, count, factor, add }: Change, row: number, keep: Float32Array, put: Float32Array): void {
  for (let c = 0; c < count; c++) {
    keep[row + start + c]! *= factor;
    put[row + start + c] = put[row + start + c]! * factor + (add?.[c] ?? 0);
  }
}

/** The same on the host: numbers (position, width) of one text, changed in place. */
export function changeNumbers(x: Float32Array, width: number, changes: readonly Change[]): void {
  for (const { position, start, count, factor, add } of changes)
    for (let c = 0; c < count; c++) {
      const at = position * width + start + c;
      x[at] = (factor === 0 ? 0 : x[at]! * factor) + (add?.[c] ?? 0);
    }
}

/** The same for rows of some positions, in their order. */
export function changeRows(
  x: Float32Array,
  width: number,
  changes: readonly Change[],
  positions: readonly number[],
): void {
  const own = positions.flatMap((position, row) =>
    changes.filter((change) => change.position === position).map((change) => ({ ...change, position: row })),
  );
  changeNumbers(x, width, own);
}
