"""How far the reward reasoning_gym agrees with the scorers of Reasoning Gym's own data sets.

    pip install reasoning-gym
    python tests/bench/reasoning_gym_agreement.py build/release/touchstone [entries a set]

Each data set makes entries; each entry is answered with its own answer and with answers that are wrong in several
ways, and both scores are compared (within 1e-9). Prints a line a data set.

SPDX-License-Identifier: Apache-2.0
"""

import json
import random
import re
import subprocess
import sys

import reasoning_gym
from reasoning_gym.factory import DATASETS

SOURCE = "reward/gym/gym.c"


def names():
    table = open(SOURCE).read().split("rows[] = {")[1].split("};")[0]
    return sorted(set(re.sub(r"gym_\w+|[^a-z0-9_ ]", " ", " ".join(re.findall(r'"([^"]*)"', table))).split()))


def answers(entry, others, rng):
    """Right ones, and wrong ones of several kinds."""
    right = entry["answer"]
    if right is None:  # graph_color keeps its solution elsewhere
        right = json.dumps(entry["metadata"]["possible_answer"])
    digits = [i for i, c in enumerate(right) if c.isdigit()]
    letters = [i for i, c in enumerate(right) if c.isalpha()]
    yield right
    yield right + " and more"
    yield "The answer: " + right
    yield right.upper()
    yield right[: len(right) // 2]
    yield right.replace(" ", "  ")
    yield right.replace(",", ", ")
    for places, letter in ((digits, "0123456789"), (letters, "abcxyz")):
        if places:
            i = rng.choice(places)
            yield right[:i] + rng.choice(letter) + right[i + 1 :]
    yield "\n".join(line for line in right.split("\n")[1:])
    yield " ".join(reversed(right.split()))
    yield rng.choice(others)["answer"] or "x"
    yield "42"
    yield "[1, 2]"
    yield "{}"


def cases(name, count):
    dataset = reasoning_gym.create_dataset(name, size=count, seed=7)
    rng = random.Random(name)
    entries = [dataset[i] for i in range(count)]
    for entry in entries:
        for answer in answers(entry, entries, rng):
            answer = answer.strip()
            try:
                yield entry, answer, float(dataset.score_answer(answer, entry))
            except Exception:
                continue  # their scorer fails on it


def main():
    program, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20
    total = same = 0
    for name in names():
        if name not in DATASETS:
            print(f"{name:28} not in this version")
            continue
        made = list(cases(name, count))
        rewards = [{"name": "reasoning_gym"}]
        lines = [
            json.dumps(
                {"completion": f"<answer>{a}</answer>", "answer": e["answer"] or "", "dataset": name,
                 "metadata": json.dumps(e["metadata"], default=str), "rewards": rewards}
            )
            for e, a, _ in made
        ]
        done = subprocess.run([program, "verify", "--quiet", "-"], input="\n".join(lines) + "\n", capture_output=True, text=True)
        got = [json.loads(line) for line in done.stdout.splitlines()]
        wrong = [(a, want, g["reward"], g["error"]) for (_, a, want), g in zip(made, got)
                 if g["reward"] is None or abs(g["reward"] - want) > 1e-9]
        total += len(made)
        same += len(made) - len(wrong)
        print(f"{name:28} {len(made) - len(wrong):5} of {len(made):5}" + (f"   e.g. {wrong[0]!r}"[:200] if wrong else ""))
    print(f"{'all':28} {same:5} of {total:5} ({100 * same / total:.2f} %)")


if __name__ == "__main__":
    main()
