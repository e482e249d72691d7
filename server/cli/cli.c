/* server/cli/cli.c - see cli.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/cli.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "server/cli/progress.h"

enum { MAX_LINE_BYTES = 64 << 20, MAX_REPLY_BYTES = 1 << 30 };

int cli_fail(const struct error *err)
{
    fprintf(stderr, "touchstone: %s\n", err->message);
    return CLI_FAILED;
}

/* ---- flags ---- */

static const struct cli_flag *find_flag(const struct cli_flag *flags, const char *word, size_t n)
{
    for (; flags != NULL && flags->name != NULL; flags++) {
        if (strlen(flags->name) == n && memcmp(flags->name, word, n) == 0) return flags;
    }
    return NULL;
}

static bool set_flag(const struct cli_flag *f, const char *value, struct error *err)
{
    char *end = NULL;
    errno = 0;
    if (f->text != NULL) {
        *f->text = value;
        return true;
    }
    if (f->integer != NULL) *f->integer = strtoll(value, &end, 10);
    if (f->number != NULL) *f->number = strtod(value, &end);
    if (end != value && *end == '\0' && errno == 0) return true;
    return error_set(err, ERROR_INVALID_VALUE, f->name, "%s: \"%.80s\" is not a number", f->name,
                     value);
}

/* The flag args[*i] with its value, which may be the next word. */
static bool take_flag(const struct cli_flag *f, int n, char **args, int *i, struct error *err)
{
    const char *eq = strchr(args[*i], '=');
    if (f->on != NULL) {
        *f->on = true;
        return eq == NULL ||
               error_set(err, ERROR_INVALID_VALUE, f->name, "%s wants no value", f->name);
    }
    if (eq != NULL) return set_flag(f, eq + 1, err);
    if (*i + 1 == n) {
        return error_set(err, ERROR_MISSING_FIELD, f->name, "%s wants a value", f->name);
    }
    return set_flag(f, args[++*i], err);
}

/* Take the table's flags out of args; the other words keep their order, also all after "--". */
static bool take_flags(const struct cli_flag *flags, int *n, char **args, struct error *err)
{
    int rest = 0;
    bool ended = false;
    for (int i = 0; i < *n; i++) {
        ended = ended || strcmp(args[i], "--") == 0;
        const struct cli_flag *f = ended ? NULL : find_flag(flags, args[i], strcspn(args[i], "="));
        if (f == NULL) {
            args[rest++] = args[i];
        } else if (!take_flag(f, *n, args, &i, err)) {
            return false;
        }
    }
    *n = rest;
    return true;
}

/* Is this word among the flags? */
static bool asks(const char *flag, int n, char **args)
{
    for (int i = 0; i < n && strcmp(args[i], "--") != 0; i++) {
        if (strcmp(args[i], flag) == 0) return true;
    }
    return false;
}

static void print_help(const struct cli_usage *usage, bool all)
{
    printf("usage: touchstone %s", usage->text);
    if (usage->flag_help != NULL) printf("\n%s", usage->flag_help);
    if (all || usage->sections != 0) {
        cli_settings_print_help(all ? CLI_ALL : usage->sections, stdout);
    }
    if (!all && usage->sections != CLI_ALL) printf("\n--help-all shows every setting.\n");
}

static bool check_operands(const struct cli_usage *usage, int n, char **args, struct error *err)
{
    int name = (int)strcspn(usage->text, " \n");
    if (n <= usage->operands) return true;
    return error_set(err, ERROR_INVALID_VALUE, NULL, "%s: \"%.60s\" (see touchstone %.*s --help)",
                     usage->one_more != NULL ? usage->one_more : "this command takes no operand",
                     args[usage->operands], name, usage->text);
}

bool cli_read(const struct cli_usage *usage, const struct cli_flag *flags, int *n, char **args,
              struct cli_settings *s)
{
    struct error err = {0};
    bool all = asks("--help-all", *n, args);
    if (all || asks("--help", *n, args) || asks("-h", *n, args)) {
        print_help(usage, all);
        exit(cli_end_output());
    }
    *s = (struct cli_settings){0};
    bool strict = usage->sections == CLI_ALL;
    if (take_flags(flags, n, args, &err) && cli_settings_read(s, strict, n, args, &err) &&
        check_operands(usage, *n, args, &err)) {
        return true;
    }
    cli_settings_clear(s);
    cli_fail(&err);
    return false;
}

int cli_end_output(void)
{
    struct error err = {0};
    if (fflush(stdout) == 0 && !ferror(stdout)) return CLI_OK;
    error_set(&err, ERROR_SYSTEM, NULL, "cannot write: %s", strerror(errno));
    return cli_fail(&err);
}

/* ---- text of others ---- */

/* 0: not a control character; else its bytes: those of C1 have two. */
static size_t control_bytes(const char *p, size_t n)
{
    unsigned char c = (unsigned char)*p, next = n > 1 ? (unsigned char)p[1] : 0;
    if (c == '\n' || c == '\t') return 0;
    if (c < 0x20 || c == 0x7f) return 1;
    return c == 0xc2 && next >= 0x80 && next < 0xa0 ? 2 : 0;
}

void cli_put(struct span text, FILE *out)
{
    for (size_t i = 0; i < text.n;) {
        size_t control = control_bytes(text.p + i, text.n - i);
        if (control > 0) fputs("\xef\xbf\xbd", out); /* U+FFFD */
        if (control == 0) putc(text.p[i], out);
        i += control > 0 ? control : 1;
    }
}

/* ---- the engine's options ---- */

