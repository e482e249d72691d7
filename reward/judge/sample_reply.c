/* reward/judge/sample_reply.c - what the door for samples gives, as JSON: the members that /verify has.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/sample.h"

#include <stdio.h>

#include "base/emit.h"
#include "reward/judge/job.h"

static void emit_values(const struct judge_reply *r, struct buffer *out)
{
    emit_object(out, "rewards");
    for (int i = 0; i < r->n_parts && r->error.code == ERROR_NONE; i++) {
        emit_name(out, r->parts[i].label);
        emit_known(out, NULL, r->parts[i].has_value, r->parts[i].value);
    }
    emit_close(out, '}');
}

static void emit_details(const struct judge_reply *r, struct buffer *out)
{
    emit_object(out, "details");
    for (int i = 0; i < r->n_parts && r->error.code == ERROR_NONE; i++) {
        const struct judge_part *p = &r->parts[i];
        const char *verdict = reply_verdict(p->verdict);
        emit_name(out, p->label);
        emit_object(out, NULL);
        if (verdict != NULL) emit_str(out, "verdict", verdict);
        if (p->cause != NULL) emit_str(out, "cause", p->cause);
        if (p->details.n > 0) emit_json(out, NULL, p->details);
        emit_close(out, '}');
    }
    emit_close(out, '}');
}

void judge_reply_emit(const struct judge_reply *reply, struct buffer *out)
{
    emit_values(reply, out);
    emit_details(reply, out);
    reply_error(reply->error.code != ERROR_NONE ? &reply->error : NULL, out);
}

void judge_group_emit(const struct judge_group *g, struct buffer *out)
{
    const struct group_outcome outcome = {.size = g->size,
                                          .scored = g->scored,
                                          .mean = g->mean,
                                          .std = g->std,
                                          .keep = g->keep,
                                          .voted = g->majority.p != NULL,
                                          .winner = g->majority,
                                          .votes = g->votes,
                                          .winner_verdict = g->majority_verdict,
                                          .judged = g->judged,
                                          .correct = g->correct};
    reply_group(&outcome, out);
}
