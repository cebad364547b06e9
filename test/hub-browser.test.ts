/** The hub’s loader as a page has it: in a Chromium, against a hub of our own on loopback. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sha256, startHub, type TestHub } from '../src/platform/hub.testing.ts';

const chromium = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const root = fileURLToPath(new URL('..', import.meta.url));
const tiny = new URL('./families/llama/', import.meta.url);
interface Read {
  readonly sha256: string;
  readonly length: number;
  readonly middle: readonly number[];
  readonly first: { readonly done: number };
  readonly last: { readonly file: string; readonly done: number; readonly total: number };
}

const large = Uint8Array.from({ length: 18_000_000 }, (_, i) => (i * 7) ^ (i >> 8));

/** What a page of a user's would do, with the package as a bundler packs it. */
const page = `
  import { hubModel, keptModels, forgetModels } from '${root}dist/platform/index.js';
  import { loadModel } from '${root}dist/model/index.js';
  const facts = (error) => ({ code: error.code ?? error.name, message: error.message });
  const sha256 = async (bytes) => [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))]
    .map((byte) => byte.toString(16).padStart(2, '0')).join('');
  window.hub = {
    keptModels, forgetModels,
    async read(endpoint, file, { stopAt, ...options } = {}) {
      const stop = new AbortController();
      const seen = [];
      const told = [];
      try {
        const folder = hubModel('owner/model', {
          environment: { HF_ENDPOINT: endpoint }, attempts: 3, firstWait: 1, signal: stop.signal, ...options,
          onKept: ({ why }) => told.push(why.code),
          onProgress: (progress) => {
            seen.push(progress);
            if (progress.done >= stopAt) stop.abort(Object.assign(new Error('enough'), { code: 'enough' }));
          },
        });
        const bytes = await folder.read(file);
        const middle = bytes.length > 17_000_000 ? [...await folder.read(file, 16777210, 16777225)] : [];
        return { sha256: await sha256(bytes), length: bytes.length, middle, first: seen[0], last: seen.at(-1), told };
      } catch (error) {
        return { ...facts(error), first: seen[0], last: seen.at(-1) };
      }
    },
    async load(endpoint) {
      const model = await loadModel(hubModel('owner/model', { environment: { HF_ENDPOINT: endpoint } }), { tokenizer: 'none' });
      const { logits } = await model.run(Int32Array.of(3, 14, 7));
      return { fingerprint: model.fingerprint, logits: [...logits] };
    },
  };
`;

