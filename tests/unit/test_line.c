/* tests/unit/test_line.c - whose turn it is at the engine, how long a newcomer waits, and what a step
 * costs: all counted, nothing timed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>

#include "engine/batch/pace.h"
#include "server/generate/forecast.h"
#include "server/generate/line.h"

enum { MANY = 400, FLOOD = 7, POLITE = 8, THIRD = 9 };

static struct place turns[MANY];
static int n_turns;
static struct line line;

static int reset(void **state)
{
    (void)state;
    line = (struct line){0};
    n_turns = 0;
    return 0;
}

static struct place *join_at(uint64_t client, int priority, double prompt, double samples,
                             double each)
{
    struct place *t = &turns[n_turns++];
    assert_true(n_turns <= MANY);
    *t = (struct place){.load = {prompt, samples, samples * each}};
    assert_true(line_join(&line, t, client, priority, NULL));
    return t;
}

static struct place *join(uint64_t client, double samples)
{
    return join_at(client, 0, 10, samples, 30);
}

static struct place *take(void)
{
    struct place *t = line_next(&line, UINT64_MAX, LINE_ALL);
    if (t != NULL) line_take(&line, t);
    return t;
}

/* It ends having taken what was expected. */
static void end(struct place *t)
{
    line_leave(&line, t, t->load.prompt + t->load.output);
}

static void end_all(void)
{
    for (int i = 0; i < n_turns; i++) {
        line_leave(&line, &turns[i], 0);
    }
    assert_null(line.parties); /* (2) */
    assert_null(line.tenants); /* (4) */
    assert_int_equal(line.n_tenants, 0);
}

static void a_client_has_its_order(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        join(FLOOD, 1);
    }
    for (int i = 0; i < 5; i++) {
        assert_ptr_equal(take(), &turns[i]);
    }
    assert_null(take());
    end_all();
}

/* However long the flood has been standing there. */
static void who_comes_to_a_flood_is_next(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        join(FLOOD, 1);
    }
    for (int i = 0; i < 100; i++) {
        take();
    }
    struct place *t = join(POLITE, 1);
    struct place *first = take(), *second = take();
    assert_true(first == t || second == t);
    end_all();
}

/* Two floods share; the one that sends groups has as many tokens, not as many turns. */
static void shares_are_of_tokens(void **state)
{
    double tokens[2] = {0};
    (void)state;
    for (int i = 0; i < 150; i++) {
        join(FLOOD, 8);
        join(POLITE, 1);
    }
    for (int i = 0; i < 90; i++) {
        const struct place *t = take();
        tokens[t->load.samples < 2] += t->load.prompt + t->load.output;
    }
    assert_true(fabs(tokens[0] - tokens[1]) <= 10 + 8 * 30);
    end_all();
}

/* A client that is served one at a time does not gain on others by leaving in between. */
static void nobody_saves_up(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        join(FLOOD, 1);
    }
    for (int i = 0; i < 50; i++) {
        end(take());
    }
    for (int i = 0; i < 100; i++) {
        join(POLITE, 1);
    }
    int polite = 0;
    for (int i = 0; i < 20; i++) {
        polite += take() >= &turns[100];
    }
    assert_true(polite >= 9 && polite <= 11);
    end_all();
}

/* What was given up costs nothing; what took less than expected is given back. */
static void only_what_was_had_counts(void **state)
{
    (void)state;
    join(FLOOD, 1);
    take();
    for (int i = 0; i < 100; i++) {
        join(FLOOD, 64);
    }
    for (int i = 1; i <= 100; i++) {
        line_leave(&line, &turns[i], 0);
    }
    struct place *mine = join(FLOOD, 1);
    join(POLITE, 1);
    join(POLITE, 1);
    take();
    assert_ptr_equal(take(), mine);
    end_all();

    reset(NULL);
    struct place *running = join(FLOOD, 1), *large = join(FLOOD, 64);
    take();
    take();
    line_leave(&line, large, 12);
    assert_non_null(running->party);
    struct place *next = join(FLOOD, 1);
    for (int i = 0; i < 10; i++) {
        join(POLITE, 1);
    }
    int before = 0;
    while (take() != next) {
        before++;
    }
    assert_true(before <= 3);
    end_all();
}

