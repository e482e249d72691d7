"""--merge: an adapter merged into the weights as they load: what a checkpoint that was merged and saved serves.

SPDX-License-Identifier: Apache-2.0
"""
import itertools
import json
import random
import struct
import subprocess
from statistics import mean

import checkpoints
import pytest
from conftest import BIN, PATIENCE
from test_lora import ADAPTERS, PROMPT, ask, models
from test_weights import answers

MOE, LATENT = checkpoints.DATA / "qwen3moe-uneven", checkpoints.DATA / "deepseek2-bias"


# ---- to the bit ----


def floats(data, dtype):
    """Numbers of BF16 or F32."""
    if dtype == "BF16":
        data = b"".join(b"\0\0" + data[i:i + 2] for i in range(0, len(data), 2))
    return list(struct.unpack(f"<{len(data) // 4}f", data))


def rounded(values, dtype):
    """Their bytes, each rounded to float32 and then to the type, ties to even."""
    data = struct.pack(f"<{len(values)}f", *values)
    if dtype == "F32":
        return data
    bits = struct.unpack(f"<{len(values)}I", data)
    return struct.pack(f"<{len(values)}H", *((x + 0x7fff + (x >> 16 & 1)) >> 16 for x in bits))


def wide(tensors):
    """A checkpoint in F32."""
    return {k: ("F32", s, rounded(floats(b, d), "F32") if d == "BF16" else b) for k, (d, s, b) in tensors.items()}


