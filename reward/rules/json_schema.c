/* reward/rules/json_schema.c - see json_schema.h: one row a keyword.
 *
 * A keyword looks at the value and says yes or no; those that apply to other types of value say
 * yes. The run counts steps, one a keyword tried, so schemas that multiply (anyOf in anyOf,
 * references in circles) end, and ticks, one a name or value compared, so large values do.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/rules/json_schema.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/json_reference.h"
#include "base/utf8.h"
#include "reward/rules/pattern.h"

enum { MAX_STEPS = 100000, MAX_TICKS = 5000000, MAX_DEPTH = 100, PATTERN_STEPS = 5000 };
enum { KNOWN_REFERENCES = 32, SEARCH_TICKS = 2000 };

struct run {
    const cJSON *root;
    bool siblings; /* keywords beside $ref count */
    struct {
        const cJSON *rule, *target;
    } known[KNOWN_REFERENCES]; /* references followed before */
    int n_known;
    struct arena *arena;
    int steps, ticks, depth;
    bool too_hard;
    struct json_schema_fault *fault; /* NULL: a trial (anyOf, not), which leaves no mark */
    char path[sizeof(((struct json_schema_fault *)0)->path)];
};

static bool valid(struct run *r, const cJSON *schema, const cJSON *value);

/* ---- helpers -------------------------------------------------------------------------------------------- */

/* n small pieces of work: names or values compared. */
static void tick(struct run *r, int n)
{
    r->ticks += n;
    if (r->ticks > MAX_TICKS) r->too_hard = true;
}

/* object[name]; NULL: it has none, or the run is over. */
static const cJSON *member(struct run *r, const cJSON *object, const char *name)
{
    const cJSON *v = cJSON_IsObject(object) ? object->child : NULL;
    while (v != NULL && !r->too_hard && strcmp(v->string, name) != 0) {
        tick(r, 1);
        v = v->next;
    }
    return r->too_hard ? NULL : v;
}

static bool equal(struct run *r, const cJSON *a, const cJSON *b);

static bool equal_lists(struct run *r, const cJSON *a, const cJSON *b)
{
    const cJSON *x = a->child, *y = b->child;
    while (x != NULL && y != NULL && equal(r, x, y)) {
        x = x->next;
        y = y->next;
    }
    return x == NULL && y == NULL;
}

static bool equal_objects(struct run *r, const cJSON *a, const cJSON *b)
{
    const cJSON *x;
    if (cJSON_GetArraySize(a) != cJSON_GetArraySize(b)) return false;
    cJSON_ArrayForEach(x, a)
    {
        const cJSON *y = member(r, b, x->string);
        if (y == NULL || !equal(r, x, y)) return false;
    }
    return true;
}

/* By value: numbers by what they are, objects without regard to order. */
static bool equal(struct run *r, const cJSON *a, const cJSON *b)
{
    tick(r, 1);
    if (r->too_hard || (a->type & 0xFF) != (b->type & 0xFF)) return false;
    if (cJSON_IsNumber(a)) return json_compare(a, b) == 0;
    if (cJSON_IsString(a)) return strcmp(a->valuestring, b->valuestring) == 0;
    if (cJSON_IsArray(a)) return equal_lists(r, a, b);
    return !cJSON_IsObject(a) || equal_objects(r, a, b);
}

/* As valid(), without leaving a fault behind. */
static bool trial(struct run *r, const cJSON *schema, const cJSON *value)
{
    struct json_schema_fault *kept = r->fault;
    r->fault = NULL;
    bool ok = valid(r, schema, value);
    r->fault = kept;
    return ok;
}

/* valid() one level further down, the path longer by a name. */
static bool valid_at(struct run *r, const cJSON *schema, const cJSON *value, const char *name)
{
    size_t n = strlen(r->path);
    snprintf(r->path + n, sizeof(r->path) - n, "/%s", name);
    bool ok = valid(r, schema, value);
    r->path[n] = '\0';
    return ok;
}

