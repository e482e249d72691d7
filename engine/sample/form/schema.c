/* engine/sample/form/schema.c - see schema.h and schema_impl.h: sets of schemas, and the queue.
 *
 * A set is made a rule once; equal sets are one. $ref and allOf are put in when a set is made, and a
 * combination (anyOf, oneOf, not, if) is used up when the set becomes a rule: so
 *
 * (1) in a set stand only schemas whose references are used.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/schema.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_reference.h"
#include "base/mem.h"
#include "engine/sample/form/chars.h"
#include "engine/sample/form/schema_impl.h"

/* ---- telling --------------------------------------------------------------------------------- */

bool schema_refuse(struct schema_compiler *c, const cJSON *schema, const char *keyword,
                   enum error_code code, const char *why)
{
    char pointer[200];
    if (!json_pointer_of(c->root, schema, pointer, sizeof(pointer)))
        snprintf(pointer, sizeof(pointer), " (written out)");
    return error_set(c->err, code, "", "%s at #%s: %s", keyword, pointer, why);
}

const cJSON *schema_keyword(struct schema_compiler *c, const struct atom *a, const char *name,
                            int type, bool *fine)
{
    const cJSON *value = schema_get(a, name);
    if (value == NULL || type == 0) return value;
    bool right = (value->type & type) != 0;
    if (!right)
        *fine = schema_refuse(c, a->schema, name, ERROR_INVALID_VALUE, "a value of the wrong type");
    return right ? value : NULL;
}

const cJSON *schema_own(struct schema_compiler *c, cJSON *schema)
{
    if (schema == NULL || !mem_reserve(&c->own, c->n_own + 1, &c->own_room, sizeof(*c->own))) {
        cJSON_Delete(schema);
        error_set(c->err, ERROR_NO_MEMORY, "", "out of memory for a schema");
        return NULL;
    }
    return c->own[c->n_own++] = schema;
}

int schema_token(struct schema_compiler *c, rx text)
{
    return grammar_terminal(c->g, rx_cat(c->pool, c->space, text));
}

/* ---- sets ------------------------------------------------------------------------------------ */

static uint64_t words_of(const cJSON *schema)
{
    uint64_t words = 0;
    if (!cJSON_IsObject(schema)) return 0;
    for (const cJSON *child = schema->child; child != NULL; child = child->next) {
        words |= schema_bit(child->string);
    }
    return words;
}

struct atom schema_atom(struct schema_compiler *c, const cJSON *schema, int used)
{
    uint64_t hash = ids_mix(1, (uint64_t)(uintptr_t)schema);
    for (int at = -1, id; (id = ids_next(&c->number_ids, hash, &at)) >= 0;) {
        if (c->numbered[id].schema == schema)
            return (struct atom){schema, c->numbered[id].words, id + 1, used};
    }
    if (!mem_reserve(&c->numbered, c->n_numbered + 1, &c->numbered_room, sizeof(*c->numbered)) ||
        !ids_put(&c->number_ids, hash, c->n_numbered)) {
        error_set(c->err, ERROR_NO_MEMORY, "", "out of memory for a schema");
        return (struct atom){.schema = schema};
    }
    struct numbered *made = &c->numbered[c->n_numbered++];
    *made = (struct numbered){.schema = schema, .words = words_of(schema)};
    return (struct atom){schema, made->words, c->n_numbered, used};
}

static bool insert_atom(struct schema_compiler *c, struct atom *list, int *n, int place,
                        const cJSON *schema, int used)
{
    struct atom atom = schema_atom(c, schema, used);
    if (atom.number == 0) return false;
    for (int i = 0; i < *n; i++) {
        if (list[i].number != atom.number) continue;
        list[i].used |= used; /* the same schema twice: what one has used is used */
        return true;
    }
    if (*n == SCHEMA_MAX_ATOMS)
        return error_set(c->err, ERROR_TOO_COMPLEX, "", "the schema is too complex");
    memmove(list + place + 1, list + place, (size_t)(*n - place) * sizeof(*list));
    list[place] = atom;
    ++*n;
    return true;
}

