"""Weights that change while the server runs: what is pushed serves as if the server had been started with it, to the
bit; what is wrong changes nothing.

SPDX-License-Identifier: Apache-2.0
"""
import json
import subprocess
import threading

import checkpoints
import pytest
from conftest import BIN, ENVIRONMENT, PATIENCE, ROOT, TINY, tries, wait_until
from streams import Stream, stands_still

PROMPTS = [[1 + (i * 7 + j * 13) % 90 for j in range(3 + i * 5 % 40)] for i in range(32)]


def answers(server, prompts=PROMPTS, **more):
    """Tokens and log-probabilities."""
    body = {"prompt": prompts, "max_tokens": 12, "logprobs": 2, "return_token_ids": True, "temperature": 0.8,
            "seed": 5, "ignore_eos": True, **more}
    reply = server.complete(**body)
    return [(c["token_ids"], c["logprobs"]["token_logprobs"], c["logprobs"]["top_logprobs"]) for c in reply["choices"]]


def rollout(n_tokens):
    return {"prompts": [{"token_ids": [1, 2], "answer": "4"}], "n": 2, "rewards": [{"name": "accuracy"}],
            "sampling": {"max_tokens": n_tokens, "ignore_eos": True, "temperature": 1.0}}


def ok(reply):
    assert reply.status_code == 200, reply.text
    return reply.json()


def error(reply):
    return reply.json()["error"]


def version(server):
    return server.http.get("/get_weight_version").json()["weight_version"]


@pytest.fixture(scope="module")
def tensors():
    return checkpoints.read(checkpoints.FOLDER / "model.safetensors")[0]


# ---- pushed = restarted ----


@pytest.mark.parametrize("flags", [[], ["--weights", "q8_0"], ["--engine", "reference"]])
@pytest.mark.parametrize("shards", [1, 3])
def test_a_pushed_folder_is_as_good_as_a_restart(start, tmp_path, tensors, flags, shards):
    new = checkpoints.jiggled(tensors, 1)
    path = checkpoints.folder(tmp_path / "new", new, shards)
    a = start(*flags, model=str(checkpoints.FOLDER))
    before = answers(a)
    assert version(a) == "0"
    assert a.http.get("/v1/weights").json()["sha256"] == checkpoints.sha256(tensors)
    reply = a.post("/v1/weights", {"path": str(path), "version": "step 1"})
    assert reply.status_code == 200, reply.text
    assert reply.json() | {"seconds": 0} == {"version": "step 1", "sha256": checkpoints.sha256(new),
                                             "tensors": len(new), "seconds": 0}
    pushed = answers(a)
    assert pushed != before
    b = start(*flags, model=str(path))
    assert answers(b) == pushed
    assert b.http.get("/v1/weights").json()["sha256"] == reply.json()["sha256"]
    # and back again: to the bit what it was
    assert a.post("/v1/weights", {"path": str(checkpoints.FOLDER)}).json()["version"] == "2"
    assert answers(a) == before


@pytest.mark.parametrize("base", [checkpoints.GGUF_F16, checkpoints.GGUF_Q8])
def test_a_pushed_gguf_file_is_as_good_as_a_restart(start, tmp_path, base):
    path = checkpoints.gguf(tmp_path / "new.gguf", 2, base)
    a, b = start(model=str(base)), start(model=str(path))
    before = answers(a)
    assert a.post("/v1/weights", {"path": str(path)}).status_code == 200
    assert answers(a) == answers(b) != before


def test_float_pushes_take_the_types_that_serve(start, tmp_path):
    """A server that was started from a quantised file quantises what comes as it would have at start."""
    path = checkpoints.gguf(tmp_path / "new.gguf", 3)
    a = start("--weights", "q8_0", model=str(checkpoints.GGUF_F16))
    assert a.post("/v1/weights", {"path": str(path)}).status_code == 200
    assert answers(a) == answers(start("--weights", "q8_0", model=str(path)))


# ---- what says so ----