static void priorities_go_first(void **state)
{
    (void)state;
    struct place *low = join_at(FLOOD, 5, 10, 1, 30), *high = join_at(POLITE, -1, 10, 64, 30);
    struct place *same = join_at(FLOOD, -1, 10, 1, 30);
    assert_int_equal(line_ahead(&line, THIRD, 5).samples, 66);
    assert_int_equal(line_ahead(&line, THIRD, -2).samples, 0);
    assert_ptr_equal(take(), high);
    assert_ptr_equal(take(), same);
    assert_ptr_equal(take(), low);
    end_all();
}

static void only_those_before_a_number(void **state)
{
    (void)state;
    struct place *old = join(FLOOD, 1);
    uint64_t mark = line.arrivals;
    join(POLITE, 1);
    assert_ptr_equal(line_next(&line, mark, LINE_ALL), old);
    line_take(&line, old);
    assert_null(line_next(&line, mark, LINE_ALL));
    assert_non_null(line_next(&line, UINT64_MAX, LINE_ALL));
    end_all();
}

/* Seats that are kept for those who have none. */
static void newcomers_are_told_apart(void **state)
{
    (void)state;
    assert_true(line_is_light(&line, FLOOD, 1));
    join(FLOOD, 1);
    assert_false(line_is_light(&line, FLOOD, 1));
    struct place *first = take();
    join(FLOOD, 1);
    assert_null(line_next(&line, UINT64_MAX, 1));
    assert_int_equal(line_ahead_light(&line, 1).samples, 0);
    struct place *polite = join(POLITE, 3);
    join(POLITE, 3);
    assert_ptr_equal(line_next(&line, UINT64_MAX, 1), polite);
    assert_int_equal(line_ahead_light(&line, 1).samples, 3);
    line_take(&line, polite);
    assert_null(line_next(&line, UINT64_MAX, 1));
    end(first);
    assert_non_null(line_next(&line, UINT64_MAX, 1)); /* the flood has nothing at work now */
    end_all();
}

/* A client is one client at however many priorities. */
static void kept_seats_are_not_multiplied_by_priorities(void **state)
{
    (void)state;
    enum { KEPT = 8, PRIORITIES = 16 };
    for (int i = 0; i < PRIORITIES; i++) {
        line_take(&line, join_at(FLOOD, -i, 10, 1, 30));
    }
    join_at(FLOOD, -PRIORITIES, 10, 1, 30);
    assert_false(line_is_light(&line, FLOOD, KEPT));
    assert_null(line_next(&line, UINT64_MAX, KEPT));
    for (int i = 0; i < KEPT / 2; i++) {
        assert_true(line_is_light(&line, POLITE, KEPT));
        struct place *polite = join(POLITE, 1);
        assert_ptr_equal(line_next(&line, UINT64_MAX, KEPT), polite);
        line_take(&line, polite);
    }
    assert_false(line_is_light(&line, POLITE, KEPT));
    end_all();
}

/* Of eight kept seats each of two clients may have four, and a request goes on one as long as its client has less. */
static void kept_seats_are_for_all_alike(void **state)
{
    (void)state;
    enum { KEPT = 8 };
    join(FLOOD, 64);
    take();
    join(FLOOD, 1);
    for (int working = 0; working < 4; working += 2) {
        assert_true(line_is_light(&line, POLITE, KEPT));
        struct place *polite = join(POLITE, 2);
        assert_int_equal(line_is_light(&line, POLITE, KEPT), working == 0); /* waiting counts */
        assert_ptr_equal(line_next(&line, UINT64_MAX, KEPT), polite);
        assert_int_equal(line_ahead_light(&line, KEPT).samples, 2);
        line_take(&line, polite);
    }
    assert_false(line_is_light(&line, POLITE, KEPT));
    struct place *fifth = join(POLITE, 1);
    assert_null(line_next(&line, UINT64_MAX, KEPT));
    end(&turns[2]);
    assert_ptr_equal(line_next(&line, UINT64_MAX, KEPT), fifth);
    end_all();
}

