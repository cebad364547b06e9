/** `siseon train CONFIG`: an encoder from a text file or a grammar of one's own. */
import { z } from 'zod';
import { configReader, families, type HostTensor, saveModel, Tokenizer } from '../model/index.ts';
import { unseen } from '../model/unseen.ts';
import { fileExists, importModule, makeFolder, readText, removeFile, SiseonError } from '../platform/index.ts';
import { below, type Random, seededRandom } from './random.ts';
import { loadTrainingState, saveTrainingState } from './state.ts';
import { type TextSource, type TrainingPlan, type TrainingProgress, train } from './train.ts';
import { specialPieces as special, tokenizerOf } from './vocabulary.ts';

const count = z.int().positive();
const share = z.number().min(0).max(1);

/** The file's fields; paths are relative to the file. */
export const trainingConfig = z
  .strictObject({
    texts: z.string().optional().describe('text file, one sentence a line'),
    grammar: z
      .string()
      .optional()
      .describe('JavaScript module (path, or name of a package) that exports writeText(random): one sentence a call'),
    tokenizer: z
      .string()
      .describe('tokenizer.json (WordPiece, [PAD] [UNK] [CLS] [SEP] [MASK] as ids 0 to 4); or characters, or words'),
    output: z.string().describe('folder for the trained model'),
    model: z
      .strictObject({ layers: count, heads: count, hidden: count, inner: count, positions: count })
      .refine(({ heads, hidden }) => hidden % heads === 0, {
        path: ['hidden'],
        message: 'has to be a multiple of heads',
      }),
    corruption: z
      .strictObject({ chosen: share.default(0.2), masked: share.default(0.4), replaced: share.default(0.45) })
      .prefault({})
      .refine(({ masked, replaced }) => masked + replaced <= 1, {
        path: ['masked'],
        message: 'with replaced has to be at most 1 together',
      }),
    steps: count,
    batchSize: count.default(64),
    rate: z.number().positive().default(0.002),
    warmUp: count.default(100),
    decay: z.number().min(0).default(0.01),
    seed: z.int().default(1),
    keepEvery: count.default(250).describe('steps between two states to go on from'),
    checkpoints: z
      .array(count)
      .default([])
      .describe('steps after which the model of that moment is kept too, in step-N beside the trained one'),
  })
  .refine(({ checkpoints, steps }) => checkpoints.every((step) => step <= steps), {
    path: ['checkpoints'],
    message: 'have to be within steps',
  })
  .refine(({ texts, grammar }) => (texts === undefined) !== (grammar === undefined), {
    message: 'either texts or grammar is needed, and not both',
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

const refuse = (
  code: string,
  what: string,
  next: string,
  more: { expected?: string; got?: string } = {},
): SiseonError => new SiseonError({ code, kind: 'usage', what, next, ...more });

/**
 * Reads the config, trains, saves; the models of `checkpoints` on the way in `step-N`. A training that was cut off goes on from `training.safetensors` in its output.
 * Throws `badConfig` naming every wrong field, `emptyText`, `badGrammar`, `textTooLong`, `vocabularyTooSmall` naming what
 * the vocabulary lacks, `badTokenizer`, and what train and reading and writing throw.
 */
export async function trainFromConfig(
  path: string,
  onProgress?: (progress: TrainingProgress) => void,
): Promise<{ output: string; parameters: Map<string, HostTensor>; config: TrainingConfig }> {
  const config = parseConfig(await readJson(path), path);
  const beside = (file: string): string => (file.startsWith('/') ? file : `${path.replace(/[^/]*$/, '')}${file}`);
  const write =
    config.texts === undefined ? await readGrammar(config.grammar!, beside) : await readLines(config.texts, beside);
  const sample =
    write.all ??
    Array.from(
      { length: 2000 },
      (
        (random) => () =>
          write.one(random)
      )(seededRandom(config.seed)),
    );
  const { tokenizerJson, tokenizer } = ownTokenizer(
    config.tokenizer === 'characters' || config.tokenizer === 'words'
      ? tokenizerOf(sample, config.tokenizer)
      : await readJson(beside(config.tokenizer)),
    config.tokenizer,
  );
  const encode = (text: string): Int32Array => {
    const { ids, notices } = tokenizer.encode(text);
    const lacking = notices.find(({ code }) => code === 'unknownCharacter' || code === 'unknownWord');
    if (lacking)
      throw refuse(
        'vocabularyTooSmall',
        `the vocabulary has no token for "${lacking.text}" in "${text.slice(0, 60)}"`,
        'Add it to the vocabulary, or take "tokenizer": "characters".',
      );
    if (ids.length > config.model.positions)
      throw refuse('textTooLong', `the sentence "${text.slice(0, 60)}…"`, 'Shorten it or raise model.positions.', {
        expected: `at most ${config.model.positions} tokens`,
        got: `${ids.length}`,
      });
    return ids;
  };
  // Every line is looked at before the first step; a grammar is looked at as it writes.
  const lines = write.all?.map(encode);
  for (const text of lines ? [] : sample) encode(text);
  const texts: TextSource = lines
    ? (random) => lines[below(random, lines.length)]!
    : (random) => encode(write.one(random));

  const layout = bertConfig(config.model, tokenizer.vocabularySize);
  const plan = bertPlan(layout);
  const maskId = special.indexOf('[MASK]');
  const output = beside(config.output);
  await makeFolder(output);
  const state = `${output}/training.safetensors`;
  const { seed, steps, batchSize, rate, warmUp, decay, corruption } = config;
  const saved = { config: layout, sources: plan.sources, tokenizer: tokenizerJson };
  const moment = async (progress: TrainingProgress): Promise<void> => {
    if (config.checkpoints.includes(progress.step)) {
      const folder = `${output}/step-${progress.step}`;
      await makeFolder(folder);
      await saveModel(folder, { ...saved, parameters: await progress.parameters() });
    }
    onProgress?.(progress);
  };
  const parameters = await train(
    { ...plan, seed, steps, batchSize, rate, warmUp, decay, corruption, maskId, firstToken: special.length },
    texts,
    moment,
    {
      resume: await loadTrainingState(state),
      keep: { every: config.keepEvery, save: (kept) => saveTrainingState(state, kept) },
    },
  );
  await saveModel(output, { ...saved, parameters });
  await removeFile(state);
  return { output, parameters, config };
}

interface Texts {
  readonly one: (random: Random) => string;
  /** Every text there is, where they can be counted. */
  readonly all?: readonly string[];
}

async function readLines(file: string, beside: (file: string) => string): Promise<Texts> {
  const all = (await readText(beside(file))).split('\n').filter((line) => !unseen(line));
  if (all.length === 0) throw refuse('emptyText', `${file} holds no text`, 'Put one sentence on each line.');
  return { all, one: (random) => all[below(random, all.length)]! };
}

async function readGrammar(name: string, beside: (file: string) => string): Promise<Texts> {
  // "g.mjs" is the file beside the config, where there is one; else it is a package's name.
  const isFile = /^\.{0,2}\//.test(name) || (await fileExists(beside(name)));
  const module = await importModule(isFile ? beside(name).replace(/^(?![./])/, './') : name);
  const { writeText } = module as { writeText?: unknown };
  const bad = (problem: string, got?: string): SiseonError =>
    refuse('badGrammar', `${name} ${problem}`, 'See examples/sorting/grammar.mjs.', {
      ...(got && { expected: 'an exported function writeText(random) that gives a sentence', got }),
    });
  if (typeof writeText !== 'function')
    throw bad('writes no texts', `exports ${Object.keys(module).join(', ') || 'nothing'}`);
  const one = (random: Random): string => {
    let text: unknown;
    try {
      text = writeText(random);
    } catch (cause) {
      throw bad(`failed while it wrote a text: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
    if (typeof text === 'string' && !unseen(text)) return text;
    throw bad('writes no texts', typeof text === 'string' ? 'an empty text' : `${typeof text} from writeText`);
  };
  one(seededRandom(1));
  return { one };
}

async function readJson(path: string): Promise<unknown> {
  const text = await readText(path);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new SiseonError({
      code: 'badJson',
      kind: 'usage',
      what: `${path} is not JSON (${cause instanceof Error ? cause.message : cause})`,
      cause,
    });
  }
}

/** The tokenizer that a config names. Throws `badTokenizer` and `unknownTokenizer`, naming the file that the user wrote. */
function ownTokenizer(json: unknown, file: string): { tokenizerJson: unknown; tokenizer: Tokenizer } {
  const next = 'Correct it (docs/formats.md), or take "tokenizer": "characters".';
  try {
    const tokenizer = Tokenizer.fromJson(json);
    const wrong = special.find((piece, id) => tokenizer.tokenId(piece) !== id);
    if (wrong === undefined) return { tokenizerJson: json, tokenizer };
    throw refuse('badTokenizer', `${file}: the id of ${wrong}`, next, {
      expected: `${special.indexOf(wrong)} (${special.join(' ')} are 0 to 4)`,
      got: `${tokenizer.tokenId(wrong) ?? 'no such token'}`,
    });
  } catch (error) {
    if (!(error instanceof SiseonError) || !error.parts.what.startsWith('tokenizer.json')) throw error;
    const { what, expected, got } = error.parts;
    throw refuse(error.code, what.replace('tokenizer.json', file), next, {
      ...(expected && { expected }),
      ...(got && { got }),
    });
  }
}

function parseConfig(json: unknown, path: string): TrainingConfig {
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
