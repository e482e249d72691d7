/* server/http/router.c - see router.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/router.h"

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
    {"GET",  "/server_info",                server_info_handle,        ROUTE_MODEL},
    {"POST", "/pause",                      vllm_pause_handle,         ROUTE_MODEL | ROUTE_CONTROL},
    {"POST", "/resume",                     vllm_resume_handle,        ROUTE_MODEL | ROUTE_CONTROL},
    {"GET",  "/is_paused",                  vllm_is_paused_handle,     ROUTE_MODEL},
    {"POST", "/abort_requests",             vllm_abort_handle,         ROUTE_MODEL | ROUTE_CONTROL},
    {"POST", "/sleep",                      vllm_sleep_handle,         ROUTE_MODEL | ROUTE_CONTROL},
    {"POST", "/wake_up",                    vllm_wake_handle,          ROUTE_MODEL | ROUTE_CONTROL},
    {"GET",  "/is_sleeping",                vllm_is_sleeping_handle,   ROUTE_MODEL},
    {"POST", "/init_weight_transfer_engine", no_weights_handle,        0},
    {"POST", "/start_weight_update",        no_weights_handle,         0},
    {"POST", "/update_weights",             no_weights_handle,         0},
    {"POST", "/finish_weight_update",       no_weights_handle,         0},
    {"POST", "/v1/load_lora_adapter",       no_weights_handle,         0},
    {"POST", "/v1/unload_lora_adapter",     no_weights_handle,         0},
    {"POST", "/generate/",                  trl_generate_handle,       ROUTE_MODEL},
    {"POST", "/chat/",                      trl_chat_handle,           ROUTE_MODEL},
    {"POST", "/reset_prefix_cache/",        reset_prefix_cache_handle, ROUTE_MODEL},
    {"GET",  "/get_world_size/",            world_size_handle,         0},
    {"POST", "/get_sequence_logprobs/",     trl_logprobs_handle,       ROUTE_MODEL},
    {"POST", "/init_communicator/",         no_weights_handle,         0},
    {"POST", "/update_named_param/",        no_weights_handle,         0},
    {"POST", "/batch_update_named_params/", no_weights_handle,         0},
    {"POST", "/close_communicator/",        no_weights_handle,         0},
    {"POST", "/generate",                   sglang_generate_handle,    ROUTE_MODEL},
    {"PUT",  "/generate",                   sglang_generate_handle,    ROUTE_MODEL},
    {"GET",  "/flush_cache",                reset_prefix_cache_handle, ROUTE_MODEL},
    {"POST", "/flush_cache",                reset_prefix_cache_handle, ROUTE_MODEL},
    {"GET",  "/get_model_info",             sglang_model_info_handle,  ROUTE_MODEL},
    {"GET",  "/get_server_info",            sglang_server_info_handle, ROUTE_MODEL},
    {"GET",  "/get_weight_version",         sglang_weight_version_handle, 0},
    {"POST", "/pause_generation",           sglang_pause_handle,       ROUTE_MODEL | ROUTE_CONTROL},
    {"POST", "/continue_generation",        sglang_continue_handle,    ROUTE_MODEL | ROUTE_CONTROL},
    {"POST", "/abort_request",              sglang_abort_handle,       ROUTE_MODEL | ROUTE_CONTROL},
    {"POST", "/update_weights_from_disk",   no_weights_handle,         0},
    {"POST", "/update_weights_from_tensor", no_weights_handle,         0},
    {"POST", "/update_weights_from_distributed", no_weights_handle,    0},
    {"POST", "/init_weights_update_group",  no_weights_handle,         0},
    {"POST", "/destroy_weights_update_group", no_weights_handle,       0},
    {"POST", "/areal_pause_generation",     sglang_pause_handle,       ROUTE_MODEL | ROUTE_CONTROL},
    {"POST", "/areal_continue_generation",  sglang_continue_handle,    ROUTE_MODEL | ROUTE_CONTROL},
    {"POST", "/areal_update_weights",       no_weights_handle,         0},
    {"GET",  "/health_generate",            ready_handle,              ROUTE_OPEN | ROUTE_ALWAYS},
    {"POST", "/completion",                 llama_completion_handle,   ROUTE_MODEL},
    {"POST", "/completions",                llama_completion_handle,   ROUTE_MODEL},
    {"POST", "/apply-template",             llama_template_handle,     ROUTE_MODEL},
    {"GET",  "/props",                      llama_props_handle,        ROUTE_MODEL},
    {"GET",  "/slots",                      llama_slots_handle,        ROUTE_MODEL},
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
