"""A whole GRPO run on a Touchstone server, with TRL's own trainer: no vLLM, no NCCL, no GPU.

    from trl_grpo import rewarded, rollouts
    samples = rollouts(dataset, rewards=[{"name": "accuracy"}])
    GRPOTrainer(model, reward_funcs=rewarded, rollout_func=samples, train_dataset=dataset, args=GRPOConfig(...)).train()

Once a step the trainer's weights go to the server, which started from the folder that the trainer started from, and
one call brings each prompt's group of samples back: judged, with ids and log-probabilities. What could not be judged
has no reward and is left out by TRL. `use_vllm` stays False; docs/rl.md has what a run of it gave.

SPDX-License-Identifier: Apache-2.0
"""

import itertools
import json

from push_weights import push
from rollout import post


def rollouts(dataset, rewards):
    """A rollout_func. The columns of the data set but `prompt` are for the rewards: `answer`, `target`, ..."""
    columns = {json.dumps(row["prompt"]): {k: v for k, v in row.items() if k != "prompt"} for row in dataset}

    def rollout_func(prompts, trainer):
        step = str(trainer.state.global_step)
        push(trainer.accelerator.unwrap_model(trainer.model).state_dict(), version=step)
        asked = []
        for key, equal in itertools.groupby(json.dumps(p) for p in prompts):  # TRL repeats a prompt for each sample
            kind = "text" if isinstance(json.loads(key), str) else "messages"
            asked.append({kind: json.loads(key), "n": len(list(equal)), **columns[key]})
        drawn = {k: getattr(trainer.args, k) or 0 for k in ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")}
        groups = post("/v1/rollouts", {
            "prompts": asked, "rewards": rewards, "seed": int(step),
            "sampling": {**drawn, "max_tokens": trainer.args.max_completion_length},
            "return": ["token_ids", "processed_logprobs", "prompt_token_ids"]})["groups"]
        rows = [(g["prompt_token_ids"], s) for g in groups for s in g["samples"]]
        assert all(s["weight_version"] == step for _, s in rows), "somebody else pushes to this server"
        return {"prompt_ids": [p for p, _ in rows], "completion_ids": [s["token_ids"] for _, s in rows],
                "logprobs": [s["processed_logprobs"] for _, s in rows], "env_mask": [s["loss_mask"] for _, s in rows],
                "rewarded": [s["reward"] for _, s in rows]}

    return rollout_func


def rewarded(rewarded, **_):
    """The reward function: what came with the samples."""
    return rewarded
