"""inspect_ai: replies, tools, forms, log-probabilities and an evaluation, by two of its providers.

SPDX-License-Identifier: Apache-2.0
"""

import asyncio
import os
import tempfile

from common import BASE_URL, MODEL, QUESTION, check
from inspect_ai import Task, eval as evaluate
from inspect_ai.dataset import Sample
from inspect_ai.model import GenerateConfig, ResponseSchema, get_model
from inspect_ai.scorer import includes
from inspect_ai.solver import generate, use_tools
from inspect_ai.tool import ToolFunction, tool
from inspect_ai.util import json_schema
from pydantic import BaseModel

os.environ["INSPECT_DISPLAY"] = "none"
GREEDY = GenerateConfig(temperature=0, max_tokens=300, seed=3)


class Sum(BaseModel):
    """Of bounded length: what it passes on of a schema knows no maxLength."""

    value: int
    sure: bool


def model(provider, config=GREEDY, **args):
    return get_model(f"{provider}/{MODEL}", base_url=BASE_URL, api_key="none", config=config, memoize=False, **args)


def ask(m, **more):
    return asyncio.run(m.generate(QUESTION, **more))


@tool
def add():
    async def execute(a: int, b: int):
        """
        Adds two integers.

        Args:
            a: The first one.
            b: The second one.
        """
        return a + b

    return execute


@check
def a_reply_of_chat():
    out = ask(model("openai-api/touchstone"))
    assert "294" in out.completion and out.stop_reason == "stop" and out.usage.output_tokens > 0
    assert out.choices[0].message.content[0].type == "reasoning"


@check
def a_reply_of_responses():
    out = ask(model("openai", responses_api=True))
    assert "294" in out.completion and out.usage.input_tokens > 0


@check
def a_reply_of_messages():
    out = asyncio.run(get_model(f"anthropic/{MODEL}", base_url=BASE_URL.removesuffix("/v1"), api_key="none", config=GREEDY,
                                memoize=False).generate(QUESTION))
    assert "294" in out.completion


@check
def a_forced_tool():
    out = ask(model("openai-api/touchstone"), tools=[add()], tool_choice=ToolFunction(name="add"))
    calls = out.message.tool_calls
    assert len(calls) == 1 and calls[0].function == "add" and calls[0].parse_error is None


@check
def a_schema():
    schema = ResponseSchema(name="sum", json_schema=json_schema(Sum), strict=True)
    out = ask(model("openai-api/touchstone", GREEDY.merge(GenerateConfig(response_schema=schema))))
    Sum.model_validate_json(out.completion)


@check
def log_probabilities():
    out = ask(model("openai-api/touchstone", GenerateConfig(temperature=0, max_tokens=6, logprobs=True, top_logprobs=3)))
    tokens = out.choices[0].logprobs.content
    assert len(tokens) == 6 and out.stop_reason == "max_tokens" and all(len(t.top_logprobs) == 3 for t in tokens)


@check
def an_evaluation():
    rows = [Sample(input="What is 3 + 4?", target="7"), Sample(input=QUESTION, target="294")]
    task = Task(dataset=rows, solver=[use_tools(add(), tool_choice="none"), generate()], scorer=includes())
    with tempfile.TemporaryDirectory() as folder:
        log = evaluate(task, model=model("openai-api/touchstone"), log_dir=folder)[0]
    assert log.status == "success" and log.results.scores[0].metrics["accuracy"].value == 1, log.error
