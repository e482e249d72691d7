"""tests/load/rollouts.py - random rollouts at once, some of them ended, left, late or with programs that fail.

    python tests/load/rollouts.py                              a minute, against build/release/touchstone
    TESTED_BIN=build/address/touchstone python tests/load/rollouts.py --seconds 3600 --seed 7

Starts a server of its own. Clients with keys of their own, one of them with limits, ask random calls of /v1/rollouts
(random_calls.py): every kind of prompt and encoding, rules that end groups early, forks, partial rollouts of what earlier
replies left unfinished, revisions, deadlines, the best of n; rewards from those that are computed at once to programs that
crash, hang, fill their memory or start processes. Meanwhile calls are ended by DELETE and by routes that abort, clients
leave at any byte, the server is paused, new weights come by path and as a stream, an adapter comes and goes, and processes
that judge or run programs are killed. The ledger:

- a call that is answered has each group and sample, each with a reward or with a cause that this call may have; what was
  given of a sample stands in it as it was given; a program that is right has 1 or is masked
- DELETE answers with the groups that the call itself answers with
- a call asked twice draws the same tokens from the same weights
- a call that is refused is told so: 400 by what is wrong, 403, 404, 429 with Retry-After, and nothing else

Between its parts the run rests: nothing may be at work then, and memory is read. At the end it may be no more than
--growth MiB above what it was after the first quarter, the exit status must be 0, no process may be left, and the log
must be without a sanitizer's report. Exit status 1 otherwise. The KV cache keeps what has been computed for as long as it
has room and takes its memory page by page meanwhile: so it is small here, and filled before anything is measured.
TSan's shadow of it, 4 bytes for each, comes later, as blocks are copied: up to 192 MiB more, which --growth has to allow there.

SPDX-License-Identifier: Apache-2.0
"""

import argparse
import collections
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/http"))

import checkpoints
import random_calls as calls

BIN = os.environ.get("TESTED_BIN", str(ROOT / "build/release/touchstone"))
MODEL = ROOT / "models/touchstone-tiny.gguf"
MIB = 1 << 20
REPORTS = ("ERROR: AddressSanitizer", "WARNING: ThreadSanitizer", "runtime error:", "ERROR: LeakSanitizer", "Assertion")
KV_MEMORY = "48M"  # 1024 blocks of 16 tokens of the built-in model: less than the run would keep
KEYS = {  # what each may ask
    "own": "infer,verify,control,metrics,admin",
    "other": "infer,verify",
    "slow": "infer,verify rate=2 concurrency=1",
    "infer": "infer",
}
ASKING = ["own", "other", "own", "other", "slow", "own"]  # by client, round and round


def arguments():
    p = argparse.ArgumentParser(description="Random rollouts against a server of its own.")
    p.add_argument("--seconds", type=float, default=60)
    p.add_argument("--parts", type=int, default=8, help="between which it rests")
    p.add_argument("--clients", type=int, default=6)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--growth", type=float, default=64, help="MiB of growth after the first quarter that are allowed")
    return p.parse_args()


# ---- the server ----


def key_file(folder):
    lines = [f"{name} sha256:{hashlib.sha256(name.encode()).hexdigest()} {may}\n" for name, may in KEYS.items()]
    path = pathlib.Path(folder) / "keys"
    path.write_text("".join(lines))
    return str(path)


