/* reward/math/real/decimal.h - literals as decimals.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_REAL_DECIMAL_H
#define REWARD_MATH_REAL_DECIMAL_H

#include "reward/math/tree/expr.h"

struct decimal {
    bool negative, open; /* open: dots follow */
    struct span digits;  /* as in struct num */
    int64_t exp10;
    int64_t places;      /* as written; 0 for an integer */
    int64_t percent;     /* places that a percent sign added */
    int64_t significant; /* digits written, without leading zeros */
};

/* e is one decimal literal, perhaps with a sign, a percent sign, a unit or times a power of ten. */
bool decimal_of(const struct expr *e, struct decimal *out);

/* The double nearest to it, or false past double's range. */
bool decimal_double(const struct decimal *d, double *out);

/* digits and points of a plain number, thousands separators allowed, without the parser:
 * the fast path. */
bool decimal_plain(struct span text, struct decimal *out);

/* The same number, however many zeros were written after it. */
bool decimal_same(const struct decimal *a, const struct decimal *b);

#endif
