"""Every setting has an effect: changed from its default, something that a user sees is another.

A case is a setting's name, how it is changed, and what is looked at. Settings without a case fail the first test.

SPDX-License-Identifier: Apache-2.0
"""

import contextlib
import json
import os
import pathlib
import re
import select
import subprocess
import threading
import time

import httpx
import pytest

from conftest import BIN, ENVIRONMENT, FLAGS, MODEL, PATIENCE, ROOT, listening_port, read_response, wait_until

CPUS = len(os.sched_getaffinity(0))  # the defaults of some settings
LONG = {"prompt": "Once", "max_tokens": 400, "ignore_eos": True}
SLOW = {"completion": "a" * 60, "rewards": [{"name": "regex", "pattern": "^(a|a)*[bc]$"}]}  # never ends
HEAVY = {"completion": "a" * 20, "rewards": [{"name": "regex", "pattern": "^(a|a)*[bc]$"}]}  # needs a worker
QUICK = {**HEAVY, "completion": "a" * 16}  # likewise, and leaves it fresh


def of_ready(name):
    """A word of the log's line that tells what is served."""

    def look(server):
        [line] = server.lines("event=ready")
        return re.search(rf" {name}=(\S+)", line).group(1)

    return look


def status_of(body, path="/v1/completions", **kwargs):
    return lambda server: server.post(path, body, **kwargs).status_code


def uploads_in_shared_memory(server):
    server.http.put("/v1/weights", content=b"a", headers={"X-Upload-Id": "a", "Content-Range": "bytes 0-0/4"})
    links = []
    for fd in pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # closed by now
            links.append(str(fd.readlink()))
    return sum(link.startswith("/dev/shm/") and link.endswith("(deleted)") for link in links)


def spread(server):
    """May every thread run on every processor?"""
    allowed = set()
    for task in pathlib.Path(f"/proc/{server.process.pid}/task").iterdir():
        with contextlib.suppress(OSError):  # it has ended
            allowed.add(re.search(r"Cpus_allowed_list:\s*(\S+)", (task / "status").read_text()).group(1))
    return len(allowed)


def steps(server):
    server.complete(prompt=" ".join(str(i) for i in range(60)), max_tokens=1)
    return server.metric("touchstone_steps_total")


def cached(server):
    for _ in range(2):
        reply = server.complete(prompt="0 1 2 3 4 5 6 7 8 9 " * 5, max_tokens=1)
    return reply["usage"]["prompt_tokens_details"]["cached_tokens"]


def drafted(server):
    server.complete(prompt="one two " * 20, max_tokens=60, ignore_eos=True, temperature=0)
    return server.metric("touchstone_drafted_tokens_total") > 0


def queue_of(server):
    return server.post("/v1/completions", {**LONG, "prompt": ["a"] * 20, "max_tokens": 2}).status_code


def reachable(address):
    def look(server):
        try:
            return httpx.get(f"http://{address}:{server.port}/version", timeout=PATIENCE).status_code
        except httpx.HTTPError:
            return None

    return look


def received(s):
    """A byte of what came, b"" where the other end has closed."""
    try:
        return s.recv(1)
    except ConnectionError:
        return b""


def count_of_models(server):
    return len(server.http.get("/v1/models").json()["data"])


def most_adapters(server):
    return server.http.get("/server_info").json()["vllm_config"]["lora_config"]["max_loras"]


def second_push(server):
    """What two pushes get while a request stands still on the weights of the start."""
    body = json.dumps({**LONG, "stream": True}).encode()
    head = f"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    slow = None

    def caught():
        nonlocal slow
        slow = server.connect()
        slow.sendall(head.encode() + body)
        slow.recv(1 << 16)
        server.http.post("/pause", params={"mode": "keep"})
        if server.metric("touchstone_sequences_running") > 0:
            return True
        server.http.post("/resume")
        slow.close()
        return False

    wait_until(caught)
    pushes = [server.http.post("/v1/weights", params={"wait": 0}, json={"path": MODEL}).status_code for _ in range(2)]
    slow.close()
    server.http.post("/resume")
    return pushes


