/* engine/sample/form/schema_value.c - scalars and literal values of a set of schemas.
 *
 * Each kind of scalar is one terminal: all that the schemas of a set ask of it becomes one
 * expression, since expressions can be intersected and turned into their opposites, and rules of a
 * grammar cannot. So a string is as many characters as its counts allow, cut with each pattern and
 * format, without the texts that must not be; the quotes come last. Of a number the bounds of all
 * schemas are narrowed to one range, which number_text.h writes out.
 *
 * Values that a schema names (enum, const) are written out one by one, and it is the rest of the
 * set that is asked of each: keyword by keyword where that is plain, by the expression of the
 * set's strings, and else by reading the value's own text with a reader of the rest. Both are made
 * when the first value needs them, once for a list: so a list of a thousand words costs a thousand terminals,
 * whatever is asked beside it.
 *
 * Expressions are the pool's, lists that are written here the compiler's (schema_own()), arrays
 * its arena's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/sample/form/chars.h"
#include "engine/sample/form/number_text.h"
#include "engine/sample/form/schema_impl.h"

static const cJSON *get(const struct set *s, int i, const char *name)
{
    return schema_get(&s->atoms[i], name);
}

bool schema_count(struct schema_compiler *c, const struct set *s, const char *name, bool largest,
                  int *value, bool *has)
{
    bool fine = true;
    *has = false;
    for (int i = 0; i < s->n; i++) {
        const cJSON *n = schema_keyword(c, &s->atoms[i], name, cJSON_Number, &fine);
        if (!fine) return false;
        if (n == NULL) continue;
        if (!(n->valuedouble >= 0)) {
            return schema_refuse(c, s->atoms[i].schema, name, ERROR_INVALID_VALUE,
                                 "a count is 0 or more");
        }
        int count = n->valuedouble > 1e9 ? 1000000000 : (int)n->valuedouble;
        if (!*has || (largest ? count > *value : count < *value)) *value = count;
        *has = true;
    }
    return true;
}

/* ---- strings --------------------------------------------------------------------------------- */

rx schema_text_rx(struct schema_compiler *c, const cJSON *string)
{
    return chars_text_rx(c->pool, json_text(string, c->arena), CHARS_JSON);
}

static bool add_pattern(struct schema_compiler *c, const cJSON *schema, const char *keyword,
                        const cJSON *pattern, rx *out)
{
    rx texts;
    struct error why = {0};
    if (pattern == NULL) return true;
    bool opposite = keyword[0] == '\x01';
    struct span text = json_text(pattern, c->arena);
    if (!(opposite ? schema_wide_pattern : schema_pattern)(c, text, &texts, &why)) {
        return schema_refuse(c, schema, "pattern", why.code, why.message);
    }
    *out = rx_and(c->pool, *out, opposite ? rx_not(c->pool, texts) : texts);
    return true;
}

static bool add_format(struct schema_compiler *c, const struct atom *a, rx *out)
{
    rx texts;
    const cJSON *format = schema_get(a, "format"), *other = schema_get(a, SCHEMA_NOT_FORMAT);
    if (other != NULL && schema_format(c, other->valuestring, &texts) == FORMATS_STRING)
        *out = rx_and(c->pool, *out, rx_not(c->pool, texts));
    if (!cJSON_IsString(format)) return true;
    enum formats_known known = schema_format(c, format->valuestring, &texts);
    if (known == FORMATS_STRING) *out = rx_and(c->pool, *out, texts);
    if (known != FORMATS_UNKNOWN || !c->o->strict) return true;
    return schema_refuse(c, a->schema, "format", ERROR_UNSUPPORTED,
                         "this format is not checked (strict)");
}

static void without_texts(struct schema_compiler *c, const cJSON *list, rx *out)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, list)
    {
        if (cJSON_IsString(one))
            *out = rx_and(c->pool, *out, rx_not(c->pool, schema_text_rx(c, one)));
    }
}

