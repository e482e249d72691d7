/* tests/unit/test_math_notation.c - one thing in several notations, and others beside it.
 *
 * tests/data/notations.txt holds the rows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/verdicts.h"

enum { MAX = 40 };

struct texts {
    char *text[MAX];
    int n;
};

/* The texts between " ~~ " in s, which is cut up. */
static struct texts split(char *s)
{
    struct texts all = {.n = 0};
    while (s != NULL && all.n < MAX) {
        char *end = strstr(s, " ~~ ");
        if (end != NULL) *end = 0;
        all.text[all.n++] = s;
        s = end == NULL ? NULL : end + 4;
    }
    return all;
}

static void check_row(char *line, int *wrong)
{
    char *others = strstr(line, " !! ");
    if (others != NULL) *others = 0;
    struct texts same = split(line), other = split(others == NULL ? NULL : others + 4);
    const char *name = same.text[0];
    for (int i = 0; i < same.n; i++) {
        for (int j = 0; j < same.n; j++) {
            *wrong += check_verdict(name, same.text[i], same.text[j], MATH_FORM_BARE, MATH_CORRECT);
        }
        for (int j = 0; j < other.n; j++) {
            *wrong +=
                check_verdict(name, same.text[i], other.text[j], MATH_FORM_BARE, MATH_INCORRECT);
            *wrong +=
                check_verdict(name, other.text[j], same.text[i], MATH_FORM_BARE, MATH_INCORRECT);
        }
    }
}

static void test_rows(void **state)
{
    (void)state;
    int wrong = 0;
    assert_true(check_lines("tests/data/notations.txt", check_row, &wrong) > 250);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests_name("math_notation", tests, NULL, NULL);
}
