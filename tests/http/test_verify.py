"""/verify and its neighbours over HTTP. What the verdicts are is tested with the rewards themselves.

SPDX-License-Identifier: Apache-2.0
"""

import collections
import json
import re
import threading
import time

import httpx
import pytest
from conftest import PATIENCE, wait_until

FORMAT = "<think>why</think><answer>4</answer>"
NDJSON = {"Content-Type": "application/x-ndjson"}


def item(i):
    return {"id": str(i), "completion": FORMAT if i % 2 else "no tags", "answer": "4"}


REWARDS = [{"name": "format"}]


def verify(server, body):
    reply = server.post("/verify", body)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_a_batch(server):
    reply = verify(server, {"items": [item(i) for i in range(10)], "rewards": REWARDS})
    assert [r["id"] for r in reply["results"]] == [str(i) for i in range(10)]
    assert [r["reward"] for r in reply["results"]] == [0.0, 1.0] * 5
    assert all(r["error"] is None for r in reply["results"])
    assert reply["rules"] and reply["elapsed_ms"] >= 0


def test_one_item(server):
    reply = verify(server, {**item(1), "rewards": REWARDS})
    assert [r["reward"] for r in reply["results"]] == [1.0]


@pytest.mark.parametrize("role", ["tool", "function", "user", "system", "developer"])
def test_what_another_says_is_no_answer(server, role):
    said, answer = {"role": role, "content": "\\boxed{7}"}, {"role": "assistant", "content": "\\boxed{7}"}
    for completion in (said, [said], [answer, said]):
        [got] = verify(server, {"completion": completion, "answer": "7", "rewards": [{"name": "accuracy"}]})["results"]
        assert got["reward"] == 0 and got["details"]["accuracy"]["cause"] == "no_answer_found"
    for completion in (answer, [answer], {"content": "\\boxed{7}"}, [said, answer]):
        assert verify(server, {"completion": completion, "answer": "7", "rewards": [{"name": "accuracy"}]})["results"][0]["reward"] == 1


def test_calls_of_another_are_none_of_the_model_s(server):
    calls = [{"type": "function", "function": {"name": "add", "arguments": "{}"}}]
    for role, reward in (("assistant", 1), ("user", 0)):
        said = {"role": role, "content": "", "tool_calls": calls}
        body = {"completion": said, "tool_calls": [{"name": "add", "arguments": {}}], "rewards": [{"name": "tool_calls"}]}
        assert verify(server, body)["results"][0]["reward"] == reward


def test_metadata_that_is_no_json(server):
    for more in ({}, {"dataset": "sudoku"}):
        body = {"completion": "x", "answer": "7", "metadata": "{", "rewards": [{"name": "reasoning_gym"}], **more}
        [got] = verify(server, body)["results"]
        assert got["error"]["param"] == "metadata" and "no JSON" in got["error"]["message"]


def test_a_role_that_nobody_has(server):
    for role in ("zz", 5):
        said = {"role": role, "content": "\\boxed{7}"}
        for completion, param in ((said, "completion.role"), ([said, said], "completion[0].role")):
            [got] = verify(server, {"completion": completion, "answer": "7", "rewards": [{"name": "accuracy"}]})["results"]
            assert got["reward"] is None and got["error"]["param"] == param


def test_a_bad_item_costs_only_itself(server):
    items = [item(i) for i in range(9)]
    items[4] = {"id": "4"}
    reply = verify(server, {"items": items, "rewards": REWARDS})
    [bad] = [r for r in reply["results"] if r["error"]]
    assert bad["id"] == "4" and bad["reward"] is None
    assert bad["error"]["param"].startswith("items[4]")
    good = [r["reward"] for r in reply["results"] if not r["error"]]
    assert good == [float(i % 2) for i in range(9) if i != 4]


@pytest.mark.parametrize(
    "body, param",
    [
        ({"items": 5}, "items"),
        ({"items": [item(1)], "rewards": [{"name": "no_such"}]}, "rewards[0]"),
        ({"items": [item(1)], "rewards": [{"name": "format", "weight": "x"}]}, "rewards[0].weight"),
        ({"items": [item(1)], "no_such": 1}, "no_such"),
        ({}, None),
    ],
)
def test_a_wrong_request(server, body, param):
    reply = server.post("/verify", body)
    assert reply.status_code == 400, reply.text
    assert param is None or reply.json()["error"]["param"].startswith(param)


def test_items_of_one_request(start):
    server = start("--verify-items", "3")
    assert len(verify(server, {"items": [item(i) for i in range(3)], "rewards": REWARDS})["results"]) == 3
    reply = server.post("/verify", {"items": [item(i) for i in range(4)], "rewards": REWARDS})
    error = reply.json()["error"]
    assert reply.status_code == 400 and error["param"] == "items"
    assert "4 items" in error["message"] and "at most 3" in error["message"]
    lines = "\n".join(json.dumps({**item(i), "rewards": REWARDS}) for i in range(500))
    reply = server.http.post("/verify", content=lines.encode(), headers=NDJSON)
    assert reply.status_code == 200 and len(reply.text.splitlines()) == 500, "a stream has no such limit"


