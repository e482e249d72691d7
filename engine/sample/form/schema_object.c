/* engine/sample/form/schema_object.c - objects of a set of schemas.
 *
 * Named members come in the order in which schemas name them, each at most once, then others. An
 * object is read through states (i, k): the first i names are behind us and k members were written,
 * as far as k matters (a comma, minProperties, maxProperties). A state is a rule that begins with
 * the object's bracket, recursion to the left: what may follow then stands in one place (rows.h).
 *
 *     (i, k)  ->  (i-1, k)                       the i-th name is left out, unless it is required
 *             |   (i-1, k-1) [,] "name": value
 *
 * Where branches of a schema name members in different orders, the order of the whole schema
 * (schema_order.c) does as well as that of the branch: two chains of states.
 *
 * Names of other members are texts unlike all names that are written out, split by the patterns of
 * patternProperties that they match, since each such part has values of its own. A grammar cannot
 * tell whether such a name was written before, so others that are counted may be one name written
 * twice: minProperties is refused where it would have to count two of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "engine/sample/form/chars.h"
#include "engine/sample/form/schema_impl.h"

enum { MAX_NAMES = 4000, MAX_PATTERNS = 6 };

struct member {
    const char *name; /* as in cJSON's tree */
    rx text;          /* its body as a JSON string */
    int pair;         /* the rule of "name": value */
    bool required, never;
};

/* A pattern of patternProperties, wherever it stands. */
struct pattern {
    const char *text;
    rx names, all; /* that match; that may match, by one standard of patterns (pattern.h) */
};

struct object {
    struct member *members;
    int n;
    struct pattern patterns[MAX_PATTERNS];
    int n_patterns;
    int min, max;   /* max: RX_UNBOUNDED */
    int most;       /* members that are counted: k goes from 0 to most */
    bool saturates; /* at most members, more count the same */
    int others;     /* the rule of "other name": value; GRAMMAR_NO_SYMBOL: there are none */
    int *states;    /* of the names so far: [most + 1] */
};

static const cJSON *get(const struct set *s, int i, const char *name)
{
    return schema_get(&s->atoms[i], name);
}

/* ---- what a name must satisfy ---------------------------------------------------------------- */

static bool names_of_pattern(struct schema_compiler *c, const cJSON *schema, const cJSON *entry,
                             struct pattern *out)
{
    struct error why = {0};
    struct span text = json_key(entry, c->arena);
    out->text = entry->string;
    if (schema_pattern(c, text, &out->names, &why) && schema_wide_pattern(c, text, &out->all, &why))
        return true;
    return schema_refuse(c, schema, "patternProperties", why.code, why.message);
}

/* unevaluatedProperties: as additionalProperties where nothing else could have evaluated a
 * member. */
static bool others_keyword(struct schema_compiler *c, const struct atom *a, const cJSON **out)
{
    static const char *const combine[] = {"allOf", "anyOf", "oneOf",           "$ref",
                                          "if",    "not",   "dependentSchemas"};
    const cJSON *rest = schema_get(a, "unevaluatedProperties");
    *out = schema_get(a, "additionalProperties");
    if (rest == NULL || *out != NULL) return true;
    for (size_t i = 0; i < sizeof(combine) / sizeof(combine[0]); i++) {
        if (schema_get(a, combine[i]) == NULL) continue;
        return schema_refuse(c, a->schema, "unevaluatedProperties", ERROR_UNSUPPORTED,
                             "it is supported where no other keyword combines schemas");
    }
    *out = rest;
    return true;
}

/* What one schema asks of a member, added to the list. text: its body. */
static bool add_member_atoms(struct schema_compiler *c, const struct atom *a, const char *name,
                             rx text, struct atom *list, int *n)
{
    const cJSON *own = cJSON_GetObjectItemCaseSensitive(schema_get(a, "properties"), name);
    const cJSON *entry, *others;
    bool named = own != NULL;
    if (own != NULL && !schema_add_atom(c, list, n, own, 0)) return false;
    cJSON_ArrayForEach(entry, schema_get(a, "patternProperties"))
    {
        struct pattern pattern;
        if (!names_of_pattern(c, a->schema, entry, &pattern)) return false;
        if (!rx_matches(c->pool, pattern.all, text)) continue;
        named = named || rx_matches(c->pool, pattern.names, text);
        if (!schema_add_atom(c, list, n, entry, 0)) return false;
    }
    if (!others_keyword(c, a, &others)) return false;
    return named || others == NULL || schema_add_atom(c, list, n, others, 0);
}

