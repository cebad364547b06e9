/**
 * Units of work on several threads over one shared memory. The caller's thread works too, and goes on alone where the
 * others are late: a unit is taken by whoever comes first, so nobody waits for a thread that has not begun.
 *
 *   caller   write task, OPEN = 1, EPOCH + 1 … take units … OPEN = 0, wait until ACTIVE = 0
 *   thread   sees EPOCH change: ACTIVE + 1; if OPEN: take units; ACTIVE − 1
 *
 * Atomics are sequentially consistent: either the thread sees OPEN = 0, or the caller sees it in ACTIVE. Units write to
 * different numbers and their order does not matter, so that any number of threads gives the same bytes.
 */
import { SiseonError } from '../platform/errors.ts';
import { hardwareThreads, startThread, threadsProblem } from '../platform/threads.ts';
import type { Exports } from './exports.ts';

/** Numbers of the control block, which lies at CONTROL in the device's memory. */
export const CONTROL = 64;
const [EPOCH, OPEN, ACTIVE, NEXT, UNITS, KERNEL, SCRATCH, SCRATCH_BYTES, ARGUMENTS, FAILED] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
];
const VALUES = CONTROL + 64; // up to 24 numbers in double precision
/** Below this many operations a kernel stays on its own thread: waking another costs about as much. */
const WORTH_SHARING = 1_000_000;
/** Threads of one device at most: each has a stack and scratch of its own, and kernels are cut into few more units. */
const MOST = 64;
/** Operations after which the threads are started: a short command never pays for them. */
const WORTH_STARTING = 500_000_000;

export interface ThreadData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly names: readonly string[];
  readonly index: number;
}

/** What a thread does until it is ended: see `startThread` for why it is written in one piece. */
export function kernelThread({ module, memory, names, index }: ThreadData): void {
  const [epochAt, openAt, activeAt, nextAt, unitsAt, kernelAt, scratchAt, bytesAt, argumentsAt, failedAt] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
  ];
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as Record<string, unknown>;
  const kernels = names.map((name) => exports[name] as (...values: number[]) => void);
  const control = new Int32Array(memory.buffer, 64, 16);
  const values = new Float64Array(memory.buffer, 128, 24);
  let seen = 0;
  for (;;) {
    // Spin for some tens of microseconds: the next kernel mostly follows at once. Then sleep.
    let epoch = Atomics.load(control, epochAt);
    for (let spins = 0; epoch === seen && spins < 8000; spins++) epoch = Atomics.load(control, epochAt);
    if (epoch === seen) {
      Atomics.wait(control, epochAt, seen);
      continue;
    }
    seen = epoch;
    Atomics.add(control, activeAt, 1);
    if (Atomics.load(control, openAt) === 1) {
      try {
        const kernel = kernels[control[kernelAt]!]!;
        const units = control[unitsAt]!;
        const scratch = (control[scratchAt]! >>> 0) + index * control[bytesAt]!;
        const task = Array.from(values.subarray(0, control[argumentsAt]));
        for (let unit = Atomics.add(control, nextAt, 1); unit < units; unit = Atomics.add(control, nextAt, 1))
          kernel(unit, scratch, ...task);
      } catch {
        Atomics.store(control, failedAt, 1);
      }
    }
    if (Atomics.sub(control, activeAt, 1) === 1) Atomics.notify(control, activeAt);
  }
}

export interface ThreadOptions {
  /**
   * Threads to compute on, the caller's included: 1 to 64; as many as the machine has, up to 64, unless said. 1: no others
   * are started. More than there are cores take turns on them, and nothing gets faster.
   */
  readonly threads?: number;
  /** A module that runs `kernelThread`, for pages whose policy forbids workers made of text. */
  readonly workerUrl?: string | URL;
}

/** Ends the threads of devices that nobody holds any more. */
const orphans = new FinalizationRegistry<(() => void)[]>((stops) => {
  for (const stop of stops) stop();
});

