"""Writes the GGUF files of this folder: python3 make_gguf.py (Debian: python3-numpy).

They are written from the format's description; quantised blocks are random bytes (with sane scales), and what they stand
for is computed by unpacking their bits with numpy.
"""
import json
import os
import re
import struct

import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
place = lambda name: os.path.join(here, name)

U8, I32, F32T, BOOL, STR, ARR, U32, U64 = 0, 5, 6, 7, 8, 9, 4, 10


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def value(v):
    if isinstance(v, bool):
        return struct.pack("<IB", BOOL, v)
    if isinstance(v, int):
        return struct.pack("<II", U32, v)
    if isinstance(v, float):
        return struct.pack("<If", F32T, v)
    if isinstance(v, str):
        return struct.pack("<I", STR) + text(v)
    if isinstance(v[0], str):
        return struct.pack("<IIQ", ARR, STR, len(v)) + b"".join(map(text, v))
    if isinstance(v[0], float):
        return struct.pack("<IIQ", ARR, F32T, len(v)) + struct.pack(f"<{len(v)}f", *v)
    return struct.pack("<IIQ", ARR, I32, len(v)) + struct.pack(f"<{len(v)}i", *v)


def write_gguf(name, metadata, tensors):
    """tensors: name → (shape as numpy has it, ggml type, bytes)"""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    for key, v in metadata.items():
        head += text(key) + value(v)
    body = b""
    for key, (shape, kind, data) in tensors.items():
        body += b"\0" * (-len(body) % 32)
        head += text(key) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *reversed(shape))
        head += struct.pack("<IQ", kind, len(body))
        body += data
    head += b"\0" * (-len(head) % 32)
    with open(place(name), "wb") as file:
        file.write(head + body)


rng = np.random.default_rng(7)
half = lambda count: (rng.uniform(0.001, 0.1, (count, 1)) * rng.choice([-1, 1], (count, 1))).astype(np.float16)
raw = lambda *shape: rng.integers(0, 256, shape, dtype=np.uint8)
bytes_of = lambda *parts: np.concatenate([np.ascontiguousarray(p).view(np.uint8).reshape(len(p), -1) for p in parts], 1).tobytes()


def q8_0(blocks):
    d, q = half(blocks), raw(blocks, 32)
    return bytes_of(d, q), d.astype(np.float64) * q.view(np.int8)


def q4_0(blocks):
    d, q = half(blocks), raw(blocks, 16)
    return bytes_of(d, q), d.astype(np.float64) * (np.concatenate([q & 15, q >> 4], 1).astype(int) - 8)


def bits(data):  # least significant first
    return np.unpackbits(data, axis=1, bitorder="little")


def number(b):  # the last axis holds a number's bits, least significant first
    return (b * (1 << np.arange(b.shape[-1]))).sum(-1)


def nibbles(q):  # of 16 bytes: the lower halves, then the upper
    return np.concatenate([q & 15, q >> 4], 1).astype(int)


def q4_1(blocks):
    d, m, q = half(blocks), half(blocks), raw(blocks, 16)
    return bytes_of(d, m, q), d.astype(np.float64) * nibbles(q) + m.astype(np.float64)


def q5_0(blocks):
    d, h, q = half(blocks), raw(blocks, 4), raw(blocks, 16)
    return bytes_of(d, h, q), d.astype(np.float64) * (nibbles(q) + 16 * bits(h) - 16)


def q5_1(blocks):
    d, m, h, q = half(blocks), half(blocks), raw(blocks, 4), raw(blocks, 16)
    return bytes_of(d, m, h, q), d.astype(np.float64) * (nibbles(q) + 16 * bits(h).astype(int)) + m.astype(np.float64)


# Sixteen values, no rule behind them
iq4 = np.array([-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113], np.float64)


def iq4_nl(blocks):
    d, q = half(blocks), raw(blocks, 16)
    return bytes_of(d, q), d.astype(np.float64) * iq4[nibbles(q)]


