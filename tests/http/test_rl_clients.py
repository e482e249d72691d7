"""What trainers and their environments send beside the usual fields (docs/rl_clients.md), on the built-in model.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import json
import math
import struct
import threading

import pytest

USER = [{"role": "user", "content": "What is 12 + 30?"}]


def chat(server, messages, **body):
    reply = server.post("/v1/chat/completions", {"messages": messages, "max_tokens": 60, "temperature": 0, "return_token_ids": True, **body})
    assert reply.status_code == 200, reply.text
    return reply.json()


@pytest.mark.parametrize("max_tokens", [60, 5])
def test_nemo_s_required_prefix(tiny, max_tokens):
    """The next turn's prompt begins with the ids that were sampled, whatever the template makes of their text."""
    first = chat(tiny, USER, max_tokens=max_tokens, temperature=1, seed=1)
    sampled = first["choices"][0]["token_ids"]
    prefix = first["prompt_token_ids"] + sampled
    history = [*USER, {"role": "assistant", "content": first["choices"][0]["message"]["content"] or "."}, {"role": "user", "content": "And 1 + 1?"}]
    plain = chat(tiny, history)["prompt_token_ids"]
    got = chat(tiny, history, required_prefix_token_ids=prefix)
    ids, eos = got["prompt_token_ids"], first["choices"][0]["token_ids"][-1] if first["choices"][0]["finish_reason"] == "stop" else None
    assert ids[:len(prefix)] == prefix
    rest = ids[len(prefix) - (eos is not None):]
    assert plain[-len(rest):] == rest and got["usage"]["prompt_tokens"] == len(ids)
    tail = tiny.post("/detokenize", {"tokens": rest}).json()["prompt"]
    assert tail.startswith("<|im_end|>") and "And 1 + 1?" in tail and "What is 12" not in tail
    counted = tiny.post("/tokenize", {"messages": history, "required_prefix_token_ids": prefix})  # as NeMo-RL counts
    assert counted.json()["tokens"] == ids and counted.json()["count"] == len(ids)


def test_a_required_prefix_needs_a_turn_to_end_with(tiny):
    reply = tiny.post("/v1/chat/completions", {"messages": USER, "required_prefix_token_ids": [5]})
    assert reply.status_code == 400 and reply.json()["error"]["param"] == "required_prefix_token_ids"
    reply = tiny.post("/tokenize", {"messages": USER, "required_prefix_token_ids": [5]})
    assert reply.status_code == 400 and reply.json()["error"]["param"] == "required_prefix_token_ids"
    assert chat(tiny, USER, required_prefix_token_ids=[])["prompt_token_ids"] == chat(tiny, USER)["prompt_token_ids"]


def test_a_required_prefix_of_a_long_talk(tiny):
    """Finding what was said before is one walk over the messages: of so many it ends well within a client's patience."""
    body = {"messages": [{"role": "assistant", "content": ""}] + [{"role": "user", "content": ""}] * 65000, "max_tokens": 2,
            "chat_template": "x<|im_end|>y"}
    got = tiny.post("/v1/chat/completions", {**body, "required_prefix_token_ids": [1, 2, 3], "return_token_ids": True})
    assert got.status_code == 200 and got.json()["prompt_token_ids"][:3] == [1, 2, 3]


def test_verifiers_bridged_turn(tiny):
    body = {"token_ids": [5, 6, 7], "sampling_params": {"max_tokens": 2, "logprobs": 1, "routed_experts_prompt_start": 1, "skip_special_tokens": False}}
    reply = tiny.post("/inference/v1/generate", body)
    assert reply.status_code == 200 and "x-ignored-fields" not in reply.headers


def test_words_for_a_prompt_that_is_too_long(tiny):
    for path, body in (("/v1/completions", {"prompt": "x " * 3000}), ("/v1/chat/completions", {"messages": [{"role": "user", "content": "x " * 3000}]}),
                       ("/v1/responses", {"input": "x " * 3000}), ("/v1/embeddings", {"input": "x " * 3000})):
        reply = tiny.post(path, body)
        assert reply.status_code == 400 and "maximum context length" in reply.json()["error"]["message"]


