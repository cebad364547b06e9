import { beforeAll, describe, expect, it } from 'vitest';
import { loadModel, type Model, shippedModel } from '../model/index.ts';
import { alignTokens, binomialTail, corrected, readConllu, relationReport, wilson } from './index.ts';
import { knownModel, letterTokenizer } from './known.testing.ts';

/** Words as `form head relation`, one a line, in CoNLL-U. */
const conllu = (...sentences: string[][]): string =>
  sentences
    .map((words) =>
      words
        .map((word, i) => {
          const [form, head, relation] = word.split(' ');
          return [i + 1, form, '_', 'X', '_', '_', head, relation, '_', '_'].join('\t');
        })
        .join('\n'),
    )
    .join('\n\n')
    .concat('\n\n');

describe('CoNLL-U', () => {
  it('gives words, heads and spans; a contraction has one span, an empty node none', () => {
    const row = (...fields: string[]) => [...fields, ...Array<string>(10 - fields.length).fill('_')].join('\t');
    const [sentence] = readConllu(
      [
        '# sent_id = x',
        '# text = 가 vámonos!',
        row('1', '가', '_', 'NOUN', '_', '_', '2', 'nsubj:pass'),
        '2-3\tvámonos\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No',
        row('2', 'vamos', '_', 'VERB', '_', '_', '0', 'root'),
        row('2.1', 'nada'),
        row('3', 'nos', '_', 'PRON', '_', '_', '2', 'obj'),
        row('4', '!', '_', 'PUNCT', '_', '_', '2', 'punct'),
        '',
        '',
      ].join('\r\n'),
    );
    expect(sentence!.id).toBe('x');
    expect(
      sentence!.words.map(({ form, head, relation, start, end, line }) => [form, head, relation, start, end, line]),
    ).toEqual([
      ['가', 1, 'nsubj:pass', 0, 1, 3],
      ['vamos', null, 'root', 2, 9, 5],
      ['nos', 1, 'obj', 2, 9, 7],
      ['!', 1, 'punct', 9, 10, 8],
    ]);
  });
  it('makes the text from forms and SpaceAfter where none is said', () => {
    const lines = ['1\t가\t_\tX\t_\t_\t0\troot\t_\tSpaceAfter=No', '2\t.\t_\tX\t_\t_\t1\tpunct\t_\t_'];
    expect(readConllu([...lines, '', ''].join('\n'))[0]!.text).toBe('가.');
  });
  const good = conllu(['a 2 x', 'b 0 root', 'c 2 y']).split('\n');
  it.each([
    ['nine fields', 2, good[1]!.replace(/\t_$/, ''), 'the wrong number of fields'],
    ['a repeated id', 2, good[1]!.replace(/^2/, '1'), 'an id out of order'],
    ['an id that is no number', 2, good[1]!.replace(/^2/, 'two'), 'an id out of order'],
    ['no form', 3, good[2]!.replace('\tc\t', '\t\t'), 'a word without a form'],
    ['a head in words', 1, good[0]!.replace('\t2\tx', '\tb\tx'), 'the head is no number'],
    ['a head beyond the end', 1, good[0]!.replace('\t2\tx', '\t9\tx'), 'a head that is not there'],
    ['a word that is its own head', 3, good[2]!.replace('\t2\ty', '\t3\ty'), 'a head that is not there'],
    ['no relation', 1, good[0]!.replace('\t2\tx', '\t2\t_'), 'no relation'],
    ['two roots', 3, good[2]!.replace('\t2\ty', '\t0\troot'), 'other than one root'],
    ['a comment inside', 2, '# text = late', 'a comment among the words'],
    ['an empty node out of order', 3, '3.1\tx\t_\t_\t_\t_\t_\t_\t_\t_', 'an empty node out of order'],
    ['an empty node without the one before', 3, '2.2\tx\t_\t_\t_\t_\t_\t_\t_\t_', 'an empty node out of order'],
    ['a range that starts late', 2, '5-6\tbc\t_\t_\t_\t_\t_\t_\t_\t_', 'a range out of order'],
  ])('refuses %s, naming line %i', (_, line, wrong, what) => {
    const lines = good.with(line - 1, wrong);
    expect(() => readConllu(lines.join('\n'), { name: 'odd.conllu' })).toThrow(
      expect.objectContaining({
        code: 'badTreebank',
        message: expect.stringContaining(`odd.conllu, line ${line}: `),
        details: expect.objectContaining({ line }),
      }),
    );
    expect(() => readConllu(lines.join('\n'))).toThrow(what);
  });
  it('refuses heads in a circle, no root, and words that do not spell the text', () => {
    expect(() => readConllu(conllu(['a 2 x', 'b 1 x', 'c 0 root']))).toThrow('circle');
    expect(() => readConllu(conllu(['a 2 x', 'b 1 x']))).toThrow('other than one root');
    expect(() => readConllu(`# text = a x\n${conllu(['a 2 x', 'b 0 root'])}`)).toThrow(
      'line 3: the words do not spell the text',
    );
    expect(() => readConllu(`# text = a b c\n${conllu(['a 2 x', 'b 0 root'])}`)).toThrow('"c" left over');
    expect(() => readConllu('# text = a b\n\n')).toThrow('a sentence without words');
    // Where the sentence's words begin, and its name.
    expect(() => readConllu(`# sent_id = s7\n# text = a b\n${conllu(['a 2 x', 'b 1 x'])}`)).toThrow(
      'line 3: a sentence with other than one root (s7)',
    );
    expect(() => readConllu(`1-4\tab\t_\t_\t_\t_\t_\t_\t_\t_\n${conllu(['a 2 x', 'b 0 root'])}`)).toThrow(
      'ends after the last word',
    );
  });
});

