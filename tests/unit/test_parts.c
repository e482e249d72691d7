/* tests/unit/test_parts.c - an output as thoughts, text and calls: shown at once, or as it grows, it has the same
 * parts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/generate/parts.h"

enum { ROOM = 1024 };

/* What was told, one letter for each call back: "(T" begins a text, "T)" ends one, with all of it. */
struct told {
    char parts[ROOM]; /* kinds and texts of parts that ended */
    char more[ROOM];  /* the deltas of the open part */
    bool open;
    int n, last;
};

static void begin(void *to, const struct part *p)
{
    struct told *t = to;
    assert_false(t->open); /* parts.h (1) */
    assert_int_equal(p->index, t->n);
    assert_int_equal(p->text.n, 0);
    t->open = true;
    t->more[0] = '\0';
    t->n++;
}

static void more(void *to, const struct part *p, struct span delta)
{
    struct told *t = to;
    assert_true(t->open && delta.n > 0);
    assert_true(span_is(p->text, t->more));
    strncat(t->more, delta.p, delta.n);
}

static void end(void *to, const struct part *p)
{
    struct told *t = to;
    size_t at = strlen(t->parts);
    assert_true(t->open && span_is(p->text, t->more));
    t->open = false;
    t->last += p->last;
    snprintf(t->parts + at, sizeof(t->parts) - at, "%c[%s]", " RTC"[p->kind], t->more);
}

static const struct part_calls calls = {begin, more, end};

struct output {
    const char *thought, *text;
    struct {
        const char *arguments;
        size_t at;
        bool whole;
    } calls[3];
    size_t n_calls;
    bool tools;
    const char *want;
};

static const struct output outputs[] = {
    {"", "abc", {{0}}, 0, false, "T[abc]"},
    {"why", "abc", {{0}}, 0, false, "R[why]T[abc]"},
    {"why", "", {{0}}, 0, false, "R[why]"},
    {"", "  ", {{0}}, 0, false, "T[  ]"},
    {"", "  ", {{0}}, 0, true, ""},
    {"", "", {{"{}", 0, true}}, 1, true, "C[{}]"},
    {"why", "ab", {{"{\"a\":1}", 2, true}}, 1, true, "R[why]T[ab]C[{\"a\":1}]"},
    {"", "abcd", {{"{1}", 2, true}, {"{2}", 2, true}}, 2, true, "T[ab]C[{1}]C[{2}]T[cd]"},
    {"", "ab\n \ncd", {{"{1}", 2, true}, {"{2}", 5, true}}, 2, true, "T[ab]C[{1}]C[{2}]T[cd]"},
    {"", "ab", {{"{1", 2, false}}, 1, true, "T[ab]C[{1]"},
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The sample when `n` bytes of all have come: thoughts, then text and calls by their places. */
static void grow(struct choice *c, struct tool_call *items, const struct output *o, size_t n)
{
    size_t thought = least(n, strlen(o->thought)), text = 0;
    n -= thought;
    c->thought.n = thought;
    c->calls.n = 0;
    for (size_t i = 0; i < o->n_calls; i++) {
        size_t before = least(n, o->calls[i].at - text), all = strlen(o->calls[i].arguments);
        text += before;
        n -= before;
        if (text < o->calls[i].at || n == 0) break;
        size_t here = least(n, all);
        n -= here;
        items[i] = (struct tool_call){.arguments = (char *)(uintptr_t)o->calls[i].arguments,
                                      .n_arguments = here,
                                      .whole = here == all && o->calls[i].whole,
                                      .text_at = o->calls[i].at};
        c->calls.n = i + 1;
        if (here < all) break;
    }
    if (c->calls.n == o->n_calls) text += least(n, strlen(o->text) - text);
    c->text.n = text;
    c->reasoning.state = text > 0 || c->calls.n > 0 ? REASONING_AFTER : REASONING_INSIDE;
}

static size_t length(const struct output *o)
{
    size_t n = strlen(o->thought) + strlen(o->text);
    for (size_t i = 0; i < o->n_calls; i++) {
        n += strlen(o->calls[i].arguments);
    }
    return n;
}

/* Shown after every `step` bytes, and at the end. */
static void check(const struct output *o, size_t step, bool hides)
{
    static const struct tool_format any;
    struct tool_call items[3] = {0};
    struct choice c = {.calls = {.items = items, .wanted = {.format = o->tools ? &any : NULL}}};
    struct parts p = {.hides_thoughts = hides};
    struct told told = {0};
    c.thought.p = (char *)(uintptr_t)o->thought;
    c.text.p = (char *)(uintptr_t)o->text;
    for (size_t n = 0; n < length(o); n += step) {
        grow(&c, items, o, n);
        parts_show(&p, &c, &calls, &told);
    }
    grow(&c, items, o, length(o));
    c.done = true;
    parts_show(&p, &c, &calls, &told);
    assert_false(told.open);
    assert_int_equal(told.last, told.n > 0);
    const char *want = o->want;
    if (hides && want[0] == 'R') want = strchr(want, ']') + 1;
    assert_string_equal(told.parts, want);
}

static void the_same_parts_however_they_come(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
        for (size_t step = 1; step <= length(&outputs[i]) + 1; step++) {
            check(&outputs[i], step, false);
            check(&outputs[i], step, true);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_parts_however_they_come)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
