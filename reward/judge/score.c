/* reward/judge/score.c - see score.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/score.h"

#include <assert.h>
#include <math.h>

#include "base/mem.h"

const char SCORE_NO_MEMORY[] = "no_memory";

/* Memory ran out while it was judged: whatever came of it, a part may be missing. */
static enum score_status lacks_memory(struct reward_out *out)
{
    buffer_clear(out->details);
    out->vote = span_of(NULL, 0);
    out->cause = SCORE_NO_MEMORY;
    *out->err = (struct error){0};
    return SCORE_CANNOT;
}

enum score_status score_part(const struct spec *s, struct reward_call *call, struct reward_out *out)
{
    call->options = s->options;
    call->prepared = s->prepared;
    mem_forget();
    enum score_status status = s->reward->score(call, out);
    if (status != SCORE_DEFER && mem_ran_out()) status = lacks_memory(out);
    if (status == SCORE_DONE && !isfinite(out->value)) {
        out->cause = "not_finite";
        status = SCORE_CANNOT;
    }
    if (status == SCORE_DEFER && call->in_worker) {
        out->cause = "error";
        status = SCORE_CANNOT;
    }
    if (status == SCORE_FAULT && out->err->code == ERROR_NONE) {
        error_set(out->err, ERROR_INTERNAL, NULL, "%s gave no reason", s->reward->name);
    }
    if (status == SCORE_CANNOT) {
        out->value = 0;
        out->verdict = VERDICT_CANNOT;
        if (out->cause == NULL) out->cause = "error";
    }
    assert(status != SCORE_DONE || isfinite(out->value));
    assert((status == SCORE_FAULT) <= (out->err->code != ERROR_NONE)); /* a fault has its reason */
    return status;
}

const char *score_cause(const struct reward *r, struct span cause)
{
    static const char *const common[] = {SCORE_NO_MEMORY, "too_large", "not_finite",
                                         "correctness_unknown", NULL};
    if (cause.n == 0) return NULL;
    for (int i = 0; r->causes != NULL && r->causes[i] != NULL; i++) {
        if (span_is(cause, r->causes[i])) return r->causes[i];
    }
    for (int i = 0; common[i] != NULL; i++) {
        if (span_is(cause, common[i])) return common[i];
    }
    return "error";
}
