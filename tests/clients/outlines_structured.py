"""outlines with its backends for vLLM, SGLang and OpenAI.

SPDX-License-Identifier: Apache-2.0
"""

from typing import Literal

import openai
import outlines
from common import BASE_URL, MODEL, QUESTION, Result, check

client = openai.OpenAI(base_url=BASE_URL, api_key="none", max_retries=0)
vllm = outlines.from_vllm(client, MODEL)
sglang = outlines.from_sglang(client, MODEL)
plain = outlines.from_openai(client, MODEL)
ASK = {"temperature": 0, "max_tokens": 500}


@check
def vllm_a_model():
    Result.model_validate_json(vllm(QUESTION, Result, **ASK))


@check
def vllm_a_choice():
    assert vllm(QUESTION, Literal["yes", "no"], **ASK) in ("yes", "no")


@check
def vllm_an_integer():
    assert int(vllm(QUESTION, outlines.types.Regex(r"[0-9]{1,4}"), **ASK)) >= 0


@check
def vllm_a_grammar():
    assert vllm(QUESTION, outlines.types.CFG('start: "a" | "b" "c"'), **ASK) in ("a", "bc")


@check
def sglang_a_model():
    Result.model_validate_json(sglang(QUESTION, Result, **ASK))


@check
def sglang_a_regular_expression():
    assert sglang(QUESTION, outlines.types.Regex("(yes|no)!"), **ASK) in ("yes!", "no!")


@check
def openai_a_model():
    Result.model_validate_json(plain(QUESTION, Result, **ASK))
