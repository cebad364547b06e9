import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readSafetensors, writeSafetensors } from '../src/model/index.ts';

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const shipped = fileURLToPath(new URL('../models/ko', import.meta.url));
const story = '철수가 사과를 맛있게 먹었다';

/** Runs the built program as a person would. */
function siseon(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    env: { ...process.env, LANG: 'C', LC_ALL: '' },
  });
  expect(stderr).not.toMatch(/\n\s+at /);
  return { status, stdout, stderr };
}
const folder = (): string => mkdtempSync(join(tmpdir(), 'siseon-cli-'));
function modelCopy(): string {
  const copy = folder();
  for (const file of ['config.json', 'model.safetensors', 'tokenizer.json'])
    cpSync(join(shipped, file), join(copy, file));
  return copy;
}

describe('siseon TEXT', () => {
  it('prints the three steps in the language of the text', () => {
    const { status, stdout } = siseon(story);
    expect(status).toBe(0);
    for (const part of ['1단계', '2단계', '3단계', '사과를', 'cos']) expect(stdout).toContain(part);
    expect(stdout).not.toContain('\x1b');
    expect(siseon(story, '--lang', 'en').stdout).toContain('Step 1');
  });
  it('prints JSON as documented', () => {
    const seen = JSON.parse(siseon(story, '--json', '--all').stdout) as {
      keys: { weight: number }[];
      matrix: { weights: number[][] };
    };
    expect(Object.keys(seen)).toEqual(
      expect.arrayContaining(['model', 'text', 'words', 'layer', 'head', 'query', 'keys']),
    );
    expect(Math.abs(seen.keys.reduce((sum, { weight }) => sum + weight, 0) - 1)).toBeLessThan(1e-6);
    expect(seen.matrix.weights.length).toBe(6);
  });
  it('reads odd characters with a notice on stderr', () => {
    const { status, stderr } = siseon('철수가 🍎를 먹었다');
    expect(status).toBe(0);
    expect(stderr).toContain('🍎');
  });
  it('says of signs that nobody sees that they are there, once each, and that alone they are no text', () => {
    const { status, stderr } = siseon('철수가 사\u200b과를 먹\u200b었다\u2060');
    expect(status).toBe(0);
    expect(stderr).toMatch(/U\+200B\S* .*모두 2번 나와요/);
    expect(stderr).toContain('U+2060');
    expect(stderr.trim().split('\n')).toHaveLength(2);
    expect(siseon('\u200b')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/error: .*U\+200B/),
    });
    expect(siseon('\u2060', '--lang', 'ko').stderr).toContain('눈에 보이지 않는 글자(U+2060)만');
  });
  it('looks at a word that is nearly a command, and says so', () => {
    const { status, stdout, stderr } = siseon('inof');
    expect([status, stderr]).toEqual([0, expect.stringContaining('siseon info')]);
    expect(stdout).toContain('inof');
  });
  it('looks at a word that is also a command, behind --', () => expect(siseon('--', 'info').stdout).toContain('info'));
  it('writes a picture, whole or not at all', () => {
    const target = folder();
    expect(siseon(story, '--svg', join(target, 'x.svg')).status).toBe(0);
    expect(readFileSync(join(target, 'x.svg'), 'utf8')).toMatch(/^<svg.*<\/svg>\n$/s);
    const failed = siseon(story, '--svg', join(target, 'no', 'x.svg'));
    expect(failed.status).toBe(1);
    expect(failed.stderr).toContain('쓸 수 없어요');
    mkdirSync(join(target, 'folder.svg'));
    expect(siseon(story, '--svg', join(target, 'folder.svg')).status).toBe(1);
    const png = siseon('flow', story, '--svg', join(target, 'x.png'));
    expect([png.status, png.stderr]).toEqual([2, expect.stringContaining('.svg')]);
    expect(readdirSync(target).sort()).toEqual(['folder.svg', 'x.svg']);
  });
  it.skipIf(!existsSync('/dev/full'))('says why where what it prints finds no room', () => {
    const full = openSync('/dev/full', 'w');
    for (const [language, said] of [
      ['en', 'error: cannot write to the standard output: '],
      ['ko', '오류: 표준 출력에 쓸 수 없어요: '],
    ] as const) {
      const { status, stderr } = spawnSync(process.execPath, [main, 'info', '--lang', language], {
        encoding: 'utf8',
        stdio: ['ignore', full, 'pipe'],
      });
      expect([status, stderr]).toEqual([1, expect.stringContaining(said)]);
    }
  });
});

it('pair, lookup, info and trace print and save', () => {
  expect(siseon('pair', story, '먹었다', '사과를').stdout).toContain('Σ q × k');
  expect(JSON.parse(siseon('lookup', '사과', '영화', '사과', '--json').stdout).entries.length).toBe(2);
  expect(JSON.parse(siseon('info', '--json').stdout)).toMatchObject({ family: 'bert', layerCount: 2 });
  const file = join(folder(), 'x.safetensors');
  expect(siseon('trace', '--ids', '2,100,3', '--stages', 'layers.0.weights,logits', '--save', file).status).toBe(0);
  expect([...readSafetensors(readFileSync(file)).tensors.keys()]).toEqual(['layers.0.weights', 'logits', 'ids']);
});