def test_slime_s_custom_params(tiny):
    """What a token was drawn from, as slime has it: one array of ids, and where each token's begin."""
    body = {"input_ids": [5, 6, 7], "sampling_params": {"max_new_tokens": 12, "temperature": 1.5, "top_p": 0.9, "sampling_seed": 3, "ignore_eos": True}}
    custom = {**body, "sampling_params": {**body["sampling_params"], "custom_params": {"return_top_p_token_ids": True}}}
    reply = tiny.post("/generate", custom).json()
    ids, offsets = (struct.unpack(f"<{len(b) // 4}i", b) for b in (base64.b64decode(reply["meta_info"][k]) for k in ("top_p_token_ids", "top_p_token_offsets")))
    lists = [list(ids[a:b]) for a, b in zip(offsets, offsets[1:])]
    assert offsets[0] == 0 and offsets[-1] == len(ids) and len(lists) == 12
    assert all(i in kept for i, kept in zip(reply["output_ids"], lists)) and len({len(kept) for kept in lists}) > 1
    same = tiny.post("/generate", {**body, "return_sampling_mask": True}).json()
    assert same["output_ids"] == reply["output_ids"] and same["meta_info"]["output_token_sampling_mask"] == lists
    for wrong, param in (({"x": 1}, "x"), ({"return_top_p_token_ids": 1}, "return_top_p_token_ids")):
        reply = tiny.post("/generate", {"text": "a", "sampling_params": {"custom_params": wrong}})
        assert reply.status_code == 400 and reply.json()["error"]["param"] == "sampling_params.custom_params." + param
    assert "top_p_token_ids" not in tiny.post("/generate", body).json()["meta_info"]


def test_nemo_gym_s_mask(tiny):
    body = {"response": {"output": [{"type": "message", "content": [{"type": "output_text", "text": "\\boxed{1}"}]}]}, "expected_answer": "\\frac{"}
    got = tiny.post("/verify", body).json()
    assert got["reward"] == 0 and got["mask_sample"] is True and got["failure_kind"] == "verifier_error" and got["failure_reason"]


def test_tools_that_the_caller_parses(tiny):
    """TRL sends tools with tool_choice "none": the template sees them, and the answer stays a text."""
    shown = "{% for t in tools or [] %}[{{ t.function.name }}]{% endfor %}{% for m in messages %}{{ m.content }}{% endfor %}"
    tools = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]
    body = {"messages": USER, "chat_template": shown, "tool_choice": "none", "max_tokens": 4, "ignore_eos": True}
    assert tiny.post("/v1/chat/completions/render", {**body, "tools": tools}).json()["prompt"] == "[add]What is 12 + 30?"
    reply = tiny.post("/v1/chat/completions", {**body, "tools": tools}).json()["choices"][0]
    assert "tool_calls" not in reply["message"] and reply["finish_reason"] == "length"


def test_seeds_up_to_63_bits(tiny):
    ask = {"prompt": "a", "max_tokens": 8, "temperature": 1}
    one, two = (tiny.complete(**ask, seed=2**62 + s)["choices"][0]["text"] for s in (12345, 12346))
    assert one != two and one == tiny.complete(**ask, seed=2**62 + 12345)["choices"][0]["text"]


# ---- vLLM's fields and routes ----

IDS = {"token_ids": [5, 6, 7]}


def generate(server, sampling=None, **body):
    return server.post("/inference/v1/generate", {**IDS, **body, "sampling_params": {"max_tokens": 3, "temperature": 0, **(sampling or {})}})


def sglang(server, sampling=None, **body):
    return server.post("/generate", {"input_ids": [5, 6, 7], **body, "sampling_params": {"max_new_tokens": 3, "temperature": 0, **(sampling or {})}})


def refused(reply, param, status=400):
    error = reply.json()["error"]
    return (reply.status_code, error["param"]) == (status, param) and (param is None or param.split(".")[-1] in error["message"])


def test_versions_of_each_sample(tiny):
    span = [{"version": "0", "start": 0, "end": 3}]
    one = {"prompt": "a", "max_tokens": 3, "ignore_eos": True, "return_weight_versions": True}
    assert [c["weight_versions"] for c in tiny.complete(**one, n=2)["choices"]] == [span, span]
    assert chat(tiny, USER, max_tokens=3, ignore_eos=True, return_weight_versions=True)["choices"][0]["weight_versions"] == span
    for more in ({"return_weight_versions": True}, {"sampling": {"return_weight_versions": True}}):
        choice = generate(tiny, **more).json()["choices"][0]
        assert choice["weight_versions"] == span and choice["weight_version"] == "0"
    assert sglang(tiny, return_weight_versions=True).json()["meta_info"]["weight_versions"] == span
    assert "weight_versions" not in generate(tiny).json()["choices"][0]
    with tiny.http.stream("POST", "/v1/completions", json={**one, "stream": True}) as reply:
        chunks = [json.loads(line[6:]) for line in reply.iter_lines() if line.startswith("data: {")]
    assert chunks[-1]["choices"][0]["weight_versions"] == span and "weight_versions" not in chunks[0]["choices"][0]


