"""Clients that dawdle: at the head, at the body, at reading; and requests that take too long.

SPDX-License-Identifier: Apache-2.0
"""

import json
import time

from conftest import read_response

HEAD = b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


def drip(sock, data, seconds):
    """Send data byte by byte over that time; the answer, when one came before the end."""
    for b in data:
        try:
            sock.sendall(bytes([b]))
        except OSError:
            break
        time.sleep(seconds / len(data))
    sock.settimeout(10)
    try:
        return read_response(sock)
    except ConnectionResetError:
        return None


def test_slow_head(start):
    server = start("--read-timeout", "1")
    with server.connect() as sock:
        began = time.time()
        answer = drip(sock, HEAD[:40], 3)
        assert answer is None or answer[0] == 408
        assert time.time() - began < 6
    with server.connect() as sock:  # says nothing at all
        sock.settimeout(10)
        data = sock.recv(4096)
        assert data == b"" or b"408" in data


def test_slow_body(start):
    server = start("--read-timeout", "1")
    body = json.dumps({"prompt": "a" * 100}).encode()
    with server.connect() as sock:
        sock.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body))
        sock.sendall(body[:10])
        sock.settimeout(10)
        status, headers, reply = read_response(sock)
    assert status == 408
    assert json.loads(reply)["error"]["code"] == "request_timeout"
    with server.connect() as sock:
        sock.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body))
        answer = drip(sock, body[:60], 4)
        assert answer is None or answer[0] == 408


def test_slow_generation_is_not_a_slow_client(start):
    """The read timeout is over once the request is whole."""
    server = start("--read-timeout", "1", "--idle-timeout", "1")
    reply = server.complete(prompt="Hello", max_tokens=2000, ignore_eos=True)
    assert reply["usage"]["completion_tokens"] == 2000


def test_idle_connection_is_closed(start):
    server = start("--idle-timeout", "1")
    with server.connect() as sock:
        sock.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_response(sock)[0] == 200
        sock.settimeout(10)
        began = time.time()
        assert sock.recv(100) == b""
        assert 0.5 < time.time() - began < 5


def test_a_reader_that_takes_nothing(start):
    """Its connection is given up, its sequence cancelled; nobody else waits for it."""
    server = start("--idle-timeout", "2")
    body = json.dumps(
        {"prompt": "Hello", "max_tokens": 4000, "stream": True, "ignore_eos": True, "n": 16, "logprobs": 20}
    ).encode()
    sock = server.connect()
    sock.setsockopt(1, 8, 4096)  # SOL_SOCKET, SO_RCVBUF: as small as it goes
    sock.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    time.sleep(0.5)
    assert server.complete(prompt="a", max_tokens=2, ignore_eos=True)["usage"]["completion_tokens"] == 2
    deadline = time.time() + 60
    while server.metric("touchstone_open_requests") > 1 and time.time() < deadline:
        time.sleep(0.1)
    assert server.metric("touchstone_open_requests") == 1
    assert server.metric("touchstone_cancelled_requests_total") == 1
    server.wait_idle()
    sock.close()


def test_request_timeout(start):
    server = start("--request-timeout", "1")
    body = {"prompt": "Hello", "max_tokens": 4000, "ignore_eos": True, "n": 64}
    reply = server.post("/v1/completions", body)
    assert reply.status_code == 504 and reply.json()["error"]["code"] == "timeout"
    with server.http.stream("POST", "/v1/completions", json={**body, "stream": True}) as reply:
        assert reply.status_code == 200
        lines = [line for line in reply.iter_lines() if line]
    assert lines[-1] == "data: [DONE]"
    assert json.loads(lines[-2][6:])["error"]["code"] == "timeout"
    server.wait_idle()
