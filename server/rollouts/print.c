/* server/rollouts/print.c - a group as JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/emit.h"
#include "base/json.h"
#include "server/generate/logprobs.h"
#include "server/http/state.h"
#include "server/rollouts/row.h"

static void emit_maybe(struct buffer *out, float value)
{
    if (isnan(value)) {
        emit_null(out, NULL);
    } else {
        emit_float(out, NULL, value);
    }
}

/* ---- the tokens ------------------------------------------------------------------------------- */

static void emit_ids(const struct row *r, struct buffer *out)
{
    emit_array(out, "token_ids");
    for (size_t i = 0; i < r->n; i++) {
        emit_int(out, NULL, r->cells[i].id);
    }
    emit_close(out, ']');
    emit_array(out, "loss_mask");
    for (size_t i = 0; i < r->n; i++) {
        emit_int(out, NULL, r->cells[i].loss);
    }
    emit_close(out, ']');
}

static void emit_logprobs(const struct row *r, bool drawn, struct buffer *out)
{
    emit_array(out, drawn ? "processed_logprobs" : "logprobs");
    for (size_t i = 0; i < r->n; i++) {
        emit_maybe(out, drawn ? r->cells[i].drawn : r->cells[i].logprob);
    }
    emit_close(out, ']');
}

static void emit_cell_tops(const struct cell *c, struct buffer *out)
{
    const struct token_prob *tops = c->choice->tops + c->record->first_top;
    emit_array(out, NULL);
    for (int k = 0; k < c->record->n_top; k++) {
        emit_object(out, NULL);
        emit_int(out, "token_id", tops[k].id);
        emit_float(out, "logprob", tops[k].logprob);
        emit_close(out, '}');
    }
    emit_close(out, ']');
}

static void emit_tops(const struct row *r, struct buffer *out)
{
    emit_array(out, "top_logprobs");
    for (size_t i = 0; i < r->n; i++) {
        if (r->cells[i].record == NULL) {
            emit_null(out, NULL);
        } else {
            emit_cell_tops(&r->cells[i], out);
        }
    }
    emit_close(out, ']');
}

/* The ids that each token was drawn from. */
static void emit_supports(const struct row *r, struct buffer *out)
{
    emit_array(out, "sampling_mask");
    for (size_t i = 0; i < r->n; i++) {
        const struct cell *c = &r->cells[i];
        if (c->record == NULL || c->record->n_support < 0) {
            emit_null(out, NULL);
            continue;
        }
        emit_array(out, NULL);
        for (int k = 0; k < c->record->n_support; k++) {
            emit_int(out, NULL, c->choice->supports[c->record->first_support + (size_t)k]);
        }
        emit_close(out, ']');
    }
    emit_close(out, ']');
}

/* The experts of prompt and row, but for the last token, which was not computed: of its last turn,
 * whose prompt holds all before. */
static void emit_routes(const struct sample *s, const struct row *r, struct buffer *out)
{
    const struct engine_info *info = engine_info(s->group->rollout->exchange->server->engine);
    const struct choice *c = sample_turn(s)->choice;
    size_t token = (size_t)info->n_layers * (size_t)info->n_used;
    size_t rows = s->group->prompt->ids.n + r->n - 1;
    if (c == NULL || c->routes == NULL) {
        emit_null(out, "routed_experts");
        return;
    }
    if (rows > (size_t)c->n_routes) rows = (size_t)c->n_routes;
    emit_object(out, "routed_experts");
    emit_str(out, "dtype", "int16");
    emit_array(out, "shape");
    emit_int(out, NULL, (int64_t)rows);
    emit_int(out, NULL, info->n_layers);
    emit_int(out, NULL, info->n_used);
    emit_close(out, ']');
    emit_base64(out, "data", span_of(c->routes, rows * token * sizeof(*c->routes)));
    emit_close(out, '}');
}

