/* reward/math/field/rational.h - small exact fractions, and where variables get their values.
 *
 *   (1) d > 0, and n and d have no common factor: equal fractions are equal members.
 *   (2) d < FIELD_P, so every fraction has an image (field.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIELD_RATIONAL_H
#define REWARD_MATH_FIELD_RATIONAL_H

#include "reward/math/tree/expr.h"
#include "reward/math/field/field.h"

struct rational {
    int64_t n, d; /* lowest terms, d > 0 */
};

/* Bound names (the index of a sum) with their values, innermost first. */
struct binding {
    const struct binding *outer;
    struct span name;
    int64_t n;          /* the value */
    struct field image; /* the same in the field (fingerprint.h) */
};

/* The innermost binding of that name, NULL when it is free. */
const struct binding *binding_find(const struct binding *b, struct span name);

/* n / d in lowest terms. This and the next four return false on overflow and division by 0, *out
 * untouched. */
bool rational_make(int64_t n, int64_t d, struct rational *out);

/* a + b */
bool rational_add(struct rational a, struct rational b, struct rational *out);

/* a b */
bool rational_mul(struct rational a, struct rational b, struct rational *out);

/* a / b */
bool rational_div(struct rational a, struct rational b, struct rational *out);

/* a^n, n of either sign. */
bool rational_pow(struct rational a, int64_t n, struct rational *out);

/* The largest whole number that is not above a. */
int64_t rational_floor(struct rational a);

/* The value of e where it is a rational built from numbers and + - * / ^ that fits in 64 bits. */
bool rational_of(const struct expr *e, const struct binding *b, struct rational *out);

/* The greatest common divisor, not negative; 0 of 0 and 0. */
int64_t rational_gcd(int64_t a, int64_t b);

#endif
