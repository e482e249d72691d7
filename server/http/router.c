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
    {"POST", "/v1/completions",             completions_handle,        ROUTE_MODEL, ERRORS_OPENAI},
    {"POST", "/v1/completions/render",      completions_render_handle, ROUTE_MODEL, ERRORS_OPENAI},
    {"POST", "/v1/chat/completions",        chat_handle,               ROUTE_MODEL, ERRORS_OPENAI},
    {"POST", "/v1/chat/completions/render", chat_render_handle,        ROUTE_MODEL, ERRORS_OPENAI},
    {"POST", "/inference/v1/generate",      vllm_generate_handle,      ROUTE_MODEL, ERRORS_OPENAI},
    {"POST", "/reset_prefix_cache",         reset_prefix_cache_handle, ROUTE_MODEL, ERRORS_OPENAI},
    {"GET",  "/get_world_size",             world_size_handle,         0, ERRORS_OPENAI},
    {"GET",  "/server_info",                server_info_handle,        ROUTE_MODEL, ERRORS_OPENAI},
    {"POST", "/pause",                      vllm_pause_handle,         ROUTE_MODEL | ROUTE_CONTROL, ERRORS_OPENAI},
    {"POST", "/resume",                     vllm_resume_handle,        ROUTE_MODEL | ROUTE_CONTROL, ERRORS_OPENAI},
    {"GET",  "/is_paused",                  vllm_is_paused_handle,     ROUTE_MODEL, ERRORS_OPENAI},
    {"POST", "/abort_requests",             vllm_abort_handle,         ROUTE_MODEL | ROUTE_CONTROL, ERRORS_OPENAI},
    {"POST", "/sleep",                      vllm_sleep_handle,         ROUTE_MODEL | ROUTE_CONTROL, ERRORS_OPENAI},
    {"POST", "/wake_up",                    vllm_wake_handle,          ROUTE_MODEL | ROUTE_CONTROL, ERRORS_OPENAI},
    {"GET",  "/is_sleeping",                vllm_is_sleeping_handle,   ROUTE_MODEL, ERRORS_OPENAI},
    {"POST", "/init_weight_transfer_engine", no_weights_handle,        0, ERRORS_OPENAI},
    {"POST", "/start_weight_update",        no_weights_handle,         0, ERRORS_OPENAI},
    {"POST", "/update_weights",             no_weights_handle,         0, ERRORS_OPENAI},
    {"POST", "/finish_weight_update",       no_weights_handle,         0, ERRORS_OPENAI},
    {"POST", "/v1/load_lora_adapter",       no_weights_handle,         0, ERRORS_OPENAI},
    {"POST", "/v1/unload_lora_adapter",     no_weights_handle,         0, ERRORS_OPENAI},
    {"POST", "/generate/",                  trl_generate_handle,       ROUTE_MODEL, ERRORS_DETAIL},
    {"POST", "/chat/",                      trl_chat_handle,           ROUTE_MODEL, ERRORS_DETAIL},
    {"POST", "/reset_prefix_cache/",        reset_prefix_cache_handle, ROUTE_MODEL, ERRORS_DETAIL},
    {"GET",  "/get_world_size/",            world_size_handle,         0, ERRORS_DETAIL},
    {"POST", "/get_sequence_logprobs/",     trl_logprobs_handle,       ROUTE_MODEL, ERRORS_DETAIL},
    {"POST", "/init_communicator/",         no_weights_handle,         0, ERRORS_DETAIL},
    {"POST", "/update_named_param/",        no_weights_handle,         0, ERRORS_DETAIL},
    {"POST", "/batch_update_named_params/", no_weights_handle,         0, ERRORS_DETAIL},
    {"POST", "/close_communicator/",        no_weights_handle,         0, ERRORS_DETAIL},
    {"POST", "/generate",                   sglang_generate_handle,    ROUTE_MODEL, ERRORS_SGLANG},
    {"PUT",  "/generate",                   sglang_generate_handle,    ROUTE_MODEL, ERRORS_SGLANG},
    {"GET",  "/flush_cache",                reset_prefix_cache_handle, ROUTE_MODEL, ERRORS_SGLANG},
    {"POST", "/flush_cache",                reset_prefix_cache_handle, ROUTE_MODEL, ERRORS_SGLANG},
    {"GET",  "/get_model_info",             sglang_model_info_handle,  ROUTE_MODEL, ERRORS_SGLANG},
    {"GET",  "/get_server_info",            sglang_server_info_handle, ROUTE_MODEL, ERRORS_SGLANG},
    {"GET",  "/get_weight_version",         sglang_weight_version_handle, 0, ERRORS_SGLANG},
    {"POST", "/pause_generation",           sglang_pause_handle,       ROUTE_MODEL | ROUTE_CONTROL, ERRORS_SGLANG},
    {"POST", "/continue_generation",        sglang_continue_handle,    ROUTE_MODEL | ROUTE_CONTROL, ERRORS_SGLANG},
    {"POST", "/abort_request",              sglang_abort_handle,       ROUTE_MODEL | ROUTE_CONTROL, ERRORS_SGLANG},
    {"POST", "/update_weights_from_disk",   no_weights_handle,         0, ERRORS_SGLANG},
    {"POST", "/update_weights_from_tensor", no_weights_handle,         0, ERRORS_SGLANG},
    {"POST", "/update_weights_from_distributed", no_weights_handle,    0, ERRORS_SGLANG},
    {"POST", "/init_weights_update_group",  no_weights_handle,         0, ERRORS_SGLANG},
    {"POST", "/destroy_weights_update_group", no_weights_handle,       0, ERRORS_SGLANG},
    {"POST", "/areal_pause_generation",     sglang_pause_handle,       ROUTE_MODEL | ROUTE_CONTROL, ERRORS_SGLANG},
    {"POST", "/areal_continue_generation",  sglang_continue_handle,    ROUTE_MODEL | ROUTE_CONTROL, ERRORS_SGLANG},
    {"POST", "/areal_update_weights",       no_weights_handle,         0, ERRORS_SGLANG},
    {"GET",  "/health_generate",            ready_handle,              ROUTE_OPEN | ROUTE_ALWAYS, ERRORS_OPENAI},
    {"POST", "/completion",                 llama_completion_handle,   ROUTE_MODEL, ERRORS_LLAMA},
    {"POST", "/completions",                llama_completion_handle,   ROUTE_MODEL, ERRORS_LLAMA},
    {"POST", "/apply-template",             llama_template_handle,     ROUTE_MODEL, ERRORS_LLAMA},
    {"GET",  "/props",                      llama_props_handle,        ROUTE_MODEL, ERRORS_LLAMA},
    {"GET",  "/slots",                      llama_slots_handle,        ROUTE_MODEL, ERRORS_LLAMA},
    {"GET",  "/v1/models",                  models_handle,             ROUTE_MODEL, ERRORS_OPENAI},
    {"POST", "/tokenize",                   tokenize_handle,           ROUTE_MODEL, ERRORS_OPENAI},
    {"POST", "/detokenize",                 detokenize_handle,         ROUTE_MODEL, ERRORS_OPENAI},
    {"POST", "/verify",                     verify_handle,             ROUTE_NDJSON | ROUTE_VERIFY, ERRORS_OPENAI},
    {"POST", "/verify/advantages",          verify_advantages_handle,  ROUTE_VERIFY, ERRORS_OPENAI},
    {"POST", "/verify/pass_at_k",           verify_pass_at_k_handle,   ROUTE_VERIFY, ERRORS_OPENAI},
    {"POST", "/get_reward",                 openrlhf_reward_handle,    ROUTE_VERIFY, ERRORS_OPENAI},
    {"POST", "/remote_rm",                  slime_reward_handle,       ROUTE_VERIFY, ERRORS_OPENAI},
    {"POST", "/run_code",                   sandbox_fusion_run_handle, ROUTE_VERIFY, ERRORS_DETAIL},
    {"GET",  "/v1/ping",                    sandbox_fusion_ping_handle, ROUTE_OPEN | ROUTE_ALWAYS, ERRORS_DETAIL},
    {"GET",  "/api/v2/runtimes",            piston_runtimes_handle,    0, ERRORS_PISTON},
    {"POST", "/api/v2/execute",             piston_execute_handle,     ROUTE_VERIFY, ERRORS_PISTON},
    {"GET",  "/runtimes",                   piston_runtimes_handle,    0, ERRORS_PISTON},
    {"POST", "/execute",                    piston_execute_handle,     ROUTE_VERIFY, ERRORS_PISTON},
    {"POST", "/execute_batch",              router_execute_handle,     ROUTE_VERIFY, ERRORS_DETAIL},
    {"GET",  "/verify/rewards",             verify_rewards_handle,     0, ERRORS_OPENAI},
    {"GET",  "/health",                     health_handle,             ROUTE_OPEN | ROUTE_ALWAYS, ERRORS_OPENAI},
    {"GET",  "/v1/health",                  health_handle,             ROUTE_OPEN | ROUTE_ALWAYS, ERRORS_OPENAI},
    {"GET",  "/health/",                    health_handle,             ROUTE_OPEN | ROUTE_ALWAYS, ERRORS_OPENAI},
    {"GET",  "/ready",                      ready_handle,              ROUTE_OPEN | ROUTE_ALWAYS, ERRORS_OPENAI},
    {"GET",  "/metrics",                    metrics_handle,            ROUTE_ALWAYS, ERRORS_OPENAI},
    {"GET",  "/version",                    version_handle,            ROUTE_OPEN | ROUTE_ALWAYS, ERRORS_OPENAI},
    {"GET",  "/load",                       load_handle,               ROUTE_ALWAYS, ERRORS_OPENAI},
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
