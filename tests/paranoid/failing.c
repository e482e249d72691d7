/* tests/paranoid/failing.c - memory that runs out where a test wants it to.
 *
 * FLAVOUR=paranoid links this into the program, with the linker's --wrap for every call by which our own code
 * asks for memory; libraries that take an allocator (libuv, GMP and FLINT; cJSON has ours, base/mem.h) are given the same ones before
 * main(). Elsewhere the program knows nothing of it.
 *
 * Which allocation fails is told by a page of memory, the file named by FAILING, that the program, its
 * children and the driver (drive.py) share:
 *
 *   every   the allocation number `first` since the page was armed fails, and `many` - 1 after it
 *   fresh   the first one fails whose callers have not seen one fail before; `many` - 1 after it
 *
 * Only in the process that the driver started, or only in its children (verifier processes, cells). What GMP and
 * FLINT are asked for in the former is counted as `foreign`, with its callers: they abort when memory runs
 * out, so they have no place there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <flint/flint.h>
#include <gmp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>
#include <uv.h>

enum { FRAMES = 24, KNOWN = 1 << 16, PROGRAM_BYTES = 1 << 28 };

enum mode { OFF, EVERY, FRESH };

/* Which processes: bits. */
enum place { PARENT = 1, CHILDREN = 2 };

struct page { /* drive.py has the same offsets */
    _Atomic uint32_t mode, place;
    _Atomic uint64_t first, many, seen, failed;
    _Atomic uint64_t foreign;
    uint64_t base;                             /* where the program is loaded */
    _Atomic uint64_t parent;                   /* the process that the driver started; 0: none yet */
    _Atomic uint64_t depth;                    /* so many callers, from the innermost, tell one from another */
    uint64_t trace[FRAMES];                    /* callers of the allocation that failed first */
    uint64_t foreign_trace[FRAMES];            /* of the last foreign one */
    _Atomic uint64_t known[KNOWN];             /* hashes of callers; 0: empty */
};

static struct page *page;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t alignment, size_t n);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__real_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset);
int __real_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*run)(void *), void *arg);
ssize_t __real_getline(char **line, size_t *room, FILE *in);
extern const char __executable_start[];

/* ---- which one fails ---- */

static bool is_here(void)
{
    enum place here = (uint64_t)getpid() == page->parent ? PARENT : CHILDREN;
    return (page->place & here) != 0;
}

static int callers(uint64_t out[FRAMES])
{
    void *frames[FRAMES + 2];
    int n = backtrace(frames, FRAMES + 2) - 2; /* without this function and its caller */
    for (int i = 0; i < FRAMES; i++) {
        out[i] = i < n ? (uint64_t)(uintptr_t)frames[i + 2] : 0;
    }
    return n;
}

/* Whether nobody with these callers has failed before; remembered now. */
static bool is_fresh(const uint64_t *trace)
{
    uint64_t h = 1469598103934665603u;
    for (uint64_t i = 1; i < page->depth && i < FRAMES; i++) {
        uint64_t at = trace[i] - page->base; /* the program lies elsewhere in each run */
        if (at >= PROGRAM_BYTES) continue;   /* a library, which does too */
        h = (h ^ at) * 0x9E3779B97F4A7C15u;
        h ^= h >> 29;
    }
    h |= 1;
    for (uint64_t i = h >> 40; ; i++) {
        uint64_t empty = 0;
        if (atomic_compare_exchange_strong(&page->known[i % KNOWN], &empty, h)) return true;
        if (empty == h) return false;
    }
}

static bool fails(void)
{
    if (page == NULL || page->mode == OFF || !is_here()) return false;
    int saved = errno;
    uint64_t trace[FRAMES], n = atomic_fetch_add(&page->seen, 1) + 1;
    bool begun = page->failed > 0, fail = false;
    if (page->mode == EVERY) {
        fail = n >= page->first && n - page->first < page->many;
        if (fail && !begun) callers(trace);
    } else if (begun) {
        fail = page->failed < page->many;
    } else {
        callers(trace);
        fail = is_fresh(trace);
    }
    if (fail && atomic_fetch_add(&page->failed, 1) == 0) memcpy(page->trace, trace, sizeof(trace));
    errno = fail ? ENOMEM : saved;
    return fail;
}

/* ---- our own code's ---- */

void *__wrap_malloc(size_t n);
void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

