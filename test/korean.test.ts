/** Every error in Korean, thrown by what really is wrong: no half of it stays English, but for names, values and commands. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as attention from '../src/attention/index.ts';
import { expectSecondRun } from '../src/cli/compare.ts';
import { editsIn } from '../src/cli/edits.ts';
import { cancelled, cannotPrint } from '../src/cli/errors.ts';
import { ablationOf } from '../src/cli/interfere.ts';
import { readLibrary } from '../src/cli/library.ts';
import { expectEnding, linesOf, unheeded } from '../src/cli/shell.ts';
import { labelOf, tokenOf } from '../src/cli/target.ts';
import { wasmKernels } from '../src/kernels/index.ts';
import { koreanCodes, koreanText } from '../src/korean/index.ts';
import * as lens from '../src/lens/index.ts';
import { knownModel } from '../src/lens/known.testing.ts';
import * as models from '../src/model/index.ts';
import { startHub } from '../src/platform/hub.testing.ts';
import * as platform from '../src/platform/index.ts';
import { operations, tensor } from '../src/tensor/index.ts';
import * as traces from '../src/trace/index.ts';
import * as training from '../src/train/index.ts';
import type { WorkerEngine as Engine } from '../src/worker/index.ts';
import { pairFiles } from './commands.testing.ts';

/** The built package, as a program would use it: the worker is a module of its own. */
const { WorkerEngine } = (await import(new URL('../dist/worker/index.js', import.meta.url).href)) as {
  WorkerEngine: typeof Engine;
};

const place = mkdtempSync(join(tmpdir(), 'siseon-korean-'));
afterAll(() => rmSync(place, { recursive: true }));
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(place, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
};
const family = (name: string): string => fileURLToPath(new URL(`families/${name}`, import.meta.url));
const open = (name: string): Promise<models.Model> => models.loadModel(family(name), { tokenizer: 'none' });
const configOf = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(family(name), 'config.json'), 'utf8')) as Record<string, unknown>;
/** The files of a tiny checkpoint, some of them others. */
const changed = (name: string, changes: Record<string, string | Uint8Array<ArrayBuffer>>): platform.Folder =>
  platform.memoryFolder(
    {
      'config.json': readFileSync(join(family(name), 'config.json'), 'utf8'),
      'model.safetensors': new Uint8Array(readFileSync(join(family(name), 'model.safetensors'))),
      ...changes,
    },
    '모델',
  );
const loading = (name: string, changes: Record<string, string | Uint8Array<ArrayBuffer>>, options: object = {}) =>
  models.loadModel(changed(name, changes), { tokenizer: 'none', ...options });
const array = (shape: number[], data: number[] = Array(shape.reduce((a, b) => a * b, 1)).fill(1)) => ({
  shape,
  data: Float32Array.from(data),
});
const tensors = (...list: [name: string, shape: number[], data: number[]][]) =>
  new Uint8Array(
    models.writeSafetensors(list.map(([name, shape, data]) => ({ name, shape, data: Float32Array.from(data) }))),
  );
const story = '철수가 사과를 맛있게 먹었다';

/** Words of names, commands and formats that stay as they are. */
const names =
  /Hugging Face|scale NaN|siseon [a-z]+|git lfs pull|Git LFS|--\S+|chat template|CoNLL-U|\b[\w./-]+\.(json|npz|txt|safetensors|parquet|conllu|gguf|bin|mjs|md|html|jinja)\b|head, query, key/g;
/** Two words or more of English, outside of what is quoted. */
const english = (text: string): string | null =>
  /[A-Za-z’']{2,} [A-Za-z’']{2,}/.exec(
    text
      .replaceAll(place, '')
      .replace(/"[^"]*"|\{[^}]*\}|\[[^\]]*\]/g, '·')
      .replace(names, '·'),
  )?.[0] ?? null;

async function thrownBy(act: () => unknown): Promise<platform.SiseonError> {
  try {
    await act();
  } catch (error) {
    return error as platform.SiseonError;
  }
  throw new Error(`nothing was thrown by ${act}`);
}

let ko: models.Model;
let seen: traces.Trace;
let other: traces.Trace;
let gpt2: models.Model;
let written: traces.Trace;
let bart: models.Model;
let kernels: Awaited<ReturnType<typeof wasmKernels>>;
let hub: Awaited<ReturnType<typeof startHub>>;
beforeAll(async () => {
  ko = await models.loadModel(models.shippedModel);
  seen = await traces.recordTrace(ko, { text: story });
  other = await traces.recordTrace(ko, { text: '영희가 물을 마셨다' });
  gpt2 = await open('gpt2');
  written = await traces.recordTrace(gpt2, { ids: [3, 7, 1, 4] });
  bart = await open('bart');
  kernels = await wasmKernels({ threads: 1 });
  hub = await startHub('owner/model', { 'config.json': new TextEncoder().encode('{"model_type": "bert"}') });
});
afterAll(() => hub.close());

const edited = (...edits: unknown[]) => traces.recordTrace(ko, { text: story, edits: edits as attention.Edit[] });
const op = (name: string, inputs: (attention.OnnxTensor | undefined)[], attributes: Record<string, unknown> = {}) =>
  attention.runOnnxOperator({ op: name, opset: 25, inputs, attributes, outputs: 1 } as unknown as attention.OnnxCall);
const float = (shape: number[]): attention.OnnxTensor => ({
  dtype: 'float32',
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
});
const qkv = { query: array([1, 1, 1, 2]), key: array([1, 1, 2, 2]), value: array([1, 1, 2, 2]) };
const attend = (parts: object) => attention.attention({ ...qkv, ...parts } as attention.AttentionParts);
const fromHub = (environment: object, repository = 'owner/model', revision?: string) =>
  platform
    .hubModel(repository, {
      environment: { HF_HOME: join(place, 'cache'), ...environment },
      attempts: 1,
      ...(revision && { revision }),
    })
    .read('config.json');
