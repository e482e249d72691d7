"""tests/bench/start.py - from start to the first token of a prompt of 8, and the memory that takes.

    python3 tests/bench/start.py --model FILE.gguf [--llama-cpp DIR] [--context 4096] [--rounds 3]

Programs in turns, each started anew on a file that the system has cached: touchstone, touchstone with a packed cache (filled before), and
llama.cpp's llama-server. For each the medians of seconds, of processor seconds (all that a busy machine can
tell), and the largest VmHWM. Beside them: reading the file once. Uses the standard library only.

SPDX-License-Identifier: Apache-2.0
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

BUILD = pathlib.Path(__file__).resolve().parents[2] / "build/release"
BODY = {"prompt": [11, 12, 13, 14, 15, 16, 17, 18], "max_tokens": 1, "temperature": 0}
PATIENCE = 600
PORT = re.compile(r"(?:event=listening .*port=|listening on http://[^:]+:)(\d+)")


def first_token(port):
    """Ask until the answer comes: while a model is loaded it is 503."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/completions", json.dumps(BODY).encode(), {"Content-Type": "application/json"}
    )
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return urllib.request.urlopen(request, timeout=PATIENCE).read()
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(command):
    """(seconds, processor seconds, VmHWM in MiB) of one start."""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as log:
        p = subprocess.Popen([str(c) for c in command], stdout=log, stderr=log, cwd="/tmp")
        try:
            port = None
            while port is None:
                log.seek(0)
                text = log.read()
                found = PORT.search(text)
                port = found and found.group(1)
                if p.poll() is not None or time.monotonic() - began > PATIENCE:
                    raise RuntimeError(f"{command[0]} does not start:\n{text[-2000:]}")
                time.sleep(0.002)
            first_token(port)
            seconds, status = time.monotonic() - began, pathlib.Path(f"/proc/{p.pid}/status").read_text()
            return seconds, cpu_seconds(p.pid), int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024
        finally:
            p.terminate()
            p.wait()


def read_once(model):
    began, cpu = time.monotonic(), time.process_time()
    buffer = bytearray(1 << 20)
    with open(model, "rb", buffering=0) as f:
        while f.readinto(buffer):
            pass
    return time.monotonic() - began, time.process_time() - cpu, 0


def commands(a, cache):
    ours = [a.program, "serve", "--model", a.model, "--port", 0, "--context", a.context]
    ours += ["--threads", a.threads, "--kv", a.kv]
    found = {"touchstone": ours, "touchstone, packed cache": [*ours, "--packed-cache", cache]}
    if a.llama_cpp:
        found["llama.cpp"] = [
            pathlib.Path(a.llama_cpp) / "llama-server", "-m", a.model, "--port", a.llama_port, "-c", a.context,
            "-t", a.threads, "-ctk", a.kv, "-ctv", a.kv, "-np", 1, "--no-webui",
        ]  # fmt: skip
    return found


def main():
    p = argparse.ArgumentParser(description="Time from start to the first token, and memory, beside llama-server.")
    p.add_argument("--model", required=True)
    p.add_argument("--program", default=BUILD / "touchstone", type=pathlib.Path)
    p.add_argument("--llama-cpp", help="folder of llama.cpp's llama-server")
    p.add_argument("--llama-port", type=int, default=18099, help="a free port for it")
    p.add_argument("--context", type=int, default=4096)
    p.add_argument("--kv", default="f16", choices=["f16", "q8_0"])
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    p.add_argument("--rounds", type=int, default=3)
    a = p.parse_args()
    a.model = str(pathlib.Path(a.model).resolve())
    with tempfile.TemporaryDirectory() as cache:
        asked = commands(a, cache)
        run(asked["touchstone, packed cache"])  # fills it
        took = {"reading the file once": []} | {name: [] for name in asked}
        for _ in range(a.rounds):
            took["reading the file once"].append(read_once(a.model))
            for name, command in asked.items():
                took[name].append(run(command))
    print("| | s | processor s | VmHWM MiB |\n|---|---:|---:|---:|")
    for name, rounds in took.items():
        seconds, cpu, memory = zip(*rounds)
        print(f"| {name} | {statistics.median(seconds):.2f} | {statistics.median(cpu):.2f} | {max(memory):.0f} |")


if __name__ == "__main__":
    main()
