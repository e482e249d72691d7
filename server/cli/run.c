/* server/cli/run.c - touchstone run: one completion to the terminal, streamed; or a conversation.
 *
 * The prompt goes through the model's chat template unless --raw; without one, or as "-", it is
 * read from stdin, or where that is a terminal there is a conversation (talk.h). Where the template
 * opens the thoughts, the opening tag is shown too, so that what is printed reads as a whole.
 * Ctrl-C ends the completion, not the terminal's line: what was said so far stays, and the status
 * is 130, as a shell has it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/cli.h"

#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/cli/stream.h"
#include "server/cli/talk.h"

enum { MAX_PROMPT = 64 << 20 };

/* Files and other programs get it as it is. */
static void print_text(void *unused, int sample, struct span text)
{
    (void)unused;
    (void)sample;
    if (isatty(STDOUT_FILENO)) {
        cli_put(text, stdout);
    } else {
        fwrite(text.p, 1, text.n, stdout);
    }
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
    const struct stream_ears ears = {.text = print_text};
    int n_generated = 0;
    struct engine_request r = {.id = 1, .n = 1};
    if (!set_sampling(f, &r.sampling, err)) return false;
    bool ok = make_prompt(e, text, f->system, f->raw, &ids, err);
    r.ids = ids.ids;
    r.n_ids = ids.n;
    uint64_t started = clock_ns();
    ok = ok && stream_run(e, &r, &ears, &n_generated, err);
    double seconds = (double)(clock_ns() - started) * 1e-9;
    if (n_generated > 0) putchar('\n');
    fflush(stdout);
    if (ok && f->verbose) {
        fprintf(stderr, "%zu prompt tokens, %d generated in %.2f s (%.1f tokens/s)\n", ids.n,
                n_generated, seconds, (double)n_generated / seconds);
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
    if (n == 1 && strcmp(args[0], "-") != 0) {
        buffer_add_str(out, args[0]);
        return is_whole(out, err);
    }
    while ((got = fread(piece, 1, sizeof(piece), stdin)) > 0) {
        buffer_add(out, piece, got);
    }
    while (out->n > 0 && out->p[out->n - 1] == '\n') {
        out->n--; /* the shell's, not the prompt's */
    }
    return is_whole(out, err);
}

/* What a command is to do once the model is there. */
struct job {
    struct span prompt; /* of a completion */
    const struct run_flags *flags;
    struct judge *judge; /* of a conversation; NULL: it is a completion */
};

static bool do_job(struct engine *e, const struct job *j, struct error *err)
{
    struct engine_sampling sampling;
    if (j->judge == NULL) return run(e, j->prompt, j->flags, err);
    const struct talk_options o = {.system = j->flags->system,
                                   .sampling = &sampling,
                                   .random = j->flags->seed < 0,
                                   .verbose = j->flags->verbose};
    return set_sampling(j->flags, &sampling, err) && talk(e, j->judge, &o, err);
}

static int with_engine(const struct cli_settings *s, const struct job *j)
{
    struct error err = {0};
    struct engine_options o;
    struct engine *e = NULL;
    stream_init();
    if (cli_engine_options(s, &o, &err)) {
        o.wake = stream_wake;
        e = engine_open(&o, &err);
    }
    bool ok = e != NULL && engine_wait(e, &err);
    stream_catch_interrupts();
    ok = ok && do_job(e, j, &err);
    engine_close(e);
    int status = ok ? cli_end_output() : cli_fail(&err);
    return ok ? stream_status(status) : status;
}

static int complete(const struct cli_settings *s, int n, char **args, const struct run_flags *f)
{
    struct buffer prompt;
    struct error err = {0};
    int status = CLI_USAGE;
    buffer_init(&prompt, MAX_PROMPT);
    if (read_prompt(n, args, &prompt, &err)) {
        status = with_engine(s, &(struct job){.prompt = buffer_span(&prompt), .flags = f});
    } else {
        cli_fail(&err);
    }
    buffer_clear(&prompt);
    return status;
}

/* The judge's processes are forked before the engine has threads. */
static int converse(const struct cli_settings *s, const struct run_flags *f)
{
    struct error err = {0};
    if (s->log.level < LOG_WARN) log_setup(LOG_WARN, s->log.format == CLI_LOG_JSON);
    struct judge *judge = judge_open(&s->judge, &err);
    int status =
        judge != NULL ? with_engine(s, &(struct job){.flags = f, .judge = judge}) : cli_fail(&err);
    judge_close(judge);
    return status;
}

static const struct cli_usage usage = {
    .text =
        "run [--model PATH] [\"prompt\"|-]\n\n"
        "One completion to the terminal, streamed. Without a prompt, or with -, it is read from "
        "stdin;\nwhere stdin is a terminal, a conversation (/help in it lists its commands).\n",
    .flag_help =
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
    .sections = CLI_MODEL | CLI_LOG,
    .operands = 1,
    .one_more = "one prompt expected, in quotes"};

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
    if (!cli_read(&usage, flags, &n, args, &s)) return CLI_USAGE;
    bool talks = n == 0 && !f.raw && isatty(STDIN_FILENO);
    int status = talks ? converse(&s, &f) : complete(&s, n, args, &f);
    cli_settings_clear(&s);
    return status;
}
