"""POST /v1/rollouts: groups of samples with their rewards, on the built-in model at a temperature where it errs.

What a sample says of itself must be what /v1/completions and /verify say of the same ids and texts.

SPDX-License-Identifier: Apache-2.0
"""

import io
import json
import re
import threading

import numpy
import pytest

from conftest import TINY, Server, tries, wait_until

HOT = {"temperature": 2, "max_tokens": 110}
REWARDS = [{"name": "accuracy"}, {"name": "format", "weight": 0.5}]


def question(a, b, **more):
    return {"id": f"{a}+{b}", "messages": [{"role": "user", "content": f"What is {a} + {b}?"}], "answer": str(a + b),
            **more}


QUESTIONS = [question(12, 30), question(471, 286), question(88, 99)]


def ask(server, status=200, **body):
    body = {"prompts": QUESTIONS, "n": 8, "sampling": HOT, "seed": 7, "rewards": REWARDS, **body}
    reply = server.post("/v1/rollouts", body)
    assert reply.status_code == status, reply.text
    return reply.json()


def lines(server, **body):
    body = {"prompts": QUESTIONS, "n": 8, "sampling": HOT, "seed": 7, "rewards": REWARDS, "encoding": "ndjson", **body}
    with server.http.stream("POST", "/v1/rollouts", json=body) as reply:
        assert reply.headers["content-type"] == "application/x-ndjson"
        return [json.loads(line) for line in reply.iter_lines()]


def bare(groups):
    """Without what may differ between two runs."""
    return [{k: v for k, v in g.items() if k != "usage"} for g in groups]


def samples(reply):
    return [s for g in reply["groups"] for s in g["samples"]]


def test_same_request_same_reply(tiny):
    first = ask(tiny)
    assert bare(first["groups"]) == bare(ask(tiny)["groups"])
    assert bare(first["groups"]) != bare(ask(tiny, seed=8)["groups"])
    assert {s["finish_reason"] for s in samples(first)} <= {"stop", "length"}
    rewards = {s["reward"] for s in samples(first)}
    assert len(rewards) > 1, "nothing to learn from: the test says nothing"
    got = lines(tiny)
    assert list(got[0]) == ["id"] and list(got[-1]) == ["totals"]
    assert sorted(bare(got[1:-1]), key=lambda g: g["prompt"]) == bare(first["groups"])
    assert got[-1]["totals"]["samples"] == first["totals"]["samples"] == 24


def test_equal_prompts_differ_and_other_callers_change_nothing(tiny):
    twice = ask(tiny, prompts=[QUESTIONS[1], QUESTIONS[1]])
    a, b = ([s["token_ids"] for s in g["samples"]] for g in twice["groups"])
    assert a != b
    with_load = {}

    def load():
        with_load["other"] = ask(tiny, prompts=[question(5, 6)] * 8, seed=1)

    beside = threading.Thread(target=load)
    beside.start()
    assert bare(ask(tiny)["groups"]) == bare(ask(tiny, prompts=QUESTIONS)["groups"])
    beside.join()
    assert with_load["other"]["totals"]["samples"] == 64


def test_log_probabilities_are_those_of_scoring(tiny):
    """To the bit: prompt_logprobs of the same ids."""
    reply = ask(tiny, n=4, **{"return": ["text", "token_ids", "logprobs", "processed_logprobs", "prompt_token_ids"]})
    for group in reply["groups"]:
        prompt = group["prompt_token_ids"]
        for s in group["samples"]:
            scored = tiny.complete(prompt=prompt + s["token_ids"], max_tokens=1, prompt_logprobs=0)
            tail = scored["choices"][0]["prompt_logprobs"][len(prompt):]
            assert [p[str(i)]["logprob"] for p, i in zip(tail, s["token_ids"])] == s["logprobs"]
            assert s["loss_mask"] == [1] * len(s["token_ids"])
            assert all(x <= 0 for x in s["processed_logprobs"]) and s["processed_logprobs"] != s["logprobs"]
    cold = ask(tiny, n=1, sampling={"temperature": 1, "max_tokens": 9},
               **{"return": ["token_ids", "logprobs", "processed_logprobs"]})
    for s in samples(cold):
        assert s["processed_logprobs"] == pytest.approx(s["logprobs"], abs=1e-4)


@pytest.mark.parametrize("method", ["grpo", "rloo", "dr_grpo", "verl_grpo", "verl_reinforce_pp", "verl_opo", "none",
                                    "verl_reinforce_pp_baseline", "verl_gpg", "verl_grpo_passk"])
def test_rewards_and_advantages_are_those_of_verify(tiny, method):
    reply = ask(tiny, advantage=method)
    items = [{"completion": s["text"], "answer": q["answer"], "group": q["id"],
              "ids": s["token_ids"]}
             for q, g in zip(QUESTIONS, reply["groups"]) for s in g["samples"]]
    told = tiny.post("/verify", {"items": items, "rewards": REWARDS, "advantage": method}).json()
    for s, v in zip(samples(reply), told["results"]):
        assert (s["reward"], s["rewards"], s["details"], s["keep"]) == (
            v["reward"], v["rewards"], v["details"], v["keep"])
        if method == "none":
            assert s["advantage"] is None
        else:
            assert s["advantage"] == pytest.approx(v["advantage"], abs=1e-12)
    for g, v in zip(reply["groups"], told["groups"]):
        assert g["group"] == {k: x for k, x in v.items() if k != "group"}


@pytest.mark.parametrize("method", ["verl_reinforce_pp", "verl_reinforce_pp_baseline", "verl_gpg", {"method": "grpo", "scale": "batch"},
                                    {"method": "rloo", "normalize": True}])
def test_a_wholly_masked_group_leaves_the_batch_as_it_is(tiny, method):
    full = {**QUESTIONS[1], "partial": [{"token_ids": [300] * HOT["max_tokens"]}] * 8}  # each has ended by its length
    for empty, keep in (({"text": "Hello"}, {}), (full, {"overlong": False})):
        [alone] = ask(tiny, prompts=QUESTIONS[:1], advantage=method, keep=keep)["groups"]
        first, other = ask(tiny, prompts=[QUESTIONS[0], empty], advantage=method, keep=keep)["groups"]
        assert all(s["mask"] and s["advantage"] is None for s in other["samples"]) and other["group"]["size"] == 0
        assert first["samples"] == alone["samples"] and "error" not in first
        assert any(s["advantage"] not in (None, 0) for s in first["samples"])


@pytest.mark.parametrize("method", ["grpo", "verl_gpg"])
def test_each_reward_normalised_in_its_group_and_then_the_sum(tiny, method):
    """Each reward is a column of its own, with its weight; then the whole batch."""
    asked = [question(8765, 4321), {**QUESTIONS[1], "rewards": [{"name": "length", "weight": 2}, {"name": "accuracy", "weight": -1}]}]
    how = {"method": method, "aggregation": "normalize_then_sum"}
    first, own = ask(tiny, prompts=asked, n=6, advantage=how, sampling={"temperature": 1.4, "max_tokens": 200},
                     rewards=[{"name": "accuracy"}, {"name": "length", "weight": 0.5}])["groups"]
    rows = [[s["rewards"]["accuracy"], s["rewards"]["length"], None, None] for s in first["samples"]]
    rows += [[None, None, s["rewards"]["length"], s["rewards"]["accuracy"]] for s in own["samples"]]
    told = tiny.post("/verify/advantages", {**how, "rewards": rows, "weights": [1, 0.5, 2, -1], "group_size": 6}).json()["advantages"]
    assert [s["advantage"] for s in first["samples"] + own["samples"]] == pytest.approx(told, abs=1e-9)
    assert len({round(x, 6) for x in told}) > 3


def check_compared(server, prompt, group, rewards, advantage):
    """Those that count are what /verify says of them by themselves."""
    kept = [s for s in group["samples"] if not s["mask"]]
    items = [{"completion": s["text"], "answer": prompt["answer"], "ids": s["token_ids"], "group": 1} for s in kept]
    told = server.post("/verify", {"items": items, "rewards": rewards, "advantage": advantage}).json()
    assert [(s["reward"], s["rewards"], s["details"], s["keep"]) for s in kept] == [
        (v["reward"], v["rewards"], v["details"], v["keep"]) for v in told["results"]]
    assert [s["advantage"] for s in kept] == pytest.approx([v["advantage"] for v in told["results"]], abs=1e-12)
    assert {"group": 1, **group["group"]} == {**told["groups"][0], "group": 1}
    return [s["rewards"]["length"] for s in kept]


