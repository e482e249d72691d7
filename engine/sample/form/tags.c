/* engine/sample/form/tags.c - see tags.h. A row a type of format: its members, and what makes a
 * symbol of it.
 *
 * Free text that ends with a trigger is one terminal: all texts that end with it and hold no trigger
 * before. So what is free costs what a search for the triggers costs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/tags.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "engine/sample/form/ebnf.h"
#include "engine/sample/form/pattern.h"

struct maker {
    struct grammar *g;
    struct rx_pool *pool;
    enum schema_space space;
    struct error *err;
    bool named; /* the error has the client's name */
};

struct format {
    const char *type;
    const char *members[7]; /* beside type; up to NULL */
    bool (*make)(struct maker *m, const cJSON *format, int *symbol);
};

static bool make(struct maker *m, const cJSON *format, int *symbol);

/* ---- members --------------------------------------------------------------------------------- */

/* The fault is in this member. */
static bool fault_in(struct maker *m, const char *member)
{
    return m->named ? false : error_in(m->err, "%s", member);
}

static bool fault_at(struct maker *m, const char *list, int i)
{
    return m->named ? false : error_in(m->err, "%s[%d]", list, i);
}

static bool wrong(struct maker *m, const char *member, const cJSON *value, const char *wanted)
{
    if (value == NULL) {
        return error_set(m->err, ERROR_MISSING_FIELD, member, "%s is needed", wanted);
    }
    return error_set(m->err, ERROR_INVALID_TYPE, member, "must be %s, not %s", wanted,
                     json_type_name(value));
}

static bool text_of(struct maker *m, const cJSON *object, const char *member, struct span *out)
{
    const cJSON *value = json_get(object, member);
    if (!cJSON_IsString(value)) return wrong(m, member, value, "a string");
    if (json_has_nul(value)) {
        return error_set(m->err, ERROR_UNSUPPORTED, member, "cannot hold U+0000");
    }
    *out = span_str(value->valuestring);
    return true;
}

static bool flag_of(struct maker *m, const cJSON *object, const char *member, bool *out)
{
    const cJSON *value = json_get(object, member);
    if (value != NULL && !cJSON_IsBool(value)) return wrong(m, member, value, "true or false");
    *out = cJSON_IsTrue(value);
    return true;
}

static bool list_of(struct maker *m, const cJSON *object, const char *member, int least,
                    const cJSON **out, int *n)
{
    *out = json_get(object, member);
    if (!cJSON_IsArray(*out)) return wrong(m, member, *out, "an array");
    *n = cJSON_GetArraySize(*out);
    if (*n < least) return error_set(m->err, ERROR_INVALID_VALUE, member, "must not be empty");
    if (*n <= TAGS_MAX) return true;
    return error_set(m->err, ERROR_TOO_LARGE, member, "%d entries; at most %d", *n, TAGS_MAX);
}

/* The texts of a list, to free(); an absent one has none. */
static bool texts_of(struct maker *m, const cJSON *object, const char *member, int least,
                     struct span **out, int *n)
{
    const cJSON *list, *one;
    int i = 0;
    *out = NULL;
    *n = 0;
    if (least == 0 && json_get(object, member) == NULL) return true;
    if (!list_of(m, object, member, least, &list, n)) return false;
    *out = mem_new((size_t)*n + 1, sizeof(**out), m->err);
    if (*out == NULL) return false;
    cJSON_ArrayForEach(one, list)
    {
        bool text = cJSON_IsString(one) && !json_has_nul(one) && *one->valuestring != '\0';
        if (!text) {
            error_set(m->err, ERROR_INVALID_TYPE, NULL, "must be a string, not empty");
            free(*out);
            *out = NULL;
            return fault_at(m, member, i);
        }
        (*out)[i++] = span_str(one->valuestring);
    }
    return true;
}

/* ---- free text ------------------------------------------------------------------------------- */

static rx any_byte(struct rx_pool *p)
{
    return rx_byte_range(p, 0, 255);
}

