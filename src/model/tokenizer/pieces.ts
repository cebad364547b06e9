/**
 * From a part of the text to the vocabulary's pieces, each with the units that it stands for. The library knows merges
 * and scores; where its pieces lie follows from their lengths, since every one spells what it covers.
 */
import type { AlignedText } from './aligned.ts';
import { BPE, type Library, Unigram } from './library.ts';
import { badTokenizer, unknownPart } from './refusal.ts';

export interface Piece {
  readonly id: number;
  /** As the vocabulary writes it. */
  readonly piece: string;
  readonly start: number;
  readonly end: number;
  /** `unknown`: the vocabulary has nothing for this; `bytes`: the piece stands for bytes, perhaps a part of a character's. */
  readonly kind: 'text' | 'bytes' | 'unknown';
}

/** A part of the text as pieces; what the vocabulary cannot write at all is handed to `dropped`. */
export type Spell = (part: AlignedText, dropped: (span: { start: number; end: number }) => void) => Piece[];

type ModelConfig = Readonly<Record<string, unknown>>;

/** The model of a tokenizer.json. Throws `unknownTokenizer` and `badTokenizer`. */
export function speller(config: ModelConfig, library: Library, byteLevel: boolean): Spell {
  const vocabulary = library.model.tokens_to_ids;
  const unknown = typeof config.unk_token === 'string' ? config.unk_token : null;
  const unknownId = unknown === null ? undefined : vocabulary.get(unknown);
  switch (config.type) {
    case 'WordPiece':
      return wordPiece(config, vocabulary, unknown ?? '[UNK]');
    case 'WordLevel':
      return (part) => {
        const id = vocabulary.get(part.text);
        const span = part.span(0, part.length);
        if (id !== undefined) return [{ id, piece: part.text, ...span, kind: 'text' }];
        return [{ ...needed(unknown ?? '[UNK]', vocabulary), ...span, kind: 'unknown' }];
      };
    case 'BPE': {
      const { model } = library;
      if (!(model instanceof BPE)) throw unknownPart('model.type', config.type, ['BPE']);
      if (config.dropout)
        throw unknownPart('model.dropout (its tokens differ from run to run)', config.dropout, ['null']);
      if (config.continuing_subword_prefix)
        throw unknownPart('model.continuing_subword_prefix', config.continuing_subword_prefix, ['null']);
      const suffix = typeof config.end_of_word_suffix === 'string' ? config.end_of_word_suffix : '';
      const split = (text: string): readonly string[] =>
        config.ignore_merges === true && vocabulary.has(text) ? [text] : model.bpe(text);
      return spelled(split, {
        vocabulary,
        unknown: unknown === null || unknownId === undefined ? null : { piece: unknown, id: unknownId },
        byteFallback: config.byte_fallback === true,
        fuse: config.fuse_unk === true,
        suffix,
        kind: byteLevel ? 'bytes' : 'text',
      });
    }
    case 'Unigram': {
      const { model } = library;
      if (!(model instanceof Unigram)) throw unknownPart('model.type', config.type, ['Unigram']);
      const id = model.unk_token_id;
      return spelled((text) => model.tokenize(text), {
        vocabulary,
        unknown: typeof id === 'number' ? { piece: model.vocab[id]!, id } : null,
        byteFallback: config.byte_fallback === true,
        fuse: true,
        suffix: '',
        kind: 'text',
      });
    }
    default:
      throw unknownPart('model.type', config.type, ['WordPiece', 'WordLevel', 'BPE', 'Unigram']);
  }
}

function needed(unknown: string, vocabulary: ReadonlyMap<string, number>): { piece: string; id: number } {
  const id = vocabulary.get(unknown);
  if (id === undefined) throw badTokenizer(`its vocabulary lacks ${unknown}, and a word needs it`);
  return { piece: unknown, id };
}

/**
 * Longest piece first (Wu et al. 2016), a word in one unknown piece where a rest has none. Never looks for a piece
 * longer than the vocabulary's longest, so that a long run costs its length and no more.
 */
