/* reward/judge/reply.c - a judged job as JSON, written without a tree.
 *
 * A reply is as large as its items are many, so it is appended to one buffer as it goes: keys are
 * literals, and whether a comma is due is read off the last byte written. What may hold anything
 * (labels, answers, messages) is escaped; details are members that a reward has written as JSON
 * already (row/detail.c), copied as they are. A buffer that has failed takes no more, so nothing
 * here asks before the end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/job.h"

#include <math.h>
#include <stdio.h>

#include "base/emit.h"

const char *reply_verdict(enum verdict v)
{
    static const char *const names[] = {[VERDICT_NONE] = NULL,
                                        [VERDICT_CORRECT] = "correct",
                                        [VERDICT_INCORRECT] = "incorrect",
                                        [VERDICT_CANNOT] = "cannot_judge"};
    return names[v];
}

void reply_error(const struct error *e, struct buffer *out)
{
    if (e == NULL) {
        emit_null(out, "error");
        return;
    }
    emit_object(out, "error");
    emit_str(out, "code", error_name(e->code));
    emit_str(out, "message", e->message);
    emit_str(out, "param", e->param[0] == '\0' ? NULL : e->param);
    emit_close(out, '}');
}

static void add_values(struct buffer *out, const struct scored *s)
{
    emit_object(out, "rewards");
    for (int i = 0; i < s->specs->n; i++) {
        if (s->specs->specs[i].hidden) continue;
        emit_name(out, s->specs->specs[i].label);
        emit_known(out, NULL, s->parts[i].state == PART_VALUE, s->parts[i].value);
    }
    emit_close(out, '}');
}

static void add_details(struct buffer *out, const struct judge_job *job, const struct scored *s)
{
    emit_object(out, "details");
    for (int i = 0; i < s->specs->n; i++) {
        const struct part *p = &s->parts[i];
        if (s->specs->specs[i].hidden) continue;
        emit_name(out, s->specs->specs[i].label);
        emit_object(out, NULL);
        const char *verdict = reply_verdict(p->verdict);
        if (verdict != NULL) emit_str(out, "verdict", verdict);
        if (p->cause != NULL) emit_str(out, "cause", p->cause);
        if (p->details.n > 0) {
            emit_json(out, NULL, span_of(job->texts.p + p->details.at, p->details.n));
        }
        emit_close(out, '}');
    }
    emit_close(out, '}');
}

void reply_item(const struct judge_job *job, const struct job_item *it, struct buffer *out)
{
    const struct scored *s = &it->scored;
    bool judged = s->error == NULL, named = cJSON_IsNumber(it->id) || cJSON_IsString(it->id);
    emit_object(out, NULL);
    emit_value(out, "id", named ? it->id : NULL);
    emit_known(out, "reward", s->has_reward && judged, s->reward);
    if (judged) {
        add_values(out, s);
        add_details(out, job, s);
    } else {
        emit_json(out, "rewards", span_str("{}"));
        emit_json(out, "details", span_str("{}"));
    }
    if (job->method != ADVANTAGE_NONE) emit_double(out, "advantage", s->advantage);
    if (job->n_groups > 0) emit_bool(out, "keep", s->keep);
    reply_error(s->error, out);
    emit_close(out, '}');
}

/* ---- groups ------------------------------------------------------------------------------------------- */

static void add_majority(struct buffer *out, const struct group_outcome *g)
{
    if (!g->voted) {
        emit_null(out, "majority");
        return;
    }
    emit_object(out, "majority");
    emit_text(out, "answer", g->winner);
    emit_int(out, "votes", (int64_t)g->votes);
    const char *verdict = reply_verdict(g->winner_verdict);
    if (verdict != NULL) emit_str(out, "verdict", verdict);
    emit_close(out, '}');
}

/* pass@k for k = 1, 2, 4, ... and the whole group, over the members with a verdict. */
static void add_pass_at(struct buffer *out, const struct group_outcome *g)
{
    if (g->judged == 0) {
        emit_null(out, "pass_at");
        return;
    }
    emit_object(out, "pass_at");
    for (size_t k = 1; k <= g->judged; k = k < g->judged && k * 2 > g->judged ? g->judged : k * 2) {
        char key[24];
        snprintf(key, sizeof(key), "%zu", k);
        emit_double(out, key, pass_at_k(g->judged, g->correct, k));
    }
    emit_close(out, '}');
}

void reply_group(const struct group_outcome *g, struct buffer *out)
{
    emit_int(out, "size", (int64_t)g->size);
    emit_int(out, "scored", (int64_t)g->scored);
    emit_known(out, "mean", g->scored > 0, g->mean);
    emit_known(out, "std", g->scored > 0, g->std);
    emit_bool(out, "keep", g->keep);
    add_majority(out, g);
    add_pass_at(out, g);
}

static void add_group(struct buffer *out, const struct judge_job *job, size_t i)
{
    const struct group_outcome *g = &job->groups[i].outcome;
    struct span name = job->groups[i].name;
    emit_object(out, NULL);
    if (name.p != NULL) {
        emit_text(out, "group", name);
    } else {
        emit_int(out, "group", (int64_t)i);
    }
    reply_group(g, out);
    emit_close(out, '}');
}

static void reply_native(const struct judge_job *job, struct buffer *out)
{
    emit_object(out, NULL);
    emit_array(out, "results");
    for (size_t i = 0; i < job->n; i++) {
        reply_item(job, &job->items[i], out);
    }
    emit_close(out, ']');
    if (job->n_groups > 0) emit_array(out, "groups");
    for (size_t i = 0; i < job->n_groups; i++) {
        add_group(out, job, i);
    }
    if (job->n_groups > 0) emit_close(out, ']');
    emit_str(out, "rules", REWARD_RULES);
    emit_double(out, "elapsed_ms", round((double)job->took_ns / 1e3) / 1e3);
    emit_close(out, '}');
}

const struct job_form job_native = {
    .reply = reply_native, .list = "items", .knows_null = true};
