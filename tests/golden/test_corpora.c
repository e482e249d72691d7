/* tests/golden/test_corpora.c - every case of the corpora that travel with the sources
 * (tests/data/corpora).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/golden/corpus_cases.h"
#include "tests/unit/judging.h"

static void test_corpora(void **state)
{
    (void)state;
    int cases = 0;
    for (int i = 0; i < N_RUNNERS; i++) {
        struct corpus_score s = corpus_run(judge, "tests/data/corpora", i);
        if (s.missing) continue;
        if (s.right != s.cases) print_message("%s: %d of %d\n", runners[i].file, s.right, s.cases);
        assert_int_equal(s.right, s.cases);
        cases += s.cases;
    }
    assert_true(cases > 800); /* the files were found */
}

static int open_judge(void **state)
{
    (void)state;
    return judging_open_with("[{\"name\":\"format\"}]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corpora),
    };
    return cmocka_run_group_tests(tests, open_judge, close_judge);
}
