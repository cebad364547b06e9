import { execFileSync } from 'node:child_process';
import { look, lookup, pair, remix } from 'siseon/lens';
import { loadModel } from 'siseon/model';
import { modelFolder } from 'siseon/models/ko';
import { recordTrace } from 'siseon/trace';
import { caption, joined } from 'siseon/views';
import { describe, expect, it } from 'vitest';
import { parts, rooms } from '../src/parts.ts';
import { fromHash, storySentence, toHash, unreadable } from '../src/permalink.ts';
import { trainingKey } from '../src/train/moment.ts';
import { defaults, writeSettings } from '../src/train/settings.ts';
import { Course, type Report } from '../src/training/course.ts';
import { expectedOfLook, expectedOfPair } from './expected.ts';
import { onThePage, violations } from './onThePage.ts';
import { pictureDifference, pictureTolerance } from './pictures.ts';
import { endWorker, withWorker } from './site.ts';

const model = await loadModel(modelFolder);
const languages = ['ko', 'en'] as const;

/** Every number that the page shows is the library's, and none is there that the library does not know. */
function compare(shown: Map<string, number | null>, expected: Map<string, number | null>): void {
  expect(shown.size).toBeGreaterThan(0);
  for (const [of, value] of shown) {
    expect(expected.has(of), of).toBe(true);
    if (value === null) expect(expected.get(of), of).toBeNull();
    else expect(Math.abs(value - expected.get(of)!), of).toBeLessThanOrEqual(1e-5);
  }
}

/** Families of this machine that have Hangul. */
const faces = ((): string[] => {
  try {
    return execFileSync('fc-list', [':lang=ko', 'family'], { encoding: 'utf8' }).split(/[,\n]/);
  } catch {
    return [];
  }
})();

