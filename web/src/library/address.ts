/** The room "Library" in the address: question and temperature, and a small library whole. */
import type { Book } from '../engine/librarian.ts';

export interface Lookup {
  /** null: the story's question. */
  readonly question: string | null;
  readonly temperature: number;
  /** null: the visitor's own, which the browser keeps. */
  readonly books: readonly Book[] | null;
}

/** A library whose text is longer stays out of the address. */
export const longestLinked = 2000;

const asText = (books: readonly Book[]): string => JSON.stringify(books.map(({ tag, content }) => [tag, content]));
export const fitsAddress = (books: readonly Book[]): boolean =>
  books.length <= 200 && asText(books).length <= longestLinked;

export function writeLookup({ question, temperature, books }: Lookup): string[] {
  const values: string[] = [];
  if (question !== null) values.push(`k=${encodeURIComponent(question.slice(0, longestLinked).toWellFormed())}`);
  if (temperature !== 1) values.push(`t=${temperature}`);
  if (books && fitsAddress(books)) values.push(`books=${encodeURIComponent(asText(books).toWellFormed())}`);
  return values;
}

/** What cannot be read is left out. */
export function readLookup(values: URLSearchParams): Lookup {
  const temperature = Number(values.get('t') ?? 1);
  return {
    question: values.get('k'),
    temperature: temperature >= 0.01 && temperature <= 100 ? temperature : 1,
    books: readBooks(values.get('books')),
  };
}

/** Shelves of an address, and what is none among them as it was written; null where there is no list. */
function sorted(text: string | null): { readonly books: Book[]; readonly lost: string[] } | null {
  let list: unknown;
  try {
    list = JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
  if (!Array.isArray(list)) return null;
  const [books, lost]: [Book[], string[]] = [[], []];
  for (const each of list as unknown[]) {
    const [tag, content] = Array.isArray(each) ? (each as unknown[]) : [];
    if (typeof tag === 'string' && typeof content === 'string') books.push({ tag, content });
    else lost.push(JSON.stringify(each));
  }
  return { books, lost };
}

/** A list of which nothing is a shelf is none; an empty one is an empty library. */
function readBooks(text: string | null): Book[] | null {
  const found = sorted(text);
  return found && (found.books.length > 0 || found.lost.length === 0) ? found.books : null;
}

/** What `readLookup` leaves out, as it was written. */
export function unreadLookup(values: URLSearchParams): string[] {
  const [temperature, shelves] = [values.get('t'), values.get('books')];
  const found = sorted(shelves);
  return [
    ...(temperature === null || readLookup(values).temperature === Number(temperature) ? [] : [`t=${temperature}`]),
    ...(shelves === null || found ? [] : [`books=${shelves}`]),
    ...(found?.lost ?? []).map((each) => `books=${each}`),
  ];
}
