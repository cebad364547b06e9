/**
 * The objective: say which token stood here. Of the tokens chosen in a text some are masked (Devlin et al. 2019), some
 * replaced by a token from elsewhere (the corruption of Clark et al. 2020), some left as they are. Replacing matters for
 * what this project shows: a model trained on masked tokens alone learns nothing from words that it can see, and parks
 * their attention on the separators; to repair a visible word it has to look at the others.
 */
import { below, type Random } from './random.ts';

export interface Corruption {
  /** Part of the tokens that are chosen. */
  readonly chosen: number;
  /** Parts of the chosen ones that are masked and replaced; the rest stays. */
  readonly masked: number;
  readonly replaced: number;
  /** Part of the tokens inside a word (ids from `firstInside`) that are chosen, where it is another: endings are soon learned. */
  readonly inside?: { readonly firstInside: number; readonly chosen: number };
}

export interface Corrupted {
  readonly ids: Int32Array;
  /** The original id where one was chosen, −1 elsewhere. */
  readonly targets: Int32Array;
}

/**
 * Corrupts one text's ids; positions whose id is below `firstToken` (special tokens) are never chosen, and at least one
 * other position always is. `replacement` draws a token id from elsewhere.
 */
export function corrupt(
  ids: ArrayLike<number>,
  rule: Corruption,
  options: { readonly maskId: number; readonly firstToken: number; readonly replacement: () => number },
  random: Random,
): Corrupted {
  const corrupted = Int32Array.from(ids);
  const targets = new Int32Array(ids.length).fill(-1);
  const open = [...corrupted.keys()].filter((i) => corrupted[i]! >= options.firstToken);
  const choose = (i: number): void => {
    targets[i] = corrupted[i]!;
    const draw = random();
    if (draw < rule.masked) corrupted[i] = options.maskId;
    else if (draw < rule.masked + rule.replaced) corrupted[i] = options.replacement();
  };
  const { chosen, inside } = rule;
  for (const i of open)
    if (random() < (inside && corrupted[i]! >= inside.firstInside ? inside.chosen : chosen)) choose(i);
  if (open.length > 0 && targets.every((target) => target < 0)) choose(open[below(random, open.length)]!);
  return { ids: corrupted, targets };
}
