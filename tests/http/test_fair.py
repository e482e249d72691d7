"""Whose turn it is when more is asked than can be done: clients take turns at the model and at the verifiers, and who
would wait too long is told when to come again. What is asserted is order and counts, never time.

SPDX-License-Identifier: Apache-2.0
"""

import itertools
import json
import re
import select
import threading

import httpx
import pytest
from conftest import PATIENCE, read_response, wait_until

ACCURACY = {"rewards": [{"name": "accuracy"}]}


def of(client):
    return {"Authorization": f"Bearer {client}"}


numbers = itertools.count()


def ask(server, client, done, **body):
    """Post a completion on a thread; its client's name joins `done` when it is answered."""
    headers = {**of(client), "X-Request-Id": f"{client}-{next(numbers)}"}

    def run():
        done.append((client, httpx.post(server.url + "/v1/completions", json=body, headers=headers, timeout=PATIENCE)))

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def answered(server, n):
    """The clients of the first n answers or more, in the order in which the server gave them: when a thread of ours comes to
    read one is another matter."""
    return [re.search(r" id=(\w+)-", line)[1] for line in server.lines("event=request", "path=/v1/completions", count=n)]


def test_a_polite_client_has_its_turn_beside_a_flood(start):
    server = start("--max-sequences", "1")
    done, threads = [], []
    server.post("/pause?mode=keep", {})
    for i in range(40):
        threads.append(ask(server, "flood", done, prompt=f"Flood {i}", max_tokens=100, ignore_eos=True))
    server.wait_metric("touchstone_generations_held", lambda n: n == 40)
    for i in range(3):
        threads.append(ask(server, "polite", done, prompt=f"Polite {i}", max_tokens=100, ignore_eos=True))
    server.wait_metric("touchstone_generations_held", lambda n: n == 43)
    server.post("/resume", {})
    for t in threads:
        t.join()
    assert all(reply.status_code == 200 for _, reply in done)
    names = answered(server, 43)
    assert names[:15].count("polite") == 3, names


def test_a_group_weighs_what_its_samples_weigh(start):
    """One client's groups of 8 and another's single samples: as many tokens each, not as many requests."""
    server = start("--max-sequences", "1")
    done, threads = [], []
    server.post("/pause?mode=keep", {})
    for i in range(6):
        threads.append(ask(server, "groups", done, prompt=f"Group {i}", max_tokens=40, ignore_eos=True, n=8))
    server.wait_metric("touchstone_generations_held", lambda n: n == 6)
    for i in range(24):
        threads.append(ask(server, "single", done, prompt=f"Single {i}", max_tokens=40, ignore_eos=True))
    server.wait_metric("touchstone_generations_held", lambda n: n == 30)
    server.post("/resume", {})
    for t in threads:
        t.join()
    names = answered(server, 30)
    fourth = [i for i, name in enumerate(names) if name == "groups"][3]
    assert names[:fourth].count("single") >= 12, names


def test_who_would_wait_too_long_comes_again(start):
    server = start("--max-sequences", "1", "--max-wait", "5", "--max-queue", "100000")
    body = {"prompt": ["Hello"] * 100, "max_tokens": 50, "ignore_eos": True}
    replies, threads = [], []
    server.complete(prompt="first", max_tokens=50, ignore_eos=True)

    def refused():
        """Those refused as they came: who has waited in vain is told when the next one might begin."""
        return [r for _, r in replies if r.status_code == 429 and "might begin after" in r.text]

    def flood():
        threads.append(ask(server, "flood", replies, **body))
        return refused()

    wait_until(flood)
    [first, *_] = refused()
    assert first.json()["error"]["code"] == "queue_full"
    worst = int(re.search(r"might begin after (\d+) s", first.json()["error"]["message"]).group(1))
    assert worst > 5 and 1 <= int(first.headers["retry-after"]) <= worst
    assert server.metric("touchstone_generations_refused_total") >= 1

    def another_is_taken():
        """As what is before it moves: a machine that stood still makes every wait look long."""
        other = httpx.post(
            server.url + "/v1/completions",
            json={"prompt": "Hello", "max_tokens": 5},
            headers=of("polite"),
            timeout=PATIENCE,
        )
        if other.status_code == 200:
            return True
        assert server.metric("touchstone_generations_held") > 1, "the flood is over"

    wait_until(another_is_taken)
    server.post("/abort_requests", {})
    for t in threads:
        t.join()
    assert server.metric("touchstone_wait_seconds_count") > 1
    assert server.metric("touchstone_wait_error_seconds_count") == server.metric("touchstone_wait_seconds_count")


