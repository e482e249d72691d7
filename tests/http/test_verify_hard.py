"""Answers meant to hang or kill a verifier, sent to a running server: each is answered within its budget,
costs nobody else anything, and what dies of it is replaced.

SPDX-License-Identifier: Apache-2.0
"""

import contextlib
import json
import os
import pathlib
import re
import select
import signal
import threading

import httpx
import pytest
from conftest import PATIENCE, Server, wait_until

ACCURACY = [{"name": "accuracy"}]
SECONDS = 1  # CPU time of an item's algebra in these tests
MOST = 4  # parts of one item that may go to a verifier process, where each has at most SECONDS


def boxed(text):
    return "\\boxed{" + text + "}"


def table(kind, rows, columns, cell):
    body = "\\\\".join("&".join(cell(i, j) for j in range(columns)) for i in range(rows))
    return f"\\begin{{{kind}}}{body}\\end{{{kind}}}"


# name: (response, reference, the reward or None where no verdict is owed)
HARD = {
    "a double exponent": (boxed("1E1000000000"), "5", 0),
    "a tower of powers": (boxed("9^{9^{9^{9^9}}}"), "7^{7^{7^{7^7}}}", 0),
    "a tower equal to another": (boxed("2^{2^{2^{49}}}"), "4^{2^{2^{49}-1}}", None),
    "10^10^10": (boxed("10^{10^{10}}"), "10^{10^{10}}+1", 0),
    "ones to a tower": (boxed("1^{10^{10^{10}}}"), "1", 1),
    "huge factorials": (boxed("1000000000!"), "999999999!", 0),
    "a factorial of a factorial": (boxed("((10!)!)!"), "((9!)!)!", None),
    "huge binomials": (boxed("\\binom{10^9}{5 \\cdot 10^8}"), "\\binom{10^9}{5 \\cdot 10^8+1}", 0),
    "a million digits": (boxed("7" * 1000000), "8" * 1000000, 0),
    "a million equal digits": (boxed("7" * 1000000), "7" * 1000000, 1),
    "100,000 braces": (boxed("{" * 100000 + "1" + "}" * 100000), "1", None),
    "100,000 brackets": (boxed("(" * 100000 + "1" + ")" * 100000), "1", None),
    "100,000 braces never closed": ("\\boxed{" + "{" * 100000, "1", 0),
    "10,000 boxes in each other": ("\\boxed{" * 10000 + "1" + "}" * 10000, "1", None),
    "100,000 dollar signs": ("$" * 100000 + "1", "1", None),
    "a megabyte": (boxed("x+" * 500000 + "1"), "1", None),
    "a megabyte around an answer": ("so x+" * 200000 + boxed("1"), "1", 1),
    "a NUL": (boxed("4\0"), "4", 0),
    "deep fractions": (boxed("\\frac{1}{1+" * 2000 + "1" + "}" * 2000), "1", None),
    "deep roots": (boxed("\\sqrt{3+" * 60 + "1" + "}" * 60), "2.3", None),
    "a large matrix": (boxed(table("pmatrix", 90, 90, lambda i, j: str(i * j))), "1", None),
    "a product of a hundred matrices": (
        boxed(table("pmatrix", 2, 2, lambda i, j: str(i + j)) * 100),
        table("pmatrix", 2, 2, lambda i, j: "1"),
        None,
    ),
    "powers of powers of a matrix": (boxed("((" + table("pmatrix", 2, 2, lambda i, j: str(i + j)) + "^8)^8)^8"), "1", None),
    "a determinant of symbols": (
        boxed(table("vmatrix", 12, 12, lambda i, j: f"x_{{{i}{j}}}")),
        table("vmatrix", 12, 12, lambda i, j: f"x_{{{j}{i}}}"),
        None,
    ),
    "a power of a sum": (boxed("(a+b+c+d+e+f)^{60}"), "(f+e+d+c+b+a)^{60}", 1),
    "an identity": (
        boxed("(\\sin^2 x+\\cos^2 x)^{100} \\tan(x+y)"),
        "\\frac{\\tan x+\\tan y}{1-\\tan x\\tan y}",
        1,
    ),
    "a sum to 10^9": (boxed("\\sum_{k=1}^{1000000000} \\frac{1}{k^2+1}"), "1.0766", None),
    "a closed sum to 10^9": (boxed("\\sum_{k=1}^{1000000000} k"), "500000000500000000", 1),
    "a product to 10^9": (boxed("\\prod_{k=1}^{1000000000} (1+\\frac{1}{k^2})"), "3.676", None),
    "a hard integral": (boxed("\\int_0^1 \\sin(x^{x^x}) dx"), "0.5", None),
    "a number field of degree 256": (
        boxed("\\sqrt2+\\sqrt3+\\sqrt5+\\sqrt7+\\sqrt{11}+\\sqrt{13}+\\sqrt{17}+\\sqrt{19}"),
        "\\sqrt{19}+\\sqrt{17}+\\sqrt{13}+\\sqrt{11}+\\sqrt7+\\sqrt5+\\sqrt3+\\sqrt2",
        1,
    ),
}

