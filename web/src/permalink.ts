/**
 * A place on the page as an address and back. It stands behind the #, so that no server, not even the page's own, is
 * ever sent the sentence.
 */
import type { Language } from 'siseon/views';
import type { Change } from './engine/change.ts';
import { type LensName, lensNames } from './engine/lens.ts';
import type { Unit } from './engine/squares.ts';
import { readChange, writtenChange } from './explore/written.ts';
import { type Lookup, readLookup, unreadLookup, writeLookup } from './library/address.ts';
import { type Part, parts, rooms } from './parts.ts';
import { readTraining, type Training, writeTraining } from './train/address.ts';
import { writeSettings } from './train/settings.ts';

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
  /** The model that the place was seen through, as `modelAddress.ts` writes it; null: the page's own. */
  readonly model: string | null;
  /** The model that stands beside it, `shippedName` for the page's own; null: none. */
  readonly beside: string | null;
  /** The head that is seen of that one; null: the same as of the first. */
  readonly besideHead: { readonly layer: number; readonly head: number } | null;
  /** Of the rooms "Train" and "Library" alone: elsewhere absent from the address, and left as it was. */
  readonly training?: Training;
  readonly lookup?: Lookup;
}

/** Longer sentences are not put into the address, which says so in their place. */
export const longestText = 2000;
const linked = (text: string): boolean => text.length <= longestText;

const pair = (a: number, b: number): string => `${a}.${b}`;
const headed = ({ layer, head }: NonNullable<Place['head']>): string => pair(layer, head);

/** The address of a place, or of the same in another part. */
export function toHash(place: Place, part = place.part): string {
  const { text, head, cell, other, changes, model, beside, besideHead, training, lookup } = place;
  const values: string[] = [];
  const say = (name: string, words: string): void => void values.push(`${name}=${encodeURIComponent(words)}`);
  if (text !== storySentence && linked(text)) say('s', text.toWellFormed());
  if (place.query !== null) say('q', `${place.query}`);
  if (head) say('h', headed(head));
  if (place.unit === 'token') say('u', 'token');
  if (cell) say('a', pair(cell.query, cell.key));
  if (place.lens !== 'weight') say('l', place.lens);
  if (place.bare) say('b', '1');
  if (model !== null) say('m', model);
  if (beside !== null) say('n', beside);
  if (besideHead) say('nh', headed(besideHead));
  if (other !== null && linked(other)) say('c', other.toWellFormed());
  const long = [linked(text) ? '' : 's', other === null || linked(other) ? '' : 'c'].join('');
  if (long !== '') say('long', long);
  if (changes.length > 0) values.push(`e=${changes.map(writtenChange).join(',')}`);
  if (training && part === 'train') values.push(...writeTraining(training));
  if (lookup && part === 'my-library') values.push(...writeLookup(lookup));
  return `#/${place.language}/${part}${values.length > 0 ? `?${values.join('&')}` : ''}`;
}

const index = (text: string | null): number | null => (text !== null && /^\d{1,6}$/.test(text) ? Number(text) : null);

function indices(text: string | null): readonly [number, number] | null {
  const [a, b] = (text ?? '').split('.').map(index);
  return typeof a === 'number' && typeof b === 'number' ? [a, b] : null;
}
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
}

/** What cannot be read falls back to `fallback`'s language, the first part, the story's sentence and the defaults. */
export function fromHash(hash: string, fallback: Language, longTexts: LongTexts = {}): Place {
  const [path = '', values = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [language, name] = path.split('/');
  const part = [...parts, ...rooms].find((each) => each === name) ?? 'opening';
  const found = new URLSearchParams(values);
  const long = found.get('long') ?? '';
  return {
    language: language === 'en' || language === 'ko' ? language : fallback,
    part,
    text: found.get('s') ?? (long.includes('s') ? longTexts.text : undefined) ?? storySentence,
    query: index(found.get('q')),
    head: headAt(found.get('h')),
    unit: found.get('u') === 'token' ? 'token' : 'word',
    cell: cellAt(found.get('a')),
    other: found.get('c') ?? (long.includes('c') ? longTexts.other : undefined) ?? null,
    lens: lensNames.find((name) => name === found.get('l')) ?? 'weight',
    bare: found.get('b') === '1',
    model: found.get('m'),
    beside: found.get('n'),
    besideHead: headAt(found.get('nh')),
    changes: (found.get('e') ?? '').split(',').flatMap(readChange),
    ...(part === 'train' && { training: readTraining(found) }),
    ...(part === 'my-library' && { lookup: readLookup(found) }),
  };
}

/** What of an address `fromHash` cannot read and leaves out, as it was written: `e=zzz`, one by one of a list. */
export function unreadable(hash: string): string[] {
  const [path = '', values = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [language = '', name = ''] = path.split('/');
  const found = new URLSearchParams(values);
  const lost: string[] = [];
  const check = (name: string, reads: (text: string) => boolean): void => {
    const text = found.get(name);
    if (text !== null && text !== '' && !reads(text)) lost.push(`${name}=${text}`);
  };
  if (path !== '' && !/^(ko|en)$/.test(language)) lost.push(language);
  if (name !== '' && ![...parts, ...rooms].some((each) => each === name)) lost.push(name);
  check('q', (text) => index(text) !== null);
  for (const head of ['h', 'nh']) check(head, (text) => headAt(text) !== null);
  check('a', (text) => cellAt(text) !== null);
  check('u', (text) => text === 'token' || text === 'word');
  check('b', (text) => text === '0' || text === '1');
  const changes = (found.get('e') ?? '').split(',').filter((each) => each !== '' && readChange(each).length === 0);
  lost.push(...changes.map((each) => `e=${each}`));
  if (name === 'train') check('p', (text) => writeSettings(readTraining(found).settings) === text);
  if (name !== 'my-library') check('l', (text) => lensNames.some((each) => each === text));
  else lost.push(...unreadLookup(found));
  return lost;
}
