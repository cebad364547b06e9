/** What every test of the page shares: one site a file, and the checks that hold in every room. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { joined } from 'siseon/views';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { findChromium } from '../../test/chromium.js';
import { type Site, startSite } from './site.ts';

const executable = findChromium();

/**
 * Tests in a browser, on one site that is there once they run; without a Chromium they are skipped, and counted as
 * skipped. `visited` runs a visit to its end and allows no console error and no request to elsewhere.
 */
export function onThePage(name: string, tests: (site: Site, visited: Site['visited']) => void): void {
  // A page that works is not wrong for being slow on a busy machine: the budgets are measured apart.
  describe.skipIf(!executable)(name, { timeout: 180_000 }, () => {
    const site = {} as Site;
    beforeAll(async () => void Object.assign(site, await startSite(executable!)), 240_000);
    afterAll(() => site.close?.());
    tests(site, (...how) => site.visited(...how));
  });
}

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** What axe finds wrong in what stands there now. */
export async function violations(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe: run } = window as unknown as {
      axe: {
        run(options: { resultTypes: string[] }): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
      };
    };
    return (await run.run({ resultTypes: ['violations'] })).violations.map(
      ({ id, nodes }) => `${id}: ${nodes[0]?.html}`,
    );
  });
}

/**
 * Axe finds nothing in what stands there now, in either theme and either language, and none of it is wider than a phone or
 * a wide screen. The page is left in the language that it had.
 */
export async function accessible(page: Page): Promise<void> {
  const before = page.viewportSize()!;
  for (const other of [/^English$/, /^한국어$/]) {
    const button = page.getByRole('button', { name: other });
    // Which language comes first is the page's own.
    if ((await button.count()) === 0) continue;
    for (const width of [360, 2560]) {
      await page.setViewportSize({ width, height: 900 });
      await page.evaluate(() => new Promise(requestAnimationFrame));
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
      ).toBe(0);
    }
    await page.setViewportSize(before);
    // A particle stays with its word where a line breaks.
    // biome-ignore lint/performance/useDomNodeTextContent: its lines are what is seen on one.
    const lines = (await page.evaluate(() => document.body.innerText)).split('\n');
    expect(lines.filter((line) => joined(line) !== line)).toEqual([]);
    for (const theme of ['light', 'dark']) {
      await page.evaluate((name) => (document.documentElement.dataset.theme = name), theme);
      expect(await violations(page), theme).toEqual([]);
    }
    await button.click();
  }
}

/**
 * From where the focus is to the end of the page by Tab alone: every stop has a ring that nothing cuts. Resolves to what the
 * stops say.
 */
export async function walked(page: Page): Promise<string[]> {
  const stops: string[] = [];
  const faults: string[] = [];
  for (;;) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const element = document.activeElement!;
      if (element === document.body) return null;
      // A field of files is out of sight: the button around it has the ring.
      const seen = element.matches('input[type=file]') ? element.parentElement! : element;
      const { outlineStyle, outlineWidth, outlineOffset } = getComputedStyle(seen);
      const reach = Math.max(0, Number.parseFloat(outlineWidth) + Number.parseFloat(outlineOffset));
      const box = seen.getBoundingClientRect();
      let cut = outlineStyle === 'none' || box.width < 8;
      for (let over = seen.parentElement; over && over !== document.body; over = over.parentElement) {
        if (getComputedStyle(over).overflowX === 'visible') continue;
        const frame = over.getBoundingClientRect();
        cut ||= box.left - reach < frame.left || box.top - reach < frame.top || box.bottom + reach > frame.bottom;
      }
      return { name: seen.textContent!.trim() || element.id, html: element.outerHTML.slice(0, 120), cut };
    });
    if (!stop) break;
    if (stop.cut) faults.push(stop.html);
    stops.push(stop.name);
    expect(stops.length).toBeLessThan(250);
  }
  expect(faults).toEqual([]);
  return stops;
}

/**
 * Tab after Tab until the focus is on what is called so: by its id, its label, or its own words, the beginning of which is
 * enough where a number follows.
 */
export async function onto(page: Page, said: string): Promise<void> {
  const there = (): Promise<boolean> =>
    page.evaluate((name) => {
      const focused = document.activeElement as HTMLInputElement | null;
      return [focused?.id, focused?.ariaLabel, focused?.textContent, focused?.labels?.[0]?.textContent].some(
        (words) => {
          const is = words?.trim() ?? '';
          return is === name || is.startsWith(`${name} `);
        },
      );
    }, said);
  for (let presses = 0; presses === 0 || !(await there()); presses++) {
    expect(presses, `never reached by Tab: ${said}`).toBeLessThan(250);
    await page.keyboard.press('Tab');
  }
}
