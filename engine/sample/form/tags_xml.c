/* engine/sample/form/tags_xml.c - the parameters of a call in XML, as Qwen3-Coder writes them.
 *
 *     <parameter=city>
 *     Paris
 *     </parameter>
 *
 * A string stands as it is, without quotes, and so must not hold the closing tag; any other value
 * stands as JSON. Parameters come in the schema's order, those that are not required may lack, and
 * there are no others. Of the schema of a string: enum, const, pattern, format, minLength and
 * maxLength are kept. What is not kept is refused by name, as in schema.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/tags.h"

#include <string.h>

#include "base/json.h"
#include "base/json_reference.h"
#include "engine/sample/form/formats.h"
#include "engine/sample/form/pattern.h"

struct xml {
    struct grammar *g;
    struct rx_pool *pool;
    const cJSON *root; /* for references */
    const struct schema_options *o;
    struct error *err;
};

enum { MAX_DEPTH = 16, MAX_TEXT = 1 << 20 }; /* of anyOf and $ref; of a length */

static bool refuse(struct xml *x, const char *keyword, const char *why)
{
    return error_set(x->err, ERROR_UNSUPPORTED, NULL, "%s: %s", keyword, why);
}

/* Every key is in a list. */
static bool only(struct xml *x, const cJSON *schema, const char *const *known)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, schema)
    {
        int i = 0;
        while (known[i] != NULL && strcmp(known[i], one->string) != 0) {
            i++;
        }
        if (known[i] == NULL) {
            return refuse(x, one->string, "not kept for parameters in XML");
        }
    }
    return true;
}

/* ---- strings --------------------------------------------------------------------------------- */

static bool length_of(struct xml *x, const cJSON *schema, const char *keyword, int *out)
{
    int64_t n = *out;
    if (!json_get_int(schema, keyword, 0, MAX_TEXT, &n, x->err)) return false;
    *out = (int)n;
    return true;
}

static bool add_pattern(struct xml *x, const cJSON *schema, rx *out)
{
    rx texts;
    const char *pattern = NULL, *format = NULL;
    if (!json_get_string(schema, "pattern", &pattern, x->err) ||
        !json_get_string(schema, "format", &format, x->err))
        return false;
    if (pattern != NULL) {
        if (!pattern_rx(x->pool, span_str(pattern), PATTERN_ANYWHERE, CHARS_PLAIN, &texts, x->err))
            return false;
        *out = rx_and(x->pool, *out, texts);
    }
    if (format == NULL) return true;
    enum formats_known known = formats_rx(x->pool, format, CHARS_PLAIN, &texts);
    if (known == FORMATS_STRING) *out = rx_and(x->pool, *out, texts);
    if (known != FORMATS_UNKNOWN || !x->o->strict) return true;
    return refuse(x, "format", "this format is not checked (strict)");
}

/* Texts of strings that satisfy the keywords of strings. */
static bool string_rx(struct xml *x, const cJSON *schema, rx *out)
{
    static const struct span close = {"</parameter>", 12};
    int min = 0, max = RX_UNBOUNDED;
    rx any = chars_class_rx(x->pool, CHARS_ANY, CHARS_PLAIN);
    if (!length_of(x, schema, "minLength", &min) || !length_of(x, schema, "maxLength", &max))
        return false;
    *out = max != RX_UNBOUNDED && max < min ? RX_NONE : rx_repeat(x->pool, any, min, max);
    *out = rx_and(x->pool, *out, tags_text_without(x->pool, &close, 1));
    return add_pattern(x, schema, out);
}

/* ---- values ---------------------------------------------------------------------------------- */

