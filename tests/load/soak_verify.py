"""tests/load/soak_verify.py - many items through `touchstone verify`, and the memory it takes.

    python tests/load/soak_verify.py                                  10 million items
    python tests/load/soak_verify.py --items 2000000 --lines 50000    fewer, less varied
    python tests/load/soak_verify.py --print --lines 1000 > items.jsonl

Generates --lines different items (answers of every kind the accuracy reward knows, right and wrong, in
texts as models write them, some malformed lines), feeds them again and again to one process until --items
have gone through, and looks at the resident memory of the process and its verifier processes. The
first pass fills what is filled once; growth after it is a leak. Exit status 1 when it grows by more than
--growth MiB or an item has no result.

SPDX-License-Identifier: Apache-2.0
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = os.environ.get("TESTED_BIN", str(ROOT / "build/release/touchstone"))
MIB = 1 << 20


def arguments():
    p = argparse.ArgumentParser(description="Soak `touchstone verify`.")
    p.add_argument("--items", type=int, default=10_000_000)
    p.add_argument("--lines", type=int, default=200_000, help="different items")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--hard", type=int, default=20_000, help="one of so many items needs a verifier process")
    p.add_argument("--growth", type=float, default=16, help="MiB of growth after the first pass that are allowed")
    p.add_argument("--print", action="store_true", help="print the items and end")
    return p.parse_args()


# ---- items: each kind gives (gold, the same in another form, something else) ---------------------


def whole(r):
    n = r.randint(-10**r.randint(1, 12), 10**12)
    return str(n), f"{n:,}", str(n + r.choice((-1, 1, 10)))


def fraction(r):
    a, b, k = r.randint(1, 999), r.randint(2, 99), r.randint(2, 9)
    return f"\\frac{{{a}}}{{{b}}}", f"{a * k}/{b * k}", f"\\frac{{{a}}}{{{b + 1}}}"


def decimal(r):
    n = r.randint(1, 10**6)
    return f"{n / 1000:.3f}", f"\\frac{{{n}}}{{1000}}", f"{(n + 1) / 1000:.3f}"


def root(r):
    a, b = r.randint(2, 30), r.choice((2, 3, 5, 6, 7, 10, 11, 13))
    return f"{a}\\sqrt{{{b}}}", f"\\sqrt{{{a * a * b}}}", f"{a}\\sqrt{{{b + 12}}}"


def polynomial(r):
    a, b, x = r.randint(1, 50), r.randint(1, 50), r.choice("xyzt")
    return f"({x}+{a})({x}-{b})", f"{x}^2 + {a - b}{x} - {a * b}", f"({x}+{a})({x}+{b})"


def trigonometry(r):
    x, n = r.choice("xt"), r.randint(1, 20)
    return f"{n}\\sin(2{x})", f"{2 * n}\\cos {x} \\sin {x}", f"{n}\\cos(2{x})"


def logarithm(r):
    a, b = r.randint(2, 40), r.randint(2, 9)
    return f"{b}\\ln {a}", f"\\ln({a}^{b})", f"\\ln({a}+{b})"


def pair(r):
    a, b = r.randint(-99, 99), r.randint(2, 99)
    return f"({a}, \\frac{{1}}{{{b}}})", f"\\left({a}, {b}^{{-1}}\\right)", f"(\\frac{{1}}{{{b}}}, {a})"


def several(r):
    n = r.sample(range(-50, 50), r.randint(2, 6))
    return ", ".join(map(str, n)), "\\{" + ",".join(map(str, reversed(n))) + "\\}", ", ".join(map(str, n[1:]))


def interval(r):
    a = r.randint(-50, 50)
    b = a + r.randint(1, 40)
    return f"[{a}, {b})", f"{a} \\le x < {b}", f"({a}, {b}]"


def equation(r):
    a, b = r.randint(1, 9), r.randint(1, 99)
    return f"y = {a}x + {b}", f"y - {b} = {a}x", f"y = {a}x - {b}"


def matrix(r):
    a, b, c = (r.randint(-9, 9) for _ in range(3))
    form = "\\begin{%s}%s&%s\\\\%s&%s\\end{%s}"
    return (
        form % ("pmatrix", a, b, c, 1, "pmatrix"),
        form % ("bmatrix", a, b, c, "2/2", "bmatrix"),
        form % ("pmatrix", a, b, c, 2, "pmatrix"),
    )


def unit(r):
    n = r.randint(1, 900)
    return f"{n} \\text{{ cm}}", f"{n}\\,\\mathrm{{cm}}", f"{n + 1} cm"


def large(r):
    n = r.randint(10, 4000)
    return f"\\frac{{1}}{{{n}!}}", f"\\frac{{{n + 1}}}{{{n + 1}!}}", f"\\frac{{1}}{{{n + 2}!}}"


def letter(r):
    i = r.randint(0, 4)
    return "ABCDE"[i], f"({'ABCDE'[i]})", "ABCDE"[(i + 1) % 5]


def words(r):
    days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
    i = r.randrange(5)
    return days[i], f"\\text{{{days[i].lower()}}}", days[i - 1]


def nested(r):  # needs a verifier process
    n = r.randint(2, 40)
    return f"1+\\sqrt{{{n}}}", f"\\sqrt{{{n + 1}+2\\sqrt{{{n}}}}}", f"\\sqrt{{{n + 2}+2\\sqrt{{{n}}}}}"


KINDS = [whole, fraction, decimal, root, polynomial, trigonometry, logarithm, pair, several, interval]
KINDS += [equation, matrix, unit, large, letter, words]

TEXTS = [
    "So \\boxed{%s}.",
    "<think>Let me see. %%d steps.</think>\n\nThe final answer is $%s$.",
    "<think>reasons</think><answer>%s</answer>",
    "We get, after all of it,\n#### %s",
    "Therefore the answer is \\(\\boxed{%s}\\), as was to be shown.",
    "%s",
]

FILLER = "Consider the triangle with sides $a$, $b$ and $c$; by the cosine rule $c^2 = a^2 + b^2 - 2ab\\cos\\gamma$. "


def item(r, i, hard):
    gold, same, other = (nested if i % hard == hard - 1 else r.choice(KINDS))(r)
    text = r.choice(TEXTS).replace("%%d", str(i)) % r.choice((gold, same, same, other))
    if r.random() < 0.1:
        text = FILLER * r.randint(1, 10) + text
    return {"id": i, "completion": text, "answer": gold}


def line(r, i, hard):
    roll = r.random()
    if roll < 0.001:
        return "{not json"
    it = item(r, i, hard)
    if roll < 0.002:
        del it["answer"]
    return json.dumps(it)


# ---- the run -------------------------------------------------------------------------------------


def resident(pid):
    """Bytes of a process and all below it."""
    total, parents = 0, {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat") as f:
                fields = f.read().rsplit(")", 1)[1].split()
            parents[int(entry)] = (int(fields[1]), int(fields[21]) * os.sysconf("SC_PAGE_SIZE"))
        except OSError:
            continue
    for p, (_, size) in parents.items():
        q = p
        while q != pid and q in parents:
            q = parents[q][0]
        total += size if q == pid else 0
    return total


def count_results(stream, seen):
    while piece := stream.read1(1 << 20):
        seen[0] += piece.count(b"\n")


def soak(a, lines):
    block = ("\n".join(lines) + "\n").encode()
    passes = -(-a.items // len(lines))
    rewards = json.dumps([{"name": "accuracy"}])
    process = subprocess.Popen(
        [BIN, "verify", "--rewards", rewards, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    seen = [0]
    reader = threading.Thread(target=count_results, args=(process.stdout, seen))
    reader.start()
    began, first, most = time.time(), 0, 0
    for i in range(passes):
        process.stdin.write(block)
        size = resident(process.pid)
        most = max(most, size)
        if i == 0:
            first = size
        if (i + 1) % max(1, passes // 10) == 0 or i == 0:
            print(f"{(i + 1) * len(lines):>10} items fed, {time.time() - began:6.1f} s, {size / MIB:.1f} MiB", flush=True)
    last = resident(process.pid)
    process.stdin.close()
    reader.join()
    status, fed = process.wait(), passes * len(lines)
    seconds = time.time() - began
    print(f"{seen[0]} results of {fed} items in {seconds:.1f} s ({seen[0] / seconds:.0f}/s); status {status}")
    print(f"resident: {first / MIB:.1f} MiB after the first pass, {last / MIB:.1f} at the end, {most / MIB:.1f} at most")
    return status == 0 and seen[0] == fed and last - first <= a.growth * MIB


def main():
    a = arguments()
    r = random.Random(a.seed)
    lines = [line(r, i, a.hard) for i in range(a.lines)]
    if a.print:
        print("\n".join(lines))
        return 0
    return 0 if soak(a, lines) else 1


if __name__ == "__main__":
    sys.exit(main())
