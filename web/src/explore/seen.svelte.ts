/** One run as the room shows it: all heads at a glance, a layer at a time, and one head as a square. */
import { ask, Latest } from '../engine/client.svelte.ts';
import type { Asked, Choice } from '../engine/reading.ts';
import type { Band, Glance, View } from '../engine/squares.ts';
import { Tiles } from './tiles.svelte.ts';

/** Rows that a long text is opened with. */
const opening = { first: 0, last: 64 };

/** A square with its first rows; the others follow as they come into view. */
export async function openTiles(asked: Asked, choice: Choice, view: View): Promise<Tiles> {
  const square = await ask((e) => e.reading.square(asked, choice, view, opening), null);
  const more = (first: number, last: number): Promise<Band> =>
    ask((e) => e.reading.band(asked, choice, view, { first, last }), null);
  return new Tiles(asked.text, square, more);
}

export class Seen {
  readonly square = new Latest<Tiles>();
  /** By layer, as far as they are computed. */
  glances = $state.raw<readonly (Glance | undefined)[]>([]);
  /** Whether more of them are on their way. */
  looking = $state(false);
  #turn = 0;

  showSquare(asked: Asked, choice: Choice, view: View): void {
    void this.square.ask(() => openTiles(asked, choice, view));
  }

  /** The layers one after another, the one that is looked at first; what is newer puts an end to it. */
  async showHeads(asked: Asked, layers: number, view: View, start: number): Promise<void> {
    const turn = ++this.#turn;
    this.looking = true;
    const order = Array.from({ length: layers }, (_, layer) => layer).sort(
      (a, b) => Number(b === start) - Number(a === start) || a - b,
    );
    const fresh: (Glance | undefined)[] = new Array(layers).fill(undefined);
    for (const layer of order) {
      const glance = await ask((e) => e.reading.glance(asked, layer, view), null).catch(() => undefined);
      if (turn !== this.#turn) return;
      fresh[layer] = glance;
      // Pictures of the text before stay until the new ones are there.
      const same = this.glances.length === layers && this.glances.find((old) => old)?.heads === glance?.heads;
      this.glances = fresh.map((own, n) => own ?? (same ? this.glances[n] : undefined));
    }
    this.looking = false;
  }
}
