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

async function load({ source, name }: LoadRequest, call: number, signal: AbortSignal) {
  const model = await loadModel(source ?? shippedModel, {
    name: name ?? source ?? 'siseon/models/ko',
    signal,
    onProgress: (done, total) => say({ call, progress: { done, total } }),
  });
  session?.free();
  session = new TraceSession(model);
  const { architecture, fingerprint, parameterCount, metadata } = model;
  return { name: model.name, architecture, fingerprint, parameterCount, metadata };
}

/** A trace that can be copied: its stages whole. */
const plain = (trace: Trace): Trace => ({ ...trace, recorded: new Map(trace.recorded) });

async function write(
  { input, options }: GenerateRequest,
  call: number,
  signal: AbortSignal,
): Promise<GeneratedToken[]> {
  const model = modelOf();
  const { layer = model.architecture.layerCount - 1, ...settings } = options;
  const place: AttentionPlace = model.architecture.encoder ? `decoder.layers.${layer}.cross` : `layers.${layer}`;
  const written: GeneratedToken[] = [];
  for await (const token of generate(model, input, { ...settings, signal })) {
    const { id, text, position, probability } = token;
    written.push({ id, text, position, probability, looked: await token.look(place) });
    say({ call, progress: written.at(-1) });
    // A message that cancels is read between two tokens.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return written;
}

async function answer(request: Request, call: number, signal: AbortSignal): Promise<unknown> {
  signal.throwIfAborted();
  if (request.method === 'load') return load(request, call, signal);
  if (request.method === 'stages') return stages(request.trace, modelOf(), request.names);
  if (request.method === 'generate') return write(request, call, signal);
  modelOf();
  return plain(await session!.record(request.input));
}

function facts(error: unknown): PlainError {
  if (error instanceof SiseonError)
    return { message: error.message, code: error.code, kind: error.kind, details: error.details };
  return { message: error instanceof Error ? error.message : String(error), code: null, kind: 'failure', details: {} };
}

channel.receive((message) => {
  const said = message as ToEngine;
  if ('cancel' in said) return running.get(said.cancel)?.abort();
  const { call, request } = said;
  const controller = new AbortController();
  running.set(call, controller);
  line = line
    .then(() => answer(request, call, controller.signal))
    .then(
      (value) => say({ call, value }),
      (error: unknown) => say({ call, error: facts(error) }),
    )
    .finally(() => running.delete(call));
});
