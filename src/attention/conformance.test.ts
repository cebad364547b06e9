import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { referenceKernels, wasmKernels } from '../kernels/index.ts';
import { runConformance } from './conformance.ts';

const file = readFileSync(new URL('../../test/onnx/cases.jsonl', import.meta.url), 'utf8');

describe.each([['wasm', wasmKernels], ['reference', async () => referenceKernels()]] as const)('ONNX conformance on the %s device', async (_, device) => {
  const results = await runConformance(file, await device());
  it('reads every case', () => expect(results.length).toBe(103));
  it.each(results.map((result) => [result.name, result] as const))('%s: |a − b| ≤ 1e-6 + 1e-5 |b|, ∞ and NaN in the same places', (_name, result) => {
    expect(result.reason).toBeNull();
    expect(result.passed).toBe(true);
  });
});

describe('a conformance file with faults', () => {
  it('fails the broken line, the unknown operator and the wrong number, by name', async () => {
    const [first = ''] = file.split('\n');
    const wrong = JSON.parse(first) as { name: string; outputs: { Y: { data: string } } };
    wrong.name = 'altered';
    wrong.outputs.Y.data = btoa(String.fromCharCode(...new Uint8Array(new Float32Array(192).fill(9).buffer)));
    const results = await runConformance(['{"name":', first.replace('"op": "Attention"', '"op": "Nothing"').replace('"op":"Attention"', '"op":"Nothing"'), JSON.stringify(wrong), first].join('\n'));
    expect(results.map(({ name, passed }) => [name, passed])).toEqual([['line 1', false], ['test_attention_4d', false], ['altered', false], ['test_attention_4d', true]]);
    expect(results[1]!.reason).toContain('Nothing');
    expect(results[2]!.largestError).toBeGreaterThan(1);
  });
});
