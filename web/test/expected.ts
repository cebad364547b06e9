/** The numbers that the page must show, by the names that it gives them, from the library run in Node. */
import type { Look, Pair } from 'siseon/lens';

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

const exponential = (score: number | null): number => (score === null ? 0 : Math.exp(score));

export function expectedOfLook(look: Look): Map<string, number | null> {
  const expected = new Map<string, number | null>();
  for (const [i, key] of look.keys.entries()) {
    expected.set(`score:${i}`, key.score);
    expected.set(`exponential:${i}`, exponential(key.score));
    expected.set(`weight:${i}`, key.weight);
    expected.set(`share:${i}`, key.share);
    expected.set(`part:${i}`, key.contribution);
    expected.set(`mixed:${i}`, key.weight);
    expected.set(`mixedPart:${i}`, key.contribution);
    expected.set(`equalLengths:${i}`, look.counterfactual.equalLengths[i]!);
    expected.set(`equalDirections:${i}`, look.counterfactual.equalDirections[i]!);
    for (const token of key.tokens) {
      expected.set(`dot:${token.token}`, token.dot);
      expected.set(`tokenScore:${token.token}`, token.score);
      expected.set(`tokenWeight:${token.token}`, token.weight);
      expected.set(`queryNorm:${token.token}`, token.queryNorm);
      expected.set(`keyNorm:${token.token}`, token.keyNorm);
      expected.set(`centredKeyNorm:${token.token}`, token.centredKeyNorm);
      expected.set(`cosine:${token.token}`, token.cosine);
      expected.set(`centredCosine:${token.token}`, token.centredCosine);
      expected.set(`centredDot:${token.token}`, token.queryNorm * token.centredKeyNorm * token.centredCosine);
    }
  }
  expected.set('exponential:sum', sum(look.keys.map(({ score }) => exponential(score))));
  for (const whole of ['weight:sum', 'share:sum', 'mixed:sum', 'mixedPart:sum']) expected.set(whole, 1);
  expected.set('mixedPart:bias', look.biasContribution);
  return expected;
}

export function expectedOfPair(pair: Pair, look: Look): Map<string, number | null> {
  const expected = expectedOfLook(look);
  expected.set(
    'wordWeight',
    look.keys.find(({ tokens }) => tokens.some(({ token }) => token === pair.key.token))!.weight,
  );
  expected.set('pair:score', pair.score);
  expected.set('pair:largest', pair.softmax.largest);
  expected.set('pair:exponential', pair.softmax.exponential);
  expected.set('pair:sum', pair.softmax.sum);
  expected.set('pair:weight', pair.softmax.weight);
  for (const [token, number] of pair.softmax.exponentials.entries()) expected.set(`pair:exponential:${token}`, number);
  expected.set('pair:dot', pair.dot);
  expected.set('pair:scale', pair.scale);
  expected.set('pair:products', pair.dot);
  for (const [c, product] of pair.products.entries()) {
    expected.set(`pair:product:${c}`, product);
    expected.set(`pair:q:${c}`, pair.query.vector[c]!);
    expected.set(`pair:k:${c}`, pair.key.vector[c]!);
  }
  return expected;
}