def test_what_a_request_begins_it_may_end(start):
    """A request alone is taken however much it asks for."""
    server = start("--max-sequences", "1", "--max-wait", "1")
    for _ in range(2):
        reply = server.post("/v1/completions", {"prompt": ["Hello"] * 400, "max_tokens": 30, "ignore_eos": True})
        assert reply.status_code == 200, reply.text


def test_a_prompt_that_cannot_fit_is_told_by_its_length(start):
    """Megabytes where a few tokens fit: the same words as for a prompt a little too long, but for a bound in place of
    its length, which nobody has counted."""
    server = start("--context", "64")
    for prompt in ("a b c " * 1000000, "a" * 6000000, "a b c " * 50):
        reply = server.post("/v1/completions", {"prompt": prompt})
        error = reply.json()["error"]
        assert reply.status_code == 400 and error["code"] == "context_length_exceeded"
        assert error["param"] == "prompt" and "maximum context length is 64 tokens" in error["message"]
        assert "your prompt has at least " in error["message"]


def test_a_long_prompt_may_be_cut_to_what_fits(start):
    server = start("--context", "64")
    reply = server.post("/v1/completions", {"prompt": "a b c " * 1000, "truncate_prompt_tokens": 10, "max_tokens": 1})
    assert reply.status_code == 200 and reply.json()["usage"]["prompt_tokens"] == 10


