/* server/routes/anthropic_input.c - Anthropic's messages and tools as OpenAI's chat has them.
 *
 *     user:      text                   {"role": "user", "content"}
 *                tool_result            {"role": "tool", "tool_call_id", "content"}, each by itself
 *     assistant: text, thinking,        {"role": "assistant", "content", "reasoning_content",
 *                tool_use                "tool_calls"}, one message
 *     system                            {"role": "system", "content"} before all
 *
 * An assistant's message at the end is one that the model goes on with. Thoughts that came back are
 * taken as they are: their signature says who wrote them to Anthropic, not to us.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/anthropic.h"

#include <string.h>

#include "base/json.h"

/* The type of a block; NULL and the error. */
static const char *type_of(const cJSON *block, struct error *err)
{
    if (cJSON_IsObject(block)) return json_need_text(block, "type", err);
    json_wrong_type(block, NULL, "an object", err);
    return NULL;
}

/* ---- texts ---- */

/* {"type": "text", "text": text} at the end of parts. */
static bool add_part(cJSON *parts, const char *text, struct error *err)
{
    cJSON *part = cJSON_CreateObject();
    if (part == NULL || !cJSON_AddItemToArray(parts, part)) {
        cJSON_Delete(part);
        return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the messages");
    }
    return talk_put(part, "type", cJSON_CreateString("text"), err) &&
           talk_put(part, "text", cJSON_CreateString(text), err);
}

/* The text of a block that is only text to us; NULL: it is another kind, or the error. */
static const char *text_of(const cJSON *block, const char *type, struct error *err)
{
    if (strcmp(type, "text") == 0) return json_need_text(block, "text", err);
    if (strcmp(type, "document") != 0) return NULL;
    const cJSON *source = json_get(block, "source");
    const cJSON *kind = json_get(source, "type");
    if (cJSON_IsString(kind) && strcmp(kind->valuestring, "text") == 0) {
        const char *text = json_need_text(source, "data", err);
        if (text == NULL) error_in(err, "source");
        return text;
    }
    error_set(err, ERROR_UNSUPPORTED, "source.type", "of documents only plain text is supported");
    return NULL;
}

static bool unsupported(const char *type, struct error *err)
{
    bool image = strcmp(type, "image") == 0;
    return error_set(err, ERROR_UNSUPPORTED, "type",
                     image ? "this is a text model: it takes no images (\"%.40s\")"
                           : "content of type \"%.40s\" is not supported here",
                     type);
}

/* A string, or an array of blocks of text, as object's content. */
static bool put_texts(cJSON *object, const cJSON *content, struct error *err)
{
    cJSON *parts = cJSON_CreateArray();
    const cJSON *block;
    size_t i = 0;
    if (!talk_put(object, "content", parts, err)) return false;
    if (content == NULL) return true;
    if (cJSON_IsString(content)) return add_part(parts, content->valuestring, err);
    if (!cJSON_IsArray(content)) return json_wrong_type(content, NULL, "a string or an array", err);
    cJSON_ArrayForEach(block, content)
    {
        const char *type = type_of(block, err);
        const char *text = type == NULL ? NULL : text_of(block, type, err);
        if (type != NULL && text == NULL && err->code == ERROR_NONE) unsupported(type, err);
        if (text == NULL || !add_part(parts, text, err)) return error_in(err, "[%zu]", i);
        i++;
    }
    return true;
}

/* ---- the user's turn ---- */

static bool add_result(cJSON *messages, const cJSON *block, struct error *err)
{
    const char *id = json_need_text(block, "tool_use_id", err);
    cJSON *turn = id == NULL ? NULL : talk_add_turn(messages, "tool", err);
    if (turn == NULL || !talk_put(turn, "tool_call_id", cJSON_CreateString(id), err)) return false;
    return put_texts(turn, json_get(block, "content"), err) || error_in(err, "content");
}

/* What is text goes into one message up to the next result of a tool. */
static bool add_user_block(cJSON *messages, cJSON **parts, const cJSON *block, struct error *err)
{
    const char *type = type_of(block, err);
    if (type == NULL) return false;
    if (strcmp(type, "tool_result") == 0) {
        *parts = NULL;
        return add_result(messages, block, err);
    }
    const char *text = text_of(block, type, err);
    if (text == NULL) return err->code == ERROR_NONE ? unsupported(type, err) : false;
    if (*parts == NULL) {
        cJSON *turn = talk_add_turn(messages, "user", err), *list = cJSON_CreateArray();
        if (turn == NULL) cJSON_Delete(list);
        if (turn == NULL || !talk_put(turn, "content", list, err)) return false;
        *parts = list;
    }
    return add_part(*parts, text, err);
}

/* ---- the assistant's turn ---- */

/* The trees of the message that is being made. */
struct answer {
    cJSON *content, *calls;
    struct buffer thoughts;
};

