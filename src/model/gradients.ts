/** What may be led back through a run, and in which shape its gradients come. */
import { type Edit, headedStages, isSquare, type StageName, type VectorStage } from '../attention/index.ts';
import { SiseonError } from '../platform/index.ts';
import type { Operations, Tensor } from '../tensor/index.ts';
import type { Architecture } from './architecture.ts';
import { headsFirst } from './batch.ts';

/** A number made of the logits, to be led back: −log softmax(logits[position])[token], or Σ weight · logit. */
export type LogitTarget =
  | { readonly position: number; readonly token: number }
  | { readonly position: number; readonly logits: ReadonlyMap<number, number> };

export const noLogits = (): SiseonError =>
  new SiseonError({
    code: 'noLogits',
    kind: 'usage',
    what: 'the model has no head for logits, so there is no prediction to follow',
    next: 'Use a checkpoint with a language head.',
  });

/** Throws `noLogits`, `noGradient`, `tokenOutOfRange` and `idOutOfRange`. */
export function checkGradient(a: Architecture, edits: readonly Edit[], target: LogitTarget, length: number): void {
  if (!a.head) throw noLogits();
  if (a.encoder || edits.some(isSquare))
    throw new SiseonError({
      code: 'noGradient',
      kind: 'usage',
      what: 'this run cannot be led back',
      expected: 'a model of one stack, and no edits of weights, temperature or visibility',
      got: a.encoder
        ? 'an encoder-decoder'
        : edits
            .filter(isSquare)
            .map(({ kind }) => kind)
            .join(', '),
    });
  if (!Number.isInteger(target.position) || target.position < 0 || target.position >= length)
    throw new SiseonError({
      code: 'tokenOutOfRange',
      kind: 'usage',
      what: `there is no token ${target.position}`,
      expected: `0 to ${length - 1}`,
    });
  const ids = 'token' in target ? [target.token] : [...target.logits.keys()];
  const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= a.vocabularySize);
  if (wrong !== undefined)
    throw new SiseonError({
      code: 'idOutOfRange',
      kind: 'usage',
      what: 'a token id is not in the vocabulary',
      expected: `0 to ${a.vocabularySize - 1}`,
      got: `${wrong}`,
    });
}

/** The target as a tensor of one number, of one row of logits. */
export function targetValue(o: Operations, logits: Tensor, target: LogitTarget, vocabulary: number): Tensor {
  if ('token' in target) return o.crossEntropy(logits, Int32Array.of(target.token));
  const weights = new Float32Array(vocabulary);
  for (const [token, weight] of target.logits) weights[token] = weight;
  return o.reshape(o.matmul(logits, o.constant([vocabulary, 1], weights)), [1]);
}

/** (position, head · size) → [head, position, size] where a stage has heads, else as it is. */
export function inOwnShape(name: StageName, numbers: Float32Array, rows: number, a: Architecture): Float32Array {
  const stage = name.split('.').at(-1) as VectorStage;
  if (!headedStages.includes(stage)) return numbers;
  return headsFirst(numbers, rows, stage === 'key' || stage === 'value' ? a.keyValueHeadCount : a.headCount);
}
