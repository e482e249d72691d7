"""tests/load/overload.py - ten times more asked than can be done, and a polite client beside it.

    python tests/load/overload.py                    every load for 20 s, against build/release/touchstone
    python tests/load/overload.py --seconds 120 --only inference

Starts a server of its own. First the polite client is alone: an unhurried request, one after another. Then a flood of
another client comes at ten times what the server can do (measured before), while the polite client goes on. The table
says of each load: what the flood was answered, when what was taken began (of verdicts and programs: when they were
answered, less the time of their own that they take at least; the server refuses whoever has not begun in time), how
long the polite client waited alone and beside the flood, how long /health took, and what memory the server had before
and after. Who was let wait and then refused was taken too, and did not begin in time. Exit status 1 where fewer than
99 % of what was taken began within max-wait, the polite client was refused, or memory did not come back. Wants a machine
that has nothing else to do.

SPDX-License-Identifier: Apache-2.0
"""

import argparse
import asyncio
import concurrent.futures
import multiprocessing
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.request

import flood

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = os.environ.get("TESTED_BIN", str(ROOT / "build/release/touchstone"))
MAX_WAIT = 10  # seconds; the server's setting here, so that a run is long beside it
TIMES = 10  # what is asked, in what can be done
REFUSED = (429, 504)  # the second is what SandboxFusion's clients try again
AT_ONCE = 1  # seconds within which a refusal comes that nobody waited for
MIB = 1 << 20


def arguments():
    p = argparse.ArgumentParser(description="Overload a server of its own.")
    p.add_argument("--seconds", type=float, default=20, help="of each flood")
    p.add_argument("--only", default="inference,verify,code,bodies", help="which loads")
    p.add_argument("--model", default=str(ROOT / "models/touchstone-tiny.gguf"))
    return p.parse_args()


# ---- the server ----


class Server:
    def __init__(self, model):
        flags = ["--port", "0", "--max-wait", str(MAX_WAIT), "--verify-seconds", "0.5", "--log-level", "info"]
        self.process = subprocess.Popen([BIN, "serve", "--model", model, *flags], stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if found := re.search(r"event=listening .*port=(\d+)", line):
                self.port = int(found[1])
            if "event=ready" in line:
                break
        self.flooder = concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
        self.drain = asyncio.get_running_loop().run_in_executor(None, self.process.stderr.read)

    def resident(self):
        with open(f"/proc/{self.process.pid}/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def metrics(self):
        text = urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics").read().decode()
        return {k: float(v) for k, v in re.findall(r"^(\w+) (\S+)$", text, re.M)}

    async def stop(self):
        self.process.terminate()
        await self.drain
        self.flooder.shutdown()
        return self.process.wait()


async def ask(server, client, path, body=None):
    began, first, text = time.perf_counter(), None, b""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1 << 24)
    writer.write(flood.request_bytes(client, path, body))
    while block := await reader.read(1 << 16):
        text += block
        if first is None and len(text.partition(b"\r\n\r\n")[2]) > 0:
            first = time.perf_counter() - began
    writer.close()
    return flood.Reply(text, first, time.perf_counter() - began)


# ---- loads: what the flood asks, what the polite client asks ----

SLOW = {
    "completion": "a" * 48,
    "rewards": [{"name": "regex", "pattern": "^(a|a)*[bc]$"}],
}


def completion(number, tokens):
    prompt = [10 + (number * 7 + i * i) % 90 for i in range(24)]
    return "/v1/completions", {"prompt": prompt, "max_tokens": tokens, "ignore_eos": True, "stream": True, "seed": number}


def slow_items(number):
    return "/verify", {"items": [SLOW]}


def algebra(number):
    n = number % 50 + 2
    item = {"completion": f"\\boxed{{\\sqrt{{{n + 1}+2\\sqrt{{{n}}}}}}}", "answer": f"1+\\sqrt{{{n}}}"}
    return "/verify", {"items": [item], "rewards": [{"name": "accuracy"}]}


def program(source, seconds):
    return "/run_code", {"code": source, "language": "python", "run_timeout": seconds}


def flood_of_text(number):
    return completion(number, 200)


def polite_text(number):
    return completion(number, 16)


def endless_program(number):
    return program("while True: pass", 2)


def short_program(number):
    return program("print(6 * 7)", 2)


LOADS = {  # flood, polite, requests at once that find out what can be done, seconds that one of the flood takes at least
    "inference": (flood_of_text, polite_text, 64, 0),
    "verify": (slow_items, algebra, 8, 0.5),
    "code": (endless_program, short_program, 8, 2),
}


def elsewhere(server, what, *arguments):
    """In the process that makes floods."""
    return asyncio.get_running_loop().run_in_executor(server.flooder, what, server.port, *arguments)


async def capacity(server, make, at_once, seconds=5):
    """Requests a second that are answered when so many are always waiting."""
    replies, took = await elsewhere(server, flood.always, make, at_once, seconds)
    return max(sum(r.status == 200 for r in replies), 1) / took


async def polite_client(server, polite, replies, stop):
    i = 0
    while not stop.is_set():
        replies.append(await ask(server, "polite", *polite(i)))
        i += 1
        await asyncio.sleep(0.5)


async def health(server, replies, stop):
    while not stop.is_set():
        replies.append(await ask(server, "health", "/health"))
        await asyncio.sleep(0.2)


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))] if values else float("nan")


