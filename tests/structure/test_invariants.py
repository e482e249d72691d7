"""Every invariant that an essay numbers is asserted, under its number.

An essay is the comment at the top of a file; an invariant in it is a line that begins with "(n)". Its assert cites
the number behind it, `assert(refs > 0); /* (1) */`, in the file of the essay or in the one beside it (job.c for
job.h); from any other file with the essay's name, `/* job.h (1) */`.
"""
import pathlib
import re

ROOT = pathlib.Path(__file__).parents[2]
FOLDERS = ["base", "config", "engine", "reward", "server"]
SOURCES = sorted(p for f in FOLDERS for p in (ROOT / f).rglob("*.[ch]"))
# asserts a thousand lines, at least
LEAST = {"base": 3, "config": 3, "engine": 3, "reward": 3, "server": 3}
ASSERT = re.compile(r"\bassert\((.*?)\);[ \t]*(?:/\*(.*?)\*/)?", re.S)
CITED = re.compile(r"(?:(\S+\.[ch]) )?((?:\(\d+\) ?)+)")


def essay(text):
    """The comment at the top."""
    return text[:text.index("*/")] if text.startswith("/*") and "*/" in text else ""


def numbered(text):
    """The numbers of the invariants in an essay."""
    return {int(n) for n in re.findall(r"^ \* +\((\d+)\) ", essay(text), re.M)}


def says_something(condition):
    """Whether a condition depends on anything that changes: not on literals, constants and types alone."""
    bare = re.sub(r'"(\\.|[^"\\])*"|sizeof\s*\([^()]*\)', " ", condition)
    return re.search(r"\b[a-z_][a-z0-9_]*\b", re.sub(r"\b(true|false|int|char|bool|void|[A-Z][A-Z0-9_]*)\b", " ", bare)) is not None


def citations(path, text):
    """(file of the essay or stem beside it, number) for each number that an assert of this file cites."""
    for condition, comment in ASSERT.findall(text):
        if not says_something(condition):
            continue
        for name, numbers in CITED.findall(comment or ""):
            for n in re.findall(r"\d+", numbers):
                yield name or str(path.relative_to(ROOT).with_suffix("")), int(n)


def unasserted(files):
    """`file (n)` for each numbered invariant of {path: text} that no assert cites."""
    cited = {c for path, text in files.items() for c in citations(path, text)}
    missing = []
    for path, text in files.items():
        own = str(path.relative_to(ROOT))
        stem = str(path.relative_to(ROOT).with_suffix(""))
        for n in sorted(numbered(text)):
            named = any((tail, n) in cited for tail in (own, path.name, "/".join(own.split("/")[-2:])))
            if (stem, n) not in cited and not named:
                missing.append(f"{own} ({n})")
    return missing


def test_every_numbered_invariant_is_asserted():
    files = {p: p.read_text() for p in SOURCES}
    assert sum(len(numbered(t)) for t in files.values()) >= 20
    assert unasserted(files) == []


def test_what_counts_as_asserted():
    head = "/* a.c\n *\n * (1) one\n *     more of it, see (9)\n * (2) two\n */\n"
    path = ROOT / "base/a.c"

    def missing(body):
        return unasserted({path: head + body})
    assert missing("") == ["base/a.c (1)", "base/a.c (2)"]
    assert missing("assert(x > 0); /* (1) (2) */") == []
    assert missing("assert(x > 0); /* (1) */ assert(true); /* (2) */") == ["base/a.c (2)"]
    assert missing("assert(x > 0); /* (1) */\nassert(sizeof(int) == 4 && MOST > 2); /* (2) */") == ["base/a.c (2)"]
    assert missing("assert(x > 0 &&\n       y(z)); /* a.c (1), and a.c (2) */") == []
    assert missing("assert(x > 0); /* b.c (1) (2) */") == ["base/a.c (1)", "base/a.c (2)"]


def test_asserts_are_as_many_as_the_code_is_long():
    """At least 3 in a thousand lines, in each folder that decides anything; and none is compiled out."""
    sparse = {}
    for folder in FOLDERS:
        texts = [p.read_text() for p in SOURCES if p.is_relative_to(ROOT / folder)]
        asserts = sum(len(re.findall(r"\b(?:assert|_Static_assert|static_assert)\s*\(", t)) for t in texts)
        lines = sum(t.count("\n") for t in texts)
        if 1000 * asserts < LEAST[folder] * lines:
            sparse[folder] = f"{asserts} asserts in {lines} lines"
    assert sparse == {}
    assert "NDEBUG" not in (ROOT / "Makefile").read_text()
