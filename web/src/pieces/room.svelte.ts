/** How much room a part of the page has. */
export class Room {
  /** In pixels, its padding included; 0 until it is known. */
  width = $state(0);
  /** Pixels of a rem: the page grows with the screen. */
  rem = $state(16);

  /** Follows the width of an element, as an action (`use:room.measure`) or within an effect. */
  readonly measure = (node: Element): { destroy(): void } => {
    const watch = new ResizeObserver(() => {
      this.width = node.clientWidth;
      this.rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    });
    watch.observe(node);
    return { destroy: () => watch.disconnect() };
  };
}
