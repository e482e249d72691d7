"""The sampling that a model's makers recommend, and defaults that were set: for requests that do not say.

SPDX-License-Identifier: Apache-2.0
"""

import json
import re
import shutil
import struct
import sys

import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests/paranoid"))
from model_files import ALIGNMENT, Gguf, text  # noqa: E402

TINY = ROOT / "models/touchstone-tiny.gguf"
FOLDER = ROOT / "tests/golden/data/deepseek3-mtp"
F32, I32 = 6, 5
ASK = {"prompt": "What is 12 + 30?", "max_tokens": 24, "seed": 7}


@pytest.fixture(scope="module")
def recommending(tmp_path_factory):
    """The built-in model with general.sampling of temperature 0 and top_k 3, and a top_p that is none."""
    g = Gguf(TINY)
    extra = text(b"general.sampling.temp") + struct.pack("=If", F32, 0)
    extra += text(b"general.sampling.top_k") + struct.pack("=Ii", I32, 3)
    extra += text(b"general.sampling.top_p") + struct.pack("=If", F32, 7)
    head, data = b"GGUF" + struct.pack("=IQQ", g.version, len(g.tensors), g.n_pairs + 3) + extra + g.pairs, b""
    for name, shape, values in g.tensors:
        head += text(name) + shape + struct.pack("=Q", len(data))
        data += values + bytes(-len(values) % ALIGNMENT)
    path = tmp_path_factory.mktemp("model") / "recommending.gguf"
    path.write_bytes(head + bytes(-len(head) % ALIGNMENT) + data)
    return str(path)


def said(server, path="/v1/completions", **body):
    return server.post(path, {**ASK, **body}).json()["choices"][0]["text"]


def test_what_a_gguf_recommends(start, recommending):
    server, plain = start(model=recommending), start(model=str(TINY))
    assert server.http.get("/v1/models").json()["data"][0]["sampling_defaults"] == {"temperature": 0, "top_k": 3}
    assert server.http.get("/props").json()["sampling_defaults"] == {"temperature": 0, "top_k": 3}
    assert server.http.get("/props").json()["default_generation_settings"]["params"]["top_k"] == 3
    assert said(server) == said(plain, temperature=0) != said(plain)
    assert said(server, temperature=1) == said(plain, temperature=1, top_k=3)
    assert said(server, temperature=1, top_k=0) == said(plain)
    chat = {"messages": [{"role": "user", "content": "a"}], "max_tokens": 12, "seed": 3}
    for path, ask, greedy in (("/v1/chat/completions", chat, {"temperature": 0}), ("/v1/responses", {"input": "a", "max_output_tokens": 12}, {"temperature": 0}),
                              ("/v1/messages", {**chat, "model": "recommending"}, {"temperature": 0})):
        key = "choices" if "chat" in path else "output" if "responses" in path else "content"
        a, b = (re.sub("_[0-9a-f]{32}", "", json.dumps(server.post(path, {**ask, **more}).json()[key])) for more in ({}, greedy))
        assert a == b
    raw = {"token_ids": [5, 6, 7], "sampling_params": {"max_tokens": 12, "seed": 7}}
    assert server.post("/inference/v1/generate", raw).json()["choices"] == plain.post("/inference/v1/generate", raw).json()["choices"]  # tokens to tokens: as asked


def test_it_can_be_switched_off(start, recommending):
    server, plain = start("--generation-config", "none", model=recommending), start(model=str(TINY))
    assert server.http.get("/v1/models").json()["data"][0]["sampling_defaults"] == {}
    assert said(server) == said(plain)


def test_settings_come_before_the_model_s(start, recommending):
    server, plain = start("--temperature", "0.7", "--top-p", "0.5", "--min-p", "0.01", "--repetition-penalty", "1.1", model=recommending), start(model=str(TINY))
    assert server.http.get("/v1/models").json()["data"][0]["sampling_defaults"] == {
        "temperature": 0.7, "top_p": 0.5, "top_k": 3, "min_p": 0.01, "repetition_penalty": 1.1}
    assert said(server) == said(plain, temperature=0.7, top_p=0.5, top_k=3, min_p=0.01, repetition_penalty=1.1)
    only = start("--top-k", "1", model=str(TINY))
    assert said(only) == said(plain, top_k=1)


def test_a_seed_of_requests_that_have_none(start):
    server, plain = start("--seed", "7", model=str(TINY)), start(model=str(TINY))
    ask = {"prompt": "What is 12 + 30?", "max_tokens": 40, "ignore_eos": True, "temperature": 3}

    def drawn(s, path="/v1/completions", **body):
        reply = s.post(path, {**ask, **body}).json()
        return reply["content"] if path == "/completion" else [c["text"] for c in reply["choices"]]

    assert drawn(server) == drawn(server) == drawn(plain, seed=7) != drawn(server, seed=8)
    assert drawn(server, n=2)[0] != drawn(server, n=2)[1] and drawn(server, n=2) == drawn(plain, n=2, seed=7)
    assert drawn(server, seed=-1) != drawn(server, seed=-1)
    assert drawn(server, "/completion") == drawn(plain, "/completion", seed=7)
    assert server.http.get("/v1/models").json()["data"][0]["sampling_defaults"] == {"seed": 7}
    assert server.http.get("/props").json()["default_generation_settings"]["params"]["seed"] == 7
    raw = {"token_ids": [5, 6, 7], "sampling_params": {"max_tokens": 40, "ignore_eos": True, "temperature": 3}}
    first, second = (server.post("/inference/v1/generate", raw).json()["choices"][0]["token_ids"] for _ in range(2))
    assert first != second  # trainers' routes: as asked


def test_what_a_folder_recommends(start, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(FOLDER, folder)
    (folder / "generation_config.json").write_text(json.dumps({"temperature": 0.6, "top_p": 0.95, "top_k": "many", "do_sample": True}))
    assert start(model=str(folder)).http.get("/v1/models").json()["data"][0]["sampling_defaults"] == {"temperature": 0.6, "top_p": 0.95}
    (folder / "generation_config.json").write_text("{}")
    assert start(model=str(folder)).http.get("/v1/models").json()["data"][0]["sampling_defaults"] == {}
