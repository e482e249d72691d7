"""tests/page/record.py BINARY OUT.svg - a conversation on a terminal as a moving picture: docs/page/terminal.svg.

    pip install pyte; python tests/page/record.py build/release/touchstone docs/page/terminal.svg

Plays SCRIPT to `touchstone run` on a pseudo terminal, follows the screen with pyte, and writes each state of each line once, with
the times at which it is there: an SVG that moves by CSS alone, without script, and so also inside <img>. How long a person
types and reads is made up, what the program answers and how long it takes is not.

SPDX-License-Identifier: Apache-2.0
"""

import html
import os
import pty
import select
import struct
import sys
import termios
import fcntl
import time

import pyte

COLUMNS, ROWS = 84, 24
LINE, WIDTH = 17, 8.43  # pixels of a character's cell
TYPING, READING = 0.045, 1.6  # seconds: a key, what came
SCRIPT = [
    "What is 47 * 6 + 12?",
    "/verify 294",
    "/n 4",
    "/temperature 1.5",
    "What is 9876 - 6789?",
    "/verify 3087",
]


class Recording:
    def __init__(self, binary):
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.ByteStream(self.screen)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
            os.execve(binary, [binary, "run", "--seed", "3"], environment)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.now, self.frames = 0.0, []  # (time, lines)

    def look(self):
        shown = tuple(self.line(y) for y in range(ROWS))
        if not self.frames or self.frames[-1][1] != shown:
            self.frames.append((self.now, shown))

    def line(self, y):
        runs = []
        for x in range(COLUMNS):
            cell = self.screen.buffer[y][x]
            dim = cell.fg == "dim"
            if runs and runs[-1][1] == dim:
                runs[-1][0] += cell.data
            else:
                runs.append([cell.data, dim])
        return tuple((t, d) for t, d in runs if t.strip() or not d)

    def wait(self, quiet):
        """What comes, until nothing has come for so long; a frame for each piece at the time that it took."""
        last = began = time.monotonic()
        while time.monotonic() - last < quiet:
            if select.select([self.fd], [], [], 0.02)[0]:
                piece = os.read(self.fd, 65536)
                last = time.monotonic()
                self.stream.feed(piece.replace(b"\x1b[2m", b"\x1b[38;5;240m"))
                for row in self.screen.buffer.values():
                    for x, cell in list(row.items()):
                        if cell.fg == "585858":
                            row[x] = cell._replace(fg="dim")
                self.now += min(0.25, last - began)
                began = last
                self.look()

    def play(self):
        self.wait(3)
        for text in SCRIPT:
            for key in text:
                os.write(self.fd, key.encode())
                self.now += TYPING
                self.wait(0.06)
            os.write(self.fd, b"\n")
            self.wait(1.5)
            self.now += READING
        self.now += 2
        os.write(self.fd, b"\x04")
        os.waitpid(self.pid, 0)


def spans(frames, y):
    """(line, from, to) of each state of row y that shows something."""
    begin, state = 0.0, None
    for t, shown in frames:
        if shown[y] == state:
            continue
        if state and any(text.strip() for text, _ in state):
            yield state, begin, t
        begin, state = t, shown[y]
    if state and any(text.strip() for text, _ in state):
        yield state, begin, None


def text_of(line, y):
    inner = "".join(f'<tspan class="d">{html.escape(t)}</tspan>' if dim else html.escape(t) for t, dim in line).rstrip()
    return f'<text x="12" y="{24 + y * LINE}">{inner}</text>'


def picture(frames, end):
    wide, high = COLUMNS * WIDTH + 24, ROWS * LINE + 24
    rules, body = [], []
    for y in range(ROWS):
        for line, begin, until in spans(frames, y):
            a, b = 100 * begin / end, 100 if until is None else 100 * until / end
            name = f"k{len(rules)}"
            steps = ("" if a == 0 else "0%{opacity:0}") + f"{a:.2f}%{{opacity:1}}" + ("" if b >= 100 else f"{b:.2f}%{{opacity:0}}")
            rules.append(f"@keyframes {name}{{{steps}}}")
            body.append(f'<g style="animation-name:{name}">{text_of(line, y)}</g>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high}" role="img">\n'
            '<title>touchstone run: a question, its verdict, four samples and theirs</title>\n'
            f'<style>text{{font:14px/1 ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#e6e6e6;white-space:pre}}.d{{fill:#8a8a8a}}'
            f'g{{opacity:0;animation-duration:{end:.1f}s;animation-iteration-count:infinite;animation-timing-function:step-end}}'
            f'{"".join(rules)}</style>\n<rect width="100%" height="100%" rx="8" fill="#1b1d23"/>\n' + "\n".join(body) + "\n</svg>\n")


def main():
    recording = Recording(sys.argv[1])
    recording.play()
    with open(sys.argv[2], "w") as f:
        f.write(picture(recording.frames, recording.now))


if __name__ == "__main__":
    main()
