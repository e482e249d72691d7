"""--packed-cache: the same bits with it as without, whatever has become of its file; and it never costs a start.

SPDX-License-Identifier: Apache-2.0
"""

import os
import shutil
import time

import pytest
from conftest import FLAGS, MODEL, Server

pytestmark = pytest.mark.skipif("reference" in FLAGS, reason="the reference engine packs nothing")

ASKED = {"prompt": [3, 5, 8, 13, 21], "max_tokens": 8, "temperature": 0.7, "seed": 3, "logprobs": 2, "return_token_ids": True}


def answer_of(server):
    """What it says, and by which weights."""
    reply = server.complete(**ASKED)
    return reply["choices"], reply["system_fingerprint"]


def start(folder, *flags, model=MODEL, says=(), because=""):
    """A start with the cache in folder: its answer. The log has the events `says` and no other ones of the cache, and a reason."""
    server = Server("--packed-cache", str(folder), *flags, model=model)
    try:
        answer = answer_of(server)
        server.lines("event=ready")
        told = [e for line in server.lines_until_now() for e in line.split() if e.startswith("event=packed_cache_")]
        assert told == [f"event=packed_cache_{e}" for e in says]
        assert server.lines(because)
    finally:
        server.stop()
    return answer


@pytest.fixture(scope="module")
def plain():
    server = Server()
    yield answer_of(server)
    server.stop()


@pytest.fixture
def cache(tmp_path, plain):
    """A folder with the cache of MODEL, and that file."""
    folder = tmp_path / "cache"
    assert start(folder, says=["written"]) == plain
    (file,) = folder.glob("*.packed")
    return folder, file


def test_the_bits_are_those_of_a_start_without(cache, plain):
    folder, file = cache
    assert file.stat().st_mode & 0o777 == 0o600 and folder.stat().st_mode & 0o777 == 0o700
    before = file.stat().st_ino
    assert start(folder, says=["read"]) == plain
    assert start(folder, "--isa", "generic", says=["read"]) == plain  # every kernel set has the same panels
    assert file.stat().st_ino == before and sorted(p.name for p in folder.iterdir()) == [file.name, "lock"]


def flip(file, at):
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)


def link(file):
    elsewhere = file.with_name("elsewhere")
    file.rename(elsewhere)
    file.symlink_to(elsewhere)


SPOILED = {
    "a bit of the data": lambda f: flip(f, -1000),
    "the first bit of the data": lambda f: flip(f, 2 << 20),
    "a bit of the head": lambda f: flip(f, 50),
    "no magic": lambda f: flip(f, 0),
    "half of it": lambda f: os.truncate(f, f.stat().st_size // 2),
    "half a head": lambda f: os.truncate(f, 100),
    "nothing": lambda f: os.truncate(f, 0),
    "too much": lambda f: f.write_bytes(f.read_bytes() + bytes(4096)),
    "others may write to it": lambda f: f.chmod(0o622),
    "a link": link,
    "a pipe": lambda f: (f.unlink(), os.mkfifo(f)),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_a_file_that_may_not_be_believed_is_made_anew(cache, plain, spoil):
    folder, file = cache
    spoil(file)
    assert start(folder, says=["refused", "written"]) == plain
    assert start(folder, says=["read"]) == plain


def copy_of_model(tmp_path, source=MODEL):
    """At a path of its own, and not so new that it might still be being written."""
    copy = tmp_path / "model.gguf"
    shutil.copyfile(source, copy)
    time.sleep(0.2)
    return copy


def test_another_models_weights_are_not_taken_for_these(tmp_path, cache, plain):
    folder, file = cache
    model = copy_of_model(tmp_path)
    of_copy = start(folder, model=str(model), says=["written"])  # the same bytes are another file
    (other,) = set(folder.glob("*.packed")) - {file}
    shutil.copyfile(file, other)
    assert start(folder, model=str(model), says=["refused", "written"]) == of_copy
    # the file changes: one weight, its size kept and its time set back
    was = model.stat()
    flip(model, -5000)
    os.utime(model, ns=(was.st_atime_ns, was.st_mtime_ns))
    time.sleep(0.2)
    changed = start(folder, model=str(model), says=["written"])
    assert changed[1] != of_copy[1]
    assert start(folder, model=str(model), says=["read"]) == changed


def test_the_type_that_floats_become_is_part_of_the_name(cache, plain):
    folder, _ = cache
    assert start(folder, "--weights", "q8_0", says=["written"]) == plain  # of this model no tensor that counts
    assert len(list(folder.glob("*.packed"))) == 2


def test_the_folder_is_nobody_elses(tmp_path, plain):
    folder = tmp_path / "open"
    folder.mkdir()
    for mode in (0o777, 0o1777, 0o775):
        folder.chmod(mode)
        assert start(folder, says=["unusable"], because="chmod go-w it, or name a folder in it") == plain
        assert not list(folder.iterdir())
    assert start(folder / "in it", says=["written"]) == plain  # as the words say
    file = tmp_path / "file"
    file.write_text("")
    assert start(file, says=["unusable"]) == plain
    assert start(tmp_path / "no" / "such", says=["unusable"]) == plain


def test_what_served_longest_ago_goes(tmp_path, cache):
    folder, file = cache
    size = file.stat().st_size
    assert start(folder, "--packed-cache-bytes", "1", "--weights", "q8_0", says=["not_written"])
    os.utime(file, (1, 1))
    start(folder, says=["read"])
    assert file.stat().st_mtime > 1  # it has served
    model = copy_of_model(tmp_path)
    start(folder, "--packed-cache-bytes", str(size * 3 // 2), model=str(model), says=["written"])
    (left,) = folder.glob("*.packed")
    assert left != file


def test_a_file_larger_than_all_may_be_is_not_kept(cache, plain):
    folder, file = cache
    most = str(file.stat().st_size - 1)
    assert start(folder, "--packed-cache-bytes", most, says=["refused", "not_written"], because="more than packed-cache-bytes") == plain
    assert not list(folder.glob("*.packed"))
    assert start(folder, "--packed-cache-bytes", str(int(most) + 1), says=["written"]) == plain
    assert start(folder, "--packed-cache-bytes", str(int(most) + 1), says=["read"]) == plain


def test_what_a_writer_left_goes(tmp_path, plain):
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    (folder / "writing.part").write_bytes(b"half")
    assert start(folder, says=["written"]) == plain
    assert not (folder / "writing.part").exists()


def test_two_at_once(tmp_path, plain):
    folder = tmp_path / "cache"
    servers = [Server("--packed-cache", str(folder), wait=False) for _ in range(3)]
    try:
        for server in servers:
            server.wait_ready()
            assert answer_of(server) == plain
    finally:
        for server in servers:
            server.stop()
    assert sorted(p.suffix for p in folder.iterdir()) == ["", ".packed"]
    assert start(folder, says=["read"]) == plain


def test_a_full_disk(small_disk, plain):
    folder = small_disk("size=1m,mode=700")
    assert start(folder, says=["not_written"]) == plain
    assert [p.name for p in folder.iterdir()] == ["lock"]


def test_a_disk_that_is_only_read(small_disk, plain):
    folder = small_disk("size=16m,mode=700")
    assert start(folder, says=["written"]) == plain
    small_disk("remount,ro")
    assert start(folder, says=["read"]) == plain
    assert start(folder, "--weights", "q8_0", says=["not_written"]) == plain
