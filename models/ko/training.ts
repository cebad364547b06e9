/** One training of the Korean model, from its plan to its folder. */
import { rm } from 'node:fs/promises';
import cliProgress from 'cli-progress';
import { loadModel, saveModel, Tokenizer } from 'siseon/model';
import { makeFolder } from 'siseon/platform';
import { loadTrainingState, saveTrainingState, train } from 'siseon/train';
import { chooseHeads } from './evaluation/figures.ts';
import { type Grammar, korean } from './grammar/lexicon.ts';
import { layout, trainingMatches, trainingPlan, trainingTexts } from './recipe.ts';
import { buildTokenizer } from './vocabulary.ts';

/** Steps between two states kept on disk: at most so much is lost to a kill. */
const keepEvery = 250;

/**
 * Trains into a folder, going on from `training.safetensors` there if a training of the same plan was cut off; it is
 * taken away at the end. Throws what train, saveTrainingState and loadTrainingState throw.
 */
export async function trainModel({
  seed,
  steps,
  output,
  grammar = korean,
}: {
  readonly seed: number;
  readonly steps: number;
  readonly output: string;
  readonly grammar?: Grammar;
}) {
  const json = buildTokenizer();
  const tokenizer = Tokenizer.fromJson(json);
  const plan = trainingPlan(tokenizer, { seed, steps });
  const state = `${output}/training.safetensors`;
  await makeFolder(output);
  const resume = await loadTrainingState(state);
  const bar = new cliProgress.SingleBar({
    format: 'training {bar} {value}/{total} steps  loss {loss}  {eta_formatted} left',
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 10_000,
    etaBuffer: 200,
  });
  bar.start(steps, resume?.step ?? 0, { loss: '-' });
  const began = performance.now();
  let average: number | null = null;
  const parameters = await train(
    plan,
    trainingTexts(tokenizer, grammar),
    ({ step, loss }) => {
      average = average === null ? loss : average * 0.98 + loss * 0.02;
      bar.update(step, { loss: average.toFixed(3) });
    },
    {
      matches: trainingMatches(tokenizer, grammar),
      resume,
      keep: { every: keepEvery, save: (kept) => saveTrainingState(state, kept) },
    },
  ).finally(() => bar.stop());
  const seconds = (performance.now() - began) / 1000;
  const loss = Number((average ?? Number.NaN).toFixed(3));

  const save = (siseon: Record<string, unknown>): Promise<void> =>
    saveModel(output, { config: { ...layout(tokenizer), siseon }, sources: plan.sources, parameters, tokenizer: json });
  const trained = { seed, steps };
  await save({ trained });
  const { roles, defaultView, figures } = await chooseHeads(await loadModel(output));
  await save({ defaultView, roles, trained });
  await rm(state, { force: true });
  return { seconds, loss, roles, defaultView, figures };
}
