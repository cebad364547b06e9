/** Which token comes next: the likeliest, or one drawn from what a model finds likely. */
import type { Random } from '../platform/index.ts';
import { SiseonError } from '../platform/index.ts';

export interface Sampling {
  /** 0: the likeliest token (of equal ones the first); above, logits are divided by it and one is drawn. */
  readonly temperature: number;
  /** Draw among so many of the likeliest; absent: among all. */
  readonly topK?: number;
  /** Draw among the likeliest that have this much of the probability together (Holtzman et al. 2020); absent: among all. */
  readonly topP?: number;
}

export interface Choice {
  readonly id: number;
  /** What the model gave the token, at temperature 1 and among all. */
  readonly probability: number;
}

/** Throws `badSampling`, naming what is out of range. */
export function checkSampling({ temperature, topK, topP }: Sampling): void {
  const problem = !(Number.isFinite(temperature) && temperature >= 0)
    ? `temperature ${temperature}`
    : topK !== undefined && !(Number.isInteger(topK) && topK > 0)
      ? `topK ${topK}`
      : topP !== undefined && !(topP > 0 && topP <= 1)
        ? `topP ${topP}`
        : null;
  if (problem === null) return;
  throw new SiseonError({
    code: 'badSampling',
    kind: 'usage',
    what: 'no token can be drawn this way',
    expected: 'a temperature from 0, topK a whole number above 0, topP above 0 and at most 1',
    got: problem,
  });
}

/** The next token by its logits [vocabulary]; in double precision. */
export function chooseToken(logits: Float32Array, { temperature, topK, topP }: Sampling, random: Random): Choice {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  let total = 0;
  for (const logit of logits) total += Math.exp(logit - largest);
  const choice = (id: number): Choice => ({ id, probability: Math.exp(logits[id]! - largest) / total });
  if (temperature === 0) return choice(logits.indexOf(largest));
  const order = Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b);
  const candidates = order.slice(0, topK ?? order.length);
  const shares = candidates.map((id) => Math.exp((logits[id]! - largest) / temperature));
  let sum = shares.reduce((a, b) => a + b, 0);
  if (topP !== undefined) {
    let count = 0;
    let covered = 0;
    while (count < shares.length && covered < topP * sum) covered += shares[count++]!;
    shares.length = count;
    sum = covered;
  }
  let draw = random() * sum;
  const drawn = shares.findIndex((share) => {
    draw -= share;
    return draw < 0;
  });
  return choice(candidates[drawn < 0 ? shares.length - 1 : drawn]!);
}
