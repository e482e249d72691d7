/* server/responses/input.c - the items of a request as chat messages.
 *
 *     message               {"role", "content"}
 *     reasoning             "reasoning_content" of the assistant's message that follows
 *     function_call         "tool_calls" of the assistant's message before it, or of one of its own
 *     function_call_output  {"role": "tool", "tool_call_id", "content"}
 *
 * So what a model said in one turn is one message again, as templates expect.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/responses/responses.h"

#include <string.h>

#include "base/json.h"

/* The conversation that is being made. */
struct making {
    cJSON *messages;
    cJSON *turn; /* the assistant's, to which more may belong; NULL: none */
    struct error *err;
};

/* ---- texts ---- */

/* Parts of the types that conversation.c takes as text; others it refuses by name, but with its own
 * paths, so they are looked at here. */
static bool check_parts(const cJSON *parts, struct error *err)
{
    static const char *const texts[][2] = {
        {"input_text", "text"}, {"output_text", "text"}, {"text", "text"}, {"refusal", "refusal"}};
    const cJSON *part;
    size_t i = 0;
    cJSON_ArrayForEach(part, parts)
    {
        bool known = false, ok = true;
        const char *type = cJSON_IsObject(part) ? json_need_text(part, "type", err) : NULL;
        if (!cJSON_IsObject(part)) ok = json_wrong_type(part, NULL, "an object", err);
        for (size_t k = 0; type != NULL && k < sizeof(texts) / sizeof(texts[0]); k++) {
            if (strcmp(type, texts[k][0]) != 0) continue;
            known = true;
            ok = json_need_text(part, texts[k][1], err) != NULL;
        }
        if (type != NULL && !known) {
            ok = error_set(err, ERROR_UNSUPPORTED, "type",
                           "this is a text model: \"%.40s\" is not supported", type);
        }
        if (!ok || type == NULL) return error_in(err, "[%zu]", i);
        i++;
    }
    return true;
}

/* object.content = item[name], a string or parts. */
static bool put_content(struct making *m, cJSON *object, const cJSON *item, const char *name)
{
    const cJSON *content = json_get(item, name);
    bool text = cJSON_IsString(content), parts = cJSON_IsArray(content);
    if (!text && !parts) return json_wrong_type(content, name, "a string or an array", m->err);
    if (parts && !check_parts(content, m->err)) return error_in(m->err, "%s", name);
    return talk_put(object, "content", cJSON_Duplicate(content, true), m->err);
}

/* ---- items ---- */

/* The assistant's message that is being made; a new one where there is none, or it has `member`. */
static cJSON *assistant(struct making *m, const char *member)
{
    if (m->turn != NULL && (member == NULL || json_get(m->turn, member) == NULL)) return m->turn;
    m->turn = talk_add_turn(m->messages, "assistant", m->err);
    return m->turn;
}

static bool add_message(struct making *m, const cJSON *item)
{
    static const char *const roles[] = {"user", "system", "developer", "assistant"};
    enum { ROLES = 4, ASSISTANT = 3 };
    const char *role = json_need_text(item, "role", m->err);
    int i = 0;
    if (role == NULL) return false;
    while (i < ROLES && strcmp(role, roles[i]) != 0) {
        i++;
    }
    if (i == ROLES) {
        return error_set(m->err, ERROR_INVALID_VALUE, "role",
                         "\"%.40s\" is none of \"user\", \"assistant\", \"system\", \"developer\"",
                         role);
    }
    cJSON *turn;
    if (i == ASSISTANT) { /* behind a call there is another turn's text */
        if (m->turn != NULL && json_get(m->turn, "tool_calls") != NULL) m->turn = NULL;
        turn = assistant(m, "content");
    } else {
        turn = talk_add_turn(m->messages, role, m->err);
        m->turn = NULL;
    }
    return turn != NULL && put_content(m, turn, item, "content");
}

