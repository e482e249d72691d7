"""What the scripts of clients share: where the server is, what is asked for, and how checks are told.

SPDX-License-Identifier: Apache-2.0
"""

import os
import traceback
from typing import Literal, Optional

from pydantic import BaseModel, ConfigDict, Field

BASE_URL = os.environ["BASE_URL"]
MODEL = os.environ["MODEL"]
QUESTION = "What is 47 * 6 + 12?"
MESSAGES = [{"role": "user", "content": QUESTION}]


class Step(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["add", "times"]
    value: int = Field(ge=0, le=9999)


class Result(BaseModel):
    """The result of a calculation."""

    model_config = ConfigDict(extra="forbid")
    value: int = Field(ge=-9999, le=9999)
    note: str = Field(max_length=8)
    sure: Optional[bool]
    steps: list[Step] = Field(max_length=2)


def check(function):
    """Runs it; its name is the check's."""
    name = function.__name__.replace("_", " ")
    try:
        function()
        print(f"ok {name}", flush=True)
    except Exception as e:  # noqa: BLE001 - whatever it is, it is told
        traceback.print_exc()
        why = " ".join(f"{type(e).__name__} {e}".split())
        print(f"FAIL {name}: {why[:300]}", flush=True)
