/* server/generate/spans.c - see spans.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/spans.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/emit.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/version.h"

bool spans_add(struct version_spans *s, struct version_label *label, int at)
{
    if (label == NULL || (s->n > 0 && s->list[s->n - 1].label == label)) return true;
    if (!mem_reserve(&s->list, s->n + 1, &s->room, sizeof(*s->list))) return false;
    assert(s->n == 0 || at >= s->list[s->n - 1].start);
    s->list[s->n++] = (struct version_span){version_label_share(label), at};
    return true;
}

void spans_clear(struct version_spans *s)
{
    for (int i = 0; i < s->n; i++) {
        version_label_free(s->list[i].label);
    }
    free(s->list);
    *s = (struct version_spans){0};
}

const char *spans_single(const struct version_spans *s)
{
    return s->n == 1 ? s->list[0].label->name : NULL;
}

void spans_emit_list(const struct version_spans *s, int n, struct buffer *out)
{
    emit_array(out, "weight_versions");
    for (int i = 0; i < s->n; i++) {
        emit_object(out, NULL);
        emit_str(out, "version", s->list[i].label->name);
        emit_int(out, "start", s->list[i].start);
        emit_int(out, "end", i + 1 < s->n ? s->list[i + 1].start : n);
        emit_close(out, '}');
    }
    emit_close(out, ']');
}

void spans_emit(const struct version_spans *s, int n, struct buffer *out)
{
    if (s->n == 1) {
        emit_str(out, "weight_version", s->list[0].label->name);
    } else if (s->n > 1) {
        spans_emit_list(s, n, out);
    }
}

void spans_emit_fingerprint(const struct version_label *l, const struct adapter *adapter,
                            struct buffer *out)
{
    char text[64];
    uint64_t h = l->fingerprint;
    if (adapter != NULL) {
        h = hash_add(h, hash_bytes(span_str(engine_adapter_info(adapter).sha256)));
    }
    snprintf(text, sizeof(text), "b%.40s-%016llx", TOUCHSTONE_VERSION, (unsigned long long)h);
    emit_str(out, "system_fingerprint", text);
}
