"""Bad bodies: every field with every wrong type, every range's ends, every way JSON can be broken.

The fields come from the server's own tables, read out of their source: a new row is tested without
a line here.

SPDX-License-Identifier: Apache-2.0
"""

import json
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROW = re.compile(
    r'\{"(\w+)",\s*(?:\.kind\s*=\s*)?(REAL|WHOLE|READ|FIELD_\w+)(?:\(([^()]*(?:\([^()]*\))?[^()]*)\))?'
)
NUMBER = {"SMALLEST": 1e-6, "INT_MAX": 2**31 - 1, "INT_MIN": -(2**31)}

# What each kind of field accepts, by JSON type; READ fields in detail below.
ACCEPTS = {
    "REAL": {"number"},
    "WHOLE": {"integer"},
    "FIELD_INT": {"integer"},
    "FIELD_BOOL": {"boolean"},
    "FIELD_TEXT": {"string"},
    "FIELD_ARRAY": {"array"},
    "FIELD_OBJECT": {"object"},
}
READERS = {
    "logit_bias": {"object"},
    "seed": {"integer"},
    "stop": {"string", "array"},
    "stop_token_ids": {"array"},
    "allowed_token_ids": {"array"},
    "logprobs_mode": {"string"},
    "stream_options": {"object"},
    "truncation_side": {"string"},
    "cache_salt": {"string"},
    "response_format": {"object"},
    "structured_outputs": {"object"},
    "guided_choice": {"array"},
    "tool_choice": {"string", "object"},
    "chat_template": {"string"},
}
VALUES = {
    "string": "x",
    "integer": 1,
    "number": 0.5,
    "boolean": True,
    "array": [{}],
    "object": {"x": []},
}


def rows(*files):
    found = {}
    for name in files:
        for field, kind, arguments in ROW.findall((ROOT / "server" / name).read_text()):
            found[field] = (kind, arguments)
    return found


COMPLETIONS = rows("generate/sampling_params.c", "routes/openai_completions.c")
CHAT = rows("generate/sampling_params.c", "routes/openai_chat.c", "generate/conversation.c")
NESTED = {"include_usage", "continuous_usage_stats", "include_obfuscation"}
BASE = {
    "/v1/completions": {"prompt": "a", "max_tokens": 1},
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "a"}], "max_tokens": 1},
}


def wrong_types():
    for path, table in (("/v1/completions", COMPLETIONS), ("/v1/chat/completions", CHAT)):
        for field, (kind, _) in table.items():
            accepts = READERS.get(field) or ACCEPTS.get(kind)
            if accepts is None or field in NESTED:
                continue
            for json_type, value in VALUES.items():
                if json_type in accepts or (json_type == "integer" and "number" in accepts):
                    continue
                yield pytest.param(path, field, value, id=f"{path}-{field}-{json_type}")


def test_the_tables_were_found():
    assert len(COMPLETIONS) > 45 and len(CHAT) > 55
    assert {"temperature", "stop", "user", "bad_words", "echo", "best_of"} <= set(COMPLETIONS)


@pytest.mark.parametrize("path, field, value", list(wrong_types()))
def test_wrong_type(server, path, field, value):
    reply = server.post(path, {**BASE[path], field: value})
    assert reply.status_code == 400, reply.text
    error = reply.json()["error"]
    assert error["code"] == "invalid_type", error
    assert re.match(re.escape(field) + r"($|[.\[])", error["param"]), error


def ranges():
    for field, (kind, arguments) in COMPLETIONS.items():
        if kind in ("REAL", "WHOLE"):
            low, high = arguments.split(",")[1:]
            low, high = (NUMBER.get(v.strip()) or float(v) for v in (low, high))
            step = 1 if kind == "WHOLE" else 1e-3
            for value in (low - step, high + step, 1e300, -1e300):
                if low <= value <= high or (kind == "REAL" and low == 1e-6 and value == low - step and value > 0):
                    continue
                yield pytest.param(field, int(value) if kind == "WHOLE" and abs(value) < 1e18 else value, id=f"{field}-{value}")


