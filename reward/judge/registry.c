/* reward/judge/registry.c - the table of rewards, and how it is printed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/registry.h"

#include "base/json.h"
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

static const char *type_name(enum option_type type)
{
    static const char *const names[] = {
        [OPTION_BOOL] = "boolean", [OPTION_INT] = "integer",   [OPTION_REAL] = "number",
        [OPTION_TEXT] = "string",  [OPTION_CHOICE] = "choice", [OPTION_JSON] = "json",
    };
    return names[type];
}

static void print_member(struct buffer *out, const char *key, const char *text)
{
    if (out->n > 0 && out->p[out->n - 1] != '{') buffer_add_char(out, ',');
    buffer_addf(out, "\"%s\":", key);
    json_print_text(span_str(text), out);
}

static void print_names(struct buffer *out, const char *key, const char *const *names)
{
    buffer_addf(out, ",\"%s\":[", key);
    for (int i = 0; names[i] != NULL; i++) {
        if (i > 0) buffer_add_char(out, ',');
        json_print_text(span_str(names[i]), out);
    }
    buffer_add_char(out, ']');
}

static void print_option(const struct reward_option *o, struct buffer *out)
{
    buffer_add_char(out, '{');
    print_member(out, "name", o->name);
    print_member(out, "type", type_name(o->type));
    buffer_addf(out, ",\"default\":%s", o->fallback == NULL ? "null" : o->fallback);
    if (o->type == OPTION_INT || o->type == OPTION_REAL) {
        buffer_add_str(out, ",\"min\":");
        json_print_number(o->min, out);
        buffer_add_str(out, ",\"max\":");
        json_print_number(o->max, out);
    }
    if (o->type == OPTION_CHOICE) print_names(out, "choices", o->choices);
    print_member(out, "doc", o->doc);
    buffer_add_char(out, '}');
}

static void print_fields(const struct reward *r, struct buffer *out)
{
    buffer_add_str(out, ",\"fields\":[");
    for (int i = 0; i < r->n_fields; i++) {
        buffer_add_str(out, i == 0 ? "{" : ",{");
        print_member(out, "name", r->fields[i].name);
        print_member(out, "doc", r->fields[i].doc);
        buffer_add_char(out, '}');
    }
    buffer_add_char(out, ']');
}

static void print_reward(const struct reward *r, struct buffer *out)
{
    buffer_add_char(out, '{');
    print_member(out, "name", r->name);
    print_member(out, "doc", r->doc);
    print_member(out, "source", r->source);
    buffer_add_str(out, ",\"options\":[");
    for (int i = 0; i < r->n_options; i++) {
        if (i > 0) buffer_add_char(out, ',');
        print_option(&r->options[i], out);
    }
    buffer_add_char(out, ']');
    print_fields(r, out);
    if (r->causes != NULL) print_names(out, "causes", r->causes);
    buffer_add_char(out, '}');
}

bool reward_list_json(struct buffer *out)
{
    buffer_add_char(out, '{');
    print_member(out, "rules", REWARD_RULES);
    buffer_add_str(out, ",\"rewards\":[");
    for (int i = 0; i < N_REWARDS; i++) {
        if (i > 0) buffer_add_char(out, ',');
        print_reward(rewards[i], out);
    }
    buffer_add_str(out, "],\"sandbox\":");
    code_layers_json(out);
    buffer_add_char(out, '}');
    return !out->failed;
}
