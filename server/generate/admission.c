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
    FIRST_MEAN = 256,  /* tokens of a sample that stops by itself, before any has ended */
    MEAN_OF = 128,     /* so many samples, about */
    READING_STEPS = 2, /* prompts that the engine may have before it begins no more than that */
    MOST_RETRY_S = 86400,
    WAITING_PART = 8, /* of the seats: what may wait at the engine for room in the KV cache, */
    WAITING_LEAST = 2 /* but so many at least */
};

static const double short_wait_s = 0.25; /* whose forecast is neither right nor wrong */
static const double slowdown = 3;        /* of the machine's, while one begins on a seat that is free */
static const double most_lag = 4;        /* beyond that something else happened */
static const double most_mean = 1e9;     /* tokens */
static const double remembered_tokens = 1e5; /* of prompts, for the cache's share */

void admission_init(struct admission *a, struct engine *e)
{
    *a = (struct admission){.engine = e, .lag = 1, .drawn = FIRST_MEAN, .stops = 1};
    margin_init(&a->margin);
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
    double each = limit < 1 ? 0 : forecast_left(limit, 0, mean_tokens(a, g)).left;
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
static void push_taken(struct admission *a, struct forecast_seat seat)
{
    if (a->n_taken == a->room_taken) {
        size_t room = a->room_taken == 0 ? 256 : 2 * a->room_taken;
        struct forecast_seat *grown = mem_grow(a->taken, room, sizeof(*grown), NULL);
        if (grown == NULL) return;
        a->taken = grown;
        a->room_taken = room;
    }
    a->taken[a->n_taken++] = seat;
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

/* What a row at work attends to, on average over the lives of all that are: half of its tokens where all are
 * as long; as many as such samples take on average where an end is as likely at every token, because the longer
 * ones are met more often. */
static double mean_reach(const struct admission *a, const struct generation *running)
{
    double samples = 0, sum = 0;
    for (const struct generation *g = running; g != NULL; g = g->next) {
        struct forecast_seat whole = forecast_left(limit_of(a, g), 0, mean_tokens(a, g));
        samples += g->n;
        sum += g->n * ((double)g->ids.n + whole.left * (1 + whole.stops) / 2);
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
    struct forecast_pace pace = pace_of(a, s, mean_reach(a, running));
    struct forecast f = {.seats = seats_of(seats, s), .ahead = ahead};
    f.ahead.prompt *= fresh_share(a);
    f.taken = a->taken;
    f.n_taken = (int)a->n_taken;
    return forecast_wait_s(&f, &pace);
}

/* Seats beyond those that are for all. */
static int kept_seats(const struct admission *a)
{
    const struct engine_info *info = engine_info(a->engine);
    return info->seats - info->max_sequences;
}

/* How long one that comes now would wait, in seconds. */
struct waits {
    double shared; /* in a turn with all others */
    /* on a seat that is kept for clients that have little at work; INFINITY: there is none for it. Prompts of others that
     * the engine still reads are not before it, as a step's rows are shared between clients. */
    double kept;
};

static struct waits waits_of(struct admission *a, const struct generation *running, uint64_t client,
                             int priority)
{
    const struct engine_info *info = engine_info(a->engine);
    struct waits w = {.kept = INFINITY};
    struct engine_stats s;
    engine_stats(a->engine, &s);
    struct load ahead = line_ahead(&a->line, client, priority), beside = {0};
    push_running(a, running, &ahead);
    w.shared = wait_s(a, &s, info->max_sequences, ahead, running);
    if (!line_is_light(&a->line, client, kept_seats(a))) return w;
    push_running(a, running, &beside);
    w.kept = wait_s(a, &s, info->seats, line_ahead_light(&a->line, kept_seats(a)), running);
    return w;
}

double admission_wait_s(struct admission *a, const struct generation *running, uint64_t client,
                        int priority)
{
    struct waits w = waits_of(a, running, client, priority);
    return fmin(w.shared, w.kept);
}

/* Steps in which all that decodes takes part; the one that is being computed is one of them. */
double admission_prompt_s(const struct admission *a, const struct generation *g)
{
    struct engine_stats s;
    engine_stats(a->engine, &s);
    double each = (double)g->ids.n, tokens = (each + a->reading) * fresh_share(a);
    struct forecast_pace pace = pace_of(a, &s, each / 2);
    double steps = ceil(tokens / pace.step_tokens) + (s.running > 0);
    return steps * (pace.step_s + s.running * pace.row_s) + tokens * pace.row_s;
}

/* What few pass whose wait is forecast to be so long, as waits have been of those that have begun, or that wait. */
static double most_s(const struct admission *a, double forecast_s)
{
    return fmax(margin_most_ms(&a->margin, forecast_s * 1e3) / 1e3, forecast_s * a->lag);
}

bool admission_is_late(const struct admission *a, const struct generation *g, double waited_s)
{
    double waited_ms = waited_s * 1000;
    if (a->max_wait_ms == 0 || 2 * waited_ms <= a->max_wait_ms) return false;
    if (waited_ms > a->max_wait_ms) return true;
    double prompt_s = admission_prompt_s(a, g), longest_s = fmax(most_s(a, prompt_s), prompt_s * slowdown);
    return waited_ms + longest_s * 1000 > a->max_wait_ms;
}

static bool refuse(double wait_s, struct error *err)
{
    err->retry_s = (int)ceil(fmin(fmax(wait_s, 1), MOST_RETRY_S));
    return false;
}

bool admission_say_late(const struct admission *a, double wait_s, struct error *err)
{
    error_set(err, ERROR_QUEUE_FULL, NULL,
              "the queue is full: the request has waited, and cannot begin within max-wait, which "
              "is %g s",
              a->max_wait_ms / 1e3);
    return refuse(wait_s, err);
}

/* Of a seat that is kept for it nobody waits as they do who wait for each other: what those have waited says
 * nothing of it. Who is refused is refused for how long it might wait, and told to come again after what it
 * would wait on average: whoever comes again at the worst that might be comes too late to what is free. */
bool admission_check(struct admission *a, const struct generation *running, uint64_t client,
                     int priority, struct error *err)
{
    if (a->max_wait_ms == 0) return true;
    struct waits w = waits_of(a, running, client, priority);
    double longest = fmin(most_s(a, w.shared), w.kept * slowdown);
    if (longest * 1000 <= a->max_wait_ms) return true;
    error_set(err, ERROR_QUEUE_FULL, NULL,
              "the queue is full: the request might begin after %.0f s only, and max-wait is %g s",
              ceil(longest), a->max_wait_ms / 1e3);
    return refuse(fmin(w.shared, w.kept), err);
}

bool admission_join(struct admission *a, struct generation *g, struct error *err)
{
    g->place = (struct place){.load = load_of(a, g)};
    return line_join(&a->line, &g->place, g->client, g->priority, err);
}

bool admission_waits(const struct admission *a, uint64_t before)
{
    return line_next(&a->line, before, LINE_ALL) != NULL;
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
    int most = info->max_sequences, kept = kept_seats(a);
    if (kept == 0) most++; /* one waits there, that no seat is empty for a step */
    if (a->line.parties == NULL || a->working >= most + kept || engine_is_full(a)) return NULL;
    bool reads = a->reading * fresh_share(a) > READING_STEPS * info->step_tokens;
    int whose = reads ? LINE_NEWCOMERS : a->working >= most ? kept : LINE_ALL;
    struct place *t = line_next(&a->line, before, whose);
    if (t == NULL) return NULL;
    return (struct generation *)(void *)((char *)t - offsetof(struct generation, place));
}

void admission_hand(struct admission *a, struct generation *g)
{
    line_take(&a->line, &g->place);
    a->handed += (uint64_t)g->n;
    a->working += g->n;
    a->reading += (double)g->ids.n;
}

void admission_leave(struct admission *a, struct generation *g)
{
    double tokens = (double)g->ids.n;
    for (int i = 0; i < g->n; i++) {
        tokens += g->choices[i].n_tokens;
        a->working -= g->id != 0 && !g->choices[i].done;
    }
    if (g->id != 0 && !g->began) a->reading -= (double)g->ids.n;
    assert(a->working >= 0 && a->reading >= 0);
    line_leave(&a->line, &g->place, tokens);
}

/* ---- what has been seen ---- */

void admission_note_oldest(struct admission *a, double forecast_s, double waited_s)
{
    a->lag = forecast_s < 0 ? 1 : fmin(waited_s / fmax(forecast_s, short_wait_s), most_lag);
}

void admission_note_wait(struct admission *a, uint64_t now_ns, double forecast_s, double waited_s)
{
    margin_judge(&a->margin, now_ns, forecast_s * 1e3, waited_s * 1e3);
}

void admission_note_token(struct admission *a)
{
    a->drawn++;
}

void admission_note_sample(struct admission *a, bool by_itself)
{
    a->working--;
    a->drawn -= a->drawn / MEAN_OF;
    a->stops += by_itself - a->stops / MEAN_OF;
}

void admission_note_prompt(struct admission *a, const struct generation *g)
{
    a->reading -= (double)g->ids.n;
    a->asked += (double)g->ids.n;
    a->missed += (double)g->ids.n - g->n_cached;
    if (a->asked < remembered_tokens) return;
    a->asked /= 2;
    a->missed /= 2;
}
