/** What a Korean text is made from, and how its words are put. */
import { particle } from '../views/language.ts';
import { phrase, said } from './phrase.ts';

export interface Said {
  readonly details: Readonly<Record<string, unknown>>;
  readonly what: string;
  readonly expected: string;
  readonly got: string;
  readonly next: string;
  /** The system's code of what went wrong with a file. */
  readonly system: string | undefined;
}
export type Text = (said: Said) => string;
export type Texts = Readonly<Record<string, Text>>;

/** Bytes as people write them, in powers of 1000. */
export const size = (bytes: unknown): string => {
  const count = Number(bytes);
  return count >= 1e9 ? `${(count / 1e9).toFixed(1)}GB` : `${(count / 1e6).toFixed(count < 1e8 ? 1 : 0)}MB`;
};
export const list = (value: unknown): string => (Array.isArray(value) ? value : []).join(', ');
/** A word with its particle. */
export const with_ = (word: unknown, kind: Parameters<typeof particle>[1]): string =>
  `${word}${particle(`${word}`, kind)}`;
/** "0 to 5" as Korean says it; a lone "0" too. */
export const range = (expected: string): string => {
  const [, from, to] = /^(\d+) to (\d+)/.exec(expected) ?? [];
  return from === undefined ? `${expected}만 있어요` : `${from}부터 ${to}까지예요`;
};
/** The number in "at most 16 tokens". */
export const count = (expected: string): string => /\d+/.exec(expected)?.[0] ?? '1';
/** A sentence in Korean, closed. */
const sentence = (english: string): string => {
  const korean = said(english);
  return /[.?]$/.test(korean) ? korean : `${korean}.`;
};
/** What should have been there and what was, in brackets behind a sentence; nothing where neither is said. */
export const contrast = ({ expected, got }: Pick<Said, 'expected' | 'got'>): string => {
  const halves = [expected && `있어야 할 것: ${said(expected)}`, got && `있는 것: ${said(got)}`].filter(Boolean);
  return halves.length > 0 ? ` (${halves.join('. ')}.)` : '';
};
/** What the reader of a file found, where it is told in words of ours: those of other programs are English. */
export const found = ({ details, what }: Said, otherwise: string): string =>
  `${phrase(`${details.problem ?? what}`) ?? otherwise}.`;
export const next = (said_: Said, otherwise: string): string => phrase(said_.next) ?? otherwise;

export const outOf =
  (name: string): Text =>
  ({ details: d }) =>
    `${with_(`${name} ${d.index}`, '이')} 없어요: 0부터 ${d.last}까지예요.`;
export const damaged =
  (format: string, way: string): Text =>
  (one) =>
    `${one.details.file ?? '파일'}: 읽을 수 있는 ${format} 파일이 아니에요. ${found(one, '내용이 규격에 맞지 않아요')} ${next(one, way)}`;
/** What went wrong, then what fits and what came. */
export const misused =
  (opening: string): Text =>
  (one) =>
    `${opening} ${sentence(one.what)}${contrast(one)}`;
