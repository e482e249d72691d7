/* engine/forward/attention.h - causal attention of a step's runs over the paged cache.
 *
 * Work is cut into tasks of one key head and a tile of queries: the query heads of a group (on a
 * latent: all heads) share one pass over keys and values, in a prompt several consecutive queries
 * do, and so do samples of one prompt as far as their blocks are the same. When a step has few such
 * tiles but long contexts, the fixed splits of (N6) go to different threads and are merged in order;
 * when it has many, a task merges as it goes. Large groups are shared out between threads likewise.
 * The bits are the same.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_FORWARD_ATTENTION_H
#define ENGINE_FORWARD_ATTENTION_H

#include "base/error.h"
#include "engine/forward/forward.h"
#include "engine/forward/linear.h"

struct attention;

/* n_heads query heads over the heads of kv. c and kv are borrowed until attention_free(). */
struct attention *attention_new(const struct compute *c, struct kv_store *kv, int n_heads,
                                float scale, int max_rows, struct error *err);
/* Accepts NULL. */
void attention_free(struct attention *a);

/* Plan the step's tiles; runs is borrowed until the next call. */
void attention_begin(struct attention *a, const struct forward_run *runs, int n_runs);

/* The memory that a layer's attention reads in this step, the part [from, to) of each thread's share;
 * nothing where fetching it early would not pay. */
struct soon attention_soon(const struct attention *a, int layer, double from, double to);

/* One layer, whose keys and values of these runs are stored already.
 *   q    [rows, ld_q]   rotated, n_heads x k_dim in a row
 *   out  [rows, ld_out] n_heads x v_dim in a row */
void attention_layer(struct attention *a, int layer, const float *q, int ld_q, float *out,
                     int ld_out);

#endif
