"""/v1/responses: OpenAI's newer route (openai-python 3.57), on the built-in model.

SPDX-License-Identifier: Apache-2.0
"""

import json
import re

import pytest

from conftest import TINY

QUESTION = "What is 12 + 30?"
USER = [{"role": "user", "content": QUESTION}]
PARAMETERS = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
ADD = {"type": "function", "name": "add", "description": "adds", "parameters": PARAMETERS}
MUL = {**ADD, "name": "mul"}
ALLOWED = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "add"}]}


def ask(server, **body):
    reply = server.post("/v1/responses", {"model": "touchstone-tiny", "max_output_tokens": 300, "input": QUESTION, "temperature": 0, **body})
    assert reply.status_code == 200, reply.text
    return reply.json()


def refuse(server, **body):
    reply = server.post("/v1/responses", {"max_output_tokens": 9, "input": QUESTION, **body})
    return reply.status_code, reply.json()["error"]


def chat(server, messages, **body):
    reply = server.post("/v1/chat/completions", {"messages": messages, "max_tokens": 300, "temperature": 0, **body})
    assert reply.status_code == 200, reply.text
    return reply.json()


def events(server, **body):
    body = {"max_output_tokens": 300, "input": QUESTION, "temperature": 0, "stream": True, **body}
    reply = server.post("/v1/responses", body)
    assert reply.status_code == 200 and reply.headers["content-type"].startswith("text/event-stream")
    got = []
    for event in reply.text.strip().split("\n\n"):
        name, data = event.split("\n")
        got.append(json.loads(data.removeprefix("data: ")))
        assert name == "event: " + got[-1]["type"]
    assert [e["sequence_number"] for e in got] == list(range(len(got)))
    return got


def text_of(reply):
    return "".join(c["text"] for i in reply["output"] if i["type"] == "message" for c in i["content"])


def plain(value):
    """Without ids and times, which differ between two requests."""
    text = json.dumps(value)
    return json.loads(re.sub(r"(resp|rs|msg|fc|call)_[0-9a-f]{32}", r"\1", text))


