/** `siseon ablate` and `patch`: what happens if you interfere. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Ablation, HeadPlace } from '../lens/index.ts';
import type { Model } from '../model/index.ts';
import { placeName } from '../views/language.ts';
import { compared, editedRun, otherInputOf, type Two, unalignedWords } from './compare.ts';
import { idList, language, placeNamed, record, speak, textsIn, unheeded } from './shell.ts';
import { type Asked, following, inputOf, saidTarget, shown, targetFor } from './target.ts';

/** Heads named with commas between; one named twice counts once. */
const placesOf = (list: string): HeadPlace[] =>
  [...new Set(list.split(',').map((place) => place.trim()))].map((place) => {
    const [, layer, head] = /^L?(.+)[.·]H?(\d+)$/.exec(place) ?? [];
    if (layer === undefined || head === undefined)
      throw new InvalidArgumentError('Layer and head with a dot between, as 1.0 or 1.0,1.2, are expected.');
    return { layer: placeNamed(layer), head: Number(head) };
  });

const placeOf = (text: string): HeadPlace => {
  const places = placesOf(text);
  if (places.length === 1) return places[0]!;
  throw new InvalidArgumentError('One layer and head with a dot between, as 1.0, is expected.');
};

export function interfere(program: Command): void {
  following(program.command('ablate'))
    .description('heads taken away: how each moves a prediction, or what some of them move')
    .argument('[text]')
    .option('--ids <LIST>', 'token ids instead of a text', idList)
    .option(
      '--heads <LIST>',
      'layer.head with commas between: what these together move (default: each in its turn)',
      placesOf,
    )
    .addOption(
      new Option('--by <HOW>', 'what stands in their place').choices(['zero', 'mean', 'resample']).default('zero'),
    )
    .option(
      '--texts <FILE>',
      'for mean: texts, one a line; for resample: its first line; of an encoder-decoder its decoder’s behind a tab',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  siseon ablate "철수가 사과를 맛있게 먹었다"\n  siseon ablate --model ./nano-gpt-sort --ids 2,1,0,2,1,0 --heads 0.1,2.0\n',
    )
    .action(
      async (
        text: string | undefined,
        options: Asked & { heads?: ReturnType<typeof placesOf>; by: Ablation['by']; texts?: string },
      ) => {
        speak(options, text ?? '');
        if (options.by === 'zero' && options.texts !== undefined)
          throw unheeded('--texts', '--by mean or --by resample', { needs: 'by' });
        for (const name of ['at', 'token', 'label', 'against'] as const)
          if (options.heads !== undefined && options[name] !== undefined)
            throw unheeded(`--${name}`, 'each head in its turn, without --heads', { needs: 'noHeads' });
        const { model, trace } = await record(options.model, await inputOf(text, options));
        const lens = await import('../lens/index.ts');
        const ablation = await ablationOf(model, options);
        if (options.heads !== undefined) {
          const edits = await lens.ablations(
            model,
            options.heads,
            ablation,
            trace.ids.length,
            trace.decoderIds?.length,
          );
          return compared(
            trace,
            await editedRun(trace, model, edits),
            model,
            options,
            `${options.heads.map(named).join(', ')} (${options.by})`,
          );
        }
        const target = await targetFor(trace, model, options);
        const { plain, heads } = await lens.ablationSweep(trace, model, target, ablation);
        const ko = language() === 'ko';
        const { fixed } = await import('../views/index.ts');
        const number = lens.isScore(model.architecture, target)
          ? ['점수가', 'score']
          : target.against === undefined
            ? ['로그 확률이', 'log-probability']
            : ['로짓 차가', 'difference of logits'];
        const effects = {
          title: `${model.name}: ${await saidTarget(trace, model, target)}, ${ko ? '그대로는' : 'as it is'} ${fixed(plain, 3)}.`,
          legend: ko
            ? `헤드 하나를 빼면(${options.by}) ${number[0]} 얼마나 움직이는가. 음수: 그 헤드가 예측을 떠받쳤습니다.`
            : `How far the ${number[1]} moves without the head (${options.by}). Below 0: the head spoke for the prediction.`,
          heads: heads.map(({ layer, head, effect }) => ({ layer, head, number: effect })),
        };
        await shown(options, effects, { target, plain, by: options.by, heads });
      },
    );

  following(program.command('patch'))
    .description('which head carries the difference between two texts: its mixture put from one run into the other')
    .argument('[text]', 'the run that is patched')
    .argument('[other]', 'the run taken from')
    .option('--ids <LIST>', 'token ids instead of the first text', idList)
    .option('--other-ids <LIST>', 'token ids instead of the other text', idList)
    .option('--approximate', 'all heads at once by gradients (attribution patching)')
    .option(
      '--into <HEAD>',
      'layer.head: only what goes straight into this head from those below (path patching)',
      placeOf,
    )
    .addOption(
      new Option('--stage <STAGE>', 'with --into: which of its inputs (default: value)').choices([
        'query',
        'key',
        'value',
      ]),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  siseon patch "철수가 사과를 먹었다" "철수가 수박을 먹었다"\n  siseon patch "철수가 사과를 먹었다" "철수가 수박을 먹었다" --into 1.2 --stage value\n  siseon patch --model ./nano-gpt-sort --ids 2,1,0,2,1,0 --other-ids 2,1,1,2,1,0\n',
    )
    .action(async (text: string | undefined, other: string | undefined, options: Patching) => {
      speak(options, text ?? '');
      const { stage = 'value' } = options;
      if (options.into === undefined && options.stage !== undefined)
        throw unheeded('--stage', '--into with it', { needs: 'into' });
      if (options.into !== undefined && options.approximate)
        throw unheeded('--approximate', 'all heads, without --into', { needs: 'noInto' });
      const [own, otherInput] = [await inputOf(text, options), await otherInputOf(other, options)];
      const { model, trace } = await record(options.model, own);
      const { recordTrace } = await import('../trace/index.ts');
      const from = await recordTrace(model, { ...otherInput, logits: false });
      const lens = await import('../lens/index.ts');
      // A word is one of the text that is patched; what is followed there is what the other text says, where its positions are the same.
      const likeliestIn = from.ids.length === trace.ids.length ? from : trace;
      const target = await targetFor(trace, model, options, likeliestIn);
      const align = lens.alignRuns(trace, from);
      const unaligned = unalignedWords(trace, from, align.alignment);
      const { into } = options;
      const report = into
        ? await lens.pathSweep(trace, from, model, target, { receiver: { ...into, stage }, ...align })
        : await (options.approximate ? lens.attributionSweep : lens.patchSweep)(trace, from, model, target, align);
      const ko = language() === 'ko';
      const { fixed } = await import('../views/index.ts');
      const moved = `${model.name}: ${await saidTarget(trace, model, target)}, ${fixed(report.into, 3)} → ${fixed(report.from, 3)}.`;
      const effects = {
        title: `${moved}${saidUnaligned(unaligned)}`,
        legend: into
          ? pathLegend(into, stage, model)
          : ko
            ? `그 헤드의 혼합만 다른 글에서 옮겨 오면 두 글의 차이 가운데 얼마가 따라오는가: 0은 전혀, 1은 전부.${options.approximate ? ' 기울기로 어림한 값입니다. 소프트맥스가 굳어 기울기가 0에 가까운 곳(가중치나 확률이 거의 0이나 1)에서는 실제보다 작게, 때로 엉뚱하게 나오니 눈에 띄는 헤드는 --approximate 없이 확인해 주세요.' : ''}`
            : `What part of the difference comes along when this head’s mixture alone is taken from the other text: 0 none, 1 all.${options.approximate ? ' Estimated by gradients: where a softmax is saturated (a weight or a probability near 0 or 1) the slope says little of the whole step, so check heads that matter without --approximate.' : ''}`,
        heads: report.heads.map(({ layer, head, part }) => ({ layer, head, number: part })),
      };
      await shown(options, effects, { target, ...report, unaligned });
    });
}

