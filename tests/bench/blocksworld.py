"""tests/bench/blocksworld.py BINARY MODEL PLANBENCH [INSTANCES ROUNDS] - what the verifier's word is worth: PlanBench's Blocksworld with `revise`.

PLANBENCH is the folder plan-bench of github.com/karthikv792/LLMs-Planning, which is not a part of this project. Its first instances of task 1
(one example, then the problem in sentences) are asked through /v1/rollouts, four samples each, once as free text and once under a form that
lets only sequences of actions through. A sample that fails is told which precondition of which step is not met, or
which goals, up to ROUNDS times. Beside it, as what any revision must beat: as many tries from scratch. Printed is the share of samples that
reach the goal after each round, or after so many tries.

SPDX-License-Identifier: Apache-2.0
"""
import json
import pathlib
import re
import subprocess
import sys
import urllib.request

SAMPLES = 4
BLOCK = "the [a-z]+ block"
ACTION = f"(pick up {BLOCK}|put down {BLOCK}|stack {BLOCK} on top of {BLOCK}|unstack {BLOCK} from on top of {BLOCK})\n"
REWARDS = [{"name": "plan", "format": "planbench-nl", "lenient": True}]


def post(port, path, body):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=7200) as reply:
        return json.load(reply)


def instances(folder, n):
    tasks = json.loads((folder / "prompts/blocksworld/task_1_plan_generation.json").read_text())["instances"][:n]
    for t in tasks:
        pddl = (folder / f"instances/blocksworld/generated_basic/instance-{t['instance_id']}.pddl").read_text()
        yield {"id": str(t["instance_id"]), "domain": "blocksworld", "problem": pddl,
               "messages": [{"role": "user", "content": t["query"].rstrip().removesuffix("[PLAN]")}]}


def forced(prompts):
    """Only actions on the blocks that these problems name."""
    colours = sorted(set(re.findall("the ([a-z]+) block", " ".join(p["messages"][0]["content"] for p in prompts))))
    return {"structured_outputs": {"regex": "(" + ACTION.replace("[a-z]+", "(" + "|".join(colours) + ")") + "){1,10}"}}


def right(turn):
    return turn["reward"] == 1


def curve_of_rounds(groups, rounds):
    rows = [s["turns"] for g in groups for s in g["samples"]]
    return [sum(any(map(right, turns[:k + 1])) for turns in rows) / len(rows) for k in range(rounds + 1)]


def curve_of_tries(groups, rounds):
    rows = [g["samples"][i * (rounds + 1):(i + 1) * (rounds + 1)] for g in groups for i in range(SAMPLES)]
    return [sum(any(map(right, tries[:k + 1])) for tries in rows) / len(rows) for k in range(rounds + 1)]


def causes(groups):
    last = [s["details"]["plan"].get("reason", s["details"]["plan"].get("cause")) for g in groups for s in g["samples"] if s["details"]]
    return {c: last.count(c) for c in sorted(set(map(str, last)))}


def main():
    binary, model, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    n, rounds = map(int, sys.argv[4:6]) if len(sys.argv) > 5 else (50, 4)
    prompts = list(instances(folder, n))
    server = subprocess.Popen([binary, "serve", "--model", model, "--port", "0"], stderr=subprocess.PIPE, text=True)
    port = next(m.group(1) for line in server.stderr if (m := re.search(r"event=listening .*port=(\d+)", line)))
    next(line for line in server.stderr if "event=ready" in line)
    for name, form in (("free", {}), ("only actions", forced(prompts))):
        body = {"prompts": prompts, "seed": 1, "rewards": REWARDS, "return": ["text"],
                "sampling": {"temperature": 0.7, "max_tokens": 120, "stop": ["[PLAN END]"], **form}}
        if form:
            del body["sampling"]["stop"]
        revised = post(port, "/v1/rollouts", {**body, "n": SAMPLES, "revise": {"rounds": rounds}})["groups"]
        fresh = post(port, "/v1/rollouts", {**body, "n": SAMPLES * (rounds + 1)})["groups"]
        for what, curve in (("told", curve_of_rounds(revised, rounds)), ("fresh", curve_of_tries(fresh, rounds))):
            print(f"{name}, {what}: " + " ".join(f"{100 * x:.1f}" for x in curve) + " %", flush=True)
        print(f"{name}, last word: {causes(revised)}", flush=True)
    server.terminate()


if __name__ == "__main__":
    main()
