/* reward/code/execute_test.h - one test of the IOI's or Codeforces', as the packages judge it
 * that open-r1 adds to its Pistons (cms_ioi, cf_python3, ...): program, input, expected output
 * and grader come as files, the score goes to stdout and why to stderr.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_EXECUTE_TEST_H
#define REWARD_CODE_EXECUTE_TEST_H

#include "reward/code/execute.h"
#include "reward/code/trial.h"

struct test_order {
    const struct language *language;
    struct span source;
    const char *main; /* where the program lies: "graders/nile.cpp" */
    /* input.txt, correct_output.txt, the grader's, checker.py, grader_config ... */
    const struct sandbox_file *files;
    size_t n_files;
    bool is_ioi;
    double time_s, memory_mb; /* unless the grader's configuration says less */
};

/* Fill the stages "compile" and "run" of out; their texts are in a. err: the sandbox failed. */
void execute_test(const struct test_order *t, struct arena *a, struct execute_outcome *out,
                  struct error *err);

#endif
