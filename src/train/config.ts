/** `siseon train CONFIG`: an encoder from a text file of one's own, one sentence a line, with a tokenizer.json. */
import { z } from 'zod';
import { configReader, families, type HostTensor, saveModel, Tokenizer } from '../model/index.ts';
import { makeFolder, readText, SiseonError } from '../platform/index.ts';
import { below } from './random.ts';
import { type TrainingPlan, type TrainingProgress, train } from './train.ts';

const count = z.int().positive();
const share = z.number().min(0).max(1);

/** The file's fields; paths are relative to the file. */
export const trainingConfig = z.strictObject({
  texts: z.string().describe('text file, one sentence a line'),
  tokenizer: z.string().describe('tokenizer.json (WordPiece) with [PAD] [UNK] [CLS] [SEP] [MASK] as ids 0 to 4'),
  output: z.string().describe('folder for the trained model'),
  model: z.strictObject({ layers: count, heads: count, hidden: count, inner: count, positions: count }),
  corruption: z
    .strictObject({ chosen: share, masked: share, replaced: share })
    .default({ chosen: 0.2, masked: 0.4, replaced: 0.45 }),
  steps: count,
  batchSize: count.default(64),
  rate: z.number().positive().default(0.002),
  warmUp: count.default(100),
  decay: z.number().min(0).default(0.01),
  seed: z.int().default(1),
});

export type TrainingConfig = z.infer<typeof trainingConfig>;

/** config.json of a BERT encoder in Hugging Face layout, from a few sizes. */
export function bertConfig(model: TrainingConfig['model'], vocabularySize: number): Record<string, unknown> {
  return {
    model_type: 'bert',
    architectures: ['BertForMaskedLM'],
    vocab_size: vocabularySize,
    hidden_size: model.hidden,
    num_hidden_layers: model.layers,
    num_attention_heads: model.heads,
    intermediate_size: model.inner,
    max_position_embeddings: model.positions,
    type_vocab_size: 1,
    hidden_act: 'gelu',
    layer_norm_eps: 1e-12,
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
    pad_token_id: 0,
    tie_word_embeddings: true,
    torch_dtype: 'float32',
  };
}

/** What a BERT of this configuration has to learn, as `train` and `saveModel` take it. */
export function bertPlan(config: Readonly<Record<string, unknown>>): Pick<TrainingPlan, 'architecture' | 'sources'> {
  const family = families.get('bert')!;
  const architecture = family.architecture(configReader(config));
  return { architecture, sources: family.parameters(architecture, new Set()) };
}

/** Reads the config, trains, saves. Throws `badConfig` naming every wrong field, `textTooLong`, and what reading and writing throw. */
export async function trainFromConfig(
  path: string,
  onProgress?: (progress: TrainingProgress) => void,
): Promise<{ output: string; parameters: Map<string, HostTensor>; config: TrainingConfig }> {
  const config = parseConfig(await readText(path), path);
  const beside = (file: string): string => (file.startsWith('/') ? file : `${path.replace(/[^/]*$/, '')}${file}`);
  const tokenizerJson = JSON.parse(await readText(beside(config.tokenizer))) as unknown;
  const tokenizer = Tokenizer.fromJson(tokenizerJson);
  const lines = (await readText(beside(config.texts))).split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0)
    throw new SiseonError({
      code: 'emptyText',
      kind: 'usage',
      what: `${config.texts} holds no text`,
      next: 'Put one sentence on each line.',
    });
  const texts = lines.map((line, index) => {
    const { ids } = tokenizer.encode(line);
    if (ids.length <= config.model.positions) return ids;
    throw new SiseonError({
      code: 'textTooLong',
      kind: 'usage',
      what: `${config.texts}, sentence ${index + 1}`,
      expected: `at most ${config.model.positions} tokens`,
      got: `${ids.length}`,
      next: 'Shorten it or raise model.positions.',
    });
  });
  const layout = bertConfig(config.model, tokenizer.vocabularySize);
  const plan = bertPlan(layout);
  const maskId = tokenizer.tokenId('[MASK]');
  if (maskId === undefined)
    throw new SiseonError({
      code: 'badTokenizer',
      kind: 'usage',
      what: 'the tokenizer has no [MASK]',
      next: 'Add it to the vocabulary.',
    });
  const output = beside(config.output);
  await makeFolder(output);
  const parameters = await train(
    { ...config, ...plan, maskId, firstToken: 5 },
    (random) => texts[below(random, texts.length)]!,
    onProgress,
  );
  await saveModel(output, { config: layout, sources: plan.sources, parameters, tokenizer: tokenizerJson });
  return { output, parameters, config };
}

function parseConfig(text: string, path: string): TrainingConfig {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new SiseonError({
      code: 'badJson',
      kind: 'usage',
      what: `${path} is not JSON: ${cause instanceof Error ? cause.message : ''}`,
      cause,
    });
  }
  const result = trainingConfig.safeParse(json);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path: field, message }) => `${field.join('.') || 'the file'}: ${message}`,
  );
  throw new SiseonError({
    code: 'badConfig',
    kind: 'usage',
    what: `${path}: ${problems.join('; ')}`,
    details: { problems },
  });
}
