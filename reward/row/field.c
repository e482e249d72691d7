/* reward/row/field.c - what a reward reads of its item, by the rows that describe it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/json.h"
#include "reward/row/row.h"

bool reward_field(const struct reward_call *call, const struct field *row, void *out,
                  struct error *err)
{
    const struct field_context context = {.arena = call->arena};
    const cJSON *v = json_get(call->item, row->name);
    if (v != NULL) return field_read(row, v, out, &context, err);
    return !row->required ||
           error_set(err, ERROR_MISSING_FIELD, row->name, "%s is missing", row->name);
}

const cJSON *reward_option_or_field(const struct reward_call *call, int option, const char *name,
                                    struct error *err)
{
    const struct option_value *o = &call->options[option];
    const cJSON *v = o->given ? o->json : json_get(call->item, name);
    if (v == NULL) error_set(err, ERROR_MISSING_FIELD, name, "%s is missing", name);
    return v;
}
