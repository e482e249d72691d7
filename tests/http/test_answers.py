"""What the document says that routes answer is what they answer: whole replies, events and lines, in both directions.

SPDX-License-Identifier: Apache-2.0
"""

import json
import subprocess
import threading

import pytest

import checkpoints
from conftest import BIN, ENVIRONMENT, ROOT, TINY, Server

jsonschema = pytest.importorskip("jsonschema")

MODEL = "touchstone-tiny"
TALK = [{"role": "user", "content": "What is 12 + 30?"}]
TOOLS = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {"a": {"enum": ["x"]}}, "required": ["a"], "additionalProperties": False}}}]
IDS = {"return_token_ids": True}
COUNTED = {"stream_options": {"include_usage": True, "continuous_usage_stats": True}}
CHAT = {"messages": TALK, "max_tokens": 60, "temperature": 0}
TEXT = {"prompt": "Hello", "max_tokens": 3, "temperature": 0}
SCORED = {"sequences": [[5, 6, 7, 8]], "prompt_lengths": [2], "top_logprobs": 2}
OUTPUT = [{"type": "message", "content": [{"type": "output_text", "text": "\\boxed{1}"}]}]
ROLLED = {"prompts": [{"messages": TALK, "answer": "42"}], "n": 2, "rewards": [{"name": "accuracy"}], "sampling": {"max_tokens": 4, "temperature": 1}, "seed": 1,
          "return": ["text", "token_ids", "logprobs", "prompt_token_ids", "processed_logprobs", "sampling_mask", "top_logprobs"]}
ADD = {"type": "function", "name": "add", "parameters": TOOLS[0]["function"]["parameters"]}

