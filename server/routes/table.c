/* server/routes/table.c - every route, by dialect, and what the queries of some may have.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include "base/fields.h"
#include "reward/reward.h"
#include "server/describe/describe.h"
#include "server/http/replies.h"
#include "server/http/router.h"
#include "server/page/page.h"
#include "server/responses/responses.h"
#include "server/rollouts/rollouts.h"
#include "server/routes/answers.h"
#include "server/weights/weights.h"

/* Of routes that do not look at a body. */
static const struct field *const no_fields[] = {NULL};

/* clang-format off */
static const struct route rows[] = {
    {"GET",  "/",                                  page_handle, SCOPE_NONE, ROUTE_ALWAYS | ROUTE_PUBLIC, ERRORS_OPENAI, NULL},
    {"GET",  "/page/*",                            page_handle, SCOPE_NONE, ROUTE_ALWAYS | ROUTE_PUBLIC, ERRORS_OPENAI, NULL},
    {"POST", "/v1/completions",                    openai_completions_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, openai_completions_fields},
    {"POST", "/v1/completions/render",             openai_completions_render_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, openai_completions_fields},
    {"POST", "/v1/chat/completions",               openai_chat_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, openai_chat_fields},
    {"POST", "/chat/completions",                  openai_chat_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_LLAMA, openai_chat_fields}, /* its name for it */
    {"POST", "/v1/chat/completions/render",        openai_chat_render_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, openai_chat_fields},
    {"POST", "/v1/chat/completions/input_tokens",  openai_chat_count_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, openai_chat_fields},
    {"POST", "/chat/completions/input_tokens",     openai_chat_count_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_LLAMA, openai_chat_fields},
    {"POST", "/inference/v1/generate",             vllm_generate_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, vllm_generate_fields},
    {"POST", "/skyrl/v1/generate",                 skyrl_generate_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, vllm_generate_fields},
    {"POST", "/reset_prefix_cache",                vllm_reset_cache_handle, SCOPE_CONTROL, ROUTE_MODEL, ERRORS_OPENAI, no_fields},
    {"GET",  "/get_world_size",                    vllm_world_size_handle, SCOPE_INFER, 0, ERRORS_OPENAI, NULL},
    {"GET",  "/server_info",                       vllm_server_info_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, NULL},
    {"POST", "/pause",                             vllm_pause_handle, SCOPE_CONTROL, ROUTE_MODEL, ERRORS_OPENAI, no_fields},
    {"POST", "/resume",                            vllm_resume_handle, SCOPE_CONTROL, ROUTE_MODEL, ERRORS_OPENAI, no_fields},
    {"GET",  "/is_paused",                         vllm_is_paused_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, NULL},
    {"POST", "/abort_requests",                    vllm_abort_handle, SCOPE_CONTROL, ROUTE_MODEL | ROUTE_SMALL, ERRORS_OPENAI, vllm_abort_fields},
    {"POST", "/inference/v1/abort_requests",       vllm_abort_handle, SCOPE_CONTROL, ROUTE_MODEL | ROUTE_SMALL, ERRORS_OPENAI, vllm_abort_fields},
    {"POST", "/sleep",                             vllm_sleep_handle, SCOPE_CONTROL, ROUTE_MODEL, ERRORS_OPENAI, no_fields},
    {"POST", "/wake_up",                           vllm_wake_handle, SCOPE_CONTROL, ROUTE_MODEL, ERRORS_OPENAI, no_fields},
    {"GET",  "/is_sleeping",                       vllm_is_sleeping_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, NULL},
    {"POST", "/init_weight_transfer_engine",       skyrl_init_handle, SCOPE_CONTROL, ROUTE_MODEL, ERRORS_OPENAI, skyrl_init_fields},
    {"POST", "/shutdown_weight_transfer_engine",   skyrl_shutdown_handle, SCOPE_CONTROL, ROUTE_MODEL, ERRORS_OPENAI, no_fields},
    {"POST", "/start_draft_weight_update",         weights_refuse_handle, SCOPE_CONTROL, 0, ERRORS_OPENAI, no_fields},
    {"POST", "/start_weight_update",               skyrl_start_handle, SCOPE_CONTROL, ROUTE_MODEL, ERRORS_OPENAI, no_fields},
    {"POST", "/update_weights",                    weights_prime_handle, SCOPE_CONTROL, ROUTE_MODEL | ROUTE_SMALL | ROUTE_EITHER, ERRORS_OPENAI, weights_prime_fields},
    {"POST", "/finish_weight_update",              skyrl_finish_handle, SCOPE_CONTROL, ROUTE_MODEL | ROUTE_SMALL, ERRORS_OPENAI, skyrl_finish_fields},
    {"POST", "/fetch_weights",                     skyrl_fetch_handle, SCOPE_CONTROL, ROUTE_MODEL | ROUTE_SMALL, ERRORS_OPENAI, skyrl_fetch_fields},
    {"POST", "/collective_rpc",                    skyrl_rpc_handle, SCOPE_CONTROL, ROUTE_SMALL, ERRORS_OPENAI, skyrl_rpc_fields},
    {"POST", "/v1/load_lora_adapter",              lora_load_handle, SCOPE_CONTROL, ROUTE_MODEL | ROUTE_SMALL, ERRORS_OPENAI, lora_load_fields},
    {"POST", "/v1/unload_lora_adapter",            lora_unload_handle, SCOPE_CONTROL, ROUTE_MODEL | ROUTE_SMALL, ERRORS_OPENAI, lora_unload_fields},
    {"POST", "/load_lora_adapter",                 lora_replace_handle, SCOPE_CONTROL, ROUTE_MODEL | ROUTE_SMALL, ERRORS_SGLANG, lora_load_fields},
    {"POST", "/unload_lora_adapter",               lora_unload_handle, SCOPE_CONTROL, ROUTE_MODEL | ROUTE_SMALL, ERRORS_SGLANG, lora_unload_fields},
    {"POST", "/skyrl/v1/load_lora_adapter",        lora_replace_handle, SCOPE_CONTROL, ROUTE_MODEL | ROUTE_SMALL, ERRORS_OPENAI, lora_load_fields},
    {"POST", "/skyrl/v1/unload_lora_adapter",      lora_unload_handle, SCOPE_CONTROL, ROUTE_MODEL | ROUTE_SMALL, ERRORS_OPENAI, lora_unload_fields},
    {"POST", "/generate/",                         trl_generate_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_DETAIL, trl_generate_fields},
    {"POST", "/chat/",                             trl_chat_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_DETAIL, trl_chat_fields},
    {"POST", "/reset_prefix_cache/",               vllm_reset_cache_handle, SCOPE_CONTROL, ROUTE_MODEL, ERRORS_DETAIL, no_fields},
    {"GET",  "/get_world_size/",                   vllm_world_size_handle, SCOPE_INFER, 0, ERRORS_DETAIL, NULL},
    {"POST", "/get_sequence_logprobs/",            trl_logprobs_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_DETAIL, trl_logprobs_fields},
    {"POST", "/init_communicator/",                weights_refuse_handle, SCOPE_CONTROL, 0, ERRORS_DETAIL, no_fields},
    {"POST", "/update_named_param/",               weights_refuse_handle, SCOPE_CONTROL, 0, ERRORS_DETAIL, no_fields},
    {"POST", "/batch_update_named_params/",        weights_refuse_handle, SCOPE_CONTROL, 0, ERRORS_DETAIL, no_fields},
    {"POST", "/close_communicator/",               weights_refuse_handle, SCOPE_CONTROL, 0, ERRORS_DETAIL, no_fields},
    {"POST", "/generate",                          sglang_generate_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_SGLANG, sglang_generate_fields},
    {"PUT",  "/generate",                          sglang_generate_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_SGLANG, sglang_generate_fields},
    {"GET",  "/flush_cache",                       vllm_reset_cache_handle, SCOPE_CONTROL, ROUTE_MODEL, ERRORS_SGLANG, NULL},
    {"POST", "/flush_cache",                       vllm_reset_cache_handle, SCOPE_CONTROL, ROUTE_MODEL, ERRORS_SGLANG, no_fields},
    {"GET",  "/get_model_info",                    sglang_model_info_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_SGLANG, NULL},
    {"GET",  "/model_info",                        sglang_model_info_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_SGLANG, NULL},
    {"GET",  "/get_server_info",                   sglang_server_info_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_SGLANG, NULL},
    {"GET",  "/get_load",                          sglang_load_handle, SCOPE_METRICS, ROUTE_MODEL, ERRORS_SGLANG, NULL},
    {"GET",  "/v1/loads",                          sglang_loads_handle, SCOPE_METRICS, ROUTE_MODEL, ERRORS_SGLANG, NULL},
    {"GET",  "/get_weight_version",                weights_version_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_SGLANG, NULL},
    {"GET",  "/weight_version",                    weights_version_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_SGLANG, NULL},
    {"POST", "/pause_generation",                  sglang_pause_handle, SCOPE_CONTROL, ROUTE_MODEL | ROUTE_SMALL, ERRORS_SGLANG, sglang_pause_fields},
    {"POST", "/continue_generation",               sglang_continue_handle, SCOPE_CONTROL, ROUTE_MODEL | ROUTE_SMALL, ERRORS_SGLANG, sglang_continue_fields},
    {"POST", "/abort_request",                     sglang_abort_handle, SCOPE_CONTROL, ROUTE_MODEL | ROUTE_SMALL, ERRORS_SGLANG, sglang_abort_fields},
    {"POST", "/update_weights_from_disk",          weights_sglang_handle, SCOPE_CONTROL, ROUTE_MODEL | ROUTE_SMALL, ERRORS_SGLANG, weights_sglang_fields},
    {"POST", "/pull_weights",                      chain_pull_handle, SCOPE_CONTROL, ROUTE_MODEL | ROUTE_SMALL, ERRORS_SGLANG, chain_pull_fields},
    {"POST", "/update_weights_from_ipc",           weights_refuse_handle, SCOPE_CONTROL, 0, ERRORS_SGLANG, no_fields},
    {"POST", "/load_lora_adapter_from_tensors",    weights_refuse_handle, SCOPE_CONTROL, 0, ERRORS_SGLANG, no_fields},
    {"POST", "/update_weights_from_tensor",        weights_refuse_handle, SCOPE_CONTROL, 0, ERRORS_SGLANG, no_fields},
    {"POST", "/update_weights_from_distributed",   weights_refuse_handle, SCOPE_CONTROL, 0, ERRORS_SGLANG, no_fields},
    {"POST", "/init_weights_update_group",         weights_refuse_handle, SCOPE_CONTROL, 0, ERRORS_SGLANG, no_fields},
    {"POST", "/destroy_weights_update_group",      weights_refuse_handle, SCOPE_CONTROL, 0, ERRORS_SGLANG, no_fields},
    {"POST", "/areal_pause_generation",            sglang_pause_handle, SCOPE_CONTROL, ROUTE_MODEL | ROUTE_SMALL, ERRORS_SGLANG, sglang_pause_fields},
    {"POST", "/areal_continue_generation",         sglang_continue_handle, SCOPE_CONTROL, ROUTE_MODEL | ROUTE_SMALL, ERRORS_SGLANG, sglang_continue_fields},
    {"POST", "/areal_update_weights",              weights_areal_handle, SCOPE_CONTROL, ROUTE_MODEL | ROUTE_SMALL, ERRORS_SGLANG, weights_areal_fields},
    {"GET",  "/health_generate",                   service_health_handle, SCOPE_NONE, ROUTE_ALWAYS | ROUTE_PROBE, ERRORS_OPENAI, NULL},
    {"POST", "/completion",                        llama_completion_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_LLAMA, llama_completion_fields},
    {"POST", "/completions",                       llama_completion_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_LLAMA, llama_completion_fields},
    {"POST", "/apply-template",                    llama_template_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_LLAMA, llama_template_fields},
    {"GET",  "/props",                             llama_props_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_LLAMA, NULL},
    {"GET",  "/slots",                             llama_slots_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_LLAMA, NULL},
    {"POST", "/invocations",                       openai_invocations_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, openai_invocations_fields},
    {"GET",  "/ping",                              service_health_handle, SCOPE_NONE, ROUTE_ALWAYS | ROUTE_PROBE, ERRORS_OPENAI, NULL},
    {"POST", "/v1/embeddings",                     openai_embeddings_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, openai_embeddings_fields},
    {"POST", "/embeddings",                        openai_embeddings_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, openai_embeddings_fields},
    {"POST", "/v1/moderations",                    openai_refuse_handle, SCOPE_INFER, 0, ERRORS_OPENAI, no_fields},
    {"POST", "/v1/responses",                      responses_create_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, responses_fields},
    {"GET",  "/v1/responses/*",                    responses_get_handle, SCOPE_INFER, 0, ERRORS_OPENAI, NULL},
    {"DELETE", "/v1/responses/*",                  responses_delete_handle, SCOPE_INFER, 0, ERRORS_OPENAI, NULL},
    {"POST", "/responses",                         responses_create_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, responses_fields},
    {"GET",  "/responses/*",                       responses_get_handle, SCOPE_INFER, 0, ERRORS_OPENAI, NULL},
    {"DELETE", "/responses/*",                     responses_delete_handle, SCOPE_INFER, 0, ERRORS_OPENAI, NULL},
    {"POST", "/v1/messages",                       anthropic_messages_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_ANTHROPIC, anthropic_fields},
    {"POST", "/v1/messages/count_tokens",          anthropic_count_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_ANTHROPIC, anthropic_fields},
    {"POST", "/api/chat",                          ollama_chat_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OLLAMA, ollama_chat_fields},
    {"POST", "/api/generate",                      ollama_generate_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OLLAMA, ollama_generate_fields},
    {"GET",  "/api/tags",                          ollama_tags_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OLLAMA, NULL},
    {"GET",  "/api/ps",                            ollama_ps_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OLLAMA, NULL},
    {"POST", "/api/show",                          ollama_show_handle, SCOPE_INFER, ROUTE_MODEL | ROUTE_SMALL, ERRORS_OLLAMA, ollama_named_fields},
    {"GET",  "/api/version",                       ollama_version_handle, SCOPE_NONE, ROUTE_ALWAYS, ERRORS_OLLAMA, NULL},
    {"POST", "/api/pull",                          ollama_pull_handle, SCOPE_INFER, ROUTE_MODEL | ROUTE_SMALL, ERRORS_OLLAMA, ollama_named_fields},
    {"POST", "/api/embed",                         ollama_embed_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OLLAMA, ollama_embed_fields},
    {"POST", "/api/embeddings",                    ollama_embeddings_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OLLAMA, ollama_embeddings_fields},
    {"POST", "/api/create",                        ollama_refuse_handle, SCOPE_INFER, 0, ERRORS_OLLAMA, no_fields},
    {"POST", "/api/copy",                          ollama_refuse_handle, SCOPE_INFER, 0, ERRORS_OLLAMA, no_fields},
    {"POST", "/api/push",                          ollama_refuse_handle, SCOPE_INFER, 0, ERRORS_OLLAMA, no_fields},
    {"DELETE", "/api/delete",                      ollama_refuse_handle, SCOPE_INFER, 0, ERRORS_OLLAMA, NULL},
    {"GET",  "/v1/models",                         openai_models_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, NULL},
    {"GET",  "/models",                            openai_models_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, NULL},
    {"GET",  "/v1/models/*",                       openai_model_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, NULL},
    {"POST", "/tokenize",                          vllm_tokenize_handle, SCOPE_INFER, ROUTE_MODEL | ROUTE_EITHER, ERRORS_OPENAI, vllm_tokenize_fields},
    {"POST", "/v1/tokenize",                       vllm_tokenize_handle, SCOPE_INFER, ROUTE_MODEL | ROUTE_EITHER, ERRORS_OPENAI, vllm_tokenize_fields},
    {"GET",  "/tokenizer_info",                    vllm_tokenizer_info_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, NULL},
    {"POST", "/detokenize",                        vllm_detokenize_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, vllm_detokenize_fields},
    {"POST", "/v1/detokenize",                     vllm_detokenize_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, vllm_detokenize_fields},
    {"POST", "/v1/weights",                        weights_load_handle, SCOPE_CONTROL, ROUTE_MODEL | ROUTE_OWN | ROUTE_SMALL, ERRORS_OPENAI, weights_load_fields},
    {"PUT",  "/v1/weights",                        weights_stream_handle, SCOPE_CONTROL, ROUTE_OWN | ROUTE_UPLOAD, ERRORS_OPENAI, no_fields},
    {"DELETE", "/v1/weights",                      weights_forget_handle, SCOPE_CONTROL, ROUTE_OWN, ERRORS_OPENAI, NULL},
    {"GET",  "/v1/weights",                        weights_list_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, NULL},
    {"GET",  "/weight_info",                       weights_version_handle, SCOPE_INFER, ROUTE_MODEL, ERRORS_OPENAI, NULL},
    {"POST", "/update_weight_version",             weights_rename_handle, SCOPE_CONTROL, ROUTE_MODEL | ROUTE_SMALL, ERRORS_SGLANG, weights_rename_fields},
    {"POST", "/weight_checker",                    weights_checker_handle, SCOPE_INFER, ROUTE_MODEL | ROUTE_SMALL, ERRORS_OPENAI, weights_checker_fields},
    {"POST", "/weights_checker",                   weights_checker_handle, SCOPE_INFER, ROUTE_MODEL | ROUTE_SMALL, ERRORS_SGLANG, weights_checker_fields},
    {"POST", "/begin_weight_update",               weights_bracket_handle, SCOPE_CONTROL, ROUTE_MODEL, ERRORS_SGLANG, no_fields},
    {"POST", "/end_weight_update",                 weights_bracket_handle, SCOPE_CONTROL, ROUTE_MODEL, ERRORS_SGLANG, no_fields},
    {"POST", "/v1/rollouts",                       rollouts_handle, SCOPE_INFER | SCOPE_VERIFY, ROUTE_MODEL | ROUTE_VERIFY | ROUTE_OWN, ERRORS_OPENAI, rollouts_fields},
    {"DELETE", "/v1/rollouts/*",                   rollouts_end_handle, SCOPE_INFER | SCOPE_VERIFY, ROUTE_MODEL | ROUTE_OWN, ERRORS_OPENAI, NULL},
    {"POST", "/verify",                            verify_handle, SCOPE_VERIFY, ROUTE_NDJSON | ROUTE_VERIFY | ROUTE_OWN | ROUTE_EITHER, ERRORS_OPENAI, dialect_verify_fields},
    {"POST", "/verify/advantages",                 verify_advantages_handle, SCOPE_VERIFY, ROUTE_VERIFY | ROUTE_OWN, ERRORS_OPENAI, reward_advantages_fields},
    {"POST", "/verify/pass_at_k",                  verify_pass_at_k_handle, SCOPE_VERIFY, ROUTE_VERIFY | ROUTE_OWN, ERRORS_OPENAI, reward_pass_at_k_fields},
    {"POST", "/get_reward",                        verify_openrlhf_handle, SCOPE_VERIFY, ROUTE_VERIFY, ERRORS_OPENAI, dialect_openrlhf_fields},
    {"POST", "/remote_rm",                         verify_slime_handle, SCOPE_VERIFY, ROUTE_VERIFY, ERRORS_OPENAI, dialect_slime_fields},
    {"POST", "/seed_session",                      verify_session_handle, SCOPE_VERIFY, 0, ERRORS_OPENAI, no_fields},
    {"POST", "/aggregate_metrics",                 verify_session_handle, SCOPE_VERIFY, 0, ERRORS_OPENAI, no_fields},
    {"POST", "/close_session",                     verify_session_handle, SCOPE_VERIFY, 0, ERRORS_OPENAI, no_fields},
    {"GET",  "/reverify_mode",                     verify_mode_handle, SCOPE_VERIFY, 0, ERRORS_OPENAI, NULL},
    {"POST", "/release_kv_cache_memory",           reply_not_offered, SCOPE_CONTROL, 0, ERRORS_OPENAI, no_fields},
    {"POST", "/get_weights_by_name",               reply_not_offered, SCOPE_INFER, 0, ERRORS_SGLANG, no_fields},
    {"POST", "/v1/decisions",                      reply_not_offered, SCOPE_INFER, 0, ERRORS_OPENAI, no_fields},
    {"POST", "/v1/systemone",                      reply_not_offered, SCOPE_INFER, 0, ERRORS_OPENAI, no_fields},
    {"POST", "/v1/chat/completions/batch",         reply_not_offered, SCOPE_INFER, 0, ERRORS_OPENAI, no_fields},
    {"POST", "/v1/chat/completions/derender",      reply_not_offered, SCOPE_INFER, 0, ERRORS_OPENAI, no_fields},
    {"POST", "/v1/completions/derender",           reply_not_offered, SCOPE_INFER, 0, ERRORS_OPENAI, no_fields},
    {"POST", "/run",                               reply_not_offered, SCOPE_VERIFY, 0, ERRORS_OPENAI, no_fields},
    {"POST", "/run_code",                          sandbox_fusion_run_handle, SCOPE_VERIFY, ROUTE_VERIFY, ERRORS_DETAIL, sandbox_fusion_fields},
    {"GET",  "/v1/ping",                           sandbox_fusion_ping_handle, SCOPE_NONE, ROUTE_ALWAYS, ERRORS_DETAIL, NULL},
    {"GET",  "/api/v2/runtimes",                   piston_runtimes_handle, SCOPE_VERIFY, 0, ERRORS_PISTON, NULL},
    {"POST", "/api/v2/execute",                    piston_execute_handle, SCOPE_VERIFY, ROUTE_VERIFY, ERRORS_PISTON, piston_fields},
    {"GET",  "/runtimes",                          piston_runtimes_handle, SCOPE_VERIFY, 0, ERRORS_PISTON, NULL},
    {"POST", "/execute",                           piston_execute_handle, SCOPE_VERIFY, ROUTE_VERIFY, ERRORS_PISTON, piston_fields},
    {"POST", "/execute_batch",                     router_execute_handle, SCOPE_VERIFY, ROUTE_VERIFY, ERRORS_DETAIL, router_fields},
    {"GET",  "/verify/rewards",                    verify_rewards_handle, SCOPE_VERIFY, ROUTE_OWN, ERRORS_OPENAI, NULL},
    {"GET",  "/openapi.json",                      describe_openapi_handle, SCOPE_NONE, ROUTE_ALWAYS, ERRORS_OPENAI, NULL},
    {"GET",  "/docs",                              describe_page_handle, SCOPE_NONE, ROUTE_ALWAYS, ERRORS_OPENAI, NULL},
    {"GET",  "/health",                            service_health_handle, SCOPE_NONE, ROUTE_ALWAYS | ROUTE_PROBE, ERRORS_OPENAI, NULL},
    {"GET",  "/v1/health",                         service_health_handle, SCOPE_NONE, ROUTE_ALWAYS | ROUTE_PROBE, ERRORS_OPENAI, NULL},
    {"GET",  "/health/",                           service_health_handle, SCOPE_NONE, ROUTE_ALWAYS | ROUTE_PROBE, ERRORS_OPENAI, NULL},
    {"GET",  "/livez",                             service_live_handle, SCOPE_NONE, ROUTE_ALWAYS | ROUTE_PROBE, ERRORS_OPENAI, NULL},
    {"GET",  "/liveness",                          service_live_handle, SCOPE_NONE, ROUTE_ALWAYS | ROUTE_PROBE, ERRORS_OPENAI, NULL},
    {"GET",  "/ready",                             service_ready_handle, SCOPE_NONE, ROUTE_ALWAYS | ROUTE_PROBE, ERRORS_OPENAI, NULL},
    {"GET",  "/metrics",                           service_metrics_handle, SCOPE_METRICS, ROUTE_ALWAYS | ROUTE_PROBE, ERRORS_OPENAI, NULL},
    {"GET",  "/version",                           service_version_handle, SCOPE_NONE, ROUTE_ALWAYS, ERRORS_OPENAI, NULL},
    {"GET",  "/load",                              vllm_load_handle, SCOPE_METRICS, ROUTE_ALWAYS, ERRORS_OPENAI, NULL},
};

