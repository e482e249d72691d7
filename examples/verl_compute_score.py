"""verl's compute_score, answered by a Touchstone server. Needs nothing but Python.

    python3 -m verl.trainer.main_ppo ... \\
        custom_reward_function.path=examples/verl_compute_score.py custom_reward_function.name=compute_score

(`reward.custom_reward_function...` in verl's newer configurations.) REWARDS names other rules for a data source; a
ground truth that is a dict gives the item's fields, as countdown's {"target": 24, "numbers": [2, 3, 4]} does.
verl knows no null: what cannot be judged counts as 0.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import urllib.error
import urllib.request

SERVER = os.environ.get("SERVER_URL", "http://127.0.0.1:8080")
ACCURACY = [{"name": "accuracy"}]
REWARDS = {"countdown": [{"name": "countdown"}, {"name": "format", "weight": 0.1}]}


def compute_score(data_source, solution_str, ground_truth, extra_info=None):
    """{"score": the reward, "pred": the answer that was read}; verl logs all but the score."""
    gold = ground_truth if isinstance(ground_truth, dict) else {"answer": ground_truth}
    body = {"completion": solution_str, **gold, "rewards": REWARDS.get(data_source, ACCURACY), "on_cannot_judge": 0}
    content = json.dumps(body, default=lambda array: array.tolist()).encode()
    request = urllib.request.Request(SERVER + "/verify", content, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=120) as reply:
            [result] = json.load(reply)["results"]
    except urllib.error.HTTPError as refused:
        refused.msg = refused.read().decode(errors="replace")  # the server's own words, in place of "Bad Request"
        raise
    if result["error"]:
        raise ValueError(f"{result['error']['param']}: {result['error']['message']}")
    pred = next((d["extracted"] for d in result["details"].values() if d.get("extracted")), "")
    return {"score": result["reward"], "pred": pred}
