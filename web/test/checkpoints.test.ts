/** Every panel of the room Explore stands in the room Train as well: its numbers on a checkpoint are the library's on the same parameters. */
import { readFileSync } from 'node:fs';
import { layerNorms, logitLens, look, pair, wordGroups, wordMatrix } from 'siseon/lens';
import { families, type HostTensor, Model } from 'siseon/model';
import { modelFolder } from 'siseon/models/ko';
import { recordTrace } from 'siseon/trace';
import { train } from 'siseon/train';
import { caption, joined } from 'siseon/views';
import { expect, it } from 'vitest';
import { storySentence } from '../src/permalink.ts';
import { prepare } from '../src/train/lesson.ts';
import { defaults, type Settings, writeSettings } from '../src/train/settings.ts';
import { onThePage } from './onThePage.ts';
import { saved } from './site.ts';

const settings: Settings = {
  ...defaults.small,
  ...{ width: 12, heads: 3, layers: 2, rate: 0.01, steps: 24, batch: 4, seed: 7 },
};
const [early, late] = [7, 21];
const place = { layer: 1, head: 2 };
const sentence = '영희가 빵을 맛있게 먹었다';

/** The same training in Node, as it was after so many steps. */
async function checkpoints(steps: readonly number[]): Promise<Model[]> {
  const tokenizer = async (): Promise<unknown> =>
    JSON.parse(readFileSync(new URL('tokenizer.json', modelFolder), 'utf8'));
  const lesson = await prepare(settings, '', tokenizer);
  const { plan, texts, stride } = lesson.task;
  expect(stride).toBe(1);
  const found = new Map<number, Map<string, HostTensor>>();
  await train(plan, texts, async ({ step, parameters }) => {
    if (steps.includes(step)) found.set(step, await parameters());
  });
  const { architecture } = plan;
  const parts = { family: families.get('bert')!, architecture, tokenizer: lesson.tokenizer, metadata: {} };
  return Promise.all(steps.map((step) => Model.create({ ...parts, name: `${step}`, parameters: found.get(step)! })));
}

