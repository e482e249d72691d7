# SPDX-License-Identifier: Apache-2.0
"""The llama architecture in PyTorch, small, with names that match Hugging Face's.

RMSNorm, rotary positions (halves of a head rotated against each other, as in
Hugging Face's weights; export.py permutes them for GGUF), grouped-query
attention, SwiGLU, and one matrix for both embedding and output. All sizes are
multiples of 32, so that every weight matrix can be stored as Q8_0.
"""
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Config:
    vocab: int = 1024
    dim: int = 256
    layers: int = 6
    heads: int = 8
    kv_heads: int = 4
    ffn: int = 512
    context: int = 1024
    rope_base: float = 10000.0
    eps: float = 1e-5

    @property
    def head_dim(self):
        return self.dim // self.heads


def rotate(x, cos, sin):
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.q_proj = nn.Linear(c.dim, c.heads * c.head_dim, bias=False)
        self.k_proj = nn.Linear(c.dim, c.kv_heads * c.head_dim, bias=False)
        self.v_proj = nn.Linear(c.dim, c.kv_heads * c.head_dim, bias=False)
        self.o_proj = nn.Linear(c.heads * c.head_dim, c.dim, bias=False)

    def forward(self, x, cos, sin, mask, cache):
        """mask is added to the scores: [time, keys], or [batch, 1, time, keys] when decoding."""
        b, t, _ = x.shape
        c, groups = self.c, self.c.heads // self.c.kv_heads
        split = lambda y, n: y.view(b, t, n, c.head_dim).transpose(1, 2)
        q = rotate(split(self.q_proj(x), c.heads), cos, sin)
        k = rotate(split(self.k_proj(x), c.kv_heads), cos, sin)
        v = split(self.v_proj(x), c.kv_heads)
        if cache is not None:
            k, v = cache.append(self, k, v)
            k, v = k.repeat_interleave(groups, dim=1), v.repeat_interleave(groups, dim=1)
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        else:
            # Training. Rows are short, and plain products are 40% faster here than
            # PyTorch's flash attention; the queries that share a key head are stacked.
            q = q.reshape(b * c.kv_heads, groups * t, c.head_dim).to(v.dtype)
            k = k.reshape(b * c.kv_heads, t, c.head_dim).to(v.dtype)
            v = v.reshape(b * c.kv_heads, t, c.head_dim)
            scores = torch.baddbmm(mask.repeat(groups, 1)[None].to(v.dtype), q, k.transpose(1, 2),
                                   alpha=c.head_dim ** -0.5)
            y = torch.bmm(scores.softmax(-1).to(v.dtype), v).view(b, c.heads, t, c.head_dim)
        return self.o_proj(y.transpose(1, 2).reshape(b, t, -1))


class Mlp(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.gate_proj = nn.Linear(c.dim, c.ffn, bias=False)
        self.up_proj = nn.Linear(c.dim, c.ffn, bias=False)
        self.down_proj = nn.Linear(c.ffn, c.dim, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.input_layernorm = nn.RMSNorm(c.dim, eps=c.eps)
        self.self_attn = Attention(c)
        self.post_attention_layernorm = nn.RMSNorm(c.dim, eps=c.eps)
        self.mlp = Mlp(c)

    def forward(self, x, cos, sin, mask, cache=None):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, mask, cache)
        return x + self.mlp(self.post_attention_layernorm(x))


class Llama(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.embed_tokens = nn.Embedding(c.vocab, c.dim)
        self.layers = nn.ModuleList(Layer(c) for _ in range(c.layers))
        self.norm = nn.RMSNorm(c.dim, eps=c.eps)
        frequency = c.rope_base ** (-torch.arange(0, c.head_dim, 2).float() / c.head_dim)
        angle = torch.outer(torch.arange(c.context).float(), frequency)
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                out = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(p, std=0.02 if "embed" in name else p.shape[1] ** -0.5 * (0.0 if out else 1.0))

    def hidden(self, tokens):
        """[batch, time] ids to [batch, time, dim], ready for the output matrix."""
        t = tokens.shape[1]
        x = self.embed_tokens(tokens)
        mask = torch.full((t, t), float("-inf")).triu(1)
        for layer in self.layers:
            x = layer(x, self.cos[:t], self.sin[:t], mask)
        return self.norm(x)

    def logits(self, hidden):
        return F.linear(hidden, self.embed_tokens.weight)


class Cache:
    """Keys and values of a batch that is decoded together."""
    def __init__(self):
        self.kept = {}

    def append(self, layer, k, v):
        if layer in self.kept:
            k, v = (torch.cat(pair, dim=2) for pair in zip(self.kept[layer], (k, v)))
        self.kept[layer] = k, v
        return k, v

    def select(self, rows):
        self.kept = {layer: (k[rows], v[rows]) for layer, (k, v) in self.kept.items()}


@torch.inference_mode()
def generate(model, prompts, stop, limit):
    """Greedy continuations of lists of ids, decoded as one batch: shorter prompts are
    padded on the left, masked, and positions count from each prompt's own start."""
    width = max(map(len, prompts))
    pad = torch.tensor([width - len(p) for p in prompts])
    tokens = torch.tensor([[0] * (width - len(p)) + p for p in prompts])
    outputs, rows = [[] for _ in prompts], torch.arange(len(prompts))
    cache, start = Cache(), 0
    for _ in range(limit):
        columns = torch.arange(start, start + tokens.shape[1])
        positions = (columns[None, :] - pad[:, None]).clamp(min=0)
        keys = torch.arange(start + tokens.shape[1])
        seen = (keys[None, None, :] <= columns[None, :, None]) & (keys[None, None, :] >= pad[:, None, None])
        seen |= keys[None, None, :] == columns[None, :, None]  # a padding row sees itself, or it would be NaN
        x = model.embed_tokens(tokens)
        cos, sin = model.cos[positions][:, None], model.sin[positions][:, None]
        for layer in model.layers:
            x = layer(x, cos, sin, seen[:, None], cache)
        start += tokens.shape[1]
        best = model.logits(model.norm(x[:, -1])).argmax(-1)
        going = []
        for i, (row, token) in enumerate(zip(rows.tolist(), best.tolist())):
            if token != stop:
                outputs[row].append(token)
                going.append(i)
        if not going:
            break
        if len(going) < len(rows):
            keep = torch.tensor(going)
            rows, pad, best = rows[keep], pad[keep], best[keep]
            cache.select(keep)
        tokens = best[:, None]
    return outputs
