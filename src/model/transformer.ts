/**
 * The one transformer: every family, with or without a tape. It reads like the figure of Vaswani et al. (2017) and asks
 * only the architecture, never a model's name.
 *
 * Legend: B batch, N positions (padded to the longest text), D hidden, H heads, S head size, V vocabulary.
 */
import { type LinearStage, layerStage, type StageName } from '../attention/stages.ts';
import type { Operations, Tensor } from '../tensor/index.ts';
import type { Architecture } from './architecture.ts';

/** Parameters on a device by the transformer's own names. */
export type Parameters = ReadonlyMap<string, Tensor>;

/** Texts of one run side by side; rows shorter than `length` are padded and their padding is never attended to. */
export interface Batch {
  readonly ids: Int32Array; // (B, N)
  readonly batch: number;
  readonly length: number;
  /** Tokens that count in each row, (B); absent: all. */
  readonly lengths?: Int32Array;
}

/** Sees each linear stage as it is computed, (B·N, width) with heads side by side, and may put another in its place. */
export type StageListener = (name: StageName, tensor: Tensor) => Tensor | undefined;

/** Hidden states after the last layer (and its norm), (B·N, D). */
export function transform(
  o: Operations,
  parameters: Parameters,
  a: Architecture,
  batch: Batch,
  listen: StageListener = () => {},
): Tensor {
  const get = (name: string): Tensor => parameters.get(name)!;
  const linear = (x: Tensor, name: string): Tensor =>
    o.linear(x, get(`${name}.weight`), parameters.get(`${name}.bias`));
  const norm = (x: Tensor, name: string): Tensor =>
    o.layerNorm(x, get(`${name}.weight`), get(`${name}.bias`), a.normEpsilon);
  const before = (x: Tensor, name: string): Tensor => (a.normPlacement === 'before' ? norm(x, name) : x);
  const after = (x: Tensor, name: string): Tensor => (a.normPlacement === 'after' ? norm(x, name) : x);

  let x = embed(o, parameters, a, batch);
  if (a.embeddingNorm) x = norm(x, 'embeddings.norm');
  listen('embeddings', x);

  for (let layer = 0; layer < a.layerCount; layer++) {
    const see = (stage: LinearStage, tensor: Tensor): Tensor => listen(layerStage(layer, stage), tensor) ?? tensor;
    see('input', x);
    const normed = before(x, `layers.${layer}.attentionNorm`);
    const query = see('query', linear(normed, `layers.${layer}.query`));
    const key = see('key', linear(normed, `layers.${layer}.key`));
    const value = see('value', linear(normed, `layers.${layer}.value`));
    const mixed = o.attend({
      query,
      key,
      value,
      batch: batch.batch,
      heads: a.headCount,
      keyValueHeads: a.keyValueHeadCount,
      scale: 1 / Math.sqrt(a.headSize),
      visibility: { left: -1, right: a.causal ? 0 : -1, ...(batch.lengths && { keyLengths: batch.lengths }) },
    });
    const attentionOutput = see('attentionOutput', linear(mixed, `layers.${layer}.attentionOutput`));
    x = after(o.add(x, attentionOutput), `layers.${layer}.attentionNorm`);
    const inner = linear(before(x, `layers.${layer}.outputNorm`), `layers.${layer}.inner`);
    const outer = linear(o.activate(a.activation, inner), `layers.${layer}.outer`);
    x = see('output', after(o.add(x, outer), `layers.${layer}.outputNorm`));
  }
  return a.finalNorm ? norm(x, 'finalNorm') : x;
}

/** Token + position (+ segment 0) embeddings, (B·N, D). */
function embed(o: Operations, parameters: Parameters, a: Architecture, { ids, length }: Batch): Tensor {
  const positions = ids.map((_, i) => i % length);
  const sum = o.add(
    o.embed(parameters.get('embeddings.token')!, ids),
    o.embed(parameters.get('embeddings.position')!, positions),
  );
  return a.tokenTypeCount > 0
    ? o.add(sum, o.embed(parameters.get('embeddings.tokenType')!, new Int32Array(ids.length)))
    : sum;
}

/** Logits of rows of hidden states: (rows, D) → (rows, V). The architecture must have a head. */
export function decode(o: Operations, parameters: Parameters, a: Architecture, hidden: Tensor): Tensor {
  const get = (name: string): Tensor => parameters.get(name)!;
  let x = hidden;
  if (a.head?.transform) {
    x = o.activate(a.activation, o.linear(x, get('head.transform.weight'), get('head.transform.bias')));
    x = o.layerNorm(x, get('head.norm.weight'), get('head.norm.bias'), a.normEpsilon);
  }
  const decoder = get(a.head?.tied ? 'embeddings.token' : 'head.decoder.weight');
  return o.linear(x, decoder, parameters.get('head.decoder.bias'));
}
