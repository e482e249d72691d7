"""llama-server's routes as its own clients use them: settings and times in the reply, prompts of every shape, biases of
words, chosen fields, probabilities after sampling, and its names on OpenAI's routes.

SPDX-License-Identifier: Apache-2.0
"""

import math
import subprocess

import pytest

from conftest import BIN, ENVIRONMENT, MODEL, PATIENCE, Server
from test_habits import ok, events

ASK = [{"role": "user", "content": "What is 3 * 4?"}]
TIMES = {"cache_n", "prompt_n", "prompt_ms", "prompt_per_token_ms", "prompt_per_second",
         "predicted_n", "predicted_ms", "predicted_per_token_ms", "predicted_per_second"}


def complete(server, **body):
    return ok(server.post("/completion", {"prompt": "Hello there", "n_predict": 6, "temperature": 0, **body}))


def error(reply):
    assert reply.status_code == 400, reply.text
    return reply.json()["error"]


# ---- what a reply says ----


def test_reply_tells_settings_prompt_and_times(server):
    reply = complete(server, seed=7, stop=["zzz"], logit_bias={"5": -3.5}, ignore_eos=True)
    settings, times = reply["generation_settings"], reply["timings"]
    assert settings["n_predict"] == settings["max_tokens"] == 6 and settings["seed"] == 7
    assert settings["temperature"] == 0 and settings["top_k"] == 40 and settings["stop"] == ["zzz"]
    assert {"token": 5, "bias": -3.5} in settings["logit_bias"]
    assert any(b["bias"] is None for b in settings["logit_bias"])  # the end, which is ignored
    assert reply["prompt"] == "Hello there" and reply["truncated"] is False
    assert reply["has_new_line"] == ("\n" in reply["content"])
    assert set(times) == TIMES and all(math.isfinite(v) and v >= 0 for v in times.values())
    assert times["prompt_n"] + times["cache_n"] == reply["tokens_evaluated"]
    assert times["predicted_n"] == reply["tokens_predicted"] == 6
    assert times["predicted_per_second"] == pytest.approx(1e3 / times["predicted_ms"] * 5)


def test_one_token_has_no_rate(server):
    times = complete(server, n_predict=1)["timings"]
    assert times["predicted_n"] == 1 and times["predicted_per_second"] == 0 == times["predicted_ms"]


def test_ignoring_no_end_shows_no_bias(server):
    assert complete(server)["generation_settings"]["logit_bias"] == []


def test_context_that_ends_a_sample_truncates(start):
    server = start("--context", "64")
    assert complete(server, n_predict=-1, ignore_eos=True)["truncated"] is True
    assert complete(server, n_predict=5, ignore_eos=True)["truncated"] is False


def test_chosen_fields(server):
    reply = complete(server, response_fields=["content", "generation_settings/n_predict", "prompt", "no/such"])
    assert reply == {"content": complete(server)["content"], "generation_settings/n_predict": 6, "prompt": "Hello there"}
    assert complete(server, response_fields=[]).keys() == complete(server).keys()


def test_stream_shows_tokens_and_the_rest_at_its_end(server):
    chunks = events(server, "/completion", {"prompt": "Hello there", "n_predict": 6, "temperature": 0, "ignore_eos": True,
                                            "timings_per_token": True})
    assert len(chunks) == 6 and [c["stop"] for c in chunks] == [False] * 5 + [True]
    assert all(len(c["tokens"]) == 1 and c["timings"]["predicted_n"] == i + 1 for i, c in enumerate(chunks))
    assert "generation_settings" in chunks[-1] and "generation_settings" not in chunks[0]
    assert "".join(c["content"] for c in chunks) == complete(server, ignore_eos=True)["content"]


