/** ggml's blocks of quantised numbers, drawn: random bits under scales that make numbers of a model's size. */
import { normal, uniform } from './checkpoints.mjs';

/** ggml's number of each type, numbers and bytes of a block, where its float16 scales stand, and about how large its numbers are at scale 1. */
export const blockKinds = {
  F16: { type: 1 },
  BF16: { type: 30 },
  Q8_0: { type: 8, numbers: 32, bytes: 34, scales: [0], size: 74 },
  Q4_0: { type: 2, numbers: 32, bytes: 18, scales: [0], size: 4.6 },
  Q4_1: { type: 3, numbers: 32, bytes: 20, scales: [0, 2], size: 9 },
  Q5_0: { type: 6, numbers: 32, bytes: 22, scales: [0], size: 9.2 },
  Q5_1: { type: 7, numbers: 32, bytes: 24, scales: [0, 2], size: 18 },
  Q2_K: { type: 10, numbers: 256, bytes: 84, scales: [80, 82], size: 18 },
  Q3_K: { type: 11, numbers: 256, bytes: 110, scales: [108], size: 42 },
  Q4_K: { type: 12, numbers: 256, bytes: 144, scales: [0, 2], size: 330 },
  Q5_K: { type: 13, numbers: 256, bytes: 176, scales: [0, 2], size: 660 },
  Q6_K: { type: 14, numbers: 256, bytes: 210, scales: [208], size: 1400 },
  IQ4_NL: { type: 20, numbers: 32, bytes: 18, scales: [0], size: 69 },
  IQ4_XS: { type: 23, numbers: 256, bytes: 136, scales: [0], size: 1280 },
};

/** x to the nearest float16 (even where two are as near). */
export function toHalf(x) {
  const step = 2 ** (Math.max(-14, Math.floor(Math.log2(Math.abs(x) || 1))) - 10);
  const scaled = x / step;
  const down = Math.floor(scaled);
  const up = scaled - down > 0.5 || (scaled - down === 0.5 && down % 2 !== 0);
  return (down + (up ? 1 : 0)) * step;
}

/** The bits of x as float16. */
function halfBits(x) {
  const near = toHalf(x);
  const sign = near < 0 ? 0x8000 : 0;
  if (Math.abs(near) < 2 ** -14) return sign | (Math.abs(near) * 2 ** 24);
  const bits = new Uint32Array(Float32Array.of(near).buffer)[0];
  return sign | ((((bits >>> 23) & 255) - 112) << 10) | ((bits >>> 13) & 1023);
}

/** A tensor of a kind: `count` numbers with about this deviation, as the file has them. */
export function drawBlocks(seed, kind, count, deviation) {
  const { numbers, bytes, scales, size } = blockKinds[kind];
  if (!numbers) {
    const drawn = normal(seed, count, deviation);
    if (kind === 'BF16') return Uint16Array.from(new Uint32Array(drawn.buffer), (bits) => bits >>> 16);
    return Uint16Array.from(drawn, halfBits);
  }
  const next = uniform(seed);
  const out = Uint8Array.from({ length: (count / numbers) * bytes }, () => next() * 256);
  const view = new DataView(out.buffer);
  for (let block = 0; block < out.length; block += bytes)
    for (const at of scales)
      view.setUint16(block + at, halfBits(((0.5 + next()) * (next() < 0.5 ? -1 : 1) * deviation) / size), true);
  return out;
}
