"""examples/: each is run as a reader would run it, against the built-in model.

What they print is checked by what must hold for any model, not by what this one answers.

SPDX-License-Identifier: Apache-2.0
"""

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import types
import urllib.error

import pytest

from conftest import BIN, PATIENCE, ROOT, TINY, Server

FOLDER = ROOT / "examples"
QUESTION = "What is 12 * 34?"
GOOD = "<think>\n3 * 4 = 12\n</think>\n<answer>\n\\boxed{12}\n</answer>"


def load(name, url):
    """examples/<name>.py as a module that calls the server at url."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.SERVER = url
    return module


def run(tiny, *command):
    env = {**os.environ, "SERVER_URL": tiny.url, "TOUCHSTONE": BIN, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=3 * PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def verdicts(tiny, completions, answer, *rewards):
    body = {"items": [{"completion": c, "answer": answer} for c in completions], "rewards": list(rewards)}
    return tiny.post("/verify", body).json()["results"]


def test_every_example_is_listed():
    listed = (FOLDER / "README.md").read_text()
    for path in FOLDER.iterdir():
        assert path.name == "README.md" or path.is_dir() or f"]({path.name})" in listed, path.name


def test_openai_chat(tiny):
    pytest.importorskip("openai")
    body = {"messages": [{"role": "user", "content": QUESTION}], "temperature": 0}
    whole = tiny.post("/v1/chat/completions", body).json()["choices"][0]["message"]
    pieces = list(load("openai_chat", tiny.url).chat(QUESTION, temperature=0))
    for kind, want in (("reasoning", whole["reasoning_content"]), ("content", whole["content"])):
        mine = [text for k, text in pieces if k == kind]
        assert len(mine) > 1 and "".join(mine) == want
    assert [k for k, _ in pieces] == sorted((k for k, _ in pieces), reverse=True)
    printed = run(tiny, sys.executable, str(FOLDER / "openai_chat.py"), QUESTION)
    assert printed == whole["reasoning_content"] + "\n\n" + whole["content"] + "\n"


def test_rollout(tiny):
    n, answer = 4, "408"
    samples = load("rollout", tiny.url).rollout(QUESTION, answer, n=n, max_tokens=400)
    assert len(samples) == n
    judged = verdicts(tiny, [s["text"] for s in samples], answer, {"name": "accuracy"}, {"name": "format", "weight": 0.5})
    assert [s["reward"] for s in samples] == [v["reward"] for v in judged]
    rewards = [s["reward"] for s in samples]
    deviation = statistics.stdev(rewards) + 1e-4
    for s in samples:
        assert s["advantage"] == pytest.approx((s["reward"] - statistics.mean(rewards)) / deviation, abs=1e-9)
        assert len(s["ids"]) == len(s["logprobs"]) > 0
        scored = tiny.complete(prompt=s["prompt_ids"] + s["ids"], max_tokens=1, prompt_logprobs=0)
        again = scored["choices"][0]["prompt_logprobs"][len(s["prompt_ids"]):]
        assert [step[str(i)]["logprob"] for step, i in zip(again, s["ids"])] == s["logprobs"]


def test_rollout_of_its_own_question_teaches_something(tiny):
    """Right and wrong samples are both there, so that advantages are not all 0."""
    lines = run(tiny, sys.executable, str(FOLDER / "rollout.py")).splitlines()
    assert len({line.split()[1] for line in lines}) > 1 and any("advantage -" in line for line in lines)


def test_rollout_prints_a_line_a_sample(tiny):
    lines = run(tiny, sys.executable, str(FOLDER / "rollout.py"), QUESTION, "408").splitlines()
    assert len(lines) == 8 and all(line.startswith("reward ") for line in lines)


@pytest.mark.parametrize(
    "source, text, gold, score, pred",
    [
        ("openai/gsm8k", "so #### 12", "12", 1, "12"),
        ("math", GOOD, "13", 0, "12"),
        ("math", GOOD, ["11", "12"], 1, "12"),
        ("math", GOOD, "", 0, "12"),
        ("countdown", "<think>\nx\n</think>\n<answer>\n6*(7-3)\n</answer>", {"target": 24, "numbers": [3, 6, 7]}, 1.1, "6*(7-3)"),
        ("countdown", "no idea", {"target": 24, "numbers": [3, 6, 7]}, 0, None),
    ],
)
def test_verl_compute_score(tiny, source, text, gold, score, pred):
    got = load("verl_compute_score", tiny.url).compute_score(source, text, gold, {"split": "train"})
    assert got["score"] == pytest.approx(score) and isinstance(got["pred"], str)
    assert pred is None or got["pred"] == pred


def test_verl_compute_score_refuses_a_wrong_item(tiny):
    with pytest.raises(ValueError, match="target"):
        load("verl_compute_score", tiny.url).compute_score("countdown", "x", {"numbers": [1]})


def test_trl_reward(tiny):
    """Texts and conversations, a column a reward needs, None for what cannot be judged. test_trl.py trains."""
    make = load("trl_reward", tiny.url).touchstone_reward
    accuracy, style = make("accuracy"), make("format", columns=[], style="r1")
    assert (accuracy.__name__, style.__name__) == ("accuracy", "format")
    chat = [{"role": "assistant", "content": GOOD}]
    data = {"prompts": ["a"] * 4, "completion_ids": [[1]] * 4, "answer": ["12", "12", "13", ""], "trainer_state": None}
    assert accuracy(completions=[GOOD, chat, GOOD, GOOD], **data) == [1, 1, 0, None]
    assert style(completions=[GOOD, chat, "12", ""], **data) == [1, 1, 0, 0]


def test_a_silent_server_is_no_reward():
    url = "http://127.0.0.1:1"
    with pytest.raises(urllib.error.URLError):
        load("trl_reward", url).touchstone_reward("accuracy")(completions=["1"], answer=["1"])
    with pytest.raises(urllib.error.URLError):
        load("verl_compute_score", url).compute_score("math", "1", "1")


def test_remote_reward_models(tiny):
    assert json.loads(run(tiny, str(FOLDER / "slime.sh"), "check")) == 2
    answer = json.loads(run(tiny, str(FOLDER / "openrlhf.sh"), "check"))
    assert answer == {"rewards": [2], "scores": [1], "extra_logs": {"accuracy": [1], "format": [1]}}


def test_verify_pipeline(tiny, tmp_path):
    items = [json.loads(line) for line in (FOLDER / "verify.jsonl").read_text().splitlines()]
    kept = [json.loads(line)["id"] for line in run(tiny, str(FOLDER / "verify.sh")).splitlines()]
    assert kept == ["half", "bare", "interval", "countdown"] and len(items) > len(kept)
    mine = tmp_path / "mine.jsonl"
    mine.write_text("".join(json.dumps({"completion": f"\\boxed{{{i}}}", "answer": "3"}) + "\n" for i in range(5)))
    assert json.loads(run(tiny, str(FOLDER / "verify.sh"), str(mine)))["completion"] == "\\boxed{3}"


def test_push_weights(start):
    """A state_dict needs torch; the bytes of a file do not."""
    import checkpoints
    s = start(model=str(checkpoints.FOLDER))
    tensors, _ = checkpoints.read(checkpoints.FOLDER / "model.safetensors")
    example = load("push_weights", s.url)
    told = example.push(checkpoints.pack(checkpoints.jiggled(tensors, 1)), version="7", policy="switch")
    assert told["version"] == "7" and told["sha256"] == checkpoints.sha256(checkpoints.jiggled(tensors, 1))
    command = [sys.executable, FOLDER / "push_weights.py", checkpoints.FOLDER / "model.safetensors", "8"]
    done = subprocess.run(command, env={**os.environ, "SERVER_URL": s.url}, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0 and checkpoints.sha256(tensors) in done.stdout, done.stderr
    assert s.http.get("/weight_info").json()["weight_version"] == "8"


def test_a_refusal_is_told_in_the_server_s_words(start, tmp_path):
    """Raised with them to a caller; printed, without a traceback, by what is run."""
    import checkpoints
    s = start(model=str(checkpoints.FOLDER))
    tensors, _ = checkpoints.read(checkpoints.FOLDER / "model.safetensors")
    del tensors["model.norm.weight"]
    with pytest.raises(urllib.error.HTTPError, match="model.norm.weight"):
        load("push_weights", s.url).push(checkpoints.pack(tensors))
    with pytest.raises(urllib.error.HTTPError, match="no-such-rule"):
        load("trl_reward", s.url).touchstone_reward("no-such-rule")(completions=["1"], answer=["1"])
    scores = load("verl_compute_score", s.url)
    scores.ACCURACY[0]["name"] = "no-such-rule"
    with pytest.raises(urllib.error.HTTPError, match="no-such-rule"):
        scores.compute_score("math", "1", "1")
    file = tmp_path / "some.safetensors"
    file.write_bytes(checkpoints.pack(tensors))
    environment = {**os.environ, "SERVER_URL": s.url, "PYTHONDONTWRITEBYTECODE": "1"}
    absent = {**environment, "SERVER_URL": "http://127.0.0.1:1"}
    for script, arguments, env, word in (("push_weights", [file], environment, "model.norm.weight"), ("rollout", ["a" * 5000, "1"], environment, "context"),
                                         ("push_weights", [tmp_path / "none"], environment, "No such file"),
                                         ("push_weights", [file], absent, "Connection refused"), ("rollout", [], absent, "Connection refused")):
        done = subprocess.run([sys.executable, FOLDER / f"{script}.py", *arguments], env=env, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 1 and done.stderr.startswith(f"{script}.py: ") and word in done.stderr, done.stderr
        assert "Traceback" not in done.stderr and done.stdout == ""


def test_trl_grpo(start, monkeypatch):
    """A step as TRL's trainer asks for it, with the weights of a file; `make clients` trains with TRL itself."""
    import checkpoints
    monkeypatch.syspath_prepend(str(FOLDER))
    s = start(model=str(checkpoints.FOLDER))
    for module in ("push_weights", "rollout", "trl_grpo"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setenv("SERVER_URL", s.url)
    example = load("trl_grpo", s.url)
    asked = ["one two", "three"]
    rollout_func = example.rollouts([{"prompt": p, "answer": "4"} for p in asked], [{"name": "contains", "texts": ["e"], "scope": "all"}])
    tensors, _ = checkpoints.read(checkpoints.FOLDER / "model.safetensors")
    pushed = checkpoints.jiggled(tensors, 5)
    trainer = types.SimpleNamespace(
        state=types.SimpleNamespace(global_step=3), accelerator=types.SimpleNamespace(unwrap_model=lambda model: model),
        model=types.SimpleNamespace(state_dict=lambda: checkpoints.pack(pushed)),
        args=types.SimpleNamespace(
            temperature=1.0, top_p=1.0, top_k=0, min_p=None, repetition_penalty=1.0, max_completion_length=6
        ),
    )
    got = rollout_func(["one two"] * 3 + ["three"] * 2, trainer)
    assert s.http.get("/weight_info").json() == {"weight_version": "3", "sha256": checkpoints.sha256(pushed)}
    assert {k: len(v) for k, v in got.items()} == dict.fromkeys(
        ("prompt_ids", "completion_ids", "logprobs", "env_mask", "rewarded"), 5)
    assert got["prompt_ids"][0] == got["prompt_ids"][2] != got["prompt_ids"][3] == got["prompt_ids"][4]
    texts = [s.post("/detokenize", {"tokens": ids}).json()["prompt"] for ids in got["completion_ids"]]
    assert example.rewarded(completions=texts, **got) == [float("e" in text) for text in texts]
    for prompt, ids, logprobs in zip(got["prompt_ids"], got["completion_ids"], got["logprobs"]):
        scored = s.complete(prompt=prompt + ids, max_tokens=1, prompt_logprobs=0)["choices"][0]["prompt_logprobs"]
        assert [step[str(i)]["logprob"] for step, i in zip(scored[len(prompt):], ids)] == pytest.approx(logprobs, abs=2e-6)
