"""Chains of changes on disk: slime's /pull_weights, SkyRL's /fetch_weights with vLLM's routes of a weight transfer. What
has been pulled and pushed serves as a server does that was started from it; what is wrong changes nothing.

SPDX-License-Identifier: Apache-2.0
"""
import json
import shutil
import time

import checkpoints
import pytest
from checkpoints import xxh3
from conftest import PATIENCE
from streams import stands_still
from test_weights import answers, ok, version
from test_weights_stream import some_of

FOLDER = str(checkpoints.FOLDER)
NORM = "model.norm.weight"


@pytest.fixture(scope="module")
def tensors():
    return checkpoints.read(checkpoints.FOLDER / "model.safetensors")[0]


class Chain:
    """Versions of a trainer's tensors: 0 is the base, each later one changes some."""

    def __init__(self, tensors, n):
        self.versions = [tensors]
        for i in range(1, n + 1):
            self.versions.append(self.versions[-1] | some_of(checkpoints.jiggled(self.versions[-1], i)))

    def slime(self, to, i, **format):
        return checkpoints.slime_delta(to, i, self.versions[i - 1], self.versions[i], **format)

    def skyrl(self, to, i, **format):
        return checkpoints.skyrl_delta(to, i, self.versions[i - 1], self.versions[i], **format)


@pytest.fixture
def chain(tensors, tmp_path):
    (tmp_path / "source").mkdir()
    return Chain(tensors, 3)


@pytest.fixture
def served(start):
    return start(model=FOLDER)


@pytest.fixture
def restarted(start, tmp_path):
    """The answers of a server that is started from these tensors."""
    made = []

    def answer(tensors, *flags):
        made.append(checkpoints.folder(tmp_path / f"restarted-{len(made)}", tensors))
        return answers(start(*flags, model=str(made[-1])))
    return answer


def pull(s, tmp_path, to, **more):
    return s.post("/pull_weights", {"local_checkpoint_dir": str(tmp_path / "local"), "source_dir": str(tmp_path / "source"),
                                    "target_version": to, **more})


def reload(s, tmp_path, name):
    return s.post("/update_weights_from_disk", {"model_path": str(tmp_path / "local"), "weight_version": name})


def init(s, tmp_path, base=FOLDER, **more):
    return s.post("/init_weight_transfer_engine",
                  {"init_info": {"base_model_path": base, "local_checkpoint_dir": str(tmp_path / "local"), **more}})


def fetch(s, tmp_path, to, **more):
    return s.post("/fetch_weights", {"target_version": to, "sync_dir": str(tmp_path / "source"), **more})


def update(s, to, **more):
    return s.post("/update_weights", {"update_info": {"target_version": to, **more}})


def local(tmp_path):
    """The tensors and the version of the server's copy."""
    tensors, metadata = checkpoints.read(tmp_path / "local/model.safetensors")
    return tensors, metadata["touchstone_version"]


def error(reply):
    return reply.json()["error"]


# ---- slime's ----


@pytest.mark.parametrize("encoding", ["xor", "overwrite"])
@pytest.mark.parametrize("shards", [1, 2])
def test_what_slime_publishes_serves_as_after_a_restart(served, restarted, chain, tmp_path, encoding, shards):
    first = answers(served)
    assert ok(pull(served, tmp_path, 0)) == {"success": True, "message": "Success.", "target_version": 0, "seconds": pytest.approx(0, abs=PATIENCE)}
    assert local(tmp_path) == (chain.versions[0], "0")
    kept = {p.name for p in checkpoints.FOLDER.iterdir() if p.suffix in (".json", ".jinja", ".txt")}
    assert {p.name for p in (tmp_path / "local").iterdir()} == kept | {"model.safetensors", ".touchstone"}
    for i in (1, 2, 3):
        chain.slime(tmp_path / "source", i, encoding=encoding, shards=shards)
        assert ok(pull(served, tmp_path, i))["success"] is True
        assert local(tmp_path) == (chain.versions[i], str(i))
        assert version(served) == str(i - 1)  # pulled, not pushed
        assert ok(reload(served, tmp_path, str(i)))["success"] is True
        assert version(served) == str(i)
    assert served.http.get("/v1/weights").json()["sha256"] == checkpoints.sha256(chain.versions[3])
    assert answers(served) == restarted(chain.versions[3]) != first
    assert not list((tmp_path / "local").glob(".touchstone-*"))


