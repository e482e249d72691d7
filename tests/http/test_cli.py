"""The commands as people type them: help by command, prompts from stdin, statuses that a shell understands, words instead
of numbers, a progress line that does not run into results, an end by Ctrl-C that loses nothing.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import pty
import re
import signal
import subprocess

import pytest

from conftest import BIN, ENVIRONMENT, MODEL, PATIENCE, tries

RIGHT = {"completion": "\\boxed{1}", "answer": "1"}


def run(*words, stdin="", env=None, **kwargs):
    return subprocess.run([BIN, *map(str, words)], input=stdin, capture_output=True, text=True,
                          env={**ENVIRONMENT, **(env or {})}, timeout=PATIENCE, **kwargs)


def lines(tmp_path, *items):
    path = tmp_path / "items.jsonl"
    path.write_text("".join((i if isinstance(i, str) else json.dumps(i)) + "\n" for i in items))
    return path


# ---- help ----


def flags_of(text):
    return {line.split()[0] for line in text.splitlines() if line.startswith("  --")}


def test_help_shows_what_concerns_the_command():
    every = flags_of(run("verify", "--help-all").stdout)
    assert {"--port", "--model", "--verify-seconds", "--log-level"} <= every
    assert every - {"--rewards", "--explain", "--strict", "--quiet"} <= flags_of(run("serve", "--help").stdout) | {"--threads"}
    verify = flags_of(run("verify", "--help").stdout)
    assert {"--rewards", "--verify-seconds", "--config"} <= verify and not {"--port", "--kv", "--drain-timeout"} & verify
    assert "--context" in flags_of(run("run", "--help").stdout)
    assert run("run", "--help").stdout.count("--temperature") == 1 and "likewise" not in run("serve", "--help").stdout
    for command in ("config", "model", "tokenize", "template"):
        assert len(run(command, "--help").stdout.splitlines()) < 20, command


COMMANDS = {"serve": 0, "run": 1, "top": 1, "verify": 1, "tokenize": 1, "template": 1, "bench": 0, "model": 1, "key": 2, "openapi": 0, "config": 0}


def test_all_commands_are_known_here():
    assert set(COMMANDS) == set(re.findall(r"^  (\w+)", run("help").stdout, re.M))


@pytest.mark.parametrize("command", COMMANDS)
def test_an_operand_too_much_is_told(command):
    told = run(command, *["new"] * COMMANDS[command], "one-more")
    assert told.returncode == 2 and told.stdout == "" and f'"one-more" (see touchstone {command} --help)' in told.stderr


def test_help_of_help():
    assert run("help", "help").stdout == run("help").stdout == run("--help").stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command):
    told = run("help", command)
    assert told.returncode == 0 and told.stdout == run(command, "--help").stdout == run(command, "-h").stdout
    assert told.stdout.startswith(f"usage: touchstone {command}")


def test_help_tells_bounds_and_how_to_turn_off():
    text = run("help", "serve").stdout
    assert "(0 to 65535)" in text and "--no-prefix-cache" in text and "--pin-threads" in text


def test_unknown_words():
    assert "did you mean --model)" in run("serve", "--modle", "x").stderr
    assert "see --help" in run("serve", "--quux", "x").stderr
    assert "comes after --" in run("run", "-x").stderr
    assert run("help", "quux").returncode == 2
    for flag in ("--version", "-v", "-V"):
        assert run(flag).stdout.startswith("touchstone ") and "compiled by" in run(flag).stdout


def test_a_comment_behind_a_value_is_told(tmp_path):
    path = tmp_path / "t.conf"
    path.write_text("# fine\nport = 5 # not fine\n")
    told = run("config", "--config", path)
    assert told.returncode == 2 and "a comment stands on a line of its own" in told.stderr


def test_short_flags():
    assert run("run", "-m", MODEL, "--max-tokens", "1", "hi").returncode == 0


def test_variables_of_others():
    """A variable with our prefix is a mistake where the server is set up, and another's business elsewhere."""
    env = {"TOUCHSTONE_URL": "http://x"}
    told = run("config", env=env)
    assert told.returncode == 0 and "TOUCHSTONE_URL" in told.stderr
    told = run("serve", env=env)
    assert told.returncode == 2 and "TOUCHSTONE_URL" in told.stderr


def test_a_misspelt_key_is_not_told():
    """Its name is: what stands behind it may be a secret, and logs are read by others."""
    for told in (run("config", env={"TOUCHSTONE_API_KYE": "sesame"}), run("serve", env={"TOUCHSTONE_API_KYE": "sesame"}),
                 run("serve", "--api-kye=sesame")):
        assert "sesame" not in told.stderr and re.search("TOUCHSTONE_API_KYE|--api-kye", told.stderr)


