"""vLLM's weight-transfer API, its trainer's side, with this server at the other end: the backend "http".

    import vllm_weight_transfer                                                # registers it
    from vllm.distributed.weight_transfer import ModuleSource, WeightTransferTrainerFactory
    to = WeightTransferTrainerFactory.trainer_init(vllm_weight_transfer.HTTPTrainerInitInfo(rank=rank),
                                                   client=None, source=ModuleSource(model))
    to.send_weights()                                                          # after each step, on every rank

Code that is written for that API needs no other line: each rank takes part in gathering the tensors (FSDP, DTensor), rank
0 sends them in one safetensors stream, `PUT /v1/weights`. There are no routes of vLLM's to drive, so `client` may be
None. Versions are counted from 1; docs/weights.md has `policy`.

SPDX-License-Identifier: Apache-2.0
"""

from dataclasses import dataclass
from typing import ClassVar

from push_weights import push
from vllm.distributed.weight_transfer.base import TrainerInitInfo, TrainerWeightTransferEngine
from vllm.distributed.weight_transfer.factory import WeightTransferTrainerFactory


@dataclass
class HTTPTrainerInitInfo(TrainerInitInfo):
    backend: ClassVar[str] = "http"
    policy: str = "finish"


class HTTPTrainerWeightTransferEngine(TrainerWeightTransferEngine[HTTPTrainerInitInfo]):
    init_info_cls = HTTPTrainerInitInfo

    @classmethod
    def trainer_init(cls, init_info, *, client, source=None):
        engine = cls(client=client, source=source, is_sender=init_info.is_sender, rank=init_info.rank)
        engine.policy, engine.version = init_info.policy, 0
        return engine

    def send_weights(self):
        self.version += 1
        tensors = {}
        for name, tensor in self.source.iter_full():  # on every rank: it gathers
            if self.is_sender:
                tensors[name] = tensor.detach().cpu()
        return push(tensors, version=str(self.version), policy=self.policy) if self.is_sender else None


WeightTransferTrainerFactory.register_engine("http", HTTPTrainerWeightTransferEngine)
