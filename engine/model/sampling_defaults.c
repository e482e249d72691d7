/* engine/model/sampling_defaults.c - see sampling_defaults.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/model/sampling_defaults.h"

#include <math.h>

#include "base/json.h"
#include "engine/model/gguf.h"

static const struct {
    const char *name, *gguf;
    double min, max;
} rows[SAMPLING_DEFAULTS] = {
    [DEFAULT_TEMPERATURE] = {"temperature", "general.sampling.temp", 0, 100},
    [DEFAULT_TOP_P] = {"top_p", "general.sampling.top_p", 1e-6, 1},
    [DEFAULT_TOP_K] = {"top_k", "general.sampling.top_k", -1, 1 << 30},
    [DEFAULT_MIN_P] = {"min_p", "general.sampling.min_p", 0, 1},
    [DEFAULT_REPETITION_PENALTY] = {"repetition_penalty", "general.sampling.penalty_repeat", 1e-6,
                                    100},
};

const char *sampling_default_name(enum sampling_default which)
{
    return rows[which].name;
}

void sampling_defaults_clear(struct sampling_defaults *d)
{
    for (int i = 0; i < SAMPLING_DEFAULTS; i++) {
        d->value[i] = (double)NAN;
    }
    d->seed = -1;
}

static void set(struct sampling_defaults *d, int i, double value)
{
    if (value >= rows[i].min && value <= rows[i].max) d->value[i] = value;
}

void sampling_defaults_read_json(const cJSON *object, struct sampling_defaults *d)
{
    for (int i = 0; i < SAMPLING_DEFAULTS; i++) {
        const cJSON *v = json_get(object, rows[i].name);
        if (cJSON_IsNumber(v)) set(d, i, v->valuedouble);
    }
}

void sampling_defaults_read_gguf(const struct gguf *g, struct sampling_defaults *d)
{
    for (int i = 0; i < SAMPLING_DEFAULTS; i++) {
        struct error ignored = {0};
        double value = (double)NAN;
        int64_t whole = -1;
        if (i != DEFAULT_TOP_K) {
            gguf_get_float(g, rows[i].gguf, &value, &ignored);
        } else if (gguf_find(g, rows[i].gguf) != NULL &&
                   gguf_get_int(g, rows[i].gguf, 0, 1 << 30, &whole, &ignored)) {
            value = (double)whole;
        }
        set(d, i, value);
    }
}
