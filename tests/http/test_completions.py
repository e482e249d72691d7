"""/v1/completions: prompts, choices, log-probabilities, stops, streams; through httpx and the openai client.

SPDX-License-Identifier: Apache-2.0
"""

import json
import math

import pytest

GREEDY = {"temperature": 0, "ignore_eos": True}


def stream(server, path="/v1/completions", **body):
    """The chunks of a stream, which must end with [DONE]."""
    chunks = []
    with server.http.stream("POST", path, json={"stream": True, **body}) as reply:
        assert reply.status_code == 200, reply.read()
        assert reply.headers["content-type"].startswith("text/event-stream")
        events = [line for line in reply.iter_lines() if line]
    assert events[-1] == "data: [DONE]"
    for event in events[:-1]:
        assert event.startswith("data: ")
        chunks.append(json.loads(event[6:]))
    return chunks


def joined(chunks, index=0):
    return "".join(c["text"] for k in chunks for c in k["choices"] if c["index"] == index)


def test_shape(server):
    reply = server.complete(prompt="Hello", max_tokens=5, **GREEDY)
    assert reply["object"] == "text_completion" and reply["id"].startswith("cmpl-")
    assert reply["usage"]["prompt_tokens"] == 3
    assert reply["usage"]["completion_tokens"] == 5
    assert reply["usage"]["total_tokens"] == 8
    [choice] = reply["choices"]
    assert choice["finish_reason"] == "length" and choice["stop_reason"] is None
    # what was not asked for is null, not missing, for clients that make objects of it
    for name in ("logprobs", "prompt_logprobs", "token_ids", "prompt_token_ids", "matched_stop"):
        assert choice[name] is None, name
    assert reply["service_tier"] is None and reply["kv_transfer_params"] is None


def test_last_token_comes_with_the_end(server):
    """A chunk a token, no more: the last one says why it ended, and its usage is all there was."""
    chunks = stream(server, prompt="Hello", max_tokens=5, logprobs=1, **GREEDY,
                    stream_options={"include_usage": True, "continuous_usage_stats": True})
    *tokens, usage = chunks
    assert len(tokens) == 5 and usage["choices"] == []
    assert [k["choices"][0]["finish_reason"] for k in tokens] == [None] * 4 + ["length"]
    assert [k["usage"]["completion_tokens"] for k in tokens] == [1, 2, 3, 4, 5]
    assert all(len(k["choices"][0]["logprobs"]["tokens"]) == 1 for k in tokens)


def test_matched_stop(server):
    body = {"prompt": "Hello", "max_tokens": 20, "seed": 3}
    text = server.complete(**body)["choices"][0]["text"]
    [choice] = server.complete(**body, stop=[text[4:6]])["choices"]
    assert choice["stop_reason"] == choice["matched_stop"] == text[4:6]
    ids = server.complete(**body, return_token_ids=True)["choices"][0]["token_ids"]
    [choice] = server.complete(**body, stop_token_ids=[ids[5]])["choices"]
    assert choice["stop_reason"] == choice["matched_stop"] == ids[5]


def test_default_is_sixteen_tokens(server):
    assert server.complete(prompt="a", ignore_eos=True)["usage"]["completion_tokens"] == 16
    reply = server.complete(prompt="a", ignore_eos=True, max_tokens=None)
    assert reply["usage"]["completion_tokens"] == 16


def test_prompt_forms_agree(server):
    ids = server.post("/tokenize", {"prompt": "Hello there"}).json()["tokens"]
    want = server.complete(prompt="Hello there", max_tokens=8, **GREEDY)["choices"][0]["text"]
    for prompt in (ids, [ids], ["Hello there"]):
        got = server.complete(prompt=prompt, max_tokens=8, **GREEDY)
        assert [c["text"] for c in got["choices"]] == [want]


