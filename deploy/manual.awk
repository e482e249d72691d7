# deploy/manual.awk - touchstone.1, from what the program says of itself: its version, its commands
# (touchstone --help) and its table of settings (touchstone config).
#
# SPDX-License-Identifier: Apache-2.0

function troff(s) # text in which nothing is a request or an escape
{
    gsub(/\\/, "\\e", s)
    gsub(/-/, "\\-", s)
    sub(/^[.']/, "\\\\\\&&", s)
    return s
}

function entry(term, text)
{
    printf ".TP\n.B %s\n%s\n", troff(term), troff(text)
}

NR == 1 {
    printf ".TH TOUCHSTONE 1 \"\" \"touchstone %s\" \"User Commands\"\n", $2
    print ".SH NAME\ntouchstone \\- completions of reasoning models, and verifiable rewards"
    print ".SH SYNOPSIS\n.B touchstone\n.I COMMAND\n.RI [ options ]"
    print ".SH DESCRIPTION\nOne program that thinks and judges: an OpenAI\\-style completions server on a CPU engine of its own, and"
    print ".I POST /verify\\fR, rule\\-based rewards for trainers. Without a model named it serves a small one that it brings along."
    print ".SH COMMANDS"
    part = "commands"
    next
}

part == "commands" && /^  [a-z]/ {
    name = $1
    sub(/^ *[a-z]+ */, "")
    entry(name, $0)
    next
}

/^# Touchstone's settings/ {
    part = "settings"
    print ".SH SETTINGS"
    print "Each is a flag of the commands that heed it, an environment variable (TOUCHSTONE_ and the name in capitals, with"
    print "underscores) and a line of the file that \\-\\-config or TOUCHSTONE_CONFIG names; the earlier in this list wins. A flag of a"
    print "setting that is true or false is turned off by \\-\\-no\\-NAME."
    next
}

part == "settings" && /^# ---- / {
    gsub(/^# ---- | ----$/, "")
    printf ".SS %s\n", troff($0)
    next
}

part == "settings" && /^# / {
    help = substr($0, 3)
    next
}

part == "settings" && /^#[a-z-]+ =/ {
    name = substr($1, 2)
    value = $0
    sub(/^#[a-z-]+ = ?/, "", value)
    entry("--" name, help (value == "" ? "" : ". Default: " value))
}

END {
    print ".SH EXIT STATUS\n0 for a clean end, 2 for wrong usage, 1 for anything else, with one line on standard error that says why."
    print ".SH ENVIRONMENT\n.B TOUCHSTONE_CONFIG\nnames a file of settings; every setting has a variable of its own."
    print ".SH FILES\n.I PREFIX/share/touchstone/touchstone.conf\nevery setting at its default, to begin a file of one's own with."
}
