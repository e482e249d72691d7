"""Log-probabilities that distillation and audits ask for: of chosen ids, at a temperature; and words that must not come.

SPDX-License-Identifier: Apache-2.0
"""

import math

import pytest

PROMPT = "What is 12 + 30?"
SEQUENCE = [5, 6, 7, 8, 9, 30, 40]


def score(server, ids, **body):
    """[{id: log-probability}] of each position after the first."""
    got = server.complete(prompt=ids, max_tokens=0, prompt_logprobs=-1, **body)["choices"][0]["prompt_logprobs"]
    return [{int(k): v["logprob"] for k, v in row.items()} for row in got[1:]]


def tempered(row, t):
    """What the log-softmax of logits / t is, from the log-softmax of the logits."""
    top = max(row.values())
    total = math.log(sum(math.exp((v - top) / t) for v in row.values()))
    return {k: (v - top) / t - total for k, v in row.items()}


def test_a_temperature_counts_in_scoring(tiny):
    raw = score(tiny, SEQUENCE[:5], temperature=2)
    assert raw == score(tiny, SEQUENCE[:5])  # the model's own, unless the processed ones are asked for
    for t in (0.5, 2, 5):
        got = score(tiny, SEQUENCE[:5], temperature=t, logprobs_mode="processed_logprobs")
        for a, b in zip(got, raw):
            want = tempered(b, t)
            assert all(abs(a[k] - want[k]) < 2e-3 * max(1, abs(want[k])) for k in want)


@pytest.mark.parametrize("t", [0.7, 1, 3])
def test_scoring_gives_the_sampled_numbers_to_the_bit(tiny, t):
    body = {"temperature": t, "logprobs_mode": "processed_logprobs"}
    got = tiny.complete(prompt=[5, 6, 7], max_tokens=12, logprobs=0, seed=4, return_token_ids=True, ignore_eos=True, **body)["choices"][0]
    again = score(tiny, [5, 6, 7] + got["token_ids"], **body)
    assert [row[i] for row, i in zip(again[2:], got["token_ids"])] == got["logprobs"]["token_logprobs"]


def test_a_teacher_s_temperature(tiny):
    def ask(**body):
        return tiny.post("/get_sequence_logprobs/", {"sequences": [SEQUENCE], "prompt_lengths": [2], "top_logprobs": 5, **body}).json()
    own, hot = ask(), ask(temperature=2)
    assert own == ask(temperature=1) and own["logprob_token_ids"] == hot["logprob_token_ids"]  # the order stays
    exact = score(tiny, SEQUENCE)[1:]
    for row, ids, one in zip(hot["logprobs"][0], hot["logprob_token_ids"][0], exact):
        want = tempered(one, 2)
        assert all(abs(v - want[i]) < 2e-3 * max(1, abs(want[i])) for v, i in zip(row, ids))
    assert own["logprobs"] != hot["logprobs"]


def test_chosen_ids(tiny):
    ids = [9, 500, 3, 9]
    whole = tiny.complete(prompt=PROMPT, max_tokens=6, temperature=0, logprobs=-1, return_tokens_as_token_ids=True)["choices"][0]["logprobs"]
    got = tiny.complete(prompt=PROMPT, max_tokens=6, temperature=0, logprob_token_ids=ids, return_tokens_as_token_ids=True)["choices"][0]["logprobs"]
    assert got["token_logprobs"] == whole["token_logprobs"]
    for row, all_, token in zip(got["top_logprobs"], whole["top_logprobs"], got["tokens"]):
        assert row == {k: all_[k] for k in {token, *(f"token_id:{i}" for i in ids)}}


def test_chosen_ids_of_a_prompt(tiny):
    ids, whole = [9, 500, 3], score(tiny, SEQUENCE)
    for body in ({}, {"temperature": 3, "logprobs_mode": "processed_logprobs"}):
        whole = score(tiny, SEQUENCE, **body)
        got = tiny.complete(prompt=SEQUENCE, max_tokens=0, prompt_logprob_token_ids=ids, **body)["choices"][0]["prompt_logprobs"]
        assert got[0] is None
        for row, all_, token in zip(got[1:], whole, SEQUENCE[1:]):
            assert list(row)[0] == str(token)  # AReaL and prime-rl read the first value
            assert {int(k): v["logprob"] for k, v in row.items()} == {k: all_[k] for k in {token, *ids}}


