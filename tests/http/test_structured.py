"""Outputs of a form that the request names, and calls of tools.

The model has random weights: what it writes under a constraint is the constraint's doing.

SPDX-License-Identifier: Apache-2.0
"""

import json
import re

import pytest

CHOICES = ["positive", "negative", "neither of them", "日本語"]
USER = [{"role": "user", "content": "Well?"}]
TOOLS = [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}]
CALL = '<tool_call>\n{"name": "look_up", "arguments": {"word": "naïve", "n": [1, 2]}}\n</tool_call>'


@pytest.mark.parametrize("how", [{"structured_outputs": {"choice": CHOICES}}, {"guided_choice": CHOICES}])
def test_choice(server, how):
    reply = server.complete(prompt="Well?", n=32, max_tokens=40, seed=5, temperature=20, **how)
    texts = [c["text"] for c in reply["choices"]]
    assert set(texts) <= set(CHOICES) and len(set(texts)) > 1
    assert {c["finish_reason"] for c in reply["choices"]} == {"stop"}


def test_choice_is_the_same_alone_and_drafted(server, start):
    body = {"prompt": [5, 6, 7], "n": 8, "max_tokens": 40, "seed": 3, "guided_choice": CHOICES, "logprobs": 0}
    want = server.complete(**body)["choices"]
    assert start("--no-speculate", "--threads", "1").complete(**body)["choices"] == want


def bias(server):
    """Random weights seldom end an object by themselves."""
    ids = [server.post("/tokenize", {"prompt": t, "add_special_tokens": False}).json()["tokens"] for t in '":},1']
    return {str(i[0]): 6 for i in ids if len(i) == 1}


@pytest.mark.parametrize(
    "how", [{"response_format": {"type": "json_object"}}, {"structured_outputs": {"json_object": True}}]
)
def test_json_object(server, how):
    reply = server.complete(prompt="JSON:", n=32, max_tokens=200, seed=9, logit_bias=bias(server), **how)
    ended = [c["text"] for c in reply["choices"] if c["finish_reason"] == "stop"]
    assert len(ended) >= 8, "hardly any object was finished: the test shows nothing"
    assert all(isinstance(json.loads(t), dict) for t in ended)
    assert any(json.loads(t) for t in ended)


def test_chat_answers_in_json(server):
    body = {"messages": USER, "max_tokens": 200, "n": 16, "seed": 2, "logit_bias": bias(server)}
    reply = server.post("/v1/chat/completions", {**body, "response_format": {"type": "json_object"}}).json()
    ended = [c["message"]["content"] for c in reply["choices"] if c["finish_reason"] == "stop"]
    assert ended and all(isinstance(json.loads(t), dict) for t in ended)


def test_white_space_is_bounded(server):
    """Between two tokens: nothing, one blank, or a new line and at most 40 blanks and tabs."""
    ids = [server.post("/tokenize", {"prompt": t, "add_special_tokens": False}).json()["tokens"] for t in (" ", "\n", "\t")]
    push = {str(i[-1]): 12 for i in ids}
    reply = server.complete(prompt="JSON:", n=16, max_tokens=120, seed=4, temperature=2, logit_bias=push,
                            response_format={"type": "json_object"})
    for choice in reply["choices"]:
        bare = re.sub(r'"(\\.|[^"\\])*("|$)', '"', choice["text"])
        assert all(re.fullmatch(r" |\n[ \t]{0,40}", space) for space in re.findall(r"\s+", bare)), choice["text"]


SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 5},
        "n": {"type": "integer", "minimum": -5, "maximum": 120},
        "tags": {"type": "array", "items": {"enum": ["a", "é", {"deep": [1.5]}]}, "minItems": 1, "maxItems": 2},
    },
    "required": ["name", "n", "tags"],
    "additionalProperties": False,
}


def satisfies(text):
    """By hand: the name's length with its pattern, the bounds, the items, the order of keys."""
    value = json.loads(text)
    return (
        list(value) == ["name", "n", "tags"]
        and re.fullmatch("[a-z]{2,5}", value["name"]) is not None
        and type(value["n"]) is int
        and -5 <= value["n"] <= 120
        and 1 <= len(value["tags"]) <= 2
        and all(tag in ["a", "é", {"deep": [1.5]}] for tag in value["tags"])
    )


