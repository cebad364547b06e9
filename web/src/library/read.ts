/** Files and pasted text as shelves. Papa Parse reads tables (RFC 4180, tabs as well), and is loaded for them alone. */
import { unseen } from 'siseon/views';
import type { Book } from '../engine/librarian.ts';

/** What could not be read, and why. */
export interface Problem {
  readonly file: string;
  readonly kind: 'quotes' | 'json' | 'shape' | 'empty' | 'text' | 'kind' | 'untagged' | 'columns';
  /** Row of a table, counted from 1. */
  readonly row?: number;
  /** Entries that were left out, rows of which a part was. */
  readonly count?: number;
}

export interface Intake {
  readonly books: readonly Book[];
  readonly problems: readonly Problem[];
  /** Files that were no UTF-8 and were read in the older Korean encoding. */
  readonly older: readonly string[];
}

const tagNames = ['tag', 'key', 'title', 'name', '색인', '제목', '이름', '이름표'];
const contentNames = ['content', 'value', 'text', 'body', '내용', '본문'];

const bare = (text: string): string => text.replace(/^\ufeff/, '');

/** Rows of a table: the first two columns, or those that a first row names. */
export async function readTable(text: string, file: string): Promise<Intake> {
  const { default: papa } = await import('papaparse');
  const { data, errors } = papa.parse<string[]>(bare(text), {
    skipEmptyLines: 'greedy',
    delimitersToGuess: ['\t', ',', ';', '|'],
  });
  const named = namesColumns(data[0]);
  const [tag, content] = named ? [columnOf(data[0]!, tagNames), columnOf(data[0]!, contentNames)] : [0, 1];
  const rows = named ? data.slice(1) : data;
  const wide = named ? 0 : rows.filter((row) => row.slice(2).some((cell) => !unseen(cell))).length;
  return taken(
    rows.map((row) => bookOf(row[tag], row[content])),
    file,
    [...quotes(errors, file), ...(wide > 0 ? [{ file, kind: 'columns' as const, count: wide }] : [])],
  );
}

const columnOf = (row: readonly string[], known: readonly string[]): number =>
  row.findIndex((name) => known.includes(name.trim().toLowerCase()));
const namesColumns = (row: readonly string[] = []): boolean => columnOf(row, tagNames) >= 0;
const quotes = (errors: readonly { type: string; row?: number | undefined }[], file: string): Problem[] =>
  errors.filter(({ type }) => type === 'Quotes').map(({ row }) => ({ file, kind: 'quotes', row: (row ?? 0) + 1 }));

/** Entries with a tag; of those without one it is said how many there were. */
function taken(
  books: readonly (Book | null)[],
  file: string,
  problems: readonly Problem[] = [],
  none: Problem['kind'] = 'empty',
): Intake {
  const kept = books.filter((book) => book !== null);
  if (kept.length === 0) return { books: [], problems: [...problems, { file, kind: none }], older: [] };
  const count = books.length - kept.length;
  return {
    books: kept,
    problems: count > 0 ? [...problems, { file, kind: 'untagged', count }] : [...problems],
    older: [],
  };
}

/** A blank tag is nothing to be found by. */
function bookOf(tag: unknown, content: unknown = ''): Book | null {
  const text = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');
  return unseen(text(tag)) ? null : { tag: text(tag), content: text(content) };
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
  const books = (Array.isArray(entries) ? (entries as unknown[]) : []).map((entry) => {
    if (typeof entry === 'string') return bookOf(entry);
    if (Array.isArray(entry)) return bookOf(entry[0], entry[1] as unknown);
    const { tag, content } = (entry ?? {}) as { tag?: unknown; content?: unknown };
    return bookOf(tag, content);
  });
  return taken(books, file, [], 'shape');
}

/** A note: its name is the tag; what a header between dashes says of it is left away. */
function readNote(text: string, file: string): Intake {
  const content = text
    .replace(/^---\r?\n[\s\S]*?\r?\n---\r?\n/, '')
    .replace(/\s+/g, ' ')
    .trim();
  return taken([bookOf(file.replace(/\.[^.]*$/, ''), content)], file);
}

/** Pasted text: JSON where it begins like it, a table where a first row names its columns or tabs part every line, else lines. */
export async function readPasted(text: string): Promise<Intake> {
  if (/^\s*[[{]/.test(text)) return readJson(text, '');
  const lines = bare(text)
    .split(/\r?\n/)
    .filter((line) => !unseen(line));
  const first = (lines[0] ?? '').split(/[\t,;|]/);
  return namesColumns(first) || lines.every((line) => line.includes('\t')) ? readTable(text, '') : readLines(text);
}

/** Each line a tag, and behind its first tab or comma the content, whatever commas that has. Quotation marks hold a tag together. */
async function readLines(text: string): Promise<Intake> {
  const { default: papa } = await import('papaparse');
  const { data, errors } = papa.parse<string[]>(bare(text), { skipEmptyLines: 'greedy', delimiter: ',' });
  const books = data.map((cells) => {
    const line = cells.join(',');
    const tab = line.indexOf('\t');
    return tab < 0 ? bookOf(cells[0], cells.slice(1).join(',')) : bookOf(line.slice(0, tab), line.slice(tab + 1));
  });
  return taken(books, '', quotes(errors, ''));
}

/** Files by their ending, in the order of their names. */
export async function readFiles(files: readonly File[]): Promise<Intake> {
  const all: Intake[] = [];
  // What begins with a dot is nobody's note.
  const shown = files.filter(({ name }) => !name.startsWith('.'));
  for (const file of shown.sort((a, b) => (a.name < b.name ? -1 : 1))) all.push(await readFile(file));
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
