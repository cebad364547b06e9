/** Training an encoder to repair texts: draw, corrupt, run, compare, go back, step. */
import { type Kernels, wasmKernels } from '../kernels/index.ts';
import {
  type Architecture,
  decode,
  type HostTensor,
  type ParameterSource,
  toDevice,
  transform,
} from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { operations, scope, Tape, type Tensor } from '../tensor/index.ts';
import { type Corruption, corrupt } from './objective.ts';
import { AdamW } from './optimizer.ts';
import { below, normal, type Random, seededRandom } from './random.ts';
import { learningRate } from './schedule.ts';

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
  readonly corruption: Corruption;
  readonly maskId: number;
  /** Ids below it are special: never chosen, never drawn as replacements. */
  readonly firstToken: number;
}

export interface TrainingProgress {
  readonly step: number;
  readonly steps: number;
  /** Mean cross-entropy of this step, in nats per chosen token. */
  readonly loss: number;
}

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
 * Trains from the plan's seed and resolves to the parameters, on the host. The same plan and texts give the same bytes on the same engine.
 * Throws `lossNotFinite`, naming the step.
 */
export async function train(
  plan: TrainingPlan,
  texts: TextSource,
  onProgress: (progress: TrainingProgress) => void = () => {},
  device?: Kernels,
): Promise<Map<string, HostTensor>> {
  const kernels = device ?? (await wasmKernels());
  const random = seededRandom(plan.seed);
  const parameters = toDevice(kernels, initialParameters(plan.sources, random));
  const optimizer = new AdamW(kernels, parameters.values(), {
    beta1: 0.9,
    beta2: 0.98,
    epsilon: 1e-6,
    decay: plan.decay,
  });
  for (let step = 0; step < plan.steps; step++) {
    const batch = drawBatch(plan, texts, random);
    const loss = scope(kernels, () => {
      const tape = new Tape();
      tape.watch(...parameters.values());
      const o = operations(kernels, tape);
      const hidden = transform(o, parameters, plan.architecture, batch);
      const logits = decode(o, parameters, plan.architecture, o.embed(hidden, batch.chosen));
      const mean = o.crossEntropy(logits, batch.targets);
      optimizer.step(tape.gradients(mean, operations(kernels)), learningRate(step, plan));
      return kernels.read(mean.storage);
    });
    const [value = Number.NaN] = await loss;
    if (!Number.isFinite(value))
      throw new SiseonError({
        code: 'lossNotFinite',
        kind: 'failure',
        what: `the loss is ${value} at step ${step}`,
        expected: 'a finite number',
        next: 'Train with a lower rate or a longer warm-up.',
        details: { step },
      });
    onProgress({ step: step + 1, steps: plan.steps, loss: value });
  }
  const read = await Promise.all(
    [...parameters].map(
      async ([name, p]: [string, Tensor]) => [name, { shape: p.shape, data: await kernels.read(p.storage) }] as const,
    ),
  );
  return new Map(read);
}

interface TrainingBatch {
  readonly ids: Int32Array;
  readonly batch: number;
  readonly length: number;
  readonly lengths: Int32Array;
  /** Rows (position in the batch) whose token is to be said, and those tokens. */
  readonly chosen: Int32Array;
  readonly targets: Int32Array;
}

function drawBatch(
  { batchSize, corruption, maskId, firstToken }: TrainingPlan,
  draw: TextSource,
  random: Random,
): TrainingBatch {
  const texts = Array.from({ length: batchSize }, () => draw(random));
  // A replacement comes from elsewhere in the batch, so that it is as frequent as the language has it.
  const replacement = (): number => {
    for (;;) {
      const text = texts[below(random, texts.length)]!;
      const id = text[below(random, text.length)]!;
      if (id >= firstToken) return id;
    }
  };
  const length = Math.max(...texts.map((text) => text.length));
  const ids = new Int32Array(batchSize * length);
  const chosen: number[] = [];
  const targets: number[] = [];
  for (const [b, text] of texts.entries()) {
    const corrupted = corrupt(text, corruption, { maskId, firstToken, replacement }, random);
    ids.set(corrupted.ids, b * length);
    for (const [i, target] of corrupted.targets.entries()) {
      if (target < 0) continue;
      chosen.push(b * length + i);
      targets.push(target);
    }
  }
  return {
    ids,
    batch: batchSize,
    length,
    lengths: Int32Array.from(texts, (text) => text.length),
    chosen: Int32Array.from(chosen),
    targets: Int32Array.from(targets),
  };
}
