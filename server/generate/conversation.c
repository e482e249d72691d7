/* server/generate/conversation.c - see conversation.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/conversation.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "server/generate/tools.h"

enum { MAX_MESSAGES = 65536, TEXT_LIMIT = 256 << 20 };

/* ---- reading ---- */

static bool read_template(const struct field_context *context, const cJSON *value, void *out,
                          struct error *err)
{
    (void)context;
    if (!cJSON_IsString(value)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "chat_template must be a string, not %s",
                         json_type_name(value));
    }
    *(const char **)out = value->valuestring;
    return true;
}

/* "none" is not every contract's, and means the same in all. */
bool conversation_read_effort(struct span word, struct span *out, struct error *err)
{
    static const char *const efforts[] = {"none", "minimal", "low", "medium",
                                          "high", "xhigh",   "max", NULL};
    int which = 0;
    *out = word;
    return word.n == 0 || field_read_choice(efforts, word, &which, err);
}

static bool read_effort(const struct field_context *context, const cJSON *value, void *out,
                        struct error *err)
{
    (void)context;
    if (!cJSON_IsString(value)) return field_wrong_type(value, "a string", err);
    return conversation_read_effort(span_str(value->valuestring), out, err);
}

#define AT(field) .offset = offsetof(struct conversation, field)

const struct field conversation_rows[] = {
    {"messages", FIELD_ARRAY, AT(messages), .shape = "object[]", .doc = "the conversation"},
    {"tools", FIELD_ARRAY, AT(tools), .shape = "object[]",
     .doc = "functions that the model may call"},
    {"documents", FIELD_ARRAY, AT(documents), .doc = "texts that the template may quote"},
    {"chat_template", FIELD_READ, AT(template), .read = read_template, .shape = "string",
     .doc = "a template in place of the model's"},
    {"chat_template_kwargs", FIELD_OBJECT, AT(kwargs),
     .doc = "what the chat template is told beside"},
    {"reasoning_effort", FIELD_READ, AT(reasoning_effort), .read = read_effort, .shape = "string",
     .doc = "how long the model should think, for templates that ask: none, minimal, low, medium, "
            "high, xhigh, max"},
    {"add_generation_prompt", FIELD_BOOL, AT(add_generation_prompt),
     .doc = "the assistant's turn is opened"},
    {"continue_final_message", FIELD_BOOL, AT(continue_final),
     .doc = "the last message is gone on with"},
    {"add_special_tokens", FIELD_BOOL, AT(add_special_tokens),
     .doc = "with the tokens that the model puts around a text"},
    {0},
};

struct field_table conversation_table(struct conversation *c)
{
    return FIELD_TABLE(conversation_rows, c);
}

/* ---- one message ---- */

/* What the template does with messages that others do otherwise. */
struct template_habits {
    bool keeps_none;      /* it compares content with none */
    bool knows_developer; /* the role */
    bool text_arguments;  /* it joins a call's arguments as text */
    bool short_ids;       /* it wants ids of calls of nine letters and digits */
};

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the messages");
}

static bool put(cJSON *object, const char *name, cJSON *value, struct error *err)
{
    return json_replace(object, name, value) || no_memory(err);
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
    return put(message, "content", value, err);
}

/* Content that is absent or null is no text: "", but for templates that ask for none. */
static bool finish_content(cJSON *message, bool keep_none, struct error *err)
{
    const cJSON *content = json_get(message, "content");
    if (content == NULL) {
        return put(message, "content", keep_none ? cJSON_CreateNull() : cJSON_CreateString(""),
                   err);
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
        return !as_texts || put(function, "arguments", as_text(arguments), err);
    }
    if (arguments != NULL && !cJSON_IsString(arguments)) {
        return error_set(err, ERROR_INVALID_TYPE, "arguments",
                         "arguments must be a string or an object, not %s",
                         json_type_name(arguments));
    }
    struct error why = {0};
    cJSON *parsed = arguments == NULL ? NULL : json_parse(span_str(arguments->valuestring), &why);
    if (why.code == ERROR_NO_MEMORY) return no_memory(err);
    if (cJSON_IsObject(parsed) && !as_texts) return put(function, "arguments", parsed, err);
    cJSON_Delete(parsed);
    bool written = as_texts && arguments != NULL && arguments->valuestring[0] != '\0';
    if (written) return true; /* as the model wrote it */
    return put(function, "arguments", as_texts ? cJSON_CreateString("{}") : cJSON_CreateObject(),
               err);
}