@pytest.mark.parametrize(
    "how",
    [
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA, "strict": True}}},
        {"response_format": {"type": "json_object", "schema": SCHEMA}},
        {"structured_outputs": {"json": SCHEMA}},
        {"guided_json": json.dumps(SCHEMA)},
    ],
)
def test_schema(server, how):
    reply = server.complete(prompt="JSON:", n=12, max_tokens=300, seed=9, temperature=2, **how)
    ended = [c["text"] for c in reply["choices"] if c["finish_reason"] == "stop"]
    assert len(ended) >= 6, "hardly any was finished: the test shows nothing"
    assert all(satisfies(t) for t in ended)


@pytest.mark.parametrize(
    "how, pattern",
    [
        ({"structured_outputs": {"regex": "[ab]{3}-\\d+"}}, "[ab]{3}-[0-9]+"),
        ({"guided_regex": "é|x{0,3}y?"}, "é|x{0,3}y?"),
        ({"structured_outputs": {"grammar": 'root ::= pair ("," pair)*\npair ::= [a-c] "=" [0-9]{1,2}'}}, "[abc]=[0-9]{1,2}(,[abc]=[0-9]{1,2})*"),
        ({"guided_grammar": 'start: "yes" | "no" N\nN: /[1-3]+/'}, "yes|no[123]+"),
    ],
)
def test_patterns_and_grammars(server, how, pattern):
    reply = server.complete(prompt="x", n=16, max_tokens=60, seed=3, temperature=2, **how)
    ended = [c["text"] for c in reply["choices"] if c["finish_reason"] == "stop"]
    assert len(ended) >= 8 and all(re.fullmatch(pattern, t) for t in ended)


def test_other_dialects(server):
    params = {"max_new_tokens": 60, "temperature": 2, "sampling_seed": 1}
    for field, value, pattern in (
        ("regex", "[ab]{3}", "[ab]{3}"),
        ("ebnf", 'root ::= "x" [0-9]', "x[0-9]"),
        ("json_schema", json.dumps({"const": ["a"]}), r'\[\s*"a"\s*\]'),
    ):
        reply = server.post("/generate", {"text": "x", "sampling_params": {**params, field: value}}).json()
        assert re.fullmatch(pattern, reply["text"]), reply
    for field, value, pattern in (("grammar", 'root ::= "yes" | "no"', "yes|no"), ("json_schema", {"enum": [7]}, "7")):
        reply = server.post("/completion", {"prompt": "x", "n_predict": 20, field: value}).json()
        assert re.fullmatch(pattern, reply["content"]), reply


def test_a_form_for_each_prompt(server):
    params = [{"temperature": 2, "max_new_tokens": 20, "regex": pattern} for pattern in ("[ab]{3}", "[0-9]{4}")]
    reply = server.post("/generate", {"text": ["x", "x"], "sampling_params": params}).json()
    assert re.fullmatch("[ab]{3}", reply[0]["text"]) and re.fullmatch("[0-9]{4}", reply[1]["text"])
    params[1]["regex"] = "(?<=a)b"
    error = server.post("/generate", {"text": ["x", "x"], "sampling_params": params}).json()["error"]
    assert error["param"] == "sampling_params[1].regex"


def test_a_form_is_the_same_alone_drafted_and_cached(server, start):
    body = {"prompt": [5, 6, 7], "n": 4, "max_tokens": 80, "seed": 3, "temperature": 1.5, "guided_json": SCHEMA, "logprobs": 0}
    want = server.complete(**body)["choices"]
    assert server.complete(**body)["choices"] == want
    assert start("--no-speculate", "--threads", "1", "--no-prefix-cache").complete(**body)["choices"] == want


def score(server, text, **form):
    body = {"max_tokens": 1, "temperature": 0, "prompt_logprobs": 1, "logprobs_mode": "processed_logprobs", **form}
    ids = server.post("/tokenize", {"prompt": text, "add_special_tokens": False}).json()["tokens"]
    return ids, server.complete(prompt=ids, **body)["choices"][0]


