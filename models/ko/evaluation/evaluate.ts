#!/usr/bin/env node
/**
 * `npm run eval:ko`: computes every figure of the model card anew and writes the card. The range over seeds and the
 * control need other trainings, which are looked for in `.siseon/ko`; with `-- --all` those that are missing are made
 * first (about a quarter of an hour each, resumable), else the card says what was there. `-- --quick` measures the
 * shipped model alone and only prints.
 */
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { look } from 'siseon/lens';
import { loadModel, Model, shippedModel } from 'siseon/model';
import { fileExists, readFile, writeFileAtomically } from 'siseon/platform';
import { recordTrace } from 'siseon/trace';
import { initialParameters, seededRandom } from 'siseon/train';
import { independentWords } from '../grammar/lexicon.ts';
import { headFigures } from '../heads.ts';
import { bertPlanOf, seeds, shippedSteps } from '../recipe.ts';
import { trainModel } from '../training.ts';
import { writeCard } from './card.ts';
import { allFigures, chooseHeads, type Figures, firstFigures, type Roles, ruleFigures, testProbes } from './figures.ts';
import { readingFigures } from './reading.ts';
import { treebankProbes } from './treebank.ts';
import { alignment } from './values.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    treebanks: { type: 'string', default: '../shared/data/treebanks' },
  },
});
const say = (text: string): void => void process.stderr.write(`${text}\n`);

const model = await loadModel(shippedModel, { name: 'siseon/models/ko' });
const roles = model.metadata.roles as unknown as Roles;
const trained = model.metadata.trained as { seed: number; steps: number };
const probes = testProbes();
say('the shipped model …');
// Every noun in every probe's place is many runs: more of them for the model that ships.
const figures = await allFigures(model, roles, probes, 100);
if (values.quick) {
  console.log(JSON.stringify(figures, null, 2));
  process.exit(0);
}

const folder = (name: string): string => fileURLToPath(new URL(`../../../../.siseon/ko/${name}`, import.meta.url));
async function trainedModel(name: string, seed: number, grammar?: typeof independentWords): Promise<Model | null> {
  const output = folder(name);
  if (!(await fileExists(`${output}/config.json`)) || (await fileExists(`${output}/training.safetensors`))) {
    if (!values.all) return null;
    say(`training ${name} (${shippedSteps} steps) …`);
    await trainModel({ seed, steps: shippedSteps, output, ...(grammar && { grammar }) });
  }
  return loadModel(output, { name });
}
const bySeed = new Map<number, Figures>([[trained.seed, figures]]);
for (const seed of seeds) {
  if (seed === trained.seed) continue;
  const other = await trainedModel(`seed-${seed}`, seed);
  if (!other) continue;
  say(`seed ${seed} …`);
  bySeed.set(seed, await allFigures(other, other.metadata.roles as unknown as Roles, probes));
}

say('the untrained model and the one trained on independent words …');
const untrained = await Model.create({
  name: 'untrained',
  family: model.family,
  architecture: model.architecture,
  tokenizer: model.tokenizer,
  metadata: {},
  parameters: initialParameters(bertPlanOf(model).sources, seededRandom(1)),
});
const control = await trainedModel('independent-words', trained.seed, independentWords);
const baseline = async (of: Model) => {
  const { roles: own } = await chooseHeads(of);
  return { ...(await firstFigures(of, own, probes)), alignment: await alignment(of, own.object, probes.object) };
};
const baselines = { untrained: await baseline(untrained), independentWords: control && (await baseline(control)) };

const files = ['ko_gsd-ud-test.conllu', 'ko_kaist-ud-dev.conllu', 'ko_gsd-ud-dev.conllu'];
const treebanks: Parameters<typeof writeCard>[0]['treebanks'] = [];
for (const file of files) {
  const path = `${values.treebanks}/${file}`;
  if (!(await fileExists(path))) continue;
  say(`${file} …`);
  const found = await treebankProbes(model, [path]);
  const first = async (role: 'object' | 'subject', of: Model, place: { layer: number; head: number }) =>
    (await headFigures(of, found[role])).find(({ layer, head }) => layer === place.layer && head === place.head)!.roles[
      role
    ].first;
  const rulesOf = (role: 'object' | 'subject') => {
    const { object, ...rest } = ruleFigures({ ...probes, object: found.object, subject: found.subject });
    void object;
    return Object.fromEntries(Object.entries(rest).map(([rule, sets]) => [rule, sets[role]]));
  };
  const own = (await chooseHeads(untrained)).roles;
  treebanks.push({
    file,
    tooLong: found.tooLong,
    rows: await Promise.all(
      (['object', 'subject'] as const).map(async (role) => ({
        role,
        count: found[role].length,
        first: await first(role, model, roles[role]),
        untrained: await first(role, untrained, own[role]),
        rules: rulesOf(role),
      })),
    ),
  });
}

const story = await look(await recordTrace(model, { text: '철수가 사과를 맛있게 먹었다' }), model);
const bytes = await readFile(new URL('model.safetensors', shippedModel));
const card = writeCard({
  model,
  trained,
  roles,
  figures,
  bySeed,
  baselines,
  rules: ruleFigures(probes),
  treebanks,
  reading: await readingFigures(model, roles),
  story,
  hash: createHash('sha256').update(bytes).digest('hex'),
});
await writeFileAtomically(fileURLToPath(new URL('README.md', shippedModel)), new TextEncoder().encode(card));
console.log(card);
