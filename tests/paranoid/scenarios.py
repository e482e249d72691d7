"""What is asked of the program while its memory runs out.

A Request is one exchange with a server; its place says whose memory: the server's own, or that of its verifier
processes and cells. A Command is a run of the program.

SPDX-License-Identifier: Apache-2.0
"""
import dataclasses
import json

from page import CHILDREN, PARENT


@dataclasses.dataclass
class Request:
    name: str
    method: str
    path: str
    body: object = None
    kind: str = "json"  # json, verify, groups, stream, lines, cut (a stream of lines that may break off), sandbox, text
    place: int = PARENT
    flags: tuple = ()  # of the server
    fresh_connection: bool = False
    crowd: bool = False  # each on a connection of its own, while those before stay open

    def payload(self):
        if self.body is None:
            return None
        if self.kind == "lines":
            return "".join(json.dumps(line) + "\n" for line in self.body).encode()
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()

    def content_type(self):
        return "application/x-ndjson" if self.kind == "lines" else "application/json"


@dataclasses.dataclass
class Command:
    name: str
    args: list
    stdin: bytes = b""
    place: int = PARENT


@dataclasses.dataclass
class Beginning:
    """A server that starts."""
    name: str
    flags: tuple = ()
    place: int = PARENT


USER = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 2+3? Say caf\u00e9."}]
TOOLS = [{"type": "function", "function": {"name": "add", "description": "adds",
                                           "parameters": {"type": "object", "properties": {"a": {"type": "number"}}}}}]
CALLED = [*USER, {"role": "assistant", "content": None, "tool_calls": [
    {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 2, "b": [3.50, null]}'}}]},
          {"role": "tool", "tool_call_id": "c1", "name": "add", "content": "5"}]
GREEDY = {"temperature": 0, "max_tokens": 4, "seed": 1}
FORM = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1, "maximum": 40},
                                         "who": {"anyOf": [{"enum": ["a", "caf\u00e9"]}, {"type": "string", "pattern": "^x+$", "maxLength": 4}]},
                                         "when": {"type": "string", "format": "date"},
                                         "list": {"type": "array", "items": {"$ref": "#/$defs/e"}, "minItems": 1, "maxItems": 3}},
        "required": ["n", "list"], "additionalProperties": False, "$defs": {"e": {"type": "boolean"}}}
GRAMMAR = 'root ::= "a" (item ",")* item\nitem ::= [0-9]+ | "x"{2,3}\n'

