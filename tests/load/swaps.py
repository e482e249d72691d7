"""tests/load/swaps.py - new weights again and again under constant load: what it costs, and that nothing is lost.

    python tests/load/swaps.py MODEL.gguf                 200 swaps beside 32 streams, policy finish
    python tests/load/swaps.py MODEL.gguf --swaps 20 --policy switch

Starts a server of its own and serves streams without a pause: first for some seconds as they are, then while the weights
change between the model's and a copy of it with other numbers. Prints tokens a second and the gaps between two pieces of
a stream, both ways, resident memory as it goes, and how long swaps took. Every stream must come to its end; under `finish` each must name
one version; the memory after the last swap must be within 2 % of that after the twentieth, and never above that of before
the swaps by more than one version. Exit status 1 otherwise. The KV cache is small, so that it is full long before that.

Figures mean something on an idle machine only: there no gap should be longer than twice the 99th percentile without swaps and a
step, and the streams should keep 70 % of their tokens a second.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import http.client
import json
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
    p.add_argument("--streams", type=int, default=32)
    p.add_argument("--tokens", type=int, default=96)
    p.add_argument("--policy", default="finish", choices=["finish", "switch", "abort"])
    p.add_argument("--kv-memory", default="96M", help="of the server")
    p.add_argument("--before", type=float, default=15, help="seconds without swaps, to compare with")
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


class Resident:
    """The server's memory, looked at all the time."""

    def __init__(self, pid):
        self.file, self.peak = pathlib.Path(f"/proc/{pid}/statm"), 0
        threading.Thread(target=self.watch, daemon=True).start()

    def __call__(self):
        return int(self.file.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def watch(self):
        while True:
            try:
                self.peak = max(self.peak, self())
            except (OSError, IndexError):  # it has ended
                return
            time.sleep(0.02)


class Stream:
    """One completion, as its pieces come."""

    def __init__(self, port, body):
        text = json.dumps(body).encode()
        head = f"POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n"
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=300)
        self.socket.sendall(head.encode() + text)
        self.kept, self.last, self.end = b"", None, b""

    def read(self):
        """The gaps before the pieces that are there now; None at the end."""
        more = self.socket.recv(1 << 16)
        if not more:
            self.socket.close()
            return None
        now, gaps = time.monotonic(), []
        *lines, self.kept = (self.kept + more).split(b"\n")
        for line in lines:
            if line.startswith(b"data: {"):
                gaps.append(None if self.last is None else now - self.last)
                self.last, self.end = now, line
        return gaps

    def wrong(self):
        """What is wrong with it, now that it has ended; None: nothing."""
        end = json.loads(self.end[6:]) if self.end else {}
        reason = end.get("choices", [{}])[0].get("finish_reason")
        if reason not in ("length", "abort"):
            return f"ended by {reason}"
        if "weight_version" not in end:
            return "several versions" if "weight_versions" in end else "no version"
        return None


class Load:
    """So many streams at any time, until stop(). One thread reads them all: the processor is the server's."""

    def __init__(self, port, streams, tokens):
        self.port, self.tokens, self.going = port, tokens, True
        self.gaps, self.pieces, self.ended, self.odd = [], 0, 0, []
        self.lock = threading.Lock()
        self.ready = selectors.DefaultSelector()
        self.seeds = [i * 1000 for i in range(streams)]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def begin(self, number):
        seed = self.seeds[number] = self.seeds[number] + 1
        body = {"prompt": [1 + (seed * 7 + j * 13) % 900 for j in range(24)], "max_tokens": self.tokens, "seed": seed, "stream": True,
                "ignore_eos": True, "temperature": 0.8}
        stream = Stream(self.port, body)
        self.ready.register(stream.socket, selectors.EVENT_READ, (number, stream))

    def run(self):
        for number in range(len(self.seeds)):
            self.begin(number)
        while self.ready.get_map():
            for key, _ in self.ready.select():
                self.read(*key.data)

    def read(self, number, stream):
        try:
            gaps = stream.read()
        except OSError as e:  # a stream that is lost is what this looks for
            gaps, stream.end = None, b""
            self.odd.append(repr(e))
        if gaps is not None:
            with self.lock:
                self.pieces += len(gaps)
                self.gaps += [gap for gap in gaps if gap is not None]
            return
        self.ready.unregister(stream.socket)
        self.ended += 1
        self.odd += [stream.wrong()] if stream.wrong() else []
        if self.going:
            self.begin(number)

    def measure(self):
        with self.lock:
            gaps, pieces = self.gaps, self.pieces
            self.gaps, self.pieces = [], 0
        gaps.sort()
        return pieces, gaps

    def stop(self):
        self.going = False
        self.thread.join()


