"""The masks of llguidance beside ours: the same schemas, vocabulary, documents and tokens.

    forms_beside.py BENCH_FORMS TOKENIZER FILE [FILE ...]

BENCH_FORMS is build/release/tests/bench/bench_forms, whose lines come first; then what llguidance (wheels
from PyPI: llguidance, tokenizers, gguf) takes for the tokens that it wrote down. Thread CPU time, one call a mask and one a token; the
call from Python costs llguidance a fraction of a microsecond.

SPDX-License-Identifier: Apache-2.0
"""

import ctypes
import json
import subprocess
import sys
import tempfile
import time

import gguf
import llguidance
import tokenizers

SPLIT = (  # Qwen2's
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


class Vocabulary:
    """What llguidance.TokenizerWrapper asks for: the bytes of tokens, and a text's own tokens, which it wants
    where the form leaves one way. TOKENIZER is a GGUF file with a byte-level BPE."""

    bos_token_id = None

    def __init__(self, line, path):
        fields = gguf.GGUFReader(path).fields
        texts = lambda name: [bytes(fields[name].parts[i]).decode() for i in fields[name].data]
        words = {t: i for i, t in enumerate(texts("tokenizer.ggml.tokens"))}
        merges = [tuple(m.split(" ")) for m in texts("tokenizer.ggml.merges")]
        self.bpe = tokenizers.Tokenizer(tokenizers.models.BPE(words, merges))
        split = tokenizers.pre_tokenizers.Split(tokenizers.Regex(SPLIT), "isolated")
        byte_level = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        self.bpe.pre_tokenizer = tokenizers.pre_tokenizers.Sequence([split, byte_level])
        self.tokens = [bytes.fromhex(t) for t in line["tokens"]]
        self.eos_token_id = line["eos"]
        self.special_token_ids = [self.eos_token_id]

    def __call__(self, text):
        return self.bpe.encode(text).ids


def timed(times, call, *args):
    start = time.thread_time_ns()
    result = call(*args)
    times.append((time.thread_time_ns() - start) / 1000)
    return result


def report(name, times):
    times.sort()
    at = lambda share: times[min(int(len(times) * share), len(times) - 1)]
    print(f"{name:8} {len(times):8}  mean {sum(times) / len(times):8.1f} us  p50 {at(0.5):8.1f}  p90 {at(0.9):8.1f}"
          f"  p99 {at(0.99):8.1f}  p99.9 {at(0.999):8.1f}  worst {times[-1]:9.1f}")


def compile_schema(tokenizer, schema):
    grammar = llguidance.LLMatcher.grammar_from_json_schema(json.dumps(schema))
    matcher = llguidance.LLMatcher(tokenizer, grammar, log_level=0)
    return None if matcher.is_error() else matcher


def main():
    bench, tokenizer_path, *files = sys.argv[1:]
    compiles, masks, tokens = [], [], []
    refused = documents = unread = 0
    with tempfile.NamedTemporaryFile("r", suffix=".jsonl") as lines:
        subprocess.run([bench, "-o", lines.name, tokenizer_path, *files], check=True)
        vocabulary = Vocabulary(json.loads(lines.readline()), tokenizer_path)
        tokenizer = llguidance.LLTokenizer(llguidance.TokenizerWrapper(vocabulary))
        words = (len(vocabulary.tokens) + 31) // 32
        mask = (ctypes.c_uint32 * words)()
        for line in map(json.loads, lines):
            if "schema" in line:
                start = timed(compiles, compile_schema, tokenizer, line["schema"])
                refused += start is None
                continue
            if start is None:
                continue
            documents += 1
            matcher = start.deep_copy()
            for token in line["document"]:
                timed(masks, matcher.unsafe_compute_mask_ptr, ctypes.addressof(mask), 4 * words)
                if not mask[token // 32] >> (token % 32) & 1:
                    unread += 1
                    break
                timed(tokens, matcher.consume_token, token)
    print(f"llguidance {llguidance.__version__}: {refused} refused; {documents} documents, {unread} not read to their end")
    report("compile", compiles)
    report("mask", masks)
    report("token", tokens)


if __name__ == "__main__":
    main()
