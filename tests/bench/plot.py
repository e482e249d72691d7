"""tests/bench/plot.py - decode throughput against batch size, as SVG.

SPDX-License-Identifier: Apache-2.0
"""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 40, 50
COLOURS = ["#c0392b", "#2c3e50", "#2980b9", "#16a085", "#8e44ad"]


def nice_step(top):
    """A step of 1, 2 or 5 times a power of ten that gives four to nine lines up to top."""
    power = 10 ** math.floor(math.log10(top / 4))
    return next(m * power for m in (1, 2, 5, 10) if top / (m * power) < 9)


class Axes:
    """Batches on a logarithmic axis, tokens/s on a linear one from zero."""

    def __init__(self, batches, top):
        self.low, self.high = math.log2(min(batches)), math.log2(max(batches)) or 1
        self.step = nice_step(top)
        self.top = self.step * math.ceil(top / self.step)

    def x(self, batch):
        span = (self.high - self.low) or 1
        return LEFT + (math.log2(batch) - self.low) / span * (WIDTH - LEFT - RIGHT)

    def y(self, speed):
        return HEIGHT - BOTTOM - speed / self.top * (HEIGHT - TOP - BOTTOM)


def text(x, y, words, anchor="middle", colour="#333"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'


def grid(axes, batches):
    for i in range(round(axes.top / axes.step) + 1):
        y = axes.y(i * axes.step)
        yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
        yield text(LEFT - 8, y + 4, f"{i * axes.step:g}", "end")
    for b in batches:
        yield text(axes.x(b), HEIGHT - BOTTOM + 20, str(b))
    yield text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "samples decoded at once")
    yield text(LEFT, TOP - 12, "tokens/s", "end")


def line(axes, name, points, colour):
    path = " ".join(f"{axes.x(b):.1f},{axes.y(v):.1f}" for b, v in points)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    for b, v in points:
        yield f'<circle cx="{axes.x(b):.1f}" cy="{axes.y(v):.1f}" r="3" fill="{colour}"/>'


def legend(names):
    for i, name in enumerate(names):
        y = TOP + 20 * i
        yield f'<path d="M{WIDTH - RIGHT + 12} {y}h18" stroke="{COLOURS[i % len(COLOURS)]}" stroke-width="2"/>'
        yield text(WIDTH - RIGHT + 36, y + 4, name, "start")


def svg(results):
    rows = [r for r in results["results"] if r["kind"] == "batch"]
    batches = [r["batch"] for r in rows]
    names = list(rows[0]["tokens_per_s"])
    axes = Axes(batches, max(v for r in rows for v in r["tokens_per_s"].values()))
    parts = [*grid(axes, batches), *legend(names)]
    for i, name in enumerate(names):
        points = [(r["batch"], r["tokens_per_s"][name]) for r in rows]
        parts += line(axes, name, points, COLOURS[i % len(COLOURS)])
    title = f"{results['touchstone']['model']}, {results['touchstone']['quantisation']}, {results['touchstone']['threads']} threads"
    parts.append(text(WIDTH / 2, 18, title))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12">'
    return "\n".join([head, f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', *parts, "</svg>"]) + "\n"
