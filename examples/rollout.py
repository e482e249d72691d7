"""One step of a remote trainer in one call: samples of a prompt with ids, log-probabilities, rewards and advantages.

    python examples/rollout.py "What is 9876 - 6789?" 3087

Nothing is tokenized twice, and each sample is judged while its group still decodes. The log-probabilities are the
model's own (temperature 1) and the same to the bit whatever else the server is doing. What is left for the trainer
is its loss; the plain policy gradient's is written at the end of `rollout`.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import sys
import urllib.error
import urllib.request

SERVER = os.environ.get("SERVER_URL", "http://127.0.0.1:8080")


def post(path, body):
    request = urllib.request.Request(SERVER + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=600) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as refused:
        refused.msg = refused.read().decode(errors="replace")  # the server's own words, in place of "Bad Request"
        raise


def rollout(question, answer, n=8, seed=6, max_tokens=512):
    """n samples: {prompt_ids, ids, logprobs, text, reward, advantage}. An advantage of 0 teaches nothing."""
    [group] = post("/v1/rollouts", {
        "prompts": [{"messages": [{"role": "user", "content": question}], "answer": answer}],
        "n": n, "seed": seed, "sampling": {"temperature": 1.0, "max_tokens": max_tokens},
        "rewards": [{"name": "accuracy"}, {"name": "format", "weight": 0.5}], "advantage": "grpo",
        "return": ["text", "token_ids", "logprobs", "prompt_token_ids"]})["groups"]
    return [{
        "prompt_ids": group["prompt_token_ids"], "ids": s["token_ids"], "logprobs": s["logprobs"],
        "text": s["text"], "reward": s["reward"], "advantage": s["advantage"],
    } for s in group["samples"] if not s["mask"]]
    # loss = -sum(s["advantage"] * sum(logprob of s["ids"] under the policy) for s in samples) / n


if __name__ == "__main__":
    question, answer = sys.argv[1:3] if len(sys.argv) > 2 else ("What is 9876 - 6789?", "3087")
    try:
        samples = rollout(question, answer)
    except OSError as e:  # no server, or a request that was refused
        sys.exit(f"rollout.py: {e}")
    for s in samples:
        last = s["text"].split("\\boxed{")[-1].split("}")[0][:20]
        print(f"reward {s['reward']:4}  advantage {s['advantage']:+.3f}  {len(s['ids']):4} tokens  "
              f"log p {sum(s['logprobs']):8.3f}  {last!r}")
