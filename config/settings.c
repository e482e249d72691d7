/* config/settings.c - see settings.h. The table first; everything below reads it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/settings.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { MAX_FILE_BYTES = 1 << 20, MEMORY_BYTES = 4 << 20, MAX_LIST = 64 };

enum kind {
    KIND_TEXT,
    KIND_CHOICE, /* one of the words in `choices` */
    KIND_INT,
    KIND_BYTES,   /* an integer with an optional K, M or G (1024) */
    KIND_SECONDS, /* a decimal number */
    KIND_BOOL,
    KIND_LIST,
};

struct setting {
    const char *name; /* as a flag, without its dashes */
    enum kind kind;
    size_t at;            /* of the field in struct settings */
    const char *standard; /* default, as text; "" for none */
    int64_t min, max;     /* KIND_INT, KIND_BYTES, KIND_SECONDS */
    const char *choices;  /* KIND_CHOICE: words separated by '|' */
    const char *help;
};

#define AT(field) offsetof(struct settings, field)
enum { K = 1 << 10, M = 1 << 20 };
#define G ((int64_t)1 << 30)

/* clang-format off */
static const struct setting table[] = {
    {"Model", .help = NULL},
    {"model",          KIND_TEXT,   AT(model), "", .help = "GGUF file or Hugging Face folder; none: the built-in model"},
    {"served-model-name", KIND_LIST, AT(served_model_name), "", .help = "what clients call it (may be repeated: the first is its name, others are taken too); none: the file's own name"},
    {"engine",         KIND_CHOICE, AT(engine), "fast", .choices = "fast|reference", .help = "packed integer kernels, or float32 on OpenBLAS (the oracle)"},
    {"isa",            KIND_CHOICE, AT(isa), "auto", .choices = "auto|generic|avx2|avxvnni|avx512vnni", .help = "kernel set"},
    {"weights",        KIND_CHOICE, AT(weights), "as-is", .choices = "as-is|bf16|f16|q8_0|q4_0|q4_1", .help = "quantise float weights at load"},
    {"kv",             KIND_CHOICE, AT(kv), "f16", .choices = "f16|f32|q8_0", .help = "type of the KV cache"},
    {"kv-memory",      KIND_BYTES,  AT(kv_memory), "0", 0, 4096 * G, .help = "bytes for the KV cache; 0: by free memory and need"},
    {"context",        KIND_INT,    AT(context), "0", 0, 1 << 24, .help = "longest sequence in tokens; 0: the model's own"},
    {"threads",        KIND_INT,    AT(threads), "0", 0, 1024, .help = "engine threads; 0: one for each core"},
    {"pin-threads",    KIND_BOOL,   AT(pin_threads), "false", .help = "bind each engine thread to a core"},
    {"max-sequences",  KIND_INT,    AT(max_sequences), "256", 1, 4096, .help = "samples decoded in one batch"},
    {"step-tokens",    KIND_INT,    AT(step_tokens), "512", 1, 8192, .help = "prompt tokens a step may add to the batch"},
    {"prefix-cache",   KIND_BOOL,   AT(prefix_cache), "true", .help = "reuse the KV cache of equal prefixes"},
    {"speculate",      KIND_BOOL,   AT(speculate), "true", .help = "draft tokens by prompt lookup; never changes an answer"},

    {"Server", .help = NULL},
    {"host",           KIND_TEXT,   AT(host), "127.0.0.1", .help = "address to listen on; 0.0.0.0: all"},
    {"port",           KIND_INT,    AT(port), "8080", 0, 65535, .help = "port to listen on; 0: any free one, printed at start"},
    {"api-key",        KIND_LIST,   AT(api_key), "", .help = "accept only these keys (may be repeated); none: no key is asked for"},
    {"max-connections", KIND_INT,   AT(max_connections), "4096", 1, 1 << 20, .help = "open connections"},
    {"max-queue",      KIND_INT,    AT(max_queue), "1024", 1, 1 << 20, .help = "samples waiting, beyond which requests get 429"},
    {"max-body",       KIND_BYTES,  AT(max_body), "64M", 1 * K, 4 * G, .help = "largest request body"},
    {"max-prompts",    KIND_INT,    AT(max_prompts), "1024", 1, 1 << 16, .help = "prompts in one request"},
    {"max-choices",    KIND_INT,    AT(max_choices), "128", 1, 4096, .help = "samples of one prompt (n, best_of)"},
    {"read-timeout",   KIND_SECONDS, AT(read_timeout), "30", 1, 3600, .help = "seconds to receive a whole request"},
    {"idle-timeout",   KIND_SECONDS, AT(idle_timeout), "120", 1, 86400, .help = "seconds an idle connection is kept"},
    {"request-timeout", KIND_SECONDS, AT(request_timeout), "0", 0, 86400, .help = "seconds a generation may take; 0: no limit"},
    {"drain-timeout",  KIND_SECONDS, AT(drain_timeout), "30", 0, 86400, .help = "seconds that running requests have after SIGTERM"},
    {"allow-control",  KIND_BOOL,   AT(allow_control), "true", .help = "clients may pause, resume and abort generations, others' too (trainers do)"},

    {"Verify", .help = NULL},
    {"verify-body",    KIND_BYTES,  AT(verify_body), "256M", 1 * K, 16 * G, .help = "largest body of a request to /verify and its like"},
    {"verify-rewards", KIND_TEXT,   AT(verify_rewards), "", .help = "JSON list of rewards for requests that name none; none: accuracy and format"},
    {"verify-workers", KIND_INT,    AT(verify_workers), "0", 0, 128, .help = "most processes for algebra that is not provably cheap; 0: eight a processor"},
    {"verify-seconds", KIND_SECONDS, AT(verify_seconds), "2", 0, 600, .help = "CPU seconds an item's algebra may take"},
    {"verify-memory",  KIND_BYTES,  AT(verify_memory), "512M", 32 * M, 64 * G, .help = "memory of one such process"},
    {"verify-items",   KIND_INT,    AT(verify_items), "100000", 1, 1 << 24, .help = "items in one request"},
    {"code-unsafe",    KIND_BOOL,   AT(code_unsafe), "false", .help = "run code even where the machine offers too few walls"},

    {"Log", .help = NULL},
    {"log-level",      KIND_CHOICE, AT(log_level), "info", .choices = "debug|info|warn|error|off", .help = "least level that is logged"},
    {"log-format",     KIND_CHOICE, AT(log_format), "text", .choices = "text|json", .help = "key=value lines or JSON lines, on stderr"},
};
/* clang-format on */