def test_choices_are_prompt_major(server):
    prompts, n = ["one", "two", "three"], 4
    body = {"max_tokens": 6, "seed": 11, "ignore_eos": True}
    reply = server.complete(prompt=prompts, n=n, return_token_ids=True, **body)
    assert [c["index"] for c in reply["choices"]] == list(range(12))
    for p, prompt in enumerate(prompts):
        alone = server.complete(prompt=prompt, n=n, return_token_ids=True, **body)
        for k in range(n):
            together = reply["choices"][p * n + k]
            assert together["token_ids"] == alone["choices"][k]["token_ids"]
            assert together["prompt_token_ids"] == alone["choices"][k]["prompt_token_ids"]
    assert reply["usage"]["completion_tokens"] == 12 * 6


def test_seed(server):
    body = {"prompt": "abc", "max_tokens": 24, "ignore_eos": True}
    first = server.complete(seed=5, **body)["choices"][0]["text"]
    assert server.complete(seed=5, **body)["choices"][0]["text"] == first
    assert server.complete(seed=6, **body)["choices"][0]["text"] != first
    assert server.complete(seed=-1, **body)["choices"][0]["text"]
    free = {server.complete(**body)["choices"][0]["text"] for _ in range(4)}
    assert len(free) == 4, "without a seed every request draws its own"
    many = server.complete(**{**body, "prompt": ["abc"] * 4})
    assert len({c["text"] for c in many["choices"]}) == 4, "and every prompt of a list"


def test_stream_equals_whole(server):
    body = {"prompt": ["Hello", "World"], "n": 2, "max_tokens": 20, "seed": 9, "ignore_eos": True}
    extra = {"logprobs": 2, "return_token_ids": True}
    whole = server.complete(**body, **extra)["choices"]
    chunks = stream(server, **body, **extra)
    for c in whole:
        mine = [x for k in chunks for x in k["choices"] if x["index"] == c["index"]]
        assert [t for x in mine for t in x["token_ids"]] == c["token_ids"]
        for name in ("tokens", "token_logprobs", "top_logprobs", "text_offset"):
            assert [v for x in mine if x["logprobs"] for v in x["logprobs"][name]] == c["logprobs"][name], name
        assert "".join(x["text"] for x in mine) == c["text"]
        assert [x["finish_reason"] for x in mine][-1] == c["finish_reason"]
        assert all(x["finish_reason"] is None for x in mine[:-1])
        assert "prompt_token_ids" in mine[0] and all("prompt_token_ids" not in x for x in mine[1:])


def test_stream_usage(server):
    body = {"prompt": "Hello", "max_tokens": 4, **GREEDY}
    assert all("usage" not in c for c in stream(server, **body))
    chunks = stream(server, stream_options={"include_usage": True}, **body)
    assert chunks[-1]["choices"] == [] and chunks[-1]["usage"]["completion_tokens"] == 4
    assert all(c["usage"] is None for c in chunks[:-1])
    both = {"include_usage": True, "continuous_usage_stats": True}
    counts = [c["usage"]["completion_tokens"] for c in stream(server, stream_options=both, **body)]
    assert counts == sorted(counts) and counts[-1] == 4 and counts[0] <= 1


def test_logprobs(server):
    reply = server.complete(prompt="Hello", max_tokens=6, logprobs=3, seed=2, ignore_eos=True, return_token_ids=True)
    [choice] = reply["choices"]
    lp = choice["logprobs"]
    assert len(lp["tokens"]) == len(lp["token_logprobs"]) == len(lp["top_logprobs"]) == 6
    for token, p, top in zip(lp["tokens"], lp["token_logprobs"], lp["top_logprobs"]):
        assert top[token] == p and p <= 0 and 3 <= len(top) <= 4
        assert math.fsum(math.exp(v) for v in top.values()) <= 1.0001
    assert lp["text_offset"][0] == 0 and lp["text_offset"] == sorted(lp["text_offset"])
    zero = server.complete(prompt="Hello", max_tokens=6, logprobs=0, seed=2, ignore_eos=True)
    assert [len(t) for t in zero["choices"][0]["logprobs"]["top_logprobs"]] == [1] * 6
    ids = server.complete(prompt="Hello", max_tokens=6, logprobs=1, seed=2, ignore_eos=True, return_tokens_as_token_ids=True)
    assert ids["choices"][0]["logprobs"]["tokens"] == [f"token_id:{i}" for i in choice["token_ids"]]