static bool valid_at_index(struct run *r, const cJSON *schema, const cJSON *value, int i)
{
    char name[16];
    snprintf(name, sizeof(name), "%d", i);
    return valid_at(r, schema, value, name);
}

static bool matches(struct run *r, const char *source, const char *text)
{
    struct pattern *p = pattern_new(span_str(source), 0, NULL);
    enum pattern_result found =
        p == NULL ? PATTERN_TOO_HARD : pattern_find(p, span_str(text), PATTERN_STEPS, NULL, NULL);
    pattern_free(p);
    r->steps += 10;
    if (found == PATTERN_TOO_HARD) r->too_hard = true;
    return found == PATTERN_YES;
}

/* What a $ref points to. Those that come behind many others are looked for anew, which is counted. */
static const cJSON *target_of(struct run *r, const cJSON *rule)
{
    int i = 0;
    while (i < r->n_known && r->known[i].rule != rule) {
        i++;
    }
    if (i < r->n_known) return r->known[i].target;
    const cJSON *target = json_reference(r->root, rule->valuestring);
    tick(r, SEARCH_TICKS);
    if (i == KNOWN_REFERENCES) return target;
    r->known[r->n_known].rule = rule;
    r->known[r->n_known++].target = target;
    return target;
}

/* ---- any value ------------------------------------------------------------------------------------------------ */

static cJSON_bool is_whole(const cJSON *v)
{
    char scratch[JSON_NUMBER_ROOM];
    struct digits d;
    return json_digits(v, scratch, &d) && digits_is_whole(&d);
}

static cJSON_bool is_anything(const cJSON *v)
{
    (void)v;
    return true;
}

static const struct {
    const char *name;
    cJSON_bool (*holds)(const cJSON *v);
} types[] = {
    {"integer", is_whole},     {"number", cJSON_IsNumber}, {"string", cJSON_IsString},
    {"boolean", cJSON_IsBool}, {"object", cJSON_IsObject}, {"array", cJSON_IsArray},
    {"null", cJSON_IsNull},    {"any", is_anything},
};
enum { N_TYPES = sizeof(types) / sizeof(types[0]) };

/* The row of a type's name; N_TYPES: it is none. */
static size_t find_type(const char *name)
{
    size_t i = 0;
    while (i < N_TYPES && strcmp(name, types[i].name) != 0) {
        i++;
    }
    return i;
}

static bool is_type(const cJSON *v, const char *type)
{
    size_t i = find_type(type);
    return i < N_TYPES && types[i].holds(v);
}

static bool check_type(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    const cJSON *one;
    (void)r;
    if (cJSON_IsNull(v) && cJSON_IsTrue(json_get(schema, "nullable"))) return true;
    if (cJSON_IsString(rule)) return is_type(v, rule->valuestring);
    cJSON_ArrayForEach(one, rule)
    {
        if (is_type(v, one->valuestring)) return true;
    }
    return false;
}

static bool check_enum(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    const cJSON *one;
    (void)schema;
    cJSON_ArrayForEach(one, rule)
    {
        r->steps++;
        if (equal(r, one, v)) return true;
    }
    return false;
}

static bool check_const(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    (void)schema;
    return equal(r, rule, v);
}

/* ---- numbers ---------------------------------------------------------------------------------------------------- */

static bool check_minimum(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    int past = cJSON_IsTrue(json_get(schema, "exclusiveMinimum")); /* draft 4 */
    (void)r;
    return !cJSON_IsNumber(v) || json_compare(v, rule) >= past;
}

static bool check_maximum(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    int past = cJSON_IsTrue(json_get(schema, "exclusiveMaximum"));
    (void)r;
    return !cJSON_IsNumber(v) || json_compare(v, rule) <= -past;
}

static bool check_above(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    (void)r, (void)schema;
    return !cJSON_IsNumber(v) || cJSON_IsBool(rule) || json_compare(v, rule) > 0;
}

