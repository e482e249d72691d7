/* tests/fuzz/fuzz_form.c - any bytes as a schema, a regular expression, a grammar or structural tags: never a
 * crash, and what a form lets through is of the form.
 *
 * The first byte chooses the kind. A form that compiles is walked as a model would write it: bytes that
 * may come next, chosen by a hash, in a schema's texts members that were written already too. A walk never
 * gets stuck before its text may end (no dead ends), also where the reader forgets now and then all states but
 * those that the walk stood in, a finished text of a schema is JSON that satisfies it by
 * the reward `schema` (json_schema.h), of a name that stands twice the last, as readers of JSON take it, and
 * where any text of so many plain characters is said to go on (slice.h), some such text does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "engine/sample/form/earley.h"
#include "engine/sample/form/ebnf.h"
#include "engine/sample/form/ids.h"
#include "engine/sample/form/pattern.h"
#include "engine/sample/form/schema.h"
#include "engine/sample/form/slice.h"
#include "engine/sample/form/tags.h"
#include "reward/rules/json_schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 200, MAX_SOURCE = 4096 };

static struct earley *of_schema(struct span source, cJSON **schema)
{
    struct error err = {0};
    const struct schema_options o = {.strict = source.n % 2 == 1};
    *schema = json_parse(source, &err);
    struct earley *e = *schema == NULL ? NULL : schema_compile(*schema, &o, &err);
    assert(e != NULL || err.code != ERROR_NONE);
    return e;
}

enum { SCHEMA, REGEX, GRAMMAR, TAGS, KINDS }; /* by the first byte */

static struct earley *of_grammar(struct span source, int kind)
{
    rx all;
    int symbol = 0;
    struct error err = {0};
    struct grammar *g = grammar_new();
    if (g == NULL) return NULL;
    bool fine = kind == REGEX
                    ? pattern_rx(grammar_pool(g), source, PATTERN_WHOLE, CHARS_PLAIN, &all, &err)
                : kind == TAGS ? tags_rule(g, source, SCHEMA_SPACE_USUAL, &symbol, &err)
                               : ebnf_rule(g, source, &symbol, &err);
    if (fine && kind == REGEX) symbol = grammar_terminal(g, all);
    if (fine && grammar_finish(g, symbol, &err)) return earley_new(g, &err);
    assert(err.code != ERROR_NONE);
    grammar_free(g);
    return NULL;
}

/* A byte that may come next, often one that ends something; -1: none. */
static int next_byte(struct earley *e, int state, uint64_t hash)
{
    static const char ends[] = "\"}],:";
    int end = ends[(hash >> 16) % (sizeof(ends) - 1)];
    if ((hash >> 8) % 2 == 0 && earley_step(e, state, (uint8_t)end) != EARLEY_DEAD) return end;
    for (int i = 0; i < 256; i++) {
        int byte = (int)(hash + (uint64_t)i) & 255;
        if (earley_step(e, state, (uint8_t)byte) != EARLEY_DEAD) return byte;
    }
    return -1;
}

/* Characters of a slice, chosen by a hash, as many as its reach says. */
static void try_slice(struct slice_search *s, struct earley *e, int state, uint64_t hash)
{
    static const char *const plain[] = {"a", "Z",  "0", " ", "~", "/",
                                        "é", "日", "😀", "-", ".", ":"};
    enum slice slice = hash % 2 == 0 ? SLICE_WORDS : SLICE_PLAIN;
    int reach = slice_reach(s, slice, e, (uint64_t)(uintptr_t)e, state, 8);
    for (int k = 0; k < reach && k < 8; k++) {
        hash = ids_mix(hash, (uint64_t)k);
        for (const char *c = plain[hash % (slice == SLICE_WORDS ? 3 : 12)]; *c != '\0'; c++) {
            state = earley_step(e, state, (uint8_t)*c);
            assert(state != EARLEY_DEAD || earley_failed(e));
            if (state == EARLEY_DEAD) return;
        }
    }
}

/* Of members with the same name the last stays. */
static void drop_repeated(cJSON *value)
{
    for (cJSON *one = value->child, *next; one != NULL; one = next) {
        next = one->next;
        drop_repeated(one);
        bool again = false;
        for (const cJSON *k = next; k != NULL && cJSON_IsObject(value); k = k->next) {
            again = again || strcmp(k->string, one->string) == 0;
        }
        if (again) cJSON_Delete(cJSON_DetachItemViaPointer(value, one));
    }
}

