import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { WorkerEngine as Engine } from '../src/worker/index.ts';

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
});
