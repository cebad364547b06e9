/**
 * Text to tokens, each with its span of the text. Vocabulary, merges and scores are `@huggingface/tokenizers`' work; it
 * says nothing of where a token stands, so normalizers and cuts are followed here, unit by unit.
 */
import { SiseonError } from '../platform/index.ts';
import { readable } from './hangul.ts';
import { type AddedToken, AddedTokenFinder, addedTokens } from './tokenizer/addedTokens.ts';
import { AlignedText } from './tokenizer/aligned.ts';
import type { ChatTemplate } from './tokenizer/chat.ts';
import { type Library, Tokenizer as LibraryTokenizer } from './tokenizer/library.ts';
import { normalizer, type PartConfig, type Rewrite } from './tokenizer/normalizers.ts';
import { type Piece, type Spell, speller } from './tokenizer/pieces.ts';
import { byteLetters, type Cut, preTokenizer } from './tokenizer/preTokenizers.ts';
import { badTokenizer, unknownPart } from './tokenizer/refusal.ts';
import { drawnBlanks, hiddenSigns, seen, unseen, unseenSigns } from './unseen.ts';
import { splitWords, type TextSpan } from './words.ts';

export interface Token {
  readonly index: number;
  readonly id: number;
  /** As the vocabulary writes it. */
  readonly piece: string;
  /** As a person reads it: composed, without `##`, `▁` or `Ġ`; a part of a character's bytes reads as the character. */
  readonly text: string;
  readonly special: boolean;
  /** UTF-16 units of the text; null for tokens that the text does not hold. A token of a part of a character has the whole character's span. */
  readonly start: number | null;
  readonly end: number | null;
  /** The word that holds its first unit that is no white space; null without one. */
  readonly word: number | null;
}

export interface Word extends TextSpan {
  readonly index: number;
  readonly tokens: readonly number[];
}

/** Something that the reader should know about the text; it runs all the same. */
export interface Notice extends TextSpan {
  /**
   * `unknownCharacter`, `unknownWord`: read as the unknown token, one character or a whole word; `droppedCharacter`: the
   * vocabulary has no way to write it; `loneSurrogate`: half of a character; `unseen`: a sign that nobody sees, though it is
   * part of the text; `decomposed`: composed (NFC) it would give other tokens.
   */
  readonly code: 'unknownCharacter' | 'unknownWord' | 'droppedCharacter' | 'loneSurrogate' | 'unseen' | 'decomposed';
}

export interface Encoding {
  readonly text: string;
  readonly ids: Int32Array;
  readonly tokens: readonly Token[];
  readonly words: readonly Word[];
  readonly notices: readonly Notice[];
}

type ReadChatTemplate = () => Promise<ChatTemplate | null>;

interface Config {
  readonly normalizer?: PartConfig;
  readonly pre_tokenizer?: PartConfig;
  readonly post_processor?: PartConfig;
  readonly model: Readonly<Record<string, unknown>>;
  readonly added_tokens?: unknown;
}

const modelTypes: readonly string[] = ['WordPiece', 'WordLevel', 'BPE', 'Unigram'];

/** Stands for the text's own tokens while the post-processor puts its tokens around them. */
const placeholder = '\u0000';

export class Tokenizer {
  /** The model's kind: WordPiece, BPE, Unigram or WordLevel. */
  readonly kind: string;
  /** Reads the Jinja source that writes a conversation, where the checkpoint has one (see `chatText`). */
  readonly chatTemplate: ReadChatTemplate;
  readonly #library: Library;
  readonly #added: readonly AddedToken[];
  readonly #normalize: Rewrite;
  readonly #cut: Cut;
  readonly #byteLevel: boolean;
  readonly #spell: Spell;
  readonly #asGiven: AddedTokenFinder;
  readonly #asNormalized: AddedTokenFinder;
  readonly #before: readonly string[];
  readonly #after: readonly string[];
  readonly #trimsSpans: boolean;

