/* engine/sample/form/schema_negate.c - the opposite of a schema, as a schema.
 *
 * A schema is all of its keywords at once, so its opposite is: not the first, or not the second...
 * A keyword about one type says nothing of other types, so its opposite holds for that type alone.
 * A row of the table writes the opposites of one keyword; a keyword that asserts something else is
 * refused, and an unknown one says nothing, as everywhere.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "engine/sample/form/formats.h"
#include "engine/sample/form/schema_impl.h"

enum { MAX_PLACES = 100 };

/* Add the opposites of a keyword (value->string) of a schema to the cases. False: there are none
 * that can be said. */
typedef bool negation(struct schema_compiler *c, const cJSON *schema, const cJSON *value,
                      cJSON *cases);

static cJSON *add_case(cJSON *cases, const char *type)
{
    cJSON *one = cJSON_CreateObject();
    if (!json_put(cases, NULL, one)) return NULL;
    if (type != NULL) cJSON_AddStringToObject(one, "type", type);
    return one;
}

static bool not_type(struct schema_compiler *c, const cJSON *schema, const cJSON *value,
                     cJSON *cases)
{
    (void)c, (void)schema;
    return json_put_borrowed(add_case(cases, NULL), SCHEMA_NOT_TYPE, value);
}

static bool not_enum(struct schema_compiler *c, const cJSON *schema, const cJSON *value,
                     cJSON *cases)
{
    (void)c, (void)schema;
    cJSON *one = add_case(cases, NULL);
    if (strcmp(value->string, "enum") == 0) return json_put_borrowed(one, SCHEMA_NOT_ENUM, value);
    return json_put_borrowed(cJSON_AddArrayToObject(one, SCHEMA_NOT_ENUM), NULL, value);
}

static bool not_pattern(struct schema_compiler *c, const cJSON *schema, const cJSON *value,
                        cJSON *cases)
{
    (void)c, (void)schema;
    return json_put_borrowed(add_case(cases, "string"), SCHEMA_NOT_PATTERN, value);
}

/* A bound and the one that all other values are beyond. */
static bool not_bound(struct schema_compiler *c, const cJSON *schema, const cJSON *value,
                      cJSON *cases)
{
    static const struct {
        const char *name, *type, *opposite;
        int step;
    } bounds[] = {
        {"minimum", "number", "exclusiveMaximum", 0},
        {"maximum", "number", "exclusiveMinimum", 0},
        {"exclusiveMinimum", "number", "maximum", 0},
        {"exclusiveMaximum", "number", "minimum", 0},
        {"minLength", "string", "maxLength", -1},
        {"maxLength", "string", "minLength", 1},
        {"minItems", "array", "maxItems", -1},
        {"maxItems", "array", "minItems", 1},
        {"minProperties", "object", "maxProperties", -1},
        {"maxProperties", "object", "minProperties", 1},
    };
    (void)c, (void)schema;
    if (!cJSON_IsNumber(value)) return false;
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        if (strcmp(bounds[i].name, value->string) != 0) continue;
        if (bounds[i].step < 0 && value->valuedouble < 1) return true; /* nothing is below 0 */
        cJSON *one = add_case(cases, bounds[i].type);
        if (bounds[i].step == 0) return json_put_borrowed(one, bounds[i].opposite, value);
        return cJSON_AddNumberToObject(one, bounds[i].opposite,
                                       value->valuedouble + bounds[i].step) != NULL;
    }
    return false;
}

static bool not_required(struct schema_compiler *c, const cJSON *schema, const cJSON *value,
                         cJSON *cases)
{
    const cJSON *one;
    (void)c, (void)schema;
    cJSON_ArrayForEach(one, value)
    {
        cJSON *properties = cJSON_AddObjectToObject(add_case(cases, "object"), "properties");
        if (!cJSON_IsString(one) || cJSON_AddFalseToObject(properties, one->valuestring) == NULL)
            return false;
    }
    return true;
}

