/* base/tools/xml.c - see xml.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/tools/xml.h"

#include <string.h>

#include "base/json.h"

enum {
    T_STRING = 1,
    T_INTEGER = 2,
    T_NUMBER = 4,
    T_BOOLEAN = 8,
    T_NULL = 16,
    T_OBJECT = 32,
    T_ARRAY = 64,
    T_ANY = 127
};
enum { MAX_NESTING = 8 }; /* of anyOf in anyOf */

static int type_named(const cJSON *word)
{
    static const struct {
        const char *name;
        int type;
    } types[] = {{"string", T_STRING},   {"integer", T_INTEGER}, {"number", T_INTEGER | T_NUMBER},
                 {"boolean", T_BOOLEAN}, {"null", T_NULL},       {"object", T_OBJECT},
                 {"array", T_ARRAY}};
    for (size_t i = 0; cJSON_IsString(word) && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(word->valuestring, types[i].name) == 0) return types[i].type;
    }
    return 0;
}

static int type_of(const cJSON *value)
{
    if (cJSON_IsString(value)) return T_STRING;
    if (cJSON_IsNumber(value)) return json_is_integer(value) ? T_INTEGER : T_NUMBER;
    if (cJSON_IsBool(value)) return T_BOOLEAN;
    if (cJSON_IsNull(value)) return T_NULL;
    return cJSON_IsObject(value) ? T_OBJECT : T_ARRAY;
}

/* value, if it is a list that can be walked. */
static const cJSON *list_of(const cJSON *value)
{
    return cJSON_IsArray(value) ? value : NULL;
}

/* The types that a schema admits; T_ANY where it says nothing that we understand. */
static int admitted(const cJSON *schema, int depth)
{
    static const char *const alternatives[] = {"anyOf", "oneOf"};
    const cJSON *type = json_get(schema, "type"), *one;
    const cJSON *words = list_of(type), *values = list_of(json_get(schema, "enum"));
    const cJSON *constant = cJSON_GetObjectItemCaseSensitive(schema, "const");
    int all = type_named(type);
    cJSON_ArrayForEach(one, words) all |= type_named(one);
    if (all != 0) return all;
    if (constant != NULL) return type_of(constant);
    cJSON_ArrayForEach(one, values) all |= type_of(one);
    for (int i = 0; i < 2 && all == 0 && depth < MAX_NESTING; i++) {
        const cJSON *list = list_of(json_get(schema, alternatives[i]));
        cJSON_ArrayForEach(one, list) all |= admitted(one, depth + 1);
    }
    return all == 0 ? T_ANY : all;
}

static const cJSON *schema_of(const cJSON *parameters, struct span key)
{
    const cJSON *properties = json_get(parameters, "properties"), *one;
    if (!cJSON_IsObject(properties)) return NULL;
    cJSON_ArrayForEach(one, properties)
    {
        if (span_is(key, one->string)) return one;
    }
    return NULL;
}

static struct span without_line_ends(struct span s)
{
    if (s.n > 0 && s.p[0] == '\n') s = span_slice(s, 1, s.n);
    if (s.n > 0 && s.p[s.n - 1] == '\n') s.n--;
    return s;
}

void tool_xml_add(const cJSON *parameters, struct span key, struct span text, struct buffer *out)
{
    struct error why = {0};
    struct span body = without_line_ends(text);
    int types = admitted(schema_of(parameters, key), 0) & ~T_STRING;
    cJSON *value = json_parse(span_trim(body), &why);
    if (out->n > 1) buffer_add_str(out, ", ");
    json_print_text(key, out);
    buffer_add_str(out, ": ");
    if (value != NULL && (type_of(value) & types) != 0) {
        buffer_add_span(out, span_trim(body));
    } else {
        json_print_text(body, out);
    }
    if (why.code == ERROR_NO_MEMORY) buffer_no_memory(out);
    cJSON_Delete(value);
}
