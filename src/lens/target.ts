/** What a prediction is asked for: the number that gradients, ablations and patches move. */
import type { LogitTarget, Model } from '../model/index.ts';
import { noLogits } from '../model/index.ts';
import { recordedStage, type Trace } from '../trace/index.ts';

/** A token at a position; with `against`, how much likelier it is than another. */
export interface Target {
  readonly position: number;
  readonly token: number;
  readonly against?: number;
}

/** Logits of one position, [vocabulary]. Throws `noLogits`. */
export function logitsAt(trace: Trace, position: number): Float32Array {
  if (!trace.recorded.has('logits')) throw noLogits();
  const { data, shape } = recordedStage(trace, 'logits');
  return data.subarray(position * shape[1]!, (position + 1) * shape[1]!);
}

/** log Σ exp of many numbers, in double precision. */
export function logTotal(logits: ArrayLike<number>): number {
  let largest = -Infinity;
  for (let i = 0; i < logits.length; i++) largest = Math.max(largest, logits[i]!);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i]! - largest);
  return largest + Math.log(sum);
}

/** log p(token), or with `against` the difference of the two logits (which is that of the log-probabilities). */
export function targetOf(logits: ArrayLike<number>, { token, against }: Target): number {
  return against === undefined ? logits[token]! - logTotal(logits) : logits[token]! - logits[against]!;
}

/** The same as a target of `Model.gradients`, with the sign that turns its value into this one. */
export function gradientTarget({ position, token, against }: Target): { target: LogitTarget; sign: 1 | -1 } {
  if (against === undefined) return { target: { position, token }, sign: -1 };
  const logits = new Map([[token, 1]]);
  logits.set(against, (logits.get(against) ?? 0) - 1);
  return { target: { position, logits }, sign: 1 };
}

/** The likeliest token at a position. */
export function prediction(logits: ArrayLike<number>): { readonly token: number; readonly probability: number } {
  let token = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[token]!) token = i;
  return { token, probability: Math.exp(logits[token]! - logTotal(logits)) };
}

/** The likeliest tokens at a position, the first first. */
export function likeliest(
  logits: ArrayLike<number>,
  count: number,
): { readonly token: number; readonly probability: number }[] {
  const total = logTotal(logits);
  return Array.from({ length: logits.length }, (_, token) => token)
    .sort((a, b) => logits[b]! - logits[a]! || a - b)
    .slice(0, count)
    .map((token) => ({ token, probability: Math.exp(logits[token]! - total) }));
}

/** The token of a target as a person reads it, Hangul that the vocabulary holds in letters composed; its id where there is no tokenizer. */
export const tokenName = (model: Model, token: number): string =>
  model.tokenizer?.piece(token)?.normalize('NFC') ?? `${token}`;
