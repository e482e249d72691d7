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
static struct span guarded(const void *p, size_t n)
{
    char *map = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(map + 2 * 4096, 4096, PROT_NONE);
    char *at = map + 2 * 4096 - n;
    memcpy(at, p, n);
    return span_of(at, n);
}

static void unguard(struct span s)
{
    munmap((void *)(s.p + s.n - 2 * 4096), 3 * 4096);
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
    struct span bytes = guarded(w.p, w.n);
    struct gguf *g = gguf_open_memory(bytes, "right", &err);
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
        struct span bytes = guarded(w.p, n);
        struct gguf *g = gguf_open_memory(bytes, "cut", &err);
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
            struct span bytes = guarded(w.p, w.n);
            struct gguf *g = gguf_open_memory(bytes, "flipped", &err);
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

/* Each lie is a whole small file. */
static void lie(struct writer *w, int which)
{
    w->n = 0;
    memset(w->p, 0, sizeof(w->p));
    switch (which) {
    case 0:
        put_header(w, UINT64_MAX, 0);
        break;
    case 1:
        put_header(w, 0, UINT64_MAX);
        break;
    case 2: /* a key longer than the file */
        put_header(w, 0, 1);
        put_int(w, UINT64_MAX - 7, 8);
        break;
    case 3: /* an array whose byte count overflows */
        put_header(w, 0, 1);
        put_text(w, "k");
        put_int(w, GGUF_ARRAY, 4);
        put_int(w, GGUF_U64, 4);
        put_int(w, UINT64_MAX / 4, 8);
        break;
    case 4: /* arrays of arrays */
        put_header(w, 0, 1);
        put_text(w, "k");
        put_int(w, GGUF_ARRAY, 4);
        put_int(w, GGUF_ARRAY, 4);
        put_int(w, 1, 8);
        break;
    case 5: /* a shape whose product overflows */
        put_header(w, 1, 0);
        put_tensor(w, "t", (uint64_t)1 << 40, (uint64_t)1 << 40, 0, 0);
        pad(w, 64);
        break;
    case 6: /* an offset near the end of the address space */
        put_header(w, 1, 0);
        put_tensor(w, "t", 4, 1, 0, UINT64_MAX - 31);
        pad(w, 64);
        break;
    case 7: /* tensors that overlap */
        put_header(w, 2, 0);
        put_tensor(w, "t", 16, 1, 0, 0);
        put_tensor(w, "u", 16, 1, 0, 32);
        pad(w, 128);
        break;
    case 8: /* one name twice */
        put_header(w, 2, 0);
        put_tensor(w, "t", 8, 1, 0, 0);
        put_tensor(w, "t", 8, 1, 0, 32);
        pad(w, 128);
        break;
    case 9: /* one key twice */
        put_header(w, 0, 2);
        put_u32_value(w, "k", 1);
        put_u32_value(w, "k", 2);
        break;
    case 10: /* an alignment that is no power of two */
        put_header(w, 1, 1);
        put_u32_value(w, "general.alignment", 48);
        put_tensor(w, "t", 4, 1, 0, 0);
        pad(w, 64);
        break;
    case 11: /* rows that are no whole blocks */
        put_header(w, 1, 0);
        put_tensor(w, "t", 33, 2, 8, 0);
        pad(w, 128);
        break;
    case 12: /* no dimension */
        put_header(w, 1, 0);
        put_tensor(w, "t", 0, 4, 0, 0);
        pad(w, 64);
        break;
    case 13: /* big endian */
        put(w, "GGUF\0\0\0\3", 8);
        pad(w, 64);
        break;
    case 14: /* a misaligned offset */
        put_header(w, 1, 0);
        put_tensor(w, "t", 4, 1, 0, 4);
        pad(w, 64);
        break;
    default: /* a name with a NUL */
        put_header(w, 1, 0);
        put_int(w, 2, 8);
        put(w, "a\0", 2);
        pad(w, 64);
        break;
    }
}

static void lies_are_refused(void **state)
{
    (void)state;
    for (int which = 0; which <= 15; which++) {
        struct writer w;
        struct error err = {0};
        lie(&w, which);
        struct span bytes = guarded(w.p, w.n);
        struct gguf *g = gguf_open_memory(bytes, "lie.gguf", &err);
        if (g != NULL) fail_msg("lie %d accepted", which);
        if (strstr(err.message, "lie.gguf") == NULL) fail_msg("lie %d: %s", which, err.message);
        unguard(bytes);
    }
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
