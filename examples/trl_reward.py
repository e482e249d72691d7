"""Rewards of a Touchstone server for TRL's trainers. Needs nothing but Python.

    from trl_reward import touchstone_reward
    rewards = [touchstone_reward("accuracy"), touchstone_reward("format", columns=[], style="r1")]
    GRPOTrainer(model, reward_funcs=rewards, train_dataset=dataset, args=GRPOConfig(...)).train()

The data set has the columns that the reward reads: `answer` for accuracy, `target` and `numbers` for countdown,
... (`GET /verify/rewards` lists them). What cannot be judged is None, which TRL leaves out; a server that does not
answer raises, since a missing reward must not pass for a bad one. tests/http/test_trl.py trains with this file.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import urllib.error
import urllib.request

SERVER = os.environ.get("SERVER_URL", "http://127.0.0.1:8080")


def touchstone_reward(name, columns=("answer",), **options):
    """A reward function for GRPOTrainer: the server's reward `name` with its options."""

    def reward(completions, **data):
        items = [{"completion": c} | {k: data[k][i] for k in columns} for i, c in enumerate(completions)]
        body = json.dumps({"items": items, "rewards": [{"name": name, **options}]})
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(SERVER + "/verify", body.encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=120) as reply:
                return [result["reward"] for result in json.load(reply)["results"]]
        except urllib.error.HTTPError as refused:
            refused.msg = refused.read().decode(errors="replace")  # the server's own words, in place of "Bad Request"
            raise

    reward.__name__ = name  # the name under which TRL logs it
    return reward