static bool shorten_id(cJSON *object, const char *name, struct error *err)
{
    const cJSON *id = json_get(object, name);
    char made[TOOL_ID_ROOM];
    if (!cJSON_IsString(id)) return true;
    tools_short_id(span_str(id->valuestring), made);
    return put(object, name, cJSON_CreateString(made), err);
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
        if (!put(message, names[i], cJSON_CreateString(thoughts), err)) return false;
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
    return put(message, "role", cJSON_CreateString("system"), err);
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

/* Bring message, a copy of the client's, into the form that templates expect. */
static bool finish_message(cJSON *message, struct template_habits habits, bool may_be_empty,
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

/* ---- the conversation ---- */

static const char *field_of(const struct conversation *c)
{
    return c->field == NULL ? "messages" : c->field;
}

static bool check(const struct conversation *c, struct error *err)
{
    if (c->messages == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "messages", "messages are needed");
    }
    if (c->messages->child == NULL) {
        return error_set(err, ERROR_INVALID_VALUE, field_of(c), "the list of messages is empty");
    }
    if (cJSON_GetArraySize(c->messages) > MAX_MESSAGES) {
        return error_set(err, ERROR_TOO_LARGE, field_of(c), "more than %d messages", MAX_MESSAGES);
    }
    if (c->continue_final && c->add_generation_prompt) {
        return error_set(err, ERROR_INVALID_VALUE, "continue_final_message",
                         "continue_final_message and add_generation_prompt exclude each other");
    }
    return tools_check(c->tools, err);
}

static bool has_developer(const cJSON *messages)
{
    const cJSON *m;
    cJSON_ArrayForEach(m, messages)
    {
        const cJSON *role = json_get(m, "role");
        if (cJSON_IsString(role) && strcmp(role->valuestring, "developer") == 0) return true;
    }
    return false;
}

static bool is_system(const cJSON *message)
{
    return message != NULL && strcmp(json_get(message, "role")->valuestring, "system") == 0;
}

/* A developer's words that became a second system message behind a leading one: many templates
 * take one, at the beginning. */
static bool merge_systems(cJSON *messages, bool became, struct error *err)
{
    cJSON *first = messages->child;
    while (became && is_system(first) && is_system(first->next)) {
        struct buffer text;
        const cJSON *a = json_get(first, "content"), *b = json_get(first->next, "content");
        if (!cJSON_IsString(a) || !cJSON_IsString(b)) return true;
        buffer_init(&text, TEXT_LIMIT);
        buffer_add_str(&text, a->valuestring);
        buffer_add_str(&text, "\n\n");
        buffer_add_str(&text, b->valuestring);
        char *joined = buffer_take(&text);
        cJSON *value = joined == NULL ? NULL : cJSON_CreateString(joined);
        free(joined);
        buffer_clear(&text);
        if (!put(first, "content", value, err)) return false;
        cJSON_Delete(cJSON_DetachItemViaPointer(messages, first->next));
    }
    return true;
}

/* The messages in the form that templates expect, new; NULL and the error. */
static cJSON *finish_messages(const struct conversation *c, struct template_habits habits,
                              struct error *err)
{
    cJSON *messages = cJSON_Duplicate(c->messages, true), *message;
    size_t i = 0;
    if (messages == NULL) {
        no_memory(err);
        return NULL;
    }
    cJSON_ArrayForEach(message, messages)
    {
        if (!finish_message(message, habits, c->may_be_empty, err)) {
            error_in(err, "%s[%zu]", field_of(c), i);
            cJSON_Delete(messages);
            return NULL;
        }
        i++;
    }
    if (!merge_systems(messages, !habits.knows_developer && has_developer(c->messages), err)) {
        cJSON_Delete(messages);
        return NULL;
    }
    return messages;
}

static cJSON *last_of(const cJSON *messages)
{
    return messages->child->prev; /* cJSON: the first child's prev is the last */
}

/* The client's variables and the fields that are variables of templates too. NULL: no memory. */
static cJSON *template_variables(const struct conversation *c)
{
    cJSON *all = c->kwargs == NULL ? cJSON_CreateObject() : cJSON_Duplicate(c->kwargs, true);
    if (all == NULL) return NULL;
    if (c->documents != NULL && json_get(all, "documents") == NULL) {
        json_put(all, "documents", cJSON_Duplicate(c->documents, true));
    }
    if (c->reasoning_effort.n > 0 && json_get(all, "reasoning_effort") == NULL) {
        json_put(all, "reasoning_effort", json_string(c->reasoning_effort));
    }
    return all;
}

/* ---- going on with the last message ---- */

/* What no message holds. As transformers does it since 2025 (huggingface/transformers#40732): it is
 * put behind the text that is to go on, and what is rendered is cut there. To look for the text
 * itself would find it in the template's own words as well. */
static const char mark[] = "\x02"
                           "continue here"
                           "\x03 ";

/* What the others' words end with where the turn behind them is looked for. */
static const char others_mark[] = "\x02"
                                  "said"
                                  "\x03";

/* A message's text and a mark behind it. */
static bool add_mark(cJSON *message, const char *with, struct error *err)
{
    const cJSON *content = json_get(message, "content");
    struct buffer text;
    buffer_init(&text, TEXT_LIMIT);
    buffer_add_str(&text, content == NULL ? "" : content->valuestring);
    buffer_add_str(&text, with);
    char *marked = buffer_take(&text);
    cJSON *value = marked == NULL ? NULL : cJSON_CreateString(marked);
    free(marked);
    buffer_clear(&text);
    return put(message, "content", value, err);
}

static bool mark_final(cJSON *messages, struct error *err)
{
    cJSON *last = last_of(messages);
    const cJSON *content = json_get(last, "content");
    if (content != NULL && !cJSON_IsString(content)) {
        return error_set(err, ERROR_INVALID_VALUE, "continue_final_message",
                         "the last message has no text to continue");
    }
    return add_mark(last, mark, err);
}

/* The blanks between the marked text and its mark. */
static struct span final_blanks(const cJSON *messages)
{
    const cJSON *content = json_get(last_of(messages), "content");
    struct span text = span_str(content->valuestring);
    text.n -= strlen(mark);
    size_t end = text.n;
    while (end > 0 && strchr(" \t\r\n", text.p[end - 1]) != NULL) {
        end--;
    }
    return span_slice(text, end, text.n);
}

/* Cut at the mark. Where the template trimmed its blank, it would have trimmed the text's too: those
 * stand before it then, and not the template's own, which it wrote before the text. */
static bool cut_at_mark(struct buffer *out, size_t from, struct span blanks, struct error *err)
{
    struct span rendered = span_slice(buffer_span(out), from, out->n);
    struct span whole = span_str(mark), bare = span_trim(whole);
    size_t at = span_find_last(rendered, bare);
    if (at == SPAN_NONE) {
        return error_set(err, ERROR_TEMPLATE, "continue_final_message",
                         "the template does not print the last message as it is");
    }
    bool kept = span_starts(span_slice(rendered, at, rendered.n), whole);
    out->n = from + at;
    bool trimmed = !kept && span_ends(span_slice(rendered, 0, at), blanks);
    if (trimmed) out->n -= blanks.n;
    return true;
}

/* Keep the assistant's last words for those who echo them. */
static bool keep_last(struct conversation *c, const cJSON *messages, struct arena *a,
                      struct error *err)
{
    const cJSON *last = last_of(messages), *content = json_get(last, "content");
    const cJSON *role = json_get(last, "role");
    if (strcmp(role->valuestring, "assistant") != 0 || !cJSON_IsString(content)) return true;
    c->last_content = arena_str(a, json_text(content, a));
    return c->last_content != NULL || no_memory(err);
}

/* A template that refuses messages does not tell which. One whose role is none of those that all know,
 * and that the template does not speak of, is the one. */
static void blame_role(const struct conversation *c, const struct engine *e, struct error *err)
{
    static const char *const known[] = {"system",    "developer", "user",
                                        "assistant", "tool",      "function"};
    enum { KNOWN = sizeof(known) / sizeof(known[0]) };
    size_t i = 0;
    const cJSON *message;
    if (err == NULL || err->code != ERROR_TEMPLATE || strcmp(err->param, "messages") != 0) {
        return;
    }
    cJSON_ArrayForEach(message, c->messages)
    {
        const char *role = json_get(message, "role")->valuestring;
        int k = 0;
        while (k < KNOWN && strcmp(role, known[k]) != 0) {
            k++;
        }
        if (k == KNOWN && !engine_template_mentions(e, c->template, role)) {
            error_at(err, "%s[%zu].role", field_of(c), i);
            return;
        }
        i++;
    }
}

/* The prompt of finished messages, appended to out; they are changed where the last one is to go on. */
static bool render(const struct conversation *c, cJSON *messages, const struct engine *e,
                   struct buffer *out, struct error *err)
{
    size_t from = out->n;
    if (c->continue_final && !mark_final(messages, err)) return false;
    cJSON *variables = template_variables(c);
    if (variables == NULL) return no_memory(err);
    bool ok = engine_render_chat(e, c->template, messages, c->tools, variables,
                                 c->add_generation_prompt, out, err);
    cJSON_Delete(variables);
    if (!ok) blame_role(c, e, err);
    if (ok && out->failed) ok = no_memory(err);
    if (ok && c->continue_final) ok = cut_at_mark(out, from, final_blanks(messages), err);
    return ok;
}

/* Does the template turn a call's arguments into JSON by itself? */
static bool makes_json(const struct conversation *c, const struct engine *e)
{
    static const char *const ways[] = {"arguments'] | tojson", "arguments']|tojson",
                                       "arguments | tojson",   "arguments|tojson",
                                       "arguments is string",  "arguments is mapping"};
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (engine_template_mentions(e, c->template, ways[i])) return true;
    }
    return false;
}

