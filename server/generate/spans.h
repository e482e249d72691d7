/* server/generate/spans.h - which weights computed which tokens of a sample.
 *
 * A sample usually lives on one version of the weights; one that went on with others (a push with the
 * policy "switch") has a span for each. Replies say it in one of two ways:
 *
 *   "weight_version": "7"
 *   "weight_versions": [{"version": "7", "start": 0, "end": 12}, {"version": "8", "start": 12, "end": 40}]
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_SPANS_H
#define SERVER_GENERATE_SPANS_H

#include <stdbool.h>

#include "base/buffer.h"
#include "engine/engine.h"

/* Tokens from `start` on, up to the next span. */
struct version_span {
    struct version_label *label; /* shared */
    int start;
};

struct version_spans {
    struct version_span *list; /* owned; in order, neighbours differ */
    int n, room;
};

/* The token number `at`, and those after it so far, are of this version. label is shared; NULL: nothing
 * is known. False when memory is out. */
bool spans_add(struct version_spans *s, struct version_label *label, int at);
/* Free them. */
void spans_clear(struct version_spans *s);

/* The name of a sample's only version; NULL: it has several, or none. */
const char *spans_single(const struct version_spans *s);

/* "weight_version" or "weight_versions" of a sample of n tokens; nothing where nothing is known. */
void spans_emit(const struct version_spans *s, int n, struct buffer *out);
/* "weight_versions" of a sample of n tokens, one or several. */
void spans_emit_list(const struct version_spans *s, int n, struct buffer *out);

/* "system_fingerprint" of what l and the adapter (NULL: none) compute: the program's version and a hash.
 * It begins with "b" as llama-server's does, which its clients look at. */
void spans_emit_fingerprint(const struct version_label *l, const struct adapter *adapter,
                            struct buffer *out);

#endif
