"""HTTP itself: methods, lengths, media types, connections.

SPDX-License-Identifier: Apache-2.0
"""

import contextlib
import gzip
import json
import socket

import pytest

from conftest import read_response

JSON = {"Content-Type": "application/json"}


def check_error(reply, status, code, param=None):
    assert reply.status_code == status, reply.text
    error = reply.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["code"], error["param"]) == (code, param), error
    assert error["message"]
    assert reply.headers["x-request-id"]


def test_unknown_route(server):
    check_error(server.http.get("/nope"), 404, "not_found")
    check_error(server.post("/v1/nope", {}), 404, "not_found")
    check_error(server.post("/v1/completions//", {"prompt": "a"}), 404, "not_found")


def test_wrong_method(server):
    reply = server.http.get("/v1/completions")
    check_error(reply, 405, "method_not_allowed")
    assert reply.headers["allow"] == "POST, OPTIONS"
    check_error(server.post("/health", {}), 405, "method_not_allowed")
    check_error(server.http.delete("/v1/models"), 405, "method_not_allowed")


def test_head_and_options(server):
    reply = server.http.head("/health")
    assert reply.status_code == 200 and reply.content == b""
    reply = server.http.options("/v1/chat/completions")
    assert reply.status_code == 200 and reply.headers["allow"] == "POST, OPTIONS"
    reply = server.http.options("/metrics")
    assert reply.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    "media, status",
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("APPLICATION/JSON", 200),
        ("application/x-www-form-urlencoded", 415),
        ("text/plain", 415),
        ("application/jsonp", 415),
        ("application/x-ndjson", 415),
    ],
)
def test_media_type(server, media, status):
    body = json.dumps({"prompt": "a", "max_tokens": 1})
    reply = server.http.post("/v1/completions", content=body, headers={"Content-Type": media})
    assert reply.status_code == status
    if status == 415:
        check_error(reply, 415, "unsupported_media_type")


def raw(server, text):
    with server.connect() as sock:
        sock.sendall(text if isinstance(text, bytes) else text.encode())
        return read_response(sock)


def test_no_length_is_an_empty_body(server):
    for head in ("Content-Type: application/json\r\n", "", "Content-Length: 0\r\n"):
        status, headers, body = raw(server, "POST /v1/completions HTTP/1.1\r\nHost: x\r\n" + head + "\r\n")
        assert status == 400 and json.loads(body)["error"]["code"] == "invalid_json"
        assert "empty" in json.loads(body)["error"]["message"]


def test_body_too_large_is_refused_before_it_is_sent(start):
    server = start("--max-body", "2K")
    head = (
        "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: 1000000000000\r\n\r\n"
    )
    status, headers, body = raw(server, head)
    assert status == 413 and json.loads(body)["error"]["code"] == "body_too_large"
    assert headers["connection"].lower() == "close"
    big = {"prompt": "a" * 4000}
    check_error(server.post("/v1/completions", big), 413, "body_too_large")


def test_chunked_body_too_large(start):
    server = start("--max-body", "2K")

    def pieces():
        for _ in range(100):
            yield b'{"prompt": "' + b"a" * 1000

    reply = server.http.post("/v1/completions", content=pieces(), headers=JSON)
    check_error(reply, 413, "body_too_large")


@pytest.mark.parametrize("path", ["/v1/weights", "/update_weights", "/update_weights_from_disk", "/update_weight_version", "/weight_checker",
                                  "/v1/load_lora_adapter", "/unload_lora_adapter", "/abort_requests", "/pause_generation",
                                  "/continue_generation", "/abort_request", "/api/show", "/api/pull"])
def test_what_is_read_on_the_loop_is_small(server, path):
    body = json.dumps({"a": "b" * (1 << 20)}).encode()
    for headers in (JSON, {**JSON, "Content-Encoding": "gzip"}):
        sent = gzip.compress(body) if len(headers) > 1 else body
        reply = server.http.post(path, content=sent, headers=headers)
        assert reply.status_code == 413, reply.text


def test_a_body_that_no_route_wants_is_not_kept(start):
    server = start("--max-body", "2K")

    def pieces():
        for _ in range(100):
            yield b"a" * 1000

    for method, path, status in (("GET", "/health", 200), ("GET", "/v1/models", 200), ("DELETE", "/v1/responses/a", 404)):
        assert server.http.request(method, path, content=pieces(), headers=JSON).status_code == status
    [line] = server.lines("path=/v1/models")
    assert "bytes_in=100000" in line