function wordPiece(config: ModelConfig, vocabulary: ReadonlyMap<string, number>, unknown: string): Spell {
  const prefix = String(config.continuing_subword_prefix ?? '##');
  const limit = Number(config.max_input_chars_per_word ?? 100);
  let longest = 0;
  for (const piece of vocabulary.keys()) longest = Math.max(longest, piece.length);
  return (part) => {
    const { text } = part;
    const whole = (): Piece[] => [{ ...needed(unknown, vocabulary), ...part.span(0, text.length), kind: 'unknown' }];
    if (text.length > limit && [...text].length > limit) return whole();
    const pieces: Piece[] = [];
    let from = 0;
    while (from < text.length) {
      let to = Math.min(text.length, from + longest);
      let found: Piece | null = null;
      for (; to > from && !found; to--) {
        const piece = (from > 0 ? prefix : '') + text.slice(from, to);
        const id = vocabulary.get(piece);
        if (id !== undefined) found = { id, piece, ...part.span(from, to), kind: 'text' };
      }
      if (!found) return whole();
      pieces.push(found);
      from = to + 1;
    }
    return pieces;
  };
}

interface Spelling {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly unknown: { readonly piece: string; readonly id: number } | null;
  readonly byteFallback: boolean;
  /** Neighbouring unknown pieces become one. */
  readonly fuse: boolean;
  /** What a word's last piece ends with in the vocabulary and not in the text. */
  readonly suffix: string;
  readonly kind: 'text' | 'bytes';
}

/** Pieces of a splitter whose parts, one after another, are the text. */
function spelled(split: (text: string) => readonly string[], spelling: Spelling): Spell {
  const { vocabulary, unknown, byteFallback, fuse, suffix, kind } = spelling;
  const encoder = new TextEncoder();
  const bytePieces = (text: string): { piece: string; id: number }[] | null => {
    const list: { piece: string; id: number }[] = [];
    for (const byte of encoder.encode(text)) {
      const piece = `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
      const id = vocabulary.get(piece);
      if (id === undefined) return null;
      list.push({ piece, id });
    }
    return list;
  };
  return (part, dropped) => {
    const pieces: Piece[] = [];
    let at = 0;
    for (const piece of split(part.text)) {
      const last = suffix !== '' && piece.endsWith(suffix) && at + piece.length - suffix.length === part.length;
      const text = last ? piece.slice(0, piece.length - suffix.length) : piece;
      if (part.text.slice(at, at + text.length) !== text) throw badTokenizer(`"${piece}" does not spell the text`);
      const span = part.span(at, at + text.length);
      at += text.length;
      const id = vocabulary.get(piece);
      const bytes = id === undefined && byteFallback ? bytesOf(text, part, at - text.length, bytePieces) : null;
      const before = pieces.at(-1);
      if (id !== undefined) pieces.push({ id, piece, ...span, kind });
      else if (bytes) pieces.push(...bytes);
      else if (!unknown) dropped(span);
      else if (fuse && before?.kind === 'unknown') pieces[pieces.length - 1] = { ...before, end: span.end };
      else pieces.push({ ...unknown, ...span, kind: 'unknown' });
    }
    if (at !== part.length) throw badTokenizer('its pieces do not spell the text');
    return pieces;
  };
}

/** One piece a byte, each with the span of its character; null where the vocabulary lacks a byte. */
function bytesOf(
  text: string,
  part: AlignedText,
  from: number,
  bytePieces: (text: string) => { piece: string; id: number }[] | null,
): Piece[] | null {
  const pieces: Piece[] = [];
  let at = from;
  for (const character of text) {
    const bytes = bytePieces(character);
    if (!bytes) return null;
    const span = part.span(at, at + character.length);
    pieces.push(...bytes.map((byte): Piece => ({ ...byte, ...span, kind: 'bytes' })));
    at += character.length;
  }
  return pieces;
}
