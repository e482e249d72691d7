/* server/routes/llama_completion.c - POST /completion by llama-server's names.
 *
 * Its defaults are not OpenAI's: temperature 0.8, top_k 40, top_p 0.95, min_p 0.05, and as many
 * tokens as the context allows (n_predict -1).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/llama.h"
#include "server/routes/routes.h"

#include <limits.h>
#include <math.h>

#include "server/generate/completion.h"
#include "base/emit.h"
#include "server/generate/output_form.h"
#include "server/http/sse.h"
#include "server/http/state.h"

struct llama {
    const cJSON *prompt;
    bool return_tokens;
    int n_probs;
};

/* -1 asks for a random seed. */
static bool read_seed(const struct field_context *context, const cJSON *value, void *out,
                      struct error *err)
{
    struct sampling_params *p = out;
    if (!sampling_params_read_seed(context, value, out, err)) return false;
    p->has_seed = p->has_seed && p->seed >= 0;
    return true;
}

#define AT(field) .offset = offsetof(struct llama, field)
static const struct field rows[] = {
    {"prompt", FIELD_VALUE, AT(prompt), .doc = "a text, token ids, or a list of either"},
    {"return_tokens", FIELD_BOOL, AT(return_tokens), .doc = "token ids beside the text"},
    {"n_probs", FIELD_INT, AT(n_probs), .min = 0, .max = LOGPROBS_MAX,
     .doc = "so many alternatives for each token"},
    {"post_sampling_probs", FIELD_REFUSED, .neutral = "false",
     .doc = "probabilities after sampling; refused"},
    {"cache_prompt", .kind = FIELD_IGNORED,
     .doc = "without effect: a cached prompt changes no bit"},
    {"id_slot", FIELD_REFUSED, .neutral = "-1", .doc = "a slot by its number; refused"},
    {"samplers", .kind = FIELD_REFUSED, .doc = "samplers in another order; refused"},
    {"mirostat", FIELD_REFUSED, .neutral = "0", .doc = "Mirostat; refused"},
    {"typical_p", FIELD_REFUSED, .neutral = "1", .doc = "locally typical sampling; refused"},
    {"dry_multiplier", FIELD_REFUSED, .neutral = "0", .doc = "the DRY sampler; refused"},
    {"xtc_probability", FIELD_REFUSED, .neutral = "0", .doc = "the XTC sampler; refused"},
    {"dynatemp_range", FIELD_REFUSED, .neutral = "0", .doc = "a temperature that varies; refused"},
    {"t_max_predict_ms", FIELD_REFUSED, .neutral = "0", .doc = "a limit of time; refused"},
    {"image_data", FIELD_REFUSED, .neutral = "[]", .doc = "images; refused"},
    /* Accepted at the values that change nothing. */
    {"n_keep", FIELD_REFUSED, .neutral = "0",
     .doc = "tokens kept when the context is full; refused"},
    {"n_discard", FIELD_REFUSED, .neutral = "0",
     .doc = "tokens dropped when the context is full; refused"},
    {"n_indent", FIELD_REFUSED, .neutral = "0", .doc = "least indentation; refused"},
    {"min_keep", FIELD_REFUSED, .neutral = "0", .doc = "least candidates of a sampler; refused"},
    {"repeat_last_n", FIELD_REFUSED, .neutral = "64",
     .doc = "tokens that repetition penalties look at; refused"},
    {"timings_per_token", FIELD_REFUSED, .neutral = "false",
     .doc = "timings in every chunk; refused"},
    {"return_progress", FIELD_REFUSED, .neutral = "false",
     .doc = "progress of the prompt; refused"},
    {"lora", FIELD_REFUSED, .neutral = "[]", .doc = "adapters; refused"},
    {"response_fields", FIELD_REFUSED, .neutral = "[]",
     .doc = "a choice of the reply's fields; refused"},
    {"dry_base", .kind = FIELD_IGNORED, .doc = "of a sampler that is off; without effect"},
    {"dry_allowed_length", .kind = FIELD_IGNORED,
     .doc = "of a sampler that is off; without effect"},
    {"dry_penalty_last_n", .kind = FIELD_IGNORED,
     .doc = "of a sampler that is off; without effect"},
    {"dry_sequence_breakers", .kind = FIELD_IGNORED,
     .doc = "of a sampler that is off; without effect"},
    {"xtc_threshold", .kind = FIELD_IGNORED, .doc = "of a sampler that is off; without effect"},
    {"dynatemp_exponent", .kind = FIELD_IGNORED, .doc = "of a sampler that is off; without effect"},
    {"mirostat_tau", .kind = FIELD_IGNORED, .doc = "of a sampler that is off; without effect"},
    {"mirostat_eta", .kind = FIELD_IGNORED, .doc = "of a sampler that is off; without effect"},
    {"top_n_sigma", FIELD_REFUSED, .neutral = "-1", .doc = "top-n-sigma sampling; refused"},
    {0},
};

