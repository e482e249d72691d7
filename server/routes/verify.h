/* server/routes/verify.h - POST /verify in its two forms: a JSON batch (verify.c), a stream of
 * lines (verify_stream.c).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ROUTES_VERIFY_H
#define SERVER_ROUTES_VERIFY_H

struct exchange;

/* POST /verify with NDJSON. */
void verify_stream_handle(struct exchange *x);

/* Set x->error: a verifier process is expected to be free in wait_s seconds only. */
void verify_refuse(struct exchange *x, int wait_s);

#endif
