"""tests/bench/rollouts.py - a GRPO step in one call, beside the same work in two calls, and beside llama-server and math-verify.

    python tests/bench/rollouts.py build/release/touchstone MODEL.gguf
    python tests/bench/rollouts.py build/release/touchstone MODEL.gguf --llama-server BIN --math-verify PYTHON

--prompts prompts of --samples samples of --tokens tokens each, judged, with log-probabilities, three ways in turn, --rounds
times; --prompt-tokens puts random tokens, of each prompt its own, before shorter prompts:

- one call    /v1/rollouts
- two calls   /v1/completions of the same ids with n = --samples, then one /verify with advantages
- llama       llama-server's /completion of the same ids, then math-verify's parse() and verify() in as many processes as
              there are cores (PYTHON is an interpreter that can import it). It is asked for no log-probabilities, and
              samples by temperature alone. Which of its settings is best is found out first, with few prompts: so many
              slots; the samples of a prompt together (n_cmpl) or each by itself behind the cached prompt. The flags, the
              body and each setting's speed are printed.

A way's time is from its first byte sent to its last verdict. Besides, each way's processor seconds, its clients' not among
them: on a machine that does other things they say more than time does. Prints the medians of both, of the ratios of a
round, and how busy the machine was otherwise. Uses the standard library only.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import atexit
import concurrent.futures
import json
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

TICK = os.sysconf("SC_CLK_TCK")
THREADS = len(os.sched_getaffinity(0))
JUDGE = """
import json, sys
from math_verify import parse, verify
for line in sys.stdin:
    score = lambda gold, text: float(verify(parse(f"${gold}$"), parse(text)))
    print(json.dumps([score(gold, text) for gold, text in json.loads(line)]), flush=True)
