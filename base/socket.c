/* base/socket.c - see socket.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

bool socket_read(int fd, void *p, size_t n)
{
    for (size_t got = 0; got < n;) {
        ssize_t k = read(fd, (char *)p + got, n - got);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return false;
        got += (size_t)k;
    }
    return true;
}

bool socket_write(int fd, const void *p, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t k = send(fd, (const char *)p + done, n - done, MSG_NOSIGNAL);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return false;
        done += (size_t)k;
    }
    return true;
}

bool socket_read_buffer(int fd, struct buffer *out, size_t n)
{
    char bytes[16384];
    while (n > 0) {
        size_t chunk = n < sizeof(bytes) ? n : sizeof(bytes);
        if (!socket_read(fd, bytes, chunk)) return false;
        buffer_add(out, bytes, chunk);
        n -= chunk;
    }
    return !out->failed;
}
