/* server/generate/choice.c - see choice.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/choice.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "server/generate/generation.h"
#include "server/generate/logprobs.h"

enum { TEXT_BYTES = 256 << 20 }; /* ceiling of one sample's text */

static struct quota *memory_of(const struct choice *c)
{
    return generations_memory(c->generation->all);
}

void choice_init(struct choice *c, struct generation *g, int index)
{
    *c = (struct choice){.generation = g, .index = index, .stop_token = -1};
    tool_calls_init(&c->calls, &g->calls_wanted);
    reasoning_init(&c->reasoning, g->think_open, g->think_close, g->think_start);
    buffer_init(&c->text, TEXT_BYTES);
    buffer_init(&c->thought, TEXT_BYTES);
}

void choice_clear(struct choice *c)
{
    struct quota *memory = memory_of(c);
    buffer_clear(&c->text);
    buffer_clear(&c->thought);
    reasoning_clear(&c->reasoning);
    tool_calls_clear(&c->calls);
    quota_free_array(memory, c->records, c->room_records, sizeof(*c->records));
    quota_free_array(memory, c->tops, c->room_tops, sizeof(*c->tops));
    quota_free_array(memory, c->supports, c->room_supports, sizeof(*c->supports));
    quota_free_array(memory, c->routes, c->room_routes, sizeof(*c->routes));
    free(c->stop_string);
    spans_clear(&c->versions);
}

static bool add_tops(struct choice *c, const struct engine_event *ev)
{
    size_t n = (size_t)ev->n_top, size = sizeof(*c->tops);
    if (n == 0) return true;
    struct token_prob *grown =
        quota_grow_array(memory_of(c), c->tops, &c->room_tops, c->n_tops + n, size);
    if (grown == NULL) return false;
    c->tops = grown;
    memcpy(c->tops + c->n_tops, ev->top, n * size);
    c->n_tops += n;
    return true;
}

static bool add_support(struct choice *c, const struct engine_event *ev)
{
    size_t n = ev->n_support > 0 ? (size_t)ev->n_support : 0, size = sizeof(*c->supports);
    if (n == 0) return true;
    int *grown =
        quota_grow_array(memory_of(c), c->supports, &c->room_supports, c->n_supports + n, size);
    if (grown == NULL) return false;
    c->supports = grown;
    memcpy(c->supports + c->n_supports, ev->support, n * size);
    c->n_supports += n;
    return true;
}

static bool add_record(struct choice *c, const struct engine_event *ev)
{
    size_t first_top = c->n_tops, first_support = c->n_supports;
    if (!add_tops(c, ev) || !add_support(c, ev)) return false;
    struct token_record *grown = quota_grow_array(memory_of(c), c->records, &c->room_records,
                                                  c->n_records + 1, sizeof(*grown));
    if (grown == NULL) return false;
    c->records = grown;
    c->records[c->n_records] =
        (struct token_record){.prob = ev->prob,
                              .drawn = ev->drawn,
                              .first_top = first_top,
                              .n_top = ev->n_top,
                              .first_support = first_support,
                              .n_support = ev->n_support};
    c->records[c->n_records++].prob.id = ev->token;
    return true;
}

static bool is_thinking(const struct choice *c)
{
    return c->reasoning.state == REASONING_LEAD || c->reasoning.state == REASONING_INSIDE;
}

/* Where the calls from number `from` on stand in a text of which nothing was dropped. */
static void note_places(struct choice *c, size_t from, size_t text_at)
{
    for (size_t i = from; i < c->calls.n; i++) {
        c->calls.items[i].text_at = text_at;
    }
}

