/* server/routes/routes.h - the handlers that router.c's table names, one file each.
 *
 * A handler runs on the loop thread once the request's body is whole; it answers, or arranges that the
 * request is answered later (request.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ROUTES_ROUTES_H
#define SERVER_ROUTES_ROUTES_H

struct request;

void completions_handle(struct request *r);        /* completions.c */
void completions_render_handle(struct request *r); /* completions.c */
void chat_handle(struct request *r);               /* chat.c */
void chat_render_handle(struct request *r);        /* chat.c */
void models_handle(struct request *r);             /* models.c */
void tokenize_handle(struct request *r);           /* tokenize.c */
void detokenize_handle(struct request *r);         /* tokenize.c */
void verify_handle(struct request *r);             /* verify.c */
void verify_advantages_handle(struct request *r);  /* verify_tools.c */
void verify_pass_at_k_handle(struct request *r);   /* verify_tools.c */
void verify_rewards_handle(struct request *r);     /* verify_tools.c */
void health_handle(struct request *r);             /* health.c */
void ready_handle(struct request *r);              /* health.c */
void version_handle(struct request *r);            /* health.c */
void load_handle(struct request *r);               /* health.c */
void metrics_handle(struct request *r);            /* metrics.c */

#endif
