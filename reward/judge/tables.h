/* reward/judge/tables.h - what needs no judge: the list of rewards, advantages, pass@k; body in, reply out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_TABLES_H
#define REWARD_JUDGE_TABLES_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/fields.h"

/* GET /verify/rewards: every reward with its options, defaults, ranges and source. */
bool reward_list_json(struct buffer *out);

/* The tables of their bodies. */
extern const struct field *const reward_advantages_fields[], *const reward_pass_at_k_fields[];

/* POST /verify/advantages and /verify/pass_at_k: body in, reply appended to out. */
bool reward_advantages_json(const cJSON *body, struct buffer *out, struct error *err);

/* POST /verify/pass_at_k, likewise. */
bool reward_pass_at_k_json(const cJSON *body, struct buffer *out, struct error *err);

#endif
