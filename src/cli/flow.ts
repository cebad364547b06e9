/** `siseon flow`: what a prediction rests on, word by word, under several measures. */
import { type Command, Option } from 'commander';
import type { Faithfulness, ImportanceName, IntegratedGradients, WhichText } from '../lens/index.ts';
import type { Model } from '../model/index.ts';
import type { Trace } from '../trace/index.ts';
import type { WordMeasures } from '../views/index.ts';
import { atLeastOne, decoded, language, print, printJson, record, speak, terminal, writePicture } from './shell.ts';
import { type Asked, following, saidTarget, targetFor } from './target.ts';

export function flow(program: Command): void {
  following(program.command('flow'))
    .description('what a prediction rests on, word by word: rollout, flow, gradients, relevance')
    .argument('<text>')
    .option(
      '--faithful',
      'more measures, and how faithful each is: words dropped or kept in its order, against random orders',
    )
    .addOption(
      new Option('--baseline <WHERE>', 'where integrated gradients set out (default: mean)').choices(['mean', 'zero']),
    )
    .option('--steps <N>', 'of integrated gradients, two passes each (default: 32)', atLeastOne)
    .addHelpText(
      'after',
      '\nExamples:\n  siseon flow "철수가 사과를 맛있게 먹었다" --faithful\n  siseon flow "정말 좋은 영화였다" --model ./my-classifier --label positive\n',
    )
    .action(measured);
}

const named: Readonly<Record<ImportanceName, readonly [english: string, korean: string]>> = {
  lastWeights: ['last weights', '끝 층 가중치'],
  meanWeights: ['mean weights', '평균 가중치'],
  contribution: ['norms', '기여'],
  rollout: ['rollout', '롤아웃'],
  contributionRollout: ['by norms', '기여 롤아웃'],
  flow: ['flow', '흐름'],
  gradientAttention: ['grad × att', '기울기×가중치'],
  relevance: ['relevance', '관련도'],
  integratedGradients: ['integrated', '적분 기울기'],
  valueZeroing: ['zeroing', '값 지우기'],
};
/** Those of one row or with a run a token come only where they are asked for. */
const always: readonly ImportanceName[] = [
  'rollout',
  'contributionRollout',
  'flow',
  'gradientAttention',
  'relevance',
  'integratedGradients',
];

interface Following extends Asked {
  readonly faithful?: boolean;
  readonly baseline?: 'mean' | 'zero';
  readonly steps?: number;
}

/** From where integrated gradients are led, and how far short they are of what they explain. */
function toldGap(
  { value, baseline, gap }: IntegratedGradients,
  from: 'mean' | 'zero',
  fixed: (number: number, decimals: number) => string,
): string {
  const explained = value - baseline;
  const [all, short] = [fixed(explained, 3), fixed(gap, 3)];
  const far = Math.abs(gap) > 0.05 * Math.abs(explained);
  if (language() === 'ko')
    return `적분 기울기는 ${from === 'mean' ? '어휘의 평균 임베딩만 있는 글' : '0인 임베딩'}에서 출발합니다. 설명할 것 ${all}, 합과의 차이 ${short}.${far ? ' 차이가 커서 이 열은 믿기 어렵습니다. --steps를 늘리거나 --baseline을 바꿔 보세요.' : ''}`;
  return `integrated: led from ${from === 'mean' ? 'a text of mean embeddings' : 'embeddings of 0'}; it explains ${all}, and its sum is ${short} off.${far ? ' That is too much to trust this column: take more --steps or another --baseline.' : ''}`;
}

