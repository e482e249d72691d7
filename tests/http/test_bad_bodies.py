"""Bad bodies for every route, made from the server's own OpenAPI document: each field of each body, at any depth, with
every type that it does not take, beyond each of its bounds, with a word that is none of its choices. The answer is 4xx
and names the field as the client wrote it, of a list the element; it is never a 5xx, and the server goes on.

SPDX-License-Identifier: Apache-2.0
"""

import json
import re
import subprocess

import pytest

from conftest import BIN, ENVIRONMENT

SPEC = json.loads(subprocess.run([BIN, "openapi"], capture_output=True, text=True, env=ENVIRONMENT, check=True).stdout)
MESSAGES = [{"role": "user", "content": "a"}]
CHAT = {"messages": MESSAGES, "max_tokens": 1}
CHATS = [CHAT, {**CHAT, "n": 2, "best_of_rule": "verified", "answer": "1", "rewards": [{"name": "accuracy"}]}]
CODE = {"code": "print(1)", "language": "python"}
PISTON = {"language": "python", "version": "*", "files": [{"content": "print(1)"}]}

# A body that is right, for routes whose fields are not all read at once: what stands beside the bad field.
BASES = {
    "/v1/completions": {"prompt": "a", "max_tokens": 1},
    "/v1/completions/render": {"prompt": "a"},
    "/v1/chat/completions": CHATS,
    "/chat/completions": CHATS,
    "/v1/chat/completions/render": CHATS,
    "/v1/chat/completions/input_tokens": CHATS,
    "/chat/completions/input_tokens": CHATS,
    "/invocations": [{"prompt": "a", "max_tokens": 1}, *CHATS],
    "/inference/v1/generate": {"token_ids": [1], "sampling_params": {"max_tokens": 1}},
    "/skyrl/v1/generate": {"token_ids": [1], "sampling_params": {"max_tokens": 1}},
    "/generate/": {"prompts": ["a"], "max_tokens": 1},
    "/chat/": {"messages": [MESSAGES], "max_tokens": 1},
    "/get_sequence_logprobs/": {"sequences": [[1, 2]], "prompt_lengths": [1]},
    "/generate": {"text": "a", "sampling_params": {"max_new_tokens": 1}},
    "/completion": {"prompt": "a", "n_predict": 1},
    "/completions": {"prompt": "a", "n_predict": 1},
    "/apply-template": {"messages": MESSAGES},
    "/api/chat": {"model": "", "messages": MESSAGES, "stream": False},
    "/api/generate": {"model": "", "prompt": "a", "stream": False},
    "/tokenize": [{"prompt": "a"}, {"content": "a"}, {"messages": MESSAGES}],  # three ways to ask
    "/v1/tokenize": [{"prompt": "a"}, {"content": "a"}, {"messages": MESSAGES}],
    "/detokenize": {"tokens": [1]},
    "/v1/embeddings": {"model": "", "input": "a"},
    "/embeddings": {"model": "", "input": "a"},
    "/api/embed": {"model": "", "input": "a"},
    "/api/embeddings": {"model": "", "prompt": "a"},
    "/v1/responses": {"model": "", "input": "a", "max_output_tokens": 1},
    "/responses": {"model": "", "input": "a", "max_output_tokens": 1},
    "/v1/messages": {"model": "", "messages": MESSAGES, "max_tokens": 1},
    "/v1/messages/count_tokens": {"model": "", "messages": MESSAGES},
    "/v1/detokenize": {"tokens": [1]},
    "/v1/rollouts": [{"prompts": [prompt], "sampling": {"max_tokens": 1}} for prompt in (
        {"text": "a"}, {"messages": MESSAGES}, {"token_ids": [1]}, {"prefix_token_ids": [1], "messages": MESSAGES},
        {"text": "a", "partial": [{"token_ids": [1], "logprobs": [0]}]},
        {"text": "a", "fork": {"token_ids": [1, 2, 3], "logprobs": [0, 0, 0], "at": 1}})],
    "/verify": {"items": [{"completion": "1", "answer": "1"}]},
    "/verify/advantages": {"rewards": [1, 0], "method": "grpo"},
    "/verify/pass_at_k": {"n": 1, "c": 1, "k": 1},
    "/get_reward": {"query": ["a"]},
    "/remote_rm": {"response": "a"},
    "/run_code": CODE,
    "/abort_request": {"rid": "nobody's"},
    "/abort_requests": {"request_ids": ["nobody's"]},
    "/inference/v1/abort_requests": {"request_ids": ["nobody's"]},
    "/collective_rpc": {"method": "skyrl_start_weight_update"},
    "/execute": PISTON,
    "/api/v2/execute": PISTON,
    "/execute_batch": {"scripts": ["print(1)"]},
}

VALUES = {"string": "no such word", "integer": 7, "number": 0.5, "boolean": True, "array": [[]], "object": {"x": []}}


