/* tests/unit/test_generation.c - generations without an HTTP exchange: hundreds of one owner's, some aborted, some
 * given up, the rest read to their ends; each heard of exactly once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/generate/generation.h"

enum { N = 500, TOKENS = 12, MAX_TOKENS_LONG = 300 };

/* What an owner has heard of one generation. */
struct heard {
    struct generation *g; /* NULL once it was freed */
    int tokens, samples, ends, sure;
    enum engine_finish finish;
    bool free_at_token, free_at_sample, free_at_end;
};

static struct engine *engine;
static struct generations *all;
static sem_t woken;
static struct heard heard[N + 1];
static int n_ended, n_freed;

static void on_wake(void *arg)
{
    (void)arg;
    sem_post(&woken);
}

static void turn(void)
{
    while (sem_wait(&woken) != 0) {
    }
    generations_turn(all);
}

static void free_it(struct heard *h)
{
    generation_free(h->g);
    h->g = NULL;
    n_freed++;
}

static void on_token(struct generation *g, struct choice *c)
{
    struct heard *h = g->owner;
    assert_ptr_equal(h->g, g);
    assert_false(c->done);
    assert_int_equal(h->ends, 0);
    h->tokens++;
    if (h->free_at_token) free_it(h);
}

/* The token that ends a sample comes with its end; an abort comes alone. */
static void on_sample(struct generation *g, struct choice *c)
{
    struct heard *h = g->owner;
    assert_true(c->done);
    assert_int_equal(h->ends, 0);
    h->tokens += c->finish != FINISH_ABORT;
    h->samples++;
    h->finish = c->finish;
    if (h->free_at_sample) free_it(h);
}

static void on_end(struct generation *g)
{
    struct heard *h = g->owner;
    assert_int_equal(g->state, GENERATION_ENDED);
    assert_int_equal(h->ends++, 0);
    n_ended++;
    if (h->free_at_end) free_it(h);
}

static void on_sure(struct generation *g)
{
    struct heard *h = g->owner;
    assert_int_equal(h->tokens + h->ends, 0);
    h->sure++;
}

static const struct generation_calls calls = {
    .token = on_token, .sample = on_sample, .end = on_end, .sure = on_sure};
static bool can_refuse; /* those that begin */

static struct heard *begin(int i, int n, int max_tokens, bool expected)
{
    struct error err = {0};
    char text[32];
    struct heard *h = &heard[i];
    *h = (struct heard){.g = generation_new(&calls, h, &err)};
    assert_non_null(h->g);
    snprintf(text, sizeof(text), "Number %d", i);
    assert_true(engine_tokenize(engine, span_str(text), true, true, &h->g->ids, &err));
    h->g->n = n;
    h->g->sampling.max_tokens = max_tokens;
    h->g->sampling.ignore_eos = true;
    h->g->sampling.seed = (uint64_t)i;
    h->g->can_refuse = can_refuse;
    bool ok = generation_start(all, h->g, &err);
    if (ok != expected) fail_msg("%d: %s", i, err.message);
    return h;
}

static void free_all(int n)
{
    for (int i = 0; i < n; i++) {
        generation_free(heard[i].g);
        heard[i].g = NULL;
    }
}

static int reset(void **state)
{
    (void)state;
    memset(heard, 0, sizeof(heard));
    n_ended = n_freed = 0;
    return 0;
}

/* Every second is aborted at some time of its life; all end, each once. How far the engine has come by then is the
 * machine's affair: who was aborted after the last token has ended by itself. */
static void hundreds_end_once_each(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++) {
        begin(i, 1, i % 2 == 0 ? TOKENS : MAX_TOKENS_LONG, true);
    }
    assert_int_equal(generations_count(all), N);
    for (int round = 0; n_ended < N; round++) {
        for (int i = 1 + 2 * round; i < N && i < 3 + 2 * round; i += 2) {
            generation_abort(heard[i].g);
            generation_abort(heard[i].g); /* twice is once */
        }
        if (round > 20) { /* the rest of them together */
            for (int i = 1; i < N; i += 2) {
                generation_abort(heard[i].g);
            }
        }
        turn();
    }
    for (int i = 0; i < N; i++) {
        const struct heard *h = &heard[i];
        assert_int_equal(h->ends, 1);
        assert_int_equal(h->samples, 1);
        assert_int_equal(h->g->error.code, ERROR_NONE);
        assert_int_equal(h->tokens, h->g->choices[0].n_tokens);
        if (h->finish != FINISH_ABORT) assert_int_equal(h->finish, FINISH_LENGTH);
        if (h->finish == FINISH_LENGTH) {
            assert_int_equal(h->tokens, i % 2 == 0 ? TOKENS : MAX_TOKENS_LONG);
        }
        if (i % 2 == 0) assert_int_equal(h->finish, FINISH_LENGTH);
        if (i == 1) assert_int_equal(h->finish, FINISH_ABORT); /* before the first turn */
    }
    assert_int_equal(generations_count(all), 0);
    free_all(N);
}

