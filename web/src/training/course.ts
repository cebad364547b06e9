/** The run of the path: the small language, a small model, and what it has become every few steps. */
import type { Kernels } from 'siseon/kernels';
import { type Look, look } from 'siseon/lens';
import { families, Model, Tokenizer } from 'siseon/model';
import { recordTrace } from 'siseon/trace';
import { bertConfig, bertPlan, type TrainingPlan } from 'siseon/train';
import { writeCourseMoment } from './courseMoment.ts';
import { steps } from './length.ts';
import { type Checkpoint, Run } from './run.ts';
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
  readonly #run: Run;

  constructor(seed: number) {
    this.seed = seed;
    this.#run = new Run({ plan: coursePlan(seed), texts: courseTexts, stride });
  }

  pause(): void {
    this.#run.pause();
  }
  resume(): void {
    this.#run.resume();
  }
  stop(): void {
    this.#run.stop();
  }

  /** Trains to the end, telling what the learner has become every few steps; resolves to false when it was stopped before. */
  run(tell: (report: Report) => void): Promise<boolean> {
    return this.#run.start(async ({ step, loss, parameters }, device) =>
      tell({ step, loss, heads: await this.#measure(parameters, device) }),
    );
  }

  /** The learner as it was at one of the reports, ready to look through. */
  async model(report: number, head: number): Promise<Model> {
    const { step, parameters } = this.#run.checkpoints[report]!;
    return this.#model(parameters, writeCourseMoment({ seed: this.seed, step }), {
      defaultView: { layer: 0, head },
      roles: { object: { layer: 0, head } },
    });
  }

  #model(
    parameters: Checkpoint['parameters'],
    name: string,
    metadata: Model['metadata'],
    device?: Kernels,
  ): Promise<Model> {
    const { architecture } = this.#run.task.plan;
    return Model.create({ name, family: families.get('bert')!, architecture, tokenizer, metadata, parameters }, device);
  }

  async #measure(parameters: Checkpoint['parameters'], device: Kernels): Promise<HeadProgress[]> {
    const model = await this.#model(parameters, '', {}, device);
    const probe = await recordTrace(model, { text: probeSentence, logits: false });
    const traces = await Promise.all(samples.map(({ text }) => recordTrace(model, { text, logits: false })));
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

/** Between the query and a word's first centred key, in degrees. */
function angle({ keys }: Look, index: number): number {
  const cosine = keys.find(({ word }) => word === index)!.tokens[0]!.centredCosine;
  return (Math.acos(Math.min(1, Math.max(-1, cosine))) * 180) / Math.PI;
}
