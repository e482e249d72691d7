"""Calls of tools: forced and found, in every family's form, whole and streamed; thoughts before them.

The model has random weights: what it writes under a constraint is the constraint's doing.

SPDX-License-Identifier: Apache-2.0
"""

import json

import pytest

FORMATS = ["hermes", "qwen3_coder", "deepseek_v3", "deepseek_v31", "mistral_args", "mistral", "harmony", "llama3"]
ALONE = ["harmony", "llama3"]  # families that write one call
USER = [{"role": "user", "content": "Well?"}]
WEATHER = {
    "name": "get_weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string", "minLength": 1, "maxLength": 6}, "days": {"type": "integer", "minimum": 1, "maximum": 9}},
        "required": ["city", "days"],
        "additionalProperties": False,
    },
}
LOOK_UP = {
    "name": "look_up",
    "parameters": {"type": "object", "properties": {"word": {"enum": ["a", "b c"]}}, "required": ["word"], "additionalProperties": False},
}
TOOLS = [{"type": "function", "function": f} for f in (WEATHER, LOOK_UP)]
BUILTIN = "models/touchstone-tiny.gguf"
# A model of random weights opens thoughts where it may, and closes them never: here they are over.
QUIET = "{% for m in messages %}{{ m.content }}{% endfor %}<think>\n\n</think>\n\n"


def named(name):
    return {"type": "function", "function": {"name": name}}


def chat(server, **body):
    reply = server.post("/v1/chat/completions", {"messages": USER, "max_tokens": 300, "temperature": 2, "seed": 7, "chat_template": QUIET, **body})
    assert reply.status_code == 200, reply.text
    return reply.json()


def check_call(function):
    """By hand: the schemas of TOOLS."""
    arguments = json.loads(function["arguments"])
    if function["name"] == "look_up":
        assert list(arguments) == ["word"] and arguments["word"] in ("a", "b c"), function
        return
    assert function["name"] == "get_weather" and list(arguments) == ["city", "days"], function
    assert isinstance(arguments["city"], str) and 1 <= len(arguments["city"]) <= 6, function
    assert type(arguments["days"]) is int and 1 <= arguments["days"] <= 9, function


def functions(choice):
    return [call["function"] for call in choice["message"].get("tool_calls", [])]


@pytest.fixture(scope="module", params=FORMATS)
def family(request):
    from conftest import Server

    s = Server("--tool-format", request.param, "--max-choices", "64")
    yield request.param, s
    s.stop()


def test_required(family):
    name, server = family
    reply = chat(server, tools=TOOLS, tool_choice="required", n=12)
    whole = [c for c in reply["choices"] if c["finish_reason"] == "tool_calls"]
    assert len(whole) >= 6, "hardly any was finished: the test shows nothing"
    for choice in whole:
        assert choice["message"]["content"] is None and functions(choice)
    for choice in reply["choices"]:
        for function in functions(choice):
            check_call(function)
    if name not in ALONE:
        assert max(len(functions(c)) for c in reply["choices"]) > 1


def test_one_call_at_most(family):
    reply = chat(family[1], tools=TOOLS, tool_choice="required", parallel_tool_calls=False, n=8)
    whole = [c for c in reply["choices"] if c["finish_reason"] == "tool_calls"]
    assert len(whole) >= 4 and all(len(functions(c)) == 1 for c in whole)


def test_named(family):
    reply = chat(family[1], tools=TOOLS, tool_choice=named("look_up"), n=8)
    for choice in reply["choices"]:
        assert choice["finish_reason"] == "stop", choice
        assert [f["name"] for f in functions(choice)] == ["look_up"]
        check_call(functions(choice)[0])


def test_allowed_tools(family):
    choice = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [named("look_up")]}}
    reply = chat(family[1], tools=TOOLS, tool_choice=choice, n=6, parallel_tool_calls=False)
    names = {f["name"] for c in reply["choices"] for f in functions(c)}
    assert names == {"look_up"}


