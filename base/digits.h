/* base/digits.h - the exact value of a number as JSON writes it.
 *
 * A double keeps 53 bits. Ids, seeds, gold answers and test results have more, so whoever compares
 * numbers of clients, or needs a whole one, asks the digits that came.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_DIGITS_H
#define BASE_DIGITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/span.h"

/* 0.d1d2d3... * 10^exponent, d1 and the last digit not 0; zero has no digits. */
struct digits {
    struct span text; /* from d1 to the last digit; a point may stand within. Borrowed */
    int64_t exponent;
    bool negative; /* false for zero: -0 is 0 */
};

/* Read a number in JSON's grammar (also with the leading zeros, bare point or + that Python and
 * printf write). False when text is none: then *out is untouched. */
bool digits_read(struct span text, struct digits *out);

/* -1, 0 or 1 as a is below, equal to or above b: exactly. */
int digits_compare(const struct digits *a, const struct digits *b);

/* The number has no fraction: 3, 3.0, 30e-1. */
bool digits_is_whole(const struct digits *d);

/* The whole number d as an int64_t. False when d has a fraction or is beyond its range. */
bool digits_int64(const struct digits *d, int64_t *out);

/* a is a whole multiple of b, both whole, b of at most 18 digits without its zeros at the end and
 * not 0: exactly. */
bool digits_is_multiple(const struct digits *a, const struct digits *b);

/* Append d as a plain decimal, without exponent and without a fraction's zeros at the end: "-1200",
 * "0.05". False, and nothing appended, when that takes more than most bytes. */
bool digits_print(const struct digits *d, size_t most, struct buffer *out);

#endif
