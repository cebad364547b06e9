"""Writes the files of this folder: python3 make.py (Debian: python3-numpy, python3-torch).

PyTorch's files come from PyTorch. GGUF files are written here from the format's description; quantised blocks are
random bytes (with sane scales), and what they stand for is computed by unpacking their bits with numpy.
"""
import argparse
import collections
import json
import os
import pickle
import struct
import zipfile

import numpy as np
import torch

here = os.path.dirname(os.path.abspath(__file__))
place = lambda name: os.path.join(here, name)


# --- PyTorch ---------------------------------------------------------------------------------------------------------
def counted(*shape, dtype=torch.float32, start=0):
    size = int(np.prod(shape))
    return (torch.arange(start, start + size, dtype=torch.float32) / 4 - 1).reshape(shape).to(dtype)


shared = counted(4, 3)
state = collections.OrderedDict(
    [
        ("plain", counted(2, 3)),
        ("half", counted(5, dtype=torch.float16)),
        ("brain", counted(5, dtype=torch.bfloat16)),
        ("double", counted(2, dtype=torch.float64)),
        ("long", torch.tensor([1, -2, 3], dtype=torch.int64)),
        ("flags", torch.tensor([True, False])),
        ("transposed", counted(2, 3).t()),
        ("rows", shared[1:3]),
        ("column", shared[:, 1]),
        ("parameter", torch.nn.Parameter(counted(2))),
        ("scalar", torch.tensor(7.0)),
        ("empty", torch.zeros(0, 3)),
    ]
)
torch.save(state, place("zip.bin"))
torch.save(state, place("old.bin"), _use_new_zipfile_serialization=False)
model = torch.nn.Linear(2, 3)
with torch.no_grad():
    model.weight.copy_(counted(3, 2))
    model.bias.copy_(counted(3))
torch.save(model.state_dict(), place("linear.bin"))  # an OrderedDict with _metadata
torch.save({"model": state, "epoch": 3}, place("training.bin"))


# --- Hostile pickles, in a zip as PyTorch writes it --------------------------------------------------------------------
class Call:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def hostile(name, payload):
    with zipfile.ZipFile(place(name), "w", zipfile.ZIP_STORED) as file:
        file.writestr(zipfile.ZipInfo("x/data.pkl", (1980, 1, 1, 0, 0, 0)), payload)


hostile("system.bin", pickle.dumps({"a": Call(os.system, "echo owned")}, 2))
hostile("eval.bin", pickle.dumps(Call(eval, "1 + 1"), 2))
hostile("nested.bin", pickle.dumps(Call(collections.OrderedDict, [Call(eval, "1")]), 2))
hostile("dictionary.bin", pickle.dumps(Call(collections.OrderedDict, [("a", 1)]), 2))
hostile("object.bin", pickle.dumps(argparse.Namespace(a=1), 2))
hostile("protocol4.bin", pickle.dumps({"a": 1}, 4))
hostile("instance.bin", b"(ios\nsystem\n.")


# --- GGUF --------------------------------------------------------------------------------------------------------------
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


def q4_k(blocks):
    d, m, s, q = half(blocks), half(blocks), raw(blocks, 12), raw(blocks, 128)
    b = bits(s).reshape(blocks, 12, 8)
    # 6-bit numbers: groups 0 to 3 whole in bytes 0-3 (scales) and 4-7 (offsets); groups 4 to 7 in halves of bytes 8-11,
    # their two upper bits in the spare bits of bytes 0-3 (scales) and 4-7 (offsets)
    scales = np.concatenate([number(b[:, 0:4, :6]), number(np.concatenate([b[:, 8:12, :4], b[:, 0:4, 6:]], 2))], 1)
    offsets = np.concatenate([number(b[:, 4:8, :6]), number(np.concatenate([b[:, 8:12, 4:], b[:, 4:8, 6:]], 2))], 1)
    nibbles = q.reshape(blocks, 4, 1, 32) >> np.array([0, 4], dtype=np.uint8).reshape(1, 1, 2, 1) & 15
    numbers = nibbles.reshape(blocks, 8, 32).astype(np.float64)
    scale = d.astype(np.float64) * scales
    offset = m.astype(np.float64) * offsets
    return bytes_of(d, m, s, q), (scale[:, :, None] * numbers - offset[:, :, None]).reshape(blocks, 256)


