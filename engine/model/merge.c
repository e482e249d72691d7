/* engine/model/merge.c - see merge.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/model/merge.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/emit.h"
#include "base/mem.h"
#include "engine/model/other_name.h"
#include "engine/model/safetensors.h"
#include "engine/tensor/quants.h"

enum { MAX_HEADER = 100 << 20 };

static bool about(struct span tensor, struct error *err, const char *what)
{
    return error_set(err, ERROR_INVALID_VALUE, NULL, "tensor %.*s %s",
                     (int)(tensor.n < 120 ? tensor.n : 120), tensor.p, what);
}

/* ---- what fits ---- */

static bool check_base(const struct content *base, struct error *err)
{
    for (size_t i = 0; i < base->n; i++) {
        int q = base->lines[i].quant;
        if (q == QUANT_F32 || q == QUANT_F16 || q == QUANT_BF16 || q == QUANT_F8_E4M3) continue;
        return error_set(
            err, ERROR_BASE_UNAVAILABLE, NULL,
            "what serves was loaded from quantised tensors (%.20s): push all tensors first",
            base->lines[i].dtype);
    }
    return true;
}

/* A GGUF file's shapes begin with the fastest dimension, a safetensors file's with the slowest. */
static bool is_reversed(const struct merge *m)
{
    return model_safetensors(m->base) == NULL;
}

static bool is_hugging_face(const struct merge *m)
{
    const struct safetensors *s = model_safetensors(m->base);
    return s != NULL && safetensors_find(s, "model.embed_tokens.weight") != NULL;
}

/* The base's tensor that was sent by its own name, or by that of the other kind of file. */
static const struct content_line *find_base(const struct merge *m, const struct content *base,
                                            struct span sent)
{
    struct other_name own;
    const struct content_line *l = content_find(base, sent);
    if (l != NULL || !other_name_of(m->base, !is_hugging_face(m), sent, &own)) return l;
    return content_find(base, span_str(own.text));
}

static bool same_shape(const struct content_line *now, const struct content_line *old,
                       bool reversed)
{
    bool same = now->n_dims == old->n_dims;
    for (int i = 0; same && i < now->n_dims; i++) {
        same = now->shape[i] == old->shape[reversed ? old->n_dims - 1 - i : i];
    }
    return same;
}

static const char stranger[] = "is none of the served model's";
static const char twice[] = "comes twice: in Hugging Face's names and in GGUF's";

static bool check_news(const struct merge *m, const struct content *base,
                       const struct content *news, struct error *err)
{
    for (size_t i = 0; i < news->n; i++) {
        const struct content_line *l = &news->lines[i], *old = find_base(m, base, l->name);
        if (old == NULL) return about(l->name, err, stranger);
        if (!span_eq(l->name, old->name) && content_find(news, old->name) != NULL) {
            return about(l->name, err, twice);
        }
        if (!same_shape(l, old, is_reversed(m)) || l->quant < 0) {
            return about(l->name, err, "has another shape or type than the served model's");
        }
    }
    for (size_t i = 0; m->delta != NULL && i < m->delta->n; i++) {
        const struct span name = m->delta->changes[i].name;
        const struct content_line *old = find_base(m, base, name);
        if (old == NULL) return about(name, err, stranger);
        if (!span_eq(name, old->name) && delta_set_find(m->delta, old->name) != NULL) {
            return about(name, err, twice);
        }
    }
    return true;
}

/* ---- writing ---- */

static bool put(int fd, const void *bytes, size_t n, struct error *err)
{
    for (const char *at = bytes; n > 0;) {
        ssize_t done = write(fd, at, n);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) {
            return error_set(err, ERROR_NO_STORAGE, NULL, "the staging file cannot be written: %s",
                             strerror(errno));
        }
        at += done;
        n -= (size_t)done;
    }
    return true;
}

