"""race.py BUILD - everything at once, in the program of FLAVOUR=thread.

Clients of every kind ask one server at the same time: chats that stream, several samples, clients that leave in the
middle, verdicts here and in verifier processes, rollouts that are ended from outside or left, the page and its files, pauses
and resumes, metrics. ThreadSanitizer reads along; what it reports, and whatever is not answered as it should be, is a failure.
The last line is "1 passed, 0 failed" or "0 passed, 1 failed".

SPDX-License-Identifier: Apache-2.0
"""
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from scenarios import COMPLETIONS, USER, VERIFY, away
from page import PARENT

ROOT = pathlib.Path(__file__).resolve().parents[2]
SETTINGS = ["--port", "0", "--model", str(ROOT / "models/touchstone-tiny.gguf"), "--threads", "2", "--max-sequences", "16",
            "--context", "512", "--verify-workers", "4"]
PAGE = ["/", *(f"/page/{f.name}" for f in sorted((ROOT / "server/page/www").iterdir()) if f.name != "index.html")]
WATCHED = ["/metrics", "/health", "/load", "/slots", "/v1/models", "/server_info", "/props", "/api/tags", "/api/ps", "/is_paused",
           "/get_load", "/verify/rewards", "/version"]
ROUNDS = 6  # of all scenarios, by each client
SECONDS = 600  # bounds a hang


class Server:
    def __init__(self, program):
        supp = ROOT / "tests/paranoid/tsan.supp"
        self.log = tempfile.NamedTemporaryFile(prefix="race-")
        options = {"TSAN_OPTIONS": f"suppressions={supp}:exitcode=66:second_deadlock_stack=1:die_after_fork=0"}
        with open(self.log.name, "ab") as log:
            self.process = subprocess.Popen([program, "serve", *SETTINGS], stdout=log, stderr=log, env={**os.environ, **options})
        self.port = None
        end = time.monotonic() + SECONDS
        while self.port is None or self.ask("GET", "/ready")[0] != 200:
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError("the server does not start:\n" + self.said())
            found = re.search(r"event=listening .*port=(\d+)", self.said())
            self.port = int(found.group(1)) if found else None
            time.sleep(0.05)

    def said(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)

    def ask(self, method, path, payload=None, kind="application/json", leave=False):
        """Status and body; with leave the client goes after the first bytes."""
        if self.port is None:
            return 0, b""
        connection = self.connect()
        try:
            connection.request(method, path, payload, {"Content-Type": kind} if payload is not None else {})
            if leave:
                time.sleep(0.01)
                return 200, b""
            response = connection.getresponse()
            return response.status, response.read()
        except ConnectionError:
            return 0, b""
        finally:
            connection.close()


ROLLOUTS = {"prompts": [{"messages": USER, "answer": "5"}, {"messages": USER, "answer": "7"}], "n": 3,
            "sampling": {"temperature": 1, "max_tokens": 40}, "rewards": [{"name": "accuracy"}, {"name": "format"}],
            "encoding": "ndjson"}


def ended_rollouts(server, number, faults):
    """A call of rollouts that is ended from outside, whole or in part, or left, when its first line has come."""
    name = f"race-{number}"
    connection = server.connect()
    connection.request("POST", "/v1/rollouts", json.dumps({**ROLLOUTS, "seed": number}),
                       {"Content-Type": "application/json", "x-request-id": name})
    response = connection.getresponse()
    first = response.readline()
    if response.status == 200 and number % 3 < 2:
        status, body = server.ask("DELETE", f"/v1/rollouts/{name}" + ("/groups/1" if number % 3 else ""))
        lines = response.read().splitlines()
        if status not in (200, 404) or json.loads(first) != {"id": name} or "totals" not in json.loads(lines[-1]):
            faults.append(f"rollouts ended: status {status} {body[:200]!r}, {first!r}, {lines[-1:]!r}")
    connection.close()


def clients(server, faults):
    """Functions, each a client's whole life."""
    everything = [*COMPLETIONS, *VERIFY, *away(PARENT)]

    def asks(scenarios, leave):
        for _ in range(ROUNDS):
            for s in scenarios:
                status, body = server.ask(s.method, s.path, s.payload(), s.content_type(), leave)
                aborted = status == 503 and b"aborted" in body  # a pause may end what has no part of an answer to give
                if status not in (200, 400, 404, 429, 501) and not aborted:
                    faults.append(f"{s.name}: status {status} {body[:200]!r}")

    def rolls():
        for i in range(ROUNDS * 6):
            ended_rollouts(server, i, faults)

    def pauses():
        for i in range(ROUNDS * 4):
            server.ask("POST", "/pause?mode=" + ("wait", "keep", "abort")[i % 3], b"{}")
            time.sleep(0.01)
            server.ask("POST", "/resume", b"{}")
            server.ask("POST", "/reset_prefix_cache", b"{}")
            server.ask("POST", "/abort_requests", json.dumps({"request_ids": ["none"]}).encode())

    def watches():
        for _ in range(ROUNDS * 10):
            for path in [*WATCHED, *PAGE]:
                status, body = server.ask("GET", path)
                if status != 200:
                    faults.append(f"{path}: status {status} {body[:200]!r}")

    return [lambda: asks(everything, False), lambda: asks(everything[::-1], False), lambda: asks(everything, True),
            lambda: asks(COMPLETIONS[:9] * 2, True), rolls, pauses, watches]


def main():
    faults = []
    server = Server(str(pathlib.Path(sys.argv[1]).resolve() / "touchstone"))
    threads = [threading.Thread(target=c) for c in clients(server, faults)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    server.process.send_signal(signal.SIGTERM)
    status = server.process.wait(SECONDS)
    log = server.said()
    if "WARNING: ThreadSanitizer" in log:
        faults.append(log[log.index("WARNING: ThreadSanitizer"):][:20000])
    elif status != 0:
        faults.append(f"exit status {status}\n" + log[-4000:])
    print("\n".join(faults[:20]))
    print("0 passed, 1 failed" if faults else "1 passed, 0 failed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
