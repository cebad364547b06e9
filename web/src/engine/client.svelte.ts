/** The page's side of the worker: starts it, asks it, notices when it is gone, and starts another. */
import * as Comlink from 'comlink';
import { untrack } from 'svelte';
import { nextWorker } from './begun.ts';
import type { Engine, ModelFacts } from './engine.ts';
import type { Failure } from './failure.ts';

export type { Failure } from './failure.ts';

/** No answer takes this long unless the worker is gone: a while, and the time that a slow machine needs to read the text. */
const patience = (): number => 8_000 + (2_000 * (engine.model?.parameters ?? 0) * engine.characters) / slowest;
/** Numbers a second that even a slow machine multiplies and adds on one thread, times the passes behind one picture. */
const slowest = 5e8;

let worker: Worker;
let remote: Comlink.Remote<Engine>;
/** Rejects when the worker is given up, so that nobody waits for an answer that cannot come. */
let giveUp: (failure: Failure) => void;
let gone: Promise<never>;

class Status {
  model = $state.raw<ModelFacts | null>(null);
  /** What it computes takes so long that it would hold up the next letter. */
  large = $derived((this.model?.parameters ?? 0) > 2e7);
  /** The model that stands beside it, to compare with. */
  beside = $state.raw<ModelFacts | null>(null);
  /** Why there is no engine at the moment. */
  failure = $state.raw<Failure | null>(null);
  /** Counts up whenever other numbers may come back: another model, or a new worker. */
  version = $state(0);
  /** Counts up only when other tokens may come back: not from one moment of a training to the next. */
  vocabulary = $state(0);
  /** Which worker this is, counted from 1. */
  worker = $state(0);
  /** How long the text is, which every question is about. */
  characters = 0;
}
export const engine = new Status();

const asFailure = (cause: unknown): Failure =>
  typeof cause === 'object' && cause !== null && 'code' in cause
    ? (cause as Failure)
    : { code: 'unexpected', message: cause instanceof Error ? cause.message : String(cause), details: {} };

/**
 * Asks the engine; rejects with a Failure. An engine that stays silent is given up, and the page says so; `wait: null` is
 * for questions that may take any time.
 */
export async function ask<T>(
  question: (remote: Comlink.Remote<Engine>) => Promise<T>,
  wait: number | null = patience(),
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silent = new Promise<never>((_, reject) => {
    if (wait === null) return;
    timer = setTimeout(() => {
      const failure = { code: 'workerLost', message: 'the engine does not answer', details: {} };
      engine.failure = failure;
      giveUp(failure);
      reject(failure);
    }, wait);
  });
  try {
    return await Promise.race([question(remote), silent, gone]);
  } catch (cause) {
    throw asFailure(cause);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks what may take any time, such as a training; that the worker is there is asked beside it. */
export async function askLong<T>(question: (remote: Comlink.Remote<Engine>) => Promise<T>): Promise<T> {
  const pulse = setInterval(() => void ask((e) => e.isThere()).catch(() => {}), 5000);
  try {
    return await ask(question, null);
  } finally {
    clearInterval(pulse);
  }
}

/**
 * Resolves when the worker is gone. A worker that was killed says nothing, but the lock that it held is free from then on:
 * the page waits for it, and is told at once, while a worker that computes for long keeps it. Where a browser has no locks,
 * or refuses them, patience alone tells.
 */
async function killed(holder: Comlink.Remote<Engine>): Promise<string> {
  // Windows share the browser's locks: each names its own by when it was opened.
  const name = `siseon-engine-${performance.timeOrigin}-${engine.worker}`;
  try {
    await holder.hold(name);
    return await navigator.locks.request(name, () => 'the engine is gone');
  } catch {
    return new Promise(() => {});
  }
}

/** Starts the engine, or starts it again; it will be asked about the text. Text, query and head are the page's own and stay. */
export async function start(text: string): Promise<void> {
  worker?.terminate();
  engine.failure = null;
  engine.beside = null;
  engine.worker++;
  gone = new Promise((_, reject) => {
    giveUp = reject;
  });
  gone.catch(() => {});
  const next = nextWorker();
  worker = next.worker;
  remote = Comlink.wrap<Engine>(worker);
  void Promise.race([next.lost, killed(remote)]).then((message) => {
    if (worker !== next.worker) return;
    engine.failure = { code: 'workerLost', message, details: {} };
    giveUp(engine.failure);
  });
  try {
    engine.model = await ask((e) => e.open(text), 60_000);
    engine.vocabulary++;
    engine.version++;
  } catch (cause) {
    engine.failure = asFailure(cause);
  }
}

/** Every part looks through another model from now on. */
export async function switchModel(
  question: (remote: Comlink.Remote<Engine>) => Promise<ModelFacts>,
  wait?: null,
): Promise<void> {
  engine.model = await ask(question, wait);
  engine.vocabulary++;
  engine.version++;
}

/** Keeps the newest of a stream of questions: one under way, at most one waiting; answers that came too late are dropped. */
export class Latest<T> {
  value = $state.raw<T | null>(null);
  failure = $state.raw<Failure | null>(null);
  #busy = false;
  #next: (() => Promise<T>) | null = null;
  /** What `engine.version` was when the value was asked for: of a model before, its places say nothing of the one now. */
  version = 0;

  /**
   * The last good value stays while a newer one is computed or cannot be, unless another model is there by then: what one
   * said must not stand under the other's name.
   */
  async ask(question: () => Promise<T>): Promise<void> {
    this.#next = question;
    if (this.#busy) return;
    this.#busy = true;
    while (this.#next) {
      const now: () => Promise<T> = this.#next;
      this.#next = null;
      const version = untrack(() => engine.version);
      try {
        const value = await now();
        if (this.#next) continue;
        [this.value, this.failure, this.version] = [value, null, version];
      } catch (cause) {
        if (this.#next) continue;
        if (this.version !== version) this.value = null;
        this.failure = asFailure(cause);
      }
    }
    this.#busy = false;
  }
}
