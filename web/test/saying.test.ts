/** What the page says in words: numbers in its sentences, what was done to which word, what a model does not know. */
import { look } from 'siseon/lens';
import { loadModel } from 'siseon/model';
import { modelFolder } from 'siseon/models/ko';
import { recordTrace } from 'siseon/trace';
import { caption, joined } from 'siseon/views';
import { expect, it } from 'vitest';
import { storySentence } from '../src/permalink.ts';
import { onThePage } from './onThePage.ts';

const model = await loadModel(modelFolder);
/** As many digits as 32 bits hold. */
const seven = (number: number): string => String(Number(number.toPrecision(7))).replace('-', '−');

onThePage('what the page says', (_site, visited) => {
  it('with all digits no sentence, table or label of any part is left at two decimals', () =>
    visited(async ({ page, open }) => {
      const trace = await recordTrace(model, { text: storySentence });
      const seen = await look(trace, model);
      await open('#/ko/opening');
      await page.getByText(joined(caption(seen, 'ko', 'friendly'))).waitFor();
      await page.getByRole('button', { name: '모든 자릿수' }).click();
      await page.getByText(joined(caption(seen, 'ko', 'friendly', seven))).waitFor();
      for (const part of [
        'opening',
        'library',
        'sentence',
        'dot-product',
        'apart',
        'summary',
        'explore',
        'my-library',
      ]) {
        // A head is off, another text beside, a cell pinned.
        await page.evaluate(
          (to) => (location.hash = to),
          `#/ko/${part}${part === 'explore' ? '?a=7.1&e=s1.0&c=영희가 빵을 먹었다' : ''}`,
        );
        await page.locator('main h1').waitFor();
        await page.waitForFunction(() => document.querySelectorAll('main data').length > 3);
        if (part === 'explore')
          for (const each of [
            '.compare .frame >> nth=1',
            '[data-of^="reach:"]',
            '[data-of^="guessAfter:"]',
            '[data-of="pair:dot"]',
          ])
            await page.locator(each).first().waitFor();
        const glanced = async (): Promise<string[]> => {
          const said = await page.evaluate(() => [
            // biome-ignore lint/performance/useDomNodeTextContent: what is hidden is not said.
            (document.querySelector('main') as HTMLElement).innerText,
            ...[...document.querySelectorAll('main [aria-label], main [title]')].map(
              (one) => one.getAttribute('aria-label') ?? one.getAttribute('title')!,
            ),
          ]);
          // The story's own numbers, and shares of a hundred, have as many decimals as they have.
          return said
            .join('\n')
            .split('\n')
            .filter((line) => /(?<![\d.])\d+\.\d{2}(?![\d%])/.test(line.replace('0.99 넘게', '')));
        };
        await expect.poll(glanced, { message: part }).toEqual([]);
      }
    }));
});
