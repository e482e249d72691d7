"""What is written under a schema satisfies it: random schemas, random weights, temperature 2, judged by the jsonschema package.

SPDX-License-Identifier: Apache-2.0
"""

import json
import random

import pytest

jsonschema = pytest.importorskip("jsonschema")

SCHEMAS, SAMPLES = 200, 4
PATTERNS = ["^[a-z]{2,4}$", "^(ab|c)+$", "x.y", "^\\d{3}-\\d{4}$", "^[^\\s\"]+$", "(?=.*[0-9])^[a-f0-9]{4,8}$"]
FORMATS = ["date", "ipv4", "uuid", "email"]
NAMES = ["a", "name", "übrig", "n/a", "b c", "kind", "x1"]


def string(rnd):
    schema = {"type": "string"}
    how = rnd.randrange(5)
    if how == 0:
        low = rnd.randrange(4)
        schema |= {"minLength": low, "maxLength": low + rnd.randrange(6)}
    elif how == 1:
        schema |= {"pattern": rnd.choice(PATTERNS), "maxLength": 12}
    elif how == 2:
        schema |= {"format": rnd.choice(FORMATS), "maxLength": 40}
    elif how == 3:
        schema |= {"maxLength": 5, "not": {"enum": ["", "a", "b"]}}
    else:
        schema |= {"enum": ["yes", "no", 'sa"id', "日本"]}
    return schema


def number(rnd):
    low = rnd.randrange(-300, 300)
    schema = {"type": rnd.choice(["integer", "number"]), "minimum": low / rnd.choice([1, 4]), "maximum": low + rnd.randrange(1, 2000)}
    if rnd.randrange(3) == 0:
        schema["multipleOf"] = rnd.choice([1, 3, 0.5, 7])
    if rnd.randrange(3) == 0:
        schema["exclusiveMaximum"] = schema.pop("maximum")
    return schema


def array(rnd, depth):
    low = rnd.randrange(3)
    schema = {"type": "array", "items": any_schema(rnd, depth - 1), "minItems": low, "maxItems": low + rnd.randrange(3)}
    if rnd.randrange(3) == 0:
        schema["prefixItems"] = [any_schema(rnd, depth - 1)]
    if rnd.randrange(4) == 0:
        schema |= {"items": {"enum": [1, 2, "x", None]}, "uniqueItems": True}
        schema.pop("prefixItems", None)
    return schema


def object_(rnd, depth):
    names = rnd.sample(NAMES, rnd.randrange(1, 5))
    schema = {"type": "object", "properties": {n: any_schema(rnd, depth - 1) for n in names}, "additionalProperties": False}
    schema["required"] = rnd.sample(names, rnd.randrange(len(names) + 1))
    if rnd.randrange(4) == 0:
        schema |= {"patternProperties": {"^q[0-9]$": number(rnd)}, "maxProperties": len(names)}
    if rnd.randrange(4) == 0:
        schema["dependentRequired"] = {names[0]: names[-1:]}
    if rnd.randrange(4) == 0:
        schema["if"] = {"properties": {names[0]: {"type": "string"}}, "required": names[:1]}
        schema["then"] = {"required": names[-1:]}
    return schema


def any_schema(rnd, depth):
    how = rnd.randrange(10 if depth > 0 else 5)
    if how < 2:
        return string(rnd)
    if how < 4:
        return number(rnd)
    if how == 4:
        return rnd.choice([{"type": ["boolean", "null"]}, {"const": {"deep": [1.5, None]}}, {"enum": [0, "0", False]}])
    if how < 7:
        return object_(rnd, depth)
    if how == 7:
        return array(rnd, depth)
    if how == 8:
        return {"anyOf": [any_schema(rnd, depth - 1), any_schema(rnd, depth - 1)]}
    return {"oneOf": [number(rnd), {"type": "integer", "minimum": 0, "maximum": 20}, string(rnd)]}


def test_every_finished_output_is_valid(server):
    rnd = random.Random(16)
    accepted = finished = 0
    for seed in range(SCHEMAS):
        schema = any_schema(rnd, 3)
        reply = server.post("/v1/completions", {"prompt": "JSON:", "n": SAMPLES, "max_tokens": 150, "seed": seed, "temperature": 2, "guided_json": schema})
        if reply.status_code == 400:  # what cannot be kept, or by no document at all
            continue
        accepted += 1
        checker = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
        for choice in reply.json()["choices"]:
            if choice["finish_reason"] != "stop":
                continue
            finished += 1
            faults = [e.message for e in checker.iter_errors(json.loads(choice["text"]))]
            assert faults == [], (schema, choice["text"])
    assert accepted >= SCHEMAS * 9 // 10, "hardly any schema was accepted: the test shows nothing"
    assert finished >= accepted * SAMPLES // 2, "hardly any output was finished: the test shows nothing"
