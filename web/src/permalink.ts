/**
 * A place on the page as an address and back. It stands behind the #, so that no server, not even the page's own, is
 * ever sent the sentence.
 */
import type { Language } from 'siseon/views';
import type { Change } from './engine/change.ts';
import { type LensName, lensNames } from './engine/lens.ts';
import type { Unit } from './engine/squares.ts';
import { readChange, writtenChange } from './explore/written.ts';
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
  /** The measure through which "Explore" shows its squares. */
  readonly lens: LensName;
  /** Its squares leave out separators and the first token. */
  readonly bare: boolean;
  /** The hub's name of the model that the place was seen through; null: the page's own, or one that no address can name. */
  readonly model: string | null;
  /** The hub's name of the model that stands beside it, or `shippedName` of the page's own; null: none, or one that no address can name. */
  readonly beside: string | null;
  /** The head that is seen of that one; null: the same as of the first. */
  readonly besideHead: { readonly layer: number; readonly head: number } | null;
  /** Of the rooms "Train" and "Library" alone: elsewhere absent from the address, and left as it was. */
  readonly training?: Training;
  readonly lookup?: Lookup;
}

/** Longer sentences are not put into the address. */
export const longestText = 2000;

export function toHash(place: Place): string {
  const {
    language,
    part,
    text,
    query,
    head,
    unit,
    other,
    changes,
    lens,
    bare,
    model,
    beside,
    besideHead,
    training,
    lookup,
  } = place;
  const values: string[] = [];
  if (text !== storySentence && text.length <= longestText) values.push(`s=${encodeURIComponent(text.toWellFormed())}`);
  if (query !== null) values.push(`q=${query}`);
  if (head) values.push(`h=${head.layer}.${head.head}`);
  if (unit === 'token') values.push('u=token');
  if (lens !== 'weight') values.push(`l=${lens}`);
  if (bare) values.push('b=1');
  if (model !== null) values.push(`m=${encodeURIComponent(model)}`);
  if (beside !== null) values.push(`n=${encodeURIComponent(beside)}`);
  if (besideHead) values.push(`nh=${besideHead.layer}.${besideHead.head}`);
  if (other !== null && other.length <= longestText) values.push(`c=${encodeURIComponent(other.toWellFormed())}`);
  if (changes.length > 0) values.push(`e=${changes.map(writtenChange).join(',')}`);
  if (training && part === 'train') values.push(...writeTraining(training));
  if (lookup && part === 'my-library') values.push(...writeLookup(lookup));
  return `#/${language}/${part}${values.length > 0 ? `?${values.join('&')}` : ''}`;
}

const index = (text: string | null): number | null => (text !== null && /^\d{1,6}$/.test(text) ? Number(text) : null);

function headAt(text: string | null): Place['head'] {
  const [layer, head] = (text ?? '').split('.').map(index);
  return typeof layer === 'number' && typeof head === 'number' ? { layer, head } : null;
}

/** What cannot be read falls back to `fallback`'s language, the first part, the story's sentence and the defaults. */
export function fromHash(hash: string, fallback: Language): Place {
  const [path = '', values = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [language, name] = path.split('/');
  const part = [...parts, ...rooms].find((each) => each === name) ?? 'opening';
  const found = new URLSearchParams(values);
  return {
    language: language === 'en' || language === 'ko' ? language : fallback,
    part,
    text: found.get('s') ?? storySentence,
    query: index(found.get('q')),
    head: headAt(found.get('h')),
    unit: found.get('u') === 'token' ? 'token' : 'word',
    other: found.get('c'),
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
