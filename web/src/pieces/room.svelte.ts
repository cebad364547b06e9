import { flushSync } from 'svelte';

/** Pixels across a sheet of paper, A4 or Letter, within its margins. */
const paper = 640;

/** How much room a part of the page has. */
export class Room {
  /** In pixels, its padding included; 0 until it is known. */
  width = $state(0);
  /** Pixels of a rem: the page grows with the screen. */
  rem = $state(16);

  /** Follows the width of an element, as an action (`use:room.measure`) or within an effect. */
  readonly measure = (node: Element): { destroy(): void } => {
    let most = Number.POSITIVE_INFINITY;
    const read = (): void => {
      this.width = Math.min(node.clientWidth, most);
      this.rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    };
    const watch = new ResizeObserver(read);
    watch.observe(node);
    // A browser lays the page out anew for paper, and tells no observer of it.
    const heard = new AbortController();
    const { signal } = heard;
    const within = (width: number) => (): void => {
      most = width;
      flushSync(read);
    };
    addEventListener('beforeprint', within(paper), { signal });
    addEventListener('afterprint', within(Number.POSITIVE_INFINITY), { signal });
    return {
      destroy: () => {
        watch.disconnect();
        heard.abort();
      },
    };
  };
}
