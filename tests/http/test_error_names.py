"""Errors name the field that the client sent, in the shape that its dialect's clients look for.

SPDX-License-Identifier: Apache-2.0
"""

import pytest

LONG = "a b c d e f g h " * 600
IDS = [5] * 5000
PICKY = "{% for m in messages %}{% if m.role == 'narrator' or m.role != 'user' %}{{ raise_exception('no') }}{% endif %}{{ m.content }}{% endfor %}"
TALK = [{"role": "user", "content": LONG}]

NAMES = [
    # too long for the context: the engine finds it, and calls it the prompt
    ("/v1/completions", {"prompt": LONG}, "prompt"),
    ("/v1/completions", {"prompt": ["a", LONG]}, "prompt[1]"),
    ("/v1/completions", {"prompt": IDS}, "prompt"),
    ("/v1/chat/completions", {"messages": TALK}, "messages"),
    ("/inference/v1/generate", {"token_ids": IDS, "sampling_params": {"max_tokens": 4}}, "token_ids"),
    ("/generate", {"input_ids": IDS}, "input_ids"),
    ("/generate", {"input_ids": [[5], IDS]}, "input_ids[1]"),
    ("/generate", {"text": LONG}, "text"),
    ("/generate", {"text": ["a", "b", LONG]}, "text[2]"),
    ("/completion", {"prompt": LONG}, "prompt"),
    ("/generate/", {"prompts": ["a", LONG]}, "prompts[1]"),
    ("/chat/", {"messages": [TALK]}, "messages[0]"),
    ("/get_sequence_logprobs/", {"sequences": [[5, 6], IDS], "prompt_lengths": [1, 1]}, "sequences[1]"),
    # what is in a prompt
    ("/generate", {"input_ids": [5, 10**9]}, "input_ids[1]"),
    ("/inference/v1/generate", {"token_ids": [5, -1]}, "token_ids[1]"),
    ("/get_sequence_logprobs/", {"sequences": [5], "prompt_lengths": [1]}, "sequences[0]"),
    ("/get_sequence_logprobs/", {"sequences": [[5], 5], "prompt_lengths": [1, 1]}, "sequences[1]"),
    ("/chat/", {"messages": [[{"role": "user", "content": "a"}, {"role": 5}]]}, "messages[0][1].role"),
    # settings that contradict each other
    ("/v1/completions", {"prompt": "a", "min_tokens": 9, "max_tokens": 3}, "min_tokens"),
    ("/generate", {"text": "a", "sampling_params": {"min_new_tokens": 9, "max_new_tokens": 3}}, "sampling_params.min_new_tokens"),
    ("/inference/v1/generate", {"token_ids": [5], "sampling_params": {"min_tokens": 9, "max_tokens": 3}}, "sampling_params.min_tokens"),
    ("/generate/", {"prompts": ["a"], "max_tokens": 3, "generation_kwargs": {"min_tokens": 9}}, "generation_kwargs.min_tokens"),
    ("/generate", {"text": "a", "rid": "x" * 500}, "rid"),
    ("/generate", {"text": "a", "sampling_params": {"stop_token_ids": [10**9]}}, "sampling_params.stop_token_ids[0]"),
    ("/v1/completions", {"prompt": "a", "request_id": "x" * 500}, "request_id"),
    ("/inference/v1/generate", {"token_ids": [5], "sampling_params": {"logprobs": 10**6}}, "sampling_params.logprobs"),
    ("/v1/completions", {"prompt": "a", "structured_outputs": {"choice": 5}}, "structured_outputs.choice"),
    ("/v1/completions", {"prompt": "a", "structured_outputs": {"disable_any_whitespace": True}}, "structured_outputs"),
    ("/v1/completions", {"prompt": "a", "response_format": {"type": "x"}}, "response_format.type"),
    ("/v1/completions", {"prompt": "a", "stream": True, "stream_options": {"include_usage": 5}}, "stream_options.include_usage"),
    ("/v1/completions", {"prompt": "a", "structured_outputs": {"choice": []}}, "structured_outputs.choice"),
    ("/v1/completions", {"prompt": "a", "guided_choice": []}, "guided_choice"),
    ("/verify/pass_at_k", {"n": [4, 4], "c": 1, "k": [1, 5]}, "k[1]"),
    # messages without content
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": "a"}, {"role": "user"}]}, "messages[1].content"),
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": None}]}, "messages[0].content"),
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": "a"}, {"role": "assistant"}]}, "messages[1].content"),
    ("/v1/chat/completions", {"messages": [{"role": "system"}, {"role": "user", "content": "a"}]}, "messages[0].content"),
    ("/v1/chat/completions", {"messages": [{"role": "tool", "tool_call_id": "1"}]}, "messages[0].content"),
    ("/v1/messages", {"model": "", "max_tokens": 1, "messages": [{"role": "user", "content": []}]}, "messages[0].content"),
    ("/chat/", {"messages": [[{"role": "user"}]]}, "messages[0][0].content"),
    # an assistant's that says nothing in other words
    ("/v1/chat/completions", {"messages": [{"role": "assistant", "tool_calls": []}]}, "messages[0].content"),
    ("/v1/chat/completions", {"messages": [{"role": "assistant", "reasoning_content": ""}]}, "messages[0].content"),
    ("/v1/chat/completions", {"messages": [{"role": "assistant", "refusal": ""}]}, "messages[0].content"),
    # calls in the history
    *(("/v1/chat/completions", {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "tool_calls": [call]}]}, f"messages[1].tool_calls[0]{where}")
      for call, where in ((None, ""), (5, ""), ({}, ".function"), ({"function": None}, ".function"), ({"function": {"arguments": "{}"}}, ".function.name"),
                          ({"function": {"name": None, "arguments": "{}"}}, ".function.name"), ({"function": {"name": 5, "arguments": "{}"}}, ".function.name"))),
    # what a template refuses: the role that it does not speak of, where there is one
    *(("/v1/chat/completions", {"messages": [{"role": "user", "content": "a"}, {"role": role, "content": "b"}], "chat_template": PICKY}, param)
      for role, param in (("bogus", "messages[1].role"), ("assistant", "messages"), ("narrator", "messages"))),
    # shapes within
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": "a"}], "tools": [5]}, "tools[0]"),
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": "a"}], "tools": [{}]}, "tools[0].function"),
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": "a"}], "tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
    ("/get_reward", {"query": ["a"], "prompts": ["b"], "labels": 5}, "labels"),
    ("/get_reward", {"query": ["a", "b"], "labels": ["a"]}, "labels"),
    ("/get_reward", {"query": ["a", "b"], "labels": ["a", {"x": 1}]}, "labels[1]"),
    ("/get_reward", {"query": ["a", "b", "c"], "labels": [None, 5, ["a", []]]}, "labels[2][1]"),
    ("/remote_rm", {"response": "a", "label": {"x": 1}}, "label"),
    ("/get_reward", {"query": ["a"], "prompts": ["a", "a", "a"]}, "prompts"),
]


