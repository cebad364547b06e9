/** Threads on the page: where it is cross-origin isolated, and where the host does not send what isolates it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../test/chromium.js';
import { type Site, startSite, type Visit } from './site.ts';

const executable = findChromium();

describe.skipIf(!executable)('threads on the page', { timeout: 180_000 }, () => {
  let isolated: Site;
  let plain: Site;
  beforeAll(async () => {
    isolated = await startSite(executable!);
    plain = await startSite(executable!, { isolated: false });
  }, 240_000);
  afterAll(async () => {
    await isolated?.close();
    await plain?.close();
  });

  const sentence = (n: number): string => `${'철수가 사과를 맛있게 먹었다 '.repeat(9)}${n}`;
  /** Half a second of computing, and then some: by then the device has started its threads, if it has any. */
  async function worked({ page, numbers }: Visit): Promise<Map<string, number | null>> {
    for (let n = 0; n < 20; n++) {
      await page.locator('#sentence').fill(sentence(n));
      await page.locator('.gaze .word').last().getByText(`${n}`, { exact: true }).waitFor();
    }
    return numbers();
  }
  const said = (visit: Visit) => visit.page.locator('.threads').textContent();

  it('as many as the machine has where it is isolated, one and a notice where it is not; the same numbers to the last digit', async () => {
    const shown: Map<string, number | null>[] = [];
    const threads = ({ page }: Visit): number =>
      page.workers().filter((worker) => /\/thread-[^/]*\.js$/.test(worker.url())).length;
    await isolated.visited(async (visit) => {
      const { page, open } = visit;
      await open('#/ko/opening');
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
      const count = await page.evaluate(() => navigator.hardwareConcurrency);
      expect(await said(visit)).toBe(`스레드 ${count}개로 계산해요.`);
      expect(threads(visit)).toBe(0);
      shown.push(await worked(visit));
      await expect.poll(() => threads(visit), { timeout: 30_000 }).toBe(count - 1);
    });
    await plain.visited(async (visit) => {
      await visit.open('#/ko/opening');
      expect(await visit.page.evaluate(() => crossOriginIsolated)).toBe(false);
      expect(await said(visit)).toMatch(/^한 스레드로 계산해요.*COOP, COEP/);
      shown.push(await worked(visit));
      expect(threads(visit)).toBe(0);
    });
    expect(shown[0]!.size).toBeGreaterThan(30);
    expect(shown[1]).toEqual(shown[0]);
  });

  it('on a host that does not send the headers, the page isolates itself from the second visit on', () =>
    plain.visited(
      async (visit) => {
        const { page, open } = visit;
        await open('#/ko/opening');
        expect(await said(visit)).toMatch(/^한 스레드로/);
        await page.evaluate(() => navigator.serviceWorker.ready);
        await page.reload();
        await page.locator('.threads').waitFor();
        expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
        expect(await said(visit)).toMatch(/^스레드 \d+개로/);
      },
      { serviceWorkers: 'allow' },
    ));
});
