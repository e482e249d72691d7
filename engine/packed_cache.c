/* engine/packed_cache.c - see packed_cache.h. What lies in the folder is packed_folder.c's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/packed_cache.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/version.h"
#include "engine/forward/pool.h"
#include "engine/model/alike.h"
#include "engine/model/model.h"
#include "engine/packed_folder.h"

enum { HEAD_PAGE = 4096, HEAD = 2 << 20, CHUNK = 4 << 20 };

struct head {
    char magic[16];
    char program[32];
    uint64_t key[2];
    uint64_t layout, bytes, tensors;
    char sha256[DIGEST_HEX + 7];
    uint64_t data_sum[2]; /* of the sums of all chunks */
    uint64_t head_sum[2]; /* of all that stands before */
};
_Static_assert(sizeof(struct head) <= HEAD_PAGE, "a page");

static const char magic[16] = "touchstone-pack";

static void put_sum(uint64_t out[2], const void *bytes, size_t n)
{
    XXH128_hash_t h = XXH3_128bits(bytes, n);
    out[0] = h.low64;
    out[1] = h.high64;
}

static void head_sum(const struct head *h, uint64_t out[2])
{
    put_sum(out, h, offsetof(struct head, head_sum));
}

/* ---- the sum of the data ---- */

struct summing {
    const uint8_t *data;
    size_t n;
    uint64_t (*sums)[2];
};

static void sum_chunk(void *arg, int task, int thread)
{
    const struct summing *s = arg;
    size_t at = (size_t)task * CHUNK, n = s->n - at < CHUNK ? s->n - at : CHUNK;
    (void)thread;
    put_sum(s->sums[task], s->data + at, n);
}

static bool sum_data(const void *data, size_t n, struct pool *pool, uint64_t out[2])
{
    int chunks = (int)((n + CHUNK - 1) / CHUNK);
    struct summing s = {data, n, mem_new((size_t)chunks, sizeof(*s.sums), NULL)};
    if (s.sums == NULL) return false;
    pool_run(pool, sum_chunk, &s, chunks);
    put_sum(out, s.sums, (size_t)chunks * sizeof(*s.sums));
    free(s.sums);
    return true;
}

/* ---- the key ---- */

/* Of which no file could have been written to since it was mapped without its times telling: the clock
 * of a file system ticks a hundred times a second at least. */
static bool is_settled(const struct file_mapping *m)
{
    const int64_t tick_ns = 50 * 1000000;
    return m->is.changed_ns < m->at_ns - tick_ns && m->is.modified_ns < m->at_ns - tick_ns;
}

static bool make_key(struct packed_cache *c, const struct model *m, const struct weights_plan *plan)
{
    struct model_file f;
    XXH3_state_t *state = XXH3_createState();
    bool ok = state != NULL && XXH3_128bits_reset(state) == XXH_OK;
    uint64_t rest[] = {PANELS_VERSION, (uint64_t)(plan->quantise + 1), model_sizes_hash(m)};
    for (int i = 0; ok && model_file(m, i, &f); i++) {
        ok = f.mapping.is.inode != 0; /* a file it is */
        XXH3_128bits_update(state, &f.mapping.is, sizeof(f.mapping.is));
    }
    if (ok) {
        XXH3_128bits_update(state, rest, sizeof(rest));
        XXH3_128bits_update(state, TOUCHSTONE_VERSION, sizeof(TOUCHSTONE_VERSION));
        XXH128_hash_t h = XXH3_128bits_digest(state);
        c->key[0] = h.low64;
        c->key[1] = h.high64;
        packed_folder_name(c->name, c->key);
    }
    XXH3_freeState(state);
    return ok;
}

void packed_cache_open(struct packed_cache *c, const char *path, int64_t most_bytes,
                       const struct model *m, const struct weights_plan *plan)
{
    struct error err = {0};
    *c = (struct packed_cache){.folder = -1, .path = path, .most_bytes = most_bytes};
    if (path == NULL || plan->dense || !make_key(c, m, plan)) return;
    c->folder = packed_folder_open(path, &err);
    if (c->folder < 0) {
        log_line(LOG_WARN, "packed_cache_unusable", LOG_S("path", path),
                 LOG_S("error", err.message), LOG_END);
    }
}

void packed_cache_close(struct packed_cache *c)
{
    if (c->folder >= 0) close(c->folder);
    c->folder = -1;
}

/* ---- reading ---- */

/* Why it may not be believed; NULL: it may. */
static const char *fault_of_head(const struct packed_cache *c, const struct head *h, int64_t size)
{
    uint64_t sum[2];
    head_sum(h, sum);
    if (memcmp(h->magic, magic, sizeof(magic)) != 0) return "it is no cache";
    if (memcmp(sum, h->head_sum, sizeof(sum)) != 0) return "its head is damaged";
    if (strcmp(h->program, TOUCHSTONE_VERSION) != 0) return "another version has written it";
    if (memcmp(h->key, c->key, sizeof(h->key)) != 0) return "it is another model's";
    if (size > c->most_bytes) return "it is larger than packed-cache-bytes";
    bool whole = size >= HEAD && h->bytes == (uint64_t)size - HEAD && h->bytes > 0;
    return whole ? NULL : "it is not as long as it says";
}

