"""Where the server listens: a second address, TLS, a Unix socket, an address for control.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import signal
import socket
import ssl
import stat
import subprocess

import httpx
import pytest

from conftest import BIN, ENVIRONMENT, MODEL, PATIENCE, Server

ONE = {"prompt": "a", "max_tokens": 1}
LONG = {"prompt": "Once", "max_tokens": 400, "ignore_eos": True, "stream": True, "n": 16}


def make_certificate(folder, name):
    """(certificate, key): files of a self-signed certificate whose common name is `name`."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", str(key), "-out", str(certificate), "-days", "3650", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"], check=True, capture_output=True)
    return certificate, key


class TlsServer(Server):
    """A server whose clients speak TLS and know its certificate."""

    def __init__(self, certificate, key, *args):
        super().__init__("--tls-cert", str(certificate), "--tls-key", str(key), *args, wait=False)
        self.trust(certificate)
        self.wait_ready()

    def trust(self, certificate):
        self.context = ssl.create_default_context(cafile=str(certificate))
        self.http = httpx.Client(base_url=f"https://127.0.0.1:{self.port}", verify=self.context, timeout=PATIENCE)

    def connect(self):
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        return self.context.wrap_socket(plain, server_hostname="127.0.0.1")

    def name(self):
        """The common name in the certificate that a new connection is shown."""
        with self.connect() as sock:
            return dict(x[0] for x in sock.getpeercert()["subject"])["commonName"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def tls(folder):
    s = TlsServer(*make_certificate(folder, "first"))
    yield s
    s.stop()


@pytest.fixture(scope="module")
def impatient(folder):
    s = TlsServer(*make_certificate(folder, "impatient"), "--read-timeout", "2")
    yield s
    s.stop()


def test_requests_over_tls(tls):
    assert tls.complete(**ONE)["choices"]
    with tls.http.stream("POST", "/v1/completions", json={**ONE, "max_tokens": 8, "stream": True}) as reply:
        assert reply.status_code == 200 and list(reply.iter_lines())[-2:] == ["data: [DONE]", ""]
    large = {"content": "one two three " * 200000}
    assert len(tls.post("/tokenize", large).json()["tokens"]) > 400000
    assert tls.http.get("/docs").status_code == 200
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://127.0.0.1:{tls.port}/health", timeout=PATIENCE)
    assert tls.http.get("/health").status_code == 200


def test_many_connections_at_once(tls):
    socks = [tls.connect() for _ in range(40)]
    for sock in socks:
        sock.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
    for sock in socks:
        assert sock.recv(4096).startswith(b"HTTP/1.1 200")
        sock.close()


def test_a_client_that_leaves_is_noticed_under_tls(tls):
    """In a stream, and while it waits for its turn: its sequences end, nobody reads them."""
    for body in (LONG, {**LONG, "stream": False}):
        data = json.dumps(body).encode()
        sock = tls.connect()
        tls.post("/pause?mode=keep", {})
        sock.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(data) + data)
        tls.wait_asked(1)
        sock.close()
        tls.wait_alone()
        tls.post("/resume", {})
        tls.wait_idle()


def test_a_half_closed_connection_is_told_under_tls(tls):
    data = json.dumps(LONG | {"stream": False}).encode()
    tls.post("/pause?mode=keep", {})
    sock = tls.connect()
    sock.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                 b"Content-Length: %d\r\n\r\n" % len(data) + data)
    tls.wait_asked(1)
    socket.socket.shutdown(sock, socket.SHUT_WR)  # the TCP side alone: the TLS layer goes on reading
    told = b""
    try:
        while part := sock.recv(4096):
            told += part
    except (ssl.SSLError, ConnectionError):
        pass
    assert b"400" in told.split(b"\r\n")[0] and b"keep both of its sides open" in told
    tls.post("/resume", {})
    tls.wait_idle()


def test_a_late_body_is_told_under_tls(impatient):
    with impatient.connect() as sock:
        sock.sendall(b"POST /tokenize HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{")
        assert sock.recv(4096).startswith(b"HTTP/1.1 408")


