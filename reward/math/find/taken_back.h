/* reward/math/find/taken_back.h - an answer in a box, a tag or a sentence that its writer denies.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_TAKEN_BACK_H
#define REWARD_MATH_FIND_TAKEN_BACK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

/* The answer s[from, to) is denied by the words right before it ("The answer is not \boxed{42}", "x \ne \boxed{42}",
 * "Reject \boxed{12}.") or right behind it ("\boxed{42} is wrong.", "\boxed{12}, but this is wrong", "42. That is
 * wrong."). A few words on either side are looked at, and a verdict that goes on ("is wrong if units are metres")
 * is none. */
bool taken_back(struct span s, size_t from, size_t to);

/* The same of what stands behind alone. */
bool taken_back_behind(struct span s, size_t from, size_t to);

#endif
