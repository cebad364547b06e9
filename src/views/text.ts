/** A look as terminal text, Hangul counted as two columns. */
import pc from 'picocolors';
import stringWidth from 'string-width';
import type { Answer, Look, LookKey, WordMatrix } from '../lens/index.ts';
import { alignedOrLong, caption, illustration, isAsking } from './caption.ts';
import { bar, clip, pad, padStart, table, WIDTH, wrap } from './columns.ts';
import { type Language, placeName } from './language.ts';
import { two } from './numerals.ts';

export interface TextOptions {
  readonly language: Language;
  readonly color: boolean;
  /** Columns of the terminal that lines may fill. */
  readonly width?: number;
}

const phrases = {
  en: {
    head: (look: Pick<Look, 'place' | 'head' | 'model'>, word: string, token: string) =>
      `${look.model}, ${placeName(look.place, 'en')}, head ${look.head}; query ${word}${token === word ? '' : `, by its token ${token}`}. All counted from 0.`,
    step1: 'Step 1  Dot products: how well each word answers the query',
    step2: 'Step 2  Scaling and softmax: scores become weights',
    step3: 'Step 3  Weighted sum: what each word brings to the result',
    geometry: 'Why   A·B = |A||B| cos θ',
    word: 'word',
    tokens: 'q · k of its tokens',
    score: 'score',
    weight: 'weight',
    share: 'share',
    told: 'told',
    part: 'part',
    norm: 'length',
    scoreNote: (scale: string) => `score = q · k × ${scale}; over several tokens log Σ exp`,
    sum: 'sum',
    itself: 'the word itself',
    shareNote: 'share: among the other words alone',
    toldNote: 'told: the numbers of the explanation, an illustration and not measured',
    partNote: 'part ⟨oᵢ, o⟩/|o|² of the head’s output o = Σ oᵢ, oᵢ = weight × value × W_O',
    bias: 'value bias',
    masked: 'masked',
    token: 'token',
    centred: 'cos centred',
    raw: 'cos θ',
    geometryNote: (q: string) => `|q| = ${q}; centred: the mean key taken away, which softmax does not notice`,
    question: 'Aligned, or just long?',
    answers: 'A head for each question of a verb (of another word: where it looks)',
    none: 'no word',
    subject: 'Who?',
    object: 'What?',
    manner: 'How?',
    place: (layer: number, head: number) => `layer ${layer}, head ${head}`,
  },
  ko: {
    head: (look: Pick<Look, 'place' | 'head' | 'model'>, word: string, token: string) =>
      `${look.model}, ${placeName(look.place, 'ko')}, 헤드 ${look.head}. 질문(Query)은 ${word}${token === word ? '' : `의 토큰 ${token}`}. 번호는 0부터 셉니다.`,
    step1: '1단계  내적: 단어마다 질문에 얼마나 맞는가',
    step2: '2단계  스케일링과 소프트맥스: 점수가 가중치로',
    step3: '3단계  가중합: 결과에 단어마다 얼마나 담기는가',
    geometry: '왜 내적인가  A·B = |A||B| cos θ',
    word: '단어',
    tokens: '토큰별 q · k',
    score: '점수',
    weight: '가중치',
    share: '몫',
    told: '예시',
    part: '비율',
    norm: '길이',
    scoreNote: (scale: string) => `점수 = q · k × ${scale}. 토큰이 여럿이면 log Σ exp`,
    sum: '합계',
    itself: '자기 자신',
    shareNote: '몫: 다른 단어들끼리만 나눈 비율',
    toldNote: '예시: 설명에 나오는 숫자이며, 잰 값이 아닙니다',
    partNote: '비율 ⟨oᵢ, o⟩/|o|²: 헤드 출력 o = Σ oᵢ, oᵢ = 가중치 × 내용(Value) × W_O',
    bias: '값의 편향',
    masked: '가려짐',
    token: '토큰',
    centred: 'cos 중심',
    raw: 'cos θ',
    geometryNote: (q: string) => `|q| = ${q}. 중심: 색인(Key)의 평균을 뺀 것으로, 소프트맥스에는 차이가 없습니다`,
    question: '방향이 맞아서일까, 그저 길어서일까?',
    answers: '동사가 묻는 질문마다 헤드 하나 (동사가 아니면 그저 보는 곳)',
    none: '없음',
    subject: '누가?',
    object: '무엇을?',
    manner: '어떻게?',
    place: (layer: number, head: number) => `층 ${layer}, 헤드 ${head}`,
  },
} as const;

