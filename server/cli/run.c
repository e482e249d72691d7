/* server/cli/run.c - touchstone run: one completion to the terminal, streamed.
 *
 * The prompt goes through the model's chat template unless --raw. Ctrl-C ends the completion, not
 * the terminal's line: what was said so far stays.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/cli.h"

#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

enum { MAX_PROMPT = 64 << 20 };

static sem_t news; /* posted by the engine after a step, and by Ctrl-C */
static volatile sig_atomic_t interrupted;

static void on_wake(void *arg)
{
    (void)arg;
    sem_post(&news);
}

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
    sem_post(&news);
}

struct outcome {
    bool ended;
    int n_generated;
    struct error error;
};

static void take_event(const struct engine_event *ev, struct outcome *o)
{
    if (ev->n_text > 0) fwrite(ev->text, 1, ev->n_text, stdout);
    o->n_generated += ev->type == EVENT_TOKEN;
    if (ev->type == EVENT_FAILED) o->error = ev->error;
    o->ended = o->ended || ev->type == EVENT_DONE || ev->type == EVENT_FAILED;
}

static void take_events(struct engine *e, struct outcome *o)
{
    for (struct engine_event *next, *ev = engine_take_events(e); ev != NULL; ev = next) {
        next = ev->next;
        take_event(ev, o);
        engine_event_free(ev);
    }
    fflush(stdout);
}

static bool generate(struct engine *e, const struct engine_request *r, struct outcome *o,
                     struct error *err)
{
    bool cancelled = false;
    if (!engine_submit(e, r, err)) return false;
    while (!o->ended) {
        while (sem_wait(&news) != 0) {
        }
        if (interrupted && !cancelled) engine_cancel(e, r->id);
        cancelled = cancelled || interrupted;
        take_events(e, o);
    }
    if (o->error.code != ERROR_NONE) *err = o->error;
    return o->error.code == ERROR_NONE;
}

/* The prompt's ids: through the chat template, or as they are. */
static bool make_prompt(struct engine *e, const char *text, const char *system, bool raw,
                        struct tokens *ids, struct error *err)
{
    if (raw || !engine_info(e)->has_chat_template) {
        return engine_tokenize(e, span_str(text), true, true, ids, err);
    }
    mem_forget();
    cJSON *messages = cJSON_CreateArray();
    const char *const roles[] = {"system", "user"}, *const contents[] = {system, text};
    for (int i = system == NULL; i < 2; i++) {
        cJSON *m = cJSON_CreateObject();
        cJSON_AddStringToObject(m, "role", roles[i]);
        cJSON_AddStringToObject(m, "content", contents[i]);
        json_put(messages, NULL, m);
    }
    struct buffer rendered;
    buffer_init(&rendered, MAX_PROMPT);
    bool ok = !mem_ran_out() || error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
    ok = ok && engine_render_chat(e, NULL, messages, NULL, NULL, true, &rendered, err) &&
         engine_tokenize(e, buffer_span(&rendered), false, true, ids, err);
    buffer_clear(&rendered);
    cJSON_Delete(messages);
    return ok;
}

struct run_flags {
    bool raw, verbose;
    const char *system;
    int64_t max_tokens, seed;
    double temperature;
};

static bool run(struct engine *e, const char *text, const struct run_flags *f, struct error *err)
{
    struct tokens ids = {0};
    struct outcome o = {0};
    struct engine_request r = {.id = 1, .n = 1};
    engine_sampling_init(&r.sampling);
    r.sampling.temperature = (float)f->temperature;
    r.sampling.max_tokens = (int)f->max_tokens;
    r.sampling.seed = (uint64_t)f->seed;
    if (f->seed < 0 && getrandom(&r.sampling.seed, sizeof(r.sampling.seed), 0) < 0) {
        r.sampling.seed = clock_ns();
    }
    bool ok = make_prompt(e, text, f->system, f->raw, &ids, err);
    r.ids = ids.ids;
    r.n_ids = ids.n;
    uint64_t started = clock_ns();
    ok = ok && generate(e, &r, &o, err);
    double seconds = (double)(clock_ns() - started) * 1e-9;
    if (o.n_generated > 0) putchar('\n');
    if (ok && f->verbose) {
        fprintf(stderr, "%zu prompt tokens, %d generated in %.2f s (%.1f tokens/s)\n", ids.n,
                o.n_generated, seconds, (double)o.n_generated / seconds);
    }
    tokens_clear(&ids);
    return ok;
}

int cli_run(int n, char **args)
{
    struct run_flags f = {.max_tokens = -1, .seed = -1};
    const struct cli_flag flags[] = {
        {"--raw", .on = &f.raw},
        {"--verbose", .on = &f.verbose},
        {"--system", .text = &f.system},
        {"--max-tokens", .integer = &f.max_tokens},
        {"--seed", .integer = &f.seed},
        {"--temperature", .number = &f.temperature},
        {.name = NULL},
    };
    struct cli_settings s;
    struct error err = {0};
    struct engine_options o;
    if (!cli_read("run [--model PATH] \"prompt\"\n\nOne completion to the terminal, streamed.\n\n",
                  "  --raw                        continue the text as it is: no chat template\n"
                  "  --system TEXT                system message\n"
                  "  --max-tokens N               stop after N tokens [as the context allows]\n"
                  "  --temperature X              0: the most probable token each time [0]\n"
                  "  --seed N                     of the random draws [a new one each time]\n"
                  "  --verbose                    tokens and speed on stderr\n",
                  flags, &n, args, &s)) {
        return CLI_USAGE;
    }
    if (n != 1) {
        fprintf(stderr, "touchstone: one prompt expected (see touchstone run --help)\n");
        cli_settings_clear(&s);
        return CLI_USAGE;
    }
    sem_init(&news, 0, 0);
    struct engine *e = NULL;
    if (cli_engine_options(&s, &o, &err)) {
        o.wake = on_wake;
        e = engine_open(&o, &err);
    }
    bool ok = e != NULL && engine_wait(e, &err);
    signal(SIGINT, on_interrupt);
    ok = ok && run(e, args[0], &f, &err);
    engine_close(e);
    cli_settings_clear(&s);
    return ok ? CLI_OK : cli_fail(&err);
}
