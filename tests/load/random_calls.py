"""tests/load/random_calls.py - for rollouts.py: random calls of /v1/rollouts, and what their replies must hold.

A Call is a body, and what may become of it: the causes that its samples may be masked with, the reward where it is
known before. check() looks at a reply against it.

SPDX-License-Identifier: Apache-2.0
"""

import ast
import io
import json
import math
import struct
import zipfile

ENDS = ["stop", "length", "cut", "deadline", "abort"]
PROGRAMS = {  # and whether they pass
    "print(sum(map(int, input().split())))": True,
    "raise SystemExit(3)": False,
    "while True: pass": False,
    "x = [bytearray(1 << 20) for _ in range(1 << 20)]": False,
    "import os\nwhile True: os.fork()": False,
    "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)": False,
    "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)": False,
    "print('x' * (1 << 26))": False,
    "import socket\na = [socket.socketpair() for _ in range(2000)]": False,
}
RETURNS = ["text", "token_ids", "logprobs", "processed_logprobs", "top_logprobs", "prompt_token_ids", "sampling_mask"]
METHODS = ["grpo", "rloo", "dr_grpo", "none", "verl_reinforce_pp", {"method": "grpo", "scale": "none"}]
PER_TOKEN = ("logprobs", "processed_logprobs", "top_logprobs", "sampling_mask")
CONTEXT = 1024  # of the built-in model


class Call:
    def __init__(self, body):
        self.body, self.passes = body, None  # passes: whether its program is right; None: it has none

    def begun(self, entry):
        """How many samples a group of this entry has."""
        if "fork" in entry:
            at = entry["fork"]["at"]
            return (len(at) if isinstance(at, list) else 1) * entry["fork"]["k"]
        return math.ceil(entry.get("n", self.body["n"]) * self.body.get("over_sample", 1))

    def causes(self):
        """Of masks, that the body itself may lead to; that a process was lost may come over any call."""
        causes = {"cannot_judge", "sandbox_error"}
        if self.body.get("over_sample", 1) > 1 or "stop_when" in self.body:
            causes.add("cut")
        if "deadline_ms" in self.body:
            causes.add("deadline")
        if not self.body.get("keep", {}).get("overlong", True):
            causes.add("overlong")
        return causes


# ---- prompts ----


def question(r):
    a, b = r.randint(1, 999), r.randint(1, 999)
    entry = {"answer": r.choice([str(a + b), f"\\frac{{{2 * (a + b)}}}{{2}}", f"1+\\sqrt{{{a}}}"])} if r.random() < 0.9 else {}
    return f"What is {a} + {b}?", entry


def as_messages(r):
    text, entry = question(r)
    messages = [{"role": "user", "content": text}]
    if r.random() < 0.2:
        messages = [{"role": "system", "content": "Think. " * r.randint(1, 30)}, *messages]
    return {"messages": messages, **entry}


def as_text(r):
    text, entry = question(r)
    return {"text": text * r.choice([1, 1, 1, 20]), **entry}


def as_ids(r):
    return {"token_ids": [r.randint(300, 1000) for _ in range(r.choice([1, 15, 16, 17, 200]))], "answer": "5"}


def behind_ids(r):
    return {**as_messages(r), "prefix_token_ids": [r.randint(300, 1000) for _ in range(r.randint(1, 60))]}


def given_ids(r, begun):
    """A row to go on from: what an earlier reply left unfinished, or any ids."""
    if begun and r.random() < 0.7:
        return begun.pop(r.randrange(len(begun)))
    ids = [r.randint(300, 1000) for _ in range(r.randint(1, 40))]
    return {"token_ids": ids, "logprobs": [r.choice([-0.5, None]) for _ in ids]}


def goes_on(r, begun):
    row, entry = given_ids(r, begun), r.choice([as_text, as_messages])(r)
    if r.random() < 0.5:
        entry["partial"] = [row]
    else:
        n = len(row["token_ids"])
        entry["fork"] = {k: row[k] for k in ("token_ids", "logprobs")} | {
            "at": sorted(r.sample(range(n + 1), min(3, n))), "k": r.randint(1, 4), "seed": r.randint(0, 99)}
        if r.random() < 0.3:
            entry["fork"] |= {"token": r.randint(300, 1000), "temperature": r.choice([0, 1])}
    return entry


