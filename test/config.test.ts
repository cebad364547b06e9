import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadModel, readConfig } from '../src/model/index.ts';
import { memoryFolder, SiseonError } from '../src/platform/index.ts';

const folder = new URL('./families/', import.meta.url);
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('__'))
  .map((entry) => entry.name);
const wrong = [null, undefined, -1, 0, 7, 1.5, 1e9, 1e300, '', 'x', [], ['x'], {}, true, '__proto__'];
const others = [
  'rope_scaling',
  'rope_parameters',
  'id2label',
  'num_labels',
  'layer_types',
  'head_dim',
  'sliding_window',
];

/** Where fields are, those of objects and lists among them. */
function fieldsOf(value: object, at: readonly string[] = []): string[][] {
  return Object.entries(value).flatMap(([key, inner]) => [
    [...at, key],
    ...(typeof inner === 'object' && inner !== null ? fieldsOf(inner, [...at, key]) : []),
  ]);
}

/** A copy with the field at `path` set, or taken away. */
function changed(config: string, path: readonly string[], value: unknown): Record<string, unknown> {
  const copy = JSON.parse(config) as Record<string, unknown>;
  let holder = copy;
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string, unknown>;
  const last = path.at(-1)!;
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return copy;
}

/** Every field of a tiny checkpoint's config.json with each value. */
function cases(name: string, values: readonly unknown[]): { what: string; config: Record<string, unknown> }[] {
  const config = readFileSync(new URL(`${name}/config.json`, folder), 'utf8');
  const paths = [...fieldsOf(JSON.parse(config)), ...others.map((field) => [field])];
  return paths.flatMap((path) =>
    values.map((value) => ({
      what: `${path.join('.')} = ${JSON.stringify(value)}`,
      config: changed(config, path, value),
    })),
  );
}

describe('a config.json with a wrong value in one field is read, or refused with an error of ours', () => {
  it.each(names)('%s', (name) => {
    let refused = 0;
    for (const { what, config } of cases(name, wrong))
      try {
        const { family, architecture } = readConfig(config);
        expect(family.parameters(architecture, new Set()).length, what).toBeGreaterThan(3);
      } catch (error) {
        expect(error, what).toBeInstanceOf(SiseonError);
        refused++;
      }
    expect(refused).toBeGreaterThan(50);
  });
});

it.each(['phi3', 'bert', 't5'])('%s: where the parameters fit all the same, the numbers are finite', async (name) => {
  const parameters = new Uint8Array(readFileSync(new URL(`${name}/model.safetensors`, folder)));
  let ran = 0;
  for (const { what, config } of cases(name, [undefined, -1, 0, 3, 'x']))
    try {
      const files = { 'config.json': JSON.stringify(config), 'model.safetensors': parameters };
      const model = await loadModel(memoryFolder(files), { tokenizer: 'none' });
      const { positionCount, encoder } = model.architecture;
      const ids = Int32Array.of(1, 5, 2).slice(0, positionCount);
      const { hidden } = await model.run(ids, undefined, [], encoder ? { decoderIds: ids } : {});
      expect(hidden.every(Number.isFinite), what).toBe(true);
      ran++;
    } catch (error) {
      expect(error, what).toBeInstanceOf(SiseonError);
    }
  expect(ran).toBeGreaterThan(5);
});