/* Texts that end with one of n texts; with more: hold one. */
static rx texts_with(struct rx_pool *p, const struct span *texts, int n, rx behind)
{
    rx all = RX_NONE;
    for (int i = 0; i < n; i++) {
        all = rx_or(p, all, rx_text(p, texts[i]));
    }
    return rx_cat(p, RX_ALL, rx_cat(p, all, behind));
}

rx tags_text_without(struct rx_pool *p, const struct span *texts, int n)
{
    return n == 0 ? RX_ALL : rx_not(p, texts_with(p, texts, n, RX_ALL));
}

/* Texts that end with `text` and hold none of n texts before. */
static rx text_up_to(struct rx_pool *p, struct span text, const struct span *texts, int n)
{
    rx early = texts_with(p, texts, n, rx_cat(p, any_byte(p), RX_ALL));
    return rx_and(p, texts_with(p, &text, 1, RX_EMPTY), rx_not(p, early));
}

static int text_symbol(struct maker *m, struct span text)
{
    return grammar_terminal(m->g, rx_text(m->pool, text));
}

/* ---- what stands alone ----------------------------------------------------------------------- */

static bool make_const(struct maker *m, const cJSON *format, int *symbol)
{
    struct span text;
    if (!text_of(m, format, "value", &text)) return false;
    *symbol = text_symbol(m, text);
    return true;
}

static bool make_any_text(struct maker *m, const cJSON *format, int *symbol)
{
    struct span *texts;
    int n;
    if (!texts_of(m, format, "excludes", 0, &texts, &n)) return false;
    *symbol = grammar_terminal(m->g, tags_text_without(m->pool, texts, n));
    free(texts);
    return true;
}

static bool make_regex(struct maker *m, const cJSON *format, int *symbol)
{
    rx all;
    struct span text;
    if (!text_of(m, format, "pattern", &text)) return false;
    if (!pattern_rx(m->pool, text, PATTERN_WHOLE, CHARS_PLAIN, &all, m->err)) {
        return fault_in(m, "pattern");
    }
    *symbol = grammar_terminal(m->g, all);
    return true;
}

static bool make_grammar(struct maker *m, const cJSON *format, int *symbol)
{
    struct span text;
    if (!text_of(m, format, "grammar", &text)) return false;
    return ebnf_rule(m->g, text, symbol, m->err) || fault_in(m, "grammar");
}

typedef bool schema_maker(struct grammar *g, const cJSON *schema, const struct schema_options *o,
                          int *symbol, struct error *err);

static bool make_by_schema(struct maker *m, const cJSON *format, schema_maker *rule, int *symbol)
{
    struct schema_options o = {.space = m->space};
    struct span field;
    const cJSON *schema = cJSON_GetObjectItemCaseSensitive(format, "json_schema");
    if (!flag_of(m, format, "strict", &o.strict)) return false;
    if (!cJSON_IsObject(schema) && !cJSON_IsBool(schema)) {
        return wrong(m, "json_schema", schema, "a schema: an object, true or false");
    }
    if (rule(m->g, schema, &o, symbol, m->err)) return true;
    if (json_get(format, "field") == NULL) return fault_in(m, "json_schema");
    if (!text_of(m, format, "field", &field)) return false;
    m->named = true;
    return error_at(m->err, "%.*s", (int)field.n, field.p);
}

static bool make_schema(struct maker *m, const cJSON *format, int *symbol)
{
    return make_by_schema(m, format, schema_rule, symbol);
}

static bool make_xml(struct maker *m, const cJSON *format, int *symbol)
{
    return make_by_schema(m, format, tags_xml_rule, symbol);
}

/* ---- what is put together -------------------------------------------------------------------- */

/* A rule of the formats in a list: one after another, or any of them. */
static bool make_list(struct maker *m, const cJSON *format, bool all, int *symbol)
{
    const cJSON *list, *one;
    int n = 0, i = 0, symbols[TAGS_MAX];
    if (!list_of(m, format, "elements", 1, &list, &n)) return false;
    *symbol = grammar_rule(m->g);
    cJSON_ArrayForEach(one, list)
    {
        if (!make(m, one, &symbols[i])) return fault_at(m, "elements", i);
        if (!all) grammar_add(m->g, *symbol, &symbols[i], 1);
        i++;
    }
    if (all) grammar_add(m->g, *symbol, symbols, n);
    return true;
}

