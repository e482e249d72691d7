"""How long a model thinks: budgets under every name, and none at all, on the built-in model.

SPDX-License-Identifier: Apache-2.0
"""

import pytest

from conftest import TINY

USER = [{"role": "user", "content": "What is 12 + 30?"}]


def chat(server, **body):
    reply = server.post("/v1/chat/completions", {"messages": USER, "max_tokens": 300, "temperature": 0, "return_token_ids": True, **body})
    assert reply.status_code == 200, reply.text
    return reply.json()


def thought_tokens(got):
    return got["usage"]["completion_tokens_details"]["reasoning_tokens"]


def ids(server, text):
    return server.post("/tokenize", {"prompt": text, "add_special_tokens": False}).json()["tokens"]


@pytest.mark.parametrize("name", ["thinking_token_budget", "max_thinking_tokens", "thinking_budget", "thinking_budget_tokens", "reasoning_budget"])
def test_a_budget_closes_the_thoughts_with_the_model_s_own_tag(tiny, name):
    free, close = chat(tiny), ids(tiny, "</think>")
    for budget in (1, 4, 8):
        got = chat(tiny, **{name: budget})
        sampled = got["choices"][0]["token_ids"]
        assert thought_tokens(got) == budget + len(close) < thought_tokens(free)
        assert sampled[:budget] == free["choices"][0]["token_ids"][:budget]  # up to there as without
        assert sampled[budget:budget + len(close)] == close
        assert got["choices"][0]["message"]["content"] and got["choices"][0]["finish_reason"] == "stop"


def test_a_budget_that_is_not_reached_changes_nothing(tiny):
    free = chat(tiny, seed=5, temperature=1, logprobs=True)
    for budget in (thought_tokens(free), 250, -1):
        same = chat(tiny, seed=5, temperature=1, logprobs=True, thinking_token_budget=budget)
        assert same["choices"] == free["choices"] and same["usage"]["completion_tokens"] == free["usage"]["completion_tokens"]


def test_samples_are_closed_each_by_itself(tiny):
    got = chat(tiny, n=4, temperature=1.5, seed=3, thinking_token_budget=6)
    alone = [chat(tiny, n=1, temperature=1.5, seed=3, thinking_token_budget=6)["choices"][0]]
    assert got["choices"][0]["token_ids"] == alone[0]["token_ids"]
    close = ids(tiny, "</think>")
    assert thought_tokens(got) <= 4 * (6 + len(close))


def test_numbers_of_what_must_come(tiny):
    raw = chat(tiny, thinking_token_budget=4, logprobs=True, top_logprobs=0)["choices"][0]["logprobs"]["content"]
    drawn = chat(tiny, thinking_token_budget=4, logprobs=True, top_logprobs=0, logprobs_mode="processed")["choices"][0]["logprobs"]["content"]
    assert raw[4]["logprob"] < -0.1 and drawn[4]["logprob"] == 0  # the model's own; and the one way that was left


@pytest.mark.parametrize("more", [{"reasoning_effort": "none"}, {"enable_thinking": False}, {"thinking_token_budget": 0}], ids=str)
def test_no_thoughts(tiny, more):
    got = chat(tiny, **more)
    assert thought_tokens(got) == 0 and "reasoning_content" not in got["choices"][0]["message"]
    assert got["choices"][0]["message"]["content"]


def test_other_efforts_leave_the_thoughts(tiny):
    free = chat(tiny)["choices"]
    for more in ({"reasoning_effort": "low"}, {"enable_thinking": True}):
        assert chat(tiny, **more)["choices"] == free


def test_a_form_holds_behind_thoughts_that_were_closed(tiny):
    got = chat(tiny, thinking_token_budget=5, guided_choice=["yes", "no"])
    assert got["choices"][0]["message"]["content"] in ("yes", "no") and thought_tokens(got) == 5 + len(ids(tiny, "</think>"))


def test_plain_prompts_have_budgets(tiny):
    prompt = "<|im_start|>user\nWhat is 12 + 30?<|im_end|>\n<|im_start|>assistant\n"
    for begun in ("", "<think>\n"):
        got = tiny.complete(prompt=prompt + begun, max_tokens=100, temperature=0, thinking_token_budget=5, return_token_ids=True)
        said, close = got["choices"][0]["token_ids"], ids(tiny, "</think>")
        assert said[5:5 + len(close)] == close
    reply = tiny.post("/v1/completions", {"prompt": [prompt, prompt + "<think>\n"], "max_tokens": 9, "thinking_token_budget": 5})
    assert reply.status_code == 400 and reply.json()["error"]["param"] == "prompt"


@pytest.mark.parametrize("said", ["hi", "in", "t", "think", "k>", "I need", "need", "<think>", "assistant", "What is 1 + 1?"])
def test_begun_thoughts_are_known_whatever_the_user_said(tiny, said):
    user = {"role": "user", "content": said}
    answer = [{"role": "assistant", "content": "Hello."}]
    begun = {"role": "assistant", "content": "<think>\nI need"}
    for before in ([user], [{"role": "system", "content": "Be brief."}, user, *answer, user]):
        body = {"messages": [*before, begun], "max_tokens": 300, "temperature": 0}
        got = tiny.post("/v1/chat/completions", {**body, "continue_final_message": True, "add_generation_prompt": False}).json()
        message = got["choices"][0]["message"]
        assert thought_tokens(got) > 0 and "</think>" not in message["content"]
        got = tiny.post("/v1/messages", {**body, "model": "touchstone-tiny"}).json()
        assert "".join(part["text"] for part in got["content"] if part["type"] == "text") == message["content"]


@pytest.mark.parametrize("body, param", [
    ({"thinking_token_budget": -2}, "thinking_token_budget"),
    ({"thinking_budget": 1.5}, "thinking_budget"),
    ({"enable_thinking": "no"}, "enable_thinking"),
    ({"reasoning_effort": "bogus"}, "reasoning_effort"),
    ({"reasoning_effort": 3}, "reasoning_effort"),
    ({"max_thinking_tokens": 5, "stop_in_reasoning": True}, "max_thinking_tokens"),
], ids=str)
def test_errors(tiny, body, param):
    reply = tiny.post("/v1/chat/completions", {"messages": USER, **body})
    assert reply.status_code == 400 and reply.json()["error"]["param"] == param


def test_ollama_s_words(tiny):
    body = {"messages": USER, "model": "touchstone-tiny", "stream": False, "options": {"temperature": 0}}
    for think, thinks in (("none", False), ("low", True), ("", True), (True, True)):
        got = tiny.post("/api/chat", {**body, "think": think}).json()["message"]
        assert "42" in got["content"] and ("thinking" in got) == thinks, think
    reply = tiny.post("/api/chat", {**body, "think": "bogus"})
    assert reply.status_code == 400 and "think" in reply.text


def test_speculation_changes_no_token(tiny, start):
    plain = start("--no-speculate", model=TINY)
    for seed in range(3):
        body = {"temperature": 1, "seed": seed, "thinking_token_budget": 7}
        assert chat(tiny, **body)["choices"] == chat(plain, **body)["choices"]
