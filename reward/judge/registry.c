/* reward/judge/registry.c - the table of rewards, and how it is printed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/registry.h"

#include "base/emit.h"
#include "reward/code/code.h"
#include "reward/judge/judge.h"
#include "reward/judge/tables.h"

/* clang-format off */
static const struct reward *const rewards[] = {
    &accuracy_reward,
    &format_reward,
    &language_reward,
    &code_reward,
    &plan_reward,
    &countdown_reward,
    &knights_reward,
    &extract_reward,
    &cosine_reward,
    &length_reward,
    &overlong_reward,
    &repetition_reward,
    &reasoning_steps_reward,
    &schema_reward,
    &regex_reward,
    &contains_reward,
    &instructions_reward,
    &words_reward,
    &tool_calls_reward,
    &sql_reward,
};
/* clang-format on */

enum { N_REWARDS = sizeof(rewards) / sizeof(rewards[0]) };

const struct reward *reward_at(int i)
{
    return i >= 0 && i < N_REWARDS ? rewards[i] : NULL;
}

const struct reward *reward_find(struct span name)
{
    for (int i = 0; i < N_REWARDS; i++) {
        if (span_is(name, rewards[i]->name)) return rewards[i];
    }
    return NULL;
}

static const char *type_name(enum field_kind kind)
{
    static const char *const names[FIELD_KINDS] = {
        [FIELD_BOOL] = "boolean", [FIELD_INT64] = "integer", [FIELD_DOUBLE] = "number",
        [FIELD_TEXT] = "string",  [FIELD_CHOICE] = "choice", [FIELD_VALUE] = "json",
    };
    return names[kind];
}

static void emit_names(struct buffer *out, const char *key, const char *const *names)
{
    emit_array(out, key);
    for (int i = 0; names[i] != NULL; i++) {
        emit_str(out, NULL, names[i]);
    }
    emit_close(out, ']');
}

static void emit_option(const struct field *o, struct buffer *out)
{
    emit_object(out, NULL);
    emit_str(out, "name", o->name);
    emit_str(out, "type", type_name(o->kind));
    emit_json(out, "default", span_str(o->fallback == NULL ? "null" : o->fallback));
    if (o->kind == FIELD_INT64 || o->kind == FIELD_DOUBLE) {
        emit_double(out, "min", o->min);
        emit_double(out, "max", o->max);
    }
    if (o->kind == FIELD_CHOICE) emit_names(out, "choices", o->choices);
    emit_str(out, "doc", o->doc);
    emit_close(out, '}');
}

static void emit_reward(const struct reward *r, struct buffer *out)
{
    emit_object(out, NULL);
    emit_str(out, "name", r->name);
    emit_str(out, "doc", r->doc);
    emit_str(out, "source", r->source);
    emit_array(out, "options");
    for (size_t i = 0; i < fields_count(r->options); i++) {
        emit_option(&r->options[i], out);
    }
    emit_close(out, ']');
    emit_array(out, "fields");
    for (size_t i = 0; i < fields_count(r->fields); i++) {
        emit_object(out, NULL);
        emit_str(out, "name", r->fields[i].name);
        emit_str(out, "doc", r->fields[i].doc);
        emit_close(out, '}');
    }
    emit_close(out, ']');
    if (r->causes != NULL) emit_names(out, "causes", r->causes);
    emit_close(out, '}');
}

bool reward_list_json(struct buffer *out)
{
    emit_object(out, NULL);
    emit_str(out, "rules", REWARD_RULES);
    emit_array(out, "rewards");
    for (int i = 0; i < N_REWARDS; i++) {
        emit_reward(rewards[i], out);
    }
    emit_close(out, ']');
    code_emit_layers(out, "sandbox");
    emit_close(out, '}');
    return !out->failed;
}
