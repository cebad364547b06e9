/** `siseon predict`: what the model says at a place, how that comes about layer by layer, and which part speaks for it. */
import type { Command } from 'commander';
import type { Model } from '../model/index.ts';
import type { Trace } from '../trace/index.ts';
import type { BarGroup, Bars } from '../views/index.ts';
import { two } from '../views/numerals.ts';
import {
  atLeastOne,
  idList,
  language,
  print,
  printJson,
  record,
  speak,
  terminal,
  unheeded,
  writePicture,
} from './shell.ts';
import { type Asked, asking, inputOf, maskOf, positionFor, predictedToken, tokenOf } from './target.ts';
import { partName } from './why.ts';

interface Options extends Asked {
  readonly seen?: boolean;
  readonly parts?: boolean;
  readonly count: number;
}

export function predict(program: Command): void {
  asking(program.command('predict'))
    .description(
      'what the model says at a place: guesses, layer by layer (logit lens), and by whom (--parts); of a classifier its labels',
    )
    .argument('[text]')
    .option('--ids <LIST>', 'token ids instead of a text', idList)
    .option('--seen', 'a model that reads both ways sees the word as well, and is not asked to guess it')
    .option('--parts', 'what each head, feed-forward layer and embedding says for the token by itself')
    .option('--count <N>', 'how many guesses', atLeastOne, 5)
    .addHelpText(
      'after',
      '\nExamples:\n  siseon predict "철수가 사과를 맛있게 먹었다" --at 사과를\n  siseon predict "철수가 사과를 맛있게 먹었다" --at 사과를 --token 카레 --against 사과 --parts\n',
    )
    .action(said);
}

async function said(text: string | undefined, options: Options): Promise<void> {
  speak(options, text ?? '');
  const lens = await import('../lens/index.ts');
  const { model, trace: given } = await record(options.model, await inputOf(text, options));
  if (!model.architecture.head && model.architecture.classifier) return labelled(given, model, text, options);
  const position = await positionFor(given, model, options);
  const mask = options.seen ? undefined : maskOf(model);
  const hidden = mask !== undefined;
  const { recordTrace } = await import('../trace/index.ts');
  const trace = hidden
    ? await recordTrace(model, { ids: given.ids.map((id, i) => (i === position ? mask : id)), logits: false })
    : given;
  const logits = await lens.logitsFor(trace, model, position);
  const guesses = lens.likeliest(logits, options.count);
  const token = options.token === undefined ? lens.prediction(logits).token : await tokenOf(model, options.token);
  const against = options.against === undefined ? undefined : await tokenOf(model, options.against);
  const { layers } = await lens.logitLens(trace, model, { position, token });
  const direct = options.parts
    ? await lens.directLogits(trace, model, { position, token, ...(against !== undefined && { against }) })
    : null;
  const name = (id: number): string => lens.tokenName(model, id);
  const written = (id: number) => ({ piece: model.tokenizer?.piece(id) ?? null, text: name(id) });
  const json = (): void =>
    printJson({
      model: model.name,
      text: text ?? null,
      position,
      hidden,
      guesses: guesses.map((guess) => ({ ...guess, ...written(guess.token) })),
      followed: {
        token,
        ...written(token),
        ...(against !== undefined && { against: { token: against, ...written(against) } }),
      },
      layers,
      ...(direct && { direct }),
    });
  const place = predictedToken(given, model, position);
  const view = bars({
    position,
    place,
    hidden,
    causal: model.architecture.causal,
    model: model.name,
    name,
    token,
    against,
    guesses,
    layers,
    direct,
  });
  const { barsSvg, barsText } = await import('../views/index.ts');
  if (options.svg !== undefined) await writePicture(options.svg, barsSvg(view));
  if (options.json) return json();
  print(barsText(view, terminal()));
}

