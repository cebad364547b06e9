/**
 * A place on the page as an address and back. It stands behind the #, so that no server, not even the page's own, is
 * ever sent the sentence.
 */
import type { Language } from 'siseon/views';
import { type Part, parts } from './parts.ts';

export const storySentence = '철수가 사과를 맛있게 먹었다';

export interface Place {
  readonly language: Language;
  readonly part: Part;
  readonly text: string;
  /** Index of the word that asks; null: the sentence's own default. */
  readonly query: number | null;
  /** null: the model's own default view. */
  readonly head: { readonly layer: number; readonly head: number } | null;
}

/** Longer sentences are not put into the address. */
export const longestText = 2000;

export function toHash({ language, part, text, query, head }: Place): string {
  const values: string[] = [];
  if (text !== storySentence && text.length <= longestText) values.push(`s=${encodeURIComponent(text.toWellFormed())}`);
  if (query !== null) values.push(`q=${query}`);
  if (head) values.push(`h=${head.layer}.${head.head}`);
  return `#/${language}/${part}${values.length > 0 ? `?${values.join('&')}` : ''}`;
}

const index = (text: string | null): number | null => (text !== null && /^\d{1,6}$/.test(text) ? Number(text) : null);

/** What cannot be read falls back to `fallback`'s language, the first part, the story's sentence and the defaults. */
export function fromHash(hash: string, fallback: Language): Place {
  const [path = '', values = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [language, part] = path.split('/');
  const found = new URLSearchParams(values);
  const [layer, head] = (found.get('h') ?? '').split('.').map(index);
  return {
    language: language === 'en' || language === 'ko' ? language : fallback,
    part: parts.find((name) => name === part) ?? 'opening',
    text: found.get('s') ?? storySentence,
    query: index(found.get('q')),
    head: typeof layer === 'number' && typeof head === 'number' ? { layer, head } : null,
  };
}