async function measured(text: string, options: Following): Promise<void> {
  speak(options, text);
  const { model, trace } = await record(options.model, { text, ...decoded(options) });
  const lens = await import('../lens/index.ts');
  const target = await targetFor(trace, model, options);
  const names = options.faithful ? lens.importanceNames : always;
  const ko = language() === 'ko';
  const groups = lens.wordGroups(trace);
  const words = groups.map(({ tokens }) => tokens);
  const random = options.faithful ? await lens.randomOrders(trace, model, target) : undefined;
  const columns: { measure: ImportanceName; name: string; tokens: Float64Array; curves?: Faithfulness }[] = [];
  let led: IntegratedGradients | null = null;
  for (const name of names) {
    if (name === 'integratedGradients')
      led = await lens.integratedGradients(trace, model, target, {
        ...(options.baseline && { baseline: options.baseline }),
        ...(options.steps && { steps: options.steps }),
      });
    const numbers =
      led && name === 'integratedGradients'
        ? led.attributions
        : await lens.importance(name, trace, model, target, { words });
    if (!numbers) continue;
    const curves = random && (await lens.faithfulness(trace, model, target, numbers, { random }));
    columns.push({ measure: name, name: named[name][ko ? 1 : 0], tokens: numbers, ...(curves && { curves }) });
  }
  const { fixed, measuresSvg, measuresText } = await import('../views/index.ts');
  const view: WordMeasures = {
    title: `${model.name}: ${await saidTarget(trace, model, target)}.`,
    legend: `${legend(options.faithful === true, random?.orders ?? 0)}${led ? ` ${toldGap(led, options.baseline ?? 'mean', fixed)}` : ''}`,
    words: groups.map((group) => group.text),
    columns: columns.map(({ name, tokens, curves }) => ({
      name,
      numbers: summed(groups, tokens),
      ...(curves && {
        faithful: { deletion: curves.deletionMean, insertion: curves.insertionMean, score: curves.score },
      }),
    })),
    ...(random && { random: { deletion: random.deletionMean, insertion: random.insertionMean } }),
  };
  const read = await decodersText(trace, model, target, names);
  if (options.svg !== undefined) await writePicture(options.svg, measuresSvg(view));
  if (options.json)
    return printJson({
      target,
      ...view,
      columns: view.columns.map((column, n) => ({ measure: columns[n]!.measure, ...column, ...columns[n]!.curves })),
      ...(led && { integrated: { value: led.value, baseline: led.baseline, gap: led.gap } }),
      ...(read && { decoder: read }),
    });
  if (read) print(measuresText({ ...read, legend: '' }, terminal()).trimEnd());
  print(measuresText(view, terminal()));
}

const summed = (groups: readonly { readonly tokens: readonly number[] }[], numbers: ArrayLike<number>): number[] =>
  groups.map(({ tokens }) => tokens.reduce((sum, i) => sum + numbers[i]!, 0));

/** The same of what a decoder read before, where it read more than its start token. */
async function decodersText(
  trace: Trace,
  model: Model,
  target: Awaited<ReturnType<typeof targetFor>>,
  names: readonly ImportanceName[],
): Promise<Omit<WordMeasures, 'legend'> | null> {
  const { decoderIds, decoderEncoding } = trace;
  if (!decoderIds || decoderIds.length === 1) return null;
  const lens = await import('../lens/index.ts');
  const groups = decoderEncoding
    ? lens.wordGroups({ encoding: decoderEncoding })
    : Array.from(decoderIds, (id, i) => ({ text: lens.tokenName(model, id), tokens: [i] }));
  const of: WhichText = 'decoderIds';
  const tokens = groups.map((group) => group.tokens);
  const columns = [];
  for (const name of names) {
    const numbers = await lens.importance(name, trace, model, target, { of, words: tokens });
    if (numbers) columns.push({ name: named[name][language() === 'ko' ? 1 : 0], numbers: summed(groups, numbers) });
  }
  const title = language() === 'ko' ? '디코더가 읽은 글에서:' : 'In what the decoder read:';
  return { title, words: groups.map(({ text }) => text), columns };
}

const legend = (faithful: boolean, orders: number): string =>
  language() === 'ko'
    ? [
        '단어로 향하는 것은 토큰을 더하고, 흐름은 토큰 모두에 한꺼번에 흘러드는 최대입니다. 롤아웃·흐름(Abnar & Zuidema 2020), 기여 롤아웃(Kobayashi 외 2021의 노름), 기울기×가중치와 관련도(Chefer 외 2021), 적분 기울기(Sundararajan 외 2017).',
        ...(faithful
          ? [
              '가중치·기여(Kobayashi 외 2021)·값 지우기(Mohebbi 외 2023)는 그 자리의 마지막 층 한 줄, 평균 가중치는 모든 층의 평균.',
              `가릴 때와 남길 때: 그 척도가 꼽은 순서로 단어를 하나씩 가리거나 남기며 잰 예측의 평균(Petsiuk 외 2018). 충실도는 남길 때에서 가릴 때를 뺀 것이 무작위 순서 ${orders}개보다 얼마나 큰가: 0보다 크면 순서들의 평균보다 낫습니다. 예측을 읽는 단어는 그대로 둡니다.`,
            ]
          : []),
      ].join(' ')
    : [
        'Into a word: the sum over its tokens; of flow the most into all of them at once. rollout, flow: Abnar & Zuidema 2020; by norms: layers mixed by contributions (Kobayashi et al. 2021); grad × att, relevance: Chefer et al. 2021; integrated: Sundararajan et al. 2017.',
        ...(faithful
          ? [
              'last weights, norms (Kobayashi et al. 2021) and zeroing (Mohebbi et al. 2023) are the last layer’s row at that place, mean weights the mean over all layers.',
              `deletion, insertion: mean of the prediction while words are hidden, or kept, one by one in the measure’s order (Petsiuk et al. 2018). faithful: insertion less deletion, less the same of ${orders} random orders; above 0 is better than the average order. The target’s own word stays.`,
            ]
          : []),
      ].join(' ');
