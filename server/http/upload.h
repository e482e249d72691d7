/* server/http/upload.h - bodies that go to a file, piece by piece as they come, and may be resumed.
 *
 * A route with ROUTE_UPLOAD has its body here instead of in memory: in a file without a name, which is gone
 * with its last descriptor. A body sent as a whole is one request. One sent in ranges
 *
 *   PUT ... X-Upload-Id: ID, Content-Range: bytes a-b/N     308 with Range: bytes=0-k, until k = N - 1
 *   PUT ... X-Upload-Id: ID, Content-Range: bytes *\/N       the same, for who does not know what came
 *
 * goes on where it stopped, also after a connection was lost in the midst of a range. With the last byte
 * the route handles the request as if all had come at once.
 *
 * (1) At most UPLOADS_MOST bodies are unfinished; one that rests for UPLOAD_IDLE_S goes.
 * (2) What an upload has is its first `have` bytes, without gaps: a range that begins elsewhere is 416.
 * (3) An id belongs to the client that began it.
 *
 * Loop thread. Writing goes to the page cache: the loop does not wait for the disk.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_UPLOAD_H
#define SERVER_HTTP_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct exchange;
struct server;

enum { UPLOADS_MOST = 4, UPLOAD_IDLE_S = 600, UPLOAD_ID_BYTES = 129 }; /* an id with its NUL */

struct upload {
    bool used;
    char id[UPLOAD_ID_BYTES]; /* "": of one request */
    uint64_t owner;           /* exchange_client() */
    int fd;                   /* owned */
    uint64_t total;           /* UINT64_MAX: not said */
    uint64_t have;
    uint64_t until; /* where the present range ends */
    uint64_t touched_ns;
    struct exchange *exchange; /* at work on it; NULL: it rests */
    bool keep; /* it shall be there when the exchange is over: to be handled again */
};

/* The head of x is here, its declared length 0 where none was said. False: x is refused, and what has
 * come of an upload before is as it was. */
bool upload_begin(struct exchange *x, size_t declared, struct error *err);
/* The next bytes of its body. False and the error: what comes is of no use. */
bool upload_take(struct exchange *x, const char *p, size_t n, struct error *err);
/* The body has ended. False: there is more to come, and x was answered with 308. */
bool upload_is_whole(struct exchange *x);
/* x is over: its upload goes, or rests. */
void upload_over(struct exchange *x);

/* The folder on whose file system uploads lie. */
const char *upload_folder(const struct server *s);

/* Those that have rested for too long go. */
void uploads_sweep(struct server *s, uint64_t now_ns);
/* All go. */
void uploads_free(struct server *s);

#endif
