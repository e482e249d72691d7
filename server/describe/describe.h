/* server/describe/describe.h - what the tables of routes and fields say, told to people and programs.
 *
 *   describe.c    the tables in order, each once, and who reads it; a field's type, range, use as words
 *   openapi.c     GET /openapi.json: the same as an OpenAPI 3.1 document
 *   reference.c   the same as Markdown (docs/fields.md) and as a page (GET /docs)
 *
 * Nothing here knows a route or a field by name: a new row is described without a line here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_DESCRIBE_DESCRIBE_H
#define SERVER_DESCRIBE_DESCRIBE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/fields.h"

struct exchange;
struct route;
struct route_table;

/* ---- tables ---- */

/* A table of fields and where it is read, or answered by: of how many places, the first of them. */
struct described_table {
    const struct field *rows;
    const struct route *route; /* whose body has it first */
    char prefix[64];           /* where in that body: "" at its top, "options", "prompts[].fork";
                                * "reply.choices", "chunk" of what is answered */
};

enum { DESCRIBE_MAX_TABLES = 512 };
struct described {
    struct described_table tables[DESCRIBE_MAX_TABLES];
    size_t n, n_asked; /* the first n_asked are of bodies, the others of answers */
};

/* Every table that a body is read by, once, in the order of the routes, and then every one of what is
 * answered. There are at most DESCRIBE_MAX_TABLES. Free with free(); NULL without memory. */
struct described *describe_tables(const struct route_table *routes);

/* Is this the first row of the table with its method, path and body? Rows of one path and another
 * dialect are described as well. */
bool describe_is_api(const struct route *r);

/* Where in a route's body rows is read: its prefix into out[64], and into *list the tables of the object that it
 * is one of, of which the first that has a field counts. False: nowhere. */
bool describe_find(const struct route *r, const struct field *rows, char out[64],
                   const struct field *const **list);

/* ---- a field, in words ---- */

enum { DESCRIBE_ROOM = 256 };

/* "integer", "string or array of integer", "object". */
void describe_type(const struct field *f, char out[DESCRIBE_ROOM]);
/* "from 0 to 1", "one of a, b"; "" where there is none. */
void describe_range(const struct field *f, char out[DESCRIBE_ROOM]);
/* "honoured", "required", "ignored", "refused but for VALUE". */
void describe_use(const struct field *f, char out[DESCRIBE_ROOM]);

/* ---- documents ---- */

/* The OpenAPI 3.1 document of routes. */
void describe_openapi(const struct route_table *routes, struct buffer *out);
/* docs/fields.md. */
void describe_markdown(const struct route_table *routes, struct buffer *out);

/* GET /openapi.json */
void describe_openapi_handle(struct exchange *x);
/* GET /docs */
void describe_page_handle(struct exchange *x);

#endif
