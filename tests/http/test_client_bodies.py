"""What client libraries send, word for word, without the libraries: the bodies that `make clients` kept.

SPDX-License-Identifier: Apache-2.0
"""

import json
import re

import checkpoints
import numpy
import pytest
from conftest import ROOT, TINY, Server

FILES = sorted((ROOT / "tests/data/clients").glob("*.json"))
REQUESTS = [(f.stem, i, r) for f in FILES for i, r in enumerate(json.loads(f.read_text())["requests"]) if "body" in r]


@pytest.fixture(scope="module")
def builtin():
    s = Server(model=TINY)
    yield s
    s.stop()


def assemble(stream):
    """The message and finish reason of a streamed reply."""
    message, finish = {"content": "", "tool_calls": []}, None
    lines = [line.removeprefix("data: ") for line in stream.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    for line in lines[:-1]:
        for choice in json.loads(line)["choices"]:
            delta, finish = choice["delta"], choice["finish_reason"] or finish
            message["content"] += delta.get("content") or ""
            for call in delta.get("tool_calls", []):
                if call["index"] == len(message["tool_calls"]):
                    message["tool_calls"].append({"function": {"name": call["function"]["name"], "arguments": ""}})
                message["tool_calls"][call["index"]]["function"]["arguments"] += call["function"]["arguments"]
    return message, finish


def check_form(body, message, finish):
    """The answer keeps what the body asks for."""
    choice, calls = body.get("tool_choice"), message.get("tool_calls") or []
    if choice == "required" or isinstance(choice, dict):
        assert calls and finish == ("tool_calls" if choice == "required" else "stop")
        for call in calls:
            assert isinstance(json.loads(call["function"]["arguments"]), dict)
        if isinstance(choice, dict):
            assert [c["function"]["name"] for c in calls] == [choice["function"]["name"]]
    elif body.get("response_format", {}).get("type") in ("json_schema", "json_object"):
        assert calls or isinstance(json.loads(message["content"]), dict)
    elif "regex" in body:
        assert re.fullmatch(body["regex"], message["content"])
    elif "regex" in body.get("structured_outputs", {}):
        assert re.fullmatch(body["structured_outputs"]["regex"], message["content"])


def assemble_blocks(stream):
    """The blocks and the stop reason of a streamed reply of /v1/messages, whose events are in order."""
    blocks, open_, stop, kinds = [], None, None, []
    for event in stream.strip().split("\n\n"):
        name, data = event.split("\n", 1)
        said = json.loads(data.removeprefix("data: "))
        assert name == "event: " + said["type"]
        kinds.append(said["type"])
        if said["type"] == "content_block_start":
            assert open_ is None and said["index"] == len(blocks)
            open_ = {**said["content_block"], "json": ""}
        elif said["type"] == "content_block_delta":
            delta = said["delta"]
            for key, value in delta.items():
                if key != "type":
                    open_["json" if key == "partial_json" else key] += value
        elif said["type"] == "content_block_stop":
            if open_["type"] == "tool_use":
                open_["input"] = json.loads(open_["json"])
            blocks.append(open_)
            open_ = None
        elif said["type"] == "message_delta":
            stop = said["delta"]["stop_reason"]
    assert kinds[:2] == ["message_start", "ping"] and kinds[-2:] == ["message_delta", "message_stop"] and open_ is None
    return blocks, stop


def check_blocks(body, blocks, stop):
    """The blocks are of what the body asks for."""
    kinds = [b["type"] for b in blocks]
    assert "thinking" not in kinds or "thinking" in body
    if body.get("tool_choice", {}).get("type") in ("any", "tool"):
        assert "tool_use" in kinds and stop == "tool_use"
    if "format" in body.get("output_config", {}):
        assert isinstance(json.loads(blocks[-1]["text"]), dict)


def check_response(body, reply):
    """A reply of /v1/responses, whole or streamed."""
    got = reply.json() if not body.get("stream") else json.loads(reply.text.strip().split("\n\n")[-1].split("\ndata: ")[1])["response"]
    calls = [i for i in got["output"] if i["type"] == "function_call"]
    assert got["status"] == "completed"
    if body.get("tool_choice", "auto") != "auto":
        assert calls and all(isinstance(json.loads(c["arguments"]), dict) for c in calls)
    if body.get("text", {}).get("format", {}).get("type") == "json_schema":
        assert isinstance(json.loads(got["output"][-1]["content"][0]["text"]), dict)


def check_message(body, reply):
    """A reply of /v1/messages, whole or streamed."""
    if body.get("stream"):
        check_blocks(body, *assemble_blocks(reply.text))
    else:
        check_blocks(body, reply.json()["content"], reply.json()["stop_reason"])


def check_rollouts(body, reply):
    """A group for each prompt: so many samples, each judged, with all that was asked for."""
    groups = reply.json()["groups"]
    assert [len(g["samples"]) for g in groups] == [p.get("n", 1) for p in body["prompts"]]
    for sample in [s for g in groups for s in g["samples"]]:
        assert sample["reward"] in (0, 1) and not sample["mask"]
        assert len(sample["token_ids"]) == len(sample["processed_logprobs"]) == len(sample["loss_mask"]) > 0
    assert {s["reward"] for g in groups for s in g["samples"]} == {0, 1}, "there is something to learn"


def check_tokens(body, reply):
    """What trainers' clients read: ids, and a log-probability of each."""
    params = body.get("sampling_params", body)
    choices = reply.json()["choices"]
    assert len(choices) == params.get("n", 1) * (1 if "token_ids" in body or not isinstance(body["prompt"], list) else len(body["prompt"]))
    for choice in choices:
        if "token_ids" in body or body.get("return_token_ids"):
            numbers = choice["logprobs"].get("token_logprobs") or [t["logprob"] for t in choice["logprobs"]["content"]]
            assert len(numbers) == len(choice["token_ids"]) > 0 and all(n <= 0 for n in numbers)
        if "prompt_logprobs" in body:
            assert all(len(place) >= body["prompt_logprobs"] for place in choice["prompt_logprobs"][1:])


@pytest.mark.parametrize("client, i, request_", REQUESTS, ids=[f"{c}-{i}" for c, i, _ in REQUESTS])
def test_replay(builtin, client, i, request_):
    body = request_["body"]
    reply = builtin.post(request_["path"], body)
    assert reply.status_code == 200, reply.text
    if request_["path"] == "/v1/messages":
        check_message(body, reply)
    if request_["path"] == "/v1/responses":
        check_response(body, reply)
    if request_["path"] == "/v1/rollouts":
        check_rollouts(body, reply)
    if client in ("trl", "renderers", "verifiers") and request_["path"] in ("/v1/completions", "/inference/v1/generate"):
        check_tokens(body, reply)
    if not request_["path"].endswith("/chat/completions"):
        return
    if body.get("stream"):
        check_form(body, *assemble(reply.text))
    else:
        for choice in reply.json()["choices"]:
            check_form(body, choice["message"], choice["finish_reason"])


def filled(tensors, seed):
    """A safetensors file of such tensors, with numbers of our own: a norm's are near 1, tied ones are equal."""
    draw = numpy.random.default_rng(seed).standard_normal
    values = {name: (draw(shape) * 0.02 + (len(shape) == 1)).astype("<f4").tobytes() for name, (_, shape) in tensors.items()}
    values["lm_head.weight"] = values["model.embed_tokens.weight"]
    return checkpoints.pack({name: ("F32", shape, values[name]) for name, (_, shape) in tensors.items()})


def test_replay_of_a_training_run(start):
    """TRL's run through the rollout_func of examples/trl_grpo.py: weights go in as its tensors are named and shaped, and serve the samples."""
    rows = json.loads((ROOT / "tests/data/clients/trl-grpo.json").read_text())["requests"]
    pushes, rollouts = ([r for r in rows if r["path"].startswith(p)] for p in ("/v1/weights", "/v1/rollouts"))
    assert len(pushes) > 1 and rollouts
    s = start(model=TINY)
    for seed, push in enumerate(pushes):
        assert {dtype for dtype, _ in push["tensors"].values()} == {"F32"}
        told = s.http.put(push["path"], content=filled(push["tensors"], seed), headers=push["headers"])
        version = {k.lower(): v for k, v in push["headers"].items()}["x-version"]
        assert told.status_code == 200 and told.json()["version"] == version, told.text
        assert told.json()["tensors"] == len(push["tensors"])
        got = s.post("/v1/rollouts", rollouts[0]["body"]).json()["groups"]
        assert {x["weight_version"] for g in got for x in g["samples"]} == {version}
        ids, sample = got[0]["prompt_token_ids"], got[0]["samples"][0]
        scored = s.complete(prompt=ids + sample["token_ids"], max_tokens=1, prompt_logprobs=0)["choices"][0]["prompt_logprobs"]
        steps = zip(scored[len(ids):], sample["token_ids"])
        assert [step[str(i)]["logprob"] for step, i in steps] == pytest.approx(sample["processed_logprobs"], abs=2e-6)


def test_bodies_were_kept():
    assert {"openai", "langchain", "instructor", "pydantic-ai", "outlines", "openai-js", "anthropic", "openai-responses", "ollama", "litellm", "lm-eval", "inspect", "trl", "trl-grpo", "renderers", "verifiers", "anthropic-js"} <= {f.stem for f in FILES}
