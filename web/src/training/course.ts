/** One training run that can be watched, paused and scrubbed: the package's own `train` on a device that reports between steps. */
import { type Kernels, type Storage, wasmKernels } from 'siseon/kernels';
import { type Look, look } from 'siseon/lens';
import { families, type HostTensor, Model, Tokenizer } from 'siseon/model';
import { recordTrace } from 'siseon/trace';
import {
  bertConfig,
  bertPlan,
  initialParameters,
  seededRandom,
  type TrainingPlan,
  type TrainingProgress,
  train,
} from 'siseon/train';
import { steps } from './length.ts';
import { probeSentence, samples, tokenizerJson, writeSentence } from './sentences.ts';

export const tokenizer = Tokenizer.fromJson(tokenizerJson());

/** Steps from one look at the learner to the next. */
const stride = 24;

export function coursePlan(seed: number): TrainingPlan {
  const sizes = { layers: 1, heads: 2, hidden: 32, inner: 64, positions: 32 };
  return {
    ...bertPlan(bertConfig(sizes, tokenizer.vocabularySize)),
    seed,
    steps,
    batchSize: 32,
    rate: 0.005,
    warmUp: 30,
    decay: 0.01,
    // Mostly replaced: only then does a verb that is plain to see have a reason to look at its object.
    corruption: { chosen: 0.2, masked: 0.3, replaced: 0.6 },
    maskId: tokenizer.tokenId('[MASK]')!,
    firstToken: 5,
  };
}

/** What the texts of a run are drawn from. */
export const courseTexts = (random: () => number): ArrayLike<number> => tokenizer.encode(writeSentence(random)).ids;

export interface HeadProgress {
  /** Mean weight of the samples' verbs on their objects. */
  readonly onObject: number;
  /** Mean angles in degrees between the verbs' queries and centred keys, over the samples: of objects, and of subjects. */
  readonly related: number;
  readonly unrelated: number;
  /** The held-back sentence. */
  readonly probe: Look;
  /** Angle in degrees between its verb's query and its object's centred key. */
  readonly probeAngle: number;
}

export interface Report {
  readonly step: number;
  /** Mean since the report before, nats a chosen token; null before the first step. */
  readonly loss: number | null;
  readonly heads: readonly HeadProgress[];
}

export class Course {
  readonly seed: number;
  readonly #plan: TrainingPlan;
  readonly #kept: Map<string, HostTensor>[] = [];
  #paused: { wait: Promise<void>; go: () => void } | null = null;
  #stopped = false;

  constructor(seed: number) {
    this.seed = seed;
    this.#plan = coursePlan(seed);
  }

  pause(): void {
    if (this.#paused) return;
    let go = (): void => {};
    const wait = new Promise<void>((resolve) => {
      go = resolve;
    });
    this.#paused = { wait, go };
  }
  resume(): void {
    this.#paused?.go();
    this.#paused = null;
  }
  stop(): void {
    this.#stopped = true;
    this.resume();
  }

  /** Trains to the end, telling what the learner has become every few steps; resolves to false when it was stopped before. */
  async run(tell: (report: Report) => void): Promise<boolean> {
    const { sources } = this.#plan;
    let done = 0;
    let [losses, breath] = [0, performance.now()];
    const bench = borrow(await wasmKernels());
    const report = async (loss: number | null, parameters: Map<string, HostTensor>): Promise<void> => {
      this.#kept.push(parameters);
      tell({ step: done, loss, heads: await this.#measure(parameters, bench.device) });
      bench.giveBack();
    };
    const between = async ({ step, loss, parameters }: TrainingProgress): Promise<void> => {
      done = step;
      losses += loss;
      if (step % stride === 0) {
        await report(losses / stride, await parameters());
        losses = 0;
      }
      // Messages are heard only between tasks: pausing and typing must not wait for the end.
      if (performance.now() - breath > 12) {
        await new Promise((resolve) => setTimeout(resolve));
        breath = performance.now();
      }
      while (this.#paused) await this.#paused.wait;
      if (this.#stopped) throw new Stopped();
    };
    await report(null, initialParameters(sources, seededRandom(this.seed)));
    try {
      await train(this.#plan, courseTexts, between);
      return true;
    } catch (cause) {
      if (cause instanceof Stopped) return false;
      throw cause;
    }
  }

  /** The learner as it was at one of the reports, ready to look through. */
  async model(report: number, head: number): Promise<Model> {
    const name = `seed ${this.seed}, step ${report * stride}`;
    return this.#model(this.#kept[report]!, name, {
      defaultView: { layer: 0, head },
      roles: { object: { layer: 0, head } },
    });
  }

  #model(
    parameters: Map<string, HostTensor>,
    name: string,
    metadata: Model['metadata'],
    device?: Kernels,
  ): Promise<Model> {
    const { architecture } = this.#plan;
    return Model.create({ name, family: families.get('bert')!, architecture, tokenizer, metadata, parameters }, device);
  }

  async #measure(parameters: Map<string, HostTensor>, device: Kernels): Promise<HeadProgress[]> {
    const model = await this.#model(parameters, '', {}, device);
    const probe = await recordTrace(model, { text: probeSentence });
    const traces = await Promise.all(samples.map(({ text }) => recordTrace(model, { text })));
    return Promise.all(
      Array.from({ length: model.architecture.headCount }, async (_, head) => {
        const looks = await Promise.all(
          traces.map((trace, i) => look(trace, model, { query: samples[i]!.verb, layer: 0, head })),
        );
        const mean = (number: (seen: Look, sample: (typeof samples)[number]) => number): number =>
          looks.reduce((sum, seen, i) => sum + number(seen, samples[i]!), 0) / looks.length;
        const seen = await look(probe, model, { layer: 0, head });
        return {
          onObject: mean(({ keys }, { object }) => keys.find(({ word }) => word === object)!.weight),
          related: mean((each, { object }) => angle(each, object)),
          unrelated: mean((each, { subject }) => angle(each, subject)),
          probe: seen,
          probeAngle: angle(seen, 1),
        };
      }),
    );
  }
}

class Stopped extends Error {}

/** A device whose storage can be freed as a whole: a memory of its own for each of a hundred looks would be too many. */
function borrow(kernels: Kernels): { device: Kernels; giveBack(): void } {
  const taken = new Set<Storage>();
  const device: Kernels = {
    ...kernels,
    allocate(length) {
      const storage = kernels.allocate(length);
      taken.add(storage);
      return storage;
    },
    free(storage) {
      taken.delete(storage);
      kernels.free(storage);
    },
  };
  const giveBack = (): void => {
    for (const storage of taken) kernels.free(storage);
    taken.clear();
  };
  return { device, giveBack };
}

/** Between the query and a word's first centred key, in degrees. */
function angle({ keys }: Look, index: number): number {
  const cosine = keys.find(({ word }) => word === index)!.tokens[0]!.centredCosine;
  return (Math.acos(Math.min(1, Math.max(-1, cosine))) * 180) / Math.PI;
}
