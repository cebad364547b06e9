/** Words of the interface around words of the visitor. */
import { type Language, particle } from 'siseon/views';

/** A word with the Korean particle that follows it; in English the word alone. */
export const josa = (word: string, kind: Parameters<typeof particle>[1], language: Language): string =>
  language === 'ko' ? `‘${word}’${particle(word, kind)}` : `“${word}”`;
