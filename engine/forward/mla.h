/* engine/forward/mla.h - multi-head latent attention, computed on the latent itself.
 *
 * A token's keys and values of all heads are made from one latent vector of kv_rank numbers and
 * one rotated key part of rope_dim numbers that the heads share (DeepSeek-V2, arXiv 2405.04434,
 * 2.1). Only these are cached. The projections that would make keys and values are absorbed: the
 * keys' into the query (q . (K c) = (K' q) . c), the values' into the result (sum p V c = V (sum
 * p c)). So there is one key head of kv_rank + rope_dim dimensions, whose values are its first
 * kv_rank, and attention.h does the rest.
 *
 * Prompts and single tokens are computed alike: a row's bits do not depend on how its sequence
 * was cut.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_FORWARD_MLA_H
#define ENGINE_FORWARD_MLA_H

#include "base/error.h"
#include "engine/forward/attention.h"
#include "engine/forward/linear.h"
#include "engine/forward/lora.h"
#include "engine/model/model.h"
#include "engine/forward/rows.h"

struct mla;

/* Work space for steps of up to max_rows rows; everything is borrowed until mla_free(), which
 * accepts NULL. */
struct mla *mla_new(const struct compute *c, const struct model_config *config, struct kv_store *kv,
                    struct attention *attention, struct lora *lora, int max_rows, struct error *err);
/* Accepts NULL. */
void mla_free(struct mla *m);

/* Memory for the inputs that w's types want; as forward_reserve(). */
bool mla_reserve(struct mla *m, const struct weights *w, struct error *err);

/* Memory for the inputs that adapters want. */
bool mla_reserve_adapters(struct mla *m, struct error *err);

/* One layer of w: store the latents of these rows, attend.
 *   norm  holds norm(x) of the rows
 *   out   [rows, ld_out], n_heads x v_dim in a row */
void mla_attend(struct mla *m, const struct weights *w, int layer, const struct rows *rows,
                const struct input *norm, float *out, int ld_out);

#endif
