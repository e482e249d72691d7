/* engine/forward/lora.h - what the adapters of a step's rows add to its products.
 *
 * A step's rows may have different adapters, or none. Before a product, each row's input is
 * multiplied with the A of its adapter's group (lora_list(), lora_run()): t. The product then takes
 * t for each of its rows (lora_rows()) and adds B t where it finishes its own tile (linear.h); or
 * it takes the input itself there, for a matrix that an adapter has in place of the base's. A step
 * without adapters does none of it. What a row gets is a sum in a fixed order over its own input
 * (kernels.h (N9)): the same bits alone, in any batch, on any thread.
 *
 * Rows are at places: row r of the step at place r, slots of experts (moe.h) at lora_slots() and
 * beyond, so that both may be at work at once.
 *
 * (1) Of a step without adapters nothing is listed, and lora_rows() is NULL.
 * (2) No place lies past those that lora_reserve() has made room for.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_FORWARD_LORA_H
#define ENGINE_FORWARD_LORA_H

#include "base/error.h"
#include "engine/adapter/adapter.h"
#include "engine/forward/linear.h"
#include "engine/forward/rows.h"

struct lora;

/* For steps of up to max_rows rows, of which each goes to at most `used` experts (0: there are none). c is
 * borrowed until lora_free(). NULL and ERROR_NO_MEMORY on failure. */
struct lora *lora_new(const struct compute *c, int max_rows, int used, struct error *err);
/* Accepts NULL. */
void lora_free(struct lora *l);

/* Memory for a, before the first step with it. False and ERROR_NO_MEMORY on failure: other adapters go
 * on. */
bool lora_reserve(struct lora *l, const struct adapter *a, struct error *err);

/* A step, or a prediction, of these rows begins. */
void lora_begin(struct lora *l, const struct rows *rows);

/* forms, and what adapters want of an input in this step. */
struct input_forms lora_wants(const struct lora *l, struct input_forms forms);

/* The rows of in will be multiplied with by a layer (-1: the output), and one of its experts (-1: not by
 * an expert).
 *   rows   [in->rows] which row of the step each is; NULL: in order
 *   place  of the first
 * in, which has been filled, and rows are borrowed until lora_run(). */
struct lora_use {
    int layer, expert;
    enum adapter_input input;
    const struct input *in;
    const int *rows;
    int place;
};
/* Take note of such a use, for lora_run(). */
void lora_list(struct lora *l, struct lora_use use);

/* Compute t of all that was listed since the last call. */
void lora_run(struct lora *l);

/* lora_list() and lora_run() of one use at place 0 without an expert. */
void lora_down(struct lora *l, int layer, enum adapter_input input, const struct input *in);

/* For a product of this site: its rows from a place on, of the use that was listed last for them. NULL:
 * no row of the step has an adapter. */
const struct low_row *lora_rows(const struct lora *l, enum adapter_site site, int place);

/* Where slots begin. */
int lora_slots(const struct lora *l);

/* Add to x [n], the embedding of row r, what its adapter does. */
void lora_embed(const struct lora *l, const struct row *r, float *x, int n);

#endif
