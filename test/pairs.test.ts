/** Encoder-decoders: classifiers, and texts for the decoder; test/families.test.ts holds their numbers. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LayerPlace, layerStage } from '../src/attention/index.ts';
import { embedText, look, lookup, pair, similarContexts, wordMatrix } from '../src/lens/index.ts';
import { loadModel, readNpz } from '../src/model/index.ts';
import { memoryFolder } from '../src/platform/index.ts';
import { attentionStages, recordTrace, type Trace, TraceSession } from '../src/trace/index.ts';
import { commands, pairFiles, written } from './commands.testing.ts';

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

interface Columns {
  readonly words: readonly string[];
  readonly columns: readonly { readonly measure?: string; readonly numbers: readonly number[] }[];
}
type Flow = Columns & { readonly decoder: Columns };

it.each(['bart', 't5'])('%s: a text as one vector is the mean of what the decoder looks at: 1e-5', async (name) => {
  const model = await loadModel(memoryFolder(pairFiles(name)));
  const text = '나는 사과를 먹었다';
  const vector = await embedText(model, text);
  // Keys of cross-attention are a linear map of the encoder's states, so that of the mean is their mean.
  const { data, shape } = (await recordTrace(model, { text })).recorded.get('decoder.layers.0.cross.key')!;
  const [heads = 0, length = 0, size = 0] = shape;
  const weight = await model.parameters.get('decoder.layers.0.cross.key.weight')!.read();
  const bias = await model.parameters.get('decoder.layers.0.cross.key.bias')?.read();
  for (let h = 0; h < heads; h++)
    for (let c = 0; c < size; c++) {
      const row = (h * size + c) * vector.length;
      const ours = vector.reduce((sum, number, d) => sum + number * weight[row + d]!, bias?.[h * size + c] ?? 0);
      // Three words, and </s>, which does not count.
      const theirs = [0, 1, 2].reduce((sum, i) => sum + data[(h * length + i) * size + c]! / 3, 0);
      expect(Math.abs(ours - theirs)).toBeLessThanOrEqual(1e-5 * (1 + Math.abs(theirs)));
    }
  const { entries } = await lookup(model, '나는', [{ tag: '나는' }, { tag: '밥을' }]);
  expect(entries[0]!.cosine).toBeCloseTo(1, 6);
});

describe('a text for the decoder', () => {
  const text = '나는 사과를 먹었다';
  it('stands behind the start token, without an end token, and has words of its own', async () => {
    const model = await loadModel(memoryFolder(pairFiles('bart')));
    const plain = await recordTrace(model, { text, decoder: '철수가 밥을' });
    expect([...plain.ids]).toEqual([3, 4, 5, 1]);
    expect([...plain.decoderIds!]).toEqual([2, 7, 8]);
    const { tokens, words: own } = plain.decoderEncoding!;
    expect(tokens.map(({ index, text: shown, word }) => [index, shown, word])).toEqual([
      [0, '<s>', null],
      [1, '철수가', 0],
      [2, '밥을', 1],
    ]);
    expect(own.map(({ text: word, tokens: of }) => [word, of])).toEqual([
      ['철수가', [1]],
      ['밥을', [2]],
    ]);
    const byIds = await recordTrace(model, { text, decoderIds: [2, 7, 8] });
    expect(byIds.recorded.get('logits')).toEqual(plain.recorded.get('logits'));
    await expect(recordTrace(model, { text, decoder: 'a', decoderIds: [2] })).rejects.toMatchObject({
      code: 'textOrIds',
    });
  });
  it('is looked from: weights of its words over the encoder’s, which are those of the stage', async () => {
    const model = await loadModel(memoryFolder(pairFiles('t5')));
    const trace = await recordTrace(model, { text, decoder: '철수가 밥을' });
    const seen = await look(trace, model, { query: '철수가', head: 2 });
    expect(seen).toMatchObject({ layer: 0, place: 'decoder.layers.0.cross', query: { word: null, token: 1 } });
    expect(seen.keys.map((key) => key.text)).toEqual(['나는', '사과를', '먹었다', '</s>']);
    const { data } = (await attentionStages(trace, 'decoder.layers.0.cross')).weights;
    // [head 2, query 1] of 3 queries over 4 keys.
    for (const [j, { weight }] of seen.keys.entries()) expect(weight).toBeCloseTo(data[(2 * 3 + 1) * 4 + j]!, 6);
    expect(seen.leftOver.self).toBe(0);
    const own = await look(trace, model, { query: '밥을', layer: 'decoder.layers.0' });
    // T5's start token is 0.
    expect(own.keys.map((key) => key.text)).toEqual(['[UNK]', '철수가', '밥을']);
    const inside = await look(trace, model, { query: '나는', layer: 'encoder.layers.1' });
    expect(inside.leftOver.self).toBeGreaterThan(0);
    const cell = await pair(trace, model, { query: '밥을', key: '나는' });
    expect([cell.query.text, cell.key.text, cell.layer]).toEqual(['밥을', '나는', 'decoder.layers.0.cross']);
    const matrix = await wordMatrix(trace, model);
    expect([matrix.rows.length, matrix.columns.length]).toEqual([3, 4]);
  });
  it('is looked from as ids too, each token a word; unless said, its start token looks', async () => {
    const model = await loadModel(memoryFolder(pairFiles('t5')));
    const byText = await look(await recordTrace(model, { text, decoder: '철수가 밥을' }), model, { query: '밥을' });
    const ids = await recordTrace(model, { text, decoderIds: [0, 7, 8] });
    const byIds = await look(ids, model, { query: 2 });
    expect(byIds).toEqual(byText);
    expect((await wordMatrix(ids, model)).rows.map(({ text: word }) => word)).toEqual(['[UNK]', '철수가', '밥을']);
    const trace = await recordTrace(model, { text });
    expect((await look(trace, model)).place).toBe('encoder.layers.1');
    const start = await look(trace, model, { layer: 'decoder.layers.0.cross' });
    expect([start.query.text, start.keys.length]).toEqual(['[UNK]', 4]);
    const bare = await load('t5');
    const without = await recordTrace(bare, { ids: [3, 1] });
    await expect(look(without, bare, { layer: 'decoder.layers.0' })).rejects.toMatchObject({ code: 'noText' });
  });
  it('is searched for contexts: queries of the decoder’s words, and keys of the text that answers', async () => {
    const model = await loadModel(memoryFolder(pairFiles('t5')));
    const own = { text, decoder: '철수가 밥을', query: '밥을', head: 2 };
    const corpus = [
      { text: '영희가 밥을 먹었다', decoder: '나는 밥을' },
      { text: '철수가 사과를', decoder: '영희가' },
    ];
    const traces = await Promise.all(corpus.map((input) => recordTrace(model, input)));
    const asked = await recordTrace(model, own);
    const vectorAt = (of: Trace, layer: LayerPlace, stage: 'query' | 'key', token: number): number[] => {
      const { data, shape } = of.recorded.get(layerStage(layer, stage))!;
      const [, length = 0, size = 0] = shape;
      return [...data.subarray((2 * length + token) * size, (2 * length + token + 1) * size)];
    };
    const dot = (a: number[], b: number[]): number => a.reduce((sum, number, c) => sum + number * b[c]!, 0);
    const cosine = (a: number[], b: number[]): number => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    for (const [layer, among, candidates] of [
      ['decoder.layers.0.cross', 'queries', [{ 나는: 1, 밥을: 2 }, { 영희가: 1 }]],
      [
        'decoder.layers.0.cross',
        'keys',
        [
          { 영희가: 0, 밥을: 1, 먹었다: 2 },
          { 철수가: 0, 사과를: 1 },
        ],
      ],
      ['decoder.layers.0', 'keys', [{ 나는: 1, 밥을: 2 }, { 영희가: 1 }]],
    ] as const) {
      const query = vectorAt(asked, layer, 'query', 2);
      const stage = among === 'keys' ? 'key' : 'query';
      const expected = candidates
        .flatMap((words, n) =>
          Object.entries(words).map(([word, token]) => {
            const vector = vectorAt(traces[n]!, layer, stage, token);
            return { text: n, word, rank: among === 'keys' ? dot(query, vector) : cosine(query, vector) };
          }),
        )
        .sort((a, b) => b.rank - a.rank);
      const found = await similarContexts(model, corpus, { ...own, layer, among });
      expect(found.map(({ text: n, word }) => [n, word])).toEqual(expected.map(({ text: n, word }) => [n, word]));
      for (const [n, { rank }] of expected.entries())
        expect(found[n]![among === 'keys' ? 'dot' : 'cosine']).toBeCloseTo(rank, 4);
    }
    // The encoder's words are enough for keys that cross-attention looks at, and for nothing else in a decoder.
    const bare = corpus.map((input) => input.text);
    const ask = { ...own, layer: 'decoder.layers.0.cross' } as const;
    expect(await similarContexts(model, bare, { ...ask, among: 'keys' })).toHaveLength(5);
    await expect(similarContexts(model, bare, ask)).rejects.toMatchObject({ code: 'decoderTextMissing' });
  });
  it('is refused where there is one stack', async () => {
    await expect(recordTrace(await load('bert'), { ids: [3], decoderIds: [2] })).rejects.toMatchObject({
      code: 'noDecoder',
    });
  });
});

describe('commands with an encoder-decoder', () => {
  const { place, siseon, remove } = commands('pairs');
  beforeAll(() => {
    for (const name of ['bart', 'bart-classes']) written(join(place, name), pairFiles(name));
  });
  afterAll(remove);
  const both = ['나는 사과를 먹었다', '--decoder', '철수가 밥을', '--model', join(place, 'bart'), '--json'];

  it('predict and ablate follow the decoder’s words, whatever the encoder’s are', async () => {
    const [first, last, ablated] = await Promise.all([
      siseon('predict', ...both, '--at', '철수가'),
      siseon('predict', ...both),
      siseon('ablate', ...both, '--at', '철수가'),
    ]);
    expect(JSON.parse(first!.stdout)).toMatchObject({ position: 1 });
    expect(JSON.parse(last!.stdout)).toMatchObject({ position: 2 });
    expect(JSON.parse(ablated!.stdout)).toMatchObject({ target: { position: 1 } });
    const moved = await siseon('compare', both[0]!, '나는 밥을 먹었다', ...both.slice(1, -1), '--lang', 'en');
    expect(moved.stdout).toMatch(/\n {2}2 밥을 .*\n/);
    const elsewhere = await siseon('predict', ...both, '--at', '사과를', '--lang', 'en');
    expect(elsewhere).toMatchObject({ status: 2, stdout: '' });
    expect(elsewhere.stderr).toContain('"사과를" is not a word of the text');
  });
  it('look, why, layer and flow take layers by their place', async () => {
    const [looked, why, layer, flow, wrong] = await Promise.all([
      siseon(...both, '--layer', 'decoder.1', '--query', '밥을'),
      siseon('why', both[0]!, '밥을', '사과를', ...both.slice(1), '--layer', 'cross.0'),
      siseon('layer', ...both, '--layer', 'cross.1'),
      siseon('flow', ...both),
      siseon(...both, '--layer', 'x.1', '--lang', 'ko'),
    ]);
    expect(JSON.parse(looked!.stdout)).toMatchObject({ place: 'decoder.layers.1', text: '철수가 밥을' });
    expect(JSON.parse(why!.stdout)).toMatchObject({ layer: 'decoder.layers.0.cross', tokens: ['밥을', '사과를'] });
    expect(JSON.parse(layer!.stdout)).toMatchObject({ layer: 'decoder.layers.1.cross', mixing: null });
    const { words, columns, decoder } = JSON.parse(flow!.stdout) as Flow;
    expect(columns.map(({ measure }) => measure)).toEqual([
      'rollout',
      'contributionRollout',
      'flow',
      'gradientAttention',
      'relevance',
      'integratedGradients',
    ]);
    expect([words.slice(0, 3), decoder.words.slice(1)]).toEqual([
      ['나는', '사과를', '먹었다'],
      ['철수가', '밥을'],
    ]);
    // Rollout shares one position's whole among both texts.
    for (const n of [0, 1]) {
      const shares = [...columns[n]!.numbers, ...decoder.columns[n]!.numbers];
      expect(Math.abs(shares.reduce((sum, number) => sum + number, 0) - 1)).toBeLessThanOrEqual(1e-5);
    }
    expect(wrong!.stderr).toContain('encoder.N, decoder.N, cross.N');
  });
  it('look takes the decoder’s ids as words, and report saves every attention as a page', async () => {
    const model = ['--model', join(place, 'bart')];
    const file = join(place, 'both.html');
    const [byIds, byText, saved, beyond] = await Promise.all([
      siseon(both[0]!, '--decoder-ids', '2,7,8', ...model, '--query', '2', '--json'),
      siseon(...both, '--query', '밥을'),
      siseon('report', ...both.slice(0, -1), '--layer', 'decoder.1', '--query', '철수가', '--save', file),
      siseon('report', ...both.slice(0, -1), '--layer', 'cross.7', '--save', join(place, 'none.html'), '--lang', 'en'),
    ]);
    expect(JSON.parse(byIds!.stdout)).toEqual(JSON.parse(byText!.stdout));
    expect(saved).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(file, 'utf8')).toMatch(/"part":1,.*"korean":true/);
    expect(beyond).toMatchObject({ status: 2, stdout: '' });
    expect(beyond!.stderr).toContain('there is no layer decoder.layers.7.cross');
    expect(existsSync(join(place, 'none.html'))).toBe(false);
  });
  it('heads, ablate and similar read pairs of texts from a file, a tab between', async () => {
    const texts = join(place, 'texts.tsv');
    writeFileSync(
      texts,
      `${both[0]}\t${both[2]}\n철수가 사과를\t영희가 .\n영희가 밥을\t나는\n나는 밥을 먹었다\t나는 .\n`,
    );
    const [heads, ablated, similar, missing] = await Promise.all([
      siseon('heads', '--texts', texts, ...both.slice(3)),
      siseon('ablate', ...both, '--by', 'resample', '--texts', texts),
      siseon('similar', both[0]!, '밥을', ...both.slice(1), '--texts', texts, '--layer', 'cross.1', '--count', '2'),
      siseon('similar', both[0]!, '밥을', ...both.slice(1), '--texts', texts, '--layer', 'x.1', '--count', '2'),
    ]);
    expect(JSON.parse(heads!.stdout)).toMatchObject({ texts: 4 });
    const names = (JSON.parse(heads!.stdout) as { heads: { layer: string }[] }).heads.map(({ layer }) => layer);
    expect([...new Set(names)]).toContain('decoder.layers.1.cross');
    // The first line is the text itself: nothing changes but by rounding.
    const { heads: effects } = JSON.parse(ablated!.stdout) as { heads: { effect: number }[] };
    for (const { effect } of effects) expect(Math.abs(effect)).toBeLessThanOrEqual(1e-5);
    const { contexts, layer } = JSON.parse(similar!.stdout) as { contexts: object[]; layer: string };
    expect([layer, contexts[0]]).toEqual([
      'decoder.layers.1.cross',
      expect.objectContaining({ text: 0, word: '밥을', sentence: both[0], decoder: both[2] }),
    ]);
    expect(missing).toMatchObject({ status: 2, stdout: '' });
  });
  it('trace saves the stages of both texts, by text or by ids', async () => {
    const names = 'decoder.layers.1.cross.weights,logits';
    const save = (file: string, ...args: string[]) =>
      siseon('trace', '--model', join(place, 'bart'), '--stages', names, '--save', join(place, file), ...args);
    await save('text.json', '나는 사과를 먹었다', '--decoder', '철수가 밥을');
    await save('ids.json', '--ids', '3,4,5,1', '--decoder-ids', '2,7,8');
    const [text, ids] = ['text.json', 'ids.json'].map(
      (file) => JSON.parse(readFileSync(join(place, file), 'utf8')) as Record<string, unknown>,
    );
    expect(text).toMatchObject({ decoderIds: [2, 7, 8], decoder: { text: '철수가 밥을' } });
    expect(ids!.stages).toEqual(text!.stages);
    // What BertViz asks for, by name: tokens of both texts beside the weights.
    await save('text.npz', '나는 사과를 먹었다', '--decoder', '철수가 밥을', '--names', 'huggingface');
    const arrays = readNpz(new Uint8Array(readFileSync(join(place, 'text.npz'))), 'text.npz');
    expect(arrays.get('cross_attentions.1')!.shape).toEqual([1, 2, 3, 4]);
    expect([...arrays.get('tokens')!.data]).toEqual(['나는', '사과를', '먹었다', '</s>']);
    expect([...arrays.get('decoderTokens')!.data]).toEqual(['<s>', '철수가', '밥을']);
    // generate writes on behind the text, not behind an end token that the tokenizer put there.
    const written = async (...args: string[]) =>
      JSON.parse((await siseon('generate', '--model', join(place, 'bart'), '--tokens', '1', '--json', ...args)).stdout);
    const [behindText, behindIds] = [
      await written('나는 사과를 먹었다', '--decoder', '철수가 밥을'),
      await written('나는 사과를 먹었다', '--decoder-ids', '2,7,8'),
    ];
    expect(behindText.written).toEqual(behindIds.written);
    expect(behindText.written[0].position).toBe(3);
  });
  it('predict says a classifier’s labels, and how to end a text that has no end token', async () => {
    const model = ['--model', join(place, 'bart-classes')];
    const said = await siseon('predict', '나는 사과를 먹었다', ...model, '--json');
    const parsed = JSON.parse(said.stdout) as { guesses: { name: string; score: number; probability?: number }[] };
    const { guesses } = parsed;
    expect(guesses.map(({ name }) => name).sort()).toEqual(['a', 'b', 'c']);
    expect(guesses.reduce((sum, { probability }) => sum + probability!, 0)).toBeCloseTo(1, 6);
    // Several labels may be so at once, and a regression has no probability (problem_type).
    const scores = guesses.map(({ score }) => score);
    const config = JSON.parse(readFileSync(join(place, 'bart-classes/config.json'), 'utf8')) as object;
    for (const [problem_type, expected] of [
      ['multi_label_classification', (score: number) => 1 / (1 + Math.exp(-score))],
      ['regression', () => undefined],
    ] as const) {
      writeFileSync(join(place, 'bart-classes/config.json'), JSON.stringify({ ...config, problem_type }));
      const other = await siseon('predict', '나는 사과를 먹었다', ...model, '--json');
      expect((JSON.parse(other.stdout) as typeof parsed).guesses.map(({ probability }) => probability)).toEqual(
        scores.map(expected),
      );
    }
    writeFileSync(join(place, 'bart-classes/config.json'), JSON.stringify(config));
    const without = await siseon('predict', '--ids', '3,4', ...model, '--lang', 'ko');
    expect(without).toMatchObject({ status: 2, stdout: '' });
    expect(without.stderr).toContain('끝 토큰(1번)이 없어요');
    const none = await siseon('predict', '나는', ...model, '--count', '0');
    expect(none).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('1 이상의 정수여야') });
    const unheeded = await siseon('predict', '나는', ...model, '--parts', '--lang', 'en');
    expect(unheeded.stderr).toContain('--parts would do nothing here: expected a model that says tokens');
  });
});