bool schema_add_atom(struct schema_compiler *c, struct atom *list, int *n, const cJSON *schema,
                     int used)
{
    return insert_atom(c, list, n, *n, schema, used);
}

/* Words that assert something which is not kept. A word that is kept here stands in no list: it
 * is asked for by name where it is used. */
static bool check_words(struct schema_compiler *c, const struct atom *a)
{
    static const char *const refused[] = {"$dynamicRef", "$recursiveRef", "unevaluatedItems"};
    static const char *const of_draft_3[] = {"disallow", "divisibleBy", "extends"};
    bool fine = true;
    schema_keyword(c, a, "required", cJSON_Array, &fine);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]) && fine; i++) {
        bool old = c->draft_3 && schema_get(a, of_draft_3[i]) != NULL;
        const char *word = old ? of_draft_3[i] : refused[i];
        if (schema_get(a, word) == NULL) continue;
        return schema_refuse(c, a->schema, word, ERROR_UNSUPPORTED,
                             "this keyword is not supported");
    }
    return fine;
}

static bool add_reference(struct schema_compiler *c, struct atom *list, int *n, int i)
{
    bool fine = true;
    const cJSON *ref = schema_keyword(c, &list[i], "$ref", cJSON_String, &fine);
    if (!fine || ref == NULL) return fine;
    const cJSON *target = schema_resolve(c, ref);
    if (target == NULL)
        return schema_refuse(c, list[i].schema, "$ref", ERROR_UNSUPPORTED,
                             "it points to nothing here");
    if (!c->siblings) list[i].used = ~0; /* older drafts: nothing beside $ref counts */
    return insert_atom(c, list, n, i + 1, target, 0);
}

static bool add_all_of(struct schema_compiler *c, struct atom *list, int *n, int i)
{
    bool fine = true;
    const cJSON *all = schema_keyword(c, &list[i], "allOf", cJSON_Array, &fine), *one;
    int place = i + 1;
    cJSON_ArrayForEach(one, all)
    {
        int before = *n;
        if (!insert_atom(c, list, n, place, one, 0)) return false;
        place += *n - before;
    }
    return fine;
}

static uint64_t hash_set(const struct set *s)
{
    uint64_t h = s->never;
    for (int i = 0; i < s->n; i++) {
        h = ids_mix(h, (uint64_t)(uint32_t)s->atoms[i].number << 32 | (uint32_t)s->atoms[i].used);
    }
    return h;
}

static bool same_set(const struct set *a, const struct set *b)
{
    if (a->n != b->n || a->never != b->never) return false;
    for (int i = 0; i < a->n; i++) {
        if (a->atoms[i].number != b->atoms[i].number || a->atoms[i].used != b->atoms[i].used)
            return false;
    }
    return true;
}

/* The set that equals s among those that became rules; NULL: none. */
static const struct made *find_made(const struct schema_compiler *c, const struct set *s,
                                    uint64_t hash)
{
    for (int at = -1, id; (id = ids_next(&c->made_ids, hash, &at)) >= 0;) {
        if (same_set(&c->made[id].set, s)) return &c->made[id];
    }
    return NULL;
}

/* A set whose atoms live as long as the compiler. */
static bool keep_set(struct schema_compiler *c, struct set s, struct set *out)
{
    const struct made *made = find_made(c, &s, hash_set(&s));
    struct atom *atoms =
        made != NULL ? made->set.atoms : arena_alloc(c->arena, (size_t)s.n, sizeof(*s.atoms));
    if (atoms == NULL) return error_set(c->err, ERROR_TOO_COMPLEX, "", "the schema is too complex");
    if (made == NULL && s.n > 0) memcpy(atoms, s.atoms, (size_t)s.n * sizeof(*s.atoms));
    s.atoms = atoms;
    *out = s;
    return true;
}