@pytest.mark.parametrize("field, value", list(ranges()))
def test_out_of_range(server, field, value):
    reply = server.post("/v1/completions", {**BASE["/v1/completions"], field: value})
    assert reply.status_code == 400, reply.text
    error = reply.json()["error"]
    assert (error["code"], error["param"]) == ("invalid_value", field), error


@pytest.mark.parametrize("path", BASE)
def test_null_means_absent(server, path):
    table = COMPLETIONS if path == "/v1/completions" else CHAT
    body = {field: None for field in table if field not in NESTED}
    if path == "/v1/chat/completions":
        body["max_tokens"] = 1
        body["max_completion_tokens"] = 1
    reply = server.post(path, {**body, **BASE[path]})
    assert reply.status_code == 200, reply.text


@pytest.mark.parametrize("path", BASE)
def test_ignored_fields_take_anything(server, path):
    table = COMPLETIONS if path == "/v1/completions" else CHAT
    names = [f for f, (kind, _) in table.items() if kind == "FIELD_IGNORED" and f not in NESTED]
    assert names
    for value in VALUES.values():
        assert server.post(path, {**BASE[path], **dict.fromkeys(names, value)}).status_code == 200


@pytest.mark.parametrize("path", BASE)
def test_refused_fields(server, path):
    table = COMPLETIONS if path == "/v1/completions" else CHAT
    for field in (f for f, (kind, _) in table.items() if kind == "FIELD_REFUSED"):
        reply = server.post(path, {**BASE[path], field: {"a": 1}})
        assert reply.status_code == 400
        error = reply.json()["error"]
        assert (error["code"], error["param"]) == ("unsupported", field)


