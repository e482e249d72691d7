"""routed_experts of /v1/rollouts: which experts each token went to, on a tiny model with experts.

The truth is computed here, in double: the layers before the router are written out after Qwen3's own code. Its one layer of
experts is the second of four.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import json
import math
import shutil
import struct

import numpy
import pytest

from conftest import ROOT, Server

FOLDER = ROOT / "tests/golden/data/qwen3moe-uneven"
CONFIG = json.loads((FOLDER / "config.json").read_text())
LAYERS, USED, EXPERTS = CONFIG["num_hidden_layers"], CONFIG["num_experts_per_tok"], CONFIG["num_local_experts"]
PROMPT = [5, 17, 80, 33, 2, 2, 91, 64, 40, 11, 7, 55, 23, 90, 1, 0, 12, 77, 31]
BODY = {"sampling": {"temperature": 1, "max_tokens": 24, "ignore_eos": True}, "rewards": [{"name": "format"}], "seed": 3,
        "return": ["token_ids", "routed_experts"]}


@pytest.fixture(scope="module")
def moe(tmp_path_factory):
    """The golden model, with a tokenizer of single characters."""
    folder = tmp_path_factory.mktemp("moe")
    for name in ("config.json", "model.safetensors"):
        shutil.copy(FOLDER / name, folder)
    vocab = {**{chr(33 + i): i for i in range(94)}, "\u0120": 94, "\u010a": 95}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    model = {"type": "BPE", "unk_token": None, "vocab": vocab, "merges": []}
    (folder / "tokenizer.json").write_text(json.dumps({"version": "1.0", "added_tokens": [], "normalizer": None, "pre_tokenizer": level,
                                                       "post_processor": None, "decoder": level, "model": model}))
    server = Server("--threads", "2", model=str(folder))
    yield server
    server.stop()


def samples(server, prompts, **more):
    body = {**BODY, "prompts": [{"token_ids": ids} for ids in prompts], **more}
    reply = server.post("/v1/rollouts", body)
    assert reply.status_code == 200, reply.text
    return [(ids, s) for ids, g in zip(prompts, reply.json()["groups"]) for s in g["samples"]]


def routes(s):
    told = s["routed_experts"]
    assert told["dtype"] == "int16" and told["shape"][1:] == [LAYERS, USED]
    return numpy.frombuffer(base64.b64decode(told["data"]), numpy.int16).reshape(told["shape"])


# ---- the truth ----


def tensors():
    data = (FOLDER / "model.safetensors").read_bytes()
    (n,) = struct.unpack("<Q", data[:8])
    for name, t in json.loads(data[8:8 + n]).items():
        if name != "__metadata__":
            a, b = (8 + n + x for x in t["data_offsets"])
            assert t["dtype"] == "BF16"
            yield name, (numpy.frombuffer(data[a:b], numpy.uint16).astype(numpy.uint32) << 16).view(numpy.float32).astype(float).reshape(t["shape"])


def norm(x, w):
    return x / numpy.sqrt((x * x).mean(-1, keepdims=True) + CONFIG["rms_norm_eps"]) * w


def angles(n, d):
    """YaRN: the slow frequencies are interpolated, the fast ones are not, and all is scaled."""
    r = CONFIG["rope_parameters"]
    freq = r["rope_theta"] ** (-numpy.arange(0, d, 2) / d)
    at = lambda turns: d * math.log(r["original_max_position_embeddings"] / (turns * 2 * math.pi)) / (2 * math.log(r["rope_theta"]))
    low, high = max(at(32), 0), min(at(1), d - 1)
    ramp = numpy.clip((numpy.arange(d // 2) - low) / (high - low), 0, 1)
    return numpy.outer(numpy.arange(n), freq / r["factor"] * ramp + freq * (1 - ramp)), 0.1 * math.log(r["factor"]) + 1


def rotate(x, angle, scale):
    a, b = numpy.split(x, 2, -1)
    c, s = numpy.cos(angle)[:, None] * scale, numpy.sin(angle)[:, None] * scale
    return numpy.concatenate([a * c - b * s, b * c + a * s], -1)


def attend(x, w, p):
    n, d = len(x), CONFIG["head_dim"]
    heads = lambda name: (x @ w[f"{p}.{name}_proj.weight"].T + w[f"{p}.{name}_proj.bias"]).reshape(n, -1, d)
    q, k, v = norm(heads("q"), w[f"{p}.q_norm.weight"]), norm(heads("k"), w[f"{p}.k_norm.weight"]), heads("v")
    turn = angles(n, d)
    q, k = rotate(q, *turn), rotate(k, *turn)
    k, v = (numpy.repeat(y, q.shape[1] // k.shape[1], 1) for y in (k, v))
    scores = numpy.einsum("ihd,jhd->hij", q, k) / math.sqrt(d) + numpy.triu(numpy.full((n, n), -numpy.inf), 1)
    share = numpy.exp(scores - scores.max(-1, keepdims=True))
    mixed = numpy.einsum("hij,jhd->ihd", share / share.sum(-1, keepdims=True), v).reshape(n, -1)
    return mixed @ w[f"{p}.o_proj.weight"].T + w.get(f"{p}.o_proj.bias", 0)


def truth(ids):
    """Logits of the router of the second layer, [tokens, experts]."""
    w = {k.removeprefix("model."): v for k, v in tensors()}
    x = w["embed_tokens.weight"][ids]
    x = x + attend(norm(x, w["layers.0.input_layernorm.weight"]), w, "layers.0.self_attn")
    h = norm(x, w["layers.0.post_attention_layernorm.weight"])
    gate = h @ w["layers.0.mlp.gate_proj.weight"].T
    x = x + (gate / (1 + numpy.exp(-gate)) * (h @ w["layers.0.mlp.up_proj.weight"].T)) @ w["layers.0.mlp.down_proj.weight"].T
    x = x + attend(norm(x, w["layers.1.input_layernorm.weight"]), w, "layers.1.self_attn")
    return norm(x, w["layers.1.post_attention_layernorm.weight"]) @ w["layers.1.mlp.gate.weight"].T


# ---- tests ----


def test_they_are_the_router_s_choice(moe):
    for ids, s in samples(moe, [PROMPT, PROMPT[::-1]], n=3):
        told, row = routes(s), ids + s["token_ids"]
        assert len(told) == len(row) - 1
        assert (told[:, [0, 2, 3]] == -1).all() and ((0 <= told[:, 1]) & (told[:, 1] < EXPERTS)).all()
        logits = truth(row[:-1])
        best = numpy.sort(logits, -1)
        clear = best[:, -2] - best[:, -3] > 0.02  # the cache's keys and values are of 16 bits
        assert clear.mean() > 0.8, "the test says little"
        want = numpy.sort(numpy.argsort(-logits, -1)[:, :USED], -1)
        assert (numpy.sort(told[:, 1], -1)[clear] == want[clear]).all()
    assert len({tuple(r) for r in told[:, 1]}) > 4


def test_they_are_the_same_from_the_cache_in_a_prompt_and_behind_a_fork(moe):
    [(ids, first)] = samples(moe, [PROMPT], n=1)
    whole = routes(first)
    [(_, again)] = samples(moe, [PROMPT + first["token_ids"]], n=1, sampling={"max_tokens": 1, "ignore_eos": True})
    assert (routes(again)[:len(whole)] == whole).all()
    body = {**BODY, "prompts": [{"token_ids": PROMPT, "fork": {"token_ids": first["token_ids"], "at": 10, "k": 2}}]}
    for s in moe.post("/v1/rollouts", body).json()["groups"][0]["forks"][0]["samples"]:
        told = routes(s)
        assert len(told) == len(PROMPT) + len(s["token_ids"]) - 1 and (told[:len(PROMPT) + 9] == whole[:len(PROMPT) + 9]).all()


def test_a_sample_that_was_cut_has_those_of_its_tokens(moe):
    hot = {"temperature": 3, "max_tokens": 40, "stop_token_ids": list(range(30))}
    rows = samples(moe, [PROMPT], n=4, over_sample=2, sampling=hot, **{"return": ["token_ids", "routed_experts"]})
    assert any(s["mask_cause"] == "cut" for _, s in rows)
    for ids, s in rows:
        if s["routed_experts"] is not None:
            assert len(routes(s)) == max(0, len(ids) + len(s["token_ids"]) - 1)


def test_sglang_s_name_for_them(moe):
    """As /v1/rollouts tells them, with its own type and from a token on."""
    body = {"input_ids": PROMPT, "return_routed_experts": True, "sampling_params": {"max_new_tokens": 8, "temperature": 0, "ignore_eos": True}}
    for start in (0, 4, len(PROMPT)):
        reply = moe.post("/generate", {**body, "routed_experts_start_len": start}).json()
        meta = reply["meta_info"]
        told = numpy.frombuffer(base64.b64decode(meta["routed_experts"]), "<i4").reshape(-1, LAYERS, USED)
        [(_, whole)] = samples(moe, [PROMPT + reply["output_ids"]], n=1, sampling={"max_tokens": 1, "ignore_eos": True})
        assert meta["routed_experts_start_len"] == start and len(told) == len(PROMPT) + 8 - 1 - start
        assert (told == routes(whole)[start:len(PROMPT) + 7]).all()
    assert moe.http.get("/server_info").json()["enable_return_routed_experts"] is True  # slime asks
    two = moe.post("/generate", {**body, "input_ids": [PROMPT, PROMPT[:5]], "sampling_params": [body["sampling_params"]] * 2}).json()
    assert [len(base64.b64decode(r["meta_info"]["routed_experts"])) for r in two] == [4 * LAYERS * USED * (n + 7) for n in (len(PROMPT), 5)]
    assert "routed_experts" not in moe.post("/generate", {**body, "return_routed_experts": False}).json()["meta_info"]


def skyrl_decoded(told):
    """As its RemoteInferenceClient reads them: the smallest type that holds the numbers, none of which is negative."""
    whole = numpy.frombuffer(base64.b64decode(told["data"], validate=True), told["dtype"]).reshape(told["shape"])
    assert set(told) == {"data", "shape", "dtype"} and len(told["shape"]) == 3 and whole.min() >= 0
    assert told["dtype"] == ("uint8" if whole.max() < 256 else "int16")
    return whole


def test_skyrl_s_route_for_them(moe):
    """What its trainer posts where it replays routes (enable_return_routed_experts), and reads of the answer."""
    body = {"sampling_params": {"max_tokens": 8, "temperature": 0.0, "top_p": 1.0, "top_k": -1, "min_p": 0.0, "logprobs": 1, "ignore_eos": True},
            "model": moe.http.get("/v1/models").json()["data"][0]["id"], "token_ids": PROMPT, "cache_salt": "s"}
    reply = moe.post("/skyrl/v1/generate", body, headers={"X-Session-ID": "7"})
    assert reply.status_code == 200, reply.text
    [choice] = reply.json()["choices"]
    plain = moe.post("/inference/v1/generate", body).json()["choices"][0]
    assert "routed_experts" not in plain and choice["token_ids"] == plain["token_ids"] and len(choice["token_ids"]) == 8
    assert [t["logprob"] for t in choice["logprobs"]["content"]] == [t["logprob"] for t in plain["logprobs"]["content"]]
    told = skyrl_decoded(choice["routed_experts"])
    [(_, whole)] = samples(moe, [PROMPT + choice["token_ids"]], n=1, sampling={"max_tokens": 1, "ignore_eos": True})
    assert len(told) == len(PROMPT) + 8 - 1 and told[:, 1].max() > 0
    assert (told == numpy.maximum(routes(whole), 0)[:len(told)]).all()  # /v1/rollouts says -1 of layers without experts
    streamed = [json.loads(line[6:]) for line in moe.post("/skyrl/v1/generate", {**body, "sampling_params": {**body["sampling_params"], "n": 2}, "stream": True})
                .text.splitlines() if line.startswith("data: {")]
    ends = [c["routed_experts"] for event in streamed for c in event["choices"] if c["finish_reason"]]
    assert ends == [choice["routed_experts"]] * 2 and sum("routed_experts" in c for e in streamed for c in e["choices"]) == 2


def test_a_model_without_experts_has_none(server):
    reply = server.post("/v1/rollouts", {**BODY, "prompts": [{"token_ids": [1, 2]}]})
    assert reply.status_code == 400 and reply.json()["error"]["param"] == "return"
    reply = server.post("/skyrl/v1/generate", {"token_ids": [1, 2], "sampling_params": {"max_tokens": 1}})
    assert reply.status_code == 200 and reply.json()["choices"][0]["routed_experts"] is None  # as SkyRL's own server
    reply = server.post("/generate", {"input_ids": [1, 2], "return_routed_experts": True})
    assert reply.status_code == 400 and reply.json()["error"]["param"] == "return_routed_experts"