/* The texts of a list of parts, one after the other. */
static bool join(const cJSON *parts, struct buffer *out, struct error *err)
{
    const cJSON *part;
    size_t i = 0;
    cJSON_ArrayForEach(part, parts)
    {
        const char *text = json_need_text(part, "text", err);
        if (text == NULL) return error_in(err, "[%zu]", i);
        if (i > 0) buffer_add_char(out, '\n');
        buffer_add_str(out, text);
        i++;
    }
    return true;
}

/* The thoughts themselves, or where there are none their summary. */
static bool add_reasoning(struct making *m, const cJSON *item)
{
    enum { THOUGHTS_LIMIT = 256 << 20 };
    const cJSON *content = json_get(item, "content"), *summary = json_get(item, "summary");
    bool whole = content != NULL && content->child != NULL;
    struct buffer text;
    if (content != NULL && !cJSON_IsArray(content)) {
        return json_wrong_type(content, "content", "an array", m->err);
    }
    if (summary != NULL && !cJSON_IsArray(summary)) {
        return json_wrong_type(summary, "summary", "an array", m->err);
    }
    buffer_init(&text, THOUGHTS_LIMIT);
    bool ok = join(whole ? content : summary, &text, m->err) ||
              error_in(m->err, whole ? "content" : "summary");
    m->turn = NULL;
    cJSON *turn = ok && text.n > 0 ? assistant(m, NULL) : NULL;
    if (turn != NULL) {
        ok = talk_put(turn, "reasoning_content", json_string(buffer_span(&text)), m->err);
    } else if (ok && text.n > 0) {
        ok = false;
    }
    buffer_clear(&text);
    return ok;
}

static bool add_call(struct making *m, const cJSON *item)
{
    const char *id = json_need_text(item, "call_id", m->err);
    const char *name = id == NULL ? NULL : json_need_text(item, "name", m->err);
    const char *arguments = name == NULL ? NULL : json_need_text(item, "arguments", m->err);
    cJSON *turn = arguments == NULL ? NULL : assistant(m, NULL), *calls;
    if (turn == NULL) return false;
    calls = cJSON_GetObjectItemCaseSensitive(turn, "tool_calls");
    if (calls == NULL) {
        calls = cJSON_CreateArray();
        if (!talk_put(turn, "tool_calls", calls, m->err)) return false;
    }
    cJSON *call = cJSON_CreateObject(), *function = cJSON_CreateObject();
    if (call == NULL || !cJSON_AddItemToArray(calls, call)) {
        cJSON_Delete(call);
        cJSON_Delete(function);
        return error_set(m->err, ERROR_NO_MEMORY, NULL, "no memory for the messages");
    }
    return talk_put(call, "function", function, m->err) &&
           talk_put(call, "id", cJSON_CreateString(id), m->err) &&
           talk_put(call, "type", cJSON_CreateString("function"), m->err) &&
           talk_put(function, "name", cJSON_CreateString(name), m->err) &&
           talk_put(function, "arguments", cJSON_CreateString(arguments), m->err);
}

static bool add_output(struct making *m, const cJSON *item)
{
    const char *id = json_need_text(item, "call_id", m->err);
    m->turn = NULL;
    cJSON *turn = id == NULL ? NULL : talk_add_turn(m->messages, "tool", m->err);
    return turn != NULL && talk_put(turn, "tool_call_id", cJSON_CreateString(id), m->err) &&
           put_content(m, turn, item, "output");
}

static bool add_item(struct making *m, const cJSON *item)
{
    static const struct {
        const char *type;
        bool (*add)(struct making *m, const cJSON *item);
    } rows[] = {{"message", add_message},
                {"reasoning", add_reasoning},
                {"function_call", add_call},
                {"function_call_output", add_output}};
    if (!cJSON_IsObject(item)) return json_wrong_type(item, NULL, "an object", m->err);
    const cJSON *type = json_get(item, "type");
    if (type == NULL) return add_message(m, item);
    if (!cJSON_IsString(type)) return json_wrong_type(type, "type", "a string", m->err);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(type->valuestring, rows[i].type) == 0) return rows[i].add(m, item);
    }
    return error_set(m->err, ERROR_UNSUPPORTED, "type", "items of type \"%.40s\" are not supported",
                     type->valuestring);
}