/* More of the output, to thought, text and calls. */
static bool sort_text(struct choice *c, const struct engine_event *ev, bool last)
{
    bool finds_calls = c->calls.wanted.format != NULL;
    struct buffer found, *answer = finds_calls ? &found : &c->text;
    buffer_init(&found, TEXT_BYTES);
    if (ev->n_text > 0 && memchr(ev->text, '\n', ev->n_text) != NULL) c->has_new_line = true;
    reasoning_feed(&c->reasoning, span_of(ev->text, ev->n_text), &c->thought, answer);
    if (last) reasoning_end(&c->reasoning, &c->thought, answer);
    size_t n_calls = c->calls.n, text_at = c->text.n;
    if (finds_calls) tool_calls_feed(&c->calls, buffer_span(&found), &c->text);
    if (finds_calls && last) tool_calls_end(&c->calls, &c->text);
    note_places(c, n_calls, text_at);
    bool ok = !found.failed && !c->calls.failed && !c->text.failed && !c->thought.failed;
    buffer_clear(&found);
    return ok;
}

bool choice_add_token(struct choice *c, const struct engine_event *ev, bool record)
{
    assert(!c->done && ev->type == EVENT_TOKEN);
    bool before = is_thinking(c);
    bool ok = sort_text(c, ev, false);
    c->n_thought_tokens += before || is_thinking(c);
    c->logprob_sum += (double)ev->prob.logprob;
    ok = ok && spans_add(&c->versions, ev->label, c->n_tokens - 1);
    return ok && (!record || add_record(c, ev));
}

static bool keep_routes(struct choice *c, const struct engine_event *ev)
{
    size_t n = (size_t)ev->n_routes * (size_t)ev->routes_size, size = sizeof(*c->routes);
    if (ev->routes == NULL) return true;
    if (!quota_grow(memory_of(c), 0, n * size)) return false;
    c->room_routes = n;
    c->routes = mem_new(n + 1, size, NULL);
    if (c->routes == NULL) return false;
    c->n_routes = ev->n_routes;
    memcpy(c->routes, ev->routes, n * size);
    return true;
}

bool choice_finish(struct choice *c, const struct engine_event *ev)
{
    assert(!c->done && ev->type == EVENT_DONE);
    bool ok = sort_text(c, ev, true) && keep_routes(c, ev);
    if (c->n_tokens == 0) ok = ok && spans_add(&c->versions, ev->label, 0);
    c->done = true;
    c->finish = ev->finish;
    c->stop_token = ev->stop_token;
    if (ev->stop_string != NULL) {
        c->stop_string = mem_text(span_str(ev->stop_string), NULL);
        if (c->stop_string == NULL) return false;
    }
    return ok;
}

bool choice_has_news(const struct choice *c)
{
    const struct tool_calls *t = &c->calls;
    return c->text.n > 0 || c->thought.n > 0 || t->n > c->calls_written ||
           (t->n > 0 && t->items[t->n - 1].n_arguments > c->arguments_written);
}

void choice_drop_pending(const struct engine *e, struct choice *c)
{
    for (size_t i = 0; i < c->n_records; i++) {
        c->chars += logprobs_token_chars(e, c->records[i].prob.id);
    }
    const struct tool_calls *t = &c->calls;
    assert(c->calls_written <= t->n);
    c->n_records = 0;
    c->n_tops = 0;
    c->n_supports = 0;
    buffer_drop(&c->text, c->text.n);
    buffer_drop(&c->thought, c->thought.n);
    c->calls_written = t->n;
    c->arguments_written = t->n > 0 ? t->items[t->n - 1].n_arguments : 0;
}

const char *choice_finish_name(const struct choice *c)
{
    static const char *const names[] = {
        [FINISH_NONE] = NULL,
        [FINISH_STOP] = "stop",
        [FINISH_LENGTH] = "length",
        [FINISH_ABORT] = "abort",
    };
    bool called = c->calls.n_whole > 0 && !c->generation->call_is_named;
    if (c->done && c->finish == FINISH_STOP && called) return "tool_calls";
    return c->done ? names[c->finish] : NULL;
}

double choice_mean_logprob(const struct choice *c)
{
    return c->n_tokens == 0 ? (double)-INFINITY : c->logprob_sum / c->n_tokens;
}