def connections(server):
    """Whether 20 connections that say nothing leave room for one that asks: those that got in may ask meanwhile, so the
    server has had its turns."""
    silent = [server.connect() for _ in range(20)]
    late = server.connect()
    late.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
    for _ in range(200):
        silent[0].sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_response(silent[0])[0] == 200
    answered = select.select([late], [], [], 0)[0] != [] and received(late) != b""
    for s in [*silent, late]:
        s.close()
    return answered


def late_body(server):
    """What becomes of a request whose body does not come, after two seconds."""
    s = server.connect()
    s.sendall(b"POST /tokenize HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{")
    return read_within(server, s, 2)


def idle(server):
    """What becomes of a connection that is not used any more."""
    server.http = httpx.Client(base_url=server.url, timeout=PATIENCE, limits=httpx.Limits(max_keepalive_connections=0))
    s = server.connect()
    s.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
    assert read_response(s)[0] == 200
    return read_within(server, s, 4)


def read_within(server, s, seconds):
    """What has come when so much time has passed by the server's own clock, and it has looked at its deadlines since."""
    def uptime():
        return server.metric("touchstone_uptime_seconds")

    end = uptime() + seconds
    wait_until(lambda: uptime() >= end)
    sweep = uptime() + 0.5
    wait_until(lambda: uptime() >= sweep)
    came = select.select([s], [], [], 0)[0] != []
    got = s.recv(100)[:12] if came else "nothing"
    s.close()
    return got


def limit_of_drain(server):
    server.stop()
    return [re.search(r"limit_s=(\S+)", line).group(1) for line in server.lines("event=draining")]


def judged(server):
    reply = server.post("/verify", {"items": [{"completion": "\\boxed{1}", "answer": "1"}]}).json()
    return sorted(reply["results"][0]["rewards"])


def cause(item):
    return lambda server: server.post("/verify", {"items": [item]}).json()["results"][0]["details"]["regex"]["cause"]


def workers(server):
    """Whether two are ever at work at once on four items that run out their budgets."""
    call = threading.Thread(target=server.post, args=("/verify", {"items": [SLOW] * 4}))
    call.start()
    most = 0
    while most < 2 and call.is_alive():
        most = max(most, server.metric("touchstone_verify_workers"))
    call.join()
    return most > 1


def worker_memory(server):
    """The least address space that a verifier process may have: those of a quick item stay, and one that has only begun has
    all that there is."""
    server.post("/verify", {"items": [QUICK]})

    found = []

    def limits():
        for pid in (p for p, (name, _, _) in server.processes().items() if name == "ts-verify"):
            with contextlib.suppress(OSError):  # it has ended
                found.extend(map(int, re.findall(r"Max address space\s+(\d+)", pathlib.Path(f"/proc/{pid}/limits").read_text())))
        return found

    wait_until(limits)
    return min(found)


def code_memory(server):
    server.post("/run_code", {"code": "print(1)", "language": "python"})
    wait_until(lambda: server.metric("touchstone_code_memory_most_bytes") > 0)
    return server.metric("touchstone_code_memory_most_bytes")


def model_names(server):
    return server.http.get("/v1/models").json()["data"][0]["root"]


def finish_of_a_call(server):
    """A call as Mistral's models write it."""
    body = {"messages": [{"role": "user", "content": "a"}], "tools": [{"type": "function", "function": {"name": "f"}}],
            "guided_choice": ['[TOOL_CALLS][{"name": "f", "arguments": {}}]'], "max_tokens": 100}
    return server.post("/v1/chat/completions", body).json()["choices"][0]["finish_reason"]


def recommended(server):
    """The defaults of sampling."""
    return server.http.get("/v1/models").json()["data"][0]["sampling_defaults"]


def events_of_a_chat(server):
    body = {"messages": [{"role": "user", "content": "a"}], "max_tokens": 1, "stream": True}
    return server.post("/v1/chat/completions", body).text.count("data: ")


