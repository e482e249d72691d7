# SPDX-License-Identifier: Apache-2.0
"""Trains the built-in model on two CPU cores.

Nothing is stored between data.py and the model: step n draws its problems from
seed n, so a run that stops can go on from its last checkpoint and see the same
data as one that never stopped. The choices that make 90 minutes enough:

 - Loss on the completion only; the question is given, never predicted.
 - No packing. A step's problems are sorted by length and cut into a few
   micro-batches that need little padding; each row is one conversation.
 - bfloat16 matrix products (AVX512-BF16), float32 weights, and Muon for the
   matrices: an orthogonalised update learns the tables in far fewer steps
   than AdamW, which keeps the embedding and the norms.
 - One process of one thread for each core, which meet once a step to add their
   gradients. Two threads in one process meet at every operation instead, and
   where another program runs on one of the cores each meeting waits for it.
 - Each layer compiled: a third faster, and the six share one compilation.
 - The schedule follows the training time used, not a number of steps, so a
   busy machine gets a shorter run and not an unfinished one: warm-up, constant,
   then linear decay to zero over the last part.

    python train.py --minutes 80           # checkpoint.pt in --out, again to resume
"""
import argparse
import ctypes
import itertools
import os
import tempfile
import time

import torch
import torch.distributed as dist
import torch.nn.functional as F

import data
import tokenizer
from model import Config, Llama

WARM_STEPS = 40
DECAY_FROM = 0.5      # of the time
STEP_SECONDS = 30.0   # a longer step was a suspended process, and is not counted in full


def encode(tok, problems):
    """[(ids, length of the prompt)]; the completion ends with <|im_end|>."""
    texts = [(tokenizer.render(p.messages()), p.completion() + "<|im_end|>") for p in problems]
    prompts = tok.encode_batch([a for a, _ in texts])
    completions = tok.encode_batch([b for _, b in texts])
    return [(a.ids + b.ids, len(a.ids)) for a, b in zip(prompts, completions)]


def micro_batches(rows, parts):
    """Rows of similar length together: (tokens, targets), targets -1 where no loss is wanted."""
    total, batch, size = sum(len(ids) for ids, _ in rows), [], 0
    for i, row in enumerate(rows):
        batch.append(row)
        size += len(row[0])
        if size >= total / parts or i == len(rows) - 1:
            width = -(-max(len(ids) for ids, _ in batch) // 8) * 8
            tokens = torch.zeros(len(batch), width, dtype=torch.long)
            targets = torch.full((len(batch), width), -1)
            for j, (ids, prompt) in enumerate(batch):
                tokens[j, :len(ids)] = torch.tensor(ids)
                targets[j, prompt - 1:len(ids) - 1] = torch.tensor(ids[prompt:])
            yield tokens, targets
            batch, size = [], 0


def loss_sum(model, tokens, targets):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = model.hidden(tokens)
        wanted = targets >= 0
        logits = model.logits(hidden[wanted])
    return F.cross_entropy(logits.float(), targets[wanted], reduction="sum")


def keep_memory():
    """Tell glibc to keep freed memory. By default every large activation is mapped from
    the kernel and given back, and much of the time goes into clearing pages."""
    M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
    libc = ctypes.CDLL(None)
    for option, value in ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 2**31 - 1), (M_TOP_PAD, 2**28)):
        libc.mallopt(option, value)


def add_up(model, *numbers):
    """Sum the gradients and some numbers over the workers; returns the numbers."""
    parts = [p.grad.flatten() for p in model.parameters()] + [torch.tensor(numbers)]
    flat = torch.cat(parts)
    dist.all_reduce(flat)
    at = 0
    for p in model.parameters():
        p.grad.copy_(flat[at:at + p.numel()].view_as(p))
        at += p.numel()
    return flat[at:].tolist()


def share(matrices, workers):
    """Every worker takes the step of its own matrices, then all receive all of them."""
    flat = torch.cat([p.detach().flatten() if mine else torch.zeros(p.numel()) for p, mine in matrices])
    if workers > 1:
        dist.all_reduce(flat)
    at = 0
    with torch.no_grad():
        for p, mine in matrices:
            if not mine:
                p.copy_(flat[at:at + p.numel()].view_as(p))
            at += p.numel()


def rate(step, used):
    """Factor of the learning rates, at a step and a share of the time."""
    return min(1.0, (step + 1) / WARM_STEPS, max(0.0, (1.0 - used) / (1.0 - DECAY_FROM)))


