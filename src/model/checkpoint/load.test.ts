import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blobFolder, diskFolder, memoryFolder, type SiseonError } from '../../platform/index.ts';
import { widened } from '../numbers.ts';
import { Tokenizer } from '../tokenizer.ts';
import { loadModel, modelNeed } from './load.ts';
import { bytesText, checkMemory } from './memory.ts';
import { parameterFiles } from './parameterFiles.ts';
import { readTokenizer } from './readTokenizer.ts';
import { openSafetensors, readSafetensors, writeSafetensors } from './safetensors.ts';

const ko = new URL('../../../models/ko/', import.meta.url);
const file = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(new URL(name, ko)));
const files = {
  'config.json': file('config.json'),
  'tokenizer.json': file('tokenizer.json'),
  'model.safetensors': file('model.safetensors'),
};
const sound = await loadModel(ko);

/** The model's tensors in two files with an index. */
function shards(): Record<string, Uint8Array<ArrayBuffer> | string> {
  const tensors = [...readSafetensors(files['model.safetensors']).tensors].map(([name, tensor]) => ({
    name,
    ...tensor,
  }));
  const halves = [tensors.slice(0, 7), tensors.slice(7)];
  const names = halves.map((_, i) => `model-0000${i + 1}-of-00002.safetensors`);
  const weightMap = Object.fromEntries(halves.flatMap((half, i) => half.map(({ name }) => [name, names[i]!])));
  return {
    'config.json': files['config.json'],
    'tokenizer.json': files['tokenizer.json'],
    'model.safetensors.index.json': JSON.stringify({ metadata: {}, weight_map: weightMap }),
    ...Object.fromEntries(halves.map((half, i) => [names[i]!, new Uint8Array(writeSafetensors(half))])),
  };
}