def test_ten_thousand_items_cost_little(server):
    """All are judged where they are read: none waits for a process."""
    items = [item(i) for i in range(10000)]
    items[777] = 5
    body = json.dumps({"items": items}).encode()
    before = server.metric("touchstone_verify_deferred_total")
    reply = server.http.post("/verify", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 200
    results = reply.json()["results"]
    assert len(results) == 10000 and sum(r["error"] is not None for r in results) == 1
    assert server.metric("touchstone_verify_deferred_total") == before


def test_lines(server):
    lines = [json.dumps({**item(i), "rewards": REWARDS}) for i in range(3000)]
    lines[5] = "{"
    body = "\n".join(lines).encode()
    reply = server.http.post("/verify", content=body, headers=NDJSON)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/x-ndjson"
    results = [json.loads(line) for line in reply.text.splitlines()]
    assert len(results) == 3000
    assert [r.get("id") for r in results[:5]] == ["0", "1", "2", "3", "4"]
    assert results[5]["error"]["code"] == "invalid_json"
    assert [r["reward"] for r in results[6:]] == [float(i % 2) for i in range(6, 3000)]


def test_lines_come_while_others_are_judged(server):
    """A reader that takes the answer slowly gets all of it."""
    line = json.dumps({**item(1), "rewards": REWARDS}) + "\n"
    n = 60000
    count = 0
    with server.http.stream("POST", "/verify", content=(line * n).encode(), headers=NDJSON) as reply:
        for piece in reply.iter_bytes():
            count += piece.count(b"\n")
            if count < 5000:
                time.sleep(0.002)
    assert count == n


def test_no_lines(server):
    reply = server.http.post("/verify", content=b"", headers={**NDJSON, "Content-Length": "0"})
    assert reply.status_code == 200 and reply.text == ""


def test_clients_that_leave(server):
    body = json.dumps({"items": [item(i) for i in range(3000)]}).encode()
    lines = (json.dumps(item(1)) + "\n").encode() * 20000
    for content, media in ((body, "application/json"), (lines, "application/x-ndjson")):
        head = f"POST /verify HTTP/1.1\r\nHost: x\r\nContent-Type: {media}\r\nContent-Length: {len(content)}\r\n\r\n"
        for wait in (0, 0, 0.01, 0.05):
            with server.connect() as sock:
                sock.sendall(head.encode() + content)
                time.sleep(wait)
    server.wait_alone()
    server.wait_metric("touchstone_body_bytes", lambda held: held == 0)  # what was being judged ends first


def test_generation_goes_on_beside_a_large_batch(server):
    replies = []
    body = {"items": [item(i) for i in range(20000)]}
    thread = threading.Thread(target=lambda: replies.append(httpx.post(server.url + "/verify", json=body, timeout=PATIENCE)))
    thread.start()
    wait_until(lambda: server.metric("touchstone_open_requests") >= 2 or not thread.is_alive())  # the batch is at work
    for _ in range(20):
        assert server.http.get("/health").status_code == 200
    thread.join()
    assert replies[0].status_code == 200 and len(replies[0].json()["results"]) == 20000


def test_rewards_advantages_pass_at_k(server):
    rewards = server.http.get("/verify/rewards")
    assert rewards.status_code == 200 and "format" in rewards.text
    reply = server.post("/verify/pass_at_k", {"n": 10, "c": 3, "k": 1})
    assert reply.json()["pass_at_k"] == pytest.approx(0.3)
    reply = server.post("/verify/advantages", {"method": "trl_rloo", "rewards": [1, 0, 0, 1], "group_size": 4})
    assert reply.status_code == 200 and len(reply.json()["advantages"]) == 4
    for path in ("/verify/pass_at_k", "/verify/advantages"):
        reply = server.post(path, {"nonsense": 1})
        assert reply.status_code == 400 and reply.json()["error"]["code"]


def test_verdicts_are_counted_by_their_cause(start):
    s = start()

    def counted():
        rows = re.findall(r'^touchstone_verify_verdicts_total\{verdict="(\w+)",cause="(\w*)"\} (\d+)$', s.http.get("/metrics").text, re.M)
        return {(v, c): int(n) for v, c, n in rows}

    assert counted() == {}
    said = [FORMAT, FORMAT, "<think>why</think><answer>5</answer>", "no tags"]
    rewards = [{"name": "accuracy"}, {"name": "format"}]
    causes = collections.Counter()
    for items in ([{"completion": c, "answer": "4"} for c in said], [{"completion": FORMAT, "answer": ""}]):
        for result in verify(s, {"items": items, "rewards": rewards})["results"]:
            causes.update((d["verdict"], d.get("cause") or "") for d in result["details"].values() if d.get("verdict"))
    assert counted() == dict(causes) and {v for v, _ in causes} == {"correct", "incorrect", "cannot_judge"}
    assert sum(n for (v, _), n in causes.items() if v == "cannot_judge") == s.metric("touchstone_verify_cannot_judge_total")
    before = sum(counted().values())
    body = {"prompts": [{"text": "2+2=", "answer": "4"}], "n": 3, "sampling": {"max_tokens": 4}, "rewards": [{"name": "accuracy"}]}
    assert s.post("/v1/rollouts", body).status_code == 200
    assert sum(counted().values()) == before + 3
