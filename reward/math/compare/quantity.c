/* reward/math/compare/quantity.c - values with units, percent and degree signs.
 *
 * A unit, a percent sign or a degree sign on one side only may be left out; on both sides they
 * are converted or must agree. What is left are two scalars (scalar.c), a family's or an
 * antiderivative's values among them (family.c).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/compare/quantity.h"

#include "base/buffer.h"
#include "reward/math/compare/compare.h"
#include "reward/math/compare/family.h"
#include "reward/math/compare/scalar.h"
#include "reward/math/compare/temperature.h"
#include "reward/math/read/units.h"
#include "reward/math/real/decimal.h"
#include "reward/math/real/interval.h"
#include "reward/math/tree/functions.h"
#include "reward/math/compare/progression.h"

static const struct expr *bare(const struct expr *e)
{
    while (e->kind == E_UNIT || e->kind == E_DEGREE || e->kind == E_PERCENT) {
        e = e->arg[0];
    }
    return e;
}

/* The unit in "mL of water", where the reference names no more than a unit. */
static struct span without_of(struct span unit, struct span wanted)
{
    size_t of = span_find(unit, span_str(" of "), 0);
    bool plain = span_find(wanted, span_str(" of "), 0) == SPAN_NONE;
    return of == SPAN_NONE || !plain ? unit : span_slice(unit, 0, of);
}

static enum equality both_units(struct math_work *w, const struct expr *g, const struct expr *a)
{
    struct unit_factor f;
    if (unit_same(g->text, without_of(a->text, g->text))) {
        return compare_exprs(w, g->arg[0], a->arg[0]);
    }
    if (!w->options->units_convert || !unit_convert(a->text, g->text, &f)) {
        return work_no(w, MATH_NOT_EQUAL_UNIT);
    }
    const struct expr *factor = expr_scale(w->arena, f.num, f.den, f.exp10),
                      *converted = expr_2(w->arena, E_MUL, 0, factor, a->arg[0]);
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
    return u->kind == E_SYM && u->text.n == 1 && strchr("mgshLlJNWVAKCFTHM", u->text.p[0]) != NULL;
}

/* The number of e, a number and a letter that is a unit: 3 m, 3 m^2, 2.5m, and -2.5 m. 3m is three
 * times m, and 3 s^2 a polynomial. NULL when it is none. */
static const struct expr *without_letter_unit(struct math_work *w, const struct expr *e)
{
    struct decimal d;
    if (e->kind == E_NEG) {
        const struct expr *positive = without_letter_unit(w, e->arg[0]);
        return positive == NULL ? NULL : expr_1(w->arena, E_NEG, 0, bare(positive));
    }
    if (e->kind != E_MUL || !expr_is_constant(e->arg[0])) return NULL;
    bool measured =
        e->spaced || e->arg[0]->kind == E_DEGREE || (decimal_of(e->arg[0], &d) && d.places > 0);
    const struct expr *u = e->arg[1];
    bool polynomial =
        u->kind == E_POW && !(u->arg[0]->kind == E_SYM && span_is(u->arg[0]->text, "m"));
    return measured && !polynomial && is_unit_letter(u) ? e->arg[0] : NULL;
}

/* e without its degree signs, where they stand at the terms of a sum; NULL where one is elsewhere. */
static const struct expr *without_degrees(struct arena *a, const struct expr *e)
{
    if (!expr_has(e, E_DEGREE, -1)) return e;
    if (e->kind == E_DEGREE) return e->arg[0];
    bool linear = e->kind == E_ADD || e->kind == E_NEG ||
                  (e->kind == E_DIV && !expr_has(e->arg[1], E_DEGREE, -1)) ||
                  (e->kind == E_MUL && !is_unit_letter(e->arg[1]) &&
                   !(expr_has(e->arg[0], E_DEGREE, -1) && expr_has(e->arg[1], E_DEGREE, -1)));
    struct expr *copy = linear ? expr_copy(a, e) : NULL;
    for (uint32_t i = 0; copy != NULL && i < e->n; i++) {
        if ((copy->arg[i] = without_degrees(a, e->arg[i])) == NULL) return NULL;
    }
    return copy;
}

/* 180^\circ - 2x beside 180 - 2x: EQ_UNKNOWN when the signs stand on both sides, or inside. */
static enum equality angles(struct math_work *w, const struct expr *g, const struct expr *a)
{
    if (expr_has(g, E_DEGREE, -1) == expr_has(a, E_DEGREE, -1)) return EQ_UNKNOWN;
    const struct expr *x = without_degrees(w->arena, g), *y = without_degrees(w->arena, a);
    return x == NULL || y == NULL ? EQ_UNKNOWN : scalar_equal(w, x, y);
}

