import { seededRandom, train } from 'siseon/train';
import { describe, expect, it, vi } from 'vitest';
import { Course, coursePlan, courseTexts, type Report, tokenizer } from './course.ts';
import { steps } from './length.ts';
import { probe, probeSentence, samples, writeSentence } from './sentences.ts';

describe('the small language', () => {
  it('never writes the story’s sentence, in no order, and knows all of its own words', () => {
    const random = seededRandom(1);
    for (let i = 0; i < 5000; i++) {
      const text = writeSentence(random);
      expect([probe.subject, probe.object, probe.verb].every((word) => text.includes(word))).toBe(false);
      expect(tokenizer.encode(text).notices).toEqual([]);
    }
    expect(tokenizer.encode(probeSentence).tokens.length).toBe(8);
    for (const { text } of samples) expect(tokenizer.encode(text).notices).toEqual([]);
  });
});

describe('a course', async () => {
  const course = new Course(1);
  const reports: Report[] = [];
  const finished = await course.run((report) => void reports.push(report));

  it('is the library’s own training: the same parameters to the byte', async () => {
    expect(finished).toBe(true);
    const expected = await train(coursePlan(1), courseTexts);
    const { parameters } = await course.model(reports.length - 1, 0);
    for (const [name, { data }] of expected) expect(await parameters.get(name)!.read(), name).toEqual(data);
  });

  it('reports from the first parameters to the last, and learns: loss down by half, a head that finds objects', () => {
    expect(reports[0]).toMatchObject({ step: 0, loss: null });
    expect(reports.at(-1)!.step).toBe(steps);
    expect(reports.at(-1)!.loss!).toBeLessThan(reports[1]!.loss! / 2);
    const [before, after] = [reports[0]!, reports.at(-1)!].map(({ heads }) =>
      Math.max(...heads.map((h) => h.onObject)),
    );
    expect(after!).toBeGreaterThan(0.6);
    expect(after!).toBeGreaterThan(before! + 0.2);
  });

  it('can be paused, goes on, and can be stopped', async () => {
    const other = new Course(2);
    const seen: number[] = [];
    const run = other.run(({ step }) => {
      seen.push(step);
      if (seen.length === 3) other.pause();
    });
    // However slow the machine: the pause is at the third report.
    await vi.waitFor(() => expect(seen.length).toBe(3), { timeout: 20_000, interval: 20 });
    const count = seen.length;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(seen.length).toBe(count);
    other.resume();
    await vi.waitFor(() => expect(seen.length).toBeGreaterThan(count), { timeout: 20_000, interval: 20 });
    other.stop();
    expect(await run).toBe(false);
  });
});