# Decided by exact algebra, which is never done in the server's own process.
DEFERRED = {"completion": boxed("\\sqrt{4+2\\sqrt{3}}"), "answer": "1+\\sqrt{3}"}

# Take seconds, or all there are: integrals that oscillate fast and that no rule decides.
SLOW = {
    "completion": boxed("\\int_0^{400} \\sin(x^2)\\sin(x^3) dx"),
    "answer": "\\int_0^{400} \\cos(x^2)\\sin(x^3) dx",
}
ENDLESS = {
    "completion": boxed("+".join(f"\\int_0^{{{n}}} \\sin(x^2)\\sin(x^3) dx" for n in range(400, 500))),
    "answer": "7",
}


@pytest.fixture(scope="module")
def judge():
    s = Server("--verify-seconds", str(SECONDS))
    yield s
    s.stop()


def verify(server, items, client=None):
    body = {"items": items, "rewards": ACCURACY}
    reply = (client or server.http).post(server.url + "/verify", json=body, timeout=PATIENCE)
    assert reply.status_code == 200, reply.text
    return reply.json()["results"]


def verdict(result):
    return result["details"]["accuracy"]["verdict"]


def hard_items():
    return [{"id": k, "completion": c, "answer": a} for k, (c, a, _) in HARD.items()]


@pytest.mark.parametrize("name", HARD)
def test_a_hard_answer(judge, name):
    completion, answer, reward = HARD[name]
    before = judge.metric("touchstone_verify_deferred_total")
    [result] = verify(judge, [{"completion": completion, "answer": answer}])
    assert judge.metric("touchstone_verify_deferred_total") - before <= MOST
    assert result["error"] is None
    if reward is None:
        assert verdict(result) in ("correct", "incorrect", "cannot_judge")
    else:
        assert result["reward"] == reward, result


