import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { importanceNames } from '../src/lens/index.ts';
import { writeNpz } from '../src/model/index.ts';

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const example = fileURLToPath(new URL('../models/ko/evaluation/treebank.example.conllu', import.meta.url));
const story = '철수가 사과를 맛있게 먹었다';
const folder = mkdtempSync(join(tmpdir(), 'siseon-lens-'));

/** Runs the built program as a person would. */
function siseon(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    env: { ...process.env, LANG: 'C', LC_ALL: '' },
  });
  expect(stderr).not.toMatch(/\n\s+at /);
  return { status, stdout, stderr };
}

describe('siseon heads', () => {
  it('measures a treebank, as table, JSON and picture', () => {
    const svg = join(folder, 'heads.svg');
    // One sentence to choose by, one to report.
    const twice = join(folder, 'twice.conllu');
    writeFileSync(twice, readFileSync(example, 'utf8').repeat(2));
    expect(siseon('heads', '--treebank', example, '--lang', 'en').stderr).toContain('in two sentences');
    const { status, stdout } = siseon('heads', '--treebank', twice, '--least', '1', '--svg', svg);
    expect(status).toBe(0);
    for (const part of ['obj', 'nsubj', 'blind']) expect(stdout).toContain(part);
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg.*<\/svg>\n$/s);
    const report = JSON.parse(siseon('heads', '--treebank', twice, '--json').stdout) as { rows: { count: number }[] };
    expect(report.rows.length).toBeGreaterThan(0);
  });
  it('names the line of a broken treebank', () => {
    const broken = join(folder, 'broken.conllu');
    writeFileSync(broken, readFileSync(example, 'utf8').replace('\t3\tobj', '\t9\tobj'));
    const { status, stderr, stdout } = siseon('heads', '--treebank', broken);
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/broken\.conllu, line \d+: a head that is not there/);
  });
  it('measures texts, a row a head', () => {
    const texts = join(folder, 'texts.txt');
    writeFileSync(texts, `${story}\n영희가 책을 읽었다\n동생이 물을 마셨다\n할머니께서 밥을 드셨다\n`);
    const { status, stdout } = siseon('heads', '--texts', texts, '--lang', 'en');
    expect(status).toBe(0);
    expect(stdout).toContain('L1·H2');
  });
});

