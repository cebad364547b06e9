/** Training an encoder to repair texts: draw, corrupt, run, compare, go back, step. */
import { type Kernels, type Storage, wasmKernels } from '../kernels/index.ts';
import {
  type Architecture,
  type Batch,
  decode,
  type HostTensor,
  type ParameterSource,
  toDevice,
  transform,
} from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { operations, read, scope, Tape, type Tensor } from '../tensor/index.ts';
import { byLength, padded } from './batches.ts';
import { type MatchSource, matchingLoss } from './matching.ts';
import { type Corruption, corrupt } from './objective.ts';
import { AdamW } from './optimizer.ts';
import { below, normal, type Random, seededRandom, stepRandom } from './random.ts';
import { learningRate } from './schedule.ts';
import { expectFits, type TrainingState } from './state.ts';

export interface TrainingPlan {
  readonly architecture: Architecture;
  /** What there is to learn: names and shapes. */
  readonly sources: readonly ParameterSource[];
  readonly seed: number;
  readonly steps: number;
  /** Texts in a step. */
  readonly batchSize: number;
  readonly rate: number;
  readonly warmUp: number;
  readonly decay: number;
  /** Steps over which each layer's own rate rises to its full height, for layers that are to learn later; absent: none. */
  readonly layerWarmUp?: readonly number[];
  readonly corruption: Corruption;
  readonly maskId: number;
  /** Ids below it are special: never chosen, never drawn as replacements, never part of a text's embedding. */
  readonly firstToken: number;
  /** How much the loss of matching counts beside that of repairing; needs `matches`. */
  readonly matching?: number;
}

export interface TrainingProgress {
  /** Steps done, of so many. */
  readonly step: number;
  readonly steps: number;
  /** Mean cross-entropy of this step's repairs, in nats per chosen token. */
  readonly loss: number;
  /** Mean cross-entropy of this step's matches, in nats per query; null where nothing is matched. */
  readonly matchingLoss: number | null;
  /** The parameters as they stand, copied to the host. */
  readonly parameters: () => Promise<Map<string, HostTensor>>;
  /** All that is needed to go on from here, copied to the host. */
  readonly state: () => Promise<TrainingState>;
}

export interface TrainingOptions {
  /** Computes on WebAssembly unless another device is given. */
  readonly device?: Kernels;
  /** Draws what is matched in a step. */
  readonly matches?: MatchSource;
  /** Goes on from here instead of beginning. */
  readonly resume?: TrainingState | null;
  /** Called every so many steps with all that is needed to go on. */
  readonly keep?: { readonly every: number; readonly save: (state: TrainingState) => Promise<void> };
}

/** Texts that run side by side; those of a step are sorted by length first. */
const groupSize = 16;

/** Draws the token ids of one text, [CLS] and [SEP] included. */
export type TextSource = (random: Random) => ArrayLike<number>;

/** First parameters: linear maps normal with deviation 1/√inputs, embeddings 0.05, norms 1, biases 0. */
export function initialParameters(sources: readonly ParameterSource[], random: Random): Map<string, HostTensor> {
  return new Map(
    sources.map(({ name, shape }) => {
      const data = new Float32Array(shape.reduce((size, length) => size * length, 1));
      if (shape.length === 2) {
        const deviation = name.startsWith('embeddings.') ? 0.05 : 1 / Math.sqrt(shape[1]!);
        for (let i = 0; i < data.length; i++) data[i] = normal(random, deviation);
      } else if (name.endsWith('orm.weight')) data.fill(1);
      return [name, { shape, data }];
    }),
  );
}

/**
 * Trains from the plan's seed and resolves to the parameters, on the host. The same plan and texts give the same bytes on
 * the same engine, whether in one go or resumed from any state. `onProgress` may return a promise: the next step waits.
 * Throws `lossNotFinite`, naming the step (what was kept before it stays), `stateDoesNotFit`, and what `keep.save` throws.
 */
