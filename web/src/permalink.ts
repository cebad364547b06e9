/**
 * A place on the page as an address and back. It stands behind the #, so that no server, not even the page's own, is
 * ever sent the sentence.
 */
import type { Language } from 'siseon/views';
import type { Change, Unit } from './engine/explorer.ts';
import { type Lookup, readLookup, writeLookup } from './library/address.ts';
import { type Part, parts, rooms } from './parts.ts';
import { readTraining, type Training, writeTraining } from './train/address.ts';

export const storySentence = '철수가 사과를 맛있게 먹었다';

export interface Place {
  readonly language: Language;
  readonly part: Part;
  readonly text: string;
  /** Index of the word that asks; null: the sentence's own default. */
  readonly query: number | null;
  /** null: the model's own default view. */
  readonly head: { readonly layer: number; readonly head: number } | null;
  /** Whether "Explore" shows words or tokens. */
  readonly unit: Unit;
  /** The text beside which "Explore" holds the first; null: none. */
  readonly other: string | null;
  /** What was done to the heads, in the order in which it was done. */
  readonly changes: readonly Change[];
  /** Of the rooms "Train" and "Library" alone: elsewhere absent from the address, and left as it was. */
  readonly training?: Training;
  readonly lookup?: Lookup;
}

/** Longer sentences are not put into the address. */
export const longestText = 2000;

const written = (change: Change): string => {
  switch (change.kind) {
    case 'silence':
      return `s${change.layer}.${change.head}`;
    case 'temperature':
      return `t${change.layer}.${change.head}.${change.temperature}`;
    case 'cut':
      return `x${change.layer}.${change.head}.${change.queries.join('-')}.${change.keys.join('-')}`;
    case 'weight':
      return `w${change.layer}.${change.head}.${change.query}.${change.keys.join('-')}.${change.to}`;
    case 'drop':
      return `d${change.keys.join('-')}`;
  }
};

export function toHash({ language, part, text, query, head, unit, other, changes, training, lookup }: Place): string {
  const values: string[] = [];
  if (text !== storySentence && text.length <= longestText) values.push(`s=${encodeURIComponent(text.toWellFormed())}`);
  if (query !== null) values.push(`q=${query}`);
  if (head) values.push(`h=${head.layer}.${head.head}`);
  if (unit === 'token') values.push('u=token');
  if (other !== null && other.length <= longestText) values.push(`c=${encodeURIComponent(other.toWellFormed())}`);
  if (changes.length > 0) values.push(`e=${changes.map(written).join(',')}`);
  if (training && part === 'train') values.push(...writeTraining(training));
  if (lookup && part === 'my-library') values.push(...writeLookup(lookup));
  return `#/${language}/${part}${values.length > 0 ? `?${values.join('&')}` : ''}`;
}

const index = (text: string | null): number | null => (text !== null && /^\d{1,6}$/.test(text) ? Number(text) : null);

/** How a change is written, by its letter; what is not written so is left out. */
const shapes: Readonly<Record<string, RegExp>> = {
  s: /^(\d{1,3})\.(\d{1,3})$/,
  t: /^(\d{1,3})\.(\d{1,3})\.(\d{1,3}(?:\.\d{1,4})?)$/,
  x: /^(\d{1,3})\.(\d{1,3})\.(\d{1,6})-(\d{1,6})\.(\d{1,6})-(\d{1,6})$/,
  w: /^(\d{1,3})\.(\d{1,3})\.(\d{1,6})\.(\d{1,6})-(\d{1,6})\.([01](?:\.\d{1,4})?)$/,
  d: /^(\d{1,6})-(\d{1,6})$/,
};

function readChange(text: string): Change[] {
  const [kind = ''] = text;
  const found = shapes[kind]?.exec(text.slice(1));
  if (!found) return [];
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = found.slice(1).map(Number);
  switch (kind) {
    case 's':
      return [{ kind: 'silence', layer: a, head: b }];
    case 't':
      return c > 0 ? [{ kind: 'temperature', layer: a, head: b, temperature: c }] : [];
    case 'x':
      return c <= d && e <= f ? [{ kind: 'cut', layer: a, head: b, queries: [c, d], keys: [e, f] }] : [];
    case 'w':
      return d <= e && f <= 1 ? [{ kind: 'weight', layer: a, head: b, query: c, keys: [d, e], to: f }] : [];
    default:
      return a <= b ? [{ kind: 'drop', keys: [a, b] }] : [];
  }
}

/** What cannot be read falls back to `fallback`'s language, the first part, the story's sentence and the defaults. */
export function fromHash(hash: string, fallback: Language): Place {
  const [path = '', values = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [language, name] = path.split('/');
  const part = [...parts, ...rooms].find((each) => each === name) ?? 'opening';
  const found = new URLSearchParams(values);
  const [layer, head] = (found.get('h') ?? '').split('.').map(index);
  return {
    language: language === 'en' || language === 'ko' ? language : fallback,
    part,
    text: found.get('s') ?? storySentence,
    query: index(found.get('q')),
    head: typeof layer === 'number' && typeof head === 'number' ? { layer, head } : null,
    unit: found.get('u') === 'token' ? 'token' : 'word',
    other: found.get('c'),
    changes: (found.get('e') ?? '').split(',').flatMap(readChange),
    ...(part === 'train' && { training: readTraining(found) }),
    ...(part === 'my-library' && { lookup: readLookup(found) }),
  };
}
