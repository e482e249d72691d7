/* server/rollouts/ask.h - what a client asks of /v1/rollouts, read and checked; read only afterwards.
 *
 * Words: a *prompt* is an entry of the body's list; an *attempt* is a group begun for one (each prompt
 * is attempted once, or round and round with `until`); a *strand* is what the samples of a group begin
 * with: nothing, a partial rollout of the caller's, or the first tokens of a sample to be forked. The
 * samples of one strand are one generation.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ROLLOUTS_ASK_H
#define SERVER_ROLLOUTS_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reward/reward.h"
#include "server/generate/conversation.h"
#include "server/generate/sampling_params.h"

struct exchange;

/* Does anything come behind what is given of a sample? */
enum strand_end {
    STRAND_GOES_ON,
    STRAND_STOPPED, /* no: its last id ends it */
    STRAND_FULL     /* no: it has max_tokens */
};

/* What samples go on from. */
struct strand {
    const int *ids;        /* [n] given ids; the request's arena's */
    const float *logprobs; /* [n] as the caller gave them, NaN where unknown; NULL: none */
    int n;
    const cJSON *versions; /* of them, as the caller gave them; NULL: none */
    int samples;           /* of this strand */
    int first;             /* place of its first sample in the group */
    bool forced;           /* the last id is the caller's choice, not the sample's: no loss on it */
    enum strand_end end;
    int at;        /* a fork's place */
    uint64_t seed; /* a fork's own */
    bool has_seed;
    float temperature; /* below 0: the call's */
};

struct ask_prompt {
    const cJSON *id; /* the client's name for it; NULL: none */
    struct tokens ids;
    cJSON *own, *fields; /* what we read of it, and the judge; owned */
    struct judge_item *item;
    int n; /* samples that count */
    struct strand *strands;
    int n_strands;
    bool forks;
    enum form_thoughts thoughts; /* where a form begins to hold in its samples */
    struct conversation talk;    /* how a message is put behind a turn of the model's */
};

enum stop_when { STOP_NEVER, STOP_MAJORITY, STOP_FIRST_CORRECT };
enum { ASK_MOST_ROUNDS = 16, ASK_TEMPLATE_BYTES = 64 << 10 };
enum encoding { ENCODING_JSON, ENCODING_NDJSON, ENCODING_NPZ };

/* What a sample's entry holds: bits. */
enum {
    RETURN_TEXT = 1,
    RETURN_IDS = 2,
    RETURN_LOGPROBS = 4,
    RETURN_PROCESSED = 8,
    RETURN_TOPS = 16,
    RETURN_PROMPT_IDS = 32,
    RETURN_SUPPORT = 64,
    RETURN_ROUTES = 128
};

struct ask {
    cJSON *document; /* owned; spans and lists are borrowed from it */
    struct span model;
    int n;
    const cJSON *prompt_list, *sampling, *reward_list, *until, *keep, *advantage_value;
    struct sampling_params params;
    /* by where they begin to hold; NULL: no prompt has it so */
    struct form *forms[FORM_THINKS + 1];
    struct judge_rewards *rewards;
    struct advantage_params advantage;
    struct ask_prompt *prompts; /* [n_prompts]; the arena's */
    size_t n_prompts;
    unsigned returns;
    int encoding, stop_when;
    double over_sample;  /* begun samples for each that counts; 1 usually */
    int64_t deadline_ms; /* 0: none */
    size_t groups,
        attempts;  /* until: informative groups, and groups begun at most; else groups 0 */
    bool overlong; /* samples cut by max_tokens count */
    const cJSON *revise;
    int rounds;           /* revisions of a sample that is not right, at most */
    struct span template; /* of the message that asks for one; p NULL: ours */
};

/* Read x's body into ask, which is zeroed. On any thread. False and *err naming the client's field;
 * ask_clear() either way. */
bool ask_read(struct ask *ask, struct exchange *x, struct error *err);

/* Free what it owns. */
void ask_clear(struct ask *ask);

/* ask_prompt.c: the tables of an entry of prompts. */
extern const struct field *const ask_prompt_members[];
/* ask_prompt.c: entry i of the prompts into ask->prompts[i]. */
bool ask_prompt_read(struct ask *ask, struct exchange *x, size_t i, const cJSON *entry,
                     struct error *err);
/* Free what it owns. */
void ask_prompt_clear(struct ask_prompt *p);

/* Samples that a group of p begins with: more than count, where the call samples over. */
int ask_samples(const struct ask *ask, const struct ask_prompt *p);

#endif