def test_strict_tools_leave_the_answer_free(family):
    strict = [{"type": "function", "function": {**WEATHER, "strict": True}}, TOOLS[1]]
    reply = chat(family[1], tools=strict, max_tokens=20, n=8)
    assert len({c["message"]["content"] for c in reply["choices"]}) >= 6


def streamed(server, **body):
    """(content, [[name, arguments, number of deltas]], finish reason, ids) of a streamed reply."""
    client = server.client()
    content, calls, finish, ids = "", [], None, []
    extra = {"chat_template": QUIET, **body.pop("extra_body", {})}
    options = {"messages": USER, "max_tokens": 300, "temperature": 2, "seed": 7, "extra_body": extra, **body}
    for chunk in client.chat.completions.create(model=client.models.list().data[0].id, stream=True, **options):
        for choice in chunk.choices:
            content += choice.delta.content or ""
            finish = choice.finish_reason or finish
            for call in choice.delta.tool_calls or []:
                if call.id is not None:
                    assert call.index == len(calls) and call.type == "function"
                    calls.append([call.function.name, "", 0])
                    ids.append(call.id)
                calls[call.index][1] += call.function.arguments
                calls[call.index][2] += 1
    assert len(set(ids)) == len(ids)
    return content, calls, finish, ids


def test_a_stream_says_the_same(family):
    whole = chat(family[1], tools=TOOLS, tool_choice=named("get_weather"))["choices"][0]
    content, calls, finish, _ = streamed(family[1], tools=TOOLS, tool_choice=named("get_weather"))
    assert content == "" and finish == whole["finish_reason"] == "stop"
    assert [(n, a) for n, a, _ in calls] == [(f["name"], f["arguments"]) for f in functions(whole)]
    assert calls[0][2] >= 3, "the arguments came at once"


def test_an_answer_of_a_form_or_calls(family):
    schema = {"type": "object", "properties": {"x": {"enum": [1, 2]}}, "required": ["x"], "additionalProperties": False}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    reply = chat(family[1], tools=TOOLS, response_format=form, n=8, parallel_tool_calls=False)
    for choice in reply["choices"]:
        for function in functions(choice):
            json.loads(function["arguments"])
        if choice["finish_reason"] == "stop":
            assert json.loads(choice["message"]["content"])["x"] in (1, 2)


TEXTS = {
    "hermes": 'So. <tool_call>\n{"name": "get_weather", "arguments": {"n": 1.50}}\n</tool_call>',
    "qwen3_coder": "So. <tool_call>\n<function=get_weather>\n<parameter=n>\n1.50\n</parameter>\n</function>\n</tool_call>",
    "mistral": 'So. [TOOL_CALLS][{"name": "get_weather", "arguments": {"n": 1.50}}]',
    "mistral_args": 'So. [TOOL_CALLS]get_weather[ARGS]{"n": 1.50}',
    "llama3": '{"name": "get_weather", "parameters": {"n": 1.50}}',
}


@pytest.mark.parametrize("stream", [False, True])
def test_found(family, stream):
    name, server = family
    if name not in TEXTS:
        pytest.skip("its marks are tested in tests/unit")
    body = {"tools": TOOLS, "max_tokens": 200}
    if stream:
        content, calls, finish, _ = streamed(server, **body, extra_body={"guided_choice": [TEXTS[name]]})
        calls = [call[:2] for call in calls]
    else:
        choice = chat(server, **body, guided_choice=[TEXTS[name]])["choices"][0]
        content, finish = choice["message"]["content"] or "", choice["finish_reason"]
        calls = [[f["name"], f["arguments"]] for f in functions(choice)]
    assert calls == [["get_weather", '{"n": 1.50}']] and finish == "tool_calls"
    assert content == ("" if name == "llama3" else "So.")


