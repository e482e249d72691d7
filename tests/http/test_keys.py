"""API keys with scopes and limits; pages of other sites; what is closed where anybody may connect.

SPDX-License-Identifier: Apache-2.0
"""

import json
import pathlib
import re
import signal
import subprocess
import threading

import pytest

import checkpoints
from conftest import BIN, ENVIRONMENT, Server, wait_until
from streams import stands_still

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROW = re.compile(r'^    \{"(\w+)", +"([^"]+)", *\w+, ([A-Z_ |]+), ', re.M)
ROUTES = [(method, path, {s for s in re.findall(r"SCOPE_(\w+)", scopes)} - {"NONE"})
          for method, path, scopes in ROW.findall((ROOT / "server/routes/table.c").read_text())]
SCOPES = ["INFER", "VERIFY", "CONTROL", "METRICS", "ADMIN"]
ONE = {"prompt": "a", "max_tokens": 1}


def new_key(name, scopes, *flags):
    """(key, line)"""
    made = subprocess.run([BIN, "key", "new", name, "--scope", scopes, *flags], capture_output=True, text=True,
                          env=ENVIRONMENT, check=True)
    key, line = made.stdout.splitlines()
    assert re.fullmatch(r"ts-[0-9a-f]{64}", key) and key not in line
    return key, line


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture(scope="module")
def keyed(tmp_path_factory):
    """A server with a key of each scope, one of none of them, one of all."""
    file = tmp_path_factory.mktemp("keys") / "keys"
    keys = {s: new_key(s.lower(), s.lower()) for s in SCOPES}
    keys["ALL"] = new_key("all", ",".join(SCOPES).lower())
    file.write_text("# who may what\n" + "".join(line + "\n" for _, line in keys.values()))
    s = Server("--api-key-file", str(file), wait=False)
    s.keys = {name: key for name, (key, _) in keys.items()}
    s.http.headers.update(bearer(s.keys["ALL"]))
    s.wait_ready()
    del s.http.headers["Authorization"]
    yield s
    s.stop()


def test_the_table_was_read():
    assert len(ROUTES) > 100 and {"INFER", "VERIFY"} in [s for _, _, s in ROUTES]
    assert {s for _, _, needs in ROUTES for s in needs} >= {"INFER", "VERIFY", "CONTROL", "METRICS"}


@pytest.mark.parametrize("method, path, needs", ROUTES, ids=[f"{m} {p}" for m, p, _ in ROUTES])
def test_every_route_with_every_scope(keyed, method, path, needs):
    """With what it needs and nothing else it is let in; with every other scope alone it is 403; without a key 401."""
    url = path.replace("*", "x")

    def ask(headers):
        return keyed.http.request(method, url, content=b"" if method != "GET" else None, headers=headers)

    if not needs:
        assert ask({}).status_code not in (401, 403)
        return
    assert ask({}).status_code == 401
    assert ask(bearer("ts-" + "0" * 64)).status_code == 401
    for scope in SCOPES:
        reply = ask(bearer(keyed.keys[scope]))
        if {scope} >= needs:
            assert reply.status_code not in (401, 403), reply.text
        else:
            assert reply.status_code == 403 and "insufficient_scope" in reply.text, (scope, reply.text)
            assert reply.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'
    assert ask({"x-api-key": keyed.keys["ALL"]}).status_code not in (401, 403)
    if path in ("/pause", "/sleep", "/pause_generation", "/areal_pause_generation"):
        assert keyed.http.post("/resume", headers=bearer(keyed.keys["CONTROL"])).status_code == 200


def test_the_log_names_keys_and_tells_none(keyed):
    reply = keyed.post("/v1/completions", ONE, headers=bearer(keyed.keys["INFER"]))
    assert reply.status_code == 200
    keyed.post("/v1/completions", ONE, headers=bearer("not-a-key-of-this-server"))
    [line] = keyed.lines(f"id={reply.headers['x-request-id']}")
    assert "key=infer" in line.split()
    text = "\n".join(keyed.lines_until_now())
    assert "ts-" not in text and "sha256" not in text and "not-a-key" not in text