COMPLETIONS = [
    Request("completion", "POST", "/v1/completions", {"prompt": "2+3=", **GREEDY}),
    Request("weights: their sum", "POST", "/weight_checker", {"action": "checksum"}),
    Request("completion, n samples with logprobs and stop strings", "POST", "/v1/completions",
            {"prompt": ["2+3=", "7*8="], "n": 2, "logprobs": 3, "stop": ["\n", "zz"], "temperature": 1, "seed": 7,
             "max_tokens": 5, "echo": True}),
    Request("completion, streamed", "POST", "/v1/completions",
            {"prompt": "2+3=", "n": 2, "stream": True, "logprobs": 2, "stop": ["zz"], "temperature": 1, "seed": 3,
             "max_tokens": 5, "stream_options": {"include_usage": True}}, kind="stream"),
    Request("completion of token ids", "POST", "/v1/completions", {"prompt": [5, 6, 7], "prompt_logprobs": 2, **GREEDY}),
    Request("completion of a choice", "POST", "/v1/completions",
            {"prompt": "2+3=", "structured_outputs": {"choice": ["four", "five"]}, **GREEDY}),
    Request("completion of a schema", "POST", "/v1/completions",
            {"prompt": "2+3=", "response_format": {"type": "json_schema", "json_schema": {"name": "f", "schema": FORM}}, **GREEDY}),
    Request("completion of a pattern, n samples", "POST", "/v1/completions",
            {"prompt": "2+3=", "structured_outputs": {"regex": "(ab|[c-f]{2,5})+\\d"}, "n": 2, "temperature": 1, "seed": 4, "max_tokens": 6}),
    Request("completion of a grammar", "POST", "/v1/completions",
            {"prompt": "2+3=", "structured_outputs": {"grammar": GRAMMAR}, **GREEDY}),
    Request("completion of a form that is refused", "POST", "/v1/completions",
            {"prompt": "2+3=", "structured_outputs": {"json": {"type": "object", "properties": {"a": {"type": "thing"}}}}, **GREEDY}),
    Request("completion with penalties and a bias", "POST", "/v1/completions",
            {"prompt": "2+3=", "logit_bias": {"5": -3}, "frequency_penalty": 0.5, "top_k": 5,
             "min_p": 0.01, "stop_token_ids": [9], **GREEDY}),
    Request("chat", "POST", "/v1/chat/completions", {"messages": USER, **GREEDY}),
    Request("chat, n samples, streamed", "POST", "/v1/chat/completions",
            {"messages": USER, "n": 2, "stream": True, "logprobs": True, "top_logprobs": 2, "temperature": 1, "seed": 2,
             "max_tokens": 5}, kind="stream"),
    Request("chat with tools", "POST", "/v1/chat/completions", {"messages": USER, "tools": TOOLS, **GREEDY}),
    Request("chat with a call that must be", "POST", "/v1/chat/completions",
            {"messages": USER, "tools": TOOLS, "tool_choice": "required", "temperature": 0, "max_tokens": 60, "seed": 1}),
    Request("chat with a call, streamed", "POST", "/v1/chat/completions",
            {"messages": USER, "tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "add"}}, "stream": True,
             "temperature": 0, "max_tokens": 60, "seed": 1}, "stream"),
    Request("structural tags", "POST", "/v1/completions", {"prompt": "2+3=", "response_format": {
        "type": "structural_tag", "triggers": ["<f"], "structures": [{"begin": "<f>", "schema": FORM, "end": "</f>"}]}, **GREEDY}),
    Request("chat with calls behind it", "POST", "/v1/chat/completions", {"messages": CALLED, "tools": TOOLS, **GREEDY}),
    Request("chat of a schema, streamed", "POST", "/v1/chat/completions",
            {"messages": USER, "response_format": {"type": "json_schema", "json_schema": {"name": "f", "schema": FORM, "strict": True}},
             "stream": True, **GREEDY}, kind="stream"),
    Request("chat of a JSON object", "POST", "/v1/chat/completions",
            {"messages": USER, "response_format": {"type": "json_object"}, **GREEDY}),
    Request("chat, the majority's of n samples", "POST", "/v1/chat/completions",
            {"messages": USER, "n": 3, "best_of_rule": "majority", "temperature": 1, "seed": 2, "max_tokens": 6}),
    Request("chat, the best of n samples by the verifier", "POST", "/v1/chat/completions",
            {"messages": USER, "n": 3, "best_of_rule": "verified", "answer": "5", "rewards": [{"name": "accuracy"}, {"name": "format"}],
             "temperature": 1, "seed": 2, "max_tokens": 6}),
    Request("chat rendered", "POST", "/v1/chat/completions/render", {"messages": USER}),
    Request("completion rendered", "POST", "/v1/completions/render", {"prompt": ["2+3=", [5, 6]]}),
    Request("chat counted", "POST", "/v1/chat/completions/input_tokens", {"messages": USER}),
    Request("chat by the one route for both", "POST", "/invocations", {"messages": USER, **GREEDY}),
    Request("completion by the one route for both", "POST", "/invocations", {"prompt": "2+3=", **GREEDY}),
    Request("llama-server's prompts of pieces, biases of words, chosen fields", "POST", "/completion",
            {"prompt": [[5, "2+3=", 6], {"prompt_string": "7*8="}], "n_predict": 4, "temperature": 0, "n_probs": 2, "post_sampling_probs": True,
             "logit_bias": [["a b", -3], [5, False]], "samplers": ["top_k", "temperature"],
             "response_fields": ["content", "generation_settings/n_predict", "prompt", "completion_probabilities"]}),
    Request("vllm generate", "POST", "/inference/v1/generate", {"token_ids": [5, 6, 7], "sampling_params": {"max_tokens": 4, "temperature": 0}}),
    Request("skyrl generate", "POST", "/skyrl/v1/generate", {"token_ids": [5, 6, 7], "sampling_params": {"max_tokens": 4, "temperature": 0}}),
    Request("sglang generate", "POST", "/generate",
            {"text": "2+3=", "sampling_params": {"max_new_tokens": 4, "temperature": 0}, "return_logprob": True}),
    Request("sglang generate, streamed", "POST", "/generate",
            {"text": "2+3=", "sampling_params": {"max_new_tokens": 4, "temperature": 0}, "stream": True}, kind="stream"),
    Request("trl generate", "POST", "/generate/", {"prompts": ["2+3="], "n": 2, "max_tokens": 4, "temperature": 0}),
    Request("trl chat", "POST", "/chat/", {"messages": [USER], "n": 1, "max_tokens": 4, "temperature": 0}),
    Request("trl logprobs", "POST", "/get_sequence_logprobs/",
            {"sequences": [[5, 6, 7, 8]], "prompt_lengths": [2], "top_logprobs": 1}),
    Request("llama completion", "POST", "/completion", {"prompt": "2+3=", "n_predict": 4, "temperature": 0, "n_probs": 2}),
    Request("llama completion, streamed", "POST", "/completion",
            {"prompt": "2+3=", "n_predict": 4, "temperature": 0, "stream": True}, kind="stream"),
    Request("llama template", "POST", "/apply-template", {"messages": USER}),
    Request("rollouts", "POST", "/v1/rollouts",
            {"prompts": [{"messages": USER, "answer": "5"}, {"token_ids": [5, 6, 7], "answer": "1"}], "n": 2, "seed": 1,
             "sampling": {"temperature": 1, "max_tokens": 4}, "rewards": [{"name": "accuracy"}, {"name": "format"}],
             "return": ["text", "token_ids", "logprobs", "processed_logprobs", "prompt_token_ids"]}, kind="groups"),
    Request("rollouts of a form, in lines", "POST", "/v1/rollouts",
            {"prompts": [{"messages": USER, "answer": "5"}], "n": 3, "seed": 1, "over_sample": 1.5, "rewards": [{"name": "accuracy"}],
             "sampling": {"temperature": 1, "max_tokens": 6, "structured_outputs": {"regex": "[0-9a-z]+"}}, "encoding": "ndjson"},
            kind="cut"),
    Request("rollouts that are revised", "POST", "/v1/rollouts",
            {"prompts": [{"messages": USER, "answer": "77"}], "n": 2, "seed": 1, "sampling": {"temperature": 1, "max_tokens": 4},
             "rewards": [{"name": "accuracy"}], "revise": {"rounds": 1}}, kind="groups"),
    Request("rollouts with forks", "POST", "/v1/rollouts",
            {"prompts": [{"messages": USER, "answer": "5", "fork": {"token_ids": [5, 6, 7], "at": [1, 2], "k": 2}}], "seed": 1,
             "sampling": {"max_tokens": 5}, "rewards": [{"name": "accuracy"}], "advantage": "verl_reinforce_pp"}, kind="groups"),
    Request("responses", "POST", "/v1/responses",
            {"max_output_tokens": 4, "temperature": 0, "instructions": "x", "tools": [{"type": "function", "name": "f", "parameters": FORM}],
             "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
             "input": [*USER, {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "t"}]},
                       {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}, {"type": "function_call_output", "call_id": "a", "output": "7"}]}),
    Request("responses, streamed", "POST", "/v1/responses", {"max_output_tokens": 4, "temperature": 0, "stream": True, "input": "2+3="}, kind="cut"),
    Request("a response that was not kept", "GET", "/v1/responses/resp_0"),
    Request("messages", "POST", "/v1/messages",
            {"model": "touchstone-tiny", "max_tokens": 4, "temperature": 0, "system": "x", "thinking": {"type": "enabled", "budget_tokens": 2},
             "tools": [{"name": "f", "input_schema": FORM}],
             "messages": [*USER, {"role": "assistant", "content": [{"type": "thinking", "thinking": "t"}, {"type": "tool_use", "id": "a", "name": "f", "input": {}}]},
                          {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "7"}, {"type": "text", "text": "x"}]}]}),
    Request("messages, streamed", "POST", "/v1/messages",
            {"model": "touchstone-tiny", "max_tokens": 4, "temperature": 0, "stream": True, "messages": USER}, kind="cut"),
    Request("messages counted", "POST", "/v1/messages/count_tokens", {"model": "touchstone-tiny", "messages": USER}),
    Request("ollama chat", "POST", "/api/chat", {"model": "touchstone-tiny", "messages": USER, "stream": False, "think": True,
                                                 "options": {"temperature": 0, "num_predict": 4}}),
    Request("ollama generate, streamed", "POST", "/api/generate", {"model": "touchstone-tiny", "prompt": "2+3=", "system": "x",
                                                                   "options": {"temperature": 0, "num_predict": 4}}, kind="cut"),
    Request("ollama show", "POST", "/api/show", {"model": "touchstone-tiny"}),
    Request("ollama pull", "POST", "/api/pull", {"model": "touchstone-tiny"}, kind="cut"),
    Request("embeddings", "POST", "/v1/embeddings", {"input": ["2+3=", "x"], "pooling": "mean", "encoding_format": "base64"}),
    Request("moderations, which are refused", "POST", "/v1/moderations", {"input": "x"}),
    Request("bad words, chosen ids and a temperature", "POST", "/v1/completions",
            {"prompt": "2+3=", "bad_words": ["a", "b c"], "logprob_token_ids": [5, 6], "prompt_logprobs": 1, "logprobs_mode": "processed", **GREEDY}),
    Request("ollama embed", "POST", "/api/embed", {"model": "touchstone-tiny", "input": "x"}),
    Request("ollama's older embeddings", "POST", "/api/embeddings", {"model": "touchstone-tiny", "prompt": "x"}),
    Request("ollama copy, which is refused", "POST", "/api/copy", {"source": "touchstone-tiny"}),
    Request("ollama tags", "GET", "/api/tags"),
    Request("the page", "GET", "/", kind="text"),
    Request("tokenize", "POST", "/tokenize", {"prompt": "2+3= caf\u00e9 " * 20}),
    Request("tokenize chat", "POST", "/tokenize", {"messages": USER}),
    Request("detokenize", "POST", "/detokenize", {"tokens": [5, 6, 7]}),
    Request("models", "GET", "/v1/models"),
    Request("props", "GET", "/props"),
    Request("metrics", "GET", "/metrics", kind="text"),
    Request("a new connection", "GET", "/health", kind="text", fresh_connection=True),
    Request("one more connection that waits", "POST", "/v1/completions", {"prompt": "2+3=", "max_tokens": 1, "temperature": 0},
            fresh_connection=True, crowd=True),
    Request("a request with a fault", "POST", "/v1/completions", {"prompt": 3.5, "max_tokens": 4}),
    Request("a body that is no JSON", "POST", "/v1/completions", b'{"prompt": "a\\ud800", }'),
    Request("no such route", "GET", "/nothing/here"),
]

