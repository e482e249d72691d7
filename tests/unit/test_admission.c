/* tests/unit/test_admission.c - an engine of numbers under floods, on a clock of its own: who is taken begins within
 * max-wait, whatever the load is and however the machine's speed changes; the engine always has enough to do; and
 * where the speed stays as it is, few are told only in the line that they have come too late.
 *
 * Of the server it runs what decides (admission.h, line.h, forecast.h) and what forecasts stand on
 * (engine/batch/pace.h). What a step costs, who comes when, and how long samples are, is the case's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/batch/pace.h"
#include "server/generate/admission.h"
#include "server/generate/generation.h"

enum {
    SEATS = 64,
    KEPT = 8,
    STEP_TOKENS = 512,
    MAX_WAIT_S = 10,
    LIVE = 4096,
    MOST_SAMPLES = 8,
    FLOOD = 1,
    POLITE = 2,
    POLITE_AT_ONCE = 3 /* a client of so many connections: less than the seats that are kept */
};

static const double last_s = 120, polite_every_s = 1;

/* ---- the machine ---- */

struct load_case {
    const char *name;
    int prompt, samples,
        tokens;    /* of a request; tokens of a sample, or on average where it stops by itself, */
    bool stops;    /* of three times as many at most */
    int burst;     /* requests that come together */
    double times;  /* what is asked, in what can be done */
    double convex; /* a step of all seats costs so much more than rows alone would */
    double (*slowness)(double now_s);
    double noise;     /* of a step, at most, beside what it costs */
    double most_late; /* share of those taken that are refused in the line */
};

static double steady(double now_s)
{
    (void)now_s;
    return 1;
}

/* Three times as slow for a third of the time, in the midst. */
static double slower_once(double now_s)
{
    return now_s > 40 && now_s < 80 ? 3 : 1;
}

static double faster_once(double now_s)
{
    return 4 - slower_once(now_s);
}

/* Three times as slow for six seconds of every fifteen, as beside somebody's builds. */
static double by_turns(double now_s)
{
    return fmod(now_s, 15) > 9 ? 3 : 1;
}

/* A host that is shared: now a fifth faster, now a fifth slower, for seconds. */
static double wandering(double now_s)
{
    return 1 + 0.2 * sin(now_s / 2.5) * sin(now_s / 7.1);
}

/* Slower all the time. */
static double downhill(double now_s)
{
    return 1 + 2 * now_s / last_s;
}

static const struct load_case *now_case;
static double now_s;
static uint64_t drawn;

static double draw(void)
{
    drawn = drawn * 6364136223846793005u + 1442695040888963407u;
    return (double)(drawn >> 11) / 9007199254740992.0;
}

static uint64_t clock_now(void)
{
    return (uint64_t)(now_s * 1e9);
}

static double step_cost(double rows, double reach)
{
    double cost = 0.002 + 0.0002 * rows + 1e-6 * reach;
    cost *= 1 + now_case->convex * fmin(rows / SEATS, 1);
    return cost * now_case->slowness(now_s) * (1 + now_case->noise * draw());
}

/* ---- the engine, as far as admission.c asks it ---- */

static struct pace pace;
static struct engine_info info = {
    .context = 8192, .max_sequences = SEATS, .seats = SEATS + KEPT, .step_tokens = STEP_TOKENS};
static uint64_t taken;
static int running_samples;

const struct engine_info *engine_info(const struct engine *e)
{
    (void)e;
    return &info;
}

void engine_stats(struct engine *e, struct engine_stats *out)
{
    (void)e;
    *out = (struct engine_stats){
        .running = running_samples, .taken = taken, .prices = pace_read(&pace)};
}

/* ---- requests ---- */

struct request {
    struct generation g; /* first */
    struct choice choices[MOST_SAMPLES];
    int length[MOST_SAMPLES];
    double came_s;
    int prompt_left;
    bool used;
};

static struct request live[LIVE];
static struct admission admission;
static struct generation *running, *held, **held_end;
static struct counts {
    int came, taken, began, in_time, late, polite, polite_lost, refused;
    double waited, told,
        most_told; /* seconds: by those that began; to come again after, to those refused */
    double polite_wait, busy_s; /* seconds with all seats taken, or prompts to compute */
} counts;

static struct request *request_of(struct generation *g)
{
    return (struct request *)(void *)g;
}

static struct request *new_request(uint64_t client)
{
    const struct load_case *c = now_case;
    struct request *r = live;
    while (r->used) {
        r++;
        assert_true(r < live + LIVE);
    }
    *r = (struct request){.used = true, .came_s = now_s};
    struct generation *g = &r->g;
    bool flood = client == FLOOD;
    g->client = client;
    g->n = flood ? c->samples : 1;
    g->ids.n = (size_t)(flood ? c->prompt : 24);
    g->sampling.ignore_eos = flood && !c->stops;
    g->sampling.max_tokens = !flood ? 16 : c->stops ? 3 * c->tokens : c->tokens;
    g->choices = r->choices;
    r->prompt_left = (int)g->ids.n;
    for (int i = 0; i < g->n; i++) {
        double length =
            flood && c->stops ? -log(1 - draw()) * c->tokens + 1 : g->sampling.max_tokens;
        r->length[i] = (int)fmin(length, g->sampling.max_tokens);
    }
    return r;
}

