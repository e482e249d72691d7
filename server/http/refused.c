/* server/http/refused.c - see refused.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/refused.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "server/http/client.h"
#include "server/http/head.h"
#include "server/http/state.h"

static bool head_is_whole(const struct client *c)
{
    return MHD_get_connection_info(c->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE) != NULL;
}

/* The client whose head libmicrohttpd is looking at. NULL: it speaks of something else. */
static struct client *at_its_head(const struct listener *l)
{
    for (struct client *c = l->server->clients; c != NULL; c = c->next) {
        if (c->listener == l && c->targeted && !c->refused && head_is_whole(c)) return c;
    }
    return NULL;
}

/* What is wrong with it in our eyes; where that is nothing, its length is. */
static void word(const struct client *c, int status, struct error *err)
{
    if (status == 413) {
        error_set(err, ERROR_BODY_TOO_LARGE, NULL, "Content-Length is beyond all limits");
    } else if (head_is_framed(c->connection, "HTTP/1.1", err)) {
        error_set(err, ERROR_BAD_REQUEST, NULL, "Content-Length is not a number");
    }
}

void refused_note(struct listener *l, const char *message)
{
    int status = 0;
    struct error err = {0};
    sscanf(message, "Error processing request (HTTP response code is %d", &status);
    struct client *c = status == 400 || status == 413 ? at_its_head(l) : NULL;
    if (c == NULL) return;
    word(c, status, &err);
    c->refused = true;
    client_tell(c, &err);
}