bool schema_string_rx(struct schema_compiler *c, const struct set *s, rx *out)
{
    int min = 0, max = 0;
    bool has_min, has_max, fine = true;
    *out = c->string_body;
    if (!schema_count(c, s, "minLength", true, &min, &has_min)) return false;
    if (!schema_count(c, s, "maxLength", false, &max, &has_max)) return false;
    if (has_max && max < min) {
        *out = RX_NONE;
        return true;
    }
    if (has_min || has_max)
        *out = rx_repeat(c->pool, c->any_char, min, has_max ? max : RX_UNBOUNDED);
    for (int i = 0; i < s->n; i++) {
        const struct atom *a = &s->atoms[i];
        const cJSON *schema = a->schema;
        const cJSON *pattern = schema_keyword(c, a, "pattern", cJSON_String, &fine);
        if (!fine || !add_pattern(c, schema, "pattern", pattern, out)) return false;
        if (!add_pattern(c, schema, SCHEMA_NOT_PATTERN, get(s, i, SCHEMA_NOT_PATTERN), out))
            return false;
        if (!add_format(c, a, out)) return false;
        without_texts(c, get(s, i, SCHEMA_NOT_ENUM), out);
    }
    return true;
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* The digits of a number, which live as long as the compiler. */
static bool digits_of(struct schema_compiler *c, const cJSON *number, struct digits *out)
{
    char *scratch = arena_alloc(c->arena, JSON_NUMBER_ROOM, 1);
    return scratch != NULL && json_digits(number, scratch, out);
}

static void narrow(struct number_range *r, bool low, const struct digits *bound, bool open)
{
    struct digits *now = low ? &r->low : &r->high;
    bool *has = low ? &r->has_low : &r->has_high, *is_open = low ? &r->low_open : &r->high_open;
    int order = *has ? digits_compare(bound, now) : (low ? 1 : -1);
    if (order == 0) *is_open = *is_open || open;
    if (low ? order <= 0 : order >= 0) return;
    *now = *bound;
    *is_open = open;
    *has = true;
}

static bool add_bound(struct schema_compiler *c, const struct atom *a, const char *name, bool low,
                      bool open, struct number_range *r)
{
    struct digits bound;
    const cJSON *value = schema_get(a, name);
    if (value == NULL || (open && cJSON_IsBool(value))) return true; /* draft 4: see below */
    if (!cJSON_IsNumber(value) || !digits_of(c, value, &bound)) {
        return schema_refuse(c, a->schema, name, ERROR_INVALID_VALUE, "a bound is a number");
    }
    narrow(r, low, &bound, open);
    return true;
}

static bool is_true(const struct atom *a, const char *name)
{
    return cJSON_IsTrue(schema_get(a, name));
}

static bool add_int_format(const struct atom *a, struct number_range *r)
{
    static const char *const ends[2][2] = {{"-2147483648", "2147483647"},
                                           {"-9223372036854775808", "9223372036854775807"}};
    const cJSON *format = schema_get(a, "format");
    if (!cJSON_IsString(format)) return true;
    bool is32 = strcmp(format->valuestring, "int32") == 0,
         is64 = strcmp(format->valuestring, "int64") == 0;
    for (int i = 0; i < 2 && (is32 || is64); i++) {
        struct digits bound;
        if (digits_read(span_str(ends[is64][i]), &bound)) narrow(r, i == 0, &bound, false);
    }
    return true;
}

static bool add_multiple(struct schema_compiler *c, const struct atom *a, struct number_range *r)
{
    const cJSON *value = schema_get(a, "multipleOf");
    if (value == NULL) return true;
    bool room = r->n_multiples < (int)(sizeof(r->multiple) / sizeof(r->multiple[0]));
    if (room && cJSON_IsNumber(value) && value->valuedouble > 0 &&
        digits_of(c, value, &r->multiple[r->n_multiples])) {
        r->n_multiples++;
        return true;
    }
    return schema_refuse(c, a->schema, "multipleOf", ERROR_INVALID_VALUE,
                         "a divisor is a number above 0");
}

/* Texts of numbers that are in a list: 5 is 5.0 is 5.00. */
static rx number_texts(struct schema_compiler *c, const cJSON *list)
{
    rx all = RX_NONE, zero = rx_byte_range(c->pool, '0', '0'),
       point = rx_byte_range(c->pool, '.', '.');
    rx zeros = rx_repeat(c->pool, zero, 0, RX_UNBOUNDED);
    const cJSON *one;
    cJSON_ArrayForEach(one, list)
    {
        char scratch[JSON_NUMBER_ROOM];
        if (!cJSON_IsNumber(one)) continue;
        struct span text = json_number(one, scratch);
        bool has_point = span_find(text, span_str("."), 0) != SPAN_NONE;
        while (has_point && text.n > 0 && text.p[text.n - 1] == '0') {
            text.n--;
        }
        if (has_point && span_ends(text, span_str("."))) {
            text.n--;
            has_point = false;
        }
        rx tail = has_point ? zeros
                            : rx_or(c->pool, RX_EMPTY,
                                    rx_cat(c->pool, point, rx_cat(c->pool, zero, zeros)));
        all = rx_or(c->pool, all, rx_cat(c->pool, rx_text(c->pool, text), tail));
    }
    return all;
}

/* Numbers without an exponent, so that those of a list can be told apart from others. */
static rx without_numbers(struct schema_compiler *c, const cJSON *list, rx numbers)
{
    rx texts = number_texts(c, list);
    if (texts == RX_NONE) return numbers;
    uint8_t set[32] = {0};
    for (const char *p = "0123456789-."; *p != '\0'; p++) {
        set[*p / 8] |= (uint8_t)(1 << *p % 8);
    }
    rx plain = rx_repeat(c->pool, rx_bytes(c->pool, set), 0, RX_UNBOUNDED);
    return rx_and(c->pool, rx_and(c->pool, numbers, plain), rx_not(c->pool, texts));
}

bool schema_number_rx(struct schema_compiler *c, const struct set *s, bool whole, rx *out)
{
    struct number_range r = {.whole = whole};
    const char *what;
    for (int i = 0; i < s->n; i++) {
        const struct atom *a = &s->atoms[i];
        if (!add_bound(c, a, "minimum", true, is_true(a, "exclusiveMinimum"), &r) ||
            !add_bound(c, a, "maximum", false, is_true(a, "exclusiveMaximum"), &r) ||
            !add_bound(c, a, "exclusiveMinimum", true, true, &r) ||
            !add_bound(c, a, "exclusiveMaximum", false, true, &r) || !add_int_format(a, &r) ||
            !add_multiple(c, a, &r)) {
            return false;
        }
    }
    if (!number_rx(c->pool, &r, out, &what)) {
        return schema_refuse(c, s->n > 0 ? s->atoms[0].schema : c->root, what, ERROR_UNSUPPORTED,
                             "a number of so many digits is not supported");
    }
    for (int i = 0; i < s->n; i++) {
        *out = without_numbers(c, get(s, i, SCHEMA_NOT_ENUM), *out);
    }
    return true;
}

/* ---- scalars --------------------------------------------------------------------------------- */

static void add_token(struct schema_compiler *c, int rule, rx text)
{
    if (text == RX_NONE) return;
    int token = schema_token(c, text);
    grammar_add(c->g, rule, &token, 1);
}

static rx quoted(struct schema_compiler *c, rx body)
{
    rx quote = rx_byte_range(c->pool, '"', '"');
    return rx_cat(c->pool, quote, rx_cat(c->pool, body, quote));
}

/* Is a literal (true, false, null) in the list of some schema's opposite? */
static bool is_excluded(const struct set *s, const char *word)
{
    for (int i = 0; i < s->n; i++) {
        const cJSON *one;
        cJSON_ArrayForEach(one, get(s, i, SCHEMA_NOT_ENUM))
        {
            if (strcmp(word, cJSON_IsTrue(one)    ? "true"
                             : cJSON_IsFalse(one) ? "false"
                             : cJSON_IsNull(one)  ? "null"
                                                  : "") == 0) {
                return true;
            }
        }
    }
    return false;
}

static rx words_rx(struct schema_compiler *c, const struct set *s, int types)
{
    static const struct {
        int type;
        const char *word;
    } words[] = {{TYPE_NULL, "null"}, {TYPE_BOOLEAN, "true"}, {TYPE_BOOLEAN, "false"}};
    rx all = RX_NONE;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!(types & words[i].type) || is_excluded(s, words[i].word)) continue;
        all = rx_or(c->pool, all, rx_text(c->pool, span_str(words[i].word)));
    }
    return all;
}