onThePage('a checkpoint of the room Train', (_site, visited) => {
  it('is seen through every panel of Explore: lens, pair, logit lens, a silenced head, and another checkpoint beside it; Explore finds its own model and sentence again', () =>
    visited(async ({ page, open, numbers }) => {
      const [model, other] = (await checkpoints([early, late])) as [Model, Model];
      const trace = await recordTrace(model, { text: sentence });
      const close = (ours: number | null | undefined, theirs: number, what: string): void =>
        expect(Math.abs(ours! - theirs), what).toBeLessThanOrEqual(1e-5 * (1 + Math.abs(theirs)));

      await open(`#/ko/train?p=${writeSettings(settings)}`);
      await page.locator('button.main:enabled').click();
      await page.getByRole('button', { name: '새로 시작' }).waitFor({ timeout: 60_000 });
      await page.locator('#sentence').fill(sentence);
      await page.locator('#train-scrub').fill(`${early}`);
      await page.locator(`.grid [data-head="${place.layer}.${place.head}"]`).click();
      await page.getByText(joined(caption(await look(trace, model, place), 'ko', 'friendly'))).waitFor();

      const square = page.getByRole('application').first();
      await square.focus();
      // From the first cell to the last word's row and the second word's column.
      await page.keyboard.press('ArrowRight');
      for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowRight', 'ArrowRight'])
        await page.keyboard.press(key);
      const { words } = trace.encoding!;
      const [queryToken, keyToken] = [words[3]!.tokens[0]!, words[1]!.tokens[0]!];
      const apart = await pair(trace, model, { ...place, queryToken, keyToken });
      const dot = page.locator('data[data-of="pair:dot"]');
      // Cells that the keys pass by are taken apart as well, until this one is.
      await expect
        .poll(async () => Math.abs(Number(await dot.getAttribute('value')) - apart.dot))
        .toBeLessThanOrEqual(1e-5 * (1 + Math.abs(apart.dot)));

      const { layers } = await logitLens(await hidden(queryToken), model, {
        position: queryToken,
        token: trace.ids[queryToken]!,
      });
      const depths = await numbers();
      for (const { after, probability } of layers) close(depths.get(`depth:${after}`), probability, `depth ${after}`);

      await page
        .getByRole('group', { name: '렌즈', exact: true })
        .getByRole('button', { name: '기여', exact: true })
        .click();
      await page.waitForFunction(() => location.hash.includes('l=contribution'));
      const norms = await layerNorms(trace, model, place.layer);
      const groups = wordGroups(trace);
      await expect
        .poll(async () => (JSON.parse((await saved(page, 'JSON')).toString()) as { lens: string }).lens)
        .toBe('contribution');
      const json = JSON.parse((await saved(page, 'JSON')).toString()) as { weights: number[][]; model: string };
      expect(json.model).toBe(`작은 언어, 시드 7, 걸음 ${early}`);
      for (const [i, { tokens: from }] of groups.entries())
        for (const [j, { tokens }] of groups.entries()) {
          const { heads } = (await norms.row(from[0]!)).word(tokens);
          close(json.weights[i]![j], heads[place.head]!, `${i} ${j}`);
        }
      await page
        .getByRole('group', { name: '렌즈', exact: true })
        .getByRole('button', { name: '가중치', exact: true })
        .click();

      // A silenced head, on this checkpoint.
      await page.getByRole('button', { name: '이 헤드 끄기' }).click();
      await page.locator('data[data-of^="guessAfter:"]').first().waitFor();
      const silent = [{ kind: 'ablate', ...place, by: 'zero' }] as const;
      const after = await probabilities(model, queryToken, silent);
      const before = await probabilities(model, queryToken, []);
      const shown = await numbers();
      let told = 0;
      for (const [of, value] of shown) {
        const [kind, id] = of.split(':');
        if (kind === 'guess') close(value, before[Number(id)]!, of);
        if (kind === 'guessAfter') close(value, after[Number(id)]!, of);
        told += Number(kind === 'guessAfter');
      }
      expect(told).toBeGreaterThan(4);

      // A later checkpoint beside it: the difference of one cell, to the two digits that it is read out with.
      await page.getByRole('button', { name: '두 때를 나란히 보기' }).click();
      await page.locator('#train-beside').fill(`${late}`);
      await page.getByText(`작은 언어, 시드 7, 걸음 ${late}, L1·H2`).waitFor();
      const [a, b] = await Promise.all(
        [trace, await recordTrace(other, { text: sentence })].map((run, i) =>
          wordMatrix(run, i === 0 ? model : other, place),
        ),
      );
      const apartness = page.getByRole('application', { name: '차이' });
      await apartness.focus();
      for (const key of ['ArrowRight', 'ArrowDown', 'ArrowDown', 'ArrowRight']) await page.keyboard.press(key);
      const [row, column] = [2, 1];
      const expected = b!.weights[row]![column]! - a!.weights[row]![column]!;
      await expect
        .poll(async () => Number((await page.locator('.compare .readout b').last().textContent())!.replace('−', '-')))
        .toBe(Number(expected.toFixed(2)));

      // Elsewhere nothing of it is left; back here everything is.
      await page.getByRole('link', { name: '살펴보기', exact: true }).click();
      await page.getByText('모델 siseon/models/ko').waitFor();
      expect(await page.locator('#sentence').inputValue()).toBe(storySentence);
      await page.waitForFunction(() => !location.hash.includes('e='));
      await page.getByRole('link', { name: '학습', exact: true }).first().click();
      await page.getByText(`모델 작은 언어, 시드 7, 걸음 ${early}`).waitFor();
      expect(await page.locator('#sentence').inputValue()).toBe(sentence);
      await page.waitForFunction(() => location.hash.includes('e=s1.2'));

      async function hidden(token: number) {
        const ids = trace.ids.slice();
        ids[token] = model.tokenizer!.tokenId('[MASK]')!;
        return recordTrace(model, { ids });
      }
      async function probabilities(by: Model, token: number, edits: Parameters<Model['run']>[2]): Promise<number[]> {
        const { ids } = await hidden(token);
        const size = by.architecture.vocabularySize;
        const row = [...(await by.run(ids, () => {}, edits)).logits!.subarray(token * size, (token + 1) * size)];
        const total = row.reduce((sum, logit) => sum + Math.exp(logit), 0);
        return row.map((logit) => Math.exp(logit) / total);
      }
    }));
});
