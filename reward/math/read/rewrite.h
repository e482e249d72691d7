/* reward/math/read/rewrite.h - answers said in words and other ways that the parser does not read.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_READ_REWRITE_H
#define REWARD_MATH_READ_REWRITE_H

#include "base/arena.h"
#include "base/span.h"

/* s as the parser reads it: "all real numbers except 3", "1011 in base 2", "1/2 (50 %)", "(a) 5,
 * (b) 6", "5'6"", "8.3 J/(mol K)", "dy/dx = 2x", "y = x^2 (x > 0)" and phrases such as "no
 * solution". s itself when it is none of these, or the arena is full. */
struct span rewrite_answer(struct arena *a, struct span s);

/* A number and a compound unit as that number and one \text{...}; s itself when it is none. */
struct span rewrite_units(struct arena *a, struct span s);

/* 5'6" as 5 ft 6 in; s itself when it is no such length. */
struct span rewrite_feet(struct arena *a, struct span s);

/* "10P3" and "5 nCr 2" as P(10,3) and C(5,2); s itself when it is no such number. */
struct span rewrite_counts(struct arena *a, struct span s);

/* "(1)(3)" as "1, 3": the numbers of statements, where it might be a product as well. {NULL, 0}
 * when s is something else. */
struct span rewrite_statements(struct arena *a, struct span s);

#endif
