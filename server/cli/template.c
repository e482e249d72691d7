/* server/cli/template.c - touchstone template: conversations rendered, a JSON line each.
 *
 * A line holds messages and, if wanted, tools, add_generation_prompt, bos_token, eos_token,
 * kwargs, now. The template is that of --template, else of --model, else the file that the line's
 * "template" names, beside the file of lines.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/cli.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/fields.h"
#include "base/json.h"
#include "base/mem.h"

enum { MAX_TEMPLATE = 4 << 20, MAX_TEXT = 64 << 20 };

struct renderer {
    struct engine *engine;  /* --model; else NULL */
    struct buffer template; /* --template; else read for each line */
    const char *folder;     /* of the file of lines */
};

static bool read_template(struct buffer *out, const char *folder, const char *name,
                          struct error *err)
{
    char path[PATH_MAX], chunk[65536];
    bool apart = folder != NULL && name[0] != '/';
    snprintf(path, sizeof(path), "%s%s%s", apart ? folder : "", apart ? "/" : "", name);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return error_set(err, ERROR_BAD_FILE, "template", "%.160s: %s", path, strerror(errno));
    }
    buffer_clear(out);
    for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;) {
        buffer_add(out, chunk, n);
    }
    bool ok = !ferror(f) && !out->failed;
    fclose(f);
    return ok || error_set(err, ERROR_BAD_FILE, "template",
                           "%.160s: cannot be read, or is over %d bytes", path, MAX_TEMPLATE);
}

/* "2026-03-14T15:09:26" as seconds since 1970. */
static bool read_now(const struct field_context *context, const cJSON *value, void *out,
                     struct error *err)
{
    struct tm tm = {0};
    (void)context;
    if (!cJSON_IsString(value)) return field_wrong_type(value, "a string", err);
    const char *end = strptime(value->valuestring, "%Y-%m-%dT%H:%M:%S", &tm);
    if (end == NULL || *end != '\0') {
        return error_set(err, ERROR_INVALID_VALUE, NULL, "now must look like 2026-03-14T15:09:26");
    }
    *(int64_t *)out = (int64_t)timegm(&tm);
    return true;
}

static bool read_name(const struct field_context *context, const cJSON *value, void *out,
                      struct error *err)
{
    (void)context;
    if (!cJSON_IsString(value)) return field_wrong_type(value, "a string", err);
    *(const char **)out = value->valuestring;
    return true;
}

struct line {
    const cJSON *messages, *tools, *kwargs;
    bool add_generation_prompt;
    const char *bos, *eos, *template;
    int64_t now;
};

#define AT(field) .offset = offsetof(struct line, field)
static const struct field rows[] = {
    {"messages", FIELD_VALUE, AT(messages), .doc = "the conversation"},
    {"tools", FIELD_VALUE, AT(tools), .doc = "functions that the model may call"},
    {"kwargs", FIELD_VALUE, AT(kwargs), .doc = "what the template is told beside"},
    {"add_generation_prompt", FIELD_BOOL, AT(add_generation_prompt), .fallback = "false",
     .doc = "the assistant's turn is opened"},
    {"bos_token", FIELD_READ, AT(bos), .read = read_name, .doc = "without a model: its text"},
    {"eos_token", FIELD_READ, AT(eos), .read = read_name, .doc = "without a model: its text"},
    {"template", FIELD_READ, AT(template), .read = read_name,
     .doc = "a file, where neither --template nor --model is given"},
    {"now", FIELD_READ, AT(now), .read = read_now,
     .doc = "UTC, as 2026-03-14T15:09:26; none: the clock's"},
    {"...", .kind = FIELD_OTHERS, .doc = "notes of the file's own"},
    {0},
};

static bool render(struct renderer *r, const cJSON *in, struct buffer *out, struct error *err)
{
    struct line l = {.now = clock_unix_s()};
    struct field_table table = FIELD_TABLE(rows, &l);
    const struct field_context context = {0};
    if (!fields_read(in, &table, 1, &context, err)) return false;
    if (r->engine != NULL) {
        return engine_render_chat(r->engine, NULL, l.messages, l.tools, l.kwargs,
                                  l.add_generation_prompt, out, err);
    }
    bool fixed = r->folder == NULL;
    if (!fixed && l.template == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "template",
                         "no template: name one with --template or --model, or in the line");
    }
    if (!fixed && !read_template(&r->template, r->folder, l.template, err)) return false;
    return engine_render_template(buffer_span(&r->template), l.messages, l.tools, l.kwargs,
                                  l.add_generation_prompt, l.bos, l.eos, l.now, out, err);
}

static bool handle(void *arg, const cJSON *in, cJSON *reply, struct error *err)
{
    struct buffer out;
    buffer_init(&out, MAX_TEXT);
    bool ok = render(arg, in, &out, err);
    if (ok) json_put(reply, "rendered", json_string(buffer_span(&out)));
    buffer_clear(&out);
    return ok;
}

static struct engine *open_vocabulary(const struct cli_settings *s, struct error *err)
{
    struct engine_options o;
    if (!cli_engine_options(s, &o, err)) return NULL;
    o.vocabulary_only = true;
    struct engine *e = engine_open(&o, err);
    if (e != NULL && engine_wait(e, err)) return e;
    engine_close(e);
    return NULL;
}

/* Where templates named in lines are looked for: the folder of the file of lines. */
static char *folder_of(const char *path)
{
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    return mem_text(slash == NULL ? span_str(".") : span_of(path, (size_t)(slash - path)), NULL);
}

int cli_template(int n, char **args)
{
    const char *template = NULL;
    const struct cli_flag flags[] = {{"--template", .text = &template}, {.name = NULL}};
    struct cli_settings s;
    struct error err = {0};
    static const struct cli_usage usage = {
        .text = "template [--template FILE.jinja | --model PATH] [FILE.jsonl|-]\n\n"
                "A line with messages (and tools, add_generation_prompt, bos_token, eos_token, "
                "kwargs,\n"
                "now) becomes {\"rendered\"} or {\"error\"}. Without --template and --model a line "
                "names\n"
                "its template's file.\n",
        .flag_help =
            "  --template FILE              render this template\n"
            "  --model PATH                 render that of a GGUF file or Hugging Face folder\n",
        .sections = CLI_LOG,
        .operands = 1,
        .one_more = "one file at a time"};
    if (!cli_read(&usage, flags, &n, args, &s)) return CLI_USAGE;
    const char *lines = n > 0 ? args[0] : NULL;
    struct renderer r = {0};
    buffer_init(&r.template, MAX_TEMPLATE);
    char *folder = folder_of(lines);
    bool ok = true;
    if (template != NULL) {
        ok = read_template(&r.template, NULL, template, &err);
    } else if (s.engine.model_path != NULL) {
        r.engine = open_vocabulary(&s, &err);
        ok = r.engine != NULL;
    } else {
        r.folder = folder;
    }
    int status = ok ? cli_each_line(lines, handle, &r) : cli_fail(&err);
    engine_close(r.engine);
    buffer_clear(&r.template);
    free(folder);
    cli_settings_clear(&s);
    return status;
}
