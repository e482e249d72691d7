"""One step of a remote trainer: n samples of a prompt with their ids and log-probabilities, judged as a group.

    python examples/rollout.py "What is 78 * 96 - 45 * 12?" 6948

Generation and verdicts come from one server, the tokens as ids, so nothing is tokenized twice. The log-probabilities
are the model's own (temperature 1) and the same to the bit whatever else the server is doing. What is left for the
trainer is its loss; the plain policy gradient's is written at the end of `rollout`. The question is one that the
built-in model answers rightly about every second time: where all samples agree, all advantages are 0.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import sys
import urllib.request

SERVER = os.environ.get("SERVER_URL", "http://127.0.0.1:8080")


def post(path, body):
    request = urllib.request.Request(SERVER + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=600) as reply:
        return json.load(reply)


def rollout(question, answer, n=8, seed=1, max_tokens=512):
    """n samples: {prompt_ids, ids, logprobs, text, reward, advantage}. An advantage of 0 teaches nothing."""
    prompt_ids = post("/tokenize", {"messages": [{"role": "user", "content": question}]})["tokens"]
    sampled = post("/v1/completions", {
        "prompt": prompt_ids, "n": n, "seed": seed, "temperature": 1.0, "max_tokens": max_tokens,
        "logprobs": 0, "return_token_ids": True})["choices"]
    judged = post("/verify", {
        "items": [{"completion": c["text"], "answer": answer} for c in sampled],
        "rewards": [{"name": "accuracy"}, {"name": "format", "weight": 0.5}],
        "group_size": n, "advantage": "grpo"})["results"]
    return [{
        "prompt_ids": prompt_ids, "ids": c["token_ids"], "logprobs": c["logprobs"]["token_logprobs"],
        "text": c["text"], "reward": v["reward"], "advantage": v["advantage"],
    } for c, v in zip(sampled, judged)]
    # loss = -sum(s["advantage"] * sum(logprob of s["ids"] under the policy) for s in samples) / n


if __name__ == "__main__":
    question, answer = sys.argv[1:3] if len(sys.argv) > 2 else ("What is 78 * 96 - 45 * 12?", "6948")
    for s in rollout(question, answer):
        last = s["text"].split("\\boxed{")[-1].split("}")[0][:20]
        print(f"reward {s['reward']:4}  advantage {s['advantage']:+.3f}  {len(s['ids']):4} tokens  "
              f"log p {sum(s['logprobs']):8.3f}  {last!r}")
