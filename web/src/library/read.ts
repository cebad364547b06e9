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

/** A table whose first row may be entry or heading: which, the visitor can say. */
export interface FirstRow {
  readonly file: string;
  readonly cells: readonly string[];
  readonly heading: boolean;
}
/** By file, whether the first row of its table is a heading; of others it is one where it names a column of tags. */
export type Headings = ReadonlyMap<string, boolean>;

export interface Intake {
  readonly books: readonly Book[];
  readonly problems: readonly Problem[];
  readonly firstRows: readonly FirstRow[];
  /** Files that were no UTF-8 and were read in the older Korean encoding. */
  readonly older: readonly string[];
}

const tagNames = [
  ...['tag', 'key', 'title', 'name', 'question', 'term', 'word', 'label', 'topic'],
  ...['색인', '태그', '꼬리표', '제목', '이름', '이름표', '키', '질문', '용어', '단어', '낱말', '주제', '분류'],
];
const contentNames = [
  ...['content', 'value', 'text', 'body', 'answer', 'definition', 'description', 'note'],
  ...['내용', '본문', '값', '답', '답변', '대답', '뜻', '설명', '메모'],
];

const bare = (text: string): string => text.replace(/^\ufeff/, '');

/** Rows of a table: the first two columns, or those that a heading names; where it names one of them, the first other is its fellow. */
export async function readTable(text: string, file: string, headings: Headings = new Map()): Promise<Intake> {
  const { default: papa } = await import('papaparse');
  const { data, errors } = papa.parse<string[]>(bare(text), {
    skipEmptyLines: 'greedy',
    delimitersToGuess: delimitersOf(text),
  });
  const heading = headings.get(file) ?? namesColumns(data[0]);
  const known = [tagNames, contentNames].map((names) => (heading ? columnOf(data[0]!, names) : -1));
  const [tag = 0, content = 1] = known.map((column, i) => (column >= 0 ? column : otherThan(known[1 - i]!, i)));
  const rows = heading ? data.slice(1) : data;
  // A heading that names both has chosen; else it is said that there were more.
  const chosen = known.every((column) => column >= 0);
  const wide = chosen
    ? 0
    : rows.filter((row) => row.some((cell, i) => i !== tag && i !== content && !unseen(cell))).length;
  return taken(
    rows.map((row) => bookOf(row[tag], row[content])),
    file,
    [...quotes(errors, file), ...(wide > 0 ? [{ file, kind: 'columns' as const, count: wide }] : [])],
    firstRow(data, file, heading),
  );
}

/** The usual column, if its fellow does not stand there; without a fellow the tags are the first and the contents the second. */
const otherThan = (fellow: number, usual: number): number => (fellow < 0 ? usual : fellow === 0 ? 1 : 0);

/** A sign that the first line does not have parts no columns; a comma that stands between digits alone is a decimal one beside semicolons. */
function delimitersOf(text: string): string[] {
  const first = linesOf(text)[0] ?? '';
  const there = ['\t', ',', ';', '|'].filter((sign) => first.includes(sign));
  if (there.includes(';') && decimalCommas(text)) return there.filter((sign) => sign !== ',');
  return there.length > 0 ? there : [','];
}
const decimalCommas = (text: string): boolean => !/(?<!\d),|,(?!\d)/.test(text);

/** An only row is asked about where it names columns. */
const firstRow = (rows: readonly (readonly string[])[], file: string, heading: boolean): FirstRow[] =>
  rows.length > 1 || namesColumns(rows[0]) ? [{ file, cells: rows[0]!, heading }] : [];

const columnOf = (row: readonly string[], known: readonly string[]): number =>
  row.findIndex((name) => known.includes(name.trim().toLowerCase()));
const namesColumns = (row: readonly string[] = []): boolean =>
  columnOf(row, tagNames) >= 0 || columnOf(row, contentNames) > 0;
const quotes = (errors: readonly { type: string; row?: number | undefined }[], file: string): Problem[] =>
  errors.filter(({ type }) => type === 'Quotes').map(({ row }) => ({ file, kind: 'quotes', row: (row ?? 0) + 1 }));

/** Entries with a tag; of those without one it is said how many there were. */
function taken(
  books: readonly (Book | null)[],
  file: string,
  problems: readonly Problem[] = [],
  firstRows: readonly FirstRow[] = [],
  none: Problem['kind'] = 'empty',
): Intake {
  const kept = books.filter((book) => book !== null);
  if (kept.length === 0) return { books: [], problems: [...problems, { file, kind: none }], firstRows, older: [] };
  const count = books.length - kept.length;
  return {
    books: kept,
    problems: count > 0 ? [...problems, { file, kind: 'untagged', count }] : [...problems],
    firstRows,
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
    return { books: [], problems: [{ file, kind: 'json' }], firstRows: [], older: [] };
  }
  const entries: unknown = Array.isArray(json) ? json : (json as { entries?: unknown } | null)?.entries;
  const books = (Array.isArray(entries) ? (entries as unknown[]) : []).map((entry) => {
    if (typeof entry === 'string') return bookOf(entry);
    if (Array.isArray(entry)) return bookOf(entry[0], entry[1] as unknown);
    const { tag, content } = (entry ?? {}) as { tag?: unknown; content?: unknown };
    return bookOf(tag, content);
  });
  return taken(books, file, [], [], 'shape');
}

