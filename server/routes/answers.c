/* server/routes/answers.c - see answers.h. A route that is not here answers "as asked".
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/answers.h"

#include "server/answers/answers.h"
#include "server/responses/responses.h"
#include "server/rollouts/rollouts.h"
#include "server/routes/routes.h"
#include "server/weights/weights.h"

#define SSE "text/event-stream"
#define NDJSON "application/x-ndjson"

/* clang-format off */
const struct route_answer route_answers[ROUTE_ANSWERS] = {
    {openai_completions_handle, .whole = answer_completion, .chunk = answer_completion_chunk, .stream = SSE},
    {openai_completions_render_handle, .whole = answer_render, .or_list = true},
    {openai_chat_handle, .whole = answer_chat, .chunk = answer_chat_chunk, .stream = SSE},
    {openai_invocations_handle, .whole = answer_chat, .other = answer_completion, .stream = SSE},
    {openai_chat_render_handle, .whole = answer_render},
    {openai_chat_count_handle, .whole = answer_input_tokens},
    {openai_models_handle, .whole = answer_models},
    {openai_model_handle, .whole = answer_model},
    {openai_embeddings_handle, .whole = answer_embeddings},
    {vllm_generate_handle, .whole = answer_vllm_generate, .chunk = answer_vllm_chunk, .stream = SSE},
    {vllm_tokenize_handle, .whole = answer_tokenize},
    {vllm_detokenize_handle, .whole = answer_detokenize},
    {vllm_reset_cache_handle, .whole = answer_success},
    {vllm_pause_handle, .whole = answer_status},
    {vllm_resume_handle, .whole = answer_status},
    {vllm_is_paused_handle, .whole = answer_is_paused},
    {vllm_is_sleeping_handle, .whole = answer_is_sleeping},
    {vllm_abort_handle, .whole = answer_aborted},
    {vllm_sleep_handle, .whole = answer_asleep},
    {vllm_wake_handle, .whole = answer_status},
    {sglang_generate_handle, .whole = answer_sglang_generate, .or_list = true, .chunk = answer_sglang_chunk,
     .stream = SSE},
    {sglang_model_info_handle, .whole = answer_model_info},
    {trl_generate_handle, .whole = answer_trl_generate},
    {trl_chat_handle, .whole = answer_trl_generate},
    {trl_logprobs_handle, .whole = answer_trl_logprobs},
    {weights_load_handle, .whole = answer_pushed},
    {weights_stream_handle, .whole = answer_pushed},
    {weights_forget_handle, .whole = answer_forgotten},
    {weights_sglang_handle, .whole = answer_trained},
    {weights_prime_handle, .whole = answer_trained},
    {weights_areal_handle, .whole = answer_trained},
    {weights_rename_handle, .whole = answer_renamed},
    {weights_checker_handle, .whole = answer_checked},
    {weights_bracket_handle, .whole = answer_done},
    {lora_load_handle, .whole = answer_adapters},
    {lora_replace_handle, .whole = answer_adapters},
    {lora_unload_handle, .whole = answer_adapters},
    {sglang_pause_handle, .whole = answer_done},
    {sglang_continue_handle, .whole = answer_done},
    {sglang_abort_handle, .whole = answer_done},
    {sglang_loads_handle, .whole = answer_loads},
    {weights_list_handle, .whole = answer_serving},
    {weights_version_handle, .whole = answer_version},
    {responses_create_handle, .whole = answer_response, .chunk = answer_response_event, .stream = SSE},
    {responses_get_handle, .whole = answer_response},
    {anthropic_messages_handle, .whole = answer_message, .chunk = answer_message_event, .stream = SSE},
    {anthropic_count_handle, .whole = answer_count_tokens},
    {ollama_chat_handle, .whole = answer_ollama_chat, .chunk = answer_ollama_chat, .stream = NDJSON},
    {ollama_generate_handle, .whole = answer_ollama_generate, .chunk = answer_ollama_generate, .stream = NDJSON},
    {ollama_tags_handle, .whole = answer_ollama_tags},
    {ollama_ps_handle, .whole = answer_ollama_tags},
    {llama_completion_handle, .whole = answer_llama, .or_list = true, .chunk = answer_llama_chunk, .stream = SSE},
    {llama_template_handle, .whole = answer_template},
    {service_health_handle, .whole = answer_status},
    {service_live_handle, .whole = answer_status},
    {service_ready_handle, .whole = answer_status},
    {sandbox_fusion_run_handle, .whole = answer_fusion},
    {piston_execute_handle, .whole = answer_piston},
    {ollama_embed_handle, .whole = answer_ollama_embed},
    {ollama_embeddings_handle, .whole = answer_ollama_embedding},
    {ollama_version_handle, .whole = answer_program},
    {service_version_handle, .whole = answer_program},
    {vllm_server_info_handle, .whole = answer_vllm_info},
    {sglang_server_info_handle, .whole = answer_server_info},
    {verify_handle, .whole = answer_verify, .other = answer_verify_gym},
    {verify_advantages_handle, .whole = answer_advantages},
    {verify_openrlhf_handle, .whole = answer_openrlhf},
    {verify_pass_at_k_handle, .whole = answer_pass_at_k},
    {rollouts_handle, .whole = answer_rollouts, .chunk = answer_rollouts_line, .stream = NDJSON},
};
/* clang-format on */
