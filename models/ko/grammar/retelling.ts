/** Events told twice in other words: what a verb is to know of its sentence, without being told where to look for it. */
import type { Random } from 'siseon/train';
import { drawLevel, drawSubject, type Event, pick, writeClause } from './clause.ts';
import type { Grammar } from './lexicon.ts';
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

/** Two subjects of one verb, each with two objects: none of the four is told by its verb, subject or object alone. */
function fourEvents(random: Random, grammar: Grammar): Event[] {
  for (;;) {
    const frame = pick(random, grammar.verbs);
    const objects = frame.objects.filter((object) => !heldOutPair(frame.predicate.stem, object));
    if (objects.length < 2) continue;
    const different = (draw: () => string, not: readonly string[]): string | null => {
      for (let tries = 0; tries < 20; tries++) {
        const drawn = draw();
        if (!not.includes(drawn)) return drawn;
      }
      return null;
    };
    const first = pick(random, objects);
    const second = different(() => pick(random, objects), [first]);
    const one = different(() => drawSubject(random, frame), [first, second!]);
    const other = different(() => drawSubject(random, frame), [first, second!, one!]);
    if (!second || !one || !other) continue;
    return [one, other].flatMap((subject) => [first, second].map((object) => ({ frame, subject, object })));
  }
}

/** The event in a sentence of its own, beside another clause, or in a relative clause before its own object. */
function tell(random: Random, grammar: Grammar, event: Event): Telling {
  const level = drawLevel(random);
  const question = random() < 0.1;
  const simple = { level, tense: null } as const;
  const draw = random();
  const outer =
    draw < 0.2 ? grammar.framesOf.get(event.object)?.filter((frame) => mayTellOf(event.frame, frame)) : undefined;
  if (outer && outer.length > 0) {
    const frame = pick(random, outer);
    const subject = drawSubject(random, frame, new Set([event.subject, event.object]));
    const sentence = assemble(
      random,
      writeClause(random, grammar, {
        ...simple,
        form: 'final',
        question,
        nested: false,
        frame,
        event: { frame, subject, object: event.object },
        aside: event,
      }),
    );
    return { sentence, verb: verbOf(sentence, event) };
  }
  if (draw < 0.5) {
    const first = random() < 0.5;
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
      level: drawLevel(random),
      tense: null,
      question: random() < 0.1,
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
