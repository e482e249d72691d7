/* tests/unit/test_math_functions.c - each row of the table of functions, its columns held against each
 * other: names are read, arguments counted, parity, inverse and derivative seen in balls, intervals
 * that hold the balls, images and exact numbers that are equal where balls meet and only there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/verdicts.h"

#include <math.h>

#include "reward/math/field/fingerprint.h"
#include "reward/math/read/commands.h"
#include "reward/math/read/parse.h"
#include "reward/math/real/interval.h"
#include "reward/math/tree/functions.h"
#include "reward/math/value/ball.h"
#include "reward/math/value/calculus.h"
#include "reward/math/value/exact.h"

enum { PREC = 300, FINE = 40 /* bits in which a difference quotient agrees */ };

/* Arguments tried in every function: in, on and out of the domains. */
static const char *const arguments[] = {"0",
                                        "1",
                                        "-1",
                                        "\\frac{1}{2}",
                                        "-\\frac{1}{3}",
                                        "2",
                                        "-2",
                                        "\\frac{5}{4}",
                                        "3",
                                        "\\sqrt{2}",
                                        "\\pi",
                                        "\\frac{\\pi}{6}",
                                        "\\frac{1}{\\sqrt{2}}",
                                        "-\\frac{\\pi}{4}",
                                        "0.7",
                                        "-2.6"};
enum { ARGUMENTS = sizeof(arguments) / sizeof(arguments[0]) };

struct table_test {
    struct arena *a;
    struct math_work w;
};

static struct table_test begin(void)
{
    struct table_test t = {.a = arena_new((size_t)32 << 20)};
    t.w = work_begin(t.a, &MATH_DEFAULTS, MATH_FULL);
    return t;
}

static const struct expr *tree_of(struct table_test *t, const char *text)
{
    const char *copy = arena_str(t->a, span_str(text));
    const struct expr *e = parse_answer(t->a, span_str(copy), READ_THOUSANDS, NULL);
    assert_non_null(e);
    return e;
}

/* The function op at x; of two arguments the second is 3, as an order, a base, a number chosen. */
static const struct expr *call(struct table_test *t, int op, const struct expr *x)
{
    if (FUNCTIONS[op].least == 1) return expr_1(t->a, E_FUNC, op, x);
    return expr_2(t->a, E_FUNC, op, x, expr_int(t->a, 3));
}

static const struct expr *negative(struct table_test *t, const struct expr *x)
{
    return expr_1(t->a, E_NEG, 0, x);
}

static bool ball(struct table_test *t, const struct expr *e, acb_t out)
{
    struct ball_options o = {.point = NULL};
    return ball_of(&t->w, e, &o, PREC, out) && acb_is_finite(out);
}

static bool is_real(const acb_t x)
{
    return arb_contains_zero(acb_imagref(x));
}

/* What op is called in a message. */
static const char *name_of(int op)
{
    static char text[24];
    snprintf(text, sizeof(text), "function %d", op);
    return FUNCTIONS[op].names[0] != NULL ? FUNCTIONS[op].names[0] : text;
}

static void complain(int op, const char *what, const char *argument, int *wrong)
{
    print_error("%s at %s: %s\n", name_of(op), argument, what);
    ++*wrong;
}

/* Every name is a command, and a command that is followed by enough arguments is that function. */
static void test_names(void **state)
{
    struct table_test t = begin();
    char text[64];
    (void)state;
    for (int op = F_NONE + 1; op < F_COUNT; op++) {
        const struct function *f = &FUNCTIONS[op];
        assert_in_range(f->least, 1, 2);
        assert_true(f->most >= f->least);
        for (int i = 0; i < FUNCTION_NAMES && f->names[i] != NULL; i++) {
            const struct command *c = command_find(span_str(f->names[i]));
            assert_non_null(c);
            assert_string_equal(c->name, f->names[i]);
            assert_int_equal(c->op, op);
            if (op == F_CIS) continue; /* is read as a sum */
            snprintf(text, sizeof(text), "\\%s(%s)", f->names[i], f->least == 1 ? "x" : "x, y");
            const struct expr *e = tree_of(&t, text);
            assert_int_equal(e->kind, E_FUNC);
            assert_int_equal(e->op, op);
            snprintf(text, sizeof(text), "\\operatorname{%s}(%s)", f->names[i],
                     f->least == 1 ? "x" : "x, y");
            if (!expr_same(e, tree_of(&t, text))) fail_msg("%s", text);
        }
    }
    assert_null(command_find(span_str("no such command")));
    arena_free(t.a);
}