static bool number_token(struct schema_compiler *c, const struct set *s, int types, int rule)
{
    rx texts;
    if (!schema_number_rx(c, s, !(types & TYPE_FRACTION), &texts)) return false;
    if (!(types & TYPE_WHOLE)) { /* a digit after the point that is not 0 */
        rx digits = rx_repeat(c->pool, rx_byte_range(c->pool, '0', '9'), 0, RX_UNBOUNDED);
        rx some = rx_cat(c->pool, rx_byte_range(c->pool, '1', '9'), digits);
        rx tail = rx_cat(c->pool, rx_byte_range(c->pool, '.', '.'), rx_cat(c->pool, digits, some));
        rx sign = rx_or(c->pool, RX_EMPTY, rx_byte_range(c->pool, '-', '-'));
        texts = rx_and(c->pool, texts, rx_cat(c->pool, sign, rx_cat(c->pool, digits, tail)));
    }
    add_token(c, rule, texts);
    return true;
}

bool schema_scalars(struct schema_compiler *c, const struct set *s, int types, int rule)
{
    rx body;
    add_token(c, rule, words_rx(c, s, types));
    if ((types & (TYPE_WHOLE | TYPE_FRACTION)) && !number_token(c, s, types, rule)) return false;
    if (!(types & TYPE_STRING)) return true;
    if (!schema_string_rx(c, s, &body)) return false;
    add_token(c, rule, quoted(c, body));
    return true;
}