static bool check_below(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    (void)r, (void)schema;
    return !cJSON_IsNumber(v) || cJSON_IsBool(rule) || json_compare(v, rule) < 0;
}

/* Digits behind the point. */
static int64_t places(const struct digits *d)
{
    int64_t n = 0;
    for (size_t i = 0; i < d->text.n; i++) {
        n += d->text.p[i] != '.';
    }
    return n > d->exponent ? n - d->exponent : 0;
}

/* Exactly, as decimals are written: 0.3 is a multiple of 0.1. Both are made whole by the same power of
 * ten. */
static bool check_multiple(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    (void)r, (void)schema;
    char room_v[JSON_NUMBER_ROOM], room_rule[JSON_NUMBER_ROOM];
    struct digits x, y;
    if (!cJSON_IsNumber(v)) return true;
    if (json_digits(v, room_v, &x) && json_digits(rule, room_rule, &y)) {
        int64_t shift = places(&x) > places(&y) ? places(&x) : places(&y);
        x.exponent += shift;
        y.exponent += shift;
        if (y.exponent <= 18) return digits_is_multiple(&x, &y);
    }
    double q = v->valuedouble / rule->valuedouble;
    return isfinite(q) && fabs(q - nearbyint(q)) <= 1e-9 * fmax(1, fabs(q)) && fabs(q) < 0x1p53;
}

/* ---- strings ------------------------------------------------------------------------------------------------------ */

static bool check_min_length(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    (void)r, (void)schema;
    return !cJSON_IsString(v) || (double)utf8_count(span_str(v->valuestring)) >= rule->valuedouble;
}

static bool check_max_length(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    (void)r, (void)schema;
    return !cJSON_IsString(v) || (double)utf8_count(span_str(v->valuestring)) <= rule->valuedouble;
}

static bool check_pattern(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    (void)schema;
    return !cJSON_IsString(v) || matches(r, rule->valuestring, v->valuestring);
}

/* ---- arrays ------------------------------------------------------------------------------------------------------- */

static bool check_prefix_items(struct run *r, const cJSON *schema, const cJSON *rule,
                               const cJSON *v)
{
    const cJSON *sub = rule->child, *item = v->child;
    (void)schema;
    if (!cJSON_IsArray(v)) return true;
    for (int i = 0; sub != NULL && item != NULL; i++, sub = sub->next, item = item->next) {
        if (!valid_at_index(r, sub, item, i)) return false;
    }
    return true;
}

/* The items of v from the first on. */
static bool check_behind(struct run *r, const cJSON *rule, const cJSON *v, int first)
{
    const cJSON *item;
    int i = 0;
    if (!cJSON_IsArray(v)) return true;
    cJSON_ArrayForEach(item, v)
    {
        if (i >= first && !valid_at_index(r, rule, item, i)) return false;
        i++;
    }
    return true;
}

/* Those behind the prefix; a list is a prefix itself, as older drafts have it. */
static bool check_items(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    const cJSON *prefix = json_get(schema, "prefixItems");
    if (cJSON_IsArray(rule)) return prefix != NULL || check_prefix_items(r, schema, rule, v);
    return check_behind(r, rule, v, cJSON_GetArraySize(prefix));
}

/* Those behind the items that are a list. */
static bool check_additional_items(struct run *r, const cJSON *schema, const cJSON *rule,
                                   const cJSON *v)
{
    const cJSON *items = json_get(schema, "items"), *prefix = json_get(schema, "prefixItems");
    if (!cJSON_IsArray(items)) return true;
    return check_behind(r, rule, v, cJSON_GetArraySize(prefix != NULL ? prefix : items));
}

/* As many items as minContains (1 where it is absent) and maxContains say. */
static bool check_contains(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    const cJSON *item, *least = json_get(schema, "minContains"),
                       *most = json_get(schema, "maxContains");
    double min = least == NULL ? 1 : least->valuedouble;
    int n = 0;
    if (!cJSON_IsArray(v)) return true;
    cJSON_ArrayForEach(item, v)
    {
        if (most == NULL && n >= min) return true;
        n += trial(r, rule, item);
    }
    return n >= min && (most == NULL || n <= most->valuedouble);
}

