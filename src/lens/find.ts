/** Which word, which head: what a person typed, resolved or refused with the way on. */
import { closest, distance } from 'fastest-levenshtein';
import type { LayerPlace } from '../attention/index.ts';
import type { Encoding, Model, Word } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import type { Trace } from '../trace/index.ts';
import type { HeadPlace } from './places.ts';

/**
 * The word that a person means: its text (NFC), or its index counted from 0.
 * Throws `wordNotFound` (with the nearest word), `wordAmbiguous` (with the indices to choose from), `wordOutOfRange`.
 */
export function findWord({ words }: Encoding, wanted: string | number): Word {
  const listed = (): string => words.map(({ text, index }) => `${index} ${text}`).join(', ');
  if (typeof wanted === 'string') {
    const same = words.filter(({ text }) => text.normalize('NFC') === wanted.normalize('NFC'));
    if (same.length === 1) return same[0]!;
    if (same.length > 1)
      throw new SiseonError({
        code: 'wordAmbiguous',
        kind: 'usage',
        what: `"${wanted}" occurs ${same.length} times`,
        next: `Choose one by its index: ${same.map(({ index }) => index).join(' or ')}.`,
        details: { wanted, indices: same.map(({ index }) => index) },
      });
    if (!/^\d+$/.test(wanted)) {
      const nearest = closest(
        wanted,
        words.map(({ text }) => text),
      );
      const near = distance(wanted, nearest) < Math.max(wanted.length, nearest.length);
      throw new SiseonError({
        code: 'wordNotFound',
        kind: 'usage',
        what: `"${wanted}" is not a word of the text`,
        expected: `one of: ${listed()}`,
        next: near ? `Did you mean "${nearest}"?` : 'Words are counted from 0.',
        details: { wanted, nearest: near ? nearest : null, words: words.map(({ text }) => text) },
      });
    }
  }
  const word = words[Number(wanted)];
  if (word) return word;
  throw new SiseonError({
    code: 'wordOutOfRange',
    kind: 'usage',
    what: `there is no word ${wanted}`,
    expected: `0 to ${words.length - 1} (${listed()})`,
    details: { wanted: Number(wanted), last: words.length - 1 },
  });
}

/**
 * The word asked about unless another is named: the last one that holds a letter or digit (in Korean, the verb).
 * Throws `emptyText` where the vocabulary could write no word of the text, and spaces alone are left.
 */
export function defaultWord({ words }: Encoding): Word {
  const word = words.findLast(({ text }) => /[\p{L}\p{N}]/u.test(text)) ?? words.at(-1);
  if (word) return word;
  throw new SiseonError({
    code: 'emptyText',
    kind: 'usage',
    what: 'there is no word to look at: the vocabulary can write none of the text’s',
    next: 'Give a word that the model knows.',
  });
}

/** The head asked for; what is not said comes from the model's own default, else the last layer's head 0. */
export function chooseHead(
  model: Model,
  asked: { readonly layer?: number | undefined; readonly head?: number },
): { layer: number; head: number } {
  const view = model.metadata.defaultView;
  const layer = asked.layer ?? view?.layer ?? model.architecture.layerCount - 1;
  return { layer, head: asked.head ?? (layer === view?.layer ? view.head : 0) };
}

/**
 * The head asked for, in any kind of model. Of an encoder-decoder a number alone is a layer of the decoder's look at the
 * encoder's text where the decoder reads more than its start token, else of the encoder; what is not said is the last one's head 0.
 */
export function choosePlace(
  trace: Trace,
  model: Model,
  asked: { readonly layer?: LayerPlace; readonly head?: number },
): HeadPlace {
  const { layer, head = 0 } = asked;
  const { encoder, layerCount } = model.architecture;
  if (typeof layer === 'string') return { layer, head };
  if (!encoder) return chooseHead(model, { ...asked, layer });
  return trace.decoderEncoding || trace.decoderIds!.length > 1
    ? { layer: `decoder.layers.${layer ?? layerCount - 1}.cross`, head }
    : { layer: `encoder.layers.${layer ?? encoder.layerCount - 1}`, head };
}
