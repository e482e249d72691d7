/* reward/math/read/moments.h - dates and times of day.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_READ_MOMENTS_H
#define REWARD_MATH_READ_MOMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/span.h"

/* A day with its year, the month in words: "March 1, 2024", "1st of March 2024", as year, month and
 * day. */
bool moments_day(struct arena *a, struct span s, int64_t out[3]);

/* s names a month and a number, and little else. */
bool moments_date(struct arena *a, struct span s);

/* Folded x and y (words.h) name the same date, in any order of its words. */
bool moments_same_date(struct span x, struct span y);

/* Seconds after midnight of "8:34", "20:34:00", "08:34 \text{P.M.}", "8 pm", "half past three", "4:30 in the
 * afternoon", "noon". marked: seconds or a half of the day were written, so it is no ratio. */
bool moments_time(struct span s, int *seconds, bool *marked);

/* s is a time of day that is nothing else besides: marked, or in words. */
bool moments_is_time(struct span s);

#endif
