/* config/settings.c - see settings.h.
 *
 * Rows are numbered through all sections, in their order; everything below finds a row by its
 * number or its name.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/settings.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/unknown.h"

enum { MAX_FILE_BYTES = 1 << 20, MAX_LIST = 64, K = 1 << 10, M = 1 << 20 };

/* A row, its number, and the member that it sets. */
struct place {
    const struct setting *row; /* NULL: there is none */
    size_t number;
    void *member;
    unsigned char *source; /* NULL: nobody asks */
};

/* Row number i of all. */
static struct place place_at(const struct settings_section *sections, size_t n, size_t i)
{
    size_t left = i;
    for (const struct settings_section *s = sections; s < sections + n; s++) {
        if (left < s->table->n) {
            const struct setting *row = &s->table->rows[left];
            void *member = s->options == NULL ? NULL : (char *)s->options + row->at;
            unsigned char *source = s->sources == NULL ? NULL : s->sources + left;
            return (struct place){row, i, member, source};
        }
        left -= s->table->n;
    }
    return (struct place){.row = NULL};
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

static struct place find(const struct settings_section *sections, size_t n, struct span name)
{
    struct place p = place_at(sections, n, 0);
    while (p.row != NULL && !same_name(name, p.row->name)) {
        p = place_at(sections, n, p.number + 1);
    }
    return p;
}

/* ---- one value ---- */

static bool bad_value(const struct setting *s, const char *value, const char *wanted,
                      struct error *err)
{
    bool comment = strstr(value, " #") != NULL;
    return error_set(err, ERROR_INVALID_VALUE, s->name, "%s: \"%.80s\" is not %s%s", s->name, value,
                     wanted, comment ? " (a comment stands on a line of its own)" : "");
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

static bool read_integer(const struct setting *s, const char *value, int64_t *out,
                         struct error *err)
{
    bool bytes = s->kind == SETTING_BYTES;
    char *end;
    errno = 0;
    long long v = strtoll(value, &end, 10);
    int64_t unit = bytes ? unit_of(end) : *end == '\0';
    if (end == value || isspace((unsigned char)*value) || unit == 0) {
        return bad_value(s, value, bytes ? "a number of bytes (as 512M)" : "a whole number", err);
    }
    int64_t scaled;
    if (errno == ERANGE || __builtin_mul_overflow((int64_t)v, unit, &scaled) || scaled < s->min ||
        scaled > s->max) {
        return out_of_range(s, value, err);
    }
    *out = scaled;
    return true;
}

static bool set_integer(const struct setting *s, const char *value, void *member, struct error *err)
{
    int64_t v = 0;
    if (!read_integer(s, value, &v, err)) return false;
    if (s->kind == SETTING_BYTES) {
        *(int64_t *)member = v;
    } else {
        *(int *)member = (int)v;
    }
    return true;
}

/* A part of a millisecond is rounded up: 0 often means that there is no limit. */
static bool set_seconds(const struct setting *s, const char *value, int *ms, struct error *err)
{
    char *end;
    double v = strtod(value, &end);
    if (end == value || *end != '\0' || isspace((unsigned char)*value) || !isfinite(v)) {
        return bad_value(s, value, "a number of seconds", err);
    }
    if (v < (double)s->min || v > (double)s->max) return out_of_range(s, value, err);
    *ms = (int)ceil(v * 1000.0);
    return true;
}

/* Of a SETTING_REAL. */
static double least_of(const struct setting *s)
{
    return s->least != 0 ? s->least : (double)s->min;
}

static bool set_real(const struct setting *s, const char *value, double *out, struct error *err)
{
    char *end;
    double v = strtod(value, &end);
    *out = (double)NAN;
    if (*value == '\0') return true;
    if (end == value || *end != '\0' || isspace((unsigned char)*value) || !isfinite(v)) {
        return bad_value(s, value, "a number", err);
    }
    if (s->whole && floor(v) != v) return bad_value(s, value, "a whole number", err);
    if (v < least_of(s) || v > (double)s->max) {
        return error_set(err, ERROR_INVALID_VALUE, s->name, "%s: %.80s is not from %.15g to %lld",
                         s->name, value, least_of(s), (long long)s->max);
    }
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

/* The place of value among the row's words. */
static bool find_word(const struct setting *s, const char *value, int *place, struct error *err)
{
    struct span given = span_str(value);
    *place = 0;
    for (const char *at = s->words; *at != '\0'; (*place)++) {
        size_t n = strcspn(at, "|");
        if (span_eq(given, span_of(at, n))) return true;
        at += n + (at[n] == '|');
    }
    char wanted[128];
    snprintf(wanted, sizeof(wanted), "one of %s", s->words);
    return bad_value(s, value, wanted, err);
}

static bool no_memory(const struct setting *s, struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, s->name, "%s: out of memory", s->name);
}

/* memory NULL: value is a default, which lives for ever. */
static bool keep_text(const struct setting *s, const char *value, const char **out,
                      struct arena *memory, struct error *err)
{
    *out = memory == NULL ? value : arena_str(memory, span_str(value));
    return *out != NULL || no_memory(s, err);
}

static bool set_text(const struct setting *s, const char *value, const char **out,
                     struct arena *memory, struct error *err)
{
    *out = NULL;
    return *value == '\0' || keep_text(s, value, out, memory, err);
}

static bool set_word(const struct setting *s, const char *value, const char **out,
                     struct arena *memory, struct error *err)
{
    int place;
    *out = NULL;
    return find_word(s, value, &place, err) &&
           (place == 0 || keep_text(s, value, out, memory, err));
}

/* Append the words of value, which commas separate. */
static bool add_to_list(const struct setting *s, const char *value, struct string_list *list,
                        struct arena *memory, struct error *err)
{
    if (*value == '\0') return true;
    const char **items = memory == NULL ? NULL : arena_alloc(memory, MAX_LIST, sizeof(*items));
    if (items == NULL) return no_memory(s, err);
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
            if (items[list->n++] == NULL) return no_memory(s, err);
        }
        value += n + (value[n] == ',');
    }
    return true;
}

