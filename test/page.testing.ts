/** A page of a user's own: a script that imports the package, packed by a bundler, on a local port, in a Chromium. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium as driver, type Page } from 'playwright-core';
import { build } from 'vite';
import { chromiumArguments } from './chromium.js';

const root = fileURLToPath(new URL('..', import.meta.url));

export interface TestPage {
  readonly browser: Browser;
  /** A tab of a new context, with the script run and `window.ready` set; `isolated`: threads may share memory. */
  open(options?: { readonly isolated?: boolean }): Promise<{ readonly tab: Page; readonly context: BrowserContext }>;
  close(): Promise<void>;
}

/**
 * `script` imports from `dist/`, sets `window.ready` at its end, and finds the engine's worker at `/worker.js`; `folders`
 * are served below their names.
 */
export async function startPage(
  executablePath: string,
  script: string,
  folders: Readonly<Record<string, string>> = {},
): Promise<TestPage> {
  const out = mkdtempSync(join(tmpdir(), 'siseon-page-'));
  const page = `${root}page.js`;
  await build({
    configFile: false,
    root: out,
    logLevel: 'error',
    plugins: [
      {
        name: 'page',
        resolveId: (id) => (id === 'page.js' ? page : id.startsWith('dist/') ? root + id : null),
        load: (id) => (id === page ? script : null),
      },
    ],
    build: {
      outDir: out,
      target: 'es2022',
      minify: false,
      // Chunks are shared with the worker, which has no document to preload them in.
      modulePreload: false,
      rolldownOptions: {
        input: { page: 'page.js', worker: `${root}dist/worker/worker.js` },
        output: { entryFileNames: '[name].js' },
      },
    },
  });
  const server = createServer(({ url = '/' }, response) => {
    const path = normalize(url.split('?')[0]!);
    const [, name = '', rest = ''] = /^\/([^/]+)\/(.+)$/.exec(path) ?? [];
    const file = folders[name] ? join(folders[name], rest) : join(out, path);
    const found = path !== '/' && existsSync(file);
    response.setHeader('Content-Type', path.endsWith('.js') ? 'text/javascript' : 'text/html');
    response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
    if (found || !url.includes('plain')) {
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    }
    response.statusCode = found || path === '/' ? 200 : 404;
    response.end(found ? readFileSync(file) : '<!doctype html><script type="module" src="/page.js"></script>');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const browser = await driver.launch({ executablePath, args: chromiumArguments });
  return {
    browser,
    async open({ isolated = true } = {}) {
      const context = await browser.newContext();
      const tab = await context.newPage();
      tab.on('pageerror', (error) => console.error(error));
      await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${isolated ? '' : '?plain'}`);
      await tab.waitForFunction('window.ready');
      return { tab, context };
    },
    async close() {
      await browser.close();
      server.close();
      rmSync(out, { recursive: true });
    },
  };
}
