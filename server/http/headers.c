/* server/http/headers.c - see headers.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/headers.h"

#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "server/http/exchange.h"
#include "server/http/state.h"

static const char *const deciding[] = {"X-Version",      "X-Base-Version", "X-Policy",
                                       "Content-Digest", "X-Upload-Id",    "Content-Range"};

struct checking {
    const char *name, *first; /* its first value; NULL: none so far */
    struct error *err;
    bool fine;
};

/* What is kept, such as a version's name, is told in JSON later; which of two values would hold is told
 * nowhere. */
static enum MHD_Result check(void *cls, enum MHD_ValueKind kind, const char *name,
                             const char *value)
{
    struct checking *c = cls;
    (void)kind;
    if (strcasecmp(name, c->name) != 0 || value == NULL) return MHD_YES;
    if (c->first == NULL) c->first = value;
    if (!utf8_is_valid(span_str(value))) {
        c->fine = error_set(c->err, ERROR_INVALID_VALUE, c->name, "%s is no UTF-8", c->name);
    } else if (strcmp(value, c->first) != 0) {
        c->fine = error_set(c->err, ERROR_INVALID_VALUE, c->name,
                            "%s is sent twice, with different values", c->name);
    }
    return c->fine ? MHD_YES : MHD_NO;
}

bool headers_check(const struct exchange *x, struct error *err)
{
    struct checking c = {.err = err, .fine = true};
    for (size_t i = 0; c.fine && i < sizeof(deciding) / sizeof(deciding[0]); i++) {
        c.name = deciding[i];
        c.first = NULL;
        MHD_get_connection_values(x->connection, MHD_HEADER_KIND, check, &c);
    }
    return c.fine;
}
