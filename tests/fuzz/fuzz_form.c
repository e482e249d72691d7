/* tests/fuzz/fuzz_form.c - any bytes as a schema, a regular expression, a grammar or structural tags: never a
 * crash, and what a form lets through is of the form.
 *
 * The first byte chooses the kind. A form that compiles is walked as a model would write it: bytes that
 * may come next, chosen by a hash. A walk never gets stuck before its text may end (no dead ends), a
 * finished text of a schema is JSON, and where any text of so many plain characters is said to go on
 * (slice.h), some such text does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "engine/sample/form/earley.h"
#include "engine/sample/form/ebnf.h"
#include "engine/sample/form/ids.h"
#include "engine/sample/form/pattern.h"
#include "engine/sample/form/schema.h"
#include "engine/sample/form/slice.h"
#include "engine/sample/form/tags.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 200, MAX_SOURCE = 4096 };

static struct earley *of_schema(struct span source)
{
    struct error err = {0};
    const struct schema_options o = {.strict = source.n % 2 == 1};
    cJSON *schema = json_parse(source, &err);
    struct earley *e = schema == NULL ? NULL : schema_compile(schema, &o, &err);
    cJSON_Delete(schema);
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

/* A byte that may come next; -1: none. */
static int next_byte(struct earley *e, int state, uint64_t hash)
{
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

static void walk(struct earley *e, struct slice_search *s, bool is_json, uint64_t hash)
{
    char text[STEPS];
    int state = EARLEY_START;
    for (size_t n = 0; n < STEPS; n++) {
        if (earley_may_end(e, state) && is_json) {
            cJSON *value = json_parse(span_of(text, n), NULL);
            assert(value != NULL);
            cJSON_Delete(value);
        }
        hash = ids_mix(hash, n);
        try_slice(s, e, state, hash);
        int byte = next_byte(e, state, hash);
        if (byte < 0) {
            assert(earley_may_end(e, state) || earley_failed(e));
            return;
        }
        text[n] = (char)byte;
        state = earley_step(e, state, (uint8_t)byte);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > MAX_SOURCE) return 0;
    struct span source = span_of(data + 1, size - 1);
    int kind = data[0] % KINDS;
    struct earley *e = kind == SCHEMA ? of_schema(source) : of_grammar(source, kind);
    struct slice_search *s = e == NULL ? NULL : slice_search_new(NULL);
    for (uint64_t i = 0; s != NULL && i < 3; i++) {
        walk(e, s, kind == SCHEMA, ids_mix(i, size));
    }
    slice_search_free(s);
    earley_free(e);
    return 0;
}
