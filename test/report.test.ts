import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Overview, type OverviewPart, overview } from '../src/lens/index.ts';
import { loadModel, shippedModel } from '../src/model/index.ts';
import { memoryFolder } from '../src/platform/index.ts';
import { attentionStages, recordTrace } from '../src/trace/index.ts';
import { measured, reportHtml, whole } from '../src/views/index.ts';
import { chromiumArguments, findChromium } from './chromium.js';
import { pairFiles } from './commands.testing.ts';

const executablePath = findChromium();
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe.skipIf(!executablePath)('a report, opened offline in Chromium', () => {
  let browser: Browser;
  let [seen, both]: Overview[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'siseon-report-'));

  beforeAll(async () => {
    const model = await loadModel(shippedModel, { name: 'siseon/models/ko' });
    seen = await overview(await recordTrace(model, { text: '철수가 사과를 맛있게 먹었다' }), model);
    writeFileSync(
      join(folder, 'gaze.html'),
      reportHtml(seen, { language: 'ko', start: { layer: 1, head: 2, query: 4 } }),
    );
    const twice = await overview(await recordTrace(model, { text: '철수가 사과를 먹고 영희가 사과를 샀다' }), model);
    const last = { layer: 1, head: 2, query: 6 };
    for (const language of ['ko', 'en'] as const)
      writeFileSync(join(folder, `twice.${language}.html`), reportHtml(twice, { language, start: last }));
    const pair = await loadModel(memoryFolder(pairFiles('bart')));
    both = await overview(await recordTrace(pair, { text: '나는 사과를 먹었다', decoder: '철수가 밥을' }), pair);
    const start = { layer: 'decoder.layers.1.cross', head: 1, query: 2 } as const;
    writeFileSync(join(folder, 'pair.html'), reportHtml(both, { language: 'en', start }));
    browser = await chromium.launch({ executablePath: executablePath!, args: chromiumArguments });
  }, 60_000);
  afterAll(() => browser?.close());

  /** A visit without a network; what the page complains of fails it. */
  async function visit(options: object, look: (page: Page) => Promise<void>, file = 'gaze.html'): Promise<void> {
    const context = await browser.newContext({ offline: true, bypassCSP: true, ...options });
    // Whatever is written into the large square, one number after another.
    await context.addInitScript(() => {
      const { fillText } = CanvasRenderingContext2D.prototype;
      CanvasRenderingContext2D.prototype.fillText = function (...what) {
        if (this.canvas.id === 'matrix')
          this.canvas.dataset.written = `${this.canvas.dataset.written ?? ''} ${what[0]}`;
        fillText.apply(this, what);
      };
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith('file:')) complaints.push(request.url());
    });
    await page.goto(`file://${folder}/${file}`);
    await look(page);
    expect(complaints).toEqual([]);
    await context.close();
  }
  /** The table as it is read: word → score, weight, contribution. */
  const tableOf = (page: Page): Promise<string[][]> =>
    page.$$eval('#rows tr', (rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent ?? '')));
  /** The rows of the table are the numbers of one query in one head, as the page and pictures write them, and with all digits. */
  async function expectNumbers(page: Page, part: OverviewPart, layer: number, head: number, query: number) {
    const start = (layer * part.headCount + head) * part.queries.length;
    const own = part.contributions.slice(start * part.keys.length, (start + part.queries.length) * part.keys.length);
    const exact = page.locator('#exact');
    for (const write of [measured, whole]) {
      const rows = await tableOf(page);
      expect(rows.length).toBe(part.keys.length + 1);
      for (const [key, { text }] of part.keys.entries()) {
        const at = (start + query) * part.keys.length + key;
        const [score, weight, contribution] = [part.scores[at]!, part.weights[at]!, part.contributions[at]!];
        expect(rows.find(([name = '']) => name.startsWith(text))!.slice(1)).toEqual([
          score === -Infinity ? expect.stringMatching(/masked|가려짐/) : write(score, 1),
          write(weight, 1),
          write(contribution, Math.max(...own)),
        ]);
      }
      expect(Number(rows.at(-1)![2])).toBeCloseTo(1, 5);
      await exact.click();
    }
    expect(await exact.getAttribute('aria-pressed')).toBe('false');
  }

  it('shows the trace’s own numbers for every head and word, and sums them', () =>
    visit({}, async (page) => {
      for (const [layer, head, query] of [
        [1, 2, 4],
        [0, 1, 2],
        [1, 0, 5],
      ] as const) {
        await page.getByRole('button', { name: `L${layer}·H${head}` }).click();
        await page.locator('#sentence button').nth(query).click();
        await expectNumbers(page, seen!.parts[0]!, layer, head, query);
        // The numbers in the square's cells, two decimals each: of the last time it was drawn.
        const { keys, weights, headCount } = seen!.parts[0]!;
        const count = keys.length ** 2;
        const start = (layer * headCount + head) * count;
        const written = (await page.locator('#matrix').getAttribute('data-written'))!.split(' ');
        expect(written.slice(-count)).toEqual(
          Array.from(weights.slice(start, start + count), (weight) => weight.toFixed(2)),
        );
      }
      expect(await page.locator('#parts button').count()).toBe(0);
    }));

  it('of an encoder-decoder shows each of its attentions, whose numbers are the stages’ own', () =>
    visit(
      {},
      async (page) => {
        expect(await page.locator('#saying').textContent()).toMatch(
          /^밥을 gives .* to the separators(?: and all others)? \(cross-attention of decoder layer\u00a01, head\u00a01\)\.$/,
        );
        await expectNumbers(page, both!.parts[2]!, 1, 1, 2);
        await page.locator('#asking button').nth(1).click();
        expect(await page.locator(':focus').textContent()).toBe('철수가');
        await page.keyboard.press('ArrowRight');
        expect(await page.locator(':focus').textContent()).toBe('밥을');
        await page.keyboard.press('ArrowRight');
        await expectNumbers(page, both!.parts[2]!, 1, 1, 0);
        await page.focus('#matrix');
        for (let step = 0; step < 9; step++) await page.keyboard.press('ArrowRight');
        expect(await page.locator('#cell').textContent()).toMatch(/^<s> → <\/s>: score /);
        for (const [index, name] of ['encoder', 'decoder'].entries()) {
          await page.getByRole('button', { name, exact: true }).click();
          const part = both!.parts[index]!;
          await page.getByRole('button', { name: 'L0·H1' }).click();
          await page.locator('#sentence button').nth(1).click();
          await expectNumbers(page, part, 0, 1, 1);
          expect(await page.locator('#saying').textContent()).toContain(`(${name} layer\u00a00, head\u00a01)`);
          expect(await page.locator('#asking button').count()).toBe(0);
        }
        await page.getByRole('button', { name: 'decoder → encoder’s text' }).click();
        expect(await page.locator('#asking [aria-pressed=true]').textContent()).toBe('<s>');
      },
      'pair.html',
    ));
  it('of an encoder-decoder takes its weights from the stages of each place: 1e-6', async () => {
    const pair = await loadModel(memoryFolder(pairFiles('bart')));
    const trace = await recordTrace(pair, { text: '나는 사과를 먹었다', decoder: '철수가 밥을' });
    expect(both!.parts.map(({ stack, queries, keys }) => [stack, queries.length, keys.length])).toEqual([
      ['encoder', 4, 4],
      ['decoder', 3, 3],
      ['cross', 3, 4],
    ]);
    for (const { layers, weights } of both!.parts) {
      const squares = await Promise.all(
        layers.map(async (layer) => (await attentionStages(trace, layer)).weights.data),
      );
      const whole = squares.flatMap((square) => [...square]);
      expect(weights.length).toBe(whole.length);
      for (const [at, weight] of whole.entries()) expect(Math.abs(weights[at]! - weight)).toBeLessThanOrEqual(1e-6);
    }
  });

  it('has square cells and whole numbers on every screen, and tells a finger to press', async () => {
    for (const width of [360, 1100, 1280, 2560])
      await visit(
        { viewport: { width, height: 900 }, isMobile: width === 360, hasTouch: width === 360 },
        async (page) => {
          const shape = await page.$eval('#matrix', (drawn) => {
            const { width, height, clientWidth, clientHeight } = drawn as HTMLCanvasElement;
            return clientWidth / clientHeight / (width / height);
          });
          expect(Math.abs(shape - 1)).toBeLessThan(0.01);
          // The square ends in a rule, which is sharp.
          const [end, rule] = await page.$eval('#matrix', (drawn) => {
            const { width, height } = drawn as HTMLCanvasElement;
            const row = (drawn as HTMLCanvasElement).getContext('2d')!.getImageData(0, height - 6, width, 1).data;
            const last = Array.from({ length: width }, (_, x) => x).findLast((x) => row[4 * x + 3]! > 0)!;
            return [
              `#${[...row.slice(4 * last, 4 * last + 3)].map((part) => part.toString(16)).join('')}`,
              getComputedStyle(document.documentElement).getPropertyValue('--rule').trim(),
            ];
          });
          expect(end).toBe(rule);
          expect(await page.$eval('.wide', (table) => table.scrollWidth - table.clientWidth)).toBe(0);
          expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
          expect(await page.getByText('칸을 누르면 고정되고 값이 보입니다.').isVisible()).toBe(width === 360);
          expect(await page.getByText('칸에 올리면').isVisible()).toBe(width !== 360);
        },
      );
  });

  it('keeps a cell by keyboard and by click, follows the pointer, and lets go', () =>
    visit({}, async (page) => {
      const cell = page.locator('#cell');
      expect(await cell.textContent()).toBe('고른 칸이 없습니다.');
      await page.focus('#matrix');
      for (let step = 0; step < 3; step++) await page.keyboard.press('ArrowRight');
      expect(await cell.textContent()).toMatch(/^먹었다 → 사과를: 점수 7\.9\d, 가중치 0\.99, 기여 12\.\d\d$/);
      expect(await page.locator('tr[aria-current] th').textContent()).toBe('사과를');
      await page.keyboard.press('ArrowUp');
      expect(await cell.textContent()).toMatch(/^맛있게 → 사과를: /);
      await page.keyboard.press('Escape');
      expect(await cell.textContent()).toBe('고른 칸이 없습니다.');
      const box = (await page.locator('#matrix').boundingBox())!;
      // Beside the last column its slanted name has its room.
      const [x, y] = [box.x + box.width - 45, box.y + box.height - 8];
      await page.mouse.move(x, y);
      expect(await cell.textContent()).toMatch(/^\[SEP\] → \[SEP\]: /);
      await page.mouse.move(2, 2);
      expect(await cell.textContent()).toBe('고른 칸이 없습니다.');
      await page.mouse.click(x, y);
      await page.mouse.move(2, 2);
      expect(await cell.textContent()).toMatch(/^\[SEP\] → \[SEP\]: /);
    }));

  it('says the picture as a sentence, by weight and by contribution, and walks the words by arrow keys', () =>
    visit({}, async (page) => {
      const saying = page.locator('#saying');
      expect(await saying.textContent()).toMatch(
        /^‘먹었다’\u2060는 ‘사과를’\u2060에 0\.99, .*나머지 0\.00은 .*\(층\u00a01, 헤드\u00a02\)\.$/,
      );
      await page.getByRole('button', { name: '기여' }).click();
      expect(await saying.textContent()).toMatch(/^‘먹었다’\u2060에 실려 온 길이는 ‘사과를’\u2060에서 12\./);
      await page.locator('#sentence button').nth(4).focus();
      await page.keyboard.press('ArrowLeft');
      expect(await saying.textContent()).toContain('‘맛있게’\u2060에 실려 온');
      expect(await page.locator(':focus').textContent()).toContain('맛있게');
    }));

  it.each([
    ['ko', '‘사과를’(단어 1)\u2060에 0.', '사과를(단어 4)'],
    ['en', ' to 사과를 (word 1)', '사과를 (word 4)'],
  ])('says of a word that comes twice which one it is, %s', (language, said, row) =>
    visit(
      {},
      async (page) => {
        expect(await page.locator('#saying').textContent()).toContain(said);
        const names = await page.locator('#rows th').allTextContents();
        expect(names.filter((name) => name.startsWith(row))).toHaveLength(1);
        expect(names.filter((name) => name.startsWith('철수가'))).toEqual(['철수가']);
      },
      `twice.${language}.html`,
    ),
  );

  it.each([
    ['gaze.html', 'light'],
    ['gaze.html', 'dark'],
    ['pair.html', 'light'],
    ['pair.html', 'dark'],
  ] as const)('%s has no axe violation and fits into 360 pixels, %s', (file, colorScheme) =>
    visit(
      { colorScheme, viewport: { width: 360, height: 800 } },
      async (page) => {
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
        // The longer sentence stands in a column, and its arcs begin and end beside the words they join.
        expect(await page.locator('#gaze.down').count()).toBe(file === 'pair.html' ? 0 : 1);
        const ends = await page.$$eval('#arcs path', (arcs) =>
          arcs.map((arc) => {
            const { top, bottom } = arc.getBoundingClientRect();
            return [top, bottom].map((y) => Math.round(y));
          }),
        );
        expect(ends.length).toBeGreaterThan(0);
        if (file === 'gaze.html') {
          const middles = await page.$$eval('#sentence .word', (words) =>
            words.map((word) => word.getBoundingClientRect()).map(({ top, height }) => top + height / 2),
          );
          // 사과를 has 0.99 of what 먹었다 gives, and no other word enough for an arc.
          expect(ends.length).toBe(1);
          for (const [i, word] of [2, 4].entries()) expect(Math.abs(ends[0]![i]! - middles[word]!)).toBeLessThan(7);
        }
        expect(await page.locator('#sentence .bar').first().isVisible()).toBe(true);
        await page.locator('#exact').click();
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
        await page.addScriptTag({ content: axe });
        const violations = await page.evaluate(async () => {
          type Found = { violations: { id: string; nodes: { html: string }[] }[] };
          const { violations: list } = await (window as unknown as { axe: { run(): Promise<Found> } }).axe.run();
          return list.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
        });
        expect(violations).toEqual([]);
      },
      file,
    ),
  );
});