/* The text of the last turn's ids that are shown: the choice's own where that is all of them. */
static void emit_sample_text(struct sample *s, const struct row *r, struct buffer *out)
{
    const struct rollout *rollout = s->group->rollout;
    const struct rollout_turn *t = sample_turn(s);
    const struct engine_sampling *how = &rollout->ask.params.engine;
    struct error err = {0};
    bool given = s->n_turns == 1 && s->strand->n > 0;
    if (t->choice != NULL && !given && s->ended_by == NULL) {
        emit_text(out, "text", buffer_span(&t->choice->text));
        return;
    }
    size_t from = r->starts[s->n_turns - 1];
    bool hides = s->strand->end == STRAND_STOPPED && !how->include_stop;
    size_t to = hides ? r->n - 1 : r->n;
    int *ids = arena_alloc(t->arena, r->n - from + 1, sizeof(*ids));
    for (size_t i = from; ids != NULL && i < to; i++) {
        ids[i - from] = r->cells[i].id;
    }
    buffer_clear(&s->text);
    bool ok = ids != NULL && engine_detokenize(rollout->exchange->server->engine, ids, to - from,
                                               how->skip_special_tokens, &s->text, &err);
    if (ids == NULL || (!ok && err.code == ERROR_NO_MEMORY)) buffer_no_memory(out);
    if (!ok) out->failed = true;
    buffer_fail_as(out, &s->text);
    emit_text(out, "text", buffer_span(&s->text));
}

/* ---- how it ended ----------------------------------------------------------------------------- */

static void emit_end(const struct sample *s, struct buffer *out)
{
    bool whole = s->ended_by == NULL;
    const struct choice *c = sample_turn(s)->choice;
    emit_str(out, "finish_reason", row_ends[row_end(s)]);
    if (whole && s->strand->end == STRAND_STOPPED) {
        emit_int(out, "stop_reason", s->strand->ids[s->strand->n - 1]);
    } else if (whole && c != NULL && c->stop_string != NULL) {
        emit_str(out, "stop_reason", c->stop_string);
    } else if (whole && c != NULL && c->stop_token >= 0) {
        emit_int(out, "stop_reason", c->stop_token);
    } else {
        emit_null(out, "stop_reason");
    }
}

/* Tokens of a row from `start` on, up to the next entry, and the name of the weights that computed them. */
struct row_version {
    struct span name;
    int64_t start;
};

/* Neighbours of the same name are one. */
static void add_version(struct row_version *list, int *n, struct span name, int64_t start)
{
    if (*n > 0 && span_eq(list[*n - 1].name, name)) return;
    list[(*n)++] = (struct row_version){name, start};
}

/* Most entries that s can have. */
static size_t count_versions(const struct sample *s)
{
    size_t n = (size_t)cJSON_GetArraySize(s->strand->versions);
    for (int i = 0; i < s->n_turns; i++) {
        if (s->turns[i].choice != NULL) n += (size_t)s->turns[i].choice->versions.n;
    }
    return n;
}

/* The caller's of what was given, then of what was sampled here, over the row; a message of the server's belongs
 * to what is before it, and so do ids that were given without. NULL: no memory. */
static struct row_version *list_versions(const struct sample *s, const struct row *r, int *n)
{
    struct arena *a = sample_turn(s)->arena;
    struct row_version *list = arena_alloc(a, count_versions(s) + 1, sizeof(*list));
    const cJSON *span;
    int64_t start = 0;
    *n = 0;
    if (list == NULL) return NULL;
    cJSON_ArrayForEach(span, s->strand->versions)
    {
        if (!json_int64(json_get(span, "start"), &start)) continue; /* it was checked */
        add_version(list, n, json_text(json_get(span, "version"), a), start);
    }
    for (int i = 0; i < s->n_turns; i++) {
        const struct rollout_turn *t = &s->turns[i];
        for (int k = 0; t->choice != NULL && k < t->choice->versions.n; k++) {
            const struct version_span *own = &t->choice->versions.list[k];
            start = (int64_t)r->starts[i] + own->start + (i == 0 ? s->strand->n : 0);
            if ((size_t)own->start >= t->kept) break; /* cut off, or nothing was sampled */
            add_version(list, n, span_str(own->label->name), *n == 0 ? 0 : start);
        }
    }
    return list;
}

