/* server/cli/run.c - touchstone run: one completion to the terminal, streamed.
 *
 * The prompt goes through the model's chat template unless --raw; without one, or as "-", it is read
 * from stdin. Where the template opens the thoughts, the opening tag is shown too, so that what is
 * printed reads as a whole. Ctrl-C ends the completion, not the terminal's line: what was said so
 * far stays, and the status is 130, as a shell has it.
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

enum { MAX_PROMPT = 64 << 20, STATUS_INTERRUPTED = 128 + SIGINT };

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

/* The tag that ends a prompt whose template has opened the thoughts. */
static void show_opened(const struct engine *e, struct span prompt)
{
    const char *open = engine_info(e)->think_open;
    if (open == NULL || !span_ends(span_trim(prompt), span_str(open))) return;
    printf("%s\n", open);
}

/* The prompt's ids: through the chat template, or as they are. */
static bool make_prompt(struct engine *e, struct span text, const char *system, bool raw,
                        struct tokens *ids, struct error *err)
{
    if (raw || !engine_info(e)->has_chat_template) {
        return engine_tokenize(e, text, true, true, ids, err);
    }
    mem_forget();
    cJSON *messages = cJSON_CreateArray();
    const char *const roles[] = {"system", "user"};
    const struct span contents[] = {span_str(system), text};
    for (int i = system == NULL; i < 2; i++) {
        cJSON *m = cJSON_CreateObject();
        cJSON_AddStringToObject(m, "role", roles[i]);
        json_put(m, "content", json_string(contents[i]));
        json_put(messages, NULL, m);
    }
    struct buffer rendered;
    buffer_init(&rendered, MAX_PROMPT);
    bool ok = !mem_ran_out() || error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
    ok = ok && engine_render_chat(e, NULL, messages, NULL, NULL, true, &rendered, err) &&
         engine_tokenize(e, buffer_span(&rendered), false, true, ids, err);
    if (ok) show_opened(e, buffer_span(&rendered));
    buffer_clear(&rendered);
    cJSON_Delete(messages);
    return ok;
}

struct run_flags {
    bool raw, verbose;
    const char *system, *stop;
    int64_t max_tokens, seed, top_k;
    double temperature, top_p, min_p;
};

static bool in_range(const char *flag, double value, double min, double max, struct error *err)
{
    if (value >= min && value <= max) return true;
    return error_set(err, ERROR_INVALID_VALUE, NULL, "%s is from %.15g to %.15g", flag, min, max);
}

static bool set_sampling(const struct run_flags *f, struct engine_sampling *s, struct error *err)
{
    engine_sampling_init(s);
    s->temperature = (float)f->temperature;
    s->top_p = (float)f->top_p;
    s->min_p = (float)f->min_p;
    s->top_k = (int)f->top_k;
    s->max_tokens = (int)f->max_tokens;
    s->stop = &f->stop;
    s->n_stop = f->stop != NULL && f->stop[0] != '\0';
    s->seed = (uint64_t)f->seed;
    if (f->seed < 0 && getrandom(&s->seed, sizeof(s->seed), 0) < 0) s->seed = clock_ns();
    return in_range("--max-tokens", (double)f->max_tokens, -1, 1 << 30, err) &&
           in_range("--temperature", f->temperature, 0, 100, err) &&
           in_range("--top-p", f->top_p, 1e-6, 1, err) &&
           in_range("--min-p", f->min_p, 0, 1, err) &&
           in_range("--top-k", (double)f->top_k, 0, 1 << 30, err);
}

static bool run(struct engine *e, struct span text, const struct run_flags *f, struct error *err)
{
    struct tokens ids = {0};
    struct outcome o = {0};
    struct engine_request r = {.id = 1, .n = 1};
    if (!set_sampling(f, &r.sampling, err)) return false;
    bool ok = make_prompt(e, text, f->system, f->raw, &ids, err);
    r.ids = ids.ids;
    r.n_ids = ids.n;
    uint64_t started = clock_ns();
    ok = ok && generate(e, &r, &o, err);
    double seconds = (double)(clock_ns() - started) * 1e-9;
    if (o.n_generated > 0) putchar('\n');
    fflush(stdout);
    if (ok && f->verbose) {
        fprintf(stderr, "%zu prompt tokens, %d generated in %.2f s (%.1f tokens/s)\n", ids.n,
                o.n_generated, seconds, (double)o.n_generated / seconds);
    }
    tokens_clear(&ids);
    return ok;
}