/** What the heads with a role look at, a line each. */
function answerLines(answers: readonly Answer[], { language, color, width = WIDTH }: TextOptions): string[] {
  if (answers.length === 0) return [];
  const c = pc.createColors(color);
  const t = phrases[language];
  const column = Math.min(26, Math.max(8, width - 30), Math.max(12, ...answers.map(({ text }) => stringWidth(text))));
  return [
    ...wrap(t.answers, '', width).map((line) => c.bold(line)),
    ...answers.map(({ question, text, weight, layer, head }) => {
      // Below half of the weight no word is the answer.
      const word = weight >= 0.5 ? c.red(pad(clip(text, column), column)) : c.dim(pad(t.none, column));
      return `  ${pad(t[question], 9)} ${word} ${padStart(two(weight), 5)}  ${c.dim(t.place(layer, head))}`;
    }),
    '',
  ];
}

/** The three steps, the caption, the answers of heads with a role, and the geometry of one look. */
export function lookText(
  look: Look,
  { language, color, width = WIDTH }: TextOptions,
  answers: readonly Answer[] = [],
): string {
  const c = pc.createColors(color);
  const t = phrases[language];
  const name = (key: LookKey): string => (isAsking(look, key) ? `${key.text} (${t.itself})` : key.text);
  const told = illustration(look);
  const column = Math.min(
    Math.max(12, width - 36),
    26,
    Math.max(12, ...look.keys.map((key) => stringWidth(name(key)))),
  );
  // What weight, share and illustration leave of the line.
  const bars = Math.max(2, Math.min(22, width - column - (told ? 26 : 19)));
  const heading = (text: string): string[] => wrap(text, '', width).map((line) => c.bold(line));
  const note = (text: string): string[] => wrap(text, '  ', width).map((line) => c.dim(line));
  const label = (key: LookKey): string => {
    const text = pad(clip(name(key), column), column);
    return isAsking(look, key) ? c.blue(text) : key.word === null ? c.dim(text) : c.red(text);
  };
  const lines: string[] = [''];
  lines.push(
    ...sentence(look, c, width),
    '',
    ...wrap(t.head(look, look.query.text, look.query.tokenText), '  ', width),
    '',
  );

  lines.push(...heading(t.step1), c.dim(`  ${pad(t.word, column)} ${padStart(t.score, 8)}   ${t.tokens}`));
  for (const key of look.keys) {
    const dots = key.tokens.map(({ text, dot }) => `${text} ${two(dot)}`).join('  ');
    lines.push(
      `  ${label(key)} ${c.magenta(padStart(key.score === null ? t.masked : two(key.score), 8))}   ${clip(dots, width - column - 14)}`,
    );
  }
  lines.push(...note(t.scoreNote(String(Number(look.scale.toPrecision(6))))), '');

  lines.push(
    ...heading(t.step2),
    c.dim(
      `  ${pad(t.word, column)} ${padStart(t.weight, 7)} ${' '.repeat(bars)} ${padStart(t.share, 6)}${told ? padStart(t.told, 7) : ''}`,
    ),
  );
  for (const key of look.keys) {
    const illustrated = told?.get(key.text);
    lines.push(
      `  ${label(key)} ${padStart(two(key.weight), 7)} ${c.magenta(pad(bar(key.weight, bars), bars))} ${padStart(key.share === null ? '' : two(key.share), 6)}${illustrated === undefined ? '' : c.dim(padStart(illustrated.toFixed(1), 7))}`,
    );
  }
  const total = look.keys.reduce((sum, key) => sum + key.weight, 0);
  const shares = look.keys.flatMap(({ share }) => share ?? []);
  const shared = shares.length > 0 ? two(shares.reduce((sum, share) => sum + share, 0)) : '';
  const illustrated = [...(told?.values() ?? [])].reduce((sum, number) => sum + number, 0);
  lines.push(
    `  ${pad(t.sum, column)} ${padStart(two(total), 7)} ${' '.repeat(bars)} ${padStart(shared, 6)}${told ? c.dim(padStart(illustrated.toFixed(1), 7)) : ''}`,
  );
  lines.push(...note(t.shareNote), ...(told ? note(t.toldNote) : []), '');

  lines.push(
    ...heading(t.step3),
    c.dim(`  ${pad(t.word, column)} ${padStart(t.part, 7)} ${' '.repeat(bars)} ${padStart(t.norm, 6)}`),
  );
  for (const key of look.keys)
    lines.push(
      `  ${label(key)} ${padStart(two(key.contribution), 7)} ${c.green(pad(bar(key.contribution, bars), bars))} ${padStart(two(key.contributionNorm), 6)}`,
    );
  lines.push(
    `  ${c.dim(pad(t.bias, column))} ${padStart(two(look.biasContribution), 7)} ${c.green(bar(look.biasContribution, bars))}`,
  );
  const parts = look.keys.reduce((sum, key) => sum + key.contribution, look.biasContribution);
  lines.push(`  ${pad(t.sum, column)} ${padStart(two(parts), 7)}`, ...note(t.partNote), '');
  lines.push(...wrap(caption(look, language), '  ', width), '', ...answerLines(answers, { language, color, width }));

  const cosines = look.keys.flatMap(({ tokens }) =>
    tokens.map((token) => [
      pad(clip(token.text, column), column),
      ...[token.dot, token.keyNorm, token.cosine, token.centredCosine].map((number) => padStart(two(number), 7)),
    ]),
  );
  lines.push(
    ...heading(t.geometry),
    ...table([t.token, 'q · k', '|k|', t.raw, t.centred], cosines, {
      right: [1, 2, 3, 4],
      gap: 1,
      width,
      heading: c.dim,
    }),
  );
  lines.push(...note(t.geometryNote(two(look.keys[0]?.tokens[0]?.queryNorm ?? 0))), '');
  lines.push(`  ${t.question}`, ...wrap(alignedOrLong(look, language), '  ', width), '');
  return lines.join('\n');
}

