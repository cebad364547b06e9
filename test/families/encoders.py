"""Encoders in double precision, one function a family, each written from its paper and the layout that is published."""
import numpy as np

from core import ACT, attend, heads, layer_norm


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
        x = norm(x + dense(ACT[act](dense(x, f"{at}.{names['i']}", d, inner)), f"{at}.{names['f']}", inner, d), f"{at}.{names['fn']}")
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
