"""Memory comes through one door, base/mem.h: so one test can let every allocation fail, and whoever ends a piece of
work can ask whether memory ran out."""
import pathlib
import re

ROOT = pathlib.Path(__file__).parents[2]
FOLDERS = ["base", "config", "engine", "reward", "server"]
CALLS = re.compile(r"\b(malloc|calloc|realloc|reallocarray|strdup|strndup|asprintf|vasprintf|aligned_alloc|posix_memalign)\s*\(")
COMMENT = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\])*"', re.S)


def test_only_one_file_allocates():
    wrong = [f"{p.relative_to(ROOT)}: {m.group(1)}" for f in FOLDERS for p in sorted((ROOT / f).rglob("*.[ch]"))
             if str(p.relative_to(ROOT)) != "base/mem.c" for m in CALLS.finditer(COMMENT.sub(" ", p.read_text()))]
    assert wrong == []


def test_libraries_that_abort_stay_where_they_may():
    """GMP, FLINT and libexttextcat end the process when memory runs out (docs/architecture.md)."""
    allowed = re.compile(r"reward/(math/|rules/(countdown_parse|python_eval|language_detect)\.c)")
    library = re.compile(r'^\s*#\s*include\s*<(gmp|mpfr|flint/|arb|acb|ca|qqbar|textcat)', re.M)
    wrong = [str(p.relative_to(ROOT)) for f in FOLDERS for p in sorted((ROOT / f).rglob("*.[ch]"))
             if library.search(p.read_text()) and not allowed.match(str(p.relative_to(ROOT)))]
    assert wrong == []