static void emit_line(const struct content_line *l, bool reversed, size_t at, struct buffer *out)
{
    emit_name(out, l->name);
    emit_object(out, NULL);
    emit_str(out, "dtype", l->dtype);
    emit_array(out, "shape");
    for (int i = 0; i < l->n_dims; i++) {
        emit_int(out, NULL, l->shape[reversed ? l->n_dims - 1 - i : i]);
    }
    emit_close(out, ']');
    emit_array(out, "data_offsets");
    emit_int(out, NULL, (int64_t)at);
    emit_int(out, NULL, (int64_t)(at + l->bytes.n));
    emit_close(out, ']');
    emit_close(out, '}');
}

static void emit_metadata(const struct merge *m, struct buffer *out)
{
    if (m->version == NULL) return;
    emit_object(out, "__metadata__");
    emit_str(out, "format", "pt"); /* without which transformers does not read it */
    emit_str(out, MERGE_VERSION, m->version);
    emit_close(out, '}');
}

static bool put_header(const struct merge *m, const struct content *all, struct error *err)
{
    struct buffer text;
    size_t at = 0;
    int fd = m->fd;
    unsigned char length[8];
    buffer_init(&text, MAX_HEADER);
    emit_open(&text, '{');
    emit_metadata(m, &text);
    for (size_t i = 0; i < all->n; i++) {
        emit_line(&all->lines[i], is_reversed(m), at, &text);
        at += all->lines[i].bytes.n;
    }
    emit_close(&text, '}');
    for (int i = 0; i < 8; i++) {
        length[i] = (unsigned char)((uint64_t)text.n >> 8 * i);
    }
    bool ok = !text.failed || error_set(err, ERROR_NO_MEMORY, NULL, "no memory for a header");
    ok = ok && put(fd, length, sizeof(length), err) && put(fd, text.p, text.n, err);
    buffer_clear(&text);
    return ok;
}

/* What comes for a tensor of the base's. */
struct coming {
    const struct content_line *now;    /* its new values, or */
    const struct delta_change *change; /* its change; both NULL: it stays */
    bool foreign;                      /* they are called by the other kind of file's name, */
    bool rows_differ;                  /* and have rows in its order */
};

static struct coming find_coming(const struct merge *m, const struct content_line *old,
                                 const struct content *news)
{
    struct other_name other;
    struct span name = old->name;
    struct coming c = {.now = NULL};
    bool has_other = other_name_of(m->base, is_hugging_face(m), name, &other);
    for (int i = 0; i < 1 + has_other && c.now == NULL && c.change == NULL; i++) {
        c.foreign = i > 0;
        c.rows_differ = c.foreign && other.rows_differ;
        if (c.foreign) name = span_str(other.text);
        c.now = content_find(news, name);
        if (m->delta != NULL) c.change = delta_set_find(m->delta, name);
    }
    return c;
}

static int64_t rows_of(const struct merge *m, const struct content_line *old)
{
    assert(old->n_dims > 0);
    return old->shape[is_reversed(m) ? old->n_dims - 1 : 0];
}

