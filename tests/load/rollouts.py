"""tests/load/rollouts.py - random rollouts at once, some of them ended, left, late or with programs that fail.

    python tests/load/rollouts.py                              a minute, against build/release/touchstone
    TESTED_BIN=build/address/touchstone python tests/load/rollouts.py --seconds 3600 --seed 7
    python tests/load/rollouts.py --push MODEL                 new weights in between, by POST /v1/weights

Starts a server of its own. Clients ask random calls of /v1/rollouts: sizes, every encoding, rules that end groups
early, forks, partial rollouts, revisions, deadlines; rewards from those that are computed at once to programs that
crash, hang, fill their memory or start processes. Some calls are ended by DELETE, some clients leave, and from time to
time a process below the server is killed. Of every call that is answered each group and sample must be there, each with
a reward or with a cause why it has none. At the end the server must be idle, its memory no more than --growth MiB above
what it had after the first quarter, its exit status 0 and its log without a sanitizer's report. Exit status 1 otherwise.

SPDX-License-Identifier: Apache-2.0
"""

import argparse
import collections
import http.client
import io
import json
import math
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import threading
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = os.environ.get("TESTED_BIN", str(ROOT / "build/release/touchstone"))
MIB = 1 << 20
CAUSES = {"cut", "deadline", "abort", "cannot_judge", "sandbox_error", "no_memory", "overlong"}
REPORTS = ("ERROR: AddressSanitizer", "WARNING: ThreadSanitizer", "runtime error:", "ERROR: LeakSanitizer", "Assertion")


def arguments():
    p = argparse.ArgumentParser(description="Random rollouts against a server of its own.")
    p.add_argument("--seconds", type=float, default=60)
    p.add_argument("--clients", type=int, default=6)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--growth", type=float, default=64, help="MiB of growth after the first quarter that are allowed")
    p.add_argument("--push", help="a model to push again and again")
    p.add_argument("--model", default=str(ROOT / "models/touchstone-tiny.gguf"))
    return p.parse_args()


# ---- the server ----