static bool make_sequence(struct maker *m, const cJSON *format, int *symbol)
{
    return make_list(m, format, true, symbol);
}

static bool make_or(struct maker *m, const cJSON *format, int *symbol)
{
    return make_list(m, format, false, symbol);
}

static bool make_repeated(struct maker *m, const cJSON *format, int min, int max, int *symbol)
{
    int content;
    if (!make(m, json_get(format, "content"), &content)) return fault_in(m, "content");
    *symbol = grammar_repeat(m->g, content, GRAMMAR_NO_SYMBOL, min, max);
    return true;
}

static bool make_optional(struct maker *m, const cJSON *format, int *symbol)
{
    return make_repeated(m, format, 0, 1, symbol);
}

static bool make_plus(struct maker *m, const cJSON *format, int *symbol)
{
    return make_repeated(m, format, 1, RX_UNBOUNDED, symbol);
}

static bool make_star(struct maker *m, const cJSON *format, int *symbol)
{
    return make_repeated(m, format, 0, RX_UNBOUNDED, symbol);
}

/* ---- tags ------------------------------------------------------------------------------------ */

/* The old shape's tags have a schema for content. */
static bool make_content(struct maker *m, const cJSON *tag, int *symbol)
{
    struct schema_options o = {.space = m->space};
    const cJSON *schema = cJSON_GetObjectItemCaseSensitive(tag, "schema");
    if (schema == NULL) {
        return make(m, json_get(tag, "content"), symbol) || fault_in(m, "content");
    }
    if (json_get(tag, "content") != NULL) {
        return error_set(m->err, ERROR_INVALID_VALUE, "schema", "a tag has a schema or a content");
    }
    return schema_rule(m->g, schema, &o, symbol, m->err) || fault_in(m, "schema");
}

/* Content and end. Free text goes on up to the end, and holds none. */
static bool make_rest(struct maker *m, const cJSON *tag, int *content, int *end)
{
    struct span text;
    const cJSON *inside = json_get(tag, "content"), *type = json_get(inside, "type");
    bool is_free = cJSON_IsString(type) && strcmp(type->valuestring, "any_text") == 0 &&
                   json_get(inside, "excludes") == NULL;
    if (!text_of(m, tag, "end", &text)) return false;
    *end = text_symbol(m, text);
    if (!make_content(m, tag, content)) return false;
    if (is_free && text.n > 0) {
        *content = grammar_terminal(m->g, text_up_to(m->pool, text, &text, 1));
        *end = grammar_terminal(m->g, RX_EMPTY);
    }
    return true;
}

/* A tag whose first `written` bytes stand already. */
static bool make_tag_rest(struct maker *m, const cJSON *tag, size_t written, int *symbol)
{
    static const char *const members[] = {"type", "begin", "content", "schema", "end", NULL};
    struct span begin;
    int parts[3];
    if (!cJSON_IsObject(tag)) return wrong(m, NULL, tag, "a tag, an object");
    const cJSON *type = json_get(tag, "type");
    if (!json_check_keys(tag, members, m->err) || !text_of(m, tag, "begin", &begin)) return false;
    if (type != NULL && !(cJSON_IsString(type) && strcmp(type->valuestring, "tag") == 0)) {
        return error_set(m->err, ERROR_INVALID_VALUE, "type", "must be \"tag\"");
    }
    parts[0] = text_symbol(m, span_slice(begin, written, begin.n));
    if (!make_rest(m, tag, &parts[1], &parts[2])) return false;
    *symbol = grammar_rule(m->g);
    grammar_add(m->g, *symbol, parts, 3);
    return true;
}

