/* server/cli/serve.c - touchstone serve: the completions API and /verify over HTTP.
 *
 * The verifier processes are forked first, before any thread exists; the port is bound before the
 * model loads, so that health and readiness answer from the first moment.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/cli.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "server/server.h"

/* A part of a second is rounded up: 0 would mean no limit. */
static int whole_seconds(double s)
{
    return (int)ceil(s);
}

static void server_options(const struct settings *s, struct server_options *o)
{
    server_options_init(o);
    o->host = s->host;
    o->port = (int)s->port;
    o->api_keys = s->api_key.items;
    o->n_api_keys = s->api_key.n;
    if (s->served_model_name.n > 1) {
        o->aliases = s->served_model_name.items + 1;
        o->n_aliases = s->served_model_name.n - 1;
    }
    o->max_connections = (int)s->max_connections;
    o->max_body_bytes = (size_t)s->max_body;
    o->max_verify_bytes = (size_t)s->verify_body;
    o->max_prompts = (int)s->max_prompts;
    o->max_n = (int)s->max_choices;
    o->header_timeout_s = whole_seconds(s->read_timeout);
    o->body_timeout_s = whole_seconds(s->read_timeout);
    o->keep_alive_s = whole_seconds(s->idle_timeout);
    o->request_timeout_s = whole_seconds(s->request_timeout);
    o->drain_s = whole_seconds(s->drain_timeout);
    o->allow_control = s->allow_control;
}

/* For rewards whose unit is tokens. */
static long count_tokens(void *engine, struct span text)
{
    struct tokens ids = {0};
    struct error err = {0};
    if (engine_state(engine, &err) != ENGINE_READY) return -1;
    bool ok = engine_tokenize(engine, text, false, false, &ids, &err);
    long n = ok ? (long)ids.n : -1;
    tokens_clear(&ids);
    return n;
}

static bool serve(const struct settings *s, struct error *err)
{
    struct server_options options;
    struct engine_options model;
    struct server *server = NULL;
    struct engine *engine = NULL;
    bool ok = false;
    server_options(s, &options);
    if (!cli_engine_options(s, &model, err)) return false;
    struct judge_options rules = cli_judge_options(s);
    struct judge *judge = judge_open(&rules, err);
    if (judge == NULL) return false;
    server = server_new(&options, err);
    if (server == NULL) goto end;
    model.wake = server_wake;
    model.wake_arg = server;
    engine = engine_open(&model, err);
    if (engine == NULL) goto end;
    judge_set_tokenizer(judge, count_tokens, engine);
    ok = server_run(server, engine, judge, err);
end:
    engine_close(engine);
    server_free(server);
    judge_close(judge);
    return ok;
}

int cli_serve(int n, char **args)
{
    static const struct cli_flag flags[] = {{.name = NULL}};
    struct settings s;
    struct error err = {0};
    if (!cli_read("serve [options]\n\nServe the completions API and POST /verify over HTTP.\n\n",
                  NULL, flags, &n, args, &s)) {
        return CLI_USAGE;
    }
    if (n > 0) {
        error_set(&err, ERROR_INVALID_VALUE, NULL, "serve takes no operand: \"%.60s\"", args[0]);
    }
    bool ok = n == 0 && serve(&s, &err);
    settings_clear(&s);
    if (ok) return CLI_OK;
    cli_fail(&err);
    return n > 0 ? CLI_USAGE : CLI_FAILED;
}
