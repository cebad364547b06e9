"""Independent numbers for the tests of the lens: numpy in double precision, written from the papers.

    python3 src/lens/expected.py > src/lens/expected.json

Two tiny transformers with sine-shaped parameters (tiny.testing.ts has the same formula), one as GPT-2, one as BERT.
Everything is computed the plain way: whole matrices, loops over pairs, finite differences for gradients.
"""
import json
import math

import numpy as np

D, H, S, L, F, P, V = 12, 3, 4, 2, 7, 13, 11
IDS = [3, 7, 1, 3, 9, 7, 5]
N = len(IDS)


def tiny(name, *shape):
    phase = sum(ord(letter) for letter in name)
    base = 1.0 if name.endswith("orm.weight") else 0.0
    numbers = base + 0.4 * np.sin(3.7 * np.arange(math.prod(shape)) + phase)
    return numbers.astype(np.float32).astype(np.float64).reshape(shape)


def erf(x):
    return np.vectorize(math.erf)(x)


def gelu(x):
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def normalise(x, epsilon):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon)


class Tiny:
    def __init__(self, kind):
        self.kind = kind
        self.causal = kind == "gpt2"
        self.pre = kind == "gpt2"
        self.epsilon = 1e-5 if kind == "gpt2" else 1e-12
        self.act = gelu_tanh if kind == "gpt2" else gelu
        self.token = tiny("embeddings.token", V, D)
        self.position = tiny("embeddings.position", P, D)
        self.type = None if kind == "gpt2" else tiny("embeddings.tokenType", 1, D)
        self.layers = []
        for n in range(L):
            pair = lambda name, *shape: (tiny(f"layers.{n}.{name}.weight", *shape), tiny(f"layers.{n}.{name}.bias", shape[0]))
            self.layers.append({
                "query": pair("query", D, D), "key": pair("key", D, D), "value": pair("value", D, D),
                "attentionOutput": pair("attentionOutput", D, D), "attentionNorm": pair("attentionNorm", D),
                "inner": pair("inner", F, D), "outer": pair("outer", D, F), "outputNorm": pair("outputNorm", D),
            })
        if self.pre:
            self.final = (tiny("finalNorm.weight", D), tiny("finalNorm.bias", D))
            self.decoder = tiny("head.decoder.weight", V, D)
        else:
            self.embedNorm = (tiny("embeddings.norm.weight", D), tiny("embeddings.norm.bias", D))
            self.transform = (tiny("head.transform.weight", D, D), tiny("head.transform.bias", D))
            self.headNorm = (tiny("head.norm.weight", D), tiny("head.norm.bias", D))
            self.decoderBias = tiny("head.decoder.bias", V)

    def norm(self, x, pair):
        return normalise(x, self.epsilon) * pair[0] + pair[1]

    def embed(self):
        x = self.token[IDS] + self.position[:N]
        if self.type is not None:
            x = self.norm(x + self.type[0], self.embedNorm)
        return x

    def heads(self, x):
        return x.reshape(N, H, S).transpose(1, 0, 2)

    def logits(self, x):
        if self.pre:
            return self.norm(x, self.final) @ self.decoder.T
        y = self.norm(gelu(x @ self.transform[0].T + self.transform[1]), self.headNorm)
        return y @ self.token.T + self.decoderBias

    def run(self, embedded=None, change=None):
        """All stages. `change(stage, layer, array)` may put another array in place of any of them but query and key."""
        change = change or (lambda stage, layer, array: array)
        x = self.embed() if embedded is None else embedded
        out = []
        for n, p in enumerate(self.layers):
            x = change("input", n, x)
            into = self.norm(x, p["attentionNorm"]) if self.pre else x
            q, k, v = (self.heads(into @ p[name][0].T + p[name][1]) for name in ("query", "key", "value"))
            v = change("value", n, v)
            scores = change("scores", n, q @ k.transpose(0, 2, 1) / math.sqrt(S))
            masked = np.where(np.tril(np.ones((N, N), bool)), scores, -np.inf) if self.causal else scores
            masked = change("maskedScores", n, masked)
            weights = np.exp(masked - masked.max(-1, keepdims=True))
            weights = change("weights", n, weights / weights.sum(-1, keepdims=True))
            mixed = change("mixed", n, weights @ v)
            wo = p["attentionOutput"][0]
            head_output = change("headOutput", n, np.stack([mixed[h] @ wo[:, h * S:(h + 1) * S].T for h in range(H)]))
            attention = head_output.sum(0) + p["attentionOutput"][1]
            middle = x + attention
            if not self.pre:
                middle = self.norm(middle, p["attentionNorm"])
            fed = self.norm(middle, p["outputNorm"]) if self.pre else middle
            fed = self.act(fed @ p["inner"][0].T + p["inner"][1]) @ p["outer"][0].T + p["outer"][1]
            fed = change("feedForward", n, fed)
            output = middle + fed
            if not self.pre:
                output = self.norm(output, p["outputNorm"])
            out.append(dict(input=x, into=into, query=q, key=k, value=v, scores=scores, weights=weights, mixed=mixed,
                            headOutput=head_output, attention=attention, middle=middle, fed=fed, output=output))
            x = output
        return out, x, change("logits", None, self.logits(x))