/* Whose weights. */
static void emit_versions(const struct sample *s, const struct row *r, struct buffer *out)
{
    int n = 0;
    const struct row_version *list = list_versions(s, r, &n);
    if (list == NULL) buffer_no_memory(out);
    if (n == 0) emit_null(out, "weight_version");
    if (n == 1) emit_text(out, "weight_version", list[0].name);
    if (n <= 1) return;
    emit_array(out, "weight_versions");
    for (int i = 0; i < n; i++) {
        emit_object(out, NULL);
        emit_text(out, "version", list[i].name);
        emit_int(out, "start", list[i].start);
        emit_int(out, "end", i + 1 < n ? list[i + 1].start : (int64_t)r->n);
        emit_close(out, '}');
    }
    emit_close(out, ']');
}

/* What the judge has said of s. How far it was with one that was cut is chance: nothing of it is told. */
static const struct judge_reply *reply_of(const struct sample *s)
{
    static const struct judge_reply nothing = {0};
    return row_end(s) == ROW_CUT ? &nothing : &sample_turn(s)->judged.reply;
}

static void emit_verdict(const struct sample *s, struct buffer *out)
{
    const struct judge_reply *reply = reply_of(s);
    struct row_worth worth = row_worth(s);
    emit_double(out, "reward", worth.reward);
    judge_reply_emit(reply, out);
    emit_bool(out, "mask", s->mask_cause != NULL);
    emit_str(out, "mask_cause", s->mask_cause);
    emit_double(out, "advantage", worth.advantage);
    emit_bool(out, "keep", worth.counts && reply->keep);
}

/* Each turn of a sample that was told what is wrong. */
static void emit_turns(const struct sample *s, const struct row *r, struct buffer *out)
{
    bool texts = (s->group->rollout->ask.returns & RETURN_TEXT) != 0;
    emit_array(out, "turns");
    for (int i = 0; i < s->n_turns; i++) {
        const struct rollout_turn *t = &s->turns[i];
        const struct judge_reply *reply = &t->judged.reply;
        size_t end = i + 1 < s->n_turns ? r->starts[i + 1] - s->turns[i + 1].said.n : r->n;
        emit_object(out, NULL);
        emit_int(out, "start", (int64_t)r->starts[i]);
        emit_int(out, "end", (int64_t)end);
        if (texts && t->choice != NULL) emit_text(out, "text", buffer_span(&t->choice->text));
        if (reply->has_reward) {
            emit_double(out, "reward", reply->reward);
        } else {
            emit_null(out, "reward");
        }
        judge_reply_emit(reply, out);
        emit_close(out, '}');
    }
    emit_close(out, ']');
}

static void emit_sample(struct sample *s, struct buffer *out)
{
    unsigned returns = s->group->rollout->ask.returns;
    struct row r = row_of(s);
    if (r.cells == NULL) {
        buffer_no_memory(out);
        return;
    }
    emit_object(out, NULL);
    emit_int(out, "index", s->index);
    if (returns & RETURN_TEXT) emit_sample_text(s, &r, out);
    if (returns & RETURN_IDS) emit_ids(&r, out);
    if (returns & RETURN_LOGPROBS) emit_logprobs(&r, false, out);
    if (returns & RETURN_PROCESSED) emit_logprobs(&r, true, out);
    if (returns & RETURN_TOPS) emit_tops(&r, out);
    if (returns & RETURN_ROUTES) emit_routes(s, &r, out);
    if (returns & RETURN_SUPPORT) emit_supports(&r, out);
    if (s->group->rollout->ask.rounds > 0) emit_turns(s, &r, out);
    emit_end(s, out);
    emit_versions(s, &r, out);
    emit_verdict(s, out);
    emit_close(out, '}');
}

