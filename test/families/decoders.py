"""Decoders in double precision, one function a family, each written from its paper and the layout that is published.

p(name, *shape) gives a tensor of the checkpoint; c is config.json; the stages of a run are returned.
"""
import math

import numpy as np

from core import ACT, attend, heads, layer_norm, rms_norm, rope, softmax


def inverse_frequencies(base, size):
    return 1.0 / base ** (np.arange(0, size, 2) / size)


def gpt2(c, p, ids):
    d, h, n, t = c["n_embd"], c["n_head"], len(ids), {}
    x = p("transformer.wte.weight", c["vocab_size"], d)[ids] + p("transformer.wpe.weight", c["n_positions"], d)[:n]
    t["embeddings"] = x
    inner = c["n_inner"] or 4 * d
    norm = lambda x, at: layer_norm(x, p(f"{at}.weight", d), p(f"{at}.bias", d), c["layer_norm_epsilon"])
    conv = lambda x, at, i, o: x @ p(f"{at}.weight", i, o) + p(f"{at}.bias", o)
    for l in range(c["n_layer"]):
        at, place = f"transformer.h.{l}", f"layers.{l}"
        t[f"{place}.input"] = x
        q, k, v = np.split(conv(norm(x, f"{at}.ln_1"), f"{at}.attn.c_attn", d, 3 * d), 3, -1)
        scale = (d // h) ** -0.5 / (l + 1 if c.get("scale_attn_by_inverse_layer_idx") else 1)
        w, b = p(f"{at}.attn.c_proj.weight", d, d), p(f"{at}.attn.c_proj.bias", d)
        y = attend(t, place, heads(q, h), heads(k, h), heads(v, h), w.T, scale=scale, causal=True) + b
        t[f"{place}.attentionOutput"] = y
        x = x + y
        m = ACT[c["activation_function"]](conv(norm(x, f"{at}.ln_2"), f"{at}.mlp.c_fc", d, inner))
        t[f"{place}.feedForward"] = y = conv(m, f"{at}.mlp.c_proj", inner, d)
        x = x + y
        t[f"{place}.output"] = x
    x = norm(x, "transformer.ln_f")
    t["logits"] = x @ p("transformer.wte.weight", c["vocab_size"], d).T
    return t


def gpt_neox(c, p, ids):
    d, h, t = c["hidden_size"], c["num_attention_heads"], {}
    s, inner = d // h, c["intermediate_size"]
    x = p("gpt_neox.embed_in.weight", c["vocab_size"], d)[ids]
    t["embeddings"] = x
    norm = lambda x, at: layer_norm(x, p(f"{at}.weight", d), p(f"{at}.bias", d), c["layer_norm_eps"])
    dense = lambda x, at, i, o: x @ p(f"{at}.weight", o, i).T + p(f"{at}.bias", o)
    f = inverse_frequencies(c["rotary_emb_base"], int(s * c["rotary_pct"]))
    for l in range(c["num_hidden_layers"]):
        at, place = f"gpt_neox.layers.{l}", f"layers.{l}"
        t[f"{place}.input"] = x
        joined = dense(norm(x, f"{at}.input_layernorm"), f"{at}.attention.query_key_value", d, 3 * d)
        joined = joined.reshape(len(ids), h, 3 * s).transpose(1, 0, 2)
        q, k, v = joined[..., :s], joined[..., s : 2 * s], joined[..., 2 * s :]
        w, b = p(f"{at}.attention.dense.weight", d, d), p(f"{at}.attention.dense.bias", d)
        y = attend(t, place, rope(q, f), rope(k, f), v, w, scale=s**-0.5, causal=True) + b
        t[f"{place}.attentionOutput"] = y
        mlp = lambda z: dense(ACT[c["hidden_act"]](dense(z, f"{at}.mlp.dense_h_to_4h", d, inner)), f"{at}.mlp.dense_4h_to_h", inner, d)
        post = f"{at}.post_attention_layernorm"
        t[f"{place}.feedForward"] = fed = mlp(norm(x if c["use_parallel_residual"] else x + y, post))
        x = x + y + fed
        t[f"{place}.output"] = x
    t["logits"] = norm(x, "gpt_neox.final_layer_norm") @ p("embed_out.weight", c["vocab_size"], d).T
    return t


def opt(c, p, ids):
    d, h, e, n, t = c["hidden_size"], c["num_attention_heads"], c["word_embed_proj_dim"], len(ids), {}
    at0 = "model.decoder"
    table = p(f"{at0}.embed_tokens.weight", c["vocab_size"], e)
    x = table[ids]
    if e != d:
        x = x @ p(f"{at0}.project_in.weight", d, e).T
    x = x + p(f"{at0}.embed_positions.weight", c["max_position_embeddings"] + 2, d)[2 : n + 2]
    t["embeddings"] = x
    norm = lambda x, at: layer_norm(x, p(f"{at}.weight", d), p(f"{at}.bias", d))
    dense = lambda x, at, i, o: x @ p(f"{at}.weight", o, i).T + p(f"{at}.bias", o)
    first = c["do_layer_norm_before"]
    for l in range(c["num_hidden_layers"]):
        at, place = f"{at0}.layers.{l}", f"layers.{l}"
        t[f"{place}.input"] = x
        z = norm(x, f"{at}.self_attn_layer_norm") if first else x
        q, k, v = (heads(dense(z, f"{at}.self_attn.{a}_proj", d, d), h) for a in "qkv")
        y = attend(t, place, q, k, v, p(f"{at}.self_attn.out_proj.weight", d, d), scale=(d // h) ** -0.5, causal=True)
        y = y + p(f"{at}.self_attn.out_proj.bias", d)
        t[f"{place}.attentionOutput"] = y
        x = x + y if first else norm(x + y, f"{at}.self_attn_layer_norm")
        z = norm(x, f"{at}.final_layer_norm") if first else x
        y = dense(ACT[c["activation_function"]](dense(z, f"{at}.fc1", d, c["ffn_dim"])), f"{at}.fc2", c["ffn_dim"], d)
        t[f"{place}.feedForward"] = y
        x = x + y if first else norm(x + y, f"{at}.final_layer_norm")
        t[f"{place}.output"] = x
    if first:
        x = norm(x, f"{at0}.final_layer_norm")
    if e != d:
        x = x @ p(f"{at0}.project_out.weight", e, d).T
    t["logits"] = x @ table.T
    return t


def alibi_slopes(n):
    """Press et al. (2022): a geometric sequence from 2^(-8/n); for other n the closest power's, then every other of twice it."""
    def powers(m):
        start = 2.0 ** (-(2.0 ** -(math.log2(m) - 3)))
        return [start * start**i for i in range(m)]

    if math.log2(n).is_integer():
        return powers(n)
    closest = 2 ** math.floor(math.log2(n))
    return powers(closest) + powers(2 * closest)[0::2][: n - closest]


def bloom(c, p, ids):
    d, h, n, t = c["hidden_size"], c["n_head"], len(ids), {}
    s = d // h
    norm = lambda x, at: layer_norm(x, p(f"{at}.weight", d), p(f"{at}.bias", d), c["layer_norm_epsilon"])
    dense = lambda x, at, i, o: x @ p(f"{at}.weight", o, i).T + p(f"{at}.bias", o)
    table = p("transformer.word_embeddings.weight", c["vocab_size"], d)
    x = norm(table[ids], "transformer.word_embeddings_layernorm")
    t["embeddings"] = x
    bias = np.array(alibi_slopes(h))[:, None, None] * (np.arange(n)[None, :] - np.arange(n)[:, None])[None]
    for l in range(c["n_layer"]):
        at, place = f"transformer.h.{l}", f"layers.{l}"
        t[f"{place}.input"] = x
        joined = dense(norm(x, f"{at}.input_layernorm"), f"{at}.self_attention.query_key_value", d, 3 * d)
        q, k, v = joined.reshape(n, h, 3, s).transpose(2, 1, 0, 3)
        y = attend(t, place, q, k, v, p(f"{at}.self_attention.dense.weight", d, d), scale=s**-0.5, causal=True, bias=bias)
        y = y + p(f"{at}.self_attention.dense.bias", d)
        t[f"{place}.attentionOutput"] = y
        x = x + y
        z = ACT["gelu_new"](dense(norm(x, f"{at}.post_attention_layernorm"), f"{at}.mlp.dense_h_to_4h", d, 4 * d))
        t[f"{place}.feedForward"] = y = dense(z, f"{at}.mlp.dense_4h_to_h", 4 * d, d)
        x = x + y
        t[f"{place}.output"] = x
    t["logits"] = norm(x, "transformer.ln_f") @ table.T
    return t


def stretched(c, base, size):
    """Inverse frequencies and the factor on cosines and sines, by the rope_scaling of config.json."""
    inv, r = inverse_frequencies(base, size), c.get("rope_scaling")
    kind = (r or {}).get("rope_type")
    if kind == "linear":
        return inv / r["factor"], 1.0
    if kind == "llama3":
        old, out = r["original_max_position_embeddings"], []
        for f in inv:
            wavelength = 2 * math.pi / f
            if wavelength < old / r["high_freq_factor"]:
                out.append(f)
            elif wavelength > old / r["low_freq_factor"]:
                out.append(f / r["factor"])
            else:
                smooth = (old / wavelength - r["low_freq_factor"]) / (r["high_freq_factor"] - r["low_freq_factor"])
                out.append((1 - smooth) * f / r["factor"] + smooth * f)
        return np.array(out), 1.0
    if kind == "yarn":
        old, s = r["original_max_position_embeddings"], r["factor"]
        # Peng et al. (2023), 3.2: gamma ramps over the pairs between beta and alpha full turns in the old length.
        at = lambda turns: size * math.log(old / (turns * 2 * math.pi)) / (2 * math.log(base))
        low, high = max(math.floor(at(32)), 0), min(math.ceil(at(1)), size - 1)
        ramp = np.clip((np.arange(size // 2) - low) / max(high - low, 0.001), 0, 1)
        return inv / s * ramp + inv * (1 - ramp), 0.1 * math.log(s) + 1
    if kind == "longrope":
        old, new = r["original_max_position_embeddings"], c["max_position_embeddings"]
        return inv / np.array(r["short_factor"]), math.sqrt(1 + math.log(new / old) / math.log(old))
    return inv, 1.0


def llama_like(c, p, ids, *, plus=0.0, qkv_bias=False, qk_norm=False, sandwich=False, on_output=False, embed_scale=1.0,
               scale=None, windows=None, ropes=None, softcap=None, logit_cap=None, act="silu", joined=False, mlp=None):
    d, h, g, s = c["hidden_size"], c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"]
    eps, t, L = c["rms_norm_eps"], {}, c["num_hidden_layers"]
    norm = lambda x, at, size=d: rms_norm(x, plus + p(f"{at}.weight", size), eps)
    lin = lambda x, at, i, o, bias=False: x @ p(f"{at}.weight", o, i).T + (p(f"{at}.bias", o) if bias else 0)
    table = p("model.embed_tokens.weight", c["vocab_size"], d)
    x = table[ids] * embed_scale
    t["embeddings"] = x
    plain = stretched(c, c.get("rope_theta", 10000.0), int(s * c.get("partial_rotary_factor", 1)))
    for l in range(L):
        at, place = f"model.layers.{l}", f"layers.{l}"
        t[f"{place}.input"] = x
        z = x if on_output else norm(x, f"{at}.input_layernorm")
        if joined:
            all3 = lin(z, f"{at}.self_attn.qkv_proj", d, (h + 2 * g) * s)
            q, k, v = all3[:, : h * s], all3[:, h * s : (h + g) * s], all3[:, (h + g) * s :]
        else:
            q, k, v = (lin(z, f"{at}.self_attn.{a}_proj", d, m * s, qkv_bias) for a, m in (("q", h), ("k", g), ("v", g)))
        q, k, v = heads(q, h), heads(k, g), heads(v, g)
        if qk_norm:
            q, k = norm(q, f"{at}.self_attn.q_norm", s), norm(k, f"{at}.self_attn.k_norm", s)
        turn = ropes[l] if ropes else plain
        if turn is not None:
            q, k = rope(q, *turn), rope(k, *turn)
        window = windows[l] if windows else None
        y = attend(t, place, q, k, v, p(f"{at}.self_attn.o_proj.weight", d, h * s), scale=scale or s**-0.5, causal=True,
                   window=window and (window - 1, 0), softcap=softcap)
        t[f"{place}.attentionOutput"] = y
        if on_output or sandwich:
            y = norm(y, f"{at}.post_attention_layernorm")
        x = x + y
        z = x if on_output else norm(x, f"{at}.pre_feedforward_layernorm" if sandwich else f"{at}.post_attention_layernorm")
        i = c["intermediate_size"]
        if mlp and (y := mlp(l, z, lin)) is not None:
            pass
        elif joined:
            both = lin(z, f"{at}.mlp.gate_up_proj", d, 2 * i)
            y = lin(ACT[act](both[:, :i]) * both[:, i:], f"{at}.mlp.down_proj", i, d)
        else:
            y = lin(ACT[act](lin(z, f"{at}.mlp.gate_proj", d, i)) * lin(z, f"{at}.mlp.up_proj", d, i), f"{at}.mlp.down_proj", i, d)
        t[f"{place}.feedForward"] = y
        if on_output or sandwich:
            y = norm(y, f"{at}.post_feedforward_layernorm")
        x = x + y
        t[f"{place}.output"] = x
    x = norm(x, "model.norm")
    logits = x @ (table if c["tie_word_embeddings"] else p("lm_head.weight", c["vocab_size"], d)).T
    t["logits"] = logit_cap * np.tanh(logits / logit_cap) if logit_cap else logits
    return t


def llama(c, p, ids):
    return llama_like(c, p, ids)


def mistral(c, p, ids):
    return llama_like(c, p, ids, windows=[c["sliding_window"]] * c["num_hidden_layers"])


def chosen(logits, k, renormalise):
    """Weights of the k experts with the largest router probabilities, 0 for the others."""
    probabilities = softmax(logits)
    out = np.zeros_like(probabilities)
    for row, w in enumerate(probabilities):
        best = np.argsort(-w, kind="stable")[:k]
        out[row, best] = w[best] / (w[best].sum() if renormalise else 1)
    return out


def mixtral(c, p, ids):
    d, i, E = c["hidden_size"], c["intermediate_size"], c["num_local_experts"]

    def mlp(l, z, lin):
        at = f"model.layers.{l}.block_sparse_moe"
        w = chosen(lin(z, f"{at}.gate", d, E), c["num_experts_per_tok"], True)
        each = [lin(ACT["silu"](lin(z, f"{at}.experts.{e}.w1", d, i)) * lin(z, f"{at}.experts.{e}.w3", d, i), f"{at}.experts.{e}.w2", i, d) for e in range(E)]
        return sum(w[:, e : e + 1] * each[e] for e in range(E))

    return llama_like(c, p, ids, mlp=mlp)


def qwen2(c, p, ids):
    sliding = c["use_sliding_window"]
    windows = [c["sliding_window"] if sliding and l >= c["max_window_layers"] else None for l in range(c["num_hidden_layers"])]
    return llama_like(c, p, ids, qkv_bias=True, windows=windows)


def qwen3(c, p, ids):
    return llama_like(c, p, ids, qk_norm=True)


def qwen3_moe(c, p, ids):
    d, i, E = c["hidden_size"], c["moe_intermediate_size"], c["num_experts"]

    def mlp(l, z, lin):
        if l in c["mlp_only_layers"]:
            return None
        at = f"model.layers.{l}.mlp"
        w = chosen(lin(z, f"{at}.gate", d, E), c["num_experts_per_tok"], c["norm_topk_prob"])
        each = [lin(ACT["silu"](lin(z, f"{at}.experts.{e}.gate_proj", d, i)) * lin(z, f"{at}.experts.{e}.up_proj", d, i), f"{at}.experts.{e}.down_proj", i, d) for e in range(E)]
        return sum(w[:, e : e + 1] * each[e] for e in range(E))

    return llama_like(c, p, ids, qk_norm=True, mlp=mlp)


def gemma(c, p, ids):
    return llama_like(c, p, ids, plus=1.0, embed_scale=math.sqrt(c["hidden_size"]), act="gelu_new")


def gemma2(c, p, ids):
    windows = [c["sliding_window"] if l % 2 == 0 else None for l in range(c["num_hidden_layers"])]
    return llama_like(c, p, ids, plus=1.0, embed_scale=math.sqrt(c["hidden_size"]), act="gelu_new", sandwich=True, windows=windows,
                      scale=c["query_pre_attn_scalar"] ** -0.5, softcap=c["attn_logit_softcapping"], logit_cap=c["final_logit_softcapping"])


def gemma3_text(c, p, ids):
    L, s = c["num_hidden_layers"], c["head_dim"]
    near = [kind == "sliding_attention" for kind in c["layer_types"]]
    ropes = [(inverse_frequencies(c["rope_local_base_freq"], s), 1.0) if near[l] else stretched(c, c["rope_theta"], s) for l in range(L)]
    return llama_like(c, p, ids, plus=1.0, embed_scale=math.sqrt(c["hidden_size"]), act="gelu_new", sandwich=True, qk_norm=True,
                      windows=[c["sliding_window"] if near[l] else None for l in range(L)], ropes=ropes,
                      scale=c["query_pre_attn_scalar"] ** -0.5)


def phi3(c, p, ids):
    return llama_like(c, p, ids, joined=True, windows=[c["sliding_window"]] * c["num_hidden_layers"])


def exaone4(c, p, ids):
    near = [kind == "sliding_attention" for kind in c["layer_types"]]
    plain = stretched(c, c["rope_theta"], c["head_dim"])
    return llama_like(c, p, ids, qk_norm=True, on_output=True, ropes=[plain if n else None for n in near],
                      windows=[c["sliding_window"] if n else None for n in near])


def exaone(c, p, ids):
    d, h, g, s, t = c["hidden_size"], c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"], {}
    i = c["intermediate_size"]
    norm = lambda x, at: rms_norm(x, p(f"{at}.weight", d), c["layer_norm_epsilon"])
    lin = lambda x, at, a, b: x @ p(f"{at}.weight", b, a).T
    x = p("transformer.wte.weight", c["vocab_size"], d)[ids]
    t["embeddings"] = x
    turn = stretched(c, c["rope_theta"], s)
    for l in range(c["num_layers"]):
        at, place = f"transformer.h.{l}", f"layers.{l}"
        t[f"{place}.input"] = x
        z, a = norm(x, f"{at}.ln_1"), f"{at}.attn.attention"
        q, k, v = (heads(lin(z, f"{a}.{m}_proj", d, n * s), n) for m, n in (("q", h), ("k", g), ("v", g)))
        y = attend(t, place, rope(q, *turn), rope(k, *turn), v, p(f"{a}.out_proj.weight", d, h * s), scale=s**-0.5, causal=True)
        t[f"{place}.attentionOutput"] = y
        x = x + y
        z = norm(x, f"{at}.ln_2")
        y = lin(ACT["silu"](lin(z, f"{at}.mlp.c_fc_0", d, i)) * lin(z, f"{at}.mlp.c_fc_1", d, i), f"{at}.mlp.c_proj", i, d)
        t[f"{place}.feedForward"] = y
        x = x + y
        t[f"{place}.output"] = x
    t["logits"] = norm(x, "transformer.ln_f") @ p("lm_head.weight", c["vocab_size"], d).T
    return t
