/* engine/describe.c - what a model file holds, in words (engine_describe in engine.h).
 *
 * One list of facts is collected first and then printed twice over: as aligned lines or as JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>

#include "base/json.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine/forward/kv_store.h"
#include "engine/model/gguf.h"
#include "engine/model/model.h"
#include "engine/model/tally.h"
#include "engine/tokenizer/tokenizer.h"

static void add_text(cJSON *facts, const char *key, const char *text)
{
    json_put(facts, key, json_string(span_str(text)));
}

/* What a token would take if every head's keys and values were cached in place of the latent. */
static double full_kv_bytes(const struct model_config *c)
{
    return 2.0 * (c->n_layers + c->n_mtp) * c->n_heads * (c->head_dim + c->mla.v_dim);
}

static void add_attention(cJSON *facts, const struct model_config *c)
{
    static const char *const scalings[] = {"none", "linear", "llama3", "yarn"};
    cJSON_AddNumberToObject(facts, "heads", c->n_heads);
    cJSON_AddNumberToObject(facts, "kv_heads", c->n_kv_heads);
    cJSON_AddNumberToObject(facts, "head_dim", c->head_dim);
    cJSON_AddNumberToObject(facts, "rope_theta", c->rope.theta);
    bool by_factors = c->rope.freq_factors != NULL;
    add_text(facts, "rope_scaling", by_factors ? "llama3" : scalings[c->rope.scaling]);
    cJSON_AddNumberToObject(facts, "kv_bytes_per_token",
                            (double)kv_block_bytes(c, KV_F16) / KV_BLOCK);
    if (c->mla.kv_rank > 0) {
        cJSON_AddNumberToObject(facts, "kv_bytes_if_full", full_kv_bytes(c));
        cJSON_AddNumberToObject(facts, "latent_rank", c->mla.kv_rank);
        cJSON_AddNumberToObject(facts, "latent_rope_dim", c->mla.rope_dim);
    }
}

static void add_experts(cJSON *facts, const struct model_config *c)
{
    if (c->moe.n_experts > 0) {
        cJSON_AddNumberToObject(facts, "experts", c->moe.n_experts);
        cJSON_AddNumberToObject(facts, "experts_used", c->moe.n_used);
        cJSON_AddNumberToObject(facts, "experts_shared", c->moe.n_shared);
    }
    if (c->n_mtp > 0) cJSON_AddNumberToObject(facts, "prediction_layers", c->n_mtp);
}

static void add_types(cJSON *facts, const struct model_tally *t)
{
    cJSON *types = cJSON_AddObjectToObject(facts, "tensor_types");
    for (int i = 0; i < QUANT_COUNT; i++) {
        if (t->tensors[i] > 0) {
            cJSON_AddNumberToObject(types, quant_types[i].name, (double)t->tensors[i]);
        }
    }
}

static void add_metadata(cJSON *facts, const struct gguf *g)
{
    struct span text = {NULL, 0};
    if (gguf_get_string(g, "tokenizer.ggml.model", &text, NULL) && text.n > 0) {
        json_put(facts, "tokenizer", json_string(text));
    }
    text = (struct span){NULL, 0};
    if (gguf_get_string(g, "tokenizer.ggml.pre", &text, NULL) && text.n > 0) {
        json_put(facts, "pre_tokenizer", json_string(text));
    }
    text = (struct span){NULL, 0};
    if (gguf_get_string(g, "tokenizer.chat_template", &text, NULL) && text.n > 0) {
        json_put(facts, "chat_template", json_string(text));
    }
}

/* A folder has its template beside its tokenizer. One that cannot be read is named where the tensors can. */
static void add_folder(cJSON *facts, const char *path)
{
    struct error why = {0};
    struct tokenizer *t = tokenizer_from_hf(path, &why);
    add_text(facts, "tokenizer", t == NULL ? why.message : "tokenizer.json");
    struct span text = t == NULL ? (struct span){NULL, 0} : tokenizer_chat_template(t);
    if (text.n > 0) json_put(facts, "chat_template", json_string(text));
    tokenizer_free(t);
}

static cJSON *collect(const struct model *m, const char *path)
{
    const struct model_config *c = model_config(m);
    struct model_tally t = model_tally(m);
    cJSON *facts = cJSON_CreateObject();
    add_text(facts, "name", model_name(m));
    add_text(facts, "architecture", model_architecture(m));
    cJSON_AddNumberToObject(facts, "parameters", (double)t.all_parameters);
    cJSON_AddNumberToObject(facts, "tensor_bytes", (double)t.all_bytes);
    cJSON_AddNumberToObject(facts, "bits_per_weight",
                            (double)(t.all_bytes * 80 / t.all_parameters) / 10);
    add_types(facts, &t);
    cJSON_AddNumberToObject(facts, "layers", c->n_layers);
    cJSON_AddNumberToObject(facts, "hidden", c->n_embd);
    cJSON_AddNumberToObject(facts, "feed_forward", c->n_ff);
    cJSON_AddNumberToObject(facts, "vocabulary", c->n_vocab);
    cJSON_AddNumberToObject(facts, "context", c->context);
    cJSON_AddBoolToObject(facts, "tied_output", c->tied);
    add_attention(facts, c);
    add_experts(facts, c);
    if (model_gguf(m) != NULL) {
        add_metadata(facts, model_gguf(m));
    } else {
        add_folder(facts, path);
    }
    return facts;
}

/* "key               value"; texts of several lines are indented below their key. */
static void print_lines(const cJSON *facts, struct buffer *out)
{
    const cJSON *fact;
    cJSON_ArrayForEach(fact, facts)
    {
        buffer_addf(out, "%-20s ", fact->string);
        if (cJSON_IsString(fact)) {
            for (const char *s = fact->valuestring; *s != '\0'; s++) {
                buffer_add_char(out, *s);
                if (*s == '\n') buffer_addf(out, "%21s", "");
            }
        } else if (cJSON_IsObject(fact)) {
            const cJSON *part;
            cJSON_ArrayForEach(part, fact)
            {
                buffer_addf(out, "%s%s x %.0f", part == fact->child ? "" : ", ", part->string,
                            part->valuedouble);
            }
        } else if (cJSON_IsBool(fact)) {
            buffer_add_str(out, cJSON_IsTrue(fact) ? "yes" : "no");
        } else {
            buffer_addf(out, "%.10g", fact->valuedouble);
        }
        buffer_add_char(out, '\n');
    }
}

bool engine_describe(const char *path, bool as_json, struct buffer *out, struct error *err)
{
    mem_forget();
    struct model *m = model_open(path, err);
    if (m == NULL) return false;
    cJSON *facts = collect(m, path);
    model_close(m);
    if (as_json) {
        json_print(facts, out);
        buffer_add_char(out, '\n');
    } else {
        print_lines(facts, out);
    }
    cJSON_Delete(facts);
    bool ok = !out->failed && !mem_ran_out();
    return ok || error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
}
