"""Starts the program and hands tests its address.

TESTED_BIN names the program (default build/release/touchstone), TESTED_MODEL the model
(default: a tiny one with random weights, in tests/golden/data), TESTED_FLAGS further flags for
every server ("--engine reference"), TESTED_ISA its set of kernels. Every server listens on a free port of
127.0.0.1 and is stopped, and its exit status checked, at the end.

SPDX-License-Identifier: Apache-2.0
"""

import contextlib
import fcntl
import itertools
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import threading
import time

import httpx
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = os.environ.get("TESTED_BIN", str(ROOT / "build/release/touchstone"))
MODEL = os.environ.get(
    "TESTED_MODEL", str(ROOT / "tests/golden/data/llama-k256-q4_k_m.gguf")
)
TINY = str(ROOT / "models/touchstone-tiny.gguf")  # the built-in one, which thinks
FLAGS = os.environ.get("TESTED_FLAGS", "").split()
FLAGS += ["--isa", os.environ["TESTED_ISA"]] if "TESTED_ISA" in os.environ else []
PATIENCE = int(os.environ.get("TESTED_PATIENCE", 300))  # seconds for what must come at all: how soon is the machine's affair

# Settings that stand in the caller's environment are not the tests'. What a sanitizer keeps of freed memory
# must not look like a leak.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("TOUCHSTONE_")}
ENVIRONMENT.setdefault("ASAN_OPTIONS", "quarantine_size_mb=1")


# A shell ignores Ctrl-C for what it runs in the background, and so would every program that the tests begin and end.
for ignored, heeded in ((signal.SIGINT, signal.default_int_handler), (signal.SIGQUIT, signal.SIG_DFL), (signal.SIGHUP, signal.SIG_DFL)):
    signal.signal(ignored, heeded)


def wait_until(holds):
    """Until holds() is true."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


def tries():
    """0, 1, 2 and on, for as long as our patience lasts: for what an attempt may come too late for."""
    deadline = time.monotonic() + PATIENCE
    for n in itertools.count():
        assert time.monotonic() < deadline, f"{n} times it came too late"
        yield n


def wait_begun(sock):
    """Until the answer has begun to come: the request may be over by the time that anything else could tell."""
    wait_until(lambda: select.select([sock], [], [], 0)[0])


def listening_port(process):
    """The port of 127.0.0.1 that a program has been given by the system, as soon as it listens there: for one whose log nobody
    reads. One that is picked beforehand may be another's by then."""
    def found():
        assert process.poll() is None, "it has ended"
        folder = f"/proc/{process.pid}"
        sockets = set()
        for fd in os.listdir(folder + "/fd"):
            with contextlib.suppress(FileNotFoundError):  # closed by now
                sockets.add(os.readlink(f"{folder}/fd/{fd}"))
        rows = [line.split() for line in pathlib.Path(folder + "/net/tcp").read_text().splitlines()[1:]]
        return [int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets]

    wait_until(found)
    return found()[0]


