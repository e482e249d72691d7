/* server/routes/routes.h - the handlers that router.c's table names, one file each.
 *
 * A handler runs on the loop thread once the request's body is whole; it answers, or arranges
 * that the request is answered later (exchange.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ROUTES_ROUTES_H
#define SERVER_ROUTES_ROUTES_H

struct exchange;

void completions_handle(struct exchange *x);         /* completions.c */
void completions_render_handle(struct exchange *x);  /* completions.c */
void chat_handle(struct exchange *x);                /* chat.c */
void chat_render_handle(struct exchange *x);         /* chat.c */
void models_handle(struct exchange *x);              /* models.c */
void tokenize_handle(struct exchange *x);            /* tokenize.c */
void detokenize_handle(struct exchange *x);          /* tokenize.c */
void verify_handle(struct exchange *x);              /* verify.c */
void openrlhf_reward_handle(struct exchange *x);     /* verify.c */
void slime_reward_handle(struct exchange *x);        /* verify.c */
void sandbox_fusion_run_handle(struct exchange *x);  /* execute.c */
void sandbox_fusion_ping_handle(struct exchange *x); /* execute.c */
void piston_runtimes_handle(struct exchange *x);     /* execute.c */
void piston_execute_handle(struct exchange *x);      /* execute.c */
void router_execute_handle(struct exchange *x);      /* execute.c */
void verify_advantages_handle(struct exchange *x);   /* verify_tools.c */
void verify_pass_at_k_handle(struct exchange *x);    /* verify_tools.c */
void verify_rewards_handle(struct exchange *x);      /* verify_tools.c */
void health_handle(struct exchange *x);              /* health.c */
void ready_handle(struct exchange *x);               /* health.c */
void version_handle(struct exchange *x);             /* health.c */
void load_handle(struct exchange *x);                /* health.c */
void metrics_handle(struct exchange *x);             /* metrics.c */

void vllm_generate_handle(struct exchange *x);         /* vllm_generate.c */
void reset_prefix_cache_handle(struct exchange *x);    /* control.c */
void world_size_handle(struct exchange *x);            /* control.c */
void no_weights_handle(struct exchange *x);            /* control.c */
void server_info_handle(struct exchange *x);           /* control.c */
void vllm_pause_handle(struct exchange *x);            /* pause.c */
void vllm_resume_handle(struct exchange *x);           /* pause.c */
void vllm_is_paused_handle(struct exchange *x);        /* pause.c */
void vllm_abort_handle(struct exchange *x);            /* pause.c */
void vllm_sleep_handle(struct exchange *x);            /* pause.c */
void vllm_wake_handle(struct exchange *x);             /* pause.c */
void vllm_is_sleeping_handle(struct exchange *x);      /* pause.c */
void sglang_pause_handle(struct exchange *x);          /* pause.c */
void sglang_continue_handle(struct exchange *x);       /* pause.c */
void sglang_abort_handle(struct exchange *x);          /* pause.c */
void trl_logprobs_handle(struct exchange *x);          /* trl_logprobs.c */
void trl_generate_handle(struct exchange *x);          /* trl.c */
void trl_chat_handle(struct exchange *x);              /* trl.c */
void sglang_generate_handle(struct exchange *x);       /* sglang.c */
void sglang_model_info_handle(struct exchange *x);     /* control.c */
void sglang_server_info_handle(struct exchange *x);    /* control.c */
void sglang_weight_version_handle(struct exchange *x); /* control.c */
void llama_slots_handle(struct exchange *x);           /* control.c */
void llama_completion_handle(struct exchange *x);      /* llama.c */
void llama_template_handle(struct exchange *x);        /* llama.c */
void llama_props_handle(struct exchange *x);           /* llama.c */

#endif