@pytest.mark.parametrize("field, value", [
    ("return_token_offsets", True), ("metrics", True), ("watermarking", {"seed": 1}), ("kv_transfer_params", {"a": 1}),
    ("topk_sample_logprobs", 3), ("target_prompt_logprobs", True), ("prompt_alt_tokens_k", 2), ("prompt_logprobs_last_n", 2)])
def test_passed_over_and_named(tiny, field, value):
    for path, body in (("/v1/completions", {"prompt": "a"}), ("/v1/chat/completions", {"messages": USER})):
        reply = tiny.post(path, {**body, "max_tokens": 2, field: value})
        assert reply.status_code == 200 and reply.headers["x-ignored-fields"] == field


def test_a_prompt_s_text_is_refused_on_chats(tiny):
    assert refused(tiny.post("/v1/chat/completions", {"messages": USER, "return_prompt_text": True}), "return_prompt_text")


def test_passed_over_and_named_on_generate(tiny):
    for field, value in (("reasoning_ended", True), ("parse_context", {"a": 1}), ("content_parts", ["a"]), ("return_token_offsets", True)):
        reply = generate(tiny, **{field: value})
        assert reply.status_code == 200 and reply.headers["x-ignored-fields"] == field
    reply = generate(tiny, {"prompt_logprob_start": 1})
    assert reply.status_code == 200 and reply.headers["x-ignored-fields"] == "sampling_params.prompt_logprob_start"


def test_the_first_value_is_the_token_itself(tiny):
    """AReaL and prime-rl read the first value of each entry."""
    for place, ids in ((tiny.complete(prompt=[5, 6, 7], max_tokens=0, prompt_logprobs=3)["choices"][0], [5, 6, 7]),
                       (generate(tiny, {"prompt_logprobs": 3}).json(), [5, 6, 7])):
        assert place["prompt_logprobs"][0] is None
        assert [next(iter(entry)) for entry in place["prompt_logprobs"][1:]] == [str(i) for i in ids[1:]]
    scored = tiny.complete(prompt=[5, 6, 7], max_tokens=1, echo=True, logprobs=1, prompt_logprobs=1)["choices"][0]  # AReaL's scoring
    assert [next(iter(e.values()))["logprob"] for e in scored["prompt_logprobs"][1:]] == scored["logprobs"]["token_logprobs"][1:3]


def test_an_error_s_code_is_a_name(tiny):
    reply = tiny.post("/v1/completions", {"prompt": "a", "n": 0})
    assert reply.status_code == 400 and reply.json()["error"]["code"] == "invalid_value"


@pytest.mark.parametrize("key", ["reasoning", "reasoning_content"])
def test_thoughts_come_back_under_either_name(tiny, key):
    plain = "{% for m in messages %}[{{ m.reasoning_content }}]{{ m.content }}{% endfor %}"
    history = [*USER, {"role": "assistant", "content": "42", key: "twelve and thirty"}, {"role": "user", "content": "Sure?"}]
    reply = tiny.post("/v1/chat/completions/render", {"messages": history, "chat_template": plain})
    assert "[twelve and thirty]42" in reply.json()["prompt"]


def test_no_alternatives_beside_the_token_itself(tiny):
    content = chat(tiny, USER, max_tokens=3, logprobs=True, top_logprobs=0)["choices"][0]["logprobs"]["content"]
    assert len(content) == 3 and all(isinstance(c["logprob"], (int, float)) and c["top_logprobs"] == [] for c in content)


def test_ids_of_a_chat(tiny):
    got = chat(tiny, USER, max_tokens=5)
    assert got["prompt_token_ids"] == tiny.post("/tokenize", {"messages": USER}).json()["tokens"]
    assert len(got["choices"][0]["token_ids"]) == got["usage"]["completion_tokens"] == 5


