/* reward/math/quantity.c - values with units, percent and degree signs.
 *
 * A unit, a percent sign or a degree sign on one side only may be left out; on both sides they
 * are converted or must agree. What is left are two scalars (scalar.c), a family's or an
 * antiderivative's values among them (family.c).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buffer.h"
#include "reward/math/family.h"
#include "reward/math/units.h"
#include "reward/math/work.h"

static const struct expr *bare(const struct expr *e)
{
    while (e->kind == E_UNIT || e->kind == E_DEGREE || e->kind == E_PERCENT)
        e = e->arg[0];
    return e;
}

static enum equality both_units(struct math_work *w, const struct expr *g, const struct expr *a)
{
    int64_t num, den;
    if (unit_same(g->text, a->text)) return compare_exprs(w, g->arg[0], a->arg[0]);
    if (!w->options->units_convert || !unit_convert(a->text, g->text, &num, &den))
        return work_no(w, MATH_NOT_EQUAL_UNIT);
    const struct expr *factor =
        expr_2(w->arena, E_DIV, 0, expr_int(w->arena, num), expr_int(w->arena, den));
    const struct expr *converted = expr_2(w->arena, E_MUL, 0, factor, a->arg[0]);
    return converted == NULL ? EQ_UNKNOWN : compare_exprs(w, g->arg[0], converted);
}

/* At least 1: 0.5 % is not also read as 0.5. */
static bool counts_percent(const struct expr *e)
{
    struct interval v;
    return expr_is_constant(e) && interval_of(e, NULL, &v) && (v.mid >= 1 || v.mid <= -1);
}

/* A single letter that is a unit where the other side has no letters: 10m. */
static bool is_unit_letter(const struct expr *e)
{
    const struct expr *u = e->kind == E_POW ? e->arg[0] : e;
    return u->kind == E_SYM && u->text.n == 1 && strchr("mgshLlJNWVAKCF", u->text.p[0]) != NULL;
}

/* 3 s^2 is a polynomial, 3 m^2 an area. */
static const struct expr *without_letter_unit(const struct expr *e)
{
    if (e->kind != E_MUL) return NULL;
    const struct expr *u = e->arg[1];
    if (u->kind == E_POW && !(u->arg[0]->kind == E_SYM && span_is(u->arg[0]->text, "m")))
        return NULL;
    return is_unit_letter(u) && expr_is_constant(e->arg[0]) ? e->arg[0] : NULL;
}

/* The letters that multiply or divide the number in e as a unit's text, and the number; NULL when
 * something else is there. */
static const struct expr *letters_as_unit(const struct expr *e, struct buffer *text)
{
    int64_t power = 1;
    if (expr_is_constant(e)) return e;
    if (e->kind == E_DIV && is_unit_letter(e->arg[0])) return NULL;
    if ((e->kind != E_MUL && e->kind != E_DIV) || !is_unit_letter(e->arg[1])) return NULL;
    const struct expr *rest = letters_as_unit(e->arg[0], text), *u = e->arg[1];
    if (rest == NULL || (u->kind == E_POW && !expr_small_int(u->arg[1], &power))) return NULL;
    if (e->kind == E_DIV) power = -power;
    buffer_addf(text, " %c%d", u->kind == E_POW ? u->arg[0]->text.p[0] : u->text.p[0], (int)power);
    return rest;
}

/* 5 m, 9.8 m/s^2: as a quantity, where the other side is one. e itself when it is none. */
static const struct expr *as_quantity(struct math_work *w, const struct expr *e)
{
    struct buffer text;
    if (e->kind == E_UNIT || expr_is_constant(e)) return e;
    buffer_init(&text, 256);
    const struct expr *number = letters_as_unit(e, &text);
    if (number != NULL && number->kind == E_DEGREE) { /* 25^\circ C */
        bool warm = text.n > 1 && text.p[1] == 'C';
        text.n = 0;
        buffer_add_str(&text, warm ? "Celsius" : "Fahrenheit");
    }
    struct expr *q = number == NULL ? NULL : expr_new(w->arena, E_UNIT, 0, 1);
    char *copy = q == NULL || text.failed ? NULL : arena_str(w->arena, buffer_span(&text));
    if (copy != NULL) {
        q->arg[0] = number;
        q->text = span_of(copy, text.n);
    }
    buffer_clear(&text);
    return copy == NULL ? e : q;
}

/* A quantity's unit against a percent sign or an angle: different things, unless the unit is that. */
static bool units_clash(const struct expr *quantity, const struct expr *other)
{
    if (quantity->kind != E_UNIT || (other->kind != E_PERCENT && other->kind != E_DEGREE))
        return false;
    const struct unit *u = unit_find(quantity->text);
    return u == NULL || u->dimension != UNIT_ANGLE;
}

enum equality quantity_equal(struct math_work *w, const struct expr *g, const struct expr *a)
{
    if (g->kind == E_UNIT || a->kind == E_UNIT) {
        g = as_quantity(w, g);
        a = as_quantity(w, a);
    }
    if (g->kind == E_UNIT && a->kind == E_UNIT) return both_units(w, g, a);
    if (units_clash(g, a) || units_clash(a, g)) return work_no(w, MATH_NOT_EQUAL_UNIT);
    const struct expr *x = g->kind == E_UNIT ? g->arg[0] : g,
                      *y = a->kind == E_UNIT ? a->arg[0] : a;
    if ((x != g || y != a) && !(expr_is_scalar(x) && expr_is_scalar(y)))
        return compare_exprs(w, x, y);
    enum equality e = scalar_equal(w, x, y);
    if (e == EQ_NO && !expr_is_constant(x) && !expr_is_constant(y)) {
        if (family_same_progression(w, x, y) == EQ_YES) return EQ_YES;
        if (family_same_antiderivative(w, x, y) == EQ_YES) return EQ_YES;
        w->cause = MATH_NOT_EQUAL;
    }
    if (e == EQ_YES || w->options->strict) return e;
    bool one_percent = (x->kind == E_PERCENT) != (y->kind == E_PERCENT);
    bool one_degree = (x->kind == E_DEGREE) != (y->kind == E_DEGREE);
    if (one_percent && one_degree) return e;
    if (one_percent && w->options->percent_lenient &&
        counts_percent(x->kind == E_PERCENT ? x->arg[0] : y->arg[0]))
        return scalar_equal(w, bare(x), bare(y));
    if (one_degree) return scalar_equal(w, bare(x), bare(y));
    const struct expr *short_x = without_letter_unit(x), *short_y = without_letter_unit(y);
    if (short_y != NULL && expr_is_constant(x)) return scalar_equal(w, bare(x), bare(short_y));
    if (short_x != NULL && expr_is_constant(y)) return scalar_equal(w, bare(short_x), bare(y));
    return e;
}
