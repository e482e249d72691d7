"""Prints docs/clients.md: what the runs of `make clients` have kept, as a table.

    table.py > docs/clients.md

A client's file is kept only where all of its checks passed.

SPDX-License-Identifier: Apache-2.0
"""

import json
import pathlib
import sys

KEPT = pathlib.Path(__file__).resolve().parents[1] / "data/clients"
HEAD = """# Client libraries

Libraries that were run as they are, at these versions, against the built-in model by `make clients`, and what was checked of each: all of it passed.
TRL's client asks whether vLLM's package is installed, for weights by NCCL; that question is answered for it. What all of them
sent is replayed by `make test` without them (`tests/data/clients`). This page is made from those runs (`make docs/clients.md`).

| client | checks | what | routes that it posted to |
| --- | --- | --- | --- |
"""


def row(path):
    kept = json.loads(path.read_text())
    routes = sorted({request["path"].split("?")[0] for request in kept["requests"]})
    cells = [", ".join(kept["packages"]), str(len(kept["checks"])), "; ".join(kept["checks"]), ", ".join(f"`{r}`" for r in routes)]
    return "| " + " | ".join(cells) + " |\n"


if __name__ == "__main__":
    sys.stdout.write(HEAD + "".join(row(path) for path in sorted(KEPT.glob("*.json"))))