/* Other values than strings: by schema.c, in a schema that has the root's definitions. */
static bool other_values(struct xml *x, const cJSON *schema, const cJSON *types, int rule)
{
    static const char *const kept[] = {"$defs", "definitions", "$schema"};
    int symbol;
    cJSON *all = cJSON_CreateObject(), *both = cJSON_AddArrayToObject(all, "allOf"),
          *only_types = cJSON_CreateObject();
    bool fine = both != NULL && json_put_borrowed(both, NULL, schema) &&
                json_put_borrowed(only_types, "type", types);
    if (!cJSON_AddItemToArray(both, only_types)) {
        cJSON_Delete(only_types);
        fine = false;
    }
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]) && fine; i++) {
        const cJSON *one = cJSON_GetObjectItemCaseSensitive(x->root, kept[i]);
        fine = one == NULL || json_put_borrowed(all, kept[i], one);
    }
    if (!fine) error_set(x->err, ERROR_NO_MEMORY, NULL, "no memory for a schema");
    fine = fine && schema_rule(x->g, all, x->o, &symbol, x->err);
    if (fine) grammar_add(x->g, rule, &symbol, 1);
    cJSON_Delete(all);
    return fine;
}

/* Put into a list, which becomes NULL where there is no memory. */
static void put(cJSON **list, cJSON *item)
{
    if (item != NULL && cJSON_AddItemToArray(*list, item)) return;
    cJSON_Delete(item);
    cJSON_Delete(*list);
    *list = NULL;
}

/* The types but strings that a schema's `type` admits, new; *string: and strings? */
static cJSON *types_of(const cJSON *type, bool *string)
{
    static const char *const others[] = {"number", "boolean", "null", "array", "object"};
    cJSON *all = cJSON_CreateArray();
    *string = type == NULL;
    for (size_t i = 0; type == NULL && i < sizeof(others) / sizeof(others[0]); i++) {
        put(&all, cJSON_CreateString(others[i]));
    }
    const cJSON *one = cJSON_IsArray(type) ? type->child : type;
    for (; one != NULL; one = cJSON_IsArray(type) ? one->next : NULL) {
        bool is_string = cJSON_IsString(one) && strcmp(one->valuestring, "string") == 0;
        *string = *string || is_string;
        if (!is_string) put(&all, cJSON_Duplicate(one, true));
    }
    return all;
}

/* Strings of an enum stand as they are. */
static void literals(struct xml *x, const cJSON *one, rx strings, int rule)
{
    if (!cJSON_IsString(one)) return;
    rx text = chars_text_rx(x->pool, span_str(one->valuestring), CHARS_PLAIN);
    int symbol = grammar_terminal(x->g, rx_and(x->pool, text, strings));
    grammar_add(x->g, rule, &symbol, 1);
}

/* A schema without alternatives and references. */
static bool plain_value(struct xml *x, const cJSON *schema, int rule)
{
    bool string;
    rx texts = RX_NONE;
    const cJSON *values = json_get(schema, "enum"), *one;
    const cJSON *constant = cJSON_GetObjectItemCaseSensitive(schema, "const");
    cJSON *types = types_of(json_get(schema, "type"), &string);
    bool fine = types != NULL || error_set(x->err, ERROR_NO_MEMORY, NULL, "no memory for a schema");
    fine = fine && (!string || string_rx(x, schema, &texts));
    if (fine && string && (cJSON_IsArray(values) || constant != NULL)) {
        cJSON_ArrayForEach(one, values) literals(x, one, texts, rule);
        if (values == NULL) literals(x, constant, texts, rule);
    } else if (fine && string) {
        int symbol = grammar_terminal(x->g, texts);
        grammar_add(x->g, rule, &symbol, 1);
    }
    if (fine && cJSON_GetArraySize(types) > 0) fine = other_values(x, schema, types, rule);
    cJSON_Delete(types);
    return fine;
}

