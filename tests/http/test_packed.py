"""Bodies with Content-Encoding, and the methods that every path has.

SPDX-License-Identifier: Apache-2.0
"""

import gzip
import json

import pytest
from conftest import tries

ONE = json.dumps({"prompt": "a", "max_tokens": 1}).encode()
JSON = {"Content-Type": "application/json"}


def zstd(text):
    """A frame of raw blocks (RFC 8878): the format without its art."""
    blocks = [text[i:i + 65536] for i in range(0, len(text), 65536)] or [b""]
    body = b"".join((len(b) << 3 | (i == len(blocks) - 1)).to_bytes(3, "little") + b for i, b in enumerate(blocks))
    return b"\x28\xb5\x2f\xfd" + b"\xa0" + len(text).to_bytes(4, "little") + body


def zstd_bomb(blocks):
    """Runs of 128 KiB of blanks, four bytes each."""
    run = 131072 << 3 | 1 << 1
    body = b"".join((run | (i == blocks - 1)).to_bytes(3, "little") + b" " for i in range(blocks))
    return b"\x28\xb5\x2f\xfd\x00\x38" + body


PACK = {"gzip": gzip.compress, "x-gzip": gzip.compress, "GZIP": gzip.compress, "zstd": zstd, "identity": bytes}


def send(server, body, coding, path="/v1/completions", **headers):
    return server.http.post(path, content=body, headers={**JSON, "Content-Encoding": coding, **headers})


@pytest.mark.parametrize("coding", PACK)
def test_packed_is_as_plain(server, coding):
    reply = send(server, PACK[coding](ONE), coding)
    assert reply.status_code == 200 and reply.json()["usage"]["completion_tokens"] == 1
    long = json.dumps({"content": "one two " * 30000}).encode()
    plain = server.http.post("/tokenize", content=long, headers=JSON)
    assert send(server, PACK[coding](long), coding, "/tokenize").content == plain.content
    stream = send(server, PACK[coding](json.dumps({"prompt": "a", "max_tokens": 2, "stream": True}).encode()), coding)
    assert stream.text.endswith("data: [DONE]\n\n")
    items = json.dumps({"items": [{"completion": "1", "answer": "1"}]}).encode()
    assert send(server, PACK[coding](items), coding, "/verify").json()["results"][0]["reward"] == 1


def test_members_one_after_the_other(server):
    assert send(server, gzip.compress(ONE[:7]) + gzip.compress(ONE[7:]), "gzip").status_code == 200
    assert send(server, zstd(ONE[:7]) + zstd(ONE[7:]), "zstd").status_code == 200


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_what_is_broken(server, coding):
    packed = PACK[coding](ONE)
    for body in (ONE, packed[:-1], packed[:3], packed + b"x", b"\0" * 100):
        reply = send(server, body, coding)
        assert reply.status_code == 400 and reply.json()["error"]["code"] == "bad_request", body
        assert coding in reply.json()["error"]["message"]
    bad = send(server, PACK[coding](b"{"), coding)
    assert bad.status_code == 400 and bad.json()["error"]["code"] == "invalid_json"


def test_an_empty_body_needs_no_unpacking(server):
    assert send(server, b"", "gzip", "/abort_requests").status_code == 200


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip", "compress"])
def test_another_coding(server, coding):
    reply = send(server, ONE, coding)
    assert reply.status_code == 415 and reply.headers["accept-encoding"] == "gzip, zstd"


@pytest.mark.parametrize("coding, bomb", [("gzip", lambda n: gzip.compress(b" " * n)), ("zstd", lambda n: zstd_bomb(n >> 17))])
def test_a_bomb_is_as_large_as_a_body_may_be(start, coding, bomb):
    server = start("--max-body", "1M", "--request-memory", "16M")
    body = bomb(1 << 30)
    assert len(body) < 1.1e6
    reply = send(server, body[:1 << 20], coding)
    assert reply.status_code == 413 and reply.json()["error"]["code"] == "body_too_large"
    peak = int(next(line.split()[1] for line in open(f"/proc/{server.process.pid}/status") if line.startswith("VmHWM")))
    assert peak < 400 << 10  # KiB: the model and the program, not the bomb
    assert send(server, gzip.compress(ONE), "gzip").status_code == 200


def test_the_client_leaves_while_its_body_is_unpacked(server):
    body = gzip.compress(json.dumps({"prompt": "a" * (32 << 20)}).encode(), 1)
    for _ in range(5):
        with server.connect() as sock:
            sock.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
                         b"Content-Length: %d\r\n\r\n" % len(body) + body)
    server.wait_alone()
    assert server.complete(prompt="a", max_tokens=1)


@pytest.mark.parametrize("path", ["/v1/completions", "/verify", "/v1/rollouts"])
def test_a_body_that_takes_too_long_to_unpack(start, path):
    """Its client has been told so, and has gone, by the time that it is there: nothing is begun for nobody."""
    server = start("--request-timeout", "0.01")
    for n in tries():
        reply = send(server, gzip.compress(b"") * (50000 << min(n, 5)), "gzip", path)
        if reply.status_code == 504:
            break
        assert reply.json()["error"]["code"] == "invalid_json"
    server.wait_alone()
    assert len(server.lines_until_now("event=request ", f"path={path} ", "status=504")) == 1


def test_methods(server):
    with server.connect() as sock:
        sock.sendall(b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        head = b"".join(iter(lambda: sock.recv(4096), b""))
    assert head.startswith(b"HTTP/1.1 200") and b"Allow: GET, HEAD, POST" in head
    for path in ("/v1/models", "/metrics", "/health", "/props", "/api/tags", "/openapi.json", "/"):
        asked, told = server.http.get(path), server.http.head(path)
        assert told.status_code == asked.status_code == 200 and told.content == b"", path
        assert told.headers["content-type"] == asked.headers["content-type"]
        assert "HEAD" in server.http.options(path).headers["allow"]
    assert server.http.head("/v1/completions").status_code == 405