describe('siseon open and report', () => {
  it('opens a trace that it saved, as table and as one head’s square', () => {
    const file = join(folder, 'gaze.safetensors');
    expect(siseon('trace', story, '--save', file).status).toBe(0);
    expect(siseon('open', file).stdout.replace(/\s+/g, ' ')).toContain('2 × 3 layers × heads');
    expect(siseon('open', file, '--layer', '1', '--head', '2').stdout).toContain('layer 1, head 2');
    const odd = join(folder, 'odd.npz');
    const rows = Float32Array.of(1, 0, 0.5, 0.5, 1, 0, 0.5, 1.5);
    writeFileSync(odd, writeNpz([{ name: 'attentions.0', shape: [2, 2, 2], data: rows }]));
    for (const [head, sums] of [
      ['0', 'Every row sums to 1.'],
      ['1', 'Not every row sums to 1.'],
    ] as const) {
      const picture = join(folder, `odd${head}.svg`);
      const { stdout } = siseon('open', odd, '--layer', '0', '--head', head, '--lang', 'en', '--svg', picture);
      expect(stdout.replace(/\s+/g, ' ')).toContain('Some rows do not sum to 1 (largest difference 1.0e+0).');
      expect(readFileSync(picture, 'utf8')).toContain(sums);
    }
    expect(siseon('open', file, '--layer', '9').stderr).toContain('there is no layer 9');
    expect(siseon('open', file, '--batch', '1').stderr).toContain('there is no text 1');
    const json = join(folder, 'gaze.json');
    expect(siseon('trace', story, '--save', json).status).toBe(0);
    const patterns = (path: string): unknown =>
      (JSON.parse(siseon('open', path, '--json').stdout) as { patterns: unknown }).patterns;
    expect(patterns(json)).toEqual(patterns(file));
  });
  it('writes one file that fetches nothing', () => {
    const file = join(folder, 'gaze.html');
    expect(siseon('report', story, '--save', file).status).toBe(0);
    const html = readFileSync(file, 'utf8');
    expect(html).toContain('사과를');
    expect(html).not.toMatch(/(src|href)=|@import|url\(/);
  });
});

describe('interfering', () => {
  it('ablates, patches, compares and follows, in tables and pictures', () => {
    const svg = join(folder, 'ablate.svg');
    const ablated = siseon('ablate', story, '--lang', 'en', '--svg', svg).stdout;
    expect(ablated).toContain('The strongest');
    // What it asks the model to say is not hidden from it, as `predict` would; a text with a mask has it hidden.
    expect(ablated).toContain('먹 predicted at token 7 (먹, in sight)');
    const masked = siseon('ablate', '철수가 사과를 맛있게 [MASK]', '--at', '[MASK]', '--lang', 'en').stdout;
    expect(masked).toMatch(/predicted at token 7 \(\[MASK\]\)/);
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg.*<\/svg>\n$/s);
    expect(
      siseon('patch', story, '철수가 수박을 맛있게 먹었다', '--at', '먹었다', '--lang', 'en', '--approximate').status,
    ).toBe(0);
    const compared = siseon('compare', story, '철수가 수박을 맛있게 먹었다', '--lang', 'en').stdout;
    expect(compared).toContain('other predicts');
    // Texts with as many tokens are held against each other token by token; of others, words that one alone has are named.
    expect(compared).not.toContain('Without a counterpart');
    const longer = siseon('compare', story, '철수가 사과를 아주 맛있게 먹었다', '--lang', 'en').stdout;
    expect(longer).toContain('Without a counterpart: – ↔ 아주');
    expect(siseon('flow', story, '--lang', 'en').stdout).toContain('relevance');
  });
  it('says how faithful each of ten measures is, beside the same random orders', () => {
    const { columns, random } = JSON.parse(siseon('flow', story, '--faithful', '--json').stdout) as {
      columns: {
        measure: string;
        deletion: number[];
        faithful: { deletion: number; insertion: number; score: number };
      }[];
      random: { deletion: number; insertion: number };
    };
    expect(columns.map(({ measure }) => measure)).toEqual(importanceNames);
    for (const { deletion, faithful } of columns) {
      expect(deletion.reduce((sum, number) => sum + number, 0) / deletion.length).toBeCloseTo(faithful.deletion, 9);
      const { deletion: dropped, insertion: kept } = faithful;
      expect(kept - dropped - (random.insertion - random.deletion)).toBeCloseTo(faithful.score, 9);
    }
    const table = siseon('flow', story, '--faithful', '--lang', 'en').stdout;
    expect(table).toContain('insertion  faithful');
    expect(table).toContain('random orders');
  });
  it('draws a pair and a look-up, for a light and a dark ground', () => {
    const [pair, lookup] = [join(folder, 'pair.svg'), join(folder, 'lookup.svg')];
    expect(siseon('pair', story, '먹었다', '사과를', '--svg', pair).status).toBe(0);
    expect(siseon('lookup', '사과 요리법', '과일 요리', '전자제품', '--svg', lookup).status).toBe(0);
    for (const file of [pair, lookup]) {
      const svg = readFileSync(file, 'utf8');
      expect(svg).toMatch(/^<svg.*<\/svg>\n$/s);
      expect(svg).toContain('@media (prefers-color-scheme:dark)');
    }
    expect(readFileSync(pair, 'utf8')).toContain('먹었다 → 사과를');
  });
  it('counts a head named twice once, reads edits from a saved trace, and asks for at least one context', () => {
    const silenced = siseon('ablate', story, '--heads', '1.2,1.2', '--lang', 'en').stdout;
    expect(silenced).toContain('↔ L1·H2 (zero)');
    expect(silenced).not.toContain('Nothing changes');
    // In its place stands what it says of the same text.
    const same = join(folder, 'same.txt');
    writeFileSync(same, `${story}\n`);
    const resampled = ['ablate', story, '--heads', '1.2', '--by', 'resample', '--texts', same];
    expect(siseon(...resampled, '--lang', 'en').stdout).toContain('Nothing changes');
    expect(siseon(...resampled).stdout).toContain('달라진 것이 없습니다');
    const [saved, edits] = [join(folder, 'edited.json'), join(folder, 'block.json')];
    writeFileSync(edits, JSON.stringify([{ kind: 'block', pairs: [[7, 3]] }]));
    const { edits: first, heads } = JSON.parse(siseon('compare', story, '--edits', edits, '--json').stdout) as {
      edits: unknown;
      heads: unknown;
    };
    writeFileSync(saved, JSON.stringify({ fingerprint: '0', model: 'm', ids: [1], edits: first }));
    const elsewhere = siseon('compare', story, '--edits', saved, '--json');
    expect(JSON.parse(elsewhere.stdout)).toMatchObject({ edits: first, heads });
    // Made by hand: of no model and no text that is here.
    expect(elsewhere.stderr).toMatch(
      /알림: 다른 모델\(m\)에서 저장한 편집입니다.*\n알림: 다른 글\(1\)에서 저장한 편집입니다/,
    );
    const own = join(folder, 'edited.npz');
    expect(siseon('trace', story, '--edits', edits, '--save', own)).toMatchObject({ status: 0, stderr: '' });
    expect(siseon('compare', story, '--edits', own)).toMatchObject({ status: 0, stderr: '' });
    const other = siseon('compare', '영희가 수박을 먹었다', '--edits', own, '--lang', 'en');
    expect(other.stderr).toBe(
      `notice: these edits were saved with another text (${story}); their positions are counted in this one.\n`,
    );
    const none = siseon('similar', story, '먹었다', '--texts', edits, '--count', '0', '--lang', 'en');
    expect(none).toMatchObject({ status: 2, stdout: '' });
    expect(none.stderr).toContain('at least 1');
  });
  it('runs edits from a file, and refuses those that do not fit', () => {
    const file = join(folder, 'edits.json');
    writeFileSync(
      file,
      JSON.stringify([{ kind: 'weight', layer: 1, head: 2, query: 7, key: 3, to: 0, renormalize: false }]),
    );
    const { edits, notDistributions } = JSON.parse(siseon('compare', story, '--edits', file, '--json').stdout) as {
      edits: unknown[];
      notDistributions: unknown[];
    };
    expect(edits.length).toBe(1);
    // A square that the page saved holds the same edits among other things.
    const square = join(folder, 'square.json');
    writeFileSync(square, JSON.stringify({ model: 'ko', text: story, lens: 'weight', edits, weights: [] }));
    expect(JSON.parse(siseon('compare', story, '--edits', square, '--json').stdout)).toMatchObject({
      edits,
      notDistributions,
    });
    // 먹 gives nearly all of its weight to 사과: without it the row is no distribution.
    expect(notDistributions.length).toBe(1);
    writeFileSync(file, JSON.stringify([{ kind: 'ablate', layer: 9, head: 0, by: 'zero' }]));
    const { status, stderr, stdout } = siseon('compare', story, '--edits', file);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('할 수 없는 편집이에요');
  });
});

