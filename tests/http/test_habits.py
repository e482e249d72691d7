"""What clients of other servers do and expect: names, aliases, values that ask for nothing, offsets, renders, roles,
prefilled thoughts, stop strings that are meant for the answer.

SPDX-License-Identifier: Apache-2.0
"""

import json
import pathlib

import pytest

from conftest import MODEL, TINY

ONE = {"prompt": "a", "max_tokens": 1}
ASK = [{"role": "user", "content": "What is 3 * 4?"}]


def ok(reply):
    assert reply.status_code == 200, reply.text
    return reply.json()


def events(server, path, body):
    with server.http.stream("POST", path, json={**body, "stream": True}) as reply:
        lines = [line[6:] for line in reply.iter_lines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


# ---- names ----


def test_other_paths_of_the_same_routes(server):
    chat = {"messages": ASK, "max_tokens": 1}
    assert ok(server.post("/chat/completions", chat))["object"] == "chat.completion"
    assert ok(server.http.get("/models")) == ok(server.http.get("/v1/models"))
    assert ok(server.post("/v1/tokenize", {"prompt": "Hello"})) == ok(server.post("/tokenize", {"prompt": "Hello"}))
    assert ok(server.http.get("/model_info")) == ok(server.http.get("/get_model_info"))
    assert ok(server.http.get("/weight_version")) == ok(server.http.get("/get_weight_version"))
    assert ok(server.post("/inference/v1/abort_requests", {}))["status"]
    assert ok(server.http.post("/seed_session")) == {} == ok(server.http.post("/aggregate_metrics"))


def test_one_route_for_both(server):
    """SageMaker's: a body with messages is a chat's, any other a completion's."""
    for path, body in (("/v1/chat/completions", {"messages": ASK, "max_tokens": 3, "temperature": 0}),
                       ("/v1/completions", {"prompt": "Hello", "max_tokens": 3, "temperature": 0})):
        direct, other = ok(server.post(path, body)), ok(server.post("/invocations", body))
        assert direct.keys() == other.keys() and direct["choices"] == other["choices"]
        assert direct["id"].split("-")[0] == other["id"].split("-")[0]
        assert [c["choices"] for c in events(server, "/invocations", body)] == [c["choices"] for c in events(server, path, body)]
    assert server.post("/invocations", {"prompt": 5}).json()["error"]["param"] == "prompt"
    assert server.post("/invocations", {"messages": 5}).json()["error"]["param"] == "messages"
    assert ok(server.http.get("/ping")) == ok(server.http.get("/health"))


def test_detokenize_answers_who_asks(server):
    assert ok(server.post("/detokenize", {"tokens": [5]})).keys() == {"prompt", "content"}
    assert ok(server.post("/detokenize", {"tokens": [5], "model": ""})).keys() == {"prompt", "content"}
    name = ok(server.http.get("/v1/models"))["data"][0]["id"]
    assert ok(server.post("/detokenize", {"tokens": [5], "model": name})).keys() == {"prompt"}
    assert ok(server.post("/v1/detokenize", {"tokens": [5]}))["text"]


def test_load_of_sglang(server):
    server.wait_idle()  # what tests before this one left may take a moment
    [load] = ok(server.http.get("/get_load"))
    assert load == {"dp_rank": 0, "num_reqs": 0, "num_waiting_reqs": 0, "num_tokens": 0}
    [load] = ok(server.http.get("/v1/loads", params={"include": "core"}))["loads"]
    assert {k: v for k, v in load.items() if k.startswith("num_")} == {
        "num_running_reqs": 0, "num_waiting_reqs": 0, "num_total_reqs": 0, "num_used_tokens": 0}


def test_paths_that_trainers_load_from(server):
    """A trainer opens the tokenizer from the path that the server names."""
    for path in ("/get_model_info", "/get_server_info"):
        assert pathlib.Path(ok(server.http.get(path))["model_path"]).exists()
    assert ok(server.http.get("/server_info"))["vllm_config"]["model_config"]["logprobs_mode"] == "raw_logprobs"


def test_fields_that_clients_always_send(server):
    """guidance names its backend in every request; a form of nothing asks for nothing."""
    for extra in ({"guided_decoding_backend": "guidance"}, {"structured_outputs": {}}, {"structured_outputs": {"json": None}}):
        assert ok(server.post("/v1/completions", {**ONE, **extra})), extra


def test_pieces_that_are_no_text(tiny):
    """Parts of a character are lists of bytes; all pieces together are the text."""
    pieces = [t["piece"] for t in ok(tiny.post("/tokenize", {"content": "a🫠b", "with_pieces": True}))["tokens"]]
    assert any(isinstance(p, list) for p in pieces)
    assert b"".join(bytes(p) if isinstance(p, list) else p.encode() for p in pieces).decode() == "a🫠b"


@pytest.mark.parametrize("text,kept", [("", ""), ("  ", ""), ("end", "end"), ("end \n", "end"), ("|", "|")])
def test_a_trimming_template_keeps_its_own_blanks(tiny, text, kept):
    """What a template trims of the message that goes on is trimmed; the new line that it wrote before it is not."""
    talk = [{"role": "user", "content": "x"}, {"role": "assistant", "content": text}]
    template = "{% for m in messages %}<{{ m.role }}>\n{{ m.content | trim }}</>{% endfor %}"
    body = {"messages": talk, "chat_template": template, "add_generation_prompt": False, "continue_final_message": True}
    assert ok(tiny.post("/v1/chat/completions/render", body))["prompt"] == "<user>\nx</><assistant>\n" + kept


def test_tokenizer_info(tiny):
    info = ok(tiny.http.get("/tokenizer_info"))
    assert info["eos_token"] == "<|im_end|>" and "<|im_start|>" in info["chat_template"]
    assert info["tokenizer_class"] and "bos_token" in info


def test_names_that_people_guess(start):
    named = start("--served-model-name", "mine,yours")
    plain = start()
    base = pathlib.Path(MODEL).name.removesuffix(".gguf")
    assert ok(plain.http.get("/v1/models"))["data"][0]["id"] == base
    for s, names in ((plain, []), (named, ["mine", "yours"])):
        for name in [base, base + ".gguf", base.upper(), str(MODEL), "", *names]:
            assert ok(s.post("/v1/completions", {**ONE, "model": name})), name
            if name and "/" not in name:
                assert ok(s.http.get("/v1/models/" + name))["id"] == name
        reply = s.post("/v1/completions", {**ONE, "model": "gpt-4"})
        assert reply.status_code == 404 and reply.json()["error"]["param"] == "model"
        assert s.http.get("/v1/models/gpt-4").status_code == 404
    assert plain.client().models.retrieve(base).id == base


# ---- what asks for nothing ----


def test_empty_and_null_ask_for_nothing(server):
    empty = {"stop": "", "cache_salt": "", "bad_words": [], "vllm_xargs": {}, "structured_outputs": None,
             "logprob_token_ids": [], "logit_bias": {}, "no_such_field": None, "suffix": ""}
    assert server.complete(**ONE, **empty)
    assert ok(server.post("/generate", {"input_ids": [1, 2, 3], "image_data": [], "audio_data": [], "video_data": [],
                                        "token_ids_logprob": [], "session_params": {}, "lora_path": None,
                                        "custom_logit_processor": None, "bootstrap_host": None,
                                        "sampling_params": {"max_new_tokens": 1, "stop_regex": [], "custom_params": {}}}))
    assert ok(server.post("/completion", {"prompt": "a", "n_predict": 1, "n_keep": 0, "min_keep": 0, "repeat_last_n": 64,
                                          "timings_per_token": False, "return_progress": False, "lora": [],
                                          "logit_bias": [], "dry_base": 1.75, "xtc_threshold": 0.1, "top_n_sigma": -1,
                                          "response_fields": []}))
    reply = server.post("/v1/completions", {**ONE, "no_such_field": 0})
    assert reply.status_code == 200 and reply.headers["x-ignored-fields"] == "no_such_field"


def test_biases_on_every_route(server):
    plain = server.complete(prompt="a", max_tokens=1, temperature=0, return_token_ids=True)
    first = plain["choices"][0]["token_ids"][0]
    only = (first + 1) % 100
    got = server.complete(prompt="a", max_tokens=1, temperature=0, return_token_ids=True, logit_bias={str(only): 100})
    assert got["choices"][0]["token_ids"] == [only]
    sampling = {"max_new_tokens": 1, "temperature": 0, "logit_bias": {str(only): 100}}
    assert ok(server.post("/generate", {"text": "a", "sampling_params": sampling}))["output_ids"] == [only]
    for bias in ([[only, 100]], {str(only): 100}):
        body = {"prompt": "a", "n_predict": 1, "temperature": 0, "return_tokens": True, "logit_bias": bias}
        assert ok(server.post("/completion", body))["tokens"] == [only]
    body = {"prompt": "a", "n_predict": 1, "temperature": 0, "return_tokens": True, "logit_bias": [[first, False]]}
    assert ok(server.post("/completion", body))["tokens"] != [first]
    for wrong, place in (({"x": 1}, ""), ({"-1": 1}, ""), ({"4": 1, "5": 101}, ".5"), ({"5": "1"}, ".5"), ([[5, 1], [5]], "[1]"), ([["5", 1]], "[0]"), ([5], "[0]")):
        reply = server.post("/v1/completions", {**ONE, "logit_bias": wrong})
        assert reply.status_code == 400 and reply.json()["error"]["param"] == "logit_bias" + place, wrong


def test_minus_one_is_a_random_seed(server):
    def drawn(path, **body):
        return {server.post(path, {"prompt": "abc", "max_tokens": 8, "temperature": 1, **body}).text for _ in range(6)}

    def texts(seed):
        return {server.complete(prompt="abc", max_tokens=12, temperature=1, seed=seed)["choices"][0]["text"] for _ in range(6)}

    assert len(texts(-1)) > 1 and len(texts(7)) == 1 and len(texts(-2)) == 1


# ---- shapes ----


def test_offsets_point_into_the_text(server):
    body = {"prompt": "Hello you", "max_tokens": 4, "echo": True, "logprobs": 0, "temperature": 0, "ignore_eos": True}
    whole = server.complete(**body)["choices"][0]
    offsets = whole["logprobs"]["text_offset"]
    assert offsets == sorted(offsets) and offsets[-1] <= len(whole["text"])
    for cut in (None, 2):
        body["truncate_prompt_tokens"] = cut
        whole = server.complete(**body)["choices"][0]
        lists, text = [], ""
        for event in events(server, "/v1/completions", body):
            for choice in event["choices"]:
                text += choice["text"]
                lists += choice["logprobs"]["text_offset"] if choice["logprobs"] else []
        assert text == whole["text"] and lists == whole["logprobs"]["text_offset"], cut
        if cut:
            assert len(lists) == 2 + 4 and lists[0] == 0


def test_chunks_without_a_token_have_no_logprobs(server):
    body = {"prompt": "Hello", "max_tokens": 3, "logprobs": 1, "ignore_eos": True}
    for event in events(server, "/v1/completions", body):
        for choice in event["choices"]:
            assert choice["logprobs"] is None or choice["logprobs"]["tokens"]
    body = {"messages": ASK, "max_tokens": 3, "logprobs": True, "ignore_eos": True}
    for event in events(server, "/v1/chat/completions", body):
        for choice in event["choices"]:
            assert choice["logprobs"] is None or choice["logprobs"]["content"]


def test_vllm_generate_fills_the_context(start):
    s = start("--context", "64")
    reply = ok(s.post("/inference/v1/generate", {"token_ids": [5, 6, 7], "sampling_params": {"ignore_eos": True, "logprobs": 0}}))
    choice = reply["choices"][0]
    assert len(choice["token_ids"]) == 61 and choice["finish_reason"] == "length"
    for token in choice["logprobs"]["content"]:
        assert [t["token"] for t in token["top_logprobs"]] == [token["token"]]


def test_render_is_a_body_of_generate(server):
    one = ok(server.post("/v1/chat/completions/render", {"messages": ASK, "max_tokens": 3, "seed": 1, "stop": ["x"]}))
    assert one["features"] is None and one["request_id"].startswith("chatcmpl-") and one["model"]
    assert one["sampling_params"]["max_tokens"] == 3 and one["sampling_params"]["stop"] == ["x"]
    again = {k: one[k] for k in ("token_ids", "sampling_params")}
    direct = ok(server.post("/v1/chat/completions", {"messages": ASK, "max_tokens": 3, "seed": 1, "stop": ["x"],
                                                     "return_token_ids": True}))
    assert ok(server.post("/inference/v1/generate", again))["choices"][0]["token_ids"] == direct["choices"][0]["token_ids"]
    many = ok(server.post("/v1/completions/render", {"prompt": ["a", "b"]}))
    assert [r["token_ids"] for r in many] == [ok(server.post("/tokenize", {"prompt": p}))["tokens"] for p in "ab"]


def test_words_of_the_overflow(start):
    s = start("--context", "64")
    bodies = {
        "/v1/completions": ({"prompt": "a b c " * 100}, "prompt"),
        "/v1/chat/completions": ({"messages": [{"role": "user", "content": "a b c " * 100}]}, "messages"),
        "/generate": ({"input_ids": [5] * 100}, "input_ids"),
        "/inference/v1/generate": ({"token_ids": [5] * 100}, "token_ids"),
        "/generate/": ({"prompts": ["a", "a b c " * 100]}, "prompts[1]"),
        "/completion": ({"prompt": "a b c " * 100}, "prompt"),
    }
    for path, (body, param) in bodies.items():
        reply = s.post(path, body)
        error = reply.json()["error"]
        assert reply.status_code == 400, path
        if path != "/completion":  # llama-server's errors have a number there, and no field
            assert error["code"] == "context_length_exceeded" and error["param"] == param, path
        for words in ("maximum context length is 64 tokens", "context_length_exceeded", "exceeds the available context size"):
            assert words in error["message"]


# ---- roles ----


def rendered(server, messages, **more):
    return ok(server.post("/v1/chat/completions/render", {"messages": messages, **more}))["prompt"]


def test_developer_is_system_where_the_template_does_not_know_it(server):
    every = "{% for m in messages %}[{{ m.role }}:{{ m.content }}]{% endfor %}"
    two = [{"role": "developer", "content": "Be brief"}, {"role": "user", "content": "hi"}]
    assert rendered(server, two, chat_template=every) == "[system:Be brief][user:hi]"
    three = [{"role": "system", "content": "One"}, *two]
    assert rendered(server, three, chat_template=every) == "[system:One\n\nBe brief][user:hi]"
    assert rendered(server, three[:1] * 2 + two[1:], chat_template=every) == "[system:One][system:One][user:hi]"
    knows = "{# developer #}" + every
    assert rendered(server, two, chat_template=knows) == "[developer:Be brief][user:hi]"


def test_every_role_in_the_built_in_template(tiny):
    call = {"id": "c", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'}}
    talk = [{"role": "developer", "content": "Be brief"}, {"role": "user", "content": "Weather?"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c", "content": "sunny"}]
    text = rendered(tiny, talk)
    assert "<|im_start|>system\nBe brief<|im_end|>" in text
    assert '{"name": "get_weather", "arguments": {"city": "Paris"}}' in text and "sunny" in text
    assert text.endswith("<|im_start|>assistant\n")
    assert ok(tiny.post("/v1/chat/completions", {"messages": talk, "max_tokens": 2}))


# ---- going on with a turn, thoughts, stops ----


@pytest.mark.parametrize("content", ["end", "|", "", "im_end", "assistant", "x <|im_end|> y", "a\n", "  b"])
def test_a_continued_message_is_cut_where_it_ends(server, content):
    chatml = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    talk = [{"role": "user", "content": "x"}, {"role": "assistant", "content": content}]
    more = {"add_generation_prompt": False, "continue_final_message": True}
    assert rendered(server, talk, chat_template=chatml, **more) == "<|im_start|>user\nx<|im_end|>\n<|im_start|>assistant\n" + content
    trims = chatml.replace("m.content", "m.content | trim")
    want = "<|im_start|>user\nx<|im_end|>\n<|im_start|>assistant\n" + content.lstrip()
    got = rendered(server, talk, chat_template=trims, **more)
    assert got.rstrip() == want.rstrip()


def answer(server, **body):
    body = {"messages": ASK, "temperature": 0, "max_tokens": 300, **body}
    return ok(server.post("/v1/chat/completions", body))["choices"][0]


def test_thoughts_that_a_prefill_has_begun(tiny):
    for prefill in ("<think>", "<think>\n", "<think>\nI need"):
        talk = [*ASK, {"role": "assistant", "content": prefill}]
        got = answer(tiny, messages=talk, add_generation_prompt=False, continue_final_message=True)
        assert "</think>" not in got["message"]["content"]
        assert got["message"]["reasoning_content"], prefill
        assert "<answer>" in got["message"]["content"]
    # The tag in somebody else's words opens nothing.
    got = answer(tiny, messages=[{"role": "user", "content": "<think> What is 3 * 4?"}])
    assert "<answer>" in got["message"]["content"]


def test_stop_strings_are_for_the_answer(tiny):
    free = answer(tiny)
    thought, content = free["message"]["reasoning_content"], free["message"]["content"]
    got = answer(tiny, stop=["\n", thought[:5]])
    assert got["message"]["reasoning_content"] == thought
    assert got["message"]["content"] == content.split("\n")[0]
    at_once = answer(tiny, stop=[thought[:5]], stop_in_reasoning=True)
    assert at_once["message"]["content"] == "" and at_once["stop_reason"] == thought[:5]
    raw = tiny.complete(prompt=rendered(tiny, ASK), temperature=0, max_tokens=300, stop=[thought[:5]])
    assert raw["choices"][0]["finish_reason"] == "stop" and "</think>" not in raw["choices"][0]["text"]
    streamed = ""
    for event in events(tiny, "/v1/chat/completions", {"messages": ASK, "temperature": 0, "max_tokens": 300, "stop": ["</answer>"]}):
        streamed += "".join(c["delta"].get("content") or "" for c in event["choices"])
    assert streamed == content.split("</answer>")[0]


def test_shapes_inside_are_named(server):
    for tools, param in (([5], "tools[0]"), ([{}], "tools[0].function"), ([{"function": 5}], "tools[0].function"),
                         ([{"function": {}}], "tools[0].function.name"),
                         ([{"function": {"name": "f"}}, {"function": {"name": 5}}], "tools[1].function.name")):
        reply = server.post("/v1/chat/completions", {"messages": ASK, "tools": tools, "max_tokens": 1})
        assert reply.status_code == 400 and reply.json()["error"]["param"] == param, (tools, reply.text)
    reply = server.post("/get_sequence_logprobs/", {"sequences": [5], "prompt_lengths": [0]})
    assert reply.status_code == 400 and reply.json()["error"]["param"] == "sequences[0]"
    reply = server.post("/generate/", {"prompts": [5]})
    assert reply.status_code == 400 and reply.json()["error"]["param"] == "prompts[0]"
    reply = server.post("/generate", {"text": "a", "rid": "x" * 1000})
    assert reply.status_code == 400 and reply.json()["error"]["param"] == "rid"


def test_an_empty_text_has_no_ids():
    import subprocess
    from conftest import BIN, ENVIRONMENT
    said = subprocess.run([BIN, "tokenize", "--model", TINY], input='{"text": ""}\n', capture_output=True, text=True,
                          env=ENVIRONMENT, check=True).stdout
    assert json.loads(said) == {"ids": []}


def test_the_log_of_requests(start):
    """A probe leaves no line, a generation its tokens, verdicts their number, and an open address a warning."""
    s = start("--host", "0.0.0.0")
    s.complete(prompt="a", max_tokens=2)
    s.post("/verify", {"items": [{"completion": "1", "answer": "1"}]})
    s.http.get("/version")
    s.stop()
    asked = [line for line in s.lines("event=request") if "status=503" not in line]  # while it loads a probe may leave one
    lines = {line.split(" path=")[1].split(" ")[0]: line for line in asked}
    assert set(lines) == {"/v1/completions", "/verify", "/version"}
    assert "prompt_tokens=" in lines["/v1/completions"] and " items=1" in lines["/verify"]
    assert "tokens" not in lines["/version"] and "items" not in lines["/version"]
    assert len(s.lines("event=open")) == 1