def test_what_is_no_call_is_text(server):
    text = '<tool_call>{"name": "unknown", "arguments": {}}</tool_call>'
    choice = chat(server, tools=TOOLS, guided_choice=[text])["choices"][0]
    assert choice["message"]["content"] == text and "tool_calls" not in choice["message"]
    choice = chat(server, tools=TOOLS, tool_choice="none", guided_choice=[text.replace("unknown", "look_up")])["choices"][0]
    assert "tool_calls" not in choice["message"] and choice["finish_reason"] == "stop"


def test_two_calls_of_one(server):
    call = '<tool_call>{"name": "look_up", "arguments": {"word": "a"}}</tool_call>'
    body = {"tools": TOOLS, "guided_choice": [call + "\n" + call]}
    assert len(functions(chat(server, **body)["choices"][0])) == 2
    assert len(functions(chat(server, **body, parallel_tool_calls=False)["choices"][0])) == 1


ERRORS = [
    ({"tools": [5]}, "tools[0]"),
    ({"tools": [{}]}, "tools[0].function"),
    ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
    ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
    ({"tools": [{"type": "function", "function": {"name": "f", "stict": True}}]}, "tools[0].function.stict"),
    ({"tools": [{"type": "function", "function": {"name": "f", "strict": 1}}]}, "tools[0].function.strict"),
    ({"tools": [{"type": "function", "function": {"name": "f", "parameters": []}}]}, "tools[0].function.parameters"),
    ({"tools": TOOLS, "tool_choice": "any"}, "tool_choice"),
    ({"tools": TOOLS, "tool_choice": 5}, "tool_choice"),
    ({"tools": TOOLS, "tool_choice": {}}, "tool_choice.type"),
    ({"tools": TOOLS, "tool_choice": {"type": "custom"}}, "tool_choice.type"),
    ({"tools": TOOLS, "tool_choice": {"type": "function"}}, "tool_choice.function"),
    ({"tools": TOOLS, "tool_choice": {**named("look_up"), "strict": True}}, "tool_choice.strict"),
    ({"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "look_up", "x": 1}}}, "tool_choice.function.x"),
    ({"tools": TOOLS, "tool_choice": named("nope")}, "tool_choice"),
    ({"tools": [], "tool_choice": "required"}, "tool_choice"),
    ({"tool_choice": named("look_up")}, "tool_choice"),
    ({"tools": TOOLS, "tool_choice": "required", "guided_regex": "a"}, "tool_choice"),
    ({"tools": [{"type": "function", "function": {**LOOK_UP, "strict": True}}], "guided_regex": "a"}, "tools"),
    (
        {"tools": TOOLS, "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "none", "tools": [named("look_up")]}}},
        "tool_choice.allowed_tools.mode",
    ),
    (
        {"tools": TOOLS, "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [named("nope")]}}},
        "tool_choice",
    ),
    ({"tools": TOOLS, "parallel_tool_calls": 1}, "parallel_tool_calls"),
    (
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"a": {"pattern": "(?<=a)b"}}}}}], "tool_choice": "required"},
        "tools[0].function.parameters",
    ),
    ({"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "array"}}}], "tool_choice": "required"}, "tools[0].function.parameters"),
    ({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}, "strict": True}}, "response_format.strict"),
    ({"response_format": {"type": "json_object", "json_schema": {"schema": {}}}}, "response_format.json_schema"),
    ({"response_format": {"type": "structural_tag"}}, "response_format.structures"),
    ({"response_format": {"type": "structural_tag", "format": {"type": "any_text", "x": 1}}}, "response_format.format.x"),
]


@pytest.mark.parametrize("body, param", ERRORS, ids=[str(i) for i in range(len(ERRORS))])
def test_errors_name_the_field(server, body, param):
    reply = server.post("/v1/chat/completions", {"messages": USER, "max_tokens": 5, **body})
    assert reply.status_code == 400, reply.text
    assert reply.json()["error"]["param"] == param, reply.text


# ---- structural tags ----

