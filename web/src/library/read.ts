/** Files and pasted text as shelves. Papa Parse reads tables (RFC 4180, tabs as well), and is loaded for them alone. */
import type { Book } from '../engine/librarian.ts';

/** What could not be read, and why. */
export interface Problem {
  readonly file: string;
  readonly kind: 'quotes' | 'json' | 'shape' | 'empty' | 'text' | 'kind';
  /** Row of a table, counted from 1. */
  readonly row?: number;
}

export interface Intake {
  readonly books: readonly Book[];
  readonly problems: readonly Problem[];
  /** Files that were no UTF-8 and were read in the older Korean encoding. */
  readonly older: readonly string[];
}

const tagNames = ['tag', 'key', 'title', 'name', '색인', '제목', '이름', '이름표'];
const contentNames = ['content', 'value', 'text', 'body', '내용', '본문'];

/** Rows of a table: the first two columns, or those that a first row names. */
export async function readTable(text: string, file: string): Promise<Intake> {
  const { default: papa } = await import('papaparse');
  const { data, errors } = papa.parse<string[]>(text.replace(/^\ufeff/, ''), {
    skipEmptyLines: 'greedy',
    delimitersToGuess: ['\t', ',', ';', '|'],
  });
  const problems = errors
    .filter(({ type }) => type === 'Quotes')
    .map(({ row }): Problem => ({ file, kind: 'quotes', row: (row ?? 0) + 1 }));
  const names = (data[0] ?? []).map((name) => name.trim().toLowerCase());
  const column = (known: readonly string[]): number => names.findIndex((name) => known.includes(name));
  const [tag, content] = [column(tagNames), column(contentNames)];
  const named = tag >= 0;
  const rows = named ? data.slice(1) : data;
  const books = rows.flatMap((row) => bookOf(row[named ? tag : 0], row[named ? content : 1]));
  return { books, problems: books.length === 0 ? [...problems, { file, kind: 'empty' }] : problems, older: [] };
}

/** A blank tag is nothing to be found by. */
function bookOf(tag: unknown, content: unknown = ''): Book[] {
  const text = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');
  return text(tag) === '' ? [] : [{ tag: text(tag), content: text(content) }];
}

/** A list of `{"tag", "content"}`, as `siseon lookup --library` takes it, of pairs, or of tags alone. */
export function readJson(text: string, file: string): Intake {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { books: [], problems: [{ file, kind: 'json' }], older: [] };
  }
  const entries: unknown = Array.isArray(json) ? json : (json as { entries?: unknown } | null)?.entries;
  const books = (Array.isArray(entries) ? (entries as unknown[]) : []).flatMap((entry) => {
    if (typeof entry === 'string') return bookOf(entry);
    if (Array.isArray(entry)) return bookOf(entry[0], entry[1] as unknown);
    const { tag, content } = (entry ?? {}) as { tag?: unknown; content?: unknown };
    return bookOf(tag, content);
  });
  return { books, problems: books.length === 0 ? [{ file, kind: 'shape' }] : [], older: [] };
}

/** A note: its name is the tag; what a header between dashes says of it is left away. */
function readNote(text: string, file: string): Intake {
  const content = text
    .replace(/^---\r?\n[\s\S]*?\r?\n---\r?\n/, '')
    .replace(/\s+/g, ' ')
    .trim();
  return { books: bookOf(file.replace(/\.[^.]*$/, ''), content), problems: [], older: [] };
}

/** Pasted text: JSON where it begins like it, else a table, of which lines without a separator are tags. */
export const readPasted = async (text: string): Promise<Intake> =>
  /^\s*[[{]/.test(text) ? readJson(text, '') : readTable(text, '');

/** Files by their ending, in the order of their names. */
export async function readFiles(files: readonly File[]): Promise<Intake> {
  const all: Intake[] = [];
  for (const file of [...files].sort((a, b) => (a.name < b.name ? -1 : 1))) all.push(await readFile(file));
  return {
    books: all.flatMap(({ books }) => books),
    problems: all.flatMap(({ problems }) => problems),
    older: all.flatMap(({ older }) => older),
  };
}

async function readFile(file: File): Promise<Intake> {
  const ending = file.name.split('.').at(-1)!.toLowerCase();
  const refused = (kind: Problem['kind']): Intake => ({ books: [], problems: [{ file: file.name, kind }], older: [] });
  if (!['csv', 'tsv', 'json', 'md', 'markdown', 'txt'].includes(ending)) return refused('kind');
  const bytes = await file.arrayBuffer();
  let [text, old] = ['', false];
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    try {
      // What spreadsheets on a Korean Windows write.
      [text, old] = [new TextDecoder('euc-kr', { fatal: true }).decode(bytes), true];
    } catch {
      return refused('text');
    }
  }
  const read =
    ending === 'json'
      ? readJson(text, file.name)
      : ending === 'csv' || ending === 'tsv'
        ? await readTable(text, file.name)
        : readNote(text, file.name);
  return { ...read, older: old ? [file.name] : [] };
}
