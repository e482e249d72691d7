/* tests/unit/test_stage.c - the bytes of a push, held against the digest that came with them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/engine_impl.h"
#include "engine/stage.h"

enum { BYTES = 40 << 20 }; /* more than are hashed before it looks up */

static void test_a_digest(void **state)
{
    static struct engine e;
    struct error err = {0};
    char sha256[DIGEST_HEX], *bytes = malloc(BYTES);
    int fd = memfd_create("stream", MFD_CLOEXEC);
    (void)state;
    assert_non_null(bytes);
    assert_true(fd >= 0);
    memset(bytes, 'a', BYTES);
    bytes[BYTES - 1] = 'b';
    assert_int_equal(write(fd, bytes, BYTES), BYTES);
    digest_hex(span_of(bytes, BYTES), sha256);
    assert_true(stage_check_digest(&e, fd, sha256, &err));
    assert_true(stage_check_digest(&e, fd, NULL, &err));

    assert_int_equal(pwrite(fd, "c", 1, BYTES / 2), 1);
    assert_false(stage_check_digest(&e, fd, sha256, &err));
    assert_int_equal(err.code, ERROR_INVALID_VALUE);
    assert_string_equal(err.param, "Content-Digest");

    err = (struct error){0};
    e.versions.quit = true; /* whatever the bytes are */
    assert_false(stage_check_digest(&e, fd, sha256, &err));
    assert_int_equal(err.code, ERROR_ABORTED);
    free(bytes);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_digest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