def test_a_text_scored_under_a_form(server):
    """What a form lets through is likelier under it; what it refuses has no probability, from there on."""
    ids, reply = score(server, "negative", guided_choice=["negative"])
    assert all(reply["prompt_logprobs"][1:]) and len(reply["prompt_logprobs"]) == len(ids)
    assert "refused_at" not in reply
    good, bad = '{"word":"x","n":[1,2]}', '{"word":"x","n":[1,}}}'
    ids, reply = score(server, good, response_format={"type": "json_object"})
    raw = server.complete(prompt=ids, max_tokens=1, prompt_logprobs=0)["choices"][0]["prompt_logprobs"]
    for position, (under, own) in enumerate(zip(reply["prompt_logprobs"], raw)):
        if position > 0:
            assert under[str(ids[position])]["logprob"] >= own[str(ids[position])]["logprob"] - 1e-6
    ids, reply = score(server, bad, response_format={"type": "json_object"})
    missing = [i for i, p in enumerate(reply["prompt_logprobs"]) if p is None]
    at = reply["refused_at"]
    assert missing == [0, *range(at, len(ids))] and 0 < at < len(ids)
    text = server.post("/detokenize", {"tokens": ids[: at + 1]}).json()["prompt"]
    assert good.startswith(text[: text.index("1,") + 2]) and "}" in text


def test_length_leaves_a_prefix(server):
    reply = server.complete(prompt="x", n=8, max_tokens=3, seed=1, temperature=2, guided_json=SCHEMA)
    for choice in reply["choices"]:
        assert choice["finish_reason"] == "length"
        assert re.match(r"\{\s*($|\")", choice["text"]), choice["text"]


@pytest.mark.parametrize(
    "body, code, param",
    [
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, "missing_field", "response_format.json_schema.schema"),
        ({"response_format": {"type": "json_schema"}}, "missing_field", "response_format.json_schema"),
        ({"response_format": {"type": "json_schema", "json_schema": {"schema": {"uniqueItems": True}}}}, "unsupported", "response_format.json_schema.schema"),
        ({"response_format": {"type": "json_schema", "json_schema": {"schema": {"enum": []}}}}, "invalid_value", "response_format.json_schema.schema"),
        ({"response_format": {"type": "json_schema", "json_schema": {"schema": {"format": "x"}, "strict": True}}}, "unsupported", "response_format.json_schema.schema"),
        ({"response_format": {"type": "json_schema", "json_schema": {"schema": {}, "strikt": True}}}, "unknown_field", "response_format.json_schema.strikt"),
        ({"response_format": {"type": "xml"}}, "unsupported", "response_format.type"),
        ({"structured_outputs": {"regex": "(?<=a)b"}}, "unsupported", "structured_outputs.regex"),
        ({"structured_outputs": {"regex": "a", "choice": ["a"]}}, "invalid_value", "structured_outputs.choice"),
        ({"structured_outputs": {"json": {"$ref": "#/nowhere"}}}, "unsupported", "structured_outputs.json"),
        ({"structured_outputs": {"json": "{"}}, "invalid_json", "structured_outputs.json"),
        ({"structured_outputs": {"json": 5}}, "invalid_type", "structured_outputs.json"),
        ({"structured_outputs": {"grammar": "x"}}, "invalid_value", "structured_outputs.grammar"),
        ({"guided_regex": "("}, "invalid_value", "guided_regex"),
        ({"structured_outputs": {"disable_any_whitespace": True}}, "missing_field", "structured_outputs"),
        ({"structured_outputs": {"regex": ""}}, "invalid_value", "structured_outputs.regex"),
        ({"structured_outputs": {"grammar": ""}}, "invalid_value", "structured_outputs.grammar"),
        ({"structured_outputs": {"json": "", "json_object": False}}, "invalid_value", "structured_outputs.json"),
        ({"structured_outputs": {"choice": []}}, "invalid_value", "structured_outputs.choice"),
        ({"structured_outputs": {"choice": ["a", ""]}}, "invalid_type", "structured_outputs.choice[1]"),
        ({"structured_outputs": {"choice": ["a", 5]}}, "invalid_type", "structured_outputs.choice[1]"),
        ({"structured_outputs": {"other": 1}}, "unknown_field", "structured_outputs.other"),
        ({"guided_choice": "a"}, "invalid_type", "guided_choice"),
        ({"guided_choice": ["a"], "min_tokens": 2}, "invalid_value", "min_tokens"),
        ({"guided_choice": ["a"], "ignore_eos": True}, "invalid_value", "ignore_eos"),
        ({"guided_choice": ["a"], "allowed_token_ids": [1]}, "invalid_value", "allowed_token_ids"),
    ],
)
def test_what_is_refused_is_named(server, body, code, param):
    reply = server.post("/v1/completions", {"prompt": "x", "max_tokens": 8, **body})
    assert reply.status_code == 400
    assert (reply.json()["error"]["code"], reply.json()["error"]["param"]) == (code, param)


