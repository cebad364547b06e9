"""Writes the tiny checkpoints beside it and what each has to answer: python3 make.py [NAME...]

Every size is odd or at least another one: a head is not hidden / heads where the family can say so, key/value heads are
fewer, windows are shorter than the text, part of a head is turned.
"""
import os
import sys

import numpy as np

import decoders
import encoders
import pairs
from core import Parameters, save

DECODER_IDS = [0, 12, 4, 8, 2, 15, 6]
IDS = [3, 14, 7, 1, 11, 5, 16, 2, 9, 13, 0]
# With two end tokens (1) and something behind the last.
ENDED_IDS = [3, 14, 7, 1, 11, 5, 16, 1, 9, 13, 0]

wide = dict(vocab_size=19, hidden_size=10, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2, head_dim=4,
            intermediate_size=13, rms_norm_eps=1e-5, rope_theta=500.0, max_position_embeddings=23, hidden_act="silu", tie_word_embeddings=False)
bertish = dict(vocab_size=17, hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=13, hidden_act="gelu",
               max_position_embeddings=21, type_vocab_size=2, layer_norm_eps=1e-7)
llama3 = dict(rope_type="llama3", factor=3.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64)
yarn = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=40)
longrope = dict(rope_type="longrope", short_factor=[1.0, 1.5, 2.25], long_factor=[1.0, 3.0, 9.0], original_max_position_embeddings=23)

