import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { keyOf, measureStory, sentence, shelves, storyDocument } from './story.ts';

const file = new URL('../docs/story.md', import.meta.url);

describe('the story', async () => {
  const figures = await measureStory();
  const { seen, cell, library, aligned } = figures;
  const [subject, object, manner] = ['철수가', '사과를', '맛있게'].map((word) => keyOf(seen, word)) as [
    ReturnType<typeof keyOf>,
    ReturnType<typeof keyOf>,
    ReturnType<typeof keyOf>,
  ];

  it('step 1 and 2: scores and weights stand in the order 사과를 > 철수가 > 맛있게, at least half on the three', () => {
    expect(seen.text).toBe(sentence);
    for (const of of ['score', 'weight'] as const) {
      expect(object[of]!).toBeGreaterThan(subject[of]!);
      expect(subject[of]!).toBeGreaterThan(manner[of]!);
    }
    expect(object.weight + subject.weight + manner.weight).toBeGreaterThanOrEqual(0.5);
  });
  it('누가? 무엇을? 어떻게? A head for each question gives most of its weight to its own word', () => {
    expect(figures.asked.map(({ text }) => text)).toEqual(['철수가', '사과를', '맛있게']);
    for (const { weight } of figures.asked) expect(weight).toBeGreaterThanOrEqual(0.5);
  });
  it('step 2: the weights of all keys sum to 1 within 1e-6', () =>
    expect(Math.abs(seen.keys.reduce((sum, { weight }) => sum + weight, 0) - 1)).toBeLessThan(1e-6));
  it('step 3: the largest part of the mixture is 사과를', () =>
    expect(seen.keys.reduce((a, b) => (b.contribution > a.contribution ? b : a)).text).toBe('사과를'));
  it('geometry: q·k = |q||k| cos θ within a relative 1e-6, and the engine’s score and weight are the recomputed ones within 1e-6 of the score', () => {
    const { queryNorm, keyNorm, cosine } = object.tokens[0]!;
    expect(Math.abs(cell.dot / (queryNorm * keyNorm * cosine) - 1)).toBeLessThan(1e-6);
    expect(cell.check.largestDifference / Math.max(1, Math.abs(cell.check.score))).toBeLessThan(1e-6);
  });
  it('training: related pairs are told from unrelated ones after it (≥ 0.9) and hardly before (0.35 to 0.65)', () => {
    expect(aligned.after).toBeGreaterThanOrEqual(0.9);
    expect(Math.abs(aligned.before - 0.5)).toBeLessThan(0.15);
  });
  it('the library: weights and parts sum to 1; 과일 요리 and 디저트 stand above 전자제품 and 운동법', () => {
    expect(library.entries.map(({ tag }) => tag)).toEqual(shelves.map(({ tag }) => tag));
    for (const of of ['weight', 'part'] as const)
      expect(Math.abs(library.entries.reduce((sum, entry) => sum + entry[of], 0) - 1)).toBeLessThan(1e-5);
    const [fruit = 0, electronics = 0, exercise = 0, dessert = 0] = library.entries.map(({ score }) => score);
    expect(Math.min(fruit, dessert)).toBeGreaterThan(Math.max(electronics, exercise));
  });
  it('docs/story.md says what is measured', () => {
    if (process.env.WRITE_STORY) writeFileSync(file, storyDocument(figures));
    expect(readFileSync(file, 'utf8')).toBe(storyDocument(figures));
  });
});
