/* server/http/upload.c - see upload.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/upload.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/emit.h"
#include "base/file.h"
#include "server/http/exchange.h"
#include "server/http/state.h"

/* ---- what a head says ---- */

struct range {
    bool said, asks;            /* asks: only how much there is */
    uint64_t begin, end, total; /* [begin, end) of total */
};

/* A whole number and what comes behind it; false: there is none. */
static bool read_number(const char **at, uint64_t *out)
{
    char *end;
    if (!ascii_is_digit(**at)) return false;
    errno = 0;
    *out = strtoull(*at, &end, 10);
    *at = end;
    return errno == 0 && *out < (uint64_t)INT64_MAX;
}

/* "bytes a-b/N" and "bytes *\/N". */
static bool read_range(const char *text, struct range *r, struct error *err)
{
    const char *at = text;
    *r = (struct range){.said = text != NULL, .total = UINT64_MAX};
    if (text == NULL) return true;
    bool ok = strncmp(at, "bytes ", 6) == 0;
    at += ok ? 6 : 0;
    r->asks = ok && *at == '*';
    if (r->asks) {
        at++;
    } else if (ok) {
        ok = read_number(&at, &r->begin) && *at++ == '-' && read_number(&at, &r->end);
        r->end++;
    }
    ok = ok && *at++ == '/' && read_number(&at, &r->total) && *at == '\0';
    ok = ok && (r->asks || (r->begin < r->end && r->end <= r->total));
    return ok || error_set(err, ERROR_INVALID_VALUE, "Content-Range",
                           "Content-Range is \"%.60s\"; bytes FIRST-LAST/ALL expected", text);
}

static bool read_id(const char *id, struct error *err)
{
    size_t n = strlen(id);
    return (n > 0 && n < UPLOAD_ID_BYTES && ascii_is_plain(id, n, "._-")) ||
           error_set(err, ERROR_INVALID_VALUE, "X-Upload-Id",
                     "an upload's id has 1 to %d letters, digits, dots, dashes or underscores",
                     UPLOAD_ID_BYTES - 1);
}

/* ---- files ---- */

const char *upload_folder(const struct server *s)
{
    return s->o.staging_dir == NULL ? "/var/tmp" : s->o.staging_dir;
}

static bool has_space(const struct server *s, uint64_t bytes, struct error *err)
{
    struct statvfs v;
    if (statvfs(upload_folder(s), &v) != 0) return true; /* making the file says why */
    uint64_t left = (uint64_t)v.f_bavail * v.f_frsize;
    return bytes <= left ||
           error_set(err, ERROR_NO_STORAGE, NULL,
                     "%llu bytes do not fit into %.100s, which has %llu", (unsigned long long)bytes,
                     upload_folder(s), (unsigned long long)left);
}

bool upload_check_folder(const struct server *s, struct error *err)
{
    struct error why = {0};
    if (s->o.staging_dir == NULL) return true; /* nobody may ever push */
    int fd = file_new_unnamed(s->o.staging_dir, &why);
    if (fd < 0) {
        return error_set(err, ERROR_INVALID_VALUE, "staging-dir", "staging-dir: %s", why.message);
    }
    close(fd);
    return true;
}

/* ---- the few that there are ---- */

static void drop(struct upload *u)
{
    assert(u->used && u->exchange == NULL);
    close(u->fd);
    *u = (struct upload){.fd = -1};
}

static struct upload *find(struct server *s, const char *id, uint64_t owner)
{
    for (int i = 0; i < UPLOADS_MOST; i++) {
        struct upload *u = &s->uploads[i];
        if (u->used && id[0] != '\0' && strcmp(u->id, id) == 0 && u->owner == owner) return u;
    }
    return NULL;
}

static struct upload *new_upload(struct exchange *x, const char *id, struct error *err)
{
    struct upload *free_one = NULL;
    for (int i = 0; i < UPLOADS_MOST; i++) {
        if (!x->server->uploads[i].used) free_one = &x->server->uploads[i];
    }
    if (free_one == NULL) {
        error_set(err, ERROR_QUEUE_FULL, NULL, "%d uploads are unfinished; at most %d",
                  UPLOADS_MOST, UPLOADS_MOST);
        return NULL;
    }
    assert(free_one < x->server->uploads + UPLOADS_MOST); /* (1) */
    int fd = file_new_unnamed(upload_folder(x->server), err);
    if (fd < 0) return NULL;
    *free_one =
        (struct upload){.used = true, .fd = fd, .owner = exchange_client(x), .total = UINT64_MAX};
    snprintf(free_one->id, sizeof(free_one->id), "%s", id);
    return free_one;
}

