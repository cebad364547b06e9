/** The library in figures: questions from unseen templates, each held against tags of several topics. */
import { lookup } from 'siseon/lens';
import type { Model } from 'siseon/model';
import { libraryQuestions, sharesMorpheme } from '../grammar/topics.ts';

export interface LibraryFigures {
  readonly right: number;
  readonly count: number;
  /** Pairs of neighbouring syllables that question and tag share; ties count as their chance. */
  readonly byOverlap: number;
  /** The same on questions that share none with their tag. */
  readonly hard: { readonly right: number; readonly byOverlap: number; readonly count: number };
}

const overlap = (question: string, tag: string): number => {
  const grams = (text: string): Set<string> =>
    new Set(text.split(' ').flatMap((word) => [...word].slice(1).map((_, i) => word.slice(i, i + 2))));
  const own = grams(question);
  return [...grams(tag)].filter((gram) => own.has(gram)).length;
};

export async function libraryFigures(model: Model, seed: number, count = 200): Promise<LibraryFigures> {
  const questions = libraryQuestions({ seed, count, tags: 8 });
  const totals = { right: 0, overlap: 0, hard: 0, hardRight: 0, hardOverlap: 0 };
  for (const { question, tags, right } of questions) {
    const { entries } = await lookup(
      model,
      question,
      tags.map((tag) => ({ tag })),
    );
    const best = entries.reduce((a, { score }, i) => (score > entries[a]!.score ? i : a), 0);
    const shared = tags.map((tag) => overlap(question, tag));
    const most = Math.max(...shared);
    const guess = shared[right] === most ? 1 / shared.filter((number) => number === most).length : 0;
    const hit = Number(best === right);
    totals.right += hit;
    totals.overlap += guess;
    if (sharesMorpheme(question, tags[right]!)) continue;
    totals.hard++;
    totals.hardRight += hit;
    totals.hardOverlap += guess;
  }
  return {
    right: totals.right / count,
    count,
    byOverlap: totals.overlap / count,
    hard: {
      right: totals.hardRight / totals.hard,
      byOverlap: totals.hardOverlap / totals.hard,
      count: totals.hard,
    },
  };
}
