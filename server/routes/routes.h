/* server/routes/routes.h - the table of routes, and the handlers that it names, by file.
 *
 * A file belongs to one dialect, which its name begins with. A handler runs on the loop thread
 * once the request's body is whole; it answers, or arranges that the request is answered later
 * (exchange.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ROUTES_ROUTES_H
#define SERVER_ROUTES_ROUTES_H

struct exchange;

extern const struct route_table routes;

/* llama_completion.c */
void llama_completion_handle(struct exchange *x);

/* llama_server.c */
void llama_template_handle(struct exchange *x);
void llama_props_handle(struct exchange *x);
void llama_slots_handle(struct exchange *x);

/* openai_chat.c */
void openai_chat_handle(struct exchange *x);
void openai_chat_render_handle(struct exchange *x);

/* openai_completions.c */
void openai_completions_handle(struct exchange *x);
void openai_completions_render_handle(struct exchange *x);

/* openai_models.c */
void openai_models_handle(struct exchange *x);

/* sandbox_execute.c */
void sandbox_fusion_run_handle(struct exchange *x);
void sandbox_fusion_ping_handle(struct exchange *x);
void piston_runtimes_handle(struct exchange *x);
void piston_execute_handle(struct exchange *x);
void router_execute_handle(struct exchange *x);

/* service_health.c */
void service_ready_handle(struct exchange *x);
void service_health_handle(struct exchange *x);
void service_version_handle(struct exchange *x);
void vllm_load_handle(struct exchange *x);

/* service_metrics.c */
void service_metrics_handle(struct exchange *x);

/* service_weights.c */
void service_no_weights_handle(struct exchange *x);

/* sglang_control.c */
void sglang_model_info_handle(struct exchange *x);
void sglang_server_info_handle(struct exchange *x);
void sglang_weight_version_handle(struct exchange *x);
void sglang_pause_handle(struct exchange *x);
void sglang_continue_handle(struct exchange *x);
void sglang_abort_handle(struct exchange *x);

/* sglang_generate.c */
void sglang_generate_handle(struct exchange *x);

/* trl_generate.c */
void trl_generate_handle(struct exchange *x);
void trl_chat_handle(struct exchange *x);

/* trl_logprobs.c */
void trl_logprobs_handle(struct exchange *x);

/* verify.c */
void verify_handle(struct exchange *x);
void verify_openrlhf_handle(struct exchange *x);
void verify_slime_handle(struct exchange *x);

/* verify_tools.c */
void verify_advantages_handle(struct exchange *x);
void verify_pass_at_k_handle(struct exchange *x);
void verify_rewards_handle(struct exchange *x);

/* vllm_control.c */
void vllm_reset_cache_handle(struct exchange *x);
void vllm_world_size_handle(struct exchange *x);
void vllm_server_info_handle(struct exchange *x);
void vllm_pause_handle(struct exchange *x);
void vllm_resume_handle(struct exchange *x);
void vllm_is_paused_handle(struct exchange *x);
void vllm_abort_handle(struct exchange *x);
void vllm_sleep_handle(struct exchange *x);
void vllm_wake_handle(struct exchange *x);
void vllm_is_sleeping_handle(struct exchange *x);

/* vllm_generate.c */
void vllm_generate_handle(struct exchange *x);

/* vllm_tokenize.c */
void vllm_tokenize_handle(struct exchange *x);
void vllm_detokenize_handle(struct exchange *x);

#endif
