/* server/generate/output_form.c - see output_form.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/output_form.h"

#include <limits.h>
#include <string.h>

#include "base/json.h"
#include "server/generate/sampling_params.h"

static bool wrong(const cJSON *v, const char *wanted, struct error *err)
{
    return error_set(err, ERROR_INVALID_TYPE, NULL, "must be %s, not %s", wanted,
                     json_type_name(v));
}

/* An array of strings -> the choices; how many and how long they may be says the compiler. */
static bool read_choices(const struct field_context *context, const cJSON *value, const char *field,
                         struct sampling_params *p, struct error *err)
{
    size_t n = cJSON_IsArray(value) ? (size_t)cJSON_GetArraySize(value) : 0, i = 0;
    if (n == 0) return wrong(value, "an array of strings, not empty", err);
    const char **choices = arena_alloc(context->arena, n, sizeof(*choices));
    if (choices == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the choices");
    const cJSON *v;
    cJSON_ArrayForEach(v, value)
    {
        choices[i] = cJSON_GetStringValue(v);
        if (choices[i] == NULL) {
            wrong(v, "a string", err);
            return error_in(err, "[%zu]", i);
        }
        if (json_has_nul(v)) {
            error_set(err, ERROR_UNSUPPORTED, NULL, "a choice cannot hold U+0000");
            return error_in(err, "[%zu]", i);
        }
        i++;
    }
    p->form.type = FORM_CHOICE;
    p->form.choices = choices;
    p->form.n_choices = (int)(n < INT_MAX ? n : INT_MAX);
    p->form_field = field;
    return true;
}

bool output_form_read_choices(const struct field_context *context, const cJSON *value, void *out,
                              struct error *err)
{
    return read_choices(context, value, "guided_choice", out, err);
}

static bool read_choice(const struct field_context *context, const cJSON *value, void *out,
                        struct error *err)
{
    return read_choices(context, value, "structured_outputs.choice", out, err);
}

static bool read_json_object(const struct field_context *context, const cJSON *value, void *out,
                             struct error *err)
{
    struct sampling_params *p = out;
    (void)context;
    if (!cJSON_IsBool(value)) return wrong(value, "true or false", err);
    if (cJSON_IsTrue(value)) p->form.type = FORM_JSON_OBJECT;
    p->form_field = "structured_outputs.json_object";
    return true;
}

/* OpenAI's: {"type": "text" | "json_object"}. */
bool output_form_read_response_format(const struct field_context *context, const cJSON *value,
                                      void *out, struct error *err)
{
    struct sampling_params *p = out;
    (void)context;
    if (!cJSON_IsObject(value)) return wrong(value, "an object", err);
    const char *type = cJSON_GetStringValue(json_get(value, "type"));
    if (type == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "response_format.type", "a type is needed");
    }
    if (strcmp(type, "json_object") == 0) p->form.type = FORM_JSON_OBJECT;
    p->form_field = "response_format";
    if (strcmp(type, "json_object") == 0 || strcmp(type, "text") == 0) return true;
    return error_set(
        err, ERROR_UNSUPPORTED, "response_format.type",
        "response_format \"%.40s\" is not supported by this server; \"json_object\" is", type);
}

/* vLLM's: one kind, and how it is written. */
bool output_form_read_structured(const struct field_context *context, const cJSON *value, void *out,
                                 struct error *err)
{
    static const struct field kinds[] = {
        {"choice", FIELD_READ, .offset = 0, .read = read_choice},
        {"json_object", FIELD_READ, .offset = 0, .read = read_json_object},
        {"json", .kind = FIELD_REFUSED},
        {"regex", .kind = FIELD_REFUSED},
        {"grammar", .kind = FIELD_REFUSED},
        {"structural_tag", .kind = FIELD_REFUSED},
        {"disable_any_whitespace", FIELD_REFUSED, .neutral = "false"},
        {"disable_additional_properties", FIELD_REFUSED, .neutral = "false"},
        {"whitespace_pattern", .kind = FIELD_REFUSED},
    };
    struct field_table table = FIELD_TABLE(kinds, out);
    const struct sampling_params *p = out;
    if (!cJSON_IsObject(value)) return wrong(value, "an object", err);
    if (!fields_read(value, &table, 1, context, err)) return error_in(err, "structured_outputs");
    if (p->form.type != FORM_NONE) return true;
    return error_set(err, ERROR_MISSING_FIELD, "structured_outputs", "a kind is needed: choice");
}

bool output_form_compile(struct engine *engine, struct sampling_params *p, struct error *err)
{
    if (p->form.type == FORM_NONE) return true;
    p->engine.form = engine_form(engine, &p->form, err);
    return p->engine.form != NULL || error_in(err, "%s", p->form_field);
}
