/* engine/forward/moe.h - the feed-forward block of a layer with experts.
 *
 * Rows of a step are grouped by the experts they chose, so that each expert's weights are read
 * once a step, whoever wants them. A row's result is the sum over its experts in order of its own
 * choice: it does not depend on the other rows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_FORWARD_MOE_H
#define ENGINE_FORWARD_MOE_H

#include "base/error.h"
#include "engine/forward/linear.h"
#include "engine/forward/lora.h"
#include "engine/model/model.h"

struct moe;

/* Work space for steps of up to max_rows rows. c, config and lora are borrowed until moe_free(), which
 * accepts NULL. */
struct moe *moe_new(const struct compute *c, const struct model_config *config, struct lora *lora,
                    int max_rows, struct error *err);
/* Accepts NULL. */
void moe_free(struct moe *m);

/* Memory for the inputs that w's types want; as forward_reserve(). */
bool moe_reserve(struct moe *m, const struct weights *w, struct error *err);

/* Memory for the inputs that adapters want. */
bool moe_reserve_adapters(struct moe *m, struct error *err);

/* x += experts(norm(x)) of a layer of w.
 *   x     [rows, n_embd]
 *   norm  holds norm(x) of these rows, for the router and the shared experts, and what adapters make of
 *         it has been computed (lora_down()) */
void moe_block(struct moe *m, const struct weights *w, int layer, const struct input *norm,
               float *x);

/* [rows, used] experts that the rows of the last block went to, best first; borrowed until the next. */
const int *moe_chosen(const struct moe *m);

#endif
