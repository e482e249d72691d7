"""docs/architecture.svg shows the tree: what it draws is there, one above the other as the tree has it.

A room that is not drawn yet is no fault of the drawing: `python3 tests/structure/drawing.py docs/architecture.svg` draws it.

SPDX-License-Identifier: Apache-2.0
"""
import re

from drawing import drawing
from test_layering import ALLOWED, FLOORS, FOLDERS, ROOT

FILE = ROOT / "docs/architecture.svg"


def rooms(svg):
    """{room: (x, y)} of the boxes."""
    return {m[1]: (float(m[2]), float(m[3])) for m in re.finditer(r'data-room="([^"]+)" x="(\S+)" y="(\S+)"', svg)}


def wrongs(svg):
    drawn = rooms(svg)
    told = [f"{r} is not there" for r in drawn if not list((ROOT / r).glob("*.c")) and r not in FOLDERS]
    told += [f"{f} is not drawn" for f in FOLDERS if f not in drawn]
    for folder, floors in FLOORS.items():
        level = {room: i for i, floor in enumerate(floors) for room in floor}
        told += [f"{a} is drawn above {b}" for a in level for b in level if a != folder and b != folder and {a, b} <= set(drawn)
                 and level[a] < level[b] and drawn[a][1] <= drawn[b][1]]
    told += [f"{a} is drawn above {b}" for a in ALLOWED for b in ALLOWED[a] - {a} if b in drawn and drawn[a][1] >= drawn[b][1]]
    return told


def test_the_drawing_is_true():
    assert wrongs(FILE.read_text()) == []


def test_what_would_be_drawn_is_true_and_faults_are_seen():
    fresh = drawing()
    assert wrongs(fresh) == [] and len(rooms(fresh)) > 20
    assert wrongs(fresh.replace('data-room="engine/batch"', 'data-room="engine/nowhere"')) == ["engine/nowhere is not there"]
    swapped = fresh.replace('"engine/batch"', '"x"').replace('"engine/tensor"', '"engine/batch"').replace('"x"', '"engine/tensor"')
    assert wrongs(swapped)
