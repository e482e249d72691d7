/* reward/judge/advantage_read.c - see advantage_read.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/advantage_read.h"

#include <stddef.h>

#include "base/json.h"

#define MAX_REWARD 1e12

static const char *const scales[] = {
    [SCALE_GROUP] = "group", [SCALE_BATCH] = "batch", [SCALE_NONE] = "none", NULL};
enum { SUM_THEN_NORMALIZE, NORMALIZE_THEN_SUM };
static const char *const aggregations[] = {[SUM_THEN_NORMALIZE] = "sum_then_normalize",
                                           [NORMALIZE_THEN_SUM] = "normalize_then_sum", NULL};

#define AT(field) .offset = offsetof(struct advantage_given, field)
/* clang-format off */
const struct field advantage_rows[] = {
    {"method",     FIELD_READ, AT(method), .read = advantage_method_read, .required = true,
     .doc = "whose estimator, by its name in docs/rewards.md"},
    {"scale",      FIELD_CHOICE, AT(scale), .choices = scales, .fallback = "\"group\"",
     .doc = "trl_grpo: whose deviation divides"},
    {"eps",        FIELD_DOUBLE, AT(eps), .min = 0, .max = 1e6, .doc = "added to the deviation; none: the method's own"},
    {"aggregation", FIELD_CHOICE, AT(aggregation), .choices = aggregations,
     .fallback = "\"sum_then_normalize\"", .doc = "of the columns"},
    {"normalize",  FIELD_BOOL, AT(normalize), .fallback = "false", .doc = "trl_rloo: over the batch"},
    {"clip",       FIELD_NUMBERS, AT(clip), .min = -MAX_REWARD, .max = MAX_REWARD,
     .doc = "[least, most] of a completion's sum"},
    {"gamma",      FIELD_DOUBLE, AT(gamma), .min = 0, .max = 1, .fallback = "1",
     .doc = "discount of later tokens: only 1 is one advantage a completion"},
    {0},
};
/* clang-format on */

struct field_table advantage_fields(struct advantage_given *g)
{
    *g = (struct advantage_given){.eps = -1};
    return FIELD_TABLE(advantage_rows, g);
}

bool advantage_take(const struct advantage_given *g, struct advantage_params *out,
                    struct error *err)
{
    *out = advantage_defaults(g->method);
    out->scale = (enum advantage_scale)g->scale;
    out->normalize_then_sum = g->aggregation == NORMALIZE_THEN_SUM;
    out->normalize = g->normalize;
    if (g->eps >= 0) out->eps = g->eps;
    if (g->gamma < 1) {
        return error_set(err, ERROR_UNSUPPORTED, "gamma",
                         "gamma is %g: only at 1 do all tokens of a completion share one advantage",
                         g->gamma);
    }
    out->clip = g->clip.values != NULL;
    if (!out->clip) return true;
    if (g->clip.n != 2 || g->clip.values[0] > g->clip.values[1]) {
        return error_set(err, ERROR_INVALID_VALUE, "clip", "clip must be [least, most]");
    }
    out->clip_min = g->clip.values[0];
    out->clip_max = g->clip.values[1];
    return true;
}

bool advantage_params_read(const cJSON *value, struct arena *a, struct advantage_params *out,
                           struct error *err)
{
    struct advantage_given given;
    struct field_table table = advantage_fields(&given);
    struct field_context context = {.arena = a};
    if (cJSON_IsString(value)) {
        if (!advantage_method_read(&context, value, &given.method, err)) return false;
        *out = advantage_defaults(given.method);
        return true;
    }
    if (!cJSON_IsObject(value)) return field_wrong_type(value, "a string or an object", err);
    return fields_read(value, &table, 1, &context, err) && advantage_take(&given, out, err);
}