def test_a_file_is_read_again(start, tmp_path):
    file = tmp_path / "keys"
    (first, line), (second, other) = new_key("a", "infer,metrics"), new_key("b", "infer")
    file.write_text(line + "\n")
    server = start("--api-key-file", str(file), "--api-key", "mine", wait=False)
    server.http.headers.update(bearer("mine"))
    server.wait_ready()

    def statuses():
        return [server.post("/v1/completions", ONE, headers=bearer(k)).status_code for k in ("mine", first, second)]

    assert statuses() == [200, 200, 401]
    file.write_text(other + "\n")
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: statuses() == [200, 401, 200])
    file.write_text(other + "\nbad line\n")
    server.process.send_signal(signal.SIGHUP)
    server.lines("event=reloaded", "line 2")
    assert statuses() == [200, 401, 200]
    assert server.process.poll() is None


def test_a_bad_file_ends_the_start(tmp_path):
    file = tmp_path / "keys"
    file.write_text("a sha256:00 infer\n")
    for path, says in ((file, "line 1"), (tmp_path / "none", "none")):
        ended = subprocess.run([BIN, "serve", "--port", "0", "--api-key-file", str(path)], capture_output=True,
                               text=True, env=ENVIRONMENT)
        assert ended.returncode == 1 and says in ended.stderr


def test_settings_are_for_keys_of_scope_admin(keyed):
    def told(name):
        return keyed.http.get("/server_info", headers=bearer(keyed.keys[name])).json()

    assert "settings" not in told("INFER") and told("INFER")["context_length"]
    [file] = [s for s in told("ALL")["settings"] if s["name"] == "api-key-file"]
    assert file["value"].endswith("/keys") and file["source"] == "command_line"


@pytest.mark.parametrize("args", [("new", "a/b"), ("new", "a", "--scope", "all"), ("new", "a", "--rate", "-1"), ("old", "a"), ()])
def test_what_is_no_key(args):
    ended = subprocess.run([BIN, "key", *args], capture_output=True, text=True, env=ENVIRONMENT)
    assert ended.returncode in (1, 2) and ended.stdout == "" and ended.stderr.count("\n") == 1


def test_a_limit_of_0_is_said_to_be_none():
    for flag in ("--rate", "--concurrency"):
        made = subprocess.run([BIN, "key", "new", "a", flag, "0"], capture_output=True, text=True, env=ENVIRONMENT)
        assert made.returncode == 0 and made.stderr == f"touchstone: {flag} 0 is no limit\n" and "=0" not in made.stdout
    made = subprocess.run([BIN, "key", "new", "a"], capture_output=True, text=True, env=ENVIRONMENT)
    assert made.returncode == 0 and made.stderr == "" and "=" not in made.stdout


def test_rate_of_a_key(start, tmp_path):
    file = tmp_path / "keys"
    slow, line = new_key("slow", "infer", "--rate", "0.001")
    file.write_text(line + "\n")
    server = start("--api-key-file", str(file), "--api-key", "mine", wait=False)
    server.http.headers.update(bearer("mine"))
    server.wait_ready()
    assert server.post("/v1/completions", ONE, headers=bearer(slow)).status_code == 200
    reply = server.post("/v1/completions", ONE, headers=bearer(slow))
    assert reply.status_code == 429 and reply.json()["error"]["code"] == "rate_limit_exceeded"
    assert 900 <= int(reply.headers["retry-after"]) <= 1000
    assert server.http.get("/health", headers=bearer(slow)).status_code == 200
    assert server.post("/v1/completions", ONE).status_code == 200


def test_concurrency_of_a_key(start, tmp_path):
    file = tmp_path / "keys"
    narrow, line = new_key("narrow", "infer", "--concurrency", "1")
    file.write_text(line + "\n")
    server = start("--api-key-file", str(file), "--api-key", "mine", wait=False)
    server.http.headers.update(bearer("mine"))
    server.wait_ready()
    long = {"prompt": "a", "max_tokens": 400, "ignore_eos": True, "stream": True, "temperature": 0, "n": 16}
    begun, done, statuses = threading.Event(), threading.Event(), []

    def stream():
        with server.http.stream("POST", "/v1/completions", json=long, headers=bearer(narrow)) as reply:
            statuses.append(reply.status_code)
            for _ in reply.iter_lines():
                begun.set()
                if done.is_set():
                    return

    thread = threading.Thread(target=stream)
    server.post("/pause?mode=keep", {})
    thread.start()
    server.wait_asked(1)
    reply = server.post("/v1/completions", ONE, headers=bearer(narrow))
    assert reply.status_code == 429 and reply.json()["error"]["code"] == "rate_limit_exceeded"
    server.post("/resume", {})
    wait_until(lambda: begun.is_set() or not thread.is_alive())
    done.set()
    thread.join()
    assert statuses == [200] and begun.is_set()
    wait_until(lambda: server.post("/v1/completions", ONE, headers=bearer(narrow)).status_code == 200)