def test_a_late_server_takes_all_that_it_has_missed(served, chain, tmp_path):
    for i in (1, 2, 3):
        chain.slime(tmp_path / "source", i)
    assert ok(pull(served, tmp_path, 3))["success"] is True
    assert local(tmp_path) == (chain.versions[3], "3")
    was = (tmp_path / "local/model.safetensors").stat()
    ok(pull(served, tmp_path, 3))  # once more: there is nothing to do
    assert (tmp_path / "local/model.safetensors").stat().st_ino == was.st_ino
    ok(pull(served, tmp_path, 0))  # a trainer that begins anew
    assert local(tmp_path) == (chain.versions[0], "0")


def test_the_newest_whole_checkpoint_is_where_a_chain_begins(served, chain, tmp_path):
    source = tmp_path / "source"
    checkpoints.folder(source / "weight_v000002", chain.versions[2], shards=2)  # version 1 is not there any more
    chain.slime(source, 3)
    ok(pull(served, tmp_path, 3))
    assert local(tmp_path) == (chain.versions[3], "3")
    # a trainer that lays whole checkpoints and begins anew
    shutil.rmtree(source)
    checkpoints.folder(source / "weight_v000001", chain.versions[1])
    ok(pull(served, tmp_path, 1))
    assert local(tmp_path) == (chain.versions[1], "1")


def test_a_whole_checkpoint_that_could_not_serve_is_not_copied(served, chain, tmp_path, tensors):
    ok(pull(served, tmp_path, 0))
    lacking = {k: v for k, v in tensors.items() if k != NORM}
    checkpoints.folder(tmp_path / "source/weight_v000001", lacking)
    checkpoints.folder(tmp_path / "source/weight_v000002", tensors | {"more.weight": ("BF16", [1], b"ab")})
    half = checkpoints.folder(tmp_path / "source/weight_v000003", tensors)
    (half / "model.safetensors").write_bytes((half / "model.safetensors").read_bytes()[:-100])
    for i, word in ((1, NORM), (2, "more.weight"), (3, "truncated")):
        reply = pull(served, tmp_path, i)
        assert (reply.status_code, error(reply)["param"]) == (400, "source_dir") and word in error(reply)["message"]
    assert local(tmp_path) == (tensors, "0")


def test_a_version_without_a_change(served, chain, tmp_path, tensors):
    checkpoints.slime_delta(tmp_path / "source", 1, tensors, tensors)
    ok(pull(served, tmp_path, 1))
    assert local(tmp_path) == (tensors, "1")


def test_quantised_serving_of_a_chain(start, restarted, chain, tmp_path):
    s = start("--weights", "q8_0", model=FOLDER)
    chain.slime(tmp_path / "source", 1)
    ok(pull(s, tmp_path, 1))
    ok(reload(s, tmp_path, "1"))
    assert answers(s) == restarted(chain.versions[1], "--weights", "q8_0")


def test_requests_at_work_switch_to_what_was_pulled(served, chain, tmp_path):
    chain.slime(tmp_path / "source", 1)
    run = stands_still(served, [5, 6, 7], 200)
    ok(pull(served, tmp_path, 1))
    ok(reload(served, tmp_path, "one"))
    served.post("/resume", {})
    assert [v["version"] for v in run.end()["weight_versions"]] == ["0", "one"]


# ---- SkyRL's ----


