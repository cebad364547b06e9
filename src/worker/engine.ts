/** The thread that asks: an engine elsewhere, its answers as promises. */
import type { Architecture, LoadOptions, ModelMetadata } from '../model/index.ts';
import { type Channel, type HubProgress, SiseonError, startWorker } from '../platform/index.ts';
import type { Stage, Trace, TraceInput } from '../trace/index.ts';
import type { FromEngine, GeneratedToken, GenerateSettings, PlainError, Progress, Request } from './messages.ts';

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
  readonly onProgress: (progress: Progress) => void;
  /** Lets go of the request, with a reason; the worker is told to stop it. */
  readonly abandon: (reason: unknown) => void;
}

/** How much of something is done. */
export interface Done {
  readonly done: number;
  readonly total: number;
}

/**
 * A model in a worker, in Node and in browsers: nothing here computes. Requests are answered one after another. A signal
 * that is aborted rejects at once with its reason; the worker stops before the next request, token or file, and in the
 * middle of a run before the next layer (on a page that is not cross-origin isolated threads share no memory, and a run that
 * has begun ends first). What a callback throws ends its request and rejects it. Errors are those of the same call without a worker, with their codes; a worker that ends, or fails
 * outside of a request, rejects all that waits, and all that is asked later, with `engineEnded`.
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
      (reason) => {
        // One that failed outside of a request may still be there, and is of no use.
        this.#channel.close();
        this.#end(reason);
      },
    );
  }

  /**
   * Loads a model in the worker, in place of the one before: an address, a name on the hub, in Node a path; without a source
   * the Korean model. `onProgress`: bytes of parameters read; the other options as loadModel has them.
   */
  load(
    source?: string,
    options: {
      readonly name?: string;
      readonly revision?: string;
      readonly tokenizer?: LoadOptions['tokenizer'];
      readonly ignoreFields?: readonly string[];
      readonly signal?: AbortSignal;
      readonly onProgress?: (progress: Done) => void;
      readonly onDownload?: (progress: HubProgress) => void;
      readonly onKept?: (kept: { readonly commit: string; readonly why: Error }) => void;
    } = {},
  ): Promise<LoadedModel> {
    const { signal, onProgress, onDownload, onKept, ...settings } = options;
    return this.#ask({ method: 'load', source, ...settings }, signal, (progress) => {
      if ('read' in progress) onProgress?.(progress.read);
      if ('fetched' in progress) onDownload?.(progress.fetched);
      if ('kept' in progress) onKept?.({ ...progress.kept, why: thrown(progress.kept.why) });
    });
  }

  /** The trace of a text or of ids; a text that goes on from the one before costs its new tokens alone. `onProgress`: layers done. */
  record(
    input: TraceInput,
    options: { readonly signal?: AbortSignal; readonly onProgress?: (layers: Done) => void } = {},
  ): Promise<Trace> {
    return this.#ask({ method: 'record', input }, options.signal, (progress) => {
      if ('layers' in progress) options.onProgress?.(progress.layers);
    });
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
    return this.#ask({ method: 'generate', input, options }, signal, (progress) => {
      if ('token' in progress) onToken?.(progress.token);
    });
  }

  /** Ends the worker at once, whatever it does, and with it all its memory; what waits is rejected with `engineEnded`. */
  close(): void {
    this.#channel.close();
    this.#end('it was closed');
  }

  #ask<T>(request: Request, signal?: AbortSignal, onProgress: (progress: Progress) => void = () => {}): Promise<T> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (signal?.aborted) return Promise.reject(signal.reason);
    const call = this.#calls++;
    const stop = signal && typeof SharedArrayBuffer !== 'undefined' ? new SharedArrayBuffer(4) : null;
    return new Promise<T>((resolve, reject) => {
      const abandon = (reason: unknown): void => {
        signal?.removeEventListener('abort', cancel);
        if (stop) Atomics.store(new Int32Array(stop), 0, 1);
        this.#channel.post({ cancel: call });
        this.#waiting.delete(call);
        reject(reason);
      };
      const cancel = (): void => abandon(signal!.reason);
      const settled =
        <V>(settle: (value: V) => void) =>
        (value: V): void => {
          signal?.removeEventListener('abort', cancel);
          settle(value);
        };
      this.#waiting.set(call, { resolve: settled(resolve), reject: settled(reject), onProgress, abandon });
      signal?.addEventListener('abort', cancel, { once: true });
      try {
        this.#channel.post({ call, request, stop });
      } catch (cause) {
        this.#waiting.delete(call);
        reject(cause);
      }
    });
  }

  #answered(message: FromEngine): void {
    const waiting = this.#waiting.get(message.call);
    if (!waiting) return;
    if ('progress' in message) {
      try {
        waiting.onProgress(message.progress);
      } catch (thrown) {
        waiting.abandon(thrown);
      }
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

const thrown = ({ message, code, kind, details, parts }: PlainError): Error =>
  code === null || !parts ? new Error(message) : new SiseonError({ code, kind, details, ...parts });
