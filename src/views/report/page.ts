/**
 * What runs inside a report: plain DOM, no library, nothing fetched. This function and those of the pictures are written into
 * the file as they stand, so that each uses what it is given and nothing from around it.
 */
import type { arcMark } from '../arc.ts';
import type { numerals } from '../numerals.ts';
import type { shade } from '../shade.ts';
import type { SquareMarks, SquarePlace, squareMarks } from '../squareMarks.ts';

export type Measure = 'weight' | 'contribution';

export interface ReportWord {
  readonly text: string;
  /** What is said behind a word that the text has again: which one it is, counted from 0. Else empty. */
  readonly which: string;
  /** Korean: the word with 은 or 는. */
  readonly topic: string;
  readonly word: number | null;
}

/** One attention: of a text to itself, or of the decoder's text to the encoder's. */
export interface ReportPart {
  /** Its name on a button; empty where there is no other. */
  readonly name: string;
  readonly queries: readonly ReportWord[];
  readonly keys: readonly ReportWord[];
  /** Queries and keys are words of two texts; what each is called. */
  readonly crossed: { readonly queries: string; readonly keys: string } | null;
  /** Each layer as it is named in a sentence. */
  readonly layers: readonly string[];
  readonly headCount: number;
  /** Base64 of float32, [layer, head, query, key]. */
  readonly weights: string;
  readonly contributions: string;
  /** −∞ where the query may not look. */
  readonly scores: string;
  /** What it opens with. */
  readonly start: { readonly layer: number; readonly head: number; readonly query: number };
}

export interface ReportData {
  readonly parts: readonly ReportPart[];
  readonly part: number;
  readonly korean: boolean;
  readonly say: Readonly<
    Record<
      | 'score'
      | 'weight'
      | 'contribution'
      | 'head'
      | 'itself'
      | 'special'
      | 'sum'
      | 'masked'
      | 'cell'
      | 'largest'
      | 'rooted',
      string
    >
  >;
}

/** What is looked at in a part; `key` is the cell that is pinned, `hover` the one under the pointer. */
export interface ReportState {
  layer: number;
  head: number;
  query: number;
  key: number;
  hover: { query: number; key: number } | null;
}

/** What the pictures draw from, and the two things that can be done on them. */
export interface ReportPage {
  readonly say: ReportData['say'];
  readonly korean: boolean;
  /** The attention that is shown. */
  readonly part: Omit<ReportPart, 'scores'> & { readonly state: ReportState };
  readonly measure: Measure;
  find(id: string): HTMLElement;
  element(name: string, properties: Record<string, string>, text?: string): HTMLElement;
  /** A number of this range at a glance, as pictures and the page write it. */
  written(number: number, range: number): string;
  /** The same where it is read rather than seen: with all its digits where those are asked for. */
  read(number: number, range: number): string;
  /** A number of the chosen head. */
  numberAt(query: number, key: number, of?: Measure): number;
  /** Of any head, as a share of what fills a cell or a bar. */
  shareOf(layer: number, head: number, query: number, key: number): number;
  /** A head's square, put in a place. */
  marksOf(layer: number, head: number, place: SquarePlace): SquareMarks;
  readonly arcMark: typeof arcMark;
  /** Whether the colour of a cell is as deep as its share's square root. */
  readonly rooted: boolean;
  /** −∞ where the query may not look. */
  scoreOf(layer: number, head: number, query: number, key: number): number;
  /** What fills a cell or a bar: 1 for weights; for contributions the largest of the head. */
  largest(layer: number, head: number, of?: Measure): number;
  /** The same of the chosen head. */
  range(of?: Measure): number;
  isItself(key: number): boolean;
  /** Another word asks. */
  ask(query: number): void;
  /** Another head is looked at. */
  turn(layer: number, head: number): void;
  /** A cell is kept; key −1: none. */
  pin(query: number, key: number): void;
}

/** A picture of the page: drawn when something else is looked at, and when the window has another size. */
export interface Picture {
  draw(): void;
  resized?(): void;
}