/* atoms differ, as those of a set do. */
bool schema_set_of(struct schema_compiler *c, const struct atom *atoms, int n, struct set *out)
{
    struct atom list[SCHEMA_MAX_ATOMS], kept[SCHEMA_MAX_ATOMS];
    struct set s = {.atoms = kept};
    int total = n;
    for (int i = 0; i < n; i++) {
        list[i] = atoms[i].number != 0 ? atoms[i] : schema_atom(c, atoms[i].schema, atoms[i].used);
        if (list[i].number == 0) return false;
    }
    for (int i = 0; i < total; i++) {
        const cJSON *schema = list[i].schema;
        if (cJSON_IsFalse(schema)) s.never = true;
        if (cJSON_IsBool(schema)) continue;
        if (!cJSON_IsObject(schema)) {
            return schema_refuse(c, schema, "schema", ERROR_INVALID_VALUE,
                                 "a schema is an object, true or false");
        }
        if (!check_words(c, &list[i])) return false;
        if (!(list[i].used & USED_ALL_OF) && !add_all_of(c, list, &total, i)) return false;
        if (!(list[i].used & USED_REF) && !add_reference(c, list, &total, i)) return false;
        list[i].used |= USED_REF | USED_ALL_OF;
        if (list[i].used != ~0) kept[s.n++] = list[i];
    }
    if (s.never) s.n = 0;
    return keep_set(c, s, out);
}

int schema_set_rule(struct schema_compiler *c, const struct set *s)
{
    uint64_t hash = hash_set(s);
    const struct made *made = find_made(c, s, hash);
    if (made != NULL) return made->rule;
    int rule = grammar_rule(c->g);
    if (c->n_made >= SCHEMA_MAX_SETS) {
        error_set(c->err, ERROR_TOO_COMPLEX, "", "the schema is too complex");
        return rule;
    }
    if (!mem_reserve(&c->made, c->n_made + 1, &c->made_room, sizeof(*c->made)) ||
        !ids_put(&c->made_ids, hash, c->n_made)) {
        error_set(c->err, ERROR_NO_MEMORY, "", "out of memory for a schema");
        return rule;
    }
    c->made[c->n_made++] = (struct made){*s, rule};
    return rule;
}

/* ---- combinations ---------------------------------------------------------------------------- */

/* Can no value satisfy both sets? False also where it isn't clear. depth bounds the search; when
 * so much was asked that the schema is too complex, *err is set. */
static bool sets_apart(struct schema_compiler *c, const struct set *a, const struct set *b,
                       int depth);

/* A set with more schemas, and with `used` used of its atom i. */
static bool set_with(struct schema_compiler *c, const struct set *s, int i, int used,
                     const struct atom *more, int n_more, struct set *out)
{
    struct atom list[SCHEMA_MAX_ATOMS];
    int n = s->n, place = i + 1; /* right behind the schema that they come from */
    assert(i >= 0 && i < n);
    memcpy(list, s->atoms, (size_t)n * sizeof(*list));
    list[i].used |= used;
    for (int k = 0; k < n_more; k++) {
        int before = n;
        if (!insert_atom(c, list, &n, place, more[k].schema, more[k].used)) return false;
        place += n - before;
    }
    return schema_set_of(c, list, n, out);
}

/* Does a schema of the set forbid a member that one requires? */
static bool forbids_required(const struct set *s)
{
    for (int i = 0; i < s->n; i++) {
        const cJSON *one;
        cJSON_ArrayForEach(one, schema_get(&s->atoms[i], "properties"))
        {
            if (cJSON_IsFalse(one) && schema_is_required(s, one->string)) return true;
        }
    }
    return false;
}

/* Is it plain that no value satisfies a set? */
static bool is_empty(struct schema_compiler *c, const struct set *s)
{
    int types;
    struct error *err = c->err, quiet = {0};
    c->err = &quiet; /* a type that is none is told where it is used */
    bool known = schema_types(c, s, &types);
    c->err = err;
    return known && (types == 0 || (types == TYPE_OBJECT && forbids_required(s)));
}

/* The rule derives what such a set does too. */
static bool add_case(struct schema_compiler *c, int rule, const struct set *s, int i, int used,
                     const struct atom *more, int n_more)
{
    struct set one;
    if (!set_with(c, s, i, used, more, n_more, &one)) return false;
    if (one.never || is_empty(c, &one)) return true;
    int symbol = schema_set_rule(c, &one);
    grammar_add(c->g, rule, &symbol, 1);
    return true;
}

