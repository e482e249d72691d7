"""A disk that gets full while weights are sent, merged or followed: the old ones serve, one error says so, and nothing is left behind.

It is full in two ways: no file may grow past a size (RLIMIT_FSIZE, which needs no rights), and a file system of so many bytes,
where one may be mounted.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import os
import pathlib
import resource
import subprocess

import checkpoints
import pytest
from conftest import wait_until
from test_chains import Chain, pull
from test_weights import answers, version
from test_weights_stream import ask, delta, put

AMPLE = 64 << 20


class Limit:
    """No file of the server's grows past a size."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()

    @contextlib.contextmanager
    def room(self, server, n):
        soft, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (n, hard))
        yield
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (soft, hard))


class Small:
    """A file system has a size, and no more."""

    def __init__(self, mount):
        self.folder = mount(f"size={AMPLE},mode=700")

    @contextlib.contextmanager
    def room(self, _, n):
        self.resize(n)
        yield
        self.resize(AMPLE)

    def resize(self, n):
        subprocess.run(["mount", "-o", f"remount,size={n}", self.folder], check=True)


@pytest.fixture(params=["limit", "small"])
def disk(request, tmp_path):
    if request.param == "small":
        return Small(request.getfixturevalue("small_disk"))
    return Limit(tmp_path / "limit")


@pytest.fixture
def served(disk, start):  # in this order: the server lets go of the disk before it is taken away
    return start("--staging-dir", str(disk.folder), model=str(checkpoints.FOLDER))


@pytest.fixture(scope="module")
def tensors():
    return checkpoints.read(checkpoints.FOLDER / "model.safetensors")[0]


def held(server, folder):
    """The files in the folder that the server has open; those without a name, too."""
    links = []
    for one in pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            links.append(os.readlink(one))
    return [link for link in links if link.startswith(f"{folder}/")]


def pieces(data, size=50000):
    """A body whose length is not said: nothing can be known before it comes."""
    return (data[i:i + size] for i in range(0, len(data), size))


def check_full(server, disk, reply, before, word):
    error = reply.json()["error"]
    assert (reply.status_code, error["code"]) == (507, "insufficient_storage"), reply.text
    assert word in error["message"]
    wait_until(lambda: held(server, disk.folder) == [])  # the answer comes before the file is closed
    assert list(disk.folder.iterdir()) == []
    assert version(server) == "0" and answers(server) == before


def test_amid_an_upload(served, disk, tensors):
    data = checkpoints.pack(checkpoints.jiggled(tensors, 1))
    before = answers(served)
    with disk.room(served, len(data) // 2):
        for _ in range(6):  # more often than there may be unfinished ones
            check_full(served, disk, put(served, pieces(data)), before, "the upload cannot be written")
    assert put(served, pieces(data)).status_code == 200
    assert answers(served) != before


def test_amid_an_upload_that_can_be_gone_on_from(served, disk, tensors):
    data = checkpoints.pack(checkpoints.jiggled(tensors, 1))
    before = answers(served)
    with disk.room(served, len(data) // 2):
        reply = put(served, pieces(data), X_Upload_Id="full")
        assert (reply.status_code, reply.json()["error"]["code"]) == (507, "insufficient_storage"), reply.text
        assert answers(served) == before
        at = ask(served, "full", len(data)).json()["received"]
        assert 0 < at < len(data) and len(held(served, disk.folder)) == 1
    rest = put(served, data[at:], X_Upload_Id="full", Content_Range=f"bytes {at}-{len(data) - 1}/{len(data)}")
    assert rest.status_code == 200, rest.text
    assert rest.json()["sha256"] == checkpoints.sha256(checkpoints.jiggled(tensors, 1))


@pytest.mark.parametrize("part", ["some", "delta"])
def test_amid_a_staging_file(served, disk, tensors, part):
    """The upload has room; what it and the base become has none."""
    new = {"model.norm.weight": checkpoints.jiggled(tensors, 1)["model.norm.weight"]}
    data = delta(tensors, new) if part == "delta" else checkpoints.pack(new)
    before = answers(served)
    with disk.room(served, -(-len(data) // 4096) * 4096 + 4096):
        check_full(served, disk, put(served, data, params={"part": part}), before, "the staging file cannot be written")
    reply = put(served, data, params={"part": part})
    assert reply.status_code == 200 and answers(served) != before


def test_amid_following(served, disk, tensors, tmp_path):
    (tmp_path / "source").mkdir()
    Chain(tensors, 1).slime(tmp_path / "source", 1)
    local, before = disk.folder / "local", answers(served)
    with disk.room(served, 100 << 10):
        reply = pull(served, tmp_path, 0, local_checkpoint_dir=str(local))
        assert (reply.status_code, reply.json()["error"]["code"]) == (507, "insufficient_storage"), reply.text
        assert not (local / "model.safetensors").exists() and not list(local.glob(".touchstone-*"))
        assert answers(served) == before
    for i in (0, 1):
        assert pull(served, tmp_path, i, local_checkpoint_dir=str(local)).status_code == 200