void *__wrap_aligned_alloc(size_t alignment, size_t n);
void *__wrap_aligned_alloc(size_t alignment, size_t n)
{
    return fails() ? NULL : __real_aligned_alloc(alignment, n);
}

char *__wrap_strdup(const char *s);
char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n);
char *__wrap_strndup(const char *s, size_t n)
{
    return fails() ? NULL : __real_strndup(s, n);
}

void *__wrap_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
    return fails() ? MAP_FAILED : __real_mmap(at, n, protection, flags, fd, offset);
}

int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*run)(void *), void *arg)
{
    return fails() ? EAGAIN : __real_pthread_create(t, a, run, arg);
}

ssize_t __wrap_getline(char **line, size_t *room, FILE *in);
ssize_t __wrap_getline(char **line, size_t *room, FILE *in)
{
    return fails() ? -1 : __real_getline(line, room, in);
}

/* ---- libraries without a hook: what they give us fails instead ---- */

#define LIBRARY(type, name, parameters, arguments, failure) \
    type __real_##name parameters;                          \
    type __wrap_##name parameters;                          \
    type __wrap_##name parameters                           \
    {                                                       \
        return fails() ? failure : __real_##name arguments; \
    }

struct MHD_Response;
LIBRARY(struct MHD_Response *, MHD_create_response_from_buffer,
        (size_t n, void *p, int mode), (n, p, mode), NULL)
LIBRARY(struct MHD_Response *, MHD_create_response_from_callback,
        (uint64_t size, size_t block, void *read, void *cls, void *clear),
        (size, block, read, cls, clear), NULL)
LIBRARY(void *, seccomp_init, (uint32_t action), (action), NULL)
LIBRARY(void *, pcre2_match_data_create_from_pattern_8, (const void *code, void *context),
        (code, context), NULL)
LIBRARY(void *, pcre2_compile_context_create_8, (void *context), (context), NULL)
LIBRARY(void *, pcre2_match_context_create_8, (void *context), (context), NULL)
LIBRARY(void *, pcre2_jit_stack_create_8, (size_t least, size_t most, void *context),
        (least, most, context), NULL)

enum { PCRE2_NO_MEMORY = 121 };

void *__real_pcre2_compile_8(const unsigned char *pattern, size_t n, uint32_t options, int *error,
                             size_t *at, void *context);
void *__wrap_pcre2_compile_8(const unsigned char *pattern, size_t n, uint32_t options, int *error,
                             size_t *at, void *context);
void *__wrap_pcre2_compile_8(const unsigned char *pattern, size_t n, uint32_t options, int *error,
                             size_t *at, void *context)
{
    if (!fails()) return __real_pcre2_compile_8(pattern, n, options, error, at, context);
    *error = PCRE2_NO_MEMORY;
    *at = 0;
    return NULL;
}

/* ---- libraries' own ---- */

/* GMP and FLINT cannot fail: what they ask for is noted where it should not be asked for. */
static void note_foreign(void)
{
    if (page == NULL || page->mode == OFF || (uint64_t)getpid() != page->parent) return;
    uint64_t trace[FRAMES];
    callers(trace);
    atomic_fetch_add(&page->foreign, 1);
    memcpy(page->foreign_trace, trace, sizeof(trace));
}

static void *gmp_new(size_t n)
{
    note_foreign();
    return __real_malloc(n);
}

static void *gmp_grow(void *p, size_t old, size_t n)
{
    (void)old;
    note_foreign();
    return __real_realloc(p, n);
}

static void gmp_free(void *p, size_t n)
{
    (void)n;
    free(p);
}

static void *flint_new(size_t n)
{
    note_foreign();
    return __real_malloc(n);
}

static void *flint_new_zeroed(size_t n, size_t size)
{
    note_foreign();
    return __real_calloc(n, size);
}

static void *flint_grow(void *p, size_t n)
{
    note_foreign();
    return __real_realloc(p, n);
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("FAILING");
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void *at = __real_mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (at == MAP_FAILED) return;
    void *warm[4];
    backtrace(warm, 4); /* the first one loads what it needs */
    page = at;
    uint64_t none = 0;
    atomic_compare_exchange_strong(&page->parent, &none, (uint64_t)getpid());
    page->base = (uint64_t)(uintptr_t)__executable_start;
    uv_replace_allocator(__wrap_malloc, __wrap_realloc, __wrap_calloc, free);
    mp_set_memory_functions(gmp_new, gmp_grow, gmp_free);
    __flint_set_memory_functions(flint_new, flint_new_zeroed, flint_grow, free);
}
