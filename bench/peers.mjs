/** The engines to compare with, and how one graph runs on each. */
import { createRequire } from 'node:module';

const version = (name) => createRequire(import.meta.url)(`./node_modules/${name}/package.json`).version;

/** onnxruntime on WebAssembly and native, on the same number of threads as ours. */
export async function onnxRuntimes(threads) {
  const web = await import('onnxruntime-web');
  web.env.wasm.numThreads = threads;
  web.env.logLevel = 'error';
  const native = (await import('onnxruntime-node')).default;
  return [
    { name: `onnxruntime-web ${version('onnxruntime-web')}`, ort: web, provider: 'wasm' },
    { name: `onnxruntime-node ${version('onnxruntime-node')}`, ort: native, provider: 'cpu' },
  ].map(({ name, ort, provider }) => ({
    name,
    /** Runs of a graph: `feeds` are { name: [data, dims] }. Resolves to the outputs by name. */
    async session(model, feeds) {
      const session = await ort.InferenceSession.create(model, {
        executionProviders: [provider],
        intraOpNumThreads: threads,
        graphOptimizationLevel: 'all',
        logSeverityLevel: 3,
      });
      const tensors = Object.fromEntries(
        Object.entries(feeds).map(([key, [data, dims]]) => [
          key,
          new ort.Tensor(data instanceof BigInt64Array ? 'int64' : 'float32', data, dims),
        ]),
      );
      return { run: () => session.run(tensors), release: () => session.release() };
    },
  }));
}

/** The largest difference of two outputs, as a part of the largest number of the second. */
export function difference(got, expected) {
  if (got.length !== expected.length) throw new Error(`${got.length} numbers against ${expected.length}`);
  let [away, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    away = Math.max(away, Math.abs(got[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return away / largest;
}

/** What is compared must be the same: throws where an output of a peer is further away than `budget`, else says how far. */
export function agree(label, peer, got, expected, budget = 1e-4) {
  const away = difference(got, expected);
  if (!(away <= budget)) throw new Error(`${label}: ${peer} differs by ${away} of the largest number`);
  return away;
}

/** A graph on every runtime: how each is run, after its outputs agreed with `expected`, ours by name. */
export async function besides(runtimes, graph, feeds, expected, label) {
  const [peers, sessions] = [{}, []];
  let away = 0;
  for (const runtime of runtimes) {
    const session = await runtime.session(graph, feeds);
    sessions.push(session);
    const got = await session.run();
    for (const [name, ours] of Object.entries(expected))
      away = Math.max(away, agree(label, runtime.name, got[name].data, ours));
    // A graph's outputs are handed over as copies here as there.
    peers[runtime.name] = async () => Object.values(await session.run()).map(({ data }) => data.length);
  }
  const release = async () => {
    for (const session of sessions) await session.release();
  };
  return { peers, difference: away, release };
}

/** TensorFlow.js on WebAssembly; in Node its backend has no threads, whatever is asked for. */
export async function tensorFlow(threads) {
  const tf = await import('@tensorflow/tfjs');
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  const folder = new URL('./node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url).pathname;
  wasm.setWasmPaths(folder);
  wasm.setThreadsCount(threads);
  await tf.setBackend('wasm');
  await tf.ready();
  return { name: `tfjs-wasm ${version('@tensorflow/tfjs')}`, tf };
}

/**
 * jax-js on WebAssembly, on one thread: its threads need the workers of a browser. Gives, for two square matrices, the run of
 * their product; reading the result is what waits for it, so it is part of the time.
 */
export async function jaxProducts() {
  const { defaultDevice, init, numpy } = await import('@jax-js/jax');
  await init('wasm');
  defaultDevice('wasm');
  return (left, right, size) => {
    const [a, b] = [left, right].map((data) => numpy.array(data).reshape([size, size]));
    return { [`jax-js ${version('@jax-js/jax')}, one thread`]: () => numpy.matmul(a.ref, b.ref).data() };
  };
}
