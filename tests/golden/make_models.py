"""tests/golden/make_models.py - tiny random models of shapes that published ones seldom have, with reference outputs.

  pip install torch transformers==5.23.0
  python tests/golden/make_models.py

Writes data/<name>/ and data/<name>.json: what transformers computes in float32 from the BF16 weights as they lie in
the folder. Weights are scaled so that logits have a standard deviation near 4 and a wrong detail shows at once.

SPDX-License-Identifier: Apache-2.0
"""
import json
import math
import pathlib

import torch
import transformers

DATA = pathlib.Path(__file__).parent / "data"
ROPE = {"rope_type": "default", "rope_theta": 10000.0}
SIZES = dict(vocab_size=96, hidden_size=48, intermediate_size=64, max_position_embeddings=256, attention_bias=True)
MODELS = {
    # layers without experts by number and by step; biases; more heads than one pass takes
    "qwen3moe-uneven": transformers.Qwen3MoeConfig(
        **SIZES, num_hidden_layers=4, num_attention_heads=26, num_key_value_heads=2, head_dim=8, num_experts=6,
        num_experts_per_tok=2, moe_intermediate_size=24, norm_topk_prob=True, decoder_sparse_step=2, mlp_only_layers=[3],
        rope_parameters=ROPE | dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=64, truncate=False)),
    # biases of the latent's projections; more heads than one pass takes; tied
    "deepseek2-bias": transformers.DeepseekV2Config(
        **SIZES, num_hidden_layers=2, num_attention_heads=16, num_key_value_heads=16, q_lora_rank=20, kv_lora_rank=24,
        qk_nope_head_dim=12, qk_rope_head_dim=6, v_head_dim=10, n_routed_experts=6, num_experts_per_tok=2,
        n_shared_experts=1, moe_intermediate_size=24, first_k_dense_replace=1, topk_method="greedy",
        tie_word_embeddings=True, rope_parameters=ROPE),
}
PROMPT_LENGTHS = (5, 60)
GENERATED = 24
SMALLEST_MARGIN = 0.02


def fill(model):
    random = torch.Generator().manual_seed(1)
    for name, p in model.named_parameters():
        noise = torch.randn(p.shape, generator=random)
        if "norm" in name:
            p.data = 1 + 0.3 * noise
        elif name.endswith("bias"):
            p.data = 0.3 * noise
        elif "embed_tokens" in name or "lm_head" in name:
            p.data = noise * 4 / math.sqrt(p.shape[1])
        else:
            p.data = noise * 1.3 / math.sqrt(p.shape[-1])


@torch.no_grad()
def reference(model, ids):
    """What the model says about a prompt, or None where two tokens are nearly as good."""
    tokens, margins = list(ids), []
    for _ in range(GENERATED):
        best = model(torch.tensor([tokens]), use_cache=False).logits[0, -1].topk(2)
        margins.append((best.values[0] - best.values[1]).item())
        tokens.append(best.indices[0].item())
    logits = model(torch.tensor([tokens]), use_cache=False).logits[0]
    logprobs = torch.log_softmax(logits.double(), -1)
    scores = [None] + [logprobs[i, t].item() for i, t in enumerate(tokens[1:])]
    last = len(ids) - 1
    top = logprobs[last].topk(20)
    return min(margins) > SMALLEST_MARGIN and {
        "ids": list(ids),
        "prompt_logprobs": scores[:len(ids)],
        "last_top20": [[i.item(), logits[last, i].item(), p.item()] for p, i in zip(top.values, top.indices)],
        "greedy_ids": tokens[len(ids):],
        "greedy_logprobs": scores[len(ids):],
        "greedy_margins": margins,
    }


def main():
    for name, config in MODELS.items():
        model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
        fill(model)
        model.to(torch.bfloat16).save_pretrained(DATA / name)
        (DATA / name / "generation_config.json").unlink(missing_ok=True)
        model = transformers.AutoModelForCausalLM.from_pretrained(
            DATA / name, dtype=torch.float32, attn_implementation="eager").eval()
        random = torch.Generator().manual_seed(2)
        prompts = []
        for n in PROMPT_LENGTHS:
            found = None
            while not found:
                found = reference(model, torch.randint(config.vocab_size, (n,), generator=random).tolist())
            prompts.append(found)
        (DATA / f"{name}.json").write_text(json.dumps({"prompts": prompts}) + "\n")


if __name__ == "__main__":
    main()
