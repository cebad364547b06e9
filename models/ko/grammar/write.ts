/** Writes sentences with their words' roles, and divides them into parts. */
import { type Random, seededRandom } from 'siseon/train';
import { drawLevel, type Event, pick, writeClause } from './clause.ts';
import type { Draft, Written } from './draft.ts';
import type { Level, Tense } from './inflection.ts';
import { type Grammar, korean } from './lexicon.ts';
import type { Frame } from './predicates.ts';
import type { Sentence } from './sentence.ts';

export type Split = 'train' | 'development' | 'test';

/** FNV-1a with a final mix, so that any bits of it may be used to divide. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  return (state ^ (state >>> 13)) >>> 0;
}

/** What a sentence is, whatever the order of its words and its final mark. */
export const bagOf = ({ words }: Sentence): string =>
  words
    .map(({ text }) => text.replace(/[.?]$/, ''))
    .sort()
    .join(' ');

/** Sentences of the same words fall into one part: 90% train, 5% development, 5% test. */
export function splitOf(sentence: Sentence): Split {
  const part = hash(bagOf(sentence)) % 100;
  return part < 90 ? 'train' : part < 95 ? 'development' : 'test';
}

/** A tenth of the verb–noun pairs that the frames allow is kept from training. */
export const heldOutPair = (verb: string, noun: string): boolean =>
  hash(`${verb}·${noun}`) % 10 === 0 && !(verb === '먹' && noun === '사과');

/** Whether a clause's verb and object are a pair kept from training. */
export const holdsUnseenPair = ({ words, clauses }: Sentence): boolean =>
  clauses.some(({ frame, roles }) => roles.object !== undefined && heldOutPair(frame, words[roles.object]!.stem));

/** The story's sentence in any order and with any particles and endings: never trained on. */
export const isStory = ({ words }: Sentence): boolean =>
  ['철수', '사과', '맛있게', '먹'].every((stem) => words.some((word) => word.stem === stem));

/** Whether a sentence may be trained on: in the training part, not the story's, no verb–noun pair held out. */
export const mayTrain = (sentence: Sentence): boolean =>
  splitOf(sentence) === 'train' && !isStory(sentence) && !holdsUnseenPair(sentence);

/** One sentence of the grammar: a clause with a verb or an adjective, or two joined by -고 or -면서. */
export function writeSentence(random: Random, grammar: Grammar = korean): Sentence {
  const level = drawLevel(random);
  const question = random() < 0.12;
  const kind = random();
  const simple = { level, question, nested: false, tense: null } as const;
  if (kind < 0.08)
    return assemble(
      random,
      writeClause(random, grammar, { ...simple, form: 'final', frame: pick(random, grammar.adjectives) }),
    );
  if (kind < 0.78)
    return assemble(
      random,
      writeClause(random, grammar, { ...simple, form: 'final', frame: pick(random, grammar.verbs) }),
    );

  return writeTwoClauses(random, grammar, { level, question, together: kind > 0.93 });
}

/** Two clauses joined by -고 or -면서; the first or the second may be told to say a given event. */
export function writeTwoClauses(
  random: Random,
  grammar: Grammar,
  {
    level,
    question,
    together,
    events = [],
  }: {
    readonly level: Level;
    readonly question: boolean;
    readonly together: boolean;
    readonly events?: readonly (Event | undefined)[];
  },
): Sentence {
  const [one, two] = events;
  const used = new Set(
    events.flatMap((event) => (event ? [event.subject, event.object] : [])).filter((noun) => noun !== undefined),
  );
  const { frames: drawn, atOnce } = twoFrames(random, grammar, together, [one?.frame, two?.frame], one?.subject);
  const [firstFrame, secondFrame] = drawn;
  // What is a state is not foretold.
  const state = drawn.some(({ aspect }) => aspect === 'state');
  const tense: Tense = pick(
    random,
    state ? (['past', 'present'] as const) : (['past', 'past', 'present', 'future'] as const),
  );
  const simple = { level, nested: true, tense, used } as const;
  const contrasted = !atOnce && random() < 0.3;
  const first = writeClause(random, grammar, {
    ...simple,
    form: atOnce ? 'while' : 'and',
    frame: firstFrame,
    question: false,
    contrasted,
    ...(one && { event: one }),
  });
  const subject = first.clauses.at(-1)!.roles.get('subject')?.stem ?? null;
  const shared =
    !two && (atOnce || (!contrasted && subject !== null && secondFrame.subjects.includes(subject) && random() < 0.6));
  const second = writeClause(random, grammar, {
    ...simple,
    form: 'final',
    frame: secondFrame,
    question,
    contrasted: contrasted && !shared,
    ...(shared && { subject }),
    ...(two && { event: two }),
  });
  first.clauses.at(-1)!.verb.head = second.clauses.at(-1)!.verb;
  return assemble(random, {
    drafts: [...first.drafts, ...second.drafts],
    clauses: [...first.clauses, ...second.clauses],
  });
}

