"""tests/bench/random_model.py - a GGUF file of a real model's shape, its weights random.

    python3 tests/bench/random_model.py 1.5b q4_k OUT.gguf --vocabulary FILE.gguf

Shapes: 0.5b (Qwen2.5-0.5B), 1.5b (DeepSeek-R1-Distill-Qwen-1.5B), 8b (Llama-3-8B). Types: q4_0, q8_0, q4_k (as llama.cpp's
quantiser, the output matrix is Q6_K beside 4 bits). What such a model says means nothing, but every multiply-add and
every byte is there, which is what a measure of speed or memory needs. The vocabulary comes from any GGUF file with a
byte-level one (Qwen2.5's has 151,936 tokens); of one that is larger than the shape's the last are left out, but for control tokens.

Weights are as large as a trained model's, so that no activation leaves its range. Quantised blocks are drawn as
bytes, a few MiB of them over and over. Uses the standard library only.

SPDX-License-Identifier: Apache-2.0
"""

import argparse
import dataclasses
import mmap
import random
import struct

ALIGNMENT = 32
DRAWN = 4 << 20  # bytes of random blocks
UINT32, INT32, FLOAT32, STRING, ARRAY = 4, 5, 6, 8, 9  # GGUF's types of metadata
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # bytes of the others
CONTROL = 3  # token_type


@dataclasses.dataclass(frozen=True)
class Shape:
    architecture: str
    layers: int
    embd: int
    heads: int
    kv_heads: int
    ff: int
    vocab: int
    tied: bool
    context: int
    theta: float
    biases: bool  # of queries, keys and values


SHAPES = {
    "0.5b": Shape("qwen2", 24, 896, 14, 2, 4864, 151936, True, 32768, 1e6, True),
    "1.5b": Shape("qwen2", 28, 1536, 12, 2, 8960, 151936, False, 131072, 1e4, True),
    "8b": Shape("llama", 32, 4096, 32, 8, 14336, 128256, False, 131072, 5e5, False),
}

# ---- tensors ----


def half(x):
    return struct.pack("<e", x)


def k_scales(scale, minimum):
    """Twelve bytes that hold eight times the same 6-bit scale and minimum."""
    first = scale & 63 | scale >> 4 << 6
    second = minimum & 63 | minimum >> 4 << 6
    return bytes([first] * 4 + [second] * 4 + [scale & 15 | (minimum & 15) << 4] * 4)


SPREAD = 0.02  # of a trained weight, about


def q4_0(draw):
    return half(SPREAD / 4.6) + draw(16)


def q8_0(draw):
    return half(SPREAD / 74) + draw(32)


def q4_k(draw):
    d = SPREAD / (32 * 4.6)
    return half(d) + half(8 * d) + k_scales(32, 30) + draw(128)


def q6_k(draw):
    return draw(192) + bytes([16] * 16) + half(SPREAD / (16 * 18.5))


@dataclasses.dataclass(frozen=True)
class Type:
    ggml: int
    block: int  # weights
    bytes: int
    drawn: object = None


TYPES = {
    "f32": Type(0, 1, 4),
    "q4_0": Type(2, 32, 18, q4_0),
    "q8_0": Type(8, 32, 34, q8_0),
    "q4_k": Type(12, 256, 144, q4_k),
    "q6_k": Type(14, 256, 210, q6_k),
}


def type_for(name, wanted, width):
    """What llama.cpp's quantiser would make of it: nothing of 256 weights where a row is no multiple of that."""
    if name == "output.weight" and wanted != "q8_0":
        wanted = "q6_k"
    return wanted if width % TYPES[wanted].block == 0 else "q8_0"


