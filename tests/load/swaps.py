"""tests/load/swaps.py - new weights again and again under constant load: what it costs, and that nothing is lost.

    python tests/load/swaps.py MODEL.gguf                 200 swaps beside 32 streams, policy finish
    python tests/load/swaps.py MODEL.gguf --swaps 20 --policy switch

Starts a server of its own and serves streams without a pause: first for some seconds as they are, then while the weights
change between the model's and a copy of it with other numbers. Prints tokens a second and the gaps between two pieces of
a stream, both ways, resident memory as it goes, and how long swaps took. Every stream must come to its end; under `finish` each must name
one version, and the memory after the last swap must be within 2 % of that after the twentieth. Exit status 1 otherwise.
Figures mean something on an idle machine only.

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


class Load:
    """Streams, one after the other in each thread, until stop()."""

    def __init__(self, port, streams, tokens):
        self.port, self.tokens, self.going = port, tokens, True
        self.gaps, self.pieces, self.ended, self.odd = [], 0, 0, []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(i,), daemon=True) for i in range(streams)]
        for t in self.threads:
            t.start()

    def run(self, number):
        seed = number * 1000
        while self.going:
            seed += 1
            try:
                self.stream(seed)
            except Exception as e:  # a stream that is lost is what this looks for
                self.odd.append(repr(e))

    def stream(self, seed):
        body = {"prompt": [1 + (seed * 7 + j * 13) % 900 for j in range(24)], "max_tokens": self.tokens, "seed": seed, "stream": True,
                "ignore_eos": True, "temperature": 0.8}
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        c.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
        reply, last, end = c.getresponse(), None, {}
        for line in reply:
            if not line.startswith(b"data: {"):
                continue
            now = time.monotonic()
            with self.lock:
                self.pieces += 1
                if last is not None:
                    self.gaps.append(now - last)
            last, end = now, line
        end = json.loads(end[6:]) if end else {}
        c.close()
        reason = end.get("choices", [{}])[0].get("finish_reason")
        with self.lock:
            self.ended += 1
            if reply.status != 200 or reason not in ("length", "abort"):
                self.odd.append(f"{reply.status} {reason}")
            elif "weight_version" not in end:
                self.odd.append("several versions") if "weight_versions" in end else self.odd.append("no version")

    def measure(self):
        with self.lock:
            gaps, pieces = self.gaps, self.pieces
            self.gaps, self.pieces = [], 0
        gaps.sort()
        return pieces, gaps

    def stop(self):
        self.going = False
        for t in self.threads:
            t.join()


def row(name, pieces, gaps, seconds):
    at = lambda share: gaps[min(len(gaps) - 1, int(len(gaps) * share))] * 1e3 if gaps else 0
    print(f"{name:16} {pieces / seconds:8.0f} pieces/s   gaps: p50 {at(.5):6.1f} ms, p99 {at(.99):6.1f} ms, longest {at(1):7.1f} ms", flush=True)


def main():
    o = arguments()
    with tempfile.TemporaryDirectory() as folder:
        models = [o.model, other_numbers(o.model, pathlib.Path(folder) / "other.gguf")]
        server = subprocess.Popen([BIN, "serve", "--model", o.model, "--port", "0"], stderr=subprocess.PIPE, text=True)
        port = 0
        for line in server.stderr:
            found = re.search(r"event=listening .*port=(\d+)", line)
            port = int(found.group(1)) if found else port
            if "event=ready" in line:
                break
        threading.Thread(target=lambda: [None for _ in server.stderr], daemon=True).start()
        resident = lambda: int(pathlib.Path(f"/proc/{server.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        load = Load(port, o.streams, o.tokens)
        time.sleep(3)
        load.measure()
        time.sleep(o.before)
        row("without swaps", *load.measure(), o.before)
        peak, after_20, took, start = resident(), None, [], time.monotonic()
        for i in range(o.swaps):
            c = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
            c.request("POST", "/v1/weights", json.dumps({"path": models[(i + 1) % 2], "policy": o.policy}), {"Content-Type": "application/json"})
            reply = c.getresponse()
            told = json.loads(reply.read())
            c.close()
            if reply.status != 200:
                load.odd.append(f"push {i}: {told}")
                continue
            took.append(told["seconds"])
            peak = max(peak, resident())
            if i == 19:
                after_20 = resident()
            if i % 10 == 9:
                print(f"swap {i + 1}: {resident() / MIB:.0f} MiB, {time.monotonic() - start:.0f} s, {load.ended} streams", flush=True)
        seconds = time.monotonic() - start
        row("with swaps", *load.measure(), seconds)
        load.stop()
        time.sleep(1)
        last = resident()
        print(f"{len(took)} swaps in {seconds:.1f} s, each {statistics.median(took):.2f} s (longest {max(took):.2f} s); {load.ended} streams, "
              f"{len(load.odd)} of them odd: {sorted(set(load.odd))[:5]}")
        print(f"resident: after swap 20 {(after_20 or 0) / MIB:.0f} MiB, at most {peak / MIB:.0f} MiB, at the end {last / MIB:.0f} MiB")
        server.terminate()
        status = server.wait()
    odd = [x for x in load.odd if not (x == "several versions" and o.policy == "switch")]
    grown = after_20 is not None and last > after_20 * 1.02
    return 1 if odd or grown or status != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
