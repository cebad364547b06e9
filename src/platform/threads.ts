/** Threads below this one, in Node and in browsers; the code of a thread is one function without imports. */
import { builtinIfAny } from './builtin.ts';

/** How many threads the machine runs at once. */
export function hardwareThreads(): number {
  const threads = globalThis.navigator?.hardwareConcurrency ?? builtinIfAny('node:os')?.availableParallelism();
  return Math.max(1, threads ?? 1);
}

/**
 * Why threads cannot share memory with this one, or null when they can: they need SharedArrayBuffer, which browsers give
 * to cross-origin isolated pages, and a thread that may wait, which a page's main thread may not.
 */
export function threadsProblem(): string | null {
  if (typeof SharedArrayBuffer === 'undefined')
    return 'no SharedArrayBuffer: serve the page with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp';
  if (builtinIfAny('node:worker_threads')) return null;
  if (typeof Worker === 'undefined') return 'this thread cannot start workers';
  if (typeof window !== 'undefined') return "a page's main thread may not wait for others: compute in a worker";
  return null;
}

let ownModule: string | URL | undefined;

/**
 * Names the module of the threads that every device starts from now on: one that does
 * `onmessage = ({ data }) => kernelThread(data)`. For pages whose policy forbids workers made of text; a device may be given
 * another by its `workerUrl`.
 */
export function useThreadModule(url: string | URL): void {
  ownModule = url;
}

/**
 * Starts a thread that runs `main(data)`, and returns what ends it. It does not keep a Node process alive. `main` reaches
 * the thread as text and may use nothing outside of itself; where a page's policy forbids workers made of text, `url`
 * names a module that does `onmessage = ({ data }) => main(data)`. `failed` is called when the thread cannot start.
 */
export function startThread<T>(
  main: (data: T) => void,
  data: T,
  failed: (reason: string) => void,
  url: string | URL | undefined = ownModule,
): () => void {
  const node = builtinIfAny('node:worker_threads');
  if (node) {
    const source = `(${main.toString()})(require('node:worker_threads').workerData)`;
    const worker = new node.Worker(source, { eval: true, workerData: data, execArgv: [], name: 'siseon kernels' });
    worker.unref();
    return () => void worker.terminate();
  }
  const source = `onmessage = ({ data }) => (${main.toString()})(data)`;
  const own = url ? undefined : URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = url ? new Worker(url, { type: 'module' }) : new Worker(own!);
  worker.onerror = (event) => failed(event.message ?? 'the worker did not start');
  worker.postMessage(data);
  return () => {
    worker.terminate();
    if (own) URL.revokeObjectURL(own);
  };
}