#undef AT
#define AT(field) .offset = offsetof(struct sampling_params, field)
#define REAL(field, lo, hi) FIELD_FLOAT, AT(field), .min = (lo), .max = (hi)
#define WHOLE(field, lo, hi) FIELD_INT, AT(field), .min = (lo), .max = (hi)
static const struct field sampling_rows[] = {
    {"n_predict", WHOLE(engine.max_tokens, -1, INT_MAX),
     .doc = "tokens of the output at most; -1: as many as fit"},
    {"max_tokens", WHOLE(engine.max_tokens, -1, INT_MAX), .doc = "tokens of the output at most"},
    {"temperature", REAL(engine.temperature, 0, 100),
     .doc = "flattens (above 1) or sharpens the distribution; 0 takes the most probable token"},
    {"top_k", WHOLE(engine.top_k, -1, INT_MAX),
     .doc = "only so many of the most probable tokens; 0 and -1: all"},
    {"top_p", REAL(engine.top_p, 1e-6, 1),
     .doc = "only the most probable tokens that together have this share"},
    {"min_p", REAL(engine.min_p, 0, 1),
     .doc = "only tokens with at least this share of the most probable one's probability"},
    {"repeat_penalty", REAL(engine.repetition_penalty, 1e-6, 100),
     .doc = "divides the logits of tokens seen before; 1: none"},
    {"presence_penalty", REAL(engine.presence_penalty, -2, 2),
     .doc = "taken from the logits of tokens in the output"},
    {"frequency_penalty", REAL(engine.frequency_penalty, -2, 2),
     .doc = "taken from the logits of tokens for each time that they are in the output"},
    {"seed", FIELD_READ, .offset = 0, .read = read_seed, .doc = "of the draws; -1: a random one"},
    {"stop", FIELD_READ, AT(stop), .read = sampling_params_read_stop,
     .doc = "a text, or several, that ends the output"},
    {"ignore_eos", FIELD_BOOL, AT(engine.ignore_eos),
     .doc = "the model's end tokens do not end the output"},
    {"logit_bias", FIELD_READ, AT(bias), .read = sampling_params_read_bias,
     .doc = "added to logits, by token id, from -100 (never) to 100"},
    {"json_schema", FIELD_READ, .offset = 0, .read = output_form_read_llama_schema,
     .doc = "the output is JSON of this schema"},
    {"grammar", FIELD_READ, .offset = 0, .read = output_form_read_llama_grammar,
     .doc = "the output is of this grammar (GBNF)"},
    {"stream", FIELD_BOOL, AT(stream), .doc = "each token as it comes, as server-sent events"},
    {0},
};

/* ---- asking ---- */

void llama_sampling_init(struct engine_sampling *s)
{
    s->temperature = 0.8f;
    s->top_k = 40;
    s->top_p = 0.95f;
    s->min_p = 0.05f;
    s->max_tokens = -1;
}

