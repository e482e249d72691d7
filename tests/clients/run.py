"""Runs client libraries, unmodified and pinned, against the built-in model: `make clients`.

    run.py [NAME...] [--keep DIR]

Every row of CLIENTS is a library: its packages go into an environment of its own under build/clients, its script is run with
BASE_URL and MODEL set, and prints a line "ok CHECK" or "FAIL CHECK: why" for each of its checks, and "say WORDS" for what is
to be shown under them. What the library sends goes through a recorder into tests/data/clients/NAME.json, which
tests/http/test_client_bodies.py replays without any of them.
Prints a table; exits with 1 when a check fails. A new client is a row and a script.

SPDX-License-Identifier: Apache-2.0
"""

import argparse
import collections
import http.client
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
BIN = os.environ.get("TESTED_BIN", str(ROOT / "build/release/touchstone"))
MODEL = str(ROOT / "models/touchstone-tiny.gguf")

# name: (packages, script). A script's ending tells how it is run, and from where its packages come: PyPI or npm.
CLIENTS = {
    "openai": (["openai==3.57.0", "pydantic==2.14.4"], "openai_structured.py"),
    "langchain": (["langchain-openai==1.7.4"], "langchain_structured.py"),
    "instructor": (["instructor==1.17.0"], "instructor_structured.py"),
    "pydantic-ai": (["pydantic-ai-slim[openai]==2.68.0"], "pydantic_ai_structured.py"),
    "outlines": (["outlines==1.3.3", "openai==3.57.0"], "outlines_structured.py"),
    "openai-responses": (["openai==3.57.0", "pydantic==2.14.4"], "openai_responses.py"),
    "anthropic": (["anthropic==2.14.0"], "anthropic_messages.py"),
    "ollama": (["ollama==0.6.3"], "ollama_package.py"),
    "litellm": (["litellm==1.110.2"], "litellm_calls.py"),
    "lm-eval": (["lm-eval[api]==0.4.13", "pydantic==2.14.4"], "lm_eval_models.py"),
    "inspect": (["inspect-ai==0.3.285", "openai==3.57.0", "anthropic==2.14.0"], "inspect_evaluation.py"),
    "trl": (["trl==1.16.0", "torch==2.13.0", "transformers==5.24.0", "requests==2.34.2", "pillow==13.0.0"], "trl_client.py"),
    "renderers": (["renderers==0.1.12", "openai==2.54.0"], "renderers_generate.py"),
    "verifiers": (["verifiers==0.4.0", "uv==0.13.9"], "verifiers_rollout.py"),
    "trl-grpo": (["torch==2.13.0", "transformers==5.24.0", "trl==1.16.0", "gguf==0.19.0"], "trl_grpo.py"),
    "openai-js": (["openai@7.59.0", "zod@4.6.7"], "openai_structured.mjs"),
    "anthropic-js": (["@anthropic-ai/sdk@1.14.0"], "anthropic_messages.mjs"),
}
# Clients that change the weights have a server of their own: its model is the folder that a script of theirs writes.
OWN_MODEL = {"trl-grpo": "trl_model.py"}
LOOPS = 2  # bodies that are kept of a path where a training run asks the same at every step
LONGEST = 16384  # bytes of a body that is kept
PATIENCE = 900  # seconds for one script


def tensors_of(safetensors):
    """{name: [dtype, shape]} of a file's bytes."""
    header = json.loads(safetensors[8 : 8 + int.from_bytes(safetensors[:8], "little")])
    return {name: [t["dtype"], t["shape"]] for name, t in header.items() if name != "__metadata__"}


class Recorder(http.server.ThreadingHTTPServer):
    """Passes requests on to the server and keeps the bodies of those that POST; of weights that are PUT, what they are."""

    daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", 0), Pass)
        self.to = port
        self.kept = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Pass(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"  # a reply ends with its connection, streams too

    def log_message(self, *args):
        pass

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        skip = {"host", "connection", "accept-encoding", "content-length"}
        headers = {k: v for k, v in self.headers.items() if k.lower() not in skip}
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.to, timeout=PATIENCE)
        upstream.request(self.command, self.path, body if self.command in {"POST", "PUT"} else None, headers)
        reply = upstream.getresponse()
        if self.command == "POST" and body:
            self.server.kept.append({"path": self.path, "status": reply.status, "body": json.loads(body)})
        if self.command == "PUT":
            said = {k: v for k, v in headers.items() if k.startswith("X-")}
            self.server.kept.append({"path": self.path, "status": reply.status, "headers": said, "tensors": tensors_of(body)})
        self.send_response(reply.status)
        for name, value in reply.getheaders():
            if name.lower() not in {"connection", "transfer-encoding", "content-length"}:
                self.send_header(name, value)
        self.end_headers()
        while piece := reply.read1(65536):
            self.wfile.write(piece)
            self.wfile.flush()
        upstream.close()

    do_GET = do_POST = do_PUT = do_DELETE = forward


