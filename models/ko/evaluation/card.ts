/** The model card: figures into words and tables. */
import type { Look } from 'siseon/lens';
import type { Model } from 'siseon/model';
import { conjugations, manners, nouns, timeWords } from '../grammar/lexicon.ts';
import { topics } from '../grammar/topics.ts';
import type { Figure, Figures, Roles } from './figures.ts';
import type { ReadingFigures } from './reading.ts';
import { descriptions, type SetName, setNames } from './sets.ts';

interface Baseline {
  readonly first: Figures['first'];
  readonly alignment: number;
}

export interface CardData {
  readonly model: Model;
  readonly trained: { readonly seed: number; readonly steps: number };
  readonly roles: Roles;
  readonly figures: Figures;
  readonly bySeed: ReadonlyMap<number, Figures>;
  readonly baselines: {
    readonly untrained: Baseline;
    /** null where that model was not trained. */
    readonly independentWords: Baseline | null;
  };
  readonly rules: Readonly<Record<string, Readonly<Record<SetName, number>>>>;
  treebanks: {
    readonly file: string;
    readonly tooLong: number;
    readonly rows: readonly {
      readonly role: string;
      readonly count: number;
      readonly first: number;
      readonly untrained: number;
      readonly rules: Readonly<Record<string, number>>;
    }[];
  }[];
  readonly reading: ReadingFigures;
  readonly story: Look;
  readonly hash: string;
}

