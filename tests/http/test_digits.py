"""Numbers beyond 2^53 and the forms of floats: wherever one is carried or compared, its digits stay.

SPDX-License-Identifier: Apache-2.0
"""

import json

import pytest

BIG = 2**53 + 1
OFFSETS = [2**53, 2**63, 2**64, 10**17, 12345678901234567890, 10**40]


def boxed(n):
    return f"\\boxed{{{n}}}"


def rewards(server, body):
    reply = server.post("/verify", body)
    assert reply.status_code == 200, reply.text
    return [r["reward"] for r in reply.json()["results"]]


@pytest.mark.parametrize("n", OFFSETS)
def test_gold_answers(server, n):
    items = [{"completion": boxed(n + d), "answer": n + 1} for d in (0, 1, 2)]
    items += [{"completion": boxed(n + d), "answer": [n + 1, n + 7]} for d in (0, 1, 7)]
    assert rewards(server, {"rewards": [{"name": "accuracy"}], "items": items}) == [0, 1, 0, 0, 1, 1]


@pytest.mark.parametrize("impl", ["verl_gsm8k", "verl_math_dapo", "verl_search_r1_em"])
def test_golds_of_extract(server, impl):
    write = {"verl_gsm8k": "#### {}", "verl_math_dapo": "Answer: {}", "verl_search_r1_em": "<answer>{}</answer><answer>{}</answer>"}[impl]
    items = [{"completion": write.format(n, n), "answer": BIG} for n in (BIG - 1, BIG)]
    got = rewards(server, {"rewards": [{"name": "extract", "impl": impl}], "items": items})
    assert got[0] < got[1] == 1, got


@pytest.mark.parametrize("gold,answer", [("1e3", "1000"), ("1.5e-3", "0.0015"), ("1.0", "1"), ("0.50", "1/2"), ("-2.5E1", "-25"), ("1e30", "10^{30}"), ("12e400", "12*10^{400}")])
def test_golds_with_points_and_exponents(server, gold, answer):
    body = '{"rewards":[{"name":"accuracy"}],"items":[{"completion":%s,"answer":%s}]}' % (json.dumps(boxed(answer)), gold)
    reply = server.http.post("/verify", content=body, headers={"Content-Type": "application/json"}).json()
    assert reply["results"][0]["reward"] == 1, reply


def test_labels_of_the_dialects(server):
    def judged(n):
        query = [f"Human: q\nAssistant: {boxed(n)}"]
        both = server.post("/get_reward", {"query": query, "prompts": ["q"], "labels": [BIG]}).json()
        one = server.post("/remote_rm", {"prompt": "q", "response": boxed(n), "label": BIG}).json()
        return both["rewards"][0], one if not isinstance(one, dict) else one.get("reward", one)

    right, wrong = judged(BIG), judged(BIG - 1)
    assert right[0] > wrong[0] and right[1] > wrong[1], (right, wrong)


@pytest.mark.parametrize("value", ["1234567890123456789", "1.0", "1e5", "123456789012345678901234567890", '"a"'])
def test_ids_come_back_as_they_were_written(server, value):
    item = '{"id":%s,"completion":"\\\\boxed{1}","answer":"1"}' % value
    headers = {"Content-Type": "application/json"}
    whole = server.http.post("/verify", content='{"rewards":[{"name":"accuracy"}],"items":[%s]}' % item, headers=headers)
    assert '"id":%s,' % value in whole.text
    line = server.http.post("/verify", content=item, headers={"Content-Type": "application/x-ndjson"})
    assert '"id":%s,' % value in line.text


