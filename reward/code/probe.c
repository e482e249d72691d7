/* reward/code/probe.c - see probe.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/probe.h"

#include <stdio.h>

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

static bool passes(const struct language *l, struct span source, struct arena *a)
{
    struct code_case c = {.kind = CASE_STDIO, .expected = span_str("ok")};
    const struct code_tests tests = {.cases = &c, .n = 1, .language = l};
    const struct trial_options o = {.checker = CHECKER_TOKENS,
                                    .runs = 1,
                                    .time_s = 10,
                                    .total_s = 30,
                                    .memory_bytes = (size_t)1 << 30,
                                    .output_bytes = 1 << 16};
    struct program p = {.language = l, .source = source};
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
    bool ok = a != NULL && passes(l, span_str(l->probe), a);
    arena_free(a);
    if (ok && n_working < MAX_LANGUAGES) working[n_working++] = l;
    return ok;
}

/* ---- libraries --------------------------------------------------------------------------------------- */

/* What the graders of LiveCodeBench, KodCode, AceCode and verl have beside Python. */
static const char *const libraries[] = {"numpy",    "pandas", "scipy",           "sympy",
                                        "networkx", "pytest", "sortedcontainers"};

enum { LIBRARIES = sizeof(libraries) / sizeof(libraries[0]) };

/* Is the name imported by a line of its own: "import numpy as np", "from numpy.linalg import norm"? */
static bool imports(struct span source, const char *library)
{
    static const char *const words[] = {"import ", "from "};
    for (size_t w = 0; w < 2; w++) {
        char head[64];
        size_t n = (size_t)snprintf(head, sizeof(head), "%s%s", words[w], library);
        for (size_t at = 0; (at = span_find(source, span_str(head), at)) != SPAN_NONE; at++) {
            char after = at + n < source.n ? source.p[at + n] : '\n';
            if (strchr(" .,;\r\n\t", after) != NULL && after != '\0') return true;
        }
    }
    return false;
}

static bool is_here(int library)
{
    static bool known[LIBRARIES]; /* of this process, which has one thread */
    char source[96];
    if (known[library]) return true;
    snprintf(source, sizeof(source), "import %s\nprint('ok')\n", libraries[library]);
    struct arena *a = arena_new(REWARD_SCRATCH_BYTES);
    known[library] = a != NULL && passes(language_find(span_str("python")), span_str(source), a);
    arena_free(a);
    return known[library];
}

const char *probe_missing_library(struct span source)
{
    for (int i = 0; i < LIBRARIES; i++) {
        if (imports(source, libraries[i]) && !is_here(i)) return libraries[i];
    }
    return NULL;
}
