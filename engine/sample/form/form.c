/* engine/sample/form/form.c - compiling, and cursors: the gate of the thoughts before a kind's own state.
 *
 * The gate, where an output may think first:
 *
 *   MAY_OPEN --opening tag--> INSIDE --closing tag--> CLOSED --first other byte--> HOLDS
 *       '---- a byte that is not of the opening tag ------------------------------^
 *
 * Before an opening tag two things are possible at once, so the tag is looked for and the form is
 * walked side by side until one of them fails.
 *
 * A form's source is kept as one string of bytes, its key, by which equal forms are found.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/form.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/sample/form/ebnf.h"
#include "engine/sample/form/pattern.h"
#include "engine/sample/form/tags.h"

enum { GATE_HOLDS, GATE_MAY_OPEN, GATE_INSIDE, GATE_CLOSED };
enum { ARENA_FORM_BYTES = 16 << 20 };

struct form_kind {
    /* Fill f from source; false and *err otherwise. */
    bool (*compile)(struct form *f, const struct form_source *source, struct error *err);
    void (*begin)(const struct form *f, union form_state *at);
    bool (*feed)(const struct form *f, union form_state *at, unsigned char byte);
    bool (*may_end)(const struct form *f, const union form_state *at);
};

struct form {
    const struct form_kind *kind;
    struct arena *arena; /* holds this struct and all it points to */
    atomic_int owners;
    uint64_t uid;
    struct span key;
    uint8_t gate; /* where an output begins */
    struct span think_open, think_close;
    const char *const *choices; /* sorted */
    int n_choices;
    struct earley *reader;    /* owned; of a form that a grammar tells */
    pthread_mutex_t *reading; /* who reads */
};

static_assert(sizeof(struct form_cursor) == sizeof(void *) + sizeof(union form_state) + 8,
              "a cursor has no padding");

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the form of the output");
}

/* ---- a choice of strings ---- */

static bool check_choices(const struct form_source *source, struct error *err)
{
    size_t bytes = 0;
    if (source->n_choices <= 0) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "must be an array of strings, not empty");
    }
    if (source->n_choices > CHOICE_MAX_STRINGS) {
        return error_set(err, ERROR_TOO_LARGE, NULL, "%d choices; at most %d", source->n_choices,
                         CHOICE_MAX_STRINGS);
    }
    for (int i = 0; i < source->n_choices && bytes <= CHOICE_MAX_BYTES; i++) {
        bytes += strlen(source->choices[i]);
        if (*source->choices[i] != '\0') continue;
        error_set(err, ERROR_INVALID_TYPE, NULL, "must be a string, not empty");
        return error_in(err, "[%d]", i);
    }
    return bytes <= CHOICE_MAX_BYTES ||
           error_set(err, ERROR_TOO_LARGE, NULL, "the choices have more than %d bytes in all",
                     CHOICE_MAX_BYTES);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool choice_compile(struct form *f, const struct form_source *source, struct error *err)
{
    if (!check_choices(source, err)) return false;
    size_t n = (size_t)source->n_choices;
    const char **sorted = arena_alloc(f->arena, n, sizeof(*sorted));
    for (size_t i = 0; sorted != NULL && i < n; i++) {
        sorted[i] = arena_str(f->arena, span_str(source->choices[i]));
    }
    if (arena_failed(f->arena)) return no_memory(err);
    qsort(sorted, n, sizeof(*sorted), by_bytes);
    f->choices = sorted;
    f->n_choices = source->n_choices;
    return true;
}

static void choice_begin(const struct form *f, union form_state *at)
{
    choice_walk_begin(&at->choice, f->n_choices);
}

static bool choice_feed(const struct form *f, union form_state *at, unsigned char byte)
{
    return choice_walk_feed(&at->choice, f->choices, byte);
}

static bool choice_may_end(const struct form *f, const union form_state *at)
{
    return choice_walk_is_whole(&at->choice, f->choices);
}

/* ---- a JSON object ---- */