def test_everything_tells_the_version(start, tmp_path, tensors):
    path = checkpoints.folder(tmp_path / "new", checkpoints.jiggled(tensors, 1))
    s = start(model=str(checkpoints.FOLDER))
    s.post("/v1/weights", {"path": f"file://{path}", "version": "seven"})
    get = lambda p: s.http.get(p).json()
    assert {get(p)["weight_version"] for p in ("/weight_info", "/weight_version", "/get_weight_version", "/model_info",
                                               "/server_info", "/get_server_info")} == {"seven"}
    assert [m["weight_version"] for m in get("/v1/models")["data"]] == ["seven"]
    sums = s.post("/weight_checker", {"action": "checksum"}).json()["checksums"]
    assert s.post("/weight_checker", {"action": "compare", "baseline": sums}).json()["match"] is True
    assert s.post("/weight_checker", {"action": "compare", "baseline": {"weights": "0"}}).json()["mismatches"] == ["weights"]
    assert s.post("/weight_checker", {"action": "reset"}).status_code == 400
    assert s.metric("touchstone_weight_pushes_total") == 1
    s.wait_metric("touchstone_weight_versions", lambda n: n == 1)
    info = get("/server_info")
    assert info["enable_memory_saver"] is False and info["tp_size"] == info["pp_size"] == 1
    assert s.post("/update_weight_version", {"new_version": "eight"}).json()["new_version"] == "eight"
    assert version(s) == "eight" and get("/v1/weights")["number"] == 1


