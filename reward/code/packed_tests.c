/* reward/code/packed_tests.c - see packed_tests.h.
 *
 * LiveCodeBench's private_test_cases are base64 of a zlib stream of a pickle of one text, which is
 * JSON (lcb_runner/benchmarks/code_generation.py). A pickle is a program, and this runs none: the
 * few opcodes by which Python writes a text down are read, and any other is refused. The JSON text
 * alone, without a pickle around it, is taken too.
 *
 *   PROTO 80 v | FRAME 95 n[8] | BINUNICODE 58 n[4] text, 8c n[1] text, 8d n[8] text
 *   | MEMOIZE 94, BINPUT 71 i[1], LONG_BINPUT 72 i[4] | STOP 2e
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/packed_tests.h"

#include <assert.h>
#include <stdint.h>

#define ZLIB_CONST /* next_in does not change what it points to */
#include <zlib.h>

#include "base/base64.h"
#include "base/buffer.h"

enum { MOST_BYTES = 32 << 20, CHUNK = 1 << 16 };

bool packed_tests_are(struct span text)
{
    /* A zlib stream's first byte is 78 with the usual window: "eJ", "eN", "eA", "eF" in base64. */
    return text.n >= 16 && text.p[0] == 'e' && strchr("JNAF", text.p[1]) != NULL &&
           text.p[1] != '\0';
}

static bool damaged(struct error *err, const char *what)
{
    return error_set(err, ERROR_INVALID_VALUE, NULL, "the packed tests are damaged: %s", what);
}

static bool inflate_all(struct span packed, struct buffer *out, struct error *err)
{
    z_stream z = {.next_in = (const Bytef *)packed.p, .avail_in = (uInt)packed.n};
    char chunk[CHUNK];
    int status = Z_OK;
    if (inflateInit(&z) != Z_OK) return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
    while (status == Z_OK && !out->failed) {
        z.next_out = (Bytef *)chunk;
        z.avail_out = sizeof(chunk);
        status = inflate(&z, Z_NO_FLUSH);
        buffer_add(out, chunk, sizeof(chunk) - z.avail_out);
    }
    inflateEnd(&z);
    if (out->failed) {
        return error_set(err, ERROR_TOO_LARGE, NULL, "the packed tests are larger than %d MiB",
                         MOST_BYTES >> 20);
    }
    return status == Z_STREAM_END || damaged(err, "no whole zlib stream");
}

/* Little-endian, of n bytes at *at, which moves on. False: there are fewer. */
static bool take_number(struct span s, size_t *at, size_t n, uint64_t *out)
{
    if (s.n - *at < n) return false;
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        *out |= (uint64_t)(unsigned char)s.p[*at + i] << (8 * i);
    }
    *at += n;
    return true;
}

/* Opcodes that are passed over, and how many bytes of argument they have; texts, and how many bytes
 * their length has. */
static const struct {
    unsigned char code, argument;
    bool text;
} opcodes[] = {
    {0x80, 1, false}, {0x95, 8, false}, {0x94, 0, false}, {'q', 1, false},
    {'r', 4, false},  {'X', 4, true},   {0x8c, 1, true},  {0x8d, 8, true},
};

/* The one text that a pickle makes. */
static bool pickled_text(struct span s, struct span *text, struct error *err)
{
    size_t at = 0, i, n = sizeof(opcodes) / sizeof(opcodes[0]);
    uint64_t argument = 0;
    *text = span_of(NULL, 0);
    while (at < s.n && s.p[at] != '.') {
        for (i = 0; i < n && opcodes[i].code != (unsigned char)s.p[at]; i++) {
        }
        at++;
        if (i == n) return damaged(err, "the pickle holds more than a text");
        if (!take_number(s, &at, opcodes[i].argument, &argument)) {
            return damaged(err, "the pickle ends early");
        }
        if (!opcodes[i].text) continue;
        if (text->p != NULL || argument > s.n - at) return damaged(err, "the pickle ends early");
        *text = span_slice(s, at, at + (size_t)argument);
        at += (size_t)argument;
        assert(at <= s.n);
    }
    return (at < s.n && text->p != NULL) || damaged(err, "the pickle holds no text");
}

bool packed_tests_open(struct span text, struct arena *a, struct span *json, struct error *err)
{
    struct buffer packed, plain;
    struct span inside;
    buffer_init(&packed, MOST_BYTES);
    buffer_init(&plain, MOST_BYTES);
    bool ok = base64_decode(text, &packed) || damaged(err, "no base64");
    ok = ok && inflate_all(buffer_span(&packed), &plain, err);
    inside = buffer_span(&plain);
    if (ok && inside.n > 0 && (unsigned char)inside.p[0] == 0x80) {
        ok = pickled_text(inside, &inside, err);
    }
    if (ok) {
        *json = span_of(arena_str(a, inside), inside.n);
        ok = json->p != NULL || error_set(err, ERROR_TOO_LARGE, NULL, "the tests are too large");
    }
    buffer_clear(&packed);
    buffer_clear(&plain);
    return ok;
}
