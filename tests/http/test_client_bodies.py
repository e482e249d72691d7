"""What client libraries send, word for word, without the libraries: the bodies that `make clients` kept.

SPDX-License-Identifier: Apache-2.0
"""

import json
import re

import pytest
from conftest import ROOT, Server

FILES = sorted((ROOT / "tests/data/clients").glob("*.json"))
REQUESTS = [(f.stem, i, r) for f in FILES for i, r in enumerate(json.loads(f.read_text())["requests"])]


@pytest.fixture(scope="module")
def builtin():
    s = Server(model=str(ROOT / "models/touchstone-tiny.gguf"))
    yield s
    s.stop()


def assemble(stream):
    """The message and finish reason of a streamed reply."""
    message, finish = {"content": "", "tool_calls": []}, None
    lines = [line.removeprefix("data: ") for line in stream.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    for line in lines[:-1]:
        for choice in json.loads(line)["choices"]:
            delta, finish = choice["delta"], choice["finish_reason"] or finish
            message["content"] += delta.get("content") or ""
            for call in delta.get("tool_calls", []):
                if call["index"] == len(message["tool_calls"]):
                    message["tool_calls"].append({"function": {"name": call["function"]["name"], "arguments": ""}})
                message["tool_calls"][call["index"]]["function"]["arguments"] += call["function"]["arguments"]
    return message, finish


def check_form(body, message, finish):
    """The answer keeps what the body asks for."""
    choice, calls = body.get("tool_choice"), message.get("tool_calls") or []
    if choice == "required" or isinstance(choice, dict):
        assert calls and finish == ("tool_calls" if choice == "required" else "stop")
        for call in calls:
            assert isinstance(json.loads(call["function"]["arguments"]), dict)
        if isinstance(choice, dict):
            assert [c["function"]["name"] for c in calls] == [choice["function"]["name"]]
    elif body.get("response_format", {}).get("type") in ("json_schema", "json_object"):
        assert calls or isinstance(json.loads(message["content"]), dict)
    elif "regex" in body:
        assert re.fullmatch(body["regex"], message["content"])
    elif "regex" in body.get("structured_outputs", {}):
        assert re.fullmatch(body["structured_outputs"]["regex"], message["content"])


def assemble_blocks(stream):
    """The blocks and the stop reason of a streamed reply of /v1/messages, whose events are in order."""
    blocks, open_, stop, kinds = [], None, None, []
    for event in stream.strip().split("\n\n"):
        name, data = event.split("\n", 1)
        said = json.loads(data.removeprefix("data: "))
        assert name == "event: " + said["type"]
        kinds.append(said["type"])
        if said["type"] == "content_block_start":
            assert open_ is None and said["index"] == len(blocks)
            open_ = {**said["content_block"], "json": ""}
        elif said["type"] == "content_block_delta":
            delta = said["delta"]
            for key, value in delta.items():
                if key != "type":
                    open_["json" if key == "partial_json" else key] += value
        elif said["type"] == "content_block_stop":
            if open_["type"] == "tool_use":
                open_["input"] = json.loads(open_["json"])
            blocks.append(open_)
            open_ = None
        elif said["type"] == "message_delta":
            stop = said["delta"]["stop_reason"]
    assert kinds[:2] == ["message_start", "ping"] and kinds[-2:] == ["message_delta", "message_stop"] and open_ is None
    return blocks, stop


def check_blocks(body, blocks, stop):
    """The blocks are of what the body asks for."""
    kinds = [b["type"] for b in blocks]
    assert "thinking" not in kinds or "thinking" in body
    if body.get("tool_choice", {}).get("type") in ("any", "tool"):
        assert "tool_use" in kinds and stop == "tool_use"
    if "format" in body.get("output_config", {}):
        assert isinstance(json.loads(blocks[-1]["text"]), dict)


def check_response(body, reply):
    """A reply of /v1/responses, whole or streamed."""
    got = reply.json() if not body.get("stream") else json.loads(reply.text.strip().split("\n\n")[-1].split("\ndata: ")[1])["response"]
    calls = [i for i in got["output"] if i["type"] == "function_call"]
    assert got["status"] == "completed"
    if body.get("tool_choice", "auto") != "auto":
        assert calls and all(isinstance(json.loads(c["arguments"]), dict) for c in calls)
    if body.get("text", {}).get("format", {}).get("type") == "json_schema":
        assert isinstance(json.loads(got["output"][-1]["content"][0]["text"]), dict)


def check_message(body, reply):
    """A reply of /v1/messages, whole or streamed."""
    if body.get("stream"):
        check_blocks(body, *assemble_blocks(reply.text))
    else:
        check_blocks(body, reply.json()["content"], reply.json()["stop_reason"])


@pytest.mark.parametrize("client, i, request_", REQUESTS, ids=[f"{c}-{i}" for c, i, _ in REQUESTS])
def test_replay(builtin, client, i, request_):
    body = request_["body"]
    reply = builtin.post(request_["path"], body)
    assert reply.status_code == 200, reply.text
    if request_["path"] == "/v1/messages":
        check_message(body, reply)
    if request_["path"] == "/v1/responses":
        check_response(body, reply)
    if not request_["path"].endswith("/chat/completions"):
        return
    if body.get("stream"):
        check_form(body, *assemble(reply.text))
    else:
        for choice in reply.json()["choices"]:
            check_form(body, choice["message"], choice["finish_reason"])


def test_bodies_were_kept():
    assert {"openai", "langchain", "instructor", "pydantic-ai", "outlines", "openai-js", "anthropic", "openai-responses"} <= {f.stem for f in FILES}