export class Threads {
  /** Apart from this object, so that a worker that can still fail does not hold it. */
  readonly #status: { count: number; notice: string | null };
  readonly #exports: Exports;
  readonly #names: readonly string[];
  readonly #start: (index: number) => () => void;
  readonly #control: Int32Array;
  readonly #values: Float64Array;
  readonly #stops: (() => void)[] = [];
  #done = 0;
  #running = false;

  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, exports: Exports, options: ThreadOptions) {
    const problem = threadsProblem();
    const wanted = options.threads ?? Math.min(MOST, hardwareThreads());
    if (!Number.isInteger(wanted) || wanted < 1 || wanted > MOST)
      throw new SiseonError({
        code: 'badThreads',
        kind: 'usage',
        what: 'a device cannot compute on so many threads',
        expected: `a whole number from 1 to ${MOST}`,
        got: `${wanted}`,
        next: 'Leave threads away for as many as the machine has.',
      });
    const status = {
      count: problem ? 1 : wanted,
      notice: problem && wanted > 1 ? `computing on one thread: ${problem}` : null,
    };
    this.#status = status;
    this.#exports = exports;
    this.#names = WebAssembly.Module.exports(module).map(({ name }) => name);
    this.#control = new Int32Array(memory.buffer, CONTROL, 16);
    this.#values = new Float64Array(memory.buffer, VALUES, 24);
    const data = { module, memory, names: this.#names };
    const failed = (reason: string): void => {
      status.notice = `computing on one thread: ${reason}`;
    };
    this.#start = (index) => startThread(kernelThread, { ...data, index }, failed, options.workerUrl);
    if (options.threads !== undefined) this.#done = WORTH_STARTING;
    orphans.register(this, this.#stops, this);
  }

  /** Threads that compute, the caller's included. */
  get count(): number {
    return this.#status.count;
  }

  /** Why there is one thread only although more were wanted, or null. */
  get notice(): string | null {
    return this.#status.notice;
  }

  /**
   * Runs `kernel(unit, scratch, ...values)` for every unit; each thread has `scratchBytes` from `scratch` on, one after
   * another. `work` is about how many operations all units take together.
   */
  run(
    kernel: keyof Exports,
    units: number,
    work: number,
    scratch: number,
    scratchBytes: number,
    values: number[],
  ): void {
    if (this.count === 1 || units < 2 || work < WORTH_SHARING || !this.#started(work)) {
      const call = this.#exports[kernel];
      for (let unit = 0; unit < units; unit++) call(unit, scratch, ...values);
      return;
    }
    const control = this.#control;
    this.#values.set(values);
    control[UNITS] = units;
    control[KERNEL] = this.#names.indexOf(kernel);
    control[SCRATCH] = scratch;
    control[SCRATCH_BYTES] = scratchBytes;
    control[ARGUMENTS] = values.length;
    Atomics.store(control, NEXT, 0);
    Atomics.store(control, OPEN, 1);
    Atomics.add(control, EPOCH, 1);
    Atomics.notify(control, EPOCH);
    const call = this.#exports[kernel];
    for (let unit = Atomics.add(control, NEXT, 1); unit < units; unit = Atomics.add(control, NEXT, 1))
      call(unit, scratch, ...values);
    Atomics.store(control, OPEN, 0);
    for (let spins = 0; ; spins++) {
      const active = Atomics.load(control, ACTIVE);
      if (active === 0) break;
      if (spins > 20_000) Atomics.wait(control, ACTIVE, active);
    }
    if (Atomics.exchange(control, FAILED, 0)) throw new Error(`a thread failed in the kernel ${kernel}`);
  }

  /** Ends the threads; what follows runs on the caller's alone. */
  close(): void {
    orphans.unregister(this);
    for (const stop of this.#stops.splice(0)) stop();
    this.#running = false;
    if (this.count > 1) this.#status.notice = 'computing on one thread: the others were ended by close()';
    this.#status.count = 1;
  }

  #started(work: number): boolean {
    if (this.#running) return true;
    this.#done += work;
    if (this.#done < WORTH_STARTING) return false;
    for (let index = 1; index < this.count; index++) this.#stops.push(this.#start(index));
    this.#running = true;
    return true;
  }
}
