"""Encoders in double precision, one function a family, each written from its paper and the layout that is published."""
import numpy as np

from core import ACT, attend, heads, layer_norm, rope


def bert_body(c, p, t, x, prefix, layer, names, act):
    """The layers of BERT (Devlin et al. 2019) under the names of a family; `layer(l)` is where layer l lies."""
    d, h, inner = c["hidden_size"], c["num_attention_heads"], c["intermediate_size"]
    norm = lambda x, at: layer_norm(x, p(f"{at}.weight", d), p(f"{at}.bias", d), c["layer_norm_eps"])
    dense = lambda x, at, i, o: x @ p(f"{at}.weight", o, i).T + p(f"{at}.bias", o)
    for l in range(c["num_hidden_layers"]):
        at, place = f"{prefix}{layer(l)}", f"layers.{l}"
        t[f"{place}.input"] = x
        q, k, v = (heads(dense(x, f"{at}.{names[a]}", d, d), h) for a in "qkv")
        y = attend(t, place, q, k, v, p(f"{at}.{names['o']}.weight", d, d), scale=(d // h) ** -0.5) + p(f"{at}.{names['o']}.bias", d)
        t[f"{place}.attentionOutput"] = y
        x = norm(x + y, f"{at}.{names['on']}")
        t[f"{place}.feedForward"] = y = dense(ACT[act](dense(x, f"{at}.{names['i']}", d, inner)), f"{at}.{names['f']}", inner, d)
        x = norm(x + y, f"{at}.{names['fn']}")
        t[f"{place}.output"] = x
    return x


BERT = dict(q="attention.self.query", k="attention.self.key", v="attention.self.value", o="attention.output.dense",
            on="attention.output.LayerNorm", i="intermediate.dense", f="output.dense", fn="output.LayerNorm")


def embeddings(c, p, prefix, ids, size, offset=0, types=None):
    n, e = len(ids), f"{prefix}embeddings"
    x = p(f"{e}.word_embeddings.weight", c["vocab_size"], size)[ids]
    x = x + p(f"{e}.position_embeddings.weight", c["max_position_embeddings"], size)[offset : offset + n]
    table = p(f"{e}.token_type_embeddings.weight", c["type_vocab_size"], size)
    x = x + table[types if types is not None else [0] * n]
    return layer_norm(x, p(f"{e}.LayerNorm.weight", size), p(f"{e}.LayerNorm.bias", size), c["layer_norm_eps"])


def head(c, p, x, dense, norm, bias, table, act, size):
    """Dense, activation, norm, and the token embeddings as decoder."""
    d = c["hidden_size"]
    x = ACT[act](x @ p(f"{dense}.weight", size, d).T + p(f"{dense}.bias", size))
    return layer_norm(x, p(f"{norm}.weight", size), p(f"{norm}.bias", size), c["layer_norm_eps"]) @ table.T + p(bias, c["vocab_size"])


def linear(p, x, at, i, o):
    return x @ p(f"{at}.weight", o, i).T + p(f"{at}.bias", o)


def bert(c, p, ids):
    d, t = c["hidden_size"], {}
    t["embeddings"] = x = embeddings(c, p, "bert.", ids, d)
    x = bert_body(c, p, t, x, "bert.", lambda l: f"encoder.layer.{l}", BERT, c["hidden_act"])
    labels = len(c.get("id2label", {}))
    if c["architectures"][0].endswith("SequenceClassification"):
        pooled = np.tanh(linear(p, x[0], "bert.pooler.dense", d, d))
        t["classes"] = linear(p, pooled, "classifier", d, labels)
    elif c["architectures"][0].endswith("TokenClassification"):
        t["classes"] = linear(p, x, "classifier", d, labels)
    else:
        table = p("bert.embeddings.word_embeddings.weight", c["vocab_size"], d)
        t["logits"] = head(c, p, x, "cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.bias", table, c["hidden_act"], d)
    return t


def roberta(c, p, ids):
    d, t = c["hidden_size"], {}
    t["embeddings"] = x = embeddings(c, p, "roberta.", ids, d, offset=c["pad_token_id"] + 1)
    x = bert_body(c, p, t, x, "roberta.", lambda l: f"encoder.layer.{l}", BERT, c["hidden_act"])
    if c["architectures"][0].endswith("SequenceClassification"):
        z = np.tanh(linear(p, x[0], "classifier.dense", d, d))
        t["classes"] = linear(p, z, "classifier.out_proj", d, len(c["id2label"]))
    else:
        table = p("roberta.embeddings.word_embeddings.weight", c["vocab_size"], d)
        t["logits"] = head(c, p, x, "lm_head.dense", "lm_head.layer_norm", "lm_head.bias", table, "gelu", d)
    return t


def electra(c, p, ids):
    d, e, t = c["hidden_size"], c["embedding_size"], {}
    x = linear(p, embeddings(c, p, "electra.", ids, e), "electra.embeddings_project", e, d)
    t["embeddings"] = x
    x = bert_body(c, p, t, x, "electra.", lambda l: f"encoder.layer.{l}", BERT, c["hidden_act"])
    if c["architectures"][0] == "ElectraForPreTraining":
        z = ACT[c["hidden_act"]](linear(p, x, "discriminator_predictions.dense", d, d))
        t["classes"] = linear(p, z, "discriminator_predictions.dense_prediction", d, 1)
    else:
        table = p("electra.embeddings.word_embeddings.weight", c["vocab_size"], e)
        t["logits"] = head(c, p, x, "generator_predictions.dense", "generator_predictions.LayerNorm", "generator_lm_head.bias", table, "gelu", e)
    return t


def albert(c, p, ids):
    d, e, t = c["hidden_size"], c["embedding_size"], {}
    x = linear(p, embeddings(c, p, "albert.", ids, e), "albert.encoder.embedding_hidden_mapping_in", e, d)
    t["embeddings"] = x
    names = dict(q="attention.query", k="attention.key", v="attention.value", o="attention.dense", on="attention.LayerNorm",
                 i="ffn", f="ffn_output", fn="full_layer_layer_norm")
    x = bert_body(c, p, t, x, "albert.", lambda l: "encoder.albert_layer_groups.0.albert_layers.0", names, c["hidden_act"])
    table = p("albert.embeddings.word_embeddings.weight", c["vocab_size"], e)
    t["logits"] = head(c, p, x, "predictions.dense", "predictions.LayerNorm", "predictions.bias", table, c["hidden_act"], e)
    return t


def distilbert(c, p, ids):
    d, t, at = c["dim"], {}, "distilbert.embeddings"
    own = dict(hidden_size=d, num_attention_heads=c["n_heads"], intermediate_size=c["hidden_dim"], num_hidden_layers=c["n_layers"], layer_norm_eps=1e-12, vocab_size=c["vocab_size"])
    table = p(f"{at}.word_embeddings.weight", c["vocab_size"], d)
    x = table[ids] + p(f"{at}.position_embeddings.weight", c["max_position_embeddings"], d)[: len(ids)]
    x = layer_norm(x, p(f"{at}.LayerNorm.weight", d), p(f"{at}.LayerNorm.bias", d), 1e-12)
    t["embeddings"] = x
    names = dict(q="attention.q_lin", k="attention.k_lin", v="attention.v_lin", o="attention.out_lin", on="sa_layer_norm",
                 i="ffn.lin1", f="ffn.lin2", fn="output_layer_norm")
    x = bert_body(own, p, t, x, "distilbert.", lambda l: f"transformer.layer.{l}", names, c["activation"])
    if c["architectures"][0].endswith("SequenceClassification"):
        z = np.maximum(linear(p, x[0], "pre_classifier", d, d), 0)
        t["classes"] = linear(p, z, "classifier", d, len(c["id2label"]))
    else:
        t["logits"] = head(own, p, x, "vocab_transform", "vocab_layer_norm", "vocab_projector.bias", table, c["activation"], d)
    return t


def modernbert(c, p, ids):
    """Warner et al. (2024): pre-norm without biases, rotation, gated layers, two of three layers see a window."""
    d, h, i, t = c["hidden_size"], c["num_attention_heads"], c["intermediate_size"], {}
    s = d // h
    norm = lambda x, at: layer_norm(x, p(f"{at}.weight", d), 0, c["norm_eps"])
    lin = lambda x, at, a, b: x @ p(f"{at}.weight", b, a).T
    table = p("model.embeddings.tok_embeddings.weight", c["vocab_size"], d)
    x = norm(table[ids], "model.embeddings.norm")
    t["embeddings"] = x
    for l in range(c["num_hidden_layers"]):
        at, place = f"model.layers.{l}", f"layers.{l}"
        t[f"{place}.input"] = x
        everything = l % c["global_attn_every_n_layers"] == 0
        joined = lin(norm(x, f"{at}.attn_norm") if l else x, f"{at}.attn.Wqkv", d, 3 * d).reshape(len(ids), 3, h, s)
        q, k, v = joined.transpose(1, 2, 0, 3)
        f = 1.0 / (c["global_rope_theta"] if everything else c["local_rope_theta"]) ** (np.arange(0, s, 2) / s)
        side = c["local_attention"] // 2
        y = attend(t, place, rope(q, f), rope(k, f), v, p(f"{at}.attn.Wo.weight", d, d), scale=s**-0.5, window=None if everything else (side, side))
        t[f"{place}.attentionOutput"] = y
        x = x + y
        both = lin(norm(x, f"{at}.mlp_norm"), f"{at}.mlp.Wi", d, 2 * i)
        t[f"{place}.feedForward"] = y = lin(ACT[c["hidden_activation"]](both[:, :i]) * both[:, i:], f"{at}.mlp.Wo", i, d)
        x = x + y
        t[f"{place}.output"] = x
    x = norm(x, "model.final_norm")
    if c["architectures"][0].endswith("SequenceClassification"):
        z = norm(ACT["gelu"](lin(x.mean(0), "head.dense", d, d)), "head.norm")
        t["classes"] = linear(p, z, "classifier", d, len(c["id2label"]))
    else:
        z = norm(ACT["gelu"](lin(x, "head.dense", d, d)), "head.norm")
        t["logits"] = z @ table.T + p("decoder.bias", c["vocab_size"])
    return t


def log_bucket(distance, buckets, furthest):
    """He et al. (2021), in single precision as it is published."""
    middle = buckets // 2
    size = np.where((distance < middle) & (distance > -middle), middle - 1, np.abs(distance))
    f = np.float32
    far = np.ceil(np.log(f(1) * size / f(middle), dtype=f) / np.log(f((furthest - 1) / middle)) * f(middle - 1)) + middle
    return np.where(size <= middle, distance, far * np.sign(distance)).astype(int)


def deberta_v2(c, p, ids):
    """He et al. (2021): scores = (Qc·Kc + Qc·Kr(i-j) + Kc·Qr(i-j)) / sqrt(3 d), with r the normed table of distances."""
    d, h, n, t = c["hidden_size"], c["num_attention_heads"], len(ids), {}
    inner, e = c["intermediate_size"], c.get("embedding_size", d)
    norm = lambda x, at: layer_norm(x, p(f"{at}.weight", d), p(f"{at}.bias", d), c["layer_norm_eps"])
    table = p("deberta.embeddings.word_embeddings.weight", c["vocab_size"], e)
    x = table[ids]
    if c["position_biased_input"]:
        x = x + p("deberta.embeddings.position_embeddings.weight", c["max_position_embeddings"], e)[:n]
    if c["type_vocab_size"]:
        x = x + p("deberta.embeddings.token_type_embeddings.weight", c["type_vocab_size"], e)[0]
    if e != d:
        x = x @ p("deberta.embeddings.embed_proj.weight", d, e).T
    x = norm(x, "deberta.embeddings.LayerNorm")
    t["embeddings"] = x
    buckets = c["position_buckets"]
    furthest = c["max_relative_positions"] if c["max_relative_positions"] > 0 else c["max_position_embeddings"]
    span = buckets if buckets > 0 else furthest
    kinds = c["pos_att_type"]
    relative = p("deberta.encoder.rel_embeddings.weight", 2 * span, d)
    if c["norm_rel_ebd"] == "layer_norm":
        relative = norm(relative, "deberta.encoder.LayerNorm")
    distance = np.arange(n)[:, None] - np.arange(n)[None]
    at_distance = np.clip((log_bucket(distance, buckets, furthest) if buckets > 0 else distance) + span, 0, 2 * span - 1)
    shared = c["share_att_key"]
    scale = 1 / np.sqrt(d // h * (1 + ("c2p" in kinds) + ("p2c" in kinds)))
    for l in range(c["num_hidden_layers"]):
        at, place = f"deberta.encoder.layer.{l}", f"layers.{l}"
        t[f"{place}.input"] = x
        of = lambda z, a: heads(linear(p, z, f"{at}.attention.self.{a}_proj", d, d), h)
        q, k, v = of(x, "query"), of(x, "key"), of(x, "value")
        bias = np.zeros((h, n, n))
        for i in range(n):
            for j in range(n):
                r = at_distance[i, j]
                if "c2p" in kinds:
                    bias[:, i, j] += (q[:, i] * of(relative, "key" if shared else "pos_key")[:, r]).sum(-1) * scale
                if "p2c" in kinds:
                    bias[:, i, j] += (k[:, j] * of(relative, "query" if shared else "pos_query")[:, r]).sum(-1) * scale
        y = attend(t, place, q, k, v, p(f"{at}.attention.output.dense.weight", d, d), scale=scale, bias=bias)
        y = y + p(f"{at}.attention.output.dense.bias", d)
        t[f"{place}.attentionOutput"] = y
        x = norm(x + y, f"{at}.attention.output.LayerNorm")
        z = ACT[c["hidden_act"]](linear(p, x, f"{at}.intermediate.dense", d, inner))
        t[f"{place}.feedForward"] = y = linear(p, z, f"{at}.output.dense", inner, d)
        x = norm(x + y, f"{at}.output.LayerNorm")
        t[f"{place}.output"] = x
    if c["architectures"][0].endswith("SequenceClassification"):
        z = ACT["gelu"](linear(p, x[0], "pooler.dense", d, d))
        t["classes"] = linear(p, z, "classifier", d, len(c["id2label"]))
    elif not c.get("legacy", True):
        at = "lm_predictions.lm_head"
        t["logits"] = head(c, p, x, f"{at}.dense", f"{at}.LayerNorm", f"{at}.bias", table, c["hidden_act"], d)
    else:
        t["logits"] = head(c, p, x, "cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.bias", table, c["hidden_act"], e)
    return t
