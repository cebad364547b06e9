/** A cell of a text: which words it is of. */
import type { Encoding, Model } from '../model/index.ts';
import type { Trace } from '../trace/index.ts';
import { cell } from './cell.ts';
import { headCells } from './cells.ts';
import { choosePlace, findWord } from './find.ts';
import { type HeadChoice, textsAt } from './look.ts';
import { tokenInRange } from './target.ts';
import type { Pair, PairSide } from './types.ts';

/**
 * One cell, query word × key word (first tokens), down to the last product: see `cell`. `queryToken` and `keyToken` name any
 * token of the text instead, special ones included. Throws what `cell` and `findWord` throw, and `noText`.
 */
export async function pair(
  trace: Trace,
  model: Model,
  options: HeadChoice &
    ({ readonly query: string | number } | { readonly queryToken: number }) &
    ({ readonly key: string | number } | { readonly keyToken: number }),
): Promise<Pair> {
  const place = choosePlace(trace, model, options);
  const { asking, answering } = textsAt(trace, model, place.layer);
  const i = 'query' in options ? findWord(asking, options.query).tokens[0]! : tokenAt(asking, options.queryToken);
  const j = 'key' in options ? findWord(answering, options.key).tokens[0]! : tokenAt(answering, options.keyToken);
  const cells = await headCells(trace, model, place.layer, place.head, i);
  const side = (encoding: Encoding, token: number, vector: ArrayLike<number>): PairSide => {
    const { word, text } = encoding.tokens[token]!;
    return {
      word,
      text: word === null ? text : encoding.words[word]!.text,
      token,
      tokenText: text,
      vector: Array.from(vector),
    };
  };
  return {
    ...(await cell(trace, model, { ...place, query: i, key: j })),
    text: answering.text,
    query: side(asking, i, cells.query(i)),
    key: side(answering, j, cells.key(j)),
  };
}

function tokenAt({ tokens }: Encoding, index: number): number {
  tokenInRange(index, tokens.length);
  return index;
}
