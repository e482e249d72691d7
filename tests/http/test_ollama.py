"""Ollama's routes, as its clients call them (ollama/ollama:docs/api.md), on the built-in model.

SPDX-License-Identifier: Apache-2.0
"""

import json

import pytest

USER = [{"role": "user", "content": "What is 12 + 30?"}]
COLD = {"temperature": 0}
TOOLS = [{"type": "function", "function": {"name": "add", "description": "adds", "parameters": {
    "type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}}}]


def lines(server, path, **body):
    with server.http.stream("POST", path, json={"model": "touchstone-tiny", **body}) as reply:
        assert reply.status_code == 200, reply.read()
        assert reply.headers["content-type"] == "application/x-ndjson"
        return [json.loads(line) for line in reply.iter_lines()]


def whole(server, path, **body):
    reply = server.post(path, {"model": "touchstone-tiny", "stream": False, **body})
    assert reply.status_code == 200, reply.text
    return reply.json()


def check_counts(last):
    assert last["done"] is True and last["done_reason"] == "stop"
    assert last["eval_count"] > 0 and last["prompt_eval_count"] > 0
    assert last["total_duration"] >= last["eval_duration"] > 0 and last["load_duration"] == 0
    assert last["created_at"].startswith("20") and last["created_at"].endswith("Z")


def test_a_chat_streams_unless_asked_otherwise(tiny):
    got = lines(tiny, "/api/chat", messages=USER, options=COLD)
    assert all(g["done"] is False and g["message"]["role"] == "assistant" for g in got[:-1])
    check_counts(got[-1])
    once = whole(tiny, "/api/chat", messages=USER, options=COLD)
    check_counts(once)
    for part in ("content", "thinking"):
        assert "".join(g["message"].get(part) or "" for g in got) == once["message"][part]
    assert "42" in once["message"]["content"] and "<think>" not in once["message"]["thinking"]
    assert once["eval_count"] == got[-1]["eval_count"]


def test_generate_is_a_chat_of_one_message_or_raw(tiny):
    talk = whole(tiny, "/api/chat", messages=[{"role": "system", "content": "Be brief."}, *USER], options=COLD)
    said = whole(tiny, "/api/generate", prompt=USER[0]["content"], system="Be brief.", options=COLD)
    assert said["response"] == talk["message"]["content"] and said["thinking"] == talk["message"]["thinking"]
    raw = whole(tiny, "/api/generate", prompt="Hello", raw=True, options={**COLD, "num_predict": 5})
    plain = tiny.complete(prompt="Hello", max_tokens=5, temperature=0)
    assert raw["response"] == plain["choices"][0]["text"] and raw["done_reason"] == "length"
    got = lines(tiny, "/api/generate", prompt=USER[0]["content"], options=COLD)
    assert "".join(g.get("response", "") for g in got) == whole(tiny, "/api/generate", prompt=USER[0]["content"], options=COLD)["response"]


def test_options_are_the_sampler_s(tiny):
    seeded = [whole(tiny, "/api/chat", messages=USER, options={"temperature": 5, "top_p": 1, "top_k": 0, "seed": s, "num_predict": 40}) for s in (1, 1, 2)]
    texts = [s["message"] for s in seeded]
    assert texts[0] == texts[1] != texts[2]
    short = whole(tiny, "/api/chat", messages=USER, options={**COLD, "num_predict": 3})
    assert short["done_reason"] == "length" and short["eval_count"] == 3
    stopped = whole(tiny, "/api/generate", prompt=USER[0]["content"], options={**COLD, "stop": ["boxed"]})
    assert "boxed" not in stopped["response"]
    assert whole(tiny, "/api/chat", messages=USER, options={**COLD, "num_ctx": 512, "num_gpu": 0, "mirostat": 0})["done"]


def test_format(tiny):
    schema = {"type": "object", "properties": {"a": {"enum": [1, 2]}}, "required": ["a"], "additionalProperties": False}
    assert json.loads(whole(tiny, "/api/chat", messages=USER, format=schema, options=COLD)["message"]["content"])["a"] in (1, 2)
    text = whole(tiny, "/api/generate", prompt="x", format="json", options={**COLD, "num_predict": 50})["response"]
    assert text.lstrip().startswith("{")


def test_tools_are_offered_and_an_earlier_call_is_read(tiny):
    talk = [*USER, {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "add", "arguments": {"a": 1}}}]},
            {"role": "tool", "content": "1", "tool_name": "add"}]
    assert whole(tiny, "/api/chat", messages=talk, tools=TOOLS, options={**COLD, "num_predict": 20})["done"]


def test_nothing_asked_loads(tiny):
    for path, body, key in (("/api/chat", {"messages": []}, "message"), ("/api/generate", {}, "response")):
        reply = whole(tiny, path, **body)
        assert reply["done_reason"] == "load" and key in reply


@pytest.mark.parametrize("think", [True, False, "high"])
def test_think_is_the_template_s(tiny, think):
    assert whole(tiny, "/api/chat", messages=USER, think=think, options=COLD)["done"]


def test_the_model_s_routes(tiny):
    [model] = tiny.http.get("/api/tags").json()["models"]
    assert model["name"] == "touchstone-tiny:latest" and model["size"] > 0 and model["details"]["family"] == "llama"
    [runs] = tiny.http.get("/api/ps").json()["models"]
    assert runs["digest"] == model["digest"] and runs["size_vram"] == 0
    for name in ("touchstone-tiny", "touchstone-tiny:latest"):
        shown = tiny.post("/api/show", {"model": name}).json()
        assert "thinking" in shown["capabilities"] and shown["model_info"]["general.architecture"] == "llama"
        assert tiny.post("/api/pull", {"model": name, "stream": False}).json() == {"status": "success"}
    assert tiny.http.get("/api/version").json()["version"]
    pulled = tiny.post("/api/pull", {"name": "touchstone-tiny"})
    assert [json.loads(x) for x in pulled.text.splitlines()] == [{"status": "success"}]


@pytest.mark.parametrize("path, body, status, param", [
    ("/api/chat", {"messages": USER}, 400, "model"),
    ("/api/chat", {"model": "other", "messages": USER}, 404, "model"),
    ("/api/chat", {"model": "touchstone-tiny", "messages": USER, "options": {"temperature": -1}}, 400, "options.temperature"),
    ("/api/chat", {"model": "touchstone-tiny", "messages": USER, "options": {"num_predict": 0}}, 400, "options.num_predict"),
    ("/api/chat", {"model": "touchstone-tiny", "messages": USER, "options": {"mirostat": 2}}, 400, "options.mirostat"),
    ("/api/chat", {"model": "touchstone-tiny", "messages": USER, "format": "xml"}, 400, "format"),
    ("/api/chat", {"model": "touchstone-tiny", "messages": [{"role": 1}]}, 400, "messages[0].role"),
    ("/api/chat", {"model": "touchstone-tiny", "messages": USER, "think": 3}, 400, "think"),
    ("/api/chat", {"model": "touchstone-tiny", "messages": [{**USER[0], "images": ["aGk="]}]}, 400, "messages[0].images"),
    ("/api/chat", {"model": "touchstone-tiny", "messages": [*USER, {"role": "assistant", "thinking": 5}]}, 400, "messages[1].thinking"),
    ("/api/generate", {"model": "touchstone-tiny", "prompt": 3}, 400, "prompt"),
    ("/api/generate", {"model": "touchstone-tiny", "prompt": "x", "context": [1]}, 400, "context"),
    ("/api/show", {"model": "other"}, 404, "model"),
    ("/api/show", {}, 400, "model"),
    ("/api/embed", {"model": "touchstone-tiny", "input": 3}, 400, "input"),
    ("/api/embeddings", {"model": "touchstone-tiny", "prompt": ["x"]}, 400, "prompt"),
    ("/api/copy", {"source": "x"}, 501, None),
    ("/api/create", {"model": "x"}, 501, None),
])
def test_errors_have_ollama_s_shape_and_name_the_field(tiny, path, body, status, param):
    reply = tiny.post(path, body)
    assert reply.status_code == status, reply.text
    assert isinstance(reply.json()["error"], str) and reply.json()["param"] == param


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/x-www-form-urlencoded"}], ids=str)
def test_a_body_needs_no_type(tiny, headers):
    """`curl -d` as its pages have it, and LiteLLM, send another or none."""
    body = json.dumps({"model": "touchstone-tiny", "messages": USER, "stream": False, "options": {**COLD, "num_predict": 2}})
    assert tiny.http.post("/api/chat", content=body.encode(), headers=headers).status_code == 200
    strange = {"Origin": "http://elsewhere.example", "Content-Type": "text/plain"}
    assert tiny.http.post("/api/chat", content=body.encode(), headers=strange).status_code == 403
