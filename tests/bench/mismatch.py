"""tests/bench/mismatch.py BINARY MODEL [TYPES [PROMPTS SAMPLES]] - how far a sampler's log-probabilities are from a float32 trainer's, by the type of its weights.

MODEL has float weights (a folder or GGUF; `--float QUANTISED.gguf OUT.gguf` makes one of a quantised file, by the package gguf).
For each type of TYPES (as-is,bf16,f16,q8_0,q4_1,q4_0) a server samples rollouts (8 prompts of 8); then the reference engine, float32 products of
the float weights, scores the same ids as a trainer would. Printed, over all sampled tokens, d being trainer's minus
sampler's log-probability: the mean of |d|, its 99th percentile, the largest |d|, the mean of exp(d) - 1 - d (an estimate of the divergence, in nats),
and the share of tokens whose ratio exp(d) leaves 0.8 to 1.2, where PPO clips.

SPDX-License-Identifier: Apache-2.0
"""
import json
import re
import subprocess
import sys
import urllib.request

import numpy

PROMPTS, SAMPLES = map(int, sys.argv[4:6]) if len(sys.argv) > 5 and sys.argv[1] != "--float" else (8, 8)
TOKENS = 64


def make_float(source, target):
    """A copy of a GGUF file with every tensor as float32."""
    import gguf
    reader = gguf.GGUFReader(source)
    arch = reader.get_field("general.architecture").contents()
    writer = gguf.GGUFWriter(target, arch)
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name in ("general.architecture", "general.file_type", "general.quantization_version"):
            continue
        kind = field.types[0]
        writer.add_key_value(field.name, field.contents(), kind, field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)
    for t in reader.tensors:
        values = gguf.dequantize(t.data, t.tensor_type).astype(numpy.float32)
        writer.add_tensor(t.name, values.reshape(tuple(reversed(t.shape.tolist()))))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


class Server:
    def __init__(self, binary, model, *flags):
        self.process = subprocess.Popen([binary, "serve", "--model", model, "--port", "0", *flags], stderr=subprocess.PIPE, text=True)
        self.port = next(m.group(1) for line in self.process.stderr if (m := re.search(r"event=listening .*port=(\d+)", line)))
        next(line for line in self.process.stderr if "event=ready" in line)

    def post(self, path, body):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=3600) as reply:
            return json.load(reply)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def sample(server):
    prompts = [{"messages": [{"role": "user", "content": f"What is {17 * i + 23} + {31 * i + 8}?"}]} for i in range(PROMPTS)]
    groups = server.post("/v1/rollouts", {
        "prompts": prompts, "n": SAMPLES, "seed": 1, "sampling": {"temperature": 1, "max_tokens": TOKENS}, "rewards": [{"name": "format"}],
        "return": ["token_ids", "logprobs", "prompt_token_ids"]})["groups"]
    return [(g["prompt_token_ids"], s["token_ids"], s["logprobs"]) for g in groups for s in g["samples"]]


def score(server, prompt, ids):
    reply = server.post("/v1/completions", {"prompt": prompt + ids, "max_tokens": 1, "prompt_logprobs": 0})
    tail = reply["choices"][0]["prompt_logprobs"][len(prompt):]
    return [p[str(i)]["logprob"] for p, i in zip(tail, ids)]


def main():
    if sys.argv[1] == "--float":
        return make_float(*sys.argv[2:4])
    binary, model = sys.argv[1:3]
    types = (sys.argv[3] if len(sys.argv) > 3 else "as-is,bf16,f16,q8_0,q4_1,q4_0").split(",")
    trainer = Server(binary, model, "--engine", "reference")
    print("| weights | mean abs. | 99 % | largest | divergence | clipped |\n|---|---|---|---|---|---|")
    for kind in types:
        server = Server(binary, model, "--weights", kind)
        rows = sample(server)
        server.stop()
        d = numpy.concatenate([numpy.array(score(trainer, p, ids)) - numpy.array(own) for p, ids, own in rows])
        size, ratio = numpy.abs(d), numpy.exp(d)
        print(f"| {kind} | {size.mean():.5f} | {numpy.quantile(size, 0.99):.4f} | {size.max():.4f} | {(ratio - 1 - d).mean():.6f} | "
              f"{100 * ((ratio < 0.8) | (ratio > 1.2)).mean():.2f} % |", flush=True)
    trainer.stop()


if __name__ == "__main__":
    main()