def test_a_stream_tells_how_far_its_prompt_is(start):
    """First what the cache has, at last all of it, before the first token; and what of its time that took."""
    server = start("--step-tokens", "32")
    text = "the quick brown fox jumps over the lazy dog " * 12
    chat = {"messages": [{"role": "user", "content": text}], "max_tokens": 3}
    for path, body in (("/completion", {"prompt": text, "n_predict": 3}), ("/v1/chat/completions", chat),
                       ("/v1/completions", {"prompt": text, "max_tokens": 3, "echo": True})):
        server.post("/reset_prefix_cache", {})
        asked = {**body, "ignore_eos": True, "temperature": 0, "return_progress": True, "timings_per_token": True}
        for again in (False, True):
            chunks = events(server, path, asked)
            told = [c["prompt_progress"] for c in chunks if "prompt_progress" in c]
            times = [c["timings"] for c in chunks if "prompt_progress" in c]
            done = [p["processed"] for p in told]
            assert all("prompt_progress" in c for c in chunks[:len(told)]), path  # none behind a token
            assert {(p["total"], p["cache"]) for p in told} == {(done[-1], done[0])} and done == sorted(set(done))
            assert (done[0] > 0) == again and (len(done) == 2 if again else len(done) > 4), path
            assert [t["prompt_n"] for t in times] == [n - done[0] for n in done]
            assert times[0]["prompt_ms"] == 0 == times[-1]["predicted_n"] and times[-1]["prompt_ms"] > 0
            assert [t["prompt_ms"] for t in times] == sorted(t["prompt_ms"] for t in times)
        asked.pop("return_progress")
        plain = events(server, path, asked)
        assert len(plain) == len(chunks) - len(told) and not any("prompt_progress" in c for c in plain)
        assert "prompt_progress" not in ok(server.post(path, {**asked, "return_progress": True}))


def test_a_prompt_that_is_too_long(start):
    """Where its names are asked, the error is its own, with the numbers that its clients read; OpenAI's is OpenAI's."""
    server = start("--context", "64")
    for path, body in (("/completion", {"prompt": [5] * 70}), ("/chat/completions", {"messages": ASK * 9})):
        said = error(server.post(path, body))
        assert said["type"] == "exceed_context_size_error" and said["code"] == 400
        assert said["n_ctx"] == 64 and said["n_prompt_tokens"] > 64
    said = error(server.post("/v1/chat/completions", {"messages": ASK * 9}))
    assert said["type"] == "invalid_request_error" and said["code"] == "context_length_exceeded" and "n_ctx" not in said


# ---- prompts ----


def test_prompts_of_every_shape(server):
    ids = ok(server.post("/tokenize", {"content": "Hello there"}))["tokens"]
    one = complete(server)["content"]
    for prompt in ("Hello there", ids, {"prompt_string": "Hello there"}, [*ids[:1], *ids[1:]]):
        assert complete(server, prompt=prompt)["content"] == one, prompt
    for prompts in ([ids, ids], [ids, "Hello there"], [ids, {"prompt_string": "Hello there"}], ["Hello there"] * 2):
        replies = complete(server, prompt=prompts)
        assert [r["content"] for r in replies] == [one, one] and [r["index"] for r in replies] == [0, 1]
    assert len(complete(server, prompt=["Hello there"])) == 1
    mixed = complete(server, prompt=[7, 8, "Hello", 9, " there"])
    assert mixed["tokens_evaluated"] == 3 + sum(len(ok(server.post("/tokenize", {"content": t}))["tokens"])
                                                for t in ("Hello", " there"))


@pytest.mark.parametrize("prompt,param", [
    ([], "prompt"), (5, "prompt"), ({"prompt_string": 5}, "prompt.prompt_string"), ({}, "prompt.prompt_string"),
    ({"prompt_string": "a", "multimodal_data": ["x"]}, "prompt.multimodal_data"), ([5, "a", -1], "prompt[2]"),
    (["a", [5, 10**9]], "prompt[1][1]"), (["a", {"zzz": 1}], "prompt[1].zzz"), ([[]], "prompt[0]"), (None, "prompt"),
])
def test_prompts_that_are_none(server, prompt, param):
    assert error(server.post("/completion", {"prompt": prompt, "n_predict": 1}))["param"] == param


# ---- biases ----


