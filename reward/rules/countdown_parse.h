/* reward/rules/countdown_parse.h - a countdown answer read and computed exactly.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_RULES_COUNTDOWN_PARSE_H
#define REWARD_RULES_COUNTDOWN_PARSE_H

#include <stdbool.h>

#include "base/span.h"

enum { COUNTDOWN_MAX_NUMBERS = 64 };

struct countdown_rules {
    const struct span *numbers; /* given: plain decimals */
    int n;                      /* at most COUNTDOWN_MAX_NUMBERS */
    struct span target;
    bool use_all;  /* every number must be used */
    bool any_size; /* numbers may be of any size: in a verifier process */
};

/* Judge an expression, perhaps followed by "= value". Returns a cause: equal_value, not_equal,
 * false_equation (the value after "=" is not the expression's), wrong_numbers, not_allowed (an
 * operator outside + - * /), division_by_zero or unparsable_answer. NULL: not any_size, and that
 * would be needed. */
const char *countdown_judge(struct span answer, const struct countdown_rules *rules);

#endif