def test_scoring_gives_the_bits_that_sampling_gave(server):
    ids = server.post("/tokenize", {"prompt": "Once upon"}).json()["tokens"]
    reply = server.complete(prompt=ids, max_tokens=12, logprobs=0, seed=4, ignore_eos=True, return_token_ids=True)
    sampled = reply["choices"][0]["logprobs"]["token_logprobs"]
    both = ids + reply["choices"][0]["token_ids"]
    scored = server.complete(prompt=both, max_tokens=1, prompt_logprobs=2)["choices"][0]
    entries = scored["prompt_logprobs"]
    assert entries[0] is None and len(entries) == len(both)
    assert [entries[i][str(both[i])]["logprob"] for i in range(len(ids), len(both))] == sampled
    for i in range(1, len(both)):
        own = entries[i][str(both[i])]
        assert own["rank"] >= 1 and "decoded_token" in own and 2 <= len(entries[i]) <= 3
    echoed = server.complete(prompt=both, max_tokens=0, echo=True, logprobs=0)["choices"][0]
    lp = echoed["logprobs"]["token_logprobs"]
    assert lp[0] is None and len(lp) == len(both) and lp[len(ids):] == sampled


def test_echo(server):
    plain = server.complete(prompt="Hello you", max_tokens=4, **GREEDY)["choices"][0]["text"]
    whole = server.complete(prompt="Hello you", max_tokens=4, echo=True, **GREEDY)["choices"][0]["text"]
    assert whole == "Hello you" + plain
    ids = server.post("/tokenize", {"prompt": "Hello you"}).json()["tokens"]
    assert server.complete(prompt=ids, max_tokens=4, echo=True, **GREEDY)["choices"][0]["text"] == whole
    assert joined(stream(server, prompt="Hello you", max_tokens=4, echo=True, **GREEDY)) == whole
    lp = server.complete(prompt="Hello you", max_tokens=4, echo=True, logprobs=1, **GREEDY)["choices"][0]["logprobs"]
    assert len(lp["tokens"]) == len(ids) + 4
    assert lp["text_offset"][len(ids)] == len("Hello you")


def test_stop_string(server):
    body = {"prompt": "Hello", "max_tokens": 60, "seed": 3, "ignore_eos": True}
    text = server.complete(**body)["choices"][0]["text"]
    stop = next(text[i : i + 3] for i in range(8, len(text)) if text.isprintable() or text[i : i + 3].isascii())
    cut = server.complete(stop=stop, **body)["choices"][0]
    assert cut["finish_reason"] == "stop" and cut["stop_reason"] == stop
    assert cut["text"] == text[: text.index(stop)]
    kept = server.complete(stop=["nothing like it", stop], include_stop_str_in_output=True, **body)["choices"][0]
    assert kept["text"] == cut["text"] + stop
    assert joined(stream(server, stop=[stop], **body)) == cut["text"]


def test_stop_token(server):
    body = {"prompt": "Hello", "max_tokens": 30, "seed": 3, "ignore_eos": True, "return_token_ids": True}
    ids = server.complete(**body)["choices"][0]["token_ids"]
    at = next(i for i in range(4, 30) if ids[i] not in ids[:i])
    cut = server.complete(stop_token_ids=[ids[at]], **body)["choices"][0]
    assert cut["finish_reason"] == "stop" and cut["stop_reason"] == ids[at]
    assert cut["token_ids"] == ids[: at + 1]
    later = server.complete(stop_token_ids=[ids[at]], min_tokens=at + 2, **body)["choices"][0]
    assert len(later["token_ids"]) > at + 1