static bool use_any_of(struct schema_compiler *c, const struct set *s, int i, int used,
                       const cJSON *list, int rule)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, list)
    {
        if (!add_case(c, rule, s, i, used, &(struct atom){.schema = one}, 1)) return false;
    }
    return true;
}

const cJSON *schema_not(struct schema_compiler *c, const cJSON *schema)
{
    cJSON *wrap = cJSON_CreateObject();
    if (wrap != NULL && !json_put_borrowed(wrap, "not", schema)) {
        cJSON_Delete(wrap);
        wrap = NULL;
    }
    return schema_own(c, wrap);
}

/* Are there two cases or more that objects and other values satisfy? */
static bool has_mixed_cases(struct schema_compiler *c, const struct set *sets, int n, bool *mixed)
{
    int types, found = 0;
    for (int k = 0; k < n; k++) {
        if (!schema_types(c, &sets[k], &types)) return false;
        found += (types & TYPE_OBJECT) && (types & ~TYPE_OBJECT);
    }
    *mixed = found > 1;
    return true;
}

/* The objects of a set, and all its other values, each for itself: most schemas that leave the type
 * open tell objects apart and allow everything else. */
static bool split_by_type(struct schema_compiler *c, const struct set *s, int i, int rule)
{
    for (int k = 0; k < 2; k++) {
        cJSON *of_type = cJSON_CreateObject();
        cJSON_AddStringToObject(of_type, k == 0 ? "type" : SCHEMA_NOT_TYPE, "object");
        const cJSON *made = schema_own(c, of_type);
        if (made == NULL || !add_case(c, rule, s, i, 0, &(struct atom){.schema = made}, 1))
            return false;
    }
    return true;
}

/* One of the cases, and of the others none: those that can't be satisfied beside it need no
 * word. */
static bool use_one_of(struct schema_compiler *c, const struct set *s, int i, int used,
                       const cJSON *list, int rule)
{
    int n = cJSON_GetArraySize(list), k = 0;
    if (n > SCHEMA_MAX_ATOMS / 2) {
        return schema_refuse(c, s->atoms[i].schema, "oneOf", ERROR_TOO_COMPLEX,
                             "too many alternatives");
    }
    struct set sets[SCHEMA_MAX_ATOMS / 2];
    const cJSON *one;
    bool mixed;
    cJSON_ArrayForEach(one, list)
    {
        if (!set_with(c, s, i, used, &(struct atom){.schema = one}, 1, &sets[k++])) return false;
    }
    if (!has_mixed_cases(c, sets, n, &mixed)) return false;
    if (mixed) return split_by_type(c, s, i, rule);
    for (k = 0; k < n; k++) {
        struct atom more[SCHEMA_MAX_ATOMS];
        int n_more = 0;
        if (!schema_add_atom(c, more, &n_more, cJSON_GetArrayItem(list, k), 0)) return false;
        for (int other = 0; other < n; other++) {
            if (other == k || sets_apart(c, &sets[k], &sets[other], 6)) continue;
            const cJSON *negated = schema_not(c, cJSON_GetArrayItem(list, other));
            if (negated == NULL || !schema_add_atom(c, more, &n_more, negated, 0)) return false;
        }
        if (!add_case(c, rule, s, i, used, more, n_more)) return false;
    }
    return true;
}

static bool use_not(struct schema_compiler *c, const struct set *s, int i, int used,
                    const cJSON *schema, int rule)
{
    const cJSON *opposite = schema_negate(c, schema);
    return opposite != NULL && add_case(c, rule, s, i, used, &(struct atom){.schema = opposite}, 1);
}

/* (if and then) or (not if and else). */
static bool use_if(struct schema_compiler *c, const struct set *s, int i, int used,
                   const cJSON *condition, int rule)
{
    const cJSON *yes = schema_get(&s->atoms[i], "then"), *no = schema_get(&s->atoms[i], "else");
    if (yes == NULL && no == NULL) return add_case(c, rule, s, i, used, NULL, 0);
    const cJSON *opposite = schema_not(c, condition);
    if (opposite == NULL) return false;
    struct atom then_case[] = {{.schema = condition}, {.schema = yes}};
    struct atom else_case[] = {{.schema = opposite}, {.schema = no}};
    return add_case(c, rule, s, i, used, then_case, yes == NULL ? 1 : 2) &&
           add_case(c, rule, s, i, used, else_case, no == NULL ? 1 : 2);
}