"""


def arguments():
    p = argparse.ArgumentParser(description="A GRPO step, and what it is compared with.")
    p.add_argument("binary")
    p.add_argument("model")
    p.add_argument("--prompts", type=int, default=64)
    p.add_argument("--prompt-tokens", type=int, default=0, help="make prompts so long at least")
    p.add_argument("--samples", type=int, default=16)
    p.add_argument("--tokens", type=int, default=64)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--llama-server", help="its binary; without it, the two ways of our own alone")
    p.add_argument("--math-verify", default=sys.executable, help="a Python that can import math_verify")
    p.add_argument("--slots", default="16,32,64,128", help="of llama-server, to be tried")
    a = p.parse_args()
    a.model = os.path.abspath(a.model)  # llama-server runs elsewhere, where it can leave nothing
    return a


# ---- processes ----


def processor_seconds(pids):
    """Of these and of those below them, living or awaited."""
    total, parents = 0, {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat") as f:
                rest = f.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        parents[int(entry)] = int(rest[1]), sum(map(int, rest[11:15])) / TICK
    family, more = set(), set(pids)
    while more:
        family |= more
        more = {p for p, (parent, _) in parents.items() if parent in more} - family
    for p in family & set(parents):
        total += parents[p][1]
    return total


def machine_seconds():
    """What all processors have worked."""
    with open("/proc/stat") as f:
        user, nice, system, _, _, irq, soft = map(int, f.readline().split()[1:8])
    return (user + nice + system + irq + soft) / TICK


def started(command, **how):
    """A process that does not outlive this one."""
    process = subprocess.Popen(command, **how)
    atexit.register(process.kill)
    return process


def post(port, path, body):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=36000) as reply:
        return json.load(reply)


class Touchstone:
    def __init__(self, a):
        self.process = started([a.binary, "serve", "--model", a.model, "--port", "0", "--max-choices", "4096"],
                               stderr=subprocess.PIPE, text=True)
        self.port = next(m.group(1) for line in self.process.stderr if (m := re.search(r"event=listening .*port=(\d+)", line)))
        next(line for line in self.process.stderr if "event=ready" in line)
        self.pids = [self.process.pid]


class LlamaServer:
    def __init__(self, a, slots, longest):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        room = slots * (longest + a.tokens + 32)
        self.flags = ["-m", a.model, "-t", THREADS, "-tb", THREADS, "-np", slots, "-kvu", "-c", room, "-b", 2048, "-ub", 512, "--cache-ram", 0,
                      "--no-webui", "--port", self.port]
        self.process = started([a.llama_server, *map(str, self.flags)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/tmp")
        self.pids, self.slots = [self.process.pid], slots
        while True:
            try:
                post(self.port, "/tokenize", {"content": "a"})
                return
            except OSError:
                if self.process.poll() is not None:
                    raise RuntimeError(f"llama-server {self.flags} ends with {self.process.returncode}")
                time.sleep(0.2)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class MathVerify:
    """As many processes as there are cores, begun before anything is measured."""

    def __init__(self, a):
        self.all = [started([a.math_verify, "-c", JUDGE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(THREADS)]
        self.pids = [p.pid for p in self.all]
        self.score([("1", "\\boxed{1}")] * THREADS)

    def score(self, pairs):
        parts = [pairs[i::THREADS] for i in range(THREADS)]
        for p, part in zip(self.all, parts):
            p.stdin.write(json.dumps(part) + "\n")
            p.stdin.flush()
        return [json.loads(p.stdout.readline()) for p in self.all]

    def stop(self):
        for p in self.all:
            p.stdin.close()
            p.wait()


# ---- the ways; each answers how many tokens it has made ----

REWARDS = [{"name": "accuracy"}, {"name": "format", "weight": 0.5}]


def one_call(a, server, prompts, seed):
    reply = post(server.port, "/v1/rollouts", {"prompts": [{"token_ids": ids, "answer": answer} for ids, answer in prompts], "n": a.samples,
                                               "seed": seed, "sampling": {"temperature": 1, "max_tokens": a.tokens, "ignore_eos": True},
                                               "rewards": REWARDS})
    return reply["totals"]["completion_tokens"]


def two_calls(a, server, prompts, seed):
    reply = post(server.port, "/v1/completions", {"prompt": [ids for ids, _ in prompts], "n": a.samples, "seed": seed, "logprobs": 0,
                                                  "return_token_ids": True, "temperature": 1, "max_tokens": a.tokens, "ignore_eos": True})
    items = [{"completion": c["text"], "answer": prompts[i // a.samples][1], "group": str(i // a.samples)} for i, c in enumerate(reply["choices"])]
    post(server.port, "/verify", {"items": items, "rewards": REWARDS, "advantage": "grpo"})
    return reply["usage"]["completion_tokens"]


def llama_body(a, ids, n, seed):
    return {"prompt": ids, "n_predict": a.tokens, "ignore_eos": True, "seed": seed, "temperature": 1, "samplers": ["temperature"],
            "cache_prompt": True, "n_cmpl": n, "response_fields": ["content", "tokens_predicted"]}


def llama(a, server, judge, together, prompts, seed):
    """Requests of as many samples as go together, as many at once as there are slots for."""
    n = a.samples if together else 1
    asked = [(ids, answer, n, seed * 100003 + i * a.samples + k) for i, (ids, answer) in enumerate(prompts) for k in range(0, a.samples, n)]

    def ask(one):
        ids, answer, n, seed = one
        reply = post(server.port, "/completion", llama_body(a, ids, n, seed))
        return [(answer, r["content"], r["tokens_predicted"]) for r in (reply if isinstance(reply, list) else [reply])]

    with concurrent.futures.ThreadPoolExecutor(max(1, server.slots // n)) as pool:
        done = [one for reply in pool.map(ask, asked) for one in reply]
    judge.score([(answer, text) for answer, text, _ in done])
    return sum(tokens for *_, tokens in done)


# ---- measuring ----


class Way:
    def __init__(self, name, pids, run):
        self.name, self.pids, self.run, self.speed, self.worth = name, pids, run, [], []

    def measure(self, seed):
        """Tokens a second, and a processor second."""
        used, began = processor_seconds(self.pids), time.monotonic()
        tokens = self.run(seed)
        return tokens / (time.monotonic() - began), tokens / max(processor_seconds(self.pids) - used, 1 / TICK)


def best_llama(a, prompts, judge):
    """The server that is fastest with few prompts, and whether samples go together."""
    few, found = prompts[:4], []
    longest = max(len(ids) for ids, _ in prompts)
    for slots in map(int, a.slots.split(",")):
        server = LlamaServer(a, slots, longest)
        for together in (True, False):
            if together and slots < a.samples:
                continue
            way = Way("", server.pids + judge.pids, lambda seed: llama(a, server, judge, together, few, seed))
            speed, worth = way.measure(1)
            found.append((worth, slots, together))
            print(f"llama-server, {slots} slots, samples {'together' if together else 'apart'}: {speed:.0f} tokens/s, {worth:.0f} a processor second", flush=True)
        server.stop()
    _, slots, together = max(found)
    server = LlamaServer(a, slots, longest)
    print("llama-server", *server.flags)
    print("body", json.dumps(llama_body(a, ["..."], a.samples if together else 1, 1)), flush=True)
    return server, together


def compare(name, ours, theirs, rounds):
    ratios = [x / y for x, y in zip(ours.speed, theirs.speed)]
    worths = [x / y for x, y in zip(ours.worth, theirs.worth)]
    print(f"{name}: {statistics.median(ratios):.3f} by time ({min(ratios):.3f} to {max(ratios):.3f}), "
          f"{statistics.median(worths):.3f} by processor seconds ({min(worths):.3f} to {max(worths):.3f}), {rounds} rounds")


def cpu_name():
    with open("/proc/cpuinfo") as f:
        return next((line.split(":")[1].strip() for line in f if line.startswith("model name")), "")


def lengthened(ids, i, most):
    """Prompt i with tokens before it that no other prompt has, the words of most vocabularies."""
    words = random.Random(i)
    return [words.randrange(1000, 20000) for _ in range(most - len(ids))] + ids


def main():
    a = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    own, ways, stops = Touchstone(a), [], []
    questions = [(f"What is {17 * i + 23} + {31 * i + 8}?", str(48 * i + 31)) for i in range(a.prompts)]
    prompts = [(post(own.port, "/tokenize", {"messages": [{"role": "user", "content": q}]})["tokens"], answer) for q, answer in questions]
    prompts = [(lengthened(ids, i, a.prompt_tokens), answer) for i, (ids, answer) in enumerate(prompts)]
    print(f"{cpu_name()}, {THREADS} threads; {a.prompts} prompts of {statistics.mean(len(ids) for ids, _ in prompts):.0f} tokens, "
          f"{a.samples} samples of {a.tokens} tokens", flush=True)
    ways.append(Way("one call", own.pids, lambda seed: one_call(a, own, prompts, seed)))
    ways.append(Way("two calls", own.pids, lambda seed: two_calls(a, own, prompts, seed)))
    if a.llama_server:
        judge = MathVerify(a)
        server, together = best_llama(a, prompts, judge)
        ways.append(Way("llama-server and math-verify", server.pids + judge.pids, lambda seed: llama(a, server, judge, together, prompts, seed)))
        stops += [judge, server]
    for way in ways[:2]:
        way.run(0)  # warms up
    began, used, mine = time.monotonic(), machine_seconds(), processor_seconds([os.getpid()])
    for r in range(1, a.rounds + 1):
        for way in ways if r % 2 else ways[::-1]:
            speed, worth = way.measure(r)
            way.speed.append(speed)
            way.worth.append(worth)
            print(f"round {r}, {way.name}: {speed:.0f} tokens/s, {worth:.0f} a processor second", flush=True)
    others = (machine_seconds() - used) - (processor_seconds([os.getpid()]) - mine)
    for stop in stops:
        stop.stop()
    own.process.terminate()
    for way in ways:
        print(f"{way.name}: {statistics.median(way.speed):.0f} tokens/s, {statistics.median(way.worth):.0f} a processor second")
    compare("one call to two calls", ways[0], ways[1], a.rounds)
    if a.llama_server:
        compare("one call to llama-server and math-verify", ways[0], ways[2], a.rounds)
    print(f"others used {max(0.0, others / (time.monotonic() - began)):.2f} of {THREADS} processors meanwhile")


if __name__ == "__main__":
    main()
