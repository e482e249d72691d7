/* server/generate/admission.c - see admission.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/admission.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/mem.h"
#include "server/generate/forecast.h"
#include "server/generate/generation.h"

enum {
    FIRST_MEAN = 256, /* tokens of a sample, before any has ended */
    MEAN_OF = 32,     /* so many samples, about */
    SPARE_PART = 4,   /* of the engine's seats: what may wait at the engine itself, */
    SPARE_LEAST = 2   /* so that no seat stays empty for a step */
};

static const double remembered_tokens = 1e5; /* of prompts, for the cache's share */

void admission_clear(struct admission *a)
{
    assert(a->line.parties == NULL);
    free(a->taken);
}

/* ---- what a generation takes ---- */

static double mean_tokens(const struct admission *a)
{
    return a->mean_tokens > 0 ? a->mean_tokens : FIRST_MEAN;
}

/* The share of a prompt that has to be computed. */
static double fresh_share(const struct admission *a)
{
    return a->asked > 0 ? a->missed / a->asked : 1;
}

/* Tokens that a sample may have at most. */
static double limit_of(const struct admission *a, const struct generation *g)
{
    double room = engine_info(a->engine)->context - (double)g->ids.n;
    double most = g->sampling.max_tokens;
    return most < 0 || most > room ? room : most;
}

static struct load load_of(const struct admission *a, const struct generation *g)
{
    double limit = limit_of(a, g);
    double each = limit < 1 ? 0 : forecast_left(limit, 0, mean_tokens(a));
    return (struct load){.prompt = (double)g->ids.n, .samples = g->n, .output = g->n * each};
}

/* ---- what is known of the engine ---- */

static struct forecast_pace pace_of(const struct admission *a, const struct engine_stats *s)
{
    return (struct forecast_pace){.step_s = s->step_seconds,
                                  .row_s = s->row_seconds,
                                  .step_tokens = engine_info(a->engine)->step_tokens};
}

/* Samples that the engine can decode at once: fewer than it has seats, where each takes much of the
 * KV cache. */
static int seats_of(const struct admission *a, const struct engine_stats *s)
{
    int seats = engine_info(a->engine)->max_sequences;
    if (s->running == 0 || s->kv_blocks_used == 0) return seats;
    double each = (double)s->kv_blocks_used / s->running, fit = s->kv_blocks / each;
    if (fit < seats) seats = (int)fit;
    return seats < 1 ? 1 : seats;
}

/* Without memory it is left out, and the forecast is too good. */
static void push_taken(struct admission *a, double left)
{
    if (a->n_taken == a->room_taken) {
        size_t room = a->room_taken == 0 ? 256 : 2 * a->room_taken;
        double *grown = mem_grow(a->taken, room, sizeof(*grown), NULL);
        if (grown == NULL) return;
        a->taken = grown;
        a->room_taken = room;
    }
    a->taken[a->n_taken++] = left;
}

/* The samples of g that have not ended. */
static void push_samples(struct admission *a, const struct generation *g)
{
    double limit = limit_of(a, g), mean = mean_tokens(a);
    for (int i = 0; i < g->n; i++) {
        const struct choice *c = &g->choices[i];
        if (!c->done) push_taken(a, forecast_left(limit, c->n_tokens, mean));
    }
}

/* Those with a seat first, then those whose prompt still is to be computed. */
static void push_running(struct admission *a, const struct generation *running, struct load *ahead)
{
    a->n_taken = 0;
    for (const struct generation *g = running; g != NULL; g = g->next) {
        if (g->began) push_samples(a, g);
    }
    for (const struct generation *g = running; g != NULL; g = g->next) {
        if (g->began) continue;
        push_samples(a, g);
        ahead->prompt += (double)g->ids.n;
    }
}

/* ---- waiting ---- */

double admission_wait_s(struct admission *a, const struct generation *running, uint64_t client,
                        int priority)
{
    struct engine_stats s;
    engine_stats(a->engine, &s);
    struct forecast_pace pace = pace_of(a, &s);
    struct forecast f = {.seats = seats_of(a, &s), .ahead = line_ahead(&a->line, client, priority)};
    push_running(a, running, &f.ahead);
    f.ahead.prompt *= fresh_share(a);
    f.taken = a->taken;
    f.n_taken = (int)a->n_taken;
    return forecast_wait_s(&f, &pace);
}

double admission_prompt_s(const struct admission *a, const struct generation *g)
{
    struct engine_stats s;
    engine_stats(a->engine, &s);
    struct forecast_pace pace = pace_of(a, &s);
    double tokens = (double)g->ids.n * fresh_share(a);
    return ceil(tokens / pace.step_tokens) * pace.step_s + tokens * pace.row_s;
}

bool admission_check(struct admission *a, const struct generation *running, uint64_t client,
                     int priority, struct error *err)
{
    if (a->max_wait_ms == 0) return true;
    double wait_s = admission_wait_s(a, running, client, priority);
    if (wait_s * 1000 <= a->max_wait_ms) return true;
    int whole_s = wait_s < 86400 ? (int)ceil(wait_s) : 86400;
    error_set(err, ERROR_QUEUE_FULL, NULL,
              "the queue is full: the request would begin in about %d s, and max-wait is %g s",
              whole_s, a->max_wait_ms / 1e3);
    err->retry_s = whole_s;
    return false;
}

bool admission_join(struct admission *a, struct generation *g, struct error *err)
{
    g->turn = (struct turn){.load = load_of(a, g)};
    return line_join(&a->line, &g->turn, g->client, g->priority, err);
}

int admission_places(const struct admission *a)
{
    struct engine_stats s;
    engine_stats(a->engine, &s);
    int spare = engine_info(a->engine)->max_sequences / SPARE_PART;
    if (spare < SPARE_LEAST) spare = SPARE_LEAST;
    assert(a->handed >= s.taken);
    return spare - s.waiting - (int)(a->handed - s.taken);
}

struct generation *admission_next(const struct admission *a, uint64_t before)
{
    struct turn *t = line_next(&a->line, before);
    return t == NULL ? NULL
                     : (struct generation *)(void *)((char *)t - offsetof(struct generation, turn));
}

void admission_hand(struct admission *a, struct generation *g)
{
    line_take(&a->line, &g->turn);
    a->handed += (uint64_t)g->n;
}

void admission_leave(struct admission *a, struct generation *g)
{
    double tokens = (double)g->ids.n;
    for (int i = 0; i < g->n; i++) {
        tokens += g->choices[i].n_tokens;
    }
    line_leave(&a->line, &g->turn, tokens);
}

/* ---- what has been seen ---- */

void admission_note_sample(struct admission *a, int tokens)
{
    if (a->mean_tokens <= 0) a->mean_tokens = tokens;
    a->mean_tokens += (tokens - a->mean_tokens) / MEAN_OF;
}

void admission_note_prompt(struct admission *a, const struct generation *g)
{
    a->asked += (double)g->ids.n;
    a->missed += (double)g->ids.n - g->n_cached;
    if (a->asked < remembered_tokens) return;
    a->asked /= 2;
    a->missed /= 2;
}