def test_items_of_a_route_of_ids(tiny):
    """Old clients read token, new ones token_id; renderers wants as many as ids, all finite."""
    reply = generate(tiny, {"logprobs": 2, "skip_special_tokens": False}).json()
    [choice] = reply["choices"]
    assert reply["model"] == "touchstone-tiny" and reply["output_mode"] == "tokens" and reply["created"] > 0
    assert reply["usage"]["completion_tokens"] == 3 and choice["stop_reason"] is None
    content = choice["logprobs"]["content"]
    assert [c["token_id"] for c in content] == choice["token_ids"] and [c["token"] for c in content] == [f"token_id:{i}" for i in choice["token_ids"]]
    assert all(c["rank"] == 1 and -9999 < c["logprob"] <= 0 for c in content)
    assert all([t["rank"] for t in c["top_logprobs"]] == [1, 2] for c in content)
    rest = generate(tiny, {"max_tokens": None, "stop_token_ids": choice["token_ids"][:1]}).json()["choices"][0]  # absent: what the context leaves
    assert rest["token_ids"] == choice["token_ids"][:1] and rest["stop_reason"] == choice["token_ids"][0]


@pytest.mark.parametrize("body, param", [
    ({"output_mode": "text"}, "output_mode"), ({"features": {"a": 1}}, "features"), ({"kv_transfer_params": {"a": 1}}, "kv_transfer_params"),
    ({"sampling": {"trace_decode_token_ids": [1]}}, "sampling_params.trace_decode_token_ids"),
    ({"sampling": {"repetition_detection": {"a": 1}}}, "sampling_params.repetition_detection")])
def test_refused_on_generate(tiny, body, param):
    assert refused(generate(tiny, **body), param)


@pytest.mark.parametrize("path", ["/v1/decisions", "/v1/systemone", "/v1/chat/completions/batch", "/v1/chat/completions/derender", "/v1/completions/derender",
                                  "/release_kv_cache_memory", "/get_weights_by_name", "/run"])
def test_routes_that_are_not_offered(tiny, path):
    reply = tiny.post(path, {})
    assert reply.status_code == 501 and reply.json()["error"]["code"] == "not_available" and path in reply.json()["error"]["message"]


def test_routes_that_are_not_there(tiny):
    for path in ("/init_broadcaster", "/v1/messages/render", "/v1/responses/render"):
        assert tiny.post(path, {}).status_code in (404, 405)


def test_statuses_of_control(tiny):
    assert tiny.post("/pause?mode=keep&clear_cache=false", {}).json() == {"status": "paused"}
    assert tiny.post("/resume", {}).json() == {"status": "resumed"}
    assert tiny.post("/abort_requests", {}).json() == tiny.post("/inference/v1/abort_requests", {}).json() == {"status": "aborted", "aborted": 0}
    assert tiny.post("/sleep?level=2", {}).json() == {"status": "sleeping", "level": 2}
    assert tiny.post("/wake_up?tags=weights", {}).json() == {"status": "awake"}
    assert refused(tiny.post("/sleep?level=3", {}), "level") and refused(tiny.post("/sleep?level=", {}), "level")
    for body in ({}, {"reset_running_requests": True}):  # SkyRL's
        assert tiny.post("/reset_prefix_cache", body).json() == {"success": True}


def test_what_comes_after_a_pause_that_aborts_is_held(tiny):
    """vLLM answers 503."""
    assert tiny.post("/pause?mode=abort", {}).status_code == 200
    got = []
    thread = threading.Thread(target=lambda: got.append(tiny.complete(prompt="a", max_tokens=2)))
    thread.start()
    tiny.wait_asked(1)
    assert not got
    assert tiny.post("/resume", {}).status_code == 200
    thread.join()
    assert got[0]["choices"][0]["finish_reason"] in ("stop", "length")


def test_versions_are_told_and_checked(tiny):
    told = tiny.http.get("/weight_info").json()
    assert told == tiny.http.get("/get_weight_version").json() and told["weight_version"] == "0"
    assert tiny.post("/update_weight_version", {"new_version": "0"}).json()["success"] is True
    sums = tiny.post("/weight_checker", {"action": "checksum"}).json()["checksums"]
    assert tiny.post("/weight_checker", {"action": "compare", "baseline": sums}).json()["match"] is True
    assert refused(tiny.post("/weight_checker", {"action": "reset"}), "action")