/* ---- literals -------------------------------------------------------------------------------- */

bool schema_equal(const cJSON *a, const cJSON *b)
{
    if (cJSON_IsNumber(a) && cJSON_IsNumber(b)) return json_compare(a, b) == 0;
    if (cJSON_IsString(a) && cJSON_IsString(b)) return strcmp(a->valuestring, b->valuestring) == 0;
    if ((a->type & 0xff) != (b->type & 0xff)) return false;
    if (cJSON_GetArraySize(a) != cJSON_GetArraySize(b)) return false;
    const cJSON *y = b->child;
    for (const cJSON *x = a->child; x != NULL; x = x->next) {
        const cJSON *other = cJSON_IsObject(a) ? cJSON_GetObjectItemCaseSensitive(b, x->string) : y;
        if (other == NULL || !schema_equal(x, other)) return false;
        y = y->next;
    }
    return true;
}

const cJSON *schema_enum_of(struct schema_compiler *c, const struct set *s, int *atom)
{
    for (int i = 0; i < s->n; i++) {
        if (s->atoms[i].used & USED_ENUM) continue;
        const cJSON *list = get(s, i, "enum"), *value = get(s, i, "const");
        *atom = i;
        if (cJSON_IsArray(list)) return list;
        if (value == NULL) continue;
        cJSON *one = cJSON_CreateArray();
        json_put_borrowed(one, NULL, value);
        return schema_own(c, one);
    }
    return NULL;
}

static rx scalar_rx(struct schema_compiler *c, const cJSON *value)
{
    if (cJSON_IsString(value)) return quoted(c, schema_text_rx(c, value));
    if (cJSON_IsNumber(value)) {
        char scratch[JSON_NUMBER_ROOM];
        struct span text = json_number(value, scratch);
        rx as_written = rx_text(c->pool, text);
        if (!span_ends(text, span_str(".0"))) return as_written;
        return rx_or(c->pool, as_written, rx_text(c->pool, span_slice(text, 0, text.n - 2)));
    }
    return rx_text(c->pool, span_str(cJSON_IsTrue(value)    ? "true"
                                     : cJSON_IsFalse(value) ? "false"
                                                            : "null"));
}

/* An array or object, member by member. */
static void literal_list(struct schema_compiler *c, const cJSON *value, int rule)
{
    bool is_object = cJSON_IsObject(value);
    int n = 0, room = 4 * cJSON_GetArraySize(value) + 2;
    int *symbols = arena_alloc(c->arena, (size_t)room, sizeof(*symbols));
    if (symbols == NULL) {
        error_set(c->err, ERROR_TOO_COMPLEX, "", "the schema is too complex");
        return;
    }
    symbols[n++] = is_object ? c->open_object : c->open_array;
    for (const cJSON *child = value->child; child != NULL; child = child->next) {
        if (child != value->child) symbols[n++] = c->comma;
        if (is_object) {
            symbols[n++] = schema_token(
                c, quoted(c, chars_text_rx(c->pool, json_key(child, c->arena), CHARS_JSON)));
            symbols[n++] = schema_token(c, rx_byte_range(c->pool, ':', ':'));
        }
        int inner = grammar_rule(c->g);
        schema_literal(c, child, inner);
        symbols[n++] = inner;
    }
    symbols[n++] = is_object ? c->close_object : c->close_array;
    grammar_add(c->g, rule, symbols, n);
}

void schema_literal(struct schema_compiler *c, const cJSON *value, int rule)
{
    if (cJSON_IsArray(value) || cJSON_IsObject(value)) {
        literal_list(c, value, rule);
    } else {
        add_token(c, rule, scalar_rx(c, value));
    }
}

