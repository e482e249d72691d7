"""Other sandboxes' routes, asked as their own clients ask: verl for SandboxFusion, open-r1 for Piston and its routers.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import concurrent.futures
import json
import time

import pytest

from conftest import tries

LONG = 300  # seconds on the wall, the most that may be asked for: what ends by itself shall have the time for it
ADD = "a, b = map(int, input().split())\nprint(a + b)\n"
ADD_CPP = "#include <iostream>\nint main() { long long a, b; std::cin >> a >> b; std::cout << a + b << '\\n'; }\n"


def b64(text):
    return base64.b64encode(text.encode()).decode()


# ---- SandboxFusion: verl/utils/reward_score/sandbox_fusion/utils.py


def verl_call(server, code, stdin, language="python", timeout=LONG, memory_limit_mb=1024):
    """The request of verl's call_sandbox_api()."""
    payload = json.dumps({
        "compile_timeout": timeout, "run_timeout": timeout, "code": code, "stdin": stdin,
        "memory_limit_MB": memory_limit_mb, "language": language, "files": {}, "fetch_files": [],
    })
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    reply = server.http.post("/run_code", content=payload, headers=headers)
    assert reply.status_code == 200, reply.text
    return reply.json()


def verl_verdict(reply, expected):
    """What verl's _process_single_case() makes of a reply."""
    compiled, ran = reply.get("compile_result"), reply.get("run_result")
    if reply["status"] == "SandboxError":
        return -1
    if reply["status"] == "Failed":
        if compiled and (compiled["status"] != "Finished" or compiled["return_code"] != 0):
            return -4
        return -3 if ran["status"] == "TimeLimitExceeded" else -2
    return ran["stdout"].rstrip("\n") == expected.rstrip("\n")


@pytest.mark.parametrize(
    "code, language, timeout, verdict",
    [
        (ADD, "python", LONG, True),
        ("print(7)", "python", LONG, False),
        ("import sys\nsys.exit(3)", "python", LONG, -2),
        ("import os\nos.abort()", "python", LONG, -2),
        ("while True: pass", "python", 1, -3),
        ("import time\ntime.sleep(60)", "python", 1, -3),
        ("x = []\nwhile True: x.append(bytearray(10**7))", "python", LONG, -2),
        (ADD_CPP, "cpp", LONG, True),
        ("int main() { return nothing; }", "cpp", LONG, -4),
        ("read a b; echo $((a + b))", "bash", LONG, True),
        ("print(1)", "lua", LONG, -1),
    ],
)
def test_verl_client(server, code, language, timeout, verdict):
    reply = verl_call(server, code, "1 2\n", language, timeout)
    assert verl_verdict(reply, "3\n") is verdict or verl_verdict(reply, "3\n") == verdict, reply
    assert reply["executor_pod_name"] is None and reply["files"] == {}
    assert (reply["compile_result"] is not None) == (language == "cpp")


def test_fusion_defaults_files_and_signals(server):
    replies = (server.post("/run_code", {"code": "print('hello')", "language": "python"}).json() for _ in tries())
    reply = next(r for r in replies if r["status"] == "Success")  # ten seconds on the wall, which a machine may stand still for
    assert reply["status"] == "Success" and reply["message"] == "" and reply["compile_result"] is None
    assert reply["run_result"].keys() == {"status", "execution_time", "return_code", "stdout", "stderr"}
    assert reply["run_result"]["stdout"] == "hello\n" and reply["run_result"]["execution_time"] > 0
    body = {
        "code": "import sys\nfrom pkg.m import f\nopen('out.bin','wb').write(bytes([0,255])+f())\nprint(sys.argv[1:])",
        "language": "python", "args": ["-k", "x"], "fetch_files": ["out.bin", "missing"], "stdin": None,
        "files": {"pkg/m.py": b64("def f(): return open('data', 'rb').read()"), "data": b64("\u00e4"), "none": None}, "run_timeout": LONG,
    }
    reply = server.post("/run_code", body).json()
    assert reply["status"] == "Success", reply
    assert base64.b64decode(reply["files"]["out.bin"]) == b"\x00\xff\xc3\xa4" and "missing" not in reply["files"]
    assert reply["run_result"]["stdout"] == "['-k', 'x']\n"
    reply = server.post("/run_code", {"code": "kill -SEGV $$", "language": "bash", "run_timeout": LONG}).json()
    assert reply["status"] == "Failed" and reply["run_result"]["return_code"] == -11
    assert server.http.get("/v1/ping").json() == "pong"


