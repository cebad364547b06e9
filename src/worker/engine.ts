/** The thread that asks: an engine elsewhere, its answers as promises. */
import type { Architecture, ModelMetadata } from '../model/index.ts';
import { type Channel, SiseonError, startWorker } from '../platform/index.ts';
import type { Stage, Trace, TraceInput } from '../trace/index.ts';
import type { FromEngine, GeneratedToken, GenerateSettings, PlainError, Request } from './messages.ts';

export interface LoadedModel {
  readonly name: string;
  readonly fingerprint: string;
  readonly architecture: Architecture;
  readonly parameterCount: number;
  readonly metadata: ModelMetadata;
}

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (reason: unknown) => void;
  readonly onProgress: ((progress: never) => void) | undefined;
}

/**
 * A model in a worker, in Node and in browsers: nothing here computes. Requests are answered one after another. A signal
 * that is aborted rejects at once with its reason; the worker stops before the next request, token or file (a run that has
 * begun it finishes first). Errors are those of the same call without a worker, with their codes.
 */
export class WorkerEngine {
  readonly #channel: Channel;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  #ended: SiseonError | null = null;

  /** Starts the worker. Bundlers that do not find its module are told it by `workerUrl`. */
  constructor(options: { readonly workerUrl?: string | URL } = {}) {
    this.#channel = startWorker(new URL(options.workerUrl ?? './worker.js', import.meta.url));
    this.#channel.receive(
      (message) => this.#answered(message as FromEngine),
      (reason) => this.#end(reason),
    );
  }

  /** Loads a model in the worker, in place of the one before; without a source the Korean model. `onProgress`: bytes read, and in all. */
  load(
    source?: string,
    options: {
      readonly name?: string;
      readonly signal?: AbortSignal;
      readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
    } = {},
  ): Promise<LoadedModel> {
    return this.#ask({ method: 'load', source, name: options.name }, options.signal, options.onProgress);
  }

  /** The trace of a text or of ids; a text that goes on from the one before costs its new tokens alone. */
  record(input: TraceInput, options: { readonly signal?: AbortSignal } = {}): Promise<Trace> {
    return this.#ask({ method: 'record', input }, options.signal);
  }

  /** Stages of a trace by name, those that need the model's parameters among them. */
  stages(
    trace: Trace,
    names: readonly string[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<ReadonlyMap<string, Stage>> {
    return this.#ask({ method: 'stages', trace, names }, options.signal);
  }

  /** The model writes on; `onToken` is called for each token as it comes. */
  generate(
    input: TraceInput,
    {
      signal,
      onToken,
      ...options
    }: GenerateSettings & {
      readonly signal?: AbortSignal;
      readonly onToken?: (token: GeneratedToken) => void;
    } = {},
  ): Promise<GeneratedToken[]> {
    return this.#ask({ method: 'generate', input, options }, signal, onToken);
  }

  /** Ends the worker at once, whatever it does; what waits is rejected with `engineEnded`. */
  close(): void {
    this.#channel.close();
    this.#end('it was closed');
  }

  #ask<T>(request: Request, signal?: AbortSignal, onProgress?: (progress: never) => void): Promise<T> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (signal?.aborted) return Promise.reject(signal.reason);
    const call = this.#calls++;
    return new Promise<T>((resolve, reject) => {
      const cancel = (): void => {
        this.#channel.post({ cancel: call });
        this.#waiting.delete(call);
        reject(signal!.reason);
      };
      const settled =
        <V>(settle: (value: V) => void) =>
        (value: V): void => {
          signal?.removeEventListener('abort', cancel);
          settle(value);
        };
      this.#waiting.set(call, { resolve: settled(resolve), reject: settled(reject), onProgress });
      signal?.addEventListener('abort', cancel, { once: true });
      this.#channel.post({ call, request });
    });
  }

  #answered(message: FromEngine): void {
    const waiting = this.#waiting.get(message.call);
    if (!waiting) return;
    if ('progress' in message) {
      waiting.onProgress?.(message.progress as never);
      return;
    }
    this.#waiting.delete(message.call);
    if ('error' in message) waiting.reject(thrown(message.error));
    else waiting.resolve(message.value as never);
  }

  #end(reason: string): void {
    this.#ended ??= new SiseonError({ code: 'engineEnded', kind: 'failure', what: `the engine has ended: ${reason}` });
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}

const thrown = ({ message, code, kind, details }: PlainError): Error =>
  code === null ? new Error(message) : new SiseonError({ code, kind, what: message.replace(/\.$/, ''), details });