static struct template_habits habits_of(const struct conversation *c, const struct engine *e)
{
    struct span source =
        c->template != NULL ? span_str(c->template) : engine_info(e)->chat_template;
    const struct tool_format *f =
        c->tool_format != NULL ? c->tool_format : tool_format_detect(source);
    return (struct template_habits){.keeps_none = engine_template_asks_for_none(e, c->template),
                                    .knows_developer =
                                        engine_template_mentions(e, c->template, "developer"),
                                    .text_arguments = f->text_arguments && !makes_json(c, e),
                                    .short_ids = f->short_ids};
}

/* ---- the turn that is to go on ---- */

/* What the others have said ends otherwise than it did, with what no message holds. */
static bool mark_others(cJSON *messages, struct error *err)
{
    cJSON *m;
    cJSON_ArrayForEach(m, messages)
    {
        const cJSON *role = json_get(m, "role"), *content = json_get(m, "content");
        if (strcmp(role->valuestring, "assistant") == 0 || !cJSON_IsString(content)) continue;
        if (!add_mark(m, others_mark, err)) return false;
    }
    return true;
}

/* Bytes at the end that two texts have in common. */
static size_t common_end(struct span a, struct span b)
{
    size_t n = 0;
    while (n < a.n && n < b.n && a.p[a.n - n - 1] == b.p[b.n - n - 1]) {
        n++;
    }
    return n;
}

