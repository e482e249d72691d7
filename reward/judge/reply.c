/* reward/judge/reply.c - a judged job as JSON, written without a tree.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/job.h"

#include "base/json.h"

static const char *const verdict_names[] = {[VERDICT_NONE] = NULL,
                                            [VERDICT_CORRECT] = "correct",
                                            [VERDICT_INCORRECT] = "incorrect",
                                            [VERDICT_CANNOT] = "cannot_judge"};

/* Is what was written last a whole member? Nothing is known of a buffer that failed. */
static bool needs_comma(const struct buffer *out)
{
    return out->n > 0 && out->p[out->n - 1] != '{';
}

/* `"key":` with the comma that is due before it. The key is a literal. */
static void add_key(struct buffer *out, const char *key)
{
    if (needs_comma(out)) buffer_add_char(out, ',');
    buffer_add_char(out, '"');
    buffer_add_str(out, key);
    buffer_add(out, "\":", 2);
}

static void add_label(struct buffer *out, struct span label)
{
    if (needs_comma(out)) buffer_add_char(out, ',');
    json_print_text(label, out);
    buffer_add_char(out, ':');
}

static void add_bool(struct buffer *out, const char *key, bool value)
{
    add_key(out, key);
    buffer_add_str(out, value ? "true" : "false");
}

static void add_number(struct buffer *out, const char *key, double value)
{
    add_key(out, key);
    json_print_number(value, out);
}

static void add_literal(struct buffer *out, const char *key, const char *text)
{
    add_key(out, key);
    buffer_add_char(out, '"');
    buffer_add_str(out, text); /* our own names need no escapes */
    buffer_add_char(out, '"');
}

static void add_error(struct buffer *out, const struct error *e)
{
    add_key(out, "error");
    if (e == NULL) {
        buffer_add_str(out, "null");
        return;
    }
    buffer_add_char(out, '{');
    add_literal(out, "code", error_name(e->code));
    add_key(out, "message");
    json_print_text(span_str(e->message), out);
    add_key(out, "param");
    if (e->param[0] == '\0')
        buffer_add_str(out, "null");
    else
        json_print_text(span_str(e->param), out);
    buffer_add_char(out, '}');
}

static void add_values(struct buffer *out, const struct job_item *it)
{
    add_key(out, "rewards");
    buffer_add_char(out, '{');
    for (int i = 0; i < it->scored.specs->n; i++) {
        if (it->scored.specs->specs[i].hidden) continue;
        add_label(out, it->scored.specs->specs[i].label);
        if (it->scored.parts[i].state == PART_VALUE)
            json_print_number(it->scored.parts[i].value, out);
        else
            buffer_add_str(out, "null");
    }
    buffer_add_char(out, '}');
}

static void add_details(struct buffer *out, const struct judge_job *job, const struct job_item *it)
{
    add_key(out, "details");
    buffer_add_char(out, '{');
    for (int i = 0; i < it->scored.specs->n; i++) {
        const struct part *p = &it->scored.parts[i];
        if (it->scored.specs->specs[i].hidden) continue;
        add_label(out, it->scored.specs->specs[i].label);
        buffer_add_char(out, '{');
        if (verdict_names[p->verdict] != NULL) {
            add_literal(out, "verdict", verdict_names[p->verdict]);
        }
        if (p->cause != NULL) add_literal(out, "cause", p->cause);
        if (p->details.n > 0) {
            if (needs_comma(out)) buffer_add_char(out, ',');
            buffer_add(out, job->texts.p + p->details.at, p->details.n);
        }
        buffer_add_char(out, '}');
    }
    buffer_add_char(out, '}');
}

static void add_id(struct buffer *out, const struct job_item *it)
{
    add_key(out, "id");
    if (cJSON_IsNumber(it->id) || cJSON_IsString(it->id)) {
        json_print(it->id, out);
    } else {
        buffer_add_str(out, "null");
    }
}

