"""pydantic-ai: an output type (a forced tool by default), native and prompted outputs, tools.

SPDX-License-Identifier: Apache-2.0
"""

from common import BASE_URL, MODEL, QUESTION, Result, check
from pydantic_ai import Agent, NativeOutput, ToolOutput
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

model = OpenAIChatModel(MODEL, provider=OpenAIProvider(base_url=BASE_URL, api_key="none"))
SETTINGS = {"temperature": 0, "parallel_tool_calls": False}


def agent(output_type):
    return Agent(model, output_type=output_type, model_settings=SETTINGS)


@check
def an_output_type():
    assert isinstance(agent(Result).run_sync(QUESTION).output, Result)


@check
def a_tool_output():
    assert isinstance(agent(ToolOutput(Result, name="answer", strict=True)).run_sync(QUESTION).output, Result)


@check
def a_native_output():
    assert isinstance(agent(NativeOutput(Result)).run_sync(QUESTION).output, Result)


@check
def an_output_streams():
    with_stream = agent(Result).run_stream_sync(QUESTION)
    assert isinstance(list(with_stream.stream_output())[-1], Result)


@check
def plain_text():
    assert agent(str).run_sync(QUESTION).output
