/* engine/template/escape.c - see escape.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/escape.h"

#include "engine/template/render.h"

void escape_add(struct render *r, struct text_builder *b, struct span s)
{
    for (size_t i = 0; i < s.n && !b->failed; i++) {
        switch (s.p[i]) {
        case '&':
            text_add_str(r, b, "&amp;");
            break;
        case '<':
            text_add_str(r, b, "&lt;");
            break;
        case '>':
            text_add_str(r, b, "&gt;");
            break;
        case '\'':
            text_add_str(r, b, "&#39;");
            break;
        case '"':
            text_add_str(r, b, "&#34;");
            break;
        default:
            text_add_char(r, b, s.p[i]);
        }
    }
}

bool escape_text(struct render *r, struct value *v)
{
    if (v->sub == SUB_MARKUP) return true;
    struct text_builder b = {0};
    escape_add(r, &b, v->text);
    v->sub = SUB_MARKUP;
    return text_end(&b, &v->text);
}
