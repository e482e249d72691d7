/* reward/rules/schema.c - the answer is JSON of a schema.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/row.h"

#include "base/json.h"
#include "reward/rules/json_schema.h"
#include "reward/rules/scope.h"
#include "reward/rules/text.h"

enum { OPT_SCHEMA, OPT_SCOPE, OPT_FENCE };

static bool prepare(const struct option_value *o, void **out, struct error *err)
{
    *out = NULL;
    return !o[OPT_SCHEMA].given || json_schema_check(o[OPT_SCHEMA].json, err) ||
           error_in(err, "schema");
}

/* What the last closed ``` fence of text holds, without the language, whatever stands around it; text
 * itself when it has none. A fence is a line's first three back quotes. */
static struct span without_fence(struct span text)
{
    struct span fence = span_str("```"), inside = text;
    size_t body = SPAN_NONE; /* of the fence that is open */
    for (size_t line = 0; line < text.n;) {
        const char *end = memchr(text.p + line, '\n', text.n - line);
        size_t next = end == NULL ? text.n : (size_t)(end - text.p) + 1;
        struct span head = span_trim(span_slice(text, line, next));
        if (span_starts(head, fence) && body == SPAN_NONE) {
            body = next;
        } else if (span_is(head, "```") && body != SPAN_NONE) {
            inside = span_trim(span_slice(text, body, line));
            body = SPAN_NONE;
        }
        line = next;
    }
    return inside;
}

static enum score_status judge(const cJSON *schema, const cJSON *value, struct arena *a,
                               struct reward_out *out)
{
    struct json_schema_fault fault;
    enum json_schema_result result = json_schema_validate(schema, value, a, &fault);
    if (result == JSON_SCHEMA_TOO_HARD) return text_too_large(out);
    out->value = result == JSON_SCHEMA_VALID ? 1 : 0;
    out->cause = result == JSON_SCHEMA_VALID ? "valid" : "violates";
    if (result == JSON_SCHEMA_INVALID) {
        detail_text(out, "path", span_str(fault.path));
        detail_text(out, "keyword", span_str(fault.keyword == NULL ? "" : fault.keyword));
    }
    return SCORE_DONE;
}

static enum score_status score(const struct reward_call *call, struct reward_out *out)
{
    const struct option_value *o = call->options;
    const cJSON *schema = reward_option_or_field(call, OPT_SCHEMA, "schema", out->err);
    if (schema == NULL) return SCORE_FAULT;
    if (!o[OPT_SCHEMA].given && !json_schema_check(schema, out->err)) {
        error_in(out->err, "schema");
        return SCORE_FAULT;
    }
    struct span text = scope_text(call, o[OPT_SCOPE].choice);
    if (o[OPT_FENCE].on) text = without_fence(span_trim(text));
    struct error why = {0};
    cJSON *value = json_parse(text, &why);
    if (value == NULL) {
        out->cause = "not_json";
        detail_text(out, "message", span_str(why.message));
        return SCORE_DONE;
    }
    enum score_status status = judge(schema, value, call->arena, out);
    cJSON_Delete(value);
    return status;
}

static const char *const causes[] = {"valid", "violates", "not_json", "too_large", NULL};

static const struct field options[] = {
    {.name = "schema",
     .kind = FIELD_VALUE,
     .doc = "a JSON Schema (the part in docs/rewards.md); else the item's field"},
    SCOPE_OPTION("\"answer\""),
    {.name = "fence",
     .kind = FIELD_BOOL,
     .fallback = "true",
     .doc = "take off a ``` fence around the whole"},
    {0},
};

static const struct field fields[] = {
    {"schema", FIELD_VALUE, .doc = "as the option"},
    {0},
};

const struct reward schema_reward = {
    .name = "schema",
    .doc = "1 when the answer is JSON of a schema",
    .source = "JSON Schema 2020-12",
    .options = options,
    .fields = fields,
    .causes = causes,
    .is_rule = true,
    .prepare = prepare,
    .score = score,
};
