"""tests/bench/recorded.py - the ratios to each peer that were measured last, and which rows have fallen behind them.

recorded.json: {machine: {model: {row: {peer: ratio}}}}, a machine being processor, kernel set and threads. Absolute speeds
depend on the day; a ratio of interleaved medians hardly does, so a row that is 10 % below its own is worth a look.

SPDX-License-Identifier: Apache-2.0
"""

import json
import pathlib

FILE = pathlib.Path(__file__).with_name("recorded.json")
FALLEN = 0.9


def read(path=FILE):
    return json.loads(path.read_text()) if path.exists() else {}


def place(results):
    """(machine, model) of what compare.py measured."""
    own = results["touchstone"]
    machine = f"{results['cpu']}, {own['isa']}, {own['threads']} threads"
    return machine, f"{own['model']}, {own['quantisation']}"


def ratios(results):
    """{row: {peer: ours to theirs}}"""
    found = {}
    for row in results["results"]:
        speeds = dict(row["tokens_per_s"])
        ours = speeds.pop("touchstone")
        found[row["name"]] = {peer: round(ours / theirs, 2) for peer, theirs in speeds.items()}
    return {name: to for name, to in found.items() if to}


def fallen(results, path=FILE):
    """A sentence for each row and peer whose ratio is 10 % and more below the recorded one."""
    machine, model = place(results)
    was = read(path).get(machine, {}).get(model, {})
    said = []
    for name, peers in ratios(results).items():
        for peer, ratio in peers.items():
            before = was.get(name, {}).get(peer)
            if before is not None and ratio < FALLEN * before:
                said.append(f"{model}, {name}: {ratio:.2f} times {peer}; {before:.2f} is recorded")
    return said


def record(results, path=FILE):
    """These are the ratios from now on; rows that were not measured keep theirs."""
    machine, model = place(results)
    everything = read(path)
    rows = everything.setdefault(machine, {}).setdefault(model, {})
    for name, peers in ratios(results).items():
        rows.setdefault(name, {}).update(peers)
    path.write_text(json.dumps(everything, indent=1, sort_keys=True) + "\n")
