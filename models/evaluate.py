# SPDX-License-Identifier: Apache-2.0
"""How often is the built-in model right? Held-out questions, greedy answers.

    python evaluate.py --url http://127.0.0.1:8080 --count 1000    # the running server
    python evaluate.py --url ... --verify                          # and let POST /verify judge too
    python evaluate.py --checkpoint checkpoints/checkpoint.pt      # PyTorch, with the weights rounded to Q8_0

A completion is well formed when all of it is "<think>\\n", some reasoning,
"\\n</think>\\n<answer>\\n", an answer, "\\n</answer>". It is right when it is well
formed and its answer equals the exact one; for countdown, when the expression
uses every given number once and its value, in exact fractions, is the target.
The grading here and the server's own are two programs: --verify prints every
item on which they disagree.
"""
import argparse
import collections
import concurrent.futures
import itertools
import json
import re
import time
import urllib.error
import urllib.request
from fractions import Fraction

import data
import worked

FORM = re.compile(r"<think>\n(.+?)\n</think>\n<answer>\n(.+?)\n</answer>", re.DOTALL)


def answer_of(text):
    """The answer of a well formed completion without its box, or None."""
    m = FORM.fullmatch(text)
    if m is None or re.search(r"</?(think|answer)>", m[1] + m[2]):
        return None
    inside = re.fullmatch(r"\\boxed\{(.*)\}", m[2])
    return inside[1] if inside else m[2]


def exact(e):
    if not isinstance(e, tuple):
        return Fraction(e)
    a, b = exact(e[1]), exact(e[2])
    return {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b}[e[0]]()


def is_right(problem, answer):
    if answer is None:
        return False
    if not problem.numbers:
        return answer == problem.gold
    if not re.fullmatch(r"[\d+\-*/() ]+", answer):
        return False
    try:
        used = sorted(map(int, re.findall(r"\d+", answer)))
        return used == sorted(problem.numbers) and exact(worked.parse(answer)) == problem.target
    except (SyntaxError, KeyError, ZeroDivisionError, TypeError):
        return False


# ---- two ways to get completions ---------------------------------------------

def ask_server(url, problems, concurrent_requests, limit):
    def ask(p):
        body = {"model": "touchstone-tiny", "messages": p.messages(), "temperature": 0, "max_tokens": limit}
        return post(url + "/v1/chat/completions", body)["choices"][0]["message"]
    with concurrent.futures.ThreadPoolExecutor(concurrent_requests) as pool:
        return [whole(m) for m in pool.map(ask, problems)]


def whole(message):
    """The text that the model wrote, put together again if the server parted it."""
    reasoning = message.get("reasoning_content")
    return message["content"] if reasoning is None else f"<think>\n{reasoning.strip()}\n</think>\n{message['content'].strip()}"


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=600) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as e:
        raise SystemExit(f"{url}: {e.code} {e.read().decode(errors='replace')}")


def ask_checkpoint(path, problems, limit, batch=250):
    import torch
    import export
    import tokenizer
    from model import generate
    torch.set_num_threads(1)
    model = export.load(path)
    export.round_to_q8_0(model)
    tok = tokenizer.load()
    stop = tok.token_to_id("<|im_end|>")
    texts = [None] * len(problems)
    prompts = [tok.encode(tokenizer.render(p.messages())).ids for p in problems]
    order = sorted(range(len(problems)), key=lambda i: len(prompts[i]))
    for start in range(0, len(order), batch):
        chosen = order[start:start + batch]
        for i, ids in zip(chosen, generate(model, [prompts[i] for i in chosen], stop, limit)):
            texts[i] = tok.decode(ids, skip_special_tokens=True)
    return texts


