"""BERT in double precision with NumPy, written from Devlin et al. (2019) and the layout that Hugging Face publishes.

python3 bert_reference.py FOLDER ID,ID,...  prints {stage: {shape, data}} as JSON.
"""
import json
import math
import struct
import sys

import numpy as np

folder, ids = sys.argv[1], [int(x) for x in sys.argv[2].split(",")]
config = json.load(open(f"{folder}/config.json"))
raw = open(f"{folder}/model.safetensors", "rb").read()
length = struct.unpack("<Q", raw[:8])[0]
header = json.loads(raw[8 : 8 + length])


def p(name):
    entry = header[name]
    start, end = entry["data_offsets"]
    return np.frombuffer(raw[8 + length + start : 8 + length + end], "<f4").reshape(entry["shape"]).astype(np.float64)


def dense(x, name):
    return x @ p(f"{name}.weight").T + p(f"{name}.bias")


def norm(x, name):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + config["layer_norm_eps"]) * p(f"{name}.weight") + p(f"{name}.bias")


def gelu(x):
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


n, heads = len(ids), config["num_attention_heads"]
split = lambda x: x.reshape(n, heads, -1).transpose(1, 0, 2)
stages = {}
e = "bert.embeddings"
x = norm(p(f"{e}.word_embeddings.weight")[ids] + p(f"{e}.position_embeddings.weight")[:n] + p(f"{e}.token_type_embeddings.weight")[0], f"{e}.LayerNorm")
stages["embeddings"] = x
for i in range(config["num_hidden_layers"]):
    at, name = f"bert.encoder.layer.{i}", f"layers.{i}"
    q, k, v = (split(dense(x, f"{at}.attention.self.{part}")) for part in ("query", "key", "value"))
    scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1])
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    mixed = weights @ v
    projection = p(f"{at}.attention.output.dense.weight")
    head_output = np.stack([mixed[h] @ projection[:, h * q.shape[-1] : (h + 1) * q.shape[-1]].T for h in range(heads)])
    output = dense(mixed.transpose(1, 0, 2).reshape(n, -1), f"{at}.attention.output.dense")
    stages |= {f"{name}.query": q, f"{name}.key": k, f"{name}.value": v, f"{name}.scores": scores, f"{name}.weights": weights}
    stages |= {f"{name}.mixed": mixed, f"{name}.headOutput": head_output, f"{name}.attentionOutput": output}
    x = norm(x + output, f"{at}.attention.output.LayerNorm")
    stages[f"{name}.feedForward"] = fed = dense(gelu(dense(x, f"{at}.intermediate.dense")), f"{at}.output.dense")
    x = norm(x + fed, f"{at}.output.LayerNorm")
    stages[f"{name}.output"] = x
c = "cls.predictions"
x = norm(gelu(dense(x, f"{c}.transform.dense")), f"{c}.transform.LayerNorm")
stages["logits"] = x @ p(f"{e}.word_embeddings.weight").T + p(f"{c}.bias")
print(json.dumps({name: {"shape": list(s.shape), "data": s.ravel().tolist()} for name, s in stages.items()}))