def test_concurrency_counts_work_whose_client_has_left(start, tmp_path):
    """A push goes on without its client."""
    file = tmp_path / "keys"
    narrow, line = new_key("narrow", "control", "--concurrency", "1")
    file.write_text(line + "\n")
    server = start("--api-key-file", str(file), "--api-key", "mine", "--context", "256", model=str(checkpoints.FOLDER),
                   wait=False)
    server.http.headers.update(bearer("mine"))
    server.wait_ready()
    run = stands_still(server, [5, 6, 7], 240)
    push = json.dumps({"path": str(checkpoints.FOLDER)}).encode()
    assert server.http.post("/v1/weights", content=push, headers={"Content-Type": "application/json"}).status_code == 200
    with server.connect() as sock:
        sock.sendall(b"POST /v1/weights?wait=1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer "
                     + narrow.encode() + b"\r\nContent-Length: %d\r\n\r\n" % len(push) + push)
        server.wait_metric("touchstone_weight_staging", lambda n: n == 1)
    server.lines("key=narrow", "left=yes")
    reply = server.post("/flush_cache", {}, headers=bearer(narrow))
    assert reply.status_code == 429 and reply.json()["error"]["code"] == "rate_limit_exceeded"
    server.post("/resume", {})
    run.end()
    wait_until(lambda: server.post("/flush_cache", {}, headers=bearer(narrow)).status_code == 200)


# ---- pages of other sites ----

SITE = "https://chat.example"


@pytest.fixture(scope="module")
def listed():
    s = Server("--cors-origins", SITE, "--cors-origins", "http://localhost:3000")
    yield s
    s.stop()


def test_a_listed_page_may_ask(listed):
    for origin in (SITE, "http://localhost:3000"):
        reply = listed.post("/v1/completions", ONE, headers={"Origin": origin, "Sec-Fetch-Site": "cross-site"})
        assert reply.status_code == 200 and reply.headers["access-control-allow-origin"] == origin
        assert reply.headers["access-control-allow-credentials"] == "true"
        assert reply.headers["vary"] == "Origin" and "x-request-id" in reply.headers["access-control-expose-headers"]
    error = listed.post("/v1/completions", {"prompt": 1.5}, headers={"Origin": SITE})
    assert error.status_code == 400 and error.headers["access-control-allow-origin"] == SITE
    with listed.http.stream("POST", "/v1/completions", json={**ONE, "stream": True}, headers={"Origin": SITE}) as reply:
        assert reply.headers["access-control-allow-origin"] == SITE


@pytest.mark.parametrize("origin", ["https://chat.example.evil", "http://chat.example", "null", "https://chat.example:444"])
def test_another_page_may_not(listed, origin):
    reply = listed.post("/v1/completions", ONE, headers={"Origin": origin})
    assert reply.status_code == 403 and "access-control-allow-origin" not in reply.headers


def test_a_preflight(listed):
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    reply = listed.http.options("/v1/chat/completions", headers={"Origin": SITE, **asks})
    assert reply.status_code == 200 and reply.headers["access-control-allow-origin"] == SITE
    assert "POST" in reply.headers["access-control-allow-methods"]
    assert reply.headers["access-control-allow-headers"] == "authorization,content-type"
    assert reply.headers["access-control-allow-credentials"] == "true" and int(reply.headers["access-control-max-age"]) > 0
    for headers in ({"Origin": "https://evil.example", **asks}, asks):
        other = listed.http.options("/v1/chat/completions", headers=headers)
        assert not [h for h in other.headers if h.startswith("access-control")]


