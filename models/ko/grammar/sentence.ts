/** What a word does in its sentence. */
export type Role =
  | 'subject'
  | 'object'
  | 'verb'
  | 'manner'
  | 'time'
  | 'place'
  | 'recipient'
  | 'instrument'
  | 'adjective'
  | 'other';

/** One word of a sentence, with what it does there. */
export interface GrammarWord {
  /** The word as written, particles, endings and any final punctuation attached. */
  text: string;
  role: Role;
  /** The noun, adverb or dictionary stem (without -다) that the word is a form of. */
  stem: string;
  /** Index of the word that this one belongs to: the predicate, or an adjective's noun; null for the predicate. */
  head: number | null;
}

/** One sentence: its words joined by single spaces. The last word is always the predicate. */
export interface Sentence {
  text: string;
  words: GrammarWord[];
  /** Dictionary form of the verb or adjective whose frame the sentence was written from (먹다 for 드셨다 too). */
  verbFrame: string;
}
