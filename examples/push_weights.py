"""New weights into a server at work, over plain HTTP: no shared folder, no NCCL.

    python3 examples/push_weights.py model.safetensors [VERSION]

In a training loop of your own:     push(model.state_dict(), version=str(step))
In a Trainer of transformers, TRL:  trainer.add_callback(pusher())    # after every optimizer step

The answer comes when new requests are served by the new weights; those at work end on their own (policy="finish"),
go on with the new ones ("switch") or end ("abort"). docs/weights.md has the rest.
"""
import base64
import hashlib
import json
import os
import sys
import urllib.error
import urllib.request

SERVER = os.environ.get("SERVER_URL", "http://127.0.0.1:8080")


def push(weights, version=None, policy="finish", part="whole"):
    """weights: the bytes of a safetensors file, or a state_dict of torch's (then safetensors must be installed)."""
    if not isinstance(weights, bytes):
        import safetensors.torch
        own = {name: t.detach().cpu().contiguous().clone() for name, t in weights.items()}  # clone: tied ones share memory
        weights = safetensors.torch.save(own)
    digest = base64.b64encode(hashlib.sha256(weights).digest()).decode()
    headers = {"Content-Type": "application/octet-stream", "Content-Digest": f"sha-256=:{digest}:", "X-Policy": policy}
    if version is not None:
        headers["X-Version"] = version
    request = urllib.request.Request(f"{SERVER}/v1/weights?part={part}", weights, headers, method="PUT")
    try:
        with urllib.request.urlopen(request) as reply:
            return json.load(reply)  # {"version", "sha256", "tensors", "seconds"}
    except urllib.error.HTTPError as refused:
        refused.msg = refused.read().decode(errors="replace")  # the server's own words, in place of "Bad Request"
        raise


def pusher():
    """A callback that pushes after every step of a transformers Trainer, TRL's among them."""
    import transformers

    class Pusher(transformers.TrainerCallback):
        def on_step_end(self, args, state, control, model=None, **kwargs):
            push(model.state_dict(), version=str(state.global_step))

    return Pusher()


if __name__ == "__main__":
    try:
        with open(sys.argv[1], "rb") as f:
            print(push(f.read(), *sys.argv[2:3]))
    except OSError as e:  # no file, no server, or a push that was refused
        sys.exit(f"push_weights.py: {e}")