it('train makes a model that siseon loads', () => {
  const place = modelCopy();
  writeFileSync(join(place, 'texts.txt'), '철수가 밥을 먹었다\n영희가 책을 읽었다\n');
  writeFileSync(
    join(place, 'train.json'),
    JSON.stringify({
      texts: 'texts.txt',
      tokenizer: 'tokenizer.json',
      output: 'out',
      steps: 3,
      batchSize: 4,
      model: { layers: 1, heads: 2, hidden: 8, inner: 16, positions: 32 },
    }),
  );
  expect(siseon('train', join(place, 'train.json')).status).toBe(0);
  expect(siseon('철수가 밥을 먹었다', '--model', join(place, 'out')).status).toBe(0);
  writeFileSync(join(place, 'train.json'), JSON.stringify({ stepz: 3 }));
  const wrong = siseon('train', join(place, 'train.json'));
  expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining('stepz')]);
  const uneven = { layers: 1, heads: 3, hidden: 8, inner: 16, positions: 32 };
  writeFileSync(
    join(place, 'train.json'),
    JSON.stringify({ texts: 'texts.txt', tokenizer: 'tokenizer.json', output: 'out', steps: 3, model: uneven }),
  );
  const narrow = siseon('train', join(place, 'train.json'));
  expect([narrow.status, narrow.stderr]).toEqual([2, expect.stringContaining('model.hidden: has to be a multiple')]);
});

it('lookup without tags asks the library that comes along, contents and their parts included', () => {
  const { entries } = JSON.parse(siseon('lookup', '사과 요리법에 대해 알고 싶어', '--json').stdout) as {
    entries: { tag: string; content: string; part: number }[];
  };
  expect(entries.map(({ tag }) => tag)).toEqual(['과일 요리', '전자제품', '운동법', '디저트']);
  for (const { content } of entries) expect(content.length).toBeGreaterThan(10);
  expect(Math.abs(entries.reduce((sum, { part }) => sum + part, 0) - 1)).toBeLessThan(1e-5);
});