static bool not_properties(struct schema_compiler *c, const cJSON *schema, const cJSON *value,
                           cJSON *cases)
{
    const cJSON *one;
    (void)schema;
    cJSON_ArrayForEach(one, value)
    {
        cJSON *made = add_case(cases, "object");
        cJSON *required = cJSON_AddArrayToObject(made, "required"),
              *inner = cJSON_AddObjectToObject(made, "properties");
        json_put(required, NULL, cJSON_CreateString(one->string));
        const cJSON *opposite = schema_not(c, one);
        if (opposite == NULL || one->string == NULL || /* an array's */
            !json_put_borrowed(inner, one->string, opposite))
            return false;
    }
    return true;
}

static bool add_not(struct schema_compiler *c, const cJSON *schema, cJSON *list)
{
    const cJSON *opposite = schema_not(c, schema);
    return opposite != NULL && json_put_borrowed(list, NULL, opposite);
}

static bool not_all_of(struct schema_compiler *c, const cJSON *schema, const cJSON *value,
                       cJSON *cases)
{
    const cJSON *one;
    (void)schema;
    cJSON_ArrayForEach(one, value)
    {
        if (!add_not(c, one, cases)) return false;
    }
    return true;
}

static bool not_any_of(struct schema_compiler *c, const cJSON *schema, const cJSON *value,
                       cJSON *cases)
{
    const cJSON *one;
    cJSON *all = cJSON_AddArrayToObject(add_case(cases, NULL), "allOf");
    (void)schema;
    cJSON_ArrayForEach(one, value)
    {
        if (!add_not(c, one, all)) return false;
    }
    return true;
}

static bool not_not(struct schema_compiler *c, const cJSON *schema, const cJSON *value,
                    cJSON *cases)
{
    (void)c, (void)schema;
    return json_put_borrowed(cases, NULL, value);
}

static bool not_ref(struct schema_compiler *c, const cJSON *schema, const cJSON *value,
                    cJSON *cases)
{
    const cJSON *target = cJSON_IsString(value) ? schema_resolve(c, value) : NULL;
    (void)schema;
    return target != NULL && add_not(c, target, cases);
}

static bool not_format(struct schema_compiler *c, const cJSON *schema, const cJSON *value,
                       cJSON *cases)
{
    rx texts;
    (void)schema;
    if (!cJSON_IsString(value)) return true;
    switch (formats_rx(c->pool, value->valuestring, CHARS_JSON, &texts)) {
    case FORMATS_STRING:
        return json_put_borrowed(add_case(cases, "string"), SCHEMA_NOT_FORMAT, value);
    case FORMATS_UNKNOWN:
        return !c->o->strict; /* an annotation asserts nothing */
    default:
        return false;
    }
}

/* Some item at a place of the list is there and does not satisfy its schema. */
static bool not_places(struct schema_compiler *c, const cJSON *list, cJSON *cases)
{
    const cJSON *one;
    int n = 0;
    cJSON_ArrayForEach(one, list)
    {
        const cJSON *opposite = schema_not(c, one);
        cJSON *made = add_case(cases, "array"),
              *places = cJSON_AddArrayToObject(made, "prefixItems");
        for (int i = 0; i < n; i++) {
            cJSON_AddItemToArray(places, cJSON_CreateTrue());
        }
        if (opposite == NULL || !json_put_borrowed(places, NULL, opposite) ||
            cJSON_AddNumberToObject(made, "minItems", ++n) == NULL)
            return false;
    }
    return true;
}

static bool not_prefix(struct schema_compiler *c, const cJSON *schema, const cJSON *value,
                       cJSON *cases)
{
    (void)schema;
    return cJSON_IsArray(value) && cJSON_GetArraySize(value) <= MAX_PLACES &&
           not_places(c, value, cases);
}

