/** Every head of every layer at once, word by word: what a report or a head browser shows. */
import type { LayerPlace } from '../attention/index.ts';
import type { Encoding, Model } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { attentionRows, type Trace } from '../trace/index.ts';
import { logSumExp } from './cells.ts';
import { encodingOf, type Group, groups, textsAt } from './look.ts';
import { layerNorms } from './norms.ts';
import { attentionPlaces, headsAt } from './places.ts';

export interface Overview {
  readonly model: string;
  readonly text: string;
  /** What the decoder of an encoder-decoder read; null where there is none. */
  readonly decoder: string | null;
  /** One; of an encoder-decoder the encoder's attention, the decoder's, and the decoder's to the encoder's text. */
  readonly parts: readonly OverviewPart[];
}

/** The attention of a stack's layers. */
export interface OverviewPart {
  readonly stack: 'encoder' | 'decoder' | 'cross' | null;
  /** Its places, the first layer first. */
  readonly layers: readonly LayerPlace[];
  readonly headCount: number;
  /** Words and special tokens in the order of the text that asks, with the tokens of each; and of the text that answers. */
  readonly queries: readonly Group[];
  readonly keys: readonly Group[];
  /** [layer, head, query word, key word]: from a word by its first token, into a word the sum over its tokens. */
  readonly weights: Float32Array;
  /** Likewise: ‖Σ weight · f(x)‖ over the key word's tokens together, f as in `layerNorms` (Kobayashi et al. 2020). */
  readonly contributions: Float32Array;
  /** Likewise: log Σ exp of the key word's masked scores; −∞ where all of it is masked. */
  readonly scores: Float32Array;
}

/** Words that an overview holds at most, of both texts together: it keeps a square for every head. */
export const longestOverview = 200;

/** Which attention a place is of. */
const stackOf = (place: LayerPlace): OverviewPart['stack'] => {
  const [, stack = null, crossed] = /^(encoder|decoder)\.layers\.\d+(\.cross)?$/.exec(`${place}`) ?? [];
  return crossed ? 'cross' : (stack as 'encoder' | 'decoder' | null);
};

/** Cost: the rows of the words' first tokens in every head. Throws `noText`, and `tooLongForOverview` beyond 200 words. */
export async function overview(trace: Trace, model: Model): Promise<Overview> {
  const { architecture } = trace.model;
  const places = attentionPlaces(architecture);
  const stacks = architecture.encoder ? (['encoder', 'decoder', 'cross'] as const) : [null];
  const parts = stacks.map((stack) => places.filter((place) => stackOf(place) === stack));
  const text = encodingOf(trace);
  const decoder = architecture.encoder ? textsAt(trace, model, parts[1]![0]!).asking : null;
  expectShort([text, ...(decoder ? [decoder] : [])]);
  return {
    model: model.name,
    text: text.text,
    decoder: decoder?.text ?? null,
    parts: await Promise.all(parts.map((layers) => part(trace, model, layers))),
  };
}

function expectShort(texts: readonly Encoding[]): void {
  const count = texts.reduce((sum, text) => sum + groups(text).length, 0);
  if (count > longestOverview)
    throw new SiseonError({
      code: 'tooLongForOverview',
      kind: 'usage',
      what: 'an overview keeps a square for every head',
      expected: `at most ${longestOverview} words`,
      got: `${count}`,
      next: 'Look at one sentence or paragraph.',
    });
}

async function part(trace: Trace, model: Model, layers: readonly LayerPlace[]): Promise<OverviewPart> {
  const { asking, answering } = textsAt(trace, model, layers[0]!);
  const [queries, keys] = [groups(asking), groups(answering)];
  const headCount = headsAt(trace.model.architecture, layers[0]!);
  const weights = new Float32Array(layers.length * headCount * queries.length * keys.length);
  const contributions = new Float32Array(weights.length);
  const scores = new Float32Array(weights.length);
  const first = queries.map(({ tokens }) => tokens[0]!);
  const width = answering.tokens.length;
  for (const [layer, place] of layers.entries()) {
    const rows = await attentionRows(trace, place, first, undefined, ['weights', 'maskedScores']);
    const carriedBy = (await layerNorms(trace, model, place)).words(keys.map(({ tokens }) => tokens));
    for (const i of first.keys()) {
      for (let head = 0; head < headCount; head++) {
        const row = rows.weights.data.subarray((head * first.length + i) * width);
        const masked = rows.maskedScores.data.subarray((head * first.length + i) * width);
        const carried = carriedBy(head, row);
        for (const [j, { tokens }] of keys.entries()) {
          const at = ((layer * headCount + head) * first.length + i) * keys.length + j;
          for (const answer of tokens) weights[at]! += row[answer]!;
          contributions[at] = carried[j]!;
          scores[at] = logSumExp(tokens.map((answer) => masked[answer]!));
        }
      }
    }
  }
  return { stack: stackOf(layers[0]!), layers, headCount, queries, keys, weights, contributions, scores };
}
