/** Predictions of classifiers followed by the lens: which number is followed, and the commands that follow it. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faithfulness, integratedGradients, scoresOf } from '../src/lens/index.ts';
import { loadModel } from '../src/model/index.ts';
import { memoryFolder } from '../src/platform/index.ts';
import { recordTrace } from '../src/trace/index.ts';
import { commands, type Files, pairFiles, written } from './commands.testing.ts';

const text = '나는 사과를 먹었다';
const saying = (name: string, problem_type?: string): Files => {
  const files = pairFiles(name);
  const config = JSON.parse(files['config.json'] as string) as object;
  return { ...files, 'config.json': JSON.stringify({ ...config, ...(problem_type && { problem_type }) }) };
};

describe('what is followed of a classifier', () => {
  const logistic = (scores: ArrayLike<number>, label: number): number =>
    scores[label]! - Math.log(Array.from(scores, Math.exp).reduce((a, b) => a + b));
  it.each([
    [undefined, logistic],
    ['multi_label_classification', (scores: ArrayLike<number>, label: number) => scores[label]!],
    ['regression', (scores: ArrayLike<number>, label: number) => scores[label]!],
  ] as const)(
    '%s: log p of one label among all, else its own score: 1e-5; 256 steps lead back to it: 2% of the way',
    async (type, number) => {
      const model = await loadModel(memoryFolder(saying('bert-classes', type)));
      const trace = await recordTrace(model, { text });
      const target = { label: 1 };
      const scores = await scoresOf(trace, model, target);
      const { deletion } = await faithfulness(trace, model, target, new Float64Array(4), { orders: 0 });
      expect(Math.abs(deletion[0]! - number(scores, 1))).toBeLessThanOrEqual(1e-5);
      // What embeddings of 0 say, and what is added on the way, make up the number.
      const { attributions, value, baseline } = await integratedGradients(trace, model, target, { steps: 256 });
      expect(value).toBe(deletion[0]);
      const added = attributions.reduce((a, b) => a + b, 0);
      expect(Math.abs(baseline + added - value)).toBeLessThanOrEqual(0.02 * Math.abs(value - baseline));
    },
  );
  it('refuses labels that are not there', async () => {
    const model = await loadModel(memoryFolder(saying('bert-classes')));
    const trace = await recordTrace(model, { text });
    for (const target of [{ label: 3 }, { label: 0, against: 7 }])
      await expect(scoresOf(trace, model, target)).rejects.toMatchObject({ code: 'labelOutOfRange' });
  });
});

describe('commands that follow a label', () => {
  const { place, siseon, remove } = commands('labels');
  beforeAll(() => {
    for (const name of ['bert', 'bert-classes', 'bert-tokens']) written(join(place, name), pairFiles(name));
  });
  afterAll(remove);
  const of = (name: string): string[] => ['--model', join(place, name)];

  it('flow, ablate and patch follow the one that is named, by name or number, else the likeliest', async () => {
    const [named, numbered, likeliest, against, patched, said] = await Promise.all([
      siseon('flow', text, ...of('bert-classes'), '--label', 'maybe', '--json'),
      siseon('flow', text, ...of('bert-classes'), '--label', '2', '--json'),
      siseon('ablate', text, ...of('bert-classes'), '--json'),
      siseon('ablate', text, ...of('bert-classes'), '--label', 'no', '--against', 'yes', '--json'),
      siseon('patch', text, '나는 밥을 먹었다', ...of('bert-classes'), '--label', 'yes', '--lang', 'en'),
      siseon('predict', text, ...of('bert-classes'), '--json'),
    ]);
    expect(JSON.parse(named!.stdout)).toMatchObject({ target: { label: 2 } });
    expect(numbered!.stdout).toBe(named!.stdout);
    const [first] = (JSON.parse(said!.stdout) as { guesses: { label: number; probability: number }[] }).guesses;
    const { target, plain } = JSON.parse(likeliest!.stdout) as { target: object; plain: number };
    expect(target).toEqual({ label: first!.label });
    expect(Math.abs(Math.exp(plain) - first!.probability)).toBeLessThanOrEqual(1e-6);
    expect(JSON.parse(against!.stdout)).toMatchObject({ target: { label: 0, against: 1 } });
    expect(patched!.stdout.replace(/\s+/g, ' ')).toContain('the label yes of the text');
  });
  it('a classifier of tokens is asked at a word', async () => {
    const { stdout } = await siseon('flow', text, ...of('bert-tokens'), '--at', '사과를', '--label', 'B-PS', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ target: { position: 1, label: 1 } });
  });
  it('what is not there is refused, and what would do nothing', async () => {
    const refused = async (...args: string[]): Promise<string> => {
      const { status, stdout, stderr } = await siseon('flow', text, ...args);
      expect([status, stdout]).toEqual([2, '']);
      return stderr;
    };
    expect(await refused(...of('bert-classes'), '--label', '좋음')).toBe(
      '오류: 이름표 ‘좋음’이 없어요. 있는 것: no, yes, maybe.\n',
    );
    expect(await refused(...of('bert'), '--label', 'yes', '--lang', 'en')).toContain('the model has no classifier');
    expect(await refused(...of('bert-classes'), '--token', '밥을', '--lang', 'en')).toContain(
      '--token would do nothing',
    );
    expect(await refused(...of('bert-classes'), '--at', '0')).toContain('토큰마다 이름표를 붙이는 분류기');
  });
});
