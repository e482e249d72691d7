"""Fields that no table names: passed over and named on other servers' routes, refused on our own.

SPDX-License-Identifier: Apache-2.0
"""

import json
import re

import pytest

from conftest import Server, wait_until

CHAT = {"messages": [{"role": "user", "content": "a"}], "max_tokens": 1}
ONE = {"prompt": "a", "max_tokens": 1}

# path, body, what the header says
PASSED = [
    ("/v1/completions", {**ONE, "max_token": 3}, "max_token (did you mean max_tokens?)"),
    ("/v1/completions", {**ONE, "stream": True, "stream_options": {"x": 1}}, "stream_options.x"),
    ("/v1/chat/completions", {**CHAT, "prompt": "a"}, "prompt"),
    ("/v1/chat/completions", {**CHAT, "seed ": 1}, "seed%20 (did you mean seed?)"),
    ("/v1/chat/completions/input_tokens", {**CHAT, "x": None, "y": 0}, "y"),
    ("/invocations", {**ONE, "x": 1}, "x"),
    ("/tokenize", {"prompt": "a", "x": 1}, "x"),
    ("/tokenize", {"prompt": "a", "content": "b"}, "prompt"),
    ("/detokenize", {"tokens": [1], "x": [[]]}, "x"),
    ("/apply-template", {"messages": CHAT["messages"], "x": 1}, "x"),
    ("/completion", {"prompt": "a", "n_predict": 1, "temprature": 0}, "temprature (did you mean temperature?)"),
    ("/api/chat", {**CHAT, "model": "", "stream": False, "options": {"num_ctxx": 1}}, "max_tokens, options.num_ctxx (did you mean num_ctx?)"),
    ("/generate", {"text": "a", "sampling_params": {"max_new_tokens": 1, "q": 1}}, "sampling_params.q"),
    ("/generate", {"text": ["a", "b"], "sampling_params": [{"max_new_tokens": 1, "q": 1}, {"max_new_tokens": 1, "r": 1}]},
     "sampling_params[0].q, sampling_params[1].r"),
    ("/generate/", {"prompts": ["a"], "max_tokens": 1, "generation_kwargs": {"q": 1}}, "generation_kwargs.q"),
    ("/inference/v1/generate", {"token_ids": [1], "sampling_params": {"q": 1, "max_tokens": 1}}, "sampling_params.q"),
    ("/get_sequence_logprobs/", {"sequences": [[1, 2]], "prompt_lengths": [1], "topp_logprobs": 1}, "topp_logprobs (did you mean top_logprobs?)"),
    ("/abort_request", {"rid": "nobody's", "x": 1}, "x"),
    ("/run_code", {"code": "print(1)", "language": "python", "x": 1}, "x"),
    ("/api/v2/execute", {"language": "python", "version": "*", "files": [{"content": "print(1)", "x": 1}]}, "files[0].x"),
]

# Never passed over: our own routes, and what decides the form of the output or what is called.
REFUSED = [
    ("/verify", {"items": [], "rewardz": 1}, "rewardz"),
    ("/verify", {"items": [{"completion": "1", "answer": "1"}], "rewards": [{"name": "accuracy", "x": 1}]}, "rewards[0].x"),
    ("/verify/advantages", {"rewards": [1], "method": "grpo", "x": 1}, "x"),
    ("/verify/pass_at_k", {"n": 1, "c": 1, "k": 1, "x": 1}, "x"),
    ("/v1/rollouts", {"prompts": [{"text": "a"}], "x": 1}, "x"),
    ("/v1/rollouts", {"prompts": [{"text": "a"}], "sampling": {"x": 1}}, "sampling.x"),
    ("/v1/completions", {**ONE, "response_format": {"type": "json_object", "x": 1}}, "response_format.x"),
    ("/v1/completions", {**ONE, "structured_outputs": {"json_object": True, "x": 1}}, "structured_outputs.x"),
    ("/v1/chat/completions", {**CHAT, "tools": [{"type": "function", "function": {"name": "f", "x": 1}}]}, "tools[0].function.x"),
    ("/v1/chat/completions", {**CHAT, "tools": [{"type": "function", "function": {"name": "f"}}],
                              "tool_choice": {"type": "function", "function": {"name": "f"}, "x": 1}}, "tool_choice.x"),
    ("/completion", {"prompt": {"prompt_string": "a", "x": 1}, "n_predict": 1}, "prompt.x"),
]


@pytest.mark.parametrize("path, body, names", PASSED)
def test_passed_over_and_named(server, path, body, names):
    reply = server.post(path, body)
    assert reply.status_code == 200, reply.text
    assert reply.headers["x-ignored-fields"].startswith(names)


@pytest.mark.parametrize("path, body, field", REFUSED)
def test_never_passed_over(server, path, body, field):
    reply = server.post(path, body)
    error = reply.json()["error"]
    assert reply.status_code == 400 and error["param"] == field, reply.text
    assert "unknown_field" in (error["code"], error.get("name"))


def test_a_known_body_has_no_header(server):
    assert "x-ignored-fields" not in server.post("/v1/completions", ONE).headers


def test_what_is_refused_beside_it_is_named_too(server):
    reply = server.post("/v1/completions", {**ONE, "x": 1, "temperature": -1})
    assert reply.status_code == 400 and reply.headers["x-ignored-fields"] == "x"


