import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Edit } from 'siseon/attention';
import { alignTexts, compareRuns, headRows, look, pair, type WordMatrix, wordMatrix } from 'siseon/lens';
import { loadModel, Model } from 'siseon/model';
import { modelFolder } from 'siseon/models/ko';
import { recordTrace } from 'siseon/trace';
import { shade } from 'siseon/views';
import { expect, it } from 'vitest';
import { storySentence } from '../src/permalink.ts';
import { accessible, onThePage, walked } from './onThePage.ts';
import { saved } from './site.ts';

const model = await loadModel(modelFolder);
const trace = await recordTrace(model, { text: storySentence });
const last = { layer: model.architecture.layerCount - 1, head: model.architecture.headCount - 1 };
const address = (more = ''): string => `#/ko/explore?h=${last.layer}.${last.head}${more}`;

/** Probabilities in the place of one hidden token, by another model where one is given. */
async function guesses(token: number, by: Model, edits: readonly Edit[] = []): Promise<Float64Array> {
  const ids = trace.ids.slice();
  ids[token] = model.tokenizer!.tokenId('[MASK]')!;
  const size = model.architecture.vocabularySize;
  const row = Float64Array.from(
    (await by.run(ids, () => {}, edits)).logits!.subarray(token * size, (token + 1) * size),
  );
  const exponentials = row.map((logit) => Math.exp(logit - Math.max(...row)));
  const total = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((number) => number / total);
}

/** The model with some rows or columns of parameters multiplied: what a change of a head must come to. */
async function scaled(
  names: readonly string[],
  factor: number,
  chosen: (row: number, column: number) => boolean,
): Promise<Model> {
  const parameters = await model.readParameters();
  for (const name of names) {
    const { shape, data } = parameters.get(name)!;
    const width = shape[1] ?? 1;
    const changed = data.map((number, i) => (chosen(Math.floor(i / width), i % width) ? number * factor : number));
    parameters.set(name, { shape, data: changed });
  }
  const { family, architecture, tokenizer, metadata } = model;
  return Model.create({ name: '', family, architecture, tokenizer, metadata, parameters });
}