it('a last sentence that no empty line closes is refused, at its last line', () => {
  const closed = conllu(['a 2 x', 'b 0 root'], ['c 0 root']);
  expect(readConllu(closed)).toHaveLength(2);
  expect(readConllu(`${closed}\n\n`)).toHaveLength(2);
  for (const open of [closed.slice(0, -1), closed.slice(0, -2)])
    expect(() => readConllu(open)).toThrow('line 4: the last sentence is not closed');
});

describe('tokens and words', () => {
  const encoding = letterTokenizer().encode('a b c');
  it('align where every token lies in one word', () =>
    expect(
      alignTokens(encoding, [
        { start: 0, end: 3 },
        { start: 4, end: 5 },
      ]),
    ).toEqual([[0, 1], [2]]));
  it('are shown where they do not', () => {
    expect(() =>
      alignTokens(encoding, [
        { start: 0, end: 1 },
        { start: 3, end: 5 },
      ]),
    ).toThrow('the token "b" lies in no single word: expected tokens inside the words [a] [ c], got a|⟨b⟩|c');
    expect(() =>
      alignTokens(encoding, [
        { start: 0, end: 5 },
        { start: 5, end: 6 },
      ]),
    ).toThrow('has no token');
  });
});

describe('a head’s knowledge of grammar', () => {
  let model: Model;
  beforeAll(async () => {
    model = await knownModel();
  });
  it('is found where it was put: previous word exactly, duplicates in the duplicate head, on paper', async () => {
    // `left`: the head is the word before (head 0 of layer 0 looks there). `same`: the head is an earlier equal word.
    const sentence = ['b 0 root', 'a 1 left', 'c 2 left', 'a 2 same', 'd 4 left'];
    const report = await relationReport(model, readConllu(conllu(sentence, sentence, sentence)));
    const row = (relation: string, direction: string) =>
      report.rows.find((one) => one.relation === relation && one.direction === direction)!;
    expect(row('left', 'toHead')).toMatchObject({
      count: 9,
      best: { layer: 0, head: 0, chosen: { right: 6, count: 6 }, reported: { right: 3, count: 3 } },
      offset: { offset: -1, reported: { right: 3 } },
    });
    // Blind: word 1 has one other to choose, word 2 has two, word 4 four.
    expect(row('left', 'toHead').random).toBeCloseTo((1 + 1 / 2 + 1 / 4) / 3, 12);
    expect(row('same', 'toHead')).toMatchObject({
      count: 3,
      best: { layer: 0, head: 2, reported: { right: 1, count: 1 } },
    });
    expect(row('same', 'toHead').offset).toMatchObject({ offset: -2 });
    // A causal model cannot look ahead: twelve arcs, each hidden in one direction.
    expect(report.leftOut).toMatchObject({ hidden: 12, sameToken: 0, tooLong: 0, unaligned: [] });
    expect(report.rows.every(({ objectMarker }) => objectMarker === null)).toBe(true);
  });
  it('is held against a rule arc by arc: McNemar’s test on paper; what one half alone has is left out', async () => {
    // An earlier equal word stands two words away, or in some of the reported sentences four.
    const near = ['b 0 root', 'a 1 x', 'c 2 x', 'a 2 same'];
    const far = ['b 0 root', 'a 1 x', 'c 2 x', 'd 3 x', 'f 4 x', 'a 2 same'];
    const rare = ['a 0 root', 'b 1 rare'];
    const pairs = [near, far, near, far, near, far, near, near, near, rare];
    const report = await relationReport(model, readConllu(conllu(...pairs)));
    const row = report.rows.find(({ relation, direction }) => relation === 'same' && direction === 'toHead')!;
    expect(row).toMatchObject({
      best: { layer: 0, head: 2, reported: { right: 4, count: 4 } },
      offset: { offset: -2, reported: { right: 1 } },
    });
    // Three arcs that the head alone has right, none that the rule alone has; blind choice is rarer to do as well.
    expect(row.probability).toBeCloseTo(0.5 ** 3, 12);
    expect(report.rows.some(({ relation }) => relation === 'rare')).toBe(false);
    expect(report.leftOut.oneHalf).toBe(1);
  });
  it('asks the 을/를 rule of Korean treebanks alone: where most words are in Hangul', async () => {
    const korean = ['a 0 root', '나를 1 x', '너를 1 x'];
    const english = ['a 0 root', 'b 1 x', 'c 1 x', '를 1 x'];
    const both = await loadModel(shippedModel);
    for (const [sentence, asked] of [
      [korean, true],
      [english, false],
    ] as const) {
      const report = await relationReport(both, readConllu(conllu([...sentence], [...sentence])));
      expect(report.rows.some(({ objectMarker }) => objectMarker !== null)).toBe(asked);
    }
  });
  it('leaves out what is too long or does not align, and says so', async () => {
    const long = Array.from({ length: 24 }, (_, i) => `a ${i} ${i === 0 ? 'root' : 'left'}`);
    const joined = `# text = xy c\n1\tx\t_\tX\t_\t_\t2\tx\t_\tSpaceAfter=No\n2\ty\t_\tX\t_\t_\t0\troot\t_\t_\n3\tc\t_\tX\t_\t_\t2\tx\t_\t_\n`;
    const plain = conllu(['a 0 root', 'b 1 left']);
    const sentences = readConllu([conllu(long), plain, plain, joined, '\n'].join(''));
    const { leftOut, sentences: used } = await relationReport(model, sentences);
    expect({ used, ...leftOut }).toMatchObject({ used: 2, tooLong: 1, oneHalf: 0 });
    expect(leftOut.unaligned).toMatchObject([{ shown: '[x] [y] [c] ≠ ⟨xy⟩|c' }]);
    for (const few of [sentences.slice(0, 1), sentences.slice(1, 2)])
      await expect(relationReport(model, few)).rejects.toMatchObject({ code: 'nothingToMeasure' });
  });
});

describe('counting', () => {
  it('Wilson’s interval: 0 of 10 and 81 of 263 as published (Newcombe 1998, table I), 1e-4', () => {
    expect(wilson(0, 10).low).toBe(0);
    expect(wilson(0, 10).high).toBeCloseTo(0.2775, 4);
    expect(wilson(81, 263).low).toBeCloseTo(0.2553, 4);
    expect(wilson(81, 263).high).toBeCloseTo(0.3662, 4);
    expect(wilson(0, 0)).toMatchObject({ low: 0, high: 1 });
  });
  it('a binomial tail by hand: two or more heads of three is 1/2', () => {
    expect(binomialTail(2, 3, 0.5)).toBeCloseTo(0.5, 12);
    expect(binomialTail(3, 3, 0.1)).toBeCloseTo(0.001, 12);
    expect(binomialTail(0, 3, 0.1)).toBe(1);
    expect(corrected(0.01, 36)).toBeCloseTo(0.36, 12);
    expect(corrected(0.5, 36)).toBe(1);
  });
});
