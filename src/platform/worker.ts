/** Messages between this thread and one that runs a module of its own, in Node and in browsers. */
import { builtinIfAny } from './builtin.ts';

/** One end of the line. What is posted is copied, but for the buffers named to be handed over. */
export interface Channel {
  post(message: unknown): void;
  receive(handle: (message: unknown) => void, failed?: (reason: string) => void): void;
  close(): void;
}

interface NodePort {
  postMessage(message: unknown): void;
  on(event: 'message' | 'messageerror' | 'error' | 'exit', handle: (value: unknown) => void): void;
  terminate?(): Promise<number>;
  close?(): void;
}

const nodeChannel = (port: NodePort): Channel => ({
  post: (message) => port.postMessage(message),
  receive(handle, failed) {
    port.on('message', handle);
    if (!failed) return;
    port.on('error', (error) => failed(error instanceof Error ? error.message : String(error)));
    port.on('exit', (code) => failed(`the worker has ended (exit code ${code})`));
    port.on('messageerror', (error) => failed(`a message could not be read: ${error}`));
  },
  close: () => void (port.terminate ? port.terminate() : port.close?.()),
});

/** Starts a worker that runs the module at `url`. */
export function startWorker(url: URL): Channel {
  const node = builtinIfAny('node:worker_threads');
  if (node) return nodeChannel(new node.Worker(url, { name: 'siseon' }));
  const worker = new Worker(url, { type: 'module' });
  return {
    post: (message) => worker.postMessage(message),
    receive(handle, failed) {
      worker.onmessage = ({ data }) => handle(data);
      // A module that cannot be loaded says nothing more.
      worker.onerror = ({ message }) => failed?.(message || `its module could not be loaded: ${url}`);
      worker.onmessageerror = () => failed?.('a message could not be read');
    },
    close: () => worker.terminate(),
  };
}

/** Inside a worker: the line to the thread that started it. */
export function ownChannel(): Channel {
  const port = builtinIfAny('node:worker_threads')?.parentPort;
  if (port) return nodeChannel(port);
  const own = globalThis as unknown as {
    postMessage(message: unknown): void;
    onmessage: ((event: { data: unknown }) => void) | null;
    close(): void;
  };
  return {
    post: (message) => own.postMessage(message),
    receive(handle) {
      own.onmessage = ({ data }) => handle(data);
    },
    close: () => own.close(),
  };
}
