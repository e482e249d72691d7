/* tests/fuzz/fuzz_pddl.c - domain, problem and plan from untrusted text, NUL between them.
 *
 * Properties: what cannot be read says why; a plan carried out twice ends the same way, with a
 * step where a step is at fault; and a step at fault lies in the plan.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdint.h>

#include "reward/plan/planbench.h"
#include "reward/plan/strips.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The text up to the next NUL; *rest is what follows. */
static struct span take(struct span *rest)
{
    size_t end = span_find(*rest, span_of("", 1), 0);
    struct span part = span_slice(*rest, 0, end);
    *rest = span_slice(*rest, end == SPAN_NONE ? rest->n : end + 1, rest->n);
    return part;
}

static void run(const struct pddl_problem *problem, const struct steps *steps, struct arena *a)
{
    struct plan_outcome one = strips_run(problem, steps, a), two = strips_run(problem, steps, a);
    if (one.reason == PLAN_TOO_LARGE || two.reason == PLAN_TOO_LARGE) return;
    assert(one.reason == two.reason && one.step == two.step && one.n_unmet == two.n_unmet);
    bool at_step = one.reason != PLAN_VALID && one.reason != PLAN_GOAL;
    assert(at_step == (one.step > 0) && one.step <= steps->n);
    assert((one.n_unmet > 0) == (one.reason == PLAN_PRECONDITION || one.reason == PLAN_GOAL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_of(data, size);
    struct span domain_text = take(&rest), problem_text = take(&rest);
    struct arena *a = arena_new(16 << 20);
    struct error err = {0};
    if (a == NULL) return 0;
    const struct planbench_domain *known = planbench_find(domain_text);
    const struct pddl_domain *domain =
        known != NULL ? known->domain : pddl_parse_domain(domain_text, a, &err);
    assert((domain == NULL) == (err.code != ERROR_NONE));
    const struct pddl_problem *problem =
        domain == NULL ? NULL : pddl_parse_problem(problem_text, domain, a, &err);
    assert((problem == NULL) == (err.code != ERROR_NONE));
    struct steps steps;
    if (problem != NULL && steps_read_pddl(rest, a, &steps)) run(problem, &steps, a);
    const struct wording *words = planbench_find(span_str("blocksworld"))->wording;
    if (problem != NULL && steps_read_sentences(rest, words, true, a, &steps)) {
        run(problem, &steps, a);
    }
    arena_free(a);
    return 0;
}
