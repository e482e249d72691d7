"""What trainers send to have their weights served, request by request, as their own sources have it. Each row of TRAINERS
is one of their ways: what it asks at first, at every step, and how it then samples. After each of three steps every answer
had the status and the members that the client looks at, the version that it expects serves, and tokens and
log-probabilities are those of a server that was started on the same weights.

What the rows were read from (paths are the projects' own):

slime, prime-rl, SkyRL   git snapshots 624b824, 559b447, a956457
  slime       slime/backends/sglang_utils/{sglang_engine,external,server_control}.py, slime/ray/actor_group.py (full),
              slime/backends/megatron_utils/update_weight/update_weight_from_disk_delta.py (delta),
              slime/rollout/sglang_rollout.py (samples)
  prime-rl    src/prime_rl/utils/client.py; samples by renderers 0.1.12, renderers/client.py
  SkyRL       skyrl/backends/skyrl_train/weight_sync/delta_strategy.py, .../inference_servers/remote_inference_client.py,
              .../workers/fsdp/fsdp_worker.py (LoRA), skyrl/tinker/extra/external_inference.py (its Tinker server)
AReaL 1.0.4   areal/engine/{sglang,vllm}_remote.py, areal/infra/remote_inf_engine.py
ART 0.5.18    art/unsloth/service.py, art/megatron/service.py
TRL 1.16.0    trl/experimental/async_grpo/{vllm_client,async_grpo_trainer,async_rollout_worker}.py

Samples are greedy here, so that they can be compared.

SPDX-License-Identifier: Apache-2.0
"""
import dataclasses
import json
import shutil
import typing

import checkpoints
import pytest
from test_lora import PATTERNS, PLAIN
from test_lora import ask as ask_adapter
from test_weights import PROMPTS, answers
from test_weights_stream import some_of

STEPS = (1, 2, 3)
IDS = [5, 6, 7, 8]
N = 12


@dataclasses.dataclass(frozen=True)
class Call:
    """A request, the statuses that its client goes on after, and what it looks at in the reply."""
    method: str
    path: str
    json: object = None
    params: dict | None = None
    headers: dict | None = None
    status: tuple = (200,)
    says: typing.Callable[[object], bool] = lambda reply: True

    def on(self, server):
        asked = {k: v for k, v in (("json", self.json), ("params", self.params), ("headers", self.headers)) if v is not None}
        reply = server.http.request(self.method, self.path, **asked)
        assert reply.status_code in self.status, (self.path, reply.text)
        assert self.says(reply.json()), (self.path, reply.text)
        return reply.json()


def get(path, **more):
    return Call("GET", path, **more)


def post(path, json=None, **more):
    return Call("POST", path, json, **more)


@dataclasses.dataclass(frozen=True)
class Trainer:
    name: str
    kind: str         # of weights: full, slime's or SkyRL's changes, lora
    first: typing.Callable  # files -> calls
    step: typing.Callable   # files, i -> calls
    sample: typing.Callable  # files, i -> the call
    tokens: typing.Callable  # reply -> what it sampled
    version: typing.Callable | None = None  # i -> what serves; None: an adapter does, called:
    adapter: typing.Callable | None = None
    flags: typing.Callable = lambda files: ()  # the server is started with


# ---- full weights ----


def slime_first(files):
    checked = {"enable_memory_saver": False, "tp_size": 1, "pp_size": 1}
    return [get("/server_info", says=lambda r: checked.items() <= r.items() and {"disaggregation_mode", "encoder_only"} <= set(r)),
            get("/health_generate")]


def slime_reload(path, i):
    return [post("/pause_generation", {}), get("/flush_cache"),
            post("/update_weights_from_disk", {"model_path": path, "weight_version": str(i)}, says=lambda r: r["success"]),
            get("/get_weight_version", says=lambda r: r["weight_version"] == str(i)), post("/continue_generation", {}),
            post("/abort_request", {"abort_all": True}),
            get("/v1/loads", params={"include": "core"}, says=lambda r: r["loads"][0]["num_total_reqs"] == 0)]


