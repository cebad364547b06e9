/** What goes wrong in the room Train, and the way on. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { defaults, type Settings, writeSettings } from '../src/train/settings.ts';
import { onThePage } from './onThePage.ts';
import { endWorker, withWorker } from './site.ts';

const small = { width: 12, heads: 3, layers: 2, rate: 0.01, steps: 24, batch: 4, seed: 7 };
const own: Settings = { ...defaults.own, ...small };
const address = (settings: Settings): string => `#/ko/train?p=${writeSettings(settings)}`;

/** `hide(true)` makes the page what a tab behind another is: it is told so, paints nothing, and its timers come once a second. */
const withTab = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    let hidden = false;
    const waiting: (() => void)[] = [];
    const [frame, timer] = [window.requestAnimationFrame, window.setTimeout];
    window.requestAnimationFrame = (paint) =>
      hidden ? waiting.push(() => frame.call(window, paint)) : frame.call(window, paint);
    window.setTimeout = ((run: () => void, after = 0) =>
      timer.call(window, run, hidden ? Math.max(1000, after) : after)) as typeof setTimeout;
    for (const [name, value] of [
      ['visibilityState', () => (hidden ? 'hidden' : 'visible')],
      ['hidden', () => hidden],
    ] as const)
      Object.defineProperty(document, name, { get: value });
    (window as unknown as { hide: (on: boolean) => void }).hide = (on) => {
      hidden = on;
      document.dispatchEvent(new Event('visibilitychange'));
      if (!on) for (const paint of waiting.splice(0)) paint();
    };
  });