def test_biases_of_words(server):
    body = {"prompt": "Hello", "n_predict": 12, "ignore_eos": True, "return_tokens": True}
    first = complete(server, **body)["tokens"]
    piece = ok(server.post("/detokenize", {"tokens": first[:1]}))["content"]
    banned = ok(server.post("/tokenize", {"content": piece}))["tokens"]
    for bias in ([[piece, -100]], {piece: -100}, [[piece, False]], [[t, -100] for t in banned],
                 {str(t): -100 for t in banned}):
        assert not set(complete(server, **body, logit_bias=bias)["tokens"]) & set(banned), bias


@pytest.mark.parametrize("bias, place", [
    (5, ""), ([5], "[0]"), ([[5, 1], [5]], "[1]"), ([[5, "x"]], "[0]"), ([[10**9, 1]], "[0]"), ({"5": 101}, ".5"), ({"999999999": 1}, ".999999999"),
    ([[5, 1], [6, 1], [None, 1]], "[2]")])
def test_biases_that_are_none(server, bias, place):
    assert error(server.post("/completion", {"prompt": "a", "logit_bias": bias}))["param"] == "logit_bias" + place


def test_all_wrong_keys_are_named(server):
    said = error(server.post("/v1/completions", {"prompt": "a", "logit_bias": {"5": 1, "bad1": 1, "bad2": 2, "999999": 1}}))
    assert said["param"] == "logit_bias" and all(w in said["message"] for w in ("logit_bias", "bad1", "bad2", "999999"))
    assert '"5"' not in said["message"]
    said = error(server.post("/v1/completions", {"prompt": "a", "logit_bias": {"5": "much"}}))
    assert "logit_bias" in said["message"] and "token 5" in said["message"]


# ---- samplers ----


def test_probabilities_after_sampling(server):
    reply = complete(server, n_probs=10, post_sampling_probs=True, temperature=1, top_k=3, seed=1)
    for token in reply["completion_probabilities"]:
        assert 0 < token["prob"] <= 1 and 1 <= len(token["top_probs"]) <= 3
        assert sum(p["prob"] for p in token["top_probs"]) == pytest.approx(1, abs=1e-4)
    assert all("logprob" in t and len(t["top_logprobs"]) == 10
               for t in complete(server, n_probs=10)["completion_probabilities"])


def test_samplers(server):
    default = ["penalties", "dry", "top_n_sigma", "top_k", "typ_p", "top_p", "min_p", "xtc", "temperature"]
    drawn = {"temperature": 1.5, "seed": 3, "n_predict": 20, "ignore_eos": True, "top_k": 1}
    assert complete(server, **drawn, samplers=default)["content"] == complete(server, **drawn)["content"]
    settings = complete(server, **drawn, samplers=["temperature"])["generation_settings"]
    assert (settings["top_k"], settings["top_p"], settings["min_p"]) == (0, 1, 0)
    for samplers, param in ((["temperature", "top_k"], "samplers[1]"), (["zzz"], "samplers[0]"), ("temperature", "samplers"),
                            (["top_k", 5], "samplers[1]")):
        assert error(server.post("/completion", {"prompt": "a", "samplers": samplers}))["param"] == param


def test_what_asks_for_nothing(server):
    complete(server, n_keep=0, min_keep=0, repeat_last_n=64, timings_per_token=False, return_progress=False, lora=[],
             logit_bias=[], dry_base=1.75, xtc_threshold=0.1, top_n_sigma=-1, response_fields=[], id_slot=-1,
             cache_prompt=True, adaptive_target=-1, adaptive_decay=0.9, post_sampling_probs=False)
    complete(server, repeat_last_n=0)  # nothing is penalised
    assert error(server.post("/completion", {"prompt": "a", "repeat_last_n": 5, "repeat_penalty": 1.2}))["param"] == "repeat_last_n"


# ---- its names elsewhere ----


