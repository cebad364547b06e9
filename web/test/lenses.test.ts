/** Every number that the room Explore shows through a lens is the library's for it. */
import {
  gradientAttention,
  gradientAttentionByToken,
  headRows,
  headsReport,
  importance,
  integratedGradients,
  layerNorms,
  logitLens,
  pair,
  relevance,
  repeatedSequences,
  rollout,
  valueZeroing,
  wordGroups,
  wordMatrix,
} from 'siseon/lens';
import { loadModel, readNpz } from 'siseon/model';
import { modelFolder } from 'siseon/models/ko';
import { attentionStages, recordTrace, stages } from 'siseon/trace';
import { expect, it } from 'vitest';
import type { LensName } from '../src/engine/lens.ts';
import { storySentence } from '../src/permalink.ts';
import { onThePage } from './onThePage.ts';
import { saved } from './site.ts';

const model = await loadModel(modelFolder);
const trace = await recordTrace(model, { text: storySentence });
const { layerCount, headCount } = model.architecture;
const last = { layer: layerCount - 1, head: headCount - 1 };
const length = trace.ids.length;
const { words } = trace.encoding!;
/** The word that asks unless another is chosen, by its first token. */
const asking = words.at(-1)!.tokens[0]!;
const likeliest = (): { position: number; token: number } => {
  const { data, shape } = trace.recorded.get('logits')!;
  const row = data.subarray(asking * shape[1]!, (asking + 1) * shape[1]!);
  return { position: asking, token: row.indexOf(row.reduce((a, b) => Math.max(a, b))) };
};
interface Saved {
  readonly lens: LensName;
  readonly head: number | null;
  readonly rows: readonly { readonly text: string; readonly word: number | null }[];
  readonly weights: readonly (readonly (number | null)[])[];
}
const close = (ours: number | null | undefined, theirs: number, what: string, tolerance = 1e-5): void =>
  expect(Math.abs(ours! - theirs), what).toBeLessThanOrEqual(tolerance * (1 + Math.abs(theirs)));

