import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Locator, Page } from 'playwright-core';

const folder = new URL('./pictures/', import.meta.url);

/**
 * How far a part of the page is from its committed picture: mean difference of the pixels, 0 to 1. UPDATE_PICTURES=1
 * takes the picture anew. The browser itself decodes both.
 */
export async function pictureDifference(page: Page, name: string, part: Locator): Promise<number> {
  const file = new URL(`${name}.png`, folder);
  const taken = await part.screenshot({ animations: 'disabled' });
  if (process.env.UPDATE_PICTURES || !existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, taken);
    return 0;
  }
  return page.evaluate(
    async (pictures) => {
      const [a, b] = await Promise.all(
        pictures.map(async (base64) => {
          const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
          return createImageBitmap(new Blob([bytes], { type: 'image/png' }));
        }),
      );
      if (!a || !b || Math.abs(a.width - b.width) > 4 || Math.abs(a.height - b.height) > 4) return 1;
      const pixels = (picture: ImageBitmap): Uint8ClampedArray => {
        const context = new OffscreenCanvas(a.width, a.height).getContext('2d')!;
        context.drawImage(picture, 0, 0);
        return context.getImageData(0, 0, a.width, a.height).data;
      };
      const [left, right] = [pixels(a), pixels(b)];
      return left.reduce((sum, value, i) => sum + Math.abs(value - right[i]!), 0) / left.length / 255;
    },
    [readFileSync(file).toString('base64'), taken.toString('base64')],
  );
}
