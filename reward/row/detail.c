/* reward/row/detail.c - members of a part's "details" object, written straight as JSON.
 *
 * The buffer holds `{`-terminated text or a member whenever a key is added, so the last byte says
 * whether a comma is due. The job opens each part's object and closes it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/row.h"

#include "base/json.h"

void detail_key(struct reward_out *out, const char *key)
{
    if (out->details->n > 0 && out->details->p[out->details->n - 1] != '{') {
        buffer_add_char(out->details, ',');
    }
    buffer_add_char(out->details, '"');
    buffer_add_str(out->details, key);
    buffer_add(out->details, "\":", 2);
}

void detail_text(struct reward_out *out, const char *key, struct span value)
{
    detail_key(out, key);
    json_print_text(value, out->details);
}

void detail_number(struct reward_out *out, const char *key, double value)
{
    detail_key(out, key);
    json_print_number(value, out->details);
}

void detail_bool(struct reward_out *out, const char *key, bool value)
{
    detail_key(out, key);
    buffer_add_str(out->details, value ? "true" : "false");
}

void detail_null(struct reward_out *out, const char *key)
{
    detail_key(out, key);
    buffer_add_str(out->details, "null");
}
