/** The engine in a thread of its own: one model, one request after another, each of which can be cancelled. */
import type { AttentionPlace } from '../attention/index.ts';
import { loadModel, type Model, shippedModel } from '../model/index.ts';
import { ownChannel, SiseonError } from '../platform/index.ts';
import { generate, stages, type Trace, TraceSession } from '../trace/index.ts';
import type {
  FromEngine,
  GeneratedToken,
  GenerateRequest,
  LoadRequest,
  PlainError,
  Progress,
  Request,
  ToEngine,
} from './messages.ts';

const channel = ownChannel();
const running = new Map<number, AbortController>();
let session: TraceSession | null = null;
let line: Promise<unknown> = Promise.resolve();

const say = (message: FromEngine): void => channel.post(message);

function modelOf(): Model {
  if (session) return session.model;
  throw new SiseonError({
    code: 'noModel',
    kind: 'usage',
    what: 'the engine has no model yet',
    next: 'Call load first.',
  });
}

/** A request's own: what to answer to, and how it is told to stop. */
interface Task {
  readonly call: number;
  readonly signal: AbortSignal;
  /** Throws once the request is cancelled, also in the middle of a run. */
  readonly check: () => void;
}

async function load({ source, name, revision, tokenizer, ignoreFields }: LoadRequest, { call, signal }: Task) {
  const tell = (progress: Progress): void => say({ call, progress });
  const model = await loadModel(source ?? shippedModel, {
    name: name ?? source ?? 'siseon/models/ko',
    ...(revision !== undefined && { revision }),
    ...(tokenizer && { tokenizer }),
    ...(ignoreFields && { ignoreFields }),
    signal,
    onDownload: (fetched) => tell({ fetched }),
    onKept: ({ commit, why }) => tell({ kept: { commit, why: facts(why) } }),
    onProgress: (done, total) => tell({ read: { done, total } }),
  });
  session?.free();
  session = new TraceSession(model);
  const { architecture, fingerprint, parameterCount, metadata } = model;
  return { name: model.name, architecture, fingerprint, parameterCount, metadata };
}

/** A trace that can be copied: its stages whole. */
const plain = (trace: Trace): Trace => ({ ...trace, recorded: new Map(trace.recorded) });

async function write({ input, options }: GenerateRequest, { call, signal, check }: Task): Promise<GeneratedToken[]> {
  const model = modelOf();
  const { layer = model.architecture.layerCount - 1, ...settings } = options;
  const place: AttentionPlace = model.architecture.encoder ? `decoder.layers.${layer}.cross` : `layers.${layer}`;
  const written: GeneratedToken[] = [];
  for await (const token of generate(model, input, { ...settings, signal, onLayer: check })) {
    const { id, text, position, probability, ended } = token;
    const told = { id, text, position, probability, ended, looked: await token.look(place) };
    written.push(told);
    say({ call, progress: { token: told } });
    // A message that cancels is read between two tokens.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return written;
}

async function answer(request: Request, task: Task): Promise<unknown> {
  task.signal.throwIfAborted();
  task.check();
  if (request.method === 'load') return load(request, task);
  if (request.method === 'stages') return stages(request.trace, modelOf(), request.names);
  if (request.method === 'generate') return write(request, task);
  modelOf();
  const onLayer = (done: number, total: number): void => {
    task.check();
    say({ call: task.call, progress: { layers: { done, total } } });
  };
  return plain(await session!.record(request.input, { onLayer }));
}

function facts(error: unknown): PlainError {
  if (error instanceof SiseonError)
    return { message: error.message, code: error.code, kind: error.kind, details: error.details, parts: error.parts };
  return { message: error instanceof Error ? error.message : String(error), code: null, kind: 'failure', details: {} };
}

function taskOf(call: number, stop: SharedArrayBuffer | null, signal: AbortSignal): Task {
  const told = stop && new Int32Array(stop);
  const check = (): void => {
    if (told && Atomics.load(told, 0) === 1) throw new Error('the request was cancelled');
  };
  return { call, signal, check };
}

channel.receive((message) => {
  const said = message as ToEngine;
  if ('cancel' in said) return running.get(said.cancel)?.abort();
  const { call, request, stop } = said;
  const controller = new AbortController();
  running.set(call, controller);
  line = line
    .then(() => answer(request, taskOf(call, stop, controller.signal)))
    .then(
      (value) => say({ call, value }),
      (error: unknown) => say({ call, error: facts(error) }),
    )
    // Something in the answer cannot be copied between threads.
    .catch((error: unknown) => say({ call, error: facts(error) }))
    .finally(() => running.delete(call));
});