/* A column that needs another has it. */
static void test_columns(void **state)
{
    int wrong = 0;
    (void)state;
    for (int op = F_NONE; op < F_COUNT; op++) {
        const struct function *f = &FUNCTIONS[op], *g = &FUNCTIONS[f->of_inverse];
        bool domain = f->domain.least < f->domain.most;
        if ((f->interval != NULL || f->ball != NULL) && !domain) {
            complain(op, "no domain", "", &wrong);
        }
        if (f->of_inverse != F_NONE && g->ball == NULL) complain(op, "1/x of nothing", "", &wrong);
        if ((f->image == NULL) < (f->of_inverse != F_NONE)) complain(op, "two images", "", &wrong);
        if (f->inverse != F_NONE && FUNCTIONS[f->inverse].inverse != op) {
            complain(op, "not the inverse of its inverse", "", &wrong);
        }
        if (f->derivative != NULL && f->ball == NULL) {
            complain(op, "a slope of nothing", "", &wrong);
        }
    }
    assert_int_equal(wrong, 0);
}

/* 1 inside the domain, -1 outside, 0 at its ends. */
static int place(struct domain d, double x)
{
    if (x == d.least || x == d.most) return 0;
    return (x > d.least && x < d.most) != d.outside ? 1 : -1;
}

/* Real inside the domain, not outside; intervals hold balls. */
static void test_values(void **state)
{
    struct table_test t = begin();
    struct interval v, at;
    acb_t y;
    arb_t held;
    int wrong = 0, seen = 0;
    (void)state;
    acb_init(y);
    arb_init(held);
    for (int op = F_NONE + 1; op < F_COUNT; op++) {
        if (FUNCTIONS[op].domain.least == FUNCTIONS[op].domain.most) continue;
        for (int i = 0; i < ARGUMENTS; i++) {
            const struct expr *x = tree_of(&t, arguments[i]), *e = call(&t, op, x);
            assert_true(interval_of(x, NULL, &at));
            int where = place(FUNCTIONS[op].domain, at.mid);
            bool value = ball(&t, e, y), near = interval_of(e, NULL, &v);
            bool shown =
                FUNCTIONS[op].ball != NULL || FUNCTIONS[FUNCTIONS[op].of_inverse].ball != NULL;
            bool factorial = op == F_FACT; /* goes on to the left, as Gamma */
            if (value && where > 0 && !is_real(y)) complain(op, "not real", arguments[i], &wrong);
            if (value && where < 0 && !factorial && is_real(y)) {
                complain(op, "real", arguments[i], &wrong);
            }
            if (near && where < 0) {
                complain(op, "an interval out of the domain", arguments[i], &wrong);
            }
            if (!near || !shown) continue;
            seen++;
            arb_set_d(held, v.mid);
            mag_t error;
            mag_init(error);
            mag_set_d(error, v.error);
            arb_add_error_mag(held, error);
            mag_clear(error);
            if (!value || !arb_contains(held, acb_realref(y))) {
                complain(op, "an interval without the value", arguments[i], &wrong);
            }
        }
    }
    arb_clear(held);
    acb_clear(y);
    arena_free(t.a);
    assert_true(seen > 250);
    assert_int_equal(wrong, 0);
}