static bool add_use(cJSON *calls, const cJSON *block, struct error *err)
{
    const char *id = json_need_text(block, "id", err);
    const char *name = id == NULL ? NULL : json_need_text(block, "name", err);
    const cJSON *input = json_get(block, "input");
    if (name == NULL) return false;
    if (!cJSON_IsObject(input)) return json_wrong_type(input, "input", "an object", err);
    cJSON *call = cJSON_CreateObject(), *function = cJSON_CreateObject();
    if (call == NULL || !cJSON_AddItemToArray(calls, call)) {
        cJSON_Delete(call);
        cJSON_Delete(function);
        return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the messages");
    }
    return talk_put(call, "function", function, err) &&
           talk_put(call, "id", cJSON_CreateString(id), err) &&
           talk_put(call, "type", cJSON_CreateString("function"), err) &&
           talk_put(function, "name", cJSON_CreateString(name), err) &&
           talk_put(function, "arguments", cJSON_Duplicate(input, true), err);
}

static bool add_answer_block(struct answer *a, const cJSON *block, struct error *err)
{
    const char *type = type_of(block, err), *text;
    if (type == NULL) return false;
    if (strcmp(type, "redacted_thinking") == 0) return true; /* nobody here can read it */
    if (strcmp(type, "tool_use") == 0) return add_use(a->calls, block, err);
    if (strcmp(type, "thinking") == 0) {
        text = json_need_text(block, "thinking", err);
        if (text != NULL) buffer_add_str(&a->thoughts, text);
        return text != NULL;
    }
    if (strcmp(type, "text") != 0) return unsupported(type, err);
    text = json_need_text(block, "text", err);
    return text != NULL && add_part(a->content, text, err);
}

static bool add_answer_blocks(struct answer *a, const cJSON *content, struct error *err)
{
    const cJSON *block;
    size_t i = 0;
    cJSON_ArrayForEach(block, content)
    {
        if (!add_answer_block(a, block, err)) return error_in(err, "content[%zu]", i);
        i++;
    }
    return true;
}

static bool put_thoughts(cJSON *turn, struct buffer *thoughts, struct error *err)
{
    if (thoughts->failed) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for thoughts");
    return thoughts->n == 0 ||
           talk_put(turn, "reasoning_content", json_string(buffer_span(thoughts)), err);
}

static bool add_answer(cJSON *messages, const cJSON *content, struct error *err)
{
    enum { THOUGHTS_LIMIT = 256 << 20 };
    cJSON *turn = talk_add_turn(messages, "assistant", err);
    struct answer a = {.content = cJSON_CreateArray(), .calls = cJSON_CreateArray()};
    buffer_init(&a.thoughts, THOUGHTS_LIMIT);
    if (turn == NULL) {
        cJSON_Delete(a.content);
        cJSON_Delete(a.calls);
        return false;
    }
    bool put = talk_put(turn, "content", a.content, err);
    put = talk_put(turn, "tool_calls", a.calls, err) && put; /* both are taken */
    bool ok = put && add_answer_blocks(&a, content, err) && put_thoughts(turn, &a.thoughts, err);
    buffer_clear(&a.thoughts);
    return ok;
}

/* ---- messages ---- */

static bool add_user_blocks(cJSON *messages, const cJSON *content, struct error *err)
{
    cJSON *parts = NULL;
    const cJSON *block;
    size_t i = 0;
    cJSON_ArrayForEach(block, content)
    {
        if (!add_user_block(messages, &parts, block, err)) return error_in(err, "content[%zu]", i);
        i++;
    }
    return true;
}

static bool add_message(cJSON *messages, const cJSON *m, struct error *err)
{
    if (!cJSON_IsObject(m)) return json_wrong_type(m, NULL, "an object", err);
    const char *role = json_need_text(m, "role", err);
    const cJSON *content = json_get(m, "content");
    if (role == NULL) return false;
    bool user = strcmp(role, "user") == 0, assistant = strcmp(role, "assistant") == 0;
    if (!user && !assistant && strcmp(role, "system") != 0) {
        return error_set(err, ERROR_INVALID_VALUE, "role",
                         "\"%.40s\" is none of \"user\", \"assistant\", \"system\"", role);
    }
    if (user && cJSON_IsArray(content) && content->child == NULL) {
        return error_set(err, ERROR_INVALID_VALUE, "content", "the message has no block");
    }
    if (cJSON_IsArray(content) && user) return add_user_blocks(messages, content, err);
    if (cJSON_IsArray(content) && assistant) return add_answer(messages, content, err);
    if (content == NULL || (!cJSON_IsString(content) && !cJSON_IsArray(content))) {
        return json_wrong_type(content, "content", "a string or an array of blocks", err);
    }
    cJSON *turn = talk_add_turn(messages, role, err);
    return turn != NULL && (put_texts(turn, content, err) || error_in(err, "content"));
}

/* A message of the assistant's that is no call: one to go on with. */
static bool is_begun(const cJSON *message)
{
    const cJSON *calls = json_get(message, "tool_calls");
    bool called = calls != NULL && calls->child != NULL;
    return strcmp(json_get(message, "role")->valuestring, "assistant") == 0 && !called;
}

