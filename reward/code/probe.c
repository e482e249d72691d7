/* reward/code/probe.c - see probe.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/probe.h"

#include "reward/code/trial.h"
#include "reward/row/limits.h"

enum { MAX_LANGUAGES = 32, COMPILE_MS = 30000 };

static const struct language *working[MAX_LANGUAGES]; /* of this process, which has one thread */
static size_t n_working;

static bool is_known(const struct language *l)
{
    for (size_t i = 0; i < n_working; i++) {
        if (working[i] == l) return true;
    }
    return false;
}

static bool passes(const struct language *l, struct arena *a)
{
    struct code_case c = {.kind = CASE_STDIO, .expected = span_str("ok")};
    const struct code_tests tests = {.cases = &c, .n = 1, .language = l};
    const struct trial_options o = {.checker = CHECKER_TOKENS,
                                    .time_s = 10,
                                    .total_s = 30,
                                    .memory_bytes = (size_t)1 << 30,
                                    .output_bytes = 1 << 16};
    struct program p = {.language = l, .source = span_str(l->probe)};
    struct trial t;
    trial_init(&t);
    buffer_init(&p.binary, (size_t)64 << 20);
    bool ok =
        trial_compile(&p, COMPILE_MS, &t) && trial_run(&p, &tests, &o, a, &t) && t.passed == 1;
    buffer_clear(&p.binary);
    trial_clear(&t);
    return ok;
}

bool probe_language(const struct language *l)
{
    if (is_known(l)) return true;
    struct arena *a = arena_new(REWARD_SCRATCH_BYTES);
    bool ok = a != NULL && passes(l, a);
    arena_free(a);
    if (ok && n_working < MAX_LANGUAGES) working[n_working++] = l;
    return ok;
}
