"""The masks of llguidance beside ours: the same schemas, vocabulary, documents and tokens.

    forms_beside.py BENCH_FORMS TOKENIZER FILE [FILE ...]
    forms_beside.py BENCH_FORMS TOKENIZER --random N FOLDER

BENCH_FORMS is build/release/tests/bench/bench_forms, whose lines come first; then what llguidance (wheels
from PyPI: llguidance, tokenizers, gguf) takes for the tokens that it wrote down. Thread CPU time, one call a mask and one a token; the
call from Python costs llguidance a fraction of a microsecond.

Documents are written anew: compact, keys in the schema's order at every depth (docs/forms.md), and in valid ones 1 for 1.0 (which draft 4
takes for no integer). --random takes N of a folder's files, always the same ones.

SPDX-License-Identifier: Apache-2.0
"""

import ctypes
import json
import pathlib
import random
import re
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


class Order:
    """Documents with the members of objects where the whole schema names them: its own properties, then those of
    $ref, allOf, anyOf, oneOf, then, else, if and dependencies, then what is only required."""

    ONE, MANY = ("then", "else", "if"), ("allOf", "anyOf", "oneOf")

    def __init__(self, root, valid):
        self.root, self.valid = root, valid
        named = root.get("$schema") if isinstance(root, dict) else None
        self.alone = isinstance(named, str) and re.search("draft-0[3-7]", named)  # nothing counts beside a $ref

    def parts(self, schema, seen=()):
        """A schema and all that speak of the same value."""
        if not isinstance(schema, dict) or id(schema) in seen:
            return
        seen = (*seen, id(schema))
        inner = [self.target(schema.get("$ref"))]
        if self.alone and inner[0] is not None:
            yield from self.parts(inner[0], seen)
            return
        yield schema
        inner += [part for key in self.MANY for part in schema.get(key) or ()]
        inner += [schema.get(key) for key in self.ONE]
        for key in ("dependentSchemas", "dependencies"):
            inner += (schema.get(key) or {}).values()
        for part in inner:
            yield from self.parts(part, seen)

    def target(self, reference):
        if not isinstance(reference, str) or not reference.startswith("#"):
            return None
        at = self.root
        for name in reference[1:].split("/")[1:]:
            name = name.replace("~1", "/").replace("~0", "~")
            at = at[int(name)] if isinstance(at, list) else at.get(name) if isinstance(at, dict) else None
        return at

    @staticmethod
    def member(part, name):
        """What a part says of a member."""
        named = part.get("properties") or {}
        if name in named:
            yield named[name]
        found = [s for pattern, s in (part.get("patternProperties") or {}).items() if re.search(pattern, name)]
        yield from found
        if name not in named and not found:
            yield part.get("additionalProperties")

    @staticmethod
    def item(part, i):
        items = part.get("items")
        listed = part.get("prefixItems") or (items if isinstance(items, list) else [])
        if i < len(listed):
            return listed[i]
        return part.get("additionalItems") if isinstance(items, list) else items

    def write(self, value, schemas):
        parts = [part for schema in schemas for part in self.parts(schema)]
        if self.valid and isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, list):
            return [self.write(v, [self.item(part, i) for part in parts]) for i, v in enumerate(value)]
        if not isinstance(value, dict):
            return value
        names = [name for part in parts for name in part.get("properties") or ()]
        names += [name for part in parts for name in part.get("required") or () if isinstance(part["required"], list)]
        place = {name: -i for i, name in reversed(list(enumerate(names)))}
        order = sorted(value, key=lambda name: -place.get(name, -len(names)))
        return {name: self.write(value[name], [s for part in parts for s in self.member(part, name)]) for name in order}


def written_anew(path, folder):
    """The file with its documents written anew."""
    source = json.loads(path.read_text())
    for test in source["tests"]:
        order = Order(source["schema"], test["valid"])
        test["data"] = order.write(test["data"], [source["schema"]])
    copy = pathlib.Path(folder) / path.name
    copy.write_text(json.dumps(source))
    return copy


def files_of(arguments):
    if arguments[0] != "--random":
        return [pathlib.Path(path) for path in arguments]
    names = sorted(pathlib.Path(arguments[2]).glob("*.json"))
    return random.Random(16).sample(names, int(arguments[1]))


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


def reads(matcher, document, mask, words, masks, tokens):
    """Whether a document is read to its end."""
    for token in document:
        timed(masks, matcher.unsafe_compute_mask_ptr, ctypes.addressof(mask), 4 * words)
        if not mask[token // 32] >> (token % 32) & 1:
            return False
        timed(tokens, matcher.consume_token, token)
    return matcher.is_accepting()


def beside(lines, path):
    """llguidance on what was written down."""
    compiles, masks, tokens, unused = [], [], [], []
    refused, counts = 0, {True: [0, 0], False: [0, 0]}  # valid: documents, those read
    vocabulary = Vocabulary(json.loads(lines.readline()), path)
    tokenizer = llguidance.LLTokenizer(llguidance.TokenizerWrapper(vocabulary))
    words = (len(vocabulary.tokens) + 31) // 32
    mask = (ctypes.c_uint32 * words)()
    for line in map(json.loads, lines):
        if "schema" in line:
            start = timed(compiles, compile_schema, tokenizer, line["schema"])
            refused += start is None
        elif start is not None:
            valid = line["valid"]
            times = (masks, tokens) if valid else (unused, unused)
            counts[valid][0] += 1
            counts[valid][1] += reads(start.deep_copy(), line["document"], mask, words, *times)
    (valid, read), (invalid, taken) = counts[True], counts[False]
    print(f"llguidance {llguidance.__version__}: {refused} refused; {valid} valid documents, {valid - read} refused; "
          f"{invalid} invalid ones, {taken} taken")
    report("compile", compiles)
    report("mask", masks)
    report("token", tokens)


def main():
    bench, tokenizer_path, *arguments = sys.argv[1:]
    with tempfile.NamedTemporaryFile("r", suffix=".jsonl") as lines, tempfile.TemporaryDirectory() as folder:
        files = [written_anew(path, folder) for path in files_of(arguments)]
        subprocess.run([bench, "-o", lines.name, tokenizer_path, *files], check=True)
        beside(lines, tokenizer_path)


if __name__ == "__main__":
    main()
