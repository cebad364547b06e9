/** Contexts like this one, as a head sees them: the nearest queries or keys of a corpus in that head's own space. */
import { type LayerPlace, layerStage } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { recordedStage, recordTrace, type TraceInput } from '../trace/index.ts';
import { dotProduct, norm } from './cells.ts';
import { findWord } from './find.ts';
import { textsAt } from './look.ts';
import { headIn, keyHeadOf } from './places.ts';
import { turnedBack } from './rotation.ts';

/** A text; of an encoder-decoder with what its decoder reads, where words of that are asked for. */
export type CorpusText = string | { readonly text: string; readonly decoder?: string };

export interface Context {
  /** Index in the corpus, and the word there: of the decoder's text, or of the encoder's. */
  readonly text: number;
  readonly word: string;
  readonly wordIndex: number;
  readonly cosine: number;
  readonly dot: number;
}

/** What position does to a head's scores beside its vectors, and a search among them leaves out; null where it does nothing. */
export function positionLeftOut(model: Model, layer: LayerPlace): 'rotation' | 'bias' | null {
  const { crossed, layer: own, stack } = headIn({ model }, { layer, head: 0 });
  if (crossed) return null;
  return own.rotary ? 'rotation' : stack.positionBias ? 'bias' : null;
}

/**
 * The words of a corpus whose queries (or keys) lie nearest to a word's query, by cosine; words stand for their first
 * token. `among: 'keys'` asks what this query would look at, anywhere in the corpus: those are ranked by dot product.
 * Words of different texts have no distance, so what position does to a score is left out (`positionLeftOut`): queries and
 * keys are compared as they are before their position turns them, and no bias of position is added.
 * In a decoder queries are its words, and keys too but in cross-attention, where they are the encoder's.
 * Cost: a run a text; only the best are kept. Throws `layerOutOfRange`, `headOutOfRange`, `decoderTextMissing`, and what
 * findWord and recordTrace throw.
 */
export async function similarContexts(
  model: Model,
  corpus: readonly CorpusText[],
  asked: Pick<TraceInput, 'decoder' | 'decoderIds'> & {
    readonly text: string;
    readonly query: string | number;
    readonly layer: LayerPlace;
    readonly head: number;
    readonly among?: 'queries' | 'keys';
    readonly count?: number;
  },
): Promise<Context[]> {
  const { layer, head, among = 'queries', count = 10, text, decoder, decoderIds } = asked;
  const place = headIn({ model }, { layer, head });
  const { headSize } = place.stack;
  const rotary = place.crossed ? null : place.layer.rotary;
  const vectorsOf = async (input: TraceInput, stage: 'query' | 'key') => {
    const trace = await recordTrace(model, { ...input, logits: false });
    const { asking, answering } = textsAt(trace, model, layer);
    const { data, shape } = recordedStage(trace, layerStage(layer, stage));
    const first = (stage === 'query' ? head : keyHeadOf(place, head)) * shape[1]!;
    const at = (token: number): ArrayLike<number> => {
      const vector = data.subarray((first + token) * headSize, (first + token + 1) * headSize);
      return rotary ? turnedBack(rotary, token)(vector) : vector;
    };
    return { at, encoding: stage === 'query' ? asking : answering };
  };
  const stage = among === 'keys' ? 'key' : 'query';
  const ofDecoder = place.prefix === 'decoder.' && !(place.crossed && stage === 'key');
  const texts = corpus.map((one, index) => {
    const input = typeof one === 'string' ? { text: one } : one;
    if (ofDecoder && input.decoder === undefined) throw decoderTextMissing(index, input.text);
    return input;
  });
  const own = { text, ...(decoder !== undefined && { decoder }), ...(decoderIds && { decoderIds }) };
  const asking = await vectorsOf(own, 'query');
  const query = Float64Array.from(asking.at(findWord(asking.encoding, asked.query).tokens[0]!));
  const rank = (context: Context): number => (among === 'keys' ? context.dot : context.cosine);
  let best: Context[] = [];
  for (const [index, input] of texts.entries()) {
    const { at, encoding } = await vectorsOf(input, stage);
    const found = encoding.words.map(({ text: word, index: wordIndex, tokens }): Context => {
      const vector = at(tokens[0]!);
      const dot = dotProduct(query, vector);
      return { text: index, word, wordIndex, dot, cosine: dot / (norm(query) * norm(vector)) || 0 };
    });
    best = [...best, ...found].toSorted((x, y) => rank(y) - rank(x)).slice(0, count);
  }
  return best;
}

const decoderTextMissing = (index: number, text: string): SiseonError =>
  new SiseonError({
    code: 'decoderTextMissing',
    kind: 'usage',
    what: `text ${index} of the corpus has nothing for the decoder, whose words are searched`,
    expected: 'a text for the encoder and one for the decoder (in a file: a tab between)',
    got: text.length > 60 ? `${text.slice(0, 59)}…` : text,
    details: { index },
  });
