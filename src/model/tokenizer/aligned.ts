/** A text that remembers where it came from, through every rewriting. */

/** Each UTF-16 unit of `text` with the span of the original text that it came from; spans never go backwards. */
export class AlignedText {
  readonly text: string;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Where this part of the original begins, dropped characters included. */
  readonly start: number;

  constructor(text: string, starts: Int32Array, ends: Int32Array, start = starts[0] ?? 0) {
    this.text = text;
    this.starts = starts;
    this.ends = ends;
    this.start = start;
  }

  /** A text as it was given, whose first unit stands at `start` of the whole. */
  static of(text: string, start = 0): AlignedText {
    return new AlignedText(
      text,
      Int32Array.from({ length: text.length }, (_, i) => start + i),
      Int32Array.from({ length: text.length }, (_, i) => start + i + 1),
      start,
    );
  }

  get length(): number {
    return this.text.length;
  }

  slice(from: number, to = this.length): AlignedText {
    return new AlignedText(this.text.slice(from, to), this.starts.subarray(from, to), this.ends.subarray(from, to));
  }

  /** What units `from` to `to` came from. */
  span(from: number, to: number): { readonly start: number; readonly end: number } {
    return { start: this.starts[from]!, end: this.ends[to - 1]! };
  }
}

/** Writes an aligned text part by part. */
export class AlignedWriter {
  readonly #parts: string[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  /** Adds a text all of whose units came from one span. */
  add(text: string, start: number, end: number): void {
    this.#parts.push(text);
    for (let i = 0; i < text.length; i++) {
      this.#starts.push(start);
      this.#ends.push(end);
    }
  }

  /** Adds units `from` to `to` of another aligned text as they are. */
  copy(source: AlignedText, from: number, to: number): void {
    this.#parts.push(source.text.slice(from, to));
    for (let i = from; i < to; i++) {
      this.#starts.push(source.starts[i]!);
      this.#ends.push(source.ends[i]!);
    }
  }

  finish(start: number): AlignedText {
    return new AlignedText(this.#parts.join(''), Int32Array.from(this.#starts), Int32Array.from(this.#ends), start);
  }
}

/** Rewrites a text one code point at a time. */
export function mapCharacters(source: AlignedText, map: (character: string) => string): AlignedText {
  const writer = new AlignedWriter();
  let at = 0;
  for (const character of source.text) {
    const { start, end } = source.span(at, at + character.length);
    writer.add(map(character), start, end);
    at += character.length;
  }
  return writer.finish(source.start);
}

/** Puts `content` before a text that is not empty; it shares the first character's span. */
export function prepend(source: AlignedText, content: string): AlignedText {
  if (source.length === 0) return source;
  const writer = new AlignedWriter();
  writer.add(content, source.starts[0]!, source.ends[0]!);
  writer.copy(source, 0, source.length);
  return writer.finish(source.start);
}

/** Replaces every match; what is put in has the span of what is taken out (of its neighbour, where nothing is). */
export function replaceMatches(source: AlignedText, pattern: RegExp, content: string): AlignedText {
  const writer = new AlignedWriter();
  let at = 0;
  for (const match of source.text.matchAll(pattern)) {
    writer.copy(source, at, match.index);
    at = match.index + match[0].length;
    const from = Math.min(match.index, source.length - 1);
    if (source.length === 0) break;
    const { start, end } = source.span(from, Math.max(at, from + 1));
    writer.add(content, start, end);
  }
  writer.copy(source, at, source.length);
  return writer.finish(source.start);
}
