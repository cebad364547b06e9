/** Edges that what stands above each other shares, at the width of a laptop. */
import type { Locator } from 'playwright-core';
import { expect, it } from 'vitest';
import { onThePage } from './onThePage.ts';

const edge = (of: Locator, side: 'left' | 'right'): Promise<number> =>
  of.evaluate((element, name) => element.getBoundingClientRect()[name], side);

onThePage('edges', (_site, visited) => {
  it('Library: the temperature and the mixture begin at one edge, shelves and ranking where their headings do', () =>
    visited(async ({ page, open }) => {
      await open('#/ko/my-library');
      await page.locator('#ranking').waitFor();
      expect(await edge(page.locator('#my-temperature'), 'left')).toBeCloseTo(
        await edge(page.locator('#soft'), 'left'),
        1,
      );
      const left = await edge(page.locator('#books'), 'left');
      for (const first of ['[data-shelf] input', '.ranking .names .rank', '.ranking [role=row] .rank'])
        expect(await edge(page.locator(first).first(), 'left'), first).toBeCloseTo(left, 1);
    }));

  it('Library: rows that all have room need no scrollbar, which would part the numbers from their headings', () =>
    visited(async ({ page, open }) => {
      await open('#/ko/my-library');
      await page.locator('#ranking').waitFor();
      const lists = page.locator('.frame[role=table]');
      expect(await lists.evaluateAll((all) => all.map((list) => list.scrollHeight - list.clientHeight))).toEqual([
        0, 0,
      ]);
    }));

  it('Train: the bar of a training ends where the fields of its settings do', () =>
    visited(async ({ page, open }) => {
      await open('#/ko/train?p=small,masked,12,3,1,0.01,20,4,7');
      await page.locator('button.main:enabled').click();
      const progress = await edge(page.locator('.controls progress'), 'right');
      expect(progress).toBeCloseTo(await edge(page.locator('.numbers-form'), 'right'), 1);
    }));

  it.each([
    ['Learn, whose charts have names of other lengths', 'training', '.controls progress'],
    ['Train, also where a loss that ran away has long numbers', 'train?p=small,repair,12,3,2,1000,60,4,7', '.worse'],
  ])('a step of a training stands at one place in both charts: %s', (_, part, sign) =>
    visited(async ({ page, open }) => {
      await open(`#/ko/${part}`);
      await page.locator('.controls button:enabled').first().click();
      await page.locator(sign).waitFor();
      const now = page.locator('.charts path.now');
      await now.first().waitFor({ state: 'attached' });
      const starts = (): Promise<(string | undefined)[]> =>
        now.evaluateAll((lines) => lines.map((line) => line.getAttribute('d')!.split(' ')[0]));
      await expect.poll(async () => [(await starts()).length, new Set(await starts()).size]).toEqual([2, 1]);
    }),
  );

  it('every slider says its number as it is written beside it', () =>
    visited(async ({ page, open }) => {
      for (const [part, sliders] of [
        ['dot-product', 6],
        ['library', 1],
        ['sentence', 5],
        ['explore', 2],
        ['my-library', 1],
      ] as const) {
        await open(`#/ko/${part}`);
        const all = page.locator('main input[type=range]');
        await expect.poll(() => all.count()).toBeGreaterThanOrEqual(sliders);
        const unsaid = await all.evaluateAll((list) =>
          list.filter(({ ariaValueText }) => !ariaValueText).map((slider) => slider.outerHTML),
        );
        expect(unsaid, part).toEqual([]);
      }
    }));

  it('Library: on a wide screen too the question whether to clear everything has its answers beside it', () =>
    visited(
      async ({ page, open }) => {
        await open('#/en/my-library');
        // The ranking, once it comes, moves what is below it.
        await page.locator('[data-of^="book:weight:"]').first().waitFor();
        await page.getByRole('button', { name: 'Clear all' }).click();
        const middle = (of: Locator): Promise<number> =>
          of.evaluate((element) => {
            const { top, bottom } = element.getBoundingClientRect();
            return (top + bottom) / 2;
          });
        const question = await middle(page.getByText('begin again with the first ones?'));
        for (const answer of ['Clear', 'Keep'])
          expect(await middle(page.getByRole('button', { name: answer, exact: true })), answer).toBeCloseTo(
            question,
            0,
          );
      },
      { viewport: { width: 2560, height: 1440 } },
    ));

  it('nothing in the head moves when the theme is changed', () =>
    visited(async ({ page, open }) => {
      await open('#/ko/opening');
      const tools = page.locator('.tools button');
      const lefts = (): Promise<number[]> =>
        tools.evaluateAll((buttons) => buttons.map((button) => button.getBoundingClientRect().left));
      const before = await lefts();
      await page.getByRole('button', { name: '어둡게', exact: true }).click();
      await page.getByRole('button', { name: '밝게', exact: true }).waitFor();
      expect(await lefts()).toEqual(before);
    }));

  it('nor when another room is opened', () =>
    visited(async ({ page, open }) => {
      const links = page.locator('.rooms a');
      const lefts = (): Promise<number[]> =>
        links.evaluateAll((all) => all.map((link) => link.getBoundingClientRect().left));
      await open('#/en/opening');
      const before = await lefts();
      for (const room of ['Library', 'Train', 'Explore']) {
        await links.getByText(room, { exact: true }).click();
        await page.locator('main h1', { hasText: room }).waitFor();
        // The wider rooms begin further left.
        const [first, ...others] = await lefts();
        expect(
          others.map((left) => (left - first!).toFixed(2)),
          room,
        ).toEqual(before.slice(1).map((left) => (left - before[0]!).toFixed(2)));
      }
    }));

  it('nor when another part of the path is opened', () =>
    visited(async ({ page, open }) => {
      const lefts = (): Promise<number[]> =>
        page.locator('.parts a').evaluateAll((all) => all.map((link) => link.getBoundingClientRect().left));
      await open('#/en/opening');
      const before = await lefts();
      await page.locator('.parts a').getByText('Dot product').click();
      await page.locator('.parts a[aria-current]', { hasText: 'Dot product' }).waitFor();
      expect(await lefts()).toEqual(before.map((left) => expect.closeTo(left, 1)));
    }));

  it('Learn: with all digits no column of a table is cut off, and the heads’ names take the same lines', () =>
    visited(async ({ page, open }) => {
      await open('#/ko/dot-product');
      await page.getByRole('button', { name: '모든 자릿수' }).click();
      await page.locator('[data-of="duelWeight:C"]').waitFor();
      const cut = (): Promise<number[]> =>
        page.locator('main .wide').evaluateAll((all) => all.map((wide) => wide.scrollWidth - wide.clientWidth));
      await expect.poll(cut).toEqual([0, 0, 0]);
      await page.setViewportSize({ width: 1100, height: 900 });
      expect(await cut()).toEqual([0, 0, 0]);
      await page.setViewportSize({ width: 1280, height: 900 });
      await open('#/ko/sentence');
      const roles = page.locator('.layer:last-child .role');
      await roles.first().waitFor();
      const tops = await roles.evaluateAll((all) => all.map((role) => Math.round(role.getBoundingClientRect().top)));
      expect(tops).toHaveLength(3);
      expect(new Set(tops).size).toBe(1);
    }));

  it('the English names of the measures fit a screen of 320 pixels', () =>
    visited(async ({ page, open }) => {
      await page.setViewportSize({ width: 320, height: 800 });
      await open('#/en/explore');
      await page.getByRole('button', { name: 'Contribution, all heads' }).waitFor();
      await expect
        .poll(() => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth))
        .toBe(0);
    }));
});