def test_every_generating_route_tells_the_version(start):
    s = start(model=str(checkpoints.FOLDER))
    s.post("/update_weight_version", {"new_version": "v"})
    bodies = {
        "/v1/completions": {"prompt": [1, 2], "max_tokens": 2},
        "/inference/v1/generate": {"token_ids": [1, 2], "sampling_params": {"max_tokens": 2}},
        "/generate/": {"prompts": [[1, 2]], "max_tokens": 2},
        "/completion": {"prompt": [1, 2], "n_predict": 2},
    }
    for path, body in bodies.items():
        assert s.post(path, body).json()["weight_version"] == "v", path
    two = s.post("/v1/completions", {"prompt": [1, 2], "max_tokens": 2, "n": 2}).json()
    assert two["weight_version"] == "v" and [c["weight_version"] for c in two["choices"]] == ["v", "v"]
    sglang = s.post("/generate", {"input_ids": [1, 2], "sampling_params": {"max_new_tokens": 2}}).json()
    assert sglang["meta_info"]["weight_version"] == "v"
    roll = s.post("/v1/rollouts", rollout(2)).json()
    assert [x["weight_version"] for x in roll["groups"][0]["samples"]] == ["v", "v"]
    with s.http.stream("POST", "/v1/completions", json={"prompt": [1, 2], "max_tokens": 3, "stream": True}) as reply:
        chunks = [json.loads(line[6:]) for line in reply.iter_lines() if line.startswith("data: {")]
    assert [c.get("weight_version") for c in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert chunks[-1]["weight_version"] == "v"


def test_replies_of_events_tell_the_version(start):
    s = start(model=TINY)
    s.post("/update_weight_version", {"new_version": "v"})
    for path, body in {"/v1/messages": {"messages": [{"role": "user", "content": "a"}], "max_tokens": 2},
                       "/v1/responses": {"input": "a", "max_output_tokens": 2}}.items():
        body = {**body, "model": "touchstone-tiny"}
        assert s.post(path, body).json()["weight_version"] == "v", path
        with s.http.stream("POST", path, json={**body, "stream": True}) as reply:
            events = [json.loads(line[6:]) for line in reply.iter_lines() if line.startswith("data: {")]
        replies = [e.get("response", e) for e in events]
        assert [r["weight_version"] for r in replies if "weight_version" in r] == ["v"], path


# ---- requests at work ----


def paused_in(server, ask, n):
    """The answer to be, and who waits for it, of a request for n tokens that a pause has caught in its first half: the step that is at
    work then still ends, and with it what is about to."""
    for _ in tries():
        got, before = {}, server.metric("touchstone_generated_tokens_total")
        thread = threading.Thread(target=lambda: got.update(ask()))
        thread.start()
        server.wait_metric("touchstone_generated_tokens_total", lambda so_far: so_far > before + 2)
        server.http.post("/pause", params={"mode": "keep"})
        running, made = server.metric("touchstone_sequences_running"), server.metric("touchstone_generated_tokens_total") - before
        if running > 1 and made <= n / 2:
            return got, thread
        server.post("/resume", {})
        thread.join()


def scores(server, ids):
    """Log-probabilities of the tokens after the first."""
    reply = server.complete(prompt=ids, max_tokens=1, echo=True, logprobs=0)
    return reply["choices"][0]["logprobs"]["token_logprobs"][:len(ids)]


@pytest.fixture
def two(start, tmp_path, tensors):
    """A server, the path of other weights, and a server that was started with those."""
    path = checkpoints.folder(tmp_path / "new", checkpoints.jiggled(tensors, 1))
    flags = ["--context", "256"]
    return start(*flags, model=str(checkpoints.FOLDER)), str(path), start(*flags, model=str(path))


def test_finish_ends_requests_on_their_own_weights(two):
    s, path, _ = two
    alone = Stream(s, [5, 6, 7], 200)
    alone.end()
    run = stands_still(s, [5, 6, 7], 200)
    assert s.post("/v1/weights", {"path": path}).status_code == 200
    assert s.metric("touchstone_weight_versions") == 2
    s.post("/resume", {})
    assert run.end()["weight_version"] == "0" and run.tokens() == alone.tokens()
    wait_until(lambda: s.metric("touchstone_weight_versions") == 1)
    assert s.metric("touchstone_recomputed_tokens_total") == 0


@pytest.mark.parametrize("route", ["/v1/weights", "/update_weights_from_disk", "/update_weights", "/areal_update_weights"])
def test_switch_goes_on_with_the_new_weights(two, route):
    s, path, restarted = two
    run = stands_still(s, [5, 6, 7], 200)
    body = {"/v1/weights": {"path": path, "policy": "switch"}, "/update_weights": {"weight_dir": path}}
    reply = s.post(route, body.get(route, {"model_path": path, "weight_version": "1"}))
    assert reply.status_code == 200, reply.text
    s.post("/resume", {})
    first, second = run.end()["weight_versions"]
    ids, given = run.tokens(), run.logprobs()
    assert first | {"end": 0} == {"version": "0", "start": 0, "end": 0}
    assert second == {"version": "1", "start": first["end"], "end": 200} and len(ids) == 200
    assert 0 < first["end"] < 200 and s.metric("touchstone_recomputed_tokens_total") > 0
    # each span is what scoring says under that span's weights, to the bit
    new = scores(restarted, [5, 6, 7] + ids)[3:]
    assert given[first["end"]:] == new[first["end"]:]
    assert given[:first["end"]] != new[:first["end"]]
    assert scores(s, [5, 6, 7] + ids)[3:] == new
    wait_until(lambda: s.metric("touchstone_weight_versions") == 1)


def test_abort_ends_requests_with_what_they_have(two):
    s, path, _ = two
    run = stands_still(s, [5, 6, 7], 240)
    assert s.post("/update_weights_from_disk", {"model_path": path, "abort_all_requests": True}).json()["success"] is True
    last = run.end()
    assert last["choices"][0]["finish_reason"] == "abort" and last["weight_version"] == "0"
    assert 0 < len(run.tokens()) < 240
    s.post("/resume", {})
    assert s.complete(prompt=[1], max_tokens=1)["weight_version"] == "1"


def test_samples_of_one_prompt_switch_together(two):
    s, path, restarted = two
    body = {"prompt": [9, 8, 7], "n": 8, "max_tokens": 120, "temperature": 1.0, "seed": 1, "ignore_eos": True,
            "logprobs": 0, "return_token_ids": True}
    got, thread = paused_in(s, lambda: s.complete(**body), 8 * 120)
    assert s.post("/v1/weights", {"path": path, "policy": "switch"}).status_code == 200
    s.post("/resume", {})
    thread.join()
    assert "weight_version" not in got and len(got["choices"]) == 8
    for c in got["choices"]:
        if c.get("weight_version") == "0":
            continue  # it had ended
        old, new = c["weight_versions"]
        assert (old["version"], new["version"], new["end"]) == ("0", "1", 120) and old["end"] == new["start"] > 0
        right = scores(restarted, [9, 8, 7] + c["token_ids"])[3:]
        assert c["logprobs"]["token_logprobs"][new["start"]:] == right[new["start"]:]


@pytest.mark.parametrize("given", [0, 40])
def test_a_rollout_tells_its_spans(two, given):
    """Also where its samples go on from tokens of earlier, which are the first span's."""
    s, path, restarted = two
    body = rollout(200)
    if given:
        body["prompts"][0]["partial"] = [{"token_ids": [5] * given}] * body["n"]
    got, thread = paused_in(s, lambda: s.post("/v1/rollouts", body).json(), body["n"] * (200 - given))
    s.post("/v1/weights", {"path": path, "policy": "switch"})
    s.post("/resume", {})
    thread.join()
    for sample in got["groups"][0]["samples"]:
        old, new = sample["weight_versions"]
        assert (old["start"], old["end"], new["end"]) == (0, new["start"], 200)
        assert (old["version"], new["version"]) == ("0", "1")
        right, at = scores(restarted, [1, 2] + sample["token_ids"])[2:], new["start"]
        assert sample["logprobs"][at:] == right[at:] and sample["logprobs"][at - 1] != right[at - 1]


def test_who_was_aborted_before_beginning_has_a_version(start):
    s = start("--max-sequences", "1", model=str(checkpoints.FOLDER))
    s.http.post("/pause", params={"mode": "keep"})
    body = {"prompt": [5, 6, 7], "max_tokens": 9, "ignore_eos": True, "return_weight_versions": True, "n": 2}
    replies = []
    threads = [threading.Thread(target=lambda: replies.append(s.post("/v1/completions", body).json())) for _ in range(3)]
    for t in threads:
        t.start()
    s.wait_metric("touchstone_sequences_waiting", lambda n: n == 6)
    assert s.post("/abort_requests", {}).status_code == 200
    for t in threads:
        t.join()
    for reply in replies:
        assert reply["weight_version"] == "0" and [c["finish_reason"] for c in reply["choices"]] == ["abort"] * 2
        assert all(c["weight_versions"] == [{"version": "0", "start": 0, "end": 0}] for c in reply["choices"])


def full(s, path):
    """A stream in a pause on the first of two versions that are in memory, as many as may be."""
    run = stands_still(s, [5, 6, 7], 240)
    assert s.post("/v1/weights", {"path": path}).status_code == 200
    assert s.metric("touchstone_weight_versions") == 2
    return run


@pytest.mark.parametrize("arguments", [{}, {"wait": 0}])
def test_too_many_versions(two, arguments):
    """What a pause holds ends on older weights only when it is taken back: nobody is kept waiting for that."""
    s, path, _ = two
    run = full(s, path)
    busy = s.http.post("/v1/weights", params=arguments, json={"path": path})
    assert busy.status_code == 409 and busy.json()["error"]["code"] == "versions_busy"
    assert "paused" in busy.json()["error"]["message"]
    s.post("/resume", {})
    assert run.end()["weight_version"] == "0"
    assert s.post("/v1/weights", {"path": path, "version": "last"}).json()["version"] == "last" == version(s)


@pytest.mark.parametrize("wait", [0, 1])
@pytest.mark.parametrize("policy", ["switch", "abort"])
def test_older_versions_are_left_where_there_is_no_room(two, policy, wait):
    s, path, _ = two
    run = full(s, path)
    reply = s.http.post("/v1/weights", params={"wait": wait}, json={"path": path, "policy": policy, "version": "last"})
    assert reply.status_code == 200 and version(s) == "last"
    wait_until(lambda: s.metric("touchstone_weight_versions") == 1)
    s.post("/resume", {})
    end = run.end()
    assert end["choices"][0]["finish_reason"] == {"switch": "length", "abort": "abort"}[policy]
    if policy == "switch":
        assert [v["version"] for v in end["weight_versions"]] == ["0", "last"] and len(run.tokens()) == 240


def test_a_finish_that_waits_is_told_of_a_pause(two):
    """Requests on older weights ended in time, or a pause came and it was told so: it hangs in neither case."""
    s, path, _ = two
    told = set()
    for _ in tries():
        run, replies = full(s, path), []
        s.post("/resume", {})
        thread = threading.Thread(target=lambda: replies.append(s.post("/v1/weights", {"path": path})))
        thread.start()
        s.http.post("/pause", params={"mode": "keep"})
        thread.join()
        s.post("/resume", {})
        run.end()
        wait_until(lambda: s.metric("touchstone_weight_versions") == 1)
        told.add(replies[0].status_code)
        assert told <= {200, 409}
        if 409 in told:
            break
    assert replies[0].json()["error"]["code"] == "versions_busy"


def test_who_asks_to_wait_waits_in_a_pause_too(two):
    s, path, _ = two
    run = full(s, path)
    waiting = []
    body = {"path": path, "version": "last"}
    thread = threading.Thread(target=lambda: waiting.append(s.http.post("/v1/weights", params={"wait": 1}, json=body)))
    thread.start()
    s.wait_metric("touchstone_weight_staging", lambda n: n == 1)
    other = s.post("/v1/weights", {"path": path})
    assert other.status_code == 409 and other.json()["error"]["code"] == "push_in_progress"
    s.post("/resume", {})
    thread.join()
    run.end()
    assert waiting[0].json()["version"] == "last" == version(s)


# ---- what is wrong ----


def missing(t):
    t.pop("model.layers.0.input_layernorm.weight")


def extra(t):
    t["model.layers.0.mystery.weight"] = ("BF16", [2], b"\0\0\0\0")


def shape(t):
    d, s, b = t["model.norm.weight"]
    t["model.norm.weight"] = (d, [s[0] - 2], b[:-4])


def dtype(t):
    d, s, b = t["model.norm.weight"]
    t["model.norm.weight"] = ("I16", s, b)


def nan(t):
    d, s, b = t["model.norm.weight"]
    t["model.norm.weight"] = (d, s, b"\xff\x7f" + b[2:])


@pytest.mark.parametrize("break_it, name", [(missing, "model.layers.0.input_layernorm.weight"),
                                            (extra, "model.layers.0.mystery.weight"), (shape, "model.norm.weight"),
                                            (dtype, "model.norm.weight"), (nan, "model.norm.weight")])
def test_a_wrong_folder_changes_nothing(start, tmp_path, tensors, break_it, name):
    new = checkpoints.jiggled(tensors, 1)
    break_it(new)
    path = checkpoints.folder(tmp_path / "new", new)
    s = start(model=str(checkpoints.FOLDER))
    before = answers(s)
    reply = s.post("/v1/weights", {"path": str(path), "check_finite": True})
    assert reply.status_code == 400, reply.text
    assert name in reply.json()["error"]["message"] and reply.json()["error"]["param"] == "path"
    assert answers(s) == before and version(s) == "0"
    assert s.metric("touchstone_weight_pushes_refused_total") == 1
    reply = s.post("/update_weights_from_disk", {"model_path": str(path)})
    if break_it is not nan:
        assert reply.status_code == 400 and reply.json()["success"] is False and name in reply.json()["message"]
        assert reply.json()["error"]["param"] == "model_path"
    # the next one is none the worse for it
    assert s.post("/v1/weights", {"path": str(checkpoints.FOLDER), "version": "a"}).json()["version"] == "a"


@pytest.mark.parametrize("name", ["model.layers.0.mlp.down_proj.weight", "model.embed_tokens.weight", "experts"])
def test_a_shape_is_told_as_the_file_has_it(start, tmp_path, tensors, name):
    new = dict(tensors)
    of_experts = [k for k in tensors if ".experts." in k and k.endswith("up_proj.weight")]
    for k in of_experts if name == "experts" else [name]:
        dtype, (rows, columns), data = tensors[k]
        new[k] = (dtype, [rows - 2, columns], data[:-4 * columns])
    first = min(of_experts, key=lambda k: [int(part) for part in k.split(".") if part.isdigit()]) if name == "experts" else name
    s = start(model=str(checkpoints.FOLDER))
    rows, columns = tensors[first][1]
    wanted = f"tensor {first} has shape [{rows - 2}, {columns}]; [{rows}, {columns}] expected"
    assert rows != columns
    reply = s.post("/v1/weights", {"path": str(checkpoints.folder(tmp_path / "new", new))})
    assert reply.status_code == 400 and wanted in error(reply)["message"], reply.text
    reply = s.http.put("/v1/weights", content=checkpoints.pack(new))
    assert reply.status_code == 400 and wanted in error(reply)["message"], reply.text


def test_what_broken_weights_compute_is_an_error_everywhere(start, tmp_path, tensors):
    broken = dict(tensors)
    nan(broken)
    s = start(model=str(checkpoints.FOLDER))
    assert s.post("/v1/weights", {"path": str(checkpoints.folder(tmp_path / "new", broken)), "check_finite": False}).status_code == 200
    said = s.post("/v1/completions", {"prompt": [1, 2], "max_tokens": 2})
    assert said.status_code == 500 and "logits are not finite" in said.json()["error"]["message"]
    embedded = s.post("/v1/embeddings", {"input": [1, 2]})
    assert embedded.status_code == 500 and embedded.json()["error"]["code"] == said.json()["error"]["code"]
    assert "not finite" in embedded.json()["error"]["message"]
    for sample in ok(s.post("/v1/rollouts", rollout(4)))["groups"][0]["samples"]:
        assert (sample["mask"], sample["mask_cause"], sample["reward"]) == (True, "engine_error", None)
        assert sample["error"]["message"] == said.json()["error"]["message"]
    assert s.post("/v1/weights", {"path": str(checkpoints.FOLDER)}).status_code == 200
    assert s.post("/v1/embeddings", {"input": [1, 2]}).status_code == 200


@pytest.mark.parametrize("flags", [[], ["--weights", "q8_0"], ["--engine", "reference"]])
def test_a_server_does_not_start_on_broken_weights(tmp_path, tensors, flags):
    broken = dict(tensors)
    kind, dims, data = broken["model.layers.0.mlp.up_proj.weight"]
    broken["model.layers.0.mlp.up_proj.weight"] = (kind, dims, data[:100] + b"\xff\x7f" + data[102:])
    run = subprocess.run([BIN, "serve", "--port", "0", "--model", str(checkpoints.folder(tmp_path / "new", broken)), *flags],
                         capture_output=True, text=True, timeout=PATIENCE, env=ENVIRONMENT)
    assert run.returncode != 0 and "model.layers.0.mlp.up_proj.weight has a number that is not finite" in run.stderr, run.stderr


def half_written(path):
    whole = (path / "model.safetensors").read_bytes()
    (path / "model.safetensors").write_bytes(whole[:len(whole) // 2])


def no_config(path):
    (path / "config.json").unlink()


def other_shape(path):
    config = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps(config | {"rms_norm_eps": 0.5}))


def a_gguf(path):
    (path / "model.safetensors").write_bytes(checkpoints.GGUF_F16.read_bytes())


@pytest.mark.parametrize("break_it", [half_written, no_config, other_shape, a_gguf])
def test_a_folder_that_is_none_changes_nothing(start, tmp_path, tensors, break_it):
    path = checkpoints.folder(tmp_path / "new", checkpoints.jiggled(tensors, 1))
    break_it(path)
    s = start(model=str(checkpoints.FOLDER))
    before = answers(s)
    reply = s.post("/v1/weights", {"path": str(path)})
    assert reply.status_code == 400 and reply.json()["error"]["param"] == "path", reply.text
    assert answers(s) == before and version(s) == "0"


@pytest.mark.parametrize("break_it, word", [
    (lambda raw: raw[:len(raw) // 2], "truncated"), (lambda raw: raw[:100], ""), (lambda raw: b"GGUX" + raw[4:], ""),
    (lambda raw: raw.replace(b"output_norm.weight", b"output_morn.weight"), "output_norm.weight"),
    (lambda raw: raw[:len(raw) // 64 * 32] + b"\xff\x7f\xff\x7f" + raw[len(raw) // 64 * 32 + 4:], "not finite")])
def test_a_wrong_gguf_file_changes_nothing(start, tmp_path, break_it, word):
    path = tmp_path / "new.gguf"
    path.write_bytes(break_it(checkpoints.gguf(path, 2).read_bytes()))
    s = start(model=str(checkpoints.GGUF_F16))
    before = answers(s)
    reply = s.post("/v1/weights", {"path": str(path), "check_finite": True})
    assert reply.status_code == 400 and word in reply.json()["error"]["message"], reply.text
    assert reply.json()["error"]["param"] == "path"
    assert answers(s) == before and version(s) == "0"


def test_another_model_is_not_taken(server, start):
    s = start(model=str(checkpoints.FOLDER))
    reply = s.post("/v1/weights", {"path": str(checkpoints.GGUF_F16)})
    assert reply.status_code == 400 and "architecture" in reply.json()["error"]["message"]
    q8 = start(model=str(checkpoints.GGUF_Q8))
    reply = q8.post("/v1/weights", {"path": str(checkpoints.DATA / "qwen2-bias-q4_0.gguf")})
    assert reply.status_code == 400 and "tensor " in reply.json()["error"]["message"], reply.text
    assert version(s) == version(q8) == "0"


def test_what_ends_an_answer_stays_as_it_was_at_the_start(start, tmp_path, tensors):
    """docs/weights.md says so: a pushed folder's eos_token_id and generation_config.json are not taken."""
    path = checkpoints.folder(tmp_path / "new", tensors)
    s = start(model=str(checkpoints.FOLDER))
    body = {"prompt": PROMPTS[0], "max_tokens": 12, "return_token_ids": True, "temperature": 0}
    before = s.complete(**body)["choices"][0]
    ends = before["token_ids"][3]
    config = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps({**config, "eos_token_id": ends}))
    (path / "generation_config.json").write_text(json.dumps({"eos_token_id": ends, "temperature": 2.0, "top_k": 3}))
    ok(s.post("/v1/weights", {"path": str(path)}))
    after = s.complete(**body)["choices"][0]
    assert (after["token_ids"], after["finish_reason"]) == (before["token_ids"], before["finish_reason"])
    assert len(after["token_ids"]) > 4
    told = [x.http.get("/server_info").json()["vllm_config"]["model_config"] for x in (s, start(model=str(checkpoints.FOLDER)))]
    assert told[0] == told[1]


def test_no_push_without_a_name_is_called_as_another_was(start):
    """Nor as what serves has been renamed to; a refused push's name counts for nothing."""
    s = start(model=str(checkpoints.FOLDER))

    def push(**more):
        return ok(s.post("/v1/weights", {"path": str(checkpoints.FOLDER), **more}))["version"]

    assert [push(), push(version="3"), push(), push(version="19"), push(version="step 99"), push()] == ["1", "3", "4", "19", "step 99", "21"]
    ok(s.post("/update_weight_version", {"new_version": "40"}))
    assert push() == "41"
    assert s.post("/v1/weights", {"path": str(checkpoints.GGUF_F16), "version": "70"}).status_code == 400
    assert push(version="9" * 19) == "9" * 19  # no number that is counted
    assert int(push()) < 70


@pytest.mark.parametrize("body, param", [({}, "path"), ({"path": 3}, "path"), ({"path": "/x", "policy": "soon"}, "policy"),
                                         ({"path": "/x", "version": ""}, "version"), ({"path": "/x", "more": 1}, "more"),
                                         ({"path": "s3://a/b"}, "path"), ({"path": ""}, "path"),
                                         ({"path": str(checkpoints.FOLDER), "version": "v" * 300}, "version")])
def test_wrong_bodies(server, body, param):
    reply = server.post("/v1/weights", body)
    assert reply.status_code in (400, 404), reply.text
    if reply.status_code == 400:
        assert reply.json()["error"]["param"] == param


def test_a_file_of_a_checkpoint_is_told_of_its_folder(server):
    reply = server.post("/v1/weights", {"path": str(checkpoints.FOLDER / "model.safetensors")})
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "path")
    assert "by its folder" in reply.json()["error"]["message"], reply.text


# ---- what may be named ----


def test_paths_lie_beneath_a_root(start, tmp_path, tensors):
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    new = checkpoints.folder(inside / "new", checkpoints.jiggled(tensors, 1))
    far = checkpoints.folder(outside, checkpoints.jiggled(tensors, 2))
    (inside / "link").symlink_to(far)
    half = checkpoints.folder(inside / "half", checkpoints.jiggled(tensors, 3))
    (half / "model.safetensors").unlink()
    (half / "model.safetensors").symlink_to(far / "model.safetensors")
    s = start("--path-root", str(inside), model=str(checkpoints.FOLDER))
    for path in (far, tmp_path / "nothing", inside / ".." / "out", inside / "link", "/etc", "relative", "/"):
        reply = s.post("/v1/weights", {"path": str(path)})
        assert (reply.status_code, reply.json()["error"]["code"]) == (403, "path_not_allowed"), (path, reply.text)
        assert reply.json()["error"]["message"].startswith("path does not lie beneath")
    assert s.post("/v1/weights", {"path": str(inside / "nothing")}).status_code == 404
    reply = s.post("/v1/weights", {"path": str(half)})
    assert (reply.status_code, error(reply)["code"], error(reply)["param"]) == (403, "path_not_allowed", "path"), reply.text
    assert "model.safetensors leads out" in error(reply)["message"]
    assert version(s) == "0"
    assert s.post("/v1/weights", {"path": str(new)}).status_code == 200
    assert answers(s) == answers(start(model=str(new)))


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "model.safetensors.index.json"])
@pytest.mark.parametrize("route, field", [("/v1/weights", "path"), ("/update_weights_from_disk", "model_path"), ("/update_weights", "weight_dir")])
def test_a_file_that_leads_out_is_told_as_its_path_is(start, tmp_path, tensors, file, route, field):
    """Whether what it leads to exists or not; a link that stays beneath the root is followed."""
    inside = tmp_path / "in"
    inside.mkdir()
    far = checkpoints.folder(tmp_path / "out", checkpoints.jiggled(tensors, 1), 2 if file.endswith("index.json") else 1)
    near = checkpoints.folder(inside / "near", checkpoints.jiggled(tensors, 2), 2 if file.endswith("index.json") else 1)
    s = start("--path-root", str(inside), model=str(checkpoints.FOLDER))
    (near / file).rename(inside / "moved")
    for target in (far / file, tmp_path / "nothing", "../../out/" + file):
        (near / file).symlink_to(target)
        reply = s.post(route, {field: str(near)})
        assert (reply.status_code, error(reply)["code"], error(reply)["param"]) == (403, "path_not_allowed", field), reply.text
        assert error(reply)["message"].startswith("near/" + file + " leads out"), reply.text
        (near / file).unlink()
    (near / file).symlink_to("../moved")
    assert s.post(route, {field: str(near)}).status_code == 200


def test_components_that_name_nothing_do_not_matter(start, tmp_path, tensors):
    """Neither in a path nor in a root; ".." is no such component."""
    inside = tmp_path / "in"
    inside.mkdir()
    checkpoints.folder(inside / "new", checkpoints.jiggled(tensors, 1))
    (inside / "link").symlink_to(checkpoints.FOLDER)
    (tmp_path / "alias").symlink_to(inside)
    up = str(tmp_path)
    s = start("--path-root", f"{up}/.//alias/.", model=str(checkpoints.FOLDER))
    for root in (f"{up}/in", f"{up}/alias", f"/{up}/in", f"{up}//in", f"{up}/./in", f"/./{up}/alias/"):
        for rest in ("/new", "//new", "/./new", "/new/", "/new//", "/new/.", "/.//./new/./"):
            reply = s.post("/v1/weights", {"path": root + rest})
            assert reply.status_code == 200, (root + rest, reply.text)
        for rest in ("//link", "/./link", "/./../out", "/.//..", "/new/../../in/../out", "/link/./config.json", "/..//in/new/x"):
            reply = s.post("/v1/weights", {"path": root + rest})
            assert (reply.status_code, error(reply)["code"]) == (403, "path_not_allowed"), (root + rest, reply.text)
    for path in (f"{up}/inner/new", f"{up}//in./new", f"{up}/alia/s/new", "./in/new"):
        assert s.post("/v1/weights", {"path": path}).status_code == 403, path
    assert s.post("/v1/weights", {"path": f"file://{up}//in/./new"}).status_code == 200


def test_a_relative_root_is_told_the_same(start):
    """Of the folder that the server was started in, which is the repository's."""
    new = str(checkpoints.FOLDER.relative_to(ROOT))
    for root, paths in ((".//tests/.", (new, f"./{new}", str(checkpoints.FOLDER))), ("./.", (new, f".//{new}", str(checkpoints.FOLDER)))):
        s = start("--path-root", root, model=str(checkpoints.FOLDER))
        for path in paths:
            assert s.post("/v1/weights", {"path": path}).status_code == 200, (root, path)
        for path in ("../etc", "/etc", f"{new}/../../../../../etc", "/"):
            assert s.post("/v1/weights", {"path": path}).status_code == 403, (root, path)


@pytest.mark.parametrize("turned", [False, True])
def test_a_root_may_lie_in_another(start, tmp_path, tensors, turned):
    """Where one leads out, what the other says counts, in whichever order they were named."""
    data, disk = tmp_path / "data", tmp_path / "disk"
    data.mkdir()
    checkpoints.folder(disk / "new", checkpoints.jiggled(tensors, 1))
    (data / "mounted").symlink_to(disk)
    roots = [str(data), str(data / "mounted")]
    flags = [f for r in (roots[::-1] if turned else roots) for f in ("--path-root", r)]
    s = start(*flags, model=str(checkpoints.FOLDER))
    reply = s.post("/v1/weights", {"path": str(data / "mounted/new")})
    assert reply.status_code == 200, reply.text
    assert s.post("/v1/weights", {"path": str(data / "mounted/gone")}).status_code == 404
    (disk / "link").symlink_to(checkpoints.FOLDER)
    assert s.post("/v1/weights", {"path": str(data / "mounted/link")}).status_code == 403
    ask = {"source_dir": str(data), "target_version": 0}
    reply = s.post("/pull_weights", {**ask, "local_checkpoint_dir": str(data / "mounted/local")})
    assert reply.status_code == 200, reply.text
    assert (disk / "local/model.safetensors").exists()
    assert s.post("/pull_weights", {**ask, "local_checkpoint_dir": str(data / "mounted/link/local")}).status_code == 403


def test_without_roots_only_this_machine_may_name_paths(start):
    """Without a key such a server takes no pushes at all."""
    s = start("--host", "0.0.0.0", "--api-key", "k", model=str(checkpoints.FOLDER))
    for path in (str(checkpoints.FOLDER), "/nothing"):
        reply = s.post("/v1/weights", {"path": path}, headers={"Authorization": "Bearer k"})
        assert reply.json()["error"]["code"] == "path_not_allowed"
    assert s.post("/v1/weights", {"path": "/nothing"}).status_code == 401


def test_control_can_be_forbidden(start):
    s = start("--no-allow-control", model=str(checkpoints.FOLDER))
    assert s.post("/v1/weights", {"path": str(checkpoints.FOLDER)}).status_code == 403