@pytest.mark.parametrize(
    "change, param",
    [
        ({"code": None}, "code"),
        ({"code": 5}, "code"),
        ({"language": "cobol"}, "language"),
        ({"run_timeout": 0}, "run_timeout"),
        ({"run_timeout": 1e9}, "run_timeout"),
        ({"compile_timeout": "x"}, "compile_timeout"),
        ({"memory_limit_MB": 1e9}, "memory_limit_MB"),
        ({"files": []}, "files"),
        ({"files": {"../x": ""}}, "files.../x"),
        ({"files": {"x": "%%%"}}, "files.x"),
        ({"fetch_files": ["/etc/passwd"]}, "fetch_files[0]"),
        ({"fetch_files": [1]}, "fetch_files[0]"),
        ({"args": "x"}, "args"),
    ],
)
def test_fusion_errors(server, change, param):
    reply = server.post("/run_code", {"code": "print(1)", "language": "python", **change})
    assert reply.status_code == 400 and reply.json()["error"]["param"] == param, reply.text


def test_fusion_passes_over_what_it_does_not_know(server):
    reply = server.post("/run_code", {"code": "print(1)", "language": "python", "unheard": 1})
    assert reply.status_code == 200 and reply.headers["x-ignored-fields"] == "unheard"


def test_many_in_flight(server):
    """verl keeps 64 requests in flight; the server answers others meanwhile."""
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        replies = [pool.submit(verl_call, server, ADD, f"{i} 1\n") for i in range(64)]
        while not all(r.done() for r in replies):
            assert server.http.get("/health").status_code == 200
            time.sleep(0.01)
    assert [int(r.result()["run_result"]["stdout"]) for r in replies] == [i + 1 for i in range(64)]


# ---- Piston: open_r1/utils/competitive_programming/piston_client.py


def piston(server, path="/api/v2/execute", **data):
    """PistonClient.send_execute(): the caller's data, then language and version."""
    patient = {"compile_timeout": 1000 * LONG, "run_timeout": 1000 * LONG}
    reply = server.http.post(path, json={"version": "*", **patient, **data}, headers={"Content-Type": "application/json"})
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_piston_runtimes(server):
    for path in ("/api/v2/runtimes", "/runtimes"):
        runtimes = {r["language"]: r for r in server.http.get(path).json()}
        assert {"python", "c", "cpp", "bash"} <= runtimes.keys()
        assert "c++" in runtimes["cpp"]["aliases"] and runtimes["python"]["version"]


def test_piston_execute(server):
    files = [{"name": "main.py", "content": ADD}, {"name": "input.txt", "content": "x"}]
    for path in ("/api/v2/execute", "/execute"):
        reply = piston(server, path, language="python", files=files, stdin="1 2", run_memory_limit=268435456)
        assert reply["language"] == "python" and reply["version"] and "compile" not in reply
        run = reply["run"]
        assert (run["stdout"], run["stderr"], run["output"], run["code"], run["signal"]) == ("3\n", "", "3\n", 0, None)
    reply = piston(server, language="c++", files=[{"content": ADD_CPP}], stdin="1 2")
    assert reply["language"] == "cpp" and reply["compile"]["code"] == 0 and reply["run"]["stdout"] == "3\n"
    two = [{"name": "a.cpp", "content": '#include "b.h"\n#include <cstdio>\nint main() { printf("%d", b()); }'},
           {"name": "b.h", "content": "int b();"}, {"name": "b.cpp", "content": "int b() { return 4; }"}]
    assert piston(server, language="c++", files=two)["run"]["stdout"] == "4"
    encoded = [{"content": b64("print(open('d','rb').read())"), "encoding": "base64"},
               {"name": "d", "content": "00ff", "encoding": "hex"}]
    assert piston(server, language="py", version="3.10.0", files=encoded)["run"]["stdout"] == "b'\\x00\\xff'\n"
    shell = [{"name": "run", "content": "echo $1; echo oops >&2; exit 4"}]
    run = piston(server, language="bash", files=shell, args=["one"])["run"]
    assert (run["stdout"], run["stderr"], run["output"], run["code"]) == ("one\n", "oops\n", "one\noops\n", 4)