class Server:
    def __init__(self, model):
        flags = ["--port", "0", "--threads", "2", "--max-choices", "64", "--max-queue", "512"]
        options = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "quarantine_size_mb=1"),
                   "TSAN_OPTIONS": os.environ.get("TSAN_OPTIONS", f"suppressions={ROOT}/tests/paranoid/tsan.supp:die_after_fork=0")}
        self.process = subprocess.Popen([BIN, "serve", "--model", model, *flags, "--log-level", "info"], stderr=subprocess.PIPE,
                                        env={**os.environ, **options}, text=True, errors="replace")
        self.reports, self.port, ready = [], None, threading.Event()
        self.reader = threading.Thread(target=self.read, args=(ready,), daemon=True)
        self.reader.start()
        if not ready.wait(300):
            raise RuntimeError("the server does not get ready")

    def read(self, ready):
        follows = 0
        for line in self.process.stderr:
            if found := re.search(r"event=listening .*port=(\d+)", line):
                self.port = int(found[1])
            if "event=ready" in line:
                ready.set()
            if any(word in line for word in REPORTS):
                follows = 40
            if follows > 0:
                self.reports.append(line.rstrip())
                follows -= 1

    def ask(self, method, path, body=None, headers={}):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Content-Type": "application/json", **headers})
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def metric(self, name):
        text = self.ask("GET", "/metrics")[1].decode()
        return float(re.search(rf"^touchstone_{name} (\S+)$", text, re.M)[1])

    def wait_idle(self):
        """Nothing runs, waits or holds a block; only this question is open."""
        end = time.monotonic() + 300
        names = ("sequences_running", "sequences_waiting", "kv_blocks_used")
        while any(self.metric(n) for n in names) or self.metric("open_requests") != 1:
            if time.monotonic() > end:
                raise RuntimeError("the server does not come to rest")
            time.sleep(0.05)

    def resident(self):
        with open(f"/proc/{self.process.pid}/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def below(self):
        """Process ids below the server's children: those that judge and that run programs."""
        parents = {}
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/stat") as f:
                    parents[int(entry)] = int(f.read().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
        children = {p for p, parent in parents.items() if parent == self.process.pid}
        found, more = set(), children
        while more := {p for p, parent in parents.items() if parent in more}:
            found |= more
        return sorted(found)

    def stop(self):
        self.process.terminate()
        status = self.process.wait(120)
        self.reader.join(10)
        return status


# ---- random calls ----

PROGRAMS = [
    "print(sum(map(int, input().split())))",
    "raise SystemExit(3)",
    "while True: pass",
    "x = [bytearray(1 << 20) for _ in range(1 << 20)]",
    "import os\nwhile True: os.fork()",
    "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
    "print('x' * (1 << 26))",
]


def program_prompt(r):
    text = "```python\n" + r.choice(PROGRAMS) + "\n```"
    tests = [{"input": "1 2", "output": "3"}] * r.randint(1, 3)
    return {"text": "Add.", "language": "python", "tests": tests}, {"structured_outputs": {"choice": [text]}, "max_tokens": 120}


def sum_prompt(r):
    a, b = r.randint(1, 999), r.randint(1, 999)
    entry = {"messages": [{"role": "user", "content": f"What is {a} + {b}?"}]}
    if r.random() < 0.9:
        entry["answer"] = r.choice([str(a + b), f"\\frac{{{2 * (a + b)}}}{{2}}", f"1+\\sqrt{{{a}}}"])
    return entry, {}


def going_on(r):
    ids = [r.randint(300, 1000) for _ in range(r.randint(1, 40))]
    entry = {"text": f"What is {r.randint(1, 99)} + {r.randint(1, 99)}?", "answer": "5"}
    if r.random() < 0.5:
        entry["partial"] = [{"token_ids": ids, "logprobs": [-0.5] * len(ids)}]
    else:
        at = sorted(r.sample(range(len(ids) + 1), min(3, len(ids))))
        entry["fork"] = {"token_ids": ids, "at": at, "k": r.randint(1, 4), "seed": r.randint(0, 99)}
    return entry, {}


def rules(r, programs):
    """What ends groups early, or makes more of them."""
    body = {}
    if r.random() < 0.2:
        body["over_sample"] = r.choice([1.5, 2, 3])
    if r.random() < 0.2:
        body["stop_when"] = r.choice(["majority", "first_correct"])
    if not body and r.random() < 0.3:
        body["revise"] = {"rounds": r.randint(1, 3 if not programs else 1)}
    if r.random() < 0.2:
        body["until"] = {"groups": r.randint(1, 3), "max_attempts": r.randint(1, 6)}
    if r.random() < 0.25:
        body["deadline_ms"] = r.choice([1, 20, 200, 2000])
    if r.random() < 0.3:
        body["keep"] = {"overlong": False}
    return body


RETURNS = ["text", "token_ids", "logprobs", "processed_logprobs", "top_logprobs", "prompt_token_ids", "sampling_mask"]


def random_call(r):
    programs = r.random() < 0.25
    make = program_prompt if programs else r.choice([sum_prompt, sum_prompt, going_on])
    made = [make(r) for _ in range(r.randint(1, 2 if programs else 6))]
    sampling = {"temperature": r.choice([0, 0.7, 1, 2]), "max_tokens": r.choice([1, 8, 60, 200]), **made[0][1]}
    if r.random() < 0.4:
        sampling |= {"top_p": r.choice([0.5, 0.9]), "top_k": r.choice([0, 5, 40])}
    if r.random() < 0.2:
        sampling["logprobs"] = r.randint(0, 5)
    rewards = [{"name": "accuracy"}, {"name": "format", "weight": 0.5}]
    if programs:
        rewards = [{"name": "code", "timeout_s": 0.3, "memory_mb": 64}]
    body = {"prompts": [entry for entry, _ in made], "n": r.randint(1, 3 if programs else 16), "seed": r.randint(0, 9),
            "sampling": sampling, "rewards": rewards, "advantage": r.choice(["grpo", "rloo", "dr_grpo", "verl_reinforce_pp"]),
            "encoding": r.choice(["json", "json", "ndjson", "npz"]), **rules(r, programs)}
    if r.random() < 0.5:
        body["return"] = sorted({"token_ids", "text"} | set(r.sample(RETURNS, r.randint(0, len(RETURNS)))))
    if make is going_on:
        body.pop("revise", None)
    return body


# ---- what a reply must hold ----


def begun(body, entry):
    """How many samples a group of this entry has."""
    if "fork" in entry:
        return len(entry["fork"]["at"]) * entry["fork"]["k"]
    return math.ceil(body["n"] * body.get("over_sample", 1))


def check_sample(s):
    assert s["mask"] == (s["mask_cause"] is not None) and (not s["mask"] or s["mask_cause"] in CAUSES), s
    assert s["mask"] == (s["reward"] is None), s
    assert s["advantage"] is None or not s["mask"], s
    assert len(s["token_ids"]) == len(s["loss_mask"]), s
    for name in ("logprobs", "processed_logprobs", "top_logprobs", "sampling_mask"):
        assert name not in s or len(s[name]) == len(s["token_ids"]), name


def check_groups(body, groups, whole):
    if whole and "until" not in body and "deadline_ms" not in body:
        assert sorted(g["prompt"] for g in groups) == list(range(len(body["prompts"])))
    for g in groups:
        entry = body["prompts"][g["prompt"]]
        samples = [s for f in g["forks"] for s in f["samples"]] if "fork" in entry else g["samples"]
        assert [s["index"] for s in samples] == list(range(begun(body, entry))), "a sample was lost"
        for s in samples:
            check_sample(s)


def check_npz(body, data):
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        assert z.testzip() is None
        assert {"token_ids.npy", "offsets.npy", "rewards.npy", "mask.npy"} <= set(z.namelist())


def check(body, data, whole):
    if body["encoding"] == "npz":
        check_npz(body, data)
    elif body["encoding"] == "ndjson":
        lines = [json.loads(line) for line in data.splitlines()]
        assert "id" in lines[0] and "totals" in lines[-1], "a reply is not whole"
        check_groups(body, lines[1:-1], whole)
    else:
        check_groups(body, json.loads(data)["groups"], whole)


# ---- clients ----


class Run:
    def __init__(self, a):
        self.a, self.server, self.counts = a, Server(a.model), collections.Counter()
        self.faults, self.lock, self.number = [], threading.Lock(), 0

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def name(self):
        with self.lock:
            self.number += 1
            return f"call-{self.number}"

    def leave(self, body, after):
        """Send a call, and go."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=600)
        connection.request("POST", "/v1/rollouts", json.dumps(body), {"Content-Type": "application/json"})
        time.sleep(after)
        connection.close()
        self.count("left")

    def end(self, name, after, group):
        time.sleep(after)
        status, data = self.server.ask("DELETE", f"/v1/rollouts/{name}" + group)
        assert status in (200, 404), data
        if status == 200:
            assert "groups" in json.loads(data)
        self.count(f"DELETE {status}")

    def call(self, r):
        body, name, after = random_call(r), self.name(), r.choice([0, 0.01, 0.1, 0.5])
        if r.random() < 0.1:
            return self.leave(body, after)
        ender = None
        if r.random() < 0.15:
            ender = threading.Thread(target=self.guard, args=(self.end, name, after, r.choice(["", "/groups/0"])))
            ender.start()
        status, data = self.server.ask("POST", "/v1/rollouts", body, {"x-request-id": name})
        self.count(status)
        if status == 200:
            check(body, data, ender is None)
        else:
            assert status in (429, 503), (status, data[:500], json.dumps(body)[:2000])
        if ender is not None:
            ender.join()

    def fault(self, what):
        with self.lock:
            self.faults.append(what)

    def guard(self, what, *arguments):
        try:
            what(*arguments)
        except json.JSONDecodeError as e:
            self.fault(f"{e}: ...{e.doc[max(0, e.pos - 300):e.pos + 100]!r}")
        except Exception as e:  # the run goes on; it has failed
            self.fault(repr(e)[:3000])

    def client(self, number, until):
        r = random.Random(f"{self.a.seed} {number}")
        while time.monotonic() < until and len(self.faults) < 10 and self.server.process.poll() is None:
            self.guard(self.call, r)

    def kill_some(self, until):
        r = random.Random(self.a.seed)
        while time.monotonic() < until:
            time.sleep(r.uniform(0.5, 3))
            found = self.server.below()
            try:
                if found:
                    os.kill(r.choice(found), signal.SIGKILL)
                    self.count("killed")
            except ProcessLookupError:
                pass

    def push(self, until):
        while time.monotonic() < until:
            status, data = self.server.ask("POST", "/v1/weights", {"path": self.a.push, "policy": random.choice(["finish", "switch"])})
            self.count(f"push {status}")
            time.sleep(1)

    def quarter(self, seconds):
        """All clients for so long; then the server rests. Its memory."""
        until = time.monotonic() + seconds
        jobs = [(self.client, i, until) for i in range(self.a.clients)] + [(self.kill_some, until)]
        jobs += [(self.push, until)] if self.a.push else []
        threads = [threading.Thread(target=self.guard, args=job) for job in jobs]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        if self.server.process.poll() is None:
            self.guard(self.server.wait_idle)
        size = self.server.resident() if self.server.process.poll() is None else 0
        print(f"{sum(v for k, v in self.counts.items() if k == 200):6} answered, {size / MIB:7.1f} MiB  {dict(self.counts)}", flush=True)
        return size


def main():
    a = arguments()
    run = Run(a)
    sizes = [run.quarter(a.seconds / 4) for _ in range(4)]
    grown = (sizes[-1] - sizes[0]) / MIB
    status = run.server.stop()
    for fault in run.faults:
        print("fault:", fault)
    print("\n".join(run.server.reports))
    print(f"seed {a.seed}: exit status {status}, memory grew by {grown:.1f} MiB, {len(run.faults)} faults, "
          f"{'a' if run.server.reports else 'no'} sanitizer's report")
    return 0 if status == 0 and grown <= a.growth and not run.faults and not run.server.reports and run.counts[200] else 1


if __name__ == "__main__":
    sys.exit(main())