@pytest.mark.parametrize("sums", ["xxh3-128", "sha256", "old"])
def test_what_skyrl_publishes_serves_as_after_a_restart(served, restarted, chain, tmp_path, sums):
    ok(init(served, tmp_path))
    assert local(tmp_path) == (chain.versions[0], "0")
    for i in (1, 2, 3):
        chain.skyrl(tmp_path / "source", i, sums=sums, files=2)
        got = ok(fetch(served, tmp_path, i))
        assert got["status"] == "ok" and got["result"][0]["target_version"] == i
        assert local(tmp_path) == (chain.versions[i], str(i)) and version(served) == str(i - 1)
        assert ok(update(served, i))["weight_version"] == str(i) == version(served)
    assert answers(served) == restarted(chain.versions[3])


def test_vllm_s_four_routes_around_a_chain(served, chain, tmp_path):
    for route in ("/start_weight_update", "/finish_weight_update", "/shutdown_weight_transfer_engine"):
        assert served.post(route, {}).status_code == 501
    ok(init(served, tmp_path, base="Qwen/some-hub-name"))  # what the server was started from
    chain.skyrl(tmp_path / "source", 1)
    last = str(tmp_path / "source/delta-00000001")
    ok(served.post("/fetch_weights", {"target_version": 1, "uri": f"file://{last}"}))
    ok(served.post("/start_weight_update", {"is_checkpoint_format": True}))
    ok(served.post("/update_weights", {"update_info": [{"target_version": 1, "version": 1, "uri": last}]}))
    assert version(served) == "1"
    ok(served.post("/finish_weight_update", {}))
    assert version(served) == "1"
    ok(served.post("/finish_weight_update", {"weight_version": "step-1"}))
    assert version(served) == "step-1"
    ok(served.post("/shutdown_weight_transfer_engine", {}))
    assert fetch(served, tmp_path, 1).status_code == 409
    assert served.post("/start_weight_update", {}).status_code == 501


def test_a_second_beginning_is_one(served, chain, tmp_path):
    ok(init(served, tmp_path))
    chain.skyrl(tmp_path / "source", 1)
    ok(fetch(served, tmp_path, 1))
    ok(init(served, tmp_path))
    assert local(tmp_path) == (chain.versions[0], "0")
    ok(fetch(served, tmp_path, 1))
    assert local(tmp_path) == (chain.versions[1], "1")


def test_another_base(served, chain, tmp_path, tensors, restarted):
    """What the trainer began with need not be what the server was started from."""
    base = checkpoints.folder(tmp_path / "base", checkpoints.jiggled(tensors, 9), shards=3)
    other = Chain(checkpoints.jiggled(tensors, 9), 1)
    ok(init(served, tmp_path, base=str(base)))
    other.skyrl(tmp_path / "source", 1)
    ok(fetch(served, tmp_path, 1))
    ok(update(served, 1))
    assert answers(served) == restarted(other.versions[1])


def test_only_what_was_fetched_is_pushed(served, chain, tmp_path):
    assert (r := update(served, 1)).status_code == 409 and "init_weight_transfer_engine" in r.text
    assert fetch(served, tmp_path, 1).status_code == 409
    ok(init(served, tmp_path))
    reply = update(served, 1)
    assert (reply.status_code, error(reply)["code"], error(reply)["param"]) == (409, "base_version", "update_info.target_version")
    assert "at version 0, not 1" in error(reply)["message"]
    assert version(served) == "0"


def test_python_in_workers_is_refused_but_for_two_names(served):
    for name in ("skyrl_start_weight_update", "skyrl_finish_weight_update"):
        assert ok(served.post("/collective_rpc", {"method": name, "kwargs": {"is_checkpoint_format": True}})) == {"results": [None]}
    for name in ("skyrl_sleep_for_weight_sync", "update_weights_ipc", "save_model"):
        assert served.post("/collective_rpc", {"method": name}).status_code == 501
    assert served.post("/collective_rpc", {}).status_code == 400


# ---- what is wrong with a change ----


def flip(path, at=-1):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def edit(path, change):
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def truncated(path):
    file = next(path.glob("*.safetensors"))
    file.write_bytes(file.read_bytes()[:-5])


