"""Long completions that run while something else happens to the server.

SPDX-License-Identifier: Apache-2.0
"""
import json
import threading
import time

from conftest import PATIENCE, tries, wait_until


class Stream:
    """A long completion, read in the background."""

    def __init__(self, server, prompt, n=400, **more):
        self.server, self.chunks, self.begun = server, [], threading.Event()
        self.body = {"prompt": prompt, "max_tokens": n, "stream": True, "logprobs": 0, "return_token_ids": True,
                     "ignore_eos": True, "temperature": 0.9, "seed": 3, **more}
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        with self.server.http.stream("POST", "/v1/completions", json=self.body) as reply:
            for line in reply.iter_lines():
                if line.startswith("data: {"):
                    self.chunks.append(json.loads(line[6:]))
                    self.begun.set()

    def tokens(self):
        return [t for c in self.chunks for t in c["choices"][0]["token_ids"]]

    def logprobs(self):
        return [p for c in self.chunks for p in c["choices"][0]["logprobs"]["token_logprobs"]]

    def wait(self, n):
        wait_until(lambda: len(self.chunks) > n)

    def end(self):
        self.thread.join()
        return self.chunks[-1]


def stands_still(server, *args, **more):
    """A stream that a pause has caught in its first half: the step that is at work then still ends. A small model is through with it
    before its first chunk has been read here, or nearly, so every second time the pause is sent after a time that grows from nothing."""
    for i in tries():
        before = server.metric("touchstone_generated_tokens_total")
        run = Stream(server, *args, **more)
        if i % 2 == 0:
            run.begun.wait(PATIENCE)
        else:
            time.sleep(i % 300 * 0.00015)
        server.http.post("/pause", params={"mode": "keep"})
        running, made = server.metric("touchstone_sequences_running"), server.metric("touchstone_generated_tokens_total") - before
        if running > 0 and made <= run.body["max_tokens"] / 2 and run.begun.is_set():
            return run
        server.post("/resume", {})
        run.end()
