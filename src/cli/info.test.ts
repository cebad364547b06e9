import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { wasmKernels } from '../kernels/index.ts';
import { loadModel, readConfig } from '../model/index.ts';
import { describe as about, infoText, licenseOf } from './info.ts';
import { layersPicture } from './layersPicture.ts';

const folder = new URL('../../test/families/', import.meta.url);
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('__'))
  .map(({ name }) => name);
const kernels = await wasmKernels();

describe('what a model is made of', () => {
  it.each(names)('%s, in Korean and English, at 60 and 120 columns', async (name) => {
    const model = await loadModel(fileURLToPath(new URL(name, folder)), { name, kernels });
    const facts = about(model, 'apache-2.0');
    const total = Object.values(facts.parameters).reduce((sum, count) => sum + count, 0);
    expect(total).toBe(model.parameterCount);
    for (const language of ['ko', 'en'] as const)
      for (const columns of [60, 120]) {
        const text = infoText(facts, language, columns);
        for (const line of text.split('\n')) expect(stringWidth(line), line).toBeLessThanOrEqual(columns);
        for (const fact of [name, model.fingerprint, 'apache-2.0', total.toLocaleString('en'), '●'])
          expect(text).toContain(fact);
        expect(text).not.toMatch(/undefined|NaN|\[object/);
        if (language === 'ko') expect(text).not.toMatch(/layer|heads|feed|sees|back|turns/);
      }
  });
  it('finds the licence in a card’s front matter alone', () => {
    expect(licenseOf('---\nlanguage: ko\nlicense: "cc-by-4.0"\n---\nlicense: other')).toBe('cc-by-4.0');
    expect(licenseOf('# A model\nlicense: mit')).toBe(null);
  });
});

describe('the picture of the layers', () => {
  const llama = {
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    vocab_size: 128256,
    hidden_size: 8192,
    num_hidden_layers: 80,
    num_attention_heads: 64,
    num_key_value_heads: 8,
    intermediate_size: 28672,
    max_position_embeddings: 131072,
    rms_norm_eps: 1e-5,
    hidden_act: 'silu',
    tie_word_embeddings: false,
  };
  it('draws neighbours that are alike once, and counts heads that are too many to draw', () => {
    expect(layersPicture(readConfig(llama).architecture, 'en', 60)).toBe(
      [
        '  ↑ 128256 tokens',
        '  layer │ heads        │ feed-forward',
        '  0–79  │ 8 × ●●●●●●●● │ 8192 → 28672 × 2',
        '  ↑ embeddings',
        '',
        '  ● is a head; those that stand together share keys and',
        '  values. × 2: gated.',
      ].join('\n'),
    );
  });
  it('says how far layers see', async () => {
    const { architecture } = await loadModel(fileURLToPath(new URL('gemma3_text', folder)), { kernels });
    expect(layersPicture(architecture, 'ko', 120)).toBe(
      [
        '  ↑ 토큰 19개',
        '  층  │ 헤드    │ 보는 곳 │ 피드포워드',
        '  2   │ ●●● ●●● │         │ 10 → 13 × 2',
        '  0–1 │ ●●● ●●● │ 앞 3    │ 10 → 13 × 2',
        '  ↑ 임베딩',
        '',
        '  ●는 헤드 하나, 붙어 있는 것끼리 키와 값을 함께 씁니다. 앞 N: 그만큼 앞까지만 봅니다. × 2: 문(gate)이 하나 더 있습니다.',
      ].join('\n'),
    );
  });
});