onThePage('the room Train in trouble', (site, visited) => {
  /** Anew, where a training that was brought back could also be gone on with. */
  const begin = (page: Page): Promise<void> => page.locator('.controls').first().locator('button').last().click();
  const ended = (page: Page): Promise<unknown> =>
    page.getByRole('button', { name: '새로 시작' }).waitFor({ timeout: 60_000 });

  it('says at which step a loss left all numbers; what was learned before stays to be looked at, and a lower rate trains on', () =>
    visited(async ({ page, open, numbers }) => {
      await open(address({ ...defaults.small, ...small, rate: 1000, steps: 60 }));
      await begin(page);
      await page.getByText(/손실이 더는 숫자가 아니어서 \d+걸음에서 학습이 멈췄어요/).waitFor({ timeout: 60_000 });
      // Every panel stands, on the last checkpoint that has numbers and on any before it.
      await page.locator('.readout').first().waitFor();
      await page.locator('#train-scrub').fill('0');
      await page.getByText('모델 작은 언어, 시드 7, 걸음 0').waitFor();
      expect((await numbers()).get('train:heldOut')).toBeGreaterThan(3);
      // Nothing is learned yet, so no word is out of the question.
      await expect
        .poll(async () => [...(await numbers())].filter(([of, value]) => of.startsWith('guess:') && value! > 0).length)
        .toBeGreaterThanOrEqual(8);
      await page.getByRole('button', { name: '학습률 100으로 다시' }).click();
      await page.waitForFunction(() => location.hash.includes(',100,60,'));
      await ended(page);
      await page.getByText(/처음보다 커졌어요/).waitFor();
      await page.getByRole('button', { name: '학습률 10으로 다시' }).waitFor();
    }));

  it('goes on in a tab behind another, to the end; the picture is there when the tab comes back', () =>
    visited(
      async ({ page, open }) => {
        await open(address({ ...defaults.small, ...small, steps: 300 }));
        const hide = (on: boolean): Promise<void> =>
          page.evaluate((value) => (window as unknown as { hide: (on: boolean) => void }).hide(value), on);
        await begin(page);
        await hide(true);
        await ended(page);
        await page.getByText('시드 7, 300걸음 중 300걸음').waitFor();
        await hide(false);
        await page.getByText('모델 작은 언어, 시드 7, 걸음 300').waitFor();
        await page.getByText('되감기: 걸음 300').waitFor();
        // The square is painted: its first cell is not the bare ground.
        const painted = await page
          .locator('.one canvas')
          .first()
          .evaluate((canvas: HTMLCanvasElement) => {
            const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
            return new Set(Uint32Array.from(new Uint32Array(data.buffer))).size;
          });
        expect(painted).toBeGreaterThan(10);
      },
      {},
      withTab,
    ));

  it('a reload in the middle of a training brings back what was learned until then, and it goes on from there; a button forgets it', () =>
    visited(async ({ page, open, numbers }) => {
      await open(address({ ...defaults.small, ...small, steps: 4000 }));
      await begin(page);
      const until = async (report: number): Promise<void> => {
        await page.waitForFunction(
          (least) => Number(document.querySelector('#train-scrub')?.getAttribute('max')) >= least,
          report,
        );
      };
      await until(3);
      // The rest of it would be lost: the browser asks.
      const [dialog] = await Promise.all([
        page.waitForEvent('dialog'),
        page.evaluate(() => void setTimeout(() => location.reload())),
      ]);
      expect(dialog.type()).toBe('beforeunload');
      await Promise.all([page.waitForEvent('load'), dialog.accept()]);
      const back = page.getByText(/마지막 학습을 \d+걸음까지 이 브라우저에서 되살렸어요/);
      await back.waitFor();
      await until(3);
      const step = Number(/(\d+)걸음까지/.exec((await back.textContent())!)![1]);
      await page.getByText(`모델 작은 언어, 시드 7, 걸음 ${step}`).waitFor();
      expect(step).toBeGreaterThan(0);
      expect(step).toBeLessThan(4000);
      expect((await numbers()).get('train:heldOut')).toBeGreaterThan(0);
      await page.locator('.readout').first().waitFor();
      // It goes on from there, and is kept as it goes.
      const before = Number(await page.locator('#train-scrub').getAttribute('max'));
      await page.getByRole('button', { name: '이어서', exact: true }).click();
      await until(before + 1);
      await page.getByRole('button', { name: '그만두기', exact: true }).click();
      const held = page.getByText(/이 학습은 \d+걸음까지 이 브라우저에 남아/);
      await held.waitFor();
      expect(Number(/(\d+)걸음까지/.exec((await held.textContent())!)![1])).toBeGreaterThan(step);
      await page.getByRole('button', { name: '이어서', exact: true }).and(page.locator(':enabled')).waitFor();
      // Another window begins one of its own: that is the last one now.
      const other = await page.context().newPage();
      await other.goto(`${site.address}${address({ ...defaults.small, ...small, seed: 8 })}`);
      await other.getByText(/마지막 학습을 \d+걸음까지/).waitFor();
      await begin(other);
      await ended(other);
      await other.getByText('이 학습은 24걸음까지 이 브라우저에 남아 있어서').waitFor();
      await other.close();
      await page.reload();
      await page.getByText('마지막 학습을 24걸음까지').waitFor();
      await page.getByText('모델 작은 언어, 시드 8, 걸음 24').waitFor();
      // Opened in Explore, the checkpoint is found again by its address alone, though it was not kept by hand.
      await page.getByRole('button', { name: '이때의 모델을 살펴보기에서 열기' }).click();
      await page.locator('h1', { hasText: '살펴보기' }).waitFor();
      const caption = page.locator('.gaze p[aria-live]');
      await caption.waitFor();
      const said = await caption.textContent();
      await page.reload();
      await page.getByText(said!).waitFor();
      await page.getByText('모델 작은 언어, 시드 8, 걸음 24').waitFor();
      expect(page.url()).toContain('m=trained%3A24%2C');
      await page.getByRole('link', { name: '학습', exact: true }).click();
      await page.getByText('마지막 학습을 24걸음까지').waitFor();
      await page.getByRole('button', { name: '이 학습 지우기' }).click();
      await page.getByRole('button', { name: '그대로 두기' }).click();
      await page.getByText('마지막 학습을 24걸음까지').waitFor();
      await page.getByRole('button', { name: '이 학습 지우기' }).click();
      await page.getByRole('button', { name: '지우기', exact: true }).click();
      // Its panels go at once, what it says when it is forgotten.
      await page.locator('#train-scrub').waitFor({ state: 'detached' });
      await page.getByText('마지막 학습을 24걸음까지').waitFor({ state: 'detached' });
      await page.reload();
      await page.locator('button.main:enabled').waitFor();
      await page.waitForTimeout(500);
      expect(await page.getByText(/마지막 학습을/).count()).toBe(0);
    }));

  it('another window that trains takes the place in the browser: the earlier one is told, and spoils nothing of it', () =>
    visited(async ({ page, open, numbers }) => {
      const told = (window: Page): Promise<void> =>
        window.getByText('다른 창에서 학습을 새로 시작했거나 지워서').waitFor();
      await open(address({ ...defaults.small, ...small, steps: 20_000 }));
      await begin(page);
      await page.waitForFunction(() => Number(document.querySelector('#train-scrub')?.getAttribute('max')) >= 2);
      const later = await page.context().newPage();
      await later.goto(`${site.address}${address({ ...defaults.small, ...small, seed: 8 })}`);
      // What it finds there is no training that is over.
      const goesOn = later.getByText(/다른\s창에서\s계속되고/);
      await goesOn.waitFor();
      const reached = async (): Promise<number> => Number(/(\d+)걸음까지/.exec((await goesOn.textContent())!)![1]);
      const first = await reached();
      const again = async (): Promise<number> => {
        await later.getByRole('button', { name: '다시 보기' }).click();
        return reached();
      };
      await expect.poll(again, { timeout: 20_000 }).toBeGreaterThan(first);
      // Nor is what goes on there put out of the browser unasked.
      await begin(later);
      await later.getByText(/다른\s창에서\s학습이\s계속되고\s있어요/).waitFor();
      expect(await later.locator('progress').first().getAttribute('value')).not.toBe('0');
      await later.getByRole('button', { name: '그대로 두기' }).click();
      await later.getByText(/다른\s창에서\s학습이\s계속되고\s있어요/).waitFor({ state: 'detached' });
      await begin(later);
      await later.getByRole('button', { name: '그래도 시작' }).click();
      // While it trains it is told; what it learns from here on is written over nothing.
      await told(page);
      await ended(later);
      await later.getByText('이 학습은 24걸음까지 이 브라우저에 남아 있어서').waitFor();
      const learned = await later.locator('[data-of="train:heldOut"]').getAttribute('value');
      const before = await page.locator('#train-scrub').getAttribute('max');
      await page.waitForFunction(
        (most) => Number(document.querySelector('#train-scrub')?.getAttribute('max')) > Number(most),
        before,
      );
      // At once: a window behind another paints rarely, and a click would wait for it longer than the training goes on.
      await page.getByRole('button', { name: '그만두기' }).evaluate((button: HTMLElement) => button.click());
      await ended(page);
      await later.reload();
      await later.getByText('모델 작은 언어, 시드 8, 걸음 24').waitFor();
      expect(await later.locator('[data-of="train:heldOut"]').getAttribute('value')).toBe(learned);
      // Nor does one that is over keep silent, when its place is given up elsewhere; closing it asks.
      await page.bringToFront();
      await begin(page);
      await told(later);
      await later.getByText(/마지막 학습을 \d+걸음까지/).waitFor({ state: 'detached' });
      await later.bringToFront();
      const [dialog] = await Promise.all([
        later.waitForEvent('dialog'),
        later.evaluate(() => void setTimeout(() => location.reload())),
      ]);
      expect(dialog.type()).toBe('beforeunload');
      await dialog.dismiss();
      expect((await numbers()).get('train:heldOut')).toBeGreaterThan(0);
    }));

  it('storage that is full: says that a training is lost with the window, asks before, and keeps nothing of it', () =>
    visited(async ({ page, open }) => {
      await open(address({ ...defaults.small, ...small, steps: 4000 }));
      const client = await page.context().newCDPSession(page);
      await client.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.address).origin, quotaSize: 1 });
      await begin(page);
      // While it trains already.
      await page.getByText('창을 닫거나 새로고침하면 이 학습은 사라져요').waitFor();
      // With the first report alone nothing has been learned that could be lost.
      await page.waitForFunction(() => Number(document.querySelector('#train-scrub')?.getAttribute('max')) >= 2);
      await page.getByRole('button', { name: '그만두기' }).click();
      await ended(page);
      expect(await page.getByText('창을 닫거나 새로고침하면 이 학습은 사라져요').count()).toBe(1);
      const [dialog] = await Promise.all([
        page.waitForEvent('dialog'),
        page.evaluate(() => void setTimeout(() => location.reload())),
      ]);
      expect(dialog.type()).toBe('beforeunload');
      await dialog.dismiss();
      await page.getByRole('button', { name: '이때의 모델 보관하기' }).click();
      // Told beside the button that was pressed.
      await page
        .locator('.controls ~ [role=alert]')
        .getByText(/저장 공간이 모자라 보관하지 못했어요/)
        .waitFor();
      await page.getByText(/모델 작은 언어, 시드 7, 걸음 \d+/).waitFor();
    }));

  it('tells a worker that is gone, and the way on: what was learned comes back', () =>
    visited(
      async ({ page, open }) => {
        await open(address({ ...defaults.small, ...small }));
        await begin(page);
        await ended(page);
        await endWorker(page);
        await page.locator('#sentence').fill('영희가 책을 읽었다');
        await page
          .getByText(/계산하던 작업이 멈췄어요/)
          .first()
          .waitFor({ timeout: 15_000 });
        // The checkpoints were the engine's: that is said, and what needs them can no more be pressed. The curves stay.
        await page.getByText('다시 시작하면 24걸음까지 되살아나요').waitFor();
        const ofTheEngine = ['새로 시작', '이때의 모델 보관하기', 'zip으로 내보내기', '이때의 모델을 살펴보기에서'];
        const buttons = ofTheEngine.map((name) => page.getByRole('button', { name }));
        for (const button of buttons) expect(await button.first().isDisabled()).toBe(true);
        expect(await page.locator('.charts path').count()).toBeGreaterThan(0);
        await page.getByRole('button', { name: '다시 시작', exact: true }).first().click();
        await page.getByText('마지막 학습을 24걸음까지').waitFor();
        await page.getByText('모델 작은 언어, 시드 7, 걸음 24').waitFor();
        for (const button of buttons) await expect.poll(() => button.first().isEnabled()).toBe(true);
      },
      {},
      withWorker,
    ));

  it('says what a text of one’s own is missing, and learns from a megabyte and from emoji', () =>
    visited(async ({ page, open }) => {
      await open(address({ ...own, width: 10 }));
      await page.getByRole('button', { name: '폭을 12로' }).click();
      await page.locator('#train-steps').fill('0');
      await page.getByText(/걸음: 10 이상/).waitFor();
      // The axis that waits keeps its width, and what stands below it its places.
      await page.setViewportSize({ width: 2560, height: 1440 });
      const below = async (words: string): Promise<number> =>
        (await page.locator('.charts figure').first().getByText(words, { exact: true }).last().boundingBox())!.x;
      expect((await below('10')) - (await below('걸음'))).toBeGreaterThan(100);
      await page.locator('#train-steps').fill('24');
      expect(await page.locator('#train-width').inputValue()).toBe('12');
      await page.getByText(/배울 글이 비어 있어요/).waitFor();
      const field = page.locator('#own-text');
      for (const [text, said] of [
        ['사과', /‘사과’ 한 낱말뿐/],
        ['하늘이 파랗다.\n하늘이 파랗다.', /서로 다른 문장이 1개뿐/],
        ['🍎🚗', /‘🍎🚗’ 한 낱말뿐/],
      ] as const) {
        await field.fill(text);
        await page.getByText(said).waitFor();
        expect(await page.locator('button.main').isDisabled()).toBe(true);
      }
      const emoji = ['🍎', '👨‍👩‍👧', '🇰🇷', '✈️', '🐶'];
      await field.fill(emoji.flatMap((a) => emoji.map((b) => `${a} ${b} ${a}`)).join('\n'));
      await page.getByText(/서로 다른 문장 25개/).waitFor();
      await begin(page);
      await ended(page);
      await page.locator('.readout').first().waitFor();
      const paste = (repeat: number, line: string): Promise<void> =>
        field.evaluate(
          (element, [count, sentence]) => {
            const clipboardData = new DataTransfer();
            clipboardData.setData(
              'text/plain',
              Array.from({ length: count }, (_, i) => `${sentence} ${i % 700}`).join('\n'),
            );
            element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
          },
          [repeat, line] as const,
        );
      // Ten megabytes are kept out of the field; what is too much for a tab is refused, and what stood there stands.
      await paste(1_000_000, '철수가 사과를 아주 맛있게 먹었다');
      await page.getByText('글이 너무 커요. 20,000,000자까지').waitFor();
      expect((await field.inputValue()).startsWith('🍎 🍎 🍎')).toBe(true);
      await paste(200_000, '철수가 사과를 아주 맛있게 먹었다');
      await page.getByText(/자를 받아 두었어요/).waitFor();
      await page.getByText(/서로 다른 문장 700개/).waitFor({ timeout: 60_000 });
      await page.locator('button.main:enabled').waitFor();
    }));
});