/* Only its marks tell thoughts from an answer: a prompt without them needs no place of its turn. */
static bool has_thoughts(const struct engine *e, struct span rendered)
{
    const struct engine_info *info = engine_info(e);
    return info->think_open != NULL &&
           (span_find(rendered, span_str(info->think_open), 0) != SPAN_NONE ||
            span_find(rendered, span_str(info->think_close), 0) != SPAN_NONE);
}

/* Where the turn that is to go on begins: behind all that is not the assistant's. No text is looked
 * for, which might stand in the turn as well: rendered again with the others' words marked, the
 * prompt ends as it did from there on. */
static bool find_turn(const struct conversation *c, struct template_habits habits,
                      const struct engine *e, struct span rendered, size_t *at, struct error *err)
{
    struct buffer other;
    *at = 0;
    if (!has_thoughts(e, rendered)) return true;
    cJSON *messages = finish_messages(c, habits, err);
    if (messages == NULL) return false;
    buffer_init(&other, SIZE_MAX);
    bool ok = mark_others(messages, err) && render(c, messages, e, &other, err);
    *at = ok ? rendered.n - common_end(rendered, buffer_span(&other)) : 0;
    buffer_clear(&other);
    cJSON_Delete(messages);
    return ok;
}

bool conversation_render(struct conversation *c, const struct engine *e, struct arena *a,
                         struct buffer *out, struct error *err)
{
    size_t from = out->n, turn = 0;
    if (!check(c, err)) return false;
    struct template_habits habits = habits_of(c, e);
    cJSON *messages = finish_messages(c, habits, err);
    if (messages == NULL) return false;
    bool ok = keep_last(c, messages, a, err) && render(c, messages, e, out, err) &&
              find_turn(c, habits, e, span_slice(buffer_span(out), from, out->n), &turn, err);
    c->turn_from = from + turn;
    cJSON_Delete(messages);
    return ok;
}