def program(r):
    source = r.choice(list(PROGRAMS))
    entry = {"text": "Add.", "language": "python", "tests": [{"input": "1 2", "output": "3"}] * r.randint(1, 3)}
    sampling = {"temperature": 1, "max_tokens": 120, "structured_outputs": {"choice": ["```python\n" + source + "\n```"]}}
    # An honest program has time enough on any machine; the others shall not take it.
    passes = PROGRAMS[source]
    return [entry] * r.randint(1, 2), sampling, [{"name": "code", "timeout_s": 30 if passes else 0.3, "memory_mb": 256}], passes


# ---- bodies ----


def rules(r, revises):
    """What ends groups early, or makes more of them."""
    body = {}
    if r.random() < 0.2:
        body["over_sample"] = r.choice([1.5, 2, 3])
    if r.random() < 0.2:
        body["stop_when"] = r.choice(["majority", "first_correct"])
    if not body and revises and r.random() < 0.3:
        body["revise"] = {"rounds": r.randint(0, 3)}
    if r.random() < 0.2:
        body["until"] = {"groups": r.randint(1, 3), "max_attempts": r.randint(1, 6)}
    if r.random() < 0.25:
        body["deadline_ms"] = r.choice([1, 20, 200, 2000])
    if r.random() < 0.3:
        body["keep"] = {"overlong": False}
    return body


def sampling_of(r):
    sampling = {"temperature": r.choice([0, 0.7, 1, 2]), "max_tokens": r.choice([1, 8, 60, 200])}
    if r.random() < 0.4:
        sampling |= {"top_p": r.choice([0.5, 0.9]), "top_k": r.choice([0, 5, 40])}
    if r.random() < 0.2:
        sampling["logprobs"] = r.randint(0, 5)
    if r.random() < 0.1:
        sampling["ignore_eos"] = True
    if r.random() < 0.1:
        sampling["stop"] = ["=", "</think>"]
    return sampling


def random_call(r, begun, adapter=None):
    """begun: rows of earlier replies to go on from; the call may take some. adapter: a name that may be served."""
    kind, passes = r.random(), None
    rewards = [{"name": "accuracy"}, {"name": "format", "weight": 0.5}]
    if kind < 0.2:
        prompts, sampling, rewards, passes = program(r)
    elif kind < 0.4:
        prompts, sampling = [goes_on(r, begun) for _ in range(r.randint(1, 4))], sampling_of(r)
    else:
        makes = [r.choice([as_messages, as_text, as_ids, behind_ids]) for _ in range(r.randint(1, 6))]
        prompts, sampling = [make(r) for make in makes], sampling_of(r)
    few = passes is not None
    body = {"prompts": prompts, "n": r.randint(1, 3 if few else 16), "seed": r.randint(0, 9), "sampling": sampling,
            "rewards": rewards, "advantage": r.choice(METHODS), "encoding": r.choice(["json", "json", "ndjson", "npz"]),
            **rules(r, 0.4 <= kind or few)}
    if r.random() < 0.05:
        prompts[0]["n"] = r.randint(1, 3) if few else r.choice([1, 40, 64])
    if r.random() < 0.5:
        body["return"] = sorted({"token_ids", "text", "logprobs"} | set(r.sample(RETURNS, r.randint(0, len(RETURNS)))))
    if adapter is not None and r.random() < 0.15:
        body["model"] = adapter
    call = Call(body)
    call.passes = passes
    return call


def wrong_call(r):
    """A body that is refused."""
    body = random_call(r, []).body
    return body | r.choice([{"prompts": []}, {"n": 0}, {"nn": 1}, {"encoding": "x"}, {"rewards": [{"name": "x"}]}, {"over_sample": 0.5},
                            {"prompts": [{"text": "a", "n": 4000}]}, {"prompts": [{"token_ids": [300] * (CONTEXT + 1)}]},
                            {"sampling": {"max_tokens": 0}}, {"revise": {"rounds": 17}}, {"until": {"groups": 1}},
                            {"prompts": [{"text": "a", "fork": {"token_ids": [1], "at": 2}}]}, {"model": "no such model"}])


