/* server/rollouts/revise.c - see revise.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/rollouts/revise.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "server/http/state.h"
#include "server/rollouts/rollout.h"
#include "server/rollouts/turn.h"

enum { FEEDBACK_BYTES = 4 << 20, MESSAGE_BYTES = FEEDBACK_BYTES + ASK_TEMPLATE_BYTES };

static const char slot[] = "{feedback}";
static const char ours[] =
    "That is not right yet.\n{feedback}\nThink again, and answer in the same form.";

/* The message, with feedback in its slot. NULL: no memory. */
static cJSON *make_messages(struct span template, struct span feedback)
{
    struct buffer text;
    struct span t = template.p != NULL ? template : span_str(ours);
    const char *at = memmem(t.p, t.n, slot, strlen(slot));
    size_t before = at != NULL ? (size_t)(at - t.p) : t.n;
    buffer_init(&text, MESSAGE_BYTES);
    buffer_add(&text, t.p, before);
    if (at != NULL) {
        buffer_add_span(&text, feedback);
        buffer_add(&text, at + strlen(slot), t.n - before - strlen(slot));
    }
    cJSON *list = cJSON_CreateArray(), *m = cJSON_CreateObject();
    cJSON *content = text.failed ? NULL : json_string(buffer_span(&text));
    bool ok = list != NULL && m != NULL && content != NULL &&
              cJSON_AddStringToObject(m, "role", "user") != NULL &&
              cJSON_AddItemToObject(m, "content", content);
    buffer_clear(&text);
    if (ok && cJSON_AddItemToArray(list, m)) return list;
    if (!ok) cJSON_Delete(content);
    cJSON_Delete(m);
    cJSON_Delete(list);
    return NULL;
}

/* What stands behind a turn that is answered so. */
static bool tokenize(const struct ask_prompt *p, const struct ask *ask, struct span feedback,
                     bool ended, struct exchange *x, struct arena *a, struct tokens *out,
                     struct error *err)
{
    struct buffer text;
    struct conversation talk = p->talk;
    cJSON *messages = make_messages(ask->template, feedback);
    if (messages == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for a message");
    talk.messages = messages;
    talk.add_generation_prompt = true;
    talk.continue_final = false;
    buffer_init(&text, (size_t)MESSAGE_BYTES * 8);
    bool ok = turn_render(&talk, x->server->engine, ended, a, &text, err) && !text.failed &&
              engine_tokenize(x->server->engine, buffer_span(&text), false, true, out, err);
    buffer_clear(&text);
    cJSON_Delete(messages);
    return ok;
}

bool revise_check(const struct ask *ask, struct exchange *x, struct error *err)
{
    for (size_t i = 0; i < ask->n_prompts; i++) {
        struct tokens ids = {0};
        bool ok = tokenize(&ask->prompts[i], ask, span_str("-"), true, x, x->arena, &ids, err);
        tokens_clear(&ids);
        if (!ok) return error_at(err, "revise");
    }
    return true;
}

/* Tokens of s's row, and of the prompt. */
static size_t length_of(const struct sample *s)
{
    size_t n = s->group->prompt->ids.n + (size_t)s->strand->n;
    for (int i = 0; i < s->n_turns; i++) {
        n += s->turns[i].said.n + s->turns[i].kept;
    }
    return n;
}

void revise_say(struct sample *s)
{
    const struct rollout *r = s->group->rollout;
    struct rollout_turn *t = sample_turn(s);
    const struct engine_info *info = engine_info(r->exchange->server->engine);
    struct error err = {0};
    struct buffer feedback;
    if (s->n_turns > r->ask.rounds || t->judged.reply.mask_cause != NULL) return;
    buffer_init(&feedback, FEEDBACK_BYTES);
    judge_feedback(&t->judged, &feedback);
    bool ended = t->choice->stop_token >= 0 && t->choice->stop_token == info->eos_token;
    bool ok = feedback.n > 0 && !feedback.failed &&
              tokenize(s->group->prompt, &r->ask, buffer_span(&feedback), ended, r->exchange,
                       t->arena, &s->next_said, &err);
    bool fits = length_of(s) + s->next_said.n < (size_t)info->context;
    bool lost = feedback.failed || mem_ran_out(); /* of what there was to say, too */
    if (lost || !ok || !fits) tokens_clear(&s->next_said);
    if (lost) t->judged.reply.mask_cause = "no_memory"; /* it would have gone on */
    buffer_clear(&feedback);
}