describe('taken apart', () => {
  it('why: the pairs of parts sum to the score, and the picture has a cell for each', () => {
    const svg = join(folder, 'why.svg');
    const found = JSON.parse(siseon('why', story, '먹었다', '사과를', '--json').stdout) as {
      pairs: number[][];
      dot: number;
      score: number;
      tokens: string[];
    };
    expect(found.tokens).toEqual(['먹', '사과']);
    expect(Math.abs(found.pairs.flat().reduce((a, b) => a + b, 0) - found.score)).toBeLessThan(1e-4);
    const { stdout } = siseon('why', story, '먹었다', '[CLS]', '--svg', svg);
    expect(stdout).toContain('먹 → [CLS]');
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg.*<\/svg>\n$/s);
  });
  it('layer: weights sum to 1, and value zeroing too, which says that it is a share', () => {
    const { columns, mixing, legend } = JSON.parse(siseon('layer', story, '--lang', 'en', '--json').stdout) as {
      columns: { name: string; numbers: number[] }[];
      mixing: number;
      legend: string;
    };
    expect(legend).toContain('as a share of what all tokens turn it');
    const sum = (name: string): number =>
      columns.find((column) => column.name === name)!.numbers.reduce((a, b) => a + b, 0);
    expect(columns.map(({ name }) => name)).toEqual([
      'weight',
      '‖H0‖',
      '‖H1‖',
      '‖H2‖',
      '‖all heads‖',
      '‖+residual‖',
      'zeroing',
    ]);
    expect([sum('weight'), sum('zeroing')].map((total) => total.toFixed(4))).toEqual(['1.0000', '1.0000']);
    expect(mixing).toBeGreaterThan(0);
    expect(mixing).toBeLessThan(1);
  });
  it('predict asks at the mask that a text holds, where no place is said', () => {
    const asked = (...rest: string[]): { position: number; hidden: boolean; guesses: unknown } =>
      JSON.parse(siseon('predict', '철수가 [MASK] 맛있게 먹었다', ...rest, '--json').stdout);
    expect(asked()).toMatchObject({ position: 3, hidden: true });
    expect(asked()).toEqual(asked('--at', '[MASK]'));
    expect(asked('--at', '먹었다').position).toBeGreaterThan(3);
  });
  it('predict: guesses of a hidden word, layer by layer, and parts that sum to the logit', () => {
    const found = JSON.parse(
      siseon('predict', story, '--at', '사과를', '--token', '사과', '--parts', '--json').stdout,
    ) as {
      hidden: boolean;
      guesses: { piece: string; probability: number }[];
      layers: { after: string | number; probability: number }[];
      followed: { piece: string };
      direct: { sum: number; logit: number };
    };
    expect(found).toMatchObject({ hidden: true, followed: { piece: '사과'.normalize('NFD'), text: '사과' } });
    expect(found.guesses.map(({ probability }) => probability)).toEqual(
      found.guesses.map(({ probability }) => probability).toSorted((a, b) => b - a),
    );
    expect(found.layers.map(({ after }) => after)).toEqual(['embeddings', 0, 1]);
    expect(Math.abs(found.direct.sum - found.direct.logit)).toBeLessThan(1e-3);
  });
  it('similar: the nearest contexts of a file, and a file without any is refused', () => {
    const texts = join(folder, 'contexts.txt');
    writeFileSync(texts, '영희가 포도를 먹었다\n동생이 빵을 만들었다\n');
    const { contexts } = JSON.parse(
      siseon('similar', story, '먹었다', '--texts', texts, '--count', '2', '--json').stdout,
    ) as { contexts: { word: string; sentence: string; cosine: number }[] };
    expect(contexts[0]).toMatchObject({ word: '먹었다', sentence: '영희가 포도를 먹었다' });
    writeFileSync(texts, '\n \n');
    expect(siseon('similar', story, '먹었다', '--texts', texts)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('글이 없어요') as string,
    });
  });
  it('patch names the words that have no counterpart and are not put over', () => {
    const { unaligned } = JSON.parse(siseon('patch', story, '영희가 책을 천천히 읽었다', '--json').stdout);
    // What stands in a word's place and has as many tokens belongs to it.
    expect(unaligned).toEqual({ one: ['맛있게'], other: ['천천히'] });
    expect(siseon('patch', story, '영희가 책을 천천히 읽었다', '--lang', 'ko').stdout).toMatch(/짝이\s+없어/);
  });

  it('patch --at names a word of the text that is patched', () => {
    const { status, stdout } = siseon('patch', story, '철수가 수박을 맛있게 먹었다', '--at', '사과를', '--lang', 'en');
    expect(status).toBe(0);
    expect(stdout).toContain('at token 3 (사과, in sight)');
  });
  it('patch and compare of two texts and of their ids: the same numbers', () => {
    const texts = [story, '철수가 수박을 맛있게 먹었다'];
    const [ids, otherIds] = texts.map((text, i) => {
      const file = join(folder, `ids-${i}.json`);
      expect(siseon('trace', text, '--save', file).status).toBe(0);
      return (JSON.parse(readFileSync(file, 'utf8')) as { ids: number[] }).ids.join(',');
    }) as [string, string];
    expect(ids).not.toBe(otherIds);
    const [asTexts, asIds] = [
      [...texts, '--at', '[SEP]'],
      ['--ids', ids, '--other-ids', otherIds],
    ].map((args) => JSON.parse(siseon('patch', ...args, '--json').stdout) as { heads: unknown[] });
    expect(asIds).toEqual(asTexts);
    const [told, toldById] = [texts, ['--ids', ids, '--other-ids', otherIds]].map(
      (args) => JSON.parse(siseon('compare', ...args, '--json').stdout) as { stages: unknown[] },
    );
    expect(told!.stages.length).toBeGreaterThan(8);
    expect(toldById).toEqual(told);
    expect(siseon('compare', story, texts[1]!, '--other-ids', '5', '--lang', 'en').stderr).toContain(
      'a text or --other-ids is needed',
    );
  });
  it('patch --into: a row for each layer below', () => {
    const { heads } = JSON.parse(
      siseon('patch', story, '철수가 수박을 맛있게 먹었다', '--into', '1.2', '--at', '먹었다', '--json').stdout,
    ) as { heads: { layer: number }[] };
    expect(heads.map(({ layer }) => layer)).toEqual([0, 0, 0]);
  });
});

