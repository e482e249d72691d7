/* server/http/unpack.c - see unpack.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/unpack.h"

#include <assert.h>
#include <stdint.h>
#include <strings.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum { PIECE_BYTES = 32 << 10, SLICE_BYTES = 1 << 30, GZIP_WINDOW = 16 + MAX_WBITS };
enum { ZSTD_WINDOW_LOG = 23 };

enum packing unpack_find(const char *coding)
{
    static const struct {
        const char *name;
        enum packing packing;
    } codings[] = {{"identity", PACKED_NOT},
                   {"gzip", PACKED_GZIP},
                   {"x-gzip", PACKED_GZIP},
                   {"zstd", PACKED_ZSTD}};
    if (coding == NULL) return PACKED_NOT;
    for (size_t i = 0; i < sizeof(codings) / sizeof(codings[0]); i++) {
        if (strcasecmp(coding, codings[i].name) == 0) return codings[i].packing;
    }
    return PACKED_OTHERWISE;
}

static bool broken(struct error *err, const char *name, const char *why)
{
    return error_set(err, ERROR_BAD_REQUEST, NULL,
                     "the body is not %s as Content-Encoding says: %s", name, why);
}

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the body");
}

static bool take_piece(struct buffer *out, const char *piece, size_t n, struct error *err)
{
    buffer_add(out, piece, n);
    if (!out->failed) return true;
    if (out->no_memory) return no_memory(err);
    return error_set(err, ERROR_BODY_TOO_LARGE, NULL, "the body is unpacked larger than %zu bytes",
                     out->limit);
}

/* ---- gzip ---- */

static bool inflate_failed(int code, struct error *err)
{
    if (code == Z_MEM_ERROR) return no_memory(err);
    return broken(err, "gzip", code == Z_BUF_ERROR ? "it is cut short" : "its bytes are wrong");
}

/* One member after the other, until nothing is left. */
static bool inflate_all(z_stream *z, struct span left, struct buffer *out, struct error *err)
{
    char piece[PIECE_BYTES];
    bool ended = false;
    while (left.n > 0 || z->avail_in > 0 || !ended) {
        if (z->avail_in == 0) {
            size_t n = left.n < SLICE_BYTES ? left.n : SLICE_BYTES;
            z->next_in = (Bytef *)(uintptr_t)left.p;
            z->avail_in = (uInt)n;
            left = span_slice(left, n, left.n);
        }
        if (ended && inflateReset(z) != Z_OK) return inflate_failed(Z_STREAM_ERROR, err);
        z->next_out = (Bytef *)piece;
        z->avail_out = sizeof(piece);
        int code = inflate(z, Z_NO_FLUSH);
        if (code != Z_OK && code != Z_STREAM_END) return inflate_failed(code, err);
        if (!take_piece(out, piece, sizeof(piece) - z->avail_out, err)) return false;
        ended = code == Z_STREAM_END;
    }
    return true;
}

static bool unpack_gzip(struct span packed, struct buffer *out, struct error *err)
{
    z_stream z = {0};
    int code = inflateInit2(&z, GZIP_WINDOW);
    if (code != Z_OK) return inflate_failed(code, err);
    bool fine = inflate_all(&z, packed, out, err);
    inflateEnd(&z);
    return fine;
}

/* ---- zstd ---- */

static bool zstd_failed(size_t code, struct error *err)
{
    bool memory = ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation;
    return memory ? no_memory(err) : broken(err, "zstd", ZSTD_getErrorName(code));
}

/* One frame after the other. */
static bool zstd_all(ZSTD_DCtx *d, struct span packed, struct buffer *out, struct error *err)
{
    char piece[PIECE_BYTES];
    ZSTD_inBuffer in = {packed.p, packed.n, 0};
    size_t left = 1; /* of the frame; 0: it has ended */
    for (bool full = false; in.pos < in.size || full;) {
        ZSTD_outBuffer to = {piece, sizeof(piece), 0};
        left = ZSTD_decompressStream(d, &to, &in);
        if (ZSTD_isError(left)) return zstd_failed(left, err);
        if (!take_piece(out, piece, to.pos, err)) return false;
        full = to.pos == to.size && left != 0;
    }
    return left == 0 || broken(err, "zstd", "it is cut short");
}

static bool unpack_zstd(struct span packed, struct buffer *out, struct error *err)
{
    ZSTD_DCtx *d = ZSTD_createDCtx();
    if (d == NULL) return no_memory(err);
    size_t code = ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
    bool fine = ZSTD_isError(code) ? zstd_failed(code, err) : zstd_all(d, packed, out, err);
    ZSTD_freeDCtx(d);
    return fine;
}

bool unpack(enum packing packing, struct span packed, struct buffer *out, struct error *err)
{
    assert(packing == PACKED_GZIP || packing == PACKED_ZSTD);
    return packing == PACKED_GZIP ? unpack_gzip(packed, out, err) : unpack_zstd(packed, out, err);
}
