/* reward/rules/scope.h - which part of a response a reward looks at.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_RULES_SCOPE_H
#define REWARD_RULES_SCOPE_H

#include "reward/row/row.h"

enum scope { SCOPE_ANSWER, SCOPE_CONTENT, SCOPE_ALL };

/* Names for an option row: "answer" (the last <answer> block after the thinking, or all after
 * it), "content" (all after the thinking), "all" (the whole completion). */
extern const char *const scope_names[];

/* Rows of options that rewards share; whence: the scope's name as JSON, where none is asked for. */
#define SCOPE_OPTION(whence)                                                                       \
    {.name = "scope", .kind = FIELD_CHOICE, .fallback = whence, .choices = scope_names,            \
     .doc = "the last <answer> block or all after the thinking; all after the thinking; "          \
            "everything"}
#define IGNORE_CASE_OPTION                                                                         \
    {.name = "ignore_case", .kind = FIELD_BOOL, .fallback = "false", .doc = "without regard to case"}

/* The part of the completion that a scope (an index of scope_names) names; empty when it is not
 * there. */
struct span scope_text(const struct reward_call *call, int scope);

#endif