/* An array that contains what is no such item; items behind a prefix can't be told apart. */
static bool not_items(struct schema_compiler *c, const cJSON *schema, const cJSON *value,
                      cJSON *cases)
{
    if (cJSON_IsArray(value)) return not_prefix(c, schema, value, cases);
    if (cJSON_IsTrue(value) || (cJSON_IsObject(value) && value->child == NULL)) return true;
    if (cJSON_GetObjectItemCaseSensitive(schema, "prefixItems") != NULL) return false;
    const cJSON *opposite = schema_not(c, value);
    return opposite != NULL && json_put_borrowed(add_case(cases, "array"), "contains", opposite);
}

/* An array of other items; with counts it would be of fewer, or of more. */
static bool not_contains(struct schema_compiler *c, const cJSON *schema, const cJSON *value,
                         cJSON *cases)
{
    (void)schema;
    const cJSON *opposite = schema_not(c, value);
    return opposite != NULL && json_put_borrowed(add_case(cases, "array"), "items", opposite);
}

/* Where everything is allowed nothing is the opposite. */
static bool not_anything(struct schema_compiler *c, const cJSON *schema, const cJSON *value,
                         cJSON *cases)
{
    (void)c, (void)schema, (void)cases;
    return cJSON_IsTrue(value) || (cJSON_IsObject(value) && value->child == NULL);
}

static const struct {
    const char *name;
    negation *negate;
} rows[] = {
    {"type", not_type},
    {"enum", not_enum},
    {"const", not_enum},
    {"pattern", not_pattern},
    {"minimum", not_bound},
    {"maximum", not_bound},
    {"exclusiveMinimum", not_bound},
    {"exclusiveMaximum", not_bound},
    {"minLength", not_bound},
    {"maxLength", not_bound},
    {"minItems", not_bound},
    {"maxItems", not_bound},
    {"minProperties", not_bound},
    {"maxProperties", not_bound},
    {"required", not_required},
    {"properties", not_properties},
    {"allOf", not_all_of},
    {"anyOf", not_any_of},
    {"not", not_not},
    {"$ref", not_ref},
    {"additionalProperties", not_anything},
    {"items", not_items},
    {"prefixItems", not_prefix},
    {"contains", not_contains},
    {"format", not_format},
    {"additionalItems", not_anything},
};

/* Keywords whose opposite can't be said. */
static const char *const refused[] = {"multipleOf",
                                      "uniqueItems",
                                      "patternProperties",
                                      "propertyNames",
                                      "oneOf",
                                      "if",
                                      "dependentRequired",
                                      "dependentSchemas",
                                      "dependencies",
                                      "unevaluatedProperties",
                                      "unevaluatedItems",
                                      "$dynamicRef",
                                      "$recursiveRef",
                                      "minContains",
                                      "maxContains"};

static bool not_refused(struct schema_compiler *c, const cJSON *schema, const cJSON *value,
                        cJSON *cases)
{
    (void)c, (void)schema, (void)cases;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (strcmp(refused[i], value->string) == 0) return false;
    }
    return true;
}

static negation *row_of(const char *name)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].name, name) == 0) return rows[i].negate;
    }
    return not_refused;
}

static bool negate_all(struct schema_compiler *c, const cJSON *schema, cJSON *cases)
{
    for (const cJSON *child = schema->child; child != NULL; child = child->next) {
        negation *row = row_of(child->string);
        if (!row(c, schema, child, cases)) {
            return schema_refuse(c, schema, child->string, ERROR_UNSUPPORTED,
                                 "what must not hold, or only one of several (oneOf), can't be "
                                 "said of this keyword");
        }
    }
    return true;
}

const cJSON *schema_negate(struct schema_compiler *c, const cJSON *schema)
{
    if (cJSON_IsBool(schema)) return schema_own(c, cJSON_CreateBool(cJSON_IsFalse(schema)));
    cJSON *made = cJSON_CreateObject(), *cases = cJSON_AddArrayToObject(made, "anyOf");
    if (cases == NULL || !negate_all(c, schema, cases)) {
        cJSON_Delete(made);
        return NULL;
    }
    if (cases->child != NULL) return schema_own(c, made);
    cJSON_Delete(made);
    return schema_own(c, cJSON_CreateFalse());
}