static bool meets(struct table_test *t, const struct expr *e, const struct expr *f, bool *both)
{
    acb_t x, y;
    acb_init(x);
    acb_init(y);
    *both = ball(t, e, x) && ball(t, f, y);
    bool overlap = *both && acb_overlaps(x, y);
    acb_clear(y);
    acb_clear(x);
    return overlap;
}

static void test_parity_and_inverse(void **state)
{
    struct table_test t = begin();
    int wrong = 0, seen = 0;
    bool both;
    (void)state;
    for (int op = F_NONE + 1; op < F_COUNT; op++) {
        for (int i = 0; i < ARGUMENTS; i++) {
            const struct expr *x = tree_of(&t, arguments[i]);
            const struct expr *mirrored = call(&t, op, negative(&t, x)), *e = call(&t, op, x);
            const struct expr *want = FUNCTIONS[op].parity == PARITY_ODD ? negative(&t, e) : e;
            if (FUNCTIONS[op].parity != PARITY_NONE) {
                bool met = meets(&t, mirrored, want, &both);
                if (both && !met) complain(op, "parity", arguments[i], &wrong);
                seen += both;
            }
            if (FUNCTIONS[op].inverse == F_NONE) continue;
            /* f(f^-1(f(x))) = f(x), whichever x it was */
            bool met = meets(&t, call(&t, op, call(&t, FUNCTIONS[op].inverse, e)), e, &both);
            if (both && !met) complain(op, "inverse", arguments[i], &wrong);
            seen += both;
        }
    }
    arena_free(t.a);
    assert_true(seen > 500);
    assert_int_equal(wrong, 0);
}

/* (f(x + h) - f(x - h)) / 2h, h = 2^-60, against the row's derivative at x. */
static void check_slope(struct table_test *t, int op, const char *argument, int *seen, int *wrong)
{
    struct span name = span_str("v");
    const struct expr *v = expr_sym(t->a, name), *x = tree_of(t, argument);
    const struct expr *slope = calculus_derivative(t->a, call(t, op, v), name);
    const struct expr *h = expr_2(t->a, E_POW, 0, expr_int(t->a, 2), expr_int(t->a, -60));
    const struct expr *after = call(t, op, expr_2(t->a, E_ADD, 0, x, h));
    const struct expr *before = call(t, op, expr_2(t->a, E_ADD, 0, x, negative(t, h)));
    acb_t y, z, w;
    if (slope == NULL) return;
    acb_init(y);
    acb_init(z);
    acb_init(w);
    bool ok = ball(t, expr_substitute(t->a, slope, name, x), w) && ball(t, after, y) &&
              ball(t, before, z) && is_real(y) && is_real(z);
    acb_sub(y, y, z, PREC);
    acb_mul_2exp_si(y, y, 59);
    acb_sub(y, y, w, PREC);
    mag_t gap;
    mag_init(gap);
    acb_get_mag(gap, y);
    bool step = fabs(arf_get_d(arb_midref(acb_realref(z)), ARF_RND_NEAR)) > 1e15; /* a pole */
    if (ok && !step && mag_cmp_2exp_si(gap, -FINE) > 0) complain(op, "derivative", argument, wrong);
    *seen += ok;
    mag_clear(gap);
    acb_clear(w);
    acb_clear(z);
    acb_clear(y);
}

static void test_derivatives(void **state)
{
    struct table_test t = begin();
    int wrong = 0, functions = 0;
    (void)state;
    for (int op = F_NONE + 1; op < F_COUNT; op++) {
        int seen = 0;
        for (int i = 0; i < ARGUMENTS; i++) {
            check_slope(&t, op, arguments[i], &seen, &wrong);
        }
        const struct function *f = &FUNCTIONS[op];
        bool known = f->derivative != NULL || FUNCTIONS[f->of_inverse].derivative != NULL;
        if (known && seen == 0) complain(op, "a derivative that was never seen", "", &wrong);
        functions += seen > 0;
    }
    arena_free(t.a);
    assert_true(functions >= 30);
    assert_int_equal(wrong, 0);
}

