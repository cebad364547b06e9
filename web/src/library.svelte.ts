/** The visitor's library: it stays as it was left when another part is opened. */
import * as m from './paraglide/messages.js';

interface ShelfState {
  readonly id: number;
  tag: string;
  content: string;
}

/** The story's shelves: a beginning for a library of one's own. */
export const storyShelves = [
  { tag: '과일 요리', content: '사과 파이 만드는 법은…' },
  { tag: '전자제품', content: '아이폰 수리법은…' },
  { tag: '운동법', content: '아침마다 걷는 법은…' },
  { tag: '디저트', content: '설탕을 졸여 만드는 과자는…' },
] as const;

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
