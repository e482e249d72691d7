"""tests/load/load.py - load for a running server: first-token times, pace and throughput through HTTP.

    python tests/load/load.py --url http://127.0.0.1:8080 --streams 1,8,64 --requests 128 --tokens 64

Every stream is one connection that sends one request after another. All prompts differ in their first token,
so that no prefix is shared unless --shared is given. Sends to this machine only, and stops by itself.

SPDX-License-Identifier: Apache-2.0
"""

import argparse
import asyncio
import json
import statistics
import time
import urllib.parse

LOCAL = {"127.0.0.1", "localhost", "::1"}


def arguments():
    p = argparse.ArgumentParser(description="Measure a running server through HTTP.")
    p.add_argument("--url", default="http://127.0.0.1:8080")
    p.add_argument("--streams", default="1,8,32", help="connections at once, one run each")
    p.add_argument("--requests", type=int, default=64, help="requests of a run")
    p.add_argument("--prompt", type=int, default=64, help="prompt tokens")
    p.add_argument("--tokens", type=int, default=64, help="tokens to generate")
    p.add_argument("--shared", action="store_true", help="all prompts begin alike")
    p.add_argument("--json", action="store_true", help="one JSON line a run")
    a = p.parse_args()
    where = urllib.parse.urlsplit(a.url)
    if where.hostname not in LOCAL:
        p.error("only a server on this machine may be loaded")
    a.host, a.port = where.hostname, where.port or 80
    a.counts = [int(n) for n in a.streams.split(",")]
    return a


def request_bytes(a, number):
    prompt = [10 + i % 90 for i in range(a.prompt)]
    if not a.shared:
        prompt[0] = 10 + number % 90
        prompt[-1] = 10 + number // 90 % 90
    body = json.dumps(
        {"prompt": prompt, "max_tokens": a.tokens, "ignore_eos": True, "stream": True, "seed": number, "return_token_ids": True}
    ).encode()
    head = f"POST /v1/completions HTTP/1.1\r\nHost: {a.host}\r\nContent-Type: application/json\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


async def one_request(a, reader, writer, number):
    """(seconds to the first token, seconds between tokens, tokens, whether it came whole)"""
    began = time.perf_counter()
    writer.write(request_bytes(a, number))
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.split(b"\r\n")[0].decode())
    first, last, gaps, tokens, done = None, None, [], 0, False
    while True:  # chunked: size line, bytes, line end
        size = int(await reader.readuntil(b"\r\n"), 16)
        chunk = await reader.readexactly(size + 2)
        if size == 0:
            break
        now = time.perf_counter()
        done = done or b"[DONE]" in chunk
        new = sum(
            len(c["token_ids"])
            for line in chunk.split(b"\n")
            if line.startswith(b"data: {") and line.rstrip().endswith(b"}")
            for c in json.loads(line[6:])["choices"]
        )
        tokens += new
        if new and first is None:
            first = now - began
        elif new:
            gaps.append((now - last) / new)
        if new:
            last = now
    return first, gaps, tokens, done


async def stream(a, numbers, results):
    reader, writer = await asyncio.open_connection(a.host, a.port, limit=1 << 24)
    while numbers:
        results.append(await one_request(a, reader, writer, numbers.pop()))
    writer.close()


async def run(a, streams):
    numbers, results = list(range(a.requests)), []
    began = time.perf_counter()
    await asyncio.gather(*(stream(a, numbers, results) for _ in range(streams)))
    return time.perf_counter() - began, results


def percentile(values, p):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(p * len(ordered)))]


def report(a, streams, seconds, results):
    first = [r[0] for r in results if r[0] is not None]
    gaps = [g for r in results for g in r[1]] or [0.0]
    tokens = sum(r[2] for r in results)
    row = {
        "streams": streams,
        "requests": len(results),
        "incomplete": sum(not r[3] for r in results),
        "tokens_per_s": round(tokens / seconds, 1),
        "first_token_ms_median": round(statistics.median(first) * 1e3, 1),
        "first_token_ms_p95": round(percentile(first, 0.95) * 1e3, 1),
        "inter_token_ms_median": round(statistics.median(gaps) * 1e3, 2),
        "inter_token_ms_p95": round(percentile(gaps, 0.95) * 1e3, 2),
        "seconds": round(seconds, 2),
    }
    print(json.dumps(row) if a.json else "  ".join(f"{k} {v}" for k, v in row.items()), flush=True)


def main():
    a = arguments()
    for streams in a.counts:
        report(a, streams, *asyncio.run(run(a, streams)))


if __name__ == "__main__":
    main()