def install(name, packages, script):
    """The command that runs a script where its packages are."""
    home = ROOT / "build/clients" / name
    done = home / "installed"
    wanted = "\n".join(packages)
    node = script.endswith(".mjs")
    if not done.exists() or done.read_text() != wanted:
        home.mkdir(parents=True, exist_ok=True)
        quiet = {"check": True, "stdout": subprocess.DEVNULL}
        if node:
            (home / "package.json").write_text("{}")
            subprocess.run(["npm", "install", "--no-audit", "--no-fund", *packages], cwd=home, **quiet)
        else:
            subprocess.run([sys.executable, "-m", "venv", str(home)], **quiet)
            subprocess.run([str(home / "bin/pip"), "install", "-q", "--disable-pip-version-check", *packages], **quiet)
        done.write_text(wanted)
    if not node:
        return [str(home / "bin/python"), str(HERE / script)], HERE
    (home / script).write_text((HERE / script).read_text())  # node looks for packages beside the script
    return ["node", str(home / script)], home


def start_server(model=MODEL):
    process = subprocess.Popen([BIN, "serve", "--model", str(model), "--port", "0"], stderr=subprocess.PIPE, text=True)
    port = None
    for line in process.stderr:
        if found := re.search(r"event=listening .*port=(\d+)", line):
            port = int(found.group(1))
        if "event=ready" in line:
            break
    threading.Thread(target=lambda: [None for _ in process.stderr], daemon=True).start()
    assert port is not None, "the server does not listen"
    return process, port


def run(command, where, port, **more):
    """[(check, why it failed or None)], what it says, what it sent"""
    recorder = Recorder(port)
    env = {**os.environ, "BASE_URL": f"http://127.0.0.1:{recorder.server_port}/v1", "MODEL": "touchstone-tiny", "OPENAI_API_KEY": "none", **more}
    ran = subprocess.run(command, cwd=where, env=env, capture_output=True, text=True, timeout=PATIENCE)
    recorder.shutdown()
    checks = [(m[2], m[3] if m[1] == "FAIL" else None) for m in re.finditer(r"^(ok|FAIL) ([^:\n]+)(?:: (.*))?$", ran.stdout, re.M)]
    if ran.returncode != 0 or not checks:
        checks.append(("the script itself", ran.stderr.strip()[-300:]))
    return checks, re.findall(r"^say (.*)$", ran.stdout, re.M), recorder.kept


def run_with_own_model(name, command, where):
    """The same, with a server for this client alone."""
    with tempfile.TemporaryDirectory() as above:
        folder = f"{above}/touchstone-tiny"  # the model's name
        subprocess.run([command[0], str(HERE / OWN_MODEL[name]), folder], check=True, capture_output=True)
        process, port = start_server(folder)
        try:
            return run(command, where, port, MODEL_FOLDER=folder)
        finally:
            process.terminate()
            process.wait()


def keep(folder, name, packages, checks, sent):
    """Each body once; what a run makes up (ids, times) would change the file."""
    rows, seen, of_path = [], set(), collections.Counter()
    for row in sent:
        text = re.sub(r"\b(toolu|call|resp|rs|msg|fc)_[0-9A-Za-z_-]{16,}", r"\1_0", json.dumps(row, sort_keys=True))
        text = re.sub(r"\bcall-[0-9a-f]{24}", "call-0", text)
        if row["status"] != 200 or text in seen or "previous_response_id" in row.get("body", {}):
            continue
        if len(text) > LONGEST or name in OWN_MODEL and of_path[row["path"]] == LOOPS:
            continue
        seen.add(text)
        of_path[row["path"]] += 1
        rows.append({k: v for k, v in json.loads(text).items() if k != "status"})
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"checks": checks, "packages": packages, "requests": rows}, indent=1, sort_keys=True, ensure_ascii=False)
    (folder / f"{name}.json").write_text(text + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME", help="of clients; all")
    parser.add_argument("--keep", type=pathlib.Path, help="write what was sent into this folder")
    args = parser.parse_args()
    failed = 0
    process, port = start_server()
    try:
        for name in args.names or CLIENTS:
            packages, script = CLIENTS[name]
            command, where = install(name, packages, script)
            own = name in OWN_MODEL
            checks, said, sent = run_with_own_model(name, command, where) if own else run(command, where, port)
            good = sum(why is None for _, why in checks)
            failed += len(checks) - good
            print(f"{name:14} {good:3} of {len(checks):3}   {' '.join(packages)}", flush=True)
            for line in said:
                print(f"{'':14} {line}")
            for check, why in checks:
                if why is not None:
                    print(f"{'':14} FAIL {check}: {why}")
            if args.keep is not None and good == len(checks):
                keep(args.keep, name, packages, [check for check, _ in checks], sent)
    finally:
        process.terminate()
        process.wait()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
