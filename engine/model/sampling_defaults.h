/* engine/model/sampling_defaults.h - how a model's makers would have it sampled:
 * generation_config.json of a folder, "general.sampling." of a GGUF.
 *
 * They are for requests that say nothing of their own, and only where the server's dialect has such
 * defaults. What a file says out of bounds is as if it were not there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_MODEL_SAMPLING_DEFAULTS_H
#define ENGINE_MODEL_SAMPLING_DEFAULTS_H

#include <cjson/cJSON.h>

struct gguf;

enum sampling_default {
    DEFAULT_TEMPERATURE,
    DEFAULT_TOP_P,
    DEFAULT_TOP_K,
    DEFAULT_MIN_P,
    DEFAULT_REPETITION_PENALTY,
    SAMPLING_DEFAULTS
};

struct sampling_defaults {
    double value[SAMPLING_DEFAULTS]; /* NaN: none */
    int seed; /* of the draws: a setting, never a file's; -1: a random one for each request */
};

/* The name of each, as clients and generation_config.json write it. */
const char *sampling_default_name(enum sampling_default which);

/* None. */
void sampling_defaults_clear(struct sampling_defaults *d);

/* What a generation_config.json says; NULL: nothing. */
void sampling_defaults_read_json(const cJSON *object, struct sampling_defaults *d);

/* What a GGUF's metadata says. */
void sampling_defaults_read_gguf(const struct gguf *g, struct sampling_defaults *d);

#endif
