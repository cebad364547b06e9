/** A model that takes its time: the tiny llama of test/families with its layers repeated and room for long texts. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors, writeSafetensors } from '../src/model/index.ts';

const tiny = new URL('./families/llama/', import.meta.url);

/** Writes it into a folder of its own, whose path comes back. */
export function deepModel(layers: number, positions: number): string {
  const config = JSON.parse(readFileSync(new URL('config.json', tiny), 'utf8')) as Record<string, unknown>;
  const { tensors } = readSafetensors(readFileSync(new URL('model.safetensors', tiny)));
  const repeated = [...tensors].flatMap(([name, { shape, data }]) => {
    const [, before, layer, after] = /^(.*layers\.)(\d+)(\..*)$/.exec(name) ?? [];
    if (layer === undefined) return [{ name, shape, data: Float32Array.from(data) }];
    if (layer !== '0') return [];
    return Array.from({ length: layers }, (_, n) => ({
      name: `${before}${n}${after}`,
      shape,
      data: Float32Array.from(data),
    }));
  });
  const folder = mkdtempSync(join(tmpdir(), 'siseon-deep-'));
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({ ...config, num_hidden_layers: layers, max_position_embeddings: positions }),
  );
  writeFileSync(join(folder, 'model.safetensors'), writeSafetensors(repeated));
  return folder;
}

/** Ids that fill its positions. */
export const longText = (positions: number): { ids: number[] } => ({
  ids: Array.from({ length: positions }, (_, i) => (5 * i + 3) % 13),
});