@pytest.mark.parametrize(
    "path, change, code, param",
    [
        ("/v1/completions", {"prompt": []}, "invalid_value", "prompt"),
        ("/v1/completions", {"prompt": 5}, "invalid_type", "prompt"),
        ("/v1/completions", {"prompt": ["a", 5]}, "invalid_type", "prompt[1]"),
        ("/v1/completions", {"prompt": [1, "a"]}, "invalid_type", "prompt[1]"),
        ("/v1/completions", {"prompt": [1, 1.5]}, "invalid_type", "prompt[1]"),
        ("/v1/completions", {"prompt": [1, -1]}, "invalid_value", "prompt[1]"),
        ("/v1/completions", {"prompt": [[1], [2, 99999999]]}, "invalid_value", "prompt[1][1]"),
        ("/v1/completions", {"prompt": [[1], []]}, "invalid_value", "prompt[1]"),
        ("/v1/completions", {"prompt": [[1], [[2]]]}, "invalid_type", "prompt[1][0]"),
        ("/v1/completions", {"prompt": {"a": 1}}, "invalid_type", "prompt"),
        ("/v1/completions", {"prompt": None}, "missing_field", "prompt"),
        ("/v1/completions", {"prompt": ""}, "invalid_value", "prompt"),
        ("/v1/completions", {"n": 100000}, "invalid_value", "n"),
        ("/v1/completions", {"best_of": 100000}, "invalid_value", "best_of"),
        ("/v1/completions", {"best_of": 1, "n": 2}, "invalid_value", "best_of"),
        ("/v1/completions", {"best_of": 2, "stream": True}, "unsupported", "best_of"),
        ("/v1/completions", {"prompt_logprobs": 1, "stream": True}, "unsupported", "prompt_logprobs"),
        ("/v1/completions", {"stream_options": {}}, "invalid_value", "stream_options"),
        ("/v1/completions", {"stream": True, "stream_options": {"include_usage": 1}}, "invalid_type", "stream_options.include_usage"),
        ("/v1/completions", {"model": "no-such-model"}, "model_not_found", "model"),
        ("/v1/completions", {"stop": ["a", ""]}, "invalid_value", "stop[1]"),
        ("/v1/completions", {"stop": ["a", 1]}, "invalid_type", "stop[1]"),
        ("/v1/completions", {"stop": ["a"] * 10000}, "too_large", "stop"),
        ("/v1/completions", {"stop_token_ids": [1, 10**7]}, "invalid_value", "stop_token_ids[1]"),
        ("/v1/completions", {"stop_token_ids": [True]}, "invalid_type", "stop_token_ids[0]"),
        ("/v1/completions", {"allowed_token_ids": []}, "invalid_value", "allowed_token_ids"),
        ("/v1/completions", {"logit_bias": {"x": 1}}, "invalid_value", "logit_bias"),
        ("/v1/completions", {"logit_bias": {"-1": 1}}, "invalid_value", "logit_bias"),
        ("/v1/completions", {"logit_bias": {"99999999999999999999": 1}}, "invalid_value", "logit_bias"),
        ("/v1/completions", {"logit_bias": {"1": 101}}, "invalid_value", "logit_bias.1"),
        ("/v1/completions", {"logit_bias": {"1": "5"}}, "invalid_type", "logit_bias.1"),
        ("/v1/completions", {"seed": 1.5}, "invalid_type", "seed"),
        ("/v1/completions", {"seed": 1e300}, "invalid_value", "seed"),
        ("/v1/completions", {"logprobs": 5000}, "invalid_value", "logprobs"),
        ("/v1/completions", {"logprobs_mode": "best"}, "invalid_value", "logprobs_mode"),
        ("/v1/completions", {"cache_salt": "x" * 2000}, "invalid_value", "cache_salt"),
        ("/v1/completions", {"min_tokens": 5, "max_tokens": 4}, "invalid_value", "min_tokens"),
        ("/v1/completions", {"max_tokens": 0}, "invalid_value", "max_tokens"),
        ("/v1/completions", {"response_format": {"type": "json_schema"}}, "missing_field", "response_format.json_schema"),
        ("/v1/completions", {"response_format": {}}, "missing_field", "response_format.type"),
        ("/v1/completions", {"suffix": "x"}, "unsupported", "suffix"),
        ("/v1/completions", {"prompt": [1] * 5000}, "context_length_exceeded", "prompt"),
        ("/v1/completions", {"prompt": [[1], [1] * 5000]}, "context_length_exceeded", "prompt[1]"),
        ("/v1/chat/completions", {"messages": None}, "missing_field", "messages"),
        ("/v1/chat/completions", {"messages": []}, "invalid_value", "messages"),
        ("/v1/chat/completions", {"messages": [5]}, "invalid_type", "messages[0]"),
        ("/v1/chat/completions", {"messages": [{"content": "a"}]}, "missing_field", "messages[0].role"),
        ("/v1/chat/completions", {"messages": [{"role": 1, "content": "a"}]}, "invalid_type", "messages[0].role"),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": 1}]}, "invalid_type", "messages[0].content"),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "missing_field", "messages[0].content[0].text"),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": [{"text": "a"}]}]}, "missing_field", "messages[0].content[0].type"),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}, "unsupported", "messages[0].content[0].type"),
        ("/v1/chat/completions", {"messages": [{"role": "assistant", "tool_calls": 1}]}, "invalid_type", "messages[0].tool_calls"),
        ("/v1/chat/completions", {"messages": [{"role": "assistant", "tool_calls": [1]}]}, "invalid_type", "messages[0].tool_calls[0]"),
        ("/v1/chat/completions", {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": 3}}]}]}, "invalid_type", "messages[0].tool_calls[0].function.arguments"),
        ("/v1/chat/completions", {"messages": [{"role": "assistant", "reasoning": 1}]}, "invalid_type", "messages[0].reasoning"),
        ("/v1/chat/completions", {"continue_final_message": True}, "invalid_value", "continue_final_message"),
        ("/v1/chat/completions", {"top_logprobs": 2}, "invalid_value", "top_logprobs"),
        ("/v1/chat/completions", {"max_tokens": 0}, "invalid_value", "max_tokens"),
        ("/v1/chat/completions", {"max_completion_tokens": 0}, "invalid_value", "max_completion_tokens"),
        ("/v1/chat/completions", {"tool_choice": "required"}, "invalid_value", "tool_choice"),
        ("/v1/chat/completions", {"tool_choice": {"type": "function", "function": {"name": "f"}}}, "invalid_value", "tool_choice"),
        ("/v1/chat/completions", {"tool_choice": {"type": "custom"}}, "unsupported", "tool_choice.type"),
        ("/v1/chat/completions", {"chat_template": "{% for %}"}, "template_error", None),
        ("/tokenize", {}, "missing_field", "prompt"),
        ("/tokenize", {"prompt": 1}, "invalid_type", "prompt"),
        ("/detokenize", {}, "missing_field", "tokens"),
        ("/detokenize", {"tokens": "a"}, "invalid_type", "tokens"),
        ("/detokenize", {"tokens": [1, 10**9]}, "invalid_value", "tokens[1]"),
    ],
)
def test_bad_value(server, path, change, code, param):
    reply = server.post(path, {**BASE.get(path, {}), **change})
    assert reply.status_code == (404 if code == "model_not_found" else 400), reply.text
    error = reply.json()["error"]
    assert error["code"] == code, error
    assert param is None or error["param"] == param, error


