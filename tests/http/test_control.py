"""What trainers do between two steps: pause, resume, abort, score, ask what is there. vLLM's, SGLang's and TRL's words.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import json
import struct
import threading

import pytest
from conftest import PATIENCE, tries, wait_until

# Long enough to be met while at work, on any machine; the second is for tests that do not wait for its end.
LONG = {"prompt": "Once", "max_tokens": 1000, "ignore_eos": True, "seed": 1, "n": 24}
LONGER = {**LONG, "max_tokens": 4000}
ONE_STEP = 24 * 32  # tokens at most of a step that is at work when the pause begins, drafts included


class Background(threading.Thread):
    """A request on its way; .reply once it is joined."""

    def __init__(self, server, path="/v1/completions", **body):
        super().__init__(daemon=True)
        self.server, self.path, self.body, self.reply = server, path, body, None
        self.start()

    def run(self):
        self.reply = self.server.post(self.path, self.body)

    def result(self):
        self.join(PATIENCE)
        assert self.reply is not None, "no answer"
        assert self.reply.status_code == 200, self.reply.text
        return self.reply.json()


@pytest.fixture
def own(start):
    """A server that nobody else pauses."""
    return start()


def wait_running(server, n=1):
    server.wait_metric("touchstone_sequences_running", lambda running: running >= n)


def caught(server, **body):
    """A long request that a pause has caught at work; one that was over before is asked again."""
    for _ in tries():
        at_work = Background(server, **body)
        wait_until(lambda: server.metric("touchstone_sequences_running") > 0 or not at_work.is_alive())
        assert server.http.post("/pause", params={"mode": "keep"}).json() == {"status": "paused"}
        if server.metric("touchstone_sequences_running") > 0:
            return at_work
        server.http.post("/resume")
        at_work.result()


def generated(server):
    return server.metric("touchstone_generated_tokens_total")


def test_keep_stands_still_and_goes_on(own):
    want = own.complete(**LONG)
    at_work = caught(own, **LONG)
    assert own.http.get("/is_paused").json() == {"is_paused": True}
    before = generated(own)
    held = Background(own, prompt="Held", max_tokens=4, ignore_eos=True)
    own.wait_asked(2)
    for _ in range(300):  # turns in which a server that did not stand still would write thousands
        now = generated(own)
    assert now - before <= ONE_STEP and at_work.is_alive() and held.is_alive()
    assert own.http.post("/resume").json() == {"status": "resumed"}
    assert at_work.result()["choices"] == want["choices"]
    assert held.result()["usage"]["completion_tokens"] == 4
    assert own.http.get("/is_paused").json() == {"is_paused": False}


def test_abort_ends_with_what_there_is(own):
    at_work = Background(own, **LONGER)
    wait_running(own)
    assert own.http.post("/pause").json() == {"status": "paused"}
    choice = at_work.result()["choices"][0]
    assert choice["finish_reason"] == "abort"
    held = Background(own, prompt="Held", max_tokens=4, ignore_eos=True)
    own.wait_asked(1)
    assert held.is_alive()
    own.http.post("/resume")
    assert held.result()["choices"][0]["finish_reason"] == "length"


def test_wait_lets_them_end(own):
    at_work = caught(own, **LONG)
    own.http.post("/resume")
    assert own.http.post("/pause", params={"mode": "wait"}).json() == {"status": "paused"}
    assert own.metric("touchstone_sequences_running") == 0
    assert at_work.result()["choices"][0]["finish_reason"] == "length"
    own.http.post("/resume")


def test_pause_refuses_other_words(own):
    reply = own.http.post("/pause", params={"mode": "later"})
    assert reply.status_code == 400 and reply.json()["error"]["param"] == "mode"
    reply = own.post("/pause_generation", {"mode": "later"})
    assert reply.status_code == 400 and reply.json()["error"]["param"] == "mode"
    assert own.http.get("/is_paused").json() == {"is_paused": False}


def test_a_client_that_leaves_is_held_no_longer(own):
    own.http.post("/pause")
    sock = own.connect()
    body = json.dumps({"prompt": "x", "max_tokens": 3}).encode()
    sock.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                 b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    own.wait_asked(1)
    sock.close()
    own.wait_alone()
    own.http.post("/resume")
    assert own.complete(prompt="y", max_tokens=2)["choices"]
    own.wait_idle()


@pytest.mark.parametrize("method, path, name", [
    ("POST", "/pause", "clear_cache"), ("POST", "/sleep", "wait_for_inflight_requests"), ("POST", "/v1/weights", "wait"),
    ("PUT", "/v1/weights", "wait"), ("PUT", "/v1/weights", "check_finite"), ("GET", "/slots", "fail_on_no_slot")])
def test_an_argument_that_is_true_or_false(own, method, path, name):
    def ask(value):
        return own.http.request(method, path, params={name: value}, **({} if method == "GET" else {"json": {"path": "/nowhere"}}))

    for value in ("maybe", "2", ""):
        reply = ask(value)
        error = reply.json()["error"]
        assert (reply.status_code, error["param"]) == (400, name), reply.text
        assert not own.http.get("/is_paused").json()["is_paused"]
    for value in ("true", "True", "1", "false", "False", "0"):
        reply = ask(value)
        assert reply.status_code == 200 or reply.json()["error"]["param"] != name, reply.text
        own.http.post("/resume")


def test_sigterm_while_paused_answers_what_was_held(start):
    s = start()
    s.http.post("/pause")
    held = Background(s, prompt="Held", max_tokens=4, ignore_eos=True)
    s.wait_asked(1)
    s.signal()
    assert held.result()["usage"]["completion_tokens"] == 4
    assert s.wait() == 0


def test_sleep_and_wake(own):
    assert own.http.post("/sleep", params={"level": 1}).status_code == 200
    assert own.http.get("/is_sleeping").json() == {"is_sleeping": True}
    assert own.http.get("/props").json()["is_sleeping"] is True
    assert own.http.post("/wake_up", params={"tags": "weights"}).status_code == 200
    assert own.http.get("/is_sleeping").json() == {"is_sleeping": False}


def test_vllm_aborts_by_id(own):
    one = Background(own, request_id="mine", **LONGER)
    two = Background(own, **LONGER)
    wait_running(own, 25)
    assert own.post("/abort_requests", {"request_ids": ["mine", "unknown"]}).json() == {"status": "aborted", "aborted": 1}
    assert one.result()["choices"][0]["finish_reason"] == "abort"
    assert own.post("/abort_requests", {}).json()["aborted"] <= 1
    assert two.result()["choices"][0]["finish_reason"] in ("abort", "length")


def test_sglang_aborts_and_pauses(own):
    sampling = {"max_new_tokens": 4000, "ignore_eos": True, "n": 24}
    one = Background(own, "/generate", text="Once", rid="r-1", sampling_params=sampling)
    wait_running(own)
    assert own.post("/abort_request", {"rid": "r-1"}).status_code == 200
    assert one.result()[0]["meta_info"]["finish_reason"]["type"] == "abort"
    two = Background(own, "/generate", text="Once", sampling_params=sampling)
    wait_running(own)
    assert own.post("/pause_generation", {"mode": "abort"}).json()["success"]
    partial = two.result()[0]
    assert partial["meta_info"]["finish_reason"]["type"] == "abort"
    assert len(partial["output_ids"]) == partial["meta_info"]["completion_tokens"] < 4000
    assert own.post("/continue_generation", {}).json()["success"]
    for wrong in ({}, {"rid": None}):
        assert own.post("/abort_request", wrong).json()["error"]["param"] == "rid"
    assert own.post("/abort_request", {"abort_all": True}).status_code == 200


def test_aborted_streams_end_well(own):
    events = []

    def read():
        with own.http.stream("POST", "/v1/completions", json={**LONGER, "stream": True}) as reply:
            events.extend(line for line in reply.iter_lines() if line)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    wait_running(own)
    own.post("/abort_requests", {})
    thread.join(PATIENCE)
    assert events[-1] == "data: [DONE]"
    ends = [json.loads(e[6:])["choices"][0]["finish_reason"] for e in events[:-1]]
    assert ends.count("abort") == 24 and ends[-1] == "abort"


def test_control_can_be_forbidden(start):
    s = start("--no-allow-control")
    for path in ("/pause", "/resume", "/sleep", "/abort_requests", "/pause_generation", "/abort_request"):
        reply = s.post(path, {})
        assert reply.status_code == 403 and "allow-control" in reply.json()["error"]["message"]
    assert s.http.get("/is_paused").json() == {"is_paused": False}
    assert s.complete(prompt="x", max_tokens=1)["choices"]


def test_what_is_there(server):
    info = server.http.get("/get_server_info").json()
    assert info["context_length"] == server.http.get("/v1/models").json()["data"][0]["max_model_len"]
    assert info["max_total_num_tokens"] > 0 and info["internal_states"][0]["paused"] is False
    vllm = server.http.get("/server_info", params={"config_format": "json"}).json()["vllm_config"]
    engine = server.http.get("/server_info").json()["engine"]
    assert engine["kernels"] and engine["threads"] >= 1 and engine["weight_bytes"] > 0 and engine["kv_cache_bytes"] > 1 << 20
    assert vllm["weight_transfer_config"] is None and vllm["model_config"]["dtype"]
    slots = server.http.get("/slots").json()
    assert len(slots) == server.http.get("/props").json()["total_slots"]
    assert {"id", "n_ctx", "is_processing"} <= set(slots[0])
    assert server.http.get("/get_weight_version").json() == {"weight_version": "0", "sha256": server.http.get("/v1/weights").json()["sha256"]}


@pytest.mark.parametrize(
    "path, body",
    [
        ("/init_communicator/", {"host": "0.0.0.0", "port": 51216, "world_size": 2, "client_device_uuid": "u"}),
        ("/update_named_param/", {"name": "w", "dtype": "torch.bfloat16", "shape": [1]}),
        ("/close_communicator/", None),
        ("/init_weight_transfer_engine", {"init_info": {"packed": True}}),
        ("/shutdown_weight_transfer_engine", {}),
        ("/start_weight_update", {"is_checkpoint_format": True}),
        ("/start_draft_weight_update", {}),
        ("/update_weights", {"update_info": {"names": []}}),
        ("/update_weights", {"update_info": [{"names": []}]}),
        ("/finish_weight_update", {"weight_version": "3"}),
        ("/update_weights_from_tensor", {"serialized_named_tensors": []}),
        ("/load_lora_adapter_from_tensors", {"config_dict": {}}),
        ("/init_weights_update_group", {"master_address": "a"}),
    ],
)
def test_weights_are_not_taken(server, path, body):
    reply = server.http.post(path, json=body) if body else server.http.post(path)
    assert reply.status_code == 501
    assert reply.json()["error"]["code"] == "not_available" and "/v1/weights" in reply.json()["error"]["message"]


# ---- TRL's teacher scores ----


@pytest.fixture(scope="module")
def scored(server):
    """Two sequences, and what /v1/completions says of them."""
    sequences = [server.post("/tokenize", {"prompt": t}).json()["tokens"] for t in ("Hello there, you", "Once upon a time")]
    reply = server.complete(prompt=sequences, max_tokens=0, echo=True, prompt_logprobs=3)
    return sequences, [c["prompt_logprobs"] for c in reply["choices"]]


def ranked(entry):
    items = sorted(entry.items(), key=lambda item: item[1]["rank"])
    return [int(k) for k, _ in items], [v["logprob"] for _, v in items]


def test_sequence_logprobs_json(server, scored):
    sequences, want = scored
    body = {"sequences": sequences, "prompt_lengths": [1, 0], "top_logprobs": 3, "temperature": 1.0}
    reply = server.post("/get_sequence_logprobs/", body)
    assert reply.status_code == 200, reply.text
    got = reply.json()
    for r, first in enumerate((1, 0)):
        rows = [ranked(e) if e else ([], []) for e in want[r][first:]]
        assert got["logprob_token_ids"][r] == [ids for ids, _ in rows]
        assert got["logprobs"][r] == [p for _, p in rows]


def array(text, kind):
    data = base64.b64decode(text)
    return struct.unpack(f"<{len(data) // 4}{kind}", data)


def test_sequence_logprobs_binary(server, scored):
    sequences, want = scored
    lengths = [len(sequences[0]) - 1, 1]
    body = {"sequences": sequences, "prompt_lengths": lengths, "top_logprobs": 3, "response_format": "binary"}
    got = server.post("/get_sequence_logprobs/", body).json()
    counts = [len(s) - n for s, n in zip(sequences, lengths)]
    assert got["completion_lengths"] == counts and got["shape"] == [2, max(counts), 3]
    ids, probs = array(got["token_ids_b64"], "i"), array(got["logprobs_b64"], "f")
    own_ids, own = array(got["actual_token_ids_b64"], "i"), array(got["actual_logprobs_b64"], "f")
    assert len(ids) == len(probs) == 2 * max(counts) * 3 and len(own) == len(own_ids) == 2 * max(counts)
    for r in range(2):
        for t in range(max(counts)):
            at = r * max(counts) + t
            if t >= counts[r]:
                assert own[at] == probs[at * 3] == float("-inf") and own_ids[at] == ids[at * 3] == 0
                continue
            token = sequences[r][lengths[r] + t]
            entry = want[r][lengths[r] + t]
            assert own_ids[at] == token
            assert own[at] == pytest.approx(entry[str(token)]["logprob"], abs=1e-6)
            assert list(ids[at * 3 : at * 3 + 3]) == ranked(entry)[0][:3]


@pytest.mark.parametrize(
    "change, param",
    [
        ({"prompt_lengths": [1]}, "prompt_lengths"),
        ({"prompt_lengths": [1, 99]}, "prompt_lengths[1]"),
        ({"prompt_lengths": [1, -1]}, "prompt_lengths[1]"),
        ({"prompt_lengths": None}, "prompt_lengths"),
        ({"sequences": [[1], [10**9]]}, "sequences[1][0]"),
        ({"sequences": None}, "sequences"),
        ({"response_format": "xml"}, "response_format"),
        ({"top_logprobs": 0}, "top_logprobs"),
    ],
)
def test_sequence_logprobs_bad(server, change, param):
    body = {"sequences": [[1, 2], [3, 4]], "prompt_lengths": [1, 1], **change}
    reply = server.post("/get_sequence_logprobs/", body)
    assert reply.status_code == 400 and reply.json()["error"]["param"] == param


SCORED = [1] * 200
# Every route that works at a prompt, with and without the prompt's own log-probabilities, in both of its ways.
AT_WORK = {
    "trl scoring": ("/get_sequence_logprobs/", {"sequences": [SCORED] * 2, "prompt_lengths": [1, 1], "top_logprobs": 2}),
    "trl scoring, binary": (
        "/get_sequence_logprobs/",
        {"sequences": [SCORED], "prompt_lengths": [1], "top_logprobs": 2, "response_format": "binary"},
    ),
    "echo": ("/v1/completions", {"prompt": SCORED, "max_tokens": 0, "echo": True, "logprobs": 1}),
    "echo, n": ("/v1/completions", {"prompt": [SCORED] * 2, "n": 2, "max_tokens": 2, "echo": True, "logprobs": 1}),
    "prompt_logprobs": ("/v1/completions", {"prompt": SCORED, "max_tokens": 2, "prompt_logprobs": 2}),
    "stream": ("/v1/completions", {"prompt": SCORED, "max_tokens": 2, "logprobs": 1, "stream": True}),
    "best_of": ("/v1/completions", {"prompt": SCORED, "max_tokens": 2, "best_of": 3}),
    "chat": (
        "/v1/chat/completions",
        {"messages": [{"role": "user", "content": "x"}], "max_tokens": 2, "prompt_logprobs": 1, "logprobs": True},
    ),
    "vllm": ("/inference/v1/generate", {"token_ids": SCORED, "sampling_params": {"prompt_logprobs": 1, "logprobs": 1}}),
    "trl": ("/generate/", {"prompts": ["x", "y"], "n": 2, "logprobs": 2}),
    "trl chat": ("/chat/", {"messages": [[{"role": "user", "content": "x"}]], "logprobs": 2}),
    "sglang": (
        "/generate",
        {"input_ids": SCORED, "return_logprob": True, "logprob_start_len": 0, "top_logprobs_num": 2},
    ),
    "sglang, list": ("/generate", {"input_ids": [SCORED, SCORED], "return_logprob": True, "logprob_start_len": 5}),
    "llama": ("/completion", {"prompt": "x", "n_predict": 4, "n_probs": 2, "return_tokens": True}),
}
ABORTS = {
    "/pause": {},
    "/sleep": {},
    "/abort_requests": {"json": {}},
    "/abort_request": {"json": {"abort_all": True}},
    "/pause_generation": {"json": {}},
    "/areal_pause_generation": {"json": {}},
}


@pytest.mark.parametrize("abort", ABORTS)
def test_whatever_is_at_work_may_be_aborted(own, abort):
    """Before it has begun: no prompt was computed, no token drawn."""
    for name, (path, body) in AT_WORK.items():
        own.http.post("/pause", params={"mode": "keep"})
        at_work = Background(own, path, **body)
        wait_until(lambda: own.metric("touchstone_generations_held") > 0)
        assert own.http.post(abort, **ABORTS[abort]).status_code == 200, name
        at_work.join(PATIENCE)
        assert at_work.reply is not None, name
        if path == "/get_sequence_logprobs/":
            assert at_work.reply.status_code == 503, name
            assert at_work.reply.json()["error"]["code"] == "aborted"
            assert int(at_work.reply.headers["retry-after"]) >= 1
        else:
            assert at_work.reply.status_code == 200, name
        own.http.post("/resume")
    own.wait_idle()


@pytest.mark.parametrize("abort", ABORTS)
def test_scoring_at_work_may_be_aborted(own, abort):
    """While it is computed, at whatever step it stands."""
    body = {"sequences": [[1] * 900] * 64, "prompt_lengths": [1] * 64, "top_logprobs": 2}
    for _ in range(3):
        at_work = Background(own, "/get_sequence_logprobs/", **body)
        wait_until(lambda: own.metric("touchstone_generations") > 0 or not at_work.is_alive())
        assert own.http.post(abort, **ABORTS[abort]).status_code == 200
        at_work.join(PATIENCE)
        assert at_work.reply is not None and at_work.reply.status_code in (200, 503)
        own.http.post("/resume")


ROLLOUTS = {"prompts": [{"text": f"Once {i}", "id": i} for i in range(6)], "n": 8,
            "sampling": {"max_tokens": 4000, "ignore_eos": True}}


def check_ended(reply, n=6):
    """All groups, in order; the last had not begun."""
    groups = reply["groups"]
    assert [g["id"] for g in groups] == list(range(n))
    for s in (s for g in groups for s in g["samples"]):
        assert (s["finish_reason"], s["mask"], s["mask_cause"], s["reward"]) == ("abort", True, "abort", None)
    assert all(s["token_ids"] == [] and s["weight_version"] is None for s in groups[-1]["samples"])
    assert reply["totals"]["masked"] == reply["totals"]["samples"] == 8 * n


@pytest.mark.parametrize("abort", ABORTS)
def test_rollouts_are_aborted_with_groups_that_have_not_begun(start, abort):
    """Also while paused, when these would have to wait."""
    own = start("--max-sequences", "8")
    at_work = Background(own, "/v1/rollouts", **ROLLOUTS)
    wait_running(own)
    reply = own.http.post(abort, **ABORTS[abort])
    assert reply.status_code == 200 and reply.json().get("aborted", 1) == 1
    check_ended(at_work.result())
    own.http.post("/resume")
    own.wait_idle()


@pytest.mark.parametrize("path, field", [("/abort_requests", "request_ids"), ("/inference/v1/abort_requests", "request_ids"),
                                         ("/abort_request", "rid")])
def test_a_rollout_is_aborted_by_its_name(start, path, field):
    own = start("--max-sequences", "8")
    replies = []
    at_work = threading.Thread(daemon=True, target=lambda: replies.append(
        own.post("/v1/rollouts", ROLLOUTS, headers={"x-request-id": "rx-1"})))
    at_work.start()
    wait_running(own)
    other = own.http.post(path, json={field: ["rx-2"]})
    assert other.status_code == 200 and other.json().get("aborted", 0) == 0
    assert own.http.get("/get_load").json()[0]["num_reqs"] > 0
    named = own.http.post(path, json={field: ["rx-1"]})
    assert named.status_code == 200 and named.json().get("aborted", 1) == 1
    at_work.join(PATIENCE)
    check_ended(replies[0].json())


def test_held_requests_are_counted(start):
    """Paused: what waits is bounded by the queue, and what was taken is not refused afterwards."""
    s = start("--max-queue", "10", "--max-sequences", "2")
    s.http.post("/pause")
    held = [Background(s, prompt=f"Held {i}", max_tokens=2, ignore_eos=True) for i in range(40)]
    wait_until(lambda: sum(h.reply is not None for h in held) == 28)
    refused = [h.reply for h in held if h.reply is not None]
    assert {r.status_code for r in refused} == {429}
    s.signal()
    for h in held:
        h.join(PATIENCE)
    assert sorted(h.reply.status_code for h in held) == [200] * 12 + [429] * 28
    assert s.wait() == 0