def test_a_reply(tiny):
    got = ask(tiny, instructions="Be brief.", metadata={"a": "b"}, user="me")
    assert re.fullmatch(r"resp_[0-9a-f]{32}", got["id"]) and got["object"] == "response" and got["status"] == "completed"
    assert [i["type"] for i in got["output"]] == ["reasoning", "message"] and got["error"] is None and got["incomplete_details"] is None
    want = chat(tiny, [{"role": "system", "content": "Be brief."}, *USER])
    message = want["choices"][0]["message"]
    assert text_of(got) == message["content"] and got["output"][0]["content"] == [{"type": "reasoning_text", "text": message["reasoning_content"]}]
    assert got["output"][1]["role"] == "assistant" and got["output"][1]["content"][0]["annotations"] == []
    usage = got["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (want["usage"]["prompt_tokens"], want["usage"]["completion_tokens"])
    assert usage["output_tokens_details"]["reasoning_tokens"] == want["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert (got["instructions"], got["metadata"], got["user"], got["temperature"], got["max_output_tokens"]) == ("Be brief.", {"a": "b"}, "me", 0, 300)
    assert got["tool_choice"] == "auto" and got["tools"] == [] and got["text"] == {"format": {"type": "text"}} and got["store"] is True


def test_metadata_has_bounds(tiny):
    most = {"é" * 62 + f"{i:02}": "ü" * 512 for i in range(16)}
    assert ask(tiny, metadata=most, max_output_tokens=1)["metadata"] == most


def test_how_it_ends(tiny):
    cut = ask(tiny, max_output_tokens=3)
    assert cut["status"] == "incomplete" and cut["incomplete_details"] == {"reason": "max_output_tokens"} and cut["output"][-1]["status"] == "incomplete"
    assert ask(tiny, stop=["boxed"])["status"] == "completed"


def test_efforts(tiny):
    none = ask(tiny, reasoning={"effort": "none"})
    assert [i["type"] for i in none["output"]] == ["message"] and none["usage"]["output_tokens_details"]["reasoning_tokens"] == 0
    assert none["reasoning"] == {"effort": "none"}
    assert plain(ask(tiny, reasoning={"effort": "low", "summary": "auto"})["output"]) == plain(ask(tiny)["output"])
    bound = ask(tiny, thinking_token_budget=4)
    assert 4 <= bound["usage"]["output_tokens_details"]["reasoning_tokens"] < ask(tiny)["usage"]["output_tokens_details"]["reasoning_tokens"]


@pytest.mark.parametrize("more", [{}, {"reasoning": {"effort": "none"}}, {"tools": [ADD, MUL], "tool_choice": "required"}, {"max_output_tokens": 3},
                                  {"tools": [ADD], "tool_choice": {"type": "function", "name": "add"}}, {"tools": [ADD, MUL]},
                                  {"include": ["message.output_text.logprobs"], "top_logprobs": 2},
                                  {"text": {"format": {"type": "json_object"}}, "max_output_tokens": 60}], ids=str)
def test_a_stream_says_what_a_whole_reply_says(tiny, more):
    want, got = ask(tiny, **more), events(tiny, **more)
    assert [e["type"] for e in got[:2]] == ["response.created", "response.in_progress"]
    assert got[0]["response"]["status"] == "in_progress" and got[0]["response"]["output"] == [] and got[0]["response"]["usage"] is None
    last = got[-1]
    assert last["type"] == ("response.completed" if want["status"] == "completed" else "response.incomplete")
    assert plain(last["response"]["output"]) == plain(want["output"])
    for key in ("status", "incomplete_details", "tools", "tool_choice", "text"):
        assert last["response"][key] == want[key]
    assert last["response"]["usage"]["output_tokens"] == want["usage"]["output_tokens"]
    check_items(got[2:-1], last["response"]["output"])


def test_llama_server_s_progress_and_times(start):
    server = start("--step-tokens", "32", model=TINY)
    body = {"input": "the quick brown fox " * 20, "max_output_tokens": 4, "reasoning": {"effort": "none"}}
    got = events(server, **body, return_progress=True, timings_per_token=True)
    told = [e for e in got if "prompt_progress" in e]
    assert {e["type"] for e in told} == {"response.in_progress"} and len(told) > 3 and got[2:2 + len(told)] == told
    assert [e["sequence_number"] for e in got] == list(range(len(got)))
    assert told[-1]["prompt_progress"]["processed"] == told[-1]["prompt_progress"]["total"] == got[-1]["response"]["usage"]["input_tokens"]
    assert all("timings" in e for e in got if e["type"] == "response.output_text.delta") and "timings" in got[-1]
    plain_ones = events(server, **body)
    assert not any("prompt_progress" in e or "timings" in e for e in plain_ones) and len(plain_ones) == len(got) - len(told)


def test_other_paths(tiny):
    made = tiny.post("/responses", {"input": "a", "max_output_tokens": 2}).json()
    assert tiny.http.get("/responses/" + made["id"]).json() == tiny.http.get("/v1/responses/" + made["id"]).json() == made
    assert tiny.http.delete("/responses/" + made["id"]).json()["deleted"] is True
    assert tiny.http.get("/v1/responses/" + made["id"]).status_code == 404


@pytest.mark.parametrize("max_tokens", [3, 20, 36, 38, 40, 44, 46, 48, 50, 52])
def test_a_call_that_is_cut_is_told_once(tiny, max_tokens):
    more = {"tools": [ADD], "tool_choice": "required", "parallel_tool_calls": False, "reasoning": {"effort": "none"}, "max_output_tokens": max_tokens}
    want, got = ask(tiny, **more), events(tiny, **more)
    assert plain(got[-1]["response"]["output"]) == plain(want["output"]) and len(want["output"]) <= 1
    # what may still lack is a call's closing mark
    assert want["status"] == "incomplete" and all(i["status"] == "incomplete" for i in want["output"] if max_tokens < 50)
    check_items(got[2:-1], got[-1]["response"]["output"])


def check_items(told, output):
    """The events between the first and the last: each item from its beginning to its end."""
    at = 0
    for index, item in enumerate(output):
        kind = {"message": "output_text", "reasoning": "reasoning_text", "function_call": "function_call_arguments"}[item["type"]]
        mine = [e for e in told if e["output_index"] == index]
        assert told[at:at + len(mine)] == mine  # one after the other
        at += len(mine)
        names = [e["type"].removeprefix("response.") for e in mine]
        part = [] if kind == "function_call_arguments" else ["content_part"]
        deltas = [e["delta"] for e in mine if e["type"] == f"response.{kind}.delta"]
        assert names == ["output_item.added", *[p + ".added" for p in part], *[kind + ".delta"] * len(deltas), kind + ".done", *[p + ".done" for p in part], "output_item.done"]
        assert mine[0]["item"]["id"] == item["id"] and mine[0]["item"]["status"] == "in_progress" and mine[-1]["item"] == item
        whole = item["arguments"] if kind == "function_call_arguments" else item["content"][0]["text"]
        done = next(e for e in mine if e["type"] == f"response.{kind}.done")
        assert "".join(deltas) == whole == done["arguments" if kind == "function_call_arguments" else "text"]
        assert all(e["item_id"] == item["id"] for e in mine[1:-1])
        if part:
            assert mine[-2]["part"] == item["content"][0]
    assert at == len(told)


def test_tools(tiny):
    for choice, names in (("required", {"add", "mul"}), ({"type": "function", "name": "mul"}, {"mul"}),
                          ({**ALLOWED, "mode": "required"}, {"add"})):
        got = ask(tiny, tools=[ADD, MUL], tool_choice=choice, parallel_tool_calls=False)
        calls = [i for i in got["output"] if i["type"] == "function_call"]
        assert len(calls) == 1 and calls[0]["name"] in names and isinstance(json.loads(calls[0]["arguments"])["a"], int)
        assert got["status"] == "completed" and calls[0]["status"] == "completed" and calls[0]["call_id"].startswith("call_")
    assert all(i["type"] != "function_call" for i in ask(tiny, tools=[ADD], tool_choice="none")["output"])


def test_forms(tiny):
    schema = {"type": "object", "properties": {"a": {"enum": [1, 2]}}, "required": ["a"], "additionalProperties": False}
    got = ask(tiny, text={"format": {"type": "json_schema", "name": "f", "schema": schema, "strict": True}})
    assert json.loads(text_of(got))["a"] in (1, 2)
    status, error = refuse(tiny, text={"format": {"type": "json_schema", "name": "f", "schema": {"enum": []}}})
    assert status == 400 and error["param"].startswith("text.format.schema")


def test_logprobs(tiny):
    got = ask(tiny, include=["message.output_text.logprobs"], top_logprobs=2)
    rows = got["output"][-1]["content"][0]["logprobs"]
    assert all(len(r["top_logprobs"]) == 2 and r["logprob"] <= 0 for r in rows)
    assert text_of(got) in "".join(r["token"] for r in rows)
    assert ask(tiny)["output"][-1]["content"][0]["logprobs"] == []


ITEMS = [
    ([{"role": "user", "content": "a"}, {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "b"}]},
      {"role": "developer", "content": [{"type": "input_text", "text": "c"}]}, {"role": "user", "content": "d"}],
     [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "developer", "content": "c"}, {"role": "user", "content": "d"}]),
    ([{"role": "user", "content": "a"},
      {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "t"}]},
      {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": "b", "annotations": []}]},
      {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "add", "arguments": '{"a": 1}', "status": "completed"},
      {"type": "function_call", "call_id": "c2", "name": "add", "arguments": '{"a": 2}'},
      {"type": "function_call_output", "call_id": "c1", "output": "7"},
      {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "8"}]},
      {"type": "function_call", "call_id": "c3", "name": "add", "arguments": '{"a": 3}'},
      {"type": "function_call_output", "call_id": "c3", "output": "9"}],
     [{"role": "user", "content": "a"},
      {"role": "assistant", "content": "b", "reasoning_content": "t", "tool_calls": [
          {"id": f"c{i}", "type": "function", "function": {"name": "add", "arguments": '{"a": %d}' % i}} for i in (1, 2)]},
      {"role": "tool", "tool_call_id": "c1", "content": "7"}, {"role": "tool", "tool_call_id": "c2", "content": "8"},
      {"role": "assistant", "content": "", "tool_calls": [{"id": "c3", "type": "function", "function": {"name": "add", "arguments": '{"a": 3}'}}]},
      {"role": "tool", "tool_call_id": "c3", "content": "9"}]),
]


