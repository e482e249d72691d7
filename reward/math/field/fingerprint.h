/* reward/math/field/fingerprint.h - the image of an expression in a finite field.
 *
 * A fingerprint replaces symbolic simplification. Every expression is evaluated in GF(P^2)
 * (field.h), where rationals, square and odd roots of rationals, i, and sines and cosines of
 * rational multiples of pi have exact images, variables and transcendental numbers stand for
 * points nobody can choose, and every other function is an atom: an image that depends on the
 * function and its arguments' images. Atoms respect the identities that the rules below build in
 * (exp and powers of sums, products and quotients, logarithms of products, all of trigonometry's
 * addition formulas, binomials, sums of polynomials).
 *
 *   Equal images: the expressions are equal (wrong with probability about degree / 2^61 a point).
 *   Different images of exact expressions: the expressions differ, and that is a proof.
 *   Different images otherwise: nothing is known.
 *
 * It takes a microsecond, allocates nothing, and is as good for 1/2004! as for 1/2.
 * Roots of variables are taken as of positive numbers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIELD_FINGERPRINT_H
#define REWARD_MATH_FIELD_FINGERPRINT_H

#include "reward/math/field/rational.h"

struct fingerprint {
    struct field image;
    bool exact; /* a different exact image proves a different value */
};

struct fingerprint_options {
    uint64_t seed;   /* chooses the point */
    int64_t steps;   /* work allowed, about 10 ns each */
    bool common_log; /* \log without a base is of base 10, not e */
};

/* False when e has no image here: no scalar, a division by 0, or too much work. */
bool fingerprint_of(const struct expr *e, const struct fingerprint_options *o,
                    struct fingerprint *out);

/* e is 0 everywhere, for sure but for a chance below 2^-80. False for NULL. */
bool fingerprint_zero(const struct expr *e);

/* e mod m where e is a whole number built by + - * ^ ! from whole numbers, however large: towers of
 * powers are taken by Euler's theorem. 0 < m < 2^62. *steps is work allowed. */
bool fingerprint_residue(const struct expr *e, uint64_t m, const struct binding *b, int64_t *steps,
                         uint64_t *out);

#endif