def slime_pull(files, i):
    return post("/pull_weights", {"local_checkpoint_dir": files.local, "source_dir": files.source, "target_version": i},
                says=lambda r: r["success"])


SLIME_SAMPLING = {"temperature": 0.0, "top_p": 1.0, "top_k": -1, "max_new_tokens": N, "stop": None, "stop_token_ids": None,
                  "skip_special_tokens": False, "no_stop_trim": True, "spaces_between_special_tokens": False}


def slime_sample(files, i):
    return post("/generate", {"sampling_params": SLIME_SAMPLING, "return_logprob": True, "input_ids": IDS})


def sglang_tokens(reply):
    return [(item[1], item[0]) for item in reply["meta_info"]["output_token_logprobs"]]


def prime_step(files, i):
    path = files.folder(i)
    (files.tmp / f"step-{i}/NCCL_READY").touch()  # its marker, which lies beside the weights
    return [post("/pause", params={"mode": "keep", "clear_cache": "false"}), post("/update_weights", {"weight_dir": path}),
            post("/resume")]


def renderers_sample(model, i):
    sampling = {"max_tokens": N, "temperature": 0.0, "stop_token_ids": [], "logprobs": 1, "skip_special_tokens": False}
    return post("/inference/v1/generate", {"model": model, "token_ids": IDS, "sampling_params": sampling, "cache_salt": str(i)})


def generate_tokens(reply):
    choice = reply["choices"][0]
    return list(zip(choice["token_ids"], [item["logprob"] for item in choice["logprobs"]["content"]], strict=True))


AREAL_SGLANG = {"top_p": 1.0, "top_k": 10**8, "max_new_tokens": N, "temperature": 0.0, "stop_token_ids": [], "ignore_eos": False,
                "skip_special_tokens": True, "frequency_penalty": 0.0}


def areal_sglang_sample(**lora):
    return post("/generate", {"input_ids": IDS, "image_data": [], "sampling_params": AREAL_SGLANG, "return_logprob": True,
                              "stream": False, **lora})


def areal_vllm_sample(**lora):
    return post("/v1/completions", {"top_p": 1.0, "top_k": 10**8, "max_tokens": N, "temperature": 0.0, "stop_token_ids": [],
                                    "ignore_eos": False, "skip_special_tokens": True, "return_tokens_as_token_ids": True,
                                    "logprobs": 0, "use_beam_search": False, "stream": False, "prompt": IDS, **lora})


def areal_vllm_tokens(reply):
    logprobs = reply["choices"][0]["logprobs"]
    return [(int(t.split(":")[1]), p) for t, p in zip(logprobs["tokens"], logprobs["token_logprobs"], strict=True)]


def areal_sglang_step(files, i):
    return [post("/pause_generation", {}),
            post("/update_weights_from_disk", {"model_path": files.folder(i), "abort_all_requests": True}, says=lambda r: r["success"]),
            post("/continue_generation", {})]


def areal_vllm_step(files, i):
    return [post("/areal_pause_generation", {}), post("/areal_update_weights", {"model_path": files.folder(i)}),
            post("/areal_continue_generation", {})]


# ---- changes ----


def skyrl_first(files):
    info = {"base_model_path": files.base, "local_checkpoint_dir": files.local, "cloud_download_workers": 4,
            "checkpoint_load_format": "vllm_multi_thread_safetensors", "multi_thread_safetensors_max_workers": 8}
    return [get("/get_world_size", json={}, says=lambda r: r["world_size"] == 1), post("/init_weight_transfer_engine", {"init_info": info})]


def skyrl_step(files, i):
    files.publish(i)
    uri = f"{files.source}/delta-{i:08d}"
    info = {"target_version": i, "version": i, "sync_dir": files.source, "uri": uri}
    return [post("/fetch_weights", {"target_version": i, "sync_dir": files.source, "uri": uri}),
            post("/pause", params={"mode": "keep", "clear_cache": "false"}), post("/reset_prefix_cache", {"reset_running_requests": True}),
            post("/collective_rpc", {"method": "skyrl_start_weight_update", "kwargs": {"is_checkpoint_format": True}}),
            post("/update_weights", {"update_info": info}), post("/collective_rpc", {"method": "skyrl_finish_weight_update"}),
            post("/resume")]


