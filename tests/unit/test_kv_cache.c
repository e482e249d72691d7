/* tests/unit/test_kv_cache.c - sharing, copying, evicting; and a long random life with every
 * invariant checked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/mem.h"
#include "engine/batch/kv_cache.h"

enum { BLOCKS = 12, SLOTS = 6, LONGEST = 8 * KV_BLOCK };

/* What a test knows: the tokens each block holds, and each sequence's own tokens. */
struct world {
    struct kv_cache *kv;
    int store[BLOCKS][KV_BLOCK];
    int copies;
};

static void copy(void *arg, int32_t dst, int32_t src)
{
    struct world *w = arg;
    memcpy(w->store[dst], w->store[src], sizeof(w->store[dst]));
    w->copies++;
}

static void setup(struct world *w, bool prefix_cache)
{
    *w = (struct world){0};
    struct kv_cache_options o = {BLOCKS, SLOTS, LONGEST, prefix_cache, copy, w};
    w->kv = kv_cache_new(&o, NULL);
    assert_non_null(w->kv);
}

static void assert_sound(const struct world *w)
{
    assert_int_equal(kv_cache_check(w->kv), 0);
}

static int open_in(struct kv_cache *kv, uint64_t salt)
{
    const struct space space = {.salt = salt};
    return kv_cache_open(kv, &space);
}

/* Reserve, write and commit n tokens; false when there is no room. */
static bool append(struct world *w, int seq, const int *tokens, int n)
{
    int at = kv_cache_tokens(w->kv, seq);
    if (!kv_cache_reserve(w->kv, seq, n)) return false;
    for (int i = 0; i < n; i++) {
        int32_t b = kv_cache_table(w->kv, seq)[(at + i) / KV_BLOCK];
        w->store[b][(at + i) % KV_BLOCK] = tokens[i];
    }
    kv_cache_commit(w->kv, seq, tokens, n);
    assert_sound(w);
    return true;
}

static void assert_holds(const struct world *w, int seq, const int *tokens)
{
    for (int i = 0; i < kv_cache_tokens(w->kv, seq); i++) {
        int32_t b = kv_cache_table(w->kv, seq)[i / KV_BLOCK];
        assert_int_equal(w->store[b][i % KV_BLOCK], tokens[i]);
    }
}

static int match(struct world *w, int seq, const int *tokens, int n)
{
    while (kv_cache_tokens(w->kv, seq) + KV_BLOCK <= n &&
           kv_cache_match(w->kv, seq, tokens + kv_cache_tokens(w->kv, seq))) {
    }
    return kv_cache_tokens(w->kv, seq);
}

static void count_up(int *tokens, int n, int from)
{
    for (int i = 0; i < n; i++) {
        tokens[i] = from + i;
    }
}

static void test_prefix_is_found(void **state)
{
    (void)state;
    struct world w;
    int t[60];
    setup(&w, true);
    count_up(t, 60, 100);
    int a = open_in(w.kv, 0);
    assert_true(append(&w, a, t, 40)); /* two whole blocks and a half */
    int b = open_in(w.kv, 0);
    assert_int_equal(match(&w, b, t, 60), 32);
    assert_int_equal(kv_cache_used(w.kv), 3);
    assert_true(append(&w, b, t + 32, 20));
    assert_holds(&w, b, t);
    kv_cache_close(w.kv, a);
    kv_cache_close(w.kv, b);
    assert_int_equal(kv_cache_used(w.kv), 0);
    int c = open_in(w.kv, 0);
    assert_int_equal(match(&w, c, t, 60), 48);
    int other = open_in(w.kv, 1); /* another salt */
    assert_int_equal(match(&w, other, t, 60), 0);
    t[20]++; /* the second block differs; the third must not be found under it */
    int d = open_in(w.kv, 0);
    assert_int_equal(match(&w, d, t, 60), 16);
    assert_sound(&w);
    kv_cache_free(w.kv);
}

static void test_without_cache(void **state)
{
    (void)state;
    struct world w;
    int t[64];
    setup(&w, false);
    count_up(t, 64, 0);
    int a = open_in(w.kv, 0), b = open_in(w.kv, 0);
    assert_true(append(&w, a, t, 64));
    assert_int_equal(match(&w, b, t, 64), 0);
    kv_cache_close(w.kv, a);
    assert_int_equal(kv_cache_available(w.kv), BLOCKS);
    kv_cache_free(w.kv);
}

