/** Tiny models of sine-shaped parameters, the same as expected.py builds from the formulas, and the numbers it found. */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { configReader, families, Model } from '../model/index.ts';

export const expected = JSON.parse(readFileSync(new URL('./expected.json', import.meta.url), 'utf8')) as Record<
  string,
  Record<string, unknown>
>;

const gpt2 = {
  model_type: 'gpt2',
  architectures: ['GPT2LMHeadModel'],
  n_embd: 12,
  n_head: 3,
  n_layer: 2,
  n_inner: 7,
  n_positions: 13,
  vocab_size: 11,
  tie_word_embeddings: false,
};
const bert = {
  model_type: 'bert',
  architectures: ['BertForMaskedLM'],
  hidden_size: 12,
  num_attention_heads: 3,
  num_hidden_layers: 2,
  intermediate_size: 7,
  max_position_embeddings: 13,
  vocab_size: 11,
  type_vocab_size: 1,
  hidden_act: 'gelu',
  layer_norm_eps: 1e-12,
};

/** Number i of a parameter: 0.4 · sin(3.7 i + p), p from the letters of its name; gains of norms 1 + that. */
export const tinyNumber = (name: string, i: number): number => {
  const phase = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  return (/orm\.weight$/.test(name) ? 1 : 0) + 0.4 * Math.sin(3.7 * i + phase);
};

export async function tinyModel(kind: 'gpt2' | 'bert'): Promise<Model> {
  const family = families.get(kind)!;
  const architecture = family.architecture(configReader(kind === 'gpt2' ? gpt2 : bert));
  const parameters = new Map(
    family.parameters(architecture, new Set()).map(({ name, shape }) => [
      name,
      {
        shape,
        data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => tinyNumber(name, i)),
      },
    ]),
  );
  return Model.create({ name: `tiny ${kind}`, family, architecture, tokenizer: null, metadata: {}, parameters });
}

export const tinyIds = Int32Array.of(3, 7, 1, 3, 9, 7, 5);

/** Every number of the right side against its place on the left: |a − b| ≤ tolerance · (1 + |b|). */
export function close(ours: unknown, theirs: unknown, tolerance: number, where = ''): void {
  if (typeof theirs === 'number') {
    const bound = tolerance * (1 + Math.abs(theirs));
    expect(Math.abs((ours as number) - theirs), `${where}: ${ours} and ${theirs}`).toBeLessThanOrEqual(bound);
  } else
    for (const [name, value] of Object.entries(theirs as object))
      close((ours as never)[name], value, tolerance, `${where}.${name}`);
}