onThePage('the page', (site, visited) => {
  describe.each(languages)('in %s', (language) => {
    it.each(['light', 'dark'] as const)('opens every part without a complaint or an axe violation, %s', (colorScheme) =>
      visited(
        async ({ page, open }) => {
          for (const part of [...parts, ...rooms]) {
            await open(`#/${language}/${part}`);
            expect(await page.locator('html').getAttribute('lang')).toBe(language);
            if (part === 'train') await page.locator('button.main:enabled').waitFor();
            else if (!/library|training/.test(part)) await page.locator('.gaze button').first().waitFor();
            if (/library|explore/.test(part)) await page.locator('data').first().waitFor();
            expect(await violations(page), part).toEqual([]);
          }
        },
        { colorScheme },
      ),
    );

    it('fits into 360 pixels', () =>
      visited(
        async ({ page, open }) => {
          for (const part of [...parts, ...rooms]) {
            await open(`#/${language}/${part}`);
            if (!part.startsWith('train')) await page.locator('main data, main canvas').first().waitFor();
            const over = await page.evaluate(
              () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
            );
            expect(over, part).toBe(0);
          }
        },
        { viewport: { width: 360, height: 740 } },
      ));
  });

  it('shows the library’s numbers in every part, and reads them aloud as the library does', () =>
    visited(async ({ page, open, numbers }) => {
      const trace = await recordTrace(model, { text: storySentence });
      const seen = await look(trace, model);
      const highest = seen.keys.flatMap(({ tokens }) => tokens).reduce((a, b) => (b.dot > a.dot ? b : a));
      const cell = (token: number) => pair(trace, model, { query: seen.query.word!, keyToken: token });
      for (const part of ['opening', 'sentence', 'summary', 'dot-product'] as const) {
        await open(`#/ko/${part}`);
        await page.locator('data[data-of^="weight:"]').first().waitFor();
        if (part === 'sentence') {
          await page.locator('data[data-of="mixed:sum"]').waitFor();
          await page.locator('data[data-of="pair:dot"]').waitFor();
        }
        const shown = new Map([...(await numbers())].filter(([of]) => !of.startsWith('duel')));
        compare(shown, expectedOfPair(await cell(highest.token), seen));
        if (part !== 'dot-product')
          expect(await page.locator('main').textContent()).toContain(
            joined(caption(seen, 'ko', 'friendly')).replace(/\(층.*\)\.$/, (place) => place.replaceAll(' ', '\u00a0')),
          );
      }
      await open('#/en/apart');
      await page.locator('data[data-of="pair:dot"]').first().waitFor();
      const heaviest = seen.keys.flatMap(({ tokens }) => tokens).reduce((a, b) => (b.weight > a.weight ? b : a));
      compare(await numbers(), expectedOfPair(await cell(heaviest.token), seen));
      // The slider over the bars: the first key chooses the bar that it stands on, the second moves.
      const slider = page.locator('.bars input');
      await slider.focus();
      for (const bar of [0, 1]) {
        await page.keyboard.press('ArrowRight');
        await page.locator(`data[data-of="pair:q:${bar}"]`).waitFor();
      }
      // It chooses the one that is pressed, the last as well, and by the arrow keys the next.
      const { width } = (await slider.boundingBox())!;
      const count = 1 + Number(await slider.getAttribute('max'));
      const press = (bar: number): Promise<void> =>
        slider.click({ position: { x: (width * (bar + 0.5)) / count, y: 20 } });
      for (const bar of [0, count - 1, 4]) {
        await press(bar);
        await page.locator(`data[data-of="pair:q:${bar}"]`).waitFor();
        expect(
          await page.locator('.bars .chosen').evaluate((one) => [...one.parentElement!.children].indexOf(one)),
        ).toBe(bar);
      }
      await page.keyboard.press('ArrowLeft');
      await page.locator('data[data-of="pair:q:3"]').waitFor();
      compare(await numbers(), expectedOfPair(await cell(heaviest.token), seen));
      // In the sentence's first step, any token can be multiplied out.
      await open('#/ko/sentence');
      const { token, text, dot } = seen.keys[1]!.tokens[0]!;
      await page.locator('td button', { hasText: text }).first().click();
      await page.waitForFunction(
        (expected) =>
          Math.abs(Number(document.querySelector('data[data-of="pair:dot"]')?.getAttribute('value')) - expected) < 1e-5,
        dot,
      );
      compare(await numbers(), expectedOfPair(await cell(token), seen));
    }));

  it('looks up in the library as the library does, and decides by temperature', () =>
    visited(async ({ page, open, numbers }) => {
      await open('#/ko/library');
      await page.locator('data').first().waitFor();
      const tags = await page
        .locator('.tag')
        .evaluateAll((list) => list.map((field) => (field as HTMLInputElement).value));
      const question = await page.locator('#question').inputValue();
      const { entries } = await lookup(
        model,
        question,
        tags.map((tag) => ({ tag })),
      );
      compare(
        await numbers(),
        new Map(
          entries.flatMap(
            ({ score, weight }, i) =>
              [
                [`found:${i}`, score],
                [`foundWeight:${i}`, weight],
              ] as const,
          ),
        ),
      );
      await page.locator('#temperature').focus();
      await page.keyboard.press('Home');
      const scores = entries.map(({ score }) => score / 0.01);
      const exponentials = scores.map((score) => Math.exp(score - Math.max(...scores)));
      const total = exponentials.reduce((a, b) => a + b, 0);
      await page.waitForFunction(
        (expected) =>
          expected.every(
            (weight, i) =>
              Math.abs(
                Number(document.querySelector(`data[data-of="foundWeight:${i}"]`)?.getAttribute('value')) - weight,
              ) <= 1e-5,
          ),
        exponentials.map((number) => number / total),
      );
      compare(
        await numbers(),
        new Map(
          entries
            .flatMap(
              ({ score }, i) =>
                [
                  [`found:${i}`, score],
                  [`foundWeight:${i}`, exponentials[i]! / total],
                ] as const,
            )
            .map(([of, value]) => [of, value]),
        ),
      );
      // Turned to both ends, the small question is answered.
      expect(await page.getByText(/한쪽 끝은 검색이라서/).count()).toBe(0);
      await page.keyboard.press('End');
      await page.getByText(/한쪽 끝은 검색이라서/).waitFor();
      await page.waitForFunction(() =>
        [...document.querySelectorAll('data[data-of^="foundWeight"]')].every(
          (data) => Number(data.getAttribute('value')) < 0.5,
        ),
      );
      const evenly = await numbers();
      // A shelf without a tag waits, and the others keep their numbers.
      await page.getByRole('button', { name: '책장 더하기' }).click();
      expect(await page.locator('.tag').count()).toBe(tags.length + 1);
      await page.getByText(/색인이 비어 있는 책장은/).waitFor();
      compare(await numbers(), evenly);
      await page.locator('.tag').last().fill('과일');
      await page.locator(`data[data-of="foundWeight:${tags.length}"]`).waitFor();
      expect(
        [...(await numbers())].filter(([of]) => of.startsWith('foundWeight')).reduce((sum, [, w]) => sum + w!, 0),
      ).toBeCloseTo(1, 5);
    }));

  it('reads Hangul while it is composed, and stays with the newest text', () =>
    visited(async ({ page, open, numbers }) => {
      await open('#/ko/opening');
      await page.locator('#sentence').fill('철수가 ');
      const devtools = await page.context().newCDPSession(page);
      for (const text of ['ㅁ', '무', '물', '물으', '물을'])
        await devtools.send('Input.imeSetComposition', {
          text,
          selectionStart: text.length,
          selectionEnd: text.length,
        });
      // Enter ends a composition, which is the input method's; by itself it does nothing in a field of one line.
      const swallowed = (isComposing: boolean): Promise<boolean> =>
        page.locator('#sentence').evaluate((field, composing) => {
          const enter = { key: 'Enter', isComposing: composing, bubbles: true, cancelable: true };
          return !field.dispatchEvent(new KeyboardEvent('keydown', enter));
        }, isComposing);
      expect([await swallowed(true), await swallowed(false)]).toEqual([false, true]);
      await devtools.send('Input.insertText', { text: '물을' });
      await page.keyboard.type(' 마셨다', { delay: 5 });
      const text = '철수가 물을 마셨다';
      expect(await page.locator('#sentence').inputValue()).toBe(text);
      const seen = await look(await recordTrace(model, { text }), model);
      await page.getByText(joined(caption(seen, 'ko', 'friendly'))).waitFor();
      compare(await numbers(), expectedOfLook(seen));
    }));

  it('moves the mixture with a weight that is dragged, as remix does', () =>
    visited(async ({ page, open, numbers }) => {
      await open('#/ko/sentence');
      const slider = page.locator('.mixer input').nth(2);
      await slider.scrollIntoViewIfNeeded();
      const box = (await slider.boundingBox())!;
      const trace = await recordTrace(model, { text: storySentence });
      const before = (await look(trace, model)).keys.map(({ weight }) => weight);
      await page.mouse.move(box.x + box.width * before[2]!, box.y + box.height / 2);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.3, box.y + box.height / 2, { steps: 4 });
      await page.mouse.up();
      await expect.poll(async () => (await numbers()).get('mixed:2')).toBeLessThan(0.5);
      const shown = await numbers();
      const weights = Array.from({ length: before.length }, (_, i) => shown.get(`mixed:${i}`)!);
      const expected = await remix(trace, model, { weights });
      for (const [i, { contribution }] of expected.keys.entries())
        expect(Math.abs(shown.get(`mixedPart:${i}`)! - contribution)).toBeLessThanOrEqual(1e-5);
      // The others keep their proportions.
      expect(Math.abs(weights[1]! / weights[0]! - before[1]! / before[0]!)).toBeLessThan(1e-4);
    }));

  it('turns an arrow by its tip, the score and the weight following', () =>
    visited(async ({ page, open, numbers }) => {
      await open('#/ko/dot-product');
      await page.locator('data[data-of="duelDot:B"]').waitFor();
      const tip = (await page.locator('[data-arrow=B]').boundingBox())!;
      const board = (await page.locator('.board svg').boundingBox())!;
      await page.mouse.move(tip.x + tip.width / 2, tip.y + tip.height / 2);
      await page.mouse.down();
      await page.mouse.move(board.x + board.width * 0.25, board.y + board.height * 0.5, { steps: 5 });
      await page.mouse.up();
      await expect.poll(async () => (await numbers()).get('duelDot:B')).toBeLessThan(0);
      const shown = await numbers();
      expect(Math.abs(shown.get('duelScore:B')! - shown.get('duelDot:B')! / Math.SQRT2)).toBeLessThan(1e-5);
      expect(Math.abs(shown.get('duelWeight:B')! + shown.get('duelWeight:C')! - 1)).toBeLessThan(1e-5);
    }));

  it('trains to the end with the library’s own numbers, scrubs back, and looks through what it trained', async () => {
    const reports: Report[] = [];
    await new Course(1).run((report) => void reports.push(report));
    const best = reports.at(-1)!.heads.reduce((a, head, i, heads) => (head.onObject > heads[a]!.onObject ? i : a), 0);
    await visited(async ({ page, open, numbers }) => {
      await open('#/ko/training');
      await page.getByRole('button', { name: '학습 시작' }).click();
      await page.getByRole('button', { name: '멈춤' }).click();
      await page.getByRole('button', { name: '이어서' }).click();
      const use = page.getByRole('button', { name: '이 모델로 페이지 보기' });
      await use.and(page.locator(':enabled')).waitFor({ timeout: 500_000 });
      const check = async ({ loss, heads }: Report): Promise<void> => {
        const head = heads[best]!;
        const shown = await numbers();
        compare(
          shown,
          new Map([
            ...expectedOfLook(head.probe),
            ['training:loss', loss],
            ['training:related', head.related],
            ['training:unrelated', head.unrelated],
            ['training:probe', head.probeAngle],
          ]),
        );
      };
      await check(reports.at(-1)!);
      expect(await pictureDifference(page, 'training', page.locator('.charts'))).toBeLessThan(pictureTolerance);
      await page.locator('#training-scrub').focus();
      await page.keyboard.press('Home');
      await check(reports[0]!);
      await page.keyboard.press('End');
      await use.click();
      await page.getByRole('link', { name: '1 처음' }).click();
      const probe = reports.at(-1)!.heads[best]!.probe;
      // The part on training says the same sentence: the opening has to stand there first.
      await page.getByRole('heading', { name: '지금 어떤 정보에 집중할 것인가?' }).waitFor();
      await page.locator('data').first().waitFor();
      await page.getByText(joined(caption(probe, 'ko', 'friendly'))).waitFor();
      compare(await numbers(), expectedOfLook(probe));
      // This model is the same wherever the test runs, whatever the shipped one is: its pictures can be compared.
      expect(await pictureDifference(page, 'opening', page.locator('.gaze'))).toBeLessThan(pictureTolerance);
      if (!process.env.UPDATE_PICTURES) {
        // And the comparison sees what matters: without its heaviest arc, the picture is another.
        const arcs = page.locator('.gaze svg path');
        const widths = await arcs.evaluateAll((list) => list.map((arc) => Number(arc.getAttribute('stroke-width'))));
        const heaviest = arcs.nth(widths.indexOf(Math.max(...widths)));
        await heaviest.evaluate((arc) => arc.setAttribute('visibility', 'hidden'));
        expect(await pictureDifference(page, 'opening', page.locator('.gaze'))).toBeGreaterThan(pictureTolerance);
        await heaviest.evaluate((arc) => arc.removeAttribute('visibility'));
      }
      await page.getByRole('link', { name: '3 문장' }).click();
      await page.locator('data[data-of="mixed:sum"]').waitFor();
      expect(await pictureDifference(page, 'plane', page.locator('#step1 ~ svg'))).toBeLessThan(pictureTolerance);
      expect(await pictureDifference(page, 'mixture', page.locator('.mixer'))).toBeLessThan(pictureTolerance);
      await page.getByRole('link', { name: '4 내적' }).click();
      await page.locator('data[data-of="duelDot:B"]').waitFor();
      expect(await pictureDifference(page, 'arrows', page.locator('.board svg'))).toBeLessThan(pictureTolerance);
      await page.getByRole('link', { name: '살펴보기' }).click();
      await page.locator('.readout').first().waitFor();
      expect(await pictureDifference(page, 'heads', page.locator('.grid'))).toBeLessThan(pictureTolerance);
      expect(await pictureDifference(page, 'square', page.locator('.frame').first())).toBeLessThan(pictureTolerance);
      expect(await pictureDifference(page, 'lines', page.locator('.lines'))).toBeLessThan(pictureTolerance);
      expect(await pictureDifference(page, 'predictions', page.locator('.output .wide'))).toBeLessThan(
        pictureTolerance,
      );
      await page.getByRole('link', { name: '도서관', exact: true }).click();
      await page.locator('[data-of^="book:weight:"]').first().waitFor();
      expect(await pictureDifference(page, 'ranking', page.locator('.ranking'))).toBeLessThan(pictureTolerance);
    });
  }, 700_000);

  it('can be installed, opens again without a network, and calculates there', () =>
    visited(
      async ({ page, open, numbers }) => {
        await open('#/ko/opening');
        const devtools = await page.context().newCDPSession(page);
        const { data = '', errors } = await devtools.send('Page.getAppManifest');
        expect(errors).toEqual([]);
        expect(JSON.parse(data)).toMatchObject({
          display: 'standalone',
          start_url: './',
          icons: [{ src: './icon.svg' }],
        });
        const { installabilityErrors } = await devtools.send('Page.getInstallabilityErrors');
        // A test's browser is one without memory, which is all that may stand in the way.
        expect(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito')).toEqual([]);
        await page.evaluate(() => navigator.serviceWorker.ready);
        await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
        await page.context().setOffline(true);
        await page.reload();
        await page.locator('#sentence').fill('영희가 노래를 불렀다');
        const seen = await look(await recordTrace(model, { text: '영희가 노래를 불렀다' }), model);
        await page.getByText(joined(caption(seen, 'ko', 'friendly'))).waitFor();
        compare(await numbers(), expectedOfLook(seen));
        await page.getByRole('link', { name: '4 내적' }).click();
        await page.locator('.katex').first().waitFor();
      },
      { serviceWorkers: 'allow' },
    ));

  it('carries part, sentence, query, head and language in the address, there and back', () =>
    visited(async ({ page, open }) => {
      await open('#/en/sentence');
      await page.locator('#sentence').fill('지우가 책을 조용히 읽었다');
      await page.getByRole('button', { name: '책을', exact: true }).click();
      await page.locator('.heads button').first().click();
      await page.waitForFunction(() => location.hash.includes('h=0.0') && location.hash.includes('q=1'));
      const address = page.url();
      // The address is there before the numbers are: what is said of the head before is not waited for again.
      const said = page.locator('main p[aria-live]', { hasText: /layer\s0,\shead\s0/ }).first();
      const shown = await said.textContent();
      await open('#/ko/library');
      await page.goto(address);
      await page.reload();
      await page.getByText(shown!).first().waitFor();
      expect(page.url()).toBe(address);
      expect(await page.locator('#sentence').inputValue()).toBe('지우가 책을 조용히 읽었다');
      await page.goBack();
      await page.getByRole('heading', { name: '도서관: 질문, 색인, 내용' }).waitFor();
    }));

  it.each(['ko-KR', 'en-GB'])(
    'opens without an address in the browser’s language (%s), and from then on in the one chosen last',
    (locale) =>
      visited(
        async ({ page, open }) => {
          const own = locale.slice(0, 2);
          await open('');
          await page.waitForFunction((language) => location.hash.startsWith(`#/${language}/`), own);
          expect(await page.locator('html').getAttribute('lang')).toBe(own);
          await page.getByRole('button', { name: own === 'ko' ? 'English' : '한국어' }).click();
          await page.goto('about:blank');
          await open('');
          await page.waitForFunction(
            (language) => location.hash.startsWith(`#/${language}/`),
            own === 'ko' ? 'en' : 'ko',
          );
        },
        { locale },
      ),
  );

  it('leaves the title where it is when the model comes, and asks for a word where there is none without alarm', () => {
    let come = (): void => {};
    const coming = new Promise<void>((done) => (come = done));
    return visited(
      async ({ page }) => {
        await page.goto(`${site.address}#/ko/opening`);
        await page.getByText('모델을 여는 중이에요').waitFor();
        const title = page.locator('main h1');
        const before = await title.boundingBox();
        come();
        await page.locator('.gaze .word').first().waitFor();
        expect(await title.boundingBox()).toEqual(before);
        await page.locator('#sentence').fill('');
        await page.locator('.field [role=status]').getByText('한 단어 이상 적어 보세요').waitFor();
        await page.getByText('그림은 마지막으로 읽은 문장이에요').waitFor();
        expect(await page.locator('[role=alert]').count()).toBe(0);
      },
      {},
      (page) =>
        page.route(/\.safetensors/, async (route) => {
          await coming;
          await route.continue();
        }),
    );
  });

  it('is printed light and within the paper’s width whatever the screen is, grows with the text that a browser was told, and goes with the system’s theme until one is chosen', () =>
    visited(
      async ({ page, open }) => {
        await open('#/ko/sentence');
        const picture = page.locator('.gaze svg').first();
        await picture.waitFor();
        const seen = async () => [
          await page.evaluate(() => document.documentElement.dataset.theme),
          (await picture.boundingBox())!.width <= 640,
        ];
        expect(await seen()).toEqual(['dark', false]);
        await page.evaluate(() => void dispatchEvent(new Event('beforeprint')));
        // A frame later it is still.
        await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
        expect(await seen()).toEqual(['light', true]);
        await page.evaluate(() => void dispatchEvent(new Event('afterprint')));
        expect(await seen()).toEqual(['dark', false]);
        await page.emulateMedia({ media: 'print' });
        expect(await page.locator('nav:visible').count()).toBe(0);
        // A root of so many pixels would be deaf to what the visitor told the browser.
        const rule = await page.evaluate(() =>
          [...document.styleSheets]
            .flatMap(({ cssRules }) => [...cssRules])
            .flatMap((one) => (one instanceof CSSStyleRule && one.selectorText === ':root' ? [one.style.fontSize] : []))
            .filter((size) => size !== ''),
        );
        expect(rule.join()).toMatch(/^clamp\([^p]*rem[^p]*\)$/);
        // As the system's theme until one is chosen.
        const themed = (name: string) => page.locator(`html[data-theme=${name}]`).waitFor();
        await page.emulateMedia({ media: null, colorScheme: 'light' });
        await themed('light');
        await page.locator('button.theme').click();
        await themed('dark');
        await page.emulateMedia({ colorScheme: 'dark' });
        await page.emulateMedia({ colorScheme: 'light' });
        await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
        await themed('dark');
      },
      { colorScheme: 'dark' },
    ));

  it('can be walked with the keyboard alone', () =>
    visited(async ({ page, open }) => {
      await open('#/ko/opening');
      await page.locator('.gaze button').first().waitFor();
      const onto = async (test: (focused: { text: string; tag: string }) => boolean): Promise<void> => {
        for (let presses = 0; presses < 60; presses++) {
          await page.keyboard.press('Tab');
          const focused = await page.evaluate(() => ({
            text: document.activeElement?.textContent?.trim() ?? '',
            tag: document.activeElement?.tagName ?? '',
          }));
          if (test(focused)) return;
        }
        throw new Error('never reached by Tab');
      };
      await onto(({ text, tag }) => tag === 'BUTTON' && text === '철수가');
      await page.keyboard.press('Enter');
      await page.locator('.gaze button[aria-pressed=true]', { hasText: '철수가' }).waitFor();
      await onto(({ text }) => text === '다음: 도서관');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: '도서관: 질문, 색인, 내용' }).waitFor();
      await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
      await onto(({ tag }) => tag === 'INPUT');
      await page.keyboard.type('책');
      expect(await page.locator('#question').inputValue()).toContain('책');
    }));

  describe('bad input', () => {
    const typed = async (text: string, said: RegExp): Promise<void> =>
      visited(async ({ page, open }) => {
        await open('#/ko/opening');
        await page.locator('.gaze').waitFor();
        // Pasted at once: typing 50,000 characters into a field is slow by itself.
        await page.locator('#sentence').evaluate((field: HTMLTextAreaElement, pasted) => {
          field.value = pasted;
          field.dispatchEvent(new Event('input', { bubbles: true }));
        }, text);
        await page.getByText(said).first().waitFor();
        expect(await page.locator('#sentence').inputValue()).toBe(text);
        // The way on: a good sentence is read again.
        await page.locator('#sentence').fill('철수가 빵을 먹었다');
        await page
          .getByText(/‘먹었다’\u2060는/)
          .first()
          .waitFor();
        await page.getByText(said).first().waitFor({ state: 'detached' });
      });
    it('empty: asks for a word', () => typed('  ', /한 단어 이상 적어 보세요/));
    it('50,000 characters: says how many tokens and how many fit, and keeps the text', () =>
      typed('사과를 '.repeat(12_500), /이 모델은 한 번에 \d+개까지 읽어요/));
    it('50,000 letters: written in one face of the system from before they are laid out, the page’s own again once they are few', () =>
      visited(async ({ page, open }) => {
        await open('#/ko/explore');
        const face = (): Promise<string> =>
          page.locator('#sentence').evaluate((field) => getComputedStyle(field).fontFamily.split(',')[0]!);
        const own = await face();
        await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
        await page.locator('#sentence').evaluate(async (field: HTMLTextAreaElement) => {
          // As soon as the letters are in the field, which is before the page has seen them.
          field.addEventListener(
            'input',
            () => (field.dataset.face = getComputedStyle(field).fontFamily.split(',')[0]!),
            {
              capture: true,
            },
          );
          const letters = Array.from({ length: 50_000 }, (_, i) => String.fromCharCode(0xac00 + ((i * 7919) % 11_172)));
          await navigator.clipboard.writeText(letters.join(''));
          field.select();
        });
        await page.keyboard.press('Control+V');
        const during = await page.locator('#sentence[data-face]').getAttribute('data-face');
        expect(during).not.toBe(own);
        expect(await face()).toBe(during);
        await page.getByText(/이 모델은 한 번에/).waitFor();
        // Where this machine has one of the faces that are named, it is what is drawn, and none of the page's pieces.
        const named = await page
          .locator('#sentence')
          .evaluate((field) => getComputedStyle(field).fontFamily.replaceAll('"', '').split(', '));
        if (named.some((family) => faces.includes(family))) {
          await page.evaluate(() => {
            const written = document.createElement('p');
            [written.id, written.className] = ['written', 'lengthy'];
            written.textContent = '철수가 사과를 맛있게 먹었다';
            document.body.append(written);
          });
          const client = await page.context().newCDPSession(page);
          await client.send('DOM.enable');
          await client.send('CSS.enable');
          const { root } = await client.send('DOM.getDocument');
          const { nodeId } = await client.send('DOM.querySelector', { nodeId: root.nodeId, selector: '#written' });
          const { fonts } = await client.send('CSS.getPlatformFontsForNode', { nodeId });
          expect(fonts.length).toBeGreaterThan(0);
          expect(fonts.filter(({ isCustomFont }) => isCustomFont)).toEqual([]);
        }
        await page.locator('#sentence').fill('철수가 빵을 먹었다');
        await page
          .getByText(/‘먹었다’\u2060는/)
          .first()
          .waitFor();
        expect(await face()).toBe(own);
      }));
    it('more than an address carries: no way through the page loses it, nor does opening it again', () =>
      visited(async ({ page, open }) => {
        await open('#/ko/explore');
        const [text, other] = ['철수가 '.repeat(800), '영희가 '.repeat(800)];
        await page.locator('#other').fill(other);
        await page.locator('#sentence').fill(text);
        await page
          .getByText(/주소에는 담지 않았어요/)
          .first()
          .waitFor();
        const kept = async (): Promise<void> => {
          await page.locator('#other').waitFor();
          expect(await page.locator('#sentence').inputValue()).toBe(text);
          expect(await page.locator('#other').inputValue()).toBe(other);
        };
        await page.getByRole('link', { name: '도서관', exact: true }).click();
        await page.getByRole('link', { name: '살펴보기' }).click();
        await kept();
        await page.goBack();
        await page.goBack();
        await kept();
        await page.reload();
        // No model reads so much, and there is nothing yet to compare it with.
        await page.getByText(/이 모델은 한 번에/).waitFor();
        expect(await page.locator('#sentence').inputValue()).toBe(text);
      }));
    it('emoji: says what the model does not know', () => typed('철수가 🍎 먹었다', /모델이 모르는 글자/));
    it('a lone surrogate: says so, also from an address', () =>
      visited(async ({ page, open }) => {
        await open('#/ko/opening');
        await page.locator('.gaze').waitFor();
        await page.locator('#sentence').evaluate((field: HTMLTextAreaElement) => {
          field.value = '철수가 \ud83c 먹었다';
          field.dispatchEvent(new Event('input', { bubbles: true }));
        });
        await page.getByText(/반쪽만 있는 글자/).waitFor();
        // Of an address nothing is read that is cut in two.
        await open('#/ko/opening?s=%ED%A0%BC%E0&q=1');
        await page.getByText('빼고 열었어요: s=%ED%A0%BC%E0').waitFor();
        expect(await page.locator('#sentence').inputValue()).toBe(storySentence);
      }));
    it('a word or head that is not there: left out, which is said', () =>
      visited(async ({ page, open, numbers }) => {
        const seen = expectedOfLook(await look(await recordTrace(model, { text: storySentence }), model));
        for (const [address, said] of [
          ['#/ko/opening?q=99', 'q=99'],
          ['#/ko/opening?h=77.0', 'h=77.0'],
        ] as const) {
          await open('#/ko/library');
          await open(address);
          await page.getByText(`빼고 열었어요: ${said}`).waitFor();
          await page.locator('.gaze data').first().waitFor();
          expect(await page.locator('[role=alert]').count()).toBe(0);
          compare(await numbers(), seen);
        }
      }));
    it('a part that cannot be loaded: says so, and opening again goes on with the same sentence', async () => {
      const visit = await site.visit();
      const { page, open } = visit;
      await open('#/ko/opening?s=%EC%98%81%ED%9D%AC%EA%B0%80%20%EC%B1%85%EC%9D%84%20%EC%9D%BD%EC%97%88%EB%8B%A4');
      await page.route(/Apart-.*\.js$/, (route) => route.abort());
      await page.getByRole('link', { name: '6 분해' }).click();
      await page.getByText(/이 부분을 불러오지 못했어요/).waitFor();
      await page.unroute(/Apart-.*\.js$/);
      await page.getByRole('button', { name: '다시 열기' }).click();
      await page.getByRole('heading', { name: '끝까지 풀어 보기' }).waitFor();
      expect(await page.locator('#sentence').inputValue()).toBe('영희가 책을 읽었다');
      await visit.close();
    });

    it('the worker killed: says so, keeps the text, starts again', () =>
      visited(
        async ({ page, open }) => {
          await open('#/ko/opening');
          await page.locator('.gaze').waitFor();
          await endWorker(page);
          // Nobody has to ask anything for it.
          await page
            .getByText(/계산하던 작업이 멈췄어요/)
            .first()
            .waitFor({ timeout: 5000 });
          await page.locator('#sentence').fill('민수가 우유를 마셨다');
          await page.getByRole('button', { name: '다시 시작' }).first().click();
          await page.getByText(/‘마셨다’\u2060는/).waitFor();
          expect(await page.locator('#sentence').inputValue()).toBe('민수가 우유를 마셨다');
        },
        {},
        withWorker,
      ));

    it('no network and nothing kept yet: says that the model did not come, keeps what is typed, and starts again', async () => {
      const visit = await site.visit({}, (page) =>
        page.context().route(/model\.safetensors$/, (route) => route.abort()),
      );
      const { page } = visit;
      await page.goto(`${site.address}#/ko/opening`);
      await page.locator('[role=alert]').getByText('모델 파일을 받지 못했어요').waitFor();
      await page.locator('#sentence').fill('민수가 우유를 마셨다');
      await page.context().unroute(/model\.safetensors$/);
      await page.getByRole('button', { name: '다시 시작' }).click();
      await page.getByText(/‘마셨다’\u2060는/).waitFor();
      expect(await page.locator('#sentence').inputValue()).toBe('민수가 우유를 마셨다');
      expect(await page.locator('[role=alert]').count()).toBe(0);
      await visit.close();
    });

    it('storage refused: works, and says what is not remembered', () =>
      visited(
        async ({ page, open }) => {
          await open('#/ko/opening');
          await page.getByRole('button', { name: /어둡게|밝게/ }).click();
          await page.getByText(/브라우저가 저장을 막아서/).waitFor();
          await page.locator('.gaze').waitFor();
        },
        {},
        (page) =>
          page.addInitScript(() => {
            Object.defineProperty(window, 'localStorage', {
              get: () => {
                throw new DOMException('refused', 'SecurityError');
              },
            });
          }),
      ));

    it('no WebAssembly SIMD: names the browsers that have it', () =>
      visited(
        async ({ page, open }) => {
          await page.goto(`${site.address}#/ko/opening`);
          await page
            .getByText(/WebAssembly SIMD를 지원하지 않아요/)
            .first()
            .waitFor();
          await open('#/en/opening');
          await page
            .getByText(/lacks WebAssembly with SIMD/)
            .first()
            .waitFor();
        },
        {},
        async (page) => {
          await page.context().route(/worker-.*\.js$/, async (route) => {
            const response = await route.fetch();
            const without = 'WebAssembly.compile = () => Promise.reject(new WebAssembly.CompileError("no SIMD"));';
            await route.fulfill({ response, body: `${without}${await response.text()}` });
          });
        },
      ));
  });
});

