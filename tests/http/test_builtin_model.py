"""The built-in model, asked through the server: easy questions must come out right, whatever
is asked must come back in R1's form, and the server's judge must agree.

models/evaluate.py measures it on a thousand held-out questions; this is the small watch that a
change of the engine, the tokenizer or the template would trip over.

SPDX-License-Identifier: Apache-2.0
"""

import re

import pytest

from conftest import ROOT

MODEL = ROOT / "models/touchstone-tiny.gguf"
FORM = re.compile(r"<think>\n.+?\n</think>\n<answer>\n(.+?)\n</answer>", re.DOTALL)
EASY = {
    "What is 7 + 5?": "12",
    "What is 47 * 6 + 12?": "294",
    "Compute 38 + 45.": "83",
    "What is 23 * 7?": "161",
    "96 - 58 = ?": "38",
    "What is 84 / 7?": "12",
    "Calculate 12 + 3 * 4": "24",
    "What is 125 + 317?": "442",
    "Tom has 12 apples. Tom buys 5 more. How many apples does Tom have now?": "17",
    "Multiply 14 by 6.": "84",
}
OTHER = ["Hello!", "Who are you?", "What is the capital of France?", "Write a poem about the sea."]
MAY_MISS = 2  # of the easy ones: the model is small, and its answers are not what is tested here


@pytest.fixture(scope="module")
def builtin():
    from conftest import Server

    if not MODEL.exists():
        pytest.skip("models/touchstone-tiny.gguf is not built yet")
    s = Server(model=str(MODEL))
    yield s
    s.stop()


def ask(server, question):
    body = {"messages": [{"role": "user", "content": question}], "temperature": 0, "max_tokens": 500}
    reply = server.post("/v1/chat/completions", body)
    assert reply.status_code == 200, reply.text
    choice = reply.json()["choices"][0]
    assert choice["finish_reason"] == "stop", question
    message = choice["message"]
    if message.get("reasoning_content") is None:
        return message["content"]
    return f"<think>\n{message['reasoning_content'].strip()}\n</think>\n{message['content'].strip()}"


def test_easy_questions(builtin):
    wrong = {}
    for question, answer in EASY.items():
        text = ask(builtin, question)
        found = FORM.fullmatch(text)
        assert found, text
        if found[1] != f"\\boxed{{{answer}}}":
            wrong[question] = found[1]
    assert len(wrong) <= MAY_MISS, wrong


@pytest.mark.parametrize("question", OTHER)
def test_other_questions_keep_the_form(builtin, question):
    found = FORM.fullmatch(ask(builtin, question))
    assert found and "boxed" not in found[1]


def test_the_judge_agrees(builtin):
    text = ask(builtin, "What is 7 + 5?")
    items = [{"completion": text, "answer": "12"}, {"completion": text, "answer": "13"}]
    body = {"items": items, "rewards": [{"name": "accuracy"}, {"name": "format"}]}
    reply = builtin.post("/verify", body)
    assert reply.status_code == 200, reply.text
    rewards = [r["rewards"] for r in reply.json()["results"]]
    assert rewards == [{"accuracy": 1, "format": 1}, {"accuracy": 0, "format": 1}]
