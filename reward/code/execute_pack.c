/* reward/code/execute_pack.c - outcomes, and orders on their way out, as bytes; execute.c reads
 * orders.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/execute.h"

#include "reward/workers/pack.h"

static void pack_strings(struct buffer *out, const char *const *list)
{
    uint32_t n = 0;
    while (list[n] != NULL) {
        n++;
    }
    pack_u32(out, n);
    for (uint32_t i = 0; i < n; i++) {
        pack_str(out, list[i]);
    }
}

void execute_pack_order(const struct execute_order *o, struct buffer *out)
{
    pack_str(out, o->language->name);
    pack_span(out, o->source);
    pack_span(out, o->input);
    pack_u32(out, o->cell);
    pack_u32(out, (uint32_t)o->judge);
    pack_str(out, o->main == NULL ? "" : o->main);
    pack_f64(out, o->compile_ms);
    pack_f64(out, o->run_ms);
    pack_f64(out, o->memory_mb);
    pack_u32(out, (uint32_t)o->output_bytes);
    pack_u32(out, (uint32_t)o->n_files);
    for (size_t i = 0; i < o->n_files; i++) {
        pack_str(out, o->files[i].name);
        pack_span(out, o->files[i].content);
    }
    pack_strings(out, o->args);
    pack_strings(out, o->fetch);
}

static void pack_stage(struct buffer *out, const struct execute_stage *s)
{
    pack_u32(out, s->ran);
    pack_u32(out, (uint32_t)s->end);
    pack_u32(out, s->signaled);
    pack_u32(out, (uint32_t)s->code);
    pack_f64(out, s->cpu_ms);
    pack_f64(out, s->wall_ms);
    pack_f64(out, (double)s->peak_bytes);
    pack_span(out, s->out);
    pack_span(out, s->err);
    pack_span(out, s->value);
}

void execute_pack_outcome(const struct execute_outcome *o, struct buffer *out)
{
    pack_span(out, o->error);
    pack_stage(out, &o->compile);
    pack_stage(out, &o->run);
    pack_u32(out, (uint32_t)o->n_files);
    for (size_t i = 0; i < o->n_files; i++) {
        pack_span(out, o->files[i].name);
        pack_span(out, o->files[i].content);
    }
}

static void unpack_stage(struct unpack *u, struct execute_stage *s)
{
    s->ran = unpack_u32(u) != 0;
    uint32_t end = unpack_u32(u);
    s->end = end < SANDBOX_ENDS ? (enum sandbox_end)end : SANDBOX_FAULT;
    s->signaled = unpack_u32(u) != 0;
    s->code = (int)unpack_u32(u);
    s->cpu_ms = unpack_f64(u);
    s->wall_ms = unpack_f64(u);
    s->peak_bytes = (size_t)unpack_f64(u);
    s->out = unpack_span(u);
    s->err = unpack_span(u);
    s->value = unpack_span(u);
}

bool execute_unpack_outcome(struct span packed, struct execute_outcome *out)
{
    struct unpack u = {.rest = packed};
    *out = (struct execute_outcome){.error = unpack_span(&u)};
    unpack_stage(&u, &out->compile);
    unpack_stage(&u, &out->run);
    out->n_files = unpack_u32(&u);
    if (out->n_files > SANDBOX_MAX_FETCH) return false;
    for (size_t i = 0; i < out->n_files; i++) {
        out->files[i].name = unpack_span(&u);
        out->files[i].content = unpack_span(&u);
    }
    return unpack_is_whole(&u);
}
