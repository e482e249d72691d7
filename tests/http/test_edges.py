"""The edges of HTTP: framing that RFC 9112 forbids, bodies without a type, pages of other sites, connections at their
limit, refusals in the midst of a body, signals, a log that nobody reads.

SPDX-License-Identifier: Apache-2.0
"""

import ctypes
import json
import os
import signal
import socket
import subprocess

import httpx
import pytest

from conftest import BIN, ENVIRONMENT, FLAGS, MODEL, PATIENCE, listening_port, read_response, wait_until

BODY = b'{"prompt":"a","max_tokens":1}'
JSON = b"Content-Type: application/json\r\n"


def send(server, *parts):
    """The status of the first answer to raw bytes, and whether the connection was closed behind it: then nothing
    comes for another request."""
    with server.connect() as sock:
        sock.sendall(b"".join(parts))
        answer = read_response(sock)
        status = None if answer is None else answer[0]
        try:
            sock.sendall(NEXT)
            closed = sock.recv(1) == b""
        except ConnectionError:
            closed = True
    return status, closed


def post(*headers, body=BODY, path=b"/v1/completions", host=b"Host: x\r\n"):
    return b"POST " + path + b" HTTP/1.1\r\n" + host + b"".join(headers) + b"\r\n" + body


LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
IN_CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
NEXT = b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n"

FORBIDDEN = {
    "a length and a coding": (post(JSON, LENGTH, CHUNKED, body=IN_CHUNKS + NEXT), 400),
    "a coding and a length": (post(JSON, CHUNKED, b"Content-Length: 5\r\n", body=IN_CHUNKS + NEXT), 400),
    "two lengths": (post(JSON, LENGTH, b"Content-Length: 5\r\n"), 400),
    "the length twice": (post(JSON, LENGTH, LENGTH), 400),
    "a blank before the colon": (post(JSON, b"Content-Length : %d\r\n" % len(BODY)), 400),
    "a tab before the colon": (post(JSON, b"Content-Length\t: %d\r\n" % len(BODY)), 400),
    "a blank before another colon": (post(JSON, LENGTH, b"x-a : b\r\n"), 400),
    "no host": (post(JSON, LENGTH, host=b""), 400),
    "two hosts": (post(JSON, LENGTH, b"Host: y\r\n"), 400),
    "a coding that is not last": (post(JSON, b"Transfer-Encoding: chunked, gzip\r\n"), 400),
    "identity": (post(JSON, b"Transfer-Encoding: identity\r\n"), 400),
    "xchunked": (post(JSON, b"Transfer-Encoding: xchunked\r\n"), 400),
    "an unknown coding": (post(JSON, b"Transfer-Encoding: gzip, chunked\r\n"), 501),
    "a control byte in a value": (post(JSON, LENGTH, b"x-a: b\x01c\r\n"), 400),
    "a NUL in the path": (b"GET /version%00/../x HTTP/1.1\r\nHost: x\r\n\r\n", 400),
}


# From 1.0 on libmicrohttpd itself refuses most of these, with 400 and a page of its own.
library = ctypes.CDLL("libmicrohttpd.so.12")
library.MHD_get_version.restype = ctypes.c_char_p
OWN_WORDS = not library.MHD_get_version().startswith(b"0.")


@pytest.mark.parametrize("name", FORBIDDEN)
def test_framing_that_is_forbidden(server, name):
    request, status = FORBIDDEN[name]
    got, closed = send(server, request)
    assert closed, "the connection is kept"
    assert got == status or OWN_WORDS and got == 400


def everything(server, request, half_closed=False):
    """All that comes in answer, to the end of the connection."""
    with server.connect() as sock:
        sock.sendall(request)
        if half_closed:
            sock.shutdown(socket.SHUT_WR)
        data = b""
        try:
            while more := sock.recv(65536):
                data += more
        except ConnectionResetError:
            pass
    return data


def one_reply(data):
    """Status and body of one head with a body of the length that it says."""
    head, _, body = data.partition(b"\r\n\r\n")
    assert data.count(b"HTTP/1.1 ") == 1, data[:300]
    lengths = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    assert lengths == [len(body)], data[:300]
    return int(head.split()[1]), body


def check_one_reply(data, status):
    """Likewise, and the body is JSON."""
    got, body = one_reply(data)
    assert got == status, data[:300]
    return json.loads(body)


