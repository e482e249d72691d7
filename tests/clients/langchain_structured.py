"""LangChain's with_structured_output, each of its methods, and bound tools.

SPDX-License-Identifier: Apache-2.0
"""

from common import BASE_URL, MODEL, QUESTION, Result, Step, check
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI

llm = ChatOpenAI(base_url=BASE_URL, api_key="none", model=MODEL, temperature=0, max_retries=0)


@check
def structured_output_by_default():
    assert isinstance(llm.with_structured_output(Result).invoke(QUESTION), Result)


@check
def structured_output_by_function_calling():
    assert isinstance(llm.with_structured_output(Result, method="function_calling").invoke(QUESTION), Result)


@check
def structured_output_by_a_strict_schema():
    assert isinstance(llm.with_structured_output(Result, method="json_schema", strict=True).invoke(QUESTION), Result)


@check
def structured_output_of_a_schema():
    got = llm.with_structured_output({"title": "answer", "type": "object", "properties": {"value": {"type": "integer"}}, "required": ["value"], "additionalProperties": False}).invoke(QUESTION)
    assert isinstance(got["value"], int)


@check
def structured_output_streams():
    pieces = list(llm.with_structured_output(Result).stream(QUESTION))
    assert isinstance(pieces[-1], Result)


@check
def bound_tools_are_called():
    for choice in ("any", "Step"):
        call = llm.bind_tools([Step], tool_choice=choice, parallel_tool_calls=False).invoke(QUESTION).tool_calls[0]
        assert call["name"] == "Step" and Step.model_validate(call["args"])


@check
def a_call_goes_back_with_its_result():
    bound = llm.bind_tools([Step], tool_choice="Step")
    message = bound.invoke(QUESTION)
    done = ToolMessage("done", tool_call_id=message.tool_calls[0]["id"])
    assert llm.bind_tools([Step]).invoke([HumanMessage(QUESTION), message, done]).type == "ai"