def test_chosen_ids_in_a_chat_and_streamed(tiny):
    body = {"messages": [{"role": "user", "content": PROMPT}], "max_tokens": 4, "temperature": 0, "logprob_token_ids": [7, 8], "return_tokens_as_token_ids": True}
    content = tiny.post("/v1/chat/completions", body).json()["choices"][0]["logprobs"]["content"]
    assert len(content) == 4 and all([t["token"] for t in c["top_logprobs"]] == ["token_id:7", "token_id:8"] for c in content)
    got = tiny.post("/inference/v1/generate", {"token_ids": [5, 6], "sampling_params": {"max_tokens": 2, "temperature": 0, "logprob_token_ids": [7, 8]}}).json()
    assert got["choices"][0]["logprobs"] is not None


def test_logprobs_may_be_true(tiny):
    one, true = (tiny.complete(prompt=PROMPT, max_tokens=3, temperature=0, logprobs=v)["choices"] for v in (1, True))
    assert one == true
    assert tiny.complete(prompt=PROMPT, max_tokens=3, temperature=0, logprobs=False)["choices"][0]["logprobs"] is None


def test_bad_words_do_not_come(tiny):
    free = tiny.complete(prompt=PROMPT, max_tokens=20, temperature=0, return_token_ids=True)["choices"][0]
    words = free["text"].split()
    for word in {w for w in words if w.isalpha()}:
        for seed in range(3):
            got = tiny.complete(prompt=PROMPT, max_tokens=40, temperature=1, seed=seed, bad_words=[word], return_token_ids=True)["choices"][0]
            banned = [tiny.post("/tokenize", {"prompt": p + word, "add_special_tokens": False}).json()["tokens"] for p in ("", " ")]
            ids = got["token_ids"]
            assert all(ids[i:i + len(b)] != b for b in banned for i in range(len(ids)))


def test_a_bad_word_of_several_tokens_forbids_its_last_alone(tiny):
    free = tiny.complete(prompt=PROMPT, max_tokens=12, temperature=0, return_token_ids=True)["choices"][0]["token_ids"]
    text = tiny.post("/detokenize", {"tokens": free[2:5]}).json()["prompt"]
    assert tiny.post("/tokenize", {"prompt": text, "add_special_tokens": False}).json()["tokens"] == free[2:5]
    got = tiny.complete(prompt=PROMPT, max_tokens=12, temperature=0, bad_words=[text], return_token_ids=True)["choices"][0]["token_ids"]
    assert got[:4] == free[:4] and got[4] != free[4]
    streams = tiny.complete(prompt=PROMPT, max_tokens=12, temperature=0, bad_words=[text, "zzzz"], n=2, return_token_ids=True)["choices"]
    assert [c["token_ids"] for c in streams] == [got, got]


@pytest.mark.parametrize("body, param", [
    ({"logprob_token_ids": [100000]}, "logprob_token_ids[0]"),
    ({"logprob_token_ids": list(range(129))}, "logprob_token_ids"),
    ({"logprob_token_ids": 3}, "logprob_token_ids"),
    ({"prompt_logprob_token_ids": [-1]}, "prompt_logprob_token_ids[0]"),
    ({"prompt_logprob_token_ids": [[1]]}, "prompt_logprob_token_ids[0]"),
    ({"bad_words": [""]}, "bad_words[0]"),
    ({"bad_words": ["a", 3]}, "bad_words[1]"),
    ({"bad_words": ["x" * 300]}, "bad_words[0]"),
    ({"bad_words": ["a"], "guided_choice": ["a", "b"]}, "bad_words"),
    ({"logprobs": "yes"}, "logprobs"),
], ids=str)
def test_errors(tiny, body, param):
    reply = tiny.post("/v1/completions", {"prompt": "a", "max_tokens": 1, **body})
    assert reply.status_code == 400 and reply.json()["error"]["param"] == param, reply.text


def test_rollouts_say_what_they_do_not_keep(tiny):
    for field, value in (("bad_words", ["a"]), ("logprob_token_ids", [3]), ("thinking_token_budget", 3)):
        reply = tiny.post("/v1/rollouts", {"prompts": [{"text": "a", "answer": "1"}], "n": 1, "sampling": {field: value}, "rewards": [{"name": "accuracy"}]})
        assert reply.status_code == 400 and reply.json()["error"]["param"] == "sampling." + field, reply.text
