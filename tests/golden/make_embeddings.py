"""tests/golden/make_embeddings.py - what transformers makes of hidden states, for /v1/embeddings.

  pip install torch transformers==5.24.0 gguf
  python tests/golden/make_embeddings.py

Writes data/embeddings.json: of some lists of token ids the mean of the final hidden states, the last one and the
first one, in float32 from the dequantised weights of the built-in model.

SPDX-License-Identifier: Apache-2.0
"""
import json
import pathlib

import torch
import transformers

ROOT = pathlib.Path(__file__).resolve().parents[2]
INPUTS = [[5, 6, 7], [9], list(range(20, 90)), [100, 3, 3, 3, 250, 17]]


@torch.no_grad()
def main():
    model = transformers.AutoModel.from_pretrained(ROOT / "models", gguf_file="touchstone-tiny.gguf", dtype=torch.float32).eval()
    rows = []
    for ids in INPUTS:
        hidden = model(torch.tensor([ids])).last_hidden_state[0].double()
        rows.append({"ids": ids, **{name: [round(x, 6) for x in v.tolist()] for name, v in
                                    {"mean": hidden.mean(0), "last": hidden[-1], "cls": hidden[0]}.items()}})
    out = ROOT / "tests/golden/data/embeddings.json"
    out.write_text(json.dumps({"model": "models/touchstone-tiny.gguf", "inputs": rows}) + "\n")


if __name__ == "__main__":
    main()