/* {"properties": {name: false}} or {"required": [name, ...names]}. */
static cJSON *member_schema(const char *name, bool present, const cJSON *names)
{
    cJSON *made = cJSON_CreateObject(),
          *inner = present ? cJSON_CreateArray() : cJSON_CreateObject();
    if (!json_put(made, present ? "required" : "properties", inner)) {
        cJSON_Delete(made);
        return NULL;
    }
    if (!present) {
        json_put(inner, name, cJSON_CreateFalse());
        return made;
    }
    json_put(inner, NULL, cJSON_CreateString(name));
    const cJSON *one;
    cJSON_ArrayForEach(one, names)
    {
        if (cJSON_IsString(one)) json_put(inner, NULL, cJSON_CreateString(one->valuestring));
    }
    return made;
}

/* Each dependency is an anyOf of its own: the member isn't there, or what it asks for is. */
static bool use_dependent(struct schema_compiler *c, const struct set *s, int i, int used,
                          const cJSON *list, int rule)
{
    struct atom more[SCHEMA_MAX_ATOMS];
    int n = 0;
    const cJSON *one;
    cJSON_ArrayForEach(one, list)
    {
        cJSON *any = cJSON_CreateObject(), *cases = cJSON_AddArrayToObject(any, "anyOf");
        json_put(cases, NULL, member_schema(one->string, false, NULL));
        cJSON *there = member_schema(one->string, true, cJSON_IsArray(one) ? one : NULL);
        if (!cJSON_IsArray(one)) {
            cJSON *both = cJSON_CreateArray();
            json_put(both, NULL, there);
            json_put_borrowed(both, NULL, one);
            there = cJSON_CreateObject();
            json_put(there, "allOf", both);
        }
        json_put(cases, NULL, there);
        const cJSON *made = schema_own(c, any);
        if (made == NULL || !schema_add_atom(c, more, &n, made, 0)) return false;
    }
    return add_case(c, rule, s, i, used, more, n);
}

/* Combinations in the order in which they are used up. */
static const struct {
    const char *name;
    int type, used;
    bool (*use)(struct schema_compiler *c, const struct set *s, int i, int used, const cJSON *value,
                int rule);
} combinations[] = {
    {"not", 0, USED_NOT, use_not},
    {"if", 0, USED_IF, use_if},
    {"dependentRequired", cJSON_Object, USED_REQUIRED, use_dependent},
    {"dependentSchemas", cJSON_Object, USED_SCHEMAS, use_dependent},
    {"dependencies", cJSON_Object, USED_DEPENDENCIES, use_dependent},
    {"anyOf", cJSON_Array, USED_ANY_OF, use_any_of},
    {"oneOf", cJSON_Array, USED_ONE_OF, use_one_of},
};

int schema_combination(const char *name)
{
    if (strcmp(name, "then") == 0 || strcmp(name, "else") == 0) return USED_IF;
    for (size_t k = 0; k < sizeof(combinations) / sizeof(combinations[0]); k++) {
        if (strcmp(name, combinations[k].name) == 0) return combinations[k].used;
    }
    return 0;
}

/* Use up the first combination that is left. *done: there was one. */
static bool use_combination(struct schema_compiler *c, const struct set *s, int rule, bool *done)
{
    for (size_t k = 0; k < sizeof(combinations) / sizeof(combinations[0]); k++) {
        for (int i = 0; i < s->n; i++) {
            bool fine = true;
            if (s->atoms[i].used & combinations[k].used) continue;
            const cJSON *value =
                schema_keyword(c, &s->atoms[i], combinations[k].name, combinations[k].type, &fine);
            if (!fine) return false;
            if (value == NULL) continue;
            *done = true;
            return combinations[k].use(c, s, i, combinations[k].used, value, rule);
        }
    }
    return true;
}

/* ---- types ----------------------------------------------------------------------------------- */

