/* reward/code/sandboxes.c - see sandboxes.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/sandboxes.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>

#include "base/processors.h"
#include "reward/code/box.h"

enum { ENDING_MS = 100 }; /* between looks for the end of cells that have hung up */

static struct {
    struct sandbox_options options;
    struct sandbox *list[SANDBOXES_MAX];
    size_t n;
    bool probed, usable;
    struct sandbox_layers layers;
    struct error error;
} boxes;

void sandboxes_configure(const struct sandbox_options *o)
{
    boxes.options = *o;
    boxes.probed = false;
}

size_t sandboxes_most(void)
{
    static int n;
    if (n == 0) n = processors_usable();
    return n > SANDBOXES_MAX ? SANDBOXES_MAX : (size_t)n;
}

size_t sandboxes_get(size_t wanted, struct sandbox ***list, struct error *err)
{
    if (wanted > sandboxes_most()) wanted = sandboxes_most();
    while (boxes.n < wanted) {
        struct error why = {0};
        struct sandbox *box = sandbox_open(&boxes.options, &why);
        if (box == NULL && boxes.n == 0 && err != NULL) *err = why;
        if (box == NULL) break;
        boxes.list[boxes.n++] = box;
    }
    assert(boxes.n <= SANDBOXES_MAX);
    *list = boxes.list;
    return boxes.n < wanted ? boxes.n : wanted;
}

void sandboxes_wait(int fd)
{
    struct pollfd p[1 + SANDBOXES_MAX] = {{.fd = fd, .events = POLLIN}};
    int n = 0;
    while (p[0].revents == 0 && (n >= 0 || errno == EINTR)) {
        bool ending = false;
        for (size_t i = 0; i < boxes.n; i++) {
            ending = sandbox_tend(boxes.list[i]) || ending;
            p[1 + i] = (struct pollfd){.fd = sandbox_fd(boxes.list[i]), .events = POLLIN};
        }
        n = poll(p, 1 + boxes.n, ending ? ENDING_MS : -1);
        if (n < 0) p[0].revents = 0; /* as it was */
    }
}

bool sandboxes_probe(struct sandbox_layers *layers, struct error *err)
{
    if (!boxes.probed) {
        box_sweep();
        boxes.error = (struct error){0};
        struct sandbox *box = sandbox_open(&boxes.options, &boxes.error);
        boxes.usable = box != NULL;
        if (box != NULL) boxes.layers = *sandbox_layers(box);
        sandbox_close(box);
        boxes.probed = boxes.usable || boxes.error.code != ERROR_NO_MEMORY;
    }
    *layers = boxes.layers;
    if (!boxes.usable) *err = boxes.error;
    return boxes.usable;
}

bool sandboxes_probed(void)
{
    return boxes.probed;
}