/** The words in a row, the query underlined. */
function sentence(look: Look, c: ReturnType<typeof pc.createColors>, limit: number): string[] {
  const lines: string[] = [];
  let [line, under, width] = ['  ', '  ', 2];
  const flush = (): void => void lines.push(line.trimEnd(), ...(under.trim() === '' ? [] : [c.blue(under.trimEnd())]));
  for (const [index, { text }] of look.words.entries()) {
    const shown = clip(text, limit - 4);
    if (width > 2 && width + stringWidth(shown) > limit) {
      flush();
      [line, under, width] = ['  ', '  ', 2];
    }
    const asked = index === look.query.word;
    line += `${asked ? c.bold(c.blue(shown)) : shown}  `;
    under += `${(asked ? '─' : ' ').repeat(stringWidth(shown))}  `;
    width += stringWidth(shown) + 2;
  }
  flush();
  return lines;
}

/** Word × word weights: queries are rows, keys columns; wide texts are cut into blocks of columns. */
export function matrixText(matrix: WordMatrix, { language, color, width = WIDTH }: TextOptions): string {
  const c = pc.createColors(color);
  const label = Math.min(16, Math.max(...matrix.rows.map(({ text }) => stringWidth(text)), 6));
  const cell = Math.min(10, Math.max(...matrix.columns.map(({ text }) => stringWidth(text)), 5)) + 1;
  const perBlock = Math.max(1, Math.floor((width - 2 - label) / cell));
  const lines = [
    ...wrap(
      language === 'ko'
        ? `모든 단어: 행은 질문(Query), 열은 색인(Key). ${placeName(matrix.place, language)}, 헤드 ${matrix.head}`
        : `All words: rows are queries, columns keys; ${placeName(matrix.place, language)}, head ${matrix.head}`,
      '',
      width,
    ).map((line) => c.bold(line)),
  ];
  for (let from = 0; from < matrix.columns.length; from += perBlock) {
    const columns = matrix.columns.slice(from, from + perBlock);
    lines.push(
      `  ${' '.repeat(label)}${columns.map(({ text }) => c.red(padStart(clip(text, cell - 1), cell))).join('')}`,
    );
    for (const [i, row] of matrix.rows.entries()) {
      const weights = matrix.weights[i]!.slice(from, from + perBlock);
      lines.push(
        `  ${c.blue(pad(clip(row.text, label), label))}${weights.map((weight) => (weight >= 0.3 ? c.bold(padStart(two(weight), cell)) : padStart(two(weight), cell))).join('')}`,
      );
    }
    lines.push('');
  }
  return lines.join('\n');
}
