/* engine/settings.c - the settings that an engine obeys: rows of struct engine_options.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <limits.h>

#include "config/settings.h"
#include "engine/engine.h"

#define AT(field) offsetof(struct engine_options, field)
#define G ((int64_t)1 << 30)

/* clang-format off */
static const struct setting rows[] = {
    {"model",          SETTING_TEXT,   AT(model_path), "", .help = "GGUF file or Hugging Face folder; none: the built-in model"},
    {"chat-template",  SETTING_TEXT,   AT(template_path), "", .help = "file with a chat template (Jinja) to use instead of the model's own"},
    {"engine",         SETTING_CHOICE, AT(kind), "fast", .words = "fast|reference", .help = "packed integer kernels, or float32 on OpenBLAS (the oracle)"},
    {"isa",            SETTING_WORD,   AT(isa), "auto", .words = "auto|generic|avx2|avxvnni|avx512vnni", .help = "kernel set"},
    {"weights",        SETTING_WORD,   AT(weights), "as-is", .words = "as-is|bf16|f16|q8_0|q4_0|q4_1", .help = "quantise float weights at load"},
    {"packed-cache",   SETTING_TEXT,   AT(packed_cache), "", .help = "folder that keeps packed weights for the next start of the same files, where nobody else may write; none: pack at every start"},
    {"packed-cache-bytes", SETTING_BYTES, AT(packed_cache_bytes), "64G", 0, 4096 * G, .help = "most bytes in that folder: what served longest ago is removed"},
    {"kv",             SETTING_CHOICE, AT(kv), "f16", .words = "f16|f32|q8_0", .help = "type of the KV cache"},
    {"kv-memory",      SETTING_BYTES,  AT(kv_bytes), "0", 0, 4096 * G, .help = "bytes for the KV cache; 0: by free memory and need"},
    {"context",        SETTING_INT,    AT(context), "0", 0, 1 << 24, .help = "longest sequence in tokens; 0: the model's own"},
    {"threads",        SETTING_INT,    AT(threads), "0", 0, 1024, .help = "engine threads; 0: one for each core"},
    {"pin-threads",    SETTING_BOOL,   AT(pin_threads), "false", .help = "bind each engine thread to a core"},
    {"max-sequences",  SETTING_INT,    AT(max_sequences), "256", 1, 4096, .help = "samples decoded in one batch"},
    {"max-queue",      SETTING_INT,    AT(max_queue), "16384", 1, 1 << 20, .help = "samples waiting, beyond which requests get 429 however soon their turn is (see max-wait)"},
    {"step-tokens",    SETTING_INT,    AT(step_tokens), "512", 1, 8192, .help = "prompt tokens a step may add to the batch; fewer beside samples that decode"},
    {"max-weight-versions", SETTING_INT, AT(max_versions), "2", 2, 16, .help = "versions of the weights in memory at once, while requests end on those that new ones have replaced"},
    {"prefix-cache",   SETTING_BOOL,   AT(prefix_cache), "true", .help = "reuse the KV cache of equal prefixes"},
    {"pooling",        SETTING_CHOICE, AT(pooling), "auto", .words = "auto|mean|last|cls", .help = "what embeddings are made of: the mean of all positions, the last one, the first one; auto: as the model's files say, else last"},
    {"speculate",      SETTING_BOOL,   AT(speculate), "true", .help = "draft tokens by prompt lookup; never changes an answer"},
};

#define UNSAID " of requests that give none; unset: what the model's files recommend, else the route's own default"
#define SAMPLING(which) AT(sampling.value[which])
/* As the fields of requests are bounded (server/generate/sampling_params.c). */
static const struct setting sampling_rows[] = {
    {"generation-config", SETTING_CHOICE, AT(generation_config), "auto", .words = "auto|none", .help = "whether what the model's files recommend (generation_config.json, general.sampling of a GGUF) is the default of sampling"},
    {"temperature",    SETTING_REAL,   SAMPLING(DEFAULT_TEMPERATURE), "", 0, 100, .help = "temperature" UNSAID},
    {"top-p",          SETTING_REAL,   SAMPLING(DEFAULT_TOP_P), "", 0, 1, .least = 1e-6, .help = "top_p" UNSAID},
    {"top-k",          SETTING_REAL,   SAMPLING(DEFAULT_TOP_K), "", -1, 1 << 30, .whole = true, .help = "top_k" UNSAID},
    {"min-p",          SETTING_REAL,   SAMPLING(DEFAULT_MIN_P), "", 0, 1, .help = "min_p" UNSAID},
    {"repetition-penalty", SETTING_REAL, SAMPLING(DEFAULT_REPETITION_PENALTY), "", 0, 100, .least = 1e-6, .help = "repetition_penalty" UNSAID},
    {"seed",           SETTING_INT,    AT(sampling.seed), "-1", -1, INT_MAX, .help = "seed of requests that give none; -1: a random one for each"},
};
/* clang-format on */

const struct settings_table engine_settings = {"Model", rows, sizeof(rows) / sizeof(rows[0])};
const struct settings_table engine_sampling_settings = {
    "Sampling where a request does not say", sampling_rows,
    sizeof(sampling_rows) / sizeof(sampling_rows[0])};

void engine_options_init(struct engine_options *o)
{
    *o = (struct engine_options){0};
    settings_defaults(&engine_settings, o);
    settings_defaults(&engine_sampling_settings, o);
}