def kept_replies(server):
    """How many of two replies are still there after a little more than a second."""
    ids = [server.post("/v1/responses", {"input": "a", "max_output_tokens": 1}).json()["id"] for _ in range(2)]
    time.sleep(1.2)
    return sum(server.http.get("/v1/responses/" + i).status_code == 200 for i in ids)


# name: (the flags that change it, what is looked at), and perhaps flags of both servers
CASES = {
    "model": (["--model", "models/touchstone-tiny.gguf"], model_names),
    "chat-template": (["--chat-template", "LICENSE"], lambda s: s.http.get("/props").json()["chat_template"][:20]),
    "engine": (["--engine", "reference"], of_ready("kv_bytes_per_token")),
    "isa": (["--isa", "generic"], of_ready("isa")),
    "weights": (["--weights", "q8_0"], of_ready("weight_bytes"), ["--model", "tests/golden/data/qwen3-yarn-f16.gguf"]),
    "packed-cache": (None, None),  # tests/http/test_packed_cache.py, and the next one
    "packed-cache-bytes": (None, None),
    "kv": (["--kv", "f32"], of_ready("kv_bytes_per_token")),
    "kv-memory": (["--kv-memory", "1M"], of_ready("kv_tokens")),
    "context": (["--context", "64"], of_ready("context")),
    "threads": (["--threads", str(CPUS + 1)], of_ready("threads")),
    "pin-threads": (["--pin-threads"], spread, ["--threads", "2"]),
    "max-sequences": (["--max-sequences", "3"], lambda s: s.http.get("/props").json()["total_slots"]),
    "max-queue": (["--max-queue", "2"], queue_of, ["--max-sequences", "2"]),
    "step-tokens": (["--step-tokens", "8"], steps),
    "max-weight-versions": (["--max-weight-versions", "3"], second_push),
    "max-weights": (["--max-weights", "1K"], lambda s: s.http.put("/v1/weights", content=b"a" * 2000).status_code),
    "staging-dir": (["--staging-dir", "/dev/shm"], uploads_in_shared_memory),
    "path-root": (["--path-root", "tests"], status_of({"path": "/etc"}, "/v1/weights")),
    "adapter": (["--adapter", "one=tests/golden/data/adapters/llama-plain"], count_of_models),
    "merge": (None, None),  # tests/http/test_merge.py
    "adapter-dir": (
        ["--adapter-dir", "tests/golden/data/adapters"],
        status_of({"prompt": "a", "max_tokens": 1, "model": "llama-plain"}),
    ),
    "max-adapters": (["--max-adapters", "3"], most_adapters),
    "prefix-cache": (["--no-prefix-cache"], cached),
    "generation-config": (None, None),  # tests/http/test_defaults.py
    "temperature": (["--temperature", "0"], recommended),
    "top-p": (["--top-p", "0.9"], recommended),
    "top-k": (["--top-k", "9"], recommended),
    "min-p": (["--min-p", "0.1"], recommended),
    "repetition-penalty": (["--repetition-penalty", "1.2"], recommended),
    "seed": (["--seed", "7"], recommended),
    "pooling": (["--pooling", "mean"], lambda s: s.post("/v1/embeddings", {"input": "abc"}).json()["data"]),
    "speculate": (["--no-speculate"], drafted),
    "host": (["--host", "127.0.0.2"], reachable("127.0.0.2")),
    "port": (None, None),  # every server of the tests has one of its own
    "allowed-hosts": (
        ["--allowed-hosts", "gpu.lan"],
        status_of({"prompt": "a", "max_tokens": 1}, headers={"Host": "gpu.lan", "Origin": "http://gpu.lan"}),
    ),
    "also-listen": (None, None),  # tests/http/test_listen.py
    "unix": (None, None),  # tests/http/test_listen.py, as are those of TLS and control
    "control-listen": (None, None),
    "tls-cert": (None, None),
    "tls-key": (None, None),
    "api-key-file": (None, None),  # tests/http/test_keys.py
    "cors-origins": (["--cors-origins", "https://a.example"], lambda s: s.http.get("/version", headers={"Origin": "https://a.example"}).headers.get("access-control-allow-origin")),
    "api-key": (["--api-key", "k"], lambda s: s.http.get("/metrics").status_code),
    "served-model-name": (["--served-model-name", "x,y"], lambda s: len(s.http.get("/v1/models").json()["data"])),
    "unknown-fields": (["--unknown-fields", "refuse"], status_of({"prompt": "a", "max_tokens": 1, "nobody_knows": 1})),
    "any-model-name": (["--any-model-name"], status_of({"prompt": "a", "max_tokens": 1, "model": "nobody's"})),
    "closed-routes": (["--closed-routes", "/slots"], lambda s: s.http.get("/slots").status_code),
    "verbose-replies": (["--verbose-replies"], lambda s: "__verbose" in s.complete(prompt="a", max_tokens=1)),
    "prefill-assistant": (["--prefill-assistant"], status_of({"messages": [{"role": "assistant", "content": "a"}] * 2}, "/apply-template")),
    "chat-chunks": (["--chat-chunks", "apart"], events_of_a_chat),
    "max-connections": (["--max-connections", "10"], connections),
    "max-client-connections": (["--max-client-connections", "10"], connections),
    "max-body": (["--max-body", "1K"], status_of({"prompt": "a" * 2000, "max_tokens": 1})),
    "verify-body": (["--verify-body", "1K"], status_of({"items": [{"completion": "a" * 2000, "answer": "1"}]}, "/verify")),
    "request-memory": (["--request-memory", "1M"], status_of({"prompt": "a" * 2000000, "max_tokens": 1})),
    "reply-timeout": (None, None),  # tests/http/test_account.py
    "tool-format": (["--tool-format", "mistral"], finish_of_a_call),
    "max-prompts": (["--max-prompts", "2"], status_of({"prompt": ["a"] * 3, "max_tokens": 1})),
    "max-choices": (["--max-choices", "2"], status_of({"prompt": "a", "n": 3, "max_tokens": 1})),
    "max-responses": (["--max-responses", "1"], kept_replies),
    "max-response-bytes": (["--max-response-bytes", "2K"], kept_replies),
    "responses-ttl": (["--responses-ttl", "1"], kept_replies),
    "read-timeout": (["--read-timeout", "1"], late_body),
    "idle-timeout": (["--idle-timeout", "1"], idle, ["--read-timeout", "1"]),
    "request-timeout": (["--request-timeout", "0.1"], status_of({**LONG, "n": 64})),
    "ping-interval": (None, None),  # tests/http/test_pings.py
    "drain-timeout": (["--drain-timeout", "7.5"], limit_of_drain),
    "allow-control": (["--no-allow-control"], lambda s: s.http.post("/resume").status_code),
    "verify-rewards": (["--verify-rewards", '[{"name":"accuracy"}]'], judged),
    "verify-workers": (["--verify-workers", "1" if CPUS > 1 else "2"], workers, ["--verify-seconds", "0.5"]),
    "verify-seconds": (["--verify-seconds", "0"], cause(HEAVY)),
    "verify-memory": (["--verify-memory", "300M"], worker_memory),
    "max-wait": (None, None),  # tests/unit/test_turns.c, tests/http/test_fair.py
    "verify-items": (["--verify-items", "2"], status_of({"items": [{"completion": "1", "answer": "1"}] * 3}, "/verify")),
    "code-unsafe": (["--code-unsafe"], lambda s: [re.findall(r"unsafe=\S+|code_refused", line) for line in s.lines()[:1]]),
    "code-memory": (["--code-memory", "3G"], code_memory),
    "judge-model": (None, None),  # tests/http/test_judge_model.py, and the next five
    "judge-model-name": (None, None),
    "judge-model-key": (None, None),
    "judge-model-timeout": (None, None),
    "judge-model-parallel": (None, None),
    "judge-model-tokens": (None, None),
    "log-level": (None, None),  # below
    "log-format": (None, None),
}


