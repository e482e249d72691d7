"""Runs client libraries, unmodified and pinned, against the built-in model: `make clients`.

    run.py [NAME...] [--keep DIR]

Every row of CLIENTS is a library: its packages go into an environment of its own under build/clients, its script is run with
BASE_URL and MODEL set, and prints a line "ok CHECK" or "FAIL CHECK: why" for each of its checks. What the library sends
goes through a recorder into tests/data/clients/NAME.json, which tests/http/test_client_bodies.py replays without any of them.
Prints a table; exits with 1 when a check fails. A new client is a row and a script.

SPDX-License-Identifier: Apache-2.0
"""

import argparse
import http.client
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
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
    "openai-js": (["openai@7.59.0", "zod@4.6.7"], "openai_structured.mjs"),
}
PATIENCE = 300  # seconds for one script


class Recorder(http.server.ThreadingHTTPServer):
    """Passes requests on to the server and keeps the bodies of those that POST."""

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
        upstream.request(self.command, self.path, body if self.command == "POST" else None, headers)
        reply = upstream.getresponse()
        if self.command == "POST":
            self.server.kept.append({"path": self.path, "status": reply.status, "body": json.loads(body)})
        self.send_response(reply.status)
        for name, value in reply.getheaders():
            if name.lower() not in {"connection", "transfer-encoding", "content-length"}:
                self.send_header(name, value)
        self.end_headers()
        while piece := reply.read1(65536):
            self.wfile.write(piece)
            self.wfile.flush()
        upstream.close()

    do_GET = do_POST = do_DELETE = forward


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


def start_server():
    process = subprocess.Popen([BIN, "serve", "--model", MODEL, "--port", "0"], stderr=subprocess.PIPE, text=True)
    port = None
    for line in process.stderr:
        if found := re.search(r"event=listening .*port=(\d+)", line):
            port = int(found.group(1))
        if "event=ready" in line:
            break
    threading.Thread(target=lambda: [None for _ in process.stderr], daemon=True).start()
    assert port is not None, "the server does not listen"
    return process, port


def run(name, packages, script, port):
    """[(check, why it failed or None)]"""
    command, where = install(name, packages, script)
    recorder = Recorder(port)
    env = {**os.environ, "BASE_URL": f"http://127.0.0.1:{recorder.server_port}/v1", "MODEL": "touchstone-tiny", "OPENAI_API_KEY": "none"}
    ran = subprocess.run(command, cwd=where, env=env, capture_output=True, text=True, timeout=PATIENCE)
    recorder.shutdown()
    checks = [(m[2], m[3] if m[1] == "FAIL" else None) for m in re.finditer(r"^(ok|FAIL) ([^:\n]+)(?:: (.*))?$", ran.stdout, re.M)]
    if ran.returncode != 0 or not checks:
        checks.append(("the script itself", ran.stderr.strip()[-300:]))
    return checks, recorder.kept


def keep(folder, name, packages, bodies):
    """Each body once; what a run makes up (ids, times) would change the file."""
    rows, seen = [], set()
    for row in bodies:
        text = re.sub(r"\b(toolu|call|resp|rs|msg|fc)_[0-9A-Za-z_-]{16,}", r"\1_0", json.dumps(row, sort_keys=True))
        if row["status"] == 200 and text not in seen and "previous_response_id" not in row["body"]:
            seen.add(text)
            rows.append({"path": row["path"], "body": json.loads(text)["body"]})
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"packages": packages, "requests": rows}, indent=1, sort_keys=True, ensure_ascii=False)
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
            checks, bodies = run(name, packages, script, port)
            good = sum(why is None for _, why in checks)
            failed += len(checks) - good
            print(f"{name:14} {good:3} of {len(checks):3}   {' '.join(packages)}", flush=True)
            for check, why in checks:
                if why is not None:
                    print(f"{'':14} FAIL {check}: {why}")
            if args.keep is not None and good == len(checks):
                keep(args.keep, name, packages, bodies)
    finally:
        process.terminate()
        process.wait()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
