"""Chat, streamed: the thoughts first, then the answer. `pip install openai`, then

    python examples/openai_chat.py "What is 47 * 6 + 12?"

SERVER_URL is the server's address. Other models: `touchstone serve --model FILE`.

SPDX-License-Identifier: Apache-2.0
"""

import os
import sys

from openai import OpenAI

SERVER = os.environ.get("SERVER_URL", "http://127.0.0.1:8080")


def chat(question, **sampling):
    """Yields ("reasoning" | "content", piece of text) as the model writes."""
    client = OpenAI(base_url=SERVER + "/v1", api_key="none")
    model = client.models.list().data[0].id
    messages = [{"role": "user", "content": question}]
    stream = client.chat.completions.create(model=model, messages=messages, stream=True, **sampling)
    for chunk in stream:
        for choice in chunk.choices:
            thought = getattr(choice.delta, "reasoning_content", None)
            if thought:
                yield "reasoning", thought
            if choice.delta.content:
                yield "content", choice.delta.content


if __name__ == "__main__":
    question = " ".join(sys.argv[1:]) or "What is 47 * 6 + 12?"
    kind = "reasoning"
    for now, text in chat(question, temperature=0):
        print("\n\n" if now != kind else "", text, sep="", end="", flush=True)
        kind = now
    print()
