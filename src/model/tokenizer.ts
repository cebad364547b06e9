/**
 * Text to tokens. Splitting and vocabulary are `@huggingface/tokenizers`' work; it says nothing of where a token stands,
 * so this file follows every character through the normalizer and gives each token its span of the text.
 */
import { Tokenizer as Library } from '@huggingface/tokenizers';
import { SiseonError } from '../platform/index.ts';
import { readable } from './hangul.ts';
import { splitWords, type TextSpan } from './words.ts';

export interface Token {
  readonly index: number;
  readonly id: number;
  /** As the vocabulary writes it. */
  readonly piece: string;
  /** As a person reads it: composed, without the `##` of a continuation. */
  readonly text: string;
  readonly special: boolean;
  /** UTF-16 units of the text; null for tokens that the text does not hold. A token of a few letters has its syllable's span. */
  readonly start: number | null;
  readonly end: number | null;
  readonly word: number | null;
}

export interface Word extends TextSpan {
  readonly index: number;
  readonly tokens: readonly number[];
}

/** Something that the reader should know about the text; it runs all the same. */
export interface Notice extends TextSpan {
  readonly code: 'unknownCharacter' | 'loneSurrogate';
}

export interface Encoding {
  readonly text: string;
  readonly ids: Int32Array;
  readonly tokens: readonly Token[];
  readonly words: readonly Word[];
  readonly notices: readonly Notice[];
}

/** A text after the normalizer, each UTF-16 unit with the span that it came from. */
interface Normalized {
  readonly text: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

interface Piece {
  readonly piece: string;
  readonly start: number;
  readonly end: number;
}

/** What a normalizer may look at together: a base with its marks, or conjoining letters of one syllable. */
const clusters = /[\u1100-\u115f]?[\u1160-\u11a7]+[\u11a8-\u11ff]*|\P{M}\p{M}*|\p{M}+/gsu;

export class Tokenizer {
  readonly #library: Library;
  readonly #specials: ReadonlySet<string>;
  readonly #unknown: string;

  private constructor(library: Library, unknown: string) {
    this.#library = library;
    this.#unknown = unknown;
    this.#specials = new Set([...library.get_added_tokens_decoder().values()].map(({ content }) => content));
  }

