/* reward/judge/feedback.c - see feedback.h.
 *
 * What may be told is a row here: a reward, a member of its details, the words before it. A reward or a
 * member without a row is told by its cause alone, or not at all: details may hold the gold answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/feedback.h"

#include <string.h>

#include "base/json.h"
#include "base/utf8.h"

enum {
    MOST_BYTES = 4000,     /* of one value: a test's input, what was read */
    TEXT_BYTES = 128 << 20 /* of the whole of it: no more than a body holds */
};

/* clang-format off */
static const struct {
    const char *reward, *member, *before;
    const char *cause; /* told with that cause alone; NULL: with any */
} told[] = {
    {"accuracy",  "extracted", "The answer that was read is", NULL},
    {"countdown", "extracted", "The expression that was read is", NULL},
    {"plan",      "step",      "It fails at step", NULL},
    {"plan",      "action",    "The action is", NULL},
    {"plan",      "unmet",     "Not met:", NULL},
    {"schema",    "path",      "The place in the document is", NULL},
    {"schema",    "keyword",   "The rule of the schema is", NULL},
    {"schema",    "message",   "", NULL},
    {"format",    "missing",   "Missing:", NULL},
    {"format",    "style",     "The form is", NULL},
    {"regex",     "match",     "What must not stand there is", "match"},
    {"contains",  "missing",   "Not found:", "missing_text"},
    {"contains",  "unwanted",  "What must not stand there is", "unwanted_text"},
    {"code",      "status",    "The outcome is", NULL},
};
/* clang-format on */

static void add_words(struct buffer *out, const char *words)
{
    if (words[0] == '\0') return;
    buffer_add_char(out, ' ');
    buffer_add_str(out, words);
}

/* A cause is a word of ours: "not_equal" is "not equal". */
static void add_cause(struct buffer *out, const char *cause)
{
    for (const char *p = cause; *p != '\0'; p++) {
        buffer_add_char(out, *p == '_' ? ' ' : *p);
    }
}

/* What a message has room for: whole characters, and dots where there were more. */
static void add_beginning(struct buffer *out, const struct buffer *text)
{
    struct span all = buffer_span(text), shown = all;
    if (all.n > MOST_BYTES) {
        shown = span_slice(all, 0, MOST_BYTES);
        shown.n -= utf8_incomplete_tail(shown);
    }
    buffer_add_span(out, shown);
    if (shown.n < all.n) buffer_add_str(out, "...");
    buffer_fail_as(out, text);
}

/* A text, a number, or a list of them. */
static void add_value(struct buffer *out, const cJSON *v, struct arena *a)
{
    const cJSON *one;
    char scratch[JSON_NUMBER_ROOM];
    if (cJSON_IsString(v)) {
        buffer_add_span(out, json_text(v, a));
    } else if (cJSON_IsNumber(v)) {
        buffer_add_span(out, json_number(v, scratch));
    } else {
        cJSON_ArrayForEach(one, v)
        {
            if (one != v->child) buffer_add_str(out, ", ");
            add_value(out, one, a);
        }
    }
}

/* Does text hold an answer of the item's? */
static bool holds_answer(struct span text, const cJSON *answer, struct arena *a)
{
    const cJSON *one;
    char scratch[JSON_NUMBER_ROOM];
    struct span gold = cJSON_IsNumber(answer) ? json_number(answer, scratch) : json_text(answer, a);
    if (gold.n > 0 && span_find(text, gold, 0) != SPAN_NONE) return true;
    if (!cJSON_IsArray(answer)) return false;
    cJSON_ArrayForEach(one, answer)
    {
        if (holds_answer(text, one, a)) return true;
    }
    return false;
}

/* One value behind its words; nothing, where there is nothing of it. */
static void add_told(struct buffer *out, const char *before, const struct buffer *text)
{
    if (text->n == 0 && !text->failed) return;
    add_words(out, before);
    buffer_add_char(out, ' ');
    add_beginning(out, text);
    buffer_add_char(out, '.');
}

static void add_members(struct buffer *out, const struct judge_part *p, const cJSON *details,
                        const struct judge_sample *s)
{
    const cJSON *answer = json_get(judge_item_fields(s->item), "answer");
    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
        const cJSON *v = json_get(details, told[i].member);
        if (strcmp(told[i].reward, p->reward) != 0 || v == NULL) continue;
        bool fits =
            told[i].cause == NULL || (p->cause != NULL && strcmp(told[i].cause, p->cause) == 0);
        struct buffer text;
        buffer_init(&text, TEXT_BYTES);
        add_value(&text, v, s->arena);
        bool ours = told[i].cause != NULL; /* texts of the rule's: an answer may be among them */
        if (ours && holds_answer(buffer_span(&text), answer, s->arena)) fits = false;
        if (fits) add_told(out, told[i].before, &text);
        buffer_clear(&text);
    }
}

