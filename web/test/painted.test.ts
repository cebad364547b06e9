/** What the room Explore paints of one head, read back: every cell, number and line is the library's. */
import type { Page } from 'playwright-core';
import { wordMatrix } from 'siseon/lens';
import { loadModel } from 'siseon/model';
import { modelFolder } from 'siseon/models/ko';
import { recordTrace } from 'siseon/trace';
import { matrixMarks, two } from 'siseon/views';
import { expect, it } from 'vitest';
import { storySentence } from '../src/permalink.ts';
import { onThePage } from './onThePage.ts';
import { saved } from './site.ts';

const model = await loadModel(modelFolder);
const trace = await recordTrace(model, { text: storySentence });
const place = { layer: 1, head: 2 };
const address = `#/ko/explore?h=${place.layer}.${place.head}`;
const { rows, columns, weights } = await wordMatrix(trace, model, place);
const cells = weights.flat();

/** Notes what is written on each canvas since it was last cleared, and where. */
const withPen = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    type Noted = HTMLCanvasElement & { written?: { text: string; x: number; y: number }[] };
    const { fillText, clearRect } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.clearRect = function (...box) {
      (this.canvas as Noted).written = [];
      clearRect.apply(this, box);
    };
    CanvasRenderingContext2D.prototype.fillText = function (...what) {
      const [text, x, y] = what;
      (this.canvas as Noted).written?.push({ text, x, y });
      fillText.apply(this, what);
    };
  });

/** The green of a colour of the page, of 255. */
const green = (page: Page, name: string): Promise<number> =>
  page.evaluate(
    (n) => Number.parseInt(getComputedStyle(document.documentElement).getPropertyValue(n).trim().slice(3, 5), 16),
    name,
  );

onThePage('one head', (_site, visited) => {
  it('as a square: the number in every cell is the library’s, and so is its colour: 1 of 255', () =>
    visited(
      async ({ page, open }) => {
        await open(address);
        await page.locator('.one .readout').waitFor();
        const canvas = page.locator('.one canvas').first();
        const read = () =>
          canvas.evaluate((element: HTMLCanvasElement) => {
            const { written = [] } = element as { written?: { text: string; x: number; y: number }[] };
            const side = (written[1]?.x ?? 0) - (written[0]?.x ?? 0);
            const pen = element.getContext('2d')!;
            // Beside the number, within the cell.
            const at = ({ x, y }: { x: number; y: number }) =>
              pen.getImageData(Math.round(x), Math.round(y - 0.4 * side), 1, 1).data[1]!;
            return written.map((each) => ({ text: each.text, painted: at(each) }));
          });
        await expect.poll(async () => (await read()).map(({ text }) => text)).toEqual(cells.map(two));
        const [ground, score] = [await green(page, '--ground'), await green(page, '--score')];
        for (const [n, { painted }] of (await read()).entries())
          expect(Math.abs(painted - (ground + (score - ground) * cells[n]!)), `${n}`).toBeLessThanOrEqual(1);
      },
      {},
      withPen,
    ));

  it('as lines: as thick as their weights; beside the keys what one query gives; what is too light is counted and weighed', () =>
    visited(async ({ page, open }) => {
      await open(address);
      const lines = page.locator('.lines path');
      await lines.first().waitFor({ state: 'attached' });
      const widths = () => lines.evaluateAll((all) => all.map((line) => Number(line.getAttribute('stroke-width'))));
      const least = 10 ** -1.3;
      const thick = (list: readonly number[]): number[] =>
        list.filter((weight) => weight >= least).map((weight) => 0.75 + 5 * weight);
      const same = (ours: readonly number[], theirs: readonly number[]): void => {
        const [a, b] = [ours, theirs].map((list) => list.toSorted((one, other) => one - other));
        expect(a).toHaveLength(b!.length);
        for (const [n, width] of a!.entries()) expect(Math.abs(width - b![n]!)).toBeLessThanOrEqual(1e-5);
      };
      same(await widths(), thick(cells));
      const light = (list: readonly number[]): number[] => list.filter((weight) => weight > 0 && weight < least);
      const mass = light(cells).reduce((sum, weight) => sum + weight, 0) / rows.length;
      await page.getByText(`보이지 않는 선 ${light(cells).length}개, 가중치로는 ${two(mass)}만큼`).waitFor();
      const asking = 4;
      await page.locator('.lines ol').first().getByRole('button').nth(asking).click();
      await expect.poll(() => lines.count()).toBe(thick(weights[asking]!).length);
      same(await widths(), thick(weights[asking]!));
      expect(await page.locator('.lines .keys li').allTextContents()).toEqual(
        columns.map(({ text }, j) => `${text} ${two(weights[asking]![j]!)}`),
      );
    }));

  it('as files of a picture: SVG and PNG have every cell as deep as its weight, and the SVG says it: 1e-4, 1 of 255', () =>
    visited(async ({ page, open }) => {
      await open(address);
      await page.locator('.one .readout').waitFor();
      const svg = (await saved(page, 'SVG')).toString();
      const drawn = await page.evaluate((text) => {
        const picture = new DOMParser().parseFromString(text, 'image/svg+xml');
        const all = (what: string) => [...picture.querySelectorAll(what)];
        return {
          cells: all('rect[fill-opacity]').map((cell) => [cell.textContent, cell.getAttribute('fill-opacity')]),
          numbers: all('text[text-anchor=middle]').map(({ textContent }) => textContent),
        };
      }, svg);
      const expected = weights.flatMap((row, i) =>
        row.map((weight, j) => ({ says: `${rows[i]!.text} → ${columns[j]!.text}: ${two(weight)}`, weight })),
      );
      const seen = expected.filter(({ weight }) => weight > 0);
      expect(drawn.cells.map(([says]) => says)).toEqual(seen.map(({ says }) => says));
      for (const [n, { weight }] of seen.entries())
        expect(Math.abs(Number(drawn.cells[n]![1]) - weight)).toBeLessThanOrEqual(1e-4);
      expect(drawn.numbers).toEqual(cells.map(two));

      const png = (await saved(page, 'PNG')).toString('base64');
      const marks = matrixMarks({ ...place, rows, columns, weights }, { language: 'ko' });
      const painted = await page.evaluate(
        async ([base64, corners]) => {
          const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
          const picture = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
          const pen = new OffscreenCanvas(picture.width, picture.height).getContext('2d')!;
          pen.drawImage(picture, 0, 0);
          const colours = corners.map(({ x, y }) => pen.getImageData(2 * x + 8, 2 * y + 8, 1, 1).data[1]!);
          return { size: [picture.width, picture.height], colours };
        },
        [png, marks.cells.map(({ x, y }) => ({ x: Math.round(x), y: Math.round(y) }))] as const,
      );
      expect(painted.size).toEqual([2 * marks.width, 2 * marks.height].map(Math.floor));
      const [ground, score] = [marks.ground, marks.cells[0]!.colour].map((colour) =>
        Number.parseInt(colour.slice(3, 5), 16),
      ) as [number, number];
      for (const [n, colour] of painted.colours.entries())
        expect(Math.abs(colour - (ground + (score - ground) * cells[n]!)), `${n}`).toBeLessThanOrEqual(1);
    }));
});
