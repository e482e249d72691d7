/* tests/fuzz/fuzz_hf_config.c - any text as config.json: refused with a reason, or every size is
 * one that can be computed with.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <math.h>
#include <stdint.h>

#include "engine/model/hf_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct model_config c;
    const struct arch *arch = NULL;
    bool ok = hf_config_read(span_of(data, size), "fuzz", &arch, &c, &err);
    assert(ok == (err.code == ERROR_NONE));
    if (!ok) return 0;
    assert(arch != NULL && c.n_layers > 0 && c.n_embd > 0 && c.n_vocab > 0 && c.context > 0);
    assert(c.n_heads > 0 && c.n_heads % c.n_kv_heads == 0 && c.head_dim > 0);
    assert(c.rope.dim >= 2 && c.rope.dim <= c.head_dim && c.rope.theta >= 1);
    assert(c.attn_scale > 0 && isfinite(c.attn_scale));
    assert(c.moe.n_experts == 0 || (c.moe.n_used > 0 && c.moe.n_used <= c.moe.n_experts));
    return 0;
}
