/* tests/fuzz/fuzz_delta_set.c - any bytes as a set of changes, in each of the three ways to write one down: refused
 * with a reason, or changes in order of names, each findable, which are then applied and summed.
 *
 * The first byte says which way; then comes the list of a folder's files (JSON), a NUL, and the safetensors file
 * a.safetensors. A stream has no list.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/model/delta_set.h"
#include "engine/model/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum way { STREAM, SLIME, SKYRL, WAYS };

static char folder[] = "/tmp/touchstone-fuzz-XXXXXX";
static const char *const lists[] = {
    [SLIME] = "model.safetensors.index.json", [SKYRL] = "manifest.json"};

static void remove_folder(void)
{
    static const char *const names[] = {"model.safetensors.index.json", "manifest.json",
                                        "a.safetensors"};
    char path[100];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void write_file(const char *name, struct span bytes)
{
    char path[100];
    static bool made;
    if (!made && (mkdtemp(folder) == NULL || atexit(remove_folder) != 0)) abort();
    made = true;
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(bytes.p, 1, bytes.n, f) != bytes.n || fclose(f) != 0) abort();
}

/* It is applied within its tensor, and its sum is one of the three answers. */
static void try_change(const struct delta_set *d, const struct delta_change *c)
{
    enum { ROOM = 256, GUARD = 0x5A };
    uint8_t tensor[ROOM + 16] = {0};
    struct error err = {0};
    memset(tensor + ROOM, GUARD, 16);
    bool ok = delta_apply(&d->format, c->payload, tensor, ROOM, &err);
    assert(ok == (err.code == ERROR_NONE));
    for (size_t i = ROOM; i < sizeof(tensor); i++) {
        assert(tensor[i] == GUARD);
    }
    assert(c->sum != NULL);
    if (ok) delta_sum_is(c->kind, c->sum, tensor, ROOM);
}

static void check(const struct delta_set *d)
{
    assert(d->version >= 0 && d->version <= DELTA_MAX_VERSION);
    assert(d->base >= 0 && d->base <= DELTA_MAX_VERSION);
    for (size_t i = 0; i < d->n; i++) {
        assert(delta_set_find(d, d->changes[i].name) == &d->changes[i]);
        try_change(d, &d->changes[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct delta_set d;
    struct safetensors *news = NULL;
    if (size == 0) return 0;
    enum way way = data[0] % WAYS;
    const uint8_t *list = data + 1, *nul = memchr(list, 0, size - 1), *end = data + size;
    const uint8_t *tensors = way == STREAM ? list : nul == NULL ? end : nul + 1;
    struct span file = span_of((const char *)tensors, (size_t)(end - tensors));
    bool ok = false;
    if (way == STREAM) {
        news = safetensors_open_memory(file, "the stream", &err);
        ok = news != NULL && delta_set_of_stream(news, &d, &err);
    } else {
        write_file("a.safetensors", file);
        write_file(lists[way],
                   span_of((const char *)list, (size_t)((nul == NULL ? end : nul) - list)));
        ok = (way == SLIME ? delta_set_open_slime : delta_set_open_skyrl)(folder, &d, &err);
    }
    assert(ok == (err.code == ERROR_NONE));
    if (ok) check(&d);
    if (ok) delta_set_clear(&d);
    safetensors_close(news);
    return 0;
}
