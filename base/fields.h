/* base/fields.h - reading a JSON object by tables of described fields.
 *
 * Every field that an object may have is a row: its name, its type, its bounds, its default, where
 * its value goes, and a line of documentation. An object is read by several tables at once (the
 * sampling settings are shared by all generation routes). A field that stands in no table is
 * refused by name, or where the context says so passed over and noted by name (unknown.h); a field
 * that a contract says servers ignore has a row that says so, and a field that we cannot honour a
 * row that refuses it unless it has its neutral value. Nothing is passed over in silence. Tables end
 * with a row of zeros.
 *
 * Null means absent: the row's default, or else what the caller put into the target, stays.
 *
 * Errors name fields as the object does. A reader (FIELD_READ) leaves err->param empty, or relative
 * to its value ("[3]", "type"); fields_read() puts the row's name before it, and whoever knows where
 * the object stands puts that before it in turn (error_in). What is checked after reading has no
 * name at hand: fields_name() finds the one that the client used by where its value went.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_FIELDS_H
#define BASE_FIELDS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/span.h"
#include "base/unknown.h"

enum field_kind {
    FIELD_INT,     /* int, whole, in [min, max] */
    FIELD_INT64,   /* int64_t */
    FIELD_FLOAT,   /* float in [min, max] */
    FIELD_DOUBLE,  /* double in [min, max] */
    FIELD_BOOL,    /* bool */
    FIELD_TEXT,    /* struct span; bytes of a string, borrowed from the document or the arena */
    FIELD_CHOICE,  /* int: the index into choices */
    FIELD_TEXTS,   /* struct text_list: an array of strings, from min to max of them */
    FIELD_TEXT_OR_TEXTS, /* the same, and one string stands for a list of one */
    FIELD_NUMBERS, /* struct number_list: an array of numbers, each in [min, max] */
    FIELD_OBJECT,  /* const cJSON *, an object, borrowed */
    FIELD_ARRAY,   /* const cJSON *, an array, borrowed */
    FIELD_VALUE,   /* const cJSON *, anything; its reader looks at it itself */
    FIELD_READ,    /* read() does it */
    FIELD_IGNORED, /* accepted and without effect, as its contract says */
    FIELD_REFUSED, /* cannot be honoured: only `neutral` is accepted */
    FIELD_OTHERS,  /* stands for every member that no row names: accepted, for its contract says so */
    FIELD_KINDS
};

/* The targets of lists; in the arena, texts as FIELD_TEXT has them. */
struct text_list {
    const struct span *texts;
    size_t n;
    bool single; /* it was one string */
};

struct number_list {
    const double *values; /* NULL: absent */
    size_t n;
};

/* What readers may need beside the value. */
struct field_context {
    struct arena *arena; /* the request's */
    int n_vocab;         /* ids are below this */
    struct unknown_fields *unknown; /* notes those that no table names; NULL: they are refused */
};

struct field {
    const char *name;
    enum field_kind kind;
    size_t offset;              /* of the value in its table's target */
    double min, max;            /* numbers; FIELD_TEXTS: how many */
    const char *fallback;       /* the default as JSON text; NULL: the target's own */
    const char *const *choices; /* FIELD_CHOICE: names, NULL-terminated */
    const char *neutral;        /* FIELD_REFUSED: JSON of the value that asks for nothing */
    bool required;              /* absent or null is ERROR_MISSING_FIELD */
    bool (*read)(const struct field_context *context, const cJSON *value, void *out,
                 struct error *err); /* FIELD_READ: out is target + offset */
    const char *doc;                 /* one sentence: what it is, its unit */
    /* For who describes the field to clients; without effect on reading. */
    const char *shape; /* where its kind does not say it: the JSON types that are taken, as in
                        * "string|integer[]"; NULL: any */
    const struct field *const *members; /* of an object, or of the objects in an array: the tables
                                         * that read them, up to NULL; NULL: not by tables */
};

struct field_table {
    const struct field *rows; /* up to one without a name */
    void *target;
    size_t stride; /* not 0: row i's offset counts from target + i * stride */
    /* for fields_name(): */
    const char *prefix;  /* of the object's fields in the client's names; NULL: none */
    const cJSON *object; /* what the table has read; NULL: nothing yet */
};

#define FIELD_TABLE(table, to) ((struct field_table){.rows = (table), .target = (to)})

/* Rows before the one without a name; 0 for NULL. */
size_t fields_count(const struct field *rows);

/* Does rows stand in a list of tables, which NULL ends? */
bool fields_are_listed(const struct field *const *list, const struct field *rows);

/* Read object by tables[n]; what is absent gets its row's fallback. False with err->param naming
 * the field. */
bool fields_read(const cJSON *object, const struct field_table *tables, size_t n,
                 const struct field_context *context, struct error *err);

/* A member called name that no row of tables has: noted where the context says so, else refused, as
 * fields_read() does it; for what is read in another way. */
bool fields_unknown(const struct field_table *tables, size_t n, const char *name,
                    const struct field_context *context, struct error *err);

/* One value by its row into out: for objects whose members are found in another way. Null is
 * read too, as a value of the wrong type. */
bool field_read(const struct field *f, const cJSON *v, void *out,
                const struct field_context *context, struct error *err);

/* The fallbacks of a table's rows alone, as for an object without fields. */
bool fields_default(const struct field_table *table, struct error *err);

/* The client's name of the field whose value stands at `at`, with its table's prefix, in out[room]:
 * of the row that the object has, else of the first row. False, out untouched: no table has it. */
bool fields_name(const struct field_table *tables, size_t n, const void *at, char *out,
                 size_t room);

/* Readers for FIELD_READ rows, shared by several tables. */
struct id_list {
    int *ids;
    int n;
};
/* A token id below n_vocab. */
bool field_read_id(const struct field_context *context, const cJSON *value, int *out,
                   struct error *err);
/* An array of token ids below n_vocab -> struct id_list, in the arena. */
bool field_read_ids(const struct field_context *context, const cJSON *value, void *out,
                    struct error *err);

/* "a string must be ..., not ...": ERROR_INVALID_TYPE for a value that is not `wanted`, without a
 * name. Returns false. */
bool field_wrong_type(const cJSON *value, const char *wanted, struct error *err);

/* The index of text in choices (NULL-terminated), or ERROR_INVALID_VALUE that lists them. */
bool field_read_choice(const char *const *choices, struct span text, int *out, struct error *err);

#endif