enum { N_ROWS = sizeof(table) / sizeof(table[0]) };

/* A row without help opens a section. */
static bool is_section(const struct setting *s)
{
    return s->help == NULL;
}

/* '-' and '_' are the same, and case does not matter: max-queue, MAX_QUEUE. */
static bool same_name(struct span given, const char *name)
{
    if (given.n != strlen(name)) return false;
    for (size_t i = 0; i < given.n; i++) {
        int c = given.p[i] == '_' ? '-' : tolower((unsigned char)given.p[i]);
        if (c != name[i]) return false;
    }
    return true;
}

static const struct setting *find(struct span name)
{
    for (int i = 0; i < N_ROWS; i++) {
        if (!is_section(&table[i]) && same_name(name, table[i].name)) return &table[i];
    }
    return NULL;
}

/* ---- one value ---- */

static bool bad_value(const struct setting *s, const char *value, const char *wanted,
                      struct error *err)
{
    return error_set(err, ERROR_INVALID_VALUE, s->name, "%s: \"%.80s\" is not %s", s->name, value,
                     wanted);
}

static bool out_of_range(const struct setting *s, const char *value, struct error *err)
{
    return error_set(err, ERROR_INVALID_VALUE, s->name, "%s: %.80s is not from %lld to %lld",
                     s->name, value, (long long)s->min, (long long)s->max);
}

static int64_t unit_of(const char *suffix)
{
    static const struct {
        const char *suffix;
        int64_t bytes;
    } units[] = {{"", 1}, {"k", K}, {"m", M}, {"g", (int64_t)1 << 30}};
    for (int i = 0; i < 4; i++) {
        if (strcasecmp(suffix, units[i].suffix) == 0) return units[i].bytes;
    }
    return 0;
}

static bool set_integer(const struct setting *s, const char *value, int64_t *out, struct error *err)
{
    char *end;
    errno = 0;
    long long v = strtoll(value, &end, 10);
    int64_t unit = s->kind == KIND_BYTES ? unit_of(end) : *end == '\0';
    if (end == value || isspace((unsigned char)*value) || unit == 0) {
        return bad_value(s, value,
                         s->kind == KIND_BYTES ? "a number of bytes (as 512M)" : "a whole number",
                         err);
    }
    int64_t scaled;
    if (errno == ERANGE || __builtin_mul_overflow((int64_t)v, unit, &scaled) || scaled < s->min ||
        scaled > s->max) {
        return out_of_range(s, value, err);
    }
    *out = scaled;
    return true;
}

