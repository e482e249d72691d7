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
    FIRST_MEAN = 256, /* tokens of a sample that stops by itself, before any has ended */
    MEAN_OF = 32,     /* so many samples, about */
    WAITING_PART = 8, /* of the seats: what may wait at the engine for room in the KV cache, */
    WAITING_LEAST = 2 /* but so many at least */
};

static const double first_spread = 0.25; /* before any forecast has been held against what came */
static const double sure = 2;            /* so many spreads above the mean few waits are */
static const double short_wait_s = 0.25; /* whose forecast is neither right nor wrong */
static const double long_wait_s = 2;     /* from which on all tell as much; shorter ones less */
static const double most_ratio = 4;      /* and its inverse: beyond that something else happened */
static const double most_mean = 1e9;     /* tokens */
static const double remembered_tokens = 1e5; /* of prompts, for the cache's share */

void admission_init(struct admission *a, struct engine *e)
{
    *a = (struct admission){
        .engine = e, .ratio = 1, .spread = first_spread, .drawn = FIRST_MEAN, .stops = 1};
}

void admission_clear(struct admission *a)
{
    assert(a->line.parties == NULL);
    free(a->taken);
}

/* ---- what a generation takes ---- */

/* Of a sample that stops by itself; of one that must not, beyond all limits. */
static double mean_tokens(const struct admission *a, const struct generation *g)
{
    return g->sampling.ignore_eos ? most_mean : fmin(a->drawn / fmax(a->stops, 1e-9), most_mean);
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
    double each = limit < 1 ? 0 : forecast_left(limit, 0, mean_tokens(a, g));
    return (struct load){.prompt = (double)g->ids.n, .samples = g->n, .output = g->n * each};
}

/* ---- what is known of the engine ---- */

/* Of rows that attend to `reach` tokens each. */
static struct forecast_pace pace_of(const struct admission *a, const struct engine_stats *s,
                                    double reach)
{
    return (struct forecast_pace){.step_s = s->prices.step_s,
                                  .row_s = s->prices.row_s + reach * s->prices.reach_s,
                                  .step_tokens = engine_info(a->engine)->step_tokens};
}

/* Of so many seats, those that can be taken at once: fewer where each takes much of the KV cache. */
static int seats_of(int seats, const struct engine_stats *s)
{
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
    double limit = limit_of(a, g), mean = mean_tokens(a, g);
    for (int i = 0; i < g->n; i++) {
        const struct choice *c = &g->choices[i];
        if (!c->done) push_taken(a, forecast_left(limit, c->n_tokens, mean));
    }
}