def test_invalid_utf8(judge):
    """Bytes that are no UTF-8 are refused or judged as some answer that is not the right one."""
    body = b'{"items": [{"completion": "\\\\boxed{4\xff\xc0\x80}", "answer": "4"}]}'
    reply = judge.http.post("/verify", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code in (200, 400)
    if reply.status_code == 200:
        assert reply.json()["results"][0]["reward"] in (0, None)


def test_deferred_items_are_judged(judge):
    before = judge.metric("touchstone_verify_deferred_total")
    results = verify(judge, [DEFERRED] * 20 + [{**DEFERRED, "answer": "2+\\sqrt{3}"}])
    assert [r["reward"] for r in results] == [1] * 20 + [0]
    assert judge.metric("touchstone_verify_deferred_total") >= before + 20


def ordinary(i):
    return [{"completion": f"Therefore the sum is {boxed(str(i + k))}.", "answer": i + k} for k in range(8)]


def deferred(i):
    n = i % 50 + 2  # (1 + sqrt n)^2 = n + 1 + 2 sqrt n
    return [{"completion": boxed(f"\\sqrt{{{n + 1}+2\\sqrt{{{n}}}}}"), "answer": f"1+\\sqrt{{{n}}}"}]


@pytest.mark.parametrize("kind", [ordinary, deferred])
def test_a_second_client_does_not_wait_for_the_first(judge, kind):
    """Ten requests are answered one after another while the budgets of one large request's hard items run out: so many are there
    that few of them do, though each of the ten may find every worker at one of them."""
    n = 100 * os.cpu_count()
    body = json.dumps({"items": [SLOW] * n, "rewards": ACCURACY}).encode()
    before = judge.metric("touchstone_verify_timeouts_total")
    with judge.connect() as first:
        first.sendall(b"POST /verify HTTP/1.1\r\nHost: x\r\nx-api-key: first\r\nContent-Type: application/json\r\n"
                      b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        judge.wait_metric("touchstone_verify_workers_busy", lambda busy: busy > 0)
        for i in range(10):
            assert all(r["reward"] == 1 for r in verify(judge, kind(i)))
        assert not select.select([first], [], [], 0)[0], "the first has its answer"
        assert judge.metric("touchstone_verify_timeouts_total") - before < n / 2
    judge.wait_alone()


def test_nothing_of_one_batch_waits_for_its_slow_items(judge):
    """Slow items run side by side, and the quick ones among them get their verdicts."""
    items = [SLOW if i % 2 else DEFERRED for i in range(16)]
    results = verify(judge, items)
    assert [r["reward"] for r in results[::2]] == [1] * 8
    assert {verdict(r) for r in results[1::2]} <= {"cannot_judge", "incorrect"}


def workers(server):
    """{process id: CPU seconds} of the verifier processes: the children of the server's one child."""
    found = server.processes()
    zygotes = {p for p, (_, parent, _) in found.items() if parent == server.process.pid}
    return {p: cpu for p, (_, parent, cpu) in found.items() if parent in zygotes}


def kill_workers(server):
    """All, and the server knows: what is sent to one that is about to die is lost."""

    def none_left():
        for pid in workers(server):
            with contextlib.suppress(ProcessLookupError):  # one whose item took long may end by itself meanwhile
                os.kill(pid, signal.SIGKILL)
        return server.metric("touchstone_verify_workers") == 0

    wait_until(none_left)


def test_a_killed_worker_costs_one_item(start):
    server = start("--verify-seconds", "60")
    results = []
    client = httpx.Client(timeout=PATIENCE)
    thread = threading.Thread(target=lambda: results.extend(verify(server, [ENDLESS, DEFERRED], client)))
    thread.start()

    def at_it():
        """The process that has computed for longer than the other item takes, wherever that is by now."""
        return [pid for pid, seconds in workers(server).items() if seconds >= 1]

    wait_until(at_it)
    for pid in at_it():
        os.kill(pid, signal.SIGKILL)
    thread.join()
    lost, other = results
    assert lost["reward"] is None and verdict(lost) == "cannot_judge"
    assert other["reward"] == 1
    kill_workers(server)
    assert [r["reward"] for r in verify(server, [DEFERRED] * 5)] == [1] * 5
    assert server.metric("touchstone_verify_worker_deaths_total") >= 1


def named(server, name):
    return [p for p, (is_called, _, _) in server.processes().items() if is_called == name]


def zygotes(server):
    """Not what they have forked and that has no name of its own yet."""
    return [p for p, (name, parent, _) in server.processes().items() if name == "ts-zygote" and parent == server.process.pid]


def has_ended(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


CODE = {"completion": "```python\nprint(int(input()) + 1)\n```", "rewards": [{"name": "code"}], "tests": [{"stdin": "1", "stdout": "2"}]}


def test_a_stopped_zygote(start):
    """It is given up and replaced while somebody waits for a worker; a stopped one does not outlive the server."""
    server = start()
    assert verify(server, [DEFERRED])[0]["reward"] == 1
    [zygote] = zygotes(server)
    os.kill(zygote, signal.SIGSTOP)
    kill_workers(server)  # new ones are needed, and it does not make them
    assert [r["reward"] for r in verify(server, [DEFERRED] * 5)] == [1] * 5
    wait_until(lambda: has_ended(zygote))
    [second] = zygotes(server)
    os.kill(second, signal.SIGSTOP)
    server.stop()
    wait_until(lambda: has_ended(second))


def test_a_stopped_cell(start):
    """Its run is answered, others go on, and nothing outlives the server."""
    server = start()
    body = {"code": "while True: pass", "language": "python", "run_timeout": 1}
    replies = []
    client = httpx.Client(timeout=PATIENCE)
    thread = threading.Thread(target=lambda: replies.append(client.post(server.url + "/run_code", json=body)))
    thread.start()
    wait_until(lambda: named(server, "python3"))
    stopped = named(server, "ts-cell")
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    assert server.post("/verify", {"items": [CODE]}).json()["results"][0]["reward"] == 1
    thread.join()
    assert replies[0].status_code in (200, 503)
    assert replies[0].json().get("status") != "Success"
    left = list(server.processes())
    server.stop()
    wait_until(lambda: all(has_ended(p) for p in [*stopped, *left]))


def test_a_killed_interpreter(start):
    """The run that it was forked for is repeated, whoever asked for it."""
    server = start()
    program = "import time\ntime.sleep(3)\nprint(int(input()) + 1)"
    item = {**CODE, "completion": f"```python\n{program}\n```"}
    asked = [("/run_code", {"code": program, "stdin": "1", "language": "python", "run_timeout": 60}),
             ("/verify", {"items": [item]})]
    replies = []
    for path, body in asked:
        thread = threading.Thread(target=lambda: replies.append(httpx.post(server.url + path, json=body, timeout=PATIENCE)))
        thread.start()

        def interpreters():
            """Those that have a child, the program."""
            all_of_them = server.processes()
            parents = {parent for _, parent, _ in all_of_them.values()}
            cells = named(server, "ts-cell")
            return [p for p, (name, parent, _) in all_of_them.items() if name == "python3" and parent in cells and p in parents]

        wait_until(lambda: interpreters() or not thread.is_alive())
        for pid in interpreters():
            os.kill(pid, signal.SIGKILL)
        thread.join()
    run, judged = (r.json() for r in replies)
    assert run["status"] == "Success" and run["run_result"]["stdout"] == "2\n", run
    assert judged["results"][0]["reward"] == 1, judged


def test_programs_wait_for_memory(start):
    """By their limits no more is at work than the machine, or the setting, has for all of them; and all have their turn."""
    server = start("--code-memory", "1G", "--max-wait", "3600")
    body = {"code": "import time\ntime.sleep(0.5)\nprint(1)", "language": "python", "memory_limit_MB": 448}
    replies, seen = [], []
    threads = [threading.Thread(target=lambda: replies.append(httpx.post(server.url + "/run_code", json=body, timeout=PATIENCE)))
               for _ in range(6)]
    for t in threads:
        t.start()
    while any(t.is_alive() for t in threads):
        seen.append(server.metric("touchstone_code_memory_bytes"))
    assert [r.json()["status"] for r in replies] == ["Success"] * 6
    assert max(seen) <= 1 << 30 and server.metric("touchstone_code_memory_most_bytes") == 1 << 30
    large = server.post("/run_code", {**body, "memory_limit_MB": 4096}).json()
    assert large["status"] == "Success", "what may take more than all runs alone"
    wait_until(lambda: server.metric("touchstone_code_memory_bytes") == 0)


def test_memory_is_bounded(start):
    """A worker whose address space is spent dies alone."""
    server = start("--verify-memory", "32M", "--verify-seconds", "2")
    items = hard_items() + [DEFERRED]
    results = verify(server, items)
    assert len(results) == len(items) and all(r["error"] is None for r in results)
    assert verify(server, [DEFERRED])[0]["reward"] == 1


def workers_mib(server):
    """What those who judge hold themselves."""
    own = 0
    for pid, (name, _, _) in server.processes().items():
        if name == "ts-verify":
            own += int(re.search(r"^RssAnon:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)[1])
    return own / 1024


def test_assertions_leave_no_memory_behind(server):
    """What a worker keeps of the last ones, for a group's samples, goes when others come."""

    def judge(first, n):
        for i in range(first, first + n):
            tests = [f"assert f() == 1  # {i} " + "x" * (1 << 20)]
            item = {"completion": "```python\ndef f():\n    return 1\n```", "tests": tests, "rewards": [{"name": "code"}]}
            assert server.post("/verify", {"items": [item]}).json()["results"][0]["reward"] == 1

    judge(0, 6)
    before = workers_mib(server)
    judge(6, 40)
    assert workers_mib(server) < before + 24
