"""The tree is the architecture: who may include whom.

server -> engine, server -> reward, through engine/engine.h and reward/reward.h alone; all may use base/ and
config/; engine and reward know neither each other nor HTTP.
"""
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]
FOLDERS = ["base", "config", "engine", "reward", "server"]

# folder -> folders it may include freely
ALLOWED = {
    "base": {"base"},
    "config": {"base", "config"},
    "engine": {"base", "config", "engine"},
    "reward": {"base", "config", "reward"},
    "server": {"base", "config", "server"},
}
DOORS = {"server": {"engine/engine.h", "reward/reward.h"}}
HTTP_HEADERS = {"microhttpd.h", "uv.h"}

# Inside a folder: its rooms, lowest floor first. A room may include what lies on lower floors, and rooms of
# its own floor where that makes no circle.
FLOORS = {
    "engine": [
        {"engine/tensor"},
        {"engine/kernels"},
        {"engine/model", "engine/tokenizer", "engine/template"},
        {"engine/adapter"},
        {"engine/forward"},
        {"engine/sample/form"},
        {"engine/sample"},
        {"engine/batch"},
        {"engine"},
    ],
    "reward": [
        {"reward/row"},
        {"reward/math", "reward/workers"},
        {"reward/rules"},
        {"reward/code", "reward/plan", "reward/instructions", "reward/words", "reward/tools",
         "reward/sql", "reward/gym"},
        {"reward/judge"},
        {"reward/dialects"},
        {"reward"},
    ],
    "reward/math": [
        {"reward/math/work", "reward/math/tree"},
        {"reward/math/read", "reward/math/real"},
        {"reward/math/field", "reward/math/find"},
        {"reward/math/value"},
        {"reward/math/compare"},
        {"reward/math"},
    ],
    "server": [
        {"server/http"},
        {"server/generate", "server/page", "server/describe", "server/answers"},
        {"server/rollouts", "server/responses", "server/weights"},
        {"server/routes"},
        {"server/cli"},
    ],
}
MOST_FILES = 30  # of one kind in a folder: who opens it should see what is there


def includes(path):
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', path.read_text(), re.M)


def sources(folder):
    return sorted(p for p in (ROOT / folder).rglob("*.[ch]"))


@pytest.mark.parametrize("folder", FOLDERS)
def test_dependencies_point_one_way(folder):
    assert sources(folder)
    wrong = []
    for path in sources(folder):
        for name in includes(path):
            owner = name.split("/")[0]
            if "/" not in name or owner not in FOLDERS or owner in ALLOWED[folder]:
                continue
            if name not in DOORS.get(folder, set()):
                wrong.append(f"{path.relative_to(ROOT)} includes {name}")
    assert wrong == []


def room_of(folder, path):
    """The room of FLOORS[folder] that path is in: its own folder, or the nearest above it that is one."""
    rooms = set().union(*FLOORS[folder])
    return next((str(p) for p in pathlib.PurePath(path).parents if str(p) in rooms), str(path))


def rooms_included(folder):
    """(room, room it includes, by which file)"""
    for path in sources(folder):
        room = room_of(folder, path.relative_to(ROOT))
        for name in includes(path):
            if name.startswith(folder + "/") and room_of(folder, name) != room:
                yield room, room_of(folder, name), f"{path.relative_to(ROOT)} includes {name}"


@pytest.mark.parametrize("folder", FLOORS)
def test_floors_inside_a_folder(folder):
    floor = {room: i for i, rooms in enumerate(FLOORS[folder]) for room in rooms}
    assert {room_of(folder, p.relative_to(ROOT)) for p in sources(folder)} == set(floor)
    wrong = [why for room, other, why in rooms_included(folder) if floor[other] > floor[room]]
    assert wrong == []
    level = {(room, other) for room, other, _ in rooms_included(folder) if floor[other] == floor[room]}
    assert [pair for pair in level if pair[::-1] in level] == []