/* ---- the conversation ---- */

static bool add_instructions(struct responses *r, cJSON *messages, struct error *err)
{
    if (r->instructions.n == 0) return true;
    cJSON *turn = talk_add_turn(messages, "system", err);
    r->n_instructions = 1;
    return turn != NULL && talk_put(turn, "content", json_string(r->instructions), err);
}

/* What was said up to the end of the reply that this one goes on from. */
static bool add_previous(struct completion *c, cJSON *messages, struct error *err)
{
    const struct responses *r = c->own;
    struct span text;
    if (r->previous.n == 0) return true;
    if (!responses_find(c, r->previous, &text, err)) return false;
    cJSON *before = json_parse(text, err);
    const cJSON *one;
    bool ok = before != NULL;
    cJSON_ArrayForEach(one, before)
    {
        cJSON *copy = cJSON_Duplicate(one, true);
        ok = ok && copy != NULL && cJSON_AddItemToArray(messages, copy);
        if (!ok) {
            cJSON_Delete(copy);
            break;
        }
    }
    cJSON_Delete(before);
    return ok || error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the messages");
}

static bool add_input(struct responses *r, cJSON *messages, struct error *err)
{
    struct making m = {.messages = messages, .err = err};
    const cJSON *item;
    size_t i = 0;
    if (cJSON_IsString(r->input)) {
        cJSON *turn = talk_add_turn(messages, "user", err);
        return turn != NULL && talk_put(turn, "content", cJSON_Duplicate(r->input, true), err);
    }
    if (!cJSON_IsArray(r->input)) {
        return json_wrong_type(r->input, "input", "a string or an array", err);
    }
    if (r->input->child == NULL && r->previous.n == 0) {
        return error_set(err, ERROR_INVALID_VALUE, "input", "the input is empty");
    }
    cJSON_ArrayForEach(item, r->input)
    {
        if (!add_item(&m, item)) return error_in(err, "input[%zu]", i);
        i++;
    }
    return true;
}

/* ---- tools ---- */

/* {"type": "function", ...} of these members. */
static bool check_tool(const cJSON *tool, const char *const *members, struct error *err)
{
    if (!cJSON_IsObject(tool)) return json_wrong_type(tool, NULL, "an object", err);
    const char *type = json_need_text(tool, "type", err);
    if (type == NULL) return false;
    if (strcmp(type, "function") == 0) return json_check_keys(tool, members, err);
    return error_set(err, ERROR_UNSUPPORTED, "type",
                     "tools of type \"%.40s\" are not supported; \"function\" is", type);
}

static bool add_tool(cJSON *tools, const cJSON *tool, struct error *err)
{
    static const char *const same[] = {"name", "description", "parameters", "strict"};
    static const char *const members[] = {"type",   "name",          "description", "parameters",
                                          "strict", "defer_loading", NULL};
    if (!check_tool(tool, members, err)) return false;
    cJSON *made = cJSON_CreateObject(), *function = cJSON_CreateObject();
    if (made == NULL || !cJSON_AddItemToArray(tools, made)) {
        cJSON_Delete(made);
        cJSON_Delete(function);
        return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the tools");
    }
    bool ok = talk_put(made, "function", function, err) &&
              talk_put(made, "type", cJSON_CreateString("function"), err);
    for (size_t i = 0; ok && i < sizeof(same) / sizeof(same[0]); i++) {
        const cJSON *v = json_get(tool, same[i]);
        ok = v == NULL || talk_put(function, same[i], cJSON_Duplicate(v, true), err);
    }
    return ok;
}