/* The names that a schema of propertyNames allows, as bodies of strings. */
static bool allowed_names(struct schema_compiler *c, const cJSON *schema, rx *out)
{
    static const char *const unclear[] = {"anyOf", "oneOf", "not", "if"};
    struct set names;
    const cJSON **values;
    int n, atom;
    bool finite;
    *out = RX_NONE;
    if (!schema_set_of(c, &(struct atom){.schema = schema}, 1, &names)) return false;
    if (names.never) return true;
    for (int k = 0; k < names.n; k++) {
        for (size_t w = 0; w < sizeof(unclear) / sizeof(unclear[0]); w++) {
            if (get(&names, k, unclear[w]) == NULL) continue;
            return schema_refuse(c, names.atoms[k].schema, unclear[w], ERROR_UNSUPPORTED,
                                 "it is not supported in propertyNames");
        }
    }
    if (schema_enum_of(c, &names, &atom) == NULL) {
        int types;
        return schema_types(c, &names, &types) &&
               (!(types & TYPE_STRING) || schema_string_rx(c, &names, out));
    }
    if (!schema_values(c, &names, &values, &n, &finite)) return false;
    for (int i = 0; i < n; i++) {
        if (cJSON_IsString(values[i])) *out = rx_or(c->pool, *out, schema_text_rx(c, values[i]));
    }
    return true;
}

/* propertyNames: the name itself, as a string, must satisfy these. */
static bool name_is_allowed(struct schema_compiler *c, const struct set *s, rx text, bool *allowed)
{
    *allowed = true;
    for (int i = 0; i < s->n && *allowed; i++) {
        rx names;
        const cJSON *schema = get(s, i, "propertyNames");
        if (schema == NULL) continue;
        if (!allowed_names(c, schema, &names)) return false;
        *allowed = rx_matches(c->pool, names, text);
    }
    return true;
}

static bool member_set(struct schema_compiler *c, const struct set *s, const char *name, rx text,
                       struct set *out)
{
    struct atom list[SCHEMA_MAX_ATOMS];
    int n = 0;
    bool allowed;
    for (int i = 0; i < s->n; i++) {
        if (!add_member_atoms(c, &s->atoms[i], name, text, list, &n)) return false;
    }
    if (!schema_set_of(c, list, n, out) || !name_is_allowed(c, s, text, &allowed)) return false;
    out->never = out->never || !allowed;
    return true;
}

bool schema_member_set(struct schema_compiler *c, const struct set *s, const char *name,
                       struct set *out)
{
    return member_set(c, s, name, chars_text_rx(c->pool, span_str(name), CHARS_JSON), out);
}

bool schema_is_required(const struct set *s, const char *name)
{
    for (int i = 0; i < s->n; i++) {
        const cJSON *one;
        cJSON_ArrayForEach(one, get(s, i, "required"))
        {
            if (cJSON_IsString(one) && strcmp(one->valuestring, name) == 0) return true;
        }
    }
    return false;
}

/* ---- named members --------------------------------------------------------------------------- */

static rx quoted(struct schema_compiler *c, rx body)
{
    rx quote = rx_byte_range(c->pool, '"', '"');
    return rx_cat(c->pool, quote, rx_cat(c->pool, body, quote));
}

/* "name": value */
static int pair_rule(struct schema_compiler *c, rx names, const struct set *values)
{
    rx colon = rx_cat(c->pool, c->space, rx_byte_range(c->pool, ':', ':'));
    int key = schema_token(c, rx_cat(c->pool, quoted(c, names), colon)), rule = grammar_rule(c->g);
    grammar_add(c->g, rule, (int[]){key, schema_set_rule(c, values)}, 2);
    return rule;
}

