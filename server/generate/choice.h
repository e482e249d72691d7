/* server/generate/choice.h - one sample of one prompt: its text, its tokens, its end.
 *
 * What it keeps of each token counts against what requests may take (generations_memory()).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_CHOICE_H
#define SERVER_GENERATE_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "engine/engine.h"
#include "server/generate/reasoning.h"
#include "server/generate/spans.h"
#include "base/tools/calls.h"

struct generation;

/* A sampled token as clients may ask to see it. */
struct token_record {
    struct token_prob prob; /* logprob and rank only when they were asked for */
    float drawn;            /* log-probability in what it was drawn from, likewise */
    size_t first_top;       /* index into the choice's tops */
    int n_top;
    size_t first_support; /* index into the choice's supports */
    int n_support;        /* -1: what it was drawn from is not told */
};

struct choice {
    struct generation *generation;
    int index;             /* among all samples of its owner */
    struct buffer text;    /* the answer's, not yet written out */
    struct buffer thought; /* the reasoning's, likewise */
    struct reasoning reasoning;
    struct tool_calls calls;      /* wanted.format NULL: none are looked for */
    size_t calls_written;         /* in a stream: calls that were begun, */
    size_t arguments_written;     /* and bytes of the last one's arguments */
    struct token_record *records; /* owned; not yet written out */
    size_t n_records, room_records;
    struct token_prob *tops; /* owned */
    size_t n_tops, room_tops;
    int *supports; /* owned; ids that the records' tokens were drawn from */
    size_t n_supports, room_supports;
    int16_t *routes; /* owned; of prompt and output, as the engine's event has them; NULL: none */
    int n_routes;
    size_t room_routes;
    size_t chars;  /* characters of text before the first record */
    int n_written; /* chunks written */
    bool done;
    enum engine_finish finish;
    char *stop_string; /* owned; NULL: none */
    int stop_token;    /* -1: none */
    int n_tokens, n_thought_tokens;
    bool has_new_line; /* somewhere in its output */
    double logprob_sum;
    struct version_spans versions; /* which weights computed it */
    uint64_t first_token_ns, last_token_ns;
};

/* As its generation asks. Clear with choice_clear(). */
void choice_init(struct choice *c, struct generation *g, int index);
/* Free what c owns. */
void choice_clear(struct choice *c);

/* EVENT_TOKEN, which n_tokens counts already: its text, and with `record` the token itself. False when memory
 * is out. */
bool choice_add_token(struct choice *c, const struct engine_event *ev, bool record);

/* EVENT_DONE: the last text and why it ended. False when memory is out. */
bool choice_finish(struct choice *c, const struct engine_event *ev);

/* Is there something that a stream has not shown yet, besides token records? */
bool choice_has_news(const struct choice *c);

/* What was written out is dropped. Text offsets go on. */
void choice_drop_pending(const struct engine *e, struct choice *c);

/* "stop", "tool_calls", "length", "abort", or NULL while it goes on. */
const char *choice_finish_name(const struct choice *c);

/* OpenAI's measure for best_of: the mean log-probability of its tokens. */
double choice_mean_logprob(const struct choice *c);

#endif
