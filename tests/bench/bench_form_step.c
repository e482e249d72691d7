/* tests/bench/bench_form_step.c - what outputs of a form cost a batch: 32 samples with 32 different schemas
 * beside 32 free ones.
 *
 *   bench_form_step MODEL [THREADS [ROUNDS]]
 *
 * Both kinds take turns in one process, the forms new in each round (no mask was made before), with the same
 * prompts. Reported are the medians of a round's time a step: by the clock, and by the
 * processors' time, which another load on the machine does not change.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/engine.h"
#include "tests/bench/median.h"

enum { BATCH = 32, TOKENS = 48, MAX_ROUNDS = 100 };

struct bench {
    struct engine *engine;
    sem_t news;
    uint64_t next_id;
    struct tokens prompt;
};

struct cost {
    double wall, cpu; /* seconds a step */
};

static void on_wake(void *arg)
{
    struct bench *b = arg;
    sem_post(&b->news);
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void fail(const struct error *err)
{
    printf("%s\n", err->message);
    exit(1);
}

/* A schema unlike all others, whose documents are longer than what is drawn of them. */
static struct form *schema_form(struct bench *b, int round, int i)
{
    char text[800];
    struct error err = {0};
    int n = snprintf(text, sizeof(text),
                     "{\"type\": \"array\", \"minItems\": 40, \"items\": {\"type\": \"object\", "
                     "\"properties\": {\"name_%d_%d\": {\"type\": \"string\", \"maxLength\": %d}, "
                     "\"kind\": {\"enum\": [\"a%d\", \"bc\", \"def\"]}, \"count\": {\"type\": "
                     "\"integer\", \"minimum\": %d}, \"at\": {\"type\": \"string\", \"format\": "
                     "\"date-time\"}, \"tags\": {\"type\": \"array\", \"items\": {\"type\": "
                     "\"string\", \"pattern\": \"^[a-z%d-]+$\"}}}, \"required\": [\"kind\", "
                     "\"count\"]}}",
                     round, i, 20 + i, i, i, i % 10);
    const struct form_source source = {.type = FORM_SCHEMA, .text = span_of(text, (size_t)n)};
    struct form *f = engine_form(b->engine, &source, &err);
    if (f == NULL) fail(&err);
    return f;
}

static void submit(struct bench *b, int round, int i, bool with_form)
{
    struct error err = {0};
    struct engine_request r = {
        .id = ++b->next_id, .ids = b->prompt.ids, .n_ids = b->prompt.n, .n = 1};
    engine_sampling_init(&r.sampling);
    r.sampling.max_tokens = TOKENS;
    r.sampling.seed = (uint64_t)(round * BATCH + i);
    r.sampling.ignore_eos = !with_form;
    if (with_form) r.sampling.form = schema_form(b, round, i);
    if (!engine_submit(b->engine, &r, &err)) fail(&err);
    form_free(r.sampling.form);
}

static void wait_for_all(struct bench *b)
{
    for (int done = 0; done < BATCH;) {
        sem_wait(&b->news);
        struct engine_event *ev = engine_take_events(b->engine), *next;
        for (; ev != NULL; ev = next) {
            next = ev->next;
            done += ev->type == EVENT_DONE;
            if (ev->type == EVENT_FAILED) fail(&ev->error);
            engine_event_free(ev);
        }
    }
}

/* A round: the batch's samples begin together, so all but the first steps are decode steps of 32. */
static struct cost run(struct bench *b, int round, bool with_form)
{
    struct engine_stats before, after;
    engine_stats(b->engine, &before);
    engine_pause(b->engine, true);
    for (int i = 0; i < BATCH; i++) {
        submit(b, round, i, with_form); /* compiles the form: not a step's time */
    }
    double cpu = cpu_seconds();
    engine_pause(b->engine, false);
    wait_for_all(b);
    cpu = cpu_seconds() - cpu;
    engine_stats(b->engine, &after);
    double steps = (double)(after.steps - before.steps);
    return (struct cost){(after.busy_seconds - before.busy_seconds) / steps, cpu / steps};
}

static void report(const char *name, double *with, double *without, int n)
{
    double a = median(without, n), b = median(with, n);
    printf("%-10s a step: %8.3f ms free, %8.3f ms with %d schemas, ratio %.3f\n", name, 1e3 * a,
           1e3 * b, BATCH, b / a);
}

int main(int argc, char **argv)
{
    struct bench b = {0};
    struct engine_options o;
    struct error err = {0};
    double wall[2][MAX_ROUNDS], cpu[2][MAX_ROUNDS];
    if (argc < 2) {
        printf("bench_form_step MODEL [THREADS [ROUNDS]]: nothing to measure\n");
        return 0;
    }
    int rounds = argc > 3 ? atoi(argv[3]) : 7;
    if (rounds < 1 || rounds > MAX_ROUNDS) rounds = 7;
    engine_options_init(&o);
    o.model_path = argv[1];
    o.threads = argc > 2 ? atoi(argv[2]) : 2;
    o.speculate = false;
    o.wake = on_wake;
    o.wake_arg = &b;
    sem_init(&b.news, 0, 0);
    b.engine = engine_open(&o, &err);
    if (b.engine == NULL || !engine_wait(b.engine, &err) ||
        !engine_tokenize(b.engine, span_str("A list of things, as JSON:\n"), true, true, &b.prompt,
                         &err))
        fail(&err);
    for (int round = 0; round < 2 * rounds; round++) {
        bool with_form = (round + round / 2) % 2 == 1; /* free, form, form, free */
        struct cost c = run(&b, round, with_form);
        wall[with_form][round / 2] = c.wall;
        cpu[with_form][round / 2] = c.cpu;
    }
    report("clock", wall[1], wall[0], rounds);
    report("processors", cpu[1], cpu[0], rounds);
    tokens_clear(&b.prompt);
    engine_close(b.engine);
    sem_destroy(&b.news);
    return 0;
}
