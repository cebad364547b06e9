/** Each line of the explanation, the place that shows it, and what is measured there. docs/story.md is written from it. */
import { answers, type Look, look, lookup, pair } from 'siseon/lens';
import { loadModel, Model } from 'siseon/model';
import { recordTrace } from 'siseon/trace';
import { initialParameters, seededRandom } from 'siseon/train';
import { probesOfSet } from '../models/ko/evaluation/sets.ts';
import { alignment } from '../models/ko/evaluation/values.ts';
import { modelFolder } from '../models/ko/index.ts';
import { bertPlanOf } from '../models/ko/recipe.ts';

export const sentence = '철수가 사과를 맛있게 먹었다';
export const question = '사과 요리법에 대해 알고 싶어';
export const shelves = [
  { tag: '과일 요리', content: '사과 파이 만드는 법은 사과를 얇게 썰어 설탕과 졸이는 데서 시작한다' },
  { tag: '전자제품', content: '아이폰 수리법은 전원을 끄고 화면을 여는 것이 먼저다' },
  { tag: '운동법', content: '허리를 펴고 천천히 앉았다 일어나는 운동이 다리를 튼튼하게 한다' },
  { tag: '디저트', content: '사과 케이크는 반죽에 사과를 넣고 노릇하게 굽는다' },
];

export async function measureStory() {
  const model = await loadModel(modelFolder, { name: 'siseon/models/ko' });
  const trace = await recordTrace(model, { text: sentence });
  const seen = await look(trace, model);
  const asked = await answers(trace, model);
  const cell = await pair(trace, model, { query: '먹었다', key: '사과를' });
  const library = await lookup(model, question, shelves);
  const untrained = await Model.create({
    name: 'untrained',
    family: model.family,
    architecture: model.architecture,
    tokenizer: model.tokenizer,
    metadata: model.metadata,
    parameters: initialParameters(bertPlanOf(model).sources, seededRandom(1)),
  });
  const head = (model.metadata.roles as { object: { layer: number; head: number } }).object;
  const probes = probesOfSet('object', 300, 'test');
  return {
    seen,
    asked,
    cell,
    library,
    aligned: { before: await alignment(untrained, head, probes), after: await alignment(model, head, probes) },
  };
}

export type StoryFigures = Awaited<ReturnType<typeof measureStory>>;

export const keyOf = (seen: Look, word: string) => seen.keys.find(({ text }) => text === word)!;

/** The rows of docs/story.md: line, place, value. */
export function storyRows({ seen, asked, cell, library, aligned }: StoryFigures): [string, string, string][] {
  const two = (x: number | null): string =>
    x === null
      ? '−∞'
      : x
          .toFixed(2)
          .replace(/^-(?=0\.00$)/, '')
          .replace('-', '−');
  const each = (of: (key: ReturnType<typeof keyOf>) => number | null): string =>
    ['철수가', '사과를', '맛있게'].map((word) => `${word} ${two(of(keyOf(seen, word)))}`).join(', ');
  const token = keyOf(seen, '사과를').tokens[0]!;
  const other = keyOf(seen, '맛있게').tokens[0]!;
  const places = {
    look: `\`siseon "${sentence}"\``,
    pair: `\`siseon pair "${sentence}" 먹었다 사과를\``,
    lookup: `\`siseon lookup "${question}"\``,
  };
  const told = '`Step 2`, column *told*';
  return [
    [
      'What to attend to now, out of all that is there?',
      places.look,
      `of what ${seen.query.text} gives, ${two(keyOf(seen, '사과를').weight)} goes to 사과를 (layer ${seen.layer}, head ${seen.head}, token ${seen.query.tokenText})`,
    ],
    [
      'A query is held against keys',
      places.lookup,
      library.entries.map(({ tag, score }) => `[${tag}] ${two(score)}`).join(', '),
    ],
    [
      'Keys stand for values, which are mixed',
      `${places.lookup}, column *part*`,
      library.entries.map(({ tag, part }) => `[${tag}] ${two(part)}`).join(', '),
    ],
    [
      'QKᵀ is a search engine: a score for each tag',
      places.lookup,
      `in order: ${library.entries
        .toSorted((a, b) => b.score - a.score)
        .map(({ tag }) => `[${tag}]`)
        .join(', ')}`,
    ],
    [
      'Step 1: 누가 먹었지? 무엇을 먹었지? 어떻게 먹었지? Scores of dot products',
      `${places.look}, step 1`,
      each(({ score }) => score),
    ],
    [
      '누가? 무엇을? 어떻게? Each a question of its own',
      `${places.look}, a head for each question`,
      asked.map(({ text, weight, head }) => `${text} ${two(weight)} (head ${head})`).join(', '),
    ],
    [
      'Step 2: scaling and softmax; all weights add up to 1',
      `${places.look}, step 2`,
      `${each(({ weight }) => weight)}; sum ${two(seen.keys.reduce((sum, { weight }) => sum + weight, 0))}`,
    ],
    [
      '철수가 0.2, 사과를 0.7, 맛있게 0.1',
      told,
      `an illustration, and labelled so; among the other words alone: ${each(({ share }) => share)}`,
    ],
    [
      'Step 3: the weighted sum holds most of 사과',
      `${places.look}, step 3`,
      `part of the head’s output: ${each(({ contribution }) => contribution)}`,
    ],
    [
      'A·B = |A||B|cos θ',
      places.pair,
      `${two(cell.dot)} = ${two(token.queryNorm)} × ${two(token.keyNorm)} × ${two(token.cosine)}`,
    ],
    [
      'Near 1 alike, near 0 unrelated',
      `${places.look}, geometry`,
      `centred cos θ: 사과를 ${two(token.centredCosine)}, 맛있게 ${two(other.centredCosine)}`,
    ],
    [
      'Training turns related words the same way',
      '`npm run eval:ko`; the model card',
      `AUC of related against unrelated pairs by centred cos(q, k): ${two(aligned.before)} before training, ${two(aligned.after)} after`,
    ],
    [
      'A large dot product: attend; a small one: ignore',
      `${places.look}, counterfactual`,
      `were all keys as long, 사과를 would have ${two(seen.counterfactual.equalLengths[seen.keys.indexOf(keyOf(seen, '사과를'))]!)}; were all directions alike, ${two(seen.counterfactual.equalDirections[seen.keys.indexOf(keyOf(seen, '사과를'))]!)}`,
    ],
    [
      '“This word is understood from that one by 70%”',
      `${places.look}, the caption`,
      `${two(keyOf(seen, '사과를').share)} of what goes to other words goes to 사과를`,
    ],
  ];
}

export function storyDocument(figures: StoryFigures): string {
  const rows = storyRows(figures).map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
  return `# The story, line by line

Each line of the explanation that Siseon tells, the command that shows it, and what the shipped model measured there. Written by \`WRITE_STORY=1 npx vitest run test/story.test.ts\`; the test of the same name computes every number anew and compares.

| line | place | measured |
|---|---|---|
${rows.join('\n')}

Where the story is looser than the mathematics: a large dot product is evidence that two words are related, not proof. A score grows with the length of a key as well as with its direction, which the counterfactual takes apart; and a weight explains a prediction only when taking it away changes that prediction (the card's *cause*).
`;
}