@pytest.mark.parametrize("unit", ["chars", "tokens"])
def test_lengths_are_compared_with_those_of_the_group(tiny, unit):
    length, asked = {"name": "length", "unit": unit}, [question(8765, 4321), QUESTIONS[1]]
    values = []
    for rewards in ([{"name": "accuracy"}, length], [length]):
        for more in ({}, {"over_sample": 1.5}, {"until": {"groups": 1, "max_attempts": 2}}):
            reply = ask(tiny, prompts=asked, n=4, rewards=rewards, advantage="dr_grpo", sampling={"temperature": 1.4, "max_tokens": 200}, **more)
            assert not any("\ufffd" in s["text"] for s in samples(reply))  # which would be of another length
            for g in reply["groups"]:
                values += check_compared(tiny, asked[g["prompt"]], g, rewards, "dr_grpo")
            assert reply["totals"]["masked"] == sum(s["mask"] for s in samples(reply))
            assert reply["totals"]["informative"] == sum(g["group"]["keep"] for g in reply["groups"])
    assert len(set(values)) > 1, values
    whole = ask(tiny, n=2, rewards=[{"name": "accuracy"}, length], advantage="verl_gpg")
    assert all(s["advantage"] is not None for s in samples(whole))


def test_one_whose_correctness_is_unknown_is_compared_with_nobody(tiny):
    unreadable = question(2, 3, answer="\\frac{")  # what is read cannot be held against it; who says nothing is wrong
    rewards = [{"name": "length"}]
    [group] = ask(tiny, prompts=[unreadable], n=16, rewards=rewards, sampling={"temperature": 2, "max_tokens": 80})["groups"]
    masked = [s for s in group["samples"] if s["mask"]]
    assert masked and len(masked) < 16
    assert {(s["mask_cause"], s["details"]["length"]["cause"]) for s in masked} == {("cannot_judge", "correctness_unknown")}
    check_compared(tiny, unreadable, group, rewards, "grpo")


ENDS = ["stop", "length", "cut", "deadline", "abort"]


def arrays(server, **body):
    body = {"prompts": QUESTIONS, "n": 8, "sampling": HOT, "seed": 7, "rewards": REWARDS, "encoding": "npz", **body}
    reply = server.post("/v1/rollouts", body)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "application/zip"
    return numpy.load(io.BytesIO(reply.content))


@pytest.mark.parametrize("more", [
    {},
    {"advantage": "verl_reinforce_pp", "until": {"groups": 2, "max_attempts": 9}},
    {"keep": {"overlong": False}, "over_sample": 1.5, "sampling": {"temperature": 2, "max_tokens": 80}},
    {"prompts": [{**QUESTIONS[0], "fork": {"token_ids": [300, 301, 302], "at": [0, 2], "k": 3}}, QUESTIONS[1]]},
    {"revise": {"rounds": 1}, "n": 2},
])
def test_arrays_are_the_json_reply_s(tiny, more):
    got = arrays(tiny, **more)
    want = ask(tiny, **{"return": ["token_ids", "logprobs", "prompt_token_ids"], **more})
    groups = [g["samples"] + [s for f in g.get("forks", []) for s in f["samples"]] for g in want["groups"]]
    rows = [(i, s) for i, g in enumerate(groups) for s in g]
    lengths = [len(s["token_ids"]) for _, s in rows]
    expected = {
        "token_ids": ("int32", [t for _, s in rows for t in s["token_ids"]]),
        "loss_mask": ("uint8", [t for _, s in rows for t in s["loss_mask"]]),
        "logprobs": ("float32", [t for _, s in rows for t in s["logprobs"]]),
        "offsets": ("int64", numpy.cumsum([0] + lengths)),
        "prompt_token_ids": ("int32", [t for g in want["groups"] for t in g["prompt_token_ids"]]),
        "prompt_offsets": ("int64", numpy.cumsum([0] + [len(g["prompt_token_ids"]) for g in want["groups"]])),
        "group": ("int32", [i for i, _ in rows]),
        "index": ("int32", [s["index"] for _, s in rows]),
        "rewards": ("float32", [s["reward"] for _, s in rows]),
        "advantages": ("float32", [s["advantage"] for _, s in rows]),
        "mask": ("uint8", [s["mask"] for _, s in rows]),
        "finish_reason": ("uint8", [ENDS.index(s["finish_reason"]) for _, s in rows]),
    }
    assert set(got.files) == set(expected)
    for name, (kind, values) in expected.items():
        assert got[name].dtype == kind, name
        numpy.testing.assert_array_equal(got[name], numpy.array(values, dtype=kind), err_msg=name)


def test_what_a_token_was_drawn_from(tiny):
    """The ids that top-k and top-p leave: those of top_logprobs, as far as their probabilities reach."""
    hot = {"temperature": 1, "max_tokens": 40, "logprobs": 40, "top_k": 12, "top_p": 0.9}
    cut = 0
    for s in samples(ask(tiny, n=4, sampling=hot, **{"return": ["token_ids", "top_logprobs", "sampling_mask"]})):
        for token, tops, left in zip(s["token_ids"], s["top_logprobs"], s["sampling_mask"]):
            best = [t["token_id"] for t in tops[:12]]
            shares = numpy.exp([t["logprob"] for t in tops[:12]])
            n = int(numpy.searchsorted(numpy.cumsum(shares) / shares.sum(), 0.9 - 1e-5)) + 1
            assert token in left and left == sorted(left)
            assert set(left) in (set(best[:n]), set(best[:n + 1]))  # at a share just met
            cut += len(left) < 12
    assert cut > 0
    free, greedy = (ask(tiny, n=1, sampling={"temperature": t, "max_tokens": 9}, **{"return": ["token_ids", "sampling_mask"]})
                    for t in (1, 0))
    assert all(left is None for s in samples(free) for left in s["sampling_mask"])
    assert all(left == [t] for s in samples(greedy) for t, left in zip(s["token_ids"], s["sampling_mask"]))
    told = ask(tiny, prompts=[question(2, 3, answer="-98765")], n=1, revise={"rounds": 1}, sampling={"temperature": 0, "max_tokens": 60},
               **{"return": ["token_ids", "sampling_mask"]})
    for s in samples(told):
        assert [left is not None for left in s["sampling_mask"]] == [bool(m) for m in s["loss_mask"]]


def test_masked_samples_stay_out_of_the_statistics(tiny):
    reply = ask(tiny, sampling={"temperature": 2, "max_tokens": 80}, keep={"overlong": False})
    masked = [s for s in samples(reply) if s["mask"]]
    assert masked and all(s["mask_cause"] == "overlong" and s["finish_reason"] == "length" and s["reward"] is None and
                          s["advantage"] is None for s in masked)
    assert reply["totals"]["masked"] == len(masked)
    for g in reply["groups"]:
        rewards = [s["reward"] for s in g["samples"] if not s["mask"]]
        assert g["group"]["scored"] == len(rewards)
        if rewards:
            assert g["group"]["mean"] == pytest.approx(sum(rewards) / len(rewards))


def test_one_that_is_left_of_its_group_leads_nobody(tiny):
    """verl_grpo_passk gives the best its lead over the second."""
    ended = next(s["token_ids"] for s in samples(ask(tiny, prompts=QUESTIONS[:1])) if s["finish_reason"] == "stop")
    reply = ask(tiny, prompts=[{**QUESTIONS[0], "partial": [{"token_ids": ended}]}], n=2, keep={"overlong": False},
                sampling={"min_tokens": len(ended) + 1, "max_tokens": len(ended) + 1}, advantage="verl_grpo_passk")
    assert [(s["mask"], s["advantage"]) for s in samples(reply)] == [(False, 0), (True, None)]
    assert "error" not in reply["groups"][0]