@pytest.mark.parametrize("flags, says", [
    (["--top-p", "0"], "top-p: 0 is not from 1e-06 to 1"),
    (["--repetition-penalty", "0"], "repetition-penalty: 0 is not from 1e-06 to 100"),
    (["--top-k", "1.5"], 'top-k: "1.5" is not a whole number'),
    (["--temperature", "-1"], "temperature: -1 is not from 0 to 100"),
])
def test_defaults_of_requests_have_their_bounds(flags, says):
    told = run("serve", *flags)
    assert told.returncode == 2 and says in told.stderr


@pytest.mark.parametrize("words, says", [
    (["a b"], "a name has 1 to 64 letters, digits and ._-"),
    ([""], "a name has 1 to 64 letters"),
    (["a" * 65], "a name has 1 to 64 letters"),
    (["a", "--concurrency", "4294967297"], "--concurrency from 0 to 1048576"),
    (["a", "--rate", "nan"], "--rate is from 0 to 1000000"),
    (["a", "--rate", "inf"], "--rate is from 0 to 1000000"),
    (["a", "--scope", "x"], "is none of infer"),
])
def test_keys_that_cannot_be(words, says):
    told = run("key", "new", *words)
    assert told.returncode == 1 and told.stdout == "" and says in told.stderr


# ---- what cannot be written, read, opened ----


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["config"], ["model", MODEL], ["help", "run"],
                                   ["run", "--model", MODEL, "--max-tokens", "2", "hi"], ["verify", "examples/verify.jsonl"],
                                   ["verify", "--explain", "examples/verify.jsonl"]])
def test_a_full_disk_is_an_error(words):
    with open("/dev/full", "w") as full:
        done = subprocess.run([BIN, *map(str, words)], stdout=full, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT,
                              timeout=PATIENCE)
    assert done.returncode == 1 and "No space left on device" in done.stderr


def test_folders_that_are_no_model(tmp_path):
    assert "no config.json" in run("model", tmp_path).stderr
    (tmp_path / "b.gguf").write_text("x")
    (tmp_path / "a.gguf").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n")
    assert f"{tmp_path}/a.gguf" in run("model", tmp_path).stderr
    assert "git lfs pull" in run("model", tmp_path / "a.gguf").stderr


def test_a_directory_is_no_file(tmp_path):
    told = run("verify", tmp_path)
    assert told.returncode == 1 and "Is a directory" in told.stderr


# ---- run ----


def test_prompt_of_stdin():
    words = ["run", "--model", MODEL, "--max-tokens", "6", "--raw"]
    given = run(*words, "Hello there").stdout
    assert run(*words, stdin="Hello there\n").stdout == given == run(*words, "-", stdin="Hello there").stdout
    assert run(*words, "a", "b").returncode == 2


def test_stop_and_bounds():
    words = ["run", "--model", "models/touchstone-tiny.gguf"]
    whole = run(*words, "What is 3 * 4?").stdout
    assert "12" in whole
    cut = run(*words, "--stop", "</think>", "What is 3 * 4?").stdout
    assert whole.startswith(cut.rstrip("\n")) and "</think>" not in cut
    for flag, value in (("--max-tokens", "-2"), ("--top-p", "0"), ("--temperature", "-1"), ("--min-p", "2")):
        told = run(*words, flag, value, "hi")
        assert told.returncode == 1 and flag in told.stderr


def test_thoughts_that_the_template_opens_have_their_tag(tmp_path):
    path = tmp_path / "opens.jinja"
    path.write_text("{{ messages[0].content }}<think>\n")
    told = run("run", "--chat-template", path, "--model", MODEL, "--max-tokens", "2", "hi")
    assert told.stdout.startswith("<think>\n")


def interrupted_run():
    """The status of a run that Ctrl-C comes to; 0: its context was full first."""
    with subprocess.Popen([BIN, "run", "--model", str(MODEL), "--raw", "--temperature", "1", "--max-tokens", "100000", "a"],
                          stdout=subprocess.PIPE, env=ENVIRONMENT) as process:
        process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        return process.wait(timeout=PATIENCE)


def test_interrupted_run_ends_with_130():
    assert next(status for _ in tries() if (status := interrupted_run()) != 0) == 130


# ---- verify ----


def test_names_of_rewards(tmp_path):
    path = lines(tmp_path, RIGHT)
    told = json.loads(run("verify", "--rewards", "accuracy, format", path).stdout)
    assert sorted(told["rewards"]) == ["accuracy", "format"]
    assert json.loads(run("verify", "--rewards", '[{"name":"accuracy"}]', path).stdout)["rewards"] == {"accuracy": 1}
    assert "quux" in run("verify", "--rewards", "quux", path).stderr