static bool check_min_size(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    (void)r, (void)schema;
    return !cJSON_IsArray(v) || cJSON_GetArraySize(v) >= rule->valuedouble;
}

static bool check_max_size(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    (void)r, (void)schema;
    return !cJSON_IsArray(v) || cJSON_GetArraySize(v) <= rule->valuedouble;
}

static bool check_unique(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    (void)schema;
    if (!cJSON_IsArray(v) || !cJSON_IsTrue(rule)) return true;
    for (const cJSON *a = v->child; a != NULL; a = a->next) {
        for (const cJSON *b = a->next; b != NULL; b = b->next) {
            if (++r->steps > MAX_STEPS) r->too_hard = true;
            if (r->too_hard || equal(r, a, b)) return false;
        }
    }
    return true;
}

/* ---- objects --------------------------------------------------------------------------------------------------------- */

static bool check_properties(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    const cJSON *sub;
    (void)schema;
    if (!cJSON_IsObject(v)) return true;
    cJSON_ArrayForEach(sub, rule)
    {
        const cJSON *value = member(r, v, sub->string);
        if (value != NULL && !valid_at(r, sub, value, sub->string)) return false;
    }
    return true;
}

static bool check_pattern_properties(struct run *r, const cJSON *schema, const cJSON *rule,
                                     const cJSON *v)
{
    const cJSON *sub, *member;
    (void)schema;
    if (!cJSON_IsObject(v)) return true;
    cJSON_ArrayForEach(sub, rule)
    {
        cJSON_ArrayForEach(member, v)
        {
            if (r->too_hard || ++r->steps > MAX_STEPS) return false;
            if (!matches(r, sub->string, member->string)) continue;
            if (!valid_at(r, sub, member, member->string)) return false;
        }
    }
    return true;
}

/* Named by properties or patternProperties beside it? */
static bool is_named(struct run *r, const cJSON *schema, const char *name)
{
    const cJSON *sub;
    const cJSON *properties = json_get(schema, "properties");
    if (member(r, properties, name) != NULL) return true;
    cJSON_ArrayForEach(sub, json_get(schema, "patternProperties"))
    {
        if (matches(r, sub->string, name)) return true;
    }
    return false;
}

static bool check_additional(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    const cJSON *member;
    if (!cJSON_IsObject(v)) return true;
    cJSON_ArrayForEach(member, v)
    {
        if (r->too_hard || ++r->steps > MAX_STEPS) return false;
        if (is_named(r, schema, member->string)) continue;
        if (!valid_at(r, rule, member, member->string)) return false;
    }
    return true;
}

/* Where nothing else of the schema could have evaluated a member: it is refused elsewhere. */
static bool check_unevaluated(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    if (json_get(schema, "additionalProperties") != NULL) return true;
    return check_additional(r, schema, rule, v);
}

static bool check_names(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    const cJSON *member;
    (void)schema;
    if (!cJSON_IsObject(v)) return true;
    cJSON_ArrayForEach(member, v)
    {
        cJSON name = {.type = cJSON_String, .valuestring = member->string};
        if (!valid_at(r, rule, &name, member->string)) return false;
    }
    return true;
}

static bool has_all(struct run *r, const cJSON *names, const cJSON *v)
{
    const cJSON *name;
    cJSON_ArrayForEach(name, names)
    {
        if (member(r, v, name->valuestring) == NULL) return false;
    }
    return true;
}

static bool check_required(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    (void)schema;
    r->steps += cJSON_GetArraySize(rule);
    return !cJSON_IsObject(v) || has_all(r, rule, v);
}