def tensors(shape, wanted):
    """(name, dimensions, type)"""
    head = shape.embd // shape.heads
    kv = head * shape.kv_heads

    def matrix(name, k, n):
        return name, (k, n), type_for(name, wanted, k)

    def vector(name, n):
        return name, (n,), "f32"

    yield matrix("token_embd.weight", shape.embd, shape.vocab)
    yield vector("output_norm.weight", shape.embd)
    if not shape.tied:
        yield matrix("output.weight", shape.embd, shape.vocab)
    for i in range(shape.layers):
        yield vector(f"blk.{i}.attn_norm.weight", shape.embd)
        yield vector(f"blk.{i}.ffn_norm.weight", shape.embd)
        for what, n in (("q", shape.embd), ("k", kv), ("v", kv)):
            yield matrix(f"blk.{i}.attn_{what}.weight", shape.embd, n)
            if shape.biases:
                yield vector(f"blk.{i}.attn_{what}.bias", n)
        yield matrix(f"blk.{i}.attn_output.weight", shape.embd, shape.embd)
        yield matrix(f"blk.{i}.ffn_gate.weight", shape.embd, shape.ff)
        yield matrix(f"blk.{i}.ffn_up.weight", shape.embd, shape.ff)
        yield matrix(f"blk.{i}.ffn_down.weight", shape.ff, shape.embd)


