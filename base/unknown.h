/* base/unknown.h - fields that no table names, remembered so that who sent them can be told.
 *
 * A body is read by tables of fields (fields.h). Where the contract is our own, a field that it does
 * not name is an error. Where it is somebody else's, whose clients send fields that we have never
 * heard of, it is passed over and noted here: by its path in the body, with the field that may have
 * been meant. There is room for a few short names; how many there were is counted all the same.
 *
 * (1) The first min(n, UNKNOWN_MOST) names are kept, each shorter than its room.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_UNKNOWN_H
#define BASE_UNKNOWN_H

#include <stddef.h>

#include "base/buffer.h"

enum { UNKNOWN_MOST = 16, UNKNOWN_BYTES = 64 };

/* All zeros is a valid start. */
struct unknown_fields {
    size_t n; /* all that came */
    struct {
        char name[UNKNOWN_BYTES + 1]; /* its path; cut */
        const char *meant;            /* a field with nearly the same name, or NULL */
    } kept[UNKNOWN_MOST];
};

/* One more, in the object that is being read. meant lives as long as u. */
void unknown_note(struct unknown_fields *u, const char *name, const char *meant);

/* Those noted since there were `from` of them stand in a part of the object, which is named as by
 * error_in(): "options", "[3]". */
void unknown_within(struct unknown_fields *u, size_t from, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* "a, options.max_token (did you mean max_tokens?), +3"; bytes that are no letter, digit or one of
 * _.[]- are written as %XX, so that the text may stand in a header. */
void unknown_print(const struct unknown_fields *u, struct buffer *out);

/* May `name` be a slip of the pen for `known`? The number of letters put in, left out, replaced or
 * swapped, up to 2 (1 in short names); more: -1. */
int unknown_distance(const char *name, const char *known);

#endif