def test_without_an_answer_it_is_sampled_and_masked(tiny):
    reply = ask(tiny, prompts=[{"text": "Hello"}, QUESTIONS[0]], n=2)
    for s in reply["groups"][0]["samples"]:
        assert s["mask_cause"] == "cannot_judge" and s["reward"] is None and s["error"]["param"] == "answer"
    assert all(s["mask_cause"] is None for s in reply["groups"][1]["samples"])


def test_a_prompt_s_own_rewards_and_what_cannot_be_judged(tiny):
    """As an item of /verify has them: in place of the call's."""
    own = {**QUESTIONS[0], "rewards": [{"name": "format", "style": "boxed", "as": "box"}, {"name": "length"}]}
    unreadable = {**QUESTIONS[0], "answer": "\\frac{"}
    asked = [own, QUESTIONS[0], {**unreadable, "on_cannot_judge": 0.25}, unreadable]
    reply = ask(tiny, prompts=asked, rewards=[{"name": "accuracy"}], sampling={"temperature": 1.4, "max_tokens": 200})
    for prompt, group in zip(asked, reply["groups"]):
        kept = [s for s in group["samples"] if not s["mask"]]
        fields = {k: v for k, v in prompt.items() if k not in ("id", "messages")}
        items = [{**fields, "completion": s["text"], "group": 1} for s in kept]
        told = tiny.post("/verify", {"items": items, "rewards": [{"name": "accuracy"}]}).json()["results"] if kept else []
        assert [(s["reward"], s["rewards"], s["details"]) for s in kept] == [(v["reward"], v["rewards"], v["details"]) for v in told]
    assert {tuple(s["rewards"]) for s in reply["groups"][0]["samples"]} == {("box", "length")}
    given, masked = ([(s["mask"], s["reward"]) for s in g["samples"] if s["rewards"]["accuracy"] is None] for g in reply["groups"][2:])
    assert set(given) == {(False, 0.25)} and set(masked) == {(True, None)}


def order(group):
    return sorted(group["samples"], key=lambda s: (len(s["token_ids"]), s["index"]))


def test_over_sample_keeps_those_that_end_first(tiny):
    all_of_them = ask(tiny, n=12)
    reply = ask(tiny, n=4, over_sample=3)
    for g, whole in zip(reply["groups"], all_of_them["groups"]):
        want = order(whole)
        last = want[3]
        kept = [s for s in g["samples"] if not s["mask"]]
        assert sorted(s["index"] for s in kept) == sorted(s["index"] for s in want[:4])
        for s in g["samples"]:
            before = next(w for w in want if w["index"] == s["index"])
            if s["mask"]:
                assert s["finish_reason"] == s["mask_cause"] == "cut"
                assert s["token_ids"] == before["token_ids"][:len(last["token_ids"])]
            else:
                assert s["text"] == before["text"]


def test_stop_when(tiny):
    whole = ask(tiny)
    first = ask(tiny, stop_when="first_correct")
    for g, w in zip(first["groups"], whole["groups"]):
        right = [s for s in order(w) if s["rewards"]["accuracy"] == 1]
        kept = [s["index"] for s in g["samples"] if not s["mask"]]
        if right:
            assert kept == sorted(s["index"] for s in order(w)[:order(w).index(right[0]) + 1])
        else:
            assert len(kept) == 8
    most = ask(tiny, prompts=[question(2, 3)], sampling={"temperature": 0.5, "max_tokens": 80}, stop_when="majority")
    assert sum(not s["mask"] for s in samples(most)) == 5  # of 8, all alike


@pytest.mark.parametrize("rule", [{"stop_when": "first_correct"}, {"stop_when": "majority"}, {"over_sample": 2}])
def test_a_cut_sample_tells_nothing_of_what_the_judge_may_have_known(tiny, rule):
    """All are as long as the one that decides, and many are judged with it: how many is chance."""
    same = {**forced("The answer is 5"), "temperature": 0}
    one, *_ = replies = [ask(tiny, prompts=[{"text": "a", "answer": "5"}], n=4, sampling=same, **rule) for _ in range(8)]
    cut = [s for s in samples(one) if s["mask_cause"] == "cut"]
    assert len(cut) == {"first_correct": 3, "majority": 1}.get(rule.get("stop_when"), 4)
    for s in cut:
        assert s["finish_reason"] == "cut" and s["token_ids"] == samples(one)[0]["token_ids"]
        assert (s["reward"], s["rewards"], s["details"], s["error"]) == (None, {}, {}, None)
    assert all(bare(r["groups"]) == bare(one["groups"]) for r in replies)


def test_until_is_the_shortest_run_of_attempts(tiny):
    many = ask(tiny, prompts=QUESTIONS, until={"groups": 3, "max_attempts": 20})
    kept = [g["group"]["keep"] for g in many["groups"]]
    assert sum(kept) == 3 and kept[-1] and many["totals"]["attempts"] == len(kept)
    assert [g["attempt"] for g in many["groups"]] == list(range(len(kept)))
    got = lines(tiny, until={"groups": 3, "max_attempts": 20})
    assert bare(got[1:-1]) == bare(many["groups"])
    none = ask(tiny, prompts=[question(1, 1)], sampling={"temperature": 0, "max_tokens": 60}, n=2,
               until={"groups": 1, "max_attempts": 3})
    assert none["totals"]["attempts"] == 3 and none["totals"]["informative"] == 0


def test_a_deadline_masks(tiny):
    reply = ask(tiny, sampling={"temperature": 1, "min_tokens": 400, "max_tokens": 400}, n=64, deadline_ms=1)
    assert {s["mask_cause"] for s in samples(reply)} == {"deadline"}
    assert all(g["group"]["mean"] is None for g in reply["groups"])


def check_late(groups, cause):
    """Groups of which the last ones had not begun."""
    assert [g["id"] for g in groups] == list(range(9))
    for g in groups:
        assert [s["index"] for s in g["samples"]] == list(range(4))
        assert {(s["finish_reason"], s["mask"], s["mask_cause"]) for s in g["samples"]} == {(cause, True, cause)}
        assert all(len(s["token_ids"]) == len(s["loss_mask"]) == len(s["logprobs"]) for s in g["samples"])
    assert all(s["token_ids"] == [] and s["text"] == "" for s in groups[-1]["samples"])


MANY = {"prompts": [{**question(i, i), "id": i} for i in range(9)], "n": 4, "rewards": REWARDS,
        "sampling": {"temperature": 1, "min_tokens": 900, "max_tokens": 900}}


@pytest.fixture(scope="module")
def narrow():
    server = Server("--threads", "2", "--max-sequences", "8", model=TINY)
    yield server
    server.stop()


def test_a_deadline_answers_with_groups_that_have_not_begun(narrow):
    late = {**MANY, "deadline_ms": 50}
    check_late(ask(narrow, **late)["groups"], "deadline")
    first, *written, last = lines(narrow, **late)
    check_late(sorted(written, key=lambda g: g["prompt"]), "deadline")
    assert "id" in first and last["totals"]["masked"] == 36
    got = arrays(narrow, **late)
    assert got["group"].tolist() == [g for g in range(9) for _ in range(4)] and got["index"].tolist() == [0, 1, 2, 3] * 9
    assert set(got["finish_reason"]) == {ENDS.index("deadline")} and got["mask"].all() and len(got["prompt_offsets"]) == 10
    assert got["offsets"][-1] == got["offsets"][-5] == len(got["token_ids"])
    forked = {**question(1, 1), "fork": {"token_ids": [300, 301], "at": [0, 2], "k": 3}}
    last = ask(narrow, **{**late, "prompts": MANY["prompts"] + [forked]})["groups"][-1]
    assert [[s["token_ids"] for s in f["samples"]] for f in last["forks"]] == [[[]] * 3, [[300, 301]] * 3]
    assert ask(narrow, **late, until={"groups": 9, "max_attempts": 99})["totals"]["attempts"] < 99  # nobody is owed those


def test_what_has_no_token_is_of_no_version(narrow):
    """More samples than may run begin together."""
    late = samples(ask(narrow, **{**MANY, "prompts": MANY["prompts"][:1], "n": 16}, deadline_ms=50))
    assert any(s["token_ids"] == [] for s in late)
    assert all(s["weight_version"] == ("0" if s["token_ids"] else None) for s in late)


