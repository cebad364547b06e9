/** What a visitor does to a run, as plain data: it stands in the address and in the list of what was done. */
import type { VectorStage } from 'siseon/attention';

/** Tokens from the first to the last: a word's own stand beside each other. */
export type Tokens = readonly [first: number, last: number];

/** Stages that can be pasted from another sentence. */
export const pasteStages = ['embeddings', 'query', 'key', 'value', 'mixed', 'output'] as const;
export type PasteStage = (typeof pasteStages)[number] & VectorStage;
/** A head's own: pasted for one head; the others are of the whole layer, the embeddings of the whole model. */
export const ofHead = (stage: PasteStage): boolean => stage !== 'embeddings' && stage !== 'output';

interface InHead {
  readonly layer: number;
  readonly head: number;
}

/** What a visitor does: to a head, to one pair of words in it, to a word in all heads, or with another sentence's vectors. */
export type Change = (
  | ({ readonly kind: 'silence' } & InHead)
  | ({ readonly kind: 'temperature'; readonly temperature: number } & InHead)
  | ({ readonly kind: 'cut'; readonly queries: Tokens; readonly keys: Tokens } & InHead)
  | ({ readonly kind: 'weight'; readonly query: number; readonly keys: Tokens; readonly to: number } & InHead)
  | { readonly kind: 'drop'; readonly keys: Tokens }
  | ({
      readonly kind: 'paste';
      readonly stage: PasteStage;
      /** The other sentence. */
      readonly from: string;
      /** Tokens that belong together, here and there. */
      readonly pairs: readonly (readonly [to: number, from: number])[];
    } & InHead)
) & {
  /** What the visitor calls it. */
  readonly name?: string;
};

/** The tokens that a change names, of this sentence. */
export function tokensIn(change: Change): readonly Tokens[] {
  if (change.kind === 'cut') return [change.queries, change.keys];
  if (change.kind === 'weight') return [[change.query, change.query], change.keys];
  return change.kind === 'drop' ? [change.keys] : [];
}

export const inside = ([first, last]: Tokens): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);
