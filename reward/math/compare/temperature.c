/* reward/math/compare/temperature.c - see temperature.h.
 *
 * The scales have different zeros, so that no factor converts them as it does other units: all are brought to kelvins.
 * A difference of 10 °C is one of 10 K, but nothing in an answer tells a difference from a temperature.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/compare/temperature.h"

#include <string.h>

#include "reward/math/compare/compare.h"

/* kelvins = (degrees + shift / 100) * num / den */
struct scale {
    const char
        *names[8]; /* as they stand behind a number; the first ones behind its degree sign alone */
    int64_t shift, num, den;
};

enum { BEHIND_SIGN = 1 }; /* so many names of a scale need the sign: "C" is also a coulomb */

static const struct scale scales[] = {
    {{"C", "Celsius", "celsius", "degrees Celsius", "degree Celsius", "degrees C", NULL},
     27315,
     1,
     1},
    {{"F", "Fahrenheit", "fahrenheit", "degrees Fahrenheit", "degree Fahrenheit", "degrees F",
      NULL},
     45967,
     5,
     9},
    {{NULL, "K", "kelvin", "kelvins", "Kelvin", NULL}, 0, 1, 1},
};

static const struct scale *scale_named(struct span name, bool sign)
{
    name = span_trim(name);
    for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
        for (size_t k = 0; k < sizeof(scales[i].names) / sizeof(scales[i].names[0]); k++) {
            const char *n = scales[i].names[k];
            if (n != NULL && span_is(name, n) && (sign || k >= BEHIND_SIGN)) return &scales[i];
        }
    }
    return NULL;
}

/* The scale of e, and its number in *value; NULL when it is no temperature. */
static const struct scale *scale_of(struct arena *a, const struct expr *e,
                                    const struct expr **value)
{
    if (e->kind == E_NEG) {
        const struct scale *s = scale_of(a, e->arg[0], value);
        if (s != NULL) *value = expr_1(a, E_NEG, 0, *value);
        return *value == NULL ? NULL : s;
    }
    bool product = e->kind == E_MUL && e->n == 2;
    if (!product && e->kind != E_UNIT) return NULL;
    const struct expr *name = product ? e->arg[1] : e;
    if (name->kind != E_SYM && name->kind != E_TEXT && name->kind != E_UNIT) return NULL;
    bool sign = e->arg[0]->kind == E_DEGREE;
    *value = sign ? e->arg[0]->arg[0] : e->arg[0];
    return expr_is_constant(*value) ? scale_named(name->text, sign) : NULL;
}

static const struct expr *in_kelvins(struct arena *a, const struct scale *s,
                                     const struct expr *value)
{
    const struct expr *shift = expr_scale(a, s->shift, 1, -2);
    const struct expr *sum = shift == NULL ? NULL : expr_2(a, E_ADD, 0, value, shift);
    const struct expr *factor = expr_scale(a, s->num, s->den, 0);
    return sum == NULL || factor == NULL ? NULL : expr_2(a, E_MUL, 0, factor, sum);
}

enum equality temperature_equal(struct math_work *w, const struct expr *gold,
                                const struct expr *answer)
{
    const struct expr *x, *y;
    const struct scale *g = scale_of(w->arena, gold, &x), *a;
    if (g == NULL || (a = scale_of(w->arena, answer, &y)) == NULL || a == g) return EQ_UNKNOWN;
    if (!w->options->units_convert) return work_no(w, MATH_NOT_EQUAL_UNIT);
    x = in_kelvins(w->arena, g, x);
    y = in_kelvins(w->arena, a, y);
    const struct expr *minus = y == NULL ? NULL : expr_1(w->arena, E_NEG, 0, y);
    const struct expr *apart =
        x == NULL || minus == NULL ? NULL : expr_2(w->arena, E_ADD, 0, x, minus);
    if (apart == NULL) return EQ_UNKNOWN;
    enum equality e = compare_exprs(w, expr_int(w->arena, 0), apart);
    return e == EQ_NO ? work_no(w, MATH_NOT_EQUAL_UNIT) : e;
}
