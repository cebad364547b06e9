"""Writes expected.json: forward values and gradients by PyTorch in double precision, for gradients.test.ts.

Inputs are sin(seed + 1.7 i), so that both sides make them; the loss is the sum of out * cos(0.9 i).
Run: python3 src/tensor/expected.py > src/tensor/expected.json
"""
import json
import math
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def drawn(seed, *shape):
    count = math.prod(shape)
    return torch.tensor([math.sin(seed + 1.7 * i) for i in range(count)]).reshape(shape).requires_grad_()


def attend(query, key, value):
    """batch 2, heads 4 on 2 key heads, 5 queries, 7 keys (the second item has 4), window 3 to the left, scale 0.5, soft-cap 1.5"""
    q = query.reshape(2, 5, 4, 3).transpose(1, 2)
    k = key.reshape(2, 7, 2, 3).transpose(1, 2).repeat_interleave(2, 1)
    v = value.reshape(2, 7, 2, 2).transpose(1, 2).repeat_interleave(2, 1)
    scores = 1.5 * torch.tanh(q @ k.transpose(2, 3) * 0.5 / 1.5)
    i, j = torch.arange(5)[:, None], torch.arange(7)[None, :]
    seen = (j >= i - 3)[None] & (j[None] < torch.tensor([7, 4])[:, None, None])
    weights = torch.softmax(scores.masked_fill(~seen[:, None], -math.inf), -1)
    return (weights @ v).transpose(1, 2).reshape(10, 8)


def rotate(x):
    """batch 1, 3 positions, 2 heads of 5, the first 4 rotated, halves apart; angle = position * (c + 1) * 0.3"""
    heads = x.reshape(3, 2, 5)
    angle = torch.arange(3.0)[:, None, None] * torch.tensor([0.3, 0.6])
    a, b = heads[..., :2], heads[..., 2:4]
    return torch.cat([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos(), heads[..., 4:]], -1).reshape(3, 10)


targets = torch.tensor([1, -1, 0, 6, 2])
cases = {
    "matmul": (lambda x, y: x @ y, drawn(1, 3, 5), drawn(2, 5, 7)),
    "matmulLeftTransposed": (lambda x, y: x.T @ y, drawn(1, 5, 3), drawn(2, 5, 7)),
    "matmulRightTransposed": (lambda x, y: x @ y.T, drawn(1, 3, 5), drawn(2, 7, 5)),
    "matmulBothTransposed": (lambda x, y: x.T @ y.T, drawn(1, 5, 3), drawn(2, 7, 5)),
    "linear": (lambda x, w, b: F.linear(x, w, b), drawn(1, 3, 5), drawn(2, 7, 5), drawn(3, 7)),
    "add": (lambda x, y: x + y, drawn(1, 3, 5), drawn(2, 5)),
    "multiply": (lambda x, y: x * y, drawn(1, 3, 5), drawn(2, 3, 5)),
    "scale": (lambda x: x * -2.5, drawn(1, 3, 5)),
    "reshape": (lambda x: (x * 2).reshape(5, 3) * 1, drawn(1, 3, 5)),
    "gelu": (lambda x: F.gelu(3 * x), drawn(1, 11)),
    "geluTanh": (lambda x: 0.5 * 3 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (3 * x + 0.044715 * (3 * x) ** 3))), drawn(1, 11)),
    "relu": (lambda x: F.relu(3 * x), drawn(1, 11)),
    "silu": (lambda x: F.silu(3 * x), drawn(1, 11)),
    "tanh": (lambda x: torch.tanh(3 * x), drawn(1, 11)),
    "softmax": (lambda x: F.softmax(x, -1), drawn(1, 3, 7)),
    "layerNorm": (lambda x, w, b: F.layer_norm(x, (7,), w, b, 1e-5), drawn(1, 3, 7), drawn(2, 7), drawn(3, 7)),
    "rmsNorm": (lambda x, w: x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-5) * w, drawn(1, 3, 7), drawn(2, 7)),
    "embed": (lambda table: table[torch.tensor([4, 0, 4])], drawn(1, 5, 3)),
    "attend": (attend, drawn(1, 10, 12), drawn(2, 14, 6), drawn(3, 14, 4)),
    "rotate": (rotate, drawn(1, 3, 10)),
    "crossEntropy": (lambda x: F.cross_entropy(x, targets, ignore_index=-1).reshape(1), drawn(1, 5, 7)),
}

result = {}
for name, (operation, *inputs) in cases.items():
    out = operation(*inputs)
    flat = out.reshape(-1)
    (flat * torch.cos(0.9 * torch.arange(flat.numel()))).sum().backward()
    numbers = lambda t: [float(f"{x:.9g}") for x in t.reshape(-1).tolist()]
    result[name] = {"out": numbers(out), "gradients": [numbers(x.grad) for x in inputs]}
print(json.dumps(result, separators=(",", ":")))