/* The built-in model lies beside the installed program, or in the source tree it was built in. */
static const char *builtin_model(char path[PATH_MAX])
{
    static const char *const places[] = {
        "../share/touchstone/touchstone-tiny.gguf", /* PREFIX/bin */
        "../../models/touchstone-tiny.gguf",        /* build/release */
    };
    char exe[PATH_MAX / 2];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    if (n <= 0) return NULL;
    exe[n] = '\0';
    *strrchr(exe, '/') = '\0';
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        snprintf(path, PATH_MAX, "%s/%s", exe, places[i]);
        if (access(path, R_OK) == 0) return path;
    }
    return NULL;
}

static void show_loading(void *arg, size_t done, size_t total)
{
    struct progress_line *p = arg;
    if (done < total) progress_show(p, (double)done / (double)total, NULL);
    if (done >= total) progress_end(p);
}

/* --merge: the adapter goes to the engine, and its name is the model's where none was said. */
static bool merge_option(const struct server_options *s, struct engine_options *o, struct error *err)
{
    static char name[256];
    if (!s->merge) return true;
    if (s->adapters.n != 1) {
        return error_set(err, ERROR_INVALID_VALUE, "merge",
                         "merge is for one --adapter NAME=PATH; %d were named", s->adapters.n);
    }
    const char *text = s->adapters.items[0], *equals = strchr(text, '=');
    size_t n = equals == NULL ? 0 : (size_t)(equals - text);
    if (n == 0 || n >= sizeof(name) || equals[1] == '\0') {
        return error_set(err, ERROR_INVALID_VALUE, "adapter",
                         "adapter is NAME=PATH, not \"%.100s\"", text);
    }
    snprintf(name, sizeof(name), "%.*s", (int)n, text);
    o->merge = equals + 1;
    if (o->name == NULL) o->name = name;
    return true;
}

bool cli_engine_options(const struct cli_settings *s, struct engine_options *o, struct error *err)
{
    static char builtin[PATH_MAX];
    static struct progress_line loading;
    *o = s->engine;
    progress_begin(&loading, "loading the model", true);
    if (loading.on) o->progress = show_loading;
    o->progress_arg = &loading;
    if (o->model_path == NULL) o->model_path = builtin_model(builtin);
    if (o->model_path == NULL) {
        return error_set(err, ERROR_BAD_FILE, "model",
                         "the built-in model is not beside the program: name one with --model");
    }
    if (s->server.model_names.n > 0) o->name = s->server.model_names.items[0];
    return merge_option(&s->server, o, err);
}

/* ---- JSON lines ---- */

static void add_error(cJSON *reply, const struct error *err)
{
    cJSON *e = cJSON_AddObjectToObject(reply, "error");
    json_put(e, "message", json_string(span_str(err->message)));
    cJSON_AddStringToObject(e, "type", error_type(err->code));
    if (err->param[0] == '\0') {
        cJSON_AddNullToObject(e, "param");
    } else {
        json_put(e, "param", json_string(span_str(err->param)));
    }
    cJSON_AddStringToObject(e, "code", error_name(err->code));
}

static bool print_line(const cJSON *reply)
{
    struct buffer line;
    buffer_init(&line, MAX_REPLY_BYTES);
    bool ok = json_print(reply, &line);
    buffer_add_char(&line, '\n');
    ok = ok && !line.failed && fwrite(line.p, 1, line.n, stdout) == line.n;
    buffer_clear(&line);
    return ok;
}

/* What memory that ran out has made of a reply is not told. */
static cJSON *without_memory(cJSON *reply)
{
    struct error err = {0};
    if (!mem_ran_out()) return reply;
    cJSON_Delete(reply);
    mem_forget();
    error_set(&err, ERROR_NO_MEMORY, NULL, "out of memory for the line");
    reply = cJSON_CreateObject();
    add_error(reply, &err);
    return reply;
}

static bool handle_line(struct span text, cli_line_fn *handle, void *arg)
{
    struct error err = {0};
    mem_forget();
    cJSON *reply = cJSON_CreateObject(), *object = NULL;
    if (text.n > MAX_LINE_BYTES) {
        error_set(&err, ERROR_TOO_LARGE, NULL, "a line of %zu bytes; at most %d", text.n,
                  MAX_LINE_BYTES);
    } else {
        object = json_parse(text, &err);
    }
    if (object != NULL && !cJSON_IsObject(object)) {
        error_set(&err, ERROR_INVALID_TYPE, NULL, "a line must be a JSON object, not %s",
                  json_type_name(object));
    } else if (object != NULL) {
        handle(arg, object, reply, &err);
    }
    if (err.code != ERROR_NONE) add_error(reply, &err);
    reply = without_memory(reply);
    bool ok = print_line(reply);
    cJSON_Delete(object);
    cJSON_Delete(reply);
    return ok;
}

int cli_each_line(const char *path, cli_line_fn *handle, void *arg)
{
    struct error err = {0};
    bool from_stdin = path == NULL || strcmp(path, "-") == 0;
    FILE *in = from_stdin ? stdin : fopen(path, "rb");
    if (in == NULL) {
        error_set(&err, ERROR_BAD_FILE, NULL, "%.200s: %s", path, strerror(errno));
        return cli_fail(&err);
    }
    char *line = NULL;
    size_t room = 0;
    bool ok = true;
    for (ssize_t n; ok && (n = getline(&line, &room, in)) >= 0;) {
        struct span text = span_trim(span_of(line, (size_t)n));
        if (text.n > 0) ok = handle_line(text, handle, arg);
    }
    free(line);
    ok = ok && !ferror(in) && fflush(stdout) == 0;
    if (!from_stdin) fclose(in);
    if (ok) return CLI_OK;
    error_set(&err, ERROR_SYSTEM, NULL, "reading or writing lines failed%s",
              mem_ran_out() ? ": out of memory" : "");
    return cli_fail(&err);
}
