/* tests/unit/test_math_memory.c - an arena that is too small, of every size: the verdict is the one
 * of a large arena or none, and nothing is read that could not be allocated.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/verdicts.h"

enum { LARGEST = 400000, STEPS = 6 };

static enum math_verdict judged(size_t bytes, const char *gold, const char *answer,
                                enum math_cause *cause)
{
    struct arena *a = arena_new(bytes);
    struct math_options o = MATH_DEFAULTS;
    struct span golds[] = {span_str(gold)};
    struct math_result r;
    o.form = MATH_FORM_BARE;
    math_judge(a, span_str(answer), golds, 1, &o, MATH_CHEAP, &r);
    arena_free(a);
    *cause = r.cause;
    return r.verdict;
}

/* The first two notations of a row. */
static void check_row(char *line, int *wrong)
{
    char *next = strstr(line, " ~~ "), *end;
    if (next == NULL) return;
    *next = 0;
    next += 4;
    if ((end = strstr(next, " ~~ ")) != NULL || (end = strstr(next, " !! ")) != NULL) *end = 0;
    enum math_cause cause;
    enum math_verdict full = judged((size_t)64 << 20, line, next, &cause);
    for (size_t bytes = 256; bytes < LARGEST; bytes += bytes / STEPS + 16) {
        enum math_verdict v = judged(bytes, line, next, &cause);
        if (v == full || (v == MATH_CANNOT_JUDGE && cause == MATH_TOO_LARGE)) continue;
        print_error("%s against %s in %zu bytes: %d, not %d\n", line, next, bytes, (int)v,
                    (int)full);
        ++*wrong;
    }
}

static void test_every_size(void **state)
{
    (void)state;
    int wrong = 0, rows = check_lines("tests/data/notations.txt", check_row, &wrong);
    assert_int_equal(wrong, 0);
    assert_true(rows > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_size)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