static bool is_whole(const struct buffer *prompt, struct error *err)
{
    if (prompt->no_memory) {
        return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the prompt");
    }
    return !prompt->failed || error_set(err, ERROR_TOO_LARGE, NULL, "the prompt is too long");
}

/* The prompt: the one operand, or all of stdin. */
static bool read_prompt(int n, char **args, struct buffer *out, struct error *err)
{
    char piece[1 << 16];
    size_t got;
    if (n > 1) {
        return error_set(err, ERROR_INVALID_VALUE, NULL,
                         "one prompt expected, in quotes (see touchstone run --help)");
    }
    if (n == 1 && strcmp(args[0], "-") != 0) {
        buffer_add_str(out, args[0]);
        return is_whole(out, err);
    }
    if (n == 0 && isatty(STDIN_FILENO)) {
        return error_set(err, ERROR_MISSING_FIELD, NULL,
                         "a prompt is needed: touchstone run \"What is 3 * 4?\"");
    }
    while ((got = fread(piece, 1, sizeof(piece), stdin)) > 0) {
        buffer_add(out, piece, got);
    }
    while (out->n > 0 && out->p[out->n - 1] == '\n') {
        out->n--; /* the shell's, not the prompt's */
    }
    return is_whole(out, err);
}

static int complete(const struct cli_settings *s, struct span prompt, const struct run_flags *f)
{
    struct error err = {0};
    struct engine_options o;
    struct engine *e = NULL;
    sem_init(&news, 0, 0);
    if (cli_engine_options(s, &o, &err)) {
        o.wake = on_wake;
        e = engine_open(&o, &err);
    }
    bool ok = e != NULL && engine_wait(e, &err);
    signal(SIGINT, on_interrupt);
    ok = ok && run(e, prompt, f, &err);
    engine_close(e);
    int status = ok ? cli_end_output() : cli_fail(&err);
    return ok && interrupted ? STATUS_INTERRUPTED : status;
}

static const struct cli_usage usage = {
    "run [--model PATH] [\"prompt\"|-]\n\n"
    "One completion to the terminal, streamed. Without a prompt, or with -, it is read from "
    "stdin.\n",
    "  --raw                        continue the text as it is: no chat template\n"
    "  --system TEXT                system message\n"
    "  --max-tokens N               stop after N tokens; -1: as the context allows [-1]\n"
    "  --stop TEXT                  stop before this text\n"
    "  --temperature X              0: the most probable token each time [0]\n"
    "  --top-p X                    of the most probable ones that hold X of the whole [1]\n"
    "  --top-k N                    of the N most probable ones; 0: of all [0]\n"
    "  --min-p X                    of those at least X times as probable as the best [0]\n"
    "  --seed N                     of the random draws [a new one each time]\n"
    "  --verbose                    tokens and speed on stderr\n",
    CLI_MODEL | CLI_LOG};

int cli_run(int n, char **args)
{
    struct run_flags f = {.max_tokens = -1, .seed = -1, .top_p = 1};
    const struct cli_flag flags[] = {
        {"--raw", .on = &f.raw},
        {"--verbose", .on = &f.verbose},
        {"--system", .text = &f.system},
        {"--stop", .text = &f.stop},
        {"--max-tokens", .integer = &f.max_tokens},
        {"--seed", .integer = &f.seed},
        {"--top-k", .integer = &f.top_k},
        {"--temperature", .number = &f.temperature},
        {"--top-p", .number = &f.top_p},
        {"--min-p", .number = &f.min_p},
        {.name = NULL},
    };
    struct cli_settings s;
    struct error err = {0};
    struct buffer prompt;
    if (!cli_read(&usage, flags, &n, args, &s)) return CLI_USAGE;
    buffer_init(&prompt, MAX_PROMPT);
    int status = CLI_USAGE;
    if (read_prompt(n, args, &prompt, &err)) {
        status = complete(&s, buffer_span(&prompt), &f);
    } else {
        cli_fail(&err);
    }
    buffer_clear(&prompt);
    cli_settings_clear(&s);
    return status;
}