static bool add_member(struct schema_compiler *c, const struct set *s, struct object *o,
                       const char *name, rx text)
{
    struct set values;
    for (int i = 0; i < o->n; i++) {
        if (o->members[i].text == text) return true;
    }
    if (o->n == MAX_NAMES)
        return error_set(c->err, ERROR_TOO_COMPLEX, "", "the schema is too complex");
    if (!member_set(c, s, name, text, &values)) return false;
    struct member *m = &o->members[o->n++];
    *m = (struct member){
        .name = name, .text = text, .never = values.never, .required = schema_is_required(s, name)};
    if (!m->never) m->pair = pair_rule(c, text, &values);
    return true;
}

/* Names in the order in which schemas give them: properties first, then those that are only
 * required. */
static bool gather_members(struct schema_compiler *c, const struct set *s, struct object *o)
{
    int room = 1;
    for (int i = 0; i < s->n; i++) {
        room +=
            cJSON_GetArraySize(get(s, i, "properties")) + cJSON_GetArraySize(get(s, i, "required"));
    }
    o->members = arena_alloc(c->arena, (size_t)room, sizeof(*o->members));
    if (o->members == NULL)
        return error_set(c->err, ERROR_TOO_COMPLEX, "", "the schema is too complex");
    for (int i = 0; i < s->n; i++) {
        bool fine = true;
        const cJSON *one,
            *named = schema_keyword(c, &s->atoms[i], "properties", cJSON_Object, &fine);
        cJSON_ArrayForEach(one, named)
        {
            rx text = chars_text_rx(c->pool, json_key(one, c->arena), CHARS_JSON);
            if (!add_member(c, s, o, one->string, text)) return false;
        }
        if (!fine) return false;
    }
    for (int i = 0; i < s->n; i++) {
        const cJSON *one;
        cJSON_ArrayForEach(one, get(s, i, "required"))
        {
            if (cJSON_IsString(one) &&
                !add_member(c, s, o, one->valuestring, schema_text_rx(c, one)))
                return false;
        }
    }
    return true;
}

/* ---- other members --------------------------------------------------------------------------- */

static bool gather_patterns(struct schema_compiler *c, const struct set *s, struct object *o)
{
    for (int i = 0; i < s->n; i++) {
        const cJSON *entry;
        cJSON_ArrayForEach(entry, get(s, i, "patternProperties"))
        {
            int k = 0;
            while (k < o->n_patterns && strcmp(o->patterns[k].text, entry->string) != 0) {
                k++;
            }
            if (k < o->n_patterns) continue;
            if (k == MAX_PATTERNS) {
                return schema_refuse(c, s->atoms[i].schema, "patternProperties", ERROR_TOO_COMPLEX,
                                     "too many patterns");
            }
            if (!names_of_pattern(c, s->atoms[i].schema, entry, &o->patterns[k])) return false;
            o->n_patterns++;
        }
    }
    return true;
}

/* Which of the object's patterns an entry of patternProperties is. */
static bool is_matched(const struct object *o, const char *text, int mask)
{
    for (int k = 0; k < o->n_patterns; k++) {
        if (strcmp(o->patterns[k].text, text) == 0) return mask >> k & 1;
    }
    return false;
}

/* What the value of another member must satisfy whose name matches just the patterns of mask. */
static bool others_set(struct schema_compiler *c, const struct set *s, const struct object *o,
                       int mask, struct set *out)
{
    struct atom list[SCHEMA_MAX_ATOMS];
    int n = 0;
    for (int i = 0; i < s->n; i++) {
        const cJSON *entry, *others;
        bool named = false;
        cJSON_ArrayForEach(entry, get(s, i, "patternProperties"))
        {
            if (!is_matched(o, entry->string, mask)) continue;
            named = true;
            if (!schema_add_atom(c, list, &n, entry, 0)) return false;
        }
        if (!others_keyword(c, &s->atoms[i], &others)) return false;
        if (!named && others != NULL && !schema_add_atom(c, list, &n, others, 0)) return false;
    }
    return schema_set_of(c, list, n, out);
}