def pattern(weights, causal):
    rows = range(N)
    seen = [range(i + 1) if causal else range(N) for i in rows]

    def over(pairs):
        """pairs: (query, keys) that count."""
        pairs = [(i, [j for j in keys if j in seen[i]]) for i, keys in pairs]
        pairs = [(i, keys) for i, keys in pairs if keys]
        return dict(value=float(np.mean([sum(weights[i, j] for j in keys) for i, keys in pairs])),
                    uniform=float(np.mean([len(keys) / len(seen[i]) for i, keys in pairs])), count=len(pairs))
    entropies = [-sum(w * math.log(w) for w in weights[i] if w > 0) for i in rows]
    result = {
        "entropy": dict(value=float(np.mean(entropies)), uniform=float(np.mean([math.log(len(s)) for s in seen])), count=N),
        "distance": dict(value=float(np.mean([sum(weights[i, j] * abs(i - j) for j in seen[i]) for i in rows])),
                         uniform=float(np.mean([np.mean([abs(i - j) for j in seen[i]]) for i in rows])), count=N),
        "sink": over([(i, [0]) for i in range(1, N)]),
        "self": over([(i, [i]) for i in rows]),
        "previous": over([(i, [i - 1]) for i in range(1, N)]),
        "duplicate": over([(i, [j for j in rows if j != i and IDS[j] == IDS[i]]) for i in rows]),
        "induction": over([(i, [j for j in rows if j > 0 and j != i and j - 1 != i and IDS[j - 1] == IDS[i]]) for i in rows]),
    }
    if not causal:
        result["next"] = over([(i, [i + 1]) for i in range(N - 1)])
    result["profile"] = {str(d): float(np.mean([weights[i, i + d] for i in rows if 0 <= i + d < N]))
                         for d in range(-3, 1 if causal else 4)}
    return result


def effective_rank(matrix):
    s = np.linalg.svd(matrix, compute_uv=False)
    p = s / s.sum()
    p = p[p > 1e-300]
    return float(np.exp(-(p * np.log(p)).sum()))


def circuits(model):
    found = []
    for p in model.layers:
        # LayerNorm but for its length: centre, then gain.
        centre = np.eye(D) - 1 / D
        before = p["attentionNorm"][0][:, None] * centre if model.pre else np.eye(D)
        for h in range(H):
            part = slice(h * S, (h + 1) * S)
            q, k, v = ((p[name][0] @ before)[part] for name in ("query", "key", "value"))
            o = p["attentionOutput"][0][:, part]
            unembed = model.decoder @ (model.final[0][:, None] * centre) if model.pre else model.token
            eigen = np.linalg.eigvals(unembed @ o @ v @ model.token.T)
            eigen = eigen[np.abs(eigen) > 1e-9 * np.abs(eigen).max()]
            found.append(dict(queryKeyRank=effective_rank(q.T @ k), outputValueRank=effective_rank(o @ v),
                              copying=float(eigen.real.sum() / np.abs(eigen).sum())))
    return found


def norms(model, stages, n):
    s, p = stages[n], model.layers[n]
    wo, bv = p["attentionOutput"][0], p["value"][1].reshape(H, S)
    f = np.stack([(s["value"][h] - bv[h]) @ wo[:, h * S:(h + 1) * S].T for h in range(H)])  # head, key, D
    each = np.einsum("hij,hjd->hijd", s["weights"], f)
    together = each.sum(0)
    whole = s["input"] + s["attention"]

    def frozen(vector, i):
        if model.pre:
            return vector
        sigma = math.sqrt(((whole[i] - whole[i].mean()) ** 2).mean() + model.epsilon)
        return (vector - vector.mean()) / sigma * p["attentionNorm"][0]
    with_residual, mixing = np.zeros((N, N)), []
    for i in range(N):
        parts = [together[i, j] + (s["input"][i] if i == j else 0) for j in range(N)]
        parts = [frozen(part, i) for part in parts]
        with_residual[i] = [np.linalg.norm(part) for part in parts]
        others = np.linalg.norm(sum(parts[j] for j in range(N) if j != i)) if N > 1 else 0.0
        mixing.append(others / (others + np.linalg.norm(parts[i])))
    return dict(head=np.linalg.norm(each, axis=-1).tolist(), contribution=np.linalg.norm(together, axis=-1).tolist(),
                withResidual=with_residual.tolist(), mixing=mixing)