static bool prepare(struct completion *c)
{
    struct llama *own = c->own;
    struct error *err = &c->error;
    struct field_table tables[] = {FIELD_TABLE(rows, own), FIELD_TABLE(sampling_rows, &c->params)};
    llama_sampling_init(&c->params.engine);
    if (!completion_parse(c, err) || !completion_read(c, c->document, tables, 2, err)) {
        return false;
    }
    if (own->n_probs > 0) c->params.logprobs = own->n_probs;
    c->want_tokens = own->n_probs > 0 || own->return_tokens;
    if (!completion_check(c, err) || !completion_prompts(c, own->prompt, "prompt", true, err)) {
        return false;
    }
    if (c->n_prompts == 1) return true;
    return error_set(err, ERROR_UNSUPPORTED, "prompt",
                     "one prompt a request; /v1/completions takes many");
}

/* ---- answering ---- */

static void emit_probability(const struct completion *c, struct token_prob p, struct buffer *out)
{
    struct span s = engine_token_bytes(c->engine, p.id);
    emit_int(out, "id", p.id);
    emit_text(out, "token", s);
    emit_array(out, "bytes");
    for (size_t i = 0; i < s.n; i++) {
        emit_int(out, NULL, (unsigned char)s.p[i]);
    }
    emit_close(out, ']');
    emit_float(out, "logprob", p.logprob);
}

static void emit_probabilities(const struct completion *c, const struct choice *choice,
                               struct buffer *out)
{
    emit_array(out, "completion_probabilities");
    for (size_t i = 0; i < choice->n_records; i++) {
        const struct token_record *t = &choice->records[i];
        emit_object(out, NULL);
        emit_probability(c, t->prob, out);
        emit_array(out, "top_logprobs");
        for (int k = 0; k < t->n_top; k++) {
            emit_object(out, NULL);
            emit_probability(c, choice->tops[t->first_top + (size_t)k], out);
            emit_close(out, '}');
        }
        emit_close(out, ']');
        emit_close(out, '}');
    }
    emit_close(out, ']');
}

/* content, tokens, probabilities: what is pending. */
static void emit_content(const struct completion *c, const struct choice *choice,
                         struct buffer *out)
{
    const struct llama *own = c->own;
    emit_int(out, "index", 0);
    emit_text(out, "content", buffer_span(&choice->text));
    emit_array(out, "tokens");
    for (size_t i = 0; own->return_tokens && i < choice->n_records; i++) {
        emit_int(out, NULL, choice->records[i].prob.id);
    }
    emit_close(out, ']');
    if (own->n_probs > 0) emit_probabilities(c, choice, out);
    emit_bool(out, "stop", choice->done);
}

static const char *stop_type(const struct choice *choice)
{
    if (choice->finish == FINISH_LENGTH) return "limit";
    if (choice->finish != FINISH_STOP) return "none";
    return choice->stop_string != NULL ? "word" : "eos";
}

static void emit_end(const struct completion *c, const struct choice *choice, struct buffer *out)
{
    emit_str(out, "model", completion_model(c));
    emit_int(out, "tokens_predicted", choice->n_tokens);
    emit_int(out, "tokens_evaluated", (int64_t)choice->generation->ids.n);
    emit_int(out, "tokens_cached", choice->generation->n_cached);
    emit_bool(out, "truncated", false);
    emit_str(out, "stop_type", stop_type(choice));
    emit_str(out, "stopping_word", choice->stop_string == NULL ? "" : choice->stop_string);
    emit_int(out, "id_slot", 0);
}

static void write_whole(struct completion *c, struct buffer *out)
{
    emit_object(out, NULL);
    emit_content(c, completion_choice(c, 0), out);
    emit_end(c, completion_choice(c, 0), out);
    emit_close(out, '}');
}

static void write_chunk(struct completion *c, struct choice *choice)
{
    struct buffer *out = sse_open(c->exchange);
    emit_object(out, NULL);
    emit_content(c, choice, out);
    if (choice->done) emit_end(c, choice, out);
    emit_close(out, '}');
    sse_close(c->exchange);
}

static const struct dialect dialect = {.whole = write_whole, .chunk = write_chunk};

void llama_completion_handle(struct exchange *x)
{
    struct completion *c = completion_new(x, &dialect, "", sizeof(struct llama));
    if (c != NULL) completion_run(c, WORK_LIGHT, prepare);
}