def skyrl_sample(model):
    sampling = {"min_tokens": 1, "skip_special_tokens": True, "include_stop_str_in_output": True, "max_tokens": N, "temperature": 0.0,
                "top_p": 1.0, "top_k": -1, "min_p": 0.0, "logprobs": 1, "stop": None}
    return post("/inference/v1/generate", {"sampling_params": sampling, "model": model, "token_ids": IDS}, headers={"X-Session-ID": "s-7"})


def slime_delta_first(files):
    return [*slime_first(files), slime_pull(files, 0)]


def slime_delta_step(files, i):
    files.publish(i)
    return [slime_pull(files, i), *slime_reload(files.local, i)]


def slime_local_step(files, i):
    """Whole checkpoints that each host copies for itself."""
    shutil.copytree(files.folder(i), f"{files.source}/weight_v{i:06d}")
    return [slime_pull(files, i), *slime_reload(files.local, i)]


# ---- adapters ----


def prime_lora_step(files, i):
    return [post("/load_lora_adapter", {"lora_name": "r8-1e-4", "lora_path": files.adapter(i)})]


def areal_sglang_lora_step(files, i):
    calls = [post("/pause_generation", {}), post("/load_lora_adapter", {"lora_name": f"lora-v{i}", "lora_path": files.adapter(i)},
                                                 says=lambda r: r["success"])]
    if i - 2 >= 0:  # best effort
        calls.append(post("/unload_lora_adapter", {"lora_name": f"lora-v{i - 2}"}, status=(200, 404)))
    return [*calls, post("/continue_generation", {})]


def areal_vllm_lora_step(files, i):
    return [post("/areal_pause_generation", {}), post("/v1/load_lora_adapter", {"lora_path": files.adapter(i), "lora_name": f"lora-v{i}"}),
            post("/areal_continue_generation", {})]


def skyrl_lora_step(files, i):
    """One folder, written anew at each step."""
    shutil.copytree(files.adapter(i), files.local, dirs_exist_ok=True)
    return [post("/pause", params={"mode": "keep", "clear_cache": "false"}),
            post("/skyrl/v1/load_lora_adapter", {"lora_name": "skyrl-lora", "lora_path": files.local}), post("/resume")]


def tinker_ask(i, **more):
    """Of an adapter that nobody has loaded: its folder lies where the server looks for the name."""
    return post("/v1/completions", {"model": f"model-7_{i:06d}", "prompt": IDS, "n": 1, "seed": i, "max_tokens": N, "temperature": 0.0, "top_p": 1.0,
                                    "top_k": -1, "logprobs": True, "stream": False, "return_token_ids": True, **more},
                headers={"Authorization": "Bearer EMPTY", "X-Session-ID": "sampler-1:0"},
                says=lambda r: len(r["choices"][0]["prompt_logprobs"]) == len(IDS) if "prompt_logprobs" in more else r["choices"])


def tinker_step(files, i):
    """It unpacks a checkpoint beside its place, and moves it there; then it samples."""
    shutil.copytree(files.adapter(i), f"{files.source}/unpacked")
    shutil.move(f"{files.source}/unpacked", f"{files.source}/model-7_{i:06d}")
    return [tinker_ask(i, n=2, temperature=1.0), tinker_ask(i, prompt_logprobs=0), tinker_ask(i, prompt_logprobs=3)]


def art_first(files):
    return [get("/health"), get("/v1/models", says=lambda r: r["data"])]


def art_step(files, i):
    calls = [post("/v1/load_lora_adapter", {"lora_name": f"agent@{i}", "lora_path": files.adapter(i), "load_inplace": True})]
    return [*calls, *[post("/v1/unload_lora_adapter", {"lora_name": f"agent@{step}"}, status=(200, 404)) for step in range(max(0, i - 2), i - 1)]]


def art_sample(files, i):
    return post("/v1/chat/completions", {"model": f"agent@{i}", "messages": [{"role": "user", "content": "two and two?"}],
                                         "logprobs": True, "return_token_ids": True, "max_tokens": N, "temperature": 0.0})