def test_what_trainers_read_of_the_server(tiny):
    vllm = tiny.http.get("/server_info?config_format=json").json()
    config = vllm["vllm_config"]
    assert config["lora_config"]["max_lora_rank"] >= 64 and config["lora_config"]["max_loras"] >= 6  # TRL AsyncGRPO
    assert config["parallel_config"]["data_parallel_size"] == 1 and config["model_config"]["dtype"]
    assert config["weight_transfer_config"] is None  # TRL's server mode then says that weights cannot be sent
    for info in (vllm, tiny.http.get("/get_server_info").json()):  # slime's external engines
        assert info["enable_memory_saver"] is False and info["encoder_only"] is False and info["disaggregation_mode"] == "null"
        assert (info["tp_size"], info["pp_size"]) == (1, 1) and "num_gpus" in info
    assert tiny.http.get("/model_info").json() == tiny.http.get("/get_model_info").json()
    assert tiny.http.get("/ready").status_code == tiny.http.get("/liveness").status_code == 200


# ---- SGLang's ----


def test_loads(tiny):
    told = tiny.http.get("/v1/loads?include=core").json()
    [load] = told["loads"]
    assert told["dp_rank_count"] == 1 and load["dp_rank"] == 0 and 0 <= load["token_usage"] <= 1 and load["max_total_num_tokens"] > 0
    assert told["aggregate"]["total_reqs"] == load["num_running_reqs"] + load["num_waiting_reqs"]


def test_sglang_s_control(tiny):
    for path in ("/pause_generation", "/continue_generation"):
        reply = tiny.post(path, {}).json()
        assert reply["status"] == "ok" and reply["message"]
    for path in ("/begin_weight_update", "/end_weight_update"):
        assert tiny.post(path, {"selector": "target"}).json()["success"] is True


def test_hints_of_sglang_are_taken(tiny):
    reply = sglang(tiny, session_id="a", routed_experts_start_len=1, return_routed_experts=False, beam_width=1, sampling_logprobs_mode="selected")
    assert reply.status_code == 200 and "x-ignored-fields" not in reply.headers
    assert reply.json()["meta_info"]["reasoning_tokens"] == 0
    assert sglang(tiny, stream_interval=2).headers["x-ignored-fields"] == "stream_interval"


def test_what_a_token_was_drawn_from(tiny):
    reply = sglang(tiny, {"temperature": 1, "top_k": 4, "sampling_seed": 2, "max_new_tokens": 12, "ignore_eos": True}, return_sampling_mask=True,
                   return_logprob=True, top_logprobs_num=4).json()
    ids, meta = reply["output_ids"], reply["meta_info"]
    masks, drawn = meta["output_token_sampling_mask"], meta["output_token_sampling_logprobs"]
    assert len(masks) == len(drawn) == len(ids) == 12 and all(len(m) == 4 for m in masks)
    for i, mask, p, tops in zip(ids, masks, drawn, meta["output_top_logprobs"]):
        raw = {t[1]: t[0] for t in tops}
        assert i in mask and set(mask) == set(raw)
        assert abs(p - (raw[i] - math.log(sum(map(math.exp, raw.values()))))) < 1e-4  # among these it is the share
    same = generate(tiny, {"temperature": 1, "top_k": 4, "seed": 2, "max_tokens": 12, "ignore_eos": True, "return_sampling_mask": True}).json()["choices"][0]
    assert same["token_ids"] == ids and same["sampling_mask"] == masks
    free = sglang(tiny, {"temperature": 1, "ignore_eos": True}, return_sampling_mask=True).json()["meta_info"]
    assert free["output_token_sampling_mask"] == [None] * 3  # nothing was cut off
    assert "output_token_sampling_mask" not in sglang(tiny).json()["meta_info"]


def test_masks_for_each_prompt(tiny):
    """A list of sampling_params: each prompt has its own."""
    each = [{"max_new_tokens": 2, "temperature": 1, "top_k": k, "ignore_eos": True} for k in (2, 3)]
    replies = tiny.post("/generate", {"input_ids": [[5], [6]], "sampling_params": each, "return_sampling_mask": True}).json()
    assert [[len(m) for m in r["meta_info"]["output_token_sampling_mask"]] for r in replies] == [[2, 2], [3, 3]]


def test_a_budget_of_thoughts_on_generate(tiny):
    text = "<|im_start|>user\nWhat is 12 + 30?<|im_end|>\n<|im_start|>assistant\n<think>\n"
    close = tiny.post("/tokenize", {"prompt": "</think>", "add_special_tokens": False}).json()["tokens"]
    got = tiny.post("/generate", {"text": text, "max_thinking_tokens": 5, "sampling_params": {"max_new_tokens": 60, "temperature": 0}}).json()
    assert got["output_ids"][5:5 + len(close)] == close


