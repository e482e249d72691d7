/* tests/unit/verdicts.h - what tests of answers share: one pair of texts and its verdict.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_UNIT_VERDICTS_H
#define TESTS_UNIT_VERDICTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "reward/math/math.h"

/* The verdict on an answer with the defaults: cheaply, and with MATH_FULL in full where that
 * defers. */
static inline enum math_verdict verdict(const char *gold, const char *answer, enum math_form form,
                                        enum math_effort most)
{
    struct arena *a = arena_new((size_t)64 << 20);
    struct math_options o = MATH_DEFAULTS;
    struct span golds[] = {span_str(gold)};
    struct math_result r;
    o.form = form;
    o.budget_s = 20;
    math_judge(a, span_str(answer), golds, 1, &o, MATH_CHEAP, &r);
    if (r.verdict == MATH_DEFER && most == MATH_FULL) {
        math_judge(a, span_str(answer), golds, 1, &o, MATH_FULL, &r);
    }
    enum math_verdict v = r.verdict;
    arena_free(a);
    return v;
}

/* 1, and a line that says so, when the verdict is not the expected one; else 0. */
static inline int check_verdict(const char *name, const char *gold, const char *answer,
                                enum math_form form, enum math_verdict expected)
{
    enum math_verdict got = verdict(gold, answer, form, MATH_FULL);
    if (got == expected) return 0;
    print_error("%s: gold %s, answer %s: %d, expected %d\n", name, gold == NULL ? "none" : gold,
                answer == NULL ? "none" : answer, (int)got, (int)expected);
    return 1;
}

/* Calls row(line, wrong) for each line of a file of cases but empty ones and comments; the number
 * of lines. Skips the test where the file is not there: tests run in the project's root. */
static inline int check_lines(const char *path, void (*row)(char *line, int *wrong), int *wrong)
{
    static char line[8192];
    int rows = 0;
    FILE *f = fopen(path, "r");
    if (f == NULL) skip();
    while (fgets(line, sizeof(line), f) != NULL) {
        line[strcspn(line, "\n")] = 0;
        if (line[0] == 0 || line[0] == '#') continue;
        row(line, wrong);
        rows++;
    }
    fclose(f);
    return rows;
}

/* <br> as a line's end, in place: how files of cases write responses of several lines. */
static inline void unescape_response(char *text)
{
    char *in = text, *out = text;
    for (; *in != 0; out++) {
        bool line_end = strncmp(in, "<br>", 4) == 0;
        *out = line_end ? '\n' : *in;
        in += line_end ? 4 : 1;
    }
    *out = 0;
}

#endif
