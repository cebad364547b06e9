import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Locator, Page } from 'playwright-core';

const folder = new URL('./pictures/', import.meta.url);
/** Of what is drawn; the heaviest arc missing is more, which the page's test shows. */
export const pictureTolerance = 0.1;

/**
 * How far a part of the page is from its committed picture, as a share of what is drawn: 0 is the same, 1 is nothing in
 * common. Both are reduced to a quarter first, so that the edges of letters, which differ between browsers, weigh little
 * while a missing line does not, and laid on each other as they fit best. UPDATE_PICTURES=1 takes the picture anew. The
 * browser itself decodes both.
 */
export async function pictureDifference(page: Page, name: string, part: Locator): Promise<number> {
  const file = new URL(`${name}.png`, folder);
  const taken = await pictureOf(part);
  if (process.env.UPDATE_PICTURES || !existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, taken);
    return 0;
  }
  return difference(page, readFileSync(file), taken);
}

/**
 * A picture of a part that stands on whole pixels: half a pixel lower, every level line is drawn as two of half its ink. The
 * whole body is moved for it, which leaves the page laid out as it is.
 */
export async function pictureOf(part: Locator): Promise<Buffer> {
  await part.scrollIntoViewIfNeeded();
  await part.evaluate((element) => {
    const { x, y } = element.getBoundingClientRect();
    const { style } = document.body;
    [style.position, style.left, style.top] = ['relative', `${Math.round(x) - x}px`, `${Math.round(y) - y}px`];
  });
  try {
    return await part.screenshot({ animations: 'disabled' });
  } finally {
    await part.evaluate(() => Object.assign(document.body.style, { position: '', left: '', top: '' }));
  }
}

/** The same between two pictures at hand. */
export function difference(page: Page, one: Buffer, other: Buffer): Promise<number> {
  return page.evaluate(
    async (pictures) => {
      const [a, b] = await Promise.all(
        pictures.map(async (base64) => {
          const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
          return createImageBitmap(new Blob([bytes], { type: 'image/png' }));
        }),
      );
      if (!a || !b || Math.abs(a.width - b.width) > 4 || Math.abs(a.height - b.height) > 4) return 1;
      const [width, height] = [Math.ceil(a.width / 4), Math.ceil(a.height / 4)];
      const reduced = (picture: ImageBitmap, dx = 0, dy = 0): Uint8ClampedArray => {
        const context = new OffscreenCanvas(width, height).getContext('2d')!;
        context.imageSmoothingQuality = 'high';
        context.drawImage(picture, dx / 4, dy / 4, width, height);
        return context.getImageData(0, 0, width, height).data;
      };
      const left = reduced(a);
      // What is drawn is what differs from the ground, the colour of the first corner.
      const ground = left.slice(0, 4);
      const apart = (right: Uint8ClampedArray): number => {
        let [difference, drawn] = [0, 0];
        for (let i = 0; i < left.length; i++) {
          // Where a shift left the edge empty there is nothing to compare.
          if (right[i - (i % 4) + 3] !== 255) continue;
          difference += Math.abs(left[i]! - right[i]!);
          drawn += Math.max(Math.abs(left[i]! - ground[i % 4]!), Math.abs(right[i]! - ground[i % 4]!));
        }
        return drawn === 0 ? 0 : difference / drawn;
      };
      // The page may have put the whole a pixel or two elsewhere.
      const shifts = [-2, -1, 0, 1, 2];
      return Math.min(...shifts.flatMap((dx) => shifts.map((dy) => apart(reduced(b, dx, dy)))));
    },
    [one.toString('base64'), other.toString('base64')],
  );
}
