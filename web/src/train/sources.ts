/** Where the texts of a training come from. */

import { writeText } from 'siseon/models/ko';
import { below, type Random } from 'siseon/train';
import { unseen } from 'siseon/views';
import { probeSentence, writeSentence } from '../training/sentences.ts';

export interface Source {
  /** One text for training, drawn at random. */
  readonly write: (random: Random) => string;
  /** A text in two parts that belong together; null where there is too little of it. */
  readonly halves: (text: string, random: Random) => readonly [string, string] | null;
  /** Texts that training never sees, in which what was learned is measured. */
  readonly heldOut: readonly string[];
  /** A text that training never sees, to begin looking with. */
  readonly example: string;
  /** Every word before this one is given and is not asked for; absent: any word may be hidden. */
  readonly askedAfter?: string;
}

const heldOutCount = 60;

/** Some of the words, drawn anew each time, and the others, both in their order. */
function halves(text: string, random: Random): readonly [string, string] | null {
  const words = text.split(' ');
  if (words.length < 2) return null;
  const chosen = new Set<number>();
  while (chosen.size < words.length >> 1) chosen.add(below(random, words.length));
  const of = (inside: boolean): string => words.filter((_, i) => chosen.has(i) === inside).join(' ');
  return [of(true), of(false)];
}

/** Holds some texts of a grammar back: they are drawn first, and whenever training draws one of them, it draws again. */
function fromGrammar(grammar: (random: Random) => string, seeded: Random, example?: string): Source {
  const heldOut = new Set<string>();
  while (heldOut.size < heldOutCount) heldOut.add(grammar(seeded));
  const write = (random: Random): string => {
    for (;;) {
      const text = grammar(random);
      if (!heldOut.has(text)) return text;
    }
  };
  const [first = ''] = heldOut;
  return { write, halves, heldOut: [...heldOut], example: example ?? first };
}

// Neither grammar writes the story's sentence, in any order.
export const smallSource = (seeded: Random): Source => fromGrammar(writeSentence, seeded, probeSentence);
export const koreanSource = (seeded: Random): Source => fromGrammar(writeText, seeded, probeSentence);

/** How many numbers are sorted. */
export const sortedCount = 5;
export const arrow = '>';

/** Five digits and the same digits sorted: `7 3 9 1 3 > 1 3 3 7 9`. To fill the right side in, a model has to look at the left. */
export function writeSorting(random: Random): string {
  const digits = Array.from({ length: sortedCount }, () => below(random, 10));
  return `${digits.join(' ')} ${arrow} ${digits.toSorted((a, b) => a - b).join(' ')}`;
}

export const sortingSource = (seeded: Random): Source => ({
  ...fromGrammar(writeSorting, seeded),
  halves: (text) => {
    const [left = '', right = ''] = text.split(` ${arrow} `);
    return [left, right];
  },
  askedAfter: arrow,
});

/** Words of a sentence beyond which it is cut: attention's cost grows with the square. */
const longestSentence = 24;

/** The sentences of a text: a line each, parted after full stops, question and exclamation marks; long ones in pieces. */
export function sentencesOf(text: string): string[] {
  const sentences: string[] = [];
  for (const line of text.split(/\r?\n|(?<=[.!?。！？…])\s+/)) {
    const words = line.split(/\s+/).filter((word) => !unseen(word));
    for (let i = 0; i < words.length; i += longestSentence)
      sentences.push(words.slice(i, i + longestSentence).join(' '));
  }
  return sentences;
}

/** One's own sentences, of which every tenth different one (at most 60) is held back wherever it stands. */
export function ownSource(sentences: readonly string[], seeded: Random): Source {
  const different = [...new Set(sentences)];
  const count = Math.max(1, Math.min(heldOutCount, Math.floor(different.length / 10)));
  const heldOut = new Set<string>();
  while (heldOut.size < count) heldOut.add(different[below(seeded, different.length)]!);
  const rest = sentences.filter((sentence) => !heldOut.has(sentence));
  const [example = ''] = heldOut;
  return { write: (random) => rest[below(random, rest.length)]!, halves, heldOut: [...heldOut], example };
}