static int type_of_name(const char *name)
{
    static const struct {
        const char *name;
        int types;
    } names[] = {{"null", TYPE_NULL},
                 {"boolean", TYPE_BOOLEAN},
                 {"integer", TYPE_WHOLE},
                 {"string", TYPE_STRING},
                 {"array", TYPE_ARRAY},
                 {"object", TYPE_OBJECT},
                 {"number", TYPE_WHOLE | TYPE_FRACTION},
                 {"any", TYPE_ALL}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i].name, name) == 0) return names[i].types;
    }
    return -1;
}

/* Types that a type keyword names; -1: it is none. */
static int types_named(const cJSON *type)
{
    if (cJSON_IsString(type)) return type_of_name(type->valuestring);
    if (!cJSON_IsArray(type)) return -1;
    int all = 0;
    const cJSON *one;
    cJSON_ArrayForEach(one, type)
    {
        int types = cJSON_IsString(one) ? type_of_name(one->valuestring) : -1;
        if (types < 0) return -1;
        all |= types;
    }
    return all;
}

bool schema_types(struct schema_compiler *c, const struct set *s, int *types)
{
    *types = s->never ? 0 : TYPE_ALL;
    for (int i = 0; i < s->n; i++) {
        const struct atom *a = &s->atoms[i];
        const cJSON *type = schema_get(a, "type"), *other = schema_get(a, SCHEMA_NOT_TYPE);
        int named = type == NULL ? TYPE_ALL : types_named(type);
        if (named < 0)
            return schema_refuse(c, a->schema, "type", ERROR_INVALID_VALUE,
                                 "no type of JSON Schema");
        if (type != NULL && cJSON_IsTrue(schema_get(a, "nullable"))) named |= TYPE_NULL;
        if (other != NULL) named &= ~types_named(other);
        *types &= named;
    }
    return true;
}

static bool process(struct schema_compiler *c, const struct set *s, int rule)
{
    bool done = false;
    int types, atom;
    for (int i = 0; i < s->n; i++) {
        assert(s->atoms[i].used & USED_REF); /* (1) */
    }
    if (s->never) return true;
    if (!use_combination(c, s, rule, &done)) return false;
    if (done) return true;
    if (!schema_types(c, s, &types)) return false;
    if (schema_enum_of(c, s, &atom) != NULL) return schema_literals(c, s, rule);
    if (!schema_scalars(c, s, types, rule)) return false;
    if ((types & TYPE_ARRAY) && !schema_array(c, s, rule)) return false;
    return !(types & TYPE_OBJECT) || schema_object(c, s, rule);
}

/* ---- apart ----------------------------------------------------------------------------------- */

static bool cases_apart(struct schema_compiler *c, const struct set *a, const struct set *b,
                        int depth);

static bool strings_apart(struct schema_compiler *c, const struct set *a, const struct set *b)
{
    rx x, y;
    if (!schema_string_rx(c, a, &x) || !schema_string_rx(c, b, &y)) return false;
    return rx_life(c->pool, rx_and(c->pool, x, y), 2000) == RX_DEAD;
}

static bool numbers_apart(struct schema_compiler *c, const struct set *a, const struct set *b,
                          bool whole)
{
    rx x, y;
    if (!schema_number_rx(c, a, whole, &x) || !schema_number_rx(c, b, whole, &y)) return false;
    return rx_life(c->pool, rx_and(c->pool, x, y), 2000) == RX_DEAD;
}

/* Some member that one requires is, in the other, of other values. */
static bool objects_apart(struct schema_compiler *c, const struct set *a, const struct set *b,
                          int depth)
{
    for (int i = 0; i < a->n; i++) {
        const cJSON *required = schema_get(&a->atoms[i], "required"), *name;
        cJSON_ArrayForEach(name, required)
        {
            struct set x, y;
            if (!cJSON_IsString(name)) continue;
            if (!schema_member_set(c, a, name->valuestring, &x) ||
                !schema_member_set(c, b, name->valuestring, &y))
                return false;
            if (y.never) return true;
            if (schema_is_required(b, name->valuestring) && sets_apart(c, &x, &y, depth - 1))
                return true;
        }
    }
    return false;
}