def test_groups_are_told_apart(server):
    items = [{"group": g, "completion": boxed(a), "answer": "1"} for g, a in ((2**53, 1), (2**53 + 1, 2), (2**53, 2), (2**53 + 1, 1))]
    reply = server.post("/verify", {"rewards": [{"name": "accuracy"}], "advantage": "grpo", "items": items}).json()
    assert len(reply["groups"]) == 2, reply
    assert [r["advantage"] > 0 for r in reply["results"]] == [True, False, False, True]
    lines = "".join(json.dumps({"group": 2**53 + i // 2, "completion": boxed(i % 2), "answer": "1"}) + "\n" for i in range(4))
    settings = json.dumps({"rewards": [{"name": "accuracy"}], "advantage": "rloo"}) + "\n"
    reply = server.http.post("/verify", content=settings + lines, headers={"Content-Type": "application/x-ndjson"})
    assert [json.loads(line)["advantage"] for line in reply.text.splitlines() if line] == [-1, 1, -1, 1]
    same = '{"rewards":[{"name":"accuracy"}],"advantage":"rloo","items":[{"group":1,"completion":"\\\\boxed{1}","answer":"1"},{"group":1.0,"completion":"2","answer":"1"}]}'
    reply = server.http.post("/verify", content=same, headers={"Content-Type": "application/json"}).json()
    assert len(reply["groups"]) == 1, reply


def test_seeds(server):
    def text(seed):
        return server.complete(prompt="abc", max_tokens=12, temperature=1, ignore_eos=True, seed=seed, return_token_ids=True)["choices"][0]["token_ids"]

    seeds = [2**53, 2**53 + 1, 2**63 - 1, 2**63 - 2, -(2**63)]
    texts = [text(s) for s in seeds]
    assert len({tuple(t) for t in texts}) == len(seeds)
    assert texts == [text(s) for s in seeds]
    for seed in (2**63, -(2**63) - 1, 2**64, 10**40):
        reply = server.post("/v1/completions", {"prompt": "abc", "seed": seed})
        assert reply.status_code == 400 and reply.json()["error"]["param"] == "seed"
        assert "from -9223372036854775808 to 9223372036854775807" in reply.text


def code(server, source, tests):
    body = '{"rewards":[{"name":"code"}],"items":[{"completion":%s,"tests":%s}]}' % (json.dumps(f"```python\n{source}\n```"), tests)
    reply = server.http.post("/verify", content=body, headers={"Content-Type": "application/json"}).json()
    return reply["results"][0]["reward"]


def test_code_is_called_with_what_the_tests_say(server):
    as_text = "def f(x):\n    return str(x)"
    for value in ("9007199254740993", "18446744073709551617", "1.0", "1e+16", "0.1", "-0.0"):
        assert code(server, as_text, '{"fn_name":"f","inputs":[[%s]],"outputs":["%s"]}' % (value, value)) == 1
    kind = "def f(x):\n    return type(x).__name__"
    for value, name in (("1.0", "float"), ("1", "int"), ("1e2", "float")):
        assert code(server, kind, '{"fn_name":"f","inputs":[[%s]],"outputs":["%s"]}' % (value, name)) == 1
    more = "def f(x):\n    return x + 1"
    for n in OFFSETS:
        assert code(server, more, '{"fn_name":"f","inputs":[[%d]],"outputs":[%d]}' % (n, n + 1)) == 1
        assert code(server, more, '{"fn_name":"f","inputs":[[%d]],"outputs":[%d]}' % (n, n)) == 0


def test_schemas_compare_exactly(server):
    def fits(schema, value):
        body = '{"rewards":[{"name":"schema"}],"items":[{"completion":%s,"schema":%s}]}' % (json.dumps(value), schema)
        reply = server.http.post("/verify", content=body, headers={"Content-Type": "application/json"}).json()
        return reply["results"][0]["reward"]

    for n in OFFSETS:
        for schema in ('{"const":%d}', '{"enum":[%d]}', '{"minimum":%d,"maximum":%d}'):
            schema = schema.replace("%d", str(n + 1))
            assert [fits(schema, str(n + d)) for d in (0, 1, 2)] == [0, 1, 0], schema
        above = '{"exclusiveMinimum":%d,"exclusiveMaximum":%d}' % (n, n + 2)
        assert [fits(above, str(n + d)) for d in (0, 1, 2)] == [0, 1, 0]
        assert [fits('{"multipleOf":%d}' % (10**17 + 1), str((10**17 + 1) * 7 + d)) for d in (0, 1)] == [1, 0]
    assert fits('{"const":1}', "1.0") == 1 and fits('{"const":0.1}', "1e-1") == 1
    assert fits('{"type":"integer"}', "1e400") == 1 and fits('{"type":"integer"}', "9007199254740993.5") == 0
    assert fits('{"type":"object","uniqueItems":true}', "{}") == 1
    assert fits('{"uniqueItems":true}', f"[{BIG},{BIG - 1}]") == 1 and fits('{"uniqueItems":true}', "[1,1.0]") == 0


@pytest.mark.parametrize("impl", ["r1", "tinyzero"])
def test_countdown(server, impl):
    right = 1
    for numbers, target, answer in (([BIG, 2], BIG + 2, f"{BIG}+2"), ([BIG, 2], BIG - 1 + 2, f"{BIG}+2"), ([BIG, 2], BIG + 1, f"{BIG - 1}+2"), ([2**64 + 1, 1], 2**64, f"{2**64 + 1}-1")):
        completion = f"Assistant: <think>x</think> <answer>{answer}</answer>"
        item = {"completion": completion, "numbers": numbers, "target": target}
        got = rewards(server, {"rewards": [{"name": "countdown", "impl": impl}], "items": [item]})[0]
        want = right if eval(answer) == target and str(numbers[0]) in answer else (0 if impl == "r1" else 0.1)
        assert got == want, (answer, target)