describe('one loader, wherever the files are', () => {
  it('on disk, dropped, in memory, in two parts: the same parameters and tokenizer', async () => {
    const dropped = Object.entries(files).map(([name, bytes]) => {
      const dropped = new File([bytes], name);
      Object.defineProperty(dropped, 'webkitRelativePath', { value: `my model/${name}` });
      return dropped;
    });
    for (const place of [blobFolder(dropped), memoryFolder(files), memoryFolder(shards())]) {
      const model = await loadModel(place, { name: 'x' });
      expect(model.fingerprint).toBe(sound.fingerprint);
      expect(model.tokenizer!.encode('철수가 먹었다').ids).toEqual(sound.tokenizer!.encode('철수가 먹었다').ids);
    }
  });
  it('tells how much of the parameters is read, and stops when it is told to', async () => {
    const seen: number[] = [];
    await loadModel(memoryFolder(files), { onProgress: (done, total) => seen.push(done / total) });
    expect(seen.length).toBeGreaterThan(10);
    expect(seen.at(-1)).toBe(1);
    const controller = new AbortController();
    const stopped = loadModel(memoryFolder(files), {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow('enough');
  });

  describe('behind an address', () => {
    let server: Server;
    let address: string;
    const asked: string[] = [];
    let ranges = true;
    beforeAll(async () => {
      server = createServer((request, response) => {
        const name = request.url!.slice(1);
        asked.push(`${request.method} ${name} ${request.headers.range ?? ''}`.trim());
        const bytes = name === 'large' ? Buffer.alloc(40 << 20, 7) : files[name as keyof typeof files];
        if (!bytes) return void response.writeHead(404).end();
        const range = ranges ? /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') : null;
        const part = range ? bytes.subarray(Number(range[1]), Number(range[2]) + 1) : bytes;
        response.writeHead(range ? 206 : 200, { 'content-length': part.length });
        response.end(request.method === 'HEAD' ? undefined : part);
      });
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    });
    afterAll(() => server.close());
    it('each small file is fetched once', async () => {
      expect((await loadModel(new URL(address))).fingerprint).toBe(sound.fingerprint);
      expect(asked.filter((line) => line.startsWith('GET')).sort()).toEqual([
        'GET config.json',
        'GET model.safetensors',
        'GET tokenizer.json',
      ]);
    });
    it('a large file is read by ranges, and a server that does not answer with one is refused', async () => {
      const { networkFolder } = await import('../../platform/index.ts');
      asked.length = 0;
      expect(Array.from(await networkFolder(address).read('large', 5, 8))).toEqual([7, 7, 7]);
      expect(asked).toEqual(['HEAD large', 'GET large bytes=5-7']);
      ranges = false;
      await expect(networkFolder(address).read('large', 5, 8)).rejects.toThrow('answered 200 to a range');
      ranges = true;
    });
  });
});

describe('what does not fit together is refused', () => {
  it('names a file by its folder, and by itself where it was chosen without one', async () => {
    const cut = { ...files, 'model.safetensors': files['model.safetensors'].slice(0, 1000) };
    for (const [name, said] of [
      ['a', 'a/model.safetensors'],
      ['', 'model.safetensors'],
    ])
      await expect(loadModel(memoryFolder(cut, name), { name: 'x' })).rejects.toMatchObject({
        code: 'badSafetensors',
        details: { file: said },
      });
    await expect(loadModel(memoryFolder({ 'config.json': '{x' }, ''))).rejects.toMatchObject({
      code: 'badJson',
      message: expect.stringMatching(/^config\.json is not JSON.*position 1/s),
    });
  });
  it('a revision given twice, or of what is not on the hub', async () => {
    for (const [place, revision] of [
      ['owner/name@v1', 'main'],
      [ko, 'main'],
      [memoryFolder(files), 'main'],
    ] as const)
      await expect(loadModel(place, { revision })).rejects.toMatchObject({ code: 'unheededRevision' });
  });
  it('a folder of several .gguf files, by their names and sizes, all parts of one together', () =>
    expect(
      loadModel(memoryFolder({ 'a.gguf': 'a', 'b-00001-of-00002.gguf': 'bb', 'b-00002-of-00002.gguf': 'b' })),
    ).rejects.toMatchObject({
      code: 'severalGguf',
      message: expect.stringContaining('a.gguf (0.0 kB), b-00001-of-00002.gguf (0.0 kB)'),
      details: { files: ['a.gguf', 'b-00001-of-00002.gguf'], sizes: [1, 3] },
    }));
  const refused = (changes: Record<string, string | Uint8Array<ArrayBuffer> | null>) => {
    const all = { ...shards(), ...changes };
    const left = Object.fromEntries(Object.entries(all).filter(([, content]) => content !== null));
    return expect(loadModel(memoryFolder(left as Record<string, string>), { name: 'x' })).rejects;
  };
  const index = (change: (map: Record<string, string>) => void): string => {
    const json = JSON.parse(shards()['model.safetensors.index.json'] as string) as {
      weight_map: Record<string, string>;
    };
    change(json.weight_map);
    return JSON.stringify(json);
  };
  it('a language head that the config names no class for; a tied copy under such a class is none', async () => {
    const at = (name: string) => new URL(`../../../test/families/gpt2/${name}`, import.meta.url);
    const config = JSON.parse(readFileSync(at('config.json'), 'utf8')) as Record<string, unknown>;
    const { tensors } = readSafetensors(new Uint8Array(readFileSync(at('model.safetensors'))), 'gpt2');
    const list = [...tensors].map(([name, { shape, data }]) => ({ name, shape, data: data as Float32Array }));
    const copy = list.find(({ name }) => name.endsWith('wte.weight'))!;
    const model = new Uint8Array(writeSafetensors([...list, { ...copy, name: 'lm_head.weight' }], {}));
    const load = (architectures: string[]) =>
      loadModel(
        memoryFolder({ 'config.json': JSON.stringify({ ...config, architectures }), 'model.safetensors': model }),
        {
          tokenizer: 'none',
        },
      );
    expect((await load(['GPT2LMHeadModel'])).architecture.head).not.toBeNull();
    for (const none of [[], ['GPT2Model']])
      await expect(load(none)).rejects.toMatchObject({
        code: 'parametersDoNotFit',
        details: { problems: ['lm_head.weight is unexpected'] },
      });
  });
  const bias = 'cls.predictions.bias';
  it('a part that is missing, a tensor in the wrong part, a path out of the folder', async () => {
    await refused({ 'model-00002-of-00002.safetensors': null }).toThrow('model-00002-of-00002.safetensors is missing');
    const wrong = index((map) => {
      map[bias] =
        map[bias] === 'model-00001-of-00002.safetensors'
          ? 'model-00002-of-00002.safetensors'
          : 'model-00001-of-00002.safetensors';
    });
    await refused({ 'model.safetensors.index.json': wrong }).toThrow(`has ${bias}, which the index does not say`);
    const out = index((map) => {
      map[bias] = '../../secret';
    });
    await refused({ 'model.safetensors.index.json': out }).toThrow('"../../secret", which is no file');
    const absent = index((map) => {
      map.ghost = 'model-00001-of-00002.safetensors';
    });
    await refused({ 'model.safetensors.index.json': absent }).toThrow('should have ghost');
    await refused({ 'model.safetensors.index.json': '{' }).toThrow('it is not JSON');
  });
  it('no parameters, a quantised config, a tensor that is missing', async () => {
    await refused({ 'model.safetensors.index.json': null, 'tf_model.h5': 'x' }).toThrow(
      'got model-00001-of-00002.safetensors',
    );
    const config = JSON.parse(new TextDecoder().decode(files['config.json'])) as object;
    const quantised = JSON.stringify({ ...config, quantization_config: { quant_method: 'gptq' } });
    await refused({ 'config.json': quantised }).toThrow('parameters that are not quantized');
    await refused({ 'config.json': JSON.stringify({ ...config, num_hidden_layers: 9 }) }).toThrow(
      /encoder\.layer\.2\.attention\.self\.query\.weight is missing; .*; and 109 more\./,
    );
  });
});

describe('memory is estimated before anything is loaded', () => {
  it('too large says so, with the numbers and what to do', () => {
    const need = {
      fileBytes: 15.2e9,
      parameterCount: 7_600_000_000,
      parameterBytes: 15.2e9,
      types: ['bf16', 'f32'] as const,
    };
    expect(() => checkMemory('big', need, { machine: 64e9 })).toThrow(
      'big does not fit into memory: expected at most 4.2 GB of parameters (what the engine reaches), got 15.2 GB of files, 7,600,000,000 parameters, 15.2 GB as bf16 and f32. Take a smaller model of the same family.',
    );
    // 1.9e9 parameters of two bytes fit, in float32 they do not.
    expect(() => checkMemory('fits', { ...need, parameterBytes: 3.8e9 }, { machine: 8e9 })).not.toThrow();
    expect(() => checkMemory('wide', { ...need, parameterBytes: 7.6e9, types: ['f32'] })).toThrow(
      'or this one saved in bfloat16 or float16',
    );
    const tight = { ...need, parameterBytes: 1e9, largestRead: 0.6e9 };
    expect(() => checkMemory('tight', tight, { machine: 1.5e9 })).toThrow(
      "at most 900 MB of parameters (this machine's memory, less the largest tensor)",
    );
    expect([bytesText(890e6), bytesText(1500), bytesText(123.4e9)]).toEqual(['890 MB', '1.5 kB', '123 GB']);
  });
  it('says whether a tokenizer comes along, and the bytes of all that is read', async () => {
    const samples = diskFolder(fileURLToPath(new URL('samples', import.meta.url)));
    expect(await modelNeed(samples, 'gpt2.gguf')).toMatchObject({ readsText: false });
    const parts = { 'config.json': new Uint8Array(0), 'model.safetensors': new Uint8Array(0) };
    for (const file of Object.keys(parts) as (keyof typeof parts)[])
      parts[file] = new Uint8Array(readFileSync(new URL(`../../../test/families/bert/${file}`, import.meta.url)));
    const sizes = Object.values(parts).reduce((sum, { length }) => sum + length, 0);
    expect(await modelNeed(memoryFolder(parts))).toMatchObject({ readsText: false, bytes: sizes });
    const worded = memoryFolder({ ...parts, 'vocab.txt': 'a\nb\n' });
    expect(await modelNeed(worded)).toMatchObject({ readsText: true, bytes: sizes + 4 });
  });
  it('names the first parameters that do not fit and counts the rest; what a GGUF file lacks is not blamed on config.json', async () => {
    const folder = memoryFolder({
      'config.json': readFileSync(new URL('../../../test/families/bert/config.json', import.meta.url), 'utf8'),
      'model.safetensors': new Uint8Array(writeSafetensors([{ name: 'x', shape: [1], data: Float32Array.of(1) }])),
    });
    const error = await loadModel(folder, { tokenizer: 'none' }).catch((cause: unknown) => cause as SiseonError);
    // Asking for its size says the same, never that it is too large.
    expect((await modelNeed(folder).catch((cause: unknown) => cause as SiseonError)) as SiseonError).toMatchObject({
      code: 'parametersDoNotFit',
      message: (error as SiseonError).message,
    });
    const { problems } = (error as SiseonError).details as { problems: string[] };
    expect(problems.length).toBeGreaterThan(20);
    expect((error as SiseonError).message).toContain(`; and ${problems.length - 3} more.`);
    expect((error as SiseonError).message.match(/is missing/g)?.length).toBe(3);
    const blocks = new URL('samples/blocks.gguf', import.meta.url);
    await expect(loadModel(fileURLToPath(blocks))).rejects.toThrow(/^(?!.*config\.json).*GGUF/);
  });
  it('a file that is too large is not opened', async () => {
    const reads: string[] = [];
    const folder = memoryFolder(files);
    const huge = {
      ...folder,
      size: async (name: string) => (name === 'model.safetensors' ? 1e13 : folder.size(name)),
      read: (name: string, start?: number, end?: number) => {
        reads.push(name);
        return folder.read(name, start, end);
      },
    };
    await expect(loadModel(huge, { name: 'x' })).rejects.toMatchObject({ code: 'modelTooLarge' });
    expect(reads).toEqual(['config.json']);
  });
  it('tensors are read one by one: at no time more than one beside the parameters', async () => {
    const tensors = await openSafetensors(memoryFolder(files), 'model.safetensors');
    const folder = memoryFolder(files);
    let largest = 0;
    const watched = {
      ...folder,
      async read(name: string, start = 0, end?: number) {
        const bytes = await folder.read(name, start, end);
        if (name === 'model.safetensors') largest = Math.max(largest, bytes.length);
        return bytes;
      },
    };
    await loadModel(watched, { name: 'x' });
    expect(largest).toBe(Math.max(...[...tensors.values()].map(({ bytes }) => bytes)));
  });
});

it('8-bit numbers are what their formats say: E4M3 without ∞, E5M2 with', async () => {
  const header = new TextEncoder().encode(
    JSON.stringify({
      a: { dtype: 'F8_E4M3', shape: [6], data_offsets: [0, 6] },
      b: { dtype: 'F8_E5M2', shape: [5], data_offsets: [6, 11] },
      c: { dtype: 'I8', shape: [2], data_offsets: [11, 13] },
    }),
  );
  const bytes = new Uint8Array(8 + header.length + 13);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  // 1, −2, 448 (the largest), NaN, the smallest (2^−9), −0; 1, −2, 57344 (the largest), ∞, the smallest (2^−16); −128, 5
  bytes.set([0x38, 0xc0, 0x7e, 0x7f, 0x01, 0x80, 0x3c, 0xc0, 0x7b, 0x7c, 0x01, 0x80, 5], 8 + header.length);
  const tensors = await openSafetensors(memoryFolder({ x: bytes }), 'x');
  const read = async (name: string): Promise<number[]> => Array.from(widened(await tensors.get(name)!.read()));
  expect(await read('a')).toEqual([1, -2, 448, Number.NaN, 2 ** -9, -0]);
  expect(await read('b')).toEqual([1, -2, 57344, Infinity, 2 ** -16]);
  expect(await read('c')).toEqual([-128, 5]);
});

describe('tokenizers without tokenizer.json', () => {
  const vocabulary = '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\n';
  it('vocab.txt, then vocab.json with merges.txt; a SentencePiece file alone is refused; nothing is nothing', async () => {
    const bert = await readTokenizer(
      memoryFolder({ 'vocab.txt': vocabulary, 'tokenizer_config.json': '{"do_lower_case":false}' }),
      'bert',
    );
    expect(Array.from(bert!.encode('hello Hello').ids)).toEqual([2, 5, 1, 3]);
    const merged = { 'vocab.json': '{"<s>":0,"</s>":1,"a":2,"b":3,"ab":4}', 'merges.txt': 'a b\n' };
    expect(Array.from((await readTokenizer(memoryFolder(merged), 'gpt2'))!.encode('ab').ids)).toEqual([4]);
    expect(Array.from((await readTokenizer(memoryFolder(merged), 'roberta'))!.encode('ab').ids)).toEqual([0, 4, 1]);
    await expect(readTokenizer(memoryFolder({ 'spiece.model': 'x' }), 't5')).rejects.toThrow('use_fast=True');
    expect(await readTokenizer(memoryFolder({}), 'gpt2')).toBeNull();
  });
  it('a chat template comes along', async () => {
    const files = { 'vocab.txt': vocabulary, 'tokenizer_config.json': '{"chat_template":"{{ messages[0].content }}"}' };
    const tokenizer = await readTokenizer(memoryFolder(files), 'bert');
    expect(tokenizer).toBeInstanceOf(Tokenizer);
    expect((await tokenizer!.chatTemplate())!.source).toBe('{{ messages[0].content }}');
  });
});

it('a folder on disk: files are read by position, and what is not there is said', async () => {
  const place = mkdtempSync(join(tmpdir(), 'siseon-folder-'));
  writeFileSync(join(place, 'a'), 'abcdef');
  const folder = diskFolder(`${place}/`);
  expect(await folder.list()).toEqual(['a']);
  expect(new TextDecoder().decode(await folder.read('a', 2, 4))).toBe('cd');
  await expect(folder.read('a', 4, 9)).rejects.toThrow('it ends at byte 6, before 9');
  await expect(folder.read('b')).rejects.toThrow('there is no such file or folder');
  await expect(parameterFiles(folder)).rejects.toThrow('has no parameters');
  // Halves of two files are not put together; what is read next is read whole.
  writeFileSync(join(place, 'a'), 'ghijklm');
  await expect(folder.read('a', 4, 6)).rejects.toThrow('it was changed while it was being read');
  await folder.close();
  expect(new TextDecoder().decode(await folder.read('a'))).toBe('ghijklm');
  // Nobody has to close a folder for its files to be closed: a handle that is left to be collected ends Node from 26 on.
  const numbers = existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd') : [];
  const targets = numbers.map((number) => {
    try {
      return readlinkSync(`/proc/self/fd/${number}`);
    } catch {
      return '';
    }
  });
  expect(targets.filter((target) => target.startsWith(place))).toEqual([]);
  rmSync(place, { recursive: true });
  expect(existsSync(place)).toBe(false);
});
