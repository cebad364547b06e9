"""Ranks and copying scores of every head of a few tiny checkpoints, from their files alone.

    python3 test/families/circuits.py > test/families/circuits.json

numpy in double precision, from Elhage et al. 2021 and Roy & Vetterli 2007. A norm is linear but for the length that it
divides by, so it is taken as what it does to each axis of the stream before that division: LayerNorm takes the mean away
and multiplies by its gain, RMSNorm only multiplies, Gemma's by 1 + what is stored.
"""
import json
import os
import struct

import numpy as np

here = os.path.dirname(os.path.abspath(__file__))


def load(name):
    """A checkpoint's tensors and config. Headers of safetensors: 8 bytes of length, then JSON."""
    raw = open(f"{here}/{name}/model.safetensors", "rb").read()
    size = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + size])
    data = raw[8 + size:]
    tensors = {key: np.frombuffer(data[slice(*at["data_offsets"])], "<f4").reshape(at["shape"]).astype(np.float64)
               for key, at in header.items() if key != "__metadata__"}
    return tensors, json.load(open(f"{here}/{name}/config.json"))


def layer_norm(gain):
    return lambda x: (x - x.mean(-1, keepdims=True)) * gain


def rms_norm(gain):
    return lambda x: x * gain


def gpt2(t, c):
    """Rows of x stand left of its matrices: x @ W. One matrix holds query, key and value."""
    d, heads = c["n_embd"], c["n_head"]
    size = d // heads
    for n in range(c["n_layer"]):
        at = f"transformer.h.{n}"
        q, k, v = np.split(t[f"{at}.attn.c_attn.weight"], 3, axis=1)
        for h in range(heads):
            own = slice(h * size, (h + 1) * size)
            yield layer_norm(t[f"{at}.ln_1.weight"]), q[:, own], k[:, own], v[:, own], t[f"{at}.attn.c_proj.weight"][own]


def llama(t, c, plus=0.0):
    """Rows of x stand left of transposed matrices: x @ W.T. Several heads share a key and a value."""
    size, heads, shared = c["head_dim"], c["num_attention_heads"], c["num_key_value_heads"]
    for n in range(c["num_hidden_layers"]):
        at = f"model.layers.{n}"
        q, k, v, o = (t[f"{at}.self_attn.{name}_proj.weight"].T for name in "qkvo")
        # The norms of queries and keys (Qwen 3): gains of a head's own numbers.
        gains = [t.get(f"{at}.self_attn.{name}_norm.weight", np.ones(size)) for name in "qk"]
        for h in range(heads):
            own = slice(h * size, (h + 1) * size)
            key = h // (heads // shared)
            theirs = slice(key * size, (key + 1) * size)
            before = rms_norm(plus + t[f"{at}.input_layernorm.weight"])
            yield before, q[:, own] * gains[0], k[:, theirs] * gains[1], v[:, theirs], o[own]


def effective_rank(matrix):
    s = np.linalg.svd(matrix, compute_uv=False)
    p = s / s.sum()
    p = p[p > 1e-15]
    return float(np.exp(-(p * np.log(p)).sum()))


def figures(heads, embedding, last, unembedding):
    axes = np.eye(embedding.shape[1])
    for before, q, k, v, o in heads:
        seen = before(axes)
        tokens = before(embedding) @ v @ o
        eigen = np.linalg.eigvals(last(tokens) @ unembedding.T)
        eigen = eigen[np.abs(eigen) > 1e-9 * np.abs(eigen).max()]
        yield dict(queryKeyRank=effective_rank(seen @ q @ (seen @ k).T), outputValueRank=effective_rank(seen @ v @ o),
                   copying=float(eigen.real.sum() / np.abs(eigen).sum()))


def main():
    result = {}
    t, c = load("gpt2")
    wte = t["transformer.wte.weight"]
    result["gpt2"] = list(figures(gpt2(t, c), wte, layer_norm(t["transformer.ln_f.weight"]), t.get("lm_head.weight", wte)))
    for name, plus in (("llama", 0.0), ("qwen3", 0.0), ("gemma", 1.0)):
        t, c = load(name)
        embedding = t["model.embed_tokens.weight"]
        last = rms_norm(plus + t["model.norm.weight"])
        result[name] = list(figures(llama(t, c, plus), embedding, last, t.get("lm_head.weight", embedding)))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
