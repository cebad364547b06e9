/** What a prediction is asked for: the number that gradients, ablations and patches move. */
import type { Architecture, GradientTarget, Model, RunOptions, RunResult } from '../model/index.ts';
import { checkPositions, classifiedRow, noLabels } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { logitRows, recordedStage, type Trace } from '../trace/index.ts';

/** A token at a position (of an encoder-decoder: the decoder's); with `against`, how much likelier it is than another. */
export interface Target {
  readonly position: number;
  readonly token: number;
  readonly against?: number;
}

/** A label of a classifier, by its number, or with `against` how much higher than another; at a position where the classifier is of tokens. */
export interface LabelTarget {
  readonly label: number;
  readonly against?: number;
  readonly position?: number;
}

/** What can be followed. Its number: see `targetOf`. */
export type Followed = Target | LabelTarget;

/** Logits of one position, [vocabulary], whether or not the trace holds them. Throws what `logitRows` throws. */
export const logitsAt = async (trace: Trace, model: Model, position: number): Promise<Float32Array> =>
  (await logitRows(trace, model, [position])).data;

/** log Σ exp of many numbers, in double precision. */
export function logTotal(logits: ArrayLike<number>): number {
  let largest = -Infinity;
  for (let i = 0; i < logits.length; i++) largest = Math.max(largest, logits[i]!);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i]! - largest);
  return largest + Math.log(sum);
}

/**
 * Whether a target's number is a label's own score: the log-odds of an only label, or of one among several that may be so
 * together; or what a regression says. Else one label of all is so, and the number is log p.
 */
export const isScore = ({ classifier }: Pick<Architecture, 'classifier'>, target: Followed): boolean =>
  'label' in target &&
  target.against === undefined &&
  classifier !== null &&
  (classifier.says !== 'one' || classifier.labels.length === 1);

/**
 * log p(token) or log p(label), or with `against` the difference of the two logits (which is that of the
 * log-probabilities). Of labels that say something by themselves: the score. Throws `idOutOfRange`.
 */
export function targetOf(
  logits: ArrayLike<number>,
  target: Followed,
  architecture: Pick<Architecture, 'classifier'>,
): number {
  const chosen = 'label' in target ? target.label : target.token;
  const { against } = target;
  if (!('label' in target)) for (const id of [chosen, against ?? chosen]) idInRange(id, logits.length);
  if (isScore(architecture, target)) return logits[chosen]!;
  return against === undefined ? logits[chosen]! - logTotal(logits) : logits[chosen]! - logits[against]!;
}

/** The scores that a target is read from, of a trace. Throws `noLogits`, `noLabels`, `tokenOutOfRange`, `labelOutOfRange`, `anotherModel`. */
export async function scoresOf(trace: Trace, model: Model, target: Followed): Promise<Float32Array> {
  if (!('label' in target)) return logitsAt(trace, model, target.position);
  const { classifier } = trace.model.architecture;
  if (!classifier) throw noLabels();
  return labelRow(recordedStage(trace, 'classes').data, classifier.labels.length, target);
}

/** Likewise of a run that gave the logits of the target's position alone. */
export function scoresOfRun({ logits, classes }: RunResult, model: Model, target: Followed): Float32Array {
  if (!('label' in target)) return logits!;
  return labelRow(classes!, model.architecture.classifier!.labels.length, target);
}

/** Asks a run for no more than a target needs. */
export const enoughFor = (target: Followed): Pick<RunOptions, 'logits'> =>
  'label' in target ? { logits: 'none' } : { logits: [target.position] };

function labelRow(classes: Float32Array, count: number, { label, against, position = 0 }: LabelTarget): Float32Array {
  for (const one of [label, against ?? label])
    if (!(Number.isInteger(one) && one >= 0 && one < count))
      throw new SiseonError({
        code: 'labelOutOfRange',
        kind: 'usage',
        what: `the model has no label ${one}`,
        expected: count === 1 ? '0' : `0 to ${count - 1}`,
        got: `${one}`,
      });
  const rows = classes.length / count;
  if (rows > 1) tokenInRange(position, rows);
  return rows > 1 ? classes.subarray(position * count, (position + 1) * count) : classes;
}

/** The target's number in a trace. Throws what `scoresOf` and `targetOf` throw. */
export const followed = async (trace: Trace, model: Model, target: Followed): Promise<number> =>
  targetOf(await scoresOf(trace, model, target), target, model.architecture);

/** The same as a target of `Model.gradients`, with the sign that turns its value into this one. */
export function gradientTarget({ architecture }: Model, target: Followed): { target: GradientTarget; sign: 1 | -1 } {
  const { position, against } = target;
  if ('label' in target) {
    const at = position === undefined ? {} : { position };
    if (isScore(architecture, target)) return { target: { ...at, labels: new Map([[target.label, 1]]) }, sign: 1 };
    if (against === undefined) return { target: { ...at, label: target.label }, sign: -1 };
    return { target: { ...at, labels: difference(target.label, against) }, sign: 1 };
  }
  if (against === undefined) return { target: { position: target.position, token: target.token }, sign: -1 };
  return { target: { position: target.position, logits: difference(target.token, against) }, sign: 1 };
}

const difference = (one: number, other: number): Map<number, number> =>
  new Map(
    one === other
      ? [[one, 0]]
      : ([
          [one, 1],
          [other, -1],
        ] as const),
  );

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

/** A token of a model's vocabulary as a person reads it (see `Tokenizer.name`); its id where there is no tokenizer, or none such. */
export const tokenName = (model: Model, token: number): string => model.tokenizer?.name(token) ?? `${token}`;

/** Throws `idOutOfRange` for what is no token of a vocabulary of so many. */
export function idInRange(id: number, vocabularySize: number): void {
  if (Number.isInteger(id) && id >= 0 && id < vocabularySize) return;
  throw new SiseonError({
    code: 'idOutOfRange',
    kind: 'usage',
    what: 'a token id is not in the vocabulary',
    expected: `0 to ${vocabularySize - 1}`,
    got: `${id}`,
  });
}

/** Throws `tokenOutOfRange`. */
export const tokenInRange = (token: number, length: number): void => checkPositions([token], length);

/** The position at which a target is read (of an encoder-decoder the decoder's); null where it is the mean of all. */
export function readAt({ ids, model: { architecture: a } }: Trace, target: Followed): number | null {
  if (!('label' in target) || a.classifier!.of === 'tokens') return target.position ?? 0;
  return a.classifier!.of === 'mean' ? null : classifiedRow(a.classifier!, ids);
}

/** What a trace read, as a run reads it again. */
export const readAgain = ({ ids, decoderIds }: Trace): { ids: Int32Array; decoderIds?: Int32Array } => ({
  ids,
  ...(decoderIds && { decoderIds }),
});