ASKED = [
    ("/v1/completions", TEXT), ("/v1/completions", {**TEXT, "logprobs": 1, "prompt_logprobs": 1, "timings_per_token": True, "verbose": True, **IDS}),
    ("/v1/completions", {**TEXT, "echo": True, "logprobs": 1, "n": 2, "temperature": 1, "stop": ["e"]}),
    ("/v1/completions", {**TEXT, "stream": True}), ("/v1/completions", {**TEXT, "stream": True, "logprobs": 1, "timings_per_token": True, **IDS, **COUNTED}),
    ("/v1/completions/render", TEXT), ("/v1/chat/completions/render", CHAT), ("/v1/chat/completions/input_tokens", {"messages": TALK}),
    ("/v1/chat/completions", CHAT),
    ("/v1/chat/completions", {**CHAT, "logprobs": True, "top_logprobs": 2, "prompt_logprobs": 1, "timings_per_token": True, "verbose": True, **IDS}),
    ("/v1/chat/completions", {**CHAT, "max_tokens": 400, "n": 4, "temperature": 1, "seed": 1, "best_of_rule": "majority", "answer": "42"}),
    ("/v1/chat/completions", {**CHAT, "max_tokens": 40, "n": 2, "temperature": 1, "seed": 1, "best_of_rule": "verified", "answer": "42"}),
    ("/v1/chat/completions", {**CHAT, "stream": True, "logprobs": True, "top_logprobs": 1, "timings_per_token": True, **IDS, **COUNTED}),
    ("/invocations", TEXT), ("/invocations", CHAT), ("/v1/models", None), ("/v1/models/" + MODEL, None),
    ("/v1/embeddings", {"input": ["a", "b"]}), ("/v1/embeddings", {"input": "a", "encoding_format": "base64"}),
    ("/inference/v1/generate", {"token_ids": [5, 6], "sampling_params": {"max_tokens": 2}}),
    ("/inference/v1/generate", {"token_ids": [5, 6], "return_weight_versions": True,
                                "sampling_params": {"max_tokens": 2, "logprobs": 1, "prompt_logprobs": 1, "return_sampling_mask": True, "top_k": 3}}),
    ("/inference/v1/generate", {"token_ids": [5, 6], "stream": True, **COUNTED, "sampling_params": {"max_tokens": 2, "logprobs": 1}}),
    ("/tokenize", {"prompt": "ab", "return_token_strs": True}), ("/tokenize", {"content": "ab", "with_pieces": True}), ("/detokenize", {"tokens": [5, 6]}),
    ("/pause?mode=keep", {}), ("/is_paused", None), ("/resume", {}), ("/abort_requests", {}), ("/sleep", {}), ("/is_sleeping", None), ("/wake_up", {}),
    ("/reset_prefix_cache", {}),
    ("/generate", {"input_ids": [5, 6], "sampling_params": {"max_new_tokens": 3, "stop": ["zz"]}, "return_prompt_token_ids": True}),
    ("/generate", {"input_ids": [[5, 6], [7]], "sampling_params": {"max_new_tokens": 2}, "return_logprob": True, "top_logprobs_num": 2, "logprob_start_len": 0}),
    ("/generate", {"input_ids": [5, 6], "sampling_params": {"max_new_tokens": 3, "top_k": 3}, "return_sampling_mask": True, "return_weight_versions": True}),
    ("/generate", {"input_ids": [5, 6], "sampling_params": {"max_new_tokens": 3, "top_k": 3, "custom_params": {"return_top_p_token_ids": True}}}),
    ("/generate", {"text": "What is 1 + 1?", "sampling_params": {"max_new_tokens": 400, "stop": ["a", "e", " "]}}),
    ("/generate", {"input_ids": [[5, 6], [7]], "sampling_params": {"max_new_tokens": 2}, "stream": True}), ("/model_info", None),
    ("/generate/", {"prompts": ["ab"], "n": 2, "max_tokens": 2, "logprobs": 1}), ("/chat/", {"messages": [TALK], "max_tokens": 2}),
    ("/get_sequence_logprobs/", SCORED), ("/get_sequence_logprobs/", {**SCORED, "response_format": "binary"}),
    ("/v1/weights", None), ("/weight_info", None),
    ("/v1/responses", {"input": "a", "max_output_tokens": 60, "tools": [ADD], "include": ["message.output_text.logprobs"], "top_logprobs": 1}),
    ("/v1/messages", {"model": MODEL, "messages": TALK, "max_tokens": 60, "thinking": {"type": "enabled", "budget_tokens": 20}}),
    ("/v1/responses", {"input": "a", "max_output_tokens": 60, "include": ["message.output_text.logprobs"], "top_logprobs": 1, "stream": True}),
    ("/v1/messages", {"model": MODEL, "messages": TALK, "max_tokens": 60, "thinking": {"type": "enabled", "budget_tokens": 20}, "stream": True}),
    ("/pause_generation", {}), ("/continue_generation", {}), ("/abort_request", {"abort_all": True}), ("/begin_weight_update", {}), ("/v1/loads", None),
    ("/update_weight_version", {"new_version": "0"}), ("/weight_checker", {"action": "checksum"}), ("/weights_checker", {"action": "compare", "baseline": {"weights": "x"}}),
    ("/v1/messages/count_tokens", {"model": MODEL, "messages": TALK}),
    ("/api/chat", {"model": MODEL, "messages": TALK, "options": {"num_predict": 40}}),
    ("/api/generate", {"model": MODEL, "prompt": "a", "options": {"num_predict": 4}, "stream": False}),
    ("/api/generate", {"model": MODEL, "prompt": "a", "options": {"num_predict": 4}}), ("/api/tags", None), ("/api/ps", None),
    ("/completion", {"prompt": "ab", "n_predict": 2, "n_probs": 2, "return_tokens": True}), ("/completion", {"prompt": ["ab", "c"], "n_predict": 2}),
    ("/completion", {"prompt": "ab", "n_predict": 2, "n_probs": 2, "stream": True}), ("/apply-template", {"messages": TALK}),
    ("/run_code", {"code": "print(1)", "language": "python"}), ("/api/v2/execute", {"language": "python", "version": "*", "files": [{"content": "print(1)"}]}),
    ("/api/embed", {"model": MODEL, "input": ["a"]}), ("/api/embeddings", {"model": MODEL, "prompt": "a"}), ("/api/version", None), ("/version", None),
    ("/get_world_size", None), ("/tokenizer_info", None), ("/load", None), ("/get_load", None), ("/props", None), ("/slots", None), ("/openapi.json", None),
    ("/api/show", {"model": MODEL}), ("/api/pull", {"model": MODEL}), ("/api/pull", {"model": MODEL, "stream": False}), ("/v1/ping", None), ("/runtimes", None),
    ("/remote_rm", {"prompt": "a", "response": "\\boxed{4}", "label": "4"}), ("/seed_session", {}), ("/reverify_mode", None), ("/verify/rewards", None),
    ("/execute_batch", {"scripts": ["print(1); 3", "raise KeyError(1)"], "languages": ["python"] * 2, "timeout": 300, "request_timeout": 300}),
    ("/execute_batch", {"scripts": ["while True: pass"], "languages": ["python"], "timeout": 1, "request_timeout": 1}),
    ("/collective_rpc", {"method": "skyrl_start_weight_update"}),
    ("/server_info", None), ("/get_server_info", None), ("/health", None), ("/livez", None), ("/ready", None),
    ("/verify", {"completion": "\\boxed{4}", "answer": "4", "rewards": [{"name": "accuracy"}]}),
    ("/verify", {"items": [{"id": k, "completion": "\\boxed{%d}" % k, "answer": "4"} for k in range(4)], "rewards": [{"name": "accuracy"}], "group_size": 2}),
    ("/verify", {"items": [{"completion": 7, "answer": "4"}], "rewards": [{"name": "accuracy"}]}),
    ("/verify", {"response": {"output": OUTPUT}, "expected_answer": "1"}), ("/verify", {"response": {"output": OUTPUT}, "expected_answer": "\\frac{"}),
    ("/verify/advantages", {"method": "trl_rloo", "rewards": [1, 0, 0, 1], "group_size": 4}),
    ("/get_reward", {"query": ["a\\boxed{4}"], "prompts": ["a"], "labels": ["4"]}),
    ("/verify/pass_at_k", {"n": 4, "c": 2, "k": [1]}), ("/verify/pass_at_k", {"n": 4, "c": 2, "k": 1}),
    ("/v1/rollouts", ROLLED), ("/v1/rollouts", {**ROLLED, "encoding": "ndjson"}),
    ("/v1/rollouts", {**ROLLED, "prompts": [{"token_ids": [5, 6], "answer": "4", "fork": {"token_ids": [7, 8, 9], "at": [1, 2]}}], "encoding": "ndjson"}),
    ("/v1/rollouts", {**ROLLED, "prompts": [{"token_ids": [5, 6], "answer": "4", "fork": {"token_ids": [7, 8, 9], "at": [1, 2]}}]}),
    ("/v1/rollouts", {**ROLLED, "until": {"groups": 1, "max_attempts": 2}}), ("/v1/rollouts", {**ROLLED, "until": {"groups": 1, "max_attempts": 2}, "encoding": "ndjson"}),
    ("/v1/rollouts", {**ROLLED, "revise": {"rounds": 1}, "return": ["text", "token_ids"]}),
]
# A model of random weights writes a call where it must, if its thoughts are over.
QUIET = "{% for m in messages %}{{ m.content }}{% endfor %}<think>\n\n</think>\n\n"
CALLED = {**CHAT, "max_tokens": 200, "temperature": 2, "seed": 7, "tools": TOOLS, "tool_choice": "required"}
CALLS = [
    ("/v1/chat/completions", CALLED), ("/v1/chat/completions", {**CALLED, "stream": True}),
    ("/v1/responses", {"input": "a", "max_output_tokens": 200, "tools": [ADD], "tool_choice": "required"}),
    ("/v1/messages", {"model": MODEL, "messages": TALK, "max_tokens": 200, "tools": [{"name": "add", "input_schema": ADD["parameters"]}],
                      "tool_choice": {"type": "any"}}),
    ("/v1/responses", {"input": "a", "max_output_tokens": 200, "tools": [ADD], "tool_choice": "required", "stream": True}),
    ("/v1/messages", {"model": MODEL, "messages": TALK, "max_tokens": 200, "tools": [{"name": "add", "input_schema": ADD["parameters"]}],
                      "tool_choice": {"type": "any"}, "stream": True}),
]
# Members that take more than a request to see, by where they are: test_weights_stream.py, test_weights.py, test_control.py, test_ollama.py, test_code_dialects.py and
# test_rollouts.py do.
ELSEWHERE = {"upload_id of v1.weights.reply", "deleted of v1.weights.reply",
             "message of generate.reply.meta_info.finish_reason",
             "tool_calls of api.chat.reply.message", "error of v1.rollouts.chunk", "compile of api.v2.execute.reply", "message of api.v2.execute.reply", "error of v1.rollouts.reply.groups"}


