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
  if (books && fitsAddress(books)) values.push(`l=${encodeURIComponent(asText(books).toWellFormed())}`);
  return values;
}

/** What cannot be read is left out. */
export function readLookup(values: URLSearchParams): Lookup {
  const temperature = Number(values.get('t') ?? 1);
  return {
    question: values.get('k'),
    temperature: temperature >= 0.01 && temperature <= 100 ? temperature : 1,
    books: readBooks(values.get('l')),
  };
}

function readBooks(text: string | null): Book[] | null {
  try {
    const list: unknown = JSON.parse(text ?? 'null');
    if (!Array.isArray(list)) return null;
    return list.flatMap((each: unknown) => {
      const [tag, content] = Array.isArray(each) ? (each as unknown[]) : [];
      return typeof tag === 'string' && typeof content === 'string' ? [{ tag, content }] : [];
    });
  } catch {
    return null;
  }
}
