/* reward/dialects/order.h - what the dialects of execution.h share: bodies into orders, stages
 * taken apart.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_DIALECTS_ORDER_H
#define REWARD_DIALECTS_ORDER_H

#include "base/fields.h"
#include "reward/dialects/execution.h"

enum { ORDER_MAX_SECONDS = 300, ORDER_MAX_MB = 16384, ORDER_DEFAULT_MB = 1024 };

/* ---- orders: false and err naming the client's field when it is wrong ---- */

/* x's body by rows, whose offsets count from out. */
bool order_read_body(struct execution *x, const struct field *rows, void *out, struct error *err);

/* A list of texts as a program takes them: C strings into out, which has room for them and a NULL. */
bool order_strings(const struct text_list *list, const char **out, struct error *err);

/* A language by its name. The error has no field: the caller knows where the name stood. */
bool order_find_language(struct span name, const struct language **out, struct error *err);

/* Is it a file's name: a relative path that stays below? */
bool order_check_name(struct span name, struct error *err);

/* Add a file; the content, which bytes holds, is copied into x's arena. */
bool order_add_file(struct execution *x, struct execute_order *o, struct span name,
                    const struct buffer *bytes, struct error *err);

/* The order with what all dialects begin with; of the size of a hundred file names, so not for the
 * stack. NULL: out of memory. In x's arena. */
struct execute_order *order_new(struct execution *x, struct error *err);

/* Room for n programs in x, and one more of them. */
bool order_make_runs(struct execution *x, size_t n, struct error *err);

/* Add a program; room was made for it. False and err when it is too large. */
bool order_add_run(struct execution *x, const struct execute_order *o, struct error *err);

/* ---- outcomes ---- */

/* It ended by itself, with status 0. */
bool stage_is_good(const struct execute_stage *stage);

#endif
