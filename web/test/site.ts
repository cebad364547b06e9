/** The built page on a local port, and a browser that notes what should not happen. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { preview } from 'vite';
import { expect } from 'vitest';
import { chromiumArguments } from '../../test/chromium.js';
import { isolation } from '../build/contentPolicy.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const notIsolated = Object.fromEntries(Object.keys(isolation).map((name) => [name, 'unsafe-none']));

export interface Visit {
  readonly page: Page;
  /** Console errors, exceptions, and requests to anywhere but the page's own origin. */
  readonly complaints: string[];
  open(hash: string): Promise<void>;
  /** What the page shows, by the names that it gives its numbers. */
  numbers(): Promise<Map<string, number | null>>;
  close(): Promise<void>;
}

export interface Site {
  /** Runs a visit to its end; nothing may have happened in it that should not. */
  visited(run: (visit: Visit) => Promise<void>, ...how: Parameters<Site['visit']>): Promise<void>;
  readonly address: string;
  readonly browser: Browser;
  /** Without the service worker, which keeps the whole page for later: `serviceWorkers: 'allow'` where it is the point. */
  visit(options?: BrowserContextOptions, prepare?: (page: Page) => Promise<unknown>): Promise<Visit>;
  close(): Promise<void>;
}

/** `isolated: false`: as a host that does not send the headers by which threads share memory. */
export async function startSite(executablePath: string, { isolated = true } = {}): Promise<Site> {
  const { outDir, leave } = await sharedBuild();
  const server = await preview({
    root,
    logLevel: 'error',
    build: { outDir },
    preview: { port: 4317, strictPort: false, open: false, ...(!isolated && { headers: notIsolated }) },
  });
  const address = server.resolvedUrls!.local[0]!;
  const browser = await chromium.launch({ executablePath, args: [...chromiumArguments, '--force-color-profile=srgb'] });

  async function visit(
    options: BrowserContextOptions = {},
    prepare?: (page: Page) => Promise<unknown>,
  ): Promise<Visit> {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      reducedMotion: 'reduce',
      locale: 'ko-KR',
      serviceWorkers: 'block',
      ...options,
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    context.on('request', (request) => request.url().startsWith(address) || complaints.push(request.url()));
    await prepare?.(page);
    return {
      page,
      complaints,
      async open(hash) {
        await page.goto(address + hash);
        await page.locator('main h1').waitFor();
        await page.waitForFunction(() => document.querySelector('main > [role=status]') === null);
      },
      async numbers() {
        const read = await page
          .locator('data')
          .evaluateAll((list) =>
            list.map((element) => [element.getAttribute('data-of')!, element.getAttribute('value')!] as const),
          );
        return new Map(read.map(([of, value]) => [of, value === '' ? null : Number(value)]));
      },
      close: () => context.close(),
    };
  }
  return {
    address,
    browser,
    visit,
    async visited(run, ...how) {
      const one = await visit(...how);
      try {
        await run(one);
        expect(one.complaints).toEqual([]);
      } finally {
        await one.close();
      }
    },
    async close() {
      await browser.close();
      await server.close();
      leave();
    },
  };
}

/** The worker that the page started last can be ended, as by a browser without memory (`endWorker`). */
export const withWorker = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    const Original = window.Worker;
    window.Worker = class extends Original {
      constructor(...what: ConstructorParameters<typeof Original>) {
        super(...what);
        (window as unknown as { lastWorker: Worker }).lastWorker = this;
      }
    };
  });
export const endWorker = (page: Page): Promise<void> =>
  page.evaluate(() => (window as unknown as { lastWorker: Worker }).lastWorker.terminate());

/** The file that a button of this name saves. */
export async function saved(page: Page, kind: string): Promise<Buffer> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: kind, exact: true }).click(),
  ]);
  return readFile(await download.path());
}

let sites = 0;

/** One build for all test files of a run, which stand beside each other: the first makes it, the last clears it away. */
async function sharedBuild(): Promise<{ outDir: string; leave: () => void }> {
  const folder = join(tmpdir(), `siseon-page-${process.ppid}`);
  const [outDir, users, failed] = [join(folder, 'dist'), join(folder, 'users'), join(folder, 'failed')];
  const own = join(users, `${process.pid}-${sites++}`);
  let first = true;
  try {
    mkdirSync(folder);
  } catch {
    first = false;
  }
  mkdirSync(users, { recursive: true });
  writeFileSync(own, '');
  if (first)
    try {
      const made = join(folder, 'made');
      execFileSync('npx', ['vite', 'build', '--logLevel', 'error', '--outDir', made, '--emptyOutDir'], {
        cwd: root,
        env: { ...process.env, NODE_ENV: 'production' },
      });
      renameSync(made, outDir);
    } catch (cause) {
      writeFileSync(failed, '');
      throw cause;
    }
  while (!existsSync(outDir)) {
    if (existsSync(failed)) throw new Error('the page could not be built; the test file that tried says why');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    outDir,
    leave: () => {
      rmSync(own, { force: true });
      if (readdirSync(users).length === 0) rmSync(folder, { recursive: true, force: true });
    },
  };
}