interface Patching extends Two {
  readonly approximate?: boolean;
  readonly into?: HeadPlace;
  readonly stage?: 'query' | 'key' | 'value';
}

const named = ({ layer, head }: HeadPlace): string =>
  typeof layer === 'number' ? `L${layer}·H${head}` : `${placeName(layer, language())}, H${head}`;

/** Heads that read the same keys and values as this one, itself among them. */
function sharing({ layer, head }: HeadPlace, { architecture: a }: Model): HeadPlace[] {
  const { headCount, keyValueHeadCount } = `${layer}`.startsWith('encoder.') ? a.encoder! : a;
  const each = headCount / keyValueHeadCount;
  const first = Math.floor(head / each) * each;
  return Array.from({ length: each }, (_, n) => ({ layer, head: first + n }));
}

const pathLegend = (into: HeadPlace, stage: NonNullable<Patching['stage']>, model: Model): string =>
  `${toldPath(into, stage)}${stage === 'query' || sharing(into, model).length === 1 ? '' : toldSharing(sharing(into, model))}`;

const toldSharing = (heads: readonly HeadPlace[]): string =>
  language() === 'ko'
    ? ` 이 모델에서는 ${heads.map(named).join(', ')}가 색인과 내용을 함께 쓰므로, 옮겨 온 것은 이들 모두에 들어갑니다.`
    : ` In this model ${heads.map(named).join(', ')} share their keys and values: what is taken goes into all of them.`;

const toldPath = (into: HeadPlace, stage: NonNullable<Patching['stage']>): string =>
  language() === 'ko'
    ? `아래층의 헤드가 ${named(into)}의 ${{ query: '질문(Query)', key: '색인(Key)', value: '내용(Value)' }[stage]}에 곧장 보낸 것만 다른 글에서 옮겨 오면 두 글의 차이 가운데 얼마가 따라오는가: 0은 전혀, 1은 전부(경로 패칭, Wang 외 2022).`
    : `What part of the difference comes along when only what a head below sends straight into the ${stage} of ${named(into)} is taken from the other text: 0 none, 1 all (path patching, Wang et al. 2022).`;

/** What is put in place of a head. Throws `textsMissing`. */
export async function ablationOf(
  model: Model,
  { by, texts }: { by: Ablation['by']; texts?: string },
): Promise<Ablation> {
  if (by === 'zero') return { by };
  const { SiseonError } = await import('../platform/index.ts');
  if (texts === undefined)
    throw new SiseonError({
      code: 'textsMissing',
      kind: 'usage',
      what: `--by ${by} needs texts`,
      expected: '--texts FILE, one a line',
    });
  const read = await textsIn(texts, model);
  return by === 'mean' ? { by, texts: read } : { by, from: read[0]! };
}

/** What a patch leaves out, or nothing: with a word alone, its head may carry all of the difference and still show 0. */
function saidUnaligned({ one, other }: { one: readonly string[]; other: readonly string[] }): string {
  if (one.length + other.length === 0) return '';
  const apart = [one.join(', ') || '–', other.join(', ') || '–'].join(' ↔ ');
  return language() === 'ko'
    ? ` 짝이 없어 옮기지 않은 단어: ${apart}. 두 글의 차이가 그 단어에 있으면 아래에 나타나지 않습니다.`
    : ` Without a counterpart, so not put over: ${apart}. What those words carry does not show below.`;
}
