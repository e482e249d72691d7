"""tests/load/swaps.py - new weights again and again under constant load: what it costs, and that nothing is lost.

    python tests/load/swaps.py MODEL.gguf                 200 swaps beside 32 streams, policy finish
    python tests/load/swaps.py MODEL.gguf --swaps 20 --policy switch

Starts a server of its own, with a small KV cache that is full before anything is measured, and serves streams without a pause.
Some swaps between the model's weights and a copy with other numbers, then as long without any, in turn: so both are of the same
machine, whatever else runs there. A push begins when the old version of the last one has left. Exit status 1 where one of these does not hold:

- every push is taken, and every stream comes to its end with all its tokens and, under `finish`, names one version;
- under `finish` streams of the whole run, asked for again alone under the weights that they named, have the same text: none is mixed;
- the memory that is the server's own (all but files' pages), when the old version has left after the last swap, is within 2 % of that after the
  twentieth; and never is it above that before the swaps by more than one version and 2 %;
- under `finish` no gap between two tokens of a stream is over twice the 99th percentile without swaps and one step (the median gap there);
  where the machine has longer gaps without swaps, over the longest of these and a quarter;
- while weights are being staged the streams have at least 70 % of their tokens a second without swaps, but for `switch`, where they are
  then still at what the last swap made them compute anew.

The streams ask for token ids, so that every token is a piece of its own, also one whose bytes are not yet a character; and they are of
different lengths, so that their prompts come at all times and not in one crowd after each swap.

With `switch` it tells how many tokens were computed anew, and how long the streams stood still for that: the gaps across a swap.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import concurrent.futures
import http.client
import json
import multiprocessing
import os
import pathlib
import random
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = os.environ.get("TESTED_BIN", str(ROOT / "build/release/touchstone"))
MIB = 1 << 20


def arguments():
    p = argparse.ArgumentParser(description="Swaps of weights under load.")
    p.add_argument("model")
    p.add_argument("--swaps", type=int, default=200)
    p.add_argument("--in-turn", type=int, default=10, help="swaps, before as long without")
    p.add_argument("--streams", type=int, default=32)
    p.add_argument("--tokens", type=int, default=96, help="of a stream, in the mean: from half as many to half as many more")
    p.add_argument("--policy", default="finish", choices=["finish", "switch", "abort"])
    p.add_argument("--kv-memory", default="96M", help="of the server")
    p.add_argument("--asked-again", type=int, default=32, help="streams of each of the two weights")
    return p.parse_args()


def other_numbers(model, to):
    """A copy in whose second half every second byte has other low bits."""
    raw = bytearray(pathlib.Path(model).read_bytes())
    half = len(raw) // 64 * 32
    noise = random.Random(1).randbytes((len(raw) - half) // 2)
    for i, x in enumerate(noise):
        raw[half + 2 * i] ^= x & 1
    to.write_bytes(raw)
    return str(to)


class Memory:
    """The server's own memory, looked at all the time: files' pages are the machine's to take back."""

    def __init__(self, pid):
        self.file, self.peak = pathlib.Path(f"/proc/{pid}/status"), 0
        threading.Thread(target=self.watch, daemon=True).start()

    def __call__(self):
        kib = re.findall(r"^Rss(?:Anon|Shmem):\s+(\d+) kB", self.file.read_text(), re.M)
        return 1024 * sum(map(int, kib)) if kib else 0

    def watch(self):
        while True:
            try:
                self.peak = max(self.peak, self())
            except OSError:  # it has ended
                return
            time.sleep(0.01)


class Stream:
    """One completion, as its pieces come."""

    def __init__(self, port, body):
        text = json.dumps(body).encode()
        head = f"POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n"
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=300)
        self.socket.sendall(head.encode() + text)
        self.body, self.kept, self.lines = body, b"", []

    def read(self):
        """How many pieces are there now; None at the end."""
        more = self.socket.recv(1 << 16)
        if not more:
            self.socket.close()
            return None
        *lines, self.kept = (self.kept + more).split(b"\n")
        lines = [line for line in lines if line.startswith(b"data: {")]
        self.lines += lines
        return len(lines)


def what_came(lines, tokens):
    """A stream's text, its version or None, and what is wrong with it or None."""
    events = [json.loads(line[6:]) for line in lines]
    choices = [c for e in events for c in e.get("choices", [])]
    end = events[-1] if events else {}
    reason = choices[-1].get("finish_reason") if choices else "nothing"
    n = end.get("usage", {}).get("completion_tokens")
    wrong = None
    if reason not in ("length", "abort"):
        wrong = f"ended by {reason}"
    elif reason == "length" and n != tokens:
        wrong = f"{n} tokens"
    elif not any("weight_version" in e for e in events):
        wrong = "several versions" if any("weight_versions" in e for e in events) else "no version"
    version = next((e["weight_version"] for e in events if "weight_version" in e), None)
    return "".join(c.get("text", "") for c in choices), version, wrong