/* What is said to be ahead is what then has its turn first. */
static void what_is_ahead_comes_first(void **state)
{
    static const uint64_t clients[] = {FLOOD, POLITE, THIRD, 10};
    (void)state;
    for (int i = 0; i < 120; i++) {
        join(FLOOD, 1 + i % 3);
    }
    for (int i = 0; i < 15; i++) {
        join(POLITE, 1);
    }
    for (int i = 0; i < 30; i++) {
        take();
    }
    join(THIRD, 4);
    for (int c = 0; c < 4; c++) {
        double expected = line_ahead(&line, clients[c], 0).samples, got = 0;
        struct place *t = join(clients[c], 1);
        struct place *taken;
        int first = n_turns;
        while ((taken = take()) != t) {
            got += taken->load.samples;
        }
        assert_true(fabs(got - expected) <= 6);
        for (int i = 0; i < first; i++) {
            line_leave(&line, &turns[i], 0);
        }
        reset(NULL);
        for (int i = 0; i < 100; i++) {
            join(FLOOD, 1 + i % 3);
        }
        for (int i = 0; i < 20; i++) {
            join(POLITE, 1);
        }
        join(THIRD, 4);
    }
    end_all();
}

/* ---- forecasts ---- */

static const struct forecast_pace tick = {.step_s = 1, .row_s = 0, .step_tokens = 100};

static void free_seats_cost_nothing(void **state)
{
    static const struct forecast_seat taken[] = {{50, 0}, {50, 0}};
    struct forecast f = {.seats = 4, .taken = taken, .n_taken = 2};
    (void)state;
    assert_true(forecast_wait_s(&f, &tick) < 1e-9);
    f.ahead = (struct load){.samples = 1, .output = 30};
    assert_true(forecast_wait_s(&f, &tick) < 1e-9);
    f.ahead = (struct load){.prompt = 450};
    assert_int_equal(forecast_wait_s(&f, &tick), 5); /* 450 prompt tokens, 100 a step */
}

/* A seat is free when the sample on it ends, and those before take theirs first. */
static void seats_are_taken_in_turn(void **state)
{
    static const struct forecast_seat taken[] = {{10, 0}, {20, 0}, {40, 0}};
    static const struct {
        double samples, output;
        double steps;
    } cases[] = {{0, 0, 10},  {1, 30, 20},  {2, 60, 40}, /* both seats are taken again until 40 */
                 {3, 90, 40}, {4, 120, 50}, {5, 150, 70}, {6, 180, 70}, {7, 210, 80}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct forecast f = {.seats = 3,
                             .taken = taken,
                             .n_taken = 3,
                             .ahead = {.samples = cases[i].samples, .output = cases[i].output}};
        double s = forecast_wait_s(&f, &tick);
        if (fabs(s - cases[i].steps) > 1) {
            fail_msg("%g before: %g steps, not %g", cases[i].samples, s, cases[i].steps);
        }
    }
}

/* Of many samples that may stop at every token one does soon; of such as their limit ends none before. */
static void a_seat_is_free_as_soon_as_any_ends(void **state)
{
    struct forecast_seat taken[64];
    const struct forecast f = {.seats = 64, .taken = taken, .n_taken = 64};
    (void)state;
    for (int stops = 0; stops < 2; stops++) {
        for (int i = 0; i < 64; i++) {
            taken[i] = forecast_left(stops ? 1e4 : 128, 0, stops ? 128 : 1e9);
        }
        assert_true(fabs(forecast_wait_s(&f, &tick) - (stops ? 2 : 128)) <= 1);
    }
}

