/* reward/math/find/agent.h - who did what a sentence tells.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TOUCHSTONE_REWARD_MATH_FIND_AGENT_H
#define TOUCHSTONE_REWARD_MATH_FIND_AGENT_H

#include "base/span.h"

/* The one name behind the "by" of a passive in the last sentence of s, a part of s: Jane Austen of "It was written by
 * Jane Austen and published in 1813." {NULL, 0}: there is none, there are several, or the sentence doubts it. */
struct span agent_named(struct span s);

#endif
