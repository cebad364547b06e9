/** What many families' config.json say in the same words. */
import type { Activation } from '../../kernels/index.ts';
import type { Classifier, LanguageHead, Layer, Rotary, RotaryScaling, Stack } from '../architecture.ts';
import type { ConfigReader } from '../config.ts';
import { everyLayer } from './naming.ts';

/** Activations by the names of config.json; gelu_fast writes √(2/π) with ten digits. */
export const activations: Readonly<Record<string, Activation>> = {
  gelu: 'gelu',
  gelu_new: 'geluTanh',
  gelu_fast: 'geluTanh',
  gelu_pytorch_tanh: 'geluTanh',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
  tanh: 'tanh',
};

/** The plainest stack: what a family does not say otherwise. */
export const plainStack = {
  positionOffset: null,
  positionBias: null,
  embeddingScale: 1,
  embeddingNorm: false,
  norm: 'layer',
  normBias: true,
  normPlacement: 'before',
  parallel: false,
  finalNorm: true,
  queryKeyNorm: false,
  softcap: 0,
  gated: false,
  experts: null,
  biases: { queryKeyValue: true, attentionOutput: true, feedForward: true },
} as const satisfies Partial<Stack>;

/** What an encoder or decoder alone has not. */
export const alone = { encoder: null, decoderStart: null } as const;

export const plainLayer = (headSize: number, causal: boolean): Layer => ({
  scale: 1 / Math.sqrt(headSize),
  left: -1,
  right: causal ? 0 : -1,
  rotary: null,
  attentionNorm: true,
  experts: false,
});

/** A head of the plainest kind, where the checkpoint's class has one. */
export const languageHead = (config: ConfigReader, names: RegExp, tied: boolean): LanguageHead | null => {
  const tie = config.flag('tie_word_embeddings', tied);
  if (!config.architectures.some((name) => names.test(name))) return null;
  return { transform: null, tied: tie, bias: false, scale: 1, softcap: 0 };
};

/** Scores for labels, where the checkpoint's class has them: `…ForSequenceClassification`, `…ForTokenClassification`. */
export function classifierOf(
  config: ConfigReader,
  ofText: Omit<Classifier, 'labels' | 'says'>,
  ofTokens: Omit<Classifier, 'labels' | 'says'> | null = { of: 'tokens', activation: null, bias: true, norm: false },
): Classifier | null {
  const names = config.object('id2label');
  const count = config.count('num_labels', names?.size ?? 2);
  const labels = everyLayer(count, (n) => names?.text(String(n), `LABEL_${n}`) ?? `LABEL_${n}`, 1_000_000);
  const { architectures } = config;
  const problems = {
    single_label_classification: 'one',
    multi_label_classification: 'each',
    regression: 'number',
  } as const;
  const says = config.choice<Classifier['says']>('problem_type', problems, 'single_label_classification');
  if (architectures.some((name) => name.endsWith('ForSequenceClassification'))) return { ...ofText, labels, says };
  if (ofTokens && architectures.some((name) => name.endsWith('ForTokenClassification')))
    return { ...ofTokens, labels, says: 'one' };
  return null;
}

/** Width of one head: as said, or the hidden size (which the family calls `size`) divided by the heads. */
export function headSizeOf(
  config: ConfigReader,
  hiddenSize: number,
  headCount: number,
  { size = 'hidden_size', field = 'head_dim' }: { readonly size?: string; readonly field?: string } = {},
): number {
  if (config.has(field)) return config.count(field);
  if (hiddenSize % headCount === 0) return hiddenSize / headCount;
  throw config.refuse(size, `a multiple of the ${headCount} heads, or ${field}`);
}

const yarnMagnitude = (factor: number, by: number): number => (factor <= 1 ? 1 : 0.1 * by * Math.log(factor) + 1);

/**
 * Rotation as config.json says it: `rope_theta` with `rope_scaling`, or both in `rope_parameters`. `share` of the head is
 * turned. Kinds: default, linear, dynamic (which changes nothing up to max_position_embeddings, and longer texts are
 * refused), llama3, yarn, longrope (its short factors: texts up to the original length).
 */
export function rotaryOf(
  config: ConfigReader,
  headSize: number,
  { share = 1, base = 10_000, parameters }: { share?: number; base?: number; parameters?: ConfigReader | null } = {},
): Rotary {
  const said = parameters ?? config.object('rope_parameters') ?? config.object('rope_scaling');
  const rotated = Math.floor(
    headSize * (said?.has('partial_rotary_factor') ? said.above('partial_rotary_factor') : share),
  );
  if (rotated < 2 || rotated > headSize || rotated % 2 !== 0)
    throw config.refuse('partial_rotary_factor', 'an even part of a head');
  const theta = config.above('rope_theta', base, 1);
  return {
    rotated,
    base: said?.above('rope_theta', theta, 1) ?? theta,
    scaling: said && scalingOf(config, said, rotated),
  };
}

function scalingOf(config: ConfigReader, said: ConfigReader, rotated: number): RotaryScaling | null {
  const kinds = {
    default: 'default',
    linear: 'linear',
    dynamic: 'default',
    llama3: 'llama3',
    yarn: 'yarn',
    longrope: 'divided',
    su: 'divided',
  };
  const [older, newer] = [said.has('type'), said.has('rope_type')];
  const kind = said.choice(older && !newer ? 'type' : 'rope_type', kinds, 'default');
  const positions = config.count('max_position_embeddings', 2048);
  const original = (): number =>
    said.count('original_max_position_embeddings', config.count('original_max_position_embeddings', positions));
  if (kind === 'default') {
    if (said.has('factor')) said.above('factor');
    return null;
  }
  if (kind === 'linear') return { kind, factor: said.above('factor') };
  if (kind === 'llama3')
    return {
      kind,
      factor: said.above('factor'),
      lowFrequencyFactor: said.above('low_freq_factor'),
      highFrequencyFactor: said.above('high_freq_factor'),
      originalPositions: original(),
    };
  const factor = said.above('factor', positions / original());
  if (kind === 'divided') {
    const factors = said.list('short_factor')?.map(Number) ?? [];
    said.list('long_factor');
    if (factors.length !== rotated / 2 || !factors.every((number) => number > 0))
      throw said.refuse('short_factor', `${rotated / 2} numbers above 0`);
    const magnitude = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original()));
    return { kind, factors, magnitude: said.above('attention_factor', magnitude) };
  }
  const byScales =
    said.number('mscale', 0) > 0 && said.number('mscale_all_dim', 0) > 0
      ? yarnMagnitude(factor, said.number('mscale')) / yarnMagnitude(factor, said.number('mscale_all_dim'))
      : yarnMagnitude(factor, 1);
  return {
    kind: 'yarn',
    factor,
    originalPositions: original(),
    betaFast: said.above('beta_fast', 32),
    betaSlow: said.above('beta_slow', 1),
    truncate: said.flag('truncate', true),
    magnitude: said.above('attention_factor', byScales),
  };
}

/** Longest text: `max_position_embeddings`; under longrope its original length, as its short factors hold so far. */
export function positionsOf(config: ConfigReader, rotary: Rotary, fallback: number): number {
  const positions = config.count('max_position_embeddings', fallback);
  if (rotary.scaling?.kind !== 'divided') return positions;
  const said = config.object('rope_parameters') ?? config.object('rope_scaling');
  return said?.has('original_max_position_embeddings')
    ? said.count('original_max_position_embeddings')
    : config.count('original_max_position_embeddings', positions);
}