static bool make_tag(struct maker *m, const cJSON *format, int *symbol)
{
    return make_tag_rest(m, format, 0, symbol);
}

/* A rule: any tag of the list, as a whole. */
static bool make_any_tag(struct maker *m, const cJSON *tags, const char *member, int *symbol)
{
    const cJSON *tag;
    int i = 0, one;
    *symbol = grammar_rule(m->g);
    cJSON_ArrayForEach(tag, tags)
    {
        if (!make_tag_rest(m, tag, 0, &one)) return fault_at(m, member, i);
        grammar_add(m->g, *symbol, &one, 1);
        i++;
    }
    return true;
}

static bool make_separated(struct maker *m, const cJSON *format, int *symbol)
{
    const cJSON *tags;
    int n, tag;
    bool needed = false, once = false;
    struct span separator;
    if (!list_of(m, format, "tags", 1, &tags, &n) || !text_of(m, format, "separator", &separator) ||
        !flag_of(m, format, "at_least_one", &needed) ||
        !flag_of(m, format, "stop_after_first", &once) || !make_any_tag(m, tags, "tags", &tag)) {
        return false;
    }
    *symbol = grammar_repeat(m->g, tag, text_symbol(m, separator), needed ? 1 : 0,
                             once ? 1 : RX_UNBOUNDED);
    return true;
}

/* Which trigger a tag begins with: the longest; -1: none. */
static int trigger_of(const cJSON *tag, const struct span *triggers, int n)
{
    const cJSON *begin = json_get(tag, "begin");
    int found = -1;
    for (int i = 0; cJSON_IsString(begin) && i < n; i++) {
        bool longer = found < 0 || triggers[i].n > triggers[found].n;
        if (span_starts(span_str(begin->valuestring), triggers[i]) && longer) found = i;
    }
    return found;
}

/* For each trigger a rule of what may follow it. */
static bool make_triggered_rests(struct maker *m, const cJSON *tags, const char *member,
                                 const struct span *triggers, int n, const int *rests)
{
    const cJSON *tag;
    int i = 0, one;
    cJSON_ArrayForEach(tag, tags)
    {
        int k = trigger_of(tag, triggers, n);
        bool fine = k >= 0 || !cJSON_IsString(json_get(tag, "begin")) ||
                    error_set(m->err, ERROR_INVALID_VALUE, "begin", "begins with no trigger");
        fine = fine && make_tag_rest(m, tag, k < 0 ? 0 : triggers[k].n, &one);
        if (!fine) return fault_at(m, member, i);
        grammar_add(m->g, rests[k], &one, 1);
        i++;
    }
    return true;
}

/* texts: (free text up to a trigger, the rest of a tag)*, and free text; or as the flags say.
 * first: any tag as a whole, or GRAMMAR_NO_SYMBOL. */
static int dispatch(struct maker *m, const struct span *triggers, int n, const int *rests,
                    int first, bool once)
{
    int all = grammar_rule(m->g), begun = grammar_rule(m->g);
    int tail = grammar_terminal(m->g, tags_text_without(m->pool, triggers, n));
    if (first != GRAMMAR_NO_SYMBOL) {
        grammar_add(m->g, begun, &first, 1);
    } else {
        grammar_add(m->g, begun, NULL, 0);
    }
    for (int i = 0; i < n; i++) {
        int free = grammar_terminal(m->g, text_up_to(m->pool, triggers[i], triggers, n));
        int parts[] = {begun, free, rests[i]};
        if (!once) {
            grammar_add(m->g, begun, parts, 3);
        } else if (first == GRAMMAR_NO_SYMBOL) {
            grammar_add(m->g, all, parts + 1, 2);
        }
    }
    if (once) {
        grammar_add(m->g, all, first == GRAMMAR_NO_SYMBOL ? &tail : &first, 1);
    } else {
        grammar_add(m->g, all, (const int[]){begun, tail}, 2);
    }
    return all;
}

