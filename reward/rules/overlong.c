/* reward/rules/overlong.c - DAPO's soft punishment of completions that come near the length limit.
 *
 *   trl, openr1   0 up to max_len - cache; (max_len - cache - n) / cache up to max_len; then -1
 *   verl_dapo     min(-(n - (max_len - cache)) / cache * factor, 0): no floor
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/row.h"

#include <assert.h>
#include <math.h>

#include "reward/rules/length_unit.h"

enum { IMPL_TRL, IMPL_OPENR1, IMPL_VERL_DAPO };
enum { OPT_IMPL, OPT_UNIT, OPT_MAX_LEN, OPT_CACHE, OPT_FACTOR };

static bool prepare(const struct option_value *o, void **out, struct error *err)
{
    *out = NULL;
    if (o[OPT_CACHE].real > o[OPT_MAX_LEN].real) {
        return error_set(err, ERROR_INVALID_VALUE, "cache", "cache cannot be more than max_len");
    }
    if (o[OPT_IMPL].choice == IMPL_VERL_DAPO && o[OPT_CACHE].real <= 0) {
        return error_set(err, ERROR_INVALID_VALUE, "cache", "verl_dapo divides by cache: not 0");
    }
    return true;
}

static double trl(double n, double max_len, double cache)
{
    if (n <= max_len - cache) return 0;
    assert(n > max_len || cache > 0);
    return n <= max_len ? (max_len - cache - n) / cache : -1;
}

static enum score_status score(const struct reward_call *call, struct reward_out *out)
{
    const struct option_value *o = call->options;
    double n, max_len = o[OPT_MAX_LEN].real, cache = o[OPT_CACHE].real;
    if (!length_tell(call, (enum length_unit)o[OPT_UNIT].choice, &n, out)) return SCORE_FAULT;
    out->value = o[OPT_IMPL].choice == IMPL_VERL_DAPO
                     ? fmin(-(n - (max_len - cache)) / cache * o[OPT_FACTOR].real, 0)
                     : trl(n, max_len, cache);
    return SCORE_DONE;
}

static const char *const impls[] = {"trl", "openr1", "verl_dapo", NULL};

static const struct field options[] = {
    {.name = "impl",
     .kind = FIELD_CHOICE,
     .fallback = "\"trl\"",
     .choices = impls,
     .doc = "whose formula; trl and openr1 are the same"},
    {.name = "unit",
     .kind = FIELD_CHOICE,
     .fallback = "\"tokens\"",
     .choices = length_unit_names,
     .doc = "what a length counts"},
    {.name = "max_len",
     .kind = FIELD_DOUBLE,
     .fallback = "16384",
     .min = 0,
     .max = 1e12,
     .doc = "the length limit"},
    {.name = "cache",
     .kind = FIELD_DOUBLE,
     .fallback = "4096",
     .min = 0,
     .max = 1e12,
     .doc = "how far before the limit the punishment begins"},
    {.name = "factor",
     .kind = FIELD_DOUBLE,
     .fallback = "1.0",
     .min = 0,
     .max = 1e9,
     .doc = "verl_dapo: the punishment at the limit"},
    {0},
};

static const struct field fields[] = {LENGTH_FIELDS, {0}};

const struct reward overlong_reward = {
    .name = "overlong",
    .doc = "a growing punishment for completions that come near the length limit",
    .source = "DAPO, arXiv 2503.14476, eq. 13; huggingface/trl:trl/rewards; "
              "volcengine/verl:verl/workers/reward_manager/dapo.py",
    .options = options,
    .fields = fields,
    .prepare = prepare,
    .score = score,
};