def size_of(dimensions, kind):
    n = TYPES[kind].bytes
    for d in (dimensions[0] // TYPES[kind].block, *dimensions[1:]):
        n *= d
    return n


class Blocks:
    """Random blocks of every type, drawn once."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.pools = {}

    def pool(self, kind):
        if kind not in self.pools:
            t = TYPES[kind]
            self.pools[kind] = b"".join(t.drawn(self.random.randbytes) for _ in range(DRAWN // t.bytes))
        return self.pools[kind]

    def write(self, out, kind, n):
        """n bytes, from a block on that is another one each time."""
        pool, size = self.pool(kind), TYPES[kind].bytes
        while n > 0:
            at = self.random.randrange(len(pool) // size) * size
            part = pool[at : at + n]
            out.write(part)
            n -= len(part)


# ---- metadata ----


def text(s):
    s = s if isinstance(s, bytes) else s.encode()
    return struct.pack("<Q", len(s)) + s


class Reader:
    """What a GGUF file says of its vocabulary."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.b = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
        magic, version, _, n = struct.unpack_from("<4sIQQ", self.b, 0)
        if magic != b"GGUF" or version not in (2, 3):
            raise ValueError(f"{path} is no GGUF file")
        self.at = 24
        self.values = {}  # {key: (type, type of elements, value)}
        for _ in range(n):
            key = self.string().decode()
            self.values[key] = self.value(self.number("<I"))

    def number(self, form):
        (x,) = struct.unpack_from(form, self.b, self.at)
        self.at += struct.calcsize(form)
        return x

    def string(self):
        n = self.number("<Q")
        self.at += n
        return self.b[self.at - n : self.at]

    def value(self, kind):
        if kind == STRING:
            return kind, None, self.string()
        if kind != ARRAY:
            self.at += SIZES[kind]
            return kind, None, self.b[self.at - SIZES[kind] : self.at]
        element, n = self.number("<I"), self.number("<Q")
        return kind, element, [self.value(element)[2] for _ in range(n)]


class Vocabulary:
    def __init__(self, path, size):
        self.v = {k: v for k, v in Reader(path).values.items() if k.startswith("tokenizer.ggml.")}
        if self.v["tokenizer.ggml.model"][2] != b"gpt2":
            raise ValueError(f"{path} has no byte-level vocabulary")
        tokens, types = self.array("tokens"), [struct.unpack("<i", t)[0] for t in self.array("token_type")]
        control = [i for i, t in enumerate(types) if t == CONTROL]
        plain = [i for i, t in enumerate(types) if t != CONTROL]
        if size < len(tokens):
            kept = plain[: size - len(control)] + control
        else:
            kept = list(range(len(tokens)))
        self.tokens = [tokens[i] for i in kept] + [b"[PAD%d]" % i for i in range(size - len(kept))]
        self.types = [types[i] for i in kept] + [5] * (size - len(kept))
        self.place = {old: new for new, old in enumerate(kept)}
        known = set(self.tokens)
        self.merges = [m for m in self.array("merges") if b"".join(m.split(b" ")) in known]

    def array(self, name):
        return self.v["tokenizer.ggml." + name][2]

    def metadata(self):
        """(key, bytes of type and value)"""
        strings = struct.pack("<III", ARRAY, STRING, 0)[:8]
        yield "tokenizer.ggml.model", struct.pack("<I", STRING) + text("gpt2")
        yield "tokenizer.ggml.pre", struct.pack("<I", STRING) + text(self.v["tokenizer.ggml.pre"][2])
        for name, values in (("tokens", self.tokens), ("merges", self.merges)):
            yield "tokenizer.ggml." + name, strings + struct.pack("<Q", len(values)) + b"".join(map(text, values))
        types = struct.pack(f"<IIQ{len(self.types)}i", ARRAY, INT32, len(self.types), *self.types)
        yield "tokenizer.ggml.token_type", types
        for name in ("bos_token_id", "eos_token_id", "padding_token_id"):
            kind, _, raw = self.v.get("tokenizer.ggml." + name, (None, None, None))
            if kind == UINT32 and struct.unpack("<I", raw)[0] in self.place:
                yield "tokenizer.ggml." + name, struct.pack("<II", UINT32, self.place[struct.unpack("<I", raw)[0]])


def metadata(shape, name, vocabulary):
    a = shape.architecture
    numbers = {
        "block_count": shape.layers,
        "context_length": shape.context,
        "embedding_length": shape.embd,
        "feed_forward_length": shape.ff,
        "attention.head_count": shape.heads,
        "attention.head_count_kv": shape.kv_heads,
        "vocab_size": shape.vocab,
    }
    yield "general.architecture", struct.pack("<I", STRING) + text(a)
    yield "general.name", struct.pack("<I", STRING) + text(name)
    for key, n in numbers.items():
        yield f"{a}.{key}", struct.pack("<II", UINT32, n)
    yield f"{a}.rope.freq_base", struct.pack("<If", FLOAT32, shape.theta)
    yield f"{a}.attention.layer_norm_rms_epsilon", struct.pack("<If", FLOAT32, 1e-6)
    if a == "llama":
        yield f"{a}.rope.dimension_count", struct.pack("<II", UINT32, shape.embd // shape.heads)
    yield from vocabulary.metadata()


# ---- the file ----


def aligned(n):
    return (n + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


def write(out, shape, wanted, name, vocabulary, seed=1):
    listed = list(tensors(shape, wanted))
    pairs = list(metadata(shape, name, vocabulary))
    out.write(struct.pack("<4sIQQ", b"GGUF", 3, len(listed), len(pairs)))
    for key, value in pairs:
        out.write(text(key) + value)
    at = 0
    for tensor, dimensions, kind in listed:
        out.write(text(tensor) + struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions))
        out.write(struct.pack("<IQ", TYPES[kind].ggml, at))
        at += aligned(size_of(dimensions, kind))
    out.write(bytes(aligned(out.tell()) - out.tell()))
    blocks = Blocks(seed)
    for tensor, dimensions, kind in listed:
        n = size_of(dimensions, kind)
        if kind == "f32":
            out.write(struct.pack("<f", 0.0 if tensor.endswith("bias") else 1.0) * dimensions[0])
        else:
            blocks.write(out, kind, n)
        out.write(bytes(aligned(n) - n))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0], formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("shape", choices=SHAPES)
    p.add_argument("type", choices=["q4_0", "q8_0", "q4_k"])
    p.add_argument("out")
    p.add_argument("--vocabulary", required=True, help="a GGUF file with a byte-level vocabulary")
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    shape = SHAPES[a.shape]
    with open(a.out, "wb") as out:
        write(out, shape, a.type, f"random {a.shape} {a.type}", Vocabulary(a.vocabulary, shape.vocab), a.seed)


if __name__ == "__main__":
    main()
