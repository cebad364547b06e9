/** `siseon why` and `siseon layer`: what put a score there, and what arrives at a word in one layer. */
import type { Command } from 'commander';
import type { Grid, TextOptions } from '../views/index.ts';
import { placeName } from '../views/language.ts';
import {
  type Common,
  type Decoding,
  decoded,
  decoding,
  headOption,
  jsonOption,
  langOption,
  language,
  modelOption,
  type Placed,
  placeOption,
  print,
  printJson,
  record,
  speak,
  svgOption,
  terminal,
  writePicture,
} from './shell.ts';
import { tokenNamed } from './target.ts';

interface Options extends Common, Placed, Decoding {
  readonly svg?: string;
}

export function why(program: Command): void {
  decoding(program.command('why'))
    .description('one score taken apart into what earlier parts of the model put there')
    .argument('<text>')
    .argument('<query>', 'word, its index, or a special token such as [CLS]')
    .argument('<key>', 'likewise')
    .addOption(placeOption())
    .addOption(headOption())
    .addOption(modelOption())
    .addOption(langOption())
    .addOption(jsonOption())
    .addOption(svgOption())
    .addHelpText(
      'after',
      '\nExamples:\n  siseon why "철수가 사과를 맛있게 먹었다" 먹었다 사과를\n  siseon why "철수가 사과를 맛있게 먹었다" 먹었다 "[CLS]" --layer 1 --head 0 --svg why.svg\n',
    )
    .action(takenApart);

  decoding(program.command('layer'))
    .description('what arrives at a word in one layer: weights, norms of what they carry, value zeroing')
    .argument('<text>')
    .option('--query <WORD|N>', 'the word that asks, or its index (default: the last word)')
    .addOption(placeOption())
    .addOption(modelOption())
    .addOption(langOption())
    .addOption(jsonOption())
    .addOption(svgOption())
    .addHelpText('after', '\nExample:\n  siseon layer "철수가 사과를 맛있게 먹었다" --layer 0\n')
    .action(arriving);
}

const korean: Readonly<Record<string, string>> = {
  token: '토큰',
  position: '위치',
  segment: '세그먼트',
  embeddings: '임베딩',
  biases: '편향',
  rest: '나머지',
};
/** A part of the stream as it is read: L0·feedForward is L0·FF. */
export const partName = (name: string): string =>
  name.endsWith('feedForward')
    ? name.replace('feedForward', 'FF')
    : language() === 'ko'
      ? (korean[name] ?? name)
      : name;

async function takenApart(text: string, query: string, key: string, options: Options): Promise<void> {
  speak(options, text);
  const lens = await import('../lens/index.ts');
  const { model, trace } = await record(options.model, { text, ...decoded(options) });
  const where = lens.choosePlace(trace, model, options);
  const { asking, answering } = lens.textsAt(trace, model, where.layer);
  const [from, to] = [await tokenNamed(asking, query), await tokenNamed(answering, key)];
  const found = await lens.why(trace, model, { ...where, query: from, key: to });
  const [asks, answers] = [asking.tokens[from]!.text, answering.tokens[to]!.text];
  const ko = language() === 'ko';
  const { fixed } = await import('../views/index.ts');
  const bent = Math.abs(found.dot - found.score) > 1e-3 * (1 + Math.abs(found.score));
  // What adds up to nothing (rounding, segments of a model that has one) takes no row or column.
  const shown = (parts: readonly string[], of: (n: number) => readonly number[]): number[] =>
    [...parts.keys()].filter((n) => of(n).some((number) => Math.abs(number) >= 0.005));
  const rows = shown(found.queryParts, (n) => found.pairs[n]!);
  const columns = shown(found.keyParts, (n) => found.pairs.map((row) => row[n]!));
  const grid: Grid = {
    title: `${placeName(found.layer, language())}, ${ko ? '헤드' : 'head'} ${found.head}: ${asks} → ${answers}, ${ko ? '점수' : 'score'} ${fixed(found.dot, 2)}`,
    legend: ko
      ? '칸마다 스케일 · (질문의 부분 · 색인의 부분)이고, 모두 더하면 점수입니다. L0·H1은 층 0 헤드 1이 써 넣은 것, FF는 피드포워드, 편향은 모든 편향. 정규화의 통계는 고정했습니다. ±0.005가 안 되는 줄은 뺐습니다.'
      : 'A cell is scale · (part of the query · part of the key); all of them sum to the score. L0·H1 is what head 1 of layer 0 wrote, FF a feed-forward layer; the norms’ statistics are frozen. Rows and columns below ±0.005 are left out.',
    axes: ko ? ['질문', '색인'] : ['query', 'key'],
    rows: rows.map((n) => partName(found.queryParts[n]!)),
    columns: columns.map((n) => partName(found.keyParts[n]!)),
    numbers: rows.map((i) => columns.map((j) => found.pairs[i]![j]!)),
  };
  if (options.svg !== undefined) {
    const { gridSvg } = await import('../views/index.ts');
    await writePicture(options.svg, gridSvg(grid));
  }
  if (options.json) return printJson({ model: model.name, text, ...found, tokens: [asks, answers] });
  const strongest = rows
    .flatMap((i) => columns.map((j) => ({ i, j, number: found.pairs[i]![j]! })))
    .toSorted((a, b) => Math.abs(b.number) - Math.abs(a.number))
    .slice(0, 8)
    .map(({ i, j, number }) => ({
      label: `${partName(found.queryParts[i]!)} × ${partName(found.keyParts[j]!)}`,
      number,
    }));
  print(await whyText(grid, strongest, bent ? found.score : null, terminal()));
}

