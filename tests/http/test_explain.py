"""touchstone verify --explain and the option explain: what was seen, where, what was tried, what was decided.

SPDX-License-Identifier: Apache-2.0
"""

import json
import subprocess

import pytest
from conftest import BIN, PATIENCE

MARKET = "<think>16-3-4=9</think>Each day she sells 9 eggs.\n\nJanet makes **$18** every day at the farmers' market."


def verify(items, *flags):
    text = "".join(json.dumps(item) + "\n" for item in items)
    done = subprocess.run([BIN, "verify", "--quiet", *flags, "-"], input=text, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def steps(item):
    reply = json.loads(verify([{**item, "rewards": [{"name": "accuracy", "explain": True}]}]))
    return reply["details"]["accuracy"]


@pytest.mark.parametrize("completion, answer, names", [
    (MARKET, "18", ["reasoning", "box", "phrase", "bold", "answer", "reference", "compare"]),
    ("So \\boxed{f(x)=x \\text{ for all real } x}", "f(x)=x", ["box", "answer", "reference", "compare"]),
    ("#### 7", "7", ["box", "hashes", "answer", "reference", "compare"]),
    ("\\boxed{2n-1,\\ n\\ge 1}", "2n-1", ["box", "answer", "reference", "compare", "condition", "compare"]),
])
def test_steps(completion, answer, names):
    told = steps({"completion": completion, "answer": answer})
    assert told["verdict"] == "correct"
    assert [step["step"] for step in told["steps"]] == names


def test_offsets_are_bytes_of_the_response():
    completion = "Für alle: \\boxed{½}"
    told = steps({"completion": completion, "answer": "0.5"})
    seen = [step for step in told["steps"] if "from" in step]
    assert seen
    for step in seen:
        assert completion.encode()[step["from"]:step["to"]].decode() == step["text"]


def test_nothing_is_told_unless_asked():
    reply = json.loads(verify([{"completion": "\\boxed{4}", "answer": "4", "rewards": [{"name": "accuracy"}]}]))
    assert "steps" not in reply["details"]["accuracy"]


def test_for_readers():
    told = verify([{"id": "janet", "completion": MARKET, "answer": "18"}, {"id": 2, "completion": "The answer is A. B is wrong.", "answer": "B"}],
                  "--explain")
    lines = told.splitlines()
    assert lines[0] == "item janet" and "  accuracy: 1, equal_value" in lines
    assert any(line.split()[:2] == ["bold", "65-68"] for line in lines)
    assert "item 2" in lines and "  accuracy: 0, not_equal_choice" in lines
    assert any("the strongest cue" in line and line.endswith('"A"') for line in lines)


def test_rewards_are_kept():
    told = verify([{"completion": "<think>a</think><answer>4</answer>", "answer": "4"}], "--explain", "--rewards",
                  '[{"name":"format"},{"name":"accuracy","as":"right"}]')
    assert "  format: 1" in told and "  right: 1, equal_text" in told and "tag" in told


def test_what_others_wrote_does_not_drive_the_terminal():
    told = verify([{"id": "a\x1b[2Jb", "completion": "\\boxed{\x1b]0;title\x07 4\x9b1m}\n", "answer": "4",
                    "rewards": [{"name": "accuracy", "as": "r\x1b[8m"}]}], "--explain")
    assert told.startswith("item a\ufffd[2Jb\n") and "  r\ufffd[8m: " in told
    assert not [c for c in told if c not in "\n" and (c < " " or "\x7f" <= c < "\xa0")]