onThePage('the lenses of the room Explore', (site, _visited) => {
  it('show each measure as the library computes it, token by token; signed ones keep their sign', () =>
    site.visited(async ({ page, open }) => {
      await open(`#/ko/explore?u=token&h=${last.layer}.${last.head}`);
      const norms = await layerNorms(trace, model, last.layer);
      const gradient = new Map<string, Float64Array>();
      for await (const { head, query, row } of (await gradientAttention(trace, model, likeliest()))(last.layer))
        gradient.set(`${head} ${query}`, row);
      const normed = await Promise.all(Array.from({ length }, (_, i) => norms.row(i)));
      const zeroed = await valueZeroing(trace, model, last.layer);
      const weights = await headRows(trace, last.layer, last.head);
      const measures: Record<LensName, readonly [title: string, row: (i: number) => ArrayLike<number>]> = {
        weight: ['가중치', (i) => weights.weights(i)],
        contribution: ['기여', (i) => normed[i]!.head(last.head)],
        gradient: ['기울기 × 어텐션', (i) => gradient.get(`${last.head} ${i}`)!],
        together: ['기여, 헤드 모두', (i) => normed[i]!.contribution()],
        residual: ['잔차와 정규화까지', (i) => normed[i]!.withResidual()],
        zeroing: ['내용 지우기', (i) => zeroed[i]!],
      };
      const group = page.getByRole('group', { name: '렌즈', exact: true });
      let negative = 0;
      for (const [lens, [title, row]] of Object.entries(measures)) {
        await group.getByRole('button', { name: title, exact: true }).click();
        const one = /^(together|residual|zeroing)$/.test(lens);
        await page.getByRole('heading', { name: one ? /^층 \d/ : /^헤드 하나/ }).waitFor();
        await page.locator(`.grid canvas >> nth=${one ? layerCount - 1 : layerCount * headCount - 1}`).waitFor();
        const json = JSON.parse((await saved(page, 'JSON')).toString()) as Saved;
        expect(json).toMatchObject({ lens, head: one ? null : last.head });
        for (let i = 0; i < length; i++)
          for (let j = 0; j < length; j++) close(json.weights[i]![j], row(i)[j]!, `${lens} ${i} ${j}`);
        negative += json.weights.flat().filter((number) => number! < 0).length;
      }
      expect(negative).toBeGreaterThan(0);
      await page.waitForFunction(() => location.hash.includes('l=zeroing'));
    }));

  it('none stands alone on its line, and nothing moves where another is chosen, on a phone as on a laptop', () =>
    site.visited(async ({ page, open }) => {
      const boxes = (): Promise<number[][][]> =>
        page.locator('.names').evaluateAll((groups) =>
          groups.map((group) =>
            [...group.children].map((button) => {
              const { x, y, width, height } = button.getBoundingClientRect();
              return [x + scrollX, y + scrollY, width, height];
            }),
          ),
        );
      const wide = 1280;
      for (const language of ['ko', 'en'])
        for (const width of [360, wide]) {
          await page.setViewportSize({ width, height: 900 });
          await open(`#/${language}/explore`);
          const lenses = page.locator('.names').first().getByRole('button');
          await page.locator('.names >> nth=1').waitFor();
          const first = await boxes();
          for (const group of first)
            for (const [, y] of group) expect(group.filter(([, other]) => other === y).length).toBeGreaterThan(1);
          const below = await page.locator('#heads').boundingBox();
          for (const lens of await lenses.all()) {
            await lens.click();
            await lens.and(page.locator('[aria-pressed=true]')).waitFor();
            expect((await boxes())[0]).toEqual(first[0]);
            // What a lens means takes one line, what it costs included.
            if (width === wide) expect((await page.locator('#heads').boundingBox())!.y).toBe(below!.y);
          }
        }
    }));

  it('say what reaches a word through all layers; what is slow tells its cost and waits', () =>
    site.visited(async ({ page, open, numbers }) => {
      await open('#/ko/explore');
      const target = likeliest();
      const token = asking;
      const measures: readonly (readonly [string, string, ArrayLike<number>])[] = [
        ['rollout', '롤아웃', (await rollout(trace, { token })).shares],
        ['byContribution', '기여 롤아웃', (await rollout(trace, { token, model })).shares],
        ['gradient', '기울기 × 어텐션', await gradientAttentionByToken(trace, model, target)],
        ['relevance', '관련도', await relevance(trace, model, target)],
        [
          'flow',
          '흐름',
          (await importance('flow', trace, model, target, { words: wordGroups(trace).map(({ tokens }) => tokens) }))!,
        ],
        ['integrated', '적분 기울기', (await integratedGradients(trace, model, target)).attributions],
      ];
      const group = page.getByRole('group', { name: /모든 층을 지나/ });
      for (const [name, title, expected] of measures) {
        await group.getByRole('button', { name: title, exact: true }).click();
        if (name === 'flow') await page.getByText(`${length}번.`).waitFor();
        if (name === 'flow' || name === 'integrated') await page.getByRole('button', { name: '계산하기' }).click();
        await page.locator(`data[data-of="reach:${name}:0"]`).waitFor();
        const shown = await numbers();
        for (const [i, { tokens }] of wordGroups(trace).entries())
          close(
            shown.get(`reach:${name}:${i}`),
            tokens.reduce((sum, j) => sum + expected[j]!, 0),
            `${name} ${i}`,
          );
      }
    }));

  it('read every layer as if it were the last, and follow whichever token is pressed', () =>
    site.visited(async ({ page, open, numbers }) => {
      await open('#/ko/explore?q=1');
      const [position] = words[1]!.tokens as [number];
      const ids = trace.ids.slice();
      ids[position] = model.tokenizer!.tokenId('[MASK]')!;
      const hidden = await recordTrace(model, { ids });
      const followed = async (token: number): Promise<void> => {
        const { layers } = await logitLens(hidden, model, { position, token });
        await page.waitForFunction(
          (rank) => document.querySelector(`data[data-of="depthRank:embeddings"]`)?.getAttribute('value') === `${rank}`,
          layers[0]!.rank,
        );
        const shown = await numbers();
        for (const { after, best, probability, rank } of layers) {
          close(shown.get(`depth:${after}`), probability, `${after}`);
          close(shown.get(`depthBest:${after}:${best.token}`), best.probability, `${after} best`);
          expect(shown.get(`depthRank:${after}`)).toBe(rank);
        }
      };
      await followed(trace.ids[position]!);
      const guesses = page.locator('data[data-of^="guess:"]');
      const id = Number((await guesses.nth(2).getAttribute('data-of'))!.split(':')[1]);
      await page.locator('.output th button').nth(2).click();
      await followed(id);
    }));

  it('name heads by what was measured, with the number', () =>
    site.visited(async ({ page, open, numbers }) => {
      await open('#/ko/explore');
      await page.getByText('헤드에 이름 붙이기').click();
      await page.locator('#role-texts').fill('철수가 사과를 먹었다');
      await page.getByRole('button', { name: '글 1개로 재기' }).click();
      await page.getByText(/글이 네 줄은 있어야/).waitFor();
      await page.locator('#role-texts').fill('');
      await page.getByRole('button', { name: '되풀이되는 글로 재기' }).click();
      await page.locator('details table, details [role=status]:not(.small)').waitFor();
      const { heads } = await headsReport(model, repeatedSequences(model));
      const expected = heads.flatMap(({ layer, head, role }) =>
        role ? [[`role:${layer}.${head}:${role.name}`, role.value] as const] : [],
      );
      const shown = [...(await numbers())].filter(([of]) => of.startsWith('role:'));
      expect(shown.map(([of]) => of)).toEqual(expected.map(([of]) => of));
      for (const [n, [of, value]] of expected.entries()) close(shown[n]![1], value, of);
    }));

  it('leave out what collects attention when asked to, and say how much that hides', () =>
    site.visited(async ({ page, open }) => {
      await open(`#/ko/explore?h=${last.layer}.${last.head}`);
      await page.getByRole('button', { name: '구분 토큰과 첫 토큰 빼고 보기' }).click();
      const whole = await wordMatrix(trace, model, last);
      const shown = whole.rows.flatMap(({ word }, i) => (word === null ? [] : [i]));
      const given = (i: number): number => shown.reduce((sum, j) => sum + whole.weights[i]![j]!, 0);
      const elsewhere = 1 - shown.reduce((sum, i) => sum + given(i), 0) / shown.length;
      await page.getByText(`평균 ${elsewhere.toFixed(2)}의 가중치`).waitFor();
      const json = JSON.parse((await saved(page, 'JSON')).toString()) as Saved;
      expect(json.rows.map(({ text }) => text)).toEqual(words.map(({ text }) => text));
      for (const [r, i] of shown.entries())
        for (const [c, j] of shown.entries()) close(json.weights[r]![c], whole.weights[i]![j]!, `${i} ${j}`, 1e-6);
      await page.waitForFunction(() => location.hash.includes('b=1'));
    }));

  it('take any pair of a cell’s tokens apart', () =>
    site.visited(async ({ page, open, numbers }) => {
      await open(`#/ko/explore?h=${last.layer}.${last.head}`);
      await page.locator('.frame').first().focus();
      // From the first cell to the last word's row and the second word's column.
      await page.keyboard.press('ArrowRight');
      for (let i = 0; i < words.length; i++) await page.keyboard.press('ArrowDown');
      for (let i = 0; i < 2; i++) await page.keyboard.press('ArrowRight');
      const [queryToken, keyToken] = [words.at(-1)!.tokens[2]!, words[1]!.tokens[1]!];
      await page.getByRole('group', { name: '질문 토큰' }).getByRole('button').nth(2).click();
      await page.getByRole('group', { name: '색인 토큰' }).getByRole('button').nth(1).click();
      const expected = await pair(trace, model, { ...last, queryToken, keyToken });
      await page
        .getByRole('heading', { name: `‘${expected.query.tokenText}’ → ‘${expected.key.tokenText}’` })
        .waitFor();
      const shown = await numbers();
      close(shown.get('pair:dot'), expected.dot, 'dot');
      close(shown.get('pair:weight'), expected.softmax.weight, 'weight');
      close(shown.get('pair:part'), expected.contribution, 'part');
      // The slider for the weight stands at the weight, whatever the square shows (its steps are of 0.01).
      const { weights } = await attentionStages(trace, last.layer);
      const row = (last.head * trace.ids.length + words.at(-1)!.tokens[0]!) * trace.ids.length;
      const weight = words[1]!.tokens.reduce((sum, token) => sum + weights.data[row + token]!, 0);
      expect(weight).toBeGreaterThan(0.05);
      for (const lens of ['기여', '기여, 헤드 모두', '가중치']) {
        await page.getByRole('button', { name: lens, exact: true }).click();
        await expect
          .poll(async () => Math.abs(Number(await page.locator('#pair-weight').inputValue()) - weight))
          .toBeLessThan(0.0051);
      }
    }));

  it('go into files that are read back: NumPy arrays with the layer’s stages, and a report that opens by itself', () =>
    site.visited(async ({ page, open }) => {
      await open(`#/ko/explore?h=${last.layer}.${last.head}&l=contribution`);
      await page.locator('.readout').first().waitFor();
      const arrays = readNpz(await saved(page, 'NPZ'));
      const norms = await layerNorms(trace, model, last.layer);
      const groups = wordGroups(trace);
      const { data, shape } = arrays.get('numbers')!;
      expect(shape).toEqual([groups.length, groups.length]);
      for (const [i, { tokens: from }] of groups.entries())
        for (const [j, { tokens }] of groups.entries()) {
          const { heads } = (await norms.row(from[0]!)).word(tokens);
          close(data[i * groups.length + j] as number, heads[last.head]!, `${i} ${j}`);
        }
      expect([...arrays.get('ids')!.data]).toEqual([...trace.ids]);
      const names = ['query', 'key', 'value', 'weights'].map((stage) => `layers.${last.layer}.${stage}`);
      for (const [name, stage] of await stages(trace, model, names)) {
        expect(arrays.get(name)!.shape).toEqual(stage.shape);
        for (const [n, number] of stage.data.entries()) close(arrays.get(name)!.data[n] as number, number, name);
      }

      const html = (await saved(page, 'HTML')).toString();
      const report = await site.browser.newPage();
      const errors: string[] = [];
      report.on('pageerror', (error) => errors.push(error.message));
      await report.context().setOffline(true);
      await report.setContent(html);
      const heaviest = (await wordMatrix(trace, model, last)).weights.at(words.length)!;
      await report
        .locator('#rows')
        .getByText(Math.max(...heaviest).toFixed(2))
        .first()
        .waitFor();
      expect(await report.locator('#saying').textContent()).toContain(words.at(-1)!.text);
      expect(await report.locator('.head').count()).toBe(layerCount * headCount);
      expect(errors).toEqual([]);
      await report.close();
    }));
});
