"""tests/golden/render_templates.py - what Hugging Face's transformers makes of data/templates.json.

  pip install jinja2==3.1.6 transformers
  python tests/golden/render_templates.py

Each case is a template and the name of a context; this writes "rendered" or "error" beside them, in place. To add a
case, append {"template": ..., "context": ...} and run it. strftime_now shows "now" (seconds since 1970, UTC).

SPDX-License-Identifier: Apache-2.0
"""
import copy
import datetime
import json
import pathlib

import transformers.utils.chat_template_utils as chat

PATH = pathlib.Path(__file__).parent / "data" / "templates.json"


def clock(now):
    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.datetime.fromtimestamp(now, datetime.timezone.utc).replace(tzinfo=None)
    return Clock


def render(template, context):
    """The key and the value to store."""
    try:
        return "rendered", chat._compile_jinja_template(template).render(**copy.deepcopy(context))
    except Exception as error:
        return "error", f"{type(error).__name__}: {error}"


def main():
    document = json.loads(PATH.read_text())
    chat.datetime = clock(document["now"])
    for case in document["cases"]:
        case.pop("rendered", None)
        case.pop("error", None)
        key, value = render(case["template"], document["contexts"][case["context"]])
        case[key] = value
    lines = ",\n".join("  " + json.dumps(case, ensure_ascii=False) for case in document["cases"])
    contexts = ",\n".join(f"  {json.dumps(name)}: {json.dumps(context, ensure_ascii=False)}"
                          for name, context in document["contexts"].items())
    PATH.write_text(f'{{"now": {document["now"]},\n "contexts": {{\n{contexts}}},\n "cases": [\n{lines}]}}\n')


main()