async function whyText(
  grid: Grid,
  strongest: readonly { readonly label: string; readonly number: number }[],
  bent: number | null,
  options: TextOptions,
): Promise<string> {
  const { barsText, fixed, gridLines } = await import('../views/index.ts');
  const ko = options.language === 'ko';
  // Models of many layers have more parts than can be read: the strongest pairs say what matters.
  const square = grid.columns.length <= 12 ? [...gridLines(grid, options), ''] : [];
  const name = ko
    ? '가장 큰 쌍 (질문의 부분 × 색인의 부분)'
    : 'The strongest pairs (part of the query × part of the key)';
  const legend =
    bent === null
      ? grid.legend
      : `${grid.legend} ${ko ? `이 모델은 점수를 구부려 ${fixed(bent, 2)}로 씁니다.` : `This model bends the score to ${fixed(bent, 2)}.`}`;
  const [first = '', ...rest] = barsText({ title: grid.title, legend, groups: [{ name, rows: strongest }] }, options)
    .slice(1)
    .split('\n\n');
  return `\n${[first, ...(square.length > 0 ? [square.join('\n').trimEnd()] : []), ...rest].join('\n\n')}`;
}

async function arriving(text: string, options: Options & { readonly query?: string }): Promise<void> {
  speak(options, text);
  const lens = await import('../lens/index.ts');
  const { model, trace } = await record(options.model, { text, ...decoded(options) });
  const { layer } = lens.choosePlace(trace, model, options);
  const { asking, answering } = lens.textsAt(trace, model, layer);
  const token =
    options.query === undefined ? lens.defaultWord(asking).tokens[0]! : await tokenNamed(asking, options.query);
  const norms = await (await lens.layerNorms(trace, model, layer)).row(token);
  const { attentionRow } = await import('../trace/index.ts');
  const { shape, data } = (await attentionRow(trace, layer, token)).weights;
  const [count = 0, length = 0] = [shape[0], answering.tokens.length];
  const heads = Array.from({ length: count }, (_, h) => h);
  const weights = Array.from(
    { length },
    (_, j) => heads.reduce((sum, h) => sum + data[h * length + j]!, 0) / heads.length,
  );
  const zeroing = (await lens.valueZeroing(trace, model, layer))[token]!;
  const ko = language() === 'ko';
  const groups = lens.wordGroups({ encoding: answering });
  const arrives = groups.map(({ tokens }) => norms.word(tokens));
  const summed = (numbers: ArrayLike<number>): number[] =>
    groups.map(({ tokens }) => tokens.reduce((sum, i) => sum + numbers[i]!, 0));
  const measures: [string, number[]][] = [
    [ko ? '가중치' : 'weight', summed(weights)],
    // A column a head is readable for few heads.
    ...(heads.length <= 4
      ? heads.map((h): [string, number[]] => [`‖H${h}‖`, arrives.map((word) => word.heads[h]!)])
      : []),
    [ko ? '‖모든 헤드‖' : '‖all heads‖', arrives.map(({ contribution }) => contribution)],
    // Between two texts the residual stands in no key's place.
    ...(asking === answering
      ? [[ko ? '‖+잔차‖' : '‖+residual‖', arrives.map(({ withResidual }) => withResidual!)] as [string, number[]]]
      : []),
    [ko ? '값 지우기' : 'zeroing', summed(zeroing)],
  ];
  const mixing = asking === answering ? norms.mixing() : null;
  const columns = measures.map(([name, numbers]) => ({ name, numbers }));
  const asks = asking.tokens[token]!.text;
  const { fixed, measuresSvg, measuresText } = await import('../views/index.ts');
  const view = {
    title: [
      `${model.name}, ${placeName(layer, language())}: ${ko ? `토큰 ${token}(${asks})에 오는 것.` : `what arrives at token ${token} (${asks}).`}`,
      ...(mixing === null ? [] : [`${ko ? '다른 곳에서 오는 비율' : 'From elsewhere:'} ${fixed(mixing, 2)}.`]),
    ].join(' '),
    legend: ko
      ? '토큰이 여럿인 단어는 가중치와 값 지우기를 더하고, 길이는 실어 오는 벡터를 먼저 더한 다음 잽니다. 가중치: 헤드들의 평균. ‖H0‖: 헤드 0의 가중치 × 실어 오는 내용의 길이, 모든 헤드: 합친 것의 길이(Kobayashi 외 2020, 내용(Value)의 편향은 빼고). +잔차: 잔차와 정규화까지(2021). 값 지우기: 그 토큰의 내용(Value)을 0으로 두면 이 자리의 출력이 얼마나 돌아가는가, 모든 토큰의 합으로 나눈 몫(Mohebbi 외 2023).'
      : 'Of a word of several tokens, weights and zeroing are summed; what they carry is added as vectors, and then its length is taken. weight: mean over the heads. ‖H0‖: length of what head 0’s weight carries, all heads: of all together (Kobayashi et al. 2020, without the value bias). +residual: with residual and norm (2021). zeroing: how far the output here turns when that token’s values are 0, as a share of what all tokens turn it (Mohebbi et al. 2023).',
    words: groups.map((group) => group.text),
    columns,
  };
  if (options.svg !== undefined) await writePicture(options.svg, measuresSvg(view));
  if (options.json) return printJson({ model: model.name, text, layer, query: token, mixing, ...view });
  print(measuresText(view, terminal()));
}
