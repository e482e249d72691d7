"""Ollama's Python package: chat, generate, thoughts, forms, tools, embeddings, models.

SPDX-License-Identifier: Apache-2.0
"""

import json

import common
import ollama
from common import MESSAGES, MODEL, QUESTION, Result, check

client = ollama.Client(host=common.BASE_URL.removesuffix("/v1"))
COLD = {"temperature": 0, "num_predict": 300}


def add(a: int, b: int) -> int:
    """Adds two integers.

    Args:
        a: The first.
        b: The second.
    """
    return a + b


@check
def a_chat_and_its_stream():
    whole = client.chat(model=MODEL, messages=MESSAGES, options=COLD)
    parts = list(client.chat(model=MODEL, messages=MESSAGES, options=COLD, stream=True))
    assert "294" in whole.message.content and "".join(p.message.content or "" for p in parts) == whole.message.content
    assert parts[-1].done and parts[-1].eval_count == whole.eval_count > 0


@check
def thoughts_or_none():
    assert client.chat(model=MODEL, messages=MESSAGES, options=COLD, think=True).message.thinking
    assert not client.chat(model=MODEL, messages=MESSAGES, options=COLD, think=False).message.thinking


@check
def generate():
    assert "294" in client.generate(model=MODEL, prompt=QUESTION, options=COLD).response
    assert client.generate(model=MODEL, prompt="", keep_alive="5m").done_reason == "load"


@check
def a_form():
    got = client.chat(model=MODEL, messages=MESSAGES, options=COLD, format=Result.model_json_schema())
    assert isinstance(Result.model_validate_json(got.message.content), Result)
    assert isinstance(json.loads(client.chat(model=MODEL, messages=MESSAGES, options={**COLD, "num_predict": 60}, format="json").message.content or "{}"), dict)


@check
def tools_are_offered():
    got = client.chat(model=MODEL, messages=MESSAGES, options=COLD, tools=[add])
    assert got.message.role == "assistant" and got.done


@check
def embeddings():
    got = client.embed(model=MODEL, input=["a", "b"])
    assert len(got.embeddings) == 2 and len(got.embeddings[0]) == len(got.embeddings[1]) > 0
    assert len(client.embeddings(model=MODEL, prompt="a").embedding) == len(got.embeddings[0])


@check
def models():
    assert [m.model for m in client.list().models] == [MODEL + ":latest"]
    assert client.ps().models[0].model == MODEL + ":latest"
    assert "completion" in client.show(MODEL).capabilities
    assert client.pull(MODEL).status == "success"


@check
def an_error_is_the_package_s_own():
    try:
        client.chat(model="nobody", messages=MESSAGES)
    except ollama.ResponseError as e:
        assert e.status_code == 404 and "nobody" in e.error
        return
    raise AssertionError("no error")
