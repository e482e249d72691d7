/* reward/dialects/order.h - what the dialects of execution.h share: bodies into orders, stages
 * taken apart.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_DIALECTS_ORDER_H
#define REWARD_DIALECTS_ORDER_H

#include "reward/dialects/execution.h"

enum { ORDER_MAX_SECONDS = 300, ORDER_MAX_MB = 16384, ORDER_DEFAULT_MB = 1024 };

/* ---- orders: false and err naming the field when it is wrong ---- */

/* A list of at most `most` strings, or nothing, into out (NULL-terminated; NULL: only checked). */
bool order_read_strings(const cJSON *list, const char *field, int most, const char **out,
                        struct error *err);

/* A required string. */
bool order_read_text(const cJSON *object, const char *field, const char **out, struct error *err);

/* A language by its name. */
bool order_read_language(const char *name, const struct language **out, struct error *err);

/* Is it a file's name: a relative path that stays below? */
bool order_check_name(const char *name, struct error *err);

/* Add a file; the content, which bytes holds, is copied into x's arena. */
bool order_add_file(struct execution *x, struct execute_order *o, const char *name,
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

/* `,"key":` and a text. */
void outcome_print_text(const char *key, struct span text, struct buffer *out);

#endif