/* What a row at work attends to, on average over the lives of all that are. */
static double mean_reach(const struct generation *running)
{
    double samples = 0, sum = 0;
    for (const struct generation *g = running; g != NULL; g = g->next) {
        samples += g->n;
        sum += g->n * (g->place.load.prompt + g->place.load.output / g->n / 2);
    }
    return samples > 0 ? sum / samples : 0;
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

static double wait_s(struct admission *a, const struct engine_stats *s, int seats,
                     struct load ahead, const struct generation *running)
{
    struct forecast_pace pace = pace_of(a, s, mean_reach(running));
    struct forecast f = {.seats = seats_of(seats, s), .ahead = ahead};
    push_running(a, running, &f.ahead);
    f.ahead.prompt *= fresh_share(a);
    f.taken = a->taken;
    f.n_taken = (int)a->n_taken;
    return forecast_wait_s(&f, &pace);
}

double admission_wait_s(struct admission *a, const struct generation *running, uint64_t client,
                        int priority)
{
    const struct engine_info *info = engine_info(a->engine);
    struct load ahead = line_ahead(&a->line, client, priority);
    struct engine_stats s;
    engine_stats(a->engine, &s);
    double shared = wait_s(a, &s, info->max_sequences, ahead, running);
    if (!line_is_fresh(&a->line, client, priority)) return shared;
    return fmin(shared, wait_s(a, &s, info->seats, line_ahead_fresh(&a->line), running));
}

double admission_prompt_s(const struct admission *a, const struct generation *g)
{
    struct engine_stats s;
    engine_stats(a->engine, &s);
    struct forecast_pace pace = pace_of(a, &s, (double)g->ids.n / 2);
    double tokens = (double)g->ids.n * fresh_share(a);
    return ceil(tokens / pace.step_tokens) * pace.step_s + tokens * pace.row_s;
}

bool admission_check(struct admission *a, const struct generation *running, uint64_t client,
                     int priority, struct error *err)
{
    if (a->max_wait_ms == 0) return true;
    double times = fmax(a->ratio + sure * a->spread, 1);
    double wait_s = admission_wait_s(a, running, client, priority) * times;
    if (wait_s * 1000 <= a->max_wait_ms) return true;
    int whole_s = wait_s < 86400 ? (int)ceil(wait_s) : 86400;
    error_set(err, ERROR_QUEUE_FULL, NULL,
              "the queue is full: the request might begin after %d s only, and max-wait is %g s",
              whole_s, a->max_wait_ms / 1e3);
    err->retry_s = whole_s;
    return false;
}

bool admission_join(struct admission *a, struct generation *g, struct error *err)
{
    g->place = (struct place){.load = load_of(a, g)};
    return line_join(&a->line, &g->place, g->client, g->priority, err);
}

bool admission_waits(const struct admission *a, uint64_t before)
{
    return line_next(&a->line, before, false) != NULL;
}

/* Does it already hold what it has no room for in its cache? */
static bool engine_is_full(const struct admission *a)
{
    struct engine_stats s;
    engine_stats(a->engine, &s);
    int most = engine_info(a->engine)->max_sequences / WAITING_PART;
    if (most < WAITING_LEAST) most = WAITING_LEAST;
    assert(a->handed >= s.taken);
    return s.waiting > 0 && s.waiting + (int)(a->handed - s.taken) >= most;
}

struct generation *admission_next(const struct admission *a, uint64_t before)
{
    const struct engine_info *info = engine_info(a->engine);
    int most = info->max_sequences, kept = info->seats - most;
    if (kept == 0) most++; /* one waits there, that no seat is empty for a step */
    if (a->line.parties == NULL || a->working >= most + kept || engine_is_full(a)) return NULL;
    struct place *t = line_next(&a->line, before, a->working >= most);
    if (t == NULL) return NULL;
    return (struct generation *)(void *)((char *)t - offsetof(struct generation, place));
}

void admission_hand(struct admission *a, struct generation *g)
{
    line_take(&a->line, &g->place);
    a->handed += (uint64_t)g->n;
    a->working += g->n;
}

void admission_leave(struct admission *a, struct generation *g)
{
    double tokens = (double)g->ids.n;
    for (int i = 0; i < g->n; i++) {
        tokens += g->choices[i].n_tokens;
        a->working -= g->id != 0 && !g->choices[i].done;
    }
    assert(a->working >= 0);
    line_leave(&a->line, &g->place, tokens);
}

/* ---- what has been seen ---- */

void admission_note_wait(struct admission *a, double forecast_s, double waited_s)
{
    if (forecast_s < short_wait_s && waited_s < 2 * short_wait_s) return;
    double ratio = waited_s / fmax(forecast_s, short_wait_s);
    ratio = fmin(fmax(ratio, 1 / most_ratio), most_ratio);
    double tells = fmin(fmax(forecast_s, waited_s) / long_wait_s, 1) / MEAN_OF;
    a->spread += (fabs(ratio - a->ratio) - a->spread) * tells;
    a->ratio += (ratio - a->ratio) * tells;
}

void admission_note_sample(struct admission *a, int tokens, bool by_itself)
{
    a->working--;
    a->drawn += tokens - a->drawn / MEAN_OF;
    a->stops += by_itself - a->stops / MEAN_OF;
}

void admission_note_prompt(struct admission *a, const struct generation *g)
{
    a->asked += (double)g->ids.n;
    a->missed += (double)g->ids.n - g->n_cached;
    if (a->asked < remembered_tokens) return;
    a->asked /= 2;
    a->missed /= 2;
}