def row(name, pieces, gaps, seconds):
    at = lambda share: gaps[min(len(gaps) - 1, int(len(gaps) * share))] * 1e3 if gaps else 0
    print(f"{name:16} {pieces / seconds:8.0f} pieces/s   gaps: p50 {at(.5):6.1f} ms, p99 {at(.99):6.1f} ms, longest {at(1):7.1f} ms", flush=True)


def begin(o):
    """A server and its port."""
    server = subprocess.Popen([BIN, "serve", "--model", o.model, "--port", "0", "--kv-memory", o.kv_memory], stderr=subprocess.PIPE, text=True)
    port = 0
    for line in server.stderr:
        found = re.search(r"event=listening .*port=(\d+)", line)
        port = int(found.group(1)) if found else port
        if "event=ready" in line:
            break
    threading.Thread(target=lambda: [None for _ in server.stderr], daemon=True).start()
    return server, port


def push(port, path, policy):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    c.request("POST", "/v1/weights", json.dumps({"path": path, "policy": policy}), {"Content-Type": "application/json"})
    reply = c.getresponse()
    told = json.loads(reply.read())
    c.close()
    return reply.status, told


def swap_all(o, port, models, load, resident):
    """How long each took, and the memory after the twentieth."""
    after_20, took, start = None, [], time.monotonic()
    for i in range(o.swaps):
        status, told = push(port, models[(i + 1) % 2], o.policy)
        if status != 200:
            load.odd.append(f"push {i}: {told}")
            continue
        took.append(told["seconds"])
        if i == 19:
            after_20 = resident()
        if i % 10 == 9:
            print(f"swap {i + 1}: {resident() / MIB:.0f} MiB, {time.monotonic() - start:.0f} s, {load.ended} streams", flush=True)
    return took, after_20


def main():
    o = arguments()
    with tempfile.TemporaryDirectory() as folder:
        models = [o.model, other_numbers(o.model, pathlib.Path(folder) / "other.gguf")]
        server, port = begin(o)
        resident = Resident(server.pid)
        load = Load(port, o.streams, o.tokens)
        while load.ended < 2 * o.streams:  # the KV cache is full
            time.sleep(0.1)
        load.measure()
        time.sleep(o.before)
        row("without swaps", *load.measure(), o.before)
        before = resident.peak = resident()
        start = time.monotonic()
        took, after_20 = swap_all(o, port, models, load, resident)
        row("with swaps", *load.measure(), time.monotonic() - start)
        load.stop()
        time.sleep(1)
        last, peak, after_20 = resident(), resident.peak, after_20 or 0
        print(f"{len(took)} swaps, each {statistics.median(took):.2f} s (longest {max(took):.2f} s); {load.ended} streams, "
              f"{len(load.odd)} of them odd: {sorted(set(load.odd))[:5]}")
        print(f"resident: before {before / MIB:.0f} MiB, after swap 20 {after_20 / MIB:.0f} MiB, at most {peak / MIB:.0f} MiB, at the end {last / MIB:.0f} MiB")
        server.terminate()
        status = server.wait()
    odd = [x for x in load.odd if not (x == "several versions" and o.policy == "switch")]
    grown = after_20 > 0 and last > after_20 * 1.02
    return 1 if odd or grown or status != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