CASES = {
    "gpt2": (decoders.gpt2, dict(architectures=["GPT2LMHeadModel"], vocab_size=17, n_embd=10, n_head=2, n_layer=2, n_inner=13, n_positions=23,
                                 layer_norm_epsilon=1e-5, activation_function="gelu_new", scale_attn_by_inverse_layer_idx=True)),
    "gpt_neox": (decoders.gpt_neox, dict(architectures=["GPTNeoXForCausalLM"], vocab_size=17, hidden_size=16, num_attention_heads=2, num_hidden_layers=2,
                                         intermediate_size=13, rotary_pct=0.25, rotary_emb_base=100, layer_norm_eps=1e-5, hidden_act="gelu",
                                         use_parallel_residual=True, max_position_embeddings=23, tie_word_embeddings=False)),
    "gpt_neox-serial": (decoders.gpt_neox, dict(architectures=["GPTNeoXForCausalLM"], vocab_size=17, hidden_size=12, num_attention_heads=2, num_hidden_layers=2,
                                                intermediate_size=13, rotary_pct=0.7, rotary_emb_base=100, layer_norm_eps=1e-5, hidden_act="gelu",
                                                use_parallel_residual=False, max_position_embeddings=23, tie_word_embeddings=False)),
    "opt": (decoders.opt, dict(architectures=["OPTForCausalLM"], vocab_size=17, hidden_size=12, num_attention_heads=3, num_hidden_layers=2, ffn_dim=13,
                               word_embed_proj_dim=12, max_position_embeddings=23, do_layer_norm_before=True, activation_function="relu")),
    "opt-projected": (decoders.opt, dict(architectures=["OPTForCausalLM"], vocab_size=17, hidden_size=12, num_attention_heads=3, num_hidden_layers=2, ffn_dim=13,
                                         word_embed_proj_dim=7, max_position_embeddings=23, do_layer_norm_before=False, activation_function="relu")),
    "bloom": (decoders.bloom, dict(architectures=["BloomForCausalLM"], vocab_size=17, hidden_size=12, n_head=3, n_layer=2, layer_norm_epsilon=1e-5)),
    "llama": (decoders.llama, dict(architectures=["LlamaForCausalLM"], **wide, rope_scaling=llama3)),
    "llama-yarn": (decoders.llama, dict(architectures=["LlamaForCausalLM"], **{**wide, "rope_theta": 10000.0, "head_dim": 10, "num_hidden_layers": 1}, rope_scaling=yarn)),
    "llama-linear": (decoders.llama, dict(architectures=["LlamaForCausalLM"], **{**wide, "num_hidden_layers": 1}, rope_scaling=dict(rope_type="linear", factor=2.5))),
    "mistral": (decoders.mistral, dict(architectures=["MistralForCausalLM"], **wide, sliding_window=4)),
    "mixtral": (decoders.mixtral, dict(architectures=["MixtralForCausalLM"], **{**wide, "intermediate_size": 5}, num_local_experts=3, num_experts_per_tok=2)),
    "qwen2": (decoders.qwen2, dict(architectures=["Qwen2ForCausalLM"], **wide, use_sliding_window=True, sliding_window=3, max_window_layers=1)),
    "qwen3": (decoders.qwen3, dict(architectures=["Qwen3ForCausalLM"], **{**wide, "tie_word_embeddings": True})),
    "qwen3_moe": (decoders.qwen3_moe, dict(architectures=["Qwen3MoeForCausalLM"], **wide, num_experts=5, num_experts_per_tok=2, moe_intermediate_size=3,
                                           norm_topk_prob=False, mlp_only_layers=[0], decoder_sparse_step=1)),
    "gemma": (decoders.gemma, dict(architectures=["GemmaForCausalLM"], **{**wide, "tie_word_embeddings": True, "hidden_act": "gelu_pytorch_tanh"})),
    "gemma2": (decoders.gemma2, dict(architectures=["Gemma2ForCausalLM"], **{**wide, "tie_word_embeddings": True, "hidden_act": "gelu_pytorch_tanh"},
                                     hidden_activation="gelu_pytorch_tanh", sliding_window=4, query_pre_attn_scalar=7, attn_logit_softcapping=2.0, final_logit_softcapping=3.0)),
    "gemma3_text": (decoders.gemma3_text, dict(architectures=["Gemma3ForCausalLM"], **{**wide, "tie_word_embeddings": True, "num_hidden_layers": 3, "hidden_act": "gelu_pytorch_tanh"},
                                               hidden_activation="gelu_pytorch_tanh", sliding_window=4, query_pre_attn_scalar=7, rope_local_base_freq=50.0,
                                               layer_types=["sliding_attention", "sliding_attention", "full_attention"], rope_scaling=dict(rope_type="linear", factor=8.0))),
    "phi3": (decoders.phi3, dict(architectures=["Phi3ForCausalLM"], **{**wide, "head_dim": 8, "max_position_embeddings": 92}, partial_rotary_factor=0.75,
                                 sliding_window=5, rope_scaling=longrope)),
    "exaone": (decoders.exaone, dict(architectures=["ExaoneForCausalLM"], vocab_size=19, hidden_size=10, num_layers=2, num_attention_heads=6, num_key_value_heads=2,
                                     head_dim=4, intermediate_size=13, layer_norm_epsilon=1e-5, rope_theta=500.0, max_position_embeddings=23,
                                     activation_function="silu", tie_word_embeddings=False, rope_scaling=llama3)),
    "exaone4": (decoders.exaone4, dict(architectures=["Exaone4ForCausalLM"], **wide, sliding_window=4, layer_types=["sliding_attention", "full_attention"])),
    "bert": (encoders.bert, dict(architectures=["BertForMaskedLM"], **bertish)),
    "bert-classes": (encoders.bert, dict(architectures=["BertForSequenceClassification"], **bertish, id2label={"0": "no", "1": "yes", "2": "maybe"})),
    "bert-tokens": (encoders.bert, dict(architectures=["BertForTokenClassification"], **{**bertish, "num_hidden_layers": 1}, id2label={"0": "O", "1": "B-PS", "2": "I-PS"})),
    "roberta": (encoders.roberta, dict(architectures=["RobertaForMaskedLM"], **{**bertish, "type_vocab_size": 1}, pad_token_id=1)),
    "roberta-classes": (encoders.roberta, dict(architectures=["RobertaForSequenceClassification"], **{**bertish, "type_vocab_size": 1}, pad_token_id=1, id2label={"0": "a", "1": "b", "2": "c"})),
    "xlm-roberta": (encoders.roberta, dict(architectures=["XLMRobertaForMaskedLM"], **{**bertish, "type_vocab_size": 1, "num_hidden_layers": 1}, pad_token_id=2)),
    "electra": (encoders.electra, dict(architectures=["ElectraForMaskedLM"], **bertish, embedding_size=7)),
    "electra-discriminator": (encoders.electra, dict(architectures=["ElectraForPreTraining"], **bertish, embedding_size=7)),
    "albert": (encoders.albert, dict(architectures=["AlbertForMaskedLM"], **{**bertish, "hidden_act": "gelu_new", "num_hidden_layers": 3}, embedding_size=7)),
    "distilbert": (encoders.distilbert, dict(architectures=["DistilBertForMaskedLM"], vocab_size=17, dim=12, n_heads=3, n_layers=2, hidden_dim=13,
                                             max_position_embeddings=21, activation="gelu")),
    "distilbert-classes": (encoders.distilbert, dict(architectures=["DistilBertForSequenceClassification"], vocab_size=17, dim=12, n_heads=3, n_layers=1, hidden_dim=13,
                                                     max_position_embeddings=21, activation="gelu", id2label={"0": "a", "1": "b", "2": "c"})),
}

