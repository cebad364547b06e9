/** The loader in a real browser: over fetch with a cache, and over dropped files. The built package, without a bundler. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { loadModel, shippedModel } from 'siseon/model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumArguments, findChromium } from '../../test/chromium.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const executablePath = findChromium();
const types: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.mjs': 'text/javascript' };
const modules = {
  '@huggingface/tokenizers': '/node_modules/@huggingface/tokenizers/dist/tokenizers.mjs',
  'fastest-levenshtein': '/node_modules/fastest-levenshtein/esm/mod.js',
  fflate: '/node_modules/fflate/esm/browser.js',
};
/** What the page does, as its own script: a test runner would rewrite imports in a function that is sent over. */
const script = `
import { loadModel } from '/dist/model/index.js';
import { blobFolder, networkFolder } from '/dist/platform/index.js';

const about = (model) => ({ fingerprint: model.fingerprint, tokens: model.tokenizer.encode('철수가 먹었다').ids.length });
globalThis.loadCached = async () => {
  let progress = 0;
  const onProgress = ({ done, total }) => { progress = Math.max(progress, done / total); };
  const model = await loadModel(networkFolder(new URL('/models/ko', location.href), { cache: 'models', onProgress }));
  return { ...about(model), progress };
};
globalThis.loadDropped = async (names) => {
  const fetched = async (name) => new File([await (await fetch('/models/ko/' + name)).blob()], name);
  return loadModel(blobFolder(await Promise.all(names.map(fetched)), 'dropped')).then(about, (error) => error.message);
};
globalThis.ready = true;
`;
const html = `<!doctype html><meta charset="utf-8"><script type="importmap">${JSON.stringify({ imports: modules })}</script><script type="module">${script}</script>`;

interface Seen {
  readonly fingerprint: string;
  readonly tokens: number;
}

describe.skipIf(!executablePath)('the loader in Chromium', () => {
  const asked: string[] = [];
  let server: Server;
  let browser: Browser;
  let page: Page;
  let expected: Seen;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = new URL(request.url!, 'http://x').pathname;
      if (path === '/') return void response.writeHead(200, { 'content-type': 'text/html' }).end(html);
      if (path.startsWith('/models/')) asked.push(`${request.method} ${path}`);
      const file = root + path.slice(1);
      if (path.includes('..') || !existsSync(file)) return void response.writeHead(404).end();
      response.writeHead(200, { 'content-type': types[extname(path)] ?? 'x/x', 'content-length': statSync(file).size });
      if (request.method === 'HEAD') response.end();
      else createReadStream(file).pipe(response);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    browser = await chromium.launch({ executablePath: executablePath!, args: chromiumArguments });
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction('globalThis.ready');
    const model = await loadModel(shippedModel);
    expected = { fingerprint: model.fingerprint, tokens: model.tokenizer!.encode('철수가 먹었다').ids.length };
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  it('over fetch, with a cache: the second time nothing large is fetched', async () => {
    const load = (): Promise<Seen & { progress: number }> => page.evaluate('loadCached()');
    expect(await load()).toEqual({ ...expected, progress: 1 });
    expect(asked).toContain('GET /models/ko/model.safetensors');
    asked.length = 0;
    expect(await load()).toEqual({ ...expected, progress: 0 });
    expect(asked.filter((line) => line.startsWith('GET'))).toEqual([]);
  });

  it('over dropped files, and says what is missing among them', async () => {
    const drop = (names: readonly string[]): Promise<Seen | string> =>
      page.evaluate(`loadDropped(${JSON.stringify(names)})`);
    expect(await drop(['config.json', 'model.safetensors', 'tokenizer.json'])).toEqual(expected);
    expect(await drop(['config.json', 'tokenizer.json'])).toContain('dropped has no parameters');
    expect(await drop(['model.safetensors'])).toContain('no config.json');
  });
});
