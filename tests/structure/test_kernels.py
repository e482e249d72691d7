"""The loops over blocks in the products' kernels, and those over dimensions and keys in attention's, keep their
accumulators in registers: what a compiler puts on the stack there, it loads and stores a hundred million times a second."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
BIN = pathlib.Path(os.environ.get("TESTED_BIN", ROOT / "build/release/touchstone"))
DOT = re.compile(r"vpmaddubsw|vpmaddwd|vpdpbusd")
FMA = re.compile(r"vfmadd231ps")
LINE = re.compile(r"\s*([0-9a-f]+):\s+(.*)")
JUMP = re.compile(r"j\w+\s+([0-9a-f]+)")
# Where many rows share weights: prompts and batches. Others unpack weights for a few rows, on registers that are not there.
MANY_ROWS = {"part_wide", "part_bytes4", "part_bytes5", "part_bytes_m4", "part_bytes_m5", "part_bytes", "part_bytes_m"}


# Attention's, of the cache types that need no scales.
ATTENTION = {"score_f32", "score_f16", "add_values_f32", "add_values_f16"}


def functions(path, names=r"part_[^>]+"):
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path], capture_output=True, text=True, check=True).stdout
    for name, body in re.findall(rf"^[0-9a-f]+ <({names})>:\n((?:.+\n)+)", text, re.M):
        lines = [LINE.match(line) for line in body.splitlines()]
        yield name, [(int(m[1], 16), m[2]) for m in lines if m]


def block_loops(body, dot=DOT):
    """The innermost loops that multiply, each a list of instructions."""
    index = {address: i for i, (address, _) in enumerate(body)}
    found = []
    for i, (_, text) in enumerate(body):
        jump = JUMP.match(text)
        start = index.get(int(jump[1], 16), i) if jump else i
        if start < i and any(dot.search(t) for _, t in body[start:i]):
            found.append((start, i))
    inner = [a for a in found if not any(b != a and a[0] <= b[0] and b[1] <= a[1] for b in found)]
    return [[text for _, text in body[start:end + 1]] for start, end in inner]


def built(isa):
    """The object of a set, and what its compiler says of itself."""
    path = BIN.parent / f"engine/kernels/{isa}.o"
    if BIN.parent.name != "release" or not path.exists() or not shutil.which("objdump"):
        pytest.skip("the objects of a release build are not here")
    comment = subprocess.run(["readelf", "-p", ".comment", path], capture_output=True, text=True, check=True).stdout
    return path, comment


def on_stack(loop):
    return sum("mm" in text and "(%rsp" in text for text in loop)


@pytest.mark.parametrize("isa", ["avx2", "avxvnni", "avx512vnni"])
def test_accumulators_stay_in_registers(isa):
    path, compiler = built(isa)
    # clang 14 has one sum too many in its largest loops, gcc 14 two in one of avx2's
    allowed = 2 if "clang" in compiler else 4 if ") 14." in compiler and isa == "avx2" else 0
    seen, spilled = set(), {}
    for name, body in functions(path):
        for loop in block_loops(body):
            seen.add(name)
            if on_stack(loop) > allowed and name in MANY_ROWS:
                spilled[name] = on_stack(loop)
    assert len(seen & MANY_ROWS) >= 2 and "part_plain4" in seen, "the loops were found"
    assert spilled == {}


@pytest.mark.parametrize("isa", ["avx2", "avxvnni", "avx512vnni"])
def test_sums_of_attention_stay_in_registers(isa):
    path, compiler = built(isa)
    allowed = 2 if "clang" in compiler else 0
    seen, spilled = {}, {}
    for name, body in functions(path, "|".join(ATTENTION)):
        loops = block_loops(body, FMA)
        seen[name] = max(sum(bool(FMA.search(text)) for text in loop) for loop in loops)
        if max(map(on_stack, loops)) > allowed:
            spilled[name] = max(map(on_stack, loops))
    assert seen.keys() == ATTENTION and min(seen.values()) >= 12, "the loops were found"
    assert spilled == {}
