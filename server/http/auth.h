/* server/http/auth.h - API keys.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_AUTH_H
#define SERVER_HTTP_AUTH_H

#include <stdbool.h>

#include "base/error.h"

/* Does the Authorization header carry one of n keys as "Bearer KEY", or, where there is none, the
 * x-api-key header as it stands? Either may be NULL. True as well when n is 0: the server is open.
 * False with ERROR_NO_KEY. The time taken does not depend on how much of a key was right, nor on
 * which one it was. */
bool auth_check(const char *authorization, const char *api_key, const char *const *keys, int n,
                struct error *err);

#endif
