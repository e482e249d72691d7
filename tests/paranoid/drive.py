"""drive.py BUILD [--full] [--only TEXT] - let memory run out everywhere, one allocation after the other.

A scenario (scenarios.py) is asked of the program of FLAVOUR=paranoid again and again; each time another allocation
fails (failing.c). Expected each time: no crash, no hang, no leak; the right answer, or 503, or null with the cause
no_memory; and the next request is answered as ever.

  part (the default)   every chain of callers fails once, alone and with all that follows it (whole runs: alone)
  --full               every allocation up to 19,999 fails, then every 97th; and all from it on, from every 7th

The last line is "N passed, N failed": scenarios without a finding, and with one.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import concurrent.futures
import ctypes
import dataclasses
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from model_files import adapter, models
from page import ALL, CHILDREN, EVERY, FRESH, PARENT, Page
from scenarios import COMPLETIONS, VERIFY, Beginning, Command, Request, adapters, away, commands

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = str(ROOT / "models/touchstone-tiny.gguf")
SECONDS = 90  # after which a request hangs
EVERY_BELOW, STRIDE, ALL_STRIDE = 20_000, 97, 7
CALLERS, CALLERS_OF_RUNS = 12, 7  # that tell one failure from another: a run of the whole program takes longer than a request
CROWD = 150  # connections that are left open
QUIET = 3  # times that nothing failed, after which nothing is left to fail
MOST_FINDINGS = 40  # of one scenario
SETTINGS = ["--port", "0", "--model", MODEL, "--max-sequences", "8", "--context", "512", "--verify-workers", "2"]
# Threads that wait for each other would take longest beside other work: more than one only where they begin and end.
WORKING, BEGINNING = ["--threads", "1"], ["--threads", "2"]
SANITIZER = {"ASAN_OPTIONS": "quarantine_size_mb=1:handle_abort=1:detect_leaks=1:allocator_may_return_null=1",
             "UBSAN_OPTIONS": "print_stacktrace=1"}


def with_the_driver():
    """In a child: it ends when the driver does."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


# Calls of libraries that end the program when it starts without memory, and who makes them (docs/architecture.md).
ABORTS_AT_START = [("in uv_signal_init", "open_loop"), ("in uv_poll_start", "reserve_watchers")]


class Hang(Exception):
    pass


@dataclasses.dataclass
class Reply:
    status: int = 0  # 0: the connection was closed without one
    body: bytes = b""
    whole: bool = True


def environment(page):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TOUCHSTONE_")}
    return {**kept, **SANITIZER, "FAILING": page.path}


