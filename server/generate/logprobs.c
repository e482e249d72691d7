/* server/generate/logprobs.c - see logprobs.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/logprobs.h"

#include <stdio.h>

#include "base/utf8.h"
#include "server/generate/choice.h"
#include "server/generate/completion.h"
#include "base/emit.h"

size_t logprobs_token_chars(const struct engine *e, int id)
{
    return utf8_count(engine_token_bytes(e, id));
}

/* A token's text; one that is made up stands in made, which the caller clears. */
static struct span token_text(const struct engine *e, int id, bool as_ids, struct buffer *made)
{
    struct span s = engine_token_bytes(e, id);
    buffer_init(made, EXCHANGE_REPLY_BYTES);
    if (!as_ids && utf8_is_valid(s)) return s;
    if (as_ids) {
        buffer_addf(made, "token_id:%d", id);
        return buffer_span(made);
    }
    buffer_add_str(made, "bytes:");
    for (size_t i = 0; i < s.n; i++) {
        buffer_addf(made, "\\x%02x", (unsigned char)s.p[i]);
    }
    return buffer_span(made);
}

static void emit_token(const struct engine *e, const char *key, int id, bool as_ids,
                       struct buffer *out)
{
    struct buffer made;
    emit_text(out, key, token_text(e, id, as_ids, &made));
    if (made.failed) out->failed = true;
    buffer_clear(&made);
}

/* A token as the name of a member. */
static void emit_token_name(const struct engine *e, int id, bool as_ids, struct buffer *out)
{
    struct buffer made;
    emit_name(out, token_text(e, id, as_ids, &made));
    if (made.failed) out->failed = true;
    buffer_clear(&made);
}

/* {"token": logprob, ...}: the token itself first, then the alternatives. */
static void emit_top_map(const struct engine *e, struct token_prob own,
                         const struct token_prob *tops, int n, bool as_ids, struct buffer *out)
{
    emit_object(out, NULL);
    for (int i = -1; i < n; i++) {
        struct token_prob p = i < 0 ? own : tops[i];
        if (i >= 0 && p.id == own.id) continue;
        emit_token_name(e, p.id, as_ids, out);
        emit_float(out, NULL, p.logprob);
    }
    emit_close(out, '}');
}

/* One list of the completion form: what it shows of a prompt's and of a sampled token. */
struct column {
    const char *name;
    void (*prompt)(const struct engine *e, const struct generation *g, size_t i, bool as_ids,
                   struct buffer *out);
    void (*sampled)(const struct engine *e, const struct choice *c, size_t i, bool as_ids,
                    struct buffer *out);
};

static void prompt_token(const struct engine *e, const struct generation *g, size_t i, bool as_ids,
                         struct buffer *out)
{
    emit_token(e, NULL, g->ids.ids[i], as_ids, out);
}

static void sampled_token(const struct engine *e, const struct choice *c, size_t i, bool as_ids,
                          struct buffer *out)
{
    emit_token(e, NULL, c->records[i].prob.id, as_ids, out);
}

static void prompt_logprob(const struct engine *e, const struct generation *g, size_t i,
                           bool as_ids, struct buffer *out)
{
    (void)e;
    (void)as_ids;
    if (i == 0 || g->probs == NULL || g->probs[i].rank == 0) {
        emit_null(out, NULL);
    } else {
        emit_float(out, NULL, g->probs[i].logprob);
    }
}

static void sampled_logprob(const struct engine *e, const struct choice *c, size_t i, bool as_ids,
                            struct buffer *out)
{
    (void)e;
    (void)as_ids;
    emit_float(out, NULL, c->records[i].prob.logprob);
}

static struct token_prob prompt_prob(const struct generation *g, size_t i)
{
    struct token_prob own = g->probs[i];
    own.id = g->ids.ids[i];
    return own;
}

static void prompt_top(const struct engine *e, const struct generation *g, size_t i, bool as_ids,
                       struct buffer *out)
{
    if (i == 0 || g->probs == NULL) {
        emit_null(out, NULL);
        return;
    }
    emit_top_map(e, prompt_prob(g, i), g->tops + i * (size_t)g->n_top, g->n_top, as_ids, out);
}

static void sampled_top(const struct engine *e, const struct choice *c, size_t i, bool as_ids,
                        struct buffer *out)
{
    const struct token_record *t = &c->records[i];
    emit_top_map(e, t->prob, c->tops + t->first_top, t->n_top, as_ids, out);
}

/* Where each token begins in the text that is returned, of which the prompt is a part where it is
 * echoed. A token that the tokenizer put before the client's text has no room in it. */
static void emit_offsets(const struct engine *e, const struct choice *c,
                         const struct generation *prompt, struct buffer *out)
{
    const struct generation *g = c->generation;
    size_t at = 0;
    emit_array(out, "text_offset");
    for (size_t i = 0; prompt != NULL && i < prompt->ids.n; i++) {
        emit_int(out, NULL, (int64_t)at);
        if (i >= g->added) at += logprobs_token_chars(e, prompt->ids.ids[i]);
    }
    at = g->text_chars + c->chars;
    for (size_t i = 0; i < c->n_records; i++) {
        emit_int(out, NULL, (int64_t)at);
        at += logprobs_token_chars(e, c->records[i].prob.id);
    }
    emit_close(out, ']');
}

