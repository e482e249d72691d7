/* reward/math/real/magnitude.c - see magnitude.h.
 *
 * Powers and products are taken apart until what is left fits a double. Of a sum the largest term
 * tells, where it outweighs all others together.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/real/magnitude.h"

#include <assert.h>
#include <float.h>
#include <math.h>

#include "reward/math/real/interval_rules.h"

enum { MAX_LEVELS = 6, MAX_TERMS = 16 }; /* each level may evaluate the tree below it once more */

/* ln |v|; the logarithm's own rounding is 8 units at most. */
static bool log_of(struct interval v, struct interval *out)
{
    double least = fabs(v.mid) - v.error, l = log(fabs(v.mid));
    if (!(least > 0)) return false;
    return interval_make(l, v.error / least + (fabs(l) + 1) * 8 * DBL_EPSILON, out);
}

static bool size(const struct expr *e, const struct point *p, int levels, struct interval *out);

static bool is_zero(const struct expr *e, const struct point *p)
{
    struct interval v;
    return interval_of(e, p, &v) && v.mid == 0 && v.error == 0;
}

/* |largest| times 1 +- the share of the other terms. */
static bool sum_size(const struct expr *e, const struct point *p, int levels, struct interval *out)
{
    struct interval term[MAX_TERMS];
    int n = 0, best = 0;
    for (uint32_t i = 0; i < e->n; i++) {
        if (is_zero(e->arg[i], p)) continue;
        if (n == MAX_TERMS || !size(e->arg[i], p, levels, &term[n])) return false;
        if (term[n].mid > term[best].mid) best = n;
        n++;
    }
    double share = 0;
    for (int i = 0; i < n; i++) {
        if (i == best) continue;
        share += exp(term[i].mid + term[i].error - term[best].mid + term[best].error);
    }
    if (n == 0 || !(share < 0.5)) return false;
    return interval_make(term[best].mid, term[best].error - log1p(-share), out);
}

static bool size(const struct expr *e, const struct point *p, int levels, struct interval *out)
{
    struct interval v, a, b;
    if (interval_of(e, p, &v)) return log_of(v, out);
    if (levels-- == 0) return false;
    switch ((enum expr_kind)e->kind) {
    case E_NEG:
    case E_UNIT:
        return size(e->arg[0], p, levels, out);
    case E_POW:
        return size(e->arg[0], p, levels, &a) && interval_of(e->arg[1], p, &b) &&
               interval_multiply(a, b, out);
    case E_MUL:
    case E_DIV:
        if (!size(e->arg[0], p, levels, &a) || !size(e->arg[1], p, levels, &b)) return false;
        return interval_make(e->kind == E_MUL ? a.mid + b.mid : a.mid - b.mid, a.error + b.error,
                             out);
    case E_ADD:
        return sum_size(e, p, levels, out);
    default:
        return false;
    }
}

/* ln |e| at p (NULL: e is constant) of a value that is not 0. False where that cannot be told: e has
 * no value there, may be 0, or its exponents are themselves beyond a double. */
static bool magnitude_of(const struct expr *e, const struct point *p, struct interval *out)
{
    bool ok = size(e, p, MAX_LEVELS, out);
    assert(!ok || out->error >= 0);
    return ok;
}

bool magnitude_apart(const struct expr *x, const struct expr *y, const struct point *p)
{
    struct interval a, b;
    bool has_x = interval_of(x, p, &a), has_y = interval_of(y, p, &b);
    if (has_x && has_y) return interval_apart(a, b);
    bool zero = (has_x && a.mid == 0 && a.error == 0) || (has_y && b.mid == 0 && b.error == 0);
    if (zero) return magnitude_of(has_x ? y : x, p, &a); /* the other one is not 0 */
    return magnitude_of(x, p, &a) && magnitude_of(y, p, &b) && interval_apart(a, b);
}
