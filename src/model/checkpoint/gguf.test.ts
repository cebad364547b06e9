import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzz } from '../../platform/fuzz.testing.ts';
import { diskFolder, memoryFolder, SiseonError } from '../../platform/index.ts';
import { widened } from '../numbers.ts';
import { openGguf } from './gguf.ts';
import { llama3Divisors } from './ggufConfig.ts';
import { ggufTokenizer } from './ggufTokenizer.ts';
import { loadModel } from './load.ts';

const place = new URL('samples/', import.meta.url);
const samples = diskFolder(fileURLToPath(place));
const blocks = new Uint8Array(readFileSync(new URL('blocks.gguf', place)));

describe('quantised blocks against numpy (samples/make_gguf.py), relative error < 1e-6', () => {
  const expected = JSON.parse(readFileSync(new URL('blocks.json', place), 'utf8')) as Record<string, number[]>;
  it.each(Object.keys(expected))('%s', async (type) => {
    const { tensors } = await openGguf(samples, 'blocks.gguf');
    const numbers = widened(await tensors.get(`blk.0.${type}`)!.read());
    expect(numbers.length).toBe(expected[type]!.length);
    const size = Math.max(...expected[type]!.map(Math.abs));
    expect(size).toBeGreaterThan(0.1);
    for (const [i, want] of expected[type]!.entries())
      expect(Math.abs(numbers[i]! - want), `${type} ${i}`).toBeLessThan(1e-6 * size);
  });
  it.each(['f32', 'f16', 'bf16'])('%s', async (type) => {
    const { tensors } = await openGguf(samples, 'blocks.gguf');
    expect(Array.from(widened(await tensors.get(type)!.read()))).toEqual([1.5, -2, 0.25]);
  });
});

it('llama3’s divisors: high frequencies stay, low ones are divided by the factor, between lies a ramp', () => {
  const rule = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 };
  const divisors = llama3Divisors(500_000, 128, rule);
  expect(divisors.slice(0, 29).every((divisor) => divisor === 1)).toBe(true);
  expect(divisors.slice(-28).every((divisor) => divisor === 8)).toBe(true);
  for (let i = 1; i < divisors.length; i++) expect(divisors[i]!).toBeGreaterThanOrEqual(divisors[i - 1]!);
});

describe('a damaged file is refused', () => {
  const open = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> => {
    try {
      const { tensors, metadata } = await openGguf(memoryFolder({ 'x.gguf': bytes }), 'x.gguf');
      for (const tensor of tensors.values()) await tensor.read();
      ggufTokenizer(metadata);
      return 'none';
    } catch (error) {
      expect(error).toBeInstanceOf(SiseonError);
      return (error as SiseonError).message;
    }
  };
  const changed = (from: string, to: string): Uint8Array<ArrayBuffer> => {
    const latin = Array.from(blocks, (byte) => String.fromCharCode(byte)).join('');
    expect(latin).toContain(from);
    return Uint8Array.from(latin.replace(from, to), (c) => c.charCodeAt(0));
  };
  it('of tensors that overlap', async () => {
    const moved = Uint8Array.from(blocks);
    // Behind the name: the number of dimensions, one dimension, the type, and then the offset.
    const offset = Buffer.from(blocks).indexOf('bf16') + 4 + 4 + 8 + 4;
    moved.fill(0, offset, offset + 8);
    expect(await open(moved)).toMatch(/begins at byte \d+, within /);
  });
  it.each<[string, Uint8Array<ArrayBuffer>, string]>([
    ['no magic number', new Uint8Array(64), 'magic number'],
    ['cut off within its header', blocks.slice(0, 200), 'breaks off|exceeds|x.gguf is not read'],
    ['cut off within a tensor', blocks.slice(0, blocks.length - 40), 'would end at byte'],
    [
      'an architecture that is not read',
      changed('\x05\0\0\0\0\0\0\0llama', '\x05\0\0\0\0\0\0\0mamba'),
      '"mamba", not one of llama',
    ],
    [
      'a type that is not read',
      changed(
        '\x02\0\0\0\x40\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\x08\0\0\0',
        '\x02\0\0\0\x40\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\x10\0\0\0',
      ),
      'has the type IQ2_XXS, not one of',
    ],
    ['a missing number', changed('llama.block_count', 'llama.block_xount'), 'lacks the number llama.block_count'],
  ])('%s', async (_, bytes, problem) => expect(await open(bytes)).toMatch(new RegExp(problem)));

  it('a field of its architecture that nobody knows is named: it may change the numbers', async () => {
    const path = fileURLToPath(new URL('llama.gguf', place));
    const latin = readFileSync(path).toString('latin1');
    const other = latin.replace('llama.rope.freq_base', 'llama.rope.freq_bass');
    const bytes = new Uint8Array(Buffer.from(other, 'latin1'));
    await expect(openGguf(memoryFolder({ 'x.gguf': bytes }), 'x.gguf')).rejects.toThrow(
      'it says llama.rope.freq_bass, which may change the numbers',
    );
  });

  it('an alignment that the format does not know', async () => {
    const key = 'general.alignment';
    // One number more: its key, the type (4: 32 bits, no sign) and 3.
    const field = Buffer.alloc(8 + key.length + 8);
    field.writeBigUInt64LE(BigInt(key.length));
    field.write(key, 8);
    field.writeUInt32LE(4, 8 + key.length);
    field.writeUInt32LE(3, 12 + key.length);
    const head = Buffer.from(blocks.slice(0, 24));
    head.writeBigUInt64LE(head.readBigUInt64LE(16) + 1n, 16);
    const bytes = Uint8Array.from(Buffer.concat([head, field, blocks.slice(24)]));
    expect(await open(bytes)).toContain('its general.alignment is 3, not a multiple of 8');
  });

  it('whatever bytes are changed, nothing but its own error', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(1100), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.nat(blocks.length),
        async (changes, length) => {
          const bytes = blocks.slice(0, length < 20 ? blocks.length : length);
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          await open(bytes);
        },
      ),
      fuzz(200),
    );
  });
});

