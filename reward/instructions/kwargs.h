/* reward/instructions/kwargs.h - reading an instruction's arguments.
 *
 * Every reader gives false, and an error under the argument's name, where the argument is missing,
 * null, or of another kind: its caller then answers CHECK_BAD_KWARGS. Whole numbers may come as 3
 * or 3.0, as tables that once were data frames have them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_INSTRUCTIONS_KWARGS_H
#define REWARD_INSTRUCTIONS_KWARGS_H

#include <stddef.h>
#include <stdint.h>

#include "reward/instructions/check.h"

enum { KWARG_MOST_BYTES = 65536, KWARG_MOST_TEXTS = 256 };

/* A whole number in [least, 10^9]. */
bool kwarg_number(const struct check_call *call, const char *name, int64_t least, int64_t *out);

/* A text that is not empty; its bytes borrow from the arguments or the arena. */
bool kwarg_text(const struct check_call *call, const char *name, struct span *out);

/* The same without white space around it, and not empty then. */
bool kwarg_trimmed(const struct check_call *call, const char *name, struct span *out);

/* The same of one text, or of the first of a list of texts. */
bool kwarg_first(const struct check_call *call, const char *name, struct span *out);

struct texts {
    struct span *at;
    size_t n;
};

/* A list of 1 to KWARG_MOST_TEXTS texts, none empty, in the arena. */
bool kwarg_texts(const struct check_call *call, const char *name, struct texts *out);

/* "less than" or "at least", and a number held to it. */
struct bound {
    bool at_least;
    int64_t number;
};

/* The two arguments of a bound, the number at least 0. */
bool kwarg_bound(const struct check_call *call, const char *number, const char *relation,
                 struct bound *out);

/* Does a count keep to it? */
static inline enum check_result bound_holds(const struct bound *b, size_t count)
{
    bool reached = count >= (size_t)b->number;
    return check_is(b->at_least ? reached : !reached);
}

#endif
