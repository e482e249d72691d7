/* tests/unit/test_safetensors.c - safetensors files that lie, and folders of shards.
 *
 * Files are built in memory from a header's text; they lie against an unmapped page, so that a
 * read past the end is a crash and not luck.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/tensor/quants.h"
#include "engine/model/safetensors.h"

enum { PAGES = 2 * 4096 };

struct file {
    char *p;
    size_t n;
};

/* A file of that header and data_bytes of zeros, against a page that cannot be read. */
static struct file make_file(const char *header, size_t data_bytes)
{
    uint64_t n = strlen(header);
    size_t size = 8 + n + data_bytes;
    char *map =
        mmap(NULL, PAGES + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(map + PAGES, 4096, PROT_NONE);
    char *at = map + PAGES - size;
    memcpy(at, &n, 8); /* this machine is little endian, as the files are */
    memcpy(at + 8, header, n);
    return (struct file){at, size};
}

static void drop_file(struct file s)
{
    munmap(s.p + s.n - PAGES, PAGES + 4096);
}

static const char right[] = "{\"__metadata__\":{\"format\":\"pt\"},"
                            "\"b\":{\"dtype\":\"BF16\",\"shape\":[2,3],\"data_offsets\":[8,20]},"
                            "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                            "\"c\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[20,28]}} ";

static void a_right_file_is_read(void **state)
{
    (void)state;
    struct error err = {0};
    struct file bytes = make_file(right, 28);
    struct safetensors *s = safetensors_open_memory(span_of(bytes.p, bytes.n), "right", &err);
    if (s == NULL) fail_msg("%s", err.message);
    assert_int_equal(safetensors_count(s), 3);
    const struct safetensor *t = safetensors_find(s, "b");
    assert_int_equal(t->quant, QUANT_BF16);
    assert_int_equal(t->shape[0], 2);
    assert_int_equal(t->shape[1], 3);
    assert_int_equal(t->bytes, 12);
    assert_ptr_equal(t->data + 20, bytes.p + bytes.n);
    assert_int_equal(safetensors_find(s, "c")->quant, -1);
    assert_null(safetensors_find(s, "__metadata__"));
    assert_string_equal(safetensors_at(s, 0)->name, "a");
    safetensors_close(s);
    drop_file(bytes);
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    struct file bytes = make_file(right, 28);
    for (size_t n = 0; n < bytes.n; n++) {
        struct error err = {0};
        struct file copy =
            make_file("", n < 8 ? 0 : n - 8); /* its first bytes, ending at the page */
        char *at = copy.p + copy.n - n;
        memcpy(at, bytes.p, n);
        if (safetensors_open_memory(span_of(at, n), "cut", &err) != NULL) {
            fail_msg("cut at %zu of %zu accepted", n, bytes.n);
        }
        assert_int_equal(err.code, ERROR_BAD_FILE);
        drop_file(copy);
    }
    drop_file(bytes);
}

static void no_flipped_byte_crashes(void **state)
{
    (void)state;
    struct file bytes = make_file(right, 28);
    for (size_t i = 0; i < 8 * bytes.n; i++) {
        struct error err = {0};
        char *at = bytes.p + i / 8, was = *at;
        *at = (char)(was ^ 1 << i % 8);
        struct safetensors *s = safetensors_open_memory(span_of(bytes.p, bytes.n), "flipped", &err);
        assert_true((s == NULL) == (err.code != ERROR_NONE));
        for (size_t t = 0; s != NULL && t < safetensors_count(s); t++) {
            const struct safetensor *x = safetensors_at(s, t);
            assert_true(x->data >= bytes.p && x->data + x->bytes <= bytes.p + bytes.n);
        }
        safetensors_close(s);
        *at = was;
    }
    drop_file(bytes);
}

#define T(name, dtype, shape, offsets) \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static const struct {
    const char *name, *header, *says;
} lies[] = {
    {"not JSON", "{\"a\":", "header"},
    {"not an object", "[1, 2]", "must begin with {"},
    {"a tensor is no object", "{\"a\":1}", "must be an object"},
    {"no dtype", "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", "no dtype"},
    {"unknown dtype", "{" T("a", "F9", "[1]", "[0,4]") "}", "unknown dtype F9"},
    {"no shape", "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", "no shape"},
    {"negative dimension", "{" T("a", "F32", "[-1]", "[0,4]") "}", "shape must be whole numbers"},
    {"fractional dimension", "{" T("a", "F32", "[1.5]", "[0,4]") "}",
     "shape must be whole numbers"},
    {"a shape that overflows", "{" T("a", "F32", "[4294967296,4294967296,4294967296]", "[0,0]") "}",
     "shape must be whole numbers"},
    {"a huge dimension", "{" T("a", "F32", "[1e300]", "[0,4]") "}", "shape must be whole numbers"},
    {"five dimensions", "{" T("a", "F32", "[1,1,1,1,1]", "[0,4]") "}", "more than 4 dimensions"},
    {"one offset", "{" T("a", "F32", "[1]", "[0]") "}", "two whole numbers"},
    {"offsets the wrong way round", "{" T("a", "F32", "[1]", "[8,4]") "}", "do not lie"},
    {"past the end", "{" T("a", "F32", "[16]", "[8,72]") "}", "truncated"},
    {"too few bytes", "{" T("a", "F32", "[4]", "[0,8]") "}", "need 16"},
    {"overlap", "{" T("a", "F32", "[4]", "[0,16]") "," T("b", "F32", "[4]", "[12,28]") "}",
     "overlap"},
    {"one inside another", "{" T("a", "F32", "[8]", "[0,32]") "," T("b", "F32", "[1]", "[4,8]") "}",
     "overlap"},
    {"a name twice", "{" T("a", "F32", "[8]", "[0,32]") "," T("a", "F32", "[8]", "[32,64]") "}",
     "stands twice"},
    {"bytes after the last tensor", "{" T("a", "F32", "[8]", "[0,32]") "}",
     "bytes 32 to 64 of the data belong to no tensor"},
    {"bytes before the first tensor", "{" T("a", "F32", "[8]", "[32,64]") "}",
     "bytes 0 to 32 of the data belong to no tensor"},
    {"bytes between two tensors",
     "{" T("a", "F32", "[4]", "[0,16]") "," T("b", "F32", "[8]", "[32,64]") "}",
     "bytes 16 to 32 of the data belong to no tensor"},
    {"no tensor at all", "{}", "bytes 0 to 64 of the data belong to no tensor"},
    {"a blank before the header", " {" T("a", "F32", "[16]", "[0,64]") "}", "must begin with {"},
    {"metadata that is no text", "{\"__metadata__\":{\"format\":1}}",
     "__metadata__: must hold strings"},
    {"metadata that is a list", "{\"__metadata__\":[]}", "__metadata__: must be an object"},
    {"no name", "{" T("", "F32", "[4]", "[0,16]") "}", "impossible name"},
};

