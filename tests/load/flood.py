"""tests/load/flood.py - many requests from one thread that costs next to nothing, for overload.py.

A flood that is made by the same processors as the answers slows what it measures. So it runs in a process of its own,
on sockets and a selector: no reader, no task and no future for a request, and of an answer only its head is kept.

SPDX-License-Identifier: Apache-2.0
"""

import json
import selectors
import socket
import time

KEPT = 4096  # bytes of an answer


class Reply:
    """status, seconds to the first byte of the body that says something (None: none came), seconds to the end."""

    def __init__(self, text, first, whole):
        head, _, self.body = text.partition(b"\r\n\r\n")
        self.status = int(head.split()[1]) if head else 0
        self.headers = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:] if ": " in line)
        self.first, self.whole = first, whole


def request_bytes(client, path, body=None):
    """A request, of which the connection is closed after the answer."""
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return (
        f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {client}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    ).encode() + data


class Call:
    """One request, and what has come of its answer."""

    def __init__(self, port, data):
        self.began, self.first, self.text, self.left = time.perf_counter(), None, bytearray(), data
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.connect_ex(("127.0.0.1", port))

    def write(self):
        """Is all of it sent?"""
        self.left = self.left[self.socket.send(self.left) :]
        return not self.left

    def read(self):
        """Is there more to come?"""
        block = self.socket.recv(1 << 16)
        if len(self.text) < KEPT:
            self.text += block
        if self.first is None and len(self.text.partition(b"\r\n\r\n")[2]) > 0:
            self.first = time.perf_counter() - self.began
        return len(block) > 0

    def end(self):
        self.socket.close()
        return Reply(bytes(self.text), self.first, time.perf_counter() - self.began)


class Flood:
    def __init__(self, port, make, client):
        self.port, self.make, self.client = port, make, client
        self.begun, self.ended, self.selector = 0, [], selectors.DefaultSelector()

    def begin(self):
        call = Call(self.port, request_bytes(self.client(self.begun), *self.make(self.begun)))
        self.selector.register(call.socket, selectors.EVENT_WRITE, call)
        self.begun += 1

    def turn(self, seconds):
        """What is ready, or becomes so in that time."""
        for key, events in self.selector.select(max(0, seconds)):
            call = key.data
            try:
                if events & selectors.EVENT_WRITE and call.write():
                    self.selector.modify(call.socket, selectors.EVENT_READ, call)
                going = not events & selectors.EVENT_READ or call.read()
            except OSError as e:
                going, call.text = False, bytearray(f"HTTP/1.1 0\r\n\r\n{e!r}".encode())
            if not going:
                self.selector.unregister(call.socket)
                self.ended.append(call.end())


def always(port, make, at_once, seconds):
    """So many calls are always there, each another client's; the answers of that time, and how long it took."""
    flood, began = Flood(port, make, lambda i: f"probe{i % at_once}"), time.perf_counter()
    while (left := began + seconds - time.perf_counter()) > 0:
        while flood.begun - len(flood.ended) < at_once:
            flood.begin()
        flood.turn(min(left, 0.1))
    while flood.begun > len(flood.ended):
        flood.turn(0.1)
    return flood.ended, time.perf_counter() - began


def at_rate(port, make, rate, seconds):
    """Calls come when their time has come, whatever became of those before; all answers."""
    flood, began = Flood(port, make, lambda _: "flood"), time.perf_counter()
    n = int(rate * seconds)
    while len(flood.ended) < n:
        due = began + flood.begun / rate - time.perf_counter() if flood.begun < n else 1
        if due <= 0:
            flood.begin()
        flood.turn(due)
    return flood.ended