SCHEMA = {"type": "object", "properties": {"n": {"enum": [1, 2]}}, "required": ["n"], "additionalProperties": False}
TAG = {"begin": "<f>", "end": "</f>"}


@pytest.mark.parametrize(
    "how",
    [
        {"structured_outputs": {"structural_tag": {"type": "structural_tag", "format": {"type": "tag", **TAG, "content": {"type": "json_schema", "json_schema": SCHEMA}}}}},
        {"structured_outputs": {"structural_tag": json.dumps({"type": "structural_tag", "format": {"type": "tag", **TAG, "content": {"type": "json_schema", "json_schema": SCHEMA}}})}},
        {
            "response_format": {
                "type": "structural_tag",
                "format": {
                    "type": "triggered_tags",
                    "triggers": ["<f"],
                    "tags": [{"type": "tag", **TAG, "content": {"type": "json_schema", "json_schema": SCHEMA}}],
                    "at_least_one": True,
                    "stop_after_first": True,
                },
            }
        },
    ],
)
def test_structural_tags(server, how):
    reply = server.complete(prompt="x", n=8, max_tokens=200, temperature=2, seed=3, **how)
    whole = [c["text"] for c in reply["choices"] if c["finish_reason"] == "stop"]
    assert len(whole) >= 4
    for text in whole:
        assert text.startswith("<f>") and text.endswith("</f>")
        assert json.loads(text[3:-4])["n"] in (1, 2)


def test_older_structural_tags(server):
    how = {"type": "structural_tag", "structures": [{**TAG, "schema": SCHEMA}], "triggers": ["<f"]}
    reply = server.complete(prompt="x", n=8, seed=3, max_tokens=30, temperature=2, response_format=how)
    assert len({c["text"] for c in reply["choices"]}) >= 6, "free text is free"


# ---- thoughts ----


@pytest.fixture(scope="module")
def thinker():
    from conftest import ROOT, Server

    s = Server(model=str(ROOT / BUILTIN))
    yield s
    s.stop()


def thinks(server, **body):
    asked = [{"role": "user", "content": "What is 3 * 4?"}]
    return chat(server, **{"temperature": 0, "messages": asked, "chat_template": None, **body})["choices"][0]


@pytest.mark.parametrize("prime", ["", "<think>\n"])
def test_thoughts_are_free_before_a_form(thinker, prime):
    """The model opens its thoughts itself, or the template has."""
    template = "{% for m in messages %}<|im_start|>user\n{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n" + prime
    template = {"chat_template": template} if prime else {}
    for how in ({"response_format": {"type": "json_object"}}, {"tools": TOOLS, "tool_choice": named("look_up")}):
        choice = thinks(thinker, **how, **template)
        message = choice["message"]
        assert "3 * 4" in message["reasoning_content"], choice
        assert choice["finish_reason"] == "stop"
        if "tools" in how:
            check_call(functions(choice)[0])
        else:
            assert isinstance(json.loads(message["content"]), dict)


def test_a_prefill_stands_inside_thoughts(thinker):
    talk = [{"role": "user", "content": "What is 3 * 4?"}, {"role": "assistant", "content": "<think>\nI need to work out 3 * 4."}]
    choice = thinks(thinker, messages=talk, continue_final_message=True, add_generation_prompt=False, response_format={"type": "json_object"})
    assert choice["message"]["reasoning_content"] and isinstance(json.loads(choice["message"]["content"]), dict)
    talk[1]["content"] = "Here it is: "
    choice = thinks(thinker, messages=talk, continue_final_message=True, add_generation_prompt=False, response_format={"type": "json_object"})
    assert "reasoning_content" not in choice["message"] and isinstance(json.loads(choice["message"]["content"]), dict)


