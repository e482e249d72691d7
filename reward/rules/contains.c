/* reward/rules/contains.c - the response holds given texts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/row.h"

#include <assert.h>

#include "base/json.h"
#include "reward/rules/scope.h"
#include "reward/rules/text.h"
#include "reward/rules/unicode.h"

enum { OPT_TEXTS, OPT_MODE, OPT_SCOPE, OPT_IGNORE_CASE };
enum { MODE_ALL, MODE_ANY, MODE_NONE, MODE_SHARE };
enum { MAX_TEXTS = 256 };

/* A text or a list of texts, none empty. */
static bool check_texts(const cJSON *v, struct error *err)
{
    const cJSON *one;
    int i = 0;
    if (cJSON_IsString(v) && v->valuestring[0] != '\0') return true;
    if (!cJSON_IsArray(v) || cJSON_GetArraySize(v) < 1 || cJSON_GetArraySize(v) > MAX_TEXTS) {
        return error_set(err, ERROR_INVALID_TYPE, "texts",
                         "texts must be a text or a list of 1 to %d texts, none empty", MAX_TEXTS);
    }
    cJSON_ArrayForEach(one, v)
    {
        if (!cJSON_IsString(one) || one->valuestring[0] == '\0') {
            error_set(err, ERROR_INVALID_TYPE, NULL, "must be a text that is not empty");
            return error_in(err, "texts[%d]", i);
        }
        i++;
    }
    return true;
}

static bool prepare(const struct option_value *o, void **out, struct error *err)
{
    *out = NULL;
    return !o[OPT_TEXTS].given || check_texts(o[OPT_TEXTS].json, err);
}

struct tally {
    int all, found;
    struct span first_missing, first_found; /* p NULL: none */
};

/* False: the arena is full. */
static bool look_for(const struct reward_call *call, struct span text, const cJSON *one,
                     struct tally *t)
{
    struct span what = json_text(one, call->arena), needle = what;
    if (call->options[OPT_IGNORE_CASE].on) needle = unicode_lower(what, call->arena);
    if (needle.p == NULL) return false;
    bool found = span_find(text, needle, 0) != SPAN_NONE;
    t->all++;
    t->found += found;
    struct span *first = found ? &t->first_found : &t->first_missing;
    if (first->p == NULL) *first = what;
    return true;
}

static bool look_for_all(const struct reward_call *call, const cJSON *texts, struct tally *t)
{
    struct span text = scope_text(call, call->options[OPT_SCOPE].choice);
    const cJSON *one;
    if (call->options[OPT_IGNORE_CASE].on) {
        text = unicode_lower(text, call->arena);
        if (text.p == NULL) return false;
    }
    if (!cJSON_IsArray(texts)) return look_for(call, text, texts, t);
    cJSON_ArrayForEach(one, texts)
    {
        if (!look_for(call, text, one, t)) return false;
    }
    return true;
}

static double value_of(int mode, const struct tally *t)
{
    assert(t->found >= 0 && t->found <= t->all && t->all > 0);
    switch (mode) {
    case MODE_ALL:
        return t->found == t->all;
    case MODE_ANY:
        return t->found > 0;
    case MODE_NONE:
        return t->found == 0;
    default:
        return (double)t->found / t->all;
    }
}

static enum score_status score(const struct reward_call *call, struct reward_out *out)
{
    const struct option_value *o = call->options;
    const cJSON *texts = reward_option_or_field(call, OPT_TEXTS, "texts", out->err);
    struct tally t = {0};
    if (texts == NULL) return SCORE_FAULT;
    if (!o[OPT_TEXTS].given && !check_texts(texts, out->err)) return SCORE_FAULT;
    if (!look_for_all(call, texts, &t)) return text_too_large(out);
    out->value = value_of(o[OPT_MODE].choice, &t);
    detail_number(out, "found", t.found);
    detail_number(out, "of", t.all);
    if (t.first_missing.p != NULL) detail_text(out, "missing", t.first_missing);
    if (out->value >= 1) return SCORE_DONE;
    bool unwanted = o[OPT_MODE].choice == MODE_NONE;
    out->cause = unwanted ? "unwanted_text" : "missing_text";
    if (unwanted) detail_text(out, "unwanted", t.first_found);
    return SCORE_DONE;
}

static const char *const modes[] = {"all", "any", "none", "share", NULL};
static const char *const causes[] = {"missing_text", "unwanted_text", "too_large", NULL};

static const struct field options[] = {
    {.name = "texts",
     .kind = FIELD_VALUE,
     .doc = "a text or a list of texts; else the item's field"},
    {.name = "mode",
     .kind = FIELD_CHOICE,
     .fallback = "\"all\"",
     .choices = modes,
     .doc = "1 when all, any or none of them are there; or the share that is"},
    SCOPE_OPTION("\"answer\""),
    IGNORE_CASE_OPTION,
    {0},
};

static const struct field fields[] = {
    {"texts", FIELD_VALUE, .doc = "as the option"},
    {0},
};

const struct reward contains_reward = {
    .name = "contains",
    .doc = "1 when the response holds the texts",
    .source = "IFEval, arXiv 2311.07911 (keywords)",
    .options = options,
    .fields = fields,
    .causes = causes,
    .is_rule = true,
    .prepare = prepare,
    .score = score,
};