def wrong_digest(path):
    """The last byte of a sum."""
    file = next(path.glob("*.safetensors"))
    tensors, metadata = checkpoints.read(file)
    if metadata:
        metadata[NORM] = xxh3(b"other")
        file.write_bytes(checkpoints.pack(tensors, metadata))
    else:
        edit(path / "manifest.json", lambda m: [t.update(checksum=xxh3(b"other")) for t in m["tensors"]])


def broken_payload(path):
    flip(next(path.glob("*.safetensors")))


def no_file(path):
    next(path.glob("*.safetensors")).unlink()


def no_list(path):
    next(path.glob("*.json")).unlink()


def half_a_list(path):
    file = next(path.glob("*.json"))
    file.write_text(file.read_text()[:-20])


def out_of(name):
    def escape(path):
        file = next(path.glob("*.safetensors"))
        shutil.copy(file, path.parent / "outside.safetensors")
        file.unlink()
        for list in path.glob("*.json"):
            def change(data):
                for key in data.get("weight_map", {}):
                    data["weight_map"][key] = name
                for t in data.get("tensors", []):
                    t["payload_file"] = name
            edit(list, change)
    return escape


def stranger(path):
    for list in path.glob("*.json"):
        def change(data):
            if "tensors" in data:
                data["tensors"][0]["name"] = "no.such.weight"
            else:
                data["weight_map"]["no.such.weight"] = data["weight_map"].pop(NORM)
        edit(list, change)
    if not (path / "manifest.json").exists():
        file = next(path.glob("*.safetensors"))
        tensors, metadata = checkpoints.read(file)
        tensors["no.such.weight"] = tensors.pop(NORM)
        metadata["no.such.weight"] = metadata.pop(NORM)
        file.write_bytes(checkpoints.pack(tensors, metadata))


def other_number(path):
    edit(next(path.glob("*.json")), lambda m: m.get("metadata", m).update(version=7))


def no_number(path):
    edit(next(path.glob("*.json")), lambda m: m.get("metadata", m).update(base_version="one"))


def twice(path):
    edit(path / "manifest.json", lambda m: m["tensors"].append(m["tensors"][0]))


def other_sum(path):
    def change(m):
        if "metadata" in m:
            m["metadata"]["checksum_format"] = "blake3"
        else:
            m["tensors"][0]["checksum_algorithm"] = "blake3"
    edit(next(path.glob("*.json")), change)


WRONG = [(truncated, "truncated"), (wrong_digest, "another sum"), (broken_payload, ""), (no_file, "No such file"),
         (half_a_list, ""), (out_of("../outside.safetensors"), "file beside it"), (out_of("/etc/passwd"), "file beside it"),
         (out_of(".."), "file beside it"), (stranger, "no.such.weight"), (other_number, "says it is 7"), (no_number, "base_version"),
         (other_sum, "blake3")]


def check_refused(served, reply, before, word, status=400):
    assert reply.status_code == status, reply.text
    assert word in error(reply)["message"], reply.text
    assert version(served) == "0" and answers(served) == before


@pytest.mark.parametrize("break_it, word", WRONG)
def test_a_wrong_change_of_slime_s_changes_nothing(served, chain, tmp_path, break_it, word):
    before = answers(served)
    chain.slime(tmp_path / "source", 1)
    ok(pull(served, tmp_path, 1))
    break_it(chain.slime(tmp_path / "source", 2))
    reply = pull(served, tmp_path, 2)
    check_refused(served, reply, before, word)
    assert reply.json()["success"] is False and word in reply.json()["message"]
    assert local(tmp_path) == (chain.versions[1], "1") and not list((tmp_path / "local").glob(".touchstone-*"))
    # once it is right, the chain goes on
    shutil.rmtree(tmp_path / "source/weight_v000002")
    chain.slime(tmp_path / "source", 2)
    ok(pull(served, tmp_path, 2))
    assert local(tmp_path) == (chain.versions[2], "2")


