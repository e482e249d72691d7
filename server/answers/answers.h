/* server/answers/answers.h - what routes answer when all is right, as tables for who describes them
 * (/openapi.json).
 *
 * Each list is of the tables of one JSON object, up to NULL, as lists of fields are for bodies; where a
 * route answers in several forms there is a list for each. A file belongs to one dialect, but for
 * trainers.c, whose three tell the same things of the server. Nothing here is read to make an answer:
 * tests/http/test_answers.py holds real answers, whole and in chunks, against the document, in both
 * directions: what is said is there, and what is there is said.
 *
 * Which handler answers with which is server/routes/answers.c's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ANSWERS_ANSWERS_H
#define SERVER_ANSWERS_ANSWERS_H

#include "base/fields.h"

/* ---- common.c: parts of several dialects' answers ---- */

/* OpenAI's "usage". */
extern const struct field *const answer_usage[];
/* llama-server's "timings". */
extern const struct field *const answer_timings[];
/* "weight_version", or "weight_versions" where a sample went on with other weights. */
extern const struct field answer_version_rows[];
/* Of chats: {"content": [{"token", "logprob", "bytes", "top_logprobs"}]}; and one of that list. */
extern const struct field *const answer_chat_logprobs[];
extern const struct field *const answer_token_logprob[];
/* {"status"}, and {"success"}. */
extern const struct field *const answer_status[];
extern const struct field *const answer_success[];

/* ---- openai.c ---- */
extern const struct field *const answer_completion[], *const answer_completion_chunk[];
extern const struct field *const answer_chat[], *const answer_chat_chunk[];
extern const struct field *const answer_render[];
extern const struct field *const answer_input_tokens[];
extern const struct field *const answer_models[], *const answer_model[];
extern const struct field *const answer_embeddings[];

/* ---- trainers.c: vLLM's, SGLang's and TRL's ---- */
extern const struct field *const answer_vllm_generate[], *const answer_vllm_chunk[];
extern const struct field *const answer_experts[]; /* of ours.c */
extern const struct field *const answer_tokenize[], *const answer_detokenize[];
extern const struct field *const answer_aborted[], *const answer_asleep[];
extern const struct field *const answer_is_paused[], *const answer_is_sleeping[];
extern const struct field *const answer_sglang_generate[], *const answer_sglang_chunk[];
extern const struct field *const answer_trl_generate[], *const answer_trl_logprobs[];
extern const struct field *const answer_model_info[], *const answer_loads[];
extern const struct field *const answer_server_info[], *const answer_vllm_info[];
extern const struct field *const answer_world_size[], *const answer_tokenizer_info[];
extern const struct field *const answer_load[], *const answer_old_load[];

/* ---- weights.c: weights and adapters ---- */
extern const struct field *const answer_pushed[], *const answer_serving[], *const answer_version[];
extern const struct field *const answer_forgotten[];
extern const struct field *const answer_done[], *const answer_trained[], *const answer_renamed[];
extern const struct field *const answer_checked[], *const answer_adapters[];
extern const struct field *const answer_fetched[], *const answer_called[], *const answer_pulled[];

/* ---- responses.c: OpenAI's Responses ---- */
extern const struct field *const answer_response[], *const answer_response_event[];
extern const struct field *const answer_response_deleted[];

/* ---- anthropic.c ---- */
extern const struct field *const answer_message[], *const answer_message_event[];
extern const struct field *const answer_count_tokens[];

/* ---- ollama.c ---- */
extern const struct field *const answer_ollama_chat[], *const answer_ollama_generate[];
extern const struct field *const answer_ollama_tags[], *const answer_program[];
extern const struct field *const answer_ollama_embed[], *const answer_ollama_embedding[];
extern const struct field *const answer_ollama_show[];

/* ---- llama_server.c ---- */
extern const struct field *const answer_llama[], *const answer_llama_chunk[];
extern const struct field *const answer_template[], *const answer_props[], *const answer_slot[];

/* ---- code.c ---- */
extern const struct field *const answer_fusion[], *const answer_piston[];
extern const struct field *const answer_runtime[], *const answer_routed[];

/* ---- ours.c ---- */
extern const struct field *const answer_verify[], *const answer_verify_gym[];
extern const struct field *const answer_rollouts[], *const answer_rollouts_line[];
extern const struct field *const answer_pass_at_k[], *const answer_advantages[];
extern const struct field *const answer_openrlhf[], *const answer_rewards[];
extern const struct field *const answer_rollouts_ended[];

#endif
