"""The server and its neighbours while hostile programs run: /health answers, honest runs keep their verdicts,
nothing is left. tests/unit/test_hostile.c has the programs that try to break out; these try to break the server.

SPDX-License-Identifier: Apache-2.0
"""

import concurrent.futures
import os
import time

import pytest

ATTACKS = {
    "fork bomb": ("bash", "b() { b | b & }; b; sleep 100"),
    "fork bomb in Python": ("python", "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass"),
    "threads": ("python", "import threading,time\nwhile True:\n  try: threading.Thread(target=time.sleep,args=(9,)).start()\n  except RuntimeError: pass"),
    "memory": ("python", "x = []\nwhile True: x.append(bytearray(10**7))"),
    "output": ("bash", "yes"),
    "stderr": ("bash", "yes >&2"),
    "sleeper": ("python", "import time\ntime.sleep(1000)"),
    "deaf sleeper": ("bash", "trap '' TERM INT HUP; sleep 1000"),
    "daemon": ("bash", "setsid sleep 1000 & exit 0"),
    "files": ("python", "for i in range(10**6): open(str(i), 'w').close()"),
    "disk": ("python", "f = open('x', 'wb')\nwhile True: f.write(b'x' * 10**6)"),
    "deep folders": ("python", "import os\nwhile True:\n  os.mkdir('d'); os.chdir('d')"),
    "macro bomb": ("c", "#define A B B B B B B B B\n#define B C C C C C C C C\n#define C D D D D D D D D\n#define D E E E E E E E E\n#define E F F F F F F F F\n#define F int;int;\nA A A A\n"),
    "kills everyone": ("bash", "kill -9 -1"),
    "kills its parent": ("bash", "kill -9 $PPID; sleep 1"),
}
HONEST = {
    "completion": "```python\nprint(sum(map(int, input().split())))\n```",
    "rewards": [{"name": "code"}],
    "tests": [{"stdin": "1 2", "stdout": "3"}, {"stdin": "5 6", "stdout": "11"}],
}


@pytest.fixture(scope="module")
def attacked():
    from conftest import Server

    s = Server()
    yield s
    s.stop()


def descendants(pid):
    """Processes below pid by name, the cells and workers left out: what a run has left."""
    parents, names = {}, {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = open(f"/proc/{entry}/stat").read()
            except OSError:
                continue
            names[int(entry)] = stat[stat.index("(") + 1:stat.rindex(")")]
            parents[int(entry)] = int(stat[stat.rindex(")") + 1:].split()[1])
    below, found = {pid}, []
    for _ in range(8):
        below |= {p for p, parent in parents.items() if parent in below}
    for p in below - {pid}:
        if not names[p].startswith(("ts-", "touchstone")):
            found.append(names[p])
    return found


def health_seconds(server):
    began = time.time()
    assert server.http.get("/health").status_code == 200
    return time.time() - began


@pytest.mark.parametrize("name", ATTACKS)
def test_attack(attacked, name):
    language, code = ATTACKS[name]
    body = {"code": code, "language": language, "run_timeout": 1, "compile_timeout": 2}
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        hostile = [pool.submit(attacked.post, "/run_code", body) for _ in range(2)]
        honest = pool.submit(attacked.post, "/verify", HONEST)
        during = []
        while not all(r.done() for r in [*hostile, honest]):
            during.append(health_seconds(attacked))
            time.sleep(0.02)
    for reply in hostile:
        assert reply.result().status_code == 200 and reply.result().json()["status"] in ("Failed", "Success")
    assert honest.result().json()["results"][0]["reward"] == 1
    assert min(health_seconds(attacked) for _ in range(5)) < 0.1
    assert sorted(during)[len(during) // 2] < 0.1, f"median {sorted(during)[len(during) // 2]:.3f} s"
    deadline = time.time() + 10
    while left := descendants(attacked.process.pid):
        assert time.time() < deadline, left
        time.sleep(0.1)
    print(f"{name}: /health during it: median {sorted(during)[len(during) // 2] * 1e3:.1f} ms, most {max(during) * 1e3:.1f} ms")