static bool set_seconds(const struct setting *s, const char *value, double *out, struct error *err)
{
    char *end;
    double v = strtod(value, &end);
    if (end == value || *end != '\0' || isspace((unsigned char)*value) || !isfinite(v)) {
        return bad_value(s, value, "a number of seconds", err);
    }
    if (v < (double)s->min || v > (double)s->max) return out_of_range(s, value, err);
    *out = v;
    return true;
}

static bool set_bool(const struct setting *s, const char *value, bool *out, struct error *err)
{
    static const char *const words[2][4] = {{"false", "no", "off", "0"},
                                            {"true", "yes", "on", "1"}};
    for (int truth = 0; truth < 2; truth++) {
        for (int i = 0; i < 4; i++) {
            if (strcasecmp(value, words[truth][i]) == 0) {
                *out = truth;
                return true;
            }
        }
    }
    return bad_value(s, value, "true or false", err);
}

static bool set_choice(const struct setting *s, const char *value, const char **out,
                       struct arena *memory, struct error *err)
{
    struct span given = span_str(value);
    for (const char *at = s->choices; *at != '\0';) {
        size_t n = strcspn(at, "|");
        if (span_eq(given, span_of(at, n))) {
            *out = arena_str(memory, given);
            return *out != NULL || error_set(err, ERROR_NO_MEMORY, s->name, "out of memory");
        }
        at += n + (at[n] == '|');
    }
    char wanted[128];
    snprintf(wanted, sizeof(wanted), "one of %s", s->choices);
    return bad_value(s, value, wanted, err);
}

static bool set_text(const struct setting *s, const char *value, const char **out,
                     struct arena *memory, struct error *err)
{
    *out = *value == '\0' ? NULL : arena_str(memory, span_str(value));
    return *value == '\0' || *out != NULL ||
           error_set(err, ERROR_NO_MEMORY, s->name, "%s: the text is too long", s->name);
}

/* Append the words of value, which commas separate. */
static bool add_to_list(const struct setting *s, const char *value, struct string_list *list,
                        struct arena *memory, struct error *err)
{
    const char **items = arena_alloc(memory, MAX_LIST, sizeof(*items));
    if (items == NULL) return error_set(err, ERROR_NO_MEMORY, s->name, "%s: too many", s->name);
    if (list->n > 0) memcpy(items, list->items, (size_t)list->n * sizeof(*items));
    list->items = items;
    while (*value != '\0') {
        size_t n = strcspn(value, ",");
        struct span item = span_trim(span_of(value, n));
        if (item.n > 0 && list->n == MAX_LIST) {
            return error_set(err, ERROR_INVALID_VALUE, s->name, "%s: more than %d", s->name,
                             MAX_LIST);
        }
        if (item.n > 0) {
            items[list->n] = arena_str(memory, item);
            if (items[list->n++] == NULL) {
                return error_set(err, ERROR_NO_MEMORY, s->name, "%s: too long", s->name);
            }
        }
        value += n + (value[n] == ',');
    }
    return true;
}

static bool set_value(struct settings *all, const struct setting *s, const char *value,
                      struct error *err)
{
    char *field = (char *)all + s->at;
    switch (s->kind) {
    case KIND_TEXT:
        return set_text(s, value, (const char **)(void *)field, all->memory, err);
    case KIND_CHOICE:
        return set_choice(s, value, (const char **)(void *)field, all->memory, err);
    case KIND_INT:
    case KIND_BYTES:
        return set_integer(s, value, (int64_t *)(void *)field, err);
    case KIND_SECONDS:
        return set_seconds(s, value, (double *)(void *)field, err);
    case KIND_BOOL:
        return set_bool(s, value, (bool *)(void *)field, err);
    case KIND_LIST:
        return add_to_list(s, value, (struct string_list *)(void *)field, all->memory, err);
    }
    return false;
}

/* ---- the sources, in order ---- */

/* A source that names a list for the first time replaces what earlier sources put there. */
struct source {
    struct settings *all;
    bool seen[N_ROWS];
};

static bool assign(struct source *from, const struct setting *s, const char *value,
                   struct error *err)
{
    bool *seen = &from->seen[s - table];
    if (s->kind == KIND_LIST && !*seen) {
        *(struct string_list *)(void *)((char *)from->all + s->at) = (struct string_list){0};
    }
    *seen = true;
    return set_value(from->all, s, value, err);
}