def art_tokens(reply):
    choice = reply["choices"][0]
    return list(zip(choice["token_ids"], [item["logprob"] for item in choice["logprobs"]["content"]], strict=True))


MAX_STALENESS, RANK = 1, 17


def trl_first(files):
    """wait_for_server_ready, select_adapter_sync, get_max_model_len."""
    def fits(reply):
        config = reply["vllm_config"]
        return (config["lora_config"]["max_lora_rank"] >= RANK and config["lora_config"]["max_loras"] >= MAX_STALENESS + 2 and
                config["parallel_config"]["data_parallel_size"] == 1 and config["model_config"]["dtype"])
    return [get("/health"), get("/server_info", params={"config_format": "json"}, says=fits),
            get("/v1/models", says=lambda r: r["data"][0]["max_model_len"] > 0)]


def trl_step(files, i):
    calls = [post("/pause", params={"mode": "keep"}),
             post("/v1/load_lora_adapter", {"lora_name": f"trl-policy-v{i}", "lora_path": files.adapter(i), "load_inplace": False}),
             post("/resume")]
    stale = i - (MAX_STALENESS + 1)
    if stale > 0:
        calls.append(post("/v1/unload_lora_adapter", {"lora_name": f"trl-policy-v{stale}"}))
    if stale > 1:
        shutil.rmtree(files.adapter(stale - 1))
    return calls


def trl_sample(files, i):
    return post("/v1/completions", {"model": f"trl-policy-v{i}", "prompt": IDS, "max_tokens": N, "temperature": 0.0, "top_p": 1.0, "top_k": 0,
                                    "repetition_penalty": 1.0, "n": 1, "return_token_ids": True, "logprobs": 0, "seed": 2**62 + 12345})


def trl_tokens(reply):
    choice = reply["choices"][0]
    return list(zip(choice["token_ids"], choice["logprobs"]["token_logprobs"], strict=True))


# ---- the table ----

TRAINERS = [
    Trainer("slime-external-full", "full", slime_first, lambda f, i: slime_reload(f.folder(i), i), slime_sample, sglang_tokens, version=str),
    Trainer("slime-full-local-copy", "full", slime_first, slime_local_step, slime_sample, sglang_tokens, version=str),
    Trainer("slime-delta", "slime", slime_delta_first, slime_delta_step, slime_sample, sglang_tokens, version=str),
    Trainer("prime-rl-folder", "full", lambda f: [get("/health"), get("/v1/models")], prime_step,
            lambda f, i: renderers_sample(f.model, i), generate_tokens, version=str),
    Trainer("prime-rl-lora", "lora", lambda f: [get("/health"), get("/v1/models")], prime_lora_step,
            lambda f, i: renderers_sample("r8-1e-4", i), generate_tokens, adapter=lambda i: "r8-1e-4"),
    Trainer("areal-sglang", "full", lambda f: [get("/health")], areal_sglang_step, lambda f, i: areal_sglang_sample(), sglang_tokens, version=str),
    Trainer("areal-vllm", "full", lambda f: [get("/health")], areal_vllm_step, lambda f, i: areal_vllm_sample(), areal_vllm_tokens, version=str),
    Trainer("areal-sglang-lora", "lora", lambda f: [get("/health")], areal_sglang_lora_step,
            lambda f, i: areal_sglang_sample(lora_path=f"lora-v{i}"), sglang_tokens, adapter=lambda i: f"lora-v{i}"),
    Trainer("areal-vllm-lora", "lora", lambda f: [get("/health")], areal_vllm_lora_step,
            lambda f, i: areal_vllm_sample(model=f"lora-v{i}"), areal_vllm_tokens, adapter=lambda i: f"lora-v{i}"),
    Trainer("skyrl-delta", "skyrl", skyrl_first, skyrl_step, lambda f, i: skyrl_sample(f.model), generate_tokens, version=str),
    Trainer("skyrl-lora", "lora", lambda f: [get("/get_world_size", json={})], skyrl_lora_step,
            lambda f, i: skyrl_sample("skyrl-lora"), generate_tokens, adapter=lambda i: "skyrl-lora"),
    Trainer("skyrl-tinker-server", "lora", lambda f: [], tinker_step, lambda f, i: tinker_ask(i), trl_tokens,
            adapter=lambda i: f"model-7_{i:06d}", flags=lambda f: ("--adapter-dir", f.source)),
    Trainer("art", "lora", art_first, art_step, art_sample, art_tokens, adapter=lambda i: f"agent@{i}"),
    Trainer("trl-async-grpo-peft", "lora", trl_first, trl_step, trl_sample, trl_tokens, adapter=lambda i: f"trl-policy-v{i}"),
]


