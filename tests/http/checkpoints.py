"""Checkpoints for tests of pushes: safetensors files and GGUF files with other numbers than their originals.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import hashlib
import json
import pathlib
import random
import shutil
import struct

DATA = pathlib.Path(__file__).parents[1] / "golden/data"
FOLDER = DATA / "deepseek3-mtp"       # BF16
GGUF_F16 = DATA / "qwen3-yarn-f16.gguf"
GGUF_Q8 = DATA / "qwen2-bias-q8_0.gguf"


def read(path):
    """{name: (dtype, shape, bytes)} and the metadata of a safetensors file."""
    raw = pathlib.Path(path).read_bytes()
    n = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + n])
    metadata = header.pop("__metadata__", {})
    data = raw[8 + n:]
    return {k: (v["dtype"], v["shape"], data[slice(*v["data_offsets"])]) for k, v in header.items()}, metadata


def pack(tensors, metadata=None):
    """A safetensors file of {name: (dtype, shape, bytes)}."""
    header, at = ({"__metadata__": metadata} if metadata else {}), 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(t[2] for t in tensors.values())


def jiggle(data, seed):
    """Numbers of two bytes, each changed by an eighth at most."""
    noise = random.Random(seed).randbytes(len(data) // 2)
    out = bytearray(data)
    for i, x in enumerate(noise):
        out[2 * i] ^= x & 15
    return bytes(out)


def jiggled(tensors, seed):
    """The same, with other numbers in every BF16 tensor."""
    return {k: (d, s, jiggle(b, f"{seed} {k}") if d == "BF16" else b) for k, (d, s, b) in tensors.items()}


def sha256(tensors):
    """As /v1/weights says it of a folder or a stream."""
    lines = [f"{k} {d} {json.dumps(s, separators=(',', ':'))} {hashlib.sha256(b).hexdigest()}\n"
             for k, (d, s, b) in sorted(tensors.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def digest(data):
    """A Content-Digest header."""
    return "sha-256=:" + base64.b64encode(hashlib.sha256(data).digest()).decode() + ":"


def folder(to, tensors, shards=1, base=FOLDER):
    """A Hugging Face folder of these tensors, everything else as in base."""
    shutil.copytree(base, to, ignore=shutil.ignore_patterns("*.safetensors"))
    names = list(tensors)
    if shards == 1:
        (to / "model.safetensors").write_bytes(pack(tensors))
        return to
    files = {n: f"model-{i % shards:05d}.safetensors" for i, n in enumerate(names)}
    for file in sorted(set(files.values())):
        (to / file).write_bytes(pack({n: tensors[n] for n in names if files[n] == file}))
    (to / "model.safetensors.index.json").write_text(json.dumps({"weight_map": files}))
    return to


def gguf(to, seed, base=GGUF_F16):
    """A GGUF file like base, with other numbers in the tensors of its second half."""
    raw = base.read_bytes()
    half = len(raw) // 64 * 32
    to.write_bytes(raw[:half] + jiggle(raw[half:], seed))
    return to
