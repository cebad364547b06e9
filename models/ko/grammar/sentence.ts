/** What a word does in its clause. */
export type Role =
  | 'subject'
  | 'object'
  | 'verb'
  | 'manner'
  | 'time'
  | 'place'
  | 'recipient'
  | 'instrument'
  | 'modifier'
  | 'auxiliary';

/** One word of a sentence, with what it does there. */
export interface GrammarWord {
  /** The word as written, particles, endings and any final punctuation attached. */
  readonly text: string;
  readonly role: Role;
  /** The noun, adverb or dictionary stem (without -다) that the word is a form of. */
  readonly stem: string;
  /** Index of the word that this one belongs to; null for the predicate of the sentence. */
  readonly head: number | null;
}

/** A predicate and its words, by index; in a relative clause the noun that it stands before is among them. */
export interface Clause {
  readonly verb: number;
  /** Stem of the verb or adjective whose frame the clause was written from (먹 for 드셨다 too). */
  readonly frame: string;
  readonly kind: 'transitive' | 'ditransitive' | 'intransitive' | 'adjective';
  readonly form: 'final' | 'and' | 'while' | 'relative';
  readonly roles: Readonly<Partial<Record<Role, number>>>;
}

/** One sentence: its words joined by single spaces, and its clauses, that of the sentence's own predicate last. */
export interface Sentence {
  readonly text: string;
  readonly words: readonly GrammarWord[];
  readonly clauses: readonly Clause[];
}

export const sentenceClause = ({ clauses }: Sentence): Clause => clauses.at(-1)!;