def ms(values, q):
    return f"{quantile(values, q) * 1e3:.0f}"


async def overload(server, name, seconds):
    make, polite, at_once, own = LOADS[name]
    rate = TIMES * await capacity(server, make, at_once)
    alone, beside, checks = [], [], []
    stop = asyncio.Event()
    task = asyncio.create_task(polite_client(server, polite, alone, stop))
    await asyncio.sleep(min(seconds, 8))
    stop.set()
    await task
    stop = asyncio.Event()
    memory = server.resident()
    others = [
        asyncio.create_task(polite_client(server, polite, beside, stop)),
        asyncio.create_task(health(server, checks, stop)),
    ]
    replies = await elsewhere(server, flood.at_rate, make, rate, seconds)
    stop.set()
    await asyncio.gather(*others)
    return judge(server, name, rate, replies, own, alone, beside, checks, memory)


def judge(server, name, rate, replies, own, alone, beside, checks, memory):
    broken = [r for r in replies if r.status not in (200, *REFUSED)]
    for what in sorted({f"{r.status} {r.body[:200]}" for r in broken})[:3]:
        print(f"broken: {what}", file=sys.stderr)
    taken = [r for r in replies if r.status == 200]
    refused = [r for r in replies if r.status in REFUSED]
    begins = [r.first if name == "inference" else r.whole - own for r in taken]
    in_vain = sum(r.whole > AT_ONCE for r in refused)
    late = in_vain + (sum(b > MAX_WAIT for b in begins) if own == 0 else 0)
    of_polite = [r.whole for r in beside]
    bad = sum(r.status != 200 for r in beside)
    retry = sorted({r.headers.get("retry-after", "none") for r in refused}, key=lambda s: (len(s), s))
    print(
        f"| {name} | {rate:.0f}/s | {len(taken)} / {len(refused)} / {len(broken)} "
        f"| {ms(begins, .5)} / {ms(begins, .99)} | {100 * (1 - late / max(len(taken) + in_vain, 1)):.1f} % "
        f"| {ms([r.whole for r in refused], .5)} / {ms([r.whole for r in refused], .99)} "
        f"| {retry[0] if retry else '-'}..{retry[-1] if retry else '-'} "
        f"| {ms([r.whole for r in alone], .5)} / {ms([r.whole for r in alone], .99)} "
        f"| {ms(of_polite, .5)} / {ms(of_polite, .99)} ({bad} of {len(beside)} refused) "
        f"| {ms([r.whole for r in checks], .99)} | {memory // MIB} -> {server.resident() // MIB} |",
        flush=True,
    )
    in_time = late <= 0.01 * (len(taken) + in_vain)
    return in_time and bad == 0 and not broken


async def bodies(server):
    """Fifteen bodies of 10 MB that are refused: memory comes back to where it was."""
    body = b'{"zz":[' + b"1," * (5 * MIB) + b"1]}"
    before = server.resident()
    for _ in range(15):
        await ask(server, "bodies", "/v1/completions", body)
    await asyncio.sleep(1)
    after = server.resident()
    print(f"\n15 bodies of 10 MB: {before // MIB} -> {after // MIB} MiB", flush=True)
    return after - before < 64 * MIB


async def main():
    a = arguments()
    ok = True
    print("| load | asked | taken / refused / broken | began, p50 / p99 ms | of these within max-wait | refused in, p50 / p99 ms "
          "| Retry-After s | polite alone, p50 / p99 ms | polite beside it | /health p99 ms | MiB |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for name in a.only.split(","):
        server = Server(a.model)
        ok &= await (bodies(server) if name == "bodies" else overload(server, name, a.seconds))
        if name == "inference":
            m = server.metrics()
            n = max(m["touchstone_wait_seconds_count"], 1)
            print(f"\nexpected {m['touchstone_wait_expected_seconds_sum'] / n:.2f} s, waited "
                  f"{m['touchstone_wait_seconds_sum'] / n:.2f} s, wrong by {m['touchstone_wait_error_seconds_sum'] / n:.2f} s "
                  f"on average of {n:.0f}\n", flush=True)
        await server.stop()
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