def test_a_call_some_of_whose_groups_wait_for_room_is_aborted_by_name(start):
    """The first of its groups is in the queue, the second was told that this is full."""
    server = start("--max-sequences", "4", "--max-queue", "4", "--max-wait", "0", model=TINY)
    assert server.http.post("/pause", params={"mode": "keep"}).status_code == 200
    other = threading.Thread(target=lambda: server.complete(prompt="a", n=5, max_tokens=1))
    other.start()
    wait_until(lambda: server.metric("touchstone_sequences_waiting") == 5)
    body = {"prompts": QUESTIONS[:2], "n": 2, "sampling": HOT, "rewards": REWARDS, "encoding": "ndjson"}
    with server.http.stream("POST", "/v1/rollouts", json=body, headers={"x-request-id": "mine"}) as reply:
        rest = reply.iter_lines()
        assert json.loads(next(rest)) == {"id": "mine"}
        assert server.post("/abort_request", {"rid": "mine"}).status_code == 200
        *groups, last = map(json.loads, rest)
    assert {s["finish_reason"] for g in groups for s in g["samples"]} == {"abort"} and last["totals"]["masked"] == 4
    assert server.http.post("/resume").status_code == 200
    other.join()


@pytest.mark.parametrize("encoding", ["json", "ndjson"])
@pytest.mark.parametrize("advantage", ["grpo", "verl_reinforce_pp"])
def test_ending_a_call_gives_all_groups_in_order(narrow, encoding, advantage):
    body = {**MANY, "encoding": encoding, "advantage": advantage}
    for _ in tries():
        replies = []
        call = threading.Thread(target=lambda: replies.append(narrow.post("/v1/rollouts", body, headers={"x-request-id": "all"})))
        call.start()
        wait_until(lambda: narrow.metric("touchstone_sequences_running") == 8 or not call.is_alive())
        reply = narrow.http.delete("/v1/rollouts/all")
        call.join()
        ended = reply.json()
        if reply.status_code == 200 and ended["groups"][0]["samples"][0]["finish_reason"] != "length":
            break  # else it came too late: once more
    check_late(ended["groups"], "abort")
    if encoding == "json":
        assert replies[0].json()["groups"] == ended["groups"]
    else:
        written = [json.loads(line) for line in replies[0].text.splitlines()[1:-1]]
        assert sorted(written, key=lambda g: g["prompt"]) == ended["groups"]


class Standing:
    """A call whose first groups have begun and stand still, in a thread of its own."""

    def __init__(self, server, name, **body):
        self.server, self.name, self.body, self.replies = server, name, {**MANY, **body}, []

    def run(self):
        self.replies.append(self.server.post("/v1/rollouts", self.body, headers={"x-request-id": self.name}))

    def __enter__(self):
        for _ in tries():
            if self.caught():
                return self
            self.server.http.post("/resume")  # the pause came too late
            self.delete()
            self.thread.join()

    def caught(self):
        """Does it stand with its first two groups, in the midst of them?"""
        before = self.server.metric("touchstone_generated_tokens_total")
        self.replies.clear()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        wait_until(lambda: self.server.metric("touchstone_sequences_running") == 8 or not self.thread.is_alive())
        assert self.server.http.post("/pause", params={"mode": "keep"}).status_code == 200
        made = self.server.metric("touchstone_generated_tokens_total") - before
        return self.server.metric("touchstone_sequences_running") == 8 and made <= 8 * self.body["sampling"]["max_tokens"] / 2

    def delete(self, rest=""):
        return self.server.http.delete(f"/v1/rollouts/{self.name}{rest}")

    def __exit__(self, *_):
        self.server.http.post("/resume")
        self.thread.join()


@pytest.mark.parametrize("encoding", ["json", "ndjson"])
@pytest.mark.parametrize("advantage", ["grpo", "verl_reinforce_pp"])
def test_ending_a_group_that_has_not_begun(narrow, encoding, advantage):
    """It never begins: the job is there, and so is its group."""
    one = []
    with Standing(narrow, "late", encoding=encoding, advantage=advantage) as call:
        early = threading.Thread(target=lambda: one.append(call.delete("/groups/7")))
        early.start()
        if advantage == "grpo":  # the other's are there when all are
            early.join()
        else:
            narrow.wait_open(2)
        assert call.delete("/groups/9").status_code == 404
        ended = call.delete().json()
        early.join()
    [group] = one[0].json()["groups"]
    assert group["id"] == 7 and all(s["token_ids"] == [] for s in group["samples"])
    written = encoding == "ndjson" and advantage == "grpo"  # a line before anybody waited for all
    check_late(ended["groups"][:7] + [group] + ended["groups"][7:] if written else ended["groups"], "abort")
    reply = call.replies[0]
    assert group in (reply.json()["groups"] if encoding == "json" else [json.loads(line) for line in reply.text.splitlines()[1:-1]])


@pytest.mark.parametrize("advantage", ["grpo", "verl_reinforce_pp"])
def test_a_group_that_has_ended_is_told_to_each_who_ends_it(narrow, advantage):
    told = []
    with Standing(narrow, "again", advantage=advantage) as call:
        asking = [threading.Thread(target=lambda: told.append(call.delete("/groups/7"))) for _ in range(3)]
        for n, thread in enumerate(asking):
            thread.start()
            if advantage == "grpo":
                thread.join()
            else:  # it is done, but for its advantages, which are there when all groups are
                narrow.wait_open(n + 2)
        call.delete()
        for thread in asking:
            thread.join()
    group = call.replies[0].json()["groups"][7]
    assert [t.json()["groups"] for t in told] == [[group]] * 3


def test_a_group_ended_before_its_turn_is_passed_over(narrow):
    with Standing(narrow, "passed", sampling={"temperature": 1, "min_tokens": 60, "max_tokens": 60}) as call:
        ended = [call.delete(f"/groups/{g}").json()["groups"][0] for g in (8, 6)]
    groups = call.replies[0].json()["groups"]
    assert [g["id"] for g in groups] == list(range(9)) and [groups[8], groups[6]] == ended
    assert all({s["finish_reason"] for s in g["samples"]} == {"abort" if g["id"] in (6, 8) else "length"} for g in groups)


def test_a_pause_that_waits_lets_begun_groups_end_and_holds_later_ones(narrow):
    with Standing(narrow, "paused", sampling={"temperature": 1, "min_tokens": 60, "max_tokens": 60}) as call:
        assert narrow.http.post("/pause", params={"mode": "wait"}).status_code == 200
        assert narrow.metric("touchstone_sequences_running") == 0 and not call.replies
        pushed = narrow.post("/v1/weights", {"path": TINY}).json()["version"]
    versions = [{s["weight_version"] for s in g["samples"]} for g in call.replies[0].json()["groups"]]
    assert versions[0] == versions[1] != {pushed} and versions[2:] == [{pushed}] * 7
    assert {s["finish_reason"] for s in samples(call.replies[0].json())} == {"length"}


def test_an_attempt_that_has_not_begun_is_not_there(narrow):
    with Standing(narrow, "tried", until={"groups": 2, "max_attempts": 9}) as call:
        assert call.delete("/groups/8").status_code == 404
        assert call.delete().status_code == 200


def test_forks_share_what_is_given(tiny):
    whole = ask(tiny, prompts=QUESTIONS[:1], n=1)
    s = samples(whole)[0]
    at = [0, 7, len(s["token_ids"]) - 1]
    body = {"prompts": [{**QUESTIONS[0], "fork": {"token_ids": s["token_ids"], "logprobs": s["logprobs"], "at": at,
                                                  "k": 3}}]}
    group = ask(tiny, **body)["groups"][0]
    assert group["samples"] == [] and [f["at"] for f in group["forks"]] == at
    for f in group["forks"]:
        rewards = [x["reward"] for x in f["samples"] if not x["mask"]]
        assert f["value"] == pytest.approx(sum(rewards) / len(rewards)) and len(f["samples"]) == 3
        for x in f["samples"]:
            assert x["token_ids"][:f["at"]] == s["token_ids"][:f["at"]]
            assert x["logprobs"][:f["at"]] == s["logprobs"][:f["at"]]
            assert len(x["logprobs"]) == len(x["token_ids"])
    forced = ask(tiny, prompts=[{**QUESTIONS[0], "fork": {"token_ids": s["token_ids"], "at": 3, "token": 300}}])
    [x] = forced["groups"][0]["forks"][0]["samples"]
    assert x["token_ids"][3] == 300 and x["loss_mask"][:5] == [1, 1, 1, 0, 1] and x["logprobs"][3] is None