/* ---- a request ---- */

static bool not_there(const struct upload *u, struct error *err)
{
    return error_set(err, ERROR_RANGE, "Content-Range",
                     "the upload has its first %llu bytes: the next range begins there",
                     (unsigned long long)u->have);
}

/* The range is the next one of u: what u has in all, and where it then ends. */
static bool check_range(const struct upload *u, const struct range *r, size_t declared,
                        uint64_t *total, uint64_t *until, struct error *err)
{
    if (!r->said) {
        *total = declared > 0 ? declared : UINT64_MAX;
        *until = *total;
        return u->have == 0 || not_there(u, err);
    }
    *total = r->total;
    *until = r->asks ? u->have : r->end;
    if (u->total != UINT64_MAX && u->total != r->total) {
        return error_set(err, ERROR_RANGE, "Content-Range",
                         "the upload has %llu bytes in all, not %llu", (unsigned long long)u->total,
                         (unsigned long long)r->total);
    }
    if (r->asks) return true;
    if (declared > 0 && declared != r->end - r->begin) {
        return error_set(err, ERROR_INVALID_VALUE, "Content-Range",
                         "the range is not the body's length");
    }
    return r->begin == u->have || not_there(u, err);
}

static bool too_large(const struct server *s, struct error *err)
{
    return error_set(err, ERROR_BODY_TOO_LARGE, NULL,
                     "the body is larger than max-weights: %lld bytes",
                     (long long)s->o.max_weight_bytes);
}

/* Enough to refuse before the first byte. */
static bool check_size(const struct server *s, const struct range *r, size_t declared,
                       struct error *err)
{
    uint64_t all = r->said ? r->total : declared;
    if (all > (uint64_t)s->o.max_weight_bytes) return too_large(s, err);
    return has_space(s, r->said ? r->end - r->begin : declared, err);
}

static bool is_at_rest(const struct upload *u, struct error *err)
{
    return u == NULL || u->exchange == NULL ||
           error_set(err, ERROR_CONFLICT, "X-Upload-Id",
                     "another request is at work on this upload");
}

/* A question about what is not there, or no more. */
static bool begin_question(struct exchange *x, const char *id, const struct range *r,
                           struct error *err)
{
    struct upload *u = arena_alloc(x->arena, 1, sizeof(*u));
    if (u == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the request");
    *u = (struct upload){.fd = -1, .owner = exchange_client(x), .total = r->total, .asked = true};
    snprintf(u->id, sizeof(u->id), "%s", id);
    const struct uploaded *d = uploaded_find(&x->server->uploaded, u->id, u->owner, clock_ns());
    if (d != NULL && d->total != r->total) {
        return error_set(err, ERROR_RANGE, "Content-Range", "the upload had %llu bytes, not %llu",
                         (unsigned long long)d->total, (unsigned long long)r->total);
    }
    u->exchange = x;
    x->upload = u;
    return true;
}

bool upload_begin(struct exchange *x, size_t declared, struct error *err)
{
    const char *id = exchange_header(x, "X-Upload-Id");
    struct range r;
    if (!read_range(exchange_header(x, "Content-Range"), &r, err)) return false;
    if (id != NULL && !read_id(id, err)) return false;
    if (r.said && id == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "X-Upload-Id", "a range needs an X-Upload-Id");
    }
    if (!check_size(x->server, &r, declared, err)) return false;
    struct upload *u = find(x->server, id == NULL ? "" : id, exchange_client(x));
    if (!is_at_rest(u, err)) return false;
    if (u == NULL && r.asks) return begin_question(x, id, &r, err);
    bool fresh = u == NULL;
    if (fresh) u = new_upload(x, id == NULL ? "" : id, err);
    if (u == NULL) return false;
    assert(u->owner == exchange_client(x)); /* (3) */
    uint64_t total, until;
    if (!check_range(u, &r, declared, &total, &until, err)) {
        if (fresh) drop(u);
        return false;
    }
    u->guessed = r.asks && u->total == UINT64_MAX;
    u->total = total;
    u->until = until;
    u->exchange = x;
    u->keep = u->asked = r.asks; /* a question never makes it go */
    u->touched_ns = clock_ns();
    x->upload = u;
    if (fresh) uploaded_forget(&x->server->uploaded, u->id, u->owner);
    return true;
}