const treebank = (...lines: string[]) => lens.readConllu(`${lines.join('\n')}\n`, { name: '나무.conllu' });
const columns = (id: string, form: string, head: string, relation: string): string =>
  [id, form, '_', '_', '_', '_', head, relation, '_', '_'].join('\t');
const config = (changes: object, files: Record<string, string> = {}) => {
  const folder = mkdtempSync(join(place, 'training-'));
  const all = { 'g.mjs': "export const writeText = () => 'ab ba';", ...files };
  for (const [name, content] of Object.entries(all)) writeFileSync(join(folder, name), content);
  const whole = { grammar: 'g.mjs', tokenizer: 'characters', output: 'out', steps: 2, batchSize: 3 };
  const model = { layers: 1, heads: 2, hidden: 8, inner: 12, positions: 16 };
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...whole, model, ...changes }));
  return training.trainFromConfig(join(folder, 'config.json'));
};
const chat = (source: string | null) =>
  models.chatText(
    { name: 'owner/model', tokenizer: { chatTemplate: async () => source && { source, tokens: {} } } as never },
    [{ role: 'user', content: '안녕' }],
  );
const opened = (name: string, content: Uint8Array, options: object = {}) =>
  traces.openCache(file(name, content), options);
const weightsFile = (shape: number[], name = 'layers.0.weights') =>
  models.writeNpz([{ name, shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5) }]);
const tokenizerOf = (changes: object) =>
  models.Tokenizer.fromJson({
    ...(JSON.parse(readFileSync(new URL('../models/ko/tokenizer.json', import.meta.url), 'utf8')) as object),
    ...changes,
  });
const koTokenizer: unknown = JSON.parse(readFileSync(new URL('../models/ko/tokenizer.json', import.meta.url), 'utf8'));
/** A tokenizer whose special tokens stand elsewhere. */
const letters = {
  version: '1.0',
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'WhitespaceSplit' },
  post_processor: null,
  decoder: null,
  model: { type: 'WordLevel', vocab: { '[UNK]': 0, a: 1 }, unk_token: '[UNK]' },
};
const first = async (made: AsyncIterable<unknown>): Promise<unknown> => {
  for await (const one of made) return one;
  return null;
};
const header = (length: number): Uint8Array => {
  const bytes = new Uint8Array(10);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  return bytes;
};
const named = (json: string, body = 0): Uint8Array => {
  const bytes = new Uint8Array(8 + json.length + body);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(new TextEncoder().encode(json), 8);
  return bytes;
};
const latin = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const zipped = (name: string, content: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(zipSync({ [name]: latin(content) }, { level: 0 }));
const npy = (head: string): Uint8Array =>
  zipped('a.npy', `\x93NUMPY\x01\x00${String.fromCharCode(head.length + 1)}\x00${head}\n`);
const loadingPickle = (bytes: Uint8Array<ArrayBuffer>) =>
  models.loadModel(
    platform.memoryFolder({ 'config.json': JSON.stringify(configOf('bert')), 'pytorch_model.bin': bytes }, '모델'),
    { tokenizer: 'none' },
  );
const sample = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`../src/model/checkpoint/samples/${name}`, import.meta.url)));
/** The bytes with one name turned into another of its length, wherever it stands. */
const replacedIn = (bytes: Uint8Array<ArrayBuffer>, from: string, to: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll(from, to), 'latin1'));
const parametersOf = (name: string) =>
  [...models.readSafetensors(new Uint8Array(readFileSync(join(family(name), 'model.safetensors'))), name).tensors].map(
    ([tensor, { shape, data }]) => ({ name: tensor, shape, data: data as Float32Array }),
  );
const spoiled = (name: string): Uint8Array<ArrayBuffer> => {
  const all = parametersOf(name);
  all[0]!.data[1] = Number.NaN;
  return new Uint8Array(models.writeSafetensors(all));
};
const withHead = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(
    models.writeSafetensors([...parametersOf(name), { name: 'lm_head.weight', shape: [1], data: Float32Array.of(1) }]),
  );
const target = () => ({ position: 2, token: 3 });

