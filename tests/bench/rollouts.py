"""tests/bench/rollouts.py BINARY MODEL [ROUNDS [PROMPTS]] - what one call costs: /v1/rollouts beside the same work in two calls.

64 prompts (or PROMPTS) of 16 samples of 64 tokens, judged. Once by /v1/rollouts, once by /v1/completions with n = 16 and then one
/verify, in turn; each pair gives a ratio of tokens a second. Prints the median of both and of the ratio.

SPDX-License-Identifier: Apache-2.0
"""
import json
import re
import statistics
import subprocess
import sys
import time
import urllib.request

PROMPTS, SAMPLES, TOKENS = int(sys.argv[4]) if len(sys.argv) > 4 else 64, 16, 64


def post(port, path, body):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=3600) as reply:
        return json.load(reply)


def questions():
    return [(f"What is {17 * i + 23} + {31 * i + 8}?", str(48 * i + 31)) for i in range(PROMPTS)]


def one_call(port, prompts, sampling, rewards, seed):
    reply = post(port, "/v1/rollouts", {"prompts": [{"token_ids": ids, "answer": a} for ids, a in prompts], "n": SAMPLES, "seed": seed,
                                        "sampling": sampling, "rewards": rewards})
    return reply["totals"]["completion_tokens"]


def two_calls(port, prompts, sampling, rewards, seed):
    reply = post(port, "/v1/completions", {"prompt": [ids for ids, _ in prompts], "n": SAMPLES, "seed": seed, "logprobs": 0,
                                           "return_token_ids": True, **sampling})
    items = [{"completion": c["text"], "answer": prompts[i // SAMPLES][1], "group": str(i // SAMPLES)} for i, c in enumerate(reply["choices"])]
    post(port, "/verify", {"items": items, "rewards": rewards, "advantage": "grpo"})
    return reply["usage"]["completion_tokens"]


def main():
    binary, model, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 7
    server = subprocess.Popen([binary, "serve", "--model", model, "--port", "0"], stderr=subprocess.PIPE, text=True)
    port = next(m.group(1) for line in server.stderr if (m := re.search(r"event=listening .*port=(\d+)", line)))
    next(line for line in server.stderr if "event=ready" in line)
    prompts = [(post(port, "/tokenize", {"messages": [{"role": "user", "content": q}]})["tokens"], a) for q, a in questions()]
    sampling = {"temperature": 1, "max_tokens": TOKENS, "ignore_eos": True}
    rewards = [{"name": "accuracy"}, {"name": "format", "weight": 0.5}]
    speeds = {one_call: [], two_calls: []}
    for r in range(rounds + 1):
        for way in (one_call, two_calls) if r % 2 else (two_calls, one_call):
            began = time.monotonic()
            tokens = way(port, prompts, sampling, rewards, r)
            if r > 0:  # the first round warms up
                speeds[way].append(tokens / (time.monotonic() - began))
    server.terminate()
    ratio = [a / b for a, b in zip(speeds[one_call], speeds[two_calls])]
    print(f"one call {statistics.median(speeds[one_call]):.0f} tokens/s, two calls {statistics.median(speeds[two_calls]):.0f}, "
          f"ratio {statistics.median(ratio):.3f} ({min(ratio):.3f} to {max(ratio):.3f}, {rounds} pairs)")


if __name__ == "__main__":
    main()
