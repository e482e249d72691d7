/* reward/tools/match.c - see match.h.
 *
 * BFCL's rules (berkeley-function-call-leaderboard, ast_checker.py), as far as they are about
 * Python:
 *
 *   - what the schema requires is given, and what is given is in the schema and has possible values;
 *   - a value has its schema's type, whole numbers passing for floats; or, for a variable's name, the
 *     type of the first possible value;
 *   - texts are compared without blanks, , . / - _ * ^ and case, ' as "; in lists and one level of
 *     objects too;
 *   - all else by equality.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/tools/match.h"

#include "base/json.h"

/* ---- equality -------------------------------------------------------------------------------- */

static bool same_members(const cJSON *a, const cJSON *b)
{
    const cJSON *one;
    if (cJSON_GetArraySize(a) != cJSON_GetArraySize(b)) return false;
    cJSON_ArrayForEach(one, a)
    {
        const cJSON *other = cJSON_GetObjectItemCaseSensitive(b, one->string);
        if (other == NULL || !values_equal(one, other)) return false;
    }
    return true;
}

static bool same_elements(const cJSON *a, const cJSON *b)
{
    const cJSON *x = a->child, *y = b->child;
    for (; x != NULL && y != NULL; x = x->next, y = y->next) {
        if (!values_equal(x, y)) return false;
    }
    return x == y;
}

bool values_equal(const cJSON *a, const cJSON *b)
{
    if (cJSON_IsNumber(a) && cJSON_IsNumber(b)) return json_compare(a, b) == 0;
    if ((a->type & 0xFF) != (b->type & 0xFF)) return false;
    if (cJSON_IsString(a)) return strcmp(a->valuestring, b->valuestring) == 0;
    if (cJSON_IsArray(a)) return same_elements(a, b);
    return !cJSON_IsObject(a) || same_members(a, b);
}

bool match_equal(const struct call *made, const struct call *wanted, const cJSON *tools)
{
    (void)tools;
    return strcmp(made->name, wanted->name) == 0 &&
           values_equal(made->arguments, wanted->arguments);
}

bool match_subset(const struct call *made, const struct call *wanted, const cJSON *tools)
{
    const cJSON *one;
    (void)tools;
    if (strcmp(made->name, wanted->name) != 0) return false;
    cJSON_ArrayForEach(one, wanted->arguments)
    {
        const cJSON *given = cJSON_GetObjectItemCaseSensitive(made->arguments, one->string);
        if (given == NULL || !values_equal(given, one)) return false;
    }
    return true;
}

/* ---- BFCL: texts ----------------------------------------------------------------------------- */

/* The next character that counts, of a text as BFCL compares it; '\0' at the end. */
static char next_plain(const char **text)
{
    while (**text != '\0' && strchr(" ,./-_*^", **text) != NULL) {
        ++*text;
    }
    char c = **text;
    if (c != '\0') ++*text;
    if (c == '\'') return '"';
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool texts_alike(const char *a, const char *b)
{
    for (;;) {
        char x = next_plain(&a), y = next_plain(&b);
        if (x != y) return false;
        if (x == '\0') return true;
    }
}

/* Texts alike, all else equal. */
static bool values_alike(const cJSON *a, const cJSON *b)
{
    if (cJSON_IsString(a) && cJSON_IsString(b)) return texts_alike(a->valuestring, b->valuestring);
    return values_equal(a, b);
}

static bool lists_alike(const cJSON *a, const cJSON *b)
{
    const cJSON *x = a->child, *y = b->child;
    for (; x != NULL && y != NULL; x = x->next, y = y->next) {
        if (!values_alike(x, y)) return false;
    }
    return x == y;
}

static bool is_among(const cJSON *value, const cJSON *possible,
                     bool (*same)(const cJSON *, const cJSON *))
{
    const cJSON *one;
    cJSON_ArrayForEach(one, possible)
    {
        if (same(value, one)) return true;
    }
    return false;
}

static bool is_empty_text(const cJSON *v)
{
    return cJSON_IsString(v) && v->valuestring[0] == '\0';
}

/* "" is among the possible values. */
static bool is_optional(const cJSON *possible)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, possible)
    {
        if (is_empty_text(one)) return true;
    }
    return false;
}

/* ---- BFCL: types ----------------------------------------------------------------------------- */

enum python_type { PY_NONE, PY_STR, PY_INT, PY_FLOAT, PY_BOOL, PY_LIST, PY_DICT };

static enum python_type type_of(const cJSON *v)
{
    if (v == NULL || cJSON_IsNull(v)) return PY_NONE;
    if (cJSON_IsString(v)) return PY_STR;
    if (cJSON_IsNumber(v)) return json_is_integer(v) ? PY_INT : PY_FLOAT;
    if (cJSON_IsBool(v)) return PY_BOOL;
    return cJSON_IsArray(v) ? PY_LIST : PY_DICT;
}

/* A schema's type by BFCL's names, and by JSON Schema's. */
static enum python_type type_named(const cJSON *name)
{
    static const struct {
        const char *name;
        enum python_type type;
    } types[] = {{"string", PY_STR},  {"any", PY_STR},      {"integer", PY_INT},
                 {"float", PY_FLOAT}, {"number", PY_FLOAT}, {"boolean", PY_BOOL},
                 {"array", PY_LIST},  {"tuple", PY_LIST},   {"dict", PY_DICT},
                 {"object", PY_DICT}};
    for (size_t i = 0; cJSON_IsString(name) && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(name->valuestring, types[i].name) == 0) return types[i].type;
    }
    return PY_NONE;
}