static bool set_value(struct place p, const char *value, struct arena *memory, struct error *err)
{
    switch (p.row->kind) {
    case SETTING_TEXT:
        return set_text(p.row, value, p.member, memory, err);
    case SETTING_WORD:
        return set_word(p.row, value, p.member, memory, err);
    case SETTING_CHOICE:
        return find_word(p.row, value, p.member, err);
    case SETTING_INT:
    case SETTING_BYTES:
        return set_integer(p.row, value, p.member, err);
    case SETTING_SECONDS:
        return set_seconds(p.row, value, p.member, err);
    case SETTING_REAL:
        return set_real(p.row, value, p.member, err);
    case SETTING_BOOL:
        return set_bool(p.row, value, p.member, err);
    case SETTING_LIST:
        return add_to_list(p.row, value, p.member, memory, err);
    }
    return false;
}

void settings_defaults(const struct settings_table *table, void *options)
{
    struct settings_section section = {table, options, NULL};
    for (size_t i = 0; i < table->n; i++) {
        struct place p = place_at(&section, 1, i);
        if (p.row->kind == SETTING_LIST) *(struct string_list *)p.member = (struct string_list){0};
        bool ok = set_value(p, p.row->standard, NULL, NULL);
        assert(ok);
        (void)ok;
    }
}

/* ---- the sources, in order ---- */

/* One of them. A source that names a list for the first time replaces what earlier ones put there. */
struct source {
    const struct settings_section *sections;
    size_t n;
    struct arena *memory;
    enum setting_source which;
    bool seen[SETTINGS_MAX_ROWS];
};

static bool assign(struct source *from, struct place p, const char *value, struct error *err)
{
    assert(p.number < SETTINGS_MAX_ROWS);
    if (p.row->kind == SETTING_LIST && !from->seen[p.number]) {
        *(struct string_list *)p.member = (struct string_list){0};
    }
    from->seen[p.number] = true;
    if (p.source != NULL) *p.source = (unsigned char)from->which;
    return set_value(p, value, from->memory, err);
}

/* The same outside of files, where an empty secret is a variable that was to hold one and does not:
 * without it the server would be open. In a file its line says that there is none. */
static bool assign_given(struct source *from, struct place p, const char *value, struct error *err)
{
    if (!assign(from, p, value, err)) return false;
    assert(!p.row->secret || p.row->kind == SETTING_LIST);
    return !p.row->secret || value[strspn(value, ", \t\r\n\v\f")] != '\0' ||
           error_set(err, ERROR_INVALID_VALUE, p.row->name, "%s is empty: leave it out for none",
                     p.row->name);
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
    struct place p = find(from->sections, from->n, name);
    if (p.row == NULL) {
        return error_set(err, ERROR_UNKNOWN_FIELD, NULL, "%.100s:%d: unknown setting \"%.*s\"",
                         path, number, (int)(name.n < 60 ? name.n : 60), name.p);
    }
    char *text = arena_str(from->memory, value);
    return text == NULL ? no_memory(p.row, err) : assign(from, p, text, err);
}

static bool read_file(struct source from, const char *path, struct error *err)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return error_set(err, ERROR_BAD_FILE, "config", "%.160s: %s", path, strerror(errno));
    }
    char *text = mem_bytes(MAX_FILE_BYTES);
    size_t n = text == NULL ? 0 : fread(text, 1, MAX_FILE_BYTES, f);
    bool whole = text != NULL && feof(f) && !ferror(f);
    fclose(f);
    bool ok = whole || error_set(err, ERROR_BAD_FILE, "config",
                                 "%.160s: cannot be read, or is over 1 MiB", path);
    struct span rest = span_of(text, n);
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

