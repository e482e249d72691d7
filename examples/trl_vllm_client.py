"""TRL's trainers with `use_vllm=True, vllm_mode="server"`, this server in the place of vLLM's, and no CUDA.

    import trl_vllm_client
    trl_vllm_client.install()
    GRPOTrainer(model, reward_funcs=..., args=GRPOConfig(use_vllm=True, vllm_mode="server", vllm_server_base_url=URL, ...))

Samples come over the routes that TRL's client asks anyway; only its transfer of weights, which wants CUDA and NCCL on both
sides, is replaced: one `PUT /v1/weights` an update. The package vllm need not be there. Where rewards are to come with
the samples, trl_grpo.py is the shorter way.

SPDX-License-Identifier: Apache-2.0
"""

import push_weights
from trl.generation import vllm_client, vllm_generation


class TouchstoneClient(vllm_client.VLLMClient):
    """What is said of it is TRL's; the server tells which version serves (`GET /weight_info`)."""

    def init_communicator(self, device=0):
        push_weights.SERVER = self.base_url  # nothing to join
        self.updates = 0

    def _start_weight_update(self):
        self.tensors = {}

    def update_named_params(self, metadata, named_params):
        if not self._updating_weights:
            with self.weight_update():
                return self.update_named_params(metadata, named_params)
        for name, tensor in named_params:  # a copy of each: gathered ones are gone after their turn
            self.tensors[name] = tensor.detach().cpu().clone()

    def _finish_weight_update(self):
        self.updates += 1
        push_weights.push(self.tensors, version=str(self.updates))
        self.tensors = {}


def install():
    """From here on TRL's trainers make this client, and do not ask for vLLM."""
    vllm_generation.VLLMClient = TouchstoneClient
    for module in (vllm_client, vllm_generation):
        module.is_vllm_available = lambda *_, **__: True
