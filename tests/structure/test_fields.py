"""Every field that a client may send is described: a row of a table of fields has a line of documentation."""
import pathlib
import re

ROOT = pathlib.Path(__file__).parents[2]
SOURCES = sorted(p for f in ("base", "reward", "server") for p in (ROOT / f).rglob("*.[ch]"))
TABLE = re.compile(r"const struct field (\w+)\[[^\]]*\] = \{(.*?)\{0\},?\s*\};", re.S)
LITERAL = r'"(?:[^"\\]|\\.)*"'
ROW = re.compile(r'\{\s*(?:\.name = )?(' + LITERAL + r'),((?:[^{}"]|' + LITERAL + r"|\{[^{}]*\})*)\}")


def undescribed(text):
    """`table: name` of each row without a doc in the tables of a source."""
    return [f"{table}: {name}" for table, body in TABLE.findall(text)
            for name, rest in ROW.findall(body) if ".doc" not in rest]


SHAPELESS = re.compile(r'\{"([\w.]+)", *(?:READ\(|FIELD_READ)((?:[^{}"]|' + LITERAL + r")*)\}")


def test_what_a_reader_takes_is_said():
    """A row whose reader is its own says which JSON types that takes, for the documents that are made from the rows."""
    texts = {p: p.read_text() for p in SOURCES if p.parts[len(ROOT.parts)] == "server" and "cli" not in p.parts}
    found = [(p, m) for p, t in texts.items() for m in SHAPELESS.finditer(t)]
    assert len(found) > 40
    assert [f"{p.relative_to(ROOT)} {m[1]}" for p, m in found if ".shape" not in m[2] and ".members" not in m[2]] == []


def test_every_field_is_described():
    texts = {p: p.read_text() for p in SOURCES}
    assert sum(len(TABLE.findall(t)) for t in texts.values()) >= 40
    missing = [f"{p.relative_to(ROOT)} {row}" for p, t in texts.items() for row in undescribed(t)]
    assert missing == []


def test_what_counts_as_described():
    head = "static const struct field rows[] = {\n"
    assert undescribed(head + '    {"a", FIELD_INT, AT(a), .max = 9, .doc = "what, \\"a\\""},\n    {0},\n};\n') == []
    assert undescribed(head + '    {"a", FIELD_INT, .neutral = "{}"},\n    {"b", X(y), .doc = "c"},\n    {0},\n};\n') == ['rows: "a"']