def save(out, rank, model, optimizers, step, spent):
    """Each worker keeps the state of its own optimizers; the first one the model too.
    Written aside and renamed: there is always one whole checkpoint."""
    files = {f"worker{rank}.pt": {"step": step, "optimizers": [o.state_dict() for o in optimizers]}}
    if rank == 0:
        files["checkpoint.pt"] = {"model": model.state_dict(), "step": step, "spent": spent, "config": vars(model.c)}
    for name, content in files.items():
        path = os.path.join(out, name)
        torch.save(content, path + ".new")
        os.replace(path + ".new", path)


def resume(out, rank, model, optimizers):
    """(step, seconds spent) of the last checkpoint. An optimizer whose file is of another
    step, because the run was killed between the two, starts without momentum."""
    path = os.path.join(out, "checkpoint.pt")
    if not os.path.exists(path):
        return 0, 0.0
    saved = torch.load(path)
    model.load_state_dict(saved["model"])
    path = os.path.join(out, f"worker{rank}.pt")
    own = torch.load(path) if os.path.exists(path) else {"step": -1}
    if own["step"] == saved["step"]:
        for o, state in zip(optimizers, own["optimizers"]):
            o.load_state_dict(state)
    return saved["step"], saved["spent"]


def work(rank, meeting, args):
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=args.workers)
    keep_memory()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    tok = tokenizer.load()
    model = Llama(Config(layers=args.layers, ffn=args.ffn))
    matrices = [p for n, p in model.named_parameters() if p.dim() == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.dim() != 2 or "embed" in n]
    owned = [(p, i % args.workers == rank) for i, p in enumerate(matrices)]
    optimizers = [torch.optim.Muon([p for p, mine in owned if mine], lr=args.muon_lr, momentum=0.95, weight_decay=0.01),
                  torch.optim.AdamW(others, lr=args.adam_lr, betas=(0.9, 0.98), weight_decay=0.0)]
    step, spent = resume(args.out, rank, model, optimizers)
    if rank == 0:
        print(f"{sum(p.numel() for p in model.parameters()):,} parameters, from step {step}", flush=True)
    for layer in model.layers:
        layer.compile(dynamic=True)

    seen, losses, began = 0, 0.0, time.monotonic()
    start = time.monotonic()
    while spent < args.minutes * 60:
        rows = encode(tok, itertools.islice(data.stream(step), args.problems))
        rows = sorted((r for r in rows if len(r[0]) <= model.c.context), key=lambda r: len(r[0]))
        wanted = sum(len(ids) - prompt for ids, prompt in rows)
        loss = 0.0
        for tokens, targets in micro_batches(rows[rank::args.workers], args.parts):
            part = loss_sum(model, tokens, targets) / wanted
            part.backward()
            loss += part.item()
        loss, seconds = add_up(model, loss, min(time.monotonic() - start, STEP_SECONDS) / args.workers)
        start = time.monotonic()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        factor = rate(step, spent / (args.minutes * 60))
        for o, base in zip(optimizers, (args.muon_lr, args.adam_lr)):
            o.param_groups[0]["lr"] = base * factor
            o.step()
        model.zero_grad(set_to_none=True)
        share(owned, args.workers)
        spent += seconds
        step += 1
        seen += sum(len(ids) for ids, _ in rows)
        losses += loss
        if rank == 0 and step % 20 == 0:
            now = time.monotonic()
            print(f"step {step} loss {losses / 20:.4f} lr {factor:.3f} {spent / 60:.1f} min {seen / (now - began):.0f} tokens/s", flush=True)
            began, seen, losses = now, 0, 0.0
        if step % args.save_every == 0:
            save(args.out, rank, model, optimizers, step, spent)
    save(args.out, rank, model, optimizers, step, spent)
    dist.destroy_process_group()


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--out", default="checkpoints")
    args.add_argument("--minutes", type=float, default=80)
    args.add_argument("--problems", type=int, default=64, help="a step")
    args.add_argument("--parts", type=int, default=5, help="micro-batches a step and worker")
    args.add_argument("--workers", type=int, default=2)
    args.add_argument("--muon-lr", type=float, default=0.02)
    args.add_argument("--adam-lr", type=float, default=3e-3)
    args.add_argument("--layers", type=int, default=Config.layers)
    args.add_argument("--ffn", type=int, default=Config.ffn)
    args.add_argument("--save-every", type=int, default=100)
    args = args.parse_args()
    os.makedirs(args.out, exist_ok=True)
    meeting = os.path.join(tempfile.mkdtemp(), "meeting")
    torch.multiprocessing.spawn(work, (meeting, args), nprocs=args.workers)


if __name__ == "__main__":
    main()
