/* reward/rules/length_unit.h - how long a completion is, in the unit a reward asks for.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_RULES_LENGTH_UNIT_H
#define REWARD_RULES_LENGTH_UNIT_H

#include "reward/row/row.h"

/* Rows of the item's fields, for rewards that measure. */
#define LENGTH_MOST 1e12
#define LENGTH_FIELDS                                                                              \
    {"length", FIELD_DOUBLE, .max = LENGTH_MOST,                                                   \
     .doc = "the completion's length in the reward's unit, instead of counting"},                  \
    {"token_count", FIELD_DOUBLE, .max = LENGTH_MOST, .doc = "tokens of the completion"},          \
    {"ids", FIELD_VALUE, .doc = "token ids of the completion"}

enum length_unit { LENGTH_CHARS, LENGTH_TOKENS };

/* Names of the units for an option row, NULL-terminated. */
extern const char *const length_unit_names[];

/* The item's own "length" if it has one; else code points of the completion, or its tokens: the
 * item's "token_count", the number of its "ids", or what the served model's tokenizer makes of the
 * text. False: a field is wrong, or tokens cannot be counted. */
bool length_of(const struct reward_call *call, enum length_unit unit, double *out,
               struct error *err);

/* length_of(), told among the details: "unit" and "length". False: out->err says why. */
bool length_tell(const struct reward_call *call, enum length_unit unit, double *n,
                 struct reward_out *out);

#endif
