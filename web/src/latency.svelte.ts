/**
 * What a visitor waits for: from the keystroke, by the browser's own clock of the event, to the frame in which its text is
 * drawn as it was read.
 */
class Latency {
  /** Of the newest text that was drawn; null: nothing was typed yet. */
  milliseconds = $state<number | null>(null);
  #typed: { readonly text: string; readonly at: number } | null = null;

  /** A text stands in the field since `at`, in milliseconds as an event has them. */
  typed(text: string, at: number): void {
    this.#typed = { text, at };
  }

  /** The pictures of a text are in the page, and drawn with the next frame. */
  drawn(text: string): void {
    const typed = this.#typed;
    if (typed?.text !== text) return;
    this.#typed = null;
    // A task that is put off from within a frame comes after that frame was painted.
    requestAnimationFrame(() => setTimeout(() => (this.milliseconds = performance.now() - typed.at)));
  }
}
export const latency = new Latency();
