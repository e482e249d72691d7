"""Clients that dawdle: at the head, at the body, at reading; and requests that take too long.

SPDX-License-Identifier: Apache-2.0
"""

import json
import select

import httpx
from conftest import PATIENCE, read_response, wait_begun

HEAD = b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


def drip(sock, byte):
    """Send that byte again and again, ten a second, until the server has enough; its answer, when there is one."""
    for _ in range(10 * PATIENCE):
        try:
            sock.sendall(byte)
        except OSError:
            break
        if select.select([sock], [], [], 0.1)[0]:
            break
    else:
        raise AssertionError("the server listens to a client that never ends")
    try:
        return read_response(sock)
    except ConnectionResetError:
        return None


def test_slow_head(start):
    server = start("--read-timeout", "1")
    with server.connect() as sock:
        sock.sendall(HEAD[:40])
        answer = drip(sock, b"x")
        assert answer is None or answer[0] == 408
    with server.connect() as sock:  # says nothing at all
        data = sock.recv(4096)
        assert data == b"" or b"408" in data


def test_slow_body(start):
    server = start("--read-timeout", "1")
    body = json.dumps({"prompt": "a" * 20 * PATIENCE}).encode()
    with server.connect() as sock:
        sock.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body))
        sock.sendall(body[:10])
        status, headers, reply = read_response(sock)
    assert status == 408
    assert json.loads(reply)["error"]["code"] == "request_timeout"
    with server.connect() as sock:
        sock.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body))
        sock.sendall(body[:20])
        answer = drip(sock, b"a")
        assert answer is None or answer[0] == 408


def test_slow_generation_is_not_a_slow_client(start):
    """The read timeout is over once the request is whole."""
    server = start("--read-timeout", "1", "--idle-timeout", "1")
    body = {"prompt": "Hello", "max_tokens": 4000, "ignore_eos": True}
    reply = httpx.post(server.url + "/v1/completions", json=body, timeout=PATIENCE)  # on a connection of its own
    assert reply.json()["usage"]["completion_tokens"] == 4000


def test_idle_connection_is_closed(start):
    server = start("--idle-timeout", "1")
    with server.connect() as sock:
        sock.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        status, headers, _ = read_response(sock)
        assert status == 200 and headers.get("connection") != "close", "it is kept at first"
        assert sock.recv(100) == b""


def test_a_reader_that_takes_nothing(start):
    """Its connection is given up, its sequence cancelled; nobody else waits for it."""
    server = start("--idle-timeout", "2")
    server.http = httpx.Client(base_url=server.url, timeout=PATIENCE, limits=httpx.Limits(max_keepalive_connections=0))
    body = json.dumps(
        {"prompt": "Hello", "max_tokens": 4000, "stream": True, "ignore_eos": True, "n": 16, "logprobs": 20}
    ).encode()
    sock = server.connect()
    sock.setsockopt(1, 8, 4096)  # SOL_SOCKET, SO_RCVBUF: as small as it goes
    sock.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    wait_begun(sock)
    assert server.complete(prompt="a", max_tokens=2, ignore_eos=True)["usage"]["completion_tokens"] == 2
    server.wait_alone()
    assert server.metric("touchstone_cancelled_requests_total") == 1
    server.wait_idle()
    sock.close()


def test_request_timeout(start):
    server = start("--request-timeout", "3")  # time enough for a stream to begin
    body = {"prompt": "Hello", "max_tokens": 4000, "ignore_eos": True, "n": 64}
    reply = server.post("/v1/completions", body)
    assert reply.status_code == 504 and reply.json()["error"]["code"] == "timeout"
    with server.http.stream("POST", "/v1/completions", json={**body, "stream": True}) as reply:
        assert reply.status_code == 200
        lines = [line for line in reply.iter_lines() if line]
    assert lines[-1] == "data: [DONE]"
    assert json.loads(lines[-2][6:])["error"]["code"] == "timeout"
    server.wait_idle()
