/* tests/unit/test_countdown.c - large numbers are left to verifier processes, and change no verdict.
 *
 * Random expressions are judged with numbers of any size and without: without, either the judge says that it
 * needs them, or both say the same.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "reward/rules/countdown_parse.h"
#include "reward/rules/python_eval.h"

enum { CASES = 20000, MOST = 8 };

static uint64_t state = 20260721;

static unsigned draw(unsigned below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % below;
}

enum { NUMBER_BYTES = 16 };

/* The numbers of an expression, as texts. */
struct given {
    char text[MOST][NUMBER_BYTES];
    struct span numbers[MOST];
};

/* Of one to twelve digits, sometimes with a point; most are short. */
static struct span add_number(struct buffer *out, char *text)
{
    unsigned digits = draw(4) == 0 ? 1 + draw(12) : 1 + draw(3);
    unsigned point = draw(8) == 0 ? draw(digits) : 0;
    size_t n = 0;
    for (unsigned i = 0; i < digits; i++) {
        text[n++] = (char)('0' + (i == 0 ? 1 + draw(9) : draw(10)));
        if (i + 1 == point) text[n++] = '.';
    }
    text[n] = '\0';
    buffer_add_str(out, text);
    return span_of(text, n);
}

static void add_expression(struct buffer *out, struct countdown_rules *rules, struct given *g,
                           const char *operators)
{
    int n = 1 + (int)draw(MOST);
    for (int i = 0, open = 0; i < n; i++) {
        bool opens = draw(4) == 0;
        if (i > 0) buffer_add_char(out, operators[draw((unsigned)strlen(operators))]);
        if (opens) buffer_add_char(out, '(');
        open += opens;
        g->numbers[i] = add_number(out, g->text[i]);
        for (; open > 0 && (i + 1 == n || draw(3) == 0); open--) {
            buffer_add_char(out, ')');
        }
    }
    *rules = (struct countdown_rules){
        .numbers = g->numbers, .n = n, .target = g->numbers[draw((unsigned)n)]};
}

static void test_size_changes_no_verdict(void **unused)
{
    int left = 0;
    (void)unused;
    for (int i = 0; i < CASES; i++) {
        struct given given;
        struct countdown_rules rules;
        struct buffer text;
        buffer_init(&text, 4096);
        add_expression(&text, &rules, &given, "+-*/");
        const char *here = countdown_judge(buffer_span(&text), &rules);
        rules.any_size = true;
        const char *there = countdown_judge(buffer_span(&text), &rules);
        assert_non_null(there);
        if (here != NULL && strcmp(here, there) != 0) fail_msg("%s: %s, %s", text.p, here, there);
        left += here == NULL;
        buffer_clear(&text);
    }
    assert_in_range(left, CASES / 100, CASES / 10 * 9); /* both kinds were met */
}

static void test_python_too(void **unused)
{
    int left = 0;
    (void)unused;
    for (int i = 0; i < CASES; i++) {
        struct given given;
        double a = 0, b = 0;
        struct countdown_rules rules;
        struct buffer text;
        buffer_init(&text, 4096);
        add_expression(&text, &rules, &given, "+-*/*+");
        enum python_value here = python_eval_distance(buffer_span(&text), rules.target, false, &a);
        enum python_value there = python_eval_distance(buffer_span(&text), rules.target, true, &b);
        assert_int_not_equal(there, PYTHON_TOO_LARGE);
        bool same = here == there && (here != PYTHON_NUMBER || a == b);
        if (here != PYTHON_TOO_LARGE && !same) {
            fail_msg("%s: %d %a, %d %a", text.p, here, a, there, b);
        }
        left += here == PYTHON_TOO_LARGE;
        buffer_clear(&text);
    }
    assert_in_range(left, CASES / 100, CASES / 10 * 9);
}

static void test_python_of_large_integers(void **unused)
{
    static const struct {
        const char *text, *target;
        double distance;
    } cases[] = {
        {"2**60", "0", 0x1p60},
        {"3**39", "4052555153018976267", 0},
        {"9007199254740993", "9007199254740992", 1},
        {"2**61-1", "2305843009213693952", 1},
        {"7//2*1000000007", "3000000021", 0},
        {"1000000007*1000000009", "1000000016000000062", 1},
        {"10**18/7", "142857142857142857.0", 0},
        {"-2**70", "-1180591620717411303424", 0},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double distance = -1;
        assert_int_equal(python_eval_distance(span_str(cases[i].text), span_str(cases[i].target),
                                              true, &distance),
                         PYTHON_NUMBER);
        if (distance != cases[i].distance) fail_msg("%s: %a", cases[i].text, distance);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_size_changes_no_verdict),
        cmocka_unit_test(test_python_too),
        cmocka_unit_test(test_python_of_large_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