# ---- what they train ----


class Files:
    """What a trainer lays down: versions 1, 2, 3 of a model's tensors, or of an adapter."""

    def __init__(self, tmp, kind):
        self.tmp, self.kind = tmp, kind
        (tmp / "source").mkdir()
        self.base, self.source, self.local = str(checkpoints.FOLDER), str(tmp / "source"), str(tmp / "local")
        self.model = checkpoints.FOLDER.name
        self.versions = [checkpoints.read(checkpoints.FOLDER / "model.safetensors")[0]]
        for i in STEPS:
            self.versions.append(self.versions[-1] | some_of(checkpoints.jiggled(self.versions[-1], i)))

    def folder(self, i):
        """A checkpoint, as save_pretrained leaves it."""
        path = self.tmp / f"step-{i}"
        return str(path if path.exists() else checkpoints.folder(path, self.versions[i], shards=1 + i % 2))

    def publish(self, i):
        """The changes of a version."""
        write = {"slime": checkpoints.slime_delta, "skyrl": checkpoints.skyrl_delta}[self.kind]
        write(self.tmp / "source", i, self.versions[i - 1], self.versions[i])

    def adapter(self, i):
        """A PEFT folder: two that differ, and the first with another scale."""
        path = self.tmp / f"adapter-{i}"
        if not path.exists():
            shutil.copytree(PATTERNS if i == 2 else PLAIN, path)
            if i == 3:
                config = json.loads((path / "adapter_config.json").read_text())
                (path / "adapter_config.json").write_text(json.dumps(config | {"lora_alpha": 2 * config["lora_alpha"]}))
        return str(path)


def ask(server, trainer, i):
    if trainer.adapter is None:
        return answers(server, PROMPTS[:8])
    return ask_adapter(server, trainer.adapter(i))


def tells(server, trainer, files, i):
    """Does the server say that it serves what the client believes?"""
    if trainer.adapter is None:
        return server.http.get("/get_weight_version").json()["weight_version"] == trainer.version(i)
    models = server.http.get("/v1/models").json()["data"]
    return any(m["id"] == trainer.adapter(i) and m["parent"] == models[0]["id"] for m in models)


@pytest.mark.parametrize("trainer", TRAINERS, ids=lambda t: t.name)
def test_a_trainer_s_requests(start, tmp_path, trainer):
    files = Files(tmp_path, trainer.kind)
    model = {} if trainer.adapter else {"model": files.base}
    server, seen = start(*trainer.flags(files), **model), []
    for call in trainer.first(files):
        call.on(server)
    for i in STEPS:
        for call in trainer.step(files, i):
            call.on(server)
        assert tells(server, trainer, files, i)
        if trainer.adapter:
            restarted = start("--adapter", f"{trainer.adapter(i)}={files.adapter(i)}")
        else:
            restarted = start("--any-model-name", model=files.folder(i))
        sampled = [trainer.tokens(trainer.sample(files, i).on(s)) for s in (server, restarted)]
        assert sampled[0] == sampled[1] and len(sampled[0]) > 0
        assert ask(server, trainer, i) == ask(restarted, trainer, i)
        seen.append(ask(server, trainer, i))
        restarted.stop()
    assert seen[0] != seen[1] and seen[1] != seen[2] and seen[0] != seen[2]
    assert server.metric("touchstone_weight_pushes_refused_total") == 0