class Load:
    """So many streams at any time, until stop(). One thread reads them all, and a process that yields to everybody looks into
    them: the processors are the server's, and a piece that is there is not kept waiting for another stream's end."""

    def __init__(self, port, streams, tokens):
        self.port, self.tokens, self.going = port, tokens, True
        self.reader = concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), os.nice, (19,))
        self.pieces, self.ended, self.odd = [], [], []  # pieces: (when, the gap before it or None)
        self.ready = selectors.DefaultSelector()
        self.seeds = [i * 1000 for i in range(streams)]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def begin(self, number):
        seed = self.seeds[number] = self.seeds[number] + 1
        tokens = self.tokens // 2 + random.Random(seed).randrange(self.tokens + 1)
        body = {"prompt": [1 + (seed * 7 + j * 13) % 900 for j in range(24)], "max_tokens": tokens, "seed": seed, "stream": True,
                "ignore_eos": True, "temperature": 0.8, "return_token_ids": True, "stream_options": {"include_usage": True}}
        stream = Stream(self.port, body)
        self.ready.register(stream.socket, selectors.EVENT_READ, [number, stream, None])

    def run(self):
        for number in range(len(self.seeds)):
            self.begin(number)
        while self.ready.get_map():
            for key, _ in self.ready.select():
                self.read(key.data)

    def read(self, one):
        number, stream, last = one
        try:
            n = stream.read()
        except OSError as e:  # a stream that is lost is what this looks for
            n, stream.lines = None, []
            self.odd.append(repr(e))
        if n:
            now = time.monotonic()
            self.pieces.append((now, None if last is None else now - last))
            self.pieces += [(now, 0)] * (n - 1)
            one[2] = now
        if n is not None:
            return
        self.ready.unregister(stream.socket)
        if self.going:
            self.begin(number)
        self.ended.append((stream.body, self.reader.submit(what_came, stream.lines, stream.body["max_tokens"])))

    def stop(self):
        """ended is then [(body, version, text)]."""
        self.going = False
        self.thread.join()
        told = [(body, *came.result()) for body, came in self.ended]
        self.reader.shutdown()
        self.odd += [wrong for _, _, _, wrong in told if wrong]
        self.ended = [(body, version, text) for body, text, version, _ in told]


class Spans:
    """Stretches of time, and what came in them."""

    def __init__(self, name):
        self.name, self.times = name, []

    def over(self, start):
        self.times.append((start, time.monotonic()))

    def seconds(self):
        return sum(b - a for a, b in self.times)

    def measure(self, pieces):
        """Pieces a second and the sorted gaps; printed."""
        inside = [gap for when, gap in pieces if any(a <= when < b for a, b in self.times)]
        gaps = sorted(gap for gap in inside if gap is not None)
        rate = len(inside) / max(self.seconds(), 1e-9)
        print(f"{self.name:16} {self.seconds():6.0f} s {rate:7.0f} tokens/s   gaps: p50 {at(gaps, .5) * 1e3:6.1f} ms, "
              f"p99 {at(gaps, .99) * 1e3:6.1f} ms, longest {at(gaps, 1) * 1e3:7.1f} ms", flush=True)
        return rate, gaps


def at(gaps, share):
    return gaps[min(len(gaps) - 1, int(len(gaps) * share))] if gaps else 0


def begin(o):
    """A server, its port, and the bytes of a version."""
    server = subprocess.Popen([BIN, "serve", "--model", o.model, "--port", "0", "--kv-memory", o.kv_memory], stderr=subprocess.PIPE, text=True)
    port = version = 0
    for line in server.stderr:
        found = re.search(r"event=listening .*port=(\d+)", line)
        port = int(found.group(1)) if found else port
        found = re.search(r"event=ready .*weight_bytes=(\d+)", line)
        if found:
            version = int(found.group(1))
            break
    threading.Thread(target=lambda: [None for _ in server.stderr], daemon=True).start()
    return server, port, version


def ask(port, method, path, body=None):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    c.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"} if body else {})
    reply = c.getresponse()
    told = json.loads(reply.read())
    c.close()
    return reply.status, told


def recomputed(port):
    """Tokens so far."""
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    c.request("GET", "/metrics")
    found = re.search(rb"^touchstone_recomputed_tokens_total (\S+)", c.getresponse().read(), re.M)
    c.close()
    return int(float(found.group(1)))


def alone(port):
    """The old version has left."""
    while ask(port, "GET", "/v1/weights")[1]["resident"] > 1:
        time.sleep(0.02)


