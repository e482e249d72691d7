"""What trainers and their environments send beside the usual fields (docs/rl_clients.md), on the built-in model.

SPDX-License-Identifier: Apache-2.0
"""

import time

import pytest

from conftest import ROOT, Server

TINY = str(ROOT / "models/touchstone-tiny.gguf")
USER = [{"role": "user", "content": "What is 12 + 30?"}]


@pytest.fixture(scope="module")
def tiny():
    server = Server("--threads", "2", model=TINY)
    yield server
    server.stop()


def chat(server, messages, **body):
    reply = server.post("/v1/chat/completions", {"messages": messages, "max_tokens": 60, "temperature": 0, "return_token_ids": True, **body})
    assert reply.status_code == 200, reply.text
    return reply.json()


@pytest.mark.parametrize("max_tokens", [60, 5])
def test_nemo_s_required_prefix(tiny, max_tokens):
    """The next turn's prompt begins with the ids that were sampled, whatever the template makes of their text."""
    first = chat(tiny, USER, max_tokens=max_tokens, temperature=1, seed=1)
    sampled = first["choices"][0]["token_ids"]
    prefix = first["prompt_token_ids"] + sampled
    history = [*USER, {"role": "assistant", "content": first["choices"][0]["message"]["content"] or "."}, {"role": "user", "content": "And 1 + 1?"}]
    plain = chat(tiny, history)["prompt_token_ids"]
    got = chat(tiny, history, required_prefix_token_ids=prefix)
    ids, eos = got["prompt_token_ids"], first["choices"][0]["token_ids"][-1] if first["choices"][0]["finish_reason"] == "stop" else None
    assert ids[:len(prefix)] == prefix
    rest = ids[len(prefix) - (eos is not None):]
    assert plain[-len(rest):] == rest and got["usage"]["prompt_tokens"] == len(ids)
    tail = tiny.post("/detokenize", {"tokens": rest}).json()["prompt"]
    assert tail.startswith("<|im_end|>") and "And 1 + 1?" in tail and "What is 12" not in tail


def test_a_required_prefix_needs_a_turn_to_end_with(tiny):
    reply = tiny.post("/v1/chat/completions", {"messages": USER, "required_prefix_token_ids": [5]})
    assert reply.status_code == 400 and reply.json()["error"]["param"] == "required_prefix_token_ids"
    reply = tiny.post("/tokenize", {"messages": USER, "required_prefix_token_ids": [5]})
    assert reply.status_code == 400 and reply.json()["error"]["param"] == "required_prefix_token_ids"
    assert chat(tiny, USER, required_prefix_token_ids=[])["prompt_token_ids"] == chat(tiny, USER)["prompt_token_ids"]


def test_a_required_prefix_of_a_long_talk(tiny):
    """Finding what was said before is no slower than what else is done with the messages."""
    body = {"messages": [{"role": "assistant", "content": ""}] + [{"role": "user", "content": ""}] * 65000, "max_tokens": 2,
            "chat_template": "x<|im_end|>y"}
    took = []
    for more in ({}, {"required_prefix_token_ids": [1, 2, 3]}):
        began = time.monotonic()
        assert tiny.post("/v1/chat/completions", {**body, **more}).status_code == 200
        took.append(time.monotonic() - began)
    assert took[1] < 3 * took[0] + 1


def test_verifiers_bridged_turn(tiny):
    body = {"token_ids": [5, 6, 7], "sampling_params": {"max_tokens": 2, "logprobs": 1, "routed_experts_prompt_start": 1, "skip_special_tokens": False}}
    reply = tiny.post("/inference/v1/generate", body)
    assert reply.status_code == 200 and "routed_experts_prompt_start" in reply.headers["x-ignored-fields"]


def test_words_for_a_prompt_that_is_too_long(tiny):
    for path, body in (("/v1/completions", {"prompt": "x " * 3000}), ("/v1/chat/completions", {"messages": [{"role": "user", "content": "x " * 3000}]}),
                       ("/v1/responses", {"input": "x " * 3000}), ("/v1/embeddings", {"input": "x " * 3000})):
        reply = tiny.post(path, body)
        assert reply.status_code == 400 and "maximum context length" in reply.json()["error"]["message"]


def test_slime_s_custom_params_are_refused_by_name(tiny):
    reply = tiny.post("/generate", {"text": "a", "sampling_params": {"max_new_tokens": 1, "custom_params": {"return_top_p_token_ids": True}}})
    assert reply.status_code == 400 and reply.json()["error"]["param"] == "sampling_params.custom_params"


def test_nemo_gym_s_mask(tiny):
    body = {"response": {"output": [{"type": "message", "content": [{"type": "output_text", "text": "\\boxed{1}"}]}]}, "expected_answer": "\\frac{"}
    got = tiny.post("/verify", body).json()
    assert got["reward"] == 0 and got["mask_sample"] is True and got["failure_kind"] == "verifier_error" and got["failure_reason"]


def test_seeds_up_to_63_bits(tiny):
    ask = {"prompt": "a", "max_tokens": 8, "temperature": 1}
    one, two = (tiny.complete(**ask, seed=2**62 + s)["choices"][0]["text"] for s in (12345, 12346))
    assert one != two and one == tiny.complete(**ask, seed=2**62 + 12345)["choices"][0]["text"]
