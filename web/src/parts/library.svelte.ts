/** The few shelves of the path: they stay as they were left when another part is opened. */
import { storyShelves } from '../library/story.ts';
import * as m from '../paraglide/messages.js';

interface ShelfState {
  readonly id: number;
  tag: string;
  content: string;
}

class Library {
  question = $state(m.library_question_story());
  shelves = $state<ShelfState[]>(storyShelves.map((shelf, id) => ({ id, ...shelf })));
  /** log₁₀ of the temperature. */
  exponent = $state(0);
  #next = storyShelves.length;

  add(): void {
    this.shelves.push({ id: this.#next++, tag: '', content: '' });
  }
  remove(id: number): void {
    this.shelves = this.shelves.filter((shelf) => shelf.id !== id);
  }
}
export const library = new Library();