def test_a_completion_may_think_where_the_caller_says_so(thinker):
    prompt = thinker.post("/v1/chat/completions/render", {"messages": [{"role": "user", "content": "What is 3 * 4?"}]}).json()["prompt"]
    body = {"max_tokens": 300, "temperature": 0, "guided_regex": "[0-9]{2}"}
    assert len(thinker.complete(prompt=prompt, **body)["choices"][0]["text"]) == 2
    for prompt in (prompt, prompt + "<think>\n"):
        text = thinker.complete(prompt=prompt, require_reasoning=True, **body)["choices"][0]["text"]
        thought, answer = text.split("</think>")
        assert "3 * 4" in thought and len(answer.strip()) == 2
    ids = thinker.post("/tokenize", {"prompt": prompt, "add_special_tokens": False}).json()["tokens"]
    text = thinker.complete(prompt=ids, require_reasoning=True, **body)["choices"][0]["text"]
    assert "</think>" in text
    params = {"temperature": 0, "max_new_tokens": 300, "regex": "[0-9]{2}"}
    text = thinker.post("/generate", {"text": prompt, "require_reasoning": True, "sampling_params": params}).json()["text"]
    assert "</think>" in text


def test_log_probabilities_before_and_behind_the_mask(thinker):
    body = {"guided_regex": "XYZ", "logprobs": True}
    seen = {}
    for mode in ("raw_logprobs", "processed_logprobs"):
        choice = thinks(thinker, **body, logprobs_mode=mode)
        assert choice["message"]["content"] == "XYZ"
        tokens = choice["logprobs"]["content"]
        begin = max(i for i, t in enumerate(tokens) if t["token"] == "X")
        seen[mode] = [t["logprob"] for t in tokens[begin : begin + 3]]
    assert all(p == 0 for p in seen["processed_logprobs"]), "nothing else could be written"
    assert all(p < -1 for p in seen["raw_logprobs"]), "the model would have written something else"


# ---- history ----

CALLED = [
    *USER,
    {"role": "assistant", "content": None, "tool_calls": [{"id": "call-1", "type": "function", "function": {"name": "look_up", "arguments": '{"word": 1.0}'}}]},
    {"role": "tool", "tool_call_id": "call-1", "content": "sunny"},
]


def render(server, template):
    reply = server.post("/v1/chat/completions/render", {"messages": CALLED, "chat_template": template})
    assert reply.status_code == 200, reply.text
    return reply.json()["prompt"]


def test_history_of_families_that_join_text(server):
    """DeepSeek's template adds the arguments to a text; others print an object."""
    joins = "<｜tool▁calls▁begin｜>```json{% for m in messages %}{% for t in m.tool_calls or [] %}{{ 'A' + t['function']['arguments'] + 'Z' }}{% endfor %}{% endfor %}"
    assert 'A{"word": 1.0}Z' in render(server, joins)
    prints = "{% for m in messages %}{% for t in m.tool_calls or [] %}{{ t.function.arguments | tojson }}{% endfor %}{% endfor %}"
    assert '{"word": 1.0}' in render(server, prints)


@pytest.mark.parametrize("arguments, told", [('{"a": 1', '{"a": 1'), ("[1]", "[1]"), ("", "{}"), (None, "{}")])
def test_broken_arguments_stay_where_the_template_takes_text(server, arguments, told):
    joins = "<｜tool▁calls▁begin｜>```json{{ 'A' + messages[0].tool_calls[0]['function']['arguments'] + 'Z' }}"
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": arguments}}]
    body = {"messages": [{"role": "assistant", "content": None, "tool_calls": calls}], "chat_template": joins}
    assert server.http.post("/apply-template", json=body).json()["prompt"].endswith(f"A{told}Z")


def test_history_of_families_with_short_ids(server):
    """Mistral's templates refuse other ids than nine letters and digits."""
    ids = "[TOOL_CALLS]{% for m in messages %}{{ m.tool_call_id }}{% for t in m.tool_calls or [] %}{{ t.id }}{% endfor %}{% endfor %}"
    text = render(server, ids).removeprefix("[TOOL_CALLS]")
    assert len(text) == 18 and text[:9] == text[9:] and text.isalnum()
