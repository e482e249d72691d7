/* server/http/fields.h - reading a request's JSON object by tables.
 *
 * Every field that a route understands is a row: its name, its type, its range and where its
 * value goes. A request is read by several tables at once (the sampling settings are shared by
 * all generation routes). A field that stands in no table is refused by name; a field that a contract says servers ignore has a row that says so, and a field
 * we cannot honour a row that refuses it unless it has its neutral value. Nothing is passed over
 * in silence.
 *
 * Null means absent: the default that the caller put into the target stays.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_FIELDS_H
#define SERVER_HTTP_FIELDS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/span.h"

enum field_kind {
    FIELD_INT,     /* int, whole, in [min, max] */
    FIELD_INT64,   /* int64_t */
    FIELD_FLOAT,   /* float in [min, max] */
    FIELD_BOOL,    /* bool */
    FIELD_TEXT,    /* struct span; bytes of a string, borrowed from the document or the arena */
    FIELD_OBJECT,  /* const cJSON *, an object, borrowed */
    FIELD_ARRAY,   /* const cJSON *, an array, borrowed */
    FIELD_VALUE,   /* const cJSON *, anything; the route looks at it itself */
    FIELD_READ,    /* read() does it */
    FIELD_IGNORED, /* accepted and without effect, as its contract says */
    FIELD_REFUSED  /* cannot be honoured: only `neutral` is accepted */
};

/* What readers may need beside the value. */
struct field_context {
    struct arena *arena; /* the request's */
    int n_vocab;         /* ids are below this */
};

struct field {
    const char *name;
    enum field_kind kind;
    size_t offset;       /* of the value in its table's target */
    double min, max;     /* FIELD_INT, FIELD_INT64, FIELD_FLOAT */
    const char *neutral; /* FIELD_REFUSED: JSON of the value that asks for nothing */
    bool (*read)(
        const struct field_context *context, const cJSON *value, void *out,
        struct error *err); /* FIELD_READ: out is target + offset; err->param may stay empty */
};

struct field_table {
    const struct field *rows;
    size_t n;
    void *target;
};

#define FIELD_TABLE(table, to) \
    ((struct field_table){(table), sizeof(table) / sizeof((table)[0]), (to)})

/* Read object by tables[n]. False with err->param naming the field. */
bool fields_read(const cJSON *object, const struct field_table *tables, size_t n,
                 const struct field_context *context, struct error *err);

/* Readers for FIELD_READ rows, shared by several tables. */
struct id_list {
    int *ids;
    int n;
};
/* An array of token ids below n_vocab -> struct id_list, in the arena. */
bool field_read_ids(const struct field_context *context, const cJSON *value, void *out,
                    struct error *err);

#endif
