/** Contexts like this one, as a head sees them: the nearest queries or keys of a corpus in that head's own space. */
import { type LayerPlace, layerStage } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import { recordedStage, recordTrace } from '../trace/index.ts';
import { dotProduct, norm } from './cells.ts';
import { findWord } from './find.ts';
import { headIn, keyHeadOf, noMeaning } from './places.ts';

export interface Context {
  /** Index in the corpus, and the word there. */
  readonly text: number;
  readonly word: string;
  readonly wordIndex: number;
  readonly cosine: number;
  readonly dot: number;
}

/**
 * The words of a corpus whose queries (or keys) lie nearest to a word's query, by cosine; words stand for their first
 * token. `among: 'keys'` asks what this query would look at, anywhere in the corpus: those are ranked by dot product.
 * Cost: a run a text; only the best are kept. Throws `layerOutOfRange`, `headOutOfRange`, what findWord throws.
 */
export async function similarContexts(
  model: Model,
  corpus: readonly string[],
  asked: {
    readonly text: string;
    readonly query: string | number;
    readonly layer: LayerPlace;
    readonly head: number;
    readonly among?: 'queries' | 'keys';
    readonly count?: number;
  },
): Promise<Context[]> {
  const { layer, head, among = 'queries', count = 10 } = asked;
  const place = headIn({ model }, { layer, head });
  if (place.prefix === 'decoder.') throw noMeaning('words of a text', layer, 'a layer of the encoder, which reads it');
  const { headSize } = place.stack;
  const vectorsOf = async (text: string, stage: 'query' | 'key') => {
    const trace = await recordTrace(model, { text, logits: false });
    const { data } = recordedStage(trace, layerStage(layer, stage));
    const own = stage === 'query' ? head : keyHeadOf(place, head);
    const at = (token: number): Float32Array =>
      data.subarray((own * trace.ids.length + token) * headSize, (own * trace.ids.length + token + 1) * headSize);
    return { at, encoding: trace.encoding! };
  };
  const asking = await vectorsOf(asked.text, 'query');
  const query = asking.at(findWord(asking.encoding, asked.query).tokens[0]!).slice();
  const rank = (context: Context): number => (among === 'keys' ? context.dot : context.cosine);
  let best: Context[] = [];
  for (const [text, sentence] of corpus.entries()) {
    const { at, encoding } = await vectorsOf(sentence, among === 'keys' ? 'key' : 'query');
    const own = encoding.words.map(({ text: word, index, tokens }): Context => {
      const vector = at(tokens[0]!);
      const dot = dotProduct(query, vector);
      return { text, word, wordIndex: index, dot, cosine: dot / (norm(query) * norm(vector)) || 0 };
    });
    best = [...best, ...own].toSorted((x, y) => rank(y) - rank(x)).slice(0, count);
  }
  return best;
}
