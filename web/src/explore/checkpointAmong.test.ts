import { describe, expect, it } from 'vitest';
import { checkpointAmong, datedName, gathered, nameOf, parametersOf } from './checkpointAmong.ts';

const placed = (...paths: string[]) => paths.map((path) => ({ path, file: new File([], path.split('/').at(-1)!) }));
const among = (...paths: string[]) => {
  const { folder, files } = checkpointAmong(placed(...paths));
  return [folder, ...files.map((file) => file.name)];
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
  const filled = (config: string, ...paths: string[]) =>
    checkpointAmong(
      paths.map((path) => {
        const name = path.split('/').at(-1)!;
        return { path, file: new File([name === 'config.json' ? config : ''], name, { lastModified: 0 }) };
      }),
    );
  it('is called as its folder, as its config.json says, by its kind, or as its parameters’ file', async () => {
    const named = (config: string, ...paths: string[]) => nameOf(filled(config, ...paths));
    const all = ['expected.safetensors', 'config.json', 'tokenizer.json', 'model.safetensors'];
    expect(await named('{"_name_or_path": "x"}', 'a/config.json', 'a/model.safetensors')).toBe('a');
    for (const [said, name] of [
      ['/home/me/owner/tiny/', 'owner/tiny'],
      ['C:\\\\models\\\\tiny', 'models/tiny'],
      ['./tiny', 'tiny'],
      ['', 'bert'],
    ])
      expect(await named(`{"model_type": "bert", "_name_or_path": "${said}"}`, ...all)).toBe(name);
    // What stands within another config is that one's.
    expect(await named('{"encoder": {"_name_or_path": "x"}, "model_type": "t5"}', ...all)).toBe('t5');
    expect(await named('{"model_type": 1}', ...all)).toBe('model.safetensors');
    expect(await named('no config', 'config.json')).toBe('config.json');
    expect(await named('{"_name_or_path": "x"}', 'config.json', 'm.gguf')).toBe('m.gguf');
  });
  it('has its parameters where the package looks for them, and nowhere else', () => {
    const file = (...paths: string[]) => parametersOf(filled('{}', ...paths))?.name;
    expect(file('expected.safetensors', 'pytorch_model.bin', 'model.safetensors')).toBe('model.safetensors');
    expect(file('model-00001-of-00002.safetensors', 'model.safetensors.index.json')).toBe(
      'model.safetensors.index.json',
    );
    expect(file('expected.safetensors', 'pytorch_model.bin')).toBe('pytorch_model.bin');
    expect(file('expected.safetensors', 'm.gguf')).toBe('m.gguf');
    expect(file('expected.safetensors')).toBeUndefined();
  });
  it('is gathered from files that are chosen one after another; what is whole, or a folder, begins anew', () => {
    const picks = (...each: string[][]): string[] =>
      each
        .reduce<ReturnType<typeof placed>>((before, paths) => [...gathered(before, placed(...paths))], [])
        .map(({ path }) => path);
    expect(picks(['config.json'], ['tokenizer.json'], ['model.safetensors', 'config.json'], ['vocab.txt'])).toEqual([
      'model.safetensors',
      'config.json',
      'vocab.txt',
    ]);
    expect(picks(['config.json'], ['model.safetensors'], ['tokenizer.json'])).toEqual([
      'config.json',
      'model.safetensors',
      'tokenizer.json',
    ]);
    expect(picks(['config.json', 'model.safetensors'], ['other.gguf'])).toEqual(['other.gguf']);
    expect(picks(['other.gguf'], ['photo.jpg'])).toEqual(['photo.jpg']);
    expect(picks(['config.json'], ['a/config.json'])).toEqual(['a/config.json']);
    expect(picks(['a/config.json'], ['model.safetensors'])).toEqual(['model.safetensors']);
  });
  it('of two of one name, one is called with the day and time of its parameters', () =>
    expect(datedName('x', filled('{}', 'config.json', 'model.safetensors'))).toMatch(
      /^x \((1970-01-01|1969-12-31) \d\d:\d\d:00\)$/,
    ));
});
