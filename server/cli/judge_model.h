/* server/cli/judge_model.h - the model that the judge may ask for a second opinion (accuracy's option
 * equivalence): another server's, or our own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_CLI_JUDGE_MODEL_H
#define SERVER_CLI_JUDGE_MODEL_H

#include "config/settings.h"
#include "reward/reward.h"
#include "server/http/server.h"

/* What may be set; never by a request. */
struct judge_model_options {
    const char *url;  /* "self", or where /chat/completions is: "https://host/v1"; NULL: none */
    const char *name; /* its "model"; NULL: not said */
    struct string_list key; /* the first is sent as a bearer token */
    int timeout_ms;         /* of one question */
    int parallel;           /* questions at once */
    int max_tokens;         /* of one answer */
};

extern const struct settings_table judge_model_settings;

struct judge_model_client;

/* A client for these options, whose texts it borrows; server is our own, for "self". Before other
 * threads exist. NULL and err when it cannot be. Free with judge_model_free() after the judge. */
struct judge_model_client *judge_model_new(const struct judge_model_options *o,
                                           const struct server_options *own,
                                           const struct server *server, struct error *err);

/* Accepts NULL. */
void judge_model_free(struct judge_model_client *c);

/* For struct judge_model: arg is the client. */
enum judge_opinion judge_model_ask(void *arg, const struct judge_question *q);

#endif
