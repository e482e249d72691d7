/* reward/rules/length_unit.c - see length_unit.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/rules/length_unit.h"

#include <assert.h>

#include "base/json.h"
#include "base/utf8.h"

const char *const length_unit_names[] = {
    [LENGTH_CHARS] = "chars", [LENGTH_TOKENS] = "tokens", NULL};

static bool count_tokens(const struct reward_call *call, double *out, struct error *err)
{
    const cJSON *ids = json_get(call->item, "ids");
    if (call->token_ids != NULL) {
        *out = (double)call->n_token_ids;
        return true;
    }
    if (cJSON_IsArray(ids)) {
        *out = cJSON_GetArraySize(ids);
        return true;
    }
    long n =
        call->count_tokens == NULL ? -1 : call->count_tokens(call->count_arg, call->completion);
    *out = (double)n;
    return n >= 0 || error_set(err, ERROR_MISSING_FIELD, "token_count",
                               "no tokenizer is loaded: the item needs token_count, ids or length");
}

static const struct field rows[] = {LENGTH_FIELDS};
enum { ROW_LENGTH, ROW_TOKEN_COUNT };

bool length_of(const struct reward_call *call, enum length_unit unit, double *out,
               struct error *err)
{
    *out = -1;
    if (!reward_field(call, &rows[ROW_LENGTH], out, err)) return false;
    if (*out >= 0) return true;
    if (unit == LENGTH_CHARS) {
        *out = (double)utf8_count(call->completion);
        return true;
    }
    if (!reward_field(call, &rows[ROW_TOKEN_COUNT], out, err)) return false;
    assert(unit == LENGTH_TOKENS);
    return *out >= 0 || count_tokens(call, out, err);
}

bool length_tell(const struct reward_call *call, enum length_unit unit, double *n,
                 struct reward_out *out)
{
    if (!length_of(call, unit, n, out->err)) return false;
    detail_text(out, "unit", span_str(length_unit_names[unit]));
    detail_number(out, "length", *n);
    return true;
}