describe('a prediction of an encoder-decoder', () => {
  it.each(['t5', 'bart'])('stands in the decoder’s text, by default at its end: %s', (family) => {
    const model = fileURLToPath(new URL(`./families/${family}`, import.meta.url));
    const asked = ['ablate', '--model', model, '--ids', '2,1,3,4,5,6'];
    const { status, stdout } = siseon(...asked, '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ target: { position: 0 } });
    expect(siseon(...asked, '--at', '1').stderr).toContain('there is no token 1: expected 0 to 0');
  });
});

describe('options that would do nothing', () => {
  it.each([
    [['ablate', story, '--texts', 'x.txt'], '--texts는', '--by mean'],
    [['ablate', story, '--heads', '1.2', '--token', '카레'], '--token은', '--heads를 빼'],
    [['heads', '--least', '5', '--lang', 'ko'], '--least는', '--treebank 파일과 함께'],
    [['heads', '--strict', '--lang', 'ko'], '--strict는', '--treebank 파일과 함께'],
    [['patch', story, '철수가 수박을 먹었다', '--stage', 'key'], '--stage는', '--into와 함께'],
    [['patch', story, '철수가 수박을 먹었다', '--into', '1.2', '--approximate'], '--approximate는', '--into를 빼면'],
    [['heads', '--texts', 'x.txt', '--treebank', 'x.conllu', '--lang', 'ko'], '--texts는', '둘 가운데 하나만'],
  ])('of %j are refused', (args, option, way) => {
    const { status, stdout, stderr } = siseon(...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`${option} 여기서 아무것도 바꾸지 않아요`);
    expect(stderr).toContain(way);
  });
});
