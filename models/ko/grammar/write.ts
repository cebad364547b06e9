/** Writes sentences with their words' roles. */
import { type Random, seededRandom } from 'siseon/train';
import { attach, type Conjugation, inflect, type Level, type Particle, type Tense } from './inflection.ts';
import { honoured, offer, people, places, times, type VerbFrame, verbs } from './lexicon.ts';
import type { GrammarWord, Role, Sentence } from './sentence.ts';

export type Split = 'train' | 'development' | 'test';

const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)]!;

/** FNV-1a with a final mix, so that any bits of it may be used to divide. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  return (state ^ (state >>> 13)) >>> 0;
}

/** Sentences of the same words in any order fall into one part: 90% train, 5% development, 5% test. */
export function splitOf({ words }: Sentence): Split {
  const part =
    hash(
      words
        .map(({ text }) => text)
        .sort()
        .join(' '),
    ) % 100;
  return part < 90 ? 'train' : part < 95 ? 'development' : 'test';
}

/** The same sentence with its full stop put or taken away. */
function otherSpelling(sentence: Sentence): Sentence {
  const words = sentence.words.map((word, index) =>
    index < sentence.words.length - 1
      ? word
      : { ...word, text: word.text.endsWith('.') ? word.text.slice(0, -1) : `${word.text}.` },
  );
  return { ...sentence, text: words.map(({ text }) => text).join(' '), words };
}

/** A tenth of the verb–noun pairs that the frames allow is kept from training. */
export const heldOutPair = (verb: string, noun: string): boolean =>
  hash(`${verb}·${noun}`) % 10 === 0 && !(verb === '먹' && noun === '사과');

/** The story's sentence in any order and with any particles and endings: never trained on. */
export const isStory = ({ words }: Sentence): boolean =>
  ['철수', '사과', '맛있게', '먹'].every((stem) => words.some((word) => word.stem === stem));

const weighted: readonly VerbFrame[] = verbs.flatMap((frame) =>
  Array<VerbFrame>(Math.round((frame.weight ?? 1) * 2)).fill(frame),
);
const syllables =
  '가나다라마바사아자차카타파하고노도로모보소오조초거너더러머버서어저기니디리미비시이지구누두루무부수우주민진선현경영정성';

/** A noun that no one knows, so that the fallback of the vocabulary is exercised. */
const invented = (random: Random): string =>
  Array.from({ length: 2 + Math.floor(random() * 2) }, () => pick(random, [...syllables])).join('');

interface Part {
  readonly role: Role;
  readonly text: string;
  readonly stem: string;
}

/** One sentence. The verb stands last; what is before it stands in free order, most often subject first. */
export function writeSentence(random: Random): Sentence {
  const frame = pick(random, weighted);
  const subject =
    frame.agents && random() < 0.5 ? pick(random, frame.agents) : pick(random, random() < 0.4 ? honoured : people);
  const raised = honoured.includes(subject);
  const time = random() < 0.35 ? pick(random, times) : null;
  const tense: Tense =
    time && time.tense !== 'any' ? time.tense : pick(random, ['past', 'past', 'past', 'present', 'future'] as const);
  const level: Level = pick(random, ['plain', 'plain', 'plain', 'polite', 'casual'] as const);
  const noun = (known: string): string => (random() < 0.04 ? invented(random) : known);
  const parts: Part[] = [];
  const add = (role: Role, stem: string, particle: Particle): void =>
    void parts.push({ role, stem, text: attach(stem, particle) });

  const honours = raised && random() < 0.95;
  const subjectParticle: Particle = raised
    ? pick(random, ['께서', '께서', '가', '는'] as const)
    : pick(random, ['가', '가', '가', '가', '는', '는', random() < 0.5 ? '' : '가'] as const);
  add('subject', raised ? subject : noun(subject), subjectParticle);
  let conjugation: Conjugation = honours && frame.honorific ? frame.honorific : frame.verb;
  if (frame.kind === 'ditransitive') {
    const upwards = random() < 0.3;
    const recipient = pick(
      random,
      (upwards ? honoured : people).filter((person) => person !== subject),
    );
    add('recipient', recipient, upwards ? '께' : pick(random, ['에게', '한테'] as const));
    if (upwards && frame.verb.stem === '주') conjugation = offer;
  }
  const objects = frame.objects.filter((object) => object !== subject);
  if (objects.length > 0)
    add(
      'object',
      noun(pick(random, objects)),
      pick(random, ['를', '를', '를', '를', '를', '를', '를', '는', random() < 0.5 ? '' : '를'] as const),
    );
  if (random() < 0.4) {
    const manner = pick(random, frame.manners);
    parts.push({ role: 'manner', stem: manner, text: manner });
  }
  if (time) parts.push({ role: 'time', stem: time.stem, text: time.text });
  if (random() < 0.25) add('place', pick(random, places), '에서');

  const order: Role[] =
    random() < 0.5
      ? ['time', 'subject', 'place', 'recipient', 'object', 'manner']
      : random() < 0.5
        ? ['subject', 'time', 'place', 'recipient', 'manner', 'object']
        : [];
  const before =
    order.length > 0
      ? parts.toSorted((a, b) => order.indexOf(a.role) - order.indexOf(b.role))
      : shuffled(random, parts);
  const end = random() < 0.1 ? '.' : '';
  const verb = {
    role: 'verb' as const,
    stem: conjugation.stem,
    text: inflect(conjugation, { tense, level, honorific: honours }) + end,
  };
  const words = [...before, verb].map(
    (part, index): GrammarWord => ({ ...part, head: index === before.length ? null : before.length }),
  );
  return { text: words.map(({ text }) => text).join(' '), words, verbFrame: `${frame.verb.stem}다` };
}

function shuffled<T>(random: Random, list: readonly T[]): T[] {
  const copy = [...list];
  for (let last = copy.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [copy[last], copy[other]] = [copy[other]!, copy[last]!];
  }
  return copy;
}

/** Whether a sentence may be trained on: in the training part, not the story's, its verb–noun pair not held out. */
export function mayTrain(sentence: Sentence): boolean {
  const object = sentence.words.find(({ role }) => role === 'object');
  return (
    splitOf(sentence) === 'train' &&
    !isStory(sentence) &&
    !(object && heldOutPair(sentence.verbFrame.slice(0, -1), object.stem))
  );
}

/** Draws one sentence of the training part. */
export function writeTrainingSentence(random: Random): Sentence {
  for (;;) {
    const sentence = writeSentence(random);
    if (mayTrain(sentence)) return sentence;
  }
}

/**
 * So many different sentences of one part, from a seed. Another order of the same words is not different; and a sentence
 * for development or test is one whose other spelling, with or without a full stop, is not trained on either.
 */
export function writeSentences({
  seed,
  count,
  split,
}: {
  readonly seed: number;
  readonly count: number;
  readonly split: Split;
}): Sentence[] {
  const random = seededRandom(seed);
  const found = new Map<string, Sentence>();
  while (found.size < count) {
    const sentence = writeSentence(random);
    const fits =
      split === 'train'
        ? mayTrain(sentence)
        : splitOf(sentence) === split && splitOf(otherSpelling(sentence)) !== 'train' && !isStory(sentence);
    const bag = sentence.words.map(({ text }) => text.replace('.', '')).sort();
    if (fits) found.set(bag.join(' '), sentence);
  }
  return [...found.values()];
}
