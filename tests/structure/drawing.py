"""tests/structure/drawing.py OUT.svg - the architecture as a drawing, from the tables by which test_layering.py judges the tree.

    /usr/bin/python3 tests/structure/drawing.py docs/architecture.svg

Rooms of a folder stand on their floors, the lowest at the bottom: each may include what lies below it. test_drawing.py
holds the drawing to the tree.

SPDX-License-Identifier: Apache-2.0
"""
import sys

from test_layering import FLOORS

WHAT = {
    "server": "HTTP, generations, rollouts, the page, the commands",
    "engine": "models, tokenizers, templates, kernels, KV cache, scheduler, sampler",
    "reward": "rewards, the math, code and plan verifiers, group statistics",
    "config": "settings: tables of rows drive file, environment, flags and help",
    "base": "what all share: errors, arenas, buffers, JSON, log, clock",
}
ROW, GAP, EDGE = 30, 8, 16


def text(x, y, words, size=13, weight="normal", anchor="middle", colour="#1b1d23"):
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" fill="{colour}">{words}</text>'


def box(x, y, wide, high, fill, room):
    return f'<rect data-room="{room}" x="{x:.0f}" y="{y:.0f}" width="{wide:.0f}" height="{high:.0f}" rx="6" fill="{fill}" stroke="#8a94a6"/>'


def height(folder):
    return 52 + len(FLOORS.get(folder, [])) * (ROW + GAP)


def draw_folder(folder, x, y, wide, fill):
    """The folder, its rooms by floor."""
    out = [box(x, y, wide, height(folder), fill, folder), text(x + wide / 2, y + 20, f"{folder}/", 15, "bold"),
           text(x + wide / 2, y + 38, WHAT[folder], 11, colour="#4a5160")]
    for i, floor in enumerate(reversed(FLOORS.get(folder, []))):
        rooms, top = sorted(floor), y + 48 + i * (ROW + GAP)
        each = (wide - 2 * EDGE - GAP * (len(rooms) - 1)) / len(rooms)
        for k, room in enumerate(rooms):
            left = x + EDGE + k * (each + GAP)
            name = f"{folder}/{folder}.h: its door" if room == folder else room.removeprefix(folder + "/") + "/"
            out += [box(left, top, each, ROW, "#ffffff", room), text(left + each / 2, top + 20, name)]
    return out


def arrow(x, y, to_y, words):
    return [f'<path d="M{x} {y}V{to_y - 7}" stroke="#4a5160" stroke-width="1.5" fill="none"/>',
            f'<path d="M{x - 5} {to_y - 8}h10l-5 8z" fill="#4a5160"/>', text(x + 8, (y + to_y) / 2 + 4, words, 11, anchor="start", colour="#4a5160")]


def drawing():
    wide, half, space = 940, 462, 34
    server, below = height("server"), max(height("engine"), height("reward"))
    y_below = server + space
    y_config = y_below + below + space
    y_base = y_config + height("config") + space
    out = draw_folder("server", 0, 0, wide, "#dbe7f5")
    out += draw_folder("engine", 0, y_below, half, "#dcefe0") + draw_folder("reward", wide - half, y_below, half, "#f5e6d3")
    out += draw_folder("config", 0, y_config, wide, "#ece4f3") + draw_folder("base", 0, y_base, wide, "#e9ebee")
    out += arrow(half // 2, server, y_below, "engine.h alone") + arrow(wide - half // 2, server, y_below, "reward.h alone")
    out += arrow(half // 2, y_below + height("engine"), y_config, "") + arrow(wide - half // 2, y_below + height("reward"), y_config, "")
    out += arrow(wide // 2, y_config + height("config"), y_base, "")
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-4 -4 {wide + 8} {y_base + height("base") + 8}" role="img" '
            'font-family="system-ui, DejaVu Sans, sans-serif">\n<title>Who may include whom: each room what lies below it</title>\n'
            + "\n".join(out) + "\n</svg>\n")


if __name__ == "__main__":
    with open(sys.argv[1], "w") as f:
        f.write(drawing())
