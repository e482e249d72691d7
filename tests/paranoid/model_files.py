"""Models in every form in which they come: GGUF files, one of them split, and Hugging Face folders, one in shards; and adapters.

The split and the sharded one are made of the whole ones in tests/golden/data, with the tensors dealt to two files. The adapters are
for the server's model, models/touchstone-tiny.gguf.

SPDX-License-Identifier: Apache-2.0
"""
import json
import pathlib
import shutil
import struct

DATA = pathlib.Path(__file__).resolve().parents[1] / "golden/data"
ALIGNMENT = 32
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # GGUF's types of values, in bytes
STRING, ARRAY = 8, 9


class Gguf:
    """A GGUF file taken apart: metadata as one run of bytes, tensors with their data."""

    def __init__(self, path):
        self.data, self.at = path.read_bytes(), 4
        self.version, n_tensors, self.n_pairs = self.take("=IQQ")
        begin = self.at
        for _ in range(self.n_pairs):
            self.text()
            self.value(*self.take("=I"))
        self.pairs = self.data[begin:self.at]
        infos = [self.info() for _ in range(n_tensors)]
        base = -(-self.at // ALIGNMENT) * ALIGNMENT
        ends = sorted(i[2] for i in infos) + [len(self.data) - base]
        self.tensors = [(name, shape, self.data[base + at:base + ends[ends.index(at) + 1]]) for name, shape, at in infos]

    def take(self, form):
        got = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return got

    def text(self):
        [n] = self.take("=Q")
        self.at += n
        return self.data[self.at - n:self.at]

    def value(self, kind):
        if kind == STRING:
            self.text()
        elif kind == ARRAY:
            inner, n = self.take("=IQ")
            for _ in range(n):
                self.value(inner)
        else:
            self.at += SIZES[kind]

    def info(self):
        name, [n] = self.text(), self.take("=I")
        begin = self.at
        self.at += 8 * n + 4
        shape = struct.pack("=I", n) + self.data[begin:self.at]
        return name, shape, *self.take("=Q")


def text(s):
    return struct.pack("=Q", len(s)) + s


def pair(key, n):
    return text(key) + struct.pack("=IH", 2, n)


def split_gguf(source, folder):
    """The file as a set of two; its first part's path."""
    whole = Gguf(source)
    halves = [whole.tensors[::2], whole.tensors[1::2]]
    for number, tensors in enumerate(halves):
        pairs = pair(b"split.no", number) + pair(b"split.count", 2) + (whole.pairs if number == 0 else b"")
        head = b"GGUF" + struct.pack("=IQQ", whole.version, len(tensors), 2 + (whole.n_pairs if number == 0 else 0)) + pairs
        data = b""
        for name, shape, values in tensors:
            head += text(name) + shape + struct.pack("=Q", len(data))
            data += values + bytes(-len(values) % ALIGNMENT)
        head += bytes(-len(head) % ALIGNMENT)
        (folder / f"{source.stem}-{number + 1:05d}-of-00002.gguf").write_bytes(head + data)
    return folder / f"{source.stem}-00001-of-00002.gguf"


def sharded_folder(source, folder):
    """The Hugging Face folder with its safetensors file in two."""
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("model.safetensors"))
    raw = (source / "model.safetensors").read_bytes()
    [n] = struct.unpack_from("=Q", raw)
    head, base = json.loads(raw[8:8 + n]), 8 + n
    names = [name for name in head if name != "__metadata__"]
    weight_map = {}
    for number, mine in enumerate((names[::2], names[1::2]), 1):
        shard, part, data = f"model-{number:05d}-of-00002.safetensors", {}, b""
        for name in mine:
            begin, end = head[name]["data_offsets"]
            part[name] = {**head[name], "data_offsets": [len(data), len(data) + end - begin]}
            data += raw[base + begin:base + end]
            weight_map[name] = shard
        said = json.dumps(part).encode()
        (folder / shard).write_bytes(struct.pack("=Q", len(said)) + said + data)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    return folder


TINY = {"self_attn.q_proj": (256, 256), "self_attn.v_proj": (128, 256), "mlp.up_proj": (512, 256), "mlp.down_proj": (256, 512)}  # rows, columns


def adapter(folder, dora=False, layers=2, rank=2):
    """A PEFT folder of an adapter that adds to some products of the first layers."""
    folder.mkdir()
    config = {"peft_type": "LORA", "r": rank, "lora_alpha": 4, "use_dora": dora, "target_modules": [m.split(".")[1] for m in TINY]}
    said = json.dumps(config)
    (folder / "adapter_config.json").write_text(said)
    head, data = {"__metadata__": {"adapter_config": said}}, b""  # as a stream has it
    for layer in range(layers):
        for module, (rows, columns) in TINY.items():
            name = f"base_model.model.model.layers.{layer}.{module}."
            parts = {"lora_A.weight": [rank, columns], "lora_B.weight": [rows, rank], **({"lora_magnitude_vector": [rows]} if dora else {})}
            for part, shape in parts.items():
                n = shape[0] * (shape[1] if len(shape) > 1 else 1)
                values = struct.pack(f"={n}f", *[(i * 37 % 19 - 9) / 300 + ("magnitude" in part) for i in range(n)])
                head[name + part] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
                data += values
    text = json.dumps(head).encode()
    (folder / "adapter_model.safetensors").write_bytes(struct.pack("=Q", len(text)) + text + data)
    return folder


def models(folder):
    """{what it is: path} of a model in every form; what must be made is made in folder."""
    return {
        "a GGUF file": DATA / "qwen2-bias-q4_0.gguf",
        "a split GGUF file": split_gguf(DATA / "qwen2-bias-q4_0.gguf", folder),
        "a Hugging Face folder": DATA / "deepseek3-mtp",
        "a Hugging Face folder in shards": sharded_folder(DATA / "deepseek3-mtp", folder / "sharded"),
    }
