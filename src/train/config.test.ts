import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { trainFromConfig, trainingConfig } from './config.ts';

const whole = {
  grammar: 'g.mjs',
  tokenizer: 'characters',
  output: 'out',
  steps: 2,
  batchSize: 3,
  model: { layers: 1, heads: 2, hidden: 8, inner: 12, positions: 16 },
};
/** A folder with a config, the files given, and a grammar that works. */
function place(files: Record<string, string> = {}, changes: object = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'siseon-config-'));
  const all = { 'g.mjs': "export const writeText = () => 'ab ba';", ...files };
  for (const [name, content] of Object.entries(all)) writeFileSync(join(folder, name), content);
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...whole, ...changes }));
  return folder;
}
const train = (folder: string) => trainFromConfig(join(folder, 'config.json'));

describe('training from a config', () => {
  it('takes a grammar beside the config by its bare name', async () => {
    const folder = place();
    expect((await train(folder)).output).toBe(join(folder, 'out'));
    expect(readdirSync(join(folder, 'out')).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
  });
  it('takes the defaults for what a partial corruption does not say', () => {
    const parsed = trainingConfig.parse({ ...whole, corruption: { masked: 0.5 } });
    expect(parsed.corruption).toEqual({ chosen: 0.2, masked: 0.5, replaced: 0.45 });
    expect(trainingConfig.parse(whole).corruption).toEqual({ chosen: 0.2, masked: 0.4, replaced: 0.45 });
  });
  it.each([
    [
      'a grammar that throws',
      { 'g.mjs': "export const writeText = () => { throw new Error('boom'); };" },
      {},
      'badGrammar',
      'g.mjs failed while it wrote a text: boom.',
    ],
    [
      'a grammar that stops writing',
      { 'g.mjs': "let n = 0; export const writeText = () => (n++ < 4 ? 'ab' : 5);" },
      {},
      'badGrammar',
      'got number from writeText',
    ],
    ['a grammar that is not there', {}, { grammar: './no.mjs' }, 'cannotRead', /cannot load the module .*no\.mjs/],
    [
      'parts that are more than the whole',
      {},
      { corruption: { masked: 0.9 } },
      'badConfig',
      'corruption.masked: with replaced',
    ],
    ['a tokenizer that is not JSON', { 't.json': '{' }, { tokenizer: 't.json' }, 'badJson', /t\.json is not JSON/],
    [
      'a tokenizer of no kind',
      { 't.json': '{"model":{}}' },
      { tokenizer: 't.json' },
      'unknownTokenizer',
      /^t\.json: .*"characters"/,
    ],
    ['an output that is a file', {}, { output: 'g.mjs' }, 'cannotWrite', 'a file of that name is there'],
    ['an output below a file', {}, { output: 'g.mjs/x/y' }, 'cannotWrite', 'a file of that name is there'],
    // Node 20's own recursive mkdir never comes back from there.
    [
      'an output where nothing can be made',
      {},
      { output: '/proc/siseon/out' },
      'cannotWrite',
      'cannot make the folder /proc/siseon/out',
    ],
  ] as const)('%s is refused, and nothing is written', async (_, files, changes, code, said) => {
    const folder = place(files, changes);
    const before = readdirSync(folder);
    const training = train(folder);
    await expect(training).rejects.toMatchObject({ code });
    await expect(training).rejects.toThrow(said);
    expect(readdirSync(folder)).toEqual(before);
  });
  it('names the user’s file and what has to stand where, if a vocabulary lacks its special tokens', async () => {
    const first = place();
    await train(first);
    const written = readFileSync(join(first, 'out', 'tokenizer.json'), 'utf8');
    const tokenizer = JSON.parse(written) as { added_tokens: object[]; model: { vocab: Record<string, number> } };
    tokenizer.added_tokens = [];
    Object.assign(tokenizer.model.vocab, { '[SEP]': 4, '[MASK]': 3 });
    const training = train(place({ 'mine.json': JSON.stringify(tokenizer) }, { tokenizer: 'mine.json' }));
    await expect(training).rejects.toMatchObject({ code: 'badTokenizer' });
    await expect(training).rejects.toThrow(
      'mine.json: the id of [SEP]: expected 3 ([PAD] [UNK] [CLS] [SEP] [MASK] are 0 to 4), got 4',
    );
  });
});
