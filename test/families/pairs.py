"""Encoder-decoders in double precision, each written from its paper and the layout that is published."""
import math

import numpy as np

from core import ACT, attend, heads, layer_norm, rms_norm


def t5_bucket(distance, both_sides, buckets, furthest):
    """Raffel et al. (2020): half of the buckets for exact distances, the rest logarithmic; in single precision as published."""
    first = np.zeros_like(distance)
    if both_sides:
        buckets //= 2
        first = (distance > 0) * buckets
        size = np.abs(distance)
    else:
        size = -np.minimum(distance, 0)
    exact = buckets // 2
    f = np.float32
    far = exact + (np.log(np.maximum(size, 1).astype(f) / f(exact)) / f(math.log(furthest / exact)) * f(buckets - exact)).astype(int)
    return first + np.where(size < exact, size, np.minimum(far, buckets - 1))


def one_behind(c, ids):
    """What the decoder of a classifier reads: the text itself, behind its first token (Lewis et al. 2020, 3.1)."""
    return [c["decoder_start_token_id"], *ids[:-1]]


def classes(c, p, x, ids):
    """The decoder's state where the text has its last end token, through a dense layer, tanh, and the labels' own."""
    d = c["d_model"]
    dense = lambda z, at, o: z @ p(f"classification_head.{at}.weight", o, d).T + p(f"classification_head.{at}.bias", o)
    last = max(i for i, token in enumerate(ids) if token == c["eos_token_id"])
    return dense(np.tanh(dense(x[last], "dense", d)), "out_proj", len(c["id2label"]))


def t5(c, p, ids, decoder_ids=None):
    d, h, s, i, t = c["d_model"], c["num_heads"], c["d_kv"], c["d_ff"], {}
    kind = c["architectures"][0]
    prefix = "transformer." if kind.endswith("Classification") else ""
    alone = kind.endswith(("EncoderModel", "TokenClassification"))
    table = p(f"{prefix}shared.weight", c["vocab_size"], d)
    norm = lambda x, at: rms_norm(x, p(f"{at}.weight", d), c["layer_norm_epsilon"])
    lin = lambda x, at, a, b: x @ p(f"{at}.weight", b, a).T

    def feed(x, at):
        if c["feed_forward_proj"] == "relu":
            return lin(np.maximum(lin(x, f"{at}.wi", d, i), 0), f"{at}.wo", i, d)
        return lin(ACT["gelu_new"](lin(x, f"{at}.wi_0", d, i)) * lin(x, f"{at}.wi_1", d, i), f"{at}.wo", i, d)

    def run(side, tokens, layers, memory):
        x, n, own = table[tokens], len(tokens), "" if alone else f"{side}."
        t[f"{own}embeddings"] = x
        distance = np.arange(n)[None] - np.arange(n)[:, None]
        where = t5_bucket(distance, side == "encoder", c["relative_attention_num_buckets"], c["relative_attention_max_distance"])
        learned = p(f"{prefix}{side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight", c["relative_attention_num_buckets"], h)
        bias = learned[where].transpose(2, 0, 1)
        for l in range(layers):
            at, place = f"{prefix}{side}.block.{l}.layer", f"{own}layers.{l}"
            t[f"{place}.input"] = x
            z = norm(x, f"{at}.0.layer_norm")
            q, k, v = (heads(lin(z, f"{at}.0.SelfAttention.{a}", d, h * s), h) for a in "qkv")
            y = attend(t, place, q, k, v, p(f"{at}.0.SelfAttention.o.weight", d, h * s), scale=1, causal=side == "decoder", bias=bias)
            t[f"{place}.attentionOutput"] = y
            x = x + y
            if memory is not None:
                z = norm(x, f"{at}.1.layer_norm")
                q, k, v = (heads(lin(u, f"{at}.1.EncDecAttention.{a}", d, h * s), h) for a, u in (("q", z), ("k", memory), ("v", memory)))
                y = attend(t, f"{place}.cross", q, k, v, p(f"{at}.1.EncDecAttention.o.weight", d, h * s), scale=1)
                t[f"{place}.cross.attentionOutput"] = y
                x = x + y
            last = 1 if memory is None else 2
            t[f"{place}.feedForward"] = y = feed(norm(x, f"{at}.{last}.layer_norm"), f"{at}.{last}.DenseReluDense")
            x = x + y
            t[f"{place}.output"] = x
        return norm(x, f"{prefix}{side}.final_layer_norm")

    memory = run("encoder", ids, c["num_layers"], None)
    if alone:
        if kind.endswith("TokenClassification"):
            t["classes"] = memory @ p("classifier.weight", len(c["id2label"]), d).T + p("classifier.bias", len(c["id2label"]))
        return t
    x = run("decoder", decoder_ids or one_behind(c, ids), c["num_decoder_layers"], memory)
    if kind.endswith("SequenceClassification"):
        t["classes"] = classes(c, p, x, ids)
        return t
    t["logits"] = x * d**-0.5 @ table.T if c["tie_word_embeddings"] else x @ p("lm_head.weight", c["vocab_size"], d).T
    return t


def bart(c, p, ids, decoder_ids=None):
    d, t = c["d_model"], {}
    table = p("model.shared.weight", c["vocab_size"], d)
    norm = lambda x, at: layer_norm(x, p(f"{at}.weight", d), p(f"{at}.bias", d))
    dense = lambda x, at, a, b: x @ p(f"{at}.weight", b, a).T + p(f"{at}.bias", b)

    def attention(place, at, x, memory, h, causal):
        q, k, v = (heads(dense(u, f"{at}.{a}_proj", d, d), h) for a, u in (("q", x), ("k", memory), ("v", memory)))
        y = attend(t, place, q, k, v, p(f"{at}.out_proj.weight", d, d), scale=(d // h) ** -0.5, causal=causal) + p(f"{at}.out_proj.bias", d)
        t[f"{place}.attentionOutput"] = y
        return y

    def run(side, tokens, memory):
        h, i, n = c[f"{side}_attention_heads"], c[f"{side}_ffn_dim"], len(tokens)
        x = table[tokens] * (math.sqrt(d) if c["scale_embedding"] else 1)
        x = x + p(f"model.{side}.embed_positions.weight", c["max_position_embeddings"] + 2, d)[2 : n + 2]
        x = norm(x, f"model.{side}.layernorm_embedding")
        t[f"{side}.embeddings"] = x
        for l in range(c[f"{side}_layers"]):
            at, place = f"model.{side}.layers.{l}", f"{side}.layers.{l}"
            t[f"{place}.input"] = x
            x = norm(x + attention(place, f"{at}.self_attn", x, x, h, side == "decoder"), f"{at}.self_attn_layer_norm")
            if memory is not None:
                x = norm(x + attention(f"{place}.cross", f"{at}.encoder_attn", x, memory, h, False), f"{at}.encoder_attn_layer_norm")
            t[f"{place}.feedForward"] = y = dense(ACT[c["activation_function"]](dense(x, f"{at}.fc1", d, i)), f"{at}.fc2", i, d)
            x = norm(x + y, f"{at}.final_layer_norm")
            t[f"{place}.output"] = x
        return x

    x = run("decoder", decoder_ids or one_behind(c, ids), run("encoder", ids, None))
    if c["architectures"][0].endswith("SequenceClassification"):
        t["classes"] = classes(c, p, x, ids)
        return t
    t["logits"] = x @ table.T + p("final_logits_bias", 1, c["vocab_size"])[0]
    return t
