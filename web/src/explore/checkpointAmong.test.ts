import { describe, expect, it } from 'vitest';
import { checkpointAmong, nameOf } from './checkpointAmong.ts';

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
  it('is called as its folder, as its config.json says, or as its largest file', async () => {
    const named = (config: string, ...paths: string[]) =>
      nameOf(
        checkpointAmong(
          paths.map((path, i) => {
            const name = path.split('/').at(-1)!;
            return { path, file: new File([name === 'config.json' ? config : 'x'.repeat(i)], name) };
          }),
        ),
      );
    expect(await named('{"_name_or_path": "/home/me/owner/tiny/"}', 'config.json', 'model.safetensors')).toBe(
      'owner/tiny',
    );
    expect(await named('{"_name_or_path": "x"}', 'a/config.json', 'a/model.safetensors')).toBe('a');
    expect(
      await named('{"_name_or_path": ""}', 'config.json', 'tokenizer.json', 'a.safetensors', 'b.safetensors'),
    ).toBe('b.safetensors');
    expect(await named('no config', 'config.json')).toBe('config.json');
    expect(await named('{"_name_or_path": "x"}', 'config.json', 'm.gguf')).toBe('m.gguf');
  });
});
