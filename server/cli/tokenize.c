/* server/cli/tokenize.c - touchstone tokenize: {"text"} lines to {"ids"}, {"ids"} lines to
 * {"text"}.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/cli.h"

#include <stdlib.h>

#include "base/json.h"

enum { MAX_IDS = 1 << 24, MAX_TEXT = 1 << 28, ARENA_LINE = 1 << 28 };

static bool text_to_ids(struct engine *e, const cJSON *in, cJSON *reply, struct error *err)
{
    bool add_special = false, parse_special = true;
    if (!json_get_bool(in, "add_special", &add_special, err) ||
        !json_get_bool(in, "parse_special", &parse_special, err)) {
        return false;
    }
    struct arena *a = arena_new(ARENA_LINE);
    struct tokens ids = {0};
    bool ok = a != NULL && engine_tokenize(e, json_text(json_get(in, "text"), a), add_special,
                                           parse_special, &ids, err);
    if (ok) {
        json_put(reply, "ids",
                 ids.n == 0 ? cJSON_CreateArray() : cJSON_CreateIntArray(ids.ids, (int)ids.n));
    }
    tokens_clear(&ids);
    arena_free(a);
    return ok;
}

static bool read_ids(const cJSON *list, struct tokens *ids, struct error *err)
{
    const cJSON *id;
    cJSON_ArrayForEach(id, list)
    {
        if (!cJSON_IsNumber(id) || id->valuedouble != (double)id->valueint) {
            return error_set(err, ERROR_INVALID_TYPE, "ids", "ids[%zu] must be an integer", ids->n);
        }
        if (ids->n == MAX_IDS) {
            return error_set(err, ERROR_TOO_LARGE, "ids", "more than %d ids", MAX_IDS);
        }
        if (!tokens_push(ids, id->valueint, err)) return false;
    }
    return true;
}

static bool ids_to_text(struct engine *e, const cJSON *in, cJSON *reply, struct error *err)
{
    bool skip_special = false;
    struct tokens ids = {0};
    struct buffer text;
    buffer_init(&text, MAX_TEXT);
    bool ok = json_get_bool(in, "skip_special", &skip_special, err) &&
              read_ids(json_get(in, "ids"), &ids, err) &&
              engine_detokenize(e, ids.ids, ids.n, skip_special, &text, err);
    if (ok) json_put(reply, "text", json_string(buffer_span(&text)));
    buffer_clear(&text);
    tokens_clear(&ids);
    return ok;
}

static bool handle(void *arg, const cJSON *in, cJSON *reply, struct error *err)
{
    static const char *const keys[] = {"text",          "ids",          "add_special",
                                       "parse_special", "skip_special", NULL};
    if (!json_check_keys(in, keys, err)) return false;
    if (cJSON_IsString(json_get(in, "text"))) return text_to_ids(arg, in, reply, err);
    if (cJSON_IsArray(json_get(in, "ids"))) return ids_to_text(arg, in, reply, err);
    return error_set(err, ERROR_MISSING_FIELD, "text",
                     "a line needs \"text\" (a string) or \"ids\" (an array)");
}

int cli_tokenize(int n, char **args)
{
    struct cli_settings s;
    struct error err = {0};
    struct engine_options o;
    static const struct cli_usage usage = {
        "tokenize [--model PATH] [FILE.jsonl|-]\n\n"
        "{\"text\", \"add_special\": false, \"parse_special\": true} a line becomes {\"ids\"};\n"
        "{\"ids\", \"skip_special\": false} becomes {\"text\"}.\n",
        "  --model PATH                 GGUF file, of a vocabulary alone will do, or Hugging Face "
        "folder; none: the built-in model\n",
        CLI_LOG};
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