export async function train(
  plan: TrainingPlan,
  texts: TextSource,
  onProgress: (progress: TrainingProgress) => void | Promise<void> = () => {},
  { device, matches, resume, keep }: TrainingOptions = {},
): Promise<Map<string, HostTensor>> {
  const kernels = device ?? (await wasmKernels());
  const initial = initialParameters(plan.sources, seededRandom(plan.seed));
  const { architecture, sources: _, ...numbers } = plan;
  const planText = JSON.stringify({ ...architecture, ...numbers });
  if (resume) expectFits(resume, planText, initial);
  const parameters = toDevice(kernels, resume?.parameters ?? initial);
  const warmUpOf = new Map(
    [...parameters].map(
      ([name, p]) => [p, plan.layerWarmUp?.[Number(/^layers\.(\d+)\./.exec(name)?.[1])] ?? 0] as const,
    ),
  );
  const optimizer = new AdamW(kernels, parameters.values(), {
    beta1: 0.9,
    beta2: 0.98,
    epsilon: 1e-6,
    decay: plan.decay,
  });
  if (resume) {
    optimizer.resumeAt(resume.step);
    for (const [name, parameter] of parameters) {
      const { first, second } = optimizer.moments(parameter);
      kernels.write(first, resume.first.get(name)!.data);
      kernels.write(second, resume.second.get(name)!.data);
    }
  }
  const readAll = async (storageOf: (p: Tensor) => Storage): Promise<Map<string, HostTensor>> =>
    new Map(
      await Promise.all(
        [...parameters].map(
          async ([name, p]) => [name, { shape: p.shape, data: await kernels.read(storageOf(p)) }] as const,
        ),
      ),
    );
  const readParameters = (): Promise<Map<string, HostTensor>> => readAll((p) => p.storage);

  for (let step = resume?.step ?? 0; step < plan.steps; step++) {
    const random = stepRandom(plan.seed, step);
    const batches = drawBatches(plan, texts, random);
    const pairs = matches?.(random) ?? [];
    const losses = scope(kernels, () => {
      const tape = new Tape();
      tape.watch(...parameters.values());
      const o = operations(kernels, tape);
      const count = batches.reduce((sum, { targets }) => sum + targets.length, 0);
      const repairing = batches
        .filter(({ targets }) => targets.length > 0)
        .map(({ batch, chosen, targets }) => {
          const hidden = transform(o, parameters, architecture, batch);
          const logits = decode(o, parameters, architecture, o.embed(hidden, chosen));
          return o.scale(o.crossEntropy(logits, targets), targets.length / count);
        })
        .reduce((sum, part) => o.add(sum, part));
      const matching =
        pairs.length > 0 ? matchingLoss(o, parameters, architecture, pairs, plan.firstToken, groupSize) : null;
      const whole = matching ? o.add(repairing, o.scale(matching, plan.matching ?? 1)) : repairing;
      optimizer.step(tape.gradients(whole, operations(kernels)), (parameter) =>
        learningRate(step, plan, warmUpOf.get(parameter)),
      );
      return { repairing: read(repairing), matching: matching && read(matching) };
    });
    const [loss = Number.NaN] = await losses.repairing;
    const matchingLossNow = losses.matching && (await losses.matching)[0]!;
    if (!Number.isFinite(loss + (matchingLossNow ?? 0)))
      throw diverged(`the loss is ${loss + (matchingLossNow ?? 0)}`, step);
    const done = step + 1;
    const state = async (): Promise<TrainingState> => ({
      step: done,
      plan: planText,
      parameters: await readParameters(),
      first: await readAll((p) => optimizer.moments(p).first),
      second: await readAll((p) => optimizer.moments(p).second),
    });
    if (keep && done % keep.every === 0 && done < plan.steps) {
      const kept = await state();
      // The last update may have broken what its own loss could not show yet: never kept over a sound state.
      if ([...kept.parameters.values()].some(({ data }) => !data.every(Number.isFinite)))
        throw diverged('a parameter is no number', step);
      await keep.save(kept);
    }
    await onProgress({
      step: done,
      steps: plan.steps,
      loss,
      matchingLoss: matchingLossNow,
      parameters: readParameters,
      state,
    });
  }
  return readParameters();
}

const diverged = (problem: string, step: number): SiseonError =>
  new SiseonError({
    code: 'lossNotFinite',
    kind: 'failure',
    what: `${problem} at step ${step}`,
    expected: 'finite numbers',
    next: 'Train with a lower rate or a longer warm-up; what was kept before this step is unharmed.',
    details: { step },
  });

/** Texts side by side, the rows (position in the batch) whose token is to be said, and those tokens. */
interface TrainingBatch {
  readonly batch: Batch;
  readonly chosen: Int32Array;
  readonly targets: Int32Array;
}

/** Draws and corrupts the texts of one step, in groups of about one length. */
function drawBatches(
  { batchSize, corruption, maskId, firstToken }: TrainingPlan,
  draw: TextSource,
  random: Random,
): TrainingBatch[] {
  const texts = Array.from({ length: batchSize }, () => draw(random));
  // A replacement comes from elsewhere in the batch, so that it is as frequent as the language has it.
  const replacement = (): number => {
    for (;;) {
      const text = texts[below(random, texts.length)]!;
      const id = text[below(random, text.length)]!;
      if (id >= firstToken) return id;
    }
  };
  const corrupted = texts.map((text) => corrupt(text, corruption, { maskId, firstToken, replacement }, random));
  return byLength(texts, groupSize).map((group) => {
    const batch = padded(group.map((index) => corrupted[index]!.ids));
    const rows: number[] = [];
    const targets: number[] = [];
    for (const [b, index] of group.entries())
      for (const [i, target] of corrupted[index]!.targets.entries()) {
        if (target < 0) continue;
        rows.push(b * batch.length + i);
        targets.push(target);
      }
    return { batch, chosen: Int32Array.from(rows), targets: Int32Array.from(targets) };
  });
}