def best_of_call(r):
    """Of the chat route."""
    text, entry = question(r)
    body = {"messages": [{"role": "user", "content": text}], "n": r.randint(1, 12), "max_tokens": r.choice([1, 60, 200]),
            "temperature": r.choice([0.7, 1, 2]), "best_of_rule": "majority"}
    if r.random() < 0.5 and "answer" in entry:
        body |= {"best_of_rule": "verified", **entry, "rewards": [{"name": "accuracy"}]}
    return body


# ---- what a reply must hold ----


def check_mask(call, s, extra):
    assert s["mask"] == (s["mask_cause"] is not None) and s["mask"] == (s["reward"] is None), s
    assert not s["mask"] or s["mask_cause"] in call.causes() | extra, s
    assert s["advantage"] is None or not s["mask"], s
    assert s["finish_reason"] in ENDS, s
    assert (s["finish_reason"] in ENDS[2:]) <= s["mask"], s
    if s["mask_cause"] in ("cut", "overlong"):
        assert s["finish_reason"] == {"cut": "cut", "overlong": "length"}[s["mask_cause"]], s
    if call.passes is not None and not s["mask"] and s["finish_reason"] == "stop":
        assert s["reward"] == call.passes, s  # a sandbox that failed is a mask, never a zero


def check_row(call, s):
    n = len(s["token_ids"])
    assert len(s["loss_mask"]) == n and all(len(s[name]) == n for name in PER_TOKEN if name in s), s
    if "logprobs" in s and not any("partial" in e or "fork" in e for e in call.body["prompts"]):
        assert [p is not None for p in s["logprobs"]] == [bool(m) for m in s["loss_mask"]], s
    spans = s.get("weight_versions") or []
    assert all(a["end"] == b["start"] for a, b in zip(spans, spans[1:])) and (not spans or spans[-1]["end"] == n), s
    assert ("weight_version" in s) != ("weight_versions" in s), s
    if call.body.get("revise", {}).get("rounds", 0) > 0:
        assert 1 <= len(s["turns"]) <= call.body["revise"]["rounds"] + 1 and s["turns"][-1]["end"] == n, s


def check_given(entry, s, where):
    """A row begins with what was given of it."""
    given = []
    if "fork" in entry:
        given = entry["fork"]["token_ids"][:where] + [entry["fork"][k] for k in ("token",) if k in entry["fork"]]
    elif s["index"] < len(entry.get("partial", [])):
        given = entry["partial"][s["index"]]["token_ids"]
        assert "logprobs" not in s or same_float(s["logprobs"][:len(given)], entry["partial"][s["index"]]["logprobs"]), s
    assert s["token_ids"][:len(given)] == given, s


def same_float(got, want):
    single = lambda x: None if x is None else struct.unpack("f", struct.pack("f", x))[0]
    return [single(x) for x in got] == [single(x) for x in want]


def check_group(call, g, extra):
    entry = call.body["prompts"][g["prompt"]]
    forks = g["forks"] if "fork" in entry else [{"at": None, "samples": g["samples"]}]
    samples = [s for f in forks for s in f["samples"]]
    assert [s["index"] for s in samples] == list(range(call.begun(entry))), "a sample was lost"
    for f in forks:
        for s in f["samples"]:
            check_mask(call, s, extra)
            check_row(call, s)
            check_given(entry, s, f["at"])
    rewards = [s["reward"] for s in samples if not s["mask"]]
    assert g["group"]["mean"] is None if not rewards else math.isclose(g["group"]["mean"], sum(rewards) / len(rewards), abs_tol=1e-6), g["group"]
    if "cut" in call.causes() and "fork" not in entry and "stop_when" not in call.body:
        assert extra or "deadline_ms" in call.body or sum(s["finish_reason"] != "cut" for s in samples) == entry.get("n", call.body["n"])
    return samples