/* 17-20: pages, years, lines from one to the other. */
static bool range_of(const struct expr *e, int64_t *from, int64_t *to)
{
    bool dash = e->kind == E_ADD && e->n == 2 && e->arg[1]->kind == E_NEG;
    bool ratio = e->kind == E_RATIO && e->n == 2;
    if (!(dash || ratio) || e->grouped || e->arg[0]->kind != E_NUM) return false;
    const struct expr *last = e->arg[1];
    for (int dashes = 0; dashes < 2 && last->kind == E_NEG; dashes++) { /* also 17--20 */
        last = last->arg[0];
    }
    if (last->kind == E_UNIT) last = last->arg[0];
    return last->kind == E_NUM && expr_small_int(e->arg[0], from) && expr_small_int(last, to) &&
           *from < *to;
}

/* a mod m and b mod n. */
static bool other_modulus(const struct expr *g, const struct expr *a)
{
    return g->kind == E_FUNC && a->kind == E_FUNC && g->op == F_MOD && a->op == F_MOD &&
           g->n == 2 && a->n == 2 && !expr_same(g->arg[1], a->arg[1]) &&
           expr_is_constant(g->arg[1]) && expr_is_constant(a->arg[1]);
}

/* e is made of units alone, m or \frac{\text{kg}}{m^3}: its text to the given power. */
static bool unit_text(const struct expr *e, int64_t power, struct buffer *text)
{
    int64_t n;
    struct unit_factor same;
    switch ((enum expr_kind)e->kind) {
    case E_SYM:
    case E_TEXT:
        if (e->kind == E_SYM ? !is_unit_letter(e) : !unit_convert(e->text, e->text, &same)) {
            return false;
        }
        if (e->kind == E_TEXT && e->text.p[e->text.n - 1] <= '9') { /* "cm3" */
            buffer_addf(text, "%s%.*s", power < 0 ? "/" : " ", (int)e->text.n, e->text.p);
            return power == 1 || power == -1;
        }
        buffer_addf(text, " %.*s%d", (int)e->text.n, e->text.p, (int)power);
        return true;
    case E_POW:
        return expr_small_int(e->arg[1], &n) && n > -9 && n < 9 &&
               unit_text(e->arg[0], power * n, text);
    case E_DIV:
        return unit_text(e->arg[0], power, text) && unit_text(e->arg[1], -power, text);
    case E_MUL:
        for (uint32_t i = 0; i < e->n; i++) {
            if (!unit_text(e->arg[i], power, text)) return false;
        }
        return true;
    default:
        return false;
    }
}

/* The number in e and the units that multiply or divide it, as a unit's text; NULL when something
 * else is there. */
static const struct expr *letters_as_unit(struct arena *a, const struct expr *e,
                                          struct buffer *text)
{
    if (expr_is_constant(e)) return e;
    if ((e->kind != E_MUL && e->kind != E_DIV) || e->n < 2) return NULL;
    const struct expr *last = e->arg[e->n - 1], *first = e->arg[0];
    if (e->n > 2) { /* 25 \sqrt{3} m */
        struct expr *others = expr_new(a, E_MUL, 0, e->n - 1);
        for (uint32_t i = 0; others != NULL && i + 1 < e->n; i++) {
            others->arg[i] = e->arg[i];
        }
        if (others == NULL) return NULL;
        first = others;
    }
    const struct expr *rest = letters_as_unit(a, first, text);
    return rest != NULL && unit_text(last, e->kind == E_DIV ? -1 : 1, text) ? rest : NULL;
}

/* 5 m, 9.8 m/s^2: as a quantity, where the other side is one. e itself when it is none. */
static const struct expr *as_quantity(struct math_work *w, const struct expr *e)
{
    struct buffer text;
    if (e->kind == E_UNIT || expr_is_constant(e)) return e;
    buffer_init(&text, 256);
    const struct expr *number = letters_as_unit(w->arena, e, &text);
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
    if (quantity->kind != E_UNIT) return false;
    if (span_starts(quantity->text, span_str("is "))) return true; /* n is odd */
    if (other->kind != E_PERCENT && other->kind != E_DEGREE) return false;
    return !unit_is_angle(quantity->text);
}

/* A reference 11111000 beside 11111000_2: so many digits without any but 0 and 1 are binary there. */
static bool is_same_binary(const struct expr *g, const struct expr *a)
{
    if (g->kind != E_NUM || a->kind != E_BASE || a->num.exp10 != 2 || a->text.n < 6) return false;
    struct span ones = g->num.digits;
    return g->num.exp10 >= 0 && ones.n + (size_t)g->num.exp10 == a->text.n &&
           span_starts(a->text, ones);
}

/* Ranges by their ends, residues by their moduli: what the values alone do not tell. EQ_UNKNOWN
 * when the two are neither. */
static enum equality as_written(struct math_work *w, const struct expr *g, const struct expr *a)
{
    if (other_modulus(g, a)) return work_no(w, MATH_NOT_EQUAL);
    return is_same_binary(g, a) ? work_yes(w, MATH_EQUAL_VALUE) : quantity_ranges(w, g, a);
}

