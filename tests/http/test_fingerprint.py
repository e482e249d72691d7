"""system_fingerprint: the same wherever the same bits come out, another wherever others may.

SPDX-License-Identifier: Apache-2.0
"""
import re
import shutil

import checkpoints
import pytest
from streams import stands_still
from test_completions import stream
from test_lora import PATTERNS, PLAIN

CHAT = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 24, "temperature": 0, "ignore_eos": True}
BODY = {"prompt": "Hello", "max_tokens": 2, "temperature": 0, "ignore_eos": True}


def fingerprint(server, **more):
    return server.complete(**BODY, **more)["system_fingerprint"]


def push(server, path, **more):
    reply = server.post("/v1/weights", {"path": str(path), **more})
    assert reply.status_code == 200, reply.text


@pytest.fixture(scope="module")
def tensors():
    return checkpoints.read(checkpoints.FOLDER / "model.safetensors")[0]


def test_it_is_one_on_every_route(server):
    said = fingerprint(server)
    version = server.http.get("/version").json()["version"]
    assert re.fullmatch(f"b{re.escape(version)}-[0-9a-f]{{16}}", said)
    assert server.http.get("/v1/weights").json()["system_fingerprint"] == said
    for path in ("/v1/chat/completions", "/chat/completions", "/invocations"):
        assert server.post(path, CHAT).json()["system_fingerprint"] == said
    for path, body in (("/v1/completions", BODY), ("/v1/chat/completions", CHAT)):
        chunks = stream(server, path, **body)
        assert len(chunks) > 1 and {c["system_fingerprint"] for c in chunks} == {said}


def test_pushed_weights_change_it_and_a_restart_does_not(start, tmp_path, tensors):
    new = checkpoints.folder(tmp_path / "new", checkpoints.jiggled(tensors, 1))
    a = start(model=str(checkpoints.FOLDER))
    first = fingerprint(a)
    push(a, new)
    second = fingerprint(a)
    assert second != first
    assert a.post("/update_weight_version", {"new_version": "another name"}).status_code == 200
    assert fingerprint(a) == second
    # a restart with what was pushed, in another place and other shards, is the same; so is going back
    moved = checkpoints.folder(tmp_path / "moved", checkpoints.jiggled(tensors, 1), shards=3)
    assert fingerprint(start(model=str(moved))) == second
    push(a, checkpoints.FOLDER)
    assert fingerprint(a) == first == fingerprint(start(model=str(checkpoints.FOLDER)))


def test_a_part_that_is_pushed_counts_with_what_stays(start, tmp_path, tensors):
    """The sum of what came is not the sum of what serves."""
    new = checkpoints.jiggled(tensors, 4)
    name = next(n for n in new if new[n][2] != tensors[n][2])
    a = start(model=str(checkpoints.FOLDER))
    reply = a.http.put("/v1/weights?part=some", content=checkpoints.pack({name: new[name]}))
    assert reply.status_code == 200, reply.text
    whole = checkpoints.folder(tmp_path / "whole", {**tensors, name: new[name]})
    assert fingerprint(a) == fingerprint(start(model=str(whole))) != fingerprint(start(model=str(checkpoints.FOLDER)))


def test_numerics_change_it_and_nothing_else_does(start):
    """The instruction set, threads, batches, caches and names: no bit depends on them."""
    def of(*flags):
        return fingerprint(start(*flags, model=str(checkpoints.FOLDER)))

    plain = of()
    for flags in (["--isa", "generic"], ["--threads", "1"], ["--max-sequences", "2"], ["--no-prefix-cache"],
                  ["--served-model-name", "x"], ["--context", "64"]):
        assert of(*flags) == plain, flags
    others = [of(*flags) for flags in (["--weights", "q8_0"], ["--weights", "f16"], ["--kv", "f32"], ["--kv", "q8_0"],
                                       ["--engine", "reference"])]
    assert len({plain, *others}) == 1 + len(others)


def test_the_file_s_time_and_name_do_not_count(start, tmp_path):
    copy = tmp_path / "copy.gguf"
    shutil.copyfile(checkpoints.GGUF_Q8, copy)
    assert fingerprint(start(model=str(copy))) == fingerprint(start(model=str(checkpoints.GGUF_Q8)))


def test_an_adapter_s_content_counts(start):
    server = start("--adapter", f"a={PLAIN}", "--adapter", f"b={PATTERNS}", "--adapter", f"c={PLAIN}")
    a, b, c, none = (fingerprint(server, **m) for m in ({"model": "a"}, {"model": "b"}, {"model": "c"}, {}))
    assert a == c and len({a, b, none}) == 3


@pytest.mark.parametrize("policy", ["finish", "switch"])
def test_it_is_of_the_weights_that_computed(start, tmp_path, tensors, policy):
    new = checkpoints.folder(tmp_path / "new", checkpoints.jiggled(tensors, 2))
    server = start(model=str(checkpoints.FOLDER))
    before = fingerprint(server)
    running = stands_still(server, [1, 2, 3], 240)
    push(server, new, policy=policy)
    assert server.post("/resume", {}).status_code == 200
    running.end()
    after = fingerprint(server)
    said = [c["system_fingerprint"] for c in running.chunks]
    assert said[0] == before != after
    assert said[-1] == (before if policy == "finish" else after) and set(said) <= {before, after}
