/* tests/unit/test_room.c - memory that programs are promised: how many run side by side, who waits, who runs alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reward/workers/room.h"

#define GIB ((int64_t)1 << 30)

static const struct run_memory one = {.run_bytes = GIB, .runs = 1},
                               four = {.run_bytes = GIB, .runs = 4},
                               compiled = {.run_bytes = GIB, .once_bytes = 3 * GIB, .runs = 2},
                               none = {.runs = 1};

/* What is given bounds the sum, whatever is free; who waits begins when another has ended. */
static void test_the_sum_is_bounded(void **state)
{
    struct room r = {.given = 3 * GIB};
    struct promise p[4] = {0};
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(room_take(&r, &one, 100 * GIB, &p[i]));
        assert_int_equal(p[i].runs, 1);
    }
    assert_int_equal(r.promised, 3 * GIB);
    assert_false(room_take(&r, &one, 100 * GIB, &p[3]));
    assert_int_equal(r.promised, 3 * GIB);
    room_leave(&r, &p[1]);
    assert_true(room_take(&r, &one, 100 * GIB, &p[3]));
    room_leave(&r, &p[0]);
    room_leave(&r, &p[2]);
    room_leave(&r, &p[3]);
    assert_int_equal(r.promised, 0);
    assert_int_equal(r.tasks, 0);
}

static void test_as_many_side_by_side_as_fit(void **state)
{
    static const struct {
        const struct run_memory *need;
        int64_t given, free_bytes;
        int runs;
        int64_t bytes;
    } cases[] = {
        {&four, 8 * GIB, 100 * GIB, 4, 4 * GIB},
        {&four, 3 * GIB, 100 * GIB, 3, 3 * GIB},
        {&four, 8 * GIB, 2 * GIB, 2, 2 * GIB},      /* no more than is free at the moment */
        {&four, 0, 6 * GIB, 3, 3 * GIB},            /* half of what is free */
        {&four, 0, 0, 4, 4 * GIB},                  /* nobody knows what is free */
        {&four, GIB / 2, 100 * GIB, 1, GIB},        /* alone, although it may take more than all */
        {&compiled, 8 * GIB, 100 * GIB, 2, 3 * GIB} /* the compiler is what takes most */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct room r = {.given = cases[i].given};
        struct promise p = {0};
        assert_true(room_take(&r, cases[i].need, cases[i].free_bytes, &p));
        assert_int_equal(p.runs, cases[i].runs);
        assert_int_equal(p.bytes, cases[i].bytes);
        room_leave(&r, &p);
    }
}

/* Whoever may take more than all waits until nobody else runs, and nobody runs beside it; what takes nothing is
 * never kept waiting. */
static void test_the_large_run_alone(void **state)
{
    struct room r = {.given = 2 * GIB};
    struct promise small = {0}, large = {0}, other = {0};
    (void)state;
    assert_true(room_take(&r, &one, 100 * GIB, &small));
    assert_false(room_take(&r, &compiled, 100 * GIB, &large));
    room_leave(&r, &small);
    assert_true(room_take(&r, &compiled, 100 * GIB, &large));
    assert_int_equal(large.bytes, 3 * GIB);
    assert_false(room_take(&r, &one, 100 * GIB, &small));
    assert_true(room_take(&r, &none, 100 * GIB, &other));
    assert_int_equal(other.bytes, 0);
    room_leave(&r, &other);
    room_leave(&r, &large);
    assert_true(room_take(&r, &one, 100 * GIB, &small));
    room_leave(&r, &small);
}

/* What is free is looked at anew when nobody runs, and for each that would run beside others. */
static void test_what_is_free_may_change(void **state)
{
    struct room r = {0};
    struct promise a = {0}, b = {0};
    (void)state;
    assert_true(room_take(&r, &one, 8 * GIB, &a));
    assert_int_equal(r.most, 4 * GIB);
    assert_false(room_take(&r, &one, GIB / 2, &b)); /* another has taken the rest */
    assert_true(room_take(&r, &one, 7 * GIB, &b));
    room_leave(&r, &a);
    room_leave(&r, &b);
    assert_true(room_take(&r, &one, 4 * GIB, &a));
    assert_int_equal(r.most, 2 * GIB);
    room_leave(&r, &a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_sum_is_bounded),
        cmocka_unit_test(test_as_many_side_by_side_as_fit),
        cmocka_unit_test(test_the_large_run_alone),
        cmocka_unit_test(test_what_is_free_may_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