def test_partial_rollouts_go_on(tiny):
    s = samples(ask(tiny, prompts=QUESTIONS[:1], n=1))[0]
    spans = [{"version": "41", "start": 0, "end": 5}]
    part = {"token_ids": s["token_ids"][:5], "logprobs": s["logprobs"][:5], "weight_versions": spans}
    group = ask(tiny, prompts=[{**QUESTIONS[0], "partial": [part]}], n=3)["groups"][0]
    first = group["samples"][0]
    assert first["token_ids"][:5] == part["token_ids"] and first["logprobs"][:5] == part["logprobs"]
    assert first["weight_versions"] == spans + [{"version": "0", "start": 5, "end": len(first["token_ids"])}]
    assert [x["weight_version"] for x in group["samples"][1:]] == ["0", "0"]
    for given in ([("0", 0, 5)], [("0", 0, 2), ("0", 2, 5)]):  # it went on with the same
        part["weight_versions"] = [{"version": v, "start": a, "end": b} for v, a, b in given]
        same = samples(ask(tiny, prompts=[{**QUESTIONS[0], "partial": [part]}], n=1))[0]
        assert same["weight_version"] == "0" and "weight_versions" not in same
    part["weight_versions"] = [{"version": v, "start": a, "end": b} for v, a, b in [("41", 0, 2), ("0", 2, 5)]]
    longer = samples(ask(tiny, prompts=[{**QUESTIONS[0], "partial": [part]}], n=1))[0]
    assert longer["weight_versions"] == [{"version": "41", "start": 0, "end": 2}, {"version": "0", "start": 2, "end": len(longer["token_ids"])}]
    assert "weight_version" not in longer
    ids = tiny.post("/detokenize", {"tokens": first["token_ids"]}).json()["prompt"]
    assert first["text"] and ids.startswith(first["text"])


def test_what_is_given_whole_has_ended(tiny):
    """Nothing is sampled behind an end token, of a partial or at the end of a fork; it is judged as it is."""
    whole = next(s for s in samples(ask(tiny, prompts=QUESTIONS[:1])) if s["finish_reason"] == "stop")
    ids, spans = whole["token_ids"], [{"version": "41", "start": 0, "end": len(whole["token_ids"])}]
    part = {"token_ids": ids, "logprobs": whole["logprobs"], "weight_versions": spans}
    same = {k: whole[k] for k in ("text", "token_ids", "logprobs", "loss_mask", "finish_reason", "stop_reason", "reward", "mask")}
    for more in [{}, {"n": 3}, {"n": 2, "over_sample": 2, "stop_when": "majority"}]:
        group = ask(tiny, prompts=[{**QUESTIONS[0], "partial": [part]}], **{"n": 1, **more})["groups"][0]
        first = group["samples"][0]
        if more.get("over_sample") is None:
            assert {k: first[k] for k in same} == same
        assert first["token_ids"] == ids and first["weight_version"] == "41" and "weight_versions" not in first
        if not more:
            assert group["usage"]["completion_tokens"] == 0
    assert arrays(tiny, prompts=[{**QUESTIONS[0], "partial": [part]}], n=1)["finish_reason"].tolist() == [0]
    forks = {"token_ids": ids, "at": [len(ids), 2], "k": 2}
    at_end, early = ask(tiny, prompts=[{**QUESTIONS[0], "fork": forks}])["groups"][0]["forks"]
    assert [s["token_ids"] for s in at_end["samples"]] == [ids] * 2 and at_end["value"] == whole["reward"]
    assert all(len(s["token_ids"]) > 2 for s in early["samples"])
    shown = ask(tiny, prompts=[{**QUESTIONS[0], "partial": [part]}], n=1, sampling={"skip_special_tokens": False})
    assert samples(shown)[0]["text"] == whole["text"]
    on = {"ignore_eos": True, "max_tokens": len(ids) + 3}
    assert len(samples(ask(tiny, prompts=[{**QUESTIONS[0], "partial": [part]}], n=1, sampling=on))[0]["token_ids"]) == on["max_tokens"]
    named = {"token_ids": ids[:3], "logprobs": whole["logprobs"][:3]}
    [s] = samples(ask(tiny, prompts=[{**QUESTIONS[0], "partial": [named]}], n=1, sampling={"stop_token_ids": [ids[2]]}))
    assert (s["token_ids"], s["finish_reason"], s["stop_reason"]) == (ids[:3], "stop", ids[2])


def test_what_is_given_at_max_tokens_is_full(tiny):
    """Nothing is sampled behind it either: it has ended by its length, and counts or not as such samples do."""
    whole = next(s for s in samples(ask(tiny, prompts=QUESTIONS[:1])) if len(s["token_ids"]) > 8)
    ids = whole["token_ids"][:6]
    part = {"token_ids": ids, "logprobs": whole["logprobs"][:6]}
    for most in (6, 4):
        group = ask(tiny, prompts=[{**QUESTIONS[0], "partial": [part]}], n=1, sampling={"max_tokens": most})["groups"][0]
        [s] = group["samples"]
        assert (s["token_ids"], s["logprobs"], s["finish_reason"], s["stop_reason"]) == (ids, part["logprobs"], "length", None)
        assert group["usage"]["completion_tokens"] == 0 and not s["mask"] and s["reward"] is not None
    fork = {"token_ids": whole["token_ids"], "at": [6, 2], "k": 2}
    full, early = ask(tiny, prompts=[{**QUESTIONS[0], "fork": fork}], sampling={"max_tokens": 6})["groups"][0]["forks"]
    assert [(s["token_ids"], s["finish_reason"]) for s in full["samples"]] == [(ids, "length")] * 2
    assert all(2 < len(s["token_ids"]) <= 6 for s in early["samples"])
    reply = ask(tiny, prompts=[{**QUESTIONS[0], "partial": [part] * 2}], n=2, sampling={"max_tokens": 6}, keep={"overlong": False})
    assert [(s["mask"], s["mask_cause"]) for s in samples(reply)] == [(True, "overlong")] * 2
    more = ask(tiny, prompts=[{**QUESTIONS[0], "partial": [part]}], n=1, sampling={"max_tokens": 7, "ignore_eos": True})
    assert len(samples(more)[0]["token_ids"]) == 7
    assert arrays(tiny, prompts=[{**QUESTIONS[0], "partial": [part]}], n=1, sampling={"max_tokens": 6})["finish_reason"].tolist() == [1]


def test_ids_with_new_messages_are_the_template_s(tiny):
    """What a chat of three turns renders is the first turn's ids, the answer's ids, and what follows."""
    talk = [{"role": "user", "content": "What is 1 + 1?"}, {"role": "assistant", "content": "<think>\nx\n</think>\n2"},
            {"role": "user", "content": "What is 2 + 2?"}]
    whole = tiny.post("/tokenize", {"messages": talk, "add_generation_prompt": True}).json()["tokens"]
    start = tiny.post("/tokenize", {"messages": talk[:1], "add_generation_prompt": True}).json()["tokens"]
    told = ask(tiny, prompts=[{"prefix_token_ids": start, "messages": talk[2:], "answer": "4"}], n=1,
               **{"return": ["token_ids", "prompt_token_ids"]})["groups"][0]
    behind = told["prompt_token_ids"][len(start):]
    assert told["prompt_token_ids"][:len(start)] == start and whole[-len(behind):] == behind


