"""verifiers: episodes of its single-agent environment, with its own harness, interception and traces.

Once with the client that evaluates (chats), once with the one that trains (tokens in and out, by renderers). What they
sample is paid by the server's rule: see verifiers_sums.py. The tokenizer that renderers load is the built-in model's; the
harness is a program whose packages uv fetches from PyPI.

SPDX-License-Identifier: Apache-2.0
"""

import asyncio
import json
import os
import pathlib
import sys
import tempfile
import urllib.request

os.environ.update(HF_HUB_OFFLINE="1", PATH=f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}")  # uv is beside python

import verifiers.v1 as vf
from common import BASE_URL, MODEL, check
from transformers import PreTrainedTokenizerFast
from verifiers.v1.envs.single_agent import SingleAgentEnv, SingleAgentEnvConfig
from verifiers_sums import ROOT

MODELS = pathlib.Path(__file__).resolve().parents[2] / "models"
GREEDY = vf.SamplingConfig(temperature=0, max_tokens=300)
FOLDER = tempfile.TemporaryDirectory()
SEAT = {"harness": {"id": "null"}, "runtime": {"type": "subprocess"}}


def write_tokenizer(folder):
    with urllib.request.urlopen(f"{ROOT}/props") as reply:
        template = json.load(reply)["chat_template"]
    PreTrainedTokenizerFast(
        tokenizer_file=str(MODELS / "tokenizer.json"), chat_template=template, bos_token="<|endoftext|>", eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
    ).save_pretrained(folder)


def environment():
    return SingleAgentEnv(SingleAgentEnvConfig(taskset={"id": "verifiers_sums"}, agent=SEAT))


def episodes(client, sampling, tasks=2, samples=1):
    """The traces of `samples` episodes of each of the first tasks."""
    env = environment()

    async def run():
        ctx = vf.ModelContext(model=MODEL, client=client, sampling=sampling)
        slots = [slot for task in env.taskset.take(tasks) for slot in env.slots(task, samples)]
        async with env.serving():
            return await asyncio.gather(*(env.run_slot(slot, ctx) for slot in slots))

    done = asyncio.run(run())
    errors = [e.message for episode in done for e in [*episode.errors, *(e for t in episode.traces for e in t.errors)]]
    assert all(episode.ok for episode in done), errors
    return [trace for episode in done for trace in episode.traces]


CHATS = vf.EvalClientConfig(base_url=BASE_URL, api_key_var="OPENAI_API_KEY")
TOKENS = vf.TrainClientConfig(base_url=BASE_URL, api_key_var="OPENAI_API_KEY", renderer_model_name=FOLDER.name)


@check
def an_evaluation_by_chats():
    traces = episodes(CHATS, GREEDY)
    assert [t.reward for t in traces] == [1, 1] and "294" in traces[0].last_message.content
    assert all(t.usage.prompt_tokens > 0 and t.usage.completion_tokens > 0 for t in traces)


@check
def a_group_of_samples():
    traces = episodes(CHATS, vf.SamplingConfig(temperature=1, max_tokens=100), tasks=1, samples=3)
    assert len(traces) == 3 and {t.reward for t in traces} <= {0, 1}


@check
def training_by_tokens():
    write_tokenizer(FOLDER.name)
    for trace in episodes(TOKENS, GREEDY):
        (branch,) = trace.branches
        sampled = [n for n, mine in zip(branch.logprobs, branch.sampled_mask) if mine]
        assert trace.reward == 1 and len(branch.token_ids) == len(branch.sampled_mask)
        assert sampled and all(-20 < n <= 0 for n in sampled)


@check
def a_conversation_by_tokens():
    agent = vf.make_agent(vf.AgentConfig(**SEAT, model=MODEL, client=TOKENS, sampling=GREEDY))
    task = next(iter(environment().taskset)).with_data(prompt=None)

    async def talk():
        async with agent.interaction(task) as held:
            first = await held.turn("What is 3 + 4?")
            second = await held.turn("What is 9 * 8?")
        return first, second, held.trace

    first, second, trace = asyncio.run(talk())
    assert "7" in first.last_reply and not second.terminated and trace.num_turns == 2 and trace.ok