def test_a_silent_connection_is_shut(tls, impatient):
    """One that says nothing, and one whose handshake does not come to its end: others are served meanwhile, until
    read-timeout (2 s here)."""
    for hello in (b"", b"\x16\x03\x01\x00\xc8\x01\x00"):
        with socket.create_connection(("127.0.0.1", impatient.port), timeout=PATIENCE) as sock:
            sock.sendall(hello)
            try:
                while sock.recv(4096):
                    pass
            except ConnectionError:
                pass
        with socket.create_connection(("127.0.0.1", tls.port), timeout=PATIENCE) as sock:
            sock.sendall(hello)
            assert tls.complete(**ONE)
    assert tls.http.get("/health").status_code == 200


def test_garbage_in_place_of_a_handshake(tls):
    for garbage in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\0" * 1000, b"\x16\x03\x01\xff\xff" + b"a" * 70000, os.urandom(5000)):
        with socket.create_connection(("127.0.0.1", tls.port), timeout=PATIENCE) as sock:
            try:
                sock.sendall(garbage)
                while sock.recv(4096):
                    pass
            except ConnectionError:
                pass
    assert tls.http.get("/health").status_code == 200


def test_a_certificate_is_read_again(folder):
    certificate, key = make_certificate(folder, "old")
    fresh = make_certificate(folder, "new")
    server = TlsServer(certificate, key)
    try:
        assert server.name() == "old"
        kept = server.connect()
        other = make_certificate(folder, "other")
        key.write_bytes(other[1].read_bytes())  # a key of another certificate: all stays
        server.process.send_signal(signal.SIGHUP)
        server.lines("event=reloaded", "not the key")
        assert server.name() == "old"
        certificate.write_bytes(fresh[0].read_bytes())
        key.write_bytes(fresh[1].read_bytes())
        server.process.send_signal(signal.SIGHUP)
        server.context = ssl.create_default_context(cafile=str(fresh[0]))
        server.lines("event=reloaded", "error=null")
        assert server.name() == "new"
        kept.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
        assert kept.recv(4096).startswith(b"HTTP/1.1 200")
        kept.close()
        server.trust(fresh[0])
        assert server.complete(**ONE)
    finally:
        server.stop()


@pytest.mark.parametrize("args", [("--tls-cert", "CERT"), ("--tls-key", "KEY"), ("--tls-cert", "CERT", "--tls-key", "CERT"),
                                  ("--tls-cert", "KEY", "--tls-key", "KEY"), ("--tls-cert", "/no/such", "--tls-key", "KEY"),
                                  ("--control-listen", "nowhere"), ("--control-listen", "127.0.0.1:70000"),
                                  ("--control-listen", ":80"), ("--also-listen", "nowhere"), ("--also-listen", "127.0.0.1:70000"),
                                  ("--unix", "/no/such/folder/socket"), ("--unix", "/" + "x" * 200)])
def test_what_ends_the_start(folder, args):
    certificate, key = make_certificate(folder, "start")
    words = [{"CERT": str(certificate), "KEY": str(key)}.get(a, a) for a in args]
    ended = subprocess.run([BIN, "serve", "--port", "0", *words], capture_output=True, text=True, env=ENVIRONMENT)
    assert ended.returncode == 1, ended.stderr
    assert any(word in ended.stderr.splitlines()[-1] for word in (args[0][2:], *words))


def test_what_is_local_is_told_by_the_address(start):
    server = start("--host", str(0x7f000001))  # the system's resolver takes it for 127.0.0.1
    assert not server.lines_until_now("event=open")
    assert server.post("/resume", {}).status_code == 200


# ---- a Unix socket ----


def test_a_unix_socket(start, tmp_path):
    path = tmp_path / "socket"
    server = start("--unix", str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o660 and stat.S_ISSOCK(path.stat().st_mode)
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), base_url="http://local", timeout=PATIENCE) as client:
        assert client.post("/v1/completions", json=ONE).status_code == 200
        assert client.post("/resume").status_code == 200
        with client.stream("POST", "/v1/completions", json={**ONE, "max_tokens": 5, "stream": True}) as reply:
            assert list(reply.iter_lines())[-2:] == ["data: [DONE]", ""]
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(path))
        data = json.dumps(LONG).encode()
        sock.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(data) + data)
        assert sock.recv(100)
        sock.close()
        server.wait_alone()
        server.wait_idle()
    assert server.complete(**ONE)
    assert server.lines("client=unix")
    server.stop()
    assert not path.exists()