def q6_k(blocks):
    low, high, s, d = raw(blocks, 128), raw(blocks, 64), raw(blocks, 16), half(blocks)
    lower = np.stack([low.reshape(blocks, 2, 64) & 15, low.reshape(blocks, 2, 64) >> 4], 2).reshape(blocks, 2, 128)
    upper = np.stack([high.reshape(blocks, 2, 32) >> shift & 3 for shift in (0, 2, 4, 6)], 2).reshape(blocks, 2, 128)
    numbers = (lower.astype(int) + 16 * upper.astype(int) - 32).reshape(blocks, 16, 16)
    scale = d.astype(np.float64) * s.view(np.int8)
    return bytes_of(low, high, s, d), (scale[:, :, None] * numbers).reshape(blocks, 256)


expected, tensors = {}, {}
for key, kind, make, shape in [
    ("q8_0", 8, q8_0, (3, 64)),
    ("q4_0", 2, q4_0, (3, 64)),
    ("q4_k", 12, q4_k, (2, 512)),
    ("q6_k", 14, q6_k, (2, 512)),
]:
    size = 256 if key.endswith("k") else 32
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


llama_names = [
    ("model.embed_tokens.", "token_embd."),
    ("model.norm.", "output_norm."),
    ("lm_head.", "output."),
    ("model.layers.", "blk."),
    ("input_layernorm", "attn_norm"),
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"),
    ("self_attn.o_proj", "attn_output"),
    ("self_attn.q_norm", "attn_q_norm"),
    ("self_attn.k_norm", "attn_k_norm"),
    ("mlp.gate_proj", "ffn_gate"),
    ("mlp.up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
]
plain_norm = [("post_attention_layernorm", "ffn_norm")]
gemma_norms = [
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


def renamed(name, rules):
    for old, new in rules:
        name = name.replace(old, new)
    return name


for family in ["llama", "qwen2", "qwen3", "gemma2", "gpt2"]:
    config = json.load(open(os.path.join(families, family, "config.json")))
    source = read_safetensors(os.path.join(families, family, "model.safetensors"))
    key = lambda name: f"{family}.{name}"
    metadata = {"general.architecture": family, "tokenizer.ggml.model": "no_vocab"}
    tensors = {}
    if family == "gpt2":
        metadata |= {
            key("embedding_length"): config["n_embd"],
            key("block_count"): config["n_layer"],
            key("attention.head_count"): config["n_head"],
            key("feed_forward_length"): config["n_inner"],
            key("context_length"): config["n_positions"],
            key("attention.layer_norm_epsilon"): config["layer_norm_epsilon"],
        }
        rules = gpt2_names
    else:
        metadata |= {
            key("embedding_length"): config["hidden_size"],
            key("block_count"): config["num_hidden_layers"],
            key("attention.head_count"): config["num_attention_heads"],
            key("attention.head_count_kv"): config["num_key_value_heads"],
            key("attention.key_length"): config["head_dim"],
            key("attention.value_length"): config["head_dim"],
            key("rope.dimension_count"): config["head_dim"],
            key("rope.freq_base"): config["rope_theta"],
            key("feed_forward_length"): config["intermediate_size"],
            key("context_length"): config["max_position_embeddings"],
            key("attention.layer_norm_rms_epsilon"): config["rms_norm_eps"],
        }
        rules = llama_names + (gemma_norms if family == "gemma2" else plain_norm)
    if family == "gemma2":
        metadata |= {
            key("attn_logit_softcapping"): config["attn_logit_softcapping"],
            key("final_logit_softcapping"): config["final_logit_softcapping"],
            key("attention.sliding_window"): config["sliding_window"],
        }
    if family == "llama":
        # Llama 3's rule (factor 3, 8192 positions at first), as one divisor for each pair; a base at which it does something
        base = metadata[key("rope.freq_base")] = 1e7
        wavelength = 2 * np.pi * base ** (np.arange(0, config["head_dim"], 2) / config["head_dim"])
        smooth = np.clip((8192 / wavelength - 1) / (4 - 1), 0, 1)
        divisors = (1 / ((1 - smooth) / 3.0 + smooth)).astype(np.float32)
        tensors["rope_freqs.weight"] = (divisors.shape, 0, divisors.tobytes())
    for name, numbers in source.items():
        short = renamed(name, rules)
        if family == "llama" and ".attn_q." in short:
            numbers = neighbours(numbers, config["num_attention_heads"])
        if family == "llama" and ".attn_k." in short:
            numbers = neighbours(numbers, config["num_key_value_heads"])
        if family == "gemma2" and "norm." in short:
            numbers = numbers + np.float32(1)
        if family == "gpt2" and numbers.ndim == 2 and short.startswith("blk."):
            numbers = numbers.T
        half_type = family == "qwen3" and numbers.ndim == 2
        data = np.ascontiguousarray(numbers.astype(np.float16 if half_type else np.float32))
        tensors[short] = (data.shape, 1 if half_type else 0, data.tobytes())
    write_gguf(f"{family}.gguf", metadata, tensors)
