/** Events told twice in other words: what a verb is to know of its sentence, without being told where to look for it. */
import type { Random } from 'siseon/train';
import { questionWords } from './adverbs.ts';
import { drawLevel, drawSubject, type Event, invented, pick, pronouns, writeClause } from './clause.ts';
import type { Level } from './inflection.ts';
import type { Grammar } from './lexicon.ts';
import type { Frame } from './predicates.ts';
import { mayTellOf } from './relative.ts';
import type { Sentence } from './sentence.ts';
import { assemble, heldOutPair, mayTrain, writeTwoClauses } from './write.ts';

/** A sentence, and its verb of which the event is told. */
export interface Telling {
  readonly sentence: Sentence;
  readonly verb: number;
}

export interface Retelling {
  readonly told: Telling;
  readonly retold: Telling;
}

/** Two different words of a list that are none of the others; null where there are none. */
function two(draw: () => string, others: readonly string[]): [string, string] | null {
  const found: string[] = [];
  for (let tries = 0; tries < 20 && found.length < 2; tries++) {
    const drawn = draw();
    if (!found.includes(drawn) && !others.includes(drawn)) found.push(drawn);
  }
  return found.length === 2 ? [found[0]!, found[1]!] : null;
}

/**
 * Four events of one verb that differ in two things, two of each: most often who and what, else how. None of the four is
 * told by its verb and one other word alone.
 */
function fourEvents(random: Random, grammar: Grammar): Event[] {
  for (;;) {
    const frame = pick(random, grammar.verbs);
    const free = frame.objects.filter((object) => !heldOutPair(frame.predicate.stem, object));
    const strange = random() < 0.15;
    const objects = free.length > 1 ? two(() => (strange ? newNoun(random, frame) : pick(random, free)), []) : null;
    if (frame.objects.length > 0 && !objects) continue;
    const subjects = two(() => actor(random, frame), objects ?? []);
    if (!subjects) continue;
    const manners = frame.manners.length > 1 ? two(() => pick(random, frame.manners), []) : null;
    const draw = random();
    const how = manners && (!objects || draw < 0.4);
    const who = !how || !objects || draw < 0.2 ? subjects : subjects.slice(0, 1);
    const what = objects && (!how || draw >= 0.2) ? objects : (objects ?? [undefined]).slice(0, 1);
    return who.flatMap((subject) =>
      what.flatMap((object) =>
        (how ? manners : [undefined]).map((manner) => ({
          frame,
          subject,
          ...(object !== undefined && { object }),
          ...(manner !== undefined && { manner }),
        })),
      ),
    );
  }
}

/** A noun that no one knows, so that what it does has to be told from the rest. */
function newNoun(random: Random, frame: Frame): string {
  for (;;) {
    const noun = invented(random);
    if (!heldOutPair(frame.predicate.stem, noun)) return noun;
  }
}

/** Who acts in an event: now and then I, you, we, or someone asked for. */
function actor(random: Random, frame: Frame): string {
  if (!frame.subjects.includes('철수') || random() >= 0.15) return drawSubject(random, frame);
  return pick(random, [...Object.values(pronouns).map(({ stem }) => stem), questionWords.subject]);
}

/** How one speaks of the event: 저 politely, 너 among friends and in a question. */
function voice(random: Random, { subject }: Event): { readonly level: Level; readonly question: boolean } {
  const question = subject === questionWords.subject || subject === pronouns.you.stem || random() < 0.1;
  const drawn = drawLevel(random);
  const polite = drawn === 'polite' || drawn === 'formal';
  if (subject === pronouns.humble.stem) return { question, level: polite ? drawn : 'polite' };
  if (subject === pronouns.plain.stem || subject === pronouns.you.stem)
    return { question, level: polite ? 'casual' : drawn };
  return { question, level: drawn };
}

/** The event in a sentence of its own, beside another clause, or in a relative clause before its own object. */
function tell(random: Random, grammar: Grammar, event: Event): Telling {
  const { level, question } = voice(random, event);
  const simple = { level, tense: null } as const;
  const draw = random();
  const { object } = event;
  const outer =
    draw < 0.2 && object !== undefined
      ? grammar.framesOf.get(object)?.filter((frame) => mayTellOf(event.frame, frame))
      : undefined;
  if (outer && outer.length > 0 && object !== undefined) {
    const frame = pick(random, outer);
    const subject = drawSubject(random, frame, new Set([event.subject, object]));
    const sentence = assemble(
      random,
      writeClause(random, grammar, {
        ...simple,
        form: 'final',
        question,
        nested: false,
        frame,
        event: { frame, subject, object },
        aside: event,
      }),
    );
    return { sentence, verb: verbOf(sentence, event) };
  }
  if (draw < 0.5) {
    // Someone asked for in the first clause would make a question of the second.
    const first = !question && random() < 0.5;
    const together = random() < 0.2;
    const events = first ? [event] : [undefined, event];
    const sentence = writeTwoClauses(random, grammar, { level, question, together, events });
    return {
      sentence,
      verb: first ? sentence.clauses.find(({ form }) => form !== 'relative')!.verb : sentence.clauses.at(-1)!.verb,
    };
  }
  const sentence = assemble(
    random,
    writeClause(random, grammar, { ...simple, form: 'final', question, nested: false, frame: event.frame, event }),
  );
  return { sentence, verb: sentence.clauses.at(-1)!.verb };
}

/** The verb of the relative clause that tells an event. */
const verbOf = ({ clauses }: Sentence, event: Event): number =>
  clauses.find(({ form, frame }) => form === 'relative' && frame === event.frame.predicate.stem)!.verb;

/** The event and nothing else but a word or two, in a sentence of its own. */
function retell(random: Random, grammar: Grammar, event: Event): Telling {
  const sentence = assemble(
    random,
    writeClause(random, grammar, {
      form: 'final',
      frame: event.frame,
      ...voice(random, event),
      tense: null,
      nested: true,
      event,
    }),
  );
  return { sentence, verb: sentence.clauses.at(-1)!.verb };
}

/** So many events of the training part, four of each verb, each told twice. */
export function writeRetellings(random: Random, grammar: Grammar, count: number): Retelling[] {
  const found: Retelling[] = [];
  while (found.length < count) {
    const four = fourEvents(random, grammar).map((event) => {
      for (let tries = 0; tries < 20; tries++) {
        const [told, retold] = [tell(random, grammar, event), retell(random, grammar, event)];
        if (mayTrain(told.sentence) && mayTrain(retold.sentence)) return { told, retold };
      }
      return null;
    });
    for (const retelling of four) if (retelling && found.length < count) found.push(retelling);
  }
  return found;
}