/* ---- what the query may have ---- */

#define WAITS {"wait", FIELD_BOOL, \
               .doc = "whether the push waits for memory that older versions of the weights hold, in a pause " \
                      "too, or is 409; where it is not said: it waits, but not in a pause"}
#define MODE {"mode", FIELD_CHOICE, .choices = modes, .fallback = "\"abort\"", \
              .doc = "what becomes of the samples at work"}, \
             {"wait_for_inflight_requests", FIELD_BOOL, .fallback = "false", .doc = "the older word for mode wait"}

static const char *const modes[] = {"abort", "wait", "keep", NULL};
static const char *const parts[] = {"whole", "some", "delta", "adapter", NULL};

static const struct field pause_rows[] = {
    MODE,
    {"clear_cache", FIELD_BOOL, .fallback = "true", .doc = "whether the prefix cache is emptied"},
    {0},
};
static const struct field sleep_rows[] = {
    MODE,
    {"level", FIELD_INT, .min = 0, .max = 2, .fallback = "1", .doc = "all are the same here: the weights stay"},
    {0},
};
static const struct field wake_rows[] = {{"tags", FIELD_IGNORED, .doc = "what wakes: here it is one"}, {0}};
static const struct field slots_rows[] = {
    {"fail_on_no_slot", FIELD_BOOL, .fallback = "false", .doc = "429 where all are busy"},
    {0},
};
static const struct field loads_rows[] = {{"include", FIELD_IGNORED, .doc = "which of its parts: here it has one"}, {0}};
static const struct field beta_rows[] = {{"beta", FIELD_IGNORED, .doc = "of clients for what is new there"}, {0}};
static const struct field load_rows[] = {WAITS, {0}};
static const struct field stream_rows[] = {
    {"part", FIELD_CHOICE, .choices = parts, .fallback = "\"whole\"", .doc = "what the file is of the weights"},
    {"name", FIELD_TEXT, .doc = "of an adapter"},
    {"check_finite", FIELD_BOOL, .fallback = "false", .doc = "refuse a NaN or an infinity, by its tensor's name"},
    WAITS,
    {0},
};

static const struct route_query queries[] = {
    {vllm_pause_handle, pause_rows},
    {vllm_sleep_handle, sleep_rows},
    {vllm_wake_handle, wake_rows},
    {llama_slots_handle, slots_rows},
    {sglang_loads_handle, loads_rows},
    {anthropic_messages_handle, beta_rows},
    {anthropic_count_handle, beta_rows},
    {weights_load_handle, load_rows},
    {weights_sglang_handle, load_rows},
    {weights_prime_handle, load_rows},
    {weights_areal_handle, load_rows},
    {weights_stream_handle, stream_rows},
};
/* clang-format on */

const struct route_table routes = {.rows = rows,
                                   .n = sizeof(rows) / sizeof(rows[0]),
                                   .answers = route_answers,
                                   .n_answers = ROUTE_ANSWERS,
                                   .queries = queries,
                                   .n_queries = sizeof(queries) / sizeof(queries[0])};
