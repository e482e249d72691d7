/* server/routes/routes.h - the table of routes, and the handlers that it names, by file.
 *
 * A file belongs to one dialect, which its name begins with. A handler runs on the loop thread
 * once the request's body is whole; it answers, or arranges that the request is answered later
 * (exchange.h). Beside it stands the list of tables that read its body, which NULL ends.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ROUTES_ROUTES_H
#define SERVER_ROUTES_ROUTES_H

struct exchange;
struct field;

extern const struct route_table routes;

/* ---- anthropic_messages.c ---- */
/* POST /v1/messages */
void anthropic_messages_handle(struct exchange *x);
/* What its body may have, and that of the next. */
extern const struct field *const anthropic_fields[];
/* POST /v1/messages/count_tokens */
void anthropic_count_handle(struct exchange *x);

/* ---- embeddings.c ---- */
/* POST /v1/embeddings, POST /embeddings */
void openai_embeddings_handle(struct exchange *x);
/* What its body may have. */
extern const struct field *const openai_embeddings_fields[];
/* POST /api/embed */
void ollama_embed_handle(struct exchange *x);
/* What its body may have. */
extern const struct field *const ollama_embed_fields[];
/* POST /api/embeddings */
void ollama_embeddings_handle(struct exchange *x);
/* What its body may have. */
extern const struct field *const ollama_embeddings_fields[];

/* ---- llama_completion.c ---- */
/* POST /completion, POST /completions */
void llama_completion_handle(struct exchange *x);
extern const struct field *const llama_completion_fields[];

/* ---- llama_server.c ---- */
/* POST /apply-template */
void llama_template_handle(struct exchange *x);
extern const struct field *const llama_template_fields[];
/* GET /props */
void llama_props_handle(struct exchange *x);
/* GET /slots */
void llama_slots_handle(struct exchange *x);

/* ---- openai_chat.c ---- */
/* POST /v1/chat/completions */
void openai_chat_handle(struct exchange *x);
extern const struct field *const openai_chat_fields[];
/* POST /v1/chat/completions/input_tokens */
void openai_chat_count_handle(struct exchange *x);
/* POST /v1/chat/completions/render */
void openai_chat_render_handle(struct exchange *x);

/* ---- openai_completions.c ---- */
/* POST /v1/completions */
void openai_completions_handle(struct exchange *x);
extern const struct field *const openai_completions_fields[];
/* POST /v1/completions/render */
void openai_completions_render_handle(struct exchange *x);

/* ---- openai_invocations.c ---- */
/* POST /invocations */
void openai_invocations_handle(struct exchange *x);
extern const struct field *const openai_invocations_fields[];

/* ---- openai_models.c ---- */
/* GET /v1/models, GET /models */
void openai_models_handle(struct exchange *x);
/* POST /v1/moderations, which is refused by name */
void openai_refuse_handle(struct exchange *x);
/* GET /v1/models/{id} */
void openai_model_handle(struct exchange *x);

/* ---- sandbox_execute.c ---- */
/* POST /run_code */
void sandbox_fusion_run_handle(struct exchange *x);
/* GET /v1/ping */
void sandbox_fusion_ping_handle(struct exchange *x);
/* GET /api/v2/runtimes, GET /runtimes */
void piston_runtimes_handle(struct exchange *x);
/* POST /api/v2/execute, POST /execute */
void piston_execute_handle(struct exchange *x);
/* POST /execute_batch */
void router_execute_handle(struct exchange *x);

/* ---- service_health.c ---- */
/* GET /health_generate, GET /ready */
void service_ready_handle(struct exchange *x);
/* GET /livez, GET /liveness */
void service_live_handle(struct exchange *x);
/* GET /health, GET /v1/health and others */
void service_health_handle(struct exchange *x);
/* GET /version */
void service_version_handle(struct exchange *x);
/* GET /load */
void vllm_load_handle(struct exchange *x);

/* ---- service_metrics.c ---- */
/* GET /metrics */
void service_metrics_handle(struct exchange *x);

/* ---- sglang_control.c ---- */
/* GET /get_model_info */
void sglang_model_info_handle(struct exchange *x);
/* GET /get_server_info */
void sglang_server_info_handle(struct exchange *x);
/* GET /get_load */
void sglang_load_handle(struct exchange *x);
/* GET /v1/loads */
void sglang_loads_handle(struct exchange *x);
/* POST /pause_generation, POST /areal_pause_generation */
void sglang_pause_handle(struct exchange *x);
extern const struct field *const sglang_pause_fields[];
/* POST /continue_generation, POST /areal_continue_generation */
void sglang_continue_handle(struct exchange *x);
extern const struct field *const sglang_continue_fields[];
/* POST /abort_request */
void sglang_abort_handle(struct exchange *x);
extern const struct field *const sglang_abort_fields[];