/* Names unlike those that are written out, as propertyNames asks. */
static bool other_names(struct schema_compiler *c, const struct set *s, const struct object *o,
                        rx *out)
{
    rx *texts = arena_alloc(c->arena, (size_t)o->n + 1, sizeof(*texts));
    if (texts == NULL) return error_set(c->err, ERROR_TOO_COMPLEX, "", "the schema is too complex");
    for (int i = 0; i < o->n; i++) {
        texts[i] = o->members[i].text;
    }
    *out = rx_and(c->pool, c->string_body, rx_not(c->pool, rx_any_of(c->pool, texts, o->n)));
    for (int i = 0; i < s->n; i++) {
        rx allowed;
        const cJSON *schema = get(s, i, "propertyNames");
        if (schema == NULL) continue;
        if (!allowed_names(c, schema, &allowed)) return false;
        *out = rx_and(c->pool, *out, allowed);
    }
    return true;
}

static bool make_others(struct schema_compiler *c, const struct set *s, struct object *o)
{
    rx names = RX_NONE;
    int rule = grammar_rule(c->g), n = 0;
    o->others = GRAMMAR_NO_SYMBOL;
    if (!gather_patterns(c, s, o) || !other_names(c, s, o, &names)) return false;
    for (int mask = 0; mask < 1 << o->n_patterns; mask++) {
        struct set values;
        rx some = names;
        if (!others_set(c, s, o, mask, &values)) return false;
        if (values.never) continue;
        for (int k = 0; k < o->n_patterns; k++) {
            rx matching = o->patterns[k].names, others = rx_not(c->pool, o->patterns[k].all);
            some = rx_and(c->pool, some, mask >> k & 1 ? matching : others);
        }
        if (rx_life(c->pool, some, 20000) == RX_DEAD) continue;
        int pair = pair_rule(c, some, &values);
        grammar_add(c->g, rule, &pair, 1);
        n++;
    }
    if (n > 0) o->others = rule;
    return true;
}

/* ---- states ---------------------------------------------------------------------------------- */

/* The number of members after one more than k, or -1: too many. */
static int one_more(const struct object *o, int k)
{
    if (k < o->most) return k + 1;
    return o->saturates ? k : -1;
}

/* to -> from [,] pair */
static void add_step(struct schema_compiler *c, int to, int from, int k, int pair)
{
    if (k == 0) {
        grammar_add(c->g, to, (int[]){from, pair}, 2);
    } else {
        grammar_add(c->g, to, (int[]){from, c->comma, pair}, 3);
    }
}

/* The states after one more name. A state that nothing leads to stays without alternatives. */
static void pass_member(struct schema_compiler *c, struct object *o, const struct member *m)
{
    int *before = o->states, *after = arena_alloc(c->arena, (size_t)o->most + 1, sizeof(*after));
    if (after == NULL) {
        error_set(c->err, ERROR_TOO_COMPLEX, "", "the schema is too complex");
        return;
    }
    if (m->never && !m->required) return;
    for (int k = 0; k <= o->most; k++) {
        after[k] = grammar_rule(c->g);
        if (!m->required) grammar_add(c->g, after[k], &before[k], 1);
    }
    for (int k = 0; k <= o->most && !m->never; k++) {
        int to = one_more(o, k);
        if (to >= 0) add_step(c, after[to], before[k], k, m->pair);
    }
    o->states = after;
}

/* Others, as many as there may be: from state k to the next, or round and round at the last. */
static void pass_others(struct schema_compiler *c, struct object *o)
{
    int *after = arena_alloc(c->arena, (size_t)o->most + 1, sizeof(*after));
    if (after == NULL) {
        error_set(c->err, ERROR_TOO_COMPLEX, "", "the schema is too complex");
        return;
    }
    if (o->others == GRAMMAR_NO_SYMBOL) return;
    for (int k = 0; k <= o->most; k++) {
        after[k] = grammar_rule(c->g);
        grammar_add(c->g, after[k], &o->states[k], 1);
    }
    for (int k = 0; k <= o->most; k++) {
        int to = one_more(o, k);
        if (to >= 0) add_step(c, after[to], after[k], k, o->others);
    }
    o->states = after;
}

