// The functions of math.ts, exponent.ts and activation.ts over arrays, compiled by ../functions.test.ts: not part of the kernels.
import { activated4, activateMany, activationConstants } from './activation';
import { constants, expStretch, STRETCH } from './exponent';
import { erf4, exp4, log, tanh4 } from './math';

export { activationConstants, constants };

/** Four numbers at a time. */
export function activateEach(kind: i32, to: usize, from: usize, count: i32): void {
  for (let o: usize = 0; o < <usize>count << 2; o += 16) v128.store(to + o, activated4(kind, v128.load(from + o)));
}

export function activateAll(kind: i32, to: usize, from: usize, count: i32, scratch: usize): void {
  activateMany(kind, to, from, <usize>count << 2, scratch);
}

export function exp(to: usize, from: usize, count: i32): void {
  for (let o: usize = 0; o < <usize>count << 2; o += 16) v128.store(to + o, exp4(v128.load(from + o)));
}

/** In place, for numbers of at most 0. */
export function expBelow(at: usize, scratch: usize, count: i32): void {
  const end = at + (<usize>count << 2);
  for (; at < end; at += STRETCH) expStretch(at, min(end, at + STRETCH), f32x4.splat(0), f32x4.splat(0), scratch);
}

export function tanh(to: usize, from: usize, count: i32): void {
  for (let o: usize = 0; o < <usize>count << 2; o += 16) v128.store(to + o, tanh4(v128.load(from + o)));
}

export function erf(to: usize, from: usize, count: i32): void {
  for (let o: usize = 0; o < <usize>count << 2; o += 16) v128.store(to + o, erf4(v128.load(from + o)));
}

/** In double precision. */
export function logs(to: usize, from: usize, count: i32): void {
  for (let o: usize = 0; o < <usize>count << 3; o += 8) store<f64>(to + o, log(load<f64>(from + o)));
}
