/* reward/math/find/named.h - several values in one statement, each by a name of its own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_NAMED_H
#define REWARD_MATH_FIND_NAMED_H

#include "base/arena.h"
#include "base/span.h"

enum { NAMED_MOST = 6 };

struct named {
    struct span name;  /* words, folded (words.h): "radius of circle" */
    struct span value; /* mathematics */
};

struct named_list {
    int n; /* 0: s does not name several values */
    struct named all[NAMED_MOST];
};

/* What s says of several things, "center $(2,-3)$, radius $5$", in Chinese too: two or more parts,
 * each of them one value and words that are no value. */
struct named_list named_values(struct arena *a, struct span s);

/* The values of the list as one tuple, "((2,-3), 5)"; {NULL, 0} without memory. */
struct span named_tuple(struct arena *a, const struct named_list *l);

/* The one value of l that bears this name: all words of the shorter name are in the other. NULL: none, or
 * several. */
const struct named *named_find(const struct named_list *l, struct span name);

#endif