static bool literals_apart(struct schema_compiler *c, const struct set *a, const struct set *b,
                           bool *known)
{
    int i, k;
    const cJSON *x = schema_enum_of(c, a, &i), *y = schema_enum_of(c, b, &k), *one, *other;
    *known = x != NULL && y != NULL;
    if (!*known) return false;
    cJSON_ArrayForEach(one, x)
    {
        cJSON_ArrayForEach(other, y)
        {
            if (schema_equal(one, other)) return false;
        }
    }
    return true;
}

/* A set whose schemas still combine others: every case of it must be apart. */
static bool cases_apart(struct schema_compiler *c, const struct set *a, const struct set *b,
                        int depth)
{
    for (int i = 0; i < a->n; i++) {
        for (int k = 0; k < 2; k++) {
            const cJSON *list = schema_get(&a->atoms[i], k == 0 ? "anyOf" : "oneOf"), *one;
            int used = k == 0 ? USED_ANY_OF : USED_ONE_OF;
            if (!cJSON_IsArray(list) || (a->atoms[i].used & used)) continue;
            cJSON_ArrayForEach(one, list)
            {
                struct set x;
                if (!set_with(c, a, i, used, &(struct atom){.schema = one}, 1, &x)) return false;
                if (!sets_apart(c, &x, b, depth - 1)) return false;
            }
            return true;
        }
    }
    return false;
}

