"""TRL's GRPOTrainer trains with rewards from the server (examples/trl_reward.py).

Skipped where TRL is not installed; examples/README.md says how to run it. A random llama of two layers on the CPU
answers in gibberish, so beside `accuracy` it is paid for the digits it writes, which it can learn in a minute.

SPDX-License-Identifier: Apache-2.0
"""

import os
import statistics
import time

import pytest

from conftest import ROOT
from test_examples import load

STEPS = 24
PROMPTS, SAMPLES = 4, 8
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture
def trl():
    os.environ.update(HF_HUB_OFFLINE="1", CUDA_VISIBLE_DEVICES="")
    pytest.importorskip("torch")
    return pytest.importorskip("trl")


def tiny_tokenizer():
    from transformers import PreTrainedTokenizerFast

    file = str(ROOT / "models/tokenizer.json")
    return PreTrainedTokenizerFast(
        tokenizer_file=file, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=TEMPLATE
    )


def tiny_model(tokenizer):
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, tie_word_embeddings=True,
        bos_token_id=None, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config)


def questions():
    from datasets import Dataset

    sums = [(a, b) for a in range(1, 9) for b in range(1, 9)]
    rows = [{"prompt": [{"role": "user", "content": f"What is {a} + {b}?"}], "answer": str(a + b)} for a, b in sums]
    return Dataset.from_list(rows)


def test_grpo_trains_on_the_servers_rewards(trl, start, tmp_path):
    import torch
    from transformers import set_seed

    set_seed(1)
    torch.set_num_threads(1)  # the model is too small to share
    server = start()
    make = load("trl_reward", server.url).touchstone_reward
    digits = make("contains", columns=[], texts=list("0123456789"), mode="share", scope="all")
    tokenizer = tiny_tokenizer()
    model = tiny_model(tokenizer)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    config = trl.GRPOConfig(
        output_dir=str(tmp_path), max_steps=STEPS, per_device_train_batch_size=PROMPTS * SAMPLES,
        num_generations=SAMPLES, max_completion_length=32, learning_rate=5e-3, lr_scheduler_type="constant",
        beta=0.0, logging_steps=1, save_strategy="no", report_to=[], use_cpu=True, bf16=False,
        gradient_checkpointing=False, disable_tqdm=True, seed=1,
    )
    trainer = trl.GRPOTrainer(
        model, reward_funcs=[make("accuracy"), digits], args=config, train_dataset=questions(),
        processing_class=tokenizer,
    )
    began = time.time()
    trainer.train()
    seconds = time.time() - began

    logs = [entry for entry in trainer.state.log_history if "reward" in entry]
    rewards = [entry["reward"] for entry in logs]
    print(f"\nTRL {trl.__version__}, torch {torch.__version__}: {STEPS} steps in {seconds:.0f} s, mean reward",
          " ".join(f"{r:.3f}" for r in rewards))
    assert trainer.state.global_step == STEPS == len(logs)
    assert server.metric("touchstone_verify_items_total") == STEPS * PROMPTS * SAMPLES * 2
    assert server.metric("touchstone_verify_item_errors_total") == 0
    for entry in logs:
        parts = entry["rewards/accuracy/mean"] + entry["rewards/contains/mean"]
        assert entry["reward"] == pytest.approx(parts, abs=1e-5)
    assert all(not torch.equal(p, before[name]) for name, p in model.named_parameters())
    assert statistics.mean(rewards[-4:]) > 1.5 * statistics.mean(rewards[:4])


def test_its_own_client(trl, server, monkeypatch):
    """What TRL's trainers ask of a vLLM server, but for the transfer of weights, which needs CUDA on both sides."""
    vllm_client = pytest.importorskip("trl.generation.vllm_client")
    monkeypatch.setattr(vllm_client, "is_vllm_available", lambda *a, **k: True)  # it wants the package, and does not use it
    client = vllm_client.VLLMClient(base_url=server.url, connection_timeout=10)
    same = {"seed": 3, "ignore_eos": True}
    got = client.generate(["Hello", "Once upon"], n=2, max_tokens=5, logprobs=2, generation_kwargs=same)
    assert len(got["prompt_ids"]) == 2 and [len(ids) for ids in got["completion_ids"]] == [5] * 4
    again = client.generate(got["prompt_ids"], n=2, max_tokens=5, logprobs=2, generation_kwargs=same)
    assert again["completion_ids"] == got["completion_ids"] and again["logprobs"] == got["logprobs"]
    chat = client.chat([[{"role": "user", "content": "Hi"}]], n=2, max_tokens=5)
    assert len(chat["prompt_ids"]) == 1 and len(chat["completion_ids"]) == 2
    sequence = got["prompt_ids"][0] + got["completion_ids"][0]
    scores = client.get_sequence_logprobs([sequence], [len(sequence) - 5], top_logprobs=3)
    sampled = [p[ids.index(token)] for p, ids, token in zip(got["logprobs"][0], got["logprob_token_ids"][0], sequence[-5:])]
    assert [p[0] for p in scores["actual_logprobs"][0]] == sampled, "scoring says what sampling said, bit for bit"
    assert client.get_world_size() == 1
    client.reset_prefix_cache()
    with pytest.raises(RuntimeError, match="no weight-transfer engine"):
        client.init_communicator(device="cpu")