def test_a_preflight_needs_no_key(start):
    server = start("--api-key", "k", "--cors-origins", "*", wait=False)
    server.http.headers.update(bearer("k"))
    server.wait_ready()
    del server.http.headers["Authorization"]
    asks = {"Origin": SITE, "Access-Control-Request-Method": "POST"}
    preflight = server.http.options("/v1/completions", headers=asks)
    assert preflight.headers["access-control-allow-origin"] == "*" and "access-control-allow-credentials" not in preflight.headers
    reply = server.post("/v1/completions", ONE, headers={"Origin": SITE})
    assert reply.status_code == 401 and reply.headers["access-control-allow-origin"] == "*"
    assert server.post("/v1/completions", ONE, headers={"Origin": SITE, **bearer("k")}).status_code == 200


@pytest.fixture(scope="module")
def local_pages():
    s = Server("--cors-origins", "localhost")
    yield s
    s.stop()


@pytest.mark.parametrize("host,may", [
    ("localhost", True), ("localhost:8080", True), ("127.0.0.1:3000", True), ("[::1]", True), ("[::1]:3000", True),
    ("localhost.evil.example", False), ("notlocalhost", False), ("127.0.0.1.evil.example", False), ("evil.example", False),
    ("localhost@evil.example", False), ("localhost:80@evil.example", False), ("127.0.0.2", False),
])
def test_pages_of_this_machine(local_pages, host, may):
    for scheme in ("http", "https"):
        origin = {"Origin": f"{scheme}://{host}"}
        reply = local_pages.http.options("/v1/completions", headers={**origin, "Access-Control-Request-Method": "POST"})
        assert reply.headers.get("access-control-allow-origin") == (origin["Origin"] if may else None)
        assert local_pages.post("/v1/completions", ONE, headers=origin).status_code == (200 if may else 403)


def test_a_page_leaves_before_its_answer(local_pages):
    """The answer is made all the same, when nothing is left of what it sent: the sanitizers look at that."""
    body = json.dumps({"prompt": "one two " * (1 << 20)}).encode()
    for _ in range(3):
        with local_pages.connect() as sock:
            sock.sendall(b"POST /tokenize HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:3000\r\n"
                         b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    local_pages.wait_alone()
    assert local_pages.post("/v1/completions", ONE, headers={"Origin": "http://localhost:3000"}).status_code == 200


@pytest.mark.parametrize("written,sent", [
    ("HTTPS://A.example:443", "https://a.example"), ("Http://A.Example:80", "http://a.example"),
    ("https://[2001:DB8::443]", "https://[2001:db8::443]"), ("http://a.example:443", "http://a.example:443")])
def test_an_origin_is_told_as_the_browser_writes_it(start, written, sent):
    s = start("--cors-origins", written)
    assert s.http.get("/version", headers={"Origin": sent}).headers["access-control-allow-origin"] == sent
    assert s.post("/v1/completions", ONE, headers={"Origin": sent + "0"}).status_code == 403


def test_without_a_list_there_is_no_word_of_it(server):
    reply = server.http.options("/v1/completions", headers={"Origin": SITE, "Access-Control-Request-Method": "POST"})
    assert not [h for h in reply.headers if h.startswith("access-control")]


@pytest.mark.parametrize("origins", ["*", "chat.example", "https://chat.example/", "https://", "https://*.example"])
def test_what_is_no_list_of_origins(origins):
    ended = subprocess.run([BIN, "serve", "--port", "0", "--cors-origins", origins], capture_output=True, text=True,
                           env=ENVIRONMENT)
    assert ended.returncode == 1 and "cors-origins" in ended.stderr


# ---- open to all ----

def test_where_anybody_may_connect_control_needs_a_key(start):
    server = start("--host", "0.0.0.0")
    assert server.lines("event=open")
    for path in ("/pause", "/resume", "/abort_requests", "/flush_cache", "/update_weights"):
        reply = server.post(path, {})
        assert reply.status_code == 403 and "API key" in reply.text, path
    assert server.post("/v1/completions", ONE).status_code == 200
    keyed = start("--host", "0.0.0.0", "--api-key", "k", wait=False)
    keyed.http.headers.update(bearer("k"))
    keyed.wait_ready()
    assert not keyed.lines_until_now("event=open")
    assert keyed.post("/resume", {}).status_code == 200
