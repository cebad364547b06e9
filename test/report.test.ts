import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Overview, overview } from '../src/lens/index.ts';
import { loadModel, shippedModel } from '../src/model/index.ts';
import { recordTrace } from '../src/trace/index.ts';
import { reportHtml } from '../src/views/index.ts';
import { findChromium } from './chromium.js';

const executablePath = findChromium();
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe.skipIf(!executablePath)('a report, opened offline in Chromium', () => {
  let browser: Browser;
  let seen: Overview;
  let file: string;
  const start = { layer: 1, head: 2, query: 4 };

  beforeAll(async () => {
    const model = await loadModel(shippedModel, { name: 'siseon/models/ko' });
    seen = await overview(await recordTrace(model, { text: '철수가 사과를 맛있게 먹었다' }), model);
    file = join(mkdtempSync(join(tmpdir(), 'siseon-report-')), 'gaze.html');
    writeFileSync(file, reportHtml(seen, { language: 'ko', start }));
    browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] });
  }, 60_000);
  afterAll(() => browser?.close());

  /** A visit without a network; what the page complains of fails it. */
  async function visit(options: object, look: (page: Page) => Promise<void>): Promise<void> {
    const context = await browser.newContext({ offline: true, bypassCSP: true, ...options });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith('file:')) complaints.push(request.url());
    });
    await page.goto(`file://${file}`);
    await look(page);
    expect(complaints).toEqual([]);
    await context.close();
  }
  /** The table as it is read: word → score, weight, contribution. */
  const tableOf = (page: Page): Promise<string[][]> =>
    page.$$eval('#rows tr', (rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent ?? '')));
  const number = (text: string): number => Number(text.replace('−', '-'));

  it('shows the trace’s own numbers for every head and word, and sums them', () =>
    visit({}, async (page) => {
      const n = seen.words.length;
      for (const [layer, head, query] of [
        [1, 2, 4],
        [0, 1, 2],
        [1, 0, 5],
      ] as const) {
        await page.getByRole('button', { name: `L${layer}·H${head}` }).click();
        await page.locator('#sentence button').nth(query).click();
        const rows = await tableOf(page);
        expect(rows.length).toBe(n + 1);
        for (const [key, { text }] of seen.words.entries()) {
          const [, score, weight, contribution] = rows.find(([name = '']) => name.startsWith(text))!;
          const at = ((layer * seen.headCount + head) * n + query) * n + key;
          expect(Math.abs(number(score!) - seen.scores[at]!)).toBeLessThanOrEqual(0.00501);
          expect(Math.abs(number(weight!) - seen.weights[at]!)).toBeLessThanOrEqual(0.0000501);
          expect(Math.abs(number(contribution!) - seen.contributions[at]!)).toBeLessThanOrEqual(0.0000501);
        }
        expect(number(rows.at(-1)![2]!)).toBeCloseTo(1, 4);
      }
    }));

  it('keeps a cell by keyboard and by click, follows the pointer, and lets go', () =>
    visit({}, async (page) => {
      const cell = page.locator('#cell');
      expect(await cell.textContent()).toBe('고른 칸이 없습니다.');
      await page.focus('#matrix');
      for (let step = 0; step < 3; step++) await page.keyboard.press('ArrowRight');
      expect(await cell.textContent()).toMatch(/^먹었다 → 사과를: 점수 7\.9\d+, 가중치 0\.99\d+, 기여 12\.\d+$/);
      expect(await page.locator('tr[aria-current] th').textContent()).toBe('사과를');
      await page.keyboard.press('ArrowUp');
      expect(await cell.textContent()).toMatch(/^맛있게 → 사과를: /);
      await page.keyboard.press('Escape');
      expect(await cell.textContent()).toBe('고른 칸이 없습니다.');
      const box = (await page.locator('#matrix').boundingBox())!;
      const [x, y] = [box.x + box.width - 8, box.y + box.height - 8];
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
        /^‘먹었다’는 ‘사과를’에 0\.99, .*나머지 0\.00은 .*\(층 1, 헤드 2\)\.$/,
      );
      await page.getByRole('button', { name: '기여' }).click();
      expect(await saying.textContent()).toMatch(/^‘먹었다’에 실려 온 길이는 ‘사과를’에서 12\./);
      await page.locator('#sentence button').nth(4).focus();
      await page.keyboard.press('ArrowLeft');
      expect(await saying.textContent()).toContain('‘맛있게’에 실려 온');
      expect(await page.locator(':focus').textContent()).toContain('맛있게');
    }));

  it.each(['light', 'dark'] as const)('has no axe violation and fits into 360 pixels, %s', (colorScheme) =>
    visit({ colorScheme, viewport: { width: 360, height: 800 } }, async (page) => {
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
      await page.addScriptTag({ content: axe });
      const violations = await page.evaluate(async () => {
        type Found = { violations: { id: string; nodes: { html: string }[] }[] };
        const { violations: list } = await (window as unknown as { axe: { run(): Promise<Found> } }).axe.run();
        return list.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
      });
      expect(violations).toEqual([]);
    }),
  );
});
