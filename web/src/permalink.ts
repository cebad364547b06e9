/**
 * A place on the page as an address and back. It stands behind the #, so that no server, not even the page's own, is
 * ever sent the sentence.
 */
import type { Language } from 'siseon/views';
import type { Change } from './engine/change.ts';
import { type LensName, lensNames, type ReachName, reachNames } from './engine/lens.ts';
import type { Unit } from './engine/squares.ts';
import { namesModel } from './explore/modelAddress.ts';
import { readChange, writtenChange } from './explore/written.ts';
import { type Lookup, readLookup, unreadLookup, writeLookup } from './library/address.ts';
import { type Part, parts, rooms } from './parts.ts';
import { readCheckpoint, readTraining, type Training, unreadTraining, writeTraining } from './train/address.ts';
import type { Moment } from './train/moment.ts';

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
  /** The cell that is pinned in its square, by a token of its row and one of its column; null: none. */
  readonly cell: { readonly query: number; readonly key: number } | null;
  /** The text beside which "Explore" holds the first; null: none. */
  readonly other: string | null;
  /** What was done to the heads, in the order in which it was done. */
  readonly changes: readonly Change[];
  /** The measure through which "Explore" shows its squares. */
  readonly lens: LensName;
  /** Its squares leave out separators and the first token. */
  readonly bare: boolean;
  /** The run before the changes is looked at. */
  readonly before: boolean;
  /** The measure of what reaches the asking word. */
  readonly reach: ReachName;
  /** The model that the place was seen through, as `modelAddress.ts` writes it; null: the page's own. */
  readonly model: string | null;
  /** The model that stands beside it, `shippedName` for the page's own; null: none. */
  readonly beside: string | null;
  /** The head that is seen of that one; null: the same as of the first. */
  readonly besideHead: { readonly layer: number; readonly head: number } | null;
  /** Of the rooms "Train" and "Library" alone: elsewhere absent from the address, and left as it was. */
  readonly training?: Training;
  /** The checkpoint that "Train" looks at, of whichever training; null: the newest. */
  readonly checkpoint?: Moment | null;
  readonly lookup?: Lookup;
}

/** Longer sentences are not put into the address, which says so in their place. */
export const longestText = 2000;
const linked = (text: string): boolean => text.length <= longestText;

const pair = (a: number, b: number): string => `${a}.${b}`;
const headed = ({ layer, head }: NonNullable<Place['head']>): string => pair(layer, head);

/** The address of a place, or of the same in another part. */
export function toHash(place: Place, part = place.part): string {
  const { text, head, cell, other, changes, model, beside, besideHead, training, checkpoint = null, lookup } = place;
  const values: string[] = [];
  const say = (name: string, words: string): void => void values.push(`${name}=${encodeURIComponent(words)}`);
  if (text !== storySentence && linked(text)) say('s', text.toWellFormed());
  if (place.query !== null) say('q', `${place.query}`);
  if (head) say('h', headed(head));
  if (place.unit === 'token') say('u', 'token');
  if (cell) say('a', pair(cell.query, cell.key));
  if (place.lens !== 'weight') say('l', place.lens);
  if (place.bare) say('b', '1');
  if (place.before && changes.length > 0) say('v', 'before');
  if (place.reach !== 'rollout') say('r', place.reach);
  if (model !== null) say('m', model);
  if (beside !== null) say('n', beside);
  if (besideHead) say('nh', headed(besideHead));
  if (other !== null && linked(other)) say('c', other.toWellFormed());
  const question = part === 'my-library' ? (lookup?.question ?? null) : null;
  const long = Object.entries({ s: text, c: other, k: question }).filter(
    ([, words]) => words !== null && !linked(words),
  );
  if (long.length > 0) say('long', long.map(([name]) => name).join(''));
  if (changes.length > 0) values.push(`e=${changes.map(writtenChange).join(',')}`);
  if (training && part === 'train') values.push(...writeTraining(training, checkpoint));
  if (lookup && part === 'my-library') values.push(...writeLookup(lookup));
  return `#/${place.language}/${part}${values.length > 0 ? `?${values.join('&')}` : ''}`;
}

const index = (text: string | null): number | null => (text !== null && /^\d{1,6}$/.test(text) ? Number(text) : null);

function indices(text: string | null): readonly [number, number] | null {
  const [a, b] = (text ?? '').split('.').map(index);
  return typeof a === 'number' && typeof b === 'number' ? [a, b] : null;
}
const named = (text: string | null): string | null => (text !== null && namesModel(text) ? text : null);
function headAt(text: string | null): Place['head'] {
  const found = indices(text);
  return found && { layer: found[0], head: found[1] };
}
function cellAt(text: string | null): Place['cell'] {
  const found = indices(text);
  return found && { query: found[0], key: found[1] };
}

/** Texts that an address was too short for, where whoever reads it still has them. */
export interface LongTexts {
  readonly text?: string;
  readonly other?: string | null;
  readonly lookup?: { readonly question: string | null };
}

/** An address in its pieces. */
interface Pieces {
  readonly path: readonly string[];
  readonly part: Part | null;
  /** What can be read as text, each name once. */
  readonly found: URLSearchParams;
  /** What cannot: a name that came before, or letters that are damaged. */
  readonly lost: readonly string[];
}

