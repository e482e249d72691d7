"""Sums as a taskset of verifiers': what verifiers_rollout.py samples, paid by the server's own rule.

SPDX-License-Identifier: Apache-2.0
"""

import os

import httpx
import verifiers.v1 as vf

ROOT = os.environ["BASE_URL"].removesuffix("/v1")
SUMS = (("What is 47 * 6 + 12?", "294"), ("What is 3 + 4?", "7"))


class SumData(vf.TaskData):
    answer: str


class SumTask(vf.Task[SumData, vf.State, vf.TaskConfig]):
    @vf.reward
    async def accuracy(self, trace) -> float:
        item = {"completion": trace.last_message.content or "", "answer": self.data.answer}
        body = {"items": [item], "rewards": [{"name": "accuracy"}], "on_cannot_judge": 0}  # its rewards are numbers
        async with httpx.AsyncClient() as client:
            reply = await client.post(f"{ROOT}/verify", json=body)
        return reply.raise_for_status().json()["results"][0]["reward"]


class Sums(vf.Taskset[SumTask, vf.TasksetConfig]):
    def load(self):
        for prompt, answer in SUMS:
            yield SumTask(SumData(prompt=prompt, answer=answer), self.config.task)


__all__ = ["Sums"]