def circle(edges):
    """A circle of a graph {node: nodes}, as a list; empty: there is none."""
    done, path = set(), []

    def walk(node):
        if node in path:
            return path[path.index(node):] + [node]
        if node in done:
            return []
        path.append(node)
        found = next(filter(None, map(walk, sorted(edges.get(node, ())))), [])
        path.pop()
        done.add(node)
        return found

    return next(filter(None, map(walk, sorted(edges))), [])


def test_no_circle_of_headers_or_folders():
    files = {str(p.relative_to(ROOT)): includes(p) for f in FOLDERS for p in sources(f)}
    assert circle({p: {i for i in names if i in files} for p, names in files.items() if p.endswith(".h")}) == []
    folders = {}
    for p, names in files.items():
        here = folders.setdefault(str(pathlib.PurePath(p).parent), set())
        here |= {str(pathlib.PurePath(i).parent) for i in names if i in files} - {str(pathlib.PurePath(p).parent)}
    assert circle(folders) == []


def test_folders_are_small():
    crowded = {}
    for f in FOLDERS:
        for p in sources(f):
            if p.suffix == ".c":
                crowded[str(p.parent.relative_to(ROOT))] = crowded.get(str(p.parent.relative_to(ROOT)), 0) + 1
    assert {f: n for f, n in crowded.items() if n > MOST_FILES} == {}


FILE_NAME = r"\b(?:%s)/[\w./-]*\.(?:c|h|py|md|sh|jsonl?|txt)\b"
IN_CODE = re.compile(FILE_NAME % "base|config|engine|reward|server|tests")
IN_PAGES = re.compile(FILE_NAME % "base|config|engine|reward|server|tests|deploy|examples|models|docs")


def test_files_that_are_named_exist():
    """In the documents and in comments: signposts to rooms that moved mislead. (A path of another project stands behind
    that project's name.)"""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    code = [p for f in [*FOLDERS, "tests/unit", "tests/fuzz", "tests/golden", "tests/bench"] for p in sources(f)]
    gone = []
    for path in pages + code:
        text = path.read_text()
        for found in (IN_PAGES if path in pages else IN_CODE).finditer(text):
            before = text[found.start() - 1] if found.start() > 0 else " "
            example = "NAME" in found.group()
            if before not in "/-.:\"" and not example and not (ROOT / found.group()).exists():
                gone.append(f"{path.relative_to(ROOT)}: {found.group()}")
    assert gone == [], "\n".join(gone)


@pytest.mark.parametrize("folder", ["base", "config", "engine", "reward"])
def test_only_the_server_knows_http(folder):
    wrong = [f"{p.relative_to(ROOT)} includes {name}" for p in sources(folder) for name in includes(p)
             if name in HTTP_HEADERS]
    assert wrong == []


def test_every_file_says_what_it_is():
    silent = [str(p.relative_to(ROOT)) for f in FOLDERS for p in sources(f)
              if not p.read_text().startswith("/*") or "SPDX-License-Identifier" not in p.read_text()[:4000]]
    assert silent == []


def test_the_default_configuration_file_is_current():
    import os
    import subprocess
    program = os.environ.get("TESTED_BIN", str(ROOT / "build/release/touchstone"))
    printed = subprocess.run([program, "config"], capture_output=True, text=True, check=True).stdout
    assert (ROOT / "config/touchstone.conf").read_text() == printed


def test_flint_has_one_door():
    """Where Arb and Calcium are depends on FLINT's version, which reward/math/value/arb.h alone knows."""
    moved = re.compile(r"(flint/|calcium/)?(ac[bf]|ar[bf]|ca|calcium|fexpr|qqbar|antic|nf)(_\w+)?\.h")
    wrong = [f"{p.relative_to(ROOT)} includes {name}" for folder in FOLDERS for p in sources(folder)
             for name in includes(p) if moved.fullmatch(name) and p.name != "arb.h"]
    assert wrong == []
