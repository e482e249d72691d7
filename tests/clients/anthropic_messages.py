"""Anthropic's Python package: messages, streams, tools, thoughts, counting, errors.

SPDX-License-Identifier: Apache-2.0
"""

import json

import anthropic
import common
from common import MESSAGES, MODEL, check

COLD = {"temperature": 0}  # which the package has no argument for
TOOL = {"name": "add", "description": "Adds two integers.", "input_schema": {
    "type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    "required": ["a", "b"], "additionalProperties": False}}
SCHEMA = {"type": "object", "properties": {"value": {"type": "integer", "minimum": 0, "maximum": 9999}},
          "required": ["value"], "additionalProperties": False}
client = anthropic.Anthropic(base_url=common.BASE_URL.removesuffix("/v1"), api_key="none", max_retries=0)


def create(**more):
    return client.messages.create(**{"model": MODEL, "max_tokens": 300, "messages": MESSAGES, "extra_body": COLD, **more})


@check
def a_message():
    m = create(system="Be brief.")
    assert m.type == "message" and m.role == "assistant" and m.id.startswith("msg_")
    assert [b.type for b in m.content] == ["text"] and "294" in m.content[0].text
    assert m.stop_reason == "end_turn" and m.usage.output_tokens > 0


@check
def blocks_and_thoughts():
    m = create(messages=[{"role": "user", "content": [{"type": "text", "text": MESSAGES[0]["content"], "cache_control": {"type": "ephemeral"}}]}],
               thinking={"type": "enabled", "budget_tokens": 200}, system=[{"type": "text", "text": "Be brief."}])
    assert [b.type for b in m.content] == ["thinking", "text"]
    assert m.content[0].signature and m.content[0].thinking
    again = create(messages=MESSAGES + [{"role": "assistant", "content": m.content}, {"role": "user", "content": "What is 3 + 4?"}])
    assert again.content[0].type == "text"


@check
def a_stream_with_helpers():
    with client.messages.stream(model=MODEL, extra_body=COLD, max_tokens=300, messages=MESSAGES, thinking={"type": "enabled", "budget_tokens": 200}) as s:
        text = "".join(s.text_stream)
        final = s.get_final_message()
    assert "294" in text and [b.type for b in final.content] == ["thinking", "text"]
    assert final.content[1].text == text and final.stop_reason == "end_turn" and final.usage.output_tokens > 0


@check
def raw_events_in_order():
    kinds = [e.type for e in create(stream=True)]
    assert kinds[0] == "message_start" and kinds[-2:] == ["message_delta", "message_stop"]
    assert kinds.count("content_block_start") == kinds.count("content_block_stop") == 1


@check
def a_forced_tool():
    m = create(tools=[TOOL], tool_choice={"type": "tool", "name": "add"})
    use = [b for b in m.content if b.type == "tool_use"]
    assert m.stop_reason == "tool_use" and len(use) == 1 and use[0].name == "add"
    assert set(use[0].input) == {"a", "b"}
    back = [{"role": "assistant", "content": m.content},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": use[0].id, "content": "7"}]}]
    assert create(messages=MESSAGES + back, tools=[TOOL]).stop_reason in ("end_turn", "tool_use", "max_tokens")


@check
def a_streamed_tool():
    with client.messages.stream(model=MODEL, extra_body=COLD, max_tokens=300, messages=MESSAGES, tools=[TOOL], tool_choice={"type": "any", "disable_parallel_tool_use": True}) as s:
        parts = [e.partial_json for e in s if e.type == "input_json"]
        final = s.get_final_message()
    use = [b for b in final.content if b.type == "tool_use"]
    assert len(use) == 1 and json.loads("".join(parts)) == use[0].input and final.stop_reason == "tool_use"


@check
def output_of_a_schema():
    m = create(output_config={"format": {"type": "json_schema", "schema": SCHEMA}})
    assert isinstance(json.loads(m.content[-1].text)["value"], int)


@check
def counting():
    n = client.messages.count_tokens(model=MODEL, messages=MESSAGES, system="Be brief.").input_tokens
    m = create(system="Be brief.")
    assert n == m.usage.input_tokens + m.usage.cache_read_input_tokens


@check
def an_error_is_the_package_s_own():
    try:
        create(messages=[{"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": "http://x/y.png"}}]}])
    except anthropic.BadRequestError as e:
        assert e.body["type"] == "error" and e.body["error"]["type"] == "invalid_request_error" and "image" in str(e)
    else:
        raise AssertionError("no error")
    try:
        create(model="nobody")
    except anthropic.NotFoundError as e:
        assert e.body["error"]["type"] == "not_found_error"
    else:
        raise AssertionError("no error")