/* ---- the group -------------------------------------------------------------------------------- */

/* The mean reward of those of a strand that count, or null: the value of what it begins with. */
static void emit_value_of(const struct group *g, const struct strand *s, struct buffer *out)
{
    double sum = 0;
    int n = 0;
    for (int i = s->first; i < s->first + s->samples; i++) {
        const struct sample *one = &g->samples[i];
        const struct judge_reply *reply = &sample_turn(one)->judged.reply;
        if (one->mask_cause != NULL || !reply->has_reward) continue;
        sum += reply->reward;
        n++;
    }
    if (n > 0) {
        emit_double(out, "value", sum / n);
    } else {
        emit_null(out, "value");
    }
}

static void emit_forks(struct group *g, struct buffer *out)
{
    emit_array(out, "forks");
    for (int k = 0; k < g->prompt->n_strands; k++) {
        const struct strand *s = &g->prompt->strands[k];
        emit_object(out, NULL);
        emit_int(out, "at", s->at);
        emit_value_of(g, s, out);
        emit_array(out, "samples");
        for (int i = s->first; i < s->first + s->samples; i++) {
            emit_sample(&g->samples[i], out);
        }
        emit_close(out, ']');
        emit_close(out, '}');
    }
    emit_close(out, ']');
}

static void emit_samples(struct group *g, struct buffer *out)
{
    emit_array(out, "samples");
    for (int i = 0; !g->prompt->forks && i < g->n; i++) {
        emit_sample(&g->samples[i], out);
    }
    emit_close(out, ']');
}

void print_group(struct group *g)
{
    const struct rollout *r = g->rollout;
    struct buffer *out = &g->text;
    const struct tokens *ids = &g->prompt->ids;
    emit_object(out, NULL);
    emit_value(out, "id", g->prompt->id);
    emit_int(out, "prompt", (int64_t)(g->attempt % r->ask.n_prompts));
    if (r->ask.groups > 0) emit_int(out, "attempt", (int64_t)g->attempt);
    if (r->ask.returns & RETURN_PROMPT_IDS) {
        logprobs_emit_ids("prompt_token_ids", ids->ids, ids->n, out);
    }
    emit_samples(g, out);
    if (g->prompt->forks) emit_forks(g, out);
    emit_object(out, "group");
    judge_group_emit(&g->outcome, out);
    emit_close(out, '}');
    if (g->error.code != ERROR_NONE) emit_str(out, "error", g->error.message);
    emit_object(out, "usage");
    emit_int(out, "prompt_tokens", (int64_t)ids->n);
    emit_int(out, "completion_tokens", g->tokens);
    emit_int(out, "cached_tokens", g->cached);
    emit_close(out, '}');
    emit_close(out, '}');
}

void print_totals(const struct rollout *r, struct buffer *out)
{
    struct engine_stats stats;
    int64_t prompt = 0, tokens = 0, cached = 0, samples = 0, masked = 0;
    for (size_t i = 0; i < r->begun; i++) {
        const struct group *g = &r->groups[i];
        prompt += (int64_t)g->prompt->ids.n;
        tokens += g->tokens;
        cached += g->cached;
        samples += g->n;
        masked += g->masked;
    }
    engine_stats(r->exchange->server->engine, &stats);
    emit_object(out, "totals");
    emit_int(out, "attempts", (int64_t)r->begun);
    emit_int(out, "informative", (int64_t)r->informative);
    emit_int(out, "samples", samples);
    emit_int(out, "masked", masked);
    emit_int(out, "prompt_tokens", prompt);
    emit_int(out, "completion_tokens", tokens);
    emit_int(out, "cached_tokens", cached);
    emit_double(out, "seconds", (double)(clock_ns() - r->started_ns) / 1e9);
    emit_object(out, "queue");
    emit_int(out, "running", stats.running);
    emit_int(out, "waiting", stats.waiting);
    emit_close(out, '}');
    emit_close(out, '}');
}