static void lies_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        struct error err = {0};
        struct file bytes = make_file(lies[i].header, 64);
        if (safetensors_open_memory(span_of(bytes.p, bytes.n), "lie.file", &err) != NULL) {
            fail_msg("%s: accepted", lies[i].name);
        }
        if (strstr(err.message, "lie.file") == NULL || strstr(err.message, lies[i].says) == NULL) {
            fail_msg("%s: says \"%s\"", lies[i].name, err.message);
        }
        drop_file(bytes);
    }
}

static void a_header_as_long_as_memory_is_refused(void **state)
{
    (void)state;
    struct error err = {0};
    char file[16];
    memset(file, 0xff, sizeof(file));
    assert_null(safetensors_open_memory(span_of(file, sizeof(file)), "long", &err));
    assert_non_null(strstr(err.message, "not a safetensors file"));
}

/* ---- folders ---- */

static char folder[] = "/tmp/test_safetensors_XXXXXX";

static void write_file(const char *name, const void *p, size_t n)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    fclose(f);
}

static void write_shard(const char *name, const char *header)
{
    struct file s = make_file(header, 16);
    write_file(name, s.p, s.n);
    drop_file(s);
}

static const struct {
    const char *name, *index, *says; /* NULL: right */
} folders[] = {
    {"right", "{\"weight_map\":{\"a\":\"1.safetensors\",\"b\":\"2.safetensors\"}}", NULL},
    {"a missing shard", "{\"weight_map\":{\"a\":\"1.safetensors\",\"b\":\"3.safetensors\"}}",
     "3.safetensors: No such file"},
    {"in another shard", "{\"weight_map\":{\"a\":\"2.safetensors\",\"b\":\"1.safetensors\"}}",
     "has no such tensor"},
    {"a tensor that is nowhere",
     "{\"weight_map\":{\"a\":\"1.safetensors\",\"c\":\"2.safetensors\"}}", "has no such tensor"},
    {"another folder", "{\"weight_map\":{\"a\":\"../1.safetensors\"}}", "file beside it"},
    {"a number", "{\"weight_map\":{\"a\":1}}", "file beside it"},
    {"no map", "{\"metadata\":{}}", "weight_map must be an object"},
    {"not JSON", "{", "not valid JSON"},
    {"one tensor in two shards",
     "{\"weight_map\":{\"a\":\"1.safetensors\",\"b\":\"1again.safetensors\"}}",
     "/1again.safetensors too"},
};

static void shards_are_joined(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    write_shard("1.safetensors", "{" T("a", "F32", "[4]", "[0,16]") "}");
    write_shard("1again.safetensors", "{" T("a", "F32", "[4]", "[0,16]") "}");
    write_shard("2.safetensors", "{" T("b", "F16", "[8]", "[0,16]") "}");
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        struct error err = {0};
        const char *text = folders[i].index;
        write_file("model.safetensors.index.json", text, strlen(text));
        struct safetensors *s = safetensors_open(folder, &err);
        if ((s != NULL) != (folders[i].says == NULL)) {
            fail_msg("%s: \"%s\"", folders[i].name, err.message);
        }
        if (s == NULL && strstr(err.message, folders[i].says) == NULL) {
            fail_msg("%s: says \"%s\"", folders[i].name, err.message);
        }
        if (s != NULL) assert_int_equal(safetensors_find(s, "b")->shape[0], 8);
        safetensors_close(s);
    }
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"1.safetensors", "1again.safetensors", "2.safetensors",
                                        "model.safetensors.index.json"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_file_is_read),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(no_flipped_byte_crashes),
        cmocka_unit_test(lies_are_refused),
        cmocka_unit_test(a_header_as_long_as_memory_is_refused),
        cmocka_unit_test_teardown(shards_are_joined, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