def test_ending_a_call_gives_what_exists(tiny):
    slow = {"temperature": 1, "min_tokens": 450, "max_tokens": 450}
    replies = {}

    def run():
        replies["call"] = tiny.post("/v1/rollouts", {"prompts": QUESTIONS, "n": 96, "sampling": slow},
                                    headers={"x-request-id": "long-one"})

    thread = threading.Thread(target=run)
    thread.start()
    tiny.wait_metric("touchstone_sequences_running", lambda n: n > 0)
    assert tiny.post("/v1/rollouts", {"prompts": QUESTIONS}, headers={"x-request-id": "long-one"}).status_code == 409
    one = tiny.http.delete("/v1/rollouts/long-one/groups/0")
    assert one.status_code == 200 and len(one.json()["groups"]) == 1 and "totals" not in one.json()
    ended = tiny.http.delete("/v1/rollouts/long-one")
    thread.join()
    assert ended.status_code == 200 and replies["call"].status_code == 200
    got = {(g["prompt"], s["index"]): s for g in ended.json()["groups"] for s in g["samples"]}
    assert len(got) == len(samples(replies["call"].json()))
    for g in replies["call"].json()["groups"]:
        for s in g["samples"]:
            assert got[g["prompt"], s["index"]] == s and s["mask_cause"] == "abort"
    assert tiny.http.delete("/v1/rollouts/long-one").status_code == 404


def test_ending_a_call_that_writes_lines_gives_all_its_groups(tiny):
    """Also where advantages wait for the whole batch, and lines for their order."""
    slow = {"temperature": 1, "min_tokens": 450, "max_tokens": 450}
    body = {"prompts": QUESTIONS, "n": 64, "sampling": slow, "encoding": "ndjson", "advantage": "verl_reinforce_pp",
            "until": {"groups": 3, "max_attempts": 3}}
    replies = []
    thread = threading.Thread(target=lambda: replies.append(tiny.post("/v1/rollouts", body, headers={"x-request-id": "in-lines"})))
    thread.start()
    tiny.wait_metric("touchstone_sequences_running", lambda n: n > 128)
    ended = tiny.http.delete("/v1/rollouts/in-lines").json()
    thread.join()
    written = [json.loads(line) for line in replies[0].text.splitlines()[1:-1]]
    assert len(written) == 3 and ended["groups"] == written


def test_a_caller_who_leaves_cancels(tiny):
    slow = {"temperature": 1, "min_tokens": 450, "max_tokens": 450}
    with tiny.http.stream("POST", "/v1/rollouts", json={"prompts": QUESTIONS, "n": 96, "sampling": slow,
                                                         "encoding": "ndjson"}) as reply:
        next(reply.iter_lines())
    tiny.wait_idle()
    tiny.wait_alone()


def test_more_samples_than_the_engine_takes(tiny):
    reply = ask(tiny, prompts=[question(i, i) for i in range(20)], n=100, sampling={"max_tokens": 2})
    assert reply["totals"]["samples"] == 2000 and len(reply["groups"]) == 20


def test_judging_in_workers(tiny):
    """Algebra and code go to worker processes; a group waits for the slowest of its verdicts."""
    reply = ask(tiny, prompts=[question(3, 4, tests=[{"input": "1", "output": "1"}], language="python")], n=3,
                rewards=[{"name": "accuracy"}, {"name": "code", "weight": 1}])
    for s in samples(reply):
        assert set(s["rewards"]) == {"accuracy", "code"}


def check_row(server, prompt, s):
    """One row of turns: what the server said is masked, what was sampled scores as scoring says."""
    scored = server.complete(prompt=prompt + s["token_ids"], max_tokens=1, prompt_logprobs=0)
    tail = scored["choices"][0]["prompt_logprobs"][len(prompt):]
    sampled = [i for t in s["turns"] for i in range(t["start"], t["end"])]
    for i, token in enumerate(s["token_ids"]):
        assert s["loss_mask"][i] == (i in sampled)
        assert s["logprobs"][i] == (tail[i][str(token)]["logprob"] if i in sampled else None)
    assert s["turns"][-1]["reward"] == s["reward"] and s["turns"][-1]["end"] == len(s["token_ids"])
    assert s["turns"][-1]["text"] == s["text"]


def said(server, s):
    """The server's messages, as text."""
    gaps = zip(s["turns"], s["turns"][1:])
    return [server.post("/detokenize", {"tokens": s["token_ids"][a["end"]:b["start"]]}).json()["prompt"]
            for a, b in gaps]


def test_revise_until_the_rounds_are_spent(tiny):
    wrong = question(2, 3, answer="-98765")  # whatever the model says, it is not right
    reply = ask(tiny, prompts=[wrong, QUESTIONS[0]], n=2, sampling={"temperature": 0.5, "max_tokens": 90},
                revise={"rounds": 2}, **{"return": ["text", "token_ids", "logprobs", "prompt_token_ids"]})
    for s in reply["groups"][0]["samples"]:
        assert len(s["turns"]) == 3 and s["reward"] < 1.5 and not s["mask"]
        check_row(tiny, reply["groups"][0]["prompt_token_ids"], s)
        told = said(tiny, s)
        assert "accuracy: not equal. The answer that was read is 5." in told[0]
        assert all("accuracy: " in text and "98765" not in text for text in told)
    for s in reply["groups"][1]["samples"]:
        check_row(tiny, reply["groups"][1]["prompt_token_ids"], s)
        assert len(s["turns"]) == 3 or set(s["rewards"].values()) == {1}
    once = ask(tiny, prompts=[QUESTIONS[0]], n=2, sampling={"temperature": 0.5, "max_tokens": 90}, revise={"rounds": 2},
               rewards=[{"name": "accuracy"}])
    assert any(s["reward"] == 1 and len(s["turns"]) == 1 for s in samples(once)), "no sample was right at once: the test says nothing"
    again = ask(tiny, prompts=[wrong, QUESTIONS[0]], n=2, sampling={"temperature": 0.5, "max_tokens": 90},
                revise={"rounds": 2}, **{"return": ["text", "token_ids", "logprobs", "prompt_token_ids"]})
    assert bare(again["groups"]) == bare(reply["groups"])


def forced(text):
    """Sampling that can say nothing else."""
    return {"temperature": 1, "max_tokens": 60, "structured_outputs": {"choice": [text]}}


def test_revise_tells_a_plan_s_unmet_precondition_and_a_template_says_it(tiny):
    domain = """(define (domain d) (:requirements :strips) (:predicates (holding) (empty))
                (:action pick :parameters () :precondition (empty) :effect (and (holding) (not (empty))))
                (:action drop :parameters () :precondition (holding) :effect (and (empty) (not (holding)))))"""
    problem = "(define (problem p) (:domain d) (:init (empty)) (:goal (holding)))"
    prompt = {"token_ids": [300, 301], "domain": domain, "problem": problem}
    reply = ask(tiny, prompts=[prompt], n=1, rewards=[{"name": "plan"}], sampling=forced("(drop)"),
                revise={"rounds": 1, "template": "No: {feedback}!"})
    [s] = samples(reply)
    assert "No: plan: precondition. It fails at step 1. The action is (drop). Not met: (holding).!" in said(tiny, s)[0]


def test_revise_shows_a_failing_test_unless_it_is_hidden(tiny):
    test = {"input": "61728", "output": "75319"}
    for hidden in (False, True):
        prompt = {"text": "What is 1 + 1?", "language": "python", "tests": [{**test, "hidden": True} if hidden else test]}
        [s] = samples(ask(tiny, prompts=[prompt], n=1, rewards=[{"name": "code"}], revise={"rounds": 1},
                          sampling=forced("```python\nprint(1)\n```")))
        [text] = said(tiny, s)
        assert "Test 1 fails: wrong answer." in text
        assert ("61728" in text) is not hidden and ("75319" in text) is not hidden


@pytest.mark.parametrize("rewards, text, told", [
    ([{"name": "schema", "schema": {"properties": {"a": {"type": "integer"}}}}], '{"a": "x"}',
     "schema: violates. The place in the document is /a. The rule of the schema is type."),
    ([{"name": "accuracy"}, {"name": "schema", "schema": {"required": ["a"]}}], '{"answer": 5}', "schema: violates. The rule of the schema is required."),
    ([{"name": "accuracy"}, {"name": "format", "style": "boxed"}], "The answer is 5", "format: no box. The form is boxed."),
    ([{"name": "regex", "pattern": "zz"}], "a", "regex: no match."),
    ([{"name": "contains", "texts": ["foo"]}, {"name": "overlong"}, {"name": "repetition"}], "a", "contains: missing text. Not found: foo."),
    ([{"name": "instructions"}], "a, b", "instructions: not followed. Not followed: punctuation:no_comma."),
])
def test_revise_tells_which_rule_is_not_kept_whatever_the_verdict(tiny, rewards, text, told):
    """And nothing of terms that shape a reward."""
    prompt = {"text": "a", "answer": "5", "instruction_id_list": ["punctuation:no_comma"]}
    [s] = samples(ask(tiny, prompts=[prompt], n=1, rewards=rewards, sampling=forced(text), revise={"rounds": 2, "template": "{feedback}"}))
    first, second = said(tiny, s)
    assert first == second and re.search(r"<\|im_start\|>user\n(.*)<\|im_end\|>", first).group(1) == told


