"""/v1/chat/completions: templates, messages, reasoning, log-probabilities, streams.

SPDX-License-Identifier: Apache-2.0
"""

import pytest

from test_completions import GREEDY, stream

USER = [{"role": "user", "content": "Hello"}]
PLAIN = (
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)


def chat(server, **body):
    reply = server.post("/v1/chat/completions", {"messages": USER, **body})
    assert reply.status_code == 200, reply.text
    return reply.json()


def render(server, **body):
    reply = server.post("/v1/chat/completions/render", {"messages": USER, "chat_template": PLAIN, **body})
    assert reply.status_code == 200, reply.text
    return reply.json()["prompt"]


def test_shape(server):
    reply = chat(server, max_tokens=5, ignore_eos=True)
    assert reply["object"] == "chat.completion" and reply["id"].startswith("chatcmpl-")
    [choice] = reply["choices"]
    assert choice["message"]["role"] == "assistant" and isinstance(choice["message"]["content"], str)
    assert "tool_calls" not in choice["message"]
    assert choice["finish_reason"] == "length"
    assert reply["usage"]["completion_tokens"] == 5


@pytest.mark.parametrize(
    "content, text",
    [
        ("Hi", "Hi"),
        ([{"type": "text", "text": "Hi"}], "Hi"),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "a\nb"),
        (["a", "b"], "a\nb"),
        ([], ""),
        ("", ""),
        ("naïve 日本 \u0000 🎉", "naïve 日本 \u0000 🎉"),
    ],
)
def test_content_forms(server, content, text):
    assert render(server, messages=[{"role": "user", "content": content}]) == f"[user]{text}[assistant]"


def test_template_variables(server):
    assert render(server, add_generation_prompt=False) == "[user]Hello"
    template = "{{ x }} {{ reasoning_effort }} {{ documents[0].t }} {{ tools[0].function.name }}"
    got = render(
        server,
        chat_template=template,
        chat_template_kwargs={"x": 7},
        reasoning_effort="high",
        documents=[{"t": "doc"}],
        tools=[{"type": "function", "function": {"name": "f"}}],
    )
    assert got == "7 high doc f"


def test_messages_as_templates_want_them(server):
    template = (
        "{% for m in messages %}{{ m.role }}:{{ m.content is none }}:"
        "{{ m.reasoning_content }}:{{ m.reasoning }}:{{ m.name }};"
        "{% for c in m.tool_calls or [] %}{{ c.function.arguments.x }}{% endfor %}{% endfor %}"
    )
    messages = [
        {"role": "user", "content": "a", "name": "Bob"},
        {
            "role": "assistant",
            "reasoning": "hm",
            "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"x": 5}'}}],
        },
        {"role": "tool", "content": "r", "tool_call_id": "1"},
        {"role": "assistant", "thinking": "so"},
    ]
    got = render(server, messages=messages, chat_template=template)
    assert got == "user:False:::Bob;assistant:True:hm:hm:;5tool:False:::;assistant:True:so:so:;"


def test_continue_final_message(server):
    messages = [*USER, {"role": "assistant", "content": "The answer "}]
    template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}</>{% endfor %}"
    body = {"messages": messages, "chat_template": template, "add_generation_prompt": False}
    assert render(server, **body) == "<user>Hello</><assistant>The answer </>"
    assert render(server, continue_final_message=True, **body) == "<user>Hello</><assistant>The answer "
    trimming = template.replace("m.content", "m.content.strip()")
    body["chat_template"] = trimming
    assert render(server, continue_final_message=True, **body) == "<user>Hello</><assistant>The answer"


def test_echo(server):
    messages = [*USER, {"role": "assistant", "content": "So: "}]
    body = {"messages": messages, "add_generation_prompt": False, "continue_final_message": True}
    body = {**body, "chat_template": PLAIN, "max_tokens": 4, **GREEDY}
    plain = chat(server, **body)["choices"][0]["message"]["content"]
    assert chat(server, echo=True, **body)["choices"][0]["message"]["content"] == "So: " + plain


def test_chat_is_its_rendered_completion(server):
    rendered = server.post("/v1/chat/completions/render", {"messages": USER}).json()
    body = {"max_tokens": 12, "seed": 8, "ignore_eos": True, "return_token_ids": True}
    reply = chat(server, **body)
    text = server.complete(prompt=rendered["token_ids"], **body)
    assert reply["prompt_token_ids"] == rendered["token_ids"]
    assert reply["choices"][0]["token_ids"] == text["choices"][0]["token_ids"]
    tokens = server.post("/tokenize", {"messages": USER}).json()["tokens"]
    assert tokens == rendered["token_ids"]


