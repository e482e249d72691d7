"""LoRA adapters: loaded, named, replaced and unloaded while requests run; rows of different ones in one batch.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import pathlib
import shutil
import threading

import checkpoints
import pytest
from conftest import MODEL, Server
from streams import Stream, stands_still

ADAPTERS = pathlib.Path(__file__).parents[1] / "golden/data/adapters"
PLAIN, PATTERNS = str(ADAPTERS / "llama-plain"), str(ADAPTERS / "llama-patterns")
PROMPT = [1 + i * 7 % 90 for i in range(40)]


def ask(server, model=None, **more):
    """Tokens and log-probabilities of a few samples."""
    body = {"prompt": PROMPT, "max_tokens": 10, "logprobs": 1, "return_token_ids": True, "temperature": 0.9, "n": 2,
            "seed": 3, "ignore_eos": True, **({"model": model} if model else {}), **more}
    reply = server.complete(**body)
    return [(c["token_ids"], c["logprobs"]["token_logprobs"]) for c in reply["choices"]]


def load(server, name, path, route="/v1/load_lora_adapter", **more):
    return server.post(route, {"lora_name": name, "lora_path": str(path), **more})


def models(server):
    return {m["id"]: m for m in server.http.get("/v1/models").json()["data"]}


@pytest.fixture(scope="module")
def server():
    s = Server("--adapter", f"plain={PLAIN}", "--adapter", f"patterns={PATTERNS}")
    yield s
    s.stop()


def test_adapters_are_listed_with_their_parent(server):
    base = server.http.get("/v1/models").json()["data"][0]
    listed = models(server)["plain"]
    assert (listed["parent"], listed["root"], listed["meta"]["rank"]) == (base["id"], PLAIN, 4)
    assert models(server)["patterns"]["meta"]["rank"] == 17
    assert len(listed["sha256"]) == 64 and listed["sha256"] != models(server)["patterns"]["sha256"]
    assert server.http.get("/v1/models/plain").json() == listed
    assert server.http.get("/server_info").json()["vllm_config"]["lora_config"] == {
        "max_lora_rank": 512, "max_loras": 16, "max_cpu_loras": 16}


def test_every_way_to_name_one(server):
    base = server.http.get("/v1/models").json()["data"][0]["id"]
    want = ask(server, "plain")
    assert want != ask(server) and want != ask(server, "patterns")
    assert ask(server, f"{base}:plain") == want
    assert ask(server, lora_path="plain") == want
    assert ask(server, base, lora_path="plain") == want
    assert server.complete(prompt=PROMPT, max_tokens=1, model="plain")["model"] == "plain"
    body = {"input_ids": PROMPT, "lora_path": "plain", "return_logprob": True,
            "sampling_params": {"max_new_tokens": 4, "temperature": 0}}
    meta = server.post("/generate", body).json()["meta_info"]
    got = [p for p, *_ in meta["output_token_logprobs"]]
    assert got == pytest.approx(ask(server, "plain", temperature=0, n=1, max_tokens=4)[0][1], abs=0)


def test_a_chat_and_a_rollout_have_one_too(server):
    chat = {"messages": [{"role": "user", "content": "a"}], "max_tokens": 5, "temperature": 0, "logprobs": True}
    with_one = server.post("/v1/chat/completions", {**chat, "model": "plain"}).json()
    assert with_one["model"] == "plain"
    assert with_one["choices"][0]["logprobs"] != server.post("/v1/chat/completions", chat).json()["choices"][0]["logprobs"]
    call = {"prompts": [{"token_ids": PROMPT, "answer": "4"}], "n": 2, "rewards": [{"name": "accuracy"}], "seed": 1,
            "sampling": {"max_tokens": 6, "ignore_eos": True, "temperature": 1.0}, "return": ["token_ids", "logprobs"]}
    samples = [[s["logprobs"] for s in server.post("/v1/rollouts", {**call, "model": m}).json()["groups"][0]["samples"]]
               for m in ("plain", "patterns", "plain")]
    assert samples[0] == samples[2] != samples[1]


def test_the_same_bits_alone_and_in_a_batch_of_many(server):
    names = ["plain", "patterns", None, "plain", None, "patterns", "plain", None]
    alone = [ask(server, name) for name in names]
    together = [None] * len(names)

    def one(i):
        together[i] = ask(server, names[i], cache_salt=str(i))  # nothing comes from the cache
    threads = [threading.Thread(target=one, args=(i,)) for i in range(len(names))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert together == alone


def test_equal_tokens_of_another_adapter_are_not_found_in_the_cache(start):
    server = start("--adapter", f"a={PLAIN}", "--adapter", f"b={PATTERNS}")
    cached = []
    for name in ("a", "a", "b", None, "b"):
        reply = server.complete(prompt=PROMPT, max_tokens=1, **({"model": name} if name else {}))
        cached.append(reply["usage"]["prompt_tokens_details"]["cached_tokens"])
    assert cached == [0, 32, 0, 0, 32]


def test_unknown_names_are_404(server):
    reply = server.post("/v1/completions", {"prompt": "a", "model": "nobody"})
    assert (reply.status_code, reply.json()["error"]["param"]) == (404, "model")
    reply = server.post("/v1/completions", {"prompt": "a", "lora_path": "nobody"})
    assert (reply.status_code, reply.json()["error"]["param"]) == (404, "lora_path")
    reply = server.post("/v1/completions", {"prompt": "a", "lora_path": PLAIN})  # a name, never opened
    assert reply.status_code == 404
    assert server.post("/v1/unload_lora_adapter", {"lora_name": "nobody"}).status_code == 404


def test_load_replace_unload(start):
    server = start()
    base = ask(server)
    reply = load(server, "policy", PLAIN)
    assert reply.status_code == 200, reply.text
    body = reply.json()
    assert (body["status"], body["success"], body["error_message"]) == ("ok", True, None)
    assert body["loaded_adapters"] == {"policy": PLAIN} and "successfully" in body["message"]
    plain = ask(server, "policy")
    again = load(server, "policy", PATTERNS)
    assert (again.status_code, again.json()["error"]["param"]) == (400, "lora_name")
    assert ask(server, "policy") == plain
    assert load(server, "policy", PATTERNS, load_inplace=True).status_code == 200
    patterns = ask(server, "policy")
    assert patterns not in (plain, base)
    for route in ("/load_lora_adapter", "/skyrl/v1/load_lora_adapter"):
        assert load(server, "policy", PLAIN, route).status_code == 200
        assert ask(server, "policy") == plain
        assert load(server, "policy", PATTERNS, route).status_code == 200
        assert ask(server, "policy") == patterns
    assert server.post("/unload_lora_adapter", {"lora_name": "policy"}).json()["loaded_adapters"] == {}
    assert server.post("/v1/completions", {"prompt": "a", "model": "policy"}).status_code == 404
    assert ask(server) == base


def test_a_running_request_ends_on_the_content_it_began_with(start):
    server = start("--adapter", f"policy={PLAIN}")
    body = {"prompt": PROMPT, "max_tokens": 60, "model": "policy", "temperature": 0, "ignore_eos": True,
            "logprobs": 1, "return_token_ids": True}
    want = server.complete(**body)["choices"][0]["token_ids"]
    assert server.post("/pause?mode=keep", {}).status_code == 200
    got = {}
    thread = threading.Thread(target=lambda: got.update(server.complete(**body, cache_salt="new")))
    thread.start()
    server.wait_asked(1)
    for n in range(3):
        assert load(server, "policy", (PATTERNS, PLAIN, PATTERNS)[n], "/load_lora_adapter").status_code == 200
    assert server.post("/v1/unload_lora_adapter", {"lora_name": "policy"}).status_code == 200
    assert server.post("/resume", {}).status_code == 200
    thread.join()
    assert got["choices"][0]["token_ids"] == want


def test_names_are_looked_up_in_a_folder(start, tmp_path):
    os.symlink(PATTERNS, tmp_path / "link")
    server = start("--adapter-dir", str(tmp_path), "--max-adapters", "2")
    assert server.post("/v1/completions", {"prompt": "a", "model": "m_1"}).status_code == 404
    for n in range(3):
        shutil.copytree(PLAIN if n % 2 else PATTERNS, tmp_path / f"m_{n}")
    answers = [ask(server, f"m_{n}") for n in range(3)]
    assert answers[0] == answers[2] != answers[1]
    assert len(models(server)) == 1 + 2  # the one asked for least lately made room
    assert ask(server, "m_0") == answers[0]
    for name in ("link", "../" + tmp_path.name + "/m_1", ".", "m_1/", ""):
        status = server.post("/v1/completions", {"prompt": "a", "max_tokens": 1, "model": name}).status_code
        assert status == (200 if name == "" else 404), name
    (tmp_path / "m_1" / "adapter_config.json").write_text('{"r": 99}')
    load(server, "x", PLAIN)
    load(server, "y", PLAIN)
    reply = server.post("/v1/completions", {"prompt": "a", "model": "m_1"})
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "model")


def test_a_folder_is_read_once_by_many_who_ask_for_it(start, tmp_path):
    shutil.copytree(PLAIN, tmp_path / "cold")
    server = start("--adapter-dir", str(tmp_path))
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(ask(server, "cold"))) for _ in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(answers) == 16 and all(a == answers[0] for a in answers)
    assert len(server.lines_until_now("event=adapter ")) == 1


def test_a_name_of_the_model_is_no_adapters(start):
    server = start("--served-model-name", "policy", "--served-model-name", "Tiny")
    for name in ("policy", "tiny"):
        reply = load(server, name, PLAIN)
        assert (reply.status_code, reply.json()["error"]["param"]) == (400, "lora_name"), reply.text
        assert "the model itself" in reply.json()["error"]["message"]
    assert load(server, "policy2", PLAIN).status_code == 200
    ended = start("--served-model-name", "policy", "--adapter", f"policy={PLAIN}", wait=False)
    assert ended.wait() == 1
    assert ended.lines("adapter", "the model itself")


def test_a_folder_that_is_written_anew_is_served_as_it_was(start, tmp_path):
    """Until it is loaded anew, or unloaded and found again."""
    shutil.copytree(PLAIN, tmp_path / "a")
    server = start("--adapter-dir", str(tmp_path))
    plain = ask(server, "a")
    shutil.copytree(PATTERNS, tmp_path / "a", dirs_exist_ok=True)
    assert ask(server, "a") == plain
    assert load(server, "a", tmp_path / "a", "/load_lora_adapter").status_code == 200
    patterns = ask(server, "a")
    assert patterns != plain
    shutil.copytree(PLAIN, tmp_path / "a", dirs_exist_ok=True)
    assert ask(server, "a") == patterns
    assert server.post("/unload_lora_adapter", {"lora_name": "a"}).status_code == 200
    assert ask(server, "a") == plain
    shutil.copytree(PATTERNS, tmp_path / "a", dirs_exist_ok=True)
    assert server.post("/unload_lora_adapter", {"lora_name": "a"}).status_code == 200
    assert ask(server, "a") == patterns


@pytest.mark.parametrize("route", ["/v1/load_lora_adapter", "/load_lora_adapter", "/skyrl/v1/load_lora_adapter"])
def test_no_adapter_takes_the_address_of_another(start, route):
    """MODEL:NAME is the adapter NAME: none may be called so."""
    server = start("--served-model-name", "policy", "--adapter", f"a={PLAIN}")
    title = server.http.get("/v1/models").json()["data"][0]["id"]
    before = ask(server, "policy:a")
    for name in ("policy:a", "POLICY:a", f"{title}:a", "policy:", "policy:b:a", f"{pathlib.Path(MODEL).name}:a"):
        reply = load(server, name, PATTERNS, route)
        error = reply.json()["error"]
        assert (reply.status_code, error["param"]) == (400, "lora_name"), (name, reply.text)
        assert 'does not begin with the model\'s and ":"' in error["message"], error
    assert [m for m in models(server) if ":" in m] == []
    assert ask(server, "policy:a") == before
    assert load(server, "polic:a", PLAIN, route).status_code == 200  # a model that is not here
    if route != "/v1/load_lora_adapter": return
    ended = start("--served-model-name", "policy", "--adapter", f"policy:a={PLAIN}", wait=False)
    assert ended.wait() == 1
    assert ended.lines("adapter", "does not begin with the model")


def test_a_long_name_is_found_by_its_path(start):
    name = "long-" + "n" * 200
    server = start("--adapter", f"{name}={PLAIN}")
    assert server.http.get(f"/v1/models/{name}").json()["id"] == name
    assert server.http.get(f"/v1/models/{name[:-1]}").status_code == 404


def test_as_many_as_there_may_be(start):
    server = start("--max-adapters", "2", "--adapter", f"a={PLAIN}")
    assert load(server, "b", PLAIN).status_code == 200
    reply = load(server, "c", PLAIN)
    assert (reply.status_code, reply.json()["error"]["code"]) == (507, "insufficient_storage")
    assert load(server, "b", PATTERNS, load_inplace=True).status_code == 200
    assert server.post("/v1/unload_lora_adapter", {"lora_name": "a"}).status_code == 200
    assert load(server, "c", PLAIN).status_code == 200


def test_paths_lie_beneath_the_roots(start, tmp_path):
    inside = tmp_path / "allowed"
    shutil.copytree(PLAIN, inside / "good")
    shutil.copytree(PLAIN, inside / "linked")
    (inside / "linked" / "adapter_model.safetensors").unlink()
    os.symlink(PLAIN + "/adapter_model.safetensors", inside / "linked" / "adapter_model.safetensors")
    server = start("--path-root", str(inside))
    assert load(server, "a", inside / "good").status_code == 200
    for spelling in (f"{inside}//good", f"{inside}/./good/.", f"/{inside}//good"):
        assert load(server, "a", spelling, load_inplace=True).status_code == 200, spelling
    for path in (PLAIN, tmp_path / "nowhere", inside / ".." / ".." / "x"):
        reply = load(server, "b", path)
        assert (reply.status_code, reply.json()["error"]["code"]) == (403, "path_not_allowed"), path
    assert load(server, "b", inside / "absent").status_code == 404
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        (inside / "linked" / name).unlink()
        (inside / "linked" / name).symlink_to(PLAIN + "/" + name)
        error = load(server, "b", inside / "linked").json()["error"]
        assert (error["code"], error["param"]) == ("path_not_allowed", "lora_path"), error
        assert error["message"].startswith(f"linked/{name} leads out"), error
        (inside / "linked" / name).unlink()
        shutil.copy(PLAIN + "/" + name, inside / "linked" / name)
    assert set(models(server)) - {server.http.get("/v1/models").json()["data"][0]["id"]} == {"a"}


def config(**changes):
    return json.dumps({**json.loads((ADAPTERS / "llama-plain/adapter_config.json").read_text()), **changes})


A = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"


NORM = "base_model.model.model.layers.0.input_layernorm.weight"
HEAD = "base_model.model.lm_head.weight"


def without(tensors, name):
    return {k: v for k, v in tensors.items() if k != name}


# what is wrong -> (config, tensors from tensors, what the message names)
WRONG = {
    "other rank": (config(r=5), lambda t: t, "expected"),
    "not computed": (config(lora_bias=True), lambda t: t, "lora_bias"),
    "unknown key": (config(use_something_new={"a": 1}), lambda t: t, "use_something_new"),
    "base changed at the start": (config(init_lora_weights="pissa"), lambda t: t, "init_lora_weights"),
    "another method": (config(peft_type="IA3"), lambda t: t, "peft_type"),
    "a bad pattern": (config(rank_pattern={"(": 4}), lambda t: t, "("),
    "no JSON": ('{"r":', lambda t: t, "adapter_config.json: not valid JSON: the text ends at byte 5"),
    "no object": ("[]", lambda t: t, "adapter_config.json must be an object"),
    "a key of another type": (config(r="4"), lambda t: t, "adapter_config.json: r must be"),
    "a number too large": (config(lora_alpha=1e9), lambda t: t, "adapter_config.json: lora_alpha is"),
    "no A": (config(), lambda t: without(t, A), "lora_A"),
    "no B": (config(), lambda t: without(t, A.replace("_A", "_B")), "lora_B"),
    "a stranger": (config(), lambda t: {**t, "stranger": t[A]}, "stranger"),
    "a module of no model": (config(), lambda t: {**t, A.replace("q_proj", "qkv_proj"): t[A]}, "qkv_proj"),
    "a layer too many": (config(), lambda t: {**t, A.replace("layers.0", "layers.99"): t[A]}, "layers.99"),
    "a norm": (config(), lambda t: {**t, "base_model.model.model.norm.weight": t[A]}, "norm"),
    "a whole norm": (config(), lambda t: {**t, NORM: t[A]}, "input_layernorm"),
    "a whole matrix of another vocabulary": (config(), lambda t: {**t, HEAD: t[A]}, "lm_head"),
    "another dtype": (config(), lambda t: {**t, A: ("I16", t[A][1], t[A][2])}, "I16"),
    "not finite": (config(), lambda t: {**t, A: (t[A][0], t[A][1], b"\xff\x7f" + t[A][2][2:])}, "finite"),
    "DoRA without magnitudes": (config(use_dora=True), lambda t: t, "magnitude"),
    "nothing": (config(), lambda t: {}, "no tensors"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_not_computed_is_refused_by_name(server, tmp_path, what):
    text, change, named = WRONG[what]
    tensors, metadata = checkpoints.read(ADAPTERS / "llama-plain/adapter_model.safetensors")
    (tmp_path / "adapter_config.json").write_text(text)
    (tmp_path / "adapter_model.safetensors").write_bytes(checkpoints.pack(change(tensors), metadata))
    before = models(server)
    reply = load(server, "wrong", tmp_path)
    error = reply.json()["error"]
    assert (reply.status_code, error["param"]) == (400, "lora_path"), reply.text
    assert named in error["message"], error["message"]
    assert models(server) == before


def test_truncated_at_any_place(server, tmp_path):
    shutil.copy(ADAPTERS / "llama-plain/adapter_config.json", tmp_path)
    whole = (ADAPTERS / "llama-plain/adapter_model.safetensors").read_bytes()
    for n in (0, 7, 8, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "adapter_model.safetensors").write_bytes(whole[:n])
        assert load(server, "cut", tmp_path).status_code == 400, n
    (tmp_path / "adapter_model.safetensors").unlink()
    assert load(server, "cut", tmp_path).status_code == 404


@pytest.fixture
def dora(start, tmp_path):
    """A server with a DoRA adapter, and weights of other numbers."""
    other = checkpoints.gguf(tmp_path / "other.gguf", 1, checkpoints.GGUF_Q8)
    return start("--adapter", f"dora={ADAPTERS / 'qwen2-dora'}", model=str(checkpoints.GGUF_Q8)), str(other)


def test_dora_is_of_the_weights_it_was_loaded_for(dora, start):
    server, other = dora
    want = ask(server, "dora")
    assert want != ask(server)
    assert server.post("/v1/weights", {"path": other}).status_code == 200
    reply = server.post("/v1/completions", {"prompt": PROMPT, "max_tokens": 1, "model": "dora"})
    assert (reply.status_code, reply.json()["error"]["param"]) == (409, "model"), reply.text
    assert load(server, "dora", ADAPTERS / "qwen2-dora", "/load_lora_adapter").status_code == 200
    fresh = start("--adapter", f"dora={ADAPTERS / 'qwen2-dora'}", model=other)
    assert ask(server, "dora") == ask(fresh, "dora") != want
    server.wait_metric("touchstone_weight_versions", lambda n: n == 1)


def test_a_switch_ends_what_dora_has_begun(dora):
    server, other = dora
    alone = Stream(server, PROMPT, 200, model="dora")
    alone.end()
    run = stands_still(server, PROMPT, 200, model="dora")
    waits = []
    thread = threading.Thread(target=lambda: waits.append(server.post("/v1/completions", {
        "prompt": PROMPT, "max_tokens": 1, "model": "dora"})))
    thread.start()
    server.wait_metric("touchstone_sequences_waiting", lambda n: n == 1)
    assert server.post("/v1/weights", {"path": other, "policy": "switch"}).status_code == 200
    last = run.end()
    assert last["choices"][0]["finish_reason"] == "abort" and last["weight_version"] == "0"
    assert run.tokens() == alone.tokens()[:len(run.tokens())]
    server.post("/resume", {})
    thread.join()
    assert (waits[0].status_code, waits[0].json()["error"]["param"]) == (409, "model"), waits[0].text
    assert server.complete(prompt=PROMPT, max_tokens=1)["weight_version"] == "1"


def test_dora_found_in_a_folder_is_read_again(start, tmp_path):
    other = checkpoints.gguf(tmp_path / "other.gguf", 1, checkpoints.GGUF_Q8)
    shutil.copytree(ADAPTERS / "qwen2-dora", tmp_path / "by-name" / "dora")
    server = start("--adapter-dir", str(tmp_path / "by-name"), model=str(checkpoints.GGUF_Q8))
    before = ask(server, "dora")
    assert server.post("/v1/weights", {"path": str(other)}).status_code == 200
    fresh = start("--adapter-dir", str(tmp_path / "by-name"), model=str(other))
    assert ask(server, "dora") == ask(fresh, "dora") != before
    assert len(models(server)) == 2 and len(server.lines_until_now("event=adapter ")) == 2
    server.wait_metric("touchstone_weight_versions", lambda n: n == 1)


def test_two_names_that_contradict_each_other(server):
    load(server, "one", PLAIN)
    load(server, "two", PATTERNS)
    reply = server.post("/v1/completions", {"prompt": "a", "max_tokens": 1, "model": "one", "lora_path": "two"})
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "lora_path"), reply.text
    assert "contradict" in reply.json()["error"]["message"]
    same = {"prompt": "a", "max_tokens": 1, "model": "one", "lora_path": "one"}
    assert server.post("/v1/completions", same).status_code == 200
    assert server.post("/v1/completions", same | {"model": "neither"}).status_code == 404


def test_a_wrong_adapter_at_the_start_ends_the_server(start):
    server = start("--adapter", "a=/nowhere", wait=False)
    assert server.wait() == 1
    assert server.lines("adapter", "/nowhere")