/** A note: its name is the tag; what a header between dashes says of it is left away, and so is the mark of a heading that it begins with. */
function readNote(text: string, file: string): Intake {
  const content = text
    .replace(/^---\r?\n[\s\S]*?\r?\n---\r?\n/, '')
    .replace(/^\s*#{1,6}\s+/, '')
    .replace(/\s+/g, ' ')
    .trim();
  return taken([bookOf(file.replace(/\.[^.]*$/, ''), content)], file);
}

/** Pasted text: JSON where it begins like it, a table where a first row names its columns or where tabs, or semicolons beside decimal commas, part every line, else lines. */
export async function readPasted(text: string, headings: Headings = new Map()): Promise<Intake> {
  if (/^\s*[[{]/.test(text)) return readJson(text, '');
  const [first = ''] = linesOf(text);
  const named = headings.get('') !== false && namesColumns(first.split(/[\t,;|]/));
  return named || partedByTabs(text) || partedBySemicolons(text)
    ? readTable(text, '', headings)
    : readLines(text, headings);
}
const linesOf = (text: string): string[] =>
  bare(text)
    .split(/\r?\n/)
    .filter((line) => !unseen(line));
const partedByTabs = (text: string): boolean => linesOf(text).every((line) => line.includes('\t'));
const partedBySemicolons = (text: string): boolean =>
  text.includes(',') && decimalCommas(text) && linesOf(text).every((line) => line.includes(';'));

/** Each line a tag, and behind its first tab or comma the content, whatever commas that has. Quotation marks hold a tag together. */
async function readLines(text: string, headings: Headings): Promise<Intake> {
  const { default: papa } = await import('papaparse');
  const { data, errors } = papa.parse<string[]>(bare(text), { skipEmptyLines: 'greedy', delimiter: ',' });
  const pairs = data.map((cells) => {
    const line = cells.join(',');
    const tab = line.indexOf('\t');
    return tab < 0 ? [cells[0]!, cells.slice(1).join(',')] : [line.slice(0, tab), line.slice(tab + 1)];
  });
  const heading = headings.get('') ?? false;
  const books = (heading ? pairs.slice(1) : pairs).map(([tag, content]) => bookOf(tag, content));
  return taken(books, '', quotes(errors, ''), firstRow(pairs, '', heading));
}

/** Files by their ending, in the order of their names. */
export async function readFiles(files: readonly File[], headings: Headings = new Map()): Promise<Intake> {
  const all: Intake[] = [];
  // What begins with a dot is nobody's note.
  const shown = files.filter(({ name }) => !name.startsWith('.'));
  for (const file of shown.sort((a, b) => (a.name < b.name ? -1 : 1))) all.push(await readFile(file, headings));
  return {
    books: all.flatMap(({ books }) => books),
    problems: all.flatMap(({ problems }) => problems),
    firstRows: all.flatMap(({ firstRows }) => firstRows),
    older: all.flatMap(({ older }) => older),
  };
}

async function readFile(file: File, headings: Headings): Promise<Intake> {
  const ending = file.name.split('.').at(-1)!.toLowerCase();
  const refused = (kind: Problem['kind']): Intake => ({
    books: [],
    problems: [{ file: file.name, kind }],
    firstRows: [],
    older: [],
  });
  if (!['csv', 'tsv', 'json', 'md', 'markdown', 'txt'].includes(ending)) return refused('kind');
  const bytes = await file.arrayBuffer();
  let [text, old] = ['', false];
  try {
    text = new TextDecoder(marked(new Uint8Array(bytes)) ?? 'utf-8', { fatal: true }).decode(bytes);
  } catch {
    try {
      // What spreadsheets on a Korean Windows write.
      [text, old] = [new TextDecoder('euc-kr', { fatal: true }).decode(bytes), true];
    } catch {
      return refused('text');
    }
  }
  // "Unicode text", as Excel saves a table, has tabs and the ending .txt.
  const table =
    ending === 'csv' || ending === 'tsv' || (ending === 'txt' && linesOf(text).length > 1 && partedByTabs(text));
  const read =
    ending === 'json'
      ? readJson(text, file.name)
      : table
        ? await readTable(text, file.name, headings)
        : readNote(text, file.name);
  return { ...read, older: old ? [file.name] : [] };
}

/** UTF-16, as a mark at the beginning says; null without one. */
const marked = ([first, second]: Uint8Array): string | null =>
  first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : null;
