/** `siseon similar`: where else in some texts a head asks alike, or what its query would look at there. */
import { type Command, Option } from 'commander';
import { placeName } from '../views/language.ts';
import {
  atLeastOne,
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
  textsIn,
  writePicture,
} from './shell.ts';

interface Options extends Common, Placed, Decoding {
  readonly texts: string;
  readonly among: 'queries' | 'keys';
  readonly count: number;
  readonly svg?: string;
}

export function similar(program: Command): void {
  decoding(program.command('similar'))
    .description('contexts like this one, as a head sees them: the nearest queries or keys in a file of texts')
    .argument('<text>')
    .argument('<query>', 'the word that asks, or its index')
    .requiredOption('--texts <FILE>', 'texts to search, one a line; of an encoder-decoder its decoder’s behind a tab')
    .addOption(
      new Option('--among <WHICH>', 'queries: words that ask alike; keys: words that would be looked at')
        .choices(['queries', 'keys'])
        .default('queries'),
    )
    .option('--count <N>', 'how many', atLeastOne, 10)
    .addOption(placeOption())
    .addOption(headOption())
    .addOption(modelOption())
    .addOption(langOption())
    .addOption(jsonOption())
    .addOption(svgOption())
    .addHelpText(
      'after',
      '\nExample:\n  siseon similar "철수가 사과를 맛있게 먹었다" 먹었다 --texts sentences.txt --among keys\n',
    )
    .action(async (text: string, query: string, options: Options) => {
      speak(options, text);
      const { choosePlace, positionLeftOut, similarContexts } = await import('../lens/index.ts');
      const own = { text, ...decoded(options) };
      const { model, trace } = await record(options.model, own);
      const texts = await textsIn(options.texts, model);
      const { layer, head } = choosePlace(trace, model, options);
      const { among, count } = options;
      const found = await similarContexts(model, texts, { ...own, query, layer, head, among, count });
      const contexts = found.map((context) => {
        const { text: sentence, decoder } = texts[context.text]!;
        return { ...context, sentence, ...(decoder !== undefined && { decoder }) };
      });
      const leftOut = positionLeftOut(model, layer);
      const ko = language() === 'ko';
      const keys = among === 'keys';
      const view = {
        title: ko
          ? `${model.name}, ${placeName(layer, 'ko')}, 헤드 ${head}: ‘${query}’의 질문(Query)과 ${keys ? '가장 잘 맞는 색인(Key)' : '가장 가까운 질문'}, 글 ${texts.length}개에서`
          : `${model.name}, ${placeName(layer, 'en')}, head ${head}: ${keys ? 'keys that answer' : 'queries nearest to'} the query of ${query}, in ${texts.length} texts`,
        legend: legendOf(keys, leftOut)[ko ? 'ko' : 'en'],
        groups: [
          {
            name: keys ? 'q · k' : 'cos',
            ...(!keys && { full: 1 }),
            rows: contexts.map(({ word, sentence, decoder, cosine, dot }) => ({
              label: word,
              number: keys ? dot : cosine,
              note: decoder === undefined ? sentence : `${sentence} ↦ ${decoder}`,
            })),
          },
        ],
      };
      const { barsSvg, barsText } = await import('../views/index.ts');
      if (options.svg !== undefined) await writePicture(options.svg, barsSvg(view));
      if (options.json)
        return printJson({ model: model.name, text, query, layer, head, among, positionLeftOut: leftOut, contexts });
      print(barsText(view, terminal()));
    });
}

/** What the numbers are, and what of a score they leave out. */
function legendOf(keys: boolean, leftOut: 'rotation' | 'bias' | null): { readonly ko: string; readonly en: string } {
  const number = keys
    ? {
        ko: '숫자는 q · k: 그 단어가 같은 문장에 있다면 이만큼 맞습니다.',
        en: 'The number is q · k: how well the word would answer, if it stood in the sentence.',
      }
    : { ko: '숫자는 두 질문 벡터의 코사인입니다.', en: 'The number is the cosine of the two queries.' };
  const position = {
    rotation: {
      ko: ' 위치에 따라 돌리기 전의 벡터입니다: 거리가 점수에 하는 일은 빠져 있습니다.',
      en: ' Vectors are as they were before their position turned them: what distance does to a score is left out.',
    },
    bias: {
      ko: ' 위치가 점수에 더하는 값은 빠져 있습니다.',
      en: ' What position adds to a score is left out.',
    },
    none: { ko: '', en: '' },
  }[leftOut ?? 'none'];
  return {
    ko: `${number.ko}${position.ko} 단어는 첫 토큰으로 셉니다.`,
    en: `${number.en}${position.en} Words count by their first token.`,
  };
}
