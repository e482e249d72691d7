"""The page that failing.c shares with the drivers: which allocation fails, and what came of it.

SPDX-License-Identifier: Apache-2.0
"""
import mmap
import os
import struct
import subprocess
import tempfile

OFF, EVERY, FRESH = 0, 1, 2
PARENT, CHILDREN = 1, 2
FRAMES = 24
ALL = 1 << 62  # of `many`: every allocation from the first on
_MODE, _PLACE, _FIRST, _MANY, _SEEN, _FAILED, _FOREIGN, _BASE, _PARENT, _DEPTH, _TRACE = 0, 4, 8, 16, 24, 32, 40, 48, 56, 64, 72
_FOREIGN_TRACE = _TRACE + 8 * FRAMES
_SIZE = _FOREIGN_TRACE + 8 * FRAMES + 8 * (1 << 16)


class Page:
    """One file in memory; its path goes to the program as FAILING."""

    def __init__(self, program, depth):
        """depth: so many callers, from the innermost, tell one failure from another."""
        self.program = program
        self._file = tempfile.NamedTemporaryFile(prefix="failing-", dir="/dev/shm")
        self._file.truncate(_SIZE)
        self.path = self._file.name
        self._at = mmap.mmap(self._file.fileno(), _SIZE)
        struct.pack_into("=Q", self._at, _DEPTH, depth)
        self._names = {}

    def _get(self, offset):
        return struct.unpack_from("=Q", self._at, offset)[0]

    def arm(self, mode, place, first=1, many=1):
        """From now on allocations are counted, and the one that is meant fails."""
        struct.pack_into("=Q", self._at, _FIRST, first)
        struct.pack_into("=Q", self._at, _MANY, many)
        struct.pack_into("=QQQ", self._at, _SEEN, 0, 0, 0)
        struct.pack_into("=I", self._at, _PLACE, place)
        struct.pack_into("=I", self._at, _MODE, mode)

    def begin(self):
        """The next process that opens the page is the one that the driver starts."""
        self.disarm()
        struct.pack_into("=Q", self._at, _PARENT, 0)

    def disarm(self):
        struct.pack_into("=I", self._at, _MODE, OFF)

    def forget(self):
        """No caller has seen a failure."""
        self._at[_FOREIGN_TRACE + 8 * FRAMES:_SIZE] = bytes(_SIZE - _FOREIGN_TRACE - 8 * FRAMES)

    @property
    def seen(self):
        return self._get(_SEEN)

    @property
    def failed(self):
        return self._get(_FAILED)

    @property
    def foreign(self):
        return self._get(_FOREIGN)

    def _callers(self, offset):
        base = self._get(_BASE)
        return [a - base - 1 for a in struct.unpack_from(f"={FRAMES}Q", self._at, offset) if a]

    def callers(self):
        """Names of the functions, innermost first, for which the last failure was."""
        return self._named(self._callers(_TRACE))

    def foreign_callers(self):
        return self._named(self._callers(_FOREIGN_TRACE))

    def _named(self, offsets):
        size = os.path.getsize(self.program) * 4
        unknown = [o for o in offsets if o not in self._names and 0 <= o < size]
        if unknown:
            lines = subprocess.run(["addr2line", "-f", "-s", "-e", self.program, *map(hex, unknown)], check=True,
                                   capture_output=True, text=True).stdout.splitlines()
            for offset, name, place in zip(unknown, lines[::2], lines[1::2]):
                self._names[offset] = f"{name} ({place.split(' ')[0]})"
        named = [self._names.get(o, "??") for o in offsets]
        return [n for n in named if not n.startswith("??") and "failing.c" not in n]