static bool read_defaults(struct settings *all, struct error *err)
{
    for (int i = 0; i < N_ROWS; i++) {
        if (!is_section(&table[i]) && !set_value(all, &table[i], table[i].standard, err)) {
            return false;
        }
    }
    return true;
}

/* "name = value"; '#' begins a comment line; a value may stand in double quotes. */
static bool read_line(struct source *from, struct span line, const char *path, int number,
                      struct error *err)
{
    line = span_trim(line);
    if (line.n == 0 || line.p[0] == '#') return true;
    size_t eq = span_find(line, span_str("="), 0);
    if (eq == SPAN_NONE) {
        return error_set(err, ERROR_INVALID_VALUE, NULL, "%.100s:%d: \"name = value\" expected",
                         path, number);
    }
    struct span name = span_trim(span_slice(line, 0, eq));
    struct span value = span_trim(span_slice(line, eq + 1, line.n));
    if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"') {
        value = span_slice(value, 1, value.n - 1);
    }
    const struct setting *s = find(name);
    if (s == NULL) {
        return error_set(err, ERROR_UNKNOWN_FIELD, NULL, "%.100s:%d: unknown setting \"%.*s\"",
                         path, number, (int)(name.n < 60 ? name.n : 60), name.p);
    }
    char *text = arena_str(from->all->memory, value);
    if (text == NULL) return error_set(err, ERROR_NO_MEMORY, s->name, "out of memory");
    return assign(from, s, text, err);
}

static bool read_file(struct settings *all, const char *path, struct error *err)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return error_set(err, ERROR_BAD_FILE, "config", "%.160s: %s", path, strerror(errno));
    }
    char *text = malloc(MAX_FILE_BYTES);
    size_t n = text == NULL ? 0 : fread(text, 1, MAX_FILE_BYTES, f);
    bool whole = text != NULL && feof(f) && !ferror(f);
    fclose(f);
    bool ok = whole || error_set(err, ERROR_BAD_FILE, "config",
                                 "%.160s: cannot be read, or is over 1 MiB", path);
    struct span rest = span_of(text, n);
    struct source from = {.all = all};
    for (int number = 1; ok && rest.n > 0; number++) {
        size_t end = span_find(rest, span_str("\n"), 0);
        if (end == SPAN_NONE) end = rest.n;
        ok = read_line(&from, span_slice(rest, 0, end), path, number, err);
        rest = span_slice(rest, end + 1, rest.n);
    }
    free(text);
    return ok;
}

extern char **environ;

/* TOUCHSTONE_CONFIG is the file's name, not a setting; every other TOUCHSTONE_ name must be one. */
static bool read_environment(struct settings *all, struct error *err)
{
    struct span prefix = span_str("TOUCHSTONE_");
    struct source from = {.all = all};
    for (char **entry = environ; *entry != NULL; entry++) {
        struct span e = span_str(*entry);
        size_t eq = span_find(e, span_str("="), 0);
        if (!span_starts(e, prefix) || eq == SPAN_NONE) continue;
        struct span name = span_slice(e, prefix.n, eq);
        if (span_is(name, "CONFIG")) continue;
        const struct setting *s = find(name);
        if (s == NULL) {
            return error_set(err, ERROR_UNKNOWN_FIELD, NULL,
                             "environment: unknown setting \"%.*s\"", (int)(eq < 80 ? eq : 80),
                             e.p);
        }
        if (!assign(&from, s, e.p + eq + 1, err)) return false;
    }
    return true;
}

/* What "--name", "--name=value", "--name value" or "--no-name" says. *used: words taken. */
static bool read_flag(struct source *from, char **args, int n, int *used, struct error *err)
{
    struct span word = span_str(args[0] + 2);
    size_t eq = span_find(word, span_str("="), 0);
    const struct setting *s = find(span_slice(word, 0, eq));
    bool negated = false;
    if (s == NULL && eq == SPAN_NONE && span_starts(word, span_str("no-"))) {
        s = find(span_slice(word, 3, word.n));
        negated = s != NULL && s->kind == KIND_BOOL;
        if (!negated) s = NULL;
    }
    if (s == NULL) {
        return error_set(err, ERROR_UNKNOWN_FIELD, NULL, "unknown option %.80s (see --help)",
                         args[0]);
    }
    *used = 1;
    if (eq != SPAN_NONE) return assign(from, s, word.p + eq + 1, err);
    if (s->kind == KIND_BOOL) return assign(from, s, negated ? "false" : "true", err);
    if (n < 2) {
        return error_set(err, ERROR_MISSING_FIELD, s->name, "--%s wants a value", s->name);
    }
    *used = 2;
    return assign(from, s, args[1], err);
}

