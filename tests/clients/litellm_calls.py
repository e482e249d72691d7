"""LiteLLM: the same server by OpenAI's, Anthropic's and Ollama's names.

SPDX-License-Identifier: Apache-2.0
"""

import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # and not from the network

import litellm  # noqa: E402
from common import BASE_URL, MESSAGES, MODEL, QUESTION, Result, check  # noqa: E402

ROOT = BASE_URL.removesuffix("/v1")
OPENAI = {"model": "openai/" + MODEL, "api_base": BASE_URL, "api_key": "none", "max_tokens": 300, "temperature": 0}
ANTHROPIC = {"model": "anthropic/" + MODEL, "api_base": ROOT, "api_key": "none", "max_tokens": 300, "temperature": 0}
OLLAMA = {"model": "ollama_chat/" + MODEL, "api_base": ROOT, "max_tokens": 300, "temperature": 0}
TOOL = {"type": "function", "function": {"name": "add", "description": "Adds.", "parameters": {
    "type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}}}


def answers(where):
    whole = litellm.completion(**where, messages=MESSAGES)
    assert "294" in whole.choices[0].message.content and whole.usage.completion_tokens > 0
    parts = list(litellm.completion(**where, messages=MESSAGES, stream=True))
    assert "".join(p.choices[0].delta.content or "" for p in parts) == whole.choices[0].message.content


@check
def by_openai():
    answers(OPENAI)


@check
def by_anthropic():
    answers(ANTHROPIC)


@check
def by_ollama():
    answers(OLLAMA)


@check
def a_tool_by_openai_and_anthropic():
    for where in (OPENAI, ANTHROPIC):
        got = litellm.completion(**where, messages=MESSAGES, tools=[TOOL], tool_choice="required", parallel_tool_calls=False)
        assert got.choices[0].message.tool_calls[0].function.name == "add"


@check
def a_form():
    got = litellm.completion(**OPENAI, messages=MESSAGES, response_format=Result)
    assert isinstance(Result.model_validate_json(got.choices[0].message.content), Result)


@check
def embeddings():
    got = litellm.embedding(model="openai/" + MODEL, api_base=BASE_URL, api_key="none", input=["a", "b"])
    assert len(got.data) == 2 and len(got.data[0]["embedding"]) > 0


@check
def responses():
    got = litellm.responses(model="openai/" + MODEL, api_base=BASE_URL, api_key="none", input=QUESTION, max_output_tokens=300, temperature=0)
    assert got.status == "completed" and any(i.type == "message" for i in got.output)