def names():
    printed = subprocess.run([BIN, "config"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^#([a-z-]+) = ", printed, re.M)


def test_every_setting_has_a_case():
    assert sorted(names()) == sorted(CASES)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[0] is not None])
def test_a_setting_has_an_effect(start, name):
    flags, look, *both = CASES[name]
    both = sum(both, [])
    if name == "pin-threads" and CPUS < 2:
        pytest.skip("threads cannot be kept apart on one processor")
    must_wait = name not in ("host", "api-key")  # the test's own client is kept out
    before, after = (look(start(*both, *changed, wait=must_wait)) for changed in ([], flags))
    assert before != after


def log_of(*flags):
    """What `serve` writes to its log between its start and its end."""
    command = [BIN, "serve", "--model", MODEL, "--port", "0", *FLAGS, *flags]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=ENVIRONMENT, text=True) as process:
        port = listening_port(process)
        assert httpx.get(f"http://127.0.0.1:{port}/version", timeout=PATIENCE).status_code == 200
        process.terminate()
        return process.communicate()[1].splitlines()


def test_log_level_and_log_format():
    assert all(line.startswith("time=") for line in log_of())
    assert log_of("--log-level", "error") == []
    assert log_of("--log-level", "off") == []
    events = [json.loads(line) for line in log_of("--log-format", "json")]
    assert {"listening", "draining", "stopped"} <= {e["event"] for e in events}