def test_its_fields_on_openai_routes(server):
    text = ok(server.post("/v1/completions", {"prompt": "a", "n_predict": 3, "id_slot": 0, "cache_prompt": True,
                                              "timings_per_token": True, "ignore_eos": True}))
    assert text["usage"]["completion_tokens"] == 3 and set(text["timings"]) == TIMES
    chat = {"messages": ASK, "max_tokens": 6}
    assert ok(server.post("/v1/chat/completions", {**chat, "grammar": 'root ::= "aa"'}))["choices"][0]["message"]["content"] == "aa"
    assert ok(server.post("/v1/chat/completions", {**chat, "json_schema": {"const": "4"}}))["choices"][0]["message"]["content"] == '"4"'
    chunks = events(server, "/v1/chat/completions", {**chat, "timings_per_token": True, "stream_options": {"include_usage": True}})
    assert "timings" not in chunks[0] and chunks[-1]["choices"] == [] and chunks[-1]["timings"]["predicted_n"] <= 6
    assert "timings" not in ok(server.post("/v1/chat/completions", chat))


def test_verbose_shows_the_prompt(server):
    chat = {"messages": ASK, "max_tokens": 2}
    said = ok(server.post("/v1/chat/completions", {**chat, "verbose": True}))["__verbose"]
    assert "3 * 4" in said["prompt"] and "generation_settings" in said
    assert "__verbose" not in ok(server.post("/v1/chat/completions", {**chat, "verbose": False}))


def test_every_reply_may_be_verbose(start):
    server = start("--verbose-replies")
    for path, body in (("/v1/chat/completions", {"messages": ASK}), ("/v1/completions", {"prompt": "3 * 4"})):
        said = ok(server.post(path, {**body, "max_tokens": 2, "seed": 5}))["__verbose"]
        assert "3 * 4" in said["prompt"] and said["generation_settings"]["seed"] == 5
        assert "__verbose" not in ok(server.post(path, {**body, "max_tokens": 2, "verbose": False}))


def test_counting_a_chat(server):
    n = ok(server.post("/v1/chat/completions", {"messages": ASK, "max_tokens": 1}))["usage"]["prompt_tokens"]
    for path in ("/v1/chat/completions/input_tokens", "/chat/completions/input_tokens"):
        assert ok(server.post(path, {"messages": ASK})) == {"input_tokens": n}
    assert server.post("/chat/completions/input_tokens", {}).status_code == 400


def test_props(server):
    props = ok(server.http.get("/props"))
    assert props["model_path"].endswith(".gguf") and "bos_token" in props
    params = props["default_generation_settings"]["params"]
    assert params["temperature"] == pytest.approx(0.8) and params["seed"] == -1 and params["samplers"]


def test_metrics_of_its_dashboards(start):
    server = start()
    for _ in range(2):
        complete(server, prompt="the quick brown fox jumps over the lazy dog", n_predict=4, ignore_eos=True)
    reply = server.http.get("/metrics")
    assert int(reply.headers["Process-Start-Time-Unix"]) > 1_500_000_000
    got = {line.split(" ")[0]: float(line.split(" ")[1]) for line in reply.text.splitlines() if line.startswith("llamacpp:")}
    total = got["llamacpp:prompt_tokens_total"] + got["llamacpp:prompt_tokens_cached_total"]
    assert total == server.metric("touchstone_prompt_tokens_total")
    assert got["llamacpp:tokens_predicted_total"] == 8 and got["llamacpp:predicted_tokens_seconds"] > 0
    assert got["llamacpp:prompt_seconds_total"] > 0 and got["llamacpp:tokens_predicted_seconds_total"] > 0
    assert got["llamacpp:n_tokens_max"] == total / 2 + 4


# ---- a template and a name of the operator's ----


def test_template_of_a_file(start, tmp_path):
    path = tmp_path / "chat.jinja"
    path.write_text("{% for m in messages %}[{{ m.role }}: {{ m.content }}]{% endfor %}<think>")
    server = start("--chat-template", str(path))
    assert ok(server.post("/apply-template", {"messages": ASK}))["prompt"] == "[user: What is 3 * 4?]<think>"
    assert ok(server.http.get("/props"))["chat_template"] == path.read_text()
    chat = ok(server.post("/v1/chat/completions", {"messages": ASK, "max_tokens": 4, "temperature": 0}))
    assert "reasoning_content" in chat["choices"][0]["message"]  # the template opens the thoughts


