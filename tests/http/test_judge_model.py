"""Where the rules have no verdict a model may be asked: another server's, which is played here, or our own.

SPDX-License-Identifier: Apache-2.0
"""

import http.server
import json
import subprocess
import threading

import pytest

from conftest import BIN, ENVIRONMENT, MODEL, PATIENCE

UNDECIDED = {"prompt": "How much is a half?", "answer": "\\frac{1", "completion": "I think so.\n\\boxed{0.5}"}
ASKS = {"name": "accuracy", "equivalence": True}


class Model:
    """A server that answers every question as `says` does."""

    def __init__(self, says):
        self.asked, self.says, self.gone = [], says, threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append((self.path, dict(self.headers), body))
                status, text = outer.says(body["messages"][0]["content"])
                reply = json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.gone.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def model():
    made = []

    def make(says):
        made.append(Model(says))
        return made[-1]

    yield make
    for m in made:
        m.close()


def judge(server, *items, rewards=(ASKS,)):
    return server.post("/verify", {"items": list(items) or [UNDECIDED], "rewards": list(rewards)}).json()["results"]


def cause(result):
    return result["details"]["accuracy"]["cause"]


def test_the_model_decides_what_the_rules_cannot(start, model):
    asked = model(lambda text: (200, "Let me compare: [[A!=B]]? No, both are a half. [[A=B]]"))
    server = start("--judge-model", asked.url, "--judge-model-name", "big", "--judge-model-key", "secret", "--judge-model-tokens", "77")
    [result] = judge(server)
    assert result["reward"] == 1 and cause(result) == "model_same"
    assert len(asked.asked) == 2
    texts = [body["messages"][0]["content"] for _, _, body in asked.asked]
    for path, headers, body in asked.asked:
        assert path == "/v1/chat/completions" and headers["Authorization"] == "Bearer secret"
        assert (body["model"], body["max_tokens"], body["temperature"]) == ("big", 77, 0) and "priority" not in body
    for text, first, second in ((texts[0], "\\frac{1", "\\boxed{0.5}"), (texts[1], "\\boxed{0.5}", "\\frac{1")):
        assert "How much is a half?" in text and text.index(first) < text.index(second)


def test_it_is_asked_only_then(start, model):
    asked = model(lambda text: (200, "[[A=B]]"))
    server = start("--judge-model", asked.url)
    known = judge(server, {"answer": "1", "completion": "\\boxed{2}"})
    unasked = judge(server, UNDECIDED, rewards=[{"name": "accuracy"}])
    assert known[0]["reward"] == 0 and unasked[0]["reward"] is None and asked.asked == []


@pytest.mark.parametrize(
    "says, want, questions",
    [
        (lambda text: (200, "[[A!=B]]"), "model_different", 1),
        (lambda text: (200, "[[A=B]]" if text.index("\\frac{1") < text.index("boxed") else "[[A!=B]]"), "model_different", 2),
        (lambda text: (200, "I cannot say."), "unparsable_gold", 1),
        (lambda text: (500, "[[A=B]]"), "unparsable_gold", 1),
    ],
    ids=["another", "only in one order", "neither", "an error"],
)
def test_other_answers(start, model, says, want, questions):
    asked = model(says)
    [result] = judge(start("--judge-model", asked.url))
    assert cause(result) == want and len(asked.asked) == questions


def test_a_model_that_never_answers(start, model):
    asked = model(lambda text: (asked.gone.wait(), (200, "[[A=B]]"))[1])
    server = start("--judge-model", asked.url, "--judge-model-timeout", "1")
    [result] = judge(server)
    assert result["reward"] is None and cause(result) == "unparsable_gold"
    assert server.http.get("/health").status_code == 200


def test_several_are_asked_at_once(start, model):
    both = threading.Barrier(2, timeout=PATIENCE)
    asked = model(lambda text: (both.wait(), (200, "[[A!=B]]"))[1])
    results = judge(start("--judge-model", asked.url, "--judge-model-parallel", "2"), UNDECIDED, UNDECIDED)
    assert [cause(r) for r in results] == ["model_different"] * 2


def test_our_own_model(start):
    server = start("--judge-model", "self", "--judge-model-tokens", "8")
    before = server.metric("touchstone_generated_tokens_total")
    [result] = judge(server)
    assert server.metric("touchstone_generated_tokens_total") > before
    assert cause(result) in ("unparsable_gold", "model_same", "model_different")


def test_a_long_key_is_sent_whole(start, model):
    asked = model(lambda text: (200, "[[A!=B]]"))
    key = "eyJ" + "k" * 8000
    judge(start("--judge-model", asked.url, "--judge-model-key", key))
    [(_, headers, _)] = asked.asked
    assert headers["Authorization"] == "Bearer " + key


@pytest.mark.parametrize(
    "flags, says",
    [
        (["--judge-model", "http://x", "--judge-model-key", "k" * 8193], "judge-model-key has 8193 bytes; at most 8192"),
        (["--judge-model", "http://x/" + "y" * 392], "judge-model is a URL of 401 bytes; at most 400"),
        (["--judge-model", "ftp://x"], "judge-model must be self or a URL"),
        (["--judge-model", "self", "--api-key-file", "keys"], "judge-model self wants a judge-model-key"),
    ],
)
def test_what_could_never_be_asked_is_refused_at_the_start(tmp_path, flags, says):
    (tmp_path / "keys").write_text("")
    told = subprocess.run([BIN, "serve", "--port", "0", "--model", str(MODEL), *flags], capture_output=True, text=True, env=ENVIRONMENT,
                          cwd=tmp_path, timeout=PATIENCE)
    assert told.returncode == 1 and says in told.stderr


def test_the_log_tells_when_it_fails_and_when_it_answers_again(start, model):
    """Once each time, however many are asked."""
    status = [500]
    asked = model(lambda text: (status[0], "[[A!=B]]"))
    server = start("--judge-model", asked.url)
    for now in (500, 500, 401, 401, 200, 200):
        status[0] = now
        judge(server)
    told = server.lines_until_now("event=judge_model_")
    assert len(told) == 3, told
    for line, has in zip(told, ("judge_model_failed", "judge_model_failed", "judge_model_answers")):
        assert f"event={has}" in line
    assert "status=500" in told[0] and "status=401" in told[1]
    asked.close()
    judge(server)
    [line] = server.lines_until_now("event=judge_model_")[3:]
    assert "judge_model_failed" in line and "error=" in line


def test_without_one_it_is_refused(start):
    reply = start().post("/verify", {"items": [UNDECIDED], "rewards": [ASKS]})
    assert reply.status_code == 501 and reply.json()["error"]["param"] == "rewards[0].equivalence"


def test_a_request_cannot_name_one(start):
    reply = start().post("/verify", {"items": [UNDECIDED], "rewards": [{**ASKS, "url": "http://localhost"}]})
    assert reply.status_code == 400
