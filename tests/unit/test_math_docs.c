/* tests/unit/test_math_docs.c - the table of examples in docs/accuracy.md is true.
 *
 * A row is | `reference` | `answer`, `answer`... | correct or incorrect | remark |; a vertical
 * bar in an answer is written \|. Skipped where the tests do not run in the project's root.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/verdicts.h"

enum { LINE = 1000, AT_LEAST = 50 };

/* The next text between back quotes from *at on, before the cell's end, with its \| undone; false
 * when the cell has no more. */
static bool next_code(const char **at, char *out)
{
    size_t n = 0;
    while (**at != 0 && **at != '`' && **at != '|') {
        (*at)++;
    }
    if (**at != '`') return false;
    for ((*at)++; **at != 0 && **at != '`'; (*at)++) {
        if ((*at)[0] == '\\' && (*at)[1] == '|') (*at)++;
        out[n++] = **at;
    }
    if (**at == '`') (*at)++;
    out[n] = 0;
    return n > 0;
}

static bool next_cell(const char **at)
{
    if (**at != '|') return false;
    (*at)++;
    return true;
}

/* The number of answers that a line gives; *wrong counts those that are judged otherwise. */
static int check_line(const char *line, int *wrong)
{
    char gold[LINE], answers[8][LINE];
    int n = 0;
    const char *at = line;
    if (!next_cell(&at) || !next_code(&at, gold)) return 0;
    while (*at != 0 && *at != '|') {
        at++;
    }
    if (!next_cell(&at)) return 0;
    while (n < 8 && next_code(&at, answers[n])) {
        n++;
    }
    if (!next_cell(&at)) return 0;
    bool incorrect = strncmp(at, " incorrect |", 12) == 0;
    if (!incorrect && strncmp(at, " correct |", 10) != 0) return 0;
    for (int i = 0; i < n; i++) {
        *wrong += check_verdict("docs/accuracy.md", gold, answers[i], MATH_FORM_BARE,
                                incorrect ? MATH_INCORRECT : MATH_CORRECT);
    }
    return n;
}

static void test_examples(void **state)
{
    (void)state;
    char line[LINE];
    int rows = 0, wrong = 0;
    FILE *f = fopen("docs/accuracy.md", "r");
    if (f == NULL) skip();
    while (fgets(line, sizeof(line), f) != NULL) {
        rows += check_line(line, &wrong);
    }
    fclose(f);
    assert_int_equal(wrong, 0);
    assert_true(rows >= AT_LEAST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_examples)};
    return cmocka_run_group_tests_name("math_docs", tests, NULL, NULL);
}