static void test_equal_blocks_become_one(void **state)
{
    (void)state;
    struct world w;
    int t[40];
    setup(&w, true);
    count_up(t, 40, 7);
    int a = open_in(w.kv, 0), b = open_in(w.kv, 0);
    assert_true(append(&w, a, t, 10) &&
                append(&w, b, t, 12)); /* side by side, unknown to each other */
    assert_true(append(&w, a, t + 10, 30) && append(&w, b, t + 12, 28));
    assert_int_equal(kv_cache_used(w.kv), 4); /* two shared, two unfinished */
    assert_int_equal(kv_cache_table(w.kv, a)[1], kv_cache_table(w.kv, b)[1]);
    kv_cache_free(w.kv);
}

/* The same tokens after another beginning, often enough that some share a bucket of the index. */
static void test_beginnings_are_told_apart(void **state)
{
    (void)state;
    struct world w;
    int t[32];
    setup(&w, true);
    count_up(t, 32, 0);
    int a = open_in(w.kv, 0);
    assert_true(append(&w, a, t, 32));
    for (int i = 1; i < 500; i++) {
        t[3] = 1000 + i;
        int b = open_in(w.kv, (uint64_t)(i % 2));
        assert_true(append(&w, b, t, 16));
        assert_int_equal(match(&w, b, t, 32), 16);
        kv_cache_close(w.kv, b);
    }
    kv_cache_free(w.kv);
}

static void test_fork_copies_on_write(void **state)
{
    (void)state;
    struct world w;
    int t[40], u[40];
    setup(&w, true);
    count_up(t, 40, 0);
    count_up(u, 40, 0);
    u[20] = 999;
    int a = open_in(w.kv, 0);
    assert_true(append(&w, a, t, 20));
    int b = kv_cache_fork(w.kv, a), c = kv_cache_fork(w.kv, a);
    assert_int_equal(kv_cache_used(w.kv), 2);
    assert_true(append(&w, b, u + 20, 1));
    assert_true(append(&w, a, t + 20, 1));
    assert_int_equal(w.copies, 2);
    assert_true(append(&w, c, t + 20, 1)); /* the last owner writes in place */
    assert_int_equal(w.copies, 2);
    assert_holds(&w, a, t);
    assert_holds(&w, b, u);
    assert_holds(&w, c, t);
    kv_cache_free(w.kv);
}

static void test_reserve_is_all_or_nothing(void **state)
{
    (void)state;
    struct world w;
    int t[LONGEST];
    setup(&w, true);
    count_up(t, LONGEST, 0);
    int a = open_in(w.kv, 0), b = open_in(w.kv, 0);
    assert_true(append(&w, a, t, LONGEST)); /* 8 of 12 blocks */
    count_up(t, LONGEST, 5000);
    assert_false(kv_cache_reserve(w.kv, b, 5 * KV_BLOCK));
    assert_int_equal(kv_cache_available(w.kv), 4);
    assert_true(append(&w, b, t, 4 * KV_BLOCK));
    assert_false(kv_cache_reserve(w.kv, b, 1));
    kv_cache_close(w.kv, a);
    assert_true(kv_cache_reserve(w.kv, b, 1));
    assert_false(kv_cache_reserve(w.kv, b, LONGEST)); /* past the longest sequence */
    assert_sound(&w);
    kv_cache_free(w.kv);
}

static void test_oldest_is_evicted(void **state)
{
    (void)state;
    struct world w;
    int old[48], young[48], more[112];
    setup(&w, true);
    count_up(old, 48, 0);
    count_up(young, 48, 1000);
    count_up(more, 112, 2000);
    int a = open_in(w.kv, 0);
    assert_true(append(&w, a, old, 48));
    kv_cache_close(w.kv, a);
    int b = open_in(w.kv, 0);
    assert_true(append(&w, b, young, 48));
    kv_cache_close(w.kv, b);
    int c = open_in(w.kv, 0);
    assert_true(append(&w, c, more, 112)); /* 7 blocks: 6 free, 1 evicted */
    int d = open_in(w.kv, 0), e = open_in(w.kv, 0);
    assert_int_equal(match(&w, d, old, 48), 32); /* its last block went first */
    assert_int_equal(match(&w, e, young, 48), 48);
    kv_cache_close(w.kv, d);
    kv_cache_close(w.kv, e);
    kv_cache_reset(w.kv);
    assert_int_equal(kv_cache_available(w.kv), 5);
    d = open_in(w.kv, 0);
    assert_int_equal(match(&w, d, young, 48), 0);
    assert_int_equal(match(&w, open_in(w.kv, 0), more, 112), 112); /* c still lives */
    assert_sound(&w);
    kv_cache_free(w.kv);
}

