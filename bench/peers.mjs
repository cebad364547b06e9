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
