"""A program on a terminal of its own: what tests type, what comes, how it ended.

SPDX-License-Identifier: Apache-2.0
"""

import os
import pty
import re
import select
import termios
import time

from conftest import BIN, ENVIRONMENT, PATIENCE, wait_until

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")


class Terminal:
    """The program with these words. `seen` is all that it wrote; expect() looks at what came since the last one found."""

    def __init__(self, *words, env=None, size=(24, 80)):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            termios.tcsetwinsize(0, size)
            os.execve(BIN, [BIN, *map(str, words)], {**ENVIRONMENT, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **(env or {})})
        self.usual = termios.tcgetattr(self.fd)
        self.seen, self.at = "", 0
        self.raw = b""

    def _read(self):
        """More of it; False at its end."""
        if not select.select([self.fd], [], [], 1)[0]:
            return True
        try:
            piece = os.read(self.fd, 65536)
        except OSError:
            return False
        self.raw += piece
        self.seen = self.raw.decode(errors="replace")
        return piece != b""

    def expect(self, text):
        """Until text has come, escapes aside; what came up to its end, without them."""
        until = time.monotonic() + PATIENCE
        pattern = re.compile(f"(?:{ESCAPES.pattern})*".join(map(re.escape, text)))
        while not (found := pattern.search(self.seen, self.at)):
            assert time.monotonic() < until, f"{text!r} did not come:\n{self.seen}"
            assert self._read() or pattern.search(self.seen, self.at), f"it ended without {text!r}:\n{self.seen}"
        come = self.seen[self.at:found.end()]
        self.at = found.end()
        return ESCAPES.sub("", come)

    def wait_editing(self):
        """Until the program edits a line: before, what is typed is the terminal's own."""
        wait_until(lambda: not termios.tcgetattr(self.fd)[3] & termios.ICANON)

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        """All that is still to come; the exit status. given_back: is the terminal set as it was?"""
        until = time.monotonic() + PATIENCE
        while self._read():
            assert time.monotonic() < until, f"it does not end:\n{self.seen}"
        _, status = os.waitpid(self.pid, 0)
        self.given_back = termios.tcgetattr(self.fd) == self.usual
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)