/* Of the members that are there: the names of each that must be too, or a schema for the whole. */
static bool check_dependent(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    const cJSON *one;
    (void)schema;
    if (!cJSON_IsObject(v)) return true;
    cJSON_ArrayForEach(one, rule)
    {
        if (member(r, v, one->string) == NULL) continue;
        if (!(cJSON_IsArray(one) ? has_all(r, one, v) : valid(r, one, v))) return false;
    }
    return true;
}

static bool check_min_members(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    (void)r, (void)schema;
    return !cJSON_IsObject(v) || cJSON_GetArraySize(v) >= rule->valuedouble;
}

static bool check_max_members(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    (void)r, (void)schema;
    return !cJSON_IsObject(v) || cJSON_GetArraySize(v) <= rule->valuedouble;
}

/* ---- schemas of schemas ------------------------------------------------------------------------------------------------ */

static bool check_all_of(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    const cJSON *sub;
    (void)schema;
    cJSON_ArrayForEach(sub, rule)
    {
        if (!valid(r, sub, v)) return false;
    }
    return true;
}

static int count_valid(struct run *r, const cJSON *subs, const cJSON *v, int enough)
{
    const cJSON *sub;
    int n = 0;
    cJSON_ArrayForEach(sub, subs)
    {
        if (n < enough) n += trial(r, sub, v);
    }
    return n;
}

static bool check_any_of(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    (void)schema;
    return count_valid(r, rule, v, 1) == 1;
}

static bool check_one_of(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    (void)schema;
    return count_valid(r, rule, v, 2) == 1;
}

static bool check_not(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    (void)schema;
    return !trial(r, rule, v);
}

static bool check_if(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    const cJSON *sub =
        cJSON_GetObjectItemCaseSensitive(schema, trial(r, rule, v) ? "then" : "else");
    return sub == NULL || valid(r, sub, v);
}

static bool check_ref(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v)
{
    const cJSON *target = target_of(r, rule);
    (void)schema;
    return target != NULL && valid(r, target, v);
}

/* ---- the table ------------------------------------------------------------------------------------------------------------ */

/* What a keyword's value must be. */
enum shape {
    SHAPE_ANY,
    SHAPE_TYPE, /* a type's name or a list of them */
    SHAPE_NUMBER,
    SHAPE_BOUND,    /* a number, or true or false beside one (draft 4) */
    SHAPE_POSITIVE, /* a number above 0 */
    SHAPE_COUNT,    /* a whole number from 0 */
    SHAPE_BOOL,
    SHAPE_PATTERN,
    SHAPE_REF,
    SHAPE_LIST,         /* of anything, not empty */
    SHAPE_NAMES,        /* a list of strings */
    SHAPE_NAME_LISTS,   /* an object of such lists */
    SHAPE_DEPENDENCIES, /* an object of such lists and schemas */
    SHAPE_SCHEMA,
    SHAPE_SCHEMAS,    /* a list of schemas, not empty */
    SHAPE_ITEMS,      /* a schema or such a list */
    SHAPE_REST,       /* a schema, where nothing combines schemas */
    SHAPE_SCHEMA_MAP, /* an object of schemas */
    SHAPE_PATTERN_MAP /* the same, its names patterns */
};