describe('an address', () => {
  const plain = { language: 'ko', part: 'opening', text: storySentence, query: null, head: null } as const;
  const alone = { model: null, beside: null, besideHead: null } as const;
  const views = { unit: 'word', lens: 'weight', bare: false, before: false, reach: 'rollout' } as const;
  const seen = { ...views, cell: null, other: null, changes: [] } as const;
  const whole = { ...plain, ...alone, ...seen } as const;
  it.each([
    { ...whole, language: 'en', part: 'apart', text: '영희가 100% “책”을? 읽었다 & #', query: 2 },
    { ...whole, head: { layer: 1, head: 0 }, model: 'files:내 모델 100% & 2' },
    { ...whole, part: 'summary', text: '', query: 0 },
    {
      ...whole,
      part: 'train',
      model: 'klue/bert-base@main',
      training: { settings: defaults.sorting, text: '' },
      checkpoint: null,
    },
    {
      ...whole,
      part: 'train',
      training: { settings: defaults.own, text: '사과를 먹었다.\n물을 마셨다 & 100%' },
      checkpoint: { step: 320, training: trainingKey(defaults.own, '사과를 먹었다.\n물을 마셨다 & 100%') },
    },
    {
      ...whole,
      part: 'explore',
      unit: 'token',
      cell: { query: 7, key: 0 },
      lens: 'gradient',
      bare: true,
      before: true,
      reach: 'byContribution',
      model: 'klue/bert-base@main',
      beside: 'owner/name@main&n=1',
      besideHead: { layer: 11, head: 0 },
      other: '영희가 빵을, 떡을 먹었다',
      changes: [
        { kind: 'silence', layer: 2, head: 1 },
        { kind: 'temperature', layer: 0, head: 11, temperature: 0.251 },
        { kind: 'temperature', layer: 1, head: 3, temperature: 100 },
        { kind: 'cut', layer: 1, head: 0, queries: [7, 9], keys: [3, 4] },
        { kind: 'weight', layer: 2, head: 2, query: 7, keys: [3, 4], to: 0.25 },
        { kind: 'drop', keys: [0, 0], name: '첫 시도, 50%: 끔?' },
        {
          kind: 'paste',
          stage: 'value',
          layer: 2,
          head: 3,
          from: '영희가: 빵을, 50% 먹었다.',
          pairs: [
            [1, 1],
            [2, 3],
          ],
        },
      ],
    },
  ] as const)('goes there and back: %j', (place) => expect(fromHash(toHash(place), 'ko')).toEqual(place));
  it('falls back where it cannot be read, and carries no sentence that is too long', () => {
    for (const hash of [
      '',
      '#',
      '#/xx/nowhere?q=-1&h=a.b',
      '#/?h=1&u=letter&e=x1.2,s1,t1.2.0,t1.2.x,s1.2.3,w1.1.2.3-4.1.5,d4-3,x1.1.4-2.1-1,z,p9.1.1.1-1.a,p1.1.1.1-.a,a:b:s1,%25:s',
    ])
      expect(fromHash(hash, 'ko')).toEqual(whole);
    expect(unreadable('#/xx/nowhere?q=-1&h=a.b&u=letter&e=s1.2,z&l=nothing&b=1')).toEqual([
      'xx',
      'nowhere',
      'q=-1',
      'h=a.b',
      'u=letter',
      'l=nothing',
      'e=z',
    ]);
    expect(unreadable('#/en/my-library?books=[[1]]&t=-1')).toEqual(['t=-1', 'books=[1]']);
    expect(unreadable('#/en/my-library?books={')).toEqual(['books={']);
    expect(fromHash('#/en/my-library?books=[[1]]', 'ko').lookup!.books).toBeNull();
    expect(unreadable('#/en/train?p=small,nothing&x=1')).toEqual(['p=small,nothing', 'x=1']);
    expect(fromHash('#/en/train?x=1', 'ko').training!.text).toBe('');
    // Names that nobody reads there, twice the same, nothing where something should stand, and what stands behind the part.
    expect(unreadable('#/en/explore/more?lens=zzz&q=1&q=2&x=1&constructor=1&h=&m=&long=zz&s=&c=')).toEqual([
      'more',
      'q=2',
      'lens=zzz',
      'x=1',
      'constructor=1',
      'h=',
      'm=',
      'long=zz',
    ]);
    // A sign of a hundred is one; a letter that is cut in two is none, and the letter that stands for that is itself.
    for (const text of ['100%', 'a?b', '\uFFFD'])
      for (const written of [text, encodeURIComponent(text)]) {
        expect(unreadable(`#/en/explore?s=${written}`)).toEqual([]);
        expect(fromHash(`#/en/explore?s=${written}`, 'ko').text).toBe(text);
      }
    expect(unreadable('#/en/explore?s=%EC%82&c=%EC%82%AC')).toEqual(['s=%EC%82']);
    expect(fromHash('#/en/explore?s=%EC%82&c=%EC%82%AC', 'ko')).toMatchObject({ text: storySentence, other: '사' });
    // Texts that no address carries are said to be missing where they are.
    expect(unreadable('#/en/explore?e=%EC,s1.2,z')).toEqual(['e=%EC', 'e=z']);
    expect(fromHash('#/en/explore?e=%EC,s1.2,z', 'en').changes).toEqual([{ kind: 'silence', layer: 1, head: 2 }]);
    expect(unreadable('#/en/train?p=own,repair,9999,2,2,0.004,400,32,1,words')).toEqual(['p=9999']);
    // What can be no model's name is not offered to be fetched.
    expect(unreadable('#/ko/explore?m=../../etc/passwd&n=https://evil.example/x')).toEqual([
      'm=../../etc/passwd',
      'n=https://evil.example/x',
    ]);
    expect(fromHash('#/ko/explore?m=../../etc/passwd', 'ko').model).toBeNull();
    expect(
      unreadable('#/ko/explore?m=owner/name@v2/part&n=siseon/models/ko').concat(
        unreadable('#/ko/explore?m=owner/name/file.gguf&n=files:내 모델'),
      ),
    ).toEqual([]);
    expect(unreadable('#/ko/explore?long=sc')).toEqual(['long=s', 'long=c']);
    expect(unreadable('#/ko/explore?long=sc', { text: '', other: 'x' })).toEqual([]);
    // A library and the lens of Explore stand in one address.
    const lookup = { question: null, temperature: 1, books: [{ tag: '과일', content: '사과' }] };
    const library = { ...whole, part: 'my-library', lens: 'gradient', lookup } as const;
    expect(fromHash(toHash(library), 'ko')).toEqual(library);
    expect(unreadable(toHash(library))).toEqual([]);
    for (const hash of ['', '#', '#/ko/train', toHash({ ...whole, part: 'my-library' })])
      expect(unreadable(hash)).toEqual([]);
    // What is too long is said to be missing, and taken from whoever has it.
    const long = { ...whole, text: '가'.repeat(2001), other: '나'.repeat(2001) };
    expect(toHash(long)).toBe('#/ko/opening?long=sc');
    expect(fromHash(toHash(long), 'ko')).toEqual(whole);
    expect(fromHash(toHash(long), 'ko', long)).toEqual(long);
    expect(fromHash('#/ko/opening?c=x', 'ko', long)).toEqual({ ...whole, other: 'x' });
    // A step alone is of the training that the address tells; of another, or of a text that no address carries, all is said.
    const own = (text: string) => ({ training: { settings: defaults.own, text }, checkpoint: null });
    const [short, other] = ['사과를 먹었다', '사과를 먹었다!'].map(
      (text) => ({ ...whole, part: 'train', ...own(text) }) as const,
    );
    const moment = { step: 40, training: trainingKey(defaults.own, short!.training.text) };
    expect(toHash({ ...short!, checkpoint: moment })).toMatch(/&at=40$/);
    expect(toHash({ ...other!, checkpoint: moment })).toMatch(
      /&at=40,own,repair,48,3,2,0.004,1000,32,1,words,[0-9a-f]{8}$/,
    );
    for (const place of [short!, other!, { ...short!, ...own('가'.repeat(2001)) }])
      expect(fromHash(toHash({ ...place, checkpoint: moment }), 'ko').checkpoint).toEqual(moment);
    for (const at of [
      '',
      'x',
      '-1',
      '2401',
      '40,own',
      '40,own,repair,48,3,2,0.004,1000,32,1,words',
      '40,small,repair,32,2,1,0.005,2400,32,1',
    ])
      expect(unreadable(`#/ko/train?at=${at}`)).toEqual([`at=${at}`]);
    expect(unreadable('#/ko/train?at=2400')).toEqual([]);
    expect(unreadable('#/ko/explore?at=40')).toEqual(['at=40']);
    // What to train is no model to look through.
    expect(fromHash(`#/ko/train?p=${writeSettings(defaults.small)}`, 'ko').model).toBeNull();
  });
});