/** What a classifier says: of the text, or of the token asked about. Its only label: how likely it is against not being so. */
async function labelled(trace: Trace, model: Model, text: string | undefined, options: Options): Promise<void> {
  const lens = await import('../lens/index.ts');
  const { labels, of, says } = model.architecture.classifier!;
  const position = of === 'tokens' ? await positionFor(trace, model, options) : null;
  for (const name of ['at', 'token', 'against', 'parts', 'seen'] as const)
    if (options[name] !== undefined && !(name === 'at' && position !== null))
      throw unheeded(`--${name}`, 'a model that says tokens', { needs: 'tokens' });
  const scores = await lens.scoresOf(trace, model, { label: 0, ...(position !== null && { position }) });
  const alone = says === 'each' || (says === 'one' && scores.length === 1);
  const guesses = lens.likeliest(scores, options.count).map(({ token: label, probability }) => ({
    label,
    name: labels[label]!,
    score: scores[label]!,
    ...(says !== 'number' && { probability: alone ? 1 / (1 + Math.exp(-scores[label]!)) : probability }),
  }));
  const ko = language() === 'ko';
  const place = position === null ? '' : predictedToken(trace, model, position);
  const whole = ko ? '글 전체' : 'the text';
  const how = alone ? (ko ? '로지스틱 함수' : 'logistic function') : ko ? '소프트맥스' : 'softmax';
  const view: Bars = {
    title: `${model.name}: ${position === null ? whole : `${ko ? '토큰' : 'token'} ${position} (${place})`}`,
    legend:
      says === 'number'
        ? ko
          ? '모델은 이름표가 아니라 수를 말합니다. 막대는 그 수입니다.'
          : 'The model says a number, not a label: the bar is the number.'
        : ko
          ? `막대는 확률(점수의 ${how}), 그 뒤는 점수입니다.`
          : `Bars: probability, the ${how} of the score; behind them the score.`,
    groups: [
      {
        name: ko ? '이름표' : 'Labels',
        ...(says !== 'number' && { full: 1 }),
        rows: guesses.map(({ name, probability, score }) =>
          probability === undefined
            ? { label: name, number: score }
            : { label: name, number: probability, note: two(score) },
        ),
      },
    ],
  };
  const { barsSvg, barsText } = await import('../views/index.ts');
  if (options.svg !== undefined) await writePicture(options.svg, barsSvg(view));
  if (options.json) return printJson({ model: model.name, text: text ?? null, position, guesses });
  print(barsText(view, terminal()));
}

type Lens = typeof import('../lens/index.ts');
interface Said {
  readonly model: string;
  readonly position: number;
  readonly place: string;
  readonly hidden: boolean;
  readonly causal: boolean;
  readonly name: (token: number) => string;
  readonly token: number;
  readonly against: number | undefined;
  readonly guesses: ReturnType<Lens['likeliest']>;
  readonly layers: Awaited<ReturnType<Lens['logitLens']>>['layers'];
  readonly direct: Awaited<ReturnType<Lens['directLogits']>> | null;
}

function bars({ model, position, place, hidden, causal, name, token, against, guesses, layers, direct }: Said): Bars {
  const ko = language() === 'ko';
  const where = ko
    ? `토큰 ${position}(${place})${causal ? ' 다음' : hidden ? '을 가린 자리' : ' 자리'}`
    : `${causal ? 'after ' : ''}token ${position} (${place})${hidden ? ', hidden' : ''}`;
  const groups: BarGroup[] = [
    {
      name: ko ? '모델이 하는 말 (확률)' : 'What the model says (probability)',
      full: 1,
      rows: guesses.map((guess) => ({ label: name(guess.token), number: guess.probability })),
    },
    {
      name: ko
        ? `층을 지날 때마다 ‘${name(token)}’의 확률과 순위, 그때 가장 그럴듯한 것 (로짓 렌즈)`
        : `“${name(token)}” after each layer: probability, rank, and the likeliest there (logit lens)`,
      full: 1,
      rows: layers.map(({ after, probability, rank, best }) => ({
        label: after === 'embeddings' ? (ko ? '임베딩' : 'embeddings') : `${ko ? '층' : 'layer'} ${after}`,
        number: probability,
        note: `${ko ? `${rank + 1}위` : `rank ${rank + 1}`}, ${name(best.token)} ${best.probability.toFixed(2)}`,
      })),
    },
  ];
  if (direct) {
    const followed = against === undefined ? `‘${name(token)}’` : `‘${name(token)}’ − ‘${name(against)}’`;
    groups.push({
      name: ko
        ? `부분마다 ${followed}에 보탠 로짓. 합 ${two(direct.sum)}, 모델의 로짓 ${two(direct.logit)}`
        : `What each part adds to the logit of ${followed}. Sum ${two(direct.sum)}, the model’s ${two(direct.logit)}`,
      rows: direct.parts
        .filter(({ logit }) => Math.abs(logit) >= 0.005)
        .toSorted((a, b) => Math.abs(b.logit) - Math.abs(a.logit))
        .slice(0, 24)
        .map(({ name: part, logit }) => ({
          label: part === 'unembedding bias' ? (ko ? '출력 편향' : part) : partName(part),
          number: logit,
        })),
    });
  }
  const legend = [
    ko
      ? '로짓 렌즈: 중간 상태를 마지막 상태처럼 읽은 것입니다(nostalgebraist 2020).'
      : 'Logit lens: a state on the way, read as if it were the last (nostalgebraist 2020).',
    ...(direct
      ? [
          ko
            ? '보탠 로짓: 마지막 상태를 이룬 부분마다 정규화와 활성화를 고정하고 출력까지 곧장 보낸 값입니다(Elhage 외 2021). 뒤의 층을 거친 영향은 그 층의 몫입니다.'
            : 'Logits added: each part of the last state sent straight to the output, norms and activations frozen (Elhage et al. 2021); what goes through later layers counts for those.',
        ]
      : []),
  ].join(' ');
  return { title: `${model}: ${where}`, legend, groups };
}
