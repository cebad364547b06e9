/** llama.cpp beside the GPT-2-small-sized model: the same drawn parameters as a GGUF file of f32, the same number of threads. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';
import { gguf } from './ggml.mjs';

const require = createRequire(import.meta.url);
const wrapper = require('./node_modules/node-llama-cpp/package.json').version;
const { tag } = require('./node_modules/node-llama-cpp/llama/llama.cpp.info.json');
export const llamaName = `llama.cpp ${tag} (node-llama-cpp ${wrapper}), without attention weights`;

/**
 * The model in llama.cpp: `logits(ids)` of the last position; `prompt(ids)` from the beginning and `next(id)` after what was
 * read, which leave the sequence as they found it. Keys and values are kept in f32, as ours are.
 */
export async function llamaPeer(parameters, sizes, threads) {
  const folder = mkdtempSync(join(tmpdir(), 'siseon-bench-'));
  const modelPath = join(folder, 'model.gguf');
  writeFileSync(modelPath, gguf(parameters, sizes));
  const llama = await getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    logLevel: LlamaLogLevel.error,
    maxThreads: threads,
  });
  const model = await llama.loadModel({ modelPath, gpuLayers: 0, defaultContextFlashAttention: false });
  const context = await model.createContext({
    // Room beyond the last token, or the first ones are thrown out.
    contextSize: sizes.positions + 64,
    batchSize: sizes.positions,
    threads,
    flashAttention: false,
    experimentalKvCacheKeyType: 'F32',
    experimentalKvCacheValueType: 'F32',
  });
  const sequence = context.getSequence();
  const read = (ids, wanted) => {
    const asked = [...ids];
    asked.push([asked.pop(), { generateNext: wanted }]);
    return sequence.controlledEvaluate(asked);
  };
  return {
    async logits(ids) {
      await sequence.clearHistory();
      const { next } = (await read(ids, { logits: true })).at(-1);
      return Float32Array.from({ length: sizes.vocabulary }, (_, id) => next.logits.get(id));
    },
    async prompt(ids) {
      await sequence.clearHistory();
      await read(ids, { token: true });
    },
    async next(id) {
      const start = sequence.nextTokenIndex;
      await read([id], { token: true });
      await sequence.eraseContextTokenRanges([{ start, end: start + 1 }]);
    },
    async release() {
      await model.dispose();
      rmSync(folder, { recursive: true });
    },
  };
}
