/* tests/fuzz/fuzz_json_walk.c - what the walk over JSON calls whole, the parser reads as an
 * object; and the walk goes on the same from a copy.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "engine/sample/form/json_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_walk w;
    bool ok = true;
    json_walk_begin(&w);
    for (size_t i = 0; i < size && ok; i++) {
        struct json_walk copy = w;
        ok = json_walk_feed(&w, data[i]);
        assert(json_walk_feed(&copy, data[i]) == ok);
    }
    if (!ok || !json_walk_is_whole(&w)) return 0;
    struct error err = {0};
    cJSON *parsed = json_parse(span_of(data, size), &err);
    assert(cJSON_IsObject(parsed));
    cJSON_Delete(parsed);
    return 0;
}