def test_forms_hold_behind_the_thoughts_of_a_chat_and_at_once_of_a_text(tiny):
    sampling = {"temperature": 1, "max_tokens": 300, "structured_outputs": {"regex": "[0-9]{2}\\."}}
    chat, text = ask(tiny, prompts=[QUESTIONS[0], {"text": "What is"}], n=4, sampling=sampling)["groups"]
    for s in text["samples"]:
        assert re.fullmatch(r"[0-9]{2}\.", s["text"])
    ended = [s["text"] for s in chat["samples"] if s["finish_reason"] == "stop"]
    assert ended, "none ended: the test says nothing"
    for said in ended:
        assert re.fullmatch(r"<think>.+</think>\s*[0-9]{2}\.", said, re.DOTALL)


def test_tools_are_for_the_prompt_and_for_the_judge(tiny):
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"x": {"type": "integer"}}}}}
    call = {"name": "f", "arguments": {"x": 1}}
    prompt = {"text": "Call f.", "tools": [tool], "tool_calls": [call]}
    [s] = samples(ask(tiny, prompts=[prompt], n=1, rewards=[{"name": "tool_calls"}],
                      sampling=forced(f"<tool_call>{json.dumps(call)}</tool_call>")))
    assert s["reward"] == 1


def test_what_waits_to_go_on_can_be_ended(start):
    """Revisions that find the queue full wait; meanwhile their call is ended. One whose answer was at the judge ("stop") did
    not wait: it is tried again."""
    server = start("--max-sequences", "1", "--max-queue", "1", model=TINY)
    body = {"prompts": [{"text": "What is 1 + 1?", "language": "python", "tests": [{"input": "1", "output": "2"}]}], "n": 1,
            "rewards": [{"name": "code"}], "revise": {"rounds": 16, "template": "No: {feedback}"},
            "sampling": forced("```python\nimport time\ntime.sleep(1)\n```")}
    replies, ends, queued = [], [], []
    while "abort" not in ends:
        assert len(ends) < 50, ends
        name, judged = f"call-{len(ends)}", server.metric("touchstone_verify_items_total")
        call = threading.Thread(target=lambda: replies.append(server.post("/v1/rollouts", body, headers={"x-request-id": name})))
        call.start()
        wait_until(lambda: "python3" in [word for word, _, _ in server.processes().values()])  # it is at the judge, for long
        server.http.post("/pause", params={"mode": "keep"})
        other = threading.Thread(target=lambda: queued.append(server.post("/v1/completions", {"prompt": "a", "max_tokens": 1})))
        other.start()
        server.wait_metric("touchstone_generations_held", lambda n: n == 1)
        server.wait_metric("touchstone_verify_items_total", lambda n: n > judged)
        ended = server.http.delete(f"/v1/rollouts/{name}")
        server.http.post("/resume")
        call.join()
        other.join()
        [sample] = samples(replies[-1].json())
        assert ended.json()["groups"][0]["samples"] == [sample]
        assert sample["mask_cause"] == "abort" and 1 <= len(sample["turns"]) <= 17
        ends.append(sample["finish_reason"] if queued[-1].status_code == 200 else "its place in the queue was free")
    server.wait_idle()


ENDED = {  # how the call of that name is ended: whole, or its first group
    "the call": lambda s, name: s.http.delete(f"/v1/rollouts/{name}"),
    "a group": lambda s, name: s.http.delete(f"/v1/rollouts/{name}/groups/0"),
    "abort_request": lambda s, name: s.post("/abort_request", {"rid": name}),
    "abort_requests": lambda s, name: s.post("/abort_requests", {"request_ids": [name]}),
    "pause": lambda s, name: s.http.post("/pause", params={"mode": "abort"}),
}


@pytest.mark.parametrize("how", ENDED)
def test_what_is_at_the_judge_when_its_end_is_asked_for_is_masked(start, how):
    """A program that would run for a minute ends with its call, and not with its group's neighbour."""
    server = start(model=TINY)
    prompt = {"text": "a", "language": "python", "tests": [{"input": "1", "output": "2"}]}
    body = {"prompts": [prompt, prompt], "n": 2, "rewards": [{"name": "code", "timeout_s": 60}],
            "sampling": forced("```python\nwhile 1: pass\n```")}
    replies = []
    call = threading.Thread(target=lambda: replies.append(server.post("/v1/rollouts", body, headers={"x-request-id": "judged"})))
    call.start()
    wait_until(lambda: "python3" in [word for word, _, _ in server.processes().values()])
    server.wait_idle()
    ended = ENDED[how](server, "judged")
    assert ended.status_code == 200, ended.text
    if how == "a group":
        told = ended.json()["groups"][0]
        assert not replies  # the other is still at work
        server.http.delete("/v1/rollouts/judged")
    call.join()
    groups = replies[0].json()["groups"]
    assert len(groups) == 2 and {(s["finish_reason"], s["reward"], s["mask_cause"]) for s in samples(replies[0].json())} == {("stop", None, "abort")}
    if how == "a group":
        assert told == groups[0]
    wait_until(lambda: "python3" not in [word for word, _, _ in server.processes().values()])


