/* server/generate/tools.c - see tools.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/tools.h"

#include <ctype.h>
#include <string.h>

#include "base/emit.h"
#include "base/hash.h"
#include "base/json.h"
#include "server/generate/completion.h"
#include "server/generate/tool_form.h"
#include "server/http/state.h"

/* ---- tool_choice ---- */

static bool wrong_type(const char *name, const char *wanted, const cJSON *value, struct error *err)
{
    if (value == NULL) return error_set(err, ERROR_MISSING_FIELD, name, "%s is needed", wanted);
    return error_set(err, ERROR_INVALID_TYPE, name, "must be %s, not %s", wanted,
                     json_type_name(value));
}

/* {"type": "function", "function": {"name": ...}}: the name; NULL: *err is set. */
static const char *read_named(const cJSON *value, struct error *err)
{
    static const char *const members[] = {"type", "function", NULL}, *const own[] = {"name", NULL};
    const cJSON *function = json_get(value, "function"), *name;
    if (!json_check_keys(value, members, err)) return NULL;
    if (!cJSON_IsObject(function)) {
        wrong_type("function", "an object with a name", function, err);
        return NULL;
    }
    name = json_get(function, "name");
    bool fine = json_check_keys(function, own, err) &&
                (cJSON_IsString(name) || wrong_type("name", "a string", name, err));
    if (!fine) error_in(err, "function");
    return fine ? name->valuestring : NULL;
}

static bool read_word(const char *word, struct tool_choice *out, struct error *err)
{
    static const char *const words[] = {
        [CALLS_AUTO] = "auto", [CALLS_NONE] = "none", [CALLS_REQUIRED] = "required"};
    for (int i = 0; i <= CALLS_REQUIRED; i++) {
        if (strcmp(word, words[i]) != 0) continue;
        out->mode = (enum tool_mode)i;
        return true;
    }
    return error_set(err, ERROR_INVALID_VALUE, NULL,
                     "\"%.40s\" is none of \"auto\", \"none\", \"required\"", word);
}

/* {"mode": "auto" | "required", "tools": [{"type": "function", "function": {"name"}}, ...]} */
static bool read_allowed(const cJSON *value, struct tool_choice *out, struct error *err)
{
    static const char *const members[] = {"mode", "tools", NULL};
    const cJSON *mode = json_get(value, "mode"), *one;
    size_t i = 0;
    if (!cJSON_IsObject(value)) {
        return wrong_type(NULL, "an object with mode and tools", value, err);
    }
    if (!json_check_keys(value, members, err)) return false;
    if (!cJSON_IsString(mode)) return wrong_type("mode", "\"auto\" or \"required\"", mode, err);
    if (!read_word(mode->valuestring, out, err) || out->mode == CALLS_NONE) {
        return error_set(err, ERROR_INVALID_VALUE, "mode", "must be \"auto\" or \"required\"");
    }
    out->allowed = json_get(value, "tools");
    if (!cJSON_IsArray(out->allowed) || out->allowed->child == NULL) {
        return wrong_type("tools", "an array of tools, not empty", out->allowed, err);
    }
    cJSON_ArrayForEach(one, out->allowed)
    {
        bool object = cJSON_IsObject(one) || wrong_type(NULL, "an object", one, err);
        if (!object || read_named(one, err) == NULL) return error_in(err, "tools[%zu]", i);
        i++;
    }
    return true;
}

bool tool_choice_read(const struct field_context *context, const cJSON *value, void *out,
                      struct error *err)
{
    static const char *const allowed[] = {"type", "allowed_tools", NULL};
    struct tool_choice *choice = out;
    (void)context;
    if (cJSON_IsString(value)) return read_word(value->valuestring, choice, err);
    if (!cJSON_IsObject(value)) return wrong_type(NULL, "a string or an object", value, err);
    const cJSON *type = json_get(value, "type");
    if (!cJSON_IsString(type)) return wrong_type("type", "a string", type, err);
    if (strcmp(type->valuestring, "allowed_tools") == 0) {
        return json_check_keys(value, allowed, err) &&
               (read_allowed(json_get(value, "allowed_tools"), choice, err) ||
                error_in(err, "allowed_tools"));
    }
    if (strcmp(type->valuestring, "function") != 0) {
        return error_set(err, ERROR_UNSUPPORTED, "type",
                         "\"%.40s\" is not supported; \"function\" and \"allowed_tools\" are",
                         type->valuestring);
    }
    choice->mode = CALLS_NAMED;
    choice->name = read_named(value, err);
    return choice->name != NULL;
}

/* ---- tools ---- */

/* "return" is Hugging Face's, and some templates print it. */
static bool check_function(const cJSON *function, struct error *err)
{
    static const char *const members[] = {"name",   "description", "parameters",
                                          "strict", "return",      NULL};
    const cJSON *name = json_get(function, "name"), *parameters = json_get(function, "parameters");
    const cJSON *strict = json_get(function, "strict");
    if (!cJSON_IsString(name) || *name->valuestring == '\0' || json_has_nul(name) ||
        strlen(name->valuestring) > TOOL_NAME_BYTES) {
        return error_set(err, ERROR_INVALID_TYPE, "name",
                         "a function needs a name, a string of at most %d bytes", TOOL_NAME_BYTES);
    }
    if (!json_check_keys(function, members, err)) return false;
    if (strict != NULL && !cJSON_IsBool(strict)) {
        return wrong_type("strict", "true or false", strict, err);
    }
    bool schema = parameters == NULL || cJSON_IsObject(parameters) || cJSON_IsBool(parameters);
    return schema || wrong_type("parameters", "a schema, an object", parameters, err);
}

