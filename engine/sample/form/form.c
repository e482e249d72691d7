/* engine/sample/form/form.c - compiling, and cursors: the gate of the thoughts before the reader's state.
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
    /* The reader of source's texts. NULL and *err: it can't be had. */
    struct earley *(*compile)(const struct form_source *source, struct error *err);
};

struct form {
    struct arena *arena; /* holds this struct and all it points to, but the reader */
    atomic_int owners;
    uint64_t uid;
    struct span key;
    uint8_t gate; /* where an output begins */
    struct span think_open, think_close;
    struct earley *reader;    /* owned */
    pthread_mutex_t *reading; /* who reads */
};

static_assert(sizeof(struct form_cursor) == sizeof(void *) + sizeof(int32_t) + 4,
              "a cursor has no padding");

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the form of the output");
}

/* ---- kinds: from a source to a reader ---- */

static struct earley *schema_reader_of(struct span text, const struct schema_options *o,
                                       struct error *err)
{
    cJSON *schema = json_parse(text, err);
    struct earley *reader = schema == NULL ? NULL : schema_compile(schema, o, err);
    cJSON_Delete(schema);
    return reader;
}

static struct earley *schema_kind(const struct form_source *source, struct error *err)
{
    const struct schema_options o = {.space = source->space, .strict = source->strict};
    return schema_reader_of(source->text, &o, err);
}

static struct earley *object_kind(const struct form_source *source, struct error *err)
{
    const struct schema_options o = {.space = source->space};
    return schema_reader_of(span_str("{\"type\": \"object\"}"), &o, err);
}

/* A reader of what begin() adds to an empty grammar. */
static struct earley *grammar_reader(const struct form_source *source,
                                     bool (*begin)(struct grammar *g,
                                                   const struct form_source *source, int *symbol,
                                                   struct error *err),
                                     struct error *err)
{
    int symbol;
    struct grammar *g = grammar_new();
    if (g == NULL) {
        no_memory(err);
        return NULL;
    }
    if (begin(g, source, &symbol, err) && grammar_finish(g, symbol, err)) return earley_new(g, err);
    grammar_free(g);
    return NULL;
}

static bool choice_symbol(struct grammar *g, const struct form_source *source, int *symbol,
                          struct error *err)
{
    rx all;
    if (!choices_rx(grammar_pool(g), source->choices, source->n_choices, &all, err)) return false;
    *symbol = grammar_terminal(g, all);
    return true;
}

static struct earley *choice_kind(const struct form_source *source, struct error *err)
{
    return grammar_reader(source, choice_symbol, err);
}

static bool regex_symbol(struct grammar *g, const struct form_source *source, int *symbol,
                         struct error *err)
{
    rx all;
    if (!pattern_rx(grammar_pool(g), source->text, PATTERN_WHOLE, CHARS_PLAIN, &all, err))
        return false;
    *symbol = grammar_terminal(g, all);
    return true;
}

static struct earley *regex_kind(const struct form_source *source, struct error *err)
{
    return grammar_reader(source, regex_symbol, err);
}

static bool ebnf_symbol(struct grammar *g, const struct form_source *source, int *symbol,
                        struct error *err)
{
    return ebnf_rule(g, source->text, symbol, err);
}

static struct earley *ebnf_kind(const struct form_source *source, struct error *err)
{
    return grammar_reader(source, ebnf_symbol, err);
}

static bool tags_symbol(struct grammar *g, const struct form_source *source, int *symbol,
                        struct error *err)
{
    return tags_rule(g, source->text, source->space, symbol, err);
}

static struct earley *tags_kind(const struct form_source *source, struct error *err)
{
    return grammar_reader(source, tags_symbol, err);
}

static const struct form_kind kinds[FORM_TYPES] = {
    [FORM_CHOICE] = {choice_kind}, [FORM_JSON_OBJECT] = {object_kind},
    [FORM_SCHEMA] = {schema_kind}, [FORM_REGEX] = {regex_kind},
    [FORM_GRAMMAR] = {ebnf_kind},  [FORM_TAGS] = {tags_kind},
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
    if (s->type == FORM_CHOICE) return;
    buffer_addf(key, "%d,%d,", (int)s->space, s->strict);
    if (s->type != FORM_JSON_OBJECT) buffer_add_span(key, s->text);
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
    f->uid = atomic_fetch_add(&last_uid, 1) + 1;
    atomic_init(&f->owners, 1);
    if (keep_gate(f, source, err) && keep_key(f, source, err) && make_lock(f, err)) {
        f->reader = kinds[source->type].compile(source, err);
    }
    if (f->reader != NULL) return f;
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
    size_t read = earley_bytes(f->reader);
    form_leave(f);
    return arena_used(f->arena) + read;
}

bool form_has_failed(const struct form *f)
{
    if (f == NULL) return false;
    form_enter(f);
    bool failed = earley_failed(f->reader);
    form_leave(f);
    return failed;
}

void form_enter(const struct form *f)
{
    if (f != NULL) pthread_mutex_lock(f->reading);
}

void form_leave(const struct form *f)
{
    if (f != NULL) pthread_mutex_unlock(f->reading);
}

/* ---- cursors ---- */

void form_cursor_begin(struct form_cursor *c, const struct form *f)
{
    memset(c, 0, sizeof(*c));
    c->form = f;
    c->state = EARLEY_START;
    if (f != NULL) c->gate = f->gate;
}

/* The form alone goes on by a byte. */
static bool feed_form(struct form_cursor *c, char byte)
{
    int state = earley_step(c->form->reader, c->state, (uint8_t)byte);
    c->state = state == EARLEY_DEAD ? EARLEY_START : state;
    return state != EARLEY_DEAD;
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
    c->matched = (uint8_t)(n + (byte == tag.p[n]));
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
    if (c->refused == 0 && !feed_form(c, byte)) c->refused = 1;
    if (!blank && !tag) {
        if (c->refused != 0) return false;
        hold(c);
        return true;
    }
    c->blanks = (uint8_t)(c->blanks + blank);
    c->matched = (uint8_t)(c->matched + tag);
    if (c->matched < f->think_open.n) return true;
    c->state = EARLEY_START;
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
    return feed_form(c, byte);
}

bool form_cursor_try(struct form_cursor *c, char byte)
{
    return c->form == NULL || feed(c, byte);
}

bool form_cursor_feed(struct form_cursor *c, struct span bytes)
{
    for (size_t i = 0; i < bytes.n; i++) {
        if (!form_cursor_try(c, bytes.p[i])) return false;
    }
    if (c->form != NULL) earley_keep(c->form->reader, c->state);
    return true;
}

bool form_cursor_may_end(const struct form_cursor *c)
{
    if (c->form == NULL) return true;
    if (c->gate == GATE_INSIDE || c->refused != 0) return false;
    return earley_may_end(c->form->reader, c->state);
}

bool form_cursor_reader(const struct form_cursor *c, struct earley **reader, int *state)
{
    if (c->gate != GATE_HOLDS) return false;
    *reader = c->form->reader;
    *state = c->state;
    return true;
}

bool form_cursor_is_free(const struct form_cursor *c)
{
    return c->form == NULL || c->gate == GATE_INSIDE;
}
