"""The same engine behind other servers' routes: each must say what /v1/completions says.

SPDX-License-Identifier: Apache-2.0
"""

import json

import pytest


@pytest.fixture(scope="module")
def ids(server):
    return server.post("/tokenize", {"prompt": "Hello there"}).json()["tokens"]


@pytest.fixture(scope="module")
def want(server, ids):
    """What the sampled answer is, from the route that the others are compared with."""
    body = {"prompt": ids, "max_tokens": 10, "ignore_eos": True, "seed": 13, "n": 2}
    reply = server.complete(**body, logprobs=2, return_token_ids=True)
    return [
        {"text": c["text"], "ids": c["token_ids"], "logprobs": c["logprobs"]["token_logprobs"]}
        for c in reply["choices"]
    ]


def test_vllm_generate(server, ids, want):
    sampling = {"max_tokens": 10, "ignore_eos": True, "seed": 13, "n": 2, "logprobs": 0, "detokenize": False}
    body = {"token_ids": ids, "sampling_params": sampling, "request_id": "r1"}
    reply = server.post("/inference/v1/generate", body)
    assert reply.status_code == 200, reply.text
    assert reply.json()["request_id"] == "r1"
    for c, w in zip(reply.json()["choices"], want):
        assert c["token_ids"] == w["ids"] and c["finish_reason"] == "length"
        assert [e["logprob"] for e in c["logprobs"]["content"]] == w["logprobs"]
        assert [e["token"] for e in c["logprobs"]["content"]] == [f"token_id:{i}" for i in w["ids"]]
    bad = server.post("/inference/v1/generate", {"token_ids": ids, "sampling_params": {"temperature": "x"}})
    assert bad.json()["error"]["param"] == "sampling_params.temperature"
    for wrong in ({}, {"token_ids": []}):
        assert server.post("/inference/v1/generate", wrong).status_code == 400


def test_trl_generate(server, ids, want):
    body = {"prompts": [ids, ids], "n": 2, "max_tokens": 10, "top_k": 0, "logprobs": 2}
    body["generation_kwargs"] = {"seed": 13, "ignore_eos": True}
    reply = server.post("/generate/", body)
    assert reply.status_code == 200, reply.text
    got = reply.json()
    assert got["prompt_ids"] == [ids, ids]
    assert got["completion_ids"] == [w["ids"] for w in want] * 2
    for probabilities, tokens, w in zip(got["logprobs"], got["logprob_token_ids"], want * 2):
        assert len(probabilities) == len(tokens) == 10
        for p, t, own, lp in zip(probabilities, tokens, w["ids"], w["logprobs"]):
            assert p == sorted(p, reverse=True) and 2 <= len(p) == len(t) <= 3
            assert p[t.index(own)] == lp
    none = server.post("/generate/", {"prompts": ["Hi"], "logprobs": None, "max_tokens": 2}).json()
    assert none["logprobs"] is None
    zero = server.post("/generate/", {"prompts": ["Hi"], "max_tokens": 2, "generation_kwargs": {"ignore_eos": True}}).json()
    assert [[len(k) for k in s] for s in zero["logprobs"]] == [[1, 1]]
    assert server.post("/generate/", {"prompts": []}).json()["error"]["param"] == "prompts"
    assert server.post("/generate/", {"prompts": ["a", 5]}).json()["error"]["param"] == "prompts[1]"


def test_trl_chat(server):
    talk = [{"role": "user", "content": "Hello"}]
    reply = server.post("/chat/", {"messages": [talk, talk], "max_tokens": 3, "generation_kwargs": {"seed": 1}})
    assert reply.status_code == 200, reply.text
    tokens = server.post("/tokenize", {"messages": talk}).json()["tokens"]
    assert reply.json()["prompt_ids"] == [tokens, tokens]
    bad = server.post("/chat/", {"messages": [talk, [{"role": 5}]]})
    assert bad.json()["error"]["param"] == "messages[1][0].role"


def test_control(server):
    for path in ("/get_world_size/", "/get_world_size"):
        assert server.http.get(path).json() == {"world_size": 1}
    for path in ("/reset_prefix_cache/", "/reset_prefix_cache"):
        reply = server.http.post(path, content=b"", headers={"Content-Length": "0"})
        assert reply.status_code == 200 and reply.json()
    assert server.http.get("/flush_cache").status_code == 200
    assert server.http.get("/get_model_info").json()["is_generation"] is True
    assert server.http.get("/health_generate").status_code == 200