/** For every code, what is done wrong: one way or several. */
const wrong: Readonly<Record<string, readonly (() => unknown)[]>> = {
  emptyText: [
    () => traces.recordTrace(ko, { text: ' ' }),
    () => traces.recordTrace(ko, { text: '\u200b' }),
    () => linesOf(file('빈.txt', '\n')),
  ],
  textTooLong: [
    () => traces.recordTrace(ko, { text: '가 '.repeat(500) }),
    () => config({}, { 'g.mjs': "export const writeText = () => '가나다라마바사아자차카타파하'.repeat(3);" }),
  ],
  wordNotFound: [() => lens.look(seen, ko, { query: '수박을' }), () => lens.look(seen, ko, { query: '사과' })],
  wordAmbiguous: [
    async () => lens.look(await traces.recordTrace(ko, { text: '나는 나는 먹었다' }), ko, { query: '나는' }),
  ],
  wordOutOfRange: [() => lens.look(seen, ko, { query: 40 })],
  layerOutOfRange: [() => lens.look(seen, ko, { layer: 9 })],
  headOutOfRange: [() => lens.look(seen, ko, { layer: 0, head: 9 })],
  tokenOutOfRange: [() => lens.squareFrom(seen, other, { layer: 0, head: 0, alignment: [[99, 0]] })],
  idOutOfRange: [() => traces.recordTrace(gpt2, { ids: [9999] })],
  textOrIds: [() => traces.recordTrace(ko, {} as never)],
  optionUnheeded: [
    () => Promise.reject(unheeded('--seed', '--temperature above 0', { needs: 'temperature' })),
    () => Promise.reject(unheeded('--stop', 'a model with a tokenizer', { needs: 'tokenizer' })),
  ],
  noText: [() => lens.look(written, gpt2)],
  noTokenizer: [() => traces.recordTrace(gpt2, { text: story }), () => lens.lookup(gpt2, '물음', [{ tag: '색인' }])],
  noSuchToken: [() => tokenOf(ko, '없는토큰')],
  noTags: [() => lens.lookup(ko, '물음', [])],
  badLibrary: [
    () => readLibrary(file('책.json', '[{"tag": 3}, {"tag": "a", "other": 1}, {"tag": ""}]')),
    () => readLibrary(file('책.json', '{')),
    () => readLibrary(file('책.json', '3')),
  ],
  tooFewTexts: [() => lens.headsReport(ko, [[1, 2]])],
  decoderTextMissing: [
    async () =>
      lens.similarContexts(await models.loadModel(platform.memoryFolder(pairFiles('t5'))), ['영희가 밥을'], {
        text: '철수가 밥을',
        decoder: '철수가 밥을',
        query: '밥을',
        head: 0,
        layer: 'decoder.layers.0',
      }),
  ],
  cannotRead: [
    () => platform.readFile(join(place, '없음')),
    () => platform.readFile(place),
    () => platform.readText(file('깨짐', Uint8Array.of(0xff, 0xfe, 0x41))),
    () => platform.memoryFolder({ a: 'xyz' }, '모음').read('b'),
    () => platform.memoryFolder({ a: 'xyz' }, '모음').read('a', 0, 9),
    () => config({ grammar: './없는.mjs' }),
    () => platform.networkFolder(hub.address).read('없는.json'),
  ],
  cannotWrite: [
    () => platform.writeFileAtomically(join(place, '없음', 'x'), new Uint8Array(1)),
    () => platform.writeFileAtomically(place, new Uint8Array(1)),
  ],
  cannotPrint: [() => Promise.reject(cannotPrint(Object.assign(new Error('write ENOSPC'), { code: 'ENOSPC' })))],
  cancelled: [() => Promise.reject(cancelled())],
  unknownFormat: [() => expectEnding('그림.jpg', ['svg']), () => opened('가중치.txt', new Uint8Array(1))],
  badJson: [
    () => config({ tokenizer: 't.json' }, { 't.json': '{"a" 1}' }),
    () => config({ tokenizer: 't.json' }, { 't.json': '{' }),
    () => opened('가중치.json', new TextEncoder().encode('{')),
    () => opened('가중치.json', new TextEncoder().encode('{}')),
    () => opened('가중치.json', new TextEncoder().encode('{"stages": {"a": {}}}')),
    () => opened('가중치.json', new TextEncoder().encode('{"stages": {"a": {"shape": [2], "data": [1]}}}')),
    () => opened('가중치.json', new TextEncoder().encode('{"stages": {"a": {"shape": [1], "data": ["x"]}}}')),
  ],
  hubNotFound: [() => fromHub({ HF_ENDPOINT: hub.address }, 'owner/model', 'nonsense')],
  hubRefused: [
    () => {
      hub.misbehave({ statuses: { path: /^\/api/, list: [403] } });
      return fromHub({ HF_ENDPOINT: hub.address, HF_HOME: join(place, 'refused') });
    },
  ],
  hubUnavailable: [
    () => fromHub({ HF_ENDPOINT: 'http://127.0.0.1:9' }),
    () => fromHub({ HF_ENDPOINT: 'nonsense' }),
    () => {
      hub.misbehave({ statuses: { path: /^\/api/, list: [500, 500, 500] } });
      return fromHub({ HF_ENDPOINT: hub.address, HF_HOME: join(place, 'unavailable') });
    },
  ],
  hubOffline: [() => fromHub({ HF_HUB_OFFLINE: '1' })],
  hubDamaged: [
    () => {
      hub.misbehave({ corrupts: 9 });
      return fromHub({ HF_ENDPOINT: hub.address, HF_HOME: join(place, 'damaged') });
    },
  ],
  badHubToken: [() => fromHub({ HF_ENDPOINT: hub.address, HF_TOKEN: 'abc', HF_HOME: join(place, 'token') })],
  noRevision: [() => models.loadModel('owner/model@')],
  unheededRevision: [
    () => models.loadModel(family('bert'), { revision: 'main' }),
    () => models.loadModel('owner/model@v1', { revision: 'main' }),
  ],

  modelTooLarge: [
    () => models.checkMemory('큰모델', { fileBytes: 6e9, parameterBytes: 6e9 }),
    () =>
      models.checkMemory(
        '큰모델',
        { fileBytes: 6e9, parameterBytes: 6e9, parameterCount: 1.5e9, types: ['f32', 'f16'], largestRead: 1e8 },
        { machine: 4e9 },
      ),
  ],
  noConfig: [() => models.loadModel(join(place, '없음')), () => models.loadModel(place), () => models.loadModel('')],
  noParameters: [
    () => models.loadModel(platform.memoryFolder({ 'config.json': JSON.stringify(configOf('bert')) }, '모델')),
  ],
  badShardIndex: ['{', '{}', '{"weight_map": {"a": "../x"}}', '{"weight_map": {"a": "model-1.safetensors"}}'].map(
    (index) => () =>
      models.loadModel(
        platform.memoryFolder(
          { 'config.json': JSON.stringify(configOf('bert')), 'model.safetensors.index.json': index },
          '모델',
        ),
        { tokenizer: 'none' },
      ),
  ),
  parametersDoNotFit: [
    () => loading('bert', { 'model.safetensors': tensors(['x', [1], [1]]) }),
    () =>
      loading('gpt2', {
        'config.json': JSON.stringify({ ...configOf('gpt2'), architectures: ['GPT2Model'] }),
        'model.safetensors': withHead('gpt2'),
      }),
  ],
  parameterNotFinite: [() => loading('bert', { 'model.safetensors': spoiled('bert') })],
  unknownFamily: [() => models.readConfig({ model_type: 'rwkv' }), () => models.readConfig({})],
  unknownConfigField: [() => models.readConfig({ ...configOf('llama'), residual_multiplier: 0.5 })],
  badConfig: [
    ['bert', { hidden_act: 'quick_gelu' }],
    ['bert', { hidden_size: 13 }],
    ['bert', { layer_norm_eps: 'x' }],
    ['bert', { is_decoder: true }],
    ['gpt2', { n_layer: 2.5 }],
    ['gpt2', { n_layer: 2 ** 40 }],
    ['llama', { num_key_value_heads: 4 }],
    ['llama', { rope_theta: -1 }],
    ['llama', { tie_word_embeddings: 3 }],
    ['llama', { rope_scaling: 5 }],
    ['llama', { rope_scaling: { rope_type: 'llama3', factor: 2 } }],
    ['llama', { quantization_config: { bits: 4 } }],
    ['phi3', { rope_scaling: { type: 'longrope', short_factor: [1], long_factor: [1] } }],
    ['phi3', { partial_rotary_factor: 0.33 }],
    ['gemma3_text', { layer_types: ['sliding_attention', 'mystery', 'full_attention'] }],
    ['exaone4', { layer_types: null }],
    ['deberta-v2', { pos_att_type: 'p2c|p2p' }],
    ['deberta-v2', { norm_rel_ebd: 'x' }],
    ['bart-classes', { eos_token_id: 300 }],
  ]
    .map(
      ([name, changes]) =>
        (): unknown =>
          models.readConfig({ ...configOf(name as string), ...(changes as object) }),
    )
    .concat(
      () => config({ steps: 'x', rate: -1, batchSize: 2.5, odd: 1, model: { layers: 0 } }),
      () => config({ corruption: { masked: 0.9 }, checkpoints: [5] }),
      () => config({ texts: 'x.txt', output: 3, tokenizer: null, seed: 1.5 }),
    ),
  badSafetensors: [
    new Uint8Array(5),
    header(900),
    header(2 ** 40),
    named('{'),
    named('[]'),
    named('{"a":{"dtype":"F7","shape":[1],"data_offsets":[0,4]}}'),
    named('{"a":{"dtype":"F32","shape":"x","data_offsets":[0,4]}}'),
    named('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}'),
    named('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}'),
    named('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'),
    named('{"a":{"dtype":"F32","shape":[9007199254740991, 9],"data_offsets":[0,4]}}'),
    named('{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'),
    named('{"__metadata__":{"a":3}}'),
    named('{}', 4),
    named(
      '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}',
      3,
    ),
    named(
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}',
      3,
    ),
    new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n'),
  ].map((bytes) => () => models.readSafetensors(bytes as Uint8Array<ArrayBuffer>, '모델.safetensors')),
  badGguf: [
    () => models.loadModel(platform.memoryFolder({ 'x.gguf': 'not a model' }, '모델')),
    () => models.loadModel(platform.memoryFolder({ 'x.gguf': 'GGUF' }, '모델')),
    () => models.loadModel(platform.memoryFolder({ 'x-00001-of-00002.gguf': sample('gpt2.gguf') }, '모델')),
    () => models.loadModel(platform.memoryFolder({ 'x.gguf': sample('gpt2.gguf').subarray(0, 900) }, '모델')),
    () => models.loadModel(platform.memoryFolder({ 'x.gguf': sample('gpt2.gguf').slice(0, -40) }, '모델')),
    () =>
      models.loadModel(platform.memoryFolder({ 'x.gguf': replacedIn(sample('gpt2.gguf'), 'gpt2', 'gpt9') }, '모델')),
    () =>
      models.loadModel(
        platform.memoryFolder(
          { 'x.gguf': replacedIn(sample('gpt2.gguf'), 'gpt2.block_count', 'gpt2.block_kount') },
          '모델',
        ),
      ),
  ],
  badPickle: [
    () => loadingPickle(new Uint8Array(0)),
    () => loadingPickle(new TextEncoder().encode('hello, this is no archive of tensors')),
    () => loadingPickle(zipped('x/data.pkl', '\x80\x02cposix\nsystem\n.')),
    () => loadingPickle(zipped('x/data.pkl', '\x80\x02.')),
    () => loadingPickle(zipped('x/data.pkl', '\x80\x04}.')),
    () => loadingPickle(zipped('x/data.pkl', '\x80\x02]')),
    () => loadingPickle(zipped('x/data.pkl', '\x80\x02K\x03.')),
    () => loadingPickle(zipped('x/data.pkl', '\x80\x02i.')),
    () => loadingPickle(zipped('x/other', '.')),
  ],
  badParquet: [
    () => opened('가중치.parquet', new Uint8Array(40)),
    () => opened('가중치.parquet', new TextEncoder().encode('PAR1nothingPAR1')),
  ],
  badNpz: [
    () => models.readNpz(new Uint8Array(9), '가중치.npz'),
    () => models.readNpz(zipped('a.npy', 'no array'), '가중치.npz'),
    () => models.readNpz(zipped('a.npy', '\x93NUMPY\x01\x00\x40\x00{'), '가중치.npz'),
    () => models.readNpz(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }"), '가중치.npz'),
    () => models.readNpz(npy("{'descr': '<c16', 'fortran_order': False, 'shape': (3,), }"), '가중치.npz'),
    () => models.readNpz(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (3,2), }"), '가중치.npz'),
    () => models.readNpz(npy("{'shape': (3,), }"), '가중치.npz'),
  ],
  badTokenizer: [
    () => tokenizerOf({ model: { type: 'WordPiece', vocab: 3 } }),
    () => tokenizerOf({ model: { type: 'Unigram', vocab: 3 } }),
    () => tokenizerOf({ model: { type: 'WordPiece', vocab: { a: 'x' } } }),
    () => tokenizerOf({ normalizer: { type: 'Replace', pattern: 3, content: '' } }),
    () => tokenizerOf({ post_processor: { type: 'Odd' } }),
    () => loading('bert', { 'vocab.txt': 'a\na\n' }, { tokenizer: undefined }),
    () => loading('bert', { 'vocab.txt': 'a\nb\n' }, { tokenizer: undefined }),
    () => loading('gpt2', { 'vocab.json': '{', 'merges.txt': '' }, { tokenizer: undefined }),
    () => loading('gpt2', { 'vocab.json': '{"a": 0}', 'merges.txt': 'one\n' }, { tokenizer: undefined }),
    () => config({ tokenizer: 't.json' }, { 't.json': JSON.stringify(letters) }),
  ],
  unknownTokenizer: [
    () => tokenizerOf({ model: { type: 'Odd' } }),
    () => tokenizerOf({ normalizer: { type: 'Magic' } }),
    () => tokenizerOf({ pre_tokenizer: { type: 'Odd' } }),
    () => tokenizerOf({ model: { type: 'BPE', dropout: 0.1, vocab: {}, merges: [] } }),
  ],
  sentencePieceTokenizer: [() => loading('t5', { 'tokenizer.model': 'x' }, { tokenizer: undefined })],
  tokenizerDoesNotFit: [
    () =>
      loading(
        'bert',
        { 'tokenizer.json': readFileSync(new URL('../models/ko/tokenizer.json', import.meta.url), 'utf8') },
        { tokenizer: undefined },
      ),
  ],
  severalGguf: [() => models.loadModel(platform.memoryFolder({ 'a.gguf': 'x', 'b.gguf': 'y' }, '모델'))],
  badChatTemplate: [
    "{{ raise_exception('system은 안 돼요') }}",
    '{{ 1 / 0 }}',
    '{% if %}',
    '{{ foo.bar }}',
    '{{ [1] | banana }}',
    '{{ "a" + 1 }}',
    '{% break %}',
    '{% for x in messages %}',
    '{{ messages | tojson(indent="x") }}',
  ].map((template) => () => chat(template)),
  noChatTemplate: [() => chat(null)],
  noLanguageHead: [() => first(traces.generate(ko, { text: story }))],
  noLogits: [
    async () =>
      lens.logitLens(
        await traces.recordTrace(await open('bert-classes'), { ids: [3, 4] }),
        await open('bert-classes'),
        { position: 0 },
      ),
  ],
  noLinearHead: [
    async () => {
      const model = await open('gemma2');
      return lens.directLogits(await traces.recordTrace(model, { ids: [3, 4] }), model, { position: 1, token: 2 });
    },
  ],
  noDecoder: [() => traces.recordTrace(ko, { text: story, decoder: '나' })],
  noEndToken: [async () => traces.recordTrace(await open('bart-classes'), { ids: [3, 14, 7] })],
  noLabels: [() => lens.followed(seen, ko, { label: 0 } as never)],
  labelOutOfRange: [
    async () => {
      const model = await open('bert-classes');
      return lens.followed(await traces.recordTrace(model, { ids: [3, 4] }), model, { label: 99 } as never);
    },
  ],
  notCausal: [() => ko.newCache()],
  cacheAlone: [() => gpt2.runBatch([{ ids: Int32Array.of(1), cache: gpt2.newCache() }, { ids: Int32Array.of(2) }])],
  badSampling: [
    () => models.checkSampling({ temperature: -1 }),
    () => models.checkSampling({ temperature: 1, topK: 0.5 }),
    () => first(traces.generate(gpt2, { ids: [3] }, { maxTokens: -1 })),
  ],
  noModel: [
    async () => {
      const engine = new WorkerEngine();
      try {
        return await engine.record({ ids: [3] });
      } finally {
        engine.close();
      }
    },
  ],
  engineEnded: [
    () => new WorkerEngine({ workerUrl: new URL('data:text/javascript,process.exit(3)') }).record({ ids: [3] }),
  ],
  outOfMemory: [() => kernels.allocate(2 ** 31)],

  noStage: [
    () => traces.stages(seen, ko, ['nothing' as never]),
    () =>
      lens.pathPatch(seen, seen, ko, {
        sender: { layer: 0, head: 0 },
        receiver: { layer: 1, head: 0, stage: 'mixed' as never },
      }),
  ],
  anotherModel: [() => lens.look(seen, gpt2)],
  noNames: [
    () => traces.saveTrace(written, gpt2, { stages: ['layers.0.scores'], format: 'npz', names: 'transformerlens' }),
  ],
  namesNotInFormat: [() => traces.saveTrace(written, gpt2, { stages: 'all', format: 'json', names: 'huggingface' })],
  notATrace: [() => editsIn(file('아님.npz', weightsFile([1, 2, 2])))],
  noMeaning: [
    async () => {
      const trace = await traces.recordTrace(bart, { ids: [3, 1], decoderIds: [2, 3] });
      const norms = await lens.layerNorms(trace, bart, 'decoder.layers.0.cross');
      for await (const row of norms.rows()) row.withResidual();
    },
  ],
  noGradient: [
    async () => {
      const trace = await edited({ kind: 'temperature', layer: 0, value: 2 });
      return lens.gradientAttention(trace, ko, target());
    },
  ],
  noWeights: [() => opened('가중치.npz', weightsFile([2], 'logits'))],
  badWeightsShape: [[3], [1, 2, 3], [1, 2, 2, 3, 2]].map((shape) => () => opened('가중치.npz', weightsFile(shape))),
  noSuchBatch: [() => opened('가중치.npz', weightsFile([1, 2, 2]), { batch: 1 })],
  noSuchStack: [() => opened('가중치.npz', weightsFile([1, 2, 2]), { stack: 'cross' })],
  badTreebank: [
    () => treebank(columns('1', '나는', '0', 'root').replace('_\t', ''), ''),
    () => treebank(columns('1', '나는', '0', 'root'), '# text = 나는', ''),
    () => treebank(columns('1', '', '0', 'root'), ''),
    () => treebank(columns('2', '나는', '0', 'root'), ''),
    () => treebank(columns('1', '나는', 'x', 'root'), ''),
    () => treebank(columns('1', '나는', '0', '_'), ''),
    () => treebank(columns('1', '나는', '9', 'obj'), columns('2', '너를', '0', 'root'), ''),
    () => treebank(columns('1', '나는', '0', 'root'), columns('2', '너를', '0', 'root'), ''),
    () => treebank(columns('1', '가', '2', 'x'), columns('2', '나', '1', 'x'), columns('3', '다', '0', 'root'), ''),
    () => treebank('# text = 너는', columns('1', '나는', '0', 'root'), ''),
    () => treebank('# text = 나는 너를', columns('1', '나는', '0', 'root'), ''),
    () => treebank('3-2\t가\t_\t_\t_\t_\t_\t_\t_\t_', ''),
    () => treebank('1-2\t가\t_\t_\t_\t_\t_\t_\t_\t_', columns('1', '가', '0', 'root'), ''),
    () => treebank('1.1\t가\t_\t_\t_\t_\t_\t_\t_\t_', ''),
    () => lens.readConllu(columns('1', '나는', '0', 'root'), { name: '나무.conllu' }),
  ],
  tokensDoNotAlign: [
    () =>
      lens.alignTokens(seen.encoding!, [
        { start: 0, end: 1 },
        { start: 1, end: 3 },
      ]),
  ],
  nothingToMeasure: [() => lens.relationReport(ko, treebank(columns('1', '나는', '0', 'root'), ''))],
  differentModels: [() => lens.compareRuns(seen, written)],
  differentLengths: [
    () => lens.compareRuns(seen, other),
    () => lens.faithfulness(written, gpt2, target(), [1]),
    async () => traces.recordTrace(await open('bart-classes'), { ids: [3, 1], decoderIds: [2] }),
  ],
  nothingAligns: [
    async () =>
      lens.alignTexts(
        (await traces.recordTrace(await knownModel(), { text: 'a b' })).encoding!,
        (await traces.recordTrace(await knownModel(), { text: 'c d e' })).encoding!,
      ),
    () => lens.compareRuns(seen, other, { alignment: [] }),
  ],
  alignedTwice: [
    () =>
      lens.compareRuns(seen, other, {
        alignment: [
          [0, 1],
          [0, 2],
        ],
      }),
  ],
  noCounterpart: [() => lens.patchSweep(seen, seen, ko, { position: 3, token: 7 }, { alignment: [[0, 0]] })],
  nothingToExplain: [() => lens.patchSweep(seen, seen, ko, { position: 3, token: 7 })],
  badPath: [
    () =>
      lens.pathPatch(seen, seen, ko, { sender: { layer: 1, head: 0 }, receiver: { layer: 1, head: 0, stage: 'key' } }),
    () => lens.pathSweep(seen, seen, ko, { position: 3, token: 7 }, { receiver: { layer: 0, head: 0, stage: 'key' } }),
  ],
  badEdits: [() => editsIn(file('편집.json', '{}'))],
  badEdit: [
    3,
    null,
    {},
    { kind: 'odd' },
    { kind: 'set', odd: 1 },
    { kind: 'set', stage: 'value', layer: 9, head: 0, position: 0, vector: [] },
    { kind: 'set', stage: 'value', layer: 0, head: 9, position: 0, vector: [] },
    { kind: 'set', stage: 'value', layer: 0, head: 0, position: 99, vector: [] },
    { kind: 'set', stage: 'value', layer: 0, head: 0, position: 0, vector: [1] },
    { kind: 'set', stage: 'value', layer: 0, head: 0, positions: [0, 0], vectors: [[1], [1]] },
    { kind: 'set', stage: 'value', layer: 0, head: 0, positions: [0] },
    { kind: 'set', stage: 'value', layer: 0, head: 0, positions: [0], vectors: [] },
    { kind: 'set', stage: 'value', layer: 0, head: 0, position: 0, vector: [1], positions: [0], vectors: [[1]] },
    { kind: 'set', stage: 'maskedScores', layer: 0, head: 0, position: 0, vector: [1] },
    { kind: 'set', stage: 'output', layer: 0, head: 0, position: 0, vector: [1] },
    { kind: 'set', stage: 'embeddings', layer: 0, position: 0, vector: [1] },
    { kind: 'set', stage: 'odd', layer: 0, position: 0, vector: [1] },
    { kind: 'scale', stage: 'weights', layer: 0, head: 0, factor: 2 },
    { kind: 'scale', stage: 'value', layer: 0, head: 0, factor: 'x' },
    { kind: 'scale', stage: 'maskedScores', layer: 0, head: 0, factor: -1 },
    { kind: 'patch', stage: 'value', layer: 0, head: 0, positions: [0], vectors: [[1]] },
    { kind: 'ablate', layer: 0, head: 0, by: 'odd' },
    { kind: 'ablate', layer: 0, head: 0, by: 'zero', vector: [1] },
    { kind: 'ablate', layer: 0, head: 0, by: 'mean', vector: [1] },
    { kind: 'ablate', layer: 0, head: 0, by: 'resample', vectors: [] },
    { kind: 'weight', layer: 0, head: 0, query: 0, key: 0 },
    { kind: 'weight', layer: 0, head: 0, query: 0, key: 0, to: 3 },
    { kind: 'weight', layer: 0, head: 0, query: 0, key: 0, to: Number.NaN, renormalize: false },
    { kind: 'weight', layer: 0, head: 0, query: 0, key: 0, to: 1, renormalize: 3 },
    { kind: 'weight', layer: 0, head: 0, query: 0, key: 99, to: 1 },
    { kind: 'temperature', value: 0 },
    { kind: 'temperature', layer: 0, value: 0 },
    { kind: 'block', layer: 0, pairs: 3 },
    { kind: 'drop', position: 99 },
  ]
    .map((edit) => (): unknown => edited(edit))
    .concat(
      () => lens.squareFrom(seen, seen, { layer: 0, head: 0, stage: 'nothing' as never }),
      () => lens.patchFrom(seen, ko, { layer: 0, head: 0, stage: 'scores' as never, alignment: [[0, 0]] }),
      () => traces.recordTrace(ko, { text: story, edits: 3 as never }),
      () => edited(...[0, 1].map((key) => ({ kind: 'weight', layer: 0, head: 0, query: 0, key, to: 0.7 }))),
      () =>
        traces.recordTrace(bart, {
          ids: [3, 1],
          decoderIds: [2],
          edits: [{ kind: 'ablate', layer: 3, head: 0, by: 'zero' }],
        }),
      () =>
        traces.recordTrace(bart, {
          ids: [3, 1],
          decoderIds: [2],
          edits: [{ kind: 'scale', stage: 'output', layer: 'decoder.layers.0.cross', factor: 2 } as never],
        }),
      () =>
        first(
          traces.generate(gpt2, {
            ids: [3, 4],
            edits: [{ kind: 'ablate', layer: 0, head: 0, by: 'resample', vectors: [[], []] }],
          } as never),
        ),
    ),
  badWeights: [() => lens.remix(seen, ko, { weights: [1] })],

  vocabularyTooSmall: [
    () =>
      config(
        { tokenizer: 't.json' },
        { 't.json': JSON.stringify(koTokenizer), 'g.mjs': "export const writeText = () => '☃';" },
      ),
  ],
  badGrammar: [
    () => config({}, { 'g.mjs': 'export const other = 3;' }),
    () => config({}, { 'g.mjs': "export const writeText = () => '';" }),
    () => config({}, { 'g.mjs': 'export const writeText = () => 5;' }),
    () => config({}, { 'g.mjs': "export const writeText = () => { throw new Error('끝'); };" }),
  ],
  badTrainingState: [() => training.loadTrainingState(file('상태.safetensors', tensors(['x', [1], [1]])))],
  lossNotFinite: [() => config({ steps: 60, rate: 1e30, warmUp: 1 })],

  shapeMismatch: [
    { query: array([2]) },
    { query: { shape: [1, 1, 1, 2], data: new Float32Array(3) } },
    { key: array([1, 1, 2, 3]) },
    { value: array([1, 1, 3, 2]) },
    { key: array([2, 1, 2, 2]) },
    { key: array([1, 2, 2]), heads: 1 },
    { pastKey: array([2]), pastValue: array([2]) },
    { pastKey: array([1, 1, 1, 3]), pastValue: array([1, 1, 1, 2]) },
    { pastKey: array([1, 1, 1, 2]), pastValue: array([1, 1, 2, 2]) },
  ]
    .map((parts) => (): unknown => attend(parts))
    .concat(
      () => attention.softLookup([1, 2], [{ label: '가', key: [1], value: [1] }]),
      () =>
        attention.softLookup(
          [1],
          [
            { label: '가', key: [1], value: [1] },
            { label: '나', key: [1], value: [1, 2] },
          ],
        ),
      () => attention.softLookup([1], [[1]], []),
      () => op('LayerNormalization', [float([2, 3]), float([2])]),
    ),
  badAttribute: [
    () => op('Softmax', [float([2])], { odd: 1 }),
    () => op('Softmax', [float([2])], { axis: 'x' }),
    () => op('Gelu', [float([2])], { approximate: 'odd' }),
    () => op('LayerNormalization', [float([2]), float([2])], { stash_type: 10 }),
    () =>
      op('Attention', [float([1, 1, 2, 2]), float([1, 1, 2, 2]), float([1, 1, 2, 2])], { qk_matmul_output_mode: 9 }),
  ],
  badAxis: [() => op('Softmax', [float([2])], { axis: 9 })],
  badHeads: [
    { heads: 3 },
    { query: array([1, 3, 2, 2]), key: array([1, 2, 2, 2]), value: array([1, 2, 2, 2]) },
    { query: array([1, 1, 3]), key: array([1, 2, 3]), value: array([1, 2, 3]), heads: 2 },
    { query: array([1, 1, 3]), key: array([1, 2, 3]), value: array([1, 2, 3]), heads: 0.5 },
  ]
    .map((parts) => (): unknown => attend(parts))
    .concat(() =>
      op('Attention', [float([1, 1, 2, 2]), float([1, 1, 2, 2]), float([1, 1, 2, 2])], {
        q_num_heads: 1,
        kv_num_heads: 1,
      }),
    ),
  headsMissing: [
    () => attend({ query: array([1, 1, 2]), key: array([1, 2, 2]), value: array([1, 2, 2]) }),
    () => op('Attention', [float([1, 2, 2]), float([1, 2, 2]), float([1, 2, 2])]),
  ],
  badKeyLengths: [() => attend({ keyLengths: [1, 2] })],
  badMask: [
    () => attend({ mask: array([1, 1, 1, 1, 1]) }),
    () => attend({ mask: array([5]) }),
    () => attend({ mask: { shape: [2], data: new Float32Array(3) } }),
  ],
  badWindow: [() => attend({ window: { left: 0.5, right: -1 } }), () => attend({ window: { left: -1, right: 0.5 } })],
  badRotation: [
    () => attention.rotaryTables(-1, 3),
    () => op('RotaryEmbedding', [float([2]), float([1, 1, 1]), float([1, 1, 1])]),
    () => op('RotaryEmbedding', [float([1, 2, 3]), float([1, 1, 1]), float([1, 1, 1])], { num_heads: 2 }),
    () => op('RotaryEmbedding', [float([1, 1, 2, 4]), float([1, 1, 1]), float([1, 1, 1])]),
    () => op('RotaryEmbedding', [float([1, 1, 2, 4]), float([1, 1, 1]), float([1, 1, 1])], { rotary_embedding_dim: 3 }),
    () =>
      op('RotaryEmbedding', [
        float([1, 1, 2, 4]),
        float([3, 2]),
        float([3, 2]),
        { dtype: 'int64', shape: [1, 2], data: BigInt64Array.of(9n, 9n) } as never,
      ]),
    () =>
      op('RotaryEmbedding', [
        float([1, 1, 2, 4]),
        float([3, 2]),
        float([3, 2]),
        { dtype: 'int64', shape: [5], data: new BigInt64Array(5) } as never,
      ]),
  ],
  badScale: [() => attend({ scale: Number.NaN })],
  badTemperature: [() => attention.softLookup([1], [{ label: '가', key: [1], value: [1] }], { temperature: 0 })],
  badTensor: [() => op('Softmax', [{ dtype: 'float32', shape: [3], data: new Float32Array(2) }])],
  halfPast: [() => attend({ pastKey: array([1, 1, 1, 2]) }), () => attend({ pastValue: array([1, 1, 1, 2]) })],
  missingInput: [() => op('Softmax', []), () => op('Attention', [float([1, 1, 2, 2])])],
  noEntries: [() => attention.softLookup([1], [])],
  pastAndKeyLengths: [() => attend({ pastKey: array([1, 1, 1, 2]), pastValue: array([1, 1, 1, 2]), keyLengths: [2] })],
  unknownOperator: [() => op('Odd', [])],
  unknownSquare: [() => attend({ keep: ['odd'] })],
  unknownOption: [() => attend({ haeds: 3 }), () => wasmKernels({ thread: 2 } as never), () => attend({ xyzzyx: 3 })],
  unknownActivation: [() => kernels.activate('gelu_new' as never, kernels.allocate(2), kernels.allocate(2))],
  badThreads: [() => wasmKernels({ threads: 0 })],
  badSize: [
    () => kernels.allocate(-1),
    () =>
      kernels.matmul({
        out: kernels.allocate(4),
        left: kernels.allocate(4),
        right: kernels.allocate(4),
        rows: 1.5,
        inner: 2,
        columns: 2,
      }),
  ],
  storageTooShort: [
    () =>
      kernels.matmul({
        out: kernels.allocate(3),
        left: kernels.allocate(4),
        right: kernels.allocate(4),
        rows: 2,
        inner: 2,
        columns: 2,
      }),
    () => kernels.write(kernels.allocate(2), [1, 2, 3]),
  ],
  packedMisfit: [{ batch: 2 }, { inner: 4 }, { rightTransposed: true }].map((changes) => () => {
    const right = kernels.pack({ type: 'f32', values: new Float32Array(15), inner: 5, columns: 3 });
    kernels.matmul({
      out: kernels.allocate(99),
      left: kernels.allocate(99),
      right,
      rows: 2,
      inner: 5,
      columns: 3,
      ...changes,
    });
  }),
  wrongStorage: [
    () => {
      const one = kernels.allocate(2);
      kernels.free(one);
      kernels.free(one);
    },
    () => kernels.write(kernels.pack({ type: 'f32', values: new Float32Array(4), inner: 2, columns: 2 }), [1]),
  ],
  idOutside: [() => kernels.gather(kernels.allocate(12), Int32Array.of(0, 9), kernels.allocate(6), 3)],
  compareWhat: [() => expectSecondRun(undefined, {}), () => expectSecondRun('둘째', { with: './model' })],
  textsMissing: [() => ablationOf(ko, { by: 'mean' }), () => ablationOf(ko, { by: 'resample' })],
  noSuchLabel: [async () => labelOf(await open('bert-classes'), '없는 것')],
  anotherSource: [
    async () => {
      const cache = bart.newCache();
      await bart.runBatch([{ ids: Int32Array.of(3, 5), decoderIds: Int32Array.of(2), cache }]);
      return bart.runBatch([{ ids: Int32Array.of(5, 3), decoderIds: Int32Array.of(4), cache }]);
    },
  ],
  badTokenTypes: [
    () => gpt2.runBatch([{ ids: Int32Array.of(3), tokenTypes: Int32Array.of(0) }]),
    () => ko.runBatch([{ ids: Int32Array.of(3, 4), tokenTypes: Int32Array.of(0) }]),
  ],
  tooLongForOverview: [
    async () => {
      const files = pairFiles('mt5');
      const config = { ...(JSON.parse(files['config.json'] as string) as object), n_positions: 999 };
      const model = await models.loadModel(platform.memoryFolder({ ...files, 'config.json': JSON.stringify(config) }));
      const long = '철수가 밥을 '.repeat(120).trim();
      return lens.overview(await traces.recordTrace(model, { text: long, decoder: '철수가' }), model);
    },
  ],
  tooLongForFlow: [
    async () => {
      const model = await loading('llama', {
        'config.json': JSON.stringify({ ...configOf('llama'), max_position_embeddings: 999 }),
      });
      return lens.attentionFlow(await traces.recordTrace(model, { ids: Array(513).fill(3) }), { token: 0 });
    },
  ],
  stateDoesNotFit: [
    async () => {
      const numbers = { seed: 1, steps: 1, batchSize: 1, rate: 0.01, warmUp: 1, decay: 0, maskId: 4, firstToken: 5 };
      const corruption = { chosen: 0.5, masked: 0.5, replaced: 0.5 };
      const sized = (hidden: number): training.TrainingPlan => ({
        ...numbers,
        corruption,
        ...training.bertPlan(training.bertConfig({ layers: 1, heads: 2, hidden, inner: 6, positions: 8 }, 9)),
      });
      const resume = { step: 1, plan: '{}', parameters: new Map(), first: new Map(), second: new Map() };
      return training.train(sized(4), () => [], undefined, { resume });
    },
  ],
  indexOutOfRange: [() => operations(kernels).embed(tensor(kernels, [2, 3], [1, 2, 3, 4, 5, 6]), Int32Array.of(0, 2))],
  cacheFreed: [
    async () => {
      const session = new traces.TraceSession(gpt2);
      await session.record({ ids: [3] });
      session.free();
      return session.record({ ids: [3] });
    },
  ],
};

/** An engine without SIMD, which src/kernels/kernels.test.ts makes, and what fails a line of a conformance file, not a call. */
const notHere = ['noWebAssemblySimd', 'brokenCase'];

describe('an error in Korean', () => {
  it('is tried for every code', () => {
    expect(koreanCodes.filter((code) => !(code in wrong) && !notHere.includes(code))).toEqual([]);
    expect(Object.keys(wrong).filter((code) => !koreanCodes.includes(code))).toEqual([]);
  });
  it.each(Object.entries(wrong).filter(([, ways]) => ways.length > 0))('%s has no English half', async (code, ways) => {
    for (const way of ways) {
      const error = await thrownBy(way);
      expect(error, `${error.message}`).toMatchObject({ code });
      const text = koreanText(error);
      if (process.env.SHOW) console.log(`${code}\n   ${error.message}\n   ${text}`);
      expect(english(text!), `${error.message} → ${text}`).toBeNull();
      expect(text).toMatch(/[가-힣]/);
      expect(text).not.toContain('undefined');
    }
  });
});
