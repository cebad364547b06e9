/** How much of several files has come, and how long the rest will take. */

export interface HubProgress {
  /** The file that something came of. */
  readonly file: string;
  /** Bytes of all files that are being fetched. */
  readonly done: number;
  readonly total: number;
  /** Seconds left at the speed so far; null until that is known. */
  readonly secondsLeft: number | null;
}

export class Progress {
  readonly #files = new Map<string, { total: number; done: number; begun: number | null }>();
  readonly #clock: () => number;
  #start: number | null = null;

  /** `clock`: milliseconds. */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  expect(file: string, total: number): void {
    if (!this.#files.has(file)) this.#files.set(file, { total, done: 0, begun: null });
  }

  tell(file: string, bytes: number): HubProgress {
    this.#start ??= this.#clock();
    const own = this.#files.get(file)!;
    // What an earlier run left says nothing of the speed.
    own.begun ??= bytes;
    own.done = bytes;
    let [done, total, came] = [0, 0, 0];
    for (const one of this.#files.values()) {
      done += one.done;
      total += one.total;
      came += Math.max(0, one.done - (one.begun ?? one.done));
    }
    const seconds = (this.#clock() - this.#start) / 1000;
    return { file, done, total, secondsLeft: came > 0 && seconds > 0.5 ? ((total - done) * seconds) / came : null };
  }
}
