"""tests/bench/verify_beside.py - mathematics judged through HTTP, beside math-verify in the same run.

    verify_beside.py PROGRAM CORPORA [--python PYTHON_WITH_MATH_VERIFY] [--rounds 5] [--seconds 2]

Two kinds of items: all pairs of CORPORA/math, and responses of 1 kB, each of which ends with a response of
CORPORA/field as models write them, behind the working of others (so all differ). In turns each side works some
seconds; what counts is CPU time: of the server all of its processes', client left out; of math-verify its process's.
Batches of --batch items are posted to /verify as JSON.

SPDX-License-Identifier: Apache-2.0
"""

import argparse
import http.client
import json
import os
import pathlib
import random
import re
import statistics
import subprocess
import sys

TICKS = os.sysconf("SC_CLK_TCK")
BESIDE = """
import json, sys, time, warnings, logging
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
from math_verify import parse, verify
for line in sys.stdin:
    items, seconds = json.loads(line)
    done, begun = 0, time.process_time()
    for gold, answer in items:
        try:
            verify(parse(gold if "$" in gold or "\\\\boxed" in gold else f"${gold}$"), parse(answer))
        except Exception:
            pass
        done += 1
        if time.process_time() - begun > seconds:
            break
    print(json.dumps([done, time.process_time() - begun]), flush=True)
"""


def corpus(folder):
    rows = [json.loads(line) for line in (folder / "math/cases.jsonl").open()]
    return [(r["gold"], r["answer"], r["form"]) for r in rows]


def responses(folder, size=1000):
    rows = [json.loads(line) for line in (folder / "field/cases.jsonl").open()]
    whole = [r for r in rows if r["id"].startswith("own")]
    draw, made = random.Random(7), []
    for _ in range(8):
        for r in whole:
            text = r["completion"]
            while len(text) < size:
                other = draw.choice(whole)["completion"].rsplit("\n", 1)[0]
                text = other[: size - len(text)] + "\n\n" + text
            made.append((r["gold"], text, "text"))
    return made


class Server:
    def __init__(self, program, model):
        flags = ["--port", "0", "--model", model, "--threads", "1"]
        self.process = subprocess.Popen([program, "serve", *flags], stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            found = re.search(r"event=listening .*port=(\d+)", line)
            if found:
                break
        else:
            raise RuntimeError("the server does not start")
        self.http = http.client.HTTPConnection("127.0.0.1", int(found.group(1)))

    def family(self):
        parents, pids = {}, [self.process.pid]
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                parents[int(pid)] = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                pass
        for pid in pids:
            pids += [p for p, parent in parents.items() if parent == pid]
        return pids

    def cpu_s(self):
        total = 0
        for pid in self.family():
            try:
                f = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            total += sum(map(int, f[11:15]))
        return total / TICKS

    def post(self, body):
        self.http.request("POST", "/verify", body, {"Content-Type": "application/json"})
        reply = self.http.getresponse()
        text = reply.read()
        if reply.status != 200:
            raise RuntimeError(text[:300])
        return text

    def rate(self, bodies, n, seconds):
        """Items a second of CPU time."""
        begun, done = self.cpu_s(), 0
        while self.cpu_s() - begun < seconds:
            for body, k in zip(bodies, n):
                self.post(body)
                done += k
        return done / (self.cpu_s() - begun)


def bodies_of(items, batch):
    groups = [items[i : i + batch] for i in range(0, len(items), batch)]
    bodies = [
        json.dumps(
            {
                "rewards": [{"name": "accuracy"}],
                "items": [
                    {"completion": a, "answer": g} for g, a, form in group
                ],
            }
        ).encode()
        for group in groups
    ]
    return bodies, [len(g) for g in groups]


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("program", type=pathlib.Path)
    p.add_argument("corpora", type=pathlib.Path)
    p.add_argument("--python", default=sys.executable)
    p.add_argument("--model", default=str(pathlib.Path(__file__).parents[2] / "models/touchstone-tiny.gguf"))
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--batch", type=int, default=256)
    a = p.parse_args()
    sets = {"corpus": corpus(a.corpora), "1 kB": responses(a.corpora)}
    server = Server(a.program, a.model)
    beside = subprocess.Popen([a.python, "-c", BESIDE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        for name, items in sets.items():
            bodies, n = bodies_of(items, a.batch)
            ours, theirs, at = [], [], 0
            server.rate(bodies, n, 0.2)
            for _ in range(a.rounds):
                ours.append(server.rate(bodies, n, a.seconds))
                order = [(g, t) for g, t, _ in items[at:] + items[:at]]
                beside.stdin.write(json.dumps([order, a.seconds]) + "\n")
                beside.stdin.flush()
                done, seconds = json.loads(beside.stdout.readline())
                theirs.append(done / seconds)
                at = (at + done) % len(items)
            mine, other = statistics.median(ours), statistics.median(theirs)
            print(f"{name}: {len(items)} items, {sum(map(len, bodies)) / len(items):.0f} bytes each: {mine:.0f} a second, "
                  f"math-verify {other:.0f}, ratio {mine / other:.0f}", flush=True)
    finally:
        server.process.terminate()
        beside.kill()


if __name__ == "__main__":
    main()
