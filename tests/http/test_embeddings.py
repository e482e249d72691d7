"""Texts as vectors: /v1/embeddings, Ollama's /api/embed and /api/embeddings; against transformers' hidden states.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import json
import math
import struct

import pytest

from conftest import ROOT, TINY

GOLDEN = json.loads((ROOT / "tests/golden/data/embeddings.json").read_text())["inputs"]
TEXTS = ["What is 12 + 30?", "a", "The answer is 42. " * 20, "caf\u00e9 \U0001f600"]


def embed(server, **body):
    reply = server.post("/v1/embeddings", {"model": "touchstone-tiny", **body})
    assert reply.status_code == 200, reply.text
    return reply.json()


def vectors(server, **body):
    return [row["embedding"] for row in embed(server, **body)["data"]]


def length(v):
    return math.sqrt(sum(x * x for x in v))


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / (length(a) * length(b))


@pytest.mark.parametrize("engine, worst", [("reference", 1e-4), ("fast", 0.1)])
def test_hidden_states_are_transformers(start, engine, worst):
    """The oracle computes in float32; the fast engine rounds its inputs to 8 bits."""
    server = start("--engine", engine, model=TINY)
    for pooling in ("mean", "last", "cls"):
        got = vectors(server, input=[g["ids"] for g in GOLDEN], pooling=pooling, normalize=False)
        for v, g in zip(got, GOLDEN):
            want = g[pooling]
            scale = length(want) / math.sqrt(len(want))
            assert max(abs(x - y) for x, y in zip(v, want)) < worst * scale
            assert cosine(v, want) > 1 - worst / 20
            scaled = vectors(server, input=g["ids"], pooling=pooling)[0]
            assert max(abs(x * length(v) - y) for x, y in zip(scaled, v)) < 1e-4 * scale


def test_a_reply(tiny):
    got = embed(tiny, input=TEXTS, user="me")
    assert got["object"] == "list" and got["model"] == "touchstone-tiny"
    assert [(d["object"], d["index"], len(d["embedding"])) for d in got["data"]] == [("embedding", i, 256) for i in range(len(TEXTS))]
    counts = [len(tiny.post("/tokenize", {"prompt": t}).json()["tokens"]) for t in TEXTS]
    assert got["usage"] == {"prompt_tokens": sum(counts), "total_tokens": sum(counts)}
    assert all(abs(length(d["embedding"]) - 1) < 1e-5 for d in got["data"])


@pytest.mark.parametrize("pooling", ["mean", "last", "cls", "auto"])
def test_the_same_bits_alone_in_a_batch_and_again(tiny, start, pooling):
    together = vectors(tiny, input=TEXTS * 3, pooling=pooling)
    assert together[:4] == together[4:8] == together[8:]
    assert [vectors(tiny, input=t, pooling=pooling)[0] for t in TEXTS] == together[:4]
    small = start("--step-tokens", "16", "--no-prefix-cache", "--threads", "1", model=TINY)
    assert vectors(small, input=TEXTS, pooling=pooling) == together[:4]


def test_beside_generation_the_bits_stay(tiny):
    alone = vectors(tiny, input=TEXTS[2], pooling="mean")
    body = {"prompt": TEXTS[2], "max_tokens": 60, "temperature": 1, "seed": 1, "n": 4, "stream": True}
    with tiny.http.stream("POST", "/v1/completions", json=body) as stream:
        next(stream.iter_lines())
        assert vectors(tiny, input=TEXTS[2], pooling="mean") == alone


def test_inputs(tiny):
    ids = tiny.post("/tokenize", {"prompt": TEXTS[0]}).json()["tokens"]
    assert vectors(tiny, input=ids) == vectors(tiny, input=[ids]) == vectors(tiny, input=TEXTS[0]) == vectors(tiny, input=[TEXTS[0]])
    assert len(vectors(tiny, input=[ids, ids[:3]])) == 2
    assert vectors(tiny, input=TEXTS[0], pooling="last") == vectors(tiny, input=TEXTS[0])  # what this model's file says nothing of
    assert vectors(tiny, input=TEXTS[0], pooling="mean") != vectors(tiny, input=TEXTS[0])
    assert vectors(tiny, input=ids[-4:]) == vectors(tiny, input=ids, truncate_prompt_tokens=4)


def test_dimensions_and_encodings(tiny):
    whole = vectors(tiny, input="abc")[0]
    short = vectors(tiny, input="abc", dimensions=10)[0]
    assert len(short) == 10 and abs(length(short) - 1) < 1e-6 and cosine(short, whole[:10]) > 1 - 1e-9
    packed = vectors(tiny, input="abc", encoding_format="base64")[0]
    raw = base64.b64decode(packed)
    assert struct.unpack(f"<{len(raw) // 4}f", raw) == struct.unpack(f"<{len(whole)}f", struct.pack(f"<{len(whole)}f", *whole))


def test_openai_s_client(tiny):
    got = tiny.client().embeddings.create(model="touchstone-tiny", input=TEXTS)  # which asks for base64
    assert [len(d.embedding) for d in got.data] == [256] * len(TEXTS)
    assert all(abs(x - y) < 1e-6 for d, v in zip(got.data, vectors(tiny, input=TEXTS)) for x, y in zip(d.embedding, v))


def test_ollama_s_routes(tiny):
    got = tiny.post("/api/embed", {"model": "touchstone-tiny:latest", "input": TEXTS}).json()
    assert got["embeddings"] == vectors(tiny, input=TEXTS) and got["model"] == "touchstone-tiny"
    assert got["prompt_eval_count"] == embed(tiny, input=TEXTS)["usage"]["prompt_tokens"] and got["total_duration"] > 0
    one = tiny.post("/api/embed", {"model": "touchstone-tiny", "input": "a", "dimensions": 3, "keep_alive": "5m", "options": {}}).json()
    assert one["embeddings"] == vectors(tiny, input="a", dimensions=3)
    older = tiny.post("/api/embeddings", {"model": "touchstone-tiny", "prompt": "a"}).json()
    assert older == {"embedding": vectors(tiny, input="a", normalize=False)[0]}
    assert tiny.post("/api/embed", {"model": "touchstone-tiny"}).json()["embeddings"] == []
    assert tiny.post("/api/embeddings", {"model": "touchstone-tiny", "prompt": ""}).json() == {"embedding": []}


def test_what_is_too_long(tiny):
    long = "x " * 3000
    reply = tiny.post("/v1/embeddings", {"input": long})
    assert reply.status_code == 400 and reply.json()["error"]["code"] == "context_length_exceeded" and reply.json()["error"]["param"] == "input"
    assert len(vectors(tiny, input=long, truncate_prompt_tokens=-1)[0]) == 256
    ids = tiny.post("/tokenize", {"prompt": long}).json()["tokens"]
    cut = tiny.post("/api/embed", {"model": "touchstone-tiny", "input": long}).json()
    assert cut["prompt_eval_count"] == 1024 and cut["embeddings"] == vectors(tiny, input=ids[:1024])
    assert tiny.post("/api/embed", {"model": "touchstone-tiny", "input": long, "truncate": False}).status_code == 400


def test_the_setting(start):
    server = start("--pooling", "mean", model=TINY)
    assert vectors(server, input="abc") == vectors(server, input="abc", pooling="mean") != vectors(server, input="abc", pooling="last")


@pytest.mark.parametrize("body, param", [
    ({}, "input"),
    ({"input": None}, "input"),
    ({"input": []}, "input"),
    ({"input": ""}, "input"),
    ({"input": ["a", 3]}, "input[1]"),
    ({"input": [[5], [100000]]}, "input[1][0]"),
    ({"input": {"a": 1}}, "input"),
    ({"input": "a", "dimensions": 257}, "dimensions"),
    ({"input": "a", "dimensions": 0}, "dimensions"),
    ({"input": "a", "encoding_format": "int8"}, "encoding_format"),
    ({"input": "a", "pooling": "max"}, "pooling"),
    ({"input": "a", "model": "nobody"}, "model"),
], ids=str)
def test_errors_name_the_client_s_field(tiny, body, param):
    reply = tiny.post("/v1/embeddings", body)
    assert reply.status_code in (400, 404) and reply.json()["error"]["param"] == param, reply.text
