"""tests/bench/real_sizes.py - compare.py on files of real models' shapes (random_model.py).

    python3 tests/bench/real_sizes.py --vocabulary FILE.gguf --out DIR [--shapes 0.5b,1.5b] [--types q4_k] [-- compare.py's flags]

Rows: prompts of 512 and 2048 tokens, batches of 1, 8 and 32. A file is written into --out, measured beside the peers, and
removed again, so that one at a time is there. 8b has to be asked for: 4.7 GB, and about as much memory.

SPDX-License-Identifier: Apache-2.0
"""

import argparse
import pathlib
import subprocess
import sys

import random_model

HERE = pathlib.Path(__file__).parent
ROWS = ["--prompts", "512,2048", "--batches", "1,8,32", "--no-http"]


def measure(shape, kind, a):
    out = a.out / f"{shape}-{kind}"
    out.mkdir(parents=True, exist_ok=True)
    model = out / f"random-{shape}-{kind}.gguf"  # by its name the ratios are recorded
    vocabulary = random_model.Vocabulary(a.vocabulary, random_model.SHAPES[shape].vocab)
    try:
        with model.open("wb") as f:
            random_model.write(f, random_model.SHAPES[shape], kind, f"random {shape} {kind}", vocabulary)
        subprocess.run([sys.executable, HERE / "compare.py", "--model", model, "--out", out, *ROWS, *a.rest], check=True)
    finally:
        model.unlink(missing_ok=True)


def main():
    p = argparse.ArgumentParser(description="Compare touchstone with its peers on files of real models' shapes.")
    p.add_argument("--vocabulary", required=True, help="a GGUF file with a byte-level vocabulary")
    p.add_argument("--out", required=True, type=pathlib.Path)
    p.add_argument("--shapes", default="0.5b,1.5b")
    p.add_argument("--types", default="q4_k")
    p.add_argument("rest", nargs="*", help="after --: for compare.py")
    a = p.parse_args()
    for shape in a.shapes.split(","):
        for kind in a.types.split(","):
            measure(shape, kind, a)


if __name__ == "__main__":
    main()
