/* engine/adapter/sites.h - which products an adapter may add to, and what PEFT calls them.
 *
 * A row for each product that is computed with adapters. Names are those of the base's tensors
 * (model/roles.h) without ".weight"; a module that has no row is refused by its name.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_ADAPTER_SITES_H
#define ENGINE_ADAPTER_SITES_H

#include "base/span.h"
#include "engine/adapter/adapter.h"
#include "engine/model/model.h"
#include "engine/model/rotated.h"

/* A product of the model at hand. */
struct adapter_place {
    /* the token embedding, which is no product; the rest but k and n is meaningless */
    bool embedding;
    enum adapter_site site;
    enum adapter_input input;
    int layer, expert; /* -1: none */
    int k, n;
    bool has_bias; /* in the base */
    enum rotated rotated;
};

/* The product that PEFT calls by this module's name ("model.layers.3.self_attn.q_proj"). NULL when
 * found, else what is wrong with it: "is no module of this model". */
const char *adapter_place(const struct model *m, struct span module, struct adapter_place *out);

/* The base's tensor of a site: offset in struct layer_tensors. Not of SITE_OUTPUT. */
size_t adapter_site_tensor(enum adapter_site site);

/* That of its bias likewise; SITE_NO_BIAS: it never has one. */
#define SITE_NO_BIAS ((size_t)-1)
size_t adapter_site_bias(enum adapter_site site);

/* The group a site belongs to. */
enum adapter_input adapter_site_input(enum adapter_site site);

#endif