void logprobs_emit_completion(const struct engine *e, const struct choice *choice,
                              const struct generation *prompt, bool as_ids, struct buffer *out)
{
    static const struct column columns[] = {
        {"tokens", prompt_token, sampled_token},
        {"token_logprobs", prompt_logprob, sampled_logprob},
        {"top_logprobs", prompt_top, sampled_top},
    };
    emit_object(out, "logprobs");
    for (size_t k = 0; k < sizeof(columns) / sizeof(columns[0]); k++) {
        emit_array(out, columns[k].name);
        for (size_t i = 0; prompt != NULL && i < prompt->ids.n; i++) {
            columns[k].prompt(e, prompt, i, as_ids, out);
        }
        for (size_t i = 0; i < choice->n_records; i++) {
            columns[k].sampled(e, choice, i, as_ids, out);
        }
        emit_close(out, ']');
    }
    emit_offsets(e, choice, prompt, out);
    emit_close(out, '}');
}

/* token, logprob, bytes: the members that a chat token and its alternatives share. */
static void emit_chat_token(const struct engine *e, struct token_prob p, bool as_ids,
                            struct buffer *out)
{
    struct span s = engine_token_bytes(e, p.id);
    emit_token(e, "token", p.id, as_ids, out);
    emit_float(out, "logprob", p.logprob);
    emit_array(out, "bytes");
    for (size_t i = 0; i < s.n; i++) {
        emit_int(out, NULL, (unsigned char)s.p[i]);
    }
    emit_close(out, ']');
}

/* How a record is told: tokens as ids, and vLLM's members of a route of ids. */
struct record_form {
    bool as_ids, by_id;
};

static void emit_chat_entry(const struct engine *e, struct token_prob p, struct record_form form,
                            struct buffer *out)
{
    emit_chat_token(e, p, form.as_ids, out);
    if (!form.by_id) return;
    emit_int(out, "token_id", p.id);
    emit_int(out, "rank", p.rank);
}

static void emit_chat_record(const struct engine *e, const struct choice *choice, size_t i,
                             struct record_form form, struct buffer *out)
{
    const struct token_record *t = &choice->records[i];
    emit_object(out, NULL);
    emit_chat_entry(e, t->prob, form, out);
    emit_array(out, "top_logprobs");
    if (form.by_id && t->n_top == 0) {
        emit_object(out, NULL);
        emit_chat_entry(e, t->prob, form, out);
        emit_close(out, '}');
    }
    for (int k = 0; k < t->n_top; k++) {
        emit_object(out, NULL);
        emit_chat_entry(e, choice->tops[t->first_top + (size_t)k], form, out);
        emit_close(out, '}');
    }
    emit_close(out, ']');
    emit_close(out, '}');
}

static void emit_chat(const struct engine *e, const struct choice *choice, struct record_form form,
                      struct buffer *out)
{
    emit_object(out, "logprobs");
    emit_array(out, "content");
    for (size_t i = 0; i < choice->n_records; i++) {
        emit_chat_record(e, choice, i, form, out);
    }
    emit_close(out, ']');
    emit_close(out, '}');
}

void logprobs_emit_chat(const struct engine *e, const struct choice *choice, bool as_ids,
                        struct buffer *out)
{
    emit_chat(e, choice, (struct record_form){.as_ids = as_ids}, out);
}

void logprobs_emit_chat_ids(const struct engine *e, const struct choice *choice, struct buffer *out)
{
    emit_chat(e, choice, (struct record_form){.as_ids = true, .by_id = true}, out);
}

void logprobs_emit_answer(const struct engine *e, const struct choice *choice, struct buffer *out)
{
    emit_array(out, "logprobs");
    for (size_t i = (size_t)choice->n_thought_tokens; i < choice->n_records; i++) {
        emit_chat_record(e, choice, i, (struct record_form){0}, out);
    }
    emit_close(out, ']');
}

static void emit_prompt_token(const struct engine *e, struct token_prob p, struct buffer *out)
{
    char key[16];
    snprintf(key, sizeof(key), "%d", p.id);
    emit_object(out, key);
    emit_float(out, "logprob", p.logprob);
    emit_int(out, "rank", p.rank);
    emit_token(e, "decoded_token", p.id, false, out);
    emit_close(out, '}');
}

void logprobs_emit_prompt(const struct engine *e, const struct generation *g, struct buffer *out)
{
    if (g->probs == NULL) {
        emit_null(out, "prompt_logprobs");
        return;
    }
    emit_array(out, "prompt_logprobs");
    for (size_t i = 0; i < g->ids.n; i++) {
        if (i == 0 || g->probs[i].rank == 0) { /* no probability: a form refuses it */
            emit_null(out, NULL);
            continue;
        }
        struct token_prob own = prompt_prob(g, i);
        const struct token_prob *tops = g->tops + i * (size_t)g->n_top;
        emit_object(out, NULL);
        emit_prompt_token(e, own, out);
        for (int k = 0; k < g->n_top; k++) {
            if (tops[k].id != own.id) emit_prompt_token(e, tops[k], out);
        }
        emit_close(out, '}');
    }
    emit_close(out, ']');
    if (g->refused_at >= 0) emit_int(out, "refused_at", g->refused_at);
}

void logprobs_emit_ids(const char *key, const int *ids, size_t n, struct buffer *out)
{
    emit_array(out, key);
    for (size_t i = 0; i < n; i++) {
        emit_int(out, NULL, ids[i]);
    }
    emit_close(out, ']');
}

void logprobs_emit_token_ids(const struct choice *choice, struct buffer *out)
{
    emit_array(out, "token_ids");
    for (size_t i = 0; i < choice->n_records; i++) {
        emit_int(out, NULL, choice->records[i].prob.id);
    }
    emit_close(out, ']');
}