static const struct keyword {
    const char *name;
    enum shape shape;
    bool (*check)(struct run *r, const cJSON *schema, const cJSON *rule, const cJSON *v);
} keywords[] = {
    {"type", SHAPE_TYPE, check_type},
    {"enum", SHAPE_LIST, check_enum},
    {"const", SHAPE_ANY, check_const},
    {"minimum", SHAPE_NUMBER, check_minimum},
    {"maximum", SHAPE_NUMBER, check_maximum},
    {"exclusiveMinimum", SHAPE_BOUND, check_above},
    {"exclusiveMaximum", SHAPE_BOUND, check_below},
    {"multipleOf", SHAPE_POSITIVE, check_multiple},
    {"minLength", SHAPE_COUNT, check_min_length},
    {"maxLength", SHAPE_COUNT, check_max_length},
    {"pattern", SHAPE_PATTERN, check_pattern},
    {"prefixItems", SHAPE_SCHEMAS, check_prefix_items},
    {"items", SHAPE_ITEMS, check_items},
    {"additionalItems", SHAPE_SCHEMA, check_additional_items},
    {"contains", SHAPE_SCHEMA, check_contains},
    {"minContains", SHAPE_COUNT, NULL},
    {"maxContains", SHAPE_COUNT, NULL},
    {"minItems", SHAPE_COUNT, check_min_size},
    {"maxItems", SHAPE_COUNT, check_max_size},
    {"uniqueItems", SHAPE_BOOL, check_unique},
    {"properties", SHAPE_SCHEMA_MAP, check_properties},
    {"patternProperties", SHAPE_PATTERN_MAP, check_pattern_properties},
    {"additionalProperties", SHAPE_SCHEMA, check_additional},
    {"unevaluatedProperties", SHAPE_REST, check_unevaluated},
    {"propertyNames", SHAPE_SCHEMA, check_names},
    {"required", SHAPE_NAMES, check_required},
    {"dependentRequired", SHAPE_NAME_LISTS, check_dependent},
    {"dependentSchemas", SHAPE_SCHEMA_MAP, check_dependent},
    {"dependencies", SHAPE_DEPENDENCIES, check_dependent},
    {"minProperties", SHAPE_COUNT, check_min_members},
    {"maxProperties", SHAPE_COUNT, check_max_members},
    {"allOf", SHAPE_SCHEMAS, check_all_of},
    {"anyOf", SHAPE_SCHEMAS, check_any_of},
    {"oneOf", SHAPE_SCHEMAS, check_one_of},
    {"not", SHAPE_SCHEMA, check_not},
    {"if", SHAPE_SCHEMA, check_if},
    {"then", SHAPE_SCHEMA, NULL},
    {"else", SHAPE_SCHEMA, NULL},
    {"$ref", SHAPE_REF, check_ref},
    {"$defs", SHAPE_SCHEMA_MAP, NULL},
    {"definitions", SHAPE_SCHEMA_MAP, NULL},
    {"title", SHAPE_ANY, NULL},
    {"description", SHAPE_ANY, NULL},
    {"default", SHAPE_ANY, NULL},
    {"examples", SHAPE_ANY, NULL},
    {"deprecated", SHAPE_ANY, NULL},
    {"readOnly", SHAPE_ANY, NULL},
    {"writeOnly", SHAPE_ANY, NULL},
    {"format", SHAPE_ANY, NULL},
    {"$schema", SHAPE_ANY, NULL},
    {"$id", SHAPE_ANY, NULL},
    {"id", SHAPE_ANY, NULL},
    {"$anchor", SHAPE_ANY, NULL},
    {"$comment", SHAPE_ANY, NULL},
    {"nullable", SHAPE_BOOL, NULL},
    {"contentEncoding", SHAPE_ANY, NULL},
    {"contentMediaType", SHAPE_ANY, NULL},
};

static const struct keyword *find_keyword(const char *name)
{
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        if (strcmp(keywords[i].name, name) == 0) return &keywords[i];
    }
    return NULL;
}

static void say_fault(struct run *r, const char *keyword)
{
    if (r->fault == NULL || r->fault->keyword != NULL) return;
    memcpy(r->fault->path, r->path, sizeof(r->path));
    r->fault->keyword = keyword;
}

static bool valid_keywords(struct run *r, const cJSON *schema, const cJSON *value)
{
    const cJSON *rule;
    bool alone = !r->siblings && json_get(schema, "$ref") != NULL;
    cJSON_ArrayForEach(rule, schema)
    {
        const struct keyword *k = find_keyword(rule->string);
        if (k == NULL || k->check == NULL || (alone && k->check != check_ref)) continue;
        if (++r->steps > MAX_STEPS) r->too_hard = true;
        if (r->too_hard) return false;
        if (!k->check(r, schema, rule, value)) {
            say_fault(r, k->name);
            return false;
        }
    }
    return true;
}