/* Half are freed while at work, by their owner or in a call back, and are not heard of again. */
static void what_is_given_up_is_silent(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++) {
        struct heard *h = begin(i, 1, TOKENS, true);
        h->free_at_token = i % 4 == 1;
        h->free_at_end = i % 4 == 2;
    }
    for (int i = 3; i < N; i += 4) {
        free_it(&heard[i]);
    }
    while (generations_count(all) > 0) {
        turn();
    }
    for (int i = 0; i < N; i++) {
        static const int tokens[] = {TOKENS, 1, TOKENS, 0}, ends[] = {1, 0, 1, 0};
        assert_int_equal(heard[i].tokens, tokens[i % 4]);
        assert_int_equal(heard[i].ends, ends[i % 4]);
    }
    assert_int_equal(n_freed, N / 4 * 3);
    free_all(N);
}

/* Samples end one by one; an owner may have heard enough at the first. */
static void samples_of_one_prompt(void **state)
{
    (void)state;
    struct heard *whole = begin(0, 8, TOKENS, true), *cut = begin(1, 8, TOKENS, true);
    cut->free_at_sample = true;
    while (generations_count(all) > 0) {
        turn();
    }
    assert_int_equal(whole->samples, 8);
    assert_int_equal(whole->ends, 1);
    assert_int_equal(whole->tokens, 8 * TOKENS);
    assert_int_equal(cut->samples, 1);
    assert_int_equal(cut->ends, 0);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(whole->g->choices[i].n_tokens, TOKENS);
        assert_true(whole->g->choices[i].text.n > 0);
    }
    free_all(2);
}

/* Paused: what comes is held in order and begins later; what is aborted meanwhile ends without a
 * token; what does not fit is refused at once, and never later. */
static void held_ones(void **state)
{
    (void)state;
    const struct engine_info *info = engine_info(engine);
    int most = info->max_sequences + info->max_queue;
    generations_pause(all, PAUSE_WAIT);
    assert_true(generations_are_paused(all));
    for (int i = 0; i < 10; i++) {
        begin(i, 1, TOKENS, true);
    }
    begin(10, most - 10, 1, true);
    begin(11, 1, TOKENS, false);
    assert_int_equal(generations_count(all), 11);
    assert_int_equal(generations_at_work(all), 0);
    generation_abort(heard[3].g);
    assert_int_equal(heard[3].ends, 0); /* not inside our own call */
    turn();
    assert_int_equal(heard[3].ends, 1);
    assert_int_equal(heard[3].finish, FINISH_ABORT);
    assert_int_equal(heard[3].tokens, 0);
    heard[10].free_at_sample = true;
    generation_abort(heard[10].g);
    turn();
    assert_int_equal(heard[10].samples, 1);
    generation_free(heard[4].g);
    heard[4].g = NULL;
    assert_int_equal(generations_count(all), 8);
    generations_resume(all);
    while (generations_count(all) > 0) {
        turn();
    }
    for (int i = 0; i < 10; i++) {
        assert_int_equal(heard[i].tokens, i == 3 || i == 4 ? 0 : TOKENS);
    }
    free_all(12);
}

struct waiter {
    struct idle_wait wait; /* first */
    int told;
};

static void on_idle(struct idle_wait *w)
{
    ((struct waiter *)w)->told++;
}

/* What the engine would refuse is refused at the start, paused or not; the generation is then as new. */
static void a_fault_is_told_at_the_start(void **state)
{
    struct error err = {0};
    (void)state;
    generations_pause(all, PAUSE_KEEP);
    struct heard *h = &heard[0];
    h->g = generation_new(&calls, h, &err);
    for (int i = 0; i < engine_info(engine)->context + 1; i++) {
        assert_true(tokens_push(&h->g->ids, 5, &err));
    }
    assert_false(generation_start(all, h->g, &err));
    assert_int_equal(err.code, ERROR_TOO_LONG);
    assert_int_equal(generations_count(all), 0);
    generations_resume(all);
    h->g->ids.n = 5;
    h->g->sampling.max_tokens = 1;
    assert_true(generation_start(all, h->g, &err));
    while (generations_count(all) > 0) {
        turn();
    }
    assert_int_equal(h->ends, 1);
    generation_free(h->g);
}

