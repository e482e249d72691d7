/* reward/math/find/spoken.h - words beside a value that change it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_SPOKEN_H
#define REWARD_MATH_FIND_SPOKEN_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/span.h"

/* A value at [from, to) of a plain sentence, and what its neighbours say of it. */
struct spoken {
    struct span text; /* the value with them: "-(42)" of "minus 42"; else the value as it stands */
    size_t from, to;  /* what was read, its words included */
    bool changed;     /* text is new, in the arena */
    bool denied;      /* no value is said: "not 42", "a multiple of 42" */
    bool senseless;   /* denied, since what stands there is no value: "half of x = 5" */
};

/* Reads the words on both sides of s[from, to): "minus", "half of", "squared", "times 2", "at
 * most", "cannot be". */
struct spoken spoken_value(struct arena *a, struct span s, size_t from, size_t to);

/* The same of a number spelled out there: "three squared". text is the words unless changed; then it
 * is made of digits. */
struct spoken spoken_number(struct arena *a, struct span s, size_t from, size_t to);

/* The text of a value is a bound, as "at most 7" is: "x\le 7". */
bool spoken_is_bound(struct span text);

/* The number s[from, to) with the name of a unit right behind it: "seventy-five cents". */
struct span spoken_with_unit(struct span s, size_t from, size_t to);

/* The number in words that begins at s.p[at]: "eight", "two dozen", "three quarters"; no bytes when
 * none does. */
struct span spoken_spelled(struct span s, size_t at);

/* A text that begins with a number in words and goes on, with all its numbers in digits: "five or six" as
 * "5 or 6", since what follows means the same beside both. In the arena; s itself elsewhere. */
struct span spoken_in_digits(struct arena *a, struct span s);

/* The number in words at s.p[at], added to out in digits; the offset after it, `at` where none is. "one" is a
 * number only behind what joins numbers. */
size_t spoken_add_digits(struct arena *a, struct span s, size_t at, struct buffer *out);

#endif
