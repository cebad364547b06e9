import { describe, expect, it } from 'vitest';
import { checkpointAmong } from './checkpointAmong.ts';

const placed = (...paths: string[]) => paths.map((path) => ({ path, file: new File([], path.split('/').at(-1)!) }));
const among = (...paths: string[]) => {
  const { name, files } = checkpointAmong(placed(...paths));
  return [name, ...files.map((file) => file.name)];
};

describe('the checkpoint among dropped files', () => {
  it('is the folder that has a config.json or a .gguf file, by its name, wherever it lies', () => {
    expect(among('a/config.json', 'a/model.safetensors')).toEqual(['a', 'config.json', 'model.safetensors']);
    expect(among('up/a/m.gguf', 'up/notes.txt')).toEqual(['a', 'm.gguf']);
  });
  it('leaves out what lies in folders below it', () =>
    expect(among('a/config.json', 'a/1_Pooling/config.json', 'a/onnx/model.onnx', 'a/model.safetensors')).toEqual([
      'a',
      'config.json',
      'model.safetensors',
    ]));
  it('files without a folder have no name of their own', () =>
    expect(among('config.json', 'model.safetensors')).toEqual([null, 'config.json', 'model.safetensors']));
  it('gives all back where nothing is a checkpoint', () =>
    expect(among('a/notes.txt', 'a/b/model.safetensors')).toEqual(['a', 'notes.txt', 'model.safetensors']));
  it('refuses two that stand side by side, with their paths', () =>
    expect(() => among('up/b/config.json', 'up/a/config.json', 'up/a/model.safetensors')).toThrow(
      expect.objectContaining({ code: 'severalCheckpoints', details: { paths: 'up/a, up/b' } }),
    ));
});