/* Samples that the engine has taken and has no seat for wait before the newcomer. */
static void more_samples_than_seats(void **state)
{
    static const struct forecast_seat taken[] = {{10, 0}, {10, 0}, {30, 0}, {30, 0}};
    const struct forecast f = {.seats = 2, .taken = taken, .n_taken = 4};
    (void)state;
    assert_true(fabs(forecast_wait_s(&f, &tick) - 40) <= 1);
}

static void rows_cost(void **state)
{
    static const struct forecast_seat taken[] = {{8, 0}, {8, 0}};
    const struct forecast_pace pace = {.step_s = 2, .row_s = 0.5, .step_tokens = 100};
    const struct forecast f = {.seats = 2, .taken = taken, .n_taken = 2, .ahead = {.prompt = 100}};
    (void)state;
    double steps = 8, s = forecast_wait_s(&f, &pace);
    assert_true(fabs(s - (steps * (2 + 2 * 0.5) + 100 * 0.5)) <= 3);
}

static void what_is_left(void **state)
{
    (void)state;
    assert_true(fabs(forecast_left(16, 0, 1e9).left - 16) <
                1e-3); /* its limit: nobody stops before */
    assert_true(fabs(forecast_left(16, 0, 256).left - 15.5) < 0.1);
    assert_true(fabs(forecast_left(256, 0, 256).left - 161.8) < 0.1);  /* some stop, some do not */
    assert_true(fabs(forecast_left(1e5, 0, 256).left - 256) < 0.1);    /* what others took */
    assert_true(fabs(forecast_left(1e5, 2000, 256).left - 256) < 0.1); /* however much it had */
    assert_int_equal(forecast_left(1000, 999, 256).left, 1);
    assert_int_equal(forecast_left(1000, 1000, 256).left, 1);
}

/* ---- pace ---- */

static void assert_prices(struct pace_prices p, double step_s, double row_s, double reach_s)
{
    assert_true(fabs(p.step_s - step_s) < 0.02 * step_s + 1e-9);
    assert_true(fabs(p.row_s - row_s) < 0.02 * row_s + 1e-12);
    assert_true(fabs(p.reach_s - reach_s) < 0.02 * reach_s + 1e-15);
}

static void a_plane_through_the_steps(void **state)
{
    struct pace p = {0};
    (void)state;
    assert_prices(pace_read(&p), 0, 0, 0);
    for (int i = 0; i < 6000; i++) {
        double rows = (1 << i % 9) + i * 37 % (1 + (1 << i % 9)),
               reach = rows * (10 + i * 61 % 300);
        double slower = i < 2000 ? 1 : 3; /* the machine slows down */
        pace_note(&p, rows, reach, slower * (0.02 + 1e-4 * rows + 1e-6 * reach));
        if (i == 1999) assert_prices(pace_read(&p), 0.02, 1e-4, 1e-6);
    }
    assert_prices(pace_read(&p), 0.06, 3e-4, 3e-6);
}

/* A batch that decodes: as many rows every step, more and more behind them. */
static void contexts_that_grow(void **state)
{
    struct pace p = {0};
    (void)state;
    for (int i = 0; i < 40; i++) {
        double reach = 256.0 * (24 + i);
        pace_note(&p, 256, reach, 0.03 + 2e-6 * reach);
    }
    struct pace_prices now = pace_read(&p);
    double later = 256.0 * 200;
    assert_true(fabs(now.step_s + 256 * now.row_s + later * now.reach_s - (0.03 + 2e-6 * later)) <
                0.002);
}