def test_piston_limits(server):
    """What open-r1 reads of a reply: compile.code, run.code, run.signal, run.stderr."""
    late = piston(server, language="python", files=[{"content": "while True: pass"}], run_timeout=1000)["run"]
    assert late["signal"] == "SIGKILL" and late["code"] is None and late["status"] == "TO"
    big = "x = bytearray(1 << 30)"
    full = piston(server, language="python", files=[{"content": big}], run_memory_limit=1 << 28)["run"]
    assert full["code"] == 1 and "MemoryError" in full["stderr"]
    wrong = piston(server, language="c++", files=[{"content": "int main() { return x; }"}])
    assert wrong["compile"]["code"] == 1 and "x" in wrong["compile"]["stderr"] and wrong["run"]["code"] == 1
    absent = piston(server, language="lua", files=[{"content": "print(1)"}])
    assert "not installed" in absent["message"]


@pytest.mark.parametrize(
    "change, param",
    [
        ({"language": None}, "language"),
        ({"language": "cobol"}, "language"),
        ({"version": None}, "version"),
        ({"version": "2.7"}, "version"),
        ({"files": None}, "files"),
        ({"files": []}, "files"),
        ({"files": [{"name": "x"}]}, "files[0].content"),
        ({"files": [{"content": "1"}, {"name": "/x", "content": ""}]}, "files[1].name"),
        ({"files": [{"content": "1", "encoding": "utf7"}]}, "files[0].encoding"),
        ({"files": [{"content": "0", "encoding": "hex"}]}, "files[0].content"),
        ({"run_timeout": 0}, "run_timeout"),
        ({"args": [1]}, "args[0]"),
        ({"args": ["a\0b"]}, "args[0]"),
        ({"stdin": 1}, "stdin"),
        ({"run_memory_limit": "x"}, "run_memory_limit"),
    ],
)
def test_piston_errors(server, change, param):
    body = {"language": "python", "version": "*", "files": [{"content": "print(1)"}], **change}
    reply = server.post("/api/v2/execute", body)
    assert reply.status_code == 400 and reply.json()["error"]["param"] == param, reply.text


GRADER = '#include "nile.h"\n#include <cstdio>\nint main() { int n; if (scanf("%d", &n) != 1) return 1; printf("%lld\\n", best(n)); }\n'
CHECKER = (
    "#include <fstream>\n#include <iostream>\nint main(int, char **v) { std::ifstream a(v[2]), b(v[3]); long long x = 0, y = -1;"
    " a >> x; b >> y; std::cout << (x == y ? 1.0 : y == x - 1 ? 0.5 : 0.0) << std::endl; }\n"
)


def nile(seconds):
    return {
        "id": "Nile", "time_limit": seconds, "memory_limit": 2147483648,
        "grader_files": [
            ["graders/grader.cpp", GRADER], ["graders/nile.h", "long long best(int n);\n"], ["checker/checker.cpp", CHECKER],
            ["graders/grader_config.json", json.dumps({"task_type": "Batch", "code": "nile", "time_limit": seconds})],
        ],
    }


def ioi_score(server, submission, problem, test_input="7\n", test_output="49\n"):
    """run_submission() and execute_ioi() of open_r1/utils/competitive_programming/ioi_scoring.py."""
    response = piston(
        server, language="cms_ioi",
        files=[
            {"name": f"graders/{problem['id'].lower()}.cpp", "content": submission},
            {"name": "input.txt", "content": test_input},
            *([{"name": "correct_output.txt", "content": test_output}] if test_output else []),
            *({"name": name, "content": content} for name, content in problem["grader_files"] if content),
        ],
        run_timeout=round((problem["time_limit"] + 3) * 1000), run_memory_limit=problem["memory_limit"],
    )
    assert "message" not in response, response
    if "compile" in response and response["compile"]["code"] != 0:
        return "0", "Compilation error exit code " + str(response["compile"]["code"]) + "\n" + response["compile"]["stderr"]
    return response["run"]["stdout"], response["run"]["stderr"]


