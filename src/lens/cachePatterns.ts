/** Patterns of the heads in a saved cache, whose model is not at hand. */
import { attentionPlace } from '../attention/index.ts';
import type { AttentionCache } from '../trace/index.ts';
import { type Pattern, patternOf } from './pattern.ts';
import { inRange } from './places.ts';
import type { WeightRows } from './rows.ts';
import type { WordMatrix } from './types.ts';

/** Whether no query of any head looks ahead: then what lies ahead counts as hidden. */
export function looksBackOnly(cache: AttentionCache): boolean {
  for (const layer of cache.layers) {
    const { shape, data } = cache.weights(layer);
    const [heads = 0, queries = 0, keys = 0] = shape;
    for (let row = 0; row < heads * queries; row++)
      for (let j = (row % queries) + 1; j < keys; j++) if (data[row * keys + j]! !== 0) return false;
  }
  return true;
}

/** Rows of one head of a cache. */
export function cacheRows(cache: AttentionCache, layer: number, head: number, causal: boolean): WeightRows {
  const { data, shape } = cache.weights(layer);
  const [, length = 0, keys = 0] = shape;
  return {
    length,
    weights: (i) => data.subarray((head * length + i) * keys, (head * length + i + 1) * keys),
    maskedScores: (i) => Float32Array.from({ length: keys }, (_, j) => (causal && j > i ? -Infinity : 0)),
  };
}

/** Patterns of every head, by layer in the order of `cache.layers`, then head; equal tokens are those written alike. */
export function cachePatterns(cache: AttentionCache): Pattern[][] {
  const crossed = cache.stack === 'cross';
  const causal = !crossed && looksBackOnly(cache);
  const kinds = [...new Set([...cache.tokens, ...cache.keyTokens])];
  const ids = cache.tokens.map((token) => kinds.indexOf(token));
  const keys = { keys: cache.keyTokens.map((token) => kinds.indexOf(token)) };
  return cache.layers.map((layer) =>
    Array.from({ length: cache.headCount }, (_, head) =>
      patternOf(cacheRows(cache, layer, head, causal), ids, crossed ? keys : {}),
    ),
  );
}

/** One head of a cache as a matrix of tokens. Throws `layerOutOfRange`, `headOutOfRange`. */
export function cacheMatrix(cache: AttentionCache, layer: number, head: number): WordMatrix {
  const { data } = cache.weights(layer);
  inRange('head', head, cache.headCount);
  const { queryLength, keyLength, tokens, keyTokens, stack } = cache;
  const named = (of: readonly string[], length: number) =>
    Array.from({ length }, (_, word) => ({ word, text: of[word]! }));
  const place =
    stack === 'cross'
      ? (`decoder.layers.${layer}.cross` as const)
      : stack
        ? (`${stack}.layers.${layer}` as const)
        : layer;
  return {
    layer,
    place: attentionPlace(place),
    head,
    rows: named(tokens, queryLength).map((row) => ({ ...row, token: row.word })),
    columns: named(keyTokens, keyLength),
    weights: Array.from({ length: queryLength }, (_, i) => [
      ...data.subarray((head * queryLength + i) * keyLength, (head * queryLength + i + 1) * keyLength),
    ]),
  };
}