/* Waiting for those that came before a pause is waiting for those in the line, too. */
static void the_line_is_at_work_while_a_pause_waits(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++) {
        begin(i, 1, TOKENS, true);
    }
    struct waiter w = {.wait.idle = on_idle};
    generations_pause(all, PAUSE_WAIT);
    generations_wait_idle(all, &w.wait);
    struct heard *late = begin(N, 1, TOKENS, true);
    while (w.told == 0) {
        turn();
    }
    assert_int_equal(n_ended, N);
    assert_int_equal(late->tokens, 0);
    generations_resume(all);
    while (generations_count(all) > 0) {
        turn();
    }
    assert_int_equal(late->tokens, TOKENS);
    free_all(N + 1);
}

/* Late in the line, whoever can be told to come again is; others begin. A pause takes nobody's place. */
static void who_waits_in_vain_is_refused(void **state)
{
    const struct timespec longer = {.tv_nsec = 5000000};
    uint64_t late = generations_counts(all)->late;
    (void)state;
    for (int i = 0; i < 4; i++) {
        can_refuse = i % 2 == 1;
        begin(i, 1, TOKENS, true);
    }
    generations_limit_wait(all, 1);
    nanosleep(&longer, NULL);
    assert_int_equal(n_ended, 0); /* not inside our own call */
    turn();
    assert_int_equal(generations_counts(all)->late - late, 2);
    generations_pause(all, PAUSE_KEEP);
    can_refuse = true;
    begin(4, 1, TOKENS, true);
    nanosleep(&longer, NULL);
    turn();
    assert_int_equal(heard[4].sure, 1);
    generations_resume(all);
    generations_limit_wait(all, 3600000);
    begin(5, 1, TOKENS, true);
    while (generations_count(all) > 0) {
        turn();
    }
    for (int i = 0; i < 6; i++) {
        bool refused = i == 1 || i == 3;
        assert_int_equal(heard[i].ends, 1);
        assert_int_equal(heard[i].g->error.code, refused ? ERROR_QUEUE_FULL : ERROR_NONE);
        assert_int_equal(heard[i].tokens, refused ? 0 : TOKENS);
        assert_int_equal(heard[i].sure, i > 3);
    }
    assert_true(heard[1].g->error.retry_s >= 1);
    generations_limit_wait(all, 0);
    can_refuse = false;
    free_all(6);
}

static void idleness_is_told_once(void **state)
{
    (void)state;
    struct waiter stays = {.wait.idle = on_idle}, leaves = {.wait.idle = on_idle};
    begin(0, 2, TOKENS, true);
    generations_wait_idle(all, &stays.wait);
    generations_wait_idle(all, &leaves.wait);
    idle_wait_stop(&leaves.wait);
    while (stays.told == 0) {
        assert_true(n_ended == 0 || generations_at_work(all) == 0);
        turn();
    }
    assert_int_equal(n_ended, 1);
    assert_int_equal(stays.told, 1);
    assert_int_equal(leaves.told, 0);
    free_all(1);
}

static int open_all(void **state)
{
    struct engine_options o;
    struct error err = {0};
    (void)state;
    sem_init(&woken, 0, 0);
    engine_options_init(&o);
    o.model_path = "models/touchstone-tiny.gguf";
    o.threads = 2;
    o.wake = on_wake;
    engine = engine_open(&o, &err);
    if (engine == NULL || !engine_wait(engine, &err)) return -1;
    all = generations_new(engine, on_wake, NULL);
    return all == NULL ? -1 : 0;
}

static int close_all(void **state)
{
    (void)state;
    generations_free(all);
    engine_close(engine);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(hundreds_end_once_each, reset),
        cmocka_unit_test_setup(what_is_given_up_is_silent, reset),
        cmocka_unit_test_setup(samples_of_one_prompt, reset),
        cmocka_unit_test_setup(held_ones, reset),
        cmocka_unit_test_setup(a_fault_is_told_at_the_start, reset),
        cmocka_unit_test_setup(the_line_is_at_work_while_a_pause_waits, reset),
        cmocka_unit_test_setup(who_waits_in_vain_is_refused, reset),
        cmocka_unit_test_setup(idleness_is_told_once, reset),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