static bool valid(struct run *r, const cJSON *schema, const cJSON *value)
{
    if (r->depth >= MAX_DEPTH) r->too_hard = true;
    if (r->too_hard) return false;
    if (cJSON_IsBool(schema)) {
        if (cJSON_IsFalse(schema)) say_fault(r, "false");
        return cJSON_IsTrue(schema);
    }
    r->depth++;
    bool ok = valid_keywords(r, schema, value);
    r->depth--;
    return ok;
}

enum json_schema_result json_schema_validate(const cJSON *schema, const cJSON *value,
                                             struct arena *a, struct json_schema_fault *fault)
{
    struct run r = {
        .root = schema, .siblings = json_siblings_count(schema), .arena = a, .fault = fault};
    *fault = (struct json_schema_fault){0};
    bool ok = valid(&r, schema, value);
    assert(r.depth == 0 && r.path[0] == '\0' && r.fault == fault); /* what was entered is left */
    if (r.too_hard) return JSON_SCHEMA_TOO_HARD;
    return ok ? JSON_SCHEMA_VALID : JSON_SCHEMA_INVALID;
}

/* ---- checking a schema -------------------------------------------------------------------------------------------------------- */

/* A schema of root that is looked at. */
struct look {
    const cJSON *root, *schema;
    struct error *err;
};

static bool check_schema(struct look l, const cJSON *schema);

static bool refuse(struct look l, const char *keyword, enum error_code code, const char *why)
{
    char pointer[200] = "";
    json_pointer_of(l.root, l.schema, pointer, sizeof(pointer));
    return error_set(l.err, code, NULL, "%.64s at #%s: %s", keyword, pointer, why);
}

static bool wrong(struct look l, const cJSON *rule, const char *wanted)
{
    char why[80];
    snprintf(why, sizeof(why), "it must be %s", wanted);
    return refuse(l, rule->string, ERROR_INVALID_VALUE, why);
}

static bool is_type_name(const cJSON *v)
{
    return cJSON_IsString(v) && find_type(v->valuestring) < N_TYPES;
}

/* Every element of a list passes; an empty one does not. */
static bool each(const cJSON *list, bool (*test)(const cJSON *v))
{
    const cJSON *v;
    cJSON_ArrayForEach(v, list)
    {
        if (!test(v)) return false;
    }
    return cJSON_IsArray(list) && list->child != NULL;
}

static bool is_string(const cJSON *v)
{
    return cJSON_IsString(v);
}

static bool is_name_list(const cJSON *v)
{
    return cJSON_IsArray(v) && (v->child == NULL || each(v, is_string));
}

static bool check_pattern_text(struct look l, const char *keyword, const char *source)
{
    struct error why = {0};
    struct pattern *p = pattern_new(span_str(source), 0, &why);
    pattern_free(p);
    return p != NULL || refuse(l, keyword, why.code, why.message);
}

static bool check_subschemas(struct look l, const cJSON *rule, bool patterns)
{
    const cJSON *sub;
    cJSON_ArrayForEach(sub, rule)
    {
        if (patterns && !check_pattern_text(l, rule->string, sub->string)) return false;
        if (!check_schema(l, sub)) return false;
    }
    return true;
}

/* An object of lists of names, or of schemas too. */
static bool check_dependencies(struct look l, const cJSON *rule, bool schemas)
{
    const cJSON *one;
    if (!cJSON_IsObject(rule)) return wrong(l, rule, "an object");
    cJSON_ArrayForEach(one, rule)
    {
        if (is_name_list(one)) continue;
        if (!schemas) return wrong(l, rule, "an object of lists of names");
        if (!check_schema(l, one)) return false;
    }
    return true;
}

