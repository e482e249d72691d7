"""tests/bench/compare.py - touchstone bench, beside other programs on the same file.

    python3 tests/bench/compare.py --model FILE.gguf [--llama-cpp DIR] [--ik-llama-cpp DIR] --out DIR

The directories hold the peers' own llama-bench and llama-batched-bench. For every shape (a prompt of 512; batches
of 1 to 64 with prompts of 128 and 64 new tokens each; ...) all programs run one after another, and that
several times over: A B C A B C. What counts is the median of each program's rounds, so that a
machine that slows down for a minute slows all of them. Writes results.json, results.md and throughput.svg.
Uses the standard library only.

SPDX-License-Identifier: Apache-2.0
"""

import argparse
import dataclasses
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

import plot
import recorded
import through_http

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/release"
BATCHES = [1, 2, 4, 8, 16, 32, 64]


@dataclasses.dataclass(frozen=True)
class Shape:
    """What all programs are asked to do. kind is one of touchstone bench's parts."""

    name: str
    kind: str
    batch: int
    prompt: int
    generate: int
    figure: str  # "prompt" or "decode": which speed is compared


def shapes(prompts, batches, context):
    for n in prompts:
        yield Shape(f"prompt of {n}", "prompt", 1, n, 1, "prompt")
    for b in batches:
        yield Shape(f"batch {b}", "batch", b, 128, 64, "decode")
    if context >= 4096 + 32:
        yield Shape("prompt of 4096", "context", 1, 4096, 32, "prompt")
        yield Shape("one stream after 4096", "context", 1, 4096, 32, "decode")


