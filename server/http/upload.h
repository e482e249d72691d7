/* server/http/upload.h - bodies that go to a file, piece by piece as they come, and may be resumed.
 *
 * A route with ROUTE_UPLOAD has its body here instead of in memory: in a file without a name, which
 * is gone with its last descriptor. A body sent as a whole is one request. One sent in ranges
 *
 *   PUT ... X-Upload-Id: ID, Content-Range: bytes a-b/N     308 with Range: bytes=0-k, until k = N - 1
 *   PUT ... X-Upload-Id: ID, Content-Range: bytes *\/N       a question, of who does not know what came
 *
 * goes on where it stopped, also after a connection was lost in the midst of a range. With the last
 * byte the route handles the request as if all had come at once. A question takes nothing and
 * changes nothing: of an id that is not known nothing has come, and of one that was answered lately
 * the answer is told again (uploaded.h). A question about a body that is whole, kept after its
 * route refused it, is the route's: it may handle it again.
 *
 * (1) At most UPLOADS_MOST bodies are unfinished; one that rests for UPLOAD_IDLE_S goes.
 * (2) What an upload has is its first `have` bytes, without gaps: a range that begins elsewhere is
 *     416.
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

#include "base/digest.h"
#include "base/span.h"

struct error;
struct exchange;
struct server;

enum { UPLOADS_MOST = 4, UPLOAD_IDLE_S = 600, UPLOAD_ID_BYTES = 129 }; /* an id with its NUL */

struct upload {
    bool used;
    char id[UPLOAD_ID_BYTES]; /* "": of one request */
    uint64_t owner;           /* exchange_client() */
    int fd;                   /* owned; -1: of a question alone, in its exchange's arena */
    uint64_t total;           /* UINT64_MAX: not said */
    uint64_t have;
    uint64_t until; /* where the present range ends */
    uint64_t touched_ns; /* when something last came, or it came to rest */
    struct exchange *exchange; /* at work on it; NULL: it rests */
    bool keep;  /* it shall be there when the exchange is over: to be handled again */
    bool asked; /* the exchange is a question */
    bool guessed; /* total is what the question says, since nobody has said it before */
    char guards[DIGEST_HEX]; /* the route's: of what the whole body was sent with; "": none yet */
};

/* The head of x is here, its declared length 0 where none was said. False: x is refused, and what has
 * come of an upload before is as it was. */
bool upload_begin(struct exchange *x, size_t declared, struct error *err);
/* The next bytes of its body. False and the error: what comes is of no use. */
bool upload_take(struct exchange *x, const char *p, size_t n, struct error *err);
/* The body has ended. False: there is more to come, and x was answered with 308. */
bool upload_is_whole(struct exchange *x);
/* x asks about a whole upload, and is told that it is there; it stays. */
void upload_tell(struct exchange *x);
/* What x's upload was for is done, with this answer: for who asks again. */
void upload_done(struct exchange *x, struct span reply);
/* The upload that x's X-Upload-Id names goes before its time; what it is called in *id. False: there is none
 * (404), a request is at work on it (409), or no id is said. */
bool upload_forget(struct exchange *x, const char **id, struct error *err);
/* x is over: its upload goes, or rests. */
void upload_over(struct exchange *x);

/* The folder on whose file system uploads lie. */
const char *upload_folder(const struct server *s);

/* Can files be made there, where the operator says which folder it is? False and an error naming
 * staging-dir. */
bool upload_check_folder(const struct server *s, struct error *err);

/* Those that have rested for too long go. */
void uploads_sweep(struct server *s, uint64_t now_ns);
/* All go. */
void uploads_free(struct server *s);

#endif