static bool sets_apart(struct schema_compiler *c, const struct set *a, const struct set *b,
                       int depth)
{
    int x, y;
    bool known;
    struct error *err = c->err, quiet = {0};
    if (a->never || b->never) return true;
    if (depth <= 0 || c->apart_left <= 0) return false;
    c->apart_left--;
    c->err = &quiet; /* what is only a trial leaves no mark */
    bool apart = false;
    if (schema_types(c, a, &x) && schema_types(c, b, &y)) {
        int both = x & y;
        apart = both == 0 || literals_apart(c, a, b, &known);
        if (!apart && !(both & (TYPE_NULL | TYPE_BOOLEAN | TYPE_ARRAY))) {
            apart = (!(both & TYPE_STRING) || strings_apart(c, a, b)) &&
                    (!(both & TYPE_WHOLE) || numbers_apart(c, a, b, true)) &&
                    (!(both & TYPE_FRACTION) || numbers_apart(c, a, b, false)) &&
                    (!(both & TYPE_OBJECT) || objects_apart(c, a, b, depth) ||
                     objects_apart(c, b, a, depth));
        }
        apart = apart || cases_apart(c, a, b, depth) || cases_apart(c, b, a, depth);
    }
    c->err = err;
    if (c->apart_left == 0)
        error_set(c->err, ERROR_TOO_COMPLEX, "", "oneOf: the schema is too complex");
    return apart;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static rx make_space(struct rx_pool *p, enum schema_space space)
{
    rx blank = rx_byte_range(p, ' ', ' '), tab = rx_byte_range(p, '\t', '\t'),
       line = rx_byte_range(p, '\n', '\n');
    rx indent = rx_or(p, blank, tab),
       any = rx_or(p, rx_or(p, indent, line), rx_byte_range(p, '\r', '\r'));
    switch (space) {
    case SCHEMA_SPACE_COMPACT:
        return RX_EMPTY;
    case SCHEMA_SPACE_ANY:
        return rx_repeat(p, any, 0, 200);
    case SCHEMA_SPACE_USUAL:
        break;
    }
    rx indented = rx_cat(p, line, rx_repeat(p, indent, 0, 40));
    return rx_or(p, RX_EMPTY, rx_or(p, blank, indented));
}

static void begin(struct schema_compiler *c, struct grammar *g, const cJSON *root,
                  const struct schema_options *o, struct error *err)
{
    *c =
        (struct schema_compiler){.g = g, .pool = grammar_pool(g), .o = o, .root = root, .err = err};
    c->apart_left = SCHEMA_MAX_APART;
    c->siblings = json_siblings_count(root);
    c->draft_3 = json_is_draft_3(root);
    c->space = make_space(c->pool, o->space);
    c->any_char = chars_class_rx(c->pool, CHARS_ANY, CHARS_JSON);
    c->string_body = rx_repeat(c->pool, c->any_char, 0, RX_UNBOUNDED);
    c->comma = schema_token(c, rx_byte_range(c->pool, ',', ','));
    c->open_array = schema_token(c, rx_byte_range(c->pool, '[', '['));
    c->close_array = schema_token(c, rx_byte_range(c->pool, ']', ']'));
    c->open_object = schema_token(c, rx_byte_range(c->pool, '{', '{'));
    c->close_object = schema_token(c, rx_byte_range(c->pool, '}', '}'));
}

static void end(struct schema_compiler *c)
{
    for (int i = 0; i < c->n_own; i++) {
        cJSON_Delete(c->own[i]);
    }
    free(c->own);
    free(c->made);
    free(c->numbered);
    ids_clear(&c->made_ids);
    ids_clear(&c->number_ids);
    schema_forget(c);
    arena_free(c->arena);
}

/* Work off the queue. */
static bool run(struct schema_compiler *c)
{
    while (c->next < c->n_made) {
        struct made made = c->made[c->next++];
        if (!process(c, &made.set, made.rule) || c->err->code != ERROR_NONE) return false;
    }
    return true;
}

bool schema_rule(struct grammar *g, const cJSON *schema, const struct schema_options *o,
                 int *symbol, struct error *err)
{
    struct schema_compiler c;
    struct error mine = {0};
    struct set top;
    begin(&c, g, schema, o, &mine);
    c.arena = arena_new(SCHEMA_ARENA_BYTES);
    bool fine =
        c.arena != NULL || error_set(&mine, ERROR_NO_MEMORY, "", "out of memory for a schema");
    fine = fine && schema_set_of(&c, &(struct atom){.schema = schema}, 1, &top);
    if (fine) *symbol = schema_set_rule(&c, &top);
    fine = fine && run(&c);
    end(&c);
    if (!fine && err != NULL) *err = mine;
    return fine;
}

/* The set of the same schemas in another compiler, which numbers them anew. */
static bool same_schemas(struct schema_compiler *own, const struct set *s, struct set *out)
{
    struct atom list[SCHEMA_MAX_ATOMS];
    for (int i = 0; i < s->n; i++) {
        list[i] = (struct atom){.schema = s->atoms[i].schema, .used = s->atoms[i].used};
    }
    return schema_set_of(own, list, s->n, out);
}

struct earley *schema_reader(struct schema_compiler *c, const struct set *s, bool *none)
{
    static const struct schema_options compact = {.space = SCHEMA_SPACE_COMPACT};
    struct schema_compiler own;
    struct set top;
    struct grammar *g = grammar_new();
    if (g == NULL) {
        error_set(c->err, ERROR_NO_MEMORY, "", "out of memory for a schema");
        return NULL;
    }
    begin(&own, g, c->root, &compact, c->err);
    own.siblings = c->siblings;
    own.draft_3 = c->draft_3;
    own.arena = arena_new(SCHEMA_ARENA_BYTES);
    bool fine =
        own.arena != NULL || error_set(c->err, ERROR_NO_MEMORY, "", "out of memory for a schema");
    fine = fine && same_schemas(&own, s, &top);
    int start = fine ? schema_set_rule(&own, &top) : 0;
    fine = fine && run(&own);
    end(&own);
    struct error why = {0};
    if (fine && grammar_finish(g, start, &why)) return earley_new(g, c->err);
    *none = fine && why.code == ERROR_INVALID_VALUE;
    if (fine && !*none) *c->err = why;
    grammar_free(g);
    return NULL;
}

struct earley *schema_compile(const cJSON *schema, const struct schema_options *o,
                              struct error *err)
{
    int symbol;
    struct grammar *g = grammar_new();
    if (g == NULL) {
        error_set(err, ERROR_NO_MEMORY, "", "out of memory for a schema");
        return NULL;
    }
    if (!schema_rule(g, schema, o, &symbol, err) || !grammar_finish(g, symbol, err)) {
        grammar_free(g);
        return NULL;
    }
    struct earley *e = earley_new(g, err);
    if (e != NULL) earley_not_first(e, " \t\n\r");
    return e;
}