def rollouts(model, stages):
    by_weights, by_norms = np.eye(N), np.eye(N)
    for n, s in enumerate(stages):
        by_weights = (0.5 * s["weights"].mean(0) + 0.5 * np.eye(N)) @ by_weights
        a = np.array(norms(model, stages, n)["withResidual"])
        by_norms = (a / a.sum(1, keepdims=True)) @ by_norms
    return dict(weights=by_weights.tolist(), contributions=by_norms.tolist(), flow=flow(stages))


def flow(stages):
    """Edmonds & Karp on the whole graph, for every pair of ends."""
    def search(room, source, sink):
        parent, queue = {source: None}, [source]
        for node in queue:
            for other, left in enumerate(room[node]):
                if left > 1e-12 and other not in parent:
                    parent[other] = node
                    queue.append(other)
                    if other == sink:
                        path = [sink]
                        while parent[path[-1]] is not None:
                            path.append(parent[path[-1]])
                        return path[::-1]
        return None
    result = []
    for top in range(N):
        row = []
        for bottom in range(N):
            room = np.zeros(((L + 1) * N, (L + 1) * N))
            for depth, s in enumerate(stages[::-1]):
                part = slice(depth * N, (depth + 1) * N), slice((depth + 1) * N, (depth + 2) * N)
                room[part] = 0.5 * s["weights"].mean(0) + 0.5 * np.eye(N)
            source, sink, total = top, L * N + bottom, 0.0
            while (path := search(room, source, sink)) is not None:
                most = min(room[a, b] for a, b in zip(path, path[1:]))
                for a, b in zip(path, path[1:]):
                    room[a, b] -= most
                    room[b, a] += most
                total += most
            row.append(total)
        result.append(row)
    return result


def edited(model, stages):
    """Logits and the last layer's output with one row of a stage replaced: its numbers backwards, and a half more."""
    result = {}
    for name, layer, place in (("scores", 0, (1, 4)), ("maskedScores", 1, (2, 6)), ("weights", 0, (2, 5)), ("mixed", 0, (1, 3)),
                               ("headOutput", 0, (1, 3)), ("feedForward", 0, (4,)), ("logits", None, (6,))):
        def change(stage, n, a):
            if (stage, n) != (name, layer):
                return a
            a = a.copy()
            row = a[place][::-1]
            a[place] = np.where(np.isfinite(row), row + 0.5, row)
            return a
        out, _, logits = model.run(change=change)
        result[name] = dict(output=out[-1]["output"].tolist(), logits=logits.tolist())
    return result


TARGET = (4, 2, 5)  # at position 4: logit of token 2 − logit of token 5


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def target(logits):
    return logits[TARGET[0], TARGET[1]] - logits[TARGET[0], TARGET[2]]


def slope(f, x, step=1e-5):
    """Central differences of a number with respect to every entry."""
    result = np.zeros_like(x)
    for at in np.ndindex(*x.shape):
        moved = x.copy()
        moved[at] += step
        high = f(moved)
        moved[at] -= 2 * step
        result[at] = (high - f(moved)) / (2 * step)
    return result


def with_stage(model, name, n):
    """The target as a function of one stage of layer n."""
    def value(array):
        return target(model.run(change=lambda stage, layer, a: array if (stage, layer) == (name, n) else a)[2])
    return value


def gradients(model, stages):
    times = [slope(with_stage(model, "weights", n), s["weights"]) * s["weights"] for n, s in enumerate(stages)]
    mixed = [slope(with_stage(model, "mixed", n), s["mixed"]) for n, s in enumerate(stages)]
    relevance = np.eye(N)
    for t in times:
        relevance = relevance + np.maximum(t, 0).mean(0) @ relevance
    x, steps = stages[0]["input"], 8
    path = [slope(lambda e: target(model.run(embedded=e)[2]), x * (k + 0.5) / steps) for k in range(steps)]
    return dict(times=np.stack(times).tolist(), relevance=relevance[TARGET[0]].tolist(),
                integrated=(x * np.mean(path, 0)).sum(1).tolist(), mixed=np.stack(mixed).tolist(),
                baseline=float(target(model.run(embedded=0 * x)[2])), value=float(target(model.run()[2])))


