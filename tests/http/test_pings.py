"""Streams that have nothing to say for long say that they live; paths with a slash more; what is refused by name.

SPDX-License-Identifier: Apache-2.0
"""

import pytest

from conftest import TINY

USER = [{"role": "user", "content": "a"}]


@pytest.mark.parametrize("path, body, ping", [
    ("/v1/completions", {"prompt": "a", "max_tokens": 2}, ": ping"),
    ("/v1/chat/completions", {"messages": USER, "max_tokens": 2}, ": ping"),
    ("/v1/messages", {"model": "touchstone-tiny", "messages": USER, "max_tokens": 2}, "event: ping"),
    ("/v1/responses", {"input": "a", "max_output_tokens": 2}, ": ping"),
])
def test_a_stream_pings_while_nothing_can_be_said(start, path, body, ping):
    server = start("--ping-interval", "0.3", model=TINY)
    server.http.post("/pause?mode=keep")
    with server.http.stream("POST", path, json={**body, "stream": True}) as reply:
        lines, n = reply.iter_lines(), 0
        while n < 4:  # one of /v1/messages' own is at the head
            n += next(lines).startswith(ping)
        server.http.post("/resume")
        rest = list(lines)
    assert any(line.startswith("data: ") for line in rest)
    assert not any(line and not line.startswith((":", "data: ", "event: ")) for line in rest)


def test_lines_of_json_have_no_comments(start):
    server = start("--ping-interval", "0.3", model=TINY)
    server.http.post("/pause?mode=keep")
    with server.http.stream("POST", "/api/chat", json={"model": "touchstone-tiny", "messages": USER, "options": {"num_predict": 2}}) as reply:
        with server.http.stream("POST", "/v1/completions", json={"prompt": "a", "max_tokens": 1, "stream": True}) as other:
            lines, n = other.iter_lines(), 0
            while n < 3:  # so long is the other silent, too
                n += next(lines).startswith(": ping")
            server.http.post("/resume")
        assert all(line.startswith("{") for line in reply.iter_lines())


def test_a_slash_at_the_end_is_passed_over(start):
    server = start(model=TINY)
    body = {"messages": USER, "max_tokens": 2, "temperature": 0}
    assert server.post("/v1/chat/completions/", body).json()["choices"] == server.post("/v1/chat/completions", body).json()["choices"]
    assert server.http.get("/v1/models/").json() == server.http.get("/v1/models").json()
    assert "prompts" in server.post("/generate/", {}).text  # TRL's, which has one of its own
    assert server.http.get("/v1/completions/").status_code == 405
    for path in ("/v1/completions//", "/nothing/"):
        assert server.http.get(path).status_code == 404
    assert server.http.request("OPTIONS", "/v1/completions/").headers["allow"] == server.http.request("OPTIONS", "/v1/completions").headers["allow"]


def test_moderation_is_refused_by_name(start):
    reply = start(model=TINY).post("/v1/moderations", {"input": "a"})
    assert reply.status_code == 501 and "/v1/moderations" in reply.json()["error"]["message"]
