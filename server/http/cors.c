/* server/http/cors.c - see cors.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/cors.h"

#include <microhttpd.h>
#include <string.h>
#include <strings.h>

#include "server/http/exchange.h"

enum { MAX_ASKED = 1024 }; /* bytes of the names of headers in a preflight */

/* scheme://host[:port], and nothing behind. */
static bool is_origin(const char *text)
{
    const char *authority = strstr(text, "://");
    if (authority == NULL || authority == text) return false;
    authority += 3;
    return *authority != '\0' && strpbrk(authority, "/?#@ *") == NULL;
}

/* A list's word for every page there is. */
static const char any_page[] = "*";

/* A list's word for pages that this machine serves, on whatever port. */
static const char local_pages[] = "localhost";

/* Is authority, a host with a port or without, this machine's own name or address? */
static bool is_local_host(const char *authority)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *port = authority + strlen(names[i]);
        if (strncasecmp(authority, names[i], strlen(names[i])) != 0) continue;
        if (port[0] == '\0') return true;
        return port[0] == ':' && port[1 + strspn(port + 1, "0123456789")] == '\0';
    }
    return false;
}

static bool is_local_page(const char *origin)
{
    return is_origin(origin) && is_local_host(strstr(origin, "://") + 3);
}

/* The bytes of an origin that tell it: a port that is its scheme's own is no part of it, as browsers send it. */
static size_t telling_bytes(const char *origin)
{
    static const char *const own[][2] = {{"https://", ":443"}, {"http://", ":80"}};
    size_t n = strlen(origin);
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        size_t port = strlen(own[i][1]), scheme = strlen(own[i][0]);
        if (strncasecmp(origin, own[i][0], scheme) != 0 || n < scheme + port) continue;
        if (strcmp(origin + n - port, own[i][1]) == 0) return n - port;
    }
    return n;
}

/* Schemes and hosts are the same in any case. */
static bool same_origin(const char *a, const char *b)
{
    size_t n = telling_bytes(a);
    return n == telling_bytes(b) && strncasecmp(a, b, n) == 0;
}

bool cors_check_list(const struct string_list *origins, bool keys_are_set, struct error *err)
{
    for (int i = 0; i < origins->n; i++) {
        const char *one = origins->items[i];
        bool any = strcmp(one, any_page) == 0;
        if (any && !keys_are_set) {
            return error_set(err, ERROR_INVALID_VALUE, "cors-origins",
                             "cors-origins: \"*\" lets any page ask, which needs an API key");
        }
        if (!any && !is_origin(one) && strcmp(one, local_pages) != 0) {
            return error_set(
                err, ERROR_INVALID_VALUE, "cors-origins",
                "cors-origins: \"%.80s\" is no origin: https://name, http://name:port; "
                "or localhost, for pages of this machine",
                one);
        }
    }
    return true;
}

const char *cors_find(const struct string_list *origins, const char *origin)
{
    for (int i = 0; origin != NULL && i < origins->n; i++) {
        const char *one = origins->items[i];
        if (strcmp(one, any_page) == 0) return one;
        if (same_origin(one, origin)) return origin; /* a browser compares every byte of it */
        if (strcmp(one, local_pages) == 0 && is_local_page(origin)) return origin;
    }
    return NULL;
}

void cors_add(const struct exchange *x, struct MHD_Response *response)
{
    MHD_add_response_header(response, "Access-Control-Allow-Origin", x->cors);
    MHD_add_response_header(response, "Access-Control-Expose-Headers",
                            "x-request-id, x-ignored-fields, Retry-After");
    MHD_add_response_header(response, "Vary", "Origin");
    if (strcmp(x->cors, any_page) != 0) { /* browsers would refuse it beside "*" */
        MHD_add_response_header(response, "Access-Control-Allow-Credentials", "true");
    }
}

bool cors_is_preflight(const struct exchange *x)
{
    return x->cors != NULL && exchange_header(x, "Access-Control-Request-Method") != NULL;
}

void cors_add_preflight(struct exchange *x, const char *allowed)
{
    const char *asked = exchange_header(x, "Access-Control-Request-Headers");
    const char *private = exchange_header(x, "Access-Control-Request-Private-Network");
    exchange_add_header(x, "Access-Control-Allow-Methods", allowed);
    /* it may be repeated: head.c has seen that it has no control bytes */
    bool brief = asked != NULL && strlen(asked) <= MAX_ASKED;
    if (brief) exchange_add_header(x, "Access-Control-Allow-Headers", asked);
    if (private != NULL) exchange_add_header(x, "Access-Control-Allow-Private-Network", "true");
    exchange_add_header(x, "Access-Control-Max-Age", "600");
}
