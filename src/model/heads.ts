/** What stands on top of a transformer: scores for every token of the vocabulary, or for every label. */
import { SiseonError } from '../platform/index.ts';
import type { Operations, Tensor } from '../tensor/index.ts';
import type { Architecture, Classifier } from './architecture.ts';
import { norm } from './norm.ts';

type Parameters = ReadonlyMap<string, Tensor>;

/** Logits of rows of hidden states: (rows, D) → (rows, V). The architecture must have a head. */
export function decode(o: Operations, parameters: Parameters, a: Architecture, hidden: Tensor): Tensor {
  const get = (name: string): Tensor => parameters.get(name)!;
  let x = hidden;
  if (a.head?.transform) {
    x = o.linear(x, get('head.transform.weight'), parameters.get('head.transform.bias'), a.head.transform.activation);
    x = norm(o, parameters, a, x, 'head.norm');
  }
  x = narrowed(o, parameters, x);
  if (a.head && a.head.scale !== 1) x = o.scale(x, a.head.scale);
  const decoder = get(a.head?.tied ? 'embeddings.token' : 'head.decoder.weight');
  const logits = o.linear(x, decoder, parameters.get('head.decoder.bias'));
  const softcap = a.head?.softcap ?? 0;
  return softcap > 0 ? o.scale(o.activate('tanh', o.scale(logits, 1 / softcap)), softcap) : logits;
}

/** Back to the width of the embeddings, where the checkpoint narrows what comes out (OPT). */
const narrowed = (o: Operations, parameters: Parameters, x: Tensor): Tensor => {
  const projection = parameters.get('head.projection.weight');
  return projection ? o.linear(x, projection) : x;
};

/** The row of a text that its labels are told by. Throws `noEndToken` where that would be its end token and it has none. */
export function classifiedRow({ of, endToken }: Classifier, ids: Int32Array): number {
  if (of === 'first') return 0;
  if (of === 'last') return ids.length - 1;
  const row = ids.lastIndexOf(endToken ?? -1);
  if (row >= 0) return row;
  throw new SiseonError({
    code: 'noEndToken',
    kind: 'usage',
    what: 'the text has no end token, by which this model tells its label',
    expected: `token ${endToken} behind the text`,
    next: 'Write the end token behind the text, as the vocabulary spells it.',
    details: { endToken },
  });
}

/** Scores for the labels: (rows, D) of one text → (1 or rows, labels). The architecture must have a classifier. */
export function classify(
  o: Operations,
  parameters: Parameters,
  a: Architecture,
  hidden: Tensor,
  ids: Int32Array,
): Tensor {
  const [rows = 0] = hidden.shape;
  const linear = (y: Tensor, name: string): Tensor =>
    o.linear(y, parameters.get(`${name}.weight`)!, parameters.get(`${name}.bias`));
  const { of, activation, norm: normed } = a.classifier!;
  let x = hidden;
  if (of === 'mean') x = o.matmul(o.constant([1, rows], new Float32Array(rows).fill(1 / rows)), hidden);
  else if (of !== 'tokens') x = o.embed(hidden, Int32Array.of(classifiedRow(a.classifier!, ids)));
  if (activation) x = o.activate(activation, linear(x, 'classifier.dense'));
  if (normed) x = norm(o, parameters, a, x, 'classifier.norm');
  return linear(narrowed(o, parameters, x), 'classifier.labels');
}