const percent = (part: number): string => `${(100 * part).toFixed(1)}%`;
const row = (...cells: (string | number)[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly string[]): string =>
  [row(...head), row(...head.map(() => '---')), ...rows].join('\n');

export function writeCard(data: CardData): string {
  const { model, trained, roles, figures, bySeed, baselines, rules, treebanks, reading, story } = data;
  const a = model.architecture;
  const range = (of: (figures: Figures) => number, show = percent): string => {
    const all = [...bySeed.values()].map(of);
    return `${show(Math.min(...all))} to ${show(Math.max(...all))}`;
  };
  const two = (x: number): string => x.toFixed(2);
  const holds = (value: number, bar: number): string => `${percent(bar)} ${value >= bar ? 'held' : '**missed**'}`;
  const bars: Partial<Record<SetName, number>> = {
    object: 0.95,
    subject: 0.9,
    unseenNouns: 0.85,
    contrast: 0.8,
    unmarked: 0.75,
  };

  const sets = setNames.filter((name) => name !== 'withoutObject' && name !== 'cause');
  const firstRows = sets.map((name) => {
    const { value, count } = figures.first[name];
    return row(
      descriptions[name],
      count,
      percent(value),
      bars[name] === undefined ? '' : holds(value, bars[name]),
      range((one) => one.first[name].value),
      ...Object.values(rules).map((rule) => percent(rule[name])),
      percent(baselines.untrained.first[name].value),
      baselines.independentWords ? percent(baselines.independentWords.first[name].value) : '–',
    );
  });
  const other = (name: string, of: (figures: Figures) => Figure, bar: string, show = percent): string => {
    const { value, count } = of(figures);
    return row(
      name,
      count,
      show(value),
      bar,
      range((one) => of(one).value, show),
    );
  };
  const atLeast = (value: number, bar: number, show = percent): string =>
    `${show(bar)} ${value >= bar ? 'held' : '**missed**'}`;
  const drop = figures.first.object.value - figures.first.contrast.value;
  const nearest = rules['nearest 을/를 to the left']!;
  const points = (own: number, other: number): string => (100 * (own - other)).toFixed(1);
  const beyondMarks =
    figures.first.contrast.value >= 0.8 && figures.first.unmarked.value >= 0.75
      ? 'On both contrast sets the head finds the object where that rule is wrong by construction, so it has learned more than to follow 를.'
      : `On the contrast sets, where that rule is wrong by construction, the head falls by ${(100 * drop).toFixed(0)} points: it leans on case and place.`;
  const free = baselines.independentWords?.first;
  const lesson = free
    ? `${beyondMarks} Meaning is the smaller part of it: where words are drawn independently, and no verb has nouns of its own, the same training comes to ${percent(free.object.value)}, and to ${percent(free.contrast.value)} of the contrast set, by marks, order, clauses and by what kinds of nouns act and are acted on. What fits the verb adds ${points(figures.first.object.value, free.object.value)} and ${points(figures.first.contrast.value, free.contrast.value)} points.`
    : beyondMarks;

  return `---
language: ko
license: mit
---

# siseon/models/ko

A small Korean encoder (BertForMaskedLM, ${a.layerCount} layers × ${a.headCount} heads, width ${a.hiddenSize}, ${model.parameterCount.toLocaleString('en')} parameters) that ships with Siseon. It was trained by this project's own engine on sentences that the program in \`grammar/\` writes (${nouns.length} nouns, ${conjugations.length} verb and adjective stems, ${manners.length} adverbs of manner and degree, ${timeWords.length} of time), to repair masked and replaced tokens; on events told twice in other words, to know the one telling by the other; and on questions, tags and contents of ${topics.length} topics, to find a question's own tag. Attention was never supervised and never written by hand: nothing said where to look. But who wrote the tellings knew which word was the verb and that subject, object and manner make an event, and so the model was asked, if not told, to know them at the verb. The story's sentence, 철수가 사과를 맛있게 먹었다, was never trained on, in any order.

Made anew by \`npm run train:ko\` (seed ${trained.seed}, ${trained.steps} steps); every figure below by \`npm run eval:ko\`. Ranges are over the training seeds ${[...bySeed.keys()].toSorted((x, y) => x - y).join(', ')}, each with heads of its own${bySeed.size < 5 ? ' (five are planned; the others had not been trained when this card was written)' : ''}. Heads and recipe were chosen on development sentences; these are test sentences. The seed was not chosen: it is the first. On another processor or engine the bytes may differ; figures should then agree within 2 points. SHA-256 of model.safetensors: \`${data.hash}\`.

Heads: ${Object.entries(roles)
    .map(([role, { layer, head }]) => `${role} layer ${layer} head ${head}`)
    .join(', ')}. Shown by default: layer ${story.layer} head ${story.head}.

## Where a visible verb looks first

How often the other word with the largest weight, asked from the verb's stem token in the role's head, is the right one; beside it what simple rules, the untrained model and a model trained on the same constructions with words drawn independently reach${baselines.independentWords ? '' : ' (the last was not trained when this card was written)'}.

${table(['set', 'n', 'first', 'bar', 'seeds', ...Object.keys(rules), 'untrained', 'independent words'], firstRows)}

The nearest word in 을/를 alone is right in ${percent(nearest.object)}: following 를 is case marking, not meaning. ${lesson}

Verbs without an object (${figures.first.withoutObject.count} test sentences): the object head looks ${Object.entries(
    figures.withoutObject,
  )
    .toSorted(([, x], [, y]) => y.part - x.part || y.weight - x.weight)
    .map(([where, { part, weight }]) => `at ${where} first in ${percent(part)} (mean weight ${two(weight)})`)
    .join(', ')}.

## Weights, values, causes

${table(
  ['measure', 'n', 'value', 'bar', 'seeds'],
  [
    ...(['object', 'subject', 'manner'] as const).map((role) =>
      other(
        `mean weight of the ${role} head on the ${role}`,
        (one) => one.weight[role],
        role === 'manner' ? '' : atLeast(figures.weight[role].value, 0.5, two),
        two,
      ),
    ),
    other('manner head has the manner first', (one) => one.manner, ''),
    other(
      'the object’s part of the head’s output is the largest',
      (one) => one.contribution,
      holds(figures.contribution.value, 0.95),
    ),
    other('the noun nearest to the mixture, of the sentence’s nouns, is the object', (one) => one.nearestNoun, ''),
    other('the same, of all nouns of the grammar', (one) => one.nearestOfAll, holds(figures.nearestOfAll.value, 0.9)),
    other(
      'cause: another verb’s object in this head’s values moves the masked verb',
      (one) => one.cause,
      holds(figures.cause.value, 0.8),
    ),
    other(
      'what another object does when it is really there',
      (one) => ({ value: one.cause.really, count: one.cause.count }),
      '',
    ),
    other(
      'the same values in another head drawn at random',
      (one) => ({ value: one.cause.byOtherHeads, count: one.cause.count }),
      '',
    ),
    other(
      'training aligns: AUC of related against unrelated by centred cos(q, k)',
      (one) => one.alignment,
      atLeast(figures.alignment.value, 0.9, two),
      two,
    ),
    row('the same, untrained', figures.alignment.count, two(baselines.untrained.alignment), '', ''),
  ],
)}

## The library

${figures.library.count} questions from templates never trained on, each held against tags of 8 of ${topics.length} topics: right first in ${percent(figures.library.right)} (seeds ${range((one) => one.library.right)}; ${holds(figures.library.right, 0.8)}); counting shared pairs of syllables reaches ${percent(figures.library.byOverlap)}. On the ${figures.library.hard.count} that share no word and no pair of syllables with their tag: ${percent(figures.library.hard.right)} against ${percent(figures.library.hard.byOverlap)}. The things asked about stood in training questions of the same topic: this is recall of topics in new words around them, not knowledge of the world.

## The view shown by default

철수가 사과를 맛있게 먹었다, layer ${story.layer} head ${story.head}, from the token ${story.query.tokenText}:

${table(
  ['key', 'score', 'weight', 'share', 'part of the output'],
  story.keys.map(({ text, score, weight, share, contribution }) =>
    row(text, score === null ? '' : two(score), two(weight), share === null ? '' : two(share), two(contribution)),
  ),
)}

## Words that end like particles

${reading.known.whole} of ${reading.known.count} known nouns such as 마을, 노을, 휴가, 나이 are one token before their particle. Of ${reading.unknown.count} that it does not know (고을, 국가, 부엉이), ${reading.unknown.misread} end in the piece of a particle, and so are misread as tokens; as the topic of ${reading.led.count} short sentences they lead the object head astray in ${percent(reading.led.astray)}.

## Real sentences

Universal Dependencies Korean, words with the relation obj or nsubj of a verb, asked from the verb's first token. There is no bar: the model has never seen such text, and most of their words are syllables and letters to it.

${
  treebanks.length === 0
    ? 'The treebanks were not at hand when this card was written.'
    : treebanks
        .map(
          ({ file, rows, tooLong }) =>
            `${file}${tooLong > 0 ? ` (${tooLong} sentences of more than ${a.positionCount} tokens left out)` : ''}:\n\n${table(
              ['relation', 'n', 'model', ...Object.keys(rules), 'untrained'],
              rows.map(({ role, count, first, untrained, rules: own }) =>
                row(
                  role,
                  count,
                  percent(first),
                  ...Object.keys(rules).map((rule) => percent(own[rule] ?? 0)),
                  percent(untrained),
                ),
              ),
            )}`,
        )
        .join('\n\n')
}

## What it cannot do

It knows the words and constructions of its grammar: one clause, two joined by -고 or -면서, a relative clause, questions, negation. It has no quotation, no conditionals, no numerals, no titles after names (철수 씨), and reads unknown words syllable by syllable. Its honorifics follow a list of persons. What it says of sentences beyond that, the treebanks' above all, is no evidence of how Korean works.
`;
}
