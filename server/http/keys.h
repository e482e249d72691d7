/* server/http/keys.h - API keys: who asks, what for, how often.
 *
 * A key is a random text that its owner keeps. Here stays its SHA-256, with a name for the log, scopes
 * (router.h) and limits. Keys come from the settings (--api-key: all scopes, no limits) and from a file
 * with a line for each,
 *
 *   NAME sha256:HEX infer,verify rate=10 concurrency=4
 *
 * read at the start and again on SIGHUP. `touchstone key new` makes such lines. A key that stands in
 * the new file as in the old keeps its counts; one that does not opens nothing from then on, while
 * requests that it has begun go on.
 *
 * (1) users counts who holds a key: the list, once, and each request at work. It goes with the last.
 * (2) at_work is the number of those requests; it passes a limit only where the limit was lowered.
 *
 * Loop thread only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_KEYS_H
#define SERVER_HTTP_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"
#include "config/settings.h"

enum {
    KEY_DIGEST_BYTES = 32,
    KEY_NAME_BYTES = 64,
    KEY_MOST_RATE = 1000000,
    KEY_MOST_CONCURRENCY = 1 << 20
};

struct key {
    struct key *next;
    char name[KEY_NAME_BYTES + 1];
    unsigned char digest[KEY_DIGEST_BYTES];
    int scopes;      /* enum scope, as bits */
    double rate;     /* requests a second; 0: as many as come */
    int concurrency; /* requests at work at a time; 0: as many as come */

    int users, at_work;
    double allowance; /* requests that it may begin now, at most a second's and at least one */
    uint64_t filled_ns;
};

/* All zeros is a valid start: no key is asked for. */
struct keys {
    struct key *first;             /* owned; in no order that matters */
    const struct string_list *own; /* of the settings */
    const char *path;              /* of the file; NULL: none */
};

/* What the settings and the file have. Both are borrowed, and read again by keys_reload(). False with
 * err->param the setting and the line in the message. */
bool keys_open(struct keys *k, const struct string_list *own, const char *path, struct error *err);
/* Read them again. On failure k is as it was. */
bool keys_reload(struct keys *k, struct error *err);
/* Free what k owns. No request holds a key any more. */
void keys_clear(struct keys *k);

/* Is a key asked for at all? */
bool keys_are_set(const struct keys *k);

/* The key that the Authorization header carries as "Bearer KEY", or, where there is none, the
 * x-api-key header as it stands. Either may be NULL. NULL with ERROR_NO_KEY. The time taken does not
 * depend on how much of a key was right, nor on which one it was. */
struct key *keys_find(const struct keys *k, const char *authorization, const char *api_key,
                      struct error *err);

/* May it ask what needs these scopes? False with ERROR_SCOPE, which names those that it lacks. */
bool key_may(const struct key *key, int scopes, struct error *err);

/* A request begins, and ends. False with ERROR_RATE and when to come again: it has not begun. */
bool key_begin(struct key *key, uint64_t now_ns, struct error *err);
/* The end of one that began. */
void key_end(struct key *key);

/* A line of the file, without its end, into *out. False: it is none; err says why. */
bool key_read_line(struct span line, struct key *out, struct error *err);
/* The line of a key, without an end. */
void key_print_line(const struct key *key, struct buffer *out);

/* The name of a key into out->name. False with ERROR_INVALID_VALUE: it is none. */
bool key_read_name(struct span word, struct key *out, struct error *err);

/* "infer, verify" into *out. False with ERROR_INVALID_VALUE naming what is no scope. */
bool key_read_scopes(struct span text, int *out, struct error *err);

/* The SHA-256 of a key's text. */
void key_digest(struct span text, unsigned char out[KEY_DIGEST_BYTES]);

#endif