# What libmicrohttpd 0.9.75 itself refuses, with a page of its own.
ITS_OWN = {
    "a length that is no number": (post(JSON, b"Content-Length: x\r\n"), 400),
    "a length with a sign": (post(JSON, b"Content-Length: +5\r\n"), 400),
    "a length beyond all": (post(JSON, b"Content-Length: 99999999999999999999999\r\n"), 413),
}


@pytest.mark.parametrize("name", [*FORBIDDEN, *ITS_OWN])
def test_a_refusal_is_one_reply(server, name):
    request, status = {**FORBIDDEN, **ITS_OWN}[name]
    data = everything(server, request)
    if OWN_WORDS and b"<html>" in data:
        assert one_reply(data)[0] == 400
    else:
        assert check_one_reply(data, status)["error"]["message"]


# docs/http.md tells of these as well.
HTML = {
    "no version": (b"GET /version\r\nHost: x\r\n\r\n", 400),
    "another version": (b"GET /version HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    "a header without a colon": (b"GET /version HTTP/1.1\r\nHost: x\r\nbad\r\n\r\n", 400),
    "a broken chunk": (post(JSON, CHUNKED, body=b"zz\r\n{}\r\n0\r\n\r\n"), 400),
}


@pytest.mark.parametrize("name", HTML)
@pytest.mark.skipif(OWN_WORDS, reason="other versions say other things")
def test_what_the_library_says_itself(server, name):
    request, status = HTML[name]
    got, closed = send(server, request)
    assert (got, closed) == (status, True)


@pytest.mark.parametrize("n", [101, 500, 2000])
def test_very_many_arguments(server, n):
    query = b"&".join(b"a%d=1" % i for i in range(n))
    data = everything(server, b"GET /version?" + query + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert "arguments" in check_one_reply(data, 400)["error"]["message"]
    few = b"&".join(query.split(b"&")[:100])
    assert send(server, b"GET /version?" + few + b" HTTP/1.1\r\nHost: x\r\n\r\n") == (200, False)


@pytest.mark.parametrize("path,body", [
    (b"/v1/completions", b'{"prompt":"a","max_tokens":4000,"ignore_eos":true}'),
    (b"/verify", b'{"items":[{"completion":"' + b"a" * 60 + b'","rewards":[{"name":"regex","pattern":"^(a|a)*[bc]$"}]}]}'),
])
def test_clients_that_close_their_side(server, path, body):
    """They look as if they had left, so their work is stopped; should they listen, they are told."""
    close = b"Connection: close\r\nContent-Length: %d\r\n" % len(body)
    reply = check_one_reply(everything(server, post(JSON, close, body=body, path=path), half_closed=True), 400)
    assert "closed" in reply["error"]["message"]
    server.wait_alone()


def test_targets_that_must_be_taken(server):
    assert send(server, b"GET http://any.host/version HTTP/1.1\r\nHost: x\r\n\r\n") == (200, False)
    assert send(server, b"GET HTTP://any.host:80/version?x=1 HTTP/1.1\r\nHost: x\r\n\r\n") == (200, False)
    assert send(server, b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n") == (200, False)
    assert send(server, b"GET /version HTTP/1.0\r\n\r\n") == (200, True)
    assert send(server, post(JSON, CHUNKED, body=IN_CHUNKS)) == (200, False)


def test_nothing_needs_no_type_and_something_needs_json(server):
    for path in (b"/reset_prefix_cache", b"/flush_cache", b"/resume", b"/wake_up", b"/continue_generation",
                 b"/areal_continue_generation", b"/abort_requests"):
        for headers in (b"", b"Content-Length: 0\r\n", b"Content-Length: 0\r\nContent-Type: application/octet-stream\r\n"):
            with server.connect() as sock:
                sock.sendall(post(headers, body=b"", path=path))
                assert read_response(sock)[0] == 200, (path, headers)
    for kind in (b"", b"Content-Type: text/plain\r\n", b"Content-Type: application/x-www-form-urlencoded\r\n"):
        with server.connect() as sock:
            sock.sendall(post(kind, LENGTH))
            status, headers, body = read_response(sock)
        assert status == 415
        assert "Content-Type: application/json" in json.loads(body)["error"]["message"]
    for packed in ("br", "deflate"):
        reply = server.post("/v1/completions", {"prompt": "a", "max_tokens": 1}, headers={"Content-Encoding": packed})
        assert reply.status_code == 415 and reply.headers["accept-encoding"] == "gzip, zstd"


def test_an_empty_body_tells_no_address(server):
    for path in ("/v1/completions", "/v1/chat/completions", "/verify", "/generate", "/tokenize", "/run_code", "/completion"):
        reply = server.http.post(path, headers={"Content-Type": "application/json"}, content=b"")
        assert reply.status_code == 400 and "byte 0" in reply.text or "empty" in reply.text, reply.text


def asked(server, path="/v1/completions", method="POST", body=None, **headers):
    headers = {k.replace("_", "-"): v for k, v in headers.items()}
    content = b"" if body is None else json.dumps(body).encode()
    if body is not None:
        headers["Content-Type"] = "application/json"
    return server.http.request(method, path, content=content, headers=headers).status_code


def test_pages_of_other_sites(start):
    own = start("--allowed-hosts", "gpu.lan")
    here = f"127.0.0.1:{own.port}"
    one = {"prompt": "a", "max_tokens": 1}
    for path, method, body in (("/v1/completions", "POST", one), ("/pause", "POST", None), ("/flush_cache", "GET", None),
                               ("/run_code", "POST", {"code": "", "language": "python"}), ("/health", "GET", None)):
        assert asked(own, path, method, body, Origin="http://evil.example") == 403, path
        assert asked(own, path, method, body, Sec_Fetch_Site="cross-site") == 403, path
        assert asked(own, path, method, body, Origin="null") == 403, path
        # a name that was made to point here
        assert asked(own, path, method, body, Origin="http://evil.example", Host="evil.example") == 403, path
    assert own.http.get("/is_paused").json() == {"is_paused": False}
    assert asked(own, "/", "GET", Sec_Fetch_Site="cross-site") == 200  # a link to the page, which is the same for all
    assert asked(own, body=one, Origin="http://" + here) == 200
    assert asked(own, body=one, Origin="http://" + here, Sec_Fetch_Site="same-origin") == 200
    assert asked(own, body=one, Origin="http://localhost:1", Host="localhost:1") == 200
    assert asked(own, body=one, Origin="http://[::1]:1", Host="[::1]:1") == 200
    assert asked(own, body=one, Origin="http://gpu.lan:1", Host="gpu.lan:1") == 200
    assert asked(own, body=one, Host="any.name") == 200  # not a page's
    keyed = start("--api-key", "k", wait=False)
    keyed.http.headers["Authorization"] = "Bearer k"
    keyed.wait_ready()
    assert asked(keyed, body=one, Origin="http://elsewhere.example") == 200


def test_accepting_goes_on_after_the_limit(start):
    own = start("--max-connections", "50")
    for _ in range(3):
        many = [own.connect() for _ in range(55)]
        for sock in many:
            sock.close()
        assert httpx.get(own.url + "/version", timeout=PATIENCE).status_code == 200


def test_few_descriptors(start):
    """The limit of connections follows the limit of files, and is no more than it."""
    command = ["bash", "-c", f"ulimit -n 120; exec {BIN} serve --model {MODEL} --port 0 {' '.join(FLAGS)}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=ENVIRONMENT, text=True) as process:
        for line in process.stderr:
            if "event=file_limit" in line:
                assert 40 <= int(line.split("max_connections=")[1]) <= 100
            if "event=ready" in line:
                break
        process.terminate()
        process.stderr.read()
    assert process.returncode == 0


@pytest.mark.parametrize("path,headers,status", [
    (b"/nowhere", JSON, b"404"),
    (b"/v1/completions", b"Content-Type: text/plain\r\n", b"415"),
    (b"/v1/completions", JSON, b"413"),
])
def test_a_refusal_is_heard_in_the_midst_of_a_body(start, path, headers, status):
    own = start("--max-body", "1M")
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    with own.connect() as sock:
        sock.sendall(b"POST " + path + b" HTTP/1.1\r\nHost: x\r\n" + headers + CHUNKED + b"\r\n")
        for _ in range(160):  # 10 MB
            sock.sendall(chunk)
        answer = sock.recv(4096)
    assert answer.startswith(b"HTTP/1.1 " + status), answer
    assert own.http.get("/version").status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP])
def test_signals_that_end_it_let_requests_finish(start, number):
    own = start()
    with own.http.stream("POST", "/v1/completions", json={"prompt": "a", "max_tokens": 300, "ignore_eos": True,
                                                          "stream": True}) as reply:
        lines = reply.iter_lines()
        next(lines)
        own.signal(number)
        assert [line for line in lines if line][-1] == "data: [DONE]"
    assert own.wait() == 0


@pytest.mark.parametrize("path", [b"/pause", b"/pause_generation", b"/sleep"])
def test_a_pause_whose_body_comes_when_it_ends(start, path):
    """What was taken before the signal runs to its end: nothing would end a pause."""
    own = start()
    ask = {"prompt": "a", "max_tokens": 400, "ignore_eos": True, "stream": True}
    with own.connect() as sock, own.http.stream("POST", "/v1/completions", json=ask) as reply:
        sock.sendall(b"POST " + path + b" HTTP/1.1\r\nHost: x\r\n" + JSON + b"Content-Length: 2\r\n\r\n{")
        lines = reply.iter_lines()
        next(lines)
        wait_until(lambda: own.metric("touchstone_open_requests") >= 2)  # this one, and the one that asks
        own.signal()
        wait_until(lambda: own.lines("event=draining"))
        sock.sendall(b"}")
        assert read_response(sock)[0] == 503
        assert [line for line in lines if line][-1] == "data: [DONE]"
    assert own.wait() == 0


def test_signals_that_mean_nothing(start):
    own = start()
    own.signal(signal.SIGUSR1)
    own.signal(signal.SIGUSR2)
    assert own.complete(prompt="a", max_tokens=1)["choices"]


def test_a_log_that_nobody_reads(start):
    """Its pipe is full: requests are answered, signals heard, and lines lost are counted."""
    reader, writer = os.pipe()
    command = [BIN, "serve", "--model", MODEL, "--port", "0", *FLAGS]
    process = subprocess.Popen(command, stderr=writer, env=ENVIRONMENT)
    os.close(writer)
    with httpx.Client(base_url=f"http://127.0.0.1:{listening_port(process)}", timeout=PATIENCE) as http:
        wait_until(lambda: http.get("/ready").status_code == 200)
        for _ in range(600):
            assert http.get("/version").status_code == 200
        lost = os.read(reader, 1 << 20)
        assert b"event=request" in lost
        assert http.get("/version").status_code == 200
        process.terminate()
        with os.fdopen(reader) as rest:
            text = rest.read()
    assert process.wait(PATIENCE) == 0
    assert "event=log_lines_dropped n=" in text and "event=stopped" in text


def test_without_standard_streams():
    """The log's lines must not go to whatever file got number 2."""
    command = f"exec {BIN} serve --model {MODEL} --port 0 {' '.join(FLAGS)} 0<&- 1>&- 2>&-"
    process = subprocess.Popen(["bash", "-c", command], env=ENVIRONMENT)
    with httpx.Client(base_url=f"http://127.0.0.1:{listening_port(process)}", timeout=PATIENCE) as http:
        wait_until(lambda: http.get("/ready").status_code == 200)
        item = {"completion": "a" * 16, "rewards": [{"name": "regex", "pattern": "^(a|a)*[bc]$"}]}  # needs a worker
        assert http.post("/verify", json={"items": [item]}).json()["results"][0]["reward"] == 0
    process.terminate()
    assert process.wait(PATIENCE) == 0


def test_health_says_when_requests_are_served(start):
    """Alive from the first turn of the loop, healthy only once requests are served."""
    own = start(wait=False)
    seen = set()
    while True:
        alive, health = own.http.get("/livez").status_code, own.http.get("/health").status_code
        served = own.post("/v1/completions", {"prompt": "a", "max_tokens": 1}).status_code
        assert alive == own.http.get("/liveness").status_code == 200
        assert not (health == 200 and served == 503)
        seen.add(health)
        if health == 200:
            break
        assert own.http.get("/v1/health").status_code in (200, 503)
    own.http.post("/pause")
    assert own.http.get("/health").status_code == 200
    reply = own.http.get("/ready")
    assert reply.status_code == 503 and reply.json()["error"]["code"] == "paused"
    own.http.post("/resume")
    assert own.http.get("/ready").status_code == 200
