"""TRL's client of a vLLM server: texts, tokens, chats, tools, forms, a teacher's numbers.

Its weights go by NCCL from a GPU, which is no part of this. It asks whether vLLM's package is installed, for that; here it
is not, and the question is answered for it.

SPDX-License-Identifier: Apache-2.0
"""

import math
import re

import trl.generation.vllm_client as module
from common import BASE_URL, MODEL, QUESTION, check

module.is_vllm_available = lambda **kwargs: True
client = module.VLLMClient(base_url=BASE_URL.removesuffix("/v1"))
GREEDY = {"temperature": 0.0, "max_tokens": 24}
CHAT = [{"role": "user", "content": QUESTION}]


def check_samples(got, prompts, n, top):
    assert len(got["prompt_ids"]) == prompts and len(got["completion_ids"]) == prompts * n
    for ids, numbers, of in zip(got["completion_ids"], got["logprobs"], got["logprob_token_ids"], strict=True):
        assert len(ids) == len(numbers) == len(of) > 0
        for token, values, tokens in zip(ids, numbers, of, strict=True):
            assert token in tokens and max(1, top) <= len(values) <= top + 1 and values == sorted(values, reverse=True)
            assert all(math.isfinite(v) and v <= 0 for v in values)


@check
def it_knows_the_model():
    assert client.model == MODEL and client.get_world_size() == 1


@check
def texts():
    check_samples(client.generate([QUESTION, "What is 3 + 4?"], n=2, max_tokens=8, temperature=0.7, top_p=0.9, logprobs=3), 2, 2, 3)


@check
def tokens_as_they_were_texts():
    text = client.generate([QUESTION], **GREEDY)
    ids = client.generate(text["prompt_ids"], **GREEDY, generation_kwargs={"seed": 3})
    check_samples(ids, 1, 1, 0)
    assert ids["completion_ids"] == text["completion_ids"] and ids["logprobs"] == text["logprobs"]


@check
def a_regular_expression():
    got = client.generate([QUESTION], **GREEDY, structured_outputs_regex="[0-9]{3}")
    assert len(got["completion_ids"][0]) >= 1


@check
def chats():
    got = client.chat([CHAT, CHAT], n=2, max_tokens=8, logprobs=2, chat_template_kwargs={"enable_thinking": False})
    check_samples(got, 2, 2, 2)
    assert got["prompt_ids"][0] == got["prompt_ids"][1]


def add(a: int, b: int) -> int:
    """
    Adds two integers.

    Args:
        a: The first one.
        b: The second one.
    """
    return a + b


@check
def a_chat_with_a_tool_that_the_caller_parses():
    shown = "{% for t in tools or [] %}{{ t.function.description }}{% endfor %}{% for m in messages %}{{ m.content }}{% endfor %}"
    plain, tools = (client.chat([CHAT], **GREEDY, chat_template=shown, tools=t) for t in (None, [add]))
    assert len(tools["prompt_ids"][0]) > len(plain["prompt_ids"][0])  # the template sees them, tool_choice "none" or not


@check
def a_template_of_its_own():
    template = "{% for m in messages %}{{ m.content }}{% endfor %}"
    got = client.chat([CHAT], **GREEDY, chat_template=template)
    assert len(got["prompt_ids"][0]) < len(client.chat([CHAT], **GREEDY)["prompt_ids"][0])


@check
def a_teacher_s_numbers():
    got = client.generate([QUESTION], **GREEDY, logprobs=4)
    prompt, answer = got["prompt_ids"][0], got["completion_ids"][0]
    taught = client.get_sequence_logprobs([prompt + answer] * 3, [len(prompt)] * 3, top_logprobs=4, chunk_size=2)
    assert len(taught["logprobs"]) == 3 and [i[0] for i in taught["actual_token_ids"][0]] == answer
    assert [len(row) for row in taught["logprobs"][0]] == [4] * len(answer)
    for told, drawn in zip(taught["logprobs"][0], got["logprobs"][0], strict=True):
        assert all(abs(a - b) < 1e-4 for a, b in zip(told, drawn))


@check
def no_prefix_is_kept():
    client.reset_prefix_cache()


@check
def a_fault_is_told():
    try:
        client.generate([QUESTION], max_tokens=-5)
    except Exception as e:  # noqa: BLE001 - it raises this
        assert re.search("400.*max_tokens", str(e)), e
        return
    raise AssertionError("it was taken")