onThePage('the room Explore', (_site, visited) => {
  it('saves a head as JSON, CSV, SVG and PNG, and every cell is the library’s, by words and by tokens', () =>
    visited(async ({ page, open }) => {
      await open(address());
      await page.getByRole('button', { name: 'JSON' }).waitFor();
      const words = await wordMatrix(trace, model, last);
      const same = (weights: readonly (readonly number[])[], expected: WordMatrix['weights']): void => {
        expect(weights.length).toBe(expected.length);
        for (const [i, row] of expected.entries())
          for (const [j, weight] of row.entries()) expect(Math.abs(weights[i]![j]! - weight)).toBeLessThanOrEqual(1e-6);
      };
      const json = JSON.parse((await saved(page, 'JSON')).toString()) as WordMatrix & { text: string; model: string };
      expect(json).toMatchObject({
        text: storySentence,
        model: 'siseon/models/ko',
        rows: words.rows,
        columns: words.columns,
      });
      same(json.weights, words.weights);
      const lines = (await saved(page, 'CSV')).toString().replace('\ufeff', '').trimEnd().split('\r\n');
      expect(lines[0]).toBe(['', ...words.columns.map(({ text }) => text)].join(','));
      same(
        lines.slice(1).map((line) => line.split(',').slice(1).map(Number)),
        words.weights,
      );
      const svg = (await saved(page, 'SVG')).toString();
      expect(svg.match(/fill-opacity=/g)).toHaveLength(words.weights.flat().filter((weight) => weight > 0).length);
      expect([...(await saved(page, 'PNG')).subarray(1, 4)]).toEqual([...Buffer.from('PNG')]);

      await page.getByRole('button', { name: '토큰', exact: true }).click();
      await page.waitForFunction(() => location.hash.includes('u=token'));
      const rows = await headRows(trace, last.layer, last.head);
      const tokens = Array.from({ length: rows.length }, (_, i) => Array.from(rows.weights(i)));
      await page.waitForFunction((count) => document.querySelectorAll('.keys li').length === count, tokens.length);
      same((JSON.parse((await saved(page, 'JSON')).toString()) as WordMatrix).weights, tokens);
    }));

  it('paints every head in the colours of its weights, and the arrow keys choose among them', () =>
    visited(async ({ page, open }) => {
      await open(address());
      const pictures = page.locator('.grid canvas');
      await pictures.first().waitFor();
      const { layerCount, headCount } = model.architecture;
      expect(await pictures.count()).toBe(layerCount * headCount);
      const agree = async (): Promise<void> => {
        for (const layer of [0, last.layer])
          for (let head = 0; head < headCount; head++) {
            const { weights } = await wordMatrix(trace, model, { layer, head });
            const painted = await pictures.nth(layer * headCount + head).evaluate((canvas: HTMLCanvasElement) => {
              const { width, height } = canvas;
              const { data } = canvas.getContext('2d')!.getImageData(0, 0, width, height);
              return Array.from({ length: width * height }, (_, i) => data[i * 4 + 1]!);
            });
            const channel = (name: string): Promise<number> =>
              page.evaluate((n) => {
                const color = getComputedStyle(document.documentElement).getPropertyValue(n).trim();
                return Number.parseInt(color.slice(3, 5), 16);
              }, name);
            const [ground, score] = [await channel('--ground'), await channel('--score')];
            const expected = weights.flat().map((weight) => ground + (score - ground) * weight);
            // A cell is as many pixels wide as high.
            const width = Math.sqrt(painted.length);
            const scale = width / weights.length;
            expect(Number.isInteger(scale)).toBe(true);
            for (const [i, green] of painted.entries()) {
              const [row, column] = [Math.floor(Math.floor(i / width) / scale), Math.floor((i % width) / scale)];
              expect(Math.abs(green - expected[row * weights.length + column]!)).toBeLessThanOrEqual(1);
            }
          }
      };
      await agree();
      // The other theme's colours, at once, in every canvas.
      const bright = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const brightIn = (): Promise<number> =>
        page
          .locator('.one canvas')
          .first()
          .evaluate((canvas: HTMLCanvasElement, ground) => {
            const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
            const [r, g, b] = ground.match(/\d+/g)!.map(Number);
            let count = 0;
            for (let i = 0; i < data.length; i += 4)
              if (data[i] === r && data[i + 1] === g && data[i + 2] === b && data[i + 3] === 255) count++;
            return count;
          }, bright);
      await expect.poll(brightIn).toBeGreaterThan(1000);
      await page.getByRole('button', { name: '어둡게' }).click();
      await expect.poll(brightIn).toBe(0);
      await agree();
      await page.locator('.grid [aria-pressed=true]').focus();
      await page.keyboard.press('ArrowUp');
      await page.waitForFunction((hash) => location.hash.includes(hash), `h=${last.layer - 1}.${last.head}`);
      await page.locator(`.grid [data-head="${last.layer - 1}.${last.head}"][aria-pressed=true]:focus`).waitFor();
      // Two keys lead two heads on, also where the first one's picture is not there yet.
      await page.locator('.grid [data-head="1.0"]').click();
      await page.locator('.grid [data-head="1.0"][aria-pressed=true]:focus').waitFor();
      await page.evaluate(() => {
        const key = { key: 'ArrowRight', bubbles: true };
        for (let i = 0; i < 2; i++) document.activeElement!.dispatchEvent(new KeyboardEvent('keydown', key));
      });
      await page.waitForFunction(() => location.hash.includes('h=1.2'));
    }));

  it('lets a long text run on in a box of its own, each word on the purple of its weight', () =>
    visited(async ({ page, open }) => {
      const text = Array.from({ length: 12 }, () => '영희가 책을 조용히 읽었다').join(' ');
      await open(`#/ko/explore?h=${last.layer}.${last.head}&s=${encodeURIComponent(text)}&q=3`);
      await page.locator('.tinted').first().waitFor();
      const tints = await page
        .locator('.tinted')
        .evaluateAll((words) =>
          words.map((word) => Number.parseFloat(getComputedStyle(word).getPropertyValue('--depth'))),
        );
      const { keys } = await look(await recordTrace(model, { text }), model, { ...last, query: 3 });
      expect(tints).toHaveLength(keys.length);
      for (const [i, { weight }] of keys.entries())
        expect(Math.abs(tints[i]! / 100 - shade(weight, keys.length))).toBeLessThanOrEqual(1e-5);
      await page.locator('.gaze').getByText('제곱근').waitFor();
      const box = (await page.locator('.gaze .folded').boundingBox())!;
      expect(box.height).toBeLessThanOrEqual(0.6 * page.viewportSize()!.height + 2);
      // However many its words are, they are not painted again for what a pointer passes over in the square.
      const painted = '.room > .gaze, .room > .heads, .room > .one';
      expect(
        await page.locator(painted).evaluateAll((all) => all.map((each) => getComputedStyle(each).isolation)),
      ).toEqual(['isolate', 'isolate', 'isolate']);
      await page.locator('.running button').nth(5).click();
      await page.locator('.running button').nth(5).and(page.locator('[aria-pressed=true]')).waitFor();
      expect(new URL(page.url()).hash).toContain('q=5');
      // Nor is there a screen of rows where each word is given one of another sentence.
      await page.locator('#paste-from').fill(text);
      const pairs = (await page.locator('[aria-labelledby=paste] .folded').boundingBox())!;
      expect(pairs.height).toBeLessThanOrEqual(0.6 * page.viewportSize()!.height + 2);
      await accessible(page);
    }));

  it('walks from cell to cell with the keyboard, reads each out, and takes the pinned one apart', () =>
    visited(async ({ page, open, numbers }) => {
      await open(address());
      const words = await wordMatrix(trace, model, last);
      await page.locator('.frame').first().focus();
      for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight', 'ArrowDown']) await page.keyboard.press(key);
      // Down from nothing is the first cell; then two to the right and one down.
      const { row, column } = { row: 1, column: 2 };
      const readout = page.locator('.readout').first();
      await readout.getByText(words.columns[column]!.text).waitFor();
      expect(await readout.textContent()).toContain(words.weights[row]![column]!.toFixed(2));
      expect(await readout.textContent()).toContain(words.rows[row]!.text);
      const expected = await pair(trace, model, {
        ...last,
        query: words.rows[row]!.word!,
        keyToken: words.rows[column]!.token,
      });
      await page.locator('data[data-of="pair:dot"]').waitFor();
      const shown = await numbers();
      expect(Math.abs(shown.get('pair:dot')! - expected.dot)).toBeLessThanOrEqual(1e-5);
      expect(Math.abs(shown.get('pair:part')! - expected.contribution)).toBeLessThanOrEqual(1e-5);
      await page.keyboard.press('Escape');
      await page.locator('data[data-of="pair:dot"]').waitFor({ state: 'detached' });
    }));

  it('tells a finger what it can do, which is to press', () =>
    visited(
      async ({ page, open }) => {
        await open(address());
        await page.getByText('칸을 누르면 고정되고 숫자가 보여요').waitFor();
        const frame = page.locator('.frame').first();
        const { width, height } = (await frame.boundingBox())!;
        await frame.tap({ position: { x: width * 0.6, y: height * 0.6 } });
        await page.locator('.readout b').first().waitFor();
        await page.locator('data[data-of="pair:dot"]').waitFor();
        await page.getByText('질문을 누르면 그 선만 보이고, 다시 누르면 모두 보여요').waitFor();
        await page.locator('.lines button').first().tap();
        await page.locator('.lines .number', { hasText: /\d/ }).first().waitFor();
      },
      { hasTouch: true, isMobile: true, viewport: { width: 360, height: 800 } },
    ));

  it('predicts as the model does, and a silenced or heated head changes that as a model with such a head would', () =>
    visited(async ({ page, open, numbers }) => {
      await open(address('&q=1'));
      const token = trace.encoding!.words[1]!.tokens[0]!;
      await page.locator('data[data-of^="guess:"]').first().waitFor();
      const agree = async (name: string, expected: Float64Array): Promise<void> => {
        const shown = [...(await numbers())].filter(([of]) => of.startsWith(`${name}:`));
        expect(shown.length).toBeGreaterThanOrEqual(8);
        for (const [of, value] of shown)
          expect(Math.abs(value! - expected[Number(of.split(':')[1])]!), of).toBeLessThanOrEqual(1e-5);
      };
      const before = await guesses(token, model);
      await agree('guess', before);
      const { headSize } = model.architecture;
      const own = (row: number): boolean => Math.floor(row / headSize) === last.head;
      const part = `layers.${last.layer}`;

      await page.getByRole('button', { name: '이 헤드 끄기' }).click();
      await page.locator('data[data-of^="guessAfter:"]').first().waitFor();
      const silent = await guesses(
        token,
        await scaled([`${part}.attentionOutput.weight`], 0, (_, column) => own(column)),
      );
      await agree('guess', before);
      await agree('guessAfter', silent);
      const moved = before.reduce((sum, probability, id) => sum + Math.abs(probability - silent[id]!), 0) / 2;
      await page.getByText(`예측이 ${moved.toFixed(2)}만큼`).waitFor();

      // The list undoes what was done, and the address carries it.
      const shared = page.url();
      await page.getByRole('button', { name: '되돌리기', exact: true }).click();
      await page.locator('data[data-of^="guessAfter:"]').first().waitFor({ state: 'detached' });
      await page.goto(shared);
      await page.reload();
      await page.locator('data[data-of^="guessAfter:"]').first().waitFor();
      await agree('guessAfter', silent);
      await page.getByRole('button', { name: '모두 되돌리기' }).click();
      await page.locator('data[data-of^="guessAfter:"]').first().waitFor({ state: 'detached' });

      await page.locator('#head-temperature').focus();
      await page.keyboard.press('End');
      await page.locator('data[data-of^="guessAfter:"]').first().waitFor();
      // A hundredth of the query's parameters, bias included: temperature 100.
      const heated = await scaled([`${part}.query.weight`, `${part}.query.bias`], 0.01, own);
      await agree('guessAfter', await guesses(token, heated));

      // Of three changes the one in the middle is taken back, and the others stay.
      await open(address('&q=1&e=s0.1,t1.0.2,s1.1'));
      const undo = page.getByRole('button', { name: '되돌리기', exact: true });
      await undo.nth(2).waitFor();
      await undo.nth(1).click();
      await page.waitForFunction(() => location.hash.endsWith('&e=s0.1,s1.1'));
      const rest: Edit[] = [[0, 1] as const, [1, 1] as const].map(([layer, head]) => ({
        kind: 'ablate',
        layer,
        head,
        by: 'zero',
      }));
      const left = await guesses(token, model, rest);
      await expect
        .poll(async () =>
          Math.max(
            ...[...(await numbers())].map(([of, value]) =>
              of.startsWith('guessAfter:') ? Math.abs(value! - left[Number(of.split(':')[1])]!) : 0,
            ),
          ),
        )
        .toBeLessThanOrEqual(1e-5);
    }));

  it('cuts a pair, sets a weight and hides a word: prediction and square are the library’s for the same edits', () =>
    visited(async ({ page, open, numbers }) => {
      await open(address());
      const words = trace.encoding!.words;
      const [asking, seen] = [words.at(-1)!, words[1]!];
      const token = asking.tokens[0]!;
      await page.locator('data[data-of^="guess:"]').first().waitFor();
      // The cell of the last word and the second: below the first separator, and before the last.
      await page.locator('.frame').first().focus();
      await page.keyboard.press('ArrowRight');
      for (let i = 0; i < words.length; i++) await page.keyboard.press('ArrowDown');
      for (let i = 0; i < 2; i++) await page.keyboard.press('ArrowRight');
      const settled = async (edits: readonly Edit[]): Promise<void> => {
        const expected = await guesses(token, model, edits);
        await page.waitForFunction((all) => {
          const shown = [...document.querySelectorAll('data[data-of^="guessAfter:"]')];
          return (
            shown.length >= 8 &&
            shown.every(
              (data) =>
                Math.abs(
                  Number(data.getAttribute('value')) - all[Number(data.getAttribute('data-of')!.split(':')[1])]!,
                ) <= 1e-5,
            )
          );
        }, Array.from(expected));
        const matrix = await wordMatrix(await recordTrace(model, { text: storySentence, edits }), model, last);
        await page.waitForTimeout(100);
        const json = JSON.parse((await saved(page, 'JSON')).toString()) as WordMatrix & { text: string; edits: Edit[] };
        // The file alone makes the run again.
        const again = await wordMatrix(await recordTrace(model, { text: json.text, edits: json.edits }), model, last);
        for (const [i, row] of again.weights.entries())
          for (const [j, weight] of row.entries())
            expect(Math.abs(json.weights[i]![j]! - weight)).toBeLessThanOrEqual(1e-6);
        for (const [i, row] of matrix.weights.entries())
          for (const [j, weight] of row.entries())
            expect(Math.abs(json.weights[i]![j]! - weight)).toBeLessThanOrEqual(1e-6);
      };
      const pairs = asking.tokens.flatMap((query) => seen.tokens.map((key) => [query, key] as const));
      const cut: Edit = { kind: 'block', ...last, pairs };
      await page.getByRole('button', { name: '이 쌍 끊기' }).click();
      await settled([cut]);
      await page.getByRole('button', { name: '가리기 (모든 헤드에서)' }).click();
      const hidden = seen.tokens.map((position): Edit => ({ kind: 'drop', position }));
      await settled([cut, ...hidden]);
      // Files say what was done, in the list's own words.
      const plain = (words: string): string => words.replaceAll(/[\s\u2060]/g, '');
      const list = (await page.locator('.changes .said').allTextContents()).map(plain);
      expect(list).toHaveLength(2);
      const svg = (await saved(page, 'SVG')).toString();
      const letters = plain([...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, line]) => line).join(''));
      expect(letters).toContain(plain(`이 실행에 손댄 것: ${list.join('; ')}.`));
      expect(plain((await saved(page, 'CSV')).toString())).toContain(plain(list.join('; ')));
      const report = plain((await saved(page, 'HTML')).toString());
      expect(report).toContain(plain(`손댄 것: ${list.join('; ')}.</p>`));
      expect(report).not.toContain(plain('<dd>모델이 준 값'));
      await page.getByRole('button', { name: '모두 되돌리기' }).click();
      await page.getByText(/예측할 때는 ‘먹’ 자리를 가리고 다시 읽어요/).waitFor();
      await page.locator('#pair-weight').focus();
      await page.keyboard.press('Home');
      await page.keyboard.press('ArrowRight');
      const row = (await headRows(trace, last.layer, last.head)).weights(token);
      const whole = seen.tokens.reduce((sum, key) => sum + row[key]!, 0);
      const weighed = seen.tokens.map(
        (key): Edit => ({ kind: 'weight', ...last, query: token, key, to: (0.01 * row[key]!) / whole }),
      );
      await settled(weighed);
      // It holds where the pair is cut as well, which is said.
      const behind = page.getByText(/소프트맥스\s뒤에\s정하는\s가중치라서/);
      expect(await behind.count()).toBe(0);
      await page.getByRole('button', { name: '이 쌍 끊기' }).click();
      await behind.waitFor();
      await settled([...weighed, cut]);
      await page.getByRole('button', { name: '이 쌍 끊기' }).click();
      await behind.waitFor({ state: 'detached' });
      // A blank at the end is nothing that this model reads: the change stays, and is put aside nowhere.
      for (const typed of [`${storySentence} `, ` ${storySentence}`, storySentence.replace(' ', '  ')]) {
        await page.locator('#sentence').fill(typed);
        await page.waitForFunction((text) => decodeURIComponent(location.hash).includes(`s=${text}&`), typed);
        expect(page.url()).toMatch(/[?&]e=w/);
        expect(await page.locator('.aside').count()).toBe(0);
      }
      await page.locator('#sentence').fill(storySentence);
      // Another sentence has other words: what was done to these does not follow.
      await page.locator('#sentence').fill('영희가 책을 읽었다');
      await page.waitForFunction(() => !location.hash.includes('e='));
      expect((await numbers()).size).toBeGreaterThan(0);
      // It is put aside, and comes back with its sentence; what was done to a head stays through it all.
      await page.getByText('단어에 손댄 것 1가지').waitFor();
      await page.getByRole('button', { name: '이 헤드 끄기' }).click();
      await page.locator('#sentence').fill('영희가 책을 조용히 읽었다');
      await page.waitForFunction(() => /e=s\d+\.\d+$/.test(location.hash));
      // Another sentence's is put aside beside it, and both outlast a reload and "Undo all".
      await page.locator('.one .frame').focus();
      for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
      await page.getByRole('button', { name: '이 쌍 끊기' }).click();
      await page.waitForFunction(() => /e=s\d+\.\d+,x/.test(location.hash));
      await page.locator('#sentence').fill('민수가 물을 마셨다');
      await page.waitForFunction(() => /e=s\d+\.\d+$/.test(location.hash));
      await page.reload();
      const asides = page.locator('.aside li');
      await asides.nth(1).waitFor();
      expect(await asides.allTextContents()).toEqual([
        expect.stringContaining(storySentence),
        expect.stringContaining('영희가 책을 조용히 읽었다'),
      ]);
      await asides.nth(0).getByRole('button', { name: '그 문장으로 돌아가기' }).click();
      await page.waitForFunction(() => /e=s\d+\.\d+,w/.test(location.hash));
      expect(await page.locator('#sentence').inputValue()).toBe(storySentence);
      await page.getByRole('button', { name: '모두 되돌리기' }).click();
      await page.waitForFunction(() => !location.hash.includes('e='));
      await asides.getByRole('button', { name: '그 문장으로 돌아가기' }).click();
      await page.waitForFunction(() => /e=x/.test(location.hash));
      await page.locator('#sentence').fill(storySentence);
      // Two sentences have something put aside again: all of it is forgotten at once.
      await page.locator('.one .frame').focus();
      for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
      await page.getByRole('button', { name: '이 쌍 끊기' }).click();
      await page.locator('#sentence').fill('민수가 물을 마셨다');
      await asides.nth(1).waitFor();
      await page.getByRole('button', { name: '빼 둔 것 모두 버리기' }).click();
      await asides.first().waitFor({ state: 'detached' });
      await page.locator('#sentence').fill(storySentence);
      await page.waitForFunction(() => !location.hash.includes('s='));
      expect(page.url()).not.toContain('e=');
      // A weight of the word's last token alone: seen by words, both are called by tokens; seen by tokens, both are rows.
      const inner = seen.tokens.at(-1)!;
      const weight = `&e=w${last.layer}.${last.head}.${token}.${inner}-${inner}.0.5`;
      await open(address(weight));
      const done = `‘먹’(토큰 ${token}) → ‘를’(토큰 ${inner}) 가중치 0.50`;
      await page.getByText(done).waitFor();
      expect(plain((await saved(page, 'HTML')).toString())).toContain(plain(`${done}.</p>`));
      await open(address(`&u=token${weight}`));
      await page.getByText('‘먹’ → ‘를’ 가중치 0.50').waitFor();
    }));

  it('what was done comes back with its sentence in its order, and the focus goes on to what can be undone next', () =>
    visited(async ({ page, open }) => {
      const done = 'e=x1.2.7-9.3-4,s1.1,d5-6,t1.0.2.5';
      await open(`#/ko/explore?${done}`);
      const moved = page.getByText(/예측이 .*만큼 움직였어요/);
      await moved.waitFor();
      const before = await moved.textContent();
      await page.locator('#sentence').fill('영희가 책을 읽었다');
      await page.waitForFunction(() => location.hash.endsWith('e=s1.1,t1.0.2.5'));
      await page.locator('#sentence').fill(storySentence);
      await page.waitForFunction((all) => location.hash.endsWith(all), done);
      await expect.poll(() => moved.textContent()).toBe(before);
      await page.locator('.undo').nth(1).focus();
      for (const left of [3, 2, 1, 0]) {
        await page.keyboard.press('Enter');
        await expect.poll(() => page.locator('.undo').count()).toBe(left);
        const focused = await page.locator(':focus').evaluate((element) => element.tagName);
        expect(focused).toBe(left > 0 ? 'BUTTON' : 'H3');
      }
    }));

  it('50,000 letters beside the sentence, to paste from, and as a question: said to be too much, kept, and the engine goes on', () =>
    visited(async ({ page, open }) => {
      const letters = Array.from({ length: 50_000 }, (_, i) =>
        i % 5 === 4 ? ' ' : String.fromCharCode(0xac00 + ((i * 7919) % 11_172)),
      ).join('');
      const tooLong = page.locator('[role=alert]').getByText('이 모델은 한 번에 128개까지 읽어요');
      await open('#/ko/explore');
      await page.locator('.one .readout').waitFor();
      for (const field of ['#other', '#paste-from']) {
        await page.locator(field).fill(letters);
        await tooLong.waitFor();
        expect(await page.locator(field).getAttribute('class')).toContain('lengthy');
        await page.locator(field).fill('영희가 빵을 먹었다');
        await tooLong.waitFor({ state: 'detached' });
        expect(await page.locator(field).getAttribute('class')).not.toContain('lengthy');
      }
      await page.locator('.compare figure').nth(1).waitFor();
      await open('#/ko/library');
      await page.locator('#question').fill(letters);
      await tooLong.waitFor();
      await page.locator('#question').fill('사과 요리법');
      await tooLong.waitFor({ state: 'detached' });
      // A question of one's own is read as far as there is room, which is said; no address has it, but this window does.
      await open('#/ko/my-library');
      await page.locator('#my-question').fill(letters);
      const cut = page.getByText(/토큰 128개보다 길어서, 앞의 \d+자만 읽었어요/);
      await cut.waitFor();
      await page.getByText('질문이 2,000자보다 길어서 주소에는 담기지 않아요').waitFor();
      await page.waitForFunction(() => location.hash.includes('long=k'));
      await page.reload();
      await cut.waitFor();
      expect(await page.locator('#my-question').inputValue()).toBe(letters);
      expect(await page.getByText('빼고 열었어요').count()).toBe(0);
    }));

  it('says what an address has that cannot be used, leaves it out and keeps the rest', () =>
    visited(async ({ page, open }) => {
      await open('#/ko/explore?a=99.99&e=zzz,s0.1,x1.2.70-79.3-4,s7.7&u=token');
      const said = page.locator('main > p', { hasText: '빼고 열었어요' });
      await said.getByText('4군데').waitFor();
      for (const lost of ['e=zzz', 'e=x1.2.70-79.3-4', 'e=s7.7', 'a=99.99'])
        expect(await said.textContent()).toContain(lost);
      await page.waitForFunction(() => location.hash === '#/ko/explore?u=token&e=s0.1');
      await said.getByRole('button').click();
      await said.waitFor({ state: 'detached' });
      await open('#/ko/my-library?books=[[1],["과일","사과"]]');
      await said.getByText('books=[1]').waitFor();
      // A head, a word or tokens of another sentence that are not there empty no room; neither do names that nobody knows.
      await open('#/ko/explore?h=9.9&q=99&lens=zzz&x=1&n=siseon%2Fmodels%2Fko&nh=8.8');
      await said.getByText('4군데').waitFor();
      for (const lost of ['lens=zzz', 'x=1', 'q=99', 'h=9.9']) expect(await said.textContent()).toContain(lost);
      await page.locator('.one .readout').waitFor();
      await page.locator('.grid canvas').first().waitFor();
      await page.waitForFunction(() => !/[?&][hq]=/.test(location.hash));
      expect(await page.locator('[role=alert]').count()).toBe(0);
      // Not for a moment is an error told of a run that is not to be.
      await page.evaluate(() => {
        const told: string[] = [];
        Object.assign(window, { told });
        const alerts = (): void => {
          for (const alert of document.querySelectorAll('main [role=alert]')) told.push(alert.outerHTML);
        };
        new MutationObserver(alerts).observe(document.body, { subtree: true, childList: true });
      });
      await open('#/ko/explore?e=p2.0.0.1-77.%25EC%2582%25AC%25EA%25B3%25BC,s0.1&u=token');
      await said.getByText('1군데').waitFor();
      expect(await said.textContent()).toContain('p2.0.0.1-77');
      await page.waitForFunction(() => location.hash === '#/ko/explore?u=token&e=s0.1');
      await page.locator('.one .readout').waitFor();
      await page.getByRole('button', { name: '손댄 뒤', exact: true }).waitFor();
      expect(await page.evaluate(() => (window as unknown as { told: string[] }).told)).toEqual([]);
      // On the path too.
      await open('#/en/sentence?h=9.9&q=99&z=1');
      const left = page.locator('main > p', { hasText: 'Left out of the address' });
      await left.getByText('(3)').waitFor();
      for (const lost of ['z=1', 'q=99', 'h=9.9']) expect(await left.textContent()).toContain(lost);
      await page.locator('.gaze').waitFor();
      expect(await page.locator('[role=alert]').count()).toBe(0);
      // Of a model that is still to be opened, head and changes wait, and the room stands.
      await open('#/en/explore?h=11.3&e=s11.3&m=owner%2Fname');
      await page.getByText('This address was seen through “owner/name”').waitFor();
      await page.locator('.one .readout').waitFor();
      await page.locator('data[data-of^="guess:"]').first().waitFor();
      expect(await page.locator('[role=alert]').count()).toBe(0);
      expect(new URL(page.url()).hash).toBe('#/en/explore?h=11.3&m=owner%2Fname&e=s11.3');
      expect(await left.count()).toBe(0);
    }));

  it('takes a cell of a changed run apart: its numbers are the library’s for the same edits, and they come to its weight', () =>
    visited(async ({ page, open, numbers }) => {
      const first = { layer: 0, head: 1 };
      const [asking, seen] = [trace.encoding!.words.at(-1)!, trace.encoding!.words[1]!];
      const [query, key] = [asking.tokens[0]!, seen.tokens[0]!];
      // A head before it is silenced, its own temperature is turned, and one of its weights is set.
      const weight = seen.tokens.map((token) => `w${last.layer}.${last.head}.${query}.${token}-${token}.0.25`);
      const other = trace.encoding!.words[0]!.tokens[0]!;
      const changes = address(`&u=token&e=s0.1,t${last.layer}.${last.head}.2,${weight[0]}`);
      await open(changes);
      const edits: Edit[] = [
        { kind: 'ablate', ...first, by: 'zero' },
        { kind: 'temperature', ...last, value: 2 },
        { kind: 'weight', ...last, query, key, to: 0.25 },
      ];
      const changed = await recordTrace(model, { text: storySentence, edits });
      await page.locator('.frame').first().focus();
      await page.keyboard.press('ArrowRight');
      for (let i = 0; i < query; i++) await page.keyboard.press('ArrowDown');
      const shows = async (token: number): Promise<void> => {
        const expected = await pair(changed, model, { ...last, queryToken: query, keyToken: token });
        const { plus } = expected.edited!;
        await page.waitForFunction(
          ([dot, plus]) => {
            const shown = (of: string) => document.querySelector(`data[data-of="pair:${of}"]`)?.getAttribute('value');
            return Math.abs(Number(shown('dot')) - dot) <= 1e-5 && shown('plus') === plus;
          },
          [expected.dot, plus === -Infinity ? '' : String(plus)] as const,
        );
        const shown = await numbers();
        const of = (name: string): number => shown.get(`pair:${name}`)!;
        expect(Math.abs(of('dot') * of('scale') - of('score'))).toBeLessThanOrEqual(1e-5);
        expect(of('times')).toBe(0.5);
        expect(expected.check.largestDifference).toBeLessThanOrEqual(1e-5);
        expect(Math.abs(of('weight') - expected.softmax.weight)).toBeLessThanOrEqual(1e-6);
        const row = (await headRows(changed, last.layer, last.head)).weights(query);
        expect(Math.abs(of('after') - row[token]!)).toBeLessThanOrEqual(1e-5);
        // softmax · share + put, from what the screen says of the score.
        const exponential = Math.exp(
          of('score') * of('times') + (shown.get('pair:plus') ?? -Infinity) - expected.softmax.largest,
        );
        const soft = exponential / expected.softmax.sum;
        expect(Math.abs(soft * of('share') + of('put') - of('after'))).toBeLessThanOrEqual(1e-5);
      };
      for (let i = 0; i < key; i++) await page.keyboard.press('ArrowRight');
      await shows(key);
      for (let i = key; i > other; i--) await page.keyboard.press('ArrowLeft');
      await shows(other);
      // Before anything was done.
      await page.getByRole('button', { name: '손대기 전' }).click();
      const before = await pair(trace, model, { ...last, queryToken: query, keyToken: other });
      await page.locator('data[data-of="pair:after"]').waitFor({ state: 'detached' });
      expect(Math.abs((await numbers()).get('pair:weight')! - before.softmax.weight)).toBeLessThanOrEqual(1e-6);
      // The pinned cell is in the address. Where it is the first that is taken apart, −∞ is no number from the start.
      await page.goto('about:blank');
      await open(`${changes}&a=${query}.${key}`);
      await page.locator('data[data-of="pair:plus"]').waitFor();
      await shows(key);
      expect((await numbers()).get('pair:plus')).toBeNull();
      await page.getByRole('button', { name: '단어', exact: true }).click();
      await page.waitForFunction(() => !location.hash.includes('u=token') && location.hash.includes('a='));
      await page.locator('.readout').first().getByText('사과를').waitFor();
    }));

  it('shows of a cell what one reply says (to 1e-3), never numbers of two, in every state that the page passes through', () =>
    visited(async ({ page, open }) => {
      const token = trace.encoding!.words.at(-1)!.tokens[0]!;
      const edits: Edit[] = [
        { kind: 'temperature', ...last, value: 2 },
        { kind: 'weight', ...last, query: token, key: 3, to: 0.25 },
      ];
      const head = `${last.layer}.${last.head}`;
      await open(address(`&u=token&e=t${head}.2,w${head}.${token}.3-3.0.25&a=${token}.0`));
      await page.locator('data[data-of="pair:plus"]').waitFor();
      const changed = await recordTrace(model, { text: storySentence, edits });
      const cells = await Promise.all(
        Array.from(trace.ids, async (_, keyToken) => {
          const { dot, score, edited, softmax, contribution } = await pair(changed, model, {
            ...last,
            queryToken: token,
            keyToken,
          });
          const { plus, share, put } = edited!;
          return { dot, score, plus: Math.max(plus, -1e9), share, put, after: softmax.weight, part: contribution };
        }),
      );
      const found = await page.evaluate(async (all) => {
        const shown = (of: string): number | null => {
          const data = document.querySelector(`data[data-of="pair:${of}"]`);
          return data && (data.getAttribute('value') === '' ? -1e9 : Number(data.getAttribute('value')));
        };
        const mixed: string[] = [];
        const seen = new Set<number>();
        const check = (): void => {
          const key = all.findIndex(({ dot }) => Math.abs(dot - shown('dot')!) <= 1e-3);
          seen.add(key);
          for (const [name, number] of Object.entries(all[key] ?? {}))
            if (!(Math.abs(shown(name)! - number) <= 1e-3)) mixed.push(`${key} ${name} ${shown(name)}`);
        };
        new MutationObserver(check).observe(document.querySelector('main')!, { subtree: true, attributes: true });
        const frame = document.querySelector('.frame')!;
        const after = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
        let column = 0;
        // As fast as fingers go, and faster: questions overtake answers. Now and then an answer is waited for.
        for (let n = 0; n < 120; n++) {
          const right = n % 20 < 10;
          const key = right ? 'ArrowRight' : 'ArrowLeft';
          frame.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
          column += right ? 1 : -1;
          if (n % 3 > 0) await after((n * 7) % 24);
          while (n % 6 === 0 && !(Math.abs(all[column]!.dot - shown('dot')!) <= 1e-3)) await after(1);
        }
        return { mixed, seen: seen.size };
      }, cells);
      expect(found.mixed).toEqual([]);
      expect(found.seen).toBeGreaterThan(3);
    }));

  it('says how long a keystroke took to its picture, also while Hangul is composed', () =>
    visited(async ({ page, open }) => {
      await open('#/ko/explore');
      await page.getByText(/그림이 나오기까지 걸린 시간이 여기에/).waitFor();
      await page.locator('#sentence').fill('철수가 ');
      const said = page.locator('.latency');
      await said.getByText(/\d+ms 걸렸어요/).waitFor();
      const devtools = await page.context().newCDPSession(page);
      // What is said is of the picture that stands: it comes with it.
      await page.evaluate(() => {
        const window_ = window as unknown as { told: string[][] };
        window_.told = [];
        // Two keystrokes of as many milliseconds change nothing in the line: it is looked at whenever it changes.
        new MutationObserver(() => {
          const typed = document.querySelector<HTMLTextAreaElement>('#sentence')!.value.trim();
          const seen = [...document.querySelectorAll('.gaze .word')].at(-1)!.textContent!.trim();
          window_.told.push([seen, typed.split(' ').at(-1)!]);
        }).observe(document.querySelector('.latency')!, { subtree: true, characterData: true, childList: true });
      });
      for (const text of ['ㅁ', '무', '물', '물을']) {
        await devtools.send('Input.imeSetComposition', {
          text,
          selectionStart: text.length,
          selectionEnd: text.length,
        });
        await page.locator('.gaze .word').getByText(text, { exact: true }).waitFor();
        // What is said of this one is said before the next is typed.
        await page.waitForTimeout(200);
      }
      await page.waitForFunction(() => (window as unknown as { told: string[][] }).told.length > 0);
      for (const [seen, typed] of await page.evaluate(() => (window as unknown as { told: string[][] }).told))
        expect(seen).toBe(typed);
      // Of a picture that no keystroke brought nothing is said.
      await page.locator('.gaze .word').first().click();
      await page.getByText(/그림이 나오기까지 걸린 시간이 여기에/).waitFor();
      // Nor beside a sentence that cannot be read: the picture is of the one before.
      await page.locator('#sentence').fill(storySentence);
      await said.getByText(/\d+ms 걸렸어요/).waitFor();
      await page.locator('#sentence').fill('철수가 '.repeat(300));
      await page.getByText('그림은 마지막으로 읽은 문장이에요').waitFor();
      await page.getByText(/그림이 나오기까지 걸린 시간이 여기에/).waitFor();
    }));

  it('shows one text in all pictures where the newest cannot be read, and speaks of a picture only where there is one', () =>
    visited(async ({ page, open }) => {
      const long = `#/ko/explore?s=${encodeURIComponent('철수가 '.repeat(300))}`;
      await open(long);
      await page.getByText(/이 모델은 한 번에/).waitFor();
      expect(await page.getByText('그림은 마지막으로 읽은 문장이에요').count()).toBe(0);
      await page.locator('#sentence').fill(storySentence);
      await page.locator('.one .frame').waitFor();
      await page.evaluate((hash) => (location.hash = hash), long);
      await page.getByText('그림은 마지막으로 읽은 문장이에요').waitFor();
      // A word that the sentence does not have is left out: all pictures are of the new sentence, its own word asks.
      await page.evaluate(
        () => (location.hash = '#/ko/explore?s=%EC%98%81%ED%9D%AC%EA%B0%80%20%EC%9B%83%EC%97%88%EB%8B%A4&q=9'),
      );
      await page.getByText('q=9').waitFor();
      await page.locator('.gaze .asked').getByText('웃었다', { exact: true }).waitFor();
      const json = JSON.parse((await saved(page, 'JSON')).toString()) as { text: string };
      expect(json.text).toBe('영희가 웃었다');
    }));

  it('opens a model from files of the visitor’s own, tells what is missing, and goes back', () =>
    visited(async ({ page, open }) => {
      await open('#/ko/explore');
      const path = (name: string): string => fileURLToPath(new URL(name, modelFolder));
      await page.locator('#own-files').setInputFiles([path('tokenizer.json'), path('model.safetensors')]);
      await page.getByText(/config.json이 없어요/).waitFor();
      await page.locator('#own-files').setInputFiles([path('library.json')]);
      await page.getByText(/config.json이 없어요/).waitFor();

      const file = (name: string, buffer: Buffer) => ({ name, mimeType: 'application/octet-stream', buffer });
      // The model that comes along, its last layer's queries all 0: it looks at every token alike.
      const bytes = await readFile(path('model.safetensors'));
      const headerSize = Number(bytes.readBigUInt64LE());
      const header = JSON.parse(bytes.subarray(8, 8 + headerSize).toString()) as Record<
        string,
        { data_offsets: [number, number] }
      >;
      for (const [name, { data_offsets: offsets }] of Object.entries(header))
        if (name.includes(`layer.${last.layer}.attention.self.query`))
          bytes.fill(0, ...(offsets.map((offset) => 8 + headerSize + offset) as [number, number]));
      await page
        .locator('#own-files')
        .setInputFiles([
          file('config.json', await readFile(path('config.json'))),
          file('tokenizer.json', await readFile(path('tokenizer.json'))),
          file('model.safetensors', bytes),
        ]);
      await page.getByRole('button', { name: '이 모델 열기' }).click();
      await page.getByText(/지금 모든 방의 숫자는/).waitFor();
      await open(address());
      await page.waitForFunction((hash) => location.hash.includes(hash), `h=${last.layer}.${last.head}`);
      const { tokens } = trace.encoding!;
      await page.locator('.readout').first().waitFor();
      await page.waitForTimeout(300);
      const json = JSON.parse((await saved(page, 'JSON')).toString()) as WordMatrix & { model: string };
      expect(json.model).not.toBe('siseon/models/ko');
      expect(json).toMatchObject(last);
      for (const row of json.weights)
        for (const [j, weight] of row.entries()) {
          const { word } = json.columns[j]!;
          const own = word === null ? 1 : tokens.filter((token) => token.word === word).length;
          expect(Math.abs(weight - own / tokens.length)).toBeLessThanOrEqual(1e-6);
        }
      await page.getByRole('button', { name: '원래 모델로 돌아가기' }).click();
      await page.getByText(/지금 모든 방의 숫자는/).waitFor({ state: 'detached' });
    }));

  it('holds another sentence beside the first, takes their difference where the words are as many, and says how far each head moved', () =>
    visited(async ({ page, open, numbers }) => {
      await open(address());
      await page.locator('#other').fill('영희가 빵을 맛있게 먹었다');
      await page.getByText(/둘째에서 첫째를 뺀 가중치/).waitFor();
      const [a, b] = await Promise.all(
        [storySentence, '영희가 빵을 맛있게 먹었다'].map(async (text) =>
          wordMatrix(await recordTrace(model, { text }), model, last),
        ),
      );
      await page.locator('.frame').last().focus();
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowRight');
      const readout = page.locator('.readout').last();
      await readout.getByText('철수가/영희가').waitFor();
      expect(await readout.textContent()).toContain(
        (b!.weights[0]![1]! - a!.weights[0]![1]!).toFixed(2).replace('-0.00', '0.00').replace('-', '−'),
      );
      // Every head at a glance, by the library's own comparison of the two runs.
      const heads = async (other: string) => {
        const [here, there] = [
          await recordTrace(model, { text: storySentence }),
          await recordTrace(model, { text: other }),
        ];
        const alignment = alignTexts(here.encoding!, there.encoding!);
        const { heads: moved } = await compareRuns(here, there, { alignment });
        await page.getByText(`${here.ids.length}개와 ${there.ids.length}개 가운데 ${alignment.length}개`).waitFor();
        const shown = await numbers();
        expect(moved).toHaveLength(model.architecture.layerCount * model.architecture.headCount);
        for (const { layer, head, weights } of moved)
          expect(Math.abs(shown.get(`moved:${String(layer)}.${head}`)! - weights)).toBeLessThanOrEqual(1e-6);
        return moved;
      };
      await heads('영희가 빵을 맛있게 먹었다');
      await page.locator('#other').fill('영희가 먹었다');
      await page.getByText(/길이가 달라서/).waitFor();
      const moved = await heads('영희가 먹었다');
      // Seven digits are one number, on a phone too.
      await page.getByRole('button', { name: '모든 자릿수' }).click();
      await page.setViewportSize({ width: 360, height: 800 });
      const lines = await page
        .locator('[data-moved] data')
        .evaluateAll((shown) => shown.map((number) => number.getClientRects().length));
      expect(lines).toEqual(moved.map(() => 1));
      // What is compared stands in the columns above it, and follows a window that grows and shrinks.
      await page.locator('#other').fill('영희가 빵을 맛있게 먹었다');
      await page.locator('.compare figure').nth(2).waitFor();
      await page.setViewportSize({ width: 2560, height: 1400 });
      const box = async (part: string) => (await page.locator(part).boundingBox())!;
      await expect
        .poll(async () => Math.abs((await box('#other')).width - (await box('#paste-from')).width))
        .toBeLessThan(1);
      /** Where each begins, from the left and from above. */
      const begin = async (...parts: string[]) => {
        const boxes = await Promise.all(parts.map(box));
        return { x: boxes.map(({ x }) => Math.round(x)), y: boxes.map(({ y }) => Math.round(y)) };
      };
      const columns = await begin('#heads', '#one', '#guesses');
      const brought = await begin('#paste', '#own', '#compare');
      const figures = await begin(...[0, 1, 2].map((i) => `.compare figure >> nth=${String(i)}`));
      for (const row of [brought, figures]) {
        expect(row.x).toEqual(columns.x);
        expect(new Set(row.y).size).toBe(1);
      }
      await page.setViewportSize({ width: 1280, height: 900 });
      await expect
        .poll(() =>
          page
            .locator('.compare figure')
            .evaluateAll((figures) => figures.map(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)),
        )
        .toEqual([0, 0, 0]);
      await page.locator('[data-moved="0.1"]').click();
      await page.waitForFunction(() => location.hash.includes('h=0.1'));
      await page.keyboard.press('ArrowDown');
      await page.waitForFunction(() => location.hash.includes('h=1.1'));
    }));

  it('is used with the keyboard alone, each stop in a ring that nothing cuts, and axe finds nothing in what then stands there', () =>
    visited(async ({ page, open }) => {
      await open(address(`&c=${encodeURIComponent('영희가 빵을 맛있게 먹었다')}`));
      await page.locator('data[data-of^="guess:"]').first().waitFor();
      await page.locator('data[data-of^="reach:"]').first().waitFor();
      const stops = await walked(page);
      const silence = stops.indexOf('이 헤드 끄기');
      expect(silence).toBeGreaterThan(0);
      for (let i = stops.length; i > silence; i--) await page.keyboard.press('Shift+Tab');
      await page.keyboard.press('Enter');
      await page.locator('data[data-of^="guessAfter:"]').first().waitFor();
      await accessible(page);
    }));
});
