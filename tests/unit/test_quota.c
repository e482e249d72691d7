/* tests/unit/test_quota.c - one bound for many: buffers, arenas and trees within a quota.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/quota.h"

enum { K = 1 << 10, LIMIT = 1 << 20 };

static void fill(struct buffer *b, size_t n)
{
    char block[K];
    memset(block, 'x', sizeof(block));
    for (size_t i = 0; i < n; i += sizeof(block)) {
        buffer_add(b, block, sizeof(block));
    }
}

static void buffers_share_it(void **state)
{
    (void)state;
    struct quota q;
    struct buffer a, b;
    quota_init(&q, LIMIT);
    buffer_init_within(&a, SIZE_MAX / 2, &q);
    buffer_init_within(&b, SIZE_MAX / 2, &q);
    fill(&a, 400 * K);
    assert_false(a.failed);
    assert_int_equal(quota_used(&q), a.room);
    mem_forget();
    fill(&b, 800 * K);
    assert_true(b.failed && b.no_memory && mem_ran_out());
    assert_true(quota_used(&q) <= LIMIT && quota_used(&q) == a.room + b.room);
    buffer_clear(&b);
    assert_int_equal(quota_used(&q), a.room);
    char *taken = buffer_take(&a);
    assert_non_null(taken);
    assert_int_equal(quota_used(&q), 0);
    free(taken);
    fill(&b, 800 * K);
    assert_false(b.failed);
    buffer_clear(&b);
    assert_int_equal(quota_used(&q), 0);
}

/* Whoever holds little can always be told that nothing is left. */
static void small_pieces_are_granted(void **state)
{
    (void)state;
    struct quota q;
    struct buffer large, small;
    quota_init(&q, LIMIT);
    buffer_init_within(&large, SIZE_MAX / 2, &q);
    fill(&large, LIMIT);
    assert_true(large.failed);
    struct buffer more[40];
    for (int i = 0; i < 40; i++) {
        buffer_init_within(&more[i], SIZE_MAX / 2, &q);
        fill(&more[i], 32 * K);
        assert_false(more[i].failed);
    }
    assert_int_equal(quota_left(&q), 0);
    assert_true(quota_used(&q) > LIMIT);
    buffer_init_within(&small, SIZE_MAX / 2, &q);
    fill(&small, 128 * K);
    assert_true(small.failed && small.room <= QUOTA_SMALL);
    for (int i = 0; i < 40; i++) {
        buffer_clear(&more[i]);
    }
    buffer_clear(&small);
    buffer_clear(&large);
    assert_int_equal(quota_used(&q), 0);
}

static void arenas_share_it(void **state)
{
    (void)state;
    struct quota q;
    quota_init(&q, LIMIT);
    struct arena *a = arena_new_within(SIZE_MAX / 2, &q), *b = arena_new_within(SIZE_MAX / 2, &q);
    assert_non_null(arena_alloc(a, 700 * K, 1));
    assert_null(arena_alloc(b, 400 * K, 1));
    assert_true(arena_failed(b) && quota_used(&q) <= LIMIT);
    arena_reset(a); /* keeps its one chunk */
    assert_null(arena_alloc(b, 400 * K, 1));
    arena_free(a);
    assert_non_null(arena_alloc(b, 400 * K, 1));
    arena_free(b);
    assert_int_equal(quota_used(&q), 0);
}

static void trees_share_it(void **state)
{
    (void)state;
    struct quota q;
    struct buffer text;
    struct error err = {0};
    size_t bytes;
    quota_init(&q, LIMIT);
    buffer_init(&text, LIMIT);
    buffer_add_str(&text, "[1");
    for (int i = 0; i < 10000; i++) {
        buffer_add_str(&text, ",23");
    }
    buffer_add_str(&text, "]");
    cJSON *first = json_parse_within(buffer_span(&text), &q, &bytes, &err);
    assert_non_null(first);
    assert_int_equal(bytes, quota_used(&q));
    assert_true(bytes > 10001 * sizeof(cJSON));
    size_t none;
    assert_null(json_parse_within(buffer_span(&text), &q, &none, &err));
    assert_int_equal(err.code, ERROR_NO_MEMORY);
    assert_int_equal(none, 0);
    assert_int_equal(quota_used(&q), bytes);
    assert_null(json_parse_within(span_str("[1,"), &q, &none, &err));
    assert_int_equal(quota_used(&q), bytes);
    cJSON_Delete(first);
    quota_give(&q, bytes);
    assert_int_equal(quota_used(&q), 0);
    buffer_clear(&text);
}

enum { THREADS = 4, TIMES = 20000, PIECE = 200 * K };

static void *take_and_give(void *arg)
{
    struct quota *q = arg;
    size_t granted = 0;
    for (int i = 0; i < TIMES; i++) {
        if (!quota_grow(q, 0, PIECE)) continue;
        granted++;
        if (quota_used(q) > LIMIT) return NULL;
        quota_give(q, PIECE);
    }
    return (void *)(uintptr_t)granted;
}

static void threads_never_pass_it(void **state)
{
    (void)state;
    struct quota q;
    pthread_t threads[THREADS];
    quota_init(&q, LIMIT);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, &q), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *granted;
        pthread_join(threads[i], &granted);
        assert_non_null(granted);
    }
    assert_int_equal(quota_used(&q), 0);
}

static void arrays_share_it(void **state)
{
    (void)state;
    struct quota q;
    size_t room = 0, other = 0;
    quota_init(&q, LIMIT);
    int *a = quota_grow_array(&q, NULL, &room, 1, sizeof(*a));
    assert_non_null(a);
    a[0] = 7;
    a = quota_grow_array(&q, a, &room, 3 * LIMIT / 8 / sizeof(*a), sizeof(*a));
    assert_non_null(a);
    assert_int_equal(a[0], 7);
    assert_int_equal(quota_used(&q), room * sizeof(*a));
    size_t had = room;
    assert_ptr_equal(quota_grow_array(&q, a, &room, had, sizeof(*a)), a);
    assert_null(quota_grow_array(&q, a, &room, had + 1, sizeof(*a)));
    assert_null(quota_grow_array(&q, NULL, &other, LIMIT / sizeof(*a), sizeof(*a)));
    assert_true(room == had && other == 0 && a[0] == 7);
    quota_free_array(&q, a, room, sizeof(*a));
    quota_free_array(&q, NULL, other, sizeof(*a));
    assert_int_equal(quota_used(&q), 0);
    assert_true(mem_ran_out());
}

static void without_one_all_is_granted(void **state)
{
    (void)state;
    assert_true(quota_grow(NULL, 0, SIZE_MAX));
    quota_give(NULL, SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffers_share_it),      cmocka_unit_test(small_pieces_are_granted),
        cmocka_unit_test(arenas_share_it),       cmocka_unit_test(trees_share_it),
        cmocka_unit_test(threads_never_pass_it), cmocka_unit_test(without_one_all_is_granted),
        cmocka_unit_test(arrays_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