@pytest.mark.parametrize(
    "body, score, feedback",
    [
        ("return 1LL * n * n;", 1, "Output is correct"),
        ("return 48;", 0.5, "Output is partially correct"),
        ("return 0;", 0, "Output isn't correct"),
        ("for (;;) {}", 0, "Time limit exceeded"),
        ("__builtin_trap();", 0, "Runtime error"),
        ("return n", 0, "Compilation error"),
    ],
)
def test_open_r1_ioi(server, body, score, feedback):
    got = ioi_score(server, f'#include "nile.h"\nlong long best(int n) {{ {body} }}\n', nile(1.0 if "for (;;)" in body else LONG / 3))
    assert float(got[0]) == score and feedback in got[1], got


def codeforces(server, submission, language, checker=None, test_input="1 2", test_output="3", input_mode="stdio"):
    """score_single_test_case() of open_r1/utils/competitive_programming/cf_scoring.py."""
    endless = submission.startswith("while")
    config = {"TIME_LIMIT": 1.0 if endless else LONG / 3, "MEMORY_LIMIT": 256.0, "INPUT_MODE": input_mode}
    result = piston(
        server, language="cf_python3" if language == "python" else "c++17",
        files=[
            {"name": f"main.{language}", "content": submission},
            *([{"name": "checker.py", "content": checker}] if checker else []),
            {"name": "input.txt", "content": test_input}, {"name": "correct_output.txt", "content": test_output},
            {"name": "grader_config", "content": "\n".join(f"{k}={v}" for k, v in config.items())},
        ],
        run_timeout=4000 if endless else 1000 * LONG,
    )
    if result["compile"]["code"] != 0:
        return None
    return result["run"]["code"] == 0 and result["run"]["stdout"].strip() == "1"


def test_open_r1_codeforces(server):
    assert codeforces(server, ADD, "python") is True
    assert codeforces(server, "print(4)", "python") is False
    assert codeforces(server, "while True: pass", "python") is False
    assert codeforces(server, ADD_CPP, "cpp") is True
    assert codeforces(server, "int main() { return x; }", "cpp") is None
    checker = "import sys\na, b = (int(open(p).read()) for p in sys.argv[2:4])\nprint(int(a % 2 == b % 2))\n"
    assert codeforces(server, "print(13)", "python", checker) is True
    assert codeforces(server, "print(12)", "python", checker) is False
    files = "open('output.txt', 'w').write(str(sum(map(int, open('input.txt').read().split()))))"
    assert codeforces(server, files, "python", input_mode="file") is True


# ---- open-r1's routers: open_r1/utils/routed_sandbox.py, routed_morph.py


def routed(server, scripts, languages=None, timeout=LONG, request_timeout=LONG):
    payload = {"scripts": scripts, "languages": languages or ["python"] * len(scripts), "timeout": timeout,
               "request_timeout": request_timeout}
    reply = server.http.post("/execute_batch", json=payload)
    assert reply.status_code == 200, reply.text
    return reply.json()


def e2b_text(item):
    """Execution.text of the client: the main result's."""
    for result in (item["execution"] or {"results": []})["results"]:
        if result["is_main_result"]:
            return result["text"]
    return None


EVALUATE = """
import subprocess, json
def evaluate_code(code, test_cases):
    passed = 0
    for case in test_cases:
        process = subprocess.run(["python3", "-c", code], input=case["input"], text=True, capture_output=True)
        if process.returncode == 0 and process.stdout.strip() == case["output"].strip():
            passed += 1
    return passed / len(test_cases)
code_snippet = {code}
test_cases = json.loads({cases})
evaluate_code(code_snippet, test_cases)
"""