describe.skipIf(!existsSync(chromium))('the hub in a browser', () => {
  let hub: TestHub;
  let browser: Browser;
  let server: Server;
  let tab: Page;
  const out = mkdtempSync(join(tmpdir(), 'siseon-hub-page-'));
  const files = {
    ...Object.fromEntries(
      ['config.json', 'model.safetensors'].map((name) => [name, new Uint8Array(readFileSync(new URL(name, tiny)))]),
    ),
    'large.bin': large,
  };

  beforeAll(async () => {
    await build({
      configFile: false,
      root: out,
      logLevel: 'error',
      plugins: [
        {
          name: 'page',
          resolveId: (id) => (id === 'page.js' ? `${root}page.js` : null),
          load: (id) => (id === `${root}page.js` ? page : null),
        },
      ],
      build: { outDir: out, target: 'es2022', minify: false, rolldownOptions: { input: 'page.js' } },
    });
    hub = await startHub('owner/model', files);
    const assets = join(out, 'assets');
    const entry = readdirSync(assets).find((name) => name.startsWith('page-'))!;
    server = createServer(({ url = '/' }, response) => {
      const path = join(out, url);
      const isScript = url.startsWith('/assets/') && existsSync(path);
      response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
      response.end(
        isScript ? readFileSync(path) : `<!doctype html><script type="module" src="/assets/${entry}"></script>`,
      );
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { chromium: driver } = await import('playwright-core');
    browser = await driver.launch({ executablePath: chromium, args: ['--no-sandbox'] });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
    await hub?.close();
    rmSync(out, { recursive: true });
  });
  beforeEach(async () => {
    hub.misbehave({});
    hub.asked.length = 0;
    const context = await browser.newContext();
    tab = await context.newPage();
    tab.on('pageerror', (error) => console.error(error));
    await visit();
    return () => context.close();
  });
  const visit = async (): Promise<void> => {
    await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await tab.waitForFunction('window.hub');
  };
  /** From which byte on the large file was asked for, each time. */
  const starts = (): string[] =>
    hub.asked.filter(({ path }) => path === '/elsewhere/large.bin').map(({ range }) => range);
  const ask = (call: string, ...values: unknown[]): Promise<never> =>
    tab.evaluate(`window.hub.${call}(...${JSON.stringify(values)})`);

  it('loads a model with the numbers that it has in Node, and the second time without a byte of it', async () => {
    const { loadModel } = await import('../src/model/index.ts');
    const own = await loadModel(fileURLToPath(tiny), { tokenizer: 'none' });
    const { logits } = await own.run(Int32Array.of(3, 14, 7));
    const there = (await ask('load', hub.address)) as { fingerprint: string; logits: number[] };
    expect(there.fingerprint).toBe(own.fingerprint);
    expect(there.logits).toEqual([...logits!]);
    await visit();
    hub.asked.length = 0;
    expect(await ask('load', hub.address)).toEqual(there);
    expect(hub.asked.map(({ path }) => path)).toEqual(['/api/models/owner/model/revision/main']);
  });
  it('keeps a large file in parts, through broken connections, and tells how far it is', async () => {
    hub.misbehave({ breaksAfter: 7_000_000, breaks: 2 });
    const { last, ...read } = (await ask('read', hub.address, 'large.bin')) as Read;
    expect(read).toMatchObject({ sha256: sha256(large), length: large.length, told: [] });
    // Bytes of two parts, from one side of their border to the other.
    expect(read.middle).toEqual([...large.slice(16777210, 16777225)]);
    expect(last).toMatchObject({ file: 'large.bin', done: large.length, total: large.length });
    expect(starts().length).toBe(3);
    expect(await ask('keptModels')).toEqual([{ name: 'owner/model', bytes: expect.any(Number) }]);
    const [{ bytes }] = (await ask('keptModels')) as [{ bytes: number }];
    expect(bytes).toBeGreaterThan(large.length);
    expect(bytes).toBeLessThan(large.length + 1000);
    await ask('forgetModels', 'owner/other');
    expect(await ask('keptModels')).toHaveLength(1);
    await ask('forgetModels', 'owner/model');
    expect(await ask('keptModels')).toEqual([]);
  });
  it('goes on where it was cancelled, in another visit', async () => {
    expect(await ask('read', hub.address, 'large.bin', { stopAt: 9_000_000 })).toMatchObject({ code: 'enough' });
    await visit();
    hub.asked.length = 0;
    const { first, ...read } = (await ask('read', hub.address, 'large.bin')) as Read;
    expect(read.sha256).toBe(sha256(large));
    expect(first.done).toBeGreaterThanOrEqual(9_000_000);
    expect(starts()).toEqual([`bytes=${first.done}-`]);
  });
  it('refuses other bytes than the hub’s checksum says, large and small, and keeps nothing of them', async () => {
    hub.misbehave({ corrupts: 9 });
    expect(await ask('read', hub.address, 'large.bin')).toMatchObject({ code: 'hubDamaged' });
    expect(await ask('read', hub.address, 'config.json')).toMatchObject({ code: 'hubDamaged' });
    const [{ bytes }] = (await ask('keptModels')) as [{ bytes: number }];
    expect(bytes).toBeLessThan(100);
    hub.misbehave({ corrupts: 1 });
    expect(await ask('read', hub.address, 'large.bin')).toMatchObject({ sha256: sha256(large) });
  });
  it('fetches once what two want at once', async () => {
    const both = await tab.evaluate(
      `Promise.all([1, 2].map(() => window.hub.read(${JSON.stringify(hub.address)}, 'large.bin')))`,
    );
    for (const one of both as Read[]) expect(one.sha256).toBe(sha256(large));
    expect(starts()).toEqual(['']);
  });
  it('reads what is kept where the hub does not answer, and says so; without that, says what is wrong', async () => {
    await ask('read', hub.address, 'large.bin');
    hub.misbehave({ statuses: { path: /^\/api\//, list: [503, 503] } });
    expect(await ask('read', hub.address, 'large.bin')).toMatchObject({
      sha256: sha256(large),
      told: ['hubUnavailable'],
    });
    await ask('forgetModels');
    const nowhere = 'http://127.0.0.1:9';
    expect(await ask('read', nowhere, 'large.bin')).toMatchObject({ code: 'hubUnavailable' });
    hub.misbehave({ statuses: { path: /./, list: [401] } });
    expect(await ask('read', hub.address, 'large.bin')).toMatchObject({
      code: 'hubRefused',
      message: expect.stringContaining('accept its terms'),
    });
  });
  it('says that the browser’s storage is full', async () => {
    const devtools = await tab.context().newCDPSession(tab);
    const origin = new URL(tab.url()).origin;
    await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 9_000_000 });
    expect(await ask('read', hub.address, 'large.bin')).toMatchObject({
      code: 'cannotWrite',
      message: expect.stringContaining('storage for this page is full'),
    });
  });
});