class Lora:
    """A PEFT folder of rank 2 whose products are exact in every type: few bits each."""

    def __init__(self, to, tensors, modules):
        self.to, self.draw, self.of = to, random.Random(5), {}
        for module in modules:
            n, k = tensors[f"{module}.weight"][1]
            self.of[module] = self.small(2, k), self.small(n, 2)
        file = {}
        for module, (a, b) in self.of.items():
            ends = ("lora_A.weight", "lora_B.weight")
            if module == "model.embed_tokens":
                ends, a, b = ("lora_embedding_A", "lora_embedding_B"), list(zip(*b)), list(zip(*a))
            for end, rows in zip(ends, (a, b)):
                data = struct.pack(f"<{len(rows) * len(rows[0])}f", *itertools.chain(*rows))
                file[f"base_model.model.{module}.{end}"] = ("F32", [len(rows), len(rows[0])], data)
        to.mkdir()
        (to / "adapter_config.json").write_text(json.dumps({"r": 2, "lora_alpha": 4, "peft_type": "LORA"}))
        (to / "adapter_model.safetensors").write_bytes(checkpoints.pack(file))

    def small(self, rows, columns):
        return [[self.draw.choice((-1, -0.5, 0, 0.5, 1)) * 0.125 for _ in range(columns)] for _ in range(rows)]

    def merged(self, tensors):
        """The checkpoint as PEFT merges and saves it: scale 2."""
        out = dict(tensors)
        for module, (a, b) in self.of.items():
            dtype, (n, k), data = tensors[f"{module}.weight"]
            sums = [w + 2 * (b[i // k][0] * a[0][i % k] + b[i // k][1] * a[1][i % k])
                    for i, w in enumerate(floats(data, dtype))]
            out[f"{module}.weight"] = (dtype, [n, k], rounded(sums, dtype))
        return out


def folder(to, base, tensors=None):
    """base with these tensors, or its own; and a vocabulary, which golden models have none of."""
    tensors = tensors or checkpoints.read(base / "model.safetensors")[0]
    checkpoints.folder(to, tensors, base=base)
    text = json.loads((checkpoints.FOLDER / "tokenizer.json").read_text())
    n = tensors["model.embed_tokens.weight"][1][0]
    text["model"] |= {"vocab": {t: i for t, i in text["model"]["vocab"].items() if i < n}, "merges": []}
    (to / "tokenizer.json").write_text(json.dumps(text | {"added_tokens": [], "post_processor": None}))
    return str(to)


def layers(modules, n):
    return [f"model.layers.{i}.{m}" for i in range(n) for m in modules]


ATTENTION = [f"self_attn.{x}_proj" for x in "qkvo"]
CASES = {
    "attention and both ends": (MOE, layers(ATTENTION, 4) + ["lm_head", "model.embed_tokens"]),
    "experts, single ones, and a router": (MOE, ["model.layers.1.mlp.experts.0.up_proj", "model.layers.1.mlp.gate",
                                                 "model.layers.1.mlp.experts.3.down_proj", "model.layers.0.mlp.up_proj"]),
    "latent attention, rows that are rotated": (LATENT, ["model.layers.0.self_attn.q_b_proj",
                                                         "model.layers.1.self_attn.kv_a_proj_with_mqa"]),
}


@pytest.mark.parametrize("flags", [[], ["--weights", "q8_0"]], ids=["as it is", "q8_0"])
@pytest.mark.parametrize("dtype", ["BF16", "F32"])
@pytest.mark.parametrize("case", CASES)
def test_merged_is_merged_and_saved_to_the_bit(start, tmp_path, case, dtype, flags):
    base, modules = CASES[case]
    tensors = checkpoints.read(base / "model.safetensors")[0]
    if dtype == "F32":
        tensors = wide(tensors)
    lora = Lora(tmp_path / "lora", tensors, modules)
    model, saved = folder(tmp_path / "base", base, tensors), folder(tmp_path / "saved", base, lora.merged(tensors))
    ours = start("--adapter", f"policy={lora.to}", "--merge", *flags, model=model)
    theirs = start(*flags, model=saved)
    assert ours.http.get("/v1/weights").json()["sha256"] == theirs.http.get("/v1/weights").json()["sha256"]
    assert answers(ours) == answers(theirs) != answers(start(*flags, model=model))


def test_merged_is_what_peft_merges(start, tmp_path):
    """LoRA of projections and both ends, whole matrices of projections and a router, into BF16."""
    s = start("--adapter", f"policy={ADAPTERS / 'qwen3moe-whole'}", "--merge", model=folder(tmp_path / "base", MOE))
    want = json.loads((ADAPTERS / "qwen3moe-whole.json").read_text())["merged_sha256"]
    assert s.http.get("/v1/weights").json()["sha256"] == want


# ---- as the adapter beside the model ----


@pytest.mark.parametrize("name", ["qwen3moe-ends", "qwen3moe-experts", "qwen3moe-whole", "deepseek2-latent"])
def test_merged_is_what_the_adapter_computes(start, tmp_path, name):
    """The golden tests hold the latter against PEFT."""
    base = LATENT if "deepseek" in name else MOE
    model = folder(tmp_path / "base", base, wide(checkpoints.read(base / "model.safetensors")[0]))
    flags = ["--engine", "reference", "--adapter", f"policy={ADAPTERS / name}"]
    differ = differences(start(*flags, "--merge", model=model), start(*flags, model=model))
    assert max(differ[0]) < 5e-4 and max(differ[1]) > 0.1


def test_ends_of_a_tied_model_part(start, tmp_path):
    tensors = wide(checkpoints.read(LATENT / "model.safetensors")[0])
    assert "lm_head.weight" not in tensors
    model = folder(tmp_path / "base", LATENT, tensors)
    head = Lora(tmp_path / "lora", {**tensors, "lm_head.weight": tensors["model.embed_tokens.weight"]}, ["lm_head"])
    flags = ["--engine", "reference", "--adapter", f"policy={head.to}"]
    merged = start(*flags, "--merge", model=model)
    assert max(differences(merged, start(*flags, model=model))[0]) < 5e-4
    assert merged.http.get("/v1/weights").json()["tensors"] == len(tensors) + 1


def test_ends_of_a_tied_model_that_are_alike_stay_tied(start, tmp_path):
    tensors = wide(checkpoints.read(LATENT / "model.safetensors")[0])
    dtype, shape, data = tensors["model.embed_tokens.weight"]
    new = (dtype, shape, rounded([1.5 * x for x in floats(data, dtype)], dtype))
    (tmp_path / "lora").mkdir()
    (tmp_path / "lora/adapter_config.json").write_text('{"ensure_weight_tying": true, "modules_to_save": ["embed_tokens"]}')
    (tmp_path / "lora/adapter_model.safetensors").write_bytes(checkpoints.pack(
        {f"base_model.model.{m}.weight": new for m in ("lm_head", "model.embed_tokens")}))
    ours = start("--adapter", f"policy={tmp_path / 'lora'}", "--merge", model=folder(tmp_path / "base", LATENT, tensors))
    saved = start(model=folder(tmp_path / "saved", LATENT, tensors | {"model.embed_tokens.weight": new}))
    assert ours.http.get("/v1/weights").json()["sha256"] == saved.http.get("/v1/weights").json()["sha256"]
    assert answers(ours) == answers(saved)


@pytest.mark.parametrize("name", ["qwen2-dora", "qwen2-saved"])
def test_into_quantised_weights(start, name):
    flags = ["--engine", "reference", "--adapter", f"policy={ADAPTERS / name}"]
    model = str(checkpoints.GGUF_Q8)
    differ = differences(start(*flags, "--merge", model=model), start(*flags, model=model))
    assert mean(differ[0]) < 0.15 and mean(differ[1]) > 1, (mean(differ[0]), mean(differ[1]))  # 8 bits are lost once more


def differences(merged, beside):
    """How far log-probabilities of a prompt are from the adapter's beside the model, and from the model's own."""
    score = [[p for p in s.complete(prompt=PROMPT, max_tokens=1, echo=True, logprobs=1, **m)["choices"][0]["logprobs"][
        "token_logprobs"][1:len(PROMPT)]] for s, m in ((merged, {}), (beside, {"model": "policy"}), (beside, {}))]
    return [[abs(a - b) for a, b in zip(score[0], other)] for other in score[1:]]


# ---- what a user sees ----


def test_the_merged_model_has_the_adapters_name(start):
    name = f"policy={ADAPTERS / 'qwen2-dora'}"
    s = start("--adapter", name, "--merge", model=str(checkpoints.GGUF_Q8))
    assert list(models(s)) == ["policy"] and models(s)["policy"].get("parent") is None
    assert ask(s, "policy") == ask(s)
    plain = start(model=str(checkpoints.GGUF_Q8))
    assert s.complete(prompt="a")["system_fingerprint"] != plain.complete(prompt="a")["system_fingerprint"]
    named = start("--adapter", name, "--merge", "--served-model-name", "other", model=str(checkpoints.GGUF_Q8))
    assert list(models(named)) == ["other"]


def test_others_are_adapters_of_what_was_merged(start, tmp_path):
    tensors = checkpoints.read(MOE / "model.safetensors")[0]
    lora = Lora(tmp_path / "lora", tensors, ["lm_head"])
    saved, base = start(model=folder(tmp_path / "saved", MOE, lora.merged(tensors))), folder(tmp_path / "base", MOE)
    ours = start("--adapter", f"policy={lora.to}", "--merge", model=base)
    for s in (ours, saved):
        body = {"lora_name": "more", "lora_path": str(ADAPTERS / "qwen3moe-ends")}
        assert s.post("/v1/load_lora_adapter", body).status_code == 200
    assert ask(ours, "more") == ask(saved, "more") != ask(ours)
    reply = ours.http.put("/v1/weights", params={"part": "some"}, content=checkpoints.pack(
        {"lm_head.weight": tensors["lm_head.weight"]}))
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "base_unavailable")
    assert ours.post("/v1/weights", {"path": base}).status_code == 200
    assert answers(ours) == answers(start(model=base))


def refused(*flags, model):
    run = subprocess.run([BIN, "serve", "--port", "0", "--model", str(model), *flags], capture_output=True, text=True,
                         timeout=PATIENCE)
    assert run.returncode != 0
    return run.stderr


def test_what_cannot_be_merged_ends_the_server(tmp_path):
    k_quants = checkpoints.DATA / "llama-k256-q4_k_m.gguf"
    text = refused("--merge", "--adapter", f"a={ADAPTERS / 'llama-plain'}", model=k_quants)
    assert "tensor attn_q.weight (of layer 0) is Q4_K" in text, text
    assert "one --adapter" in refused("--merge", model=k_quants)
    assert "one --adapter" in refused("--merge", "--adapter", "a=b", "--adapter", "c=d", model=k_quants)
    assert "NAME=PATH" in refused("--merge", "--adapter", "a", model=k_quants)
    assert "nowhere" in refused("--merge", "--adapter", "a=/nowhere", model=k_quants)
    tensors = checkpoints.read(MOE / "model.safetensors")[0]
    lora = Lora(tmp_path / "lora", tensors, ["lm_head"])
    dtype, shape, data = tensors["lm_head.weight"]
    large = folder(tmp_path / "base", MOE, tensors | {"lm_head.weight": (dtype, shape, b"\x80\x7f" + data[2:])})
    text = refused("--merge", "--adapter", f"a={lora.to}", model=large)
    assert "lm_head.weight" in text and "finite" in text, text
