/** Interventions in a running model: a stage's numbers put in place before anything later is computed. */
import {
  type AttentionPlace,
  attentionPlace,
  type Edit,
  headedStages,
  isCrossed,
  isEmbeddings,
  isSquare,
  type StageName,
  type VectorEdit,
} from '../attention/index.ts';
import type { Operations, Tensor } from '../tensor/index.ts';
import type { Architecture, Stack } from './architecture.ts';

/** x = x · factor + add, at `count` numbers of a row from column `start` on. */
interface Change {
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
export const positionsAt = (name: string, { ids, decoderIds }: RunLengths): number =>
  name.startsWith('decoder.') && !/\.cross\.(key|value)$/.test(name) ? decoderIds! : ids;

/** Positions of the keys at a place of attention. */
export const keysAt = (place: AttentionPlace, lengths: RunLengths): number =>
  isCrossed(place) ? lengths.ids : positionsAt(place, lengths);

/** The changes that edits make to one stage of a run, which lies (position, head · size). */
export function changesOf(edits: readonly Edit[], name: StageName, a: Architecture, lengths: RunLengths): Change[] {
  const [, place, stage = name] = /^(.*layers\.\d+(?:\.cross)?)\.(\w+)$/.exec(name) ?? [];
  const { headSize, hiddenSize } = stackAt(name, a);
  const length = positionsAt(name, lengths);
  return edits.flatMap((edit): Change[] => {
    if (isSquare(edit)) return [];
    const own = edit.layer === undefined ? undefined : attentionPlace(edit.layer);
    if (own !== place) return [];
    if (edit.kind === 'ablate') {
      if (stage !== 'mixed') return [];
      const [start, count] = [edit.head * headSize, headSize];
      return positionsOf(length).map((position) => ({
        position,
        start,
        count,
        factor: 0,
        ...(edit.by !== 'zero' && { add: edit.by === 'mean' ? edit.vector : edit.vectors[position]! }),
      }));
    }
    // A head's output is put in place of what its mixture would give: the mixture goes, the output is added to the sum.
    if (edit.stage === 'headOutput') return headOutputChanges(edit, stage, headSize, hiddenSize, length);
    if (edit.stage !== (isEmbeddings(edit.stage) ? name : stage)) return [];
    const headed = headedStages.includes(edit.stage);
    const [start, count] = headed ? [edit.head! * headSize, headSize] : [0, hiddenSize];
    if (edit.kind === 'set') return [{ position: edit.position, start, count, factor: 0, add: edit.vector }];
    if (edit.kind === 'patch')
      return edit.positions.map((position, n) => ({ position, start, count, factor: 0, add: edit.vectors[n]! }));
    return positionsOf(length, edit.position).map((position) => ({ position, start, count, factor: edit.factor }));
  });
}

const positionsOf = (length: number, position?: number): number[] =>
  position === undefined ? Array.from({ length }, (_, i) => i) : [position];

function headOutputChanges(
  edit: Exclude<VectorEdit, { kind: 'ablate' }>,
  stage: string,
  headSize: number,
  hiddenSize: number,
  length: number,
): Change[] {
  const mixed = { start: edit.head! * headSize, count: headSize };
  if (edit.kind === 'scale')
    return stage === 'mixed'
      ? positionsOf(length, edit.position).map((position) => ({ position, ...mixed, factor: edit.factor }))
      : [];
  const puts =
    edit.kind === 'set'
      ? [{ position: edit.position, vector: edit.vector }]
      : edit.positions.map((position, n) => ({ position, vector: edit.vectors[n]! }));
  if (stage === 'mixed') return puts.map(({ position }) => ({ position, ...mixed, factor: 0 }));
  if (stage !== 'attentionOutput') return [];
  return puts.map(({ position, vector }) => ({ position, start: 0, count: hiddenSize, factor: 1, add: vector }));
}

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
      x[at] = x[at]! * factor + (add?.[c] ?? 0);
    }
}
