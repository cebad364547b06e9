/** What errors say in Korean, in the terminal and on the page: each code once, from the facts that the error brings. */
import type { SiseonError } from '../platform/index.ts';
import { callers } from './errors/callers.ts';
import { models } from './errors/models.ts';
import { runs } from './errors/runs.ts';
import { texts } from './errors/texts.ts';
import { said } from './phrase.ts';
import type { Texts } from './said.ts';

const all: Texts = { ...texts, ...models, ...runs, ...callers };

/** An error as facts, which may have come from another thread. */
export type ErrorFacts = Pick<SiseonError, 'code' | 'details' | 'parts'> & { readonly cause?: unknown };

/** The error in Korean; undefined for codes that are not this package's. */
export function koreanText({ code, details, parts, cause }: ErrorFacts): string | undefined {
  const system = (cause as { code?: unknown } | undefined)?.code;
  const { what, expected = '', got = '', next = '' } = parts;
  return all[code]?.({ details, what, expected, got, next, system: typeof system === 'string' ? system : undefined });
}

/** A half of an error, such as `details.problem`, in Korean; names and numbers as they are. */
export const koreanPhrase = (english: string): string => said(english);

export const koreanCodes: readonly string[] = Object.keys(all);