/* The part of an entry NAME=value of the environment after "TOUCHSTONE_"; p NULL: another's. */
static struct span own_variable(const char *entry)
{
    struct span e = span_str(entry), prefix = span_str("TOUCHSTONE_");
    bool own = span_starts(e, prefix) && span_find(e, span_str("="), 0) != SPAN_NONE;
    return own ? span_slice(e, prefix.n, e.n) : span_of(NULL, 0);
}

/* Kubernetes gives every pod of a namespace variables for each service in it: for one called
 * "touchstone" SERVICE_HOST, SERVICE_PORT, PORT=tcp://..., PORT_8080_TCP and the like. */
static bool is_service_link(struct span variable)
{
    struct span port = span_str("PORT_");
    return span_starts(variable, span_str("SERVICE_")) ||
           span_starts(variable, span_str("PORT=tcp://")) ||
           span_starts(variable, span_str("PORT=udp://")) ||
           (span_starts(variable, port) && variable.n > port.n &&
            isdigit((unsigned char)variable.p[port.n]));
}

/* The name alone is logged: the value of a misspelt setting may be a key. */
static void pass_over(struct span variable)
{
    char name[160];
    snprintf(name, sizeof(name), "%.*s", (int)variable.n, variable.p);
    log_line(LOG_WARN, "environment", LOG_S("passed_over", name), LOG_END);
}

/* TOUCHSTONE_CONFIG is the file's name, not a setting; every other name must be one, or a
 * service's. */
static bool read_environment(struct source from, bool strict, struct error *err)
{
    for (char **entry = environ; *entry != NULL; entry++) {
        struct span e = own_variable(*entry);
        size_t eq = span_find(e, span_str("="), 0);
        struct span name = span_slice(e, 0, eq);
        if (e.p == NULL || span_is(name, "CONFIG")) continue;
        struct place p = find(from.sections, from.n, name);
        if (is_service_link(e) || (p.row == NULL && !strict)) {
            pass_over(span_slice(span_str(*entry), 0, strcspn(*entry, "=")));
            continue;
        }
        if (p.row == NULL) {
            return error_set(err, ERROR_UNKNOWN_FIELD, NULL,
                             "environment: unknown setting \"TOUCHSTONE_%.*s\"",
                             (int)(name.n < 80 ? name.n : 80), name.p);
        }
        if (!assign_given(&from, p, e.p + eq + 1, err)) return false;
    }
    return true;
}

/* Refuse a flag that no row has, with the name that it may have been. Its value is not repeated: it
 * may be a key. */
static bool unknown_flag(const struct source *from, const char *flag, struct error *err)
{
    char name[81]; /* no name that it may have been is as long as one that is cut here */
    const char *nearest = NULL;
    int best = INT_MAX;
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(flag + 2, "="), flag + 2);
    for (size_t s = 0; s < from->n; s++) {
        const struct settings_table *t = from->sections[s].table;
        for (size_t i = 0; i < t->n; i++) {
            int d = unknown_distance(name, t->rows[i].name);
            if (d < 0 || d >= best) continue;
            best = d;
            nearest = t->rows[i].name;
        }
    }
    return error_set(err, ERROR_UNKNOWN_FIELD, NULL, "unknown option --%s (%s%s)", name,
                     nearest == NULL ? "see --help" : "did you mean --",
                     nearest == NULL ? "" : nearest);
}

/* Short for a flag: "-m" is "--model". NULL: no such. */
static char *long_flag(const char *word)
{
    static char model[] = "--model", port[] = "--port";
    return strcmp(word, "-m") == 0 ? model : strcmp(word, "-p") == 0 ? port : NULL;
}

/* A value in the command line. A secret is written over: a list has its own copy. */
static bool assign_word(struct source *from, struct place p, char *value, struct error *err)
{
    bool ok = assign_given(from, p, value, err);
    if (p.row->secret) memset(value, 'x', strlen(value));
    return ok;
}

/* What "--name", "--name=value", "--name value" or "--no-name" says. *used: words taken. */
static bool read_flag(struct source *from, char **args, int n, int *used, struct error *err)
{
    struct span word = span_str(args[0] + 2);
    size_t eq = span_find(word, span_str("="), 0);
    struct place p = find(from->sections, from->n, span_slice(word, 0, eq));
    bool no = p.row == NULL && eq == SPAN_NONE && span_starts(word, span_str("no-"));
    if (no) p = find(from->sections, from->n, span_slice(word, 3, word.n));
    if (p.row == NULL || (no && p.row->kind != SETTING_BOOL)) {
        return unknown_flag(from, args[0], err);
    }
    *used = 1;
    if (eq != SPAN_NONE) return assign_word(from, p, args[0] + 2 + eq + 1, err);
    if (p.row->kind == SETTING_BOOL) return assign(from, p, no ? "false" : "true", err);
    if (n < 2) {
        return error_set(err, ERROR_MISSING_FIELD, p.row->name, "--%s wants a value", p.row->name);
    }
    *used = 2;
    return assign_word(from, p, args[1], err);
}

