/* server/generate/message.c - see message.h. One function for each member that clients write in several
 * ways: role, content, calls, thoughts, images.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/message.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "server/generate/tools.h"

enum { TEXT_LIMIT = 256 << 20 };

bool message_no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the messages");
}

bool message_put(cJSON *object, const char *name, cJSON *value, struct error *err)
{
    return json_replace(object, name, value) || message_no_memory(err);
}

/* The text of one part: {"type": "text", "text": ...} (vLLM takes refusals and thoughts as text
 * too), or a bare string. NULL: the part's text is null, there is none. */
static bool part_text(const cJSON *part, const char **text, struct error *err)
{
    static const char *const kinds[][2] = {{"text", "text"},
                                           {"input_text", "text"},
                                           {"output_text", "text"},
                                           {"refusal", "refusal"},
                                           {"thinking", "thinking"}};
    if (cJSON_IsString(part)) {
        *text = part->valuestring;
        return true;
    }
    if (!cJSON_IsObject(part)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "a content part is an object, not %s",
                         json_type_name(part));
    }
    const cJSON *type = json_get(part, "type");
    if (!cJSON_IsString(type)) {
        return error_set(err, ERROR_MISSING_FIELD, "type", "a content part needs a type");
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(type->valuestring, kinds[i][0]) == 0) {
            bool there = cJSON_GetObjectItemCaseSensitive(part, kinds[i][1]) != NULL;
            if (there) return json_get_string(part, kinds[i][1], text, err);
            return error_set(err, ERROR_MISSING_FIELD, kinds[i][1],
                             "a part of type \"%s\" needs %s", kinds[i][0], kinds[i][1]);
        }
    }
    return error_set(err, ERROR_UNSUPPORTED, "type", "content of type \"%.40s\" is not supported",
                     type->valuestring);
}

/* [{"type": "text", "text": "a"}, ...] -> "a\n...", as vLLM joins them for templates that want a
 * string. The text is in the tree's form, so a NUL survives. */
static bool join_parts(cJSON *message, const cJSON *parts, struct error *err)
{
    struct buffer text;
    size_t i = 0;
    bool first = true;
    const cJSON *part;
    buffer_init(&text, TEXT_LIMIT);
    cJSON_ArrayForEach(part, parts)
    {
        const char *piece = NULL;
        if (!part_text(part, &piece, err)) {
            buffer_clear(&text);
            return error_in(err, "content[%zu]", i);
        }
        i++;
        if (piece == NULL) continue;
        if (!first) buffer_add_char(&text, '\n');
        first = false;
        buffer_add_str(&text, piece);
    }
    char *joined = buffer_take(&text);
    cJSON *value = joined == NULL ? NULL : cJSON_CreateString(joined);
    free(joined);
    buffer_clear(&text);
    return message_put(message, "content", value, err);
}

/* Content that is absent or null is no text: "", but for templates that ask for none. */
static bool finish_content(cJSON *message, bool keep_none, struct error *err)
{
    const cJSON *content = json_get(message, "content");
    if (content == NULL) {
        return message_put(message, "content",
                           keep_none ? cJSON_CreateNull() : cJSON_CreateString(""), err);
    }
    if (cJSON_IsString(content)) return true;
    if (cJSON_IsArray(content)) return join_parts(message, content, err);
    return error_set(err, ERROR_INVALID_TYPE, "content",
                     "content must be a string or an array of parts, not %s",
                     json_type_name(content));
}

/* An object as its text. NULL: no memory. */
static cJSON *as_text(const cJSON *object)
{
    struct buffer text;
    buffer_init(&text, TEXT_LIMIT);
    char *printed = json_print(object, &text) ? buffer_take(&text) : NULL;
    cJSON *value = printed == NULL ? NULL : cJSON_CreateString(printed);
    free(printed);
    buffer_clear(&text);
    return value;
}

