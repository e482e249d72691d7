"""The page at /: its files, and the headers that keep a hostile text from doing anything.

What it does in a browser is tests/page/'s, which needs Chromium (`make page-test`).

SPDX-License-Identifier: Apache-2.0
"""

import gzip
import re

import pytest

from conftest import ROOT, Server

WWW = ROOT / "server/page/www"
FILES = sorted(p.name for p in WWW.iterdir())


def path(name):
    return "/" if name == "index.html" else f"/page/{name}"


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_served_as_it_is(server, name):
    reply = server.http.get(path(name))
    assert reply.status_code == 200 and reply.content == (WWW / name).read_bytes()
    assert reply.headers["x-content-type-options"] == "nosniff"
    plain = server.http.get(path(name), headers={"Accept-Encoding": "identity"})
    assert plain.content == reply.content and "content-encoding" not in plain.headers
    head = server.http.head(path(name))
    assert head.status_code == 200 and head.content == b""


def test_gzip_and_etag(server):
    with server.http.stream("GET", "/", headers={"Accept-Encoding": "gzip"}) as reply:
        assert reply.headers["content-encoding"] == "gzip"
        assert gzip.decompress(b"".join(reply.iter_raw())) == (WWW / "index.html").read_bytes()
        tag = reply.headers["etag"]
    again = server.http.get("/", headers={"Accept-Encoding": "gzip", "If-None-Match": tag})
    assert again.status_code == 304 and again.content == b"" and again.headers["etag"] == tag
    other = server.http.get("/", headers={"Accept-Encoding": "identity", "If-None-Match": tag})
    assert other.status_code == 200  # another form of it
    refused = server.http.get("/", headers={"Accept-Encoding": "gzip;q=0, identity"})
    assert "content-encoding" not in refused.headers


def test_policy(server):
    policy = dict(p.strip().split(" ", 1) for p in server.http.get("/").headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["script-src"] == "'self'" and policy["style-src"] == "'self'"
    assert policy["base-uri"] == policy["frame-ancestors"] == policy["form-action"] == "'none'"


def test_nothing_comes_from_another_host():
    for name in FILES:
        text = (WWW / name).read_text()
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text), name
        assert "innerHTML" not in text.replace("without innerHTML", ""), name
    html = (WWW / "index.html").read_text()
    assert not re.search(r"\son\w+=", html) and "style=" not in html and "<script>" not in html


def test_libraries_and_fonts_are_there(server):
    for name in ("katex.js", "katex.css", "marked.js", "purify.js"):
        assert server.http.get(f"/page/{name}").status_code == 200
    for font in re.findall(r"url\((fonts/[^)]*\.woff2)\)", server.http.get("/page/katex.css").text):
        assert server.http.get(f"/page/{font}").headers["content-type"] == "font/woff2"


def test_what_is_not_there_is_404(server):
    for name in ("x", "../etc/passwd", "app.js/", ""):
        assert server.http.get(f"/page/{name}").status_code == 404
    assert server.post("/", {}).status_code == 405


def test_it_needs_no_key_and_a_first_page_counts_no_more():
    server = Server("--api-key", "secret")
    assert server.http.get("/").status_code == 200 and server.http.get("/page/app.js").status_code == 200
    assert server.http.get("/v1/models").status_code == 401
    server.stop()


def test_weight():
    """Compressed, with all libraries and without fonts: below 400 kB by far."""
    own = sum(len(gzip.compress((WWW / name).read_bytes())) for name in FILES)
    assert own < 40000
