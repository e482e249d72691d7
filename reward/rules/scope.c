/* reward/rules/scope.c - see scope.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/rules/scope.h"

#include "reward/rules/text.h"

const char *const scope_names[] = {
    [SCOPE_ANSWER] = "answer", [SCOPE_CONTENT] = "content", [SCOPE_ALL] = "all", NULL};

struct span scope_text(const struct reward_call *call, int scope)
{
    if (scope == SCOPE_ALL) return call->completion;
    return scope == SCOPE_ANSWER ? text_answer(call->completion)
                                 : span_trim(text_after_think(call->completion));
}