t5ish = dict(vocab_size=17, d_model=10, d_kv=4, d_ff=13, num_layers=2, num_decoder_layers=1, num_heads=3, layer_norm_epsilon=1e-6,
             relative_attention_num_buckets=6, relative_attention_max_distance=9, n_positions=23, is_encoder_decoder=True, decoder_start_token_id=0)
bartish = dict(vocab_size=17, d_model=12, encoder_layers=1, encoder_attention_heads=3, encoder_ffn_dim=13,
               decoder_layers=2, decoder_attention_heads=2, decoder_ffn_dim=11, activation_function="gelu", max_position_embeddings=23,
               scale_embedding=True, is_encoder_decoder=True, decoder_start_token_id=2)
deberta = {**bertish, "type_vocab_size": 0, "relative_attention": True, "position_biased_input": False, "share_att_key": True,
           "pos_att_type": ["p2c", "c2p"], "norm_rel_ebd": "layer_norm", "position_buckets": 4, "max_relative_positions": -1}
modern = dict(vocab_size=17, hidden_size=12, intermediate_size=13, num_hidden_layers=3, num_attention_heads=3, hidden_activation="gelu", norm_eps=1e-5,
              global_rope_theta=900.0, local_rope_theta=50.0, global_attn_every_n_layers=2, local_attention=5, max_position_embeddings=23)
CASES |= {
    "modernbert": (encoders.modernbert, dict(architectures=["ModernBertForMaskedLM"], **modern)),
    "modernbert-classes": (encoders.modernbert, dict(architectures=["ModernBertForSequenceClassification"], **modern, classifier_pooling="mean", id2label={"0": "a", "1": "b", "2": "c"})),
    "deberta-v2": (encoders.deberta_v2, dict(architectures=["DebertaV2ForMaskedLM"], **deberta)),
    "deberta-v2-maps": (encoders.deberta_v2, dict(architectures=["DebertaV2ForMaskedLM"], **{**deberta, "share_att_key": False, "num_hidden_layers": 1}, legacy=False)),
    "deberta-v2-plain": (encoders.deberta_v2, dict(architectures=["DebertaV2ForSequenceClassification"],
                                                   **{**deberta, "position_buckets": -1, "max_relative_positions": 5, "norm_rel_ebd": "none", "pos_att_type": ["c2p"],
                                                      "position_biased_input": True, "type_vocab_size": 2}, embedding_size=7, id2label={"0": "a", "1": "b", "2": "c"})),
    "t5": (pairs.t5, dict(architectures=["T5ForConditionalGeneration"], **t5ish, feed_forward_proj="relu", tie_word_embeddings=True)),
    "mt5": (pairs.t5, dict(architectures=["MT5ForConditionalGeneration"], **t5ish, feed_forward_proj="gated-gelu", tie_word_embeddings=False)),
    "t5-classes": (pairs.t5, dict(architectures=["T5ForSequenceClassification"], **t5ish, feed_forward_proj="relu", tie_word_embeddings=True, eos_token_id=1,
                                  id2label={"0": "a", "1": "b", "2": "c"})),
    "mt5-tokens": (pairs.t5, dict(architectures=["MT5ForTokenClassification"], **{**t5ish, "is_encoder_decoder": False}, feed_forward_proj="gated-gelu", tie_word_embeddings=False,
                                  id2label={"0": "O", "1": "B-PS", "2": "I-PS"})),
    "t5-encoder": (pairs.t5, dict(architectures=["T5EncoderModel"], **{**t5ish, "is_encoder_decoder": False}, feed_forward_proj="gated-gelu")),
    "bart": (pairs.bart, dict(architectures=["BartForConditionalGeneration"], **bartish)),
    "bart-classes": (pairs.bart, dict(architectures=["BartForSequenceClassification"], **bartish, eos_token_id=1, id2label={"0": "a", "1": "b", "2": "c"})),
}
MODEL_TYPES = ["xlm-roberta", "deberta-v2"]

here = os.path.dirname(os.path.abspath(__file__))
for name in sys.argv[1:] or CASES:
    model, config = CASES[name]
    config = {"model_type": next((m for m in MODEL_TYPES if name.startswith(m)), name.split("-")[0]), **config}
    p = Parameters(name + (" minus1" if name.startswith("gemma") else ""))
    if "eos_token_id" in config:
        texts = {"ids": ENDED_IDS}
    else:
        texts = {"ids": IDS} | ({"decoderIds": DECODER_IDS} if config.get("is_encoder_decoder") else {})
    save(f"{here}/{name}", config, p, model(config, p, *texts.values()) | {key: np.array(ids) for key, ids in texts.items()})