static bool read_tools(struct responses *r, struct error *err)
{
    const cJSON *one;
    size_t i = 0;
    if (r->tools == NULL || r->tools->child == NULL) return true;
    cJSON *tools = talk_make_list(&r->talk, "tools", err);
    if (tools == NULL) return false;
    r->talk.conversation.tools = tools;
    cJSON_ArrayForEach(one, r->tools)
    {
        if (!add_tool(tools, one, err)) return error_in(err, "tools[%zu]", i);
        i++;
    }
    return true;
}

/* {"type": "function", "name"}: the name; NULL: *err is set. */
static const char *read_named(const cJSON *value, struct error *err)
{
    static const char *const members[] = {"type", "name", NULL};
    return check_tool(value, members, err) ? json_need_text(value, "name", err) : NULL;
}

/* {"function": {"name"}}, as the chat has what may be called. */
static bool add_named(cJSON *to, const char *name, struct error *err)
{
    cJSON *made = cJSON_CreateObject(), *function = cJSON_CreateObject();
    if (made == NULL || !cJSON_AddItemToArray(to, made)) {
        cJSON_Delete(made);
        cJSON_Delete(function);
        return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the tools");
    }
    return talk_put(made, "function", function, err) &&
           talk_put(function, "name", cJSON_CreateString(name), err);
}

/* {"type": "allowed_tools", "mode", "tools": [{"type", "name"}]} */
static bool read_allowed(struct responses *r, const cJSON *value, struct error *err)
{
    static const char *const members[] = {"type", "mode", "tools", NULL};
    static const char *const modes[] = {"auto", "required", NULL};
    const char *mode = json_need_text(value, "mode", err);
    const cJSON *list = json_get(value, "tools"), *one;
    size_t i = 0;
    int which = 0;
    if (mode == NULL || !json_check_keys(value, members, err)) return false;
    if (!field_read_choice(modes, span_str(mode), &which, err)) return error_at(err, "mode");
    if (!cJSON_IsArray(list)) return json_wrong_type(list, "tools", "an array of tools", err);
    if (list->child == NULL) {
        return error_set(err, ERROR_INVALID_VALUE, "tools", "a tool at least is needed");
    }
    cJSON *allowed = talk_make_list(&r->talk, "allowed", err);
    if (allowed == NULL) return false;
    cJSON_ArrayForEach(one, list)
    {
        const char *name = read_named(one, err);
        if (name == NULL || !add_named(allowed, name, err)) return error_in(err, "tools[%zu]", i);
        i++;
    }
    r->talk.tool_choice.mode = which == 0 ? CALLS_AUTO : CALLS_REQUIRED;
    r->talk.tool_choice.allowed = allowed;
    return true;
}

/* A word as the chat has it, or {"type", ...}. */
static bool read_choice(struct responses *r, const struct field_context *context, struct error *err)
{
    struct tool_choice *choice = &r->talk.tool_choice;
    if (!cJSON_IsObject(r->choice)) {
        return r->choice == NULL || tool_choice_read(context, r->choice, choice, err);
    }
    const char *type = json_need_text(r->choice, "type", err);
    if (type == NULL) return false;
    if (strcmp(type, "allowed_tools") == 0) return read_allowed(r, r->choice, err);
    choice->mode = CALLS_NAMED;
    choice->name = read_named(r->choice, err);
    return choice->name != NULL;
}

bool responses_read_talk(struct completion *c, struct error *err)
{
    struct responses *r = c->own;
    struct field_context context = completion_field_context(c);
    cJSON *messages = talk_make_list(&r->talk, "messages", err);
    if (messages == NULL) return false;
    r->talk.conversation.messages = messages;
    r->talk.conversation.field = "input";
    return add_instructions(r, messages, err) && add_previous(c, messages, err) &&
           add_input(r, messages, err) && read_tools(r, err) &&
           (read_choice(r, &context, err) || error_in(err, "tool_choice"));
}