@pytest.mark.parametrize("items, messages", ITEMS, ids=["messages", "calls"])
def test_the_prompt_is_the_chat_s(tiny, items, messages):
    want, got = chat(tiny, messages, max_tokens=12), ask(tiny, input=items, max_output_tokens=12)
    message = want["choices"][0]["message"]
    assert got["usage"]["input_tokens"] == want["usage"]["prompt_tokens"]
    assert got["usage"]["input_tokens_details"]["cached_tokens"] >= (got["usage"]["input_tokens"] - 1) // 16 * 16  # the same tokens were there
    said = "".join(c["text"] for i in got["output"] if i["type"] == "reasoning" for c in i["content"])
    assert (text_of(got), said) == (message["content"] or "", message.get("reasoning_content") or "")


def test_going_on_from_a_reply(tiny):
    first = ask(tiny, instructions="Be brief.", tools=[ADD], tool_choice={"type": "function", "name": "add"}, reasoning={"effort": "none"})
    call = first["output"][-1]
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "42"}
    second = ask(tiny, input=[output], previous_response_id=first["id"], instructions="Be long.")
    again = ask(tiny, input=[*USER, call, output], instructions="Be long.")
    assert second["previous_response_id"] == first["id"] and plain(second["output"]) == plain(again["output"])
    assert second["usage"]["input_tokens"] == again["usage"]["input_tokens"]
    streamed = events(tiny, input="And 1 + 1?", previous_response_id=second["id"])[-1]["response"]
    third = ask(tiny, input="And 2 + 2?", previous_response_id=streamed["id"])
    assert third["usage"]["input_tokens"] > streamed["usage"]["input_tokens"] > second["usage"]["input_tokens"]