/* What is not evaluated is clear where no other keyword combines schemas. */
static bool check_rest(struct look l, const cJSON *rule)
{
    static const char *const combine[] = {"allOf", "anyOf", "oneOf",           "$ref",
                                          "if",    "not",   "dependentSchemas"};
    for (size_t i = 0; i < sizeof(combine) / sizeof(combine[0]); i++) {
        if (json_get(l.schema, combine[i]) == NULL) continue;
        return refuse(l, rule->string, ERROR_UNSUPPORTED,
                      "it is supported where no other keyword combines schemas");
    }
    return check_schema(l, rule);
}

static bool check_shape(struct look l, const cJSON *rule, enum shape shape)
{
    double d = cJSON_IsNumber(rule) ? rule->valuedouble : -1;
    switch (shape) {
    case SHAPE_ANY:
        return true;
    case SHAPE_TYPE:
        return is_type_name(rule) || each(rule, is_type_name) || wrong(l, rule, "a type's name");
    case SHAPE_BOUND:
        return cJSON_IsBool(rule) || cJSON_IsNumber(rule) || wrong(l, rule, "a number");
    case SHAPE_NUMBER:
        return cJSON_IsNumber(rule) || wrong(l, rule, "a number");
    case SHAPE_POSITIVE:
        return d > 0 || wrong(l, rule, "a number above 0");
    case SHAPE_COUNT:
        return (d >= 0 && d == floor(d)) || wrong(l, rule, "a whole number from 0");
    case SHAPE_BOOL:
        return cJSON_IsBool(rule) || wrong(l, rule, "true or false");
    case SHAPE_PATTERN:
        return cJSON_IsString(rule) ? check_pattern_text(l, rule->string, rule->valuestring)
                                    : wrong(l, rule, "a string");
    case SHAPE_REF:
        return (cJSON_IsString(rule) && json_reference(l.root, rule->valuestring) != NULL) ||
               wrong(l, rule, "a reference within the schema, like \"#/$defs/x\"");
    case SHAPE_LIST:
        return (cJSON_IsArray(rule) && rule->child != NULL) || wrong(l, rule, "a list");
    case SHAPE_NAMES:
        return is_name_list(rule) || wrong(l, rule, "a list of names");
    case SHAPE_NAME_LISTS:
    case SHAPE_DEPENDENCIES:
        return check_dependencies(l, rule, shape == SHAPE_DEPENDENCIES);
    case SHAPE_REST:
        return check_rest(l, rule);
    case SHAPE_ITEMS:
        if (cJSON_IsArray(rule)) return check_subschemas(l, rule, false);
        return check_schema(l, rule);
    case SHAPE_SCHEMA:
        return check_schema(l, rule);
    case SHAPE_SCHEMAS:
        if (!cJSON_IsArray(rule) || rule->child == NULL) return wrong(l, rule, "a list of schemas");
        return check_subschemas(l, rule, false);
    case SHAPE_SCHEMA_MAP:
    case SHAPE_PATTERN_MAP:
        if (!cJSON_IsObject(rule)) return wrong(l, rule, "an object of schemas");
        return check_subschemas(l, rule, shape == SHAPE_PATTERN_MAP);
    }
    return false;
}

static bool check_schema(struct look l, const cJSON *schema)
{
    const cJSON *rule;
    l.schema = schema;
    if (cJSON_IsBool(schema)) return true;
    if (!cJSON_IsObject(schema)) {
        char why[64];
        snprintf(why, sizeof(why), "it must be an object or a boolean, not %s",
                 json_type_name(schema));
        return refuse(l, "a schema", ERROR_INVALID_TYPE, why);
    }
    cJSON_ArrayForEach(rule, schema)
    {
        const struct keyword *k = find_keyword(rule->string);
        if (k == NULL) {
            return refuse(l, rule->string, ERROR_UNSUPPORTED, "this keyword is not supported");
        }
        if (!check_shape(l, rule, k->shape)) return false;
    }
    return true;
}

bool json_schema_check(const cJSON *schema, struct error *err)
{
    return check_schema((struct look){.root = schema, .err = err}, schema);
}
