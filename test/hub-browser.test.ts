/** The hub’s loader as a page has it: in a Chromium, against a hub of our own on loopback. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sha256, startHub, type TestHub } from '../src/platform/hub.testing.ts';
import { findChromium } from './chromium.js';
import { startPage, type TestPage } from './page.testing.ts';

const executablePath = findChromium();

const tiny = new URL('./families/llama/', import.meta.url);

interface Read {
  readonly sha256: string;
  readonly length: number;
  readonly middle: readonly number[];
  readonly first: { readonly done: number };
  readonly last: { readonly file: string; readonly done: number; readonly total: number };
}

const large = Uint8Array.from({ length: 5_000_000 }, (_, i) => (i * 7) ^ (i >> 8));

/** What a page of a user's would do, with the package as a bundler packs it. */
const page = `
  import { hubModel, keptModels, forgetModels } from 'dist/platform/index.js';
  import { loadModel } from 'dist/model/index.js';
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
        const middle = bytes.length > 4_500_000 ? [...await folder.read(file, 4194300, 4194310)] : [];
        return { sha256: await sha256(bytes), length: bytes.length, middle, first: seen[0], last: seen.at(-1), told };
      } catch (error) {
        return { ...facts(error), first: seen[0], last: seen.at(-1) };
      }
    },
    async loadByName() {
      let fetched;
      const model = await loadModel('owner/model', { tokenizer: 'none', onDownload: (progress) => { fetched = progress; } });
      return { name: model.name, fetched };
    },
    async load(endpoint) {
      const model = await loadModel(hubModel('owner/model', { environment: { HF_ENDPOINT: endpoint } }), { tokenizer: 'none' });
      const { logits } = await model.run(Int32Array.of(3, 14, 7));
      return { fingerprint: model.fingerprint, logits: [...logits] };
    },
  };
  window.ready = true;
`;

describe.skipIf(!executablePath)('the hub in a browser', () => {
  let hub: TestHub;
  let site: TestPage;
  let tab: Page;
  const own = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, tiny)));
  const files = {
    'config.json': own('config.json'),
    'model.safetensors': own('model.safetensors'),
    'large.bin': large,
  };

  beforeAll(async () => {
    [site, hub] = await Promise.all([startPage(executablePath!, page), startHub('owner/model', files)]);
  }, 60_000);
  afterAll(async () => {
    await site?.close();
    await hub?.close();
  });
  beforeEach(async () => {
    hub.misbehave({});
    hub.asked.length = 0;
    const opened = await site.open({ isolated: false });
    tab = opened.tab;
    return () => opened.context.close();
  });
  const visit = async (): Promise<void> => {
    await tab.reload();
    await tab.waitForFunction('window.ready');
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
  it('loads one by its name alone from where the public hub is', async () => {
    // Across to the loopback hub, as far as the page can tell.
    await tab.route('https://huggingface.co/**', async (route) => {
      const url = route.request().url().replace('https://huggingface.co', hub.address);
      const response = await fetch(url, { headers: { range: route.request().headers().range ?? '' } });
      const headers = Object.fromEntries(response.headers);
      await route.fulfill({ status: response.status, headers, body: Buffer.from(await response.arrayBuffer()) });
    });
    const found = (await ask('loadByName')) as { name: string; fetched: { done: number; total: number } };
    expect(found.name).toBe('model');
    expect(found.fetched.done).toBe(found.fetched.total);
    expect(await ask('keptModels')).toMatchObject([{ name: 'owner/model' }]);
  });
  it('keeps a large file in parts, through broken connections, and tells how far it is', async () => {
    hub.misbehave({ breaksAfter: 2_000_000, breaks: 2 });
    const { last, ...read } = (await ask('read', hub.address, 'large.bin')) as Read;
    expect(read).toMatchObject({ sha256: sha256(large), length: large.length, told: [] });
    // Bytes of two parts, from one side of their border to the other.
    expect(read.middle).toEqual([...large.slice(4194300, 4194310)]);
    expect(last).toMatchObject({ file: 'large.bin', done: large.length, total: large.length });
    expect(starts().length).toBe(3);
    expect(await ask('keptModels')).toEqual([
      { name: 'owner/model', endpoint: hub.address, bytes: large.length, total: large.length },
    ]);
    await ask('forgetModels', 'owner/other');
    expect(await ask('keptModels')).toHaveLength(1);
    await ask('forgetModels', 'owner/model');
    expect(await ask('keptModels')).toEqual([]);
  });
  it('goes on where it was cancelled, in another visit, and knows until then that it is not whole', async () => {
    await ask('read', hub.address, 'config.json');
    const small = files['config.json'].length;
    expect(await ask('keptModels')).toMatchObject([{ bytes: small, total: small }]);
    expect(await ask('read', hub.address, 'large.bin', { stopAt: 2_500_000 })).toMatchObject({ code: 'enough' });
    await visit();
    const [begun] = (await ask('keptModels')) as [{ bytes: number; total: number }];
    expect(begun.total).toBe(small + large.length);
    expect(begun.bytes).toBeGreaterThanOrEqual(small + 2_500_000);
    expect(begun.bytes).toBeLessThan(begun.total);
    hub.asked.length = 0;
    const { first, ...read } = (await ask('read', hub.address, 'large.bin')) as Read;
    expect(read.sha256).toBe(sha256(large));
    expect(first.done).toBeGreaterThanOrEqual(2_500_000);
    expect(starts()).toEqual([`bytes=${first.done}-`]);
    expect(await ask('keptModels')).toMatchObject([{ bytes: begun.total, total: begun.total }]);
  });
  it('refuses other bytes than the hub’s checksum says, large and small, and keeps nothing of them', async () => {
    hub.misbehave({ corrupts: 9 });
    expect(await ask('read', hub.address, 'large.bin')).toMatchObject({ code: 'hubDamaged' });
    expect(await ask('read', hub.address, 'config.json')).toMatchObject({ code: 'hubDamaged' });
    expect(await ask('keptModels')).toEqual([]);
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
    await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 2_500_000 });
    expect(await ask('read', hub.address, 'large.bin')).toMatchObject({
      code: 'cannotWrite',
      message: expect.stringContaining('storage for this page is full'),
    });
  });
});
