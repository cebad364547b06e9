/** Words of the interface around words of the visitor. */
import { type Language, particle } from 'siseon/views';

type Kind = Parameters<typeof particle>[1];

/** The Korean particle that follows a word or number; nothing in English. */
export const suffix = (word: string, kind: Kind, language: Language): string =>
  language === 'ko' ? particle(word, kind) : '';

/** A word in quotation marks, in Korean with the particle that follows it. */
export const josa = (word: string, kind: Kind, language: Language): string =>
  language === 'ko' ? `‘${word}’${particle(word, kind)}` : `“${word}”`;