@pytest.mark.parametrize("path,body,param", NAMES, ids=[f"{i}-{n[0]}-{n[2]}" for i, n in enumerate(NAMES)])
def test_the_name_is_the_clients(server, path, body, param):
    reply = server.post(path, body)
    assert reply.status_code == 400, reply.text
    assert reply.json()["error"]["param"] == param, reply.text


@pytest.mark.parametrize("message", [
    {"content": None}, {"reasoning_content": "a"}, {"refusal": "a"},
    {"tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}])
def test_an_assistant_need_not_say_anything(server, message):
    talk = [{"role": "user", "content": "a"}, {"role": "assistant", **message}, {"role": "user", "content": "b"}]
    reply = server.post("/v1/chat/completions", {"messages": talk, "max_tokens": 1})
    assert reply.status_code == 200, reply.text


def test_ollamas_messages_may_lack_content(server):
    talk = [{"role": "user"}, {"role": "assistant", "thinking": "a"}, {"role": "user", "content": "b"}]
    reply = server.post("/api/chat", {"model": "", "messages": talk, "stream": False, "options": {"num_predict": 1}})
    assert reply.status_code == 200, reply.text


@pytest.mark.parametrize("field", [{"structured_outputs": {"choice": []}}, {"guided_choice": []}])
def test_no_choice_is_told_what_is_wanted(server, field):
    assert "at least one choice" in server.post("/v1/completions", {"prompt": "a", **field}).json()["error"]["message"]


SHAPES = [
    ("/v1/completions", {}),
    ("/verify", {}),
    ("/generate", {"success": False, "message": str}),
    ("/pause_generation", {"success": False, "message": str}),
    ("/generate/", {"detail": str}),
    ("/run_code", {"detail": str}),
    ("/execute_batch", {"detail": str}),
    ("/api/v2/execute", {"message": str}),
]


@pytest.mark.parametrize("path,beside", SHAPES)
def test_the_shape_is_the_dialects(server, path, beside):
    reply = server.http.post(path, content=b"{", headers={"Content-Type": "application/json"})
    assert reply.status_code == 400, reply.text
    body = reply.json()
    error = body.pop("error")
    assert error["code"] == "invalid_json" and error["type"] == "invalid_request_error" and error["param"] is None
    assert body == {k: error["message"] if v is str else v for k, v in beside.items()}


@pytest.mark.parametrize("path, field", [("/completion", "temperature"), ("/apply-template", "messages")])
def test_llama_servers_code_is_the_status(server, path, field):
    reply = server.post(path, {field: "colour"})
    error = reply.json()["error"]
    assert reply.status_code == 400 and error["code"] == 400 and error["name"] == "invalid_type"
    assert error["param"] == field and error["message"]
