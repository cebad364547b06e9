import { expect, it } from 'vitest';
import { type Activation, wasmKernels } from '../kernels/index.ts';
import { operations, packedTensor, read, scope, tensor } from './index.ts';

const kernels = await wasmKernels({ threads: 2 });
const waves = (length: number, factor: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => 3 * Math.sin(factor * i * i));

it.each(['gelu', 'geluTanh', 'relu', 'silu', 'tanh'] as const)(
  'a linear map with %s in the same pass has the bytes of one after the other, packed or not, for every remainder',
  async (kind: Activation) => {
    for (const [rows, inputs, outputs] of [
      [1, 5, 3],
      [2, 300, 33],
      [5, 19, 12],
      [7, 1030, 41],
      [66, 67, 70],
    ] as const) {
      const weight = waves(outputs * inputs, 0.37).map((number) => number / Math.sqrt(inputs));
      for (const own of [
        tensor(kernels, [outputs, inputs], weight),
        packedTensor(kernels, [outputs, inputs], { type: 'f32', values: weight }),
      ]) {
        const [one, other] = scope(kernels, () => {
          const o = operations(kernels);
          const [x, bias] = [
            o.constant([rows, inputs], waves(rows * inputs, 0.11)),
            o.constant([outputs], waves(outputs, 0.7)),
          ];
          return [read(o.linear(x, own, bias, kind)), read(o.activate(kind, o.linear(x, own, bias)))];
        });
        expect(await one, `${rows} × ${inputs} × ${outputs}`).toEqual(await other);
      }
    }
  },
);
