"""What `make paranoid` asks of the program while memory runs out: every reward, every form of an output, every form
of a model's files, every dialect's routes.

SPDX-License-Identifier: Apache-2.0
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/paranoid"))

from page import CHILDREN, PARENT  # noqa: E402
from scenarios import COMPLETIONS, VERIFY, away  # noqa: E402

ASKED = [*COMPLETIONS, *VERIFY, *away(PARENT), *away(CHILDREN)]


def test_every_reward_has_one():
    registry = (ROOT / "reward/judge/registry.c").read_text()
    names = re.findall(r"&(\w+)_reward,", registry)
    assert len(names) >= 16
    asked = {r["name"] for s in ASKED if isinstance(s.body, dict) for r in s.body.get("rewards", []) if isinstance(r, dict)}
    assert [n for n in names if n not in asked] == []


def test_every_form_of_an_output_has_one():
    bodies = [s.body for s in COMPLETIONS if isinstance(s.body, dict)]
    kinds = {k for b in bodies for k in (b.get("structured_outputs") or {})}
    types = {b["response_format"]["type"] for b in bodies if "response_format" in b}
    assert {"choice", "regex", "grammar", "json"} <= kinds and {"json_schema", "json_object"} <= types
    assert any(b.get("tools") for b in bodies)


def test_every_route_that_reads_a_body_and_works_has_one():
    table = (ROOT / "server/routes/table.c").read_text()
    rows = re.findall(r'\{"POST", "([^"]+)",\s*(\w+), ([^,]+),', table)
    handlers = {}
    for path, handler, scopes in rows:
        if scopes != "SCOPE_CONTROL" and handler not in ("verify_session_handle", "reply_not_offered"):
            handlers.setdefault(handler, set()).add(path)
    asked = {s.path.split("?")[0] for s in ASKED}
    assert {h: p for h, p in handlers.items() if not p & asked} == {}
