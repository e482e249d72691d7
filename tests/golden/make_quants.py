"""tests/golden/make_quants.py - a tiny random Llama whose every matrix has another of GGUF's types of 2 to 4 bits.

  pip install numpy gguf
  python tests/golden/make_quants.py LIBGGML

LIBGGML is llama.cpp's libggml-base (or ggml.c and ggml-quants.c alone, as a shared library): its own quantiser makes
the blocks. Writes data/llama-coded.gguf and data/llama-coded.json: what the float32 values, as the Python package gguf
dequantises them, give in float64. attention.head_count_kv is an array, as some converters write it.

SPDX-License-Identifier: Apache-2.0
"""
import ctypes
import json
import math
import pathlib
import sys

import gguf
import numpy as np
from gguf.constants import GGMLQuantizationType as T

DATA = pathlib.Path(__file__).parent / "data"
LAYERS, HIDDEN, FF, HEADS, KV_HEADS, DIM, VOCAB = 2, 256, 256, 4, 2, 64, 96
EPS, THETA, CONTEXT = 1e-5, 10000.0, 256
MATRICES = {
    "attn_q": (HEADS * DIM, HIDDEN), "attn_k": (KV_HEADS * DIM, HIDDEN), "attn_v": (KV_HEADS * DIM, HIDDEN),
    "attn_output": (HIDDEN, HEADS * DIM), "ffn_gate": (FF, HIDDEN), "ffn_up": (FF, HIDDEN), "ffn_down": (HIDDEN, FF),
}
TYPES = [T.Q3_K, T.IQ4_XS, T.IQ3_S, T.Q2_K, T.IQ2_S, T.IQ4_NL, T.IQ3_XXS,
         T.IQ2_XS, T.IQ3_S, T.Q3_K, T.IQ4_XS, T.IQ3_XXS, T.Q2_K, T.IQ2_XXS]
PROMPTS = (7, 60)
GENERATED = 24
SMALLEST_MARGIN = 0.05


def quantise(lib, x, kind):
    """The file's bytes of a matrix [rows, k], and its values as float32."""
    rows, k = x.shape
    block, size = gguf.GGML_QUANT_SIZES[kind]
    out = np.zeros((rows, k // block * size), np.uint8)
    flat = np.ascontiguousarray(x, np.float32)
    weights = np.ones(k, np.float32)  # of the columns: some types want to be told what matters
    pointer = lambda a: a.ctypes.data_as(ctypes.c_void_p)
    done = lib.ggml_quantize_chunk(ctypes.c_int(int(kind)), pointer(flat), pointer(out), ctypes.c_int64(0),
                                   ctypes.c_int64(rows), ctypes.c_int64(k), pointer(weights))
    assert done == out.size, (kind, done, out.size)
    return out, gguf.dequantize(out, kind)


def make(lib, writer):
    random = np.random.default_rng(1)
    model, kinds = {}, iter(TYPES)

    def add(name, shape, scale, kind=None):
        x = random.standard_normal(shape) * scale
        if kind is None:
            x = (1 + 0.3 * x / scale).astype(np.float32)
            writer.add_tensor(name, x)
            model[name] = x
        else:
            raw, model[name] = quantise(lib, x, kind)
            writer.add_tensor(name, raw, raw_dtype=kind)

    add("token_embd.weight", (VOCAB, HIDDEN), 4 / math.sqrt(HIDDEN), T.IQ4_XS)
    for layer in range(LAYERS):
        add(f"blk.{layer}.attn_norm.weight", (HIDDEN,), 1)
        add(f"blk.{layer}.ffn_norm.weight", (HIDDEN,), 1)
        for name, shape in MATRICES.items():
            add(f"blk.{layer}.{name}.weight", shape, 1.3 / math.sqrt(shape[1]), next(kinds))
    add("output_norm.weight", (HIDDEN,), 1)
    add("output.weight", (VOCAB, HIDDEN), 4 / math.sqrt(HIDDEN), T.IQ4_NL)
    return {k: v.astype(np.float64) for k, v in model.items()}


def norm(x, w):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPS) * w


def rotate(x):
    """Llama's GGUF files have pairs (2i, 2i + 1)."""
    angle = np.arange(x.shape[0])[:, None] * THETA ** (-np.arange(0, DIM, 2) / DIM)
    c, s = np.cos(angle)[:, None], np.sin(angle)[:, None]
    out = np.empty_like(x)
    out[..., 0::2] = x[..., 0::2] * c - x[..., 1::2] * s
    out[..., 1::2] = x[..., 1::2] * c + x[..., 0::2] * s
    return out


def logits(model, ids):
    n = len(ids)
    x = model["token_embd.weight"][ids]
    for layer in range(LAYERS):
        w = lambda name: model[f"blk.{layer}.{name}.weight"]
        h = norm(x, w("attn_norm"))
        q = rotate((h @ w("attn_q").T).reshape(n, HEADS, DIM))
        k = rotate((h @ w("attn_k").T).reshape(n, KV_HEADS, DIM)).repeat(HEADS // KV_HEADS, 1)
        v = (h @ w("attn_v").T).reshape(n, KV_HEADS, DIM).repeat(HEADS // KV_HEADS, 1)
        score = np.einsum("ihd,jhd->hij", q, k) / math.sqrt(DIM)
        score[:, np.triu(np.ones((n, n), bool), 1)] = -np.inf
        p = np.exp(score - score.max(-1, keepdims=True))
        p /= p.sum(-1, keepdims=True)
        x = x + np.einsum("hij,jhd->ihd", p, v).reshape(n, -1) @ w("attn_output").T
        h = norm(x, w("ffn_norm"))
        gate = h @ w("ffn_gate").T
        x = x + (gate / (1 + np.exp(-gate)) * (h @ w("ffn_up").T)) @ w("ffn_down").T
    return norm(x, model["output_norm.weight"]) @ model["output.weight"].T


def log_softmax(x):
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def reference(model, ids):
    """What the model says about a prompt, or None where two tokens are nearly as good."""
    tokens, margins = list(ids), []
    for _ in range(GENERATED):
        last = logits(model, tokens)[-1]
        best = np.sort(last)[-2:]
        margins.append(float(best[1] - best[0]))
        tokens.append(int(last.argmax()))
    all_logits = logits(model, tokens)
    logprobs = log_softmax(all_logits)
    scores = [None] + [float(logprobs[i, t]) for i, t in enumerate(tokens[1:])]
    last = len(ids) - 1
    top = np.argsort(-logprobs[last])[:20]
    return min(margins) > SMALLEST_MARGIN and {
        "ids": list(ids),
        "prompt_logprobs": scores[:len(ids)],
        "last_top20": [[int(i), float(all_logits[last, i]), float(logprobs[last, i])] for i in top],
        "greedy_ids": tokens[len(ids):],
        "greedy_logprobs": scores[len(ids):],
        "greedy_margins": margins,
    }


def main():
    lib = ctypes.CDLL(sys.argv[1])
    lib.ggml_quantize_chunk.restype = ctypes.c_size_t
    writer = gguf.GGUFWriter(DATA / "llama-coded.gguf", "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FF)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv([KV_HEADS] * LAYERS)
    writer.add_layer_norm_rms_eps(EPS)
    writer.add_rope_dimension_count(DIM)
    model = make(lib, writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    random, prompts = np.random.default_rng(2), []
    for n in PROMPTS:
        found = None
        while not found:
            found = reference(model, random.integers(0, VOCAB, n).tolist())
        prompts.append(found)
    (DATA / "llama-coded.json").write_text(json.dumps({"prompts": prompts}) + "\n")


if __name__ == "__main__":
    main()
