/* server/router.c - see router.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/router.h"

#include <stdio.h>
#include <string.h>

#include "server/routes/routes.h"

/* clang-format off */
static const struct route routes[] = {
    {"POST", "/v1/completions",             completions_handle,        ROUTE_MODEL},
    {"POST", "/v1/completions/render",      completions_render_handle, ROUTE_MODEL},
    {"POST", "/v1/chat/completions",        chat_handle,               ROUTE_MODEL},
    {"POST", "/v1/chat/completions/render", chat_render_handle,        ROUTE_MODEL},
    {"POST", "/inference/v1/generate",      vllm_generate_handle,      ROUTE_MODEL},
    {"POST", "/reset_prefix_cache",         reset_prefix_cache_handle, ROUTE_MODEL},
    {"GET",  "/get_world_size",             world_size_handle,         0},
    {"POST", "/generate/",                  trl_generate_handle,       ROUTE_MODEL},
    {"POST", "/chat/",                      trl_chat_handle,           ROUTE_MODEL},
    {"POST", "/reset_prefix_cache/",        reset_prefix_cache_handle, ROUTE_MODEL},
    {"GET",  "/get_world_size/",            world_size_handle,         0},
    {"POST", "/generate",                   sglang_generate_handle,    ROUTE_MODEL},
    {"PUT",  "/generate",                   sglang_generate_handle,    ROUTE_MODEL},
    {"GET",  "/flush_cache",                reset_prefix_cache_handle, ROUTE_MODEL},
    {"POST", "/flush_cache",                reset_prefix_cache_handle, ROUTE_MODEL},
    {"GET",  "/get_model_info",             sglang_model_info_handle,  ROUTE_MODEL},
    {"GET",  "/health_generate",            ready_handle,              ROUTE_OPEN | ROUTE_ALWAYS},
    {"POST", "/completion",                 llama_completion_handle,   ROUTE_MODEL},
    {"POST", "/completions",                llama_completion_handle,   ROUTE_MODEL},
    {"POST", "/apply-template",             llama_template_handle,     ROUTE_MODEL},
    {"GET",  "/props",                      llama_props_handle,        ROUTE_MODEL},
    {"GET",  "/v1/models",                  models_handle,             ROUTE_MODEL},
    {"POST", "/tokenize",                   tokenize_handle,           ROUTE_MODEL},
    {"POST", "/detokenize",                 detokenize_handle,         ROUTE_MODEL},
    {"POST", "/verify",                     verify_handle,             ROUTE_NDJSON | ROUTE_VERIFY},
    {"POST", "/verify/advantages",          verify_advantages_handle,  ROUTE_VERIFY},
    {"POST", "/verify/pass_at_k",           verify_pass_at_k_handle,   ROUTE_VERIFY},
    {"POST", "/get_reward",                 openrlhf_reward_handle,    ROUTE_VERIFY},
    {"POST", "/remote_rm",                  slime_reward_handle,       ROUTE_VERIFY},
    {"POST", "/run_code",                   sandbox_fusion_run_handle, ROUTE_VERIFY},
    {"GET",  "/v1/ping",                    sandbox_fusion_ping_handle, ROUTE_OPEN | ROUTE_ALWAYS},
    {"GET",  "/api/v2/runtimes",            piston_runtimes_handle,    0},
    {"POST", "/api/v2/execute",             piston_execute_handle,     ROUTE_VERIFY},
    {"GET",  "/runtimes",                   piston_runtimes_handle,    0},
    {"POST", "/execute",                    piston_execute_handle,     ROUTE_VERIFY},
    {"POST", "/execute_batch",              router_execute_handle,     ROUTE_VERIFY},
    {"GET",  "/verify/rewards",             verify_rewards_handle,     0},
    {"GET",  "/health",                     health_handle,             ROUTE_OPEN | ROUTE_ALWAYS},
    {"GET",  "/v1/health",                  health_handle,             ROUTE_OPEN | ROUTE_ALWAYS},
    {"GET",  "/health/",                    health_handle,             ROUTE_OPEN | ROUTE_ALWAYS},
    {"GET",  "/ready",                      ready_handle,              ROUTE_OPEN | ROUTE_ALWAYS},
    {"GET",  "/metrics",                    metrics_handle,            ROUTE_ALWAYS},
    {"GET",  "/version",                    version_handle,            ROUTE_OPEN | ROUTE_ALWAYS},
    {"GET",  "/load",                       load_handle,               ROUTE_ALWAYS},
};
/* clang-format on */

enum { ROUTES = sizeof(routes) / sizeof(routes[0]) };

const struct route *router_find(const char *method, const char *path, int *path_known)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    *path_known = 0;
    for (size_t i = 0; i < ROUTES; i++) {
        if (strcmp(routes[i].path, path) != 0) continue;
        *path_known = 1;
        if (strcmp(routes[i].method, wanted) == 0) return &routes[i];
    }
    return NULL;
}

void router_allowed(const char *path, char *out, size_t room)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < ROUTES && n < room; i++) {
        if (strcmp(routes[i].path, path) != 0) continue;
        const char *also = strcmp(routes[i].method, "GET") == 0 ? ", HEAD" : "";
        n += (size_t)snprintf(out + n, room - n, "%s%s, ", routes[i].method, also);
    }
    if (n > 0 && n < room) snprintf(out + n, room - n, "OPTIONS");
}

size_t router_count(void)
{
    return ROUTES;
}

const struct route *router_at(size_t i)
{
    return &routes[i];
}

size_t router_index(const struct route *route)
{
    return route == NULL ? ROUTES : (size_t)(route - routes);
}