def judge(url, problems, texts, batch=100):
    """The server's own verdicts: (accuracy or countdown, format) for each item."""
    verdicts = []
    for start in range(0, len(texts), batch):
        items = []
        for p, text in zip(problems[start:start + batch], texts[start:start + batch]):
            items.append({"completion": text, "answer": p.gold})
            if p.numbers:
                items[-1] |= {"numbers": p.numbers, "target": p.target,
                              "rewards": [{"name": "countdown", "use_all": True}, {"name": "format"}]}
        reply = post(url + "/verify", {"items": items, "rewards": [{"name": "accuracy"}, {"name": "format"}]})
        for r in reply["results"]:
            rewards = r["rewards"]
            verdicts.append((rewards.get("accuracy", rewards.get("countdown")), rewards["format"]))
    return verdicts


# ---- the report ----------------------------------------------------------------

def held_out(seed, count, talk):
    """Questions with an exact answer; talk=True gives the others, of which only the form counts."""
    wanted = (p for p in data.stream(seed, None if talk else "held_out") if (p.gold == "") == talk)
    seen, problems = set(), []
    for p in wanted:
        if talk or p.question not in seen:
            seen.add(p.question)
            problems.append(p)
        if len(problems) == count:
            return problems


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--url", help="a running Touchstone server")
    args.add_argument("--checkpoint", help="a file of train.py instead")
    args.add_argument("--count", type=int, default=1000)
    args.add_argument("--talk", type=int, default=50, help="questions without an exact answer, for the form only")
    args.add_argument("--seed", default="evaluation")
    args.add_argument("--concurrent", type=int, default=8)
    args.add_argument("--limit", type=int, default=700, help="tokens a completion")
    args.add_argument("--verify", action="store_true", help="judge with POST /verify too")
    args.add_argument("--wrong", type=int, default=0, help="print so many wrong completions")
    args.add_argument("--json", help="write the results here")
    args = args.parse_args()
    problems = held_out(args.seed, args.count, False)
    talk = held_out(args.seed, args.talk, True) if args.talk else []
    began = time.monotonic()
    if args.checkpoint:
        texts = ask_checkpoint(args.checkpoint, problems + talk, args.limit)
    else:
        texts = ask_server(args.url, problems + talk, args.concurrent, args.limit)
    seconds = time.monotonic() - began

    rows = collections.defaultdict(lambda: [0, 0, 0])  # asked, right, well formed
    for p, text in zip(problems + talk, texts):
        answer = answer_of(text)
        right = is_right(p, answer) if p.gold else None
        for name in (p.kind,) + (("all",) if p.gold else ()):
            rows[name][0] += 1
            rows[name][1] += bool(right)
            rows[name][2] += answer is not None
        if right is False and args.wrong > 0:
            args.wrong -= 1
            print(f"--- {p.kind}: {p.question!r}, expected {p.gold}\n{text}\nexpected:\n{p.completion()}\n")
    result = {"seconds": round(seconds, 1), "kinds": {}}
    print(f"| kind | asked | right | well formed |\n|---|---|---|---|")
    for name in sorted(rows, key=lambda n: (n == "all", n)):
        asked, right, formed = rows[name]
        graded = name != "talk" and name != "countdown, none found"
        result["kinds"][name] = {"asked": asked, "right": right if graded else None, "well_formed": formed}
        print(f"| {name} | {asked} | {f'{100 * right / asked:.1f}%' if graded else '-'} | {100 * formed / asked:.1f}% |")
    print(f"{len(texts)} completions in {seconds:.0f} s")

    if args.verify:
        verdicts = judge(args.url, problems, texts)
        agree = 0
        for p, text, (accuracy, form) in zip(problems, texts, verdicts):
            mine = is_right(p, answer_of(text)), answer_of(text) is not None
            same = mine == (accuracy == 1, form == 1)
            agree += bool(same)
            if not same:
                print(f"disagree: ours {mine}, server accuracy {accuracy} format {form}: {p.gold!r} {text[-120:]!r}")
        result["verify"] = {"items": len(verdicts), "agree": agree,
                            "accuracy": sum(a or 0 for a, _ in verdicts) / len(verdicts),
                            "format": sum(f or 0 for _, f in verdicts) / len(verdicts)}
        print(f"POST /verify: {result['verify']}")
    if args.json:
        with open(args.json, "w") as f:
            json.dump(result, f, indent=1)
            f.write("\n")


if __name__ == "__main__":
    main()
