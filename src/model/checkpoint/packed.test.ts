import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Numbers, wasmKernels } from '../../kernels/index.ts';
import { memoryFolder } from '../../platform/index.ts';
import { configReader } from '../config.ts';
import { families } from '../families/index.ts';
import { Model } from '../model.ts';
import { widened } from '../numbers.ts';
import { type FileTensor, takeParameters } from '../parameters.ts';
import { loadModel } from './load.ts';
import { memoryNeed } from './memory.ts';
import { openSafetensors, readSafetensors } from './safetensors.ts';

const ids = Int32Array.of(1, 5, 2, 7, 3, 4, 6);
const at = (path: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`../../../test/families/${path}`, import.meta.url)));

/** The binary16 next to a number, towards 0. */
function half(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const size = Math.abs(x);
  if (size < 2 ** -14) return sign | Math.floor(size * 2 ** 24);
  const exponent = Math.floor(Math.log2(size));
  return sign | ((exponent + 15) << 10) | Math.floor((size / 2 ** exponent - 1) * 1024);
}
const bfloat = (x: number): number => new Uint32Array(Float32Array.of(x).buffer)[0]! >>> 16;
const rounded = {
  F16: (data: Float32Array): Numbers => ({ type: 'f16', values: Uint16Array.from(data, half) }),
  BF16: (data: Float32Array): Numbers => ({ type: 'bf16', values: Uint16Array.from(data, bfloat) }),
};

/** A safetensors file of one type. */
function safetensors(
  tensors: readonly { name: string; shape: readonly number[]; values: Numbers['values'] }[],
  dtype: string,
) {
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const { name, shape, values } of tensors) {
    header[name] = { dtype, shape, data_offsets: [end, end + values.byteLength] };
    end += values.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  let to = 8 + json.length;
  for (const { values } of tensors) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), to);
    to += values.byteLength;
  }
  return bytes;
}

/** A family's tiny checkpoint in a smaller type, and the same numbers in float32. */
function both(family: string, dtype: 'F16' | 'BF16') {
  const tensors = [...readSafetensors(at(`${family}/model.safetensors`)).tensors].map(([name, { shape, data }]) => {
    const numbers = rounded[dtype](Float32Array.from(data));
    return { name, shape, values: numbers.values, wide: widened(numbers) };
  });
  const config = at(`${family}/config.json`);
  return {
    small: memoryFolder({ 'config.json': config, 'model.safetensors': safetensors(tensors, dtype) }),
    wide: memoryFolder({
      'config.json': config,
      'model.safetensors': safetensors(
        tensors.map(({ wide, ...tensor }) => ({ ...tensor, values: wide })),
        'F32',
      ),
    }),
  };
}

async function everything(model: Model): Promise<Map<string, Float32Array>> {
  const pending: Promise<unknown>[] = [];
  const stages = new Map<string, Float32Array>();
  const decoder = model.architecture.encoder ? { decoderIds: Int32Array.of(0, 3, 5) } : {};
  const { hidden } = await model.run(
    ids,
    (name, _, values) => pending.push(values.then((data) => stages.set(name, data))),
    [],
    decoder,
  );
  await Promise.all(pending);
  return stages.set('hidden', hidden);
}

describe.each(['gpt2', 'gpt_neox', 'llama', 'gemma2', 'albert', 'bert', 'mixtral', 'bart'])('%s', (family) => {
  it.each(['F16', 'BF16'] as const)(
    'in %s: kept as it is, and every stage has the bytes of the same numbers in F32',
    async (dtype) => {
      const { small, wide } = both(family, dtype);
      const [one, other] = [
        await loadModel(small, { tokenizer: 'none' }),
        await loadModel(wide, { tokenizer: 'none' }),
      ];
      const types = new Set([...one.parameters.values()].map(({ type }) => type));
      expect([...types].sort()).toEqual([dtype.toLowerCase(), 'f32']);
      expect(one.parameterCount).toBe(other.parameterCount);
      expect(one.fingerprint).toBe(other.fingerprint);
      for (const [name, parameter] of one.parameters) {
        const theirs = other.parameters.get(name)!;
        const [rows = 1] = parameter.shape;
        const numbers = await theirs.read();
        expect(await parameter.read(), name).toEqual(numbers);
        expect(await parameter.read(rows - 1, 1), name).toEqual(numbers.slice((rows - 1) * (numbers.length / rows)));
      }
      const [ours, theirs] = [await everything(one), await everything(other)];
      expect([...ours.keys()]).toEqual([...theirs.keys()]);
      for (const [name, numbers] of ours) expect(numbers, name).toEqual(theirs.get(name));
    },
  );
});

