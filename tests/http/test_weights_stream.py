"""Weights as a stream: PUT /v1/weights, whole, in part or as changes, in one request or in ranges.

SPDX-License-Identifier: Apache-2.0
"""
import json
import math
import os
import signal
import socket

import checkpoints
import pytest
from checkpoints import change, xxh3, zstd
from conftest import read_response, tries, wait_until
from test_weights import answers, version


@pytest.fixture(scope="module")
def tensors():
    return checkpoints.read(checkpoints.FOLDER / "model.safetensors")[0]


@pytest.fixture
def served(start):
    return start(model=str(checkpoints.FOLDER))


def put(server, data, **headers):
    params = headers.pop("params", {})
    return server.http.put("/v1/weights", content=data, params=params,
                           headers={k.replace("_", "-"): v for k, v in headers.items()})


# ---- what comes to serve ----


@pytest.mark.parametrize("flags", [[], ["--weights", "q8_0"]])
def test_a_stream_is_as_good_as_a_restart(start, tmp_path, tensors, flags):
    new = checkpoints.jiggled(tensors, 1)
    data = checkpoints.pack(new)
    a = start(*flags, model=str(checkpoints.FOLDER))
    reply = put(a, data, Content_Digest=checkpoints.digest(data), X_Version="one", X_Base_Version="0")
    assert reply.status_code == 200, reply.text
    assert reply.json() | {"seconds": 0} == {"version": "one", "sha256": checkpoints.sha256(new), "tensors": len(new),
                                             "seconds": 0}
    b = start(*flags, model=str(checkpoints.folder(tmp_path / "new", new)))
    assert answers(a) == answers(b)


def test_a_body_without_a_length(served, tmp_path, start, tensors):
    new = checkpoints.jiggled(tensors, 1)
    data = checkpoints.pack(new)
    pieces = (data[i:i + 100000] for i in range(0, len(data), 100000))
    assert put(served, pieces).status_code == 200
    assert answers(served) == answers(start(model=str(checkpoints.folder(tmp_path / "new", new))))


def test_a_packed_file_is_refused(served, tensors):
    reply = put(served, checkpoints.pack(tensors), Content_Encoding="gzip")
    assert reply.status_code == 415 and "Content-Encoding" in reply.text
    assert version(served) == "0"


@pytest.mark.parametrize("headers, field", [
    ([("X-Version", b"\xe9")], "X-Version"),
    ([("X-Base-Version", b"0\xc3")], "X-Base-Version"),
    ([("X-Version", "a"), ("x-version", "b")], "X-Version"),
    ([("X-Base-Version", "0"), ("X-Base-Version", "1")], "X-Base-Version"),
    ([("X-Policy", "finish"), ("X-Policy", "abort")], "X-Policy"),
    ([("Content-Digest", checkpoints.digest(b"a")), ("Content-Digest", checkpoints.digest(b"b"))], "Content-Digest"),
    ([("X-Upload-Id", "a"), ("X-Upload-Id", "b")], "X-Upload-Id"),
])
def test_headers_that_decide_are_text_and_say_one_thing(served, tensors, headers, field):
    data = checkpoints.pack(tensors)
    reply = served.http.put("/v1/weights", content=data, headers=headers)
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, field), reply.text
    assert version(served) == "0"


def test_a_header_may_be_sent_twice_with_one_value(served, tensors):
    data = checkpoints.pack(tensors)
    for name in ("a", "\u00e9\u2603"):
        headers = [("X-Version", name.encode()), ("x-version", name.encode()), ("X-Policy", "finish"), ("X-Policy", "finish")]
        assert served.http.put("/v1/weights", content=data, headers=headers).status_code == 200
        assert version(served) == name


def told(served):
    """Tensors and hash of what serves."""
    facts = served.http.get("/v1/weights").json()
    assert served.post("/weight_checker", {}).json()["per_engine_checksum"] == facts["sha256"]
    return facts["tensors"], facts["sha256"]


def some_of(tensors):
    return {k: v for k, v in tensors.items() if ".layers.1." in k or k == "model.norm.weight"}


def test_some_tensors(served, start, tmp_path, tensors):
    new = some_of(checkpoints.jiggled(tensors, 1))
    reply = put(served, checkpoints.pack(new), params={"part": "some"})
    assert reply.status_code == 200, reply.text
    assert (reply.json()["tensors"], reply.json()["sha256"]) == (len(new), checkpoints.sha256(new))
    assert told(served) == (len(tensors), checkpoints.sha256(tensors | new))
    more = {"model.norm.weight": checkpoints.jiggled(new, 2)["model.norm.weight"]}
    assert put(served, checkpoints.pack(more), params={"part": "some"}, X_Base_Version="1").status_code == 200
    b = start(model=str(checkpoints.folder(tmp_path / "new", tensors | new | more)))
    assert answers(served) == answers(b)


