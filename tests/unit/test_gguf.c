/* tests/unit/test_gguf.c - GGUF files that lie.
 *
 * A small right file is built in memory; then it is cut at every byte, flipped in every byte, and
 * given each of the lies that a reader could fall for. The data lies against an unmapped page, so
 * that a read past the end is a crash and not luck.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/model/gguf.h"

struct writer {
    unsigned char p[4096];
    size_t n;
};

static void put(struct writer *w, const void *p, size_t n)
{
    memcpy(w->p + w->n, p, n);
    w->n += n;
}

static void put_int(struct writer *w, uint64_t v, size_t bytes)
{
    put(w, &v, bytes); /* this machine is little endian, as the files are */
}

static void put_text(struct writer *w, const char *s)
{
    put_int(w, strlen(s), 8);
    put(w, s, strlen(s));
}

static void put_header(struct writer *w, uint64_t n_tensors, uint64_t n_values)
{
    put(w, "GGUF", 4);
    put_int(w, 3, 4);
    put_int(w, n_tensors, 8);
    put_int(w, n_values, 8);
}

static void put_u32_value(struct writer *w, const char *key, uint32_t v)
{
    put_text(w, key);
    put_int(w, GGUF_U32, 4);
    put_int(w, v, 4);
}

static void put_tensor(struct writer *w, const char *name, uint64_t k, uint64_t n, uint32_t type,
                       uint64_t offset)
{
    put_text(w, name);
    put_int(w, 2, 4);
    put_int(w, k, 8);
    put_int(w, n, 8);
    put_int(w, type, 4);
    put_int(w, offset, 8);
}

static void pad(struct writer *w, size_t data_bytes)
{
    w->n = (w->n + 31) / 32 * 32;
    w->n += data_bytes;
}

/* The bytes against a page that cannot be read. */
static struct guarded {
    char *p;
    size_t n;
} guarded(const void *p, size_t n)
{
    char *map = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(map + 2 * 4096, 4096, PROT_NONE);
    char *at = map + 2 * 4096 - n;
    memcpy(at, p, n);
    return (struct guarded){at, n};
}

static void unguard(struct guarded s)
{
    munmap(s.p + s.n - 2 * 4096, 3 * 4096);
}

static void right_file(struct writer *w)
{
    w->n = 0;
    memset(w->p, 0, sizeof(w->p));
    put_header(w, 2, 4);
    put_text(w, "general.architecture");
    put_int(w, GGUF_STRING, 4);
    put_text(w, "llama");
    put_u32_value(w, "llama.block_count", 7);
    put_text(w, "numbers");
    put_int(w, GGUF_ARRAY, 4);
    put_int(w, GGUF_I16, 4);
    put_int(w, 3, 8);
    put(w, (int16_t[]){-1, 2, 300}, 6);
    put_text(w, "words");
    put_int(w, GGUF_ARRAY, 4);
    put_int(w, GGUF_STRING, 4);
    put_int(w, 2, 8);
    put_text(w, "ab");
    put_text(w, "");
    put_tensor(w, "a", 4, 2, 0, 0);
    put_tensor(w, "b", 32, 1, 8, 32);
    pad(w, 32 + 34);
}

static void a_right_file_is_read(void **state)
{
    (void)state;
    struct writer w;
    struct error err = {0};
    right_file(&w);
    struct guarded bytes = guarded(w.p, w.n);
    struct gguf *g = gguf_open_memory(span_of(bytes.p, bytes.n), "right", &err);
    if (g == NULL) fail_msg("%s", err.message);
    int64_t blocks = 0;
    assert_true(gguf_get_int(g, "llama.block_count", 0, 100, &blocks, &err));
    assert_int_equal(blocks, 7);
    const struct gguf_value *v = gguf_find(g, "numbers");
    assert_int_equal(gguf_array_int(v, 0), -1);
    assert_int_equal(gguf_array_int(v, 2), 300);
    size_t at = 0;
    struct span s;
    v = gguf_find(g, "words");
    assert_true(gguf_array_next(v, &at, &s));
    assert_true(span_is(s, "ab"));
    assert_true(gguf_array_next(v, &at, &s));
    assert_int_equal(s.n, 0);
    assert_false(gguf_array_next(v, &at, &s));
    const struct gguf_tensor *t = gguf_tensor_find(g, "b");
    assert_int_equal(t->bytes, 34);
    assert_ptr_equal(t->data + t->bytes, bytes.p + bytes.n);
    assert_null(gguf_tensor_find(g, "c"));
    assert_false(gguf_get_int(g, "llama.block_count", 0, 6, &blocks, &err));
    assert_false(gguf_get_string(g, "llama.block_count", &s, &err));
    gguf_close(g);
    unguard(bytes);
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    struct writer w;
    right_file(&w);
    for (size_t n = 0; n < w.n; n++) {
        struct error err = {0};
        struct guarded bytes = guarded(w.p, n);
        struct gguf *g = gguf_open_memory(span_of(bytes.p, bytes.n), "cut", &err);
        if (g != NULL || err.code == ERROR_NONE) fail_msg("cut at %zu of %zu accepted", n, w.n);
        unguard(bytes);
    }
}

static void no_flipped_byte_crashes(void **state)
{
    (void)state;
    struct writer w;
    right_file(&w);
    for (size_t i = 0; i < w.n; i++) {
        for (int bit = 0; bit < 8; bit++) {
            struct error err = {0};
            w.p[i] ^= (unsigned char)(1 << bit);
            struct guarded bytes = guarded(w.p, w.n);
            struct gguf *g = gguf_open_memory(span_of(bytes.p, bytes.n), "flipped", &err);
            assert_true((g == NULL) == (err.code != ERROR_NONE));
            for (size_t t = 0; g != NULL && t < gguf_n_tensors(g); t++) {
                const struct gguf_tensor *x = gguf_tensor_at(g, t);
                assert_true(x->data >= bytes.p && x->data + x->bytes <= bytes.p + bytes.n);
            }
            gguf_close(g);
            unguard(bytes);
            w.p[i] ^= (unsigned char)(1 << bit);
        }
    }
}

