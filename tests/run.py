"""tests/run.py BUILD [WORD...] - run every test program of one build folder and count.

Kinds of tests, one closing line:
  BUILD/tests/unit/*, BUILD/tests/golden/test_*   cmocka programs
  BUILD/tests/fuzz/fuzz_*                         each replays tests/fuzz/corpus/<name>/*
  tests/http/, tests/structure/                   pytest: the server BUILD/touchstone, the source tree
  make WORD                                       what the Makefile builds and runs (race, paranoid-part)
A program that dies, hangs or prints no count is one failure. Output is shown only of what fails.

SPDX-License-Identifier: Apache-2.0
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree

TIMEOUT_S = 3600    # of one program, on a machine ten times slower than any
LONG_S = 6 * 3600   # of all tests in pytest, each of which has a patience of its own


def run(command, env=None, timeout=TIMEOUT_S):
    """Exit status and all output; a hang counts as status -1."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=timeout, env=env)
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as hang:
        output = (hang.stdout or b"").decode(errors="replace")
        return -1, f"{output}\nno end after {timeout} s"


def cmocka_counts(output):
    found = re.findall(r"\[  (PASSED|FAILED|SKIPPED) +\] (\d+) test", output)
    return [sum(int(n) for w, n in found if w == kind) for kind in ("PASSED", "FAILED", "SKIPPED")]


def program(path):
    """A cmocka program: (passed, failed, skipped, output)."""
    status, output = run([path])
    passed, failed, skipped = cmocka_counts(output)
    if (status != 0 or passed + skipped == 0) and failed == 0:
        failed = 1
    return passed, failed, skipped, output


def replay(path):
    """A fuzzer over its kept inputs: one test."""
    corpus = pathlib.Path("tests/fuzz/corpus") / path.name.removeprefix("fuzz_")
    inputs = sorted(str(f) for f in corpus.glob("*")) if corpus.is_dir() else []
    status, output = run([path, *inputs])
    return (1, 0, 0, output) if status == 0 else (0, 1, 0, output)


def pytest(build):
    report = build / "pytest.xml"
    report.unlink(missing_ok=True)
    env = dict(os.environ, TESTED_BIN=str((build / "touchstone").resolve()))
    status, output = run([sys.executable, "-m", "pytest", "-q", "tests/http", "tests/structure",
                          f"--junitxml={report}", "-p", "no:cacheprovider"], env, LONG_S)
    if not report.exists():
        return 0, 1, 0, output
    suite = xml.etree.ElementTree.parse(report).getroot().find("testsuite")
    total, bad, skipped = (int(suite.get(k)) for k in ("tests", "failures", "skipped"))
    bad += int(suite.get("errors"))
    if status not in (0, 1) and bad == 0:
        bad = 1
    return total - bad - skipped, bad, skipped, output


def word(name):
    """A word of the Makefile, which prints cmocka's counts and at last "N passed, N failed"."""
    given = os.environ.get("MAKEFLAGS", "").partition(" -- ")[2]  # CC=clang and the like, but no jobserver's descriptors
    status, output = run(["make", "--no-print-directory", name], {**os.environ, "MAKEFLAGS": f" -- {given}" if given else ""}, LONG_S)
    passed, failed, skipped = cmocka_counts(output)
    said = re.findall(r"^(\d+) passed, (\d+) failed$", output, re.M)
    if said:
        passed, failed = passed + int(said[-1][0]), failed + int(said[-1][1])
    if (status != 0 or not said) and failed == 0:
        failed = 1
    return passed, failed, skipped, output


def main():
    build = pathlib.Path(sys.argv[1])
    programs = sorted(p for kind in ("unit/test_*", "golden/test_*") for p in (build / "tests").glob(kind)
                      if p.suffix == "")
    replays = sorted(p for p in (build / "tests/fuzz").glob("fuzz_*") if p.suffix == "")
    totals = [0, 0, 0]

    def count(name, result):
        passed, failed, skipped, output = result
        for i, n in enumerate((passed, failed, skipped)):
            totals[i] += n
        mark = "ok  " if failed == 0 else "FAIL"
        print(f"{mark} {name}: {passed} passed, {failed} failed, {skipped} skipped", flush=True)
        if failed:
            print(output[-8000:], flush=True)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [(p, pool.submit(program, p)) for p in programs] + [(p, pool.submit(replay, p)) for p in replays]
        for path, job in jobs:
            count(path.name, job.result())
    count("pytest", pytest(build))
    for name in sys.argv[2:]:
        count("make " + name, word(name))
    passed, failed, skipped = totals
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
