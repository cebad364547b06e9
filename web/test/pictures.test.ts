/** The measure by which pictures are compared, tried on parts of the page itself. */
import type { Locator, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { onThePage } from './onThePage.ts';
import { difference, pictureOf, pictureTolerance } from './pictures.ts';

/** Everything stands lower by this, as under a heading with another line height. */
const lower = (page: Page, pixels: number): Promise<void> =>
  page.evaluate((by) => {
    document.querySelector('main')!.style.paddingTop = `${by}px`;
  }, pixels);

onThePage('pictures of parts', (_site, visited) => {
  it.each([
    ['opening', '.gaze'],
    ['explore', '.lines'],
  ])('of %s: a part that stands a fraction of a pixel lower is the same picture', (room, selector) =>
    visited(async ({ page, open }) => {
      await open(`#/ko/${room}`);
      const part: Locator = page.locator(selector).first();
      await part.locator('svg path').first().waitFor({ state: 'attached' });
      await lower(page, 1);
      const before = await pictureOf(part);
      for (const by of [1.25, 1.5, 1.75]) {
        await lower(page, by);
        expect(await difference(page, before, await pictureOf(part)), `${by}`).toBeLessThan(pictureTolerance / 10);
      }
      // It is where it was.
      expect(await page.evaluate(() => document.body.getAttribute('style') ?? '')).toBe('');
    }),
  );
  it('a missing arc is another picture, wherever the part stands', () =>
    visited(async ({ page, open }) => {
      await open('#/ko/opening');
      const [part, arcs] = [page.locator('.gaze'), page.locator('.gaze svg path')];
      await arcs.first().waitFor({ state: 'attached' });
      const before = await pictureOf(part);
      const widths = await arcs.evaluateAll((list) => list.map((arc) => Number(arc.getAttribute('stroke-width'))));
      await arcs.nth(widths.indexOf(Math.max(...widths))).evaluate((arc) => arc.setAttribute('visibility', 'hidden'));
      for (const by of [0, 0.5]) {
        await lower(page, by);
        expect(await difference(page, before, await pictureOf(part))).toBeGreaterThan(pictureTolerance);
      }
    }));
});