static void unlink(struct generation *g)
{
    *g->link = g->next;
    if (g->next != NULL) g->next->link = g->link;
    if (held_end == &g->next) held_end = g->link;
    g->next = NULL;
    g->link = NULL;
}

static void leave(struct generation *g)
{
    admission_leave(&admission, g);
    unlink(g);
    request_of(g)->used = false;
}

static double wait_of(const struct generation *g)
{
    return now_s - request_of((struct generation *)(uintptr_t)g)->came_s;
}

static void come(uint64_t client)
{
    struct error err = {0};
    counts.came++;
    counts.polite += client == POLITE;
    admission_note_oldest(&admission, held == NULL ? -1 : held->expected_s,
                          held == NULL ? 0 : wait_of(held));
    if (!admission_check(&admission, running, client, 0, &err)) {
        assert_int_equal(err.code, ERROR_QUEUE_FULL);
        assert_true(err.retry_s >= 1);
        counts.refused++;
        counts.polite_lost += client == POLITE;
        counts.told += err.retry_s;
        counts.most_told = fmax(counts.most_told, err.retry_s);
        return;
    }
    struct generation *g = &new_request(client)->g;
    g->expected_s =
        admission_wait_s(&admission, running, client, 0) + admission_prompt_s(&admission, g);
    assert_true(admission_join(&admission, g, &err));
    g->link = held_end;
    *held_end = g;
    held_end = &g->next;
    counts.taken++;
}

static void refuse(struct generation *g)
{
    admission_note_wait(&admission, clock_now(), g->expected_s, wait_of(g));
    counts.late++;
    counts.polite_lost += g->client == POLITE;
    leave(g);
}

static void hand_over(void)
{
    while (held != NULL && admission_is_late(&admission, held, wait_of(held))) {
        refuse(held);
    }
    for (struct generation *g; (g = admission_next(&admission, UINT64_MAX)) != NULL;) {
        if (admission_is_late(&admission, g, wait_of(g))) {
            refuse(g);
            continue;
        }
        unlink(g);
        g->id = 1;
        admission_hand(&admission, g);
        taken += (uint64_t)g->n;
        g->next = running;
        g->link = &running;
        if (g->next != NULL) g->next->link = &g->next;
        running = g;
    }
}

/* ---- a step ---- */

static void begin(struct generation *g)
{
    double waited = wait_of(g);
    g->began = true;
    running_samples += g->n;
    admission_note_prompt(&admission, g);
    admission_note_wait(&admission, clock_now(), g->expected_s, waited);
    counts.began++;
    counts.in_time += waited <= MAX_WAIT_S;
    counts.waited += waited;
    if (g->client == POLITE) counts.polite_wait = fmax(counts.polite_wait, waited);
}

/* A token for each sample that is not done. */
static void decode(struct generation *g)
{
    struct request *r = request_of(g);
    int open = 0;
    for (int i = 0; i < g->n; i++) {
        struct choice *c = &g->choices[i];
        if (c->done) continue;
        c->n_tokens++;
        c->done = c->n_tokens >= r->length[i];
        admission_note_token(&admission);
        if (c->done) admission_note_sample(&admission, r->length[i] < g->sampling.max_tokens);
        running_samples -= c->done;
        open += !c->done;
    }
    if (open == 0) leave(g);
}

/* Those that were handed over first are at the list's end: prompts are computed in that order. */
static double compute_prompts(double *reach)
{
    struct generation *order[SEATS + KEPT + 1];
    int n = 0, budget = STEP_TOKENS;
    for (struct generation *g = running; g != NULL; g = g->next) {
        if (!g->began) order[n++] = g;
    }
    while (n-- > 0 && budget > 0) {
        struct request *r = request_of(order[n]);
        int now = r->prompt_left < budget ? r->prompt_left : budget;
        r->prompt_left -= now;
        budget -= now;
        *reach += now * ((double)order[n]->ids.n - r->prompt_left - now / 2.0);
    }
    return STEP_TOKENS - budget;
}

static void step(void)
{
    double reach = 0, rows = compute_prompts(&reach);
    for (struct generation *g = running; g != NULL; g = g->next) {
        for (int i = 0; g->began && i < g->n; i++) {
            if (g->choices[i].done) continue;
            rows++;
            reach += (double)g->ids.n + g->choices[i].n_tokens;
        }
    }
    bool reads = admission.reading > 0;
    double cost = rows > 0 ? step_cost(rows, reach) : 0.001;
    if (rows > 0) pace_note(&pace, rows, reach, cost);
    counts.busy_s += cost * (reads || running_samples > SEATS - 4);
    now_s += cost;
    for (struct generation *g = running, *next; g != NULL; g = next) {
        next = g->next;
        if (!g->began && request_of(g)->prompt_left == 0) begin(g);
        if (g->began) decode(g);
    }
}