static bool make_dispatch(struct maker *m, const cJSON *format, const char *member, int *symbol)
{
    const cJSON *tags;
    struct span *triggers;
    int n_tags, n, rests[TAGS_MAX], first = GRAMMAR_NO_SYMBOL;
    bool needed = false, once = false;
    if (!list_of(m, format, member, 1, &tags, &n_tags) ||
        !flag_of(m, format, "at_least_one", &needed) ||
        !flag_of(m, format, "stop_after_first", &once) ||
        !texts_of(m, format, "triggers", 1, &triggers, &n)) {
        return false;
    }
    for (int i = 0; i < n; i++) {
        rests[i] = grammar_rule(m->g);
    }
    bool fine = make_triggered_rests(m, tags, member, triggers, n, rests) &&
                (!needed || make_any_tag(m, tags, member, &first));
    if (fine) *symbol = dispatch(m, triggers, n, rests, first, once);
    free(triggers);
    return fine;
}

static bool make_triggered(struct maker *m, const cJSON *format, int *symbol)
{
    return make_dispatch(m, format, "tags", symbol);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct format formats[] = {
    {"const_string", {"value", NULL}, make_const},
    {"any_text", {"excludes", NULL}, make_any_text},
    {"json_schema", {"json_schema", "strict", "field", NULL}, make_schema},
    {"qwen_xml_parameter", {"json_schema", "strict", "field", NULL}, make_xml},
    {"regex", {"pattern", NULL}, make_regex},
    {"grammar", {"grammar", NULL}, make_grammar},
    {"sequence", {"elements", NULL}, make_sequence},
    {"or", {"elements", NULL}, make_or},
    {"optional", {"content", NULL}, make_optional},
    {"plus", {"content", NULL}, make_plus},
    {"star", {"content", NULL}, make_star},
    {"tag", {"begin", "content", "schema", "end", NULL}, make_tag},
    {"triggered_tags",
     {"triggers", "tags", "at_least_one", "stop_after_first", NULL},
     make_triggered},
    {"tags_with_separator",
     {"tags", "separator", "at_least_one", "stop_after_first", NULL},
     make_separated},
};

static bool check_members(struct maker *m, const cJSON *format, const struct format *row)
{
    const char *names[8] = {"type"};
    for (int i = 0; row->members[i] != NULL; i++) {
        names[i + 1] = row->members[i];
    }
    return json_check_keys(format, names, m->err);
}

static bool make(struct maker *m, const cJSON *format, int *symbol)
{
    if (!cJSON_IsObject(format)) return wrong(m, NULL, format, "a format, an object");
    const cJSON *type = json_get(format, "type");
    if (!cJSON_IsString(type)) return wrong(m, "type", type, "a string");
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strcmp(type->valuestring, formats[i].type) != 0) continue;
        return check_members(m, format, &formats[i]) && formats[i].make(m, format, symbol);
    }
    return error_set(m->err, ERROR_UNSUPPORTED, "type", "there is no format \"%.40s\"",
                     type->valuestring);
}

static bool make_outermost(struct maker *m, const cJSON *all, int *symbol)
{
    static const char *const newer[] = {"type", "format", NULL}, *const older[] = {
                                                                     "type", "structures",
                                                                     "triggers", NULL};
    const cJSON *type = json_get(all, "type"), *format = json_get(all, "format");
    bool outer = cJSON_IsString(type) && strcmp(type->valuestring, "structural_tag") == 0;
    if (!outer && json_get(all, "structures") == NULL) return make(m, all, symbol);
    if (format != NULL) {
        return json_check_keys(all, newer, m->err) &&
               (make(m, format, symbol) || fault_in(m, "format"));
    }
    return json_check_keys(all, older, m->err) && make_dispatch(m, all, "structures", symbol);
}

bool tags_rule(struct grammar *g, struct span text, enum schema_space space, int *symbol,
               struct error *err)
{
    struct maker m = {.g = g, .pool = grammar_pool(g), .space = space, .err = err};
    cJSON *all = json_parse(text, err);
    bool fine = all != NULL && make_outermost(&m, all, symbol);
    cJSON_Delete(all);
    return fine;
}
