/* server/routes/answers.h - which handler answers with what, for who describes routes: each that a
 * client may ask (tests/http/test_openapi.py).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ROUTES_ANSWERS_H
#define SERVER_ROUTES_ANSWERS_H

#include "server/http/router.h"

enum { ROUTE_ANSWERS = 101 };
extern const struct route_answer route_answers[ROUTE_ANSWERS];

#endif
