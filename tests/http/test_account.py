"""One account for what clients make the server hold: bodies, their JSON, replies that nobody reads.

SPDX-License-Identifier: Apache-2.0
"""

import json
import socket

import httpx
import pytest

from conftest import PATIENCE, read_response, wait_begun, wait_until

M = 1 << 20
USED, LIMIT = "touchstone_request_memory_bytes", "touchstone_request_memory_limit_bytes"
# What every request holds, whoever asks: the scrape that tells of it is one.
LITTLE = M // 2


def head(path, length):
    return (f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n").encode()


def has_room_again(server):
    """All that was taken is given back."""
    wait_until(lambda: server.metric(USED) < LITTLE)


def fresh(server):
    """A client without a connection that is kept."""
    return httpx.Client(base_url=server.url, timeout=PATIENCE, limits=httpx.Limits(max_keepalive_connections=0))


def begin_bodies(server, n, size):
    """n connections that have sent all of a body of that size but its last byte."""
    socks = []
    for _ in range(n):
        sock = server.connect()
        try:
            sock.sendall(head("/tokenize", size) + b" " * (size - 1))
        except OSError:
            pass  # refused in the midst of it, and closed
        socks.append(sock)
    return socks


def test_bodies(start):
    server = start("--request-memory", "16M", "--max-body", "16M")
    assert server.metric(LIMIT) == 16 * M
    socks = begin_bodies(server, 3, 4 * M)
    wait_until(lambda: server.metric("touchstone_body_bytes") >= 12 * M - 3)
    assert server.metric(USED) <= 16 * M
    reply = server.post("/tokenize", {"prompt": "a" * 6 * M})
    assert reply.status_code == 429 and reply.json()["error"]["code"] == "queue_full"
    assert int(reply.headers["retry-after"]) >= 1
    assert server.http.get("/health").status_code == 200
    assert server.post("/tokenize", {"prompt": "a"}).status_code == 200, "small ones go on"
    for sock in socks:
        sock.close()
    has_room_again(server)
    assert server.post("/tokenize", {"prompt": "a b " * (M // 8)}).status_code == 200


def test_a_body_of_no_said_length(start):
    server = start("--request-memory", "8M", "--max-body", "64M")
    asked = []

    def pieces():
        yield b'{"prompt": "'
        for _ in range(300):
            asked.append(server.process.poll())
            yield b"a" * 65536

    try:
        reply = server.http.post("/tokenize", content=pieces(), headers={"Content-Type": "application/json"})
        assert reply.status_code == 503 and reply.json()["error"]["code"] == "out_of_memory"
    except (httpx.NetworkError, httpx.RemoteProtocolError):
        pass  # told so in the midst of it, and the connection closed
    assert server.metric(USED) <= 8 * M
    has_room_again(server)


def test_trees(start):
    """A small body whose JSON is not small."""
    server = start("--request-memory", "16M")
    ids = [123] * 200_000  # under a megabyte of text, 14 MB of tree
    body = json.dumps({"tokens": ids}, separators=(",", ":")).encode()
    other = {"tokens": ids[:100_000]}
    assert server.post("/detokenize", other).status_code == 200
    double = json.dumps({"tokens": ids * 2}, separators=(",", ":")).encode()
    for path in ("/detokenize", "/v1/completions", "/verify", "/generate", "/run_code", "/apply-template", "/verify/advantages"):
        reply = server.http.post(path, content=double, headers={"Content-Type": "application/json"})
        assert reply.status_code == 503, (path, reply.text)
        assert "out_of_memory" in reply.text and int(reply.headers["retry-after"]) >= 1
        has_room_again(server)
    assert server.http.post("/detokenize", content=body[:10], headers={"Content-Type": "application/json"}).status_code == 400
    assert server.post("/detokenize", other).status_code == 200


def unread(server, path, body):
    """A connection that asks and reads nothing."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(PATIENCE)
    sock.connect(("127.0.0.1", server.port))
    text = json.dumps(body).encode()
    sock.sendall(head(path, len(text)) + text)
    return sock


BIG = {"content": "a " * 60_000, "with_pieces": True}  # more than a megabyte of reply


def test_replies_that_nobody_reads(start):
    server = start("--request-memory", "24M", "--reply-timeout", "2")
    server.http = fresh(server)
    size = len(server.post("/tokenize", BIG).content)
    assert size > M
    socks = [unread(server, "/tokenize", BIG) for _ in range(20)]
    # They are answered, or refused; never is more held than may be, and in the end their time is over.
    most = 0.0

    def seen():
        nonlocal most
        most = max(most, server.metric(USED))
        return server.metric("touchstone_open_requests") == 1

    wait_until(seen)
    assert size < most <= 24 * M + 20 * 65536
    has_room_again(server)
    assert server.post("/tokenize", BIG).status_code == 200
    for sock in socks:
        sock.close()


def test_a_slow_reader_gets_all(start):
    """Who reads on has time for it."""
    server = start("--reply-timeout", "60")
    want = server.post("/tokenize", BIG).content
    sock = unread(server, "/tokenize", BIG)
    wait_begun(sock)
    status, _, body = read_response(sock)
    assert status == 200 and json.loads(body) == json.loads(want)
    sock.close()


@pytest.mark.parametrize("path,body", [
    ("/v1/completions", {"prompt": "Hello", "max_tokens": 4000, "stream": True, "ignore_eos": True, "n": 16, "logprobs": 20}),
    ("/tokenize", BIG),
])
def test_a_reader_that_drips(start, path, body):
    """A byte now and then is no reading: its time is over, though something moves."""
    server = start("--reply-timeout", "1", "--idle-timeout", "3600")
    server.http = fresh(server)
    sock = unread(server, path, body)
    wait_begun(sock)
    sock.settimeout(0.2)

    def drip():
        try:
            ended = sock.recv(1) == b""
        except socket.timeout:
            ended = False
        except ConnectionError:
            ended = True
        return ended or server.metric("touchstone_open_requests") == 1

    wait_until(drip)
    server.wait_alone()
    server.wait_idle()
    sock.close()
    has_room_again(server)


def scored(server, n, tokens, top):
    prompt = [[10 + (i * 7 + j * j) % 90 for j in range(tokens)] for i in range(n)]
    return server.post("/v1/completions", {"prompt": prompt, "max_tokens": 0, "prompt_logprobs": top})


def test_log_probabilities_of_prompts(start):
    """A short body may ask for a long table of each of its tokens: its room is held before it is computed."""
    server = start("--request-memory", "16M")
    assert scored(server, 1, 500, 64).status_code == 200
    has_room_again(server)
    error = scored(server, 64, 500, 64).json()["error"]
    assert (error["code"], error["param"]) == ("too_large", "prompt_logprobs"), "not all at once, ever"
    socks = begin_bodies(server, 3, 4 * M)
    wait_until(lambda: server.metric("touchstone_body_bytes") >= 12 * M - 3)
    reply = scored(server, 14, 500, 64)
    for sock in socks:
        sock.close()
    assert reply.status_code == 429 and "request-memory" in reply.json()["error"]["message"]
    assert int(reply.headers["retry-after"]) >= 1
    has_room_again(server)
    assert scored(server, 1, 500, 64).status_code == 200


def test_log_probabilities_that_never_fit(start):
    server = start("--request-memory", "1M")
    reply = scored(server, 1, 2000, 64)
    error = reply.json()["error"]
    assert reply.status_code == 400 and (error["code"], error["param"]) == ("too_large", "prompt_logprobs")
    has_room_again(server)
    assert scored(server, 1, 100, 5).status_code == 200


def test_log_probabilities_of_answers(start):
    """What is kept of each token until the answer is written is held as well; who has no room ends, and nobody else."""
    server = start("--request-memory", "8M")
    ask = {"prompt": [11, 12], "max_tokens": 400, "ignore_eos": True, "logprobs": 64}
    assert server.post("/v1/completions", ask).status_code == 200
    has_room_again(server)
    reply = server.post("/v1/completions", ask | {"n": 64})
    assert reply.status_code == 503 and reply.json()["error"]["code"] == "out_of_memory"
    has_room_again(server)
    assert server.post("/v1/completions", ask).status_code == 200
