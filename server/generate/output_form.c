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

/* The client asks for a form by a field: by one alone. */
static bool ask(struct sampling_params *p, enum form_type type, const char *field,
                struct error *err)
{
    if (p->form.type != FORM_NONE) {
        return error_set(err, ERROR_INVALID_VALUE, NULL, "a form is asked for by %s already",
                         p->form_field);
    }
    p->form.type = type;
    p->form_field = field;
    return true;
}

/* An array of strings -> the choices; how many and how long they may be says the compiler. */
static bool read_choices(const struct field_context *context, const cJSON *value, const char *field,
                         struct sampling_params *p, struct error *err)
{
    size_t n = cJSON_IsArray(value) ? (size_t)cJSON_GetArraySize(value) : 0, i = 0;
    if (!cJSON_IsArray(value)) return wrong(value, "an array of strings", err);
    if (n == 0) {
        return error_set(err, ERROR_INVALID_VALUE, NULL, "%s is empty: at least one choice is needed",
                         field);
    }
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
    p->form.choices = choices;
    p->form.n_choices = (int)(n < INT_MAX ? n : INT_MAX);
    return ask(p, FORM_CHOICE, field, err);
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
    return cJSON_IsFalse(value) || ask(p, FORM_JSON_OBJECT, "structured_outputs.json_object", err);
}

/* A pattern or a grammar; "" asks for nothing. */
static bool read_text(const cJSON *value, enum form_type type, const char *field,
                      const struct field_context *context, struct sampling_params *p,
                      struct error *err)
{
    if (!cJSON_IsString(value)) return wrong(value, "a string", err);
    p->form.text = json_text(value, context->arena);
    if (p->form.text.p == NULL) {
        return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the form");
    }
    return p->form.text.n == 0 || ask(p, type, field, err);
}

/* A form that is told by a JSON value. */
static bool read_json(const cJSON *value, enum form_type type, const char *field,
                      const struct field_context *context, struct sampling_params *p,
                      struct error *err)
{
    struct buffer text;
    buffer_init(&text, FORM_KEY_BYTES);
    bool fits = json_print(value, &text);
    p->form.text = span_of(fits ? arena_str(context->arena, buffer_span(&text)) : NULL, text.n);
    buffer_clear(&text);
    if (!fits) return error_set(err, ERROR_TOO_LARGE, NULL, "the form is too large");
    if (p->form.text.p == NULL) {
        return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the form");
    }
    return ask(p, type, field, err);
}

/* A schema, or a schema as text. */
static bool read_schema(const cJSON *value, const char *field, const struct field_context *context,
                        struct sampling_params *p, struct error *err)
{
    if (cJSON_IsString(value)) return read_text(value, FORM_SCHEMA, field, context, p, err);
    if (!cJSON_IsObject(value) && !cJSON_IsBool(value)) {
        return wrong(value, "a schema: an object, true or false", err);
    }
    return read_json(value, FORM_SCHEMA, field, context, p, err);
}

bool output_form_read_guided_json(const struct field_context *context, const cJSON *value,
                                  void *out, struct error *err)
{
    return read_schema(value, "guided_json", context, out, err);
}

bool output_form_read_guided_regex(const struct field_context *context, const cJSON *value,
                                   void *out, struct error *err)
{
    return read_text(value, FORM_REGEX, "guided_regex", context, out, err);
}

bool output_form_read_guided_grammar(const struct field_context *context, const cJSON *value,
                                     void *out, struct error *err)
{
    return read_text(value, FORM_GRAMMAR, "guided_grammar", context, out, err);
}

bool output_form_read_sglang_schema(const struct field_context *context, const cJSON *value,
                                    void *out, struct error *err)
{
    return read_schema(value, "sampling_params.json_schema", context, out, err);
}

bool output_form_read_sglang_regex(const struct field_context *context, const cJSON *value,
                                   void *out, struct error *err)
{
    return read_text(value, FORM_REGEX, "sampling_params.regex", context, out, err);
}

bool output_form_read_sglang_ebnf(const struct field_context *context, const cJSON *value,
                                  void *out, struct error *err)
{
    return read_text(value, FORM_GRAMMAR, "sampling_params.ebnf", context, out, err);
}

bool output_form_read_regex(const struct field_context *context, const cJSON *value, void *out,
                            struct error *err)
{
    return read_text(value, FORM_REGEX, "regex", context, out, err);
}

bool output_form_read_ebnf(const struct field_context *context, const cJSON *value, void *out,
                           struct error *err)
{
    return read_text(value, FORM_GRAMMAR, "ebnf", context, out, err);
}

bool output_form_read_llama_schema(const struct field_context *context, const cJSON *value,
                                   void *out, struct error *err)
{
    return read_schema(value, "json_schema", context, out, err);
}

bool output_form_read_format(const struct field_context *context, const cJSON *value, void *out,
                             struct error *err)
{
    return read_schema(value, "format", context, out, err);
}