describe('tokenizers in the metadata', () => {
  it('byte-level, cut as Llama 3 and Qwen 2 cut', () => {
    const tokens = [...'123', 'Ġ', 'a', '12', '123', 'Ġa', '<|end|>'];
    const metadata = {
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.tokens': tokens,
      'tokenizer.ggml.token_type': tokens.map((token) => (token === '<|end|>' ? 3 : 1)),
      'tokenizer.ggml.merges': ['1 2', '12 3', 'Ġ a'],
      'tokenizer.ggml.bos_token_id': 8,
    };
    const pieces = (pre: string): string[] =>
      ggufTokenizer({ ...metadata, 'tokenizer.ggml.pre': pre })!
        .encode('1231 a')
        .tokens.map(({ piece }) => piece);
    expect(pieces('llama-bpe')).toEqual(['<|end|>', '123', '1', 'Ġa']);
    expect(pieces('qwen2')).toEqual(['1', '2', '3', '1', 'Ġa']);
    expect(pieces('exaone')).toEqual(['1', '2', '3', '1', 'Ġa']);
    expect(pieces('exaone4')).toEqual(['123', '1', 'Ġa']);
    expect(() => pieces('magic')).toThrow('got "magic"');
    for (const id of [9, -1, 1.5])
      expect(() => ggufTokenizer({ ...metadata, 'tokenizer.ggml.bos_token_id': id })).toThrow(
        `tokenizer.ggml.bos_token_id: expected the id of one of its 9 tokens, got "${id}"`,
      );
    // Written before files said how they cut: of GPT-2 it is known, of a llama it is not.
    expect(() => pieces('default')).toThrow('got "default"');
    const gpt2 = { ...metadata, 'general.architecture': 'gpt2', 'tokenizer.ggml.pre': 'default' };
    expect(ggufTokenizer(gpt2)!.encode('1231 a').ids).toHaveLength(3);
  });
  it('SentencePiece’s BPE: merges by score, bytes where a letter is missing', () => {
    const tokens = ['<unk>', '<s>', '</s>', '<0xED>', '<0x95>', '<0x9C>', '▁', 'a', 'b', '▁a', 'ab', '▁ab'];
    const tokenizer = ggufTokenizer({
      'tokenizer.ggml.model': 'llama',
      'tokenizer.ggml.tokens': tokens,
      'tokenizer.ggml.token_type': tokens.map((_, id) => (id === 0 ? 2 : id < 3 ? 3 : id < 6 ? 6 : 1)),
      'tokenizer.ggml.scores': tokens.map((_, id) => -id),
      'tokenizer.ggml.bos_token_id': 1,
    })!;
    const { tokens: seen } = tokenizer.encode('ab 한');
    expect(seen.map(({ piece, start, end }) => [piece, start, end])).toEqual([
      ['<s>', null, null],
      ['▁ab', 0, 2],
      ['▁', 2, 3],
      ['<0xED>', 3, 4],
      ['<0x95>', 3, 4],
      ['<0x9C>', 3, 4],
    ]);
    expect(tokenizer.decode(seen.map(({ id }) => id))).toBe(' ab 한');
  });
  it('of another kind are refused; none is none', () => {
    expect(() => ggufTokenizer({ 'tokenizer.ggml.model': 't5', 'tokenizer.ggml.tokens': ['a'] })).toThrow('got "t5"');
    expect(ggufTokenizer({})).toBeNull();
  });
});