function piecesOf(hash: string): Pieces {
  const [, whole = '', values = ''] = /^#?\/?([^?]*)\??(.*)$/s.exec(hash) ?? [];
  const path = whole.split('/').filter((step) => step !== '');
  const [found, lost] = [new URLSearchParams(), [] as string[]];
  for (const written of values.split('&').filter((each) => each !== '')) {
    // Of a list of changes those that can be read are kept.
    const [bad, good] = written.startsWith('e=') ? sorted(written.slice(2).split(',')) : [[], null];
    lost.push(...bad.map((each) => `e=${each}`));
    const whole = good === null ? written : `e=${good.join(',')}`;
    const [[name, value] = ['', '']] = new URLSearchParams(whole);
    if (found.has(name) || isDamaged(whole)) lost.push(whole);
    else found.set(name, value);
  }
  return { path, part: [...parts, ...rooms].find((each) => each === path[1]) ?? null, found, lost };
}

/** Those that are damaged, and the others. */
const sorted = (list: readonly string[]): [readonly string[], readonly string[]] => [
  list.filter(isDamaged),
  list.filter((each) => !isDamaged(each)),
];

/** A letter of which bytes are missing comes back as the sign for that, which was not written. */
const isDamaged = (written: string): boolean =>
  new URLSearchParams(written).toString().includes('%EF%BF%BD') && !/%EF%BF%BD|\uFFFD/i.test(written);

/** What cannot be read falls back to `fallback`'s language, the first part, the story's sentence and the defaults. */
export function fromHash(hash: string, fallback: Language, longTexts: LongTexts = {}): Place {
  const { path, part, found } = piecesOf(hash);
  const [language] = path;
  const long = found.get('long') ?? '';
  return {
    language: language === 'en' || language === 'ko' ? language : fallback,
    part: part ?? 'opening',
    text: found.get('s') ?? (long.includes('s') ? longTexts.text : undefined) ?? storySentence,
    query: index(found.get('q')),
    head: headAt(found.get('h')),
    unit: found.get('u') === 'token' ? 'token' : 'word',
    cell: cellAt(found.get('a')),
    other: found.get('c') ?? (long.includes('c') ? longTexts.other : undefined) ?? null,
    lens: lensNames.find((name) => name === found.get('l')) ?? 'weight',
    bare: found.get('b') === '1',
    before: found.get('v') === 'before',
    reach: reachNames.find((name) => name === found.get('r')) ?? 'rollout',
    model: named(found.get('m')),
    beside: named(found.get('n')),
    besideHead: headAt(found.get('nh')),
    changes: (found.get('e') ?? '').split(',').flatMap(readChange),
    ...(part === 'train' && { training: readTraining(found), checkpoint: readCheckpoint(found) }),
    ...(part === 'my-library' && { lookup: lookupOf(found, longTexts) }),
  };
}

function lookupOf(found: URLSearchParams, { lookup }: LongTexts): Lookup {
  const read = readLookup(found);
  const question = read.question ?? (found.get('long')?.includes('k') ? lookup?.question : null) ?? null;
  return { ...read, question };
}

/** What each name of an address can say, in every part; the changes are read one by one. */
const readable: Readonly<Record<string, (text: string) => boolean>> = {
  s: () => true,
  c: () => true,
  e: () => true,
  q: (text) => index(text) !== null,
  h: (text) => headAt(text) !== null,
  nh: (text) => headAt(text) !== null,
  a: (text) => cellAt(text) !== null,
  u: (text) => text === 'token' || text === 'word',
  l: (text) => lensNames.some((each) => each === text),
  b: (text) => text === '0' || text === '1',
  v: (text) => text === 'before' || text === 'after',
  r: (text) => reachNames.some((each) => each === text),
  m: namesModel,
  n: namesModel,
  long: (text) => /^(?=.)s?c?k?$/.test(text),
};
/** Names that one room alone reads. */
const ofRoom: Partial<Record<Part, readonly string[]>> = { train: ['p', 'x', 'at'], 'my-library': ['k', 't', 'books'] };

/** What of an address `fromHash` cannot read and leaves out, as it was written: `e=zzz`, one by one of a list. */
export function unreadable(hash: string, longTexts: LongTexts = {}): string[] {
  const { path, part, found, lost } = piecesOf(hash);
  const [language, name, ...more] = path;
  const read = (name: string, text: string): boolean =>
    Object.hasOwn(readable, name) ? readable[name]!(text) : part !== null && ofRoom[part]?.includes(name) === true;
  const long = found.get('long') ?? '';
  return [
    ...(language === undefined || /^(ko|en)$/.test(language) ? [] : [language]),
    ...(name === undefined || part !== null ? [] : [name]),
    ...more,
    ...lost,
    ...[...found].filter(([name, text]) => !read(name, text)).map(([name, text]) => `${name}=${text}`),
    ...(found.get('e') ?? '')
      .split(',')
      .flatMap((each) => (each === '' || readChange(each).length > 0 ? [] : [`e=${each}`])),
    ...(part === 'train' ? unreadTraining(found) : []),
    ...(part === 'my-library' ? unreadLookup(found) : []),
    // A text that is too long for any address, in a window that does not have it.
    ...(long.includes('s') && !found.has('s') && longTexts.text === undefined ? ['long=s'] : []),
    ...(long.includes('c') && !found.has('c') && longTexts.other == null ? ['long=c'] : []),
    ...(long.includes('k') && !found.has('k') && longTexts.lookup?.question == null ? ['long=k'] : []),
  ];
}
