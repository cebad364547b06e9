/** Edits of a text that grows: what they said of the text that was given, and nothing of what is written behind it. */
import { attentionPlace, type Edit, isCrossed, isSquare, putsOf } from '../attention/index.ts';
import { SiseonError } from '../platform/index.ts';

/**
 * Edits as a text of `length` tokens takes them. New keys stand behind every query that an edit names, and a causal model
 * hides them: rows of scores and weights say so of them too. Throws `badEdit` for a head resampled position by position.
 */
export function grownEdits(edits: readonly Edit[], length: number): readonly Edit[] {
  return edits.map((edit) => {
    if (edit.kind === 'ablate' && edit.by === 'resample' && !isElsewhere(edit))
      throw new SiseonError({
        code: 'badEdit',
        kind: 'usage',
        what: 'a head is resampled position by position, and a text that is written on gets new ones',
        expected: 'an ablation by zero or by mean',
        got: `${edit.vectors.length} vectors`,
        next: 'Ablate by the mean over a set of texts.',
      });
    if (!isSquare(edit) || !('stage' in edit) || edit.kind === 'scale' || isElsewhere(edit)) return edit;
    const nothing = edit.stage === 'maskedScores' ? -Infinity : 0;
    const puts = putsOf(edit);
    const vectors = puts.map(({ vector }) => [
      ...vector,
      ...new Array<number>(Math.max(0, length - vector.length)).fill(nothing),
    ]);
    const { stage, head, layer } = edit;
    const at = { stage, ...(layer !== undefined && { layer }), ...(head !== undefined && { head }) };
    return { kind: 'set', ...at, positions: puts.map(({ position }) => position), vectors };
  });
}

/** What an encoder reads does not grow, and neither do the keys of cross-attention. */
const isElsewhere = ({ layer }: Edit): boolean =>
  layer !== undefined && (attentionPlace(layer).startsWith('encoder.') || isCrossed(attentionPlace(layer)));
