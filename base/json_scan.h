/* base/json_scan.h - is this text JSON (RFC 8259), where does it end, and what will its tree take?
 *
 * One pass that builds nothing. It refuses at the byte, and it stops as soon as the values outgrow
 * what a text of this size may hold, so that a body of sixty million "1,"s costs a scan of its
 * first half and no memory. What it lets through, json_tree.c builds without looking again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_JSON_SCAN_H
#define BASE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/span.h"

/* A text of n bytes may hold JSON_FREE_VALUES + n / JSON_BYTES_PER_VALUE values, whatever they
 * are: ids of six digits and merges of two letters fit, a page of "1,1,1," beyond half a megabyte
 * does not. */
enum { JSON_FREE_VALUES = 1 << 18, JSON_BYTES_PER_VALUE = 4 };

/* What a tree of the scanned value needs. */
struct json_shape {
    size_t values; /* nodes: every value at every depth */
    size_t text;   /* bytes: an upper bound of all strings, keys and numbers, a NUL after each */
    size_t end;    /* offset of the first byte after the value */
};

/* Scan the one value that text consists of, white space around it. False and ERROR_INVALID_JSON
 * with the byte, or ERROR_TOO_LARGE for more values than the text may hold. */
bool json_scan(struct span text, struct json_shape *shape, struct error *err);

/* As json_scan for the value that text begins with; anything may follow it. */
bool json_scan_front(struct span text, struct json_shape *shape, struct error *err);

#endif
