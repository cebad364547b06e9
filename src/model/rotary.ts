/** How far each pair of numbers turns at each position, for every way of stretching that checkpoints name. */
import type { Rotary } from './architecture.ts';

/**
 * Radians by which each pair turns from one position to the next [rotated / 2], in double precision, and the number that
 * multiplies cosines and sines. RoPE: Su et al. 2021; linear: Chen et al. 2023; YaRN: Peng et al. 2023, §3.2 to 3.4;
 * llama3: the smoothing published with Llama 3.1; divided: LongRoPE, Ding et al. 2024.
 */
export function rotaryFrequencies({ rotated, base, scaling }: Rotary): { turns: Float64Array; magnitude: number } {
  const plain = Float64Array.from({ length: rotated / 2 }, (_, c) => Math.exp((-2 * c * Math.log(base)) / rotated));
  switch (scaling?.kind) {
    case undefined:
      return { turns: plain, magnitude: 1 };
    case 'linear':
      return { turns: plain.map((turn) => turn / scaling.factor), magnitude: 1 };
    case 'divided':
      return { turns: plain.map((turn, c) => turn / scaling.factors[c]!), magnitude: scaling.magnitude };
    case 'llama3': {
      const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions } = scaling;
      // Full turns within the original length: many stay as they are, few are stretched, between them it blends.
      const stretched = (turn: number): number => {
        const kept = Math.min(1, Math.max(0, ((originalPositions * turn) / (2 * Math.PI) - low) / (high - low)));
        return kept * turn + ((1 - kept) * turn) / factor;
      };
      return { turns: plain.map(stretched), magnitude: 1 };
    }
    case 'yarn': {
      const { factor, originalPositions, betaFast, betaSlow, truncate, magnitude } = scaling;
      /** The pair that makes so many full turns within the original length. */
      const pairOf = (count: number): number =>
        (rotated * Math.log(originalPositions / (count * 2 * Math.PI))) / (2 * Math.log(base));
      const [fast, slow] = [pairOf(betaFast), pairOf(betaSlow)];
      const first = Math.max(truncate ? Math.floor(fast) : fast, 0);
      const last = Math.min(truncate ? Math.ceil(slow) : slow, rotated - 1);
      const width = last === first ? 0.001 : last - first;
      const blended = (turn: number, c: number): number => {
        const stretch = Math.min(1, Math.max(0, (c - first) / width));
        return (stretch * turn) / factor + (1 - stretch) * turn;
      };
      return { turns: plain.map(blended), magnitude };
    }
  }
}

/** Cosines and sines for positions from 0, [positions, rotated / 2], with the magnitude in them. */
export function rotaryTable(rotary: Rotary, positions: number): { cosine: Float32Array; sine: Float32Array } {
  const { turns, magnitude } = rotaryFrequencies(rotary);
  const half = turns.length;
  const cosine = new Float32Array(positions * half);
  const sine = new Float32Array(positions * half);
  for (let position = 0; position < positions; position++)
    for (let c = 0; c < half; c++) {
      cosine[position * half + c] = magnitude * Math.cos(position * turns[c]!);
      sine[position * half + c] = magnitude * Math.sin(position * turns[c]!);
    }
  return { cosine, sine };
}
