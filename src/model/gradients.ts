/** What may be led back through a run, and in which shape its gradients come. */
import { type Edit, headedStages, isSquare, type StageName, type VectorStage } from '../attention/index.ts';
import { SiseonError } from '../platform/index.ts';
import type { Operations, Tensor } from '../tensor/index.ts';
import type { Architecture, Stack } from './architecture.ts';
import { checkPositions, headsFirst, lengthsOf, type TextRun } from './batch.ts';
import { type Change, changed, changesOf, rowsAt } from './edits.ts';
import { classify, decode } from './heads.ts';

/** A number made of the logits, to be led back: −log softmax(logits[position])[token], or Σ weight · logit. */
export type LogitTarget =
  | { readonly position: number; readonly token: number }
  | { readonly position: number; readonly logits: ReadonlyMap<number, number> };

/** Likewise of the labels' scores; a token classifier has them at a position. */
export type ClassTarget = { readonly position?: number } & (
  | { readonly label: number }
  | { readonly labels: ReadonlyMap<number, number> }
);

export type GradientTarget = LogitTarget | ClassTarget;

const ofLabels = (target: GradientTarget): target is ClassTarget => 'label' in target || 'labels' in target;

export const noLogits = (): SiseonError =>
  new SiseonError({
    code: 'noLogits',
    kind: 'usage',
    what: 'the model has no head for logits, so there is no prediction to follow',
    next: 'Use a checkpoint with a language head.',
  });

export const noLabels = (): SiseonError =>
  new SiseonError({
    code: 'noLabels',
    kind: 'usage',
    what: 'the model has no classifier, so there is no label to follow',
    next: 'Use a checkpoint for classification, or follow a token.',
  });

/** `noGradient`: edits of the square. Throws `noLogits`, `noLabels`, `noGradient`, `tokenOutOfRange`, `idOutOfRange` and `labelOutOfRange`. */
export function checkGradient(a: Architecture, edits: readonly Edit[], target: GradientTarget, length: number): void {
  if (ofLabels(target) ? !a.classifier : !a.head) throw ofLabels(target) ? noLabels() : noLogits();
  if (edits.some(isSquare))
    throw new SiseonError({
      code: 'noGradient',
      kind: 'usage',
      what: 'this run cannot be led back',
      expected: 'no edits of weights, temperature or visibility',
      got: edits
        .filter(isSquare)
        .map((edit) => ('stage' in edit ? `${edit.kind} ${edit.stage}` : edit.kind))
        .join(', '),
    });
  const { position } = target;
  if (position !== undefined) checkPositions([position], length);
  const count = ofLabels(target) ? a.classifier!.labels.length : a.vocabularySize;
  const wrong = [...weightsOf(target).keys()].find((id) => !Number.isInteger(id) || id < 0 || id >= count);
  if (wrong !== undefined)
    throw new SiseonError({
      code: ofLabels(target) ? 'labelOutOfRange' : 'idOutOfRange',
      kind: 'usage',
      what: ofLabels(target) ? `the model has no label ${wrong}` : 'a token id is not in the vocabulary',
      expected: `0 to ${count - 1}`,
      got: `${wrong}`,
    });
}

/** Scores by their weights; of a log-probability the one that it is of. */
function weightsOf(target: GradientTarget): ReadonlyMap<number, number> {
  if ('logits' in target) return target.logits;
  if ('labels' in target) return target.labels;
  return new Map([['label' in target ? target.label : target.token, 1]]);
}

/** The target as a tensor of one number, of the last hidden states. */
export function targetValue(
  o: Operations,
  parameters: ReadonlyMap<string, Tensor>,
  a: Architecture,
  last: Tensor,
  target: GradientTarget,
  text: TextRun,
): Tensor {
  const row = (x: Tensor): Tensor =>
    target.position === undefined || x.shape[0] === 1 ? x : o.embed(x, Int32Array.of(target.position));
  const given = ofLabels(target)
    ? row(classify(o, parameters, a, last, text.ids))
    : decode(o, parameters, a, row(last));
  const scores = changed(o, given, scoreChanges(a, text, target), 0);
  const weights = weightsOf(target);
  if ('token' in target || 'label' in target) return o.crossEntropy(scores, Int32Array.from(weights.keys()));
  const count = scores.shape[1]!;
  const summed = new Float32Array(count);
  for (const [id, weight] of weights) summed[id] = weight;
  return o.reshape(o.matmul(scores, o.constant([count, 1], summed)), [1]);
}

/** Edits of the row that a target is read from. */
function scoreChanges(a: Architecture, text: TextRun, target: GradientTarget): Change[] {
  const name = ofLabels(target) ? 'classes' : 'logits';
  const lengths = lengthsOf(text);
  const changes = changesOf(text.edits ?? [], name, a, lengths);
  const at = rowsAt(name, a, lengths) === 1 ? undefined : target.position;
  if (at === undefined) return changes;
  return changes.filter(({ position }) => position === at).map((change) => ({ ...change, position: 0 }));
}

/** (position, head · size) → [head, position, size] where a stage has heads, else as it is. */
export function inOwnShape(name: StageName, numbers: Float32Array, rows: number, stack: Stack): Float32Array {
  const stage = name.split('.').at(-1) as VectorStage;
  if (!headedStages.includes(stage)) return numbers;
  return headsFirst(numbers, rows, stage === 'key' || stage === 'value' ? stack.keyValueHeadCount : stack.headCount);
}