/* Of the first possible value that is not "". */
static enum python_type type_of_possible(const cJSON *possible)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, possible)
    {
        if (!is_empty_text(one)) return type_of(one);
    }
    return PY_NONE;
}

/* Every element has the type, or that of the possible list's elements. */
static bool elements_have_type(const cJSON *value, enum python_type type, const cJSON *possible)
{
    const cJSON *one;
    enum python_type other = type_of_possible(possible);
    cJSON_ArrayForEach(one, value)
    {
        enum python_type t = type_of(one);
        if (t != type && (other == PY_NONE || t != other)) return false;
    }
    return true;
}

/* Of a list whose elements have a type: one of the possible values agrees in that. */
static bool list_has_types(const cJSON *value, enum python_type nested, const cJSON *possible)
{
    const cJSON *one;
    if (nested == PY_NONE) return true;
    cJSON_ArrayForEach(one, possible)
    {
        if (!cJSON_IsArray(one) || elements_have_type(value, nested, one)) return true;
    }
    return false;
}

/* ---- BFCL: values ---------------------------------------------------------------------------- */

/* An object against {member: [possible values]}: one level. */
static bool dict_is_possible(const cJSON *value, const cJSON *possible)
{
    const cJSON *one;
    if (!cJSON_IsObject(value) || !cJSON_IsObject(possible)) return false;
    cJSON_ArrayForEach(one, value)
    {
        const cJSON *values = cJSON_GetObjectItemCaseSensitive(possible, one->string);
        if (values == NULL || !is_among(one, values, values_alike)) return false;
    }
    cJSON_ArrayForEach(one, possible)
    {
        bool given = cJSON_GetObjectItemCaseSensitive(value, one->string) != NULL;
        if (!given && !is_optional(one)) return false;
    }
    return true;
}

static bool dicts_are_possible(const cJSON *value, const cJSON *possible)
{
    const cJSON *x = value->child, *y = possible->child;
    for (; x != NULL && y != NULL; x = x->next, y = y->next) {
        if (!dict_is_possible(x, y)) return false;
    }
    return x == y;
}

static bool value_is_possible(const cJSON *value, enum python_type type, enum python_type nested,
                              const cJSON *possible)
{
    if (type == PY_DICT) return is_among(value, possible, dict_is_possible);
    if (type == PY_LIST && nested == PY_DICT) return is_among(value, possible, dicts_are_possible);
    if (type == PY_LIST) return is_among(value, possible, lists_alike);
    return is_among(value, possible, type == PY_STR ? values_alike : values_equal);
}

/* One argument; schema may be NULL. */
static bool argument_matches(const cJSON *value, const cJSON *schema, const cJSON *possible)
{
    enum python_type own = type_of_possible(possible), given = type_of(value);
    enum python_type type = schema == NULL ? own : type_named(json_get(schema, "type"));
    const cJSON *items = json_get(schema, "items");
    enum python_type nested = type == PY_LIST ? type_named(json_get(items, "type")) : PY_NONE;
    if (type == PY_FLOAT && given == PY_INT) given = PY_FLOAT;
    if (type == PY_NONE) type = own; /* a schema without a type that we know */
    bool variable = own != PY_NONE && own != type;
    if (given == type && (type != PY_LIST || list_has_types(value, nested, possible))) {
        return variable ? is_among(value, possible, values_equal)
                        : value_is_possible(value, type, nested, possible);
    }
    return own != PY_NONE && given == own && is_among(value, possible, values_equal);
}

/* The description of that name: {"name", "parameters"}, perhaps within "function". */
static const cJSON *find_tool(const cJSON *tools, const char *name)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, tools)
    {
        const cJSON *f = json_get(one, "function");
        const cJSON *tool = cJSON_IsObject(f) ? f : one, *own = json_get(tool, "name");
        if (cJSON_IsString(own) && strcmp(own->valuestring, name) == 0) return tool;
    }
    return NULL;
}

static bool has_required(const struct call *made, const cJSON *parameters)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, json_get(parameters, "required"))
    {
        if (cJSON_IsString(one) &&
            cJSON_GetObjectItemCaseSensitive(made->arguments, one->valuestring) == NULL) {
            return false;
        }
    }
    return true;
}

bool match_possible(const struct call *made, const struct call *wanted, const cJSON *tools)
{
    const cJSON *parameters = json_get(find_tool(tools, wanted->name), "parameters"), *one;
    const cJSON *properties = json_get(parameters, "properties");
    if (strcmp(made->name, wanted->name) != 0 || !has_required(made, parameters)) return false;
    cJSON_ArrayForEach(one, made->arguments)
    {
        const cJSON *possible = cJSON_GetObjectItemCaseSensitive(wanted->arguments, one->string);
        const cJSON *schema =
            properties == NULL ? NULL : cJSON_GetObjectItemCaseSensitive(properties, one->string);
        if (possible == NULL || (properties != NULL && schema == NULL)) return false;
        if (!argument_matches(one, schema, possible)) return false;
    }
    cJSON_ArrayForEach(one, wanted->arguments)
    {
        bool given = cJSON_GetObjectItemCaseSensitive(made->arguments, one->string) != NULL;
        if (!given && !is_optional(one)) return false;
    }
    return true;
}
