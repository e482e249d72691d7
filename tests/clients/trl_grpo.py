"""TRL's GRPOTrainer, unmodified, on one CPU: samples, rewards and weights go through the server.

The built-in model is asked sums in wordings it was never taught, and is paid by the server's `accuracy`. Beside the
curve of its rewards it is told how far the log-probabilities of the server are from those of the trainer's model, and
how many sums with numbers that were not trained on it gets right before and after.

SPDX-License-Identifier: Apache-2.0
"""

import hashlib
import json
import os
import pathlib
import random
import statistics
import sys
import tempfile
import time
import urllib.request

os.environ.update(HF_HUB_OFFLINE="1", CUDA_VISIBLE_DEVICES="", TRL_EXPERIMENTAL_SILENCE="1")
os.environ["SERVER_URL"] = os.environ["BASE_URL"].removesuffix("/v1")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "examples"))

import torch
import trl
import trl_vllm_client
from datasets import Dataset
from push_weights import push
from rollout import SERVER, post
from transformers import AutoModelForCausalLM, AutoTokenizer, set_seed
from trl_grpo import rewarded, rollouts
from trl_reward import touchstone_reward

FOLDER = os.environ["MODEL_FOLDER"]
STEPS, PROMPTS, SAMPLES, COMPARED, EVALUATED = 20, 8, 8, 8, 200
WORDINGS = (
    ("Please could you kindly tell me the sum of the two numbers {a} and {b} now", lambda a, b: a + b),
    ("Somebody gives you {a} and later {b}. Your total?", lambda a, b: a + b),
    ("{a} joined with {b} makes which number?", lambda a, b: a + b),
    ("{a} lessened by {b} leaves what?", lambda a, b: a - b),
)
ACCURACY = [{"name": "accuracy"}]


def questions(rng, count):
    rows = []
    for i in range(count):
        wording, result = WORDINGS[i % len(WORDINGS)]
        a, b = rng.randint(10, 99), rng.randint(10, 99)
        content = wording.format(a=a, b=b)
        rows.append({"prompt": [{"role": "user", "content": content}], "answer": str(result(a, b))})
    return rows


def get(path):
    with urllib.request.urlopen(SERVER + path) as reply:
        return json.load(reply)