static bool json_compile(struct form *f, const struct form_source *source, struct error *err)
{
    (void)f;
    (void)source;
    (void)err;
    return true;
}

static void json_begin(const struct form *f, union form_state *at)
{
    (void)f;
    json_walk_begin(&at->json);
}

static bool json_feed(const struct form *f, union form_state *at, unsigned char byte)
{
    (void)f;
    return json_walk_feed(&at->json, byte);
}

static bool json_may_end(const struct form *f, const union form_state *at)
{
    (void)f;
    return json_walk_is_whole(&at->json);
}

/* ---- what a grammar tells: schemas, regular expressions, grammars ---- */

static bool schema_kind_compile(struct form *f, const struct form_source *source, struct error *err)
{
    const struct schema_options o = {.space = source->space, .strict = source->strict};
    cJSON *schema = json_parse(source->text, err);
    if (schema != NULL) f->reader = schema_compile(schema, &o, err);
    cJSON_Delete(schema);
    return f->reader != NULL;
}

/* A reader of what begin() adds to an empty grammar. */
static bool grammar_compile(struct form *f, const struct form_source *source,
                            bool (*begin)(struct grammar *g, struct span text, int *symbol,
                                          struct error *err),
                            struct error *err)
{
    int symbol;
    struct grammar *g = grammar_new();
    if (g == NULL) return no_memory(err);
    if (!begin(g, source->text, &symbol, err) || !grammar_finish(g, symbol, err)) {
        grammar_free(g);
        return false;
    }
    f->reader = earley_new(g, err);
    return f->reader != NULL;
}

static bool regex_symbol(struct grammar *g, struct span text, int *symbol, struct error *err)
{
    rx all;
    if (!pattern_rx(grammar_pool(g), text, PATTERN_WHOLE, CHARS_PLAIN, &all, err)) return false;
    *symbol = grammar_terminal(g, all);
    return true;
}

static bool regex_compile(struct form *f, const struct form_source *source, struct error *err)
{
    return grammar_compile(f, source, regex_symbol, err);
}

static bool ebnf_compile(struct form *f, const struct form_source *source, struct error *err)
{
    return grammar_compile(f, source, ebnf_rule, err);
}

static bool tags_compile(struct form *f, const struct form_source *source, struct error *err)
{
    int symbol;
    struct grammar *g = grammar_new();
    if (g == NULL) return no_memory(err);
    if (!tags_rule(g, source->text, source->space, &symbol, err) ||
        !grammar_finish(g, symbol, err)) {
        grammar_free(g);
        return false;
    }
    f->reader = earley_new(g, err);
    return f->reader != NULL;
}

static void reader_begin(const struct form *f, union form_state *at)
{
    (void)f;
    at->read = EARLEY_START;
}

static bool reader_feed(const struct form *f, union form_state *at, unsigned char byte)
{
    int state = earley_step(f->reader, (int)at->read, byte);
    at->read = (uint64_t)(state == EARLEY_DEAD ? EARLEY_START : state);
    return state != EARLEY_DEAD;
}

static bool reader_may_end(const struct form *f, const union form_state *at)
{
    return earley_may_end(f->reader, (int)at->read);
}

static const struct form_kind kinds[FORM_TYPES] = {
    [FORM_CHOICE] = {choice_compile, choice_begin, choice_feed, choice_may_end},
    [FORM_JSON_OBJECT] = {json_compile, json_begin, json_feed, json_may_end},
    [FORM_SCHEMA] = {schema_kind_compile, reader_begin, reader_feed, reader_may_end},
    [FORM_REGEX] = {regex_compile, reader_begin, reader_feed, reader_may_end},
    [FORM_GRAMMAR] = {ebnf_compile, reader_begin, reader_feed, reader_may_end},
    [FORM_TAGS] = {tags_compile, reader_begin, reader_feed, reader_may_end},
};

/* ---- forms ---- */

/* Parts are set apart by their lengths. */
static void add_part(struct buffer *key, const char *text)
{
    if (text == NULL) text = "";
    buffer_addf(key, "%zu:", strlen(text));
    buffer_add_str(key, text);
}