static int type_of(const cJSON *value)
{
    struct digits digits;
    char scratch[JSON_NUMBER_ROOM];
    if (cJSON_IsNumber(value)) {
        return json_digits(value, scratch, &digits) && digits_is_whole(&digits) ? TYPE_WHOLE
                                                                                : TYPE_FRACTION;
    }
    if (cJSON_IsString(value)) return TYPE_STRING;
    if (cJSON_IsBool(value)) return TYPE_BOOLEAN;
    if (cJSON_IsNull(value)) return TYPE_NULL;
    return cJSON_IsArray(value) ? TYPE_ARRAY : TYPE_OBJECT;
}

/* Types of values that a keyword says something of, beyond those that the set admits. */
static int types_asked(const char *keyword)
{
    static const struct {
        const char *name;
        int types;
    } words[] = {
        {"type", 0},
        {"title", 0},
        {"description", 0},
        {"default", 0},
        {"examples", 0},
        {"nullable", 0},
        {"$schema", 0},
        {"$id", 0},
        {"id", 0},
        {"$defs", 0},
        {"definitions", 0},
        {"$comment", 0},
        {"deprecated", 0},
        {"readOnly", 0},
        {"writeOnly", 0},
        {"$ref", 0},
        {"allOf", 0},
        {"$anchor", 0},
        {SCHEMA_NOT_TYPE, 0},
        {"properties", TYPE_OBJECT},
        {"required", TYPE_OBJECT},
        {"additionalProperties", TYPE_OBJECT},
        {"minProperties", TYPE_OBJECT},
        {"maxProperties", TYPE_OBJECT},
        {"items", TYPE_ARRAY},
        {"minItems", TYPE_ARRAY},
        {"maxItems", TYPE_ARRAY},
        {"minLength", TYPE_STRING},
        {"maxLength", TYPE_STRING},
        {"pattern", TYPE_STRING},
        {SCHEMA_NOT_PATTERN, TYPE_STRING},
        {SCHEMA_NOT_FORMAT, TYPE_STRING},
        {"minimum", TYPE_WHOLE | TYPE_FRACTION},
        {"maximum", TYPE_WHOLE | TYPE_FRACTION},
        {"exclusiveMinimum", TYPE_WHOLE | TYPE_FRACTION},
        {"exclusiveMaximum", TYPE_WHOLE | TYPE_FRACTION},
        {"multipleOf", TYPE_WHOLE | TYPE_FRACTION},
        {"format", TYPE_STRING | TYPE_WHOLE | TYPE_FRACTION},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i].name, keyword) == 0) return words[i].types;
    }
    return TYPE_ALL;
}

static bool is_in(const cJSON *list, const cJSON *value)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, list)
    {
        if (schema_equal(one, value)) return true;
    }
    return false;
}

/* FIT_TEXT: as schema_string_rx() says. */
enum fit { FIT_NO, FIT_YES, FIT_TEXT, FIT_UNCLEAR };

/* What a keyword of a schema says of a value. Lists speak plainly of all values but numbers and those
 * with parts. */
static enum fit fit_keyword(const cJSON *keyword, const cJSON *value, int type)
{
    int asked = types_asked(keyword->string);
    if (!(asked & type)) return FIT_YES;
    if (type == TYPE_STRING && !(asked & (TYPE_ARRAY | TYPE_OBJECT))) return FIT_TEXT;
    if (!(type & (TYPE_STRING | TYPE_BOOLEAN | TYPE_NULL))) return FIT_UNCLEAR;
    if (strcmp(keyword->string, SCHEMA_NOT_ENUM) == 0)
        return is_in(keyword, value) ? FIT_NO : FIT_YES;
    if (strcmp(keyword->string, "enum") == 0 && cJSON_IsArray(keyword))
        return is_in(keyword, value) ? FIT_YES : FIT_NO;
    if (strcmp(keyword->string, "const") == 0)
        return schema_equal(keyword, value) ? FIT_YES : FIT_NO;
    return FIT_UNCLEAR;
}

/* Does a value satisfy the set whose atom's list names it, as far as that is plain? */
static enum fit plain_fit(const struct set *s, int atom, const cJSON *value, int type)
{
    enum fit all = FIT_YES;
    for (int i = 0; i < s->n; i++) {
        for (const cJSON *k = s->atoms[i].schema->child; k != NULL; k = k->next) {
            bool listed =
                i == atom && (strcmp(k->string, "enum") == 0 || strcmp(k->string, "const") == 0);
            bool used = (s->atoms[i].used & schema_combination(k->string)) != 0;
            enum fit one = listed || used ? FIT_YES : fit_keyword(k, value, type);
            if (one == FIT_NO) return FIT_NO;
            if (one > all) all = one;
        }
    }
    return all;
}

