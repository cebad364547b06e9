/** A sentence before its words have their places. */

import type { Frame } from './predicates.ts';
import type { Clause, Role } from './sentence.ts';

/** A word before it has its place in the sentence. */
export interface Draft {
  text: string;
  readonly role: Role;
  readonly stem: string;
  head: Draft | null;
}

export interface DraftClause {
  readonly verb: Draft;
  readonly frame: Frame;
  readonly form: Clause['form'];
  readonly roles: Map<Role, Draft>;
}

/** Words in their order and the clauses that they make, inner ones first. */
export interface Written {
  readonly drafts: Draft[];
  readonly clauses: DraftClause[];
}