/* One function at one argument, seen by every evaluator. */
struct seen {
    const struct expr *e;
    const char *argument;
    int op;
    acb_t value;
    struct fingerprint image;
};

static void compare_two(struct table_test *t, const struct seen *x, const struct seen *y,
                        int *equal, int *apart, int *wrong)
{
    bool overlap = acb_overlaps(x->value, y->value),
         same = field_eq(x->image.image, y->image.image);
    *equal += same;
    if (same && !overlap) complain(x->op, "an image of two values", y->argument, wrong);
    if (!same && x->image.exact && y->image.exact) {
        ++*apart;
        if (overlap) complain(x->op, "two images of one value", y->argument, wrong);
    }
    bool exact = FUNCTIONS[x->op].exact != NULL && FUNCTIONS[y->op].exact != NULL;
    if (!exact || (!overlap && (x->op + y->op) % 7 != 0)) return;
    t->w = work_begin(t->a, &MATH_DEFAULTS, MATH_FULL);
    enum equality q = exact_equal(&t->w, x->e, y->e, false);
    if (q == EQ_YES && !overlap) complain(x->op, "exactly equal, and apart", y->argument, wrong);
    if (q == EQ_NO && overlap) complain(x->op, "exactly different, and one", y->argument, wrong);
}

static void test_images_and_exact_numbers(void **state)
{
    static struct seen seen[F_COUNT * ARGUMENTS];
    struct table_test t = begin();
    struct fingerprint_options o = {.seed = 77, .steps = 100000};
    int n = 0, equal = 0, apart = 0, wrong = 0;
    (void)state;
    for (int op = F_NONE + 1; op < F_COUNT; op++) {
        for (int i = 0; i < ARGUMENTS; i++) {
            struct seen *s = &seen[n];
            *s = (struct seen){
                .e = call(&t, op, tree_of(&t, arguments[i])), .argument = arguments[i], .op = op};
            if (!fingerprint_of(s->e, &o, &s->image)) continue;
            acb_init(s->value);
            n += ball(&t, s->e, s->value);
        }
    }
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < i; k++) {
            compare_two(&t, &seen[i], &seen[k], &equal, &apart, &wrong);
        }
    }
    for (int i = 0; i < n; i++) {
        acb_clear(seen[i].value);
    }
    arena_free(t.a);
    assert_true(n > 400 && equal > 300 && apart > 1000);
    assert_int_equal(wrong, 0);
}

/* What no column says is not known: never a verdict. */
static void test_unknown(void **state)
{
    struct table_test t = begin();
    struct interval v;
    acb_t y;
    int blank = 0;
    (void)state;
    acb_init(y);
    for (int op = F_NONE + 1; op < F_COUNT; op++) {
        const struct function *f = &FUNCTIONS[op], *g = &FUNCTIONS[f->of_inverse];
        const struct expr *e = call(&t, op, tree_of(&t, "2"));
        blank += f->ball == NULL && g->ball == NULL;
        if (f->ball == NULL && g->ball == NULL) assert_false(ball(&t, e, y));
        if (f->interval == NULL && g->interval == NULL) assert_false(interval_of(e, NULL, &v));
        if (f->exact == NULL && g->exact == NULL) {
            assert_int_equal(exact_equal(&t.w, e, expr_int(t.a, 5), false), EQ_UNKNOWN);
        }
    }
    acb_clear(y);
    arena_free(t.a);
    assert_true(blank > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),       cmocka_unit_test(test_columns),
        cmocka_unit_test(test_values),      cmocka_unit_test(test_parity_and_inverse),
        cmocka_unit_test(test_derivatives), cmocka_unit_test(test_images_and_exact_numbers),
        cmocka_unit_test(test_unknown),
    };
    return cmocka_run_group_tests_name("math_functions", tests, NULL, NULL);
}
