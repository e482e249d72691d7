/* reward/rules/length.c - Kimi k1.5's length reward: short right answers up, long wrong ones down,
 * measured against the group.
 *
 *   l = 0.5 - (n - min) / (max - min) over the group; right: l; wrong: min(0, l); all equal: 0
 *
 * Loophole, open-r1's own: its "group" is whatever list a call holds. Here it is the item's group,
 * or all items without one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/row.h"

#include <assert.h>
#include <math.h>

#include "reward/rules/length_unit.h"

enum { OPT_IMPL, OPT_UNIT };

static bool measure(const struct reward_call *call, double *length, struct error *err)
{
    return length_of(call, (enum length_unit)call->options[OPT_UNIT].choice, length, err);
}

static enum score_status score(const struct reward_call *call, struct reward_out *out)
{
    double n, span = call->group_max - call->group_min;
    enum length_unit unit = (enum length_unit)call->options[OPT_UNIT].choice;
    if (!length_tell(call, unit, &n, out)) return SCORE_FAULT;
    assert(n >= call->group_min && n <= call->group_max); /* it is one of its group */
    if (call->correct == CORRECT_UNKNOWN) {
        out->cause = "correctness_unknown";
        return SCORE_CANNOT;
    }
    double l = span > 0 ? 0.5 - (n - call->group_min) / span : 0;
    out->value = call->correct == CORRECT_YES ? l : fmin(0, l);
    return SCORE_DONE;
}

static const char *const impls[] = {"openr1", NULL};
static const char *const causes[] = {"correctness_unknown", NULL};

static const struct field options[] = {
    {.name = "impl",
     .kind = FIELD_CHOICE,
     .fallback = "\"openr1\"",
     .choices = impls,
     .doc = "whose formula"},
    {.name = "unit",
     .kind = FIELD_CHOICE,
     .fallback = "\"chars\"",
     .choices = length_unit_names,
     .doc = "what a length counts"},
    {0},
};

static const struct field fields[] = {CORRECT_FIELD, LENGTH_FIELDS, {0}};

const struct reward length_reward = {
    .name = "length",
    .doc = "shorter than the rest of the group is better; for wrong answers longer is worse",
    .source = "arXiv 2501.12599, 2.3.3; huggingface/open-r1:src/open_r1/rewards.py len_reward",
    .options = options,
    .fields = fields,
    .causes = causes,
    .wants_correct = true,
    .measure = measure,
    .score = score,
};
