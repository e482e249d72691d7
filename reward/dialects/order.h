/* reward/dialects/order.h - what the dialects of execution.h share: bodies into orders, outcomes
 * taken apart.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_DIALECTS_ORDER_H
#define REWARD_DIALECTS_ORDER_H

#include "reward/code/sandbox.h"
#include "reward/dialects/execution.h"

enum { ORDER_MAX_SECONDS = 300, ORDER_MAX_MB = 16384, ORDER_DEFAULT_MB = 1024 };

/* What a program may be given, with the dialect's defaults filled in. */
struct order_wish {
    const char *language;
    double compile_s, run_s, memory_mb;
    const cJSON *args;
    bool cell;
};

/* ---- orders: false and err naming the field when it is wrong ---- */

/* A list of at most `most` strings, or nothing. */
bool order_check_strings(const cJSON *list, const char *field, int most, struct error *err);

/* A required string. */
bool order_take_text(const cJSON *object, const char *field, const char **out, struct error *err);

bool order_check_language(const char *name, struct error *err);
bool order_check_name(const char *name, struct error *err); /* of a file */

/* The order for a program; source is text as cJSON holds it. NULL: out of memory. */
cJSON *order_new(const struct order_wish *w, const char *source);
bool order_add_file(cJSON *order, const char *name, const char *base64, struct error *err);

/* Room for n programs in x, and one more of them; order is taken. */
bool order_make_runs(struct execution *x, size_t n, struct error *err);
bool order_add_run(struct execution *x, const struct order_wish *w, cJSON *order,
                   struct error *err);

/* ---- outcomes and their stages; NULL is an empty one ---- */

const char *outcome_text(const cJSON *object, const char *name);
double outcome_number(const cJSON *object, const char *name);
bool stage_ended(const cJSON *stage, enum sandbox_end end);
bool stage_was_signaled(const cJSON *stage);
bool stage_is_good(const cJSON *stage); /* by itself, with status 0 */

/* `,"key":` and v, or null. */
void outcome_print_member(const char *key, const cJSON *v, struct buffer *out);

#endif