/* Read the value's own text by what the rest of the set asks. */
static bool fits(struct earley *rest, const cJSON *value)
{
    struct buffer text;
    buffer_init(&text, 1 << 20);
    int state = json_print(value, &text) ? EARLEY_START : EARLEY_DEAD;
    for (size_t i = 0; i < text.n && state != EARLEY_DEAD; i++) {
        state = earley_step(rest, state, (uint8_t)text.p[i]);
    }
    buffer_clear(&text);
    return state != EARLEY_DEAD && earley_may_end(rest, state);
}

/* Reads the rest of a set whose atom's list of values is used (-1: it has none). NULL as
 * schema_reader. */
static struct earley *rest_of(struct schema_compiler *c, const struct set *s, int atom, bool *none)
{
    struct set rest;
    struct atom list[SCHEMA_MAX_ATOMS];
    if (s->n > 0) memcpy(list, s->atoms, (size_t)s->n * sizeof(*list));
    if (atom >= 0) list[atom].used |= USED_ENUM;
    return schema_set_of(c, list, s->n, &rest) ? schema_reader(c, &rest, none) : NULL;
}

/* Is a string among those of a set? *texts: these, RX_NONE until they are known. */
static bool fits_text(struct schema_compiler *c, const struct set *s, const cJSON *value, rx *texts,
                      enum fit *fit)
{
    if (*texts == RX_NONE && !schema_string_rx(c, s, texts)) return false;
    *fit = rx_matches(c->pool, *texts, schema_text_rx(c, value)) ? FIT_YES : FIT_NO;
    return true;
}

/* The values of an enum or const that satisfy the rest of their set. */
static bool listed_values(struct schema_compiler *c, const struct set *s, int atom,
                          const cJSON *list, const cJSON **values, int *n)
{
    int types;
    bool none = false;
    struct earley *rest = NULL;
    rx texts = RX_NONE;
    const cJSON *one;
    if (!schema_types(c, s, &types)) return false;
    cJSON_ArrayForEach(one, list)
    {
        int type = type_of(one);
        enum fit fit = types & type ? plain_fit(s, atom, one, type) : FIT_NO;
        if (fit == FIT_TEXT && !fits_text(c, s, one, &texts, &fit)) break;
        if (fit == FIT_UNCLEAR && rest == NULL && !none) {
            rest = rest_of(c, s, atom, &none);
            if (rest == NULL && !none) break;
        }
        if (fit == FIT_UNCLEAR && !none) fit = fits(rest, one) ? FIT_YES : FIT_NO;
        if (fit == FIT_YES) values[(*n)++] = one;
    }
    earley_free(rest);
    return one == NULL; /* all were tried */
}

/* A list of all values of these types, which have few. */
static const cJSON *few_values(struct schema_compiler *c, int types)
{
    cJSON *list = cJSON_CreateArray();
    if (types & TYPE_NULL) cJSON_AddItemToArray(list, cJSON_CreateNull());
    if (types & TYPE_BOOLEAN) {
        cJSON_AddItemToArray(list, cJSON_CreateFalse());
        cJSON_AddItemToArray(list, cJSON_CreateTrue());
    }
    return schema_own(c, list);
}

bool schema_values(struct schema_compiler *c, const struct set *s, const cJSON ***values, int *n,
                   bool *finite)
{
    int atom = -1, types;
    *n = 0;
    if (!schema_types(c, s, &types)) return false;
    const cJSON *list = schema_enum_of(c, s, &atom);
    *finite = list != NULL || !(types & ~(TYPE_NULL | TYPE_BOOLEAN));
    if (!*finite) return true;
    if (list == NULL) {
        list = few_values(c, types);
        atom = -1;
    }
    if (list == NULL) return false;
    *values = arena_alloc(c->arena, (size_t)cJSON_GetArraySize(list), sizeof(**values));
    if (*values == NULL)
        return error_set(c->err, ERROR_TOO_COMPLEX, "", "the schema is too complex");
    return listed_values(c, s, atom, list, *values, n);
}

bool schema_literals(struct schema_compiler *c, const struct set *s, int rule)
{
    const cJSON **values;
    int n;
    bool finite;
    if (!schema_values(c, s, &values, &n, &finite)) return false;
    for (int i = 0; finite && i < n; i++) {
        schema_literal(c, values[i], rule);
    }
    return true;
}
