/* engine/adapter/config.h - adapter_config.json of a PEFT folder: how large what it adds is.
 *
 * The names of the tensors say which modules an adapter changes; the config says by how much: rank and
 * alpha, for all modules or by patterns. What of it would change numbers in a way that is not computed
 * is refused by the name of its key; a key that nobody here knows is refused unless it is off (null,
 * false, empty), so that no adapter is computed in part.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_ADAPTER_CONFIG_H
#define ENGINE_ADAPTER_CONFIG_H

#include <stdbool.h>

#include "base/error.h"
#include "base/span.h"

struct adapter_config;

/* Read the text of an adapter_config.json. NULL and ERROR_UNSUPPORTED or ERROR_INVALID_VALUE, whose
 * message names the key, or ERROR_NO_MEMORY. Free with adapter_config_free(). */
struct adapter_config *adapter_config_read(struct span text, struct error *err);
/* Accepts NULL. */
void adapter_config_free(struct adapter_config *c);

/* What PEFT makes of the config for a module ("model.layers.0.self_attn.q_proj"). */
struct adapter_size {
    int rank;
    double scale; /* of B (A x) */
};
/* False and *err when a pattern could not be matched within its limits, or there was no memory. */
bool adapter_config_size(const struct adapter_config *c, struct span module,
                         struct adapter_size *out, struct error *err);

/* Its modules may have magnitudes. */
bool adapter_config_is_dora(const struct adapter_config *c);

#endif