static bool check_tool(const cJSON *tool, struct error *err)
{
    static const char shape[] = "a tool is {\"type\": \"function\", \"function\": {\"name\": ...}}";
    const cJSON *type = json_get(tool, "type"), *function = json_get(tool, "function");
    if (!cJSON_IsObject(tool)) return error_set(err, ERROR_INVALID_TYPE, NULL, "%s", shape);
    if (type != NULL && !(cJSON_IsString(type) && strcmp(type->valuestring, "function") == 0)) {
        return error_set(err, ERROR_UNSUPPORTED, "type", "%s", shape);
    }
    if (!cJSON_IsObject(function)) {
        return error_set(err, ERROR_INVALID_TYPE, "function", "%s", shape);
    }
    return check_function(function, err) || error_in(err, "function");
}

bool tools_check(const cJSON *tools, struct error *err)
{
    const cJSON *tool;
    size_t i = 0;
    if (cJSON_GetArraySize(tools) > TOOLS_MOST) {
        return error_set(err, ERROR_TOO_LARGE, "tools", "more than %d tools", TOOLS_MOST);
    }
    cJSON_ArrayForEach(tool, tools)
    {
        if (!check_tool(tool, err)) return error_in(err, "tools[%zu]", i);
        i++;
    }
    return true;
}

/* ---- which may be called ---- */

static const char *name_of(const cJSON *tool)
{
    return json_get(json_get(tool, "function"), "name")->valuestring;
}

static bool is_in(const cJSON *tools, const char *name)
{
    const cJSON *tool;
    cJSON_ArrayForEach(tool, tools)
    {
        if (strcmp(name_of(tool), name) == 0) return true;
    }
    return false;
}

static bool check_names(const struct tool_offer *o, struct error *err)
{
    const struct tool_choice *choice = &o->choice;
    bool forced = choice->mode == CALLS_REQUIRED || choice->mode == CALLS_NAMED;
    const char *unknown =
        choice->name != NULL && !is_in(o->tools, choice->name) ? choice->name : NULL;
    const cJSON *one;
    cJSON_ArrayForEach(one, choice->allowed)
    {
        if (!is_in(o->tools, name_of(one))) unknown = name_of(one);
    }
    if (unknown != NULL) {
        return error_set(err, ERROR_INVALID_VALUE, "tool_choice",
                         "there is no tool \"%.64s\" among the tools", unknown);
    }
    if (!forced || (o->tools != NULL && o->tools->child != NULL)) return true;
    return error_set(err, ERROR_INVALID_VALUE, "tool_choice",
                     "a call is asked for, but no tools are offered");
}

static bool may_be_called(const struct tool_choice *choice, const char *name)
{
    if (choice->mode == CALLS_NAMED) return strcmp(name, choice->name) == 0;
    return choice->allowed == NULL || is_in(choice->allowed, name);
}

static bool gather(const struct tool_offer *o, struct arena *a, struct tool_use *use,
                   struct error *err)
{
    size_t room = (size_t)cJSON_GetArraySize(o->tools) + 1;
    struct tool *tools = arena_alloc(a, room, sizeof(*tools));
    int *places = arena_alloc(a, room, sizeof(*places)), place = 0;
    bool *strict = arena_alloc(a, room, sizeof(*strict));
    const cJSON *tool;
    if (tools == NULL || places == NULL || strict == NULL) {
        return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the tools");
    }
    cJSON_ArrayForEach(tool, o->tools)
    {
        const cJSON *function = json_get(tool, "function");
        if (may_be_called(&o->choice, name_of(tool))) {
            tools[use->n] = (struct tool){name_of(tool), json_get(function, "parameters")};
            strict[use->n] = cJSON_IsTrue(json_get(function, "strict"));
            use->any_strict = use->any_strict || strict[use->n];
            places[use->n++] = place;
        }
        place++;
    }
    use->tools = tools;
    use->places = places;
    use->strict = strict;
    return true;
}

void tools_short_id(struct span id, char *out)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    enum { LENGTH = 9 };
    bool fits = id.n == LENGTH;
    for (size_t i = 0; i < id.n && fits; i++) {
        fits = isalnum((unsigned char)id.p[i]) != 0;
    }
    uint64_t hash = hash_bytes(id);
    for (int i = 0; i < LENGTH; i++, hash /= 36) {
        out[i] = fits ? id.p[i] : digits[hash % 36];
    }
    out[LENGTH] = '\0';
}

/* ---- for a request ---- */

const struct tool_format *tools_format(const struct completion *c, const char *template)
{
    const char *set = c->exchange->server->o.tool_format;
    if (set != NULL) return tool_format_named(span_str(set));
    return tool_format_detect(template != NULL ? span_str(template)
                                               : engine_info(c->engine)->chat_template);
}

void tools_emit_function(const struct tool_call *call, struct buffer *out)
{
    emit_str(out, "type", "function");
    emit_object(out, "function");
    emit_str(out, "name", call->name);
    emit_text(out, "arguments", span_of(call->arguments, call->n_arguments));
    emit_close(out, '}');
}

bool tools_offer(struct completion *c, const struct tool_offer *o, struct error *err)
{
    struct tool_use use = {.mode = o->choice.mode, .one_call = o->one_call};
    if (!check_names(o, err)) return false;
    if (o->tools == NULL || o->tools->child == NULL || use.mode == CALLS_NONE) return true;
    use.format = tools_format(c, o->template);
    if (!gather(o, c->exchange->arena, &use, err)) return false;
    c->calls = (struct tool_calls_wanted){.format = use.format,
                                          .tools = use.tools,
                                          .n_tools = use.n,
                                          .most = o->one_call ? 1 : 0,
                                          .early = o->early};
    c->call_is_named = use.mode == CALLS_NAMED;
    if (use.format->special) c->params.engine.skip_special_tokens = false;
    return tool_form_set(&use, &c->params, c->exchange->arena, err);
}
