/* tests/unit/test_live.c - ids of requests at the engine.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "server/generate/live.h"

enum { N = 5000 };

static void test_add_get_remove(void **state)
{
    static int owners[N];
    static uint64_t ids[N];
    struct live *l = live_new();
    (void)state;
    for (int i = 0; i < N; i++) {
        ids[i] = live_add(l, &owners[i]);
        assert_int_not_equal(ids[i], 0);
    }
    assert_int_equal(live_count(l), N);
    for (int i = 0; i < N; i += 2) {
        live_remove(l, ids[i]);
    }
    for (int i = 0; i < N; i++) {
        assert_ptr_equal(live_get(l, ids[i]), i % 2 == 0 ? NULL : &owners[i]);
    }
    assert_int_equal(live_count(l), N / 2);
    live_free(l);
}

/* A slot is used again, its old name is not. */
static void test_an_old_id_finds_nothing(void **state)
{
    int a, b;
    struct live *l = live_new();
    (void)state;
    uint64_t first = live_add(l, &a);
    live_remove(l, first);
    live_remove(l, first);
    for (int i = 0; i < 1000; i++) {
        uint64_t id = live_add(l, &b);
        assert_int_not_equal(id, first);
        assert_null(live_get(l, first));
        live_remove(l, first);
        assert_ptr_equal(live_get(l, id), &b);
        live_remove(l, id);
    }
    assert_null(live_get(l, 0));
    assert_null(live_get(l, UINT64_MAX));
    assert_int_equal(live_count(l), 0);
    live_free(l);
}

static void test_full(void **state)
{
    int a;
    struct live *l = live_new();
    uint64_t last = 0;
    (void)state;
    for (int i = 0; i < LIVE_MAX; i++) {
        last = live_add(l, &a);
        assert_int_not_equal(last, 0);
    }
    assert_int_equal(live_add(l, &a), 0);
    live_remove(l, last);
    assert_int_not_equal(live_add(l, &a), 0);
    live_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add_get_remove),
        cmocka_unit_test(test_an_old_id_finds_nothing),
        cmocka_unit_test(test_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
