import { refusal } from './refusal.ts';

export interface RotaryTables {
  /** [positions, rotated / 2] */
  readonly cosine: Float32Array;
  readonly sine: Float32Array;
}

/**
 * Cosines and sines of the angles position · base^(−2c / rotated), for positions from 0 (Su et al. 2021). In radians;
 * computed in double precision. `rotated` is even. Throws `badRotation`.
 */
export function rotaryTables(positions: number, rotated: number, base = 10_000): RotaryTables {
  if (
    !Number.isInteger(positions) ||
    positions < 0 ||
    !Number.isInteger(rotated) ||
    rotated < 2 ||
    rotated % 2 !== 0 ||
    !(base > 0)
  )
    throw refusal(
      'badRotation',
      'no rotary table has these sizes',
      'positions from 0, an even number of rotated numbers, a base above 0',
      `${positions}, ${rotated}, ${base}`,
      'Rotate the head size, or an even part of it.',
    );
  const half = rotated / 2;
  const cosine = new Float32Array(positions * half);
  const sine = new Float32Array(positions * half);
  for (let c = 0; c < half; c++) {
    const frequency = Math.exp((-2 * c * Math.log(base)) / rotated);
    for (let position = 0; position < positions; position++) {
      cosine[position * half + c] = Math.cos(position * frequency);
      sine[position * half + c] = Math.sin(position * frequency);
    }
  }
  return { cosine, sine };
}
