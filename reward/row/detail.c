/* reward/row/detail.c - members of a part's "details" object, written straight as JSON.
 *
 * The job opens each part's object and closes it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/emit.h"
#include "reward/row/row.h"

void detail_array(struct reward_out *out, const char *key)
{
    emit_array(out->details, key);
}

void detail_object(struct reward_out *out, const char *key)
{
    emit_object(out->details, key);
}

void detail_close(struct reward_out *out, char bracket)
{
    emit_close(out->details, bracket);
}

void detail_text(struct reward_out *out, const char *key, struct span value)
{
    emit_text(out->details, key, value);
}

void detail_number(struct reward_out *out, const char *key, double value)
{
    emit_double(out->details, key, value);
}

void detail_bool(struct reward_out *out, const char *key, bool value)
{
    emit_bool(out->details, key, value);
}

void detail_null(struct reward_out *out, const char *key)
{
    emit_null(out->details, key);
}
