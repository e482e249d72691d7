"""PUT /v1/weights?part=adapter: an adapter as a stream, from a trainer that shares no files with the server.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import gzip
import pathlib
import threading

import checkpoints
import conftest
import pytest
from conftest import MODEL, Server
from test_lora import ADAPTERS, PATTERNS, PLAIN, PROMPT, WRONG, A, ask, load, models


def stream(name="llama-plain", config=None, change=lambda t: t):
    """The bytes that a trainer sends: PEFT's tensors, its config in the metadata."""
    tensors, metadata = checkpoints.read(ADAPTERS / name / "adapter_model.safetensors")
    text = config or (ADAPTERS / name / "adapter_config.json").read_text()
    return checkpoints.pack(change(tensors), {**metadata, "adapter_config": text})


def put(server, data, name="policy", **headers):
    params = headers.pop("params", {})
    return server.http.put("/v1/weights", content=data, params={"part": "adapter", **({"name": name} if name else {}),
                                                                **params},
                           headers={k.replace("_", "-"): v for k, v in headers.items()})


@pytest.fixture(scope="module")
def server():
    s = Server("--max-adapters", "3")
    yield s
    s.stop()


@pytest.fixture(autouse=True)
def none_is_left(server):
    yield
    for name, m in models(server).items():
        if "parent" in m:
            server.post("/v1/unload_lora_adapter", {"lora_name": name})


def test_a_stream_is_as_good_as_a_folder(server):
    data = stream()
    reply = put(server, data, Content_Digest=checkpoints.digest(data), X_Base_Version="0", X_Policy="finish")
    assert reply.status_code == 200, reply.text
    body = reply.json()
    load(server, "folder", PLAIN)
    tensors = len(checkpoints.read(ADAPTERS / "llama-plain/adapter_model.safetensors")[0])
    assert body | {"seconds": 0} == {"version": "0", "sha256": models(server)["folder"]["sha256"], "tensors": tensors,
                                     "seconds": 0, "name": "policy"}
    assert models(server)["policy"]["root"] == "stream"
    assert ask(server, "policy") == ask(server, "folder") != ask(server)
    assert server.http.get("/v1/weights").json()["version"] == "0"


def test_whole_matrices_and_dora_come_too(start):
    s = start(model=str(checkpoints.GGUF_Q8))
    for name in ("qwen2-saved", "qwen2-dora"):
        assert put(s, stream(name)).status_code == 200
        assert load(s, "folder", ADAPTERS / name, "/load_lora_adapter").status_code == 200
        assert ask(s, "policy") == ask(s, "folder") != ask(s)


def test_the_client_leaves_before_it_is_read(monkeypatch, start):
    """It comes to be by the name that it was sent by. What goes with the client's connection is overwritten here; and the one thread
    that reads is busy until it has gone, or this proves nothing."""
    for name, value in (("UV_THREADPOOL_SIZE", "1"), ("MALLOC_PERTURB_", "165")):
        monkeypatch.setitem(conftest.ENVIRONMENT, name, value)
    s, data, busy = start(), stream(), gzip.compress(b" " * (48 << 20), 1)
    with contextlib.ExitStack() as others:
        for _ in range(8):
            c = others.enter_context(s.connect())
            c.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
                      b"Content-Length: %d\r\n\r\n" % len(busy) + busy)
        with s.connect() as c:
            c.sendall(b"PUT /v1/weights?part=adapter&name=policy HTTP/1.1\r\nHost: x\r\nX-Base-Version: 0\r\n"
                      b"Content-Length: %d\r\n\r\n" % len(data) + data)
    s.wait_alone()
    assert models(s)["policy"]["root"] == "stream"


def test_in_ranges(server):
    data = stream()
    half = len(data) // 2
    first = put(server, data[:half], X_Upload_Id="a", Content_Range=f"bytes 0-{half - 1}/{len(data)}")
    assert first.status_code == 308 and "policy" not in models(server)
    rest = put(server, data[half:], X_Upload_Id="a", Content_Range=f"bytes {half}-{len(data) - 1}/{len(data)}")
    assert rest.status_code == 200, rest.text
    load(server, "folder", PLAIN)
    assert ask(server, "policy") == ask(server, "folder")


