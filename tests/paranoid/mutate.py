"""mutate.py BUILD [--seconds N] [--seed N] - every route, with bodies that are nearly right.

What the scenarios ask (scenarios.py) is asked again and again of the server of BUILD (FLAVOUR=address or paranoid), each
time with a fault: a value in its JSON replaced by an odd one, a field doubled, moved or lost, bytes changed, cut or
repeated. Expected each time: an answer, never 500, JSON where it says so; at the end no report of a sanitizer, no leak,
and status 0. What is found is printed with its seed. The last line is "1 passed, 0 failed" or "0 passed, 1 failed".

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import collections
import copy
import http.client
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from page import PARENT
from scenarios import COMPLETIONS, VERIFY, away

ROOT = pathlib.Path(__file__).resolve().parents[2]
SETTINGS = ["--port", "0", "--model", str(ROOT / "models/touchstone-tiny.gguf"), "--max-sequences", "8", "--context", "512", "--threads", "1",
            "--verify-workers", "2", "--verify-seconds", "1", "--request-timeout", "20"]
PATIENCE = 120  # seconds for an answer
ODD = [None, True, False, 0, -1, 1, 2, 1e308, -1e-308, 2**31, -2**31 - 1, 2**53 + 1, 2**64, 0.5, 10**40, "", " ", "a", "\u0000", "\ud800", "\u00e9" * 3,
       "\U0001f600", "<think>", "</think>", "\\boxed{", "%s%n", "../../etc/passwd", "a" * 5000, "[" * 300, "(a|a)*" * 20, [], {}, [[]], [None], [0] * 600,
       {"": 0}, {"type": "string"}, {"$ref": "#"}, ["a", 1, None, {}, []], "NaN", "1e999", "0x10", "-0"]
LIMITED = {"max_tokens": 30, "n_predict": 30, "num_predict": 30, "max_new_tokens": 30, "n": 8, "best_of": 8, "max_completion_tokens": 30}


def places(value, path=()):
    """Paths of all values in a JSON tree."""
    yield path
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in steps:
        yield from places(inner, (*path, key))


def at(tree, path):
    for key in path:
        tree = tree[key]
    return tree


def change(tree, luck):
    """One fault somewhere in the tree, which is changed; the tree."""
    path = luck.choice([p for p in places(tree) if p] or [()])
    if not path:
        return luck.choice(ODD)
    parent, key = at(tree, path[:-1]), path[-1]
    kind = luck.randrange(10)
    if kind < 5:
        odd = copy.deepcopy(luck.choice(ODD))
        most = LIMITED.get(key)
        parent[key] = odd if most is None or not isinstance(odd, (int, float)) or odd < most else most
    elif kind == 5:
        del parent[key]
    elif kind == 6:
        parent[key] = copy.deepcopy(at(tree, luck.choice(list(places(tree)))))
    elif kind == 7 and isinstance(parent, list):
        parent.extend(copy.deepcopy(parent[:50]))
    elif kind == 7:
        parent[luck.choice(["x", "", key + "s", key.upper(), "stream", "n"]) if isinstance(key, str) else "x"] = parent[key]
    elif kind == 8 and isinstance(parent[key], str):
        parent[key] = parent[key] * luck.choice([2, 7, 100])
    else:
        parent[key] = [parent[key]]
    return tree


def mangle(data, luck):
    """One fault in the bytes."""
    i, j = sorted(luck.randrange(len(data) + 1) for _ in range(2))
    return luck.choice([data[:i], data[i:], data[:i] + data[j:], data[:j] + data[i:], data[:i] + bytes([luck.randrange(256)]) + data[i + 1:],
                        data[:i] + luck.choice([b"\x00", b"\xff", b"\xed\xa0\x80", b"{", b"]", b'"', b"\\", b"1e9999", b","]) + data[i:]])


def mutant(scenario, luck):
    if scenario.kind == "lines" or isinstance(scenario.body, bytes) or luck.random() < 0.25:
        return mangle(scenario.payload(), luck)
    tree = copy.deepcopy(scenario.body)
    for _ in range(luck.choice([1, 1, 1, 2, 3])):
        tree = change(tree, luck)
    return json.dumps(tree).encode()


class Server:
    def __init__(self, program):
        self.log = tempfile.NamedTemporaryFile(prefix="mutate-")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TOUCHSTONE_")}
        environment["ASAN_OPTIONS"] = "quarantine_size_mb=1:handle_abort=1:detect_leaks=1"
        with open(self.log.name, "ab") as log:
            self.process = subprocess.Popen([program, "serve", *SETTINGS], stdout=log, stderr=log, env=environment)
        end = time.monotonic() + PATIENCE
        while not (port := re.search(r"event=ready.*?:(\d+)", self.said())):
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError("the server does not start:\n" + self.said())
            time.sleep(0.05)
        self.port = int(port.group(1))

    def said(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def end(self):
        """Its exit status; None: it did not end."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None

    def ask(self, method, path, payload, content_type):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, payload, {"Content-Type": content_type})
            reply = connection.getresponse()
            return reply.status, reply.getheader("Content-Type", ""), reply.read()
        except http.client.IncompleteRead as cut:
            return reply.status, "cut", cut.partial
        finally:
            connection.close()


def fault_of(status, kind, body):
    """What is wrong with an answer; None: nothing."""
    if status == 500 or status not in (200, 204) and not 400 <= status < 600:
        return f"status {status}: {body[:300]!r}"
    if kind.startswith("application/json"):
        try:
            json.loads(body)
        except ValueError as e:
            return f"status {status}, no JSON ({e}): {body[:300]!r}"
    return None


def main():
    read = argparse.ArgumentParser()
    read.add_argument("build")
    read.add_argument("--seconds", type=float, default=1200)
    read.add_argument("--seed", type=int, default=int(time.time()))
    args = read.parse_args()
    scenarios = [s for s in [*COMPLETIONS, *VERIFY, *away(PARENT)] if s.body is not None]
    server = Server(str(pathlib.Path(args.build).resolve() / "touchstone"))
    counts, found = collections.Counter(), []
    end, seed = time.monotonic() + args.seconds, args.seed
    while time.monotonic() < end and len(found) < 20 and server.process.poll() is None:
        seed += 1
        luck = random.Random(seed)
        scenario = luck.choice(scenarios)
        payload = mutant(scenario, luck)
        try:
            status, kind, body = server.ask(scenario.method, scenario.path, payload, scenario.content_type())
            counts[status] += 1
            fault = fault_of(status, kind, body)
        except (OSError, http.client.HTTPException) as e:
            fault = f"no answer: {e!r}"
        if fault is not None:
            found.append(f"seed {seed}, {scenario.name} ({scenario.path}): {fault}\n  {payload[:2000]!r}")
    status = server.end()
    said = server.said()
    if status != 0 or "Sanitizer" in said or "runtime error" in said:
        found.append(f"exit status {status}\n" + said[max(0, said.find("ERROR:") - 200):][:12000])
    print(f"{sum(counts.values())} requests, seeds {args.seed + 1} to {seed}: " + ", ".join(f"{n} x {s}" for s, n in sorted(counts.items())))
    print("\n".join(found))
    print("0 passed, 1 failed" if found else "1 passed, 0 failed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
