/* tests/unit/test_tool_calls.c - text and calls, however the text is cut.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/generate/tool_calls.h"

#define CALL "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call>"

/* calls: name(arguments) of each, one after another */
static const struct row {
    const char *name, *text, *rest, *calls;
} rows[] = {
    {"no call", "Hello <b>there</b> ", "Hello <b>there</b> ", ""},
    {"nothing", "", "", ""},
    {"arguments as the model wrote them",
     "<tool_call>{\"name\": \"f\", \"arguments\": {\"id\": 1234567890123456789, \"x\":1.0}}"
     "</tool_call>",
     "", "f({\"id\": 1234567890123456789, \"x\":1.0})"},
    {"parameters", "<tool_call>{\"name\":\"f\",\"parameters\":{\"city\":\"Paris\"}}</tool_call>",
     "", "f({\"city\":\"Paris\"})"},
    {"a closing tag in a string",
     "<tool_call>{\"name\":\"f\",\"arguments\":{\"x\":\"\\\"</tool_call>\"}}</tool_call> end",
     " end", "f({\"x\":\"\\\"</tool_call>\"})"},
    {"a string that never ends, then a call", "<tool_call>{\"name\":\"f}</tool_call>" CALL,
     "<tool_call>{\"name\":\"f}</tool_call>", "f({\"x\": 1})"},
    {"a quote outside an object", "<tool_call>\"</tool_call>" CALL, "<tool_call>\"</tool_call>",
     "f({\"x\": 1})"},
    {"a name twice", "<tool_call>{\"name\":\"f\",\"name\":\"g\"}</tool_call>",
     "<tool_call>{\"name\":\"f\",\"name\":\"g\"}</tool_call>", ""},
    {"one call", CALL, "", "f({\"x\": 1})"},
    {"white space around it", "\n" CALL "\n", "", "f({\"x\": 1})"},
    {"words before", "I look it up.\n\n" CALL, "I look it up.", "f({\"x\": 1})"},
    {"words after", CALL "\ndone", "\ndone", "f({\"x\": 1})"},
    {"two calls", CALL "\n" CALL, "", "f({\"x\": 1})f({\"x\": 1})"},
    {"no arguments", "<tool_call>{\"name\": \"g\"}</tool_call>", "", "g({})"},
    {"arguments as text", "<tool_call>{\"name\":\"g\",\"arguments\":\"{\\\"a\\\":2}\"}</tool_call>",
     "", "g({\"a\":2})"},
    {"never closed", "<tool_call>{\"name\": \"g\", \"arguments\": {}}", "", "g({})"},
    {"never closed and cut off", "a <tool_call>{\"name\": \"g", "a <tool_call>{\"name\": \"g", ""},
    {"not JSON", "<tool_call>f(1)</tool_call>", "<tool_call>f(1)</tool_call>", ""},
    {"no name", "<tool_call>{\"arguments\": {}}</tool_call>",
     "<tool_call>{\"arguments\": {}}</tool_call>", ""},
    {"wrong arguments", "<tool_call>{\"name\": \"f\", \"arguments\": 3}</tool_call>",
     "<tool_call>{\"name\": \"f\", \"arguments\": 3}</tool_call>", ""},
    {"a wrong one, then a right one", "<tool_call>f</tool_call>" CALL, "<tool_call>f</tool_call>",
     "f({\"x\": 1})"},
    {"almost a tag", "a <tool_cal", "a <tool_cal", ""},
    {"almost a tag, then text", "a <tool_callx>", "a <tool_callx>", ""},
    {"part of a tag, then a call", "a <tool_" CALL, "a <tool_", "f({\"x\": 1})"},
    {"many bytes a character", "naïve 日本" CALL, "naïve 日本", "f({\"x\": 1})"},
    {"only white space", " \n ", " \n ", ""},
};

static void print_calls(const struct tool_calls *t, char *out, size_t room)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < t->n; i++) {
        n += (size_t)snprintf(out + n, room - n, "%s(%s)", t->items[i].name, t->items[i].arguments);
    }
}

static void check(const struct row *row, size_t cut)
{
    struct span text = span_str(row->text);
    struct tool_calls t;
    struct buffer rest;
    char calls[256];
    tool_calls_init(&t);
    buffer_init(&rest, 1 << 20);
    for (size_t at = 0; at < text.n; at += cut) {
        tool_calls_feed(&t, span_slice(text, at, at + cut), &rest);
    }
    tool_calls_end(&t, &rest);
    print_calls(&t, calls, sizeof(calls));
    bool right = span_is(buffer_span(&rest), row->rest) && strcmp(calls, row->calls) == 0;
    if (!right) {
        print_error("%s, pieces of %zu: text \"%.*s\", calls \"%s\"\n", row->name, cut, (int)rest.n,
                    rest.p == NULL ? "" : rest.p, calls);
    }
    assert_true(right && !t.failed);
    tool_calls_clear(&t);
    buffer_clear(&rest);
}

static void test_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t cut = 1; cut <= strlen(rows[i].text) + 1; cut++) {
            check(&rows[i], cut);
        }
    }
}

/* A call that never ends, and white space without end: text after a while, with nothing lost. */
static void test_bounded(void **state)
{
    static char piece[1 << 16];
    struct tool_calls t;
    struct buffer rest;
    (void)state;
    for (int blank = 0; blank < 2; blank++) {
        size_t fed = 11;
        memset(piece, blank ? ' ' : 'x', sizeof(piece));
        tool_calls_init(&t);
        buffer_init(&rest, 1 << 30);
        tool_calls_feed(&t, span_str("<tool_call>"), &rest);
        for (int i = 0; i < 100; i++, fed += sizeof(piece)) {
            tool_calls_feed(&t, span_of(piece, sizeof(piece)), &rest);
            assert_true(t.held.n <= (size_t)2 << 20);
        }
        tool_calls_end(&t, &rest);
        assert_int_equal(rest.n, fed);
        assert_false(t.failed);
        tool_calls_clear(&t);
        buffer_clear(&rest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
