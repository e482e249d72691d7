"""lm-evaluation-harness: its local-completions (scores of continuations) and local-chat-completions.

SPDX-License-Identifier: Apache-2.0
"""

from common import BASE_URL, MODEL, QUESTION, check
from lm_eval.api.instance import Instance
from lm_eval.api.registry import get_model


def requests(kind, *arguments):
    return [Instance(request_type=kind, doc={}, arguments=a, idx=i) for i, a in enumerate(arguments)]


def completions(**more):
    return get_model("local-completions")(model=MODEL, base_url=BASE_URL + "/completions", tokenizer_backend="remote", max_length=1024, **more)


@check
def continuations_are_scored():
    lm = completions(batch_size=2)
    good, bad, whole = lm.loglikelihood(requests("loglikelihood", ("What is 1 + 1? ", "2"), ("What is 1 + 1? ", "zebra"), ("", "What")), disable_tqdm=True)
    assert good[0] > bad[0] and good[0] <= 0 and isinstance(good[1], bool) and whole[0] < 0


@check
def rolling_likelihood():
    [total] = completions().loglikelihood_rolling(requests("loglikelihood_rolling", ("What is 12 + 30? The answer is 42.",)), disable_tqdm=True)
    assert (total[0] if isinstance(total, tuple) else total) < 0


@check
def texts_are_generated():
    [text] = completions().generate_until(requests("generate_until", (QUESTION, {"until": ["\n\n"], "max_gen_toks": 20, "temperature": 0})), disable_tqdm=True)
    assert isinstance(text, str) and "\n\n" not in text


@check
def chats_are_generated():
    lm = get_model("local-chat-completions")(model=MODEL, base_url=BASE_URL + "/chat/completions")
    said = lm.apply_chat_template([{"role": "user", "content": QUESTION}])
    [text] = lm.generate_until(requests("generate_until", (said, {"until": [], "max_gen_toks": 300, "temperature": 0})), disable_tqdm=True)
    assert "294" in text