def test_kept_replies_are_read_and_deleted(tiny):
    got = ask(tiny)
    assert tiny.http.get("/v1/responses/" + got["id"]).json() == got
    streamed = events(tiny)[-1]["response"]
    assert tiny.http.get("/v1/responses/" + streamed["id"]).json() == streamed
    assert tiny.http.get("/v1/responses/" + got["id"] + "/").json() == got
    more = "/v1/responses/" + got["id"] + "/input_items"
    for reply in (tiny.http.get(more), tiny.http.delete(more)):
        assert reply.status_code == 404 and reply.json()["error"]["message"] == "no route " + more
    gone = tiny.http.delete("/v1/responses/" + got["id"])
    assert gone.json() == {"id": got["id"], "object": "response", "deleted": True}
    for reply in (tiny.http.get("/v1/responses/" + got["id"]), tiny.http.delete("/v1/responses/" + got["id"]), tiny.http.get("/v1/responses/x")):
        assert reply.status_code == 404 and reply.json()["error"]["code"] == "not_found"
    assert refuse(tiny, previous_response_id=got["id"])[0] == 404
    unkept = ask(tiny, store=False)
    assert unkept["store"] is False and tiny.http.get("/v1/responses/" + unkept["id"]).status_code == 404
    status, error = refuse(tiny, previous_response_id=unkept["id"])
    assert status == 404 and error["param"] == "previous_response_id"


def test_a_reply_belongs_to_its_key(start):
    server = start("--api-key", "one", "--api-key", "two", model=TINY)
    one, two = ({"Authorization": "Bearer " + k} for k in ("one", "two"))
    got = server.post("/v1/responses", {"input": "x", "max_output_tokens": 2}, headers=one).json()
    where = "/v1/responses/" + got["id"]
    assert server.http.get(where, headers=two).status_code == 404 and server.http.delete(where, headers=two).status_code == 404
    assert server.post("/v1/responses", {"input": "x", "previous_response_id": got["id"]}, headers=two).status_code == 404
    assert server.http.get(where, headers=one).status_code == 200 and server.http.get(where).status_code == 401


def test_the_oldest_go_first(start):
    server = start("--max-responses", "2", model=TINY)
    ids = [ask(server, max_output_tokens=1)["id"] for _ in range(3)]
    assert [server.http.get("/v1/responses/" + i).status_code for i in ids] == [404, 200, 200]


@pytest.mark.parametrize("settings", [["--max-responses", "0"], ["--max-response-bytes", "1K"]], ids=str)
def test_a_reply_says_whether_it_is_kept(start, settings):
    server = start(*settings, model=TINY)
    got, streamed = ask(server), events(server)[-1]["response"]
    assert got["store"] is streamed["store"] is False
    assert server.http.get("/v1/responses/" + got["id"]).status_code == 404