/* ---- a flood ---- */

/* Requests a second that all seats together can do when all is well. */
static double capacity(const struct load_case *c)
{
    double mean = c->stops ? c->tokens * (1 - exp(-3)) : c->tokens;
    double each = (c->prompt * 0.0002 + 0.002 * c->prompt / STEP_TOKENS) / c->samples;
    double reach = c->prompt + mean / 2;
    double decoding = (0.002 + SEATS * (0.0002 + 1e-6 * reach)) * (1 + c->convex) / SEATS * mean;
    return 1 / ((each + decoding) * c->samples);
}

static void run_case(const struct load_case *c)
{
    double rate = c->times * capacity(c), next_s = 0, next_polite_s = 0.5;
    now_case = c;
    now_s = 0;
    drawn = 1;
    pace = (struct pace){.reach_rows = 0.005};
    taken = 0;
    running_samples = 0;
    counts = (struct counts){0};
    held = running = NULL;
    held_end = &held;
    admission_init(&admission, NULL);
    admission.max_wait_ms = MAX_WAIT_S * 1000;
    while (now_s < last_s) {
        for (; next_s <= now_s; next_s += c->burst / rate) {
            for (int i = 0; i < c->burst; i++) {
                come(FLOOD);
                hand_over();
            }
        }
        for (; next_polite_s <= now_s; next_polite_s += polite_every_s) {
            for (int i = 0; i < POLITE_AT_ONCE; i++) {
                come(POLITE);
            }
        }
        hand_over();
        step();
    }
    while (held != NULL) {
        leave(held);
    }
    while (running != NULL) {
        leave(running);
    }
    admission_clear(&admission);
}

/* Are those who are refused told about what others wait? Never much less; and not what they might have to wait at worst,
 * which is half as much again and more where the machine has its ups and downs. */
static bool told_well(void)
{
    double told = counts.told / counts.refused, waited = counts.waited / counts.began;
    return told >= waited && told <= 1.5 * MAX_WAIT_S && counts.most_told <= 4 * MAX_WAIT_S;
}

static void test_floods(void **state)
{
    static const struct load_case cases[] = {
        {"short", 24, 1, 30, false, 1, 10, 0, steady, 0.1, 0.005},
        {"long", 24, 1, 200, false, 1, 10, 0, steady, 0.1, 0.005},
        {"of any length", 24, 1, 150, true, 1, 10, 0, steady, 0.1, 0.01},
        {"groups", 24, 8, 100, true, 1, 10, 0, steady, 0.1, 0.01},
        {"long prompts", 700, 1, 40, false, 1, 10, 0, steady, 0.1, 0.08},
        {"in bursts", 24, 1, 100, true, 200, 10, 0, steady, 0.1, 0.01},
        {"just too many", 24, 1, 100, true, 1, 1.3, 0, steady, 0.1, 0.01},
        {"a full batch is dearer", 24, 1, 200, false, 1, 10, 1.5, steady, 0.1, 0.01},
        {"steps that differ", 24, 1, 150, true, 1, 10, 0, steady, 4, 0.06},
        {"slower once", 24, 1, 100, true, 1, 10, 0, slower_once, 0.5, 0.08},
        {"faster once", 24, 1, 100, true, 1, 10, 0, faster_once, 0.5, 0.09},
        {"slower by turns", 24, 1, 100, true, 1, 10, 0, by_turns, 0.5, 0.12},
        {"a machine that wanders", 24, 1, 200, false, 1, 10, 0, wandering, 0.1, 0.01},
        {"all end together", 24, 1, 200, false, 64, 10, 0, wandering, 0, 0.01},
        {"slower and slower", 24, 8, 100, true, 1, 10, 0.5, downhill, 0.5, 0.02},
    };
    int bad = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct load_case *c = &cases[i];
        run_case(c);
        double in_time = (double)counts.in_time / counts.began,
               late = (double)counts.late / counts.taken;
        double busy = counts.busy_s / last_s;
        bool good = in_time >= 0.99 && late <= c->most_late && busy > 0.9 &&
                    counts.polite_lost == 0 && told_well();
        bad += !good;
        if (good) continue;
        printf("NOT %-24s came %6d taken %5d began %5d in time %6.2f %% late in line %5.2f %% busy "
               "%3.0f %% polite lost %d of %d, %.2f s; waited %.1f s, told %.1f s, at most %.0f s\n",
               c->name, counts.came, counts.taken, counts.began, 100 * in_time, 100 * late,
               100 * busy, counts.polite_lost, counts.polite, counts.polite_wait,
               counts.waited / counts.began, counts.told / counts.refused, counts.most_told);
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_floods)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