def test_allowed_tokens_and_bias(server):
    allowed = [60, 61, 62]
    body = {"prompt": "Hello", "max_tokens": 20, "ignore_eos": True, "return_token_ids": True}
    got = server.complete(allowed_token_ids=allowed, **body)["choices"][0]["token_ids"]
    assert set(got) <= set(allowed)
    got = server.complete(logit_bias={"77": 100}, **body)["choices"][0]["token_ids"]
    assert set(got) == {77}


def test_best_of(server):
    body = {"prompt": "Hello", "max_tokens": 8, "seed": 21, "ignore_eos": True, "logprobs": 0}
    all_ = server.complete(n=6, **body)["choices"]
    best = server.complete(n=2, best_of=6, **body)
    means = sorted((sum(c["logprobs"]["token_logprobs"]) for c in all_), reverse=True)
    got = [sum(c["logprobs"]["token_logprobs"]) for c in best["choices"]]
    assert got == pytest.approx(means[:2], abs=1e-5)
    assert [c["index"] for c in best["choices"]] == [0, 1]
    assert best["usage"]["completion_tokens"] == 48


def test_truncation(server):
    ids = server.post("/tokenize", {"prompt": "one two three four five"}).json()["tokens"]
    body = {"prompt": ids, "max_tokens": 1, "return_token_ids": True}
    got = server.complete(truncate_prompt_tokens=4, **body)["choices"][0]["prompt_token_ids"]
    assert got == ids[-4:]
    got = server.complete(truncate_prompt_tokens=4, truncation_side="right", **body)
    assert got["choices"][0]["prompt_token_ids"] == ids[:4]


def test_truncation_to_what_fits(start):
    server = start("--context", "128")
    body = {"prompt": [5] * 9000, "max_tokens": 3, "ignore_eos": True}
    assert server.post("/v1/completions", body).json()["error"]["code"] == "context_length_exceeded"
    usage = server.complete(truncate_prompt_tokens=-1, **body)["usage"]
    assert usage["prompt_tokens"] == 125 and usage["completion_tokens"] == 3


def test_render(server):
    reply = server.post("/v1/completions/render", {"prompt": ["Hello", "a"]})
    assert reply.status_code == 200
    assert reply.json()[0]["token_ids"] == server.post("/tokenize", {"prompt": "Hello"}).json()["tokens"]


def test_cached_tokens_are_counted(server):
    prompt = list(range(30, 130)) * 4
    server.complete(prompt=prompt, max_tokens=1)
    again = server.complete(prompt=prompt, max_tokens=1)
    assert again["usage"]["prompt_tokens_details"]["cached_tokens"] >= 256
    salted = server.complete(prompt=prompt, max_tokens=1, cache_salt="other")
    assert salted["usage"]["prompt_tokens_details"]["cached_tokens"] == 0


def test_the_openai_client(server):
    client = server.client()
    reply = client.completions.create(model="", prompt=["Hello", "World"], n=2, max_tokens=5, logprobs=1, seed=1)
    assert len(reply.choices) == 4 and reply.usage.prompt_tokens > 0
    assert len(reply.choices[0].logprobs.tokens) == reply.choices[0].logprobs.text_offset.__len__()
    text = reply.choices[0].text
    pieces = client.completions.create(model="", prompt=["Hello", "World"], n=2, max_tokens=5, seed=1, stream=True)
    assert "".join(p.choices[0].text for p in pieces if p.choices[0].index == 0) == text
    reply = client.completions.create(
        model="", prompt="Hi", max_tokens=3, extra_body={"return_token_ids": True, "ignore_eos": True}
    )
    assert len(reply.choices[0].token_ids) == 3


def test_the_openai_client_sees_our_errors(server):
    openai = pytest.importorskip("openai")
    with pytest.raises(openai.BadRequestError) as caught:
        server.client().completions.create(model="", prompt="Hi", temperature=-1)
    assert caught.value.code == "invalid_value" and caught.value.param == "temperature"
    with pytest.raises(openai.NotFoundError):
        server.client().completions.create(model="gpt-9", prompt="Hi")


def test_models(server):
    [model] = server.client().models.list().data
    reply = server.complete(prompt="a", max_tokens=1, model=model.id)
    assert reply["model"] == model.id