/* The arguments of a call come as the text of a JSON object. What a model wrote and is no object stays as it
 * was written where the template takes text; else it counts as no arguments, as in vLLM: a conversation goes
 * on after a broken call. */
static bool finish_arguments(cJSON *function, bool as_texts, struct error *err)
{
    const cJSON *arguments = json_get(function, "arguments");
    if (cJSON_IsObject(arguments)) {
        return !as_texts || message_put(function, "arguments", as_text(arguments), err);
    }
    if (arguments != NULL && !cJSON_IsString(arguments)) {
        return error_set(err, ERROR_INVALID_TYPE, "arguments",
                         "arguments must be a string or an object, not %s",
                         json_type_name(arguments));
    }
    struct error why = {0};
    cJSON *parsed = arguments == NULL ? NULL : json_parse(span_str(arguments->valuestring), &why);
    if (why.code == ERROR_NO_MEMORY) return message_no_memory(err);
    if (cJSON_IsObject(parsed) && !as_texts) return message_put(function, "arguments", parsed, err);
    cJSON_Delete(parsed);
    bool written = as_texts && arguments != NULL && arguments->valuestring[0] != '\0';
    if (written) return true; /* as the model wrote it */
    return message_put(function, "arguments",
                       as_texts ? cJSON_CreateString("{}") : cJSON_CreateObject(), err);
}

static bool shorten_id(cJSON *object, const char *name, struct error *err)
{
    const cJSON *id = json_get(object, name);
    char made[TOOL_ID_ROOM];
    if (!cJSON_IsString(id)) return true;
    tools_short_id(span_str(id->valuestring), made);
    return message_put(object, name, cJSON_CreateString(made), err);
}

/* What a call calls: a function, and which. */
static bool check_call(const cJSON *call, struct error *err)
{
    if (!cJSON_IsObject(call)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "a call must be an object, not %s",
                         json_type_name(call));
    }
    const cJSON *function = json_get(call, "function");
    if (!cJSON_IsObject(function)) {
        return error_set(err, ERROR_INVALID_TYPE, "function", "function must be an object, not %s",
                         json_type_name(function));
    }
    const cJSON *name = json_get(function, "name");
    if (cJSON_IsString(name)) return true;
    if (name == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "function.name", "a call needs a name");
    }
    return error_set(err, ERROR_INVALID_TYPE, "function.name", "name must be a string, not %s",
                     json_type_name(name));
}

static bool finish_calls(cJSON *message, struct template_habits habits, struct error *err)
{
    const cJSON *calls = json_get(message, "tool_calls");
    size_t i = 0;
    cJSON *call;
    if (habits.short_ids && !shorten_id(message, "tool_call_id", err)) return false;
    if (calls == NULL) return true;
    if (!cJSON_IsArray(calls)) {
        return error_set(err, ERROR_INVALID_TYPE, "tool_calls",
                         "tool_calls must be an array, not %s", json_type_name(calls));
    }
    cJSON_ArrayForEach(call, calls)
    {
        if (!check_call(call, err)) return error_in(err, "tool_calls[%zu]", i);
        cJSON *function = cJSON_GetObjectItemCaseSensitive(call, "function");
        if (habits.short_ids && !shorten_id(call, "id", err)) return false;
        if (!finish_arguments(function, habits.text_arguments, err)) {
            return error_in(err, "tool_calls[%zu].function", i);
        }
        i++;
    }
    if (i == 0) cJSON_DeleteItemFromObjectCaseSensitive(message, "tool_calls");
    return true;
}