def test_routers(server):
    cases = json.dumps([{"input": "1 2", "output": "3"}, {"input": "2 2", "output": "5"}])
    script = EVALUATE.replace("{code}", json.dumps(ADD)).replace("{cases}", json.dumps(cases))
    items = routed(server, [script, "print('hello world')", "print('hello world)", "1 / 0", "'text'"])
    assert [float(e2b_text(items[0])), e2b_text(items[1]), e2b_text(items[2])] == [0.5, None, None]
    assert float(items[0]["text"]) == 0.5 and items[1]["text"] == "hello world\n"
    assert items[1]["execution"]["logs"] == {"stdout": ["hello world\n"], "stderr": []}
    assert items[2]["execution"]["error"]["name"] == "SyntaxError" and items[3]["execution"]["error"] == {
        "name": "ZeroDivisionError", "value": "division by zero",
        "traceback": items[3]["execution"]["error"]["traceback"]}
    assert all(i["exception_str"] is None and i["execution"]["execution_count"] == 1 for i in items)
    assert e2b_text(items[4]) == "'text'"


def test_routers_limits_and_languages(server):
    late, = routed(server, ["while True: pass"], timeout=1)
    assert late["execution"] is None and "time" in late["exception_str"]
    items = routed(server, ["echo $((1+2))", "int main(void) { return 0; }"], ["bash", "c"])
    assert items[0]["text"] == "3\n" and items[1]["execution"]["error"] is None
    assert routed(server, []) == []
    older = server.post("/execute_batch", {"scripts": ["3"], "language": "python", "timeout": LONG, "request_timeout": LONG})
    assert older.json()[0]["text"] == "3"


@pytest.mark.parametrize(
    "body, param",
    [
        ({}, "scripts"),
        ({"scripts": "x"}, "scripts"),
        ({"scripts": [1]}, "scripts[0]"),
        ({"scripts": ["1"], "languages": []}, "languages"),
        ({"scripts": ["1", "2"], "languages": ["python", "cobol"]}, "languages[1]"),
        ({"scripts": ["1"], "language": "cobol"}, "language"),
        ({"scripts": ["1"], "timeout": -1}, "timeout"),
    ],
)
def test_router_errors(server, body, param):
    reply = server.post("/execute_batch", body)
    assert reply.status_code == 400 and reply.json()["error"]["param"] == param, reply.text


# ---- NeMo-Gym: resources_servers/code_gen/app.py


def gym_body(text, **tests):
    message = {"id": "m", "type": "message", "role": "assistant", "status": "completed",
               "content": [{"type": "output_text", "text": text, "annotations": []}]}
    return {
        "responses_create_params": {"input": [{"role": "user", "content": "Add."}]},
        "response": {"id": "r", "object": "response", "output": [message], "parallel_tool_calls": True, "tools": []},
        "verifier_metadata": {"unit_tests": {"inputs": ["1 2\n", "5 6\n"], "outputs": ["3\n", "11\n"], "fn_name": None, **tests}},
    }


def test_nemo_gym_code(server):
    reply = server.post("/verify", gym_body(f"Like so:\n```python\n{ADD}```\n"))
    assert reply.status_code == 200, reply.text
    got = reply.json()
    assert got["reward"] == 1 and got["extracted_model_code"] == ADD and got["verifier_metadata"]["unit_tests"]["fn_name"] is None
    assert got["extracted_model_output"].startswith("Like so:") and got["response"]["id"] == "r"
    assert server.post("/verify", gym_body("```python\nprint(3)\n```")).json()["reward"] == 0
    empty = server.post("/verify", gym_body("")).json()
    assert empty["reward"] == 0 and empty["extracted_model_code"] is None
    call = gym_body("```python\nclass Solution:\n    def f(self, a, b):\n        return a * b\n```", inputs=["[1, 2]\n2"], outputs=["[1, 2, 1, 2]"], fn_name="f")
    assert server.post("/verify", call).json()["reward"] == 1
    packed = gym_body("x", packed="eJw=")
    assert server.post("/verify", packed).json()["error"]["param"] == "verifier_metadata.unit_tests"