def test_stream_equals_whole(server):
    body = {"messages": USER, "n": 2, "max_tokens": 16, "seed": 5, "ignore_eos": True}
    extra = {"logprobs": True, "top_logprobs": 2, "return_token_ids": True}
    whole = chat(server, **body, **extra)
    chunks = stream(server, "/v1/chat/completions", **body, **extra)
    assert {c["object"] for c in chunks} == {"chat.completion.chunk"}
    for choice in whole["choices"]:
        mine = [x for k in chunks for x in k["choices"] if x["index"] == choice["index"]]
        assert mine[0]["delta"]["role"] == "assistant" and all("role" not in x["delta"] for x in mine[1:])
        assert "".join(x["delta"].get("content", "") for x in mine) == choice["message"]["content"]
        assert [e for x in mine if x["logprobs"] for e in x["logprobs"]["content"]] == choice["logprobs"]["content"]
        assert [t for x in mine for t in x["token_ids"]] == choice["token_ids"]
        assert mine[-1]["finish_reason"] == "length"


def test_logprobs(server):
    reply = chat(server, max_tokens=4, logprobs=True, top_logprobs=3, ignore_eos=True, prompt_logprobs=0)
    content = reply["choices"][0]["logprobs"]["content"]
    assert len(content) == 4
    for entry in content:
        assert set(entry) == {"token", "logprob", "bytes", "top_logprobs"}
        assert len(entry["top_logprobs"]) == 3
        best = [t["logprob"] for t in entry["top_logprobs"]]
        assert best == sorted(best, reverse=True)
    assert reply["prompt_logprobs"][0] is None
    assert chat(server, max_tokens=2)["choices"][0]["logprobs"] is None


def token(server, text):
    ids = server.post("/tokenize", {"prompt": text, "add_special_tokens": False}).json()["tokens"]
    return ids


def thinking(server):
    """A request whose prompt has opened the thoughts; the model may close them, or say a few letters."""
    close = token(server, "</think>")
    if len(close) != 1:
        pytest.skip("the model has no </think> token")
    letters = [token(server, c)[0] for c in "abcde"] + token(server, "\n")
    return {
        "chat_template": PLAIN + "<think>\n",
        "allowed_token_ids": letters + close,
        "skip_special_tokens": False,
        "max_tokens": 60,
        "ignore_eos": True,
        "logit_bias": {str(close[0]): 2},
    }


def test_reasoning(server):
    body = thinking(server)
    seen = 0
    for seed in range(12):
        raw = server.post("/v1/chat/completions/render", {"messages": USER, "chat_template": body["chat_template"]}).json()
        text = server.complete(
            prompt=raw["token_ids"], seed=seed, **{k: v for k, v in body.items() if k != "chat_template"}
        )["choices"][0]["text"]
        message = chat(server, seed=seed, **body)["choices"][0]["message"]
        thought, closed, answer = text.partition("</think>")
        seen += bool(closed)
        assert message.get("reasoning_content", "") == (thought.strip("\n") if closed else thought.lstrip("\n"))
        assert message.get("reasoning") == message.get("reasoning_content")
        assert message["content"] == answer.lstrip("\n")
        chunks = stream(server, "/v1/chat/completions", messages=USER, seed=seed, **body)
        deltas = [c["choices"][0]["delta"] for c in chunks]
        assert "".join(d.get("content", "") for d in deltas) == message["content"]
        assert "".join(d.get("reasoning_content", "") for d in deltas) == message.get("reasoning_content", "")
        quiet = chat(server, seed=seed, include_reasoning=False, **body)["choices"][0]["message"]
        assert "reasoning" not in quiet and quiet["content"] == message["content"]
    assert seen > 3, "the model hardly ever closed its thoughts: the test shows nothing"


def test_tool_choice(server):
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    chat(server, tools=tools, tool_choice="auto", max_tokens=1, parallel_tool_calls=False)


def test_a_template_that_refuses(server):
    reply = server.post(
        "/v1/chat/completions", {"messages": USER, "chat_template": "{{ raise_exception('no such role') }}"}
    )
    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == "template_error"
    assert "no such role" in reply.json()["error"]["message"]