/* Write bytes that were sent, their rows in the base's order. */
static bool put_rows(const struct merge *m, const struct content_line *old, struct span bytes,
                     bool differ, struct error *err)
{
    if (!differ) return put(m->fd, bytes.p, bytes.n, err);
    uint8_t *made = (uint8_t *)mem_bytes(bytes.n + 1);
    if (made == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for a tensor");
    other_rows(m->base, is_hugging_face(m), bytes, rows_of(m, old), made);
    bool ok = put(m->fd, made, bytes.n, err);
    free(made);
    return ok;
}

/* Write a tensor that has changed, and note it as it was sent. */
static bool put_changed(const struct merge *m, const struct content_line *old,
                        struct content_line line, const struct coming *c, struct content *changed,
                        struct error *err)
{
    if (!put_rows(m, old, line.bytes, c->rows_differ, err)) return false;
    content_hash(&line);
    line.bytes = (struct span){NULL, 0};
    changed->lines[changed->n++] = line;
    return true;
}

/* The base's bytes, changed, in made[old->bytes.n], in the order of the change. */
static bool make_bytes(const struct merge *m, const struct content_line *old,
                       const struct coming *c, uint8_t *made, struct error *err)
{
    struct error why = {0};
    const struct delta_change *change = c->change;
    if (c->rows_differ) {
        other_rows(m->base, !is_hugging_face(m), old->bytes, rows_of(m, old), made);
    } else if (old->bytes.n > 0) {
        memcpy(made, old->bytes.p, old->bytes.n);
    }
    if (!delta_apply(&m->delta->format, change->payload, made, old->bytes.n, &why)) {
        return why.code == ERROR_NO_MEMORY ? error_set(err, why.code, NULL, "%s", why.message)
                                           : about(change->name, err, why.message);
    }
    return delta_sum_is(change->kind, change->sum, made, old->bytes.n) ||
           about(change->name, err, "has another sum than its change says: is it of another base?");
}

static bool put_change(const struct merge *m, const struct content_line *old,
                       const struct coming *c, struct content *changed, struct error *err)
{
    uint8_t *made = (uint8_t *)mem_bytes(old->bytes.n + 1);
    if (made == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for a tensor");
    struct content_line line = *old;
    line.name = c->change->name;
    line.bytes = span_of((const char *)made, old->bytes.n);
    for (int i = 0; c->foreign && is_reversed(m) && i < old->n_dims; i++) {
        line.shape[i] = old->shape[old->n_dims - 1 - i];
    }
    bool ok = make_bytes(m, old, c, made, err) && put_changed(m, old, line, c, changed, err);
    free(made);
    return ok;
}

static bool put_tensor(const struct merge *m, const struct content_line *old,
                       const struct content *news, struct content *changed, struct error *err)
{
    struct coming c = find_coming(m, old, news);
    if (c.change != NULL) return put_change(m, old, &c, changed, err);
    if (c.now != NULL) return put_changed(m, old, *c.now, &c, changed, err);
    return put(m->fd, old->bytes.p, old->bytes.n, err);
}

/* The base's lines, with the types that the news bring. */
static void take_types(const struct merge *m, struct content *all, const struct content *news)
{
    for (size_t i = 0; i < all->n; i++) {
        const struct content_line *change = find_coming(m, &all->lines[i], news).now;
        if (change == NULL) continue;
        all->lines[i].dtype = change->dtype;
        all->lines[i].bytes = change->bytes; /* for its length */
    }
}

static bool write_all(const struct merge *m, const struct content *base, const struct content *news,
                      struct content *changed, struct error *err)
{
    struct content all = {mem_new(base->n + 1, sizeof(*all.lines), err), base->n};
    if (all.lines == NULL) return false;
    memcpy(all.lines, base->lines, base->n * sizeof(*all.lines));
    take_types(m, &all, news);
    bool ok = put_header(m, &all, err);
    for (size_t i = 0; ok && i < base->n; i++) {
        if (m->stop != NULL && __atomic_load_n(m->stop, __ATOMIC_RELAXED)) {
            ok = error_set(err, ERROR_ABORTED, NULL, "the server ends");
            break;
        }
        ok = put_tensor(m, &base->lines[i], news, changed, err);
    }
    assert(!ok || changed->n == news->n + (m->delta == NULL ? 0 : m->delta->n));
    content_clear(&all);
    return ok;
}

bool merge_write(const struct merge *m, struct content *changed, struct error *err)
{
    struct content base = {0}, news = {0};
    *changed = (struct content){0};
    bool ok = content_list(m->base, &base, err) &&
              (m->news == NULL || content_list_set(m->news, &news, err)) &&
              check_base(&base, err) && check_news(m, &base, &news, err);
    if (ok) {
        size_t most = news.n + (m->delta == NULL ? 0 : m->delta->n);
        changed->lines = mem_new(most + 1, sizeof(*changed->lines), err);
        ok = changed->lines != NULL && write_all(m, &base, &news, changed, err);
        content_sort(changed); /* names that were sent may be in another order */
    }
    content_clear(&base);
    content_clear(&news);
    return ok;
}
