/* tests/unit/test_upload.c - an upload that was refused and is kept: how long it may rest.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "server/http/exchange.h"
#include "server/http/state.h"
#include "server/http/upload.h"

static const uint64_t second = 1000000000, idle = (uint64_t)UPLOAD_IDLE_S * 1000000000;

/* A whole upload whose last byte came long ago; its push, which has waited since, is refused now. */
static struct upload *refused(struct server *s, struct exchange *x)
{
    struct upload *u = &s->uploads[0];
    *u = (struct upload){.used = true, .total = 7, .have = 7, .keep = true, .exchange = x};
    u->fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    assert_true(u->fd >= 0);
    snprintf(u->id, sizeof(u->id), "%s", "id");
    x->server = s;
    x->upload = u;
    upload_over(x);
    assert_null(x->upload);
    return u;
}

static void test_it_rests_from_its_refusal_on(void **state)
{
    static struct server s;
    static struct exchange x;
    (void)state;
    const struct upload *u = refused(&s, &x);
    uint64_t now = clock_ns();
    uploads_sweep(&s, now + idle - second);
    assert_true(u->used);
    uploads_sweep(&s, now + idle + second);
    assert_false(u->used);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_it_rests_from_its_refusal_on)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
