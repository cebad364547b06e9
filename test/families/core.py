"""What the reference programs share: parameters drawn from a seed, safetensors, and attention in double precision.

A stage is recorded under the name that docs/formats.md gives it. Nothing here is taken from the engine.
"""
import json
import math
import os
import struct
import zlib

import numpy as np


class Parameters:
    """Draws each tensor when it is first asked for, from its own name, so that a checkpoint holds what its model reads."""

    def __init__(self, seed):
        self.seed, self.tensors = seed, {}

    def __call__(self, name, *shape):
        if name not in self.tensors:
            rng = np.random.default_rng(zlib.crc32(f"{self.seed} {name}".encode()))
            x = rng.standard_normal(shape)
            if len(shape) == 1:
                x = 0.3 * x + (1 if name.endswith("weight") and "minus1" not in self.seed else 0)
            elif "embed" not in name and "wte" not in name and "wpe" not in name and "shared" not in name:
                x *= 1.5 / math.sqrt(shape[1])
            self.tensors[name] = x.astype(np.float32)
        assert self.tensors[name].shape == tuple(shape), (name, self.tensors[name].shape, shape)
        return self.tensors[name].astype(np.float64)


def write(path, tensors):
    header, blobs, at = {}, [], 0
    for name, x in tensors.items():
        x = np.ascontiguousarray(x)
        kind = {"float32": "F32", "int32": "I32"}[x.dtype.name]
        header[name] = {"dtype": kind, "shape": list(x.shape), "data_offsets": [at, at + x.nbytes]}
        blobs.append(x.tobytes())
        at += x.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def save(folder, config, p, stages):
    os.makedirs(folder, exist_ok=True)
    open(f"{folder}/config.json", "w").write(json.dumps(config, indent=1) + "\n")
    write(f"{folder}/model.safetensors", p.tensors)
    write(f"{folder}/expected.safetensors", {n: np.asarray(x, np.int32 if n.lower().endswith("ids") else np.float32) for n, x in stages.items()})


def layer_norm(x, weight, bias=0.0, eps=1e-5):
    m = x.mean(-1, keepdims=True)
    return (x - m) / np.sqrt(((x - m) ** 2).mean(-1, keepdims=True) + eps) * weight + bias


def rms_norm(x, weight, eps=1e-6):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + eps) * weight


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


erf = np.vectorize(math.erf)
ACT = {
    "gelu": lambda x: 0.5 * x * (1 + erf(x / math.sqrt(2))),
    "gelu_new": lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "relu": lambda x: np.maximum(x, 0),
    "silu": lambda x: x * sigmoid(x),
    "tanh": np.tanh,
}
ACT["gelu_pytorch_tanh"] = ACT["gelu_new"]


def heads(x, count):
    """[positions, heads * size] -> [head, position, size]"""
    return x.reshape(x.shape[0], count, -1).transpose(1, 0, 2)


def rope(x, inv_freq, magnitude=1.0):
    """The first 2 * len(inv_freq) numbers of each head are turned, halves against each other (rotate_half)."""
    n, r = x.shape[1], 2 * len(inv_freq)
    angle = np.arange(n)[:, None] * np.concatenate([inv_freq, inv_freq])[None]
    cos, sin = np.cos(angle) * magnitude, np.sin(angle) * magnitude
    y, rest = x[..., :r], x[..., r:]
    half = np.concatenate([-y[..., r // 2 :], y[..., : r // 2]], -1)
    return np.concatenate([y * cos + half * sin, rest], -1)


def attend(stages, place, q, k, v, output, *, scale, causal=False, window=None, softcap=None, bias=None):
    """q [h, n, s], k and v [g, m, s]; output is W_O [hidden, h * s]. Returns the sum over heads, without W_O's bias.

    window (a, b): keys from position - a to position + b.
    """
    stages[f"{place}.query"], stages[f"{place}.key"], stages[f"{place}.value"] = q, k, v
    repeat = q.shape[0] // k.shape[0]
    k, v = np.repeat(k, repeat, 0), np.repeat(v, repeat, 0)
    scores = scale * (q @ k.transpose(0, 2, 1))
    if softcap:
        scores = softcap * np.tanh(scores / softcap)
    stages[f"{place}.scores"] = scores
    i, j = np.arange(q.shape[1])[:, None], np.arange(k.shape[1])[None]
    hidden = np.zeros(scores.shape[1:], bool)
    if causal:
        hidden |= j > i
    if window:
        hidden |= (j < i - window[0]) | (j > i + window[1])
    masked = np.where(hidden, -np.inf, scores + (0 if bias is None else bias))
    weights = softmax(masked)
    mixed = weights @ v
    s = mixed.shape[2]
    each = np.stack([mixed[h] @ output[:, h * s : (h + 1) * s].T for h in range(len(mixed))])
    stages[f"{place}.maskedScores"], stages[f"{place}.weights"] = masked, weights
    stages[f"{place}.mixed"], stages[f"{place}.headOutput"] = mixed, each
    return each.sum(0)
