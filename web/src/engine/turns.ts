/** One after another; of several that wait, the newest. */
export class Turns {
  #last: Promise<void> = Promise.resolve();
  #asked = 0;

  async take(work: () => Promise<void>): Promise<void> {
    const asked = ++this.#asked;
    const done = this.#last.then(() => (asked === this.#asked ? work() : undefined));
    this.#last = done.catch(() => {});
    await done;
  }
}
