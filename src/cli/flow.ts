/** `siseon flow`: what a prediction rests on, word by word, under several measures. */
import type { Command } from 'commander';
import type { Model } from '../model/index.ts';
import type { Trace } from '../trace/index.ts';
import { decoded, language, print, printJson, record, speak, terminal, writeText } from './shell.ts';
import { type Asked, asking, saidTarget, targetFor } from './target.ts';

export function flow(program: Command): void {
  asking(program.command('flow'))
    .description('what a prediction rests on, word by word: rollout, flow, gradients, relevance')
    .argument('<text>')
    .option('--faithful', 'and how faithful each measure is: words dropped in its order, against random orders')
    .addHelpText('after', '\nExample:\n  siseon flow "철수가 사과를 맛있게 먹었다" --faithful\n')
    .action(measured);
}

type Measure = [name: string, koreanName: string, numbers: ArrayLike<number>];

async function alongPaths(trace: Trace, model: Model, token: number): Promise<Measure[]> {
  const lens = await import('../lens/index.ts');
  return [
    ['rollout', '롤아웃', (await lens.rollout(trace, { token })).shares],
    ['by norms', '기여 롤아웃', (await lens.rollout(trace, { token, model })).shares],
    ...(trace.ids.length <= lens.longestFlow
      ? [['flow', '흐름', await lens.attentionFlow(trace, { token })] as Measure]
      : []),
  ];
}

async function measured(text: string, options: Asked & { faithful?: boolean }): Promise<void> {
  speak(options, text);
  const { model, trace } = await record(options.model, { text, ...decoded(options) });
  const lens = await import('../lens/index.ts');
  const target = await targetFor(trace, model, options);
  const token = target.position;
  // Paths through layers lead through one text: of an encoder-decoder what knows two is left.
  const oneText = model.architecture.encoder === null;
  const measures: Measure[] = [
    ...(oneText ? await alongPaths(trace, model, token) : []),
    ['grad × att', '기울기×가중치', await lens.gradientAttentionByToken(trace, model, target)],
    ...(oneText ? [['relevance', '관련도', await lens.relevance(trace, model, target)] as Measure] : []),
    ['integrated', '적분 기울기', (await lens.integratedGradients(trace, model, target)).attributions],
  ];
  const groups = lens.wordGroups(trace);
  const ko = language() === 'ko';
  const columns = [];
  for (const [name, koreanName, numbers] of measures)
    columns.push({
      name: ko ? koreanName : name,
      numbers: groups.map(({ tokens }) => tokens.reduce((sum, i) => sum + numbers[i]!, 0)),
      ...(options.faithful && { faithful: (await lens.faithfulness(trace, model, target, numbers)).score }),
    });
  const view = {
    title: `${model.name}: ${await saidTarget(trace, model, target)}.`,
    legend: [
      ko
        ? '단어로 향하는 것은 토큰을 더합니다. 롤아웃·흐름(Abnar & Zuidema 2020), 기여 롤아웃(Kobayashi 외 2021의 노름), 기울기×가중치와 관련도(Chefer 외 2021), 적분 기울기(Sundararajan 외 2017).'
        : 'Into a word: the sum over its tokens. rollout, flow: Abnar & Zuidema 2020; by norms: layers mixed by contributions (Kobayashi et al. 2021); grad × att, relevance: Chefer et al. 2021; integrated: Sundararajan et al. 2017.',
      ...(options.faithful
        ? [
            ko
              ? '충실도: 그 순서로 단어를 남길 때와 가릴 때의 차이에서 무작위 순서의 차이를 뺀 것. 0보다 크면 무작위보다 낫습니다.'
              : 'faithful: keeping words in that order less dropping them, less the same for random orders; above 0 is better than chance.',
          ]
        : []),
    ].join(' '),
    words: groups.map((group) => group.text),
    columns,
  };
  if (options.json) return printJson({ target, ...view });
  const { measuresSvg, measuresText } = await import('../views/index.ts');
  if (options.svg !== undefined) await writeText(options.svg, measuresSvg(view));
  print(measuresText(view, terminal()));
}
