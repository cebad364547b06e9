/** The order of a clause's phrases: free before the predicate, within what a reader can still take apart. */
import type { Random } from 'siseon/train';
import { near, times } from './adverbs.ts';
import type { Draft } from './draft.ts';
import type { Role } from './sentence.ts';

/** A word with what stands before it. */
export interface Phrase {
  readonly role: Role;
  readonly drafts: readonly Draft[];
  /** Whether a relative clause stands in it. */
  readonly heavy: boolean;
}

const head = ({ drafts }: Phrase): Draft => drafts.at(-1)!;
const isTopic = (phrase: Phrase): boolean =>
  (phrase.role === 'subject' || phrase.role === 'object') && /[은는]$|^[전난넌]$|우린$/.test(head(phrase).text);
const isBare = (phrase: Phrase): boolean => head(phrase).text === head(phrase).stem;

/** Phrases in an order of their own; the usual one is who, when, where, what, how. */
export function inOrder(random: Random, phrases: readonly Phrase[], freedom: number): Phrase[] {
  const usual: Role[] =
    random() < 0.5
      ? ['time', 'subject', 'place', 'recipient', 'instrument', 'object', 'manner']
      : ['subject', 'time', 'place', 'recipient', 'manner', 'instrument', 'object'];
  const ordered =
    random() < freedom
      ? shuffled(random, phrases)
      : phrases.toSorted((a, b) => usual.indexOf(a.role) - usual.indexOf(b.role));
  const move = (phrase: Phrase | undefined, first: boolean): void => {
    if (!phrase) return;
    ordered.splice(ordered.indexOf(phrase), 1);
    ordered.splice(first ? 0 : ordered.length, 0, phrase);
  };
  // An object that is the topic comes first more often than not.
  if (random() < 0.6)
    move(
      ordered.find((phrase) => phrase.role === 'object' && isTopic(phrase)),
      true,
    );
  // What stands before a relative clause is heard with its verb: only a topic is safe there, a subject now and then.
  const heavy = ordered.findIndex((phrase) => phrase.heavy);
  const safe = (phrase: Phrase): boolean =>
    isTopic(phrase) || random() < (phrase.role === 'subject' ? 0.3 : phrase.role === 'object' ? 0.08 : 0);
  for (const phrase of ordered.slice(0, Math.max(heavy, 0)).filter((one) => !safe(one))) {
    ordered.splice(ordered.indexOf(phrase), 1);
    ordered.splice(ordered.findIndex((one) => one.heavy) + 1, 0, phrase);
  }
  if (random() < 0.9)
    move(
      ordered.find((phrase) => phrase.role === 'manner' && near.has(head(phrase).stem)),
      false,
    );
  // 빨리 귀여운 토끼를 잡았다 would be heard as very cute.
  const manner = ordered.findIndex(({ role }) => role === 'manner');
  const next = ordered[manner + 1];
  if (manner >= 0 && next && next.drafts[0] !== head(next)) ordered.splice(manner, 2, next, ordered[manner]!);
  // Without a particle the place says what a noun is: the object stands before the predicate, the subject first.
  move(
    ordered.find((phrase) => phrase.role === 'subject' && isBare(phrase)),
    true,
  );
  move(
    ordered.find((phrase) => phrase.role === 'object' && isBare(phrase)),
    false,
  );
  return ordered;
}

const timeTexts = new Set(times.map(({ text }) => text));
/** What may be added after the predicate in speech: a short phrase that its particle tells, or a time. */
export const mayComeLate = (phrase: Phrase): boolean =>
  phrase.drafts.length <= 2 &&
  (phrase.role === 'time'
    ? timeTexts.has(head(phrase).text)
    : (phrase.role === 'subject' || phrase.role === 'object' || phrase.role === 'place') && !isBare(phrase));

export function shuffled<T>(random: Random, list: readonly T[]): T[] {
  const copy = [...list];
  for (let last = copy.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [copy[last], copy[other]] = [copy[other]!, copy[last]!];
  }
  return copy;
}
