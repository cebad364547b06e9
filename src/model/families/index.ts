import { SiseonError } from '../../platform/index.ts';
import type { Architecture, Family } from '../architecture.ts';
import { configReader } from '../config.ts';
import { albert } from './albert.ts';
import { bart } from './bart.ts';
import { bert } from './bert.ts';
import { bloom } from './bloom.ts';
import { debertaV2 } from './debertaV2.ts';
import { distilbert } from './distilbert.ts';
import { electra } from './electra.ts';
import { exaone, exaone4 } from './exaone.ts';
import { gemma, gemma2, gemma3 } from './gemma.ts';
import { gpt2 } from './gpt2.ts';
import { gptNeox } from './gptNeox.ts';
import { llama } from './llama.ts';
import { mistral, mixtral } from './mistral.ts';
import { modernbert } from './modernbert.ts';
import { opt } from './opt.ts';
import { phi3 } from './phi3.ts';
import { qwen2, qwen3, qwen3Moe } from './qwen.ts';
import { roberta, xlmRoberta } from './roberta.ts';
import { mt5, t5 } from './t5.ts';

const encoders = [albert, bert, debertaV2, distilbert, electra, modernbert, roberta, xlmRoberta];
const encoderDecoders = [bart, mt5, t5];
const decoders = [
  bloom,
  exaone,
  exaone4,
  gemma,
  gemma2,
  gemma3,
  gpt2,
  gptNeox,
  llama,
  mistral,
  mixtral,
  opt,
  phi3,
  qwen2,
  qwen3,
  qwen3Moe,
];

/** Every family that can be read, by the `model_type` of config.json. */
export const families: ReadonlyMap<string, Family> = new Map(
  [...encoders, ...decoders, ...encoderDecoders].map((family) => [family.modelType, family]),
);

/** Fields that change no number of a run in any family: names, tokens, dropout, how it was trained or is generated from. */
const ignoredFields =
  /^(_.*|model_type|architectures|siseon|transformers_version|torch_dtype|dtype|tokenizer_class|auto_map|use_cache|.*_token_ids?|.*_token|id2label|label2id|num_labels|problem_type|finetuning_task|task_specific_params|initializer_.*|init_std|.*dropout.*|.*_pdrop|output_.*|return_.*|use_bfloat16|use_return_dict|pruned_heads|torchscript|chunk_size_feed_forward|gradient_checkpointing|is_encoder_decoder|is_decoder|tie_encoder_decoder|.*_length|.*_penalty|num_beams|num_beam_groups|num_return_sequences|do_sample|early_stopping|temperature|top_k|top_p|typical_p|epsilon_cutoff|eta_cutoff|no_repeat_ngram_size|encoder_no_repeat_ngram_size|bad_words_ids|remove_invalid_values|suppress_tokens|begin_suppress_tokens|exponential_decay_length_penalty|pretraining_tp|language|author|license|version|kobart_version|created_date|attn_implementation|quantization_config)$/;

/**
 * The family and the architecture that a parsed config.json describes. Throws `unknownFamily`, `badConfig`, and
 * `unknownConfigField` for fields that it does not know: they may change the numbers. `ignoreFields` lets some pass.
 */
export function readConfig(
  config: Readonly<Record<string, unknown>>,
  { ignoreFields = [] }: { readonly ignoreFields?: readonly string[] } = {},
): { family: Family; architecture: Architecture } {
  const modelType = String(config.model_type);
  const family = families.get(modelType);
  if (!family)
    throw new SiseonError({
      code: 'unknownFamily',
      kind: 'failure',
      what: 'config.json: model_type',
      expected: `one of ${[...families.keys()].join(', ')}`,
      got: config.model_type === undefined ? 'nothing' : modelType,
      next: 'This version reads no other family.',
    });
  const reader = configReader(config);
  if (config.quantization_config) throw reader.refuse('quantization_config', 'parameters that are not quantized');
  const architecture = family.architecture(reader);
  const unknown = reader
    .unread()
    .filter(
      (field) => !ignoredFields.test(field) && !family.ignoredFields?.test(field) && !ignoreFields.includes(field),
    );
  if (unknown.length > 0)
    throw new SiseonError({
      code: 'unknownConfigField',
      kind: 'failure',
      what: `config.json has fields that ${modelType} is not known to have: ${unknown.join(', ')}`,
      expected: 'fields that are known to change the numbers, or known not to',
      next: 'They may change the numbers. Where you know that they do not, name them as fields to ignore.',
      details: { fields: unknown },
    });
  const { vocabularySize, decoderStart, classifier } = architecture;
  for (const [field, id = null] of [
    ['decoder_start_token_id', decoderStart],
    ['eos_token_id', classifier?.endToken],
  ] as const)
    if (id !== null && id >= vocabularySize)
      throw reader.refuse(field, `a token of the vocabulary, below ${vocabularySize}`);
  const ends = [config.eos_token_id ?? []].flat().filter((id) => typeof id === 'number');
  return { family, architecture: ends.length > 0 ? { ...architecture, endTokens: ends } : architecture };
}
