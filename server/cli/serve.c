/* server/cli/serve.c - touchstone serve: the completions API and /verify over HTTP.
 *
 * The verifier processes are forked first, before any thread exists; the port is bound before the
 * model loads, so that health and readiness answer from the first moment.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "server/cli/cli.h"

#include "server/generate/adapters.h"
#include "server/generate/generation.h"
#include "server/http/server.h"
#include "server/responses/store.h"
#include "server/routes/routes.h"
#include "server/weights/weights.h"

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

static const struct workload workload = {.turn = generations_turn,
                                         .count = generations_count,
                                         .resume = generations_drain,
                                         .abort = generations_abort};

/* Rewards that ask a judge model get one; *out is the caller's to free, false or not. */
static bool open_judge_model(const struct cli_settings *s, struct judge *judge,
                             struct server *server, struct judge_model_client **out,
                             struct error *err)
{
    if (s->judge_model.url == NULL) return true;
    *out = judge_model_new(&s->judge_model, &s->server, server, err);
    struct judge_model asked = {judge_model_ask, *out, s->judge_model.parallel};
    return *out != NULL && judge_set_model(judge, &asked, err);
}

/* Of the settings, told as JSON: texts of the file and the flags may be long. */
enum { MAX_SETTINGS_BYTES = 8 * SETTINGS_MEMORY_BYTES };

static bool serve(struct cli_settings *s, struct error *err)
{
    struct engine_options model;
    struct server *server = NULL;
    struct engine *engine = NULL;
    struct generations *generations = NULL;
    struct judge_model_client *opinions = NULL;
    struct adapters *adapters = NULL;
    struct response_store *responses = NULL;
    struct buffer settings;
    bool ok = false;
    if (!cli_engine_options(s, &model, err)) return false;
    buffer_init(&settings, MAX_SETTINGS_BYTES);
    mem_give_back();
    struct judge *judge = judge_open(&s->judge, err);
    if (judge == NULL) return false;
    server = server_new(&s->server, err);
    if (server == NULL) goto end;
    model.wake = server_wake;
    model.wake_arg = server;
    engine = engine_open(&model, err);
    if (engine == NULL) goto end;
    judge_set_tokenizer(judge, count_tokens, engine);
    if (!open_judge_model(s, judge, server, &opinions, err)) goto end;
    adapters = adapters_new(engine, &s->server, err);
    if (adapters == NULL) goto end;
    generations = generations_new(engine, server_wake, server);
    responses = response_store_new(s->server.max_responses, s->server.max_response_bytes,
                                   s->server.responses_ttl_ms);
    cli_settings_emit(s, &settings);
    if (generations == NULL || responses == NULL || settings.failed) {
        error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the server");
        goto end;
    }
    generations_limit_wait(generations, s->judge.max_wait_ms);
    generations_bound_memory(generations, server_memory(server));
    ok = server_run(server,
                    &(struct server_parts){.engine = engine,
                                           .judge = judge,
                                           .generations = generations,
                                           .adapters = adapters,
                                           .ready = adapters_load_first,
                                           .chain = &(struct weights_chain){.begun = false},
                                           .responses = responses,
                                           .workload = &workload,
                                           .routes = &routes,
                                           .settings = buffer_span(&settings)},
                    err);
end:
    buffer_clear(&settings);
    response_store_free(responses);
    generations_free(generations);
    adapters_free(adapters);
    engine_close(engine);
    server_free(server);
    judge_close(judge);
    judge_model_free(opinions);
    return ok;
}

int cli_serve(int n, char **args)
{
    static const struct cli_flag flags[] = {{.name = NULL}};
    struct cli_settings s;
    struct error err = {0};
    static const struct cli_usage usage = {
        .text = "serve [options]\n\nServe the completions API and POST /verify over HTTP.\n",
        .sections = CLI_ALL};
    if (!cli_read(&usage, flags, &n, args, &s)) return CLI_USAGE;
    bool ok = serve(&s, &err);
    cli_settings_clear(&s);
    return ok ? CLI_OK : cli_fail(&err);
}
