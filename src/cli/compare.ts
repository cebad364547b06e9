/** `siseon compare`: two runs, of two texts, two models, or before and after edits; and how two runs are told apart. */
import type { Command } from 'commander';
import type { Edit } from '../attention/index.ts';
import type { Alignment } from '../lens/index.ts';
import type { Model } from '../model/index.ts';
import type { Trace } from '../trace/index.ts';
import { editsIn, remarkOnOrigin } from './edits.ts';
import {
  decoding,
  idList,
  jsonOption,
  langOption,
  language,
  load,
  modelOption,
  print,
  printJson,
  record,
  speak,
  svgOption,
  terminal,
  writePicture,
} from './shell.ts';
import { type Asked, inputOf, predicted, predictedToken } from './target.ts';

/** Two texts, either of which may be ids. */
export interface Two extends Asked {
  readonly otherIds?: number[];
}

interface Comparing extends Two {
  readonly with?: string;
  readonly edits?: string;
}

export function compare(program: Command): void {
  decoding(program.command('compare'))
    .description('two runs: two texts, two models, or before and after edits')
    .argument('[text]')
    .argument('[other]', 'another text; words that both have belong together')
    .option('--ids <LIST>', 'token ids instead of the first text', idList)
    .option('--other-ids <LIST>', 'token ids instead of the other text', idList)
    .option('--with <DIR>', 'the same text in another model of the same shape')
    .option('--edits <FILE>', 'the same text with edits: JSON (docs/lens.md), or those of a saved trace')
    .addOption(modelOption())
    .addOption(langOption())
    .addOption(jsonOption())
    .addOption(svgOption())
    .addHelpText(
      'after',
      '\nExamples:\n  siseon compare "철수가 사과를 먹었다" "영희가 사과를 먹었다"\n  siseon compare "철수가 사과를 먹었다" --edits edits.json\n',
    )
    .action(async (text: string | undefined, other: string | undefined, options: Comparing) => {
      speak(options, text ?? '');
      const own = await inputOf(text, options);
      await expectSecondRun(other, options);
      const { model, trace } = await record(options.model, { ...own, logits: true });
      const { recordTrace } = await import('../trace/index.ts');
      const { otherIds } = options;
      if (other !== undefined || otherIds !== undefined) {
        const run = await recordTrace(model, await otherInputOf(other, options));
        return compared(trace, run, model, options, other ?? otherIds!.join(' '));
      }
      if (options.with !== undefined) {
        const beside = await load(options.with);
        return compared(trace, await recordTrace(beside, own), model, options, options.with, beside);
      }
      const file = await editsIn(options.edits!);
      remarkOnOrigin(file, trace);
      return compared(trace, await editedRun(trace, model, file.edits), model, options, options.edits!);
    });
}

/** One second run, of the four that there may be. Throws `compareWhat`. */
export async function expectSecondRun(
  other: string | undefined,
  { otherIds, with: model, edits }: Pick<Comparing, 'otherIds' | 'with' | 'edits'>,
): Promise<void> {
  if ([other ?? otherIds, model, edits].filter((one) => one !== undefined).length === 1) return;
  const { SiseonError } = await import('../platform/index.ts');
  throw new SiseonError({
    code: 'compareWhat',
    kind: 'usage',
    what: 'compare needs a second run',
    expected: 'one of: another text (or --other-ids), --with, --edits',
  });
}

/** The second text, or `--other-ids`, with what the decoder reads. Throws `textOrIds`. */
export const otherInputOf = (text: string | undefined, { otherIds, ...rest }: Two) =>
  inputOf(text, { ...rest, ids: otherIds }, '--other-ids');

export async function editedRun(trace: Trace, model: Model, edits: readonly Edit[]): Promise<Trace> {
  const { recordTrace } = await import('../trace/index.ts');
  const { encoding, ids, decoderIds, decoderEncoding } = trace;
  const decoder = decoderEncoding ? { decoder: decoderEncoding.text } : decoderIds ? { decoderIds } : {};
  return recordTrace(model, { ...(encoding ? { text: encoding.text } : { ids }), ...decoder, edits });
}

export async function compared(
  one: Trace,
  other: Trace,
  model: Model,
  options: Asked,
  what: string,
  beside: Model = model,
): Promise<void> {
  const { alignRuns, compareRuns, sameVocabulary, tokenName } = await import('../lens/index.ts');
  const comparison = await compareRuns(one, other, {
    ...alignRuns(one, other),
    vocabulary: sameVocabulary(model, beside) ? 'same' : 'other',
  });
  const unaligned = unalignedWords(one, other, comparison.alignment);
  const { comparisonText, effectsSvg } = await import('../views/index.ts');
  const title = `${one.encoding?.text ?? [...one.ids].join(' ')} ↔ ${what}`;
  if (options.svg !== undefined)
    await writePicture(
      options.svg,
      effectsSvg({
        title,
        legend:
          language() === 'ko'
            ? '½ Σ|w − w′|: 두 실행에서 그 헤드의 가중치가 행마다 얼마나 다른지, 행의 평균입니다. 0은 같음, 1은 겹치지 않음.'
            : '½ Σ|w − w′|: how far the head’s weights differ between the two runs, mean of its rows. 0: the same, 1: nothing in common.',
        heads: comparison.heads.map(({ layer, head, weights }) => ({ layer, head, number: weights })),
      }),
    );
  if (options.json) return printJson({ ...comparison, unaligned, edits: other.edits });
  const tokens = Array.from(predicted(one).ids, (_, position) => predictedToken(one, model, position));
  print(comparisonText(comparison, { title, name: (token) => tokenName(model, token), tokens, unaligned }, terminal()));
}

/** Words of either text that the other has no counterpart of: they are not compared. */
export function unalignedWords(one: Trace, other: Trace, alignment: Alignment): { one: string[]; other: string[] } {
  const alone = ({ encoding }: Trace, side: 0 | 1): string[] => {
    const paired = new Set(alignment.map((pair) => pair[side]));
    return (encoding?.words ?? []).filter(({ tokens }) => !tokens.some((i) => paired.has(i))).map(({ text }) => text);
  };
  return { one: alone(one, 0), other: alone(other, 1) };
}
