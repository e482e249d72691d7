"""Writes the built-in model as the folder of float32 weights that trl_grpo.py trains: trl_model.py FOLDER

SPDX-License-Identifier: Apache-2.0
"""

import pathlib
import sys

import torch
from gguf import GGUFReader
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

MODELS = pathlib.Path(__file__).resolve().parents[2] / "models"
FILE = "touchstone-tiny.gguf"


def chat_template():
    field = GGUFReader(str(MODELS / FILE)).fields["tokenizer.chat_template"]
    return bytes(field.parts[field.data[0]]).decode()


def main(folder):
    read = LlamaForCausalLM.from_pretrained(MODELS, gguf_file=FILE, dtype=torch.float32)
    settings = {k: v for k, v in read.config.to_dict().items() if k != "quantization_config"}
    model = LlamaForCausalLM(LlamaConfig(**settings))  # without what it remembers of the GGUF file
    model.load_state_dict(read.state_dict())
    model.save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_file=str(MODELS / "tokenizer.json"), chat_template=chat_template(), bos_token="<|endoftext|>",
        eos_token="<|im_end|>", pad_token="<|endoftext|>",
    ).save_pretrained(folder)


if __name__ == "__main__":
    main(sys.argv[1])
