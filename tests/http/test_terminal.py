"""On a terminal: touchstone run as a conversation, touchstone top, progress.

SPDX-License-Identifier: Apache-2.0
"""

import os
import re
import signal
import subprocess

import pytest

from conftest import BIN, ENVIRONMENT, MODEL, PATIENCE, ROOT, wait_until
from terminal import Terminal

TINY = ROOT / "models/touchstone-tiny.gguf"


@pytest.fixture
def talk():
    """talk(*flags) -> a conversation at its prompt."""
    begun = []

    def begin(*words, **kwargs):
        t = Terminal("run", "--model", TINY, *words, **kwargs)
        begun.append(t)
        t.expect("Ctrl-D ends.")
        t.expect("> ")
        t.wait_editing()
        return t

    yield begin
    for t in begun:
        try:
            os.kill(t.pid, 9)
            os.waitpid(t.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def say(t, line):
    t.type(line + "\n")
    said = t.expect("\n> ")
    t.wait_editing()
    return said


def test_a_question_is_answered_with_thoughts_apart_and_judged(talk):
    t = talk()
    t.type("What is 12 + 30?\n")
    shown = t.expect("\n> ")
    assert "42" in shown
    assert "\x1b[2m" in t.seen and "\x1b[0m" in t.seen and "<think>" not in shown
    right = say(t, "/verify 42")
    assert "accuracy: 1, equal" in right and "extracted" not in right
    assert "accuracy: 0, " in say(t, "/verify 43")
    t.type("\x04")
    assert t.end() == 0


def test_the_conversation_goes_on_and_begins_anew(talk):
    t = talk("--verbose")
    say(t, "What is 1 + 1?")
    first = int(t.seen.split(" prompt tokens")[0].split()[-1])
    say(t, "What is 2 + 2?")
    second = int(t.seen.split(" prompt tokens")[1].split()[-1])
    assert second > first + 10, "the first turn is part of the second prompt"
    say(t, "/reset")
    say(t, "What is 1 + 1?")
    assert int(t.seen.split(" prompt tokens")[2].split()[-1]) == first
    say(t, "/system You are terse, and say it in as few words as there can be.")
    say(t, "/reset")
    say(t, "What is 1 + 1?")
    assert int(t.seen.split(" prompt tokens")[3].split()[-1]) > first


def test_samples_and_their_verdicts(talk):
    t = talk("--seed", "5")
    assert "all alike" in say(t, "/n 4")
    say(t, "/temperature 1.5")
    shown = say(t, "What is 471 + 286?")
    assert all(f"{i} of 4:" in shown for i in range(1, 5))
    told = say(t, "/verify 757")
    assert all(f"  {i}: " in told for i in range(1, 5)) and " of 4 correct" in told
    assert told.count("correct, ") + told.count("not judged") >= 4
    assert "samples of an answer" in say(t, "/n 0") and "samples of an answer" in say(t, "/n x")
    assert "samples of an answer" in say(t, "/n 8x") and "a temperature" in say(t, "/temperature 1,5")


def test_commands_that_are_not_there_and_help(talk):
    t = talk()
    assert "there is no /foo; /help" in say(t, "/foo bar")
    told = say(t, "/help")
    assert all(f"/{c}" in told for c in ("system", "reset", "verify", "n ", "help", "quit"))
    assert "no answer to judge yet" in say(t, "/verify 1")
    t.type("/quit\n")
    assert t.end() == 0


def test_lines_are_edited_and_remembered(talk):
    t = talk()
    say(t, "/n 7")
    t.type("/n 9\x01\x1b[C\x1b[C\x1b[C\x1b[3~8\n")  # to the beginning, right to the 9, which goes
    assert "8 samples" in t.expect("\n> ")
    t.wait_editing()
    t.type("\x1b[A\x1b[A\n")  # up twice: the first line
    assert "7 samples" in t.expect("\n> ")
    t.wait_editing()
    t.type("/system \u00fc\u00f1\u4e2d\x7f\n")  # a character, not a byte, is taken back
    t.expect("system message")
    assert "\u00fc\u00f1" in t.seen


def test_ctrl_c_ends_an_answer_and_where_nothing_is_typed_the_conversation(talk):
    t = talk("--temperature", "100", "--seed", "1", "--verbose")  # at which hardly a sample ends by itself
    say(t, "/n 64")
    t.type("What is 1 + 1?\n")
    t.expect("1 of 64:")
    t.type("\x03")
    cut = t.expect(" generated in ")
    assert int(cut.split()[-3]) < 64 * 800
    t.expect("> ")
    t.wait_editing()
    t.type("half a line")
    t.expect("half a line")
    t.type("\x03")
    t.expect("> ")
    t.wait_editing()
    t.type("\x03")
    assert t.end() == 130


def test_what_a_model_writes_does_not_drive_the_terminal(talk):
    """At this temperature every token comes, those of control characters among them."""
    t = talk("--temperature", "100", "--seed", "1", "--max-tokens", "150")
    say(t, "/n 64")
    t.type("What is 1 + 1?\n")
    t.expect("1 of 64:")
    start = len(t.seen)
    t.expect("\n> ")
    said = t.seen[start:t.seen.index("64 of 64:")].replace("\x1b[2m", "").replace("\x1b[0m", "").replace("\r\n", "\n")
    assert said.count("\ufffd") > 20, "no control character came: the test says nothing"
    assert not [c for c in said if c not in "\n\t" and (c < " " or "\x7f" <= c < "\xa0")]


def test_a_completion_does_not_drive_the_terminal_either():
    words = ["run", "--model", TINY, "--raw", "--temperature", "100", "--seed", "1", "--max-tokens", "800", "a"]
    t = Terminal(*words)
    assert t.end() == 0
    said = t.seen.replace("\r\x1b[K", "").replace("\r\n", "\n")  # the first of them: progress
    assert "\ufffd" in said and not [c for c in said if c not in "\n\t\r" and (c < " " or "\x7f" <= c < "\xa0")]
    piped = subprocess.run([BIN, *map(str, words)], capture_output=True, env=ENVIRONMENT, check=True).stdout
    assert [c for c in piped if c < 32 and c not in b"\n\t"], "no control character came: the test says nothing"


def test_bytes_that_are_no_utf8_take_nothing_with_them(talk):
    t = talk()
    os.write(t.fd, b"/n 7\xc3\n")  # the first byte of two, and then Enter
    assert "7 samples" in t.expect("\n> ")
    t.wait_editing()
    os.write(t.fd, b"/n \xff\xe4\xb88\xe4\n")
    assert "8 samples" in t.expect("\n> ")


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("busy", [False, True])
def test_a_conversation_that_is_ended_gives_the_terminal_back(talk, which, busy):
    t = talk("--temperature", "100", "--seed", "1", "--verbose")
    if busy:
        say(t, "/n 64")
        t.type("What is 1 + 1?\n")
        t.expect("1 of 64:")
    os.kill(t.pid, which)
    assert t.end() == 128 + which
    assert t.given_back
    assert not busy or int(t.seen.split(" generated in ")[-2].split()[-1]) < 64 * 800


def test_a_conversation_stops_and_goes_on(talk):
    """Nobody could continue a program that has no shell, so that it goes on at once: with the line as it was."""
    t = talk()
    t.type("/n ")
    t.expect("/n ")
    t.type("\x1a")
    t.expect("/n ")  # drawn again
    t.wait_editing()
    t.type("7\n")
    assert "7 samples" in t.expect("\n> ")


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_without_colours(talk, env):
    t = talk(env=env)
    say(t, "What is 12 + 30?")
    assert "\x1b[2m" not in t.seen


def test_a_pipe_is_a_prompt():
    told = subprocess.run([BIN, "run", "--model", str(TINY)], input="What is 12 + 30?\n", capture_output=True, text=True, env=ENVIRONMENT)
    assert told.returncode == 0 and "42" in told.stdout and "\x1b" not in told.stdout and "> " not in told.stdout


# ---- top ----


def top(*words):
    return subprocess.run([BIN, "top", *map(str, words)], capture_output=True, text=True, env=ENVIRONMENT, timeout=PATIENCE)


def test_top_in_a_pipe_is_a_line_each_time(server):
    server.complete(prompt="Hello", max_tokens=3)
    told = top(server.url, "--count", 3, "--interval", 0.1)
    assert told.returncode == 0 and "\x1b" not in told.stdout
    head, *rows = (line.split() for line in told.stdout.splitlines())
    assert len(rows) == 3 and all(len(row) == len(head) for row in rows)
    assert head[:3] == ["time", "sampled/s", "prompt/s"]
    assert rows[0][1] == "-" and float(rows[1][1]) >= 0 and re.fullmatch(r"\d\d:\d\d:\d\d", rows[0][0])
    port = server.url.rsplit(":", 1)[1]
    for place in (server.url + "/", server.url.removeprefix("http://"), port, ":" + port):
        assert top(place, "--count", 1).returncode == 0


def test_top_counts_what_the_server_counts(server):
    with subprocess.Popen([BIN, "top", server.url, "--interval", "0.2"], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        process.stdout.readline()
        process.stdout.readline()
        server.complete(prompt="Hello", max_tokens=50, ignore_eos=True)
        wait_until(lambda: float(process.stdout.readline().split()[1]) > 0)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    assert process.returncode == 130


def test_top_with_keys(start):
    server = start("--api-key", "secret")
    assert "wants a key" in top(server.url, "--count", 1).stderr
    assert top(server.url, "--count", 1, "--key", "secret").returncode == 0
    assert top(server.url, "--count", 1, "--key", "other").returncode == 1


@pytest.mark.parametrize("words, status, says", [
    (["127.0.0.1:1"], 1, "nobody answers at 127.0.0.1:1"),
    (["https://x"], 2, "http://host:port"),
    (["x:y"], 2, "http://host:port"),
    (["99999"], 2, "99999 is no port: they go from 1 to 65535"),
    (["0"], 2, "0 is no port"),
    (["http://127.0.0.1:65536"], 2, "65536 is no port"),
    (["123456789"], 2, "123456789 is no port"),
    (["a", "b"], 2, "one server at a time"),
    (["--interval", "0"], 2, "--interval is from"),
])
def test_top_says_what_is_wrong(words, status, says):
    told = top("--count", 1, *words)
    assert told.returncode == status and says in told.stderr


def test_top_on_a_terminal_is_a_page(server):
    t = Terminal("top", server.url, "--interval", "0.1")
    first = t.expect("q ends")
    assert "Tokens sampled" in first and "KV cache" in first and ", up " in first
    t.expect("q ends")
    t.type("q")
    assert t.end() == 0
    assert "\x1b[?1049h" in t.seen and t.seen.rstrip().endswith("\x1b[?25h\x1b[?1049l")


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_top_that_is_ended_gives_the_terminal_back(server, which):
    t = Terminal("top", server.url, "--interval", "3600")
    t.expect("q ends")
    os.kill(t.pid, which)
    assert t.end() == 128 + which
    assert t.given_back and t.seen.rstrip().endswith("\x1b[?25h\x1b[?1049l")


def test_top_stops_on_the_usual_page(server):
    t = Terminal("top", server.url, "--interval", "3600")
    t.expect("q ends")
    t.type("\x1a")
    t.expect("q ends")
    assert "\x1b[?25h\x1b[?1049l\x1b[?1049h\x1b[?25l" in t.seen
    t.type("q")
    assert t.end() == 0


@pytest.mark.parametrize("columns, rows, figures", [(80, 24, 11), (40, 24, 11), (36, 10, 6), (20, 4, 0)])
def test_top_fits_the_terminal(server, columns, rows, figures):
    t = Terminal("top", server.url, "--interval", "0.1", size=(rows, columns))
    for _ in range(12):
        page = t.expect("q ends").split("\n")
    assert len(page) == figures + 4
    assert all(len(line) <= max(columns, 35) for line in page[2:]) and "\x1b[?7l" in t.seen  # what is longer is cut
    t.type("q")
    assert t.end() == 0


# ---- progress ----


def test_progress_of_loading_and_measuring():
    t = Terminal("bench", "--model", MODEL, "--only", "batch", "--batch", "1,2", "--prompt", "8", "--generate", "4", "--repeat", "1")
    assert t.end() == 0
    assert "loading the model: " in t.seen and "measuring: 0 % (1 of 2)" in t.seen
    quiet = subprocess.run([BIN, "bench", "--model", str(MODEL), "--only", "batch", "--batch", "1", "--prompt", "8", "--generate", "4"],
                           capture_output=True, text=True, env=ENVIRONMENT)
    assert quiet.returncode == 0 and "\x1b" not in quiet.stdout + quiet.stderr and "measuring" not in quiet.stderr
