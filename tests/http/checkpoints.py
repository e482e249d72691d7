"""Checkpoints for tests of pushes: safetensors files and GGUF files with other numbers than their originals.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import ctypes
import ctypes.util
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


# ---- changes ----


class Xxh128(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


def xxh3(data):
    library = ctypes.CDLL(ctypes.util.find_library("xxhash"))
    library.XXH3_128bits.restype = Xxh128
    library.XXH3_128bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
    h = library.XXH3_128bits(data, len(data))
    return f"{h.high:016x}{h.low:016x}"


def zstd(data):
    library = ctypes.CDLL(ctypes.util.find_library("zstd"))
    library.ZSTD_compressBound.restype = library.ZSTD_compress.restype = ctypes.c_size_t
    library.ZSTD_compressBound.argtypes = [ctypes.c_size_t]
    library.ZSTD_compress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
    room = library.ZSTD_compressBound(len(data))
    out = ctypes.create_string_buffer(room)
    n = library.ZSTD_compress(out, room, data, len(data), 1)
    return out.raw[:n]


def change(old, new, encoding):
    if encoding == "xor":
        return bytes(a ^ b for a, b in zip(old, new))
    at = [i for i, (a, b) in enumerate(zip(old, new)) if a != b]
    number = lambda i: i.to_bytes(4, "little")
    return number(len(at)) + b"".join(map(number, at)) + bytes(new[i] for i in at)


def slime_delta(to, i, old, new, encoding="xor", shards=1):
    """Version i as slime publishes it (UpdateWeightFromDiskDelta): to/weight_v%06d, the tensors that changed alone."""
    path = to / f"weight_v{i:06d}"
    path.mkdir(parents=True)
    changed = [name for name in new if new[name] != old[name]]
    shards = min(shards, len(changed))
    files = {name: f"model-{k % shards:05d}-of-{shards:05d}.safetensors" for k, name in enumerate(changed)}
    for file in sorted(set(files.values())):
        packed = {n: zstd(change(old[n][2], new[n][2], encoding)) for n in changed if files[n] == file}
        sums = {n: xxh3(new[n][2]) for n in packed}
        (path / file).write_bytes(pack({n: ("U8", [len(b)], b) for n, b in packed.items()}, sums))
    metadata = {"version": f"{i:06d}", "base_version": f"{i - 1:06d}", "delta_encoding": encoding,
                "compression_format": "zstd", "checksum_format": "xxh3-128"}
    (path / "model.safetensors.index.json").write_text(json.dumps({"metadata": metadata, "weight_map": files}))
    return path


def skyrl_delta(to, i, old, new, sums="xxh3-128", files=1):
    """Version i as SkyRL publishes it (DeltaCheckpointPublisher): to/delta-%08d. sums "old": before there were two kinds."""
    path = to / f"delta-{i:08d}"
    path.mkdir(parents=True)
    records, payloads = [], [{} for _ in range(files)]
    for k, name in enumerate(n for n in new if new[n] != old[n]):
        dtype, shape, data = new[name]
        packed = zstd(change(old[name][2], data, "xor"))
        payloads[k % files][name] = ("U8", [len(packed)], packed)
        sum_of = {"xxh3-128": {"checksum": xxh3(data), "checksum_algorithm": "xxh3-128"}}.get(
            sums, {"checksum": hashlib.sha256(data).hexdigest(), "checksum_algorithm": "sha256"})
        if sums == "old":
            sum_of = {"sha256": hashlib.sha256(data).hexdigest()}
        records.append({"name": name, "dtype": {"BF16": "bfloat16", "F32": "float32"}[dtype], "shape": shape,
                        "uncompressed_num_bytes": len(data), "compressed_num_bytes": len(packed),
                        "payload_file": f"delta-rank00000-file{k % files:06d}.safetensors", "payload_key": name, **sum_of})
    for k, tensors in enumerate(payloads):
        if tensors:
            (path / f"delta-rank00000-file{k:06d}.safetensors").write_bytes(pack(tensors))
    total = lambda key: sum(r[key] for r in records)
    (path / "manifest.json").write_text(json.dumps({
        "version": i, "base_version": i - 1, "tensors": records, "total_uncompressed_num_bytes": total("uncompressed_num_bytes"),
        "total_compressed_num_bytes": total("compressed_num_bytes"), "payload_files": sorted({r["payload_file"] for r in records})}))
    return path
