/* reward/code/script.c - see script.h.
 *
 * What is not called passes whatever the program does, so anything that pytest would collect and that
 * cannot be called here is refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/script.h"

#include <assert.h>
#include <ctype.h>

#include "base/ascii.h"
#include "base/buffer.h"

enum { MOST_BYTES = 1 << 20 }; /* of all calls */

/* ---- lines --------------------------------------------------------------------------------------------- */

/* The next line of s from *at on. False: there is none. */
static bool next_line(struct span s, size_t *at, struct span *line)
{
    if (*at >= s.n) return false;
    size_t end = span_find(s, span_str("\n"), *at);
    *line = span_slice(s, *at, end == SPAN_NONE ? s.n : end);
    *at = end == SPAN_NONE ? s.n : end + 1;
    return true;
}

static bool begins(struct span line, const char *word)
{
    size_t n = strlen(word);
    if (!span_starts(line, span_str(word))) return false;
    return line.n == n || (!isalnum((unsigned char)line.p[n]) && line.p[n] != '_');
}

static struct span after(struct span line, const char *word)
{
    return span_trim(span_slice(line, strlen(word), line.n));
}

bool script_says_something(struct span python)
{
    struct span line;
    for (size_t at = 0; next_line(python, &at, &line);) {
        line = span_trim(line);
        if (line.n > 0 && line.p[0] != '#') return true;
    }
    return false;
}

bool script_has_check(struct span python)
{
    struct span line;
    for (size_t at = 0; next_line(python, &at, &line);) {
        line = span_trim(line);
        if (begins(line, "def")) line = after(line, "def");
        if (begins(line, "check")) return true;
    }
    return false;
}

/* ---- functions test_...() ------------------------------------------------------------------------------ */

/* What pytest would collect of a script whose lines have been read so far. */
struct collected {
    struct buffer calls;
    bool hidden; /* what is indented here is a function's own, or a class's that is no test */
};

/* A statement that has others below it, and is neither a function nor a class. */
static bool opens_block(struct span line)
{
    static const char *const words[] = {"if",      "elif", "else", "try",   "except",
                                        "finally", "with", "for",  "while", "match"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (begins(line, words[i])) return true;
    }
    return false;
}

/* A line that is not indented, without "def": nothing is collected of it by itself. */
static bool collect_other(struct collected *c, struct span line)
{
    if (begins(line, "class")) {
        c->hidden = span_find(line, span_str("("), 0) == SPAN_NONE; /* unittest's have a base */
        return !span_starts(after(line, "class"), span_str("Test"));
    }
    if (opens_block(line)) c->hidden = false;
    return true;
}

/* False: pytest itself would be needed. */
static bool collect(struct collected *c, struct span line)
{
    bool indented = line.n > 0 && ascii_is_space((unsigned char)line.p[0]);
    struct span rest = span_trim(line);
    bool is_async = begins(rest, "async");
    if (is_async) rest = after(rest, "async");
    if (!begins(rest, "def")) return indented || collect_other(c, rest);
    struct span name = after(rest, "def");
    bool is_test = span_starts(name, span_str("test"));
    if (indented) return c->hidden || !is_test;
    c->hidden = true;
    if (!is_test) return true;
    size_t bracket = span_find(name, span_str("("), 0);
    if (is_async || bracket == SPAN_NONE) return false;
    buffer_add_char(&c->calls, '\n');
    buffer_add_span(&c->calls, span_slice(name, 0, bracket));
    buffer_add_str(&c->calls, "()");
    return span_starts(span_trim(span_slice(name, bracket + 1, name.n)), span_str(")"));
}

bool script_calls(struct span python, struct arena *a, struct span *calls, struct error *err)
{
    struct collected c = {.hidden = true};
    struct span line;
    bool plain = true;
    buffer_init(&c.calls, MOST_BYTES);
    for (size_t at = 0; plain && next_line(python, &at, &line);) {
        plain = collect(&c, line);
    }
    /* a comment may stand before */
    assert(c.calls.failed || c.calls.n == 0 || c.calls.p[0] == '\n');
    *calls = span_of(NULL, 0);
    if (!plain) {
        error_set(err, ERROR_UNSUPPORTED, "test",
                  "only plain functions test_...() without arguments can be run");
    } else if (c.calls.n == 0 && !c.calls.failed) {
        error_set(
            err, ERROR_UNSUPPORTED, "test",
            "test has no function test_...() to call (HumanEval's check() wants entry_point)");
    } else {
        char *copy = c.calls.failed ? NULL : arena_str(a, buffer_span(&c.calls));
        if (copy == NULL) error_set(err, ERROR_TOO_LARGE, "test", "the tests are too large");
        if (copy != NULL) *calls = span_of(copy, c.calls.n);
    }
    buffer_clear(&c.calls);
    return calls->p != NULL;
}
