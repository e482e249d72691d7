"""Keys, health, metrics, models, tokenising, starting and failing to.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import pathlib
import re
import subprocess

import httpx
import pytest

from conftest import BIN, ENVIRONMENT, MODEL, PATIENCE, wait_until


def test_keys(start):
    server = start("--api-key", "first", "--api-key", "second key", wait=False)
    server.http.headers["Authorization"] = "Bearer first"
    server.wait_ready()
    del server.http.headers["Authorization"]
    for path in ("/health", "/ready", "/version"):
        assert server.http.get(path).status_code == 200
    body = {"prompt": "a", "max_tokens": 1}
    for header in (None, "", "Bearer", "Bearer firs", "Bearer firstt", "first", "Basic first", "Bearer " + "x" * 5000):
        headers = {} if header is None else {"Authorization": header}
        reply = server.post("/v1/completions", body, headers=headers)
        assert reply.status_code == 401, header
        assert reply.json()["error"]["code"] == "invalid_api_key"
        assert reply.headers["www-authenticate"] == "Bearer"
    for path in ("/v1/models", "/metrics", "/verify/rewards"):
        assert server.http.get(path).status_code == 401
    for key in ("first", "second key"):
        reply = server.post("/v1/completions", body, headers={"Authorization": "bearer " + key})
        assert reply.status_code == 200


def test_keys_of_the_openai_client(start):
    openai = pytest.importorskip("openai")
    server = start("--api-key", "first", "--api-key", "second key", wait=False)
    server.http.headers["Authorization"] = "Bearer first"
    server.wait_ready()
    assert server.client(api_key="second key").models.list().data
    with pytest.raises(openai.AuthenticationError):
        server.client(api_key="third").models.list()


def test_keys_are_not_in_the_command_line(start):
    """All users of a machine can read it, and programs that are judged where there are no namespaces."""
    server = start("--api-key", "first-secret", "--api-key=second-secret", wait=False)
    server.http.headers["Authorization"] = "Bearer second-secret"
    server.wait_ready()
    item = {"completion": "a" * 16, "rewards": [{"name": "regex", "pattern": "^(a|a)*[bc]$"}]}  # needs a worker
    assert server.post("/verify", {"items": [item]}).json()["results"][0]["reward"] == 0
    lines = [pathlib.Path(f"/proc/{p}/cmdline").read_bytes() for p in server.processes()]
    assert len(lines) >= 3 and all(b"serve" in line for line in lines)
    assert not any(b"secret" in line for line in lines)
    del server.http.headers["Authorization"]
    assert server.http.get("/metrics").status_code == 401


def test_the_log_shows_nothing_that_a_terminal_obeys(start):
    """C0 and C1 controls and bytes that are no UTF-8 are written as escapes; letters stay as they are."""
    server = start()
    for path in (b"/\xc2\x9b31mred", b"/\xff\x9b", b"/%1b%5b31m", b"/%c2%85", "/\u00e9\u65e5".encode()):
        with server.connect() as sock:
            sock.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            while sock.recv(4096):
                pass
    server.stop()
    lines = server.lines("path=", "status=404", count=5)
    assert len(lines) == 5
    text = "\n".join(lines)
    text.encode()  # valid UTF-8
    assert not [c for c in text if c != "\n" and (c < " " or "\x7f" <= c <= "\x9f")]
    assert r"\u009b31mred" in text and r"\u00ff\u009b" in text and r"\u001b[31m" in text and "\u00e9\u65e5" in text


def test_health_ready_version_load(server):
    assert server.http.get("/health").json() == {"status": "ok"}
    assert server.http.get("/health/").json() == {"status": "ok"}
    assert server.http.get("/ready").json() == {"status": "ready"}
    assert re.match(r"\d+\.\d+\.\d+", server.http.get("/version").json()["version"])
    wait_until(lambda: server.http.get("/load").json() == {"server_load": 0})  # what tests before this one left may take a moment


def test_models(server):
    [model] = server.http.get("/v1/models").json()["data"]
    assert model["object"] == "model" and model["max_model_len"] > 0


def test_metrics_are_prometheus_text(server):
    server.wait_idle()  # so that nothing is counted between two of its lines
    server.complete(prompt="Hello", max_tokens=3, ignore_eos=True)
    reply = server.http.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    typed, values = set(), {}
    for line in reply.text.splitlines():
        if line.startswith("# TYPE "):
            name = line.split()[2]
            assert name not in typed, "each name once"
            typed.add(name)
        elif not line.startswith("#"):
            found = re.fullmatch(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[^}]*\})? (\S+)', line)
            assert found, line
            base = re.sub(r"_(bucket|sum|count)$", "", found[1])
            assert found[1] in typed or base in typed, line
            values[found[1] + (found[2] or "")] = float(found[3])
    assert values["touchstone_generated_tokens_total"] >= 3
    name = server.http.get("/v1/models").json()["data"][0]["id"]
    assert values[f'vllm:generation_tokens_total{{model_name="{name}"}}'] == values["touchstone_generated_tokens_total"]
    assert values['touchstone_requests_total{route="/v1/completions",status="200"}'] >= 1
    assert values['touchstone_first_token_seconds_bucket{le="+Inf"}'] == values["touchstone_first_token_seconds_count"]


def test_tokenize(server):
    one = server.post("/tokenize", {"prompt": "Hello world", "return_token_strs": True}).json()
    assert one["count"] == len(one["tokens"]) == len(one["token_strs"])
    assert "".join(one["token_strs"]) == "Hello world"
    two = server.post("/tokenize", {"content": "Hello world"}).json()
    assert two == {"tokens": one["tokens"]}
    pieces = server.post("/tokenize", {"content": "Hello world", "with_pieces": True}).json()["tokens"]
    assert [p["id"] for p in pieces] == one["tokens"]
    back = server.post("/detokenize", {"tokens": one["tokens"]}).json()
    assert back == {"prompt": "Hello world", "content": "Hello world"}
    assert server.post("/tokenize", {"prompt": ""}).json()["tokens"] == []
    big = "Hello world " * 40000
    assert server.post("/tokenize", {"prompt": big}).json()["count"] > 40000


def test_one_log_line_a_request(start):
    server = start()
    server.post("/v1/completions", {"prompt": "Hello", "max_tokens": 3, "ignore_eos": True}, headers={"x-request-id": "log-me"})
    server.stop()
    [line] = server.lines("event=request", "id=log-me")
    for part in ("method=POST", "path=/v1/completions", "status=200", "prompt_tokens=3", "completion_tokens=3", "finish=length", "client=127.0.0.1"):
        assert part in line, line
    assert not server.lines("Hello", count=0), "texts are not logged"


def test_port_in_use(server):
    command = [BIN, "serve", "--model", MODEL, "--port", str(server.port)]
    got = subprocess.run(command, capture_output=True, timeout=PATIENCE, env=ENVIRONMENT)
    assert got.returncode == 1
    assert b"port" in got.stderr


def test_a_model_that_cannot_be_loaded(tmp_path):
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF" + os.urandom(5000))
    command = [BIN, "serve", "--model", str(bad), "--port", "0"]
    got = subprocess.run(command, capture_output=True, timeout=PATIENCE, env=ENVIRONMENT)
    assert got.returncode == 1
    last = got.stderr.decode().splitlines()[-1]
    assert "bad.gguf" in last and "event=" not in last


def test_the_port_answers_while_the_model_loads(start):
    server = start(wait=False)
    assert httpx.get(server.url + "/livez", timeout=PATIENCE).status_code == 200
    for path in ("/health", "/ready"):
        assert httpx.get(server.url + path, timeout=PATIENCE).status_code in (200, 503)
    server.wait_ready()


def test_several_names(start):
    s = start("--served-model-name", "policy", "--served-model-name", "policy-v2,other")
    assert [m["id"] for m in s.http.get("/v1/models").json()["data"]] == ["policy", "policy-v2", "other"]
    for name in ("policy", "policy-v2", "other", ""):
        assert s.complete(model=name, prompt="x", max_tokens=1)["model"] == "policy"
    reply = s.post("/v1/completions", {"model": "third", "prompt": "x", "max_tokens": 1})
    assert reply.status_code == 404 and reply.json()["error"]["param"] == "model"


def test_rewards_of_clients_that_name_none(start):
    """OpenRLHF's prompt has already written <think>, and its client cannot say so: the setting does."""
    rewards = json.dumps([{"name": "format", "prefill": "<think>\n"}])
    s = start("--verify-rewards", rewards, "--verify-body", "64K")
    prompt, response = "What is 1 + 1?<think>\n", "One and one.\n</think>\n<answer>\n2\n</answer>"
    body = {"query": [prompt + response], "prompts": [prompt], "labels": ["2"]}
    assert s.post("/get_reward", body).json()["rewards"] == [1.0]
    assert s.post("/get_reward", {**body, "query": [prompt + "2"]}).json()["rewards"] == [0.0]
    large = {"items": [{"completion": "x" * 70000, "answer": "1"}]}
    assert s.post("/verify", large).status_code == 413
    assert s.post("/tokenize", {"prompt": "x" * 70000}).status_code == 200


def test_wrong_default_rewards_are_refused_at_start():
    for rewards, word in (('[{"name": "no_such"}]', "no_such"), ("zz", "JSON")):
        wrong = [BIN, "serve", "--port", "0", "--model", MODEL, "--verify-rewards", rewards]
        done = subprocess.run(wrong, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 1 and word in done.stderr and "touchstone: verify-rewards: " in done.stderr, done.stderr
