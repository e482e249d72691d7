/* engine/model/tally.c - see tally.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/model/tally.h"

#include <assert.h>

static void tally_add(struct model_tally *t, const struct tensor *x)
{
    if (x->data == NULL) return;
    assert((unsigned)x->type < QUANT_COUNT);
    int64_t n = x->shape[0] * x->shape[1] * x->shape[2] * x->shape[3];
    t->tensors[x->type]++;
    t->parameters[x->type] += n;
    t->bytes[x->type] += (int64_t)x->bytes;
    t->all_tensors++;
    t->all_parameters += n;
    t->all_bytes += (int64_t)x->bytes;
}

/* struct layer_tensors is nothing but tensors, so it is walked as an array of them. */
static_assert(sizeof(struct layer_tensors) % sizeof(struct tensor) == 0, "nothing but tensors");

struct model_tally model_tally(const struct model *m)
{
    const struct model_config *c = model_config(m);
    const struct model_tensors *t = model_tensors(m);
    struct model_tally sum = {0};
    tally_add(&sum, &t->token_embd);
    tally_add(&sum, &t->output_norm);
    if (!c->tied) tally_add(&sum, &t->output);
    for (int i = 0; i < c->n_layers + c->n_mtp; i++) {
        const struct tensor *of_layer = (const struct tensor *)&t->layers[i];
        for (size_t j = 0; j < sizeof(struct layer_tensors) / sizeof(struct tensor); j++) {
            tally_add(&sum, &of_layer[j]);
        }
    }
    return sum;
}