def test_a_mask_that_leaves_nothing(server):
    ends = server.complete(prompt="x", max_tokens=1, guided_choice=["a"], return_token_ids=True, n=8)
    assert ends["choices"]
    body = {"prompt": "x", "max_tokens": 8, "min_tokens": 2, "allowed_token_ids": [7], "stop_token_ids": [7]}
    reply = server.post("/v1/completions", body)
    assert reply.status_code == 400 and reply.json()["error"]["param"] == "allowed_token_ids"
    bias = {str(i): -100 for i in range(server.http.get("/v1/models").json()["data"][0]["meta"]["n_vocab"])}
    assert server.complete(prompt="x", max_tokens=4, logit_bias=bias, ignore_eos=True)["usage"]["completion_tokens"] == 4


# ---- tools ----


def called(server, text, **body):
    """A chat whose answer is this text."""
    asked = {"messages": USER, "tools": TOOLS, "guided_choice": [text], "max_tokens": 200, **body}
    reply = server.post("/v1/chat/completions", asked)
    assert reply.status_code == 200, reply.text
    return reply.json()["choices"][0]


def check_calls(calls, n):
    assert len(calls) == n and len({c["id"] for c in calls}) == n
    for c in calls:
        assert c["type"] == "function" and c["function"]["name"] == "look_up"
        assert json.loads(c["function"]["arguments"]) == {"word": "naïve", "n": [1, 2]}


def test_tool_calls(server):
    choice = called(server, CALL)
    assert choice["finish_reason"] == "tool_calls" and choice["message"]["content"] is None
    check_calls(choice["message"]["tool_calls"], 1)
    choice = called(server, "Let me see.\n" + CALL + "\n" + CALL)
    assert choice["message"]["content"] == "Let me see."
    check_calls(choice["message"]["tool_calls"], 2)


def test_no_calls(server):
    for body in ({"tool_choice": "none"}, {"tools": None}):
        choice = called(server, CALL, **body)
        assert choice["message"]["content"] == CALL and "tool_calls" not in choice["message"]
        assert choice["finish_reason"] == "stop"
    broken = "<tool_call>look_up()</tool_call>"
    assert called(server, broken)["message"]["content"] == broken


def test_tool_calls_of_the_openai_client(server):
    """Whole and streamed; and the call goes back as a message."""
    ask = dict(model="", messages=USER, tools=TOOLS, max_tokens=200, extra_body={"guided_choice": ["So: " + CALL]})
    create = server.client().chat.completions.create
    message = create(**ask).choices[0].message
    assert message.tool_calls[0].function.name == "look_up"
    text, calls, finish = "", [], None
    for chunk in create(**ask, stream=True):
        delta = chunk.choices[0].delta
        text += delta.content or ""
        calls += delta.tool_calls or []
        finish = chunk.choices[0].finish_reason or finish
    assert text == "So:" and finish == "tool_calls" and {c.index for c in calls} == {0}
    assert calls[0].function.name == "look_up" and not any(c.id for c in calls[1:])
    assert "".join(c.function.arguments for c in calls) == message.tool_calls[0].function.arguments
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "found"}
    again = {**ask, "messages": [*USER, message.model_dump(exclude_none=True), result]}
    assert create(**again).choices[0].message.tool_calls
