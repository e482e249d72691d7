/* server/cli/fetch.h - a page of a server's, for the commands that look at one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_CLI_FETCH_H
#define SERVER_CLI_FETCH_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"

/* Where a server is: "http://host:port", with its path cut off. */
struct fetch_place {
    char host[256], port[8];
};

/* Read a URL; "host", "host:port" and "[::1]:8080" will do, and a number alone is a port of this
 * machine. False and *err: it is none, or not http. */
bool fetch_place_read(const char *url, struct fetch_place *out, struct error *err);

/* GET path from there into body, whose limit bounds it. key: sent as a bearer's; NULL: none. Waits
 * a few seconds at most. False and *err: nobody answers there, or not with 200. */
bool fetch_get(const struct fetch_place *from, const char *path, const char *key,
               struct buffer *body, struct error *err);

#endif
