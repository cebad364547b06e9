/** Words of the interface around words of the visitor. */
import { caption, joined, type Language, particle } from 'siseon/views';
import { numeral } from './numerals.ts';
import * as m from './paraglide/messages.js';

/** A size as the page says it, in powers of 1000: megabytes, from a thousand of them on gigabytes. */
export const sized = (bytes: number, language: Language): string => {
  const megabytes = bytes / 1e6;
  const number =
    bytes < 1e5
      ? megabytes.toPrecision(1)
      : bytes < 1e9
        ? megabytes.toFixed(bytes < 1e7 ? 1 : 0)
        : (megabytes / 1e3).toFixed(1);
  return `${number}${language === 'ko' ? '' : '\u00a0'}${bytes < 1e9 ? 'MB' : 'GB'}`;
};

/** Enough of a text to know it by. */
export const shortened = (text: string, letters = 40): string =>
  text.length > letters ? `${text.slice(0, letters)}…` : text;

type Kind = Parameters<typeof particle>[1];

/** The Korean particle that follows a word or number; nothing in English. */
export const suffix = (word: string, kind: Kind, language: Language): string =>
  language === 'ko' ? particle(word, kind) : '';

/** A word in quotation marks. */
export const quoted = (word: string, language: Language): string => (language === 'ko' ? `‘${word}’` : `“${word}”`);

/** A word in quotation marks, in Korean with the particle that follows it. */
export const josa = (word: string, kind: Kind, language: Language): string =>
  language === 'ko' ? joined(`${quoted(word, language)}${particle(word, kind)}`) : quoted(word, language);

/** The picture read aloud; no line parts the layer from its head, nor a word's number from what it counts. */
export const read = (look: Parameters<typeof caption>[0], language: Language): string =>
  joined(caption(look, language, 'friendly', numeral)).replace(/\([^()]*\)\.$|\((?:단어|word) \d+\)/g, (place) =>
    place.replaceAll(' ', '\u00a0'),
  );

const questions: readonly (readonly [RegExp, () => string])[] = [
  [/.(에게|한테|께)$/, m.asked_whom],
  [/.에서$/, m.asked_where],
  [/.(가|께서|(?<!많|같|깊|높|굳|깨끗|일찍)이)$/, m.asked_who],
  [/.(을|를)$/, m.asked_what],
  [/.(게|히)$/, m.asked_how],
];

/** The question that a Korean word answers, read off its last syllables; null where they do not tell. */
export const askedBy = (word: string): string | null =>
  questions.find(([ending]) => ending.test(word.normalize('NFC')))?.[1]() ?? null;