def resolve(schema):
    return SPEC["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


def parts(schema):
    """The alternatives of a schema."""
    return [resolve(s) for s in schema["anyOf"]] if "anyOf" in schema and "properties" not in schema else [schema]


def properties(schema):
    """{name: schema} of an object, whose tables may be several."""
    found = dict(schema.get("properties", {}))
    for one in schema.get("allOf", []) + (schema.get("anyOf", []) if "allOf" not in schema else []):
        for name, field in properties(resolve(one)).items():
            found.setdefault(name, field)
    return found


def types(schema):
    """The JSON types that a field takes; empty: any."""
    if "enum" in schema:
        return {"string"}
    found = {p["type"] for p in parts(schema) if "type" in p}
    return found | {"integer"} if "number" in found else found


def bad_values(schema):
    """Values that a field does not take."""
    taken = types(schema)
    if schema.get("x-ignored") or "const" in schema or not taken:
        return
    for name, value in VALUES.items():
        if name not in taken:
            yield name, value
    if "enum" in schema:
        yield "word", "no such word"
    for bound, step in (("minimum", -1), ("maximum", 1)):
        limit = schema.get(bound)
        if limit is not None and abs(limit) < 2**53:
            yield bound, int(limit) + step if "integer" == schema["type"] else limit + step
    if "minimum" in schema and schema["type"] == "integer":
        yield "huge", 10**400
    for part in parts(schema):
        items = part.get("items")
        inner = {t for p in parts(items) if (t := p.get("type"))} if items else set()
        if part.get("type") != "array" or len(inner) != 1 or any(o.get("type") == "array" for o in parts(schema) if o is not part):
            continue
        for name in {"string": ("integer", "object"), "integer": ("string", "boolean"), "number": ("string",),
                     "object": ("string", "integer"), "array": ("integer",)}.get(*inner, ()):
            yield f"element-{name}", [VALUES[name]]


def put(body, path, value):
    """body with value at path, where the name comes first in each object."""
    name, rest = path[0], path[1:]
    listed = name.endswith("[]")
    name = name.removesuffix("[]")
    if not rest:
        inner = value
    else:
        old = body.get(name)
        old = old[0] if isinstance(old, list) and old else old
        inner = put(old if isinstance(old, dict) else {}, rest, value)
        inner = [inner] if listed else inner
    return {name: inner, **{k: v for k, v in body.items() if k != name}}


def fields(schema, path=(), depth=0):
    for name, field in properties(schema).items():
        yield (*path, name), field
        if depth > 3:
            continue
        for part in parts(field):
            if part.get("type") == "object" and properties(part):
                yield from fields(part, (*path, name), depth + 1)
            elif part.get("type") == "array" and properties(part.get("items", {})) and "object[]" not in path:
                yield from fields(part["items"], (*path, name + "[]"), depth + 1)


def cases():
    for path, methods in SPEC["paths"].items():
        for method in ("post", "put"):
            body = methods.get(method, {}).get("requestBody")
            if body is None or path not in BASES:
                continue
            for where, field in fields(body["content"]["application/json"]["schema"]):
                for kind, value in bad_values(field):
                    yield pytest.param(method, path, where, value, kind.startswith("element-"), id=f"{method}-{path}-{'.'.join(where)}-{kind}")


CASES = list(cases())


def param_of(reply):
    body = reply.json()
    return body["param"] if isinstance(body["error"], str) else body["error"]["param"]


def test_there_are_many_and_for_every_route():
    with_body = {p for p, m in SPEC["paths"].items() if any("requestBody" in o for o in m.values() if isinstance(o, dict))}
    assert len(CASES) > 1500
    tried = {c.values[1] for c in CASES}
    assert {p for p in with_body - tried if "weight" not in p and "lora" not in p} <= {  # test_weights.py, test_chains.py, test_lora.py
                                 "/api/show", "/api/pull", "/pause_generation", "/areal_pause_generation", "/continue_generation",
                                 "/areal_continue_generation"}  # tests/http/test_control.py, test_ollama.py


def bases(path):
    return BASES[path] if isinstance(BASES[path], list) else [BASES[path]]


@pytest.mark.parametrize("path", sorted(BASES))
def test_the_body_beside_it_is_right(server, path):
    for body in bases(path):
        reply = server.post(path, body)
        assert reply.status_code == 200, reply.text


@pytest.mark.parametrize("method, path, where, value, element", CASES)
def test_a_bad_field_is_named(server, method, path, where, value, element):
    if where[:2] == ("sampling", "stream_options"):  # which does not stand there at all
        where = where[:2]
    index = element and where != ("instruction_id_list",)  # the item's error, which is a verdict
    name = re.escape(".".join(where)).replace(r"\[\]", r"\[0\]") + (r"\[0\]" if index else "")
    told = []
    for base in bases(path):
        body = put(base, where, value)
        reply = server.http.request(method, path, content=json.dumps(body), headers={"Content-Type": "application/json"})
        assert reply.status_code < 500, (body, reply.status_code, reply.text[:300])
        told.append((body, reply.status_code, reply.text[:300]))
        if 400 <= reply.status_code and re.match(name + r"($|[.\[])", param_of(reply) or ""):
            return
    raise AssertionError(told)


def test_the_server_goes_on(server):
    assert server.complete(prompt="a", max_tokens=1)
