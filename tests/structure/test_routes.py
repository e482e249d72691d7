"""Every route that takes a body says which tables of fields read it (the last column of server/routes/table.c)."""
import pathlib
import re

ROOT = pathlib.Path(__file__).parents[2]
TABLE = ROOT / "server/routes/table.c"
ROW = re.compile(r'^    \{"(\w+)", +"([^"]+)",(.*)\},', re.M)


def rows(text):
    """(method, path, the other columns) of each row."""
    return [(method, path, [c.strip() for c in rest.split(",")]) for method, path, rest in ROW.findall(text)]


def without_fields(text):
    return [f"{method} {path}" for method, path, columns in rows(text)
            if method in ("POST", "PUT") and not columns[-1].endswith("_fields")]


def test_every_body_has_its_fields():
    assert len(rows(TABLE.read_text())) > 100
    assert without_fields(TABLE.read_text()) == []


def test_what_counts_as_having_them():
    row = '    {"POST", "/a",  a_handle, ROUTE_MODEL, ERRORS_OPENAI%s},\n'
    assert without_fields(row % "") == ["POST /a"]
    assert without_fields(row % ", a_fields") == []
    assert without_fields('    {"GET", "/a", a_handle, 0, ERRORS_OPENAI},\n') == []