@pytest.mark.parametrize("body, param", [
    ({"input": None}, "input"),
    ({"input": 7}, "input"),
    ({"input": []}, "input"),
    ({"input": ["x"]}, "input[0]"),
    ({"input": [{"role": "robot", "content": "x"}]}, "input[0].role"),
    ({"input": [{"role": "user"}]}, "input[0].content"),
    ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]}, "input[0].content[0].type"),
    ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
    ({"input": [{"type": "function_call", "call_id": "a", "name": "b"}]}, "input[0].arguments"),
    ({"input": [{"type": "function_call_output", "output": "b"}]}, "input[0].call_id"),
    ({"input": [{"type": "reasoning", "summary": [{"type": "summary_text"}]}]}, "input[0].summary[0].text"),
    ({"input": [{"type": "reasoning", "summary": "x"}]}, "input[0].summary"),
    ({"input": [{"type": "reasoning", "summary": [], "content": "x"}]}, "input[0].content"),
    ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
    ({"tools": [{"type": "function"}]}, "tools[0].name"),
    ({"tools": [ADD, {**ADD, "strict": 1}]}, "tools[1].strict"),
    ({"tools": [{**ADD, "parameters": 3}]}, "tools[0].parameters"),
    ({"tools": [{**ADD, "parameters": {"type": "array"}}], "tool_choice": "required"}, "tools[0].parameters"),
    ({"tools": [{**ADD, "parameters": {"$ref": "#/x"}}], "tool_choice": "required"}, "tools[0].parameters"),
    ({"tools": [{**ADD, "shape": 1}]}, "tools[0].shape"),
    ({"tools": [ADD], "tool_choice": "some"}, "tool_choice"),
    ({"tools": [ADD], "tool_choice": {"type": "function", "name": "none_such"}}, "tool_choice"),
    ({"tools": [ADD], "tool_choice": {"type": "mcp"}}, "tool_choice.type"),
    ({"tools": [ADD], "tool_choice": {"type": "function", "name": "add", "shape": 1}}, "tool_choice.shape"),
    ({"tools": [ADD], "tool_choice": {**ALLOWED, "mode": "none"}}, "tool_choice.mode"),
    ({"tools": [ADD], "tool_choice": {**ALLOWED, "mode": 3}}, "tool_choice.mode"),
    ({"tools": [ADD], "tool_choice": {**ALLOWED, "shape": 3}}, "tool_choice.shape"),
    ({"tools": [ADD], "tool_choice": {**ALLOWED, "tools": []}}, "tool_choice.tools"),
    ({"tools": [ADD], "tool_choice": {**ALLOWED, "tools": [3]}}, "tool_choice.tools[0]"),
    ({"tools": [ADD], "tool_choice": {**ALLOWED, "tools": [{"type": "function"}]}}, "tool_choice.tools[0].name"),
    ({"tools": [ADD], "tool_choice": {**ALLOWED, "tools": [*ALLOWED["tools"], {"type": "mcp", "name": "add"}]}}, "tool_choice.tools[1].type"),
    ({"tools": [ADD], "tool_choice": {**ALLOWED, "tools": [{**ALLOWED["tools"][0], "shape": 1}]}}, "tool_choice.tools[0].shape"),
    ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
    ({"text": {"shape": 1}}, "text.shape"),
    ({"text": {"verbosity": "some"}}, "text.verbosity"),
    ({"text": {"verbosity": 3}}, "text.verbosity"),
    ({"reasoning": {"summary": "some"}}, "reasoning.summary"),
    ({"reasoning": {"summary": 3}}, "reasoning.summary"),
    ({"reasoning": {"generate_summary": "some"}}, "reasoning.generate_summary"),
    ({"reasoning": {"mode": 3}}, "reasoning.mode"),
    ({"metadata": {str(i): "" for i in range(17)}}, "metadata"),
    ({"metadata": {"a" * 65: ""}}, "metadata"),
    ({"metadata": {"a": "b" * 513}}, "metadata"),
    ({"metadata": {"a": 3}}, "metadata"),
    ({"metadata": {"a": None}}, "metadata"),
    ({"reasoning": {"effort": 3}}, "reasoning.effort"),
    ({"reasoning": {"effort": "bogus"}}, "reasoning.effort"),
    ({"include": [3]}, "include[0]"),
    ({"include": ["reasoning.encrypted_content", "zz"]}, "include[1]"),
    ({"truncation": "some"}, "truncation"),
    ({"background": True}, "background"),
    ({"max_output_tokens": 0}, "max_output_tokens"),
    ({"model": "nobody"}, "model"),
], ids=str)
def test_errors_name_the_client_s_field(tiny, body, param):
    status, error = refuse(tiny, **body)
    assert status in (400, 404) and error["param"] == param, error
