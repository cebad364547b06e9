/** What the engine and the thread that asks it say to each other; all of it can be copied between threads. */
import type { Stage, Trace, TraceInput } from '../trace/index.ts';

export interface LoadRequest {
  readonly method: 'load';
  /** A folder, a file, an address or a model's name on the hub; absent: the Korean model that comes along. */
  readonly source: string | undefined;
  readonly name: string | undefined;
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
  /** The layer whose weights [head, key] come with each token; the last unless said. */
  readonly layer?: number;
}

/** A token as the engine reports it, with what the model looked at while writing it. */
export interface GeneratedToken {
  readonly id: number;
  readonly text: string | null;
  readonly position: number;
  readonly probability: number;
  readonly looked: Stage;
}

export type Request = LoadRequest | RecordRequest | StagesRequest | GenerateRequest;
export type ToEngine = { readonly call: number; readonly request: Request } | { readonly cancel: number };
export type FromEngine =
  | { readonly call: number; readonly value: unknown }
  | { readonly call: number; readonly progress: unknown }
  | { readonly call: number; readonly error: PlainError };

/** An error as facts. */
export interface PlainError {
  readonly message: string;
  readonly code: string | null;
  readonly kind: 'usage' | 'failure';
  readonly details: Readonly<Record<string, unknown>>;
}
