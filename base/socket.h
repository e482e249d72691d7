/* base/socket.h - whole messages over a stream socket.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_SOCKET_H
#define BASE_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* All n bytes; false at the end of the stream or on an error. A reader who has left is an error,
 * not a signal. */
bool socket_read(int fd, void *p, size_t n);
/* The same, writing. */
bool socket_write(int fd, const void *p, size_t n);

/* Append n bytes read from fd. */
bool socket_read_buffer(int fd, struct buffer *out, size_t n);

#endif