def iq4_xs(blocks):
    d, h, l, q = half(blocks), raw(blocks, 2), raw(blocks, 4), raw(blocks, 128)
    low = number(bits(l).reshape(blocks, 8, 4))
    high = number(bits(h).reshape(blocks, 8, 2))
    numbers = iq4[nibbles(q.reshape(blocks * 8, 16))].reshape(blocks, 8, 32)
    scale = d.astype(np.float64) * (low + 16 * high - 32)
    return bytes_of(d, h, l, q), (scale[:, :, None] * numbers).reshape(blocks, 256)


def rows_of_two_bits(q):  # 64 bytes: each half of 32 holds four rows of 32, a row at every second bit
    b = bits(q).reshape(len(q), 2, 32, 4, 2)
    return number(b).transpose(0, 1, 3, 2).reshape(len(q), 256)


def q2_k(blocks):
    s, q, d, m = raw(blocks, 16), raw(blocks, 64), half(blocks), half(blocks)
    scale, offset = d.astype(np.float64) * (s & 15), m.astype(np.float64) * (s >> 4)
    return bytes_of(s, q, d, m), np.repeat(scale, 16, 1) * rows_of_two_bits(q) - np.repeat(offset, 16, 1)


def q3_k(blocks):
    h, q, s, d = raw(blocks, 32), raw(blocks, 64), raw(blocks, 12), half(blocks)
    third = bits(h).reshape(blocks, 32, 8).transpose(0, 2, 1).reshape(blocks, 256)
    low = np.concatenate([s[:, :8] & 15, s[:, :8] >> 4], 1).astype(int)
    high = number(bits(s[:, 8:]).reshape(blocks, 4, 4, 2)).transpose(0, 2, 1).reshape(blocks, 16)
    scale = d.astype(np.float64) * (low + 16 * high - 32)
    return bytes_of(h, q, s, d), np.repeat(scale, 16, 1) * (rows_of_two_bits(q) + 4 * third.astype(int) - 4)


def scales_and_offsets(s):
    b = bits(s).reshape(len(s), 12, 8)
    # 6-bit numbers: groups 0 to 3 whole in bytes 0-3 (scales) and 4-7 (offsets); groups 4 to 7 in halves of bytes 8-11,
    # their two upper bits in the spare bits of bytes 0-3 (scales) and 4-7 (offsets)
    scales = np.concatenate([number(b[:, 0:4, :6]), number(np.concatenate([b[:, 8:12, :4], b[:, 0:4, 6:]], 2))], 1)
    offsets = np.concatenate([number(b[:, 4:8, :6]), number(np.concatenate([b[:, 8:12, 4:], b[:, 4:8, 6:]], 2))], 1)
    return scales, offsets


def q4_k(blocks):
    d, m, s, q = half(blocks), half(blocks), raw(blocks, 12), raw(blocks, 128)
    scales, offsets = scales_and_offsets(s)
    pairs = q.reshape(blocks, 4, 1, 32) >> np.array([0, 4], dtype=np.uint8).reshape(1, 1, 2, 1) & 15
    numbers = pairs.reshape(blocks, 8, 32).astype(np.float64)
    scale = d.astype(np.float64) * scales
    offset = m.astype(np.float64) * offsets
    return bytes_of(d, m, s, q), (scale[:, :, None] * numbers - offset[:, :, None]).reshape(blocks, 256)


def q5_k(blocks):
    d, m, s, h, q = half(blocks), half(blocks), raw(blocks, 12), raw(blocks, 32), raw(blocks, 128)
    scales, offsets = scales_and_offsets(s)
    lower = (q.reshape(blocks, 4, 1, 32) >> np.array([0, 4], dtype=np.uint8).reshape(1, 1, 2, 1) & 15).reshape(blocks, 8, 32)
    numbers = lower.astype(int) + 16 * bits(h).reshape(blocks, 32, 8).transpose(0, 2, 1).astype(int)
    scale, offset = d.astype(np.float64) * scales, m.astype(np.float64) * offsets
    return bytes_of(d, m, s, h, q), (scale[:, :, None] * numbers - offset[:, :, None]).reshape(blocks, 256)


