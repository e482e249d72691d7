/* server/http/auth.c - see auth.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/auth.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/span.h"

/* Every byte of what the client sent is looked at, whatever the key is; the key's length alone
 * shows in the time, as in every such comparison. */
static bool same_key(struct span sent, const char *key)
{
    size_t n_key = strlen(key);
    unsigned char differs = sent.n != n_key || n_key == 0;
    for (size_t i = 0; i < sent.n; i++) {
        differs |= (unsigned char)(sent.p[i] ^ key[n_key == 0 ? 0 : i % n_key]);
    }
    return differs == 0;
}

/* White space at the end of a header is no part of its value (RFC 9110, section 5.5). */
static struct span without_end(struct span s)
{
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) {
        s.n--;
    }
    return s;
}

/* What stands after "Bearer "; p NULL: another scheme. */
static struct span bearer_key(const char *authorization)
{
    static const char scheme[] = "Bearer ";
    bool bearer = strncasecmp(authorization, scheme, sizeof(scheme) - 1) == 0;
    return bearer ? without_end(span_str(authorization + sizeof(scheme) - 1)) : span_of(NULL, 0);
}

bool auth_check(const char *authorization, const char *api_key, const char *const *keys, int n,
                struct error *err)
{
    if (n == 0) return true;
    if (authorization == NULL && api_key == NULL) {
        return error_set(err, ERROR_NO_KEY, NULL, "no API key: send \"Authorization: Bearer KEY\"");
    }
    struct span sent =
        authorization != NULL ? bearer_key(authorization) : without_end(span_str(api_key));
    bool found = false;
    for (int i = 0; i < n; i++) {
        found |= same_key(sent, keys[i]); /* no early end */
    }
    if (found) return true;
    return error_set(err, ERROR_NO_KEY, NULL,
                     sent.p != NULL ? "the API key is not one of this server's"
                                    : "the Authorization header is not \"Bearer KEY\"");
}