bool output_form_read_any_object(const struct field_context *context, const cJSON *value, void *out,
                                 struct error *err)
{
    (void)context;
    (void)value;
    return ask(out, FORM_JSON_OBJECT, "format", err);
}

bool output_form_read_llama_grammar(const struct field_context *context, const cJSON *value,
                                    void *out, struct error *err)
{
    return read_text(value, FORM_GRAMMAR, "grammar", context, out, err);
}

static bool read_structured_json(const struct field_context *context, const cJSON *value, void *out,
                                 struct error *err)
{
    return read_schema(value, "structured_outputs.json", context, out, err);
}

static bool read_structured_regex(const struct field_context *context, const cJSON *value,
                                  void *out, struct error *err)
{
    return read_text(value, FORM_REGEX, "structured_outputs.regex", context, out, err);
}

static bool read_structured_grammar(const struct field_context *context, const cJSON *value,
                                    void *out, struct error *err)
{
    return read_text(value, FORM_GRAMMAR, "structured_outputs.grammar", context, out, err);
}

/* A structural tag, an object or its text. */
static bool read_tags(const cJSON *value, const char *field, const struct field_context *context,
                      struct sampling_params *p, struct error *err)
{
    if (cJSON_IsString(value)) return read_text(value, FORM_TAGS, field, context, p, err);
    if (!cJSON_IsObject(value)) return wrong(value, "a structural tag, an object or its text", err);
    return read_json(value, FORM_TAGS, field, context, p, err);
}

static bool read_structured_tags(const struct field_context *context, const cJSON *value, void *out,
                                 struct error *err)
{
    return read_tags(value, "structured_outputs.structural_tag", context, out, err);
}

bool output_form_read_sglang_tags(const struct field_context *context, const cJSON *value,
                                  void *out, struct error *err)
{
    return read_tags(value, "sampling_params.structural_tag", context, out, err);
}

static bool read_compact(const struct field_context *context, const cJSON *value, void *out,
                         struct error *err)
{
    struct sampling_params *p = out;
    (void)context;
    if (!cJSON_IsBool(value)) return wrong(value, "true or false", err);
    p->form.space = cJSON_IsTrue(value) ? SCHEMA_SPACE_COMPACT : SCHEMA_SPACE_USUAL;
    return true;
}

/* {"name", "schema", "strict", "description"} of OpenAI's json_schema. */
static bool read_named_schema(const cJSON *value, const struct field_context *context,
                              struct sampling_params *p, struct error *err)
{
    static const char *const members[] = {"name", "schema", "strict", "description", NULL};
    const cJSON *strict = json_get(value, "strict"), *schema = json_get(value, "schema");
    if (!cJSON_IsObject(value)) {
        return error_set(err, ERROR_MISSING_FIELD, NULL, "an object with a schema is needed");
    }
    if (!json_check_keys(value, members, err)) return false;
    if (strict != NULL && !cJSON_IsBool(strict)) {
        wrong(strict, "true or false", err);
        return error_in(err, "strict");
    }
    p->form.strict = cJSON_IsTrue(strict);
    if (schema == NULL) return error_set(err, ERROR_MISSING_FIELD, "schema", "a schema is needed");
    return read_schema(schema, "response_format.json_schema.schema", context, p, err) ||
           error_in(err, "schema");
}

/* As json_check_keys(), but a member that is null is none. */
static bool check_members(const cJSON *value, const char *const *names, struct error *err)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, value)
    {
        int i = 0;
        while (names[i] != NULL && strcmp(names[i], one->string) != 0) {
            i++;
        }
        if (names[i] == NULL && !cJSON_IsNull(one)) return json_check_keys(value, names, err);
    }
    return true;
}

/* What a type of response_format may have beside it. */
static bool check_response_format(const cJSON *value, const char *type, struct error *err)
{
    static const struct {
        const char *type, *members[5];
    } rows[] = {{"text", {"type", NULL}},
                {"json_object", {"type", "schema", NULL}},
                {"json_schema", {"type", "json_schema", NULL}},
                {"structural_tag", {"type", "format", "structures", "triggers", NULL}}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(type, rows[i].type) == 0) return check_members(value, rows[i].members, err);
    }
    return error_set(err, ERROR_UNSUPPORTED, "type",
                     "\"%.40s\" is not supported; \"text\", \"json_object\", \"json_schema\" and "
                     "\"structural_tag\" are",
                     type);
}

/* OpenAI's types; llama-server's json_object has a schema of its own; vLLM's and SGLang's
 * structural_tag (engine/sample/form/tags.h). */
bool output_form_read_response_format(const struct field_context *context, const cJSON *value,
                                      void *out, struct error *err)
{
    struct sampling_params *p = out;
    if (!cJSON_IsObject(value)) return wrong(value, "an object", err);
    const char *type = cJSON_GetStringValue(json_get(value, "type"));
    const cJSON *schema = json_get(value, "schema");
    if (type == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "type", "a type is needed");
    }
    if (!check_response_format(value, type, err)) return false;
    if (strcmp(type, "text") == 0) return true;
    if (strcmp(type, "structural_tag") == 0) {
        return read_tags(value, "response_format", context, p, err);
    }
    if (strcmp(type, "json_schema") == 0) {
        return read_named_schema(json_get(value, "json_schema"), context, p, err) ||
               error_in(err, "json_schema");
    }
    if (schema == NULL) return ask(p, FORM_JSON_OBJECT, "response_format", err);
    return read_schema(schema, "response_format.schema", context, p, err) ||
           error_in(err, "schema");
}