@pytest.mark.parametrize("body, param", [
    ({"prompts": []}, "prompts"),
    ({"prompts": [5]}, "prompts[0]"),
    ({"prompts": [{}]}, "prompts[0]"),
    ({"prompts": [{"text": "a", "foo": 1}]}, "prompts[0].foo"),
    ({"prompts": [{"text": "a", "token_ids": [1]}]}, "prompts[0]"),
    ({"prompts": [{"prefix_token_ids": [1]}]}, "prompts[0].messages"),
    ({"prompts": [{"prefix_token_ids": [1], "text": "a"}]}, "prompts[0]"),
    ({"prompts": [{"text": 5}]}, "prompts[0].text"),
    ({"prompts": [{"token_ids": [99999999]}]}, "prompts[0].token_ids[0]"),
    ({"prompts": [{"text": "a", "completion": "b"}]}, "prompts[0].completion"),
    ({"prompts": [{"text": "a", "group": 1}]}, "prompts[0].group"),
    ({"prompts": [QUESTIONS[0], {"text": "a", "rewards": [{"name": "nope"}]}]}, "prompts[1].rewards[0].name"),
    ({"prompts": [{"text": "a", "rewards": "zz"}]}, "prompts[0].rewards"),
    ({"prompts": [{"text": "a", "on_cannot_judge": "x"}]}, "prompts[0].on_cannot_judge"),
    ({"prompts": [{"text": "a", "on_cannot_judge": 1e10}]}, "prompts[0].on_cannot_judge"),
    ({"prompts": [{"messages": [{"role": 3}]}]}, "prompts[0].messages[0].role"),
    ({"prompts": [{"text": "a", "n": 4000}]}, "prompts[0].n"),
    ({"prompts": [{"text": "a", "fork": {"token_ids": [1], "at": 2}}]}, "prompts[0].fork.at"),
    ({"prompts": [{"text": "a", "fork": {"token_ids": [1], "at": 1, "k": 65536}}]}, "prompts[0].fork.k"),
    ({"prompts": [{"text": "a", "fork": {"token_ids": [1], "at": [0, -1]}}]}, "prompts[0].fork.at[1]"),
    ({"prompts": [{"text": "a", "fork": {"token_ids": [1], "at": 0, "steering": [{}]}}]}, "prompts[0].fork.steering"),
    ({"prompts": [{"text": "a", "partial": [{"token_ids": [1], "logprobs": []}]}]}, "prompts[0].partial[0].logprobs"),
    ({"prompts": [{"text": "a", "fork": {"token_ids": [1], "at": []}}]}, "prompts[0].fork.at"),
    *[({"prompts": [{"text": "a", "partial": [{"token_ids": [1, 2, 3], "weight_versions": spans}]}]},
       f"prompts[0].partial[0].weight_versions{where}") for spans, where in [
           ([], ""), ([{"version": "1", "start": 0, "end": 2}], ""), ([{"version": "1", "start": 0, "end": 4}], ""),
           ([5], "[0]"), ([{"start": 0, "end": 3}], "[0].version"), ([{"version": "1", "start": 1, "end": 3}], "[0].start"),
           ([{"version": "1", "start": 0, "end": 2}, {"version": "2", "start": 1, "end": 3}], "[1].start"),
           ([{"version": "1", "start": 0}], "[0].end"), ([{"version": "1", "start": 0, "end": 0}], "[0].end")]],
    ({"n": 0}, "n"),
    ({"n": 2.5}, "n"),
    ({"nn": 2}, "nn"),
    ({"sampling": {"n": 2}}, "sampling.n"),
    *[({"sampling": {name: value}}, f"sampling.{name}") for name, value in {
        "lora_path": "a", "model": "a", "best_of": 2, "seed": 1, "request_id": "a", "stream": True, "stream_options": {"include_usage": True},
        "echo": True, "prompt_logprobs": 1, "return_weight_versions": True, "bad_words": ["a"], "logprob_token_ids": [1],
        "prompt_logprob_token_ids": [1], "thinking_token_budget": 5, "reasoning_budget": 5, "max_completion_tokens": 5}.items()],
    ({"sampling": {"timings_per_token": True}}, "sampling.timings_per_token"),
    ({"sampling": {"verbose": True}}, "sampling.verbose"),
    ({"sampling": {"return_progress": True}}, "sampling.return_progress"),
    ({"sampling": {"return_token_ids": True}}, "sampling.return_token_ids"),
    ({"sampling": {"return_tokens_as_token_ids": True}}, "sampling.return_tokens_as_token_ids"),
    ({"sampling": {"truncate_prompt_tokens": 3}}, "sampling.truncate_prompt_tokens"),
    ({"sampling": {"truncation_side": "right"}}, "sampling.truncation_side"),
    ({"sampling": {"temperature": -1}}, "sampling.temperature"),
    ({"sampling": {"max_tokens": 0}}, "sampling.max_tokens"),
    ({"sampling": {"response_format": {"type": "x"}}}, "sampling.response_format.type"),
    ({"sampling": {"allowed_token_ids": []}}, "sampling.allowed_token_ids"),
    ({"sampling": {"allowed_token_ids": [99999999]}}, "sampling.allowed_token_ids[0]"),
    ({"sampling": {"stop": ["a"] * 65}}, "sampling.stop"),
    ({"sampling": {"stop": [""]}}, "sampling.stop[0]"),
    ({"sampling": {"logit_bias": {"99999999": 1}}}, "sampling.logit_bias"),
    ({"sampling": {"regex": "a", "min_tokens": 3}}, "sampling.min_tokens"),
    ({"rewards": [{"name": "x"}]}, "rewards[0].name"),
    ({"rewards": [{"name": "accuracy", "y": 1}]}, "rewards[0].y"),
    ({"advantage": "x"}, "advantage"),
    ({"advantage": {"method": "grpo", "scale": "x"}}, "advantage.scale"),
    ({"advantage": "verl_grpo_passk"}, "n"),
    ({"advantage": "verl_grpo_passk", "n": 2, "prompts": [QUESTIONS[0], {"text": "a", "n": 1}]}, "prompts[1].n"),
    ({"advantage": "verl_grpo_passk", "prompts": [{"text": "a", "fork": {"token_ids": [1], "at": 0}}]}, "prompts[0].fork.k"),
    ({"return": ["features"]}, "return[0]"),
    ({"return": ["text", "x"]}, "return[1]"),
    ({"encoding": "x"}, "encoding"),
    ({"until": {"groups": 1}}, "until.max_attempts"),
    ({"until": {"groups": 5, "max_attempts": 2}}, "until.groups"),
    *[({"prompts": [QUESTIONS[0], {"text": "a", "fork": {"token_ids": [1], "at": 1}, **own}], **more}, param) for own, more, param in [
        ({"n": 2}, {}, "prompts[1].n"), ({}, {"over_sample": 1.5}, "over_sample"), ({}, {"stop_when": "majority"}, "stop_when")]],
    ({"over_sample": 0.5}, "over_sample"),
    ({"stop_when": "x"}, "stop_when"),
    ({"deadline_ms": 0}, "deadline_ms"),
    ({"keep": {"x": 1}}, "keep.x"),
    ({"revise": {"rounds": 17}}, "revise.rounds"),
    ({"revise": {}}, "revise.rounds"),
    ({"revise": {"rounds": 1}, "over_sample": 2}, "revise"),
    ({"revise": {"rounds": 1, "template": "x" * 65537}}, "revise.template"),
    ({"prompts": [{"text": "a", "partial": [{"token_ids": [1]}]}], "sampling": {"regex": "a"}}, "sampling.regex"),
    ({"prompts": [{"text": "a", "fork": {"token_ids": [1], "at": 1}}], "sampling": {"response_format": {"type": "json_object"}}},
     "sampling.response_format"),
    ({"model": "x"}, "model"),
])
def test_what_is_wrong_is_named(tiny, body, param):
    reply = tiny.post("/v1/rollouts", {"prompts": QUESTIONS[:1], **body})
    assert reply.status_code in (400, 404), reply.text
    assert reply.json()["error"]["param"] == param


@pytest.mark.parametrize("body, param", [
    ({"rewards": [{"name": "accuracy", "equivalence": True}]}, "rewards[0].equivalence"),
    ({"prompts": [{"text": "a", "rewards": [{"name": "format"}, {"name": "accuracy", "equivalence": True}]}]},
     "prompts[0].rewards[1].equivalence"),
])
def test_no_model_is_asked_where_there_is_none(tiny, body, param):
    reply = tiny.post("/v1/rollouts", {"prompts": QUESTIONS[:1], **body})
    assert (reply.status_code, reply.json()["error"]["code"], reply.json()["error"]["param"]) == (501, "not_available", param)


def test_another_name_of_max_tokens_is_told_the_one_that_is_meant(tiny):
    for name in ("max_completion_tokens", "max_new_tokens"):
        reply = tiny.post("/v1/rollouts", {"prompts": QUESTIONS[:1], "sampling": {name: 5}}).json()["error"]
        assert reply["code"] == "unknown_field" and "did you mean max_tokens?" in reply["message"]


def test_what_the_reference_names_as_refused_in_sampling_is(tiny):
    """The page is made of the tables that read: a field that another table refuses here is named behind the place."""
    text = tiny.http.get("/docs").text
    [place] = re.findall(r"POST /v1/rollouts: sampling</code> \(but for (.*?)\)", text)
    hidden = re.findall(r"<code>(\w+)</code>", place)
    assert {"n", "stream", "seed", "model", "bad_words", "thinking_budget", "request_id"} <= set(hidden)
    for name in hidden:
        reply = tiny.post("/v1/rollouts", {"prompts": QUESTIONS[:1], "sampling": {name: [[1]]}})
        assert reply.status_code == 400 and reply.json()["error"]["param"] == f"sampling.{name}", name
        assert "sampling" in reply.json()["error"]["message"] or "not kept in rollouts" in reply.json()["error"]["message"]
    assert samples(ask(tiny, n=1, sampling={"max_tokens": 3, "bad_words": [], "thinking_budget": -1}))


def test_a_fork_of_no_places_is_told_what_it_needs(tiny):
    reply = tiny.post("/v1/rollouts", {"prompts": [{"text": "a", "fork": {"token_ids": [1], "at": []}}]})
    assert reply.json()["error"]["code"] == "invalid_value" and "a list of such numbers" in reply.json()["error"]["message"]


def test_a_long_prompt_is_refused_before_anything_is_sampled(tiny):
    reply = tiny.post("/v1/rollouts", {"prompts": [QUESTIONS[0], {"token_ids": [300] * 100000}]})
    assert reply.status_code == 400 and reply.json()["error"]["param"] == "prompts[1]"
    assert "maximum context length" in reply.json()["error"]["message"]