def sglang(server, **body):
    reply = server.post("/generate", body)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_sglang_generate(server, ids, want):
    sampling = {"max_new_tokens": 10, "ignore_eos": True, "sampling_seed": 13, "temperature": 1.0}
    one = sglang(server, input_ids=ids, sampling_params=sampling, return_logprob=True)
    assert one["text"] == want[0]["text"] and one["output_ids"] == want[0]["ids"]
    meta = one["meta_info"]
    assert [t[0] for t in meta["output_token_logprobs"]] == want[0]["logprobs"]
    assert [t[1:] for t in meta["output_token_logprobs"]] == [[i, None] for i in want[0]["ids"]]
    assert meta["finish_reason"] == {"type": "length", "length": 10}
    assert meta["prompt_tokens"] == len(ids) and meta["completion_tokens"] == 10
    assert "input_token_logprobs" not in meta
    many = sglang(server, input_ids=[ids], sampling_params={**sampling, "n": 2})
    assert [m["output_ids"] for m in many] == [w["ids"] for w in want]
    full = sglang(
        server, input_ids=ids, sampling_params=sampling, return_logprob=True, logprob_start_len=0,
        top_logprobs_num=2, return_text_in_logprobs=True,
    )
    inputs = full["meta_info"]["input_token_logprobs"]
    assert [t[1] for t in inputs] == ids and inputs[0][0] is None and inputs[1][0] < 0
    assert all(len(t) == 2 for t in full["meta_info"]["output_top_logprobs"])
    stop = want[0]["ids"][5]
    cut = sglang(server, input_ids=ids, sampling_params={**sampling, "stop_token_ids": [stop]})
    assert cut["meta_info"]["finish_reason"] == {"type": "stop", "matched": stop}


def test_sglang_stream_is_cumulative(server, ids, want):
    sampling = {"max_new_tokens": 10, "ignore_eos": True, "sampling_seed": 13}
    body = {"input_ids": ids, "sampling_params": sampling, "stream": True, "return_logprob": True}
    with server.http.stream("POST", "/generate", json=body) as reply:
        lines = [line for line in reply.iter_lines() if line]
    assert lines[-1] == "data: [DONE]"
    events = [json.loads(line[6:]) for line in lines[:-1]]
    for before, after in zip(events, events[1:]):
        assert after["text"].startswith(before["text"].rstrip("\ufffd"))
        assert after["output_ids"][: len(before["output_ids"])] == before["output_ids"]
    assert events[-1]["output_ids"] == want[0]["ids"]
    assert len(events[-1]["meta_info"]["output_token_logprobs"]) == 10


def test_sglang_params_for_each_prompt(server, ids, want):
    """AReaL and others send a list of sampling_params, one for each prompt."""
    shared = {"ignore_eos": True, "sampling_seed": 13}
    params = [{**shared, "max_new_tokens": 10}, {**shared, "max_new_tokens": 3, "temperature": 0}]
    first, second = sglang(server, input_ids=[ids, ids], sampling_params=params)
    assert first["output_ids"] == want[0]["ids"]
    greedy = sglang(server, input_ids=ids, sampling_params=params[1])
    assert second["output_ids"] == greedy["output_ids"] and len(second["output_ids"]) == 3
    assert second["meta_info"]["finish_reason"] == {"type": "length", "length": 3}
    for wrong, param in [
        (params[:1], "sampling_params"),
        ([params[0], {"temperature": "x"}], "sampling_params[1].temperature"),
        ([params[0], 5], "sampling_params[1]"),
        ([params[0], {"n": 2}], "sampling_params[1].n"),
        (7, "sampling_params"),
    ]:
        reply = server.post("/generate", {"input_ids": [ids, ids], "sampling_params": wrong})
        assert reply.status_code == 400 and reply.json()["error"]["param"] == param, reply.text


def test_sglang_errors(server):
    for body, param in (
        ({}, "text"),
        ({"text": "a", "input_ids": [1]}, "text"),
        ({"text": "a", "sampling_params": {"temperature": -1}}, "sampling_params.temperature"),
        ({"text": "a", "sampling_params": {"regex": "(?<=a)b"}}, "sampling_params.regex"),
        ({"text": "a", "lora_path": 7}, "lora_path"),
        ({"input_ids": [1, "a"]}, "input_ids[1]"),
    ):
        reply = server.post("/generate", body)
        assert reply.status_code == 400 and reply.json()["error"]["param"] == param, reply.text