class Swaps:
    def __init__(self, o, port, models, load, memory):
        self.o, self.port, self.models, self.load, self.memory = o, port, models, load, memory
        self.quiet, self.all, self.staging = Spans("without swaps"), Spans("with swaps"), Spans("staging")
        self.took, self.after, self.replied = [], {}, []

    def swap(self, i):
        start = time.monotonic()
        status, told = ask(self.port, "POST", "/v1/weights", {"path": self.models[(i + 1) % 2], "policy": self.o.policy})
        self.staging.over(start)
        self.replied.append(time.monotonic())
        if status != 200:
            self.load.odd.append(f"push {i}: {told}")
            return
        self.took.append(told["seconds"])
        alone(self.port)
        self.after[i + 1] = self.memory()

    def run(self):
        for first in range(0, self.o.swaps, self.o.in_turn):
            start = time.monotonic()
            for i in range(first, min(self.o.swaps, first + self.o.in_turn)):
                self.swap(i)
            self.all.over(start)
            print(f"swap {max(self.after, default=0)}: {self.memory() / MIB:.1f} MiB, {len(self.load.ended)} streams, "
                  f"{time.monotonic() - start:.1f} s", flush=True)
            now = time.monotonic()
            time.sleep(now - start)
            self.quiet.over(now)


def tell_switches(swaps, tokens):
    across = sorted(gap for when, gap in swaps.load.pieces if gap and any(when - gap < t <= when for t in swaps.replied))
    print(f"computed anew: {tokens} tokens, {tokens / max(1, len(swaps.took)):.0f} a swap; gaps across a swap: p50 {at(across, .5) * 1e3:.0f} ms, "
          f"longest {at(across, 1) * 1e3:.0f} ms")


def again(o, port, models, ended):
    """Some streams, asked for again alone: how many have another text under the weights that they named, and how many the same under
    the others, which should be few."""
    differ = alike = asked = 0
    for number in range(2):  # where 0 was served, or an even push, it was models[0]
        ask(port, "POST", "/v1/weights", {"path": models[number]})
        for of in range(2):
            of_it = [e for e in ended if e[1] is not None and int(e[1]) % 2 == of]
            for body, _, text in of_it[::len(of_it) // o.asked_again + 1]:
                _, told = ask(port, "POST", "/v1/completions", body | {"stream": False, "stream_options": None})
                same = told["choices"][0]["text"] == text
                differ += of == number and not same
                alike += of != number and same
                asked += of == number
    print(f"{asked} streams asked for again: {differ} differ; {alike} are the same under the other weights")
    return differ, alike / max(1, asked)


def judge(o, swaps, before, version, peak):
    """What does not hold, in words; prints the figures."""
    rate, gaps = swaps.quiet.measure(swaps.load.pieces)
    _, with_swaps = swaps.all.measure(swaps.load.pieces)
    staging, _ = swaps.staging.measure(swaps.load.pieces)
    longest = 2 * at(gaps, .99) + at(gaps, .5)
    most = max(longest, 1.25 * at(gaps, 1))
    after_20, last = swaps.after.get(20), swaps.after.get(o.swaps, 0)
    print(f"{len(swaps.took)} swaps, each {statistics.median(swaps.took or [0]):.2f} s (longest {max(swaps.took, default=0):.2f} s)")
    print(f"staging: {staging / rate:.0%} of the tokens a second; gaps over {longest * 1e3:.0f} ms: "
          f"{sum(g > longest for g in gaps)} of {len(gaps)} without swaps, {sum(g > longest for g in with_swaps)} of {len(with_swaps)} with; "
          f"allowed here: {most * 1e3:.0f} ms")
    print(f"memory: a version {version / MIB:.1f} MiB; before {before / MIB:.1f} MiB, after swap 20 {(after_20 or 0) / MIB:.1f} MiB, "
          f"after the last {last / MIB:.1f} MiB, at most {peak / MIB:.1f} MiB")
    odd = [x for x in swaps.load.odd if not (x == "several versions" and o.policy == "switch")]
    finish = o.policy == "finish"
    return [word for holds, word in [
        (not odd, f"{len(odd)} odd: {sorted(set(odd))[:5]}"),
        (after_20 is None or abs(last - after_20) <= 0.02 * after_20, "the memory after the last swap is not that after the twentieth"),
        (peak <= 1.02 * (before + version), "the memory passes one more version"),
        (not finish or at(with_swaps, 1) <= most, "a gap is too long"),
        (o.policy == "switch" or staging >= 0.7 * rate, "staging takes more than 30 % of the tokens a second"),
    ] if not holds]


def main():
    o = arguments()
    with tempfile.TemporaryDirectory() as folder:
        models = [o.model, other_numbers(o.model, pathlib.Path(folder) / "other.gguf")]
        server, port, version = begin(o)
        memory = Memory(server.pid)
        load = Load(port, o.streams, o.tokens)
        while len(load.ended) < 3 * o.streams:  # the KV cache is full
            time.sleep(0.1)
        before = memory.peak = memory()
        swaps = Swaps(o, port, models, load, memory)
        swaps.run()
        peak = memory.peak
        load.stop()
        wrong = judge(o, swaps, before, version, peak)
        if o.policy == "switch":
            tell_switches(swaps, recomputed(port))
        if o.policy == "finish":
            differ, alike = again(o, port, models, load.ended)
            wrong += [f"{differ} streams are mixed"] if differ else ["the two weights say the same"] if alike > 0.5 else []
        server.terminate()
        wrong += ["the server did not end as it should"] if server.wait() != 0 else []
    print(f"{len(load.ended)} streams. " + ("; ".join(wrong) if wrong else "All holds."))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