void form_source_key(const struct form_source *s, struct buffer *key)
{
    buffer_addf(key, "%d,%d,", (int)s->type, (int)s->thoughts);
    add_part(key, s->thoughts == FORM_HOLDS ? NULL : s->think_open);
    add_part(key, s->thoughts == FORM_HOLDS ? NULL : s->think_close);
    for (int i = 0; s->type == FORM_CHOICE && i < s->n_choices; i++) {
        add_part(key, s->choices[i]);
    }
    if (s->type < FORM_SCHEMA) return;
    buffer_addf(key, "%d,%d,", (int)s->space, s->strict);
    buffer_add_span(key, s->text);
}

static bool keep_key(struct form *f, const struct form_source *source, struct error *err)
{
    struct buffer key;
    buffer_init(&key, FORM_KEY_BYTES);
    form_source_key(source, &key);
    f->key = span_of(key.failed ? NULL : arena_str(f->arena, buffer_span(&key)), key.n);
    buffer_clear(&key);
    return f->key.p != NULL || no_memory(err);
}

static bool keep_tag(struct form *f, const char *tag, struct span *to, struct error *err)
{
    size_t n = tag == NULL ? 0 : strlen(tag);
    if (n == 0 || n > FORM_TAG_BYTES) {
        return error_set(err, ERROR_UNSUPPORTED, NULL,
                         "no form can be kept behind thoughts with the tag \"%.64s\"",
                         n == 0 ? "" : tag);
    }
    *to = span_of(arena_str(f->arena, span_of(tag, n)), n);
    return to->p != NULL || no_memory(err);
}

static bool keep_gate(struct form *f, const struct form_source *source, struct error *err)
{
    static const uint8_t gates[] = {
        [FORM_HOLDS] = GATE_HOLDS, [FORM_MAY_THINK] = GATE_MAY_OPEN, [FORM_THINKS] = GATE_INSIDE};
    f->gate = gates[source->thoughts];
    return f->gate == GATE_HOLDS || (keep_tag(f, source->think_open, &f->think_open, err) &&
                                     keep_tag(f, source->think_close, &f->think_close, err));
}

/* On the heap: it is used through const forms. */
static bool make_lock(struct form *f, struct error *err)
{
    f->reading = mem_new(1, sizeof(*f->reading), err);
    return f->reading != NULL && pthread_mutex_init(f->reading, NULL) == 0;
}

static void destroy(struct form *f)
{
    earley_free(f->reader);
    if (f->reading != NULL) pthread_mutex_destroy(f->reading);
    free(f->reading);
    arena_free(f->arena);
}

struct form *form_new(const struct form_source *source, struct error *err)
{
    static atomic_uint_fast64_t last_uid;
    struct arena *a = arena_new(ARENA_FORM_BYTES);
    struct form *f = a == NULL ? NULL : arena_alloc(a, 1, sizeof(*f));
    if (f == NULL) {
        arena_free(a);
        no_memory(err);
        return NULL;
    }
    f->arena = a;
    f->kind = &kinds[source->type];
    f->uid = atomic_fetch_add(&last_uid, 1) + 1;
    atomic_init(&f->owners, 1);
    if (keep_gate(f, source, err) && keep_key(f, source, err) && make_lock(f, err) &&
        f->kind->compile(f, source, err)) {
        return f;
    }
    form_free(f);
    return NULL;
}

struct form *form_share(struct form *f)
{
    atomic_fetch_add(&f->owners, 1);
    return f;
}

void form_free(struct form *f)
{
    assert(f == NULL || atomic_load(&f->owners) > 0);
    if (f != NULL && atomic_fetch_sub(&f->owners, 1) == 1) destroy(f);
}

uint64_t form_uid(const struct form *f)
{
    return f->uid;
}

struct span form_key(const struct form *f)
{
    return f->key;
}