def test_where_each_value_came_from(start, tmp_path, monkeypatch):
    """/server_info tells every setting's value and its source, a secret's and a URL's password never."""
    conf = tmp_path / "conf"
    conf.write_text("kv = f32\nidle-timeout = 7.5\nmax-choices = 9\nmax-prompts = 5\njudge-model-key = hush\n")
    monkeypatch.setitem(ENVIRONMENT, "TOUCHSTONE_MAX_CHOICES", "8")
    monkeypatch.setitem(ENVIRONMENT, "TOUCHSTONE_TEMPERATURE", "0.5")
    s = start("--config", str(conf), "--max-choices", "7", "--served-model-name", "a,b", "--no-prefix-cache",
              "--judge-model", "http://user:hush@127.0.0.1:9/v1")
    reply = s.http.get("/server_info")
    assert "hush" not in reply.text and "user" not in reply.text
    told = {x["name"]: x for x in reply.json()["settings"]}
    rows = re.findall(r"^#([a-z-]+) = ", (ROOT / "config/touchstone.conf").read_text(), re.M)
    assert [x["name"] for x in reply.json()["settings"]] == rows
    for name, value, source in [("kv", "f32", "file"), ("idle-timeout", 7.5, "file"), ("max-prompts", 5, "file"),
                                ("max-choices", 7, "command_line"), ("temperature", 0.5, "environment"),
                                ("served-model-name", ["a", "b"], "command_line"), ("prefix-cache", False, "command_line"),
                                ("judge-model", "http://127.0.0.1:9/v1", "command_line"), ("max-body", 64 << 20, "default"),
                                ("top-p", None, "default"), ("pooling", "auto", "default"), ("adapter-dir", None, "default")]:
        assert (told[name]["value"], told[name]["source"]) == (value, source), name
    assert told["judge-model-key"] == {"name": "judge-model-key", "section": "Judge model", "value": None, "secret": True,
                                       "source": "file"}


@pytest.mark.parametrize("name", ["path-root", "adapter-dir", "staging-dir"])
def test_a_folder_that_is_not_there_ends_the_start(tmp_path, name):
    for wrong in (tmp_path / "nowhere", pathlib.Path(__file__)):
        ended = subprocess.run([BIN, "serve", "--port", "0", "--model", MODEL, f"--{name}", wrong], capture_output=True,
                               text=True, timeout=PATIENCE)
        assert ended.returncode == 1 and f"touchstone: {name}: " in ended.stderr and str(wrong) in ended.stderr, ended.stderr
