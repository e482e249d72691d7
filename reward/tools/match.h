/* reward/tools/match.h - is a call the one that is wanted?
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_TOOLS_MATCH_H
#define REWARD_TOOLS_MATCH_H

#include "reward/tools/calls.h"

/* Two JSON values are the same: numbers by value (1 is 1.0), texts by their bytes, objects whatever
 * the order of their members. Truths are no numbers. */
bool values_equal(const cJSON *a, const cJSON *b);

/* The same name, and the same arguments. */
bool match_equal(const struct call *made, const struct call *wanted, const cJSON *tools);

/* The same name, and every argument that is wanted; others are let pass (xLAM as NeMo-Gym scores
 * it). */
bool match_subset(const struct call *made, const struct call *wanted, const cJSON *tools);

/* BFCL's AST rules for Python: each argument has one of its possible values, by the tool's schema
 * in tools (a list of OpenAI's or BFCL's descriptions; NULL, or a tool that is not in it: types
 * are the possible values' own). An argument with the possible value "" may be left out. */
bool match_possible(const struct call *made, const struct call *wanted, const cJSON *tools);

#endif
