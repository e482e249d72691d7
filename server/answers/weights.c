/* server/answers/weights.c - what serves, and what was pushed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/answers/answers.h"

#include "server/answers/rows.h"

static const struct field pushed_rows[] = {
    {"version", IS("string"), .doc = "what the weights are called"},
    {"sha256", IS("string"), .doc = "of the tensors that came"},
    {"tensors", IS("integer"), .doc = "so many came"},
    {"seconds", IS("number"), .doc = "from the push to its serving"},
    {0},
};
const struct field *const answer_pushed[] = {pushed_rows, NULL};

static const struct field serving_rows[] = {
    {"version", IS("string"), .doc = "what the weights are called"},
    {"sha256", IS("string"), .doc = "of the tensors that came"},
    {"system_fingerprint", IS("string"),
     .doc = "the version, and a hash of all that numbers depend on"},
    {"tensors", IS("integer"), .doc = "so many came"},
    {"number", IS("integer"), .doc = "of the push; 0: the start"},
    {"created", IS("integer"), .doc = "unix seconds: when they began to serve"},
    {"staging", IS("boolean"), .doc = "others are on their way"},
    {"resident", IS("integer"), .doc = "versions in memory"},
    {"pushed", IS("integer"), .doc = "pushes that served"},
    {"refused", IS("integer"), .doc = "pushes that did not"},
    {0},
};
const struct field *const answer_serving[] = {serving_rows, NULL};

static const struct field version_rows[] = {
    {"weight_version", IS("string"), .doc = "what the weights are called"},
    {"sha256", IS("string"), .doc = "of the tensors that came"},
    {0},
};
const struct field *const answer_version[] = {version_rows, NULL};