THOUGHT = "<think>Let me think about it.</think>"


def item(completion, **fields):
    return {"completion": completion, **fields}


def verify(name, rewards, *items, place=PARENT, **fields):
    return Request(name, "POST", "/verify", {"items": list(items), "rewards": rewards, **fields}, kind="verify", place=place)


SCHEMA = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}, "b": {"type": "string", "pattern": "^x+$"}},
          "required": ["a"], "additionalProperties": False}
BLOCKS = ("(define (problem p) (:domain blocksworld-4ops) (:objects a b) "
          "(:init (clear a) (ontable a) (clear b) (ontable b) (handempty)) (:goal (and (on a b))))")
PUZZLE = "(1) Zoey is a knave\n(2) Oliver is a knight"

# Judged where the request is read.
VERIFY = [
    verify("accuracy: numbers", [{"name": "accuracy"}], item(THOUGHT + "It is \\boxed{\\frac{1}{2}}.", answer="0.5"),
           item("so $x = 3{,}000$", answer=3000), item("\\boxed{7}", answer="8")),
    verify("accuracy: units and relations", [{"name": "accuracy"}], item("\\boxed{5\\text{ cm}}", answer="5 cm"),
           item("the speed is \\boxed{36 \\text{ km/h}}", answer="10 m/s"), item("\\boxed{x > 3}", answer="x \\gt 3"),
           item("\\boxed{90^\\circ}", answer="\\frac{\\pi}{2}")),
    verify("accuracy: sets, intervals, matrices", [{"name": "accuracy"}], item("\\boxed{\\{1,2,3\\}}", answer="{3,2,1}"),
           item("\\boxed{[0,1) \\cup (2, \\infty)}", answer="[0,1)\\cup(2,\\infty)"),
           item("\\boxed{\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}}", answer="\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}")),
    verify("accuracy: expressions", [{"name": "accuracy"}], item("\\boxed{(x+1)^2}", answer="x^2+2x+1"),
           item("\\boxed{\\sin^2 x + \\cos^2 x}", answer="1"), item("\\boxed{\\frac{a}{b}+c}", answer="\\frac{a+bc}{b}")),
    verify("accuracy: words and choices", [{"name": "accuracy", "choices": ["A", "B", "C", "D"]}],
           item("The answer is (B).", answer="B"), item("\\boxed{\\text{C}}", answer="D")),
    verify("accuracy: every step told", [{"name": "accuracy", "explain": True}], item("\\boxed{x^2+2x+1}", answer="(x+1)^2"),
           item("so 36 km/h", answer="10 m/s")),
    verify("accuracy: several answers", [{"name": "accuracy"}], item("\\boxed{3} or \\boxed{4}", answer=["4", "3"])),
    verify("accuracy: minerva", [{"name": "accuracy", "preset": "minerva"}], item("Final Answer: The final answer is $\\frac12$. I hope it is correct.", answer="0.5")),
    verify("format", [{"name": "format", "style": s, "as": s} for s in
                      ("r1", "openr1.format", "openr1.tag_count", "trl.think_format", "logic_rl.structure", "verl.geo3k_format", "boxed")],
           item("<think>a</think><answer>\\boxed{4}</answer>"), item("<think>\na\n</think>\n<answer>\nb\n</answer>", prefill="<think>\n")),
    verify("countdown", [{"name": "countdown"}, {"name": "countdown", "impl": "tinyzero", "as": "t"}],
           item("Assistant: <think>a</think><answer>2*3*4</answer>", target=24, numbers=[2, 3, 4]),
           item("<answer>\\frac{9}{3}+0.5</answer>", target=3.5, numbers=[9, 3, 0.5])),
    verify("countdown: large numbers", [{"name": "countdown"}, {"name": "countdown", "impl": "tinyzero", "as": "t"}],
           item("Assistant: <answer>123456789012345678901234567890 * 99999999999999</answer>", target=5, numbers=[99999999999999, 3]),
           item("<answer>99999999 * 88888888 * 77777777</answer>", target=7, numbers=[99999999, 88888888, 77777777])),
    verify("knights", [{"name": "knights"}],
           item("Assistant: <think>a</think><answer>(1) Zoey is a knave (2) Oliver is a knight</answer>", solution=PUZZLE)),
    verify("extract", [{"name": "extract", "impl": i, "as": i} for i in ("verl_gsm8k", "verl_math_dapo", "verl_search_r1_em")],
           item("so #### 42\nAnswer: \\frac{1}{2}\n<answer>The Cat</answer>", answer="42"),
           item("<answer>The Cat</answer> Answer: 3", answer="cat")),
    verify("shaping", [{"name": "cosine", "max_len": 100}, {"name": "length"}, {"name": "overlong", "max_len": 40, "cache": 20, "unit": "chars"},
                       {"name": "repetition"}, {"name": "reasoning_steps"}],
           item("Step 1: a b a b a b a b\n- c\nFirst, \\boxed{4}", answer="4"), item("\\boxed{5} Next, Next,", answer="4", correct=False)),
    verify("lengths in tokens", [{"name": "cosine", "impl": "trl", "max_len": 100}, {"name": "overlong"}], item("\\boxed{4} and so", answer="4")),
    verify("schema", [{"name": "schema", "schema": SCHEMA}], item('```json\n{"a": 3, "b": "xx"}\n```'), item('{"a": 0}'), item("no JSON")),
    verify("regex", [{"name": "regex", "pattern": "(a+)b\\d", "ignore_case": True}], item("xx AAb3"), item("nothing")),
    verify("instructions", [{"name": "instructions", "strictness": "loose"}],
           item("Dr. Cat's dog \"runs\". The dog ends",
                instruction_id_list=["keywords:existence", "change_case:capital_word_frequency", "length_constraints:number_sentences",
                                     "last_word:last_word_sent", "keywords:forbidden_words", "count:count_unique"],
                kwargs=[{"keywords": ["c.t"]}, {"capital_frequency": 1, "capital_relation": "at least"}, {"num_sentences": 1, "relation": "at least"},
                        {"last_word": "ends"}, {"forbidden_words": ["sun"]}, None])),
    verify("words", [{"name": "words", "measure": "f1", "json_field": "answer"}, {"name": "words", "as": "l", "measure": "rouge_l"},
                     {"name": "words", "as": "e", "measure": "edit"}],
           item("{\"answer\": \"The caf\u00e9 here\"}", answer=["caf\u00e9", "here"], aliases=["the end"])),
    verify("tool calls", [{"name": "tool_calls", "match": "bfcl"}, {"name": "tool_calls", "as": "t", "format": "hermes", "score": "toolrl"}],
           item("<tool_call>{\"name\": \"f\", \"arguments\": {\"x\": [1, \"caf\u00e9\"]}}</tool_call>",
                tool_calls=[{"name": "f", "arguments": {"x": [[1, "caf\u00e9"]]}}],
                tools=[{"name": "f", "parameters": {"type": "object", "properties": {"x": {"type": "array"}}}}])),
    verify("sql", [{"name": "sql", "compare": "spider"}, {"name": "sql", "as": "b", "compare": "bird", "raw": True}],
           item("SELECT b, a FROM t", database={"t": [{"a": 1, "b": "caf\u00e9"}, {"a": 2.5}]}, answer=["SELECT 1", "SELECT a, b FROM t"])),
    verify("reasoning gym", [{"name": "reasoning_gym"}],
           item("[[\"b\", \"a\"]]", dataset="group_anagrams", answer="x", metadata={"solution": [["a", "b"]]}),
           item("1 2", dataset="word_sorting", answer="x", metadata={"sorted_words": ["a", "b"]})),
    verify("contains", [{"name": "contains", "texts": ["a b", "\u00e9"], "mode": "share", "ignore_case": True}], item("A B caf\u00e9")),
    verify("plan", [{"name": "plan"}, {"name": "plan", "format": "planbench-nl", "as": "nl"}],
           item("<answer>(pick-up a) (stack a b)</answer>", problem=BLOCKS), item("<answer>(stack a b)</answer>", problem=BLOCKS)),
    verify("language by script", [{"name": "language"}], item("<think>Das ist gut \u4f60\u597d</think>", language="de")),
    verify("groups and advantages", [{"name": "accuracy"}, {"name": "format", "weight": 0.5}],
           *[item(f"<think>a</think><answer>\\boxed{{{i % 3}}}</answer>", answer="1", group=f"g{i // 4}", id=i) for i in range(8)],
           advantage="trl_grpo"),
    verify("items with faults", [{"name": "accuracy"}], item("\\boxed{1}"), {"answer": "3"}, item("x", answer="1", what=3), 7),
    Request("lines", "POST", "/verify", [{"rewards": [{"name": "accuracy"}, {"name": "format"}], "group_size": 2},
                                         item("\\boxed{1}", answer="1"), item("\\boxed{2}", answer="1")], kind="lines"),
    Request("advantages", "POST", "/verify/advantages", {"method": "grpo", "rewards": [1, None, 0.5, 0], "group_size": 2}, kind="json"),
    Request("pass at k", "POST", "/verify/pass_at_k", {"n": [10, 10], "c": [3, 0], "k": 2}),
    Request("rewards", "GET", "/verify/rewards"),
    Request("openrlhf", "POST", "/get_reward",
            {"query": ["q <think>a</think><answer>\\boxed{4}</answer>"], "prompts": ["q "], "labels": ["4"]}, kind="verify"),
    Request("slime", "POST", "/remote_rm", {"prompt": "q", "response": "<think>a</think><answer>\\boxed{4}</answer>", "label": "4"}, kind="verify"),
    Request("nemo gym", "POST", "/verify",
            {"responses_create_params": {"input": []}, "question": "q", "expected_answer": "4",
             "response": {"output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "\\boxed{4}"}]}]}},
            kind="verify"),
]

ADD = "```python\ndef add(a, b):\n    return a + b\n```"
PARITY = "import sys\na, b = (int(open(p).read()) for p in sys.argv[2:4])\nprint(int(a % 2 == b % 2))\n"
STDIN = "```python\nprint(int(input()) + 1)\n```"


def away(place):
    """What goes to verifier processes and cells."""
    where = " (children)" if place == CHILDREN else ""
    return [
        verify("accuracy: algebra" + where, [{"name": "accuracy"}], item("\\boxed{\\sqrt{2}+\\sqrt{3}}", answer="\\sqrt{5+2\\sqrt{6}}"),
               item("\\boxed{\\int_0^1 x^2 dx}", answer="1/3"), item("\\boxed{e^{i\\pi}}", answer="-1"), place=place),
        verify("regex that backtracks" + where, [{"name": "regex", "pattern": "(x+x+)+y"}], item("x" * 22), place=place),
        verify("language by habits" + where, [{"name": "language", "tell_apart": True}],
               item("<think>This is a text in plain English, and it goes on for a while so that it can be told. </think>"
                    "Und hier steht ein langer deutscher Satz, damit man ihn erkennen kann, und noch einer.", language="en"), place=place),
        verify("countdown away" + where, [{"name": "countdown"}, {"name": "countdown", "impl": "tinyzero", "as": "t"}],
               item("Assistant: <answer>99999999 * 88888888 * 77777777</answer>", target=7, numbers=[99999999, 88888888, 77777777]), place=place),
        verify("code: stdin" + where, [{"name": "code"}],
               item(STDIN, tests=[{"input": "1\n", "output": "2\n"}, {"input": "5\n", "output": "6\n"}]), place=place),
        verify("code: calls and asserts" + where, [{"name": "code"}],
               item(ADD, tests=[{"fn_name": "add", "input": [1, 2], "output": 3}]),
               item(ADD, test_list=["assert add(1, 2) == 3", "assert add(1, 2) == 4"]), place=place),
        verify("code: a judge of outputs" + where, [{"name": "code"}],
               item(STDIN, official_tests=[{"input": "1\n", "output": "4\n"}], generated_checker=PARITY, input_mode="stdio"), place=place),
        Request("sandbox fusion" + where, "POST", "/run_code", {"code": "print(input())", "language": "python", "stdin": "hi"}, kind="sandbox", place=place),
        Request("piston" + where, "POST", "/api/v2/execute",
                {"language": "python", "version": "*", "files": [{"name": "a.py", "content": "print(3)"}]}, kind="sandbox", place=place),
        Request("router" + where, "POST", "/execute_batch", {"scripts": ["1+2"], "language": "python"}, kind="sandbox", place=place),
    ]


def adapters(model, plain, dora):
    """Of the server's model: adapters that come, that requests have and that are merged; and weights that come."""
    def loaded(folder):
        return ("--adapter", f"policy={folder}")

    def completion(**more):
        return {"model": "policy", "prompt": "2+3=", "n": 2, **GREEDY, **more}

    return [
        Request("an adapter is loaded", "POST", "/v1/load_lora_adapter", {"lora_name": "a", "lora_path": str(plain), "load_inplace": True}),
        Request("an adapter of DoRA is loaded", "POST", "/load_lora_adapter", {"lora_name": "a", "lora_path": str(dora)}),
        Request("an adapter is sent", "PUT", "/v1/weights?part=adapter&name=a", (plain / "adapter_model.safetensors").read_bytes()),
        Request("an adapter is found in a folder, and had", "POST", "/v1/completions", completion(model=plain.name),
                flags=("--adapter-dir", str(plain.parent))),
        Request("completion with an adapter", "POST", "/v1/completions", completion(logprobs=2), flags=loaded(plain)),
        Request("completion with an adapter of DoRA, streamed", "POST", "/v1/completions", completion(stream=True), kind="stream", flags=loaded(dora)),
        Request("weights are pushed", "POST", "/v1/weights", {"path": model, "version": "next"}),
        Beginning("serve: with an adapter of DoRA", loaded(dora)),
        Beginning("serve: with an adapter merged", (*loaded(plain), "--merge")),
        Beginning("serve: with an adapter of DoRA merged", (*loaded(dora), "--merge")),
    ]


def commands(model, lines, models):
    """Whole runs of the program: memory runs out while it starts, loads (models: {form: path}), works and ends."""
    with open(lines, "rb") as f:
        stdin = f.read()
    return [
        Beginning("serve: start to end"),
        Beginning("serve: its verifier processes and cells", place=CHILDREN),
        Command("run: a load and a completion", ["run", "--model", model, "--threads", "2", "--max-tokens", "3", "2+3="]),
        *[Command(f"run: a load of {form}", ["run", "--model", str(path), "--threads", "1", "--max-tokens", "2", "2+3="])
          for form, path in models.items()],
        Command("model", ["model", model]),
        Command("tokenize", ["tokenize", "--model", model], stdin=b'{"text": "2+3="}\n'),
        Command("verify: lines of a file", ["verify", lines]),
        Command("verify: lines from stdin", ["verify", "-"], stdin=stdin),
    ]
