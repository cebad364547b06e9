/** A saved cache in the terminal. */
import pc from 'picocolors';
import type { Pattern, RoleName } from '../lens/index.ts';
import type { AttentionCache } from '../trace/index.ts';
import { clip, table, WIDTH, wrap } from './columns.ts';
import { gridSvg } from './grid.ts';
import type { Theme } from './ink.ts';
import type { Language } from './language.ts';
import { two } from './numerals.ts';
import type { TextOptions } from './text.ts';

const columns: readonly RoleName[] = ['self', 'previous', 'next', 'sink', 'duplicate', 'induction'];

const stackNames = {
  encoder: [', 인코더의 어텐션', ', the encoder’s attention'],
  decoder: [', 디코더의 어텐션', ', the decoder’s attention'],
  cross: [', 디코더가 인코더의 글에 두는 어텐션', ', the decoder’s attention to the encoder’s text'],
} as const;

/** Which attention of an encoder-decoder, and which others the file holds. */
function stackName({ stack, stacks }: AttentionCache, ko: boolean): string {
  if (!stack) return '';
  const others = stacks.filter((other) => other !== stack).map((other) => `--stack ${other}`);
  const more = others.length === 0 ? '' : ko ? ` (다른 것: ${others.join(', ')})` : ` (others: ${others.join(', ')})`;
  return `${stackNames[stack][ko ? 0 : 1]}${more}`;
}

/** What the reader of a file should know of its numbers, in lines; none where there is nothing. */
export function cacheRemarks(
  cache: AttentionCache,
  { language, width = WIDTH }: Pick<TextOptions, 'language' | 'width'>,
): string[] {
  const ko = language === 'ko';
  const last = cache.layers.at(-1)!;
  const remarks = [
    ...(cache.edits.length > 0
      ? [
          ko
            ? `손을 댄 실행입니다(편집 ${cache.edits.length}개: ${cache.edits.join(', ')}). 모델이 스스로 한 일이 아닙니다.`
            : `This run was interfered with (${cache.edits.length} edits: ${cache.edits.join(', ')}): it is not what the model does by itself.`,
        ]
      : []),
    ...(cache.tokensNamed
      ? []
      : cache.tokensMismatched !== null
        ? [
            ko
              ? `파일이 적은 토큰은 ${cache.tokensMismatched}개인데 자리는 ${Math.max(cache.queryLength, cache.keyLength)}개라서 번호로 적습니다.`
              : `The file names ${cache.tokensMismatched} tokens for ${Math.max(cache.queryLength, cache.keyLength)} positions; they are numbered.`,
          ]
        : [ko ? '파일에 토큰이 없어 번호로 적습니다.' : 'The file names no tokens; they are numbered.']),
    ...(cache.layers.length <= last
      ? [
          ko
            ? `파일에 있는 층은 ${cache.layers.join(', ')}뿐입니다.`
            : `Of layers 0 to ${last} the file holds ${cache.layers.join(', ')} alone.`,
        ]
      : []),
    ...(cache.unsoundRows > 0
      ? [
          ko
            ? `가중치일 수 없는 수(NaN, 무한대, 음수)가 있는 행이 ${cache.unsoundRows}개입니다. 그 헤드의 평균을 믿지 마세요.`
            : `${cache.unsoundRows} rows hold what can be no weight (NaN, infinite or below 0): do not trust the means of their heads.`,
        ]
      : []),
    ...(cache.largestDeviation > 1e-3
      ? [
          ko
            ? `합이 1이 아닌 행이 있습니다(가장 큰 차이 ${cache.largestDeviation.toExponential(1)}).`
            : `Some rows do not sum to 1 (largest difference ${cache.largestDeviation.toExponential(1)}).`,
        ]
      : []),
  ];
  return remarks.flatMap((remark) => wrap(remark, '  ', width));
}

/** What a file holds, and where each head looks: mean weights; those of a head that looks at all alike in the last line. */
export function cacheText(
  cache: AttentionCache,
  patterns: readonly (readonly Pattern[])[],
  { language, color, width = WIDTH }: TextOptions,
): string {
  const c = pc.createColors(color);
  const ko = language === 'ko';
  const number = (value: number): string => (Number.isNaN(value) ? '–' : two(value));
  const row = (name: string, pattern: Pattern, which: 'value' | 'uniform'): string[] => [
    name,
    number(pattern.entropy[which]),
    ...columns.map((column) => number(pattern[column][which])),
  ];
  const rows = patterns.flatMap((heads, layer) =>
    heads.map((pattern, head) => row(`L${cache.layers[layer]}·H${head}`, pattern, 'value')),
  );
  const first = patterns[0]?.[0];
  if (first) rows.push(row(ko ? '고르게' : 'uniform', first, 'uniform'));
  const heading = ko
    ? ['헤드', '엔트로피', '자신', '앞', '뒤', '첫', '같은', '유도']
    : ['head', 'entropy', 'self', 'prev', 'next', 'sink', 'dup', 'ind'];
  const size = `${cache.layers.length} × ${cache.headCount}`;
  const about = ko
    ? `${cache.source}: ${cache.names} 이름, 층 × 헤드 ${size}, 토큰 ${cache.queryLength}개${stackName(cache, ko)}.`
    : `${cache.source}: names of ${cache.names}, ${size} layers × heads, ${cache.queryLength} tokens${stackName(cache, ko)}.`;
  return [
    '',
    ...wrap(about, '  ', width),
    ...(cache.tokensNamed ? [`  ${clip(cache.tokens.join(' '), 74)}`] : []),
    ...cacheRemarks(cache, { language, width }),
    '',
    ...table(heading, rows, { right: [1, 2, 3, 4, 5, 6, 7], width, heading: c.dim }),
    '',
    ...wrap(
      ko
        ? '자신, 앞, 뒤, 첫, 같은, 유도: 그곳에 둔 가중치의 평균. --layer와 --head를 주면 그 헤드의 행렬을 보입니다.'
        : 'self, prev, next, sink, dup, ind: mean weight there. With --layer and --head, that head’s square is shown.',
      '  ',
      width,
    ).map((line) => c.dim(line)),
    '',
  ].join('\n');
}

/** Where each head looks, as a picture: a row a head, a column a measure. */
export function cacheSvg(
  cache: AttentionCache,
  patterns: readonly (readonly Pattern[])[],
  { language, theme = 'light' }: { readonly language: Language; readonly theme?: Theme },
): string {
  const ko = language === 'ko';
  const heads = patterns.flatMap((own, layer) =>
    own.map((pattern, head) => ({ pattern, name: `L${cache.layers[layer]}·H${head}` })),
  );
  return gridSvg(
    {
      title: ko
        ? `${cache.source}: 헤드 ${heads.length}개가 보는 곳`
        : `${cache.source}: where its ${heads.length} heads look`,
      legend: ko ? '그곳에 둔 가중치의 평균.' : 'Mean weight there.',
      axes: ko ? ['헤드', '보는 곳'] : ['head', 'where'],
      rows: heads.map(({ name }) => name),
      columns: ko
        ? ['자신', '앞', '뒤', '첫 토큰', '같은 토큰', '유도']
        : ['self', 'previous', 'next', 'sink', 'duplicate', 'induction'],
      numbers: heads.map(({ pattern }) =>
        columns.map((column) => (Number.isNaN(pattern[column].value) ? null : pattern[column].value)),
      ),
    },
    { theme },
  );
}