def test_any_model_name(start):
    server = start("--any-model-name")
    for path, body in (("/v1/completions", {"prompt": "a"}), ("/v1/chat/completions", {"messages": ASK})):
        assert ok(server.post(path, {**body, "max_tokens": 1, "model": "gpt-3.5-turbo"}))["model"] != "gpt-3.5-turbo"


# ---- what llama-server does unasked, where the operator wants it ----

ANSWERED = [*ASK, {"role": "assistant", "content": "Twelve, b"}]
TURNS = "{% for m in messages %}<{{ m.role }}>{{ m.content }}</>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
WORDS = {"type": "function", "function": {"name": "look_up", "parameters": {
    "type": "object", "properties": {"word": {"enum": ["a", "b c"]}}, "required": ["word"], "additionalProperties": False}}}


def prompt_of(server, messages, **body):
    return ok(server.post("/apply-template", {"messages": messages, "chat_template": TURNS, **body}))["prompt"]


def test_the_assistant_s_words_are_gone_on_with(start, server):
    asked, begun = "<user>What is 3 * 4?</>", "<user>What is 3 * 4?</><assistant>Twelve, b"
    assert prompt_of(server, ANSWERED) == begun + "</><assistant>"  # as OpenAI and vLLM
    goes_on = start("--prefill-assistant")
    assert prompt_of(goes_on, ANSWERED) == begun
    parts = [{"type": "text", "text": "Twelve,"}, {"type": "text", "text": "b"}]
    assert prompt_of(goes_on, [*ASK, {"role": "assistant", "content": parts}]) == asked + "<assistant>Twelve,\nb"
    assert prompt_of(goes_on, ASK) == asked + "<assistant>"
    chat = {"messages": ANSWERED, "chat_template": TURNS, "max_tokens": 1}
    assert ok(goes_on.post("/v1/chat/completions", {**chat, "verbose": True}))["__verbose"]["prompt"].endswith("b")


def test_what_a_request_says_of_its_prompt_s_end_wins(start):
    server = start("--prefill-assistant")
    whole = "<user>What is 3 * 4?</><assistant>Twelve, b</>"
    assert prompt_of(server, ANSWERED, add_generation_prompt=True) == whole + "<assistant>"
    assert prompt_of(server, ANSWERED, add_generation_prompt=False) == whole
    assert prompt_of(server, ANSWERED, continue_final_message=False) == whole + "<assistant>"
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    for silent in ({"content": ""}, {"content": None, "tool_calls": calls}):  # nothing to go on with
        assert prompt_of(server, [*ASK, {"role": "assistant", **silent}]).endswith("</><assistant>")


def test_of_two_answers_none_can_be_gone_on_with(start, server):
    for path in ("/v1/chat/completions", "/apply-template"):
        body = {"messages": [*ANSWERED, ANSWERED[-1]], "max_tokens": 1}
        assert server.post(path, body).status_code == 200
        assert error(start("--prefill-assistant").post(path, body))["param"] == "messages"


def joined(chunks, index):
    """The deltas and ends of one choice: its text, thoughts, calls, tokens, finish reason."""
    said = {"text": "", "thought": "", "tokens": [], "names": [], "arguments": "", "finish": None}
    for chunk in chunks:
        for choice in chunk["choices"]:
            if choice["index"] != index:
                continue
            delta = choice["delta"]
            said["text"] += delta.get("content") or ""
            said["thought"] += delta.get("reasoning_content") or ""
            said["tokens"] += [t["token"] for t in (choice["logprobs"] or {"content": []})["content"]]
            for call in delta.get("tool_calls", []):
                said["names"] += [call["function"]["name"]] if "name" in call["function"] else []
                said["arguments"] += call["function"].get("arguments", "")
            said["finish"] = choice["finish_reason"] or said["finish"]
    return said


@pytest.fixture(scope="module")
def apart():
    s = Server("--chat-chunks", "apart")
    yield s
    s.stop()


