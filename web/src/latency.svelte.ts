/**
 * What a visitor waits for: from the keystroke, by the browser's own clock of the event, to the frame in which its text is
 * drawn as it was read. Of a picture that came otherwise, nothing is said.
 */
class Latency {
  /** Of the newest text that was drawn; null: what stands there was not typed. */
  milliseconds = $state<number | null>(null);
  #typed: { readonly text: string; readonly at: number } | null = null;
  #shown: { readonly at: number } | null = null;
  /** What moves next is moved by a key. */
  #key = false;

  /** A text stands in the field since `at`, in milliseconds as an event has them. */
  typed(text: string, at: number): void {
    [this.#typed, this.#key] = [{ text, at }, true];
  }

  /** Another picture is asked for: by a key, or by something else, of which no time is told. */
  moved(): void {
    if (!this.#key) [this.#typed, this.#shown, this.milliseconds] = [null, null, null];
    this.#key = false;
  }

  /** The pictures of a text are in the page, and drawn with the next frame. */
  drawn(text: string): void {
    const typed = this.#typed;
    if (typed?.text !== text) return;
    [this.#typed, this.#shown] = [null, typed];
    const tell = (): void => {
      if (this.#shown === typed) this.milliseconds = performance.now() - typed.at;
    };
    // A task that is put off from within a frame comes after that frame was painted.
    requestAnimationFrame(() => setTimeout(tell));
  }
}
export const latency = new Latency();