def test_small_requests_do_not_wait_for_large_bodies(start):
    """More large bodies at once than the pool has threads; small ones are answered meanwhile."""
    server = start()
    large = json.dumps({"items": [{"completion": "\\boxed{" + "7" * 1000 + "}", "answer": "8"}] * 3000, **ACCURACY}).encode()

    def answered_meanwhile():
        socks = [server.connect() for _ in range(24)]
        for sock in socks:  # whole but for a byte, so that all come to be at once
            sock.sendall(b"POST /verify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                         b"Content-Length: %d\r\n\r\n%b" % (len(large), large[:-1]))
        for sock in socks:
            sock.sendall(large[-1:])
        small = 0
        while small < 50 and len(select.select(socks, [], [], 0)[0]) < len(socks):
            reply = server.post("/verify", {"items": [{"completion": "\\boxed{4}", "answer": "4"}], **ACCURACY})
            assert reply.json()["results"][0]["reward"] == 1
            small += 1
        for sock in socks:
            assert read_response(sock)[0] == 200
            sock.close()
        return small

    # Who waits for the large ones is the first and the last, each time; who asks too seldom, on a machine with more to do, is so now and then.
    wait_until(lambda: answered_meanwhile() > 5)


def test_a_seat_is_kept_for_who_has_none(start):
    """A flood that holds the whole batch for long: another client begins and ends meanwhile."""
    server = start("--max-sequences", "8", "--max-wait", "3600")
    done, threads = [], []
    server.post("/pause?mode=keep", {})
    for i in range(20):
        threads.append(ask(server, "flood", done, prompt=f"Flood {i}", max_tokens=4000, ignore_eos=True))
    server.wait_metric("touchstone_generations_held", lambda n: n == 20)
    server.post("/resume", {})
    server.wait_metric("touchstone_sequences_running", lambda n: n == 8)
    server.post("/pause?mode=keep", {})
    for i in range(3):
        threads.append(ask(server, "polite", done, prompt="Hello", max_tokens=5))
    server.wait_metric("touchstone_generations_held", lambda n: n == 15)
    server.post("/resume", {})
    assert answered(server, 3)[:3] == ["polite"] * 3
    server.post("/abort_requests", {})
    for t in threads:
        t.join()


def test_nobody_waits_for_the_end_of_a_step(start):
    """A step of a flood is put aside for another client's request, and neither's answer is another for that."""
    server = start("--max-sequences", "64", "--max-wait", "3600")
    body = {"prompt": "Hello", "max_tokens": 4, "seed": 7, "temperature": 1}
    long = {"prompt": "Flood", "max_tokens": 60, "ignore_eos": True, "seed": 3, "n": 64, "temperature": 1}
    alone, many = server.complete(**body)["choices"], server.complete(**long)["choices"]
    done, stop = [], threading.Event()

    def flood():
        while not stop.is_set():
            done.append(httpx.post(server.url + "/v1/completions", json=long, headers=of("flood"), timeout=PATIENCE).json()["choices"])

    threads = [threading.Thread(target=flood) for _ in range(2)]
    for t in threads:
        t.start()

    def comes_in_a_step():
        reply = httpx.post(server.url + "/v1/completions", json=body, headers=of("polite"), timeout=PATIENCE)
        assert reply.json()["choices"] == alone
        return server.metric("touchstone_steps_put_aside_total") > 3

    wait_until(comes_in_a_step)
    stop.set()
    for t in threads:
        t.join()
    assert done and all(choices == many for choices in done)


def test_a_worker_is_kept_for_who_has_no_program(start):
    """Programs without end of one client have all workers but one, which another client finds."""
    server = start("--max-wait", "3600")  # who waits shall not be told to come again meanwhile
    body = json.dumps({"code": "while True: pass", "language": "python", "run_timeout": 240, "memory_limit_MB": 64}).encode()
    flood = [server.connect() for _ in range(40)]
    for sock in flood:
        sock.sendall(b"POST /run_code HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer flood\r\nContent-Type: application/json\r\n"
                     b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    server.wait_metric("touchstone_verify_waiting", lambda n: 0 < n < 40)
    for i in range(3):
        reply = httpx.post(server.url + "/run_code", json={"code": f"print({i})", "language": "python"}, headers=of("polite"), timeout=PATIENCE)
        assert reply.json()["run_result"]["stdout"] == f"{i}\n", reply.text
    assert select.select(flood, [], [], 0)[0] == [], "none of the flood had to end for it"
    for sock in flood:
        sock.close()
    server.wait_metric("touchstone_verify_waiting", lambda n: n == 0)


def test_who_waits_in_vain_for_a_worker_is_refused_in_the_line(start):
    """A first burst of programs, taken when nobody knew that they have no end, and an item behind them: who cannot begin
    within max-wait hears it, and what has begun goes on."""
    server = start("--max-wait", "2")
    program = {"code": "while True: pass", "language": "python", "run_timeout": 240, "memory_limit_MB": 64}
    item = {"completion": "```python\ndef f(x):\n    return x\n```", "tests": ["assert f(1) == 1"]}
    asked = [("/run_code", program, 504)] * 40 + [("/verify", {"items": [item], "rewards": [{"name": "code"}]}, 429)]
    waiting = {}
    for path, request, refusal in asked:
        sock, body = server.connect(), json.dumps(request).encode()
        sock.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer flood\r\nContent-Type: application/json\r\n"
                     b"Content-Length: %d\r\n\r\n%b" % (path.encode(), len(body), body))
        waiting[sock] = refusal

    def settled():
        refused = server.metric("touchstone_verify_refused_total")
        return refused > 0 and refused + server.metric("touchstone_verify_workers_busy") == len(asked)

    wait_until(settled)
    refused = int(server.metric("touchstone_verify_refused_total"))
    for _ in range(refused):
        [sock, *_] = select.select(list(waiting), [], [])[0]
        status, headers, reply = read_response(sock)
        assert status == waiting.pop(sock) and int(headers["retry-after"]) >= 1, (status, headers, reply)
        sock.close()
    assert 429 not in waiting.values() and server.metric("touchstone_verify_workers_busy") == len(waiting)
    for sock in waiting:
        sock.close()


def test_a_stream_takes_turns_as_one_client(start):
    """Thousands of slow lines of one stream do not keep another's from a verifier process, nor refuse them."""
    server = start("--verify-seconds", "2", "--max-wait", "120")  # on the wall half a minute
    slow = json.dumps({"completion": "a" * 48, "rewards": [{"name": "regex", "pattern": "^(a|a)*[bc]$"}]})
    stream = httpx.Client(timeout=PATIENCE)
    headers = {"Content-Type": "application/x-ndjson", **of("stream")}
    with stream.stream("POST", server.url + "/verify", content=(slow + "\n") * 3000, headers=headers) as reply:
        assert reply.status_code == 200
        server.wait_metric("touchstone_verify_waiting", lambda n: n > 1000)
        root = {"completion": "\\boxed{\\sqrt{4+2\\sqrt{3}}}", "answer": "1+\\sqrt{3}"}
        other = httpx.post(server.url + "/verify", json={"items": [root], **ACCURACY}, headers=of("polite"), timeout=PATIENCE)
        assert other.status_code == 200 and other.json()["results"][0]["reward"] == 1
        assert server.metric("touchstone_verify_waiting") > 1000
    stream.close()


def test_a_client_that_leaves_takes_its_lines_along(start):
    """All lines of a stream are at the judge when its client leaves: none of them is judged for nobody."""
    server = start("--verify-seconds", "5")
    lines = 3000
    slow = json.dumps({"completion": "a" * 48, "rewards": [{"name": "regex", "pattern": "^(a|a)*[bc]$"}]})
    client = httpx.Client(timeout=PATIENCE)
    with client.stream("POST", server.url + "/verify", content=(slow + "\n") * lines,
                       headers={"Content-Type": "application/x-ndjson"}) as reply:
        assert reply.status_code == 200
        server.wait_metric("touchstone_verify_deferred_total", lambda n: n == lines)
    client.close()
    server.wait_alone()
    server.wait_metric("touchstone_verify_waiting", lambda n: n == 0)
