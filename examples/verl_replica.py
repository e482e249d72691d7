"""verl's rollout by this server: `actor_rollout_ref.rollout.name=touchstone`, weights pushed after every step.

    PYTHONPATH=examples VERL_USE_EXTERNAL_MODULES=verl_replica SERVER_URL=http://HOST:8080 \\
        python3 -m verl.trainer.main_ppo actor_rollout_ref.rollout.name=touchstone ...

Two plug-ins of verl's own kinds: a replica, whose Ray actor turns ids into a TokenOutput, and the rollout inside the
trainer's workers, which sends their weights (checkpoint_engine.backend=naive, its default). The server is started
apart, from the folder in actor_rollout_ref.model.path; its address goes to the Ray workers in SERVER_URL.

SPDX-License-Identifier: Apache-2.0
"""

import asyncio

import push_weights
import ray
import torch.distributed
from rollout import SERVER, post
from verl.workers.rollout.base import _ROLLOUT_REGISTRY, BaseRollout
from verl.workers.rollout.replica import RolloutReplica, RolloutReplicaRegistry, TokenOutput

ENDS = {"stop": "completed", "length": "completed"}  # what else ended a sample goes on later, in verl's words "aborted"


class Server:
    """What verl's agent loops call."""

    def __init__(self, response_length):
        self.response_length = response_length

    async def generate(self, prompt_ids, sampling_params, request_id=None, **_):
        most = sampling_params.get("max_tokens", sampling_params.get("max_new_tokens", self.response_length))
        kept = {k: v for k, v in sampling_params.items() if k not in ("max_tokens", "max_new_tokens", "logprobs")}
        body = {**kept, "prompt": list(prompt_ids), "max_tokens": most, "logprobs": 0, "return_token_ids": True,
                "logprobs_mode": "processed_logprobs"}  # of the distribution drawn from, as verl asks of vLLM
        [sample] = (await asyncio.to_thread(post, "/v1/completions", body))["choices"]
        return TokenOutput(token_ids=sample["token_ids"], log_probs=sample["logprobs"]["token_logprobs"],
                           stop_reason=ENDS.get(sample["finish_reason"], "aborted"),
                           extra_fields={"global_steps": int(sample["weight_version"])})

    async def abort_all_requests(self, reject_request=False):
        await asyncio.to_thread(post, "/pause?mode=abort", {})

    async def resume_generation(self):
        await asyncio.to_thread(post, "/resume", {})

    async def nothing(self, *_, **__):
        """There is no GPU memory to give up, and the prefix cache knows its weights."""

    wake_up = sleep = clear_kv_cache = release_kv_cache = resume_kv_cache = nothing


class TouchstoneReplica(RolloutReplica):
    async def launch_servers(self):
        actor = ray.remote(Server).options(num_cpus=0, max_concurrency=self.max_concurrency)
        self._server_handle = actor.remote(self.config.response_length)
        self._server_address, self.servers = SERVER.split("//")[-1], [self._server_handle]


class TouchstoneRollout(BaseRollout):
    """In each worker of the trainer: every rank gathers, the first one sends."""

    async def update_weights(self, weights, wire_format="named_tensors", global_steps=None, peft_config=None, **_):
        if peft_config or wire_format != "named_tensors":
            raise ValueError("whole weights are sent: set model.lora.merge=True and checkpoint_engine.backend=naive")
        first = not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0
        tensors = {}
        for name, tensor in weights:
            if first:
                tensors[name] = tensor.detach().cpu().clone()
        if first:
            await asyncio.to_thread(push_weights.push, tensors, str(global_steps or 0))

    async def resume(self, tags):
        pass

    async def release(self):
        pass


RolloutReplicaRegistry.register("touchstone", lambda: TouchstoneReplica)
_ROLLOUT_REGISTRY["touchstone", "async"] = f"{__name__}.TouchstoneRollout"
