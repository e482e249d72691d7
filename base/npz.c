/* base/npz.c - see npz.h.
 *
 *   for each array:  local header | "name.npy" | .npy header, padded to 64 | numbers
 *   directory:       an entry for each | end
 *
 * (1) Between npz_open() and npz_close() exactly `due` bytes are put.
 * (2) A checksum covers the .npy header and the numbers; it is set into the local header behind, once
 *     they are there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/npz.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum { LOCAL_CRC = 14, NPY_ALIGN = 64, ZIP_VERSION = 20, DAY_ONE = 0x21 };

static const struct {
    const char *descr; /* numpy's name */
    size_t bytes;
} types[] = {
    [NPZ_UINT8] = {"|u1", 1},
    [NPZ_INT32] = {"<i4", 4},
    [NPZ_INT64] = {"<i8", 8},
    [NPZ_FLOAT32] = {"<f4", 4},
};

/* Numbers of 2 or 4 bytes, each as the format string says, lowest byte first. */
static void put_numbers(struct buffer *out, const char *sizes, const uint32_t *values)
{
    for (; *sizes != '\0'; sizes++, values++) {
        buffer_add(out, values, *sizes == '2' ? 2 : 4);
    }
}

void npz_begin(struct npz *z, struct buffer *out)
{
    assert(out->limit < UINT32_MAX);
    *z = (struct npz){.out = out, .start = out->n};
}

static void put_npy_header(struct npz *z, const char *descr, size_t n)
{
    char text[128];
    int bytes = snprintf(text, sizeof(text),
                         "{'descr': '%s', 'fortran_order': False, 'shape': (%zu,), }", descr, n);
    const size_t fixed = 10,
                 all = (fixed + (size_t)bytes + 1 + NPY_ALIGN - 1) / NPY_ALIGN * NPY_ALIGN;
    const uint32_t left = (uint32_t)(all - fixed);
    buffer_add(z->out, "\x93NUMPY\x01\x00", 8);
    buffer_add(z->out, &left, 2);
    buffer_addf(z->out, "%-*s\n", (int)(all - fixed - 1), text);
}

void npz_open(struct npz *z, const char *name, enum npz_type type, size_t n)
{
    assert(z->n < NPZ_ARRAYS && z->due == 0); /* (1) */
    uint32_t at = (uint32_t)(z->out->n - z->start);
    int bytes = snprintf(z->arrays[z->n].name, NPZ_NAME_BYTES, "%s.npy", name);
    assert(bytes > 0 && bytes < NPZ_NAME_BYTES);
    z->arrays[z->n].at = at;
    const uint32_t head[] = {0x04034b50, ZIP_VERSION,     0, 0, 0, DAY_ONE, 0, 0,
                             0,          (uint32_t)bytes, 0};
    put_numbers(z->out, "42222244422", head);
    buffer_add_str(z->out, z->arrays[z->n].name);
    z->data = z->out->n;
    put_npy_header(z, types[type].descr, n);
    z->due = n * types[type].bytes;
}

void npz_put(struct npz *z, const void *p, size_t bytes)
{
    assert(bytes <= z->due); /* (1) */
    if (bytes > 0) buffer_add(z->out, p, bytes);
    z->due -= bytes;
}

void npz_close(struct npz *z)
{
    assert(z->due == 0); /* (1) */
    if (!z->out->failed) {
        const char *data = z->out->p + z->data;
        uint32_t bytes = (uint32_t)(z->out->n - z->data), crc = (uint32_t)crc32_z(0, (const uint8_t *)data, bytes);
        const uint32_t known[] = {crc, bytes, bytes};
        memcpy(z->out->p + z->start + z->arrays[z->n].at + LOCAL_CRC, known,
               sizeof(known)); /* (2) */
        z->arrays[z->n].bytes = bytes;
        z->arrays[z->n].crc = crc;
    }
    z->n++;
}

void npz_end(struct npz *z)
{
    assert(z->due == 0); /* (1) */
    uint32_t directory = (uint32_t)(z->out->n - z->start), n = (uint32_t)z->n;
    for (int i = 0; i < z->n; i++) {
        uint32_t name = (uint32_t)strlen(z->arrays[i].name), bytes = z->arrays[i].bytes;
        assert(bytes >= NPY_ALIGN || z->out->failed); /* (2) */
        const uint32_t entry[] = {
            0x02014b50, ZIP_VERSION, ZIP_VERSION, 0, 0, 0, DAY_ONE, z->arrays[i].crc, bytes,
            bytes,      name,        0,           0, 0, 0, 0,       z->arrays[i].at};
        put_numbers(z->out, "42222224442222244", entry);
        buffer_add_str(z->out, z->arrays[i].name);
    }
    uint32_t size = (uint32_t)(z->out->n - z->start) - directory;
    const uint32_t end[] = {0x06054b50, 0, 0, n, n, size, directory, 0};
    put_numbers(z->out, "42222442", end);
}
