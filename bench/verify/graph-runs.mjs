/** The same parameters as an ONNX graph in onnxruntime: logits and every layer's attention weights. */

import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { loadModel, writeSafetensors } from '../../dist/model/index.js';
import { recordTrace, stages } from '../../dist/trace/index.js';
import { drawCheckpoint, drawIds } from './checkpoints.mjs';
import * as decoders from './decoders.mjs';
import * as encoders from './encoders.mjs';
import { compare } from './gguf-runs.mjs';
import { Graph } from './graph.mjs';
import { layouts } from './layouts.mjs';
import * as pairs from './pairs.mjs';

const version = createRequire(import.meta.url)('./node_modules/onnxruntime-node/package.json').version;
const [LENGTH, DECODER_LENGTH] = [37, 23];

const bertLike = {
  vocab_size: 151,
  hidden_size: 96,
  num_hidden_layers: 3,
  num_attention_heads: 6,
  intermediate_size: 88,
  hidden_act: 'gelu',
  max_position_embeddings: 128,
  type_vocab_size: 2,
  layer_norm_eps: 1e-7,
};
const neox = layouts['gpt_neox, parallel'].config;

/** [config, graph] by name. */
const cases = {
  bert: [{ model_type: 'bert', architectures: ['BertForMaskedLM'], ...bertLike }, encoders.bert],
  roberta: [
    { model_type: 'roberta', architectures: ['RobertaForMaskedLM'], ...bertLike, type_vocab_size: 1, pad_token_id: 1 },
    encoders.roberta,
  ],
  'xlm-roberta': [
    {
      model_type: 'xlm-roberta',
      architectures: ['XLMRobertaForMaskedLM'],
      ...bertLike,
      type_vocab_size: 1,
      pad_token_id: 1,
    },
    encoders.roberta,
  ],
  electra: [
    { model_type: 'electra', architectures: ['ElectraForMaskedLM'], ...bertLike, embedding_size: 56 },
    encoders.electra,
  ],
  albert: [
    {
      model_type: 'albert',
      architectures: ['AlbertForMaskedLM'],
      ...bertLike,
      hidden_act: 'gelu_new',
      embedding_size: 56,
    },
    encoders.albert,
  ],
  distilbert: [
    {
      model_type: 'distilbert',
      architectures: ['DistilBertForMaskedLM'],
      vocab_size: 151,
      dim: 96,
      n_heads: 6,
      n_layers: 3,
      hidden_dim: 88,
      max_position_embeddings: 128,
      activation: 'gelu',
    },
    encoders.distilbert,
  ],
  'deberta-v2': [
    {
      model_type: 'deberta-v2',
      architectures: ['DebertaV2ForMaskedLM'],
      ...bertLike,
      type_vocab_size: 0,
      relative_attention: true,
      position_biased_input: false,
      share_att_key: true,
      pos_att_type: ['p2c', 'c2p'],
      norm_rel_ebd: 'layer_norm',
      position_buckets: 16,
      max_relative_positions: -1,
    },
    encoders.debertaV2,
  ],
  gpt2: [layouts.gpt2.config, decoders.gpt2],
  'gpt_neox, parallel': [{ ...neox, hidden_act: 'gelu' }, decoders.gptNeox],
  'gpt_neox, one after the other': [{ ...neox, hidden_act: 'gelu', use_parallel_residual: false }, decoders.gptNeox],
  opt: [
    {
      model_type: 'opt',
      architectures: ['OPTForCausalLM'],
      vocab_size: 151,
      hidden_size: 96,
      num_attention_heads: 6,
      num_hidden_layers: 3,
      ffn_dim: 88,
      max_position_embeddings: 128,
      word_embed_proj_dim: 96,
      do_layer_norm_before: true,
      activation_function: 'relu',
    },
    decoders.opt,
  ],
  bloom: [layouts.bloom.config, decoders.bloom],
  llama: [layouts.llama.config, decoders.llama],
  mt5: [
    {
      model_type: 'mt5',
      architectures: ['MT5ForConditionalGeneration'],
      vocab_size: 151,
      d_model: 64,
      d_kv: 24,
      d_ff: 88,
      num_layers: 3,
      num_decoder_layers: 2,
      num_heads: 6,
      layer_norm_epsilon: 1e-6,
      relative_attention_num_buckets: 32,
      relative_attention_max_distance: 128,
      feed_forward_proj: 'gated-gelu',
      tie_word_embeddings: false,
      is_encoder_decoder: true,
      decoder_start_token_id: 0,
    },
    pairs.t5,
  ],
  bart: [
    {
      model_type: 'bart',
      architectures: ['BartForConditionalGeneration'],
      vocab_size: 151,
      d_model: 96,
      encoder_layers: 2,
      encoder_attention_heads: 6,
      encoder_ffn_dim: 88,
      decoder_layers: 3,
      decoder_attention_heads: 4,
      decoder_ffn_dim: 72,
      activation_function: 'gelu',
      max_position_embeddings: 128,
      scale_embedding: true,
      is_encoder_decoder: true,
      decoder_start_token_id: 2,
    },
    pairs.bart,
  ],
};

export async function graphs(folder, print) {
  const rows = [];
  for (const [name, [config, build]] of Object.entries(cases)) {
    const tensors = drawCheckpoint(name, config);
    const graph = new Graph(tensors);
    const pair = config.is_encoder_decoder === true;
    const inputs = {
      ids: drawIds(name, LENGTH, config.vocab_size),
      ...(pair && { decoderIds: drawIds(`${name} decoder`, DECODER_LENGTH, config.vocab_size) }),
    };
    build(graph, config, LENGTH, DECODER_LENGTH);
    const bytes = graph.model(Object.fromEntries(Object.entries(inputs).map(([input, ids]) => [input, ids.length])));
    const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
    const feeds = Object.entries(inputs).map(([input, ids]) => [
      input,
      new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), [ids.length]),
    ]);
    const theirs = await session.run(Object.fromEntries(feeds));
    await session.release();

    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    writeFileSync(
      join(folder, 'model.safetensors'),
      writeSafetensors([...tensors].map(([tensor, numbers]) => ({ name: tensor, ...numbers }))),
    );
    const model = await loadModel(folder, { tokenizer: 'none' });
    const trace = await recordTrace(model, {
      ids: [...inputs.ids],
      ...(pair && { decoderIds: [...inputs.decoderIds] }),
    });
    const ours = await stages(trace, model, Object.keys(theirs));
    const weights = Object.keys(theirs).filter((stage) => stage !== 'logits');
    const row = {
      name,
      parameters: [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0),
      ...compare(ours.get('logits').data, theirs.logits.data),
      bound: 1e-4,
      weights: Math.max(...weights.map((stage) => compare(ours.get(stage).data, theirs[stage].data).error)),
    };
    rows.push(row);
    print(row);
    print({ name: `  weights of ${weights.length} squares`, error: row.weights, bound: row.bound });
  }
  return { engine: `onnxruntime-node ${version}`, rows };
}
