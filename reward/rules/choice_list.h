/* reward/rules/choice_list.h - the choices of a question, as options and items give them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_RULES_CHOICE_LIST_H
#define REWARD_RULES_CHOICE_LIST_H

#include <cjson/cJSON.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/span.h"

enum { CHOICE_LIST_MAX = 64, CHOICE_LIST_LETTERS = 26 };

struct choice_list {
    struct span names[CHOICE_LIST_MAX];    /* letters, or contents whose letters are A, B, ... */
    struct span contents[CHOICE_LIST_MAX]; /* of each letter, where told */
    bool told;                             /* contents are filled */
    int n;
};

/* Reads ["A", "B"], ["Paris", "London"] or {"A": "Paris", "B": "London"} (at most 26 of the last);
 * texts are copied into a. False: err, with param "choices". */
bool choice_list_read(struct choice_list *list, const cJSON *value, struct arena *a,
                      struct error *err);

#endif