static bool read_flags(struct settings *all, int n, char **args, int *n_rest, struct error *err)
{
    struct source from = {.all = all};
    int rest = 0, used;
    for (int i = 0; i < n; i += used) {
        used = 1;
        if (strcmp(args[i], "--") == 0) {
            for (i++; i < n; i++) {
                args[rest++] = args[i];
            }
        } else if (strcmp(args[i], "--config") == 0) {
            used = 2;
        } else if (strncmp(args[i], "--config=", 9) == 0) {
            continue;
        } else if (strncmp(args[i], "--", 2) == 0) {
            if (!read_flag(&from, args + i, n - i, &used, err)) return false;
        } else {
            args[rest++] = args[i];
        }
    }
    *n_rest = rest;
    return true;
}

/* The path of --config or TOUCHSTONE_CONFIG; NULL: none. */
static bool config_path(int n, char **args, const char **path, struct error *err)
{
    *path = getenv("TOUCHSTONE_CONFIG");
    for (int i = 0; i < n && strcmp(args[i], "--") != 0; i++) {
        if (strncmp(args[i], "--config=", 9) == 0) *path = args[i] + 9;
        if (strcmp(args[i], "--config") != 0) continue;
        if (i + 1 == n) {
            return error_set(err, ERROR_MISSING_FIELD, "config", "--config wants a file");
        }
        *path = args[i + 1];
    }
    return true;
}

bool settings_read(struct settings *s, int n_args, char **args, int *n_rest, struct error *err)
{
    *s = (struct settings){.memory = arena_new(MEMORY_BYTES)};
    if (s->memory == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
    const char *path;
    if (!config_path(n_args, args, &path, err) || !read_defaults(s, err)) return false;
    if (path != NULL && *path != '\0' && !read_file(s, path, err)) return false;
    return read_environment(s, err) && read_flags(s, n_args, args, n_rest, err);
}

void settings_clear(struct settings *s)
{
    arena_free(s->memory);
    *s = (struct settings){0};
}

/* ---- what is printed from the table ---- */

/* "off|on" or "0 to 64" or "text" */
static void value_hint(const struct setting *s, char out[96])
{
    static const char *const words[] = {
        [KIND_TEXT] = "TEXT",       [KIND_INT] = "N",     [KIND_BYTES] = "BYTES",
        [KIND_SECONDS] = "SECONDS", [KIND_LIST] = "TEXT", [KIND_BOOL] = "",
    };
    snprintf(out, 96, "%s", s->kind == KIND_CHOICE ? s->choices : words[s->kind]);
}

void settings_print_help(FILE *out)
{
    for (int i = 0; i < N_ROWS; i++) {
        const struct setting *s = &table[i];
        if (is_section(s)) {
            fprintf(out, "\n%s\n", s->name);
            continue;
        }
        char hint[96], flag[160];
        value_hint(s, hint);
        snprintf(flag, sizeof(flag), "--%s %s", s->name, hint);
        fprintf(out, "  %-28s", flag);
        if (strlen(flag) > 27) fprintf(out, "\n%30s", "");
        fprintf(out, " %s", s->help);
        if (*s->standard != '\0') fprintf(out, " [%s]", s->standard);
        fputc('\n', out);
    }
    fprintf(out, "  %-28s %s\n", "--config FILE",
            "read settings from FILE (lines \"name = value\")");
}

void settings_print_file(FILE *out)
{
    fprintf(out, "# Touchstone's settings, each at its default. A line that is not commented out "
                 "changes one.\n"
                 "# The environment (TOUCHSTONE_MAX_QUEUE=64) wins over this file, a flag "
                 "(--max-queue 64) over both.\n"
                 "# Written by: touchstone config\n");
    for (int i = 0; i < N_ROWS; i++) {
        const struct setting *s = &table[i];
        if (is_section(s)) {
            fprintf(out, "\n# ---- %s ----\n", s->name);
            continue;
        }
        fprintf(out, "\n# %s", s->help);
        if (s->kind == KIND_CHOICE) fprintf(out, " (%s)", s->choices);
        if (s->max > 0 && s->kind == KIND_INT) {
            fprintf(out, " (%lld to %lld)", (long long)s->min, (long long)s->max);
        }
        fprintf(out, "\n#%s = %s\n", s->name, s->standard);
    }
}
