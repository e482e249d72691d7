# SPDX-License-Identifier: Apache-2.0
"""Writes a checkpoint as GGUF (what the server maps) and as a Hugging Face folder.

Matrices become Q8_0: blocks of 32 weights along a row, one float16 scale and 32
signed bytes, w = scale * byte. Norms stay float32. Two conventions differ:

 - Hugging Face rotates element i of a head against element i + head_dim / 2;
   GGUF files of the llama architecture rotate neighbours 2i and 2i + 1. So the
   rows of q and k are put in another order, which changes no result.
 - Hugging Face says of a token whether it is special; GGUF gives every token a
   type: control tokens, the user-defined tags, and normal ones (bytes included:
   for a "gpt2" vocabulary the 256 bytes are ordinary tokens).

    python export.py checkpoints/checkpoint.pt --gguf touchstone-tiny.gguf --hf DIR
"""
import argparse
import json
import os

import gguf
import numpy as np
import torch

import tokenizer
from model import Config, Llama

NAME = "touchstone-tiny"


def load(path):
    saved = torch.load(path, map_location="cpu")
    model = Llama(Config(**saved["config"]))
    model.load_state_dict(saved["model"])
    return model.eval()


def round_to_q8_0(model):
    """Every matrix as the reader of the GGUF file will see it."""
    with torch.no_grad():
        for p in model.parameters():
            if p.dim() == 2:
                quantized = gguf.quants.quantize(p.numpy(), gguf.GGMLQuantizationType.Q8_0)
                p.copy_(torch.from_numpy(gguf.quants.dequantize(quantized, gguf.GGMLQuantizationType.Q8_0)))


def interleave(weight, heads):
    """Rows of q or k from Hugging Face's order to GGUF's, head by head."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


LAYER_NAMES = {"input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
               "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm",
               "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}


def gguf_name(name):
    if not name.startswith("layers."):
        return {"embed_tokens.weight": "token_embd.weight", "norm.weight": "output_norm.weight"}[name]
    _, i, rest = name.split(".", 2)
    return f"blk.{i}.{LAYER_NAMES[rest.removesuffix('.weight')]}.weight"


def write_gguf(model, path):
    c, tok = model.c, tokenizer.load()
    w = gguf.GGUFWriter(path, "llama")
    w.add_type(gguf.GGUFType.MODEL)
    w.add_name(NAME)
    w.add_description("Step-by-step arithmetic in DeepSeek-R1's form; the built-in model of Touchstone")
    w.add_license("apache-2.0")
    w.add_size_label(f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f}M")
    w.add_context_length(c.context)
    w.add_embedding_length(c.dim)
    w.add_block_count(c.layers)
    w.add_feed_forward_length(c.ffn)
    w.add_head_count(c.heads)
    w.add_head_count_kv(c.kv_heads)
    w.add_key_length(c.head_dim)
    w.add_value_length(c.head_dim)
    w.add_rope_dimension_count(c.head_dim)
    w.add_rope_freq_base(c.rope_base)
    w.add_layer_norm_rms_eps(c.eps)
    w.add_vocab_size(c.vocab)
    w.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    w.add_quantization_version(gguf.GGML_QUANT_VERSION)

    definition = json.loads(tok.to_str())
    ids = tok.get_vocab()
    special = {t: gguf.TokenType.CONTROL for t in tokenizer.CONTROL} | {t: gguf.TokenType.USER_DEFINED for t in tokenizer.TAGS}
    tokens = sorted(ids, key=ids.get)
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("smollm")
    w.add_token_list(tokens)
    w.add_token_types([special.get(t, gguf.TokenType.NORMAL) for t in tokens])
    w.add_token_merges([" ".join(m) for m in definition["model"]["merges"]])
    w.add_bos_token_id(ids["<|endoftext|>"])
    w.add_eos_token_id(ids["<|im_end|>"])
    w.add_pad_token_id(ids["<|endoftext|>"])
    w.add_add_bos_token(False)
    w.add_add_eos_token(False)
    w.add_add_space_prefix(False)
    w.add_chat_template(tokenizer.CHAT_TEMPLATE)

    for name, p in model.named_parameters():
        weight = p.detach().numpy()
        if "q_proj" in name or "k_proj" in name:
            weight = interleave(weight, c.heads if "q_proj" in name else c.kv_heads)
        if weight.ndim == 1:
            w.add_tensor(gguf_name(name), weight.astype(np.float32))
        else:
            kind = gguf.GGMLQuantizationType.Q8_0
            w.add_tensor(gguf_name(name), gguf.quants.quantize(np.ascontiguousarray(weight), kind), raw_dtype=kind)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def write_hf(model, folder):
    """Weights in float32 as they are in the model given (rounded, if it was rounded)."""
    from safetensors.torch import save_file
    c, tok = model.c, tokenizer.load()
    os.makedirs(folder, exist_ok=True)
    ids = tok.get_vocab()
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": c.vocab, "hidden_size": c.dim,
              "intermediate_size": c.ffn, "num_hidden_layers": c.layers, "num_attention_heads": c.heads,
              "num_key_value_heads": c.kv_heads, "head_dim": c.head_dim, "hidden_act": "silu",
              "max_position_embeddings": c.context, "rms_norm_eps": c.eps, "rope_theta": c.rope_base,
              "tie_word_embeddings": True, "attention_bias": False, "mlp_bias": False, "torch_dtype": "float32",
              "bos_token_id": ids["<|endoftext|>"], "eos_token_id": ids["<|im_end|>"], "pad_token_id": ids["<|endoftext|>"]}
    tokens = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>",
              "bos_token": "<|endoftext|>", "add_bos_token": False, "clean_up_tokenization_spaces": False,
              "model_max_length": c.context, "chat_template": tokenizer.CHAT_TEMPLATE}
    for name, content in (("config.json", config), ("tokenizer_config.json", tokens),
                          ("generation_config.json", {"eos_token_id": ids["<|im_end|>"], "do_sample": False})):
        with open(os.path.join(folder, name), "w") as f:
            json.dump(content, f, indent=1)
    tok.save(os.path.join(folder, "tokenizer.json"))
    save_file({f"model.{n}": p.detach().contiguous() for n, p in model.named_parameters()},
              os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})


def main():
    args = argparse.ArgumentParser()
    args.add_argument("checkpoint")
    args.add_argument("--gguf")
    args.add_argument("--hf")
    args = args.parse_args()
    model = load(args.checkpoint)
    if args.gguf:
        write_gguf(model, args.gguf)
        print(f"{args.gguf}: {os.path.getsize(args.gguf):,} bytes")
    if args.hf:
        round_to_q8_0(model)
        write_hf(model, args.hf)


if __name__ == "__main__":
    main()
