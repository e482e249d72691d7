"""best_of_rule on the chat route: one of n samples, by majority or by the verifier.

SPDX-License-Identifier: Apache-2.0
"""

import pytest


def chat(server, status=200, **body):
    body = {"messages": [{"role": "user", "content": "What is 471 + 286?"}], "n": 8, "seed": 2, "temperature": 2, "max_tokens": 120,
            **body}
    reply = server.post("/v1/chat/completions", body)
    assert reply.status_code == status, reply.text
    return reply.json()


def test_the_majority_s_answer(tiny):
    all_of_them = chat(tiny)
    one = chat(tiny, best_of_rule="majority")
    [choice] = one["choices"]
    assert choice["index"] == 0 and one["usage"] == {**all_of_them["usage"], "prompt_tokens_details": one["usage"]["prompt_tokens_details"]}
    counts = [v["count"] for v in one["votes"]]
    assert counts == sorted(counts, reverse=True) and sum(counts) <= 8 and len(counts) > 1
    assert choice["message"] in [c["message"] for c in all_of_them["choices"]]
    assert one["votes"][0]["answer"] in choice["message"]["content"]


@pytest.mark.parametrize("rewards", [[{"name": "accuracy"}, {"name": "format", "weight": 0.5}], [{"name": "accuracy"}, {"name": "length"}]])
def test_the_best_verified(tiny, rewards):
    all_of_them = chat(tiny)["choices"]
    items = [{"completion": {"role": "assistant", "content": c["message"]["content"], "reasoning_content": c["message"].get("reasoning_content") or ""},
              "answer": "757"} for c in all_of_them]
    results = tiny.post("/verify", {"items": items, "rewards": rewards}).json()["results"]
    scored = [r["reward"] for r in results]
    one = chat(tiny, best_of_rule="verified", answer="757", rewards=rewards)
    best = all_of_them[scored.index(max(scored))]
    assert max(scored) > min(scored), "all are equal: the test says nothing"
    assert one["choices"][0]["message"] == best["message"] and len(one["choices"]) == 1
    assert sum(v["count"] for v in one["votes"]) <= 8
    parts = results[scored.index(max(scored))]["rewards"]
    assert one["verified"] is (parts["accuracy"] == parts.get("format", 1) == 1)
    assert chat(tiny, best_of_rule="verified", answer="757", rewards=rewards[:1])["verified"] is True
    assert chat(tiny, best_of_rule="verified", answer="-5")["verified"] is False
    assert "verified" not in chat(tiny, best_of_rule="majority", answer="757")


def test_where_nothing_can_be_verified_the_reply_says_so(tiny):
    one = chat(tiny, best_of_rule="verified", answer="\\frac{", n=2)
    assert one["verified"] is None and len(one["choices"]) == 1


@pytest.mark.parametrize("body, param", [
    ({"best_of_rule": "verified"}, "answer"),
    ({"best_of_rule": "best"}, "best_of_rule"),
    ({"best_of_rule": "majority", "stream": True}, "stream"),
    ({"best_of_rule": "verified", "answer": "1", "rewards": [{"name": "x"}]}, "rewards[0].name"),
    ({"answer": "1"}, "answer"),
    *[({"best_of_rule": rule, "answer": answer}, param) for rule in ("verified", "majority")
      for answer, param in (([], "answer"), ({"a": 1}, "answer"), (True, "answer"), (["1", None], "answer[1]"))],
    ({"best_of_rule": "verified", "answer": "1", "rewards": [{"name": "countdown"}]}, "target"),
])
def test_what_is_wrong_is_named(tiny, body, param):
    assert chat(tiny, status=400, **body)["error"]["param"] == param


def test_no_model_is_asked_where_there_is_none(tiny):
    rewards = [{"name": "accuracy", "equivalence": True}]
    assert chat(tiny, status=501, best_of_rule="verified", answer="1", rewards=rewards)["error"]["param"] == "rewards[0].equivalence"


def test_no_answer_has_no_votes(tiny):
    one = chat(tiny, best_of_rule="majority", max_tokens=1, n=2)
    assert one["votes"] == [] and len(one["choices"]) == 1
