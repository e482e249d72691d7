/* tests/unit/boxes.h - two sandboxes that a test program runs everything in: with namespaces (where the machine
 * permits them) and without, and the limits of a run that is none of the test's concern.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_UNIT_BOXES_H
#define TESTS_UNIT_BOXES_H

#include <stdio.h>

#include "reward/code/sandbox.h"

static struct sandbox *boxes[2]; /* with namespaces, without */

static const struct sandbox_limits standard = {.cpu_ms = 3000,
                                               .wall_ms = 60000, /* bounds a hang */
                                               .memory_bytes = 256 << 20,
                                               .address_bytes = 256 << 20,
                                               .output_bytes = 64 << 10,
                                               .work_bytes = 8 << 20,
                                               .work_files = 64,
                                               .processes = 16,
                                               .open_files = 64};

/* A group's set-up and its end. */
static int open_boxes(void **state)
{
    struct error err = {0};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct sandbox_options o = {.no_namespaces = i == 1};
        boxes[i] = sandbox_open(&o, &err);
        if (boxes[i] == NULL) {
            fprintf(stderr, "%s\n", err.message);
            return -1;
        }
    }
    return 0;
}

static int close_boxes(void **state)
{
    (void)state;
    sandbox_close(boxes[0]);
    sandbox_close(boxes[1]);
    return 0;
}

#endif
