"""The server and its neighbours while hostile programs run: /health answers, honest runs keep their verdicts,
nothing is left. tests/unit/test_hostile.c has the programs that try to break out; these try to break the server.

SPDX-License-Identifier: Apache-2.0
"""

import concurrent.futures
import contextlib
import os
import signal
import time

import pytest
from conftest import Server, wait_until

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
    s = Server()
    yield s
    s.stop()


def left_over(server):
    """Names of the processes below the server, the cells and workers left out: what a run has left."""
    return [name for name, _, _ in server.processes().values() if not name.startswith(("ts-", "touchstone"))]


@pytest.mark.parametrize("name", ATTACKS)
def test_attack(attacked, name):
    language, code = ATTACKS[name]
    body = {"code": code, "language": language, "run_timeout": 1, "compile_timeout": 2}
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        hostile = [pool.submit(attacked.post, "/run_code", body) for _ in range(2)]
        honest = pool.submit(attacked.post, "/verify", HONEST)
        while not all(r.done() for r in [*hostile, honest]):
            assert attacked.http.get("/health").status_code == 200
            time.sleep(0.02)
    for reply in hostile:
        said = reply.result().json()
        starved = language == "c" and "processors" in said["message"]  # of the other attack's doing, or anybody's
        assert reply.result().status_code == 200 and (said["status"] in ("Failed", "Success") or starved), said
    verdict = honest.result().json()["results"][0]
    assert verdict["reward"] == 1, verdict
    wait_until(lambda: not left_over(attacked))


def test_a_python_that_waits_is_killed(attacked):
    """The next item is judged by another one."""
    assert attacked.post("/verify", HONEST).json()["results"][0]["reward"] == 1

    def warm():
        return {pid for pid, (name, _, _) in attacked.processes().items() if name == "ts-warm"}

    wait_until(warm)
    waiting = warm()
    for pid in waiting:
        os.kill(pid, signal.SIGKILL)
    assert attacked.post("/verify", HONEST).json()["results"][0]["reward"] == 1
    wait_until(lambda: warm() - waiting)


def test_an_idle_cell_that_is_killed_is_reaped(attacked):
    """Its worker has no other run to do: the dead are no children of anybody's for long."""
    assert attacked.post("/run_code", {"code": "true", "language": "bash"}).json()["status"] == "Success"
    cells = [p for p, (name, _, _) in attacked.processes().items() if name.startswith("ts-cell")]
    assert cells
    for pid in cells:
        with contextlib.suppress(ProcessLookupError):  # it went with another
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not set(cells) & set(attacked.processes()))
    assert attacked.post("/run_code", {"code": "true", "language": "bash"}).json()["status"] == "Success"