describe('training on a grammar of one’s own', () => {
  const config = {
    grammar: './grammar.mjs',
    tokenizer: 'characters',
    output: 'out',
    steps: 4,
    batchSize: 4,
    keepEvery: 2,
    model: { layers: 1, heads: 2, hidden: 8, inner: 16, positions: 16 },
  };
  const withGrammar = (code: string, more: object = {}): string => {
    const place = folder();
    writeFileSync(join(place, 'grammar.mjs'), code);
    writeFileSync(join(place, 'config.json'), JSON.stringify({ ...config, ...more }));
    return place;
  };
  const sorting = readFileSync(new URL('../examples/sorting/grammar.mjs', import.meta.url), 'utf8');
  it('makes a tokenizer of its characters, and the model reads them', () => {
    const place = withGrammar(sorting);
    const { status, stderr } = siseon('train', join(place, 'config.json'));
    expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
    expect(siseon('dbcaab aabbcd', '--model', join(place, 'out')).status).toBe(0);
    expect(readdirSync(join(place, 'out')).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
  });
  it('keeps the models of moments on the way, which compare holds against each other', () => {
    const place = withGrammar(sorting, { checkpoints: [1, 3] });
    expect(siseon('train', join(place, 'config.json')).status).toBe(0);
    expect(readdirSync(join(place, 'out')).sort()).toEqual([
      'config.json',
      'model.safetensors',
      'step-1',
      'step-3',
      'tokenizer.json',
    ]);
    const compared = siseon(
      'compare',
      'dbcaab',
      '--model',
      join(place, 'out', 'step-1'),
      '--with',
      join(place, 'out'),
      '--json',
    );
    const { stages } = JSON.parse(compared.stdout) as { stages: { name: string; distance: number }[] };
    for (const { distance } of stages) expect(distance).toBeGreaterThan(0);
    const late = withGrammar(sorting, { checkpoints: [5] });
    const refused = siseon('train', join(late, 'config.json'), '--lang', 'en');
    expect([refused.status, refused.stderr]).toEqual([
      2,
      expect.stringContaining('checkpoints: have to be within steps'),
    ]);
  });
  it('writes the picture that is asked for beside the numbers, wherever there are both', () => {
    const place = folder();
    const story = ['철수가 사과를 먹었다'];
    for (const command of [
      ['why', ...story, '먹었다', '사과를'],
      ['layer', ...story],
      ['predict', ...story],
      ['flow', ...story],
      ['ablate', ...story],
      ['patch', ...story, '철수가 수박을 먹었다'],
      ['compare', ...story, '철수가 수박을 먹었다'],
    ]) {
      const picture = join(place, `${command[0]}.svg`);
      const { status, stdout } = siseon(...command, '--json', '--svg', picture);
      expect(status, command[0]).toBe(0);
      expect(typeof JSON.parse(stdout)).toBe('object');
      expect(readFileSync(picture, 'utf8')).toMatch(/^<svg[\s\S]*<\/svg>\s*$/);
    }
  });
  it.each([
    ['a grammar that writes nothing', 'export const other = 1;', {}, 'writes no texts'],
    ['a grammar that is no module', 'export const (', {}, 'cannot load the module'],
    [
      'a vocabulary too small',
      "export const writeText = () => 'ab 한';",
      { tokenizer: 'tokenizer.json' },
      'no token for',
    ],
    ['a text too long', "export const writeText = () => 'abcdefghijklmnopqrstuvw';", {}, 'at most 16 tokens'],
    ['neither texts nor grammar', sorting, { grammar: undefined }, 'either texts or grammar'],
  ])('%s is refused', (_, code, more, message) => {
    const place = withGrammar(code, more);
    const first = withGrammar("export const writeText = () => 'ab';");
    if ('tokenizer' in more) {
      expect(siseon('train', join(first, 'config.json')).status).toBe(0);
      writeFileSync(join(place, 'tokenizer.json'), readFileSync(join(first, 'out', 'tokenizer.json')));
    }
    const { status, stderr } = siseon('train', join(place, 'config.json'));
    expect([status === 0, stderr]).toEqual([false, expect.stringContaining(message)]);
  });
});

describe('what was typed wrongly exits with 2', () => {
  it.each([
    ['empty text', [' '], 'no text'],
    ['two words without quotes', ['철수가', '먹었다'], 'siseon "철수가 먹었다"'],
    ['the same in English', ['he', 'ate', '--lang', 'en'], 'A sentence goes in quotes: siseon "he ate"'],
    ['a word that is not there', [story, '--query', '사과'], '사과를'],
    ['a word that occurs twice', ['사과를 사과를 먹었다', '--query', '사과를'], '0 또는 1'],
    ['too long a text', ['먹었다 '.repeat(200)], '602토큰'],
    ['a layer that is not there', [story, '--layer', '9'], '0부터 1까지'],
    ['a negative head', [story, '--head', '-1'], '0부터 세는 정수'],
    ['heads that are none', ['ablate', story, '--heads', 'abc'], '점으로 이어'],
    ['an unknown option', [story, '--nothing'], '모르는 옵션'],
    ['trace without a text', ['trace', '--save', 'x.npz'], 'needs a text or --ids'],
    ['a format that is not there', ['trace', story, '--save', 'x.txt'], '.safetensors, .npz, .json, .parquet'],
    ['a report that is no page', ['report', story, '--save', 'x.txt', '--lang', 'en'], 'a name ending in .html'],
    ['a stage that is not there', ['trace', story, '--stages', 'nothing', '--save', 'x.npz'], '단계가 없어요'],
    ['a temperature that is none', ['lookup', '사과', '--temperature', '0'], '0보다 큰 수'],
    ['ids outside of the vocabulary', ['trace', '--ids', '99999999', '--save', 'x.npz'], 'not in the vocabulary'],
    ['nothing at all', [], 'missing required argument'],
  ] as const)('%s', (_, args, said) => {
    const { status, stderr } = siseon(...args);
    expect(stderr).toContain(said);
    expect(status).toBe(2);
  });
});

describe('what is broken exits with 1', () => {
  it('a folder without config.json', () => {
    const { status, stderr } = siseon(story, '--model', folder());
    expect([status, stderr]).toEqual([1, expect.stringContaining('config.json')]);
  });
  it('a truncated parameter file', () => {
    const copy = modelCopy();
    truncateSync(join(copy, 'model.safetensors'), 5000);
    const { status, stderr } = siseon(story, '--model', copy);
    expect([status, stderr]).toEqual([1, expect.stringContaining('safetensors')]);
  });
  it.each([
    ['missing', 'bert.embeddings.LayerNorm.bias가 없어요'],
    ['misshapen', 'bert.embeddings.LayerNorm.bias의 모양이 [3]인데 [96]이 와야 해요'],
    ['unexpected', 'extra는 여기 있을 것이 아니에요'],
    ['NaN', '5번째 수가 NaN이에요'],
  ])('a %s parameter', (fault, said) => {
    const copy = modelCopy();
    const file = join(copy, 'model.safetensors');
    const tensors = [...readSafetensors(readFileSync(file)).tensors].map(([name, { shape, data }]) => ({
      name,
      shape,
      data,
    }));
    const at = tensors.findIndex(({ name }) => name === 'bert.embeddings.LayerNorm.bias');
    if (fault === 'missing') tensors.splice(at, 1);
    if (fault === 'misshapen') tensors[at] = { ...tensors[at]!, shape: [3], data: new Float32Array(3) };
    if (fault === 'unexpected') tensors.push({ name: 'extra', shape: [1], data: new Float32Array(1) });
    if (fault === 'NaN') tensors[at]!.data[5] = Number.NaN;
    writeFileSync(file, writeSafetensors(tensors));
    const { status, stderr } = siseon(story, '--model', copy);
    expect(stderr).toContain(said);
    expect(status).toBe(1);
  });
});