def q6_k(blocks):
    low, high, s, d = raw(blocks, 128), raw(blocks, 64), raw(blocks, 16), half(blocks)
    lower = np.stack([low.reshape(blocks, 2, 64) & 15, low.reshape(blocks, 2, 64) >> 4], 2).reshape(blocks, 2, 128)
    upper = np.stack([high.reshape(blocks, 2, 32) >> shift & 3 for shift in (0, 2, 4, 6)], 2).reshape(blocks, 2, 128)
    numbers = (lower.astype(int) + 16 * upper.astype(int) - 32).reshape(blocks, 16, 16)
    scale = d.astype(np.float64) * s.view(np.int8)
    return bytes_of(low, high, s, d), (scale[:, :, None] * numbers).reshape(blocks, 256)


expected, tensors = {}, {}
for key, kind, make in [
    ("q4_0", 2, q4_0),
    ("q4_1", 3, q4_1),
    ("q5_0", 6, q5_0),
    ("q5_1", 7, q5_1),
    ("q8_0", 8, q8_0),
    ("q2_k", 10, q2_k),
    ("q3_k", 11, q3_k),
    ("q4_k", 12, q4_k),
    ("q5_k", 13, q5_k),
    ("q6_k", 14, q6_k),
    ("iq4_nl", 20, iq4_nl),
    ("iq4_xs", 23, iq4_xs),
]:
    size = 256 if key.endswith(("k", "xs")) else 32
    shape = (3, 64) if size == 32 else (1, 512)
    data, numbers = make(int(np.prod(shape)) // size)
    tensors[f"blk.0.{key}"] = (shape, kind, data)
    expected[key] = [float(f"{x:.7g}") for x in numbers.reshape(-1).tolist()]
plain = np.array([1.5, -2, 0.25], dtype=np.float32)
tensors["f32"] = ((3,), 0, plain.tobytes())
tensors["f16"] = ((3,), 1, plain.astype(np.float16).tobytes())
tensors["bf16"] = ((3,), 30, (plain.view(np.uint32) >> 16).astype(np.uint16).tobytes())
tensors["token_embd.weight"] = ((2, 4), 0, np.zeros((2, 4), np.float32).tobytes())
llama = {
    "general.architecture": "llama",
    "llama.embedding_length": 4,
    "llama.block_count": 1,
    "llama.attention.head_count": 1,
    "llama.feed_forward_length": 8,
    "llama.context_length": 16,
    "llama.attention.layer_norm_rms_epsilon": 1e-5,
}
write_gguf("blocks.gguf", llama, tensors)
with open(place("blocks.json"), "w") as file:
    json.dump(expected, file)


# --- Whole models as llama.cpp's converter writes them, from the tiny checkpoints of test/families ---------------------
families = os.path.join(here, "../../../../test/families")


def read_safetensors(path):
    data = open(path, "rb").read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(data, np.float32, offset=8 + length + about["data_offsets"][0], count=int(np.prod(about["shape"]))).reshape(about["shape"])
        for name, about in header.items()
    }