def test_chunked_body(server):
    body = json.dumps({"prompt": "hello", "max_tokens": 2, "temperature": 0}).encode()

    def pieces():
        for b in body:
            yield bytes([b])

    reply = server.http.post("/v1/completions", content=pieces(), headers=JSON)
    assert reply.status_code == 200
    assert reply.json()["usage"]["completion_tokens"] == 2


def test_expect_continue(server):
    body = json.dumps({"prompt": "hello", "max_tokens": 1}).encode()
    with server.connect() as sock:
        sock.sendall(
            b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        assert sock.recv(100).startswith(b"HTTP/1.1 100")
        sock.sendall(body)
        assert read_response(sock)[0] == 200


def test_keep_alive_after_errors(server):
    """A refused request's body is read, so the connection goes on."""
    with server.connect() as sock:
        for path, status in [("/nope", 404), ("/v1/completions", 400), ("/health", 405)] * 5:
            body = b'{"prompt": 17}' + b" " * 1000
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            sock.sendall(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            assert read_response(sock)[0] == status


def test_pipelining(server):
    body = json.dumps({"prompt": "hello", "max_tokens": 3, "ignore_eos": True}).encode()
    one = (
        b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body) + body
    )
    with server.connect() as sock:
        sock.sendall(one * 4)
        data = b""
        while data.count(b"HTTP/1.1 200") < 4 or not data.endswith(b"}}}"):
            more = sock.recv(65536)
            assert more, "closed before the fourth answer"
            data += more
        assert data.count(b'"finish_reason":"length"') == 4


def test_http_1_0(server):
    body = json.dumps({"prompt": "hello", "max_tokens": 3, "stream": True}).encode()
    with server.connect() as sock:
        sock.sendall(
            b"POST /v1/completions HTTP/1.0\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body
        )
        data = b""
        while more := sock.recv(65536):
            data += more
    head, _, stream = data.partition(b"\r\n\r\n")
    assert b"chunked" not in head.lower()
    assert stream.startswith(b"data: {") and stream.endswith(b"data: [DONE]\n\n")


def test_request_id(server):
    reply = server.http.get("/health", headers={"x-request-id": "abc-1.2:3_x"})
    assert reply.headers["x-request-id"] == "abc-1.2:3_x"
    for bad in ["a b", "x" * 200, "é".encode("latin-1"), "a\tb", "", "<script>"]:
        sent = server.http.get("/health", headers={"x-request-id": bad}).headers["x-request-id"]
        assert sent != bad and len(sent) == 24
    reply = server.post("/v1/completions", {"prompt": "a", "max_tokens": 1}, headers={"x-request-id": "me"})
    assert reply.json()["id"] == "cmpl-me"
    assert server.complete(prompt="a", max_tokens=1, request_id="mine")["id"] == "cmpl-mine"


def test_query_string_is_no_part_of_the_path(server):
    assert server.http.get("/health?x=1").status_code == 200


def test_a_query_of_very_many_arguments_does_nothing(server):
    """It is told past libmicrohttpd; no route may have it then."""
    for n, status in ((99, 200), (100, 400)):
        with server.connect() as sock:
            sock.sendall(b"POST /pause?mode=keep" + b"&a=1" * n + b" HTTP/1.1\r\nHost: x\r\n"
                         b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
            assert read_response(sock)[0] == status
        assert server.http.get("/is_paused").json()["is_paused"] == (status == 200)
        server.post("/resume", {})


@pytest.mark.parametrize("garbage", [b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"\r\n\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"{}" * 1000 + b"\r\n\r\n"])
def test_garbage_instead_of_http(start, garbage):
    server = start("--read-timeout", "1")
    with server.connect() as sock:
        with contextlib.suppress(ConnectionError):  # it may be shut while there is something to read
            sock.sendall(garbage)
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_WR)
            while sock.recv(65536):
                pass
    assert server.http.get("/health").status_code == 200


def test_huge_header_is_refused(server):
    with server.connect() as sock:
        try:
            sock.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nx-junk: " + b"a" * 200000 + b"\r\n\r\n")
            answer = read_response(sock)
        except ConnectionError:
            answer = None
    assert answer is None or answer[0] in (400, 413, 414, 431)
    assert server.http.get("/health").status_code == 200
