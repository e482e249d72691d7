# SPDX-License-Identifier: Apache-2.0
"""The tokenizer: byte-level BPE of 1024 tokens, and the chat template.

Every byte string can be written (the 256 bytes are tokens), every digit is a
token of its own (column arithmetic needs to see digits), and the words of the
task are mostly one token each. The split before BPE is the one that GGUF files
call "smollm": single digits first, then GPT-2's pattern. Merges are learned
from letters; runs of signs such as ")*(" are kept apart, or the model would
have to learn each of them as another word.

<|endoftext|>, <|im_start|> and <|im_end|> are control tokens. <think>, </think>,
<answer> and </answer> are ordinary added tokens: they are part of the text that
a client reads, and skipping special tokens must not remove them.

    python tokenizer.py            # writes tokenizer.json
"""
import itertools
import os
import re

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

import data

HERE = os.path.dirname(os.path.abspath(__file__))
PATH = os.path.join(HERE, "tokenizer.json")
VOCAB = 1024
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TAGS = ["<think>", "</think>", "<answer>", "</answer>"]
SAMPLE = 30000

# ChatML. Of an earlier assistant turn only what follows </think> is kept, as in
# DeepSeek-R1's own template. Calls and results of tools stand as in Hermes' and Qwen's templates.
CHAT_TEMPLATE = """\
{%- for message in messages -%}
{%- set role = message['role'] -%}
{%- set content = message['content'] or '' -%}
{%- if role == 'developer' -%}
{%- set role = 'system' -%}
{%- endif -%}
{%- if role == 'system' or role == 'user' -%}
{{- '<|im_start|>' + role + '\\n' + content | trim + '<|im_end|>\\n' -}}
{%- elif role == 'assistant' -%}
{%- if '</think>' in content -%}
{%- set content = content.split('</think>')[-1] -%}
{%- endif -%}
{{- '<|im_start|>assistant\\n' + content | trim -}}
{%- for call in message['tool_calls'] or [] -%}
{{- '\\n<tool_call>\\n{"name": ' + call['function']['name'] | tojson + ', "arguments": ' + call['function']['arguments'] | tojson + '}\\n</tool_call>' -}}
{%- endfor -%}
{{- '<|im_end|>\\n' -}}
{%- elif role == 'tool' -%}
{{- '<|im_start|>user\\n<tool_response>\\n' + content | trim + '\\n</tool_response><|im_end|>\\n' -}}
{%- else -%}
{{- raise_exception('Unknown role: ' + role) -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|im_start|>assistant\\n' -}}
{%- endif -%}
"""


def render(messages):
    """What CHAT_TEMPLATE makes of messages with add_generation_prompt, without Jinja."""
    text = ""
    for m in messages:
        content = m["content"].split("</think>")[-1] if m["role"] == "assistant" else m["content"]
        text += f"<|im_start|>{m['role']}\n{content.strip()}<|im_end|>\n"
    return text + "<|im_start|>assistant\n"


def load():
    return Tokenizer.from_file(PATH)


def lines():
    """Training text with signs apart, digits gone and tags gone."""
    for p in itertools.islice(data.stream("tokenizer"), SAMPLE):
        text = "\n".join(m["content"] for m in p.messages()) + "\n" + p.completion()
        text = re.sub(r"</?(think|answer)>|\d+", "\n", text)
        yield from re.sub(r"(?<=[^\w\s])(?=[^\w\s])|(?<=[^\w\s])(?=\w)|(?<=\w)(?=[^\w\s])", "\n", text).split("\n")


def main():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(lines(), trainers.BpeTrainer(
        vocab_size=VOCAB - len(TAGS), special_tokens=CONTROL, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    t.add_tokens([AddedToken(tag, normalized=False, special=False) for tag in TAGS])
    assert t.get_vocab_size() == VOCAB, t.get_vocab_size()
    t.save(PATH)
    for i in (300, 500, 700, 900, 1015):
        print(i, [t.id_to_token(k) for k in range(i, i + 8)])


if __name__ == "__main__":
    main()