/* ---- lies: each is a whole small file, written onto an empty writer ---- */

static void many_tensors(struct writer *w)
{
    put_header(w, UINT64_MAX, 0);
}

static void many_values(struct writer *w)
{
    put_header(w, 0, UINT64_MAX);
}

static void long_key(struct writer *w)
{
    put_header(w, 0, 1);
    put_int(w, UINT64_MAX - 7, 8);
}

static void long_array(struct writer *w)
{
    put_header(w, 0, 1);
    put_text(w, "k");
    put_int(w, GGUF_ARRAY, 4);
    put_int(w, GGUF_U64, 4);
    put_int(w, UINT64_MAX / 4, 8);
}

static void array_of_arrays(struct writer *w)
{
    put_header(w, 0, 1);
    put_text(w, "k");
    put_int(w, GGUF_ARRAY, 4);
    put_int(w, GGUF_ARRAY, 4);
    put_int(w, 1, 8);
}

static void huge_shape(struct writer *w)
{
    put_header(w, 1, 0);
    put_tensor(w, "t", (uint64_t)1 << 40, (uint64_t)1 << 40, 0, 0);
    pad(w, 64);
}

static void far_offset(struct writer *w)
{
    put_header(w, 1, 0);
    put_tensor(w, "t", 4, 1, 0, UINT64_MAX - 31);
    pad(w, 64);
}

static void overlap(struct writer *w)
{
    put_header(w, 2, 0);
    put_tensor(w, "t", 16, 1, 0, 0);
    put_tensor(w, "u", 16, 1, 0, 32);
    pad(w, 128);
}

static void tensor_twice(struct writer *w)
{
    put_header(w, 2, 0);
    put_tensor(w, "t", 8, 1, 0, 0);
    put_tensor(w, "t", 8, 1, 0, 32);
    pad(w, 128);
}

static void key_twice(struct writer *w)
{
    put_header(w, 0, 2);
    put_u32_value(w, "k", 1);
    put_u32_value(w, "k", 2);
}

static void odd_alignment(struct writer *w)
{
    put_header(w, 1, 1);
    put_u32_value(w, "general.alignment", 48);
    put_tensor(w, "t", 4, 1, 0, 0);
    pad(w, 64);
}

static void broken_rows(struct writer *w)
{
    put_header(w, 1, 0);
    put_tensor(w, "t", 33, 2, 8, 0);
    pad(w, 128);
}

static void no_dimension(struct writer *w)
{
    put_header(w, 1, 0);
    put_tensor(w, "t", 0, 4, 0, 0);
    pad(w, 64);
}

static void big_endian(struct writer *w)
{
    put(w, "GGUF\0\0\0\3", 8);
    pad(w, 64);
}

static void misaligned(struct writer *w)
{
    put_header(w, 1, 0);
    put_tensor(w, "t", 4, 1, 0, 4);
    pad(w, 64);
}

static void nul_in_name(struct writer *w)
{
    put_header(w, 1, 0);
    put_int(w, 2, 8);
    put(w, "a\0", 2);
    pad(w, 64);
}

static const struct {
    const char *name;
    void (*write)(struct writer *w);
    const char *message;
} lies[] = {
    {"more tensors than any file holds", many_tensors,
     "0 metadata entries and 18446744073709551615 tensors do not fit"},
    {"more values than any file holds", many_values,
     "18446744073709551615 metadata entries and 0 tensors do not fit"},
    {"a key longer than the file", long_key, "do not fit in 8 bytes"},
    {"an array whose bytes overflow", long_array, "k: an array of 4611686018427387903 values"},
    {"an array of arrays", array_of_arrays, "k: arrays of arrays"},
    {"a shape whose product overflows", huge_shape,
     "t: a shape of 1099511627776 x 1099511627776 x 1 x 1"},
    {"an offset near the end of the address space", far_offset,
     "t: 16 bytes at offset 18446744073709551584 do not lie"},
    {"two tensors that overlap", overlap, "tensors t and u overlap"},
    {"one tensor twice", tensor_twice, "tensor t stands twice"},
    {"one key twice", key_twice, "metadata key k stands twice"},
    {"an alignment that is no power of two", odd_alignment,
     "general.alignment must be a power of two"},
    {"rows that are no whole blocks", broken_rows,
     "t: rows of 33 weights are not a multiple of Q8_0's block of 32"},
    {"no dimension", no_dimension, "t has dimension 0"},
    {"big endian", big_endian, "GGUF version 50331648"},
    {"an offset between alignments", misaligned,
     "t: offset 4 is not a multiple of the file's alignment 32"},
    {"a name with a NUL", nul_in_name, "a tensor has an impossible name"},
};

static void lies_are_refused(void **state)
{
    (void)state;
    int bad = 0;
    for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
        struct writer w = {.n = 0};
        struct error err = {0};
        lies[i].write(&w);
        struct guarded bytes = guarded(w.p, w.n);
        struct gguf *g = gguf_open_memory(span_of(bytes.p, bytes.n), "lie.gguf", &err);
        if (g != NULL || strstr(err.message, "lie.gguf") == NULL ||
            strstr(err.message, lies[i].message) == NULL) {
            printf("%s: %s\n", lies[i].name, err.message);
            bad++;
        }
        gguf_close(g);
        unguard(bytes);
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_file_is_read),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(no_flipped_byte_crashes),
        cmocka_unit_test(lies_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