@pytest.mark.parametrize("break_it, word", [*WRONG, (twice, "changes twice"), (no_list, "manifest.json")])
def test_a_wrong_change_of_skyrl_s_changes_nothing(served, chain, tmp_path, break_it, word):
    before = answers(served)
    ok(init(served, tmp_path))
    break_it(chain.skyrl(tmp_path / "source", 1))
    reply = fetch(served, tmp_path, 1)
    check_refused(served, reply, before, word)
    assert local(tmp_path) == (chain.versions[0], "0")
    assert update(served, 1).status_code == 409


def test_a_change_of_another_base(served, chain, tmp_path, tensors):
    """Its sums do not fit what it is applied to, whatever its numbers say."""
    before = answers(served)
    other = Chain(checkpoints.jiggled(tensors, 9), 1)
    other.slime(tmp_path / "source", 1)
    check_refused(served, pull(served, tmp_path, 1), before, "another sum")
    assert local(tmp_path) == (tensors, "0")


def test_versions_come_in_order(served, chain, tmp_path):
    source = tmp_path / "source"
    chain.slime(source, 1)
    chain.slime(source, 3)
    reply = pull(served, tmp_path, 3)  # 2 is not there
    assert (reply.status_code, error(reply)["param"]) == (404, "source_dir") and "version 2" in error(reply)["message"]
    ok(pull(served, tmp_path, 1))
    chain.slime(source, 2)
    edit(source / "weight_v000002/model.safetensors.index.json", lambda m: m["metadata"].update(base_version="000000"))
    reply = pull(served, tmp_path, 2)
    assert (reply.status_code, error(reply)["code"]) == (409, "base_version") and local(tmp_path)[1] == "1"
    ok(init(served, tmp_path))
    chain.skyrl(source, 1)
    chain.skyrl(source, 2)
    ok(fetch(served, tmp_path, 2))
    reply = fetch(served, tmp_path, 1)
    assert (reply.status_code, error(reply)["code"], error(reply)["param"]) == (409, "base_version", "target_version")
    reply = fetch(served, tmp_path, 4)
    assert (reply.status_code, error(reply)["param"]) == (404, "sync_dir")
    reply = served.post("/fetch_weights", {"target_version": 3, "uri": str(source / "delta-00000002")})
    assert (reply.status_code, error(reply)["param"]) == (400, "uri") and "says it is 2" in error(reply)["message"]
    reply = served.post("/fetch_weights", {"target_version": 4, "uri": str(source / "delta-00000002")})
    assert (reply.status_code, error(reply)["param"]) == (400, "uri") and "version 3 is needed" in error(reply)["message"]
    assert local(tmp_path) == (chain.versions[2], "2") and version(served) == "0"


# ---- whose folders ----


def test_a_folder_with_other_content_is_nobody_s_to_write_to(served, chain, tmp_path):
    mine = tmp_path / "local"
    mine.mkdir()
    (mine / "thesis.txt").write_text("mine")
    for reply, field in ((pull(served, tmp_path, 0), "local_checkpoint_dir"), (init(served, tmp_path), "init_info.local_checkpoint_dir")):
        assert (reply.status_code, error(reply)["code"], error(reply)["param"]) == (409, "conflict", field), reply.text
    assert [p.name for p in mine.iterdir()] == ["thesis.txt"]
    (mine / "thesis.txt").unlink()
    ok(pull(served, tmp_path, 0))
    (tmp_path / "file").write_text("")
    reply = pull(served, tmp_path, 0, local_checkpoint_dir=str(tmp_path / "file"))
    assert reply.status_code == 409 and "not a folder" in error(reply)["message"]


def test_what_lies_in_the_folder_s_way_is_not_followed(served, chain, tmp_path):
    """Links in the server's own folder lead nowhere."""
    ok(pull(served, tmp_path, 0))
    prize = tmp_path / "prize"
    prize.write_text("untouched")
    for name in ("model.safetensors", ".touchstone-next", "config.json"):
        (tmp_path / "local" / name).unlink(missing_ok=True)
        (tmp_path / "local" / name).symlink_to(prize)
    ok(pull(served, tmp_path, 0))
    assert prize.read_text() == "untouched" and local(tmp_path)[1] == "0"
    assert not (tmp_path / "local/model.safetensors").is_symlink()