bool upload_take(struct exchange *x, const char *p, size_t n, struct error *err)
{
    struct upload *u = x->upload;
    if (u->have + n > (uint64_t)x->server->o.max_weight_bytes) return too_large(x->server, err);
    if (u->have + n > u->until) {
        return error_set(err, ERROR_INVALID_VALUE, "Content-Range",
                         "the body goes on past its range");
    }
    while (n > 0) {
        ssize_t done = pwrite(u->fd, p, n, (off_t)u->have);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) {
            return error_set(err, ERROR_NO_STORAGE, NULL, "the upload cannot be written: %s",
                             strerror(errno));
        }
        u->have += (uint64_t)done;
        assert(u->have <= u->until); /* (2) */
        p += done;
        n -= (size_t)done;
    }
    u->touched_ns = clock_ns();
    return true;
}

static void reply_more(struct exchange *x, const struct upload *u)
{
    struct buffer out;
    char range[48];
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_str(&out, "upload_id", u->id);
    emit_int(&out, "received", (int64_t)u->have);
    emit_int(&out, "total", (int64_t)u->total);
    emit_close(&out, '}');
    exchange_reply(x, 308, "application/json", &out);
    exchange_add_header(x, "X-Upload-Id", u->id);
    if (u->have == 0) return;
    snprintf(range, sizeof(range), "bytes=0-%llu", (unsigned long long)(u->have - 1));
    exchange_add_header(x, "Range", range);
}

void upload_tell(struct exchange *x)
{
    assert(x->upload->asked && x->upload->keep);
    reply_more(x, x->upload);
}

/* What became of an upload that is no more, or that nothing of it is there. */
static void answer_question(struct exchange *x)
{
    const struct upload *u = x->upload;
    const struct uploaded *d = uploaded_find(&x->server->uploaded, u->id, u->owner, clock_ns());
    if (d == NULL) {
        reply_more(x, u);
        return;
    }
    buffer_add(&x->reply, d->reply, d->reply_bytes);
    exchange_reply_json(x, &x->reply);
    exchange_add_header(x, "X-Upload-Id", u->id);
}

bool upload_is_whole(struct exchange *x)
{
    struct upload *u = x->upload;
    if (u->fd < 0) {
        answer_question(x);
        return false;
    }
    if (u->total == UINT64_MAX) u->total = u->have; /* a body whose length was not said has ended */
    if (u->have == u->total && u->have > 0) return true;
    if (u->id[0] != '\0') {
        u->keep = true;
        reply_more(x, u);
        return false;
    }
    if (u->have == 0) {
        error_set(&x->error, ERROR_INVALID_VALUE, NULL, "the body is empty: it has no bytes");
    } else {
        error_set(&x->error, ERROR_INVALID_VALUE, NULL, "the body has %llu bytes of %llu",
                  (unsigned long long)u->have, (unsigned long long)u->total);
    }
    exchange_fail(x, &x->error);
    return false;
}

void upload_over(struct exchange *x)
{
    struct upload *u = x->upload;
    if (u == NULL) return;
    x->upload = NULL;
    u->exchange = NULL;
    if (u->fd < 0) return; /* a question's goes with x */
    if (u->guessed) u->total = UINT64_MAX;
    u->guessed = false;
    bool lost = u->have < u->total; /* the connection, in its midst */
    if (u->id[0] == '\0' || (!u->keep && !lost)) {
        drop(u);
    } else {
        u->touched_ns = clock_ns(); /* it rests from now on, however long x was at work */
    }
}

void upload_done(struct exchange *x, struct span reply)
{
    uploaded_note(&x->server->uploaded, x->upload, reply, clock_ns());
}

bool upload_forget(struct exchange *x, const char **id, struct error *err)
{
    *id = exchange_header(x, "X-Upload-Id");
    if (*id == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "X-Upload-Id",
                         "X-Upload-Id is needed: which upload shall go");
    }
    struct upload *u = find(x->server, *id, exchange_client(x));
    if (u == NULL) {
        return error_set(err, ERROR_NOT_FOUND, "X-Upload-Id", "no upload of that id is unfinished");
    }
    if (!is_at_rest(u, err)) return false;
    drop(u);
    return true;
}

void uploads_sweep(struct server *s, uint64_t now_ns)
{
    for (int i = 0; i < UPLOADS_MOST; i++) {
        struct upload *u = &s->uploads[i];
        bool idle = u->used && u->exchange == NULL &&
                    now_ns > u->touched_ns + (uint64_t)UPLOAD_IDLE_S * 1000000000u;
        if (idle) drop(u);
    }
}

void uploads_free(struct server *s)
{
    for (int i = 0; i < UPLOADS_MOST; i++) {
        if (s->uploads[i].used) drop(&s->uploads[i]);
    }
}
