/* engine/sample/form/form.h - the form of an output: which bytes may come next.
 *
 * A *form* is compiled once from what a client asked for (struct form_source), never changes
 * afterwards, and is shared by counting: samples of one request, requests that ask for the same,
 * threads.
 *
 * A *cursor* is where one output stands in its form. It is a small plain value: each sequence has
 * one, which goes on as tokens are accepted; a copy tries what a draft or another token would do
 * and is thrown away. Nothing is ever walked from the beginning again.
 *
 * A form is about bytes. How bytes are cut into tokens is vocabulary.h's business, which asks a
 * cursor which tokens may come next. Every kind of form is compiled into a grammar, and one reader
 * (earley.h) reads them all: a new kind is a row of the table in form.c, which says how its source
 * becomes one.
 *
 * A model that thinks first is free until its thoughts end; the form holds from there on, behind
 * at most FORM_NEWLINES new lines. The output may end only where the form may, so not inside the
 * thoughts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_FORM_H
#define ENGINE_SAMPLE_FORM_FORM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"
#include "engine/sample/form/choices.h"
#include "engine/sample/form/schema.h"

struct form;

enum {
    FORM_NEWLINES = 2,        /* between the thoughts and the answer */
    FORM_KEY_BYTES = 4 << 20, /* of a key */
    FORM_TAG_BYTES = 64       /* of a tag of thoughts */
};

enum form_type {
    FORM_NONE,
    FORM_CHOICE,      /* one of some strings */
    FORM_JSON_OBJECT, /* any JSON object */
    FORM_SCHEMA,      /* a document that satisfies a JSON Schema (schema.h) */
    FORM_REGEX,       /* a text that a regular expression matches as a whole (pattern.h) */
    FORM_GRAMMAR,     /* a text that a grammar derives (ebnf.h) */
    FORM_TAGS,        /* a text with structural tags (tags.h) */
    FORM_TYPES
};

/* Where an output of the form begins. */
enum form_thoughts {
    FORM_HOLDS,     /* at once */
    FORM_MAY_THINK, /* at once, or behind thoughts that the output opens itself */
    FORM_THINKS     /* behind the thoughts that the prompt has opened */
};

/* What a client asks for; borrowed while a form is made of it. */
struct form_source {
    enum form_type type;        /* not FORM_NONE */
    const char *const *choices; /* FORM_CHOICE: [n_choices] */
    int n_choices;
    struct span text;        /* FORM_SCHEMA, FORM_TAGS: JSON; FORM_REGEX; FORM_GRAMMAR */
    enum schema_space space; /* FORM_SCHEMA, FORM_TAGS: white space between JSON's tokens */
    bool strict;             /* FORM_SCHEMA: a format that is not kept is refused */
    enum form_thoughts thoughts;
    const char *think_open, *think_close; /* the tags, unless FORM_HOLDS */
};

/* Compile. NULL and the fault, whose param is relative to the field that asks for the form
 * ("[2]": the third choice): ERROR_INVALID_TYPE, ERROR_TOO_LARGE, ERROR_UNSUPPORTED (tags of
 * thoughts longer than FORM_TAG_BYTES), ERROR_NO_MEMORY. Free with form_free(). Any thread. */
struct form *form_new(const struct form_source *source, struct error *err);

/* One owner more; returns f. */
struct form *form_share(struct form *f);

/* One owner less: the last one's call frees it. Accepts NULL. Any thread. */
void form_free(struct form *f);

/* A number that no other form of this process has had. */
uint64_t form_uid(const struct form *f);

/* What tells source from others, as bytes: form_new() of equal keys makes equal forms. Added to
 * key. */
void form_source_key(const struct form_source *source, struct buffer *key);

/* The key of what f was made of; f's. */
struct span form_key(const struct form *f);

/* Memory that f takes. */
size_t form_bytes(const struct form *f);

/* Has its reader given up, out of memory or past EARLEY_MAX_BYTES? Nothing of it goes on then. f may
 * be NULL. */
bool form_has_failed(const struct form *f);

/* Where an output stands. Its bytes can be compared: there is no padding. */
struct form_cursor {
    const struct form *form; /* borrowed; NULL: no form, anything may come */
    int32_t state;           /* of the form's reader (earley.h): equal ones have equal futures */
    uint8_t gate;            /* where the thoughts stand: form.c */
    uint8_t blanks;          /* read before an opening tag or after a closing one */
    uint8_t matched;         /* bytes of the tag that is looked for */
    uint8_t refused;         /* 1: before an opening tag, and the form does not go on so */
};

/* A form learns while it is read. Whoever feeds cursors of a form that others use at the same time
 * enters it first. f may be NULL. */
void form_enter(const struct form *f);

/* After form_enter(). */
void form_leave(const struct form *f);

/* The form's reader and the state in it where an output stands, when nothing but these says how it
 * goes on (no thoughts any more). False otherwise. */
bool form_cursor_reader(const struct form_cursor *c, struct earley **reader, int *state);

/* Before any output. f may be NULL. */
void form_cursor_begin(struct form_cursor *c, const struct form *f);

/* Go on by bytes. False when no output of the form does, or it has failed; the cursor is then of no
 * more use. */
bool form_cursor_feed(struct form_cursor *c, struct span bytes);

/* The same by one byte, for who looks what could come: the cursor is of no use after the next
 * form_cursor_feed() of the form. */
bool form_cursor_try(struct form_cursor *c, char byte);

/* May the output end here? */
bool form_cursor_may_end(const struct form_cursor *c);

/* Is the output inside its thoughts, where tokens without bytes (special ones) may stand? */
bool form_cursor_is_free(const struct form_cursor *c);

#endif