  /** Reads the content of a tokenizer.json. Throws `badTokenizer` and, for anything but WordPiece, `unknownTokenizer`. */
  static fromJson(json: unknown): Tokenizer {
    const model = (json as { model?: { type?: unknown; unk_token?: unknown } } | null)?.model;
    if (model?.type !== 'WordPiece')
      throw new SiseonError({
        code: 'unknownTokenizer',
        kind: 'failure',
        what: 'tokenizer.json: model.type',
        expected: 'WordPiece',
        got: JSON.stringify(model?.type) ?? 'nothing',
        next: 'This version reads no other kind; give token ids instead.',
      });
    try {
      return new Tokenizer(new Library(json as object, {}), String(model.unk_token ?? '[UNK]'));
    } catch (cause) {
      throw new SiseonError({
        code: 'badTokenizer',
        kind: 'failure',
        what: `tokenizer.json cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
        next: 'The file is damaged; fetch it again.',
        cause,
      });
    }
  }

  get vocabularySize(): number {
    return this.#library.get_vocab(true).size;
  }

  /** The id of a vocabulary entry, or undefined. */
  tokenId(piece: string): number | undefined {
    return this.#library.token_to_id(piece);
  }

  /** The vocabulary entry of an id, or undefined. */
  piece(id: number): string | undefined {
    return this.#library.id_to_token(id);
  }

  /** Tokens, words and notices of a text. Throws `emptyText`. */
  encode(text: string): Encoding {
    const spans = splitWords(text);
    if (spans.length === 0)
      throw new SiseonError({
        code: 'emptyText',
        kind: 'usage',
        what: 'there is no text to look at',
        next: 'Give at least one word.',
      });
    const pieces = this.#sections(text).flatMap((section) =>
      this.#specials.has(section.text)
        ? [{ piece: section.text, start: section.start, end: section.end }]
        : this.#pieces(section),
    );
    const all = this.#withSpecials(pieces);
    let word = 0;
    const tokens = all.map(({ piece, start, end }, index): Token => {
      while (start !== null && word < spans.length - 1 && start >= spans[word]!.end) word++;
      const special = this.#specials.has(piece) && (piece !== this.#unknown || start === null);
      const shown =
        piece === this.#unknown && start !== null
          ? text.slice(start, end ?? start)
          : readable(piece.replace(/^##/, ''));
      return {
        index,
        id: this.tokenId(piece)!,
        piece,
        text: shown,
        special,
        start,
        end,
        word: start === null ? null : word,
      };
    });
    const words = spans.map(
      (span, index): Word => ({
        ...span,
        index,
        tokens: tokens.filter((token) => token.word === index).map((token) => token.index),
      }),
    );
    return {
      text,
      ids: Int32Array.from(tokens, ({ id }) => id),
      tokens,
      words: words.filter(({ tokens: own }) => own.length > 0),
      notices: this.#notices(text, tokens),
    };
  }

  /** The text cut where special tokens are written out in it. */
  #sections(text: string): TextSpan[] {
    const escaped = [...this.#specials].map((special) => special.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const parts = text.split(new RegExp(`(${escaped.join('|')})`));
    const sections: TextSpan[] = [];
    let start = 0;
    for (const part of parts) {
      if (part !== '') sections.push({ text: part, start, end: start + part.length });
      start += part.length;
    }
    return sections;
  }

  /** Vocabulary pieces of a section, each with its span of the whole text. */
  #pieces(section: TextSpan): Piece[] {
    const { text, starts, ends } = this.#normalize(section);
    const found: Piece[] = [];
    let cursor = 0;
    for (const chunk of this.#library.pre_tokenizer ? this.#library.pre_tokenizer.pre_tokenize(text) : [text]) {
      const from = text.indexOf(chunk, cursor);
      if (from < 0) throw this.#cannotFollow(section.text);
      cursor = from + chunk.length;
      let at = from;
      for (const piece of this.#library.model!.encode([chunk])) {
        const whole = piece === this.#unknown;
        const length = whole ? cursor - at : piece.replace(/^##/, '').length;
        if (!whole && text.slice(at, at + length) !== piece.replace(/^##/, '')) throw this.#cannotFollow(section.text);
        found.push({ piece, start: starts[at]!, end: ends[at + length - 1]! });
        at += length;
      }
    }
    return found;
  }

  #normalize({ text, start }: TextSpan): Normalized {
    const { normalizer } = this.#library;
    let normalized = '';
    const starts: number[] = [];
    const ends: number[] = [];
    for (const match of text.matchAll(clusters)) {
      const part = normalizer ? normalizer.normalize(match[0]) : match[0];
      normalized += part;
      for (let i = 0; i < part.length; i++) {
        starts.push(start + match.index);
        ends.push(start + match.index + match[0].length);
      }
    }
    // Some normalizers look beyond a cluster: then these spans would be guesses.
    if (normalizer && normalized !== normalizer.normalize(text)) throw this.#cannotFollow(text);
    return { text: normalized, starts, ends };
  }

  /** Adds what the post-processor adds ([CLS], [SEP]). */
  #withSpecials(pieces: readonly Piece[]): (Piece | { piece: string; start: null; end: null })[] {
    const own = pieces.map(({ piece }) => piece);
    const all = (this.#library.post_processor?.post_process(own, null, true).tokens ?? own) as string[];
    const before =
      all.length === own.length ? 0 : all.findIndex((_, i) => own.every((piece, j) => all[i + j] === piece));
    return all.map((piece, i) => pieces[i - before] ?? { piece, start: null, end: null });
  }

  #notices(text: string, tokens: readonly Token[]): Notice[] {
    return tokens.flatMap(({ piece, start, end }): Notice[] => {
      if (piece !== this.#unknown || start === null || end === null) return [];
      const part = text.slice(start, end);
      return [{ code: /^[\ud800-\udfff]$/.test(part) ? 'loneSurrogate' : 'unknownCharacter', text: part, start, end }];
    });
  }

  #cannotFollow(text: string): SiseonError {
    return new SiseonError({
      code: 'cannotFollowTokens',
      kind: 'failure',
      what: `the tokens of "${text.slice(0, 40)}" cannot be traced back to the text`,
      next: 'Its tokenizer rewrites text in a way that this version does not follow.',
    });
  }
}