/* ---- instructions ----------------------------------------------------------------------------- */

/* Their ids. */
static void add_instructions(struct buffer *out, const cJSON *details, struct arena *a)
{
    struct buffer text;
    const cJSON *one;
    buffer_init(&text, TEXT_BYTES);
    cJSON_ArrayForEach(one, json_get(details, "instructions"))
    {
        if (cJSON_IsTrue(json_get(one, "followed"))) continue;
        if (text.n > 0) buffer_add_str(&text, ", ");
        buffer_add_span(&text, json_text(json_get(one, "id"), a));
    }
    add_told(out, "Not followed:", &text);
    buffer_clear(&text);
}

/* ---- a program's failing test ----------------------------------------------------------------- */

static void add_shortened(struct buffer *out, const char *name, const cJSON *v, struct arena *a)
{
    struct buffer text;
    if (v == NULL) return;
    buffer_init(&text, TEXT_BYTES);
    if (cJSON_IsString(v)) {
        buffer_add_span(&text, json_text(v, a));
    } else {
        json_print(v, &text);
    }
    buffer_addf(out, "\n%s:\n", name);
    add_beginning(out, &text);
    buffer_clear(&text);
}

/* Names under which data sets have a test's input and output. */
static const cJSON *first_of(const cJSON *test, const char *const *names)
{
    const cJSON *v = NULL;
    for (int i = 0; v == NULL && names[i] != NULL; i++) {
        v = json_get(test, names[i]);
    }
    return v;
}

static void add_test(struct buffer *out, const cJSON *tests, int number, const char *status,
                     const cJSON *details, struct arena *a)
{
    static const char *const inputs[] = {"input", "stdin", "args", "arguments", NULL};
    static const char *const outputs[] = {"output", "expected_output", "stdout", "expected", NULL};
    const cJSON *test = cJSON_IsArray(tests) ? cJSON_GetArrayItem(tests, number) : NULL;
    buffer_addf(out, " Test %d fails: ", number + 1);
    add_cause(out, status);
    buffer_add_char(out, '.');
    if (test == NULL || cJSON_IsTrue(json_get(test, "hidden"))) return;
    if (cJSON_IsString(test)) add_shortened(out, "The test", test, a);
    add_shortened(out, "Its input", first_of(test, inputs), a);
    add_shortened(out, "The output that is wanted", first_of(test, outputs), a);
    add_shortened(out, "What the program said", json_get(details, "message"), a);
}

/* The first test that fails. */
static void add_tests(struct buffer *out, const cJSON *details, const cJSON *item, struct arena *a)
{
    int number = 0;
    const cJSON *one;
    cJSON_ArrayForEach(one, json_get(details, "tests"))
    {
        const char *status = cJSON_GetStringValue(one);
        if (status != NULL && strcmp(status, "accepted") != 0 && strcmp(status, "skipped") != 0) {
            add_test(out, json_get(item, "tests"), number, status, details, a);
            return;
        }
        number++;
    }
    if (json_get(details, "compile") != NULL) {
        add_shortened(out, "What the compiler said", json_get(details, "message"), a);
    }
}

/* ---- a reward --------------------------------------------------------------------------------- */

static cJSON *parse_details(struct span members)
{
    struct buffer text;
    struct error err = {0};
    buffer_init(&text, members.n + 2);
    buffer_add_char(&text, '{');
    buffer_add_span(&text, members);
    buffer_add_char(&text, '}');
    cJSON *details = text.failed ? NULL : json_parse(buffer_span(&text), &err);
    buffer_clear(&text);
    return details;
}

static void add_reward(struct buffer *out, const struct judge_sample *s, const struct judge_part *p)
{
    cJSON *details = p->details.n > 0 ? parse_details(p->details) : NULL;
    const cJSON *item = judge_item_fields(s->item);
    if (out->n > 0) buffer_add_char(out, '\n');
    buffer_add_str(out, p->reward);
    buffer_add_str(out, ": ");
    add_cause(out, p->cause != NULL ? p->cause : "not right");
    buffer_add_char(out, '.');
    add_members(out, p, details, s);
    if (strcmp(p->reward, "code") == 0) add_tests(out, details, item, s->arena);
    if (strcmp(p->reward, "instructions") == 0) add_instructions(out, details, s->arena);
    cJSON_Delete(details);
}

void judge_feedback(const struct judge_sample *s, struct buffer *out)
{
    const struct judge_reply *r = &s->reply;
    for (int i = 0; i < r->n_parts; i++) {
        if (r->parts[i].wrong) add_reward(out, s, &r->parts[i]);
    }
}
