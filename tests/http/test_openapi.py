"""The document of routes and fields, made from their tables: as OpenAPI, as Markdown, as a page.

SPDX-License-Identifier: Apache-2.0
"""

import json
import pathlib
import re
import subprocess

import pytest

from conftest import BIN, ENVIRONMENT

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROW = re.compile(r'^    \{"(\w+)", +"([^"]+)", *(\w+), ([A-Z_ |]+), ([A-Z0-9_ |]+), \w+, (\w+)\},', re.M)
ROWS = [row for row in ROW.findall((ROOT / "server/routes/table.c").read_text()) if "ROUTE_PUBLIC" not in row[4]]


def printed(*args):
    return subprocess.run([BIN, "openapi", *args], capture_output=True, text=True, env=ENVIRONMENT, check=True).stdout


@pytest.fixture(scope="module")
def spec():
    return json.loads(printed())


def refs(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from refs(one)


def test_every_route_is_in_it(spec):
    assert len(ROWS) > 100
    asked = {(m, p.replace("*", "{id}")) for m, p, *_ in ROWS}
    told = {(m.upper(), p) for p, methods in spec["paths"].items() for m in methods if m != "parameters"}
    assert told == asked
    for method, path, handler, scopes, _, fields in ROWS:
        operation = spec["paths"][path.replace("*", "{id}")][method.lower()]
        assert ("requestBody" in operation) == (fields not in ("NULL", "no_fields")), path
        assert ({"bearer": []} in operation["security"]) == (scopes != "SCOPE_NONE"), path
        refuses = handler.endswith("_refuse_handle") or handler == "reply_not_offered"
        assert set(operation["responses"]) == {"4XX", "5XX"} | (set() if refuses else {"2XX"}), path
        for content in operation["responses"].get("2XX", {"content": {"": {"schema": True}}})["content"].values():
            assert content["schema"], path  # each route's answer has a shape


def test_it_holds_together(spec):
    assert spec["openapi"] == "3.1.0"
    for ref in refs(spec):
        target = spec
        for step in ref.removeprefix("#/").split("/"):
            target = target[step]
    ids = [o["operationId"] for m in spec["paths"].values() for name, o in m.items() if name != "parameters"]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in spec["components"]["schemas"])


def test_it_is_valid(spec):
    validator = pytest.importorskip("openapi_spec_validator")
    validator.validate(spec)


def test_what_it_says_of_a_field(spec):
    body = spec["paths"]["/v1/completions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    tables = [spec["components"]["schemas"][t["$ref"].rsplit("/", 1)[1]]["properties"] for t in body["allOf"]]
    fields = {name: field for table in tables for name, field in table.items()}
    assert fields["temperature"]["type"] == "number" and fields["temperature"]["maximum"] == 100
    assert fields["n"]["minimum"] == 1 and fields["n"]["description"]
    assert fields["user"]["x-ignored"] and fields["suffix"]["x-refused"] and fields["suffix"]["const"] == ""
    assert [a["type"] for a in fields["prompt"]["anyOf"]] == ["string", "array", "array", "array"]
    own = spec["paths"]["/v1/rollouts"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert own["unevaluatedProperties"] is False


def test_what_it_says_of_a_query(spec):
    pause = {p["name"]: p for p in spec["paths"]["/pause"]["post"]["parameters"]}
    assert pause["mode"]["in"] == "query" and pause["mode"]["schema"]["enum"] == ["abort", "wait", "keep"]
    assert pause["clear_cache"]["schema"] == {"type": "boolean", "default": True}
    assert "parameters" not in spec["paths"]["/resume"]["post"]


def test_errors_are_as_it_says(server, spec):
    jsonschema = pytest.importorskip("jsonschema")
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            if "requestBody" not in operation:
                continue
            reply = server.http.request(method, path, content=b"{", headers={"Content-Type": "application/json"})
            assert reply.status_code == 400, path
            shape = operation["responses"]["4XX"]["$ref"].rsplit("/", 1)[1]
            schema = spec["components"]["responses"][shape]["content"]["application/json"]["schema"]
            jsonschema.validate(reply.json(), schema)


def test_it_is_served(server, spec):
    reply = server.http.get("/openapi.json")
    assert reply.status_code == 200 and reply.headers["content-type"] == "application/json"
    assert reply.json() == spec


def test_the_page_needs_nobody_else(server):
    reply = server.http.get("/docs")
    assert reply.status_code == 200 and reply.headers["content-type"].startswith("text/html")
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'") and "unsafe" not in policy
    assert "<script" not in reply.text and "http:" not in reply.text and "https:" not in reply.text
    style = re.search(r'href="(/page/[^"]+)"', reply.text).group(1)
    assert server.http.get(style).status_code == 200
    for path in ("/v1/chat/completions", "/v1/rollouts"):
        assert f"<code>{path}</code>" in reply.text
    assert "<code>top_p</code>" in reply.text and "&lt;" not in reply.text.split("<main>")[0]
    assert server.http.head("/docs").text == ""


def test_the_document_in_the_repository_is_current():
    assert (ROOT / "docs/fields.md").read_text() == printed("--markdown"), "make docs/fields.md makes it anew"


def test_every_field_is_in_it():
    text = printed("--markdown")
    for field in ("`prompt`", "`temperature`", "`max_new_tokens`", "`num_predict`", "`until`", "`group_size`", "`run_timeout`"):
        assert f"| {field} |" in text
    assert "| `top_p` | number | from 1e-06 to 1 |  | honoured | only the most probable" in text
    assert "| `suffix` | any |  |  | refused but for \"\" |" in text