class Server:
    """One running `touchstone serve`."""

    def __init__(self, *args, model=MODEL, wait=True):
        plain = ["--generation-config", "none"] if model == MODEL else []  # what its file recommends would surprise
        patient = [] if "--max-wait" in args else ["--max-wait", "0"]  # how long a wait is expected is the machine's affair
        command = [BIN, "serve", "--model", model, "--port", "0", *plain, *patient, *FLAGS, *args]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, env=ENVIRONMENT)
        fcntl.fcntl(self.process.stderr, fcntl.F_SETPIPE_SZ, 1 << 20)  # a line that finds its pipe full would be dropped
        self._log, self._marks, self.port = [], itertools.count(), None
        self._listening = threading.Event()
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        self._listening.wait(PATIENCE)
        if self.port is None:
            self.process.kill()
            raise RuntimeError("the server does not listen:\n" + self._end_of_log())
        self.url = f"http://127.0.0.1:{self.port}"
        # A connection that is shut when it has stood for so short a time may be shut in the instant in which it is used again.
        kept = {"max_keepalive_connections": 0} if {"--idle-timeout", "--read-timeout"} & {*args} else {}
        self.http = httpx.Client(base_url=self.url, timeout=PATIENCE, limits=httpx.Limits(**kept))
        if wait:
            self.wait_ready()

    def _read_log(self):
        for raw in self.process.stderr:
            line = raw.decode(errors="surrogateescape").rstrip("\n")
            self._log.append(line)
            found = re.search(r"event=listening .*port=(\d+)", line)
            if found:
                self.port = int(found.group(1))
                self._listening.set()
        self._listening.set()  # it ended before

    def _end_of_log(self):
        return "\n".join(self._log[-40:]).encode(errors="backslashreplace").decode()

    def lines(self, *words, count=1):
        """The log's lines that contain all the words, as soon as there are `count`: the server writes many of them later than
        it answers, and what it has written is read later still."""
        def found():
            return [line for line in list(self._log) if all(word in line for word in words)]

        wait_until(lambda: len(found()) >= count or not self._reader.is_alive())
        assert len(found()) >= count, f"no line with {words}:\n" + self._end_of_log()
        return found()

    def lines_until_now(self, *words):
        """Those of all that the server has logged by now, for what must be there so many times or not at all."""
        mark = f"mark-{next(self._marks)}"
        assert self.http.get("/version", headers={"x-request-id": mark}).status_code == 200
        self.lines(f"id={mark} ")
        return self.lines(*words, count=0)

    def wait_ready(self):
        try:
            wait_until(lambda: self.http.get("/ready").status_code == 200)
        except AssertionError:
            raise RuntimeError("the server does not get ready:\n" + self._end_of_log()) from None

    def post(self, path, body, **kwargs):
        return self.http.post(path, json=body, **kwargs)

    def complete(self, **body):
        """The reply of /v1/completions, which must be 200."""
        reply = self.post("/v1/completions", body)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def client(self, **kwargs):
        """OpenAI's own; a test that asks for it where PyPI was not reached is skipped."""
        openai = pytest.importorskip("openai")
        options = {"base_url": self.url + "/v1", "api_key": "none", "max_retries": 0, **kwargs}
        return openai.OpenAI(**options)

    def connect(self):
        """A plain socket, for what no HTTP client would send."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def metric(self, name):
        for line in self.http.get("/metrics").text.splitlines():
            if line.split(" ")[0] == name:
                return float(line.split(" ")[1])
        raise KeyError(name)

    def wait_metric(self, name, holds):
        """Until holds(value)."""
        wait_until(lambda: holds(self.metric(name)))

    def wait_open(self, n):
        """Until the heads of n requests have come, and they are not answered yet; the scrape itself is one more."""
        self.wait_metric("touchstone_open_requests", lambda open_now: open_now >= n + 1)

    def wait_asked(self, n):
        """Until n prompts or more are at work or wait for their turn: their requests have been read and taken."""
        self.wait_metric("touchstone_generations", lambda asked: asked >= n)

    def wait_alone(self):
        """Until no other request is being answered."""
        self.wait_metric("touchstone_open_requests", lambda open_now: open_now == 1)

    def wait_idle(self):
        """Until no sequence runs or waits and no KV block is in use."""
        names = ("sequences_running", "sequences_waiting", "kv_blocks_used")
        wait_until(lambda: not any(self.metric("touchstone_" + n) for n in names))

    def processes(self):
        """{process id: (name, parent, CPU seconds, those of its ended children included)} of the server and all below it."""
        found = {}
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/stat") as f:
                    stat = f.read()
            except OSError:
                continue
            rest = stat[stat.rindex(")") + 2:].split()
            cpu = sum(map(int, rest[11:15])) / os.sysconf("SC_CLK_TCK")
            found[int(entry)] = (stat[stat.index("(") + 1:stat.rindex(")")], int(rest[1]), cpu)
        below = {self.process.pid}
        while more := {p for p, (_, parent, _) in found.items() if parent in below} - below:
            below |= more
        return {p: found[p] for p in below if p in found}

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self, seconds=PATIENCE):
        """The exit status, and the log is whole."""
        status = self.process.wait(seconds)
        self._reader.join(seconds)
        assert not self._reader.is_alive(), "something that it left keeps its log open"
        return status

    def stop(self):
        if self.process.poll() is None:
            self.signal()
        status = self.wait()
        assert status == 0, f"exit status {status}\n" + self._end_of_log()


@pytest.fixture(scope="session")
def server():
    """One server for all tests that need no settings of their own."""
    s = Server("--max-choices", "64", "--max-queue", "4096")
    yield s
    s.stop()


@pytest.fixture(scope="module")
def tiny():
    """The built-in model, served, for all tests of a file."""
    s = Server("--threads", "2", model=TINY)
    yield s
    s.stop()


@pytest.fixture
def start():
    """start(*flags) -> a Server of the test's own."""
    started = []

    def begin(*args, **kwargs):
        started.append(Server(*args, **kwargs))
        return started[-1]

    yield begin
    for s in started:
        if s.process.poll() is None:
            s.stop()


@pytest.fixture
def small_disk(tmp_path):
    """A function that mounts a file system of so many bytes, which needs root."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
        if subprocess.run(command, capture_output=True).returncode != 0:
            pytest.skip("nothing may be mounted here")
        return folder

    yield mount
    if folder.is_mount():
        subprocess.run(["umount", folder], check=True)


def read_response(sock):
    """(status, headers, body) of the next response on a socket; None when it was closed before."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65536)
        if not more:
            return None
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    lines = head.decode("latin-1").split("\r\n")
    headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
    length = int(headers.get("content-length", 0))
    while len(body) < length:
        more = sock.recv(65536)
        if not more:
            break
        body += more
    return int(lines[0].split()[1]), headers, body[:length]