/* Add the values of a schema to a rule. */
static bool add_value(struct xml *x, const cJSON *schema, int depth, int rule)
{
    static const char *const words[] = {"title", "description", "default", "examples", NULL};
    static const char *const unkept[] = {"allOf", "not", "if", "dependentSchemas"};
    static const char *const any[] = {"anyOf", "oneOf"};
    const cJSON *ref = json_get(schema, "$ref"), *one;
    if (depth > MAX_DEPTH) return refuse(x, "$ref", "nested too deep for parameters in XML");
    if (cJSON_IsTrue(schema)) return add_value(x, NULL, depth, rule);
    for (size_t i = 0; i < sizeof(unkept) / sizeof(unkept[0]); i++) {
        if (json_get(schema, unkept[i]) == NULL) continue;
        return refuse(x, unkept[i], "not kept for parameters in XML");
    }
    if (cJSON_IsString(ref)) {
        const cJSON *to = json_reference(x->root, ref->valuestring);
        if (to == NULL) return refuse(x, "$ref", "points to nothing in this schema");
        return add_value(x, to, depth + 1, rule);
    }
    for (int i = 0; i < 2; i++) {
        const cJSON *list = json_get(schema, any[i]);
        if (!cJSON_IsArray(list)) continue;
        const char *known[] = {any[i], words[0], words[1], words[2], words[3], NULL};
        if (!only(x, schema, known)) return false;
        cJSON_ArrayForEach(one, list)
        {
            if (!add_value(x, one, depth + 1, rule)) return false;
        }
        return true;
    }
    return plain_value(x, schema, rule);
}

/* ---- parameters ------------------------------------------------------------------------------ */

static bool is_required(const cJSON *schema, const char *name)
{
    const cJSON *list = json_get(schema, "required"), *one;
    cJSON_ArrayForEach(one, list)
    {
        if (cJSON_IsString(one) && strcmp(one->valuestring, name) == 0) return true;
    }
    return false;
}

static bool add_parameter(struct xml *x, const cJSON *property, int *symbol)
{
    int parts[3] = {0, grammar_rule(x->g), 0};
    struct buffer open;
    if (strpbrk(property->string, ">\n") != NULL) {
        return refuse(x, "properties", "a name with > or a new line can't stand in XML");
    }
    buffer_init(&open, MAX_TEXT);
    buffer_addf(&open, "<parameter=%s>\n", property->string);
    parts[0] = grammar_terminal(x->g, rx_text(x->pool, buffer_span(&open)));
    buffer_clear(&open);
    parts[2] = grammar_terminal(x->g, rx_text(x->pool, span_str("\n</parameter>\n")));
    if (!add_value(x, property, 0, parts[1])) {
        return error_in(x->err, "properties.%s", property->string);
    }
    *symbol = grammar_rule(x->g);
    grammar_add(x->g, *symbol, parts, 3);
    return true;
}

/* Every name that is required has a property. */
static bool check_required(struct xml *x, const cJSON *schema)
{
    const cJSON *one, *required = json_get(schema, "required");
    cJSON_ArrayForEach(one, required)
    {
        bool known =
            cJSON_IsString(one) && cJSON_GetObjectItemCaseSensitive(json_get(schema, "properties"),
                                                                    one->valuestring) != NULL;
        if (!known) return refuse(x, "required", "a name that is no property");
    }
    return true;
}

bool tags_xml_rule(struct grammar *g, const cJSON *schema, const struct schema_options *o,
                   int *symbol, struct error *err)
{
    static const char *const known[] = {
        "type",    "properties",  "required", "additionalProperties",
        "title",   "description", "$defs",    "definitions",
        "$schema", "default",     "examples", NULL};
    struct xml x = {.g = g, .pool = grammar_pool(g), .root = schema, .o = o, .err = err};
    const cJSON *property, *type = json_get(schema, "type");
    if (cJSON_IsObject(schema) && !only(&x, schema, known)) return false;
    if (type != NULL && !(cJSON_IsString(type) && strcmp(type->valuestring, "object") == 0)) {
        return refuse(&x, "type", "parameters are an object");
    }
    if (!check_required(&x, schema)) return false;
    int before = grammar_rule(g);
    grammar_add(g, before, NULL, 0);
    cJSON_ArrayForEach(property, json_get(schema, "properties"))
    {
        int one = 0, rule = grammar_rule(g);
        if (!add_parameter(&x, property, &one)) return false;
        grammar_add(g, rule, (const int[]){before, one}, 2);
        if (!is_required(schema, property->string)) grammar_add(g, rule, &before, 1);
        before = rule;
    }
    *symbol = before;
    return true;
}
