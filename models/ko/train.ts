#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
/** `npm run train:ko [-- --seed N --steps N --output FOLDER]`: trains the Korean model, chooses its heads on development sentences, saves it. */
import { parseArgs } from 'node:util';
import cliProgress from 'cli-progress';
import { loadModel, saveModel, shippedModel, Tokenizer } from 'siseon/model';
import { makeFolder } from 'siseon/platform';
import { train } from 'siseon/train';
import { writeSentences } from './grammar/write.ts';
import { headFigures, withObject } from './heads.ts';
import { layout, trainingPlan, trainingTexts } from './recipe.ts';
import { buildTokenizer } from './vocabulary.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '2' },
    steps: { type: 'string', default: '2500' },
    output: { type: 'string', default: fileURLToPath(shippedModel) },
  },
});
const [seed, steps] = [Number(values.seed), Number(values.steps)];
const output = values.output.replace(/\/$/, '');

const json = buildTokenizer();
const tokenizer = Tokenizer.fromJson(json);
const plan = trainingPlan(tokenizer, { seed, steps });
const bar = new cliProgress.SingleBar({
  format: 'training {bar} {value}/{total} steps  loss {loss}  {eta_formatted} left',
  hideCursor: true,
  noTTYOutput: true,
  notTTYSchedule: 10_000,
});
bar.start(steps, 0, { loss: '-' });
const began = performance.now();
let average = 0;
const parameters = await train(plan, trainingTexts(tokenizer), ({ step, loss }) => {
  average = step === 1 ? loss : average * 0.98 + loss * 0.02;
  bar.update(step, { loss: average.toFixed(3) });
});
bar.stop();
const seconds = (performance.now() - began) / 1000;

await makeFolder(output);
const trained = { seed, steps, loss: Number(average.toFixed(4)) };
const save = (siseon: Record<string, unknown>) =>
  saveModel(output, { config: { ...layout(tokenizer), siseon }, sources: plan.sources, parameters, tokenizer: json });
await save({ trained });

// Heads are chosen on development sentences alone: the default view is the head whose weights most often stand in the
// order object > subject > manner among those that find the object.
const model = await loadModel(output);
const figures = await headFigures(
  model,
  withObject(writeSentences({ seed: 11, count: 600, split: 'development' })).slice(0, 400),
);
const best = (score: (figure: (typeof figures)[number]) => number) =>
  figures.reduce((a, b) => (score(b) > score(a) ? b : a));
const view = best(
  ({ first, inOrder, weight }) =>
    (first.object >= 0.95 ? 1 : first.object) +
    inOrder +
    (weight.object + weight.subject + weight.manner >= 0.5 ? 1 : 0),
);
const role = (name: 'object' | 'subject' | 'manner') => {
  const { layer, head, first } = best((figure) => figure.first[name]);
  return { layer, head, development: Number(first[name].toFixed(4)) };
};
const roles = { object: role('object'), subject: role('subject'), manner: role('manner') };
await save({ defaultView: { layer: view.layer, head: view.head }, roles, trained });
console.log(`trained in ${seconds.toFixed(0)} s, loss ${trained.loss}; saved in ${output}`);
console.log(
  `heads on ${400} development sentences (object first | subject first | in order | weight object, subject, manner, itself, separators):`,
);
for (const { layer, head, first, inOrder, weight } of figures)
  console.log(
    `  layer ${layer} head ${head}: ${[first.object, first.subject, inOrder].map((x) => x.toFixed(3)).join(' | ')} | ${[weight.object, weight.subject, weight.manner, weight.itself, weight.special].map((x) => x.toFixed(2)).join(' ')}`,
  );
console.log(`default view: layer ${view.layer}, head ${view.head}`);