export function reportPage(
  data: ReportData,
  pictures: readonly ((page: ReportPage) => Picture)[],
  drawing: {
    readonly arcMark: typeof arcMark;
    readonly shade: typeof shade;
    readonly squareMarks: typeof squareMarks;
    readonly numerals: typeof numerals;
  },
): void {
  const numbers = (text: string): Float32Array =>
    new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  const parts = data.parts.map((part) => ({
    ...part,
    measures: { weight: numbers(part.weights), contribution: numbers(part.contributions) },
    scores: numbers(part.scores),
    state: { ...part.start, key: -1, hover: null } as ReportState,
  }));
  let part = parts[data.part]!;
  let measure: Measure = 'weight';
  const { measured, whole } = drawing.numerals();
  let exact = false;
  const find = (id: string): HTMLElement => document.getElementById(id) as HTMLElement;
  const at = (layer: number, head: number, query: number, key: number): number =>
    ((layer * part.headCount + head) * part.queries.length + query) * part.keys.length + key;
  const page: ReportPage = {
    say: data.say,
    korean: data.korean,
    get part() {
      return part;
    },
    get measure() {
      return measure;
    },
    find,
    element: (name, properties, text = '') => {
      const made = document.createElement(name);
      for (const [property, value] of Object.entries(properties)) made.setAttribute(property, value);
      made.textContent = text;
      return made;
    },
    written: measured,
    read: (number, range) => (exact ? whole(number) : measured(number, range)),
    numberAt: (query, key, of = measure) => part.measures[of][at(part.state.layer, part.state.head, query, key)] ?? 0,
    shareOf: (layer, head, query, key) =>
      (part.measures[measure][at(layer, head, query, key)] ?? 0) / page.largest(layer, head),
    marksOf: (layer, head, place) =>
      drawing.squareMarks(
        {
          rows: part.queries.length,
          columns: part.keys.length,
          range: page.largest(layer, head),
          number: (query, key) => part.measures[measure][at(layer, head, query, key)] ?? 0,
          masked: (query, key) => page.scoreOf(layer, head, query, key) === Number.NEGATIVE_INFINITY,
        },
        place,
        drawing.shade,
      ),
    arcMark: drawing.arcMark,
    get rooted() {
      return drawing.shade(0.25, part.queries.length) > 0.25;
    },
    scoreOf: (layer, head, query, key) => part.scores[at(layer, head, query, key)] ?? 0,
    largest: (layer, head, of = measure) => {
      if (of === 'weight') return 1;
      const own = part.measures.contribution.subarray(at(layer, head, 0, 0), at(layer, head + 1, 0, 0));
      return own.reduce((a, b) => Math.max(a, b), 0) || 1;
    },
    range: (of) => page.largest(part.state.layer, part.state.head, of),
    isItself: (key) => !part.crossed && key === part.state.query,
    ask: (query) => {
      Object.assign(part.state, { query, key: -1 });
      draw();
    },
    turn: (layer, head) => {
      Object.assign(part.state, { layer, head });
      draw();
    },
    pin: (query, key) => {
      Object.assign(part.state, {
        query: Math.min(part.queries.length - 1, Math.max(0, query)),
        key: Math.min(part.keys.length - 1, Math.max(-1, key)),
        hover: null,
      });
      draw();
    },
  };
  const drawn = pictures.map((picture) => picture(page));
  const draw = (): void => {
    for (const name of ['weight', 'contribution']) find(name).setAttribute('aria-pressed', String(name === measure));
    find('exact').setAttribute('aria-pressed', String(exact));
    for (const [index, button] of [...find('parts').children].entries())
      button.setAttribute('aria-pressed', String(parts[index] === part));
    find('room').classList.toggle('many', part.headCount > 4);
    for (const picture of drawn) picture.draw();
  };
  for (const name of ['weight', 'contribution'] as const)
    find(name).addEventListener('click', () => {
      measure = name;
      draw();
    });
  find('exact').addEventListener('click', () => {
    exact = !exact;
    draw();
  });
  for (const other of parts.length > 1 ? parts : []) {
    const button = page.element('button', { type: 'button' }, other.name);
    button.addEventListener('click', () => {
      part = other;
      draw();
    });
    find('parts').append(button);
  }
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') page.pin(part.state.query, -1);
  });
  addEventListener('resize', () => {
    for (const picture of drawn) picture.resized?.();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  draw();
}
