/* server/http/unpack.h - bodies that come packed: Content-Encoding gzip or zstd.
 *
 * A packed body is kept as it came, within the body's limit, and unpacked as a whole off the loop thread
 * (a few kilobytes can stand for gigabytes, which would take the loop's time). What comes out has the same
 * limit: unpacking stops where it is passed. So a bomb costs what an honest body of the largest size does.
 *
 * Sources: RFC 1952 (a file of several members is their contents one after the other), RFC 8878, RFC 9659
 * (a frame's window is at most 8 MiB).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_UNPACK_H
#define SERVER_HTTP_UNPACK_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"

enum packing { PACKED_NOT, PACKED_GZIP, PACKED_ZSTD, PACKED_OTHERWISE };

/* What we take, for the header Accept-Encoding. */
#define UNPACK_TAKEN "gzip, zstd"

/* Of a Content-Encoding; NULL: there is none. PACKED_OTHERWISE: we have no way to unpack it. */
enum packing unpack_find(const char *coding);

/* Append what packed stands for to out. False with ERROR_BAD_REQUEST where it is broken, cut short or
 * followed by something else, ERROR_BODY_TOO_LARGE past out's limit, or ERROR_NO_MEMORY. Any thread. */
bool unpack(enum packing packing, struct span packed, struct buffer *out, struct error *err);

#endif