def test_a_socket_that_a_killed_server_left(start, tmp_path):
    path = tmp_path / "socket"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    server = start("--unix", str(path))
    again = subprocess.run([BIN, "serve", "--port", "0", "--model", MODEL, "--unix", str(path)], capture_output=True,
                           text=True, env=ENVIRONMENT)
    assert again.returncode == 1 and "Address already in use" in again.stderr
    assert server.http.get("/health").status_code == 200 and path.exists()
    plain = tmp_path / "plain"
    plain.write_text("mine")
    other = subprocess.run([BIN, "serve", "--port", "0", "--model", MODEL, "--unix", str(plain)], capture_output=True,
                           text=True, env=ENVIRONMENT)
    assert other.returncode == 1 and plain.read_text() == "mine"


# ---- an address for control ----


def test_a_second_address(start):
    """All is answered at both; one that others can reach is as open as the main one would be."""
    server = start("--also-listen", "127.0.0.2:0")
    port = second_port(server)
    with httpx.Client(base_url=f"http://127.0.0.2:{port}", timeout=PATIENCE) as second:
        for client in (server.http, second):
            assert client.post("/v1/completions", json=ONE).status_code == client.post("/resume").status_code == 200
        with second.stream("POST", "/v1/completions", json={**ONE, "stream": True}) as reply:
            assert "[DONE]" in "".join(reply.iter_text())
    open_too = start("--also-listen", "0.0.0.0:0")
    assert open_too.lines("event=open")
    with httpx.Client(base_url=f"http://127.0.0.1:{second_port(open_too)}", timeout=PATIENCE) as second:
        assert second.post("/resume").status_code == 403 and open_too.http.post("/resume").status_code == 200


def second_port(server):
    [line] = server.lines("event=listening_also")
    return int(line.rsplit("port=", 1)[1])


def control_port(server):
    [line] = server.lines("event=listening_control")
    return int(line.rsplit("port=", 1)[1])


def test_control_at_its_address_alone(start, tmp_path):
    server = start("--control-listen", "127.0.0.1:0", "--unix", str(tmp_path / "socket"))
    with httpx.Client(base_url=f"http://127.0.0.1:{control_port(server)}", timeout=PATIENCE) as control:
        for path in ("/resume", "/flush_cache", "/abort_requests"):
            reply = server.post(path, {})
            assert reply.status_code == 403 and "control-listen" in reply.text
            assert control.post(path, json={}).status_code == 200
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(tmp_path / "socket")), base_url="http://x", timeout=PATIENCE) as local:
            assert local.post("/resume").status_code == 403
        assert control.get("/metrics").status_code == 200 and server.http.get("/metrics").status_code == 200
        assert server.complete(**ONE)


def test_control_for_this_machine_while_others_may_ask(start):
    """Without a key, at an address of all, control is closed; at a local address of its own it is not."""
    server = start("--host", "0.0.0.0", "--control-listen", "127.0.0.1:0")
    with httpx.Client(base_url=f"http://127.0.0.1:{control_port(server)}", timeout=PATIENCE) as control:
        assert control.post("/resume").status_code == 200
    open_too = start("--control-listen", "0.0.0.0:0")
    assert open_too.lines("event=open")
    with httpx.Client(base_url=f"http://127.0.0.1:{control_port(open_too)}", timeout=PATIENCE) as control:
        assert control.post("/resume").status_code == 403


def test_the_judge_asks_its_own_server_over_tls(folder):
    server = TlsServer(*make_certificate(folder, "own"), "--judge-model", "self", "--judge-model-tokens", "8")
    try:
        item = {"answer": "\\frac{1", "completion": "\\boxed{0.5}"}
        reply = server.post("/verify", {"items": [item], "rewards": [{"name": "accuracy", "equivalence": True}]})
        assert reply.json()["results"][0]["reward"] is None  # nothing that a small model says is an opinion
        asked = [line for line in server.http.get("/metrics").text.splitlines()
                 if line.startswith("touchstone_requests_total") and "/v1/chat/completions" in line]
        assert asked and all(line.endswith(" 1") for line in asked), asked
    finally:
        server.stop()
