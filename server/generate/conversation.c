/* server/generate/conversation.c - see conversation.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/conversation.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "server/generate/message.h"
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
        if (!message_put(first, "content", value, err)) return false;
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
        message_no_memory(err);
        return NULL;
    }
    cJSON_ArrayForEach(message, messages)
    {
        if (!message_finish(message, habits, c->may_be_empty, err)) {
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
    return message_put(message, "content", value, err);
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
    return c->last_content != NULL || message_no_memory(err);
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
    if (variables == NULL) return message_no_memory(err);
    bool ok = engine_render_chat(e, c->template, messages, c->tools, variables,
                                 c->add_generation_prompt, out, err);
    cJSON_Delete(variables);
    if (!ok) blame_role(c, e, err);
    if (ok && out->failed) ok = message_no_memory(err);
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
