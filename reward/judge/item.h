/* reward/judge/item.h - one item of a request: its fields checked, and the call that rewards see.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_ITEM_H
#define REWARD_JUDGE_ITEM_H

#include <pthread.h>

#include "reward/row/row.h"

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

/* What the model wrote, as it came in an item's fields or straight from a sampler. */
struct spoken {
    struct span completion; /* the whole response, without the prefill */
    bool has_reasoning;     /* it came in two: */
    struct span reasoning, content;
};

/* An item checked, once: its fields looked up. Read only from then on, so threads may share it. */
struct item {
    const cJSON *json;                /* borrowed */
    const cJSON *fields[ITEM_FIELDS]; /* NULL where absent or null */
};

/* Check that json is an object whose every key is known and given once, and that the common fields
 * are of their types; what is said, and in which group, may be there (`whole`) or must not. False and
 * err->param = the key. */
bool item_read(const cJSON *json, bool whole, struct item *out, struct error *err);

/* What a part without a value counts for. */
struct unjudged {
    bool counts; /* false: the item has no reward then */
    double value;
};

/* value NaN: not said, and none counts. */
struct unjudged unjudged_of(double value);

#define ITEM_MOST_UNJUDGED 1e9

/* The item's own, into out, which stays as it is where the item does not say. False names the field. */
bool item_unjudged(const struct item *item, struct unjudged *out, struct error *err);

/* May v, which may be NULL, be an item's answer? False names it, or the element that is wrong, by
 * what the client calls it. */
bool item_check_answer(const cJSON *v, const char *name, struct error *err);

/* Fill the parts of call that come from the item: prompt, answer, and the completion unless it
 * comes from `spoken` (NULL: the item's own). Texts borrow from both or a. call->options, prepared
 * and what the caller knows are the caller's to set. False when a text is malformed or too large. */
bool item_call(const struct item *item, const struct spoken *spoken, struct arena *a,
               struct reward_call *call, struct error *err);

/* Append as JSON what a reward may read of the item: all but the completion, and what is the
 * judge's own business. */
void item_print(const struct item *item, struct buffer *out);

/* The same, printed once however many samples and threads ask for it. */
struct item_text {
    pthread_mutex_t lock; /* guards text until it is made; it never changes afterwards */
    struct buffer text;
    bool made;
};

/* An item is at most limit_bytes long. */
void item_text_init(struct item_text *t, size_t limit_bytes);

/* Free the text. */
void item_text_clear(struct item_text *t);

/* item's text, good until item_text_clear(); p NULL: too large, or memory is out. */
struct span item_text_get(struct item_text *t, const struct item *item);

#endif
