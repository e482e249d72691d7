"""openai's Responses: create, items, tools, parse(), streams, kept replies.

SPDX-License-Identifier: Apache-2.0
"""

import openai
from common import BASE_URL, MODEL, QUESTION, Result, check

client = openai.OpenAI(base_url=BASE_URL, api_key="none", max_retries=0)
ASK = {"model": MODEL, "temperature": 0, "max_output_tokens": 300}
TOOL = {"type": "function", "name": "add", "description": "Adds two integers.", "strict": True, "parameters": {
    "type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    "required": ["a", "b"], "additionalProperties": False}}
NAMED = {"type": "function", "name": "add"}


@check
def a_reply():
    r = client.responses.create(**ASK, input=QUESTION, instructions="Be brief.", metadata={"k": "v"})
    assert [i.type for i in r.output] == ["reasoning", "message"] and r.status == "completed"
    assert "294" in r.output_text and r.metadata == {"k": "v"} and r.usage.output_tokens_details.reasoning_tokens > 0


@check
def a_stream():
    with client.responses.stream(**ASK, input=QUESTION) as s:
        kinds = [e.type for e in s]
        final = s.get_final_response()
    assert kinds[0] == "response.created" and kinds[-1] == "response.completed" and "response.output_text.delta" in kinds
    assert "294" in final.output_text


@check
def parse_gives_a_model():
    r = client.responses.parse(**ASK, input=QUESTION, text_format=Result)
    assert isinstance(r.output_parsed, Result)


@check
def a_forced_tool_and_its_output():
    items = [{"role": "user", "content": QUESTION}]
    r = client.responses.create(**ASK, input=items, tools=[TOOL], tool_choice=NAMED)
    calls = [i for i in r.output if i.type == "function_call"]
    assert len(calls) == 1 and calls[0].name == "add" and calls[0].status == "completed"
    items += [i.to_dict() for i in r.output] + [{"type": "function_call_output", "call_id": calls[0].call_id, "output": "7"}]
    assert client.responses.create(**ASK, input=items, tools=[TOOL]).status == "completed"


@check
def a_streamed_tool():
    with client.responses.stream(**ASK, input=QUESTION, tools=[TOOL], tool_choice="required", parallel_tool_calls=False) as s:
        deltas = [e.delta for e in s if e.type == "response.function_call_arguments.delta"]
        final = s.get_final_response()
    calls = [i for i in final.output if i.type == "function_call"]
    assert len(calls) == 1 and "".join(deltas) == calls[0].arguments


@check
def kept_replies():
    first = client.responses.create(**ASK, input=QUESTION)
    assert client.responses.retrieve(first.id).output_text == first.output_text
    second = client.responses.create(**ASK, input="What is 3 + 4?", previous_response_id=first.id)
    assert second.usage.input_tokens > first.usage.input_tokens and second.previous_response_id == first.id
    client.responses.delete(first.id)
    try:
        client.responses.retrieve(first.id)
    except openai.NotFoundError:
        return
    raise AssertionError("it is still there")


@check
def nothing_is_kept_without_store():
    r = client.responses.create(**ASK, input=QUESTION, store=False, reasoning={"effort": "none"})
    assert [i.type for i in r.output] == ["message"]
    try:
        client.responses.create(**ASK, input="x", previous_response_id=r.id)
    except openai.NotFoundError as e:
        assert e.body["param"] == "previous_response_id"
        return
    raise AssertionError("it is there")
