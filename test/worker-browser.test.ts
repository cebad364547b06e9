/** The engine in a module worker of a browser. */
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from './chromium.js';
import { deepModel, longText } from './deep.testing.ts';
import { startPage, type TestPage } from './page.testing.ts';

const executablePath = findChromium();

const script = `
  import { WorkerEngine } from 'dist/worker/index.js';
  const engines = [];
  window.start = (workerUrl = '/worker.js') => {
    engines.push(new WorkerEngine({ workerUrl: new URL(workerUrl, location.href) }));
    return engines.at(-1);
  };
  window.plain = (promise) => promise.then(
    (value) => value,
    (error) => ({ name: error.name, code: error.code, kind: error.kind, message: error.message, details: error.details }),
  );
  window.ready = true;
`;

describe.skipIf(!executablePath)('the engine in a worker of a browser', () => {
  const [layers, positions] = [40, 1500];
  const deep = deepModel(layers, positions);
  let site: TestPage;
  let context: BrowserContext | undefined;
  beforeAll(async () => {
    const families = fileURLToPath(new URL('./families', import.meta.url));
    site = await startPage(executablePath!, script, { families, deep });
  }, 60_000);
  afterAll(async () => {
    await site?.close();
    rmSync(deep, { recursive: true });
  });
  afterEach(() => context?.close());
  const open = async (options?: { isolated: boolean }): Promise<Page> => {
    const opened = await site.open(options);
    context = opened.context;
    return opened.tab;
  };

  it('loads, records, writes, and gives the numbers that it gives in Node, to the bit', async () => {
    const { loadModel } = await import('../src/model/index.ts');
    const { recordTrace, stages } = await import('../src/trace/index.ts');
    const own = await loadModel(fileURLToPath(new URL('./families/llama', import.meta.url)), { tokenizer: 'none' });
    const input = { ids: [3, 14, 7] };
    const mine = (await stages(await recordTrace(own, input), own, ['layers.1.weights'])).get('layers.1.weights')!;
    const tab = await open();
    const there = (await tab.evaluate(`(async () => {
      const engine = window.start();
      const read = [];
      const { fingerprint } = await engine.load(new URL('/families/llama', location.href).href, { onProgress: (p) => read.push(p) });
      const layers = [];
      const trace = await engine.record({ ids: [3, 14, 7] }, { onProgress: ({ done, total }) => layers.push([done, total]) });
      const found = await engine.stages(trace, ['layers.1.weights']);
      const written = await engine.generate({ ids: [3, 14, 7] }, { maxTokens: 3 });
      engine.close();
      return {
        fingerprint, layers, last: read.at(-1), weights: [...found.get('layers.1.weights').data],
        written: written.map(({ id, ended, looked }) => [id, ended, looked.shape]),
        after: await window.plain(engine.record({ ids: [3] })),
      };
    })()`)) as Record<string, never>;
    expect(there.fingerprint).toBe(own.fingerprint);
    expect(there.weights).toEqual([...mine.data]);
    expect(there.layers).toEqual([
      [0, 2],
      [1, 2],
    ]);
    expect(there.written).toMatchObject([
      [expect.any(Number), null, [6, 3]],
      [expect.any(Number), null, [6, 4]],
      [expect.any(Number), 'maxTokens', [6, 5]],
    ]);
    expect(there.after).toMatchObject({ code: 'engineEnded' });
  });

  it('passes errors on typed, and rejects all that waits when the worker fails or is not there', async () => {
    const tab = await open();
    const found = (await tab.evaluate(`(async () => {
      const engine = window.start();
      const noModel = await window.plain(engine.record({ ids: [3] }));
      const [a, b] = [window.plain(engine.load('/nowhere')), window.plain(engine.record({ ids: [3] }))];
      const nowhere = window.start('/missing.js');
      const broken = window.start(URL.createObjectURL(new Blob(
        ['onmessage = () => setTimeout(() => { throw new Error("out of order"); })'], { type: 'text/javascript' })));
      const lost = Promise.all([broken.load('x'), broken.record({ ids: [3] })].map(window.plain));
      return { noModel, a: await a, b: await b, missing: await window.plain(nowhere.record({ ids: [3] })), lost: await lost };
    })()`)) as Record<string, never>;
    expect(found.noModel).toMatchObject({ name: 'SiseonError', code: 'noModel', kind: 'usage' });
    expect(found.a).toMatchObject({ name: 'SiseonError', code: 'noConfig', kind: 'failure' });
    expect(found.b).toMatchObject({ code: 'noModel' });
    expect(found.missing).toMatchObject({
      code: 'engineEnded',
      message: expect.stringContaining('could not be loaded'),
    });
    expect(found.lost).toMatchObject([
      { code: 'engineEnded', message: expect.stringContaining('out of order') },
      { code: 'engineEnded' },
    ]);
  });

  it.each([true, false])(
    'a cancelled run rejects at once; on an isolated page (%s) it ends before its next layer, and the next request is answered',
    async (isolated) => {
      const tab = await open({ isolated });
      const found = (await tab.evaluate(`(async () => {
        const engine = window.start();
        await engine.load(new URL('/deep', location.href).href);
        const seen = [];
        // What the worker says after the caller has left is heard here.
        const stop = new AbortController();
        const long = window.plain(engine.record(${JSON.stringify(longText(positions))}, {
          signal: stop.signal,
          onProgress: ({ done }) => {
            seen.push(done);
            stop.abort(Object.assign(new Error('enough'), { code: 'enough' }));
          },
        }));
        const next = engine.record({ ids: [3] });
        return { long: await long, seen, next: [...(await next).ids], crossOriginIsolated };
      })()`)) as Record<string, never>;
      expect(found).toMatchObject({ long: { code: 'enough' }, seen: [0], next: [3], crossOriginIsolated: isolated });
    },
  );
});