/** Two different frames; done at once only where they take up different parts of a person, and one subject fits both. */
function twoFrames(
  random: Random,
  grammar: Grammar,
  together: boolean,
  [one, two]: readonly (Frame | undefined)[],
  subject?: string,
): { frames: readonly [Frame, Frame]; atOnce: boolean } {
  const goTogether = (a: Frame, b: Frame): boolean =>
    a.channel !== undefined &&
    b.channel !== undefined &&
    a.channel !== b.channel &&
    !notAtOnce.some(
      ([first, second]) => [a.channel, b.channel].includes(first) && [a.channel, b.channel].includes(second),
    );
  for (let tries = 0; together && !two && tries < 60; tries++) {
    const first = one ?? pick(random, grammar.personal);
    const second = pick(random, grammar.personal);
    if (!goTogether(first, second) || (subject !== undefined && !second.subjects.includes(subject))) continue;
    // Whoever does the one does the other: no baby sweeps the floor while it eats.
    const both = (nouns: readonly string[]): string[] => nouns.filter((noun) => second.subjects.includes(noun));
    const shared = { ...first, subjects: both(first.subjects), agents: both(first.agents) };
    return { frames: [shared, second], atOnce: true };
  }
  for (;;) {
    const first = one ?? pick(random, two && grammar.personal.includes(two) ? grammar.personal : grammar.verbs);
    // People beside people: 형은 책을 읽고 에어컨은 고장났다 would say nothing.
    const second = two ?? pick(random, grammar.personal.includes(first) ? grammar.personal : grammar.verbs);
    if (second !== first) return { frames: [first, second], atOnce: false };
  }
}
/** No one works while walking, rests at work, or walks while resting. */
const notAtOnce = [
  ['hands', 'legs'],
  ['hands', 'resting'],
  ['legs', 'resting'],
  ['legs', 'waiting'],
  ['hands', 'waiting'],
  ['waiting', 'resting'],
  ['reading', 'hands'],
  ['reading', 'legs'],
  ['eyes', 'legs'],
  ['reading', 'eyes'],
  ['ears', 'eyes'],
  ['ears', 'reading'],
] as const;

/** Gives every word its place, and the last one its mark. */
export function assemble(random: Random, { drafts, clauses }: Written): Sentence {
  const last = drafts.at(-1)!;
  const verb = clauses.at(-1)!.verb;
  const asked = drafts.some(({ text }) => text.endsWith('?'));
  for (const draft of drafts) draft.text = draft.text.replace('?', '');
  if (asked) last.text += '?';
  else if (random() < 0.15) last.text += '.';
  const places = new Map(drafts.map((draft, index) => [draft, index] as const));
  const place = (draft: Draft): number => places.get(draft)!;
  return {
    text: drafts.map(({ text }) => text).join(' '),
    words: drafts.map(({ text, role, stem, head }) => ({ text, role, stem, head: head === null ? null : place(head) })),
    clauses: clauses.map(({ verb: own, frame, form, roles }) => ({
      verb: place(own),
      frame: frame.predicate.stem,
      kind: frame.kind,
      form: own === verb ? 'final' : form,
      roles: Object.fromEntries([...roles].map(([role, draft]) => [role, place(draft)])),
    })),
  };
}

/** Draws one sentence of the training part. */
export function writeTrainingSentence(random: Random, grammar: Grammar = korean): Sentence {
  for (;;) {
    const sentence = writeSentence(random, grammar);
    if (mayTrain(sentence)) return sentence;
  }
}

/** So many different sentences of one part that pass the test given, from a seed. Another order of the same words is not different. */
export function writeSentences({
  seed,
  count,
  split,
  grammar = korean,
  where = () => true,
}: {
  readonly seed: number;
  readonly count: number;
  readonly split: Split;
  readonly grammar?: Grammar;
  readonly where?: (sentence: Sentence) => boolean;
}): Sentence[] {
  const random = seededRandom(seed);
  const found = new Map<string, Sentence>();
  while (found.size < count) {
    const sentence = writeSentence(random, grammar);
    const fits = split === 'train' ? mayTrain(sentence) : splitOf(sentence) === split && !isStory(sentence);
    if (fits && where(sentence)) found.set(bagOf(sentence), sentence);
  }
  return [...found.values()];
}
