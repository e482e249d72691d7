/* reward/judge/item.h - one item of a request: its fields checked, and the call that rewards see.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_ITEM_H
#define REWARD_JUDGE_ITEM_H

#include "reward/registry.h"

/* Fields every item may have; those of the registry's rows come after them. */
enum item_field {
    ITEM_ID,
    ITEM_PROMPT,
    ITEM_COMPLETION,
    ITEM_ANSWER,
    ITEM_GROUP,
    ITEM_REWARDS,
    ITEM_PREFILL,
    ITEM_METADATA, /* the caller's own; not read */
    ITEM_ON_CANNOT_JUDGE,
    ITEM_FIELDS
};

/* Check that item is an object whose every key is known and given once, and gather the common
 * fields (NULL where absent or null). False and err->param = the key. */
bool item_check(const cJSON *item, const cJSON *fields[ITEM_FIELDS], struct error *err);

/* Fill the parts of call that come from the item: prompt, completion, answer, ... Texts borrow from
 * item or a. call->options, prepared and what the job knows are the caller's to set. */
bool item_call(const cJSON *const fields[ITEM_FIELDS], const cJSON *item, struct arena *a,
               struct reward_call *call, struct error *err);

#endif
