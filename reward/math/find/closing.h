/* reward/math/find/closing.h - whole sentences and sections that follow the answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_CLOSING_H
#define REWARD_MATH_FIND_CLOSING_H

#include "base/span.h"

/* s without what a writer adds after the answer: "Let me know if ...", "Note that ...", "Check: ...", a section
 * of explanations, a comparison with something else. */
struct span closing_removed(struct span s);

/* Words without the clause that goes on about them: a name of "the name U+FF0C he lived then". */
struct span closing_without_sequel(struct span s);

#endif