def test_parts_of_quantised_serving(start, tmp_path, tensors):
    """They apply to what there was before quantising."""
    a = start("--weights", "q8_0", model=str(checkpoints.FOLDER))
    new = some_of(checkpoints.jiggled(tensors, 1))
    assert put(a, checkpoints.pack(new), params={"part": "some"}).status_code == 200
    b = start("--weights", "q8_0", model=str(checkpoints.folder(tmp_path / "new", tensors | new)))
    assert answers(a) == answers(b)


def test_a_part_after_a_folder(served, start, tmp_path, tensors):
    path = checkpoints.folder(tmp_path / "one", checkpoints.jiggled(tensors, 1))
    served.post("/v1/weights", {"path": str(path)})
    new = some_of(checkpoints.jiggled(tensors, 2))
    assert put(served, checkpoints.pack(new), params={"part": "some"}).status_code == 200
    b = start(model=str(checkpoints.folder(tmp_path / "two", checkpoints.jiggled(tensors, 1) | new)))
    assert answers(served) == answers(b)


def test_what_a_part_applies_to_must_be_there(start, tmp_path, tensors):
    q8 = start(model=str(checkpoints.GGUF_Q8))
    name, shape = "token_embd.weight", [1, 1]
    reply = put(q8, checkpoints.pack({name: ("F32", shape, b"\0\0\0\0")}), params={"part": "some"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "base_unavailable")
    path = checkpoints.folder(tmp_path / "base", tensors)
    s = start(model=str(path))
    (path / "model.safetensors").write_bytes(checkpoints.pack(checkpoints.jiggled(tensors, 5)))
    reply = put(s, checkpoints.pack(some_of(tensors)), params={"part": "some"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "base_unavailable")
    assert put(s, checkpoints.pack(tensors)).status_code == 200
    assert put(s, checkpoints.pack(some_of(tensors)), params={"part": "some"}).status_code == 200


# ---- changes ----


def delta(old, new, encoding="xor", compression="zstd"):
    """A stream of slime's kind."""
    out = {}
    metadata = {"delta_encoding": encoding, "compression_format": compression, "checksum_format": "xxh3-128"}
    for name, (_, _, data) in new.items():
        payload = change(old[name][2], data, encoding)
        payload = zstd(payload) if compression == "zstd" else payload
        out[name] = ("U8", [len(payload)], payload)
        metadata[name] = xxh3(data)
    return checkpoints.pack(out, metadata)


@pytest.mark.parametrize("encoding", ["xor", "overwrite"])
@pytest.mark.parametrize("compression", ["zstd", "none"])
def test_changes(served, start, tmp_path, tensors, encoding, compression):
    new = some_of(checkpoints.jiggled(tensors, 1))
    reply = put(served, delta(tensors, new, encoding, compression), params={"part": "delta"})
    assert reply.status_code == 200, reply.text
    assert (reply.json()["tensors"], reply.json()["sha256"]) == (len(new), checkpoints.sha256(new))
    assert told(served) == (len(tensors), checkpoints.sha256(tensors | new))
    for name in ("otherwise", "1"):
        served.post("/update_weight_version", {"new_version": name})
        assert told(served) == (len(tensors), checkpoints.sha256(tensors | new))
    b = start(model=str(checkpoints.folder(tmp_path / "new", tensors | new)))
    assert answers(served) == answers(b)
    # the same change again does not lead from there to the same sums
    again = put(served, delta(tensors, new, "xor"), params={"part": "delta"})
    assert again.status_code == 400 and "another sum" in again.json()["error"]["message"]
    assert answers(served) == answers(b) and version(served) == "1"


def test_a_change_without_a_sum_is_told_so(served, tensors):
    name = "model.norm.weight"
    data = change(tensors[name][2], checkpoints.jiggle(tensors[name][2], 1), "xor")
    for more in ({}, {"model.embed_tokens.weight": xxh3(data)}):
        body = checkpoints.pack({name: ("U8", [len(data)], data)}, {"delta_encoding": "xor", "compression_format": "none", **more})
        reply = put(served, body, params={"part": "delta"})
        assert reply.status_code == 400, reply.text
        assert f"the change of tensor {name} has no sum" in reply.json()["error"]["message"]
    assert version(served) == "0"


def test_very_many_changes_are_answered(served):
    """Each has its sum among as many texts: looking for each from the first text on, no answer came before the client's patience ended."""
    names = [f"x{i:06d}" for i in range(200000)]
    body = checkpoints.pack({n: ("U8", [0], b"") for n in names}, {"delta_encoding": "xor", **{n: "0" for n in names}})
    reply = put(served, body, params={"part": "delta"})
    assert reply.status_code == 400 and "is none of the served model's" in reply.json()["error"]["message"], reply.text


def test_broken_changes(served, tensors):
    new = some_of(checkpoints.jiggled(tensors, 1))
    name = "model.norm.weight"
    broken = [
        checkpoints.pack({name: ("U8", [3], b"abc")}, {name: xxh3(b"")}),
        checkpoints.pack({name: ("U8", [3], b"abc")}, {"compression": "none", "delta_encoding": "overwrite"}),
        checkpoints.pack({name: ("U8", [9], b"\1\0\0\0\xff\xff\xff\xff\0")}, {"compression": "none", "delta_encoding": "overwrite"}),
        checkpoints.pack({name: ("U8", [100], zstd(b"a" * (1 << 20))[:100].ljust(100))}, {}),
        checkpoints.pack({name: ("U8", [len(zstd(b"a" * (1 << 22)))], zstd(b"a" * (1 << 22)))}, {}),
        checkpoints.pack({name: new[name]}, {}),
        checkpoints.pack({"x": ("U8", [1], b"a")}, {}),
        delta(tensors, new).replace(b'"delta_encoding": "xor"', b'"delta_encoding": "add"'),
    ]
    for body in broken:
        reply = put(served, body, params={"part": "delta"})
        assert reply.status_code == 400, reply.text
    assert version(served) == "0"


# ---- what is wrong ----


def test_a_wrong_stream_changes_nothing(served, tensors):
    before = answers(served)
    data = checkpoints.pack(tensors)
    lacking = {k: v for k, v in tensors.items() if k != "model.norm.weight"}
    wrong = [
        (data[:-10], {}, "truncated"),
        (b"nonsense of some length", {}, "not a safetensors file"),
        (data, {"Content_Digest": checkpoints.digest(data + b"x")}, "Content-Digest"),
        (data, {"Content_Digest": "md5=:abc:"}, "Content-Digest"),
        (data, {"Content_Digest": checkpoints.digest(data).replace("sha", "SHA")}, "lower case"),
        (checkpoints.pack({"model." + "a" * 100: ("X9", [1], b"a")}), {}, "model." + "a" * 100),  # no name is cut
        (checkpoints.pack({"model.norm.weight": ("U8", [1], b"a")}), {"params": {"part": "delta"}}, "delta_encoding"),
        (data, {"params": {"parts": "some"}}, "parts"), (data, {"params": {"name": "a"}}, "name"),
        (data, {"params": {"part": "adapter", "name": "a", "wait": "1"}}, "wait"),
        (checkpoints.pack(lacking), {}, "model.norm.weight"),
        (checkpoints.pack(tensors | {"new.weight": ("BF16", [1], b"ab")}), {}, "new.weight"),
        (checkpoints.pack(tensors | {"model.norm.weight": ("BF16", [1], b"ab")}), {}, "model.norm.weight"),
        (checkpoints.pack({"model.norm.weight": ("BF16", [1], b"ab")}), {"params": {"part": "some"}}, "model.norm.weight"),
        (checkpoints.pack({"x.weight": ("BF16", [1], b"ab")}), {"params": {"part": "some"}}, "x.weight"),
        (data, {"params": {"part": "most"}}, "part"), (data, {"X_Policy": "soon"}, "X-Policy"), (b"", {}, "empty"),
    ]
    for body, how, word in wrong:
        reply = put(served, body, **how)
        assert reply.status_code == 400 and word in reply.json()["error"]["message"], (word, reply.text)
    reply = put(served, data, X_Base_Version="7")
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "base_version")
    assert version(served) == "0" and answers(served) == before


@pytest.mark.parametrize("part", ["whole", "some", "delta"])
def test_what_is_not_finite_is_refused_where_that_is_asked(served, tensors, part):
    """It is named, whether it came so or a change made it so."""
    before, name = answers(served), "model.norm.weight"
    dtype, shape, data = tensors[name]
    new = {name: (dtype, shape, b"\xff\x7f" + data[2:])}
    body = {"whole": lambda: checkpoints.pack(tensors | new), "some": lambda: checkpoints.pack(new), "delta": lambda: delta(tensors, new)}[part]()
    reply = put(served, body, params={"part": part, "check_finite": "true"})
    assert reply.status_code == 400 and name in reply.json()["error"]["message"], reply.text
    assert version(served) == "0" and answers(served) == before
    assert put(served, body, params={"part": part}).status_code == 200


def test_what_is_not_finite_may_be_put_right(served, start, tmp_path, tensors):
    """By a part that is looked at, too: it is what comes to serve that must be finite, not what does."""
    name = "model.norm.weight"
    dtype, shape, data = tensors[name]
    bad = checkpoints.folder(tmp_path / "bad", tensors | {name: (dtype, shape, b"\xff\x7f" + data[2:])})
    assert served.post("/v1/weights", {"path": str(bad)}).status_code == 200
    other = {"model.embed_tokens.weight": tensors["model.embed_tokens.weight"]}
    reply = put(served, checkpoints.pack(other), params={"part": "some", "check_finite": "true"})
    assert reply.status_code == 400 and name in reply.json()["error"]["message"], reply.text
    reply = put(served, checkpoints.pack({name: tensors[name]}), params={"part": "some", "check_finite": "true"})
    assert reply.status_code == 200, reply.text
    assert told(served) == (len(tensors), checkpoints.sha256(tensors))


def test_bounds(start, tensors, tmp_path):
    data = checkpoints.pack(tensors)
    s = start("--max-weights", "64K", model=str(checkpoints.FOLDER))
    assert put(s, data).status_code == 413
    assert put(s, (data[i:i + 5000] for i in range(0, len(data), 5000))).status_code == 413
    assert put(s, data[:10], X_Upload_Id="a", Content_Range=f"bytes 0-9/{len(data)}").status_code == 413
    (tmp_path / "gone").mkdir()
    s = start("--staging-dir", str(tmp_path / "gone"), model=str(checkpoints.FOLDER))
    (tmp_path / "gone").rmdir()
    reply = put(s, data)
    assert (reply.status_code, reply.json()["error"]["code"]) == (507, "insufficient_storage")
    assert version(s) == "0"


# ---- ranges ----


def test_ranges(served, tensors):
    data = checkpoints.pack(checkpoints.jiggled(tensors, 1))
    n = len(data)

    def piece(a, b, total=n, name="up.1", body=None):
        return put(served, data[a:b] if body is None else body, X_Upload_Id=name, Content_Range=f"bytes {a}-{b - 1}/{total}",
                   Content_Digest=checkpoints.digest(data))

    reply = piece(0, 1000)
    assert reply.status_code == 308 and reply.headers["range"] == "bytes=0-999" and reply.headers["x-upload-id"] == "up.1"
    assert piece(2000, 3000).status_code == 416 == piece(0, 1000).status_code == piece(500, 1500).status_code
    assert piece(1000, 2000, n + 1).status_code == 416
    assert piece(1000, 2000, body=data[1000:1500]).status_code == 400
    ask = put(served, b"", X_Upload_Id="up.1", Content_Range=f"bytes */{n}")
    assert ask.status_code == 308 and ask.headers["range"] == "bytes=0-999"
    assert piece(1000, n // 2).status_code == 308
    reply = piece(n // 2, n)
    assert reply.status_code == 200 and reply.json()["sha256"] == checkpoints.sha256(checkpoints.jiggled(tensors, 1))
    for _ in range(2):  # whoever lost the answer gets it again
        again = put(served, b"", X_Upload_Id="up.1", Content_Range=f"bytes */{n}")
        assert (again.status_code, again.json()) == (200, reply.json())
    assert put(served, b"", X_Upload_Id="up.1", Content_Range=f"bytes */{n + 1}").status_code == 416
    assert version(served) == "1"
    assert piece(0, 1000).status_code == 308  # a new upload of that name
    assert put(served, b"", X_Upload_Id="up.1", Content_Range=f"bytes */{n}").headers["range"] == "bytes=0-999"


def test_a_lost_connection_is_gone_on_from(served, tensors):
    data = checkpoints.pack(checkpoints.jiggled(tensors, 1))
    s = served.connect()
    s.sendall(f"PUT /v1/weights HTTP/1.1\r\nHost: x\r\nX-Upload-Id: lost\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data[:50000])
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    served.wait_open(1)
    s.close()
    served.wait_alone()
    ask = put(served, b"", X_Upload_Id="lost", Content_Range=f"bytes */{len(data)}")
    assert ask.status_code == 308, ask.text
    at = int(ask.headers.get("range", "bytes=0--1").split("-", 1)[1]) + 1
    rest = put(served, data[at:], X_Upload_Id="lost", Content_Range=f"bytes {at}-{len(data) - 1}/{len(data)}")
    assert rest.status_code == 200, rest.text
    assert version(served) == "1"


@pytest.mark.parametrize("part", ["half", "whole"])
def test_killed_in_the_midst_of_an_upload(start, tmp_path, tensors, part):
    """Nothing of it is left, and the next server has the weights of its start."""
    staging = tmp_path / "staging"
    staging.mkdir()
    data = checkpoints.pack(checkpoints.jiggled(tensors, 1))
    n = len(data) // 2 if part == "half" else len(data)
    s = start("--staging-dir", str(staging), model=str(checkpoints.FOLDER))
    before = answers(s)
    with s.connect() as c:
        c.sendall(f"PUT /v1/weights HTTP/1.1\r\nHost: x\r\nX-Upload-Id: cut\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data[:n])
        s.process.kill()
        s.wait()
    assert list(staging.iterdir()) == []
    t = start("--staging-dir", str(staging), model=str(checkpoints.FOLDER))
    assert ask(t, "cut", len(data)).json()["received"] == 0
    assert version(t) == "0" and answers(t) == before
    assert put(t, data).status_code == 200


def test_few_uploads_are_unfinished(served):
    for i in range(4):
        assert put(served, b"ab", X_Upload_Id=f"u{i}", Content_Range="bytes 0-1/4").status_code == 308
    assert put(served, b"ab", X_Upload_Id="u4", Content_Range="bytes 0-1/4").status_code == 429
    assert put(served, b"ab").status_code == 429
    assert put(served, b"cd", X_Upload_Id="u0", Content_Range="bytes 2-3/4").status_code == 400  # whole, and nonsense
    assert put(served, b"ab", X_Upload_Id="u4", Content_Range="bytes 0-1/4").status_code == 308


def ask(served, name, total, **more):
    return put(served, b"", X_Upload_Id=name, Content_Range=f"bytes */{total}", **more)


def test_a_question_does_not_say_how_long_a_body_is(served, tensors):
    """Of one in chunks nobody has said so; whoever asks may be wrong, and takes nothing from who knows."""
    data = checkpoints.pack(checkpoints.jiggled(tensors, 1))
    s = served.connect()
    s.sendall(b"PUT /v1/weights HTTP/1.1\r\nHost: x\r\nX-Upload-Id: c\r\nTransfer-Encoding: chunked\r\n\r\nc350\r\n" + data[:50000])
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    served.wait_open(1)
    s.close()
    served.wait_alone()
    for total in (len(data) + 7, 100000, len(data)):
        reply = ask(served, "c", total)
        assert (reply.status_code, reply.json()["total"]) == (308, total), reply.text
    at = reply.json()["received"]
    for total in (at, at + 1):
        assert ask(served, "c", total).status_code == 308
    rest = put(served, data[at:], X_Upload_Id="c", Content_Range=f"bytes {at}-{len(data) - 1}/{len(data)}")
    assert rest.status_code == 200, rest.text
    assert version(served) == "1"


def test_asking_takes_nothing(served, tensors):
    for i in range(6):
        reply = ask(served, f"u{i}", 100)
        assert (reply.status_code, reply.json()) == (308, {"upload_id": f"u{i}", "received": 0, "total": 100})
    assert put(served, checkpoints.pack(tensors)).status_code == 200
    assert put(served, b"x", X_Upload_Id="u", Content_Range="bytes */100").status_code == 400  # a question has no body


def test_an_upload_is_given_back(served):
    def give_back(**headers):
        return served.http.delete("/v1/weights", headers=headers)

    for i in range(4):
        assert put(served, b"ab", X_Upload_Id=f"u{i}", Content_Range="bytes 0-1/4").status_code == 308
    assert put(served, b"ab", X_Upload_Id="u4", Content_Range="bytes 0-1/4").status_code == 429
    reply = give_back(**{"X-Upload-Id": "u0"})
    assert (reply.status_code, reply.json()) == (200, {"upload_id": "u0", "deleted": True})
    assert put(served, b"ab", X_Upload_Id="u4", Content_Range="bytes 0-1/4").status_code == 308
    assert give_back(**{"X-Upload-Id": "u0"}).status_code == 404
    assert (give_back().status_code, give_back().json()["error"]["param"]) == (400, "X-Upload-Id")


def test_a_question_pushes_with_all_that_was_said_or_not_at_all(served, tensors):
    data = checkpoints.pack(checkpoints.jiggled(tensors, 1))
    n = len(data)
    said = {"X_Base_Version": "7", "X_Version": "eight", "Content_Digest": checkpoints.digest(data)}
    assert put(served, data, X_Upload_Id="a", Content_Range=f"bytes 0-{n - 1}/{n}", **said).status_code == 409
    for change in ({}, {"X_Version": "eight"}, said | {"X_Base_Version": "0"}, said | {"X_Policy": "abort"},
                   said | {"params": {"part": "some"}}, {k: v for k, v in said.items() if k != "X_Base_Version"}):
        reply = ask(served, "a", n, **change)
        assert (reply.status_code, reply.headers["range"]) == (308, f"bytes=0-{n - 1}"), (change, reply.text)
    assert version(served) == "0"
    assert ask(served, "a", n, **said).json()["error"]["code"] == "base_version"
    served.post("/update_weight_version", {"new_version": "7"})
    reply = ask(served, "a", n, params={"wait": "1"}, **said)
    assert (reply.status_code, reply.json()["version"]) == (200, "eight"), reply.text
    assert ask(served, "a", n).json() == reply.json()  # of what is done it only tells
    assert version(served) == "eight"


@pytest.fixture(scope="module")
def slow_to_load(tensors, tmp_path_factory):
    """A hundred megabytes of a model: its first layer 64 times, wide and full of zeros."""
    layers, wide = 64, 4096
    first = {k: v for k, v in tensors.items() if k.startswith("model.layers.0.")}
    for name, shape in (("gate", [wide, 64]), ("up", [wide, 64]), ("down", [64, wide])):
        first[f"model.layers.0.mlp.{name}_proj.weight"] = ("BF16", shape, bytes(2 * 64 * wide))
    many = {k: v for k, v in tensors.items() if ".layers." not in k}
    many |= {k.replace(".0.", f".{i}.", 1): v for i in range(layers) for k, v in first.items()}
    to = checkpoints.folder(tmp_path_factory.mktemp("slow") / "model", many)
    config = json.loads((to / "config.json").read_text())
    config |= {"num_hidden_layers": layers, "first_k_dense_replace": layers, "intermediate_size": wide, "num_nextn_predict_layers": 0}
    (to / "config.json").write_text(json.dumps(config))
    return str(to)


def test_a_push_whose_client_has_left_does_not_hold_up_the_end(start, slow_to_load):
    """What is staged is given up when the server's time is over. A push that was through by then proves nothing."""
    body = json.dumps({"path": slow_to_load}).encode()
    for _ in tries():
        s = start("--weights", "q4_1", "--drain-timeout", "0", model=slow_to_load)
        with s.connect() as c:
            c.sendall(b"POST /v1/weights HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        wait_until(lambda: (now := s.http.get("/v1/weights").json())["staging"] or now["pushed"] > 0)
        s.stop()
        if s.lines("event=weights_refused ", "code=aborted", count=0):
            break


def test_what_comes_while_the_model_loads_is_kept(start, slow_to_load):
    """The server listens before it has the model, and stands still until the upload has been sent. A start that was too quick even
    for this proves nothing, so there are several."""
    early = 0
    for _ in range(20):
        s = start(model=slow_to_load, wait=False)
        os.kill(s.process.pid, signal.SIGSTOP)
        with s.connect() as c:
            c.sendall(b"PUT /v1/weights HTTP/1.1\r\nHost: x\r\nX-Upload-Id: early\r\nX-Version: one\r\n"
                      b"Content-Range: bytes 0-9/10\r\nContent-Length: 10\r\n\r\nno tensors")
            os.kill(s.process.pid, signal.SIGCONT)
            status, _, body = read_response(c)
        s.wait_ready()
        if status == 503:
            assert json.loads(body)["error"]["code"] == "loading"
            assert ask(s, "early", 10).json() == {"upload_id": "early", "received": 10, "total": 10}  # it is there, and guarded
            early += 1
        reply = ask(s, "early", 10, X_Version="one")  # it is pushed, and no weights; or it was at once
        assert (reply.status_code, reply.json().get("received")) == ((400, None) if status == 503 else (308, 0)), reply.text
        s.stop()
        if early == 2:
            return
    if early == 0:
        pytest.skip("every start was quicker than the upload")


def test_a_refused_range_changes_nothing(served):
    for i in range(6):  # what was never begun takes no place
        assert put(served, b"cd", X_Upload_Id=f"late{i}", Content_Range="bytes 2-3/4").status_code == 416
    assert put(served, b"ab", X_Upload_Id="u", Content_Range="bytes 0-1/4").status_code == 308
    assert put(served, b"abcdef", X_Upload_Id="u").status_code == 416  # not the whole, of another size
    assert put(served, b"c", X_Upload_Id="u", Content_Range="bytes 2-3/4").status_code == 400
    ask = put(served, b"", X_Upload_Id="u", Content_Range="bytes */4")
    assert ask.status_code == 308 and ask.headers["range"] == "bytes=0-1"
    assert put(served, b"c", X_Upload_Id="u", Content_Range="bytes 2-2/4").status_code == 308


@pytest.mark.parametrize("headers", [{"Content_Range": "bytes 0-1/4"}, {"X_Upload_Id": "a/b"}, {"X_Upload_Id": "a" * 200},
                                     *[{"X_Upload_Id": "a", "Content_Range": r} for r in
                                       ("bytes 1-0/4", "bytes 0-4/4", "0-1/4", "bytes 0-1", "bytes -1/4", "bytes 0-1/x")]])
def test_wrong_ranges(served, headers):
    assert put(served, b"ab", **headers).status_code == 400


# ---- the other names ----


def test_a_gguf_server_takes_gguf_names(start):
    """A stream's names may be those of GGUF files."""
    s = start(model=str(checkpoints.GGUF_F16))
    before = answers(s)
    size = 96
    twos = checkpoints.pack({"output_norm.weight": ("F32", [size], b"\0\0\0\x40" * size)})
    reply = put(s, twos, params={"part": "some"})
    assert reply.status_code == 200, reply.text
    assert answers(s) != before and version(s) == "1"
    other = start(model=str(checkpoints.GGUF_F16))
    twos = checkpoints.pack({"model.norm.weight": ("F32", [size], b"\0\0\0\x40" * size)})
    assert put(other, twos, params={"part": "some"}).status_code == 200
    assert answers(other) == answers(s) and told(other) == told(s)


# A small llama, whose two kinds of file have the rows that RoPE rotates in another order.
LLAMA = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
         "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 544, "max_position_embeddings": 256,
         "rope_theta": 10000.0, "rms_norm_eps": 1e-5, "tie_word_embeddings": False, "dtype": "bfloat16", "hidden_act": "silu"}
OF_LAYERS = {"input_layernorm": ("attn_norm", [64]), "post_attention_layernorm": ("ffn_norm", [64]),
             "self_attn.q_proj": ("attn_q", [64, 64]), "self_attn.k_proj": ("attn_k", [32, 64]), "self_attn.v_proj": ("attn_v", [32, 64]),
             "self_attn.o_proj": ("attn_output", [64, 64]), "mlp.gate_proj": ("ffn_gate", [96, 64]), "mlp.up_proj": ("ffn_up", [96, 64]),
             "mlp.down_proj": ("ffn_down", [64, 96])}
NAMES = {"model.embed_tokens.weight": ("token_embd.weight", [544, 64]), "model.norm.weight": ("output_norm.weight", [64]),
         "lm_head.weight": ("output.weight", [544, 64]),
         **{f"model.layers.{i}.{hf}.weight": (f"blk.{i}.{name}.weight", shape) for i in range(2) for hf, (name, shape) in OF_LAYERS.items()}}


def llama(seed):
    """Its tensors, in Hugging Face's names."""
    out = {}
    for name, (_, shape) in NAMES.items():
        noise = checkpoints.random.Random(f"{seed} {name}").randbytes(2 * math.prod(shape))
        large = 0x3f if len(shape) == 1 else 0x3e  # about a half, or an eighth of either sign
        data = bytes(b if i % 2 == 0 else large | (b & 0x80 if len(shape) == 2 else 0) for i, b in enumerate(noise))
        out[name] = ("BF16", shape, data)
    return out


def in_gguf_names(tensors):
    """As llama.cpp's converter has them: of each head's rows first 0, 8, then 1, 9, ..."""
    out = {}
    for name, (dtype, shape, data) in tensors.items():
        if "q_proj" in name or "k_proj" in name:
            rows = [data[i:i + 128] for i in range(0, len(data), 128)]
            data = b"".join(rows[head + j + 8 * half] for head in range(0, len(rows), 16) for j in range(8) for half in range(2))
        out[NAMES[name][0]] = (dtype, shape, data)
    return out


@pytest.fixture
def llama_folder(tmp_path):
    def make(tensors, name):
        folder = tmp_path / name
        checkpoints.folder(folder, tensors)  # its tokenizer is as good as another
        (folder / "config.json").write_text(json.dumps(LLAMA))
        return str(folder)
    return make


def a_part(tensors):
    return {k: v for k, v in tensors.items() if ".layers.1." in k or k in ("model.norm.weight", "lm_head.weight")}


@pytest.mark.parametrize("part, encoding", [("some", None), ("delta", "xor"), ("delta", "overwrite")])
@pytest.mark.parametrize("base", ["folder", "stream"])
def test_a_part_may_have_the_other_names(start, llama_folder, part, encoding, base):
    """Whatever those of the base are: GGUF's for a folder, Hugging Face's for a stream in GGUF's. So served as whole."""
    old, new = llama(1), a_part(llama(2))
    s = start(model=llama_folder(old, "old"))
    theirs = in_gguf_names if base == "folder" else dict
    if base == "stream":
        assert put(s, checkpoints.pack(in_gguf_names(old))).status_code == 200
    assert answers(s) == answers(start(model=llama_folder(old, "same")))
    sent = theirs(new)
    body = checkpoints.pack(sent) if part == "some" else delta(theirs(old), sent, encoding)
    reply = put(s, body, params={"part": part})
    assert reply.status_code == 200, reply.text
    assert (reply.json()["tensors"], reply.json()["sha256"]) == (len(new), checkpoints.sha256(sent))
    assert answers(s) == answers(start(model=llama_folder(old | new, "new")))
    whole = old | new if base == "folder" else in_gguf_names(old | new)
    assert told(s) == (len(old), checkpoints.sha256(whole))
    # and after it one in the base's own, and one in both
    newer = a_part(llama(3))
    own = dict if base == "folder" else in_gguf_names
    mixed = dict(list(own(newer).items())[:5]) | dict(list(theirs(newer).items())[5:])
    assert put(s, checkpoints.pack(mixed), params={"part": "some"}).status_code == 200
    assert answers(s) == answers(start(model=llama_folder(old | newer, "newer")))


def test_what_the_other_names_do_not_name(start, llama_folder):
    old = llama(1)
    s = start(model=llama_folder(old, "old"))
    norm = old["model.norm.weight"]
    for tensors, word in (({"model.norm.weight": norm, "output_norm.weight": norm}, "comes twice"),
                          ({"blk.2.attn_norm.weight": norm}, "none of the served"), ({"blk.00.attn_norm.weight": norm}, "none of the served"),
                          ({"blk.0.attn_norm": norm}, "none of the served"), ({"blk..attn_norm.weight": norm}, "none of the served"),
                          ({"blk.9999999999.attn_norm.weight": norm}, "none of the served"), ({"blk.0.nextn.enorm.weight": norm}, "none of the served"),
                          ({"blk.0.attn_q.weight": norm}, "another shape"), ({"blk.0.attn_kv_b.weight": norm}, "none of the served")):
        reply = put(s, checkpoints.pack(tensors), params={"part": "some"})
        assert reply.status_code == 400 and word in reply.json()["error"]["message"], (list(tensors), reply.text)
        changes = {k: ("U8", [len(v[2])], v[2]) for k, v in tensors.items()}
        reply = put(s, checkpoints.pack(changes, {"delta_encoding": "xor", "compression_format": "none", **dict.fromkeys(tensors, "0" * 32)}), params={"part": "delta"})
        assert reply.status_code == 400 and (word in reply.json()["error"]["message"] or word == "another shape"), (list(tensors), reply.text)
    assert version(s) == "0"


@pytest.mark.parametrize("encoding", [None, "xor", "overwrite"])
def test_a_gguf_file_takes_a_part_in_hugging_face_s_names(start, encoding):
    """Whose shapes begin with the other end."""
    a, b = (start(model=str(checkpoints.GGUF_F16)) for _ in range(2))
    norm = checkpoints.struct.pack("<96f", *(1 + i / 96 for i in range(96)))
    assert put(a, checkpoints.pack({"output_norm.weight": ("F32", [96], norm)}), params={"part": "some"}).status_code == 200
    old = {"model.norm.weight": ("F32", [96], b"")}
    new = {"model.norm.weight": ("F32", [96], norm)}
    reply = put(b, checkpoints.pack(new), params={"part": "some"})
    assert reply.status_code == 200 and reply.json()["sha256"] == checkpoints.sha256(new), reply.text
    if encoding is not None:
        old, new = new, {"model.norm.weight": ("F32", [96], norm[4:] + norm[:4])}
        reply = put(b, delta(old, new, encoding), params={"part": "delta"})
        assert reply.status_code == 200 and reply.json()["sha256"] == checkpoints.sha256(new), reply.text
        assert put(a, checkpoints.pack({"output_norm.weight": new["model.norm.weight"]}), params={"part": "some"}).status_code == 200
    assert answers(a) == answers(b) and told(a) == told(b)


def test_experts_have_the_base_s_names_only(served, tensors):
    s = served
    router = {k: v for k, v in tensors.items() if k.endswith("mlp.gate.weight")}
    name = sorted(router)[0]
    layer = name.split(".")[2]
    assert put(s, checkpoints.pack({f"blk.{layer}.ffn_gate_inp.weight": router[name]}), params={"part": "some"}).status_code == 200
    reply = put(s, checkpoints.pack({f"blk.{layer}.ffn_gate_exps.weight": router[name]}), params={"part": "some"})
    assert reply.status_code == 400 and f"blk.{layer}.ffn_gate_exps.weight is none" in reply.json()["error"]["message"]
