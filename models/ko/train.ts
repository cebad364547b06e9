#!/usr/bin/env node
/** `npm run train:ko [-- --seed N --steps N --output FOLDER]`: trains the Korean model, chooses its heads on development sentences, saves it. */
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { shippedModel } from 'siseon/model';
import { shippedSeed, shippedSteps } from './recipe.ts';
import { trainModel } from './training.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(shippedSeed) },
    steps: { type: 'string', default: String(shippedSteps) },
    output: { type: 'string', default: fileURLToPath(shippedModel) },
    fresh: { type: 'boolean', default: false },
  },
});
const output = values.output.replace(/\/$/, '');
if (values.fresh) await rm(`${output}/training.safetensors`, { force: true });
const { seconds, loss, roles, defaultView } = await trainModel({
  seed: Number(values.seed),
  steps: Number(values.steps),
  output,
});
console.log(`trained in ${seconds.toFixed(0)} s, loss ${loss}; saved in ${output}`);
for (const [role, { layer, head, development }] of Object.entries(roles))
  console.log(
    `  ${role}: layer ${layer}, head ${head}, first in ${(100 * development).toFixed(1)}% on development sentences`,
  );
console.log(`  shown by default: layer ${defaultView.layer}, head ${defaultView.head}`);
