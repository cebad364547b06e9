/** One training that can be watched, paused and scrubbed: the package's own `train` on a device that reports between steps. */
import { type Kernels, type Storage, wasmKernels } from 'siseon/kernels';
import type { HostTensor } from 'siseon/model';
import { SiseonError } from 'siseon/platform';
import {
  initialParameters,
  type MatchSource,
  seededRandom,
  type TextSource,
  type TrainingPlan,
  type TrainingProgress,
  type TrainingState,
  train,
} from 'siseon/train';

/** What is trained, and on what. */
export interface Task {
  readonly plan: TrainingPlan;
  readonly texts: TextSource;
  readonly matches?: MatchSource;
  /** Steps from one checkpoint to the next; the last step is one as well. */
  readonly stride: number;
}

/** The learner at a checkpoint. */
export interface Checkpoint {
  readonly step: number;
  /** Means since the checkpoint before, in nats; null before the first step, and where nothing is matched. */
  readonly loss: number | null;
  readonly matchingLoss: number | null;
  readonly parameters: ReadonlyMap<string, HostTensor>;
}

/** How far a training came. */
export interface Progress {
  readonly checkpoints: readonly Checkpoint[];
  /** All that is needed to go on from the last checkpoint; null: before the first step, or it is not known. */
  readonly state: TrainingState | null;
}

export class Run implements Progress {
  readonly task: Task;
  readonly checkpoints: Checkpoint[];
  state: TrainingState | null;
  #paused: { wait: Promise<void>; go: () => void } | null = null;
  #stopped = false;

  constructor(task: Task, { checkpoints, state }: Progress = { checkpoints: [], state: null }) {
    this.task = task;
    [this.checkpoints, this.state] = [[...checkpoints], state];
  }

  /** Whether it can go on from its last checkpoint, to the same bytes as if it had never ended there. */
  get resumable(): boolean {
    const { step } = this.checkpoints.at(-1) ?? { step: 0 };
    return step < this.task.plan.steps && step === (this.state?.step ?? 0);
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

  /**
   * Trains to the end, from its last checkpoint where it has one; resolves to false when it was stopped before. At every new
   * checkpoint `look` may compute on the device that it is given, and training waits for it. Throws what `train` throws; what
   * was kept until then stays.
   */
  async start(look: (checkpoint: Checkpoint, device: Kernels) => Promise<void>): Promise<boolean> {
    const { plan, texts, matches, stride } = this.task;
    let [losses, matchingLosses, count, breath] = [0, 0, 0, performance.now()];
    const bench = borrow(await wasmKernels());
    const keep = async (checkpoint: Checkpoint, state: TrainingState | null): Promise<void> => {
      // The last update may have broken what its own loss could not show yet.
      for (const { data } of checkpoint.parameters.values())
        if (!data.every(Number.isFinite)) throw diverged(checkpoint.step);
      this.checkpoints.push(checkpoint);
      this.state = state;
      await look(checkpoint, bench.device);
      bench.giveBack();
    };
    const between = async ({ step, loss, matchingLoss, state }: TrainingProgress): Promise<void> => {
      losses += loss;
      matchingLosses += matchingLoss ?? 0;
      count++;
      if (step % stride === 0 || step === plan.steps) {
        const means = { loss: losses / count, matchingLoss: matchingLoss === null ? null : matchingLosses / count };
        const reached = await state();
        await keep({ step, ...means, parameters: reached.parameters }, reached);
        [losses, matchingLosses, count] = [0, 0, 0];
      }
      // Messages are heard only between tasks: pausing and typing must not wait for the end.
      if (performance.now() - breath > 12) {
        await new Promise((resolve) => setTimeout(resolve));
        breath = performance.now();
      }
      while (this.#paused) await this.#paused.wait;
      if (this.#stopped) throw new Stopped();
    };
    const { state: resume } = this;
    if (this.checkpoints.length === 0) {
      const parameters = initialParameters(plan.sources, seededRandom(plan.seed));
      await keep({ step: 0, loss: null, matchingLoss: null, parameters }, null);
    }
    try {
      await train(plan, texts, between, { resume, ...(matches && { matches }) });
      return true;
    } catch (cause) {
      if (cause instanceof Stopped) return false;
      throw cause;
    }
  }
}

class Stopped extends Error {}

const diverged = (step: number): SiseonError =>
  new SiseonError({
    code: 'lossNotFinite',
    kind: 'failure',
    what: `a parameter is no number at step ${step}`,
    expected: 'finite numbers',
    next: 'Train with a lower rate; what was kept before this step is unharmed.',
    details: { step },
  });

/** A device whose storage can be freed as a whole: a memory of its own for each of a hundred looks would be too many. */
export function borrow(kernels: Kernels): { device: Kernels; giveBack(): void } {
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
