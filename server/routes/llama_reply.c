/* server/routes/llama_reply.c - what llama-server's replies say of settings and ends (its README,
 * "Result JSON").
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/llama.h"

#include "base/emit.h"
#include "server/generate/completion.h"
#include "server/generate/timings.h"

enum { RANDOM_SEED = -1 };

/* Members that are always the same: samplers that this engine has not are off. */
static void emit_absent(struct buffer *out)
{
    static const struct {
        const char *name;
        double value;
    } off[] = {{"dynatemp_range", 0},
               {"dynatemp_exponent", 1},
               {"top_n_sigma", -1},
               {"xtc_probability", 0},
               {"xtc_threshold", 0.1},
               {"typical_p", 1},
               {"repeat_last_n", -1},
               {"dry_multiplier", 0},
               {"dry_base", 1.75},
               {"dry_allowed_length", 2},
               {"dry_penalty_last_n", 0},
               {"mirostat", 0},
               {"mirostat_tau", 5},
               {"mirostat_eta", 0.1},
               {"adaptive_target", -1},
               {"adaptive_decay", 0.9},
               {"n_keep", 0},
               {"n_discard", 0},
               {"min_keep", 0}};
    static const char *const samplers[] = {"penalties", "min_p", "top_k", "top_p", "temperature"};
    for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
        emit_double(out, off[i].name, off[i].value);
    }
    emit_array(out, "samplers"); /* in the order in which they act */
    for (size_t i = 0; i < sizeof(samplers) / sizeof(samplers[0]); i++) {
        emit_str(out, NULL, samplers[i]);
    }
    emit_close(out, ']');
    emit_array(out, "lora");
    emit_close(out, ']');
}

static void emit_one_bias(int id, const float *bias, struct buffer *out)
{
    emit_object(out, NULL);
    emit_int(out, "token", id);
    if (bias == NULL) {
        emit_null(out, "bias");
    } else {
        emit_float(out, "bias", *bias);
    }
    emit_close(out, '}');
}

/* An end that is ignored is, to llama-server, one with a bias of minus infinity, null in JSON. */
static void emit_biases(const struct engine_info *info, const struct engine_sampling *s,
                        struct buffer *out)
{
    emit_array(out, "logit_bias");
    for (int i = 0; i < s->n_bias; i++) {
        emit_one_bias(s->bias[i].id, &s->bias[i].bias, out);
    }
    if (s->ignore_eos && info->eos_token >= 0) emit_one_bias(info->eos_token, NULL, out);
    emit_close(out, ']');
}

static void emit_stops(const struct engine_sampling *s, struct buffer *out)
{
    emit_array(out, "stop");
    for (int i = 0; i < s->n_stop; i++) {
        emit_str(out, NULL, s->stop[i]);
    }
    emit_close(out, ']');
}

void llama_emit_sampling(const struct engine_info *info, const struct sampling_params *p,
                         struct buffer *out)
{
    const struct engine_sampling *s = &p->engine;
    emit_int(out, "seed", p->has_seed ? p->seed : RANDOM_SEED);
    emit_float(out, "temperature", s->temperature);
    emit_int(out, "top_k", s->top_k);
    emit_float(out, "top_p", s->top_p);
    emit_float(out, "min_p", s->min_p);
    emit_float(out, "repeat_penalty", s->repetition_penalty);
    emit_float(out, "presence_penalty", s->presence_penalty);
    emit_float(out, "frequency_penalty", s->frequency_penalty);
    emit_int(out, "max_tokens", s->max_tokens);
    emit_int(out, "n_predict", s->max_tokens);
    emit_bool(out, "ignore_eos", s->ignore_eos);
    emit_bool(out, "stream", p->stream);
    emit_int(out, "n_probs", p->logprobs > 0 ? p->logprobs : 0);
    emit_bool(out, "post_sampling_probs", s->processed);
    emit_bool(out, "timings_per_token", p->timings);
    emit_stops(s, out);
    emit_biases(info, s, out);
    emit_absent(out);
}

static const char *stop_type(const struct choice *choice)
{
    if (choice->finish == FINISH_LENGTH) return "limit";
    if (choice->finish != FINISH_STOP) return "none";
    return choice->stop_string != NULL ? "word" : "eos";
}

/* Did the context end it, before its own limit? */
static bool is_truncated(const struct choice *choice)
{
    int limit = choice->generation->sampling.max_tokens;
    return choice->finish == FINISH_LENGTH && (limit < 0 || choice->n_tokens < limit);
}

static void emit_prompt(const struct completion *c, const struct generation *g, struct buffer *out)
{
    struct buffer text;
    struct error err = {0};
    buffer_init(&text, EXCHANGE_REPLY_BYTES);
    if (!engine_detokenize(c->engine, g->ids.ids, g->ids.n, false, &text, &err) || text.failed) {
        out->failed = true;
    }
    emit_text(out, "prompt", buffer_span(&text));
    buffer_clear(&text);
}

void llama_emit_end(const struct completion *c, const struct choice *choice, struct buffer *out)
{
    const struct generation *g = choice->generation;
    emit_int(out, "id_slot", 0);
    emit_str(out, "model", completion_model(c));
    emit_int(out, "tokens_predicted", choice->n_tokens);
    emit_int(out, "tokens_evaluated", (int64_t)g->ids.n);
    emit_int(out, "tokens_cached", g->n_cached);
    emit_object(out, "generation_settings");
    llama_emit_sampling(engine_info(c->engine), &c->params, out);
    emit_close(out, '}');
    emit_prompt(c, g, out);
    emit_bool(out, "has_new_line", choice->has_new_line);
    emit_bool(out, "truncated", is_truncated(choice));
    emit_str(out, "stop_type", stop_type(choice));
    emit_str(out, "stopping_word", choice->stop_string == NULL ? "" : choice->stop_string);
    spans_emit(&choice->versions, choice->n_tokens, out);
    timings_emit(choice, out);
}

void llama_emit_verbose(const struct completion *c, const struct choice *choice, struct buffer *out)
{
    emit_object(out, "__verbose");
    emit_int(out, "index", choice->index);
    emit_text(out, "content", buffer_span(&choice->text));
    emit_bool(out, "stop", true);
    llama_emit_end(c, choice, out);
    emit_close(out, '}');
}
