#!/usr/bin/env node
/** `npm run eval:ko`: the figures of the model card, computed anew on test sentences, beside what simple rules reach. */
import { fileURLToPath } from 'node:url';
import { look } from 'siseon/lens';
import { loadModel, Model, shippedModel } from 'siseon/model';
import { writeFileAtomically } from 'siseon/platform';
import { recordTrace } from 'siseon/trace';
import { initialParameters, seededRandom } from 'siseon/train';
import type { Sentence } from './grammar/sentence.ts';
import { heldOutPair, writeSentences } from './grammar/write.ts';
import { type HeadFigures, headFigures, withObject } from './heads.ts';
import { bertPlanOf } from './recipe.ts';

const model = await loadModel(shippedModel, { name: 'siseon/models/ko' });
const view = model.metadata.defaultView!;
const roles = model.metadata.roles as Record<'object' | 'subject' | 'manner', { layer: number; head: number }>;
const test = withObject(writeSentences({ seed: 23, count: 1600, split: 'test' })).slice(0, 1000);
const unseen = withObject(writeSentences({ seed: 29, count: 8_000, split: 'test' }))
  .filter(({ verbFrame, words }) =>
    heldOutPair(verbFrame.slice(0, -1), words.find(({ role }) => role === 'object')!.stem),
  )
  .slice(0, 400);
// Simple rules go wrong here: the object is not the word before the verb, and no 을/를 gives it away.
const unmarked = withObject(writeSentences({ seed: 31, count: 8_000, split: 'test' }))
  .filter(({ words }) => words.some(({ role, text }) => role === 'object' && !/[을를]$/.test(text)))
  .slice(0, 400);

const figures = await headFigures(model, test);
const at = ({ layer, head }: { layer: number; head: number }, list = figures): HeadFigures =>
  list.find((figure) => figure.layer === layer && figure.head === head)!;
const untrained = await Model.create({
  ...parts(model),
  parameters: initialParameters(bertPlanOf(model).sources, seededRandom(1)),
});

const percent = (part: number): string => `${(100 * part).toFixed(1)}%`;
const rule = (sentences: readonly Sentence[], choose: (others: readonly string[]) => number): string => {
  const hits = sentences.filter(
    ({ words }) =>
      choose(words.slice(0, -1).map(({ text }) => text)) === words.findIndex(({ role }) => role === 'object'),
  );
  return percent(hits.length / sentences.length);
};
const rules: Record<string, (others: readonly string[]) => number> = {
  'first word': () => 0,
  'word before the verb': (others) => others.length - 1,
  'nearest word in 을/를': (others) => others.findLastIndex((text) => /[을를]$/.test(text)),
};
const sets = { test, unseen, unmarked };
const byHead = {
  test: at(roles.object),
  unseen: at(roles.object, await headFigures(model, unseen)),
  unmarked: at(roles.object, await headFigures(model, unmarked)),
};
const best = (list: readonly HeadFigures[]): number => Math.max(...list.map(({ first }) => first.object));

const rows = [
  `| object head (layer ${roles.object.layer}, head ${roles.object.head}) | ${percent(byHead.test.first.object)} | ${percent(byHead.unseen.first.object)} | ${percent(byHead.unmarked.first.object)} |`,
  ...Object.entries(rules).map(
    ([name, choose]) =>
      `| rule: ${name} | ${Object.values(sets)
        .map((set) => rule(set, choose))
        .join(' | ')} |`,
  ),
  `| best head of the untrained model | ${percent(best(await headFigures(untrained, test)))} | ${percent(best(await headFigures(untrained, unseen)))} | ${percent(best(await headFigures(untrained, unmarked)))} |`,
];
const story = await look(await recordTrace(model, { text: '철수가 사과를 맛있게 먹었다' }), model);
const shown = story.keys.map(
  ({ text, score, weight, share }) =>
    `| ${text} | ${score?.toFixed(2)} | ${weight.toFixed(2)} | ${share === null ? '' : share.toFixed(2)} |`,
);
const { weight } = at(view);
const trained = model.metadata.trained as { seed: number; steps: number; loss: number };
const bytes = await import('node:fs/promises').then(({ readFile }) =>
  readFile(new URL('model.safetensors', shippedModel)),
);
const { createHash } = await import('node:crypto');
const a = model.architecture;

const card = `---
language: ko
license: mit
---

# siseon/models/ko

A small Korean encoder (BertForMaskedLM, ${a.layerCount} layers × ${a.headCount} heads, width ${a.hiddenSize}, ${model.parameterCount.toLocaleString('en')} parameters) that ships with Siseon. It was trained by this project's own engine on sentences that the program in \`grammar/\` writes, to repair masked and replaced tokens. Attention was never supervised and never written by hand; the story's sentence, 철수가 사과를 맛있게 먹었다, was never trained on, in any order.

Made anew by \`npm run train:ko\` (seed ${trained.seed}, ${trained.steps} steps, last loss ${trained.loss}); the figures below by \`npm run eval:ko\`. SHA-256 of model.safetensors: \`${createHash('sha256').update(bytes).digest('hex')}\`.

## Where a verb looks first

How often the other word with the largest weight, asked from the visible verb's stem token, is the object. The head was chosen on development sentences; these are test sentences.

| | ${test.length} sentences | ${unseen.length} with a verb–noun pair never trained on | ${unmarked.length} whose object has no 을/를 |
|---|---|---|---|
${rows.join('\n')}

Following 을/를 alone is case marking, not meaning: the last column tells the two apart. One seed was measured here, and the sentences come from the same program as the training sentences.

## The view shown by default

Layer ${view.layer}, head ${view.head}: mean weight on the object ${weight.object.toFixed(2)}, subject ${weight.subject.toFixed(2)}, manner ${weight.manner.toFixed(2)} (where there is one), the verb itself ${weight.itself.toFixed(2)}, separators ${weight.special.toFixed(2)}. For the story's sentence, from the token ${story.query.tokenText}:

| | score | weight | share |
|---|---|---|---|
${shown.join('\n')}

## What it cannot do

It knows the words and constructions of its grammar: simple sentences with the verb last. Other words are read letter by letter, and what it says of them is not evidence of anything. It has no clauses within clauses, no negation and no questions.
`;
await writeFileAtomically(fileURLToPath(new URL('README.md', shippedModel)), new TextEncoder().encode(card));
console.log(card);

function parts(of: Model) {
  return {
    name: 'untrained',
    family: of.family,
    architecture: of.architecture,
    tokenizer: of.tokenizer,
    metadata: of.metadata,
  };
}