  private constructor(config: Config, library: Library, chatTemplate: ReadChatTemplate) {
    this.kind = String(config.model.type);
    this.chatTemplate = chatTemplate;
    this.#library = library;
    this.#added = addedTokens(config.added_tokens);
    this.#normalize = normalizer(config.normalizer);
    this.#cut = preTokenizer(config.pre_tokenizer);
    this.#byteLevel = uses(config.pre_tokenizer, 'ByteLevel');
    this.#spell = speller(config.model, library, this.#byteLevel);
    this.#asGiven = new AddedTokenFinder(
      this.#added.filter(({ normalized }) => !normalized),
      (content) => content,
    );
    this.#asNormalized = new AddedTokenFinder(
      this.#added.filter(({ normalized }) => normalized),
      (content) => this.#normalize(AlignedText.of(content)).text,
    );
    const around = library.post_processor?.post_process([placeholder], null, true).tokens ?? [placeholder];
    const at = around.indexOf(placeholder);
    if (at < 0 || at !== around.lastIndexOf(placeholder)) throw badTokenizer('its post_processor repeats the text');
    this.#before = around.slice(0, at);
    this.#after = around.slice(at + 1);
    for (const piece of [...this.#before, ...this.#after])
      if (this.tokenId(piece) === undefined) throw badTokenizer(`its vocabulary lacks ${piece}`);
    this.#trimsSpans = trims(config.post_processor);
  }

  /**
   * Reads the content of a tokenizer.json; a chat template, which stands elsewhere, may come along.
   * Throws `badTokenizer`, and `unknownTokenizer` for a part that is not known and would change the tokens.
   */
  static fromJson(
    json: unknown,
    { chatTemplate = async () => null }: { chatTemplate?: ReadChatTemplate } = {},
  ): Tokenizer {
    const config = json as Config | null;
    const type = config?.model?.type ?? guessedType(config?.model);
    if (!config || typeof type !== 'string' || !modelTypes.includes(type))
      throw unknownPart('model.type', type, modelTypes);
    if (!isVocabulary(config.model.vocab, type))
      throw badTokenizer(
        `model.vocab is not ${type === 'Unigram' ? 'a list of pieces with scores' : 'an object of ids'}`,
      );
    try {
      const complete = { ...config, model: { ...config.model, type } };
      const parts = { decoder: null, post_processor: null, added_tokens: [], ...complete };
      const library = new LibraryTokenizer({ ...parts, normalizer: null, pre_tokenizer: null }, {});
      for (const [piece, id] of library.model.tokens_to_ids)
        if (!Number.isInteger(id) || id < 0) throw badTokenizer(`the id of ${piece} is ${JSON.stringify(id)}`);
      return new Tokenizer(complete, library, chatTemplate);
    } catch (cause) {
      if (cause instanceof SiseonError) throw cause;
      throw badTokenizer(cause instanceof Error ? cause.message : String(cause), cause);
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

  /**
   * A vocabulary's token as a person reads it where no text stands around it, or undefined: Hangul composed, and what tells
   * two tokens apart kept: white space by a sign of its own (`Ġdog` and `▁dog` are ␣dog), `##` and `</w>`. Bytes
   * that make no character by themselves are `<0xED>`, as vocabularies with byte fallback write them, a sign that nobody sees
   * is its code point.
   */
  name(id: number): string | undefined {
    const piece = this.piece(id);
    if (piece === undefined || this.#added.some((token) => token.id === id)) return piece && drawnBlanks(piece);
    const text = this.#meant(piece, id);
    return text === '' || text.includes('\ufffd') ? this.#bytesOf(piece) : seen(readable(drawnBlanks(text)));
  }

  /** A byte-level piece byte by byte: letters of ASCII as they are. */
  #bytesOf(piece: string): string {
    const bytes = this.#byteLevel ? Array.from(piece, (letter) => byteLetters.indexOf(letter)) : [];
    if (bytes.length === 0 || bytes.includes(-1)) return piece;
    const written = (byte: number): string =>
      byte > 0x20 && byte < 0x7f
        ? String.fromCharCode(byte)
        : `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
    return bytes.map((byte) => (byte === 0x20 ? '␣' : written(byte))).join('');
  }

  /** The text of a token, its blanks among it: decoders leave out the first. */
  #meant(piece: string, id: number): string {
    const byte = /^<0x([0-7][0-9A-F])>$/.exec(piece);
    if (byte) return String.fromCharCode(Number.parseInt(byte[1]!, 16));
    if (this.#byteLevel) return this.decode([id]);
    return this.kind === 'BPE' || this.kind === 'Unigram' ? piece.replace(/▁/g, ' ') : piece;
  }

  /** The text that ids stand for, special tokens left out; bytes that make no character yet read as U+FFFD. */
  decode(ids: ArrayLike<number>): string {
    if (ids.length === 0) return '';
    const special = new Set(this.#added.filter((token) => token.special).map(({ id }) => id));
    const own = Array.from(ids).filter((id) => !special.has(id));
    return own.length === 0 ? '' : this.#library.decode(own, { clean_up_tokenization_spaces: false });
  }

  /** Tokens, words and notices of a text; `asWritten`: without the special tokens around it. Throws `emptyText`. */
  encode(text: string, { asWritten = false }: { readonly asWritten?: boolean } = {}): Encoding {
    if (unseen(text)) {
      const signs = unseenSigns(text).slice(0, 5);
      const held = signs.length > 0;
      throw new SiseonError({
        code: 'emptyText',
        kind: 'usage',
        what: held
          ? `the text holds signs that nobody sees and nothing else (${signs.join(', ')})`
          : 'there is no text to look at',
        next: 'Give at least one word.',
        ...(held && { details: { signs } }),
      });
    }
    const spans = splitWords(text);
    const dropped: { start: number; end: number }[] = [];
    const pieces = this.#sound(() => this.#pieces(text, (span) => dropped.push(span)));
    const tokens = this.#tokens(text, pieces, spans, asWritten);
    const ownOf = new Map<number, number[]>();
    for (const { word, index } of tokens) {
      if (word === null) continue;
      const own = ownOf.get(word);
      if (own) own.push(index);
      else ownOf.set(word, [index]);
    }
    const words: Word[] = [];
    const renumbered = new Map<number, number>();
    for (const [index, span] of spans.entries()) {
      const own = ownOf.get(index) ?? [];
      const last = words.at(-1);
      // A token that reaches into this word makes it one with the word that it begins in: `[MASK]`, `3.5%`.
      const reached = last !== undefined && (tokens[last.tokens.at(-1)!]!.end ?? 0) > span.start;
      if (!reached && own.length === 0) continue;
      if (reached) words.pop();
      const { start, tokens: before } = reached ? last : { start: span.start, tokens: [] };
      renumbered.set(index, words.length);
      words.push({
        text: text.slice(start, span.end),
        start,
        end: span.end,
        index: words.length,
        tokens: [...before, ...own],
      });
    }
    return {
      text,
      ids: Int32Array.from(tokens, ({ id }) => id),
      tokens: tokens.map((token) => ({ ...token, word: token.word === null ? null : renumbered.get(token.word)! })),
      words,
      notices: this.#notices(text, pieces, dropped),
    };
  }

  /** A damaged file may show only when a text meets it. */
  #sound<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      if (cause instanceof SiseonError) throw cause;
      throw badTokenizer(cause instanceof Error ? cause.message : String(cause), cause);
    }
  }

  /** The text's own pieces, in order; `special` where an added token is written out in it. */
  #pieces(text: string, dropped: (span: { start: number; end: number }) => void): TextPiece[] {
    const spellPart = (part: AlignedText): TextPiece[] =>
      this.#cut(part)
        .filter(({ length }) => length > 0)
        .flatMap((cut) => this.#spell(cut, dropped))
        .map((piece) => ({ ...piece, ...this.#trimmed(text, piece), special: false }));
    const added = (token: AddedToken, part: AlignedText): TextPiece => ({
      id: token.id,
      piece: token.content,
      ...part.span(0, part.length),
      kind: 'text',
      special: token.special,
    });
    return this.#asGiven.cut(AlignedText.of(text)).flatMap(({ token, part }) => {
      if (token) return [added(token, part)];
      const normalized = this.#normalize(part);
      if (normalized.length === 0) return [];
      return this.#asNormalized
        .cut(normalized)
        .flatMap((section) => (section.token ? [added(section.token, section.part)] : spellPart(section.part)));
    });
  }

  /** Byte-level post-processors leave white space out of a token's span (`trim_offsets`). */
  #trimmed(text: string, { start, end }: Piece): { start: number; end: number } {
    if (!this.#trimsSpans) return { start, end };
    let [from, to] = [start, end];
    while (from < to && /\s/.test(text[from]!)) from++;
    while (to > from && /\s/.test(text[to - 1]!)) to--;
    return from < to ? { start: from, end: to } : { start, end };
  }

  #tokens(text: string, pieces: readonly TextPiece[], spans: readonly TextSpan[], asWritten: boolean): Token[] {
    const outside = (piece: string) => ({
      id: this.tokenId(piece)!,
      piece,
      text: piece,
      special: true,
      start: null,
      end: null,
      word: null,
    });
    let word = 0;
    const inside = pieces.map(({ id, piece, start, end, kind, special }) => {
      let at = start;
      while (at < end && /\s/.test(text[at]!)) at++;
      while (at < end && word < spans.length - 1 && at >= spans[word]!.end) word++;
      const shown = special ? piece : this.#shown(kind, piece, text.slice(start, end));
      return { id, piece, text: shown, special, start, end, word: at < end ? word : null };
    });
    const [before, after] = asWritten ? [[], []] : [this.#before, this.#after];
    return [...before.map(outside), ...inside, ...after.map(outside)].map((token, index) => ({
      index,
      ...token,
    }));
  }

  #shown(kind: Piece['kind'], piece: string, covered: string): string {
    if (kind === 'text') {
      const own =
        this.kind === 'WordPiece' ? piece.replace(/^##/, '') : piece.replace(/^▁+(?=[^▁])/, '').replace(/<\/w>$/, '');
      return readable(own);
    }
    const text = covered.trim();
    return text === '' ? drawnBlanks(covered) || piece : text;
  }

  #notices(text: string, pieces: readonly TextPiece[], dropped: readonly { start: number; end: number }[]): Notice[] {
    const at = (code: Notice['code'], start: number, end: number): Notice => ({
      code,
      text: text.slice(start, end),
      start,
      end,
    });
    const notices = [
      ...pieces
        .filter(({ kind, start, end }) => kind === 'unknown' && !/^\p{Cs}$/u.test(text.slice(start, end)))
        .map(({ start, end }) =>
          at([...text.slice(start, end)].length > 1 ? 'unknownWord' : 'unknownCharacter', start, end),
        ),
      ...dropped.map(({ start, end }) => at('droppedCharacter', start, end)),
      ...Array.from(text.matchAll(/\p{Cs}/gu), ({ index }) => at('loneSurrogate', index, index + 1)),
    ];
    const said = new Set(notices.map(({ start }) => start));
    for (const { 0: sign, index } of hiddenSigns(text))
      if (!said.has(index)) notices.push(at('unseen', index, index + sign.length));
    notices.sort((a, b) => a.start - b.start);
    const composed = text.normalize('NFC');
    if (composed !== text) {
      const ids = (list: readonly TextPiece[]): string => list.map(({ id }) => id).join();
      if (ids(this.#pieces(composed, () => {})) !== ids(pieces)) notices.push(at('decomposed', 0, text.length));
    }
    return notices;
  }
}

interface TextPiece extends Piece {
  readonly special: boolean;
}

/** Of Unigram a list of pairs, piece and score; else ids by piece. */
function isVocabulary(vocab: unknown, type: string): boolean {
  if (type !== 'Unigram') return typeof vocab === 'object' && vocab !== null && !Array.isArray(vocab);
  const isEntry = (entry: unknown): boolean =>
    Array.isArray(entry) && typeof entry[0] === 'string' && Number.isFinite(entry[1]);
  return Array.isArray(vocab) && vocab.every(isEntry);
}

/** Old files leave the model's type out. */
function guessedType(model: Readonly<Record<string, unknown>> | undefined): string | undefined {
  if (typeof model !== 'object' || model === null) return undefined;
  if (Array.isArray(model.vocab)) return 'Unigram';
  if ('merges' in model) return 'BPE';
  return 'continuing_subword_prefix' in model ? 'WordPiece' : undefined;
}

const uses = (config: PartConfig, type: string): boolean =>
  config?.type === type || ((config?.pretokenizers ?? []) as PartConfig[]).some((part) => uses(part, type));

const trims = (config: PartConfig): boolean =>
  ((config?.type === 'ByteLevel' || config?.type === 'RobertaProcessing') && config.trim_offsets !== false) ||
  ((config?.processors ?? []) as PartConfig[]).some(trims);