def test_many_and_long_names(server):
    reply = server.post("/v1/completions", {**ONE, "\u00e9\n" * 200: 1, **{f"x{i}": 1 for i in range(500)}})
    assert reply.status_code == 200
    names = reply.headers["x-ignored-fields"].split(", ")
    assert names[0] == ("%C3%A9%0A" * 22)[:len("%C3%A9%0A") * 21 + 3] and names[1] == "x0" and names[15:] == ["x14", "+485"]


def test_the_log_and_the_metric(server):
    name = 'touchstone_ignored_fields_total{route="/detokenize"}'
    before = server.metric(name) if name in server.http.get("/metrics").text else 0
    reply = server.post("/detokenize", {"tokens": [1], "toks": 1, "y": 1})
    assert reply.status_code == 200
    wait_until(lambda: server.metric(name) == before + 2)
    [line] = server.lines(f"id={reply.headers['x-request-id']}")
    assert re.search(r'ignored="?toks, y"?$', line)


def test_no_series_stands_twice(server):
    server.post("/generate", {"text": "a", "sampling_params": {"max_new_tokens": 1}, "x": 1})
    server.http.put("/generate", content=json.dumps({"text": "a", "sampling_params": {"max_new_tokens": 1}, "x": 1}),
                    headers={"content-type": "application/json"})
    for path in ("/flush_cache",):
        server.http.get(path), server.http.post(path)
    series = [line.rsplit(" ", 1)[0] for line in server.http.get("/metrics").text.splitlines() if line[:1] != "#"]
    assert len(series) == len(set(series))


@pytest.mark.parametrize("path, body, names", [(p, b, n) for p, b, n in PASSED if "[1]" not in n])
def test_refused_where_the_operator_wants_it(strict, path, body, names):
    reply = strict.post(path, body)
    assert reply.status_code == 400, reply.text
    assert "x-ignored-fields" not in reply.headers


# method, path, query, what the header says: an argument of the query is a field as well
QUERIES = [
    ("GET", "/v1/models", "zzz=1", "zzz"),
    ("GET", "/is_paused", "zzz", "zzz"),
    ("GET", "/slots", "fail_on_no_slots=1", "fail_on_no_slots (did you mean fail_on_no_slot?)"),
    ("GET", "/version", "a%20b=1&%C3%A9=2&a%20b=3", "a%20b, %C3%A9"),
    ("GET", "/version", "&&x=1&&x=2&", "x"),
    ("POST", "/wake_up", "tags=a&tags=b&level=1", "level"),
    ("POST", "/v1/completions", "api-version=1", "api-version"),
]


@pytest.mark.parametrize("method, path, query, names", QUERIES)
def test_a_query_is_passed_over_and_named(server, strict, method, path, query, names):
    body = {"json": ONE} if path == "/v1/completions" else {}
    reply = server.http.request(method, f"{path}?{query}", **body)
    assert reply.status_code == 200, reply.text
    assert reply.headers["x-ignored-fields"] == names
    reply = strict.http.request(method, f"{path}?{query}", **body)
    error = reply.json()["error"]
    assert reply.status_code == 400 and "unknown_field" in (error["code"], error.get("name")), reply.text


@pytest.mark.parametrize("method, path, query, field, code", [
    ("POST", "/verify", "zzz=1", "zzz", "unknown_field"),
    ("GET", "/verify/rewards", "zzz=1", "zzz", "unknown_field"),
    ("PUT", "/v1/weights", "parts=whole", "parts", "unknown_field"),
    ("DELETE", "/v1/rollouts/x", "zzz=1", "zzz", "unknown_field"),
    ("POST", "/pause", "mode=keep&mode=abort", "mode", "invalid_value"),
    ("POST", "/pause", "mode", "mode", "invalid_value"),
    ("POST", "/pause", "mode=", "mode", "invalid_value"),
    ("POST", "/pause", "mode=keep&clear_cache", "clear_cache", "invalid_value"),
    ("POST", "/pause", "mode=keep%ff", "mode", "invalid_value"),
    ("POST", "/pause", "mode=keep&x=%C3", "x", "invalid_value"),
    ("GET", "/v1/models", "zzz=%ED%A0%80", "zzz", "invalid_value"),
    ("GET", "/version", "a%ff=1", "a\ufffd", "invalid_value"),
    ("PUT", "/v1/weights", "part=adapter&name=%ff", "name", "invalid_value"),
])
def test_a_query_that_is_refused(server, method, path, query, field, code):
    reply = server.http.request(method, f"{path}?{query}", **({"json": {}} if method == "POST" else {}))
    assert (reply.status_code, reply.json()["error"]["param"], reply.json()["error"]["code"]) == (400, field, code), reply.text
    assert server.http.get("/is_paused").json() == {"is_paused": False}


def test_a_query_that_is_known_has_no_header(server):
    for method, path in (("GET", "/slots?fail_on_no_slot=0"), ("GET", "/v1/loads?include=core"), ("POST", "/pause?&mode=keep&&clear_cache=false&"), ("POST", "/resume?&")):
        reply = server.http.request(method, path)
        assert reply.status_code == 200 and "x-ignored-fields" not in reply.headers, reply.text


@pytest.fixture(scope="module")
def strict():
    s = Server("--unknown-fields", "refuse")
    yield s
    s.stop()