def test_the_openai_client(server):
    client = server.client()
    reply = client.chat.completions.create(model="", messages=USER, max_completion_tokens=6, n=2, logprobs=True)
    assert len(reply.choices) == 2 and reply.choices[0].message.role == "assistant"
    chunks = list(
        client.chat.completions.create(
            model="", messages=USER, max_tokens=6, stream=True, stream_options={"include_usage": True}
        )
    )
    assert chunks[-1].usage.completion_tokens <= 6 and chunks[0].choices[0].delta.role == "assistant"
    reply = client.chat.completions.create(
        model="",
        messages=[{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
        max_tokens=2,
        reasoning_effort="low",
        response_format={"type": "text"},
        stop=["zzz"],
    )
    assert reply.choices[0].message.content is not None


def rendered(server, messages, template=None, **more):
    """The prompt that these messages make."""
    body = {"messages": messages, **more}
    if template is not None:
        body["chat_template"] = template
    reply = server.http.post("/apply-template", json=body)
    assert reply.status_code == 200, reply.text
    return reply.json()["prompt"]


ASKS_IN = '{% for m in messages %}{% if "tool_calls" in m %}{% for t in m.tool_calls %}T{% endfor %}{% else %}{{ m.content }}{% endif %}{% endfor %}'
CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def test_null_and_empty_members_of_messages_are_absent(server):
    for nothing in (None, []):
        assert rendered(server, [{"role": "assistant", "content": "x", "tool_calls": nothing}], ASKS_IN) == "x"
    plus = "{% for m in messages %}{{ m.role + m.content }}{% endfor %}"
    assert rendered(server, [{"role": "assistant", "content": None}, {"role": "user", "content": ""}], plus) == "assistantuser"
    every = "{% for m in messages %}{{ m.keys()|sort|join(' ') }}{% endfor %}"
    message = {"role": "assistant", "content": "a", "name": None, "refusal": None, "reasoning": None, "tool_calls": [{**CALL, "index": None}]}
    assert rendered(server, [message], every) == "content role tool_calls"
    parts = [{"type": "text", "text": None}, {"type": "thinking", "thinking": "a"}, {"type": "text", "text": "b"}]
    assert rendered(server, [{"role": "user", "content": parts}], "{{ messages[0].content }}") == "a\nb"


def test_content_stays_none_where_a_template_asks(server):
    calls = [{"role": "assistant", "content": None, "tool_calls": [CALL]}]
    for test in ("m.content is none", "m['content'] is not none", "m.content == None"):
        template = "{% for m in messages %}{{ " + test + " }}{% endfor %}"
        assert rendered(server, calls, template) == str("not" not in test)
    assert rendered(server, calls, "{{ messages[0].content == '' }}") == "True"


def test_a_reply_with_calls_goes_back_as_it_came(server):
    call = '<tool_call>{"name":"f","arguments":{"id":1234567890123456789,"x":1.0,"big":1e400}}</tool_call>'
    body = {
        "messages": [{"role": "user", "content": "x"}],
        "max_tokens": 120,
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "guided_choice": [call],
    }
    reply = server.http.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]
    assert reply["tool_calls"][0]["function"]["arguments"] == '{"id":1234567890123456789,"x":1.0,"big":1e400}'
    body["messages"] += [reply, {"role": "tool", "content": "y", "tool_call_id": reply["tool_calls"][0]["id"]}]
    template = "{{ messages[1].tool_calls[0].function.arguments|tojson }}"
    assert rendered(server, body["messages"], template) == '{"id": 1234567890123456789, "x": 1.0, "big": Infinity}'


def test_broken_arguments_in_the_history_are_none(server):
    for arguments in ("not json", "[1]", "", '{"a":1,"a":2}'):
        calls = [{"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": arguments}}]}]
        assert rendered(server, calls, "{{ messages[0].tool_calls[0].function.arguments }}") == "{}"


def test_numbers_of_tools_reach_the_template_as_they_were_written(server):
    body = b'{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"a":[1.0,1234567890123456789,1e16,1e5,-0.0,123456789012345678901]}}}],"chat_template":"{{ tools[0].function.parameters|tojson }}"}'
    reply = server.http.post("/apply-template", content=body, headers={"Content-Type": "application/json"})
    assert reply.json()["prompt"] == '{"a": [1.0, 1234567890123456789, 1e+16, 100000.0, -0.0, 123456789012345678901]}'