/* ---- sglang_generate.c ---- */
/* POST /generate, PUT /generate */
void sglang_generate_handle(struct exchange *x);
extern const struct field *const sglang_generate_fields[];

/* ---- trl_generate.c ---- */
/* POST /generate/ */
void trl_generate_handle(struct exchange *x);
extern const struct field *const trl_generate_fields[];
/* POST /chat/ */
void trl_chat_handle(struct exchange *x);
extern const struct field *const trl_chat_fields[];

/* ---- trl_logprobs.c ---- */
/* POST /get_sequence_logprobs/ */
void trl_logprobs_handle(struct exchange *x);
extern const struct field *const trl_logprobs_fields[];

/* ---- verify.c ---- */
/* POST /verify */
void verify_handle(struct exchange *x);
/* POST /get_reward */
void verify_openrlhf_handle(struct exchange *x);
/* POST /remote_rm */
void verify_slime_handle(struct exchange *x);

/* ---- verify_tools.c ---- */
/* POST /verify/advantages */
void verify_advantages_handle(struct exchange *x);
/* POST /verify/pass_at_k */
void verify_pass_at_k_handle(struct exchange *x);
/* GET /verify/rewards */
void verify_rewards_handle(struct exchange *x);
/* POST /seed_session, POST /close_session, POST /aggregate_metrics */
void verify_session_handle(struct exchange *x);
/* GET /reverify_mode: an answer may be judged again at any time. */
void verify_mode_handle(struct exchange *x);

/* ---- vllm_control.c ---- */
/* POST /reset_prefix_cache, POST /reset_prefix_cache/ and others */
void vllm_reset_cache_handle(struct exchange *x);
/* GET /get_world_size, GET /get_world_size/ */
void vllm_world_size_handle(struct exchange *x);
/* GET /server_info */
void vllm_server_info_handle(struct exchange *x);
/* POST /pause */
void vllm_pause_handle(struct exchange *x);
/* POST /resume */
void vllm_resume_handle(struct exchange *x);
/* GET /is_paused */
void vllm_is_paused_handle(struct exchange *x);
/* POST /abort_requests */
void vllm_abort_handle(struct exchange *x);
extern const struct field *const vllm_abort_fields[];
/* POST /sleep */
void vllm_sleep_handle(struct exchange *x);
/* POST /wake_up */
void vllm_wake_handle(struct exchange *x);
/* GET /is_sleeping */
void vllm_is_sleeping_handle(struct exchange *x);

/* ---- vllm_generate.c ---- */
/* POST /inference/v1/generate */
void vllm_generate_handle(struct exchange *x);
extern const struct field *const vllm_generate_fields[];
/* POST /skyrl/v1/generate */
void skyrl_generate_handle(struct exchange *x);

/* ---- vllm_tokenize.c ---- */
/* POST /tokenize */
void vllm_tokenize_handle(struct exchange *x);
extern const struct field *const vllm_tokenize_fields[];
/* POST /detokenize */
void vllm_detokenize_handle(struct exchange *x);
extern const struct field *const vllm_detokenize_fields[];
/* GET /tokenizer_info */
void vllm_tokenizer_info_handle(struct exchange *x);

/* ---- ollama_chat.c ---- */
/* POST /api/chat */
void ollama_chat_handle(struct exchange *x);
extern const struct field *const ollama_chat_fields[];
/* POST /api/generate */
void ollama_generate_handle(struct exchange *x);
extern const struct field *const ollama_generate_fields[];

/* ---- ollama_models.c ---- */
/* GET /api/tags */
void ollama_tags_handle(struct exchange *x);
/* GET /api/ps */
void ollama_ps_handle(struct exchange *x);
/* POST /api/show */
void ollama_show_handle(struct exchange *x);
extern const struct field *const ollama_named_fields[];
/* GET /api/version */
void ollama_version_handle(struct exchange *x);
/* POST /api/pull */
void ollama_pull_handle(struct exchange *x);
/* POST /api/embed, /api/embeddings, /api/create, /api/copy, /api/push; DELETE /api/delete */
void ollama_refuse_handle(struct exchange *x);

#endif
