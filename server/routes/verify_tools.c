/* server/routes/verify_tools.c - POST /verify/advantages, /verify/pass_at_k and GET
 * /verify/rewards: what needs neither model nor verifier processes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include "base/json.h"
#include "server/http/exchange.h"
#include "server/state.h"

struct tool {
    bool (*compute)(const cJSON *body, struct buffer *out, struct error *err);
    struct buffer out;
    struct error error;
};

static void free_state(struct exchange *x)
{
    struct tool *t = x->state;
    buffer_clear(&t->out);
}

static void work(struct exchange *x)
{
    struct tool *t = x->state;
    cJSON *body = json_parse(buffer_span(&x->body), &t->error);
    if (body != NULL) t->compute(body, &t->out, &t->error);
    cJSON_Delete(body);
}

static void after(struct exchange *x)
{
    struct tool *t = x->state;
    if (t->error.code != ERROR_NONE) {
        exchange_fail(x, &t->error);
    } else {
        exchange_reply_json(x, &t->out);
    }
}

static void handle(struct exchange *x,
                   bool (*compute)(const cJSON *body, struct buffer *out, struct error *err))
{
    struct tool *t = arena_alloc(x->arena, 1, sizeof(*t));
    struct error err = {0};
    if (t == NULL) {
        error_set(&err, ERROR_NO_MEMORY, NULL, "no memory for the request");
        exchange_fail(x, &err);
        return;
    }
    t->compute = compute;
    buffer_init(&t->out, EXCHANGE_REPLY_BYTES);
    x->state = t;
    x->free_state = free_state;
    exchange_work(x, false, work, after);
}

void verify_advantages_handle(struct exchange *x)
{
    handle(x, reward_advantages_json);
}

void verify_pass_at_k_handle(struct exchange *x)
{
    handle(x, reward_pass_at_k_json);
}

void verify_rewards_handle(struct exchange *x)
{
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    reward_list_json(&out);
    exchange_reply_json(x, &out);
}