/* Three names of one thing: templates know one of the first two or the other, Ollama says the last. */
static bool finish_reasoning(cJSON *message, struct error *err)
{
    static const char *const names[] = {"reasoning_content", "reasoning", "thinking"};
    enum { OF_TEMPLATES = 2, NAMES = 3 };
    const char *thoughts = NULL;
    for (int i = 0; i < NAMES; i++) {
        const cJSON *here = json_get(message, names[i]);
        if (here != NULL && !cJSON_IsString(here)) {
            return error_set(err, ERROR_INVALID_TYPE, names[i], "%s must be a string, not %s",
                             names[i], json_type_name(here));
        }
        if (here != NULL && thoughts == NULL) thoughts = here->valuestring;
    }
    for (int i = 0; i < OF_TEMPLATES && thoughts != NULL; i++) {
        if (json_get(message, names[i]) != NULL) continue;
        if (!message_put(message, names[i], cJSON_CreateString(thoughts), err)) return false;
    }
    return true;
}

/* Ollama's place for them is beside the content. */
static bool check_images(const cJSON *message, struct error *err)
{
    const cJSON *images = json_get(message, "images");
    if (images == NULL || (cJSON_IsArray(images) && images->child == NULL)) return true;
    return error_set(err, ERROR_UNSUPPORTED, "images", "this is a text model: it takes no images");
}

/* A null member is no member, at every depth of a message but in its parts, which are looked at one
 * by one, and in what is the client's own, the arguments of its calls. */
static void drop_nulls(cJSON *value)
{
    static const char *const own[] = {"content", "arguments"};
    for (cJSON *member = value->child, *next; member != NULL; member = next) {
        next = member->next;
        if (cJSON_IsNull(member) && cJSON_IsObject(value)) {
            cJSON_Delete(cJSON_DetachItemViaPointer(value, member));
        } else if (member->string == NULL ||
                   (strcmp(member->string, own[0]) != 0 && strcmp(member->string, own[1]) != 0)) {
            drop_nulls(member);
        }
    }
}

/* OpenAI's newer word for "system", which few templates know. */
static bool finish_role(cJSON *message, bool knows_developer, struct error *err)
{
    const cJSON *role = json_get(message, "role");
    if (role == NULL) return error_set(err, ERROR_MISSING_FIELD, "role", "a message needs a role");
    if (!cJSON_IsString(role)) {
        return error_set(err, ERROR_INVALID_TYPE, "role", "role must be a string, not %s",
                         json_type_name(role));
    }
    if (knows_developer || strcmp(role->valuestring, "developer") != 0) return true;
    return message_put(message, "role", cJSON_CreateString("system"), err);
}

/* null, "" or []. */
static bool is_empty(const cJSON *value)
{
    return value == NULL || (cJSON_IsString(value) && value->valuestring[0] == '\0') ||
           (cJSON_IsArray(value) && value->child == NULL);
}

/* A message says something; an assistant may call tools instead, think or refuse, and may say null, as
 * our own replies do that clients send back. */
static bool check_content(const cJSON *message, struct error *err)
{
    static const char *const instead[] = {"tool_calls", "reasoning_content", "reasoning",
                                          "thinking",   "refusal",           "function_call"};
    bool assistant = strcmp(json_get(message, "role")->valuestring, "assistant") == 0;
    bool says = json_get(message, "content") != NULL ||
                (assistant && cJSON_GetObjectItemCaseSensitive(message, "content") != NULL);
    for (size_t i = 0; assistant && i < sizeof(instead) / sizeof(instead[0]); i++) {
        says = says || !is_empty(json_get(message, instead[i]));
    }
    return says || error_set(err, ERROR_MISSING_FIELD, "content", "a message%s needs content",
                             assistant ? " without tool_calls" : "");
}

bool message_finish(cJSON *message, struct template_habits habits, bool may_be_empty,
                    struct error *err)
{
    if (!cJSON_IsObject(message)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "a message is an object, not %s",
                         json_type_name(message));
    }
    if (!finish_role(message, habits.knows_developer, err) ||
        (!may_be_empty && !check_content(message, err))) {
        return false;
    }
    drop_nulls(message);
    return finish_content(message, habits.keeps_none, err) && finish_calls(message, habits, err) &&
           finish_reasoning(message, err) && check_images(message, err);
}
