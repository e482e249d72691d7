/* server/cli/bench_run.c - one measurement of `touchstone bench`.
 *
 * Every figure goes through the engine's door as a server's requests do. Prompts are different
 * random tokens, so that no prefix is shared and no token can be drafted; outputs run to their
 * full length.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/bench.h"

#include <assert.h>
#include <semaphore.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

enum {
    NEWCOMERS = 8, /* of one run of BENCH_FIRST_TOKEN */
    WARM_UP_NS = 1000000000
};

static sem_t news;

void bench_init(void)
{
    sem_init(&news, 0, 0);
}

void bench_wake(void *unused)
{
    (void)unused;
    sem_post(&news);
}

/* ---- requests ---- */

static bool submit(struct engine *e, int id, int n_prompt, int generate, uint64_t *draw,
                   struct error *err)
{
    int *ids = mem_new((size_t)n_prompt, sizeof(*ids), err);
    if (ids == NULL) return false;
    assert(id >= 0 && n_prompt > 0);
    for (int t = 0; t < n_prompt; t++) {
        *draw = *draw * 6364136223846793005u + 1442695040888963407u;
        ids[t] = (int)((*draw >> 33) % (uint64_t)engine_info(e)->n_vocab);
    }
    struct engine_request r = {.id = (uint64_t)id, .ids = ids, .n_ids = (size_t)n_prompt, .n = 1};
    engine_sampling_init(&r.sampling);
    r.sampling.temperature = 0;
    r.sampling.ignore_eos = true;
    r.sampling.max_tokens = generate;
    bool ok = engine_submit(e, &r, err);
    free(ids);
    return ok;
}

/* What the requests 0 to batch-1 have said so far; an id from batch on is a newcomer. */
struct progress {
    int batch;
    bool *seen;    /* [batch] has its first token */
    int started;   /* samples that have */
    int after;     /* tokens since all have */
    int ended;     /* samples */
    int newcomers; /* ended */
    uint64_t first_ns, all_started_ns;
};

static void take_token(struct progress *p, int id)
{
    if (id >= p->batch) return;
    if (p->seen[id]) {
        p->after += p->started == p->batch;
        return;
    }
    p->seen[id] = true;
    assert(p->started < p->batch); /* a sample starts once */
    if (p->started == 0) p->first_ns = clock_ns();
    if (++p->started == p->batch) p->all_started_ns = clock_ns();
}

static bool take_event(struct progress *p, const struct engine_event *ev, struct error *err)
{
    int id = (int)ev->request_id;
    if (ev->type == EVENT_TOKEN) take_token(p, id);
    if (ev->type == EVENT_DONE) ++*(id < p->batch ? &p->ended : &p->newcomers);
    if (ev->type == EVENT_FAILED) *err = ev->error;
    return ev->type != EVENT_FAILED;
}

/* Until *count is at least `wanted`. */
static bool wait_for(struct engine *e, struct progress *p, const int *count, int wanted,
                     struct error *err)
{
    bool ok = true;
    while (ok && *count < wanted) {
        while (sem_wait(&news) != 0) {
        }
        for (struct engine_event *next, *ev = engine_take_events(e); ev != NULL; ev = next) {
            next = ev->next;
            ok = take_event(p, ev, err) && ok;
            engine_event_free(ev);
        }
    }
    return ok;
}

static bool submit_batch(struct engine *e, const struct bench_row *row, int generate,
                         uint64_t *draw, struct error *err)
{
    for (int i = 0; i < row->batch; i++) {
        if (!submit(e, i, row->prompt, generate, draw, err)) return false;
    }
    return true;
}

/* ---- the measurements, one run each ---- */

static double seconds(uint64_t from_ns, uint64_t to_ns)
{
    return (double)(to_ns - from_ns) * 1e-9;
}

static bool run_batch(struct engine *e, struct bench_row *row, struct progress *p, uint64_t *draw,
                      struct error *err)
{
    uint64_t began = clock_ns();
    if (!submit_batch(e, row, row->generate, draw, err) ||
        !wait_for(e, p, &p->ended, row->batch, err)) {
        return false;
    }
    uint64_t ended = clock_ns();
    row->seconds = seconds(began, ended);
    row->first_token = seconds(began, p->first_ns);
    row->prompt_rate = (double)row->batch * row->prompt / seconds(began, p->all_started_ns);
    row->decode_rate = p->after == 0 ? 0 : (double)p->after / seconds(p->all_started_ns, ended);
    return true;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, int n)
{
    assert(n > 0);
    qsort(x, (size_t)n, sizeof(*x), by_value);
    return x[n / 2];
}

/* A batch decodes without end; newcomers come one after another and are timed. */
static bool run_first_token(struct engine *e, struct bench_row *row, struct progress *p,
                            uint64_t *draw, struct error *err)
{
    double waits[NEWCOMERS];
    if (!submit_batch(e, row, -1, draw, err) || !wait_for(e, p, &p->started, row->batch, err)) {
        return false;
    }
    for (int i = 0; i < NEWCOMERS; i++) {
        uint64_t came = clock_ns();
        if (!submit(e, row->batch + i, row->prompt, 1, draw, err) ||
            !wait_for(e, p, &p->newcomers, i + 1, err)) {
            return false;
        }
        waits[i] = seconds(came, clock_ns());
    }
    for (int i = 0; i < row->batch; i++) {
        engine_cancel(e, (uint64_t)i);
    }
    row->first_token = median(waits, NEWCOMERS);
    row->first_token_worst = waits[NEWCOMERS - 1]; /* median() has sorted them */
    return wait_for(e, p, &p->ended, row->batch, err);
}

static bool run_once(struct engine *e, struct bench_row *row, uint64_t *draw, struct error *err)
{
    struct progress p = {.batch = row->batch};
    p.seen = mem_new((size_t)row->batch, sizeof(*p.seen), err);
    if (p.seen == NULL) return false;
    bool ok = (row->part == BENCH_FIRST_TOKEN ? run_first_token : run_batch)(e, row, &p, draw, err);
    free(p.seen);
    return ok;
}

bool bench_warm_up(struct engine *e, uint64_t *draw, struct error *err)
{
    uint64_t until = clock_ns() + WARM_UP_NS;
    do {
        struct bench_row row = {.part = BENCH_BATCH, .batch = 1, .prompt = 32, .generate = 8};
        if (!run_once(e, &row, draw, err)) return false;
    } while (clock_ns() < until);
    return true;
}

/* ---- the median of several ---- */

static const size_t figures[] = {
    offsetof(struct bench_row, seconds),           offsetof(struct bench_row, prompt_rate),
    offsetof(struct bench_row, decode_rate),       offsetof(struct bench_row, first_token),
    offsetof(struct bench_row, first_token_worst),
};

static double *figure(struct bench_row *row, size_t i)
{
    return (double *)(void *)((char *)row + figures[i]);
}

bool bench_measure(struct engine *e, struct bench_row *row, int repeat, uint64_t *draw,
                   struct error *err)
{
    enum { FIGURES = sizeof(figures) / sizeof(figures[0]) };
    double runs[FIGURES][BENCH_MAX_REPEAT];
    for (int k = 0; k < repeat; k++) {
        if (!run_once(e, row, draw, err)) return false;
        for (size_t i = 0; i < FIGURES; i++) {
            runs[i][k] = *figure(row, i);
        }
    }
    for (size_t i = 0; i < FIGURES; i++) {
        *figure(row, i) = median(runs[i], repeat);
    }
    return true;
}