def check_groups(call, groups, totals, extra):
    """Every prompt has its group, every group its samples, and the totals are theirs."""
    body, until = call.body, call.body.get("until")
    if until is None:
        assert sorted(g["prompt"] for g in groups) == list(range(len(body["prompts"]))), "a group was lost"
    else:
        assert len(groups) <= until["max_attempts"]
        assert extra or "deadline_ms" in body or len(groups) == until["max_attempts"] or totals["informative"] >= until["groups"]
    samples = [s for g in groups for s in check_group(call, g, extra)]
    assert (totals["attempts"], totals["samples"], totals["masked"]) == (len(groups), len(samples), sum(s["mask"] for s in samples)), totals
    assert totals["completion_tokens"] == sum(g["usage"]["completion_tokens"] for g in groups), totals
    return samples


def read_array(data):
    """Numbers of a .npy file of one dimension."""
    assert data[:6] == b"\x93NUMPY"
    n = struct.unpack("<H", data[8:10])[0]
    head = ast.literal_eval(data[10:10 + n].decode())
    kind = {"<i4": "i", "<i8": "q", "<f4": "f", "|u1": "B"}[head["descr"]]
    [size] = head["shape"]
    return struct.unpack(f"<{size}{kind}", data[10 + n:])


def check_arrays(call, data, extra):
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        a = {name.removesuffix(".npy"): read_array(z.read(name)) for name in z.namelist()}
    n = len(a["index"])
    assert all(len(a[k]) == n for k in ("group", "rewards", "advantages", "mask", "finish_reason")) and len(a["offsets"]) == n + 1
    assert all(len(a[k]) == a["offsets"][-1] for k in ("token_ids", "loss_mask", "logprobs"))
    assert all(math.isnan(reward) == bool(mask) for reward, mask in zip(a["rewards"], a["mask"]))
    for g in range(len(a["prompt_offsets"]) - 1):
        entry = call.body["prompts"][g % len(call.body["prompts"])]
        assert [i for i, of in zip(a["index"], a["group"]) if of == g] == list(range(call.begun(entry))), "a sample was lost"
    if "until" not in call.body:
        assert len(a["prompt_offsets"]) - 1 == len(call.body["prompts"]), "a group was lost"
    allowed = {"stop", "length"} | (call.causes() | extra) & set(ENDS)
    assert {ENDS[e] for e in a["finish_reason"]} <= allowed, ({ENDS[e] for e in a["finish_reason"]}, allowed, call.body)
    return []


def check(call, data, extra):
    """The samples of a reply as JSON; AssertionError where it is not as it must be. extra: causes of masks beyond the body's."""
    if call.body["encoding"] == "npz":
        return check_arrays(call, data, extra)
    if call.body["encoding"] == "ndjson":
        lines = [json.loads(line) for line in data.splitlines()]
        assert "id" in lines[0] and list(lines[-1]) == ["totals"], "a reply is not whole"
        return check_groups(call, lines[1:-1], lines[-1]["totals"], extra)
    reply = json.loads(data)
    return check_groups(call, reply["groups"], reply["totals"], extra)


def same_draws(one, other):
    """Two replies to one body: the same tokens, as far as both go, where both were drawn from the same weights."""
    for a, b in zip(one, other):
        if a.get("weight_version") is None or a["weight_version"] != b.get("weight_version"):
            continue
        ends = [len(s["turns"][0:1] and s["token_ids"][:s["turns"][0]["end"]]) if s.get("turns") else len(s["token_ids"]) for s in (a, b)]
        n = min(ends)
        assert a["token_ids"][:n] == b["token_ids"][:n], (a, b)
        assert "logprobs" not in a or a["logprobs"][:n] == b["logprobs"][:n], (a, b)


def left_over(call, samples):
    """Rows that a later call can go on from, with their entries' own fields left out."""
    return [{k: s[k] for k in ("token_ids", "logprobs", "weight_versions") if k in s} for s in samples
            if s["mask_cause"] in ("deadline", "abort", "overlong") and 0 < len(s["token_ids"]) < 300 and "logprobs" in s
            and s.get("turns") is None]
