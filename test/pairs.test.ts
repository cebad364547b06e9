/** Classifiers that read a text with an encoder and a decoder; test/families.test.ts holds their numbers. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadModel } from '../src/model/index.ts';
import { recordTrace, TraceSession } from '../src/trace/index.ts';

const load = (name: string) =>
  loadModel(fileURLToPath(new URL(`./families/${name}`, import.meta.url)), { tokenizer: 'none' });

it.each(['bart-classes', 't5-classes'])(
  '%s: the decoder reads the text one token behind, and a text needs its end token',
  async (name) => {
    const model = await load(name);
    const ids = [3, 14, 7, 1];
    const trace = await recordTrace(model, { ids });
    expect([...trace.decoderIds!]).toEqual([model.architecture.decoderStart, 3, 14, 7]);
    const said = await recordTrace(model, { ids, decoderIds: trace.decoderIds! });
    expect(said.recorded.get('classes')).toEqual(trace.recorded.get('classes'));
    await expect(recordTrace(model, { ids: [3, 14, 7] })).rejects.toMatchObject({
      code: 'noEndToken',
      details: { endToken: 1 },
    });
    await expect(recordTrace(model, { ids: [3, 1], decoderIds: [2] })).rejects.toMatchObject({
      code: 'differentLengths',
    });
  },
);

it('reads every text from its start: nothing of it is kept', async () => {
  const model = await load('bart-classes');
  expect(() => model.newCache()).toThrow(expect.objectContaining({ code: 'notCausal' }));
  const session = new TraceSession(model);
  for (const ids of [
    [3, 1],
    [3, 14, 1],
  ]) {
    const trace = await session.record({ ids });
    expect(trace.recorded.get('classes')).toEqual((await recordTrace(model, { ids })).recorded.get('classes'));
  }
});
