"""tests/golden/make_adapters.py - random adapters of the tiny models, with reference outputs.

  pip install torch transformers==5.23.0 peft gguf
  python tests/golden/make_adapters.py

Writes data/adapters/<name>/ (a PEFT folder) and data/adapters/<name>.json: what PEFT computes in float32, the
adapter not merged. Experts have matrices of their own in these folders, as models of transformers 4 had them; PEFT
on transformers 5 can't make such files, so of feed-forward blocks of models with experts the reference is the model
with the products added to its weights.

SPDX-License-Identifier: Apache-2.0
"""
import json
import math
import pathlib
import shutil
import sys
import tempfile

import peft
import safetensors.torch
import torch
import transformers

import make_models

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "http"))
import checkpoints

DATA = make_models.DATA
OUT = DATA / "adapters"
MLP = ["gate_proj", "up_proj", "down_proj"]
ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
EXPERTS = {"gate_proj": ("gate_up_proj", 0), "up_proj": ("gate_up_proj", 1), "down_proj": ("down_proj", None)}
# name -> (model, its GGUF or None, LoraConfig, dtype of the file, feed-forward blocks too). Whole matrices lie in the
# file where modules_to_save names them, and (PEFT's save_embedding_layers) beneath LoRA of the two ends of WHOLE_ENDS.
WHOLE_ENDS = {"qwen3moe-whole"}
ADAPTERS = {
    "llama-plain": ("", "llama-k256-q4_k_m.gguf", dict(r=4, lora_alpha=8, target_modules=ATTENTION + MLP),
                    torch.bfloat16, False),
    "llama-patterns": ("", "llama-k256-q4_k_m.gguf", dict(
        r=3, lora_alpha=5, use_rslora=True, target_modules=["q_proj", "v_proj", "down_proj"],
        rank_pattern={"v_proj": 9, r"layers\.[01]\.mlp\.down_proj": 17},
        alpha_pattern={"layers.0.self_attn.q_proj": 7.5}), torch.float32, False),
    "qwen2-dora": ("", "qwen2-bias-q8_0.gguf", dict(
        r=4, lora_alpha=4, use_dora=True, bias="all", target_modules=["q_proj", "k_proj", "o_proj", "up_proj"]),
                   torch.float16, False),
    "qwen3moe-ends": ("qwen3moe-uneven", None, dict(
        r=5, lora_alpha=6, bias="lora_only", target_modules=ATTENTION + ["lm_head", "embed_tokens"]), torch.float32,
                      False),
    "qwen3moe-experts": ("qwen3moe-uneven", None, dict(r=2, lora_alpha=3, target_modules=["o_proj"]), torch.float32,
                         True),
    "deepseek2-latent": ("deepseek2-bias", None, dict(
        r=4, lora_alpha=8, target_modules=["q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", "o_proj"]),
                         torch.float32, True),
    "qwen2-saved": ("", "qwen2-bias-q8_0.gguf", dict(
        r=4, lora_alpha=8, target_modules=["q_proj", "down_proj"],
        modules_to_save=["embed_tokens", "lm_head", "v_proj"]), torch.float16, False),
    "qwen3moe-whole": ("qwen3moe-uneven", None, dict(
        r=3, lora_alpha=6, target_modules=["o_proj", "lm_head", "embed_tokens"],
        modules_to_save=["k_proj", "up_proj", "gate"]), torch.bfloat16, False),
}


def base(name, gguf):
    kind = dict(attn_implementation="eager", dtype=torch.float32)
    if gguf:
        return transformers.AutoModelForCausalLM.from_pretrained(DATA, gguf_file=gguf, **kind).eval()
    return transformers.AutoModelForCausalLM.from_pretrained(DATA / name, **kind).eval()


def fill(model, biases, random):
    """Large enough that a wrong detail shows at once."""
    for name, p in model.named_parameters():
        noise = torch.randn(p.shape, generator=random)
        if "lora_A" in name or "lora_embedding_B" in name:
            p.data = noise / math.sqrt(p.shape[-1])
        elif "lora_B" in name or "lora_embedding_A" in name:
            p.data = noise * 0.3
        elif "magnitude" in name:
            p.data = p.data * (1 + 0.2 * noise)
        elif "modules_to_save" in name and not name.endswith("bias"):
            p.data = p.data + 0.5 * p.data.std() * noise
        elif biases and name.endswith("bias"):
            p.data = p.data + 0.2 * noise


