/** What the engine and the thread that asks it say to each other; all of it can be copied between threads. */
import type { LoadOptions } from '../model/index.ts';
import type { HubProgress, SiseonError } from '../platform/index.ts';
import type { Ending, Stage, Trace, TraceInput } from '../trace/index.ts';

export interface LoadRequest {
  readonly method: 'load';
  /** A folder, a file, an address or a model's name on the hub; absent: the Korean model that comes along. */
  readonly source: string | undefined;
  readonly name?: string;
  /** Of a model on the hub: branch, tag or commit. */
  readonly revision?: string;
  readonly tokenizer?: LoadOptions['tokenizer'];
  readonly ignoreFields?: readonly string[];
}
export interface RecordRequest {
  readonly method: 'record';
  readonly input: TraceInput;
}
export interface StagesRequest {
  readonly method: 'stages';
  readonly trace: Trace;
  readonly names: readonly string[];
}
export interface GenerateRequest {
  readonly method: 'generate';
  readonly input: TraceInput;
  readonly options: GenerateSettings;
}

/** As GenerateOptions of `siseon/trace`, but for the signal, which stays with the thread that asks. */
export interface GenerateSettings {
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed?: number;
  readonly endTokens?: readonly number[];
  readonly stop?: readonly string[];
  /** The layer whose weights [head, key] come with each token; the last unless said. */
  readonly layer?: number;
}

/** A token as the engine reports it, with what the model looked at while writing it. */
export interface GeneratedToken {
  readonly id: number;
  readonly text: string | null;
  readonly position: number;
  readonly probability: number;
  /** Of the last token: what ended the text. */
  readonly ended: Ending | null;
  readonly looked: Stage;
}

export type Request = LoadRequest | RecordRequest | StagesRequest | GenerateRequest;

/**
 * How far a request is: bytes of parameters read, files coming from the hub, one that is read from the cache instead,
 * layers done of a run, a token written.
 */
export type Progress =
  | { readonly read: { readonly done: number; readonly total: number } }
  | { readonly fetched: HubProgress }
  | { readonly kept: { readonly commit: string; readonly why: PlainError } }
  | { readonly layers: { readonly done: number; readonly total: number } }
  | { readonly token: GeneratedToken };

export type ToEngine =
  | {
      readonly call: number;
      readonly request: Request;
      /** A number that turns 1 when the request is cancelled: a run hears no message, but can look here between its layers. */
      readonly stop: SharedArrayBuffer | null;
    }
  | { readonly cancel: number };
export type FromEngine =
  | { readonly call: number; readonly value: unknown }
  | { readonly call: number; readonly progress: Progress }
  | { readonly call: number; readonly error: PlainError };

/** An error as facts. */
export interface PlainError {
  readonly message: string;
  readonly code: string | null;
  readonly kind: 'usage' | 'failure';
  readonly details: Readonly<Record<string, unknown>>;
  /** What the message was made of; absent of errors that are not this package's. */
  readonly parts?: SiseonError['parts'];
}