def test_llama_server(server, ids, want):
    plain = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0, "seed": 13, "ignore_eos": True}
    body = {"prompt": ids, "n_predict": 10, "return_tokens": True, "n_probs": 1, "cache_prompt": True, **plain}
    reply = server.post("/completion", body)
    assert reply.status_code == 200, reply.text
    got = reply.json()
    assert got["content"] == want[0]["text"] and got["tokens"] == want[0]["ids"]
    assert got["stop"] is True and got["stop_type"] == "limit" and got["tokens_predicted"] == 10
    assert [p["logprob"] for p in got["completion_probabilities"]] == want[0]["logprobs"]
    with server.http.stream("POST", "/completion", json={**body, "stream": True}) as stream:
        events = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: {")]
    assert [t for e in events for t in e["tokens"]] == want[0]["ids"]
    assert [e["stop"] for e in events][-1] is True and not any(e["stop"] for e in events[:-1])
    talk = [{"role": "user", "content": "Hello"}]
    prompt = server.post("/apply-template", {"messages": talk}).json()["prompt"]
    assert prompt == server.post("/v1/chat/completions/render", {"messages": talk}).json()["prompt"]
    assert server.http.get("/props").json()["default_generation_settings"]["params"]["top_k"] == 40


def test_reward_dialects(server):
    query = {"query": ["What is 2+2?4"], "prompts": ["What is 2+2?"], "labels": ["4"]}
    reply = server.post("/get_reward", query)
    assert reply.status_code == 200, reply.text
    assert len(reply.json()["rewards"]) == 1
    empty = server.post("/get_reward", {"query": [], "prompts": [], "labels": []})
    assert empty.status_code == 200 and empty.json()["rewards"] == []
    reply = server.post("/remote_rm", {"prompt": "What is 2+2?", "response": "4", "label": "4"})
    assert reply.status_code == 200 and isinstance(reply.json(), (int, float))


def gym(text, **task):
    message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
    return {"id": 7, "response": {"output": [message]}, **task}


def test_nemo_gym_instructions(server):
    task = {"prompt": "Say it.", "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
            "kwargs": [None, {"num_words": 2, "relation": "at least", "keywords": None}]}
    reply = server.post("/verify", gym("one two", **task)).json()
    assert reply["reward"] == 1 and reply["follow_all_instructions"] is True and reply["follow_instruction_list"] == [True, True]
    assert reply["id"] == 7 and reply["kwargs"] == task["kwargs"] and "mask_sample" not in reply
    reply = server.post("/verify", gym("one, two", **task)).json()
    assert reply["reward"] == 0 and reply["follow_all_instructions"] is False and reply["follow_instruction_list"] == [False, True]
    assert reply["reward_components"] == {"instructions": 0} and "failure_kind" not in reply
    reply = server.post("/verify", gym("ONE SENTENCE THAT IS ENGLISH.", instruction_id_list=["change_case:english_capital"], kwargs=[{}])).json()
    assert reply["reward"] == 1, reply  # a worker's verdict


def test_nemo_gym_is_told_what_could_not_be_judged(server):
    task = {"instruction_id_list": ["length_constraints:number_words"], "kwargs": [{"relation": "at least"}]}
    reply = server.post("/verify", gym("one two", **task, mask_sample=False)).json()
    assert reply["reward"] == 0 and reply["mask_sample"] is True and reply["failure_kind"] == "verifier_error"
    assert "bad_kwargs" in reply["failure_reason"] and "kwargs[0].num_words" in reply["failure_reason"]
    reply = server.post("/verify", gym("one two", instruction_id_list=["no:such"], kwargs=[{}])).json()
    assert reply["mask_sample"] is True and "no:such" in reply["failure_reason"]
    reply = server.post("/verify", gym("one two", instruction_id_list=["punctuation:no_comma"], kwargs=[])).json()
    assert reply["mask_sample"] is True and reply["failure_reason"].startswith("kwargs: ")
    reply = server.post("/verify", gym("4", expected_answer="\\frac{1}{")).json()
    assert reply["reward"] == 0 and reply["mask_sample"] is True, reply
    reply = server.post("/verify", gym("The answer is 5", expected_answer="4")).json()
    assert reply["reward"] == 0 and "mask_sample" not in reply


def test_nemo_gym_task_of_another_server_is_refused(server):
    """Nothing to judge by is no 0: a run would be poisoned in silence."""
    for body in (gym("x"), gym("x", something_else=["a"]), gym("", expected_answer=None)):
        reply = server.post("/verify", body)
        assert reply.status_code == 400 and reply.json()["error"]["param"] == "expected_answer"


def test_nemo_gym_masks_what_cannot_be_judged(server):
    told = server.post("/verify", gym("\\boxed{3}", expected_answer="\\frac{")).json()
    assert (told["reward"], told["mask_sample"], told["failure_kind"]) == (0, True, "verifier_error")
    for answer, reward in (("3", 1), ("4", 0)):
        told = server.post("/verify", gym("\\boxed{3}", expected_answer=answer)).json()
        assert told["reward_components"]["accuracy"] == reward and "mask_sample" not in told