def feed_forward(number, mlp):
    """(name, weight) of the matrices of a layer's feed-forward block, of experts every other one's."""
    at = f"base_model.model.model.layers.{number}.mlp"
    if not hasattr(mlp, "experts"):
        yield from ((f"{at}.{m}", getattr(mlp, m).weight.data) for m in MLP)
        return
    for e in range(0, mlp.experts.gate_up_proj.shape[0], 2):
        for m, (parameter, half) in EXPERTS.items():
            w = getattr(mlp.experts, parameter).data[e]
            yield f"{at}.experts.{e}.{m}", w if half is None else w.chunk(2)[half]
    if hasattr(mlp, "shared_experts"):
        yield from ((f"{at}.shared_experts.{m}", getattr(mlp.shared_experts, m).weight.data) for m in MLP)
    yield f"{at}.gate", mlp.gate.weight.data


def add_feed_forward(model, folder, config, random):
    """Matrices for feed-forward blocks in the file, their products added to the model's own."""
    path = folder / "adapter_model.safetensors"
    tensors = safetensors.torch.load_file(path)
    for number, layer in enumerate(model.get_base_model().model.layers):
        for at, w in feed_forward(number, layer.mlp):
            a = torch.randn(config.r, w.shape[1], generator=random) / math.sqrt(w.shape[1])
            b = torch.randn(w.shape[0], config.r, generator=random) * 0.5
            w += config.lora_alpha / config.r * b @ a
            tensors[f"{at}.lora_A.weight"], tensors[f"{at}.lora_B.weight"] = a, b
    safetensors.torch.save_file(tensors, path)


def merged_sha256(name, model):
    """What /v1/weights says of the checkpoint that PEFT merges this adapter into and saves, in the file's own types."""
    model = transformers.AutoModelForCausalLM.from_pretrained(DATA / model, dtype="auto").eval()
    with tempfile.TemporaryDirectory() as to:
        peft.PeftModel.from_pretrained(model, OUT / name).merge_and_unload().save_pretrained(to)
        return checkpoints.sha256(checkpoints.read(pathlib.Path(to) / "model.safetensors")[0])


def make(name, model, gguf, options, dtype, blocks):
    random = torch.Generator().manual_seed(7)
    kept, model = model, base(model, gguf)
    vocab = model.config.vocab_size
    config = peft.LoraConfig(task_type="CAUSAL_LM", **options)
    model = peft.get_peft_model(model, config)
    fill(model, config.bias != "none", random)
    ends = ["lm_head.base_layer", "embed_tokens.base_layer"] if name in WHOLE_ENDS else []
    for n, p in model.named_parameters():
        if any(e in n for e in ends):
            p.data = p.data + 0.5 * p.data.std() * torch.randn(p.shape, generator=random)
        if "lora_" in n or "modules_to_save" in n or any(e in n for e in ends):
            p.data = p.data.to(dtype).to(torch.float32)
    folder = OUT / name
    model.save_pretrained(folder, save_embedding_layers=bool(ends))
    (folder / "README.md").unlink(missing_ok=True)
    path = folder / "adapter_model.safetensors"
    tensors = safetensors.torch.load_file(path)
    small = {k: v.to(v.dtype if k.endswith("bias") else dtype).contiguous() for k, v in tensors.items()}
    safetensors.torch.save_file(small, path)
    written = json.loads((folder / "adapter_config.json").read_text())
    written["base_model_name_or_path"] = None
    (folder / "adapter_config.json").write_text(json.dumps(written, indent=1, sort_keys=True) + "\n")
    if blocks:
        add_feed_forward(model, folder, config, random)
    prompts = []
    draw = torch.Generator().manual_seed(3)
    for length in make_models.PROMPT_LENGTHS:
        prompt = None
        while not prompt:
            prompt = make_models.reference(model, torch.randint(0, vocab, (length,), generator=draw).tolist())
        prompts.append(prompt)
    merged = {"merged_sha256": merged_sha256(name, kept)} if name in WHOLE_ENDS else {}
    (OUT / f"{name}.json").write_text(json.dumps({**merged, "prompts": prompts}))
    print(name, path.stat().st_size, sorted(small)[:3])


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or ADAPTERS:
        shutil.rmtree(OUT / name, ignore_errors=True)
        make(name, *ADAPTERS[name])


if __name__ == "__main__":
    main()
