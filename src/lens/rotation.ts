/** Rotation of queries and keys by their position (Su et al. 2021), pair by pair. */
import { type Rotary, rotaryFrequencies } from '../model/index.ts';

/** Cosines and sines of one position, a pair of numbers each: number c turns with number c + rotated / 2. */
function anglesAt(rotary: Rotary, position: number): { readonly cosine: Float32Array; readonly sine: Float32Array } {
  const { turns, magnitude } = rotaryFrequencies(rotary);
  return {
    cosine: Float32Array.from(turns, (turn) => magnitude * Math.cos(position * turn)),
    sine: Float32Array.from(turns, (turn) => magnitude * Math.sin(position * turn)),
  };
}

function rotated(vector: ArrayLike<number>, cosine: Float32Array, sine: Float32Array, sign: 1 | -1): Float64Array {
  const half = cosine.length;
  const turned = Float64Array.from(vector);
  for (let c = 0; c < half; c++) {
    const [cos, sin] = [cosine[c]!, sign * sine[c]!];
    turned[c] = vector[c]! * cos - vector[c + half]! * sin;
    turned[c + half] = vector[c + half]! * cos + vector[c]! * sin;
  }
  return turned;
}

/** Turns a vector as it stands at a position. */
export function turnedBy(rotary: Rotary, position: number): (vector: ArrayLike<number>) => Float64Array {
  const { cosine, sine } = anglesAt(rotary, position);
  return (vector) => rotated(vector, cosine, sine, 1);
}

/**
 * Turns it back: what it was before its position turned it. Rotations that also stretch (YaRN, LongRoPE) are undone with
 * their stretch, cos² + sin² of a pair.
 */
export function turnedBack(rotary: Rotary, position: number): (vector: ArrayLike<number>) => Float64Array {
  const { cosine, sine } = anglesAt(rotary, position);
  const half = cosine.length;
  return (vector) => {
    const back = rotated(vector, cosine, sine, -1);
    for (let c = 0; c < half; c++) {
      const stretch = cosine[c]! ** 2 + sine[c]! ** 2;
      back[c]! /= stretch;
      back[c + half]! /= stretch;
    }
    return back;
  };
}
