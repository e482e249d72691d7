"""tests/bench/through_http.py - what HTTP costs: clients of the server against the engine alone.

The same work three ways, one after another, several times over: touchstone bench with a batch of N; N clients
that stream; N clients that wait for the whole answer. All are counted alike: tokens generated over the
seconds from the first request to the last byte. The clients are tests/load/http_load.c, built beside the program.

SPDX-License-Identifier: Apache-2.0
"""

import json
import re
import statistics
import subprocess
import sys

PROMPT, GENERATE = 128, 64


class Server:
    """touchstone serve on a free port, ready."""

    def __init__(self, program, model, threads):
        flags = ["--port", "0", "--threads", str(threads), "--no-prefix-cache", "--no-speculate"]
        self.process = subprocess.Popen([program, "serve", "--model", model, *flags], stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            found = re.search(r"event=listening .*port=(\d+)", line)
            if found:
                self.port = found.group(1)
                break
        else:
            raise RuntimeError("the server does not start")

    def stop(self):
        self.process.terminate()
        self.process.communicate()


def run_clients(program, port, clients, how):
    command = [program.parent / "tests/load/http_load", port, str(clients), str(PROMPT), str(GENERATE), how]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["tokens_per_s"]


def run_engine(own, clients):
    flags = ["--only", "batch", "--batch", clients, "--prompt", PROMPT, "--generate", GENERATE]
    row = own.bench(*flags)["results"][0]
    return clients * GENERATE / row["seconds"]


def measure(own, program, model, threads, clients, rounds):
    server = Server(program, model, threads)
    ways = {
        "engine": lambda: run_engine(own, clients),
        "streaming": lambda: run_clients(program, server.port, clients, "stream"),
        "whole": lambda: run_clients(program, server.port, clients, "whole"),
    }
    speeds = {way: [] for way in ways}
    try:
        for round_ in range(rounds):
            for way, run in ways.items():
                speeds[way].append(run())
            line = ", ".join(f"{w} {v[-1]:.1f}" for w, v in speeds.items())
            print(f"round {round_ + 1}, {clients} clients: {line}", file=sys.stderr, flush=True)
    finally:
        server.stop()
    medians = {way: round(statistics.median(v), 2) for way, v in speeds.items()}
    return {
        "clients": clients,
        "prompt": PROMPT,
        "generate": GENERATE,
        "tokens_per_s": medians,
        "rounds": speeds,
        "of_engine": {w: round(medians[w] / medians["engine"], 4) for w in ("streaming", "whole")},
    }


def markdown(h):
    t, of = h["tokens_per_s"], h["of_engine"]
    return [
        "",
        f"Through HTTP, {h['clients']} clients, prompts of {h['prompt']} and {h['generate']} new tokens, counted from the first "
        f"request to the last byte: the engine alone {t['engine']:.1f} tokens/s, streaming {t['streaming']:.1f} "
        f"({100 * of['streaming']:.1f} %), whole answers {t['whole']:.1f} ({100 * of['whole']:.1f} %).",
    ]
