/** The built page on a local port, and a browser that notes what should not happen. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { preview } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));

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
  readonly address: string;
  readonly browser: Browser;
  visit(options?: BrowserContextOptions, prepare?: (page: Page) => Promise<unknown>): Promise<Visit>;
  close(): Promise<void>;
}

export async function startSite(executablePath: string): Promise<Site> {
  // A build of its own: test files run beside each other.
  const outDir = mkdtempSync(join(tmpdir(), 'siseon-page-'));
  execFileSync('npx', ['vite', 'build', '--logLevel', 'error', '--outDir', outDir, '--emptyOutDir'], {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const server = await preview({
    root,
    logLevel: 'error',
    build: { outDir },
    preview: { port: 4317, strictPort: false, open: false },
  });
  const address = server.resolvedUrls!.local[0]!;
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--force-color-profile=srgb'] });

  async function visit(
    options: BrowserContextOptions = {},
    prepare?: (page: Page) => Promise<unknown>,
  ): Promise<Visit> {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      reducedMotion: 'reduce',
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
    async close() {
      await browser.close();
      await server.close();
      rmSync(outDir, { recursive: true });
    },
  };
}
