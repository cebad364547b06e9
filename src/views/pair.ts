/** One cell in the terminal, down to the last product. */
import pc from 'picocolors';
import type { Pair } from '../lens/index.ts';
import type { Bars } from './bars.ts';
import { table, WIDTH, wrap } from './columns.ts';
import { type Language, placeName } from './language.ts';
import type { TextOptions } from './text.ts';

const four = (number: number): string =>
  (Math.abs(number) >= 1e-4 || number === 0 ? number.toFixed(4) : number.toExponential(2)).replaceAll('-', '−');

/** One cell, down to the last product. */
export function pairText(pair: Pair, { language, color, width = WIDTH }: TextOptions): string {
  const c = pc.createColors(color);
  const ko = language === 'ko';
  const lines = [
    '',
    ...wrap(
      `${c.blue(pair.query.text)} → ${c.red(pair.key.text)}   ${pair.model}, ${ko ? `${placeName(pair.layer, language)}, 헤드 ${pair.head}, 토큰 ${pair.query.tokenText} → ${pair.key.tokenText}` : `${placeName(pair.layer, language)}, head ${pair.head}, tokens ${pair.query.tokenText} → ${pair.key.tokenText}`}`,
      '  ',
      width,
    ),
    '',
  ];
  const rows = pair.products.map((product, d) => [
    `${d}`,
    c.blue(four(pair.query.vector[d]!)),
    c.red(four(pair.key.vector[d]!)),
    c.magenta(four(product)),
    c.green(four(pair.value[d] ?? Number.NaN)),
    four(pair.weightedValue[d] ?? Number.NaN),
  ]);
  lines.push(
    ...table([ko ? '차원' : 'dim', 'q', 'k', 'q × k', 'v', ko ? '가중치 × v' : 'weight × v'], rows, {
      right: [0, 1, 2, 3, 4, 5],
      width,
      heading: c.dim,
    }),
  );
  const line = (text: string): string[] => wrap(text, '  ', width);
  const s = pair.softmax;
  lines.push(
    '',
    ...line(`${ko ? '내적' : 'dot product'}   q · k = Σ q × k = ${four(pair.dot)}`),
    ...line(`${ko ? '점수' : 'score'}   ${four(pair.dot)} × ${four(pair.scale)} = ${four(pair.score)}`),
    ...(pair.bias === 0 || pair.bias === -Infinity
      ? []
      : line(`${ko ? '자리에 따라 더한 점수' : 'position bias'}   ${four(pair.bias)}`)),
    ...line(
      `${ko ? '소프트맥스' : 'softmax'}   exp(${four(pair.score + pair.bias)} − ${four(s.largest)}) / Σ = ${four(s.exponential)} / ${four(s.sum)} = ${four(s.weight)}`,
    ),
    ...line(
      `${ko ? '결과에 담긴 비율' : 'part of the result'}   ${four(pair.contribution)}   |oᵢ| = ${four(pair.contributionNorm)}`,
    ),
    '',
    ...wrap(
      ko
        ? `검산: 엔진이 잰 점수 ${four(pair.check.score)}, 가중치 ${four(pair.check.weight)}. 위의 값과 가장 크게 다른 곳이 ${pair.check.largestDifference.toExponential(1).replace('-', '−')}입니다.`
        : `Check: the engine measured score ${four(pair.check.score)} and weight ${four(pair.check.weight)}; the largest difference from the numbers above is ${pair.check.largestDifference.toExponential(1).replace('-', '−')}.`,
      '  ',
      width,
    ),
    '',
  );
  return lines.join('\n');
}

/** One cell as bars: the dimensions that make the dot product, the strongest first, and what becomes of it. */
export function pairBars(pair: Pair, language: Language): Bars {
  const ko = language === 'ko';
  const strongest = [...pair.products.keys()]
    .toSorted((a, b) => Math.abs(pair.products[b]!) - Math.abs(pair.products[a]!))
    .slice(0, 16);
  const rest = pair.dot - strongest.reduce((sum, d) => sum + pair.products[d]!, 0);
  return {
    title: `${pair.query.text} → ${pair.key.text}, ${placeName(pair.layer, language)}, ${ko ? '헤드' : 'head'} ${pair.head}: q · k = ${four(pair.dot)}, ${ko ? '점수' : 'score'} ${four(pair.score)}, ${ko ? '가중치' : 'weight'} ${four(pair.softmax.weight)}`,
    legend: ko
      ? '차원마다 q × k이고, 모두 더하면 내적입니다.'
      : 'q × k of each dimension; all of them sum to the dot product.',
    groups: [
      {
        name: ko ? 'q × k, 큰 차원부터' : 'q × k, the largest dimensions first',
        rows: [
          ...strongest.map((d) => ({
            label: `${ko ? '차원' : 'dimension'} ${d}`,
            number: pair.products[d]!,
            note: `${four(pair.query.vector[d]!)} × ${four(pair.key.vector[d]!)}`,
          })),
          ...(pair.products.length > strongest.length
            ? [
                {
                  label: ko
                    ? `나머지 ${pair.products.length - strongest.length}개`
                    : `the other ${pair.products.length - strongest.length}`,
                  number: rest,
                },
              ]
            : []),
        ],
      },
    ],
  };
}
