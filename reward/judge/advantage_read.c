/* reward/judge/advantage_read.c - how a client names an estimator with its parameters.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/advantage.h"

#include <stddef.h>

#include "base/fields.h"
#include "base/json.h"

static const double MAX_REWARD = 1e12;

static bool read_method(const struct field_context *context, const cJSON *value, void *out,
                        struct error *err)
{
    (void)context;
    if (!cJSON_IsString(value)) return field_wrong_type(value, "a string", err);
    return advantage_method_find(span_str(value->valuestring), out) ||
           error_set(err, ERROR_INVALID_VALUE, NULL, "there is no method \"%.64s\"",
                     value->valuestring);
}

static bool read_clip(const struct field_context *context, const cJSON *value, void *out,
                      struct error *err)
{
    struct advantage_params *p = out;
    const cJSON *least = cJSON_IsArray(value) ? value->child : NULL;
    const cJSON *most = least != NULL ? least->next : NULL;
    (void)context;
    bool ok = cJSON_IsNumber(least) && cJSON_IsNumber(most) && most->next == NULL;
    p->clip = true;
    p->clip_min = ok ? least->valuedouble : 0;
    p->clip_max = ok ? most->valuedouble : -1;
    if (p->clip_min <= p->clip_max && p->clip_min >= -MAX_REWARD && p->clip_max <= MAX_REWARD) {
        return true;
    }
    return error_set(err, ERROR_INVALID_VALUE, NULL, "clip must be [least, most]");
}

/* As a client gives them. */
struct given {
    enum advantage_method method;
    int scale;
    struct advantage_params p;
};

#define AT(field) .offset = offsetof(struct given, field)

bool advantage_params_read(const cJSON *value, struct advantage_params *out, struct error *err)
{
    static const char *const scales[] = {
        [SCALE_GROUP] = "group", [SCALE_BATCH] = "batch", [SCALE_NONE] = "none", NULL};
    struct given in = {.p = {.eps = -1}};
    static const struct field rows[] = {
        {"method", FIELD_READ, AT(method), .read = read_method, .required = true,
         .doc = "The estimator's name."},
        {"scale", FIELD_CHOICE, AT(scale), .choices = scales, .doc = "trl_grpo: what divides."},
        {"eps", FIELD_DOUBLE, AT(p.eps), .min = 0, .max = 1e6, .doc = "Added to the deviation."},
        {"normalize", FIELD_BOOL, AT(p.normalize), .doc = "trl_rloo: over all that is judged."},
        {"clip", FIELD_READ, AT(p), .read = read_clip, .doc = "[least, most] of a reward, first."},
        {0},
    };
    struct field_context context = {0};
    struct field_table table = FIELD_TABLE(rows, &in);
    if (cJSON_IsString(value)) {
        if (!read_method(&context, value, &in.method, err)) return false;
        *out = advantage_defaults(in.method);
        return true;
    }
    if (!cJSON_IsObject(value)) return field_wrong_type(value, "a string or an object", err);
    if (!fields_read(value, &table, 1, &context, err)) return false;
    in.p.method = in.method;
    in.p.scale = (enum advantage_scale)in.scale;
    *out = in.p;
    return true;
}