describe('whole models, written from the tiny checkpoints of test/families as llama.cpp’s converter writes them', () => {
  const llama3 = {
    rope_type: 'llama3',
    factor: 3,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  };
  /** What a GGUF file cannot say, or says otherwise than the tiny checkpoint. */
  const changes: Readonly<Record<string, Record<string, unknown>>> = {
    llama: { rope_theta: 1e7, rope_scaling: llama3 },
    mixtral: {},
    qwen2: { use_sliding_window: false, sliding_window: undefined, max_window_layers: undefined },
    qwen3: {},
    gemma: {},
    gemma2: { query_pre_attn_scalar: 4 },
    gemma3_text: { query_pre_attn_scalar: 4 },
    phi3: {
      rope_scaling: {
        rope_type: 'longrope',
        short_factor: [1, 1.5, 2.25],
        long_factor: [1, 3, 9],
        original_max_position_embeddings: 23,
        attention_factor: 1.25,
      },
    },
    exaone: { rope_theta: 1e7, rope_scaling: llama3 },
    exaone4: { layer_types: ['sliding_attention', 'sliding_attention'] },
    gpt2: { scale_attn_by_inverse_layer_idx: false },
    gpt_neox: {},
    bloom: {},
  };
  it.each(Object.keys(changes))(
    '%s: the same architecture and parameters (error < 1e-3 of f16, else 1e-6)',
    async (family) => {
      const at = (file: string): Uint8Array<ArrayBuffer> =>
        new Uint8Array(readFileSync(new URL(`../../../test/families/${family}/${file}`, import.meta.url)));
      const config = JSON.parse(new TextDecoder().decode(at('config.json'))) as object;
      const folder = memoryFolder({
        'config.json': JSON.stringify({ ...config, ...changes[family] }),
        'model.safetensors': at('model.safetensors'),
      });
      const original = await loadModel(folder, { name: family });
      const model = await loadModel(fileURLToPath(new URL(`${family}.gguf`, place)), { name: family });
      expect(model.architecture).toEqual(original.architecture);
      expect([...model.parameters.keys()]).toEqual([...original.parameters.keys()]);
      const tolerance = family === 'qwen3' ? 1e-3 : 1e-6;
      for (const [name, parameter] of original.parameters) {
        const own = model.parameters.get(name)!;
        expect(own.shape, name).toEqual(parameter.shape);
        const numbers = await own.read();
        for (const [i, want] of (await parameter.read()).entries())
          expect(Math.abs(numbers[i]! - want), `${name} ${i}`).toBeLessThan(tolerance);
      }
      const ids = Int32Array.of(1, 5, 2, 7, 3);
      const [a, b] = [await model.run(ids), await original.run(ids)];
      for (const [i, want] of b.hidden.entries()) expect(Math.abs(a.hidden[i]! - want)).toBeLessThan(20 * tolerance);
    },
  );

  it('in two parts: the same as in one, whichever part is named; a part that is missing is named', async () => {
    const folder = memoryFolder(
      Object.fromEntries(
        [1, 2].map((n) => [
          `parts-0000${n}-of-00002.gguf`,
          readFileSync(new URL(`parts-0000${n}-of-00002.gguf`, place)),
        ]),
      ),
    );
    const whole = await openGguf(samples, 'qwen3.gguf');
    for (const n of [1, 2]) {
      const { config, tensors } = await openGguf(folder, `parts-0000${n}-of-00002.gguf`);
      expect(config).toEqual(whole.config);
      expect([...tensors.keys()]).toEqual([...whole.tensors.keys()]);
      for (const [name, tensor] of tensors) expect(await tensor.read()).toEqual(await whole.tensors.get(name)!.read());
    }
    expect((await loadModel(folder, { tokenizer: 'none' })).architecture.family).toBe('qwen3');
    const first = memoryFolder({ 'a-00001-of-00002.gguf': await folder.read('parts-00001-of-00002.gguf') });
    await expect(loadModel(first)).rejects.toThrow('its part a-00002-of-00002.gguf is missing');
    const renamed = memoryFolder({ 'a.gguf': await folder.read('parts-00001-of-00002.gguf') });
    await expect(loadModel(renamed)).rejects.toThrow('one of 2 parts');
  });
});
