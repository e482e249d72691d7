/* reward/rules/cosine.c - a reward that falls (right answers) or rises (wrong ones) with length along
 * half a cosine.
 *
 *   v = lo + (hi - lo) (1 + cos(pi p)) / 2,  p = length / max_len
 *   right: lo = min_value_correct, hi = max_value_correct
 *   wrong: lo = max_value_wrong,   hi = min_value_wrong
 *
 * openr1 does not clamp p, so past max_len the reward climbs again; trl clamps it at 1; demystify
 * gives exceed_length from max_len - margin on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/row.h"

#include <assert.h>
#include <math.h>

#include "reward/rules/length_unit.h"

enum { IMPL_OPENR1, IMPL_TRL, IMPL_DEMYSTIFY };
enum {
    OPT_IMPL,
    OPT_UNIT,
    OPT_MAX_LEN,
    OPT_MIN_WRONG,
    OPT_MAX_WRONG,
    OPT_MIN_CORRECT,
    OPT_MAX_CORRECT,
    OPT_EXCEED,
    OPT_MARGIN
};

static const double PI = 3.14159265358979323846, OPENR1_MAX_LEN = 1000;

static bool prepare(const struct option_value *o, void **out, struct error *err)
{
    *out = NULL;
    if (o[OPT_IMPL].choice == IMPL_OPENR1 || o[OPT_MAX_LEN].set) return true;
    return error_set(err, ERROR_MISSING_FIELD, "max_len", "max_len has no default with this impl");
}

static double value_of(const struct option_value *o, double length, bool correct)
{
    double max_len = o[OPT_MAX_LEN].set ? o[OPT_MAX_LEN].real : OPENR1_MAX_LEN;
    assert(length >= 0 && max_len > 0);
    double p = length / max_len;
    if (o[OPT_IMPL].choice == IMPL_TRL && p > 1) p = 1;
    if (o[OPT_IMPL].choice == IMPL_DEMYSTIFY && length + o[OPT_MARGIN].real >= max_len) {
        return o[OPT_EXCEED].set ? o[OPT_EXCEED].real : 0;
    }
    double lo = correct ? o[OPT_MIN_CORRECT].real : o[OPT_MAX_WRONG].real;
    double hi = correct ? o[OPT_MAX_CORRECT].real : o[OPT_MIN_WRONG].real;
    return lo + 0.5 * (hi - lo) * (1 + cos(PI * p));
}

static enum score_status score(const struct reward_call *call, struct reward_out *out)
{
    const struct option_value *o = call->options;
    int unit = o[OPT_UNIT].set                     ? o[OPT_UNIT].choice
               : o[OPT_IMPL].choice == IMPL_OPENR1 ? LENGTH_CHARS
                                                   : LENGTH_TOKENS;
    double length;
    if (!length_tell(call, (enum length_unit)unit, &length, out)) return SCORE_FAULT;
    if (call->correct == CORRECT_UNKNOWN) {
        out->cause = "correctness_unknown";
        return SCORE_CANNOT;
    }
    out->value = value_of(o, length, call->correct == CORRECT_YES);
    return SCORE_DONE;
}

static const char *const impls[] = {"openr1", "trl", "demystify", NULL};
static const char *const causes[] = {"correctness_unknown", NULL};

static const struct field options[] = {
    {.name = "impl",
     .kind = FIELD_CHOICE,
     .fallback = "\"openr1\"",
     .choices = impls,
     .doc = "whose formula"},
    {.name = "unit",
     .kind = FIELD_CHOICE,
     .choices = length_unit_names,
     .doc = "what a length counts; openr1: chars, the others: tokens"},
    {.name = "max_len",
     .kind = FIELD_DOUBLE,
     .min = 1e-9,
     .max = 1e12,
     .doc = "the length at half a period; openr1: 1000, the others have no default"},
    {.name = "min_value_wrong",
     .kind = FIELD_DOUBLE,
     .fallback = "-1.0",
     .min = -1e9,
     .max = 1e9,
     .doc = "wrong answer of length 0"},
    {.name = "max_value_wrong",
     .kind = FIELD_DOUBLE,
     .fallback = "-0.5",
     .min = -1e9,
     .max = 1e9,
     .doc = "wrong answer of length max_len"},
    {.name = "min_value_correct",
     .kind = FIELD_DOUBLE,
     .fallback = "0.5",
     .min = -1e9,
     .max = 1e9,
     .doc = "right answer of length max_len"},
    {.name = "max_value_correct",
     .kind = FIELD_DOUBLE,
     .fallback = "1.0",
     .min = -1e9,
     .max = 1e9,
     .doc = "right answer of length 0"},
    {.name = "exceed_length",
     .kind = FIELD_DOUBLE,
     .min = -1e9,
     .max = 1e9,
     .doc = "demystify: the reward from max_len - margin on; 0 when not given"},
    {.name = "margin",
     .kind = FIELD_DOUBLE,
     .fallback = "16",
     .min = 0,
     .max = 1e12,
     .doc = "demystify: tokens before max_len"},
    {0},
};

static const struct field fields[] = {CORRECT_FIELD, LENGTH_FIELDS, {0}};

const struct reward cosine_reward = {
    .name = "cosine",
    .doc = "length shapes the reward along half a cosine, one way for right answers, the other for "
           "wrong ones",
    .source = "arXiv 2502.03373; huggingface/open-r1:src/open_r1/rewards.py; "
              "huggingface/trl:trl/rewards; eddycmu/demystify-long-cot:openrlhf/reward/cosine.py",
    .options = options,
    .fields = fields,
    .causes = causes,
    .wants_correct = true,
    .prepare = prepare,
    .score = score,
};