def neighbours(rows, heads):
    """Rotated halves → rotated neighbours: (head, half, pair, …) → (head, pair, half, …)."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def kinds_apart(rows, heads):
    """Query, key and value of head 0, of head 1, … → all queries, all keys, all values."""
    return rows.reshape(heads, 3, rows.shape[0] // heads // 3, *rows.shape[1:]).swapaxes(0, 1).reshape(rows.shape)


llama_names = [
    ("model.embed_tokens.", "token_embd."),
    ("model.norm.", "output_norm."),
    ("lm_head.", "output."),
    ("model.layers.", "blk."),
    ("input_layernorm", "attn_norm"),
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"),
    ("self_attn.qkv_proj", "attn_qkv"),
    ("self_attn.o_proj", "attn_output"),
    ("self_attn.q_norm", "attn_q_norm"),
    ("self_attn.k_norm", "attn_k_norm"),
    ("mlp.gate_up_proj", "ffn_up"),
    ("mlp.gate_proj", "ffn_gate"),
    ("mlp.up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
    ("block_sparse_moe.gate", "ffn_gate_inp"),
]
plain = llama_names + [("post_attention_layernorm", "ffn_norm")]
sandwich = llama_names + [
    ("post_attention_layernorm", "post_attention_norm"),
    ("pre_feedforward_layernorm", "ffn_norm"),
    ("post_feedforward_layernorm", "post_ffw_norm"),
]
gpt2_names = [
    ("transformer.wte", "token_embd"),
    ("transformer.wpe", "position_embd"),
    ("transformer.ln_f", "output_norm"),
    ("transformer.h.", "blk."),
    ("ln_1", "attn_norm"),
    ("attn.c_attn", "attn_qkv"),
    ("attn.c_proj", "attn_output"),
    ("ln_2", "ffn_norm"),
    ("mlp.c_fc", "ffn_up"),
    ("mlp.c_proj", "ffn_down"),
]
exaone_names = [
    ("transformer.wte", "token_embd"),
    ("transformer.ln_f", "output_norm"),
    ("lm_head", "output"),
    ("transformer.h.", "blk."),
    ("ln_1", "attn_norm"),
    ("ln_2", "ffn_norm"),
    ("attn.attention.q_proj", "attn_q"),
    ("attn.attention.k_proj", "attn_k"),
    ("attn.attention.v_proj", "attn_v"),
    ("attn.attention.out_proj", "attn_output"),
    ("mlp.c_fc_0", "ffn_gate"),
    ("mlp.c_fc_1", "ffn_up"),
    ("mlp.c_proj", "ffn_down"),
]
joined = [
    ("gpt_neox.embed_in", "token_embd"),
    ("gpt_neox.final_layer_norm", "output_norm"),
    ("gpt_neox.layers.", "blk."),
    ("embed_out", "output"),
    ("transformer.word_embeddings_layernorm", "token_embd_norm"),
    ("transformer.word_embeddings", "token_embd"),
    ("transformer.ln_f", "output_norm"),
    ("transformer.h.", "blk."),
    ("input_layernorm", "attn_norm"),
    ("post_attention_layernorm", "ffn_norm"),
    ("self_attention.query_key_value", "attn_qkv"),
    ("self_attention.dense", "attn_output"),
    ("attention.query_key_value", "attn_qkv"),
    ("attention.dense", "attn_output"),
    ("mlp.dense_h_to_4h", "ffn_up"),
    ("mlp.dense_4h_to_h", "ffn_down"),
]

# Each: its folder in test/families, its architecture's name in the file, its names
FAMILIES = [
    ("llama", "llama", plain),
    ("mixtral", "llama", plain),
    ("qwen2", "qwen2", plain),
    ("qwen3", "qwen3", plain),
    ("gemma", "gemma", plain),
    ("gemma2", "gemma2", sandwich),
    ("gemma3_text", "gemma3", sandwich),
    ("phi3", "phi3", plain),
    ("exaone", "exaone", exaone_names),
    ("exaone4", "exaone4", sandwich),
    ("gpt2", "gpt2", gpt2_names),
    ("gpt_neox", "gptneox", joined),
    ("bloom", "bloom", joined),
]

# Fields of config.json by their names in the file
FIELDS = [
    ("embedding_length", ["n_embd", "hidden_size"]),
    ("block_count", ["n_layer", "num_hidden_layers", "num_layers"]),
    ("attention.head_count", ["n_head", "num_attention_heads"]),
    ("attention.head_count_kv", ["num_key_value_heads"]),
    ("attention.key_length", ["head_dim"]),
    ("attention.value_length", ["head_dim"]),
    ("rope.freq_base", ["rope_theta", "rotary_emb_base"]),
    ("rope.freq_base_swa", ["rope_local_base_freq"]),
    ("feed_forward_length", ["n_inner", "intermediate_size"]),
    ("context_length", ["n_positions", "max_position_embeddings"]),
    ("attn_logit_softcapping", ["attn_logit_softcapping"]),
    ("final_logit_softcapping", ["final_logit_softcapping"]),
    ("expert_count", ["num_local_experts"]),
    ("expert_used_count", ["num_experts_per_tok"]),
    ("use_parallel_residual", ["use_parallel_residual"]),
]


def renamed(name, rules):
    for old, new in rules:
        name = name.replace(old, new)
    return name


def metadata_of(family, config, key):
    metadata = {}
    for name, fields in FIELDS:
        for field in fields:
            if config.get(field) is not None:
                value = config[field]
                metadata[key(name)] = float(value) if name.startswith("rope.freq_base") else value
    epsilon = config.get("rms_norm_eps") or config.get("layer_norm_eps") or config["layer_norm_epsilon"]
    layer_norm = family in ("gpt2", "gpt_neox", "bloom")
    metadata[key("attention.layer_norm_epsilon" if layer_norm else "attention.layer_norm_rms_epsilon")] = epsilon
    size = config.get("head_dim") or config.get("hidden_size", 0) // config.get("num_attention_heads", 1)
    if "rope_theta" in config or "rotary_pct" in config:
        metadata[key("rope.dimension_count")] = int(size * config.get("partial_rotary_factor", config.get("rotary_pct", 1)))
    if family in ("gemma2", "gemma3_text", "phi3", "exaone4"):
        metadata[key("attention.sliding_window")] = config["sliding_window"]
    if family == "gemma3_text":
        metadata |= {key("rope.scaling.type"): "linear", key("rope.scaling.factor"): 8.0, key("attention.sliding_window_pattern"): 3}
    if family == "phi3":
        metadata |= {key("rope.scaling.original_context_length"): 23, key("rope.scaling.attn_factor"): 1.25}
    if family == "bloom":
        metadata |= {key("feed_forward_length"): 4 * config["hidden_size"], key("context_length"): 2048}
    return metadata


def numbers_of(family, config, short, numbers):
    if family in ("llama", "mixtral") and ".attn_q." in short:
        return neighbours(numbers, config["num_attention_heads"])
    if family in ("llama", "mixtral") and ".attn_k." in short:
        return neighbours(numbers, config["num_key_value_heads"])
    if family.startswith("gemma") and "norm." in short:
        return numbers + np.float32(1)
    if family == "gpt2" and numbers.ndim == 2 and short.startswith("blk."):
        return numbers.T
    if family in ("gpt_neox", "bloom") and "attn_qkv" in short:
        return kinds_apart(numbers, config.get("n_head") or config["num_attention_heads"])
    return numbers


def stored(numbers, kind=np.float32):
    data = np.ascontiguousarray(numbers.astype(kind))
    return (data.shape, 1 if kind == np.float16 else 0, data.tobytes())


for family, architecture, rules in FAMILIES:
    config = json.load(open(os.path.join(families, family, "config.json")))
    source = read_safetensors(os.path.join(families, family, "model.safetensors"))
    key = lambda name: f"{architecture}.{name}"
    metadata = {"general.architecture": architecture, "tokenizer.ggml.model": "no_vocab"} | metadata_of(family, config, key)
    tensors, experts = {}, {}
    if family in ("llama", "exaone"):
        # Llama 3's rule (factor 3, 8192 positions at first), as one divisor for each pair; a base at which it does something
        base = metadata[key("rope.freq_base")] = 1e7
        wavelength = 2 * np.pi * base ** (np.arange(0, config["head_dim"], 2) / config["head_dim"])
        smooth = np.clip((8192 / wavelength - 1) / (4 - 1), 0, 1)
        tensors["rope_freqs.weight"] = stored(1 / ((1 - smooth) / 3.0 + smooth))
    if family == "phi3":
        for which in ("short", "long"):
            tensors[f"rope_factors_{which}.weight"] = stored(np.array(config["rope_scaling"][f"{which}_factor"]))
    for name, numbers in source.items():
        short = renamed(name, rules)
        expert = re.match(r"blk\.(\d+)\.block_sparse_moe\.experts\.(\d+)\.w(\d)\.weight", short)
        if expert:
            layer, _, which = expert.groups()
            kind = {"1": "gate", "2": "down", "3": "up"}[which]
            experts.setdefault(f"blk.{layer}.ffn_{kind}_exps.weight", []).append(numbers)
            continue
        kind = np.float16 if family == "qwen3" and numbers.ndim == 2 else np.float32
        tensors[short] = stored(numbers_of(family, config, short, numbers), kind)
    for name, each in experts.items():
        tensors[name] = stored(np.stack(each))
    write_gguf(f"{family}.gguf", metadata, tensors)
    if family == "qwen3":
        # The same in two parts
        names = list(tensors)
        for number, part in enumerate((names[:9], names[9:])):
            split = {"split.no": number, "split.count": 2, "split.tensors.count": len(names)}
            write_gguf(f"parts-{number + 1:05}-of-00002.gguf", (metadata if number == 0 else {"general.architecture": architecture}) | split, {name: tensors[name] for name in part})
