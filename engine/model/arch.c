/* engine/model/arch.c - see arch.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/model/arch.h"

#include <stddef.h>
#include <stdio.h>

#include "engine/model/roles.h"

/* clang-format off */
static const struct arch archs[] = {
    {"llama",     {"llama", "mistral"},          0,                   true,  false},
    {"qwen2",     {"qwen2"},                     FEATURE_QKV_BIAS,    false, false},
    {"qwen3",     {"qwen3"},                     FEATURE_QK_NORM,     false, false},
    {"qwen3moe",  {"qwen3_moe"},                 FEATURE_QK_NORM,     false, false},
    {"deepseek2", {"deepseek_v2", "deepseek_v3"}, FEATURE_ROUTER_BIAS, true,  true},
};
/* clang-format on */

enum { N_ARCHS = sizeof(archs) / sizeof(archs[0]) };

const struct arch *arch_of_gguf(struct span name)
{
    for (int i = 0; i < N_ARCHS; i++) {
        if (span_is(name, archs[i].gguf)) return &archs[i];
    }
    return NULL;
}

const struct arch *arch_of_hf(struct span model_type)
{
    for (int i = 0; i < N_ARCHS; i++) {
        for (const char *const *name = archs[i].hf; *name != NULL; name++) {
            if (span_is(model_type, *name)) return &archs[i];
        }
    }
    return NULL;
}

void arch_list(bool hugging_face, char out[ARCH_LIST_BYTES])
{
    size_t n = 0;
    out[0] = '\0';
    for (int i = 0; i < N_ARCHS; i++) {
        const char *const gguf[] = {archs[i].gguf, NULL};
        const char *const *name = hugging_face ? archs[i].hf : gguf;
        for (; *name != NULL && n < ARCH_LIST_BYTES; name++) {
            int more = snprintf(out + n, ARCH_LIST_BYTES - n, "%s%s", n == 0 ? "" : ", ", *name);
            n += more > 0 ? (size_t)more : 0;
        }
    }
}
