import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import type { TraceInput } from '../src/trace/index.ts';
import type { WorkerEngine as Engine } from '../src/worker/index.ts';
import type { FromEngine } from '../src/worker/messages.ts';
import { deepModel, longText } from './deep.testing.ts';

/** The built package, as a program would use it: the worker is a module of its own. */
const built = new URL('../dist/worker/index.js', import.meta.url).href;
const { WorkerEngine } = (await import(built)) as { WorkerEngine: typeof Engine };
const tiny = fileURLToPath(new URL('./families/llama', import.meta.url));

describe('the engine in a worker', async () => {
  const engine = new WorkerEngine();
  afterAll(() => engine.close());
  const steps: { done: number; total: number }[] = [];
  const model = await engine.load(tiny, { name: 'tiny', onProgress: (step) => steps.push(step) });

  it('loads, saying how far it is', () => {
    expect(model).toMatchObject({ name: 'tiny', architecture: { layerCount: 2, headCount: 6 } });
    expect(steps.at(-1)!.done).toBe(steps.at(-1)!.total);
  });
  it('gives the trace and stages that the same call gives without it, to the bit', async () => {
    const { loadModel } = await import('../src/model/index.ts');
    const { recordTrace, stages } = await import('../src/trace/index.ts');
    const own = await loadModel(tiny, { name: 'tiny' });
    const [here, there] = [await recordTrace(own, { ids: [3, 14, 7] }), await engine.record({ ids: [3, 14, 7] })];
    expect([...there.recorded.keys()]).toEqual([...here.recorded.keys()]);
    const names = ['logits', 'layers.1.weights', 'layers.0.headOutput'];
    const [mine, theirs] = [await stages(here, own, names), await engine.stages(there, names)];
    for (const name of names) expect(theirs.get(name)!.data).toEqual(mine.get(name as 'logits')!.data);
  });
  it('makes edits as the same call makes them without it, −∞ among them', async () => {
    const { loadModel } = await import('../src/model/index.ts');
    const { recordTrace, stages } = await import('../src/trace/index.ts');
    const own = await loadModel(tiny, { name: 'tiny' });
    const row = { layer: 0, head: 4, position: 2 } as const;
    const input: TraceInput = {
      ids: [3, 14, 7],
      edits: [
        { kind: 'set', stage: 'scores', ...row, vector: [2, -1, 0] },
        { kind: 'set', stage: 'maskedScores', ...row, position: 1, vector: [-Infinity, 1, -Infinity] },
        { kind: 'scale', stage: 'logits', position: 0, factor: 3 },
      ],
    };
    const [here, there] = [await recordTrace(own, input), await engine.record(input)];
    expect(there.edits).toEqual(input.edits);
    const names = ['layers.0.weights', 'layers.1.output', 'logits'];
    const [mine, theirs] = [await stages(here, own, names), await engine.stages(there, names)];
    for (const name of names) expect(theirs.get(name)!.data).toEqual(mine.get(name as 'logits')!.data);
  });
  it('writes token by token, and stops when it is told to', async () => {
    const seen: number[] = [];
    const tokens = await engine.generate({ ids: [3, 14, 7] }, { maxTokens: 4, onToken: ({ id }) => seen.push(id) });
    expect(seen).toEqual(tokens.map(({ id }) => id));
    expect(tokens[0]!.looked.shape).toEqual([6, 3]);
    const stop = new AbortController();
    const cut = engine.generate(
      { ids: [3, 14, 7] },
      { maxTokens: 15, signal: stop.signal, onToken: () => stop.abort() },
    );
    await expect(cut).rejects.toThrow('aborted');
    // The worker goes on with the next request.
    expect((await engine.record({ ids: [3] })).ids).toEqual(Int32Array.of(3));
  });
  it('ends a request whose callback throws, with what it threw, and goes on with the next', async () => {
    const mine = new Error('mine');
    const fails = (): never => {
      throw mine;
    };
    await expect(engine.generate({ ids: [3, 14] }, { maxTokens: 5, onToken: fails })).rejects.toBe(mine);
    await expect(engine.record({ ids: [3, 14] }, { onProgress: fails })).rejects.toBe(mine);
    const other = new WorkerEngine();
    await expect(other.load(tiny, { onProgress: fails })).rejects.toBe(mine);
    other.close();
    expect((await engine.record({ ids: [3] })).ids).toEqual(Int32Array.of(3));
  });
  it('loads without a tokenizer and past fields that change nothing, as loadModel does', async () => {
    const config = JSON.parse(readFileSync(`${tiny}/config.json`, 'utf8')) as object;
    const folder = mkdtempSync(join(tmpdir(), 'siseon-'));
    cpSync(tiny, folder, { recursive: true });
    writeFileSync(`${folder}/config.json`, JSON.stringify({ ...config, softmax_flavour: 'plain' }));
    writeFileSync(`${folder}/tokenizer.json`, '{}');
    const other = new WorkerEngine();
    await expect(other.load(folder, { tokenizer: 'none' })).rejects.toThrow('softmax_flavour');
    await expect(other.load(folder, { ignoreFields: ['softmax_flavour'] })).rejects.toThrow("tokenizer: 'none'");
    const loaded = await other.load(folder, { tokenizer: 'none', ignoreFields: ['softmax_flavour'] });
    expect(loaded.fingerprint).toBe(model.fingerprint);
    other.close();
    rmSync(folder, { recursive: true });
  });
  it('passes errors on with their codes, refuses what was cancelled before, and rejects all when it is closed', async () => {
    await expect(engine.record({ ids: [99] })).rejects.toMatchObject({ code: 'idOutOfRange', kind: 'usage' });
    await expect(engine.record({ ids: [3] }, { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
    const other = new WorkerEngine();
    const waiting = other.record({ ids: [3] });
    await expect(waiting).rejects.toMatchObject({ code: 'noModel' });
    const cut = other.load(tiny);
    other.close();
    await expect(cut).rejects.toMatchObject({ code: 'engineEnded' });
  });
  it('says how many layers are done', async () => {
    const seen: unknown[] = [];
    await engine.record({ ids: [3, 14] }, { onProgress: ({ done, total }) => seen.push([done, total]) });
    expect(seen).toEqual([
      [0, 2],
      [1, 2],
    ]);
  });
  it('of a worker that crashes, exits or is not there: all that waits is rejected, and all that is asked later', async () => {
    const code = (program: string): URL =>
      new URL(
        `data:text/javascript,${encodeURIComponent(`import { parentPort } from 'node:worker_threads';${program}`)}`,
      );
    for (const [url, reason] of [
      [code("parentPort.on('message', () => process.exit(3));"), 'exit code 3'],
      [code("parentPort.on('message', () => setTimeout(() => { throw new Error('out of order'); }));"), 'out of order'],
      [new URL('./missing.js', built), 'missing.js'],
    ] as const) {
      const broken = new WorkerEngine({ workerUrl: url });
      const waiting = [broken.load(tiny), broken.record({ ids: [3] })];
      for (const one of waiting)
        await expect(one).rejects.toMatchObject({ code: 'engineEnded', message: expect.stringContaining(reason) });
      await expect(broken.record({ ids: [3] })).rejects.toMatchObject({ code: 'engineEnded' });
    }
  });
});

describe('a run in a worker', () => {
  const [layers, positions] = [40, 1500];
  const deep = deepModel(layers, positions);
  const worker = new Worker(new URL('./worker.js', built));
  afterAll(async () => {
    await worker.terminate();
    rmSync(deep, { recursive: true });
  });
  /** What the worker says to a request, as it says it. */
  const asked = (call: number, request: object, stop: SharedArrayBuffer | null, heard: (said: FromEngine) => void) =>
    new Promise<FromEngine>((resolve) => {
      const listen = (said: FromEngine): void => {
        heard(said);
        if ('progress' in said) return;
        worker.off('message', listen);
        resolve(said);
      };
      worker.on('message', listen);
      worker.postMessage({ call, request, stop });
    });

  it('that is cancelled ends before its next layer, and leaves the worker as it was', async () => {
    await asked(0, { method: 'load', source: deep }, null, () => {});
    const stop = new SharedArrayBuffer(4);
    const begun: number[] = [];
    const end = await asked(1, { method: 'record', input: longText(positions) }, stop, (said) => {
      if (!('progress' in said) || !('layers' in said.progress)) return;
      begun.push(said.progress.layers.done);
      Atomics.store(new Int32Array(stop), 0, 1);
    });
    expect(end).toMatchObject({ error: { message: 'the request was cancelled' } });
    // While the first layer's message was on its way a few more may have begun.
    expect(begun.at(-1)).toBeLessThan(layers / 2);
    const { loadModel } = await import('../src/model/index.ts');
    const { recordTrace } = await import('../src/trace/index.ts');
    const again = await asked(2, { method: 'record', input: { ids: [3, 5] } }, null, () => {});
    const own = await recordTrace(await loadModel(deep), { ids: [3, 5] });
    const { recorded } = (again as unknown as { value: typeof own }).value;
    expect(recorded.get('logits')!.data).toEqual(own.recorded.get('logits')!.data);
  });
});