static bool make_states(struct schema_compiler *c, struct object *o, int rule)
{
    if ((int64_t)(o->n + 2) * (o->most + 1) > SCHEMA_MAX_COUNTED) {
        return error_set(c->err, ERROR_TOO_COMPLEX, "", "so many properties cannot be counted");
    }
    o->states = arena_alloc(c->arena, (size_t)o->most + 1, sizeof(*o->states));
    if (o->states == NULL)
        return error_set(c->err, ERROR_TOO_COMPLEX, "", "the schema is too complex");
    for (int k = 0; k <= o->most; k++) {
        o->states[k] = grammar_rule(c->g);
    }
    grammar_add(c->g, o->states[0], &c->open_object, 1);
    for (int i = 0; i < o->n; i++) {
        pass_member(c, o, &o->members[i]);
    }
    pass_others(c, o);
    for (int k = o->min < o->most ? o->min : o->most; k <= o->most; k++) {
        grammar_add(c->g, rule, (int[]){o->states[k], c->close_object}, 2);
    }
    return true;
}

/* The members in the order of the whole schema. False: that is their order already, or there is no
 * memory, which the arena remembers. */
static bool reorder(struct schema_compiler *c, const struct set *s, struct object *o)
{
    const char **names = arena_alloc(c->arena, (size_t)o->n + 1, sizeof(*names));
    int *ranks = arena_alloc(c->arena, (size_t)o->n + 1, sizeof(*ranks));
    struct member *sorted = arena_alloc(c->arena, (size_t)o->n + 1, sizeof(*sorted));
    if (names == NULL || ranks == NULL || sorted == NULL) return false;
    for (int i = 0; i < o->n; i++) {
        names[i] = o->members[i].name;
    }
    if (!schema_ranks(c, s, names, o->n, ranks)) return false;
    for (int i = 0; i < o->n; i++) { /* by insertion: they are nearly in order */
        int rank = ranks[i], k = i;
        for (; k > 0 && ranks[k - 1] > rank; k--) {
            ranks[k] = ranks[k - 1];
            sorted[k] = sorted[k - 1];
        }
        ranks[k] = rank;
        sorted[k] = o->members[i];
    }
    o->members = sorted;
    return true;
}

static bool counts(const cJSON *value, int n)
{
    return cJSON_IsNumber(value) && value->valuedouble == n;
}

/* minProperties as the states must count it; 0: whatever is required is enough. */
static bool count_least(struct schema_compiler *c, const struct set *s, struct object *o)
{
    int required = 0, i = 0;
    for (int k = 0; k < o->n; k++) {
        required += o->members[k].required;
        if (o->members[k].required && o->members[k].never) o->min = 0; /* there are no objects */
    }
    if (o->min <= required) o->min = 0;
    if (o->min <= required + 1 || o->others == GRAMMAR_NO_SYMBOL) return true;
    while (i + 1 < s->n && !counts(get(s, i, "minProperties"), o->min)) {
        i++;
    }
    return schema_refuse(c, s->atoms[i].schema, "minProperties", ERROR_UNSUPPORTED,
                         "it is supported up to one more than the required members, unless all "
                         "names are in properties and additionalProperties is false");
}

bool schema_object(struct schema_compiler *c, const struct set *s, int rule)
{
    struct object o = {.max = RX_UNBOUNDED};
    bool has_min, has_max;
    if (!schema_count(c, s, "minProperties", true, &o.min, &has_min)) return false;
    if (!schema_count(c, s, "maxProperties", false, &o.max, &has_max)) return false;
    if (has_max && o.max < o.min) return true;
    if (!gather_members(c, s, &o) || !make_others(c, s, &o) || !count_least(c, s, &o)) return false;
    if (has_max && o.others == GRAMMAR_NO_SYMBOL && o.max >= o.n) has_max = false;
    o.saturates = !has_max;
    o.most = has_max ? o.max : o.min > 1 ? o.min : 1;
    return make_states(c, &o, rule) && (!reorder(c, s, &o) || make_states(c, &o, rule));
}