def zeroing(model, stages):
    result = []
    for n in range(L):
        far = np.zeros((N, N))
        for j in range(N):
            def without(stage, layer, a):
                if (stage, layer) != ("value", n):
                    return a
                a = a.copy()
                a[:, j] = 0
                return a
            moved = model.run(change=without)[0][n]["output"]
            for i in range(N):
                a, b = stages[n]["output"][i], moved[i]
                far[i, j] = 1 - a @ b / (np.linalg.norm(a) * np.linalg.norm(b))
        result.append((far / far.sum(1, keepdims=True)).tolist())
    return result


def lens(model, stages):
    states = [stages[0]["input"]] + [s["output"] for s in stages]
    return np.stack([softmax(model.logits(x))[TARGET[0]] for x in states]).tolist()


def frozen(model, pair, parts):
    """Every part through the norm of the whole; its bias joins the biases."""
    whole = sum(parts.values())
    sigma = math.sqrt(((whole - whole.mean()) ** 2).mean() + model.epsilon)
    parts = {name: (v - v.mean()) / sigma * pair[0] for name, v in parts.items()}
    parts["biases"] = parts.get("biases", 0) + pair[1]
    return parts


def stream(model, stages, layers, i):
    parts = {"token": model.token[IDS[i]], "position": model.position[i]}
    if model.type is not None:
        parts["segment"] = model.type[0]
        parts = frozen(model, model.embedNorm, parts)
    for n in range(layers):
        s, p = stages[n], model.layers[n]
        for h in range(H):
            parts[f"L{n}·H{h}"] = s["headOutput"][h, i]
        parts["biases"] = parts.get("biases", 0) + p["attentionOutput"][1]
        if not model.pre:
            parts = frozen(model, p["attentionNorm"], parts)
        parts[f"L{n}·feedForward"] = s["fed"][i]
        if not model.pre:
            parts = frozen(model, p["outputNorm"], parts)
    return parts


def why(model, stages):
    """Layer 1, head 2, query 5, key 3."""
    n, h, ends = 1, 2, {}
    for name, i in (("query", 5), ("key", 3)):
        parts = stream(model, stages, n, i)
        w, b = model.layers[n][name]
        if model.pre:
            parts = frozen(model, model.layers[n]["attentionNorm"], parts)
        parts = {part: w[h * S:(h + 1) * S] @ v for part, v in parts.items()}
        parts["biases"] = parts.get("biases", 0) + b[h * S:(h + 1) * S]
        ends[name] = parts
    return {a: {b: float(x @ y) / math.sqrt(S) for b, y in ends["key"].items()} for a, x in ends["query"].items()}


def direct(model, stages):
    parts = stream(model, stages, L, TARGET[0])
    if model.pre:
        parts = frozen(model, model.final, parts)
    else:
        # BERT's layer before the decoder: each unit keeps the factor gelu(z) / z that it had.
        w, b = model.transform
        parts = {name: w @ v for name, v in parts.items()}
        parts["biases"] = parts["biases"] + b
        z = sum(parts.values())
        parts = frozen(model, model.headNorm, {name: v * (gelu(z) / z) for name, v in parts.items()})
    decoder = model.decoder if model.pre else model.token
    parts = {name: float(v @ (decoder[TARGET[1]] - decoder[TARGET[2]])) for name, v in parts.items()}
    if not model.pre:
        parts["unembedding bias"] = float(model.decoderBias[TARGET[1]] - model.decoderBias[TARGET[2]])
    return parts


def main():
    result = {}
    for kind in ("gpt2", "bert"):
        model = Tiny(kind)
        stages, _, logits = model.run()
        result[kind] = {
            "logits": logits.tolist(),
            "patterns": [pattern(s["weights"][h], model.causal) for s in stages for h in range(H)],
            "circuits": circuits(model),
            "norms": [norms(model, stages, n) for n in range(L)],
            "rollout": rollouts(model, stages),
            "gradients": gradients(model, stages),
            "why": why(model, stages),
            "zeroing": zeroing(model, stages),
            "lens": lens(model, stages),
            "direct": direct(model, stages),
            "edited": edited(model, stages),
        }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