/* ---- a random life ---- */

struct life {
    int tokens[LONGEST];
    bool open;
};

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void open_one(struct world *w, struct life *lives, unsigned *seed)
{
    int tokens[LONGEST], family = (int)(next_random(seed) % 3);
    for (int i = 0; i < LONGEST; i++) { /* families share prefixes of different lengths */
        tokens[i] = family * 1000 + i + (i > 20 * family ? (int)(next_random(seed) % 2) : 0);
    }
    int seq = open_in(w->kv, next_random(seed) % 2);
    if (seq < 0) return;
    lives[seq].open = true;
    memcpy(lives[seq].tokens, tokens, sizeof(tokens));
    match(w, seq, tokens, LONGEST - KV_BLOCK);
}

static void live_on(struct world *w, struct life *lives, int seq, unsigned *seed)
{
    struct life *l = &lives[seq];
    int at = kv_cache_tokens(w->kv, seq), n = 1 + (int)(next_random(seed) % 20);
    switch (next_random(seed) % 8) {
    case 0:
        kv_cache_close(w->kv, seq);
        l->open = false;
        break;
    case 1: {
        int child = kv_cache_fork(w->kv, seq);
        if (child < 0) break;
        lives[child] = *l;
        for (int i = at; i < LONGEST; i++) { /* goes its own way */
            lives[child].tokens[i] += (int)(next_random(seed) % 2);
        }
        break;
    }
    default:
        if (at + n <= LONGEST) append(w, seq, l->tokens + at, n);
    }
}

static void random_life(bool prefix_cache)
{
    struct world w;
    struct life lives[SLOTS] = {0};
    unsigned seed = 1;
    setup(&w, prefix_cache);
    for (int step = 0; step < 20000; step++) {
        int seq = (int)(next_random(&seed) % SLOTS);
        if (lives[seq].open) {
            live_on(&w, lives, seq, &seed);
        } else {
            open_one(&w, lives, &seed);
        }
        if (next_random(&seed) % 500 == 0) kv_cache_reset(w.kv);
        assert_sound(&w);
        for (int i = 0; i < SLOTS; i++) {
            if (lives[i].open) assert_holds(&w, i, lives[i].tokens);
        }
    }
    for (int i = 0; i < SLOTS; i++) {
        if (lives[i].open) kv_cache_close(w.kv, i);
    }
    assert_sound(&w);
    assert_int_equal(kv_cache_used(w.kv), 0);
    assert_true(w.copies > 100);
    kv_cache_free(w.kv);
}

static void test_random_life(void **state)
{
    (void)state;
    random_life(true);
    random_life(false);
}

/* Spaces that differ in one member share nothing; equal ones do. */
static void test_spaces_are_apart(void **state)
{
    static const struct space spaces[] = {
        {0}, {.salt = 1}, {.weights = 1}, {.adapter = 1}, {1, 1, 1}};
    enum { N = sizeof(spaces) / sizeof(spaces[0]) };
    (void)state;
    struct world w;
    int t[32];
    setup(&w, true);
    count_up(t, 32, 100);
    for (int i = 0; i < N; i++) {
        int seq = kv_cache_open(w.kv, &spaces[i]);
        assert_int_equal(match(&w, seq, t, 32), 0);
        assert_true(append(&w, seq, t, 32));
        kv_cache_close(w.kv, seq);
    }
    for (int i = 0; i < N; i++) {
        int seq = kv_cache_open(w.kv, &spaces[i]), fork = kv_cache_fork(w.kv, seq);
        assert_int_equal(match(&w, seq, t, 32), 32);
        assert_int_equal(match(&w, fork, t, 32), 32);
        assert_holds(&w, seq, t);
        kv_cache_close(w.kv, seq);
        kv_cache_close(w.kv, fork);
        for (int j = 0; j < i; j++) {
            assert_false(space_equal(&spaces[i], &spaces[j]));
            assert_true(space_hash(&spaces[i]) != space_hash(&spaces[j]));
        }
    }
    kv_cache_free(w.kv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spaces_are_apart),
        cmocka_unit_test(test_prefix_is_found),
        cmocka_unit_test(test_without_cache),
        cmocka_unit_test(test_equal_blocks_become_one),
        cmocka_unit_test(test_beginnings_are_told_apart),
        cmocka_unit_test(test_fork_copies_on_write),
        cmocka_unit_test(test_reserve_is_all_or_nothing),
        cmocka_unit_test(test_oldest_is_evicted),
        cmocka_unit_test(test_random_life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
