/* reward/workers/pack.h - numbers and spans one after the other, between processes of ours.
 *
 * Both ends run the same binary, so numbers travel as they are. The reader still checks every
 * length: a worker may have been corrupted by what it judged. A read past the end gives zero or
 * the empty span and is remembered, so a reader takes everything and asks once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_WORKERS_PACK_H
#define REWARD_WORKERS_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/span.h"

/* Append a number. */
void pack_u32(struct buffer *out, uint32_t v);

/* The same for a double. */
void pack_f64(struct buffer *out, double v);

/* Append a span, length first. One with p NULL comes back with p NULL. */
void pack_span(struct buffer *out, struct span s);

/* The same for a string and its NUL: what comes back is a C string. */
void pack_str(struct buffer *out, const char *s);

/* A reader; `failed` holds once anything did not fit. */
struct unpack {
    struct span rest;
    bool failed;
};

/* The next number; 0 when there is none. */
uint32_t unpack_u32(struct unpack *u);

/* The same for a double. */
double unpack_f64(struct unpack *u);

/* The next span, which borrows from what is read; empty when there is none. */
struct span unpack_span(struct unpack *u);

/* The next string, NUL-terminated within what is read; "" when there is none. */
const char *unpack_str(struct unpack *u);

/* Everything was there, and nothing is left. */
bool unpack_is_whole(const struct unpack *u);

#endif
