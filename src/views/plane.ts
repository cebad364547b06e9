/**
 * Keys drawn against one query, exactly. Each key lies in a plane of its own with the query; turned into one picture they
 * share the query's axis: `along` is the key's part in the query's direction, `aside` the length of all the rest, which is
 * at right angles to the query and does not enter the dot product. along · |q| = q · k.
 */
import type { Look, LookToken } from '../lens/index.ts';

export interface PlaneArrow {
  /** Index in look.keys. */
  readonly key: number;
  readonly text: string;
  readonly along: number;
  /** Never negative: the picture knows no left or right of the query. */
  readonly aside: number;
  readonly token: LookToken;
}

export interface QueryPlane {
  readonly queryNorm: number;
  readonly arrows: readonly PlaneArrow[];
}

/** The token of each key that scores highest, raw or with the mean of the visible keys taken away (which softmax does not notice). */
export function queryPlane(look: Look, { centred = false } = {}): QueryPlane {
  const arrows = look.keys.flatMap(({ tokens, text }, key): PlaneArrow[] => {
    const token = tokens.reduce((a, b) => ((b.score ?? -Infinity) > (a.score ?? -Infinity) ? b : a));
    if (token.score === null) return [];
    const [length, cosine] = centred ? [token.centredKeyNorm, token.centredCosine] : [token.keyNorm, token.cosine];
    return [{ key, text, along: length * cosine, aside: length * Math.sqrt(Math.max(0, 1 - cosine ** 2)), token }];
  });
  return { queryNorm: look.keys[0]?.tokens[0]?.queryNorm ?? 0, arrows };
}