it('int8 with a scale for 32 numbers (Q8_0): every stage has the bytes of value · scale in f32', async () => {
  const config = {
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    vocab_size: 23,
    hidden_size: 96,
    num_hidden_layers: 2,
  };
  const sizes = {
    num_attention_heads: 3,
    num_key_value_heads: 1,
    intermediate_size: 160,
    max_position_embeddings: 16,
    rms_norm_eps: 1e-6,
  };
  const family = families.get('llama')!;
  const architecture = family.architecture(
    configReader({ ...config, ...sizes, hidden_act: 'silu', tie_word_embeddings: true }),
  );
  const sources = family.parameters(architecture, new Set());
  const tensorsIn = (small: boolean): Map<string, FileTensor> =>
    new Map(
      sources.map(({ tensor, shape }, n) => {
        const count = shape.reduce((size, length) => size * length, 1);
        const scales = Float32Array.from({ length: count / 32 }, (_, i) => (1 + (i % 7)) / 4096);
        const values = Int8Array.from({ length: count }, (_, i) => 127 * Math.sin(3.7 * i + n));
        const numbers: Numbers = { type: 'int8', values, scales, group: 32 };
        return [tensor, { shape, read: async () => (small ? numbers : { type: 'f32', values: widened(numbers) }) }];
      }),
    );
  const made = (small: boolean): Promise<Model> =>
    Model.create({
      name: '',
      family,
      architecture,
      tokenizer: null,
      metadata: {},
      parameters: takeParameters(family, sources, tensorsIn(small)),
    });
  const [one, other] = [await made(true), await made(false)];
  expect(one.fingerprint).toBe(other.fingerprint);
  // 9 bits a number instead of 32, the two vectors of norms aside.
  expect(one.parameters.get('layers.1.inner.weight')!.bytes).toBe(160 * 96 * (1 + 4 / 32));
  const [ours, theirs] = [await everything(one), await everything(other)];
  for (const [name, numbers] of ours) expect(numbers, name).toEqual(theirs.get(name));
});

describe('memory', () => {
  it('the engine holds what was estimated, in the file’s type, and the parameters once', async () => {
    const { small } = both('bert', 'BF16');
    const kernels = await wasmKernels({ threads: 1 });
    const before = kernels.bytes;
    const model = await loadModel(small, { kernels, tokenizer: 'none' });
    const { family, architecture } = model;
    const tensors = await openSafetensors(small, 'model.safetensors');
    const need = memoryNeed(family.parameters(architecture, new Set(tensors.keys())), tensors);
    const held = [...new Set(model.parameters.values())].reduce((sum, { bytes }) => sum + bytes, 0);
    expect(held).toBe(need.parameterBytes);
    expect(need.parameterCount).toBe(model.parameterCount);
    expect(need.types).toEqual(['bf16', 'f32']);
    // Beside them: what vectors are rounded up to, and the region through which pieces cross over.
    const largest = Math.max(...[...model.parameters.values()].map(({ bytes }) => bytes));
    expect(kernels.bytes - before).toBeGreaterThanOrEqual(held);
    expect(kernels.bytes - before).toBeLessThan(1.13 * held + 2 * largest);
    model.free();
  });
  it('a tensor is read when the one before it lies packed', async () => {
    const { small } = both('llama', 'F16');
    const kernels = await wasmKernels({ threads: 1 });
    const events: string[] = [];
    const place = kernels.pack;
    kernels.pack = (source) => {
      events.push('pack');
      return place(source);
    };
    const folder = {
      ...small,
      read: (name: string, start?: number, end?: number) => {
        events.push('read');
        return small.read(name, start, end);
      },
    };
    const model = await loadModel(folder, { kernels, tokenizer: 'none' });
    const maps = [...model.parameters.values()].filter(({ type }) => type === 'f16').length;
    expect(events.filter((event) => event === 'pack').length).toBe(maps);
    for (const [i, event] of events.entries()) if (event === 'pack') expect(events[i - 1]).toBe('read');
  });
  it('a checkpoint that fails on the way leaves nothing on a device', async () => {
    const kernels = await wasmKernels({ threads: 1 });
    const tensors = [...readSafetensors(at('llama/model.safetensors')).tensors].map(([name, { shape, data }]) => ({
      name,
      shape,
      values: Float32Array.from(data),
    }));
    const load = (): Promise<Model> =>
      loadModel(
        memoryFolder({ 'config.json': at('llama/config.json'), 'model.safetensors': safetensors(tensors, 'F32') }),
        { kernels, tokenizer: 'none' },
      );
    (await load()).free();
    const before = kernels.bytes;
    tensors.at(-1)!.values.fill(Number.NaN);
    for (let i = 0; i < 3; i++) await expect(load()).rejects.toThrow('holds NaN at index 0');
    expect(kernels.bytes).toBe(before);
  });
});
