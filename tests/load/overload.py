"""tests/load/overload.py - ten times more asked than can be done, and a polite client beside it.

    python tests/load/overload.py                    every load for 20 s, against build/release/touchstone
    python tests/load/overload.py --seconds 120 --only inference

Starts a server of its own. First the polite client is alone: an unhurried request, one after another. Then a flood of
another client comes at ten times what the server can do (measured before), while the polite client goes on. The table
says of each load: what the flood was answered, when what was taken began (of verdicts and programs: when they were
answered, their own time included), how long the polite client waited alone and beside the flood, how long /health took,
and what memory the server had before and after. Exit status 1 where fewer than 99 % of what was taken began within
max-wait, the polite client was refused, or memory did not come back. Wants a machine that has nothing else to do.

SPDX-License-Identifier: Apache-2.0
"""

import argparse
import asyncio
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = os.environ.get("TESTED_BIN", str(ROOT / "build/release/touchstone"))
MAX_WAIT = 10  # seconds; the server's setting here, so that a run is long beside it
TIMES = 10  # what is asked, in what can be done
REFUSED = (429, 504)  # the second is what SandboxFusion's clients try again
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
        return self.process.wait()


class Reply:
    """status, seconds to the first byte of the body that says something, seconds to the end."""

    def __init__(self, status, first, whole, headers, body):
        self.status, self.first, self.whole, self.headers, self.body = status, first, whole, headers, body


async def ask(server, client, path, body=None):
    began = time.perf_counter()
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    method = "GET" if body is None else "POST"
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1 << 24)
    writer.write(
        f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {client}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data
    )
    first, text = None, b""
    while block := await reader.read(1 << 16):
        text += block
        if first is None and len(text.partition(b"\r\n\r\n")[2]) > 0:
            first = time.perf_counter() - began
    writer.close()
    head, _, rest = text.partition(b"\r\n\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:] if ": " in line)
    status = int(head.split()[1]) if head else 0
    return Reply(status, first, time.perf_counter() - began, headers, rest)


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


LOADS = {  # flood, polite, requests at once that find out what can be done
    "inference": (lambda i: completion(i, 200), lambda i: completion(i, 16), 64),
    "verify": (slow_items, algebra, 8),
    "code": (lambda i: program("while True: pass", 2), lambda i: program("print(6 * 7)", 2), 8),
}


async def capacity(server, flood, at_once, seconds=5):
    """Requests a second that are answered when so many are always waiting."""
    end, done = time.perf_counter() + seconds, 0

    async def one(k):
        nonlocal done
        i = k
        while time.perf_counter() < end:
            reply = await ask(server, f"probe{k}", *flood(i))
            done += reply.status == 200
            i += at_once

    began = time.perf_counter()
    await asyncio.gather(*(one(k) for k in range(at_once)))
    return max(done, 1) / (time.perf_counter() - began)


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


async def flood_with(server, flood, rate, seconds):
    """An open loop: requests come when their time has come, whatever became of those before."""
    tasks, began = [], time.perf_counter()
    for i in range(int(rate * seconds)):
        await asyncio.sleep(max(0, began + i / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(ask(server, "flood", *flood(i))))
    return await asyncio.gather(*tasks, return_exceptions=True)


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))] if values else float("nan")


def ms(values, q):
    return f"{quantile(values, q) * 1e3:.0f}"


async def overload(server, name, seconds):
    flood, polite, at_once = LOADS[name]
    rate = TIMES * await capacity(server, flood, at_once)
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
    replies = await flood_with(server, flood, rate, seconds)
    stop.set()
    await asyncio.gather(*others)
    return judge(server, name, rate, replies, alone, beside, checks, memory)


def judge(server, name, rate, replies, alone, beside, checks, memory):
    broken = [r for r in replies if not isinstance(r, Reply) or r.status not in (200, *REFUSED)]
    for what in sorted({repr(r)[:80] if not isinstance(r, Reply) else f"{r.status} {r.body[:200]}" for r in broken})[:3]:
        print(f"broken: {what}", file=sys.stderr)
    taken = [r for r in replies if isinstance(r, Reply) and r.status == 200]
    refused = [r for r in replies if isinstance(r, Reply) and r.status in REFUSED]
    begins = [r.first if name == "inference" else r.whole for r in taken]
    late = sum(b > MAX_WAIT for b in begins)
    of_polite = [r.whole for r in beside]
    bad = sum(r.status != 200 for r in beside)
    retry = sorted({r.headers.get("retry-after", "none") for r in refused}, key=lambda s: (len(s), s))
    print(
        f"| {name} | {rate:.0f}/s | {len(taken)} / {len(refused)} / {len(broken)} "
        f"| {ms(begins, .5)} / {ms(begins, .99)} | {100 * (1 - late / max(len(taken), 1)):.1f} % "
        f"| {ms([r.whole for r in refused], .5)} / {ms([r.whole for r in refused], .99)} "
        f"| {retry[0] if retry else '-'}..{retry[-1] if retry else '-'} "
        f"| {ms([r.whole for r in alone], .5)} / {ms([r.whole for r in alone], .99)} "
        f"| {ms(of_polite, .5)} / {ms(of_polite, .99)} ({bad} of {len(beside)} refused) "
        f"| {ms([r.whole for r in checks], .99)} | {memory // MIB} -> {server.resident() // MIB} |",
        flush=True,
    )
    in_time = name != "inference" or late <= 0.01 * len(taken)
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
