"""openai's parse(), its streams of parsed objects, tools strict and forced.

SPDX-License-Identifier: Apache-2.0
"""

import json

import openai
from common import BASE_URL, MESSAGES, MODEL, Result, Step, check

client = openai.OpenAI(base_url=BASE_URL, api_key="none", max_retries=0)
ASK = {"model": MODEL, "messages": MESSAGES, "temperature": 0}
TOOL = openai.pydantic_function_tool(Step, name="do_step")
NAMED = {"type": "function", "function": {"name": "do_step"}}


@check
def parse_gives_a_model():
    choice = client.chat.completions.parse(**ASK, response_format=Result).choices[0]
    assert isinstance(choice.message.parsed, Result) and choice.finish_reason == "stop"


@check
def a_stream_is_parsed():
    with client.chat.completions.stream(**ASK, response_format=Result) as stream:
        kinds = [event.type for event in stream]
        assert "content.delta" in kinds and "content.done" in kinds
        assert isinstance(stream.get_final_completion().choices[0].message.parsed, Result)


@check
def a_named_tool_is_called():
    choice = client.chat.completions.parse(**ASK, tools=[TOOL], tool_choice=NAMED).choices[0]
    assert [c.function.name for c in choice.message.tool_calls] == ["do_step"] and choice.finish_reason == "stop"
    assert isinstance(choice.message.tool_calls[0].function.parsed_arguments, Step)


@check
def a_tool_must_be_called():
    choice = client.chat.completions.create(**ASK, tools=[TOOL], tool_choice="required", parallel_tool_calls=False).choices[0]
    assert choice.finish_reason == "tool_calls" and len(choice.message.tool_calls) == 1
    Step.model_validate_json(choice.message.tool_calls[0].function.arguments)


@check
def calls_stream_as_they_are_written():
    with client.chat.completions.stream(**ASK, tools=[TOOL], tool_choice=NAMED) as stream:
        deltas = [e for e in stream if e.type == "tool_calls.function.arguments.delta"]
        message = stream.get_final_completion().choices[0].message
    assert len(deltas) > 2 and isinstance(message.tool_calls[0].function.parsed_arguments, Step)


@check
def a_call_goes_back_with_its_result():
    message = client.chat.completions.create(**ASK, tools=[TOOL], tool_choice=NAMED).choices[0].message
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": json.dumps({"done": True})}
    again = {**ASK, "messages": [*MESSAGES, message, result]}
    assert client.chat.completions.create(**again, tools=[TOOL]).choices[0].message.role == "assistant"


@check
def a_schema_that_cannot_be_kept_is_refused():
    schema = {"type": "string", "pattern": "(?<=a)b"}
    try:
        client.chat.completions.create(**ASK, response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}})
    except openai.BadRequestError as e:
        assert e.param == "response_format.json_schema.schema", e.param
        return
    raise AssertionError("it was not refused")