bool output_form_read_flat(const struct field_context *context, const cJSON *value,
                           const char *field, const char *schema_field, struct sampling_params *p,
                           struct error *err)
{
    static const char *const members[] = {"type",   "schema",      "strict",
                                          "name", "description", NULL};
    if (!cJSON_IsObject(value)) return wrong(value, "an object", err);
    const char *type = cJSON_GetStringValue(json_get(value, "type"));
    const cJSON *schema = json_get(value, "schema"), *strict = json_get(value, "strict");
    if (type == NULL) return error_set(err, ERROR_MISSING_FIELD, "type", "a type is needed");
    if (!check_members(value, members, err)) return false;
    if (strict != NULL && !cJSON_IsBool(strict)) {
        wrong(strict, "true or false", err);
        return error_in(err, "strict");
    }
    if (strcmp(type, "text") == 0) return true;
    if (strcmp(type, "json_object") == 0) return ask(p, FORM_JSON_OBJECT, field, err);
    if (strcmp(type, "json_schema") != 0) {
        return error_set(err, ERROR_UNSUPPORTED, "type",
                         "\"%.40s\" is not supported; \"text\", \"json_object\" and "
                         "\"json_schema\" are",
                         type);
    }
    if (schema == NULL) return error_set(err, ERROR_MISSING_FIELD, "schema", "a schema is needed");
    p->form.strict = cJSON_IsTrue(strict);
    return read_schema(schema, schema_field, context, p, err) || error_in(err, "schema");
}

/* An object that asks for no form: it has no member, or its fault is told. */
static bool asks_for_nothing(const cJSON *object, struct error *err)
{
    const cJSON *v, *member = NULL;
    cJSON_ArrayForEach(v, object)
    {
        if (cJSON_IsString(v)) /* what else a string says was read */
            return error_set(err, ERROR_INVALID_VALUE, v->string, "must not be empty");
        if (!cJSON_IsNull(v)) member = v;
    }
    return member == NULL || error_set(err, ERROR_MISSING_FIELD, NULL,
                                       "a kind is needed: json, regex, choice, grammar, "
                                       "json_object or structural_tag");
}

static const struct field kinds[] = {
    {"choice", FIELD_READ, .offset = 0, .read = read_choice,
     .shape = "string[]", .doc = "the output is one of these texts"},
    {"json_object", FIELD_READ, .offset = 0, .read = read_json_object,
     .shape = "boolean", .doc = "the output is any JSON object"},
    {"json", FIELD_READ, .offset = 0, .read = read_structured_json,
     .shape = "object|boolean|string", .doc = "the output is JSON of this schema"},
    {"regex", FIELD_READ, .offset = 0, .read = read_structured_regex,
     .shape = "string", .doc = "the output matches this pattern"},
    {"grammar", FIELD_READ, .offset = 0, .read = read_structured_grammar,
     .shape = "string", .doc = "the output is of this grammar (GBNF)"},
    {"structural_tag", FIELD_READ, .offset = 0, .read = read_structured_tags,
     .shape = "object|string", .doc = "free text with parts of a form, each after its mark"},
    {"disable_any_whitespace", FIELD_READ, .offset = 0, .read = read_compact,
     .shape = "boolean", .doc = "JSON without white space between its parts"},
    {"disable_additional_properties", FIELD_REFUSED, .neutral = "false",
     .doc = "closing every object of the schema; refused"},
    {"whitespace_pattern", .kind = FIELD_REFUSED, .doc = "a pattern for white space; refused"},
    {0},
};
const struct field *const output_form_members[] = {kinds, NULL};

/* vLLM's: one kind, and how it is written; without a member it asks for nothing. */
bool output_form_read_structured(const struct field_context *context, const cJSON *value, void *out,
                                 struct error *err)
{
    struct field_table table = FIELD_TABLE(kinds, out);
    struct field_context strict = *context; /* a form that is half understood is none */
    const struct sampling_params *p = out;
    if (!cJSON_IsObject(value)) return wrong(value, "an object", err);
    strict.unknown = NULL;
    if (!fields_read(value, &table, 1, &strict, err)) return false;
    return p->form.type != FORM_NONE || asks_for_nothing(value, err);
}

bool output_form_compile(struct engine *engine, struct sampling_params *p, struct error *err)
{
    if (p->form.type == FORM_NONE) return true;
    p->engine.form = engine_form(engine, &p->form, err);
    if (p->engine.form != NULL) return true;
    if (p->form_is_named && err->param[0] != '\0') return false;
    return error_in(err, "%s", p->form_field);
}
