"""touchstone tokenize on SentencePiece vocabularies of GGUF files: added tokens that take the white space after them,
with special parsing and without.

The ids are those of Hugging Face's `tokenizers` with the same vocabulary and the added tokens as Phi-3's tokenizer.json
has them: all take the white space after them but <unk>, <s> and <|endoftext|>; </s> is not special, so that it is found
without special parsing, too (encode_special_tokens).

SPDX-License-Identifier: Apache-2.0
"""

import json
import struct
import subprocess

import pytest

from conftest import BIN

NORMAL, UNKNOWN, CONTROL, USER, BYTE = 1, 2, 3, 4, 6
TOKENS = [("<unk>", UNKNOWN), ("<s>", CONTROL), ("</s>", USER), *((f"<0x{b:02X}>", BYTE) for b in range(256)),
          ("▁▁", NORMAL), ("▁a", NORMAL), ("▁b", NORMAL), ("▁c", NORMAL), ("▁", NORMAL), ("a", NORMAL), ("b", NORMAL),
          ("c", NORMAL), ("<|user|>", CONTROL), ("<|end|>", CONTROL), ("<|endoftext|>", CONTROL)]
ID = {text: i for i, (text, _) in enumerate(TOKENS)}


def string(s):
    return struct.pack("<Q", len(s.encode())) + s.encode()


def member(key, kind, value):
    return string(key) + struct.pack("<I", kind) + value


def array(kind, items):
    return struct.pack("<IQ", kind, len(items)) + b"".join(items)


def vocabulary(path, architecture):
    """A GGUF file that holds a vocabulary and no tensor."""
    members = [
        member("general.architecture", 8, string(architecture)),
        member("tokenizer.ggml.model", 8, string("llama")),
        member("tokenizer.ggml.tokens", 9, array(8, [string(t) for t, _ in TOKENS])),
        member("tokenizer.ggml.scores", 9, array(6, [struct.pack("<f", -i) for i in range(len(TOKENS))])),
        member("tokenizer.ggml.token_type", 9, array(5, [struct.pack("<i", k) for _, k in TOKENS])),
    ]
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, len(members)) + b"".join(members))
    return str(path)


def tokenize(path, *lines):
    text = "\n".join(json.dumps(line) for line in lines)
    done = subprocess.run([BIN, "tokenize", "--model", path], input=text, capture_output=True, text=True, check=True)
    return [json.loads(line)["ids"] for line in done.stdout.splitlines()]


NEW_LINE = ID["<0x0A>"]
CASES = [  # text, ids with special parsing, ids without (None: the same)
    ("</s>\n", [2], None),
    (" </s>", [ID["▁▁"], 2], None),
    ("</s> \n\u00a0\u3000b", [2, ID["▁b"]], None),
    ("a</s></s>\n</s>", [ID["▁a"], 2, 2, 2], None),
    ("<|user|>\nb<|end|> c", [ID["<|user|>"], ID["▁b"], ID["<|end|>"], ID["▁c"]], "text"),
    ("<s>\n", [1, ID["▁"], NEW_LINE], "text"),
    ("<|endoftext|> a", [ID["<|endoftext|>"], ID["▁▁"], ID["a"]], "text"),
    ("", [], None),
]


def test_added_tokens_take_what_follows(tmp_path):
    path = vocabulary(tmp_path / "phi.gguf", "phi3")
    for text, parsed, plain in CASES:
        special, ordinary = tokenize(path, {"text": text}, {"text": text, "parse_special": False})
        assert special == parsed, text
        if plain is None:
            assert ordinary == parsed, text
        else:
            assert not {1, ID["<|user|>"], ID["<|end|>"], ID["<|endoftext|>"]} & set(ordinary), text


@pytest.mark.parametrize("text,ids", [("</s>\n", [2, ID["▁"], NEW_LINE]), (" </s>", [ID["▁▁"], 2])])
def test_others_leave_it(tmp_path, text, ids):
    """Llama's and Mistral's added tokens take nothing, and an architecture says nothing of another's."""
    assert tokenize(vocabulary(tmp_path / "llama.gguf", "llama"), {"text": text}) == [ids]