@pytest.mark.parametrize("more", [
    {}, {"logprobs": True, "top_logprobs": 2}, {"n": 3}, {"max_tokens": 1}, {"return_token_ids": True, "logprobs": True}, {"stop": ["e", "a"]},
    {"timings_per_token": True, "return_progress": True},
    {"tools": [WORDS], "tool_choice": "required", "chat_template": TURNS + "<think>\n\n</think>\n\n", "max_tokens": 200},
    {"echo": True, "messages": [*ANSWERED, {"role": "user", "content": "a"}]},
    {"echo": True, "messages": ANSWERED, "continue_final_message": True, "add_generation_prompt": False},
])
def test_roles_and_ends_in_events_of_their_own(apart, server, more):
    chat = {"messages": ASK, "max_tokens": 24, "temperature": 2, "seed": 3, "stream_options": {"include_usage": True}, **more}
    together = events(server, "/v1/chat/completions", chat)
    chunks = events(apart, "/v1/chat/completions", chat)
    for index in range(chat.get("n", 1)):
        mine = [c for c in chunks for choice in c["choices"] if choice["index"] == index and "prompt_progress" not in c]
        first, *middle, last = [c["choices"][0] for c in mine]
        echoed = ANSWERED[-1]["content"] if more.get("continue_final_message") else None
        assert first["delta"] == {"role": "assistant", "content": echoed} and first["logprobs"] is None
        assert "timings" not in mine[0] and all("timings" in c for c in mine[1:]) == ("timings_per_token" in more)
        assert last["delta"] == {} and last["finish_reason"] is not None and last["logprobs"] is None
        for choice in middle:
            assert choice["finish_reason"] is None is choice["stop_reason"] and "role" not in choice["delta"]
            assert choice["delta"].get("content", "x") not in ("", None)
            assert choice["logprobs"] is not None or "logprobs" not in more
        said = joined(chunks, index)
        assert said == joined(together, index) and bool(said["names"]) == ("tools" in more)
    assert chunks[-1]["choices"] == [] and chunks[-1]["usage"]["completion_tokens"] == together[-1]["usage"]["completion_tokens"]
    assert first.get("token_ids", []) == [] == last.get("token_ids", [])
    assert ("prompt_token_ids" in mine[0]) == ("return_token_ids" in more)


# ---- routes that are switched off ----


def test_closed_routes(start):
    server = start("--closed-routes", "/slots,/api/*", "--closed-routes", "/v1/responses/*")
    for method, path in (("GET", "/slots"), ("GET", "/slots/"), ("HEAD", "/slots"), ("GET", "/api/tags"), ("GET", "/api/version"),
                         ("POST", "/api/chat"), ("GET", "/v1/responses/resp_1"), ("DELETE", "/v1/responses/resp_1")):
        reply = server.http.request(method, path, json={} if method == "POST" else None)
        assert reply.status_code == 501, (method, path)
        assert method == "HEAD" or "closed-routes" in reply.text
    slots = server.http.get("/slots").json()["error"]
    assert slots["code"] == 501 and slots["name"] == "not_available" and "/slots" in slots["message"]
    assert server.http.get("/metrics").status_code == 200
    assert ok(server.post("/v1/responses", {"input": "a", "max_output_tokens": 1}))["object"] == "response"
    assert server.http.get("/api").status_code == 404  # no route was there


def test_who_has_no_key_is_not_told_what_is_closed(start):
    server = start("--closed-routes", "/slots", "--api-key", "k", wait=False)
    server.http.headers["Authorization"] = "Bearer k"
    server.wait_ready()
    assert server.http.get("/slots").status_code == 501
    assert server.http.get("/slots", headers={"Authorization": "Bearer other"}).status_code == 401


@pytest.mark.parametrize("path", ["/slot", "slots", "/metric*x", "/apis/*"])
def test_a_closed_route_that_is_none_ends_the_start(path):
    ended = subprocess.run([BIN, "serve", "--port", "0", "--model", MODEL, "--closed-routes", path], capture_output=True, text=True,
                           timeout=PATIENCE, env=ENVIRONMENT)
    assert ended.returncode == 1 and "closed-routes" in ended.stderr and path in ended.stderr, ended.stderr
