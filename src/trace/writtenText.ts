/** The text that new tokens make, piece by piece: characters when they are complete, up to a string that ends it. */

export class WrittenText {
  readonly #decode: (ids: readonly number[]) => string;
  readonly #ids: number[];
  readonly #stops: readonly string[];
  readonly #before: number;
  #told = 0;

  /** `ids`: what the text goes on from. */
  constructor(decode: (ids: readonly number[]) => string, ids: readonly number[], stops: readonly string[]) {
    this.#decode = decode;
    this.#ids = [...ids];
    this.#stops = stops;
    this.#before = complete(decode(this.#ids)).length;
  }

  /**
   * What a token adds, and whether a stop string is reached (it is not told, nor what follows it). What may yet become a
   * character, or a stop string, is held back until the next token, or told with the last one.
   */
  add(id: number, last: boolean): { readonly text: string; readonly stopped: boolean } {
    this.#ids.push(id);
    const written = complete(this.#decode(this.#ids)).slice(this.#before);
    const found = this.#stops.map((stop) => written.indexOf(stop)).filter((at) => at >= 0);
    const stopped = found.length > 0;
    const end = stopped ? Math.min(...found) : last ? written.length : written.length - this.#heldBack(written);
    const text = written.slice(this.#told, Math.max(end, this.#told));
    this.#told = Math.max(end, this.#told);
    return { text, stopped };
  }

  /** Letters at the end that may be the beginning of a stop string. */
  #heldBack(written: string): number {
    const beginnings = this.#stops.map((stop) => {
      let length = Math.min(stop.length - 1, written.length);
      while (length > 0 && !written.endsWith(stop.slice(0, length))) length--;
      return length;
    });
    return Math.max(0, ...beginnings);
  }
}

/** Without the bytes at the end that make no character yet, which read as U+FFFD. */
const complete = (text: string): string => text.replace(/\ufffd+$/, '');