void reply_item(const struct judge_job *job, const struct job_item *it, struct buffer *out)
{
    bool judged = it->scored.error == NULL;
    buffer_add_char(out, '{');
    add_id(out, it);
    add_key(out, "reward");
    if (it->scored.has_reward && judged)
        json_print_number(it->scored.reward, out);
    else
        buffer_add_str(out, "null");
    if (judged) {
        add_values(out, it);
        add_details(out, job, it);
    } else {
        buffer_add_str(out, ",\"rewards\":{},\"details\":{}");
    }
    if (job->method != ADVANTAGE_NONE) add_number(out, "advantage", it->scored.advantage);
    if (job->n_groups > 0) add_bool(out, "keep", it->scored.keep);
    add_error(out, it->scored.error);
    buffer_add_char(out, '}');
}

/* ---- groups ------------------------------------------------------------------------------------------- */

static void add_majority(struct buffer *out, const struct group_outcome *g)
{
    add_key(out, "majority");
    if (!g->voted) {
        buffer_add_str(out, "null");
        return;
    }
    buffer_add_char(out, '{');
    add_key(out, "answer");
    json_print_text(g->winner, out);
    add_number(out, "votes", (double)g->votes);
    const char *verdict = verdict_names[g->winner_verdict];
    if (verdict != NULL) add_literal(out, "verdict", verdict);
    buffer_add_char(out, '}');
}

/* pass@k for k = 1, 2, 4, ... and the whole group, over the members with a verdict. */
static void add_pass_at(struct buffer *out, const struct group_outcome *g)
{
    add_key(out, "pass_at");
    if (g->judged == 0) {
        buffer_add_str(out, "null");
        return;
    }
    buffer_add_char(out, '{');
    for (size_t k = 1; k <= g->judged; k = k < g->judged && k * 2 > g->judged ? g->judged : k * 2) {
        char key[24];
        snprintf(key, sizeof(key), "%zu", k);
        add_number(out, key, pass_at_k(g->judged, g->correct, k));
    }
    buffer_add_char(out, '}');
}

static void add_group(struct buffer *out, const struct judge_job *job, size_t i)
{
    const struct group_outcome *g = &job->groups[i].outcome;
    struct span name = job->groups[i].name;
    buffer_add_char(out, '{');
    if (name.p != NULL) {
        add_key(out, "group");
        json_print_text(name, out);
    } else {
        add_number(out, "group", (double)i);
    }
    add_number(out, "size", (double)g->size);
    add_number(out, "scored", (double)g->scored);
    add_key(out, "mean");
    if (g->scored > 0)
        json_print_number(g->mean, out);
    else
        buffer_add_str(out, "null");
    add_key(out, "std");
    if (g->scored > 0)
        json_print_number(g->std, out);
    else
        buffer_add_str(out, "null");
    add_bool(out, "keep", g->keep);
    add_majority(out, g);
    add_pass_at(out, g);
    buffer_add_char(out, '}');
}

static void reply_native(const struct judge_job *job, struct buffer *out)
{
    buffer_add_str(out, "{\"results\":[");
    for (size_t i = 0; i < job->n; i++) {
        if (i > 0) buffer_add_char(out, ',');
        reply_item(job, &job->items[i], out);
    }
    buffer_add_char(out, ']');
    if (job->n_groups > 0) {
        buffer_add_str(out, ",\"groups\":[");
        for (size_t i = 0; i < job->n_groups; i++) {
            if (i > 0) buffer_add_char(out, ',');
            add_group(out, job, i);
        }
        buffer_add_char(out, ']');
    }
    buffer_add_str(out, ",\"rules\":\"" REWARD_RULES "\"");
    buffer_addf(out, ",\"elapsed_ms\":%.3f}", (double)job->took_ns / 1e6);
}

const struct job_form job_native = {.reply = reply_native, .knows_null = true};
