/* server/http/auth.c - see auth.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/auth.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Every byte of what the client sent is looked at, whatever the key is; the key's length alone
 * shows in the time, as in every such comparison. */
static bool same_key(const char *sent, const char *key)
{
    size_t n_sent = strlen(sent), n_key = strlen(key);
    unsigned char differs = n_sent != n_key || n_key == 0;
    for (size_t i = 0; i < n_sent; i++) {
        differs |= (unsigned char)(sent[i] ^ key[n_key == 0 ? 0 : i % n_key]);
    }
    return differs == 0;
}

bool auth_check(const char *authorization, const char *const *keys, int n, struct error *err)
{
    static const char scheme[] = "Bearer ";
    if (n == 0) return true;
    if (authorization == NULL) {
        return error_set(err, ERROR_NO_KEY, NULL, "no API key: send \"Authorization: Bearer KEY\"");
    }
    bool bearer = strncasecmp(authorization, scheme, sizeof(scheme) - 1) == 0;
    const char *sent = bearer ? authorization + sizeof(scheme) - 1 : "";
    bool found = false;
    for (int i = 0; i < n; i++) {
        found |= same_key(sent, keys[i]); /* no early end */
    }
    if (found) return true;
    return error_set(err, ERROR_NO_KEY, NULL,
                     bearer ? "the API key is not one of this server's"
                            : "the Authorization header is not \"Bearer KEY\"");
}
