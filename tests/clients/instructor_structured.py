"""instructor in its modes: tools (its default), a JSON schema, JSON.

SPDX-License-Identifier: Apache-2.0
"""

import instructor
import openai
from common import BASE_URL, MESSAGES, MODEL, Result, check

ASK = {"model": MODEL, "messages": MESSAGES, "temperature": 0, "max_retries": 0, "response_model": Result}


def client(mode):
    return instructor.from_openai(openai.OpenAI(base_url=BASE_URL, api_key="none", max_retries=0), mode=mode)


@check
def tools_by_default():
    got = instructor.from_openai(openai.OpenAI(base_url=BASE_URL, api_key="none", max_retries=0)).chat.completions.create(**ASK)
    assert isinstance(got, Result)


@check
def strict_tools():
    assert isinstance(client(instructor.Mode.TOOLS_STRICT).chat.completions.create(**ASK), Result)


@check
def a_json_schema():
    assert isinstance(client(instructor.Mode.JSON_SCHEMA).chat.completions.create(**ASK), Result)


@check
def from_a_provider():
    found = instructor.from_provider(f"openai/{MODEL}", base_url=BASE_URL, api_key="none")
    assert isinstance(found.chat.completions.create(messages=MESSAGES, temperature=0, max_retries=0, response_model=Result), Result)


@check
def partial_objects_stream():
    pieces = list(client(instructor.Mode.TOOLS).chat.completions.create_partial(**ASK))
    assert len(pieces) > 2 and pieces[-1].value is not None