@pytest.mark.parametrize("body, param", [
    ({"return_routed_experts": True}, "return_routed_experts"), ({"beam_width": 2}, "beam_width"), ({"sampling": {"beam_width": 2}}, "sampling_params.beam_width"),
    ({"sampling": {"stop_regex": "a"}}, "sampling_params.stop_regex"), ({"sampling_logprobs_mode": "support"}, "sampling_logprobs_mode"),
    ({"session_params": {"a": 1}}, "session_params"), ({"token_ids_logprob": [1]}, "token_ids_logprob"), ({"return_hidden_states": True}, "return_hidden_states")])
def test_refused_of_sglang(tiny, body, param):
    assert refused(sglang(tiny, **body), param)


def test_atropos_body_of_generate_is_refused(tiny):
    reply = tiny.post("/generate", {"prompt": {"prompt_token_ids": [5, 6]}, "logprobs": 0, "n": 1, "max_tokens": 2})
    assert reply.status_code == 400 and reply.json()["error"]["param"] == "text" and "prompt" in reply.headers["x-ignored-fields"]


# ---- teachers, judges, agents ----


def test_a_teacher_s_candidates(tiny):
    """As many as distillation asks for, and more; as lists and as arrays in base64."""
    rows = tiny.complete(prompt="a", max_tokens=2, temperature=0, logprobs=256)["choices"][0]["logprobs"]["top_logprobs"]
    assert len(rows) == 2 and all(len(r) > 200 for r in rows)  # by text, and tokens of the same text are one
    content = chat(tiny, USER, max_tokens=2, logprobs=True, top_logprobs=256)["choices"][0]["logprobs"]["content"]
    assert all(len(c["top_logprobs"]) == 256 for c in content)
    body = {"sequences": [[5, 6, 7, 8]], "prompt_lengths": [2], "top_logprobs": 256}
    lists = tiny.post("/get_sequence_logprobs/", body).json()
    arrays = tiny.post("/get_sequence_logprobs/", {**body, "response_format": "binary"}).json()
    assert arrays["shape"] == [1, 2, 256] and len(base64.b64decode(arrays["logprobs_b64"])) == 4 * 2 * 256
    ids = struct.unpack("<512i", base64.b64decode(arrays["token_ids_b64"]))
    assert list(ids[:256]) == lists["logprob_token_ids"][0][0][:256]


def test_both_spellings_of_the_mode(tiny):
    body = {"prompt": "a", "max_tokens": 3, "temperature": 0.5, "seed": 1, "logprobs": 1}
    raw, long_raw, processed, long_processed = (tiny.complete(**body, logprobs_mode=m)["choices"][0]["logprobs"]
                                                for m in ("raw", "raw_logprobs", "processed", "processed_logprobs"))
    assert raw == long_raw != processed == long_processed
    assert tiny.post("/v1/completions", {**body, "logprobs_mode": "raw_logits"}).json()["error"]["param"] == "logprobs_mode"


def test_a_gold_answer_that_cannot_be_read_judges_nothing(tiny):
    for gold in ("\\frac{", "\\int_0^{"):
        got = tiny.post("/verify", {"completion": "\\boxed{1}", "answer": gold, "rewards": [{"name": "accuracy"}]}).json()["results"][0]
        assert got["reward"] is None and got["details"]["accuracy"]["verdict"] == "cannot_judge"


def test_nemo_gym_s_small_routes(tiny):
    assert tiny.http.get("/reverify_mode").json() == "stateless"
    assert tiny.post("/close_session", {}).json() == tiny.post("/seed_session", {}).json() == tiny.post("/aggregate_metrics", {}).json() == {}
    body = {"response": {"output": [{"type": "message", "content": [{"type": "output_text", "text": "\\boxed{1}"}]}]}, "expected_answer": "1"}
    assert tiny.post("/verify", body).json()["reward_components"]["accuracy"] == 1


def test_a_session_s_header_is_passed_over(tiny):
    reply = tiny.post("/inference/v1/generate", {**IDS, "sampling_params": {"max_tokens": 1}}, headers={"X-Session-ID": "s"})
    assert reply.status_code == 200
