/** llama.cpp, through node-llama-cpp and its binary for this machine's processor. */
import { createRequire } from 'node:module';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';

const require = createRequire(import.meta.url);
const wrapper = require('./node_modules/node-llama-cpp/package.json').version;
const { tag } = require('./node_modules/node-llama-cpp/llama/llama.cpp.info.json');
export const llamaName = `llama.cpp ${tag} (node-llama-cpp ${wrapper})`;

const llama = await getLlama({
  gpu: false,
  build: 'never',
  skipDownload: true,
  logLevel: LlamaLogLevel.error,
});

/** Runs `read` on a model of a file, with keys and values kept as float32. */
async function opened(modelPath, length, read) {
  const model = await llama.loadModel({ modelPath, gpuLayers: 0, defaultContextFlashAttention: false });
  try {
    return await read(model, {
      contextSize: Math.max(64, length),
      batchSize: 512,
      flashAttention: false,
      experimentalKvCacheKeyType: 'F32',
      experimentalKvCacheValueType: 'F32',
    });
  } finally {
    await model.dispose();
  }
}

/** Logits of every position, [position, vocabulary], of a causal model. */
export const llamaLogits = (modelPath, ids, vocabulary) =>
  opened(modelPath, ids.length, async (model, options) => {
    const context = await model.createContext(options);
    const asked = ids.map((id) => [id, { generateNext: { logits: true } }]);
    const answers = await context.getSequence().controlledEvaluate(asked);
    const out = new Float32Array(ids.length * vocabulary).fill(Number.NaN);
    for (const [position, answer] of answers.entries())
      for (const [token, logit] of answer.next.logits) out[position * vocabulary + token] = logit;
    return out;
  });

/** Ids of each text, without tokens before and after it. */
export const llamaTokens = (modelPath, texts) =>
  opened(modelPath, 0, async (model) => texts.map((text) => [...model.tokenize(text, false)]));