static bool read_messages(struct messages *m, struct error *err)
{
    struct conversation *talk = &m->talk.conversation;
    cJSON *messages = talk_make_list(&m->talk, "messages", err);
    const cJSON *one, *last = m->list->child == NULL ? NULL : m->list->child->prev;
    size_t i = 0;
    if (messages == NULL) return false;
    talk->messages = messages;
    if (last == NULL) {
        return error_set(err, ERROR_INVALID_VALUE, "messages", "the list of messages is empty");
    }
    if (m->system != NULL) {
        cJSON *turn = talk_add_turn(messages, "system", err);
        if (turn == NULL) return false;
        if (!put_texts(turn, m->system, err)) return error_in(err, "system");
    }
    cJSON_ArrayForEach(one, m->list)
    {
        if (!add_message(messages, one, err)) return error_in(err, "messages[%zu]", i);
        i++;
    }
    if (messages->child == NULL) return true; /* conversation.c says so */
    talk->continue_final = is_begun(last) && is_begun(messages->child->prev);
    talk->add_generation_prompt = !talk->continue_final;
    return true;
}

/* ---- tools ---- */

static bool add_tool(cJSON *tools, const cJSON *tool, struct error *err)
{
    static const char *const members[] = {"type",
                                          "name",
                                          "description",
                                          "input_schema",
                                          "strict",
                                          "cache_control",
                                          "allowed_callers",
                                          "defer_loading",
                                          "eager_input_streaming",
                                          "input_examples",
                                          NULL};
    if (!cJSON_IsObject(tool)) return json_wrong_type(tool, NULL, "an object", err);
    const cJSON *type = json_get(tool, "type"), *schema = json_get(tool, "input_schema");
    if (type != NULL && !(cJSON_IsString(type) && strcmp(type->valuestring, "custom") == 0)) {
        return error_set(err, ERROR_UNSUPPORTED, "type",
                         "only tools of the client's own (\"custom\") are supported");
    }
    if (!json_check_keys(tool, members, err)) return false;
    if (schema == NULL) return json_wrong_type(NULL, "input_schema", "a schema, an object", err);
    if (json_need_text(tool, "name", err) == NULL) return false;
    cJSON *made = cJSON_CreateObject(), *function = cJSON_CreateObject();
    if (made == NULL || !cJSON_AddItemToArray(tools, made)) {
        cJSON_Delete(made);
        cJSON_Delete(function);
        return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the tools");
    }
    static const char *const same[] = {"name", "description", "strict"};
    bool ok = talk_put(made, "function", function, err) &&
              talk_put(made, "type", cJSON_CreateString("function"), err);
    for (size_t i = 0; ok && i < sizeof(same) / sizeof(same[0]); i++) {
        const cJSON *v = json_get(tool, same[i]);
        ok = v == NULL || talk_put(function, same[i], cJSON_Duplicate(v, true), err);
    }
    return ok && talk_put(function, "parameters", cJSON_Duplicate(schema, true), err);
}

static bool read_tools(struct messages *m, struct error *err)
{
    const cJSON *one;
    size_t i = 0;
    if (m->tools == NULL || m->tools->child == NULL) return true;
    cJSON *tools = talk_make_list(&m->talk, "tools", err);
    if (tools == NULL) return false;
    m->talk.conversation.tools = tools;
    cJSON_ArrayForEach(one, m->tools)
    {
        if (!add_tool(tools, one, err)) return error_in(err, "tools[%zu]", i);
        i++;
    }
    return true;
}

/* {"type": "auto" | "any" | "tool" | "none", "name", "disable_parallel_tool_use"} */
static bool read_choice(struct messages *m, struct error *err)
{
    static const char *const members[] = {"type", "name", "disable_parallel_tool_use", NULL};
    static const struct {
        const char *type;
        enum tool_mode mode;
    } rows[] = {
        {"auto", CALLS_AUTO}, {"any", CALLS_REQUIRED}, {"tool", CALLS_NAMED}, {"none", CALLS_NONE}};
    if (m->choice == NULL) return true;
    const char *type = json_need_text(m->choice, "type", err);
    const cJSON *one = json_get(m->choice, "disable_parallel_tool_use");
    if (type == NULL || !json_check_keys(m->choice, members, err)) return false;
    if (one != NULL && !cJSON_IsBool(one)) {
        return json_wrong_type(one, "disable_parallel_tool_use", "true or false", err);
    }
    m->talk.one_call = cJSON_IsTrue(one);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(type, rows[i].type) != 0) continue;
        m->talk.tool_choice.mode = rows[i].mode;
        if (rows[i].mode != CALLS_NAMED) return true;
        m->talk.tool_choice.name = json_need_text(m->choice, "name", err);
        return m->talk.tool_choice.name != NULL;
    }
    return error_set(err, ERROR_INVALID_VALUE, "type",
                     "\"%.40s\" is none of \"auto\", \"any\", \"tool\", \"none\"", type);
}

bool anthropic_read_talk(struct messages *m, struct error *err)
{
    return read_messages(m, err) && read_tools(m, err) &&
           (read_choice(m, err) || error_in(err, "tool_choice"));
}
