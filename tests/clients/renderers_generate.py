"""renderers, by which verifiers and prime-rl sample: tokens to tokens, with a turn that goes on from sampled ids.

Its renderer is the caller's: here one whose tokens the server makes, since the built-in model's template is no family's.

SPDX-License-Identifier: Apache-2.0
"""

import asyncio
import json
import urllib.request
from types import SimpleNamespace

import openai
from common import BASE_URL, MODEL, QUESTION, check
from renderers.client import OverlongPromptError, generate

ROOT = BASE_URL.removesuffix("/v1")
END = "<|im_end|>"


def post(path, **body):
    request = urllib.request.Request(ROOT + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def tokens(text):
    return post("/tokenize", prompt=text, add_special_tokens=False)["tokens"]


class Served:
    """A renderer of one template."""

    supports_tools = False

    def get_stop_token_ids(self):
        return tokens(END)

    def parse_response(self, ids, prompt_ids=None, tools=None):
        text = post("/detokenize", tokens=ids)["prompt"]
        return SimpleNamespace(content=text, reasoning_content=None, tool_calls=[], reasoning_complete=True)


def sample(prompt_ids, **more):
    async def ask():
        async with openai.AsyncOpenAI(base_url=BASE_URL, api_key="none", max_retries=0) as client:
            return await generate(client=client, renderer=Served(), messages=[], model=MODEL, prompt_ids=prompt_ids, **more)

    return asyncio.run(ask())


PROMPT = tokens(f"<|im_start|>user\n{QUESTION}{END}\n<|im_start|>assistant\n")
GREEDY = {"temperature": 0, "max_tokens": 300}


@check
def a_turn():
    got = sample(PROMPT, sampling_params=GREEDY)
    assert "294" in got["content"] and got["finish_reason"] == "stop" and got["prompt_ids"] == PROMPT
    assert len(got["completion_ids"]) == len(got["completion_logprobs"]) and max(got["completion_logprobs"]) <= 0


@check
def a_turn_that_goes_on_from_sampled_ids():
    first = sample(PROMPT, sampling_params=GREEDY)["completion_ids"]
    more = PROMPT + first + tokens(f"\n<|im_start|>user\nWhat is 3 + 4?{END}\n<|im_start|>assistant\n")
    got = sample(more, sampling_params={**GREEDY, "seed": 3, "top_p": 1, "top_k": -1, "min_p": 0}, cache_salt="0", priority=-1,
                 extra_headers={"X-Session-ID": "rollout-1"})
    assert got["finish_reason"] == "stop" and len(got["completion_ids"]) > 0


@check
def a_turn_that_is_cut():
    assert sample(PROMPT, sampling_params={"temperature": 1, "max_tokens": 3, "min_tokens": 3})["finish_reason"] == "length"


@check
def a_prompt_that_is_too_long_is_known_before():
    try:
        sample(PROMPT * 2000, sampling_params=GREEDY)
    except OverlongPromptError:
        return
    raise AssertionError("it was sent")
