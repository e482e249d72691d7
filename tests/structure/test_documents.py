"""The pages for operators say what the program says: its events, metrics, settings and errors.

SPDX-License-Identifier: Apache-2.0
"""

import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = {p: p.read_text() for d in ("base", "config", "engine", "reward", "server") for p in (ROOT / d).rglob("*.[ch]")}
ALL = "\n".join(SOURCES.values())
# literals as the compiler sees them: neighbours are one
JOINED = re.sub(r'"\s*\n\s*"', "", ALL)
SYSTEMS = {"address already in use", "is not a whole number"}  # of the libraries; put together of parts
PAGES = [ROOT / "docs" / name for name in ("operations.md", "troubleshooting.md")]


def test_every_event_is_on_the_page():
    logged = set(re.findall(r'(?:log_line|begin_line)\((?:&\w+, )?LOG_(?:INFO|WARN|ERROR),\s*"(\w+)"', ALL))
    page = PAGES[0].read_text()
    told = set(re.findall(r"`(\w+)`", "\n".join(line.split("|")[1] for line in page.splitlines() if line.startswith("| `"))))
    assert logged and logged - told == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_metrics_settings_and_pages_exist(page):
    text = page.read_text()
    for metric in re.findall(r"touchstone_[a-z_]+", text):
        assert f'"{metric}"' in ALL, metric
    settings = set(re.findall(r'^\s*\{"([a-z-]+)",\s+SETTING_', ALL, re.M))
    for flag in re.findall(r"--(?:no-)?([a-z]+(?:-[a-z]+)*)", text):
        known = flag in settings or f'"--{flag}"' in ALL or flag in ("now", "modle", "config")
        assert known, flag
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (page.parent / link).exists(), link


def test_errors_are_those_of_the_program():
    """Each phrase in the first column of the tables of refusals stands in the sources."""
    page = PAGES[1].read_text().split("## It answers")[0]
    for line in page.splitlines():
        if not line.startswith("| `") and not re.match(r"\| \d{3}", line):
            continue
        for phrase in re.findall(r"`([^`]+)`", line.split("|")[1]):
            for part in re.split(r'\.\.\.|"[^"]*"|\(did.*|--modle|\b[NMx]\b|TOUCHSTONE_X', phrase):
                part = part.strip(" ;,:\"")
                assert len(part) < 4 or part in JOINED or part in SYSTEMS, phrase


def test_the_table_of_client_libraries_is_current():
    """docs/clients.md is what the kept runs say, and each row of `make clients` has been run."""
    printed = subprocess.run([sys.executable, ROOT / "tests/clients/table.py"], capture_output=True, text=True, check=True).stdout
    assert (ROOT / "docs/clients.md").read_text() == printed
    listed = re.findall(r'^    "([a-z-]+)": \(\[', (ROOT / "tests/clients/run.py").read_text(), re.M)
    kept = {path.stem for path in (ROOT / "tests/data/clients").glob("*.json")}
    assert len(listed) >= 15 and set(listed) == kept


def test_what_is_said_of_clients_is_tested():
    """Every row of docs/rl_clients.md names tests that there are, in files that have the names it speaks of."""
    text = (ROOT / "docs/rl_clients.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith(("| ---", "| who "))]
    assert len(rows) >= 65
    for row in rows:
        named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", row.rsplit("|", 2)[1])
        assert named, row
        sources = {file: (ROOT / "tests/http" / file).read_text() for file, _ in named}
        assert [test for file, test in named if f"def {test}(" not in sources[file]] == [], row
        words = re.findall(r"[/\w]{4,}", " ".join(re.findall(r"`([^`]+)`", row.split("|")[2])))
        assert [w for w in words if w != "true" and not any(w in s for s in sources.values())] == [], row