def test_a_known_name_is_replaced_and_who_runs_keeps_what_it_has(server):
    assert put(server, stream()).status_code == 200
    body = {"prompt": PROMPT, "max_tokens": 60, "model": "policy", "temperature": 0, "ignore_eos": True,
            "return_token_ids": True}
    want = server.complete(**body)["choices"][0]["token_ids"]
    assert server.post("/pause?mode=keep", {}).status_code == 200
    got = {}
    thread = threading.Thread(target=lambda: got.update(server.complete(**body, cache_salt="new")))
    thread.start()
    server.wait_asked(1)
    assert put(server, stream("llama-patterns")).status_code == 200
    assert server.post("/resume", {}).status_code == 200
    thread.join()
    assert got["choices"][0]["token_ids"] == want
    load(server, "folder", PATTERNS)
    assert ask(server, "policy") == ask(server, "folder")


# what the client sent -> (status, what the error names)
ASKED_WRONG = {
    "no name": (dict(name=None), 400, "name"),
    "an empty name": (dict(name=""), 400, "name"),
    "a name that cannot be printed": (dict(name="a\nb"), 400, "name"),
    "the address of another": (dict(name=f"{pathlib.Path(MODEL).stem}:b"), 400, "name"),
    "another digest": (dict(Content_Digest=checkpoints.digest(b"else")), 400, "Content-Digest"),
    "no digest": (dict(Content_Digest="md5=:aaaa:"), 400, "Content-Digest"),
    "another base": (dict(X_Base_Version="7"), 409, "X-Base-Version"),
    "a policy": (dict(X_Policy="switch"), 400, "X-Policy"),
    "a version": (dict(X_Version="7"), 400, "X-Version"),
    "another part": (dict(params={"part": "lora"}), 400, "part"),
}


@pytest.mark.parametrize("what", ASKED_WRONG)
def test_what_is_asked_wrongly(server, what):
    ask_, status, named = ASKED_WRONG[what]
    reply = put(server, stream(), **ask_)
    assert (reply.status_code, reply.json()["error"]["param"]) == (status, named), reply.text
    assert len(models(server)) == 1


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_with_it_is_named(server, what):
    text, change, named = WRONG[what]
    reply = put(server, stream(config=text, change=change))
    assert reply.status_code == 400 and named in reply.json()["error"]["message"], reply.text
    assert len(models(server)) == 1


def test_without_a_config(server):
    tensors, _ = checkpoints.read(ADAPTERS / "llama-plain/adapter_model.safetensors")
    for data in (checkpoints.pack(tensors), checkpoints.pack(tensors, {"adapter_config": ""})):
        reply = put(server, data)
        assert reply.status_code == 400 and "adapter_config" in reply.text, reply.text
    assert "lora_A" in put(server, stream(change=lambda t: {k: v for k, v in t.items() if k != A})).text


def test_cut_short_anywhere(server):
    data = stream()
    for n in (1, 8, 100, len(data) // 2, len(data) - 1):
        assert put(server, data[:n]).status_code == 400, n
    assert len(models(server)) == 1


def test_no_more_than_there_may_be(server):
    for name in "abc":
        assert put(server, stream(), name=name).status_code == 200
    reply = put(server, stream(), name="d", X_Upload_Id="kept",
                Content_Range=f"bytes 0-{len(stream()) - 1}/{len(stream())}")
    assert (reply.status_code, reply.json()["error"]["code"]) == (507, "insufficient_storage")
    assert put(server, stream("llama-patterns"), name="a").status_code == 200  # in its own place
    server.post("/v1/unload_lora_adapter", {"lora_name": "b"})
    again = put(server, b"", name="d", X_Upload_Id="kept", Content_Range=f"bytes */{len(stream())}")
    assert again.status_code == 200, again.text


def test_the_bound_of_bodies_holds(start):
    s = start("--max-weights", "10K")
    assert put(s, stream()).status_code == 413


def test_the_route_needs_control(start):
    s = start("--no-allow-control")
    assert put(s, stream()).status_code == 403
