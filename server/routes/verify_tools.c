/* server/routes/verify_tools.c - POST /verify/advantages, /verify/pass_at_k and GET
 * /verify/rewards: what needs neither model nor verifier processes. And the two routes that NeMo-Gym's
 * agents call around /verify, which keeps no state of a session here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include "base/json.h"
#include "server/http/exchange.h"
#include "server/http/state.h"

typedef bool compute_fn(const cJSON *body, struct buffer *out, struct error *err);

static void compute(struct exchange *x, compute_fn *fn)
{
    cJSON *body = exchange_parse(x, &x->error);
    if (body != NULL) fn(body, &x->reply, &x->error);
    cJSON_Delete(body);
}

static void work_advantages(struct exchange *x)
{
    compute(x, reward_advantages_json);
}

static void work_pass_at_k(struct exchange *x)
{
    compute(x, reward_pass_at_k_json);
}

void verify_advantages_handle(struct exchange *x)
{
    exchange_offload(x, WORK_LIGHT, work_advantages, exchange_finish);
}

void verify_pass_at_k_handle(struct exchange *x)
{
    exchange_offload(x, WORK_LIGHT, work_pass_at_k, exchange_finish);
}

void verify_rewards_handle(struct exchange *x)
{
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    reward_list_json(&out);
    exchange_reply_json(x, &out);
}

void verify_session_handle(struct exchange *x)
{
    buffer_add_str(&x->reply, "{}");
    exchange_reply_json(x, &x->reply);
}

void verify_mode_handle(struct exchange *x)
{
    buffer_add_str(&x->reply, "\"stateless\"");
    exchange_reply_json(x, &x->reply);
}