enum equality quantity_ranges(struct math_work *w, const struct expr *g, const struct expr *a)
{
    int64_t from, to, first, last;
    if (g->kind == E_UNIT && a->kind == E_UNIT && unit_same(g->text, a->text)) {
        g = g->arg[0];
        a = a->arg[0];
    }
    if (!range_of(g, &from, &to) || !range_of(a, &first, &last)) return EQ_UNKNOWN;
    bool same = from == first && to == last;
    return same ? work_yes(w, MATH_EQUAL_VALUE) : work_no(w, MATH_NOT_EQUAL);
}

/* Two scalars, or the values that a parameter or a constant of theirs gives them. */
static enum equality values(struct math_work *w, const struct expr *x, const struct expr *y)
{
    enum equality e = scalar_equal(w, x, y);
    if (e != EQ_NO || expr_is_constant(x) || expr_is_constant(y)) return e;
    struct span n = progression_whole_letter(x);
    if (n.n == 0) n = progression_whole_letter(y);
    if (n.n > 0) {
        x = progression_alternating(w, x, n);
        y = progression_alternating(w, y, n);
        if (x == NULL || y == NULL) return EQ_UNKNOWN;
        if (scalar_equal(w, x, y) == EQ_YES) return EQ_YES;
    }
    if (progression_same(w, x, y) == EQ_YES) return EQ_YES;
    if (family_same_antiderivative(w, x, y) == EQ_YES) return EQ_YES;
    return work_no(w, MATH_NOT_EQUAL);
}

/* A sign of percent or of degrees on one side only, which may be left out. EQ_UNKNOWN when there is
 * none. */
static enum equality without_sign(struct math_work *w, const struct expr *x, const struct expr *y)
{
    bool percent = (x->kind == E_PERCENT) != (y->kind == E_PERCENT);
    bool degree = (x->kind == E_DEGREE) != (y->kind == E_DEGREE);
    if (percent && degree) return work_no(w, MATH_NOT_EQUAL);
    if (degree && (x->radians || y->radians)) return work_no(w, MATH_NOT_EQUAL_UNIT);
    bool counts = percent && w->options->percent_lenient &&
                  counts_percent(x->kind == E_PERCENT ? x->arg[0] : y->arg[0]);
    if (counts || degree) return scalar_equal(w, bare(x), bare(y));
    return percent ? EQ_UNKNOWN : angles(w, x, y);
}

/* A letter on one side only that is a unit, which may be left out. EQ_UNKNOWN when there is none. */
static enum equality without_letters(struct math_work *w, const struct expr *x,
                                     const struct expr *y)
{
    const struct expr *number = without_letter_unit(w, y);
    if (number != NULL && expr_is_constant(x)) return scalar_equal(w, bare(x), bare(number));
    number = without_letter_unit(w, x);
    if (number != NULL && expr_is_constant(y)) return scalar_equal(w, bare(number), bare(y));
    return EQ_UNKNOWN;
}

/* "29.22 g of NaCl": what there is so much of, behind a unit, is not a part of it. e itself elsewhere. */
static const struct expr *without_substance(const struct expr *e)
{
    struct unit_factor same;
    bool thing = e->kind == E_UNIT && !unit_convert(e->text, e->text, &same);
    return thing && !expr_is_constant(e->arg[0]) ? e->arg[0] : e;
}

enum equality quantity_equal(struct math_work *w, const struct expr *g, const struct expr *a)
{
    enum equality e = as_written(w, g, a);
    if (e == EQ_UNKNOWN) e = temperature_equal(w, g, a);
    if (e != EQ_UNKNOWN) return e;
    if (without_substance(g) == g) a = without_substance(a);
    if (g->kind == E_UNIT || a->kind == E_UNIT || expr_has(g, E_TEXT, -1) ||
        expr_has(a, E_TEXT, -1)) {
        g = as_quantity(w, g);
        a = as_quantity(w, a);
    }
    if (g->kind == E_UNIT && a->kind == E_UNIT) return both_units(w, g, a);
    if (expr_is_constant(g) && a->kind != E_UNIT && expr_has(a, E_TEXT, -1)) {
        return work_no(w, MATH_NOT_EQUAL_KIND); /* "ill-posed" is no number */
    }
    if (units_clash(g, a) || units_clash(a, g)) return work_no(w, MATH_NOT_EQUAL_UNIT);
    const struct expr *x = g->kind == E_UNIT ? g->arg[0] : g,
                      *y = a->kind == E_UNIT ? a->arg[0] : a;
    if ((x != g || y != a) && !(expr_is_scalar(x) && expr_is_scalar(y))) {
        return compare_exprs(w, x, y);
    }
    e = values(w, x, y);
    if (e == EQ_YES || w->options->strict) return e;
    enum math_cause cause = w->cause;
    enum equality lenient = without_sign(w, x, y);
    if (lenient == EQ_UNKNOWN) lenient = without_letters(w, x, y);
    if (lenient != EQ_UNKNOWN) return lenient;
    g = as_quantity(w, g);
    a = as_quantity(w, a);
    if (g->kind == E_UNIT && a->kind == E_UNIT && both_units(w, g, a) == EQ_YES) {
        return EQ_YES; /* 43.3 m and 25 \sqrt{3} m, rounded */
    }
    w->cause = cause;
    return e;
}
