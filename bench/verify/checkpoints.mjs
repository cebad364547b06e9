/** Checkpoints in Hugging Face layout with drawn parameters, larger than the tiny ones of test/families, from a seed. */
import { readConfig } from '../../dist/model/index.js';
import { fileShape } from '../../dist/model/parameters.js';

/** Uniform numbers in [0, 1) from a text (FNV-1a into mulberry32). */
export function uniform(seed) {
  let state = 0x811c9dc5;
  for (const letter of seed) state = Math.imul(state ^ letter.codePointAt(0), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x = (x + Math.imul(x ^ (x >>> 7), x | 61)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
}

/** Normal numbers (Box and Muller), as float32. */
export function normal(seed, count, deviation, mean = 0) {
  const next = uniform(seed);
  const out = new Float32Array(count);
  for (let i = 0; i < count; i++)
    out[i] = mean + deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return out;
}

/** Every tensor that a checkpoint with this config.json holds, drawn from its own name. */
export function drawCheckpoint(seed, config) {
  const { family, architecture } = readConfig(config);
  const tensors = new Map();
  for (const source of family.parameters(architecture, new Set())) {
    const shape = fileShape(source);
    const count = shape.reduce((size, length) => size * length, 1);
    const [first, second = first] = shape;
    const norm = shape.length === 1 && /(norm|ln_\w+|layer_norm\w*)\.weight$/i.test(source.tensor);
    const table = /embed|wte|wpe|shared/.test(source.tensor) && shape.length === 2;
    const inputs = source.transposed ? first : second;
    const deviation = shape.length === 1 ? 0.2 : table ? 1 : 1.4 / Math.sqrt(inputs);
    if (count > 0 && !tensors.has(source.tensor))
      tensors.set(source.tensor, {
        shape,
        data: normal(`${seed} ${source.tensor}`, count, deviation, norm ? 1 - (source.plus ?? 0) : 0),
      });
  }
  return tensors;
}

/** Token ids of a text, drawn. */
export function drawIds(seed, length, vocabulary) {
  const next = uniform(`${seed} ids`);
  return Int32Array.from({ length }, () => Math.floor(next() * vocabulary));
}
