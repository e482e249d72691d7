/* server/responses/store.h - replies of /v1/responses that are kept: to be read again, deleted, and gone on
 * from (previous_response_id).
 *
 * A kept reply is two texts: the reply as it was given, and the conversation up to its end as
 * chat messages, without the instructions, which do not carry over. It belongs to the client that
 * made it; for others it is not there. The oldest go first where the store is full, and what is
 * older than its time to live is gone.
 *
 * Any thread: a lock is held for the time of a copy. Requests are read on the pool, replies are
 * kept on the loop thread.
 *
 * Invariants
 * (1) At most `most` are kept, of at most `most_bytes` together, and `bytes` is what they take.
 * (2) The list is in order of age, oldest first, and every kept reply is in it and in one bucket.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_RESPONSES_STORE_H
#define SERVER_RESPONSES_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/span.h"

enum { RESPONSE_ID_BYTES = 40 }; /* "resp_" and 32 hexadecimal digits */

struct response_store;

/* Room for `most` replies of most_bytes together, each for ttl_ms. NULL when there is no memory. */
struct response_store *response_store_new(int most, int64_t most_bytes, int64_t ttl_ms);
/* Accepts NULL. */
void response_store_free(struct response_store *s);

struct response_kept {
    struct span reply;    /* JSON */
    struct span messages; /* JSON: an array of chat messages */
};

/* Keep copies under id for owner; now_ns is clock_ns(). False: there is no memory, or it is larger
 * than all that may be kept. */
bool response_store_put(struct response_store *s, const char *id, uint64_t owner,
                        const struct response_kept *what, uint64_t now_ns);

enum response_found { RESPONSE_FOUND, RESPONSE_UNKNOWN, RESPONSE_NO_MEMORY };

/* A copy of what owner has under id, in a. */
enum response_found response_store_get(struct response_store *s, struct span id, uint64_t owner,
                                       uint64_t now_ns, struct arena *a, struct response_kept *out);

/* Forget it. False: owner has none under id. */
bool response_store_drop(struct response_store *s, struct span id, uint64_t owner,
                         uint64_t now_ns);

/* How many are kept, and their bytes. */
void response_store_count(struct response_store *s, size_t *n, size_t *bytes);

#endif