def deep(n, opening="[", closing="]"):
    return opening * n + closing * n


BROKEN = {
    "empty": b"",
    "space": b"   ",
    "open": b"{",
    "cut": b'{"prompt": "a',
    "two": b'{"prompt": "a"} {"prompt": "a"}',
    "trailing comma": b'{"prompt": "a",}',
    "single quotes": b"{'prompt': 'a'}",
    "comment": b'{"prompt": "a"} // x',
    "NaN": b'{"prompt": "a", "temperature": NaN}',
    "bare word": b"prompt",
    "invalid UTF-8": b'{"prompt": "\xff\xfe"}',
    "overlong UTF-8": b'{"prompt": "\xc0\xaf"}',
    "surrogate bytes": b'{"prompt": "\xed\xa0\x80"}',
    "cut UTF-8": b'{"prompt": "\xe2\x82"}',
    "raw newline": b'{"prompt": "a\nb"}',
    "raw NUL": b'{"prompt": "a\0b"}',
    "bare point": b'{"n": 2.}',
    "leading zero": b'{"n": 01}',
    "no digit before the point": b'{"n": -.5}',
    "escape of no hexadecimal": rb'{"prompt": "\u12G4"}',
    "escape in braces": rb'{"prompt": "\u{41}"}',
    "empty": b"",
    "bad escape": rb'{"prompt": "\x41"}',
    "cut escape": rb'{"prompt": "\u12"}',
    "deep array": b'{"prompt": ' + deep(100000).encode() + b"}",
    "deep object": b'{"a":' * 100000 + b"1" + b"}" * 100000,
    "unclosed deep": b"[" * 1000000,
    "UTF-16": '{"prompt": "a"}'.encode("utf-16"),
    "zero bytes": b"\x00" * 100,
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("path", ["/v1/completions", "/v1/chat/completions", "/tokenize", "/verify"])
def test_broken_json(server, path, name):
    headers = {"Content-Type": "application/json"}
    reply = server.http.post(path, content=BROKEN[name], headers=headers)
    assert reply.status_code == 400, reply.text
    assert reply.json()["error"]["code"] == "invalid_json"
    assert not re.search(r"\d{7}", reply.text), "no address is told"


@pytest.mark.parametrize("path", ["/v1/completions", "/v1/chat/completions", "/tokenize", "/verify", "/remote_rm", "/run_code", "/abort_requests"])
def test_a_key_given_twice(server, path):
    body = b'{"a": {"b": 1, "c": [{"x": 1, "\\u0078": 2}]}}'
    reply = server.http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 400, reply.text
    assert '"x\\" stands twice, again at byte 30' in reply.text
    if "error" in reply.json() and isinstance(reply.json()["error"], dict):
        assert reply.json()["error"]["param"] == "a.c[0].x"


def test_half_a_surrogate_pair_is_a_replacement_character(server):
    body = rb'{"items": [{"completion": "\ud800 \\boxed{1}", "answer": "1"}, {"completion": "\\boxed{2}", "answer": "2"}], "rewards": [{"name": "accuracy"}]}'
    reply = server.http.post("/verify", content=body, headers={"Content-Type": "application/json"})
    assert [r["reward"] for r in reply.json()["results"]] == [1, 1]
    reply = server.http.post("/tokenize", content=rb'{"content": "\udc00\ud800", "with_pieces": true}', headers={"Content-Type": "application/json"})
    same = server.http.post("/tokenize", json={"content": "\ufffd\ufffd", "with_pieces": True})
    assert reply.json() == same.json()


def test_garbage_of_many_values_is_refused(server):
    body = b"[" + b"1," * 1_500_000 + b"1]"
    for path in ["/v1/completions", "/detokenize", "/verify"]:
        reply = server.http.post(path, content=body, headers={"Content-Type": "application/json"})
        assert reply.status_code == 400 and reply.json()["error"]["code"] == "too_large", reply.text


@pytest.mark.parametrize("body", ["[]", "1", '"x"', "null", "true", "[{}]"])
@pytest.mark.parametrize("path", ["/v1/completions", "/v1/chat/completions", "/detokenize", "/verify"])
def test_no_object(server, path, body):
    reply = server.http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 400, reply.text
    assert reply.json()["error"]["code"] == "invalid_type"


@pytest.mark.parametrize("path", BASE)
def test_duplicate_key(server, path):
    body = json.dumps(BASE[path])[:-1] + ', "temperature": 1, "temperature": 0}'
    reply = server.http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 400
    error = reply.json()["error"]
    assert (error["code"], error["param"]) == ("invalid_value", "temperature")


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1" + "0" * 400, "0." + "0" * 500 + "1", "-0", "1E+2"])
def test_extreme_numbers(server, number):
    for field in ("temperature", "max_tokens", "seed", "n", "top_k"):
        body = '{"prompt": "a", "max_tokens": 1, "FIELD": NUMBER}'.replace('"max_tokens": 1, ', '"max_tokens": 1, ' if field != "max_tokens" else "")
        body = body.replace("FIELD", field).replace("NUMBER", number)
        reply = server.http.post("/v1/completions", content=body, headers={"Content-Type": "application/json"})
        assert reply.status_code in (200, 400), reply.text


BIG = "ab " * 350000


@pytest.mark.parametrize(
    "path, body",
    [
        ("/v1/completions", {"prompt": BIG}),
        ("/v1/completions", {"prompt": "a", "model": BIG}),
        ("/v1/completions", {"prompt": "a", "stop": BIG}),
        ("/v1/completions", {"prompt": "a", BIG: 1}),
        ("/v1/completions", {"prompt": "a", "logit_bias": {BIG: 1}}),
        ("/v1/completions", {"prompt": "a", "logprobs_mode": BIG}),
        ("/v1/completions", {"prompt": "a", "request_id": BIG}),
        ("/v1/completions", {"prompt": "a", "cache_salt": BIG}),
        ("/v1/chat/completions", {"messages": [{"role": BIG, "content": "a"}]}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": BIG}]}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": [{"type": BIG}]}]}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "a"}], "chat_template": BIG}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "a"}], "tool_choice": BIG}),
    ],
)
def test_megabyte_strings(server, path, body):
    reply = server.post(path, body)
    if BIG in body:
        assert reply.status_code == 200 and reply.headers["x-ignored-fields"] == BIG[:64].replace(" ", "%20")
    else:
        assert reply.status_code in (400, 404), reply.text[:300]
    assert len(reply.content) < 2000


def test_null_byte_in_a_prompt(server):
    ids = server.post("/tokenize", {"prompt": "a\0b", "add_special_tokens": False}).json()["tokens"]
    assert server.post("/detokenize", {"tokens": ids}).json()["prompt"] == "a\0b"


def test_the_server_lives(server):
    assert server.http.get("/ready").status_code == 200
    server.wait_idle()