def test_summary_tells_rewards_and_causes(tmp_path):
    told = run("verify", "--rewards", "accuracy", lines(tmp_path, RIGHT, {**RIGHT, "answer": "2"}, {**RIGHT, "answer": "3"}))
    assert "accuracy             0.3333" in told.stderr and "not_equal 2" in told.stderr


def test_lines_before_a_wrong_settings_line_are_judged(tmp_path):
    told = run("verify", "--quiet", lines(tmp_path, {**RIGHT, "id": 2}, {**RIGHT, "id": 3, "answer": "x"}, {"rewards": [{"name": "nope"}]}, RIGHT))
    assert [json.loads(line)["id"] for line in told.stdout.splitlines()] == [2, 3]
    assert told.returncode == 1 and 'line 3: there is no reward "nope"' in told.stderr


def test_a_mark_of_utf8_before_the_first_line_is_passed_over(tmp_path):
    path = tmp_path / "marked.jsonl"
    item = b'{"completion": "4", "answer": "4", "rewards": [{"name": "accuracy"}]}\n'
    for first in (item, b'{"rewards": [{"name": "accuracy"}]}\n'):
        path.write_bytes(b"\xef\xbb\xbf" + first + item)
        told = run("verify", "--strict", str(path))
        assert told.returncode == 0 and all(json.loads(line)["reward"] == 1 for line in told.stdout.splitlines()), told


def test_quiet_is_quiet(tmp_path):
    assert run("verify", "--quiet", lines(tmp_path, RIGHT)).stderr == ""


def test_status_of_lines_in_error(tmp_path):
    assert run("verify", lines(tmp_path, RIGHT, "nonsense")).returncode == 0
    told = run("verify", "--strict", lines(tmp_path, RIGHT, "nonsense"))
    assert told.returncode == 1 and "1 of 2 lines are in error" in told.stderr and len(told.stdout.splitlines()) == 2
    assert run("verify", lines(tmp_path, "nonsense", "{}")).returncode == 1
    assert run("verify", lines(tmp_path)).returncode == 0


def on_terminal(*words):
    """All that a command with both streams on one terminal writes."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(BIN, [BIN, *map(str, words)], ENVIRONMENT)
    out = b""
    try:
        while piece := os.read(fd, 65536):
            out += piece
    except OSError:
        pass
    os.waitpid(pid, 0)
    return out.decode()


def test_serving_on_a_terminal_says_what_to_do_next():
    """A URL and a line to paste; in a pipe there is the log alone."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(BIN, [BIN, "serve", "--port", "0", "--model", str(MODEL)], ENVIRONMENT)
    out = b""
    while b"What is 3 * 4?" not in out:
        out += os.read(fd, 65536)
    os.kill(pid, signal.SIGTERM)
    try:
        while os.read(fd, 65536):
            pass
    except OSError:
        pass
    os.waitpid(pid, 0)
    assert b"is served on http://127.0.0.1:" in out and b"curl http://127.0.0.1:" in out


def test_progress_keeps_apart_from_results(tmp_path):
    told = on_terminal("verify", lines(tmp_path, *[RIGHT] * 2000))
    results = [line for line in told.splitlines() if '"rewards"' in line]
    assert len(results) == 2000 and all(line.startswith("{") for line in results)


@pytest.mark.parametrize("threads", ["1", "2", "8"])
def test_interrupted_verify_waits_for_no_more(threads):
    """Whichever thread waits for input, and wherever in a line: what is not whole is not judged."""
    with subprocess.Popen([BIN, "verify", "--threads", threads], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, env=ENVIRONMENT) as process:
        process.stdin.write((json.dumps(RIGHT) + "\n") * 300 + json.dumps(RIGHT)[:9])
        process.stdin.flush()
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.stdout.read(), process.stderr.read()  # input stays open
        assert process.wait(timeout=PATIENCE) == 130
    results = [json.loads(line) for line in [first, *out.splitlines()]]
    assert all(r["reward"] == 1 for r in results) and f"of the first {len(results)} items" in err


def test_interrupted_verify_loses_nothing():
    """Ctrl-C ends reading: what was read is judged, every line is whole, the summary says how far it came."""
    with subprocess.Popen([BIN, "verify"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=ENVIRONMENT) as process:
        for _ in range(1000):
            process.stdin.write(json.dumps(RIGHT) + "\n")
        process.stdin.flush()
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.stdout.read(), process.stderr.read()
        process.wait(timeout=PATIENCE)
    results = [json.loads(line) for line in [first, *out.splitlines()]]
    assert process.returncode == 130 and all(r["reward"] for r in results)
    assert f"stopped; the results are whole, of the first {len(results)} items" in err