class Server:
    """One `touchstone serve`, started again when it has died."""

    def __init__(self, program, page, flags):
        self.program, self.page, self.flags = program, page, flags
        self.start()

    def start(self):
        self.page.begin()
        self.log = tempfile.NamedTemporaryFile(prefix="paranoid-")
        with open(self.log.name, "ab") as log:
            self.process = subprocess.Popen([self.program, "serve", *SETTINGS, *WORKING, *self.flags], stdout=log, stderr=log,
                                            env=environment(self.page), preexec_fn=with_the_driver)
        end = time.monotonic() + SECONDS
        while not (port := re.search(rb"event=listening .*port=(\d+)", self.said())):
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError("the server does not start:\n" + self.said().decode())
            time.sleep(0.01)
        self.port = int(port.group(1))
        self.connection = None
        while (ready := self.ask("GET", "/ready")).status != 200:
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(f"the server does not get ready: {ready}\n" + self.said().decode())
            time.sleep(0.01)

    def said(self):
        return pathlib.Path(self.log.name).read_bytes()

    def connect(self):
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)

    def ask(self, method, path, payload=None, content_type="application/json"):
        if self.connection is None:
            self.connect()
        try:
            self.connection.request(method, path, payload, {"Content-Type": content_type} if payload is not None else {})
            response = self.connection.getresponse()
            try:
                return Reply(response.status, response.read())
            except http.client.IncompleteRead as cut:
                self.connection = None
                return Reply(response.status, cut.partial, whole=False)
        except TimeoutError:
            raise Hang() from None
        except (http.client.HTTPException, OSError):
            self.connection = None
            return Reply()

    def died(self):
        """What it said, when it has ended by itself."""
        try:
            self.process.wait(0 if self.connection else 0.2)
        except subprocess.TimeoutExpired:
            return None
        return self.said().decode(errors="replace")

    def stop(self):
        """The log when it does not end well: leaks are found at the end."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return "no end after SIGTERM"
        return None if status == 0 else f"status {status}\n" + self.said().decode(errors="replace")


# ---- replies ----------------------------------------------------------------------------------------------------

VOLATILE = {"id", "created", "took_ms", "elapsed_ms", "request_id", "e2e_latency", "cached_tokens", "prompt_tokens_details", "x-request-id",
            "execution_time", "cpu_time", "wall_time", "memory", "timings", "meta_info", "uptime", "seconds",
            "executor_pool", "executor_pod_name", "queue", "created_at", "total_duration", "prompt_eval_duration", "eval_duration", "total_ms", "generation_settings", "ms", "tokens_cached", "tokens_evaluated"}


def steady(value):
    """Without what differs from time to time."""
    if isinstance(value, dict):
        return {k: steady(v) for k, v in value.items() if k not in VOLATILE}
    return [steady(v) for v in value] if isinstance(value, list) else value


def is_no_memory(reply):
    return reply.status == 503 and b"memory" in reply.body


def stream_text(body):
    """Text by choice, finishes, and whether it came to its end."""
    texts, ends, error = {}, {}, False
    for line in body.decode(errors="replace").splitlines():
        if not line.startswith("data: ") or line == "data: [DONE]":
            continue
        event = json.loads(line[6:])
        error |= "error" in event
        for choice in event.get("choices", [event]):
            i = choice.get("index", 0)
            text = choice.get("text") or (choice.get("delta") or {}).get("content") or choice.get("content") or ""
            texts[i] = text if "output_ids" in event else texts.get(i, "") + text
            ends[i] = choice.get("finish_reason") or choice.get("stop") or ends.get(i)
    return {"texts": texts, "ends": ends, "done": body.rstrip().endswith(b"[DONE]")}, error


# Causes of what could not be judged: of the part itself, of the part that tells right from wrong, of a cell.
UNJUDGED = ("no_memory", "correctness_unknown", "sandbox_error")


def result_is_right(base, got):
    """Of one item: the same, an error that says why, or parts that are null with the cause no_memory."""
    if steady(base) == steady(got):
        return True
    if "out_of_memory" in json.dumps(got.get("error", "")):
        return True
    if got.get("reward") is not None:
        return False
    for name, value in base["rewards"].items():
        cause = (got["details"].get(name) or {}).get("cause")
        judged = got["rewards"].get(name)
        if judged != value and not (judged is None and cause in UNJUDGED):
            return False
    return True


def results_of(kind, body):
    if kind == "lines":
        return [json.loads(line) for line in body.splitlines()]
    parsed = json.loads(body)
    return parsed.get("results") if isinstance(parsed, dict) else None


def groups_wrong(base, got):
    """Of rollouts: every sample is the same, or masked with a cause."""
    samples = [[s for g in r["groups"] for s in g["samples"]] for r in (base, got)]
    if len(samples[0]) != len(samples[1]):
        return f"{len(samples[1])} samples for {len(samples[0])}"
    for b, g in zip(*samples):
        told = g["mask"] and g["reward"] is None and g["mask_cause"] in ("no_memory", "cannot_judge", "abort")
        numbers = ("advantage", "keep")  # of a group that lost a sample
        if not told and {k: v for k, v in steady(b).items() if k not in numbers} != {k: v for k, v in steady(g).items() if k not in numbers}:
            return f"another sample: {json.dumps(g)[:400]}"
    return None


def wrong(scenario, base, got):
    """What is wrong with a reply during which memory ran out; None: nothing."""
    if got.status == 0:
        return "closed without an answer"
    if is_no_memory(got):
        return None
    if got.status != base.status:
        return f"status {got.status}: {got.body[:200]!r}"
    if scenario.kind == "cut":  # a stream of lines that may break off
        return None
    if scenario.kind == "text":
        return None if got.whole else "cut short"
    if scenario.kind == "stream":
        if not got.whole:
            return None
        (text, error), (wanted, _) = stream_text(got.body), stream_text(base.body)
        return None if error or text == wanted else f"another stream: {got.body[-300:]!r}"
    try:
        if not got.whole:
            return None if scenario.kind == "lines" else "cut short"
        if scenario.kind == "sandbox" and (b"memory" in got.body or b"sandbox" in got.body):
            return None
        if scenario.kind == "groups":
            return groups_wrong(json.loads(base.body), json.loads(got.body))
        if scenario.kind in ("json", "sandbox"):
            mine, right = steady(json.loads(got.body)), steady(json.loads(base.body))
            if "store" in right and mine.get("store") is False:  # a response says so where it could not be kept
                mine["store"] = right["store"]
            return None if mine == right else f"another reply: {got.body[:400]!r}"
        bases, gots = results_of(scenario.kind, base.body), results_of(scenario.kind, got.body)
        if bases is None:
            return None if steady(json.loads(got.body)) == steady(json.loads(base.body)) else f"another reply: {got.body[:400]!r}"
        if len(bases) != len(gots):
            told = scenario.kind == "lines" and gots and "out_of_memory" in json.dumps(gots[-1])
            return None if told else f"{len(gots)} results for {len(bases)}: {got.body[-200:]!r}"
        for b, g in zip(bases, gots):
            if not result_is_right(b, g) and b"no_memory" not in got.body and b"out_of_memory" not in got.body:
                return f"another result: {json.dumps(g)[:400]}"
            if not result_is_right(b, g) and {k: v for k, v in steady(b).items() if k not in ("advantage", "keep")} != {
                    k: v for k, v in steady(g).items() if k not in ("advantage", "keep")}:
                return f"another result: {json.dumps(g)[:400]}"
        return None
    except ValueError as e:
        return f"no JSON ({e}): {got.body[:200]!r}"


def same(scenario, base, got):
    """Whether a reply is as ever, with all memory there."""
    if got.status != base.status or not got.whole:
        return False
    if scenario.kind in ("text", "cut"):
        return True
    if scenario.kind == "stream":
        return stream_text(got.body) == stream_text(base.body)
    if scenario.kind == "lines":
        return [steady(r) for r in results_of("lines", got.body)] == [steady(r) for r in results_of("lines", base.body)]
    return steady(json.loads(got.body)) == steady(json.loads(base.body))


def summary(log):
    """The lines of a sanitizer's or an assert's report that say what and where."""
    keep = [line.strip() for line in log.splitlines()
            if re.search(r"ERROR: |Assertion|SUMMARY|runtime error|no end after|Direct leak|Indirect leak", line)
            or re.match(r"\s+#\d+ .* in (?!__interceptor|__wrap|__asan|abort|raise|__pthread|__assert)", line)]
    return "\n      ".join(re.sub(r"#(\d+) 0x[0-9a-f]+ in ", r"#\1 ", line) for line in keep[:14])


# ---- a scenario --------------------------------------------------------------------------------------------------

@dataclasses.dataclass
class Outcome:
    name: str
    runs: int = 0
    failures: int = 0  # allocations that failed
    most: int = 0      # allocations of one run
    seconds: float = 0.0
    findings: list = dataclasses.field(default_factory=list)

    def found(self, what, callers, n=None):
        key = (what.split(":")[0][:60], tuple(callers[:4]))
        if any(f["key"] == key for f in self.findings):
            return
        self.findings.append({"key": key, "what": what, "callers": callers[:9], "n": n})

    @property
    def full(self):
        return len(self.findings) >= MOST_FINDINGS


class Exchange:
    """A scenario that is a request to a server."""

    is_quick = True

    def __init__(self, program, scenario):
        self.scenario = scenario
        self.page = Page(program, CALLERS)
        self.server = Server(program, self.page, scenario.flags)
        self.payload = scenario.payload()
        for _ in range(3):  # caches and workers come to rest
            self.base = self.ask()
        self.outcome = Outcome(scenario.name)
        self.crowd = []

    def ask(self):
        s = self.scenario
        return self.server.ask(s.method, s.path, self.payload, s.content_type())

    def renew(self):
        self.server.process.kill()
        self.server.process.wait()
        self.server.start()
        self.ask()

    def once(self, mode, first, many):
        """Whether an allocation failed."""
        out, page = self.outcome, self.page
        if self.scenario.fresh_connection:
            self.crowd = [*self.crowd, self.server.connection][-CROWD:] if self.scenario.crowd else []
            self.server.connection = None
        page.arm(mode, self.scenario.place, first, many)
        try:
            got, hangs = self.ask(), False
        except Hang:
            got, hangs = Reply(), True
        page.disarm()
        out.runs += 1
        out.failures += page.failed
        out.most = max(out.most, page.seen)
        failed = page.failed > 0
        if hangs:
            out.found("hangs", page.callers(), first)
            self.renew()
            return failed
        if got.status == 0 and (log := self.server.died()) is not None:
            out.found("crash: " + summary(log), page.callers(), first)
            self.renew()
            return failed
        if page.foreign:
            out.found("GMP or FLINT in the server", page.foreign_callers(), first)
        if (why := wrong(self.scenario, self.base, got)) is not None and not (many == ALL and got.status == 0):
            out.found(why, page.callers(), first)
        self.recover(first)
        return failed

    def recover(self, first):
        """The next request is answered as ever."""
        try:
            got = self.ask()
            if got.status == 0 and self.server.died() is None:
                got = self.ask()  # the connection was closed by the failure before
        except Hang:
            got = None
        if got is not None and same(self.scenario, self.base, got):
            return
        log = self.server.died() if got is not None and got.status == 0 else None
        what = "hangs" if got is None else "crash: " + summary(log) if log else f"status {got.status}: {got.body[:300]!r}"
        self.outcome.found("next request: " + what, self.page.callers(), first)
        self.renew()

    def end(self):
        log = self.server.stop()
        said = self.server.said().decode(errors="replace") if log is None else log  # by its children too
        if log is not None or "Sanitizer" in said or "Assertion" in said:
            self.outcome.found("at the end: " + (summary(said) or said[-600:]), [])


class Run:
    """A scenario that is a run of the program."""

    is_quick = False

    def __init__(self, program, scenario):
        self.scenario, self.program = scenario, program
        self.page = Page(program, CALLERS_OF_RUNS)
        self.outcome = Outcome(scenario.name)
        self.base = self.run()

    def run(self):
        try:
            return subprocess.run([self.program, *self.scenario.args], input=self.scenario.stdin, capture_output=True,
                                  timeout=SECONDS, env=environment(self.page))
        except subprocess.TimeoutExpired:
            return None

    def once(self, mode, first, many):
        out, page = self.outcome, self.page
        page.begin()
        page.arm(mode, self.scenario.place, first, many)
        got = self.run()
        page.disarm()
        out.runs += 1
        out.failures += page.failed
        out.most = max(out.most, page.seen)
        failed = page.failed > 0
        if got is None:
            out.found("hangs", page.callers(), first)
        elif self.is_known(got):
            pass
        elif got.returncode not in (0, 1, 2) or b"Sanitizer" in got.stderr:
            out.found(f"crash: status {got.returncode} " + summary(got.stderr.decode(errors="replace")), page.callers(), first)
        elif got.returncode != 0 and (not got.stderr.strip() or b"memory" not in got.stderr and b"thread" not in got.stderr):
            out.found(f"says not why: {got.stderr[-300:]!r}", page.callers(), first)
        elif got.returncode == 0 and failed and got.stdout != self.base.stdout and b"memory" not in got.stdout:
            out.found(f"another output: {got.stdout[-300:]!r}", page.callers(), first)
        return failed

    def is_known(self, got):
        """libuv has no hook for this, and aborts: when a loop is made, and when the first handles watch something."""
        callers = " ".join(self.page.callers())
        return b"Assertion" not in got.stderr and any(
            f.encode() in got.stderr and place in callers for f, place in ABORTS_AT_START)

    def end(self):
        pass


class Start(Run):
    """A server that starts, gets ready and ends: memory runs out until it is ready, or all the while."""

    def run(self):
        log = tempfile.NamedTemporaryFile(prefix="paranoid-")
        with open(log.name, "ab") as out:
            process = subprocess.Popen([self.program, "serve", *SETTINGS, *BEGINNING, *self.scenario.flags], stdout=out, stderr=out,
                                       env=environment(self.page), preexec_fn=with_the_driver)
        end = time.monotonic() + SECONDS
        while process.poll() is None and b"event=ready" not in pathlib.Path(log.name).read_bytes():
            if time.monotonic() > end:
                process.kill()
                process.wait()
                return None
            time.sleep(0.01)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None
        return subprocess.CompletedProcess([], process.returncode, b"", pathlib.Path(log.name).read_bytes())


def first_fails(subject, full):
    """(mode, first, many) one after the other, told each time whether something failed."""
    out = subject.outcome
    passes = [(EVERY, 1), (EVERY, ALL)] if full else [(FRESH, 1), (FRESH, ALL)] if subject.is_quick else [(FRESH, 1)]
    for mode, many in passes:
        subject.page.forget()
        first, quiet = 1, 0
        while quiet < QUIET and not out.full:
            quiet = 0 if subject.once(mode, first, many) else quiet + 1
            if mode == EVERY and quiet == 0:
                first += ALL_STRIDE if many == ALL else 1 if first < EVERY_BELOW else STRIDE


SUBJECTS = {Request: Exchange, Command: Run, Beginning: Start}


def drive(program, scenario, full):
    begun = time.monotonic()
    try:
        subject = SUBJECTS[type(scenario)](program, scenario)
    except (Hang, RuntimeError) as why:  # with all memory there
        failed = Outcome(scenario.name)
        failed.found(f"it does not work at all: {why!r}", [])
        return failed
    try:
        first_fails(subject, full)
    finally:
        subject.end()
    subject.outcome.seconds = time.monotonic() - begun
    return subject.outcome


def report(out):
    mark = "ok  " if not out.findings else "FAIL"
    print(f"{mark} {out.name}: {out.most} allocations, {out.runs} runs, {out.failures} failed, {out.seconds:.1f} s", flush=True)
    for f in out.findings:
        print(f"    n {f['n']}: {f['what']}\n      in " + " < ".join(f["callers"]), flush=True)


def main():
    read = argparse.ArgumentParser()
    read.add_argument("build")
    read.add_argument("--full", action="store_true")
    read.add_argument("--only", default="")
    read.add_argument("--jobs", type=int, default=os.cpu_count())
    args = read.parse_args()
    program = str(pathlib.Path(args.build).resolve() / "touchstone")
    made = tempfile.TemporaryDirectory(prefix="paranoid-")
    folder = pathlib.Path(made.name)
    everything = [*COMPLETIONS, *VERIFY, *away(PARENT), *away(CHILDREN),
                  *adapters(MODEL, adapter(folder / "plain"), adapter(folder / "dora", dora=True)),
                  *commands(MODEL, str(ROOT / "tests/paranoid/lines.jsonl"), models(folder))]
    chosen = [s for s in everything if re.search(args.only, s.name)]
    bad = 0
    with concurrent.futures.ProcessPoolExecutor(args.jobs) as pool:
        for job in concurrent.futures.as_completed([pool.submit(drive, program, s, args.full) for s in chosen]):
            out = job.result()
            report(out)
            bad += bool(out.findings)
    print(f"{len(chosen) - bad} passed, {bad} failed")
    return 1 if bad or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
