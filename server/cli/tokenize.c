/* server/cli/tokenize.c - touchstone tokenize: {"text"} lines to {"ids"}, {"ids"} lines to
 * {"text"}.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/cli.h"

#include <stddef.h>

#include "base/arena.h"
#include "base/fields.h"
#include "base/json.h"

enum { MAX_TEXT = 1 << 28, ARENA_LINE = 1 << 28 };

struct line {
    struct span text;   /* p NULL: none */
    struct id_list ids; /* ids NULL: none */
    bool add_special, parse_special, skip_special;
};

#define AT(field) .offset = offsetof(struct line, field)
static const struct field rows[] = {
    {"text", FIELD_TEXT, AT(text), .doc = "what becomes ids"},
    {"ids", FIELD_READ, AT(ids), .read = field_read_ids, .doc = "what becomes text"},
    {"add_special", FIELD_BOOL, AT(add_special), .fallback = "false",
     .doc = "with the tokens that the model puts around a text"},
    {"parse_special", FIELD_BOOL, AT(parse_special), .fallback = "true",
     .doc = "names of special tokens are read as such"},
    {"skip_special", FIELD_BOOL, AT(skip_special), .fallback = "false",
     .doc = "special tokens are no part of the text"},
    {0},
};

static bool text_to_ids(struct engine *e, const struct line *in, cJSON *reply, struct error *err)
{
    struct tokens ids = {0};
    bool ok = engine_tokenize(e, in->text, in->add_special, in->parse_special, &ids, err);
    if (ok) {
        json_put(reply, "ids",
                 ids.n == 0 ? cJSON_CreateArray() : cJSON_CreateIntArray(ids.ids, (int)ids.n));
    }
    tokens_clear(&ids);
    return ok;
}

static bool ids_to_text(struct engine *e, const struct line *in, cJSON *reply, struct error *err)
{
    struct buffer text;
    buffer_init(&text, MAX_TEXT);
    bool ok = engine_detokenize(e, in->ids.ids, (size_t)in->ids.n, in->skip_special, &text, err);
    if (ok) json_put(reply, "text", json_string(buffer_span(&text)));
    buffer_clear(&text);
    return ok;
}

static bool handle_in(struct engine *e, const cJSON *in, struct arena *a, cJSON *reply,
                      struct error *err)
{
    struct line line = {0};
    struct field_table table = FIELD_TABLE(rows, &line);
    struct field_context context = {.arena = a, .n_vocab = engine_info(e)->n_vocab};
    if (!fields_read(in, &table, 1, &context, err)) return false;
    if (line.text.p != NULL) return text_to_ids(e, &line, reply, err);
    if (line.ids.ids != NULL) return ids_to_text(e, &line, reply, err);
    return error_set(err, ERROR_MISSING_FIELD, "text",
                     "a line needs \"text\" (a string) or \"ids\" (an array)");
}

static bool handle(void *arg, const cJSON *in, cJSON *reply, struct error *err)
{
    struct arena *a = arena_new(ARENA_LINE);
    if (a == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the line");
    bool ok = handle_in(arg, in, a, reply, err);
    arena_free(a);
    return ok;
}

int cli_tokenize(int n, char **args)
{
    struct cli_settings s;
    struct error err = {0};
    struct engine_options o;
    static const struct cli_usage usage = {
        .text = "tokenize [--model PATH] [FILE.jsonl|-]\n\n"
                "{\"text\", \"add_special\": false, \"parse_special\": true} a line becomes "
                "{\"ids\"};\n"
                "{\"ids\", \"skip_special\": false} becomes {\"text\"}.\n",
        .flag_help = "  --model PATH                 GGUF file, of a vocabulary alone will do, or "
                     "Hugging Face "
                     "folder; none: the built-in model\n",
        .sections = CLI_LOG,
        .operands = 1,
        .one_more = "one file at a time"};
    if (!cli_read(&usage, NULL, &n, args, &s)) return CLI_USAGE;
    struct engine *e = NULL;
    if (cli_engine_options(&s, &o, &err)) {
        o.vocabulary_only = true;
        e = engine_open(&o, &err);
    }
    int status = e != NULL && engine_wait(e, &err)
                     ? cli_each_line(n > 0 ? args[0] : NULL, handle, e)
                     : cli_fail(&err);
    engine_close(e);
    cli_settings_clear(&s);
    return status;
}