@pytest.fixture(scope="module")
def document():
    return json.loads(subprocess.run([BIN, "openapi"], capture_output=True, text=True, env=ENVIRONMENT, check=True).stdout)


@pytest.fixture(scope="module")
def tiny():
    server = Server("--threads", "2", "--ping-interval", "60", "--seed", "1", model=TINY)
    yield server
    server.stop()


def strict(schema):
    """The same, where an object of described members has no others."""
    if isinstance(schema, list):
        return [strict(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    out = {k: strict(v) for k, v in schema.items()}
    return {**out, "unevaluatedProperties": False} if "allOf" in out else out


def operation(document, path, method):
    path = path.split("?")[0]
    for known in (path, path.rsplit("/", 1)[0] + "/{id}"):
        if known in document["paths"]:
            return document["paths"][known][method]
    raise KeyError(path)


def sent(reply):
    """(media type, each JSON value that was sent)"""
    media = reply.headers["content-type"].split(";")[0]
    if media == "text/event-stream":
        events = [line[6:] for line in reply.text.splitlines() if line.startswith("data: ")]
        return media, [json.loads(e) for e in events if e != "[DONE]"]
    return media, [json.loads(line) for line in reply.text.splitlines()] if media == "application/x-ndjson" else [reply.json()]


def note(document, schema, value, seen):
    """Which members of which tables a value has."""
    if value is None or schema is None:
        return
    for one in schema.get("anyOf", []):
        if jsonschema.Draft202012Validator({**one, "components": document["components"]}).is_valid(value):
            note(document, one, value, seen)
    if isinstance(value, list):
        for item in value:
            note(document, schema.get("items"), item, seen)
    if not isinstance(value, dict):
        return
    for ref in schema.get("allOf", []):
        name = ref["$ref"].rsplit("/", 1)[1]
        properties = document["components"]["schemas"][name]["properties"]
        seen.setdefault(name, set()).update(k for k in value if k in properties)
        for key in properties.keys() & value.keys():
            note(document, properties[key], value[key], seen)


def tables_below(document, schema):
    """The tables that a schema is made of."""
    found = set()
    todo = [schema]
    while todo:
        one = todo.pop()
        if isinstance(one, list):
            todo += one
        elif isinstance(one, dict):
            name = one.get("$ref", "").rsplit("/", 1)[-1]
            if name and name not in found:
                found.add(name)
                todo.append(document["components"]["schemas"][name])
            todo += one.values()
    return found


class Witness:
    """Holds answers against the document, and remembers what they had."""

    def __init__(self, document):
        self.document, self.seen = document, {}

    def ask(self, server, path, body=None, method=None):
        method = method or ("get" if body is None else "post")
        reply = server.post(path, body) if method == "post" else server.http.request(method, path)
        assert reply.status_code == 200, (path, body, reply.text)
        media, values = sent(reply)
        schema = operation(self.document, path, method)["responses"]["2XX"]["content"][media]["schema"]
        components = {"components": self.document["components"]}
        whole = {**schema, **components} if "expected_answer" in (body or {}) else strict({**schema, **components})  # NeMo-Gym's has what was sent, too
        assert values
        for value in values:
            jsonschema.Draft202012Validator(whole).validate(value)
            note(self.document, schema, value, self.seen)

    def missing(self):
        """What is described, and no answer has had."""
        answered = set()
        for methods in self.document["paths"].values():
            for operations in (one for name, one in methods.items() if name != "parameters"):
                for content in operations["responses"].get("2XX", {}).get("content", {}).values():
                    answered |= tables_below(self.document, content["schema"])
        tables = self.document["components"]["schemas"]
        unseen = [(member, name.rsplit(".", 1)[0]) for name in sorted(answered) for member in tables[name]["properties"].keys() - self.seen.get(name, set())]
        return [f"{member} of {table}" for member, table in unseen if not {member, f"{member} of {table}"} & ELSEWHERE]


def ask_for_chains(witness, start, tmp_path):
    """slime's and SkyRL's: a change on disk is pulled."""
    tensors = checkpoints.read(checkpoints.FOLDER / "model.safetensors")[0]
    changed = checkpoints.jiggled(tensors, 1)
    for folder, write in (("slime", checkpoints.slime_delta), ("skyrl", checkpoints.skyrl_delta)):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, 1, tensors, changed)
    slime, skyrl = start(model=str(checkpoints.FOLDER)), start(model=str(checkpoints.FOLDER))
    witness.ask(slime, "/pull_weights", {"local_checkpoint_dir": str(tmp_path / "local-slime"), "source_dir": str(tmp_path / "slime"), "target_version": 1})
    witness.ask(skyrl, "/init_weight_transfer_engine",
                {"init_info": {"base_model_path": str(checkpoints.FOLDER), "local_checkpoint_dir": str(tmp_path / "local-skyrl")}})
    witness.ask(skyrl, "/start_weight_update", {})
    witness.ask(skyrl, "/fetch_weights", {"target_version": 1, "sync_dir": str(tmp_path / "skyrl")})
    witness.ask(skyrl, "/finish_weight_update", {"weight_version": "one"})
    witness.ask(skyrl, "/finish_weight_update", {})
    witness.ask(skyrl, "/shutdown_weight_transfer_engine", {})


def end_a_rollout(witness, server):
    slow = {"prompts": [{"token_ids": [5, 6], "answer": "4"}], "n": 96, "sampling": {"temperature": 1, "min_tokens": 900, "max_tokens": 900}}
    thread = threading.Thread(target=lambda: server.post("/v1/rollouts", slow, headers={"x-request-id": "slow"}))
    thread.start()
    server.wait_metric("touchstone_sequences_running", lambda n: n > 0)
    witness.ask(server, "/v1/rollouts/slow", method="delete")
    thread.join()


def test_routes_answer_as_the_document_says(tiny, start, document, tmp_path):
    witness = Witness(document)
    for path, body in ASKED:
        witness.ask(tiny, path, body)
    kept = tiny.post("/v1/responses", {"input": "a", "max_output_tokens": 4}).json()["id"]
    witness.ask(tiny, f"/v1/responses/{kept}", method="delete")
    plain = f"{ROOT}/tests/golden/data/adapters/llama-plain"
    adapters = start("--adapter", f"policy={plain}")
    for path, body in (("/v1/models", None), ("/v1/load_lora_adapter", {"lora_name": "b", "lora_path": plain}),
                       ("/load_lora_adapter", {"lora_name": "b", "lora_path": plain}), ("/unload_lora_adapter", {"lora_name": "b"})):
        witness.ask(adapters, path, body)
    (tmp_path / "quiet").write_text(QUIET)
    quiet = start("--chat-template", str(tmp_path / "quiet"), "--seed", "1", model=TINY)
    for path, body in CALLS:
        witness.ask(quiet, path, body)
    experts = start(model=str(checkpoints.FOLDER))
    witness.ask(experts, "/v1/weights", {"path": str(checkpoints.FOLDER)})
    witness.ask(experts, "/update_weights_from_disk", {"model_path": str(checkpoints.FOLDER)})
    witness.ask(experts, "/skyrl/v1/generate", {"token_ids": [5, 6], "sampling_params": {"max_tokens": 2}})
    witness.ask(experts, "/generate", {"input_ids": [5, 6], "return_routed_experts": True, "sampling_params": {"max_new_tokens": 2}})
    witness.ask(experts, "/v1/rollouts", {**ROLLED, "prompts": [{"token_ids": [5, 6], "answer": "4"}], "return": ["routed_experts"]})
    ask_for_chains(witness, start, tmp_path)
    end_a_rollout(witness, tiny)
    assert not witness.missing(), "\n".join(witness.missing())
