"""touchstone bench and make bench's comparison, on a tiny model and with peers that only pretend.

The figures of a test machine mean nothing; that they are there, and in their places, is what is tested.

SPDX-License-Identifier: Apache-2.0
"""

import json
import subprocess
import sys
import xml.dom.minidom

import pytest

from conftest import BIN, ENVIRONMENT, PATIENCE, ROOT, TINY



def bench(*flags, status=0):
    command = [BIN, "bench", "--model", TINY, "--repeat", "1", *flags]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=3 * PATIENCE)
    assert done.returncode == status, done.stderr
    return done.stdout


def test_json():
    got = json.loads(bench("--json", "--batch", "1,3", "--prompt", "8", "--generate", "4", "--read", "16", "--long", "99999"))
    rows = {(r["part"], r["batch"]): r for r in got["results"]}
    assert set(rows) == {("prompt", 1), ("batch", 1), ("batch", 3), ("context", 1), ("first-token", 32)}
    assert rows["context", 1]["prompt"] == got["context"] - 32, "cut to what fits"
    assert "decode_tokens_per_s" not in rows["prompt", 1]
    for part in (("prompt", 1), ("batch", 3), ("context", 1)):
        assert rows[part]["prompt_tokens_per_s"] > 0 and rows[part]["prompt_share"] > 0
    for part in (("batch", 1), ("batch", 3), ("context", 1)):
        assert rows[part]["decode_tokens_per_s"] > 0 and rows[part]["decode_share"] > 0
    late = rows["first-token", 32]
    assert 0 < late["first_token_s"] <= late["first_token_worst_s"]
    limits = got["limits"]
    assert set(limits) == {"int8_loop", "float_loop", "int8_macs", "float_macs", "read_bytes"}
    assert min(limits[k] for k in ("int8_macs", "float_macs", "read_bytes")) > 0
    # the model is tied: a token's products with its logits are every matrix once, all parameters but the norms' few
    done = sum(w["layers"] + w["output"] for w in got["multiply_adds"].values())
    assert 0.98 * got["parameters"] < done <= got["parameters"]
    assert rows["prompt", 1]["prompt_share"] < rows["prompt", 1]["prompt_share_by_parameters"], "one row of logits"
    assert 0 < got["loaded_bytes"] <= got["peak_bytes"]
    assert 0 < got["packed_bytes"] <= 1.15 * got["tensor_bytes"]


@pytest.mark.parametrize("isa,loop", [("generic", "pmaddwd"), ("avx2", "vpmaddubsw")])
def test_the_limit_is_that_of_the_set_in_use(isa, loop):
    got = json.loads(bench("--json", "--only", "batch", "--batch", "1", "--prompt", "4", "--generate", "2", "--isa", isa))
    assert got["isa"] == isa and got["limits"]["int8_loop"].startswith(loop)


def test_markdown_of_one_part():
    lines = bench("--only", "batch", "--batch", "2", "--prompt", "4", "--generate", "2").splitlines()
    assert sum(line.startswith("| batch") for line in lines) == 1
    assert not any(line.startswith("| prompt") for line in lines)


@pytest.mark.parametrize(
    "flags",
    [["--batch", "1,x"], ["--batch", "0"], ["--batch", "5000"], ["--only", "speed"], ["--only", "batch,speed"],
     ["--prompt", "0"], ["--repeat", "101"], ["word"]],
)
def test_wrong_flags(flags):
    bench(*flags, status=2)


def pretend(folder, name, text):
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\n")
    path.chmod(0o755)


TABLE = """
|    PP |     TG |    B |   N_KV |   T_PP s | S_PP t/s |   T_TG s | S_TG t/s |      T s |    S t/s |
|-------|--------|------|--------|----------|----------|----------|----------|----------|----------|
|   128 |     64 |    2 |    384 |    0.396 |  1234.50 |    1.082 |     7.39 |    1.478 |    27.07 |

timings follow"""