class Server:
    def __init__(self, folder):
        flags = ["--port", "0", "--threads", "2", "--max-queue", "512", "--kv-memory", KV_MEMORY,
                 "--api-key-file", key_file(folder), "--log-level", "info"]
        options = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "quarantine_size_mb=1"),
                   "TSAN_OPTIONS": os.environ.get("TSAN_OPTIONS", f"suppressions={ROOT}/tests/paranoid/tsan.supp:die_after_fork=0")}
        self.process = subprocess.Popen([BIN, "serve", "--model", str(MODEL), *flags], stderr=subprocess.PIPE,
                                        env={**os.environ, **options}, text=True, errors="replace")
        self.reports, self.port, ready = [], None, threading.Event()
        self.last = collections.deque(maxlen=40)
        self.reader = threading.Thread(target=self.read, args=(ready,), daemon=True)
        self.reader.start()
        if not ready.wait(300):
            raise RuntimeError("the server does not get ready")

    def read(self, ready):
        follows = 0
        for line in self.process.stderr:
            self.last.append(line.rstrip())
            if found := re.search(r"event=listening .*port=(\d+)", line):
                self.port = int(found[1])
            if "event=ready" in line:
                ready.set()
            if any(word in line for word in REPORTS):
                follows = 80
            if follows > 0:
                self.reports.append(line.rstrip())
                follows -= 1

    def ask(self, method, path, body=None, key="own", headers={}):
        """Status, headers and body. body: bytes, or JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=900)
        try:
            data = body if body is None or isinstance(body, bytes) else json.dumps(body)
            connection.request(method, path, data, {"Content-Type": "application/json", "Authorization": f"Bearer {key}", **headers})
            reply = connection.getresponse()
            return reply.status, reply.headers, reply.read()
        finally:
            connection.close()

    def metric(self, name):
        text = self.ask("GET", "/metrics")[2].decode()
        return float(re.search(rf"^touchstone_{name} (\S+)$", text, re.M)[1])

    def fill_cache(self):
        """Unequal prompts with more complete blocks than there are: each block has been written then, and is kept."""
        r, length = random.Random(0), calls.CONTEXT - 32
        prompts = [[r.randint(300, 1000) for _ in range(length)] for _ in range(int(self.metric("kv_blocks")) * 16 // length + 1)]
        status, _, reply = self.ask("POST", "/v1/completions", {"prompt": prompts, "max_tokens": 1})
        assert status == 200, reply[:500]

    def wait_idle(self):
        """Nothing runs, waits or holds a block; only this question is open."""
        end = time.monotonic() + 300
        names = ("sequences_running", "sequences_waiting", "kv_blocks_used", "generations", "weight_staging", "verify_waiting",
                 "verify_workers_busy")
        while any(self.metric(n) for n in names) or self.metric("open_requests") != 1:
            if time.monotonic() > end:
                raise RuntimeError(f"the server does not come to rest: {[(n, self.metric(n)) for n in (*names, 'open_requests')]}")
            time.sleep(0.05)

    def resident(self):
        with open(f"/proc/{self.process.pid}/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def below(self):
        """{process id: name} of all that the server has started, and they."""
        parents, names = {}, {}
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/stat") as f:
                    name, rest = f.read().split("(", 1)[1].rsplit(")", 1)
            except OSError:
                continue
            parents[int(entry)], names[int(entry)] = int(rest.split()[1]), name
        found, more = set(), {self.process.pid}
        while more := {p for p, parent in parents.items() if parent in more}:
            found |= more
        return {p: names[p] for p in sorted(found)}

    def stop(self):
        """Exit status; and the processes that it leaves."""
        below = self.below()
        self.process.terminate()
        status = self.process.wait(300)
        self.reader.join(30)
        end = time.monotonic() + 10
        while (left := [p for p in below if os.path.exists(f"/proc/{p}")]) and time.monotonic() < end:
            time.sleep(0.1)
        return status, left


# ---- what is pushed ----


def other_numbers(to):
    """The model with other low bits in its second half."""
    raw = bytearray(MODEL.read_bytes())
    half = len(raw) // 64 * 32
    for i, x in enumerate(random.Random(1).randbytes((len(raw) - half) // 2)):
        raw[half + 2 * i] ^= x & 1
    to.write_bytes(raw)
    return str(to)


def adapter():
    """A stream of a LoRA adapter for the built-in model: 6 layers of width 256."""
    r, tensors = random.Random(2), {}
    bf16 = lambda n, scale: b"".join(struct.pack("<f", r.uniform(-scale, scale))[2:] for _ in range(n))
    for layer in range(6):
        for name, rows in (("q_proj", 256), ("v_proj", 128)):
            base = f"base_model.model.model.layers.{layer}.self_attn.{name}"
            tensors[f"{base}.lora_A.weight"] = ("BF16", [4, 256], bf16(4 * 256, 0.05))
            tensors[f"{base}.lora_B.weight"] = ("BF16", [rows, 4], bf16(4 * rows, 0.05))
    config = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj"], "bias": "none"}
    return checkpoints.pack(tensors, {"adapter_config": json.dumps(config)})


# ---- clients ----


class Run:
    def __init__(self, a, folder):
        self.a, self.server, self.counts, self.causes = a, Server(folder), collections.Counter(), collections.Counter()
        self.faults, self.lock, self.number, self.samples = [], threading.Lock(), 0, 0
        self.aborting = self.aborts = 0  # questions at work, and ever asked, that may end others' generations
        self.other, self.adapter = other_numbers(pathlib.Path(folder) / "other.gguf"), adapter()

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def name(self):
        with self.lock:
            self.number += 1
            return f"call-{self.number}"

    # -- one call --

    def refused(self, status, headers, data, allowed):
        """Is it told to its client as it must be?"""
        assert status in allowed, (status, data[:500])
        assert status != 429 or "retry-after" in headers, "429 without Retry-After"
        assert "error" in json.loads(data), data[:500]

    def answered(self, call, key, name, ended=False):
        """Ask, and check. The samples of a reply as JSON; None: it was refused."""
        with self.lock:
            before = -1 if self.aborting else self.aborts
        status, headers, data = self.server.ask("POST", "/v1/rollouts", call.body, key, {"x-request-id": name})
        self.count(status)
        if status != 200:
            self.refused(status, headers, data, {429} | ({404} if "model" in call.body else set()))
            return None
        aborted = ended or self.aborts != before
        samples = calls.check(call, data, {"abort"} if aborted else set())
        with self.lock:
            self.samples += len(samples)
            self.causes.update(s["mask_cause"] or "rewarded" for s in samples)
        return samples, data

    def plain(self, r, key, begun):
        call = calls.random_call(r, begun, "adapted")
        got = self.answered(call, key, self.name())
        if got is not None:
            begun += calls.left_over(call, got[0])
            del begun[:-20]

    def twice(self, r, key, begun):
        """The same body, at once and by two."""
        call, got = calls.random_call(r, []), []
        beside = threading.Thread(target=self.guard, args=(lambda: got.append(self.answered(call, key, self.name())),))
        beside.start()
        mine = self.answered(call, key, self.name())
        beside.join()
        if mine is not None and got and got[0] is not None:
            if call.body["encoding"] != "ndjson" and "until" not in call.body:
                calls.same_draws(mine[0], got[0][0])
            self.count("twice")

    def ended(self, r, key, begun):
        """Ended by DELETE, its own reply and that of DELETE are one."""
        call, name, after, whole = calls.random_call(r, begun), self.name(), r.choice([0, 0.01, 0.1, 0.5, 2]), r.random() < 0.5
        told = []

        def end():
            time.sleep(after)
            told.append(self.server.ask("DELETE", f"/v1/rollouts/{name}" + ("" if whole else "/groups/0"), None, key))

        ender = threading.Thread(target=self.guard, args=(end,))
        ender.start()
        got = self.answered(call, key, name, ended=True)
        ender.join()
        if not told:
            return
        status, headers, data = told[0]
        self.count(f"DELETE {status}")
        if status != 200:
            return self.refused(status, headers, data, {404, 429})
        groups = json.loads(data)["groups"]
        if call.body["encoding"] == "json" and got is not None:
            own = json.loads(got[1])["groups"]
            assert groups == own if whole else groups in [[g] for g in own], "DELETE answers something else"
        if whole and call.body["encoding"] != "npz":
            calls.check_groups(call, groups, json.loads(data)["totals"], {"abort"}) if call.body["encoding"] == "json" else None
        if got is not None:
            begun += calls.left_over(call, got[0])
            del begun[:-20]

    def left(self, r, key, begun):
        """Sent in part or whole, and left at some byte of the reply; at times with a reset."""
        body = json.dumps(calls.random_call(r, begun).body).encode()
        head = (f"POST /v1/rollouts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode()
        data = head + body
        sent = len(data) if r.random() < 0.7 else r.randint(1, len(data))
        with socket.create_connection(("127.0.0.1", self.server.port)) as s:
            s.sendall(data[:sent])
            s.settimeout(r.choice([0.001, 0.05, 0.5, 2]))
            if r.random() < 0.2:
                s.shutdown(socket.SHUT_WR)
            wanted = r.choice([0, 1, 200, 5000, 1 << 20])
            try:
                while wanted > 0 and (block := s.recv(min(wanted, 65536))):
                    wanted -= len(block)
            except OSError:
                pass
            if r.random() < 0.3:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.count("left")

    def wrong(self, r, key, begun):
        status, headers, data = self.server.ask("POST", "/v1/rollouts", calls.wrong_call(r), key)
        self.refused(status, headers, data, {400, 404, 429})
        self.count(f"wrong {status}")

    def foreign(self, r, key, begun):
        """A key that may not ask this, and another's call: not there."""
        status, headers, data = self.server.ask("POST", "/v1/rollouts", calls.random_call(r, []).body, "infer")
        self.refused(status, headers, data, {403})
        with self.lock:
            name = f"call-{max(1, self.number - r.randint(0, 8))}"
        with self.aborts_others():
            status = self.server.ask("DELETE", f"/v1/rollouts/{name}", None, "other" if key != "other" else "slow")[0]
        self.count(f"foreign {status}")  # 200 where it is that key's own

    def best_of(self, r, key, begun):
        body = calls.best_of_call(r)
        status, headers, data = self.server.ask("POST", "/v1/chat/completions", body, key)
        self.count(f"best_of {status}")
        if status != 200:
            return self.refused(status, headers, data, {429, 503})
        reply = json.loads(data)
        assert len(reply["choices"]) == 1 and sum(v["count"] for v in reply["votes"]) <= body["n"], reply
        assert reply["usage"]["completion_tokens"] <= body["n"] * body["max_tokens"]

    # -- all of them --

    def fault(self, what):
        with self.lock:
            self.faults.append(what)
        print("fault:", what, flush=True)

    def guard(self, what, *arguments):
        try:
            what(*arguments)
        except json.JSONDecodeError as e:
            self.fault(f"{e}: ...{e.doc[max(0, e.pos - 300):e.pos + 100]!r}")
        except Exception as e:  # the run goes on; it has failed
            place = e.__traceback__
            while place.tb_next is not None:
                place = place.tb_next
            self.fault(f"{place.tb_frame.f_code.co_name}:{place.tb_lineno} {repr(e)[:3000]}")

    def alive(self, until):
        return time.monotonic() < until and len(self.faults) < 10 and self.server.process.poll() is None

    def client(self, number, part, until):
        r, begun, key = random.Random(f"{self.a.seed} {part} {number}"), [], ASKING[number % len(ASKING)]
        kinds = [self.plain] * 10 + [self.ended] * 3 + [self.left] * 3 + [self.twice, self.wrong, self.foreign, self.best_of]
        while self.alive(until):
            self.guard(r.choice(kinds), r, key, begun)
            if key == "slow":
                time.sleep(r.uniform(0, 1))

    # -- what happens to all --

    def kill_some(self, part, until):
        """Those that judge and run programs, by their names; at times the one that makes them."""
        r = random.Random(f"{self.a.seed} {part}")
        while self.alive(until):
            time.sleep(r.uniform(0.5, 4))
            mine = {p: n for p, n in self.server.below().items() if n.startswith("ts-")}
            found = [p for p, n in mine.items() if n != "ts-zygote" or r.random() < 0.1]
            try:
                if found:
                    p = r.choice(found)
                    os.kill(p, signal.SIGKILL)
                    self.count(f"killed {mine[p]}")
            except ProcessLookupError:
                pass

    @contextlib.contextmanager
    def aborts_others(self):
        with self.lock:
            self.aborting += 1
            self.aborts += 1
        yield
        with self.lock:
            self.aborting -= 1

    def ask_aborting(self, what, allowed, *question):
        with self.aborts_others():
            status = self.server.ask(*question)[0]
        self.count(f"{what} {status}")
        assert status in allowed, (what, status)

    def pause(self, part, until):
        r = random.Random(f"{self.a.seed} {part} pause")
        while self.alive(until):
            time.sleep(r.uniform(1, 8))
            mode, turn = r.choice(["wait", "keep", "abort"]), r.random()
            if turn < 0.2:
                self.ask_aborting("abort_requests", (200,), "POST", "/abort_requests", {})
            elif turn < 0.4:
                body = {"path": r.choice([str(MODEL), self.other]), "policy": "abort"}
                self.ask_aborting("push abort", (200, 409), "POST", "/v1/weights", body)
            else:
                self.ask_aborting(f"pause {mode}", (200,), "POST", f"/pause?mode={mode}")
                time.sleep(r.choice([0, 0.1, 1]))
                assert self.server.ask("POST", "/resume")[0] == 200

    def push(self, part, until):
        r = random.Random(f"{self.a.seed} {part} push")
        while self.alive(until):
            turn = r.random()
            if turn < 0.4:
                body = {"path": r.choice([str(MODEL), self.other]), "policy": r.choice(["finish", "switch"])}
                status = self.server.ask("POST", "/v1/weights", body)[0]
                assert status in (200, 409), status
            elif turn < 0.8:
                status = self.server.ask("PUT", "/v1/weights?part=adapter&name=adapted", self.adapter, headers={
                    "Content-Type": "application/octet-stream", "Content-Digest": checkpoints.digest(self.adapter)})[0]
                assert status in (200, 409), status
            else:
                status = self.server.ask("POST", "/v1/unload_lora_adapter", {"lora_name": "adapted"})[0]
                assert status in (200, 400, 404), status
            self.count(f"{'push' if turn < 0.4 else 'adapter' if turn < 0.8 else 'unload'} {status}")
            time.sleep(r.uniform(0, 3))

    def part(self, number, seconds):
        """All clients for so long; then the server rests. Its memory."""
        until = time.monotonic() + seconds
        jobs = [(self.client, i, number, until) for i in range(self.a.clients)]
        jobs += [(what, number, until) for what in (self.kill_some, self.pause, self.push)]
        threads = [threading.Thread(target=self.guard, args=job) for job in jobs]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        if self.server.process.poll() is not None:
            return 0
        self.guard(self.server.wait_idle)
        size = self.server.resident()
        print(f"{self.counts[200]:6} answered, {self.samples:7} samples, {size / MIB:7.1f} MiB, {self.server.files()} files, "
              f"{len(self.faults)} faults", flush=True)
        return size


def main():
    a = arguments()
    with tempfile.TemporaryDirectory() as folder:
        run = Run(a, folder)
        run.server.fill_cache()
        sizes = [run.part(i, a.seconds / a.parts) for i in range(a.parts)]
        status, left = run.server.stop()
    grown = (sizes[-1] - sizes[(a.parts - 1) // 4]) / MIB
    print("\n".join(run.server.reports or (run.server.last if status != 0 else [])))
    print(dict(sorted((str(k), v) for k, v in run.counts.items())))
    print("samples:", dict(run.causes))
    print(f"seed {a.seed}: exit status {status}, {len(left)} processes left, memory grew by {grown:.1f} MiB, {len(run.faults)} faults, "
          f"{'a' if run.server.reports else 'no'} sanitizer's report")
    good = status == 0 and grown <= a.growth and not left and not run.faults and not run.server.reports
    return 0 if good and run.counts[200] else 1


if __name__ == "__main__":
    sys.exit(main())