def sha256_of(model):
    """As docs/weights.md says: of the tensors as they were pushed."""
    lines = []
    for name, t in sorted(model.state_dict().items()):
        shape = json.dumps(list(t.shape), separators=(",", ":"))
        lines.append(f"{name} F32 {shape} {hashlib.sha256(t.contiguous().numpy().tobytes()).hexdigest()}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@torch.no_grad()
def own_logprobs(model, prompt, completion):
    logits = model(torch.tensor([prompt + completion])).logits[0, len(prompt) - 1 : -1]
    return torch.log_softmax(logits.float(), -1)[torch.arange(len(completion)), torch.tensor(completion)].tolist()


class Watched:
    """A rollout_func, and what was seen while it was at work."""

    def __init__(self, rollout_func):
        self.rollout_func, self.served, self.off, self.seconds = rollout_func, [], [], 0.0

    def __call__(self, prompts, trainer):
        began = time.time()
        got = self.rollout_func(prompts, trainer)
        self.seconds += time.time() - began
        model, serves = trainer.model, get("/v1/weights")
        known = serves["version"] == get("/weight_info")["weight_version"] == str(trainer.state.global_step)
        self.served.append(known and serves["sha256"] == sha256_of(model))
        rows = list(zip(got["prompt_ids"], got["completion_ids"], got["logprobs"]))[:: len(prompts) // COMPARED]
        self.off.append([abs(x - y) for p, c, theirs in rows for x, y in zip(theirs, own_logprobs(model, p, c))])
        return got


def right(rows):
    """The share of sums that the weights served get right, greedily."""
    groups = post("/v1/rollouts", {
        "prompts": [{"messages": row["prompt"], "answer": row["answer"]} for row in rows], "rewards": ACCURACY,
        "sampling": {"temperature": 0, "max_tokens": 300}, "return": []})["groups"]
    return statistics.mean(g["samples"][0]["reward"] for g in groups)


def check(name, good, why):
    print(f"ok {name}" if good else f"FAIL {name}: {why}")


def tell(trainer, watched, seconds, before, after):
    rewards = [entry["reward"] for entry in trainer.state.log_history if "reward" in entry]
    first, last = statistics.mean(rewards[:3]), statistics.mean(rewards[-3:])
    off = [x for step in watched.off for x in step]
    print(f"say {STEPS} steps of {PROMPTS * SAMPLES} samples in {seconds:.0f} s, {watched.seconds:.0f} s of it rollouts and pushes")
    print("say mean reward of each step:", " ".join(f"{r:.2f}" for r in rewards))
    print(f"say right of {EVALUATED} sums with other numbers: {before:.1%} before, {after:.1%} after")
    print(f"say log-probabilities, server beside trainer, {len(off)} tokens: mean difference {statistics.mean(off):.1e}, "
          f"largest {max(off):.1e}; of the last step {statistics.mean(watched.off[-1]):.1e}, {max(watched.off[-1]):.1e}")
    check("each push serves the trainer's weights", len(watched.served) == STEPS and all(watched.served), watched.served)
    check("the log-probabilities are the trainer's", max(off) < 0.05, max(off))
    check("the reward rises", last > first + 0.2, rewards)
    check("sums with other numbers come right more often", after > before + 0.2, (before, after))


def trainer_of(data, reward_func, out, rollout_func=None, **settings):
    config = trl.GRPOConfig(
        output_dir=out, per_device_train_batch_size=PROMPTS * SAMPLES, num_generations=SAMPLES, logging_steps=1,
        max_completion_length=200, learning_rate=3e-5, lr_scheduler_type="constant", beta=0.0, save_strategy="no",
        report_to=[], use_cpu=True, bf16=False, gradient_checkpointing=False, disable_tqdm=True, seed=1, **settings,
    )
    return trl.GRPOTrainer(
        AutoModelForCausalLM.from_pretrained(FOLDER, dtype=torch.float32), reward_funcs=reward_func, args=config,
        train_dataset=data, processing_class=AutoTokenizer.from_pretrained(FOLDER), rollout_func=rollout_func,
    )


def whole_run(rows, data, out):
    """examples/trl_grpo.py: everything by rollout_func."""
    trained = {json.dumps(row) for row in rows}
    others = [row for row in questions(random.Random(2), 2 * EVALUATED) if json.dumps(row) not in trained][:EVALUATED]
    watched = Watched(rollouts(data, ACCURACY))
    trainer = trainer_of(data, rewarded, out, watched, max_steps=STEPS)
    before, began = right(others), time.time()
    trainer.train()
    seconds = time.time() - began
    push(trainer.model.state_dict(), version="trained")
    tell(trainer, watched, seconds, before, right(others))


def run_in_vllms_place(data, out):
    """examples/trl_vllm_client.py: TRL asks for samples and sends weights as to a vLLM server."""
    trl_vllm_client.install()
    server = {"use_vllm": True, "vllm_mode": "server", "vllm_server_base_url": SERVER}
    trainer = trainer_of(data, touchstone_reward("accuracy"), out, max_steps=2, **server)
    trainer.train()
    off = [entry["sampling/sampling_logp_difference/max"] for entry in trainer.state.log_history if "reward" in entry]
    serves = get("/weight_info")["weight_version"]
    check("in the place of a vLLM server", len(off) == 2 and max(off) < 0.05 and serves == "2", (off, serves))


def main():
    set_seed(1)
    torch.set_num_threads(1)  # the model is too small to share
    rows = questions(random.Random(1), STEPS * PROMPTS)
    data = Dataset.from_list(rows)
    with tempfile.TemporaryDirectory() as out:
        whole_run(rows, data, out)
        run_in_vllms_place(data, out)


if __name__ == "__main__":
    main()