def test_folders_lie_beneath_a_root(start, chain, tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    (inside / "source").mkdir(parents=True)
    outside.mkdir()
    (inside / "link").symlink_to(outside)
    chain.slime(inside / "source", 1)
    chain.slime(outside, 1)
    s = start("--path-root", str(inside), model=FOLDER)
    for path in (outside, outside / "new", inside / "link", inside / "link/new", inside / "../out/new", "/etc/x", "relative", "/"):
        for body in ({"local_checkpoint_dir": str(path), "source_dir": str(inside / "source")},
                     {"local_checkpoint_dir": str(inside / "local"), "source_dir": str(path)}):
            reply = s.post("/pull_weights", {**body, "target_version": 1})
            assert reply.status_code in (403, 404), (path, reply.text)
            assert reply.status_code == 403 or path == inside / "link/new", (path, reply.text)
    assert list(outside.iterdir()) == [outside / "weight_v000001"]
    (inside / "source/weight_v000002").symlink_to(outside / "weight_v000001")
    reply = s.post("/pull_weights", {"local_checkpoint_dir": str(inside / "a/b/local"), "source_dir": str(inside / "source"), "target_version": 2})
    assert (reply.status_code, error(reply)["code"], error(reply)["param"]) == (403, "path_not_allowed", "source_dir"), reply.text
    (inside / "source/weight_v000002").unlink()
    chain.slime(inside / "source", 2)
    for name in (p.name for p in sorted((inside / "source/weight_v000002").iterdir())):
        file = inside / "source/weight_v000002" / name
        file.rename(outside / name)
        file.symlink_to(outside / name)
        reply = s.post("/pull_weights", {"local_checkpoint_dir": str(inside / "a/b/local"), "source_dir": str(inside / "source"), "target_version": 2})
        assert (reply.status_code, error(reply)["code"], error(reply)["param"]) == (403, "path_not_allowed", "source_dir"), (name, reply.text)
        file.unlink()
        (outside / name).rename(file)
    ok(s.post("/pull_weights", {"local_checkpoint_dir": str(inside / "a/b/local"), "source_dir": str(inside / "source"), "target_version": 1}))
    assert checkpoints.read(inside / "a/b/local/model.safetensors")[0] == chain.versions[1]
    reply = s.post("/init_weight_transfer_engine", {"init_info": {"base_model_path": FOLDER, "local_checkpoint_dir": str(inside / "c")}})
    assert (reply.status_code, error(reply)["param"]) == (403, "init_info.base_model_path")
    ok(s.post("/init_weight_transfer_engine", {"init_info": {"base_model_path": "a/hub", "local_checkpoint_dir": str(inside / "c")}}))
    for name in ("sync_dir", "uri"):
        reply = s.post("/fetch_weights", {"target_version": 1, name: str(outside)})
        assert (reply.status_code, error(reply)["param"]) == (403, name)
    assert s.post("/fetch_weights", {"target_version": 1, "uri": "s3://a/b"}).status_code == 400


def test_a_gguf_has_no_files_to_lay(start, tmp_path):
    s = start(model=str(checkpoints.GGUF_F16))
    reply = pull(s, tmp_path, 0)
    assert (reply.status_code, error(reply)["code"]) == (409, "base_unavailable")


def test_a_base_that_is_not_what_it_was(start, tmp_path, tensors):
    path = checkpoints.folder(tmp_path / "base", tensors)
    s = start(model=str(path))
    (path / "model.safetensors").write_bytes(checkpoints.pack(checkpoints.jiggled(tensors, 5)))
    reply = pull(s, tmp_path, 0)
    assert (reply.status_code, error(reply)["code"]) == (409, "base_unavailable")
    assert not (tmp_path / "local/model.safetensors").exists()


def test_a_base_of_another_shape(served, tmp_path):
    reply = init(served, tmp_path, base=str(checkpoints.DATA / "deepseek2-bias"))
    assert reply.status_code == 400 and error(reply)["param"] == "init_info.base_model_path", reply.text
    reply = init(served, tmp_path, base=str(tmp_path / "nowhere"))
    assert reply.status_code == 404 and error(reply)["param"] == "init_info.base_model_path", reply.text
    assert fetch(served, tmp_path, 1).status_code == 409


@pytest.mark.parametrize("delay", [0, 0.003, 0.01, 0.03])
def test_killed_in_the_midst_of_following(start, chain, tmp_path, delay):
    """Whenever it dies: the checkpoint is one version, whole, and the next server goes on from there."""
    for i in (1, 2, 3):
        chain.slime(tmp_path / "source", i)
    s = start(model=FOLDER)
    ok(pull(s, tmp_path, 0))
    with s.connect() as c:
        body = json.dumps({"local_checkpoint_dir": str(tmp_path / "local"), "source_dir": str(tmp_path / "source"), "target_version": 3})
        c.sendall(f"POST /pull_weights HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        time.sleep(delay)
        s.process.kill()
        s.wait()
    tensors, at = local(tmp_path)
    assert tensors == chain.versions[int(at)]
    t = start(model=FOLDER)
    assert ok(reload(t, tmp_path, at))["success"] is True
    assert t.http.get("/v1/weights").json()["sha256"] == checkpoints.sha256(tensors)
    ok(pull(t, tmp_path, 3))
    assert local(tmp_path) == (chain.versions[3], "3")
    assert not list((tmp_path / "local").glob(".touchstone-*"))


@pytest.mark.parametrize("body, param", [
    ({}, "local_checkpoint_dir"), ({"local_checkpoint_dir": "/x", "source_dir": "/y"}, "target_version"),
    ({"local_checkpoint_dir": "/x", "source_dir": "/y", "target_version": -1}, "target_version"),
    ({"local_checkpoint_dir": "/x", "source_dir": "/y", "target_version": 10**9}, "target_version"),
    ({"local_checkpoint_dir": "", "source_dir": FOLDER, "target_version": 1}, "local_checkpoint_dir"),
    ({"local_checkpoint_dir": "gs://x", "source_dir": FOLDER, "target_version": 1}, "local_checkpoint_dir"),
    ({"local_checkpoint_dir": 3, "source_dir": "/y", "target_version": 1}, "local_checkpoint_dir")])
def test_wrong_bodies(served, body, param):
    reply = served.post("/pull_weights", body)
    assert (reply.status_code, error(reply)["param"]) == (400, param), reply.text


@pytest.mark.parametrize("route, body, param", [
    ("/init_weight_transfer_engine", {"init_info": {"local_checkpoint_dir": 3}}, "init_info.local_checkpoint_dir"),
    ("/init_weight_transfer_engine", {"init_info": {"local_checkpoint_dir": "s3://a"}}, "init_info.local_checkpoint_dir"),
    ("/init_weight_transfer_engine", {"init_info": {"local_checkpoint_dir": "/x", "base_model_path": 7}}, "init_info.base_model_path"),
    ("/fetch_weights", {}, "target_version"), ("/fetch_weights", {"target_version": 1}, "sync_dir"),
    ("/fetch_weights", {"target_version": "1", "sync_dir": FOLDER}, "target_version"), ("/fetch_weights", {"target_version": 1, "uri": 7}, "uri"),
    ("/update_weights", {"update_info": {"target_version": -1}}, "update_info.target_version"),
    ("/update_weights", {"update_info": [{"target_version": "x"}]}, "update_info.target_version"),
    ("/finish_weight_update", {"weight_version": 7}, "weight_version"), ("/finish_weight_update", {"weight_version": ""}, "weight_version")])
def test_wrong_bodies_of_vllm_s_routes(served, tmp_path, route, body, param):
    ok(init(served, tmp_path))
    reply = served.post(route, body)
    assert (reply.status_code, error(reply)["param"]) == (400, param), reply.text
    assert version(served) == "0"