static bool read_flags(struct source from, int n, char **args, int *n_rest, struct error *err)
{
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
        } else if (args[i][0] == '-' && args[i][1] != '\0') {
            if (args[i][1] != '-' && long_flag(args[i]) == NULL) {
                return error_set(err, ERROR_UNKNOWN_FIELD, NULL,
                                 "unknown option %.80s (a word that begins with - comes after --)",
                                 args[i]);
            }
            if (args[i][1] != '-') args[i] = long_flag(args[i]);
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

bool settings_read(const struct settings_section *sections, size_t n, struct arena *memory,
                   bool strict, int n_args, char **args, int *n_rest, struct error *err)
{
    struct source from = {.sections = sections, .n = n, .memory = memory};
    const char *path;
    if (!config_path(n_args, args, &path, err)) return false;
    for (size_t i = 0; i < n; i++) {
        settings_defaults(sections[i].table, sections[i].options);
        if (sections[i].sources != NULL) memset(sections[i].sources, 0, sections[i].table->n);
    }
    from.which = SETTING_FILE;
    if (path != NULL && *path != '\0' && !read_file(from, path, err)) return false;
    from.which = SETTING_ENVIRONMENT;
    if (!read_environment(from, strict, err)) return false;
    from.which = SETTING_COMMAND_LINE;
    return read_flags(from, n_args, args, n_rest, err);
}

/* ---- what is printed from the rows ---- */

static void print_bounds(const struct setting *s, FILE *out)
{
    if (s->max <= 0 || (s->kind != SETTING_INT && s->kind != SETTING_REAL)) return;
    fprintf(out, " (%.15g to %lld)", s->kind == SETTING_REAL ? least_of(s) : (double)s->min,
            (long long)s->max);
}

static void print_flag(const struct setting *s, FILE *out)
{
    static const char *const values[] = {
        [SETTING_TEXT] = "TEXT",       [SETTING_INT] = "N",     [SETTING_BYTES] = "BYTES",
        [SETTING_SECONDS] = "SECONDS", [SETTING_LIST] = "TEXT", [SETTING_BOOL] = "",
        [SETTING_REAL] = "X",
    };
    char flag[160];
    bool words = s->kind == SETTING_WORD || s->kind == SETTING_CHOICE;
    bool on = s->kind == SETTING_BOOL && strcmp(s->standard, "true") == 0;
    snprintf(flag, sizeof(flag), "--%s%s %s", on ? "no-" : "", s->name,
             words ? s->words : values[s->kind]);
    fprintf(out, "  %-28s", flag);
    if (strlen(flag) > 28) fprintf(out, "\n%30s", "");
    fprintf(out, " %s%s", on ? "not: " : "", s->help);
    if (*s->standard != '\0' && s->kind != SETTING_BOOL) fprintf(out, " [%s]", s->standard);
    print_bounds(s, out);
    fputc('\n', out);
}

void settings_print_help(const struct settings_section *sections, size_t n, FILE *out)
{
    for (const struct settings_section *s = sections; s < sections + n; s++) {
        fprintf(out, "\n%s\n", s->table->title);
        for (size_t i = 0; i < s->table->n; i++) {
            print_flag(&s->table->rows[i], out);
        }
    }
    fprintf(out, "\n  %-28s %s\n", "--config FILE",
            "read settings from FILE (lines \"name = value\")");
}

static void print_lines(const struct setting *s, FILE *out)
{
    fprintf(out, "\n# %s", s->help);
    if (s->words != NULL) fprintf(out, " (%s)", s->words);
    print_bounds(s, out);
    fprintf(out, "\n#%s = %s\n", s->name, s->standard);
}

void settings_print_file(const struct settings_section *sections, size_t n, FILE *out)
{
    fprintf(out, "# Touchstone's settings, each at its default. A line that is not commented out "
                 "changes one.\n"
                 "# The environment (TOUCHSTONE_MAX_QUEUE=64) wins over this file, a flag "
                 "(--max-queue 64) over both.\n"
                 "# Written by: touchstone config\n");
    for (const struct settings_section *s = sections; s < sections + n; s++) {
        fprintf(out, "\n# ---- %s ----\n", s->table->title);
        for (size_t i = 0; i < s->table->n; i++) {
            print_lines(&s->table->rows[i], out);
        }
    }
}