/* Has a schema a format anywhere? Forms keep them, the judge passes over them, so it takes what a `not`
 * of one takes for the opposite. */
static bool has_format(const cJSON *schema)
{
    for (const cJSON *one = schema->child; one != NULL; one = one->next) {
        if ((one->string != NULL && strcmp(one->string, "format") == 0) || has_format(one))
            return true;
    }
    return false;
}

/* A finished text satisfies its schema, where the judge knows the schema's keywords. Where a name stands
 * twice cJSON reads it, which keeps a number's nearest double alone: then members are counted. */
static void check_document(const cJSON *schema, struct span text)
{
    struct error err = {0};
    struct json_schema_fault fault;
    struct arena *a = arena_new(1 << 20);
    cJSON *value = json_parse(text, &err);
    bool repeats = value == NULL;
    if (repeats) {
        assert(err.code == ERROR_INVALID_VALUE && strstr(err.message, "stands twice") != NULL);
        value = cJSON_ParseWithLength(text.p, text.n);
        if (value != NULL) drop_repeated(value);
    }
    if (a != NULL && value != NULL && !has_format(schema) && json_schema_check(schema, NULL) &&
        json_schema_validate(schema, value, a, &fault) == JSON_SCHEMA_INVALID) {
        assert(repeats && strcmp(fault.keyword == NULL ? "" : fault.keyword, "minProperties") != 0);
    }
    cJSON_Delete(value);
    arena_free(a);
}

/* What a walk wrote, and the member that it writes once more. */
struct written {
    char text[STEPS];
    size_t n, member; /* where the latest member, or item, begins */
    size_t again;     /* the next byte to write again; `member` or more: none */
    bool in_string, escaped;
};

static int choose_byte(struct earley *e, int state, struct written *w, uint64_t hash)
{
    if (w->again < w->member && earley_step(e, state, (uint8_t)w->text[w->again]) != EARLEY_DEAD)
        return (uint8_t)w->text[w->again++];
    w->again = w->member;
    return next_byte(e, state, hash);
}

static void write_byte(struct written *w, char byte, uint64_t hash)
{
    w->text[w->n++] = byte;
    if (byte == '"' && !w->escaped) w->in_string = !w->in_string;
    w->escaped = byte == '\\' && !w->escaped;
    if (w->in_string || (byte != ',' && byte != '{')) return;
    w->again = byte == ',' && hash % 4 != 0 ? w->member : w->n;
    w->member = w->n;
}

/* States are forgotten, and the one where a text stands is made from it as it was. */
static void forget(struct earley *e, int state, const struct written *w, uint64_t hash)
{
    earley_keep(e, state);
    if (hash % 16 != 0) return;
    earley_forget(e);
    int again = EARLEY_START;
    for (size_t i = 0; i < w->n && !earley_failed(e); i++) {
        again = earley_step(e, again, (uint8_t)w->text[i]);
    }
    assert(again == state || earley_failed(e));
}

static void walk(struct earley *e, struct slice_search *s, const cJSON *schema, uint64_t hash)
{
    struct written w = {.n = 0};
    int state = EARLEY_START;
    while (w.n < STEPS) {
        if (earley_may_end(e, state) && schema != NULL)
            check_document(schema, span_of(w.text, w.n));
        hash = ids_mix(hash, w.n);
        try_slice(s, e, state, hash);
        int byte = choose_byte(e, state, &w, hash);
        if (byte < 0) {
            assert(earley_may_end(e, state) || earley_failed(e));
            return;
        }
        write_byte(&w, (char)byte, hash >> 32);
        state = earley_step(e, state, (uint8_t)byte);
        if (!earley_failed(e)) forget(e, state, &w, hash >> 40);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > MAX_SOURCE) return 0;
    struct span source = span_of(data + 1, size - 1);
    int kind = data[0] % KINDS;
    cJSON *schema = NULL;
    struct earley *e = kind == SCHEMA ? of_schema(source, &schema) : of_grammar(source, kind);
    struct slice_search *s = e == NULL ? NULL : slice_search_new(NULL);
    for (uint64_t i = 0; s != NULL && i < 3; i++) {
        walk(e, s, schema, ids_mix(i, size));
    }
    slice_search_free(s);
    earley_free(e);
    cJSON_Delete(schema);
    return 0;
}