size_t form_bytes(const struct form *f)
{
    form_enter(f);
    size_t read = f->reader == NULL ? 0 : earley_bytes(f->reader);
    form_leave(f);
    return arena_used(f->arena) + read;
}

void form_enter(const struct form *f)
{
    if (f != NULL && f->reader != NULL) pthread_mutex_lock(f->reading);
}

void form_leave(const struct form *f)
{
    if (f != NULL && f->reader != NULL) pthread_mutex_unlock(f->reading);
}

/* ---- cursors ---- */

void form_cursor_begin(struct form_cursor *c, const struct form *f)
{
    memset(c, 0, sizeof(*c));
    c->form = f;
    if (f == NULL) return;
    c->gate = f->gate;
    f->kind->begin(f, &c->state);
}

/* The form begins here, or goes on where it was walked all along. */
static void hold(struct form_cursor *c)
{
    c->gate = GATE_HOLDS;
    c->matched = c->blanks = 0;
    c->refused = 0;
}

/* One more byte of a tag: true when that is its last. When it is not the byte that should come, the
 * longest beginning of the tag is kept that what has come ends with. */
static bool look_for(struct form_cursor *c, struct span tag, char byte)
{
    size_t n = c->matched;
    while (n > 0 && (byte != tag.p[n] || memcmp(tag.p, tag.p + c->matched - n, n) != 0)) {
        n--;
    }
    c->matched = (uint16_t)(n + (byte == tag.p[n]));
    return c->matched == tag.n;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\n';
}

/* The output may still open its thoughts: behind a few blanks stands nothing but the tag. */
static bool may_open(struct form_cursor *c, char byte)
{
    const struct form *f = c->form;
    bool blank = c->matched == 0 && is_blank(byte) && c->blanks < FORM_NEWLINES;
    bool tag = byte == f->think_open.p[c->matched];
    if (c->refused == 0 && !f->kind->feed(f, &c->state, (unsigned char)byte)) c->refused = 1;
    if (!blank && !tag) {
        if (c->refused != 0) return false;
        hold(c);
        return true;
    }
    if (c->refused != 0) memset(&c->state, 0, sizeof(c->state));
    c->blanks = (uint8_t)(c->blanks + blank);
    c->matched = (uint16_t)(c->matched + tag);
    if (c->matched < f->think_open.n) return true;
    memset(&c->state, 0, sizeof(c->state));
    f->kind->begin(f, &c->state);
    c->gate = GATE_INSIDE;
    c->matched = c->blanks = 0;
    c->refused = 0;
    return true;
}

static bool feed(struct form_cursor *c, char byte)
{
    const struct form *f = c->form;
    switch (c->gate) {
    case GATE_MAY_OPEN:
        return may_open(c, byte);
    case GATE_INSIDE:
        if (look_for(c, f->think_close, byte)) {
            hold(c);
            c->gate = GATE_CLOSED;
        }
        return true;
    case GATE_CLOSED:
        if (byte == '\n' && c->blanks < FORM_NEWLINES) {
            c->blanks++;
            return true;
        }
        hold(c);
        break;
    default:
        assert(c->gate == GATE_HOLDS);
    }
    return f->kind->feed(f, &c->state, (unsigned char)byte);
}

bool form_cursor_feed(struct form_cursor *c, struct span bytes)
{
    for (size_t i = 0; c->form != NULL && i < bytes.n; i++) {
        if (!feed(c, bytes.p[i])) return false;
    }
    return true;
}

bool form_cursor_may_end(const struct form_cursor *c)
{
    if (c->form == NULL) return true;
    if (c->gate == GATE_INSIDE || c->refused != 0) return false;
    return c->form->kind->may_end(c->form, &c->state);
}

bool form_cursor_reader(const struct form_cursor *c, struct earley **reader, int *state)
{
    if (c->gate != GATE_HOLDS || c->form->reader == NULL) return false;
    *reader = c->form->reader;
    *state = (int)c->state.read;
    return true;
}

bool form_cursor_is_free(const struct form_cursor *c)
{
    return c->form == NULL || c->gate == GATE_INSIDE;
}