def test_a_row_that_fell_is_told(tmp_path):
    """Ten per cent below what the same machine measured last, beside the same peer; and nothing else."""
    sys.path.insert(0, str(ROOT / "tests/bench"))
    import recorded

    def measured(**rows):
        own = {"isa": "avx2", "threads": 2, "model": "m", "quantisation": "Q4_K"}
        rows = [{"name": n, "tokens_per_s": {"touchstone": ours, "llama.cpp": 100.0}} for n, ours in rows.items()]
        return {"cpu": "a CPU", "touchstone": own, "results": rows}

    path = tmp_path / "recorded.json"
    assert recorded.fallen(measured(one=1), path) == []
    recorded.record(measured(one=200, two=300), path)
    recorded.record(measured(two=400), path)
    assert recorded.fallen(measured(one=181, two=361, three=1), path) == []
    assert recorded.fallen(measured(one=179, two=401), path) == ["m, Q4_K, one: 1.79 times llama.cpp; 2.00 is recorded"]
    other = measured(one=1) | {"cpu": "another CPU"}
    assert recorded.fallen(other, path) == []


def test_comparison_of_a_shape(tmp_path):
    """Files of random weights are ones that can be served; real_sizes.py itself takes too long for a test."""
    sys.path.insert(0, str(ROOT / "tests/bench"))
    import dataclasses

    import random_model

    vocabulary = random_model.Vocabulary(TINY, 5000)
    for name, kinds in {"1.5b": ["q4_k", "q8_0", "q4_0"], "8b": ["q4_k"], "0.5b": ["q4_0"]}.items():
        shape = dataclasses.replace(random_model.SHAPES[name], layers=2, embd=512, heads=4, kv_heads=2, ff=768, vocab=5000)
        for kind in kinds:
            path = tmp_path / "random.gguf"
            with path.open("wb") as f:
                random_model.write(f, shape, kind, "random", vocabulary)
            command = [BIN, "run", "--model", path, "--raw", "--max-tokens", "2", "a b c"]
            done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=PATIENCE)
            assert done.returncode == 0, done.stderr


def test_comparison(tmp_path):
    for peer in ("llama", "ik"):
        pretend(tmp_path / peer, "llama-bench", '[{"n_prompt": 512, "avg_ts": 11.5}]')
        pretend(tmp_path / peer, "llama-batched-bench", TABLE)
    out = tmp_path / "out"
    command = [sys.executable, ROOT / "tests/bench/compare.py", "--model", TINY, "--program", BIN, "--out", out]
    command += ["--llama-cpp", tmp_path / "llama", "--ik-llama-cpp", tmp_path / "ik"]
    command += ["--rounds", "1", "--batches", "1,2", "--clients", "2", "--record", "--recorded", tmp_path / "recorded.json"]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=3 * PATIENCE)
    assert done.returncode == 0, done.stderr
    got = json.loads((out / "results.json").read_text())
    rows = {r["name"]: r for r in got["results"]}
    assert rows["prompt of 512"]["tokens_per_s"]["llama.cpp"] == 11.5
    assert rows["batch 2"]["tokens_per_s"]["ik_llama.cpp -rtr"] == 7.39
    for row in rows.values():
        ours = row["tokens_per_s"]["touchstone"]
        assert row["ratio"] == pytest.approx(ours / max(v for n, v in row["tokens_per_s"].items() if n != "touchstone"), abs=0.01)
        assert row["share_of_limit"] > 0
    assert set(got["http"]["of_engine"]) == {"streaming", "whole"} and min(got["http"]["tokens_per_s"].values()) > 0
    table = (out / "results.md").read_text()
    assert "| batch 2 |" in table and "to the best peer" in table
    (machine,) = json.loads((tmp_path / "recorded.json").read_text()).values()
    (kept,) = machine.values()
    assert kept["batch 2"]["llama.cpp"] == pytest.approx(rows["batch 2"]["tokens_per_s"]["touchstone"] / 7.39, abs=0.01)
    plot = xml.dom.minidom.parseString((out / "throughput.svg").read_text())
    assert len(plot.getElementsByTagName("polyline")) == 4