static const char *read_file(const struct packed_cache *c, int fd, struct pool *pool,
                             struct head *h, struct weights_packed *out)
{
    uint64_t sum[2];
    if (pread(fd, h, sizeof(*h), 0) != (ssize_t)sizeof(*h)) return "it is too short";
    if (!file_map_fd(fd, c->name, &out->file, NULL)) return "it cannot be mapped";
    const char *fault = fault_of_head(c, h, (int64_t)out->file.n);
    if (fault != NULL) return fault;
    *out = (struct weights_packed){out->file, HEAD, h->bytes, h->layout};
    const uint8_t *data = (const uint8_t *)out->file.p + HEAD;
    madvise(out->file.p, out->file.n, MADV_HUGEPAGE); /* a wish: without it only slower */
    if (!sum_data(data, h->bytes, pool, sum)) return "out of memory";
    return memcmp(sum, h->data_sum, sizeof(sum)) == 0 ? NULL : "it is damaged";
}

bool packed_cache_load(const struct packed_cache *c, struct pool *pool, struct weights_packed *out,
                       struct packed_label *label)
{
    uint64_t start = clock_ns();
    struct head h = {0};
    *out = (struct weights_packed){.bytes = 0};
    if (c->folder < 0) return false;
    const char *fault = NULL;
    int fd = packed_folder_file(c->folder, c->name, &fault);
    if (fd >= 0) fault = read_file(c, fd, pool, &h, out);
    if (fd >= 0 && fault == NULL) {
        futimens(fd, NULL); /* it has served now; where it is not ours, never mind */
        memcpy(label->sha256, h.sha256, sizeof(label->sha256));
        label->sha256[DIGEST_HEX - 1] = '\0';
        label->tensors = h.tensors;
        log_line(LOG_INFO, "packed_cache_read", LOG_S("path", c->path), LOG_S("file", c->name),
                 LOG_I("bytes", h.bytes), LOG_F("seconds", (double)(clock_ns() - start) * 1e-9),
                 LOG_END);
    } else {
        file_unmap(out->file);
        *out = (struct weights_packed){.bytes = 0};
    }
    if (fault != NULL) {
        log_line(LOG_WARN, "packed_cache_refused", LOG_S("path", c->path), LOG_S("file", c->name),
                 LOG_S("error", fault), LOG_END);
    }
    if (fd >= 0) close(fd);
    return out->file.p != NULL;
}

/* ---- writing ---- */

/* Have the model's files been what they are since they were mapped? */
static bool is_unchanged(const struct model *m)
{
    struct model_file f;
    for (int i = 0; model_file(m, i, &f); i++) {
        struct file_identity now;
        int fd = open(f.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        bool same = fd >= 0 && file_identify(fd, &now) && is_settled(&f.mapping) &&
                    memcmp(&now, &f.mapping.is, sizeof(now)) == 0;
        if (fd >= 0) close(fd);
        if (!same) return false;
    }
    return true;
}

static bool write_at(int fd, const void *bytes, size_t n, size_t at)
{
    const size_t at_once = (size_t)64 << 20;
    for (size_t done = 0; done < n;) {
        size_t left = n - done;
        ssize_t wrote = pwrite(fd, (const char *)bytes + done, left < at_once ? left : at_once,
                               (off_t)(at + done));
        if (wrote < 0 && errno != EINTR) return false;
        if (wrote > 0) done += (size_t)wrote;
    }
    return true;
}

static bool write_file(int fd, const struct packed_cache *c, const struct weights *w,
                       const struct packed_label *label, struct pool *pool)
{
    char page[HEAD_PAGE] = {0};
    struct head h = {.program = TOUCHSTONE_VERSION,
                     .key = {c->key[0], c->key[1]},
                     .layout = w->layout,
                     .bytes = w->bytes,
                     .tensors = label->tensors};
    memcpy(h.magic, magic, sizeof(magic));
    memcpy(h.sha256, label->sha256, sizeof(label->sha256));
    if (!sum_data(w->memory, w->bytes, pool, h.data_sum)) {
        errno = ENOMEM;
        return false;
    }
    head_sum(&h, h.head_sum);
    memcpy(page, &h, sizeof(h));
    errno = posix_fallocate(fd, 0, (off_t)(HEAD + w->bytes)); /* a full disk says so now */
    return errno == 0 && write_at(fd, page, sizeof(page), 0) &&
           write_at(fd, w->memory, w->bytes, HEAD);
}

static bool save(const struct packed_cache *c, const struct weights *w,
                 const struct packed_label *label, struct pool *pool, struct error *err)
{
    struct packed_new new;
    if (!packed_new_begin(&new, c->folder, c->name, (int64_t)(HEAD + w->bytes), c->most_bytes,
                          err)) {
        return false;
    }
    bool written = write_file(new.fd, c, w, label, pool);
    if (!written) error_set(err, ERROR_SYSTEM, NULL, "%s", strerror(errno));
    return packed_new_end(&new, written, err) && written;
}

void packed_cache_save(const struct packed_cache *c, const struct model *m, const struct weights *w,
                       const struct packed_label *label, struct pool *pool)
{
    uint64_t start = clock_ns();
    struct error err = {0};
    if (c->folder < 0) return;
    assert(w->memory != NULL && w->file.p == NULL);
    if (!is_unchanged(m)) {
        error_set(&err, ERROR_BAD_FILE, NULL, "the model's files changed just now");
    } else if (save(c, w, label, pool, &err)) {
        log_line(LOG_INFO, "packed_cache_written", LOG_S("path", c->path), LOG_S("file", c->name),
                 LOG_I("bytes", w->bytes), LOG_F("seconds", (double)(clock_ns() - start) * 1e-9),
                 LOG_END);
        return;
    }
    log_line(LOG_WARN, "packed_cache_not_written", LOG_S("path", c->path),
             LOG_S("error", err.message), LOG_END);
}
