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
      // As theme and language are, they are kept for the next visit.
      await page.reload();
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

  it('a change within a word is named by the token’s own text and place; the cell that was pinned comes back with the changes', () =>
    visited(async ({ page, open }) => {
      const changes = 'w1.0.7.5-5.0.25,x1.1.8-8.2-3,d1-2';
      for (const [language, said] of [
        [
          'ko',
          [
            'L1·H0: ‘먹’(토큰 7) → ‘맛있’(토큰 5) 가중치 0.25',
            'L1·H1: ‘었’(토큰 8) → ‘가 사과’(토큰 2~3) 끊음',
            '‘철수가’: 다른 단어들이 보지 못함',
          ],
        ],
        [
          'en',
          [
            'L1·H0: “먹” (token 7) → “맛있” (token 5) weighs 0.25',
            'L1·H1: “었” (token 8) → “가 사과” (tokens 2–3) cut',
            '“철수가”: out of sight of all others',
          ],
        ],
      ] as const) {
        await open(`#/${language}/explore?a=7.3&e=${changes}`);
        await expect
          .poll(async () =>
            (await page.locator('.changes ol .said').allTextContents()).map((one) => one.replaceAll('\u2060', '')),
          )
          .toEqual(said);
      }
      await page.locator('#sentence').fill('영희가 빵을 먹었다');
      await page.waitForFunction(() => !/[?&][ae]=/.test(location.hash));
      await page.reload();
      await page.locator('.aside button').first().click();
      await page.waitForFunction((all) => location.hash.endsWith(`?a=7.3&e=${all}`), changes);
      await page.locator('data[data-of="pair:dot"]').waitFor();
    }));

  it('what of an address no part can use is said in every part, and the rest waits for the room that has a use for it', () =>
    visited(async ({ page, open }) => {
      for (const [part, left, kept] of [
        ['apart', 'a=99.99', 'l=gradient'],
        ['library', 'e=d50-51', 'a=7.1'],
        ['my-library', 'h=9.9', 'u=token'],
      ] as const) {
        await open(`#/ko/${part}?${kept}&${left}`);
        await page.getByText(`빼고 열었어요: ${left}.`).waitFor();
        expect(page.url()).not.toContain(left);
        await page.getByRole('link', { name: '살펴보기', exact: true }).click();
        await page.locator('.compare').waitFor();
        expect(page.url()).toContain(kept);
      }
    }));

  it('words that a model reads letter by letter are said once, and signs that nobody sees by their code points', () =>
    visited(async ({ page, open }) => {
      const notices = async (): Promise<string[]> =>
        (await page.locator('.field p[role=status]').allTextContents()).map((one) => one.replaceAll('\u2060', ''));
      await open('#/ko/opening');
      // Syllables may be words: nothing is said of the story’s own verb, nor of numbers.
      await page.locator('#sentence').fill('철수가 2024년에 먹었다');
      await page.locator('.gaze data').first().waitFor();
      expect(await notices()).toEqual([]);
      await page.locator('#sentence').fill('Cheolsu가 apple을 먹었다');
      await expect
        .poll(notices)
        .toEqual([expect.stringMatching(/^‘Cheolsu가’처럼 모델이 모르는 낱말이 2개 있어요\. 한\s글자씩/)]);
      await open('#/en/explore');
      await page.locator('#sentence').fill('The \u200b사과를 먹었다');
      await expect
        .poll(notices)
        .toEqual([
          expect.stringMatching(/: 1, such as “U\+200B”\./),
          expect.stringMatching(/: 1, such as “The”\. It reads them letter by letter/),
        ]);
      // A word of nothing else has them for a name.
      await page
        .locator('.gaze')
        .getByText(/to U\+200B/)
        .waitFor();
      await page.locator('.lines').getByRole('button', { name: 'U+200B' }).waitFor();
      // Alone they are no sentence.
      await page.locator('#sentence').fill('\u2060\u200b');
      await page.getByText('There is nothing to read: only signs that nobody sees (U+2060, U+200B).').waitFor();
    }));

  it('a model’s name without an owner is asked of no hub: what an address may say is told; files chosen one after another add up', () =>
    visited(async ({ page, open }) => {
      await open('#/en/explore?m=nonsense&n=zzz');
      await page.getByText('seen through “nonsense”, and does not say where that is from: owner/name').waitFor();
      await page.getByText('with “zzz” beside, and does not say where').waitFor();
      expect(await page.locator('#own-hub').inputValue()).toBe('');
      const choose = (name: string): Promise<void> =>
        page.locator('#own-files').setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from('{}') });
      await choose('tokenizer.json');
      await page.getByText('Chosen so far: tokenizer.json.').waitFor();
      await choose('config.json');
      await page.getByText('Chosen so far: tokenizer.json, config.json.').waitFor();
      await page.getByRole('button', { name: 'Begin anew' }).click();
      await page.getByText('Chosen so far').waitFor({ state: 'detached' });
      await choose('config.json');
      await page.getByText('Chosen so far: config.json.').waitFor();
    }));

  it('of a bar that many share, every part that it has is said in words as well', () =>
    visited(async ({ page, open }) => {
      const books = Array.from({ length: 12 }, (_, i) => [`색인 ${i}`, `내용 ${i}`]);
      await open(`#/ko/my-library?books=${encodeURIComponent(JSON.stringify(books))}`);
      const bar = page.locator('.bar.value');
      await bar.waitFor();
      const said = (await bar.getAttribute('aria-label'))!;
      expect(said.split(', ')).toHaveLength(8);
      await page.getByText(`(큰 것부터): ${said}.`).waitFor();
    }));
});