def output_of(command):
    """What a program prints, to (stdout, stderr). Peers run outside the repository, where they can leave nothing."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, cwd="/tmp")
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: exit status {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout, done.stderr


class Touchstone:
    name = "touchstone"

    def __init__(self, program, model, threads):
        self.base = [program, "bench", "--model", model, "--threads", threads, "--repeat", 1, "--json"]
        self.last = None

    def bench(self, *flags):
        self.last = json.loads(output_of([*self.base, *flags])[0])
        return self.last

    def run(self, shape):
        flags = {
            "prompt": ["--read", shape.prompt],
            "batch": ["--batch", shape.batch, "--prompt", shape.prompt, "--generate", shape.generate],
            "context": ["--long", shape.prompt],
        }[shape.kind]
        row = self.bench("--only", shape.kind, *flags)["results"][0]
        return {
            "prompt": row["prompt_tokens_per_s"],
            "decode": row.get("decode_tokens_per_s"),
            "share": row.get(f"{shape.figure}_share"),
        }


class Llama:
    """llama.cpp, or ik_llama.cpp, which has the same two programs."""

    def __init__(self, name, folder, model, threads, bench_flags=(), batched_flags=()):
        self.name = name
        self.bench = [pathlib.Path(folder) / "llama-bench", "-m", model, "-t", threads, "-r", 1]
        self.bench += ["-o", "json", *bench_flags]
        self.batched = [pathlib.Path(folder) / "llama-batched-bench", "-m", model, "-t", threads]
        self.batched += batched_flags

    def run(self, shape):
        if shape.kind == "prompt":
            out, _ = output_of([*self.bench, "-p", shape.prompt, "-n", 0])
            return {"prompt": json.loads(out)[0]["avg_ts"]}
        room = shape.batch * (shape.prompt + shape.generate) + 256
        flags = ["-c", room, "-npp", shape.prompt, "-ntg", shape.generate, "-npl", shape.batch]
        return self.table_row("".join(output_of([*self.batched, *flags])))

    @staticmethod
    def table_row(text):
        """Of the table | PP | TG | B | N_KV | T_PP s | S_PP t/s | T_TG s | S_TG t/s | ..., which one of them prints
        to stdout and the other to stderr."""
        line = next(l for l in reversed(text.splitlines()) if l.startswith("|"))
        cells = [float(c) for c in line.strip("|").split("|")]
        return {"prompt": cells[5], "decode": cells[7]}


def programs(a):
    found = [Touchstone(a.program, a.model, a.threads)]
    if a.llama_cpp:
        found.append(Llama("llama.cpp", a.llama_cpp, a.model, a.threads))
    if a.ik_llama_cpp:
        # Which of its two layouts is faster depends on the file's type.
        ik = ("ik_llama.cpp", a.ik_llama_cpp, a.model, a.threads)
        found.append(Llama(*ik))
        found.append(Llama(ik[0] + " -rtr", *ik[1:], ("-rtr", 1), ("-rtr",)))
    return found


def measure(a, found, asked):
    """{shape: {program: [speed, ...]}} and the shares of touchstone."""
    speeds = {s.name: {p.name: [] for p in found} for s in asked}
    shares = {s.name: [] for s in asked}
    for round_ in range(a.rounds):
        for shape in asked:
            for program in found:
                result = program.run(shape)
                speeds[shape.name][program.name].append(result[shape.figure])
                if "share" in result:
                    shares[shape.name].append(result["share"])
            line = ", ".join(f"{n} {v[-1]:.1f}" for n, v in speeds[shape.name].items())
            print(f"round {round_ + 1}, {shape.name}: {line}", file=sys.stderr, flush=True)
    return speeds, shares


def summary(asked, found, speeds, shares):
    rows = []
    for s in asked:
        medians = {n: round(statistics.median(v), 2) for n, v in speeds[s.name].items()}
        peers = {n: v for n, v in medians.items() if n != Touchstone.name}
        best = max(peers, key=peers.get) if peers else None
        rows.append(
            {
                **dataclasses.asdict(s),
                "tokens_per_s": medians,
                "rounds": speeds[s.name],
                "share_of_limit": round(statistics.median(shares[s.name]), 4),
                "best_peer": best,
                "ratio": round(medians[Touchstone.name] / peers[best], 2) if best else None,
            }
        )
    return rows


def cpu_name():
    with open("/proc/cpuinfo") as f:
        return next((l.split(":")[1].strip() for l in f if l.startswith("model name")), platform.machine())


def commit():
    done = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip()


def markdown(r):
    own, limits = r["touchstone"], r["touchstone"]["limits"]
    names = list(r["results"][0]["tokens_per_s"])
    lines = [
        f"# {own['model']}, {own['quantisation']}",
        "",
        f"{r['date']}; {r['cpu']}, {own['threads']} threads, {own['isa']} kernels; touchstone {r['commit']}. Medians of "
        f"{r['rounds']} interleaved rounds, tokens/s.",
        "",
        f"- the machine, in the same run: {limits['int8_macs'] / 1e9:.0f} G int8 multiply-adds/s "
        f"({limits['int8_loop']}), {limits['float_macs'] / 1e9:.0f} G float32, {limits['read_bytes'] / 1e9:.1f} GB/s read",
        f"- loaded in {own['load_seconds']:.2f} s; weights {own['packed_bytes'] / 1e6:.1f} MB packed, "
        f"{own['packed_bytes'] / own['tensor_bytes']:.2f} times the file's; {own['loaded_bytes'] / 1e6:.0f} MB resident "
        f"once loaded, {own['peak_bytes'] / 1e6:.0f} MB at most",
    ]
    first = r["first_token"]
    lines.append(
        f"- first token of a prompt of {first['prompt']} beside {first['batch']} decoding streams: "
        f"{first['first_token_s'] * 1e3:.0f} ms, at worst {first['first_token_worst_s'] * 1e3:.0f} ms"
    )
    lines += ["", "| | " + " | ".join(names) + " | share of limit | to the best peer |"]
    lines += ["|---|" + "---:|" * (len(names) + 2)]
    for row in r["results"]:
        cells = [f"{row['tokens_per_s'][n]:.1f}" for n in names]
        ratio = f"{row['ratio']:.2f}" if row["ratio"] else ""
        lines.append(f"| {row['name']} | " + " | ".join(cells) + f" | {100 * row['share_of_limit']:.1f} % | {ratio} |")
    if r["http"] is not None:
        lines += through_http.markdown(r["http"])
    lines += [f"\nBehind what is recorded: {what}" for what in r["fallen"]]
    return "\n".join(lines) + "\n"


def arguments():
    p = argparse.ArgumentParser(description="Compare touchstone with its peers on one model file.")
    p.add_argument("--model", required=True)
    p.add_argument("--program", default=BUILD / "touchstone", type=pathlib.Path)
    p.add_argument("--llama-cpp", help="folder of llama.cpp's llama-bench and llama-batched-bench")
    p.add_argument("--ik-llama-cpp", help="the same of ik_llama.cpp")
    p.add_argument("--out", required=True, type=pathlib.Path, help="folder for the results")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    p.add_argument("--batches", default=",".join(map(str, BATCHES)))
    p.add_argument("--prompts", default="512")
    p.add_argument("--no-http", action="store_true", help="not: clients through HTTP, and the long context")
    p.add_argument("--record", action="store_true", help="the ratios are what later runs are compared with (recorded.json)")
    p.add_argument("--recorded", default=recorded.FILE, type=pathlib.Path, help="the file of recorded ratios")
    p.add_argument("--clients", type=int, default=32, help="of the run through HTTP")
    a = p.parse_args()
    a.model = str(pathlib.Path(a.model).resolve())
    a.program = a.program.resolve()
    a.batches = [int(b) for b in a.batches.split(",")]
    a.prompts = [int(n) for n in a.prompts.split(",")]
    return a


def main():
    a = arguments()
    a.out.mkdir(parents=True, exist_ok=True)
    found = programs(a)
    own = found[0]
    first = own.bench("--only", "first-token")["results"][0]
    asked = list(shapes(a.prompts, a.batches, 0 if a.no_http else own.last["context"]))
    speeds, shares = measure(a, found, asked)
    http = None if a.no_http else through_http.measure(own, a.program, a.model, a.threads, a.clients, a.rounds)
    whole = own.bench("--only", "prompt,batch", "--batch", max(a.batches))  # for its memory
    results = {
        "date": time.strftime("%Y-%m-%d"),
        "cpu": cpu_name(),
        "commit": commit(),
        "rounds": a.rounds,
        "touchstone": {k: v for k, v in whole.items() if k != "results"},
        "first_token": first,
        "results": summary(asked, found, speeds, shares),
        "http": http,
    }
    results["fallen"] = recorded.fallen(results, a.recorded)
    for what in results["fallen"]:
        print(f"warning: {what}", file=sys.stderr)
    if a.record:
        recorded.record(results, a.recorded)
    (a.out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (a.out / "results.md").write_text(markdown(results))
    (a.out / "throughput.svg").write_text(plot.svg(results))
    print(markdown(results))


if __name__ == "__main__":
    main()
