"""POST /v1/messages and its count_tokens: Anthropic's route (anthropic-sdk-python 2.14), on the built-in model.

SPDX-License-Identifier: Apache-2.0
"""

import json

import pytest

from conftest import TINY

USER = [{"role": "user", "content": "What is 12 + 30?"}]
THINK = {"thinking": {"type": "enabled", "budget_tokens": 200}}
ADD = {"name": "add", "description": "adds", "input_schema": {
    "type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}}
MUL = {**ADD, "name": "mul"}


def ask(server, **body):
    reply = server.post("/v1/messages", {"model": "touchstone-tiny", "max_tokens": 300, "messages": USER, "temperature": 0, **body})
    assert reply.status_code == 200, reply.text
    return reply.json()


def refuse(server, **body):
    reply = server.post("/v1/messages", {"model": "touchstone-tiny", "max_tokens": 10, "messages": USER, **body})
    got = reply.json()
    assert got["type"] == "error" and set(got) == {"type", "error"}
    return reply.status_code, got["error"]


def events(server, **body):
    body = {"model": "touchstone-tiny", "max_tokens": 300, "messages": USER, "temperature": 0, "stream": True, **body}
    with server.http.stream("POST", "/v1/messages", json=body) as reply:
        assert reply.status_code == 200, reply.read()
        assert reply.headers["content-type"].startswith("text/event-stream")
        text = reply.read().decode()
    got = []
    for event in text.strip().split("\n\n"):
        name, data = event.split("\n")
        got.append(json.loads(data.removeprefix("data: ")))
        assert name == "event: " + got[-1]["type"]
    return got


def whole_or_nothing(text):
    """The arguments of a call; of one that was cut before they were an object, none."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return {}


def blocks_of(got):
    """What a client puts together of events, whose order is checked."""
    blocks, open_ = [], None
    assert [e["type"] for e in got[:2]] == ["message_start", "ping"]
    assert [e["type"] for e in got[-2:]] == ["message_delta", "message_stop"]
    for e in got[2:-2]:
        if e["type"] == "content_block_start":
            assert open_ is None and e["index"] == len(blocks)
            open_ = {**e["content_block"]}
        elif e["type"] == "content_block_delta":
            delta, key = e["delta"], {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature", "input_json_delta": "json"}
            assert e["index"] == len(blocks)
            where = key[delta["type"]]
            open_[where] = open_.get(where, "") + delta["partial_json" if where == "json" else where]
        else:
            assert e["type"] == "content_block_stop" and e["index"] == len(blocks)
            if open_["type"] == "tool_use":
                open_["input"] = whole_or_nothing(open_.pop("json", ""))
            blocks.append(open_)
            open_ = None
    assert open_ is None
    return blocks


def plain(blocks):
    """Blocks without what differs between two requests, or between a stream and a whole reply."""
    return [{k: v for k, v in b.items() if k not in ("id", "citations")} for b in blocks]


def test_a_reply(tiny):
    got = ask(tiny, system="Be brief.")
    assert got["type"] == "message" and got["role"] == "assistant" and got["model"] == "touchstone-tiny" and got["id"].startswith("msg_")
    assert [b["type"] for b in got["content"]] == ["text"] and "42" in got["content"][0]["text"]
    assert got["stop_reason"] == "end_turn" and got["stop_sequence"] is None
    chat = tiny.post("/v1/chat/completions", {"messages": [{"role": "system", "content": "Be brief."}, *USER], "temperature": 0, "max_tokens": 300}).json()
    assert got["content"][0]["text"] == chat["choices"][0]["message"]["content"]
    assert got["usage"]["output_tokens"] == chat["usage"]["completion_tokens"]
    assert got["usage"]["input_tokens"] + got["usage"]["cache_read_input_tokens"] == chat["usage"]["prompt_tokens"]


def test_thoughts_are_shown_where_they_are_asked_for(tiny):
    shown = ask(tiny, **THINK)
    assert [b["type"] for b in shown["content"]] == ["thinking", "text"]
    assert shown["content"][0]["signature"] and shown["usage"]["output_tokens_details"]["thinking_tokens"] > 0
    adaptive = ask(tiny, thinking={"type": "adaptive"}, output_config={"effort": "low"})
    assert adaptive["content"] == shown["content"]
    omitted = ask(tiny, thinking={"type": "adaptive", "display": "omitted"})["content"]
    assert omitted[0] == {**shown["content"][0], "thinking": ""} and omitted[1] == shown["content"][1]
    assert [b["type"] for b in ask(tiny)["content"]] == ["text"]
    off = ask(tiny, thinking={"type": "disabled"})
    assert [b["type"] for b in off["content"]] == ["text"] and off["usage"]["output_tokens_details"]["thinking_tokens"] == 0


def test_a_budget_bounds_thoughts(tiny):
    free = ask(tiny, **THINK)["usage"]["output_tokens_details"]["thinking_tokens"]
    close = len(tiny.post("/tokenize", {"prompt": "</think>", "add_special_tokens": False}).json()["tokens"])
    for budget in (1, 5, 9):
        assert budget < free
        got = ask(tiny, thinking={"type": "enabled", "budget_tokens": budget})
        assert got["usage"]["output_tokens_details"]["thinking_tokens"] == budget + close
        assert got["content"][-1]["type"] == "text"


@pytest.mark.parametrize("more", [{}, THINK, {"tools": [ADD, MUL], "tool_choice": {"type": "any"}}, {**THINK, "tools": [ADD], "tool_choice": {"type": "tool", "name": "add"}},
                                  {"stop_sequences": ["boxed"]}, {"max_tokens": 3}, {"tools": [ADD]}], ids=str)
def test_a_stream_says_what_a_whole_reply_says(tiny, more):
    whole, got = ask(tiny, **more), events(tiny, **more)
    assert plain(blocks_of(got)) == plain(whole["content"])
    start, delta = got[0]["message"], got[-2]
    assert start["content"] == [] and start["stop_reason"] is None and start["usage"]["output_tokens"] == 0
    assert delta["delta"]["stop_reason"] == whole["stop_reason"] and delta["delta"]["stop_sequence"] == whole["stop_sequence"]
    assert delta["usage"]["output_tokens"] == whole["usage"]["output_tokens"]
    assert sum(delta["usage"][k] for k in ("input_tokens", "cache_read_input_tokens")) == start["usage"]["input_tokens"]


@pytest.mark.parametrize("max_tokens", [3, 20, 36, 38, 40, 44, 46, 48, 50, 52])
def test_a_call_that_is_cut_is_told_once(tiny, max_tokens):
    more = {"tools": [ADD], "tool_choice": {"type": "any", "disable_parallel_tool_use": True}, "thinking": {"type": "disabled"}, "max_tokens": max_tokens}
    whole, got = ask(tiny, **more), events(tiny, **more)
    assert plain(blocks_of(got)) == plain(whole["content"]) and len(whole["content"]) <= 1
    assert got[-2]["delta"]["stop_reason"] == whole["stop_reason"]


def test_how_it_ends(tiny):
    assert ask(tiny, max_tokens=3)["stop_reason"] == "max_tokens"
    stopped = ask(tiny, stop_sequences=["boxed", "zzz"])
    assert stopped["stop_reason"] == "stop_sequence" and stopped["stop_sequence"] == "boxed" and "boxed" not in stopped["content"][0]["text"]
    full = ask(tiny, max_tokens=100000, temperature=1, seed=1, top_p=1, messages=[{"role": "user", "content": "x " * 970}])
    assert full["stop_reason"] in ("model_context_window_exceeded", "end_turn")


def test_tools(tiny):
    for choice, names in (({"type": "any"}, {"add", "mul"}), ({"type": "tool", "name": "mul"}, {"mul"})):
        got = ask(tiny, tools=[ADD, MUL], tool_choice={**choice, "disable_parallel_tool_use": True})
        uses = [b for b in got["content"] if b["type"] == "tool_use"]
        assert len(uses) == 1 and uses[0]["name"] in names and isinstance(uses[0]["input"]["a"], int) and uses[0]["id"].startswith("toolu_")
        assert got["stop_reason"] == "tool_use"
    none = ask(tiny, tools=[ADD], tool_choice={"type": "none"})
    assert all(b["type"] == "text" for b in none["content"])


def test_an_output_of_a_schema(tiny):
    schema = {"type": "object", "properties": {"a": {"enum": [1, 2]}}, "required": ["a"], "additionalProperties": False}
    got = ask(tiny, output_config={"format": {"type": "json_schema", "schema": schema}})
    assert json.loads(got["content"][-1]["text"])["a"] in (1, 2)
    status, error = refuse(tiny, output_config={"format": {"type": "json_schema", "schema": {"type": "object", "minContains": 1, "enum": []}}})
    assert status == 400 and error["param"].startswith("output_config.format.schema")


TURNS = [
    ([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}],) * 2,
    ([{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}],
     [{"role": "user", "content": "a\nb"}]),
    ([{"role": "user", "content": "a"},
      {"role": "assistant", "content": [{"type": "thinking", "thinking": "t", "signature": "s"}, {"type": "redacted_thinking", "data": "x"},
                                        {"type": "text", "text": "b"}, {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": 12345678901234567890}}]},
      {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "7"}], "is_error": False},
                                   {"type": "tool_result", "tool_use_id": "toolu_1", "content": "8"}, {"type": "tool_result", "tool_use_id": "toolu_1"},
                                   {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "d"}}]}],
     [{"role": "user", "content": "a"},
      {"role": "assistant", "content": "b", "reasoning_content": "t",
       "tool_calls": [{"id": "toolu_1", "type": "function", "function": {"name": "add", "arguments": '{"a": 12345678901234567890}'}}]},
      {"role": "tool", "tool_call_id": "toolu_1", "content": "7"}, {"role": "tool", "tool_call_id": "toolu_1", "content": "8"},
      {"role": "tool", "tool_call_id": "toolu_1", "content": ""}, {"role": "user", "content": "d"}]),
]


@pytest.mark.parametrize("theirs, ours", TURNS, ids=["plain", "parts", "tools"])
def test_the_prompt_is_the_chat_s(tiny, theirs, ours):
    """Told apart by the tokens that the prompt has and by what is answered to it."""
    chat = tiny.post("/v1/chat/completions", {"messages": ours, "temperature": 0, "max_tokens": 12}).json()
    got = ask(tiny, messages=theirs, max_tokens=12, thinking={"type": "adaptive"})
    assert got["usage"]["input_tokens"] + got["usage"]["cache_read_input_tokens"] == chat["usage"]["prompt_tokens"]
    assert got["usage"]["cache_read_input_tokens"] >= (chat["usage"]["prompt_tokens"] - 1) // 16 * 16  # the same tokens were there
    said = {b["type"]: b.get("text") or b.get("thinking") for b in got["content"]}
    message = chat["choices"][0]["message"]
    assert (said.get("text") or "", said.get("thinking")) == (message["content"] or "", message.get("reasoning_content"))


def test_an_assistant_s_message_at_the_end_is_gone_on_with(tiny):
    got = ask(tiny, messages=[*USER, {"role": "assistant", "content": "The answer is \\boxed{"}])
    chat = tiny.post("/v1/chat/completions", {"messages": [*USER, {"role": "assistant", "content": "The answer is \\boxed{"}], "temperature": 0, "max_tokens": 300,
                                              "continue_final_message": True, "add_generation_prompt": False}).json()
    assert got["content"][0]["text"] == chat["choices"][0]["message"]["content"]


def test_counting(tiny):
    body = {"model": "touchstone-tiny", "messages": USER, "system": [{"type": "text", "text": "Be brief."}], "tools": [ADD], **THINK}
    n = tiny.post("/v1/messages/count_tokens", body).json()
    got = ask(tiny, **{k: v for k, v in body.items() if k != "model"})["usage"]
    assert n == {"input_tokens": got["input_tokens"] + got["cache_read_input_tokens"]}


@pytest.mark.parametrize("body, param", [
    ({"max_tokens": None}, "max_tokens"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"messages": []}, "messages"),
    ({"messages": [{"role": "user"}]}, "messages[0].content"),
    ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
    ({"messages": [*USER, {"role": "user", "content": [{"type": "image", "source": {}}]}]}, "messages[1].content[0].type"),
    ({"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]}, "messages[0].content[0].tool_use_id"),
    ({"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": [{"type": "image"}]}]}]}, "messages[0].content[0].content[0].type"),
    ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
    ({"messages": [{"role": "user", "content": ["x"]}]}, "messages[0].content[0]"),
    ({"messages": [*USER, {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "add"}]}]}, "messages[1].content[0].input"),
    ({"system": 7}, "system"),
    ({"system": [{"type": "image"}]}, "system[0].type"),
    ({"tools": [{"name": "add"}]}, "tools[0].input_schema"),
    ({"tools": [ADD, {**ADD, "input_schema": 3}]}, "tools[1].input_schema"),
    ({"tools": [{**ADD, "input_schema": {"type": "array"}}], "tool_choice": {"type": "any"}}, "tools[0].input_schema"),
    ({"tools": [{**ADD, "input_schema": {"$ref": "#/x"}}], "tool_choice": {"type": "any"}}, "tools[0].input_schema"),
    ({"tools": [{**ADD, "name": "a" * 257}]}, "tools[0].name"),
    ({"tools": [{**ADD, "strict": 1}]}, "tools[0].strict"),
    ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0].type"),
    ({"tools": [ADD], "tool_choice": {"type": "tool", "name": "none_such"}}, "tool_choice"),
    ({"tools": [ADD], "tool_choice": {"type": "some"}}, "tool_choice.type"),
    ({"tool_choice": {"type": "any"}}, "tool_choice"),
    ({"thinking": {"type": "always"}}, "thinking.type"),
    ({"thinking": {"type": "enabled", "effort": 1}}, "thinking.effort"),
    ({"thinking": {"type": "enabled", "budget_tokens": "many"}}, "thinking.budget_tokens"),
    ({"output_config": {"format": {"type": "xml"}}}, "output_config.format.type"),
    ({"thinking": {"type": "enabled", "budget_tokens": 0}}, "thinking.budget_tokens"),
    ({"output_config": {"effort": "bogus"}}, "output_config.effort"),
    ({"output_config": {"shape": 1}}, "output_config.shape"),
    ({"stop_sequences": [""]}, "stop_sequences[0]"),
    ({"container": {"id": "x"}}, "container"),
    ({"temperature": -1}, "temperature"),
], ids=str)
def test_errors_name_the_client_s_field(tiny, body, param):
    status, error = refuse(tiny, **body)
    assert status == 400 and error["type"] == "invalid_request_error" and error["param"] == param, error


def test_errors_have_its_types(tiny):
    status, error = refuse(tiny, model="nobody")
    assert status == 404 and error["type"] == "not_found_error"
    reply = tiny.http.post("/v1/messages", content=b"{", headers={"content-type": "application/json"})
    assert reply.status_code == 400 and reply.json()["error"]["type"] == "invalid_request_error"
    assert tiny.http.get("/v1/messages").status_code == 405


def test_a_key_comes_as_x_api_key(start):
    server = start("--api-key", "secret", model=TINY)
    body = {"model": "touchstone-tiny", "max_tokens": 1, "messages": USER}
    reply = server.post("/v1/messages", body, headers={"anthropic-version": "2023-06-01"})
    assert reply.status_code == 401 and reply.json()["error"]["type"] == "authentication_error"
    assert server.post("/v1/messages", body, headers={"x-api-key": "secret", "anthropic-version": "2023-06-01"}).status_code == 200