/* What a full batch took is known after any number of single rows; the speed is that of now. */
static void sizes_are_remembered_apart(void **state)
{
    struct pace p = {0};
    (void)state;
    for (int i = 0; i < 200; i++) {
        double rows = 1 << i % 9, reach = rows * (20 + i * 61 % 200);
        pace_note(&p, rows, reach, 0.001 + 1e-4 * rows + 1e-6 * reach);
    }
    for (int i = 0; i < 100000; i++) {
        double reach = 20 + i * 61 % 200;
        pace_note(&p, 1, reach, 0.001 + 1e-4 + 1e-6 * reach);
    }
    assert_prices(pace_read(&p), 0.001, 1e-4, 1e-6);
    for (int i = 0; i < 60; i++) { /* others take half of the machine, from a full batch on */
        double reach = 256 * (20 + i * 61 % 200);
        pace_note(&p, 256, reach, 2 * (0.001 + 256e-4 + 1e-6 * reach));
    }
    struct pace_prices now = pace_read(&p);
    double took = now.step_s + 256 * now.row_s + 256 * 100 * now.reach_s;
    assert_true(fabs(took - 2 * (0.001 + 256e-4 + 0.0256)) < 0.1 * took);
}

/* Prompts and single rows tell what a row costs, and nothing of what it costs to attend to much. */
static void a_reach_that_no_step_has_told_is_a_guess(void **state)
{
    struct pace p = {.reach_rows = 0.01};
    (void)state;
    for (int i = 0; i < 100; i++) {
        double rows = i % 2 == 0 ? 1 : 24;
        pace_note(&p, rows, 12 * rows, 0.001 + 1e-4 * rows);
    }
    struct pace_prices now = pace_read(&p);
    assert_true(now.row_s > 0.8e-4 && fabs(now.reach_s - 0.01 * now.row_s) < 1e-12);
}

/* Steps that are all alike, or larger ones that took less: nothing is negative or beyond reason. */
static void what_cannot_be_told_apart(void **state)
{
    struct pace alike = {0}, odd = {0}, tied = {0};
    (void)state;
    for (int i = 0; i < 100; i++) {
        double rows = 1 + i % 2 * 100;
        pace_note(&alike, 256, 25600, 0.03);
        pace_note(&odd, rows, 50 * rows, i % 2 ? 0.01 : 0.03);
        pace_note(&tied, rows, 50 * rows, 0.01 + 1e-4 * rows);
    }
    struct pace_prices p = pace_read(&alike);
    assert_true(fabs(p.step_s + 256 * p.row_s + 25600 * p.reach_s - 0.03) < 1e-9);
    p = pace_read(&odd);
    assert_true(p.step_s >= 0 && p.row_s >= 0 && p.reach_s >= 0 && fabs(p.step_s - 0.02) < 0.002);
    p = pace_read(&tied);
    assert_true(fabs(p.step_s + 51 * (p.row_s + 50 * p.reach_s) - (0.01 + 1e-4 * 51)) < 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_client_has_its_order, reset),
        cmocka_unit_test_setup(who_comes_to_a_flood_is_next, reset),
        cmocka_unit_test_setup(shares_are_of_tokens, reset),
        cmocka_unit_test_setup(nobody_saves_up, reset),
        cmocka_unit_test_setup(only_what_was_had_counts, reset),
        cmocka_unit_test_setup(priorities_go_first, reset),
        cmocka_unit_test_setup(only_those_before_a_number, reset),
        cmocka_unit_test_setup(newcomers_are_told_apart, reset),
        cmocka_unit_test_setup(kept_seats_are_for_all_alike, reset),
        cmocka_unit_test_setup(kept_seats_are_not_multiplied_by_priorities, reset),
        cmocka_unit_test_setup(what_is_ahead_comes_first, reset),
        cmocka_unit_test(free_seats_cost_nothing),
        cmocka_unit_test(seats_are_taken_in_turn),
        cmocka_unit_test(a_seat_is_free_as_soon_as_any_ends),
        cmocka_unit_test(more_samples_than_seats),
        cmocka_unit_test(rows_cost),
        cmocka_unit_test(what_is_left),
        cmocka_unit_test(a_plane_through_the_steps),
        cmocka_unit_test(contexts_that_grow),
        cmocka_unit_test(sizes_are_remembered_apart),
        cmocka_unit_test(a_reach_that_no_step_has_told_is_a_guess),
        cmocka_unit_test(what_cannot_be_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
