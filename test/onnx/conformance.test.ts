import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runConformance } from '../../src/attention/conformance.ts';
import { referenceKernels, wasmKernels } from '../../src/kernels/index.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const text = readFileSync(at('./cases.jsonl'), 'utf8');
const first = text.slice(0, text.indexOf('\n'));

describe.each([
  ['reference', async () => referenceKernels()],
  ['wasm', wasmKernels],
] as const)('ONNX conformance on the %s device', (_, start) => {
  it('passes all 103 cases (1e-6 + 1e-5 · |b|; half precision 1e-3 + 1e-2 · |b|)', async () => {
    const results = await runConformance(text, await start());
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
    expect(results).toHaveLength(103);
  });

  // Random attributes, masks, windows, caches, half and double precision, ∞ and NaN; expected numbers from the ONNX reference
  // implementation in NumPy 1.24 (single precision throughout), with masks of one row repeated for each query beforehand.
  it('passes the adversarial cases within the same tolerance', async () => {
    const results = await runConformance(readFileSync(at('./adversarial.jsonl'), 'utf8'), await start());
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
    expect(results.length).toBeGreaterThan(100);
  });
});

describe('the conformance runner', () => {
  const change = (edit: (fields: Record<string, unknown>) => void): string => {
    const fields = JSON.parse(first) as Record<string, unknown>;
    edit(fields);
    return JSON.stringify(fields);
  };
  const failing = async (line: string) => (await runConformance(line, referenceKernels()))[0]!;

  it.each([
    ['broken JSON', '{"name": ', /JSON/],
    ['a line that is no object', '[1]', /not an object/],
    [
      'an unknown operator',
      change((fields) => {
        fields.op = 'Conv';
      }),
      /no operator Conv/,
    ],
    [
      'an unknown attribute',
      change((fields) => {
        fields.attributes = { sale: 1 };
      }),
      /no attribute sale/,
    ],
    [
      'absent tensors',
      change((fields) => {
        fields.inputs = {};
      }),
      /tensor Q is absent/,
    ],
    [
      'too few bytes',
      change((fields) => {
        fields.inputs = { Q: { dtype: 'float32', shape: [2], data: 'AAAA' } };
      }),
      /number of bytes/,
    ],
    [
      'no outputs',
      change((fields) => {
        fields.output_slots = [];
      }),
      /no output/,
    ],
  ])('fails %s, with its reason', async (_, line, reason) => {
    const result = await failing(line);
    expect(result).toMatchObject({ line: 1, passed: false });
    expect(result.reason).toMatch(reason);
  });

  it('measures the largest error of a case that misses', async () => {
    const wrong = JSON.parse(first) as { outputs: { Y: { shape: number[]; data: string } } };
    const numbers = new Float32Array(new Uint8Array(Buffer.from(wrong.outputs.Y.data, 'base64')).buffer);
    numbers[5]! += 0.25;
    wrong.outputs.Y.data = Buffer.from(numbers.buffer).toString('base64');
    const result = await failing(JSON.stringify(wrong));
    expect(result.passed).toBe(false);
    expect(result.error).toBeCloseTo(0.25, 5);
    numbers[5] = NaN;
    wrong.outputs.Y.data = Buffer.from(numbers.buffer).toString('base64');
    expect((await failing(JSON.stringify(wrong))).error).toBe(Infinity);
  });

  it('skips empty lines and counts them', async () => {
    const results = await runConformance(`\n${first}\r\n\nnonsense\n`, referenceKernels());
    expect(results.map(({ line, passed }) => [line, passed])).toEqual([
      [2, true],
      [4, false],
    ]);
  });
});

describe.runIf(existsSync(at('../../dist/attention/index.js')))('scripts/conformance.mjs', () => {
  const script = at('../../scripts/conformance.mjs');
  const run = (args: string[], cwd: string) => {
    const { INIT_CWD: _, ...env } = process.env;
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { cwd, env, encoding: 'utf8' });
    return { status, lines: stdout.trim().split('\n'), stderr };
  };

  it('ends with the counts, finding the file from where it is called', () => {
    const { status, lines } = run(['cases.jsonl'], at('.'));
    expect([status, lines.at(-1)]).toEqual([0, '103 passed, 0 failed']);
  });

  it('exits with 1 and names the line that fails', () => {
    const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
    writeFileSync(join(folder, 'mixed.jsonl'), `${first}\n{"name":\n`);
    const { status, lines } = run(['mixed.jsonl'], folder);
    expect([status, lines.at(-1)]).toEqual([1, '1 passed, 1 failed']);
    expect(lines[0]).toContain('line 2');
  });

  it('exits with 2 without a file, and without that file', () => {
    expect(run([], tmpdir()).status).toBe(2);
    expect(run(['nowhere.jsonl'], tmpdir()).status).toBe(2);
  });
});
